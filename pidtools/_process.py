"""State that belongs to the whole process, changed so that threads don't leave it changed.

The number of BLAS threads and the filters of warnings are the process's own. Two threads that
each save, change and restore them can restore what the other had changed.
"""

from __future__ import annotations

import importlib
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from pidtools._result import PIDWarning

_COLLECTED: ContextVar[list[PIDWarning] | None] = ContextVar("collected", default=None)
_LIMITED = threading.Lock()
"""Held while BLAS is limited: who finds it held neither sets nor restores anything."""


@cache
def _libraries(module: str) -> Any:
    """The thread pools there are with a module; to look for them takes longer than a small fold."""
    from threadpoolctl import ThreadpoolController

    importlib.import_module(module)  # only libraries that are loaded are seen
    return ThreadpoolController()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS to one thread: more made a Cholesky up to 100 times slower on a busy machine.

    Where threads overlap, the limit is the first one's and ends with it.
    """
    if not _LIMITED.acquire(blocking=False):
        yield
        return
    try:
        with _libraries("scipy.linalg.cython_blas").limit(limits=1, user_api="blas"):
            yield
    finally:
        _LIMITED.release()


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep BLAS and scikit-learn to one thread; OpenMP's limit is of the calling thread alone."""
    trees = _libraries("sklearn.ensemble")
    with one_blas_thread(), trees.limit(limits=1, user_api="openmp"):
        yield


def warn(text: str, *, stacklevel: int = 1) -> None:
    """Warn the user, or who collects in this thread; `stacklevel` as in `warnings.warn`."""
    collected = _COLLECTED.get()
    if collected is None:
        warnings.warn(text, PIDWarning, stacklevel=stacklevel + 1)
    else:
        collected.append(PIDWarning(text))


@contextmanager
def collecting() -> Iterator[list[PIDWarning]]:
    """Collect what this thread warns of by `warn`; `warnings.catch_warnings` is all threads'."""
    collected: list[PIDWarning] = []
    token = _COLLECTED.set(collected)
    try:
        yield collected
    finally:
        _COLLECTED.reset(token)


@contextmanager
def ignoring(category: type[Warning]) -> Iterator[None]:
    """Ignore warnings of a kind, in the main thread; others obey the filters that it has set."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category)
        yield
