"""The main question: what the teacher still has to give."""

from __future__ import annotations

import dataclasses
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pidtools import _validate, resampling
from pidtools._information import from_bits
from pidtools._result import (
    PID,
    UNITS,
    DistillableKnowledge,
    Interval,
    PIDWarning,
    Summary,
    Units,
)
from pidtools.estimators import Estimator, Target, choose, pass_on, read_target

Sources = dict[str, NDArray[Any] | Summary]

# Fits on halves of the rows for what `resampled` summaries leave out; together they cost about
# twice the estimate itself.
N_REFITS = 4


def distillable_knowledge(
    T: ArrayLike | Summary,
    S: ArrayLike | Summary,
    Y: ArrayLike,
    *,
    estimator: Estimator | str = "auto",
    units: Units = "bits",
    confidence_level: float | None = None,
    n_resamples: int = 200,
    groups: ArrayLike | None = None,
    synergy: bool = True,
    random_state: int | np.random.Generator | None = 0,
    n_jobs: int | None = None,
    progress: bool = False,
) -> DistillableKnowledge:
    r"""Measure what a teacher still has to give its student about the task.

    The BROJA decomposition [1]_ of I(Y; T, S): distillable knowledge is the unique
    information Uni(Y : T \\ S), distilled knowledge the redundancy Red(Y : T, S) [2]_.

    Measure on rows that neither network was trained on.

    Parameters
    ----------
    T, S : array_like, shape (n_samples,) or (n_samples, n_features), or Summary
        Representations of teacher and student, row by row of the same samples. One column of
        integers, bools or strings is taken as symbols, anything else as features. A
        `Summary` from `summarise` saves looking at the same source again.
    Y : array_like, shape (n_samples,) or (n_samples, n_targets)
        Class labels (integers, bools or strings, one a sample), or floats that are not all whole
        for a continuous target.
    estimator : {"auto", "symbols", "binning", "kmeans", "gaussian", "probe", "knn"} or estimator
        How representations are looked at. For labels, "auto" takes symbols as they are and
        features through `KMeansBinning()`, the pipeline of [2]_, which reads the information
        of a few clusters only; "probe" is far more accurate on wide features, and slower. For a
        continuous Y "auto" takes `Gaussian()`.
    units : {"bits", "nats"}
        Unit of every number in the result.
    confidence_level : float or None
        Confidence of the intervals, such as 0.95; None computes none.
    n_resamples : int
        Bootstrap resamples for the intervals: of rows, or of whole groups.
    groups : array_like, shape (n_samples,), or None
        Group of each sample; samples of one group (patches or augmentations of one image,
        tokens of one text) are not independent and are resampled, and held out, together.
    synergy : bool
        Whether to estimate the synergy too; it needs the triple, whose sampling error is
        larger. The other atoms come from the two pairs.
    random_state : int, numpy.random.Generator or None
        Seed; the same seed gives the same number.
    n_jobs : int or None
        Workers, as in joblib; the answer does not depend on it.
    progress : bool
        Whether to show on standard error how many resamples are done.

    Returns
    -------
    DistillableKnowledge
        Atoms, informations, their intervals and notes on what limits the trust.

    Warns
    -----
    PIDWarning
        If the samples are too few for the cells, or a solver stopped above its tolerance.
        The text stands in the notes as well.

    Raises
    ------
    ValueError
        For NaN, infinite or empty input, different lengths, more than two axes, one class,
        labels for an estimator of continuous targets and the reverse, one-hot labels, too few
        samples, a continuous Y that T or S fixes exactly, or an unknown choice.
    TypeError
        For object, complex or string features, tensors on a device, or mixed labels.

    References
    ----------
    .. [1] N. Bertschinger et al., "Quantifying unique information", Entropy 16 (2014).
    .. [2] P. Dissanayake et al., "Quantifying Knowledge Distillation Using Partial
       Information Decomposition", AISTATS 2025, arXiv 2411.07483, definitions 3.1 and 3.2.

    Examples
    --------
    The teacher knows two bits of the label, the student one of them:

    >>> import numpy as np
    >>> import pidtools as pt
    >>> y = np.arange(4000) % 4
    >>> r = pt.distillable_knowledge(y, y // 2, y)
    >>> round(r.distilled, 6), round(r.distillable, 6), r.fraction_distilled
    (1.0, 1.0, 0.5)
    """
    _validate.check_choice(units, "units", UNITS)
    level = _validate.check_confidence_level(confidence_level)
    n_resamples = _validate.check_integer(n_resamples, "n_resamples", minimum=10)
    seed = _validate.check_seed(random_state)
    target = read_target(Y, estimator)
    sources = {name: _check(X, name) for name, X in (("T", T), ("S", S))}
    _check_lengths(sources, target.values)
    codes = None if groups is None else _validate.check_groups(groups, len(target.values))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        task = _Task(target, estimator, synergy, seed, codes, n_jobs)
        view = task.look(sources)
        pid = view.decompose()
    pass_on(caught)
    intervals = {}
    if level is not None:
        again = _Again(task, sources, view)
        samples = resampling.Samples(len(target.values), codes)
        replicates = resampling.replicate(
            again,
            samples,
            n_resamples=n_resamples,
            random_state=seed,
            n_jobs=n_jobs,
            progress=progress,
        )
        if again.keeps_fits:
            replicates = _with_refits(replicates, again, samples, seed, n_jobs)
        intervals = _intervals(pid, replicates, level, from_bits(1.0, units))
    return DistillableKnowledge(
        pid=pid.in_units(units),
        estimator_t=view.t.estimator,
        estimator_s=view.s.estimator,
        n_samples=len(target.values),
        n_classes=target.n_classes,
        intervals=intervals,
        notes=_notes(view, pid, estimator, caught),
    )


