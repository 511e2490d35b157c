"""How often 95 % intervals of the default estimator hold the exact atoms of other families.

    python benchmarks/coverage_families.py --draws 20
    python benchmarks/coverage_families.py --families rules real --draws 5 --part 0 2

Every draw is a new data set of n = 2000 rows with one call of `distillable_knowledge`, of each
problem of `accuracy_families` and, as family "known", of the sampled problems of the library. Of
how intervals are made one number was chosen with such problems in sight, the exponent of the
slowest learning curve that they allow for, after real layers. Draws are kept in
``results/coverage_families.jsonl``, a line each, so it can be stopped, resumed and run by several
processes at once (``--part K N`` takes every N-th problem from the K-th on).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np

import pidtools as pt
from benchmarks.tools.coverage import LEVEL, held, values_of
from benchmarks.tools.families import FAMILIES, families
from benchmarks.tools.known import ATOMS, numbers
from benchmarks.tools.options import Options
from benchmarks.tools.store import Job, Row, Store, grouped
from benchmarks.tools.written import table, write

STORE = Store("coverage_families", "family", "problem", "n", "seed")
KNOWN = "known"
# A truth this near to 0 counts as 0. The truth of families is good to some hundredths of a bit in
# the worst of them, and to a thousandth in most: intervals may miss it by so much.
ZERO, SLACK = 1e-3, 1e-3


def problems(chosen: list[str]) -> Iterator[tuple[str, Any]]:
    """Problems with the name of their family."""
    for problem in families(0, [name for name in chosen if name != KNOWN]):
        yield problem.family, problem
    if KNOWN in chosen:
        for known in pt.problems.sampled_problems():
            yield KNOWN, known


def draw(problem: Any, n: int, seed: int) -> Row:
    """One data set: truth, estimate and interval of each atom, and the p-value."""
    T, S, Y, *groups = problem.sample(n, 20_000 + seed)
    result = pt.distillable_knowledge(
        T,
        S,
        Y,
        groups=groups[0] if groups else None,
        confidence_level=LEVEL,
        random_state=seed,
    )
    truth = {name: value for name, value in numbers(problem.pid).items() if name in ATOMS}
    return {"values": values_of(result, truth), "p_distillable": result.p_distillable}


def jobs(chosen: list[Any], n: int, draws: int) -> Iterator[Job]:
    """One a data set; problems in turn."""
    for seed in range(draws):
        for family, problem in chosen:
            key = {"family": family, "problem": problem.name, "n": n, "seed": seed}
            yield key, partial(draw, problem, n, seed)


def write_tables(rows: list[Row]) -> None:
    """Shares by family, and by atom of each problem."""
    write(
        STORE.file.stem,
        f"# Coverage of {LEVEL:.0%} intervals on families of problems",
        "Share of the intervals that hold the exact atom, of atoms above 0 and at 0, and the share "
        "of data sets of no distillable knowledge with `p_distillable` of at most .05.",
        table(["family", "n", "data sets", *ATOMS, "above 0", "at 0", "rejected"], _summary(rows)),
        "By problem: the exact atom, and the share of its intervals that hold it.",
        table(["problem", "n", "data sets", *ATOMS], _details(rows)),
    )


def _summary(rows: list[Row]) -> Iterable[list[Any]]:
    groups = grouped(rows, "family", "n")
    for n in sorted({row["n"] for row in rows}):
        groups["all", n] = [row for row in rows if row["n"] == n]
    order = [*FAMILIES, KNOWN, "all"]
    for (family, n), group in sorted(groups.items(), key=lambda item: order.index(item[0][0])):
        values = {name: np.array([row["values"][name] for row in group]) for name in ATOMS}
        above = {name: of_atom[of_atom[:, 0] > ZERO] for name, of_atom in values.items()}
        zeros = np.concatenate([of_atom[of_atom[:, 0] <= ZERO] for of_atom in values.values()])
        nulls = [row["p_distillable"] for row in group if row["values"]["distillable"][0] <= ZERO]
        yield [
            family,
            n,
            len(group),
            *(_share(held(of_atom, SLACK)) for of_atom in above.values()),
            _share(held(np.concatenate(list(above.values())), SLACK)),
            _share(held(zeros, SLACK)),
            _share(np.array(nulls) <= 1 - LEVEL),
        ]


def _details(rows: list[Row]) -> Iterable[list[Any]]:
    for (problem, n), group in grouped(rows, "problem", "n").items():
        values = {name: np.array([row["values"][name] for row in group]) for name in ATOMS}
        yield [
            problem,
            n,
            len(group),
            *(f"{of[:, 0].mean():.3f}: {held(of, SLACK).mean():.2f}" for of in values.values()),
        ]


def _share(held: Any) -> str:
    return f"{np.mean(held):.3f} of {len(held)}" if len(held) else "-"


def main() -> None:
    """Parse the command line, measure and write."""
    options = Options(__doc__)
    options.names("families", (*FAMILIES, KNOWN), (*FAMILIES, KNOWN), "some of them")
    options.number("n", 2000, "rows of a data set")
    options.number("draws", 20, "data sets of a problem")
    options.numbers("part", (0, 1), "which problems, and of how many parts")
    options.only_table()
    given = options.parse_args()
    if not given.table:
        part, n_parts = given.part
        STORE.fill(jobs(list(problems(given.families))[part::n_parts], given.n, given.draws))
    write_tables(STORE.rows())


if __name__ == "__main__":
    main()
