"""A teacher and its students measured together: laws, p-values, groups, and what is said."""

from __future__ import annotations

import dataclasses
import warnings
from typing import Any

import numpy as np
import pytest
from helpers import (
    LDA,
    Chosen,
    all_said,
    known,
    measured,
    noted,
    teacher_and_noise,
    teacher_and_student,
)

import pidtools as pt
from pidtools._cells.summary import CellPair

N = 300
T, S, Y = teacher_and_student(N)


# --- laws that estimates break ----------------------------------------------------------------


def test_estimates_are_reported_as_they_came_out_with_a_note(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An estimator that breaks every law on purpose."""
    whole = CellPair.atoms

    def off(self: CellPair) -> pt.PID:
        return dataclasses.replace(whole(self), unique_t=-0.02, redundancy=-0.01)

    monkeypatch.setattr(CellPair, "atoms", off)
    monkeypatch.setattr(CellPair, "joint_information", lambda self: -0.2)
    result = pt.distillable_knowledge(Y, Y // 2, Y)
    assert (result.distillable, result.distilled) == (-0.02, -0.01)
    (note,) = (note for note in all_said(result) if note.startswith("Below 0"))
    for name in ("distilled = -0.01", "distillable = -0.02", "synergy = -0.17 bits"):
        assert name in note
    assert "constrained() gives the nearest numbers that obey the laws" in note
    nats = pt.distillable_knowledge(Y, Y // 2, Y, units="nats")
    assert any("distillable = -0.014" in note and "nats" in note for note in all_said(nats))


def test_exact_answers_break_no_law() -> None:
    result = pt.distillable_knowledge(Y, Y // 2, Y)
    assert not noted(result, "Below 0")


def test_rounding_is_nothing_to_distil() -> None:
    """Equal outputs of a head: their difference is rounding, and no interval leaves 0 out."""
    sure = np.eye(2)[Y % 2]
    probe = pt.Probe(inputs="probabilities", experts=())
    result = measured(
        sure, sure, Y % 2, estimator=probe, synergy=False, confidence_level=0.95, n_resamples=40
    )
    assert result.distillable == pytest.approx(0, abs=1e-6)
    assert result.intervals["distillable"].low == 0
    assert result.p_distillable == 1
    assert not any("Below 0" in note for note in all_said(result))


# --- the p-value of what is left --------------------------------------------------------------


@pytest.mark.slow
def test_what_is_left_has_a_p_value() -> None:
    result = measured(confidence_level=0.9, n_resamples=200, synergy=False)
    assert result.distillable > 0.1
    # The least value that 200 resamples give.
    assert result.p_distillable == pytest.approx(5 / 201)
    assert "p-value of nothing to distil" in result.summary()
    assert result.to_dict()["p_distillable"] == result.p_distillable


@pytest.mark.slow
def test_nothing_left_is_not_rejected() -> None:
    for student in (T, np.hstack([T, T[:, :1]])):
        result = measured(S=student, confidence_level=0.9, n_resamples=20, synergy=False)
        assert known(result.p_distillable) > 0.05
        assert noted(result, "20 resamples allow no p-value of nothing to distil below 0.24")
    reversed_ = measured(S, T, confidence_level=0.9, n_resamples=20, synergy=False)
    assert known(reversed_.p_distillable) > 0.05


def test_without_resamples_there_is_no_p_value() -> None:
    result = measured(synergy=False)
    assert result.p_distillable is None
    assert "p_distillable" not in result.to_dict()
    assert "p-value" not in result.summary()


def test_few_resamples_with_an_answer_are_said() -> None:
    rng = np.random.default_rng(1)
    T, S, Y = rng.normal(size=(14, 4)), rng.normal(size=(14, 4)), rng.normal(size=(14, 2))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = pt.distillable_knowledge(
            T, S, Y, estimator="gaussian", confidence_level=0.95, n_resamples=100
        )
    assert any("Use more rows" in str(each.message) for each in caught)
    assert any("of 100 resamples had no answer" in note for note in all_said(found))
    assert any("resamples allow no p-value" in note for note in all_said(found))


# --- groups, and sources that meet ------------------------------------------------------------


@pytest.mark.parametrize("n_groups", [2, 3, 4, 5, 9])
def test_few_groups_make_fewer_folds_and_no_interval_below_four(n_groups: int) -> None:
    T, S, Y = teacher_and_noise()
    options: dict[str, Any] = {
        "estimator": pt.Probe(experts=("lda",)),
        "groups": np.arange(len(Y)) % n_groups,
        "synergy": False,
    }
    notes = all_said(pt.distillable_knowledge(T, S, Y, **options))
    said = any(f"there are only {n_groups} groups" in note for note in notes)
    assert said == (n_groups < 5)
    options |= {"confidence_level": 0.9, "n_resamples": 20}
    if n_groups < 4:
        with pytest.raises(ValueError, match=f"groups holds {n_groups} groups; an interval needs"):
            pt.distillable_knowledge(T, S, Y, **options)
    else:
        found = pt.distillable_knowledge(T, S, Y, **options)
        assert 0 < found.intervals["distillable"].low < found.intervals["distillable"].high


def test_intervals_from_few_groups_are_said_to_be_narrow() -> None:
    groups = np.arange(N) // 10
    result = measured(groups=groups, confidence_level=0.9, n_resamples=10, synergy=False)
    assert noted(result, "rest on 30 groups")


@pytest.mark.filterwarnings("ignore::pidtools.PIDWarning")
@pytest.mark.parametrize("estimator", [LDA, "binning", "knn", "kmeans"])
@pytest.mark.parametrize("n_groups", [2, 3])
def test_too_few_groups_are_refused_before_anything_is_resampled(
    monkeypatch: pytest.MonkeyPatch, estimator: Chosen, n_groups: int
) -> None:
    """One rule: tables of two groups, drawn again, would give intervals of no width."""
    monkeypatch.setattr(pt.resampling, "replicate", None)
    groups = np.arange(N) % n_groups
    with pytest.raises(ValueError, match=f"groups holds {n_groups} groups; an interval needs at"):
        measured(
            estimator=estimator,
            groups=groups,
            confidence_level=0.9,
            n_resamples=10,
            synergy=False,
        )


@pytest.mark.slow
def test_notes_of_one_student_are_not_the_others() -> None:
    rng = np.random.default_rng(0)
    T, a, b = rng.integers(0, 3, 60), rng.integers(0, 40, 60), rng.integers(0, 50, 60)
    with pytest.warns(pt.PIDWarning):
        found = pt.compare_students(T, a, b, T, n_resamples=100)
    assert any(note.startswith("S_a: ") for note in all_said(found.a))
    assert not any(note.startswith("S_b: ") for note in all_said(found.a))
    assert not any(note.startswith("S_a: ") for note in all_said(found.b))
