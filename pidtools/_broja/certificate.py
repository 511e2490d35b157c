"""The certificate: a proved interval around the optimum from any iterate.

In nats, with f(q) = sum q log(q / q(t, s)) to be minimised over all q with the marginals p:

*Lower bound.* The dual is D(a, b) = sum p a + sum p b subject to lse_y(a(t, y) + b(s, y)) <= 0
for every cell (t, s), the sum over y running over the classes that both t and s can have. Any
(a, b) becomes feasible when a(t, .) is lowered by the largest lse in row t, and b(s, .) raised by
what slack is then left in column s, or the other way round; the better of the two counts.

*Upper bound.* Any nonnegative q on the support becomes feasible when, class by class, rows and
columns with too much mass are scaled down and the missing mass is filled in as the product of
what the rows and what the columns miss.

Both are evaluated with the marginals they are handed, whatever the iterate was computed with.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pidtools._broja.jit import fill, inner_kernel, kernel
from pidtools._broja.support import softmax_cells


@inner_kernel
def _largest(of_cell: Any, values: Any, shift: Any) -> Any:
    """Largest value among the cells of each t (or each s)."""
    fill(shift, -np.inf)
    for c in range(values.size):
        shift[of_cell[c]] = max(shift[of_cell[c]], values[c])


@inner_kernel
def _cost(p: Any, start: Any, shift: Any) -> Any:
    """Dual value lost by lowering all duals of each value by its shift."""
    total = 0.0
    for k in range(shift.size):
        mass = 0.0
        for i in range(start[k], start[k + 1]):
            mass += p[i]
        total += mass * shift[k]
    return total


@inner_kernel
def _feasible_shifts(sup: Any, lse: Any, rows_first: Any, row_shift: Any, col_shift: Any) -> Any:
    """Lower one side by its worst violation, then let the other take up the slack left."""
    slack = np.empty(lse.size)
    if rows_first:
        _largest(sup.cell_row, lse, row_shift)
        for c in range(lse.size):
            slack[c] = lse[c] - row_shift[sup.cell_row[c]]
        _largest(sup.cell_col, slack, col_shift)
    else:
        _largest(sup.cell_col, lse, col_shift)
        for c in range(lse.size):
            slack[c] = lse[c] - col_shift[sup.cell_col[c]]
        _largest(sup.cell_row, slack, row_shift)


@inner_kernel
def _best_shifts(sup: Any, p_row: Any, p_col: Any, lse: Any, row_shift: Any, col_shift: Any) -> Any:
    """Choose between the two orders; return what the shifts cost."""
    _feasible_shifts(sup, lse, True, row_shift, col_shift)
    cost = _cost(p_row, sup.row_start, row_shift) + _cost(p_col, sup.col_start, col_shift)
    _feasible_shifts(sup, lse, False, row_shift, col_shift)
    other = _cost(p_row, sup.row_start, row_shift) + _cost(p_col, sup.col_start, col_shift)
    if cost < other:
        _feasible_shifts(sup, lse, True, row_shift, col_shift)
    return min(cost, other)


@inner_kernel
def _dot(p: Any, x: Any) -> Any:
    total = 0.0
    for i in range(p.size):
        total += p[i] * x[i]
    return total


@inner_kernel
def lower_bound(sup: Any, p_row: Any, p_col: Any, a: Any, b: Any, lse: Any) -> Any:
    """Dual value of the better feasible shift of (a, b); `lse` holds their log-sum-exps."""
    row_shift, col_shift = np.empty(sup.row_start.size - 1), np.empty(sup.col_start.size - 1)
    cost = _best_shifts(sup, p_row, p_col, lse, row_shift, col_shift)
    return _dot(p_row, a) + _dot(p_col, b) - cost


@inner_kernel
def make_feasible(sup: Any, p_row: Any, p_col: Any, a: Any, b: Any, lse: Any) -> Any:
    """Apply the shifts of `lower_bound` to (a, b)."""
    row_shift, col_shift = np.empty(sup.row_start.size - 1), np.empty(sup.col_start.size - 1)
    _best_shifts(sup, p_row, p_col, lse, row_shift, col_shift)
    for t in range(row_shift.size):
        for i in range(sup.row_start[t], sup.row_start[t + 1]):
            a[i] -= row_shift[t]
    for s in range(col_shift.size):
        for j in range(sup.col_start[s], sup.col_start[s + 1]):
            b[j] -= col_shift[s]


@inner_kernel
def _scale_down(variable: Any, p: Any, q: Any) -> Any:
    """Scale down the entries of every variable whose entries sum to more than p."""
    total = np.zeros(p.size)
    for e in range(q.size):
        total[variable[e]] += q[e]
    for i in range(p.size):
        total[i] = p[i] / total[i] if total[i] > p[i] else 1.0
    for e in range(q.size):
        q[e] *= total[variable[e]]


@inner_kernel
def _missing(variable: Any, p: Any, q: Any) -> Any:
    missing = p.copy()
    for e in range(q.size):
        missing[variable[e]] -= q[e]
    for i in range(missing.size):
        missing[i] = max(missing[i], 0.0)
    return missing


@inner_kernel
def round_to_marginals(sup: Any, p_row: Any, p_col: Any, q: Any) -> Any:
    """Give q, one nonnegative number an entry, the marginals p, in place."""
    _scale_down(sup.row, p_row, q)
    _scale_down(sup.col, p_col, q)
    row_missing, col_missing = _missing(sup.row, p_row, q), _missing(sup.col, p_col, q)
    total = np.zeros(sup.n_classes)
    for i in range(p_row.size):
        total[sup.row_class[i]] += row_missing[i]
    for i in range(p_row.size):
        if row_missing[i] > 0.0:
            row_missing[i] /= total[sup.row_class[i]]
    for e in range(q.size):
        q[e] += row_missing[sup.row[e]] * col_missing[sup.col[e]]


@inner_kernel
def primal_value(sup: Any, q: Any) -> Any:
    """f(q) = sum of q log(q / q(t, s)) in nats."""
    value = 0.0
    for c in range(sup.cell_row.size):
        total = 0.0
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            total += q[e]
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            if q[e] > 0.0:
                value += q[e] * math.log(q[e] / total)
    return value


@kernel
def certify(sup: Any, p_row: Any, p_col: Any, a: Any, b: Any, q: Any) -> Any:
    """Round q in place; return (lower bound, upper bound) of the program in nats."""
    pi, lse = np.empty(q.size), np.empty(sup.cell_row.size)
    softmax_cells(sup, a, b, pi, lse)
    lower = lower_bound(sup, p_row, p_col, a, b, lse)
    round_to_marginals(sup, p_row, p_col, q)
    return lower, primal_value(sup, q)
