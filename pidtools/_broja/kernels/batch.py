"""Many pmfs of one shape: tables, support and solve of each."""

from __future__ import annotations

import math
from typing import Any

from pidtools._broja.kernels.headers import (
    FIELDS,
    INFORMATION_S,
    INFORMATION_T,
    JOINT_INFORMATION,
    LARGEST_DUAL,
    LOWER,
    N_CLASSES,
    N_COL_VALUES,
    N_COLS,
    N_ROW_VALUES,
    N_ROWS,
    UPPER,
    Batch,
    Solve,
)
from pidtools._broja.kernels.support import list_entries
from pidtools._compiled.pointers import at, call_kernel, entry, fill, header_at, inner, view

batch_of = view(Batch)
solve_of = view(Solve)

N_FIELDS = len(FIELDS)


@inner
def _read_tables(h: Any, member: Any) -> Any:
    """Write the marginals of one pmf; return its joint information in nats."""
    v = batch_of(h)
    n_y, cell = v.n_y, at(v.pmfs, member * v.n_t * v.n_s * v.n_y)
    fill(v.p_ty, v.n_t * n_y, 0.0)
    fill(v.p_sy, v.n_s * n_y, 0.0)
    fill(v.p_y, n_y, 0.0)
    for t in range(v.n_t):
        for s in range(v.n_s):
            for y in range(n_y):
                p = cell[(t * v.n_s + s) * n_y + y]
                v.p_ty[t * n_y + y] += p
                v.p_sy[s * n_y + y] += p
                v.p_y[y] += p
    return _information(cell, v.n_t * v.n_s, n_y, v.p_y)


@inner
def _information(table: Any, n_x: Any, n_y: Any, p_y: Any) -> Any:
    """Mutual information of a table over (x, y), in nats."""
    information = 0.0
    for x in range(n_x):
        mass = 0.0
        for y in range(n_y):
            mass += table[x * n_y + y]
        for y in range(n_y):
            p = table[x * n_y + y]
            if p > 0.0:
                information += p * math.log(p / mass / p_y[y])
    return information


@inner
def _list_variables(table: Any, n_x: Any, n_y: Any, number: Any, classes: Any, start: Any,
                    mass: Any) -> Any:  # fmt: skip
    """List the variables of a table, rows without mass left out; returns (rows, variables)."""
    n_rows, n = 0, 0
    start[0] = 0
    for x in range(n_x):
        for y in range(n_y):
            if table[x * n_y + y] > 0.0:
                classes[n], mass[n] = number[y], table[x * n_y + y]
                n += 1
        if n > start[n_rows]:
            n_rows += 1
            start[n_rows] = n
    return n_rows, n


@inner
def _count(table: Any, n: Any) -> Any:
    total = 0
    for i in range(n):
        if table[i] > 0.0:
            total += 1
    return total


@inner
def _curve(classes: Any, start: Any, mass: Any, n_rows: Any, zeros: Any, ones: Any, first: Any,
           step: Any) -> Any:  # fmt: skip
    """Append the vertices of one ROC curve after the origin, most class 1 first."""
    for x in range(n_rows):
        zero, one = 0.0, 0.0
        for i in range(start[x], start[x + 1]):
            if classes[i] == 0:
                zero = mass[i]
            else:
                one = mass[i]
        k = x
        while k > 0 and one * step[2 * k - 2] > step[2 * k - 1] * zero:
            step[2 * k], step[2 * k + 1] = step[2 * k - 2], step[2 * k - 1]
            k -= 1
        step[2 * k], step[2 * k + 1] = zero, one
    zero, one = 0.0, 0.0
    for x in range(n_rows):
        zero += step[2 * x]
        one += step[2 * x + 1]
        zeros[first + x], ones[first + x] = zero, one
    return first + n_rows


