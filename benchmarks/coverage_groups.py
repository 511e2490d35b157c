"""How many groups 95 % intervals need, where rows of a group depend on each other.

    python benchmarks/coverage_groups.py

Each group has one label and an offset of its own, five rows share them; class means differ by one
in the first of three columns. The truth is that of a row of a new group. Thirty data sets for each
number of groups, with one linear expert; writes ``results/coverage_groups.md``. Two minutes.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from pidtools import Probe, distillable_knowledge

TABLE = Path(__file__).parent / "results" / "coverage_groups.md"
GROUPS, DRAWS, ROWS_A_GROUP, DEVIATION, LEVEL = (40, 100, 200), 30, 5, 0.7, 0.95
Data = tuple[np.ndarray, np.ndarray, np.ndarray]


def draw(n_groups: int, seed: int) -> Data:
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


def measure(n_groups: int, seed: int) -> tuple[float, float, float]:
    """Estimate of the teacher's information and the ends of its interval."""
    X, Y, groups = draw(n_groups, seed)
    result = distillable_knowledge(
        X,
        X[:, 1:],
        Y,
        estimator=Probe(experts=("lda",)),
        groups=groups,
        confidence_level=LEVEL,
        n_resamples=100,
        synergy=False,
        random_state=seed,
    )
    ends = result.intervals["teacher_information"]
    return result.teacher_information, ends.low, ends.high


def main() -> None:
    """Measure and write the table."""
    warnings.simplefilter("ignore")
    exact = truth()
    lines = [
        "# Coverage of 95 % intervals by the number of groups",
        "",
        f"Information {exact:.4f} bits; `reach` is the mean half width over 1.96.",
        "",
        "| groups | data sets | mean | sd | reach | coverage |",
        "|---|---|---|---|---|---|",
    ]
    for n_groups in GROUPS:
        found = np.array([measure(n_groups, seed) for seed in range(DRAWS)])
        estimate, low, high = found.T
        held = ((low <= exact) & (exact <= high)).mean()
        lines.append(
            f"| {n_groups} | {DRAWS} | {estimate.mean():.4f} | {estimate.std():.4f} "
            f"| {(high - low).mean() / 3.92:.4f} | {held:.3f} |"
        )
        print(lines[-1], flush=True)
    TABLE.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
