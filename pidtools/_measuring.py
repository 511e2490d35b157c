"""From a teacher and its students to atoms, once and on resampled rows.

What every question about knowledge shares: all students meet one summary of the teacher, in
the data and in every resample, so that what is compared is paired.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from pidtools import _progress, _tasks, _validate, _warnings, activations, resampling
from pidtools._ahead import LIKENESSES, N_REFITS, REFITTING, SCORING, Ahead
from pidtools._cache import Cache, is_lasting
from pidtools._estimator import Data, Estimator, Lesson, Pair, Summary, reads_minus_infinity
from pidtools._ignored import Counted, IgnoreLabel
from pidtools._information import from_bits, remarks_in
from pidtools._knowledge import (
    ATOMS,
    DISTILLABLE,
    QUANTITIES,
    STUDENT_ONLY,
    SYNERGY,
    DistillableKnowledge,
    Quantity,
    Unread,
)
from pidtools._layers import Best, ranked
from pidtools._lazy_rows import Source, blocks_of
from pidtools._learning import lessons
from pidtools._looking import Kept, Looks
from pidtools._pairing import Meeting, Pairs
from pidtools._probe.estimator import WORTH_SAYING
from pidtools._remarks import Kind, Rank, Remark, arranged
from pidtools._result import NATS_PER_BIT, PID, UNITS, Interval, Units
from pidtools._scores import Scores
from pidtools._target import Target
from pidtools._types import Array, Bools, Codes, Floats
from pidtools._where import ClassKnowledge, ClassTable, PairKnowledge, PairTable
from pidtools.estimators import choose, read_target, warn_of_excess, warn_of_target

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
NOTE_ON_MAIN = (
    "The estimator is defined in the program that runs, which another run can't be told from: "
    "nothing is kept in cache_dir. Define it in a module of its own."
)
# Share of resamples with an answer below which there is a warning.
MIN_VALID_SHARE = 0.5

Given = Source | Summary
Uncertainty = Literal["bootstrap", "analytic"]
UNCERTAINTIES = ("bootstrap", "analytic")
# Standard errors from 0 up to which a unique information is at its border: its duals are not
# unique there, and it strays to one side.
AT_BORDER = 3.0
ON_BORDER = Remark(
    f"what is distillable is within {AT_BORDER:g} standard errors of 0, where first order says too "
    "little: intervals come from resamples.",
    "detail",
    Rank.interval,
)
ON_FEW = Remark(
    f"what is distillable is within {AT_BORDER:g} standard errors of 0, where first order says too "
    "little: a few resamples tell how far it scatters.",
    "detail",
    Rank.interval,
)
WITHOUT_TABLES = Remark(
    "these atoms don't come from two tables of classes: intervals come from resamples.",
    "detail",
    Rank.interval,
)
ON_STUDENT = Remark(
    "what the student alone knows is so near to 0 that it has no analytic interval; "
    'uncertainty="bootstrap" gives one.',
    "note",
    Rank.interval,
)
# Bits below 0 that the numbers as they are shown don't have.
SEEN_AS_0 = 5e-5
# What remarks on the p-value of a result are of.
TESTED = "p_distillable"
# Numbers below 0 by more than so many of what sampling moves them by are more than chance.
BEYOND_CHANCE = 3.0
# Of the tolerance of the atoms.
ROUGH = 10.0
# Resamples of a pair at a border where many pairs are looked at, for a twentieth of the time: a
# spread that is good to a fifth, which is allowed for by what Student's t asks of so few.
N_AT_BORDER, FOR_SO_FEW = 12, 1.12
# Standard errors of `distillable`, above which what sampling adds to cells is looked into.
MOST_BIAS = 0.5


@dataclass(frozen=True)
class Options:
    """What a call asks of the uncertainty, checked.

    Attributes
    ----------
    n_at_border : int or None
        Resamples that show how far a pair at a border scatters, where first order can't: fewer
        where many pairs are looked at, without fits anew. None takes `n_resamples` and the fits.
    """

    units: Units
    confidence_level: float | None
    n_resamples: int
    progress: bool | None
    uncertainty: Uncertainty = "bootstrap"
    n_at_border: int | None = None

    @classmethod
    def checked(
        cls,
        units: Any,
        confidence_level: Any,
        n_resamples: Any,
        progress: Any,
        uncertainty: Any = "bootstrap",
    ) -> Options:
        """The options, or an error that names the one that is wrong."""
        _validate.check_choice(units, "units", UNITS)
        _validate.check_choice(uncertainty, "uncertainty", UNCERTAINTIES)
        level = _validate.check_confidence_level(confidence_level)
        n = _validate.check_integer(n_resamples, "n_resamples", minimum=10)
        return cls(units, level, n, _progress.checked(progress), uncertainty)

    def ahead(self, names: Sequence[tuple[str, str]], *, synergy: bool) -> Ahead:
        """What pairs will be asked for."""
        return Ahead(
            names=names,
            n_resamples=0 if self.confidence_level is None else self.n_resamples,
            is_analytic=self.uncertainty == "analytic",
            synergy=synergy,
        )


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


@dataclass(frozen=True, eq=False)
class FirstOrder:
    """How the atoms of pairs scatter, to first order: without a solve and without a fit.

    Attributes
    ----------
    atoms : ndarray of float64, shape (n_pairs, 4)
        On all rows, in bits.
    scores : ndarray of float64, shape (n_samples, n_pairs * 4)
        Of each row, 0 in the mean.
    of_fits : ndarray of float64, shape (n_fits, n_pairs, 4)
        What a standard error of the excess loss of each source, and of each pair's both sources
        together, adds to the atoms.
    """

    atoms: Floats
    scores: Floats
    of_fits: Floats

    @classmethod
    def of(cls, measured: Measurement) -> FirstOrder:
        """Of pairs whose atoms come from tables; refused for others."""
        place = {name: k for k, name in enumerate(dict.fromkeys(sum(measured.names, ())))}
        n_pairs, scores = len(measured.pairs), []
        of_fits = np.zeros((len(place) + n_pairs, n_pairs, 4))
        with _progress.step(SCORING, n_pairs, counted=True) as advance:
            found = _tasks.run(
                _first_order,
                list(zip(measured.pairs, measured.pids, strict=True)),
                n_jobs=measured.n_jobs,
                by="memory",
                done=lambda k, answer, texts: advance(),
            )
        for k, ((own, of_both, fit_both), texts) in enumerate(found):
            for text in texts:
                _warnings.warn(text)
            scores.append(own)
            for name, added in zip(measured.names[k], of_both, strict=True):
                of_fits[place[name], k] = added
            of_fits[len(place) + k, k, 3] = fit_both
        rows = np.hstack(scores)
        atoms = _atoms(list(measured.pids)).reshape(-1, 4)
        return cls(atoms, rows - rows.mean(axis=0), of_fits)

    def replicates(
        self, samples: resampling.Samples, n_resamples: int, random_state: int
    ) -> Floats:
        """Atoms in fresh data, shape (n_resamples, n_pairs, 4), with their joint covariance."""
        rng = np.random.default_rng(random_state)
        unknown = np.isnan(self.scores[:1])
        moved = resampling.of_means(np.where(unknown, 0.0, self.scores), samples, n_resamples, rng)
        luck = rng.normal(size=(n_resamples, len(self.of_fits)))
        of_fits = np.tensordot(luck, self.of_fits, axes=1)
        replicates: Floats = self.atoms + moved.reshape(n_resamples, -1, 4) + of_fits
        return replicates


def _first_order(given: tuple[Pair[Any], PID]) -> tuple[Floats, tuple[Floats, ...], float]:
    """Scores of the rows of a pair, and what fitting adds to its atoms."""
    pair, pid = given
    tables = pair.tables()
    # Prices for a standard error need fewer digits than those of classes.
    found = Scores(dataclasses.replace(tables, tolerance=ROUGH * tables.tolerance), pid)
    return found.by_row(), tuple(found.of_fits()), found.tables.fit_both


@dataclass(frozen=True, eq=False)
class _OfClasses:
    """Parts of the atoms of each class on resampled rows; NaN for classes without a row."""

    pair: Pair[Any]
    n_classes: int

    def __call__(self, rows: Codes) -> Floats:
        again = _once_each(lambda x: x.resampled(rows))
        pair = self.pair.resampled(again(self.pair.t), again(self.pair.s), rows)
        scores, found = Scores(pair.tables(), pair.pid()), np.full((self.n_classes, 3), np.nan)
        seen = np.flatnonzero(scores.shares > 0)
        found[seen] = scores.by_class()[seen]
        return found.reshape(-1)


@dataclass(frozen=True, kw_only=True, eq=False)
class LocatedPair:
    """Where the numbers of a pair come from, in the units of its result.

    Attributes
    ----------
    labels : list
        Of the classes, in rising order.
    groups : ndarray of int64, shape (n_samples,), or None
    seed : int
        Of the resamples behind intervals of classes.
    """

    pair: Pair[Any]
    pid: PID
    labels: list[Any]
    options: Options
    groups: Codes | None
    seed: int
    n_jobs: int | None

    @cached_property
    def scores(self) -> Scores:
        """Found when they are asked for."""
        return Scores(self.pair.tables(), self.pid)

    def by_class(self) -> ClassTable:
        """Of each class, with intervals where the result has them."""
        return self._classes

    @cached_property
    def _classes(self) -> ClassTable:
        values = from_bits(1.0, self.options.units) * self.scores.by_class()
        counts = self._counts()
        spreads = self._spreads(values)
        rows = [
            ClassKnowledge(
                label=label,
                share=float(n / counts.sum()),
                n_samples=int(n),
                distilled=float(own[0]),
                distillable=float(own[1]),
                student_only=float(own[2]),
                intervals=spread if n > 1 else {},
            )
            for label, n, own, spread in zip(self.labels, counts, values, spreads, strict=True)
        ]
        return ClassTable(tuple(rows), self.options.units)

    def by_pair(self) -> PairTable:
        """Of each pair of classes."""
        counts = self._counts()
        values = from_bits(1.0, self.options.units) * self.scores.by_pair()
        rows = [
            PairKnowledge(
                label_a=self.labels[a],
                label_b=self.labels[b],
                share=float((counts[a] + counts[b]) / counts.sum()),
                n_samples=int(counts[a] + counts[b]),
                distilled=float(own[0]),
                distillable=float(own[1]),
                student_only=float(own[2]),
            )
            for a, b, own in zip(*np.triu_indices(len(counts), 1), values, strict=True)
        ]
        return PairTable(tuple(rows), self.options.units)

    def of_rows(self, total: Callable[[Floats], Floats]) -> Floats:
        """Of each row, of a sum of atoms."""
        return from_bits(1.0, self.options.units) * total(self.scores.by_row())

    def labels_of(self, rows: Codes) -> list[Any]:
        """The classes of rows, as they stand in Y."""
        return [self.labels[k] for k in self.pair.s.labels[rows]]

    def _counts(self) -> Codes:
        return np.bincount(self.pair.s.labels, minlength=len(self.labels))

    def _spreads(self, values: Floats) -> list[dict[str, Interval]]:
        level = self.options.confidence_level
        if level is None:
            return [{} for _ in values]
        found = resampling.replicate(
            _OfClasses(self.pair, len(values)),
            resampling.Samples(self.pair.s.n_samples, self.groups),
            n_resamples=self.options.n_resamples,
            random_state=self.seed,
            n_jobs=self.n_jobs,
            progress=self.options.progress,
        )
        found = from_bits(1.0, self.options.units) * found.reshape(len(found), *values.shape)
        is_plug_in = self.pair.t.is_plug_in and self.pair.s.is_plug_in
        spreads = []
        for k, own in enumerate(values):
            intervals = {}
            for name, j in (("distillable", 1), ("distilled", 0), ("student_only", 2)):
                replicates = found[:, k, j]
                if not np.isfinite(replicates).any():
                    continue
                excess = [resampling.excess(own[j], replicates)] if is_plug_in else []
                intervals[name] = resampling.interval(
                    float(own[j]),
                    replicates,
                    level,
                    lowest=-np.inf if name == "distilled" else 0.0,
                    tolerance=from_bits(self.pid.gap, self.options.units),
                    excess=excess,
                )
            spreads.append(intervals)
        return spreads


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
    """Pairs of teacher and student as they were seen, and what was warned of on the way.

    Attributes
    ----------
    names : tuple of (str, str)
        What the caller calls teacher and student of each pair.
    pairs, pids : tuples of Pair and of PID
        One for each of the names.
    heard : tuple of Remark
        What was warned of.
    heard_of : mapping of (str, str) to sequence of Remark
        What was warned of when each pair was solved.
    replicates : ndarray of float64, shape (n_resamples, n_pairs, 4), or None
        Atoms in bits on resampled rows, if asked for.
    errors : ndarray of float64, shape (n_likenesses, n_pairs, 4), or None
        Errors of the atoms in bits in data like these whose atoms are known.
    of_lessons : tuple of Remark
        What is to be said of rows that were only learned from.
    seed : int
        Of whatever is drawn.
    unsure : frozenset of (int, str)
        Pairs and quantities whose replicates say nothing.
    of_uncertainty : mapping of int to tuple of Remark
        What is to be said of how the uncertainty of a pair was found.
    failed : mapping of (str, str) to str
        Why there is no answer, by the names of other pairs that were asked for.
    """

    options: Options
    target: Target
    groups: Codes | None
    names: tuple[tuple[str, str], ...]
    pairs: tuple[Pair[Any], ...]
    pids: tuple[PID, ...]
    chosen_by_auto: bool
    heard: tuple[Remark, ...]
    heard_of: Mapping[tuple[str, str], Sequence[Remark]] = field(default_factory=dict)
    replicates: Floats | None = None
    errors: Floats | None = None
    of_lessons: tuple[Remark, ...] = ()
    seed: int = 0
    n_jobs: int | None = None
    unsure: frozenset[tuple[int, str]] = frozenset()
    of_uncertainty: Mapping[int, tuple[Remark, ...]] = field(default_factory=dict)
    failed: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @property
    def n_samples(self) -> int:
        """Number of rows."""
        return len(self.target.values)

    @cached_property
    def results(self) -> tuple[DistillableKnowledge, ...]:
        """One result a pair, in their order."""
        return tuple(self._result(k) for k in range(len(self.pairs)))

    def scatter(
        self, quantity: Quantity, k: int, *, less: int | None = None, units: Units = "bits"
    ) -> resampling.Scatter:
        """Of a quantity of one pair, or of its difference from that of another."""
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

    def doubts(self) -> list[Remark]:
        """What is to be warned of in atoms and intervals, in bits."""
        return [doubt for k in range(len(self.pids)) for doubt in self._doubts(k)]

    def _doubts(self, k: int) -> list[Remark]:
        found = [*self._below_0(k, "warning"), *self._on_excess(k)]
        if self.replicates is not None:
            own = self.replicates[:, k]
            if _n_valid(own) < MIN_VALID_SHARE * len(own):
                found.append(_on_unanswered(own))
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
            remarks=self._remarks(k),
            _located=self._located(k),
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
        remarks = [
            *_on_resamples(in_bits, self.groups),
            *self.of_uncertainty.get(k, ()),
            *on_bound(TESTED, p, is_bound, _n_valid(in_bits), self.options.uncertainty),
        ]
        return dataclasses.replace(
            result,
            remarks=arranged((*result.remarks, *remarks_in(units, remarks))),
            intervals=self._intervals(k, result, level),
            p_distillable=p,
            p_distillable_is_bound=is_bound,
        )

    def _located(self, k: int) -> LocatedPair | None:
        if self.target.n_classes is None or not self.pairs[k].has_tables:
            return None
        return LocatedPair(
            pair=self.pairs[k].to_keep(),
            pid=self.pids[k],
            labels=self.target.labels,
            options=self.options,
            groups=self.groups,
            seed=self.seed,
            n_jobs=self.n_jobs,
        )

    def unread(self, k: int) -> Unread:
        """What the sources of one pair may hold beyond what was read, in the units asked for."""
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
            if (estimate := quantity.of(result)) is None or (k, quantity.name) in self.unsure:
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

    def _on_decoding(self, pair: Pair[Any]) -> list[Remark]:
        """What the numbers are, where no note says of a source how much more it may hold."""
        if not (pair.t.estimator.decodes and pair.s.estimator.decodes):
            return []
        if max(pair.t.unread, pair.s.unread) > WORTH_SAYING:
            return []
        text = (
            f"the numbers are what classifiers can read from {self.n_samples} rows; a layer may "
            "hold more of Y, which more rows or better classifiers would show."
        )
        return [Remark(text, "note", Rank.general)]

    def _on_excess(self, k: int) -> list[Remark]:
        """Say where sampling adds more to atoms of cells than they scatter."""
        if self.replicates is None:
            return []
        distillable = self.scatter(DISTILLABLE, k)
        # No more can have been added than there is.
        excess = min(max((0.0, *distillable.excess)), self.pids[k].unique_t)
        spread = float(np.nanstd(distillable.replicates))
        if excess <= max(MOST_EXCESS * spread, LEAST_EXCESS):
            return []
        text = (
            f"the cells are many for {self.n_samples} rows; sampling alone adds about "
            f"{excess:.2g} bits to distillable, where resamples scatter by {spread:.2g} bits. "
            "Intervals and p-values allow for so much; fewer cells or more rows need less, and "
            "independence_test permutes Y instead."
        )
        return [Remark(text, "warning", Rank.starved)]

    def _below_0(self, k: int, kind: Kind) -> list[Remark]:
        """Atoms below 0: a warning of those that chance does not explain, a note on the others.

        What rows add to an atom is at most about the entropy of even classes, or of an amount a
        nat for each of its columns; where atoms were resampled, their own scatter is taken.
        """
        pid, n = self.pids[k], self.n_samples
        if self.groups is not None:
            n = int(self.groups.max()) + 1
        classes, columns = self.target.n_classes, self.target.values[:1].size
        of_row = np.sqrt(columns) / NATS_PER_BIT if classes is None else max(np.log2(classes), 1.0)
        spreads = np.full(4, of_row / np.sqrt(n))
        if self.replicates is not None and _n_valid(self.replicates[:, k]) > 1:
            own = self.replicates[:, k]
            spreads = own[~np.isnan(own[:, :3]).any(axis=1)].std(axis=0)
        grave: list[tuple[Quantity, str]] = []
        small: list[tuple[Quantity, str]] = []
        for atom, value, spread in zip(ATOMS, pid.atoms, spreads, strict=True):
            if value is None or value >= -max(pid.gap, SEEN_AS_0):
                continue
            chance = max(BEYOND_CHANCE * spread, LEAST_EXCESS) + pid.gap
            (grave if value < -chance else small).append((atom, f"{value:.2g} bits"))
        if kind == "warning":
            return _of_grave(grave)
        if not small:
            return []
        text = (
            "below 0, where no exact number is: "
            f"{', '.join(f'{atom.title} = {shown}' for atom, shown in small)}. Read it as 0: from "
            f"{self.n_samples} rows chance moves a number that far. constrained() gives the "
            "nearest numbers that obey the laws."
        )
        return [Remark(text, "note", Rank.size)]

    def _remarks(self, k: int) -> tuple[Remark, ...]:
        pair, pid, (teacher, student) = self.pairs[k], self.pids[k], self.names[k]
        of_target = self.target.remarks
        both = ((teacher, pair.t), (student, pair.s))
        others = {name for names in self.names for name in names} - {teacher, student}
        remarks = [
            *of_target,
            *self._on_decoding(pair),
            *self.of_lessons,
            *(_named(own, name) for name, x in both for own in x.remarks if own not in of_target),
            *_on_order(pair, pid, teacher, student),
            *_on_padding(dict(both)),
            *(_on_nothing(teacher, self.n_samples) if pid.information_t <= pid.gap else ()),
            *self._below_0(k, "note"),
            *self._doubts(k),
            *(own for own in self.heard if not others.intersection(own.of)),
            *self.heard_of.get(self.names[k], ()),
            *_on_choice(pair, teacher, student, by_auto=self.chosen_by_auto),
        ]
        return arranged(remarks_in(self.options.units, remarks))


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Sources as an estimator saw them, before any two of them meet.

    Attributes
    ----------
    found : mapping of str to Summary
        By the names of the sources; those that failed are missing.
    failed : mapping of str to str
        Why a source could not be seen, by its name.
    heard : tuple of Remark
        What was warned of.
    of_lessons : tuple of Remark
        What is to be said of rows that were only learned from.
    cache : Cache or None
        What was finished in another run.
    keys : mapping of str to str or None
        What sources are called in the cache, by their names; None where they can't be kept.
    """

    target: Target
    groups: Codes | None
    seed: int
    found: Mapping[str, Summary]
    failed: Mapping[str, str]
    chosen_by_auto: bool
    heard: tuple[Remark, ...]
    of_lessons: tuple[Remark, ...]
    cache: Cache | None = None
    keys: Mapping[str, str | None] = field(default_factory=dict)


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
    ignore_label: IgnoreLabel = None,
) -> Measurement:
    """Look at one teacher and its students, and resample where asked to."""
    names = [(teacher, student) for student in students]
    with _progress.shown(options.progress):
        seen = look(
            {teacher: T, **students},
            Y,
            estimator=estimator,
            fit_on=fit_on,
            groups=groups,
            ignore_label=ignore_label,
            random_state=random_state,
            n_jobs=n_jobs,
            ahead=options.ahead(names, synergy=synergy),
        )
        return decompose(seen, names, options=options, synergy=synergy, n_jobs=n_jobs)


