"""The distillation loss: its slopes, the best sigma, what is left where nothing differs."""

from __future__ import annotations

import numpy as np
import pytest
from rid_helpers import same_slopes
from scipy.optimize import minimize_scalar

from pidtools._types import Floats
from pidtools.rid._losses import (
    best_sigma,
    cross_entropy,
    distillation,
    sigma_of,
    slope_of_sigma,
)

RNG = np.random.default_rng(0)
ROWS, MAPS = RNG.normal(size=(7, 3)), RNG.normal(size=(4, 3, 2, 2))


@pytest.mark.parametrize("V", [ROWS, MAPS, ROWS[:1]], ids=["rows", "maps", "one row"])
def test_slopes_of_the_loss(V: Floats) -> None:
    V, a = V.copy(), np.array([-1.0, 0.5, 5.0])
    _, by_V, by_sigma = distillation(V, sigma_of(a))

    def value() -> float:
        return distillation(V, sigma_of(a))[0]

    same_slopes(value, V, by_V)
    same_slopes(value, a, by_sigma * slope_of_sigma(a))


@pytest.mark.parametrize("V", [ROWS, MAPS], ids=["rows", "maps"])
def test_slopes_at_the_best_sigma(V: Floats) -> None:
    V = V.copy()
    by_V = distillation(V, best_sigma(V))[1]
    same_slopes(lambda: distillation(V, best_sigma(V))[0], V, by_V)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 40.0])
def test_the_best_sigma_is_the_minimum_by_search(scale: float) -> None:
    V = scale * ROWS
    sigma = best_sigma(V)
    m = (V**2).mean(axis=0)
    for k in range(3):
        found = minimize_scalar(
            lambda x, k=k: x**2 + m[k] / x,
            bracket=(0.3 * sigma[k], 2 * sigma[k]),
            options={"xtol": 1e-10},
        )
        assert sigma[k] == pytest.approx(found.x, rel=1e-6)
        assert 3 * (m[k] / 2) ** (2 / 3) == pytest.approx(found.fun, rel=1e-12)
    assert distillation(V, sigma)[0] == pytest.approx(np.mean(3 * (m / 2) ** (2 / 3)), rel=1e-12)
    np.testing.assert_allclose(distillation(V, sigma)[2], 0, atol=1e-12 * scale)


def test_no_difference_leaves_sigma_alone() -> None:
    sigma = np.array([0.5, 2.0])
    loss, by_V, by_sigma = distillation(np.zeros((5, 2)), sigma)
    assert loss == np.mean(sigma**2)
    np.testing.assert_array_equal(by_V, 0)
    np.testing.assert_array_equal(by_sigma, sigma)
    assert distillation(np.zeros((5, 2)), best_sigma(np.zeros((5, 2))))[0] == 0


def test_sigma_starts_at_five() -> None:
    assert sigma_of(np.array([5.0]))[0] == pytest.approx(5.0077153485, abs=1e-9)
    assert sigma_of(np.array([-1e4]))[0] == 1e-3
    assert sigma_of(np.array([1e4]))[0] == pytest.approx(1e4 + 1e-3)


def test_slopes_of_the_cross_entropy() -> None:
    logits, Y = ROWS.copy(), np.arange(7) % 3
    same_slopes(lambda: cross_entropy(logits, Y)[0], logits, cross_entropy(logits, Y)[1])
    assert cross_entropy(np.zeros((4, 5)), np.zeros(4, int))[0] == pytest.approx(np.log(5))
    assert cross_entropy(np.array([[1e4, 0.0]]), np.array([1]))[0] == 1e4
