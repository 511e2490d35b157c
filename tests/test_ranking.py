"""Rankings of teachers: by themselves, one after the other, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from joblib import parallel_config

import pidtools as pt
from pidtools._types import Codes, Floats

# Sixteen classes, four bits; the student knows the first one.
Y = np.arange(3200) % 16
S = Y // 8
FIRST, SECOND = Y // 2 % 4, Y % 2
TEACHERS = {"first": FIRST, "copy": FIRST.copy(), "second": SECOND}
LDA = pt.Probe(experts=("lda",), n_folds=3, n_cells=20)


def features(n: int = 900, seed: int = 0) -> tuple[dict[str, Floats], Floats, Codes]:
    """Teachers that see the first or the second half of eight classes, and a poor student."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 8, n)
    seen = np.eye(8)[y]

    def source(classes: slice, gain: float) -> Floats:
        shifts = seen[:, classes]
        return gain * shifts + rng.normal(size=shifts.shape)

    first = source(slice(0, 5), 5.0)
    teachers = {
        "first": first,
        "copy": first + 1e-3 * rng.normal(size=first.shape),
        "second": source(slice(5, 8), 5.0),
        "noise": rng.normal(size=(n, 3)),
    }
    return teachers, source(slice(0, 2), 2.0), y


def test_a_copy_adds_nothing_and_the_missing_half_comes_second() -> None:
    found = pt.rank_teachers(TEACHERS, S, Y)
    assert [row.teacher for row in found] == ["first", "copy", "second"]
    assert found.chosen == ("first", "second")
    first, second, copy = found.additions
    assert (first.added, second.added) == pytest.approx((2.0, 1.0))
    assert second.beyond == ("first",)
    assert copy.teacher == "copy"
    assert copy.added == pytest.approx(0.0, abs=1e-6)
    assert copy.interval is not None
    assert copy.interval.low == 0.0
    assert not copy.taken


def test_a_copy_stops_the_order() -> None:
    found = pt.rank_teachers({"first": FIRST, "copy": FIRST.copy()}, S, Y)
    assert found.chosen == ("first",)
    assert [step.taken for step in found.additions] == [True, False]


def test_the_same_with_a_probe() -> None:
    teachers, student, y = features()
    found = pt.rank_teachers(teachers, student, y, estimator=LDA)
    assert set(found.chosen) in ({"first", "second"}, {"copy", "second"})
    assert found.chosen[1] == "second"
    assert not found.additions[-1].taken
    assert found[-1].teacher == "noise"
    alone = pt.distillable_knowledge(teachers["second"], student, y, estimator=LDA, synergy=False)
    (row,) = [row for row in found if row.teacher == "second"]
    assert row.distillable == alone.distillable


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ["kmeans", pt.Binning(n_bins=2), pt.Binning(n_bins=3)])
def test_the_same_with_cells(estimator: Any) -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 2000)
    high, low = y // 2, y % 2
    teachers = {
        "high": high[:, None] + 0.1 * rng.normal(size=(2000, 1)),
        "low": 3.0 * low[:, None] - 1.5 + 0.1 * rng.normal(size=(2000, 1)),
    }
    teachers["again"] = teachers["high"].copy()
    if estimator == "kmeans":  # which looks at directions
        teachers = {name: np.hstack([X - X.mean(), 0 * X + 0.01]) for name, X in teachers.items()}
    student = rng.normal(size=(2000, 2))
    found = pt.rank_teachers(teachers, student, y, estimator=estimator)
    assert len(found.chosen) == 2
    assert "low" in found.chosen
    assert found.additions[-1].added == pytest.approx(0.0, abs=0.01)


@pytest.mark.slow
def test_wide_teachers_are_stacked_by_their_posteriors() -> None:
    teachers, student, y = features(2000)
    rng = np.random.default_rng(1)
    wide = {name: np.hstack([X, rng.normal(size=(len(y), 200))]) for name, X in teachers.items()}
    found = pt.rank_teachers(wide, student, y, estimator=LDA)
    assert found.chosen[1] == "second"
    assert len(found.chosen) == 2


def test_what_is_known_together_is_beyond_one_source() -> None:
    """The stack knows at least what its parts know."""
    teachers, student, y = features()
    parts = [pt.summarise(X, y, estimator=LDA) for X in (student, teachers["first"])]
    stack = LDA.stacked(parts, y, name="stack")  # type: ignore[arg-type]
    assert stack.information >= max(x.information for x in parts)
    found = pt.distillable_knowledge(parts[1], stack, y, synergy=False)
    assert found.distillable == pytest.approx(0.0, abs=0.01)


