"""Where knowledge is: rows of numbers, one a class, a pair of classes, and tables of them."""

from __future__ import annotations

import dataclasses
import re
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, Self, TypeVar, overload

import numpy as np

from pidtools._notebook import Shown, counted, percent
from pidtools._result import UNITS, Interval, Units, as_metrics, in_line
from pidtools._types import Codes, Floats
from pidtools._written import SCHEMA_VERSION, Written

# What names of metrics don't hold.
REFUSED = re.compile(r"[^\w\-. /]")
# Pairs of classes in a summary.
MOST_PAIRS = 10


def interval_ends(intervals: Mapping[str, Interval], prefix: str = "") -> dict[str, float]:
    """Intervals as keys and numbers of a flat dictionary."""
    ends: dict[str, float] = {}
    for name, interval in intervals.items():
        ends["confidence_level"] = interval.confidence_level
        ends |= {f"{prefix}{name}_low": interval.low, f"{prefix}{name}_high": interval.high}
    return ends


def intervals_in(written: Written, names: Iterable[str], prefix: str = "") -> dict[str, Interval]:
    """Intervals of those of some names that were written down with one."""
    return {
        name: Interval(
            written.number(f"{prefix}{name}_low"),
            written.number(f"{prefix}{name}_high"),
            written.number("confidence_level"),
        )
        for name in names
        if {f"{prefix}{name}_low", f"{prefix}{name}_high"} & written.content.keys()
    }


def interval_metrics(intervals: Mapping[str, Interval]) -> dict[str, float]:
    """Ends of intervals by their names, without their level."""
    ends = interval_ends(intervals)
    ends.pop("confidence_level", None)
    return ends


PARTS = ("distillable", "distilled", "student_only")


@dataclass(frozen=True, kw_only=True)
class ClassKnowledge:
    r"""What teacher and student know of one class.

    Attributes
    ----------
    label : object
        The class, as it stands in Y.
    share : float
        Share of the rows.
    n_samples : int
        Number of rows.
    distillable, student_only : float
        The class's part of Uni(Y : T \ S) and Uni(Y : S \ T): the mean over its rows.
    distilled : float
        Its part of Red(Y : T, S), which may be below 0: what both say may mislead in one class.
    intervals : mapping of str to Interval
        By the names of the three numbers; empty unless a `confidence_level` was asked for, and
        for a class of one row.
    """

    label: Any
    share: float
    n_samples: int
    distillable: float
    distilled: float
    student_only: float
    intervals: Mapping[str, Interval] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Flat dictionary that JSON can hold."""
        return _flat(self)

    @classmethod
    def _read(cls, written: Written) -> ClassKnowledge:
        return cls(
            label=written.label("label"),
            share=written.number("share"),
            n_samples=written.integer("n_samples"),
            **{name: written.number(name) for name in PARTS},
            intervals=intervals_in(written, PARTS),
        )


@dataclass(frozen=True, kw_only=True)
class PairKnowledge:
    """What teacher and student know of which of two classes a row is of.

    Attributes
    ----------
    label_a, label_b : object
        The two classes, as they stand in Y.
    share : float
        Share of the rows that are of one of them.
    n_samples : int
        Number of these rows.
    distillable, distilled, student_only : float
        The atoms for these rows alone, at most the entropy of two classes.
    """

    label_a: Any
    label_b: Any
    share: float
    n_samples: int
    distillable: float
    distilled: float
    student_only: float

    def to_dict(self) -> dict[str, Any]:
        """Flat dictionary that JSON can hold."""
        return _flat(self)

    @classmethod
    def _read(cls, written: Written) -> PairKnowledge:
        return cls(
            label_a=written.label("label_a"),
            label_b=written.label("label_b"),
            share=written.number("share"),
            n_samples=written.integer("n_samples"),
            **{name: written.number(name) for name in PARTS},
        )


class Flat(Protocol):
    """A row that can be a flat dictionary."""

    def to_dict(self) -> dict[str, Any]:
        """Keys and numbers."""
        ...


Row = TypeVar("Row", bound=Flat)


@dataclass(frozen=True, repr=False)
class Rows(Shown, Sequence[Row], Generic[Row]):
    """A table of results: a sequence of rows, of which each is a frozen dataclass.

    Attributes
    ----------
    rows : tuple
        The rows, in order.
    units : {"bits", "nats"}
        Unit of every number.
    """

    rows: tuple[Row, ...]
    units: Units = "bits"

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Row, ...]: ...
    def __getitem__(self, index: int | slice) -> Row | tuple[Row, ...]:
        return self.rows[index]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def _brief(self) -> str:
        return f"{len(self.rows)} rows in {self.units}"

    def to_dict(self) -> dict[str, Any]:
        """Dictionary that JSON can hold, with a schema version and a list of flat rows."""
        return {
            "schema_version": SCHEMA_VERSION,
            "verdict": self.verdict,
            "units": self.units,
            "rows": [row.to_dict() for row in self.rows],
        }

    def to_pandas(self) -> Any:
        """The rows as a ``pandas.DataFrame``.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return as_frame([row.to_dict() for row in self.rows])


