"""Whose turn it is, counted by i mod q, and refusals."""

from __future__ import annotations

from typing import Any

import pytest

from pidtools.rid import RIDSchedule


@pytest.mark.parametrize(("n_w", "q", "r"), [(0, 1, 0.0), (3, 4, 0.5), (2, 30, 0.1), (5, 7, 0.3)])
def test_phases_by_counting(n_w: int, q: int, r: float) -> None:
    schedule = RIDSchedule(n_w=n_w, q=q, r=r)
    n_teacher = {0.0: 0, 0.5: 2, 0.1: 3, 0.3: 3}[r]
    phases = list(schedule.phases(50))
    assert phases == [schedule.phase(epoch) for epoch in range(len(phases))]
    assert phases[:n_w] == ["warm_up"] * n_w
    rest = phases[n_w:]
    assert rest == ["teacher" if i % q < n_teacher else "student" for i in range(len(rest))]
    assert rest.count("student") == 50
    assert list(schedule.phases(0)) == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"n_w": -1}, "n_w must be at least 0"),
        ({"q": 0}, "q must be at least 1"),
        ({"r": 1.0}, "r must be at least 0 and below 1"),
        ({"r": -0.1}, "r must be at least 0 and below 1"),
        ({"r": float("nan")}, "r must be at least 0 and below 1"),
        ({"q": 2, "r": 0.9}, "leaves none of a cycle to the student"),
    ],
)
def test_refusals(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RIDSchedule(**given)


def test_epochs_are_whole_numbers() -> None:
    with pytest.raises(TypeError, match="n_w must be an integer"):
        RIDSchedule(n_w=1.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="epoch must be at least 0"):
        RIDSchedule().phase(-1)
