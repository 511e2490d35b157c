"""Files of `numpy.save`: the header is checked against the file before anything is mapped."""

from __future__ import annotations

import ast
import math
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from pidtools._types import Array
from pidtools.activations._entry import PICKLED, Entry, UnreadableError, mapped_at

MAGIC = b"\x93NUMPY"
# Of plain arrays a header takes 128 bytes; of tables with hundreds of columns some thousands.
LONGEST_HEADER = 65_536
BROKEN = "is not a whole .npy file; save it with numpy.save."
SIZES = {1: "<H", 2: "<I", 3: "<I"}  # of the length of the header, by version
WHICH_FLOAT8 = (
    "holds floats of one byte, and a .npy file does not say of which kind; save them as float32: "
    "X.astype(numpy.float32)."
)


@dataclass(frozen=True)
class Header:
    """What a .npy file says of itself.

    Attributes
    ----------
    n_bytes : int
        Of the header itself.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    order: str
    n_bytes: int

    @property
    def nbytes(self) -> int:
        """Of the entries that follow."""
        return math.prod(self.shape) * self.dtype.itemsize


def header(file: IO[bytes]) -> Header:
    """Read the header of a .npy file from its beginning.

    Raises
    ------
    UnreadableError
        If it is none, is longer than `LONGEST_HEADER`, or tells of objects.
    """
    start = file.read(8)
    if len(start) < 8 or start[:6] != MAGIC or start[6] not in SIZES:
        raise UnreadableError(BROKEN)
    form = SIZES[start[6]]
    length = file.read(struct.calcsize(form))
    if len(length) < struct.calcsize(form):
        raise UnreadableError(BROKEN)
    n = int(struct.unpack(form, length)[0])
    if n > LONGEST_HEADER:
        raise UnreadableError(
            f"has a header of {n} bytes, which no plain array needs; {BROKEN[3:]}"
        )
    text = file.read(n)
    if len(text) < n:
        raise UnreadableError(BROKEN)
    return _understood(text, 8 + len(length) + n)


def _understood(raw: bytes, n_bytes: int) -> Header:
    try:
        text = raw.decode("utf-8" if raw.isascii() else "latin-1")
        said = ast.literal_eval(re.sub(r"(\d)L\b", r"\1", text.strip()))  # Python 2 wrote 3L
        shape, descr, fortran = said["shape"], said["descr"], said["fortran_order"]
    except (ValueError, SyntaxError, KeyError, TypeError, MemoryError, RecursionError):
        raise UnreadableError(BROKEN) from None
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise UnreadableError(f"has the shape {shape!r} in its header, which is none; {BROKEN[3:]}")
    dtype = _dtype(descr)
    if dtype.hasobject:
        raise UnreadableError(PICKLED)
    return Header(shape, dtype, "F" if fortran is True else "C", n_bytes)


def _dtype(descr: Any) -> np.dtype[Any]:
    if descr in ("<f1", "|f1"):  # so ml_dtypes calls its float8_e5m2, and no other kind
        return float8("float8_e5m2")
    if descr in ("<V1", "|V1"):
        raise UnreadableError(WHICH_FLOAT8)
    try:
        dtype = np.lib.format.descr_to_dtype(descr)
    except (ValueError, TypeError):
        raise UnreadableError(
            f"holds entries of the type {descr!r}, which NumPy has not."
        ) from None
    return np.dtype(dtype)


def float8(kind: str) -> np.dtype[Any]:
    """A type of ml_dtypes."""
    try:
        import ml_dtypes
    except ImportError:
        raise UnreadableError(
            f"holds {kind}, which takes ml_dtypes to read: pip install 'pidtools[files]'."
        ) from None
    dtype: np.dtype[Any] = np.dtype(getattr(ml_dtypes, kind))
    return dtype


def array_at(path: Path, start: int, stop: int, found: Header) -> Array:
    """The array whose header begins at `start` of a file, a map of it.

    Raises
    ------
    UnreadableError
        If not all of its entries lie before `stop`.
    """
    offset = start + found.n_bytes
    if offset + found.nbytes > stop:
        there = max(stop - offset, 0)
        raise UnreadableError(
            f"is not a whole .npy file: its header says shape {found.shape} of {found.dtype}, "
            f"{found.nbytes} bytes, and {there} are there; save it with numpy.save."
        )
    return mapped_at(path, offset, found.shape, found.dtype, order=found.order)


def entries(path: Path) -> dict[str, Entry]:
    """The one array, under the empty key."""
    with path.open("rb") as file:
        found = header(file)
    size = path.stat().st_size
    return {
        "": Entry(
            shape=found.shape,
            dtype=found.dtype.name,
            load=lambda: array_at(path, 0, size, found),
        )
    }