def look(
    sources: Mapping[str, ArrayLike | Summary | Path],
    Y: ArrayLike,
    *,
    estimator: Estimator[Any] | str,
    groups: ArrayLike | None,
    random_state: int | np.random.Generator | None,
    n_jobs: int | None,
    fit_on: tuple[ArrayLike, ...] | None = None,
    ignore_label: IgnoreLabel = None,
    hears: Mapping[str, Sequence[str]] | None = None,
    tolerant: bool = False,
    at_once: bool = False,
    cache: Cache | None = None,
    ahead: Ahead | None = None,
) -> Seen:
    """Check what came in and look at each source once.

    A source that `hears` others of these comes after them; of those, one that another has heard
    already says nothing more. With `tolerant` paths are read, a source that can't be looked at is
    named among the failed. With either that or `at_once`, several are looked at at the same time
    where none hears another. What a `cache` holds is not looked at again. What comes `ahead` of it
    is told to whoever looks at the screen.
    """
    seed = _validate.check_seed(random_state)
    _validate.check_n_jobs(n_jobs)
    _validate.check_same_order(**sources, Y=Y, groups=groups)
    counted = Counted.of_labels(ignore_label, Y)
    Y, groups = counted.rows(Y, "Y"), counted.rows(groups, "groups")
    target = _target(Y, estimator, sources)
    failed: dict[str, str] = {}
    clean: dict[str, Given] = {}
    for name, X in sources.items():
        try:
            given: Any = read(X, name) if tolerant else X
            clean[name] = _checked(counted.rows(given, name), name, estimator)
        except (ValueError, TypeError) as error:
            if not tolerant:
                raise
            failed[name] = str(error)
    if tolerant:
        failed |= _of_other_lengths(clean, target.values, sources)
        clean = {name: X for name, X in clean.items() if name not in failed}
    _check_lengths(clean, target.values)
    codes = None if groups is None else _validate.check_groups(groups, len(target.values))
    chosen = choose(estimator, clean, target)
    if hears and not chosen.decodes:
        raise TypeError(
            f"{chosen!r} fits no models, so no layer can hear another; leave ordered out, or take "
            'estimator="probe".'
        )
    taught, said = _lessons(fit_on, clean, Y, target, chosen)
    twice = {} if hears or taught else _given_twice(sources, clean)
    waiting = {
        name: Data(X, name, codes, seed, taught.get(name))
        for name, X in clean.items()
        if not isinstance(X, Summary) and name not in twice
    }
    found = {name: X for name, X in clean.items() if isinstance(X, Summary)}
    with _warnings.noting() as heard:
        warn_of_target(target)
        made = Looks(chosen, target.values, tolerant, Kept(cache))
        if ahead is not None:
            n, n_classes = len(target.values), target.n_classes or 1
            ahead.plan(chosen, waiting, found, n_samples=n, n_classes=n_classes)
        if (tolerant or at_once) and not hears:
            answers = made.at_the_same_time(waiting, n_jobs)
        else:
            answers = made.one_by_one(waiting, found, hears or {}, n_jobs)
        for name, answer in answers.items():
            if isinstance(answer, str):
                failed[name] = answer
            else:
                found[name] = answer
        for name, first in twice.items():
            if first in failed:
                failed[name] = failed[first]
            else:
                found[name] = found[first]
    made.kept.say()
    if cache is not None and not is_lasting(chosen):
        _warnings.warn(NOTE_ON_MAIN)
    return Seen(
        target=target,
        groups=codes,
        seed=seed,
        found={name: found[name] for name in sources if name in found},
        failed=failed,
        chosen_by_auto=isinstance(estimator, str) and estimator == "auto",
        heard=tuple(heard),
        of_lessons=(*counted.note(ignore_label), *said),
        cache=cache,
        keys=made.keys | {name: made.keys.get(first) for name, first in twice.items()},
    )


