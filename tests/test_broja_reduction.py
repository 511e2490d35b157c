"""Exact reductions: what is merged, what is kept apart, and the way back."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import EXACT, random_pmf
from scipy.sparse import coo_array

import pidtools as pt
from pidtools._broja.reduction import lift, reduce_tables
from pidtools._types import Floats

ROW = np.array([0.3, 0.2])
OTHER = np.array([0.1, 0.4])


def groups(*rows: Floats | list[float]) -> list[int]:
    table = np.array(rows)
    table /= table.sum()
    return [int(group) for group in reduce_tables(table, table).t]


def test_proportional_rows_are_merged_and_empty_ones_dropped() -> None:
    found = groups(ROW, 0 * ROW, 3 * ROW, OTHER, 0.1 * ROW)
    assert found[1] == -1
    assert found[0] == found[2] == found[4] != found[3]


@pytest.mark.parametrize("difference", [1e-3, 1e-6, 1e-9, 1e-12])
def test_rows_that_differ_are_kept_apart(difference: float) -> None:
    assert len(set(groups(ROW, ROW + np.array([difference, -difference]), OTHER))) == 3


def test_a_tiny_probability_is_not_a_zero() -> None:
    """A zero forbids what a tiny probability allows, so the supports would differ."""
    assert len(set(groups([0.3, 0.0], [0.3, 1e-30], [0.1, 0.3]))) == 3


def test_classes_are_merged_where_both_tables_agree() -> None:
    """Columns proportional in one table only are different classes."""
    p_ty = np.array([[0.1, 0.2, 0.1], [0.1, 0.2, 0.3]])
    same = np.array([[0.15, 0.3, 0.1], [0.05, 0.1, 0.3]])
    other = np.array([[0.15, 0.1, 0.1], [0.05, 0.3, 0.3]])
    assert len(set(reduce_tables(p_ty, same).y.tolist())) == 2
    assert len(set(reduce_tables(p_ty, other).y.tolist())) == 3


def test_lift_spreads_any_coupling_to_the_original_marginals() -> None:
    small = random_pmf("dense", (3, 4, 3), 0)
    pmf = np.concatenate([0.4 * small, 0.6 * small, np.zeros((1, 4, 3))])
    pmf = np.concatenate([0.5 * pmf[:, :, :1], 0.5 * pmf[:, :, :1], pmf[:, :, 1:]], axis=2)
    p_ty, p_sy = pmf.sum(axis=1), pmf.sum(axis=0)
    reduced = reduce_tables(p_ty, p_sy)
    assert reduced.p_ty.shape == (3, 3)
    q = reduced.p_ty[:, None, :] * (reduced.p_sy / reduced.p_sy.sum(axis=0))
    lifted = lift(coo_array(q), reduced, p_ty, p_sy).toarray()
    assert lifted.shape == pmf.shape
    assert abs(lifted.sum(axis=1) - p_ty).max() <= EXACT
    assert abs(lifted.sum(axis=0) - p_sy).max() <= EXACT


@pytest.mark.parametrize("n_classes", [1, 2, 3, 4])
def test_duals_are_there_where_there_is_mass_and_only_there(n_classes: int) -> None:
    """Rows without mass, merged rows, merged classes, zeros: a dual for every entry with mass."""
    rng = np.random.default_rng(n_classes)
    p_ty, p_sy = rng.random((5, n_classes)), rng.random((4, n_classes))
    p_ty[1], p_ty[3] = 0.0, 2 * p_ty[0]
    p_sy[2] = 3 * p_sy[3]
    p_sy[0] = 0.0
    if n_classes > 2:
        p_ty[2, 0], p_sy[1, 1] = 0.0, 0.0
    p_ty /= p_ty.sum()
    p_sy *= p_ty.sum(axis=0) / p_sy.sum(axis=0)
    if n_classes == 4:  # two classes that both tables take for one
        p_ty[:, 3], p_sy[:, 3] = 2 * p_ty[:, 2], 2 * p_sy[:, 2]
        p_ty, p_sy = p_ty / p_ty.sum(), p_sy / p_sy.sum()
    found = pt.broja_from_pairs(p_ty, p_sy, keep_duals=True, keep_q=True)
    assert found.duals is not None
    assert found.q is not None
    for table, duals in ((p_ty, found.duals.t_y), (p_sy, found.duals.s_y)):
        assert (np.isfinite(duals) == (table > 0)).all()
    q, cells = found.q.toarray(), found.duals.t_s.toarray()
    np.testing.assert_allclose(q.sum(axis=1), p_ty, atol=1e-12)
    np.testing.assert_allclose(q.sum(axis=0), p_sy, atol=1e-12)
    np.testing.assert_allclose(cells.sum(axis=1), p_ty.sum(axis=1), atol=1e-9)
    np.testing.assert_allclose(cells.sum(axis=0), p_sy.sum(axis=1), atol=1e-9)
    # The value of the duals is the union, and they are feasible in every cell.
    a, b = np.nan_to_num(found.duals.t_y), np.nan_to_num(found.duals.s_y)
    h_y = -sum(p * np.log(p) for p in p_ty.sum(axis=0))
    value = (float((p_ty * a).sum() + (p_sy * b).sum()) + h_y) / np.log(2)
    assert value == pytest.approx(found.union_information, abs=1e-8)
    both = (p_ty > 0)[:, None, :] & (p_sy > 0)[None, :, :]
    assert np.where(both, np.exp(a[:, None] + b[None]), 0).sum(axis=2).max() <= 1 + 1e-9


def test_rows_merge_up_to_thirteen_decimals() -> None:
    assert len(set(groups(ROW, ROW + np.array([1e-14, -1e-14]), OTHER))) == 2
    assert len(set(groups([0.31, 0.19], [0.31 + 4e-13, 0.19 - 4e-13], OTHER))) == 3
