"""Answers about several layers or teachers: tables of results, and which of them may be the best.

Nothing here measures; it holds what was found, and says it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

import numpy as np

from pidtools._knowledge import QUANTITIES, DistillableKnowledge
from pidtools._notebook import InALine, counted, percent, short_list, wrapped
from pidtools._remarks import Remark, Remarked, as_lists
from pidtools._result import UNITS, Interval, Units, as_metrics, in_line, n_doubts
from pidtools._types import Floats
from pidtools._where import Rows, interval_ends, interval_metrics, intervals_in, keys_of
from pidtools._written import Written

NUMBERS = tuple(quantity.name for quantity in QUANTITIES)
# How an answer was reached, beside its numbers.
EVIDENCE = (
    *("p_distillable_is_bound", "gap", "outcome", "measure"),
    *("estimator_t", "estimator_s", "n_classes"),
)
# Names and sentences that are shown before the rest is only counted.
MOST_SHOWN = 20
CORNER = "teacher / student"


@dataclass(frozen=True, kw_only=True, repr=False)
class _Answer(Remarked, InALine):
    """A result, or why there is none: its numbers, under their usual names, are None then."""

    result: DistillableKnowledge | None = None
    error: str | None = None

    @property
    def distillable(self) -> float | None:
        r"""Uni(Y : T \ S)."""
        return None if self.result is None else self.result.distillable

    @property
    def distilled(self) -> float | None:
        """Red(Y : T, S)."""
        return None if self.result is None else self.result.distilled

    @property
    def student_only(self) -> float | None:
        r"""Uni(Y : S \ T)."""
        return None if self.result is None else self.result.student_only

    @property
    def synergy(self) -> float | None:
        """Syn(Y : T, S); None unless it was asked for."""
        return None if self.result is None else self.result.synergy

    @property
    def teacher_information(self) -> float | None:
        """I(Y; T)."""
        return None if self.result is None else self.result.teacher_information

    @property
    def student_information(self) -> float | None:
        """I(Y; S)."""
        return None if self.result is None else self.result.student_information

    @property
    def joint_information(self) -> float | None:
        """I(Y; T, S); None unless the synergy was asked for."""
        return None if self.result is None else self.result.joint_information

    @property
    def intervals(self) -> Mapping[str, Interval]:
        """By the names of the numbers; empty unless a `confidence_level` was asked for."""
        return {} if self.result is None else self.result.intervals

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What is said of the numbers; shown as `warnings`, `notes` and ``details()``."""
        return () if self.result is None else self.result.remarks

    def number(self, name: str) -> float | None:
        """A number by its name; None where there is none."""
        value: float | None = getattr(self, name)
        return value

    def _brief_result(self) -> str:
        return f"error={self.error!r}" if self.result is None else self.result._brief()

    def _flat(self) -> dict[str, Any]:
        own = {} if self.result is None else self.result.to_dict()
        known = {name: own.get(name) for name in (*NUMBERS, "p_distillable", *EVIDENCE)}
        ends = interval_ends(self.intervals)
        lists = {"warnings": list(self.warnings), "notes": list(self.notes)}
        return {**known, **ends, "error": self.error, **lists}

    def _metrics(self) -> dict[str, float | None]:
        return {} if self.result is None else self.result._metrics()


