"""Parts of classes and rows: sums, signs, other optima, and the derivative that they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers import pair_tables, random_pmf, random_pmfs

import pidtools as pt
from pidtools._estimator import Tables
from pidtools._result import Duals
from pidtools._scores import Scores, price_of_information
from pidtools._types import Codes, Floats

PMFS = list(random_pmfs(240, (2, 8), (2, 10), seed=5))
THREE_CLASSES_AND_MORE = [drawn for drawn in PMFS if drawn[1][2] > 2]
TOLERANCE = 1e-9
NOWHERE: Codes = np.zeros(0, dtype=np.int64)


def scores_of(t: Floats, s: Floats, duals: Duals | None = None, **given: Any) -> Scores:
    """Of two tables, in which no rows are placed unless they are given."""
    known: dict[str, Any] = {"codes_t": NOWHERE, "codes_s": NOWHERE, "labels": NOWHERE}
    known |= {"tolerance": TOLERANCE} | given
    return Scores(Tables(t=t, s=s, duals=duals, **known), pt.broja_from_pairs(t, s))


# --- classes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("part", range(4))
def test_classes_add_up_and_none_is_negative(part: int) -> None:
    for kind, shape, seed in PMFS[part::4]:
        scores = scores_of(*pair_tables(random_pmf(kind, shape, seed)))
        parts, pid = scores.shares[:, None] * scores._of_tables, scores.pid
        # The duals are feasible and prove the union from below, to the tolerance of the solver.
        np.testing.assert_allclose(parts.sum(axis=0), pid.atoms[:3], atol=TOLERANCE)
        assert parts[:, 1:].min() > -TOLERANCE
        adjusted = scores.shares @ scores.by_class()
        np.testing.assert_allclose(adjusted, pid.atoms[:3], atol=1e-12)


def test_other_optima_split_the_same() -> None:
    """The duals of another start and of another solver differ; their sums over a class don't."""
    for kind, shape, seed in THREE_CLASSES_AND_MORE[::12]:
        t, s = pair_tables(random_pmf(kind, shape, seed))
        first = scores_of(t, s).by_class()
        near = pt.broja_from_pairs(*_tilted(t, s), keep_duals=True)
        again = pt.broja_from_pairs(t, s, keep_duals=True, tol=1e-10, start=near.duals)
        np.testing.assert_allclose(scores_of(t, s, again.duals).by_class(), first, atol=1e-6)
        cone = pt.broja_from_pairs(t, s, keep_duals=True, solver="cvxpy", tol=1e-6)
        # Clarabel stops some 1e-8 from the optimum, and prices move by the root of that.
        parts = scores_of(t, s, cone.duals)
        np.testing.assert_allclose(parts.shares[:, None] * (parts.by_class() - first), 0, atol=2e-5)


def _tilted(t: Floats, s: Floats) -> tuple[Floats, Floats]:
    """Tables near to these, with the same share of each class."""
    tilt = np.linspace(0.9, 1.1, t.shape[1])
    return t * tilt / (t * tilt).sum(), s * tilt / (s * tilt).sum()


def test_a_class_that_only_the_teacher_tells() -> None:
    t = np.eye(4) / 4
    s = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1.0]]) / 4
    expected = [[2, 0, 0], [2, 0, 0], [1, 1, 0], [1, 1, 0]]
    np.testing.assert_allclose(scores_of(t, s).by_class(), expected, atol=1e-9)


def test_a_lower_union_takes_as_much_from_both_uniques() -> None:
    t, s = pair_tables(random_pmf(*THREE_CLASSES_AND_MORE[7]))
    scores = scores_of(t, s)
    pid, before = scores.pid, scores.by_class()
    least = max(pid.information_t, pid.information_s)
    ordered = pt.PID.of_union(
        least, pid.information_t, pid.information_s, gap=pid.gap, outcome=pid.outcome
    )
    after = Scores(scores.tables, ordered).by_class()
    np.testing.assert_allclose(scores.shares @ after, ordered.atoms[:3], atol=1e-12)
    smaller = 1 + int(pid.unique_s < pid.unique_t)
    np.testing.assert_allclose(after[:, smaller], 0, atol=1e-9)
    for taken in (1, 2):
        np.testing.assert_allclose(before[:, 0] - after[:, 0], after[:, taken] - before[:, taken])


