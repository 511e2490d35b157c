"""Sizes of columns, and what is said of those over decades."""

from __future__ import annotations

import numpy as np
from helpers import all_said, unheard

import pidtools as pt
from pidtools._magnitudes import exponents_of


def test_columns_over_decades_are_named() -> None:
    rng = np.random.default_rng(0)
    y = np.arange(400) % 2
    wide = 10.0 ** rng.uniform(-10, 0, size=400)
    X = np.stack([rng.normal(size=400), wide], axis=1)
    for estimator in ("knn", pt.Binning("uniform", n_bins=4)):
        with unheard():
            notes = pt.summarise(X, y, estimator=estimator).notes
        assert any("olumns 1 spread over decades" in note for note in notes)
    logs = np.stack([X[:, 0], np.log(wide)], axis=1)
    assert not any("decades" in note for note in all_said(pt.summarise(logs, y, estimator="knn")))


def test_exponents_are_those_of_the_largest_entry_of_a_column() -> None:
    X = np.array([[3.0, -8.0, 0.0], [1.0, 2.0, 0.0]]) * [2.0**-1000, 1.0, 1.0]
    assert exponents_of(X).tolist() == [-998, 4, 0]
    assert exponents_of(X.astype(np.float32)[:, 1:]).tolist() == [4, 0]
