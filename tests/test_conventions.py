"""What users of scikit-learn may expect: clones, options, equality, selection of features."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import pidtools as pt
from pidtools.estimators import BY_NAME, Estimator

CHANGED = (
    pt.Binning(n_bins=4),
    pt.KMeansBinning(n_clusters=5),
    pt.Gaussian(copula=True),
    pt.KNN(n_neighbors=5),
    pt.Probe(experts=("lda", "trees"), n_folds=4),
)


@pytest.mark.parametrize(
    "estimator", [*(make() for make in BY_NAME.values()), *CHANGED], ids=lambda e: repr(e)
)
def test_a_clone_is_equal_and_another_one(estimator: Estimator[Any]) -> None:
    other = clone(estimator)
    assert other == estimator
    assert hash(other) == hash(estimator)
    assert other is not estimator
    assert type(estimator)(**estimator.get_params()) == estimator
    assert eval(repr(estimator), vars(pt) | {type(estimator).__name__: type(estimator)}) == other


def test_options_that_differ_make_estimators_differ() -> None:
    for changed in CHANGED:
        assert changed != type(changed)()
        assert changed.get_params() != type(changed)().get_params()


def test_a_clone_of_a_probe_clones_its_classifier() -> None:
    probe = pt.Probe(classifier=LogisticRegression(C=0.5))
    other = clone(probe)
    assert other.classifier is not probe.classifier
    assert probe.get_params()["classifier__C"] == 0.5
    assert "classifier__C" not in probe.get_params(deep=False)
    assert other.get_params(deep=False)["classifier"].C == 0.5


def test_lists_of_options_hold_clones() -> None:
    first, second = clone([pt.Binning(), pt.KNN()])
    assert (first, second) == (pt.Binning(), pt.KNN())


def test_an_estimator_does_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        pt.Binning().n_bins = 3  # type: ignore[misc]


def drawn() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    y = np.arange(300) % 3
    X = rng.normal(size=(300, 8))
    X[:, 2] += y
    X[:, 5] += 2 * (y == 1)
    return X, y


def test_columns_are_selected() -> None:
    X, y = drawn()
    chosen = SelectKBest(pt.mutual_information_by_column, k=2).fit(X, y)
    assert chosen.get_support(indices=True).tolist() == [2, 5]
    np.testing.assert_array_equal(chosen.scores_, pt.mutual_information_by_column(X, y))


def test_columns_are_selected_in_a_pipeline() -> None:
    """With options, in each fold on its own rows, and where the pipeline is cloned."""
    X, y = drawn()
    score = partial(pt.mutual_information_by_column, estimator="binning")
    pipeline = make_pipeline(StandardScaler(), SelectKBest(score), LogisticRegression())
    search = GridSearchCV(pipeline, {"selectkbest__k": [1, 2]}, cv=3).fit(X, y)
    assert search.best_params_ == {"selectkbest__k": 2}
    assert search.best_estimator_["selectkbest"].get_support(indices=True).tolist() == [2, 5]
    assert search.best_score_ > 0.7
