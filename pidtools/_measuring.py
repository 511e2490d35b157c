"""From a teacher and its students to atoms, once and on resampled rows.

What every question about knowledge shares: all students meet one summary of the teacher, in
the data and in every resample, so that what is compared is paired.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pidtools import _validate, _warnings, resampling
from pidtools._cells.summary import CellSummary
from pidtools._estimator import Estimator, Source
from pidtools._information import from_bits, said_in
from pidtools._result import (
    PID,
    UNITS,
    DistillableKnowledge,
    Interval,
    PIDWarning,
    Summary,
    Units,
)
from pidtools._target import Target
from pidtools._types import Array, Codes, Floats
from pidtools.estimators import (
    choose,
    read_target,
    warn_of_excess,
    warn_of_target,
)

Sources = dict[str, Source]

# Fits on halves of the rows for what `resampled` summaries leave out; together they cost somewhat
# more than the estimate itself.
N_REFITS = 4
# Groups of which a half can still be held out from one another; resamples of fewer show little
# of how groups differ, whatever the estimator.
MIN_GROUPS = 4
# Groups below which intervals are too narrow; benchmarks/coverage_groups.py has the figures.
FEW_GROUPS = 100
# Spreads of the resamples beyond which what sampling adds to plug-in atoms is warned of, and what
# is rounding in any unit.
MOST_EXCESS, ROUNDING = 1.0, 1e-9
# Share of rows that are all zeros, from which it is said.
PADDED_SHARE = 0.01
# Share of resamples with an answer below which there is a warning.
MIN_VALID_SHARE = 0.5
# Which of redundancy, unique_t, unique_s and synergy a number of the result adds up.
PARTS = {
    "distillable": [1],
    "distilled": [0],
    "student_only": [2],
    "synergy": [3],
    "teacher_information": [0, 1],
    "student_information": [0, 2],
    "joint_information": [0, 1, 2, 3],
}
ATOMS = ("distilled", "distillable", "student_only", "synergy")


@dataclass(frozen=True)
class Options:
    """What a call asks of the uncertainty, checked."""

    units: Units
    confidence_level: float | None
    n_resamples: int
    progress: bool

    @classmethod
    def checked(
        cls, units: Any, confidence_level: Any, n_resamples: Any, progress: bool
    ) -> Options:
        """The options, or an error that names the one that is wrong."""
        _validate.check_choice(units, "units", UNITS)
        level = _validate.check_confidence_level(confidence_level)
        n = _validate.check_integer(n_resamples, "n_resamples", minimum=10)
        return cls(units, level, n, progress)


@dataclass(frozen=True)
class View:
    """Summaries of T, of S, and of both where the estimator makes one."""

    t: Summary
    s: Summary
    both: Summary | None
    synergy: bool

    def decompose(self) -> PID:
        """All atoms in bits; no synergy unless it was asked for."""
        pid: PID = self.t.estimator.decompose(self.t, self.s)
        if self.both is not None:
            joint = self.both.information
        elif self.synergy:
            joint = self.t.estimator.joint_information(self.t, self.s)
        else:
            return pid
        return dataclasses.replace(pid, synergy=joint - pid.union_information)

    def prepared(self) -> View:
        """The view ready to be resampled: some students must know their teacher for it."""
        return dataclasses.replace(self, s=self.t.estimator.prepared(self.t, self.s))


@dataclass(frozen=True)
class Task:
    """What a call asks for; arrays are clean. Each source has its own estimator, by name."""

    target: Target
    estimators: Mapping[str, Estimator]
    synergy: bool
    seed: int
    groups: Codes | None
    n_jobs: int | None

    def look(self, sources: Sources) -> tuple[View, ...]:
        """Summarise the first source, the teacher, and with it each of the others."""
        summaries = {name: self._summary(X, name) for name, X in sources.items()}
        (first, t), *others = summaries.items()
        for name, s in others:
            if type(t) is not type(s):
                raise TypeError(
                    f"{first} and {name} must be summarised in the same way to be compared: "
                    f"{first} by {t.estimator!r}, {name} by {s.estimator!r}."
                )
        return tuple(self._meet(t, s) for _, s in others)

    def _meet(self, t: Summary, s: Summary) -> View:
        both = t.estimator.joint(t, s, n_jobs=self.n_jobs) if self.synergy else None
        return View(t, s, both, self.synergy)

    def _summary(self, X: Source, name: str) -> Summary:
        if isinstance(X, Summary):
            return X
        return self.estimators[name].summarise(
            X,
            self.target.values,
            random_state=self.seed,
            name=name,
            groups=self.groups,
            n_jobs=self.n_jobs,
        )


@dataclass(frozen=True)
class Again:
    """The whole estimate on resampled rows: the atoms of each view, one after the other."""

    task: Task
    sources: Sources
    views: tuple[View, ...]

    def __call__(self, rows: Codes) -> Floats:
        return _atoms(self._look(rows))

    @property
    def keeps_fits(self) -> bool:
        """Whether resampled rows are weighed with the fits of all rows."""
        return self._resamples == "fits"

    @property
    def _resamples(self) -> str:
        estimator: Estimator = self.views[0].t.estimator
        return estimator.resamples

    def effect_of_refit(self, rows: Codes) -> Floats:
        """What fitting afresh on these rows changes."""

        def refitted(x: Summary, **parts: Any) -> Summary:
            found: Summary = x.estimator.refitted(x, rows, groups=self.task.groups, **parts)
            return found

        anew = self._each(refitted, lambda x, t, s: refitted(x, parts=(t, s)))
        return _atoms(anew) - self(rows)

    def _look(self, rows: Codes) -> tuple[View, ...]:
        if self._resamples == "anew":
            return self._look_anew(rows)
        weights = np.bincount(rows, minlength=len(self.task.target.values))

        def resampled(x: Summary) -> Summary:
            found: Summary = x.estimator.resampled(x, weights)
            return found

        return self._each(resampled, lambda x, t, s: resampled(x))

    def _each(
        self,
        change: Callable[[Summary], Summary],
        change_both: Callable[[Summary, Summary, Summary], Summary],
    ) -> tuple[View, ...]:
        """The views with changed summaries, the teacher's changed once."""
        t, views = change(self.views[0].t), []
        for view in self.views:
            s = change(view.s)
            both = None if view.both is None else change_both(view.both, t, s)
            views.append(View(t, s, both, view.synergy))
        return tuple(views)

    def _look_anew(self, rows: Codes) -> tuple[View, ...]:
        task, groups = self.task, self.task.groups
        drawn = dataclasses.replace(
            task,
            target=dataclasses.replace(task.target, values=task.target.values[rows]),
            groups=None if groups is None else groups[rows],
            n_jobs=1,
        )
        return drawn.look({name: _rows_of(X, rows, name) for name, X in self.sources.items()})


