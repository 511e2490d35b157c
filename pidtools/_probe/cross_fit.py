"""Held-out posteriors: every row is judged by models that have not seen its label."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from pidtools._probe.experts import LOG_FLOOR, View, posteriors
from pidtools._probe.pool import log_loss
from pidtools._probe.whitening import Whitened

Array = NDArray[Any]
Codes = NDArray[np.int64]
Posteriors = dict[str, NDArray[Any]]
Judge = Callable[[Codes, Codes, frozenset[str] | None], Posteriors]

# An expert leaves after the first fold if its loss there is surely more than this behind.
HOPELESS_NATS = 0.05


def fold_numbers(
    labels: Codes, n_folds: int, random_state: int, groups: NDArray[Any] | None = None
) -> Codes:
    """Fold of each row, classes spread evenly; rows of one group share a fold."""
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    splitter = kind(n_folds, shuffle=True, random_state=random_state)
    folds = np.empty(len(labels), dtype=np.int64)
    with warnings.catch_warnings():
        # Classes with fewer members than folds: said in the notes.
        warnings.simplefilter("ignore", UserWarning)
        for k, (_, rows) in enumerate(splitter.split(labels, labels, groups)):
            folds[rows] = k
    return folds


def expert_judge(source: Whitened, labels: Codes, n_classes: int, random_state: int) -> Judge:
    """The experts on whitened features, as a function of training and new rows."""

    def judge(train: Codes, new: Codes, names: frozenset[str] | None) -> Posteriors:
        Z, spectrum = source.Z, source.spectrum
        view = View(Z[train], labels[train], Z[new], spectrum, n_classes, random_state)
        return dict(posteriors(view, names))

    return judge


def classifier_judge(X: Array, labels: Codes, n_classes: int, classifier: Any) -> Judge:
    """A user's own classifier on the features as they came."""

    def judge(train: Codes, new: Codes, names: frozenset[str] | None) -> Posteriors:
        from sklearn.base import clone

        model = clone(classifier).fit(X[train], labels[train])
        p = np.asarray(model.predict_proba(X[new]), dtype=np.float64)
        log_p = np.full((len(new), n_classes), LOG_FLOOR)
        log_p[:, model.classes_] = np.log(np.maximum(p, np.exp(LOG_FLOOR)))
        return {"classifier:": log_p}

    return judge


def cross_fit(
    judge: Judge,
    labels: Codes,
    folds: Codes,
    n_classes: int,
    *,
    names: frozenset[str] | None = None,
    n_jobs: int | None = None,
) -> Posteriors:
    """Held-out log posteriors of every expert, float32, shape (n, n_classes).

    Experts that are far behind on the first fold are not asked again. With `names` only those
    are asked and none leaves.
    """
    first = _one_fold(judge, folds, 0, names)
    if names is None:
        names = _worth_asking(first, labels[folds == 0])
    rest = _in_parallel(judge, folds, range(1, folds.max() + 1), names, n_jobs)
    out: Posteriors = {}
    for name in sorted(names):
        held_out = np.full((len(labels), n_classes), LOG_FLOOR, dtype=np.float32)
        for k, opinions in enumerate([first, *rest]):
            if name in opinions:
                held_out[folds == k] = opinions[name]
            else:
                _fill_with_prior(held_out, labels, folds, k)
        out[name] = log_softmax(held_out, axis=1)
    return out


def _fill_with_prior(held_out: Array, labels: Codes, folds: Codes, k: int) -> None:
    shares = np.bincount(labels[folds != k], minlength=held_out.shape[1]) / (folds != k).sum()
    held_out[folds == k] = np.log(np.maximum(shares, np.exp(LOG_FLOOR)))


def _one_fold(judge: Judge, folds: Codes, k: int, names: frozenset[str] | None) -> Posteriors:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return judge(np.flatnonzero(folds != k), np.flatnonzero(folds == k), names)


def _in_parallel(
    judge: Judge, folds: Codes, numbers: range, names: frozenset[str], n_jobs: int | None
) -> list[Posteriors]:
    from joblib import Parallel, delayed

    jobs = (delayed(_one_fold)(judge, folds, k, names) for k in numbers)
    done: list[Posteriors] = Parallel(n_jobs=n_jobs, prefer="threads")(jobs)
    return done


def _worth_asking(opinions: Posteriors, labels: Codes) -> frozenset[str]:
    losses = {name: log_loss(log_p, labels) for name, log_p in opinions.items()}
    best = min(losses.values(), key=lambda loss: float(loss.mean()))

    def hopeless(loss: NDArray[np.float64]) -> bool:
        behind = loss - best
        error = behind.std() / np.sqrt(len(behind))
        return bool(behind.mean() - 2 * error > HOPELESS_NATS)

    return frozenset(name for name, loss in losses.items() if not hopeless(loss))


