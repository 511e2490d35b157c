"""Which of two students has more left to learn from one teacher."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pidtools import _warnings, resampling
from pidtools._estimator import Estimator, Summary
from pidtools._ignored import IgnoreLabel
from pidtools._knowledge import (
    COMPARED,
    DISTILLABLE,
    SYNERGY,
    DistillableKnowledge,
    StudentComparison,
    Unread,
)
from pidtools._measuring import TESTED, Measurement, Options, Uncertainty, measure, on_bound
from pidtools._remarks import Rank, Remark, arranged, without
from pidtools._result import Interval, Units


@_warnings.quiet
def compare_students(
    T: ArrayLike | Summary,
    S_a: ArrayLike | Summary,
    S_b: ArrayLike | Summary,
    Y: ArrayLike,
    *,
    estimator: Estimator[Any] | str = "auto",
    units: Units = "bits",
    confidence_level: float | None = 0.95,
    n_resamples: int = 200,
    uncertainty: Uncertainty = "bootstrap",
    groups: ArrayLike | None = None,
    ignore_label: IgnoreLabel = None,
    fit_on: tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike] | None = None,
    synergy: bool = True,
    random_state: int | np.random.Generator | None = 0,
    n_jobs: int | None = None,
    progress: bool | None = None,
) -> StudentComparison:
    r"""Compare what two students have taken from one teacher, with paired intervals.

    The teacher is looked at once; all three sources share folds and resamples, so that chance in
    the choice of rows, which moves both students alike, cancels in the difference.

    Parameters
    ----------
    T, S_a, S_b : array_like, shape (n_samples,) or (n_samples, n_features), or Summary
        Representations of the teacher and both students for the same rows, as in
        `distillable_knowledge`.
    Y : array_like, shape (n_samples,) or (n_samples, n_targets)
        Class labels, or a continuous target.
    estimator, units, n_resamples, uncertainty, groups, ignore_label
        As in `distillable_knowledge`.
    synergy, random_state, n_jobs, progress
        As in `distillable_knowledge`.
    fit_on : tuple of array_like or None
        As in `distillable_knowledge`, ``(T, S_a, S_b, Y)``.
    confidence_level : float or None
        Confidence of the intervals; None resamples nothing and leaves `p_value` out.

    Returns
    -------
    StudentComparison
        Both results, the differences a - b with their intervals, and a p-value for the
        difference in distillable knowledge.

    Warns
    -----
    PIDWarning
        As `distillable_knowledge`.

    Raises
    ------
    ValueError, TypeError, PIDError
        As `distillable_knowledge`.

    Notes
    -----
    `p_value` moves the paired differences on resampled rows so that their mean falls on the
    estimate, and doubles the share beyond 0 on the rarer side, the data counted as one. It is
    below ``1 - confidence_level`` where the interval leaves 0 out. The null is of the numbers
    alone: two students that each lack half a bit, but not the same half, are equal.

    Examples
    --------
    The teacher knows two bits of the label; one student has both, the other the first:

    >>> import numpy as np
    >>> import pidtools as pt
    >>> y = np.arange(2000) % 4
    >>> c = pt.compare_students(y, y // 2, y, y)
    >>> round(c.differences["distillable"], 6), c.p_value < 0.05
    (1.0, True)
    """
    options = Options.checked(units, confidence_level, n_resamples, progress, uncertainty)
    measured = measure(
        T,
        {"S_a": S_a, "S_b": S_b},
        Y,
        estimator=estimator,
        options=options,
        fit_on=fit_on,
        synergy=synergy,
        groups=groups,
        ignore_label=ignore_label,
        random_state=random_state,
        n_jobs=n_jobs,
    )
    a, b = measured.results
    plain = StudentComparison(a=a, b=b, remarks=_of_both(a, b))
    if measured.replicates is None or options.confidence_level is None:
        return plain
    difference = plain.differences["distillable"]
    distillable = measured.scatter(DISTILLABLE, 0, less=1, units=options.units)
    unread = _unread_by_students(measured)
    p = resampling.p_difference(
        difference,
        distillable.replicates,
        tolerance=a.pid.gap + b.pid.gap + max(each.s for each in unread),
        excess=distillable.excess,
    )
    is_bound = resampling.is_least(p, distillable.replicates, 2)
    return dataclasses.replace(
        plain,
        remarks=arranged((*plain.remarks, *_on_bound(p, is_bound, options))),
        intervals=_intervals(plain, measured, options.confidence_level),
        p_value=p,
        p_value_is_bound=is_bound,
    )


def _intervals(
    plain: StudentComparison,
    measured: Measurement,
    level: float,
) -> dict[str, Interval]:
    found, unread = {}, _unread_by_students(measured)
    for quantity in COMPARED:
        if (difference := plain.differences.get(quantity.name)) is None:
            continue
        if {(0, quantity.name), (1, quantity.name)} & measured.unsure:
            continue
        own = measured.scatter(quantity, 0, less=1, units=plain.units)
        spread = resampling.interval(difference, own.replicates, level, excess=own.excess)
        (down_a, up_a), (down_b, up_b) = (each.off(quantity) for each in unread)
        found[quantity.name] = spread.widened(down_a + up_b, up_a + down_b)
    return found


def _of_both(a: DistillableKnowledge, b: DistillableKnowledge) -> tuple[Remark, ...]:
    """What is said of all three sources, each once; what is said of one answer names its student.

    The p-values of each student alone are not shown, nor is anything said of them; what a number
    is in general is said where it holds for both.
    """
    everything = [
        own if own in other.remarks else _of_student(own, name)
        for name, one, other in (("S_a", a, b), ("S_b", b, a))
        for own in without(one.remarks, TESTED)
        if (own.of or own.rank != Rank.general or own in other.remarks)
    ]
    return arranged(everything)


def _of_student(own: Remark, name: str) -> Remark:
    """Of one of the two; a synergy is one with the teacher."""
    if own.of == (SYNERGY.name,):
        return own.about(f"{SYNERGY.name} of {name}")
    return own if own.of else own.about(name)


def _on_bound(p: float, is_bound: bool, options: Options) -> tuple[Remark, ...]:
    return on_bound("p_value", p, is_bound, options.n_resamples, options.uncertainty)


def _unread_by_students(measured: Measurement) -> tuple[Unread, Unread]:
    """What one student may hold unread beyond the other; of both it is read by one law."""
    a, b = measured.unread(0), measured.unread(1)
    return (
        Unread(t=0.0, s=max(a.s - b.s, 0.0), both=max(a.both - b.both, 0.0)),
        Unread(t=0.0, s=max(b.s - a.s, 0.0), both=max(b.both - a.both, 0.0)),
    )
