"""Floats of one and two bytes that NumPy has not: bfloat16 and float8 become float32."""

from __future__ import annotations

from typing import Any

import numpy as np

from pidtools._types import Array


def becomes(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """What values of a type are taken as: float32, int8 for integers of few bits, or as they are.

    Two bytes of no type are bfloat16, as `numpy.save` writes it.
    """
    if _is_bare_bfloat16(dtype):
        return np.dtype(np.float32)
    if dtype.type.__module__.partition(".")[0] == "ml_dtypes":
        return np.dtype(np.int8 if "int" in dtype.name else np.float32)
    return dtype


def decoded(array: Array) -> Array:
    """The values as what they are taken as; the same array where that is what it holds."""
    wanted = becomes(array.dtype)
    if wanted == array.dtype:
        return array
    if _is_bare_bfloat16(array.dtype):
        bits = np.ascontiguousarray(array).view(np.uint16).astype(np.uint32)
        bits <<= 16
        return bits.view(np.float32).reshape(array.shape)
    return np.asarray(array).astype(wanted)  # no map of a file


def _is_bare_bfloat16(dtype: np.dtype[Any]) -> bool:
    return (
        dtype.kind == "V" and dtype.itemsize == 2 and dtype.names is None and dtype.type is np.void
    )
