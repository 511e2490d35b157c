"""Means and covariances in one pass over blocks of rows, in float64 whatever the input."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.linalg.blas import dsyrk
from scipy.special import ndtri

from pidtools import _blocks
from pidtools._gaussian import factors
from pidtools._gaussian.factors import inverse_of
from pidtools._types import Array, Floats

# Numbers in the float64 copy of a block of rows: 64 MB.
BLOCK_NUMBERS = 8_000_000
MIN_ROWS = 256
# The inverse of a smaller deviation may leave the floats; such a column counts as constant.
LEAST_RANGE = 2.0**-980


@dataclass(frozen=True)
class Moments:
    """Mean and standard deviation, shape (d,), and correlations of the columns of [X, Y].

    A column that doesn't vary has the deviation 0 and the correlations 0.
    """

    mean: Floats
    scale: Floats
    correlation: Floats
    n_samples: int

    @property
    def cov(self) -> Floats:
        """Covariance, divided by n - 1."""
        cov: Floats = self.correlation * self.scale * self.scale[:, None]
        return cov


def blocks(n_samples: int, width: int) -> Iterator[slice]:
    """Slices of rows, large enough for products to pay."""
    return _blocks.blocks(n_samples, width, entries=BLOCK_NUMBERS, least=MIN_ROWS)


def moments(X: Array, Y: Array | None = None) -> Moments:
    """Joint moments (divided by n - 1) of X, shape (n, d), and Y, shape (n, k), if there is one.

    Blocks of rows are read one after the other, so X may be a memory map. All are shifted by the
    mean of the first block, which keeps the digits that a large offset would cancel, and taken in
    units of about the range of each column, so that no square leaves the floats.
    """
    Y = X[:, :0] if Y is None else Y
    n, d, width = len(X), X.shape[1], X.shape[1] + Y.shape[1]
    first = next(blocks(n, width))
    shift = np.concatenate([A[first].mean(axis=0, dtype=np.float64) for A in (X, Y)])
    unit = np.concatenate([units(A) for A in (X, Y)])
    inverse = inverse_of(unit)
    total, scatter = np.zeros(width), np.zeros((width, width), order="F")
    buffer = np.empty((first.stop, width))
    for rows in blocks(n, width):
        block = buffer[: rows.stop - rows.start]
        np.subtract(X[rows], shift[:d], out=block[:, :d])
        np.subtract(Y[rows], shift[d:], out=block[:, d:])
        block *= inverse
        total += block.sum(axis=0)
        scatter = dsyrk(1.0, block.T, beta=1.0, c=scatter, overwrite_c=1, lower=1)
    mean = total / n
    lower = np.tril(scatter - n * np.outer(mean, mean)) / (n - 1)
    correlation, scale = factors.standardise(lower + np.tril(lower, -1).T)
    return Moments(shift + mean * unit, scale * unit, correlation, n)


def units(X: Array) -> Floats:
    """A power of two near the range of each column; 0 for a column that doesn't vary."""
    ends = (np.asarray(end, dtype=np.float64) for end in (X.max(axis=0), X.min(axis=0)))
    spread = np.subtract(*ends)
    unit: Floats = np.ldexp(1.0, np.frexp(spread)[1])
    return np.where(spread >= LEAST_RANGE, unit, 0.0)


def cross_correlation(
    X: Array, mean_x: Floats, scale_x: Floats, Z: Array, mean_z: Floats, scale_z: Floats
) -> Floats:
    """Correlations of X, shape (n, d), with Z, shape (n, k), given their moments."""
    n = len(X)
    out = np.zeros((X.shape[1], Z.shape[1]))
    for rows in blocks(n, X.shape[1] + Z.shape[1]):
        x = np.subtract(X[rows], mean_x) * inverse_of(scale_x)
        z = np.subtract(Z[rows], mean_z) * inverse_of(scale_z)
        out += x.T @ z
    return out / (n - 1)


def residual(
    X: Array, mean_x: Floats, weights: Floats, Y: Array, mean_y: Floats, whiten: Floats
) -> Floats:
    """What is left of whitened Y in each row: ``(Y - mean_y) @ whiten - (X - mean_x) @ weights``.

    Returns
    -------
    ndarray of float64, shape (n, whiten.shape[1])
    """
    out = np.empty((len(X), whiten.shape[1]))
    for rows in blocks(len(X), X.shape[1]):
        out[rows] = np.subtract(Y[rows], mean_y) @ whiten
        out[rows] -= np.subtract(X[rows], mean_x) @ weights
    return out


def normal_scores(X: Array) -> Floats:
    """Each column replaced by the normal quantiles of its ranks; ties share their mean rank."""
    from scipy.stats import rankdata

    # As columns of Fortran, which ranks come in: sums over them round in the order of memory.
    scores = np.empty(X.shape, order="F")
    for columns in blocks(X.shape[1], len(X)):
        scores[:, columns] = ndtri(rankdata(X[:, columns], axis=0) / (len(X) + 1))
    return scores


def oas(correlation: Floats, n_samples: int) -> float:
    """Weight of the identity in a shrunk correlation matrix.

    Oracle approximating shrinkage, Chen, Wiesel, Eldar and Hero (2010), equation (23), as in
    scikit-learn.
    """
    d = len(correlation)
    mu = float(np.trace(correlation)) / d
    return oas_of(mu, float((correlation**2).mean()), n_units=d, n_samples=n_samples)


def oas_of(mu: float, alpha: float, *, n_units: int, n_samples: int) -> float:
    """The same from the mean of the diagonal and the mean square of all entries."""
    spread = (n_samples + 1.0) * (alpha - mu**2 / n_units)
    return 1.0 if spread <= 0 else min((alpha + mu**2) / spread, 1.0)
