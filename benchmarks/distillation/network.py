"""A multilayer perceptron in NumPy: forward, and backward with pulls at layers on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

Array = NDArray[Any]


@dataclass(frozen=True)
class Pass:
    """What a forward pass leaves: inputs of each linear map, the last entry the logits."""

    values: list[Array]

    @property
    def logits(self) -> Array:
        """Of all outputs."""
        return self.values[-1]

    @property
    def hidden(self) -> list[Array]:
        """Hidden layers behind their nonlinearity, in order."""
        return self.values[1:-1]


class Network:
    """Linear maps with max(x, slope x) between; all parameters are one vector `theta`."""

    def __init__(
        self, sizes: Sequence[int], *, slope: float, seed: Sequence[int], dtype: Any = np.float32
    ) -> None:
        self.slope = slope
        self.shapes: list[tuple[int, ...]] = []
        for n_in, n_out in pairwise(sizes):
            self.shapes += [(n_in, n_out), (n_out,)]
        self.theta: Array = np.zeros(sum(map(prod, self.shapes)), dtype)
        self.parameters = self._split(self.theta)
        rng = np.random.default_rng(list(seed))
        for W in self.parameters[::2]:
            W[:] = rng.normal(size=W.shape) * np.sqrt(2 / len(W))

    def forward(self, X: Array) -> Pass:
        """All layers of rows `X`."""
        values = [X]
        last = len(self.shapes) // 2 - 1
        for k, (W, b) in enumerate(zip(self.parameters[::2], self.parameters[1::2], strict=True)):
            X = X @ W
            X += b
            if k < last:
                X = np.maximum(X, self.slope * X)
            values.append(X)
        return Pass(values)

    def backward(
        self, passed: Pass, by_logits: Array, pulls: Mapping[int, Array] | None = None
    ) -> Array:
        """Gradient by `theta`; `pulls` are gradients by hidden layers, counted from 0."""
        found = np.empty_like(self.theta)
        parts = self._split(found)
        g = by_logits
        for k in range(len(self.shapes) // 2 - 1, -1, -1):
            np.matmul(passed.values[k].T, g, out=parts[2 * k])
            parts[2 * k + 1][:] = g.sum(axis=0)
            if k == 0:
                break
            g = g @ self.parameters[2 * k].T
            if pulls and k - 1 in pulls:
                g += pulls[k - 1]
            # The nonlinearity keeps signs, so its output tells its slope.
            g *= np.where(passed.values[k] > 0, g.dtype.type(1), g.dtype.type(self.slope))
        return found

    def _split(self, vector: Array) -> list[Array]:
        cuts = np.cumsum([prod(shape) for shape in self.shapes])[:-1]
        parts = zip(np.split(vector, cuts), self.shapes, strict=True)
        return [part.reshape(shape) for part, shape in parts]


def cross_entropy(logits: Array, codes: Array) -> tuple[float, Array]:
    """Mean in nats over rows, and its gradient."""
    log_p = log_softmax(logits, axis=1)
    rows = np.arange(len(codes))
    grad: Array = np.exp(log_p)
    grad[rows, codes] -= 1
    grad /= len(codes)
    return -float(log_p[rows, codes].mean()), grad


def clipped(gradient: Array, largest: float) -> Array:
    """The gradient, shortened where it is longer."""
    norm = float(np.linalg.norm(gradient))
    return gradient if norm <= largest else gradient * gradient.dtype.type(largest / norm)


def half_cosine(rate: float, step: int, n_steps: int) -> float:
    """The rate of a step: from `rate` down to nearly 0."""
    return rate * 0.5 * (1 + float(np.cos(np.pi * step / n_steps)))
