"""How the kernels of the solver are compiled: once, cached on disk, without the GIL."""

from __future__ import annotations

import numba

_COMMON = {"nogil": True, "error_model": "numpy"}
_INNER = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
_FAST = {"fastmath": {"reassoc", "contract", "nsz"}}

kernel = numba.njit(cache=True, **_COMMON)
"""A kernel that Python calls; sums are taken in the order written."""

inner_kernel = numba.njit(**_COMMON, **_INNER)
"""A kernel that only kernels call."""

fast_inner_kernel = numba.njit(**_COMMON, **_INNER, **_FAST)
"""A kernel that only kernels call and whose sums may be vectorised."""


@fast_inner_kernel
def fill(x, value):
    """Set every element (a slice would do, but takes much longer to compile)."""
    for i in range(x.size):
        x[i] = value


@fast_inner_kernel
def assign(x, y):
    """Copy y to x."""
    for i in range(x.size):
        x[i] = y[i]
