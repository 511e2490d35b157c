r"""What a student takes from its teacher over its training, and when there is no more to take.

The teacher is looked at once, each step of the student once, all with the same folds and seed. How
the whole curve scatters follows from the scores of the rows (`_scores`), to first order and without
further solves: one draw of rows moves all steps together. A band for all steps at once has the
width that the largest of the standardised deviations keeps to. Three things that first order does
not see are added:

- where Uni(Y : T \ S) is 0, noise picks among many duals, and the estimate strays to one side: it
  may be too high by what duals of other rows fall short of it;
- the score of a unique information that is near 0 is that of few rows: the end that is away from
  0 goes out by the skewness of the scores, and no step counts for less than a few such rows;
- sampling adds to plug-in informations, and to the redundancy about as much as to the one with
  fewer cells.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pidtools import _progress, _validate, _warnings, activations, resampling
from pidtools._cache import Cache
from pidtools._estimator import Estimator, Summary
from pidtools._ignored import IgnoreLabel
from pidtools._information import from_bits, remarks_in
from pidtools._knowledge import ATOMS, DISTILLABLE, DistillableKnowledge, Unread
from pidtools._measuring import (
    AT_BORDER,
    FEW_GROUPS,
    MIN_GROUPS,
    FirstOrder,
    Measurement,
    Options,
    decompose,
    look,
    naming_file,
    on_groups,
    read,
)
from pidtools._remarks import FIGURES, Rank, Remark, arranged, of_table
from pidtools._result import Interval, Units
from pidtools._scores import Scores
from pidtools._trace import DistillationTrace, Reason, Saturation, TraceRow, step_text
from pidtools._types import Codes, Floats
from pidtools.estimators import BY_NAME

# Less than so many bits, or than this share of what the teacher knows, counts as nothing; the
# larger of both.
MARGIN_BITS, MARGIN_SHARE = 0.01, 0.02
# Later steps that must agree before a curve is said to be no longer falling.
PATIENCE = 3
# Standard errors up to which duals of other rows are asked what an estimate owes to its own.
NEAR_BORDER = 2 * AT_BORDER
# Standard errors by which the unique information of a probe, whose cells are no counts of rows,
# strays from 0 beyond what first order shows: of two like sources of 4 and of 10 classes it was up
# to 2.6 and 4.8 standard errors high.
STRAYS = 2.0
# Rows of the weight that tells most, for which each step counts at least.
FEWEST_ROWS = 2.0
# Bits of a unique information that are no more than the tolerance of its solve.
ROUNDING = 1e-6

# What differs between warnings of one kind.
# What has bands: distillable and distilled.
FOLLOWED = (DISTILLABLE, ATOMS[0])

Steps = Mapping[Any, Any] | Sequence[Any] | str | Path


@dataclass(frozen=True, kw_only=True, eq=False)
class _Look:
    """One student at one step; numbers in bits unless their class knows units."""

    result: DistillableKnowledge
    atoms: Floats
    gap: float
    unread: Unread
    bias: float = 0.0
    excess: float = 0.0
    scores: Floats | None = None
    of_fits: tuple[Floats, Floats] | None = None


@dataclass(frozen=True, eq=False)
class _Curve:
    """One number at all steps, and how it scatters.

    Attributes
    ----------
    values, spread, skew, down, up : ndarray, shape (n_steps,)
        Estimates; their standard errors; the third over the second moment of what the scores
        make of the mean; by how much estimates may be too high and too low besides.
    deviations : ndarray, shape (n_resamples, n_steps)
    is_clear : ndarray of bool, shape (n_steps,)
        Whether first order says how the step scatters.
    """

    values: Floats
    deviations: Floats
    spread: Floats
    skew: Floats
    down: Floats
    up: Floats
    is_clear: Codes

    def ends(self, z: float) -> tuple[Floats, Floats]:
        """Both ends, `z` standard errors away."""
        outwards = (2 * z * z + 1) / 6 * self.skew
        low = self.values - z * self.spread - self.down
        return low, self.values + z * self.spread + outwards + self.up

    def z_of_all(self, level: float) -> float:
        """Standard errors that no step exceeds, with this confidence."""
        return _largest(np.abs(_standardised(self.deviations)).max(axis=1), level)


class TraceLog:
    r"""A trace that grows while a student is trained: one call an epoch.

    Measure on rows that neither network was trained on, always the same ones.

    Parameters
    ----------
    T, Y, estimator, units, confidence_level, n_resamples, margin, groups, ignore_label, \
            random_state, n_jobs, cache_dir
        As in `distillation_trace`.

    Examples
    --------
    >>> import numpy as np
    >>> import pidtools as pt
    >>> y = np.arange(4000) % 4
    >>> log = pt.TraceLog(y, y)
    >>> log.append(y // 2)
    >>> log.append(y, step=5)
    >>> log.last["step"], round(log.last["distillable"], 6) + 0.0
    (5, 0.0)
    >>> [round(row.distilled, 6) for row in log.trace()]
    [1.0, 2.0]
    """

    def __init__(
        self,
        T: ArrayLike | Summary,
        Y: ArrayLike,
        *,
        estimator: Estimator[Any] | str = "auto",
        units: Units = "bits",
        confidence_level: float | None = 0.95,
        n_resamples: int = 1000,
        margin: float | None = None,
        groups: ArrayLike | None = None,
        ignore_label: IgnoreLabel = None,
        random_state: int | np.random.Generator | None = 0,
        n_jobs: int | None = None,
        cache_dir: str | PathLike[str] | None = None,
    ) -> None:
        self._options = Options.checked(units, confidence_level, n_resamples, False, "analytic")
        self._margin = checked_margin(margin)
        self._cache = Cache.of(cache_dir)
        # A training may use its buffers again.
        self._teacher: ArrayLike | Summary = _own(T)
        self._Y, self._estimator = _own(Y), estimator
        self._groups = None if groups is None else _own(groups)
        self._ignore_label = ignore_label
        self._seed = _validate.check_seed(random_state)
        self._n_jobs = _validate.check_n_jobs(n_jobs)
        if isinstance(estimator, str):
            _validate.check_choice(estimator, "estimator", ("auto", *BY_NAME))
        self._seen: dict[float, tuple[_Look, ...]] = {}
        self._codes: Codes | None = None

    def __len__(self) -> int:
        return len(self._seen)

    @_warnings.quiet
    def append(
        self,
        S: ArrayLike | Summary,
        step: float | None = None,
        *,
        baseline: ArrayLike | Summary | None = None,
    ) -> None:
        """Look at the student as it is now; arrays are not kept.

        Parameters
        ----------
        S : array_like, shape (n_samples,) or (n_samples, n_features), or Summary
            The student's representation of the same rows as T and Y.
        step : int, float or None
            Epoch; None counts on from the last one.
        baseline : array_like, Summary or None
            The student trained without distillation at this step: at every step or at none.

        Raises
        ------
        ValueError
            If the step was there before, the rows are others, or a baseline comes at some steps
            only; and as `distillable_knowledge`.
        """
        step = self._next() if step is None else _checked_step(step)
        if step in self._seen:
            raise ValueError(f"Step {step_text(step)} is in the log already; give each step once.")
        if self._seen and (baseline is not None) != self._has_baseline:
            has, had = ("no", "one") if baseline is None else ("a", "none")
            raise ValueError(
                f"Step {step_text(step)} has {has} baseline and the steps before have {had}; give "
                "one at every step or at none."
            )
        students = {f"S[{step_text(step)}]": S}
        if baseline is not None:
            students[f"baseline[{step_text(step)}]"] = baseline
        self._seen[step] = self._looked_at(students)

    @property
    def last(self) -> dict[str, float]:
        """The numbers of the last step that was appended, for a logger of trainings.

        Raises
        ------
        ValueError
            If nothing was appended.
        """
        if not self._seen:
            raise ValueError("The log is empty; append a step first.")
        step = next(reversed(self._seen))
        return self._row(step).to_dict()

    @_warnings.quiet
    def trace(self) -> DistillationTrace:
        """The trace so far, its steps in rising order.

        Raises
        ------
        ValueError
            If nothing was appended, or there are too few groups for an interval.
        """
        if not self._seen:
            raise ValueError("The log is empty; append a step first.")
        steps = sorted(self._seen)
        looks = [self._seen[step] for step in steps]
        rows = [self._row(step) for step in steps]
        level, saturation = self._options.confidence_level, None
        if level is not None:
            curves = self._curves(looks)
            highest = float(np.log2(looks[0][0].result.n_classes or np.inf))
            ends = _Ends(level, self._options.units, highest)
            rows = _with_bands(rows, looks, curves, ends)
            if len(steps) > 1:
                margin = self._margin_in_bits(looks)
                saturation = _saturation(steps, curves[0][0], margin, level)
        return DistillationTrace(
            tuple(rows),
            self._options.units,
            saturation=self._said(saturation),
            n_samples=looks[0][0].result.n_samples,
            confidence_level=level,
            estimator=looks[0][0].result.estimator_t,
            remarks=self._remarks(rows, looks),
        )

    @property
    def _has_baseline(self) -> bool:
        return len(next(iter(self._seen.values()))) > 1

    def _next(self) -> float:
        return max(self._seen) + 1 if self._seen else 0

    def _row(self, step: float) -> TraceRow:
        """A step without intervals; the teacher's information is that of the first step."""
        known = next(iter(self._seen.values()))[0].result.teacher_information
        row = _plain_row(step, self._seen[step])
        baseline = row.baseline and dataclasses.replace(row.baseline, teacher_information=known)
        return dataclasses.replace(row, teacher_information=known, baseline=baseline)

    def _looked_at(self, students: Mapping[str, ArrayLike | Summary]) -> tuple[_Look, ...]:
        seen = look(
            {"T": self._teacher, **students},
            self._Y,
            estimator=self._estimator,
            groups=self._groups,
            ignore_label=self._ignore_label,
            random_state=self._seed,
            n_jobs=self._n_jobs,
            cache=self._cache,
        )
        plain = dataclasses.replace(self._options, confidence_level=None)
        if self._options.confidence_level is not None:
            _check_enough_groups(resampling.Samples(len(seen.target.values), seen.groups))
        names = [("T", student) for student in students]
        measured = decompose(seen, names, options=plain, synergy=False, n_jobs=self._n_jobs)
        if self._options.confidence_level is None:
            found = tuple(_plain_look(measured, k) for k in range(len(names)))
        else:
            _check_tables(measured)
            found = _scored_looks(measured, self._seed)
        self._teacher, self._codes = seen.found["T"], seen.groups
        return found

    def _curves(self, looks: list[tuple[_Look, ...]]) -> list[tuple[_Curve, _Curve]]:
        """Of distillable and distilled, of the student and then of its baseline."""
        samples = resampling.Samples(looks[0][0].result.n_samples, self._codes)
        flat = [one for student in zip(*looks, strict=True) for one in student]
        deviations = _deviations(flat, samples, self._options.n_resamples, self._seed)
        n, found = len(looks), []
        for k in range(len(looks[0])):
            own = slice(k * n, (k + 1) * n)
            found.append(_curves_of(flat[own], deviations[:, own], samples))
        return found

    def _margin_in_bits(self, looks: list[tuple[_Look, ...]]) -> float:
        if self._margin is not None:
            return self._margin / from_bits(1.0, self._options.units)
        return max(MARGIN_BITS, MARGIN_SHARE * float(looks[0][0].atoms[:2].sum()))

    def _said(self, saturation: Saturation | None) -> Saturation | None:
        if saturation is None:
            return None
        margin = from_bits(saturation.margin, self._options.units)
        return dataclasses.replace(saturation, margin=margin)

    def _remarks(self, rows: list[TraceRow], looks: list[tuple[_Look, ...]]) -> tuple[Remark, ...]:
        """What is to be said of every step, and of the bands."""
        each = [[_of_any_step(own, row.step) for own in row.remarks] for row in rows]
        remarks = list(of_table(each, "steps", lambda k: f"trace[{k}].notes"))
        if self._options.confidence_level is None:
            return tuple(remarks)
        if self._codes is not None and (n_groups := int(self._codes.max()) + 1) < FEW_GROUPS:
            remarks.append(on_groups("bands", n_groups))
        unread = max(one.unread.t for seen in looks for one in seen)
        if unread > self._margin_in_bits(looks):
            text = (
                f"the teacher may hold up to {unread:.2g} bits beyond what was read of it from so "
                "many rows, which bands allow for; saturation is of what was read."
            )
            remarks += remarks_in(self._options.units, [Remark(text, "note", Rank.size)])
        return arranged(remarks)


@_warnings.quiet
def distillation_trace(
    T: ArrayLike | Summary,
    students: Steps,
    Y: ArrayLike,
    *,
    baseline: Steps | None = None,
    estimator: Estimator[Any] | str = "auto",
    units: Units = "bits",
    confidence_level: float | None = 0.95,
    n_resamples: int = 1000,
    margin: float | None = None,
    groups: ArrayLike | None = None,
    ignore_label: IgnoreLabel = None,
    random_state: int | np.random.Generator | None = 0,
    n_jobs: int | None = None,
    cache_dir: str | PathLike[str] | None = None,
    progress: bool | None = None,
) -> DistillationTrace:
    r"""Follow what a student takes from its teacher over its training.

    The teacher is looked at once, so that its information is the same number at every step, and
    all steps share its cells, folds and seed. Measure on rows that no network was trained on.

    Parameters
    ----------
    T : array_like, shape (n_samples,) or (n_samples, n_features), or Summary
        Representation of the teacher.
    students : mapping of step to array_like or Summary, sequence of them, or str
        Representations of the student for the same rows: by step (a number), in order (steps 0,
        1, ...), or a pattern of ``.npy`` files such as ``"run/epoch-*.npy"``, whose steps are the
        numbers in their names.
    Y : array_like, shape (n_samples,)
        Class labels.
    baseline : as `students`, or None
        The same steps of a student that was trained without distillation. Its distillable
        knowledge falls too, as it learns the same task: the difference is what distilling did.
    estimator, units, groups, ignore_label
        As in `distillable_knowledge`.
    confidence_level : float or None
        Confidence of intervals, one step at a time, and of bands, all steps at once. None leaves
        both and `saturation` out, which serves estimators without tables (`Gaussian`, `KNN`) too.
    n_resamples : int
        Bootstrap resamples of the rows' scores behind the bands; they take no further solves.
    margin : float or None
        What counts as nothing left and as no fall, in `units`; None takes the larger of .01 bits
        and 2 % of what the teacher knows.
    random_state : int, numpy.random.Generator or None
        Seed; the same seed gives the same number.
    n_jobs : int or None
        Workers, as in joblib; the answer does not depend on it.
    cache_dir : str, path-like or None
        Folder where finished steps are kept, so that a call that was interrupted goes on where it
        stopped; made where there is none. Trust it as you trust code: entries are pickles.
    progress : bool or None
        Whether to show on standard error how far it is, as in `distillable_knowledge`.

    Returns
    -------
    DistillationTrace
        A sequence of `TraceRow` with `saturation`, `verdict`, `notes`, ``.summary()``,
        ``.to_dict()``, ``.metrics()`` and ``.to_pandas()``.

    Warns
    -----
    PIDWarning
        As `distillable_knowledge`, naming the step.

    Raises
    ------
    ValueError
        As `distillable_knowledge`, naming the step; if there is no step, the baseline has other
        steps, or an estimator without tables is asked for intervals.
    TypeError
        If a step is no number; and as `distillable_knowledge`.

    Notes
    -----
    Bands come from the scores of rows (`DistillableKnowledge.scores`), resampled for all steps
    together: the width is the quantile of the largest standardised deviation of any step. Where
    first order says too little, at a unique information near 0, they are widened by what its duals
    owe to their own rows, by the skewness of the scores and to the weight of a few rows at least.

    Saturation is called at the first step from which on the upper end of the band stays below the
    margin ("nothing left"), or from which on `distillable` falls by less than the margin to any
    later step, by a band for all falls at once and at least three later steps ("no longer
    falling"). A trace that still falls by more than the margin is called saturated too early with
    a probability of at most ``1 - confidence_level``.

    Examples
    --------
    The student learns the second bit of the label from half of the rows, then from all:

    >>> import numpy as np
    >>> import pidtools as pt
    >>> y = np.arange(4000) % 4
    >>> students = [y // 2, np.where(np.arange(4000) < 2000, y, y // 2 * 2), y, y, y]
    >>> trace = pt.distillation_trace(y, students, y)
    >>> [round(row.distillable, 2) + 0.0 for row in trace]
    [1.0, 0.69, 0.0, 0.0, 0.0]
    >>> trace.saturation.step, trace.saturation.reason
    (2, 'nothing left')
    """
    by_step = _by_step(students, "students")
    theirs = None if baseline is None else _by_step(baseline, "baseline")
    if theirs is not None:
        _check_same_steps(by_step, theirs)
    log = TraceLog(
        T,
        Y,
        estimator=estimator,
        units=units,
        confidence_level=confidence_level,
        n_resamples=n_resamples,
        margin=margin,
        groups=groups,
        ignore_label=ignore_label,
        random_state=random_state,
        n_jobs=_validate.check_n_jobs(n_jobs),
        cache_dir=cache_dir,
    )
    with (
        _warnings.collecting() as heard,
        _progress.shown(_progress.checked(progress)),
        # The first step looks at the teacher as well.
        _progress.step("looking", len(by_step) + 1) as advance,
    ):
        for k, (step, S) in enumerate(by_step.items()):
            advance(0.0, f"step {step_text(step)} ({k + 1} of {len(by_step)})")
            other = None if theirs is None else theirs[step]
            own_name, other_name = f"S[{step_text(step)}]", f"baseline[{step_text(step)}]"
            with naming_file(S, own_name), naming_file(other, other_name):
                log.append(read(S, own_name), step, baseline=read(other, other_name))
            advance(1.0 if k else 2.0)
    for remark in _once_each(heard, len(by_step)):
        _warnings.warn(remark)
    return log.trace()


def _own(given: Any) -> Any:
    """A copy of an array in memory."""
    in_memory = isinstance(given, np.ndarray) and not isinstance(given, np.memmap)
    return given.copy() if in_memory else given


def _check_enough_groups(samples: resampling.Samples) -> None:
    if samples.groups is not None and samples.n_units < MIN_GROUPS:
        raise ValueError(
            f"groups holds {samples.n_units} groups; a band needs at least {MIN_GROUPS}. Pass "
            "more groups, or confidence_level=None."
        )


def _by_step(given: Any, name: str) -> dict[float, Any]:
    """Students by their steps, in rising order."""
    if isinstance(given, str | Path):
        given = activations.by_number(given, name)
    elif isinstance(given, list | tuple):
        given = dict(enumerate(given))
    elif not isinstance(given, Mapping):
        raise TypeError(
            f"{name} must be a mapping of steps to arrays, a list of arrays or a pattern of files; "
            f"got {type(given).__name__}."
        )
    if not given:
        raise ValueError(f"{name} holds no step; give at least one array.")
    found = {_checked_step(step): S for step, S in given.items()}
    return dict(sorted(found.items()))


def _checked_step(step: Any) -> float:
    """A number that counts the steps, an int where it came as one."""
    if isinstance(step, bool | np.bool_) or not isinstance(step, int | float | np.number):
        raise TypeError(
            f"Steps must be numbers, such as epochs; got {step!r}. Number them in their order."
        )
    number = step.item() if isinstance(step, np.number) else step
    if not math.isfinite(number):
        raise ValueError(f"Steps must be finite numbers; got {step!r}.")
    return number


def _check_same_steps(students: Mapping[float, Any], baseline: Mapping[float, Any]) -> None:
    missing = [step_text(step) for step in students if step not in baseline]
    more = [step_text(step) for step in baseline if step not in students]
    if missing or more:
        found = [f"lacks {', '.join(missing)}"] if missing else []
        found += [f"has {', '.join(more)} beyond those of students"] if more else []
        raise ValueError(
            f"baseline must have the same steps as students; it {' and '.join(found)}."
        )


def checked_margin(margin: Any) -> float | None:
    """A margin, or an error that says what it has to be."""
    if margin is None:
        return None
    is_number = isinstance(margin, int | float | np.number) and not isinstance(margin, bool)
    if not is_number or not 0 < margin < math.inf:
        raise ValueError(
            f"margin must be a number above 0, in units of the result, or None; got {margin!r}."
        )
    return float(margin)


def _check_tables(measured: Measurement) -> None:
    if all(pair.has_tables for pair in measured.pairs):
        return
    raise ValueError(
        "Bands come from scores of rows, which need atoms that come from two tables of classes, "
        f"and those of {measured.pairs[0].t.estimator!r} do not; pass confidence_level=None, or "
        'take estimator="probe", "symbols", "binning" or "kmeans".'
    )


def _once_each(heard: Sequence[Remark], n_steps: int) -> list[Remark]:
    """Remarks that differ in their figures alone, as the first of them."""
    found: dict[str, tuple[Remark, int]] = {}
    for remark in dict.fromkeys(heard):
        like = FIGURES.sub("0", str(remark))
        first, n = found.get(like, (remark, 0))
        found[like] = first, n + 1
    return [
        own
        if n == 1
        else dataclasses.replace(own, text=f"{own.text} ({n} of {n_steps} steps are like this.)")
        for own, n in found.values()
    ]


def _of_any_step(remark: Remark, step: float) -> Remark:
    """A remark without the step it was made at."""
    known = {f"S[{step_text(step)}]": "S", f"baseline[{step_text(step)}]": "baseline"}
    text = remark.text
    for own, name in known.items():
        text = text.replace(own, name)
    return dataclasses.replace(
        remark, text=text, of=tuple(known.get(name, name) for name in remark.of)
    )


def _plain_look(measured: Measurement, k: int) -> _Look:
    result = dataclasses.replace(measured.results[k], _located=None)
    unread, unit = measured.unread(k), from_bits(1.0, measured.options.units)
    pair, pid = measured.pairs[k], measured.pids[k]
    return _Look(
        result=result,
        atoms=np.array([pid.redundancy, pid.unique_t, pid.unique_s]),
        gap=pid.gap,
        unread=Unread(unread.t / unit, unread.s / unit, unread.both / unit),
        bias=min(pair.t.bias, pair.s.bias),
    )


def _scored_looks(measured: Measurement, seed: int) -> tuple[_Look, ...]:
    """Looks with what is needed of the rows, which takes a solve or two each."""
    order = FirstOrder.of(measured)
    samples = resampling.Samples(measured.n_samples, measured.groups)
    halves = _halves(samples, seed)
    found = []
    for k, pair in enumerate(measured.pairs):
        plain = _plain_look(measured, k)
        scores = order.scores[:, 4 * k : 4 * k + 3]
        spread = np.sqrt((_of_units(scores[:, [1]], samples) ** 2).sum())
        excess, own = 0.0, plain.atoms[1]
        if plain.gap < own <= NEAR_BORDER * spread:
            tables = pair.tables()
            if tables.rows_t is None:
                excess = Scores(tables, measured.pids[k]).excess_of_prices(halves)
            else:
                excess = STRAYS * float(spread)
            excess = min(excess, float(own))
        of_fits = order.of_fits[0, k, :3], order.of_fits[1 + k, k, :3]
        found.append(
            dataclasses.replace(plain, excess=excess, scores=scores.copy(), of_fits=of_fits)
        )
    return tuple(found)


def _halves(samples: resampling.Samples, seed: int) -> Codes:
    """Which half each row is in, by chance; rows of one group are in one."""
    chosen: Codes = np.random.default_rng(seed).permutation(samples.n_units) % 2 == 0
    return chosen if samples.groups is None else chosen[samples.groups]


def _of_units(scores: Floats, samples: resampling.Samples) -> Floats:
    """What each row, or group, adds to the means, shape (n_units, n_numbers)."""
    if samples.groups is None:
        return scores / len(scores)
    sums = np.zeros((samples.n_units, scores.shape[1]))
    np.add.at(sums, samples.groups, scores)
    added: Floats = sums / len(scores)
    return added


def _deviations(
    looks: Sequence[_Look], samples: resampling.Samples, n_resamples: int, seed: int
) -> Floats:
    """Of the atoms of all looks in fresh data, shape (n_resamples, n_looks, 3).

    All meet the same rows, and the same luck in fits to the teacher.
    """
    scores = np.hstack([one.scores for one in looks if one.scores is not None])
    of_fits = np.zeros((1 + len(looks), len(looks), 3))
    for k, one in enumerate(looks):
        if one.of_fits is not None:
            of_fits[0, k], of_fits[1 + k, k] = one.of_fits
    rng = np.random.default_rng(seed)
    moved = resampling.of_means(scores, samples, n_resamples, rng)
    luck = rng.normal(size=(n_resamples, len(of_fits)))
    found = moved.reshape(n_resamples, len(looks), 3) + np.tensordot(luck, of_fits, axes=1)
    deviations: Floats = found - found.mean(axis=0)
    return deviations


def _curves_of(
    looks: Sequence[_Look], deviations: Floats, samples: resampling.Samples
) -> tuple[_Curve, _Curve]:
    """Distillable and distilled of one student."""
    atoms, gaps = np.array([one.atoms for one in looks]), np.array([one.gap for one in looks])
    excess, bias = (np.array([getattr(one, name) for one in looks]) for name in ("excess", "bias"))
    red, uni = deviations[..., 0], deviations[..., 1]
    spread = uni.std(axis=0)
    is_clear = atoms[:, 1] > AT_BORDER * spread + gaps
    weight = _weight_of_a_row(atoms, spread, (red + uni)[:, 0].std(), is_clear)
    few = np.sqrt(np.maximum(weight * atoms[:, 1], 0.0))
    spread = np.where(is_clear, spread, np.maximum(spread, few))
    spread = np.sqrt(spread**2 + FEWEST_ROWS * weight**2)
    nothing = np.zeros(len(looks))
    distillable = _Curve(
        atoms[:, 1], uni, spread, _skew(looks, 1, samples), excess, nothing, is_clear
    )
    distilled = _Curve(
        atoms[:, 0], red, red.std(axis=0), nothing, bias, excess, np.ones_like(is_clear)
    )
    return distillable, distilled


def _weight_of_a_row(atoms: Floats, spread: Floats, of_teacher: float, is_clear: Codes) -> float:
    """Bits by which one row that tells moves an estimate: the variance over the mean.

    As of a count of rare rows; of the teacher's information where no step is clear.
    """
    if is_clear.any():
        return float(np.median(spread[is_clear] ** 2 / atoms[is_clear, 1]))
    known = float(atoms[0, :2].sum())
    return float(of_teacher**2 / known) if known > ROUNDING else 0.0


def _skew(looks: Sequence[_Look], atom: int, samples: resampling.Samples) -> Floats:
    """Third over second moment of what rows add to the mean; 0 where it is negative."""
    found = np.zeros(len(looks))
    for k, one in enumerate(looks):
        if one.scores is None:
            continue
        added = _of_units(one.scores[:, [atom]], samples)
        second = float((added**2).sum())
        if second > 0:
            found[k] = max(float((added**3).sum()) / second, 0.0)
    return found


def _standardised(deviations: Floats) -> Floats:
    spread = deviations.std(axis=0)
    found: Floats = np.divide(
        deviations, spread, out=np.zeros_like(deviations), where=spread > ROUNDING
    )
    return found


def _largest(found: Floats, level: float) -> float:
    return float(np.quantile(found, level, method="weibull"))


def _plain_row(step: float, seen: tuple[_Look, ...]) -> TraceRow:
    """In the units of the results, without intervals."""
    student, *others = (_numbers(step, one) for one in seen)
    if not others:
        return student
    differences = {
        name: getattr(student, name) - getattr(others[0], name)
        for name in ("distillable", "distilled")
    }
    return dataclasses.replace(student, baseline=others[0], differences=differences)


def _numbers(step: float, one: _Look) -> TraceRow:
    result = one.result
    return TraceRow(
        step=step,
        distillable=result.distillable,
        distilled=result.distilled,
        student_only=result.student_only,
        teacher_information=result.teacher_information,
        student_information=result.student_information,
        gap=result.pid.gap,
        stopped=result.pid.outcome.stopped,
        remarks=result.remarks,
    )


@dataclass(frozen=True, eq=False)
class _Ends:
    """Turns ends in bits into intervals."""

    level: float
    units: Units
    highest: float

    def intervals(
        self, low: Floats, high: Floats, unread: list[tuple[float, float]], lowest: float = 0.0
    ) -> list[Interval]:
        """Wider by what was not read, and not beyond what is possible."""
        found = []
        for a, b, (down, up) in zip(low, high, unread, strict=True):
            if lowest == 0 and a <= ROUNDING:
                a = 0.0
            ends = np.clip([a, b], lowest, self.highest).tolist()
            inner = Interval(ends[0], ends[1], self.level)
            wide = inner.widened(down, up, lowest, self.highest)
            found.append(wide.scaled(from_bits(1.0, self.units)))
        return found


def _with_bands(
    rows: list[TraceRow],
    looks: list[tuple[_Look, ...]],
    curves: list[tuple[_Curve, _Curve]],
    ends: _Ends,
) -> list[TraceRow]:
    """The rows with intervals and bands, those of the baseline and of the differences."""
    of_student = [seen[0] for seen in looks]
    rows = _with_own(rows, of_student, curves[0], ends)
    if len(curves) == 1:
        return rows
    of_baseline = [seen[1] for seen in looks]
    plain = [row.baseline for row in rows if row.baseline is not None]
    theirs = _with_own(plain, of_baseline, curves[1], ends)
    apart = _difference(curves[0][0], curves[1][0])
    low, high = apart.ends(apart.z_of_all(ends.level))
    unread = [_unread_apart(a, b) for a, b in zip(of_student, of_baseline, strict=True)]
    # Both have one teacher: what one has distilled more of is less distillable.
    bands = {
        "distillable": ends.intervals(low, high, unread, lowest=-ends.highest),
        "distilled": ends.intervals(
            -high, -low, [(up, down) for down, up in unread], lowest=-ends.highest
        ),
    }
    return [
        dataclasses.replace(
            row,
            baseline=baseline,
            difference_bands={name: of_steps[k] for name, of_steps in bands.items()},
        )
        for k, (row, baseline) in enumerate(zip(rows, theirs, strict=True))
    ]


def _with_own(
    rows: list[TraceRow], looks: list[_Look], curves: tuple[_Curve, _Curve], ends: _Ends
) -> list[TraceRow]:
    z_of_one = NormalDist().inv_cdf((1 + ends.level) / 2)
    intervals, bands = {}, {}
    for quantity, curve in zip(FOLLOWED, curves, strict=True):
        unread = [one.unread.off(quantity) for one in looks]
        intervals[quantity.name] = ends.intervals(*curve.ends(z_of_one), unread)
        z = max(curve.z_of_all(ends.level), z_of_one)
        bands[quantity.name] = ends.intervals(*curve.ends(z), unread)
    return [
        dataclasses.replace(
            row,
            intervals={name: of_steps[k] for name, of_steps in intervals.items()},
            bands={name: of_steps[k] for name, of_steps in bands.items()},
        )
        for k, row in enumerate(rows)
    ]


def _difference(a: _Curve, b: _Curve) -> _Curve:
    """Of two students of one teacher on the same rows."""
    deviations = a.deviations - b.deviations
    spread = deviations.std(axis=0)
    for curve in (a, b):
        spread = np.where(curve.is_clear, spread, np.maximum(spread, curve.spread))
    return _Curve(
        values=a.values - b.values,
        deviations=deviations,
        spread=spread,
        skew=np.zeros_like(spread),
        down=a.down + b.up,
        up=a.up + b.down,
        is_clear=a.is_clear & b.is_clear,
    )


def _unread_apart(a: _Look, b: _Look) -> tuple[float, float]:
    """How far down and up a difference in distillable may be, for what one student alone holds."""
    return max(a.unread.s - b.unread.s, 0.0), max(b.unread.s - a.unread.s, 0.0)


def _saturation(steps: list[float], curve: _Curve, margin: float, level: float) -> Saturation:
    """Where the curve of what is distillable has come to rest, in bits."""
    reasons: tuple[tuple[Reason, Iterator[bool]], ...] = (
        ("nothing left", _leaves_nothing(curve, margin, level)),
        ("no longer falling", _falls_no_longer(curve, margin, level)),
    )
    for reason, holds in reasons:
        for step, held in zip(steps, holds, strict=False):
            if held:
                return Saturation(step=step, reason=reason, margin=margin)
    return Saturation(step=None, reason="still falling", margin=margin)


def _leaves_nothing(curve: _Curve, margin: float, level: float) -> Iterator[bool]:
    """For each step, whether the band stays below the margin from there on."""
    high = curve.ends(curve.z_of_all(level))[1]
    for k in range(len(high)):
        yield bool((high[k:] <= margin).all())


def _falls_no_longer(curve: _Curve, margin: float, level: float) -> Iterator[bool]:
    """For each step with enough later ones, whether all falls to those are below the margin."""
    falls = [_falls_from(curve, k) for k in range(len(curve.values) - 1)]
    most = [np.abs(_standardised(fall.deviations)).max(axis=1) for fall in falls]
    z = _largest(np.max(most, axis=0), level)
    for fall in falls[: max(len(falls) + 1 - PATIENCE, 0)]:
        yield bool((fall.ends(z)[1] <= margin).all())


def _falls_from(curve: _Curve, k: int) -> _Curve:
    """How much lower each later step is than one step."""
    later = slice(k + 1, None)

    def of(values: Floats) -> Floats:
        return np.broadcast_to(values[k], values[later].shape)

    deviations = curve.deviations[:, [k]] - curve.deviations[:, later]
    spread = deviations.std(axis=0)
    spread = np.where(curve.is_clear[later], spread, np.maximum(spread, curve.spread[later]))
    if not curve.is_clear[k]:
        spread = np.maximum(spread, curve.spread[k])
    return _Curve(
        values=curve.values[k] - curve.values[later],
        deviations=deviations,
        spread=spread,
        skew=of(curve.skew),
        down=of(curve.down) + curve.up[later],
        # Two steps near the border stray alike.
        up=np.maximum(curve.down[later] - curve.down[k], 0.0) + of(curve.up),
        is_clear=curve.is_clear[later],
    )