@dataclass(frozen=True, kw_only=True, repr=False)
class LayerPair(_Answer):
    """A teacher layer and a student layer: an answer, or why there is none.

    Its numbers have the names that they have in `DistillableKnowledge` (`distillable`,
    `distilled`, `student_only`, `synergy`, `teacher_information`, `student_information`,
    `joint_information`) and are None where there is no answer.

    Attributes
    ----------
    teacher_layer, student_layer : str
        As the caller called them.
    result : DistillableKnowledge or None
        The whole answer.
    error : str or None
        Why there is none.
    """

    teacher_layer: str
    student_layer: str

    def _brief(self) -> str:
        return f"{self.teacher_layer!r} to {self.student_layer!r}: {self._brief_result()}"

    def to_dict(self) -> dict[str, Any]:
        """Flat dictionary that JSON can hold."""
        names = {"teacher_layer": self.teacher_layer, "student_layer": self.student_layer}
        return {**names, **self._flat()}

    @classmethod
    def _read(cls, written: Written, whole: Written) -> LayerPair:
        return cls(
            teacher_layer=written.text("teacher_layer"),
            student_layer=written.text("student_layer"),
            result=_result_in(written, whole),
            error=written.text_or_none("error"),
        )


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a teacher layer, or a teacher, stands against the best of the others.

    Attributes
    ----------
    name : str
    distillable : float
        What it still has to give the student.
    difference : float
        That, less the most that another one has; 0 where there is no other.
    interval : Interval
        Of the difference: all of them at the same time hold the truth.
    ruled_out : bool
        Whether it can't be the best.
    """

    name: str
    distillable: float
    difference: float
    interval: Interval
    ruled_out: bool

    def to_dict(self) -> dict[str, Any]:
        """Flat dictionary that JSON can hold."""
        return {
            "name": self.name,
            "distillable": self.distillable,
            "difference": self.difference,
            **interval_ends({"difference": self.interval}),
            "ruled_out": self.ruled_out,
        }

    @classmethod
    def _read(cls, written: Written) -> Standing:
        return cls(
            name=written.text("name"),
            distillable=written.number("distillable"),
            difference=written.number("difference"),
            interval=_interval_in(written, "difference"),
            ruled_out=written.flag("ruled_out"),
        )


@dataclass(frozen=True, kw_only=True, repr=False)
class Best(Rows[Standing]):
    """Which of several can't be ruled out as the one with most to distil, the highest first.

    A sequence of `Standing`, one for each that has an answer.

    Attributes
    ----------
    student : str
        The student, or its layer, that they are ranked against.
    confidence_level : float
        Probability that those not ruled out hold the one that has most in truth, and that all
        intervals hold the true differences.
    """

    student: str
    confidence_level: float

    @property
    def layers(self) -> tuple[str, ...]:
        """Names that can't be ruled out, the highest first."""
        return tuple(row.name for row in self.rows if not row.ruled_out)

    @property
    def best(self) -> str:
        """Name of the highest, which may well not be the best in truth; see `layers`."""
        return self.rows[0].name

    def to_dict(self) -> dict[str, Any]:
        """Dictionary that JSON can hold, with a schema version and a list of flat rows."""
        return {
            **super().to_dict(),
            "student": self.student,
            "confidence_level": self.confidence_level,
            "best": self.best,
            "layers": list(self.layers),
        }

    def metrics(self, prefix: str = "") -> dict[str, float]:
        """Numbers of each as floats alone, for loggers: "distillable/NAME", "difference/NAME".

        Parameters
        ----------
        prefix : str
            Put before each name, such as "val/".
        """
        found: dict[str, float] = {}
        for row, key in zip(self.rows, keys_of([row.name for row in self.rows]), strict=True):
            values = {"distillable": row.distillable, "difference": row.difference}
            values |= interval_metrics({"difference": row.interval})
            found |= as_metrics(values, prefix, f"/{key}")
        return found

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Best:
        """What `to_dict` gave, here or in another process.

        Raises
        ------
        TypeError, ValueError
            If it is no such dictionary, or one of another version; the message names the key.
        """
        return cls._read(Written.checked(content, cls))

    @classmethod
    def _read(cls, written: Written) -> Best:
        rows = tuple(Standing._read(own) for own in written.rows())
        if all(row.ruled_out for row in rows):
            at = written.at("rows")
            raise ValueError(f"{at} are all ruled_out; one of them is the highest.")
        return cls(
            rows,
            written.choice("units", UNITS),
            student=written.text("student"),
            confidence_level=written.number("confidence_level"),
        )

    def _brief(self) -> str:
        return f"best={self.best}, {len(self.layers)} of {len(self)} may be the best"

    def _table(self, width: int) -> list[str]:
        """The set and the differences."""
        width = max(len(row.name) for row in self.rows)
        lines = [
            f"Into {self.student}, in {self.units}; at {percent(self.confidence_level)} those with "
            "a * may be the best.",
            f"  {'':<{width}} {'distillable':>12} {'less the best of the others':>30}",
        ]
        for row in self.rows:
            ends = f"{row.interval.low:+.4f} to {row.interval.high:+.4f}"
            mark = "" if row.ruled_out else "  *"
            lines.append(
                f"  {row.name:<{width}} {row.distillable:>12.4f} {row.difference:>+10.4f}"
                f"{ends:>20}{mark}"
            )
        return lines