def test_pairs_of_classes_are_decompositions_of_their_rows() -> None:
    t, s = pair_tables(random_pmf(*THREE_CLASSES_AND_MORE[3]))
    found = scores_of(t, s).by_pair()
    pairs = np.stack(np.triu_indices(t.shape[1], 1), axis=1)
    assert len(found) == len(pairs)
    for two, own in zip(pairs, found, strict=True):
        parts = [table[:, two] for table in (t, s)]
        if min(part.sum(axis=0).min() for part in parts) == 0:
            continue
        pid = pt.broja_from_pairs(*(part / part.sum() for part in parts))
        np.testing.assert_allclose(own, pid.atoms[:3], atol=1e-9)


# --- rows -------------------------------------------------------------------------------------


def placed(t: Floats, s: Floats, n: int, seed: int = 0) -> Scores:
    """Rows of the law of T and S drawn apart given Y, in their empirical tables."""
    rng = np.random.default_rng(seed)
    y = rng.choice(t.shape[1], n, p=t.sum(axis=0))
    codes = [
        np.array([rng.choice(len(x), p=x[:, label] / x[:, label].sum()) for label in y])
        for x in (t, s)
    ]
    seen = [np.zeros_like(x) for x in (t, s)]
    for table, of in zip(seen, codes, strict=True):
        np.add.at(table, (of, y), 1 / n)
    return scores_of(seen[0], seen[1], codes_t=codes[0], codes_s=codes[1], labels=y)


CHANNELS = (
    np.array([[0.25, 0.05, 0.05], [0.05, 0.2, 0.05], [0.03, 0.08, 0.24]]),
    np.array([[0.2, 0.15, 0.1], [0.13, 0.18, 0.24]]),
)


def test_means_of_rows_are_the_atoms_and_the_classes() -> None:
    scores = placed(*CHANNELS, 500)
    rows, labels = scores.by_row(), scores.tables.labels
    np.testing.assert_allclose(rows[:, :3].mean(axis=0), scores.pid.atoms[:3], atol=1e-9)
    means = np.stack([rows[labels == k, :3].mean(axis=0) for k in range(3)])
    np.testing.assert_allclose(means, scores.by_class(), atol=1e-9)
    assert np.isnan(rows[:, 3]).all()


def test_scores_are_the_derivative_of_the_atoms() -> None:
    """Rows weighed a little otherwise: the atoms move by the mean of the scores."""
    scores = placed(*CHANNELS, 400)
    x = scores.tables
    rng = np.random.default_rng(1)
    step = 1e-4 * rng.normal(size=400)
    weights = (1 + step) / (1 + step).sum()
    moved = []
    for table, codes in ((x.t, x.codes_t), (x.s, x.codes_s)):
        again = np.zeros_like(table)
        np.add.at(again, (codes, x.labels), weights)
        moved.append(again)
    after = np.array(pt.broja_from_pairs(*moved, tol=1e-11).atoms[:3])
    before = np.array(pt.broja_from_pairs(x.t, x.s, tol=1e-11).atoms[:3])
    expected = (weights - 1 / 400) @ scores.by_row()[:, :3]
    # The second order is 1e-4 of the first.
    np.testing.assert_allclose(after - before, expected, atol=2e-3 * np.abs(expected).max())


def test_the_price_of_information_where_one_source_is_all_there_is() -> None:
    """S is a garbling of T: the union is what T knows, whatever S does."""
    t = CHANNELS[0]
    s = np.array([[0.8, 0.3, 0.2], [0.2, 0.7, 0.8]]) @ t
    duals = pt.broja_from_pairs(t, s, keep_duals=True).duals
    assert duals is not None
    # Rows are raised to the power 1.02, a finite step.
    assert price_of_information(t, duals.t_y / np.log(2)) == pytest.approx(1, abs=0.02)
    assert price_of_information(s, duals.s_y / np.log(2)) == pytest.approx(0, abs=0.02)
