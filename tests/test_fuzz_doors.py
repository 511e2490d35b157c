"""Inputs of any kind at the door, drawn by their number: the first of many."""

from __future__ import annotations

import pytest

from benchmarks.fuzz_doors import faults, run


def test_inputs_of_any_kind_are_answered_or_refused_by_name() -> None:
    rows = run(list(range(500)))
    assert list(faults(rows)) == []
    assert sum(row["end"] == "answer" for row in rows) > 75


def test_an_input_is_drawn_from_its_number_alone() -> None:
    assert run([7, 8, 9])[2] == run([9])[0]


@pytest.mark.slow
def test_many_inputs_of_any_kind_are_answered_or_refused_by_name() -> None:
    assert list(faults(run(list(range(500, 5500))))) == []
