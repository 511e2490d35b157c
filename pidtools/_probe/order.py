"""An order of rows that comes from what they hold, not from where they stand.

Folds, the rows that bumps stand on and those that trees stop by are drawn by position. Taken in
this order they are the same however a file of activations was shuffled: rows that hold the same
may change places, and nothing else.
"""

from __future__ import annotations

import numpy as np

from pidtools._blocks import blocks
from pidtools._types import Array, Codes, Floats

# Of the scale of a key: sums taken in another order differ by less.
KEY_DIGITS = 8
# Multiples of it, less the whole, come near no simple fraction.
GOLDEN = (np.sqrt(5) - 1) / 2


def row_keys(X: Array) -> Codes:
    """A number for each row of `X`, shape (n, d), equal for equal rows.

    Ranks of a weighted sum of the standardised columns. Each column's weight is its skewness, so
    that the order of the columns does not matter; where that leaves rows equal that are not, the
    place of the column decides.
    """
    sums = np.zeros((len(X), 2))
    for block in blocks(X.shape[1], len(X)):
        columns, weights = _standardised(X[:, block])
        places = (np.arange(block.start, block.start + len(weights[0])) + 1) * GOLDEN % 1
        sums[:, 0] += columns @ weights[0]
        sums[:, 1] += columns @ (weights[1] * places)
    sums = np.round(sums / np.maximum(sums.std(axis=0), 1e-300), KEY_DIGITS)
    return np.unique(sums + 0.0, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _standardised(X: Array) -> tuple[Floats, tuple[Floats, Floats]]:
    """Columns, and two weights of each: its skewness, and whether it varies."""
    largest = np.maximum(np.abs(X).max(axis=0).astype(np.float64), 1e-300)
    columns = X / largest
    columns -= columns.mean(axis=0)
    scale = columns.std(axis=0)
    varies = scale > 1e-9
    columns /= np.where(varies, scale, 1.0)
    skewness = (columns**3).mean(axis=0)
    return columns, (np.where(varies, skewness, 0.0), varies.astype(np.float64))


def joined_keys(left: Codes, right: Codes) -> Codes:
    """Keys of rows of two sources, the same whichever comes first but for a few ties."""
    keys = np.stack([left + right, left * right, left], axis=1)
    return np.unique(keys, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def order_of(keys: Codes) -> Codes:
    """Rows by rising keys."""
    return np.argsort(keys, kind="stable")
