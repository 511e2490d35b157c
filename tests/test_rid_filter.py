"""Filters: gradients against differences, statistics in training and evaluation, one row."""

from __future__ import annotations

import numpy as np
import pytest
from rid_helpers import maps, rows, same_slopes

from pidtools import rid
from pidtools._types import Floats

LAYERS = {"rows": rows(9)[0], "maps": maps()[0], "one row": rows(1)[0], "one map": maps(1)[0]}


def seen(X: Floats) -> rid.Filter:
    """A filter that has running statistics of something else, and no parameter at a round value."""
    f = rid.Filter(X.shape[1], 3, n_hidden=5, random_state=1)
    rng = np.random.default_rng(2)
    f.theta += 0.3 * rng.normal(size=f.theta.shape)
    for _ in range(3):
        f.remember(f.forward(rng.normal(size=(8, X.shape[1])), training=True)[1])
    return f


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", LAYERS)
def test_gradients(name: str, training: bool) -> None:
    X = LAYERS[name].copy()
    f = seen(X)
    out, kept = f.forward(X, training=training)
    weights = np.random.default_rng(3).normal(size=out.shape)
    by_X, by_theta = f.backward(kept, weights)
    assert by_X is not None

    def value() -> float:
        return float((f.forward(X, training=training)[0] * weights).sum())

    same_slopes(value, X, by_X)
    same_slopes(value, f.theta, by_theta)


def test_maps_are_filtered_place_by_place() -> None:
    X = maps()[0]
    f = seen(X)
    out = f.forward(X)[0]
    alone = f.forward(X[:, :, 1, 2])[0]
    np.testing.assert_allclose(out[:, :, 1, 2], alone, rtol=1e-12)


def test_training_normalises_by_the_batch() -> None:
    X = 100 + 7 * rows()[0]
    f = rid.Filter(6, 4, n_hidden=5)
    normalised = f.forward(X, training=True)[1].normalised
    np.testing.assert_allclose(normalised.mean(axis=0), 0, atol=1e-10)
    np.testing.assert_allclose(normalised.var(axis=0), 1, atol=1e-4)


def test_running_statistics_are_means_at_first() -> None:
    f, X = rid.Filter(6, 4), rows()[0]
    batches = [X[k : k + 4] for k in range(0, 40, 4)]
    kept = [f.forward(batch, training=True)[1] for batch in batches]
    for one in kept:
        f.remember(one)
    np.testing.assert_allclose(f.mean, np.mean([one.mean for one in kept], axis=0))
    np.testing.assert_allclose(f.variance, np.mean([one.variance for one in kept], axis=0))
    before = f.mean.copy()
    f.remember(kept[0])
    np.testing.assert_allclose(f.mean, 0.9 * before + 0.1 * kept[0].mean)
    for _ in range(200):
        f.remember(kept[0])
    np.testing.assert_allclose(f.mean, kept[0].mean, atol=1e-6)


def test_one_row_uses_running_statistics_and_leaves_them() -> None:
    X = rows()[0]
    f = seen(X)
    trained, kept = f.forward(X[:1], training=True)
    np.testing.assert_array_equal(trained, f.forward(X[:1])[0])
    before = f.mean.copy(), f.n_batches
    f.remember(kept)
    np.testing.assert_array_equal(f.mean, before[0])
    assert f.n_batches == before[1]


def test_evaluation_before_training_uses_the_batch() -> None:
    f, X = rid.Filter(6, 4), rows()[0]
    np.testing.assert_array_equal(f.forward(X)[0], f.forward(X, training=True)[0])
    assert np.isfinite(f.forward(X[:1])[0]).all()


def test_single_precision_stays() -> None:
    X = rows()[0]
    single, double = rid.Filter(6, 4, dtype=np.float32), rid.Filter(6, 4)
    out, kept = single.forward(X.astype(np.float32), training=True)
    by_X, by_theta = single.backward(kept, np.ones_like(out))
    assert by_X is not None
    assert out.dtype == by_X.dtype == by_theta.dtype == np.float32
    single.remember(kept)
    assert single.mean.dtype == np.float32
    np.testing.assert_allclose(out, double.forward(X, training=True)[0], atol=1e-5)


def test_another_number_of_channels() -> None:
    with pytest.raises(ValueError, match=r"X has 4 channels.*takes 6"):
        rid.Filter(6, 4).forward(np.zeros((3, 4)))
    with pytest.raises(ValueError, match=r"X has the shape \(3,\)"):
        rid.Filter(6, 4).forward(np.zeros(3))
    with pytest.raises(ValueError, match="n_out must be at least 1"):
        rid.Filter(6, 0)
