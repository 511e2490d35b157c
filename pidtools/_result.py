"""What the library hands back: results, outcomes, the error and the warnings."""

from __future__ import annotations

import dataclasses
import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from pidtools._notebook import Shown, short_list
from pidtools._remarks import Remark, Remarked, as_lists
from pidtools._types import Array, Floats
from pidtools._written import SCHEMA_VERSION, Written

if TYPE_CHECKING:
    from scipy.sparse import coo_array

Units = Literal["bits", "nats"]
UNITS: tuple[Units, ...] = ("bits", "nats")
Measure = Literal["broja", "mmi"]
MEASURES: tuple[Measure, ...] = ("broja", "mmi")

NATS_PER_BIT = 0.693147180559945309417232121458176568


class PIDWarning(UserWarning):
    """A number exists, but there is a reason to distrust it; the text says which."""


class PIDError(RuntimeError):
    """A solver found no feasible answer.

    Attributes
    ----------
    outcome : Outcome
        Why it stopped.
    """

    def __init__(self, message: str, outcome: Outcome) -> None:
        super().__init__(message)
        self.outcome = outcome

    def __reduce__(self) -> tuple[type[PIDError], tuple[str, Outcome]]:
        return type(self), (str(self), self.outcome)  # to come back from worker processes


class Outcome(enum.Enum):
    """How an answer was reached. The value is the sentence that is shown to people."""

    closed_form = "Closed form; the gap bounds the rounding error."
    trivial = "A source knows nothing of the target, so its atoms are 0 and nothing is optimised."
    quadrature = "Computed by quadrature or exact sampling; the gap bounds its error."
    optimal = "The duality gap is certified to be within tol."
    inaccurate = "The solver stopped with a certified gap above tol."
    iteration_limit = "The solver reached max_iter with a certified gap above tol."
    no_answer = "The solver returned no point from which a feasible answer can be made."

    @property
    def stopped(self) -> bool:
        """Whether a solver gave up before its gap reached the tolerance."""
        return self in (Outcome.inaccurate, Outcome.iteration_limit, Outcome.no_answer)


@dataclass(frozen=True, eq=False)
class Duals:
    """Where a solve of a neighbouring problem may start: its prices and its cells.

    Attributes
    ----------
    t_y, s_y : ndarray of float64, shapes (n_t, n_y) and (n_s, n_y)
        Multipliers of the pair marginals in nats; NaN where a table is 0.
    t_s : scipy.sparse.coo_array, shape (n_t, n_s)
        Mass of each cell in the optimal q.
    """

    t_y: Floats
    s_y: Floats
    t_s: coo_array


