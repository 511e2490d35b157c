"""The four routines of BLAS and LAPACK that the kernels need, callable from compiled code.

SciPy exports its own BLAS and LAPACK as C functions. Their addresses differ from process to
process, so a kernel that held one could not be cached on disk; here the addresses are data
(`Routines`), handed to the kernel with its other arguments.

Arrays are C-contiguous, Fortran reads them transposed: a lower triangle here is an upper
triangle there, which is why every call says "U".
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import scipy.linalg.cython_blas
import scipy.linalg.cython_lapack  # noqa: F401  (loaded so that its addresses can be read)
from llvmlite import ir
from numba import types
from numba.extending import get_cython_function_address, intrinsic
from numpy.typing import NDArray

from pidtools._broja.jit import inner_kernel


class Routines(NamedTuple):
    """Addresses of the routines, and the letters they take as options."""

    dsyrk: int
    dtrsm: int
    dpotrf: int
    dpotrs: int
    dpotri: int
    letters: NDArray[np.uint8]


@cache
def routines() -> Routines:
    """Look the addresses up, once a process."""
    blas = [f"scipy.linalg.cython_blas:{name}" for name in ("dsyrk", "dtrsm")]
    lapack = [f"scipy.linalg.cython_lapack:{name}" for name in ("dpotrf", "dpotrs", "dpotri")]
    addresses = (get_cython_function_address(*name.split(":")) for name in blas + lapack)
    dsyrk, dtrsm, dpotrf, dpotrs, dpotri = addresses
    letters = np.frombuffer(b"UNTR", dtype=np.uint8).copy()
    return Routines(dsyrk, dtrsm, dpotrf, dpotrs, dpotri, letters)


@intrinsic
def _call(typing_context: Any, address: Any, arrays: Any) -> Any:
    """Call the routine at `address` with a pointer to the data of each array."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = ir.PointerType(ir.IntType(8))
        pointers = []
        for k, array_type in enumerate(arrays.types):
            array = context.make_array(array_type)(
                context, builder, builder.extract_value(args[1], k)
            )
            pointers.append(builder.bitcast(array.data, pointer))
        routine = ir.FunctionType(ir.VoidType(), [pointer] * len(pointers))
        builder.call(builder.inttoptr(args[0], ir.PointerType(routine)), pointers)
        return context.get_dummy_value()

    return types.void(address, arrays), generate


@inner_kernel
def _integers(first: Any, second: Any) -> Any:
    """Two C integers and room for what the routine reports."""
    out = np.empty(3, np.int32)
    out[0], out[1], out[2] = first, second, 0
    return out


@inner_kernel
def subtract_gram(lib: Any, T: Any, S: Any) -> Any:
    """Subtract T'T from the lower triangle of S."""
    size, factor = _integers(S.shape[0], T.shape[0]), np.ones(2)
    factor[0] = -1.0
    n, k = size[:1], size[1:]
    upper, no = lib.letters[:1], lib.letters[1:2]
    _call(lib.dsyrk, (upper, no, n, k, factor, T, n, factor[1:], S, n))


@inner_kernel
def solve_lower(lib: Any, L: Any, B: Any) -> Any:
    """Replace B by inv(L) B for a lower triangular L."""
    size, one = _integers(B.shape[1], B.shape[0]), np.ones(1)
    m, n = size[:1], size[1:]
    upper, no, right = lib.letters[:1], lib.letters[1:2], lib.letters[3:]
    _call(lib.dtrsm, (right, upper, no, no, m, n, one, L, n, B, m))


@inner_kernel
def cholesky(lib: Any, S: Any) -> Any:
    """Replace the lower triangle of S by its Cholesky factor; True when that succeeded."""
    size = _integers(S.shape[0], 0)
    _call(lib.dpotrf, (lib.letters, size, S, size, size[2:]))
    return size[2] == 0


@inner_kernel
def cholesky_solve(lib: Any, L: Any, x: Any) -> Any:
    """Replace x by the solution of L L' z = x."""
    size = _integers(L.shape[0], 1)
    _call(lib.dpotrs, (lib.letters, size, size[1:], L, size, x, size, size[2:]))


@inner_kernel
def cholesky_inverse(lib: Any, L: Any) -> Any:
    """Replace the lower triangle of L by that of inv(L L')."""
    size = _integers(L.shape[0], 0)
    _call(lib.dpotri, (lib.letters, size, L, size, size[2:]))
