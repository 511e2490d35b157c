"""Slow, obvious slopes, and small data for the tests of distillation in training."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pidtools._types import Array, Codes, Floats

# Largest deviation of a gradient from finite differences, relative to its largest entry.
SLOPES = 1e-6
STEP = 1e-4


def slopes(function: Callable[[], float], array: Floats) -> Floats:
    """Central differences of two steps, extrapolated: the error is of the order of STEP^4."""
    found = np.empty_like(array)
    for at in np.ndindex(*array.shape):
        kept, values = array[at], {}
        for step in (-2, -1, 1, 2):
            array[at] = kept + step * STEP
            values[step] = function()
        array[at] = kept
        near, far = values[1] - values[-1], values[2] - values[-2]
        found[at] = (8 * near - far) / (12 * STEP)
    return found


def same_slopes(function: Callable[[], float], array: Floats, gradient: Array) -> None:
    """Assert that `gradient` is that of `function` by `array`, which it reads."""
    assert gradient.shape == array.shape
    expected = slopes(function, array)
    scale = max(np.abs(expected).max(), 1e-3)
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=SLOPES * scale)


def rows(n: int = 40, seed: int = 0, d: int = 6) -> tuple[Floats, Floats, Codes]:
    """A teacher that knows Y and something else, a student's layer, and Y of three classes."""
    rng = np.random.default_rng(seed)
    Y: Codes = np.arange(n) % 3
    T = np.eye(3)[Y] @ rng.normal(size=(3, d)) + 0.3 * rng.normal(size=(n, d))
    return T, rng.normal(size=(n, 4)), Y


def maps(n: int = 5, seed: int = 0) -> tuple[Floats, Floats, Codes]:
    """Feature maps (n, 3, 2, 3) and (n, 2, 2, 3), with labels of two classes."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 3, 2, 3)), rng.normal(size=(n, 2, 2, 3)), np.arange(n) % 2
