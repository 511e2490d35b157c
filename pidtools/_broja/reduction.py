"""Exact reductions: drop what has no mass, merge what is proportional.

Symbols t with proportional rows p(t, .) carry the same knowledge of y, and the union
information depends on the sources only up to such sufficient statistics, so merging them
changes nothing; likewise classes whose columns are proportional in both tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pidtools._result import Duals
from pidtools._types import Floats

if TYPE_CHECKING:
    from scipy.sparse import coo_array, csr_array

    from pidtools._broja.kernels.headers import Start
    from pidtools._broja.program import Program

Ints = NDArray[np.intp]

# Rows are merged when their conditionals agree to 13 decimals and share their zeros. The
# duals of a merged row serve all its members with the same dual value, so the lower bound
# holds for the unmerged tables; the upper bound moves by about the square of this.
MERGE_DECIMALS = 13


@dataclass(frozen=True)
class Reduction:
    """Reduced tables and, for each original symbol, its merged index (-1 where dropped)."""

    p_ty: Floats
    p_sy: Floats
    t: Ints
    s: Ints
    y: Ints


def reduce_tables(p_ty: Floats, p_sy: Floats) -> Reduction:
    """Drop zero marginals and merge proportional rows and classes."""
    t, s = _merge_rows(p_ty), _merge_rows(p_sy)
    r_ty, r_sy = _group(p_ty, t), _group(p_sy, s)
    y = _merge_rows(np.hstack([r_ty.T, r_sy.T]))
    return Reduction(_group(r_ty.T, y).T, _group(r_sy.T, y).T, t, s, y)


def lift(q: coo_array, reduced: Reduction, p_ty: Floats, p_sy: Floats) -> coo_array:
    """Spread a coupling of the reduced tables over the original symbols.

    Within a class, merged symbols share their mass in proportion to p(t, y) and p(s, y), and
    merged classes in proportion to p(y), which keeps the pair marginals and the information.
    """
    from scipy.sparse import coo_array, csr_array

    t_r, s_r, y_r = q.coords
    p_y, p_y_reduced = p_ty.sum(axis=0), reduced.p_ty.sum(axis=0)
    layers = []
    for y in np.nonzero(reduced.y >= 0)[0]:
        inside = y_r == reduced.y[y]
        weight = p_y[y] / p_y_reduced[reduced.y[y]]
        shape = (len(reduced.p_ty), len(reduced.p_sy))
        layer = csr_array((weight * q.data[inside], (t_r[inside], s_r[inside])), shape=shape)
        left, right = _shares(p_ty[:, y], reduced.t), _shares(p_sy[:, y], reduced.s)
        layers.append(((left @ layer @ right.T).tocoo(), y))
    t = np.concatenate([layer.coords[0] for layer, _ in layers])
    s = np.concatenate([layer.coords[1] for layer, _ in layers])
    y_all = np.concatenate([np.full(layer.nnz, y) for layer, y in layers])
    data = np.concatenate([layer.data for layer, _ in layers])
    return coo_array((data, (t, s, y_all)), shape=(len(p_ty), *p_sy.shape))


def lift_duals(
    a: Floats, b: Floats, cells: coo_array, reduced: Reduction, p_ty: Floats, p_sy: Floats
) -> Duals:
    """Duals of the original tables, and the mass of each original cell.

    `a` and `b` are those of the reduced tables, `cells` the masses over their symbols.

    Merged symbols have the duals of their group; of merged classes each takes its share of the
    sum of exponentials.
    """
    y = np.maximum(reduced.y, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.log(p_ty.sum(axis=0) / reduced.p_ty.sum(axis=0)[y])
    t_y = np.where(p_ty > 0, a[np.maximum(reduced.t, 0)][:, y] + share, np.nan)
    s_y = np.where(p_sy > 0, b[np.maximum(reduced.s, 0)][:, y], np.nan)
    return Duals(t_y, s_y, _lifted(cells, reduced, p_ty.sum(axis=1), p_sy.sum(axis=1)))


def _lifted(cells: coo_array, reduced: Reduction, p_t: Floats, p_s: Floats) -> coo_array:
    """Mass of the original cells; mostly there are as many, and they only move."""
    from scipy.sparse import coo_array

    t, s = (
        np.nonzero((group >= 0) & (p > 0))[0] for group, p in ((reduced.t, p_t), (reduced.s, p_s))
    )
    if (len(t), len(s)) != cells.shape:
        left, right = _shares(p_t, reduced.t), _shares(p_s, reduced.s)
        lifted: coo_array = (left @ cells.tocsr() @ right.T).tocoo()
        return lifted
    of_t, of_s = np.empty_like(t), np.empty_like(s)
    of_t[reduced.t[t]], of_s[reduced.s[s]] = t, s
    row, column = cells.coords
    return coo_array((cells.data, (of_t[row], of_s[column])), shape=(len(p_t), len(p_s)))


def reduced_start(program: Program, start: Duals, reduced: Reduction, p_ty: Floats) -> Start:
    """Duals of a neighbouring problem in the variables of the reduced one."""
    from pidtools._broja.kernels.headers import Start

    t, s, y = (_representatives(group) for group in (reduced.t, reduced.s, reduced.y))
    p_y = p_ty.sum(axis=0)
    share = np.log(p_y[y] / reduced.p_ty.sum(axis=0))
    a, b = start.t_y[np.ix_(t, y)] - share, start.s_y[np.ix_(s, y)]
    row, col = program.variables(a, b)
    # Where the neighbour had no mass, the duals of the product coupling.
    share_col = (
        program.p_col
        / np.bincount(program.support.col_class, program.p_col)[program.support.col_class]
    )
    row = np.where(np.isfinite(row), row, np.log(program.p_row))
    col = np.where(np.isfinite(col), col, np.log(share_col))
    cells = _groups(reduced.t).T @ start.t_s.tocsr() @ _groups(reduced.s)
    return Start(row, col, program.totals_of_cells(cells.tocoo()))


def _representatives(group: Ints) -> Ints:
    """First member of each group."""
    members = np.nonzero(group >= 0)[0]
    return members[np.unique(group[members], return_index=True)[1]]


def _groups(group: Ints) -> csr_array:
    """Matrix (n_symbols, n_groups) of membership."""
    from scipy.sparse import csr_array

    members = np.nonzero(group >= 0)[0]
    ones = np.ones(len(members))
    return csr_array((ones, (members, group[members])), shape=(len(group), int(group.max()) + 1))


def _shares(p: Floats, group: Ints) -> csr_array:
    """Matrix (n_symbols, n_groups) with each symbol's share of its group's mass."""
    from scipy.sparse import csr_array

    kept = np.nonzero((group >= 0) & (p > 0))[0]
    total = np.bincount(group[kept], p[kept], int(group.max()) + 1)
    share = p[kept] / total[group[kept]]
    return csr_array((share, (kept, group[kept])), shape=(len(p), len(total)))


def _merge_rows(table: Floats) -> Ints:
    """Group number of each row of a non-negative table; -1 for rows without mass."""
    mass = table.sum(axis=1)
    group = np.full(len(table), -1, dtype=np.intp)
    kept = np.nonzero(mass > 0)[0]
    rows = table[kept] / mass[kept, None]
    # A positive probability that rounds to 0 must not merge with a true zero.
    key = np.where(rows > 0, np.maximum(np.round(rows, MERGE_DECIMALS), 1e-300), 0.0)
    # As bytes: sorting rows of many columns as records takes far longer.
    packed = np.ascontiguousarray(key).view(np.dtype((np.void, key.itemsize * key.shape[1])))
    group[kept] = np.unique(packed.ravel(), return_inverse=True)[1]
    return group


def _group(table: Floats, group: Ints) -> Floats:
    kept = group >= 0
    grouped = np.zeros((int(group.max()) + 1, table.shape[1]))
    np.add.at(grouped, group[kept], table[kept])
    return grouped
