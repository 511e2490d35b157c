"""Columns that are not normal, and what is said of them."""

from __future__ import annotations

import re

import numpy as np
import pytest
from random_gaussians import measure

import pidtools
from pidtools._gaussian import shape


def test_rectified_units_are_named() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, 4))
    X[:, 1:3] = np.maximum(X[:, 1:3] - [1.645, 0.5], 0)
    Y = X @ rng.normal(size=(4, 1)) + rng.normal(size=(1000, 1))
    note = next(n for n in measure(X, X[:, 3], Y).notes if "one value" in n)
    share = (X[:, 1] == 0).mean()
    assert note.startswith("T: one value in more than 20% of the rows: 2 of 4 columns (0 in ")
    assert f"0 in {100 * share:.3g}% of column 1" in note
    assert "of Y (" not in note
    line = re.search(r"y = (pidtools\.Binning.*), and pass y", note)
    assert line is not None
    assert set(eval(line[1], {"numpy": np, "pidtools": pidtools, "Y": Y})) == set(range(5))


def test_heavy_tails_are_named_and_ranks_have_none() -> None:
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal(size=(800, 3)), np.exp(2 * rng.normal(size=(800, 1)))
    found = shape.notes(X, Y, of_ranks=False)
    assert len(found) == 1
    assert found[0].text.startswith("heavy tails: 1 of 1 columns of Y (skew ")
    assert shape.notes(X, Y, of_ranks=True) == []


def test_moments_of_the_shape_against_scipy() -> None:
    from scipy.stats import kurtosis, skew

    X = np.exp(np.random.default_rng(0).normal(size=(4000, 2)))
    found = shape.shape_of(X * 2.0**-600)
    np.testing.assert_allclose(found.skew, skew(X), rtol=1e-2)
    np.testing.assert_allclose(found.kurtosis, kurtosis(X), rtol=1e-2)


@pytest.mark.parametrize("n", [30, 60, 500, 20_000])
def test_normal_columns_get_no_note(n: int) -> None:
    rng = np.random.default_rng(0)
    assert shape.notes(rng.normal(size=(n, 20)), rng.normal(size=(n, 2)), of_ranks=False) == []
