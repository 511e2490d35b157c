"""Directions that separate classes by their means and by their spreads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import dtrtri
from scipy.sparse import csr_array
from scipy.special import log_softmax

from pidtools._blocks import blocks
from pidtools._probe.axes import lower_factor, principal_axes, signs
from pidtools._probe.rows import Rows
from pidtools._types import Codes, Floats

# Of up to so many classes, and of more.
FEW_CLASSES, MAX_MEAN_DIRECTIONS, MAX_MEAN_DIRECTIONS_MANY = 50, 24, 256
N_SPREAD_DIRECTIONS = 4
# Beyond these a covariance a class is neither affordable nor estimable.
MAX_CLASSES_FOR_SPREAD = 30
MAX_WIDTH_FOR_SPREAD = 256


@dataclass(frozen=True)
class Discriminant:
    """Linear discriminant analysis with shrunk covariance and shrunk class means.

    Attributes
    ----------
    log_prior : ndarray, shape (n_classes,)
    centre : ndarray, shape (width,)
    weights : ndarray, shape (width, n_classes)
        From features about the centre to scores: shrunk class means, the noise within classes
        whitened.
    norms : ndarray, shape (n_classes,)
        Squares of the shrunk class means in whitened coordinates.
    mean_directions, spread_directions : ndarray, shape (width, n_directions)
        Where class means differ, and where class covariances do; of unit noise.
    places : ndarray, shape (n_classes, n_directions)
        Class means along the first, not shrunk.
    trust : ndarray, shape (n_directions,)
        What shrinks them.
    """

    log_prior: Floats
    centre: Floats
    weights: Floats
    norms: Floats
    mean_directions: Floats
    spread_directions: Floats
    places: Floats
    trust: Floats

    def log_posterior(self, Z: Rows, rows: Codes) -> Floats:
        """Log posteriors of some rows of `Z`, shape (n_rows, n_classes)."""
        scores = project(Z, self.weights, rows) - self.centre @ self.weights
        posterior: Floats = log_softmax(scores - 0.5 * self.norms + self.log_prior, axis=1)
        return posterior

    @property
    def directions(self) -> Floats:
        """Both kinds of directions side by side."""
        return np.hstack([self.mean_directions, self.spread_directions])


def project(Z: Rows, directions: Floats, rows: Codes) -> Floats:
    """``Z[rows] @ directions`` in the precision of `Z`, without a copy of all those rows."""
    same = directions.astype(Z.dtype)  # mixed, NumPy would convert Z
    projected = np.empty((len(rows), directions.shape[1]))
    for block in blocks(len(rows), Z.shape[1]):
        projected[block] = Z[rows[block]] @ same
    return projected


def discriminant(
    Z: Rows,
    rows: Codes,
    labels: Codes,
    n_classes: int,
    loudness: Floats,
    *,
    caution: float = 1.0,
    spread: bool = True,
) -> Discriminant:
    """Fit on training rows.

    Parameters
    ----------
    Z : ndarray, shape (n_all, width)
        Whitened features.
    rows : ndarray of int64, shape (n,)
        Training rows of `Z`, which are not copied all at once.
    labels : ndarray of int64, shape (n,)
        Labels of the training rows. Every class must have a row.
    n_classes : int
    loudness : ndarray, shape (width,)
        Scale that each column had before whitening. The noise is shrunk towards a sphere in
        those natural coordinates: in whitened ones a direction that separates the classes
        well has little noise, and shrinking would take just that away.
    caution : float
        Share of the shrinkage intensity that is applied.
    spread : bool
        Whether to look for directions in which the covariances differ.
    """
    counts = np.bincount(labels, minlength=n_classes).astype(np.float64)
    means = _class_sums(Z, rows, labels, n_classes) / counts[:, None]
    centre = counts @ means / counts.sum()
    whitener = _inverse_factor(_shrunk_noise(Z, rows, labels, means, loudness, caution))
    whitener *= loudness
    standard_errors = (means - centre) @ whitener.T * np.sqrt(counts)[:, None]
    U, s, Vt = np.linalg.svd(standard_errors, full_matrices=False)
    sign = signs(Vt.T)
    U, Vt = U * sign, Vt * sign[:, None]
    kept = shrink_singular_values(s, n_classes - 1, Z.shape[1])
    most = MAX_MEAN_DIRECTIONS if n_classes <= FEW_CLASSES else MAX_MEAN_DIRECTIONS_MANY
    n_means = int(np.clip((kept > 0).sum(), 1, min(most, n_classes - 1, len(s))))
    apart = Vt[:n_means]
    off = _spread_directions(Z, rows, labels, means, whitener, apart) if spread else apart[:0].T
    shrunk = (U * kept) @ Vt / np.sqrt(counts)[:, None]
    return Discriminant(
        log_prior=np.log(counts / counts.sum()),
        centre=centre,
        weights=whitener.T @ shrunk.T,
        norms=(shrunk**2).sum(axis=1),
        mean_directions=whitener.T @ apart.T,
        spread_directions=off,
        trust=kept[:n_means] / np.maximum(s[:n_means], 1e-300),
        places=U[:, :n_means] * s[:n_means] / np.sqrt(counts)[:, None],
    )


def shrink_singular_values(s: Floats, n_rows: int, n_columns: int) -> Floats:
    """Shrinkage of the singular values of a matrix with unit noise that minimises the error.

    Gavish and Donoho, IEEE Trans. Inf. Theory 63 (2017), Frobenius loss; values below the
    edge of the noise become 0. With one row it is the positive-part shrinkage of Stein.
    """
    large, small = max(n_rows, n_columns), min(n_rows, n_columns)
    if small <= 1:
        return s * np.maximum(1 - large / np.maximum(s**2, 1e-300), 0)
    aspect, x2 = small / large, s**2 / large
    numerator = np.maximum((x2 - aspect - 1) ** 2 - 4 * aspect, 0)
    value = np.sqrt(numerator / np.maximum(x2, 1e-300) * large)
    shrunk: Floats = np.where(x2 > (1 + np.sqrt(aspect)) ** 2, value, 0.0)
    return shrunk


def _class_sums(Z: Rows, rows: Codes, labels: Codes, n_classes: int) -> Floats:
    """Sums of the rows of each class, in float64."""
    sums = np.zeros((n_classes, Z.shape[1]))
    for block in blocks(len(rows), Z.shape[1]):
        own, each = labels[block], np.arange(block.stop - block.start)
        members = csr_array((np.ones(len(own)), (own, each)), shape=(n_classes, len(own)))
        sums += members @ Z[rows[block]].astype(np.float64)
    return sums


def _shrunk_noise(
    Z: Rows, rows: Codes, labels: Codes, means: Floats, loudness: Floats, caution: float
) -> Floats:
    """Covariance within classes, shrunk to a multiple of the identity.

    The intensity is that of Ledoit and Wolf, J. Multivariate Anal. 88 (2004).
    """
    n, width = len(rows), Z.shape[1]
    within = np.zeros((width, width))
    fourth = 0.0
    # In the precision of Z, which decides the time of wide sources; blocks add up in float64.
    centres, scale = means.astype(Z.dtype), loudness.astype(Z.dtype)
    for block in blocks(n, width):
        off = (Z[rows[block]] - centres[labels[block]]) * scale
        within += off.T @ off
        fourth += float((np.einsum("ij,ij->i", off, off) ** 2).sum())
    within /= n
    level = np.trace(within) / width
    # Sums of squares by the trace: another matrix as large would be the peak of the memory.
    squares = float(np.vdot(within, within))
    distance = squares - width * level**2
    noise = max(fourth / n - squares, 0.0) / n
    intensity = caution * (min(noise / distance, 1.0) if distance > 0 else 1.0)
    # A floor keeps directions that are constant within every class from being infinite.
    intensity = max(intensity, 1e-6)
    within *= 1 - intensity
    within.flat[:: width + 1] += intensity * max(level, 1e-12)
    return within


def _inverse_factor(covariance: Floats) -> Floats:
    """Lower triangular W with W covariance W^T = identity."""
    inverse: Floats = dtrtri(lower_factor(covariance), lower=1, overwrite_c=1)[0]
    return inverse


def _spread_directions(
    Z: Rows, rows: Codes, labels: Codes, means: Floats, whitener: Floats, apart: Floats
) -> Floats:
    """Directions, off those of the means, along which class covariances differ most.

    Sliced average variance estimation (Cook and Weisberg, JASA 86, 1991).
    """
    width, n_classes = Z.shape[1], len(means)
    n_directions = min(N_SPREAD_DIRECTIONS, width - len(apart))
    if n_directions <= 0 or n_classes > MAX_CLASSES_FOR_SPREAD or width > MAX_WIDTH_FOR_SPREAD:
        return np.zeros((width, 0))
    difference = np.zeros((width, width))
    for c in range(n_classes):
        own = rows[labels == c]
        excess = -np.eye(width)
        for block in blocks(len(own), width):
            off_mean = (Z[own[block]] - means[c]) @ whitener.T
            excess += off_mean.T @ off_mean / len(own)
        difference += len(own) / len(rows) * (excess @ excess)
    off = np.eye(width) - apart.T @ apart
    axes = principal_axes(off @ difference @ off)[1]
    directions: Floats = whitener.T @ axes[:, :n_directions]
    return directions
