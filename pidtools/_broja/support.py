"""The support of a pair of tables as flat lists, and the passes over it that every method makes.

A *row variable* is a (t, y) with p(t, y) > 0, a *column variable* an (s, y) with p(s, y) > 0.
Both are numbered source value by source value. A *cell* is a pair (t, s) with a class in common
and an *entry* one such class in it; entries lie cell by cell and know their two variables. No
array here is larger than the number of entries, so a table of many classes that each live in few
cells costs what its support costs.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pidtools._broja.jit import fast_inner_kernel, fill, inner_kernel, kernel


class Support(NamedTuple):
    """Flat lists of variables, cells and entries.

    Attributes
    ----------
    row_class, col_class : arrays of uint32
        Class of each row and column variable.
    row_start, col_start : arrays of int64
        Variables of t are ``row_start[t]:row_start[t + 1]``; likewise for s.
    cell_row, cell_col : arrays of uint32
        t and s of each cell.
    cell_start : array of int64
        Entries of cell c are ``cell_start[c]:cell_start[c + 1]``.
    row, col : arrays of uint32
        Row and column variable of each entry.
    n_classes : int
    """

    row_class: NDArray[np.uint32]
    col_class: NDArray[np.uint32]
    row_start: NDArray[np.int64]
    col_start: NDArray[np.int64]
    cell_row: NDArray[np.uint32]
    cell_col: NDArray[np.uint32]
    cell_start: NDArray[np.int64]
    row: NDArray[np.uint32]
    col: NDArray[np.uint32]
    n_classes: int


class Start(NamedTuple):
    """Duals and cell totals to start from; empty arrays for the product start."""

    a: NDArray[np.float64]
    b: NDArray[np.float64]
    s: NDArray[np.float64]


@inner_kernel
def count_entries(row_class: Any, col_class: Any, n_classes: Any) -> Any:
    """Return the number of entries: a product of two counts for each class."""
    rows, cols = np.zeros(n_classes, np.int64), np.zeros(n_classes, np.int64)
    for y in row_class:
        rows[y] += 1
    for y in col_class:
        cols[y] += 1
    total = 0
    for y in range(n_classes):
        total += rows[y] * cols[y]
    return total


@inner_kernel
def _variables_by_class(variable_class: Any, n_classes: Any) -> Any:
    """List the variables of class 0, then of class 1, ...: (starts, variables)."""
    start = np.zeros(n_classes + 1, np.int64)
    for y in variable_class:
        start[y + 1] += 1
    for y in range(n_classes):
        start[y + 1] += start[y]
    place = start.copy()
    order = np.empty(variable_class.size, np.uint32)
    for variable in range(variable_class.size):
        y = variable_class[variable]
        order[place[y]] = variable
        place[y] += 1
    return start, order


@inner_kernel
def _owner(start: Any) -> Any:
    """Source value of each variable."""
    owner = np.empty(start[-1], np.uint32)
    for value in range(start.size - 1):
        owner[start[value] : start[value + 1]] = value
    return owner


@kernel
def build_support(
    row_class: Any, row_start: Any, col_class: Any, col_start: Any, n_classes: Any
) -> Any:
    """List the cells and entries of two sets of variables, in time proportional to their number."""
    n_entries = count_entries(row_class, col_class, n_classes)
    class_start, class_cols = _variables_by_class(col_class, n_classes)
    col_owner = _owner(col_start)
    n_cols = col_start.size - 1
    row, col = np.empty(n_entries, np.uint32), np.empty(n_entries, np.uint32)
    cell_row, cell_col = np.empty(n_entries, np.uint32), np.empty(n_entries, np.uint32)
    cell_start = np.zeros(n_entries + 1, np.int64)
    place = np.empty(n_cols, np.int64)
    n_cells = 0
    for t in range(row_start.size - 1):
        for s in range(n_cols):
            place[s] = 0
        for i in range(row_start[t], row_start[t + 1]):
            for k in range(class_start[row_class[i]], class_start[row_class[i] + 1]):
                place[col_owner[class_cols[k]]] += 1
        for s in range(n_cols):
            if place[s] > 0:
                cell_row[n_cells], cell_col[n_cells] = t, s
                cell_start[n_cells + 1] = cell_start[n_cells] + place[s]
                place[s] = cell_start[n_cells]
                n_cells += 1
        for i in range(row_start[t], row_start[t + 1]):
            for k in range(class_start[row_class[i]], class_start[row_class[i] + 1]):
                j = class_cols[k]
                row[place[col_owner[j]]], col[place[col_owner[j]]] = i, j
                place[col_owner[j]] += 1
    return Support(
        row_class, col_class, row_start, col_start, cell_row[:n_cells].copy(),
        cell_col[:n_cells].copy(), cell_start[: n_cells + 1].copy(), row, col, n_classes,
    )  # fmt: skip


@fast_inner_kernel
def _balanced_exponentials(sup: Any, a: Any, b: Any, exp_a: Any, exp_b: Any) -> Any:
    """exp(a + k_y) and exp(b - k_y), the shift k_y making both equally large in each class."""
    top = np.empty(2 * sup.n_classes)
    fill(top, -np.inf)
    top_a, top_b = top[: sup.n_classes], top[sup.n_classes :]
    for i in range(a.size):
        top_a[sup.row_class[i]] = max(top_a[sup.row_class[i]], a[i])
    for j in range(b.size):
        top_b[sup.col_class[j]] = max(top_b[sup.col_class[j]], b[j])
    shift = top_b
    for y in range(shift.size):
        shift[y] = 0.5 * (top_b[y] - top_a[y])
    for i in range(a.size):
        exp_a[i] = math.exp(a[i] + shift[sup.row_class[i]])
    for j in range(b.size):
        exp_b[j] = math.exp(b[j] - shift[sup.col_class[j]])


@inner_kernel
def _softmax_by_logs(sup: Any, a: Any, b: Any, c: Any, pi: Any) -> Any:
    """Softmax of one cell the careful way; returns its log-sum-exp."""
    top = -np.inf
    for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
        top = max(top, a[sup.row[e]] + b[sup.col[e]])
    total = 0.0
    for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
        pi[e] = math.exp(a[sup.row[e]] + b[sup.col[e]] - top)
        total += pi[e]
    for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
        pi[e] /= total
    return top + math.log(total)


@fast_inner_kernel
def softmax_cells(sup: Any, a: Any, b: Any, pi: Any, lse: Any) -> Any:
    """Write pi(y | cell) = softmax of a(t, y) + b(s, y) and the log-sum-exp of each cell.

    Exponentials are taken per variable and multiplied per entry; cells where a product leaves
    the safe range are done with logarithms.
    """
    exp_a, exp_b = np.empty(a.size), np.empty(b.size)
    _balanced_exponentials(sup, a, b, exp_a, exp_b)
    for c in range(lse.size):
        total = 0.0
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            pi[e] = exp_a[sup.row[e]] * exp_b[sup.col[e]]
            total += pi[e]
        if 1e-200 < total < 1e200:
            scale = 1.0 / total
            for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
                pi[e] *= scale
            lse[c] = math.log(total)
        else:
            lse[c] = _softmax_by_logs(sup, a, b, c, pi)


@fast_inner_kernel
def subtract_marginals(sup: Any, weight: Any, pi: Any, row_out: Any, col_out: Any) -> Any:
    """Subtract A(weight * pi): what mass weight[c], spread by pi, puts on each variable."""
    for c in range(weight.size):
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            mass = weight[c] * pi[e]
            row_out[sup.row[e]] -= mass
            col_out[sup.col[e]] -= mass


@fast_inner_kernel
def cell_means(sup: Any, pi: Any, x: Any, z: Any, out: Any) -> Any:
    """Mean over y of x(t, y) + z(s, y) under pi, for each cell; returns the largest value."""
    largest = 0.0
    for c in range(out.size):
        mean = 0.0
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            value = x[sup.row[e]] + z[sup.col[e]]
            mean += pi[e] * value
            largest = max(largest, abs(value))
        out[c] = mean
    return largest
