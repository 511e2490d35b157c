"""What rounding can't upset: eigenvectors made unique, Cholesky factors, and what long fits see.

A routine may return any sign, and any axes of equal eigenvalues; experts that start from axes or
split along them then answer differently with another version of LAPACK, or after noise in the
last digit.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.linalg.lapack import dpotrf

from pidtools._types import Array, Floats

# What a covariance needs so as to have a Cholesky factor, as a share of its average variance:
# below the rounding of single precision first, then as much as it takes.
RIDGES = (0.0, 1e-9, 1e-7, 1e-5, 1e-3)
# Eigenvalues nearer than this count as equal: far above rounding, far below sampling error.
EQUAL = 1e-6
# Decimals of features of unit scale that fits of many steps see.
DIGITS = 4


def principal_axes(symmetric: Floats) -> tuple[Floats, Floats]:
    """Eigenvalues, falling, and eigenvectors of a symmetric matrix, the latter made unique."""
    values, axes = np.linalg.eigh(symmetric)
    values, axes = values[::-1], axes[:, ::-1]
    for equal in _runs_of_equals(values):
        axes[:, equal] = _within_eigenspace(axes[:, equal])
    return values, axes * signs(axes)


def steady(rows: Array) -> Floats:
    """Features of unit scale to few decimals, for a fit whose steps build on each other.

    Of features that differ in their last digits hundreds of steps make another network, and one
    step more or less another fit. Features that are equal to the bit have equal fits.
    """
    double = rows.astype(np.float64)
    return np.round(double, DIGITS, out=double)


def signs(axes: Array) -> Floats:
    """+1 or -1 for each column, such that an axis and its negative come out alike."""
    # The largest entry is no guide: axes of two standardised columns have two of the same size.
    side: Floats = np.where(_weights(len(axes)) @ axes < 0, -1.0, 1.0)
    return side


def lower_factor(covariance: Floats, ridges: tuple[float, ...] = RIDGES) -> Floats:
    """Lower Cholesky factor of a covariance, with the least of the `ridges` that gives one.

    Units that never vary, near copies and products in single precision leave a covariance that
    is not positive definite, by rounding.

    Raises
    ------
    ValueError
        If none of the ridges does, as where entries are not finite.
    """
    level = max(float(np.trace(covariance)) / max(len(covariance), 1), 1e-300)
    for ridge in ridges:
        factor, failed = dpotrf(_raised(covariance, ridge * level).T, lower=1, overwrite_a=1)
        if not failed and np.isfinite(factor.diagonal()).all():
            lower: Floats = factor
            return lower
    raise ValueError("a covariance has no Cholesky factor: its entries are not finite.")


def _raised(covariance: Floats, ridge: float) -> Floats:
    raised = covariance.copy()
    raised.flat[:: len(raised) + 1] += ridge
    return raised


def _runs_of_equals(values: Floats) -> list[slice]:
    """Where neighbouring eigenvalues are equal, relative to their size."""
    new = values[:-1] - values[1:] > EQUAL * np.abs(values[:-1])
    edges = np.flatnonzero(np.concatenate([[True], new, [True]])).tolist()
    return [slice(a, b) for a, b in pairwise(edges) if b - a > 1]


def _within_eigenspace(basis: Floats) -> Floats:
    """The basis of the same space along which a fixed quadratic form is diagonal."""
    form = (basis.T * _weights(len(basis))) @ basis
    rotated: Floats = basis @ np.linalg.eigh(form)[1]
    return rotated


def _weights(n: int) -> Floats:
    """Numbers between 1 and 2 without pattern, the same for every call."""
    golden = 0.6180339887498949
    weights: Floats = 1.0 + np.mod(np.arange(1, n + 1, dtype=np.float64) * golden, 1.0)
    return weights
