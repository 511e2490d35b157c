"""Symbols, joints of symbols, small counts, units over many decades."""

from __future__ import annotations

from itertools import product

import numpy as np

from benchmarks.tools.families.layers import (
    as_they_are,
    one_hot,
    permuted,
    spread,
)
from benchmarks.tools.families.problem import Maker, Problem, of_system, parameters
from benchmarks.tools.families.systems import (
    TWO,
    Beside,
    Coded,
    Hidden,
)
from benchmarks.tools.families.units import (
    Counts,
    apart,
    shifted,
)
from pidtools._types import Array, Floats
from pidtools.problems.catalogue import flipped

Generator = np.random.Generator


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
    law = flipped(np.eye(4)[label.ravel()], rng.uniform(0.05, 0.2)).reshape(6, 6, 4, 4) / label.size
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


MAKERS: tuple[Maker, ...] = (symbol_columns, one_hot_joint, counts, decades)
