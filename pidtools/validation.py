"""The library against distributions whose atoms are known."""

from __future__ import annotations

from dataclasses import dataclass

from pidtools import _warnings, problems
from pidtools._broja.decompose import broja
from pidtools._result import PID

# What is allowed between expected and computed atoms, in bits.
TOLERANCE = 1e-7


@dataclass(frozen=True, kw_only=True)
class Validation:
    """One named problem: its exact atoms and ours, in bits.

    Attributes
    ----------
    name : str
        Of the problem, as `problems.get` takes it.
    expected, computed : PID
        The exact decomposition, and that of the solver.
    """

    name: str
    expected: PID
    computed: PID

    @property
    def error(self) -> float:
        """Largest difference of an atom, in bits."""
        return self.computed.distance(self.expected)

    @property
    def agrees(self) -> bool:
        """Whether the error is within the tolerance and within both gaps."""
        allowed = min(TOLERANCE, self.computed.gap + self.expected.gap)
        return self.error <= allowed

    def to_dict(self) -> dict[str, str | float | bool | None]:
        """Flat and fit for JSON: each atom as expected and as computed, error, gap and verdict."""
        found: dict[str, str | float | bool | None] = {"problem": self.name}
        for name, pid in (("expected", self.expected), ("computed", self.computed)):
            for atom in ("redundancy", "unique_t", "unique_s", "synergy"):
                found[f"{name}_{atom}"] = getattr(pid, atom)
        return found | {"error": self.error, "gap": self.computed.gap, "agrees": self.agrees}


@_warnings.quiet
def validate() -> tuple[Validation, ...]:
    """Decompose every named distribution and set it beside its exact answer.

    Returns
    -------
    tuple of Validation
        XOR, COPY, AND, UNQ, RDN and their kin, in the order of `problems.pmf_problems`.

    Examples
    --------
    >>> import pidtools as pt
    >>> all(row.agrees for row in pt.validate())
    True
    """
    with _warnings.collecting():
        return tuple(
            Validation(
                name=problem.name,
                expected=problem.pid,
                computed=broja(problem.pmf, tol=TOLERANCE),
            )
            for problem in problems.pmf_problems()
        )
