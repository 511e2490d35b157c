"""Tables of the pages, from the results that are committed in benchmarks/results.

    python docs/tools/tables.py           writes them anew, between their marks
    python docs/tools/tables.py --check   says which pages are behind, and fails

In a page a table stands between `<!-- table: NAME -->` and `<!-- end -->`; NAME is a function here.
So does a figure within a sentence, between `<!-- figure: NAME -->` and `<!-- end -->`, with NAME a
key of what `figures` returns; never at the start of a line, where Markdown takes it for HTML. The
page that lists all results, benchmarks/results/README.md, is written too.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from math import isqrt, log
from pathlib import Path
from statistics import mean
from typing import Any

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"
DOCS = ROOT / "docs"
MARKED = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
WITHIN = re.compile(r"(<!-- figure: (\w+) -->).*?(<!-- end -->)", re.DOTALL)

Row = dict[str, Any]
ATOMS = ("distilled", "distillable", "student_only", "synergy")
# An atom below counts as 0, and so far the end of an interval may miss it: as in the benchmark.
ZERO = 1e-3
FAMILIES = {
    "rectified": "rectified layers, dropout",
    "additive": "many weak units that add up",
    "manifold": "shells, spirals, arcs",
    "rules": "rules of half spaces",
    "many_valued": "many values a unit, one-hot units",
    "wide": "1000 units and more",
    "real": "layers of real networks",
    "chain": "layers of one network",
    "graded": "ordinary: classes that shift",
    "general": "label noise, rare classes, manifolds, many classes",
    "extreme": "100 classes, 100 : 1, float16",
}


def rows_of(name: str) -> list[Row]:
    """Rows of a result, without what they were measured with."""
    lines = (RESULTS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [row for row in map(json.loads, lines) if "about" not in row]


def document(name: str) -> Row:
    """A result that is one document."""
    found: Row = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of texts in Markdown."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def error(errors: Iterable[float]) -> str:
    """Mean and largest absolute error."""
    sizes = [abs(each) for each in errors]
    return (
        f"{shown(mean(sizes))}\N{NO-BREAK SPACE}/\N{NO-BREAK SPACE}{shown(max(sizes))}"
        if sizes
        else "-"
    )


def shown(value: float) -> str:
    """Two digits that count, without a zero in front."""
    text = f"{value:.3f}" if value < 0.0995 else f"{value:.2f}" if value < 9.95 else f"{value:.0f}"
    return text.removeprefix("0") if text.startswith("0.") else text


def in_bits(nats: float) -> str:
    """A number of nats, shown in bits."""
    return shown(nats / log(2))


def _errors(rows: Iterable[Row], **chosen: Any) -> list[float]:
    kept = [row for row in rows if all(row[key] == value for key, value in chosen.items())]
    by_atom = (
        [row["errors"][atom] for atom in ATOMS]
        if isinstance(row["errors"], dict)
        else row["errors"]
        for row in kept
    )
    return [each for errors in by_atom for each in errors]


def estimators_for_labels() -> str:
    """Error of the atoms by kind of data and estimator, 2000 rows."""
    rows = rows_of("accuracy_pid")
    names = {"probe": "`probe`", "kmeans": "`kmeans`", "binning": "`binning`"}
    return table(
        ["2000 rows, error in bits, mean / largest", *names.values()],
        [
            [
                FAMILIES[family],
                *(error(_errors(rows, family=family, estimator=name, n=2000)) for name in names),
            ]
            for family in ("graded", "general", "extreme")
        ],
    )


def estimators_of_information() -> str:
    """Error of informations from neighbours by the number of columns."""
    kinds = {"labelled": "labels", "continuous": "floats"}
    return table(
        ["columns a side", "Y", "`knn`: mean error, bits", "largest"],
        [
            [
                row["columns a side"],
                kinds[row["kind"]],
                in_bits(row["mean absolute error, nats"]),
                in_bits(row["largest"]),
            ]
            for row in document("accuracy_mi")["rows"]
            if row["estimator"] == "pidtools"
        ],
    )


def decision() -> str:
    """Which estimator for which data, and how far it is off."""
    rows = rows_of("accuracy_pid")
    probe, kmeans, binning = (
        error(_errors(rows, estimator=name, n=2000)) for name in ("probe", "kmeans", "binning")
    )
    biases = [
        row["bias"]["ours"]
        for row in rows_of("accuracy_gaussian_bias")
        if (row["d"], row["n"]) == (4, 100)
    ]
    gaussian = error(each for bias in biases for each in bias)
    knn = {
        row[
            "columns a side"
        ]: f"{in_bits(row['mean absolute error, nats'])} / {in_bits(row['largest'])}"
        for row in document("accuracy_mi")["rows"]
        if (row["estimator"], row["kind"]) == ("pidtools", "labelled")
    }
    proved = "`pid.gap`, proved"
    lines = [
        (
            "T and S one column of integers, bools or strings each; class labels",
            '`"symbols"`: each value is a symbol, exact tables',
            "sampling alone, which the interval holds",
        ),
        (
            "float activations on either side; class labels",
            '`"probe"`: held-out label posteriors of several kinds of classifiers',
            f"{probe} ([2000 rows](#activations-with-labels))",
        ),
        (
            "floats for Y: regression, embeddings, soft labels",
            '`"gaussian"`: linear relations, in closed form',
            f"{gaussian} ([100 rows of 4 units](#a-continuous-y))",
        ),
        (
            "float activations, to reproduce the paper",
            '`"kmeans"`: five components, three clusters',
            f"{kmeans} ([any number of rows](#activations-with-labels))",
        ),
        (
            "up to about five float columns; Y labels or floats",
            '`"knn"`: nearest neighbours',
            f"{knn['1-4']} up to 4 columns, {knn['5-10']} up to 10 ([2000 rows](#few-columns))",
        ),
        (
            "one to three float columns",
            '`"binning"`: quantiles, corrected for few samples',
            f"{binning} where there are more ([2000 rows](#activations-with-labels))",
        ),
        ("a table `pmf[t, s, y]`", "`pt.broja(pmf)`", proved),
        ("a covariance of T, S, Y", "`pt.gaussian_pid(cov, dims=...)`", proved),
        ("two tables of pairs", "`pt.broja_from_pairs(p_ty, p_sy)`", proved),
    ]
    return table(["your data", "estimator", "error, mean / largest, bits"], lines)


def gaussian_bias() -> str:
    """Bias of the Gaussian estimate from small samples, over systems."""
    found: dict[tuple[int, int], list[Row]] = {}
    for row in rows_of("accuracy_gaussian_bias"):
        if row["n"] not in (100, 1000):
            continue
        found.setdefault((row["d"], row["n"]), []).append(row["bias"])
    ways = {"ours": "`gaussian`", "plug-in": "without correction"}
    return table(
        [
            "units each of T, S, Y",
            "rows",
            *(f"{title}: mean / largest bias, bits" for title in ways.values()),
        ],
        [
            [
                str(d),
                str(n),
                *(error(each for bias in biases for each in bias[way]) for way in ways),
            ]
            for (d, n), biases in sorted(found.items())
        ],
    )


def probe_by_rows() -> str:
    """Error of the probe by the number of rows."""
    rows = rows_of("accuracy_pid")
    counts = (500, 2000, 8000)
    return table(
        ["error in bits, mean / largest", *(f"n = {n}" for n in counts)],
        [
            [
                f"{FAMILIES[family]}, `{name}`",
                *(error(_errors(rows, family=family, estimator=name, n=n)) for n in counts),
            ]
            for family in ("graded", "general", "extreme")
            for name in ("probe", "kmeans")
        ],
    )


def accuracy() -> str:
    """Error of the probe and of the paper's clusters by the number of rows, in few words."""
    rows = rows_of("accuracy_pid")
    counts = (500, 2000, 8000)
    kinds = {
        "graded": "{} ordinary problems",
        "general": "{} further kinds (many classes, manifolds, label noise, rare classes)",
        "extreme": "{} extreme ones (100 classes, classes 100 : 1, float16)",
    }
    lines = []
    for family, title in kinds.items():
        n_problems = len({row["problem"] for row in rows if row["family"] == family})
        for name, shown_as in (
            ("probe", f"{title.format(n_problems)}, probe"),
            ("kmeans", "the same, the paper's clusters"),
        ):
            found = [error(_errors(rows, family=family, estimator=name, n=n)) for n in counts]
            lines.append([shown_as, *found])
    return table(["", f"n = {counts[0]}", *map(str, counts[1:])], lines)


