"""The demonstration on real digits: its files, and that its numbers can be measured again."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import Shown, unheard

import pidtools as pt
from pidtools.demo import STUDENT_WIDTHS, run

ACTIVATIONS = ["teacher.npy", "labels.npy", *(f"student-{w}.npy" for w in STUDENT_WIDTHS)]


@pytest.fixture(scope="module")
def folder(demonstration: Shown) -> Path:
    return demonstration[0].folder


@pytest.fixture(scope="module")
def written(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    return content


def test_it_writes_activations_json_and_figure(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()}
    assert names == {*ACTIVATIONS, "result.json", "result.png"}
    assert (folder / "result.png").read_bytes().startswith(b"\x89PNG")


def test_activations_have_one_row_a_held_out_digit(folder: Path) -> None:
    labels = np.load(folder / "labels.npy")
    assert sorted(set(labels.tolist())) == list(range(10))
    assert np.load(folder / "teacher.npy").shape == (len(labels), 64)
    for width in STUDENT_WIDTHS:
        assert np.load(folder / f"student-{width}.npy").shape == (len(labels), width)


@pytest.mark.slow
def test_numbers_are_those_of_the_saved_arrays(
    demonstration: Shown, folder: Path, written: dict[str, Any]
) -> None:
    """Measured as a user would, one student at a time."""
    T, Y = np.load(folder / "teacher.npy"), np.load(folder / "labels.npy")
    estimator = demonstration[0].students[0].result.estimator_s
    for student in written["students"]:
        S = np.load(folder / f"student-{student['width']}.npy")
        for chosen, content in ((estimator, student), ("kmeans", student["clusters"])):
            with unheard():
                found = pt.distillable_knowledge(T, S, Y, estimator=chosen).to_dict()
            for key in ("notes", "details", "verdict"):
                del found[key]  # they name the student, and its intervals
            assert {key: content[key] for key in found} == found


@pytest.mark.slow
def test_intervals_of_a_student_are_those_of_a_call_for_it(
    demonstration: Shown, folder: Path, written: dict[str, Any]
) -> None:
    T, S, Y = (np.load(folder / f"{name}.npy") for name in ("teacher", "student-4", "labels"))
    with unheard():
        found = pt.distillable_knowledge(
            T,
            S,
            Y,
            estimator=demonstration[0].students[1].result.estimator_s,
            confidence_level=0.95,
            n_resamples=10,
        ).to_dict()
    named = ("notes", "details")  # they name the student
    assert {key: written["students"][1][key] for key in found if key not in named} == {
        key: value for key, value in found.items() if key not in named
    }


@pytest.mark.slow
def test_json_holds_every_student(demonstration: Shown, written: dict[str, Any]) -> None:
    found = demonstration[0]
    assert [s["width"] for s in written["students"]] == [2, 4, 8, 16]
    assert written["teacher_accuracy"] == found.teacher_accuracy
    assert [s["accuracy"] for s in written["students"]] == [s.accuracy for s in found.students]


@pytest.mark.slow
def test_networks_have_learned(written: dict[str, Any]) -> None:
    """Chance is 0.1; a network that has not learned would make the figure pointless."""
    assert written["teacher_accuracy"] > 0.9
    assert all(student["accuracy"] > 0.3 for student in written["students"])


@pytest.mark.slow
def test_every_step_is_reported(demonstration: Shown) -> None:
    steps = demonstration[1]
    assert sum("training the student" in step for step in steps) == len(STUDENT_WIDTHS)
    assert sum("measuring the students" in step for step in steps) == 2


@pytest.mark.slow
def test_what_is_left_falls_as_students_widen(tmp_path: Path) -> None:
    """Of what the command wrote into the folder PIDTOOLS_DEMO, or of a demonstration made here."""
    folder = Path(os.environ.get("PIDTOOLS_DEMO", tmp_path))
    if folder == tmp_path:
        run(folder, lambda step: None)
    students = json.loads((folder / "result.json").read_text(encoding="utf-8"))["students"]
    left = [student["distillable"] for student in students]
    assert left == sorted(left, reverse=True)
    for student in students:
        assert student["distillable_low"] <= student["distillable"] <= student["distillable_high"]
    # The clusters see about the same lack in the widest three, whose accuracies differ.
    assert left[0] > 0.5
    assert left[-1] < 0.2
