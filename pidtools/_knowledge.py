"""The answers to questions about knowledge, and the one table of what is asked for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pidtools._notebook import Shown, percent, short_list, wrapped
from pidtools._remarks import Remark, Remarked, as_lists
from pidtools._result import (
    PID,
    UNITS,
    Interval,
    Units,
    as_metrics,
    evidence,
    finite,
    in_line,
    n_doubts,
    unsigned_zero,
)
from pidtools._types import Floats
from pidtools._where import (
    ClassTable,
    Located,
    PairTable,
    as_frame,
    interval_ends,
    interval_metrics,
    intervals_in,
)
from pidtools._written import SCHEMA_VERSION, AsWritten, Written


@dataclass(frozen=True)
class Quantity:
    """A number of a `DistillableKnowledge`: its name there, and how people are shown it.

    Attributes
    ----------
    name : str
        Property of the result, and key wherever numbers are kept by name.
    title, symbol : str
        In words and as the field writes it.
    parts : tuple of int
        Which of redundancy, unique of T, unique of S and synergy it adds up.
    colour : str or None
        Of an atom: from Okabe and Ito's, which colour-blind readers can tell apart.
    """

    name: str
    title: str
    symbol: str
    parts: tuple[int, ...]
    colour: str | None = None

    def of(self, result: DistillableKnowledge) -> float | None:
        """Its value; None where the synergy is not known."""
        value: float | None = getattr(result, self.name)  # properties are their own documentation
        return value

    def total(self, atoms: Floats) -> Floats:
        """The sum of its atoms, for atoms along the last axis."""
        added: Floats = atoms[..., list(self.parts)].sum(axis=-1)
        return added


@dataclass(frozen=True)
class Unread:
    """What a teacher, a student and both together may hold beyond what was read of them.

    By how much each quantity may then be too high or too low. A part that only one was read to
    hold may be another's as well, and what one was not read to hold may be known to the other.
    """

    t: float
    s: float
    both: float

    def off(self, quantity: Quantity) -> tuple[float, float]:
        """How far down and up from the estimate the quantity may be."""
        either = max(self.t, self.s)
        return {
            "teacher_information": (0.0, self.t),
            "student_information": (0.0, self.s),
            "joint_information": (0.0, self.both),
            "distilled": (0.0, either),
            "distillable": (self.s, self.t),
            "student_only": (self.t, self.s),
            "synergy": (either, self.both),
        }[quantity.name]


QUANTITIES = (
    Quantity("distillable", "distillable", r"Uni(Y : T \ S)", (1,), "#E69F00"),
    Quantity("distilled", "distilled", "Red(Y : T, S)", (0,), "#0072B2"),
    Quantity("student_only", "student only", r"Uni(Y : S \ T)", (2,), "#009E73"),
    Quantity("synergy", "synergy", "Syn(Y : T, S)", (3,), "#999999"),
    Quantity("teacher_information", "teacher knows", "I(Y; T)", (0, 1)),
    Quantity("student_information", "student knows", "I(Y; S)", (0, 2)),
    Quantity("joint_information", "both know", "I(Y; T, S)", (0, 1, 2, 3)),
)
DISTILLABLE, DISTILLED, STUDENT_ONLY, SYNERGY = QUANTITIES[:4]
# In the order of `PID.atoms`.
ATOMS = tuple(sorted(QUANTITIES[:4], key=lambda quantity: quantity.parts))
ATOMS_FIRST = QUANTITIES[:4]
# What people are shown; the joint information is the sum of the atoms.
SHOWN = (*QUANTITIES[4:6], *ATOMS)
# What can differ between two students; the teacher's information is one and the same.
COMPARED = tuple(quantity for quantity in QUANTITIES if quantity.name != "teacher_information")


@dataclass(frozen=True, kw_only=True, repr=False)
class DistillableKnowledge(Remarked, Shown):
    r"""What a teacher T still has to give its student S about the task Y.

    Wraps a `PID` and gives its atoms the names of the task.

    Attributes
    ----------
    pid : PID
        The decomposition; its `units` are the units of every number here.
    estimator_t, estimator_s : object
        How T and S were looked at.
    n_samples : int
        Number of rows.
    n_classes : int or None
        Number of labels; None for a continuous Y.
    intervals : mapping of str to Interval
        By the name of each atom and information, in the same units; empty unless a
        `confidence_level` was asked for.
    p_distillable : float or None
        One-sided p-value of the null that nothing is left to distil, Uni(Y : T \ S) = 0, from
        the resamples behind the intervals; None without them. Reject at 5 % where it is at most
        0.05. Its least value is 5 / (1 + n_resamples).
    p_distillable_is_bound : bool
        Whether `p_distillable` has its least value: the p-value is at most that, and more
        resamples may show how much less it is.
    remarks : tuple of Remark
        Shown as `warnings`, reasons to distrust the numbers; `notes`, what limits them and what to
        do; and ``details()``, how they were computed.
    """

    pid: PID
    estimator_t: Any
    estimator_s: Any
    n_samples: int
    n_classes: int | None
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    p_distillable: float | None = None
    p_distillable_is_bound: bool = False
    remarks: tuple[Remark, ...] = ()
    _located: Located | None = field(default=None, repr=False, compare=False)

    @property
    def units(self) -> Units:
        """Unit of every number."""
        return self.pid.units

    @property
    def distillable(self) -> float:
        r"""Uni(Y : T \ S): what the task needs, the teacher has and the student lacks."""
        return self.pid.unique_t

    @property
    def distilled(self) -> float:
        """Red(Y : T, S): what has been transferred."""
        return self.pid.redundancy

    @property
    def student_only(self) -> float:
        r"""Uni(Y : S \ T): what the student knows and the teacher does not."""
        return self.pid.unique_s

    @property
    def synergy(self) -> float | None:
        """What only both together tell; None with ``synergy=False``."""
        return self.pid.synergy

    @property
    def teacher_information(self) -> float:
        """I(Y; T) = distilled + distillable."""
        return self.pid.information_t

    @property
    def student_information(self) -> float:
        """I(Y; S) = distilled + student_only."""
        return self.pid.information_s

    @property
    def joint_information(self) -> float | None:
        """I(Y; T, S); None with ``synergy=False``."""
        return self.pid.joint_information

    @property
    def fraction_distilled(self) -> float | None:
        """Share of I(Y; T) that was distilled; None where the teacher knows nothing of Y."""
        if self.teacher_information <= self.pid.gap:
            return None
        return self.distilled / self.teacher_information

    def by_class(self) -> ClassTable:
        r"""Split the atoms by the classes of Y: which ones the student still lacks.

        Returns
        -------
        ClassTable
            A sequence of `ClassKnowledge`, in the order of the sorted labels. Their numbers times
            their shares add up to `distillable`, `distilled` and `student_only`.

        Raises
        ------
        ValueError
            If the atoms don't come from two tables of classes (`Gaussian`, `KNN`, a continuous Y).

        Notes
        -----
        With q* the coupling of the decomposition, the part of class y is
        KL(q*(t, s | y) || q*(t, s)) - KL(p(s | y) || p(s)): at least 0, and the same for every
        optimal q*. It is read from the duals of the certified program. With intervals, the rows
        are resampled again when this is called.

        Examples
        --------
        The student can't tell class 2 from class 3:

        >>> import numpy as np
        >>> import pidtools as pt
        >>> y = np.arange(4000) % 4
        >>> r = pt.distillable_knowledge(y, np.minimum(y, 2), y)
        >>> [round(row.distillable, 6) for row in r.by_class()]
        [0.0, 0.0, 1.0, 1.0]
        """
        return self._where("by_class").by_class()

    def by_pair(self) -> PairTable:
        """Tell which pairs of classes the teacher tells apart and the student does not.

        Returns
        -------
        PairTable
            A sequence of `PairKnowledge`, one a pair of classes: the atoms of the rows of these
            two alone, in closed form. ``.matrix()`` is the table that looks like a confusion
            matrix.

        Raises
        ------
        ValueError
            As `by_class`.

        Examples
        --------
        >>> import numpy as np
        >>> import pidtools as pt
        >>> y = np.arange(3000) % 3
        >>> pt.distillable_knowledge(y, np.minimum(y, 1), y).by_pair().matrix().round(6)
        array([[0., 0., 0.],
               [0., 0., 1.],
               [0., 1., 0.]])
        """
        return self._where("by_pair").by_pair()

    def scores(self, quantity: str = "distillable") -> Floats:
        r"""Score each row by what it adds to a number: the highest are what the student lacks.

        Parameters
        ----------
        quantity : str
            "distillable", or another number of the result: "distilled", "student_only",
            "synergy", "teacher_information", "student_information", "joint_information".

        Returns
        -------
        ndarray of float64, shape (n_samples,)
            In `units`; in the order of the rows.

        Raises
        ------
        ValueError
            As `by_class`, for an unknown quantity, or a synergy that was not asked for.

        Notes
        -----
        With duals l and m, row i scores l(t_i, y_i) + m(s_i, y_i) - log p(y_i | s_i). A score
        ranks rows by what the teacher's *information* adds there, not by what training on them
        will give. It may be below 0, where the teacher's evidence misleads. With cells the mean
        of the scores is the number itself; with a `Probe` cells are means of posteriors, and the
        mean may be off by a few hundredths of a bit at 2000 rows, a few thousandths at 8000.
        `scores().mean() - distillable` says by how much.

        Examples
        --------
        >>> import numpy as np
        >>> import pidtools as pt
        >>> y = np.arange(4000) % 4
        >>> r = pt.distillable_knowledge(y, np.minimum(y, 2), y)
        >>> r.scores()[:4].round(6) + 0.0
        array([0., 0., 1., 1.])
        """
        asked = {known.name: known for known in QUANTITIES}.get(quantity)
        if asked is None:
            names = ", ".join(known.name for known in QUANTITIES)
            raise ValueError(f"quantity must be one of {names}; got {quantity!r}.")
        if asked.of(self) is None:
            raise ValueError(f"The {asked.title} was not asked for; measure with synergy=True.")
        return self._where("scores").of_rows(asked.total)

    def labels_of(self, rows: ArrayLike) -> list[Any]:
        """Tell the classes of some rows, such as those with the highest scores.

        Parameters
        ----------
        rows : array_like of int, shape (n,)
            Numbers of rows, counted from 0.

        Returns
        -------
        list
            The labels as they stand in Y.

        Raises
        ------
        ValueError
            As `by_class`.
        IndexError
            If there is no such row.

        Examples
        --------
        >>> import numpy as np
        >>> import pidtools as pt
        >>> y = np.arange(4000) % 4
        >>> r = pt.distillable_knowledge(y, np.minimum(y, 2), y)
        >>> r.labels_of(np.argsort(-r.scores(), kind="stable")[:4])
        [2, 3, 2, 3]
        """
        return self._where("labels_of").labels_of(np.asarray(rows, dtype=np.int64))

    def _where(self, asked: str) -> Located:
        if self._located is not None:
            return self._located
        if isinstance(self.estimator_t, AsWritten):
            raise ValueError(
                f"{asked}() needs the data, and this result was loaded from numbers alone "
                "(from_dict); measure again to ask it."
            )
        what = "Y is continuous" if self.n_classes is None else "these atoms don't come from tables"
        raise ValueError(
            f"{asked}() needs class labels and atoms that come from two tables, and {what}: T was "
            f'looked at by {self.estimator_t!r}. Measure with estimator="probe", "symbols", '
            '"binning" or "kmeans".'
        )

    def constrained(self) -> DistillableKnowledge:
        """The same with the nearest atoms that obey the laws; see `PID.constrained`.

        Estimates are reported as they came out; a note says where one broke a law.
        """
        return dataclasses.replace(self, pid=self.pid.constrained())

    def _table(self, width: int) -> list[str]:
        kind = "continuous Y" if self.n_classes is None else f"{self.n_classes} classes"
        lines = [f"{self.n_samples} samples, {kind}, in {self.units}"]
        lines += [f"  {q.title:<17}{q.symbol:<17}{self._shown(q)}" for q in SHOWN]
        if self.fraction_distilled is not None:
            lines.append(f"  {'fraction distilled':<34}{self.fraction_distilled:>10.1%}")
        if self.p_distillable is not None:
            title = "p-value of nothing to distil"
            shown = p_value_text(self.p_distillable, self.p_distillable_is_bound)
            lines.append(f"  {title:<34}{shown:>10}")
        return lines

    def _brief(self) -> str:
        shown = []
        for quantity in ATOMS_FIRST:
            value, interval = quantity.of(self), self.intervals.get(quantity.name)
            text = "None" if value is None else in_line(value)
            if interval is not None:
                text += f" ({in_line(interval.low)} to {in_line(interval.high)})"
            shown.append(f"{quantity.name}={text}")
        return short_list(
            [f"{', '.join(shown)} {self.units}", f"n_samples={self.n_samples}"], n_doubts(self)
        )

    def _shown(self, quantity: Quantity) -> str:
        value = quantity.of(self)
        text = f"{'not asked' if value is None else unsigned_zero(f'{value:.4f}'):>10}"
        return text + _shown(self.intervals.get(quantity.name), ".4f")

    def to_pandas(self) -> Any:
        """The numbers of `to_dict` as a ``pandas.DataFrame`` of one row.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return as_frame([self.to_dict()])

    def metrics(self, prefix: str = "") -> dict[str, float]:
        """Every number that is known as floats alone, for loggers such as MLflow or TensorBoard.

        Parameters
        ----------
        prefix : str
            Put before each name, such as "val/".

        Returns
        -------
        dict of str to float
            Atoms, informations, fraction, p-value, ends of intervals ("distillable_low"), the gap.

        Examples
        --------
        >>> import numpy as np
        >>> import pidtools as pt
        >>> y = np.arange(4000) % 4
        >>> found = pt.distillable_knowledge(y, y // 2, y, synergy=False).metrics("pid/")
        >>> round(found["pid/distillable"], 6), "pid/synergy" in found
        (1.0, False)
        """
        return as_metrics(self._metrics(), prefix)

    def _metrics(self) -> dict[str, float | None]:
        return {
            **{quantity.name: quantity.of(self) for quantity in QUANTITIES},
            "fraction_distilled": self.fraction_distilled,
            "p_distillable": self.p_distillable,
            "gap": self.pid.gap,
            **interval_metrics(self.intervals),
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> DistillableKnowledge:
        """What `to_dict` gave, here or in another process.

        Estimators come back as the text that names them, and classes, pairs and scores of rows
        stay behind with the data.

        Raises
        ------
        TypeError, ValueError
            If it is no such dictionary, or one of another version; the message names the key.
        """
        return cls._read(Written.checked(content, cls))

    @classmethod
    def _read(cls, written: Written) -> DistillableKnowledge:
        pid = PID(
            unique_t=written.number("distillable"),
            redundancy=written.number("distilled"),
            unique_s=written.number("student_only"),
            synergy=written.number_or_none("synergy"),
            **evidence(written),
        )
        both = ("p_distillable", "p_distillable_is_bound")
        tested = any(written.has(key) for key in both)
        return cls(
            pid=pid,
            estimator_t=AsWritten(written.text("estimator_t")),
            estimator_s=AsWritten(written.text("estimator_s")),
            n_samples=written.integer("n_samples"),
            n_classes=written.integer_or_none("n_classes"),
            intervals=intervals_in(written, [quantity.name for quantity in QUANTITIES]),
            p_distillable=written.number("p_distillable") if tested else None,
            p_distillable_is_bound=written.flag("p_distillable_is_bound") if tested else False,
            remarks=written.remarks(),
        )

    def to_dict(self) -> dict[str, Any]:
        """Flat dictionary that JSON can hold, with a schema version."""
        return {
            "schema_version": SCHEMA_VERSION,
            "verdict": self.verdict,
            **{quantity.name: quantity.of(self) for quantity in QUANTITIES},
            "fraction_distilled": self.fraction_distilled,
            "units": self.units,
            "measure": self.pid.measure,
            "gap": finite(self.pid.gap),
            "outcome": self.pid.outcome.name,
            "estimator_t": repr(self.estimator_t),
            "estimator_s": repr(self.estimator_s),
            "n_samples": self.n_samples,
            "n_classes": self.n_classes,
            **as_lists(self.remarks),
            **interval_ends(self.intervals),
            **self._test(),
        }

    def _test(self) -> dict[str, float]:
        if self.p_distillable is None:
            return {}
        return {
            "p_distillable": self.p_distillable,
            "p_distillable_is_bound": self.p_distillable_is_bound,
        }


@dataclass(frozen=True, kw_only=True, repr=False)
class StudentComparison(Remarked, Shown):
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
    remarks : tuple of Remark
        As in `DistillableKnowledge`, of all three sources.
    """

    a: DistillableKnowledge
    b: DistillableKnowledge
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    p_value: float | None = None
    remarks: tuple[Remark, ...] = ()
    p_value_is_bound: bool = False

    @property
    def units(self) -> Units:
        """Unit of every number."""
        return self.a.units

    @property
    def differences(self) -> dict[str, float]:
        """Number of a minus number of b, by name; without the synergy where it is unknown."""
        pairs = {quantity.name: (quantity.of(self.a), quantity.of(self.b)) for quantity in COMPARED}
        return {name: a - b for name, (a, b) in pairs.items() if a is not None and b is not None}

    def _table(self, width: int) -> list[str]:
        lines = [
            f"{self.a.n_samples} samples, in {self.units}; the teacher knows "
            f"{self.a.teacher_information:.4f}",
            f"  {'':<15}{'a':>9}{'b':>9}{'a - b':>10}",
        ]
        for quantity in COMPARED:
            if (difference := self.differences.get(quantity.name)) is None:
                continue
            a, b = quantity.of(self.a), quantity.of(self.b)
            line = f"  {quantity.title:<15}{a:>9.4f}{b:>9.4f}{difference:>+10.4f}"
            lines.append(line + _shown(self.intervals.get(quantity.name), "+.4f"))
        if self.p_value is not None:
            shown = p_value_text(self.p_value, self.p_value_is_bound)
            lines.append(f"  p-value of equally much to distil {shown:>11}")
        return lines

    def _brief(self) -> str:
        both = f"{in_line(self.a.distillable)} - {in_line(self.b.distillable)}"
        difference = in_line(self.differences["distillable"])
        own = self.intervals.get("distillable")
        ends = "" if own is None else f" ({in_line(own.low)} to {in_line(own.high)})"
        p = "" if self.p_value is None else f"p_value={self.p_value:.3g}"
        n = f"n_samples={self.a.n_samples}"
        return short_list(
            [f"distillable a - b = {both} = {difference}{ends} {self.units}", p, n], n_doubts(self)
        )

    def to_pandas(self) -> Any:
        """The numbers of `to_dict` as a ``pandas.DataFrame`` of one row.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return as_frame([self.to_dict()])

    def metrics(self, prefix: str = "") -> dict[str, float]:
        """Numbers as floats alone, for loggers: "distillable/a", "distillable/a-b".

        Parameters
        ----------
        prefix : str
            Put before each name, such as "val/".
        """
        found: dict[str, float] = {}
        for own, student in (("a", self.a), ("b", self.b)):
            found |= as_metrics(student._metrics(), prefix, f"/{own}")
        apart = {**self.differences, **interval_metrics(self.intervals)}
        return {
            **found,
            **as_metrics(apart, prefix, "/a-b"),
            **as_metrics({"p_value": self.p_value}, prefix),
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> StudentComparison:
        """What `to_dict` gave, here or in another process.

        Estimators come back as the text that names them. Each student alone comes back without its
        own remarks, which stand with the comparison.

        Raises
        ------
        TypeError, ValueError
            If it is no such dictionary, or one of another version; the message names the key.
        """
        written = Written.checked(content, cls)
        names = [quantity.name for quantity in COMPARED]
        return cls(
            a=_read_student(written, "a"),
            b=_read_student(written, "b"),
            intervals=intervals_in(written, names, "difference_"),
            p_value=written.number_or_none("p_value"),
            p_value_is_bound=written.flag("p_value_is_bound"),
            remarks=written.remarks(),
        )

    def to_dict(self) -> dict[str, Any]:
        """Flat dictionary that JSON can hold, with a schema version."""
        content: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "verdict": self.verdict,
            "units": self.units,
            "n_samples": self.a.n_samples,
            "n_classes": self.a.n_classes,
            "estimator_t": repr(self.a.estimator_t),
            "teacher_information": self.a.teacher_information,
            "p_value": self.p_value,
            "p_value_is_bound": self.p_value_is_bound,
            **as_lists(self.remarks),
        }
        for label, student in (("a", self.a), ("b", self.b)):
            whole = student.to_dict()
            own = {key: x for key, x in whole.items() if key not in OF_BOTH}
            content |= {f"{label}_{name}": value for name, value in own.items()}
            content[f"{label}_estimator"] = whole["estimator_s"]
        for name, difference in self.differences.items():
            content[f"difference_{name}"] = difference
        content |= interval_ends(self.intervals, prefix="difference_")
        return content


# What is not said of each student again.
OF_BOTH = (
    *("schema_version", "verdict", "units", "n_samples", "n_classes", "teacher_information"),
    *("estimator_t", "estimator_s", "warnings", "notes", "details", "confidence_level"),
)


def _read_student(written: Written, label: str) -> DistillableKnowledge:
    """One student of a comparison, whose own keys begin with its label."""
    shared = ("units", "n_samples", "n_classes", "estimator_t", "confidence_level")
    whole = {key: written.content[key] for key in shared if key in written.content}
    own = written.below(f"{label}_").content
    estimator = {"estimator_s": own["estimator"]} if "estimator" in own else {}
    said: dict[str, list[str]] = {"warnings": [], "notes": []}
    return DistillableKnowledge._read(
        Written(written.kind, {**whole, **own, **estimator, **said}, f"{label}_")
    )


@dataclass(frozen=True, kw_only=True, repr=False)
class IndependenceTest(Remarked, Shown):
    """What a permutation test found.

    Attributes
    ----------
    information : float
        I(X; Y) as the estimator sees it, in `units`.
    statistic : float
        What is compared with its null, in `units`: the information, or with a `Probe` how much
        better held-out posteriors like the true labels than labels drawn from the class shares.
    p_value : float
        Share of permutations whose statistic reaches that of the data, the data counted as one.
    p_value_is_bound : bool
        Whether no permutation reached it: then `p_value`, ``1 / (1 + n_permutations)``, is the
        least that so many permutations can show, and the p-value is at most that.
    null_quantiles : mapping of float to float
        Quantiles of the statistic over permutations, by their level.
    n_permutations : int
        Permutations that had an answer.
    n_samples : int
        Number of rows.
    estimator : object
        How X was looked at.
    units : {"bits", "nats"}
        Unit of every number.
    remarks : tuple of Remark
        As in `DistillableKnowledge`.
    """

    information: float
    statistic: float
    p_value: float
    null_quantiles: Mapping[float, float]
    n_permutations: int
    n_samples: int
    estimator: Any
    units: Units = "bits"
    remarks: tuple[Remark, ...] = ()
    p_value_is_bound: bool = False

    def _table(self, width: int) -> list[str]:
        lines = [
            f"{self.n_samples} samples, {self.n_permutations} permutations, in {self.units}",
            f"  {'information I(X; Y)':<26}{self.information:>10.4f}",
            f"  {'statistic':<26}{self.statistic:>10.4f}",
            f"  {'p-value of independence':<26}"
            f"{p_value_text(self.p_value, self.p_value_is_bound, '.4g'):>10}",
        ]
        null = ", ".join(f"{100 * q:g} %: {v:.4f}" for q, v in self.null_quantiles.items())
        null = f"statistic if X and Y were independent: {null}"
        return [*lines, wrapped(null, width, first="  ", rest="    ")]

    def _brief(self) -> str:
        p = p_value_text(self.p_value, self.p_value_is_bound)
        shown = p if p.startswith("<") else f"= {p}"
        return short_list(
            [
                f"information={in_line(self.information)} {self.units}",
                f"p_value {shown}",
                f"n_permutations={self.n_permutations}",
                f"n_samples={self.n_samples}",
            ],
            n_doubts(self),
        )

    def metrics(self, prefix: str = "") -> dict[str, float]:
        """Information, statistic, p-value and quantiles as floats alone, for loggers.

        Parameters
        ----------
        prefix : str
            Put before each name, such as "val/".
        """
        values = {
            "information": self.information,
            "statistic": self.statistic,
            "p_value": self.p_value,
            **{f"null_{q:g}": value for q, value in self.null_quantiles.items()},
        }
        return as_metrics(values, prefix)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> IndependenceTest:
        """What `to_dict` gave, here or in another process.

        Estimators come back as the text that names them.

        Raises
        ------
        TypeError, ValueError
            If it is no such dictionary, or one of another version; the message names the key.
        """
        written = Written.checked(content, cls)
        levels = [key for key in written.content if key.startswith("null_")]
        return cls(
            information=written.number("information"),
            statistic=written.number("statistic"),
            p_value=written.number("p_value"),
            p_value_is_bound=written.flag("p_value_is_bound"),
            null_quantiles={
                float(key.removeprefix("null_")): written.number(key) for key in levels
            },
            n_permutations=written.integer("n_permutations"),
            n_samples=written.integer("n_samples"),
            estimator=AsWritten(written.text("estimator")),
            units=written.choice("units", UNITS),
            remarks=written.remarks(),
        )

    def to_pandas(self) -> Any:
        """The numbers of `to_dict` as a ``pandas.DataFrame`` of one row.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return as_frame([self.to_dict()])

    def to_dict(self) -> dict[str, Any]:
        """Flat dictionary that JSON can hold, with a schema version."""
        return {
            "schema_version": SCHEMA_VERSION,
            "verdict": self.verdict,
            "information": self.information,
            "statistic": self.statistic,
            "p_value": self.p_value,
            "p_value_is_bound": self.p_value_is_bound,
            **{f"null_{q:g}": value for q, value in self.null_quantiles.items()},
            "n_permutations": self.n_permutations,
            "n_samples": self.n_samples,
            "units": self.units,
            "estimator": repr(self.estimator),
            **as_lists(self.remarks),
        }


def p_value_text(p: float, is_bound: bool, digits: str = ".3g") -> str:
    """A p-value for people; the least that so many resamples can show is a bound."""
    return f"<= {p:{digits}}" if is_bound else f"{p:{digits}}"


def _shown(interval: Interval | None, digits: str) -> str:
    """An interval beside its number, where there is one."""
    if interval is None:
        return ""
    low, high = (unsigned_zero(f"{end:{digits}}") for end in (interval.low, interval.high))
    return f"   {percent(interval.confidence_level)}: {low} to {high}"
