"""Signals of few dimensions on curves, rotated among nuisance."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.tools.families.layers import (
    after,
    rotated,
)
from benchmarks.tools.families.problem import Maker, Problem, of_system, parameters
from benchmarks.tools.families.systems import (
    TWO,
    Coded,
    Hidden,
    law_of_codes,
    noisy,
)
from benchmarks.tools.families.units import (
    SIGNS,
    Located,
    Wrapped,
    shifted,
)
from pidtools._types import Floats
from pidtools.problems.catalogue import flipped

Generator = np.random.Generator


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


MAKERS: tuple[Maker, ...] = (rings_spiral, arcs, laplace_uniform, xor_rotated, shells)
