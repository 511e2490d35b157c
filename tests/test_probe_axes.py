"""Axes and factors that the last digits do not turn."""

from __future__ import annotations

import numpy as np
import pytest

from pidtools._probe.axes import lower_factor, principal_axes


def test_axes_of_equal_eigenvalues_do_not_turn() -> None:
    """Three equal variances in random axes: LAPACK may return any basis, we return one."""
    rng = np.random.default_rng(0)
    Q = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    symmetric = Q @ np.diag([4.0, 2, 2, 2, 1, 0]) @ Q.T
    values, axes = principal_axes((symmetric + symmetric.T) / 2)
    noise = 1e-13 * rng.normal(size=(6, 6))
    _, again = principal_axes((symmetric + symmetric.T) / 2 + noise + noise.T)
    np.testing.assert_allclose(values, [4, 2, 2, 2, 1, 0], atol=1e-12)
    np.testing.assert_allclose(axes @ np.diag(values) @ axes.T, symmetric, atol=1e-12)
    np.testing.assert_allclose(axes.T @ axes, np.eye(6), atol=1e-12)
    np.testing.assert_allclose(again, axes, atol=1e-10)


def test_two_standardised_columns_have_axes_with_signs() -> None:
    """(1, 1) and (1, -1): both entries of an axis are of one size, so neither can rule."""
    for correlation in (0.5, -0.5):
        axes = principal_axes(np.array([[1, correlation], [correlation, 1]]))[1]
        for noise in (1e-15, -1e-15):
            moved = principal_axes(np.array([[1 + noise, correlation], [correlation, 1]]))[1]
            np.testing.assert_allclose(moved, axes, atol=1e-12)


@pytest.mark.parametrize("rank", [3, 8])
def test_a_covariance_that_rounding_left_indefinite_has_a_factor(rank: int) -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(50, rank)).astype(np.float32) @ rng.normal(size=(rank, 8))
    rows = rows.astype(np.float32)
    covariance = (rows.T @ rows / 50).astype(np.float64)
    factor = lower_factor(covariance)
    # At most 1e-5 of the mean variance was added, for products in single precision.
    level = np.trace(covariance) / 8
    np.testing.assert_allclose(factor @ factor.T, covariance, atol=2e-5 * level)
    assert (factor.diagonal() > 0).all()
    with pytest.raises(ValueError, match="entries are not finite"):
        lower_factor(np.full((2, 2), np.nan))
