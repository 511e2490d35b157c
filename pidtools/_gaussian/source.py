"""One source and Y, looked at through their sample covariance."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pidtools._gaussian import correction, factors, moments, wide
from pidtools._gaussian.factors import Factor, Posterior
from pidtools._gaussian.moments import Moments
from pidtools._types import Array, Bools, Codes, Floats

# Rows a column of Y, below which its own correlations are shrunk.
ROWS_A_COLUMN_OF_Y = 4


@dataclass(frozen=True)
class Origin:
    """Columns that were turned to their principal directions, as they were.

    Attributes
    ----------
    values : ndarray, shape (n_samples, n_units)
    varies : ndarray of bool, shape (n_units,)
        Which of them do.
    """

    values: Array
    varies: Bools


@dataclass(frozen=True)
class Columns:
    """Columns of numbers with their moments and a factor of their correlations.

    Attributes
    ----------
    values : ndarray, shape (n_samples, n_columns)
    mean, scale : ndarray of float64, shape (n_columns,)
        Mean and standard deviation.
    weight : float
        What shrinkage leaves of a correlation, as a factor for each of its two sides.
    factor : Factor
        Of the correlations, shrunk.
    rounding : float
        Deviation of what was left out as rounding of these columns, in units of their own.
    origin : Origin or None
        What these columns are the principal directions of, where units outnumber samples.
    """

    values: Array
    mean: Floats
    scale: Floats
    weight: float
    factor: Factor
    rounding: float = 0.0
    origin: Origin | None = None

    @property
    def rank(self) -> int:
        """Number of columns kept."""
        return self.factor.rank

    @property
    def given(self) -> Array:
        """The columns as they came, one for each unit."""
        return self.values if self.origin is None else self.origin.values

    @property
    def kept(self) -> Codes:
        """Units that carry something new, in rising order."""
        if self.origin is None:
            return np.sort(self.factor.kept)
        return np.flatnonzero(self.origin.varies)

    def used(self, rows: Codes) -> Array:
        """Rows of the units kept; of all where none is, as nothing has no shape."""
        kept = self.kept
        if len(kept) in (0, self.given.shape[1]):
            return self.given[rows]
        return self.given[np.ix_(rows, kept)]

    def correlations(self, every: Floats, other: Columns) -> Floats:
        """Correlations of kept columns with another's, shrunk, from those of all."""
        kept = every[np.ix_(self.factor.kept, other.factor.kept)]
        correlations: Floats = kept * (self.weight * other.weight)
        return correlations

    def correlations_with(self, other: Columns) -> Floats:
        """The same from the values of both."""
        a, b = self, other
        every = moments.cross_correlation(a.values, a.mean, a.scale, b.values, b.mean, b.scale)
        return self.correlations(every, other)

    def is_frame_of(self, other: Columns) -> bool:
        """Whether both whiten the same numbers in the same way, to the last bit."""
        a, b = self, other
        pairs = (
            (a.mean, b.mean),
            (a.scale, b.scale),
            (a.factor.kept, b.factor.kept),
            (a.factor.lower, b.factor.lower),
        )
        if self is other:
            return True
        # The rounding of a machine may turn directions of one variance into others.
        turned_alike = a.origin is None or np.array_equal(a.values, b.values)
        return turned_alike and all(np.array_equal(mine, yours) for mine, yours in pairs)

    def whitened(self, directions: Floats) -> Floats:
        """Weights of all columns for directions of the kept and whitened ones."""
        weights = np.zeros((len(self.mean), directions.shape[1]))
        kept = self.factor.kept
        weights[kept] = factors.solve_lower(self.factor.lower, directions, transposed=True)
        weights[kept] /= self.scale[kept, None]
        return weights

    def unwhitened(self, weights: Floats) -> Floats:
        """Directions of the kept and whitened columns for weights of all."""
        kept = self.factor.kept
        directions: Floats = self.factor.lower.T @ (weights[kept] * self.scale[kept, None])
        return directions


