"""Units that are active in a few rows: left out where they know nothing."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import all_said, shifted_classes

import pidtools as pt
from pidtools import Probe
from pidtools._probe.rare import rare_noise


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize(("n_rows", "n_units"), [(1, 1), (3, 1), (8, 4), (10, 20)])
def test_units_that_are_active_in_a_few_rows_change_nothing(
    n_rows: int, n_units: int, dtype: str
) -> None:
    X, y = shifted_classes(500, n_classes=3)
    X = np.maximum(X, 0)
    rng = np.random.default_rng(n_rows)
    units = np.zeros((500, n_units))
    for unit in units.T:
        unit[rng.choice(500, n_rows, replace=False)] = 3
    probe = Probe(experts=("lda", "gaussian"))
    with_units = probe.summarise(np.hstack([X, units]).astype(dtype), y)
    assert with_units.information == pytest.approx(
        probe.summarise(X.astype(dtype), y).information, abs=1e-12
    )
    assert any(f"eft out: {n_units} of the columns" in n for n in all_said(with_units))


def test_many_rare_units_that_go_with_the_labels_are_kept() -> None:
    """Two hundred symbols, five rows each, that decide the label: none shows it alone."""
    rng = np.random.default_rng(0)
    symbols = np.arange(1000) % 200
    X = np.eye(200)[symbols]
    assert len(rare_noise(X, symbols % 2)) == 0
    assert len(rare_noise(X, rng.integers(0, 2, 1000))) == 200
    assert Probe(experts=("logistic",)).summarise(X, symbols % 2).information > 0.7


@pytest.mark.slow
def test_a_unit_of_one_row_of_the_rare_class() -> None:
    """The call that met `LinAlgError`: 'Matrix is not positive definite'."""
    rng = np.random.default_rng(1)
    y = (rng.random(2000) < 0.1).astype(int)
    X = np.maximum(rng.normal(size=(2000, 8)) + y[:, None] * np.linspace(0, 2, 8), 0)
    X[:, 0] = 0
    X[np.flatnonzero(y)[0], 0] = 3
    with_unit = pt.summarise(X, y).information
    assert with_unit == pytest.approx(pt.summarise(X[:, 1:], y).information, abs=1e-9)


@pytest.mark.parametrize("n_rows", [10, 50])
def test_a_rare_class_that_rare_units_know_is_known(n_rows: int) -> None:
    """Units of ten rows each that together mark a class: without them nothing would."""
    rng = np.random.default_rng(0)
    y = (np.arange(500) < n_rows).astype(int)
    units = np.zeros((500, n_rows // 10))
    units[np.arange(n_rows), np.arange(n_rows) // 10] = 1.5
    X = np.hstack([units, rng.normal(size=(500, 3))])
    share = n_rows / 500
    whole = -share * np.log2(share) - (1 - share) * np.log2(1 - share)
    # One of ten rows of the class that is missed costs some .02 bits.
    assert Probe(experts=("lda", "logistic")).summarise(X, y).information > 0.6 * whole
    assert len(rare_noise(X, y)) == 0


def test_few_units_that_know_are_kept_among_many_that_do_not() -> None:
    """20 classes of 20 rows; two units each on ten rows of one class, beside 100 rare ones."""
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(20), 20)
    X = np.zeros((400, 140))
    for unit in range(40):
        X[20 * (unit // 2) + 10 * (unit % 2) + np.arange(10), unit] = 1
    for unit in range(40, 140):
        X[rng.choice(400, 10, replace=False), unit] = 1
    left_out = rare_noise(X, y)
    assert left_out.min() >= 40
    assert len(left_out) >= 95
