"""Gaussian systems with dependent columns, tiny and huge units, and columns that are not normal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from helpers import Dtype, all_said, atoms, known
from random_gaussians import contrasts, measure

import pidtools as pt
from pidtools._gaussian import moments, pencil, target
from pidtools._gaussian.factors import Factor
from pidtools._types import Array, Floats

Drawn = Callable[[np.random.Generator, int, int, Dtype], tuple[Array, Floats]]


# --- data -------------------------------------------------------------------------------------


def softmax(rng: np.random.Generator, n: int, k: int, dtype: Dtype) -> tuple[Floats, Floats]:
    logits = (3 * rng.normal(size=(n, k)) - np.linspace(0, 6, k)).astype(dtype)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True), contrasts(k)


def centred(rng: np.random.Generator, n: int, k: int, dtype: Dtype) -> tuple[Floats, Floats]:
    logits = rng.normal(size=(n, k)).astype(dtype)
    return logits - logits.mean(axis=1, keepdims=True), contrasts(k)


def constant(rng: np.random.Generator, n: int, k: int, dtype: Dtype) -> tuple[Array, Floats]:
    Y: Array = rng.normal(size=(n, k)).astype(dtype)
    Y[:, 1] = 0.1
    return Y, np.delete(np.eye(k), 1, axis=1)


def repeated(rng: np.random.Generator, n: int, k: int, dtype: Dtype) -> tuple[Array, Floats]:
    Y: Array = rng.normal(size=(n, k)).astype(dtype)
    Y[:, -1] = 4 * Y[:, 0]
    return Y, np.eye(k)[:, : k - 1]


def combined(rng: np.random.Generator, n: int, k: int, dtype: Dtype) -> tuple[Floats, Floats]:
    Z = (rng.normal(size=(n, k - 2)) * 10.0 ** rng.integers(-2, 3, k - 2)).astype(dtype)
    return np.hstack([Z, Z @ rng.normal(size=(k - 2, 2)).astype(dtype)]), np.eye(k)[:, : k - 2]


@pytest.mark.parametrize("kind", [softmax, centred, constant, repeated, combined])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("seed", range(3))
def test_dependent_columns_of_y_change_nothing(kind: Drawn, dtype: Dtype, seed: int) -> None:
    """Against the same call on Y in an explicit basis, summarised apart for even seeds."""
    rng = np.random.default_rng(seed)
    n, k, d_t, d_s = (int(rng.integers(*ends)) for ends in ((120, 400), (3, 9), (9, 16), (1, 8)))
    Y, basis = kind(rng, n, k, dtype)
    z = (Y - Y.mean(axis=0)) / np.where(Y.std(axis=0) > 1e-6, Y.std(axis=0), np.inf)
    T, S = (
        (z @ rng.normal(size=(k, d)) + rng.normal(size=(n, d))).astype(dtype) for d in (d_t, d_s)
    )
    sources: tuple[Any, Any] = (T, S)
    if seed % 2 == 0:
        t, s = (pt.summarise(X, Y, estimator="gaussian") for X in (T, S))
        sources = (t, s)
    found = measure(*sources, Y)
    reduced = measure(T, S, Y.astype(np.float64) @ basis)
    off = np.abs(atoms(found.pid) - atoms(reduced.pid)).max()
    assert off <= found.pid.gap + reduced.pid.gap
    assert found.pid.gap < 1e-2
    assert any("Y: left out unit" in note for note in all_said(found))


def test_centred_logits_have_the_atoms_of_their_law() -> None:
    """T sees five logits of ten, S the others, through noise; T is wide."""
    k, n, noise = 10, 2000, 0.05**2 * 0.9
    basis = contrasts(k)
    seen = [basis[:5], basis[5:]]
    left = [np.eye(k - 1) - b.T @ np.linalg.solve(b @ b.T + noise * np.eye(5), b) for b in seen]
    g = np.linalg.eigvals(np.linalg.solve(left[1], left[0])).real
    truth = np.maximum(0, -np.log2(g)).sum() / 2
    for seed in range(3):
        rng = np.random.default_rng(seed)
        Z = rng.normal(size=(n, k))
        Y = Z - Z.mean(axis=1, keepdims=True)
        T, S = (Y[:, part] + np.sqrt(noise) * rng.normal(size=(n, 5)) for part in np.s_[:5, 5:])
        found = measure(np.hstack([T, rng.normal(size=(n, 59))]), S, Y)
        # Five standard errors of nine log eigenvalues.
        assert found.distillable == pytest.approx(truth, abs=5 * np.sqrt(9 / n) / np.log(2))


def test_two_frames_of_y_are_made_one() -> None:
    """Posteriors in frames that differ say nothing together, though each has its information."""
    rng = np.random.default_rng(0)
    Y = rng.normal(size=(400, 5))
    T, S = (Y[:, part] + 0.2 * rng.normal(size=(400, 3)) for part in np.s_[:3, 2:])
    turned = Y @ np.linalg.qr(rng.normal(size=(5, 5)))[0]
    gaussian = pt.Gaussian()
    t, s, other = (gaussian.summarise(*pair) for pair in ((T, Y), (S, Y), (S, turned)))
    right, again = gaussian.pair(t, s).pid(), gaussian.pair(t, other).pid()
    np.testing.assert_allclose(atoms(again)[:3], atoms(right)[:3], atol=right.gap + again.gap)
    apart = pencil.solve(t.posterior.lower, other.posterior.lower)
    assert abs(apart.uniques[0] - right.unique_t) > 1
    assert abs(apart.upper - apart.lower) < 1e-10
    joint = known(right.joint_information)
    assert again.joint_information == pytest.approx(joint, abs=1e-10)


@pytest.mark.parametrize("kind", [softmax, constant])
def test_resamples_keep_what_was_left_out(kind: Drawn) -> None:
    rng = np.random.default_rng(1)
    Y, basis = kind(rng, 200, 4, np.float64)
    T, S = (Y @ rng.normal(size=(4, d)) + 0.1 * rng.normal(size=(200, d)) for d in (6, 2))
    options: dict[str, Any] = {"confidence_level": 0.9, "n_resamples": 12}
    found, reduced = measure(T, S, Y, **options), measure(T, S, Y @ basis, **options)
    for name, interval in found.intervals.items():
        assert interval.low == pytest.approx(reduced.intervals[name].low, abs=1e-7)
        assert interval.high == pytest.approx(reduced.intervals[name].high, abs=1e-7)


def test_rank_is_decided_beside_the_rounding_of_float32() -> None:
    rng = np.random.default_rng(0)
    Y = rng.normal(size=(300, 2)).astype(np.float32)
    wide = np.column_stack([Y, Y @ np.array([0.3, 0.7], dtype=np.float32)])
    for dtype in (np.float32, np.float64):  # what was rounded once stays so
        assert target.reduce(wide.astype(dtype)).linear.size == 1
    assert target.reduce(wide + 1e-4 * rng.normal(size=(300, 3))).linear.size == 0
    offset = np.float32(1e6) + Y
    assert target.reduce(offset).values is offset
    with pytest.raises(ValueError, match="Y is constant, or varies in the last place"):
        measure(Y, Y, np.ones((300, 2)) + 1e-17 * Y)


# --- pieces -----------------------------------------------------------------------------------


def test_one_rounding_of_what_is_stored() -> None:
    rng = np.random.default_rng(0)
    Y = rng.normal(size=(50, 3))
    Y[:, 1] = Y[:, 1].astype(np.float32)
    assert target.last_place(Y).tolist() == [2.0**-53, 2.0**-24, 2.0**-53]
    for dtype in (np.float32, np.float16, np.int32):
        assert target.last_place(Y.astype(dtype)).tolist() == [2.0**-24] * 3
    assert target._places(4) == pytest.approx(np.sqrt(16**2 + 16 * 4), rel=1e-15)


def test_constant_columns_alone() -> None:
    Y = np.random.default_rng(0).normal(size=(6, 4))
    whole = target.without_constants(Y)
    assert whole.values is Y
    assert (len(whole.constant), len(whole.linear), whole.rounding) == (0, 0, 0.0)
    Y[:, 2] = 3.0
    found = target.without_constants(Y)
    np.testing.assert_array_equal(found.values, Y[:, [0, 1, 3]])
    assert found.constant.tolist() == [2]
    square = target.without_constants(Y[:4])
    np.testing.assert_array_equal(square.values, Y[:4, [0, 1, 3]])


def test_what_columns_leave_of_others_is_that_of_a_regression() -> None:
    """Twice regressed: weights are right to the last digits, though the columns nearly agree."""
    rng = np.random.default_rng(0)
    seen = rng.normal(size=(300, 3)) @ np.array([[1, 0.99, 0.98], [0, 0.1, 0], [0, 0, 0.01]])
    other = seen @ rng.normal(size=(3, 2)) + 1e-4 * rng.normal(size=(300, 2))
    Y = np.hstack([seen, other])
    mean, scale = Y.mean(axis=0), Y.std(axis=0, ddof=1)
    kept, dropped = np.arange(3), np.arange(3, 5)
    z = (Y - mean) / scale
    lower = np.linalg.cholesky(np.corrcoef(seen, rowvar=False))
    left = target._Left(Y, mean, 1 / scale, Factor(kept, lower), dropped)
    weights = np.linalg.lstsq(z[:, :3], z[:, 3:], rcond=None)[0]
    np.testing.assert_allclose(left.weights, weights, rtol=1e-9)
    rests = z[:, 3:] - z[:, :3] @ weights
    np.testing.assert_allclose(left.deviations(), rests.std(axis=0, ddof=1), rtol=1e-9)
    np.testing.assert_allclose(left.columns(np.array([1])), rests[:, 1:], atol=1e-10)
    noise = np.array([1e-3, 2e-3, 3e-3, 4e-3, 5e-3])
    squares = (noise / scale) ** 2
    expected = np.sqrt(squares[3:] + squares[:3] @ weights**2)
    np.testing.assert_allclose(left.rounding(noise), expected, rtol=1e-8)


def test_a_source_gets_columns_for_what_its_factor_left_out() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    X[:, 2] = X[:, 0] + 1e-7 * X[:, 2]
    found = moments.moments(X)
    lower = np.asarray(np.linalg.cholesky(found.correlation[:2, :2]), np.float64)
    factor = Factor(np.array([0, 1]), lower)
    more = target.resolved(X, found.mean, found.scale, factor)
    assert more.values.shape == (200, 3)
    assert (len(more.constant), len(more.linear), more.rounding) == (0, 0, 0.0)
    rest = more.values[:, 2] / more.values[:, 2].std()
    assert abs(np.corrcoef(rest, X[:, 2] - X[:, 0])[0, 1]) > 0.99
    X[:, 2] = X[:, 0] * 3
    found = moments.moments(X)
    same = target.resolved(X, found.mean, found.scale, factor)
    assert same.values is X
    assert same.linear.tolist() == [2]
    assert 0 <= same.rounding < 1e-14
