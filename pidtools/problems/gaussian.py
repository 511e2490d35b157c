"""Jointly normal problems whose exact atoms follow from two-line formulas.

Scalar channels, mixed by invertible maps that change no atom; pairs of gains and rotations in
the plane; copies; ordered and equal channels. The variants seen through monotone maps of each
unit have the same atoms, though their margins are no longer normal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
from scipy.special import ndtr, stdtrit

from pidtools import _warnings
from pidtools._result import NATS_PER_BIT, PID, Outcome
from pidtools._types import Codes, Floats

RandomState = int | np.random.Generator | None

# The formulas below take fewer than a hundred operations on numbers of order one.
FORMULA = 1e-12


@dataclass(frozen=True, kw_only=True)
class GaussianProblem:
    """A teacher, a student and a continuous target, jointly normal, with exact atoms.

    Attributes
    ----------
    name : str
        Name for `get`; unique without regard to case.
    pid : PID
        Exact atoms in bits.
    source : str
        How the atoms were obtained.
    description : str
        What it is, in one sentence.
    dims : tuple of three int
        Units of T, S and Y.
    cov : ndarray of float64, shape (sum(dims), sum(dims))
        Joint covariance; for a warped problem, before the warp.
    warp : callable or None
        Monotone map of standard normal units; None leaves the sample normal.

    Examples
    --------
    >>> from pidtools import problems
    >>> problem = problems.get("gaussian_scalar")
    >>> T, S, Y = problem.sample(100)
    >>> T.shape, S.shape, Y.shape
    ((100, 3), (100, 2), (100, 1))
    """

    name: str
    pid: PID
    source: str
    description: str
    dims: tuple[int, int, int]
    cov: Floats = field(compare=False, repr=False)
    warp: Callable[[Floats], Floats] | None = field(default=None, compare=False, repr=False)

    @_warnings.quiet
    def sample(
        self, n_samples: int, random_state: RandomState = 0
    ) -> tuple[Floats, Floats, Floats]:
        """Draw independent rows.

        Parameters
        ----------
        n_samples : int
            Number of rows.
        random_state : int, Generator or None, default 0
            Seed.

        Returns
        -------
        T, S, Y : ndarray of float64, shapes (n_samples, d_t), (n_samples, d_s), (n_samples, d_y)
        """
        rng = np.random.default_rng(random_state)
        scale = np.sqrt(np.diag(self.cov))
        values, axes = np.linalg.eigh(self.cov / scale / scale[:, None])
        root = axes * np.sqrt(np.maximum(values, 0.0))
        units = rng.standard_normal((n_samples, len(scale))) @ root.T
        units = units * scale if self.warp is None else self.warp(units)
        t, s, y = np.split(units, np.cumsum(self.dims)[:2], axis=1)
        return t, s, y


def _pid(i_t: float, i_s: float, union: float, i_both: float) -> PID:
    i_t, i_s, union, synergy = map(float, (i_t, i_s, union, i_both - union))
    return PID.of_union(union, i_t, i_s, synergy=synergy, gap=FORMULA, outcome=Outcome.closed_form)


def scalar_channels(
    name: str,
    description: str,
    gains_t: tuple[float, ...],
    gains_s: tuple[float, ...],
    *,
    noise: float = 0.0,
    nuisance: tuple[int, int] = (0, 0),
    seed: int = 0,
) -> GaussianProblem:
    """Independent targets, each seen by T and S through one gain and unit noise, then mixed.

    The atoms of independent parts add; of two channels of a scalar the noisier is a garbling
    of the other.

    Parameters
    ----------
    name, description : str
        As in `GaussianProblem`.
    gains_t, gains_s : tuple of float
        One gain for each target; where it is 0 the source has no such unit.
    noise : float
        Correlation of the two noises of each target.
    nuisance : tuple of two int
        Further units of T and of S that are pure noise.
    seed : int
        Seed of the invertible maps of T, S and Y.
    """
    a, b = np.array(gains_t), np.array(gains_s)
    i_t, i_s = np.log2(1 + a**2) / 2, np.log2(1 + b**2) / 2
    r = np.where((a != 0) & (b != 0), noise, 0.0)
    both = np.log2(1 + (a**2 + b**2 - 2 * r * a * b) / (1 - r**2)) / 2
    pid = _pid(i_t.sum(), i_s.sum(), np.maximum(i_t, i_s).sum(), both.sum())
    cov = _covariance(np.diag(a)[a != 0], np.diag(b)[b != 0], np.diag(r)[a != 0][:, b != 0])
    dims = (int((a != 0).sum()) + nuisance[0], int((b != 0).sum()) + nuisance[1], len(a))
    problem = GaussianProblem(
        name=name,
        pid=pid,
        source="sum over independent scalar targets",
        description=description,
        dims=dims,
        cov=_widen(cov, dims, nuisance),
    )
    return _mixed(problem, seed)


def _covariance(h_t: Floats, h_s: Floats, noise: Floats) -> Floats:
    """Joint covariance of T = H_t Y + N, S = H_s Y + M and standard normal Y."""
    h = np.vstack([h_t, h_s, np.eye(h_t.shape[1])])
    k_t, k_s = len(h_t), len(h_s)
    cov: Floats = h @ h.T
    cov[: k_t + k_s, : k_t + k_s] += np.eye(k_t + k_s)
    cov[:k_t, k_t : k_t + k_s] += noise
    cov[k_t : k_t + k_s, :k_t] += noise.T
    return cov


def _widen(cov: Floats, dims: tuple[int, int, int], nuisance: tuple[int, int]) -> Floats:
    """Insert unit-variance nuisance behind the units of T and of S."""
    t, s, _ = dims
    extra = np.r_[t - nuisance[0] : t, t + s - nuisance[1] : t + s]
    old = np.setdiff1d(np.arange(sum(dims)), extra)
    wide = np.eye(sum(dims))
    wide[np.ix_(old, old)] = cov
    return wide


def _mixed(problem: GaussianProblem, seed: int) -> GaussianProblem:
    """Map T, S and Y by well-conditioned invertible matrices and give units other scales."""
    rng = np.random.default_rng(seed)
    mix = np.zeros_like(problem.cov)
    start = 0
    for d in problem.dims:
        rotation = np.linalg.qr(rng.standard_normal((d, d)))[0]
        mix[start : start + d, start : start + d] = rotation * 10.0 ** rng.uniform(-1, 1, (d, 1))
        start += d
    cov = mix @ problem.cov @ mix.T
    return replace(problem, cov=(cov + cov.T) / 2)


def plane(
    name: str, gains_t: tuple[float, float], gains_s: tuple[float, float], degrees: float
) -> GaussianProblem:
    """Two targets; S sees them through its gains after a rotation of the plane.

    The 2 x 2 generalised eigenvalues come from a trace and a determinant.

    Parameters
    ----------
    name : str
        As in `GaussianProblem`.
    gains_t, gains_s : tuple of two float
        Gains along the axes of each source, unit noise.
    degrees : float
        Angle between the axes of T and of S.
    """
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    h_t, h_s = np.diag(gains_t), np.diag(gains_s) @ np.array([[c, s], [-s, c]])
    a, b = np.eye(2) + h_t.T @ h_t, np.eye(2) + h_s.T @ h_s
    adjugate = np.array([[a[1, 1], -a[0, 1]], [-a[1, 0], a[0, 0]]])
    half, product = np.trace(b @ adjugate) / _det(a) / 2, _det(b) / _det(a)
    first = half + np.sqrt(max(half**2 - product, 0.0))
    g = np.array([first, product / first])
    i_t, i_s, both = (np.log2(_det(m)) / 2 for m in (a, b, a + b - np.eye(2)))
    return GaussianProblem(
        name=name,
        pid=_pid(i_t, i_s, i_s + np.maximum(-np.log2(g), 0).sum() / 2, both),
        source="eigenvalues of a 2 x 2 matrix from its trace and determinant",
        description=f"Two targets, axes of T and S {degrees:g} degrees apart.",
        dims=(2, 2, 2),
        cov=_covariance(h_t, h_s, np.zeros((2, 2))),
    )


def _det(m: Floats) -> float:
    return float(m[0, 0] * m[1, 1] - m[0, 1] * m[1, 0])


def repeated(problem: GaussianProblem, times: int, name: str, seed: int) -> GaussianProblem:
    """Independent copies of a problem, mixed: every atom is multiplied."""
    d = len(problem.cov)
    t, s, y = problem.dims
    units = np.split(np.arange(d), [t, t + s])
    order = np.concatenate([k + d * i for k in units for i in range(times)])
    cov = np.kron(np.eye(times), problem.cov)[np.ix_(order, order)]
    old = problem.pid
    pid = _pid(
        times * old.information_t,
        times * old.information_s,
        times * old.union_information,
        times * (old.union_information + (old.synergy or 0.0)),
    )
    copies = GaussianProblem(
        name=name,
        pid=pid,
        source=f"{times} times the atoms of {problem.name}",
        description=f"{times} independent copies of {problem.name}, mixed.",
        dims=(t * times, s * times, y * times),
        cov=cov,
    )
    return _mixed(copies, seed)


def _information(cov: Floats, source: Codes, target: Codes) -> float:
    both = np.concatenate([source, target])
    signs = ((source, 1), (target, 1), (both, -1))
    nats = sum(sign * np.linalg.slogdet(cov[np.ix_(k, k)])[1] for k, sign in signs) / 2
    return float(nats / NATS_PER_BIT)


def ordered(name: str, dims: tuple[int, int, int], *, noise: float, seed: int) -> GaussianProblem:
    """S is a linear map of T plus noise: a garbling, so T knows all that S knows."""
    rng = np.random.default_rng(seed)
    h = rng.standard_normal((dims[0], dims[2]))
    garble = rng.standard_normal((dims[1], dims[0])) / np.sqrt(dims[0])
    cov = _covariance(h, garble @ h, garble.T)
    k = slice(dims[0], dims[0] + dims[1])
    cov[k, k] += garble @ garble.T + (noise - 1.0) * np.eye(dims[1])
    t, s, y = np.split(np.arange(sum(dims)), np.cumsum(dims)[:2])
    i_t, i_s = _information(cov, t, y), _information(cov, s, y)
    return GaussianProblem(
        name=name,
        pid=_pid(i_t, i_s, i_t, i_t),
        source="data processing along Y - T - S; informations from log determinants",
        description="The student sees the teacher only, through a map and noise.",
        dims=dims,
        cov=cov,
    )


def equal(name: str, width: int, n_targets: int, *, seed: int) -> GaussianProblem:
    """T and S see Y through the same gains with independent noises: nothing is unique."""
    h = np.random.default_rng(seed).standard_normal((width, n_targets))
    dims = (width, width, n_targets)
    cov = _covariance(h, h, np.zeros((width, width)))
    t, s, y = np.split(np.arange(sum(dims)), np.cumsum(dims)[:2])
    i_t, both = _information(cov, t, y), _information(cov, np.concatenate([t, s]), y)
    return GaussianProblem(
        name=name,
        pid=_pid(i_t, i_t, i_t, both),
        source="equal channels; informations from log determinants",
        description="Teacher and student see the target alike, through independent noises.",
        dims=dims,
        cov=cov,
    )


def warped(
    problem: GaussianProblem, name: str, kind: str, warp: Callable[[Floats], Floats]
) -> GaussianProblem:
    """The same problem with each unit seen through a monotone map: the same atoms."""
    return replace(
        problem,
        name=name,
        source=f"the atoms of {problem.name}, which monotone maps of units do not change",
        description=f"{problem.name}, {kind}.",
        cov=problem.cov / np.sqrt(np.outer(np.diag(problem.cov), np.diag(problem.cov))),
        warp=warp,
    )


def _student_margins(units: Floats) -> Floats:
    heavy: Floats = np.asarray(stdtrit(3.0, ndtr(units)), dtype=np.float64)
    return heavy


@cache
def gaussian_problems() -> tuple[GaussianProblem, ...]:
    """Every jointly normal problem, and its warped variants, in a fixed order.

    Returns
    -------
    tuple of GaussianProblem

    Examples
    --------
    >>> from pidtools import problems
    >>> [p.name for p in problems.gaussian_problems()][:2]
    ['gaussian_scalar', 'gaussian_unordered']
    """
    unordered = scalar_channels(
        "gaussian_unordered",
        "Four targets; each source sees two of them better.",
        (1.5, 1.0, 0.5, 0.3),
        (0.5, 0.7, 1.0, 1.2),
        seed=2,
    )
    rotated = plane("gaussian_rotated_30", (3.0, 1.0), (3.0, 1.0), 30.0)
    return (
        scalar_channels(
            "gaussian_scalar",
            "A scalar target, T three units wide, S two.",
            (1.2,),
            (0.8,),
            noise=0.3,
            nuisance=(2, 1),
            seed=1,
        ),
        unordered,
        scalar_channels(
            "gaussian_shared_noise",
            "Four targets, noises of T and S correlated: synergy and redundancy.",
            (1.5, 1.0, 0.5, 0.3),
            (0.5, 0.7, 1.0, 1.2),
            noise=0.6,
            seed=3,
        ),
        scalar_channels(
            "gaussian_separate",
            "Each source sees other targets: no redundancy, dims 3, 2 and 5.",
            (1.0, 2.0, 0.5, 0.0, 0.0),
            (0.0, 0.0, 0.0, 1.0, 1.5),
            seed=4,
        ),
        scalar_channels(
            "gaussian_unequal",
            "T twelve units wide, S three, Y six.",
            (1.0, 0.8, 0.6, 0.4, 0.2, 0.1),
            (1.5, 0.0, 0.9, 0.0, 0.3, 0.0),
            nuisance=(6, 0),
            seed=5,
        ),
        scalar_channels(
            "gaussian_high_gain",
            "Gains of 300 and 0.01 in one system.",
            (300.0, 1.0, 0.01),
            (1.0, 200.0, 0.02),
            seed=6,
        ),
        scalar_channels(
            "gaussian_wide",
            "Sources of 96 and 64 units, a target of two.",
            (1.5, 0.7),
            (0.6, 1.1),
            nuisance=(94, 62),
            seed=7,
        ),
        scalar_channels(
            "gaussian_nothing",
            "Neither source knows anything.",
            (0.0, 0.0),
            (0.0, 0.0),
            nuisance=(3, 3),
            seed=8,
        ),
        *(plane(f"gaussian_rotated_{k}", (3.0, 1.0), (3.0, 1.0), k) for k in (0, 60, 90)),
        rotated,
        plane("gaussian_gains", (2.0, 0.5), (1.0, 1.0), 0.0),
        repeated(rotated, 2, "gaussian_doubled", 9),
        repeated(rotated, 8, "gaussian_doubled_8", 10),
        ordered("gaussian_ordered", (5, 3, 4), noise=0.5, seed=11),
        equal("gaussian_equal", 4, 3, seed=12),
        warped(unordered, "gaussian_cubed", "each unit cubed", lambda units: units**3),
        warped(unordered, "gaussian_exponential", "exponential of each unit", np.exp),
        warped(
            unordered,
            "gaussian_heavy_tails",
            "each unit with the margin of Student's t, three degrees of freedom",
            _student_margins,
        ),
    )