def _given_twice(sources: Mapping[str, Any], clean: Mapping[str, Given]) -> dict[str, str]:
    """Sources that are the same object as an earlier one, with the name of that."""
    first: dict[int, str] = {}
    twice = {}
    for name in clean:
        known = first.setdefault(id(sources[name]), name)
        if known != name:
            twice[name] = known
    return twice


def decompose(
    seen: Seen,
    names: Sequence[tuple[str, str]],
    *,
    options: Options,
    synergy: bool,
    n_jobs: int | None,
    tolerant: bool = False,
) -> Measurement:
    """Atoms of pairs of sources, called by their names, and their uncertainty where asked for.

    With `tolerant`, a pair without an answer is named among the failed.
    """
    solved: dict[tuple[str, str], tuple[Pair[Any], PID]] = {}
    failed: dict[tuple[str, str], str] = {}
    answers, heard_of = _solved(seen, names, options, synergy, n_jobs, tolerant)
    with _warnings.noting() as heard:
        for (t, s), found in answers.items():
            if isinstance(found, str):
                failed[t, s] = found
                continue
            solved[t, s] = found
            _warn_of_excess(seen.target, found[1], t, s)
    Kept(seen.cache).say()
    measured = Measurement(
        options=options,
        target=seen.target,
        groups=seen.groups,
        names=tuple(solved),
        pairs=tuple(pair for pair, _ in solved.values()),
        pids=tuple(pid for _, pid in solved.values()),
        failed=failed,
        chosen_by_auto=seen.chosen_by_auto,
        heard=(*seen.heard, *heard),
        heard_of=heard_of,
        of_lessons=seen.of_lessons,
        seed=seen.seed,
        n_jobs=n_jobs,
    )
    if options.confidence_level is not None and solved:
        measured = with_uncertainty(measured)
    for doubt in measured.doubts():
        _warnings.warn(doubt)
    return measured


