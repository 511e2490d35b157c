"""Arrays that are read by parts: of files, of stores, of types that NumPy has not.

Small ones are read whole; larger ones go block by block into a temporary memory map, so that what
comes out is always a plain array and no copy in memory is as large as it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pidtools._blocks import ENTRIES, blocks
from pidtools._small_floats import becomes, decoded
from pidtools._temporary import mapped
from pidtools._types import Array

LARGE = 2**26
"""Bytes (64 MiB) above which an array is not copied in memory."""
MOST = 2**25
"""Entries of a block that takes whole chunks; taller chunks are read again for each block."""


@dataclass(frozen=True, kw_only=True)
class Stored:
    """An array that gives its rows by slices.

    Attributes
    ----------
    shape : tuple of int
    dtype : numpy.dtype
        Of what `read` gives.
    read : callable
        Rows of a slice, as a plain array.
    n_chunk : int
        Rows that are stored, and best read, together.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[slice], Array]
    n_chunk: int = 1

    @property
    def nbytes(self) -> int:
        """Of the whole."""
        return math.prod(self.shape) * self.dtype.itemsize

    def slices(self) -> list[slice]:
        """Of consecutive rows, in whole chunks where these are not too tall."""
        n_rows, width = self.shape[0], max(math.prod(self.shape[1:]), 1)
        step = max(ENTRIES // width, 1)
        in_chunks = -(-step // self.n_chunk) * self.n_chunk
        step = in_chunks if in_chunks * width <= MOST else max(MOST // width, 1)
        return list(blocks(n_rows, width, entries=0, least=step))

    def whole(self) -> Array:
        """All rows: in memory, or mapped where they are large."""
        if not self.shape or 0 in self.shape or self.nbytes <= LARGE:
            return self.read(slice(None))
        return self.whole_by(self.slices())

    def whole_by(self, slices: list[slice]) -> Array:
        """All rows, never more of them at a time than these consecutive slices."""
        parts = (self.read(rows) for rows in slices)
        if self.nbytes > LARGE:
            return mapped(parts, self.shape, self.dtype)
        return np.concatenate(list(parts))


def stored(X: Any) -> Stored | None:
    """What is read by parts: datasets, lazy arrays and types that NumPy has not; else None."""
    if isinstance(X, np.ndarray):
        return _of_array(X) if becomes(X.dtype) != X.dtype else None
    if str(getattr(X, "dtype", "")).startswith(("torch.bfloat16", "torch.float8")):
        shape = tuple(X.shape)
        return Stored(
            shape=shape,
            dtype=np.dtype(np.float32),
            read=lambda rows: _rows(X, rows).float().numpy(),
        )
    return _of_lazy(X) if _is_lazy(X) else None


def as_stored(array: Array) -> Stored:
    """A plain array, to be read by parts like the others."""
    return _of_array(array)


def _of_array(X: Array) -> Stored:
    return Stored(shape=X.shape, dtype=becomes(X.dtype), read=lambda rows: decoded(_rows(X, rows)))


def _of_lazy(X: Any) -> Stored:
    shape = tuple(int(n) for n in X.shape)
    return Stored(
        shape=shape,
        dtype=becomes(np.dtype(X.dtype)),
        read=lambda rows: decoded(np.asarray(_rows(X, rows))),
        n_chunk=_rows_of_chunk(getattr(X, "chunks", None)),
    )


def _rows(X: Any, rows: slice) -> Any:
    """Rows of an array; the one entry of an array without axes."""
    return X[rows] if len(X.shape) else X[()]


def _is_lazy(X: Any) -> bool:
    """Whether rows have to be asked for, as of datasets of HDF5 and zarr, dask and xarray."""
    if not all(hasattr(X, name) for name in ("shape", "dtype", "__getitem__")):
        return False
    in_memory = ("__array_interface__", "__cuda_array_interface__", "__dlpack__", "iloc")
    if any(hasattr(X, name) for name in in_memory):
        return False
    try:
        return np.dtype(X.dtype).kind not in "OT" and all(n == int(n) for n in X.shape)
    except (TypeError, ValueError):  # types of others; axes of unknown length
        return False


def _rows_of_chunk(chunks: Any) -> int:
    """Of (rows, ...) as in HDF5 and zarr, or of ((rows, rows, ...), ...) as in dask."""
    if not chunks:
        return 1
    first = chunks[0]
    return max(1, int(max(first, default=1) if isinstance(first, tuple) else first))
