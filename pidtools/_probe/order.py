"""An order of rows that comes from what they hold, not from where they stand.

Folds, the rows that bumps stand on and those that trees stop by are drawn by position. Taken in
this order they are the same however a file of activations was shuffled: rows that hold the same
may change places, and nothing else.
"""

from __future__ import annotations

import numpy as np

from pidtools._blocks import blocks
from pidtools._lazy_rows import LazyRows, Source, blocks_of
from pidtools._types import Array, Codes, Floats

# Of the scale of a key: sums taken in another order differ by less.
KEY_DIGITS = 8
# Of a column, beside its largest value: rounding of one that does not vary.
LEAST_SCALE = 1e-9


def row_keys(X: Source, left_out: Codes) -> Codes:
    """A number for each row of `X`, shape (n, d), equal for equal rows.

    Ranks of a weighted sum of the standardised columns that are not `left_out`. Each column's
    weight is its skewness, so that the order of the columns does not matter; where that leaves rows
    equal that are not, the place of the column decides.
    """
    kept = np.delete(np.arange(X.shape[1]), left_out)
    places = np.random.default_rng(0).standard_normal(len(kept))
    if isinstance(X, LazyRows):
        sums = _sums_by_rows(X, kept, places)
    else:
        sums = np.zeros((len(X), 2))
        for block in blocks(len(kept), len(X)):
            columns, skewness = _standardised(X[:, kept[block]])
            sums[:, 0] += columns @ skewness
            sums[:, 1] += columns @ places[block]
    sums = np.round(sums / np.maximum(sums.std(axis=0), 1e-300), KEY_DIGITS)
    return np.unique(sums + 0.0, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _sums_by_rows(X: LazyRows, kept: Codes, places: Floats) -> Floats:
    """The same sums of a source whose columns can't be read by themselves."""
    largest, mean, square, cube = np.zeros((4, len(kept)))
    for _, block in blocks_of(X):
        np.maximum(largest, np.abs(block[:, kept]).max(axis=0), out=largest)
    largest = np.maximum(largest, 1e-300)
    for _, block in blocks_of(X):
        mean += (block[:, kept] / largest).sum(axis=0) / len(X)
    for _, block in blocks_of(X):
        off = block[:, kept] / largest - mean
        square += (off * off).sum(axis=0) / len(X)
        cube += (off * off * off).sum(axis=0) / len(X)
    scale = np.sqrt(square)
    factor = np.divide(1, scale, out=np.zeros_like(scale), where=scale > LEAST_SCALE)
    weights = np.stack([cube * factor**3, places], axis=1) * factor[:, None]
    sums = np.empty((len(X), 2))
    for rows, block in blocks_of(X):
        sums[rows] = (block[:, kept] / largest - mean) @ weights
    return sums


def _standardised(X: Array) -> tuple[Floats, Floats]:
    """Columns, 0 where they don't vary, and the skewness of each."""
    largest = np.maximum(np.abs(X).max(axis=0).astype(np.float64), 1e-300)
    columns = X / largest
    columns -= columns.mean(axis=0)
    scale = columns.std(axis=0)
    columns *= np.divide(1, scale, out=np.zeros_like(scale), where=scale > LEAST_SCALE)
    return columns, (columns * columns * columns).mean(axis=0)


def joined_keys(left: Codes, right: Codes) -> Codes:
    """Keys of rows of two sources, the same whichever comes first but for a few ties."""
    keys = np.stack([left + right, left * right, left], axis=1)
    return np.unique(keys, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def order_of(keys: Codes) -> Codes:
    """Rows by rising keys."""
    return np.argsort(keys, kind="stable")
