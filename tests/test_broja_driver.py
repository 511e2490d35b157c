"""The solver of many classes: agreement with others, starts, and limits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers import EXACT, pair_tables, random_pmf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp

import pidtools as pt
from benchmarks.tools.generated import N_PROBLEMS, generated_problems
from pidtools import problems
from pidtools._broja import driver, hull, program
from pidtools._broja.kernels.headers import FLOOR, MU_FLOOR, Start
from pidtools._information import entropy, mutual_information_of_table
from pidtools._result import NATS_PER_BIT

# --- agreement ---------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    shape=st.tuples(st.integers(2, 7), st.integers(2, 7)),
    seed=st.integers(0, 10_000),
    concentration=st.sampled_from([0.05, 0.3, 1.0, 5.0]),
)
def test_two_classes_agree_with_the_closed_form(
    shape: tuple[int, int], seed: int, concentration: float
) -> None:
    p_ty, p_sy = pair_tables(
        problems.dirichlet((*shape, 2), concentration=concentration, random_state=seed)
    )
    if min(p_ty.shape) < 2 or min(p_sy.shape) < 2:
        return
    solution = driver.solve(program.program_of(p_ty, p_sy), tol=1e-9, max_iter=100)
    p_y = p_ty.sum(axis=0)
    exact = NATS_PER_BIT * (mutual_information_of_table(hull.join(p_ty, p_sy), p_y) - entropy(p_y))
    assert solution.lower - EXACT <= exact <= solution.upper + EXACT
    assert solution.upper - solution.lower <= 1e-9


@settings(max_examples=15, deadline=None)
@given(
    shape=st.tuples(st.integers(2, 5), st.integers(2, 5), st.integers(3, 5)),
    seed=st.integers(0, 10_000),
    concentration=st.sampled_from([0.1, 1.0, 5.0]),
)
def test_solvers_agree_within_their_gaps(
    shape: tuple[int, int, int], seed: int, concentration: float
) -> None:
    pmf = problems.dirichlet(shape, concentration=concentration, random_state=seed)
    ours = pt.broja(pmf)
    scaled = pt.broja(pmf, solver="scaling", tol=1e-5)
    reference = pt.broja(pmf, solver="cvxpy", tol=1.0)
    for other in (scaled, reference):
        assert abs(ours.union_information - other.union_information) <= ours.gap + other.gap


# --- limits ------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::pidtools.PIDWarning")
def test_probabilities_over_fifty_orders_of_magnitude_get_an_honest_gap() -> None:
    for seed in range(6):
        logs = 25.0 * np.random.default_rng(seed).normal(size=(5, 4, 4))
        pmf = np.exp(logs - logsumexp(logs))
        ours, reference = pt.broja(pmf), pt.broja(pmf, solver="scaling", tol=1e-4)
        assert abs(ours.union_information - reference.union_information) <= (
            ours.gap + reference.gap
        )
        assert ours.gap < 1e-3


@pytest.mark.filterwarnings("ignore::pidtools.PIDWarning")
def test_denormal_probabilities_do_no_harm() -> None:
    pmf = random_pmf("dense", (4, 4, 3), 0)
    clean = pt.broja(pmf)
    pmf[0, :, 0] = 5e-324
    pmf[:, 1, 2] = 1e-310
    pmf /= pmf.sum()
    pid = pt.broja(pmf)
    assert np.isfinite(pid.redundancy)
    assert pid.gap < 1e-6
    assert clean.gap <= 1e-9


def test_a_limit_on_iterations_leaves_an_honest_gap() -> None:
    pmf = random_pmf("dense", (6, 6, 4), 0)
    exact = pt.broja(pmf)
    with pytest.warns(pt.PIDWarning, match="max_iter"):
        cut = pt.broja(pmf, max_iter=3)
    assert cut.outcome is pt.Outcome.iteration_limit
    assert 0 <= cut.union_information - exact.union_information <= cut.gap + exact.gap


def test_a_loose_tolerance_takes_fewer_iterations() -> None:
    prog = program.program_of(*pair_tables(random_pmf("dense", (10, 10, 5), 0)))
    loose = driver.solve(prog, tol=1e-3, max_iter=100)
    tight = driver.solve(prog, tol=1e-10, max_iter=100)
    assert loose.iterations < tight.iterations
    assert loose.upper - loose.lower <= 1e-3


def test_a_start_changes_the_time_and_not_the_answer() -> None:
    rng = np.random.default_rng(0)
    pmf = random_pmf("dense", (6, 5, 4), 0)
    pmf[2] = pmf[1] / 2  # a merged row, so that duals go through the reduction and back
    pmf /= pmf.sum()
    first = pt.broja(pmf, keep_duals=True)
    assert first.duals is not None
    assert first.duals.t_y.shape == (6, 4)
    near = rng.multinomial(20_000, pmf.ravel()).reshape(pmf.shape) / 20_000
    cold, warm = pt.broja(near), pt.broja(near, start=first.duals)
    assert warm.gap <= 1e-9
    assert abs(warm.union_information - cold.union_information) <= warm.gap + cold.gap
    # From its own duals a problem is solved at once.
    with_limit = pt.broja(pmf, start=first.duals, max_iter=1)
    assert with_limit.gap <= 1e-9


@pytest.mark.parametrize("shape", [(8, 7, 4), (60, 60, 6)])
def test_a_loose_tolerance_is_certified_with_and_without_a_start(
    shape: tuple[int, int, int],
) -> None:
    """The larger shape goes to scaling, unless its start is close."""
    rng = np.random.default_rng(0)
    pmf = random_pmf("dense", shape, 0)
    exact = pt.broja(pmf, keep_duals=True)
    far = rng.multinomial(5_000, pmf.ravel()).reshape(shape) / 5_000
    for problem in (pmf, far):
        truth = pt.broja(problem)
        for start in (None, exact.duals):
            for solver in ("auto", "scaling"):
                loose = pt.broja(problem, tol=1e-3, start=start, solver=solver)
                assert loose.gap <= 1e-3
                off = abs(loose.union_information - truth.union_information)
                assert off <= loose.gap + truth.gap


def widest_gap(n_problems: int) -> float:
    """Largest certified gap in bits over generated problems."""
    return max(pt.broja(pmf).gap for _, pmf in generated_problems(n_problems))


def test_generated_problems_are_solved() -> None:
    assert widest_gap(500) <= 1e-9


@pytest.mark.slow
def test_all_generated_problems_are_solved() -> None:
    assert widest_gap(N_PROBLEMS) <= 1e-9


# --- attempts ------------------------------------------------------------------------------


def three_classes() -> program.Program:
    return program.program_of(*pair_tables(random_pmf("dense", (3, 4, 3), 0)))


Attempt = tuple[int, int, float, float, bool]


def attempts(
    monkeypatch: pytest.MonkeyPatch, max_iter: int, used: int, *, start: bool = False
) -> list[Attempt]:
    """Limits, corrections, both floors and starts of runs that get nowhere in `used` iterations."""
    asked = list[Attempt]()

    def get_nowhere(run: Any, limit: int, n_corrections: int, start: Start | None) -> int:
        floors = float(run.numbers[FLOOR]), float(run.numbers[MU_FLOOR])
        asked.append((limit, n_corrections, *floors, start is not None))
        return min(used, limit)

    monkeypatch.setattr(driver, "run_once", get_nowhere)
    prog = three_classes()
    sup = prog.support
    given = Start(*(np.zeros(n) for n in (sup.n_rows, sup.n_cols, sup.n_cells)))
    found = driver.solve(prog, tol=1e-9, max_iter=max_iter, start=given if start else None)
    assert found.iterations == sum(min(used, limit) for limit, *_ in asked)
    assert (found.lower, found.upper) == (-np.inf, np.inf)
    return asked


def test_attempts_share_the_iterations(monkeypatch: pytest.MonkeyPatch) -> None:
    floors = [(2, 1e-14, 0.05), (4, 1e-11, 0.05), (8, 1e-16, 0.05), (4, 1e-12, 0.3)]
    limits = 50, 50, 50, 40
    four = [(n, *each, k == 0) for k, (n, each) in enumerate(zip(limits, floors, strict=True))]
    assert attempts(monkeypatch, 100, 20, start=True) == four
    assert [limit for limit, *_ in attempts(monkeypatch, 100, 50)] == [50, 50]
    assert [limit for limit, *_ in attempts(monkeypatch, 70, 50)] == [40, 30]
    assert [limit for limit, *_ in attempts(monkeypatch, 5, 50)] == [5]
    assert [limit for limit, *_ in attempts(monkeypatch, 300, 200)] == [150, 150]


@pytest.mark.parametrize(
    ("tol", "seconds", "first"),
    [(1e-6, 13.9, True), (1e-6, 14.0, False), (9e-7, 1.0, False), (1e-3, 1.0, True)],
)
def test_scaling_first_where_it_is_loose_and_quick(
    tol: float, seconds: float, first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fourteen iterations of the interior point are what it must be quicker than."""
    asked = list[int]()

    def sweep(problem: Any, tol: float, max_sweeps: int, start: Start | None) -> int:
        asked.append(max_sweeps)
        return 101

    monkeypatch.setattr(driver, "scaling_seconds", lambda _: seconds)
    monkeypatch.setattr(driver, "seconds_per_iteration", lambda _: 1.0)
    monkeypatch.setattr(driver, "solve_by_scaling", sweep)
    found = driver.solve(three_classes(), tol=tol, max_iter=100)
    assert found.upper - found.lower <= tol
    assert asked == ([2000] if first else [])
    assert driver.solve(three_classes(), tol=tol, max_iter=7).iterations <= 7
    assert asked == ([2000, 700] if first else [])
    alone = driver.solve(three_classes(), tol=1e-12, max_iter=7, scaling=True)
    assert (alone.iterations, asked[-1]) == (2, 700)


def test_a_part_of_one_class_needs_no_iterations() -> None:
    pmf = np.zeros((4, 4, 4))
    pmf[:3, :3, :3], pmf[3, 3, 3] = random_pmf("dense", (3, 3, 3), 0) / 2, 0.5
    found = driver.solve(program.program_of(*pair_tables(pmf)), tol=1e-9, max_iter=100)
    assert 0 < found.iterations < 100
    diagonal = np.zeros((3, 3, 3))
    diagonal[range(3), range(3), range(3)] = 1 / 3
    found = driver.solve(program.program_of(*pair_tables(diagonal)), tol=1e-9, max_iter=100)
    assert (found.iterations, found.lower, found.upper) == (0, 0.0, 0.0)
    np.testing.assert_allclose(found.q, 1 / 3)
