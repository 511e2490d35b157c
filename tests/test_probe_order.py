"""The order of rows, of columns and the names of groups don't matter to the probe."""

from __future__ import annotations

import numpy as np
import pytest

import pidtools as pt
from pidtools._probe.folds import folds_in_order
from pidtools._probe.order import joined_keys, order_of, row_keys
from pidtools._types import Array, Codes, Floats

NONE: Codes = np.zeros(0, dtype=np.int64)
ATOMS = ("distilled", "distillable", "student_only", "synergy")


def sample(n: int = 500) -> tuple[Floats, Floats, Codes, Codes]:
    """Three classes, a student of half of the columns with noise, and groups."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, n)
    T = rng.normal(size=(n, 8)) + 0.6 * y[:, None]
    return T, T[:, :4] + rng.normal(size=(n, 4)), y, rng.integers(0, n // 4, n)


def atoms(T: Array, S: Array, y: Codes, groups: Codes | None = None) -> Floats:
    result = pt.distillable_knowledge(T, S, y, groups=groups)
    return np.array([getattr(result, name) for name in ATOMS])


@pytest.mark.parametrize("with_groups", [False, True])
@pytest.mark.slow
def test_rows_in_another_order(with_groups: bool) -> None:
    T, S, y, groups = sample()
    order = np.random.default_rng(1).permutation(len(y))
    before = atoms(T, S, y, groups if with_groups else None)
    # The groups get other names as well, in another order.
    after = atoms(
        T[order], S[order], y[order], (groups * 7919 % 100003)[order] if with_groups else None
    )
    # Sums in another order: 1e-16, which unfinished fits amplify; noise of folds is .01 here.
    assert np.abs(after - before).max() < 5e-4


@pytest.mark.slow
def test_columns_in_another_order() -> None:
    T, S, y, _ = sample()
    # Eigenvectors come out otherwise in the last digit, and boosted trees split ties otherwise.
    assert np.abs(atoms(T[:, ::-1], S[:, ::-1], y) - atoms(T, S, y)).max() < 0.01


def test_keys_follow_their_rows() -> None:
    X = np.random.default_rng(0).normal(size=(300, 5)) ** 3
    X[::7] = X[3]
    order = np.random.default_rng(1).permutation(300)
    keys = row_keys(X, NONE)
    assert np.array_equal(row_keys(X[order], NONE), keys[order])
    assert np.array_equal(row_keys(X[:, [4, 2, 0, 1, 3]] * 2.0**40, NONE), keys)
    equal = (X[:, None] == X[None]).all(axis=2)
    assert np.array_equal(keys[:, None] == keys[None], equal)


def test_keys_of_symmetric_columns_tell_rows_apart() -> None:
    X = np.array([[a, b, c] for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)], dtype=float)
    assert len(np.unique(row_keys(X, NONE))) == 8


def test_keys_of_constant_and_huge_columns() -> None:
    assert not row_keys(np.ones((4, 2)), NONE).any()
    assert len(np.unique(row_keys(np.array([[1e300], [-1e300], [0.0]]), NONE))) == 3
    assert row_keys(np.zeros((3, 0)), NONE).shape == (3,)


def test_joined_keys_are_symmetric_where_rows_differ() -> None:
    left, right = np.random.default_rng(0).permutation(20), np.random.default_rng(1).permutation(20)
    one, other = joined_keys(left, right), joined_keys(right, left)
    sums = left + right + 1e-3 * left * right
    assert (np.argsort(sums[order_of(one)]) == np.arange(20)).all()
    assert (np.argsort(sums[order_of(other)]) == np.arange(20)).all()


def test_folds_do_not_depend_on_where_rows_stand() -> None:
    _, _, y, groups = sample()
    keys = np.random.default_rng(2).permutation(len(y))
    order = np.random.default_rng(3).permutation(len(y))
    for chosen in (None, groups):
        before = folds_in_order(order_of(keys), y, 5, 0, chosen)
        moved = None if chosen is None else chosen[order] + 1000
        after = folds_in_order(order_of(keys[order]), y[order], 5, 0, moved)
        assert np.array_equal(after, before[order])
