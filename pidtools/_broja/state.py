"""Memory for what the kernels of the solver work on: all of it is allocated here."""

from __future__ import annotations

import numpy as np

from pidtools._broja.kernels.headers import N_CELLS, Best, Point, Problem, Room, Step, Support
from pidtools._broja.roster import BUILD_SUPPORT, prepare
from pidtools._compiled.header import Floats, Header, Ints


def new_support(
    row_class: Ints, row_start: Ints, col_class: Ints, col_start: Ints, n_classes: int
) -> Support:
    """List the cells and entries of two sets of variables."""
    rows = np.bincount(row_class, minlength=n_classes)
    n_entries = int(rows @ np.bincount(col_class, minlength=n_classes))
    n_row_values, n_col_values = len(row_start) - 1, len(col_start) - 1
    n_cells = min(n_entries, n_row_values * n_col_values)
    room = (np.empty(n, np.int32) for n in (n_cells, n_cells, n_cells + 1, n_entries, n_entries))
    sup = Support(
        n_classes, n_row_values, n_col_values, len(row_class), len(col_class), n_cells, n_entries,
        row_class, col_class, row_start, col_start, *room,
    )  # fmt: skip
    header = Header(sup)
    prepare()
    BUILD_SUPPORT(header)
    n_cells = int(header.words[N_CELLS])
    return sup._replace(
        n_cells=n_cells, cell_row=sup.cell_row[:n_cells], cell_col=sup.cell_col[:n_cells],
        cell_start=sup.cell_start[: n_cells + 1],
    )  # fmt: skip


def new_problem(sup: Support, p_row: Floats, p_col: Floats) -> Problem:
    """Allocate; the bounds are -inf and inf."""
    rows, cols, cells, entries = sup.n_rows, sup.n_cols, sup.n_cells, sup.n_entries
    best = Best(np.zeros(rows), np.zeros(cols), np.zeros(entries), np.array([-np.inf, np.inf]))
    pairs = (np.empty(n) for n in (rows, cols) * 4)
    rest = (cells, sup.n_row_values, sup.n_col_values, sup.n_classes, sup.n_classes)
    room = Room(*pairs, *(np.empty(n) for n in rest))
    a, b, lse, q = (np.empty(n) for n in (rows, cols, cells, entries))
    return Problem(sup, p_row, p_col, a, b, lse, q, best, room)


def new_point(problem: Problem) -> Point:
    """Allocate; a, b and lse are those of the problem."""
    sup = problem.support
    rows, cols, cells = sup.n_rows, sup.n_cols, sup.n_cells
    s, t, row_gap, col_gap, dual_gap = (np.empty(n) for n in (cells, cells, rows, cols, cells))
    pi = np.empty(sup.n_entries)
    return Point(problem.a, problem.b, s, t, pi, problem.lse, row_gap, col_gap, dual_gap)


def new_step(sup: Support) -> Step:
    """Allocate."""
    return Step(*(np.empty(n) for n in (sup.n_rows, sup.n_cols, sup.n_cells, sup.n_cells)))
