"""Held-out posteriors: every row is judged by models that have not seen its label."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

import numpy as np
from scipy.special import log_softmax

from pidtools import _progress, _tasks, _threads, _warnings
from pidtools._blocks import blocks
from pidtools._lazy_rows import Source
from pidtools._probe.costs import Part
from pidtools._probe.discriminant import discriminant, project
from pidtools._probe.experts import LOG_FLOOR, Models, Opinions, View, fitted, judged
from pidtools._probe.pool import log_loss, weigh
from pidtools._probe.rows import ROWS_ENOUGH
from pidtools._probe.whitening import Whitened, whiten
from pidtools._types import Array, Codes, Floats, Posteriors


class Judge(Protocol):
    """From training rows and names of experts to models, which judge any rows.

    Attributes
    ----------
    is_light : bool
        Whether models of all folds can be kept beside each other.
    """

    @property
    def is_light(self) -> bool: ...

    @property
    def width(self) -> int:
        """Number of directions that the experts see, 0 where that is not known."""
        ...

    @property
    def growth(self) -> int:
        """How many times the rows that are enough are learned from."""
        ...

    def __call__(self, train: Codes, names: frozenset[str]) -> Models:
        """Fit on some rows."""
        ...

    def of_more_rows(self) -> Judge | None:
        """One that learns from twice as many rows; None where all are learned from."""
        ...


# Entries of a row that count when rows of two sources are reduced together, some at a time.
REDUCED_TOGETHER = 2**7
# Rows of probabilities may be off from 1 by the rounding of float16.
SUM_TOLERANCE = 5e-3
# An expert leaves after the first fold if its loss there is surely more than this behind.
HOPELESS_NATS = 0.01
# With so many rows in the first fold, so does one of less weight in a pool of that fold.
ENOUGH_TO_CHOOSE, LEAST_USE = 400, 0.005


# Judges are objects, not functions inside of functions: workers of every kind can be sent them.
@dataclass(frozen=True)
class ExpertJudge:
    """The experts on whitened features."""

    source: Whitened
    labels: Codes
    n_classes: int
    random_state: int
    growth: int = 1

    is_light = True

    @property
    def width(self) -> int:
        return self.source.rank

    def __call__(self, train: Codes, names: frozenset[str]) -> Models:
        labels = self.labels[train]
        view = View(
            self.source, train, labels, self.n_classes, self.random_state, growth=self.growth
        )
        return fitted(view, names)

    def of_more_rows(self) -> ExpertJudge | None:
        return _grown(self)


@dataclass(frozen=True)
class PairJudge:
    """The experts on two wide sources, each reduced to what discriminates in training rows."""

    left: Whitened
    right: Whitened
    labels: Codes
    n_classes: int
    random_state: int
    growth: int = 1

    is_light = True

    @property
    def width(self) -> int:
        return self.left.rank + self.right.rank

    def of_more_rows(self) -> PairJudge | None:
        return _grown(self)

    def __call__(self, train: Codes, names: frozenset[str]) -> Models:
        both = whiten(self._reduced(train))
        judge = ExpertJudge(both, self.labels, self.n_classes, self.random_state, self.growth)
        return judge(train, names)

    def _reduced(self, train: Codes) -> Array:
        """All rows of both along what discriminates; of many rows in single precision."""
        halves = [(half.Z, self._directions(half, train)) for half in (self.left, self.right)]
        n, widths = len(self.labels), [directions.shape[1] for _, directions in halves]
        reduced = np.empty((n, sum(widths)), np.float32 if n > ROWS_ENOUGH else np.float64)
        for block in blocks(n, REDUCED_TOGETHER):
            rows, first = np.arange(block.start, block.stop), 0
            for (Z, directions), width in zip(halves, widths, strict=True):
                reduced[block, first : first + width] = project(Z, directions, rows)
                first += width
        return reduced

    def _directions(self, source: Whitened, train: Codes) -> Floats:
        found = discriminant(source.Z, train, self.labels[train], self.n_classes, source.loudness)
        return found.directions


Grows = TypeVar("Grows", ExpertJudge, PairJudge)


def _grown(judge: Grows) -> Grows | None:
    if judge.growth * ROWS_ENOUGH >= len(judge.labels):
        return None
    return dataclasses.replace(judge, growth=2 * judge.growth)


@dataclass(frozen=True)
class ClassifierJudge:
    """A classifier of the user's own, on the features as they came."""

    X: Source
    labels: Codes
    n_classes: int
    random_state: int
    classifier: Any

    is_light = False
    growth = 1

    @property
    def width(self) -> int:
        return 0

    def __call__(self, train: Codes, names: frozenset[str]) -> Models:
        from sklearn.base import clone

        if len(np.unique(self.labels[train])) < 2:
            return {}
        model = clone(self.classifier)
        _seed(model, self.random_state)
        try:
            model.fit(self.X[train], self.labels[train])
        except Exception as error:  # whatever a user's own code raises
            raise ValueError(
                f"classifier could not be fitted to {len(train)} rows of {self.X.shape[1]} "
                f"features: {type(error).__name__}: {error}"
            ) from error
        return {"classifier": partial(self._said, model)}

    def of_more_rows(self) -> None:
        return None  # it learns from all

    def _said(self, model: Any, rows: Codes) -> Floats:
        p = _checked_probabilities(model, self.X[rows])
        log_p = np.full((len(rows), self.n_classes), LOG_FLOOR)
        log_p[:, model.classes_] = np.log(np.maximum(p, np.exp(LOG_FLOOR)))
        return log_p


