"""Where the knowledge is, as results say it: classes, pairs of classes, rows."""

from __future__ import annotations

import json
import pickle
import sys
from typing import Any

import numpy as np
import pytest
from helpers import LDA, all_said, known, sampled_problem, teacher_and_student

import pidtools as pt
from pidtools._types import Array

N = 300
T, S, Y = teacher_and_student(N)
NAMES = np.array(["cat", "dog", "eel"])[Y]
CELLS = ("symbols", "binning", "kmeans")


CODES = tuple((X[:, 0] > 1).astype(int) + (X[:, 0] > 0) for X in (T, S))


def measured(
    estimator: Any = LDA, labels: Array = NAMES, **options: Any
) -> pt.DistillableKnowledge:
    """Of columns that suit the estimator."""
    t, s = (T, S) if estimator != "symbols" else CODES
    if estimator == "binning":
        t, s, estimator = T[:, :1], S[:, :1], pt.Binning(n_bins=3)
    return pt.distillable_knowledge(t, s, labels, estimator=estimator, **options)


def of_codes(*sources: Array, **options: Any) -> pt.DistillableKnowledge:
    """Of symbols, without the triple."""
    t, s, y = sources
    return pt.distillable_knowledge(t, s, y, estimator="symbols", synergy=False, **options)


@pytest.mark.parametrize("estimator", [*CELLS, LDA])
def test_classes_add_up_to_the_numbers(estimator: Any) -> None:
    result = measured(estimator)
    rows = result.by_class()
    assert [row.label for row in rows] == ["cat", "dog", "eel"]
    assert [row.n_samples for row in rows] == [100] * 3
    for name in ("distillable", "distilled", "student_only"):
        total = sum(row.share * row.to_dict()[name] for row in rows)
        assert total == pytest.approx(result.to_dict()[name], abs=1e-9)
    assert min(min(row.distillable, row.student_only) for row in rows) > -1e-6
    assert all(row.intervals == {} for row in rows)


@pytest.mark.parametrize("estimator", CELLS)
def test_scores_of_cells_have_the_numbers_as_their_means(estimator: str) -> None:
    result = measured(estimator)
    for name in ("distillable", "distilled", "student_only", "synergy", "joint_information"):
        scores = result.scores(name)
        assert scores.shape == (N,)
        assert scores.mean() == pytest.approx(result.to_dict()[name], abs=1e-6)
    for row in result.by_class():
        mine = result.scores()[row.label == NAMES]
        assert mine.mean() == pytest.approx(row.distillable, abs=1e-6)


@pytest.mark.parametrize("name", ["degraded", "ternary_unordered", "ten_classes"])
def test_scores_of_a_probe_have_a_mean_near_the_number(name: str) -> None:
    """Cells are means of posteriors; the residual is what that leaves."""
    t, s, y = sampled_problem(name).sample(2000)
    result = pt.distillable_knowledge(t, s, y, estimator=LDA, synergy=False)
    assert result.scores().mean() == pytest.approx(result.distillable, abs=0.01)


def test_scores_do_not_depend_on_the_order_of_rows_or_the_names_of_cells() -> None:
    order = np.random.default_rng(0).permutation(N)
    t, s = CODES
    before = of_codes(t, s, NAMES).scores()
    after = of_codes(t[order], s[order], NAMES[order]).scores()
    np.testing.assert_allclose(after, before[order], atol=1e-7)
    np.testing.assert_allclose(of_codes(7 - 3 * t, s, NAMES).scores(), before, atol=1e-7)


def test_units_are_those_of_the_result() -> None:
    bits, nats = (measured("kmeans", units=units) for units in ("bits", "nats"))
    np.testing.assert_allclose(nats.scores(), bits.scores() * np.log(2))
    assert nats.by_class().units == "nats"
    assert nats.by_class()[0].distillable == pytest.approx(
        bits.by_class()[0].distillable * np.log(2)
    )
    assert nats.by_pair()[0].distilled == pytest.approx(bits.by_pair()[0].distilled * np.log(2))