def with_uncertainty(measured: Measurement) -> Measurement:
    """The same with replicates, to first order where that was asked for and is good enough."""
    if measured.options.uncertainty == "analytic":
        return _analytic(measured)
    return _resampled(measured, {})


def _resampled(measured: Measurement, said: Mapping[int, tuple[Remark, ...]]) -> Measurement:
    everything = range(len(measured.pairs))
    replicates = _replicates(measured, everything)
    errors = _errors(measured, everything)
    return dataclasses.replace(measured, replicates=replicates, errors=errors, of_uncertainty=said)


def _analytic(measured: Measurement) -> Measurement:
    """Replicates to first order, and resamples of pairs at a border."""
    everything = range(len(measured.pairs))
    if not all(pair.has_tables for pair in measured.pairs):
        if measured.options.n_at_border is None:
            raise ValueError(
                'uncertainty="analytic" needs atoms that come from two tables of classes, and '
                f'those of {measured.pairs[0].t.estimator!r} do not; use uncertainty="bootstrap".'
            )
        return _resampled(measured, dict.fromkeys(everything, (WITHOUT_TABLES,)))
    samples = resampling.Samples(measured.n_samples, measured.groups)
    _check_enough_groups(samples)
    n_resamples = measured.options.n_resamples
    replicates = FirstOrder.of(measured).replicates(samples, n_resamples, measured.seed)
    border = [_at_border(measured, replicates, k) for k in range(len(measured.pairs))]
    again = [k for k, names in enumerate(border) if DISTILLABLE.name in names]
    if again and measured.options.n_at_border is None:
        # Pairs that are compared have to meet the same rows.
        return _resampled(measured, dict.fromkeys(everything, (ON_BORDER,)))
    notes = dict.fromkeys(again, (ON_FEW,))
    if again:
        replicates[:, again] = _stretched(measured, again, replicates[:, again])
    unsure = [k for k, names in enumerate(border) if names == [STUDENT_ONLY.name]]
    notes |= dict.fromkeys(unsure, (ON_STUDENT,))
    sparse = [k for k in range(len(border)) if k in again or _is_sparse(measured, replicates, k)]
    return dataclasses.replace(
        measured,
        replicates=replicates,
        errors=_errors(measured, sparse),
        unsure=frozenset((k, STUDENT_ONLY.name) for k in unsure),
        of_uncertainty=notes,
    )


