"""Folds of rows, classes spread evenly and groups kept together.

As scikit-learn's `StratifiedKFold` and `StratifiedGroupKFold` of today make them, whatever its
version: they changed, and with them every held-out number.
"""

from __future__ import annotations

import numpy as np

from pidtools._types import Array, Codes, Floats


def fold_numbers(
    labels: Codes, n_folds: int, random_state: int, groups: Array | None = None
) -> Codes:
    """Fold of each row, from 0 on, none empty; rows of one group share a fold.

    There are fewer folds where no class has as many rows, where there are fewer groups, or
    where the classes of the groups are such that another fold would stay empty.
    """
    largest = int(np.bincount(labels).max())
    if largest < 2:
        raise ValueError("Y has no class with two rows; no row's label can be learned from others.")
    rng = np.random.RandomState(random_state)
    if groups is None:
        return _folds_of_rows(labels, min(n_folds, largest), rng)
    of_group: Codes = np.unique(groups, return_inverse=True)[1]
    n_groups = int(of_group.max()) + 1
    if n_groups < 2:
        raise ValueError(
            "groups holds one group; no group's labels can be learned from others: use more groups."
        )
    folds = _folds_of_groups(labels, of_group, min(n_folds, largest, n_groups), rng)
    return np.unique(folds, return_inverse=True)[1][of_group]


def folds_in_order(
    order: Codes, labels: Codes, n_folds: int, random_state: int, groups: Array | None = None
) -> Codes:
    """The same, whatever the order of the rows and the names of the groups: dealt by `order`."""
    ordered = None if groups is None else _by_first_appearance(groups[order])
    folds = np.empty(len(labels), dtype=np.int64)
    folds[order] = fold_numbers(labels[order], n_folds, random_state, ordered)
    return folds


def _by_first_appearance(groups: Array) -> Codes:
    first, numbers = np.unique(groups, return_index=True, return_inverse=True)[1:]
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[numbers.reshape(-1)]


def _folds_of_rows(labels: Codes, n_folds: int, rng: np.random.RandomState) -> Codes:
    """Rows of each class dealt out to the folds; classes count in the order they appear in."""
    classes, first = np.unique(labels, return_index=True)
    rank = np.empty(int(labels.max()) + 1, dtype=np.int64)
    rank[classes[np.argsort(first)]] = np.arange(len(classes))
    ranks = rank[labels]
    in_order, folds = np.sort(ranks), np.empty(len(labels), dtype=np.int64)
    dealt = [np.bincount(in_order[k::n_folds], minlength=len(classes)) for k in range(n_folds)]
    for k, sizes in enumerate(np.transpose(dealt)):
        own = np.arange(n_folds).repeat(sizes)
        rng.shuffle(own)
        folds[ranks == k] = own
    return folds


def _folds_of_groups(
    labels: Codes, of_group: Codes, n_folds: int, rng: np.random.RandomState
) -> Codes:
    """Fold of each group: in turn to where it leaves the classes most even, odd groups first."""
    classes: Codes = np.unique(labels, return_inverse=True)[1]
    shape = int(of_group.max()) + 1, int(classes.max()) + 1
    counts = np.bincount(of_group * shape[1] + classes, minlength=shape[0] * shape[1])
    counts = counts.reshape(shape).astype(np.float64)
    order = np.arange(shape[0])
    rng.shuffle(order)
    order = order[np.argsort(-counts[order].std(axis=1), kind="stable")]
    held, folds = np.zeros((n_folds, shape[1])), np.empty(shape[0], dtype=np.int64)
    of_class = counts.sum(axis=0)
    for group in order:
        folds[group] = _best_fold(held, counts[group], of_class)
        held[folds[group]] += counts[group]
    return folds


def _best_fold(held: Floats, counts: Floats, of_class: Floats) -> int:
    """Fold that leaves the shares of each class most even; of equals the one of fewest rows."""
    best, least, fewest = 0, np.inf, np.inf
    for k in range(len(held)):
        held[k] += counts
        unevenness = float(np.mean(np.std(held / of_class, axis=0)))
        held[k] -= counts
        n_rows = float(held[k].sum())
        as_even = bool(np.isclose(unevenness, least))
        if unevenness < least or (as_even and n_rows < fewest):
            best, least, fewest = k, unevenness, n_rows
    return best
