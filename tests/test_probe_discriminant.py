"""Directions in which classes differ in mean and spread."""

from __future__ import annotations

import numpy as np
from helpers import every_row

from pidtools._probe.discriminant import discriminant, shrink_singular_values
from pidtools._probe.whitening import whiten


def test_singular_values_below_the_noise_become_zero() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(20, 100))
    signal = np.outer(rng.normal(size=20), rng.normal(size=100))
    U, s, Vt = np.linalg.svd(signal + noise, full_matrices=False)
    kept = shrink_singular_values(s, 20, 100)
    assert (kept > 0).sum() == 1
    assert np.linalg.norm((U * kept) @ Vt - signal) < np.linalg.norm(noise) / 2


def test_discriminant_finds_means_and_spreads() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 4000)
    Z = rng.normal(size=(4000, 5))
    Z[:, 0] += y
    Z[:, 1] *= 1 + y
    white = whiten(Z)
    found = discriminant(white.Z, np.arange(4000), y, 2, white.loudness)
    rows = every_row(white.Z) @ found.directions
    assert abs(np.corrcoef(rows[:, 0], Z[:, 0])[0, 1]) > 0.98
    assert abs(np.corrcoef(rows[:, 1], Z[:, 1])[0, 1]) > 0.98


def test_discriminant_of_some_rows_is_that_of_their_copy() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 900)
    white = whiten(rng.normal(size=(900, 6)) * (1 + y[:, None]) + np.eye(6)[y])
    rows = np.flatnonzero(rng.random(900) < 0.7)
    found = discriminant(white.Z, rows, y[rows], 3, white.loudness)
    everything = np.arange(len(rows))
    copied = discriminant(white.Z[rows], everything, y[rows], 3, white.loudness)
    for name in ("log_prior", "centre", "weights", "norms", "directions"):
        np.testing.assert_array_equal(getattr(found, name), getattr(copied, name))