@inner
def _two_classes(h: Any) -> Any:
    """The closed form of `hull`: sum j log(j / j(k)) over the edges of the joint hull, in nats."""
    v = batch_of(h)
    problem = solve_of(header_at(v.run)).problem
    sup, x, y = problem.support, v.hull_x, v.hull_y
    x[0], y[0] = 0.0, 0.0
    end = _curve(
        sup.row_class, sup.row_start, problem.p_row, sup.n_row_values, x, y, 1, v.hull_step
    )
    n_points = _curve(
        sup.col_class, sup.col_start, problem.p_col, sup.n_col_values, x, y, end, v.hull_step
    )
    # Both curves end at the class marginals; rounding must not part them.
    last_x, last_y = x[end - 1], y[end - 1]
    x[n_points - 1], y[n_points - 1] = last_x, last_y
    for i in range(1, n_points):
        a, b, k = min(x[i], last_x), min(y[i], last_y), i
        while k > 0 and (x[k - 1] > a or (x[k - 1] == a and y[k - 1] > b)):
            x[k], y[k] = x[k - 1], y[k - 1]
            k -= 1
        x[k], y[k] = a, b
    n_hull = 1
    for i in range(1, n_points):
        while n_hull > 1:
            dx, dy = x[n_hull - 1] - x[n_hull - 2], y[n_hull - 1] - y[n_hull - 2]
            if dx * (y[i] - y[n_hull - 2]) - dy * (x[i] - x[n_hull - 2]) < 0.0:
                break
            n_hull -= 1
        x[n_hull], y[n_hull] = x[i], y[i]
        n_hull += 1
    value = 0.0
    for i in range(1, n_hull):
        zero, one = max(x[i] - x[i - 1], 0.0), max(y[i] - y[i - 1], 0.0)
        if zero > 0.0:
            value += zero * math.log(zero / (zero + one))
        if one > 0.0:
            value += one * math.log(one / (zero + one))
    return value


@inner
def _list_both(h: Any, n_classes: Any) -> Any:
    """Make the variables of the larger table rows, those of the other columns."""
    v = batch_of(h)
    run = header_at(v.run)
    problem, sup = solve_of(run).problem, solve_of(run).problem.support
    rows, n_r, cols, n_c = v.p_ty, v.n_t, v.p_sy, v.n_s
    if _count(rows, n_r * v.n_y) < _count(cols, n_c * v.n_y):
        rows, n_r, cols, n_c = v.p_sy, v.n_s, v.p_ty, v.n_t
    run[N_CLASSES] = n_classes
    run[N_ROW_VALUES], run[N_ROWS] = _list_variables(
        rows, n_r, v.n_y, v.number, sup.row_class, sup.row_start, problem.p_row
    )
    run[N_COL_VALUES], run[N_COLS] = _list_variables(
        cols, n_c, v.n_y, v.number, sup.col_class, sup.col_start, problem.p_col
    )


@inner
def _solve_one(h: Any, out: Any) -> Any:
    """Write the bounds of the member whose tables were read, and its largest dual."""
    v = batch_of(h)
    n_classes, entropy = 0, 0.0
    for y in range(v.n_y):
        if v.p_y[y] > 0.0:
            v.number[y] = n_classes
            n_classes += 1
            entropy -= v.p_y[y] * math.log(v.p_y[y])
    _list_both(h, n_classes)
    run = header_at(v.run)
    problem = solve_of(run).problem
    sup, best = problem.support, problem.best
    if n_classes == 1 or sup.n_row_values == 1 or sup.n_col_values == 1:
        out[LOWER] = max(out[INFORMATION_T], out[INFORMATION_S])
        out[UPPER], out[LARGEST_DUAL] = out[LOWER], 0.0
    elif n_classes == 2:
        out[LOWER] = entropy + _two_classes(h)
        out[UPPER], out[LARGEST_DUAL] = out[LOWER], sup.n_rows + sup.n_cols
    else:
        list_entries(run)
        best.bounds[LOWER], best.bounds[UPPER] = -math.inf, math.inf
        call_kernel(v.solve, run)
        out[LOWER] = entropy + best.bounds[LOWER]
        out[UPPER] = entropy + best.bounds[UPPER]
        largest = 0.0
        for i in range(sup.n_rows):
            largest = max(largest, abs(best.a[i]))
        for j in range(sup.n_cols):
            largest = max(largest, abs(best.b[j]))
        out[LARGEST_DUAL] = largest


@entry
def solve_all(h: Any) -> None:
    """Fill a row of `FIELDS` for each member."""
    v = batch_of(h)
    for member in range(v.n):
        out = at(v.out, N_FIELDS * member)
        out[JOINT_INFORMATION] = _read_tables(h, member)
        out[INFORMATION_T] = _information(v.p_ty, v.n_t, v.n_y, v.p_y)
        out[INFORMATION_S] = _information(v.p_sy, v.n_s, v.n_y, v.p_y)
        _solve_one(h, out)
