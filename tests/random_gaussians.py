"""Random Gaussian systems, and their atoms in sixty digits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import mpmath as mp
import numpy as np

import pidtools as pt
from pidtools._types import Array, Floats

Dims = tuple[int, int, int]


def root_of_system(rng: np.random.Generator, dims: Sequence[int], decades: int = 2) -> Floats:
    """Rows T, S and Y of normal coordinates, T and S seeing Y; units over decades either way."""
    root = rng.normal(size=(sum(dims), sum(dims) + 2))
    sources = dims[0] + dims[1]
    root[:sources] += rng.normal(size=(sources, dims[2])) @ root[sources:] / np.sqrt(dims[2])
    scaled: Floats = root * 10.0 ** rng.integers(-decades, decades + 1, size=(len(root), 1))
    return scaled


def random_system(dims: Sequence[int], seed: int, decades: int = 4) -> Floats:
    """A joint covariance with correlated noises and units of very different sizes."""
    root = root_of_system(np.random.default_rng(seed), dims, decades)
    return root @ root.T


def closed_form(cov: Floats, dims: Sequence[int]) -> Floats:
    """Atoms in bits of exactly this matrix, in 60 digits."""
    with mp.workdps(60):
        C, ends = mp.matrix(cov.tolist()), np.cumsum((0, *dims))
        t, s, y = (list(range(a, b)) for a, b in pairwise(ends.tolist()))

        def part(rows: list[int], columns: list[int]) -> Any:
            return mp.matrix([[C[i, j] for j in columns] for i in rows])

        def left(x: list[int]) -> Any:
            return part(y, y) - part(y, x) * mp.inverse(part(x, x)) * part(x, y)

        def information(x: list[int]) -> Any:
            return mp.log(mp.det(part(y, y)) / mp.det(left(x))) / 2

        root = mp.inverse(mp.cholesky(left(s)))
        g = mp.eigsy(root * left(t) * root.T, eigvals_only=True)
        unique_t, unique_s = (sum(max(sign * mp.log(x), 0) for x in g) / 2 for sign in (-1, 1))
        i_t, joint = information(t), information(t + s)
        exact = (i_t - unique_t, unique_t, unique_s, joint - i_t - unique_s)
        return np.array([float(x / mp.log(2)) for x in exact])


def contrasts(k: int) -> Floats:
    """Orthonormal basis, shape (k, k - 1), of weights that add up to 0."""
    return np.linalg.svd(np.eye(k) - 1 / k)[0][:, : k - 1]


def measure(T: Array, S: Array, Y: Array, **options: Any) -> pt.DistillableKnowledge:
    """The main question, by the Gaussian estimator unless another is named."""
    return pt.distillable_knowledge(T, S, Y, **{"estimator": "gaussian", **options})
