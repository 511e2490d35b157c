"""Which solver a pair of tables gets, and with which tolerance."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from helpers import pair_tables, random_pmf

import pidtools as pt
from pidtools._broja import union
from pidtools._broja.reduction import reduce_tables
from pidtools._result import NATS_PER_BIT

PLAIN = union.Options("auto", 1e-9, 100, False, False, None)


def duals() -> pt.Duals:
    found = pt.broja(random_pmf("dense", (3, 4, 3), 0), keep_duals=True).duals
    assert found is not None
    return found


def test_supports_that_are_listed_and_those_that_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """3 x 4 x 3 with a zero in each table has 3 x 4 x 3 - 4 - 3 + 0 entries or so: 30."""
    p_ty, p_sy = pair_tables(random_pmf("dense", (3, 4, 3), 0))
    p_ty[0, 0] = p_sy[0, 1] = 0.0
    n_entries = 2 * 4 + 3 * 3 + 3 * 4
    reduced = reduce_tables(p_ty, p_sy)
    start = duals()
    for tol, name in ((1e-9, "DENSE"), (9.9e-6, "DENSE"), (1e-5, "DENSE_LOOSE")):
        options = dataclasses.replace(PLAIN, tol=tol)
        monkeypatch.setattr(union, "DENSE", 10**9)
        monkeypatch.setattr(union, "DENSE_LOOSE", 10**9)
        assert not union._is_dense(reduced, options)
        monkeypatch.setattr(union, name, n_entries)
        assert not union._is_dense(reduced, options)
        monkeypatch.setattr(union, name, n_entries - 1)
        assert union._is_dense(reduced, options)
        assert not union._is_dense(reduced, dataclasses.replace(options, keep_q=True))
        assert not union._is_dense(reduced, dataclasses.replace(options, start=start))
        assert union._is_dense(reduced, dataclasses.replace(options, keep_duals=True))


@pytest.mark.parametrize(("tol", "asked"), [(1e-9, 5e-10), (2e-7, 1e-7), (1e-3, 1e-3 - 1e-7)])
def test_half_of_a_tight_tolerance_is_left_for_rounding(
    tol: float, asked: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pidtools._broja import driver

    heard = list[float]()
    plain = driver.solve

    def solve(*arguments: Any, tol: float, **options: Any) -> Any:
        heard.append(tol)
        return plain(*arguments, tol=tol, **options)

    monkeypatch.setattr(driver, "solve", solve)
    pt.broja(random_pmf("dense", (3, 4, 3), 0), tol=tol)
    assert heard == [pytest.approx(asked * NATS_PER_BIT, rel=1e-9)]


def test_what_asks_for_the_value_alone() -> None:
    assert PLAIN.only_the_value
    for change in (
        {"solver": "scaling"}, {"keep_q": True}, {"keep_duals": True}, {"start": duals()},
    ):  # fmt: skip
        assert not dataclasses.replace(PLAIN, **change).only_the_value


def test_roundings_grow_with_the_sums() -> None:
    eps = np.finfo(np.float64).eps
    assert union._rounding(-3.0) == pytest.approx(32 * eps * 4)
    assert union._rounding(0.0, 10) == pytest.approx(32 * eps + 10 * eps)


def test_outcomes_name_how_far_a_solver_came() -> None:
    pmf = random_pmf("dense", (4, 4, 3), 0)
    for solver in ("auto", "scaling"):
        with pytest.warns(pt.PIDWarning):
            few = pt.broja(pmf, solver=solver, max_iter=1, tol=1e-13)
        assert few.outcome is pt.Outcome.iteration_limit
    assert pt.broja(pmf).outcome is pt.Outcome.optimal
    assert pt.broja(pmf[:, :1] / pmf[:, :1].sum()).outcome is pt.Outcome.trivial
    assert pt.broja(pmf[:, :, :2] / pmf[:, :, :2].sum()).outcome is pt.Outcome.closed_form