@dataclass(frozen=True, kw_only=True, repr=False)
class DistillationMap(Remarked, Rows[LayerPair]):
    """What each layer of a teacher still has to give each layer of its student.

    A sequence of `LayerPair`: the student layers of the first teacher layer, then of the second...
    ``m["conv1", "h2"]`` is the row of a pair.

    Attributes
    ----------
    teacher_layers, student_layers : tuple of str
        In the order in which they were given.
    failed : mapping of str to str
        Why a layer could not be looked at, by "teacher NAME" or "student NAME".
    n_samples : int
        Number of rows of the layers.
    remarks : tuple of Remark
        All warnings of its pairs, and what is said of every pair; shown as `warnings`, `notes`
        and ``details()``. What is said of single pairs stands in their rows.
    """

    teacher_layers: tuple[str, ...]
    student_layers: tuple[str, ...]
    n_samples: int
    failed: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()
    _best: Best | str = field(default="", repr=False, compare=False)

    @overload
    def __getitem__(self, index: int) -> LayerPair: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[LayerPair, ...]: ...
    @overload
    def __getitem__(self, index: tuple[str, str]) -> LayerPair: ...
    def __getitem__(
        self, index: int | slice | tuple[str, str]
    ) -> LayerPair | tuple[LayerPair, ...]:
        """A row by its number, rows by a slice, or the row of (teacher layer, student layer)."""
        return self.at(*index) if isinstance(index, tuple) else self.rows[index]

    def at(self, teacher_layer: str, student_layer: str) -> LayerPair:
        """The row of a pair of layers.

        Raises
        ------
        KeyError
            If there is no such layer; the message names those there are.
        """
        sides = (
            (teacher_layer, self.teacher_layers, "teacher"),
            (student_layer, self.student_layers, "student"),
        )
        for name, known, side in sides:
            if name not in known:
                raise KeyError(f"There is no {side} layer {name!r}; there are {listed(known)}.")
        k = self.teacher_layers.index(teacher_layer) * len(self.student_layers)
        return self.rows[k + self.student_layers.index(student_layer)]

    def matrix(self, name: str = "distillable") -> Floats:
        """One number of all pairs.

        Parameters
        ----------
        name : str
            "distillable", "distilled", "student_only", "synergy", "teacher_information",
            "student_information" or "joint_information".

        Returns
        -------
        ndarray of float64, shape (n_teacher_layers, n_student_layers)
            In `units`; NaN where there is no answer.

        Raises
        ------
        ValueError
            If there is no such number.
        """
        if name not in NUMBERS:
            raise ValueError(f"name must be one of {', '.join(NUMBERS)}; got {name!r}.")
        values = [row.number(name) for row in self.rows]
        found = np.array([np.nan if value is None else value for value in values])
        return found.reshape(len(self.teacher_layers), len(self.student_layers))

    def best(self) -> Best:
        """Rank the teacher's layers against the student's *last* layer.

        Early student layers lack what later ones have, so that most is left to distil into the
        first one, whatever the teacher. What the student's last layer lacks, the student lacks.

        Returns
        -------
        Best
            Its `layers` are the set that can't be ruled out as the best: it holds the teacher
            layer that has most to distil in truth with the probability of the
            `confidence_level` (multiple comparisons with the best, on the same resamples).

        Raises
        ------
        ValueError
            If no `confidence_level` was asked for, or no pair with the student's last layer has
            an answer.
        """
        if isinstance(self._best, str):
            raise ValueError(self._best)
        return self._best

    def to_dict(self) -> dict[str, Any]:
        """Dictionary that JSON can hold, with a schema version and a list of flat rows."""
        return {
            **super().to_dict(),
            "n_samples": self.n_samples,
            "teacher_layers": list(self.teacher_layers),
            "student_layers": list(self.student_layers),
            "failed": dict(self.failed),
            **_of_best(self._best),
            **as_lists(self.remarks),
        }

    def metrics(self, prefix: str = "") -> dict[str, float]:
        """Numbers of each pair as floats alone, for loggers: "distillable/h1/s1".

        Parameters
        ----------
        prefix : str
            Put before each name, such as "val/".

        Returns
        -------
        dict of str to float
            By the name of the number, the teacher layer and the student layer; characters that
            loggers refuse are underscores.
        """
        teachers = dict(zip(self.teacher_layers, keys_of(self.teacher_layers), strict=True))
        students = dict(zip(self.student_layers, keys_of(self.student_layers), strict=True))
        found: dict[str, float] = {}
        for row in self.rows:
            key = f"/{teachers[row.teacher_layer]}/{students[row.student_layer]}"
            found |= as_metrics(row._metrics(), prefix, key)
        return found

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> DistillationMap:
        """What `to_dict` gave, here or in another process.

        Estimators come back as the text that names them. Details stand with the map alone.

        Raises
        ------
        TypeError, ValueError
            If it is no such dictionary, or one of another version; the message names the key.
        """
        written = Written.checked(content, cls)
        rows = tuple(LayerPair._read(own, written) for own in written.rows())
        teacher, student = written.texts("teacher_layers"), written.texts("student_layers")
        if [(own.teacher_layer, own.student_layer) for own in rows] != [
            (t, s) for t in teacher for s in student
        ]:
            raise ValueError(
                f"{written.at('rows')} must be those of all pairs of teacher_layers and "
                "student_layers, in their order; pass the whole dictionary."
            )
        return cls(
            rows,
            written.choice("units", UNITS),
            teacher_layers=teacher,
            student_layers=student,
            n_samples=written.integer("n_samples"),
            failed=written.named_texts("failed"),
            remarks=written.remarks(),
            _best=_best_in(written),
        )

    def _brief(self) -> str:
        answers = [row for row in self.rows if row.distillable is not None]
        shape = f"{len(self.teacher_layers)} x {len(self.student_layers)} layers"
        most = ""
        if answers:
            top = max(answers, key=lambda row: row.distillable or 0.0)
            most = (
                f"most distillable={in_line(top.distillable or 0.0)} {self.units} from "
                f"{top.teacher_layer} into {top.student_layer}"
            )
        n = f"n_samples={self.n_samples}"
        failed = len(self.rows) - len(answers)
        return short_list([shape, most, f"{failed} failed" if failed else "", n], n_doubts(self))

    def _table(self, width: int) -> list[str]:
        """What is left to distil; brackets where the interval covers 0."""
        shown = [[_cell(self.at(t, s)) for s in self.student_layers] for t in self.teacher_layers]
        left = max(len(name) for name in (*self.teacher_layers, CORNER))
        widths = [
            max(len(name), *(len(line[k]) for line in shown))
            for k, name in enumerate(self.student_layers)
        ]
        heads = (f"{name:>{w}}" for name, w in zip(self.student_layers, widths, strict=True))
        lines = [f"Distillable knowledge, {self.n_samples} samples, in {self.units}"]
        for part in _side_by_side(widths, width - left):
            own = self.student_layers[part], widths[part]
            heads = (f"{name:>{w}}" for name, w in zip(*own, strict=True))
            lines.append("  ".join([f"{CORNER:<{left}}", *heads]))
            for name, line in zip(self.teacher_layers, shown, strict=True):
                cells = (f"{cell:>{w}}" for cell, w in zip(line[part], widths[part], strict=True))
                lines.append("  ".join([f"{name:<{left}}", *cells]))
        if any(row.intervals for row in self.rows):
            lines.append("(in brackets where the interval covers 0)")
        if isinstance(self._best, Best):
            lines += wrapped(
                f"Most to distil into {self._best.student}: {_may_be(self._best)}", width
            ).split("\n")
        errors = [row for row in self.rows if row.error is not None and not self._is_known(row)]
        failed = [text if name in text else f"{name}: {text}" for name, text in self.failed.items()]
        failed += [f"{row.teacher_layer}, {row.student_layer}: {row.error}" for row in errors]
        return [*lines, *(wrapped(text, width, first="No answer: ", rest="  ") for text in failed)]

    def _is_known(self, row: LayerPair) -> bool:
        """Whether the pair has no answer as one of its layers failed."""
        names = f"teacher {row.teacher_layer}", f"student {row.student_layer}"
        return any(name in self.failed for name in names)


