"""Logistic regression of many classes, from where a discriminant stands.

All classes share the directions in which their means differ, and start with the weights of the
discriminant: a few steps of L-BFGS then bend what is not Gaussian about them. In single precision
and in blocks of rows, so that nothing of rows by classes is held.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.special import log_softmax

from pidtools._blocks import blocks
from pidtools._probe.softmax import Singles, loss_and_error
from pidtools._types import Array, Codes, Floats

# Penalty on leaving the start, in rows a parameter; early stopping does the rest.
STIFFNESS = 1.0


def logistic_from(
    rows: Floats,
    labels: Codes,
    weights: Floats,
    offset: Floats,
    steps: tuple[int, ...],
) -> dict[int, Callable[[Array], Floats]]:
    """From new rows to log posteriors, after each number of steps.

    Parameters
    ----------
    rows : ndarray, shape (n, n_directions)
    weights, offset : ndarray, shapes (n_directions, n_classes) and (n_classes,)
        Where to start.
    """
    from scipy.optimize import fmin_l_bfgs_b

    loss = _Loss(_with_one(rows), labels, np.vstack([weights, offset]))
    path: list[Floats] = []
    start = loss.start.ravel()
    fmin_l_bfgs_b(loss, start, maxiter=max(steps), callback=lambda x: path.append(x.copy()))
    path = path or [start]
    return {
        step: partial(_log_posteriors, path[min(step, len(path)) - 1].reshape(loss.start.shape))
        for step in steps
    }


class _Loss:
    """Penalised mean log-loss and its gradient in the weights, the offsets in their last row."""

    def __init__(self, rows: Singles, labels: Codes, start: Floats) -> None:
        self.start = start
        self._rows, self._labels = rows, labels
        self._stiffness = STIFFNESS / len(rows)

    def __call__(self, theta: Floats) -> tuple[float, Floats]:
        weights: Floats = theta.reshape(self.start.shape)
        single, gradient = weights.astype(np.float32), np.zeros(weights.shape, np.float32)
        loss, n = 0.0, len(self._rows)
        for block in blocks(n, weights.shape[1]):
            rows, own = self._rows[block], self._labels[block]
            mean, error = loss_and_error(single.T @ rows.T, own)
            share = len(own) / n
            loss += share * mean
            gradient += share * (error @ rows).T
        away = weights - self.start
        value = loss + 0.5 * self._stiffness * float(np.vdot(away, away))
        return value, (gradient + self._stiffness * away).ravel()


def _with_one(rows: Array) -> Singles:
    return np.hstack([rows, np.ones((len(rows), 1))]).astype(np.float32)


def _log_posteriors(weights: Floats, rows: Array) -> Floats:
    scores = (_with_one(rows) @ weights.astype(np.float32)).astype(np.float64)
    log_p: Floats = log_softmax(scores, axis=1)
    return log_p
