"""What a student has taken from its teacher, step by step of its training: rows and a table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pidtools._result import Interval
from pidtools._where import Rows, interval_ends

Reason = Literal["nothing left", "no longer falling", "still falling"]


@dataclass(frozen=True, kw_only=True)
class TraceRow:
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
    notes : tuple of str
        What to know before trusting the numbers of this step.
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
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Flat dictionary that JSON can hold, without the notes."""
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

    def numbers(self) -> dict[str, float]:
        """The numbers of the student by their names."""
        return {
            "distillable": self.distillable,
            "distilled": self.distilled,
            "student_only": self.student_only,
            "teacher_information": self.teacher_information,
            "student_information": self.student_information,
            "gap": self.gap,
        }


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


@dataclass(frozen=True)
class DistillationTrace(Rows[TraceRow]):
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
    notes : tuple of str
        What to know before trusting the numbers, of the trace as a whole.
    """

    saturation: Saturation | None = None
    n_samples: int = 0
    confidence_level: float | None = None
    estimator: Any = None
    notes: tuple[str, ...] = ()

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

    def summary(self) -> str:
        """The numbers and the notes as text for people."""
        lines = [
            f"{len(self.rows)} steps of {self.n_samples} samples, in {self.units}; the teacher "
            f"knows {self.teacher_information:.4f}"
        ]
        lines += _table(self)
        if self.saturation is not None:
            lines.append(said_of_saturation(self.saturation, self.units))
        lines += [f"- {note}" for note in self.notes]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Dictionary that JSON can hold, with a schema version and a list of flat rows."""
        found = super().to_dict()
        found |= {
            "n_samples": self.n_samples,
            "estimator_t": repr(self.estimator),
            "teacher_information": self.teacher_information,
            "confidence_level": self.confidence_level,
            **({} if self.saturation is None else self.saturation.to_dict()),
            "notes": list(self.notes),
        }
        return found


def _table(trace: DistillationTrace) -> list[str]:
    """A line a step; bands stand beside their numbers."""
    width = max(4, *(len(f"{row.step:g}") for row in trace.rows))
    head = f"  {'step':>{width}} {'distillable':>12}{_room(trace)} {'distilled':>10}{_room(trace)}"
    if trace.has_baseline:
        head += f" {'baseline':>10} {'less by':>10}{_room(trace)}"
    lines = [head.rstrip()]
    for row in trace.rows:
        line = f"  {row.step:>{width}g} {row.distillable:>12.4f}{_band(row.bands, 'distillable')}"
        line += f" {row.distilled:>10.4f}{_band(row.bands, 'distilled')}"
        if row.baseline is not None:
            line += f" {row.baseline.distillable:>10.4f} {-row.differences['distillable']:>+10.4f}"
            line += _band(row.difference_bands, "distilled", "+.3f")
        lines.append(line)
    if trace.confidence_level is not None:
        lines.append(
            f"  Bands hold all steps at once, with a confidence of {trace.confidence_level:g}."
        )
    if trace.has_baseline:
        lines.append(
            "  baseline: distillable without distillation; less by: what distilling took from it."
        )
    return lines


def _room(trace: DistillationTrace) -> str:
    return "" if trace.confidence_level is None else " " * 18


def _band(bands: Mapping[str, Interval], name: str, digits: str = ".3f") -> str:
    if name not in bands:
        return ""
    ends = f"{bands[name].low:{digits}} to {bands[name].high:{digits}}"
    return f"  {ends:<16}"


def said_of_saturation(found: Saturation, units: str) -> str:
    """Whether there is more to take, as a sentence for people."""
    margin = f"{found.margin:.2g} {units}"
    if found.step is None:
        return f"Not saturated: still falling, or more rows are needed to tell less than {margin}."
    if found.reason == "nothing left":
        return f"Saturated at step {found.step:g}: nothing left, less than {margin} from there on."
    return (
        f"Saturated at step {found.step:g}: no longer falling, by less than {margin} from there on."
    )


def _band_ends(bands: Mapping[str, Interval]) -> dict[str, float]:
    ends: dict[str, float] = {}
    for name, band in bands.items():
        ends |= {f"{name}_band_low": band.low, f"{name}_band_high": band.high}
    return ends
