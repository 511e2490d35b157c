"""Means, covariances, normal scores and shrinkage, against NumPy, SciPy and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import Dtype

from pidtools._gaussian import moments


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_moments_against_numpy(dtype: Dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moments, "BLOCK_NUMBERS", 7 * 300)
    rng = np.random.default_rng(0)
    X, Z = rng.normal(size=(1000, 5)).astype(dtype), rng.normal(size=(1000, 2)).astype(dtype)
    found = moments.moments(X, Z)
    both = np.hstack([X, Z]).astype(np.float64)
    np.testing.assert_allclose(found.mean, both.mean(axis=0), atol=1e-14)
    np.testing.assert_allclose(found.cov, np.cov(both, rowvar=False), atol=1e-14)
    x, z = (found.mean[:5], found.scale[:5]), (found.mean[5:], found.scale[5:])
    between = moments.cross_correlation(X, *x, Z, *z)
    np.testing.assert_allclose(between, found.correlation[:5, 5:], atol=1e-14)


def test_normal_scores_average_ties() -> None:
    from scipy.stats import norm, rankdata

    column = np.array([3.0, 1.0, 3.0, 2.0, 5.0])
    expected = norm.ppf(rankdata(column) / 6)
    np.testing.assert_allclose(moments.normal_scores(column[:, None])[:, 0], expected, atol=1e-14)
    assert moments.normal_scores(np.ones((4, 1))).tolist() == [[0.0]] * 4


def test_oas_as_in_scikit_learn() -> None:
    from sklearn.covariance import OAS

    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 30)) @ rng.normal(size=(30, 30))
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    expected = OAS(assume_centered=True).fit(X).shrinkage_
    assert moments.oas(X.T @ X / 20, 20) == pytest.approx(expected, abs=1e-12)
    assert moments.oas(np.eye(5), 100) == 1.0
