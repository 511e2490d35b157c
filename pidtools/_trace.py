"""What a student has taken from its teacher, step by step of its training: rows and a table."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pidtools._notebook import InALine, counted, percent, short_list, wrapped
from pidtools._remarks import Remark, Remarked, as_lists
from pidtools._result import UNITS, Interval, as_metrics, in_line, n_doubts
from pidtools._where import Rows, interval_ends, intervals_in
from pidtools._written import AsWritten, Written

Reason = Literal["nothing left", "no longer falling", "still falling"]
# Whole numbers from which on floats have no ones.
MOST_DIGITS = 2**53
REASONS: tuple[Reason, ...] = ("nothing left", "no longer falling", "still falling")
# Numbers of a step, and those with intervals and bands.
OWN = (
    *("distillable", "distilled", "student_only"),
    *("teacher_information", "student_information", "gap"),
)
BANDED = ("distillable", "distilled")
# What is flat, and no number of the student.
NO_METRIC = ("step", "confidence_level")


def step_text(step: float) -> str:
    """A step with all of its digits: those of a long training differ in the last ones."""
    number = float(step)
    return str(int(step)) if number.is_integer() and abs(number) < MOST_DIGITS else repr(number)


@dataclass(frozen=True, kw_only=True, repr=False)
class TraceRow(Remarked, InALine):
    r"""One step of a student's training.

    Attributes
    ----------
    step : int or float
        Epoch, or whatever counts the steps.
    distillable, distilled, student_only : float
        Uni(Y : T \ S), Red(Y : T, S) and Uni(Y : S \ T).
    teacher_information, student_information : float
        I(Y; T), the same number at every step, and I(Y; S).
    intervals : mapping of str to Interval
        Of `distillable` and `distilled` at this step alone; empty without a `confidence_level`.
    bands : mapping of str to Interval
        The same of all steps at once: the confidence is that of the whole curve.
    baseline : TraceRow or None
        The student trained without distillation at this step.
    differences : mapping of str to float
        `distillable` and `distilled` of the student less those of the baseline. As both have one
        teacher, what one has distilled beyond the other is what is no longer distillable.
    difference_bands : mapping of str to Interval
        Of the differences, for all steps at once. Both students have the same rows, so that what
        they share cancels.
    gap : float
        Proved bound on the error of the atoms of the tables.
    stopped : bool
        Whether the solver stopped before it was done.
    remarks : tuple of Remark
        What is said of the numbers of this step; shown as `warnings`, `notes` and ``details()``.
    """

    step: float
    distillable: float
    distilled: float
    student_only: float
    teacher_information: float
    student_information: float
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    bands: Mapping[str, Interval] = field(default_factory=dict)
    baseline: TraceRow | None = None
    differences: Mapping[str, float] = field(default_factory=dict)
    difference_bands: Mapping[str, Interval] = field(default_factory=dict)
    gap: float = 0.0
    stopped: bool = False
    remarks: tuple[Remark, ...] = ()

    def _brief(self) -> str:
        own = self.bands.get("distillable")
        ends = "" if own is None else f" ({in_line(own.low)} to {in_line(own.high)})"
        beside = "" if self.baseline is None else "with a baseline"
        return short_list(
            [
                f"step={step_text(self.step)}, distillable={in_line(self.distillable)}{ends}",
                f"distilled={in_line(self.distilled)}",
                f"student_only={in_line(self.student_only)}",
                beside,
            ],
            n_doubts(self),
        )

    def to_dict(self) -> dict[str, Any]:
        """Flat dictionary of numbers that JSON can hold, without what is said of them."""
        found: dict[str, Any] = {"step": self.step, **self.numbers()}
        found |= interval_ends(self.intervals) | _band_ends(self.bands)
        if self.baseline is None:
            return found
        theirs = {
            **self.baseline.numbers(),
            **interval_ends(self.baseline.intervals),
            **_band_ends(self.baseline.bands),
        }
        shared = ("teacher_information", "confidence_level")
        found |= {f"baseline_{name}": x for name, x in theirs.items() if name not in shared}
        found |= {f"difference_{name}": x for name, x in self.differences.items()}
        ends = _band_ends(self.difference_bands).items()
        return found | {f"difference_{name}": x for name, x in ends}

    def metrics(self, prefix: str = "") -> dict[str, float]:
        """Numbers of this step as floats alone, for ``log(row.metrics(), step=row.step)``.

        Parameters
        ----------
        prefix : str
            Put before each name, such as "val/".
        """
        found = self.to_dict()
        return as_metrics({k: x for k, x in found.items() if k not in NO_METRIC}, prefix)

    @classmethod
    def _read(cls, written: Written, said: Written) -> TraceRow:
        own = dataclasses.replace(
            cls._numbers(written), stopped=said.flag("stopped"), remarks=said.remarks()
        )
        if not written.has("baseline_distillable"):
            return own
        theirs = {**written.below("baseline_").content, "step": own.step}
        theirs |= {"teacher_information": own.teacher_information}
        if "confidence_level" in written.content:
            theirs["confidence_level"] = written.content["confidence_level"]
        beside = Written(written.kind, theirs, f"{written.place}baseline_")
        return dataclasses.replace(
            own,
            baseline=cls._numbers(beside),
            differences={name: written.number(f"difference_{name}") for name in BANDED},
            difference_bands=_bands_in(written, "difference_"),
        )

    @classmethod
    def _numbers(cls, written: Written) -> TraceRow:
        return cls(
            step=written.step("step"),
            distillable=written.number("distillable"),
            distilled=written.number("distilled"),
            student_only=written.number("student_only"),
            teacher_information=written.number("teacher_information"),
            student_information=written.number("student_information"),
            gap=written.number("gap"),
            intervals=intervals_in(written, BANDED),
            bands=_bands_in(written),
        )

    def numbers(self) -> dict[str, float]:
        """The numbers of the student by their names."""
        return {name: getattr(self, name) for name in OWN}


@dataclass(frozen=True, kw_only=True)
class Saturation:
    """Where distillation has saturated, if it has.

    Attributes
    ----------
    step : int, float or None
        The first step from which on it has; None while it may still fall.
    reason : {"nothing left", "no longer falling", "still falling"}
        "nothing left": from this step on the upper end of the band of `distillable` stays below
        `margin`. "no longer falling": from this step to any later one, `distillable` falls by less
        than `margin`, as far as a band of all these falls at once tells. "still falling": neither
        can be said, because it does or because the rows are too few to tell.
    margin : float
        What counts as nothing, in the units of the trace.
    """

    step: float | None
    reason: Reason
    margin: float

    def to_dict(self) -> dict[str, Any]:
        """Flat dictionary that JSON can hold."""
        return {
            "saturation_step": self.step,
            "saturation_reason": self.reason,
            "saturation_margin": self.margin,
        }


@dataclass(frozen=True, repr=False)
class DistillationTrace(Remarked, Rows[TraceRow]):
    """What a student has taken from its teacher over its training: a sequence of `TraceRow`.

    Attributes
    ----------
    rows : tuple of TraceRow
        The steps in rising order.
    units : {"bits", "nats"}
        Unit of every number.
    saturation : Saturation or None
        Where distillation has saturated; None for a single step or without a `confidence_level`.
    n_samples : int
        Number of rows that were measured.
    confidence_level : float or None
        Of intervals and bands.
    estimator : object
        How the teacher was looked at.
    remarks : tuple of Remark
        All warnings, and what is said of every step; shown as `warnings`, `notes` and
        ``details()``. What is said of single steps stands in their rows.
    """

    saturation: Saturation | None = None
    n_samples: int = 0
    confidence_level: float | None = None
    estimator: Any = None
    remarks: tuple[Remark, ...] = ()

    @property
    def steps(self) -> tuple[float, ...]:
        """The steps in rising order."""
        return tuple(row.step for row in self.rows)

    @property
    def teacher_information(self) -> float:
        """I(Y; T), the same at every step."""
        return self.rows[0].teacher_information

    @property
    def has_baseline(self) -> bool:
        """Whether there is a student without distillation beside this one."""
        return self.rows[0].baseline is not None

    def column(self, name: str, *, of_baseline: bool = False) -> list[float]:
        """One number of all steps, NaN where it is not known."""
        rows = [row.baseline if of_baseline else row for row in self.rows]
        return [math.nan if row is None else row.numbers()[name] for row in rows]

    def metrics(self, prefix: str = "") -> dict[str, float]:
        """Numbers of all steps as floats alone, for loggers: "distillable/step_3".

        Loggers that count steps themselves take ``row.metrics()`` of each row with ``row.step``.

        Parameters
        ----------
        prefix : str
            Put before each name, such as "val/".
        """
        found: dict[str, float] = {}
        for row in self.rows:
            found |= {
                f"{key}/step_{step_text(row.step)}": x for key, x in row.metrics(prefix).items()
            }
        if self.saturation is not None:
            values = {
                "saturation_step": self.saturation.step,
                "saturation_margin": self.saturation.margin,
            }
            found |= as_metrics(values, prefix)
        return found

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> DistillationTrace:
        """What `to_dict` gave, here or in another process.

        Estimators come back as the text that names them. Details stand with the trace alone.

        Raises
        ------
        TypeError, ValueError
            If it is no such dictionary, or one of another version; the message names the key.
        """
        written = Written.checked(content, cls)
        saturation = None
        if any(key.startswith("saturation_") for key in written.content):
            step = written.number_or_none("saturation_step")
            saturation = Saturation(
                step=None if step is None else written.step("saturation_step"),
                reason=written.choice("saturation_reason", REASONS),
                margin=written.number("saturation_margin"),
            )
        return cls(
            _rows_in(written),
            written.choice("units", UNITS),
            saturation=saturation,
            n_samples=written.integer("n_samples"),
            confidence_level=written.number_or_none("confidence_level"),
            estimator=AsWritten(written.text("estimator_t")),
            remarks=written.remarks(),
        )

    def _brief(self) -> str:
        first, last = self.rows[0], self.rows[-1]
        went = f"distillable={in_line(first.distillable)} to {in_line(last.distillable)}"
        steps = (
            f"{counted(len(self.rows), 'step')} ({step_text(first.step)} to {step_text(last.step)})"
        )
        end = ""
        if self.saturation is not None:
            at = self.saturation.step
            end = "not saturated" if at is None else f"saturated at step {step_text(at)}"
        n = f"n_samples={self.n_samples}"
        return short_list([steps, f"{went} {self.units}", end, n], n_doubts(self))

    def _table(self, width: int) -> list[str]:
        """A line a step."""
        head = (
            f"{counted(len(self.rows), 'step')} of {self.n_samples} samples, in {self.units}; "
            f"the teacher knows {self.teacher_information:.4f}"
        )
        return [wrapped(head, width), *_table(self, width)]

    def to_dict(self) -> dict[str, Any]:
        """Dictionary that JSON can hold, with a schema version and a list of flat rows."""
        found = super().to_dict()
        found |= {
            "n_samples": self.n_samples,
            "estimator_t": repr(self.estimator),
            "teacher_information": self.teacher_information,
            "confidence_level": self.confidence_level,
            **({} if self.saturation is None else self.saturation.to_dict()),
            "steps": [_said_of(row) for row in self.rows],
            **as_lists(self.remarks),
        }
        return found


def _table(trace: DistillationTrace, room: int) -> list[str]:
    """A line a step; bands stand beside their numbers.

    What is beside a baseline follows below where it has no room.
    """
    width = max(4, *(len(step_text(row.step)) for row in trace.rows))
    own = [f"{'distillable':>12}{_room(trace)} {'distilled':>10}{_room(trace)}"]
    own += [
        f"{row.distillable:>12.4f}{_band(row.bands, 'distillable')}"
        f" {row.distilled:>10.4f}{_band(row.bands, 'distilled')}"
        for row in trace.rows
    ]
    beside = [f"{'baseline':>10} {'less by':>10}{_room(trace)}"]
    beside += [
        f"{row.baseline.distillable:>10.4f} {-row.differences['distillable']:>+10.4f}"
        f"{_band(row.difference_bands, 'distilled', '+.3f')}"
        for row in trace.rows
        if row.baseline is not None
    ]
    steps = [f"  {'step':>{width}}", *(f"  {step_text(row.step):>{width}}" for row in trace.rows)]
    lines = [f"{step} {text}" for step, text in zip(steps, own, strict=True)]
    if trace.has_baseline:
        more = [f" {text}" for text in beside]
        if max(map(len, lines)) + max(map(len, more)) <= room:
            lines = [line + text for line, text in zip(lines, more, strict=True)]
        else:
            lines += [f"{step}{text}" for step, text in zip(steps, more, strict=True)]
    lines = [line.rstrip() for line in lines]
    if trace.confidence_level is not None:
        level = percent(trace.confidence_level)
        lines.append(f"  Bands hold all steps at once, with a confidence of {level}.")
    if trace.has_baseline:
        text = "baseline: distillable without distillation; less by: what distilling took from it."
        lines.append(wrapped(text, room, first="  ", rest="  "))
    return lines


def _room(trace: DistillationTrace) -> str:
    return "" if trace.confidence_level is None else " " * 18


def _band(bands: Mapping[str, Interval], name: str, digits: str = ".3f") -> str:
    if name not in bands:
        return ""
    ends = f"{bands[name].low:{digits}} to {bands[name].high:{digits}}"
    return f"  {ends:<16}"


def _said_of(row: TraceRow) -> dict[str, Any]:
    """What is no number of a step."""
    lists = {"warnings": list(row.warnings), "notes": list(row.notes)}
    return {"step": row.step, "stopped": row.stopped, **lists}


def _rows_in(written: Written) -> tuple[TraceRow, ...]:
    """Steps with what is said of each."""
    numbers, said = written.rows(), written.rows("steps")
    if len(numbers) != len(said):
        at = written.at("steps")
        raise ValueError(
            f"{at} must have an entry for each of {len(numbers)} rows; got {len(said)}."
        )
    rows = tuple(TraceRow._read(own, of) for own, of in zip(numbers, said, strict=True))
    if len({row.baseline is None for row in rows}) > 1:
        at = written.at("rows")
        raise ValueError(f"{at} must all have a baseline_distillable, or none of them.")
    return rows


def _bands_in(written: Written, prefix: str = "") -> dict[str, Interval]:
    found = {}
    for name in BANDED:
        low, high = (f"{prefix}{name}_band_{end}" for end in ("low", "high"))
        if {low, high} & written.content.keys():
            level = written.number("confidence_level")
            found[name] = Interval(written.number(low), written.number(high), level)
    return found


def _band_ends(bands: Mapping[str, Interval]) -> dict[str, float]:
    ends: dict[str, float] = {}
    for name, band in bands.items():
        ends |= {f"{name}_band_low": band.low, f"{name}_band_high": band.high}
    return ends
