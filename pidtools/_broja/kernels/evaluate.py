"""What follows from an iterate: conditionals, log-sum-exps, residuals."""

from __future__ import annotations

import math
from typing import Any

from pidtools._broja.kernels.headers import RAISE_SLACK, RESIDUALS, Solve
from pidtools._compiled.pointers import assign, entry, fill, inner, view

solve_of = view(Solve)


@inner
def _balanced_exponentials(h: Any, a: Any, b: Any) -> Any:
    """exp(a + k_y) and exp(b - k_y), the shift k_y making both equally large in each class."""
    v = solve_of(h)
    sup, exp_a, exp_b = v.problem.support, v.problem.room.row, v.problem.room.col
    shift, top = v.problem.room.by_class, v.problem.room.by_class_too
    fill(shift, sup.n_classes, -math.inf)
    fill(top, sup.n_classes, -math.inf)
    for i in range(sup.n_rows):
        shift[sup.row_class[i]] = max(shift[sup.row_class[i]], a[i])
    for j in range(sup.n_cols):
        top[sup.col_class[j]] = max(top[sup.col_class[j]], b[j])
    for y in range(sup.n_classes):
        shift[y] = 0.5 * (top[y] - shift[y])
    for i in range(sup.n_rows):
        exp_a[i] = math.exp(a[i] + shift[sup.row_class[i]])
    for j in range(sup.n_cols):
        exp_b[j] = math.exp(b[j] - shift[sup.col_class[j]])


@inner
def _softmax_cells(h: Any, a: Any, b: Any, pi: Any, lse: Any) -> Any:
    """Write pi(y | cell) = softmax of a(t, y) + b(s, y) and the log-sum-exp of each cell.

    Exponentials are taken per variable and multiplied per entry; cells where a product leaves
    the safe range are done with logarithms.
    """
    v = solve_of(h)
    sup, exp_a, exp_b = v.problem.support, v.problem.room.row, v.problem.room.col
    _balanced_exponentials(h, a, b)
    for c in range(sup.n_cells):
        first, last = sup.cell_start[c], sup.cell_start[c + 1]
        total, top = 0.0, 0.0
        for e in range(first, last):
            pi[e] = exp_a[sup.row[e]] * exp_b[sup.col[e]]
            total += pi[e]
        if not 1e-200 < total < 1e200:
            total, top = 0.0, -math.inf
            for e in range(first, last):
                pi[e] = a[sup.row[e]] + b[sup.col[e]]
                top = max(top, pi[e])
            for e in range(first, last):
                pi[e] = math.exp(pi[e] - top)
                total += pi[e]
        for e in range(first, last):
            pi[e] /= total
        lse[c] = top + math.log(total)


@inner
def subtract_marginals(h: Any, weight: Any, pi: Any, row_out: Any, col_out: Any) -> Any:
    """Subtract A(weight * pi): what mass weight[c], spread by pi, puts on each variable."""
    sup = solve_of(h).problem.support
    for c in range(sup.n_cells):
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            mass = weight[c] * pi[e]
            row_out[sup.row[e]] -= mass
            col_out[sup.col[e]] -= mass


@entry
def evaluate(h: Any) -> None:
    """Fill in what follows from (a, b, s, t) of `trial`, and the size of its residuals."""
    v = solve_of(h)
    sup, point = v.problem.support, v.trial
    _softmax_cells(h, point.a, point.b, point.pi, point.lse)
    size = 0.0
    for c in range(sup.n_cells):
        if v.flags[RAISE_SLACK]:
            point.t[c] = max(point.t[c], -point.lse[c])
        point.dual_gap[c] = -point.lse[c] - point.t[c]
        size += point.s[c] * abs(point.dual_gap[c])
    assign(point.row_gap, v.f_row, sup.n_rows)
    assign(point.col_gap, v.f_col, sup.n_cols)
    subtract_marginals(h, point.s, point.pi, point.row_gap, point.col_gap)
    for i in range(sup.n_rows):
        size += abs(point.row_gap[i])
    for j in range(sup.n_cols):
        size += abs(point.col_gap[j])
    v.numbers[RESIDUALS] = size
