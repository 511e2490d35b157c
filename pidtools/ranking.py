"""Which of several teachers have something for a student, and which of them together."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pidtools import _progress, _validate, _warnings
from pidtools._cache import Cache
from pidtools._estimator import Estimator, Summary
from pidtools._ignored import IgnoreLabel
from pidtools._layers import Addition, RankedTeacher, TeacherRanking
from pidtools._looking import Kept
from pidtools._measuring import (
    N_AT_BORDER,
    TESTED,
    Measurement,
    Options,
    Seen,
    Uncertainty,
    best_of,
    decompose,
    look,
)
from pidtools._remarks import Rank, Remark, arranged, of_table, without
from pidtools._result import PIDError, Units
from pidtools._validate import check_named

STUDENT, STACK = "S", "S and the teachers chosen"


@_warnings.quiet
def rank_teachers(
    teachers: Mapping[str, ArrayLike | Summary | Path],
    S: ArrayLike | Summary,
    Y: ArrayLike,
    *,
    estimator: Estimator[Any] | str = "auto",
    units: Units = "bits",
    confidence_level: float | None = 0.95,
    n_resamples: int = 200,
    uncertainty: Uncertainty = "analytic",
    groups: ArrayLike | None = None,
    ignore_label: IgnoreLabel = None,
    random_state: int | np.random.Generator | None = 0,
    n_jobs: int | None = None,
    cache_dir: str | PathLike[str] | None = None,
    progress: bool | None = None,
) -> TeacherRanking:
    r"""Rank teachers, or layers or checkpoints of one, by what they still have to give a student.

    Two answers: what each teacher has by itself, on the same resamples, so that chance in the
    choice of rows cancels between them; and in which order to take several, each for what it adds
    beyond those chosen before it *and* the student.

    Parameters
    ----------
    teachers : mapping of str to array_like or Summary
        Representations by name, for the same rows, as T in `distillable_knowledge`. One is
        enough.
    S : array_like, shape (n_samples,) or (n_samples, n_features), or Summary
        Representation of the student.
    Y : array_like, shape (n_samples,) or (n_samples, n_targets)
        Class labels, or a continuous target.
    estimator, units, n_resamples, groups, ignore_label, random_state
        As in `distillable_knowledge`.
    confidence_level : float or None
        Confidence of the intervals. The order stops at the first teacher whose interval of what
        it adds reaches down to 0; with None it goes through all of them.
    uncertainty, n_jobs, cache_dir, progress
        As in `distillation_map`.

    Returns
    -------
    TeacherRanking
        A row a teacher, the one with most to distil first; `chosen`, the order; `additions`, what
        each one adds there; `best()`, the set that can't be ruled out as the best.

    Warns
    -----
    PIDWarning
        As `distillable_knowledge`.

    Raises
    ------
    ValueError, TypeError, PIDError
        As `distillable_knowledge`, but for what is wrong with a teacher alone; also if `teachers`
        is empty or no mapping, or if the student is among them.

    Notes
    -----
    In the order, the student and the teachers chosen are one source, the stack:
    Uni(Y : T_j \ (T_1 .. T_k, S)). With cells it is the combination of their cells. With a
    `Probe` the stack hears all that was said of its parts, and linear experts look at the
    features side by side, or where those are wide at the posteriors: what only both together
    tell in a way that is not linear is missed, which makes the next teacher look richer.

    Examples
    --------
    The student knows the first bit of four, each good teacher two of the others:

    >>> import numpy as np
    >>> import pidtools as pt
    >>> y = np.arange(4000) % 16
    >>> r = pt.rank_teachers({"a": y // 2 % 8, "copy": y // 2 % 8, "b": y % 4}, y // 8, y)
    >>> r.chosen, [round(step.added, 6) for step in r.additions if step.taken]
    (('a', 'b'), [2.0, 1.0])
    """
    options = Options.checked(units, confidence_level, n_resamples, progress, uncertainty)
    options = dataclasses.replace(options, n_at_border=N_AT_BORDER)
    named = {f"teacher {name}": X for name, X in check_named(teachers, "teachers", "T").items()}
    titles = {STUDENT: STUDENT, **{own: own.removeprefix("teacher ") for own in named}}
    _check_student(teachers, S)
    cache = Cache.of(cache_dir)
    pairs = [(own, STUDENT) for own in named]
    with _progress.shown(options.progress):
        seen = look(
            {STUDENT: S, **named},
            Y,
            estimator=estimator,
            groups=groups,
            ignore_label=ignore_label,
            random_state=random_state,
            n_jobs=n_jobs,
            tolerant=True,
            cache=cache,
            ahead=options.ahead(pairs, synergy=False),
        )
        if STUDENT in seen.failed:
            raise ValueError(seen.failed[STUDENT])
        measured = decompose(
            seen, pairs, options=options, synergy=False, n_jobs=n_jobs, tolerant=True
        )
        rows = _rows(measured, pairs, titles)
        additions, remarks = _in_order(seen, measured, titles, n_jobs)
    answers = {row.teacher: row for row in rows if row.result is not None}
    of_all = of_table(
        [without(row.remarks, TESTED) for row in answers.values()],
        "teachers",
        lambda k: f"ranking[{k}].notes",
        [f"teacher {name}" for name in answers],
    )
    return TeacherRanking(
        tuple(rows),
        options.units,
        additions=tuple(additions),
        n_samples=measured.n_samples,
        remarks=arranged((*of_all, *remarks)),
        _best=best_of(measured, STUDENT, titles=titles),
    )


def _rows(
    measured: Measurement, pairs: list[tuple[str, str]], titles: Mapping[str, str]
) -> list[RankedTeacher]:
    """From the one with most to distil down; those without an answer last."""
    results = dict(zip(measured.names, measured.results, strict=True))
    rows = [
        RankedTeacher(
            teacher=titles[t], result=results.get((t, s)), error=measured.failed.get((t, s))
        )
        for t, s in pairs
    ]
    return sorted(rows, key=lambda row: np.inf if row.distillable is None else -row.distillable)


def _in_order(
    seen: Seen, measured: Measurement, titles: Mapping[str, str], n_jobs: int | None
) -> tuple[list[Addition], list[Remark]]:
    """The greedy order, and what is to be said of it."""
    left = {
        t: float(pid.unique_t) for (t, _), pid in zip(measured.names, measured.pids, strict=True)
    }
    additions: list[Addition] = []
    stack, of_stack = STUDENT, seen
    found = measured
    while left:
        teacher = max(left, key=lambda name: left[name])
        if additions:
            found = decompose(
                of_stack,
                [(teacher, stack)],
                options=measured.options,
                synergy=False,
                n_jobs=n_jobs,
            )
        step = _addition(found, teacher, stack, additions, titles)
        additions.append(step)
        del left[teacher]
        if not step.taken or not left:
            break
        try:
            of_stack = _with_stack(of_stack, seen, stack, teacher, n_jobs)
            plain = dataclasses.replace(measured.options, confidence_level=None)
            stack, pairs = STACK, [(name, STACK) for name in left]
            found = decompose(of_stack, pairs, options=plain, synergy=False, n_jobs=n_jobs)
        except (ValueError, TypeError, PIDError) as error:
            text = f"the order stops after {step.teacher}: {error}"
            return additions, [Remark(text, "note", Rank.changed)]
        left = {t: pid.unique_t for (t, _), pid in zip(found.names, found.pids, strict=True)}
    return additions, []


def _with_stack(of_stack: Seen, seen: Seen, stack: str, teacher: str, n_jobs: int | None) -> Seen:
    """What was seen, and what is known so far with one more teacher as one source."""
    parts = [of_stack.found[stack], of_stack.found[teacher]]
    keys = [of_stack.keys.get(stack), of_stack.keys.get(teacher)]
    estimator, kept = parts[1].estimator, Kept(seen.cache)
    key = None if None in keys else kept.key_of(estimator, "stack", *keys)
    known = {"estimator": estimator, "Y": seen.target.values, "groups": seen.groups}
    again = kept.get(key, known)
    if again is None:
        with _warnings.noting() as texts, _progress.step("looking at those chosen together"):
            together: Summary = estimator.stacked(
                parts, seen.target.values, name=STACK, n_jobs=n_jobs
            )
        kept.keep(key, together, texts, known)
        kept.say()
    else:
        together = again[0]
        for text in again[1]:
            _warnings.warn(text)
    return dataclasses.replace(
        seen, found={**seen.found, STACK: together}, keys={**seen.keys, STACK: key}, heard=()
    )


def _addition(
    found: Measurement,
    teacher: str,
    stack: str,
    before: list[Addition],
    titles: Mapping[str, str],
) -> Addition:
    result = found.results[found.names.index((teacher, stack))]
    interval = result.intervals.get("distillable")
    return Addition(
        teacher=titles[teacher],
        beyond=tuple(step.teacher for step in before),
        added=result.distillable,
        interval=interval,
        taken=interval is None or interval.low > 0,
    )


def _check_student(teachers: Mapping[str, Any], S: Any) -> None:
    """Refuse the student among its teachers."""
    for name, X in teachers.items():
        if X is S or _are_equal(X, S):
            raise ValueError(
                f"teachers holds the student: {name!r} is S. Leave it out, as it has nothing to "
                "give itself."
            )


def _are_equal(one: Any, other: Any) -> bool:
    one, other = (x.data and x.data.X if isinstance(x, Summary) else x for x in (one, other))
    if one is None or other is None:
        return False
    try:
        a, b = (_validate.as_stored(X, "X") for X in (one, other))
        return a.shape == b.shape and all(
            np.array_equal(a.read(rows), b.read(rows)) for rows in a.slices()
        )
    except (ValueError, TypeError, IndexError):  # what is no array is refused where it is read
        return False
