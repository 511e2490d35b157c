"""How kernels are compiled: once, cached on disk, without the GIL."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numba
from numba.core import caching

from pidtools._compiled.cache import digest, folders


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


# A cached kernel holds those it calls, of other files too.
_DIGEST = digest(numba.__version__)


class _Place(caching._CacheLocator):
    """Where numba's files of a kernel lie: the folder is chosen when they are read or written."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    @classmethod
    def from_function(cls, py_func: Callable[..., Any], py_file: str) -> _Place:
        """The place, for every function: it need not have a file of its own."""
        return cls(py_func)

    def ensure_cache_path(self) -> None:
        """Nothing is left to do: `folders` makes them."""

    def get_cache_path(self) -> str:
        """No folder yet."""
        return ""

    def get_source_stamp(self) -> str:
        """What the code was compiled from."""
        return _DIGEST

    def get_disambiguator(self) -> str:
        """What sets versions apart that share a folder."""
        return _DIGEST


class _Files(caching.CompileResultCacheImpl):
    _locator_classes = (_Place,)


class _Cache(caching.FunctionCache):
    """Numba's cache in the folders of `pidtools`; what can't be read or written is compiled."""

    _impl_class = _Files

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """What was compiled for a signature, or None."""
        for folder in folders():
            self._choose(folder)
            try:
                found = super().load_overload(sig, target_context)
            except Exception:
                # Damaged files raise whatever pickles raise.
                with suppress(OSError):
                    self.flush()
                continue
            if found is not None:
                return found
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled for a signature, where there is a place for it."""
        for folder in folders(create=True):
            self._choose(folder)
            with suppress(OSError):
                super().save_overload(sig, data)
                return

    def _choose(self, folder: Any) -> None:
        name = self._impl.filename_base
        self._cache_file = caching.IndexDataCacheFile(str(folder), name, _DIGEST)


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a kernel that Python calls.

    Numba's own places for a cache need source files, which archives and bytecode have not.
    """
    with compiler_on():
        compiled = numba.njit(nogil=True)(function)
    with suppress(RuntimeError):  # NUMBA_CACHE_LOCATOR_CLASSES may name what there is not
        compiled._cache = _Cache(function)

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
