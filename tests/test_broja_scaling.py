"""Alternating scaling, and its extrapolation."""

from __future__ import annotations

import pytest
from helpers import random_pmf

import pidtools as pt
from pidtools._types import Floats


def test_scaling_recovers_from_an_extrapolation_that_goes_too_far(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from pidtools._broja import scaling

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
