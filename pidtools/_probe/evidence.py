"""A statistic for tests: how much better held-out posteriors like true labels than drawn ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pidtools import _warnings
from pidtools._probe.cross_fit import Judge
from pidtools._probe.experts import judged
from pidtools._probe.folds import folds_in_order
from pidtools._probe.pool import log_loss
from pidtools._result import NATS_PER_BIT
from pidtools._types import Array, Codes, Floats, Posteriors


@dataclass(frozen=True)
class Evidence:
    """What a source lets held-out posteriors guess, as a number for each order of the labels.

    A pool drops an expert that does no good, so the bound of a source that knows nothing is 0
    more often than not, and ties tell a test nothing. Here each expert speaks with weight one:
    the mean log posterior of the true labels, minus that of labels drawn from the class shares,
    in bits, averaged over experts. It has expectation at most 0 where X and Y are independent,
    and is not bounded by H(Y).

    Attributes
    ----------
    judge : callable
        From labels and number of classes to a judge of the source, whitened once.
    given : mapping of str to ndarray
        Posteriors that came with the source.
    order : ndarray of int64
        Order of the rows by what they hold.
    """

    judge: Callable[[Codes, int], Judge]
    given: Posteriors
    order: Codes
    names: frozenset[str]
    n_folds: int
    random_state: int
    groups: Array | None

    @_warnings.quiet
    def __call__(self, labels: Codes) -> float:
        """The statistic for labels, shape (n_samples,), the whole cross-fit anew."""
        n_classes = int(labels.max()) + 1
        judge = self.judge(labels, n_classes)
        shares = np.bincount(labels, minlength=n_classes) / len(labels)
        gains = [_gains(log_p, labels, shares) for log_p in self.given.values()]
        # Not `cross_fit`: the limit on threads that it sets each time costs more than these fits.
        folds = folds_in_order(self.order, labels, self.n_folds, self.random_state, self.groups)
        for k in range(int(folds.max()) + 1):
            new = np.flatnonzero(folds == k)
            models = judge(self.order[folds[self.order] != k], self.names)
            opinions = judged(models, new, judge.width)
            answers = [log_p for log_p in opinions.values() if log_p is not None]
            gains += [_gains(log_p, labels[new], shares) for log_p in answers]
        total = sum(float(gain.sum()) for gain in gains)
        return total / max(sum(map(len, gains)), 1) / NATS_PER_BIT


def _gains(log_p: Array, labels: Codes, shares: Floats) -> Floats:
    """Log posterior of each row's label above that of a label drawn from the shares, in nats."""
    gains: Floats = -log_loss(log_p, labels) - np.asarray(log_p, dtype=np.float64) @ shares
    return gains
