"""The eigenvalues of two conditional covariances: proofs, couplings, and two other solvers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from random_gaussians import Dims, random_system
from scipy.optimize import minimize

import pidtools as pt
from pidtools._gaussian import factors, pencil
from pidtools._types import Array, Floats

SYSTEMS = [
    *[((d, d, d), seed) for d in (1, 2, 3, 4, 8, 16, 32) for seed in range(3)],
    *[((1, 5, 3), 0), ((7, 2, 4), 1), ((2, 9, 1), 2), ((3, 3, 12), 3), ((64, 1, 8), 4)],
    *[((64, 64, 64), 5), ((40, 64, 20), 6), ((5, 64, 64), 7), ((64, 32, 2), 8), ((1, 1, 64), 9)],
]


# A certificate compares two sums of about 6 d logarithms.
CERTIFICATE = 1e-12


def views(cov: Floats, dims: Sequence[int]) -> list[Array]:
    """Triangular factors of Cov(Y | T) and Cov(Y | S) for whitened Y, by other means."""
    t, s, y = np.split(np.arange(sum(dims)), np.cumsum(dims)[:2])
    root = np.linalg.cholesky(cov[np.ix_(y, y)])
    found: list[Array] = []
    for x in (t, s):
        left = cov[np.ix_(y, y)] - cov[np.ix_(y, x)] @ np.linalg.solve(
            cov[np.ix_(x, x)], cov[np.ix_(x, y)]
        )
        whitened = np.linalg.solve(root, np.linalg.solve(root, left).T)
        found.append(np.linalg.cholesky((whitened + whitened.T) / 2))
    return found


@pytest.mark.parametrize(("dims", "seed"), SYSTEMS)
def test_primal_and_dual_meet(dims: Dims, seed: int) -> None:
    cov = random_system(dims, seed)
    solved = pencil.solve(*views(factors.standardise(cov)[0], dims))
    assert abs(solved.upper - solved.lower) <= CERTIFICATE * (1 + solved.upper)
    pid = pt.gaussian_pid(cov, dims=dims)
    assert 0 < pid.gap <= 1e-9
    assert pid.union_information == pytest.approx(solved.lower, abs=1e-9)


@pytest.mark.parametrize(("dims", "seed"), SYSTEMS[::3])
def test_the_coupling_keeps_the_pairs_and_attains_the_value(dims: Dims, seed: int) -> None:
    """Build the joint covariance of Y and both channels and read its information off it."""
    lower_p, lower_r = views(factors.standardise(random_system(dims, seed))[0], dims)
    solved = pencil.solve(lower_p, lower_r)
    left, sigma, _ = np.linalg.svd(np.linalg.solve(lower_r, lower_p))
    frame = np.linalg.solve(lower_r.T, left) / np.minimum(sigma, 1)
    h_t, h_s, noise = pencil.optimal_channels(frame, lower_p, lower_r)
    n_y = dims[2]
    assert np.linalg.norm(noise, 2) <= 1 + 1e-10
    h = np.vstack([h_t, h_s])
    inside = noise * (1 - 1e-7)
    cov = h @ h.T + np.block([[np.eye(n_y), inside], [inside.T, np.eye(n_y)]])
    joint = np.block([[cov, h], [h.T, np.eye(n_y)]])
    value = (np.linalg.slogdet(cov)[1] - np.linalg.slogdet(joint)[1]) / 2 / np.log(2)
    for channel, lower in ((h_t, lower_p), (h_s, lower_r)):
        left_over = np.linalg.inv(np.eye(n_y) + channel.T @ channel)
        np.testing.assert_allclose(left_over, lower @ lower.T, atol=1e-10)
    # Staying 1e-7 inside the feasible set costs at most a quarter of that a direction.
    assert value == pytest.approx(solved.lower, abs=1e-7 * n_y)


@pytest.mark.parametrize("seed", range(8))
def test_a_minimisation_over_couplings_finds_nothing_less(seed: int) -> None:
    """Cov(T, S) is free; a quasi-Newton search over it must end at the closed form."""
    rng = np.random.default_rng(seed)
    dims = tuple(int(k) for k in rng.integers(1, 4, size=3))
    lower_p, lower_r = views(factors.standardise(random_system(dims, seed))[0], dims)
    h_t, h_s = pencil.channel(lower_p), pencil.channel(lower_r)
    n = dims[2]

    def value(x: Floats) -> float:
        left, gamma, right = np.linalg.svd(x.reshape(n, n))
        noise = (left * np.tanh(gamma) * (1 - 1e-9)) @ right
        new = h_s - noise.T @ h_t
        j = h_t.T @ h_t + new.T @ np.linalg.solve(np.eye(n) - noise.T @ noise, new)
        return float(np.linalg.slogdet(np.eye(n) + j)[1] / 2 / np.log(2))

    starts = [rng.normal(size=n * n) for _ in range(4)]
    best = min(minimize(value, x, method="BFGS", options={"maxiter": 400}).fun for x in starts)
    union = pencil.solve(lower_p, lower_r).lower
    assert best >= union - 1e-9
    # The optimum lies on the border, where tanh approaches 1 slowly.
    assert best <= union + 1e-3


@pytest.mark.parametrize("seed", range(4))
def test_a_conic_solver_agrees(seed: int) -> None:
    """Largest log det E below both conditional covariances, by Clarabel."""
    import cvxpy as cp

    dims = (3, 2, 3)
    lower_p, lower_r = views(factors.standardise(random_system(dims, seed))[0], dims)
    e = cp.Variable((3, 3), PSD=True)
    constraints = [lower_p @ lower_p.T >> e, lower_r @ lower_r.T >> e]
    problem = cp.Problem(cp.Maximize(cp.log_det(e)), constraints)
    problem.solve(solver=cp.CLARABEL)
    found = -problem.value / 2 / np.log(2)
    # Clarabel stops at 1e-8 of the objective.
    assert pencil.solve(lower_p, lower_r).lower == pytest.approx(found, abs=1e-6)
