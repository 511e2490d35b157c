"""The decomposition of pmfs: closed form, conic program, certificate and an optimal q."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from helpers import (
    CERTIFIED,
    EXACT,
    INDEPENDENT,
    REFERENCE,
    atoms,
    atoms_from_union,
    broja_quietly,
    information,
    random_pmf,
    random_pmfs,
    slack,
    union_information_twin,
)

import pidtools as pt
from pidtools import problems
from pidtools._broja import conic

TWO_CLASSES = list(random_pmfs(210, (2, 20), (2, 2), seed=1))
CERTIFICATES = list(random_pmfs(1000, (2, 8), (2, 6), seed=2))
SMALL_SHAPES = [(2, 2, 2), (2, 3, 2), (2, 2, 3), (3, 3, 2), (2, 3, 4), (3, 3, 3), (3, 3, 4)]

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


def pair_marginals(q):
    """Both pair tables of a sparse q[t, s, y], dense."""
    t, s, y = q.coords
    p_ty, p_sy = np.zeros((q.shape[0], q.shape[2])), np.zeros(q.shape[1:])
    np.add.at(p_ty, (t, y), q.data)
    np.add.at(p_sy, (s, y), q.data)
    return p_ty, p_sy


def assert_optimal_q(q, pmf, pid):
    """q is a pmf with the pair marginals of pmf, and I_q(Y; T, S) is the union information."""
    p_ty, p_sy = pair_marginals(q)
    assert q.shape == pmf.shape
    assert q.data.min() >= 0
    assert abs(p_ty - pmf.sum(axis=1)).max() <= EXACT
    assert abs(p_sy - pmf.sum(axis=0)).max() <= EXACT
    of_q = information(q.toarray().reshape(-1, q.shape[2]))
    assert abs(of_q - pid.union_information) <= slack(pid)


# --- two classes: the closed form ---------------------------------------------------------


@pytest.mark.parametrize("part", range(6))
def test_closed_form_agrees_with_the_conic_program(part):
    for kind, shape, seed in TWO_CLASSES[part::6]:
        pmf = random_pmf(kind, shape, seed)
        closed, conic_answer = pt.broja(pmf), broja_quietly(pmf, solver="cvxpy")
        off = abs(atoms(closed) - atoms(conic_answer)).max()
        assert off <= REFERENCE, (kind, shape, seed)
        assert off <= slack(closed, conic_answer), (kind, shape, seed)


def test_closed_form_says_so_and_bounds_its_rounding():
    pid = pt.broja(problems.dirichlet((20, 20, 2)))
    assert pid.outcome is pt.Outcome.closed_form
    assert 0 < pid.gap < 1e-13


@pytest.mark.parametrize("tables", INFINITE_RATIOS.values(), ids=INFINITE_RATIOS)
@pytest.mark.parametrize("swapped", [False, True], ids=["", "classes swapped"])
def test_infinite_likelihood_ratios(tables, swapped):
    """Ties at the ends of the ROC curves: a vertical edge lost there costs hundredths of bits."""
    p_ty, p_sy = (np.array(table)[:, :: -1 if swapped else 1] for table in tables)
    pmf = np.einsum("ty,sy->tsy", p_ty, p_sy / p_sy.sum(axis=0))
    closed = pt.broja(pmf)
    assert closed.union_information == pytest.approx(union_information_twin(pmf), abs=INDEPENDENT)
    reference = broja_quietly(pmf, solver="cvxpy")
    assert abs(atoms(closed) - atoms(reference)).max() <= slack(closed, reference)


@pytest.mark.parametrize("n", [1_000, 30_000])
def test_long_curves_agree_with_their_own_split(n):
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


# --- the certificate ------------------------------------------------------------------------


@pytest.mark.parametrize("part", range(10))
def test_certificate_of_random_tables(part):
    for kind, shape, seed in CERTIFICATES[part::10]:
        pmf = random_pmf(kind, shape, seed)
        pid = broja_quietly(pmf, keep_q=True)
        assert 0 < pid.gap <= CERTIFIED, (kind, shape, seed)
        assert atoms(pid).min() >= 0, (kind, shape, seed)
        assert_optimal_q(pid.q, pmf, pid)


@pytest.mark.parametrize("solver", ["auto", "cvxpy"])
@pytest.mark.parametrize("problem", problems.pmf_problems(), ids=lambda p: p.name)
def test_named_problems(problem, solver):
    """Within 1e-7 bits of the exact atoms, and no further than the gap says."""
    pid = broja_quietly(problem.pmf, solver=solver, keep_q=True)
    off = abs(atoms(pid) - atoms(problem.pid)).max()
    assert off <= REFERENCE
    assert off <= pid.gap + problem.pid.gap
    assert_optimal_q(pid.q, problem.pmf, pid)


# --- against programs written apart from the library ----------------------------------------


@pytest.mark.parametrize("shape", SMALL_SHAPES, ids=str)
@pytest.mark.parametrize("kind", ["dense", "sparse", "histogram"])
def test_all_atoms_agree_with_an_independent_program(kind, shape):
    for seed in range(4):
        pmf = random_pmf(kind, shape, seed)
        expected = atoms_from_union(pmf, union_information_twin(pmf))
        for solver in ("auto", "cvxpy"):
            pid = broja_quietly(pmf, solver=solver)
            assert atoms(pid) == pytest.approx(expected, abs=INDEPENDENT)


def union_information_by_ecos(ecos, pmf):
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
    used = marginal.any(axis=1)
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
    return (solution["info"]["pcost"] - p_y @ np.log(p_y)) / np.log(2)


@pytest.mark.parametrize("shape", SMALL_SHAPES, ids=str)
def test_all_atoms_agree_with_ecos(shape):
    ecos = pytest.importorskip("ecos", reason="ecos is not installed (extra `bench`)")
    for seed in range(3):
        pmf = random_pmf("dense", shape, seed)
        expected = atoms_from_union(pmf, union_information_by_ecos(ecos, pmf))
        assert atoms(pt.broja(pmf)) == pytest.approx(expected, abs=INDEPENDENT)


@pytest.mark.parametrize("shape", [(2, 2, 2), (2, 3, 2), (3, 3, 3)], ids=str)
def test_all_atoms_agree_with_the_conic_program_of_dit(shape):
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


# --- an optimal q, reductions, pairs, units -------------------------------------------------


@pytest.mark.parametrize("n_classes", [2, 3])
def test_q_spreads_over_merged_and_dropped_symbols(n_classes):
    """Proportional rows are merged and empty ones dropped inside; q has the shape asked for."""
    small = random_pmf("sparse", (4, 3, n_classes), 5)
    pmf = np.zeros((9, 6, n_classes + 1))
    pmf[1:5, 1:4, :n_classes] = 0.5 * small
    pmf[5:9, 1:4, :n_classes] = 0.3 * small
    pmf[5:9, 4, :n_classes] = 0.2 * small[:, 1]
    pid = pt.broja(pmf / pmf.sum(), keep_q=True)
    assert_optimal_q(pid.q, pmf / pmf.sum(), pid)


def test_q_of_two_classes_stays_sparse():
    """A few entries for each symbol, not one for each of the 80,000 cells."""
    pmf = random_pmf("dense", (200, 200, 2), 0)
    pid = pt.broja(pmf, keep_q=True)
    assert pid.q.nnz < 30 * (200 + 200)
    p_ty, p_sy = pair_marginals(pid.q)
    assert abs(p_ty - pmf.sum(axis=1)).max() <= EXACT
    assert abs(p_sy - pmf.sum(axis=0)).max() <= EXACT


@pytest.mark.parametrize("n_classes", [1, 2, 3])
@pytest.mark.parametrize("constant", ["T", "S", "T and S"])
def test_a_constant_source(constant, n_classes):
    shape = (1 if "T" in constant else 4, 1 if "S" in constant else 3, n_classes)
    pmf = random_pmf("dense", shape, 1)
    pid = pt.broja(pmf, keep_q=True)
    assert pid.outcome is pt.Outcome.trivial
    assert pid.redundancy == pytest.approx(0, abs=EXACT)
    assert (pid.unique_t if "T" in constant else pid.unique_s) == pytest.approx(0, abs=EXACT)
    assert pid.synergy == pytest.approx(0, abs=EXACT)
    assert_optimal_q(pid.q, pmf, pid)


def test_one_class_knows_nothing():
    pid = pt.broja(random_pmf("dense", (3, 3, 1), 0))
    assert atoms(pid) == pytest.approx(np.zeros(4), abs=EXACT)


def test_q_is_not_kept_unless_asked():
    assert pt.broja(problems.get("XOR").pmf).q is None


@pytest.mark.parametrize("kind", ["dense", "sparse", "histogram"])
@pytest.mark.parametrize("shape", [(6, 4, 2), (4, 5, 3)], ids=str)
def test_pairs_give_the_same_without_synergy(kind, shape):
    pmf = random_pmf(kind, shape, 3)
    whole, pairs = pt.broja(pmf), pt.broja_from_pairs(pmf.sum(axis=1), pmf.sum(axis=0))
    assert pairs.synergy is None
    assert pairs.joint_information is None
    assert pairs.co_information is None
    assert abs(atoms(pairs) - atoms(whole)[:3]).max() <= slack(whole, pairs)


def test_pairs_keep_q_too():
    pmf = random_pmf("dense", (3, 4, 3), 3)
    pid = pt.broja_from_pairs(pmf.sum(axis=1), pmf.sum(axis=0), keep_q=True)
    assert_optimal_q(pid.q, pmf, pid)


@pytest.mark.parametrize("name", ["AND", "COPY6"])
def test_units(name):
    pmf = problems.get(name).pmf
    bits, nats = pt.broja(pmf), pt.broja(pmf, units="nats")
    assert (bits.units, nats.units) == ("bits", "nats")
    assert atoms(nats) == pytest.approx(atoms(bits) * np.log(2), abs=EXACT)
    assert nats.gap == pytest.approx(bits.gap * np.log(2), rel=1e-12, abs=0)
    assert atoms(nats.in_units("bits")) == pytest.approx(atoms(bits), abs=EXACT)
    assert bits.in_units("bits") is bits


def test_sums_are_properties_of_the_atoms():
    pid = pt.broja(random_pmf("dense", (3, 3, 2), 0))
    assert pid.information_t == pid.redundancy + pid.unique_t
    assert pid.information_s == pid.redundancy + pid.unique_s
    assert pid.joint_information == pytest.approx(atoms(pid).sum(), abs=EXACT)
    assert pid.co_information == pytest.approx(pid.redundancy - pid.synergy, abs=EXACT)


def test_extreme_but_valid_tables_have_answers():
    """Cells down to the smallest floats: neither NaN nor a warning."""
    for n_classes in (2, 3):
        for tiny in (1e-20, 1e-100, 1e-200, 1e-310):
            pmf = random_pmf("dense", (3, 3, n_classes), 0) * tiny
            pmf[0, 0, 0] = 1.0
            pid = broja_quietly(pmf, keep_q=True)
            assert np.isfinite(atoms(pid)).all()
            assert np.isfinite(pid.q.data).all()
            assert atoms(pid).max() < 1e-15 + 400 * tiny + pid.gap


# --- outcomes, warnings, errors -------------------------------------------------------------


def test_a_gap_above_tol_is_a_result_with_a_warning():
    pmf = random_pmf("dense", (3, 3, 3), 0)
    message = r"certified gap above tol.*within .* bits of the optimum; tol is 1e-300"
    with pytest.warns(pt.PIDWarning, match=message) as caught:
        pid = pt.broja(pmf, tol=1e-300)
    assert caught[0].filename == __file__
    assert pid.outcome is not pt.Outcome.optimal
    assert pid.gap > 0
    best = pt.broja(pmf)
    assert abs(atoms(pid) - atoms(best)).max() <= slack(pid, best)


def test_a_gap_above_tol_warns_from_pairs_at_the_callers_line():
    pmf = random_pmf("dense", (3, 3, 3), 0)
    with pytest.warns(pt.PIDWarning, match="above tol") as caught:
        pt.broja_from_pairs(pmf.sum(axis=1), pmf.sum(axis=0), tol=1e-300)
    assert caught[0].filename == __file__


def test_few_iterations_leave_an_honest_gap():
    pmf = random_pmf("dense", (5, 5, 4), 0)
    best = pt.broja(pmf)
    with pytest.warns(pt.PIDWarning, match="certified gap above tol"):
        early = pt.broja(pmf, max_iter=3)
    assert early.gap > 1e-9
    assert abs(atoms(early) - atoms(best)).max() <= slack(early, best)


def test_no_answer_is_an_error_that_carries_its_outcome(monkeypatch):
    monkeypatch.setattr(conic, "_run", lambda model, max_iter: None)
    with pytest.raises(pt.PIDError, match="no point from which a feasible answer") as caught:
        pt.broja(random_pmf("dense", (3, 3, 3), 0), solver="cvxpy")
    assert caught.value.outcome is pt.Outcome.no_answer


def test_a_failing_solver_is_an_error_that_carries_its_outcome(monkeypatch):
    import cvxpy

    def fail(self, **options):
        raise cvxpy.error.SolverError("it broke")

    monkeypatch.setattr(cvxpy.Problem, "solve", fail)
    with pytest.raises(pt.PIDError, match="Clarabel failed: it broke") as caught:
        pt.broja(random_pmf("dense", (3, 3, 3), 0), solver="cvxpy")
    assert caught.value.outcome is pt.Outcome.no_answer


def test_every_outcome_is_a_sentence():
    assert all(outcome.value.endswith(".") for outcome in pt.Outcome)


# --- the result -----------------------------------------------------------------------------


def test_constrained_lifts_negative_atoms_to_zero():
    pid = pt.PID(
        redundancy=-0.1,
        unique_t=0.5,
        unique_s=-0.2,
        synergy=None,
        gap=1e-9,
        outcome=pt.Outcome.optimal,
    )
    assert atoms(pid.constrained()).tolist() == [0.0, 0.5, 0.0]
    assert pid.constrained().synergy is None
    exact = pt.broja(problems.get("AND").pmf)
    assert exact.constrained() == exact


def test_results_cannot_be_changed_and_compare_by_value():
    first, second = (pt.broja(problems.get("AND").pmf) for _ in range(2))
    assert first == second
    with pytest.raises(AttributeError, match="cannot assign to field 'redundancy'"):
        first.redundancy = 1.0


def test_to_dict_holds_plain_numbers():
    import json

    pid = pt.broja(problems.get("AND").pmf, keep_q=True)
    found = json.loads(json.dumps(pid.to_dict()))
    assert found["synergy"] == pid.synergy
    assert found["information_t"] == pid.information_t
    assert found["outcome"] == "closed_form"
    assert "q" not in found


def test_units_that_there_are_not_are_refused():
    pid = pt.broja(np.full((2, 2, 2), 1 / 8))
    batch = pt.broja_batch(np.full((1, 2, 2, 2), 1 / 8))
    for result in (pid, batch):
        with pytest.raises(ValueError, match="units must be one of 'bits', 'nats'; got 'nat'"):
            result.in_units("nat")
    assert pid.in_units("nats").in_units("bits").gap == pytest.approx(pid.gap)


def test_a_class_that_one_table_lacks_by_rounding_brings_no_information():
    one = np.outer([0.5, 0.5], [0.4955, 0.4955, 0.009]).astype(np.float16)
    other = np.outer([0.5, 0.5], [0.5, 0.5, 0.0]).astype(np.float16)
    for pair in ((one, other), (other, one)):
        pid = pt.broja_from_pairs(*pair)
        assert pid.information_t == pytest.approx(0, abs=1e-6)
        assert pid.information_s == pytest.approx(0, abs=1e-6)


def test_a_slice_of_a_batch_is_a_batch():
    pmfs = np.random.default_rng(0).dirichlet(np.ones(8), size=5).reshape(5, 2, 2, 2)
    batch = pt.broja_batch(pmfs)
    for which in (slice(1, 3), [4, 0], np.arange(5) > 2):
        part = batch[which]
        assert len(part) == 2
        assert part.unique_t.tolist() == batch.unique_t[which].tolist()
        assert part[0] == pt.broja_batch(pmfs[which])[0]
    assert batch[-1] == batch[4]


def test_sources_that_know_nothing_are_not_called_constant():
    pid = pt.broja(pt.problems.get("XOR").pmf)
    assert pid.outcome is pt.Outcome.trivial
    assert "knows nothing of the target" in pid.outcome.value
    assert (pid.information_t, pid.information_s) == (0, 0)
