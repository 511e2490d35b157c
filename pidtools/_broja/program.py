"""One program: the variables, entries and marginals that two pair tables give rise to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pidtools._broja.kernels.headers import Support
from pidtools._broja.state import new_support
from pidtools._types import Bools, Floats

if TYPE_CHECKING:
    from scipy.sparse import coo_array


@dataclass(frozen=True)
class Program:
    """Minimise sum q log(q / q(t, s)) over q with the marginals `p_row` and `p_col`.

    The larger table stands in the rows: where `swapped`, rows are those of S.
    """

    support: Support
    p_row: Floats
    p_col: Floats
    swapped: bool
    shape: tuple[int, int, int]

    def tables(self, row: Floats, col: Floats) -> tuple[Floats, Floats]:
        """Values of row and column variables as tables over (t, y) and (s, y), else 0."""
        sup, (n_t, n_s, n_y) = self.support, self.shape
        n_rows, n_cols = (n_s, n_t) if self.swapped else (n_t, n_s)
        row_table, col_table = np.zeros((n_rows, n_y)), np.zeros((n_cols, n_y))
        row_table[owners(sup.row_start), sup.row_class] = row
        col_table[owners(sup.col_start), sup.col_class] = col
        return (col_table, row_table) if self.swapped else (row_table, col_table)

    def variables(self, ty: Floats, sy: Floats) -> tuple[Floats, Floats]:
        """Row and column variables of tables over (t, y) and (s, y)."""
        sup = self.support
        row_table, col_table = (sy, ty) if self.swapped else (ty, sy)
        row = row_table[owners(sup.row_start), sup.row_class]
        return row, col_table[owners(sup.col_start), sup.col_class]

    def cell_totals(self, q: Floats) -> coo_array:
        """Mass of each cell as a sparse array over (t, s)."""
        from scipy.sparse import coo_array

        t, s = self._cells()
        totals = np.add.reduceat(q, self.support.cell_start[:-1])
        return coo_array((totals, (t, s)), shape=self.shape[:2])

    def totals_of_cells(self, cells: coo_array) -> Floats:
        """Cell totals out of a sparse array over (t, s), 0 where it stores none."""
        totals: Floats = np.asarray(cells.tocsr()[self._cells()]).ravel()
        return totals

    def _cells(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        row, col = self.support.cell_row, self.support.cell_col
        return (col, row) if self.swapped else (row, col)

    def coupling(self, q: Floats) -> coo_array:
        """Entries q as a sparse array over (t, s, y)."""
        from scipy.sparse import coo_array

        sup = self.support
        row, col = owners(sup.row_start)[sup.row], owners(sup.col_start)[sup.col]
        t, s = (col, row) if self.swapped else (row, col)
        return coo_array((q, (t, s, sup.row_class[sup.row])), shape=self.shape)


@dataclass(frozen=True)
class Solution:
    """Bounds in nats on sum q log(q / q(t, s)), and the points that prove them.

    Attributes
    ----------
    a, b : arrays
        Feasible duals of the row and column variables, of value `lower`.
    q : array
        Feasible masses of the entries, of value `upper`.
    """

    a: Floats
    b: Floats
    q: Floats
    lower: float
    upper: float
    iterations: int


def program_of(p_ty: Floats, p_sy: Floats) -> Program:
    """Program of two pair tables without empty rows."""
    swapped = bool(np.count_nonzero(p_ty) < np.count_nonzero(p_sy))
    rows, cols = (p_sy, p_ty) if swapped else (p_ty, p_sy)
    row_class, row_start, p_row = _variables(rows)
    col_class, col_start, p_col = _variables(cols)
    n_y = p_ty.shape[1]
    support = new_support(row_class, row_start, col_class, col_start, n_y)
    return Program(support, p_row, p_col, swapped, (len(p_ty), len(p_sy), n_y))


def parts(program: Program) -> Iterator[tuple[Support, Bools, Bools]]:
    """Split into programs that share no cell, over groups of classes that never meet in one.

    Yields
    ------
    support of the part, and which row and which column variables are its own
    """
    sup = program.support
    group = _class_groups(sup)
    if not group.any():
        yield sup, np.ones(sup.n_rows, dtype=bool), np.ones(sup.n_cols, dtype=bool)
        return
    for g in range(int(group.max()) + 1):
        own_row, own_col = group[sup.row_class] == g, group[sup.col_class] == g
        classes = np.nonzero(group == g)[0]
        row_class = np.searchsorted(classes, sup.row_class[own_row]).astype(np.int32)
        col_class = np.searchsorted(classes, sup.col_class[own_col]).astype(np.int32)
        row_start = _starts(owners(sup.row_start)[own_row])
        col_start = _starts(owners(sup.col_start)[own_col])
        part = new_support(row_class, row_start, col_class, col_start, len(classes))
        yield part, own_row, own_col


def owners(start: NDArray[np.int32]) -> NDArray[np.int32]:
    """Source value of each variable."""
    return np.repeat(np.arange(len(start) - 1), np.diff(start))


def _variables(table: Floats) -> tuple[NDArray[np.int32], NDArray[np.int32], Floats]:
    """Classes of the positive cells of a table, row by row, where rows start, and the cells."""
    owner, classes = np.nonzero(table)
    start = np.searchsorted(owner, np.arange(len(table) + 1))
    return classes.astype(np.int32), start.astype(np.int32), table[owner, classes]


def _class_groups(sup: Support) -> NDArray[np.intp]:
    """Group of each class; classes meet where a cell has both.

    SciPy's `connected_components` finds the same; to load it takes longer than a small solve.
    """
    meet = _together(sup.row_start, sup.row_class, sup.n_classes)
    meet &= _together(sup.col_start, sup.col_class, sup.n_classes)
    smallest = np.arange(sup.n_classes)
    while True:
        reached = np.where(meet, smallest, sup.n_classes).min(axis=1)
        if np.array_equal(reached, smallest):
            return np.unique(smallest, return_inverse=True)[1]
        smallest = reached


def _together(start: NDArray[np.int32], classes: NDArray[np.int32], n_classes: int) -> Bools:
    """Pairs of classes that some source value can both have."""
    has = np.zeros((len(start) - 1, n_classes), dtype=np.float32)
    has[owners(start), classes] = 1.0
    return (has.T @ has) > 0


def _starts(owner: NDArray[np.int32]) -> NDArray[np.int32]:
    """Where the runs of equal owners start, and the end."""
    changes = np.nonzero(np.diff(owner))[0] + 1
    return np.concatenate([[0], changes, [len(owner)]]).astype(np.int32)
