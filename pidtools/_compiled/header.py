"""Headers: what the kernels of the solver are called with.

A header is a row of 64-bit words, one for each field of a named tuple (and of those inside it):
an integer as it is, an array as the address of its first element. `Header` writes one;
`pidtools._compiled.pointers.view` reads it in compiled code.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pidtools._types import Floats

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Bytes = NDArray[np.uint8]

__all__ = ["Bytes", "Floats", "Header", "Ints", "Longs"]


class Header:
    """The fields of a named tuple as words; keeps the arrays they point to alive."""

    def __init__(self, fields: tuple[Any, ...]) -> None:
        self.fields = fields
        self.words = np.array(list(_words(fields)), np.int64)
        self.address = _address(self.words)


def _words(fields: tuple[Any, ...]) -> Iterator[int]:
    for value in fields:
        if isinstance(value, np.ndarray):
            yield _address(value)
        elif isinstance(value, tuple):
            yield from _words(value)
        else:
            yield value.address if isinstance(value, Header) else value


def _address(array: NDArray[Any]) -> int:
    return int(array.__array_interface__["data"][0])