@dataclass(frozen=True, kw_only=True, repr=False)
class PID(Remarked, Shown):
    r"""Partial information decomposition of I(Y; T, S) into four atoms.

    The atoms are stored, every sum of atoms is a property, so the identities
    ``information_t = redundancy + unique_t`` and the like hold to rounding.

    Attributes
    ----------
    redundancy, unique_t, unique_s : float
        Red(Y : T, S), Uni(Y : T \ S) and Uni(Y : S \ T), in `units`.
    synergy : float or None
        Syn(Y : T, S) in `units`; None when only the pairs (T, Y), (S, Y) are known.
    units : {"bits", "nats"}
        Unit of every number here, `gap` included.
    measure : {"broja", "mmi"}
        Definition of the redundancy: Bertschinger et al. (2014), or the minimum of the
        two mutual informations (Barrett 2015).
    gap : float
        Proved bound on the distance from the optimum, in `units`; never 0. The exact
        uniques lie in ``[value - gap, value]``, redundancy and synergy in
        ``[value, value + gap]``. For closed forms it bounds the rounding error, which has
        either sign.
    outcome : Outcome
        How the answer was reached.
    q : scipy.sparse.coo_array or None
        An optimal joint pmf ``q[t, s, y]`` with the pair marginals of p, shape
        ``(n_t, n_s, n_y)``. Only with ``keep_q=True``. The optimal value is unique; q need
        not be.
    remarks : tuple of Remark
        What was done on the way that the numbers don't show, such as units left out; shown as
        `warnings` and `notes`.

    Examples
    --------
    >>> import pidtools as pt
    >>> pid = pt.broja(pt.problems.get("XOR").pmf)
    >>> round(pid.synergy, 9), round(pid.redundancy, 9)
    (1.0, 0.0)
    """

    redundancy: float
    unique_t: float
    unique_s: float
    synergy: float | None
    gap: float
    outcome: Outcome
    units: Units = "bits"
    measure: Measure = "broja"
    q: coo_array | None = field(default=None, compare=False, repr=False)
    duals: Duals | None = field(default=None, compare=False, repr=False)
    remarks: tuple[Remark, ...] = field(default=(), compare=False)

    @classmethod
    def of_union(
        cls, union: float, information_t: float, information_s: float, **evidence: Any
    ) -> PID:
        """Atoms of a union information and the two informations; no synergy unless it is given.

        With the larger of the two informations as the union they are those of the minimum
        redundancy, ``measure="mmi"``.
        """
        known = {"synergy": None} | evidence
        return cls(
            redundancy=information_t + information_s - union,
            unique_t=union - information_s,
            unique_s=union - information_t,
            **known,
        )

    @property
    def atoms(self) -> tuple[float, float, float, float | None]:
        """Redundancy, unique of T, unique of S, and synergy."""
        return self.redundancy, self.unique_t, self.unique_s, self.synergy

    @property
    def information_t(self) -> float:
        """I(Y; T) = redundancy + unique_t."""
        return self.redundancy + self.unique_t

    @property
    def information_s(self) -> float:
        """I(Y; S) = redundancy + unique_s."""
        return self.redundancy + self.unique_s

    @property
    def union_information(self) -> float:
        """The least I(Y; T, S) that the two pairs allow: redundancy and both uniques."""
        return self.redundancy + self.unique_t + self.unique_s

    @property
    def joint_information(self) -> float | None:
        """I(Y; T, S), the sum of all atoms; None when the synergy is unknown."""
        return None if self.synergy is None else self.union_information + self.synergy

    @property
    def co_information(self) -> float | None:
        """I(Y; T) + I(Y; S) - I(Y; T, S) = redundancy - synergy; None without synergy."""
        return None if self.synergy is None else self.redundancy - self.synergy

    def distance(self, other: PID) -> float:
        """Largest difference of an atom that both know, in `units`, which must be the same."""
        pairs = zip(self.atoms, other.atoms, strict=True)
        return max(abs(a - b) for a, b in pairs if a is not None and b is not None)

    def constrained(self) -> PID:
        """Nearest atoms (in Euclidean distance) that are not negative.

        Exact decompositions are unchanged. Estimates may break a law by sampling error and
        are reported as estimated; this is the version that obeys.

        Returns
        -------
        PID
            With every atom at least 0; the sums follow the atoms.
        """
        return dataclasses.replace(
            self,
            redundancy=max(self.redundancy, 0.0),
            unique_t=max(self.unique_t, 0.0),
            unique_s=max(self.unique_s, 0.0),
            synergy=None if self.synergy is None else max(self.synergy, 0.0),
        )

    def in_units(self, units: Units) -> PID:
        """Return the same decomposition in other units ("bits" or "nats")."""
        if units == self.units:
            return self
        scale = factor(self.units, units)
        return dataclasses.replace(
            self,
            redundancy=self.redundancy * scale,
            unique_t=self.unique_t * scale,
            unique_s=self.unique_s * scale,
            synergy=None if self.synergy is None else self.synergy * scale,
            gap=self.gap * scale,
            units=units,
        )

    def _table(self, width: int) -> list[str]:
        rows = [
            ("redundancy", "Red(Y : T, S)", self.redundancy),
            ("unique of T", r"Uni(Y : T \ S)", self.unique_t),
            ("unique of S", r"Uni(Y : S \ T)", self.unique_s),
            ("synergy", "Syn(Y : T, S)", self.synergy),
            ("T", "I(Y; T)", self.information_t),
            ("S", "I(Y; S)", self.information_s),
            ("both", "I(Y; T, S)", self.joint_information),
        ]
        lines = [f"In {self.units}, by {self.measure}; the gap is {self.gap:.1e}."]
        for name, symbol, value in rows:
            shown = "not known" if value is None else f"{value:.6f}"
            lines.append(f"  {name:<13}{symbol:<16}{shown:>12}")
        return lines

    def _brief(self) -> str:
        synergy = "None" if self.synergy is None else in_line(self.synergy, 6)
        return (
            f"redundancy={in_line(self.redundancy, 6)}, unique_t={in_line(self.unique_t, 6)}, "
            f"unique_s={in_line(self.unique_s, 6)}, synergy={synergy} {self.units}, "
            f"gap={self.gap:.1e}, {short_list([self.outcome.name], n_doubts(self))}"
        )

    def metrics(self, prefix: str = "") -> dict[str, float]:
        """Atoms, sums and gap as floats alone, for loggers; the synergy where it is known.

        Parameters
        ----------
        prefix : str
            Put before each name, such as "val/".

        Examples
        --------
        >>> import pidtools as pt
        >>> numbers = pt.broja(pt.problems.get("XOR").pmf).metrics("xor/")
        >>> round(numbers["xor/synergy"], 6)
        1.0
        """
        names = ("redundancy", "unique_t", "unique_s", "synergy", "information_t", "information_s")
        values = {name: getattr(self, name) for name in (*names, "joint_information", "gap")}
        return as_metrics(values, prefix)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> PID:
        """What `to_dict` gave, here or in another process; without `q` and `duals`.

        Raises
        ------
        TypeError, ValueError
            If it is no such dictionary; the message names the key.
        """
        return cls._read(Written.checked(content, cls))

    @classmethod
    def _read(cls, written: Written) -> PID:
        return cls(
            redundancy=written.number("redundancy"),
            unique_t=written.number("unique_t"),
            unique_s=written.number("unique_s"),
            synergy=written.number_or_none("synergy"),
            **evidence(written),
            remarks=written.remarks(),
        )

    def to_dict(self) -> dict[str, Any]:
        """Atoms, sums and evidence as a flat dictionary that JSON can hold (q left out)."""
        return {
            "schema_version": SCHEMA_VERSION,
            "verdict": self.verdict,
            "redundancy": self.redundancy,
            "unique_t": self.unique_t,
            "unique_s": self.unique_s,
            "synergy": self.synergy,
            "information_t": self.information_t,
            "information_s": self.information_s,
            "joint_information": self.joint_information,
            "units": self.units,
            "measure": self.measure,
            "gap": finite(self.gap),
            "outcome": self.outcome.name,
            **as_lists(self.remarks),
        }


