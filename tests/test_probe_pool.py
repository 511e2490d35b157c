"""The pool of experts: weights, and calibration."""

from __future__ import annotations

import numpy as np
import pytest

from pidtools._probe.pool import RIDGE, Pool, fit_pool, log_loss, weigh
from pidtools._types import Floats


def test_pool_prefers_who_knows_and_calibrates() -> None:
    rng = np.random.default_rng(0)
    logit = 2 * rng.normal(size=4000)
    y = (rng.random(4000) < 1 / (1 + np.exp(-logit))).astype(int)
    knows = np.stack([-np.logaddexp(0, 2 * logit), -np.logaddexp(0, -2 * logit)], axis=1)
    guesses = np.log(rng.dirichlet([1, 1], 4000))
    pool = fit_pool({"knows": knows, "guesses": guesses}, y)
    # Twice too sure: the weight must be a half, within its standard error of .02.
    assert pool.weights["knows"] == pytest.approx(0.5, abs=0.06)
    assert pool.weights.get("guesses", 0) < 0.05
    assert log_loss(pool.log_posterior({"knows": knows, "guesses": guesses}), y).mean() < 0.6


@pytest.mark.parametrize("seed", [0, 28, 45])
def test_weights_are_the_best(seed: int) -> None:
    """The loss is convex: where no single weight or offset can be moved for the better."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, 1000)
    x = rng.normal(size=1000) + 0.7 * y
    opinions = {}
    for k in range(24):
        noise = rng.choice([0.05, 0.1, 8.0], p=[0.4, 0.3, 0.3])
        z = (0.7 * x - 0.25) * rng.uniform(0.8, 1.2) + noise * rng.normal(size=1000)
        opinions[str(k)] = np.stack([-np.logaddexp(0, z), -np.logaddexp(0, -z)], axis=1)

    def loss(theta: Floats) -> float:
        pool = Pool(dict(zip(opinions, theta.tolist(), strict=False)), theta[-2:])
        own = log_loss(pool.log_posterior(opinions), y).mean()
        return float(own + 0.5 * RIDGE * theta @ theta)

    pool = weigh(opinions, y)
    found = np.array([*pool.weights.values(), *pool.offset])
    step = 1e-4
    for k in range(len(found)):
        for moved in (found[k] - step, found[k] + step):
            if moved < 0 and k < len(opinions):
                continue
            other = found.copy()
            other[k] = moved
            # A slope of less than 1e-4 nats; a search that stops short leaves a hundred times that.
            assert loss(other) > loss(found) - 1e-4 * step
