"""Penalised logistic regression over several penalties, in single precision.

As scikit-learn's, but the fits of all penalties share their features, and each starts from the one
before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax

from pidtools._blocks import blocks
from pidtools._probe.softmax import Singles, loss_and_error
from pidtools._types import Array, Codes, Floats

MAX_STEPS = 200
# Of the mean loss in nats: held-out loss judges an unfinished fit like any other.
LARGEST_SLOPE = 3e-4


def logistic_fits(
    read: Callable[[slice], Array], labels: Codes, penalties: tuple[float, ...], n_classes: int
) -> list[Fit]:
    """From new rows to log posteriors, shape (n_new, n_classes), for each of the penalties.

    Training rows are read block by block, as nothing as large is to stand beside them.

    A fit minimises C times the sum of losses, and half the squares of the weights; the offsets are
    free, and penalties C rise from one fit to the next.
    """
    from scipy.optimize import fmin_l_bfgs_b

    loss = _Loss(*_features(read, len(labels)), labels, n_classes)
    theta = loss.start()
    found = []
    for C in penalties:
        strength = 1 / (C * len(labels))
        theta = fmin_l_bfgs_b(
            loss, theta, args=(strength,), maxiter=MAX_STEPS, pgtol=LARGEST_SLOPE
        )[0]
        found.append(Fit(loss.centre, loss.weights(theta), n_classes))
    return found


@dataclass(frozen=True)
class Fit:
    """Weights, shape (n_columns + 1, n_classes), or of the second of two classes."""

    centre: Floats
    weights: Floats
    n_classes: int

    def __call__(self, new: Array) -> Floats:
        """Log posteriors of new rows, shape (n_new, n_classes)."""
        weights = self.weights.T.astype(np.float32)
        scores = (weights @ _centred(new, self.centre)).T.astype(np.float64)
        if self.n_classes == 2:
            scores = np.hstack([np.zeros_like(scores), scores])
        log_p: Floats = log_softmax(scores, axis=1)
        return log_p


def _centred(rows: Array, centre: Floats) -> Singles:
    """Columns about their means in the training rows, as rows, and ones."""
    features = np.ones((rows.shape[1] + 1, len(rows)), dtype=np.float32)
    np.subtract(rows.T, centre[:, None], out=features[:-1], casting="same_kind")
    return features


def _features(read: Callable[[slice], Array], n: int) -> tuple[Singles, Floats]:
    """The same of training rows, and the means; rows of single precision are read once."""
    first = read(slice(0, 1))
    features = np.ones((first.shape[1] + 1, n), dtype=np.float32)
    sums, parts = np.zeros(first.shape[1]), list(blocks(n, first.shape[1]))
    for part in parts:
        rows = read(part)
        sums += rows.sum(axis=0, dtype=np.float64)
        features[:-1, part] = rows.T
    centre = sums / n
    for part in parts:
        rows = features[:-1, part].T if first.dtype == np.float32 else read(part)
        np.subtract(rows.T, centre[:, None], out=features[:-1, part], casting="same_kind")
    return features, centre


class _Loss:
    """Penalised mean log-loss and its slope in weights and, in the last row, offsets."""

    def __init__(self, features: Singles, centre: Floats, labels: Codes, n_classes: int) -> None:
        self._features, self.centre = features, centre
        self._labels, self._n_classes = labels, n_classes

    def start(self) -> Floats:
        """Weights of 0, and offsets for the class shares."""
        shares = np.bincount(self._labels, minlength=self._n_classes) / len(self._labels)
        offset = np.log(shares + 1e-9)
        offset = offset[1:] - offset[:1] if self._n_classes == 2 else offset
        return np.vstack([np.zeros((len(self._features) - 1, len(offset))), offset]).ravel()

    def __call__(self, theta: Floats, strength: float) -> tuple[float, Floats]:
        weights = self.weights(theta)
        logits = weights.T.astype(np.float32) @ self._features
        loss, error = loss_and_error(logits, self._labels)
        slope = (self._features @ error.T).astype(np.float64)
        penalised = weights[:-1]
        slope[:-1] += strength * penalised
        return loss + 0.5 * strength * float(np.vdot(penalised, penalised)), slope.ravel()

    def weights(self, theta: Floats) -> Floats:
        """Of the columns, and the offsets in the last row."""
        weights: Floats = theta.reshape(len(self._features), -1)
        return weights
