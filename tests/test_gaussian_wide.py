"""More columns than rows: the same numbers as from covariances of all columns, in little memory."""

from __future__ import annotations

import dataclasses
import tracemalloc
from typing import Any

import numpy as np
import pytest
from helpers import EXACT, atoms
from random_gaussians import measure as measure_arrays

import pidtools as pt
from pidtools._gaussian import estimator, moments, wide
from pidtools._gaussian.estimator import GaussianSummary
from pidtools._types import Array, Floats

OAS = pt.Gaussian(shrinkage="oas")
INTERVALS: dict[str, Any] = {"confidence_level": 0.9, "n_resamples": 10}


def measure(*sources: Any, **options: Any) -> pt.DistillableKnowledge:
    return measure_arrays(*sources, **options)


def draw(n: int, *widths: int, seed: int = 0) -> list[Floats]:
    """Sources of these many columns that see Y and two nuisances; Y, the last, is correlated."""
    rng = np.random.default_rng(seed)
    Y = rng.normal(size=(n, widths[-1])) + rng.normal(size=(n, 1))
    seen = np.hstack([Y, rng.normal(size=(n, 2))])
    sources = [seen @ rng.normal(size=(seen.shape[1], d)) for d in widths[:-1]]
    return [*(X + 2 * rng.normal(size=X.shape) for X in sources), Y]


