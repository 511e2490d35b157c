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


def test_rows_are_looked_at_evenly_from_five_thousand_on() -> None:
    for n, share in ((5_000, 0.5), (5_001, 1.0), (9_999, 1.0)):
        alternating = np.arange(n)[:, None] % 2.0
        found = shape.shape_of(alternating).share[0]
        assert found == pytest.approx(share, abs=1e-3) if n == 5_000 else found == share


@pytest.mark.parametrize(("n", "n_said"), [(29, 0), (30, 1)])
def test_fewer_than_thirty_rows_say_nothing(n: int, n_said: int) -> None:
    X = np.zeros((n, 1))
    X[::2, 0] = np.arange(len(X[::2])) + 1.0
    found = shape.notes(X, np.random.default_rng(0).normal(size=(n, 1)), of_ranks=True)
    assert len(found) == n_said


@pytest.mark.parametrize("n_clumped", [1, 3, 4])
def test_three_columns_are_named_the_worst_first(n_clumped: int) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 5))
    for k in range(n_clumped):
        X[: 100 + 10 * k, k] = X.min() - 1.0 if k == 1 else 0.0
    found = shape.notes(X, rng.normal(size=(400, 1)), of_ranks=False)[0].text
    assert f"{n_clumped} of 5 columns" in found
    assert found.count(" of column ") == min(n_clumped, 3)
    assert ("and so on" in found) == (n_clumped == 4)
    worst = n_clumped - 1
    assert found.index(f"of column {worst}") == found.index(" of column ") + 1
    if n_clumped == 3:
        least = f"{X[0, 1]:.6g} in {100 * 110 / 400:.3g}% of column 1"
        assert least in found


def test_shape_of_columns_that_do_not_vary() -> None:
    found = shape.shape_of(np.full((50, 1), 7.0))
    assert (found.share[0], found.skew[0], found.kurtosis[0]) == (1.0, 0.0, 0.0)
    assert not len(found.clumped)
    assert not len(found.heavy)


def test_beyond_which_share_and_moments_columns_are_named() -> None:
    values = np.zeros(5)
    share = np.array([0.2, 0.21, 1.0, 0.1, 0.1])
    skew = np.array([0.0, 0.0, 0.0, -2.1, 1.9])
    kurtosis = np.array([6.1, 0.0, 0.0, 0.0, 5.9])
    found = shape.Shape(values, share, skew, kurtosis)
    assert found.clumped.tolist() == [1]
    assert found.heavy.tolist() == [3, 0]


def test_results_of_every_room_are_frozen() -> None:
    """What a summary holds is what was measured: nobody can change it in place."""
    import dataclasses

    from pidtools._gaussian import correction, exact, factors, moments, pencil, target, wide

    for room in (correction, exact, factors, moments, pencil, shape, target, wide):
        for each in vars(room).values():
            if isinstance(each, type) and dataclasses.is_dataclass(each):
                assert each.__dataclass_params__.frozen  # type: ignore[attr-defined]
