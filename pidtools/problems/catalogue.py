"""The sampled problems, each a composition of a law, two embeddings and a proof.

*graded* is the fixed set that estimators are compared on, *extreme* has cases with a bar of
their own, *general* asks whether an estimator that does well on the first also does elsewhere.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import ArrayLike

from pidtools._types import Floats
from pidtools.problems import embedding, quadrature
from pidtools.problems.embedding import Embedding, Step
from pidtools.problems.laws import (
    Arcs,
    Correlated,
    Coupling,
    Garbled,
    Gaussian,
    Independent,
    Quantised,
    Rectified,
    StudentT,
    column,
    noisier,
    shifted,
    subspace,
)
from pidtools.problems.sampled import Atoms, Family, SampledProblem
from pidtools.problems.stored import stored

TEACHER, STUDENT = Embedding(16, seed=1), Embedding(12, seed=2)
TWO_CLASSES = np.eye(2)
SHIFT, WEAK_SHIFT = shifted(column([-1.0, 1.0])), shifted(column([-0.6, 0.6]))
SIGNS = np.array(list(product((-1.0, 1.0), repeat=2)))

INFORMATIONS = "informations by quadrature; "
THRESHOLDS = "quadrature over decision thresholds (concave hull of both ROC curves)"
ORDERED = INFORMATIONS + "the pairs allow S to be a garbling of T, so Uni_S = 0"
MARKOV = INFORMATIONS + "Y - T - S, so Uni_S = 0 and no synergy"


def one_hot(classes: ArrayLike) -> Floats:
    """p(y | state) where the state decides the label."""
    table: Floats = np.eye(np.max(classes) + 1)[np.asarray(classes)]
    return table


def flipped(labels: Floats, rate: float) -> Floats:
    """Labels of which a fraction `rate` is replaced by another class at random."""
    k = labels.shape[1]
    noisy: Floats = labels * (1 - rate) + (1 - labels) * rate / (k - 1)
    return noisy


def even(n: int) -> Floats:
    """Equally likely states."""
    return np.full(n, 1 / n)


def scattered(n_classes: int, scales: ArrayLike, seed: int) -> Gaussian:
    """Classes with random centres, of spread `scales` in each dimension."""
    scales = np.asarray(scales, dtype=np.float64)
    centres = np.random.default_rng(seed).standard_normal((n_classes, len(scales)))
    return shifted(centres * scales)


def nested(groups: int, members: int, seed: int) -> Gaussian:
    """Classes in groups: two dimensions tell the group, three the member within it."""
    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * np.arange(groups) / groups
    centres = 3.0 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    within = 1.5 * rng.standard_normal((groups * members, 3))
    return shifted(np.hstack([np.repeat(centres, members, axis=0), within]))


def _problem(
    *,
    family: Family,
    name: str,
    description: str,
    source: str,
    atoms: Atoms,
    coupling: Coupling,
    labels: Floats = TWO_CLASSES,
    prior: Floats | None = None,
    t: Embedding = TEACHER,
    s: Embedding = STUDENT,
) -> SampledProblem:
    """Two equally likely classes in 16 and 12 dimensions, unless said otherwise."""
    return SampledProblem(
        name=name,
        description=description,
        source=source,
        family=family,
        atoms=atoms,
        prior=even(len(labels)) if prior is None else prior,
        labels=labels,
        coupling=coupling,
        t=t,
        s=s,
    )


def _two_sources() -> list[SampledProblem]:
    """The first six: one signal dimension each, ordered or disjoint."""
    return [
        _problem(
            name="shift_ordered",
            description="Two classes shift the mean of both sources, less so in the student, "
            "with independent noise.",
            source=ORDERED,
            family="graded",
            atoms=quadrature.ordered,
            coupling=Independent(SHIFT, WEAK_SHIFT),
        ),
        _problem(
            name="degraded",
            description="The student sees the teacher's signal through further noise.",
            source=MARKOV,
            family="graded",
            atoms=quadrature.ordered,
            coupling=noisier(SHIFT, 1.0),
        ),
        _problem(
            name="independent_student",
            description="The student knows nothing about the label.",
            source=ORDERED,
            family="graded",
            atoms=quadrature.ordered,
            coupling=Independent(SHIFT, shifted(column([0.0, 0.0]))),
        ),
        _problem(
            name="two_attributes",
            description="Four classes from two independent attributes A and B, one seen by each "
            "source.",
            source=INFORMATIONS + "I(A, B; T, S) >= I(A; T) + I(B; S | A) >= I(A; T) + I(B; S) "
            "for every coupling, so Red = 0",
            family="graded",
            atoms=quadrature.disjoint,
            labels=np.eye(4),
            coupling=Independent(shifted(1.2 * SIGNS[:, :1]), shifted(SIGNS[:, 1:])),
        ),
        _problem(
            name="xor_signs",
            description="The label is the product of two signs, one seen by each source.",
            source=INFORMATIONS + "each source alone is independent of Y, so all is synergy",
            family="graded",
            atoms=quadrature.disjoint,
            labels=one_hot([0, 1, 1, 0]),
            coupling=Independent(shifted(1.6 * SIGNS[:, :1]), shifted(1.6 * SIGNS[:, 1:])),
        ),
        _problem(
            name="loud_nuisance",
            description="shift_ordered among nuisance a hundred times louder than the signal.",
            source=ORDERED,
            family="graded",
            atoms=quadrature.ordered,
            coupling=Independent(SHIFT, WEAK_SHIFT),
            t=Embedding(32, seed=3, nuisance=100.0),
            s=Embedding(16, seed=4, nuisance=100.0),
        ),
    ]


def _unordered() -> list[SampledProblem]:
    """Neither source is a garbling of the other, or many classes."""
    three = np.array([-1.0, 1.0, 1.0])
    return [
        _problem(
            name="shift_scale",
            description="Two classes shift the mean of the teacher and stretch the student.",
            source=THRESHOLDS,
            family="graded",
            atoms=quadrature.two_classes,
            coupling=Independent(
                shifted(column([-0.8, 0.8])), Gaussian(np.zeros((2, 1)), column([1.0, 3.0]))
            ),
        ),
        _problem(
            name="ternary_unordered",
            description="Of three classes the teacher sets the first apart, the student the last.",
            source="finite channels below and above each source, by conic programs",
            family="graded",
            atoms=stored("ternary_unordered"),
            labels=np.eye(3),
            coupling=Independent(shifted(1.5 * column(three)), shifted(1.2 * column(-three[::-1]))),
        ),
        _problem(
            name="ten_classes",
            description="Ten scattered classes; the student sees two of four dimensions.",
            source="Monte Carlo with exact densities; Y - T - S, so Uni_S = 0 and no synergy",
            family="graded",
            atoms=stored("ten_classes"),
            labels=np.eye(10),
            coupling=subspace(scattered(10, [2.0, 2.0, 1.5, 1.5], seed=10), 2),
        ),
    ]


def _activations() -> list[SampledProblem]:
    """Easy laws in awkward activations."""
    ternary = shifted(column([-2.0, 0.0, 2.0]))
    wide = shifted(np.hstack([SHIFT.means, np.zeros((2, 15))]))
    return [
        _problem(
            name="heavy_tails",
            description="Two classes shift both sources; signal and nuisance have three degrees "
            "of freedom.",
            source=INFORMATIONS + "the teacher decides better at every threshold, so Uni_S = 0",
            family="graded",
            atoms=quadrature.ordered,
            coupling=Independent(
                StudentT(column([-1.3, 1.3]), 3.0), StudentT(column([-0.7, 0.7]), 3.0)
            ),
            t=Embedding(16, seed=5, df=3.0),
            s=Embedding(12, seed=6, df=3.0),
        ),
        _problem(
            name="relu_zeros",
            description="Three classes on a line and a noisier student, both through units and "
            "their negatives, rectified: half of all activations are exactly 0.",
            source=MARKOV,
            family="graded",
            atoms=quadrature.ordered,
            labels=np.eye(3),
            coupling=noisier(ternary, 1.0),
            t=Embedding(8, seed=7, last=embedding.RECTIFIED),
            s=Embedding(6, seed=8, last=embedding.RECTIFIED),
        ),
        _problem(
            name="same",
            description="The student is the teacher.",
            source=MARKOV,
            family="graded",
            atoms=quadrature.ordered,
            coupling=subspace(wide, 16),
            s=TEACHER,
        ),
        _problem(
            name="rotated_copy",
            description="The student is the teacher, rotated.",
            source=MARKOV,
            family="graded",
            atoms=quadrature.ordered,
            coupling=subspace(wide, 16),
            s=Embedding(16, seed=9),
        ),
    ]


def _extreme() -> list[SampledProblem]:
    return [
        _problem(
            name="hundred_classes",
            description="A hundred scattered classes; the student sees three of five dimensions.",
            source="Monte Carlo with exact densities; Y - T - S, so Uni_S = 0 and no synergy",
            family="extreme",
            atoms=stored("hundred_classes"),
            labels=np.eye(100),
            coupling=subspace(scattered(100, [1.6] * 5, seed=11), 3),
        ),
        _problem(
            name="imbalance",
            description="Two classes, one a hundred times rarer, shift both sources.",
            source=ORDERED,
            family="extreme",
            atoms=quadrature.ordered,
            prior=np.array([100.0, 1.0]) / 101,
            coupling=Independent(shifted(column([-1.5, 1.5])), SHIFT),
        ),
        _problem(
            name="float16",
            description="degraded, stored in half precision.",
            source=MARKOV + "; rounding adds noise of variance below 1e-7 to the signal",
            family="extreme",
            atoms=lambda *law: replace(quadrature.ordered(*law), gap=1e-6),
            coupling=noisier(SHIFT, 1.0),
            t=Embedding(16, seed=1, last=embedding.HALF),
            s=Embedding(12, seed=2, last=embedding.HALF),
        ),
    ]


def _many_classes() -> list[SampledProblem]:
    monte_carlo = "Monte Carlo with exact densities; Y - T - S, so Uni_S = 0 and no synergy"
    fading = np.geomspace(3.0, 0.03, 256)
    return [
        _problem(
            name="wide_flat",
            description="Twenty scattered classes in layers of 256 and 64 units; the student "
            "sees three of six dimensions.",
            source=monte_carlo,
            family="general",
            atoms=stored("wide_flat"),
            labels=np.eye(20),
            coupling=subspace(scattered(20, [1.6] * 6, seed=12), 3),
            t=Embedding(256, seed=13),
            s=Embedding(64, seed=14),
        ),
        _problem(
            name="wide_hierarchy",
            description="Six groups of four classes among fading nuisance in layers of 256 and "
            "64 units; the student sees the groups only.",
            source=monte_carlo,
            family="general",
            atoms=stored("wide_hierarchy"),
            labels=np.eye(24),
            coupling=subspace(nested(6, 4, seed=15), 2),
            t=Embedding(256, seed=16, nuisance=fading[:251]),
            s=Embedding(64, seed=17, nuisance=fading[:248:4]),
        ),
        _problem(
            name="label_noise",
            description="Ten scattered classes of which one label in five is wrong.",
            source=monte_carlo,
            family="general",
            atoms=stored("label_noise"),
            labels=flipped(np.eye(10), 0.2),
            coupling=subspace(scattered(10, [2.5, 2.5, 1.5, 1.5], seed=18), 2),
            t=Embedding(32, seed=19),
            s=Embedding(16, seed=20),
        ),
        _problem(
            name="long_tail",
            description="Eight classes, each half as frequent as the one before, but the last.",
            source=monte_carlo,
            family="general",
            atoms=stored("long_tail"),
            prior=np.append(0.5 ** np.arange(1, 8), 0.5**7),
            labels=np.eye(8),
            coupling=subspace(scattered(8, [2.0, 2.0, 2.0], seed=21), 1),
            t=Embedding(32, seed=22),
            s=Embedding(16, seed=23),
        ),
    ]


def _manifolds() -> list[SampledProblem]:
    exact = "finite sums; Y - T - S, so Uni_S = 0 and no synergy"
    turn, arcs = 2 * np.pi, np.arange(6)
    circle = Arcs(np.linspace(0.0, turn, 7), arcs)
    mirrored = Arcs(np.linspace(0.0, np.pi, 4), np.minimum(arcs, 5 - arcs))
    roll = Arcs(np.linspace(0.75 * turn, 2.25 * turn, 13), np.arange(12))
    winding = Arcs(np.linspace(0.0, turn, 9), (np.arange(12) + 6) % 8)
    return [
        _problem(
            name="circle",
            description="Three classes alternate on a circle with label noise; the student sees "
            "one coordinate of it.",
            source=exact,
            family="general",
            atoms=quadrature.ordered,
            labels=flipped(one_hot([0, 1, 2, 0, 2, 1]), 0.1),
            coupling=Garbled(circle, mirrored, lambda a, rng: np.minimum(a, turn - a)),
            t=Embedding(16, seed=24, first=embedding.CIRCLE, nuisance=0.5),
            s=Embedding(12, seed=25, first=embedding.COSINE, nuisance=0.5),
        ),
        _problem(
            name="swiss_roll",
            description="Four classes along a rolled sheet with label noise; the student knows "
            "the angle but not the turn.",
            source=exact,
            family="general",
            atoms=quadrature.ordered,
            labels=flipped(one_hot(np.arange(12) // 3), 0.05),
            coupling=Garbled(roll, winding, lambda a, rng: a % turn),
            t=Embedding(16, seed=26, first=embedding.SPIRAL, nuisance=5.0),
            s=Embedding(12, seed=27, first=embedding.CIRCLE, nuisance=0.5),
        ),
    ]


def _layers() -> list[SampledProblem]:
    relu = Step(lambda x: np.maximum(x, 0.0), lambda x: x)
    fine = Quantised(column([-1.5, 0.0, 1.5]), 0.5)
    coarse = Quantised(fine.means, 1.5)
    return [
        _problem(
            name="rectified",
            description="Rectified layers that lose the negative side; each class wakes one "
            "source's unit.",
            source=THRESHOLDS,
            family="general",
            atoms=quadrature.two_classes,
            coupling=Independent(Rectified(column([-0.8, 1.2])), Rectified(column([0.9, -0.9]))),
            t=Embedding(16, seed=28, last=relu, rotate=False),
            s=Embedding(12, seed=29, last=relu, rotate=False),
        ),
        _problem(
            name="quantised",
            description="Three classes in layers rounded to multiples of 1/2 (teacher) and 3/2.",
            source="finite sums; Y - T - S, so Uni_S = 0 and no synergy",
            family="general",
            atoms=quadrature.ordered,
            labels=np.eye(3),
            coupling=Garbled(fine, coarse, lambda a, rng: coarse.round(a)),
            t=Embedding(16, seed=30, last=Step(fine.round, lambda x: x), rotate=False),
            s=Embedding(12, seed=31, last=Step(coarse.round, lambda x: x), rotate=False),
        ),
        _problem(
            name="saturated",
            description="Two classes shift both sources, through tanh near saturation.",
            source=ORDERED,
            family="general",
            atoms=quadrature.ordered,
            coupling=Independent(shifted(column([-1.2, 1.2])), shifted(column([-0.7, 0.7]))),
            t=Embedding(16, seed=32, last=embedding.SATURATED),
            s=Embedding(12, seed=33, last=embedding.SATURATED),
        ),
    ]


def _joint() -> list[SampledProblem]:
    """Synergy beside other atoms."""
    eight = np.array(list(product((-1.0, 1.0), repeat=3)))
    a, parity = eight[:, 0], eight[:, 1] * eight[:, 2]
    both = Independent(
        shifted(eight[:, :2] * [1.2, 1.8]),
        shifted(eight[:, ::2] * [0.8, 1.8]),
    )
    shared = Independent(shifted(column([-1.2, 1.2])), shifted(column([-0.8, 0.8])))
    hidden = Independent(shifted(1.8 * SIGNS[:, :1]), shifted(1.8 * SIGNS[:, 1:]))
    return [
        _problem(
            name="shared_and_parity",
            description="Four classes from a sign that both see and the product of two signs, "
            "one seen by each.",
            source="quadrature of both parts; atoms of independent systems add",
            family="general",
            atoms=lambda *_: quadrature.side_by_side(
                quadrature.ordered(shared, even(2), np.eye(2)),
                quadrature.disjoint(hidden, even(4), one_hot([0, 1, 1, 0])),
            ),
            labels=one_hot((a > 0) + 2 * (parity > 0)),
            coupling=both,
        ),
        _problem(
            name="correlated_noise",
            description="shift_ordered with noise of correlation -0.7, which cancels in the pair.",
            source=ORDERED,
            family="general",
            atoms=quadrature.ordered,
            coupling=Correlated(shifted(column([-0.8, 0.8])), WEAK_SHIFT, -0.7),
        ),
        _problem(
            name="rare_unordered",
            description="One label in twenty shifts the heavy-tailed teacher and stretches the "
            "student.",
            source=THRESHOLDS,
            family="general",
            atoms=quadrature.two_classes,
            prior=np.array([0.95, 0.05]),
            coupling=Independent(
                StudentT(column([-1.5, 1.5]), 4.0), Gaussian(np.zeros((2, 1)), column([1.0, 4.0]))
            ),
            t=Embedding(32, seed=34, df=4.0),
            s=Embedding(16, seed=35),
        ),
    ]


@cache
def sampled_problems() -> tuple[SampledProblem, ...]:
    """Every sampled problem, in a fixed order: graded, extreme, general.

    Returns
    -------
    tuple of SampledProblem

    Examples
    --------
    >>> from pidtools import problems
    >>> [p.name for p in problems.sampled_problems() if p.family == "extreme"]
    ['hundred_classes', 'imbalance', 'float16']
    """
    graded = (*_two_sources(), *_unordered(), *_activations())
    general = (*_many_classes(), *_manifolds(), *_layers(), *_joint())
    return (*graded, *_extreme(), *general)
