"""Folds: even in classes, whole in groups, never empty, and the same with every scikit-learn."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import sklearn
from helpers import all_said
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

import pidtools as pt
from pidtools import Probe
from pidtools._probe.folds import fold_numbers
from pidtools._types import Codes

CHEAP = pt.Probe(experts=("lda", "logistic"))
# Four groups of which the classes are such that the fourth fold stays empty.
UNEVEN_LABELS = np.repeat([0, 0, 1, 2, 2, 2], [40, 20, 20, 40, 10, 10])
UNEVEN_GROUPS = np.repeat([0, 2, 0, 1, 2, 3], [40, 20, 20, 40, 10, 10])


def by_sklearn(labels: Codes, n_folds: int, seed: int, groups: Codes | None = None) -> Codes:
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    folds = np.empty(len(labels), dtype=np.int64)
    splitter = kind(n_folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # rare classes
        for k, (_, rows) in enumerate(splitter.split(labels, labels, groups)):
            folds[rows] = k
    return folds


@pytest.mark.parametrize("seed", range(20))
def test_folds_of_rows_are_those_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.choice(5, 80, p=[0.5, 0.3, 0.15, 0.04, 0.01])
    assert np.array_equal(fold_numbers(labels, 5, seed), by_sklearn(labels, 5, seed))


@pytest.mark.skipif(
    tuple(map(int, sklearn.__version__.split(".")[:2])) < (1, 8),
    reason="older ones shuffle counts of groups and not the groups",
)
@pytest.mark.parametrize("seed", range(20))
def test_folds_of_groups_are_those_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels, groups = rng.integers(0, 3, 120), rng.integers(0, 14, 120)
    groups = np.where(rng.random(120) < 0.3, labels, groups)
    expected = by_sklearn(labels, 4, seed, groups)
    assert np.array_equal(fold_numbers(labels, 4, seed, groups), expected)


@pytest.mark.filterwarnings("ignore::pidtools.PIDWarning")
def test_an_empty_fold_is_left_out() -> None:
    seed = next(
        seed
        for seed in range(100)
        if len(np.unique(fold_numbers(UNEVEN_LABELS, 4, seed, UNEVEN_GROUPS))) < 4
    )
    folds = fold_numbers(UNEVEN_LABELS, 4, seed, UNEVEN_GROUPS)
    assert set(folds) == {0, 1, 2}
    for group in range(4):
        assert len(set(folds[group == UNEVEN_GROUPS])) == 1
    X = np.random.default_rng(0).normal(size=(len(folds), 2)) + UNEVEN_LABELS[:, None]
    probe = pt.Probe(experts=("lda",), n_folds=4)
    found = pt.summarise(X, UNEVEN_LABELS, estimator=probe, groups=UNEVEN_GROUPS, random_state=seed)
    assert any(
        "3 folds in place of 4: the 4 groups hold the classes so" in n for n in all_said(found)
    )


@pytest.mark.parametrize("n_groups", [2, 3, 4, 5])
def test_uneven_groups_leave_no_fold_empty(n_groups: int) -> None:
    rng = np.random.default_rng(n_groups)
    for seed in range(100):
        sizes = np.ceil(np.exp(rng.normal(2, 1.5, n_groups))).astype(int)
        groups = np.repeat(np.arange(n_groups), sizes + 1)
        shares = rng.dirichlet(np.full(3, 0.2), n_groups)
        labels = np.array([rng.choice(3, p=shares[group]) for group in groups])
        for n_folds in (2, 5):
            folds = fold_numbers(labels, n_folds, seed, groups)
            assert set(folds) == set(range(folds.max() + 1))
            assert folds.max() > 0


def test_classes_of_two_rows_leave_two_folds() -> None:
    X = np.random.default_rng(0).normal(size=(40, 3))
    y = np.repeat(np.arange(20), 2)
    summary = CHEAP.summarise(X, y)
    assert set(summary.folds) == {0, 1}
    assert summary.information == pytest.approx(summary.bound, abs=1e-12)
    with pytest.raises(ValueError, match="Y has no class with two rows"):
        CHEAP.summarise(X, np.arange(40))


@pytest.mark.filterwarnings("ignore::pidtools.PIDWarning")
def test_groups_are_held_out_together() -> None:
    labels, groups = np.arange(400) % 2, np.repeat(np.arange(100), 4)
    folds = fold_numbers(labels, 5, 0, groups)
    assert all(len(set(folds[groups == g])) == 1 for g in range(100))
    assert set(folds) == set(range(5))
    X = np.random.default_rng(0).normal(size=(100, 40))[groups] + 0.01 * labels[:, None]
    noise = np.random.default_rng(1).integers(0, 2, 100)[groups]
    nearest = Probe(experts=("neighbours",))
    leaky = nearest.summarise(X, noise).bound
    clean = nearest.summarise(X, noise, groups=groups).bound
    assert clean < 0.05 < leaky
