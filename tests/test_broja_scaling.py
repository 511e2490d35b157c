"""Alternating scaling, and its extrapolation."""

from __future__ import annotations

import pytest
from helpers import random_pmf

import pidtools as pt


def test_scaling_recovers_from_an_extrapolation_that_goes_too_far(monkeypatch):
    from pidtools._broja import scaling

    plain, calls = scaling._Extrapolation.next, []

    def wild(self, x, f, weight):
        calls.append(None)
        return x + 1e4 if len(calls) == 2 else plain(self, x, f, weight)

    pmf = random_pmf("dense", (8, 8, 4), 0)
    expected = pt.broja(pmf)
    monkeypatch.setattr(scaling._Extrapolation, "next", wild)
    found = pt.broja(pmf, solver="scaling", tol=1e-5)
    assert len(calls) > 2
    assert found.gap <= 1e-5
    assert found.redundancy == pytest.approx(expected.redundancy, abs=found.gap + expected.gap)
