"""HDF5 files: contiguous datasets are mapped where they lie, chunked ones read block by block."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from pidtools._stored import stored
from pidtools._types import Array
from pidtools.activations._entry import Entry, UnreadableError, mapped_at, unreadable

MAGIC = b"\x89HDF\r\n\x1a\n"
NO_ARRAY = "holds references or rows of several lengths, and no array of numbers or strings."
BROKEN = "is not a whole HDF5 file; write it again, with h5py.File, and close it."


def _h5py() -> Any:
    try:
        import h5py
    except ImportError:
        raise UnreadableError(
            "is an HDF5 file, which takes h5py to read: pip install 'pidtools[files]'."
        ) from None
    return h5py


def entries(path: Path) -> dict[str, Entry]:
    """Datasets of all groups by their keys, in the order in which they lie in the file."""
    h5py = _h5py()
    found: dict[str, tuple[int, Entry]] = {}

    def visit(key: str | bytes, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            name = key if isinstance(key, str) else key.decode("utf-8", "replace")
            found[name] = h5py.h5o.get_info(item.id).addr, _entry(path, name, item)

    try:
        with h5py.File(path, "r") as file:
            file.visititems(visit)
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise UnreadableError(f"{BROKEN[:-1]} ({_first_line(error)}).") from None
    return {key: entry for key, (_, entry) in sorted(found.items(), key=lambda item: item[1][0])}


def _entry(path: Path, key: str, dataset: Any) -> Entry:
    h5py = _h5py()
    try:
        dtype = dataset.dtype
    except TypeError as error:  # types that NumPy has not
        return unreadable(f"can't be read ({_first_line(error)}).")
    if dataset.shape is None:
        return unreadable("is empty: it has no shape.")
    if dtype.hasobject and h5py.check_string_dtype(dtype) is None:
        return unreadable(NO_ARRAY)
    return Entry(shape=dataset.shape, dtype=str(dtype), load=lambda: _load(path, key))


def _load(path: Path, key: str) -> Array:
    h5py = _h5py()
    try:
        with h5py.File(path, "r") as file:
            dataset = file[key]
            if h5py.check_string_dtype(dataset.dtype) is not None:
                return np.asarray(dataset.asstr()[()]).astype(str)
            offset = _offset(dataset, path)
            if offset is None:
                lazy = stored(dataset)
                return np.asarray(dataset[()]) if lazy is None else lazy.whole()
            shape, dtype = dataset.shape, dataset.dtype
    except (OSError, RuntimeError, KeyError) as error:
        raise UnreadableError(
            f"can't be read ({_first_line(error)}); write the file again."
        ) from None
    return mapped_at(path, offset, shape, dtype)


def _offset(dataset: Any, path: Path) -> int | None:
    """Where plain entries lie in one piece in this file; None where they do not."""
    own = dataset.id.get_create_plist()
    is_elsewhere = dataset.is_virtual or own.get_external_count() > 0
    if is_elsewhere or dataset.chunks is not None or dataset.file.userblock_size:
        return None
    if dataset.dtype.kind not in "iuf" or _types_differ(dataset):
        return None
    offset: int | None = dataset.id.get_offset()
    nbytes = math.prod(dataset.shape) * dataset.dtype.itemsize
    if offset is None or offset + nbytes > path.stat().st_size:
        return None  # the library reads it, or says why not
    return offset


def _types_differ(dataset: Any) -> bool:
    """Whether what is stored has to be converted to what NumPy calls it."""
    stored_type = dataset.id.get_type()
    return bool(stored_type != _h5py().h5t.py_create(dataset.dtype))


def _first_line(error: Exception) -> str:
    return (str(error).strip("'\"").splitlines() or [type(error).__name__])[0]
