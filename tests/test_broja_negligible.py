"""Traces of mass that the solver is not asked about, and the bound on what they could change."""

from __future__ import annotations

import numpy as np
import pytest

import pidtools as pt
from pidtools._broja.negligible import LEAST_SHARE, without_negligible

TOL = 1e-6


def certain_posteriors(
    n_cells: int, n_classes: int, seed: int, loudness: float = 25.0
) -> tuple[np.ndarray, np.ndarray]:
    """Two pair tables like those of confident networks: most entries below 1e-8."""
    rng = np.random.default_rng(seed)
    tables = []
    for _ in range(2):
        logits = loudness * rng.random((n_cells, n_classes))
        logits[np.arange(n_cells), np.arange(n_cells) % n_classes] += loudness
        rows = np.exp(logits - logits.max(axis=1, keepdims=True))
        tables.append(rows / rows.sum() + 0.0)
    t, s = tables
    return t, s * (t.sum(axis=0) / s.sum(axis=0))


@pytest.mark.parametrize("seed", range(5))
def test_class_marginals_stay_and_the_mass_is_within_its_share(seed: int) -> None:
    t, s = certain_posteriors(12, 4, seed)
    kept_t, kept_s, moved = without_negligible(t, s, TOL)
    for table, kept in ((t, kept_t), (s, kept_s)):
        np.testing.assert_allclose(kept.sum(axis=0), table.sum(axis=0), rtol=1e-14)
        assert 0 < np.count_nonzero(kept) < np.count_nonzero(table)
    assert sum(x[k == 0].sum() for x, k in ((t, kept_t), (s, kept_s))) <= 1e-3 * TOL
    assert 0 < moved <= 0.1 * TOL


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("tol", [1e-3, 1e-5])
def test_unions_differ_by_less_than_the_bound(seed: int, tol: float) -> None:
    """Both solved to 1e-9 by way of a coupling, which leaves nothing out."""
    t, s = certain_posteriors(9, 3, seed, loudness=12.0)
    kept_t, kept_s, moved = without_negligible(t, s, tol)
    assert moved > 0
    whole = pt.broja_from_pairs(t, s, keep_q=True)
    part = pt.broja_from_pairs(kept_t, kept_s, keep_q=True)
    assert whole.gap <= 1e-8
    assert part.gap <= 1e-8
    assert abs(whole.union_information - part.union_information) <= moved + 2e-8


@pytest.mark.parametrize("seed", range(5))
def test_the_gap_holds_what_was_left_out(seed: int) -> None:
    t, s = certain_posteriors(9, 3, seed, loudness=12.0)
    exact = pt.broja_from_pairs(t, s, keep_q=True)
    found = pt.broja_from_pairs(t, s, tol=1e-4)
    assert found.gap <= 1e-4
    assert found.union_information >= exact.union_information - exact.gap
    assert found.union_information - found.gap <= exact.union_information


def test_tables_without_negligible_come_back_as_they_are() -> None:
    rng = np.random.default_rng(0)
    t = rng.dirichlet(np.ones(12)).reshape(4, 3)
    s = rng.dirichlet(np.ones(12)).reshape(4, 3)
    s *= t.sum(axis=0) / s.sum(axis=0)
    few = t.copy()
    few[0, :2] = 1e-15  # two of 24 entries
    assert LEAST_SHARE * 24 > 2
    few *= t.sum(axis=0) / few.sum(axis=0)
    for table in (t, few):
        kept_t, kept_s, moved = without_negligible(table, s, 1e-6)
        assert kept_t is table
        assert kept_s is s
        assert moved == 0


def test_a_class_of_such_entries_alone_keeps_its_largest_entry() -> None:
    t, s = certain_posteriors(12, 4, 0)
    t, s = (np.column_stack([x * (1 - 1e-15), np.full(12, 1e-15 / 12)]) for x in (t, s))
    kept_t, kept_s, moved = without_negligible(t, s, TOL)
    assert moved > 0
    assert np.count_nonzero(kept_t[:, 4]) == np.count_nonzero(kept_s[:, 4]) == 1
    assert np.isfinite(pt.broja_from_pairs(t, s, tol=TOL).redundancy)


def test_the_bound_is_that_of_the_notes() -> None:
    """2 h(m) + m log K bits for the mass m left out of both tables."""
    t, s = certain_posteriors(12, 4, 0)
    kept_t, kept_s, moved = without_negligible(t, s, TOL)
    m = float(t[kept_t == 0].sum() + s[kept_s == 0].sum())
    h = -(m * np.log2(m) + (1 - m) * np.log2(1 - m))
    assert moved == pytest.approx(2 * h + m * 2, rel=1e-9)
    out = np.sort(np.concatenate([t[kept_t == 0], s[kept_s == 0]]))
    kept = np.concatenate([t[kept_t > 0], s[kept_s > 0]])
    # As many as go into the share: the next one would not, unless it is the largest of its class.
    assert out.sum() <= 1e-3 * TOL
    assert out.max() <= np.partition(kept, 8)[8]


def test_entries_that_are_zero_are_none_to_leave_out() -> None:
    t = np.eye(20) / 20
    t[0, 1] = 1e-14
    t[0, 0] -= 1e-14
    s = np.full((2, 20), 1 / 40) * t.sum(axis=0) * 20
    kept_t, kept_s, moved = without_negligible(t, s, 1e-6)
    assert kept_t is t
    assert kept_s is s
    assert moved == 0
