"""Sources summarised by their neighbours."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from helpers import correlated

import pidtools as pt
from pidtools import knn
from pidtools.knn.estimator import _equal_rows


def test_many_dimensions_bring_a_warning_that_points_to_the_probe() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 600)
    x = rng.normal(size=(600, 30)) + y[:, None]
    with pytest.warns(pt.PIDWarning, match='effective dimensions .* estimator="probe"'):
        pt.mutual_information(x, y, estimator="knn")


def test_labels_are_decomposed_by_broja_and_amounts_by_the_least_information() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 2000)
    t = np.stack([y * 8 + rng.normal(size=2000), rng.normal(size=2000)], axis=1)
    s = rng.normal(size=2000)
    r = pt.distillable_knowledge(t, s, y, estimator="knn")
    # One bit but for the overlap of classes eight deviations apart.
    assert r.distillable == pytest.approx(1, abs=0.02)
    assert r.pid.measure == "broja"
    assert r.synergy == pytest.approx(0, abs=0.03)
    amount = t[:, 0] + rng.normal(size=2000)
    with pytest.warns(pt.PIDWarning, match="^synergy: below 0 by more than chance, -0.12 bits; "):
        r = pt.distillable_knowledge(t, s, amount, estimator="knn")
    assert not r.verdict.startswith("Not to be trusted")  # it does not rest on the synergy
    assert r.pid.measure == "mmi"
    assert r.distilled == pytest.approx(r.student_information)


@pytest.mark.parametrize("continuous", [False, True])
def test_intervals_do_not_take_copies_for_neighbours(continuous: bool) -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 400)
    t, s = (2 * y + rng.normal(size=400) for _ in range(2))
    target = y + 0.5 * rng.normal(size=400) if continuous else y
    r = pt.distillable_knowledge(
        t, s, target, estimator="knn", confidence_level=0.9, n_resamples=20
    )
    interval = r.intervals["teacher_information"]
    # Samples drawn twice, taken for neighbours at distance 0, would add about half a bit.
    assert interval.low < r.teacher_information < interval.high
    assert interval.high - interval.low < 0.4


def test_information_by_column_is_that_of_each_column() -> None:
    x, y = correlated(400, 3)
    labels = (y[:, 0] > 0).astype(int)
    found = pt.mutual_information_by_column(x, labels, n_jobs=2)
    alone = [pt.mutual_information(x[:, j], labels, estimator="knn") for j in range(3)]
    assert found.tolist() == alone
    binned = pt.mutual_information_by_column(x, y[:, 0], estimator="binning", units="nats")
    assert binned.argmax() == 0


def test_nothing_warns_in_few_dimensions() -> None:
    x, y = correlated(500, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pt.mutual_information(x, y, estimator="knn") > 0


def test_one_column_of_whole_numbers_has_one_dimension() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 10, 1500)
    pixels = np.clip(np.round(rng.normal(3 + y, 2)), 0, 16)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read = pt.mutual_information_by_column(np.stack([pixels, pixels], axis=1).astype(int), y)
    assert knn.ross(pixels, y).effective_dimension <= 1
    # By counting, the first order of the bias taken off.
    counted = pt.mutual_information(
        pixels.astype(int), y, estimator=pt.Binning(n_bins=17, correction="miller-madow")
    )
    assert read == pytest.approx(counted, abs=0.05)


@pytest.mark.parametrize("repeats", [True, False])
def test_the_order_of_rows_and_columns_does_not_matter(repeats: bool) -> None:
    """Rounded rows tie, and a token of half of the rows has more copies than neighbours."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 300)
    X = np.round(rng.normal(size=(300, 4)) + np.eye(3, 4)[y], 1)
    if repeats:
        X[::2] = X[0]
    order, columns = rng.permutation(300), rng.permutation(4)
    Z, knn = X[:, :2], pt.KNN()
    one = pt.distillable_knowledge(X, Z, y, estimator=knn)
    for other in (
        pt.distillable_knowledge(X[order], Z[order], y[order], estimator=knn),
        pt.distillable_knowledge(X[:, columns], Z[:, ::-1], y, estimator=knn),
    ):
        for atom in ("distilled", "distillable", "student_only", "synergy"):
            assert getattr(one, atom) == pytest.approx(getattr(other, atom), abs=1e-9)


def test_units_do_not_matter_where_rows_tie() -> None:
    rng = np.random.default_rng(0)
    X = np.round(rng.normal(size=(400, 2)), 1)
    y = (X[:, 0] + rng.normal(size=400) > 0).astype(int)
    one, other = (pt.distillable_knowledge(Z, Z[:, :1], y, estimator="knn") for Z in (X, 2 * X))
    assert one.distilled == other.distilled
    assert one.synergy == other.synergy


def test_codes_of_equal_rows_rise_with_the_values() -> None:
    rng = np.random.default_rng(0)
    X = np.round(rng.normal(size=(200, 2)), 1)
    X[0] = -0.0
    same = _equal_rows(X)
    expected = np.unique(X, axis=0, return_inverse=True)[1].ravel()
    np.testing.assert_array_equal(same, expected)