@dataclass(frozen=True)
class Source:
    """A source X beside Y.

    Attributes
    ----------
    x, y : Columns
    cross : ndarray of float64, shape (x.rank, y.rank)
        Correlations of the kept columns.
    """

    x: Columns
    y: Columns
    cross: Floats

    def keeping(self, factor: Factor) -> Source:
        """The same with fewer units of X: those of a factor of a part of them."""
        place = {int(unit): row for row, unit in enumerate(self.x.factor.kept)}
        rows = [place[int(unit)] for unit in factor.kept]
        return Source(dataclasses.replace(self.x, factor=factor), self.y, self.cross[rows])

    def beside(self, y: Columns) -> Source:
        """The same X beside Y in another frame."""
        return Source(self.x, y, self.x.correlations_with(y))

    @property
    def n_samples(self) -> int:
        """Number of rows."""
        return len(self.x.values)

    @property
    def degrees(self) -> int:
        """Degrees of freedom of what X leaves of Y."""
        return self.n_samples - 1 - self.x.rank

    def posterior(self, name: str) -> Posterior:
        """Condition Y on X; `name` is for the error where X fixes Y."""
        return factors.posterior(self.x.factor, self.cross, self.y.factor, name)

    def bias(self) -> float:
        """Excess in nats of the plug-in information."""
        return correction.information_bias(self.y.rank, self.n_samples - 1, self.x.rank)

    def residuals(self, posterior: Posterior) -> Residuals:
        """What X leaves of whitened Y."""
        weights = np.zeros((len(self.x.mean), self.y.rank))
        slopes = factors.solve_lower(self.x.factor.lower, posterior.whitened, transposed=True)
        weights[self.x.factor.kept] = slopes / self.x.scale[self.x.factor.kept, None]
        whiten = self.y.whitened(np.eye(self.y.rank))
        values = moments.residual(
            self.x.values, self.x.mean, weights, self.y.values, self.y.mean, whiten
        )
        return Residuals(values, posterior.lower, self.degrees)


def columns_of_y(
    Y: Array, *, shrink: bool, rounding: float = 0.0, drawn: Codes | None = None
) -> Columns:
    """Y, shape (n, k), by itself: the same beside every source.

    What is drawn towards 0 of Y is knowledge lost, so it is only where its columns are many.
    """
    shrink = shrink and Y.shape[1] * ROWS_A_COLUMN_OF_Y > len(Y)
    return dataclasses.replace(_alone(Y, shrink, drawn), rounding=rounding)


def source_of(X: Array, y: Columns, *, shrink: bool, drawn: Codes | None = None) -> Source:
    """X, shape (n, d), beside Y; rows of one code in `drawn` are copies of each other.

    Correlations of X are shrunk by the weight of those of X and Y together, where Y's own are not:
    units that don't know of each other, but of Y, are no noise.
    """
    beside = y.weight == 1.0
    if shrink and (wide.is_wide(X) or y.origin is not None):
        x = _wide_beside(X, y, drawn) if beside else _alone(X, shrink, drawn)
        return Source(x, y, x.correlations_with(y))
    d = X.shape[1]
    both = moments.moments(X, y.values)
    alone = Moments(both.mean[:d], both.scale[:d], both.correlation[:d, :d], both.n_samples)
    shrunk = both if beside else alone
    x = _columns(X, alone, moments.oas(shrunk.correlation, len(X)) if shrink else 0.0)
    return Source(x, y, x.correlations(both.correlation[:d, d:], y))


def _wide_beside(X: Array, y: Columns, drawn: Codes | None) -> Columns:
    found = wide.principal(X, drawn)
    one = np.ones(found.values.shape[1])
    cross = moments.cross_correlation(found.values, 0 * one, one, y.values, y.mean, y.scale)
    return _turned(X, found, found.oas(moments.moments(y.values).correlation, cross))


def _alone(values: Array, shrink: bool, drawn: Codes | None) -> Columns:
    if shrink and wide.is_wide(values):
        found = wide.principal(values, drawn)
        return _turned(values, found, found.oas())
    own = moments.moments(values)
    return _columns(values, own, moments.oas(own.correlation, len(values)) if shrink else 0.0)


