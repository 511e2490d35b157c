"""Two students of one teacher: the same numbers as apart, and differences that are paired."""

from __future__ import annotations

import dataclasses
import json
import warnings
from typing import Any

import numpy as np
import pytest
from helpers import EXACT, Chosen, known

import pidtools as pt
from pidtools._types import Array, Codes, Floats

Y = np.arange(1200) % 4
T, HALF = Y, Y // 2
CHEAP = pt.Probe(experts=("lda",), n_folds=3, n_cells=20)
FAST: dict[str, Any] = {"estimator": CHEAP, "n_resamples": 10, "synergy": False}


def layers(n: int = 500, seed: int = 0) -> tuple[Floats, Floats, Floats, Codes]:
    """A teacher, a student with most of it, a student with little, and labels."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    teacher = rng.normal(size=(n, 4)) + 1.2 * y[:, None]
    return teacher, teacher[:, :3], teacher[:, :1] + rng.normal(size=(n, 1)), y


@pytest.mark.slow
def test_each_student_is_measured_as_it_is_alone() -> None:
    teacher, a, b, y = layers()
    found = pt.compare_students(teacher, a, b, y, **FAST)
    for student, source in ((found.a, a), (found.b, b)):
        alone = pt.distillable_knowledge(teacher, source, y, confidence_level=0.95, **FAST)
        assert student.pid == alone.pid
        assert student.intervals == alone.intervals
        assert student.p_distillable == alone.p_distillable


def test_differences_are_a_minus_b() -> None:
    found = pt.compare_students(T, HALF, Y, Y, n_resamples=20)
    assert found.differences["distillable"] == pytest.approx(1.0, abs=1e-6)
    assert found.differences["student_information"] == pytest.approx(-1.0, abs=EXACT)
    assert set(found.differences) == {
        "distillable",
        "distilled",
        "student_only",
        "synergy",
        "student_information",
        "joint_information",
    }
    assert set(found.intervals) == set(found.differences)
    less = pt.compare_students(T, HALF, Y, Y, n_resamples=20, synergy=False)
    assert "synergy" not in less.differences
    assert "joint_information" not in less.intervals


@pytest.mark.slow
def test_exchanged_students_exchange_signs() -> None:
    teacher, a, b, y = layers()
    one = pt.compare_students(teacher, a, b, y, **FAST)
    other = pt.compare_students(teacher, b, a, y, **FAST)
    for name, difference in one.differences.items():
        assert other.differences[name] == pytest.approx(-difference, abs=EXACT)
        assert other.intervals[name].low == pytest.approx(-one.intervals[name].high, abs=EXACT)
    # Rounding may move one of ten replicates across 0.
    assert one.p_value == pytest.approx(other.p_value, abs=2 / 11)


def test_a_student_beside_itself_does_not_differ() -> None:
    teacher, a, _, y = layers()
    found = pt.compare_students(teacher, a, a, y, **FAST)
    assert set(found.differences.values()) == {0.0}
    assert found.p_value == 1.0
    assert all((i.low, i.high) == (0.0, 0.0) for i in found.intervals.values())


def test_a_plain_difference_is_found() -> None:
    teacher, a, b, y = layers()
    found = pt.compare_students(teacher, a, b, y, **FAST | {"n_resamples": 60})
    assert found.differences["distillable"] < -0.1
    assert found.intervals["distillable"].high < 0
    assert known(found.p_value) <= 0.05


@pytest.mark.slow
def test_pairing_takes_out_what_both_share() -> None:
    """Chance in the choice of rows moves two like students alike."""
    teacher, a, _, y = layers(n=800)
    like = a + 0.1 * np.random.default_rng(1).normal(size=a.shape)
    found = pt.compare_students(teacher, a, like, y, **FAST | {"n_resamples": 60})

    def width(interval: pt.Interval) -> float:
        return interval.high - interval.low

    difference = width(found.intervals["student_information"])
    assert difference < 0.7 * width(found.a.intervals["student_information"])


@pytest.mark.slow
def test_a_summary_stands_for_its_array() -> None:
    teacher, a, b, y = layers()
    whole = pt.compare_students(teacher, a, b, y, **FAST)
    t, s_a, s_b = (pt.summarise(x, y, estimator=CHEAP) for x in (teacher, a, b))
    assert pt.compare_students(t, s_a, s_b, y, **FAST) == whole


@pytest.mark.slow
@pytest.mark.parametrize("estimator", [CHEAP, "symbols", "gaussian"], ids=str)
def test_the_same_for_any_number_of_jobs(estimator: Chosen) -> None:
    drawn: tuple[Array, ...] = layers(n=200)
    teacher, a, b, y = drawn
    if estimator == "symbols":
        teacher, a, b = (x[:, 0] > 0 for x in (teacher, a, b))
    if estimator == "gaussian":
        y = teacher[:, :2] + np.random.default_rng(2).normal(size=(200, 2))
    options = FAST | {"estimator": estimator}
    one = pt.compare_students(teacher, a, b, y, **options, n_jobs=1)
    assert pt.compare_students(teacher, a, b, y, **options, n_jobs=2) == one


@pytest.mark.slow
def test_groups_widen_the_differences() -> None:
    teacher, a, b, y = layers(n=200)
    rows, groups = np.repeat(np.arange(200), 4), np.repeat(np.arange(200), 4)
    options = FAST | {"n_resamples": 40}

    def width(**more: Any) -> float:
        interval = pt.compare_students(
            teacher[rows], a[rows], b[rows], y[rows], **options, **more
        ).intervals["distillable"]
        return interval.high - interval.low

    # Four copies a row: half the width where the copies pass for rows of their own.
    assert width(groups=groups) > 1.4 * width()


@pytest.mark.slow
def test_units() -> None:
    bits = pt.compare_students(T, HALF, Y, Y, n_resamples=10)
    nats = pt.compare_students(T, HALF, Y, Y, n_resamples=10, units="nats")
    assert nats.units == "nats"
    for name, interval in nats.intervals.items():
        assert interval.low == pytest.approx(bits.intervals[name].low * np.log(2), abs=EXACT)
    assert nats.p_value == bits.p_value


def test_without_a_level_nothing_is_resampled() -> None:
    found = pt.compare_students(T, HALF, Y, Y, confidence_level=None)
    assert found.p_value is None
    assert not found.intervals
    assert "p-value" not in found.summary()


def test_text_and_dictionary() -> None:
    found = pt.compare_students(T, HALF, Y, Y, n_resamples=20)
    text = found.summary()
    assert text.startswith("Student a has more left to distil than b, by 1.00 bits (")
    assert "\n1200 samples, in bits; the teacher knows 2.0000\n" in text
    (line,) = (row for row in text.splitlines() if row.startswith("  distillable"))
    assert line.split()[1:4] == ["1.0000", "0.0000", "+1.0000"]
    details = found.details().splitlines()
    assert any(row.startswith("S_a: ") for row in details)
    assert any(row.startswith("T and S_b: ") for row in details)  # the same array
    content = found.to_dict()
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert content["difference_distillable"] == found.differences["distillable"]
    assert content["a_distillable"] == found.a.distillable
    assert content["difference_synergy_low"] == found.intervals["synergy"].low
    assert content["p_value"] == found.p_value


def test_the_argument_is_named() -> None:
    with pytest.raises(ValueError, match=r"^S_b holds 300 NaN in 300 rows \(first at row 2\)"):
        pt.compare_students(T, HALF, np.where(Y == 2, np.nan, 1.5), Y)
    with pytest.raises(ValueError, match=r"S_a has 600 rows"):
        pt.compare_students(T, HALF[:600], Y, Y)
    with pytest.raises(ValueError, match=r"^S_a was summarised with other labels than Y"):
        pt.compare_students(T, pt.summarise(HALF, HALF), Y, Y)
    with pytest.raises(ValueError, match=r"^confidence_level must lie between 0 and 1"):
        pt.compare_students(T, HALF, Y, Y, confidence_level=95)
    with pytest.raises(ValueError, match=r"^n_resamples must be at least 10"):
        pt.compare_students(T, HALF, Y, Y, n_resamples=5)


def test_results_cannot_be_changed() -> None:
    found = pt.compare_students(T, HALF, Y, Y, confidence_level=None)
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'p_value'"):
        found.p_value = 0.0  # type: ignore[misc]


def useless(n_symbols: int, seed: int) -> pt.StudentComparison:
    """Both students know nothing; one has many symbols to say so."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 4, 2000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pt.PIDWarning)
        return pt.compare_students(
            y, rng.integers(0, n_symbols, 2000), rng.integers(0, 2, 2000), y,
            n_resamples=100, synergy=False,
        )  # fmt: skip


@pytest.mark.parametrize("n_symbols", [64, 256])
@pytest.mark.slow
def test_useless_symbols_of_one_student_make_no_difference(n_symbols: int) -> None:
    for seed in range(2):
        c = useless(n_symbols, seed)
        assert c.differences["distillable"] in c.intervals["distillable"]
        assert known(c.p_value) > 0.05


@pytest.mark.slow
def test_useless_students_are_told_apart_as_rarely_as_stated() -> None:
    """Of 25 at 5 % each no more than 4, which a test of that level passes in 99 %."""
    assert sum(known(useless(256, seed).p_value) <= 0.05 for seed in range(25)) <= 4


@pytest.mark.slow
def test_the_least_p_value_is_a_bound() -> None:
    y = np.arange(800) % 4
    c = pt.compare_students(y, y // 2, y, y, n_resamples=50)
    assert (c.p_value, c.p_value_is_bound) == (2 / 51, True)
    assert "equally much to distil <= 0.0392" in " ".join(c.summary().split())
    assert c.to_dict()["p_value_is_bound"] is True
    same = pt.compare_students(y, y // 2, y // 2, y, n_resamples=50)
    assert not same.p_value_is_bound
