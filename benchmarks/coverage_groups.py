"""How many groups 95 % intervals need, where rows of a group depend on each other.

    python benchmarks/coverage_groups.py

Each group has one label and an offset of its own, five rows share them; class means differ by one
in the first of three columns. The truth is that of a row of a new group. Thirty data sets for each
number of groups, with one linear expert; kept in ``results/coverage_groups.jsonl``, a line a data
set. Two minutes, resumable.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.tools import coverage
from benchmarks.tools.options import Options
from benchmarks.tools.store import Row, Store, grouped
from benchmarks.tools.written import table, write
from pidtools import Probe

Array = np.ndarray[Any, Any]
GROUPS, DRAWS, ROWS_A_GROUP, DEVIATION = (40, 100, 200), 30, 5, 0.7
INFORMATION = "teacher_information"
STORE = Store("coverage_groups", "groups", "seed")


def draw(n_groups: int, seed: int) -> tuple[Array, Array, Array]:
    """Features, labels and groups."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n_groups)
    offsets = np.outer(labels, [1.0, 0.0, 0.0]) + DEVIATION * rng.normal(size=(n_groups, 3))
    noise = DEVIATION * rng.normal(size=(n_groups, ROWS_A_GROUP, 3))
    rows = (offsets[:, None] + noise).reshape(-1, 3)
    return rows, np.repeat(labels, ROWS_A_GROUP), np.repeat(np.arange(n_groups), ROWS_A_GROUP)


def truth() -> float:
    """Information of a row: of a shift of one between normal variables, by quadrature."""
    variance = 2 * DEVIATION**2
    x = np.linspace(-12, 13, 200_001)
    density = np.exp(-((x[:, None] - [0.0, 1.0]) ** 2) / (2 * variance))
    density /= np.sqrt(2 * np.pi * variance)
    mean = density.mean(axis=1)
    return float((density * np.log2(density / mean[:, None])).mean(axis=1).sum() * (x[1] - x[0]))


def measure(n_groups: int, exact: float, seed: int) -> Row:
    """Estimate of the teacher's information and its interval."""
    X, Y, groups = draw(n_groups, seed)
    values = coverage.measure(
        (X, X[:, 1:], Y),
        {INFORMATION: exact},
        estimator=Probe(experts=("lda",)),
        groups=groups,
        n_resamples=100,
        synergy=False,
        random_state=seed,
    )
    return {"values": values}


def write_table(rows: list[Row]) -> None:
    """One row a number of groups."""
    lines = []
    for (n_groups,), own in sorted(grouped(rows, "groups").items()):
        found = coverage.coverage(INFORMATION, [row["values"] for row in own])
        numbers = found.truth + found.bias, found.spread, found.reach
        lines.append([n_groups, len(own), *(f"{x:.4f}" for x in numbers), f"{found.coverage:.3f}"])
    exact = rows[0]["values"][INFORMATION][0]
    write(
        "coverage_groups",
        "# Coverage of 95 % intervals by the number of groups",
        f"Information {exact:.4f} bits; `reach` is the mean half width over 1.96.",
        table(["groups", "data sets", "mean", "sd", "reach", "coverage"], lines),
    )


def main() -> None:
    """Parse the command line, measure and write."""
    options = Options(__doc__)
    options.number("draws", DRAWS, "data sets for each number of groups")
    options.only_table()
    given = options.parse_args()
    if not given.table:
        exact = truth()
        cases = [({"groups": n}, partial(measure, n, exact)) for n in GROUPS]
        STORE.fill(coverage.in_turn(given.draws, cases))
    write_table(STORE.rows())


if __name__ == "__main__":
    main()
