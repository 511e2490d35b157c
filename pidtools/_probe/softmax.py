"""The log-loss of logits and its slope; rows of the data lie along the last axis.

Sums over classes are then sums of long vectors.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pidtools._types import Codes

Singles = NDArray[np.float32]


def loss_and_error(logits: Singles, labels: Codes) -> tuple[float, Singles]:
    """Mean log-loss, and its derivative in the logits, which are overwritten.

    `logits` has shape (n_classes, n), or (1, n) for two classes: that of the second one.
    """
    if len(logits) == 1:
        return _of_two(logits, labels)
    n = logits.shape[1]
    rows = np.arange(n)
    logits -= logits.max(axis=0)
    said = float(logits[labels, rows].sum(dtype=np.float64))
    p = np.exp(logits, out=logits)
    total = p.sum(axis=0)
    loss = (float(np.log(total).sum(dtype=np.float64)) - said) / n
    p /= total
    p[labels, rows] -= 1
    p /= n
    return loss, p


def _of_two(logits: Singles, labels: Codes) -> tuple[float, Singles]:
    n = logits.shape[1]
    # log(1 + exp(z)) = max(z, 0) + log(1 + exp(-|z|))
    small = np.exp(-np.abs(logits[0]))
    positive = logits[0] > 0
    losses = np.log1p(small) + np.where(positive, logits[0], 0) - logits[0] * labels
    p = np.where(positive, 1, small) / (1 + small) - labels
    return float(losses.sum(dtype=np.float64)) / n, (p / n).astype(np.float32)[None]
