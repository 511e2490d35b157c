"""Maps of layers: the numbers of the pairs alone, errors that stay with their layer, the best."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import all_said, unheard

import pidtools as pt
from pidtools import _estimator, _looking
from pidtools._types import Array, Codes, Floats

Y = np.arange(1200) % 4
TEACHER = {"conv1": Y, "head": Y % 2}
STUDENT = {"conv1": Y // 2, "last": Y % 2}
LDA = pt.Probe(experts=("lda",), n_folds=3, n_cells=20)
NUMBERS = ("distillable", "distilled", "student_only", "teacher_information")


def noisy(share: float, seed: int, n: int = 1200) -> Codes:
    """The label, drawn anew in a share of the rows."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random(n) < share, rng.integers(0, 4, n), np.arange(n) % 4)


def features(n: int = 500, seed: int = 0) -> tuple[dict[str, Floats], dict[str, Floats], Codes]:
    """Two layers of a teacher and two of a student, each a part of the one before; labels."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    x = rng.normal(size=(n, 5)) + 1.5 * np.eye(5)[y]
    z = x[:, :3] + 0.7 * rng.normal(size=(n, 3))
    return {"a": x, "b": x[:, :2]}, {"a": z, "b": z[:, :2]}, y


def test_pairs_are_measured_as_alone() -> None:
    with unheard():
        found = pt.distillation_map(TEACHER, STUDENT, Y, confidence_level=0.9, n_resamples=50)
    assert [(row.teacher_layer, row.student_layer) for row in found] == [
        (t, s) for t in TEACHER for s in STUDENT
    ]
    for row in found:
        T, S = TEACHER[row.teacher_layer], STUDENT[row.student_layer]
        alone = pt.distillable_knowledge(T, S, Y, synergy=False)
        assert row.error is None
        for name in NUMBERS:
            assert row.number(name) == getattr(alone, name)
        for name, interval in row.intervals.items():
            assert interval.low - 1e-9 <= getattr(alone, name) <= interval.high + 1e-9
    assert np.allclose(found.matrix(), [[1, 1], [1, 0]], atol=1e-9)


def test_pairs_of_a_probe_are_measured_as_alone() -> None:
    teacher, student, y = features()
    found = pt.distillation_map(teacher, student, y, estimator=LDA)
    for row in found:
        T, S = teacher[row.teacher_layer], student[row.student_layer]
        alone = pt.distillable_knowledge(T, S, y, estimator=LDA, synergy=False)
        assert [row.number(name) for name in NUMBERS] == [getattr(alone, n) for n in NUMBERS]


def test_intervals_away_from_borders_are_those_of_one_pair() -> None:
    T, S = noisy(0.1, 0), noisy(0.6, 1)
    options: dict[str, Any] = {"confidence_level": 0.95, "uncertainty": "analytic"}
    alone = pt.distillable_knowledge(T, S, Y, synergy=False, **options)
    found = pt.distillation_map({"t": T}, {"s": S, "u": noisy(0.7, 2)}, Y, **options)
    # Other draws of one law: 200 of them tell its quantiles to some 15 % of a standard error.
    one, other = (x.intervals["distillable"] for x in (found["t", "s"], alone))
    assert one.low == pytest.approx(other.low, abs=0.15 * (other.high - other.low))
    assert one.high == pytest.approx(other.high, abs=0.15 * (other.high - other.low))


def test_each_layer_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def counted(estimator: Any, data: Any, y: Array, **options: Any) -> pt.Summary:
        seen.append(data.name)
        made: pt.Summary = _estimator.summarised(estimator, data, y, **options)
        return made

    monkeypatch.setattr(_looking, "summarised", counted)
    pt.distillation_map(TEACHER, STUDENT, Y)
    assert sorted(seen) == ["student conv1", "student last", "teacher conv1", "teacher head"]


def test_a_layer_that_fails_leaves_the_others() -> None:
    broken = {**TEACHER, "broken": np.full((1200, 2), np.nan)}
    found = pt.distillation_map(broken, STUDENT, Y)
    row = found["broken", "last"]
    assert row.distillable is None
    assert row.result is None
    assert row.error is not None
    assert "teacher broken" in row.error
    assert "NaN" in row.error
    assert set(found.failed) == {"teacher broken"}
    assert found["head", "conv1"].distillable == pytest.approx(1.0)
    assert np.isnan(found.matrix()[2]).all()
    assert "failed" in found.summary()
    assert found.summary().count("NaN") == 1


def test_a_pair_that_fails_leaves_the_others() -> None:
    other = pt.summarise(np.random.default_rng(0).normal(size=(1200, 2)), Y, estimator=LDA)
    found = pt.distillation_map(TEACHER, {"other": other, "last": Y % 2}, Y, estimator="symbols")
    row = found["head", "other"]
    assert row.error is not None
    assert "summarised in the same way" in row.error
    assert found["head", "last"].distillable == pytest.approx(0.0, abs=1e-9)


@pytest.mark.slow
def test_workers_change_nothing() -> None:
    teacher, student, y = features(300)
    options: dict[str, Any] = {"estimator": LDA, "confidence_level": 0.9, "n_resamples": 20}
    one = pt.distillation_map(teacher, student, y, **options)
    two = pt.distillation_map(teacher, student, y, n_jobs=2, **options)
    assert json.dumps(one.to_dict()) == json.dumps(two.to_dict())


def test_ordered_layers_hear_the_later_ones() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(800, 3))
    product = x[:, :1] * x[:, 1:2]  # which no linear expert sees
    y = (product[:, 0] > 0).astype(int)
    layers = {"first": x, "middle": np.hstack([product, x[:, 2:]]), "last": product}
    options: dict[str, Any] = {"estimator": LDA}
    plain = pt.distillation_map(layers, {"s": x[:, 2:]}, y, **options)
    found = pt.distillation_map(layers, {"s": x[:, 2:]}, y, ordered=True, **options)
    known = found.matrix("teacher_information")[:, 0]
    assert plain.matrix("teacher_information")[0, 0] < 0.1
    assert known[0] >= known[1] >= known[2] > 0.5
    # What the last one says reaches the first through the one between.
    notes = all_said(found["first", "s"])
    assert sum("hears what is said of another source" in note for note in notes) == 1


def test_ordered_needs_models() -> None:
    with pytest.raises(TypeError, match="no layer can hear another; leave ordered out"):
        pt.distillation_map(TEACHER, STUDENT, Y, ordered=True)


def test_summaries_and_arrays_meet() -> None:
    looked = pt.summarise(Y, Y)
    found = pt.distillation_map({"t": looked, "u": Y % 2}, STUDENT, Y)
    assert found["t", "last"].distillable == pytest.approx(1.0)


def test_the_best_is_ranked_against_the_last_student_layer() -> None:
    # Of the first student layer, that knows nothing, the richest layer would be best.
    teacher = {"rich": Y // 2 + 4 * (Y % 2 * (np.arange(1200) % 3 > 0)), "other": Y % 2}
    student = {"first": 0 * Y + (np.arange(1200) % 2), "last": Y // 2}
    found = pt.distillation_map(teacher, student, Y, confidence_level=0.95)
    best = found.best()
    assert best.best == "other"
    assert best.layers == ("other",)
    assert best.student == "last"
    assert [row.ruled_out for row in best] == [False, True]
    assert "from other, 1.00 bits: at 95\xa0% no other has" in best.summary()
    assert best.to_dict()["layers"] == ["other"]


def test_equal_layers_are_not_ruled_out() -> None:
    good = noisy(0.2, 0)
    layers = {"a": good, "b": good[:], "bad": noisy(0.9, 1)}
    best = pt.distillation_map(layers, {"s": noisy(0.6, 2)}, Y, confidence_level=0.95).best()
    assert best.layers == ("a", "b")
    assert best[0].difference == 0.0
    assert best[2].interval.high == 0.0


def test_close_layers_are_not_told_apart_and_far_ones_are() -> None:
    layers = {f"t{k}": noisy(p, k) for k, p in enumerate((0.2, 0.22, 0.24, 0.6, 0.8))}
    best = pt.distillation_map(layers, {"s": noisy(0.7, 9)}, Y, confidence_level=0.95).best()
    assert {"t0", "t1"} <= set(best.layers) < set(layers)
    for row in best:
        assert row.interval.low <= row.difference <= row.interval.high


@pytest.mark.slow
def test_other_student_layers_do_not_change_the_best() -> None:
    layers = {f"t{k}": noisy(p, k) for k, p in enumerate((0.2, 0.3, 0.6))}
    few = pt.distillation_map(layers, {"s": noisy(0.4, 9)}, Y, confidence_level=0.95)
    students = {"x": noisy(0.1, 7), "s": noisy(0.4, 9)}
    more = pt.distillation_map(layers, students, Y, confidence_level=0.95)
    one, other = few.best(), more.best()
    assert (one.layers, one.student) == (other.layers, other.student)
    for a, b in zip(one, other, strict=True):
        assert (a.name, a.difference) == (b.name, b.difference)
        assert a.interval.low == pytest.approx(b.interval.low, abs=0.05)


def test_a_single_layer_is_the_best() -> None:
    best = pt.distillation_map({"t": Y}, {"s": Y // 2}, Y, confidence_level=0.95).best()
    assert (best.layers, best[0].difference) == (("t",), 0.0)


def test_the_best_needs_intervals_and_an_answer() -> None:
    with pytest.raises(ValueError, match=r"confidence_level=0\.95"):
        pt.distillation_map(TEACHER, STUDENT, Y).best()
    student = {**STUDENT, "last": np.full(1200, np.nan)}
    found = pt.distillation_map(TEACHER, student, Y, confidence_level=0.95)
    with pytest.raises(ValueError, match=r"Nothing can be ranked against last: .*NaN"):
        found.best()


def test_unknown_pairs_and_numbers_are_refused() -> None:
    found = pt.distillation_map(TEACHER, STUDENT, Y)
    with pytest.raises(KeyError, match="no teacher layer 'conv9'; there are 'conv1', 'head'"):
        found["conv9", "last"]
    with pytest.raises(KeyError, match="no student layer 'head'; there are 'conv1', 'last'"):
        found.at("head", "head")
    with pytest.raises(ValueError, match="name must be one of distillable, "):
        found.matrix("accuracy")
    assert np.isnan(found.matrix("synergy")).all()


@pytest.mark.parametrize(
    ("teacher", "student", "error", "text"),
    [
        ([Y], STUDENT, TypeError, "teacher_layers must be a mapping of names to arrays"),
        ({}, STUDENT, ValueError, "teacher_layers is empty"),
        (TEACHER, {}, ValueError, "student_layers is empty"),
        (TEACHER, {0: Y}, TypeError, "student_layers has the key 0; name each layer by a string"),
        ({"short": Y[:9]}, {"short": Y[:9]}, ValueError, "teacher short has 9 rows"),
    ],
)
def test_bad_input_is_refused(
    teacher: Any, student: Any, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        pt.distillation_map(teacher, student, Y)


def test_synergy_on_request() -> None:
    found = pt.distillation_map({"t": Y // 2}, {"s": Y % 2}, Y, synergy=True)
    alone = pt.distillable_knowledge(Y // 2, Y % 2, Y)
    assert found[0].synergy == alone.synergy
    assert found[0].joint_information == alone.joint_information


def test_a_continuous_target_takes_the_bootstrap() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 3))
    y = x.sum(axis=1)
    layers: Mapping[str, Floats] = {"a": x[:, :2] + rng.normal(size=(400, 2))}
    options: dict[str, Any] = {"confidence_level": 0.9, "n_resamples": 20}
    found = pt.distillation_map(layers, layers, y, **options)
    asked = pt.distillation_map(layers, layers, y, uncertainty="bootstrap", **options)
    assert found[0].intervals == asked[0].intervals
    assert found[0].distillable == pytest.approx(0.0, abs=0.05)
    assert "distillable" in found[0].intervals


def test_units() -> None:
    options: dict[str, Any] = {"confidence_level": 0.95}
    bits = pt.distillation_map(TEACHER, STUDENT, Y, **options)
    nats = pt.distillation_map(TEACHER, STUDENT, Y, units="nats", **options)
    assert np.allclose(nats.matrix(), bits.matrix() * np.log(2))
    assert nats.best()[0].difference == pytest.approx(bits.best()[0].difference * np.log(2))


def test_dictionaries_and_frames() -> None:
    found = pt.distillation_map(TEACHER, STUDENT, Y, confidence_level=0.95)
    content = json.loads(json.dumps(found.to_dict()))
    assert content["schema_version"] == 2
    assert content["teacher_layers"] == list(TEACHER)
    assert len(content["rows"]) == 4
    row = content["rows"][1]
    assert (row["teacher_layer"], row["student_layer"]) == ("conv1", "last")
    assert row["distillable_low"] <= row["distillable"] <= row["distillable_high"]
    assert row["error"] is None
    frame = found.to_pandas()
    assert frame.pivot(
        index="teacher_layer", columns="student_layer", values="distillable"
    ).shape == (2, 2)


def test_the_summary_marks_what_covers_zero() -> None:
    found = pt.distillation_map(TEACHER, STUDENT, Y, confidence_level=0.95)
    text = found.summary()
    assert "(0.0000)" in text
    assert "(1.0000)" not in text
    assert "Most to distil into last: at 95\N{NO-BREAK SPACE}% conv1\n" in text


def test_layers_in_files_and_layers_without_tables(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    amounts = X[:, :1] + rng.normal(size=(300, 1))
    np.save(tmp_path / "x.npy", X)
    found = pt.distillation_map(
        {"file": tmp_path / "x.npy", "text": str(tmp_path / "x.npy"), "none": tmp_path / "y.npy"},
        {"s": X[:, 1:]},
        amounts,
        confidence_level=0.9,
        n_resamples=20,
    )
    one, other, missing = found
    assert one.distillable == other.distillable
    assert missing.error is not None
    assert "there is no file" in missing.error
    assert "distillable" in one.intervals
    assert any("intervals come from resamples" in note for note in all_said(one))


def test_a_layer_of_other_rows_leaves_the_others(tmp_path: Path) -> None:
    """As arrays that are no layers lie in the files of layers."""
    np.save(tmp_path / "short.npy", Y[:9])
    for short, file in ((Y[:9], ""), (tmp_path / "short.npy", f" ({tmp_path / 'short.npy'})")):
        found = pt.distillation_map({**TEACHER, "short": short}, STUDENT, Y)
        errors = {row.teacher_layer: row.error for row in found if row.error is not None}
        assert errors == {
            "short": "teacher short and Y must have one row a sample: teacher short has 9 rows"
            f"{file}, Y has {len(Y)} rows."
        }
    wanted = pt.distillation_map(TEACHER, STUDENT, Y)
    same = [row.result.pid for row in found if row.result is not None]
    assert same == [row.result.pid for row in wanted if row.result is not None]
