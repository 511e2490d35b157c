"""How kernels are compiled: once, cached on disk, without the GIL."""

from __future__ import annotations

import functools
import hashlib
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numba
from numba.core import caching, registry
from numba.core.runtime import rtsys

from pidtools import _progress
from pidtools._compiled.folders import digest, folders


class _Switch:
    """Numba's switch for its compiler, which is the whole process's, held on for a while."""

    def __init__(self) -> None:
        self.lock, self.n_holders, self.before = threading.Lock(), 0, 0

    def hold(self) -> None:
        """Switch on; the first holder keeps what was set."""
        with self.lock:
            if self.n_holders == 0:
                self.before, numba.config.DISABLE_JIT = numba.config.DISABLE_JIT, 0
            self.n_holders += 1

    def release(self) -> None:
        """Set what was set before, when nobody holds it any more."""
        with self.lock:
            self.n_holders -= 1
            if self.n_holders == 0:
                numba.config.DISABLE_JIT = self.before


_SWITCH = _Switch()


@contextmanager
def compiler_on() -> Iterator[None]:
    """Compile also where NUMBA_DISABLE_JIT is set, for coverage or a debugger.

    It is meant for the user's own functions; kernels of the solver can't run without it, and
    those of neighbours would take hours.
    """
    _SWITCH.hold()
    try:
        yield
    finally:
        _SWITCH.release()


def _version() -> str:
    """Digest of all that decides on machine code, the processor too."""
    processor = registry.cpu_target.target_context.codegen().magic_tuple()
    return digest(numba.__version__, *map(str, processor))


# A kernel that is kept holds those it calls, of other files too: one version for all of them.
_VERSION = _version()


class _Place(caching._CacheLocator):
    """Where numba's files of a kernel lie: the folder is chosen when they are read or written."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._py_file = function.__code__.co_filename

    def ensure_cache_path(self) -> None:
        """Nothing is left to do: `folders` makes them."""

    def get_cache_path(self) -> str:
        """No folder yet."""
        return ""

    def get_source_stamp(self) -> str:
        """What the code was compiled from."""
        return _VERSION

    def get_disambiguator(self) -> str:
        """What sets versions apart that share a folder."""
        return _VERSION


class _Files(caching.CompileResultCacheImpl):
    """Names of numba's files, whatever it was told of places."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._locator, self._lineno = _Place(function), function.__code__.co_firstlineno
        name = f"{function.__module__}.{function.__qualname__}"
        self._filename_base = self.get_filename_base(name, getattr(sys, "abiflags", ""))


class _Cache(caching.FunctionCache):
    """Numba's cache in the folders of `pidtools`; what can't be read or written is compiled."""

    _impl_class = _Files

    def holds(self, sig: Any) -> bool:
        """Whether there is a file of what was compiled for a signature; it may be damaged."""
        return any(Path(self._file(folder, sig)._index_path).exists() for folder in folders())

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """What was compiled for a signature, or None.

        Numba's own would first import all that it can compile, which takes a quarter of a second;
        code that was compiled needs its runtime alone.
        """
        rtsys.initialize(target_context)
        for folder in folders():
            self._cache_file = self._file(folder, sig)
            try:
                found = self._load_overload(sig, target_context)
            except Exception:
                # Damaged files raise whatever pickles raise.
                with suppress(OSError):
                    self.flush()
                continue
            if found is not None:
                return found
        _progress.UNCOUNTED.begin(
            _progress.COMPILING
        )  # numba calls `save_overload` when it is done
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled for a signature, where there is a place for it."""
        _progress.UNCOUNTED.end()
        for folder in folders(create=True):
            self._cache_file = self._file(folder, sig)
            with suppress(OSError):
                super().save_overload(sig, data)
                return

    def _file(self, folder: Path, sig: Any) -> Any:
        """A file for one signature: processes that write two at once can't mix them up."""
        name = f"{self._impl.filename_base}-{hashlib.sha256(str(sig).encode()).hexdigest()[:8]}"
        return caching.IndexDataCacheFile(str(folder), name, _VERSION)


def keep(compiled: Any, function: Callable[..., Any]) -> None:
    """Have numba keep what it compiles of a function, and find it again.

    Its own places for that need source files, which archives and bytecode have not.
    """
    compiled._cache = _Cache(function)


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a kernel that Python calls with arrays."""
    with compiler_on():
        compiled = numba.njit(nogil=True)(function)
    keep(compiled, function)

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        if not numba.config.DISABLE_JIT:
            return compiled(*arguments)
        with compiler_on():
            return compiled(*arguments)

    return call


def inner_kernel(function: Callable[..., Any]) -> Any:
    """Compile a kernel that only kernels call."""
    with compiler_on():
        return numba.njit(nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)
