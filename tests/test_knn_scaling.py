"""Scales of columns: units and offsets that do not matter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers import correlated

import pidtools as pt
from pidtools import knn
from pidtools._types import Array
from pidtools.knn.scaling import rescale


@pytest.mark.parametrize("change", ["scale", "shift", "float32 with an offset", "constant column"])
def test_units_and_offsets_do_not_matter(change: str) -> None:
    x, y = correlated(2000, 2)
    changes: dict[str, Array] = {
        "scale": x * [1e-3, 1e6],
        "shift": x + 1e6,
        # A float32 near 1e6 keeps steps of 1/16: the tie rule at work.
        "float32 with an offset": (x * 10 + 1e6).astype(np.float32),
        "constant column": np.hstack([x, np.full((2000, 1), 3.3)]),
    }
    changed = changes[change]
    labels = (y[:, 0] > 0).astype(int) + (y[:, 1] > 0)
    for measure, target in ((knn.ksg, y), (knn.ross, labels)):
        ours = measure(changed, target, units="nats").value
        # A hundredth of a nat is what is promised for any change of units.
        assert ours == pytest.approx(measure(x, target, units="nats").value, abs=0.01)


@pytest.mark.parametrize("scale", ["standardise", "whiten", "none"])
@pytest.mark.parametrize("exponent", [-1000, -660, 400])
def test_powers_of_two_change_nothing(scale: Any, exponent: int) -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 300)
    x = np.round(1024 * (rng.normal(size=(300, 2)) + y[:, None]))  # exact down to the last float
    small = np.ldexp(x, exponent)
    for estimator in (pt.KNN(scale=scale), pt.Binning(n_bins=3), "kmeans"):
        if estimator == "kmeans" or (not isinstance(estimator, pt.KNN) and scale != "none"):
            continue
        expected = pt.mutual_information(x, y, estimator=estimator)
        assert pt.mutual_information(small, y, estimator=estimator) == expected
    other = rng.normal(size=300)
    for formula in (knn.ksg, knn.mixture):
        expected = formula(x, other, scale=scale).value
        if scale != "none":
            assert formula(small, other, scale=scale).value == expected


def test_entropy_of_tiny_numbers() -> None:
    x = np.random.default_rng(0).normal(size=500)
    plain = knn.entropy(x).value
    for exponent in (-900, -300, 300):
        moved = knn.entropy(np.ldexp(x, exponent)).value
        assert moved == pytest.approx(plain + exponent, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("offset", [0, 1, 7, 10**6])
def test_without_a_scale_ties_stay_ties(seed: int, offset: int) -> None:
    """Differences of whole numbers are exact; a mean taken off would round them."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 9, (97, 3)).astype(float)
    y = rng.integers(0, 3, 97)
    x[:, 0] += y
    (scaled,), _ = rescale("none", x=x + offset)
    steps = [values[:, None] - values[None, :] for values in (x, scaled)]
    (exact, own) = (np.unique(each, return_inverse=True)[1] for each in steps)
    assert np.array_equal(exact, own)
    for measure, target in ((knn.ksg, x[:, :1] + rng.integers(0, 5, (97, 1))), (knn.ross, y)):
        options: dict[str, Any] = {"scale": "none", "n_neighbors": 4}
        assert measure(x + offset, target, **options) == measure(x, target, **options)
