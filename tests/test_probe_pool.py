"""The pool of experts: weights, and calibration."""

from __future__ import annotations

import numpy as np
import pytest

from pidtools._probe.pool import fit_pool, log_loss


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
