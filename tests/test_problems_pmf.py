"""Named tables: their atoms against informations and an independent conic program."""

from __future__ import annotations

import subprocess
import sys

import clarabel
import numpy as np
import pytest
from scipy.sparse import coo_array, csc_array, vstack

from pidtools import problems
from pidtools._information import mutual_information_of_table

PMF_PROBLEMS = problems.pmf_problems()
by_name = pytest.mark.parametrize("problem", PMF_PROBLEMS, ids=lambda p: p.name)


def union_information(pmf):
    """Least I(Y; T, S) over all q with the pair marginals of pmf, in bits, by Clarabel.

    Minimise sum tau with tau >= q log(q / s), one exponential cone (-tau, q, s) a cell, over
    the cells that both marginals allow; s is the sum of q over y.
    """
    n_t, n_s, n_y = pmf.shape
    p_ty, p_sy = pmf.sum(axis=1), pmf.sum(axis=0)
    t, s, y = np.nonzero((p_ty[:, None, :] > 0) & (p_sy[None, :, :] > 0))
    n = len(t)
    cells = np.arange(n)
    margins = np.concatenate([t * n_y + y, n_t * n_y + s * n_y + y])
    marginal = coo_array((np.ones(2 * n), (margins, np.tile(cells, 2))))
    target = np.concatenate([p_ty.ravel(), p_sy.ravel()])[: marginal.shape[0]]
    used = np.unique(margins)
    marginal = marginal.tocsr()[used]
    pair = t * n_s + s
    i, j = np.nonzero(pair[:, None] == pair[None, :])
    rows = np.concatenate([3 * cells, 3 * cells + 1, 3 * i + 2])
    columns = np.concatenate([cells, n + cells, n + j])
    values = np.concatenate([np.ones(n), -np.ones(n), -np.ones(len(i))])
    cones = coo_array((values, (rows, columns)), shape=(3 * n, 2 * n))
    equal = coo_array(
        (marginal.tocoo().data, (marginal.tocoo().row, n + marginal.tocoo().col)),
        shape=(len(used), 2 * n),
    )
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-10
    solution = clarabel.DefaultSolver(
        csc_array((2 * n, 2 * n)),
        np.concatenate([np.ones(n), np.zeros(n)]),
        csc_array(vstack([equal, cones])),
        np.concatenate([target[used], np.zeros(3 * n)]),
        [clarabel.ZeroConeT(len(used))] + [clarabel.ExponentialConeT()] * n,
        settings,
    ).solve()
    assert "Solved" in str(solution.status)
    p_y = pmf.sum(axis=(0, 1))
    h_y = -(p_y[p_y > 0] * np.log(p_y[p_y > 0])).sum()
    return (h_y + solution.obj_val) / np.log(2)


@by_name
def test_pmf_is_a_distribution(problem):
    assert problem.pmf.dtype == np.float64
    assert not problem.pmf.flags.writeable
    assert problem.pmf.min() >= 0
    assert abs(problem.pmf.sum() - 1) < 1e-15 * problem.pmf.size


@by_name
def test_atoms_sum_to_the_informations(problem):
    pmf, pid = problem.pmf, problem.pid
    joint = mutual_information_of_table(pmf.reshape(-1, pmf.shape[2]))
    assert pid.information_t == pytest.approx(
        mutual_information_of_table(pmf.sum(axis=1)), abs=pid.gap
    )
    assert pid.information_s == pytest.approx(
        mutual_information_of_table(pmf.sum(axis=0)), abs=pid.gap
    )
    assert pid.joint_information == pytest.approx(joint, abs=pid.gap)
    assert min(pid.redundancy, pid.unique_t, pid.unique_s, pid.synergy) >= 0


@by_name
def test_union_information_agrees_with_a_conic_program(problem):
    """Clarabel's own tolerance is 1e-10; on tables without interior it reaches 1e-7."""
    assert problem.pid.union_information == pytest.approx(union_information(problem.pmf), abs=1e-7)


def test_names_are_unique_and_found_without_regard_to_case():
    everything = (*PMF_PROBLEMS, *problems.sampled_problems())
    assert len({p.name.casefold() for p in everything}) == len(everything)
    assert all(problems.get(p.name.swapcase()) is p for p in everything)


def test_required_gates_are_there():
    names = {p.name.casefold() for p in PMF_PROBLEMS}
    gates = ["XOR", "AND", "OR", "XORAND", "SUM", "ReducedOR", "PWUNQ", "COPY", "CorrelatedCOPY"]
    required = [*gates, "COPY6", "UNQ", "RDN", "RDNXOR", "RDNUNQXOR"]
    assert {name.casefold() for name in required} <= names


def test_every_problem_says_where_it_comes_from():
    for problem in (*PMF_PROBLEMS, *problems.sampled_problems()):
        assert len(problem.source) > 10
        assert problem.description.endswith(".")
        assert problem.pid.units == "bits"
        assert problem.pid.gap > 0


def test_unknown_name_lists_the_choices():
    with pytest.raises(ValueError, match=r"name is 'XNOR'.*choose one of XOR, AND"):
        problems.get("XNOR")


@pytest.mark.parametrize(
    "draw",
    [
        problems.dirichlet,
        problems.sparse_dirichlet,
        lambda shape, **options: problems.histogram(shape, 100, **options),
    ],
    ids=["dirichlet", "sparse_dirichlet", "histogram"],
)
def test_random_families_are_seeded_distributions(draw):
    pmf = draw((6, 5, 3), random_state=7)
    assert pmf.shape == (6, 5, 3)
    assert pmf.min() >= 0
    assert pmf.sum() == pytest.approx(1.0, abs=1e-14)
    assert np.array_equal(pmf, draw((6, 5, 3), random_state=7))
    assert not np.array_equal(pmf, draw((6, 5, 3), random_state=8))


def test_sparse_dirichlet_keeps_its_density_and_every_class():
    pmf = problems.sparse_dirichlet((20, 20, 10), density=0.2)
    assert (pmf > 0).mean() == pytest.approx(0.2, abs=4 * np.sqrt(0.16 / 4000) + 10 / 4000)
    assert problems.sparse_dirichlet((3, 3, 8), density=0.0).sum(axis=(0, 1)).min() > 0


def test_histogram_counts_samples():
    counts = problems.histogram((8, 8, 4), 250) * 250
    assert counts == pytest.approx(np.round(counts), abs=1e-10)
    assert counts.sum() == pytest.approx(250)
    assert (counts == 0).any()


def test_import_is_light():
    heavy = ["sklearn", "scipy.stats", "numba", "cvxpy", "clarabel", "matplotlib", "joblib"]
    code = f"import sys, pidtools.problems; print([m for m in {heavy} if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout.strip() == "[]", answer.stderr
