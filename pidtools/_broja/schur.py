"""Factorisation of H by eliminating the row variables: one dense matrix over the column variables.

H_aa is block diagonal, one small block for each t. With L_t its Cholesky factors and
T = inv(L) H_ab, the column variables see S = H_bb - T'T. About n1 n2^2 + n2^3 / 3 operations and
8 (n1 n2 + n2^2) bytes for n1 row and n2 column variables (n1 is the larger number).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pidtools._broja import fortran
from pidtools._broja.hessian import columns_to_rows, rows_to_columns
from pidtools._broja.jit import assign, fast_inner_kernel, fill, inner_kernel

_BY_HAND = 24
"""Below this many column variables the loops here beat calls of BLAS."""


class Schur(NamedTuple):
    """Workspace and, after `factorise`, factors."""

    block_start: NDArray[np.int64]
    blocks: NDArray[np.float64]
    coupling: NDArray[np.float64]
    complement: NDArray[np.float64]


def workspace(sup: Any) -> Any:
    """Allocate for one support; filled by `factorise`."""
    n_rows = sup.row_start.size - 1
    block_start = np.zeros(n_rows + 1, np.int64)
    for t in range(n_rows):
        width = sup.row_start[t + 1] - sup.row_start[t]
        block_start[t + 1] = block_start[t] + width * width
    n_cols = sup.col_class.size
    return Schur(
        block_start,
        np.empty(block_start[-1]),
        np.empty((sup.row_class.size, n_cols)),
        np.empty((n_cols, n_cols)),
    )


workspace_inner = inner_kernel(workspace)
"""`workspace` for kernels; for Python the plain function needs no compiling."""


@fast_inner_kernel
def _assemble(sup: Any, pi: Any, s: Any, k: Any, schur: Any) -> Any:
    fill(schur.blocks, 0.0)
    fill(schur.coupling.reshape(schur.coupling.size), 0.0)
    fill(schur.complement.reshape(schur.complement.size), 0.0)
    for c in range(s.size):
        t = sup.cell_row[c]
        offset = sup.row_start[t]
        width = sup.row_start[t + 1] - offset
        start = schur.block_start[t]
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            i, j = np.int64(sup.row[e]), np.int64(sup.col[e])
            lift = k[c] * pi[e]
            own = start + (i - offset) * width - offset
            for d in range(sup.cell_start[c], e):
                value = lift * pi[d]
                schur.blocks[own + sup.row[d]] += value
                schur.complement[j, sup.col[d]] += value
                schur.coupling[i, sup.col[d]] = value
                schur.coupling[sup.row[d], j] = value
            value = lift * pi[e] + s[c] * pi[e]
            schur.blocks[own + i] += value
            schur.complement[j, j] += value
            schur.coupling[i, j] = value


@fast_inner_kernel
def _cholesky_by_hand(S: Any) -> Any:
    for i in range(S.shape[0]):
        for j in range(i):
            value = S[i, j]
            for m in range(j):
                value -= S[i, m] * S[j, m]
            S[i, j] = value / S[j, j]
        value = S[i, i]
        for m in range(i):
            value -= S[i, m] * S[i, m]
        if not value > 0.0:
            return False
        S[i, i] = math.sqrt(value)
    return True


@fast_inner_kernel
def _solve_lower_by_hand(L: Any, B: Any) -> Any:
    for i in range(L.shape[0]):
        for m in range(i):
            factor = L[i, m]
            for j in range(B.shape[1]):
                B[i, j] -= factor * B[m, j]
        factor = 1.0 / L[i, i]
        for j in range(B.shape[1]):
            B[i, j] *= factor


@fast_inner_kernel
def _subtract_gram_by_hand(T: Any, S: Any) -> Any:
    for m in range(T.shape[0]):
        for i in range(S.shape[0]):
            factor = T[m, i]
            for j in range(i + 1):
                S[i, j] -= factor * T[m, j]


@fast_inner_kernel
def _solve_factored(L: Any, start: Any, n: Any, x: Any, first: Any) -> Any:
    """Solve L L' z = x in place; L lies at L[start:], row by row, x at x[first:]."""
    for i in range(n):
        value = x[first + i]
        for m in range(i):
            value -= L[start + i * n + m] * x[first + m]
        x[first + i] = value / L[start + i * n + i]
    for i in range(n - 1, -1, -1):
        value = x[first + i] / L[start + i * n + i]
        x[first + i] = value
        for m in range(i):
            x[first + m] -= L[start + i * n + m] * value


