"""The matrix of every Newton step, as an operator.

    H = A blkdiag_c( s (diag pi - pi pi') + (s / t) pi pi' ) A'

Cell by cell: diag(q) + k pi pi' with q = s pi and k = s / t - s. One null vector a class, (1, -1):
one column variable a class is pinned at 0.
"""

from __future__ import annotations

import math
from typing import Any

from pidtools._broja.kernels.headers import Solve
from pidtools._compiled.pointers import fill, inner, view

solve_of = view(Solve)


@inner
def pin_columns(h: Any) -> Any:
    """Mark, in each class, the column variable of most mass."""
    v = solve_of(h)
    sup, p_col, best = v.problem.support, v.f_col, v.problem.room.by_class
    fill(best, sup.n_classes, 0.0)
    for j in range(sup.n_cols):
        best[sup.col_class[j]] = max(best[sup.col_class[j]], p_col[j])
    for j in range(sup.n_cols):
        y = sup.col_class[j]
        v.pinned[j] = 1 if p_col[j] == best[y] else 0
        if v.pinned[j]:
            best[y] = math.inf


@inner
def multiply(h: Any, x: Any, z: Any, row_out: Any, col_out: Any) -> Any:
    """(row_out, col_out) = H (x, z)."""
    v = solve_of(h)
    sup, pi = v.problem.support, v.point.pi
    fill(row_out, sup.n_rows, 0.0)
    fill(col_out, sup.n_cols, 0.0)
    for c in range(sup.n_cells):
        first, last = sup.cell_start[c], sup.cell_start[c + 1]
        s, mean = v.point.s[c], 0.0
        for e in range(first, last):
            mean += pi[e] * (x[sup.row[e]] + z[sup.col[e]])
        mean *= v.k[c]
        for e in range(first, last):
            flow = pi[e] * (s * (x[sup.row[e]] + z[sup.col[e]]) + mean)
            row_out[sup.row[e]] += flow
            col_out[sup.col[e]] += flow


@inner
def half_multiply(h: Any, start: Any, end: Any, x: Any, out: Any) -> Any:
    """Subtract from `out`, over the variables `end`, what H makes of x over `start`."""
    v = solve_of(h)
    sup, pi = v.problem.support, v.point.pi
    for c in range(sup.n_cells):
        first, last = sup.cell_start[c], sup.cell_start[c + 1]
        s, mean = v.point.s[c], 0.0
        for e in range(first, last):
            mean += pi[e] * x[start[e]]
        mean *= v.k[c]
        for e in range(first, last):
            out[end[e]] -= pi[e] * (s * x[start[e]] + mean)
