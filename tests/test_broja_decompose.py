"""The decomposition of pmfs: its certificate, an optimal q, and programs written elsewhere."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from helpers import (
    CERTIFIED,
    EXACT,
    INDEPENDENT,
    REFERENCE,
    Shape,
    atoms,
    atoms_from_union,
    broja_quietly,
    information,
    pmf_problem,
    random_pmf,
    random_pmfs,
    slack,
    union_by_clarabel,
)
from scipy.sparse import coo_array

import pidtools as pt
from pidtools import problems
from pidtools._types import Array, Floats
from pidtools.problems.pmf import PmfProblem

CERTIFICATES = list(random_pmfs(1000, (2, 8), (2, 6), seed=2))
SMALL_SHAPES = [(2, 2, 2), (2, 3, 2), (2, 2, 3), (3, 3, 2), (2, 3, 4), (3, 3, 3), (3, 3, 4)]


def pair_marginals(q: coo_array) -> tuple[Floats, Floats]:
    """Both pair tables of a sparse q[t, s, y], dense."""
    t, s, y = q.coords
    p_ty, p_sy = np.zeros((q.shape[0], q.shape[2])), np.zeros(q.shape[1:])
    np.add.at(p_ty, (t, y), q.data)
    np.add.at(p_sy, (s, y), q.data)
    return p_ty, p_sy


def assert_optimal_q(q: coo_array | None, pmf: Floats, pid: pt.PID) -> None:
    """q is a pmf with the pair marginals of pmf, and I_q(Y; T, S) is the union information."""
    assert q is not None
    p_ty, p_sy = pair_marginals(q)
    assert q.shape == pmf.shape
    assert q.data.min() >= 0
    assert abs(p_ty - pmf.sum(axis=1)).max() <= EXACT
    assert abs(p_sy - pmf.sum(axis=0)).max() <= EXACT
    of_q = information(q.toarray().reshape(-1, q.shape[2]))
    assert abs(of_q - pid.union_information) <= slack(pid)


# --- the certificate --------------------------------------------------------------------------


@pytest.mark.parametrize("part", range(10))
def test_certificate_of_random_tables(part: int) -> None:
    for kind, shape, seed in CERTIFICATES[part::10]:
        pmf = random_pmf(kind, shape, seed)
        pid = broja_quietly(pmf, keep_q=True)
        assert 0 < pid.gap <= CERTIFIED, (kind, shape, seed)
        assert atoms(pid).min() >= 0, (kind, shape, seed)
        assert_optimal_q(pid.q, pmf, pid)


@pytest.mark.parametrize("solver", ["auto", "cvxpy"])
@pytest.mark.parametrize("problem", problems.pmf_problems(), ids=lambda p: p.name)
def test_named_problems(problem: PmfProblem, solver: str) -> None:
    """Within 1e-7 bits of the exact atoms, and no further than the gap says."""
    pid = broja_quietly(problem.pmf, solver=solver, keep_q=True)
    off = abs(atoms(pid) - atoms(problem.pid)).max()
    assert off <= REFERENCE
    assert off <= pid.gap + problem.pid.gap
    assert_optimal_q(pid.q, problem.pmf, pid)


# --- against programs written apart from the library ------------------------------------------


@pytest.mark.parametrize("shape", SMALL_SHAPES, ids=str)
@pytest.mark.parametrize("kind", ["dense", "sparse", "histogram"])
def test_all_atoms_agree_with_an_independent_program(kind: str, shape: Shape) -> None:
    for seed in range(4):
        pmf = random_pmf(kind, shape, seed)
        expected = atoms_from_union(pmf, union_by_clarabel(pmf))
        for solver in ("auto", "cvxpy"):
            pid = broja_quietly(pmf, solver=solver)
            assert atoms(pid) == pytest.approx(expected, abs=INDEPENDENT)


def union_information_by_ecos(ecos: Any, pmf: Floats) -> float:
    """The twin's program in the form ECOS takes: cones of (x, z, y) in the order x, z, y."""
    from scipy.sparse import csc_matrix

    p_ty, p_sy = pmf.sum(axis=1), pmf.sum(axis=0)
    n_t, n_s, n_y = pmf.shape
    t, s, y = np.nonzero((p_ty[:, None, :] > 0) & (p_sy[None, :, :] > 0))
    n = len(t)
    marginal = np.zeros((n_t * n_y + n_s * n_y, 2 * n))
    marginal[t * n_y + y, np.arange(n)] = 1
    marginal[n_t * n_y + s * n_y + y, np.arange(n)] = 1
    target = np.concatenate([p_ty.ravel(), p_sy.ravel()])
    used: Array = np.any(marginal, axis=1)
    cone = np.zeros((3 * n, 2 * n))
    cone[0::3, n:] = np.eye(n)
    cone[1::3, :n] = -((t[:, None] == t) & (s[:, None] == s)).astype(float)
    cone[2::3, :n] = -np.eye(n)
    # One equation in a class is implied by the others; ECOS wants them independent.
    last = [
        np.flatnonzero(used[n_t * n_y :] & (np.arange(n_s * n_y) % n_y == k)) for k in range(n_y)
    ]
    used[[n_t * n_y + rows[-1] for rows in last if len(rows)]] = False
    solution = ecos.solve(
        np.repeat([0.0, 1.0], n),
        csc_matrix(cone),
        np.zeros(3 * n),
        {"l": 0, "q": [], "e": n},
        csc_matrix(marginal[used]),
        target[used],
        verbose=False,
    )
    p_y = pmf.sum(axis=(0, 1))
    p_y = p_y[p_y > 0]
    return float((solution["info"]["pcost"] - p_y @ np.log(p_y)) / np.log(2))


