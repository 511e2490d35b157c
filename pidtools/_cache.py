"""Finished tasks in a folder, so that what was interrupted goes on where it stopped.

A task is called by a digest of all that determines its answer: the code and the versions of the
libraries under it, the estimator with its options, the seed, and every number of the data. An
entry is a file with a digest of its own. What is torn, foreign or of other versions is not found,
so that the worst that a damaged folder does is to have the task done again. Entries are written
beside their place and moved there, so that processes can share a folder.

joblib.Memory would also keep answers of functions, but it holds one version of a function at a
time, and an entry that was torn inside of an array is read as if it were whole.
"""

from __future__ import annotations

import errno
import hashlib
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from pidtools import _warnings
from pidtools._blocks import blocks
from pidtools._lazy_rows import LazyRows, blocks_of
from pidtools._types import Array

HEAD = b"pidtools task 1\n"
ENDING, WRITING = ".task", ".writing-"
# Seconds after which what somebody was writing is left over from a process that was ended.
LEFT_OVER = 24 * 3600.0
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT}) if hasattr(errno, "EDQUOT") else {errno.ENOSPC}
# What answers depend on, beside the code here and Python itself.
UNDERNEATH = ("numpy", "scipy", "scikit-learn", "numba", "cvxpy")


class Cache:
    """A folder of entries.

    Parameters
    ----------
    cache_dir : str or path-like
        Made where there is none.

    Raises
    ------
    TypeError, ValueError
        If it is no path, or nothing can be written there; that the disk is full is no reason.
    """

    def __init__(self, cache_dir: Any) -> None:
        if not isinstance(cache_dir, str | os.PathLike) or isinstance(cache_dir, bytes):
            raise TypeError(
                "cache_dir must be the path of a folder (str or Path) or None; got "
                f"{type(cache_dir).__name__}."
            )
        if not os.fspath(cache_dir):
            raise ValueError("cache_dir is empty; give the path of a folder, or None.")
        self.folder = Path(cache_dir).expanduser()
        self._trouble: str | None = None
        self._is_said = False
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._clear_up()
            handle, path = tempfile.mkstemp(prefix=WRITING, dir=self.folder)
            os.close(handle)
            os.unlink(path)
        except OSError as error:
            if error.errno in NO_ROOM:
                return
            raise ValueError(
                f"cache_dir {self.folder} can't be written to ({error.strerror or error}); give "
                "a folder that can, or None."
            ) from None

    @classmethod
    def of(cls, cache_dir: Any) -> Cache | None:
        """The cache in a folder; None of None."""
        return None if cache_dir is None else cls(cache_dir)

    def get(self, key: str) -> bytes | None:
        """What was kept of a task, if it is there and whole."""
        try:
            found = self._path(key).read_bytes()
        except OSError:
            return None
        head, digest, content = found[: len(HEAD)], found[len(HEAD) :][:32], found[len(HEAD) + 32 :]
        return content if head == HEAD and digest == _digest(key, content) else None

    def put(self, key: str, content: bytes) -> None:
        """Keep the answer of a task; after the first that fails, nothing more is tried."""
        if self._trouble is not None:
            return
        path: str | None = None
        try:
            handle, path = tempfile.mkstemp(prefix=WRITING, dir=self.folder)
            with os.fdopen(handle, "wb") as file:
                file.writelines((HEAD, _digest(key, content), content))
            os.replace(path, self._path(key))
        except OSError as error:
            if path is not None:
                with suppress(OSError):
                    os.unlink(path)
            if self.get(key) is not None:  # another process was first and holds it open
                return
            self._trouble = error.strerror or str(error)

    def warn_of_trouble(self) -> None:
        """Say once that nothing more is kept; not where warnings become notes on an answer."""
        if self._trouble is None or self._is_said:
            return
        self._is_said = True
        _warnings.warn(
            f"cache_dir {self.folder} can't be written to any more ({self._trouble}): the answer "
            "is not touched by that, but what is finished from here on is not kept."
        )

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{ENDING}"

    def _clear_up(self) -> None:
        """Remove what processes that were ended were writing."""
        for path in self.folder.glob(f"{WRITING}*"):
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > LEFT_OVER:
                    path.unlink()


def _digest(key: str, content: bytes) -> bytes:
    return hashlib.blake2b(key.encode() + content, digest_size=32).digest()


def key_of(*parts: Any) -> str:
    """A digest of arrays, strings, numbers, None and of what pickles, in this order."""
    state = hashlib.blake2b(digest_size=20)
    for part in (*_versions(), *parts):
        for piece in _pieces(part):
            state.update(piece)
        state.update(b"\x00|")
    return state.hexdigest()


def _pieces(part: Any) -> Iterable[bytes]:
    if part is None or isinstance(part, str | int | float | bool | bytes):
        yield repr(part).encode()
    elif isinstance(part, np.ndarray) and not part.dtype.hasobject:
        yield f"{part.dtype.str}{part.shape}".encode()
        flat = part.reshape(len(part), -1) if part.ndim > 1 else part.reshape(-1, 1)
        for rows in blocks(*flat.shape):
            yield np.ascontiguousarray(flat[rows]).tobytes()
    elif isinstance(part, LazyRows):
        yield f"by rows {part.dtype.str}{part.shape}".encode()
        yield from (block.tobytes() for _, block in blocks_of(part))
    elif isinstance(part, tuple | list):
        yield f"{len(part)} of".encode()
        for inner in part:
            yield from _pieces(inner)
    else:
        from joblib import hash as digest

        yield str(digest(part)).encode()
        yield _source_of(type(part)).encode()


def key_of_array(array: Array | None) -> str:
    """A digest of an array alone, for keys that have it in common."""
    return key_of("array", array)


def is_lasting(own: Any) -> bool:
    """Whether another process would find the class of this object by the same name."""
    return type(own).__module__ not in ("__main__", "__mp_main__") and "<" not in (
        type(own).__qualname__
    )


def _source_of(kind: type) -> str:
    """The name of a class; also its text, unless its library's version counts."""
    import inspect

    name = f"{kind.__module__}.{kind.__qualname__}"
    if kind.__module__.split(".")[0] in ("pidtools", "sklearn", "numpy", "builtins"):
        return name
    try:
        return f"{name}\n{inspect.getsource(kind)}"
    except (OSError, TypeError):
        return name


@cache
def _versions() -> tuple[str, ...]:
    """What the same data have another answer with, maybe."""
    from importlib.metadata import PackageNotFoundError, version

    found = [f"python {sys.version_info[:2]}", platform.machine(), sys.byteorder, _code()]
    for name in UNDERNEATH:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(name)
    return tuple(found)


def _code() -> str:
    """A digest of the code of this package, whatever its version says of it."""
    state, root = hashlib.blake2b(digest_size=20), Path(__file__).parent
    for path in sorted(root.rglob("*.py")):
        state.update(path.relative_to(root).as_posix().encode() + b"\x00")
        state.update(path.read_bytes())
    return state.hexdigest()
