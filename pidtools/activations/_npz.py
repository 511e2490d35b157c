"""Files of `numpy.savez`: members that are not compressed are mapped where they lie."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from pidtools._small_floats import becomes, decoded
from pidtools._stored import LARGE
from pidtools._temporary import mapped
from pidtools._types import Array
from pidtools.activations import _npy
from pidtools.activations._entry import Entry, UnreadableError, unreadable
from pidtools.activations._npy import Header

MAGIC = b"PK\x03\x04"
EMPTY_MAGIC = b"PK\x05\x06"
BROKEN = "is not a whole .npz file; save it with numpy.savez."
# No byte of a compressed member stands for more (deflate; others are not written by NumPy).
MOST_PACKED = 1032
LOCAL_HEADER = 30
BLOCK = 2**24
# What zipfile raises of damaged archives: of their structure, of packed bytes, of ends that are
# missing, of places that can't be read, of ways of packing it does not know, and of passwords.
ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)


def entries(path: Path) -> dict[str, Entry]:
    """Arrays by their keys, in the order in which they were saved."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (*ERRORS, ValueError, struct.error):
        raise UnreadableError(BROKEN) from None
    arrays = [member for member in members if member.filename.endswith(".npy")]
    if len({member.filename for member in arrays}) < len(arrays):
        raise UnreadableError(f"holds two arrays of one name; {BROKEN[3:]}")
    return {member.filename.removesuffix(".npy"): _entry(path, member) for member in arrays}


def _entry(path: Path, member: zipfile.ZipInfo) -> Entry:
    try:
        _check_size(path, member)
        with zipfile.ZipFile(path) as archive, archive.open(member) as file:
            found = _npy.header(file)
        if found.n_bytes + found.nbytes > member.file_size:
            raise UnreadableError(
                f"is not whole: its header says shape {found.shape} of {found.dtype}, "
                f"{found.nbytes} bytes, and {member.file_size - found.n_bytes} are there; save it "
                "with numpy.savez."
            )
    except UnreadableError as error:
        return unreadable(str(error))
    except ERRORS:
        return unreadable(BROKEN)
    return Entry(shape=found.shape, dtype=found.dtype.name, load=lambda: _load(path, member, found))


def _check_size(path: Path, member: zipfile.ZipInfo) -> None:
    size = path.stat().st_size
    is_packed = member.compress_type != zipfile.ZIP_STORED
    most = MOST_PACKED * (member.compress_size + 64) if is_packed else member.compress_size
    if member.header_offset + member.compress_size > size or member.file_size > most:
        raise UnreadableError(BROKEN)


def _load(path: Path, member: zipfile.ZipInfo, found: Header) -> Array:
    try:
        is_plain = member.compress_type == zipfile.ZIP_STORED and not member.flag_bits & 1
        return _mapped(path, member, found) if is_plain else _unpacked(path, member, found)
    except UnreadableError:
        raise
    except ERRORS:
        raise UnreadableError(BROKEN) from None


def _mapped(path: Path, member: zipfile.ZipInfo, found: Header) -> Array:
    """A map; the local header says anew how long the name and the extra field before it are."""
    with path.open("rb") as file:
        file.seek(member.header_offset)
        local = file.read(LOCAL_HEADER)
        if len(local) < LOCAL_HEADER or local[:4] != MAGIC:
            raise UnreadableError(BROKEN)
        n_name, n_extra = struct.unpack("<HH", local[26:30])
        start = member.header_offset + LOCAL_HEADER + n_name + n_extra
        file.seek(start)
        if _npy.header(file) != found:
            raise UnreadableError(BROKEN)
    stop = min(start + member.file_size, path.stat().st_size)
    return _npy.array_at(path, start, stop, found)


def _unpacked(path: Path, member: zipfile.ZipInfo, found: Header) -> Array:
    """Compressed entries in memory, or in a temporary map where they are large."""
    dtype = becomes(found.dtype)
    with zipfile.ZipFile(path) as archive, archive.open(member) as file:
        _npy.header(file)
        if found.nbytes <= LARGE:
            whole = np.frombuffer(_exactly(file, found.nbytes), dtype=found.dtype)
            return decoded(whole).reshape(found.shape, order=found.order)  # type: ignore[call-overload,no-any-return]
        n = found.nbytes // found.dtype.itemsize
        flat = mapped(_parts(file, found), (n,), dtype)
    return flat.reshape(found.shape, order=found.order)  # type: ignore[call-overload,no-any-return]


def _parts(file: IO[bytes], found: Header) -> Iterator[Array]:
    size = found.dtype.itemsize
    left, step = found.nbytes, max(BLOCK // size, 1) * size
    while left:
        n = min(step, left)
        yield decoded(np.frombuffer(_exactly(file, n), dtype=found.dtype))
        left -= n


def _exactly(file: IO[bytes], n: int) -> bytes:
    buffer = io.BytesIO()
    while buffer.tell() < n:
        part = file.read(n - buffer.tell())
        if not part:
            raise UnreadableError(BROKEN)
        buffer.write(part)
    return buffer.getvalue()