@pytest.mark.slow
def test_classes_have_intervals_where_the_result_has() -> None:
    labels = NAMES.copy()
    labels[:1] = "emu"
    result = measured("kmeans", labels, confidence_level=0.9, n_resamples=30)
    rows = result.by_class()
    for row in rows:
        if row.label == "emu":
            assert (row.n_samples, row.intervals) == (1, {})
            continue
        assert row.intervals.keys() == {"distillable", "distilled", "student_only"}
        assert row.intervals["distillable"].low >= 0
        for name, interval in row.intervals.items():
            assert interval.low <= row.to_dict()[name] + 1e-9
            assert interval.confidence_level == 0.9
    assert "distillable_low" in rows.to_dict()["rows"][0]
    text = rows.summary()
    assert "intervals of distillable" in text
    names = {str(row.label) for row in rows}
    lines = [line for line in text.splitlines() if line.split()[:1]]
    shown = {
        line.split()[0]: "90\N{NO-BREAK SPACE}%:" in line
        for line in lines
        if line.split()[0] in names
    }
    assert shown == {name: name != "emu" for name in names}
    assert measured("kmeans", labels, confidence_level=0.9, n_resamples=30).by_class() == rows


def test_tables_are_sequences_that_json_and_pandas_take(monkeypatch: pytest.MonkeyPatch) -> None:
    result = measured("kmeans")
    rows, pairs = result.by_class(), result.by_pair()
    assert len(rows) == 3
    assert rows[1:] == (rows[1], rows[2])
    assert json.loads(json.dumps(rows.to_dict()))["rows"][2]["label"] == "eel"
    assert json.loads(json.dumps(pairs.to_dict()))["schema_version"] == 2
    assert rows.summary().splitlines()[1].startswith("class")
    assert "eel" in rows.summary()
    assert pairs.labels == ["cat", "dog", "eel"]
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="needs pandas"):
        rows.to_pandas()


def test_pandas_has_a_row_a_class() -> None:
    pytest.importorskip("pandas")
    frame = measured("kmeans").by_class().to_pandas()
    assert list(frame["label"]) == ["cat", "dog", "eel"]


def test_pairs_of_classes() -> None:
    codes = np.arange(4000) % 4
    pairs = pt.distillable_knowledge(codes, np.minimum(codes, 2), codes).by_pair()
    assert [(row.label_a, row.label_b) for row in pairs][-1] == (2, 3)
    expected = np.zeros((4, 4))
    expected[2, 3] = expected[3, 2] = 1.0
    np.testing.assert_allclose(pairs.matrix(), expected, atol=1e-9)
    np.testing.assert_allclose(pairs.matrix("distilled"), 1 - expected - np.eye(4), atol=1e-9)
    with pytest.raises(ValueError, match='name must be "distillable"'):
        pairs.matrix("synergy")


def test_a_result_travels_without_the_activations() -> None:
    wide = np.hstack([T, np.zeros((N, 4000))])
    result = pt.distillable_knowledge(wide, S, NAMES, estimator=LDA)
    packed = pickle.dumps(result)
    assert len(packed) < wide.nbytes / 10
    assert pickle.loads(packed).by_class() == result.by_class()


