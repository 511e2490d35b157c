"""What representations look like, given the label: channels, and how two of them meet.

A hidden state z decides both the label and the law of each source. A *channel* is the law of
one source's signal given z. A *coupling* joins two channels and knows the joint density. The
signals have few dimensions; `embedding` turns them into wide activations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import lgamma, log, pi
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Channel(Protocol):
    """Law of a signal given the hidden state."""

    @property
    def width(self) -> int:
        """Number of signal dimensions."""

    def draw(self, z: Ints, rng: np.random.Generator) -> Floats:
        """Signals of shape (n, width) for states z of shape (n,)."""

    def log_density(self, x: Floats) -> Floats:
        """Natural log density of each row of x under each state, shape (n, n_states)."""


class Coupling(Protocol):
    """Joint law of both signals given the hidden state."""

    @property
    def t(self) -> Channel:
        """Law of the teacher's signal."""

    @property
    def s(self) -> Channel:
        """Law of the student's signal."""

    def draw(self, z: Ints, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Both signals, one row a state."""

    def log_density(self, a: Floats, b: Floats) -> Floats:
        """Log density of both under each state, up to a term that is the same for all."""


@dataclass(frozen=True)
class Gaussian:
    """Normal signal: means and standard deviations of shape (n_states, width)."""

    means: Floats
    scales: Floats

    @property
    def width(self) -> int:
        """Number of signal dimensions."""
        return int(self.means.shape[1])

    def draw(self, z: Ints, rng: np.random.Generator) -> Floats:
        """Signals of shape (n, width)."""
        return self.means[z] + self.scales[z] * rng.standard_normal((len(z), self.width))

    def log_density(self, x: Floats) -> Floats:
        """Log density under each state, shape (n, n_states)."""
        precision = self.scales**-2
        square: Floats = x**2 @ precision.T - 2 * x @ (self.means * precision).T
        constant: Floats = (self.means**2 * precision + np.log(2 * pi * self.scales**2)).sum(axis=1)
        return -0.5 * (square + constant)


@dataclass(frozen=True)
class StudentT:
    """Shifted Student-t signal, independent in each dimension; means (n_states, width)."""

    means: Floats
    df: float

    @property
    def width(self) -> int:
        """Number of signal dimensions."""
        return int(self.means.shape[1])

    def draw(self, z: Ints, rng: np.random.Generator) -> Floats:
        """Signals of shape (n, width)."""
        return self.means[z] + rng.standard_t(self.df, (len(z), self.width))

    def log_density(self, x: Floats) -> Floats:
        """Log density under each state, shape (n, n_states)."""
        half = (self.df + 1) / 2
        norm = lgamma(half) - lgamma(self.df / 2) - 0.5 * log(self.df * pi)
        deviation = x[:, None, :] - self.means
        density: Floats = (norm - half * np.log1p(deviation**2 / self.df)).sum(axis=2)
        return density


@dataclass(frozen=True)
class Independent:
    """Signals that are independent of each other given the state."""

    t: Channel
    s: Channel

    def draw(self, z: Ints, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Both signals, one row a state."""
        return self.t.draw(z, rng), self.s.draw(z, rng)

    def log_density(self, a: Floats, b: Floats) -> Floats:
        """Log density of both, up to a term that is the same for all states."""
        return self.t.log_density(a) + self.s.log_density(b)


@dataclass(frozen=True)
class Garbled:
    """A student that sees the teacher only: z - T - S, so the pair knows what T knows.

    `garble` makes the student's signal from the teacher's; `s` is the law that follows.
    """

    t: Channel
    s: Channel
    garble: Callable[[Floats, np.random.Generator], Floats]

    def draw(self, z: Ints, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Both signals, one row a state."""
        a = self.t.draw(z, rng)
        return a, self.garble(a, rng)

    def log_density(self, a: Floats, b: Floats) -> Floats:
        """Log density of both, up to a term that is the same for all states."""
        return self.t.log_density(a)


def shifted(means: ArrayLike, scale: float = 1.0) -> Gaussian:
    """Gaussian channel with one standard deviation; means (n_states,) or (n_states, width)."""
    m = np.asarray(means, dtype=np.float64)
    m = m[:, None] if m.ndim == 1 else m
    return Gaussian(m, np.full(m.shape, scale))


def stretched(scales: ArrayLike) -> Gaussian:
    """Gaussian channel with mean 0 whose standard deviation depends on the state."""
    s = np.asarray(scales, dtype=np.float64)[:, None]
    return Gaussian(np.zeros_like(s), s)


def noisier(channel: Gaussian, noise: float) -> Garbled:
    """Student that sees the teacher's signal through further Gaussian noise."""

    def garble(a: Floats, rng: np.random.Generator) -> Floats:
        return a + noise * rng.standard_normal(a.shape)

    return Garbled(channel, Gaussian(channel.means, np.hypot(channel.scales, noise)), garble)


def subspace(channel: Gaussian, width: int) -> Garbled:
    """Student that sees the first `width` coordinates of the teacher's signal."""
    seen = Gaussian(channel.means[:, :width], channel.scales[:, :width])
    return Garbled(channel, seen, lambda a, rng: a[:, :width])
