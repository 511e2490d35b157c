"""What sampling adds to informations and to the spread of eigenvalues, taken off again."""

from __future__ import annotations

import numpy as np
import pytest

from pidtools._gaussian import correction


def test_information_bias_against_wishart_draws() -> None:
    rng = np.random.default_rng(0)
    n, n_t, n_y = 40, 5, 3
    plug_in = []
    for _ in range(2000):
        X = rng.normal(size=(n, n_t + n_y))
        cov = np.cov(X, rowvar=False)
        parts = (cov[:n_t, :n_t], cov[n_t:, n_t:], cov)
        a, b, c = (np.linalg.slogdet(part)[1] for part in parts)
        plug_in.append((a + b - c) / 2)
    error = np.std(plug_in) / np.sqrt(2000)
    assert correction.information_bias(n_y, n - 1, n_t) == pytest.approx(
        np.mean(plug_in), abs=4 * error
    )


def test_identical_residuals_have_no_excess() -> None:
    same = correction.Scatter(np.eye(3), 90, 90, 99)
    assert same.shared_degrees == 90
    assert correction.fit(np.zeros(3), same).excess == pytest.approx(0.0, abs=1e-9)
    apart = correction.Scatter(0.1 * np.eye(3), 90, 90, 99)
    assert correction.fit(np.log([2.0, 1.0, 0.5]), apart).excess > 0.01


def test_a_garbled_source_gets_no_excess() -> None:
    """Where all eigenvalues lie far on one side there is nothing to spread across."""
    apart = correction.Scatter(0.3 * np.eye(3), 490, 490, 499)
    assert correction.fit(np.log([0.2, 0.15, 0.1]), apart).excess == pytest.approx(0.0, abs=1e-12)
    one = correction.Scatter(np.array([[0.3]]), 490, 490, 499)
    assert correction.fit(np.log([0.2]), one).excess == pytest.approx(0.0, abs=1e-12)


def test_less_spread_than_equal_eigenvalues_show_is_mirrored() -> None:
    """Both sides of the mean of equal channels cancel, so that no bias is left there."""
    scatter = correction.Scatter(0.3 * np.eye(4), 95, 95, 99)
    drawn = np.array([1.0, 0.4, -0.4, -1.0])
    uniques = []
    for size in (0.3, 0.35, 0.4, 0.45, 0.5, 0.55):
        log_g = size * drawn
        uniques.append(np.abs(log_g).sum() / 4 - correction.fit(log_g, scatter).excess)
    assert (np.diff(uniques) > 0).all()
    assert uniques[0] < -0.02
    assert uniques[-1] > 0.02


def test_eigenvalues_of_certain_sign_are_no_part_of_the_cluster() -> None:
    scatter = correction.Scatter(0.3 * np.eye(4), 95, 95, 99)
    found = correction.fit(np.log([20.0, 1.2, 0.9, 0.05]), scatter).log_g
    np.testing.assert_allclose(found[[0, 3]], np.log([20.0, 0.05]), atol=0.1)
    assert (np.abs(found[1:3]) < 0.2).all()
    # All of one size, far from 0: the centre is certain, and there is nothing to spread across.
    one_sided = correction.fit(np.log([4.0, 3.6, 3.3, 3.0]), scatter)
    assert one_sided.excess == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_allclose(one_sided.log_g.mean(), np.log(3.45), atol=0.05)


@pytest.mark.parametrize("cosine", [0.6, 0.9])
def test_correlations_of_residuals_lose_the_spread_that_sampling_adds(cosine: float) -> None:
    """Equal correlations come out nearly equal; what lies far apart stays so."""
    rng = np.random.default_rng(0)
    shared, n_y = 400, 6
    t = rng.normal(size=(shared, n_y))
    s = cosine * t + np.sqrt(1 - cosine**2) * rng.normal(size=(shared, n_y))
    sampled = np.linalg.svd(np.linalg.qr(t)[0].T @ np.linalg.qr(s)[0], compute_uv=False)
    assert np.ptp(correction._less_spread(sampled, shared, 0.0)) < 0.6 * np.ptp(sampled)
    apart = correction._less_spread(np.array([0.9, 0.5, 0.1]), shared, 0.0)
    np.testing.assert_allclose(apart, [0.9, 0.5, 0.1], atol=0.01)