def _stretched(measured: Measurement, which: Sequence[int], replicates: Floats) -> Floats:
    """Replicates to first order that scatter about the mean, and as far, as a few resamples do.

    What fitting adds is in the replicates to first order already.
    """
    few = dataclasses.replace(measured.options, n_resamples=measured.options.n_at_border or 0)
    light = dataclasses.replace(
        measured, options=few, pairs=tuple(pair.to_keep() for pair in measured.pairs)
    )
    some = _replicates(light, which, refits=False)
    some = some[~np.isnan(some[..., :3]).any(axis=(1, 2))]
    spread, wanted = replicates.std(axis=0), FOR_SO_FEW * some.std(axis=0)
    factor = np.maximum(1.0, np.divide(wanted, spread, out=np.ones_like(wanted), where=spread > 0))
    luck = np.random.default_rng(measured.seed).normal(size=(len(replicates), 1, 1))
    moved = np.where(spread > 0, factor * (replicates - replicates.mean(axis=0)), wanted * luck)
    found: Floats = some.mean(axis=0) + moved
    return found


def _at_border(measured: Measurement, replicates: Floats, k: int) -> list[str]:
    """Which unique informations are so near to 0 that their duals are not unique."""
    found = []
    for quantity in (DISTILLABLE, STUDENT_ONLY):
        own = float(quantity.total(_atoms([measured.pids[k]])))
        spread = float(quantity.total(replicates[:, k]).std())
        if own <= AT_BORDER * spread + measured.pids[k].gap:
            found.append(quantity.name)
    return found


