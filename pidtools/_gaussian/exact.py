"""The decomposition of jointly normal variables from their covariance, in closed form."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from pidtools import _validate, _warnings
from pidtools._gaussian import factors, pencil
from pidtools._gaussian.factors import Factor, Posterior
from pidtools._remarks import Rank, Remark
from pidtools._result import PID, UNITS, Outcome, Units
from pidtools._types import Bools, Codes, Floats

MEASURES = ("broja", "mmi")
# Units named in a note before "and so on".
NAMED_UNITS = 8


@_warnings.quiet
def gaussian_pid(
    cov: ArrayLike,
    *,
    dims: tuple[int, int, int],
    measure: Literal["broja", "mmi"] = "broja",
    units: Units = "bits",
) -> PID:
    r"""Partial information decomposition of jointly normal T, S and Y, in closed form.

    With the generalised eigenvalues g of (Cov(Y | T), Cov(Y | S)), the BROJA unique
    information of T is ``1/2 sum max(0, -log2 g)``, that of S ``1/2 sum max(0, log2 g)``, and
    the informations are log determinants. Normal couplings are optimal among all couplings, so
    this is the decomposition of [1]_; [2]_ reaches it by iteration.

    Parameters
    ----------
    cov : array_like, shape (n_t + n_s + n_y, n_t + n_s + n_y)
        Joint covariance, units of T first, then S, then Y, in any units of measurement.
    dims : tuple of three int
        ``(n_t, n_s, n_y)``.
    measure : {"broja", "mmi"}
        "mmi" takes the smaller of the two informations as redundancy [3]_; both agree for a
        scalar Y.
    units : {"bits", "nats"}
        Unit of the result.

    Returns
    -------
    PID
        All four atoms. `gap` is the distance between an explicit coupling and a dual bound,
        plus what the rounding of `cov` can change to first order. `notes` name the units that
        were left out because they are constant or linear functions of others, to within
        1e-12 of their variance; where that is more than rounding explains, `gap` includes the
        distance to the answer with them.

    Warns
    -----
    PIDWarning
        If the rounding of `cov` leaves it open whether a unit is a linear function of others.

    Raises
    ------
    ValueError
        If `cov` is not a covariance of that many units, holds NaN, has no variance in Y, or
        fixes a direction of Y to within 1e-12 of its variance, so that its information is
        infinite.
    TypeError
        If `cov` is not real, or `dims` are not three integers.

    References
    ----------
    .. [1] N. Bertschinger et al., "Quantifying unique information", Entropy 16 (2014).
    .. [2] P. Venkatesh et al., "Gaussian partial information decomposition: bias correction
       and application to high-dimensional data", NeurIPS 2023.
    .. [3] A. B. Barrett, "Exploration of synergistic and redundant information sharing in
       static and dynamical Gaussian systems", Physical Review E 91 (2015) 052802.

    Examples
    --------
    T and S see the scalar Y through independent noise of variance 1 and 3:

    >>> import pidtools as pt
    >>> pid = pt.gaussian_pid([[2, 1, 1], [1, 4, 1], [1, 1, 1]], dims=(1, 1, 1))
    >>> round(pid.redundancy, 6), round(pid.unique_t, 6), round(pid.synergy, 6)
    (0.207519, 0.292481, 0.111196)
    """
    _validate.check_choice(measure, "measure", MEASURES)
    _validate.check_choice(units, "units", UNITS)
    with factors.arithmetic():
        matrix, sizes = _validate.check_covariance(cov, dims)
        pid = _decompose(matrix, sizes, factors.tolerance_of(np.asarray(cov).dtype), measure)
        return pid.in_units(units)


def _decompose(cov: Floats, sizes: tuple[int, int, int], tolerance: float, measure: str) -> PID:
    correlation, scale = factors.standardise(cov)
    spans = [np.arange(a, b) for a, b in pairwise(np.cumsum((0, *sizes)))]
    blocks = [correlation[np.ix_(k, k)] for k in spans]
    decompose = _broja if measure == "broja" else _mmi
    try:
        found = [factors.factorise(block, tolerance) for block in blocks]
        pid = decompose(_condition(correlation, scale, spans, found, tolerance))
    except factors.IndefiniteError:
        raise ValueError(
            "cov is indefinite: it has negative eigenvalues beyond rounding, so no data have it; "
            "estimate it from complete rows, all entries from the same ones."
        ) from None
    except factors.DeterministicError as fixed:
        raise ValueError(
            f"cov makes a direction of Y a linear function of {fixed}, so the information is "
            "infinite; drop that part of Y, or add the noise that its measurement has."
        ) from None
    try:
        pairs = zip(blocks, found, strict=True)
        more = [factors.with_remainders(block, one, tolerance) for block, one in pairs]
        if [one.rank for one in more] == [one.rank for one in found]:
            return pid
        other = decompose(_condition(correlation, scale, spans, more, tolerance))
    except (factors.IndefiniteError, factors.DeterministicError):
        return _with_doubt(pid, np.inf)
    return _with_doubt(pid, pid.distance(other) + other.gap)


def _with_doubt(pid: PID, gap: float) -> PID:
    """The same with a gap that covers the answer with the units that were nearly linear."""
    text = (
        f"the atoms may be off by {gap:.2g} bits, which the gap includes; what others leave of the "
        "units left out is near the rounding of cov, but not certainly rounding. Drop those units, "
        "or compute cov from their differences."
    )
    doubt = Remark(text, "warning", Rank.void)
    _warnings.warn(doubt)
    return dataclasses.replace(pid, gap=pid.gap + gap, remarks=(doubt, *pid.remarks))


@dataclass(frozen=True)
class _Conditioned:
    """What T, S and both leave of Y, and what was left out."""

    t: Posterior
    s: Posterior
    both: Posterior
    rounding: float
    remarks: tuple[Remark, ...]


def _condition(
    correlation: Floats, scale: Floats, spans: list[Codes], found: list[Factor], tolerance: float
) -> _Conditioned:
    if found[2].rank == 0:
        raise ValueError("cov gives Y no variance; there is nothing to know about a constant.")
    t, s, y = (span[factor.kept] for span, factor in zip(spans, found, strict=True))
    p = factors.posterior(found[0], correlation[np.ix_(t, y)], found[2], "T")
    r = factors.posterior(found[1], correlation[np.ix_(s, y)], found[2], "S")
    both = factors.joint_posterior(
        found[0], found[1], correlation[np.ix_(t, s)], p, found[2], correlation[np.ix_(s, y)]
    )
    named = zip(("T", "S", "Y"), spans, found, strict=True)
    remarks = [
        remark
        for name, span, factor in named
        for remark in left_out(name, *_dropped(scale[span] == 0, factor))
    ]
    rounding = factors.rounding(len(scale), tolerance, p, r, both)
    return _Conditioned(p, r, both, rounding, tuple(remarks))


def _dropped(constant: Bools, factor: Factor) -> tuple[Codes, Codes]:
    """Units that a factor does not use: the constant ones and the others."""
    dropped = np.setdiff1d(np.arange(len(constant)), factor.kept)
    return dropped[constant[dropped]], dropped[~constant[dropped]]


def left_out(name: str, constant: Codes, linear: Codes) -> list[Remark]:
    """A note on the units of a block that are not used; none if all are."""
    kinds = {"constant": constant, "linear in the others but for rounding": linear}
    parts = [f"{_listed(which)} ({kind})" for kind, which in kinds.items() if len(which)]
    if not parts:
        return []
    text = f"left out {' and '.join(parts)}; nothing is lost by it."
    return [Remark(text, "note", Rank.changed, (name,) if name else ())]


def _listed(which: Codes) -> str:
    shown = ", ".join(str(k) for k in which[:NAMED_UNITS])
    more = f" and {len(which) - NAMED_UNITS} more" if len(which) > NAMED_UNITS else ""
    return f"unit{'s' if len(which) > 1 else ''} {shown}{more}"


def _broja(left: _Conditioned) -> PID:
    solved = pencil.solve(left.t.lower, left.s.lower)
    i_t, i_s = left.t.information, left.s.information
    # Laws of every normal law, which rounding may break by an eps: uniques below informations.
    unique_t, unique_s = map(min, solved.uniques, (i_t, i_s))
    return PID(
        redundancy=max(i_t - unique_t, 0.0),
        unique_t=unique_t,
        unique_s=unique_s,
        synergy=max(left.both.information - i_t - unique_s, 0.0),
        gap=abs(solved.upper - solved.lower) + left.rounding,
        outcome=Outcome.closed_form,
        remarks=left.remarks,
    )


def _mmi(left: _Conditioned) -> PID:
    i_t, i_s = left.t.information, left.s.information
    union = max(i_t, i_s)
    return PID.of_union(
        union,
        i_t,
        i_s,
        synergy=max(left.both.information - union, 0.0),
        gap=left.rounding,
        outcome=Outcome.closed_form,
        measure="mmi",
        remarks=left.remarks,
    )
