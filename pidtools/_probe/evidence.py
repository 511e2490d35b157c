"""A statistic for tests: how much better held-out posteriors like true labels than drawn ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pidtools._probe.cross_fit import Judge, cross_fit, fold_numbers
from pidtools._probe.pool import log_loss
from pidtools._result import NATS_PER_BIT

Codes = NDArray[np.int64]
Posteriors = dict[str, NDArray[Any]]


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
    """

    judge: Callable[[Codes, int], Judge]
    given: Posteriors
    names: frozenset[str]
    n_folds: int
    random_state: int
    groups: NDArray[Any] | None
    heavy: bool

    def __call__(self, labels: Codes) -> float:
        """The statistic for labels, shape (n_samples,), the whole cross-fit anew."""
        n_classes = int(labels.max()) + 1
        opinions = self.given | cross_fit(
            self.judge(labels, n_classes),
            labels,
            fold_numbers(labels, self.n_folds, self.random_state, self.groups),
            n_classes,
            self.names,
            race=False,
            heavy=self.heavy,
            n_jobs=1,
        )
        shares = np.bincount(labels, minlength=n_classes) / len(labels)
        gains = [
            float((np.asarray(log_p, dtype=np.float64) @ shares + log_loss(log_p, labels)).mean())
            for log_p in opinions.values()
        ]
        return -float(np.mean(gains)) / NATS_PER_BIT if gains else 0.0