def _is_sparse(measured: Measurement, replicates: Floats, k: int) -> bool:
    """Whether sampling adds to what is known of cells a good part of what it scatters by."""
    added = measured.pairs[k].bias
    return bool(added > MOST_BIAS * float(DISTILLABLE.total(replicates[:, k]).std()))


def best_of(measured: Measurement, student: str, *, titles: Mapping[str, str]) -> Best | str:
    """Which teachers of this student can't be ruled out as the best, or why nobody can say.

    `titles` are what the caller calls the sources. Pairs are compared on the same resamples; what
    a teacher was not read to know is allowed for.
    """
    level, units = measured.options.confidence_level, measured.options.units
    which = [k for k, (_, s) in enumerate(measured.names) if s == student]
    if not which:
        errors = [text for (_, s), text in measured.failed.items() if s == student]
        why = errors[0] if errors else "nothing was asked of it"
        return f"Nothing can be ranked against {titles[student]}: {why}"
    if level is None:
        return (
            "best() compares intervals, and none were asked for; measure with "
            "confidence_level=0.95."
        )
    n = len(which)
    values = np.array([measured.pids[k].in_units(units).unique_t for k in which])
    leads = values[:, None] - values
    deviations = np.zeros((measured.options.n_resamples, n, n))
    slack = np.zeros((n, n))
    for j, k in enumerate(which):
        for i, other in enumerate(which[:j]):
            own = measured.scatter(DISTILLABLE, k, less=other, units=units)
            deviations[:, j, i] = own.replicates - np.nanmean(own.replicates)
            deviations[:, i, j] = -deviations[:, j, i]
            gap = measured.pids[k].in_units(units).gap + measured.pids[other].in_units(units).gap
            slack[j, i] = max((0.0, *own.excess)) + gap + measured.unread(other).t
            slack[i, j] = -min((0.0, *own.excess)) + gap + measured.unread(k).t
    valid = ~np.isnan(deviations).any(axis=(1, 2))
    found = resampling.against_best(leads, deviations[valid], level, slack=slack)
    highest = np.inf
    if measured.target.n_classes:
        highest = from_bits(np.log2(measured.target.n_classes), units)
    return ranked(
        [titles[measured.names[k][0]] for k in which],
        values,
        [
            Interval(float(low), float(min(high, highest)), level)
            for low, high in zip(found.low, found.high, strict=True)
        ],
        [bool(out) for out in found.ruled_out],
        student=titles[student],
        level=level,
        units=units,
    )


def _lessons(
    fit_on: tuple[ArrayLike, ...] | None,
    clean: Mapping[str, Given],
    Y: ArrayLike,
    target: Target,
    chosen: Estimator[Any],
) -> tuple[dict[str, Lesson], tuple[Remark, ...]]:
    if fit_on is None:
        return {}, ()
    arrays = {name: X for name, X in clean.items() if not isinstance(X, Summary)}
    if len(arrays) < len(clean):
        raise TypeError("fit_on goes with arrays; give a Summary its fit_on in summarise.")
    return lessons(fit_on, arrays, Y, target, minus_infinity=chosen.reads_minus_infinity)


