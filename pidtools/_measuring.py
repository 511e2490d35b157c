"""From a teacher and its students to atoms, once and on resampled rows.

What every question about knowledge shares: all students meet one summary of the teacher, in
the data and in every resample, so that what is compared is paired.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pidtools import _validate, _warnings, resampling
from pidtools._estimator import Data, Estimator, Lesson, Pair, Summary, summarised
from pidtools._information import from_bits, said_in
from pidtools._knowledge import (
    ATOMS,
    DISTILLABLE,
    QUANTITIES,
    DistillableKnowledge,
    Quantity,
    Unread,
)
from pidtools._learning import lessons
from pidtools._result import PID, UNITS, Interval, Units
from pidtools._target import Target
from pidtools._types import Array, Codes, Floats
from pidtools.estimators import choose, read_target, warn_of_excess, warn_of_target

# Fits on halves of the rows for what `resampled` summaries leave out; together they cost somewhat
# more than the estimate itself.
N_REFITS = 4
# Data sets like the one at hand; the mean of what sampling adds to them errs by a fifth of its own
# scatter.
N_LIKENESSES = 25
# Groups of which a half can still be held out from one another; resamples of fewer show little
# of how groups differ, whatever the estimator.
MIN_GROUPS = 4
# Groups below which intervals are too narrow; benchmarks/coverage_groups.py has the figures.
FEW_GROUPS = 100
# Spreads of the resamples beyond which what sampling adds to atoms of cells is warned of, and bits
# below which nobody need know.
MOST_EXCESS, LEAST_EXCESS = 1.0, 0.005
# Share of rows that are all zeros, from which it is said.
PADDED_SHARE = 0.01
# A unique part from which sources may be layers of one network in the wrong order, in bits: as
# long as the other one has no more than a share of it, and rows that are missing may be the reason.
# What a layer holds beyond its reading is up to twice what a slow learning curve allows for (first
# layer of benchmarks/decodable_layers.py).
MISPLACED, SHARE_OF_OTHER, TIMES_UNREAD = 0.02, 0.1, 3.0
# Share of resamples with an answer below which there is a warning.
MIN_VALID_SHARE = 0.5

Given = Array | Summary


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
class Again:
    """The whole estimate on resampled rows: the atoms of each pair, one after the other.

    However many pairs a source is in, it is resampled once.
    """

    pairs: tuple[Pair[Any], ...]

    def __call__(self, rows: Codes) -> Floats:
        again = _once_each(lambda x: x.resampled(rows))
        pairs = [pair.resampled(again(pair.t), again(pair.s), rows) for pair in self.pairs]
        return _atoms([pair.pid() for pair in pairs])

    @classmethod
    def of(cls, pairs: tuple[Pair[Any], ...]) -> Again:
        """Of pairs without the data that no resample looks at."""
        light = _once_each(Summary.to_resample)
        return cls(tuple(dataclasses.replace(p, t=light(p.t), s=light(p.s)) for p in pairs))

    @property
    def keeps_fits(self) -> bool:
        """Whether resampled rows are weighed with the fits of all rows."""
        t: Summary = self.pairs[0].t
        return t.resamples == "fits"

    def effect_of_refit(self, rows: Codes) -> Floats:
        """What fitting afresh on these rows changes."""
        again = _once_each(lambda x: x.refitted(rows))
        pairs = [pair.refitted(again(pair.t), again(pair.s), rows) for pair in self.pairs]
        return _atoms([pair.pid() for pair in pairs]) - self(rows)


def _once_each(change: Callable[[Summary], Summary]) -> Callable[[Summary], Summary]:
    """The change, made once of each summary."""
    done: dict[int, Summary] = {}

    def changed(x: Summary) -> Summary:
        if id(x) not in done:
            done[id(x)] = change(x)
        return done[id(x)]

    return changed


def _atoms(pids: list[PID]) -> Floats:
    return np.array([np.nan if atom is None else atom for pid in pids for atom in pid.atoms])


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """A teacher and its students as they were seen, and what was warned of on the way.

    Attributes
    ----------
    teacher, students : str and tuple of str
        What the caller names them.
    pairs, pids : tuples of Pair and of PID
        One a student.
    heard : tuple of str
        What was warned of.
    replicates : ndarray of float64, shape (n_resamples, n_students, 4), or None
        Atoms in bits on resampled rows, if asked for.
    errors : ndarray of float64, shape (n_likenesses, n_students, 4), or None
        Errors of the atoms in bits in data like these whose atoms are known.
    of_lessons : tuple of str
        What is to be said of rows that were only learned from.
    """

    options: Options
    target: Target
    groups: Codes | None
    teacher: str
    students: tuple[str, ...]
    pairs: tuple[Pair[Any], ...]
    pids: tuple[PID, ...]
    chosen_by_auto: bool
    heard: tuple[str, ...]
    replicates: Floats | None = None
    errors: Floats | None = None
    of_lessons: tuple[str, ...] = ()

    @property
    def n_samples(self) -> int:
        """Number of rows."""
        return len(self.target.values)

    @cached_property
    def results(self) -> tuple[DistillableKnowledge, ...]:
        """One result a student, in the order of the students."""
        return tuple(self._result(k) for k in range(len(self.pairs)))

    def scatter(
        self, quantity: Quantity, k: int, *, less: int | None = None, units: Units = "bits"
    ) -> resampling.Scatter:
        """Of a quantity of one student, or of its difference from that of another."""
        unit = from_bits(1.0, units)

        def total(atoms: Floats) -> Floats:
            each = quantity.total(atoms) * unit
            found: Floats = each[..., k] if less is None else each[..., k] - each[..., less]
            return found

        if self.replicates is None:
            raise ValueError("Nothing was resampled.")
        return resampling.Scatter.of(
            float(total(_atoms(list(self.pids)).reshape(-1, 4))),
            total(self.replicates),
            None if self.errors is None else total(self.errors),
            is_plug_in=self.is_plug_in,
        )

    @property
    def is_plug_in(self) -> bool:
        """Whether sampling adds to all that is compared and nothing corrects for it."""
        return all(pair.t.is_plug_in and pair.s.is_plug_in for pair in self.pairs)

    def doubts(self) -> list[str]:
        """What is to be warned of in the intervals, in bits."""
        if self.replicates is None:
            return []
        found = []
        for k in range(len(self.pids)):
            own = self.replicates[:, k]
            if _n_valid(own) < MIN_VALID_SHARE * len(own):
                found.append(f"{_note_on_unanswered(own)} Use more rows.")
            found += self._notes_on_excess(k)
        return found

    def _result(self, k: int) -> DistillableKnowledge:
        units, level = self.options.units, self.options.confidence_level
        pair, pid = self.pairs[k], self.pids[k].in_units(units)
        result = DistillableKnowledge(
            pid=pid,
            estimator_t=pair.t.estimator,
            estimator_s=pair.s.estimator,
            n_samples=self.n_samples,
            n_classes=self.target.n_classes,
            notes=self._notes(k),
        )
        if self.replicates is None or level is None:
            return result
        in_bits = self.replicates[:, k]
        distillable = self.scatter(DISTILLABLE, k, units=units)
        # What S was not read to know may be the very thing.
        tolerance = pid.gap + from_bits(pair.s.unread, units)
        p = resampling.p_above_border(
            result.distillable,
            distillable.replicates,
            tolerance=tolerance,
            excess=distillable.excess,
        )
        is_bound = resampling.is_least(p, distillable.replicates, resampling.BORDER_SHARE)
        notes = [
            *_notes_on_resamples(in_bits, self.groups),
            *self._notes_on_excess(k),
            *note_on_bound("p_distillable", p, is_bound, _n_valid(in_bits)),
        ]
        return dataclasses.replace(
            result,
            notes=(*result.notes, *(said_in(units, note) for note in notes)),
            intervals=self._intervals(k, result, level),
            p_distillable=p,
            p_distillable_is_bound=is_bound,
        )

    def unread(self, k: int) -> Unread:
        """What the sources of one student may hold beyond what was read, in the units asked for."""
        pair, unit = self.pairs[k], from_bits(1.0, self.options.units)
        return Unread(pair.t.unread * unit, pair.s.unread * unit, pair.unread_together * unit)

    def _intervals(self, k: int, result: DistillableKnowledge, level: float) -> dict[str, Interval]:
        """Intervals of the atoms and of their sums, by the names of the task.

        None of them can be above the entropy of Y, nor that above the one of even classes.
        """
        highest = np.inf
        if result.n_classes:
            highest = from_bits(np.log2(result.n_classes), result.units)
        found = {}
        for quantity in QUANTITIES:
            if (estimate := quantity.of(result)) is None:
                continue
            own = self.scatter(quantity, k, units=result.units)
            spread = resampling.interval(
                estimate,
                own.replicates,
                level,
                lowest=0.0,
                highest=highest,
                tolerance=result.pid.gap,
                excess=own.excess,
            )
            down, up = self.unread(k).off(quantity)
            found[quantity.name] = spread.widened(down, up, 0.0, highest)
        return found

    def _notes_on_decoding(self, pair: Pair[Any]) -> list[str]:
        if not (pair.t.estimator.decodes and pair.s.estimator.decodes):
            return []
        return [
            "Informations are what classifiers can decode from "
            f"{self.n_samples} rows (usable information), which may be less than the sources hold."
        ]

    def _notes_on_excess(self, k: int) -> list[str]:
        """Say where sampling adds more to atoms of cells than they scatter."""
        if self.replicates is None:
            return []
        distillable = self.scatter(DISTILLABLE, k)
        # No more can have been added than there is.
        excess = min(max((0.0, *distillable.excess)), self.pids[k].unique_t)
        spread = float(np.nanstd(distillable.replicates))
        if excess <= max(MOST_EXCESS * spread, LEAST_EXCESS):
            return []
        return [
            f"The cells are many for {self.n_samples} rows: sampling alone adds about "
            f"{excess:.2g} bits to distillable, where resamples scatter by {spread:.2g} bits. "
            "Intervals and p-values allow for so much; fewer cells or more rows need less, and "
            "independence_test permutes Y instead."
        ]

    def _notes(self, k: int) -> tuple[str, ...]:
        pair, pid, student = self.pairs[k], self.pids[k], self.students[k]
        of_target = self.target
        known = (of_target.decision, *of_target.warnings)
        both = ((self.teacher, pair.t), (student, pair.s))
        notes = [f"{name}: {note}" for name, x in both for note in x.notes if note not in known]
        chosen = [_note_on_choice(pair, self.teacher, student)] if self.chosen_by_auto else []
        first = " ".join([*chosen, *([of_target.decision] if of_target.decision else [])])
        notes = [
            *([first] if first else []),
            *self._notes_on_decoding(pair),
            *self.of_lessons,
            *notes,
        ]
        notes += _notes_on_order(pair, pid, self.teacher, student)
        notes += _note_on_padding(dict(both))
        if pid.information_t <= pid.gap:
            notes.append("T knows nothing of Y, so there is no fraction that was distilled.")
        notes += _notes_on_laws(pid.in_units(self.options.units))
        others = tuple(f"{name}: " for name in self.students if name != student)
        notes += [text for text in self.heard if not text.startswith(others)]
        notes = [said_in(self.options.units, note) for note in notes]
        return tuple(dict.fromkeys(notes))  # what a summary warned of stands in its notes already


def measure(
    T: ArrayLike | Summary,
    students: Mapping[str, ArrayLike | Summary],
    Y: ArrayLike,
    *,
    teacher: str = "T",
    fit_on: tuple[ArrayLike, ...] | None = None,
    estimator: Estimator[Any] | str,
    options: Options,
    synergy: bool,
    groups: ArrayLike | None,
    random_state: int | np.random.Generator | None,
    n_jobs: int | None,
) -> Measurement:
    """Check what came in, look at the teacher and each student, and resample where asked to."""
    seed = _validate.check_seed(random_state)
    _validate.check_n_jobs(n_jobs)
    sources = {teacher: T, **students}
    _validate.check_same_order(**sources, Y=Y, groups=groups)
    target = _target(Y, estimator, sources)
    clean = {name: _checked(X, name) for name, X in sources.items()}
    _check_lengths(clean, target.values)
    codes = None if groups is None else _validate.check_groups(groups, len(target.values))
    chosen = choose(estimator, clean, target)
    taught, said = _lessons(fit_on, clean, Y, target)
    with _warnings.noting() as heard:
        warn_of_target(target, in_notes=True)
        found = {
            name: X
            if isinstance(X, Summary)
            else summarised(
                chosen, Data(X, name, codes, seed, taught.get(name)), target.values, n_jobs=n_jobs
            )
            for name, X in clean.items()
        }
        pairs = _pairs(found, teacher, synergy=synergy, n_jobs=n_jobs)
        pids = tuple(pair.pid() for pair in pairs)
        for student, pid in zip(students, pids, strict=True):
            _warn_of_excess(target, pid, teacher, student)
    measured = Measurement(
        options=options,
        target=target,
        groups=codes,
        teacher=teacher,
        students=tuple(students),
        pairs=pairs,
        pids=pids,
        chosen_by_auto=isinstance(estimator, str) and estimator == "auto",
        heard=tuple(heard),
        of_lessons=said,
    )
    if options.confidence_level is None:
        return measured
    replicates = _replicates(Again.of(pairs), measured, seed, n_jobs)
    errors = _errors(measured, seed, n_jobs)
    measured = dataclasses.replace(measured, replicates=replicates, errors=errors)
    for text in measured.doubts():
        _warnings.warn(text)
    return measured


def _lessons(
    fit_on: tuple[ArrayLike, ...] | None, clean: Mapping[str, Given], Y: ArrayLike, target: Target
) -> tuple[dict[str, Lesson], tuple[str, ...]]:
    if fit_on is None:
        return {}, ()
    arrays = {name: X for name, X in clean.items() if not isinstance(X, Summary)}
    if len(arrays) < len(clean):
        raise TypeError("fit_on goes with arrays; give a Summary its fit_on in summarise.")
    return lessons(fit_on, arrays, Y, target)


def _pairs(
    found: Mapping[str, Summary], teacher: str, *, synergy: bool, n_jobs: int | None
) -> tuple[Pair[Any], ...]:
    t, pairs = found[teacher], []
    for name, s in found.items():
        if name == teacher:
            continue
        if type(t) is not type(s):
            raise TypeError(
                f"{teacher} and {name} must be summarised in the same way to be compared: "
                f"{teacher} by {t.estimator!r}, {name} by {s.estimator!r}."
            )
        pairs.append(t.estimator.pair(t, s, synergy=synergy, n_jobs=n_jobs))
    return tuple(pairs)


def _replicates(again: Again, measured: Measurement, seed: int, n_jobs: int | None) -> Floats:
    """Atoms in bits on resampled rows, shape (n_resamples, n_students, 4)."""
    samples = resampling.Samples(measured.n_samples, measured.groups)
    _check_enough_groups(samples)
    options = measured.options
    found = resampling.replicate(
        again,
        samples,
        n_resamples=options.n_resamples,
        random_state=seed,
        n_jobs=n_jobs,
        progress=options.progress,
    )
    if again.keeps_fits:
        effects = resampling.replicate(
            again.effect_of_refit,
            samples,
            draw=resampling.subsample,
            n_resamples=N_REFITS,
            random_state=seed,
            n_jobs=n_jobs,
        )
        found = resampling.add_refits(found, effects, random_state=seed)
    return found.reshape(options.n_resamples, len(measured.pairs), 4)


def _errors(measured: Measurement, seed: int, n_jobs: int | None) -> Floats | None:
    """Errors of the atoms in data like these, in bits, shape (n_likenesses, n_students, 4).

    All pairs meet the same rows and luck, so that what they share cancels between them.
    """
    samples = resampling.Samples(measured.n_samples, measured.groups)
    found = []
    for pair in measured.pairs:
        with _warnings.collecting():
            like = pair.likeness()
        if like is None:
            return None
        drawn = resampling.replicate(
            like,
            samples,
            draw=resampling.with_luck,
            n_resamples=N_LIKENESSES,
            random_state=seed,
            n_jobs=n_jobs,
        )
        found.append(drawn - like.atoms)
    return np.stack(found, axis=1)


def _target(
    Y: ArrayLike, estimator: Estimator[Any] | str, sources: Mapping[str, ArrayLike | Summary]
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


def _checked(X: ArrayLike | Summary, name: str) -> Given:
    return X if isinstance(X, Summary) else _validate.check_source(X, name)


def _check_lengths(sources: Mapping[str, Given], y: Array) -> None:
    rows = {name: X.labels if isinstance(X, Summary) else X for name, X in sources.items()}
    _validate.check_same_length(**rows, Y=y)
    for name, X in sources.items():
        if isinstance(X, Summary) and not np.array_equal(X.labels, y):
            raise ValueError(
                f"{name} was summarised with other labels than Y; summarise it with this Y, "
                "row by row in the same order."
            )


def _check_enough_groups(samples: resampling.Samples) -> None:
    if samples.groups is not None and samples.n_units < MIN_GROUPS:
        raise ValueError(
            f"groups holds {samples.n_units} groups; an interval needs at least {MIN_GROUPS}, as "
            "fewer say next to nothing of how groups differ, and dozens to be worth much. Pass "
            "more groups, or confidence_level=None."
        )


def _n_valid(replicates: Floats) -> int:
    return int((~np.isnan(replicates[:, :3]).any(axis=1)).sum())


def _notes_on_resamples(replicates: Floats, groups: Codes | None) -> list[str]:
    """What limits the trust in intervals and p-value."""
    notes, n_valid = [], _n_valid(replicates)
    if groups is not None and (n_groups := int(groups.max()) + 1) < FEW_GROUPS:
        notes.append(
            f"The intervals rest on {n_groups} groups; with fewer than {FEW_GROUPS} they are too "
            "narrow."
        )
    if n_valid < len(replicates):
        notes.append(_note_on_unanswered(replicates))
    least = resampling.BORDER_SHARE / (1 + n_valid)
    if least > 0.05:
        notes.append(
            f"{n_valid} resamples allow no p-value of nothing to distil below {least:.2g}; "
            "100 or more do."
        )
    return notes


def _note_on_unanswered(replicates: Floats) -> str:
    n_missing = len(replicates) - _n_valid(replicates)
    return (
        f"{n_missing} of {len(replicates)} resamples had no answer, as they hold too few "
        "different rows; the intervals rest on the others, which are not typical."
    )


def note_on_bound(name: str, p: float, is_bound: bool, n_valid: int) -> tuple[str, ...]:
    """Say that a p-value at its least is a bound, where it is one of less than 1."""
    if not is_bound or p >= 1:
        return ()
    return (f"{name} is at most {p:.2g}, the least that {n_valid} resamples can show.",)


def _note_on_padding(sources: Mapping[str, Summary]) -> list[str]:
    """Say where whole rows of features are 0 in both sources, as padding is."""
    arrays = [x.data.X for x in sources.values() if x.data is not None]
    if len(arrays) < len(sources) or any(X.ndim == 1 or X.shape[1] == 1 for X in arrays):
        return []
    n_zero = int((~np.logical_or.reduce([X.any(axis=1) for X in arrays])).sum())
    if not PADDED_SHARE * len(arrays[0]) <= n_zero < len(arrays[0]):
        return []
    return [
        f"{' and '.join(sources)} are all zeros in the same {n_zero} of {len(arrays[0])} rows. If "
        f"they are padding, take them out of every array: keep = {next(iter(sources))}.any(axis=1)."
    ]


def _note_on_choice(pair: Pair[Any], teacher: str, student: str) -> str:
    t, s = pair.t.estimator, pair.s.estimator
    if t == s:
        return f'estimator="auto" chose {t!r} for {teacher} and {student}.'
    return f'estimator="auto" chose {t!r} for {teacher}, {s!r} for {student}.'


def _notes_on_order(pair: Pair[Any], pid: PID, teacher: str, student: str) -> list[str]:
    """Say what to do if one source is a later layer of the other's network, and looks richer."""
    uniques = {(teacher, student): pid.unique_t, (student, teacher): pid.unique_s}
    unread = {teacher: pair.t.unread, student: pair.s.unread}
    notes = []
    for (rich, poor), unique in uniques.items():
        other = uniques[poor, rich]
        apart = unique > MISPLACED and other <= SHARE_OF_OTHER * unique
        # Students hardly ever hold all of a teacher and more.
        most = TIMES_UNREAD * unread[poor] if rich == teacher else np.inf
        if apart and unread[poor] > 0 and unique <= most:
            notes.append(
                f"{rich} seems to add {unique:.2g} bits to {poor}, which more rows may show to be "
                f"in {poor}. If {rich} is a later layer of the same network, it adds nothing: let "
                f"{poor} hear it, summarise({poor}, Y, hears=[summarise({rich}, Y)]), or give "
                "rows to learn from by fit_on."
            )
    return notes


def _notes_on_laws(pid: PID) -> list[str]:
    """What no exact decomposition shows; estimates are reported as they came out."""
    negative = [
        f"{atom.name} = {value:.3g}"
        for atom, value in zip(ATOMS, pid.atoms, strict=True)
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
