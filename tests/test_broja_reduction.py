"""Exact reductions: what is merged, what is kept apart, and the way back."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import EXACT, random_pmf
from scipy.sparse import coo_array

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
