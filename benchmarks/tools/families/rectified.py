"""Layers with exact zeros: rectified units, random relu layers, dropout."""

from __future__ import annotations

import numpy as np

from benchmarks.tools.families.layers import (
    LEAKY,
    RELU,
    beside,
    random_relu,
)
from benchmarks.tools.families.problem import Maker, Problem, of_system, parameters
from benchmarks.tools.families.systems import (
    TWO,
    Hidden,
    first,
    noisy,
)
from benchmarks.tools.families.units import (
    Censored,
    Located,
    Spiked,
    apart,
    clusters,
    shifted,
)

Generator = np.random.Generator


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


MAKERS: tuple[Maker, ...] = (censored, censored_classes, relu_layer, relu_network, leaky_dropout)
