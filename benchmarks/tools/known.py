"""Problems whose answers are known, and the numbers of a result that are compared with them."""

from __future__ import annotations

from collections.abc import Iterable

import pidtools as pt
from pidtools.problems import GaussianProblem, SampledProblem

ATOMS = {
    "distilled": "redundancy",
    "distillable": "unique_t",
    "student_only": "unique_s",
    "synergy": "synergy",
}
"""Names of the atoms in a measurement, and in an exact decomposition."""
INFORMATIONS = {
    "teacher_information": "information_t",
    "student_information": "information_s",
    "joint_information": "joint_information",
}
QUANTITIES = ATOMS | INFORMATIONS


def sampled(name: str) -> SampledProblem | GaussianProblem:
    """A problem of the library that draws data."""
    problem = pt.problems.get(name)
    assert isinstance(problem, SampledProblem | GaussianProblem)
    return problem


def exact(pid: pt.PID) -> dict[str, float]:
    """All quantities of an exact decomposition, by their names in a measurement."""
    return {name: float(getattr(pid, field)) for name, field in QUANTITIES.items()}


def atoms(pid: pt.PID) -> list[float]:
    """Red, Uni T, Uni S, Syn of a decomposition."""
    return [getattr(pid, field) for field in ATOMS.values()]


def measured(result: pt.DistillableKnowledge, names: Iterable[str] = QUANTITIES) -> list[float]:
    """Some or all quantities of a measurement."""
    return [getattr(result, name) for name in names]