def _solved(
    seen: Seen,
    names: Sequence[tuple[str, str]],
    options: Options,
    synergy: bool,
    n_jobs: int | None,
    tolerant: bool,
) -> tuple[dict[tuple[str, str], tuple[Pair[Any], PID] | str], dict[tuple[str, str], list[Remark]]]:
    """Each pair with its atoms, or with `tolerant` why it has none; and what it warned of."""
    errors: dict[tuple[str, str], str] = {}
    meetings: dict[tuple[str, str], Meeting] = {}
    for t, s in names:
        try:
            meetings[t, s] = _meeting(seen, t, s)
        except (ValueError, TypeError) as error:
            if not tolerant:
                raise
            errors[t, s] = str(error)
    pairs = Pairs(synergy, tolerant, seen.target.n_classes, Kept(seen.cache))
    found = {**errors, **pairs.solved(meetings, n_jobs)}
    return {pair: found[pair] for pair in names}, pairs.heard


def _meeting(seen: Seen, teacher: str, student: str) -> Meeting:
    for name in (teacher, student):
        if name in seen.failed:
            raise ValueError(_with_name(seen.failed[name], name))
    t, s = seen.found[teacher], seen.found[student]
    if type(t) is not type(s):
        raise TypeError(
            f"{teacher} and {student} must be summarised in the same way to be compared: "
            f"{teacher} by {t.estimator!r}, {student} by {s.estimator!r}."
        )
    return Meeting(t, s, seen.keys.get(teacher), seen.keys.get(student))


def _with_name(text: str, name: str) -> str:
    """What went wrong, with the name of the source it went wrong with."""
    return text if name in text else f"{name}: {text}"


def _replicates(measured: Measurement, which: Sequence[int], *, refits: bool = True) -> Floats:
    """Atoms of some pairs in bits on resampled rows, shape (n_resamples, n_some, 4)."""
    samples = resampling.Samples(measured.n_samples, measured.groups)
    _check_enough_groups(samples)
    options, seed = measured.options, measured.seed
    for k in which:
        for name, x in zip(
            measured.names[k], (measured.pairs[k].t, measured.pairs[k].s), strict=True
        ):
            if refits or x.resamples == "anew":
                x.check_resamples(name)
    again = Again.of(tuple(measured.pairs[k] for k in which))
    found = resampling.replicate(
        again,
        samples,
        n_resamples=options.n_resamples,
        random_state=seed,
        n_jobs=measured.n_jobs,
        progress=options.progress,
    )
    if again.keeps_fits and refits:
        effects = resampling.replicate(
            again.effect_of_refit,
            samples,
            draw=resampling.subsample,
            n_resamples=N_REFITS,
            random_state=seed,
            n_jobs=measured.n_jobs,
            progress=options.progress,
            what=REFITTING,
        )
        found = resampling.add_refits(found, effects, random_state=seed)
    return found.reshape(options.n_resamples, len(which), 4)


def _errors(measured: Measurement, which: Sequence[int]) -> Floats | None:
    """Errors of the atoms in data like these, in bits, shape (n_likenesses, n_pairs, 4).

    NaN but for some pairs; None where there are no such data. All pairs meet the same rows and
    luck, so that what they share cancels between them.
    """
    samples = resampling.Samples(measured.n_samples, measured.groups)
    found = np.full((N_LIKENESSES, len(measured.pairs), 4), np.nan)
    for k in which:
        with _warnings.collecting():
            like = measured.pairs[k].likeness()
        if like is None:
            return None
        drawn = resampling.replicate(
            like,
            samples,
            draw=resampling.with_luck,
            n_resamples=N_LIKENESSES,
            random_state=measured.seed,
            n_jobs=measured.n_jobs,
            progress=measured.options.progress,
            what=LIKENESSES,
        )
        found[:, k] = drawn - like.atoms
    return found if which else None


def _target(Y: ArrayLike, estimator: Estimator[Any] | str, sources: Mapping[str, Any]) -> Target:
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


def read(X: Any, name: str) -> Any:
    """What a path leads to; anything else as it is."""
    return activations.read(X, name) if _is_path(X) else X


@contextmanager
def naming_file(X: Any, name: str) -> Iterator[None]:
    """Say of which file it is where something is wrong with what a path leads to."""
    try:
        yield
    except ValueError as error:
        if not _is_path(X) or name not in str(error) or str(X) in str(error):
            raise
        raise ValueError(f"{error} {name} is {X}.") from error


def _is_path(X: Any) -> bool:
    return isinstance(X, str | PathLike)


def _checked(X: ArrayLike | Summary, name: str, estimator: Estimator[Any] | str) -> Given:
    if isinstance(X, Summary):
        return X
    return _validate.check_source(X, name, minus_infinity=reads_minus_infinity(estimator))


def _of_other_lengths(
    sources: Mapping[str, Given], y: Array, as_given: Mapping[str, Any]
) -> dict[str, str]:
    """Why each source that has not a row a sample is left out; nothing where none has."""
    lengths = {
        name: X.n_samples if isinstance(X, Summary) else len(X) for name, X in sources.items()
    }
    if len(y) not in lengths.values():
        return {}
    return {
        name: f"{name} and Y must have one row a sample: {name} has {n} rows"
        f"{f' ({as_given[name]})' if _is_path(as_given[name]) else ''}, Y has {len(y)} rows."
        for name, n in lengths.items()
        if n != len(y)
    }


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


