"""The fixed set of sampled problems that estimators are compared on."""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pidtools.problems import quadrature
from pidtools.problems.embedding import Embedding
from pidtools.problems.laws import Coupling, Independent, noisier, shifted
from pidtools.problems.sampled import SampledProblem

Floats = NDArray[np.float64]

# The quadratures below agree with 30-digit integration to 1e-12 (tests/test_problems_sampled.py).
QUADRATURE = 1e-11

TEACHER, STUDENT = Embedding(16, seed=1), Embedding(12, seed=2)
SIGNS = np.array(list(product((-1.0, 1.0), repeat=2)))


def _one_hot(classes: ArrayLike) -> Floats:
    """p(y | state) where the state decides the label."""
    one_hot: Floats = np.eye(np.max(classes) + 1)[np.asarray(classes)]
    return one_hot


def _problem(
    name: str,
    coupling: Coupling,
    classes: ArrayLike,
    proof: str,
    description: str,
    *,
    t: Embedding = TEACHER,
    s: Embedding = STUDENT,
) -> SampledProblem:
    """Build a problem with equally likely states and signals of one dimension.

    `proof` says which law fixes the union information: "ordered" (the pairs allow S to be a
    garbling of T) or "disjoint" (no redundancy).
    """
    labels = _one_hot(classes)
    prior = np.full(len(labels), 1 / len(labels))
    grid = quadrature.line()
    teacher = quadrature.information(coupling.t, prior, labels, grid)
    student = quadrature.information(coupling.s, prior, labels, grid)
    joint = quadrature.pair_information(coupling, prior, labels, grid)
    union = {"ordered": teacher, "disjoint": teacher + student}[proof]
    return SampledProblem(
        name=name,
        pid=quadrature.assemble(teacher, student, union, joint, QUADRATURE),
        source=f"quadrature of the informations; {proof} sources",
        description=description,
        prior=prior,
        labels=labels,
        coupling=coupling,
        t=t,
        s=s,
    )


@cache
def graded_problems() -> tuple[SampledProblem, ...]:
    """Problems of the graded set, in a fixed order."""
    two, four = (0, 1), (0, 1, 2, 3)
    shift = shifted([-1.0, 1.0])
    return (
        _problem(
            "shift_ordered",
            Independent(shift, shifted([-0.6, 0.6])),
            two,
            "ordered",
            "Two classes shift the mean of both sources, less so in the student, with "
            "independent noise.",
        ),
        _problem(
            "degraded",
            noisier(shift, 1.0),
            two,
            "ordered",
            "The student sees the teacher's signal through further noise: Y - T - S.",
        ),
        _problem(
            "independent_student",
            Independent(shift, shifted([0.0, 0.0])),
            two,
            "ordered",
            "The student knows nothing about the label.",
        ),
        _problem(
            "two_attributes",
            Independent(shifted(1.2 * SIGNS[:, 0]), shifted(SIGNS[:, 1])),
            four,
            "disjoint",
            "Four classes from two independent attributes A and B, one seen by each source: "
            "I(A, B; T, S) >= I(A; T) + I(B; S | A) >= I(A; T) + I(B; S) for every coupling.",
        ),
        _problem(
            "xor_signs",
            Independent(shifted(1.6 * SIGNS[:, 0]), shifted(1.6 * SIGNS[:, 1])),
            (0, 1, 1, 0),
            "disjoint",
            "The label is the product of two signs, one seen by each source: all synergy.",
        ),
        _problem(
            "loud_nuisance",
            Independent(shift, shifted([-0.6, 0.6])),
            two,
            "ordered",
            "shift_ordered among nuisance that is a hundred times louder than the signal.",
            t=Embedding(32, seed=3, nuisance=100.0),
            s=Embedding(16, seed=4, nuisance=100.0),
        ),
    )