def _check(X: ArrayLike | Summary, name: str) -> NDArray[Any] | Summary:
    return X if isinstance(X, Summary) else _validate.check_source(X, name)


def _check_lengths(sources: Sources, y: NDArray[Any]) -> None:
    rows = {name: X.labels if isinstance(X, Summary) else X for name, X in sources.items()}
    _validate.check_same_length(**rows, Y=y)
    for name, X in sources.items():
        if isinstance(X, Summary) and not np.array_equal(X.labels, y):
            raise ValueError(
                f"{name} was summarised with other labels than Y; summarise it with this Y, "
                "row by row in the same order."
            )


@dataclass(frozen=True)
class _View:
    """Summaries of T, of S, and of both where the estimator makes one."""

    t: Summary
    s: Summary
    both: Summary | None
    synergy: bool

    def decompose(self) -> PID:
        """All atoms in bits; no synergy unless it was asked for."""
        if self.both is not None:
            pid: PID = self.t.estimator.decompose(self.t, self.s, self.both)
            joint = self.both.information
        else:
            pid = self.t.estimator.decompose(self.t, self.s)
            if not self.synergy:
                return pid
            joint = self.t.estimator.joint_information(self.t, self.s)
        return dataclasses.replace(pid, synergy=joint - pid.union_information)


@dataclass(frozen=True)
class _Task:
    """What a call asks for; arrays are clean."""

    target: Target
    estimator: Estimator | str
    synergy: bool
    seed: int
    groups: NDArray[np.int64] | None
    n_jobs: int | None

    def look(self, sources: Sources) -> _View:
        """Summarise both sources, and both together if there is such a summary."""
        t, s = (self._summary(X, name) for name, X in sources.items())
        if type(t) is not type(s):
            raise TypeError(
                f"T and S must be summarised in the same way to be compared: T by "
                f"{t.estimator!r}, S by {s.estimator!r}."
            )
        together = getattr(t.estimator, "joint", None) if self.synergy else None
        both = None if together is None else together(t, s, n_jobs=self.n_jobs)
        return _View(t, s, both, self.synergy)

    def _summary(self, X: NDArray[Any] | Summary, name: str) -> Summary:
        if isinstance(X, Summary):
            return X
        return choose(self.estimator, X, self.target).summarise(
            X,
            self.target.values,
            random_state=self.seed,
            name=name,
            groups=self.groups,
            n_jobs=self.n_jobs,
        )


