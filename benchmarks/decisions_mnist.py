"""Does "where" tell the truth on pictures: classes that a student lacks, on pairs of MNIST digits.

    python benchmarks/decisions_mnist.py --seeds 3

Two digits side by side, the left one is the task (``tools/mnist.py`` says where they come from). A
teacher of 256 and 128 units learns from 20,000 pairs, students of 64 units and a last layer of a
few learn from 2,000 others. On 5,000 pairs of the test digits: over the ten classes, Spearman's
correlation of Uni_T(y) with the teacher's accuracy less the student's. Rows are kept in
``results/decisions_mnist.jsonl``; a seed takes about three minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache, partial
from typing import Any

import numpy as np
from scipy.stats import spearmanr

import pidtools as pt
from benchmarks.tools.mnist import pairs
from benchmarks.tools.networks import accuracy_by_class, hidden
from benchmarks.tools.options import Options
from benchmarks.tools.store import Job, Row, Store, grouped
from benchmarks.tools.written import table, write

STORE = Store("decisions_mnist", "units", "seed")
WIDTHS = (2, 4, 8, 16)
N_TEACHER, N_STUDENT, N_MEASURED = 20_000, 2_000, 5_000


@cache
def teacher(seed: int) -> Any:
    """Trained on pairs of the first 30,000 digits."""
    from sklearn.neural_network import MLPClassifier

    own = pairs("train", N_TEACHER, seed, rows=slice(0, 30_000))
    return MLPClassifier((256, 128), max_iter=15, random_state=seed).fit(own.X, own.left)


def student(width: int, seed: int) -> Any:
    """Trained on pairs of the others."""
    from sklearn.neural_network import MLPClassifier

    own = pairs("train", N_STUDENT, seed, rows=slice(30_000, 60_000))
    return MLPClassifier((64, width), max_iter=60, random_state=seed).fit(own.X, own.left)


def where(width: int, seed: int) -> Row:
    """Knowledge that is left and accuracy that is lacking, class by class."""
    held = pairs("t10k", N_MEASURED, seed)
    networks = teacher(seed), student(width, seed)
    T, S = (hidden(network, held.X) for network in networks)
    result = pt.distillable_knowledge(T, S, held.left, estimator="probe", synergy=False)
    accuracy = [accuracy_by_class(network, held.X, held.left) for network in networks]
    return {
        "left": np.round([row.distillable for row in result.by_class()], 5).tolist(),
        "lacking": np.round(accuracy[0] - accuracy[1], 5).tolist(),
        "accuracy": [round(float(each.mean()), 4) for each in accuracy],
        "distillable": round(result.distillable, 4),
        "residual": round(float(result.scores().mean() - result.distillable), 5),
    }


def jobs(seeds: Iterable[int]) -> Iterator[Job]:
    """All students of a seed, seed by seed."""
    for seed in seeds:
        for width in WIDTHS:
            yield {"units": width, "seed": seed}, partial(where, width, seed)


def write_tables(rows: list[Row]) -> None:
    """One line a student."""
    lines = []
    for (width,), group in grouped(rows, "units").items():
        left, lacking, accuracy = (
            np.array([row[name] for row in group]) for name in ("left", "lacking", "accuracy")
        )
        each = [spearmanr(*both).statistic for both in zip(left, lacking, strict=True)]
        of_means = spearmanr(left.mean(axis=0), lacking.mean(axis=0)).statistic
        bits = np.mean([row["distillable"] for row in group])
        residual = np.abs([row["residual"] for row in group]).max()
        shown = " and ".join(f"{value:.3f}" for value in accuracy.mean(axis=0))
        lines.append(
            [
                width,
                len(group),
                shown,
                f"{bits:.3f}",
                f"{of_means:.2f}",
                f"{np.mean(each):.2f}",
                f"{residual:.3f}",
            ]
        )
    write(
        STORE.file.stem,
        "# Which classes a student lacks, on pairs of MNIST digits",
        "Uni_T(y) against the teacher's accuracy less the student's: Spearman's correlation over "
        "the ten classes, of means over seeds and on average over seeds; the residual of `scores`.",
        table(
            ["units", "seeds", "accuracy of T and S", "bits left", "of means", "each", "residual"],
            lines,
        ),
    )


def main() -> None:
    """Parse the command line, measure and write."""
    options = Options(__doc__)
    options.number("seeds", 3, "draws of pairs, teachers and students")
    options.only_table()
    given = options.parse_args()
    if not given.table:
        STORE.fill(jobs(range(given.seeds)))
    write_tables(STORE.rows())


if __name__ == "__main__":
    main()
