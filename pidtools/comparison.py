"""Which of two students has more left to learn from one teacher."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pidtools import _warnings, resampling
from pidtools._estimator import Estimator
from pidtools._information import from_bits
from pidtools._measuring import (
    PARTS,
    Measurement,
    Options,
    excess_of,
    measure,
    note_on_bound,
)
from pidtools._result import (
    SCHEMA_VERSION,
    DistillableKnowledge,
    Interval,
    Summary,
    Units,
    p_value_text,
)
from pidtools._types import Floats

# Every number that can differ; the teacher's information is one and the same.
COMPARED = tuple(name for name in PARTS if name != "teacher_information")


@dataclass(frozen=True, kw_only=True)
class StudentComparison:
    r"""Two students of one teacher, and their differences.

    Attributes
    ----------
    a, b : DistillableKnowledge
        Each student beside the teacher, as `distillable_knowledge` reports it.
    intervals : mapping of str to Interval
        Intervals of the differences a - b, by the name of the number; empty unless a
        `confidence_level` was asked for. The students meet the same resamples, so what they
        share cancels.
    p_value : float or None
        Two-sided p-value of the null that both students leave equally much to distil,
        Uni(Y : T \ S_a) = Uni(Y : T \ S_b); None without intervals. It says nothing of the
        other differences, nor of which knowledge it is.
    p_value_is_bound : bool
        Whether `p_value` is the least that so many resamples can show, ``2 / (1 + n_resamples)``;
        then it is at most that.
    notes : tuple of str
        What to know before trusting the numbers, of all three sources.
    """

    a: DistillableKnowledge
    b: DistillableKnowledge
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    p_value: float | None = None
    notes: tuple[str, ...] = ()
    p_value_is_bound: bool = False

    @property
    def units(self) -> Units:
        """Unit of every number."""
        return self.a.units

    @property
    def differences(self) -> dict[str, float]:
        """Number of a minus number of b, by name; without the synergy where it is unknown."""
        pairs = {name: (getattr(self.a, name), getattr(self.b, name)) for name in COMPARED}
        return {name: a - b for name, (a, b) in pairs.items() if a is not None and b is not None}

    def summary(self) -> str:
        """The numbers and the notes as text for people."""
        lines = [
            f"{self.a.n_samples} samples, in {self.units}; the teacher knows "
            f"{self.a.teacher_information:.4f}",
            f"  {'':<22}{'a':>9}{'b':>9}{'a - b':>10}",
        ]
        for name, difference in self.differences.items():
            a, b = getattr(self.a, name), getattr(self.b, name)
            line = f"  {name.replace('_', ' '):<22}{a:>9.4f}{b:>9.4f}{difference:>+10.4f}"
            lines.append(line + self._shown(name))
        if self.p_value is not None:
            shown = p_value_text(self.p_value, self.p_value_is_bound)
            lines.append(f"p-value of equally much to distil: {shown}")
        lines += [f"- {note}" for note in self.notes]
        return "\n".join(lines)

    def _shown(self, name: str) -> str:
        if name not in self.intervals:
            return ""
        found = self.intervals[name]
        return f"   {found.confidence_level:g}: {found.low:+.4f} to {found.high:+.4f}"

    def to_dict(self) -> dict[str, Any]:
        """Flat dictionary that JSON can hold, with a schema version."""
        content: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "units": self.units,
            "n_samples": self.a.n_samples,
            "n_classes": self.a.n_classes,
            "estimator_t": repr(self.a.estimator_t),
            "teacher_information": self.a.teacher_information,
            "p_value": self.p_value,
            "p_value_is_bound": self.p_value_is_bound,
            "notes": list(self.notes),
        }
        for label, student in (("a", self.a), ("b", self.b)):
            whole = student.to_dict()
            names = (*COMPARED, "gap", "outcome")
            content |= {f"{label}_{name}": whole[name] for name in names}
            content[f"{label}_estimator"] = whole["estimator_s"]
        for name, difference in self.differences.items():
            content[f"difference_{name}"] = difference
        for name, found in self.intervals.items():
            content["confidence_level"] = found.confidence_level
            content |= {
                f"difference_{name}_low": found.low,
                f"difference_{name}_high": found.high,
            }
        return content


@_warnings.quiet
def compare_students(
    T: ArrayLike | Summary,
    S_a: ArrayLike | Summary,
    S_b: ArrayLike | Summary,
    Y: ArrayLike,
    *,
    estimator: Estimator | str = "auto",
    units: Units = "bits",
    confidence_level: float | None = 0.95,
    n_resamples: int = 200,
    groups: ArrayLike | None = None,
    synergy: bool = True,
    random_state: int | np.random.Generator | None = 0,
    n_jobs: int | None = None,
    progress: bool = False,
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
    estimator, units, n_resamples, groups, synergy, random_state, n_jobs, progress
        As in `distillable_knowledge`.
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
    options = Options.checked(units, confidence_level, n_resamples, progress)
    measured = measure(
        {"T": T, "S_a": S_a, "S_b": S_b},
        Y,
        estimator=estimator,
        synergy=synergy,
        groups=groups,
        random_state=random_state,
        n_jobs=n_jobs,
    )
    _warnings.pass_on(measured.caught, units=units)
    replicates = measured.replicates(options)
    a, b = measured.results(options, replicates)
    notes = tuple(dict.fromkeys((*a.notes, *b.notes)))
    plain = StudentComparison(a=a, b=b, notes=notes)
    if replicates is None or options.confidence_level is None:
        return plain
    between = (replicates[:, 0] - replicates[:, 1]) * from_bits(1.0, units)
    difference = plain.differences["distillable"]
    distillable = between[:, PARTS["distillable"]].sum(axis=1)
    p = resampling.p_difference(
        difference,
        distillable,
        tolerance=a.pid.gap + b.pid.gap,
        excess=excess_of(measured, difference, distillable),
    )
    is_bound = resampling.is_least(p, distillable, 2)
    return dataclasses.replace(
        plain,
        notes=(*notes, *note_on_bound("p_value", p, is_bound, len(between))),
        intervals=_intervals(plain, measured, between, options.confidence_level),
        p_value=p,
        p_value_is_bound=is_bound,
    )


def _intervals(
    plain: StudentComparison,
    measured: Measurement,
    between: Floats,
    level: float,
) -> dict[str, Interval]:
    found = {}
    for name, difference in plain.differences.items():
        own = between[:, PARTS[name]].sum(axis=1)
        excess = excess_of(measured, difference, own)
        found[name] = resampling.interval(difference, own, level, excess=excess)
    return found