def _turned(values: Array, found: wide.Principal, rest: float) -> Columns:
    """Principal directions in place of the columns, with the shrunk correlations of these."""
    rank = len(found.variances)
    lower = np.diag(np.sqrt((1.0 - rest) * found.variances + rest))
    return Columns(
        found.values,
        np.zeros(rank),
        np.ones(rank),
        float(np.sqrt(1.0 - rest)),
        Factor(np.arange(rank), lower),
        origin=Origin(values, found.varies),
    )


def _columns(values: Array, found: Moments, rest: float) -> Columns:
    """With the correlations shrunk by the weight `rest` of the identity."""
    weight = float(np.sqrt(1.0 - rest))
    factor = factors.factorise(_shrunk(found.correlation, weight))
    return Columns(values, found.mean, found.scale, weight, factor)


def _shrunk(correlation: Floats, weight: float) -> Floats:
    shrunk = correlation * weight**2
    np.fill_diagonal(shrunk, np.diag(correlation))
    return shrunk


@dataclass(frozen=True)
class Joined:
    """Two sources beside the same Y."""

    t: Source
    s: Source

    @cached_property
    def between(self) -> Floats:
        """Correlations of the kept columns of T with those of S."""
        return self.t.x.correlations_with(self.s.x)

    def posterior(self, p: Posterior) -> Posterior:
        """Condition Y on both, given its posterior `p` for T."""
        return factors.joint_posterior(
            self.t.x.factor, self.s.x.factor, self.between, p, self.t.y.factor, self.s.cross
        )


@dataclass(frozen=True)
class Residuals:
    """What one source leaves of Y in each sample, in coordinates shared with another source.

    Attributes
    ----------
    values : ndarray, shape (n_samples, n_y)
    root : ndarray, shape (n_y, n_y)
        Triangular factor of their covariance.
    degrees : int
        Degrees of freedom of the covariance.
    """

    values: Floats
    root: Floats
    degrees: int

    def mapped(self, matrix: Floats) -> Residuals:
        """In other coordinates: each row multiplied by ``matrix.T``."""
        upper = np.asarray(np.linalg.qr((matrix @ self.root).T, mode="r"))
        return Residuals(self.values @ matrix.T, upper.T, self.degrees)


@dataclass(frozen=True)
class Together:
    """Two residuals in the coordinates of their generalised eigenvectors.

    Attributes
    ----------
    log_g : ndarray, shape (n_y,)
        Natural logs of the generalised eigenvalues, falling.
    frame : ndarray, shape (n_y, n_y)
        Their eigenvectors, in which S leaves the identity.
    scatter : Scatter
        How the residuals vary together.
    """

    log_g: Floats
    frame: Floats
    scatter: correction.Scatter


def together(t: Residuals, s: Residuals) -> Together:
    """Both residuals, T's and S's, seen together."""
    left, sigma, right = np.linalg.svd(factors.solve_lower(s.root, t.root))
    v_s = factors.solve_lower(s.root, left, transposed=True)
    v_t = factors.solve_lower(t.root, right.T, transposed=True)
    # An eigenvector has two signs; the largest residual decides, whatever the units of Y.
    largest = s.values[np.argmax(np.abs(s.values @ v_s), axis=0)]
    signs = np.sign((largest * v_s.T).sum(axis=1))
    n = len(s.values) - 1
    cross = (v_t * signs).T @ (t.values.T @ s.values) @ (v_s * signs) / n
    scatter = correction.Scatter(cross, t.degrees, s.degrees, n)
    return Together(2.0 * np.log(sigma), v_s, scatter)


@dataclass(frozen=True)
class Anchor:
    """Where resamples of two sources are held, so that they spread as samples do.

    Rows drawn again spread around the sample's eigenvalues, which already spread more than those
    it was drawn from. Seen along the sample's eigenvectors and stretched, they spread around
    eigenvalues from which samples like it come.

    Attributes
    ----------
    frame : ndarray, shape (n_columns, n_y)
        The sample's generalised eigenvectors in the units of Y.
    stretch : ndarray, shape (n_y,)
        Factor of what T leaves along each.
    """

    frame: Floats
    stretch: Floats