@dataclass(frozen=True, repr=False)
class _OfLabels(Rows[Row]):
    """A table of nothing but rows."""

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """What `to_dict` gave, here or in another process.

        Raises
        ------
        TypeError, ValueError
            If it is no such dictionary; the message names the key.
        """
        written = Written.checked(content, cls)
        rows = tuple(cls._row(own) for own in written.rows())
        return cls(rows, written.choice("units", UNITS))

    @classmethod
    @abstractmethod
    def _row(cls, written: Written) -> Row:
        """A row as it was written."""


@dataclass(frozen=True, repr=False)
class ClassTable(_OfLabels[ClassKnowledge]):
    """What teacher and student know of each class, in the order of the sorted labels."""

    @classmethod
    def _row(cls, written: Written) -> ClassKnowledge:
        return ClassKnowledge._read(written)

    def metrics(self, prefix: str = "") -> dict[str, float]:
        """Numbers of each class as floats alone, for loggers: "distillable/LABEL".

        Parameters
        ----------
        prefix : str
            Put before each name, such as "val/".
        """
        found: dict[str, float] = {}
        for row, key in zip(self.rows, keys_of([row.label for row in self.rows]), strict=True):
            values = {name: getattr(row, name) for name in PARTS}
            values |= interval_metrics(row.intervals)
            found |= as_metrics(values, prefix, f"/{key}")
        return found

    def _table(self, width: int) -> list[str]:
        """The class with most to distil first."""
        order = sorted(self.rows, key=lambda row: -row.share * row.distillable)
        width = max((len(str(row.label)) for row in order), default=5)
        width = max(width, len("class"))
        lines = [
            f"{'class':<{width}} {'samples':>8} {'distillable':>12} {'distilled':>10} "
            f"{'student only':>13}"
        ]
        what = f"In {self.units}, means over the rows of a class"
        if any(row.intervals for row in order):
            what += "; intervals of distillable"
        lines += [
            f"{row.label!s:<{width}} {row.n_samples:>8} {_numbers(row)}{_beside(row)}"
            for row in order
        ]
        return [*lines, f"{what}."]


