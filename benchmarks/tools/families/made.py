"""Families of signals whose posteriors are known in closed form."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np

from benchmarks.tools.families.layers import (
    LEAKY,
    RELU,
    after,
    as_they_are,
    beside,
    one_hot,
    permuted,
    random_relu,
    rotated,
    spread,
)
from benchmarks.tools.families.problem import Maker, Problem, of_system, parameters
from benchmarks.tools.families.rules import AdditiveRule, HalfSpace
from benchmarks.tools.families.systems import Beside, Coded, Hidden, law_of_codes
from benchmarks.tools.families.units import (
    Censored,
    Counts,
    Gammas,
    Law,
    Located,
    Mixed,
    Spiked,
    Stacked,
    Wrapped,
    shifted,
)
from pidtools._types import Array, Floats

Generator = np.random.Generator
TWO = np.eye(2)
SIGNS = np.array(list(product((-1.0, 1.0), repeat=2)))


def flipped(labels: Floats, rate: float) -> Floats:
    """Labels of which some are replaced by another class at random."""
    noisy: Floats = labels * (1 - rate) + (1 - labels) * rate / (labels.shape[-1] - 1)
    return noisy


def first(width: int) -> Callable[[Floats, Generator], Floats]:
    """A student that sees the first columns."""
    return lambda a, rng: a[:, :width]


def noisy(scale: float) -> Callable[[Floats, Generator], Floats]:
    """A student that sees all through noise."""
    return lambda a, rng: a + scale * rng.standard_normal(a.shape)


def apart(base: Floats, effect: Floats) -> Floats:
    """A parameter of two classes, shape (2, width), on both sides of a base."""
    return np.stack([base - effect, base + effect])


# ------------------------------------------------------------------------------------ rectified


def censored(name: str, variant: int) -> Problem:
    """Rectified units that lose what is below 0."""
    rng = parameters(name, variant)

    def units(width: int, informative: int, size: float) -> Censored:
        effect = size * rng.standard_normal(width) * (np.arange(width) < informative)
        scales = np.tile(rng.uniform(0.7, 1.3, width), (2, 1))
        return Censored(apart(rng.uniform(-1.0, 0.4, width), effect), scales)

    system = Hidden(t=units(24, 12, 0.35), s=units(12, 6, 0.4), labels=TWO, union="two classes")
    about = "two classes; rectified units of weak signs, other ones in T and S"
    t, s = (beside(width, rng, last=RELU) for width in (32, 16))
    return of_system("rectified", name, variant, about, system, t, s)


def censored_classes(name: str, variant: int) -> Problem:
    """Rectified units of four classes; S has fewer of the same laws."""
    rng = parameters(name, variant)
    means = rng.normal(-0.3, 0.6, (4, 16))
    scales = np.ones_like(means)
    system = Hidden(
        t=Censored(means, scales),
        s=Censored(means[:, :6], scales[:, :6]),
        labels=np.eye(4),
        union="ordered",
    )
    about = "four classes; S has six fresh units of laws of which T has sixteen, all rectified"
    t, s = (beside(width, rng, last=RELU) for width in (24, 12))
    return of_system("rectified", name, variant, about, system, t, s)


def clusters(rng: Generator, n_classes: int, each: int, width: int) -> tuple[Floats, Floats]:
    """Centres and labels of classes that are scattered."""
    centres = rng.normal(0, 1.5, (n_classes * each, width))
    return centres, np.repeat(np.eye(n_classes), each, axis=0)


def relu_layer(name: str, variant: int) -> Problem:
    """A random rectified layer of a mixture."""
    rng = parameters(name, variant)
    centres, labels = clusters(rng, 5, 2, 4)
    system = Hidden(
        t=shifted(centres, 0.7),
        s=shifted(centres[:, :2], 0.7),
        labels=labels,
        union="ordered",
        garble=first(2),
    )
    about = "five classes of two clusters in four dimensions; S sees two; random relu layers"
    t, s = random_relu([4, 96], rng), random_relu([2, 48], rng)
    return of_system("rectified", name, variant, about, system, t, s)


def relu_network(name: str, variant: int) -> Problem:
    """Two random rectified layers of a mixture."""
    rng = parameters(name, variant)
    centres, labels = clusters(rng, 3, 3, 5)
    system = Hidden(
        t=shifted(centres, 0.7),
        s=shifted(centres, 1.2),
        labels=labels,
        union="ordered",
        garble=noisy(np.sqrt(1.2**2 - 0.7**2)),
    )
    about = "three classes of three clusters; S sees them through noise; two random relu layers"
    t, s = random_relu([5, 64, 128], rng), random_relu([5, 64, 64], rng)
    return of_system("rectified", name, variant, about, system, t, s)


def leaky_dropout(name: str, variant: int) -> Problem:
    """Leaky units under dropout."""
    rng = parameters(name, variant)
    means = apart(np.zeros(12), 0.35 * rng.uniform(0.5, 1.5, 12))
    scales = np.stack([np.ones(8), rng.uniform(1.3, 1.9, 8)])
    system = Hidden(
        t=Spiked(shifted(means), np.full_like(means, 0.7)),
        s=Spiked(Located(np.zeros((2, 8)), scales), np.full_like(scales, 0.8)),
        labels=TWO,
        union="two classes",
    )
    about = "two classes move the units of T and stretch those of S; leaky, three in ten dropped"
    t, s = (beside(width, rng, last=LEAKY) for width in (16, 12))
    return of_system("rectified", name, variant, about, system, t, s)


# ------------------------------------------------------------------------------------- additive


def laplace_v(name: str, variant: int) -> Problem:
    """Step-like and V-shaped log odds."""
    rng = parameters(name, variant)
    means = apart(np.zeros(10), rng.uniform(0.15, 0.5, 10))
    scales = apart(np.ones(8), rng.uniform(0.1, 0.35, 8))
    system = Hidden(
        t=shifted(means, 1.0, "laplace"),
        s=Located(np.zeros((2, 8)), scales, "laplace"),
        labels=TWO,
        union="two classes",
    )
    about = "two classes move Laplace units of T (steps) and stretch those of S (V-shapes)"
    t, s = beside(16, rng), beside(12, rng)
    return of_system("additive", name, variant, about, system, t, s)


def mixed_units(name: str, variant: int) -> Problem:
    """Bumps: each unit a mixture of its own in each class."""
    rng = parameters(name, variant)

    def units(width: int) -> Mixed:
        shape = (2, width, 3)
        return Mixed(
            rng.normal(0, 1.3, shape),
            rng.uniform(0.4, 1.0, shape),
            rng.dirichlet([2] * 3, (2, width)),
        )

    system = Hidden(t=units(4), s=units(3), labels=TWO, union="two classes")
    about = "two classes; each unit a mixture of three normals, another one in each class"
    t, s = beside(12, rng), beside(8, rng)
    return of_system("additive", name, variant, about, system, t, s)


def gammas(name: str, variant: int) -> Problem:
    """Positive skewed units of three classes; S has fewer of the same laws."""
    rng = parameters(name, variant)
    shapes = rng.uniform(1.0, 4.0, (3, 8))
    scales = rng.uniform(0.6, 1.6, (3, 8))
    system = Hidden(
        t=Gammas(shapes, scales),
        s=Gammas(shapes[:, :3], scales[:, :3]),
        labels=np.eye(3),
        union="ordered",
    )
    about = "three classes; gamma units, S has three fresh ones of the laws of T's eight"
    t = after(lambda x, rng: np.hstack([x, rng.gamma(2.0, 1.0, (len(x), 8))]), as_they_are)
    s = after(lambda x, rng: np.hstack([x, rng.gamma(2.0, 1.0, (len(x), 5))]), as_they_are)
    return of_system("additive", name, variant, about, system, t, s)


def spikes(name: str, variant: int) -> Problem:
    """Sparse units: how often they wake, and where, depends on the class."""
    rng = parameters(name, variant)

    def units(width: int, size: float) -> Spiked:
        rates = apart(rng.uniform(0.1, 0.5, width), rng.uniform(0, 0.08, width))
        means = apart(rng.normal(0, 1, width), size * rng.standard_normal(width))
        return Spiked(shifted(means, 1.0, "heavy"), np.clip(rates, 0.02, 0.98))

    system = Beside(
        [
            Hidden(t=units(16, 0.8), s=units(8, 0.6), labels=TWO, union="two classes"),
            Hidden(t=units(10, 0.6), s=units(10, 0.9), labels=TWO, union="two classes"),
        ]
    )
    about = "four classes of two independent bits; sparse units with heavy-tailed slabs"
    t, s = beside(32, rng), beside(24, rng)
    return of_system("additive", name, variant, about, system, t, s)


def additive_logit(name: str, variant: int) -> Problem:
    """Log odds are a sum of steps, Vs and waves of single units."""
    rng = parameters(name, variant)
    system = AdditiveRule(
        rng.integers(3, size=12), rng.uniform(0.7, 1.5, 12), range(8), range(4, 12)
    )
    about = "log odds a sum of steps, Vs and waves of twelve units; T and S see eight each"
    t, s = beside(12, rng), beside(12, rng)
    return of_system("additive", name, variant, about, system, t, s)


# ------------------------------------------------------------------------------------- manifold


def _polar(radius: Floats, angle: Floats) -> Floats:
    place: Floats = radius * np.hstack([np.cos(angle), np.sin(angle)])
    return place


def _ring(radius: Floats, rng: Generator) -> Floats:
    return _polar(radius, rng.uniform(0, 2 * np.pi, radius.shape))


def _spiral(twist: float) -> Callable[[Floats, Generator], Floats]:
    def bend(phase: Floats, rng: Generator) -> Floats:
        radius = rng.uniform(0.5, 3.5, phase.shape)
        return _polar(radius, phase + twist * radius)

    return bend


def rings_spiral(name: str, variant: int) -> Problem:
    """T lies on rings, S on arms of a spiral."""
    rng = parameters(name, variant)
    radii = np.arange(1.0, 4.0)[:, None]
    labels = np.eye(2)[[0, 1, 0]]
    prior = np.array([0.25, 0.5, 0.25])
    angles = np.pi * np.array([0.0, 1.0, 0.0])
    system = Hidden(
        t=shifted(radii, rng.uniform(0.2, 0.35)),
        s=Wrapped(angles, rng.uniform(0.7, 1.0)),
        labels=labels,
        union="two classes",
        prior=prior,
    )
    about = "two classes: rings in T, the arms of a spiral in S, both among nuisance"
    t = after(_ring, rotated(10, rng, 0.7))
    s = after(_spiral(rng.uniform(1.2, 2.0)), rotated(8, rng, 0.7))
    return of_system("manifold", name, variant, about, system, t, s)


def arcs(name: str, variant: int) -> Problem:
    """Codes as arcs of circles, in many dimensions."""
    rng = parameters(name, variant)
    pmf = law_of_codes(rng, 8, 6, 3, 0.3)
    system = Coded(pmf)

    def bend(n_arcs: int) -> Callable[[Floats, Generator], Floats]:
        order = rng.permutation(n_arcs)

        def onto(code: Floats, draws: Generator) -> Floats:
            place = order[code.astype(int)] + draws.random(code.shape)
            return _polar(np.ones_like(place), 2 * np.pi * place / n_arcs)

        return onto

    about = "three classes of the arcs that T and S lie on, any law; circles among nuisance"
    t, s = after(bend(8), rotated(24, rng, 0.3)), after(bend(6), rotated(12, rng, 0.4))
    return of_system("manifold", name, variant, about, system, t, s)


def laplace_uniform(name: str, variant: int) -> Problem:
    """Two classes move a Laplace unit and a uniform one: small uniques on both sides."""
    rng = parameters(name, variant)
    system = Hidden(
        t=shifted(rng.uniform(0.3, 0.6) * SIGNS[[0, 3], :1], 0.7, "laplace"),
        s=shifted(rng.uniform(0.35, 0.5) * SIGNS[[0, 3], :1], np.sqrt(3), "uniform"),
        labels=TWO,
        union="two classes",
    )
    about = "two classes move a Laplace signal in T and a uniform one in S"
    t, s = rotated(12, rng, 0.7), rotated(10, rng, 0.7)
    return of_system("manifold", name, variant, about, system, t, s)


def xor_rotated(name: str, variant: int) -> Problem:
    """The label is the product of two signs that both sources see, rotated."""
    rng = parameters(name, variant)
    scale, more = rng.uniform(0.45, 0.6), rng.uniform(0.4, 0.6)
    system = Hidden(
        t=shifted(SIGNS, scale),
        s=shifted(SIGNS, float(np.hypot(scale, more))),
        labels=flipped(np.eye(2)[[0, 1, 1, 0]], 0.04),
        union="ordered",
        garble=noisy(more),
    )
    about = "the product of two signs, both in T, and in S through more noise; rotated"
    t, s = rotated(14, rng), rotated(10, rng)
    return of_system("manifold", name, variant, about, system, t, s)


def shells(name: str, variant: int) -> Problem:
    """Classes differ in size only, in several dimensions at once."""
    rng = parameters(name, variant)

    def shell(width: int) -> Located:
        scales = np.stack([np.ones(width), np.full(width, rng.uniform(1.4, 1.9))])
        return Located(np.zeros((2, width)), scales)

    system = Hidden(t=shell(6), s=shell(3), labels=TWO, union="two classes")
    about = "two classes as shells: six dimensions of T and three of S are wider in one class"
    t, s = rotated(16, rng, 1.2), rotated(12, rng, 1.2)
    return of_system("manifold", name, variant, about, system, t, s)


# ---------------------------------------------------------------------------------------- rules


def half_space(name: str, variant: int) -> Problem:
    """One rule; both sources keep other units."""
    rng = parameters(name, variant)
    early = np.arange(16) < 8
    system = HalfSpace(
        rng.choice([-1, 1], 16) * rng.uniform(0.5, 1.5, 16),
        np.where(early, 0.95, 0.6),
        np.where(early, 0.4, 0.9),
        0.03,
        "two classes",
    )
    about = "two classes: a half-space of sixteen units; T keeps one half of them more often than S"
    return of_system("rules", name, variant, about, system, beside(16, rng), beside(16, rng))


def binary_rule(name: str, variant: int) -> Problem:
    """A majority of signs under dropout."""
    rng = parameters(name, variant)
    system = HalfSpace(
        rng.choice([-1.0, 1.0], 15),
        np.full(15, rng.uniform(0.75, 0.95)),
        np.full(15, rng.uniform(0.4, 0.7)),
        0.0,
        "ordered",
        True,
    )
    about = "two classes: the majority of fifteen signs, of which T keeps more than S"
    return of_system("rules", name, variant, about, system, beside(20, rng), beside(20, rng))


def several_rules(name: str, variant: int) -> Problem:
    """Eight classes of three rules."""
    rng = parameters(name, variant)
    keep = [(t, rng.uniform(0.3, t)) for t in (0.95, 0.9, 0.6)]
    system = Beside(
        [
            HalfSpace(rng.standard_normal(8), np.full(8, t), np.full(8, s), 0.02, "ordered")
            for t, s in keep
        ]
    )
    about = "eight classes: three half-spaces of eight units each, under dropout"
    t, s = beside(24, rng), beside(24, rng)
    return of_system("rules", name, variant, about, system, t, s)


def rules_apart(name: str, variant: int) -> Problem:
    """Each source sees a rule of its own, and both a third."""
    rng = parameters(name, variant)

    def rule(t: float, s: float) -> HalfSpace:
        return HalfSpace(rng.standard_normal(10), np.full(10, t), np.full(10, s), 0.05, "ordered")

    system = Beside([rule(0.9, rng.uniform(0.05, 0.3)), rule(0.8, rng.uniform(0.5, 0.8))])
    about = "four classes: two half-spaces, of which S hardly sees the first"
    t, s = beside(32, rng), beside(24, rng)
    return of_system("rules", name, variant, about, system, t, s)


# ---------------------------------------------------------------------------------- many_valued


def symbol_columns(name: str, variant: int) -> Problem:
    """Symbols in several columns of integers."""
    rng = parameters(name, variant)
    given = np.zeros((36, 12, 4))
    rule, other = rng.integers(4, size=36), rng.integers(4, size=(36, 12))
    follows = rng.dirichlet(np.full(12, 0.4), 36)
    for i, j in product(range(36), range(12)):
        given[i, j, rule[i]] += 0.6
        given[i, j, other[i, j]] += 0.25
        given[i, j] += 0.15 / 4
    system = Coded(follows[:, :, None] * given / 36)
    left, right = rng.permutation(36), rng.permutation(12)

    def t(code: Floats, draws: Generator) -> Array:
        noise = draws.integers(6, size=(len(code), 2))
        return np.hstack([spread(left[code[:, 0].astype(int)], (6, 6)), noise])

    def s(code: Floats, draws: Generator) -> Array:
        noise = draws.integers(5, size=(len(code), 1))
        return np.hstack([spread(right[code[:, 0].astype(int)], (4, 3)), noise])

    about = "four classes of codes that are written in two columns of symbols each, beside others"
    return of_system("many_valued", name, variant, about, system, t, s)


def one_hot_joint(name: str, variant: int) -> Problem:
    """The label depends on pairs of symbols; all are one-hot."""
    rng = parameters(name, variant)
    square = np.add.outer(rng.permutation(6), rng.permutation(6)) % 3
    both = (square[:, :, None] + np.arange(4)) % 2
    label = (2 * (square[:, :, None] == 0) + both).astype(int)
    law = flipped(np.eye(4)[label], rng.uniform(0.05, 0.2)) / label.size
    # S sees the third symbol and some values of the first.
    seen = np.where(rng.random(6) < rng.uniform(0.4, 0.9), np.arange(6), 0)
    pmf = np.zeros((36, 24, 4))
    for a, b, c in product(range(6), range(6), range(4)):
        pmf[6 * a + b, 4 * seen[a] + c] += law[a, b, c]
    system = Coded(pmf)

    def t(code: Floats, draws: Generator) -> Array:
        columns = spread(code[:, 0].astype(int), (6, 6))
        other = draws.integers(5, size=len(code))
        return np.hstack([*(one_hot(column, 6) for column in columns.T), one_hot(other, 5)])

    def s(code: Floats, draws: Generator) -> Array:
        first_, second = spread(code[:, 0].astype(int), (6, 4)).T
        return np.hstack([one_hot(first_, 6), one_hot(second, 4)])

    about = "four classes of a Latin square of two one-hot symbols in T and a third one in S"
    return of_system("many_valued", name, variant, about, system, t, s)


def counts(name: str, variant: int) -> Problem:
    """Small counts: ties in every unit."""
    rng = parameters(name, variant)

    def units(width: int) -> Counts:
        base = rng.uniform(0.2, 2.5, width)
        return Counts(apart(base, base * rng.uniform(-0.35, 0.35, width)))

    system = Beside(
        [
            Hidden(t=units(12), s=units(6), labels=TWO, union="two classes"),
            Hidden(t=units(6), s=units(8), labels=TWO, union="two classes"),
        ]
    )
    about = "four classes of two bits; units are small Poisson counts"
    t = permuted(as_they_are, 18, rng)
    return of_system("many_valued", name, variant, about, system, t, permuted(as_they_are, 14, rng))


def decades(name: str, variant: int) -> Problem:
    """Classes at 1, 100, ... 10^10 in one unit."""
    rng = parameters(name, variant)
    places = 2 * np.log(10) * np.arange(6.0)[:, None]
    means = np.hstack([places, rng.permutation(places)])
    system = Hidden(
        t=shifted(means, 1.8),
        s=shifted(means[:, :1], 4.0),
        labels=flipped(np.eye(6), rng.uniform(0.02, 0.15)),
        union="ordered",
        garble=lambda a, rng: a[:, :1] + np.sqrt(16 - 1.8**2) * rng.standard_normal((len(a), 1)),
    )
    about = "six classes at 1, 100, ... 10^10 in two units of T and, blurred, in one of S"

    def grown(signal: Floats, draws: Generator) -> Floats:
        return np.hstack([np.exp(signal), draws.standard_normal((len(signal), 6))])

    return of_system("many_valued", name, variant, about, system, grown, grown)


# ----------------------------------------------------------------------------------------- wide


def quiet_signal(name: str, variant: int) -> Problem:
    """Eight classes below loud nuisance."""
    rng = parameters(name, variant)
    centres, labels = clusters(rng, 8, 1, 5)
    system = Hidden(
        t=shifted(centres),
        s=shifted(centres[:, :3]),
        labels=labels,
        union="ordered",
        garble=first(3),
    )
    about = "eight classes in five quiet directions of 600, nuisance up to a hundred times louder"
    t = rotated(600, rng, np.geomspace(100, 0.1, 595))
    s = rotated(64, rng, np.geomspace(30, 0.1, 61))
    return of_system("wide", name, variant, about, system, t, s)


def loud_signal(name: str, variant: int) -> Problem:
    """Twelve classes in loud directions, nearly as many columns as rows."""
    rng = parameters(name, variant)
    centres, labels = clusters(rng, 4, 3, 4)
    system = Hidden(
        t=shifted(centres, 0.6),
        s=shifted(centres[:, :2], 0.6),
        labels=labels,
        union="ordered",
        garble=first(2),
    )
    about = "four classes of three clusters in four loud directions of 1024; S sees two of 600"

    def loud(signal: Floats, _: Generator) -> Floats:
        return 20 * signal

    t, s = after(loud, rotated(1024, rng)), after(loud, rotated(600, rng))
    return of_system("wide", name, variant, about, system, t, s)


def random_features(name: str, variant: int) -> Problem:
    """Two thousand random rectified features."""
    rng = parameters(name, variant)
    centres, labels = clusters(rng, 10, 2, 6)
    system = Hidden(
        t=shifted(centres),
        s=shifted(centres, 1.6),
        labels=labels,
        union="ordered",
        garble=noisy(np.sqrt(1.6**2 - 1)),
    )
    about = (
        "ten classes of two clusters; T 2048 and S 600 random relu features, S of a noisier copy"
    )
    t, s = random_relu([6, 2048], rng), random_relu([6, 600], rng)
    return of_system("wide", name, variant, about, system, t, s)


def diffuse(name: str, variant: int) -> Problem:
    """A weak shift of every unit in T, a stretch in S."""
    rng = parameters(name, variant)
    t_law: Law = shifted(rng.uniform(0.9, 1.3) * SIGNS[[0, 3], :1])
    s_law = Stacked(
        [shifted(rng.uniform(0.3, 0.8) * SIGNS[[0, 3], :1]), Located(np.zeros((2, 2)), SIZES)]
    )
    system = Hidden(t=t_law, s=s_law, labels=TWO, union="two classes")
    about = (
        "two classes move 700 units of T a little; S is moved and stretched in 3 directions of 80"
    )
    t, s = rotated(700, rng), rotated(80, rng)
    return of_system("wide", name, variant, about, system, t, s)


SIZES = np.array([[1.0, 1.0], [1.7, 1.7]])

MAKERS: dict[str, tuple[Maker, ...]] = {
    "rectified": (censored, censored_classes, relu_layer, relu_network, leaky_dropout),
    "additive": (laplace_v, mixed_units, gammas, spikes, additive_logit),
    "manifold": (rings_spiral, arcs, laplace_uniform, xor_rotated, shells),
    "rules": (half_space, binary_rule, several_rules, rules_apart),
    "many_valued": (symbol_columns, one_hot_joint, counts, decades),
    "wide": (quiet_signal, loud_signal, random_features, diffuse),
}
