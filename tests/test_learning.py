"""Rows that are only learned from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers import all_said

import pidtools as pt
from pidtools._types import Array

PROBE = pt.Probe(experts=("lda",))
N, WIDTH, CLASSES = 400, 30, 5
MEANS = 0.45 * np.random.default_rng(0).normal(size=(CLASSES, WIDTH))


def rows(n: int, seed: int) -> tuple[Array, Array, Array]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, CLASSES, n)
    T = MEANS[y] + rng.normal(size=(n, WIDTH))
    return T, T[:, :10] + rng.normal(size=(n, 10)), y


T, S, Y = rows(N, 1)
MORE = rows(5000, 2)


def exact(X: Array, y: Array) -> float:
    """I(X; Y) in bits on these rows by the posterior they were drawn from."""
    scores = X @ MEANS.T - 0.5 * (MEANS**2).sum(axis=1)
    log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    return float(np.log2(CLASSES) + log_p[np.arange(len(y)), y].mean() / np.log(2))


def test_more_rows_to_learn_from_raise_the_bound_on_the_same_rows() -> None:
    alone, taught = (pt.summarise(T, Y, estimator=PROBE, fit_on=f) for f in (None, MORE[::2]))
    truth = exact(T, Y)
    assert isinstance(alone, type(taught))
    assert taught.n_samples == alone.n_samples == N
    # 150 parameters from 5,000 rows cost 0.02 bits, from 320 a fifth of a bit.
    assert alone.bound < truth - 0.05  # type: ignore[attr-defined]
    assert truth - 0.04 < taught.bound < truth + 0.02  # type: ignore[attr-defined]
    assert any("5000 rows of fit_on were learned from" in note for note in all_said(taught))
    assert taught.unread < alone.unread / 2


@pytest.mark.slow
def test_everything_is_taught_the_joint_and_the_refits_too() -> None:
    found = pt.distillable_knowledge(
        T, S, Y, estimator=PROBE, fit_on=MORE, confidence_level=0.9, n_resamples=10
    )
    t = pt.summarise(T, Y, estimator=PROBE, fit_on=(MORE[0], MORE[2]))
    s = pt.summarise(S, Y, estimator=PROBE, fit_on=MORE[1:])
    assert pt.distillable_knowledge(t, s, Y).pid.atoms == found.pid.atoms
    # S is a garbling of T, so both together know what T knows.
    assert found.joint_information == pytest.approx(found.teacher_information, abs=0.03)
    teacher = found.intervals["teacher_information"]
    assert teacher.high - teacher.low < 0.4
    compared = pt.compare_students(
        T, S, S, Y, estimator=PROBE, fit_on=(*MORE[:2], *MORE[1:]), n_resamples=10
    )
    assert compared.a.pid.atoms == found.pid.atoms


def test_classes_in_one_part_only() -> None:
    X, y = MORE[0].copy(), MORE[2].copy()
    y[:100] = 77
    summary = pt.summarise(T, Y, estimator=PROBE, fit_on=(X, y))
    assert any("100 of 5000 rows of fit_on have labels" in note for note in all_said(summary))
    without = y != 0  # the measured rows alone teach this class
    assert pt.summarise(T, Y, estimator=PROBE, fit_on=(X[without], y[without])).information > 1


@pytest.mark.parametrize(
    ("fit_on", "error", "text"),
    [
        (MORE[:2], TypeError, "fit_on must be a tuple of arrays for T, S, Y.*got 2 entries"),
        (list(MORE), TypeError, "got list"),
        ((MORE[0][:, :3], *MORE[1:]), ValueError, r"fit_on T has rows of shape \(3,\)"),
        ((*MORE[:2], MORE[2][:9]), ValueError, "fit_on_Y has 9 rows"),
        ((*MORE[:2], MORE[2] + 50), ValueError, "no row with a label of Y"),
        ((*MORE[:2], MORE[2].astype(str)), TypeError, "labels of fit_on hold <U"),
        ((T[:7], S[:7], Y[:7]), ValueError, "7 rows of fit_on are also measured"),
        ((np.full((9, WIDTH), np.nan), S[:9], Y[:9]), ValueError, "fit_on T holds 270 NaN"),
    ],
)
def test_what_is_refused(fit_on: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        pt.distillable_knowledge(T, S, Y, estimator=PROBE, fit_on=fit_on)


def test_who_fits_nothing_learns_nothing() -> None:
    with pytest.raises(TypeError, match=r"T: KMeansBinning\(.*fits no models, so fit_on has no"):
        pt.distillable_knowledge(T, S, Y, estimator="kmeans", fit_on=MORE)
    with pytest.raises(ValueError, match="fit_on is for class labels; Y is an amount"):
        pt.distillable_knowledge(T, S, T[:, 0], estimator="gaussian", fit_on=MORE)
    t = pt.summarise(T, Y, estimator=PROBE)
    with pytest.raises(TypeError, match="fit_on goes with arrays"):
        pt.distillable_knowledge(t, S, Y, fit_on=MORE)
