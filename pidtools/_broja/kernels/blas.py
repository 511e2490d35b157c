"""The five routines of BLAS and LAPACK that the factorisations need.

Matrices are stored row by row, Fortran reads them transposed: a lower triangle here is an upper
triangle there, which is why every call says "U" (the letters are "UNTR").
"""

from __future__ import annotations

from typing import Any

from pidtools._compiled.pointers import at, call_fortran, inner


@inner
def _set_sizes(blas: Any, first: Any, second: Any) -> Any:
    """Write what the routine reads by address; returns pointers to both and to its report."""
    blas.sizes[0], blas.sizes[1], blas.sizes[2] = first, second, 0
    return at(blas.sizes, 0), at(blas.sizes, 1), at(blas.sizes, 2)


@inner
def subtract_gram(blas: Any, T: Any, n_rows: Any, S: Any, n: Any) -> Any:
    """Subtract T'T from the lower triangle of S, (n, n)."""
    n_, k, _ = _set_sizes(blas, n, n_rows)
    blas.factors[0], blas.factors[1] = -1.0, 1.0
    one = at(blas.factors, 1)
    call_fortran(
        blas.dsyrk, (blas.letters, at(blas.letters, 1), n_, k, blas.factors, T, n_, one, S, n_)
    )


@inner
def solve_lower(blas: Any, L: Any, B: Any, n_rows: Any, n_cols: Any) -> Any:
    """Replace B, (n_rows, n_cols), by inv(L) B for a lower triangular L."""
    m, n, _ = _set_sizes(blas, n_cols, n_rows)
    blas.factors[0] = 1.0
    no, right = at(blas.letters, 1), at(blas.letters, 3)
    call_fortran(blas.dtrsm, (right, blas.letters, no, no, m, n, blas.factors, L, n, B, m))


@inner
def cholesky(blas: Any, S: Any, n: Any) -> Any:
    """Replace the lower triangle of S by its Cholesky factor; True when that succeeded."""
    size, _, report = _set_sizes(blas, n, 0)
    call_fortran(blas.dpotrf, (blas.letters, size, S, size, report))
    return blas.sizes[2] == 0


@inner
def cholesky_solve(blas: Any, L: Any, n: Any, x: Any) -> Any:
    """Replace x by the solution of L L' z = x."""
    size, one, report = _set_sizes(blas, n, 1)
    call_fortran(blas.dpotrs, (blas.letters, size, one, L, size, x, size, report))


@inner
def cholesky_inverse(blas: Any, L: Any, n: Any) -> Any:
    """Replace the lower triangle of L by that of inv(L L')."""
    size, _, report = _set_sizes(blas, n, 0)
    call_fortran(blas.dpotri, (blas.letters, size, L, size, report))
