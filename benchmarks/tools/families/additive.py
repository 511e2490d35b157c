"""Log odds that are a sum over single units: steps, Vs, bumps, waves, spikes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import expit

from benchmarks.tools.families.layers import (
    after,
    as_they_are,
    beside,
)
from benchmarks.tools.families.problem import Maker, Problem, of_system, parameters
from benchmarks.tools.families.systems import (
    TWO,
    Beside,
    Hidden,
    Triple,
    by_draws,
)
from benchmarks.tools.families.units import (
    Gammas,
    Located,
    Mixed,
    Spiked,
    apart,
    shifted,
)
from pidtools import PID
from pidtools._types import Codes, Floats

Generator = np.random.Generator


@dataclass(frozen=True)
class AdditiveRule:
    """Log odds are a sum of steps, Vs and waves of normal units; sources see some of them.

    Attributes
    ----------
    kinds : ndarray of int64, shape (width,)
        0: step, 1: V, 2: wave.
    sizes : ndarray of float64, shape (width,)
    t, s : sequence of int
        Units that each source sees.
    """

    kinds: Codes
    sizes: Floats
    t: Sequence[int]
    s: Sequence[int]

    @property
    def n_classes(self) -> int:
        """Number of labels."""
        return 2

    def draw(self, n: int, rng: Generator) -> tuple[Floats, Floats, Codes]:
        """Units that each source sees, and labels."""
        x = rng.standard_normal((n, len(self.kinds)))
        y = rng.random(n) < expit(self._terms(x, range(len(self.kinds))).sum(axis=1))
        return x[:, list(self.t)], x[:, list(self.s)], y.astype(np.int64)

    def _terms(self, x: Floats, units: Sequence[int]) -> Floats:
        """Contributions of some units, given in columns; each has a mean of 0."""
        chosen = list(units)
        shapes = [np.sign(x), 2 * (np.abs(x) - np.sqrt(2 / np.pi)), 1.4 * np.sin(2.5 * x)]
        terms: Floats = self.sizes[chosen] * np.choose(self.kinds[chosen], shapes)
        return terms

    @cached_property
    def _of_rest(self) -> dict[tuple[int, ...], tuple[Floats, Floats]]:
        """p(y = 1) by the log odds that are known, for the units that each source lacks."""
        found = {}
        known = np.linspace(-40, 40, 8001)
        for seen in (self.t, self.s):
            rest = [unit for unit in range(len(self.kinds)) if unit not in seen]
            x = np.random.default_rng(0).standard_normal((400_000, len(rest)))
            sums = np.sort(self._terms(x, rest).sum(axis=1)).reshape(2000, -1).mean(axis=1)
            means = np.concatenate(
                [expit(part[:, None] + sums).mean(axis=1) for part in np.split(known[:-1], 80)]
            )
            found[tuple(seen)] = (known[:-1], means)
        return found

    def posteriors(self, a: Floats, b: Floats) -> Triple:
        """Label posteriors; means over the units that a source lacks, right to .0005."""
        p_t = np.interp(self._terms(a, self.t).sum(axis=1), *self._of_rest[tuple(self.t)])
        p_s = np.interp(self._terms(b, self.s).sum(axis=1), *self._of_rest[tuple(self.s)])
        own = [k for k, unit in enumerate(self.s) if unit not in self.t]
        units = [*self.t, *(self.s[k] for k in own)]
        p_ts = expit(self._terms(np.hstack([a, b[:, own]]), units).sum(axis=1))
        of_t, of_s, of_both = (np.stack([1 - p, p], axis=1) for p in (p_t, p_s, p_ts))
        return of_t, of_s, of_both

    @cached_property
    def _prior(self) -> Floats:
        x = np.random.default_rng(1).standard_normal((1_000_000, len(self.kinds)))
        p = float(expit(self._terms(x, range(len(self.kinds))).sum(axis=1)).mean())
        return np.array([1 - p, p])

    def pid(self) -> PID:
        """The decomposition in bits."""
        return by_draws(self, self._prior, "two classes")


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


MAKERS: tuple[Maker, ...] = (laplace_v, mixed_units, gammas, spikes, additive_logit)
