"""Features to whitened features, so that scale, shift and rotation do not matter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Array = NDArray[Any]

# Winsorised standard deviations beyond which a value is cut: Gaussian features never get
# there, and a single outlier no longer decides the scale of its column.
REACH = 8.0
# Share of the largest variance below which a direction is rounding noise. float64 sums of
# 1e6 rows are good to 1e-13; nuisance a thousand times louder than the signal leaves 1e-6.
RANK_TOLERANCE = 1e-10
BLOCK_ENTRIES = 2**21
QUANTILE_ROWS = 4096


@dataclass(frozen=True)
class Whitened:
    """Features with unit covariance, ordered by the variance they had.

    Attributes
    ----------
    Z : ndarray of float32, shape (n_samples, rank)
        Computed in float64: of unit scale, its rounding is far below any sampling error.
    spectrum : ndarray of float64, shape (rank,)
        Variances of the standardised features along the directions of Z, falling.
    """

    Z: Array
    spectrum: Floats

    @property
    def rank(self) -> int:
        """Number of columns."""
        return int(self.Z.shape[1])

    @property
    def loudness(self) -> Floats:
        """Scale of each column before whitening, 1 on average."""
        scale: Floats = np.sqrt(self.spectrum / self.spectrum.mean())
        return scale


def whiten(X: Array) -> Whitened:
    """Whiten `X`, shape (n, d): cut outliers, standardise, rotate to principal axes, scale.

    Constant columns and directions without variance are dropped; if nothing varies the rank
    is 0. Works in blocks of rows: beyond the result, memory is O(d^2).
    """
    centre, scale = _location_and_scale(X)
    kept = np.flatnonzero(scale > 0)
    mean, covariance = _moments(X, centre, scale, kept)
    variances, axes = np.linalg.eigh(covariance) if len(kept) else (np.zeros(0), covariance)
    order = np.flatnonzero(variances > RANK_TOLERANCE * max(variances.max(initial=0), 1e-300))
    order = order[::-1]
    spectrum, projection = variances[order], _with_fixed_signs(axes[:, order])
    projection /= np.sqrt(spectrum)
    Z = np.empty((len(X), len(order)), dtype=np.float32)
    for rows, block in _standardised(X, centre, scale, kept):
        Z[rows] = (block - mean) @ projection
    return Whitened(Z, spectrum)


def join(left: Whitened, right: Whitened) -> Whitened:
    """Whiten two whitened sources together, neither louder than the other."""
    return whiten(np.hstack([left.Z, right.Z]))


def _location_and_scale(X: Array) -> tuple[Floats, Floats]:
    """Median and winsorised standard deviation of each column, from evenly spaced rows."""
    some = X[:: max(len(X) // QUANTILE_ROWS, 1)]
    centre, scale = np.empty(X.shape[1]), np.empty(X.shape[1])
    step = max(BLOCK_ENTRIES // len(some), 1)
    for start in range(0, X.shape[1], step):
        block = slice(start, start + step)
        columns = some[:, block].astype(np.float64)
        low, centre[block], high = np.quantile(columns, [0.01, 0.5, 0.99], axis=0)
        scale[block] = np.clip(columns, low, high).std(axis=0)
    # A unit that is off for 99 % of the rows has no winsorised scale.
    rare = scale <= 1e-12 * np.abs(centre)
    scale[rare] = X[:, rare].std(axis=0, dtype=np.float64)
    scale[scale <= 1e-12 * np.abs(centre)] = 0.0
    return centre, scale


def _standardised(
    X: Array, centre: Floats, scale: Floats, kept: NDArray[np.intp]
) -> Iterator[tuple[slice, Floats]]:
    step = max(BLOCK_ENTRIES // max(X.shape[1], 1), 1)
    for start in range(0, len(X), step):
        rows = slice(start, start + step)
        block = (X[rows][:, kept].astype(np.float64) - centre[kept]) / scale[kept]
        yield rows, np.clip(block, -REACH, REACH)


def _moments(
    X: Array, centre: Floats, scale: Floats, kept: NDArray[np.intp]
) -> tuple[Floats, Floats]:
    total, gram = np.zeros(len(kept)), np.zeros((len(kept), len(kept)))
    for _, block in _standardised(X, centre, scale, kept):
        total += block.sum(axis=0)
        gram += block.T @ block
    mean = total / len(X)
    return mean, gram / len(X) - np.outer(mean, mean)


def _with_fixed_signs(axes: Floats) -> Floats:
    """Eigenvectors have no sign of their own; make the largest entry positive."""
    if not axes.size:
        return axes
    largest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    fixed: Floats = axes * np.where(largest < 0, -1.0, 1.0)
    return fixed
