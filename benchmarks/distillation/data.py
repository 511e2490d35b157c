"""Pairs of digits side by side, in four parts that share no picture.

The left digit is the task, the right one nuisance. ``mnist`` is that of ``tools/mnist.py``, 392
points; ``digits`` is scikit-learn's, 128 points, which needs no network.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.tools import mnist
from benchmarks.tools.mnist import Pairs

Array = NDArray[Any]
# Pictures that the pairs of each part are drawn from.
PARTS = {
    "mnist": {
        "teacher": ("train", 0, 30_000),
        "student": ("train", 30_000, 50_000),
        "validation": ("train", 50_000, 60_000),
        "test": ("t10k", 0, 10_000),
    },
    "digits": {
        "teacher": ("all", 0, 800),
        "student": ("all", 800, 1_200),
        "validation": ("all", 1_200, 1_450),
        "test": ("all", 1_450, 1_797),
    },
}
# So that the pairs of two parts of one seed are drawn apart.
OFFSETS = {"teacher": 0, "student": 1, "validation": 2, "test": 3}


def pairs(data: str, part: str, n: int, seed: int) -> Pairs:
    """`n` pairs of a part; float32 points from 0 to 1."""
    source, start, stop = PARTS[data][part]
    drawn = 10 * seed + OFFSETS[part]
    if data == "mnist":
        return mnist.pairs(source, n, drawn, rows=slice(start, stop))
    pictures, labels = (each[start:stop] for each in _digits())
    left, right = np.random.default_rng(drawn).integers(0, len(labels), (2, n))
    both = np.concatenate([pictures[left], pictures[right]], axis=2)
    return Pairs(both.reshape(n, -1), labels[left], labels[right])


@cache
def _digits() -> tuple[Array, Array]:
    from sklearn.datasets import load_digits

    pixels, digit = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(digit))
    pictures = (pixels[order] / 16).reshape(-1, 8, 8).astype(np.float32)
    return pictures, digit[order].astype(np.int64)
