"""Triangular factors of covariances, with rank decisions; nothing is ever inverted.

Everything here is in standardised units: a covariance is first scaled to a correlation
matrix, so that the units of measurement never decide anything.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.linalg import LinAlgError, cholesky, qr, solve_triangular
from scipy.linalg.lapack import dpocon, dpstrf

from pidtools._result import NATS_PER_BIT, Outcome, PIDError
from pidtools._types import Codes, Floats

# A direction whose variance is this share of its unit's, or less, is rounding of the others.
# Elimination leaves about d eps, 1e-13 at d = 500, behind a duplicated unit; units that were
# sums of others before they were rounded to float32 leave 4e-15.
RANK_TOLERANCE = 1e-12
# Y is taken as a function of the sources when they leave this share of a direction's variance:
# 20 bits in one direction, and the rounding of the covariance then exceeds the remainder.
DETERMINISTIC = 1e-12
# An unpivoted Cholesky factor proves full rank far above the tolerance, and is faster.
CLEARLY_INDEPENDENT = 1e-8
# What may be left of an eliminated block of a matrix that is semidefinite up to rounding.
INDEFINITE = 1e-8
# Share of a unit's variance below which float32 entries say nothing.
SINGLE_TOLERANCE = 1e-5
# Rounding of entries and of LAPACK moves eigenvalues by less than so many units in the last place
# a row; sums of some ten products leave 1 to 3.
ROUNDED_PLACES = 8
EPS = float(np.finfo(np.float64).eps)
SINGLE_EPS = float(np.finfo(np.float32).eps)


class DeterministicError(Exception):
    """The sources fix a direction of Y, so its information is infinite."""


class IndefiniteError(Exception):
    """The matrix has negative eigenvalues beyond rounding."""


@contextmanager
def arithmetic() -> Iterator[None]:
    """Let products that are too small for a float be 0, whatever NumPy is told to do of them.

    A decomposition of LAPACK that does not end, which finite matrices hardly ever meet, is an
    error of ours.
    """
    try:
        with np.errstate(under="ignore"):
            yield
    except LinAlgError as error:
        raise PIDError(
            f"A matrix could not be decomposed ({error}); rescale or drop columns of very "
            "different sizes.",
            Outcome.no_answer,
        ) from None


@dataclass(frozen=True)
class Factor:
    """Units that carry something new, and ``cov[kept][:, kept] = lower @ lower.T``."""

    kept: Codes
    lower: Floats

    @property
    def rank(self) -> int:
        """Number of units kept."""
        return len(self.kept)


def tolerance_of(dtype: np.dtype[np.generic]) -> float:
    """Rank tolerance for a covariance that was stored in this dtype."""
    short = dtype.kind == "f" and dtype.itemsize < 8
    return SINGLE_TOLERANCE if short else RANK_TOLERANCE


def standardise(cov: Floats) -> tuple[Floats, Floats]:
    """Correlations, with rows and columns of zeros for constant units, and deviations."""
    scale = np.sqrt(np.diag(cov))
    weight = inverse_of(scale)
    return cov * weight * weight[:, None], scale


def inverse_of(scale: Floats) -> Floats:
    """1 / scale, and 0 for columns that don't vary."""
    return np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0)


def factorise(cov: Floats, tolerance: float = RANK_TOLERANCE) -> Factor:
    """Factor of a semidefinite matrix whose rows are in standardised units.

    A unit is left out where elimination leaves `tolerance` or less of it. Where some direction of
    the units kept has no more variance than rounding, pivots did not reveal the rank, as where
    units of very different sizes add up to a constant; then eigenvectors decide.

    Raises
    ------
    IndefiniteError
        If what remains after elimination is not rounding.
    """
    try:
        lower = cholesky(cov, lower=True, check_finite=False)
    except LinAlgError:
        return _factorise_pivoted(cov, tolerance)
    if len(cov) and least_variance(cov, lower) < max(CLEARLY_INDEPENDENT, tolerance):
        return _factorise_pivoted(cov, tolerance)
    return Factor(np.arange(len(cov)), lower)


def least_variance(cov: Floats, lower: Floats) -> float:
    """Estimate from below of the least eigenvalue of a matrix with this factor."""
    norm = float(np.abs(cov).sum(axis=0).max())
    return float(dpocon(lower, norm, uplo="L")[0]) * norm


def floor_of(n_units: int, tolerance: float) -> float:
    """Eigenvalue up to which a direction may be nothing but rounding of the matrix."""
    return min(ROUNDED_PLACES * n_units * _eps_behind(tolerance), tolerance)