REFUSED = {
    "gaussian": (S[:, :1] + 0.1 * T[:, :1], "gaussian", "Y is continuous"),
    "knn": (NAMES, "knn", "these atoms don't come from tables"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_without_tables_there_is_no_where(case: str) -> None:
    labels, estimator, reason = REFUSED[case]
    noisy = np.random.default_rng(3).normal(size=T.shape)
    result = pt.distillable_knowledge(T + noisy, S, labels, estimator=estimator)
    for asked in ("by_class", "by_pair", "scores"):
        with pytest.raises(ValueError, match=rf"{asked}\(\) needs class labels.*{reason}"):
            getattr(result, asked)()


def test_scores_of_what_is_not_there() -> None:
    with pytest.raises(ValueError, match="quantity must be one of distillable, "):
        measured("kmeans").scores("redundancy")
    with pytest.raises(ValueError, match="measure with synergy=True"):
        measured("kmeans", synergy=False).scores("joint_information")


# --- uncertainty without resamples ------------------------------------------------------------


def test_analytic_errors_are_those_of_means_of_scores() -> None:
    result = measured("kmeans", confidence_level=0.95, uncertainty="analytic", n_resamples=4000)
    for name in ("distillable", "distilled", "teacher_information"):
        interval = result.intervals[name]
        half = 1.96 * result.scores(name).std() / np.sqrt(N)
        # Of 4000 draws the ends err by some 4 % of the half width.
        assert interval.high - interval.low == pytest.approx(2 * half, rel=0.1)


def test_groups_are_summed() -> None:
    """Each row ten times, in groups: as few rows as there were."""
    t, s = CODES
    options: dict[str, Any] = {"confidence_level": 0.9, "uncertainty": "analytic"}
    many = [np.repeat(x, 10) for x in (t, s, NAMES, np.arange(N))]
    few, grouped = of_codes(t, s, NAMES, **options), of_codes(*many[:3], groups=many[3], **options)
    for name in ("distillable", "distilled"):
        assert grouped.intervals[name].low == pytest.approx(few.intervals[name].low, abs=0.01)


@pytest.mark.slow
def test_at_its_border_distillable_is_resampled() -> None:
    codes = np.arange(N) % 3
    result = of_codes(codes, codes, NAMES, confidence_level=0.95, uncertainty="analytic")
    assert any("intervals come from resamples" in note for note in all_said(result))
    assert result.intervals["distillable"].low == 0
    assert result.intervals == of_codes(codes, codes, NAMES, confidence_level=0.95).intervals


def test_a_student_at_its_border_has_no_interval_of_its_own() -> None:
    codes = np.arange(N) % 4
    result = of_codes(codes, codes // 2, codes, confidence_level=0.95, uncertainty="analytic")
    assert "student_only" not in result.intervals
    assert any("has no analytic interval" in note for note in all_said(result))
    assert "95\N{NO-BREAK SPACE}%:" in result.summary()


def test_analytic_needs_tables() -> None:
    with pytest.raises(ValueError, match='uncertainty="analytic" needs atoms that come from two'):
        measured("knn", confidence_level=0.95, uncertainty="analytic")
    with pytest.raises(ValueError, match="uncertainty must be one of"):
        measured("kmeans", uncertainty="exact")


@pytest.mark.slow
def test_comparisons_can_be_analytic() -> None:
    codes = np.arange(2000) % 4
    noise = np.random.default_rng(0)
    a, b = (
        np.where(noise.random(2000) < share, noise.integers(0, 4, 2000), codes)
        for share in (0.3, 0.6)
    )
    options: dict[str, Any] = {"estimator": "symbols", "synergy": False}
    found = pt.compare_students(codes, a, b, codes, uncertainty="analytic", **options)
    again = pt.compare_students(codes, a, b, codes, **options)
    assert found.differences == again.differences
    for end in ("low", "high"):
        expected = getattr(again.intervals["distillable"], end)
        assert getattr(found.intervals["distillable"], end) == pytest.approx(expected, abs=0.02)
    assert found.p_value is not None
    assert found.p_value < 0.05


def test_many_cells_of_a_triple_are_looked_into() -> None:
    """Both together have sixteen times the cells of each, and sampling adds to what they say."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 1000)
    t = np.where(rng.random(1000) < 0.9, y, rng.integers(0, 4, 1000)) * 4 + rng.integers(0, 4, 1000)
    s = np.where(rng.random(1000) < 0.8, y // 2, rng.integers(0, 2, 1000)) * 4
    s = s + rng.integers(0, 4, 1000)
    options: dict[str, Any] = {"confidence_level": 0.95, "estimator": "symbols"}
    found = pt.distillable_knowledge(t, s, y, uncertainty="analytic", **options)
    assert found.intervals["joint_information"].low < 1.612 < known(found.joint_information)


@pytest.mark.slow
def test_comparisons_at_a_border_meet_the_same_resamples() -> None:
    codes = np.arange(400) % 4
    options: dict[str, Any] = {"estimator": "symbols"}
    found = pt.compare_students(codes, codes // 2, codes, codes, uncertainty="analytic", **options)
    again = pt.compare_students(codes, codes // 2, codes, codes, **options)
    assert found.intervals == again.intervals
    assert found.intervals["joint_information"].high == pytest.approx(0, abs=1e-9)


def test_a_part_that_is_0_but_for_rounding_has_0_in_its_interval() -> None:
    codes = np.arange(N) % 4
    rows = of_codes(codes, codes // 2, codes, confidence_level=0.9, n_resamples=20).by_class()
    assert all(row.intervals["student_only"].low == 0 for row in rows)


def test_labels_of_bytes_are_written_as_text() -> None:
    result = measured("kmeans", NAMES.astype("S3"))
    assert json.loads(json.dumps(result.by_class().to_dict()))["rows"][0]["label"] == "cat"
