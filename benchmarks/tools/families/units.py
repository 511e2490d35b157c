"""Laws of signals given a hidden state: mostly of units that are independent of each other."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal, Protocol

import numpy as np
from scipy.special import gammaln, log_ndtr, logsumexp, xlogy

from pidtools._types import Codes, Floats

Generator = np.random.Generator
Kind = Literal["normal", "laplace", "logistic", "heavy", "uniform"]
HEAVY = 2.0
"""Degrees of freedom of heavy tails."""
SIGNS = np.array(list(product((-1.0, 1.0), repeat=2)))


class Law(Protocol):
    """Law of a signal given the hidden state."""

    @property
    def width(self) -> int:
        """Number of columns."""

    def draw(self, z: Codes, rng: Generator) -> Floats:
        """Signals of shape (n, width) for states z."""

    def log_density(self, x: Floats) -> Floats:
        """Log density under each state, shape (n, n_states); of a point mass its log."""


class Units(ABC):
    """Units that are independent given the state; `unit_log_density` is that of each."""

    @abstractmethod
    def unit_log_density(self, x: Floats) -> Floats:
        """Shape (n, width, n_states)."""

    def log_density(self, x: Floats) -> Floats:
        """Log density of all units together under each state, shape (n, n_states)."""
        together: Floats = self.unit_log_density(x).sum(axis=1)
        return together


def _standard(kind: Kind, shape: tuple[int, int], rng: Generator) -> Floats:
    if kind == "normal":
        return rng.standard_normal(shape)
    if kind == "laplace":
        return rng.laplace(size=shape)
    if kind == "logistic":
        return rng.logistic(size=shape)
    if kind == "heavy":
        return rng.standard_t(HEAVY, shape)
    return rng.uniform(-1.0, 1.0, shape)


def _log_standard(kind: Kind, x: Floats) -> Floats:
    """Log density up to a constant, which is the same for all states."""
    size = np.abs(x)
    shapes: dict[Kind, Callable[[], Floats]] = {
        "normal": lambda: -0.5 * x**2,
        "laplace": lambda: -size,
        "logistic": lambda: -size - 2 * np.log1p(np.exp(-size)),
        "heavy": lambda: -0.5 * (HEAVY + 1) * np.log1p(x**2 / HEAVY),
        "uniform": lambda: np.where(size <= 1, 0.0, -np.inf),
    }
    return shapes[kind]()


@dataclass(frozen=True)
class Located(Units):
    """One shape, moved and stretched: means and scales of shape (n_states, width)."""

    means: Floats
    scales: Floats
    kind: Kind = "normal"

    @property
    def width(self) -> int:
        """Number of units."""
        return int(self.means.shape[1])

    def draw(self, z: Codes, rng: Generator) -> Floats:
        """Signals of shape (n, width)."""
        return self.means[z] + self.scales[z] * _standard(self.kind, (len(z), self.width), rng)

    def unit_log_density(self, x: Floats) -> Floats:
        """Shape (n, width, n_states)."""
        standard = (x[:, :, None] - self.means.T) / self.scales.T
        return _log_standard(self.kind, standard) - np.log(self.scales.T)


@dataclass(frozen=True)
class Censored(Units):
    """Normal units behind a rectifier: means and scales of shape (n_states, width)."""

    means: Floats
    scales: Floats

    @property
    def width(self) -> int:
        """Number of units."""
        return int(self.means.shape[1])

    def draw(self, z: Codes, rng: Generator) -> Floats:
        """Signals of shape (n, width)."""
        noise = rng.standard_normal((len(z), self.width))
        return np.maximum(self.means[z] + self.scales[z] * noise, 0.0)

    def unit_log_density(self, x: Floats) -> Floats:
        """Shape (n, width, n_states)."""
        m, s = self.means.T, self.scales.T
        above = -0.5 * ((x[:, :, None] - m) / s) ** 2 - np.log(s)
        return np.where(x[:, :, None] > 0, above, log_ndtr(-m / s))


@dataclass(frozen=True)
class Spiked(Units):
    """Units that are 0 but for some rows: rates of shape (n_states, width) of another law."""

    law: Located | Mixed | Gammas | Censored
    rates: Floats

    @property
    def width(self) -> int:
        """Number of units."""
        return self.law.width

    def draw(self, z: Codes, rng: Generator) -> Floats:
        """Signals of shape (n, width)."""
        return np.where(rng.random((len(z), self.width)) < self.rates[z], self.law.draw(z, rng), 0)

    def unit_log_density(self, x: Floats) -> Floats:
        """Shape (n, width, n_states)."""
        slab = np.log(self.rates.T) + self.law.unit_log_density(x)
        spike = np.log1p(-self.rates.T)
        if isinstance(self.law, Censored):
            return np.where(x[:, :, None] == 0, np.logaddexp(spike, slab), slab)
        return np.where(x[:, :, None] == 0, spike, slab)


@dataclass(frozen=True)
class Mixed(Units):
    """Each unit a mixture of normals: shapes (n_states, width, n_parts)."""

    means: Floats
    scales: Floats
    shares: Floats

    @property
    def width(self) -> int:
        """Number of units."""
        return int(self.means.shape[1])

    def draw(self, z: Codes, rng: Generator) -> Floats:
        """Signals of shape (n, width)."""
        below = np.cumsum(self.shares, axis=2)[z][:, :, :-1] <= rng.random((len(z), self.width, 1))
        part = below.sum(axis=2)[:, :, None]
        m, s = (np.take_along_axis(x[z], part, axis=2)[:, :, 0] for x in (self.means, self.scales))
        return m + s * rng.standard_normal(m.shape)

    def unit_log_density(self, x: Floats) -> Floats:
        """Shape (n, width, n_states)."""
        m, s, p = (np.moveaxis(x, 0, 1) for x in (self.means, self.scales, self.shares))
        parts = -0.5 * ((x[:, :, None, None] - m) / s) ** 2 - np.log(s) + np.log(p)
        density: Floats = logsumexp(parts, axis=3)
        return density


@dataclass(frozen=True)
class Gammas(Units):
    """Gamma units: shapes and scales of shape (n_states, width)."""

    shapes: Floats
    scales: Floats

    @property
    def width(self) -> int:
        """Number of units."""
        return int(self.shapes.shape[1])

    def draw(self, z: Codes, rng: Generator) -> Floats:
        """Signals of shape (n, width)."""
        return rng.gamma(self.shapes[z], self.scales[z])

    def unit_log_density(self, x: Floats) -> Floats:
        """Shape (n, width, n_states)."""
        k, s, x = self.shapes.T, self.scales.T, x[:, :, None]
        return xlogy(k - 1, x) - x / s - gammaln(k) - k * np.log(s)


@dataclass(frozen=True)
class Counts(Units):
    """Poisson units: means of shape (n_states, width)."""

    means: Floats

    @property
    def width(self) -> int:
        """Number of units."""
        return int(self.means.shape[1])

    def draw(self, z: Codes, rng: Generator) -> Floats:
        """Signals of shape (n, width)."""
        return rng.poisson(self.means[z]).astype(float)

    def unit_log_density(self, x: Floats) -> Floats:
        """Shape (n, width, n_states), up to a constant."""
        return xlogy(x[:, :, None], self.means.T) - self.means.T


@dataclass(frozen=True)
class Stacked:
    """Units of several laws beside each other."""

    laws: Sequence[Law]

    @property
    def width(self) -> int:
        """Number of units."""
        return sum(law.width for law in self.laws)

    def draw(self, z: Codes, rng: Generator) -> Floats:
        """Signals of shape (n, width)."""
        return np.hstack([law.draw(z, rng) for law in self.laws])

    def log_density(self, x: Floats) -> Floats:
        """Log density under each state, shape (n, n_states)."""
        ends = np.cumsum([law.width for law in self.laws])[:-1]
        columns = np.split(x, ends, axis=1)
        parts = [law.log_density(part) for law, part in zip(self.laws, columns, strict=True)]
        together: Floats = np.sum(parts, axis=0)
        return together


@dataclass(frozen=True)
class Wrapped:
    """An angle about a centre for each state, shape (n_states,), with normal noise."""

    centres: Floats
    scale: float
    width: int = 1

    def draw(self, z: Codes, rng: Generator) -> Floats:
        """Angles of shape (n, 1) from 0 to 2 pi."""
        return (self.centres[z] + self.scale * rng.standard_normal(len(z)))[:, None] % (2 * np.pi)

    def log_density(self, x: Floats) -> Floats:
        """Log density under each state, up to a constant."""
        turns = 2 * np.pi * np.arange(-4, 5)
        off = (x - self.centres)[:, :, None] + turns
        density: Floats = logsumexp(-0.5 * (off / self.scale) ** 2, axis=2)
        return density


def shifted(means: Floats, scale: float = 1.0, kind: Kind = "normal") -> Located:
    """Units that the state moves."""
    return Located(means, np.full_like(means, scale), kind)


def apart(base: Floats, effect: Floats) -> Floats:
    """A parameter of two classes, shape (2, width), on both sides of a base."""
    return np.stack([base - effect, base + effect])


def clusters(rng: Generator, n_classes: int, each: int, width: int) -> tuple[Floats, Floats]:
    """Centres and labels of classes that are scattered."""
    centres = rng.normal(0, 1.5, (n_classes * each, width))
    return centres, np.repeat(np.eye(n_classes), each, axis=0)