def _eps_behind(tolerance: float) -> float:
    return SINGLE_EPS if tolerance == SINGLE_TOLERANCE else EPS


def _factorise_pivoted(cov: Floats, tolerance: float) -> Factor:
    packed, pivots, rank, _ = dpstrf(cov, tol=tolerance, lower=1)
    order = pivots.astype(np.int64) - 1
    if np.diag(cov).max(initial=0.0) <= tolerance:
        rank = 0
    lower = np.tril(packed[:, :rank])
    rest = cov[np.ix_(order[rank:], order[rank:])] - lower[rank:] @ lower[rank:].T
    if np.abs(rest).max(initial=0.0) > max(INDEFINITE, tolerance):
        raise IndefiniteError
    kept, lower = order[:rank], np.asfortranarray(lower[:rank])
    floor = floor_of(len(cov), tolerance)
    if rank and least_variance(cov[np.ix_(kept, kept)], lower) <= floor:
        return factorise_by_directions(cov, floor)
    return Factor(kept, lower)


def clear_part(factor: Factor) -> Factor:
    """The factor of those units of which elimination leaves clearly more than rounding."""
    if not factor.rank or np.diag(factor.lower).min() ** 2 >= CLEARLY_INDEPENDENT:
        return factor
    part = _factorise_pivoted(factor.lower @ factor.lower.T, CLEARLY_INDEPENDENT)
    return Factor(factor.kept[part.kept], part.lower)


def with_remainders(cov: Floats, found: Factor, tolerance: float) -> Factor:
    """The factor without the units that rounding alone may account for, and with all others.

    It has more units than `found` where what elimination left is below the tolerance, but above
    the rounding of the matrix.
    """
    if found.rank == len(cov):
        return found
    least = floor_of(len(cov), tolerance)
    return factorise_by_directions(cov, least)


def factorise_by_directions(cov: Floats, least: float) -> Factor:
    """Factor that leaves out as many units as directions have a variance of `least` or less.

    The units with the largest weights in those directions go, as the others fix them best
    (Golub, Klema and Stewart 1976).
    """
    values, directions = np.linalg.eigh(cov)
    if values.min(initial=0.0) < -max(INDEFINITE, least):
        raise IndefiniteError
    n_null = int((values <= least).sum())
    if n_null == len(cov):
        return Factor(np.zeros(0, np.int64), np.zeros((0, 0)))
    order = qr(directions[:, :n_null].T, mode="r", pivoting=True)[1] if n_null else ()
    kept = np.setdiff1d(np.arange(len(cov)), order[:n_null])
    try:
        return Factor(kept, cholesky(cov[np.ix_(kept, kept)], lower=True, check_finite=False))
    except LinAlgError:
        return factorise_by_directions(cov, values[n_null])


def solve_lower(lower: Floats, right: Floats, *, transposed: bool = False) -> Floats:
    """Solve ``lower @ x = right``, or ``lower.T @ x = right``."""
    if not lower.size:
        return np.zeros((len(lower), *right.shape[1:]))
    trans: Literal[0, 1] = 1 if transposed else 0
    x: Floats = np.asarray(
        solve_triangular(lower, right, lower=True, trans=trans, check_finite=False),
        dtype=np.float64,
    )
    return x


def log_det(lower: Floats) -> float:
    """Half the log determinant, in nats, of the matrix with this factor."""
    return float(np.log(np.diag(lower)).sum())


@dataclass(frozen=True)
class Posterior:
    """What is left of whitened Y given a source.

    Attributes
    ----------
    lower : ndarray, shape (n_y, n_y)
        Triangular factor of Cov(Y | source), for Y in the units in which Cov(Y) is the
        identity.
    whitened : ndarray, shape (rank of the source, n_y)
        Covariance of the whitened source with whitened Y.
    amplification : float
        Trace of the precision of (source, Y) belonging to Y, in standardised units: by how
        much relative rounding of a covariance is multiplied in the log determinant.
    """

    lower: Floats
    whitened: Floats
    amplification: float

    @property
    def information(self) -> float:
        """I(Y; source) in bits."""
        return max(-log_det(self.lower), 0.0) / NATS_PER_BIT + 0.0


