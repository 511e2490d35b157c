"""Labels that follow half-spaces, of whose units each source keeps some."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr
from scipy.stats import binom

from benchmarks.tools.families.layers import (
    beside,
)
from benchmarks.tools.families.problem import Maker, Problem, of_system, parameters
from benchmarks.tools.families.systems import (
    Beside,
    Triple,
    Union,
    by_draws,
)
from pidtools import PID
from pidtools._types import Codes, Floats

Generator = np.random.Generator


EVEN = np.full(2, 0.5)


@dataclass(frozen=True)
class HalfSpace:
    """The sign of a weighted sum of units; each source keeps units at random, the rest are 0.

    Attributes
    ----------
    weights : ndarray of float64, shape (width,)
    keep_t, keep_s : ndarray of float64, shape (width,)
        Rates at which units are kept.
    flip : float
        Rate of wrong labels.
    union : str
    signs : bool
        Whether units are -1 or 1 (an odd number, weights too); else normal.
    """

    weights: Floats
    keep_t: Floats
    keep_s: Floats
    flip: float
    union: Union
    signs: bool = False

    @property
    def n_classes(self) -> int:
        """Number of labels."""
        return 2

    def draw(self, n: int, rng: Generator) -> tuple[Floats, Floats, Codes]:
        """Units that each source has kept, and labels."""
        x = rng.standard_normal((n, len(self.weights)))
        if self.signs:
            x = np.sign(x)
        wrong = rng.random(n) < self.flip
        y = (x @ self.weights > 0) ^ wrong
        a, b = (x * (rng.random(x.shape) < keep) for keep in (self.keep_t, self.keep_s))
        return a, b, y.astype(np.int64)

    def posteriors(self, a: Floats, b: Floats) -> Triple:
        """Exact label posteriors: the units that were dropped are as they are a priori."""
        p_t, p_s, p_ts = (self._posterior(x) for x in (a, b, np.where(a != 0, a, b)))
        return p_t, p_s, p_ts

    def _posterior(self, x: Floats) -> Floats:
        known, missing = x @ self.weights, x == 0
        if self.signs:
            # The missing signs add up to 2 B - m, where B is binomial.
            m = missing.sum(axis=1)
            above = binom.sf(np.floor((m - known) / 2 + 1e-9), m, 0.5)
        else:
            spread = np.sqrt(missing @ self.weights**2)
            with np.errstate(divide="ignore"):
                above = ndtr(known / spread)
        p = self.flip + (1 - 2 * self.flip) * above
        return np.stack([1 - p, p], axis=1)

    def pid(self) -> PID:
        """The decomposition in bits."""
        return by_draws(self, EVEN, self.union)


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


MAKERS: tuple[Maker, ...] = (half_space, binary_rule, several_rules, rules_apart)
