"""Rows of a table in a file, read by position.

Not through a map of the file: what is read through a map counts as memory of the process, with as
many neighbouring pages as the system sees fit.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np

from pidtools._types import Array, Codes


@dataclass(frozen=True, eq=False)
class FileRows:
    """A table whose rows lie one after the other in a file, which is open as long as it lives.

    Attributes
    ----------
    file : binary file
    path : str or None
        Where a worker finds it; None for a file without a name, which travels as an array.
    offset, stride : int
        Byte where the first row begins, and bytes from one row to the next.
    dtype : dtype
    shape : (int, int)
    """

    file: BinaryIO = field(repr=False)
    path: str | None
    offset: int
    stride: int
    dtype: np.dtype[Any]
    shape: tuple[int, int]
    _map: Any = field(default=None, repr=False)  # a temporary file goes with its map
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        weakref.finalize(self, self.file.close)

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return self.shape[1] * self.dtype.itemsize

    def read(self, rows: Codes) -> Array:
        """A copy of some rows, in the order asked for.

        Raises
        ------
        OSError
            If the file can't be read, or has become shorter.
        """
        found = np.empty((len(rows), self.shape[1]), dtype=self.dtype)
        held = memoryview(found.reshape(-1).view(np.uint8))  # type: ignore[arg-type]
        size = self.row_bytes
        # Neighbours are read together where nothing lies between them.
        tight = self.stride == size
        breaks = np.flatnonzero(np.diff(rows) != 1) + 1 if tight else np.arange(1, len(rows))
        starts = np.concatenate([np.zeros(min(len(rows), 1), dtype=np.int64), breaks])
        places = (self.offset + rows[starts] * self.stride).tolist()
        edges = [*(starts * size).tolist(), len(held)]
        read = self._reader()
        for at, start, stop in zip(places, edges, edges[1:], strict=False):
            while start < stop:
                n = read(held[start:stop], at)
                if n == 0:
                    raise OSError(f"{self.path or 'A temporary file'} ended while it was read.")
                start, at = start + n, at + n
        return found

    def _reader(self) -> Callable[[memoryview, int], int]:
        """What fills a part of memory from a place in the file, and says how many bytes it got."""
        if not hasattr(os, "preadv"):
            return self._sought
        number, read = self.file.fileno(), os.preadv
        return lambda part, at: read(number, (part,), at)

    def _sought(self, part: memoryview, at: int) -> int:
        with self._lock:
            self.file.seek(at)
            return int(self.file.readinto(part) or 0)  # type: ignore[attr-defined]

    def __reduce__(self) -> Any:
        if self.path is None:
            return np.asarray, (self.read(np.arange(len(self))),)
        where = self.path, self.offset, self.stride, self.dtype, self.shape
        return _opened_again, (*where, self.ends())

    def ends(self) -> bytes:
        """The first row and the last, which tell whether the file is still the same one."""
        return self.read(np.array([0, len(self) - 1])).tobytes()


def _opened(
    path: str,
    offset: int,
    stride: int,
    dtype: np.dtype[Any],
    shape: tuple[int, int],
    mapped: Any = None,
) -> FileRows:
    return FileRows(open(path, "rb"), path, offset, stride, dtype, shape, mapped)


def _opened_again(
    path: str, offset: int, stride: int, dtype: np.dtype[Any], shape: tuple[int, int], ends: bytes
) -> FileRows:
    """As it was when it was pickled.

    Raises
    ------
    ValueError
        If the file is gone, as temporary ones are with their process, or holds something else.
    """
    kept = "What was made from a large file goes on reading it"
    try:
        found = _opened(path, offset, stride, dtype, shape)
        same = found.ends() == ends
    except OSError as error:
        raise ValueError(
            f"{path} can't be read any more ({error.strerror or error}). {kept}, "
            "on this machine and on those of workers: bring it back, or make that anew."
        ) from None
    if not same:
        raise ValueError(
            f"{path} holds other numbers than it did. {kept}: bring these back, or make that anew."
        )
    return found


def behind(array: Array) -> FileRows | None:
    """The rows that a map of a file shows, or a view of one; None where it is no such map.

    Nor of one with changes of its own, or whose columns lie together, or whose file is no longer
    the one that is mapped.
    """
    mapped = backing_map(array)
    if mapped is None or mapped.mode == "c" or array.ndim != 2 or not array.size:
        return None
    stride, within = array.strides
    path = getattr(mapped, "filename", None)
    if path is None or within != array.itemsize or stride < array.shape[1] * within:
        return None
    offset = place_in_file(array, mapped)
    try:
        found = _opened(os.fspath(path), offset, stride, array.dtype, array.shape, mapped)
        same = found.ends() == array[np.array([0, len(array) - 1])].tobytes()
    except OSError:
        return None
    return found if same else None


def place_in_file(array: Array, mapped: np.memmap[Any, Any]) -> int:
    """Byte of the file of a map at which a view of it begins."""
    begins = array.__array_interface__["data"][0] - mapped.__array_interface__["data"][0]
    return int(mapped.offset + begins)


def backing_map(array: Any) -> np.memmap[Any, Any] | None:
    """The map of a file that an array is, or is a view of."""
    found = None
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap):
            found = array
        array = array.base
    return found
