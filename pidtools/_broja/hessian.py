"""The matrix of every Newton step, as an operator.

    H = A blkdiag_c( s (diag pi - pi pi') + (s / t) pi pi' ) A'

Cell by cell: diag(q) + k pi pi' with q = s pi and k = s / t - s. One null vector a class, (1, -1):
one column variable a class is pinned at 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pidtools._broja.jit import fast_inner_kernel, fill, inner_kernel


@inner_kernel
def pinned_columns(sup: Any, p_col: Any) -> Any:
    """Mark, in each class, the column variable of most mass."""
    best = np.empty(sup.n_classes, np.int64)
    fill(best, -1)
    for j in range(p_col.size):
        y = sup.col_class[j]
        if best[y] < 0 or p_col[j] > p_col[best[y]]:
            best[y] = j
    pinned = np.zeros(p_col.size, np.bool_)
    for y in range(best.size):
        pinned[best[y]] = True
    return pinned


@fast_inner_kernel
def multiply(sup: Any, pi: Any, s: Any, k: Any, x: Any, z: Any, row_out: Any, col_out: Any) -> Any:
    """(row_out, col_out) = H (x, z)."""
    fill(row_out, 0.0)
    fill(col_out, 0.0)
    for c in range(s.size):
        first, last = sup.cell_start[c], sup.cell_start[c + 1]
        mean = 0.0
        for e in range(first, last):
            mean += pi[e] * (x[sup.row[e]] + z[sup.col[e]])
        lift = k[c] * mean
        for e in range(first, last):
            flow = pi[e] * (s[c] * (x[sup.row[e]] + z[sup.col[e]]) + lift)
            row_out[sup.row[e]] += flow
            col_out[sup.col[e]] += flow


@fast_inner_kernel
def rows_to_columns(sup: Any, pi: Any, s: Any, k: Any, x: Any, col_out: Any) -> Any:
    """col_out -= H_ba x: what the row part of a step does to the column equations."""
    for c in range(s.size):
        first, last = sup.cell_start[c], sup.cell_start[c + 1]
        mean = 0.0
        for e in range(first, last):
            mean += pi[e] * x[sup.row[e]]
        lift = k[c] * mean
        for e in range(first, last):
            col_out[sup.col[e]] -= pi[e] * (s[c] * x[sup.row[e]] + lift)


@fast_inner_kernel
def columns_to_rows(sup: Any, pi: Any, s: Any, k: Any, z: Any, row_out: Any) -> Any:
    """row_out -= H_ab z."""
    for c in range(s.size):
        first, last = sup.cell_start[c], sup.cell_start[c + 1]
        mean = 0.0
        for e in range(first, last):
            mean += pi[e] * z[sup.col[e]]
        lift = k[c] * mean
        for e in range(first, last):
            row_out[sup.row[e]] -= pi[e] * (s[c] * z[sup.col[e]] + lift)
