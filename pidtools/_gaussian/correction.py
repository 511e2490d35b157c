r"""What few samples add to log determinants and to the spread of generalised eigenvalues.

The scatter matrix of Y given a source of rank r is Wishart with ``n - 1 - r`` degrees of
freedom. The mean of its log determinant is known, so informations are corrected exactly. The
eigenvalues of two such matrices spread more than the true ones, which makes both unique
informations too large even when the log determinants are right; `fit` measures that by
drawing from laws whose samples spread as much as this one does.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import digamma

from pidtools._types import Floats

# The draws are fixed: the correction is a function of the data alone.
SEED = 20_140_421
# Residuals correlated beyond this are the same residuals.
IDENTICAL = 1.0 - 1e-12
# A match to this share of the spread is far below its own sampling error; it takes 2 to 5 steps.
MATCH, STEPS = 1e-3, 20
# Fewer draws than this have no quantiles.
MIN_DRAWS = 25
# Eigenvalues count as strays of one when so many samples of equal ones reach farther.
WITHIN = 0.9


def log_det_mean(n_y: int, degrees: int) -> float:
    """Mean of log det W in nats, less ``n_y log 2``, for W standard Wishart."""
    return float(digamma((degrees - np.arange(n_y)) / 2).sum())


def information_bias(n_y: int, degrees: int, rank: int) -> float:
    """Excess in nats of the plug-in information of Y in a source of this rank."""
    return (log_det_mean(n_y, degrees) - log_det_mean(n_y, degrees - rank)) / 2


@dataclass(frozen=True)
class Scatter:
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


@dataclass(frozen=True)
class Fit:
    """What a sample says about the eigenvalues it was drawn from.

    Attributes
    ----------
    excess : float
        By how much sampling inflates each unique information, in nats; it can be negative.
    log_g : ndarray, shape (n_y,)
        Natural logs of eigenvalues whose samples are like this one.
    """

    excess: float
    log_g: Floats


def fit(log_g: Floats, scatter: Scatter, *, effort: float = 1.0) -> Fit:
    """Find eigenvalues whose samples spread as the estimated ones do, and by how much more.

    Parameters
    ----------
    log_g : ndarray, shape (n_y,)
        Natural logs of the estimated eigenvalues, falling, unbiased in their sum.
    scatter : Scatter
        Of the same sample.
    effort : float
        Share of the usual number of draws. They are the same for every sample of one size, so
        what fewer of them miss is missed alike, and differences between samples keep.

    Notes
    -----
    Half the sum of |log g| measures the spread. Along a path from the estimates to eigenvalues
    without the part of their spread that may be noise, the place is sought from which samples
    spread as far as the estimates do; the excess is what these show beyond what they are drawn
    from. A sample may spread less than any place on the path makes likely, as every second one
    does where nothing is unique. It is taken for the mirror image of one that spreads more by as
    much, and its spread falls short of the end of the path by what the other's exceeds it: both
    sides cancel in the mean, and no bias is left where truth lies at its border.
    """
    draws = _draw(scatter, effort)
    path = _path(log_g, draws)
    target = _half_spread(log_g)

    def spread(share: float) -> float:
        return draws.mean_half_spread(path(share))

    off = target - spread(0.0)
    mirrored = target + max(-2.0 * off, 0.0)
    share, reached = _match(spread, mirrored)
    end = _half_spread(path(0.0))
    beyond = _half_spread(path(share)) + mirrored - reached - end
    return Fit(
        excess=(target - end - math.copysign(beyond, off)) / 2,
        log_g=path(share if off > 0 else 0.0),
    )


def _path(log_g: Floats, draws: _Draws) -> Callable[[float], Floats]:
    """Eigenvalues by share: from a cluster drawn together (0) to the cluster as it is (1).

    The cluster is made of the eigenvalues nearest to 0 that stray no farther from their centre
    than samples of equal ones do; the square of its centre is lessened by what noise adds to it.
    The others have a certain sign, and are moved back by what sampling moves them.
    """
    equal = draws.log_eigenvalues(np.zeros_like(log_g))
    strays = np.abs(equal - equal.mean(axis=1, keepdims=True)).max(axis=1)
    reach, noise = np.quantile(strays, WITHIN), equal.sum(axis=1).var() / len(log_g)
    order = np.argsort(np.abs(log_g))
    for size in range(len(log_g), 0, -1):
        cluster = order[:size]
        centre = _shrunk(float(log_g[cluster].mean()), noise / size)
        if np.abs(log_g[cluster] - centre).max() <= reach:
            break
    base = log_g
    if size < len(log_g):
        drawn = draws.log_eigenvalues(log_g).mean(axis=0)
        moved = 2 * log_g - drawn + (drawn.sum() - log_g.sum()) / len(log_g)
        base = np.where(moved * log_g > 0, moved, 0.0)
    base, apart = base.copy(), np.zeros_like(log_g)
    base[cluster], apart[cluster] = centre, log_g[cluster] - centre
    return lambda share: base + share * apart


def _shrunk(value: float, variance: float) -> float:
    """The value without the part of its square that its noise adds."""
    return math.copysign(math.sqrt(max(value**2 - variance, 0.0)), value)


def _match(spread: Callable[[float], float], target: float) -> tuple[float, float]:
    """Share in [0, 1] whose spread meets the target as closely as can be, and that spread.

    False position with halved weights (Illinois); the spread rises with the share. The root
    finders of SciPy stop by the share, not by the spread, whose draws take all the time.
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