@pytest.mark.parametrize("shape", SMALL_SHAPES, ids=str)
def test_all_atoms_agree_with_ecos(shape: Shape) -> None:
    ecos = pytest.importorskip("ecos", reason="ecos is not installed (extra `bench`)")
    for seed in range(3):
        pmf = random_pmf("dense", shape, seed)
        expected = atoms_from_union(pmf, union_information_by_ecos(ecos, pmf))
        assert atoms(pt.broja(pmf)) == pytest.approx(expected, abs=INDEPENDENT)


@pytest.mark.parametrize("shape", [(2, 2, 2), (2, 3, 2), (3, 3, 3)], ids=str)
def test_all_atoms_agree_with_the_conic_program_of_dit(shape: Shape) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of dit's own dependencies
        dit = pytest.importorskip("dit", reason="dit is not installed (extra `bench`)")
        pytest.importorskip("ecos", reason="dit's conic program needs ecos (extra `bench`)")
        pmf = random_pmf("dense", shape, 0)
        events = [tuple(map(str, cell)) for cell in np.ndindex(*shape)]
        distribution = dit.Distribution(["".join(e) for e in events], pmf.ravel())
        pid = dit.pid.PID_BROJA(distribution, [[0], [1]], [2], method="cone")
        values = [pid[n] for n in (((0,), (1,)), ((0,),), ((1,),), ((0, 1),))]
    assert atoms(pt.broja(pmf)) == pytest.approx(np.array(values), abs=INDEPENDENT)


# --- an optimal q, reductions, pairs, sparse tables -------------------------------------------


@pytest.mark.parametrize("n_classes", [2, 3])
def test_q_spreads_over_merged_and_dropped_symbols(n_classes: int) -> None:
    """Proportional rows are merged and empty ones dropped inside; q has the shape asked for."""
    small = random_pmf("sparse", (4, 3, n_classes), 5)
    pmf = np.zeros((9, 6, n_classes + 1))
    pmf[1:5, 1:4, :n_classes] = 0.5 * small
    pmf[5:9, 1:4, :n_classes] = 0.3 * small
    pmf[5:9, 4, :n_classes] = 0.2 * small[:, 1]
    pid = pt.broja(pmf / pmf.sum(), keep_q=True)
    assert_optimal_q(pid.q, pmf / pmf.sum(), pid)


def test_q_of_two_classes_stays_sparse() -> None:
    """A few entries for each symbol, not one for each of the 80,000 cells."""
    pmf = random_pmf("dense", (200, 200, 2), 0)
    pid = pt.broja(pmf, keep_q=True)
    assert pid.q is not None
    assert pid.q.nnz < 30 * (200 + 200)
    p_ty, p_sy = pair_marginals(pid.q)
    assert abs(p_ty - pmf.sum(axis=1)).max() <= EXACT
    assert abs(p_sy - pmf.sum(axis=0)).max() <= EXACT


@pytest.mark.parametrize("n_classes", [1, 2, 3])
@pytest.mark.parametrize("constant", ["T", "S", "T and S"])
def test_a_constant_source(constant: str, n_classes: int) -> None:
    shape = (1 if "T" in constant else 4, 1 if "S" in constant else 3, n_classes)
    pmf = random_pmf("dense", shape, 1)
    pid = pt.broja(pmf, keep_q=True)
    assert pid.outcome is pt.Outcome.trivial
    assert pid.redundancy == pytest.approx(0, abs=EXACT)
    assert (pid.unique_t if "T" in constant else pid.unique_s) == pytest.approx(0, abs=EXACT)
    assert pid.synergy == pytest.approx(0, abs=EXACT)
    assert_optimal_q(pid.q, pmf, pid)


def test_one_class_knows_nothing() -> None:
    pid = pt.broja(random_pmf("dense", (3, 3, 1), 0))
    assert atoms(pid) == pytest.approx(np.zeros(4), abs=EXACT)


def test_q_is_not_kept_unless_asked() -> None:
    assert pt.broja(pmf_problem("XOR").pmf).q is None


