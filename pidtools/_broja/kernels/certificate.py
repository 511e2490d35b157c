"""The certificate: a proved interval around the optimum from any iterate.

In nats, with f(q) = sum q log(q / q(t, s)) to be minimised over all q with the marginals p:

*Lower bound.* The dual is D(a, b) = sum p a + sum p b subject to lse_y(a(t, y) + b(s, y)) <= 0
for every cell (t, s), the sum over y running over the classes that both t and s can have. Any
(a, b) becomes feasible when a(t, .) is lowered by the largest lse in row t, and b(s, .) raised by
what slack is then left in column s, or the other way round; the better of the two counts.

*Upper bound.* Any nonnegative q on the support becomes feasible when, class by class, rows and
columns with too much mass are scaled down and the missing mass is filled in as the product of
what the rows and what the columns miss.

Both are evaluated with the true marginals, whatever the iterate was computed with.
"""

from __future__ import annotations

import math
from typing import Any

from pidtools._broja.kernels.headers import LOWER, UPPER, Problem
from pidtools._compiled.pointers import assign, entry, fill, inner, view

problem_of = view(Problem)


@inner
def _largest(
    of_cell: Any, out: Any, n_values: Any, of_other: Any, other: Any, lse: Any, n_cells: Any
) -> Any:
    """Largest lse that the shifts of the other side leave, for each value of this side."""
    fill(out, n_values, -math.inf)
    for c in range(n_cells):
        out[of_cell[c]] = max(out[of_cell[c]], lse[c] - other[of_other[c]])


@inner
def _cost(p: Any, start: Any, n_values: Any, shift: Any) -> Any:
    """Dual value lost by lowering all duals of each value by its shift."""
    total = 0.0
    for k in range(n_values):
        for i in range(start[k], start[k + 1]):
            total += p[i] * shift[k]
    return total


@inner
def _shifts(h: Any, first: Any) -> Any:
    """Lower one side by its worst violation, let the other take up the slack; returns the cost."""
    v = problem_of(h)
    sup, lse, row, col = v.support, v.lse, v.room.row_value, v.room.col_value
    fill(row, sup.n_row_values, 0.0)
    fill(col, sup.n_col_values, 0.0)
    for side in range(2):
        if side == first:
            _largest(sup.cell_row, row, sup.n_row_values, sup.cell_col, col, lse, sup.n_cells)
        else:
            _largest(sup.cell_col, col, sup.n_col_values, sup.cell_row, row, lse, sup.n_cells)
    cost = _cost(v.p_row, sup.row_start, sup.n_row_values, row)
    return cost + _cost(v.p_col, sup.col_start, sup.n_col_values, col)


@inner
def _improve_dual(h: Any) -> Any:
    """Keep the better feasible shift of (a, b) if it beats the best dual so far."""
    v = problem_of(h)
    sup, a, b = v.support, v.a, v.b
    value, least = 0.0, math.inf
    for i in range(sup.n_rows):
        value += v.p_row[i] * a[i]
    for j in range(sup.n_cols):
        value += v.p_col[j] * b[j]
    # The cheaper order of shifts, done last, stays.
    for turn in range(3):
        cost = _shifts(h, turn % 2)
        if turn == 1 and cost <= least:
            least = cost
            break
        least = min(least, cost)
    if not value - least > v.best.bounds[LOWER]:
        return
    v.best.bounds[LOWER] = value - least
    for t in range(sup.n_row_values):
        for i in range(sup.row_start[t], sup.row_start[t + 1]):
            v.best.a[i] = a[i] - v.room.row_value[t]
    for s in range(sup.n_col_values):
        for j in range(sup.col_start[s], sup.col_start[s + 1]):
            v.best.b[j] = b[j] - v.room.col_value[s]


@inner
def _scale_down(variable: Any, n_entries: Any, p: Any, n: Any, q: Any, missing: Any) -> Any:
    """Scale down variables whose entries sum to more than p; write what all then miss."""
    fill(missing, n, 0.0)
    for e in range(n_entries):
        missing[variable[e]] += q[e]
    for i in range(n):
        missing[i] = p[i] / missing[i] if missing[i] > p[i] else 1.0
    for e in range(n_entries):
        q[e] *= missing[variable[e]]


@inner
def _round_to_marginals(h: Any) -> Any:
    """Give q, one nonnegative number an entry, the marginals p, in place."""
    v = problem_of(h)
    sup, q, row, col, total = v.support, v.q, v.room.row_rhs, v.room.col_rhs, v.room.by_class
    _scale_down(sup.row, sup.n_entries, v.p_row, sup.n_rows, q, row)
    _scale_down(sup.col, sup.n_entries, v.p_col, sup.n_cols, q, col)
    assign(row, v.p_row, sup.n_rows)
    assign(col, v.p_col, sup.n_cols)
    for e in range(sup.n_entries):
        row[sup.row[e]] -= q[e]
        col[sup.col[e]] -= q[e]
    fill(total, sup.n_classes, 0.0)
    for i in range(sup.n_rows):
        row[i] = max(row[i], 0.0)
        total[sup.row_class[i]] += row[i]
    for j in range(sup.n_cols):
        col[j] = max(col[j], 0.0)
    for i in range(sup.n_rows):
        if row[i] > 0.0:
            row[i] /= total[sup.row_class[i]]
    for e in range(sup.n_entries):
        q[e] += row[sup.row[e]] * col[sup.col[e]]


@inner
def _improve_primal(h: Any) -> Any:
    """Round q, and keep it if it beats the best primal point so far."""
    v = problem_of(h)
    sup, q = v.support, v.q
    _round_to_marginals(h)
    value = 0.0
    for c in range(sup.n_cells):
        total = 0.0
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            total += q[e]
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            if q[e] > 0.0:
                value += q[e] * math.log(q[e] / total)
    if value < v.best.bounds[UPPER]:
        v.best.bounds[UPPER] = value
        assign(v.best.q, q, sup.n_entries)


@entry
def certify(h: Any) -> None:
    """Bound the optimum from both sides, by (a, b) and by q; keep what is better."""
    _improve_dual(h)
    _improve_primal(h)
