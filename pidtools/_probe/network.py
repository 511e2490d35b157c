"""A small network that starts from a linear model and bends the directions that matter.

    logits = b + Z W + tanh(Z P U + c) V

with few columns in P, started at discriminating directions. The convex part (W, b, V) is fitted
first, then everything by L-BFGS. Posteriors after several numbers of steps are all handed on:
stopping early is a choice for held-out data, and they share one fit.

scikit-learn's `MLPClassifier` has neither the linear part nor a chosen start: on 2000 rows its
held-out loss was .03 to .1 bits higher on linear problems and .05 to .25 bits higher on curved
ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

CONVEX_STEPS = 60


@dataclass(frozen=True)
class Penalty:
    """Quadratic penalties on the linear part, the output layer, and leaving the start."""

    linear: float
    output: float
    start: float


def network_posteriors(
    Z: Floats,
    labels: Codes,
    directions: Floats,
    Z_new: Floats,
    *,
    n_classes: int,
    n_hidden: int,
    penalty: Penalty,
    steps: tuple[int, ...],
    random_state: int,
) -> dict[int, Floats]:
    """Log posteriors for `Z_new` after each number of joint steps; 0 is the convex fit."""
    shapes = _shapes(Z.shape[1], directions.shape[1], n_hidden, n_classes)
    start = _start(Z, labels, directions, shapes, random_state)
    one_hot = np.eye(n_classes)[labels]
    convex = np.zeros(len(start), dtype=bool)
    convex[: shapes.linear_size] = convex[len(start) - shapes.output_size :] = True

    def loss(theta: Floats) -> tuple[float, Floats]:
        return _loss(theta, start, Z, one_hot, shapes, penalty)

    def convex_loss(part: Floats) -> tuple[float, Floats]:
        theta = start.copy()
        theta[convex] = part
        value, gradient = loss(theta)
        return value, gradient[convex]

    theta = start.copy()
    theta[convex] = _minimise(convex_loss, start[convex], CONVEX_STEPS)
    out = {0: _log_posterior(theta, Z_new, shapes)}
    done = 0
    # Restarting L-BFGS at a checkpoint forgets its curvature, so the path is recorded instead.
    path: dict[int, Floats] = {}

    def record(current: Floats) -> None:
        nonlocal done
        done += 1
        if done in steps:
            path[done] = current.copy()

    last = _minimise(loss, theta, max(steps, default=0), record)
    for step in steps:
        out[step] = _log_posterior(path.get(step, last), Z_new, shapes)
    return out


@dataclass(frozen=True)
class _Shapes:
    width: int
    n_directions: int
    n_hidden: int
    n_classes: int

    @property
    def linear_size(self) -> int:
        return (self.width + 1) * self.n_classes

    @property
    def output_size(self) -> int:
        return self.n_hidden * self.n_classes

    @property
    def sizes(self) -> tuple[tuple[int, ...], ...]:
        d, k, h, c = self.width, self.n_directions, self.n_hidden, self.n_classes
        return (d, c), (c,), (d, k), (k, h), (h,), (h, c)

    def split(self, theta: Floats) -> list[Floats]:
        cuts = np.cumsum([int(np.prod(size)) for size in self.sizes])[:-1]
        parts = zip(np.split(theta, cuts), self.sizes, strict=True)
        return [part.reshape(size) for part, size in parts]


def _shapes(width: int, n_directions: int, n_hidden: int, n_classes: int) -> _Shapes:
    return _Shapes(width, n_directions, n_hidden, n_classes)


def _start(
    Z: Floats, labels: Codes, directions: Floats, shapes: _Shapes, random_state: int
) -> Floats:
    """Linear part 0, projections on the directions, random hidden units of two widths."""
    rng = np.random.default_rng(random_state)
    P = directions / np.maximum((Z @ directions).std(axis=0), 1e-12)
    width = np.where(rng.random((shapes.n_directions, shapes.n_hidden)) < 0.5, 1.2, 0.3)
    U = rng.standard_normal((shapes.n_directions, shapes.n_hidden)) * width
    c = 0.7 * rng.standard_normal(shapes.n_hidden)
    W = np.zeros(shapes.width * shapes.n_classes)
    b = np.log(np.bincount(labels, minlength=shapes.n_classes) / len(labels) + 1e-9)
    return np.concatenate([W, b, P.ravel(), U.ravel(), c, np.zeros(shapes.output_size)])


def _loss(
    theta: Floats,
    start: Floats,
    Z: Floats,
    one_hot: Floats,
    shapes: _Shapes,
    penalty: Penalty,
) -> tuple[float, Floats]:
    W, b, P, U, c, V = shapes.split(theta)
    weights = _penalty_weights(shapes, penalty)
    projected = Z @ P
    hidden = np.tanh(projected @ U + c)
    log_p = log_softmax(b + Z @ W + hidden @ V, axis=1)
    moved = theta - np.where(weights.towards_start, start, 0.0)
    value = -(one_hot * log_p).sum() / len(Z) + 0.5 * (weights.strength * moved**2).sum()
    error = (np.exp(log_p) - one_hot) / len(Z)
    back = (error @ V.T) * (1 - hidden**2)
    parts = (
        Z.T @ error,
        error.sum(axis=0),
        Z.T @ (back @ U.T),
        projected.T @ back,
        back.sum(axis=0),
        hidden.T @ error,
    )
    gradient = np.concatenate([part.ravel() for part in parts]) + weights.strength * moved
    return float(value), gradient


@dataclass(frozen=True)
class _Weights:
    strength: Floats
    towards_start: NDArray[np.bool_]


def _penalty_weights(shapes: _Shapes, penalty: Penalty) -> _Weights:
    strengths = (penalty.linear, 0.0, penalty.start, penalty.start, 0.0, penalty.output)
    sizes = [int(np.prod(size)) for size in shapes.sizes]
    return _Weights(np.repeat(strengths, sizes), np.repeat([0, 0, 1, 1, 0, 0], sizes) > 0)


def _log_posterior(theta: Floats, Z: Floats, shapes: _Shapes) -> Floats:
    W, b, P, U, c, V = shapes.split(theta)
    posterior: Floats = log_softmax(b + Z @ W + np.tanh(Z @ P @ U + c) @ V, axis=1)
    return posterior


def _minimise(loss, start: Floats, max_steps: int, callback=None) -> Floats:  # type: ignore[no-untyped-def] # noqa: E501
    if max_steps == 0:
        return start
    options = {"maxiter": max_steps}
    result = minimize(
        loss, start, jac=True, method="L-BFGS-B", callback=callback, options=options
    )
    best: Floats = result.x
    return best
