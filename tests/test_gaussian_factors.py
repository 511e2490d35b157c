"""Triangular factors: small directions that are kept, and errors of LAPACK."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import all_said, atoms
from random_gaussians import measure
from scipy.linalg import LinAlgError

import pidtools as pt
from pidtools._gaussian import factors
from pidtools._types import Floats


@pytest.mark.parametrize("which", [0, 1, 2], ids=["T", "S", "Y"])
@pytest.mark.parametrize("size", [1e3, 1e6, 1e9])
def test_a_small_direction_beside_a_large_one_is_kept(which: int, size: float) -> None:
    """A column of a large size with a small one added is an invertible map of both."""
    rng = np.random.default_rng(0)
    Y = rng.normal(size=(500, 2))
    arrays = [Y + rng.normal(size=(500, 2)), Y + 0.5 * rng.normal(size=(500, 2)), Y]
    before = atoms(measure(*arrays).pid)
    arrays[which] = arrays[which] @ [[1, size], [0, 1]]
    found = measure(*arrays)
    # The large column rounds the small one by `size` units in the last place.
    np.testing.assert_allclose(atoms(found.pid), before, atol=1e-6 if size < 1e9 else 1e-5)
    assert not any("eft out" in note for note in all_said(found))


def test_a_small_direction_that_the_other_source_holds() -> None:
    rng = np.random.default_rng(0)
    a, z = rng.normal(size=(2, 400))
    Y = np.column_stack([a, z]) + rng.normal(size=(400, 2))
    before = measure(np.column_stack([a, z]), z, Y)
    found = measure(np.column_stack([a, a + 1e-5 * z]), z, Y)
    np.testing.assert_allclose(atoms(found.pid), atoms(before.pid), atol=1e-5)


def test_no_error_of_lapack_comes_through() -> None:
    with pytest.raises(pt.PIDError, match="could not be decomposed"), factors.arithmetic():
        raise LinAlgError("SVD did not converge")


# --- against dense formulas -------------------------------------------------------------------

SPANS = np.s_[:3], np.s_[3:5], np.s_[5:8]


def correlations(seed: int) -> Floats:
    """Of three units of T, two of S and three of Y, all of them dependent."""
    rng = np.random.default_rng(seed)
    return np.asarray(np.corrcoef(rng.normal(size=(40, 8)) @ rng.normal(size=(8, 8)), rowvar=False))


def half_log_det(matrix: Floats) -> float:
    return float(np.linalg.slogdet(matrix)[1]) / 2


def precision_of_y(cov: Floats, n_sources: int) -> float:
    """Trace of the precision of (source, Y) as far as it belongs to Y: of B' P B and of P."""
    of_source, cross = cov[:n_sources, :n_sources], cov[:n_sources, n_sources:]
    weights = np.linalg.solve(of_source, cross)
    precision = np.linalg.inv(cov[n_sources:, n_sources:] - cross.T @ weights)
    return float(np.trace(precision) + np.trace(weights @ precision @ weights.T))


@pytest.mark.parametrize("seed", range(3))
def test_posteriors_are_those_of_dense_formulas(seed: int) -> None:
    cov = correlations(seed)
    t, s, y = (factors.factorise(cov[span, span]) for span in SPANS)
    of_t, of_s, of_y = SPANS
    p = factors.posterior(t, cov[of_t, of_y], y, "T")
    both = factors.joint_posterior(t, s, cov[of_t, of_s], p, y, cov[of_s, of_y])
    for found, n_sources in ((p, 3), (both, 5)):
        places = np.r_[:n_sources, 5:8]
        part = cov[np.ix_(places, places)]
        before, source = part[n_sources:, n_sources:], part[:n_sources, :n_sources]
        bits = (half_log_det(before) + half_log_det(source) - half_log_det(part)) / np.log(2)
        assert found.information == pytest.approx(bits, abs=1e-11)
        assert found.amplification == pytest.approx(precision_of_y(part, n_sources), rel=1e-9)
        left = np.eye(3) - found.whitened.T @ found.whitened
        np.testing.assert_allclose(found.lower @ found.lower.T, left, atol=1e-12)
        cross = np.linalg.solve(y.lower, part[:n_sources, n_sources:].T)
        explained = cross @ np.linalg.solve(source, cross.T)
        np.testing.assert_allclose(found.whitened.T @ found.whitened, explained, atol=1e-11)
    assert factors.log_det(y.lower) == pytest.approx(half_log_det(cov[of_y, of_y]), abs=1e-12)


def test_units_of_s_that_t_explains_are_left_out_of_both() -> None:
    """What is left of S's first unit given T is rounding, which grows with the weights."""
    cov = correlations(0)
    weights = np.array([900.0, -700.0, 400.0])
    full = np.vstack([np.eye(8), np.zeros((1, 8))])
    full[8, :3] = weights
    wide = full @ cov @ full.T
    order = [0, 1, 2, 8, 4, 5, 6, 7]
    wide = wide[np.ix_(order, order)]
    scale = np.sqrt(np.diag(wide))
    wide /= scale * scale[:, None]
    t, s, y = (factors.factorise(wide[span, span]) for span in SPANS)
    of_t, of_s, of_y = SPANS
    p = factors.posterior(t, wide[of_t, of_y], y, "T")
    both = factors.joint_posterior(t, s, wide[of_t, of_s], p, y, wide[of_s, of_y])
    places = [0, 1, 2, 4, 5, 6, 7]
    part = cov[np.ix_(places, places)]
    bits = half_log_det(part[4:, 4:]) + half_log_det(part[:4, :4]) - half_log_det(part)
    assert both.information == pytest.approx(bits / np.log(2), abs=1e-6)
    assert len(both.whitened) == 4


