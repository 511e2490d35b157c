"""Thousands of cells by many classes: the solver of matrices alone, against others and by law."""

from __future__ import annotations

import numpy as np
import pytest

import pidtools as pt
from pidtools._broja import dense, union
from pidtools._broja.dense import Bounds
from pidtools._broja.scaling import Point
from pidtools._information import entropy, mutual_information_of_table
from pidtools._result import NATS_PER_BIT
from pidtools._types import Floats

# What the solver is asked for here, in bits; it reaches that in some hundred sweeps.
TOL = 2e-3


def channel(n_in: int, n_out: int, seed: int, sharpness: float = 1.5) -> Floats:
    """Random rows that sum to 1, no entry 0."""
    rows = np.exp(sharpness * np.random.default_rng(seed).standard_normal((n_in, n_out)))
    channel: Floats = rows / rows.sum(axis=1, keepdims=True)
    return channel


def tables(
    n_t: int, n_s: int, n_y: int, seed: int, sharpness: float = 1.5
) -> tuple[Floats, Floats]:
    """Two tables with the class shares of the first."""
    p_y = channel(1, n_y, seed, 0.5)[0]
    t, s = (
        (channel(n_y, n, seed + k, sharpness) * p_y[:, None]).T for k, n in ((1, n_t), (2, n_s))
    )
    return t, s


def bounds_of(p_ty: Floats, p_sy: Floats, tol: float = TOL) -> tuple[float, float]:
    """Bounds on the union in bits by the solver under test, whatever the size."""
    found, _ = dense.solve(p_ty, p_sy, tol=tol * NATS_PER_BIT, max_iter=100)
    h_y = entropy(p_ty.sum(axis=0))
    return h_y + found.lower / NATS_PER_BIT, h_y + found.upper / NATS_PER_BIT


@pytest.mark.parametrize(("n_t", "n_s", "n_y"), [(60, 60, 20), (30, 80, 40), (100, 100, 100)])
@pytest.mark.parametrize("sharpness", [1.0, 3.0])
def test_it_agrees_with_the_other_solvers(n_t: int, n_s: int, n_y: int, sharpness: float) -> None:
    t, s = tables(n_t, n_s, n_y, seed=n_y, sharpness=sharpness)
    lower, upper = bounds_of(t, s)
    other = pt.broja_from_pairs(t, s, tol=1e-4)
    assert other.gap <= 1e-4
    assert upper - lower <= TOL
    assert lower <= other.union_information
    assert upper >= other.union_information - other.gap


@pytest.mark.parametrize("seed", range(3))
def test_bounds_hold_after_any_number_of_sweeps(seed: int) -> None:
    t, s = tables(20, 25, 12, seed, sharpness=3.0)
    exact = pt.broja_from_pairs(t, s)
    h_y = entropy(t.sum(axis=0))
    for precision in (np.float32, np.float64):
        point = dense._Floored(t.astype(precision), s.astype(precision))
        for _ in range(12):
            before = point.sweep(double=False)
            found = Bounds(t, s)
            found.improve(point, before)
            assert h_y + found.lower / NATS_PER_BIT <= exact.union_information + exact.gap
            assert h_y + found.upper / NATS_PER_BIT >= exact.union_information - exact.gap


@pytest.mark.parametrize("seed", range(3))
def test_a_garbling_adds_nothing(seed: int) -> None:
    t, _ = tables(80, 5, 40, seed)
    s = channel(80, 70, seed + 9).T @ t
    lower, upper = bounds_of(t, s)
    assert lower <= mutual_information_of_table(t) <= upper
    assert upper - lower <= TOL


def test_a_source_adds_nothing_to_itself() -> None:
    t, _ = tables(90, 5, 50, 0)
    lower, upper = bounds_of(t, t)
    assert lower <= mutual_information_of_table(t) <= upper
    assert upper - lower <= TOL


def attributes(n_shared: int, n_own: int, seed: int) -> tuple[Floats, Floats, float, float]:
    """Tables and informations where Y = (c, a, b), T sees (c, a) and S sees (c, b).

    Whatever both see they see through one channel, what each sees alone through its own; all
    shares are even, so informations add up and the redundancy is what the shared channel carries.
    """
    shared = channel(n_shared, n_shared + 2, seed, 2.0)
    own = [channel(n_own, n_own + 3, seed + k, 2.0) for k in (1, 2)]
    ones = np.ones((n_own, 1))
    t = np.einsum("cx,ay,bz->xyzcab", shared, own[0], ones)
    s = np.einsum("cx,ay,bz->xyzcab", shared, ones, own[1])
    n_y = n_shared * n_own**2
    known = [mutual_information_of_table(rows / len(rows)) for rows in (shared, *own)]
    t, s = (table.reshape(-1, n_y) / n_y for table in (t, s))
    return t, s, sum(known), known[0]