def posterior(source: Factor, cross: Floats, target: Factor, name: str) -> Posterior:
    """Condition Y on a source.

    Parameters
    ----------
    source, target : Factor
        Of the covariances of the source and of Y.
    cross : ndarray, shape (source.rank, target.rank)
        Their cross-covariance, kept units only.
    name : str
        Name of the source, for the error.

    Raises
    ------
    DeterministicError
        If the source fixes a direction of Y.
    """
    whitened = solve_lower(source.lower, solve_lower(target.lower, cross.T).T)
    weights = solve_lower(source.lower, whitened, transposed=True)
    lower = remainder(np.eye(target.rank), whitened, name)
    return Posterior(lower, whitened, _amplification(lower, target, weights))


def remainder(before: Floats, whitened: Floats, name: str) -> Floats:
    """Triangular factor of the covariance of whitened Y that remains.

    Raises
    ------
    DeterministicError
        If nothing remains of a direction.
    IndefiniteError
        If less than nothing remains.
    """
    left = before - whitened.T @ whitened
    try:
        lower: Floats = cholesky(left, lower=True, check_finite=False)
    except LinAlgError:
        if np.linalg.eigvalsh(left).min() < -INDEFINITE:
            raise IndefiniteError from None
        raise DeterministicError(name) from None
    if np.linalg.svd(lower, compute_uv=False).min() ** 2 <= DETERMINISTIC:
        raise DeterministicError(name)
    return lower


def joint_posterior(
    t: Factor, s: Factor, between: Floats, p: Posterior, target: Factor, cross_s: Floats
) -> Posterior:
    """Condition Y on both sources.

    Parameters
    ----------
    t, s, target : Factor
        Of the covariances of T, S and Y.
    between : ndarray, shape (t.rank, s.rank)
        Cov(T, S), kept units only.
    p : Posterior
        Of Y given T.
    cross_s : ndarray, shape (s.rank, target.rank)
        Cov(S, Y), kept units only.

    Raises
    ------
    DeterministicError
        If both sources together fix a direction of Y.
    IndefiniteError
        If the joint covariance is not semidefinite.
    """
    seen = solve_lower(t.lower, between)
    new = _factorise_rest(s.lower @ s.lower.T - seen.T @ seen, _weights_squared(t, seen))
    seen = seen[:, new.kept]
    cross = solve_lower(target.lower, cross_s[new.kept].T).T - seen.T @ p.whitened
    whitened = solve_lower(new.lower, cross)
    lower = remainder(p.lower @ p.lower.T, whitened, "T and S together")
    weights_s = solve_lower(new.lower, whitened, transposed=True)
    weights_t = solve_lower(t.lower, p.whitened - seen @ weights_s, transposed=True)
    weights = np.vstack([weights_t, weights_s])
    both = np.vstack([p.whitened, whitened])
    return Posterior(lower, both, _amplification(lower, target, weights))


def _weights_squared(source: Factor, whitened: Floats) -> Floats:
    """Sum of squared weights of standardised units in each column explained by the source."""
    weights = solve_lower(source.lower, whitened, transposed=True)
    squares: Floats = (weights**2).sum(axis=0)
    return squares


def _factorise_rest(rest: Floats, weights_squared: Floats) -> Factor:
    """Factor of what is left of units; rounding of it grows with the squares of the weights."""
    size = np.sqrt(1.0 + weights_squared)
    found = factorise(rest / size / size[:, None])
    return Factor(found.kept, found.lower * size[found.kept, None])


def _amplification(lower: Floats, target: Factor, weights: Floats) -> float:
    identity = solve_lower(target.lower, np.eye(target.rank))
    rows = solve_lower(lower, np.hstack([identity, weights.T]))
    return float((rows**2).sum())


def rounding(n_units: int, tolerance: float, *posteriors: Posterior) -> float:
    """What the rounding of a covariance and of its factors changes in bits, to first order.

    Elimination of d units rounds each entry by about sqrt(d) units in the last place (Higham
    and Mary 2019); half the trace of the precision turns that into log determinants.
    """
    trace = sum(posterior.amplification for posterior in posteriors)
    return _eps_behind(tolerance) * math.sqrt(n_units) * (1.0 + trace) / NATS_PER_BIT


def rounding_of_rows(deviation: float, posterior: Posterior) -> float:
    """What rounding of this deviation in columns of the source and Y changes, to first order.

    Half the log determinants of Cov(Y) and Cov(Y | source) each change by the covariance of the
    rounding with the whitened columns, at most its deviation there (Cauchy and Schwarz).
    """
    whitened = deviation * math.sqrt(len(posterior.lower) * posterior.amplification)
    return 2.0 * whitened / NATS_PER_BIT
