"""Whether to distil at all: a weight for the distillation loss that can't be fooled by noise."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from pidtools import _validate, _warnings
from pidtools._estimator import Estimator, Summary
from pidtools._ignored import IgnoreLabel
from pidtools._information import entropy, from_bits
from pidtools._knowledge import DistillableKnowledge
from pidtools._measuring import Options, Uncertainty, measure
from pidtools._notebook import Shown
from pidtools._page import verdicts
from pidtools._page.parts import Section
from pidtools._remarks import Rank, Remark, Remarked, arranged, as_lists
from pidtools._result import Units, as_metrics
from pidtools._written import SCHEMA_VERSION, Written

# Rows a class below which an interval of what is left to distil is hardly one.
FEW_ROWS_A_CLASS = 10
# Share of H(Y) from which on a source knows so much that its rows may be those it was trained on.
KNOWS_ALL = 0.995
# Share of H(Y) that is taken off: a choice; benchmarks/decisions_digits.py has what passes without.
MARGIN = 0.01


class DistillationWeight(Remarked, Shown, float):
    r"""A weight between 0 and 1, with what it was made from; 0 is: do not distil.

    Attributes
    ----------
    lower_bound : float
        Lower end of the interval of Uni(Y : T \ S), in the units of `result`.
    margin : float
        Share of H(Y) that was taken off.
    result : DistillableKnowledge
        What was measured.
    remarks : tuple of Remark
        Shown as `warnings`, `notes` and ``details()``, as those of the result.
    """

    lower_bound: float
    margin: float
    result: DistillableKnowledge
    remarks: tuple[Remark, ...]

    def __new__(
        cls,
        weight: float,
        *,
        lower_bound: float,
        margin: float,
        result: DistillableKnowledge,
        remarks: tuple[Remark, ...],
    ) -> Self:
        """The number, and beside it what it came from."""
        made = super().__new__(cls, weight)
        made.lower_bound, made.margin = lower_bound, margin
        made.result, made.remarks = result, remarks
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles keep the attributes."""
        known = {"lower_bound": self.lower_bound, "margin": self.margin}
        return _made, (float(self), {**known, "result": self.result, "remarks": self.remarks})

    def __repr__(self) -> str:
        return float.__repr__(self)

    @property
    def verdict(self) -> str:
        """Whether to distil, in one sentence."""
        units = self.result.units
        if self == 0.0:
            said = (
                "this teacher has nothing for this student that these rows can show, so leave the "
                "distillation loss out (weight 0)."
            )
        else:
            said = (
                f"distil: at least {self.lower_bound:.3f} {units} are left to distil, "
                f"at {verdicts.level(self.result.intervals)} (weight {float(self):.2f})."
            )
        return verdicts.doubted(said, self.warnings)

    def _table(self, width: int) -> list[str]:
        """The weight and the numbers behind it."""
        head = (
            f"weight {float(self):.4f}: the lower end {self.lower_bound:.4f} {self.result.units} "
            f"as a share of H(Y), less {self.margin:g}"
        )
        return [head, *self.result._table(width)]

    def _repr_html_(self) -> str:
        """The weight, and what it was made from, for notebooks."""
        from pidtools._page import fragment

        return fragment.of_section(self._section(whole=False))

    def _section(self, *, whole: bool) -> Section:
        """The result behind it, headed by the weight."""
        from pidtools._page import sections

        made = sections.section(self.result, whole=whole)
        return dataclasses.replace(
            made,
            title="Weight of distillation",
            said=(self.verdict, *made.said[1:]),
            warnings=self.warnings,
            notes=self.notes,
            details=tuple(self.details().splitlines()),
        )

    def metrics(self, prefix: str = "") -> dict[str, float]:
        """The weight and the numbers behind it as floats alone, for loggers.

        Parameters
        ----------
        prefix : str
            Put before each name, such as "val/".
        """
        own = {"weight": float(self), "lower_bound": self.lower_bound, "margin": self.margin}
        return {**as_metrics(own, prefix), **self.result.metrics(prefix)}

    def to_dict(self) -> dict[str, Any]:
        """Flat dictionary that JSON can hold, with a schema version."""
        return {
            "schema_version": SCHEMA_VERSION,
            "verdict": self.verdict,
            "weight": float(self),
            "lower_bound": self.lower_bound,
            "margin": self.margin,
            **{f"result_{key}": value for key, value in self.result.to_dict().items()},
            **as_lists(self.remarks),
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """What `to_dict` gave, here or in another process.

        Estimators come back as the text that names them.

        Raises
        ------
        TypeError, ValueError
            If it is no such dictionary, or one of another version; the message names the key.
        """
        written = Written.checked(content, cls)
        written.texts("result_details")  # named where it is missing
        return cls(
            written.number("weight"),
            lower_bound=written.number("lower_bound"),
            margin=written.number("margin"),
            result=DistillableKnowledge._read(written.below("result_")),
            remarks=written.remarks(),
        )


def _made(weight: float, attributes: dict[str, Any]) -> DistillationWeight:
    return DistillationWeight(weight, **attributes)


@_warnings.quiet
def distillation_weight(
    T: ArrayLike | Summary,
    S: ArrayLike | Summary,
    Y: ArrayLike,
    *,
    margin: float = MARGIN,
    estimator: Estimator[Any] | str = "auto",
    units: Units = "bits",
    confidence_level: float = 0.95,
    n_resamples: int = 200,
    uncertainty: Uncertainty = "bootstrap",
    groups: ArrayLike | None = None,
    ignore_label: IgnoreLabel = None,
    fit_on: tuple[ArrayLike, ArrayLike, ArrayLike] | None = None,
    random_state: int | np.random.Generator | None = 0,
    n_jobs: int | None = None,
    progress: bool | None = None,
) -> DistillationWeight:
    r"""Whether to distil, by what the teacher surely has and the student lacks.

    The lower end of the interval of Uni(Y : T \\ S) as a share of H(Y), less a margin, between 0
    and 1. 0 means: this teacher has nothing for this student that the rows can show, and distilling
    can only cost. Above 0 take it for a yes: as a factor of a loss it is mostly too small.

    S is a student that was trained *without* this teacher, or the present one; neither network was
    trained on these rows. A student that has learned them by heart lacks nothing.

    Parameters
    ----------
    T, S, Y, estimator, units, n_resamples, uncertainty
        As in `distillable_knowledge`; Y holds class labels.
    margin : float
        Share of H(Y) that is taken off, at least 0 and below 1: what is surely there may still be
        too little to be worth its cost.
    confidence_level : float
        Confidence of the interval; its lower end is too high in half of what is left of 1.
    groups, ignore_label, fit_on, random_state, n_jobs, progress
        As in `distillable_knowledge`.

    Returns
    -------
    DistillationWeight
        A float with `lower_bound`, `margin`, `result`, `notes` and `summary`.

    Warns
    -----
    PIDWarning
        As `distillable_knowledge`, and where a class has so few rows that no interval of them says
        much.

    Raises
    ------
    ValueError
        For a continuous Y, a margin out of range, no confidence level, and as
        `distillable_knowledge`.
    TypeError
        As `distillable_knowledge`.

    Examples
    --------
    >>> import numpy as np
    >>> import pidtools as pt
    >>> y = np.arange(2000) % 4
    >>> noise = np.random.default_rng(0).integers(0, 4, 2000)
    >>> useless = pt.distillation_weight(noise, y // 2, y)
    >>> useful = pt.distillation_weight(y, y // 2, y)
    >>> float(useless), round(useful, 2)
    (0.0, 0.49)
    """
    share = _validate.check_share(margin, "margin")
    if confidence_level is None:
        raise ValueError("confidence_level must be between 0 and 1; a weight needs an interval.")
    options = Options.checked(units, confidence_level, n_resamples, progress, uncertainty)
    measured = measure(
        T,
        {"S": S},
        Y,
        estimator=estimator,
        options=options,
        fit_on=fit_on,
        synergy=False,
        groups=groups,
        ignore_label=ignore_label,
        random_state=random_state,
        n_jobs=n_jobs,
    )
    if measured.target.n_classes is None:
        raise ValueError(
            "Y holds amounts, whose entropy no share can be taken of; a weight needs class labels."
        )
    (result,) = measured.results
    counts = np.bincount(measured.target.values)
    held = from_bits(entropy(counts / counts.sum()), options.units)
    low = result.intervals["distillable"].low
    remarks = arranged((*_on_rows(result, held, int(counts.min())), *result.remarks))
    weight = float(np.clip(low / held - share, 0.0, 1.0))
    return DistillationWeight(weight, lower_bound=low, margin=share, result=result, remarks=remarks)


def _on_rows(result: DistillableKnowledge, held: float, fewest: int) -> list[Remark]:
    remarks = []
    known = {"T": result.teacher_information, "S": result.student_information}
    certain = [name for name, value in known.items() if value > KNOWS_ALL * held]
    if certain:
        text = (
            "Y is known for certain. If these rows were trained on, measure on others: what a "
            "network has by heart says nothing of what it can teach."
        )
        remarks.append(Remark(text, "note", Rank.question, tuple(certain)))
    if fewest < FEW_ROWS_A_CLASS:
        text = (
            f"a class has {fewest} rows, too few for an interval to rest on; the weight says "
            f"little. Use {FEW_ROWS_A_CLASS} rows a class or more."
        )
        doubt = Remark(text, "warning", Rank.starved)
        _warnings.warn(doubt)
        remarks.append(doubt)
    return remarks