@pytest.mark.parametrize("kind", ["dense", "sparse", "histogram"])
@pytest.mark.parametrize("shape", [(6, 4, 2), (4, 5, 3)], ids=str)
def test_pairs_give_the_same_without_synergy(kind: str, shape: Shape) -> None:
    pmf = random_pmf(kind, shape, 3)
    whole, pairs = pt.broja(pmf), pt.broja_from_pairs(pmf.sum(axis=1), pmf.sum(axis=0))
    assert pairs.synergy is None
    assert pairs.joint_information is None
    assert pairs.co_information is None
    assert abs(atoms(pairs) - atoms(whole)[:3]).max() <= slack(whole, pairs)


def test_pairs_keep_q_too() -> None:
    pmf = random_pmf("dense", (3, 4, 3), 3)
    pid = pt.broja_from_pairs(pmf.sum(axis=1), pmf.sum(axis=0), keep_q=True)
    assert_optimal_q(pid.q, pmf, pid)


def test_extreme_but_valid_tables_have_answers() -> None:
    """Cells down to the smallest floats: neither NaN nor a warning."""
    for n_classes in (2, 3):
        for tiny in (1e-20, 1e-100, 1e-200, 1e-310):
            pmf = random_pmf("dense", (3, 3, n_classes), 0) * tiny
            pmf[0, 0, 0] = 1.0
            pid = broja_quietly(pmf, keep_q=True)
            assert np.isfinite(atoms(pid)).all()
            assert pid.q is not None
            assert np.isfinite(pid.q.data).all()
            assert atoms(pid).max() < 1e-15 + 400 * tiny + pid.gap


def test_a_class_that_one_table_lacks_by_rounding_brings_no_information() -> None:
    one = np.outer([0.5, 0.5], [0.4955, 0.4955, 0.009]).astype(np.float16)
    other = np.outer([0.5, 0.5], [0.5, 0.5, 0.0]).astype(np.float16)
    for pair in ((one, other), (other, one)):
        pid = pt.broja_from_pairs(*pair)
        assert pid.information_t == pytest.approx(0, abs=1e-6)
        assert pid.information_s == pytest.approx(0, abs=1e-6)


def test_a_sparse_pmf_gives_what_the_dense_one_gives() -> None:
    pmf = problems.dirichlet((5, 4, 3), concentration=0.1, random_state=3)
    dense, sparse = pt.broja(pmf), pt.broja(coo_array(pmf))
    assert sparse.redundancy == pytest.approx(dense.redundancy, abs=dense.gap)
    assert sparse.synergy == pytest.approx(dense.synergy, abs=dense.gap + 1e-14)


def test_repeated_coordinates_add_up() -> None:
    coordinates = ([0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1])
    pid = pt.broja(coo_array(([0.25] * 4, coordinates), shape=(2, 2, 2)))
    assert pid.redundancy == pytest.approx(1.0, abs=1e-12)


# --- outcomes, warnings, errors ---------------------------------------------------------------


def test_sources_that_know_nothing_are_not_called_constant() -> None:
    pid = pt.broja(pmf_problem("XOR").pmf)
    assert pid.outcome is pt.Outcome.trivial
    assert "knows nothing of the target" in pid.outcome.value
    assert (pid.information_t, pid.information_s) == (0, 0)


def test_a_gap_above_tol_is_a_result_with_a_warning() -> None:
    pmf = random_pmf("dense", (3, 3, 3), 0)
    message = r"certified gap above tol.*within .* bits of the optimum; tol is 1e-300"
    with pytest.warns(pt.PIDWarning, match=message) as caught:
        pid = pt.broja(pmf, tol=1e-300)
    assert caught[0].filename == __file__
    assert pid.outcome is not pt.Outcome.optimal
    assert pid.gap > 0
    best = pt.broja(pmf)
    assert abs(atoms(pid) - atoms(best)).max() <= slack(pid, best)


def test_a_gap_above_tol_warns_from_pairs_at_the_callers_line() -> None:
    pmf = random_pmf("dense", (3, 3, 3), 0)
    with pytest.warns(pt.PIDWarning, match="above tol") as caught:
        pt.broja_from_pairs(pmf.sum(axis=1), pmf.sum(axis=0), tol=1e-300)
    assert caught[0].filename == __file__


def test_few_iterations_leave_an_honest_gap() -> None:
    pmf = random_pmf("dense", (5, 5, 4), 0)
    best = pt.broja(pmf)
    with pytest.warns(pt.PIDWarning, match="certified gap above tol"):
        early = pt.broja(pmf, max_iter=3)
    assert early.gap > 1e-9
    assert abs(atoms(early) - atoms(best)).max() <= slack(early, best)


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


def test_a_start_of_another_kind_or_shape_is_refused() -> None:
    pmf = random_pmf("dense", (4, 4, 3), 0)
    with pytest.raises(TypeError, match=r"start must be the duals of a PID; got PID"):
        pt.broja(pmf, start=pt.broja(pmf))  # type: ignore[arg-type]
    duals = pt.broja(random_pmf("dense", (3, 4, 3), 0), keep_duals=True).duals
    with pytest.raises(ValueError, match=r"start must have the shapes of the tables"):
        pt.broja(pmf, start=duals)
