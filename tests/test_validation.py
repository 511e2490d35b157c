"""The library against known distributions, row by row, and a row that is off."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from helpers import atoms

import pidtools as pt
from pidtools import problems, validation
from pidtools._types import Floats

HALF = pt.PID(
    redundancy=0.5, unique_t=0.25, unique_s=0.0, synergy=0.25, gap=1e-9, outcome=pt.Outcome.optimal
)


def row(**computed: Any) -> validation.Validation:
    """A row whose computed atoms are those of HALF but for some."""
    return validation.Validation(
        name="half", expected=HALF, computed=dataclasses.replace(HALF, **computed)
    )


def test_a_row_for_every_named_problem_in_their_order() -> None:
    rows = pt.validate()
    named = problems.pmf_problems()
    assert [each.name for each in rows] == [problem.name for problem in named]
    for each, problem in zip(rows, named, strict=True):
        assert each.expected == problem.pid
        assert each.error == abs(atoms(each.computed) - atoms(problem.pid)).max()
        assert each.agrees


@pytest.mark.parametrize("atom", ["redundancy", "unique_t", "unique_s", "synergy"])
def test_the_error_is_that_of_the_worst_atom(atom: str) -> None:
    off = row(**{atom: float(getattr(HALF, atom)) + 2e-3, "gap": 1e-2})
    assert off.error == pytest.approx(2e-3, abs=1e-15)
    assert not off.agrees


def test_a_row_agrees_within_the_tolerance_and_within_both_gaps() -> None:
    assert row().agrees
    assert row(unique_t=0.25 + 1.9e-9).agrees
    assert not row(unique_t=0.25 + 2.1e-9).agrees  # more than both gaps
    assert row(unique_t=0.25 + 0.9e-7, gap=1.0).agrees
    assert not row(unique_t=0.25 + 1.1e-7, gap=1.0).agrees  # more than the tolerance


def test_a_solver_that_errs_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = pt.broja

    def swapped(pmf: Floats, **options: Any) -> pt.PID:
        found = whole(pmf, **options)
        return dataclasses.replace(found, unique_t=found.unique_s, unique_s=found.unique_t)

    monkeypatch.setattr(validation, "broja", swapped)
    off = {each.name for each in pt.validate() if not each.agrees}
    uneven = {
        p.name for p in problems.pmf_problems() if abs(p.pid.unique_t - p.pid.unique_s) > 1e-6
    }
    assert off == uneven
    assert off
