"""Hundreds of columns: quiet signals, loud ones, spread ones."""

from __future__ import annotations

import numpy as np

from benchmarks.tools.families.layers import (
    after,
    random_relu,
    rotated,
)
from benchmarks.tools.families.problem import Maker, Problem, of_system, parameters
from benchmarks.tools.families.systems import (
    TWO,
    Hidden,
    first,
    noisy,
)
from benchmarks.tools.families.units import (
    SIGNS,
    Law,
    Located,
    Stacked,
    clusters,
    shifted,
)
from pidtools._types import Floats

Generator = np.random.Generator


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
    sizes = np.array([[1.0, 1.0], [1.7, 1.7]])
    t_law: Law = shifted(rng.uniform(0.9, 1.3) * SIGNS[[0, 3], :1])
    s_law = Stacked(
        [shifted(rng.uniform(0.3, 0.8) * SIGNS[[0, 3], :1]), Located(np.zeros((2, 2)), sizes)]
    )
    system = Hidden(t=t_law, s=s_law, labels=TWO, union="two classes")
    about = (
        "two classes move 700 units of T a little; S is moved and stretched in 3 directions of 80"
    )
    t, s = rotated(700, rng), rotated(80, rng)
    return of_system("wide", name, variant, about, system, t, s)


MAKERS: tuple[Maker, ...] = (quiet_signal, loud_signal, random_features, diffuse)