@dataclass(frozen=True, kw_only=True, repr=False)
class RankedTeacher(_Answer):
    """A teacher beside the student: an answer, or why there is none.

    Its numbers have the names that they have in `DistillableKnowledge` and are None where there
    is no answer.

    Attributes
    ----------
    teacher : str
        As the caller called it.
    result : DistillableKnowledge or None
        The whole answer.
    error : str or None
        Why there is none.
    """

    teacher: str

    def _brief(self) -> str:
        return f"{self.teacher!r}: {self._brief_result()}"

    def to_dict(self) -> dict[str, Any]:
        """Flat dictionary that JSON can hold."""
        return {"teacher": self.teacher, **self._flat()}

    @classmethod
    def _read(cls, written: Written, whole: Written) -> RankedTeacher:
        return cls(
            teacher=written.text("teacher"),
            result=_result_in(written, whole),
            error=written.text_or_none("error"),
        )


@dataclass(frozen=True, kw_only=True)
class Addition:
    r"""What one more teacher adds beyond the student and the teachers chosen before it.

    Attributes
    ----------
    teacher : str
        Of those left, the one that adds most.
    beyond : tuple of str
        The teachers chosen before it.
    added : float
        Uni(Y : T_j \ (T_1 .. T_k, S)).
    interval : Interval or None
        Of `added`; None unless a `confidence_level` was asked for.
    taken : bool
        Whether it was chosen; it is not where its interval reaches down to 0.
    """

    teacher: str
    beyond: tuple[str, ...]
    added: float
    interval: Interval | None
    taken: bool

    def to_dict(self) -> dict[str, Any]:
        """Flat dictionary that JSON can hold."""
        ends = {} if self.interval is None else interval_ends({"added": self.interval})
        return {
            "teacher": self.teacher,
            "beyond": list(self.beyond),
            "added": self.added,
            **ends,
            "taken": self.taken,
        }

    @classmethod
    def _read(cls, written: Written) -> Addition:
        return cls(
            teacher=written.text("teacher"),
            beyond=written.texts("beyond"),
            added=written.number("added"),
            interval=_interval_in(written, "added") if written.has("added_low") else None,
            taken=written.flag("taken"),
        )


