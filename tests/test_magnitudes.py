"""Sizes of columns, and what is said of those over decades."""

from __future__ import annotations

import warnings

import numpy as np

import pidtools as pt


def test_columns_over_decades_are_named():
    rng = np.random.default_rng(0)
    y = np.arange(400) % 2
    wide = 10.0 ** rng.uniform(-10, 0, size=400)
    X = np.stack([rng.normal(size=400), wide], axis=1)
    for estimator in ("knn", pt.Binning("uniform", n_bins=4)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pt.PIDWarning)
            notes = pt.summarise(X, y, estimator=estimator).notes
        assert any("columns 1 spread over decades" in note for note in notes)
    logs = np.stack([X[:, 0], np.log(wide)], axis=1)
    assert not any("decades" in note for note in pt.summarise(logs, y, estimator="knn").notes)
