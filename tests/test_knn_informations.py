"""Information from neighbours against its definitions, known truths, ties and bad input."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from helpers import all_said, correlated
from numpy.typing import NDArray
from scipy.special import digamma, gammaln

import pidtools as pt
from pidtools import knn

Floats = NDArray[np.float64]


def standardised(x: Floats) -> Floats:
    x = x.reshape(len(x), -1)
    scaled: Floats = (x - x.mean(axis=0)) / x.std(axis=0)
    return scaled


def distances(x: Floats, metric: str) -> Floats:
    gaps = np.abs(x[:, None, :] - x[None, :, :])
    found: Floats = gaps.max(axis=2) if metric == "chebyshev" else np.sqrt((gaps**2).sum(axis=2))
    return found


def ksg_by_definition(x: Floats, y: Floats, k: int, variant: int, metric: str) -> float:
    """Equations 8 and 9 of Kraskov et al. for data without ties, point by point."""
    d_x, d_y = (distances(standardised(a), metric) for a in (x, y))
    n, total = len(d_x), 0.0
    for i in range(n):
        joint = np.maximum(d_x[i], d_y[i])
        joint[i] = np.inf
        near = np.argsort(joint)[:k]
        others = np.arange(n) != i
        if variant == 1:
            n_x = int((d_x[i][others] < joint[near[-1]]).sum())
            n_y = int((d_y[i][others] < joint[near[-1]]).sum())
            total += digamma(k) - digamma(n_x + 1) - digamma(n_y + 1)
        else:
            n_x = int((d_x[i][others] <= d_x[i][near].max()).sum())
            n_y = int((d_y[i][others] <= d_y[i][near].max()).sum())
            total += digamma(k) - 1 / k - digamma(n_x) - digamma(n_y)
    return float(total / n + digamma(n))


def ross_by_definition(x: Floats, y: NDArray[Any], k: int, metric: str) -> float:
    d = distances(standardised(x), metric)
    n, total = len(d), 0.0
    for i in range(n):
        same = (y == y[i]) & (np.arange(n) != i)
        radius = np.sort(d[i][same])[k - 1]
        m = int((d[i] <= radius).sum()) - 1
        total += digamma(k) - digamma(int(same.sum()) + 1) - digamma(m)
    return float(total / n + digamma(n))


# Sums of a few hundred digammas in another order; every count is equal.
ROUNDING = 1e-10


@pytest.mark.parametrize("metric", ["chebyshev", "euclidean"])
@pytest.mark.parametrize("variant", [1, 2])
@pytest.mark.parametrize(("d", "k"), [(1, 3), (2, 1), (5, 4)])
def test_ksg_is_its_definition(metric: Any, variant: Any, d: int, k: int) -> None:
    x, y = correlated(300, d)
    found = knn.ksg(x, y, n_neighbors=k, variant=variant, metric=metric, units="nats")
    expected = ksg_by_definition(x, y, k, variant, metric)
    assert found.value == pytest.approx(expected, abs=ROUNDING)


@pytest.mark.parametrize("metric", ["chebyshev", "euclidean"])
@pytest.mark.parametrize(("d", "k"), [(1, 3), (6, 2)])
def test_ross_is_its_definition(metric: Any, d: int, k: int) -> None:
    rng = np.random.default_rng(1)
    y = rng.integers(0, 4, 400)
    x = rng.normal(size=(400, d)) + y[:, None]
    found = knn.ross(x, y, n_neighbors=k, metric=metric, units="nats").value
    assert found == pytest.approx(ross_by_definition(x, y, k, metric), abs=ROUNDING)


def test_conditional_is_its_definition() -> None:
    x, y = correlated(300, 2)
    z = x[:, :1] + np.random.default_rng(3).normal(size=(300, 1))
    d_x, d_y, d_z = (distances(standardised(a), "chebyshev") for a in (x, y, z))
    joint = np.maximum(np.maximum(d_x, d_y), d_z) + np.diag(np.full(300, np.inf))
    radius = np.sort(joint, axis=1)[:, 2:3]
    counts = [(np.maximum(a, d_z) < radius).sum(axis=1) for a in (d_x, d_y, np.zeros_like(d_z))]
    n_xz, n_yz, n_z = (digamma(c) for c in counts)  # the point itself is counted
    expected = digamma(3) + np.mean(n_z - n_xz - n_yz)
    found = knn.conditional(x, y, z, units="nats").value
    assert found == pytest.approx(expected, abs=ROUNDING)


def test_mixture_is_its_definition() -> None:
    rng = np.random.default_rng(2)
    x = np.where(rng.random(300) < 0.5, rng.integers(0, 2, 300), rng.normal(size=300))
    y = np.where(rng.random(300) < 0.5, x, rng.normal(size=300))
    d_x, d_y = (distances(standardised(a), "chebyshev") for a in (x, y))
    total = 0.0
    for i in range(300):
        joint = np.delete(np.maximum(d_x[i], d_y[i]), i)
        radius = np.sort(joint)[2]
        k = int((joint == 0).sum()) if radius == 0 else 3
        total += digamma(k) + np.log(300)
        total -= np.log((d_x[i] <= radius).sum()) + np.log((d_y[i] <= radius).sum())
    found = knn.mixture(x, y, units="nats").value
    assert found == pytest.approx(total / 300, abs=ROUNDING)


@pytest.mark.parametrize("scale", ["standardise", "whiten", "none"])
def test_entropy_is_its_definition_in_every_scale(scale: Any) -> None:
    x = np.random.default_rng(4).normal(size=(2000, 2)) * [1, 5]
    truth = np.log(2 * np.pi * math.e) + np.log(5)
    # The standard error of an entropy of 2000 normal points is about 0.03.
    assert knn.entropy(x, scale=scale, units="nats").value == pytest.approx(truth, abs=0.1)


def test_euclidean_entropy_is_its_definition() -> None:
    x = np.random.default_rng(4).normal(size=(200, 3))
    d = distances(x, "euclidean") + np.diag(np.full(200, np.inf))
    radius = np.sort(d, axis=1)[:, 2]
    ball = 1.5 * np.log(np.pi) - gammaln(2.5)
    expected = digamma(200) - digamma(3) + ball + 3 * np.log(radius).mean()
    found = knn.entropy(x, metric="euclidean", scale="none", units="nats").value
    assert found == pytest.approx(expected, abs=ROUNDING)


def test_one_column_agrees_with_scikit_learn() -> None:
    from sklearn.feature_selection import mutual_info_classif, mutual_info_regression

    x, y = correlated(1000, 1)
    labels = (y[:, 0] > 0.3).astype(int)
    theirs = [
        mutual_info_regression(x, y[:, 0], random_state=0)[0],
        mutual_info_classif(x, labels, random_state=0)[0],
    ]
    ours = [knn.ksg(x, y, units="nats").value, knn.ross(x, labels, units="nats").value]
    # It adds noise of 1e-10 to the columns.
    assert ours == pytest.approx(theirs, abs=1e-3)


@pytest.mark.parametrize("steps", [1, 2, 4, 16])
def test_rounded_values_read_about_what_they_hold(steps: int) -> None:
    found = []
    for seed in range(4):
        x, y = correlated(2000, 1, seed)
        found.append(knn.ksg(np.round(x * steps), np.round(y * steps), units="nats").value)
    # Plug-in of 10^7 rounded pairs with the bias of its cells taken off.
    truth = {1: 0.394, 2: 0.475, 4: 0.501, 16: 0.510}[steps]
    assert np.mean(found) == pytest.approx(truth, abs=0.04)


def test_all_discrete_data_read_their_plug_in_information() -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 3, 3000)
    y = np.where(rng.random(3000) < 0.7, x, rng.integers(0, 3, 3000))
    plug_in = pt.mutual_information(x, y, estimator="symbols")
    # The first-order bias of nine cells is 4 / (2 n) nats = 0.001 bits.
    assert knn.ksg(x, y).value == pytest.approx(plug_in, abs=0.003)
    assert knn.ross(x, y).value == pytest.approx(plug_in, abs=0.003)


@pytest.mark.parametrize("kind", ["relu", "duplicates", "constant", "integers"])
def test_ties_never_break_a_number(kind: str) -> None:
    x, y = correlated(600, 3)
    x = {
        "relu": np.maximum(x, 0),
        "duplicates": np.repeat(x[:60], 10, axis=0),
        "constant": np.zeros_like(x),
        "integers": np.round(x),
    }[kind]
    labels = (y[:, 0] > 0).astype(int)
    for found in (knn.ksg(x, y), knn.ksg(x, y, variant=2), knn.ross(x, labels), knn.mixture(x, y)):
        assert np.isfinite(found.value)
    if kind == "constant":
        assert knn.ksg(x, y).value == 0
        assert any("constant" in note for note in all_said(knn.ross(x, labels)))


def test_a_negative_estimate_stays_negative_with_a_note() -> None:
    rng = np.random.default_rng(0)
    found = [knn.ksg(*rng.normal(size=(2, 200))) for _ in range(10)]
    negative = [e for e in found if e.value < 0]
    assert negative
    assert all(any("negative" in note for note in all_said(e)) for e in negative)


def test_threads_change_no_bit() -> None:
    x, y = correlated(2500, 3)
    assert knn.ksg(x, y, n_jobs=1).value == knn.ksg(x, y, n_jobs=3).value


def test_small_classes_are_said_and_single_ones_left_out() -> None:
    rng = np.random.default_rng(0)
    y = np.array([0] * 50 + [1] * 50 + [2] * 3 + [3])
    found = knn.ross(rng.normal(size=104), y)
    assert found.n_samples == 103
    assert any("fewer neighbours" in note for note in all_said(found))
    assert any("single sample" in note for note in all_said(found))


BAD = [
    ({"n_neighbors": 20}, ValueError, "n_neighbors=20 needs at least 21 samples"),
    ({"n_neighbors": 0}, ValueError, "n_neighbors must be at least 1"),
    ({"metric": "manhattan"}, ValueError, "metric must be one of"),
    ({"scale": "rank"}, ValueError, "scale must be one of"),
    ({"units": "bans"}, ValueError, "units must be one of"),
    ({"variant": 3}, ValueError, "variant must be 1 or 2"),
    ({"n_jobs": 0}, ValueError, "n_jobs must be"),
    ({"X": np.full((20, 1), np.nan)}, ValueError, "X holds"),
    ({"X": np.array(["a"] * 20)}, TypeError, "X holds strings"),
    ({"X": np.zeros((19, 1))}, ValueError, "X and Y must have one row a sample"),
    ({"X": np.zeros((1, 1)), "Y": np.zeros((1, 1))}, ValueError, "n_neighbors=3 needs"),
]


@pytest.mark.parametrize(("wrong", "error", "text"), BAD)
def test_bad_input_is_refused(wrong: dict[str, Any], error: type[Exception], text: str) -> None:
    x, y = correlated(20, 1)
    with pytest.raises(error, match=text):
        knn.ksg(**{"X": x, "Y": y, **wrong})


def test_a_copy_has_infinite_information() -> None:
    x, y = correlated(200, 2)
    for copy in (x, -3 * x[:, 0] + 7, np.hstack([y, x[:, :1] + x[:, 1:]])):
        with pytest.raises(ValueError, match="X and Y share a component exactly"):
            knn.ksg(x, copy)


def test_entropy_of_ties_is_refused() -> None:
    with pytest.raises(ValueError, match="minus infinity; take it as symbols"):
        knn.entropy(np.repeat(np.arange(10.0), 5))
    with pytest.raises(ValueError, match="constant column"):
        knn.entropy(np.zeros(10))


def test_one_sample_in_every_class_is_refused() -> None:
    with pytest.raises(ValueError, match="Y has one sample in every class"):
        knn.ross(np.arange(4.0), ["a", "b", "c", "d"])