def _seed(model: Any, random_state: int) -> None:
    """Seed a classifier, and what it is made of, where its user left that open."""
    parameters = model.get_params()
    seeds = [name for name in parameters if name.split("__")[-1] == "random_state"]
    model.set_params(**{name: random_state for name in seeds if parameters[name] is None})


def _checked_probabilities(model: Any, X: Array) -> Floats:
    if not hasattr(model, "classes_"):
        raise ValueError("classifier has no classes_ after fit, which scikit-learn asks of one.")
    p = np.asarray(model.predict_proba(X), dtype=np.float64)
    shape = (len(X), len(model.classes_))
    if p.shape != shape:
        raise ValueError(
            f"predict_proba of classifier returned shape {p.shape} in place of {shape}."
        )
    if not (np.isfinite(p).all() and p.min() >= 0 and abs(p.sum(axis=1) - 1).max() < SUM_TOLERANCE):
        raise ValueError(
            "predict_proba of classifier returned rows that are no probabilities: entries from "
            f"{p.min():.3g} to {p.max():.3g}, a sum of {p.sum(axis=1).max():.4g}."
        )
    return p


def cross_fit(
    judge: Judge,
    labels: Codes,
    folds: Codes,
    n_classes: int,
    names: frozenset[str],
    *,
    race: bool,
    heavy: bool,
    n_jobs: int | None,
    order: Codes,
    extra: tuple[Codes, ...],
    given: Posteriors,
    part: Part,
) -> tuple[Posteriors, frozenset[str]]:
    """Held-out log posteriors of the experts named, float32, shape (n, n_classes).

    Fits see the rows in the given `order`. `extra` are rows beyond those of `labels`, which the
    fits for each fold learn from as well.

    Beside them the names of those that failed in a fold, which are left out. With `race`,
    experts that are far behind on the first fold, or add nothing there to the others and to what
    is `given`, are not asked again. `heavy` folds run one after the other with all threads: each
    holds a copy of its training rows.
    """
    limit = nullcontext() if heavy else _threads.one_blas_thread()
    with limit:
        run = partial(
            _in_parallel,
            judge,
            folds,
            order,
            extra,
            heavy=heavy,
            n_jobs=1 if heavy else n_jobs,
            part=part,
        )
        first = _merged(run([(0, part) for part in _parts(names, heavy, n_jobs)]))
        answers = {name: log_p for name, log_p in first.items() if log_p is not None}
        race = race and bool(answers)
        if race:
            new = folds == 0
            names = worth_asking(answers, labels[new], {k: p[new] for k, p in given.items()})
        rest = run([(k, names) for k in range(1, int(folds.max()) + 1)])
    fitted = [first, *rest]
    found = {name for opinions in fitted for name in opinions}
    failed = {name for opinions in fitted for name, log_p in opinions.items() if log_p is None}
    kept = sorted((found & names if race else found) - failed)
    opinions = {name: assemble(name, fitted, labels, folds, n_classes) for name in kept}
    return opinions, frozenset(failed)