def evidence(written: Written) -> dict[str, Any]:
    """How an answer was reached, as it was written down."""
    gap = written.number_or_none("gap")
    return {
        "gap": math.inf if gap is None else gap,
        "outcome": Outcome[written.choice("outcome", [each.name for each in Outcome])],
        "units": written.choice("units", UNITS),
        "measure": written.choice("measure", MEASURES),
    }


def finite(value: float) -> float | None:
    """A number that JSON knows; nothing is known of an infinite one."""
    return value if math.isfinite(value) else None


def in_line(value: float, digits: int = 3) -> str:
    """A number of a line; what rounds to 0 has no sign."""
    return unsigned_zero(f"{value:.{digits}f}")


def unsigned_zero(text: str) -> str:
    """A number that rounds to 0 has no sign."""
    return text.lstrip("+-") if not text.strip("+-0.") else text


def n_doubts(said: Any) -> str:
    """How many warnings there are, for a line; empty without."""
    n = len(said.warnings)
    return "" if not n else f"{n} warning{'s' * (n > 1)}"


def as_metrics(values: Mapping[str, Any], prefix: str, suffix: str = "") -> dict[str, float]:
    """Numbers that are known and finite, as floats under their names."""
    if not isinstance(prefix, str):
        raise TypeError(f"prefix must be a string; got {type(prefix).__name__}.")
    known = {name: x for name, x in values.items() if x is not None and math.isfinite(x)}
    return {f"{prefix}{name}{suffix}": float(x) for name, x in known.items()}


