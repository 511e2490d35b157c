"""Joint covariances that benchmarks share."""

from __future__ import annotations

from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]


def channels(h_t: Floats, h_s: Floats, noise: Floats) -> Floats:
    """Covariance of T = H_t Y + N, S = H_s Y + M and standard normal Y; noise is Cov(N, M)."""
    h = np.vstack([h_t, h_s, np.eye(h_t.shape[1])])
    cov = h @ h.T
    n_t, n_s = len(h_t), len(h_s)
    block = np.block([[np.eye(n_t), noise], [noise.T, np.eye(n_s)]])
    cov[: n_t + n_s, : n_t + n_s] += block
    return cov


def random_channels(d: int, seed: int = 0, gain: float = 1.0) -> Floats:
    """Random gains for d units each, independent noises."""
    h_t, h_s = gain * random_gains(d, seed)
    return channels(h_t, h_s, np.zeros((d, d)))


def random_gains(d: int, seed: int = 0) -> Floats:
    """Gains of T and of S, shape (2, d, d)."""
    gains: Floats = np.random.default_rng([d, seed]).normal(size=(2, d, d)) / np.sqrt(d)
    return gains


def sampled_systems(d: int) -> dict[str, Floats]:
    """Systems of d units each that small samples find easy and hard."""
    rng = np.random.default_rng(5)
    h, h_s, garble = rng.normal(size=(3, d, d)) / np.sqrt(d)
    zero, one = np.zeros((d, d)), np.eye(d)
    ordered = channels(1.5 * h, 1.5 * garble @ h, garble.T)
    ordered[d : 2 * d, d : 2 * d] += garble @ garble.T - 0.5 * one
    copy = channels(1.5 * h, 1.5 * h, zero)
    steps = np.block([[one, zero, zero], [one, zero, zero], [zero, zero, one]])
    copy = steps @ copy @ steps.T
    copy[d : 2 * d, d : 2 * d] += 0.3 * one
    strong_first = np.where(np.arange(d) < d // 2, 1.5, 0.5)
    return {
        "random": channels(1.5 * h, 1.2 * h_s, zero),
        "shared noise": channels(1.5 * h, 1.2 * h_s, 0.6 * one),
        "ordered": ordered,
        "half each": channels(np.diag(strong_first), np.diag(strong_first[::-1]), zero),
        "noisy copy": copy,
        "nothing known": np.eye(3 * d),
        "equal channels": channels(1.5 * h, 1.5 * h, zero),
    }


def hard_systems(d: int) -> dict[str, Floats]:
    """Systems of d units each in which both sources are nearly equal, or equal in part."""
    h, e = np.random.default_rng(77).normal(size=(2, d, d)) / np.sqrt(d)
    zero, one, first = np.zeros((d, d)), np.eye(d), np.arange(d) < d // 2
    return {
        "equal, weak": channels(0.5 * h, 0.5 * h, zero),
        "equal, strong": channels(4.0 * h, 4.0 * h, zero),
        "equal, shared noise": channels(1.5 * h, 1.5 * h, 0.6 * one),
        "nearly equal": channels(1.5 * (h + 0.15 * e), 1.5 * (h - 0.15 * e), zero),
        "T better alike": channels(1.5 * one, 1.2 * one, zero),
        "half equal": channels(
            np.diag(np.where(first, 2.0, 1.0)), np.diag(np.where(first, 0.5, 1.0)), zero
        ),
        "equal but one": channels(np.diag(np.r_[2.0, np.ones(d - 1)]), one, zero),
    }