@dataclass(frozen=True, kw_only=True, repr=False)
class TeacherRanking(Remarked, Rows[RankedTeacher]):
    """Which of several teachers have something for a student, and which of them together.

    A sequence of `RankedTeacher`, the one with most to distil first; teachers without an answer
    come last.

    Attributes
    ----------
    additions : tuple of Addition
        The greedy order; the last one may not be taken, and says why the order stopped.
    n_samples : int
        Number of rows.
    remarks : tuple of Remark
        All warnings, and what is said of every teacher and of the order; shown as `warnings`,
        `notes` and ``details()``. What is said of single teachers stands in their rows.
    """

    additions: tuple[Addition, ...]
    n_samples: int
    remarks: tuple[Remark, ...] = ()
    _best: Best | str = field(default="", repr=False, compare=False)

    @property
    def chosen(self) -> tuple[str, ...]:
        """Teachers that each add something to those before and to the student, in order."""
        return tuple(step.teacher for step in self.additions if step.taken)

    def best(self) -> Best:
        """The teachers that can't be ruled out as the one with most to distil.

        Returns
        -------
        Best

        Raises
        ------
        ValueError
            If no `confidence_level` was asked for, or no teacher has an answer.
        """
        if isinstance(self._best, str):
            raise ValueError(self._best)
        return self._best

    def to_dict(self) -> dict[str, Any]:
        """Dictionary that JSON can hold, with a schema version and a list of flat rows."""
        return {
            **super().to_dict(),
            "n_samples": self.n_samples,
            "chosen": list(self.chosen),
            "additions": [step.to_dict() for step in self.additions],
            **_of_best(self._best),
            **as_lists(self.remarks),
        }

    def metrics(self, prefix: str = "") -> dict[str, float]:
        """Numbers of each teacher as floats alone, for loggers: "distillable/NAME", "added/NAME".

        Parameters
        ----------
        prefix : str
            Put before each name, such as "val/".
        """
        teachers = [row.teacher for row in self.rows]
        names = dict(zip(teachers, keys_of(teachers), strict=True))
        found: dict[str, float] = {}
        for row in self.rows:
            found |= as_metrics(row._metrics(), prefix, f"/{names[row.teacher]}")
        for step in self.additions:
            own = {} if step.interval is None else interval_metrics({"added": step.interval})
            values = {"added": step.added, **own}
            found |= as_metrics(values, prefix, f"/{names[step.teacher]}")
        return found

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> TeacherRanking:
        """What `to_dict` gave, here or in another process.

        Estimators come back as the text that names them. Details stand with the ranking alone.

        Raises
        ------
        TypeError, ValueError
            If it is no such dictionary, or one of another version; the message names the key.
        """
        written = Written.checked(content, cls)
        rows = tuple(RankedTeacher._read(own, written) for own in written.rows())
        additions = tuple(Addition._read(own) for own in written.rows("additions", least=0))
        strange = {step.teacher for step in additions} - {row.teacher for row in rows}
        if strange:
            at = written.at("additions")
            raise ValueError(f"{at} has teachers without a row: {sorted(strange)}.")
        return cls(
            rows,
            written.choice("units", UNITS),
            additions=additions,
            n_samples=written.integer("n_samples"),
            remarks=written.remarks(),
            _best=_best_in(written),
        )

    def _brief(self) -> str:
        chosen = f"chosen={', '.join(self.chosen) or 'none'}"
        n = f"n_samples={self.n_samples}"
        return short_list([counted(len(self), "teacher"), chosen, n], n_doubts(self))

    def _table(self, width: int) -> list[str]:
        """The ranking and the order."""
        room, width = width, max(len("teacher"), *(len(row.teacher) for row in self.rows))
        lines = [
            f"{counted(len(self), 'teacher')}, {self.n_samples} samples, in {self.units}",
            f"  {'teacher':<{width}} {'knows':>9} {'distillable':>12}",
        ]
        for row in self.rows:
            if row.error is not None:
                start = f"  {row.teacher:<{width}} {'-':>9} {'-':>12}   "
                lines.append(wrapped(row.error, room, first=start, rest="    "))
                continue
            numbers = f"{row.teacher_information:>9.4f} {row.distillable:>12.4f}"
            lines.append(f"  {row.teacher:<{width}} {numbers}" + _ends(row, "distillable"))
        if isinstance(self._best, Best):
            lines.append(wrapped(f"Most to distil: {_may_be(self._best)}", room, rest="  "))
        lines.append(f"In order, each beyond the ones before: {', '.join(self.chosen) or 'none'}")
        for step in self.additions:
            after = f" beyond {', '.join(step.beyond)}" if step.beyond else ""
            ends = "" if step.interval is None else _of_interval(step.interval)
            verdict = "" if step.taken else "   (stops here)"
            text = f"{step.teacher} adds {step.added:.4f}{after}{ends}{verdict}"
            lines.append(wrapped(text, room, first="  ", rest="      "))
        return lines