@dataclass(frozen=True)
class Measurement:
    """A teacher and its students as they were seen, and what was warned of on the way."""

    task: Task
    sources: Sources
    views: tuple[View, ...]
    pids: tuple[PID, ...]
    chosen_by_auto: bool
    caught: tuple[PIDWarning, ...]

    def replicates(self, options: Options) -> Floats | None:
        """Atoms in bits on resampled rows, shape (n_resamples, n_students, 4), if asked for."""
        if options.confidence_level is None:
            return None
        views = tuple(view.prepared() for view in self.views)
        again = Again(self.task, self.sources, views)
        samples = resampling.Samples(len(self.task.target.values), self.task.groups)
        _check_enough_groups(samples)
        found = resampling.replicate(
            again,
            samples,
            n_resamples=options.n_resamples,
            random_state=self.task.seed,
            n_jobs=self.task.n_jobs,
            progress=options.progress,
        )
        if again.keeps_fits:
            found = _with_refits(found, again, samples, self.task)
        return found.reshape(options.n_resamples, len(self.views), 4)

    def results(
        self, options: Options, replicates: Floats | None
    ) -> tuple[DistillableKnowledge, ...]:
        """One result a student, in the order of the sources."""
        return tuple(self._result(k, options, replicates) for k in range(len(self.views)))

    def _result(self, k: int, options: Options, replicates: Floats | None) -> DistillableKnowledge:
        view, pid = self.views[k], self.pids[k].in_units(options.units)
        result = DistillableKnowledge(
            pid=pid,
            estimator_t=view.t.estimator,
            estimator_s=view.s.estimator,
            n_samples=len(self.task.target.values),
            n_classes=self.task.target.n_classes,
            notes=self._notes(k, pid),
        )
        if replicates is None or options.confidence_level is None:
            return result
        own = replicates[:, k] * from_bits(1.0, options.units)
        n_valid = int((~np.isnan(own[:, :3]).any(axis=1)).sum())
        distillable = own[:, PARTS["distillable"]].sum(axis=1)
        p = resampling.p_above_border(
            result.distillable,
            distillable,
            tolerance=pid.gap,
            excess=excess_of(self, result.distillable, distillable),
        )
        is_bound = resampling.is_least(p, distillable, resampling.BORDER_SHARE)
        return dataclasses.replace(
            result,
            notes=(
                *result.notes,
                *_notes_on_resamples(n_valid, options, self.task.groups),
                *self._notes_on_excess(result.distillable, distillable, options.units),
                *note_on_bound("p_distillable", p, is_bound, n_valid),
            ),
            intervals=_intervals(self, result, own, options.confidence_level, options.units),
            p_distillable=p,
            p_distillable_is_bound=is_bound,
        )

    def _notes_on_excess(self, estimate: float, replicates: Floats, units: Units) -> list[str]:
        """Warn where sampling adds more to plug-in atoms than they scatter."""
        excess = excess_of(self, estimate, replicates)
        spread = float(np.nanstd(replicates))
        if excess <= max(MOST_EXCESS * spread, ROUNDING):
            return []
        note = (
            f"The cells are many for {len(self.task.target.values)} rows: sampling alone adds "
            f"about {excess:.2g} {units} to distillable, where resamples scatter by {spread:.2g} "
            f"{units}. Intervals and p-values allow for so much; fewer cells or more rows need "
            "less, and independence_test permutes Y instead."
        )
        _warnings.warn(note, stacklevel=4)
        return [note]

    def _notes(self, k: int, pid: PID) -> tuple[str, ...]:
        teacher, *students = self.sources
        view = self.views[k]
        both = ((teacher, view.t), (students[k], view.s))
        of_target = self.task.target
        known = (of_target.decision, *of_target.warnings)
        notes = [f"{name}: {note}" for name, x in both for note in x.notes if note not in known]
        chosen = [_note_on_choice(view, teacher, students[k])] if self.chosen_by_auto else []
        first = " ".join([*chosen, *([of_target.decision] if of_target.decision else [])])
        notes = [*([first] if first else []), *notes]
        notes += _note_on_padding({name: self.sources[name] for name in (teacher, students[k])})
        if pid.information_t <= pid.gap:
            notes.append("T knows nothing of Y, so there is no fraction that was distilled.")
        notes += _notes_on_laws(pid)
        others = tuple(f"{name}: " for k_other, name in enumerate(students) if k_other != k)
        caught = map(str, self.caught)
        notes += [text for text in caught if not text.startswith(others)]
        notes = [said_in(pid.units, note) for note in notes]
        return tuple(dict.fromkeys(notes))  # what a summary warned of stands in its notes already


