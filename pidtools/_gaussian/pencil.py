r"""The decomposition of two conditional covariances P = Cov(Y | T) and R = Cov(Y | S).

With the generalised eigenvalues g of (P, R) and V the basis in which R is the identity and P is
diag(g), the union information is half the log determinant of Cov(Y) against
``V^-T diag(min(g, 1)) V^-1``. `Pencil` carries both proofs of that number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pidtools._gaussian.factors import solve_lower
from pidtools._result import NATS_PER_BIT
from pidtools._types import Bools, Floats

# The coupling's noises are correlated up to exactly 1; stopping this far below keeps it in the
# interior and costs at most a quarter of it a direction.
INTERIOR = 1e-14
# Directions of which neither source knows more than this are left uncorrelated.
UNINFORMED = 1e-14


@dataclass(frozen=True)
class Pencil:
    """Generalised eigenvalues and the two bounds on the union information.

    Attributes
    ----------
    log_g : ndarray, shape (n_y,)
        log2 of the generalised eigenvalues of (Cov(Y | T), Cov(Y | S)), falling.
    lower, upper : float
        Dual and primal value of the union information in bits.
    """

    log_g: Floats
    lower: float
    upper: float

    @property
    def uniques(self) -> tuple[float, float]:
        """What only T and what only S knows, in bits."""
        return uniques(self.log_g)


def uniques(log_g: Floats) -> tuple[float, float]:
    """Both unique informations in the unit of the logs of the generalised eigenvalues."""
    of_t, of_s = (np.maximum(sign * log_g, 0.0).sum() / 2 for sign in (-1.0, 1.0))
    return float(of_t), float(of_s)


def solve(lower_p: Floats, lower_r: Floats) -> Pencil:
    """Decompose, with proofs from both sides.

    Parameters
    ----------
    lower_p, lower_r : ndarray, shape (n_y, n_y)
        Triangular factors of Cov(Y | T) and Cov(Y | S), for whitened Y.
    """
    left, sigma, _ = np.linalg.svd(solve_lower(lower_r, lower_p))
    frame = solve_lower(lower_r, left, transposed=True) / np.minimum(sigma, 1.0)
    lower = dual_value(frame, sigma < 1.0, lower_p, lower_r)
    upper = primal_value(*optimal_channels(frame, lower_p, lower_r))
    return Pencil(2.0 * np.log2(sigma), lower / NATS_PER_BIT, upper / NATS_PER_BIT)


def dual_value(frame: Floats, of_p: Bools, lower_p: Floats, lower_r: Floats) -> float:
    """Lower bound in nats on the union information, for any nonsingular `frame`.

    The conditional covariance E under any coupling is below P and R. With the columns f of
    `frame`, each scaled to f'Pf = 1 or f'Rf = 1, Hadamard's inequality for the matrix F'EF,
    whose diagonal is at most 1, gives log det E <= -2 log |det F|.
    """
    norms = np.where(
        of_p, np.linalg.norm(lower_p.T @ frame, axis=0), np.linalg.norm(lower_r.T @ frame, axis=0)
    )
    return float(np.linalg.slogdet(frame)[1] - np.log(norms).sum())


def channel(lower: Floats) -> Floats:
    """Gains H of the observation H Y + N, with unit noise, that leaves this covariance of Y."""
    directions, left, _ = np.linalg.svd(lower)
    left = np.minimum(left, 1.0)
    gains: Floats = (np.sqrt((1.0 - left) * (1.0 + left)) / left)[:, None] * directions.T
    return gains


def optimal_channels(
    frame: Floats, lower_p: Floats, lower_r: Floats
) -> tuple[Floats, Floats, Floats]:
    """Both sources as channels of Y with unit noise, and the noises' cross-covariance.

    K is the observation of Y that leaves ``(frame @ frame.T)^-1``, the largest covariance below
    P and R that is diagonal with them. T and S are garblings of it; drawn independently given
    K they are the coupling, whose noise cross-covariance is ``H_T J_K^+ H_S'``.
    """
    h_t, h_s = channel(lower_p), channel(lower_r)
    axes, spread, _ = np.linalg.svd(frame)
    known = (spread - 1.0) * (spread + 1.0)
    root = np.sqrt(np.divide(1.0, known, out=np.zeros_like(known), where=known > UNINFORMED))
    return h_t, h_s, (h_t @ axes * root) @ (h_s @ axes * root).T


def primal_value(h_t: Floats, h_s: Floats, noise: Floats) -> float:
    """I(Y; T, S) in nats under the coupling whose noises have this cross-covariance.

    The cross-covariance is brought inside the feasible set first, so this is an upper bound on
    the union information whatever `noise` is.
    """
    left, gamma, right = np.linalg.svd(noise)
    gamma = np.minimum(gamma, 1.0 - INTERIOR)
    seen, other = left.T @ h_t, right @ h_s
    new = (other - gamma[:, None] * seen) / np.sqrt((1.0 - gamma) * (1.0 + gamma))[:, None]
    stacked = np.vstack([np.eye(h_t.shape[1]), seen, new])
    return float(np.log(np.abs(np.diag(np.linalg.qr(stacked, mode="r")))).sum())