def factor(old: Units, new: Units) -> float:
    if new not in UNITS:
        raise ValueError(f"units must be one of {', '.join(map(repr, UNITS))}; got {new!r}.")
    in_bits = {"bits": 1.0, "nats": NATS_PER_BIT}
    return in_bits[new] / in_bits[old]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PIDBatch(Shown):
    """Decompositions of many pmfs of one shape, as arrays of length n.

    Attributes
    ----------
    redundancy, unique_t, unique_s, synergy, gap : ndarray of float64, shape (n,)
        As in `PID`, in `units`.
    outcomes : ndarray of Outcome, shape (n,)
        How each answer was reached.
    units : {"bits", "nats"}
        Unit of every number here.

    Examples
    --------
    >>> import numpy as np
    >>> import pidtools as pt
    >>> batch = pt.broja_batch(np.full((3, 2, 2, 2), 1 / 8))
    >>> len(batch), batch[0].outcome.name
    (3, 'optimal')
    """

    redundancy: Floats
    unique_t: Floats
    unique_s: Floats
    synergy: Floats
    gap: Floats
    outcomes: NDArray[np.object_]
    units: Units = "bits"

    def __len__(self) -> int:
        return len(self.redundancy)

    @overload
    def __getitem__(self, index: int) -> PID: ...
    @overload
    def __getitem__(self, index: slice | Array | list[Any]) -> PIDBatch: ...
    def __getitem__(self, index: Any) -> PID | PIDBatch:
        """Return one member as a `PID`; those of a slice, a mask or a list as a batch."""
        if isinstance(index, slice | list) or (isinstance(index, np.ndarray) and index.ndim):
            return dataclasses.replace(
                self,
                redundancy=self.redundancy[index],
                unique_t=self.unique_t[index],
                unique_s=self.unique_s[index],
                synergy=self.synergy[index],
                gap=self.gap[index],
                outcomes=self.outcomes[index],
            )
        return PID(
            redundancy=float(self.redundancy[index]),
            unique_t=float(self.unique_t[index]),
            unique_s=float(self.unique_s[index]),
            synergy=float(self.synergy[index]),
            gap=float(self.gap[index]),
            outcome=self.outcomes[index],
            units=self.units,
        )

    def _table(self, width: int) -> list[str]:
        names = ("redundancy", "unique_t", "unique_s", "synergy")
        lines = [f"  {'':<8}" + "".join(f"{name:>13}" for name in names)]
        ways: tuple[tuple[str, Any], ...] = (("mean", np.mean), ("least", np.min), ("most", np.max))
        for title, of in ways if len(self) else ():
            values = (float(of(getattr(self, name))) for name in names)
            lines.append(f"  {title:<8}" + "".join(f"{value:>13.4f}" for value in values))
        return [*lines, f"In {self.units}; the widest gap is {self._widest:.1e}."]

    @property
    def _widest(self) -> float:
        return float(self.gap.max()) if len(self) else 0.0

    def _brief(self) -> str:
        return f"{len(self)} decompositions in {self.units}, gap <= {self._widest:.1e}"

    @property
    def information_t(self) -> Floats:
        """I(Y; T) = redundancy + unique_t of each member."""
        return self.redundancy + self.unique_t

    @property
    def information_s(self) -> Floats:
        """I(Y; S) = redundancy + unique_s of each member."""
        return self.redundancy + self.unique_s

    @property
    def joint_information(self) -> Floats:
        """I(Y; T, S), the sum of all atoms, of each member."""
        return self.redundancy + self.unique_t + self.unique_s + self.synergy

    def in_units(self, units: Units) -> PIDBatch:
        """Return the same decompositions in other units ("bits" or "nats")."""
        if units == self.units:
            return self
        scale = factor(self.units, units)
        return dataclasses.replace(
            self,
            redundancy=self.redundancy * scale,
            unique_t=self.unique_t * scale,
            unique_s=self.unique_s * scale,
            synergy=self.synergy * scale,
            gap=self.gap * scale,
            units=units,
        )


@dataclass(frozen=True)
class Interval:
    """A confidence interval, in the units of its result.

    Attributes
    ----------
    low, high : float
        Ends; never below 0 for a quantity that can't be negative.
    confidence_level : float
        Share of data sets whose interval should hold the true value.
    """

    low: float
    high: float
    confidence_level: float

    def __contains__(self, value: float) -> bool:
        """Whether a value lies inside, ends included."""
        return self.low <= value <= self.high

    def widened(
        self, down: float, up: float, lowest: float = -math.inf, highest: float = math.inf
    ) -> Interval:
        """Return an interval with ends farther out, though not beyond what is possible."""
        low, high = max(self.low - down, lowest), min(self.high + up, highest)
        ends = float(min(low, self.low)), float(max(high, self.high))  # bounds may be NumPy's
        return Interval(*ends, self.confidence_level)

    def scaled(self, scale: float) -> Interval:
        """Return the same interval in other units."""
        return Interval(self.low * scale, self.high * scale, self.confidence_level)
