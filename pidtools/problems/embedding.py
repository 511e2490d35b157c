"""From a signal of few dimensions to activations: curve, nuisance, rotation, activation.

Every step can be undone, so a sample leads back to its signal and to exact posteriors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Any

import numpy as np

from pidtools._types import Floats


@dataclass(frozen=True)
class Step:
    """A map of rows and its inverse; `widens` is the factor by which rows grow."""

    forward: Callable[[Any], Any]
    inverse: Callable[[Any], Any]
    widens: int = 1


IDENTITY = Step(lambda x: x, lambda x: x)

CIRCLE = Step(
    lambda x: np.hstack([np.cos(x), np.sin(x)]),
    lambda x: np.arctan2(x[:, 1:], x[:, :1]) % (2 * np.pi),
    widens=2,
)

# One sheet of a swiss roll: the radius tells the turn.
SPIRAL = Step(
    lambda x: x * np.hstack([np.cos(x), np.sin(x)]),
    lambda x: np.hypot(x[:, :1], x[:, 1:]),
    widens=2,
)

COSINE = Step(np.cos, lambda x: np.arccos(np.clip(x, -1.0, 1.0)))

HALF = Step(lambda x: x.astype(np.float16), lambda x: x.astype(np.float64))

SATURATED = Step(lambda x: np.tanh(1.5 * x), lambda x: np.arctanh(x) / 1.5)

# A unit and its negative, both rectified: half of all entries are exact zeros, nothing is lost.
RECTIFIED = Step(
    lambda x: np.maximum(np.hstack([x, -x]), 0.0),
    lambda x: np.subtract(*np.hsplit(x, 2)),
    widens=2,
)


@dataclass(frozen=True)
class Embedding:
    """Signal bent by `first`, beside independent nuisance, rotated together, then `last`.

    Attributes
    ----------
    width : int
        Dimensions before `last`: signal and nuisance.
    seed : int
        Seed of the rotation, which belongs to the problem.
    nuisance : float or ndarray of float64
        Scale of the nuisance, or one for each of its dimensions.
    df : float
        Degrees of freedom of the nuisance: normal when infinite, Student-t otherwise.
    first, last : Step
        Curve that the signal lies on; activation function.
    rotate : bool
        Whether to rotate. If not, columns are permuted only, and nuisance keeps its columns.
    """

    width: int
    seed: int
    nuisance: float | Floats = 1.0
    df: float = inf
    first: Step = IDENTITY
    last: Step = IDENTITY
    rotate: bool = True

    @property
    def dim(self) -> int:
        """Number of columns of the activations."""
        return self.width * self.last.widens

    @cached_property
    def rotation(self) -> Floats:
        """Orthogonal matrix, uniform over rotations, drawn from `seed`."""
        rng = np.random.default_rng(self.seed)
        if not self.rotate:
            return np.eye(self.width)[rng.permutation(self.width)]
        q, r = np.linalg.qr(rng.standard_normal((self.width, self.width)))
        return q * np.sign(np.diag(r))

    def embed(self, signal: Floats, rng: np.random.Generator) -> Floats:
        """Activations of shape (n, dim) for signals of shape (n, k)."""
        bent = self.first.forward(signal)
        shape = (len(bent), self.width - bent.shape[1])
        noise = rng.standard_normal(shape) if self.df == inf else rng.standard_t(self.df, shape)
        rotated = np.hstack([bent, self.nuisance * noise]) @ self.rotation
        activations: Floats = self.last.forward(rotated)
        return activations

    def signal(self, X: Floats, k: int) -> Floats:
        """Recover signals of k dimensions from activations."""
        rotated = np.asarray(self.last.inverse(X), dtype=np.float64)
        bent = rotated @ self.rotation[: k * self.first.widens].T
        signal: Floats = self.first.inverse(bent)
        return signal
