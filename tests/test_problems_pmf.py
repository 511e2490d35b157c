"""Named tables: their atoms against informations and an independent conic program."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers import known, printed
from union_by_cone import union_information

from pidtools import problems
from pidtools._information import mutual_information_of_table
from pidtools.problems.pmf import PmfProblem

PMF_PROBLEMS = problems.pmf_problems()
by_name = pytest.mark.parametrize("problem", PMF_PROBLEMS, ids=lambda p: p.name)


@by_name
def test_pmf_is_a_distribution(problem: PmfProblem) -> None:
    assert problem.pmf.dtype == np.float64
    assert not problem.pmf.flags.writeable
    assert problem.pmf.min() >= 0
    assert abs(problem.pmf.sum() - 1) < 1e-15 * problem.pmf.size


@by_name
def test_atoms_sum_to_the_informations(problem: PmfProblem) -> None:
    pmf, pid = problem.pmf, problem.pid
    joint = mutual_information_of_table(pmf.reshape(-1, pmf.shape[2]))
    assert pid.information_t == pytest.approx(
        mutual_information_of_table(pmf.sum(axis=1)), abs=pid.gap
    )
    assert pid.information_s == pytest.approx(
        mutual_information_of_table(pmf.sum(axis=0)), abs=pid.gap
    )
    assert pid.joint_information == pytest.approx(joint, abs=pid.gap)
    assert min(pid.redundancy, pid.unique_t, pid.unique_s, known(pid.synergy)) >= 0


@by_name
def test_union_information_agrees_with_a_conic_program(problem: PmfProblem) -> None:
    """Clarabel's tolerance is 1e-10; on tables without interior it reaches 1e-7."""
    primal, dual = union_information(problem.pmf.sum(axis=1), problem.pmf.sum(axis=0))
    assert problem.pid.union_information == pytest.approx(primal, abs=1e-7)
    assert problem.pid.union_information == pytest.approx(dual, abs=1e-7)


def test_names_are_unique_and_found_without_regard_to_case() -> None:
    everything: tuple[Any, ...] = (*PMF_PROBLEMS, *problems.sampled_problems())
    assert len({p.name.casefold() for p in everything}) == len(everything)
    assert all(problems.get(p.name.swapcase()) is p for p in everything)


def test_required_gates_are_there() -> None:
    names = {p.name.casefold() for p in PMF_PROBLEMS}
    gates = ["XOR", "AND", "OR", "XORAND", "SUM", "ReducedOR", "PWUNQ", "COPY", "CorrelatedCOPY"]
    required = [*gates, "COPY6", "UNQ", "RDN", "RDNXOR", "RDNUNQXOR"]
    assert {name.casefold() for name in required} <= names


def test_every_problem_says_where_it_comes_from() -> None:
    everything: tuple[Any, ...] = (*PMF_PROBLEMS, *problems.sampled_problems())
    for problem in everything:
        assert len(problem.source) > 10
        assert problem.description.endswith(".")
        assert problem.pid.units == "bits"
        assert problem.pid.gap > 0


def test_unknown_name_lists_the_choices() -> None:
    with pytest.raises(ValueError, match=r"name is 'XNOR'.*choose one of XOR, AND"):
        problems.get("XNOR")


def test_import_is_light() -> None:
    heavy = ["sklearn", "scipy.stats", "numba", "cvxpy", "clarabel", "matplotlib", "joblib"]
    code = f"import sys, pidtools.problems; print([m for m in {heavy} if m in sys.modules])"
    assert printed(code) == "[]"
