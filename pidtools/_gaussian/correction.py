r"""What few samples add to log determinants and to the spread of generalised eigenvalues.

The scatter matrix of Y given a source of rank r is Wishart with ``n - 1 - r`` degrees of
freedom. The mean of its log determinant is known, so informations are corrected exactly. The
eigenvalues of two such matrices spread more than the true ones, which makes both unique
informations too large even when the log determinants are right; `excess` measures that by
drawing from the fitted law.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma

Floats = NDArray[np.float64]

# The draws are fixed: the correction is a function of the data, and moves smoothly with them.
SEED = 20_140_421
# Residuals correlated beyond this are the same residuals.
IDENTICAL = 1.0 - 1e-12
# A match to this share of the spread is far below its own sampling error; it takes 3 to 6 steps.
MATCH, STEPS = 1e-4, 20


def log_det_mean(n_y: int, degrees: int) -> float:
    """Mean of log det W in nats, less ``n_y log 2``, for W standard Wishart."""
    return float(digamma((degrees - np.arange(n_y)) / 2).sum())


def information_bias(n_y: int, degrees: int, rank: int) -> float:
    """Excess in nats of the plug-in information of Y in a source of this rank."""
    return (log_det_mean(n_y, degrees) - log_det_mean(n_y, degrees - rank)) / 2


@dataclass(frozen=True)
class Residuals:
    """How the residuals of Y given T and given S vary together in the sample.

    Attributes
    ----------
    cross : ndarray, shape (n_y, n_y)
        Scatter of T's with S's residuals, in coordinates in which both have scatter I and
        in which the generalised eigenvalues are diagonal.
    degrees_t, degrees_s : int
        Degrees of freedom of the two scatter matrices.
    degrees : int
        Degrees of freedom of the sample, n - 1.
    """

    cross: Floats
    degrees_t: int
    degrees_s: int
    degrees: int

    @property
    def shared_degrees(self) -> int:
        """Degrees of freedom in which both residuals are drawn together, estimated.

        At least those that neither source uses up; as many as the correlations of the residuals
        need on average, all of them for identical residuals.
        """
        cosines = np.linalg.svd(self.cross, compute_uv=False)
        needed = cosines.mean() * np.sqrt(self.degrees_t * self.degrees_s) * IDENTICAL
        shared = max(self.degrees_t + self.degrees_s - self.degrees, np.ceil(needed))
        return int(min(shared, self.degrees_t, self.degrees_s))


def excess(log_g: Floats, residuals: Residuals) -> float:
    """By how much sampling inflates each unique information, in nats.

    Parameters
    ----------
    log_g : ndarray, shape (n_y,)
        Natural logs of the estimated eigenvalues, falling, unbiased in their sum.
    residuals : Residuals
        Of the same sample.

    Notes
    -----
    The eigenvalues are drawn together towards their mean until samples drawn from them spread
    as far as the estimates do; the excess is what those samples show beyond what they were
    drawn from. Half the sum of |log g| measures the spread.
    """
    draws = _draw(residuals)
    centre, target = float(log_g.mean()), float(_half_spread(log_g))

    def spread(share: float) -> float:
        return draws.mean_half_spread(centre + share * (log_g - centre))

    share, reached = _match(spread, target)
    shrunk = centre + share * (log_g - centre)
    return (reached - float(_half_spread(shrunk))) / 2


def _match(spread: Callable[[float], float], target: float) -> tuple[float, float]:
    """Share in [0, 1] whose spread meets the target as closely as can be, and that spread.

    False position with halved weights (Illinois); the spread rises with the share.
    """
    low, below = 0.0, spread(0.0) - target
    if below >= 0:
        return low, below + target
    high, above = 1.0, spread(1.0) - target
    if above <= 0:
        return high, above + target
    share, off = high, above
    for _ in range(STEPS):
        share = (low * above - high * below) / (above - below)
        off = spread(share) - target
        if abs(off) <= MATCH * target:
            break
        if off < 0:
            low, below, above = share, off, above / 2
        else:
            high, above, below = share, off, below / 2
    return share, off + target


def _half_spread(log_g: Floats) -> Floats:
    half: Floats = np.abs(log_g).sum(axis=-1) / 2
    return half


@dataclass(frozen=True)
class _Draws:
    """Factors of scatter matrices of both residuals, drawn for eigenvalues of 1."""

    factors_t: Floats
    inverses_s: Floats
    shift: float

    def log_eigenvalues(self, log_g: Floats) -> Floats:
        """Natural logs of eigenvalues estimated from each draw, shape (n_draws, n_y)."""
        scaled = np.exp(log_g / 2)[:, None] * self.factors_t
        sigma = np.linalg.svd(self.inverses_s @ scaled, compute_uv=False)
        found: Floats = 2 * np.log(sigma) + self.shift
        return found

    def mean_half_spread(self, log_g: Floats) -> float:
        """Mean over samples of half the sum of |log g|, from the draws.

        The sum of log g, whose mean is known, goes along with it and serves as a control: the
        more the signs agree the better, and where all do the answer is exact.
        """
        drawn = self.log_eigenvalues(log_g)
        spread, control = _half_spread(drawn), drawn.sum(axis=1)
        off = control - control.mean()
        square = off @ off
        slope = (off @ spread) / square if square > 0 else 0.0
        return float(spread.mean() - slope * (control.mean() - log_g.sum()))


def _draw(residuals: Residuals) -> _Draws:
    n_y = len(residuals.cross)
    # The estimate inherits its sampling error over the root of this number: 10 to 25 %.
    n_draws = int(np.clip(3000 // n_y**2, 16, 100))
    rng = np.random.default_rng(SEED)
    shared = residuals.shared_degrees
    both = _residual_root(residuals, shared) @ _wishart_root(2 * n_y, shared, n_draws, rng)
    scatters: list[Floats] = [
        _scatter(part) + _scatter(_wishart_root(n_y, degrees - shared, n_draws, rng))
        for part, degrees in (
            (both[:, :n_y], residuals.degrees_t),
            (both[:, n_y:], residuals.degrees_s),
        )
    ]
    root_t, root_s = (np.asarray(np.linalg.cholesky(s), dtype=np.float64) for s in scatters)
    identity = np.broadcast_to(np.eye(n_y), root_s.shape)
    shift = log_det_mean(n_y, residuals.degrees_s) - log_det_mean(n_y, residuals.degrees_t)
    return _Draws(
        root_t, np.asarray(np.linalg.solve(root_s, identity), dtype=np.float64), shift / n_y
    )


def _residual_root(residuals: Residuals, shared: int) -> Floats:
    """Root of the covariance of both residuals in the shared degrees of freedom."""
    scale = np.sqrt(residuals.degrees_t * residuals.degrees_s) / shared
    left, cosine, right = np.linalg.svd(residuals.cross * scale)
    cosine = np.where(cosine >= IDENTICAL, 1.0, cosine)
    n_y = len(cosine)
    sine = (right.T * np.sqrt((1.0 - cosine) * (1.0 + cosine))) @ right
    return np.block([[np.eye(n_y), np.zeros((n_y, n_y))], [right.T * cosine @ left.T, sine]])


def _wishart_root(size: int, degrees: int, n_draws: int, rng: np.random.Generator) -> Floats:
    """Roots of standard Wishart matrices (Bartlett 1933), shape (n_draws, size, ...)."""
    if degrees < size:
        return rng.standard_normal((n_draws, size, degrees))
    root: Floats = np.tril(rng.standard_normal((n_draws, size, size)), -1)
    diagonal = np.arange(size)
    root[:, diagonal, diagonal] = np.sqrt(rng.chisquare(degrees - diagonal, (n_draws, size)))
    return root


def _scatter(root: Floats) -> Floats:
    scatter: Floats = root @ np.swapaxes(root, -1, -2)
    return scatter
