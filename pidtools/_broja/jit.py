"""How the kernels of the solver are compiled: once, cached on disk, without the GIL.

A cached kernel holds the code of all kernels it calls, but numba looks for changes only in the
file it is written in. Here the name of a cached kernel carries a digest of all kernel sources,
so that a new version of this package never runs the code of an old one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

_COMMON = {"nogil": True, "error_model": "numpy"}
_INNER = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
_FAST = {"fastmath": {"reassoc", "contract", "nsz"}}


def _digest_of_sources() -> str:
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


_DIGEST = _digest_of_sources()


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a kernel that Python calls; sums are taken in the order written.

    Cached beside the source or, where that is read-only, in the user's cache folder; where
    there is no place at all, compiled anew in each process.
    """
    function.__qualname__ = f"{function.__qualname__}_{_DIGEST}"
    try:
        return numba.njit(cache=True, **_COMMON)(function)
    except RuntimeError:
        return numba.njit(**_COMMON)(function)


inner_kernel = numba.njit(**_COMMON, **_INNER)
"""A kernel that only kernels call."""

fast_inner_kernel = numba.njit(**_COMMON, **_INNER, **_FAST)
"""A kernel that only kernels call and whose sums may be vectorised."""


@fast_inner_kernel
def fill(x: Any, value: Any) -> Any:
    """Set every element (a slice would do, but takes much longer to compile)."""
    for i in range(x.size):
        x[i] = value


@fast_inner_kernel
def assign(x: Any, y: Any) -> Any:
    """Copy y to x."""
    for i in range(x.size):
        x[i] = y[i]