def test_what_rounding_changes_is_that_of_the_formulas() -> None:
    cov = correlations(1)
    t, _, y = (factors.factorise(cov[span, span]) for span in SPANS)
    p = factors.posterior(t, cov[SPANS[0], SPANS[2]], y, "T")
    trace = 1.0 + 2 * p.amplification
    for tolerance, eps in ((factors.RANK_TOLERANCE, 2.0**-52), (1e-5, 2.0**-23)):
        expected = eps * np.sqrt(16) * trace / np.log(2)
        assert factors.rounding(16, tolerance, p, p) == pytest.approx(expected, rel=1e-12)
        assert factors.floor_of(3, tolerance) == pytest.approx(
            min(3 * factors.ROUNDED_PLACES * eps, tolerance), rel=1e-12
        )
    assert factors.floor_of(10_000, factors.RANK_TOLERANCE) == factors.RANK_TOLERANCE
    expected = 2 * 1e-9 * np.sqrt(3 * p.amplification) / np.log(2)
    assert factors.rounding_of_rows(1e-9, p) == pytest.approx(expected, rel=1e-12)


def test_tolerances_go_by_what_a_covariance_was_stored_in() -> None:
    of = {np.float16: 1e-5, np.float32: 1e-5, np.float64: 1e-12, np.int32: 1e-12, np.int8: 1e-12}
    for dtype, tolerance in of.items():
        assert factors.tolerance_of(np.dtype(dtype)) == tolerance


def test_units_are_left_out_by_pivots_and_by_directions() -> None:
    """One unit that is another, one that is constant; three that add up to a constant."""
    cov = correlations(2)[:4, :4]
    twice = cov[np.ix_([0, 1, 1, 2, 3], [0, 1, 1, 2, 3])]
    twice[4], twice[:, 4] = 0.0, 0.0
    found = factors.factorise(twice)
    assert found.rank == 3
    assert 4 not in found.kept
    assert len({1, 2} & set(found.kept.tolist())) == 1
    kept = np.ix_(found.kept, found.kept)
    np.testing.assert_allclose(found.lower @ found.lower.T, twice[kept], atol=1e-12)
    lift = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]])
    fixed = lift @ np.array([[1.0, 3e-4], [3e-4, 1e-6]]) @ lift.T
    fixed /= np.sqrt(np.diag(fixed)) * np.sqrt(np.diag(fixed))[:, None]
    assert factors.factorise(fixed).rank == 2
    by_directions = factors.factorise_by_directions(fixed, 1e-12)
    assert by_directions.rank == 2
    kept = np.ix_(by_directions.kept, by_directions.kept)
    np.testing.assert_allclose(by_directions.lower @ by_directions.lower.T, fixed[kept], atol=1e-12)
    assert factors.factorise(np.zeros((2, 2))).rank == 0
    assert factors.factorise_by_directions(np.zeros((2, 2)), 1e-12).rank == 0
    with pytest.raises(factors.IndefiniteError):
        factors.factorise(np.array([[1.0, 2.0], [2.0, 1.0]]))
    with pytest.raises(factors.IndefiniteError):
        factors.factorise_by_directions(np.array([[1.0, 2.0], [2.0, 1.0]]), 1e-12)


def test_only_the_clear_part_of_a_factor() -> None:
    z = 1e-5
    cov = np.array([[1.0, 1.0, 0.2], [1.0, 1.0 + z**2, 0.2], [0.2, 0.2, 1.0]])
    found = factors.Factor(np.array([3, 5, 8]), np.linalg.cholesky(cov))
    clear = factors.clear_part(found)
    assert clear.rank == 2
    assert 8 in clear.kept
    assert set(clear.kept.tolist()) < {3, 5, 8}
    np.testing.assert_allclose(np.abs(clear.lower @ clear.lower.T - 0.5), [[0.5, 0.3], [0.3, 0.5]])
    whole = factors.Factor(found.kept[[0, 2]], np.linalg.cholesky(cov[np.ix_([0, 2], [0, 2])]))
    assert factors.clear_part(whole) is whole


def test_errors_of_what_remains() -> None:
    half = np.sqrt(0.5) * np.eye(2)
    np.testing.assert_allclose(
        factors.remainder(np.eye(2), half, "T"), np.sqrt(0.5) * np.eye(2), atol=1e-15
    )
    with pytest.raises(factors.DeterministicError, match="T"):
        factors.remainder(np.eye(2), np.diag([1.0, 0.5]), "T")
    with pytest.raises(factors.DeterministicError):
        factors.remainder(np.eye(2), np.diag([np.sqrt(1 - 5e-13), 0.5]), "T")
    factors.remainder(np.eye(2), np.diag([np.sqrt(1 - 5e-12), 0.5]), "T")
    with pytest.raises(factors.IndefiniteError):
        factors.remainder(np.eye(2), np.diag([1.1, 0.5]), "T")
    # A hair below nothing is rounding: then the source fixes that direction.
    with pytest.raises(factors.DeterministicError):
        factors.remainder(np.eye(2), np.diag([1 + 1e-9, 0.5]), "T")
