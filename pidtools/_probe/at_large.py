"""Cross-fits of many rows: models are weighed on some of them, then asked of all, by blocks.

Some twenty opinions have some thirty weights and offsets, which fifty thousand held-out rows tell
to a thousandth of a bit. The opinions on all rows would be several times the input; here they are
pooled as soon as they are given, and models that the pool does not use are not asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from pidtools import _progress, _warnings
from pidtools._allocator import give_back
from pidtools._blocks import blocks
from pidtools._probe.costs import Part
from pidtools._probe.cross_fit import Judge, assemble, training_rows, worth_asking
from pidtools._probe.experts import Models, Opinions, judged
from pidtools._probe.pool import Pool, log_loss
from pidtools._types import Array, Codes, Floats, Posteriors

# Entries of opinions that are pooled together.
POOLED_ENTRIES = 2**18

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Learned:
    """Models of each fold, and what they said of some of the rows that they have not seen.

    Attributes
    ----------
    models : list of dict
        One a fold.
    opinions : mapping of str to ndarray of float32, shape (n_some, n_classes)
        Of the experts that answered in every fold.
    failed : frozenset of str
        Those that failed in a fold.
    """

    judge: Judge
    folds: Codes
    models: list[Models]
    opinions: Posteriors
    failed: frozenset[str]
    shares: Floats

    def asked(
        self, pool: Pool, plain: Pool | None, given: Posteriors, labels: Codes
    ) -> tuple[Array, Floats]:
        """Pooled log posteriors of all rows, and the losses of another pool of them."""
        log_p = np.empty((len(labels), len(self.shares)), dtype=np.float32)
        losses = np.zeros(len(labels))
        n = len(self.models)
        for k, models in enumerate(self.models):
            _progress.advance(0.0, f"judging all rows, {k + 1} of {n}")
            used = {name: models[name] for name in pool.weights if name in models}
            own = np.flatnonzero(self.folds == k)
            for block in blocks(len(own), len(self.shares), entries=POOLED_ENTRIES):
                rows = own[block]
                said = self._filled(judged(used, rows, self.judge.width), pool, len(rows))
                said |= {name: given[name][rows] for name in pool.weights if name in given}
                log_p[rows] = pool.log_posterior(said)
                if plain is not None:
                    losses[rows] = log_loss(plain.log_posterior(said), labels[rows])
        return log_p, losses

    def _filled(self, said: Opinions, pool: Pool, n: int) -> Posteriors:
        """With class shares where a model has no answer."""
        silent = np.broadcast_to(np.log(self.shares), (n, len(self.shares)))
        found = {name: said.get(name) for name in pool.weights}
        return {name: silent if log_p is None else log_p for name, log_p in found.items()}


@_warnings.quiet
def learn(
    judge: Judge,
    labels: Codes,
    folds: Codes,
    order: Codes,
    extra: tuple[Codes, ...],
    n_classes: int,
    names: frozenset[str],
    some: Codes,
    heard: Posteriors | None,
    part: Part,
) -> Learned:
    """Fit to all folds but one and judge `some` rows of that one.

    With what else was `heard` of these rows, only experts that a pool of the first fold uses are
    asked again.
    """
    from sklearn.exceptions import ConvergenceWarning

    fits: list[Models] = []
    answers: list[Opinions] = []
    # Held-out loss judges an unfinished fit like any other.
    with _warnings.ignoring(ConvergenceWarning):
        n_folds = int(folds.max()) + 1
        for k in range(n_folds):
            _progress.advance(0.0, f"{part.name} {k + 1} of {n_folds}")
            models = judge(training_rows(folds, order, extra[k], k), names)
            rows = some[folds[some] == k]
            said = judged(models, rows, judge.width)
            if heard is not None and k == 0:
                of_fold = {name: log_p[folds[some] == k] for name, log_p in heard.items()}
                names = _worth_asking(said, labels[rows], of_fold) or names
                models, said = _only(models, names), _only(said, names)
            fits.append(models)
            answers.append(said)
            paid = part.of_fold(k)
            _progress.advance(paid[1], paid=paid)
            give_back()
    failed = {name for said in answers for name, log_p in said.items() if log_p is None}
    kept = sorted({name for said in answers for name in said} - failed)
    opinions = {
        name: assemble(name, answers, labels[some], folds[some], n_classes) for name in kept
    }
    shares = (np.bincount(labels, minlength=n_classes) + 0.5) / len(labels)
    return Learned(judge, folds, fits, opinions, frozenset(failed), shares)


def _worth_asking(said: Opinions, labels: Codes, heard: Posteriors) -> frozenset[str]:
    answers = {name: log_p for name, log_p in said.items() if log_p is not None}
    return worth_asking(answers, labels, heard) if answers else frozenset()


def _only(found: dict[str, Kind], names: frozenset[str]) -> dict[str, Kind]:
    return {name: value for name, value in found.items() if name in names}
