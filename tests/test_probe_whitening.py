"""Features in coordinates of unit covariance: by columns, by rows, side by side."""

from __future__ import annotations

import numpy as np
from helpers import every_row

from pidtools._probe.whitening import join, whiten


def test_whitened_features_have_unit_covariance() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 4)) @ rng.normal(size=(4, 7)) + 10
    white = whiten(X)
    assert white.rank == 4
    # Z is in single precision, whose rounding is 6e-8.
    Z = every_row(white.Z)
    np.testing.assert_allclose(Z.T @ Z / 500, np.eye(4), atol=1e-6)
    assert (np.diff(white.spectrum) <= 0).all()
    assert join(white, white).rank == 4


def test_wide_sources_are_whitened_by_rows() -> None:
    """More columns than rows: as by columns, up to the signs of the axes, in little memory."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 60)) @ np.diag(np.linspace(1, 3, 60))
    wide = whiten(X)
    assert wide.rank == 39
    Z = every_row(wide.Z)
    np.testing.assert_allclose(Z.T @ Z / 40, np.eye(39), atol=1e-10)
    # Each column again, so that there are still the same products of rows, twice.
    twice = whiten(np.hstack([X, X]))
    np.testing.assert_allclose(np.abs(every_row(twice.Z)), np.abs(Z), atol=1e-8)
    huge = rng.normal(size=(60, 60_000)).astype(np.float32)  # a covariance would take 29 GB
    assert whiten(huge).rank == 59