def measure(
    sources: Mapping[str, ArrayLike | Summary],
    Y: ArrayLike,
    *,
    estimator: Estimator | str,
    synergy: bool,
    groups: ArrayLike | None,
    random_state: int | np.random.Generator | None,
    n_jobs: int | None,
) -> Measurement:
    """Check what came in, and look at the teacher (the first source) and each student."""
    seed = _validate.check_seed(random_state)
    _validate.check_n_jobs(n_jobs)
    _validate.check_same_order(**sources, Y=Y, groups=groups)
    target = _target(Y, estimator, sources)
    clean = {name: _checked(X, name) for name, X in sources.items()}
    _check_lengths(clean, target.values)
    codes = None if groups is None else _validate.check_groups(groups, len(target.values))
    chosen = choose(estimator, clean, target)
    estimators = {
        name: X.estimator if isinstance(X, Summary) else chosen for name, X in clean.items()
    }
    task = Task(target, estimators, synergy, seed, codes, n_jobs)
    with _warnings.collecting() as caught:
        warn_of_target(target, in_notes=True)
        views = task.look(clean)
        pids = tuple(view.decompose() for view in views)
        teacher, *students = clean
        for student, pid in zip(students, pids, strict=True):
            _warn_of_excess(target, pid, teacher, student)
    return Measurement(task, clean, views, pids, estimator == "auto", tuple(caught))


