"""What representations look like, given the label: channels, and how two of them meet.

A hidden state z decides both the label and the law of each source. A *channel* is the law of
one source's signal given z; a *coupling* joins two channels. Signals have few dimensions,
`embedding` turns them into wide activations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from math import lgamma, log, pi
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_ndtr, ndtr

from pidtools._types import Bools, Codes, Floats

Nodes = tuple[Floats, Floats]


class Channel(Protocol):
    """Law of a signal given the hidden state."""

    @property
    def width(self) -> int:
        """Number of signal dimensions."""

    def draw(self, z: Codes, rng: np.random.Generator) -> Floats:
        """Signals of shape (n, width) for states z of shape (n,)."""

    def log_density(self, x: Floats) -> Floats:
        """Natural log density of each row of x under each state, shape (n, n_states)."""

    def nodes(self, refine: int = 1) -> Nodes:
        """Points (n, width) and weights (n,) that integrate over the signal."""


class Coupling(Protocol):
    """Joint law of both signals given the hidden state."""

    @property
    def t(self) -> Channel:
        """Law of the teacher's signal."""

    @property
    def s(self) -> Channel:
        """Law of the student's signal."""

    def draw(self, z: Codes, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Both signals, one row a state."""

    def log_density(self, a: Floats, b: Floats) -> Floats:
        """Log density of both under each state, up to a term that is the same for all."""


def line(n: int, reach: float) -> Nodes:
    """Points x = sinh(u) and weights for integrals over the real line, even in u.

    The trapezoid rule converges exponentially here for densities that are smooth.
    """
    u = np.linspace(-reach, reach, n)
    return np.sinh(u), np.cosh(u) * (u[1] - u[0])


def spread(nodes: Nodes, live: Bools) -> Nodes:
    """Nodes of a line as a grid over the (one or more) `live` dimensions; the rest stay at 0."""
    points, weights = nodes
    k = int(live.sum())
    grid = np.zeros((len(points) ** k, len(live)))
    grid[:, live] = np.stack(np.meshgrid(*[points] * k, indexing="ij"), axis=-1).reshape(-1, k)
    return grid, reduce(np.multiply.outer, [weights] * k, np.ones(())).ravel()


@dataclass(frozen=True)
class Gaussian:
    """Normal signal: means and standard deviations of shape (n_states, width)."""

    means: Floats
    scales: Floats

    @property
    def width(self) -> int:
        """Number of signal dimensions."""
        return int(self.means.shape[1])

    def draw(self, z: Codes, rng: np.random.Generator) -> Floats:
        """Signals of shape (n, width)."""
        return self.means[z] + self.scales[z] * rng.standard_normal((len(z), self.width))

    def log_density(self, x: Floats) -> Floats:
        """Log density under each state, shape (n, n_states)."""
        precision = self.scales**-2
        square: Floats = x**2 @ precision.T - 2 * x @ (self.means * precision).T
        constant: Floats = (self.means**2 * precision + np.log(2 * pi * self.scales**2)).sum(axis=1)
        return -0.5 * (square + constant)

    def nodes(self, refine: int = 1) -> Nodes:
        """Grid to 45 in the dimensions that depend on the state."""
        live = (np.ptp(self.means, axis=0) > 0) | (np.ptp(self.scales, axis=0) > 0)
        live[0] |= not live.any()
        return spread(line(400 * refine + 1, 4.5), live)


@dataclass(frozen=True)
class StudentT:
    """Shifted Student-t signal, independent in each dimension; means (n_states, width)."""

    means: Floats
    df: float

    @property
    def width(self) -> int:
        """Number of signal dimensions."""
        return int(self.means.shape[1])

    def draw(self, z: Codes, rng: np.random.Generator) -> Floats:
        """Signals of shape (n, width)."""
        return self.means[z] + rng.standard_t(self.df, (len(z), self.width))

    def log_density(self, x: Floats) -> Floats:
        """Log density under each state, shape (n, n_states)."""
        half = (self.df + 1) / 2
        norm = lgamma(half) - lgamma(self.df / 2) - 0.5 * log(self.df * pi)
        deviation = x[:, None, :] - self.means
        density: Floats = (norm - half * np.log1p(deviation**2 / self.df)).sum(axis=2)
        return density

    def nodes(self, refine: int = 1) -> Nodes:
        """Grid to 80,000: three degrees of freedom leave 1e-14 beyond."""
        return spread(line(800 * refine + 1, 12.0), np.ones(self.width, dtype=bool))


@dataclass(frozen=True)
class Rectified:
    """Normal signal of unit variance behind a rectifier: exact zeros; means (n_states, 1)."""

    means: Floats
    width: int = 1

    def draw(self, z: Codes, rng: np.random.Generator) -> Floats:
        """Signals of shape (n, 1)."""
        return np.maximum(self.means[z] + rng.standard_normal((len(z), 1)), 0.0)

    def log_density(self, x: Floats) -> Floats:
        """Log density under each state; at 0, the log of the mass there."""
        m = self.means.T
        return np.where(x > 0, -0.5 * (x - m) ** 2 - 0.5 * log(2 * pi), log_ndtr(-m))

    def nodes(self, refine: int = 1) -> Nodes:
        """The atom at 0, then x = exp(u - exp(-u)), which crowds smoothly at 0."""
        u = np.linspace(-4.5, 3.8, 1000 * refine + 1)
        x = np.exp(u - np.exp(-u))
        weights = x * (1 + np.exp(-u)) * (u[1] - u[0])
        return np.append(0.0, x)[:, None], np.append(1.0, weights)


@dataclass(frozen=True)
class Quantised:
    """Normal signal of unit variance rounded to multiples of `step`; means (n_states, 1)."""

    means: Floats
    step: float
    width: int = 1

    def draw(self, z: Codes, rng: np.random.Generator) -> Floats:
        """Signals of shape (n, 1)."""
        return self.round(self.means[z] + rng.standard_normal((len(z), 1)))

    def round(self, x: Floats) -> Floats:
        """Nearest multiples of `step`."""
        return np.round(x / self.step) * self.step

    def log_density(self, x: Floats) -> Floats:
        """Log of the mass of each cell under each state, from the side that keeps digits."""
        centre = np.abs(x - self.means.T)
        low, high = centre - self.step / 2, centre + self.step / 2
        return np.log(ndtr(-low) - ndtr(-high))

    def nodes(self, refine: int = 1) -> Nodes:
        """Every multiple within 12 standard deviations of a mean."""
        reach = np.ceil((np.abs(self.means).max() + 12) / self.step)
        points = np.arange(-reach, reach + 1)[:, None] * self.step
        return points, np.ones(len(points))


@dataclass(frozen=True)
class Arcs:
    """Position spread evenly over one of several arcs; state z lies on arc ``arc[z]``."""

    edges: Floats
    arc: Codes
    width: int = 1

    def draw(self, z: Codes, rng: np.random.Generator) -> Floats:
        """Positions of shape (n, 1)."""
        low, high = self.edges[self.arc[z]], self.edges[self.arc[z] + 1]
        return rng.uniform(low, high)[:, None]

    def log_density(self, x: Floats) -> Floats:
        """Log density under each state: minus infinity off its arc."""
        cell = np.searchsorted(self.edges[1:-1], x, side="right")
        density = -np.log(np.diff(self.edges))[self.arc]
        return np.where(cell == self.arc, density, -np.inf)

    def nodes(self, refine: int = 1) -> Nodes:
        """One point an arc, weighted by its length: the density is constant there."""
        return (self.edges[1:, None] + self.edges[:-1, None]) / 2, np.diff(self.edges)


@dataclass(frozen=True)
class Independent:
    """Signals that are independent of each other given the state."""

    t: Channel
    s: Channel

    def draw(self, z: Codes, rng: np.random.Generator) -> tuple[Floats, Floats]:
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

    def draw(self, z: Codes, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Both signals, one row a state."""
        a = self.t.draw(z, rng)
        return a, self.garble(a, rng)

    def log_density(self, a: Floats, b: Floats) -> Floats:
        """Log density of both, up to a term that is the same for all states."""
        return self.t.log_density(a)


@dataclass(frozen=True)
class Correlated:
    """Shifted signals of unit variance whose noise has correlation `rho`."""

    t: Gaussian
    s: Gaussian
    rho: float

    def draw(self, z: Codes, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Both signals, one row a state."""
        a = self.t.draw(z, rng)
        shared = self.rho * (a - self.t.means[z])
        own = np.sqrt(1 - self.rho**2) * rng.standard_normal(a.shape)
        return a, self.s.means[z] + shared + own

    def log_density(self, a: Floats, b: Floats) -> Floats:
        """Log density of both, up to a term that is the same for all states."""
        teacher, student = a - self.t.means.T, b - self.s.means.T
        residual = (student - self.rho * teacher) ** 2 / (1 - self.rho**2)
        return -0.5 * (teacher**2 + residual)


def column(values: ArrayLike) -> Floats:
    """One value a state, as an array of shape (n_states, 1)."""
    return np.asarray(values, dtype=np.float64)[:, None]


def shifted(means: Floats) -> Gaussian:
    """Gaussian channel of unit variance."""
    return Gaussian(means, np.ones_like(means))


def noisier(channel: Gaussian, noise: float) -> Garbled:
    """Student that sees the teacher's signal through further Gaussian noise."""

    def garble(a: Floats, rng: np.random.Generator) -> Floats:
        return a + noise * rng.standard_normal(a.shape)

    return Garbled(channel, Gaussian(channel.means, np.hypot(channel.scales, noise)), garble)


def subspace(channel: Gaussian, width: int) -> Garbled:
    """Student that sees the first `width` coordinates of the teacher's signal."""
    seen = Gaussian(channel.means[:, :width], channel.scales[:, :width])
    return Garbled(channel, seen, lambda a, rng: a[:, :width])
