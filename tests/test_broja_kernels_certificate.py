"""Bounds from arbitrary points, and what is kept of them, against tables over (t, s, y)."""

from __future__ import annotations

import numpy as np
import pytest
from broja_runs import IRREGULAR, Formulas, new_run, tables

from pidtools._broja.certificate import certify
from pidtools._broja.kernels.headers import LOWER, UPPER, Problem
from pidtools._broja.roster import CERTIFY
from pidtools._compiled.header import Header
from pidtools._types import Floats


def problem_at_random(has: tuple[str, str], seed: int, scale: float = 1.0) -> Problem:
    """A program with duals, log-sum-exps and masses that know nothing of each other."""
    problem = new_run(*tables(*has, seed=seed)).problem
    draw(problem, seed, scale)
    return problem


def draw(problem: Problem, seed: int, scale: float = 1.0) -> None:
    rng = np.random.default_rng(seed + 100)
    for array in (problem.a, problem.b, problem.lse):
        array[:] = scale * rng.normal(size=len(array))
    q = rng.gamma(0.3, size=len(problem.q)) * 0.3
    problem.q[:] = np.where(rng.random(len(q)) < 0.3, 0.0, q)


def bounds_of(problem: Problem) -> tuple[float, Floats, Floats, float, Floats]:
    """By the formulas."""
    return Formulas(problem.support).certificate(
        problem.p_row, problem.p_col, problem.a, problem.b, problem.lse, problem.q
    )


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("has", IRREGULAR)
def test_bounds_and_points_are_those_of_the_formulas(has: tuple[str, str], seed: int) -> None:
    problem = problem_at_random(has, seed)
    lower, a, b, upper, q = bounds_of(problem)
    CERTIFY(Header(problem))
    best = problem.best
    assert best.bounds[LOWER] == pytest.approx(lower, abs=1e-12)
    assert best.bounds[UPPER] == pytest.approx(upper, abs=1e-12)
    np.testing.assert_allclose(best.a, a, atol=1e-12)
    np.testing.assert_allclose(best.b, b, atol=1e-12)
    np.testing.assert_allclose(best.q, q, atol=1e-14)
    np.testing.assert_allclose(problem.q, q, atol=1e-14)


@pytest.mark.parametrize("has", IRREGULAR)
def test_the_better_of_many_points_stays(has: tuple[str, str]) -> None:
    problem = problem_at_random(has, 0)
    lower, upper, kept = -np.inf, np.inf, [np.zeros(0)] * 3
    for seed in range(8):
        draw(problem, seed, 0.1 if seed % 3 else 2.0)
        found = bounds_of(problem)
        CERTIFY(Header(problem))
        if found[0] > lower + 1e-12:
            lower, kept[0], kept[1] = found[:3]
        if found[3] < upper - 1e-12:
            upper, kept[2] = found[3:]
        assert problem.best.bounds == pytest.approx([lower, upper], abs=1e-12)
        for array, expected in zip(problem.best[:3], kept, strict=True):
            np.testing.assert_allclose(array, expected, atol=1e-12)


def test_equally_good_points_do_not_take_the_place_of_the_first() -> None:
    problem = problem_at_random(IRREGULAR[1], 0)
    before = problem.q.copy()
    CERTIFY(Header(problem))
    lower, upper = problem.best.bounds
    a, q = problem.best.a.copy(), problem.best.q.copy()
    problem.best.a[:] = problem.best.q[:] = -7.0
    problem.q[:] = before
    CERTIFY(Header(problem))
    assert (problem.best.a == -7.0).all()
    assert (problem.best.q == -7.0).all()
    assert tuple(problem.best.bounds) == (lower, upper)
    assert not (a == -7.0).any()
    assert q.min() >= 0.0


def test_a_dual_without_a_number_is_not_kept() -> None:
    problem = problem_at_random(IRREGULAR[0], 0)
    problem.a[0] = np.nan
    CERTIFY(Header(problem))
    assert problem.best.bounds[LOWER] == -np.inf
    assert not problem.best.a.any()


@pytest.mark.parametrize("has", IRREGULAR)
def test_both_orders_of_shifting_are_tried(has: tuple[str, str]) -> None:
    """Slack in one row, or in one column, is best taken up last by that side."""
    winners = set()
    for k in range(8):
        problem = problem_at_random(has, k)
        problem.lse[:] = 0.0
        of_cell = problem.support.cell_row if k % 2 else problem.support.cell_col
        problem.lse[of_cell == k % 3 % 2] = -2.0
        problem.lse[-1] = 1.0
        lower = bounds_of(problem)[0]
        CERTIFY(Header(problem))
        assert problem.best.bounds[LOWER] == pytest.approx(lower, abs=1e-12)
        value = problem.p_row @ problem.best.a + problem.p_col @ problem.best.b
        assert value == pytest.approx(lower, abs=1e-12)
        winners.add(tuple(np.round(problem.best.a - problem.a, 6)))
    assert len(winners) > 1


@pytest.mark.parametrize("kind", ["nothing", "product", "too much", "one entry"])
@pytest.mark.parametrize("has", IRREGULAR)
def test_masses_of_any_kind_get_the_marginals(has: tuple[str, str], kind: str) -> None:
    problem = problem_at_random(has, 0)
    sup, q = problem.support, problem.q
    p_y = np.bincount(sup.row_class, problem.p_row)
    product = problem.p_row[sup.row] * problem.p_col[sup.col] / p_y[sup.row_class[sup.row]]
    first = np.arange(sup.n_entries) == 0
    q[:] = {
        "nothing": 0.0, "product": product, "too much": 40.0 * product, "one entry": 9.0 * first
    }[kind]  # fmt: skip
    expected, upper = bounds_of(problem)[4], bounds_of(problem)[3]
    CERTIFY(Header(problem))
    np.testing.assert_allclose(q, expected, atol=1e-15)
    np.testing.assert_allclose(np.bincount(sup.row, q), problem.p_row, atol=1e-15)
    np.testing.assert_allclose(np.bincount(sup.col, q), problem.p_col, atol=1e-15)
    assert problem.best.bounds[UPPER] == pytest.approx(upper, abs=1e-13)
    if kind != "one entry":
        np.testing.assert_allclose(q, product, atol=1e-15)


def test_no_mass_is_below_zero() -> None:
    """Not even by the rounding of what rows and columns still miss."""
    for seed in range(40):
        problem = problem_at_random(IRREGULAR[seed % 4], seed)
        problem.q[:] *= 4.0 ** (seed % 5 - 2)
        CERTIFY(Header(problem))
        assert problem.q.min() >= 0.0


@pytest.mark.parametrize("scale", [1.0, 800.0])
@pytest.mark.parametrize("has", IRREGULAR)
def test_the_log_sum_exps_of_points_from_elsewhere(has: tuple[str, str], scale: float) -> None:
    problem = problem_at_random(has, 3, scale)
    formulas = Formulas(problem.support)
    problem.lse[:] = formulas.conditionals(problem.a, problem.b)[1]
    lower, _, _, upper, rounded = bounds_of(problem)
    found = certify(problem.support, problem.p_row, problem.p_col, problem.a, problem.b, problem.q)
    assert found == pytest.approx((lower, upper), abs=1e-13 * max(scale, 10.0))
    assert all(type(bound) is float for bound in found)
    np.testing.assert_allclose(problem.q, rounded, atol=1e-14)
