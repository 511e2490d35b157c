"""The columns of Y, reduced to ones of which each tells something new.

Decided once, from Y alone, so that every source meets Y in the same frame: a rank that is decided
beside each source is decided by rounding, and two frames that differ decompose nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pidtools._blocks import blocks
from pidtools._gaussian import factors, moments
from pidtools._gaussian.factors import Factor, inverse_of
from pidtools._types import Array, Bools, Codes, Floats

# A direction is rounding of the numbers stored when changes of so many units in the last place of
# each could account for all its variance. Softmax rows, centred logits and products with
# matrices of 64 columns leave 1 to 12; their sums round by the root of their number.
LAST_PLACES = 16
# Rows looked at together for numbers that float32 holds exactly.
ROWS = 10_000


@dataclass(frozen=True)
class Reduced:
    """Columns that carry something new.

    Attributes
    ----------
    values : ndarray, shape (n_samples, rank)
        Columns of Y, and of columns that are nearly functions of those what they leave.
    constant, linear : ndarray of int
        Columns left out, since they vary by rounding only, or are linear functions of others
        but for rounding.
    rounding : float
        Deviation of that rounding, in units of the columns' own.
    """

    values: Array
    constant: Codes
    linear: Codes
    rounding: float


def reduce(Y: Array) -> Reduced:
    """Leave out columns of Y, shape (n, k), that are constant or linear in others but for rounding.

    A direction that is small but no rounding is made a column of its own, so that no covariance
    has to hold it beside large ones. Multiplying columns by powers of two changes nothing.
    """
    found = moments.moments(Y)
    place = last_place(Y) * np.hypot(found.mean, found.scale)
    everything, varies = np.arange(Y.shape[1]), np.flatnonzero(found.scale > place)
    constant = np.setdiff1d(everything, varies)
    if not len(varies):
        return Reduced(Y[:, varies], constant, varies, 0.0)
    noise = _places(Y.shape[1]) * place[varies]
    new = _independent(Y[:, varies] if len(constant) else Y, noise)
    linear = np.setdiff1d(varies, varies[new.which])
    return Reduced(new.values, constant, linear, new.rounding)


def without_constants(Y: Array) -> Reduced:
    """Leave out constant columns only."""
    varies = np.flatnonzero(moments.units(Y) > 0)
    none, everything = np.zeros(0, np.int64), np.arange(Y.shape[1])
    values = Y if len(varies) == Y.shape[1] else Y[:, varies]
    return Reduced(values, np.setdiff1d(everything, varies), none, 0.0)


def resolved(X: Array, mean: Floats, scale: Floats, factor: Factor) -> Reduced:
    """X with columns for what its factor left out, where that is no rounding; else X itself."""
    everything = np.arange(X.shape[1])
    constant = np.flatnonzero(scale == 0)
    dropped = np.setdiff1d(everything, np.concatenate([factor.kept, constant]))
    if not len(dropped):
        return Reduced(X, constant, dropped, 0.0)
    noise = _places(X.shape[1]) * last_place(X) * np.hypot(mean, scale)
    found = _with_rests(X, mean, scale, factor, dropped, noise)
    values = X if len(found.which) == factor.rank else found.values
    return Reduced(values, constant, np.setdiff1d(dropped, found.which), found.rounding)


def _places(n_columns: int) -> float:
    """Units in the last place that sums of so many columns may be off by."""
    return float(np.sqrt(LAST_PLACES**2 + LAST_PLACES * n_columns))


def last_place(Y: Array) -> Floats:
    """Largest relative error of one rounding of each column, whatever it is stored in now."""
    return np.where(_is_single(Y), 2.0**-24, 2.0**-53)


def _is_single(Y: Array) -> Bools:
    """Columns all of whose numbers float32 holds."""
    single = np.ones(Y.shape[1], dtype=np.bool_)
    if Y.itemsize <= 4:
        return single
    with np.errstate(over="ignore", under="ignore"):
        for part in (Y[rows] for rows in blocks(len(Y), 1, entries=ROWS)):
            single &= (part.astype(np.float32) == part).all(axis=0)
    return single


@dataclass(frozen=True)
class _Independent:
    """Columns that span others, which of them they stand for, and the rounding left out."""

    values: Array
    which: Codes
    rounding: float


def _independent(Y: Array, noise: Floats) -> _Independent:
    """Columns that span those of Y, whose deviations by rounding are `noise`."""
    found = moments.moments(Y)
    factor = _clearly_independent(found.correlation)
    everything = np.arange(Y.shape[1])
    if factor.rank == len(everything):
        return _Independent(Y, everything, 0.0)
    dropped = np.setdiff1d(everything, factor.kept)
    return _with_rests(Y, found.mean, found.scale, factor, dropped, noise)


def _with_rests(
    Y: Array, mean: Floats, scale: Floats, factor: Factor, dropped: Codes, noise: Floats
) -> _Independent:
    """The columns a factor keeps, and what they leave of those dropped where it is no rounding."""
    left = _Left(Y, mean, inverse_of(scale), factor, dropped)
    of_rest, noise_of_rest = left.deviations(), left.rounding(noise)
    new = np.flatnonzero(of_rest > noise_of_rest)
    lost = float(np.linalg.norm(np.delete(of_rest, new)))
    if not len(new):
        return _Independent(Y[:, factor.kept], factor.kept, lost)
    more = _independent(left.columns(new), noise_of_rest[new])
    return _Independent(
        np.hstack([Y[:, factor.kept], more.values]),
        np.concatenate([factor.kept, dropped[new[more.which]]]),
        float(np.hypot(lost, more.rounding)),
    )


@dataclass(frozen=True)
class _Left:
    """What columns kept leave of those dropped, in units of their deviations.

    Taken from the numbers, not from their covariance, which rounds far more; a second regression
    takes off what the rounding of the first one's weights left.
    """

    values: Array
    mean: Floats
    inverse: Floats
    factor: Factor
    dropped: Codes

    @cached_property
    def weights(self) -> Floats:
        """Of the columns kept, for each dropped."""
        weights = np.zeros((self.factor.rank, len(self.dropped)))
        for _ in range(2):
            cross = np.zeros_like(weights)
            for seen, other in self._blocks():
                cross += seen.T @ (other - seen @ weights)
            white = factors.solve_lower(self.factor.lower, cross / (len(self.values) - 1))
            weights += factors.solve_lower(self.factor.lower, white, transposed=True)
        return weights

    def deviations(self) -> Floats:
        """Of what is left."""
        rests = (other - seen @ self.weights for seen, other in self._blocks())
        squares = sum((rest**2).sum(axis=0) for rest in rests)
        deviations: Floats = np.sqrt(squares / (len(self.values) - 1))
        return deviations

    def columns(self, which: NDArray[np.intp]) -> Floats:
        """What is left of some of those dropped."""
        weights = self.weights[:, which]
        return np.vstack([other[:, which] - seen @ weights for seen, other in self._blocks()])

    def rounding(self, noise: Floats) -> Floats:
        """Deviations that rounding of all columns alone would leave."""
        squares = (noise * self.inverse) ** 2
        rounding: Floats = np.sqrt(
            squares[self.dropped] + squares[self.factor.kept] @ self.weights**2
        )
        return rounding

    def _blocks(self) -> Iterator[tuple[Floats, Floats]]:
        """Standardised columns, kept and dropped, by blocks of rows."""
        for rows in moments.blocks(*self.values.shape):
            z = (self.values[rows] - self.mean) * self.inverse
            yield z[:, self.factor.kept], z[:, self.dropped]


def _clearly_independent(correlation: Floats) -> Factor:
    """All columns, or as many as directions vary clearly."""
    found = factors.factorise(correlation)
    if found.rank == len(correlation):
        of_kept = correlation[np.ix_(found.kept, found.kept)]
        if factors.least_variance(of_kept, found.lower) >= factors.CLEARLY_INDEPENDENT:
            return found
    return factors.factorise_by_directions(correlation, factors.CLEARLY_INDEPENDENT)
