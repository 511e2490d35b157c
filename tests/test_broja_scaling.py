"""Alternating scaling, and its extrapolation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

import numpy as np
import pytest
from helpers import pair_tables, random_pmf

import pidtools as pt
from pidtools._broja import scaling
from pidtools._broja.program import program_of
from pidtools._types import Floats


def test_scaling_recovers_from_an_extrapolation_that_goes_too_far(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain, calls = scaling._Extrapolation.next, list[None]()

    def wild(self: scaling._Extrapolation, x: Floats, f: Floats, weight: Floats) -> Floats:
        calls.append(None)
        return x + 1e4 if len(calls) == 2 else plain(self, x, f, weight)

    pmf = random_pmf("dense", (8, 8, 4), 0)
    expected = pt.broja(pmf)
    monkeypatch.setattr(scaling._Extrapolation, "next", wild)
    found = pt.broja(pmf, solver="scaling", tol=1e-5)
    assert len(calls) > 2
    assert found.gap <= 1e-5
    assert found.redundancy == pytest.approx(expected.redundancy, abs=found.gap + expected.gap)


# --- pieces -------------------------------------------------------------------------------


class Told:
    """A point that does nothing but write down what it is told."""

    def __init__(self, *, endless: Sequence[int] = ()) -> None:
        self.s, self.B, self.doubled = np.ones((2, 2)), np.ones((2, 2)), list[bool]()
        self.rounds, self.endless, self.back = 0, endless, 0

    def sweep(self, *, double: bool) -> Floats:
        self.doubled.append(double)
        return self.s

    def finite(self) -> bool:
        self.rounds += 1
        return self.rounds not in self.endless

    def logarithms(self) -> Floats:
        return np.zeros(8)

    def set_logarithms(self, x: Floats) -> None:
        self.back += self.rounds in self.endless

    def weights(self) -> Floats:
        return np.ones(8)


def certified(
    gaps: Iterable[float], max_sweeps: int, *, near: bool = False, endless: Sequence[int] = ()
) -> tuple[list[int], int, Told]:
    """After which sweeps it is certified, and when it ends, for a tolerance of 1."""
    told, left, at = Told(endless=endless), iter(gaps), list[int]()

    def certify(point: Any, s: Floats) -> float:
        at.append(len(point.doubled))
        return next(left)

    used = scaling.sweep_until(cast(scaling.Point, told), certify, 1.0, max_sweeps, near=near)
    return at, used, told


def test_certificates_come_when_the_gap_should_have_closed() -> None:
    """Sweeps grow by (gap / tol)^.4, at least by a tenth, at most twofold, in rounds of five."""
    at, used, told = certified([1e6, 4.0, 1.01, 1.0], 1000)
    assert at == [20, 40, 70, 80]
    assert used == 80
    assert told.doubled == [True, True, True, False, False] * 16


def test_the_last_sweeps_allowed_are_certified() -> None:
    assert certified([9.0, 9.0], 25)[:2] == ([20, 25], 25)
    assert certified([9.0], 20)[:2] == ([20], 20)
    assert certified([9.0], 3)[:2] == ([5], 5)


def test_a_near_start_is_certified_at_once_and_a_far_one_given_up() -> None:
    assert certified([0.5], 1000, near=True)[:2] == ([5], 5)
    assert certified([31.0], 1000, near=True)[:2] == ([5], 5)
    assert certified([30.0, 0.5], 1000, near=True)[:2] == ([5, 10], 10)
    # Later ones may be far: a gap that rises is no start.
    assert certified([30.0, 40.0, 0.5], 1000, near=True)[:2] == ([5, 10, 20], 20)


def test_points_that_end_nowhere_go_back() -> None:
    at, used, told = certified([0.5], 1000, endless=[4])
    assert (at, used, told.back) == ([25], 25, 1)
    assert certified([], 20, endless=[4])[:2] == ([], 20)


def test_one_sweep_by_its_formulas() -> None:
    rng = np.random.default_rng(0)
    p_row, p_col = rng.random((3, 4)), rng.random((2, 4))
    for double in (False, True):
        point = scaling.Point(p_row, p_col)
        np.testing.assert_allclose(point.B, p_col / p_col.sum(axis=0))
        np.testing.assert_allclose(point.s, np.einsum("ty,sy->ts", p_row, point.B))
        s, B = point.s.copy(), point.B.copy()
        assert (point.sweep(double=double) == s).all()
        A = p_row / np.einsum("ts,sy->ty", s, B)
        B = p_col / np.einsum("ts,ty->sy", s, A)
        growth = np.einsum("ty,sy->ts", A, B)
        for found, expected in ((point.A, A), (point.B, B), (point.s, s * growth ** (1 + double))):
            np.testing.assert_allclose(found, expected, rtol=1e-13)
        logs = point.logarithms()
        np.testing.assert_allclose(np.exp(logs), np.r_[point.s.ravel(), point.B.ravel()])
        assert (point.weights() == np.r_[point.s.ravel(), p_col.ravel()]).all()
        point.set_logarithms(logs - 0.5)
        np.testing.assert_allclose(point.logarithms(), np.minimum(logs - 0.5, logs - 0.5))


def test_logarithms_stay_within_what_can_be_written() -> None:
    for dtype, lowest in ((np.float64, -300.0), (np.float32, -60.0)):
        point = scaling.Point(*(np.ones((2, 2), dtype) for _ in range(2)))
        point.p_col[1, 1] = 0.0
        point.set_logarithms(np.array([-1e4, 5.0, -1.0, -2.0, 1e4, -1e4, 3.0, 1.0], dtype))
        expected = [lowest, 0.0, -1.0, -2.0, -lowest, lowest, 3.0]
        np.testing.assert_allclose(point.logarithms()[:7], expected, rtol=1e-5)
        assert point.B[1, 1] == 0.0
        assert point.s.dtype == point.B.dtype == dtype


def test_the_extrapolation_finds_the_fixed_point_of_a_linear_map() -> None:
    """In four dimensions after five rounds, and not before; weights don't matter there."""
    rng = np.random.default_rng(0)
    slope = 0.9 * np.linalg.qr(rng.normal(size=(4, 4)))[0]
    fixed, x = rng.normal(size=4), np.zeros(4)
    extrapolation = scaling._Extrapolation(4, np.dtype(np.float64))
    off = []
    for _ in range(6):
        f = slope @ (x - fixed) + fixed - x
        x = extrapolation.next(x, f, np.array([1.0, 2.0, 3.0, 4.0]))
        off.append(np.abs(x - fixed).max())
    assert off[-1] < 1e-5
    assert min(off[:3]) > 1e-2


def test_a_residual_that_grows_throws_the_history_away() -> None:
    extrapolation = scaling._Extrapolation(2, np.dtype(np.float64))
    one = np.ones(2)
    for k, size in enumerate((1.0, 0.5, 0.25)):
        moved = extrapolation.next(k * one, size * one, one)
        assert (k == 0) == bool(np.allclose(moved, (k + size) * one))
    # The smallest sum of squares was 2 / 16; four times as much is still borne.
    moved = extrapolation.next(3 * one, 0.499 * one, one)
    assert not np.allclose(moved, 3.499)
    moved = extrapolation.next(4 * one, 0.51 * one, one)
    np.testing.assert_allclose(moved, 4.51)


def test_seconds_that_a_loose_tolerance_takes() -> None:
    sup = program_of(*pair_tables(np.full((4, 6, 50), 1 / 1200))).support
    assert scaling.scaling_seconds(sup) == pytest.approx(6e-6 * 4 * 6 * 2)
