"""Systems of signals with exact label posteriors, and their decompositions.

A system draws the signals of both sources with a label and knows p(y | signal). Informations are
means over a million fresh signals; the union is known by a law that the system names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Literal, Protocol

import numpy as np

import pidtools as pt
from benchmarks.tools.families.units import Law
from pidtools import PID
from pidtools._information import entropy
from pidtools._result import NATS_PER_BIT
from pidtools._types import Codes, Floats
from pidtools.problems.quadrature import assemble, risk, side_by_side

Generator = np.random.Generator
Triple = tuple[Floats, Floats, Floats]
Garble = Callable[[Floats, Generator], Floats]
Union = Literal["ordered", "disjoint", "two classes"]
"""Why the union is known: S is a garbling of T as far as the pairs tell; nothing is redundant; or
two classes, where the better decision at every threshold counts."""

TWO = np.eye(2)
"""Labels of two states, which are the classes."""
DRAWS, CHUNK = 1_000_000, 20_000
# Conditional entropies spread by at most half a bit over signals, so that the mean of a million
# is right to .0005; three standard errors and the same for a difference.
ERROR = 0.001


class System(Protocol):
    """Signals of both sources with a label."""

    @property
    def n_classes(self) -> int:
        """Number of labels."""

    def draw(self, n: int, rng: Generator) -> tuple[Floats, Floats, Codes]:
        """Signals of T and S, a row a sample, and labels."""

    def posteriors(self, a: Floats, b: Floats) -> Triple:
        """p(y | T), p(y | S) and p(y | T, S), a row a sample."""

    def pid(self) -> PID:
        """The decomposition in bits."""


def by_draws(system: System, prior: Floats, union: Union) -> PID:
    """Decomposition from the exact posteriors of a million signals."""
    rng = np.random.default_rng(0)
    kept: list[list[Floats]] = [[], []]
    unknown = np.zeros(3)
    for _ in range(DRAWS // CHUNK):
        a, b, _ = system.draw(CHUNK, rng)
        triple = system.posteriors(a, b)
        unknown += [entropies(p).sum() for p in triple]
        if union == "two classes":
            for parts, p in zip(kept, triple, strict=False):
                parts.append(p)
    teacher, student, joint = entropy(prior) - unknown / DRAWS
    if union == "ordered":
        together = teacher
    elif union == "disjoint":
        together = teacher + student
    else:
        together = student + _unique([np.concatenate(parts) for parts in kept], prior)
    return assemble(teacher, student, together, max(joint, together), ERROR)


def entropies(p: Floats) -> Floats:
    """Entropy of each row in bits."""
    logs = np.log2(p, where=p > 0, out=np.zeros_like(p))
    bits: Floats = -(p * logs).sum(axis=1)
    return bits


def _unique(posteriors: list[Floats], prior: Floats) -> float:
    """Uni_T of two classes: how much better T decides, over all thresholds."""
    log_odds = np.linspace(-40.0, 40.0, 80_001)
    p_t, p_s = (p * (prior / p.mean(axis=0)) / len(p) for p in posteriors)
    better = risk(p_s, log_odds) - risk(p_t, log_odds)
    return float(np.trapezoid(np.maximum(better, 0.0), log_odds)) / NATS_PER_BIT


@dataclass(frozen=True, kw_only=True)
class Hidden:
    """A hidden state decides the label and the laws of both signals.

    Attributes
    ----------
    t, s : Law
        Laws of the signals given the state.
    labels : ndarray of float64, shape (n_states, n_classes)
        p(y | state).
    union : str
    prior : ndarray of float64, shape (n_states,), or None
        Of the states; even if None.
    garble : callable or None
        Makes the signal of S from that of T; None: independent given the state.
    """

    t: Law
    s: Law
    labels: Floats
    union: Union
    prior: Floats | None = None
    garble: Garble | None = None

    @property
    def n_classes(self) -> int:
        """Number of labels."""
        return int(self.labels.shape[1])

    @property
    def _prior(self) -> Floats:
        n = len(self.labels)
        return np.full(n, 1 / n) if self.prior is None else self.prior

    def draw(self, n: int, rng: Generator) -> tuple[Floats, Floats, Codes]:
        """Signals of T and S, and labels."""
        z = rng.choice(len(self.labels), size=n, p=self._prior)
        below = np.cumsum(self.labels, axis=1)[z, :-1] <= rng.random((n, 1))
        a = self.t.draw(z, rng)
        b = self.s.draw(z, rng) if self.garble is None else self.garble(a, rng)
        return a, b, below.sum(axis=1)

    def posteriors(self, a: Floats, b: Floats) -> Triple:
        """Exact label posteriors."""
        log_t, log_s = self.t.log_density(a), self.s.log_density(b)
        log_ts = log_t + log_s if self.garble is None else log_t
        p_t, p_s, p_ts = (self._posterior(log) for log in (log_t, log_s, log_ts))
        return p_t, p_s, p_ts

    def _posterior(self, log_density: Floats) -> Floats:
        joint = log_density + np.log(self._prior)
        weights = np.exp(joint - joint.max(axis=1, keepdims=True))
        p: Floats = (weights / weights.sum(axis=1, keepdims=True)) @ self.labels
        return p

    def pid(self) -> PID:
        """The decomposition in bits."""
        return by_draws(self, self._prior @ self.labels, self.union)


@dataclass(frozen=True)
class Coded:
    """Both signals are codes, in one column; any pmf[t, s, y]."""

    pmf: Floats

    @property
    def n_classes(self) -> int:
        """Number of labels."""
        return int(self.pmf.shape[2])

    def codes(self, n: int, rng: Generator) -> tuple[Codes, Codes, Codes]:
        """Codes of T, of S, and labels."""
        cells = rng.choice(self.pmf.size, size=n, p=self.pmf.ravel())
        t, s, y = np.unravel_index(cells, self.pmf.shape)
        return t, s, y

    def draw(self, n: int, rng: Generator) -> tuple[Floats, Floats, Codes]:
        """Codes as numbers, and labels."""
        t, s, y = self.codes(n, rng)
        return t[:, None].astype(float), s[:, None].astype(float), y

    def posteriors(self, a: Floats, b: Floats) -> Triple:
        """Exact label posteriors."""
        t, s = a[:, 0].astype(int), b[:, 0].astype(int)
        p_t, p_s = self.pmf.sum(axis=1)[t], self.pmf.sum(axis=0)[s]
        of_t, of_s, of_both = (p / p.sum(axis=1, keepdims=True) for p in (p_t, p_s, self.pmf[t, s]))
        return of_t, of_s, of_both

    def pid(self) -> PID:
        """The decomposition in bits."""
        return pt.broja(self.pmf)


def first(width: int) -> Callable[[Floats, Generator], Floats]:
    """A student that sees the first columns."""
    return lambda a, rng: a[:, :width]


def noisy(scale: float) -> Callable[[Floats, Generator], Floats]:
    """A student that sees all through noise."""
    return lambda a, rng: a + scale * rng.standard_normal(a.shape)


def law_of_codes(rng: Generator, n_t: int, n_s: int, n_y: int, concentration: float) -> Floats:
    """A random pmf[t, s, y]: codes that depend on each other, labels that depend on both.

    Half of what decides the label is the code of T, three tenths that of S.
    """
    joint = 0.5 * rng.dirichlet(np.full(n_t * n_s, 0.3)).reshape(n_t, n_s) + 0.5 / (n_t * n_s)
    one = np.full(n_y, concentration)
    given: Floats = (
        0.5 * rng.dirichlet(one, (n_t, 1))
        + 0.3 * rng.dirichlet(one, (1, n_s))
        + 0.2 * rng.dirichlet(one, (n_t, n_s))
    )
    return joint[:, :, None] * given


@dataclass(frozen=True)
class Beside:
    """Independent systems beside each other: labels are tuples, atoms add."""

    parts: Sequence[System]

    @property
    def n_classes(self) -> int:
        """Number of labels."""
        return int(np.prod([part.n_classes for part in self.parts]))

    def draw(self, n: int, rng: Generator) -> tuple[Floats, Floats, Codes]:
        """Signals of T and S beside each other, and labels."""
        a, b, y = zip(*(part.draw(n, rng) for part in self.parts), strict=True)
        sizes = tuple(part.n_classes for part in self.parts)
        return np.hstack(a), np.hstack(b), np.ravel_multi_index(y, sizes)

    def posteriors(self, a: Floats, b: Floats) -> Triple:
        """Exact label posteriors."""
        found = []
        for part in self.parts:
            width_t, width_s = (x.shape[1] for x in part.draw(1, np.random.default_rng(0))[:2])
            found.append(part.posteriors(a[:, :width_t], b[:, :width_s]))
            a, b = a[:, width_t:], b[:, width_s:]
        p_t, p_s, p_ts = (reduce(_outer, ps) for ps in zip(*found, strict=True))
        return p_t, p_s, p_ts

    def pid(self) -> PID:
        """The decomposition in bits."""
        return side_by_side(*(part.pid() for part in self.parts))


def _outer(p: Floats, q: Floats) -> Floats:
    product: Floats = (p[:, :, None] * q[:, None, :]).reshape(len(p), -1)
    return product
