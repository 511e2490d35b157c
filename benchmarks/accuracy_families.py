"""How far an estimator is from exact atoms on families of problems that it was not made for.

    python benchmarks/accuracy_families.py --n 2000 8000 --families rectified real

Runs are kept in ``results/accuracy_families.jsonl``, or the file that ``--store`` names, and not
repeated, so it can be stopped and resumed; ``--variants`` runs other members of each kind.
Whatever is tuned on these problems has to leave whole families out. With the default probe one
data set of each takes some three CPU minutes at n = 2000 and seven at n = 8000.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import pidtools as pt
from benchmarks.tools.families import FAMILIES, Problem, families
from benchmarks.tools.known import ATOMS, QUANTITIES, numbers
from benchmarks.tools.options import Options
from benchmarks.tools.store import RESULTS, Job, Row, Store, grouped
from benchmarks.tools.written import table, write
from pidtools._probe.estimator import ProbeSummary

NAME = "accuracy_families"
KEY = ("family", "problem", "variant", "estimator", "n", "seed")
ESTIMATORS: dict[str, Callable[[], Any]] = {
    "probe": pt.Probe,
    "kmeans": pt.KMeansBinning,
    "binning": lambda: pt.Binning(n_bins=2),
}
BOUNDS = ("bound_t", "bound_s")
SOURCES = ("teacher_information", "student_information")


def errors(problem: Problem, estimator: str, n: int, seed: int) -> Row:
    """Signed errors of atoms, informations and proved bounds, in bits."""
    T, S, Y, groups = problem.sample(n, seed)
    given = ESTIMATORS[estimator]()
    t, s = (pt.summarise(X, Y, estimator=given, groups=groups) for X in (T, S))
    result = pt.distillable_knowledge(t, s, Y, groups=groups)
    true, found = numbers(problem.pid), numbers(result.pid)
    off = {name: round(found[name] - true[name], 5) for name in QUANTITIES}
    for name, summary, information in zip(BOUNDS, (t, s), SOURCES, strict=True):
        if isinstance(summary, ProbeSummary):
            off[name] = round(summary.bound - true[information], 5)
    true = {name: round(value, 5) for name, value in true.items()}
    return {"errors": off, "exact": true, "notes": list(result.notes)}


def jobs(
    chosen: Iterable[Problem], estimators: list[str], sizes: list[int], seeds: int
) -> Iterator[Job]:
    """One a data set and estimator, small ones first."""
    problems = list(chosen)
    for n in sizes:
        for seed in range(seeds):
            for problem in problems:
                for estimator in estimators:
                    values = (problem.family, problem.name, problem.variant, estimator, n, seed)
                    key = dict(zip(KEY, values, strict=True))
                    yield key, partial(errors, problem, estimator, n, seed)


def write_tables(name: str, rows: list[Row]) -> None:
    """Means over families, then one row a problem."""
    summary = table(
        ["family", "n", "estimator", "problems", "runs", "mean", "largest", "I low", "CPU s"],
        _summary(rows),
    )
    columns = ["Red", "Uni T", "Uni S", "Syn", "I T", "I S", "I both", "bound T", "bound S"]
    details = table(
        ["problem", "n", "estimator", "exact Red / T / S / Syn", *columns, "CPU s"], _details(rows)
    )
    write(
        name,
        "# Accuracy on families of problems",
        "Mean and largest absolute error of the atoms in bits; how far both informations read low "
        "on average.",
        summary,
        "Signed errors in bits, means over data sets.",
        details,
    )


def _atoms(group: list[Row]) -> Any:
    return np.array([[row["errors"][name] for name in ATOMS] for row in group])


def _summary(rows: list[Row]) -> Iterable[list[Any]]:
    keys = ("family", "n", "estimator")
    groups = grouped(rows, *keys)
    for _, n, estimator in list(groups):
        same = [row for row in rows if (row["n"], row["estimator"]) == (n, estimator)]
        groups["all", n, estimator] = same
    order = [*FAMILIES, "all"]
    for key in sorted(groups, key=lambda key: (key[1:], order.index(key[0]))):
        group = groups[key]
        size = np.abs(_atoms(group))
        low = [-row["errors"][name] for row in group for name in SOURCES]
        yield [
            *key,
            len({row["problem"] for row in group}),
            len(group),
            f"{size.mean():.4f}",
            f"{size.max():.3f}",
            f"{np.mean(low):+.4f}",
            f"{np.mean([row['cpu_seconds'] for row in group]):.1f}",
        ]


def _details(rows: list[Row]) -> Iterable[list[Any]]:
    for key, group in grouped(rows, "problem", "n", "estimator").items():
        true = " / ".join(f"{np.mean([row['exact'][name] for row in group]):.3f}" for name in ATOMS)
        off = [
            [row["errors"].get(name, np.nan) for name in (*QUANTITIES, *BOUNDS)] for row in group
        ]
        seconds = f"{np.mean([row['cpu_seconds'] for row in group]):.1f}"
        yield [*key, true, *(f"{x:+.3f}" for x in np.mean(off, axis=0)), seconds]


def main() -> None:
    """Parse the command line, measure and write."""
    options = Options(__doc__)
    options.numbers("n", (2000, 8000), "rows of a data set")
    options.number("seeds", 1, "data sets of a problem and size")
    options.numbers("variants", (0,), "members of each kind")
    options.names("families", FAMILIES, FAMILIES, "some of them")
    options.names("problems", about="some of them")
    options.names("estimators", ("probe",), ESTIMATORS)
    options.add_argument("--store", type=Path, default=RESULTS / f"{NAME}.jsonl")
    options.only_table()
    given = options.parse_args()
    store = Store(given.store, *KEY)
    if not given.table:
        for variant in given.variants:
            chosen = families(variant, given.families, given.problems)
            store.fill(jobs(chosen, given.estimators, given.n, given.seeds))
    write_tables(
        NAME if given.store == RESULTS / f"{NAME}.jsonl" else given.store.stem, store.rows()
    )


if __name__ == "__main__":
    main()