def _target(
    Y: ArrayLike, estimator: Estimator | str, sources: Mapping[str, ArrayLike | Summary]
) -> Target:
    """Clean Y as the kind the estimator takes; "auto" follows a summary, where there is one."""
    summaries = [X for X in sources.values() if isinstance(X, Summary)]
    if estimator == "auto" and summaries:
        return read_target(Y, summaries[0].estimator)
    return read_target(Y, estimator)


def _warn_of_excess(target: Target, pid: PID, teacher: str, student: str) -> None:
    """Warn of informations beyond the entropy of Y; of both together only if neither is."""
    bits = {teacher: pid.information_t, student: pid.information_s}
    if max(bits.values()) <= target.entropy and pid.joint_information is not None:
        bits = {"synergy": pid.joint_information}
    warn_of_excess(target, **bits)


def _checked(X: ArrayLike | Summary, name: str) -> Source:
    return X if isinstance(X, Summary) else _validate.check_source(X, name)


def _check_lengths(sources: Sources, y: Array) -> None:
    rows = {name: X.labels if isinstance(X, Summary) else X for name, X in sources.items()}
    _validate.check_same_length(**rows, Y=y)
    for name, X in sources.items():
        if isinstance(X, Summary) and not np.array_equal(X.labels, y):
            raise ValueError(
                f"{name} was summarised with other labels than Y; summarise it with this Y, "
                "row by row in the same order."
            )


def _rows_of(X: Source, rows: Codes, name: str) -> Array:
    if isinstance(X, Summary):
        raise TypeError(
            f"{name} is a Summary by {X.estimator!r}, which has to see resampled data for an "
            "interval; pass the array."
        )
    return X[rows]


def _atoms(views: tuple[View, ...]) -> Floats:
    pids = [view.decompose() for view in views]
    atoms = [(pid.redundancy, pid.unique_t, pid.unique_s, pid.synergy) for pid in pids]
    return np.array([np.nan if atom is None else atom for four in atoms for atom in four])


def _with_refits(
    replicates: Floats, again: Again, samples: resampling.Samples, task: Task
) -> Floats:
    effects = resampling.replicate(
        again.effect_of_refit,
        samples,
        draw=resampling.subsample,
        n_resamples=N_REFITS,
        random_state=task.seed,
        n_jobs=task.n_jobs,
    )
    return resampling.add_refits(replicates, effects, random_state=task.seed)


def _check_enough_groups(samples: resampling.Samples) -> None:
    if samples.groups is not None and samples.n_units < MIN_GROUPS:
        raise ValueError(
            f"groups holds {samples.n_units} groups; an interval needs at least {MIN_GROUPS}, as "
            "fewer say next to nothing of how groups differ, and dozens to be worth much. Pass "
            "more groups, or confidence_level=None."
        )


def _notes_on_resamples(n_valid: int, options: Options, groups: Codes | None) -> list[str]:
    """What limits the trust in intervals and p-value."""
    notes = []
    if groups is not None and (n_groups := int(groups.max()) + 1) < FEW_GROUPS:
        notes.append(
            f"The intervals rest on {n_groups} groups; with fewer than {FEW_GROUPS} they are too "
            "narrow."
        )
    if n_valid < options.n_resamples:
        notes.append(_note_on_unanswered(n_valid, options.n_resamples))
    least = resampling.BORDER_SHARE / (1 + n_valid)
    if least > 0.05:
        notes.append(
            f"{n_valid} resamples allow no p-value of nothing to distil below {least:.2g}; "
            "100 or more do."
        )
    return notes


