"""Columns of numbers, and their sizes: powers of two, and spreads over decades."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pidtools._remarks import Rank, Remark
from pidtools._types import Array

# Deviations of this many times the range of the middle half of a column; columns named in a note.
ALIKE, NAMED = 10, 8


def as_columns(X: Array, name: str, *, otherwise: str = 'use estimator="symbols" for it') -> Array:
    """A clean source as floats, shape (n, d), in the precision it has."""
    if X.dtype.kind in "US":
        raise TypeError(f"{name} holds strings; {otherwise}.")
    columns = X.reshape(len(X), -1)
    return columns if columns.dtype.kind == "f" else columns.astype(np.float64)


def note_on_decades(x: Array) -> list[Remark]:
    """Name the columns of whose values most look alike in units of the deviation."""
    low, high = np.quantile(x, (0.25, 0.75), axis=0)
    far = x.std(axis=0) > ALIKE * (high - low)
    wide = np.flatnonzero(far & (high > low))
    if not len(wide):
        return []
    text = (
        f"columns {', '.join(map(str, wide[:NAMED]))}{' and more' * (len(wide) > NAMED)} "
        f"spread over decades (deviations of more than {ALIKE} times the middle half): most of "
        "their values look alike here, and the numbers read low. Pass ranks or logarithms of "
        "these columns, which hold the same."
    )
    return [Remark(text, "note", Rank.size)]


def exponents_of(x: Array) -> NDArray[np.int32]:
    """Exponent of the power of two next above the size of each column."""
    largest = np.maximum(x.max(axis=0), -x.min(axis=0)).astype(np.float64)
    exponents: NDArray[np.int32] = np.frexp(largest)[1]
    return exponents
