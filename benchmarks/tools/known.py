"""Problems whose answers are known, and the numbers of an answer by their names."""

from __future__ import annotations

import pidtools as pt
from pidtools import _knowledge
from pidtools.problems import GaussianProblem, SampledProblem

ATOMS = tuple(quantity.name for quantity in _knowledge.ATOMS)
INFORMATIONS = ("teacher_information", "student_information", "joint_information")
QUANTITIES = (*ATOMS, *INFORMATIONS)


def sampled(name: str) -> SampledProblem | GaussianProblem:
    """A problem of the library that draws data."""
    problem = pt.problems.get(name)
    assert isinstance(problem, SampledProblem | GaussianProblem)
    return problem


def numbers(pid: pt.PID) -> dict[str, float]:
    """All quantities of a decomposition, exact or estimated, but those it does not know."""
    informations = pid.information_t, pid.information_s, pid.joint_information
    named = zip(QUANTITIES, (*pid.atoms, *informations), strict=True)
    return {name: float(value) for name, value in named if value is not None}


def atoms(pid: pt.PID) -> list[float]:
    """Red, Uni T, Uni S, Syn of a decomposition that knows its synergy."""
    return [numbers(pid)[name] for name in ATOMS]
