"""Traces: exact numbers by step, bands for all steps at once, saturation, the log, bad input."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from helpers import all_said

import pidtools as pt
from pidtools._scores import Scores
from pidtools._types import Array, Codes
from pidtools.traces import MARGIN_BITS, MARGIN_SHARE

Y = np.arange(1200) % 4
RNG = np.random.default_rng(0)


def learning(n: int = 1200, n_steps: int = 8, seed: int = 0) -> tuple[Codes, list[Codes], Codes]:
    """A teacher, a student that says more and more of what it says, and labels."""
    rng = np.random.default_rng(seed)
    y = rng.integers(4, size=n)
    teacher = np.where(rng.random(n) < 0.2, rng.integers(4, size=n), y)
    luck, other = rng.random(n), rng.integers(4, size=n)
    last = n_steps // 2
    noise = [0.5 * max(0.0, 1 - k / last) for k in range(n_steps)]
    return teacher, [np.where(luck < share, other, teacher) for share in noise], y


T, STUDENTS, LABELS = learning()
PLAIN = [np.where(RNG.random(1200) < 0.3, RNG.integers(4, size=1200), S) for S in STUDENTS]


def trace(**options: Any) -> pt.DistillationTrace:
    given: dict[str, Any] = {"n_resamples": 200} | options
    return pt.distillation_trace(T, STUDENTS, LABELS, **given)


def test_numbers_of_a_step_are_those_of_one_measurement() -> None:
    for row, S in zip(trace(), STUDENTS, strict=True):
        alone = pt.distillable_knowledge(T, S, LABELS)
        for name in ("distillable", "distilled", "student_only", "student_information"):
            assert getattr(row, name) == pytest.approx(getattr(alone, name), abs=1e-9)


def test_teacher_information_is_one_number() -> None:
    found = trace(baseline=PLAIN)
    rows = [*found, *(row.baseline for row in found if row.baseline is not None)]
    assert len(rows) == 16
    assert {row.teacher_information for row in rows} == {found.teacher_information}


def test_exact_trace() -> None:
    students = [Y // 2, Y // 2, Y]
    found = pt.distillation_trace(Y, students, Y)
    assert [row.distillable for row in found] == pytest.approx([1, 1, 0], abs=1e-6)
    assert [row.distilled for row in found] == pytest.approx([1, 1, 2], abs=1e-6)


def test_bands_are_wider_than_intervals_and_hold_the_numbers() -> None:
    for row in trace():
        for name, value in (("distillable", row.distillable), ("distilled", row.distilled)):
            inner, outer = row.intervals[name], row.bands[name]
            assert outer.low <= inner.low <= value + 1e-6
            assert value - 1e-6 <= inner.high <= outer.high
            assert outer.low >= 0
            assert outer.high <= 2


def test_width_of_a_single_step_is_that_of_its_scores() -> None:
    """With one step and much to distil the band is 1.96 standard errors of the mean score."""
    result = pt.distillable_knowledge(T, STUDENTS[0], LABELS)
    scores = result.scores()
    error = scores.std() / np.sqrt(len(scores))
    (row,) = pt.distillation_trace(T, STUDENTS[:1], LABELS, n_resamples=4000)
    assert row.distillable - row.intervals["distillable"].low == pytest.approx(
        1.96 * error, rel=0.05
    )
    assert row.distillable - row.bands["distillable"].low == pytest.approx(1.96 * error, rel=0.08)


def test_a_band_of_equal_steps_is_no_wider_than_that_of_one() -> None:
    (one,) = pt.distillation_trace(T, STUDENTS[:1], LABELS)
    for row in pt.distillation_trace(T, STUDENTS[:1] * 6, LABELS):
        # Other draws of one law.
        assert row.bands["distillable"].low == pytest.approx(one.bands["distillable"].low, abs=0.01)


def test_nothing_left_is_found_where_it_is_so() -> None:
    found = trace().saturation
    assert found is not None
    assert (found.step, found.reason) == (4, "nothing left")
    margin = max(MARGIN_BITS, MARGIN_SHARE * trace().teacher_information)
    assert found.margin == pytest.approx(margin)


def test_no_longer_falling_is_found_on_a_plateau() -> None:
    students = [Y * 0 + Y // 3, Y // 2, Y // 2, Y // 2, Y // 2, Y // 2]
    found = pt.distillation_trace(Y, students, Y).saturation
    assert found is not None
    assert (found.step, found.reason) == (1, "no longer falling")


def test_two_later_steps_are_too_few_to_be_no_longer_falling() -> None:
    found = pt.distillation_trace(Y, [Y // 3, Y // 2, Y // 2, Y // 2], Y).saturation
    assert found is not None
    assert (found.step, found.reason) == (None, "still falling")


def test_a_fall_at_the_end_is_still_falling() -> None:
    found = pt.distillation_trace(T, STUDENTS[:4], LABELS).saturation
    assert found is not None
    assert (found.step, found.reason) == (None, "still falling")


def test_a_margin_of_ones_own() -> None:
    found = trace(margin=0.5).saturation
    assert found is not None
    assert found.margin == 0.5
    assert found.step is not None
    assert found.step < 4


def test_a_single_step_has_no_saturation() -> None:
    found = pt.distillation_trace(T, STUDENTS[:1], LABELS)
    assert found.saturation is None
    assert "saturat" not in found.summary().lower()


def test_a_baseline_stands_beside() -> None:
    found = trace(baseline=PLAIN)
    assert found.has_baseline
    for row, S in zip(found, PLAIN, strict=True):
        alone = pt.distillable_knowledge(T, S, LABELS)
        assert row.baseline is not None
        assert row.baseline.distillable == pytest.approx(alone.distillable, abs=1e-9)
        for name in ("distillable", "distilled"):
            expected = getattr(row, name) - getattr(row.baseline, name)
            assert row.differences[name] == pytest.approx(expected)
            assert row.difference_bands[name].low <= expected <= row.difference_bands[name].high
        # One teacher: what one has distilled more of is less distillable.
        own, other = row.difference_bands["distilled"], row.difference_bands["distillable"]
        assert (own.low, own.high) == pytest.approx((-other.high, -other.low))
    assert found[-1].difference_bands["distillable"].high < 0


def test_a_student_does_not_differ_from_itself() -> None:
    for row in trace(baseline=STUDENTS):
        assert row.differences == {"distillable": 0.0, "distilled": 0.0}
        assert 0.0 in row.difference_bands["distillable"]


def test_paired_differences_are_sharper_than_apart() -> None:
    row = trace(baseline=PLAIN)[0]
    assert row.baseline is not None
    widths = [
        band.high - band.low
        for band in (
            row.bands["distillable"],
            row.baseline.bands["distillable"],
            row.difference_bands["distillable"],
        )
    ]
    assert widths[2] < np.hypot(widths[0], widths[1])


def test_jobs_do_not_matter() -> None:
    students = STUDENTS[:3]
    one = pt.distillation_trace(T, students, LABELS, n_resamples=50, n_jobs=1)
    two = pt.distillation_trace(T, students, LABELS, n_resamples=50, n_jobs=2)
    assert one.to_dict() == two.to_dict()


@pytest.mark.slow
def test_jobs_do_not_matter_to_a_probe() -> None:
    probe = pt.Probe(experts=("lda",), n_folds=3)
    teacher = np.eye(4)[T[:400]] + 0.3 * np.random.default_rng(0).normal(size=(400, 4))
    with joblib.parallel_config("threading"):
        one, two = (
            pt.distillation_trace(
                teacher,
                [teacher[:, :2], teacher[:, :3]],
                LABELS[:400],
                estimator=probe,
                n_resamples=50,
                n_jobs=n_jobs,
            )
            for n_jobs in (1, 2)
        )
    assert one.to_dict() == two.to_dict()


def test_a_seed_repeats_and_another_does_not() -> None:
    assert trace().to_dict() == trace().to_dict()
    assert trace().to_dict() != trace(random_state=1).to_dict()


def test_units() -> None:
    bits, nats = trace(baseline=PLAIN), trace(baseline=PLAIN, units="nats")
    for a, b in zip(bits, nats, strict=True):
        for name, value in a.to_dict().items():
            unit = 1.0 if name in ("step", "confidence_level") else np.log(2)
            assert b.to_dict()[name] == pytest.approx(value * unit, abs=1e-9), name
    assert bits.saturation is not None
    assert nats.saturation is not None
    assert nats.saturation.margin == pytest.approx(bits.saturation.margin * np.log(2))
    assert nats.units == "nats"


def test_groups_widen_bands() -> None:
    """Rows that come five times each are worth a fifth."""
    five = [np.repeat(S[:600], 5) for S in STUDENTS[:2]]
    groups = np.repeat(np.arange(600), 5)
    options: dict[str, Any] = {"n_resamples": 200}
    apart = pt.distillation_trace(T[:600], [S[:600] for S in STUDENTS[:2]], LABELS[:600], **options)
    together = pt.distillation_trace(
        np.repeat(T[:600], 5), five, np.repeat(LABELS[:600], 5), groups=groups, **options
    )
    for a, b in zip(apart, together, strict=True):
        assert b.distillable == pytest.approx(a.distillable)
        assert b.bands["distillable"].low == pytest.approx(a.bands["distillable"].low, abs=1e-6)


def test_few_groups_are_said_and_fewer_refused() -> None:
    found = trace(groups=np.arange(1200) % 20)
    assert any("20 groups" in note for note in all_said(found))
    with pytest.raises(ValueError, match="groups holds 3 groups; a band needs at least 4"):
        trace(groups=np.arange(1200) % 3)


def test_steps_are_numbers_in_rising_order() -> None:
    found = pt.distillation_trace(Y, {10: Y, 2: Y // 2, 0.5: Y // 3}, Y)
    assert list(found.steps) == [0.5, 2, 10]
    assert [row.distilled for row in found] == pytest.approx([0.811278, 1, 2], abs=1e-5)


def test_without_confidence_there_are_numbers_alone() -> None:
    found = trace(confidence_level=None, baseline=PLAIN)
    assert found.saturation is None
    assert not found[0].bands
    assert not found[0].difference_bands
    assert [row.distillable for row in found] == [row.distillable for row in trace()]
    assert "Bands" not in found.summary()


def test_estimators_without_tables_have_numbers_alone() -> None:
    amounts = RNG.normal(size=400)
    teacher = amounts[:, None] + 0.5 * RNG.normal(size=(400, 2))
    students = [teacher + noise * RNG.normal(size=(400, 2)) for noise in (2.0, 0.5)]
    found = pt.distillation_trace(teacher, students, amounts, confidence_level=None)
    assert found[0].distillable > found[1].distillable
    with pytest.raises(ValueError, match="pass confidence_level=None"):
        pt.distillation_trace(teacher, students, amounts)


def test_the_teacher_may_be_a_summary() -> None:
    teacher = pt.summarise(T, LABELS)
    found = pt.distillation_trace(teacher, STUDENTS, LABELS, n_resamples=200)
    assert [row.to_dict() for row in found] == [row.to_dict() for row in trace()]


def test_to_dict_is_json_and_flat_by_row() -> None:
    found = trace(baseline=PLAIN).to_dict()
    again = json.loads(json.dumps(found))
    assert again["schema_version"] == 2
    assert again["saturation_reason"] == "nothing left"
    assert again["saturation_step"] == 4
    row = again["rows"][0]
    expected = {"step", "distillable", "distillable_low", "distillable_band_high"}
    expected |= {"baseline_distilled", "baseline_distillable_band_low", "confidence_level"}
    expected |= {"difference_distillable", "difference_distilled_band_low"}
    assert expected <= set(row)
    assert all(isinstance(value, int | float) for value in row.values())


def test_to_pandas() -> None:
    frame = trace().to_pandas()
    assert list(frame["step"]) == list(range(8))
    assert frame["distillable_band_high"].notna().all()


def test_summary_names_saturation_and_difference() -> None:
    text = trace(baseline=PLAIN).summary()
    assert text.startswith("Stop at step 4: saturated, nothing left, ")
    assert "what distilling took" in " ".join(text.split())
    assert len(text.splitlines()) < 30


def test_files_by_the_numbers_in_their_names(tmp_path: Path) -> None:
    for step, S in {2: Y // 2, 10: Y, 1: Y // 3}.items():
        np.save(tmp_path / f"run7-epoch-{step}.npy", S)
    found = pt.distillation_trace(Y, str(tmp_path / "*.npy"), Y)
    assert list(found.steps) == [1, 2, 10]
    assert [row.distilled for row in found] == pytest.approx([0.811278, 1, 2], abs=1e-5)


def test_a_log_gives_the_same_trace() -> None:
    log = pt.TraceLog(T, LABELS, n_resamples=200)
    for S, plain in zip(STUDENTS, PLAIN, strict=True):
        log.append(S, baseline=plain)
        assert len(log.trace()) == len(log)
    assert log.trace().to_dict() == trace(baseline=PLAIN).to_dict()


def test_the_last_step_of_a_log_is_flat() -> None:
    log = pt.TraceLog(Y, Y)
    with pytest.raises(ValueError, match="The log is empty"):
        _ = log.last
    with pytest.raises(ValueError, match="The log is empty"):
        log.trace()
    log.append(Y // 2, step=3)
    log.append(Y)
    assert log.last == pytest.approx(
        {
            "step": 4,
            "distillable": 0,
            "distilled": 2,
            "student_only": 0,
            "teacher_information": 2,
            "student_information": 2,
            "gap": 0,
        },
        abs=1e-6,
    )


def test_a_log_keeps_no_students() -> None:
    teacher = np.eye(4)[T[:400]] + 0.3 * RNG.normal(size=(400, 4))
    log = pt.TraceLog(teacher, LABELS[:400], estimator=pt.Probe(experts=("lda",), n_folds=3))
    log.append(teacher[:, :2])
    log.append(teacher[:, :3])
    assert all(one.result._located is None for looks in log._seen.values() for one in looks)
    assert log.trace()[0].distillable > log.trace()[1].distillable


def test_a_failed_step_leaves_the_log_as_it_was() -> None:
    log = pt.TraceLog(Y, Y)
    log.append(Y // 2)
    with pytest.raises(ValueError, match=r"S\[1\]"):
        log.append(Y[:-1])
    log.append(Y)
    assert log.trace().steps == (0, 1)


def test_like_warnings_are_said_once() -> None:
    own = np.arange(200)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        pt.distillation_trace(Y[:200], [own, own[::-1], own], Y[:200])
    alone = [str(each.message) for each in heard if "alone" in str(each.message)]
    assert len(alone) == 1
    assert alone[0].startswith("S[0]: ")
    assert "(3 of 3 steps are like this.)" in alone[0]


BAD: dict[str, tuple[Callable[[], object], type[Exception], str]] = {
    "no step": (lambda: pt.distillation_trace(Y, [], Y), ValueError, "students holds no step"),
    "an array of steps": (
        lambda: pt.distillation_trace(Y, np.array([Y, Y]), Y),  # type: ignore[arg-type]
        TypeError,
        "students must be a mapping of steps to arrays, a list",
    ),
    "other rows": (
        lambda: pt.distillation_trace(Y, {1: Y, 7: Y[:-4]}, Y),
        ValueError,
        r"S\[7\] has 1196",
    ),
    "another teacher": (
        lambda: pt.distillation_trace(pt.summarise(Y, Y[::-1]), [Y], Y),
        ValueError,
        "T was summarised with other labels than Y",
    ),
    "a baseline that lacks steps": (
        lambda: pt.distillation_trace(Y, {1: Y, 2: Y, 3: Y}, Y, baseline={1: Y, 5: Y}),
        ValueError,
        "baseline must have the same steps as students; it lacks 2, 3 and has 5 beyond",
    ),
    "a step that is no number": (
        lambda: pt.distillation_trace(Y, {"first": Y}, Y),
        TypeError,
        "Steps must be numbers, such as epochs; got 'first'",
    ),
    "a step that is not finite": (
        lambda: pt.distillation_trace(Y, {np.nan: Y}, Y),
        ValueError,
        "Steps must be finite numbers; got nan",
    ),
    "a margin of 0": (
        lambda: pt.distillation_trace(Y, [Y], Y, margin=0),
        ValueError,
        "margin must be a number above 0",
    ),
    "no files": (
        lambda: pt.distillation_trace(Y, "nowhere/*.npy", Y),
        ValueError,
        r"students: there is no file nowhere/\*.npy",
    ),
    "NaN at a step": (
        lambda: pt.distillation_trace(np.eye(4)[Y], [np.full((1200, 2), np.nan)], Y),
        ValueError,
        r"S\[0\]",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_named(name: str) -> None:
    call, kind, text = BAD[name]
    with pytest.raises(kind, match=text):
        call()


def test_steps_of_a_log_come_once_and_baselines_at_all_or_none() -> None:
    log = pt.TraceLog(Y, Y)
    log.append(Y, step=2)
    with pytest.raises(ValueError, match="Step 2 is in the log already"):
        log.append(Y, step=2)
    with pytest.raises(ValueError, match="Step 3 has a baseline and the steps before have none"):
        log.append(Y, baseline=Y)
    log = pt.TraceLog(Y, Y)
    log.append(Y, baseline=Y)
    with pytest.raises(ValueError, match="Step 1 has no baseline and the steps before have one"):
        log.append(Y)


def twins(n: int, seed: int) -> tuple[Codes, Codes, Codes]:
    """Two sources that know equally much of Y by independent noise: both uniques are 0."""
    rng = np.random.default_rng(seed)
    y = rng.integers(4, size=n)
    t, s = (np.where(rng.random(n) < 0.2, rng.integers(4, size=n), y) for _ in range(2))
    return t, s, y


def test_excess_of_prices_is_the_whole_estimate_of_twins_and_little_elsewhere() -> None:
    for seed in range(3):
        t, s, y = twins(2000, seed)
        halves = np.random.default_rng(seed).permutation(2000) % 2 == 0
        assert excess_of_prices(t, s, y, halves) > 0.8 * unique(t, s, y)
        clear = np.where(np.random.default_rng(9).random(2000) < 0.5, 0, s)
        assert excess_of_prices(t, clear, y, halves) < 0.05 * unique(t, clear, y)


def unique(t: Codes, s: Codes, y: Codes) -> float:
    return pt.distillable_knowledge(t, s, y).distillable


def excess_of_prices(t: Codes, s: Codes, y: Codes, halves: Array) -> float:
    result = pt.distillable_knowledge(t, s, y)
    located: Any = result._located
    scores: Scores = located.scores
    return scores.excess_of_prices(halves)


def test_excess_of_prices_needs_two_halves() -> None:
    t, s, y = twins(500, 0)
    assert excess_of_prices(t, s, y, np.ones(500, bool)) == 0.0


def test_bands_hold_nothing_left_between_twins() -> None:
    """Ten independent twins of one teacher: plain bands of first order leave 0 out."""
    rng = np.random.default_rng(5)
    y = rng.integers(4, size=2000)
    students = [np.where(rng.random(2000) < 0.2, rng.integers(4, size=2000), y) for _ in range(11)]
    found = pt.distillation_trace(students[0], students[1:], y)
    assert max(row.distillable for row in found) > 0.05
    assert all(0.0 in row.bands["distillable"] for row in found)
    known = found.teacher_information
    assert all(row.bands["distilled"].high > known - 0.01 for row in found)


# --- what a training does to a log ------------------------------------------------------------


def test_buffers_that_are_used_again_change_nothing() -> None:
    teacher, labels = T.copy(), LABELS.copy()
    log = pt.TraceLog(teacher, labels)
    teacher[:], labels[:] = 0, 0
    log.append(STUDENTS[0])
    expected = pt.distillation_trace(T, STUDENTS[:1], LABELS, confidence_level=None)[0]
    assert log.last == expected.to_dict()
    log.append(STUDENTS[1])
    assert len(log) == 2


def test_wrong_options_are_found_before_the_work() -> None:
    with pytest.raises(ValueError, match="estimator must be one of"):
        pt.TraceLog(T, LABELS, estimator="foo")
    with pytest.raises(ValueError, match="n_jobs"):
        pt.TraceLog(T, LABELS, n_jobs=0)
    few = pt.TraceLog(T, LABELS, groups=np.arange(len(T)) % 3)
    with pytest.raises(ValueError, match="a band needs at least 4"):
        few.append(STUDENTS[0])


def test_more_than_fifty_classes_step_by_step() -> None:
    """There pairs ask a probe of both sources, and so the teacher's features."""
    rng = np.random.default_rng(0)
    labels = np.arange(1200) % 60
    X = 2 * rng.normal(size=(60, 6))[labels] + rng.normal(size=(1200, 6))
    probe = pt.Probe(experts=("lda",))
    trace = pt.distillation_trace(
        X, [X[:, :2], X[:, :4]], labels, estimator=probe, confidence_level=None
    )
    assert trace[0].distillable > trace[1].distillable > 0


