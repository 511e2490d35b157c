"""Factorisation of H by eliminating the row variables: one dense matrix over the column variables.

H_aa is block diagonal, one small block for each t. With L_t its Cholesky factors and
T = inv(L) H_ab, the column variables see S = H_bb - T'T. About n1 n2^2 + n2^3 / 3 operations and
8 (n1 n2 + n2^2) bytes for n1 row and n2 column variables (n1 is the larger number).
"""

from __future__ import annotations

import math
from typing import Any

from pidtools._broja.kernels import blas
from pidtools._broja.kernels.headers import SUCCEEDED, Schur, Solve
from pidtools._broja.kernels.hessian import half_multiply
from pidtools._compiled.pointers import assign, at, entry, fill, header_at, inner, view

solve_of = view(Solve)
schur_of = view(Schur)


@inner
def _assemble(h: Any, relative: Any) -> Any:
    """Write H, its diagonal raised a little."""
    v = solve_of(h)
    w = schur_of(header_at(v.factor))
    sup, pi, n_cols = v.problem.support, v.point.pi, v.problem.support.n_cols
    fill(w.coupling, sup.n_rows * n_cols, 0.0)
    fill(w.complement, n_cols * n_cols, 0.0)
    c, start = 0, 0
    for t in range(sup.n_row_values):
        offset = sup.row_start[t]
        width = sup.row_start[t + 1] - offset
        fill(at(w.blocks, start), width * width, 0.0)
        while c < sup.n_cells and sup.cell_row[c] == t:
            s, k = v.point.s[c], v.k[c]
            for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
                i, j = sup.row[e], sup.col[e]
                own = start + (i - offset) * width - offset
                lift = k * pi[e]
                for d in range(sup.cell_start[c], e):
                    value = lift * pi[d]
                    w.blocks[own + sup.row[d]] += value
                    w.complement[j * n_cols + sup.col[d]] += value
                    w.coupling[i * n_cols + sup.col[d]] = value
                    w.coupling[sup.row[d] * n_cols + j] = value
                value = lift * pi[e] + s * pi[e]
                w.blocks[own + i] += value
                w.complement[j * n_cols + j] += value
                w.coupling[i * n_cols + j] = value
            c += 1
        for i in range(width):
            w.blocks[start + i * (width + 1)] *= 1.0 + relative
        start += width * width
    for j in range(n_cols):
        w.complement[j * (n_cols + 1)] *= 1.0 + relative


@inner
def cholesky_by_hand(S: Any, n: Any) -> Any:
    """`blas.cholesky` for small matrices, the inverse of each diagonal element in its place."""
    for i in range(n):
        for j in range(i):
            value = S[i * n + j]
            for m in range(j):
                value -= S[i * n + m] * S[j * n + m]
            S[i * n + j] = value * S[j * n + j]
        value = S[i * n + i]
        for m in range(i):
            value -= S[i * n + m] * S[i * n + m]
        if not value > 0.0:
            return False
        S[i * n + i] = 1.0 / math.sqrt(value)
    return True


@inner
def _solve_lower_by_hand(L: Any, B: Any, n_rows: Any, n_cols: Any) -> Any:
    for i in range(n_rows):
        for m in range(i):
            factor = L[i * n_rows + m]
            for j in range(n_cols):
                B[i * n_cols + j] -= factor * B[m * n_cols + j]
        factor = L[i * n_rows + i]
        for j in range(n_cols):
            B[i * n_cols + j] *= factor


@inner
def _subtract_gram_by_hand(T: Any, n_rows: Any, S: Any, n: Any) -> Any:
    for m in range(n_rows):
        for i in range(n):
            factor = T[m * n + i]
            for j in range(i + 1):
                S[i * n + j] -= factor * T[m * n + j]


@inner
def solve_by_hand(L: Any, n: Any, x: Any) -> Any:
    """Solve L L' z = x in place; L holds the inverses of its diagonal elements."""
    for i in range(n):
        value = x[i]
        for m in range(i):
            value -= L[i * n + m] * x[m]
        x[i] = value * L[i * n + i]
    for i in range(n - 1, -1, -1):
        value = x[i] * L[i * n + i]
        x[i] = value
        for m in range(i):
            x[m] -= L[i * n + m] * value


@inner
def _eliminate_rows(h: Any, by_hand: Any) -> Any:
    """Factorise the blocks and replace the coupling by T; True on success."""
    v = solve_of(h)
    w = schur_of(header_at(v.factor))
    sup, n_cols = v.problem.support, v.problem.support.n_cols
    start = 0
    for t in range(sup.n_row_values):
        width = sup.row_start[t + 1] - sup.row_start[t]
        block, rows = at(w.blocks, start), at(w.coupling, sup.row_start[t] * n_cols)
        if by_hand:
            if not cholesky_by_hand(block, width):
                return False
            _solve_lower_by_hand(block, rows, width, n_cols)
        else:
            if not blas.cholesky(w.blas, block, width):
                return False
            blas.solve_lower(w.blas, block, rows, width, n_cols)
            for i in range(width):
                block[i * (width + 1)] = 1.0 / block[i * (width + 1)]
        start += width * width
    return True


@inner
def _factorise_complement(h: Any, by_hand: Any) -> Any:
    v = solve_of(h)
    w = schur_of(header_at(v.factor))
    n_rows, n, S = v.problem.support.n_rows, v.problem.support.n_cols, w.complement
    if by_hand:
        _subtract_gram_by_hand(w.coupling, n_rows, S, n)
    else:
        blas.subtract_gram(w.blas, w.coupling, n_rows, S, n)
    for j in range(n):
        if v.pinned[j]:
            for m in range(n):
                S[j * n + m] = 0.0
                S[m * n + j] = 0.0
            S[j * n + j] = 1.0
    if by_hand:
        return cholesky_by_hand(S, n)
    return blas.cholesky(w.blas, S, n)


@entry
def factorise(h: Any) -> None:
    """Assemble and factorise; the diagonal is raised as far as that needs."""
    v = solve_of(h)
    by_hand = schur_of(header_at(v.factor)).by_hand != 0
    relative, done = 1e-14, False
    while not done and relative < 1e-4:
        _assemble(h, relative)
        done = _eliminate_rows(h, by_hand) and _factorise_complement(h, by_hand)
        relative *= 10.0
    v.flags[SUCCEEDED] = done


@inner
def _solve_blocks(h: Any, x: Any) -> Any:
    v = solve_of(h)
    w = schur_of(header_at(v.factor))
    sup, start = v.problem.support, 0
    for t in range(sup.n_row_values):
        width = sup.row_start[t + 1] - sup.row_start[t]
        solve_by_hand(at(w.blocks, start), width, at(x, sup.row_start[t]))
        start += width * width


@entry
def apply(h: Any) -> None:
    """(row, col) = inv(H) (row_rhs, col_rhs), pinned columns at 0."""
    v = solve_of(h)
    w = schur_of(header_at(v.factor))
    sup, room = v.problem.support, v.problem.room
    x, z = room.row, room.col
    assign(x, room.row_rhs, sup.n_rows)
    _solve_blocks(h, x)
    assign(z, room.col_rhs, sup.n_cols)
    half_multiply(h, sup.row, sup.col, x, z)
    for j in range(sup.n_cols):
        if v.pinned[j]:
            z[j] = 0.0
    if w.by_hand:
        solve_by_hand(w.complement, sup.n_cols, z)
    else:
        blas.cholesky_solve(w.blas, w.complement, sup.n_cols, z)
    assign(x, room.row_rhs, sup.n_rows)
    half_multiply(h, sup.col, sup.row, z, x)
    _solve_blocks(h, x)
