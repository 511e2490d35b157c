"""The main question: what the teacher still has to give."""

from __future__ import annotations

import dataclasses
import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pidtools import _validate
from pidtools._result import PID, UNITS, DistillableKnowledge, PIDWarning, Summary, Units
from pidtools.estimators import Estimator, choose, pass_on


def distillable_knowledge(
    T: ArrayLike | Summary,
    S: ArrayLike | Summary,
    Y: ArrayLike,
    *,
    estimator: Estimator | str = "auto",
    units: Units = "bits",
    synergy: bool = True,
    random_state: int | np.random.Generator | None = 0,
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
    Y : array_like, shape (n_samples,) or (n_samples, 1)
        Class labels: integers, bools or strings.
    estimator : {"auto", "symbols", "binning", "kmeans"} or an estimator
        How representations become cells. "auto" takes symbols as they are and features
        through `KMeansBinning()`, the pipeline of [2]_.
    units : {"bits", "nats"}
        Unit of every number in the result.
    synergy : bool
        Whether to estimate the synergy too; it needs the triple, whose sampling error is
        larger. The other atoms come from the two pairs.
    random_state : int, numpy.random.Generator or None
        Seed; the same seed gives the same number.

    Returns
    -------
    DistillableKnowledge
        Atoms, informations and notes on what limits the trust.

    Warns
    -----
    PIDWarning
        If the samples are too few for the cells, or a solver stopped above its tolerance.
        The text stands in the notes as well.

    Raises
    ------
    ValueError
        For NaN, infinite or empty input, different lengths, more than two axes, one class,
        labels that look continuous, one-hot labels, or an unknown choice.
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
    seed = _validate.check_seed(random_state)
    labels, classes = _validate.check_labels(Y)
    sources = {name: _check(X, name) for name, X in (("T", T), ("S", S))}
    _check_lengths(sources, labels)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        t, s = (_summary(X, labels, estimator, seed, name) for name, X in sources.items())
        pid = _decompose(t, s, synergy)
    pass_on(caught)
    return DistillableKnowledge(
        pid=pid.in_units(units),
        estimator_t=t.estimator,
        estimator_s=s.estimator,
        n_samples=len(labels),
        n_classes=len(classes),
        notes=_notes(t, s, pid, estimator, caught),
    )


def _check(X: ArrayLike | Summary, name: str) -> NDArray[Any] | Summary:
    return X if isinstance(X, Summary) else _validate.check_source(X, name)


def _check_lengths(sources: dict[str, NDArray[Any] | Summary], labels: NDArray[np.int64]) -> None:
    rows = {name: X.labels if isinstance(X, Summary) else X for name, X in sources.items()}
    _validate.check_same_length(**rows, Y=labels)
    for name, X in sources.items():
        if isinstance(X, Summary) and not np.array_equal(X.labels, labels):
            raise ValueError(
                f"{name} was summarised with other labels than Y; summarise it with this Y, "
                "row by row in the same order."
            )


def _summary(
    X: NDArray[Any] | Summary,
    labels: NDArray[np.int64],
    estimator: Estimator | str,
    seed: int,
    name: str,
) -> Summary:
    if isinstance(X, Summary):
        return X
    return choose(estimator, X).summarise(X, labels, random_state=seed, name=name)


def _decompose(t: Summary, s: Summary, synergy: bool) -> PID:
    if type(t) is not type(s):
        raise TypeError(
            f"T and S must be summarised in the same way to be compared: T by {t.estimator!r}, "
            f"S by {s.estimator!r}."
        )
    pid: PID = t.estimator.decompose(t, s)
    if not synergy:
        return pid
    joint: float = t.estimator.joint_information(t, s)
    return dataclasses.replace(pid, synergy=joint - pid.union_information)


def _notes(
    t: Summary,
    s: Summary,
    pid: PID,
    estimator: object,
    caught: list[warnings.WarningMessage],
) -> tuple[str, ...]:
    notes = [f"{name}: {note}" for name, x in (("T", t), ("S", s)) for note in x.notes]
    if estimator == "auto":
        notes.insert(0, f'estimator="auto" chose {t.estimator!r} for T, {s.estimator!r} for S.')
    if pid.information_t <= pid.gap:
        notes.append("T knows nothing of Y, so there is no fraction that was distilled.")
    if pid.synergy is not None and pid.synergy < -pid.gap:
        notes.append("The synergy came out negative, which no exact synergy is: sampling error.")
    notes += [str(w.message) for w in caught if issubclass(w.category, PIDWarning)]
    return tuple(dict.fromkeys(notes))  # what a summary warned of stands in its notes already
