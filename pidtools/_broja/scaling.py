"""Accelerated scaling: slower than the interior point, in a few numbers for each entry.

With the cell totals s held, min sum q log(q / s) is a matrix scaling problem whose solution has
q = s_c exp(a(t, y) + b(s, y)). One sweep of scaling followed by s <- sum_y q,

    a(t, y) = log p(t, y) - log sum_s s_c exp b(s, y),
    b(s, y) = log p(s, y) - log sum_t s_c exp a(t, y),      s_c <- s_c exp lse_c(a + b),

has the optimum as its fixed point but gets there like 1 / k, because cells that end up empty
fade slowly. Anderson's extrapolation of (log s, b) over the last sweeps, by least squares
weighted with the masses, takes a thousand sweeps instead of millions. Every so often the point
is certified by the same bounds as the interior point.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pidtools._broja.certificate import (
    lower_bound,
    make_feasible,
    primal_value,
    round_to_marginals,
)
from pidtools._broja.jit import assign, fast_inner_kernel, inner_kernel, kernel
from pidtools._broja.support import softmax_cells

_MEMORY = 6
"""Sweeps that the extrapolation looks back on; more did not help."""
_CHECK_EVERY = 20
_WORSE = 4.0
"""A residual this many times the smallest since the last restart throws the history away."""
_LOWEST = -300.0
"""log s of a cell that is as good as empty."""


@fast_inner_kernel
def _scale(p: Any, total: Any, out: Any) -> Any:
    for i in range(p.size):
        out[i] = p[i] / max(total[i], 1e-300)


@fast_inner_kernel
def _sweep(sup: Any, p_row: Any, p_col: Any, log_s: Any, b: Any, work: Any) -> Any:
    """One sweep from (log_s, b): fills the exponentials A, B and the new (log_s, b)."""
    s, A, B, row_total, col_total, new_log_s, new_b = work
    for c in range(s.size):
        s[c] = math.exp(log_s[c])
    for j in range(b.size):
        B[j] = math.exp(b[j])
        col_total[j] = 0.0
    for i in range(A.size):
        row_total[i] = 0.0
    for c in range(s.size):
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            row_total[sup.row[e]] += s[c] * B[sup.col[e]]
    _scale(p_row, row_total, A)
    for c in range(s.size):
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            col_total[sup.col[e]] += s[c] * A[sup.row[e]]
    _scale(p_col, col_total, B)
    for c in range(s.size):
        total = 0.0
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            total += A[sup.row[e]] * B[sup.col[e]]
        new_log_s[c] = max(log_s[c] + math.log(max(total, 1e-300)), _LOWEST)
    for j in range(b.size):
        new_b[j] = math.log(B[j])


@fast_inner_kernel
def _weighted_dot(weight: Any, x: Any, y: Any) -> Any:
    total = 0.0
    for i in range(x.size):
        total += weight[i] * x[i] * y[i]
    return total


@inner_kernel
def _small_solve(G: Any, r: Any, n: Any) -> Any:
    """Replace r by the solution of G x = r for the leading n x n block, by Cholesky."""
    trace = 0.0
    for i in range(n):
        trace += G[i, i]
    for i in range(n):
        for j in range(i + 1):
            value = G[i, j] + (1e-10 * trace if i == j else 0.0)
            for m in range(j):
                value -= G[i, m] * G[j, m]
            G[i, j] = math.sqrt(max(value, 1e-300)) if i == j else value / G[j, j]
    for i in range(n):
        for m in range(i):
            r[i] -= G[i, m] * r[m]
        r[i] /= G[i, i]
    for i in range(n - 1, -1, -1):
        for m in range(i + 1, n):
            r[i] -= G[m, i] * r[m]
        r[i] /= G[i, i]


@inner_kernel
def _extrapolate(weight: Any, x: Any, f: Any, dx: Any, df: Any, n_held: Any) -> Any:
    """X <- x + f - sum gamma (dx + df) with gamma the least-squares fit of f by df."""
    gram = np.empty((_MEMORY, _MEMORY))
    gamma = np.empty(_MEMORY)
    for i in range(n_held):
        gamma[i] = _weighted_dot(weight, df[i], f)
        for j in range(i + 1):
            gram[i, j] = _weighted_dot(weight, df[i], df[j])
    _small_solve(gram, gamma, n_held)
    for i in range(x.size):
        x[i] += f[i]
    for m in range(n_held):
        for i in range(x.size):
            x[i] -= gamma[m] * (dx[m, i] + df[m, i])


@inner_kernel
def _certify(sup: Any, p_row: Any, p_col: Any, s: Any, A: Any, B: Any, best: Any) -> Any:
    """Update the best pair; returns the gap in nats."""
    a, b = np.empty(A.size), np.empty(B.size)
    for i in range(a.size):
        a[i] = math.log(A[i])
    for j in range(b.size):
        b[j] = math.log(B[j])
    q, lse = np.empty(sup.row.size), np.empty(s.size)
    softmax_cells(sup, a, b, q, lse)
    lower = lower_bound(sup, p_row, p_col, a, b, lse)
    if lower > best.lower[0]:
        make_feasible(sup, p_row, p_col, a, b, lse)
        assign(best.a, a)
        assign(best.b, b)
        best.lower[0] = lower
    for c in range(s.size):
        total = s[c] * math.exp(lse[c])
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            q[e] *= total
    round_to_marginals(sup, p_row, p_col, q)
    upper = primal_value(sup, q)
    if upper < best.upper[0]:
        assign(best.q, q)
        best.upper[0] = upper
    return best.upper[0] - best.lower[0]


@kernel
def solve_by_scaling(
    sup: Any, p_row: Any, p_col: Any, log_s: Any, b: Any, tol: Any, max_sweeps: Any, best: Any
) -> Any:
    """Sweep from (log_s, b) until the gap of `best` is within `tol` nats; returns sweeps."""
    n_cells, n_cols = log_s.size, b.size
    size = n_cells + n_cols
    work = (
        np.empty(n_cells), np.empty(p_row.size), np.empty(n_cols), np.empty(p_row.size),
        np.empty(n_cols), np.empty(n_cells), np.empty(n_cols),
    )  # fmt: skip
    s, A, B, new_log_s, new_b = work[0], work[1], work[2], work[5], work[6]
    x, f, last_x, last_f = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    dx, df, weight = np.empty((_MEMORY, size)), np.empty((_MEMORY, size)), np.empty(size)
    assign(x[:n_cells], log_s)
    assign(x[n_cells:], b)
    assign(weight[n_cells:], p_col)
    n_held, slot, smallest = 0, 0, np.inf
    for sweep in range(1, max_sweeps + 1):
        _sweep(sup, p_row, p_col, x[:n_cells], x[n_cells:], work)
        for c in range(n_cells):
            f[c] = new_log_s[c] - x[c]
            weight[c] = s[c]
        for j in range(n_cols):
            f[n_cells + j] = new_b[j] - x[n_cells + j]
        due = sweep % _CHECK_EVERY == 0 or sweep == 1 or sweep == max_sweeps
        if due and _certify(sup, p_row, p_col, s, A, B, best) <= tol:
            return sweep
        residual = _weighted_dot(weight, f, f)
        if sweep > 1:
            for i in range(size):
                dx[slot, i] = x[i] - last_x[i]
                df[slot, i] = f[i] - last_f[i]
            slot = (slot + 1) % _MEMORY
            n_held = min(n_held + 1, _MEMORY)
        if not residual <= _WORSE * smallest:
            n_held, slot, smallest = 0, 0, residual
        smallest = min(smallest, residual)
        assign(last_x, x)
        assign(last_f, f)
        _extrapolate(weight, x, f, dx, df, n_held)
        for c in range(n_cells):
            x[c] = min(max(x[c], _LOWEST), 0.0)
    return max_sweeps
