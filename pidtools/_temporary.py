"""Temporary files of arrays that are larger than should stand in memory.

They lie in one folder a process, where `tempfile` puts it (``TMPDIR``). A file goes when the last
array over it is gone, the folder when Python ends; a process that is killed leaves it behind.
"""

from __future__ import annotations

import atexit
import math
import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np

from pidtools._types import Array

_FOLDERS: dict[int, Path] = {}  # by process: a forked child takes one of its own
_LOCK = threading.Lock()


def anonymous(parts: Iterable[Array], shape: tuple[int, ...], dtype: np.dtype[Any]) -> BinaryIO:
    """A temporary file without a name, which no process leaves behind; otherwise as `mapped`."""
    folder = Path(tempfile.gettempdir())
    wanted = _check_space(shape, dtype, folder)
    file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  # as long as whoever asks for it lives
    try:
        _write(file, parts, dtype)
    except OSError as error:
        file.close()
        raise ValueError(_no_space(wanted, error.strerror or str(error), folder)) from None
    return cast(BinaryIO, file)


def mapped(parts: Iterable[Array], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """A read-only memory map of a temporary file that holds the parts one after the other.

    Parameters
    ----------
    parts : iterable of ndarray
        Consecutive rows; written before the next is asked for.
    shape, dtype
        Of all rows together, at least one entry.

    Raises
    ------
    ValueError
        If the file does not fit where temporary files go.
    """
    folder = _folder()
    wanted = _check_space(shape, dtype, folder)
    descriptor, path = tempfile.mkstemp(suffix=".bin", dir=folder)
    try:
        with open(descriptor, "wb") as file:
            _write(file, parts, dtype)
        array = np.memmap(path, dtype=dtype, mode="r", shape=shape)
    except BaseException as error:  # an interrupt too: nothing may be left behind
        _remove(path, os.getpid())
        if isinstance(error, OSError):
            reason = error.strerror or str(error)
            raise ValueError(_no_space(wanted, reason, folder)) from None
        raise
    weakref.finalize(array._mmap, _remove, path, os.getpid())  # type: ignore[attr-defined]
    return array


def _check_space(shape: tuple[int, ...], dtype: np.dtype[Any], folder: Path) -> int:
    """Bytes that are wanted; refused where so many are not free."""
    wanted, free = math.prod(shape) * dtype.itemsize, shutil.disk_usage(folder).free
    if wanted > free:
        raise ValueError(_no_space(wanted, f"{free / 2**30:.1f} GiB are free", folder))
    return wanted


def _write(file: Any, parts: Iterable[Array], dtype: np.dtype[Any]) -> None:
    for part in parts:
        file.write(np.ascontiguousarray(part, dtype=dtype).reshape(-1).view(np.uint8).data)
    file.flush()


def _no_space(wanted: int, reason: str, folder: Path) -> str:
    return (
        f"A temporary copy of {wanted / 2**30:.1f} GiB can't be written to {folder} ({reason}); "
        "set TMPDIR to a folder with more space, or pass fewer rows or columns."
    )


def _folder() -> Path:
    own = os.getpid()
    with _LOCK:
        if own not in _FOLDERS or not _FOLDERS[own].is_dir():
            _FOLDERS[own] = Path(tempfile.mkdtemp(prefix="pidtools-"))
            atexit.register(_clear, own)
        return _FOLDERS[own]


def _clear(owner: int) -> None:
    if owner == os.getpid():
        shutil.rmtree(_FOLDERS[owner], ignore_errors=True)


def _remove(path: str, owner: int) -> None:
    """By its maker alone; Windows keeps a file that is still mapped until the end."""
    if owner == os.getpid():
        with suppress(OSError):
            os.unlink(path)
