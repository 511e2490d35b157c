"""Two classes: the closed form against conic programs."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import (
    INDEPENDENT,
    REFERENCE,
    atoms,
    broja_quietly,
    pair_tables,
    random_pmf,
    random_pmfs,
    slack,
    union_by_clarabel,
)

import pidtools as pt
from pidtools import problems
from pidtools._types import Floats

TWO_CLASSES = list(random_pmfs(210, (2, 20), (2, 2), seed=1))


# Pairs whose likelihood ratios are infinite: symbols that one class never shows.
INFINITE_RATIOS = {
    "both ends": ([[0.2, 0.0], [0.2, 0.1], [0.0, 0.5]], [[0.1, 0.0], [0.3, 0.2], [0.0, 0.4]]),
    "class 0 alone": ([[0.3, 0.0], [0.1, 0.6]], [[0.2, 0.4], [0.2, 0.2]]),
    "class 1 alone": ([[0.0, 0.3], [0.4, 0.3]], [[0.3, 0.1], [0.1, 0.5]]),
    "several alone": (
        [[0.1, 0.0], [0.1, 0.0], [0.1, 0.1], [0.0, 0.3], [0.0, 0.3]],
        [[0.2, 0.1], [0.1, 0.0], [0.0, 0.2], [0.0, 0.4]],
    ),
    "equal x at the end": ([[0.5, 0.1], [0.0, 0.4]], [[0.4, 0.0], [0.1, 0.2], [0.0, 0.3]]),
    "nothing shared": ([[0.4, 0.0], [0.0, 0.6]], [[0.1, 0.0], [0.3, 0.0], [0.0, 0.6]]),
}


@pytest.mark.parametrize("part", range(6))
def test_closed_form_agrees_with_the_conic_program(part: int) -> None:
    for kind, shape, seed in TWO_CLASSES[part::6]:
        pmf = random_pmf(kind, shape, seed)
        closed, conic_answer = pt.broja(pmf), broja_quietly(pmf, solver="cvxpy")
        off = abs(atoms(closed) - atoms(conic_answer)).max()
        assert off <= REFERENCE, (kind, shape, seed)
        assert off <= slack(closed, conic_answer), (kind, shape, seed)


def test_closed_form_says_so_and_bounds_its_rounding() -> None:
    pid = pt.broja(problems.dirichlet((20, 20, 2)))
    assert pid.outcome is pt.Outcome.closed_form
    assert 0 < pid.gap < 1e-13


@pytest.mark.parametrize("tables", INFINITE_RATIOS.values(), ids=INFINITE_RATIOS)
@pytest.mark.parametrize("swapped", [False, True], ids=["", "classes swapped"])
def test_infinite_likelihood_ratios(
    tables: tuple[list[list[float]], list[list[float]]], swapped: bool
) -> None:
    """Ties at the ends of the ROC curves: a vertical edge lost there costs hundredths of bits."""
    p_ty, p_sy = (np.array(table)[:, :: -1 if swapped else 1] for table in tables)
    pmf = np.einsum("ty,sy->tsy", p_ty, p_sy / p_sy.sum(axis=0))
    closed = pt.broja(pmf)
    assert closed.union_information == pytest.approx(union_by_clarabel(pmf), abs=INDEPENDENT)
    reference = broja_quietly(pmf, solver="cvxpy")
    assert abs(atoms(closed) - atoms(reference)).max() <= slack(closed, reference)


@pytest.mark.parametrize("n", [1_000, 30_000])
def test_long_curves_agree_with_their_own_split(n: int) -> None:
    """Above and below the size where the hull is compiled: split symbols change nothing."""
    rng = np.random.default_rng(3)
    p_ty, p_sy = (rng.dirichlet(np.ones(2 * 50)).reshape(50, 2) for _ in range(2))
    p_sy *= p_ty.sum(axis=0) / p_sy.sum(axis=0)
    short = pt.broja_from_pairs(p_ty, p_sy)
    # Unequal nudges keep the rows from merging; they move the information by about 1e-10.
    shares = rng.dirichlet(np.ones(n // 50))
    nudged = np.einsum("ty,k->tky", p_ty, shares).reshape(-1, 2)
    nudged *= 1 + 1e-10 * rng.standard_normal(nudged.shape)
    nudged *= p_ty.sum(axis=0) / nudged.sum(axis=0)
    long = pt.broja_from_pairs(nudged, p_sy)
    assert atoms(long) == pytest.approx(atoms(short), abs=1e-8)


# --- duals ------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", range(3))
def test_duals_are_feasible_and_of_the_value_of_the_hull(part: int) -> None:
    for kind, shape, seed in TWO_CLASSES[part::3]:
        _check_duals(*pair_tables(random_pmf(kind, shape, seed)))


@pytest.mark.parametrize("name", INFINITE_RATIOS)
def test_duals_of_infinite_ratios(name: str) -> None:
    _check_duals(*(np.array(table) for table in INFINITE_RATIOS[name]))


def test_duals_where_almost_no_mass_is_of_a_class() -> None:
    t = np.array([[5e-5, 0.0455], [1e-21, 0.1545], [0.8, 0.0]])
    s = np.array([[0.5 + 5e-5, 0.1], [0.3, 1e-21], [1e-23, 0.1]])
    _check_duals(t / t.sum(), s / s.sum())


def _check_duals(t: Floats, s: Floats) -> None:
    pid = pt.broja_from_pairs(t, s, keep_duals=True)
    assert pid.duals is not None
    values = [np.where(x > 0, d, 0.0) for x, d in ((t, pid.duals.t_y), (s, pid.duals.s_y))]
    shares = t.sum(axis=0)
    entropy = -float((shares * np.log(np.where(shares > 0, shares, 1.0))).sum())
    value = float((t * values[0]).sum() + (s * values[1]).sum()) + entropy
    assert value / np.log(2) == pytest.approx(pid.union_information, abs=1e-12)
    both = (t > 0)[:, None] & (s > 0)[None]
    sums = np.where(both, np.exp(values[0][:, None] + values[1][None]), 0.0).sum(axis=2)
    assert sums.max() <= 1 + 1e-12
    cells = pid.duals.t_s.toarray()
    np.testing.assert_allclose(cells.sum(axis=1), t.sum(axis=1), atol=1e-12)
    np.testing.assert_allclose(cells.sum(axis=0), s.sum(axis=1), atol=1e-12)


def test_duals_where_a_source_knows_nothing() -> None:
    t, s = np.array([[0.3, 0.1, 0.05], [0.1, 0.2, 0.25]]), np.array([[0.4, 0.3, 0.3]])
    for pair in ((t, s), (s, t), (s, s)):
        _check_duals(*pair)


# --- couplings --------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_couplings_of_symbols_of_very_unequal_mass(seed: int) -> None:
    """Marginals of both tables, the information of the union, and few entries."""
    rng = np.random.default_rng(seed)
    p_ty, p_sy = (
        rng.dirichlet(np.full(n, 0.5))[:, None] * rng.dirichlet((0.7, 0.7), size=n) for n in (9, 7)
    )
    p_sy *= p_ty.sum(axis=0) / p_sy.sum(axis=0)
    found = pt.broja_from_pairs(p_ty, p_sy, keep_q=True)
    assert found.q is not None
    q = found.q.toarray()
    np.testing.assert_allclose(q.sum(axis=1), p_ty, atol=1e-12)
    np.testing.assert_allclose(q.sum(axis=0), p_sy, atol=1e-12)
    assert q.min() >= 0
    cells = q.reshape(-1, 2)
    p_y, mass = cells.sum(axis=0), cells.sum(axis=1, keepdims=True)
    ratio = np.divide(cells, mass * p_y, out=np.ones_like(cells), where=cells > 0)
    assert float((cells * np.log2(ratio)).sum()) == pytest.approx(found.union_information, abs=1e-9)


def test_the_hull_of_points_that_can_be_seen() -> None:
    from pidtools._broja.hull import _hull

    x = np.array([0.0, 0.0, 0.2, 0.4, 0.6, 1.0, 1.0])
    y = np.array([0.0, 0.3, 0.3, 0.8, 0.8, 0.9, 1.0])
    assert _hull(x, y).tolist() == [0, 1, 3, 6]
    assert _hull(np.array([0.0, 0.5, 1.0]), np.array([0.0, 0.5, 1.0])).tolist() == [0, 2]
