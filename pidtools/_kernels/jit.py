"""How kernels are compiled: once, cached on disk, without the GIL."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba


def _digest_of_sources() -> str:
    """Digest of all kernels here: a cached one holds those it calls, of other files too."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


_DIGEST = _digest_of_sources()


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a kernel that Python calls.

    Its name in the cache carries the digest, so that no version runs the code of another. The
    cache lies beside the source or, where that is read-only, in the user's folder; where there
    is no place at all, the kernel is compiled anew in each process.
    """
    function.__qualname__ = f"{function.__qualname__}_{_DIGEST}"
    try:
        return numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:
        return numba.njit(nogil=True)(function)


inner_kernel = numba.njit(nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
"""A kernel that only kernels call."""
