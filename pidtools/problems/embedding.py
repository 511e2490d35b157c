"""From a signal of few dimensions to activations: nuisance, rotation, activation function.

Every step can be undone, so a sample leads back to its signal and to exact posteriors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Step:
    """A map of rows and its inverse; `widens` is the factor by which rows grow."""

    forward: Callable[[Any], Any]
    inverse: Callable[[Any], Any]
    widens: int = 1


IDENTITY = Step(lambda x: x, lambda x: x)

# A unit and its negative, both rectified: half of all entries are exact zeros, nothing is lost.
RECTIFIED = Step(
    lambda x: np.maximum(np.hstack([x, -x]), 0.0),
    lambda x: np.subtract(*np.hsplit(x, 2)),
    widens=2,
)


@dataclass(frozen=True)
class Embedding:
    """Signal beside independent nuisance, rotated together, then `last` applied.

    Attributes
    ----------
    width : int
        Dimensions before `last`: signal and nuisance.
    seed : int
        Seed of the rotation, which belongs to the problem.
    nuisance : float
        Scale of the nuisance.
    df : float
        Degrees of freedom of the nuisance: normal when infinite, Student-t otherwise.
    last : Step
        Activation function.
    """

    width: int
    seed: int
    nuisance: float = 1.0
    df: float = inf
    last: Step = IDENTITY

    @property
    def dim(self) -> int:
        """Number of columns of the activations."""
        return self.width * self.last.widens

    @cached_property
    def rotation(self) -> Floats:
        """Orthogonal matrix, uniform over rotations, drawn from `seed`."""
        gaussian = np.random.default_rng(self.seed).standard_normal((self.width, self.width))
        q, r = np.linalg.qr(gaussian)
        return q * np.sign(np.diag(r))

    def embed(self, signal: Floats, rng: np.random.Generator) -> Floats:
        """Activations of shape (n, dim) for signals of shape (n, k)."""
        shape = (len(signal), self.width - signal.shape[1])
        noise = rng.standard_normal(shape) if self.df == inf else rng.standard_t(self.df, shape)
        rotated = np.hstack([signal, self.nuisance * noise]) @ self.rotation
        activations: Floats = self.last.forward(rotated)
        return activations

    def signal(self, X: Floats, k: int) -> Floats:
        """Recover signals of k dimensions from activations."""
        rotated = np.asarray(self.last.inverse(X), dtype=np.float64)
        signal: Floats = rotated @ self.rotation[:k].T
        return signal