def _half_spread(log_g: Floats) -> float:
    return float(np.abs(log_g).sum()) / 2


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
        spread, control = np.abs(drawn).sum(axis=1) / 2, drawn.sum(axis=1)
        off = control - control.mean()
        square = off @ off
        slope = (off @ spread) / square if square > 0 else 0.0
        return float(spread.mean() - slope * (control.mean() - log_g.sum()))


def _draw(scatter: Scatter, effort: float) -> _Draws:
    n_y = len(scatter.cross)
    # The estimate inherits its sampling error over the root of this number: 5 to 20 %.
    n_draws = max(int(effort * np.clip(10_000 // n_y**2, MIN_DRAWS, 400)), MIN_DRAWS)
    rng = np.random.default_rng(SEED)
    shared = scatter.shared_degrees
    both = _residual_root(scatter, shared) @ _wishart_root(2 * n_y, shared, n_draws, rng)
    scatters: list[Floats] = [
        _scatter(part) + _scatter(_wishart_root(n_y, degrees - shared, n_draws, rng))
        for part, degrees in (
            (both[:, :n_y], scatter.degrees_t),
            (both[:, n_y:], scatter.degrees_s),
        )
    ]
    root_t, root_s = (np.asarray(np.linalg.cholesky(s), dtype=np.float64) for s in scatters)
    identity = np.broadcast_to(np.eye(n_y), root_s.shape)
    shift = log_det_mean(n_y, scatter.degrees_s) - log_det_mean(n_y, scatter.degrees_t)
    return _Draws(
        root_t, np.asarray(np.linalg.solve(root_s, identity), dtype=np.float64), shift / n_y
    )


def _residual_root(scatter: Scatter, shared: int) -> Floats:
    """Root of the covariance of both residuals in the shared degrees of freedom."""
    private = 1.0 - shared / np.sqrt(scatter.degrees_t * scatter.degrees_s)
    left, cosine, right = np.linalg.svd(scatter.cross / (1.0 - private))
    cosine = _less_spread(cosine, shared, private)
    cosine = np.where(cosine >= IDENTICAL, 1.0, cosine)
    n_y = len(cosine)
    sine = (right.T * np.sqrt((1.0 - cosine) * (1.0 + cosine))) @ right
    return np.block([[np.eye(n_y), np.zeros((n_y, n_y))], [right.T * cosine @ left.T, sine]])


def _less_spread(cosine: Floats, shared: int, private: float) -> Floats:
    """Correlations of residuals without the spread that sampling adds to equal ones.

    The variance of a sampled correlation c is ``(1 - c^2)^2`` over the degrees of freedom; what
    is not shared adds that of a beta variable, ``2 c^2 private``. Singular values of c times the
    identity plus noise spread as the eigenvalues of the noise's symmetric part do.
    """
    n_y, centre = len(cosine), float(cosine.mean())
    c = min(centre, 1.0)
    variance = ((1.0 - c**2) ** 2 + 2.0 * c**2 * private) / shared
    noise, energy = variance * (n_y * (n_y + 1) / 2 - 1), float(((cosine - centre) ** 2).sum())
    share = np.sqrt(max(1.0 - noise / energy, 0.0)) if energy else 0.0
    drawn: Floats = c + share * (cosine - c)
    return drawn


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