def hostile(n: int, *widths: int) -> list[Array]:
    """Rows that are repeated, columns that are constant or copies, of many sizes, in float32."""
    T, S, Y = draw(n, *widths)
    T[:, 3], T[:, 7] = 1.0, T[:, 8]
    T = T * 10.0 ** np.random.default_rng(1).integers(-3, 4, size=T.shape[1]) + 50
    S = np.maximum(np.vstack([S[: n // 2]] * 2), 0)
    return [T.astype(np.float32), S.astype(np.float32), Y]


def shrunk(X: Floats, Y: Floats) -> tuple[Floats, float]:
    """Standardised columns, and the weight that scikit-learn leaves correlations of X and Y."""
    from sklearn.covariance import OAS

    Z, both = ((A - A.mean(axis=0)) / A.std(axis=0) for A in (X, np.hstack([X, Y])))
    fitted = OAS(assume_centered=True).fit(both * np.sqrt(len(X) / (len(X) - 1)))
    return Z, 1.0 - fitted.shrinkage_


# --- principal directions ---------------------------------------------------------------------


def test_principal_directions_against_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moments, "MIN_ROWS", 1)
    monkeypatch.setattr(moments, "BLOCK_NUMBERS", 7 * 30)
    X = draw(30, 90, 1)[0]
    X[:, 4] = 3.0
    found, varying = wide.principal(X), np.delete(X, 4, axis=1)
    assert np.flatnonzero(~found.varies).tolist() == [4]
    correlation = np.corrcoef(varying, rowvar=False)
    np.testing.assert_allclose(found.variances, np.linalg.eigvalsh(correlation)[-29:], atol=1e-12)
    Z = (varying - varying.mean(axis=0)) / varying.std(axis=0, ddof=1)
    np.testing.assert_allclose(found.values @ found.values.T, Z @ Z.T, atol=1e-11)
    with_constant = np.insert(np.insert(correlation, 4, 0.0, axis=0), 4, 0.0, axis=1)
    assert found.oas() == pytest.approx(moments.oas(with_constant, 30), abs=EXACT)


def test_copies_of_rows_are_looked_at_once() -> None:
    rows = np.array([5, 1, 1, 7, 0, 5, 5, 9, 2, 3])
    X = draw(10, 40, 1)[0][rows]
    once, each = wide.principal(X, rows), wide.principal(X)
    np.testing.assert_allclose(once.values @ once.values.T, each.values @ each.values.T, atol=1e-12)
    assert once.oas() == pytest.approx(each.oas(), abs=EXACT)


def test_constant_columns_have_no_direction() -> None:
    found = wide.principal(np.ones((5, 8)))
    assert found.values.shape == (5, 0)
    assert found.oas() == 1.0


# --- the numbers ------------------------------------------------------------------------------


def test_it_is_the_decomposition_of_the_whole_shrunk_covariance() -> None:
    """Each source shrunk by its own weight, what is between both by the root of both; not Y."""
    drawn = draw(60, 200, 120, 3)
    parts = [shrunk(X, drawn[-1]) for X in drawn]
    weights = np.concatenate([np.full(Z.shape[1], weight) for Z, weight in parts])
    weights[-3:] = 1.0
    Z = np.hstack([Z for Z, _ in parts])
    cov = Z.T @ Z / len(Z) * np.sqrt(np.outer(weights, weights))
    np.fill_diagonal(cov, 1.0)
    pid, found = pt.gaussian_pid(cov, dims=(200, 120, 3)), measure(*drawn, estimator=OAS)
    assert pid.information_t > 1
    np.testing.assert_allclose(atoms(found.pid), atoms(pid), atol=1e-10)
    alone = pt.mutual_information(drawn[1], drawn[2], estimator=OAS)
    assert alone == pytest.approx(pid.information_s, abs=1e-10)


@pytest.mark.parametrize("n_y", [1, 3])
def test_units_that_know_of_y_are_not_taken_for_noise(n_y: int) -> None:
    """Y's columns are independent of each other, or one: shrunk alone, nothing would be left."""
    rng = np.random.default_rng(0)
    Y = rng.normal(size=(500, n_y))
    X = Y @ rng.normal(size=(n_y, 10)) + 0.5 * rng.normal(size=(500, 10))
    plain = pt.mutual_information(X, Y, estimator="gaussian")
    assert 0.9 * plain < pt.mutual_information(X, Y, estimator=OAS) < plain


CASES = {
    "both": draw(60, 200, 150, 3),
    "one": draw(60, 20, 200, 2),
    "as many as rows": draw(40, 40, 41, 2),
    "Y": draw(30, 50, 8, 45),
    "hostile": hostile(60, 200, 150, 3),
}


@pytest.mark.parametrize("copula", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_as_from_the_covariance_of_all_columns(
    case: str, copula: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    shrinking = pt.Gaussian(shrinkage="oas", copula=copula)
    found = measure(*CASES[case], estimator=shrinking, **INTERVALS)
    monkeypatch.setattr(wide, "is_wide", lambda _: False)
    expected = measure(*CASES[case], estimator=shrinking, **INTERVALS)
    assert expected.teacher_information > 0.1
    np.testing.assert_allclose(atoms(found.pid), atoms(expected.pid), atol=1e-10)
    assert found.notes == expected.notes
    for name, interval in expected.intervals.items():
        assert found.intervals[name].low == pytest.approx(interval.low, abs=1e-10)
        assert found.intervals[name].high == pytest.approx(interval.high, abs=1e-10)


def test_the_order_of_columns_changes_nothing() -> None:
    T, S, Y = CASES["both"]
    order = np.random.default_rng(0).permutation(T.shape[1])
    before, after = (measure(X, S, Y, estimator=OAS, **INTERVALS) for X in (T, T[:, order]))
    np.testing.assert_allclose(atoms(after.pid), atoms(before.pid), atol=EXACT)
    for name, interval in before.intervals.items():
        assert after.intervals[name].low == pytest.approx(interval.low, abs=EXACT)


def test_powers_of_two_change_no_bit() -> None:
    T, S, Y = CASES["both"]
    units = 2.0 ** np.random.default_rng(0).integers(-800, 450, size=T.shape[1])
    with np.errstate(all="raise"):
        after = measure(T * units, S, Y, estimator=OAS)
    assert atoms(after.pid).tolist() == atoms(measure(T, S, Y, estimator=OAS).pid).tolist()


def test_directions_of_y_that_another_machine_turned() -> None:
    T, S, Y = CASES["Y"]
    t, s = (pt.summarise(X, Y, estimator=OAS) for X in (T, S))
    assert isinstance(s, GaussianSummary)
    y = s.source.y
    turned_y = dataclasses.replace(y, values=y.values * (-1.0) ** np.arange(y.rank))
    turned = dataclasses.replace(
        s,
        source=s.source.beside(turned_y),
        posterior=s.source.beside(turned_y).posterior("S"),
    )
    assert not y.is_frame_of(turned_y)
    np.testing.assert_allclose(
        atoms(measure(t, turned, Y).pid), atoms(measure(t, s, Y).pid), atol=EXACT
    )


# --- what it takes, and what is refused -------------------------------------------------------


def test_memory_does_not_grow_with_the_square_of_the_columns() -> None:
    T, Y = draw(300, 20_000, 3)
    T = T.astype(np.float32)
    tracemalloc.start()
    pt.mutual_information(T, Y, estimator=OAS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # A covariance takes 3 GiB; blocks of columns in float64 64 MB, a few of them at a time.
    assert peak < 300e6


def test_without_shrinkage_it_is_refused_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    T, S, Y = CASES["both"]
    with pytest.raises(ValueError, match="T has 200 units and Y 3 for 60 samples") as early:
        measure(T, S, Y)
    monkeypatch.setattr(wide, "is_wide", lambda _: False)
    with pytest.raises(ValueError, match="T has 200 units") as late:
        measure(T, S, Y)
    assert str(early.value) == str(late.value)


def test_many_copies_of_few_columns_need_no_shrinkage(monkeypatch: pytest.MonkeyPatch) -> None:
    few, Y = draw(60, 5, 2)
    copies = np.tile(few, 20)
    alone, found = (pt.mutual_information(X, Y, estimator="gaussian") for X in (few, copies))
    assert found == pytest.approx(alone, abs=1e-9)
    monkeypatch.setattr(estimator, "MOST_UNITS", 99)
    with pytest.raises(ValueError, match="X has 100 units for 60 samples, and a covariance of"):
        pt.mutual_information(copies, Y, estimator="gaussian")
    with pytest.raises(ValueError, match="Y has 100 units for 60 samples, and a covariance of"):
        pt.mutual_information(few, np.tile(Y, 50), estimator="gaussian")


def test_columns_that_elimination_would_keep_at_least() -> None:
    """Of each column it may leave 1e-12 of its variance: d columns lose up to d times as much."""
    variances = np.array([2.0, 1e-4, 6e-12, 4e-12, 1e-13])
    for n_columns, rank in ((5, 3), (3, 4), (20, 2)):
        varies = np.ones(n_columns, np.bool_)
        assert wide.Principal(np.zeros((6, 5)), variances, varies).rank() == rank
