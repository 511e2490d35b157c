"""The gradient of redundancy: differences along feasible moves, where it is flat, and a climb."""

from __future__ import annotations

import numpy as np
import pytest
from rid_helpers import SLOPES

import pidtools as pt
from pidtools._result import Outcome
from pidtools._types import Floats

SHAPES = [(3, 3, 2), (5, 4, 2), (3, 3, 3), (5, 4, 3), (6, 6, 4), (4, 3, 5), (10, 10, 10)]


def tables(shape: tuple[int, int, int], seed: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng([seed, *shape])
    n_t, n_s, n_y = shape
    p_y = rng.dirichlet(np.full(n_y, 20.0))
    t = rng.dirichlet(np.full(n_t, 3.0), n_y).T * p_y
    return t, rng.dirichlet(np.full(n_s, 3.0), n_y).T * p_y


def feasible(s: Floats, rng: np.random.Generator) -> Floats:
    """A move that keeps p(y), its largest entry a small share of the smallest of `s`.

    Where ROC curves cross, slopes bend abruptly, so that of two classes, whose answers carry all
    digits, it is smaller still.
    """
    move = rng.normal(size=s.shape)
    move -= move.mean(axis=0)
    scaled: Floats = move * ((1e-5 if s.shape[1] == 2 else 1e-3) * s.min() / np.abs(move).max())
    return scaled


@pytest.mark.parametrize("shape", SHAPES)
def test_differences_along_feasible_moves(shape: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(1)
    for seed in range(4):
        t, s = tables(shape, seed)
        move = feasible(s, rng)
        red = {
            c: pt.broja_from_pairs(t, s + c * move, tol=1e-11).redundancy for c in (-2, -1, 1, 2)
        }
        expected = (8 * (red[1] - red[-1]) - (red[2] - red[-2])) / 12
        found = pt.redundancy_and_gradient(t, s)
        size = np.abs(move).max()
        assert abs(float((found.gradient * move).sum()) - expected) < SLOPES * size
        assert found.redundancy == pytest.approx(pt.broja_from_pairs(t, s).redundancy, abs=1e-9)
        assert 0 < found.gap <= 1e-9
        np.testing.assert_allclose((s * found.gradient).sum(axis=0), 0, atol=1e-15)


@pytest.mark.parametrize("n_y", [2, 5])
def test_flat_for_a_teacher_that_knows_nothing(n_y: int) -> None:
    _, s = tables((3, 4, n_y), 0)
    t = np.outer([0.2, 0.5, 0.3], s.sum(axis=0))
    found = pt.redundancy_and_gradient(t, s)
    np.testing.assert_array_equal(found.gradient, 0)
    assert found.redundancy == pytest.approx(0, abs=1e-12)
    assert found.outcome is Outcome.trivial


def test_for_a_teacher_that_knows_all_it_is_the_gradient_of_the_students_information() -> None:
    """Red is then I(Y; S), whose slopes are log p(y | s), as those of the cross-entropy are."""
    _, s = tables((4, 5, 4), 0)
    found = pt.redundancy_and_gradient(np.diag(s.sum(axis=0)), s)
    expected = np.log2(s / s.sum(axis=1, keepdims=True))
    expected -= (s * expected).sum(axis=0) / s.sum(axis=0)
    np.testing.assert_allclose(found.gradient, expected, atol=1e-4)


def test_entries_of_no_mass_have_no_slope() -> None:
    t = np.diag([0.5, 0.3, 0.2])
    s = np.array([[0.5, 0.1, 0.0], [0.0, 0.2, 0.2], [0.0, 0.0, 0.0]])
    found = pt.redundancy_and_gradient(t, s)
    assert np.isfinite(found.gradient).all()
    np.testing.assert_array_equal(found.gradient[s == 0], 0)


def test_a_start_changes_the_time_alone() -> None:
    t, s = tables((6, 6, 4), 0)
    found = pt.redundancy_and_gradient(t, s)
    move = feasible(s, np.random.default_rng(0))
    cold = pt.redundancy_and_gradient(t, s + move)
    warm = pt.redundancy_and_gradient(t, s + move, start=found.duals)
    assert warm.redundancy == pytest.approx(cold.redundancy, abs=1e-9)
    np.testing.assert_allclose(warm.gradient, cold.gradient, atol=1e-4)


def test_bad_tables() -> None:
    with pytest.raises(ValueError, match="p_ty and p_sy must have the same class marginals"):
        pt.redundancy_and_gradient([[0.5, 0.5]], [[0.4, 0.6]])
    with pytest.raises(ValueError, match="p_sy holds 1 negative"):
        pt.redundancy_and_gradient([[0.5, 0.5]], [[0.6, 0.5], [-0.1, 0.0]])
    with pytest.raises(TypeError, match="start must be the duals"):
        pt.redundancy_and_gradient([[0.5, 0.5]], [[0.5, 0.5]], start=3)  # type: ignore[arg-type]
