"""Whether to distil: 0 for teachers that have nothing, a share of H(Y) for others."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import numpy as np
import pytest
from helpers import LDA, all_said, known

import pidtools as pt

N = 600
CODES = np.arange(N) % 4
RNG = np.random.default_rng(0)
NOISE = RNG.integers(0, 4, N)


def test_a_teacher_of_more_has_a_weight() -> None:
    weight = pt.distillation_weight(CODES, CODES // 2, CODES)
    assert isinstance(weight, float)
    assert weight == pytest.approx(weight.lower_bound / 2 - weight.margin)
    assert 0.45 < weight < 0.5
    assert weight * 2.0 == 2 * float(weight)
    assert weight.result.distillable == pytest.approx(1)
    assert "are left to distil" in weight.summary()


@pytest.mark.slow
@pytest.mark.parametrize("teacher", ["noise", "the student", "a garbling of it"])
def test_a_teacher_of_nothing_new_has_none(teacher: str) -> None:
    T = {
        "noise": NOISE,
        "the student": CODES // 2,
        "a garbling of it": np.where(NOISE == 0, 1, CODES // 2),
    }[teacher]
    weight = pt.distillation_weight(T, CODES // 2, CODES)
    assert weight == 0.0
    assert "has nothing for this student" in weight.summary()


@pytest.mark.slow
def test_the_margin_is_taken_off() -> None:
    none, some = (pt.distillation_weight(CODES, CODES // 2, CODES, margin=m) for m in (0, 0.2))
    assert none - some == pytest.approx(0.2)
    assert pt.distillation_weight(CODES, CODES // 2, CODES, margin=0.6) == 0.0


@pytest.mark.slow
def test_units_change_only_the_bound() -> None:
    bits, nats = (
        pt.distillation_weight(CODES, CODES // 2, CODES, units=u) for u in ("bits", "nats")
    )
    assert float(nats) == pytest.approx(float(bits))
    assert nats.lower_bound == pytest.approx(bits.lower_bound * np.log(2))


@pytest.mark.slow
def test_features_and_analytic_errors() -> None:
    labels = CODES[:400]
    T = RNG.normal(size=(400, 4)) + 3 * np.eye(4)[labels]
    options: dict[str, Any] = {"estimator": LDA, "uncertainty": "analytic", "n_resamples": 50}
    assert pt.distillation_weight(T, T[:, :1], labels, **options) > 0.1
    assert pt.distillation_weight(T[:, :1], T, labels, **options) == 0.0


@pytest.mark.slow
def test_copies_keep_what_it_was_made_from() -> None:
    weight = pt.distillation_weight(CODES, CODES // 2, CODES)
    for other in (copy.copy(weight), copy.deepcopy(weight), pickle.loads(pickle.dumps(weight))):
        assert (float(other), other.margin) == (float(weight), weight.margin)
        assert other.notes == weight.notes
    content = json.loads(json.dumps(weight.to_dict()))
    assert content["weight"] == float(weight)
    assert known(content["result_distillable"]) == pytest.approx(1)


def test_rows_that_were_learned_by_heart_are_pointed_out() -> None:
    weight = pt.distillation_weight(CODES, CODES, CODES)
    assert weight == 0.0
    start = "T and S: Y is known for certain. If these rows were trained on"
    assert weight.notes[0].startswith(start)


def test_few_rows_are_warned_of() -> None:
    labels = CODES.copy()
    labels[:3] = 4
    with pytest.warns(pt.PIDWarning, match="A class has 3 rows, too few"):
        weight = pt.distillation_weight(CODES, CODES // 2, labels)
    assert any("A class has 3 rows" in note for note in all_said(weight))


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="margin must be at least 0 and below 1; got 1"):
        pt.distillation_weight(CODES, CODES, CODES, margin=1)
    with pytest.raises(TypeError, match="margin must be a number"):
        pt.distillation_weight(CODES, CODES, CODES, margin="none")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="a weight needs an interval"):
        pt.distillation_weight(CODES, CODES, CODES, confidence_level=None)  # type: ignore[arg-type]
    amounts = RNG.normal(size=(N, 1))
    with pytest.raises(ValueError, match="a weight needs class labels"):
        pt.distillation_weight(amounts + RNG.normal(size=(N, 1)), CODES[:, None] + 0.0, amounts)
