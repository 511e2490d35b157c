"""The certificate: a proved interval around the optimum from any iterate.

In nats, with f(q) = sum q log(q / q(t, s)) to be minimised over all q with the marginals p:

*Lower bound.* The dual is D(a, b) = sum p a + sum p b subject to lse_y(a(t, y) + b(s, y)) <= 0
for every cell (t, s), the sum over y running over the classes that both t and s can have. Any
(a, b) becomes feasible when a(t, .) is lowered by the largest lse in row t, or b(s, .) by the
largest in column s; the better of the two counts.

*Upper bound.* Any nonnegative q on the support becomes feasible when, class by class, rows and
columns with too much mass are scaled down and the missing mass is filled in as the product of
what the rows and what the columns miss.

Both are evaluated with the marginals they are handed, whatever the iterate was computed with.
"""

from __future__ import annotations

import math

import numpy as np

from .jit import fill, inner_kernel


@inner_kernel
def _row_shift(sup, lse, start_is_row, shift):
    """Largest lse in each row (or column) of cells."""
    fill(shift, -np.inf)
    for c in range(lse.size):
        k = sup.cell_row[c] if start_is_row else sup.cell_col[c]
        shift[k] = max(shift[k], lse[c])


@inner_kernel
def _shift_cost(p, start, shift):
    total = 0.0
    for k in range(shift.size):
        mass = 0.0
        for i in range(start[k], start[k + 1]):
            mass += p[i]
        total += mass * shift[k]
    return total


@inner_kernel
def _dot(p, x):
    total = 0.0
    for i in range(p.size):
        total += p[i] * x[i]
    return total


@inner_kernel
def make_feasible(sup, p_row, p_col, lse, a, b):
    """Shift (a, b) in place to the better of its two feasible versions; return the dual value."""
    by_row, by_col = np.empty(sup.row_start.size - 1), np.empty(sup.col_start.size - 1)
    _row_shift(sup, lse, True, by_row)
    _row_shift(sup, lse, False, by_col)
    row_cost = _shift_cost(p_row, sup.row_start, by_row)
    col_cost = _shift_cost(p_col, sup.col_start, by_col)
    if row_cost <= col_cost:
        for t in range(by_row.size):
            for i in range(sup.row_start[t], sup.row_start[t + 1]):
                a[i] -= by_row[t]
    else:
        for s in range(by_col.size):
            for j in range(sup.col_start[s], sup.col_start[s + 1]):
                b[j] -= by_col[s]
    return _dot(p_row, a) + _dot(p_col, b)


@inner_kernel
def lower_bound(sup, p_row, p_col, lse, a, b):
    """Dual value of the better feasible shift of (a, b), which stay as they are."""
    by_row, by_col = np.empty(sup.row_start.size - 1), np.empty(sup.col_start.size - 1)
    _row_shift(sup, lse, True, by_row)
    _row_shift(sup, lse, False, by_col)
    row_cost = _shift_cost(p_row, sup.row_start, by_row)
    col_cost = _shift_cost(p_col, sup.col_start, by_col)
    return _dot(p_row, a) + _dot(p_col, b) - min(row_cost, col_cost)


@inner_kernel
def _scale_down(variable, p, q):
    """Scale down the entries of every variable whose entries sum to more than p."""
    total = np.zeros(p.size)
    for e in range(q.size):
        total[variable[e]] += q[e]
    for i in range(p.size):
        total[i] = p[i] / total[i] if total[i] > p[i] else 1.0
    for e in range(q.size):
        q[e] *= total[variable[e]]


@inner_kernel
def _missing(variable, p, q):
    missing = p.copy()
    for e in range(q.size):
        missing[variable[e]] -= q[e]
    for i in range(missing.size):
        missing[i] = max(missing[i], 0.0)
    return missing


@inner_kernel
def round_to_marginals(sup, p_row, p_col, q):
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
def primal_value(sup, q):
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


@inner_kernel
def upper_bound(sup, p_row, p_col, weight, pi, q):
    """Write weight * pi, rounded to the marginals, to q and return its value."""
    for c in range(weight.size):
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            q[e] = weight[c] * pi[e]
    round_to_marginals(sup, p_row, p_col, q)
    return primal_value(sup, q)
