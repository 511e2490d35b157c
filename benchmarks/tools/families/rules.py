"""Labels that follow a rule of single units, of which a source sees some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import expit, ndtr
from scipy.stats import binom

from benchmarks.tools.families.systems import Triple, Union, by_draws
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