def _of_grave(atoms: Sequence[tuple[Quantity, str]]) -> list[Remark]:
    """Warnings of atoms that are below 0 by more than chance; the others don't use the synergy."""
    found, others = [], [(atom, shown) for atom, shown in atoms if atom != SYNERGY]
    if others:
        text = (
            "below 0 by more than chance: "
            f"{', '.join(f'{atom.title} = {shown}' for atom, shown in others)}; no exact number "
            "is below 0. What is read of a source is far from what it holds: use more rows, or "
            "another estimator."
        )
        found.append(Remark(text, "warning", Rank.void))
    for _, shown in (own for own in atoms if own[0] == SYNERGY):
        text = (
            f"below 0 by more than chance, {shown}; no exact number is below 0. What is read of "
            "both sources together takes more rows than what is read of one. The other numbers "
            "don't use it."
        )
        found.append(Remark(text, "warning", Rank.starved, (SYNERGY.name,)))
    return found


def on_groups(what: str, n_groups: int) -> Remark:
    """Few groups say little of how groups differ."""
    text = (
        f"the {what} rest on {n_groups} groups; with fewer than {FEW_GROUPS} they are too narrow. "
        "More groups help; more rows of the same groups don't."
    )
    return Remark(text, "note", Rank.interval)


def _on_resamples(replicates: Floats, groups: Codes | None) -> list[Remark]:
    """What limits the trust in intervals and p-value."""
    found, n_valid = [], _n_valid(replicates)
    if groups is not None and (n_groups := int(groups.max()) + 1) < FEW_GROUPS:
        found.append(on_groups("intervals", n_groups))
    if MIN_VALID_SHARE * len(replicates) <= n_valid < len(replicates):
        found.append(_on_unanswered(replicates))
    least = resampling.BORDER_SHARE / (1 + n_valid)
    if least > 0.05:
        text = (
            f"{n_valid} resamples allow no p-value of nothing to distil below {least:.2g}; "
            "ask for 100 or more (n_resamples)."
        )
        found.append(Remark(text, "note", Rank.interval, (TESTED,)))
    return found


def _on_unanswered(replicates: Floats) -> Remark:
    n_missing, n = len(replicates) - _n_valid(replicates), len(replicates)
    text = (
        f"{n_missing} of {n} resamples had no answer, as they hold too few different rows; the "
        "intervals rest on the others, which are not typical. Use more rows."
    )
    grave = n - n_missing < MIN_VALID_SHARE * n
    return Remark(text, "warning" if grave else "note", Rank.void if grave else Rank.interval)


def on_bound(
    name: str, p: float, is_bound: bool, n_valid: int, uncertainty: Uncertainty
) -> tuple[Remark, ...]:
    """Say that a p-value at its least is a bound, where it is one of less than 1."""
    if not is_bound or p >= 1:
        return ()
    drawn = "resamples" if uncertainty == "bootstrap" else "draws"
    text = f"at most {p:.2g}, the least that {n_valid} {drawn} can show."
    return (Remark(text, "detail", Rank.interval, (name,)),)


def _named(remark: Remark, name: str) -> Remark:
    """What a summary says of its source, with the name that the source has here."""
    return remark.about(name) if remark.of in ((), ("X",)) else remark


def _on_nothing(teacher: str, n_samples: int) -> tuple[Remark, ...]:
    text = (
        f"{teacher} knows nothing of Y that {n_samples} rows show, so there is nothing to distil "
        "and no fraction of it. independence_test says whether it knows anything at all."
    )
    return (Remark(text, "note", Rank.question),)


def _on_padding(sources: Mapping[str, Summary]) -> list[Remark]:
    """Say where whole rows of features are 0 in both sources, as padding is."""
    arrays = [x.data.X for x in sources.values() if x.data is not None]
    if len(arrays) < len(sources) or any(X.ndim == 1 or X.shape[1] == 1 for X in arrays):
        return []
    n_zero = int((~np.logical_or.reduce([_not_zero(X) for X in arrays])).sum())
    if not PADDED_SHARE * len(arrays[0]) <= n_zero < len(arrays[0]):
        return []
    codes, which = _in_code(*sources)
    filled = " | ".join(f"numpy.asarray({code}).any(axis=1)" for code in codes)
    text = (
        f"{' and '.join(sources)} are all zeros in the same {n_zero} of {len(arrays[0])} rows. If "
        f"they are padding, take them out of every array{which}: keep = {filled}, then "
        f"{', '.join(f'numpy.asarray({code})[keep]' for code in (*codes, 'Y'))}."
    )
    return [Remark(text, "note", Rank.question)]


def _in_code(teacher: str, student: str) -> tuple[list[str], str]:
    """What code to paste calls a teacher and a student, and which is which where that is new."""
    if teacher.isidentifier() and student.isidentifier():
        return [teacher, student], ""
    return ["T", "S"], f" ({teacher} as T, {student} as S)"


def _not_zero(X: Source) -> Bools:
    """Which rows hold anything but zeros."""
    return np.concatenate([block.any(axis=1) for _, block in blocks_of(X)])


def _on_choice(pair: Pair[Any], teacher: str, student: str, *, by_auto: bool) -> tuple[Remark, ...]:
    chosen = ', as estimator="auto" chose' if by_auto else ""
    both = ((teacher, pair.t.estimator), (student, pair.s.estimator))
    return tuple(
        Remark(f"looked at by {estimator!r}{chosen}.", "detail", Rank.void, (name,))
        for name, estimator in both
    )


def _on_order(pair: Pair[Any], pid: PID, teacher: str, student: str) -> list[Remark]:
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
            codes, which = _in_code(teacher, student)
            own, its = codes if poor == teacher else codes[::-1]
            heard = f"pidtools.summarise({its}, Y)"
            text = (
                f"{rich} seems to add {unique:.2g} bits to {poor}, which more rows may show to be "
                f"in {poor}. If {rich} is a later layer of the same network, it adds nothing: let "
                f"{poor} hear it, by pidtools.summarise({own}, Y, hears=[{heard}]) in its "
                f"place{which}, or give rows to learn from by fit_on."
            )
            notes.append(Remark(text, "note", Rank.size))
    return notes
