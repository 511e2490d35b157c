"""Newton steps of the interior point: H (da, db) = right-hand side, then ds and dt.

With the residuals r = p - A q, rd = -lse(w) - t and rc = target - s t, eliminating s and t gives

    H dz = r - A[pi (rc - s rd) / t],   dt = rd - pi . dw,   ds = (rc - s dt) / t.

The system is solved by conjugate gradients preconditioned with one of two factorisations. The
Schur complement is exact, so that one round is enough; the other leaves them some work.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba.extending import overload
from numpy.typing import NDArray

from pidtools._broja import low_rank, schur
from pidtools._broja.fortran import Routines
from pidtools._broja.hessian import multiply
from pidtools._broja.jit import assign, fast_inner_kernel, fill, inner_kernel
from pidtools._broja.support import Support, cell_means, subtract_marginals

_RELATIVE_RESIDUAL = 1e-6
"""Measured: 1e-10 wastes rounds, 1e-4 costs interior point iterations."""


class Step(NamedTuple):
    """A direction in a, b, s and t."""

    a: NDArray[np.float64]
    b: NDArray[np.float64]
    s: NDArray[np.float64]
    t: NDArray[np.float64]


class Room(NamedTuple):
    """Room for one solve: what small programs would else spend their time to allocate."""

    weight: NDArray[np.float64]
    row_rhs: NDArray[np.float64]
    col_rhs: NDArray[np.float64]
    u: NDArray[np.float64]
    v: NDArray[np.float64]
    along_x: NDArray[np.float64]
    along_z: NDArray[np.float64]
    Hx: NDArray[np.float64]
    Hz: NDArray[np.float64]


@inner_kernel
def new_room(sup: Any) -> Any:
    """Allocate."""
    rows, cols = sup.row_class.size, sup.col_class.size
    return Room(
        np.empty(sup.cell_row.size), np.empty(rows), np.empty(cols), np.empty(rows),
        np.empty(cols), np.empty(rows), np.empty(cols), np.empty(rows), np.empty(cols),
    )  # fmt: skip


class System(NamedTuple):
    """H at one point, factorised one way or the other."""

    lib: Routines
    sup: Support
    p_row: NDArray[np.float64]
    p_col: NDArray[np.float64]
    pinned: NDArray[np.bool_]
    factor: schur.Schur | low_rank.LowRank
    max_rounds: int
    room: Room


def factorise(system: Any, factor: Any, pi: Any, s: Any, k: Any) -> Any:
    """Factorise H at (pi, s) with k = s / t - s, the way `factor` stands for."""
    raise NotImplementedError("compiled only")


def _precondition(
    system: Any, factor: Any, pi: Any, s: Any, k: Any, row_rhs: Any, col_rhs: Any, x: Any, z: Any
) -> Any:
    raise NotImplementedError("compiled only")


@overload(factorise)
def _choose_factorise(system: Any, factor: Any, pi: Any, s: Any, k: Any) -> Any:
    module = low_rank if factor.instance_class is low_rank.LowRank else schur
    chosen = module.factorise

    def implementation(system: Any, factor: Any, pi: Any, s: Any, k: Any) -> Any:
        return chosen(system.lib, system.sup, pi, s, k, system.pinned, factor)

    return implementation


@overload(_precondition)
def _choose_precondition(
    system: Any, factor: Any, pi: Any, s: Any, k: Any, row_rhs: Any, col_rhs: Any, x: Any, z: Any
) -> Any:
    module = low_rank if factor.instance_class is low_rank.LowRank else schur
    chosen = module.solve

    def implementation(
        system: Any,
        factor: Any,
        pi: Any,
        s: Any,
        k: Any,
        row_rhs: Any,
        col_rhs: Any,
        x: Any,
        z: Any,
    ) -> Any:
        chosen(system.lib, system.sup, pi, s, k, system.pinned, factor, row_rhs, col_rhs, x, z)

    return implementation


@fast_inner_kernel
def _inner(u: Any, v: Any, x: Any, z: Any) -> Any:
    total = 0.0
    for i in range(u.size):
        total += u[i] * x[i]
    for j in range(v.size):
        total += v[j] * z[j]
    return total


@fast_inner_kernel
def _add_scaled(x: Any, factor: Any, y: Any) -> Any:
    for i in range(x.size):
        x[i] += factor * y[i]


@fast_inner_kernel
def _size(system: Any, row: Any, col: Any) -> Any:
    """Sum of squares, each in proportion to the mass its equation is about."""
    total = 0.0
    for i in range(row.size):
        total += row[i] * row[i] / system.p_row[i]
    for j in range(col.size):
        if not system.pinned[j]:
            total += col[j] * col[j] / system.p_col[j]
    return total


@inner_kernel
def solve_system(
    system: Any, pi: Any, s: Any, k: Any, tolerance: Any, row_rhs: Any, col_rhs: Any, x: Any, z: Any
) -> Any:
    """(x, z) = inv(H) (row_rhs, col_rhs); the right-hand side is overwritten by what is left.

    What is left, in the norm of `_size`, must be small both beside the right-hand side and
    absolutely: most of the right-hand side is about as large as p, however small the residuals
    are that the step is to close.
    """
    target = min(_RELATIVE_RESIDUAL**2 * _size(system, row_rhs, col_rhs), tolerance**2)
    fill(x, 0.0)
    fill(z, 0.0)
    room = system.room
    u, v, along_x, along_z, Hx, Hz = (
        room.u, room.v, room.along_x, room.along_z, room.Hx, room.Hz
    )  # fmt: skip
    fill(along_x, 0.0)
    fill(along_z, 0.0)
    rho = 0.0
    for n_rounds in range(1, system.max_rounds + 1):
        _precondition(system, system.factor, pi, s, k, row_rhs, col_rhs, u, v)
        rho_old, rho = rho, _inner(row_rhs, col_rhs, u, v)
        beta = rho / rho_old if n_rounds > 1 else 0.0
        for i in range(u.size):
            along_x[i] = u[i] + beta * along_x[i]
        for j in range(v.size):
            along_z[j] = v[j] + beta * along_z[j]
        multiply(system.sup, pi, s, k, along_x, along_z, Hx, Hz)
        curvature = _inner(along_x, along_z, Hx, Hz)
        if not (curvature > 0.0 and rho > 0.0 and math.isfinite(rho / curvature)):
            return
        length = rho / curvature
        _add_scaled(x, length, along_x)
        _add_scaled(z, length, along_z)
        _add_scaled(row_rhs, -length, Hx)
        _add_scaled(col_rhs, -length, Hz)
        if _size(system, row_rhs, col_rhs) <= target:
            return


@fast_inner_kernel
def _damp(sup: Any, pi: Any, s: Any, k: Any, x: Any, z: Any, row_out: Any, col_out: Any) -> Any:
    """Write A M v for v the change of w that multiplies exp(w) by 1 + dw.

    Newton's step is linear in the masses; taken in their logarithms, w, it overshoots by the
    ratio itself where a mass is far too small. The v nearest to a change of the duals, in the
    metric M of the cells, is the solution of H z = A M v.
    """
    fill(row_out, 0.0)
    fill(col_out, 0.0)
    for c in range(s.size):
        first, last = sup.cell_start[c], sup.cell_start[c + 1]
        mean = 0.0
        for e in range(first, last):
            mean += pi[e] * _damped(x[sup.row[e]] + z[sup.col[e]])
        lift = k[c] * mean
        for e in range(first, last):
            flow = pi[e] * (s[c] * _damped(x[sup.row[e]] + z[sup.col[e]]) + lift)
            row_out[sup.row[e]] += flow
            col_out[sup.col[e]] += flow


@fast_inner_kernel
def _damped(x: Any) -> Any:
    return math.copysign(math.log1p(abs(x)), x)


@inner_kernel
def newton_step(
    system: Any,
    pi: Any,
    s: Any,
    t: Any,
    k: Any,
    tolerance: Any,
    row_gap: Any,
    col_gap: Any,
    dual_gap: Any,
    target: Any,
    step: Any,
) -> Any:
    """Write the step that closes the residuals and brings s t to `target` (a number a cell)."""
    room = system.room
    weight, row_rhs, col_rhs = room.weight, room.row_rhs, room.col_rhs
    for c in range(s.size):
        weight[c] = (target[c] - s[c] * dual_gap[c]) / t[c]
    assign(row_rhs, row_gap)
    assign(col_rhs, col_gap)
    subtract_marginals(system.sup, weight, pi, row_rhs, col_rhs)
    solve_system(system, pi, s, k, tolerance, row_rhs, col_rhs, step.a, step.b)
    largest = cell_means(system.sup, pi, step.a, step.b, step.t)
    for c in range(s.size):
        step.t[c] = dual_gap[c] - step.t[c]
        step.s[c] = (target[c] - s[c] * step.t[c]) / t[c]
    if largest > 1.0:
        _damp(system.sup, pi, s, k, step.a, step.b, row_rhs, col_rhs)
        solve_system(system, pi, s, k, tolerance, row_rhs, col_rhs, step.a, step.b)
