"""Arrays of Python objects: those that hold one plain kind of thing become arrays of it."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from fractions import Fraction
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pidtools._types import Array

# Objects looked at one by one before a table is taken for what its types say.
NUMBERS = (bool, int, float, np.bool_, np.integer, np.floating, Decimal, Fraction)


def settled(array: Array) -> Array:
    """Numbers, strings or bytes as an array of such; anything else as it came.

    Whole numbers that 64 bits can't hold, and what misses values, stay objects.
    """
    if array.dtype != object or array.size == 0 or array.ndim == 0:
        return array
    kinds = {type(value) for value in array.ravel()}
    if all(issubclass(kind, str) for kind in kinds):
        return array.astype(str)
    if all(issubclass(kind, bytes) for kind in kinds):
        return array.astype(bytes)
    if not all(issubclass(kind, NUMBERS) or _is_small_float(kind) for kind in kinds):
        return array
    return _as_numbers(array, kinds)


def _is_small_float(kind: type) -> bool:
    """Scalars of ml_dtypes, which are no numbers by Python's book."""
    return kind.__module__.partition(".")[0] == "ml_dtypes"


def _as_numbers(array: Array, kinds: set[type]) -> Array:
    if all(issubclass(kind, (bool, np.bool_)) for kind in kinds):
        return array.astype(bool)
    whole = (bool, int, np.bool_, np.integer)
    if not all(issubclass(kind, whole) for kind in kinds):
        return _as_floats(array)
    plain = np.array([int(value) for value in array.ravel()]).reshape(array.shape)
    # NumPy gives floats where signed and unsigned ones meet; those merge what differs.
    return plain if plain.dtype.kind in "iu" else array


def _as_floats(array: Array) -> Array:
    try:
        return array.astype(np.float64)
    except OverflowError:  # 10**400: beyond any float, which the door says
        return np.array([_nearest(value) for value in array.ravel()]).reshape(array.shape)


def _nearest(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def missing(array: Array) -> NDArray[np.intp]:
    """Entries without a value, of arrays of objects or of times, counted along all axes."""
    if array.dtype == object:
        return np.flatnonzero([is_missing(value) for value in array.ravel()])
    return np.flatnonzero(np.isnat(array)) if array.dtype.kind in "mM" else np.zeros(0, np.intp)


def is_missing(value: object) -> bool:
    """Whether it is None, NaN or what pandas has for them."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, (Real, Decimal, np.generic)) and bool(value != value)


def kinds_of(array: Array) -> list[str]:
    """Names of the types in it, in order."""
    return sorted({type(value).__name__ for value in array.ravel()})


def columns_without_numbers(array: Array) -> dict[int, str]:
    """Columns of a table of objects that hold something else, and what: the type met most."""
    found = {}
    for j, column in enumerate(array.T):
        others = Counter(type(v).__name__ for v in column if not isinstance(v, NUMBERS))
        if others:
            found[j] = others.most_common(1)[0][0]
    return found