def _may_be(best: Best) -> str:
    """Those that may have most, of several; chance leaves one of one."""
    one_of = "one of " if len(best.layers) > 1 else ""
    return f"at {percent(best.confidence_level)} {one_of}{', '.join(best.layers)}"


def listed(names: Sequence[str]) -> str:
    """Names for people, the first ones where there are many."""
    shown = ", ".join(repr(name) for name in names[:MOST_SHOWN])
    rest = len(names) - MOST_SHOWN
    return shown if rest <= 0 else f"{shown} and {rest} more"


def _result_in(written: Written, whole: Written) -> DistillableKnowledge | None:
    """The answer of a row, in a table that says the units and the number of rows."""
    if written.text_or_none("error") is not None:
        return None
    shared = {"units": whole.text("units"), "n_samples": whole.integer("n_samples")}
    return DistillableKnowledge._read(
        Written(written.kind, {**written.content, **shared}, written.place)
    )


def _interval_in(written: Written, name: str) -> Interval:
    written.number(f"{name}_low")  # named where it is missing
    return intervals_in(written, [name])[name]


def _of_best(best: Best | str) -> dict[str, Any]:
    """The set that may be best, its standings, or why there are none."""
    known = isinstance(best, Best)
    return {
        "best": list(best.layers) if isinstance(best, Best) else None,
        "standings": best.to_dict() if isinstance(best, Best) else None,
        "no_best": None if known else best,
    }


