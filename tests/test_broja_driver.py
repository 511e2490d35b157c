"""The solver behind `broja`: its certificate, its linear algebra, its limits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from generated_problems import N_PROBLEMS, generated_problems
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.special import logsumexp

import pidtools as pt
from pidtools._broja import driver, hull, linear_algebra, program
from pidtools._broja.certificate import certify
from pidtools._broja.state import new_problem

Floats = NDArray[np.float64]

# The certificate adds up to a few hundred numbers of the size of the duals.
ROUNDING = 1e-12


def tables(pmf: Floats) -> tuple[Floats, Floats]:
    """Pair tables without empty rows and classes."""
    p_ty, p_sy = pmf.sum(axis=1), pmf.sum(axis=0)
    kept = p_ty.sum(axis=0) > 0
    return p_ty[p_ty.sum(axis=1) > 0][:, kept], p_sy[p_sy.sum(axis=1) > 0][:, kept]


def random_pmf(shape: tuple[int, ...], seed: int, concentration: float = 1.0) -> Floats:
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.full(int(np.prod(shape)), concentration)).reshape(shape)


def primal_value_slowly(q: Floats) -> float:
    mass = q.sum(axis=2, keepdims=True)
    ratio = np.divide(q, mass, out=np.ones_like(q), where=q > 0)
    return float((q * np.log(ratio)).sum())


def dual_value_slowly(p_ty: Floats, p_sy: Floats, a: Floats, b: Floats) -> float:
    """The lower bound by loops over the dense cube."""
    n_t, n_s = len(p_ty), len(p_sy)
    lse = np.full((n_t, n_s), -np.inf)
    for t, s in itertools.product(range(n_t), range(n_s)):
        both = (p_ty[t] > 0) & (p_sy[s] > 0)
        if both.any():
            lse[t, s] = logsumexp(a[t, both] + b[s, both])
    values = []
    for first in (0, 1):
        shift = lse.max(axis=1 - first, keepdims=True)
        rest = (lse - shift).max(axis=first, keepdims=True)
        by_t, by_s = (shift, rest) if first == 0 else (rest, shift)
        loss = p_ty.sum(axis=1) @ by_t.ravel() + p_sy.sum(axis=1) @ by_s.ravel()
        values.append((p_ty * a).sum() + (p_sy * b).sum() - loss)
    return max(values)


# --- the certificate ---------------------------------------------------------------------


def test_random_duals_never_exceed_random_couplings() -> None:
    n_programs, n_pairs, worst = 200, 50, np.inf
    for seed, (_, pmf) in enumerate(generated_problems(n_programs)):
        prog = program.program_of(*tables(pmf))
        rng = np.random.default_rng(seed)
        scale = 10.0 ** rng.uniform(-2, 1)
        lower, upper = -np.inf, np.inf
        for _ in range(n_pairs):
            a = np.log(prog.p_row) + scale * rng.normal(size=len(prog.p_row))
            b = scale * rng.normal(size=len(prog.p_col))
            q = rng.exponential(size=len(prog.support.row)) ** 3
            bounds = certify(prog.support, prog.p_row, prog.p_col, a, b, q)
            lower, upper = max(lower, bounds[0]), min(upper, bounds[1])
        worst = min(worst, upper - lower)
    assert worst >= -ROUNDING


def test_the_support_is_every_cell_that_can_have_mass_and_no_other() -> None:
    for _, pmf in generated_problems(60):
        p_ty, p_sy = tables(pmf)
        prog = program.program_of(p_ty, p_sy)
        listed = prog.coupling(np.ones(len(prog.support.row))).toarray()
        expected = (p_ty > 0)[:, None, :] & (p_sy > 0)[None, :, :]
        assert np.array_equal(listed, expected.astype(float))


def test_bounds_are_those_of_the_dense_formulas() -> None:
    for seed, (_, pmf) in enumerate(generated_problems(60)):
        p_ty, p_sy = tables(pmf)
        prog = program.program_of(p_ty, p_sy)
        rng = np.random.default_rng(seed)
        a, b = rng.normal(size=p_ty.shape), rng.normal(size=p_sy.shape)
        q = rng.exponential(size=len(prog.support.row))
        lower, upper = certify(prog.support, prog.p_row, prog.p_col, *prog.variables(a, b), q)
        dense = prog.coupling(q).toarray()
        assert np.allclose(dense.sum(axis=1), p_ty, rtol=0, atol=1e-14)
        assert np.allclose(dense.sum(axis=0), p_sy, rtol=0, atol=1e-14)
        assert upper == pytest.approx(primal_value_slowly(dense), abs=1e-13)
        assert lower == pytest.approx(dual_value_slowly(p_ty, p_sy, a, b), abs=1e-12)


def test_one_violated_cell_lowers_the_bound() -> None:
    p_ty, p_sy = tables(random_pmf((4, 5, 3), 0))
    prog = program.program_of(p_ty, p_sy)
    solution = driver.solve(prog, tol=1e-10, max_iter=100)
    a, b = prog.tables(solution.a, solution.b)
    for t in range(4):
        worse = a.copy()
        worse[t] += 0.1
        row, col = prog.variables(worse, b)
        lower = certify(prog.support, prog.p_row, prog.p_col, row, col, solution.q.copy())[0]
        assert lower <= solution.upper + ROUNDING


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
    p_ty, p_sy = tables(random_pmf((*shape, 2), seed, concentration))
    if min(p_ty.shape) < 2 or min(p_sy.shape) < 2:
        return
    solution = driver.solve(program.program_of(p_ty, p_sy), tol=1e-9, max_iter=100)
    p_y = p_ty.sum(axis=0)
    exact = hull.union_information(hull.join(p_ty, p_sy), p_y) + (p_y * np.log(p_y)).sum()
    assert solution.lower - ROUNDING <= exact <= solution.upper + ROUNDING
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
    pmf = random_pmf(shape, seed, concentration)
    ours = pt.broja(pmf)
    scaled = pt.broja(pmf, solver="scaling", tol=1e-5)
    reference = pt.broja(pmf, solver="cvxpy", tol=1.0)
    for other in (scaled, reference):
        assert abs(ours.union_information - other.union_information) <= ours.gap + other.gap


@pytest.mark.parametrize("shape", [(6, 5, 4), (5, 6, 12), (12, 9, 3)])
def test_both_factorisations_reach_the_same_optimum(shape: tuple[int, int, int]) -> None:
    for seed, concentration in ((0, 1.0), (1, 0.1)):
        prog = program.program_of(*tables(random_pmf(shape, seed, concentration)))
        sup = prog.support
        bounds = []
        for algebra in (linear_algebra.schur(sup), linear_algebra.low_rank(sup, sup.n_cells)):
            problem = new_problem(sup, prog.p_row, prog.p_col)
            run = driver.new_run(problem, algebra)
            run.options[:3] = 1e-10, 0.05, 1e-14
            driver.run_once(run, max_iter=100, n_corrections=4, start=None)
            bounds.append(problem.best.bounds)
            assert problem.best.gap <= 1e-10
        assert max(b[0] for b in bounds) <= min(b[1] for b in bounds) + ROUNDING


def test_the_loops_for_small_matrices_match_blas(monkeypatch: pytest.MonkeyPatch) -> None:
    """A 2 x 5 x 3 program is done by loops, eight unlinked copies of it by BLAS."""
    pmf = random_pmf((2, 5, 3), 7)
    alone = pt.broja(pmf)
    copies = np.zeros((16, 40, 24))
    for k in range(8):
        copies[2 * k : 2 * k + 2, 5 * k : 5 * k + 5, 3 * k : 3 * k + 3] = pmf / 8
    monkeypatch.setattr(driver, "parts", _one_part)
    together = pt.broja(copies)
    # Which of eight copies it is adds log2(8) bits that both sources know.
    assert together.redundancy - 3 == pytest.approx(alone.redundancy, abs=alone.gap + together.gap)


def _one_part(prog: program.Program):  # type: ignore[no-untyped-def]
    rows, cols = np.ones(len(prog.p_row), dtype=bool), np.ones(len(prog.p_col), dtype=bool)
    yield prog.support, rows, cols


def test_classes_that_never_meet_are_solved_apart() -> None:
    one, two = random_pmf((3, 4, 3), 0), random_pmf((4, 3, 3), 1)
    pmf = np.zeros((7, 7, 6))
    pmf[:3, :4, :3], pmf[3:, 4:, 3:] = one / 2, two / 2
    assert len(list(program.parts(program.program_of(*tables(pmf))))) == 2
    both, parts = pt.broja(pmf), [pt.broja(one), pt.broja(two)]
    expected = 1 + sum(part.redundancy for part in parts) / 2
    assert both.redundancy == pytest.approx(expected, abs=3e-9)


# --- sparse pmfs, batches ----------------------------------------------------------------


def test_a_sparse_pmf_gives_what_the_dense_one_gives() -> None:
    pmf = random_pmf((5, 4, 3), 3, 0.1)
    dense, sparse = pt.broja(pmf), pt.broja(coo_array(pmf))
    assert sparse.redundancy == pytest.approx(dense.redundancy, abs=dense.gap)
    assert sparse.synergy == pytest.approx(dense.synergy, abs=dense.gap + 1e-14)


def test_repeated_coordinates_add_up() -> None:
    coordinates = ([0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1])
    pid = pt.broja(coo_array(([0.25] * 4, coordinates), shape=(2, 2, 2)))
    assert pid.redundancy == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(
    ("pmf", "message"),
    [
        (coo_array(np.eye(2) / 2), r"pmf must have 3 axes"),
        (coo_array(([0.5, 0.6], ([0, 1],) * 3)), r"pmf sums to 1\.1"),
        (coo_array(([3.0, 1.0], ([0, 1],) * 3)), r"looks like counts"),
        (coo_array(([1.5, -0.5], ([0, 1],) * 3)), r"negative cells"),
        (coo_array(([1.0, np.nan], ([0, 1],) * 3)), r"NaN"),
    ],
)
def test_bad_sparse_pmfs_are_refused(pmf: coo_array, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pt.broja(pmf)


def test_a_batch_equals_its_members_whatever_n_jobs() -> None:
    pmfs = np.random.default_rng(0).dirichlet(np.full(27, 0.3), size=40).reshape(-1, 3, 3, 3)
    batch, parallel = pt.broja_batch(pmfs), pt.broja_batch(pmfs, n_jobs=2)
    for field in ("redundancy", "unique_t", "unique_s", "synergy", "gap"):
        assert np.array_equal(getattr(batch, field), getattr(parallel, field))
    for pmf, member in zip(pmfs, batch, strict=True):
        alone = pt.broja(pmf)
        assert abs(alone.redundancy - member.redundancy) <= alone.gap + member.gap
        assert member.gap <= 1e-9
        assert member.joint_information == pytest.approx(alone.joint_information, abs=1e-12)


def test_degenerate_members_of_a_batch() -> None:
    pmfs = np.zeros((5, 3, 3, 3))
    pmfs[0, 0, 0, 0] = 1.0
    pmfs[1, 0, :, 0] = 1 / 3
    pmfs[2] = 1 / 27
    for k in range(3):
        pmfs[3, k, k, k] = 1 / 3
        for s in range(3):
            pmfs[4, k, s, (k + s) % 3] = 1 / 9
    batch = pt.broja_batch(pmfs, units="nats")
    log3 = np.log(3.0)
    assert np.allclose(batch.redundancy, [0, 0, 0, log3, 0], rtol=0, atol=1e-9)
    assert np.allclose(batch.synergy, [0, 0, 0, 0, log3], rtol=0, atol=1e-9)
    assert (batch.gap <= 1e-9).all()
    assert batch.units == "nats"


@pytest.mark.parametrize(
    ("pmfs", "message"),
    [
        (np.full((2, 2, 2), 1 / 8), r"pmfs must have 4 axes"),
        (np.full((0, 2, 2, 2), 1 / 8), r"pmfs is empty"),
        (np.stack([np.full((2, 2, 2), 1 / 8), np.ones((2, 2, 2))]), r"pmfs\[1\] sums to 8"),
    ],
)
def test_bad_batches_are_refused(pmfs: Floats, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pt.broja_batch(pmfs)


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
    pmf = random_pmf((4, 4, 3), 0)
    clean = pt.broja(pmf)
    pmf[0, :, 0] = 5e-324
    pmf[:, 1, 2] = 1e-310
    pmf /= pmf.sum()
    pid = pt.broja(pmf)
    assert np.isfinite(pid.redundancy)
    assert pid.gap < 1e-6
    assert clean.gap <= 1e-9


def test_a_program_that_does_not_fit_is_refused_with_its_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(linear_algebra, "available_memory", lambda: 1e4)
    with pytest.raises(MemoryError, match=r"need .* GB, 8 \(n_ty n_sy .*solver='scaling'"):
        pt.broja(random_pmf((6, 6, 6), 0))
    assert pt.broja(random_pmf((6, 6, 6), 0), solver="scaling", tol=1e-4).gap <= 1e-4


def test_a_limit_on_iterations_leaves_an_honest_gap() -> None:
    pmf = random_pmf((6, 6, 4), 0)
    exact = pt.broja(pmf)
    with pytest.warns(pt.PIDWarning, match="max_iter"):
        cut = pt.broja(pmf, max_iter=3)
    assert cut.outcome is pt.Outcome.iteration_limit
    assert 0 <= cut.union_information - exact.union_information <= cut.gap + exact.gap


def test_a_loose_tolerance_takes_fewer_iterations() -> None:
    prog = program.program_of(*tables(random_pmf((10, 10, 5), 0)))
    loose = driver.solve(prog, tol=1e-3, max_iter=100)
    tight = driver.solve(prog, tol=1e-10, max_iter=100)
    assert loose.iterations < tight.iterations
    assert loose.upper - loose.lower <= 1e-3


def test_a_start_changes_the_time_and_not_the_answer() -> None:
    rng = np.random.default_rng(0)
    pmf = random_pmf((6, 5, 4), 0)
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
    pmf = random_pmf(shape, 0)
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


def test_a_start_of_another_kind_or_shape_is_refused() -> None:
    pmf = random_pmf((4, 4, 3), 0)
    with pytest.raises(TypeError, match=r"start must be the duals of a PID; got PID"):
        pt.broja(pmf, start=pt.broja(pmf))  # type: ignore[arg-type]
    duals = pt.broja(random_pmf((3, 4, 3), 0), keep_duals=True).duals
    with pytest.raises(ValueError, match=r"start must have the shapes of the tables"):
        pt.broja(pmf, start=duals)


def widest_gap(n_problems: int) -> float:
    """Largest certified gap in bits over generated problems."""
    return max(pt.broja(pmf).gap for _, pmf in generated_problems(n_problems))


def test_generated_problems_are_solved() -> None:
    assert widest_gap(500) <= 1e-9


@pytest.mark.slow
def test_all_generated_problems_are_solved() -> None:
    assert widest_gap(N_PROBLEMS) <= 1e-9


def test_scaling_recovers_from_an_extrapolation_that_goes_too_far(monkeypatch):
    from pidtools._broja import scaling

    plain, calls = scaling._Extrapolation.next, []

    def wild(self, x, f, weight):
        calls.append(None)
        return x + 1e4 if len(calls) == 2 else plain(self, x, f, weight)

    pmf = random_pmf((8, 8, 4), 0)
    expected = pt.broja(pmf)
    monkeypatch.setattr(scaling._Extrapolation, "next", wild)
    found = pt.broja(pmf, solver="scaling", tol=1e-5)
    assert len(calls) > 2
    assert found.gap <= 1e-5
    assert found.redundancy == pytest.approx(expected.redundancy, abs=found.gap + expected.gap)