@inner_kernel
def _eliminate_rows(lib: Any, sup: Any, schur: Any, by_hand: Any) -> Any:
    for t in range(sup.row_start.size - 1):
        first, last = sup.row_start[t], sup.row_start[t + 1]
        width = last - first
        block = schur.blocks[schur.block_start[t] : schur.block_start[t + 1]].reshape(width, width)
        rows = schur.coupling[first:last]
        if by_hand:
            if not _cholesky_by_hand(block):
                return False
            _solve_lower_by_hand(block, rows)
        else:
            if not fortran.cholesky(lib, block):
                return False
            fortran.solve_lower(lib, block, rows)
    return True


@inner_kernel
def _regularise(sup: Any, schur: Any, pinned: Any, relative: Any) -> Any:
    for t in range(sup.row_start.size - 1):
        width = sup.row_start[t + 1] - sup.row_start[t]
        for i in range(width):
            schur.blocks[schur.block_start[t] + i * (width + 1)] *= 1.0 + relative
    for j in range(pinned.size):
        schur.complement[j, j] *= 1.0 + relative


@inner_kernel
def _pin(schur: Any, pinned: Any) -> Any:
    for j in range(pinned.size):
        if pinned[j]:
            schur.complement[j, : j + 1] = 0.0
            schur.complement[j:, j] = 0.0
            schur.complement[j, j] = 1.0


@inner_kernel
def factorise(lib: Any, sup: Any, pi: Any, s: Any, k: Any, pinned: Any, schur: Any) -> Any:
    """Assemble and factorise; the diagonal is raised as far as that needs. True on success."""
    by_hand = pinned.size <= _BY_HAND
    relative = 1e-14
    while relative < 1e-4:
        _assemble(sup, pi, s, k, schur)
        _regularise(sup, schur, pinned, relative)
        if _eliminate_rows(lib, sup, schur, by_hand):
            if by_hand:
                _subtract_gram_by_hand(schur.coupling, schur.complement)
            else:
                fortran.subtract_gram(lib, schur.coupling, schur.complement)
            _pin(schur, pinned)
            if by_hand:
                done = _cholesky_by_hand(schur.complement)
            else:
                done = fortran.cholesky(lib, schur.complement)
            if done:
                return True
        relative *= 10.0
    return False


@fast_inner_kernel
def _solve_blocks(sup: Any, schur: Any, x: Any) -> Any:
    for t in range(sup.row_start.size - 1):
        first = sup.row_start[t]
        width = sup.row_start[t + 1] - first
        _solve_factored(schur.blocks, schur.block_start[t], width, x, first)


@inner_kernel
def solve(
    lib: Any,
    sup: Any,
    pi: Any,
    s: Any,
    k: Any,
    pinned: Any,
    schur: Any,
    row_rhs: Any,
    col_rhs: Any,
    x: Any,
    z: Any,
) -> Any:
    """(x, z) = inv(H) (row_rhs, col_rhs), pinned columns at 0."""
    assign(x, row_rhs)
    _solve_blocks(sup, schur, x)
    assign(z, col_rhs)
    rows_to_columns(sup, pi, s, k, x, z)
    for j in range(pinned.size):
        if pinned[j]:
            z[j] = 0.0
    if pinned.size <= _BY_HAND:
        _solve_factored(schur.complement.reshape(z.size * z.size), 0, z.size, z, 0)
    else:
        fortran.cholesky_solve(lib, schur.complement, z)
    assign(x, row_rhs)
    columns_to_rows(sup, pi, s, k, z, x)
    _solve_blocks(sup, schur, x)
