"""Cells of posteriors over many classes: a few steps of k-means from rows of every class.

In single precision and in blocks, so that what is held beside the posteriors is small.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from pidtools._blocks import blocks
from pidtools._types import Array, Codes, Floats

BLOCK_COLUMNS = 64
# Steps by Hellinger distance, then by Kullback-Leibler divergence; five more of these keep .0004
# bits more of 7.7 (9000 rows of 300 classes in 900 cells).
HELLINGER_STEPS, KULLBACK_STEPS = 3, 3
# Probabilities that tell no cells apart.
DUST = 1e-7


def many_cells(posteriors: Array, n_cells: int, random_state: int) -> Codes:
    """Cell of each row of `posteriors`, shape (n, n_classes), at most `n_cells` of them."""
    p = posteriors.astype(np.float32, copy=False)
    centres = np.sqrt(p[_spread_rows(p, n_cells, random_state)])
    for _ in range(HELLINGER_STEPS):
        codes = _nearest(p, centres, -0.5 * (centres**2).sum(axis=1), root=True)
        centres = _means(p, codes, root=True)
    for _ in range(KULLBACK_STEPS):
        logs = np.log(np.maximum(_means(p, codes, root=False), DUST))
        codes = _nearest(p, logs, np.zeros(len(logs), np.float32), root=False)
    return codes


def _spread_rows(p: NDArray[np.float32], n_rows: int, random_state: int) -> Codes:
    """Random rows, as many of each guessed class as it has of all rows."""
    chance = np.random.default_rng(random_state).random(len(p))
    order = np.lexsort((chance, p.argmax(axis=1)))
    return order[(np.arange(n_rows) * len(p) + len(p) // 2) // n_rows]


def _nearest(
    p: NDArray[np.float32], centres: NDArray[np.float32], offset: NDArray[np.float32], *, root: bool
) -> Codes:
    """Centre of largest product with each row, or with its square roots; empty ones go."""
    codes = np.empty(len(p), dtype=np.int64)
    for rows in blocks(len(p), max(centres.shape)):
        block = np.sqrt(p[rows]) if root else p[rows]
        scores = block @ centres.T
        scores += offset
        codes[rows] = scores.argmax(axis=1)
    return np.unique(codes, return_inverse=True)[1]


def _means(p: NDArray[np.float32], codes: Codes, *, root: bool) -> NDArray[np.float32]:
    shares = 1.0 / np.bincount(codes)[codes]
    sums = np.empty((int(codes.max()) + 1, p.shape[1]), dtype=np.float32)
    for columns in blocks(p.shape[1], 1, entries=BLOCK_COLUMNS):
        block = np.sqrt(p[:, columns]) if root else p[:, columns]
        sums[:, columns] = cell_sums(block, codes, shares, len(sums))
    return sums


def cell_sums(values: Array, codes: Codes, weights: Floats, n_cells: int) -> Floats:
    """Weighted sums over the rows of each code, in double precision."""
    members = csr_array((weights, (codes, np.arange(len(codes)))), shape=(n_cells, len(codes)))
    sums = np.empty((n_cells, values.shape[1]))
    for columns in blocks(values.shape[1], 1, entries=BLOCK_COLUMNS):
        sums[:, columns] = members @ values[:, columns].astype(np.float64)
    return sums
