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


# --- pieces, against what they are -------------------------------------------------------------


def scatter_of(cosine: float, n_y: int, degrees: tuple[int, int, int]) -> correction.Scatter:
    return correction.Scatter(cosine * np.eye(n_y), *degrees)


def test_degrees_that_are_shared() -> None:
    """Those that no source uses up; as many as correlations need; no more than there are."""
    assert scatter_of(0.0, 2, (90, 80, 99)).shared_degrees == 71
    assert scatter_of(0.9, 2, (90, 80, 99)).shared_degrees == int(np.ceil(0.9 * np.sqrt(7200)))
    assert scatter_of(1.0, 2, (90, 80, 99)).shared_degrees == 80
    assert correction.Scatter(np.diag([0.9, -0.7]), 90, 90, 99).shared_degrees == 81


@pytest.mark.parametrize(
    ("n_y", "effort", "n_draws"), [(1, 1.0, 400), (6, 1.0, 277), (6, 0.2, 55), (40, 1.0, 25)]
)
def test_fewer_draws_of_larger_matrices(n_y: int, effort: float, n_draws: int) -> None:
    drawn = correction._draw(scatter_of(0.2, n_y, (95, 90, 99)), effort)
    assert drawn.factors_t.shape == drawn.inverses_s.shape == (n_draws, n_y, n_y)


def test_draws_have_the_law_of_both_scatter_matrices() -> None:
    """Wishart each, with their degrees; and the covariance of the residuals between them."""
    cosine, degrees = 0.6, (60, 50, 70)
    scatter = correction.Scatter(np.diag([cosine, cosine]), *degrees)
    shared = scatter.shared_degrees
    rng = np.random.default_rng(0)
    root = correction._residual_root(scatter, shared)
    private = 1 - shared / np.sqrt(60 * 50)
    between = root[:2] @ root[2:].T
    np.testing.assert_allclose(np.linalg.svd(between)[1], cosine / (1 - private), atol=1e-12)
    np.testing.assert_allclose((root @ root.T)[:2, :2], np.eye(2), atol=1e-12)
    np.testing.assert_allclose((root @ root.T)[2:, 2:], np.eye(2), atol=1e-12)
    drawn = correction._draw(scatter, 10.0)
    for factors, n in ((drawn.factors_t, 60), (np.linalg.inv(drawn.inverses_s), 50)):
        products = factors @ np.swapaxes(factors, 1, 2)
        error = 5 * np.sqrt(2 * n / len(products))
        np.testing.assert_allclose(products.mean(axis=0), n * np.eye(2), atol=error)
    for n in (2, 7):
        roots = correction._wishart_root(3, n, 4000, rng)
        products = roots @ np.swapaxes(roots, 1, 2)
        error = 5 * np.sqrt(2 * n / 4000)
        np.testing.assert_allclose(products.mean(axis=0), n * np.eye(3), atol=error)
    # Eigenvalues of pairs whose log determinants are unbiased: their logs sum to 0 on average.
    sums = drawn.log_eigenvalues(np.zeros(2)).sum(axis=1)
    assert sums.mean() == pytest.approx(0.0, abs=5 * sums.std() / np.sqrt(len(sums)))
    moved = drawn.log_eigenvalues(np.log([3.0, 3.0])).sum(axis=1)
    np.testing.assert_allclose(moved - sums, 2 * np.log(3.0), atol=1e-9)


def test_the_mean_spread_leans_on_the_mean_that_is_known() -> None:
    """Where all signs agree it is exact; elsewhere it is the mean of draws, near enough."""
    drawn = correction._draw(scatter_of(0.3, 3, (95, 90, 99)), 1.0)
    far = np.log([9.0, 8.0, 7.0])
    assert drawn.mean_half_spread(far) == pytest.approx(far.sum() / 2, abs=1e-12)
    mixed = np.array([0.5, 0.1, -0.6])
    plain = np.abs(drawn.log_eigenvalues(mixed)).sum(axis=1) / 2
    error = plain.std() / np.sqrt(len(plain))
    assert drawn.mean_half_spread(mixed) == pytest.approx(plain.mean(), abs=4 * error)


@pytest.mark.parametrize("power", [0.2, 1.0, 3.0, 6.0])
def test_a_spread_is_met_in_few_steps(power: float) -> None:
    asked = []

    def spread(share: float) -> float:
        asked.append(share)
        return float(1.0 + 2.0 * share**power)

    for target in (1.02, 1.3, 2.0, 2.9):
        asked.clear()
        share, reached = correction._match(spread, target)
        assert reached == pytest.approx(1.0 + 2.0 * share**power, abs=1e-12)
        assert reached == pytest.approx(target, rel=correction.MATCH)
        assert len(asked) <= 14
    assert correction._match(spread, 0.5) == (0.0, 1.0)
    assert correction._match(spread, 3.5) == (1.0, 3.0)
    assert correction._match(spread, 1.0) == (0.0, 1.0)


def test_eigenvalues_like_the_sample_are_all_equal_where_it_spreads_less() -> None:
    """A sample that spreads less than samples of equal eigenvalues says that they are equal."""
    scatter = scatter_of(0.3, 4, (95, 95, 99))
    close = correction.fit(0.05 * np.array([1.0, 0.4, -0.4, -1.0]), scatter)
    np.testing.assert_allclose(close.log_g, 0.0, atol=1e-12)
    far = correction.fit(np.array([1.0, 0.4, -0.4, -1.0]), scatter)
    assert np.ptp(far.log_g) > 1.0
    assert far.excess > 0
    # One sample and its mirror image have opposite signs.
    other = correction.fit(np.array([1.0, 0.4, -0.4, -1.0])[::-1] * -1.0, scatter)
    assert other.excess == pytest.approx(far.excess, abs=1e-12)


def test_noise_of_a_centre_is_taken_off_its_square() -> None:
    assert correction._shrunk(-3.0, 5.0) == -2.0
    assert correction._shrunk(3.0, 5.0) == 2.0
    assert correction._shrunk(1.0, 5.0) == 0.0


def test_log_determinants_of_wishart_matrices() -> None:
    rng = np.random.default_rng(0)
    drawn = rng.normal(size=(20_000, 3, 12))
    found = np.linalg.slogdet(drawn @ np.swapaxes(drawn, 1, 2))[1]
    error = found.std() / np.sqrt(len(found))
    mean = correction.log_det_mean(3, 12) + 3 * np.log(2)
    assert mean == pytest.approx(found.mean(), abs=4 * error)


def test_both_sides_of_the_spread_of_equal_eigenvalues_cancel() -> None:
    """As far below it as above: uniques of opposite sign and one size."""
    scatter = scatter_of(0.3, 4, (95, 95, 99))
    drawn = np.array([1.0, 0.4, -0.4, -1.0])
    equal = correction._draw(scatter, 1.0).mean_half_spread(np.zeros(4))
    for off in (0.02, 0.05):
        below, above = (
            spread / 2 - correction.fit(spread * drawn / 1.4, scatter).excess
            for spread in (equal - off, equal + off)
        )
        assert above > 0.05 * off
        # Each is met to a thousandth of its spread.
        assert below == pytest.approx(-above, abs=2 * correction.MATCH * (equal + off))
