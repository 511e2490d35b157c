"""Threads of BLAS and of scikit-learn, kept to one where more would be slower.

Their number is the process's own: two threads that each save, change and restore it can restore
what the other had changed.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from pidtools import _progress

_LIMITED = threading.Lock()
"""Held while BLAS is limited: who finds it held neither sets nor restores anything."""


@cache
def _libraries(module: str) -> Any:
    """The thread pools there are with a module; to look for them takes longer than a small fold."""
    from threadpoolctl import ThreadpoolController

    with _progress.uncounted(_progress.LOADING):
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