def _best_in(written: Written) -> Best | str:
    return (
        Best._read(written.part("standings"))
        if written.has("standings")
        else written.text("no_best")
    )


def _side_by_side(widths: Sequence[int], room: int) -> list[slice]:
    """Columns in as many parts as it takes for each to fit into the room."""
    parts, start, used = [], 0, 0
    for k, own in enumerate(widths):
        if used + own + 2 > room and k > start:
            parts.append(slice(start, k))
            start, used = k, 0
        used += own + 2
    return [*parts, slice(start, len(widths))]


def ranked(
    names: Sequence[str],
    values: Floats,
    interval_of: Sequence[Interval],
    ruled_out: Sequence[bool],
    *,
    student: str,
    level: float,
    units: Units,
) -> Best:
    """Standings from the highest down."""
    rows = []
    for k in np.argsort(-values, kind="stable"):
        others = np.delete(values, k)
        behind = float(values[k] - others.max()) if len(others) else 0.0
        rows.append(
            Standing(
                name=names[k],
                distillable=float(values[k]),
                difference=behind,
                interval=interval_of[k],
                ruled_out=bool(ruled_out[k]),
            )
        )
    return Best(tuple(rows), units, student=student, confidence_level=level)


def _cell(row: LayerPair) -> str:
    if row.distillable is None:
        return "failed"
    text = f"{row.distillable:.4f}"
    interval = row.intervals.get("distillable")
    return f"({text})" if interval is not None and interval.low <= 0 <= interval.high else text


def _ends(row: _Answer, name: str) -> str:
    interval = row.intervals.get(name)
    return "" if interval is None else _of_interval(interval)


def _of_interval(interval: Interval) -> str:
    return f"   {percent(interval.confidence_level)}: {interval.low:.4f} to {interval.high:.4f}"