def probe_by_family() -> str:
    """Error of the probe on families that it was not made for."""
    rows = [row for row in rows_of("accuracy_families") if row["estimator"] == "probe"]
    counts = sorted({row["n"] for row in rows})
    families = [name for name in FAMILIES if any(row["family"] == name for row in rows)]
    return table(
        ["`probe`, error in bits, mean / largest", *(f"n = {n}" for n in counts)],
        [
            [FAMILIES[family], *(error(_errors(rows, family=family, n=n)) for n in counts)]
            for family in families
        ],
    )


def coverage() -> str:
    """How often 95 % intervals hold the exact atoms, by family."""
    rows = rows_of("coverage_families")
    found = []
    for family in dict.fromkeys(row["family"] for row in rows):
        chosen = [row["values"] for row in rows if row["family"] == family]
        name = FAMILIES.get(family, "the named problems")
        found.append([name, str(len(chosen)), *_held_texts(chosen)])
    found.append(["all", str(len(rows)), *_held_texts([row["values"] for row in rows])])
    return table(
        ["95 % intervals, 2000 rows", "data sets", "hold atoms above 0", "hold atoms at 0"], found
    )


def _held(values: list[Row], atoms: Sequence[str] = ATOMS) -> tuple[list[bool], list[bool]]:
    """Of atoms above 0 and of those at 0: whether each interval holds the exact atom."""
    above: list[bool] = []
    at_zero: list[bool] = []
    for each in values:
        for atom in atoms:
            exact, _, low, high = each[atom]
            (above if exact > ZERO else at_zero).append(low - ZERO <= exact <= high + ZERO)
    return above, at_zero