def test_one_teacher_is_a_ranking() -> None:
    found = pt.rank_teachers({"only": FIRST}, S, Y)
    assert (found.chosen, len(found), found.best().layers) == (("only",), 1, ("only",))


def test_nobody_is_chosen_where_nobody_has_anything() -> None:
    found = pt.rank_teachers({"blind": np.arange(3200) // 16 % 2}, S, Y)
    assert found.chosen == ()
    assert "none" in found.summary()


def test_without_intervals_the_order_goes_through_all() -> None:
    found = pt.rank_teachers(TEACHERS, S, Y, confidence_level=None)
    assert found.chosen == ("first", "second", "copy")
    assert all(step.interval is None for step in found.additions)
    with pytest.raises(ValueError, match=r"confidence_level=0\.95"):
        found.best()


def test_a_teacher_that_fails_leaves_the_others() -> None:
    broken = {"broken": np.full((3200, 2), np.nan), **TEACHERS}
    found = pt.rank_teachers(broken, S, Y)
    assert found[-1].teacher == "broken"
    assert "NaN" in str(found[-1].error)
    assert found.chosen == ("first", "second")
    assert "NaN" in found.summary()


def test_the_set_of_best_holds_equal_teachers() -> None:
    assert pt.rank_teachers(TEACHERS, S, Y).best().layers == ("first", "copy")


@pytest.mark.parametrize("student", [S, S.copy(), pt.summarise(S, Y)])
def test_the_student_among_the_teachers_is_refused(student: Any) -> None:
    known = pt.summarise(S, Y) if isinstance(student, pt.Summary) else S
    with pytest.raises(ValueError, match="teachers holds the student: 'me' is S"):
        pt.rank_teachers({"first": FIRST, "me": known}, student, Y)


@pytest.mark.parametrize(
    ("teachers", "error", "text"),
    [
        ({}, ValueError, "teachers is empty"),
        ([FIRST], TypeError, "teachers must be a mapping"),
        ({1: FIRST}, TypeError, "teachers has the key 1"),
    ],
)
def test_bad_input_is_refused(teachers: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        pt.rank_teachers(teachers, S, Y)


def test_a_bad_student_is_refused() -> None:
    with pytest.raises(ValueError, match="S holds 3200 NaN"):
        pt.rank_teachers(TEACHERS, np.full(3200, np.nan), Y)


@pytest.mark.slow
def test_workers_change_nothing() -> None:
    options: dict[str, Any] = {"n_resamples": 20}
    with parallel_config("threading"):  # processes take seconds to start
        one = pt.rank_teachers(TEACHERS, S, Y, **options)
        two = pt.rank_teachers(TEACHERS, S, Y, n_jobs=2, **options)
    assert json.dumps(one.to_dict()) == json.dumps(two.to_dict())


def test_dictionaries_and_frames() -> None:
    found = pt.rank_teachers(TEACHERS, S, Y)
    content = json.loads(json.dumps(found.to_dict()))
    assert content["chosen"] == ["first", "second"]
    assert content["additions"][1]["beyond"] == ["first"]
    assert content["rows"][0]["teacher"] == "first"
    assert list(found.to_pandas()["teacher"]) == ["first", "copy", "second"]
    assert "stops here" in found.summary()


def test_the_student_in_another_guise_is_found() -> None:
    student = np.random.default_rng(0).normal(size=(300, 2))
    labels = np.arange(300) % 3
    summary = pt.summarise(student, labels, estimator="kmeans")
    for teacher in (summary, student, student.astype(np.float64).copy()):
        with pytest.raises(ValueError, match="teachers holds the student: 'a' is S"):
            pt.rank_teachers({"a": teacher}, student, labels, estimator="kmeans")
    with pytest.raises(ValueError, match="teachers holds the student"):
        pt.rank_teachers({"a": student}, summary, labels, estimator="kmeans")


def test_a_teacher_of_other_rows_leaves_the_others() -> None:
    found = pt.rank_teachers({**TEACHERS, "short": FIRST[:5]}, S, Y)
    assert found[-1].teacher == "short"
    assert "teacher short has 5 rows" in str(found[-1].error)
    assert found.best().layers == pt.rank_teachers(TEACHERS, S, Y).best().layers
    with pytest.raises(ValueError, match="S has 5 rows"):
        pt.rank_teachers(TEACHERS, S[:5], Y)
