"""Newton steps of the interior point: H (da, db) = right-hand side, then ds and dt.

With the residuals r = p - A q, rd = -lse(w) - t and rc = target - s t, eliminating s and t gives

    H dz = r - A[pi (rc - s rd) / t],   dt = rd - pi . dw,   ds = (rc - s dt) / t.

The system is solved by conjugate gradients preconditioned with one of two factorisations. The
Schur complement is exact, so that one round is enough; the other leaves them some work.
"""

from __future__ import annotations

import math
from typing import Any

from pidtools._broja.kernels.evaluate import subtract_marginals
from pidtools._broja.kernels.headers import SYSTEM_TOL, Solve
from pidtools._broja.kernels.hessian import multiply
from pidtools._compiled.pointers import assign, call_kernel, entry, fill, inner, view

solve_of = view(Solve)

_RELATIVE_RESIDUAL = 1e-6
"""Measured: 1e-10 wastes rounds, 1e-4 costs interior point iterations."""


@inner
def _residual_norm(h: Any) -> Any:
    """Sum of squares, each in proportion to the mass its equation is about."""
    v = solve_of(h)
    sup, row, col = v.problem.support, v.problem.room.row_rhs, v.problem.room.col_rhs
    total = 0.0
    for i in range(sup.n_rows):
        total += row[i] * row[i] / v.f_row[i]
    for j in range(sup.n_cols):
        if not v.pinned[j]:
            total += col[j] * col[j] / v.f_col[j]
    return total


@inner
def _inner(x: Any, y: Any, n: Any) -> Any:
    total = 0.0
    for i in range(n):
        total += x[i] * y[i]
    return total


@inner
def _walk(x: Any, along: Any, rhs: Any, product: Any, length: Any, n: Any) -> Any:
    for i in range(n):
        x[i] += length * along[i]
        rhs[i] -= length * product[i]


@inner
def _solve_system(h: Any, x: Any, z: Any) -> Any:
    """(x, z) = inv(H) (row_rhs, col_rhs); the right-hand side is overwritten by what is left.

    What is left, in the norm of `_residual_norm`, must be small both beside the right-hand side
    and absolutely: most of the right-hand side is about as large as p, however small the
    residuals are that the step is to close.
    """
    v = solve_of(h)
    sup, room = v.problem.support, v.problem.room
    n, m = sup.n_rows, sup.n_cols
    target = min(_RELATIVE_RESIDUAL**2 * _residual_norm(h), v.numbers[SYSTEM_TOL] ** 2)
    fill(x, n, 0.0)
    fill(z, m, 0.0)
    fill(room.row_along, n, 0.0)
    fill(room.col_along, m, 0.0)
    rho = 0.0
    for n_rounds in range(v.max_rounds):
        call_kernel(v.apply, h)
        rho_old = rho
        rho = _inner(room.row_rhs, room.row, n) + _inner(room.col_rhs, room.col, m)
        beta = rho / rho_old if n_rounds > 0 else 0.0
        for i in range(n):
            room.row_along[i] = room.row[i] + beta * room.row_along[i]
        for j in range(m):
            room.col_along[j] = room.col[j] + beta * room.col_along[j]
        multiply(h, room.row_along, room.col_along, room.row_product, room.col_product)
        curvature = _inner(room.row_along, room.row_product, n)
        curvature += _inner(room.col_along, room.col_product, m)
        if not (curvature > 0.0 and rho > 0.0 and rho / curvature < math.inf):
            return
        length = rho / curvature
        _walk(x, room.row_along, room.row_rhs, room.row_product, length, n)
        _walk(z, room.col_along, room.col_rhs, room.col_product, length, m)
        if _residual_norm(h) <= target:
            return


@inner
def _damped(x: Any) -> Any:
    return math.copysign(math.log1p(abs(x)), x)


@inner
def _damp(h: Any, x: Any, z: Any) -> Any:
    """Write A M v for v the change of w that multiplies exp(w) by 1 + dw, as a right-hand side.

    Newton's step is linear in the masses; taken in their logarithms, w, it overshoots by the
    ratio itself where a mass is far too small. The v nearest to a change of the duals, in the
    metric M of the cells, is the solution of H z = A M v.
    """
    v = solve_of(h)
    sup, room, pi = v.problem.support, v.problem.room, v.point.pi
    fill(room.row_rhs, sup.n_rows, 0.0)
    fill(room.col_rhs, sup.n_cols, 0.0)
    for c in range(sup.n_cells):
        mean = 0.0
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            mean += pi[e] * _damped(x[sup.row[e]] + z[sup.col[e]])
        mean *= v.k[c]
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            change = _damped(x[sup.row[e]] + z[sup.col[e]])
            flow = pi[e] * (v.point.s[c] * change + mean)
            room.row_rhs[sup.row[e]] += flow
            room.col_rhs[sup.col[e]] += flow


@entry
def newton_step(h: Any) -> None:
    """Write to `extra` the step that closes the residuals of `trial` and brings s t to target."""
    v = solve_of(h)
    sup, room, pi, s, t = v.problem.support, v.problem.room, v.point.pi, v.point.s, v.point.t
    step, gap = v.extra, v.trial.dual_gap
    for c in range(sup.n_cells):
        room.cell[c] = (v.target[c] - s[c] * gap[c]) / t[c]
    assign(room.row_rhs, v.trial.row_gap, sup.n_rows)
    assign(room.col_rhs, v.trial.col_gap, sup.n_cols)
    subtract_marginals(h, room.cell, pi, room.row_rhs, room.col_rhs)
    _solve_system(h, step.a, step.b)
    largest = 0.0
    for c in range(sup.n_cells):
        mean = 0.0
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            change = step.a[sup.row[e]] + step.b[sup.col[e]]
            mean += pi[e] * change
            largest = max(largest, abs(change))
        step.t[c] = gap[c] - mean
        step.s[c] = (v.target[c] - s[c] * step.t[c]) / t[c]
    if largest > 1.0:
        _damp(h, step.a, step.b)
        _solve_system(h, step.a, step.b)