@dataclass(frozen=True)
class _Again:
    """The whole estimate on resampled rows."""

    task: _Task
    sources: Sources
    view: _View

    def __call__(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        return _atoms(self._look(rows).decompose())

    @property
    def keeps_fits(self) -> bool:
        """Whether resampled rows are weighed with the fits of all rows."""
        return hasattr(self.view.t.estimator, "refitted")

    def effect_of_refit(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """What fitting afresh on these rows changes."""
        view, groups = self.view, self.task.groups
        refitted = view.t.estimator.refitted
        t, s = (refitted(summary, rows, groups=groups) for summary in (view.t, view.s))
        both = view.both and refitted(view.both, rows, groups=groups, parts=(t, s))
        return _atoms(_View(t, s, both, self.task.synergy).decompose()) - self(rows)

    def _look(self, rows: NDArray[np.int64]) -> _View:
        resampled = getattr(self.view.t.estimator, "resampled", None)
        if resampled is None:
            return self._look_anew(rows)
        weights = np.bincount(rows, minlength=len(self.task.target.values))
        t, s = (resampled(summary, weights) for summary in (self.view.t, self.view.s))
        both = None if self.view.both is None else resampled(self.view.both, weights)
        return _View(t, s, both, self.task.synergy)

    def _look_anew(self, rows: NDArray[np.int64]) -> _View:
        task, groups = self.task, self.task.groups
        drawn = dataclasses.replace(
            task,
            target=dataclasses.replace(task.target, values=task.target.values[rows]),
            groups=None if groups is None else groups[rows],
            n_jobs=1,
        )
        return drawn.look({name: _rows_of(X, rows, name) for name, X in self.sources.items()})


def _atoms(pid: PID) -> NDArray[np.float64]:
    atoms = (pid.redundancy, pid.unique_t, pid.unique_s, pid.synergy)
    return np.array([np.nan if atom is None else atom for atom in atoms])


def _with_refits(
    replicates: NDArray[np.float64],
    again: _Again,
    samples: resampling.Samples,
    seed: int,
    n_jobs: int | None,
) -> NDArray[np.float64]:
    effects = resampling.replicate(
        again.effect_of_refit,
        samples,
        draw=resampling.subsample,
        n_resamples=N_REFITS,
        random_state=seed,
        n_jobs=n_jobs,
    )
    return resampling.add_refits(replicates, effects, random_state=seed)


def _rows_of(X: NDArray[Any] | Summary, rows: NDArray[np.int64], name: str) -> NDArray[Any]:
    if isinstance(X, Summary):
        source: NDArray[Any] | None = getattr(X, "source", None)
        if source is not None:
            return source[rows]
        raise TypeError(
            f"{name} is a Summary by {X.estimator!r}, which has to see resampled data for an "
            "interval; pass the array."
        )
    return X[rows]


def _intervals(
    pid: PID, replicates: NDArray[np.float64], level: float, factor: float
) -> dict[str, Interval]:
    """Intervals of the atoms and of their sums, by the names of the task."""
    estimate = np.array([pid.redundancy, pid.unique_t, pid.unique_s, pid.synergy or 0.0])
    parts = {
        "distillable": [1],
        "distilled": [0],
        "student_only": [2],
        "synergy": [3],
        "teacher_information": [0, 1],
        "student_information": [0, 2],
        "joint_information": [0, 1, 2, 3],
    }
    return {
        name: resampling.interval(
            estimate[which].sum(), replicates[:, which].sum(axis=1), level, lowest=0.0
        ).scaled(factor)
        for name, which in parts.items()
        if pid.synergy is not None or 3 not in which
    }


def _notes(
    view: _View, pid: PID, estimator: object, caught: list[warnings.WarningMessage]
) -> tuple[str, ...]:
    t, s = view.t, view.s
    notes = [f"{name}: {note}" for name, x in (("T", t), ("S", s)) for note in x.notes]
    if estimator == "auto":
        notes.insert(0, f'estimator="auto" chose {t.estimator!r} for T, {s.estimator!r} for S.')
    if pid.information_t <= pid.gap:
        notes.append("T knows nothing of Y, so there is no fraction that was distilled.")
    if pid.synergy is not None and pid.synergy < -pid.gap:
        notes.append("The synergy came out negative, which no exact synergy is: sampling error.")
    notes += [str(w.message) for w in caught if issubclass(w.category, PIDWarning)]
    return tuple(dict.fromkeys(notes))  # what a summary warned of stands in its notes already