@dataclass(frozen=True, repr=False)
class PairTable(_OfLabels[PairKnowledge]):
    """What teacher and student know of each pair of classes."""

    @classmethod
    def _row(cls, written: Written) -> PairKnowledge:
        return PairKnowledge._read(written)

    def metrics(self, prefix: str = "") -> dict[str, float]:
        """Numbers of each pair as floats alone, for loggers: "distillable/LABEL/LABEL".

        Parameters
        ----------
        prefix : str
            Put before each name, such as "val/".
        """
        found: dict[str, float] = {}
        names = dict(zip(self.labels, keys_of(self.labels), strict=True))
        for row in self.rows:
            values = {name: getattr(row, name) for name in PARTS}
            found |= as_metrics(values, prefix, f"/{names[row.label_a]}/{names[row.label_b]}")
        return found

    def _table(self, width: int) -> list[str]:
        """The pairs that the teacher tells apart and the student does not."""
        order = sorted(self.rows, key=lambda row: -row.distillable)[:MOST_PAIRS]
        names = [f"{row.label_a} / {row.label_b}" for row in order]
        width = max(map(len, [*names, "classes"]))
        lines = [
            f"{'classes':<{width}} {'samples':>8} {'distillable':>12} {'distilled':>10} "
            f"{'student only':>13}"
        ]
        lines += [
            f"{name:<{width}} {row.n_samples:>8} {_numbers(row)}"
            for name, row in zip(names, order, strict=True)
        ]
        if len(self.rows) > len(order):
            lines.append(f"and {counted(len(self.rows) - len(order), 'pair')} with less")
        return [*lines, f"In {self.units}, of the rows of two classes."]

    @property
    def labels(self) -> list[Any]:
        """The classes, in the order of `matrix`."""
        first = [row.label_a for row in self.rows] + [row.label_b for row in self.rows]
        return list(dict.fromkeys(first))

    def matrix(self, name: str = "distillable") -> Floats:
        """One number of each pair as a symmetric matrix, 0 on its diagonal.

        Parameters
        ----------
        name : {"distillable", "distilled", "student_only"}
            Which number.

        Raises
        ------
        ValueError
            If `name` is none of them.
        """
        if name not in ("distillable", "distilled", "student_only"):
            raise ValueError(
                f'name must be "distillable", "distilled" or "student_only"; got {name!r}.'
            )
        place = {label: k for k, label in enumerate(self.labels)}
        found = np.zeros((len(place), len(place)))
        for row in self.rows:
            a, b = place[row.label_a], place[row.label_b]
            found[a, b] = found[b, a] = row.to_dict()[name]
        return found


def keys_of(names: Iterable[Any]) -> list[str]:
    """Names as loggers take them: what MLflow refuses is an underscore, and no two are alike."""
    found: list[str] = []
    for name in names:
        key = REFUSED.sub("_", str(name)).strip("/ ") or "_"
        alike = sum(other == key or other.startswith(f"{key}_again") for other in found)
        found.append(f"{key}_again{alike}" if key in found else key)
    return found


def as_frame(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Flat rows as a data frame; pandas is asked for here alone."""
    try:
        import pandas
    except ImportError as error:
        raise ImportError(
            "to_pandas() needs pandas, which is not installed: pip install pandas. to_dict() holds "
            "the same numbers."
        ) from error
    return pandas.DataFrame(list(rows))


def _numbers(row: ClassKnowledge | PairKnowledge) -> str:
    """Under their heads."""
    return (
        f"{in_line(row.distillable, 4):>12} {in_line(row.distilled, 4):>10} "
        f"{in_line(row.student_only, 4):>13}"
    )


def _beside(row: ClassKnowledge) -> str:
    """The interval of what is left to distil, where there is one."""
    found = row.intervals.get("distillable")
    if found is None:
        return ""
    return (
        f"   {percent(found.confidence_level)}: {in_line(found.low, 4)} to {in_line(found.high, 4)}"
    )


def _flat(row: Any) -> dict[str, Any]:
    values = {f.name: getattr(row, f.name) for f in dataclasses.fields(row)}
    intervals = values.pop("intervals", {})
    return {**values, **interval_ends(intervals)}


class Located(Protocol):
    """Finds where the numbers of a result come from; built where the measurement is made."""

    def by_class(self) -> ClassTable:
        """Of each class."""
        ...

    def by_pair(self) -> PairTable:
        """Of each pair of classes."""
        ...

    def of_rows(self, total: Callable[[Floats], Floats]) -> Floats:
        """Of each row, of a sum of atoms."""
        ...

    def labels_of(self, rows: Codes) -> list[Any]:
        """The classes of rows, as they stand in Y."""
        ...
