"""How many groups 95 % intervals need, where rows of a group depend on each other.

    python benchmarks/coverage_groups.py

Each group has one label and an offset of its own, five rows share them; class means differ by one
in the first of three columns. The truth is that of a row of a new group. Thirty data sets for each
number of groups, with one linear expert; writes ``results/coverage_groups.md``. Two minutes.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from benchmarks.tools import coverage
from benchmarks.tools.options import Options
from benchmarks.tools.written import table, write
from pidtools import Probe

Array = np.ndarray[Any, Any]
GROUPS, DRAWS, ROWS_A_GROUP, DEVIATION = (40, 100, 200), 30, 5, 0.7
INFORMATION = "teacher_information"


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


def measure(n_groups: int, seed: int, exact: float) -> coverage.Values:
    """Estimate of the teacher's information and its interval."""
    X, Y, groups = draw(n_groups, seed)
    return coverage.measure(
        (X, X[:, 1:], Y),
        {INFORMATION: exact},
        estimator=Probe(experts=("lda",)),
        groups=groups,
        n_resamples=100,
        synergy=False,
        random_state=seed,
    )


def main() -> None:
    """Measure and write the table."""
    Options(__doc__).parse_args()
    warnings.simplefilter("ignore")
    exact = truth()
    rows = []
    for n_groups in GROUPS:
        values = [measure(n_groups, seed, exact) for seed in range(DRAWS)]
        found = coverage.coverage(INFORMATION, values)
        numbers = exact + found.bias, found.spread, found.reach
        rows.append([n_groups, DRAWS, *(f"{x:.4f}" for x in numbers), f"{found.coverage:.3f}"])
        print(*rows[-1], flush=True)
    write(
        "coverage_groups",
        "# Coverage of 95 % intervals by the number of groups",
        f"Information {exact:.4f} bits; `reach` is the mean half width over 1.96.",
        table(["groups", "data sets", "mean", "sd", "reach", "coverage"], rows),
    )


if __name__ == "__main__":
    main()