@pytest.mark.parametrize("n_shared", [1, 4])
def test_attributes_add_up(n_shared: int) -> None:
    t, s, expected, redundancy = attributes(n_shared, 7, 3)
    lower, upper = bounds_of(t, s)
    assert lower - 1e-9 <= expected <= upper + 1e-9
    assert upper - lower <= TOL
    found = mutual_information_of_table(t) + mutual_information_of_table(s) - upper
    assert found == pytest.approx(redundancy, abs=TOL)


def test_entries_without_mass_and_dust_are_no_obstacle() -> None:
    """Zeros, and posteriors that are never quite 0."""
    t, s = tables(60, 50, 30, 4, sharpness=8.0)
    assert min(t.min(), s.min()) < 1e-20
    holes = np.where(t > 1e-4, t, 0.0)
    holes = holes[holes.any(axis=1)] * (t.sum(axis=0) / holes.sum(axis=0))
    for first in (t, holes):
        exact = pt.broja_from_pairs(first, s, tol=1e-5)
        lower, upper = bounds_of(first, s)
        assert upper - lower <= TOL
        assert lower <= exact.union_information
        assert upper >= exact.union_information - exact.gap


def test_double_precision_goes_further() -> None:
    t, s = tables(30, 30, 10, 2)
    lower, upper = bounds_of(t, s, tol=1e-7)
    assert upper - lower <= 1e-5
    exact = pt.broja_from_pairs(t, s)
    assert lower - 1e-9 <= exact.union_information <= upper + 1e-9


def test_the_door_takes_it_where_the_support_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    t, s = tables(110, 110, 100, 1)
    called: list[float] = []
    plain = dense.solve

    def noted(p_row: Floats, p_col: Floats, *, tol: float, max_iter: int) -> tuple[Bounds, int]:
        called.append(tol)
        return plain(p_row, p_col, tol=tol, max_iter=max_iter)

    monkeypatch.setattr(dense, "solve", noted)
    found = pt.broja_from_pairs(t, s, tol=TOL)
    assert called
    assert found.outcome.name == "optimal"
    assert found.gap <= TOL
    pt.broja_from_pairs(t[:, :50] / t[:, :50].sum(), s[:, :50] / t[:, :50].sum(), tol=TOL)
    assert len(called) == 1


def test_a_limit_on_iterations_is_said() -> None:
    t, s = tables(110, 110, 100, 1)
    with pytest.warns(pt.PIDWarning, match="max_iter"):
        found = pt.broja_from_pairs(t, s, tol=1e-4, max_iter=1)
    assert found.gap > 1e-4


def test_from_a_joint_pmf(monkeypatch: pytest.MonkeyPatch) -> None:
    """The synergy is what the joint knows beyond the union."""
    monkeypatch.setattr(union, "DENSE_LOOSE", 0)
    rng = np.random.default_rng(0)
    pmf = rng.dirichlet(np.ones(12 * 14 * 9)).reshape(12, 14, 9)
    found = pt.broja(pmf, tol=1e-3)
    exact = pt.broja(pmf, keep_q=True)
    assert found.synergy == pytest.approx(exact.synergy, abs=found.gap + exact.gap)


def test_a_point_is_a_plain_one_with_a_floor() -> None:
    t, s = tables(9, 8, 5, 0)
    floored, plain = dense._Floored(t, s), Point(t, s)
    floored.lower_floor(0.0)
    for _ in range(3):
        np.testing.assert_array_equal(floored.sweep(double=True), plain.sweep(double=True))


def test_duals_are_feasible_and_prove_the_bound() -> None:
    t, s = tables(110, 110, 100, 1)
    t = np.vstack([t, 0.5 * t[:3]])  # proportional rows, which are merged
    t *= s.sum(axis=0) / t.sum(axis=0)
    found = pt.broja_from_pairs(t, s, tol=TOL, keep_duals=True)
    assert found.duals is not None
    a, b = found.duals.t_y, found.duals.s_y
    assert (np.exp(a) @ np.exp(b).T).max() <= 1 + 1e-9
    proved = entropy(t.sum(axis=0)) + (np.vdot(t, a) + np.vdot(s, b)) / NATS_PER_BIT
    assert proved <= found.union_information
    assert proved >= found.union_information - found.gap - 1e-9
    assert found.duals.t_s.shape == (len(t), len(s))
