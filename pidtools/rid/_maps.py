"""Feature maps as rows of channels, and back."""

from __future__ import annotations

import numpy as np

from pidtools._types import Array


def as_rows(X: Array) -> Array:
    """(n, c, h, w) as (n h w, c), one row a position; (n, d) as it is."""
    if X.ndim == 2:
        return X
    return X.transpose(0, 2, 3, 1).reshape(-1, X.shape[1])


def as_maps(rows: Array, shape: tuple[int, ...]) -> Array:
    """Rows of positions with the rows and places of an array of `shape`."""
    if len(shape) == 2:
        return rows
    n, _, h, w = shape
    return rows.reshape(n, h, w, -1).transpose(0, 3, 1, 2)


def along_channels(values: Array, ndim: int) -> Array:
    """One value a channel, to multiply arrays of `ndim` axes whose axis 1 are channels."""
    return values.reshape(-1, *(1,) * (ndim - 2))


def mean_squares(X: Array) -> Array:
    """Mean of the squares of each channel over rows and positions."""
    rows = as_rows(X)
    found: Array = np.einsum("ij,ij->j", rows, rows) / rows.dtype.type(len(rows))
    return found