def _held_texts(values: list[Row]) -> list[str]:
    return [f"{mean(held):.1%} of {len(held)}" if held else "-" for held in _held(values)]


def speed_of_broja() -> str:
    """Seconds of the exact solver by the size of the table."""
    parts = document("speed_broja")["parts"]
    growth, special = parts["growth"]["dense"]["n x n x 10"]["rows"], parts["special"]
    chosen = [
        [f"{isqrt(cells // 10)} x {isqrt(cells // 10)} x 10", f"{seconds:.2g}"]
        for cells, seconds in (growth[0], growth[len(growth) // 2], growth[-1])
    ]
    chosen += [
        [f"one of a batch, {name} x {name} x {name}", f"{special[f'batch {name}']['seconds']:.1g}"]
        for name in "23"
    ]
    chosen += [
        [f"{n} values a side, 2 classes", f"{special[f'pairs {n}']['seconds']:.2g}"]
        for n in (1000, 100000)
    ]
    return table(["table", "seconds, to a proved gap of 1e-9 bits or less"], chosen)


def cost_of_probe() -> str:
    """Seconds of the probe by size."""
    found = {}
    for rows in document("cost_probe")["axes"].values():
        for row in rows:
            found[tuple(row["size"])] = row["wall_seconds"]
    chosen = [
        (1000, 32, 16, 2),
        (4000, 32, 16, 2),
        (16000, 32, 16, 2),
        (2000, 512, 256, 2),
        (50000, 2048, 512, 10),
    ]
    return table(
        ["rows", "units of T", "units of S", "classes", "seconds on two cores"],
        [[*map(str, size), f"{found[size]:.0f}"] for size in chosen if size in found],
    )


def speed_of_gaussian() -> str:
    """Seconds of the Gaussian closed form beside an optimiser."""
    return table(
        ["units each of T, S, Y", "`gaussian_pid`, seconds", "gpid", "proved gap, bits"],
        [
            [str(row["d"]), f"{row['ours']:.2g}", _seconds(row["gpid"]), f"{row['gap']:.0e}"]
            for row in document("speed_gaussian_dims")["rows"]
        ],
    )


PARTS = {
    "solver": "the solver of many classes: reductions, choices, attempts, scaling",
    "solver's kernels": "its compiled loops, interpreted",
    "certificate": "the certificate",
    "hull": "the closed form of two classes",
    "gaussian": "Gaussian factors, eigenvalues, corrections of small samples",
    "corrections": "counts and corrections of entropies",
    "knn formulas": "formulas of neighbours",
    "knn kernels": "their searches, interpreted",
}


def mutants() -> str:
    """Which share of small changes of the mathematics the tests notice."""
    found: dict[str, list[Row]] = {part: [] for part in PARTS}
    for row in rows_of("mutation"):
        found[row["part"]].append(row)

    def noticed(rows: list[Row]) -> list[bool]:
        return [row["outcome"] in ("killed", "hung") for row in rows]

    lines = [(PARTS[part], *_shares(rows[0]["of"], noticed(rows))) for part, rows in found.items()]
    whole = [each for rows in found.values() for each in noticed(rows)]
    lines.append(("all", *_shares(sum(rows[0]["of"] for rows in found.values()), whole)))
    return table(("part", "places to change", "tried", "noticed"), lines)


def _shares(total: int, noticed: list[bool]) -> tuple[str, str, str]:
    return f"{total:,}", str(len(noticed)), f"{mean(noticed):.0%}".replace("%", " %")


def _seconds(value: float | str) -> str:
    """Seconds, or that a library was absent."""
    return value if isinstance(value, str) else f"{value:.2g}"


def figures() -> dict[str, str]:
    """Figures within sentences."""
    accuracy_rows, coverage_rows = rows_of("accuracy_pid"), rows_of("coverage_families")
    above, at_zero = _held([row["values"] for row in coverage_rows])
    nulls = [row for row in coverage_rows if row["values"]["distillable"][0] <= ZERO]
    wrong = sum(row["p_distillable"] <= 0.05 for row in nulls)
    others = {row["problem"] for row in coverage_rows if row["family"] != "known"}

    def short(family: str, atoms: Sequence[str] = ATOMS) -> str:
        values = [row["values"] for row in coverage_rows if row["family"] == family]
        return _per_cent(_held(values, atoms)[0])

    return {
        "problems": str(len({row["problem"] for row in accuracy_rows})),
        "sets_a_problem": _spelt(len({row["seed"] for row in accuracy_rows})),
        "covered_sets": str(len(coverage_rows)),
        "covered_others": str(len(others)),
        "covered_above": f"{mean(above):.1%}".replace("%", " %") + f" of {len(above)}",
        "covered_at_zero": f"{mean(at_zero):.1%}".replace("%", " %") + f" of {len(at_zero)}",
        "covered_rules": short("rules", ["synergy"]),
        "covered_real": short("real"),
        "covered_chain": short("chain"),
        "nothing_left": f"erred on {wrong or 'none'} of the {len(nulls)}",
    }


def _per_cent(held: list[bool]) -> str:
    return f"{mean(held):.0%}".replace("%", " %") + f" of {len(held)}"


def _spelt(number: int) -> str:
    return {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}.get(number, str(number))


TABLES: dict[str, Callable[[], str]] = {
    each.__name__: each
    for each in (
        decision,
        estimators_for_labels, estimators_of_information, gaussian_bias, probe_by_rows,
        accuracy, probe_by_family, coverage, speed_of_broja, cost_of_probe, speed_of_gaussian,
        mutants,
    )
}  # fmt: skip


def written(text: str) -> str:
    """A page with its tables as the results have them."""
    text = MARKED.sub(lambda found: found[1] + TABLES[found[2]]() + "\n" + found[3], text)
    if not WITHIN.search(text):
        return text
    known = figures()
    return WITHIN.sub(lambda found: found[1] + known[found[2]] + found[3], text)


def behind() -> dict[Path, str]:
    """Pages that are not those of the results, with what they should be."""
    pages = [ROOT / "README.md", *sorted(DOCS.glob("**/*.md"))]
    due = {page: written(page.read_text(encoding="utf-8")) for page in pages}
    due[RESULTS / "README.md"] = listed()
    return {
        page: text
        for page, text in due.items()
        if not page.exists() or page.read_text(encoding="utf-8") != text
    }


def listed() -> str:
    """The page that lists all results."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    from benchmarks.tools.index import page

    return page(RESULTS)


def main() -> int:
    """Write or check."""
    pages = behind()
    for page, text in pages.items():
        if "--check" in sys.argv:
            print(
                f"{page.relative_to(ROOT)} is behind the results: run python docs/tools/tables.py"
            )
        else:
            page.write_text(text, encoding="utf-8")
    return bool(pages) if "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