def _note_on_unanswered(n_valid: int, n_resamples: int) -> str:
    """Say how many resamples had no answer; warn where it is most of them."""
    note = (
        f"{n_resamples - n_valid} of {n_resamples} resamples had no answer, as they hold too few "
        "different rows; the intervals rest on the others, which are not typical."
    )
    if n_valid < MIN_VALID_SHARE * n_resamples:
        _warnings.warn(f"{note} Use more rows.", stacklevel=5)
    return note


def excess_of(measured: Measurement, estimate: float, replicates: Floats) -> float:
    """What sampling adds to plug-in atoms of cells; 0 where an estimator corrects for it."""
    seen = [summary for view in measured.views for summary in (view.t, view.s)]
    if not all(isinstance(x, CellSummary) and x.correction == "none" for x in seen):
        return 0.0
    return resampling.excess(estimate, replicates)


def note_on_bound(name: str, p: float, is_bound: bool, n_valid: int) -> tuple[str, ...]:
    """Say that a p-value at its least is a bound, where it is one of less than 1."""
    if not is_bound or p >= 1:
        return ()
    return (f"{name} is at most {p:.2g}, the least that {n_valid} resamples can show.",)


def _intervals(
    measured: Measurement,
    result: DistillableKnowledge,
    replicates: Floats,
    level: float,
    units: Units,
) -> dict[str, Interval]:
    """Intervals of the atoms and of their sums, by the names of the task.

    None of them can be above the entropy of Y, nor that above the one of even classes.
    """
    highest = from_bits(np.log2(result.n_classes), units) if result.n_classes else np.inf
    found = {}
    for name, which in PARTS.items():
        if result.synergy is None and 3 in which:
            continue
        estimate, own = getattr(result, name), replicates[:, which].sum(axis=1)
        found[name] = resampling.interval(
            estimate,
            own,
            level,
            lowest=0.0,
            highest=highest,
            tolerance=result.pid.gap,
            excess=excess_of(measured, estimate, own),
        )
    return found


def _note_on_padding(sources: Sources) -> list[str]:
    """Say where whole rows of features are 0 in both sources, as padding is."""
    arrays = [X for X in sources.values() if not isinstance(X, Summary)]
    if len(arrays) < len(sources) or any(X.ndim == 1 or X.shape[1] == 1 for X in arrays):
        return []
    n_zero = int((~np.logical_or.reduce([X.any(axis=1) for X in arrays])).sum())
    if not PADDED_SHARE * len(arrays[0]) <= n_zero < len(arrays[0]):
        return []
    return [
        f"{' and '.join(sources)} are all zeros in the same {n_zero} of {len(arrays[0])} rows. If "
        f"they are padding, take them out of every array: keep = {next(iter(sources))}.any(axis=1)."
    ]


def _note_on_choice(view: View, teacher: str, student: str) -> str:
    t, s = view.t.estimator, view.s.estimator
    if t == s:
        return f'estimator="auto" chose {t!r} for {teacher} and {student}.'
    return f'estimator="auto" chose {t!r} for {teacher}, {s!r} for {student}.'


def _notes_on_laws(pid: PID) -> list[str]:
    """What no exact decomposition shows; estimates are reported as they came out."""
    atoms = (pid.redundancy, pid.unique_t, pid.unique_s, pid.synergy)
    negative = [
        f"{name} = {value:.3g}"
        for name, value in zip(ATOMS, atoms, strict=True)
        if value is not None and value < -pid.gap
    ]
    notes = []
    if negative:
        notes.append(
            f"Below 0, where no exact atom is: {', '.join(negative)} {pid.units}. That is sampling "
            "error; constrained() gives the nearest atoms that obey the laws."
        )
    joint = pid.joint_information
    if joint is not None and joint < max(pid.information_t, pid.information_s) - pid.gap:
        notes.append(
            "The joint information came out below that of one source, which no exact one is: "
            "what is estimated of both starves sooner than of one. constrained() lifts it."
        )
    return notes