def _parts(names: frozenset[str], heavy: bool, n_jobs: int | None) -> list[frozenset[str]]:
    """The experts of the first fold, which all are asked, cut for several workers."""
    from joblib import effective_n_jobs

    if heavy or effective_n_jobs(n_jobs) == 1:
        return [names]
    families = sorted({name.split(":")[0] for name in names})
    return [frozenset(n for n in names if n.split(":")[0] == family) for family in families]


def _merged(opinions: list[Opinions]) -> Opinions:
    return {name: log_p for some in opinions for name, log_p in some.items()}


def assemble(
    name: str, fitted: list[Opinions], labels: Codes, folds: Codes, n_classes: int
) -> Array:
    """One expert's opinions from all folds; class shares where a fold had none."""
    held_out = np.empty((len(labels), n_classes), dtype=np.float32)
    for k, opinions in enumerate(fitted):
        new = folds == k
        if name in opinions:
            held_out[new] = opinions[name]
        else:
            shares = (np.bincount(labels[~new], minlength=n_classes) + 0.5) / (~new).sum()
            held_out[new] = np.log(shares)
    posterior: Array = log_softmax(held_out, axis=1)
    return posterior


@_warnings.quiet
def _one_fold(
    judge: Judge,
    folds: Codes,
    order: Codes,
    extra: Codes,
    k: int,
    names: tuple[str, ...],
    one_thread: bool,
) -> Opinions:
    from sklearn.exceptions import ConvergenceWarning

    limit = _threads.one_thread() if one_thread else nullcontext()
    # Held-out loss judges an unfinished fit like any other.
    with _warnings.ignoring(ConvergenceWarning), limit:
        models = judge(training_rows(folds, order, extra, k), frozenset(names))
        return judged(models, np.flatnonzero(folds == k), judge.width)


def training_rows(folds: Codes, order: Codes, extra: Codes, k: int) -> Codes:
    """Rows that are not held out in fold k, in order, and those that are only learned from."""
    return np.concatenate([order[folds[order] != k], extra])


def _in_parallel(
    judge: Judge,
    folds: Codes,
    order: Codes,
    extra: tuple[Codes, ...],
    questions: list[tuple[int, frozenset[str]]],
    *,
    heavy: bool,
    n_jobs: int | None,
    part: Part,
) -> list[Opinions]:
    """Answers to each fold and names; by processes, as small fits hold the lock of Python."""
    from joblib import Parallel, delayed, effective_n_jobs

    # Dask takes a set apart to hand it out element by element; a tuple arrives as one.
    jobs = (
        delayed(_one_fold)(judge, folds, order, extra[k], k, tuple(sorted(names)), not heavy)
        for k, names in questions
    )
    if not (_progress.listens() and _tasks.hands_out_parts()):
        done: list[Opinions] = Parallel(n_jobs=n_jobs)(jobs)
        return done
    n, asked = int(folds.max()) + 1, [k for k, _ in questions]
    found: list[Opinions] = []
    answers = Parallel(n_jobs=n_jobs, return_as="generator")(jobs)
    is_serial, cost = effective_n_jobs(n_jobs) == 1, 0.0
    for k in asked:
        _progress.advance(0.0, f"{part.name} {k + 1} of {n}")
        found.append(next(answers))
        kind, own = part.of_fold(k, 1 / asked.count(k))
        cost += own
        # Side by side, what one answer took is only known of all together.
        is_last = len(found) == len(asked)
        _progress.advance(own, paid=(kind, cost) if is_serial or is_last else None)
        cost = 0.0 if is_serial else cost
    return found


def worth_asking(
    opinions: Mapping[str, Floats], labels: Codes, given: Posteriors
) -> frozenset[str]:
    """Experts that are not far behind, and of many rows those that a pool of them makes use of."""
    losses = {name: log_loss(log_p, labels) for name, log_p in opinions.items()}
    best = min(losses.values(), key=lambda loss: float(loss.mean()))

    def hopeless(loss: Floats) -> bool:
        behind = loss - best
        error = behind.std() / np.sqrt(len(behind))
        return bool(behind.mean() - 2 * error > HOPELESS_NATS)

    kept = {name: log_p for name, log_p in opinions.items() if not hopeless(losses[name])}
    if len(labels) < ENOUGH_TO_CHOOSE:
        return frozenset(kept)
    weights = weigh(kept | dict(given), labels).weights
    return frozenset(name for name in kept if weights[name] > LEAST_USE) or frozenset(kept)
