"""Large arrays that stay where they are: in a file or in half precision, read by some rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from pidtools._blocks import blocks
from pidtools._file_rows import FileRows, backing_map, behind
from pidtools._temporary import anonymous
from pidtools._types import Array, Codes

# Bytes of the working copy of an array from which none is made.
LARGE = 2**27
# Bytes that are read at a time, and of a file whose columns lie together.
READ, READ_ACROSS = 2**24, 2**27


@dataclass(frozen=True, eq=False)
class LazyRows:
    """Rows of tables, one after the other, which are read when they are asked for.

    Attributes
    ----------
    parts : tuple of ndarray or FileRows, shapes (n_k, n_features)
        Of real numbers.
    dtype : dtype
        Of what is read: float32 where that holds every number, else float64.
    """

    parts: tuple[Array | FileRows, ...]
    dtype: np.dtype[Any]

    def __len__(self) -> int:
        return sum(len(part) for part in self.parts)

    @property
    def shape(self) -> tuple[int, int]:
        """Of all rows."""
        return len(self), int(self.parts[0].shape[1])

    @property
    def ndim(self) -> int:
        """Rows and columns."""
        return 2

    @property
    def size(self) -> int:
        """Number of entries."""
        return len(self) * self.shape[1]

    @property
    def nbytes(self) -> int:
        """Of the working copy that is not made."""
        return self.size * self.dtype.itemsize

    @overload
    def __getitem__(self, rows: slice | Codes) -> Array: ...
    @overload
    def __getitem__(self, rows: tuple[Any, Any]) -> Array: ...
    def __getitem__(self, rows: Any) -> Array:
        """A copy of some rows, or of some columns of some rows."""
        rows, columns = rows if isinstance(rows, tuple) else (rows, slice(None))
        at = np.arange(len(self))[rows]
        width = len(np.arange(self.shape[1])[columns])
        found = np.empty((len(at), width), dtype=self.dtype)
        first = 0
        for part in self.parts:
            own = np.flatnonzero((at >= first) & (at < first + len(part)))
            for some in blocks(len(own), self.shape[1] * part.dtype.itemsize, entries=READ):
                asked = at[own[some]] - first
                read = part.read(asked) if isinstance(part, FileRows) else part[asked]
                found[own[some]] = read[:, columns]
            first += len(part)
        return found

    def whole(self) -> Array:
        """All rows in memory."""
        return self[:]


Source = Array | LazyRows


def working_dtype(given: np.dtype[Any]) -> np.dtype[Any]:
    """float32 for what it holds exactly, else float64."""
    single = given.itemsize <= 2 or given == np.float32
    return np.dtype(np.float32 if single else np.float64)


def left_where_it_is(array: Array) -> Source:
    """A large array of numbers in a file, or of another type than it is worked with, as `LazyRows`.

    One whose columns lie together is written anew by rows: each block of rows would read the
    whole file.
    """
    dtype = working_dtype(array.dtype)
    if array.size * dtype.itemsize < LARGE:
        return array
    in_file = behind(array)
    if in_file is not None:
        return LazyRows((in_file,), dtype)
    across = abs(array.strides[0]) < abs(array.strides[1])
    if across and backing_map(array) is not None:
        entries = READ_ACROSS // array.itemsize
        return rewritten(lambda rows: array[rows], array.shape, array.dtype, entries=entries)
    return array if array.dtype == dtype else LazyRows((array,), dtype)


def joined(first: Source, second: Source) -> Source:
    """The rows of one after those of the other."""
    if not (isinstance(first, LazyRows) or isinstance(second, LazyRows)):
        return np.concatenate([first, second])
    parts = [x.parts if isinstance(x, LazyRows) else (x,) for x in (first, second)]
    return LazyRows(sum(parts, ()), np.result_type(first.dtype, second.dtype))


def whole(X: Source) -> Array:
    """What is read of all rows."""
    return X.whole() if isinstance(X, LazyRows) else X


def rewritten(
    rows_of: Callable[[slice], Array], shape: tuple[int, ...], dtype: Any, *, entries: int
) -> LazyRows:
    """Rows that are made once, block by block, and kept in a file that goes with the object.

    Raises
    ------
    ValueError
        If there is no room for it where temporary files go.
    """
    n, width, kind = int(shape[0]), int(shape[1]), np.dtype(dtype)
    parts = (rows_of(rows) for rows in blocks(n, width, entries=entries))
    file = anonymous(parts, (n, width), kind)
    in_file = FileRows(file, None, 0, width * kind.itemsize, kind, (n, width))
    return LazyRows((in_file,), working_dtype(kind))


def blocks_of(X: Source) -> Iterator[tuple[slice, Array]]:
    """All rows, block by block."""
    for rows in blocks(*X.shape):
        yield rows, X[rows]
