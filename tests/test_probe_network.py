"""The small network: its gradient, and its start."""

from __future__ import annotations

import numpy as np
import pytest

from pidtools._probe.network import Penalty, _convex_fit, _Layout, _Loss, _start, network_fits
from pidtools._types import Array


def test_gradient_of_the_network() -> None:
    rng = np.random.default_rng(0)
    Z: Array = rng.normal(size=(50, 4)).astype(np.float32)
    y = rng.integers(0, 3, 50)
    layout = _Layout(4, 2, 5, 3)
    start = _start(layout, Z, y, np.eye(4)[:, :2], 0)
    loss = _Loss(layout, Z.T, y, layout.per_parameter((0.1, 0, 0.2, 0.2, 0, 0.3)), start)
    free, convex = loss.of_convex_part(start)
    for objective, theta in ((loss, start), (convex, start[free])):
        theta = theta + 0.1 * rng.normal(size=theta.shape)
        along = rng.normal(size=theta.shape)
        # Central differences: the loss is computed to 1e-7, the error of the step is 1e-4.
        change = (objective(theta + 1e-2 * along)[0] - objective(theta - 1e-2 * along)[0]) / 2e-2
        assert objective(theta)[1] @ along == pytest.approx(change, rel=1e-3)
    # With the hidden units at their start, the two are one function.
    assert convex(start[free])[0] == pytest.approx(loss(start)[0], rel=1e-6)
    assert loss(_convex_fit(loss, start))[0] < loss(start)[0]


def test_noise_in_the_last_digits_makes_no_other_network() -> None:
    """To the bit: steps that build on each other would make ever more of any difference."""
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(300, 6))
    y = (Z[:, 0] * Z[:, 1] + 0.5 * rng.normal(size=300) > 0).astype(np.intp)
    new = rng.normal(size=(200, 6))

    def fitted(noise: float) -> Array:
        moved = 1 + noise * np.random.default_rng(1).normal(size=(2, *Z.shape))
        fits = network_fits(
            Z * moved[0],
            y,
            np.eye(6)[:, :3] * moved[1, :6, :3],
            n_classes=2,
            n_hidden=24,
            penalty=Penalty(linear=1e-2, output=2e-3, start=1e-3),
            steps=(80,),
            perhaps=None,
            random_state=0,
        )
        return fits[80](new)

    np.testing.assert_array_equal(fitted(1e-12), fitted(0.0))
    assert np.abs(fitted(1e-2) - fitted(0.0)).max() > 0.01
