"""The small network: its gradient, and its start."""

from __future__ import annotations

import numpy as np
import pytest

from pidtools._probe.network import _convex_fit, _Layout, _Loss, _start
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
