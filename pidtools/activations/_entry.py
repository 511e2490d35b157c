"""What a file holds under one key, and what can be wrong with it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pidtools._small_floats import becomes
from pidtools._stored import as_stored
from pidtools._types import Array

PICKLED = (
    "holds pickled objects, which are not read because they can run code; save an array of "
    "numbers or strings (dtype not object)."
)


class UnreadableError(ValueError):
    """Why a file or an entry is not read: the rest of a sentence that begins with its name."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One array of a file, before it is read.

    Attributes
    ----------
    shape : tuple of int or None
        None where only reading would tell.
    dtype : str
        What it is stored as; empty where only reading would tell.
    load : callable
        The array: a memory map wherever that can be.
    """

    shape: tuple[int, ...] | None = None
    dtype: str = ""
    load: Callable[[], Array]


def unreadable(text: str) -> Entry:
    """An entry that is there and can't be read."""

    def load() -> Array:
        raise UnreadableError(text)

    return Entry(load=load)


def mapped_at(
    path: Path,
    offset: int,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    *,
    order: str = "C",
) -> Array:
    """A read-only map of part of a file, or what it becomes where NumPy has no such type.

    The caller has found that all of it lies within the file.
    """
    if math.prod(shape) == 0:
        return np.empty(shape, becomes(dtype))
    raw: Array = np.memmap(path, dtype=dtype, mode="r", offset=offset, shape=shape, order=order)  # type: ignore[call-overload]
    if becomes(dtype) == dtype:
        return raw
    return as_stored(raw).whole()
