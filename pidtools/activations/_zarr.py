"""Stores of zarr, versions 2 and 3: chunks are read block by block."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from pidtools._stored import stored
from pidtools._types import Array
from pidtools.activations._entry import PICKLED, Entry, UnreadableError, unreadable

BROKEN = "is not a whole zarr store; write it again with zarr."
MARKS = ("zarr.json", ".zgroup", ".zarray", ".zmetadata")


def looks_like(path: Path) -> bool:
    """Whether a folder, or a zip named so, is such a store."""
    if path.is_file():
        return path.name.endswith(".zarr.zip")
    return any((path / mark).is_file() for mark in MARKS)


def _opened(path: Path) -> Any:
    try:
        import zarr
    except ImportError:
        raise UnreadableError(
            "is a zarr store, which takes zarr to read: pip install 'pidtools[files]'."
        ) from None
    try:
        return zarr.open(str(path), mode="r")
    except Exception as error:  # of whichever part of a store is broken
        raise UnreadableError(f"{BROKEN[:-1]} ({_first_line(error)}).") from None


def entries(path: Path) -> dict[str, Entry]:
    """Arrays of all groups by their keys; numbers in keys count as numbers.

    A store does not keep the order in which arrays were saved.
    """
    found = _opened(path)
    if hasattr(found, "shape"):
        return {"": _entry(path, "", found)}
    try:
        members = dict(found.members(max_depth=None))
    except Exception as error:  # of whichever part of a store is broken
        raise UnreadableError(f"{BROKEN[:-1]} ({_first_line(error)}).") from None
    arrays = {key: item for key, item in members.items() if hasattr(item, "shape")}
    return {key: _entry(path, key, arrays[key]) for key in sorted(arrays, key=_natural)}


def _natural(key: str) -> list[tuple[int, str]]:
    """So that layer10 comes after layer9."""
    parts = re.split(r"(\d+)", key)
    return [(int(part), "") if k % 2 else (-1, part) for k, part in enumerate(parts)]


def _entry(path: Path, key: str, array: Any) -> Entry:
    if np.dtype(array.dtype).kind == "O":
        return unreadable(PICKLED)
    return Entry(shape=tuple(array.shape), dtype=str(array.dtype), load=lambda: _load(path, key))


def _load(path: Path, key: str) -> Array:
    opened = _opened(path)
    array = opened[key] if key else opened
    try:
        lazy = stored(array)
        return np.asarray(array[...]).astype(str) if lazy is None else lazy.whole()
    except ValueError:
        raise
    except Exception as error:  # of codecs, of chunks that are cut off
        raise UnreadableError(f"can't be read ({_first_line(error)}); write it again.") from None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