def test_paths_of_steps(tmp_path: Path) -> None:
    np.save(tmp_path / "s.npy", STUDENTS[0])
    read = pt.distillation_trace(T, {0: str(tmp_path / "s.npy")}, LABELS, confidence_level=None)
    assert read[0] == pt.distillation_trace(T, STUDENTS[:1], LABELS, confidence_level=None)[0]


def test_a_step_of_other_rows_names_its_file(tmp_path: Path) -> None:
    y = np.arange(60) % 3
    for step, held in ((1, y // 2), (2, y[:40])):
        np.save(tmp_path / f"s-{step}.npy", held)
        np.save(tmp_path / f"b-{step}.npy", y // 2)
    for students, baseline in (("s", None), ("b", "s")):
        other = None if baseline is None else f"{tmp_path}/{baseline}-*.npy"
        with pytest.raises(ValueError, match=r"has 40 rows.* is .*s-2\.npy\."):
            pt.distillation_trace(y, f"{tmp_path}/{students}-*.npy", y, baseline=other)


def test_late_steps_keep_all_of_their_digits() -> None:
    y = np.arange(400) % 4
    steps = {1234567: y // 4, 1234568: y // 2, 1234568.5: y}
    trace = pt.distillation_trace(y, steps, y, estimator="symbols", n_resamples=20)
    found = trace.metrics()
    for step, left in (("1234567", 2.0), ("1234568", 1.0), ("1234568.5", 0.0)):
        assert found[f"distillable/step_{step}"] == pytest.approx(left, abs=1e-9)
        assert f" {step} " in trace.summary()
    again = pt.DistillationTrace.from_dict(json.loads(json.dumps(trace.to_dict())))
    assert again.metrics() == found
