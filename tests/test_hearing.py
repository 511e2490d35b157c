"""A source that hears what functions of it say keeps the order of data processing."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from helpers import all_said

import pidtools as pt
from pidtools._probe.estimator import ProbeSummary
from pidtools._types import Array, Codes

PROBE = pt.Probe(experts=("logistic",))
LDA = pt.Probe(experts=("lda",))
N = 1200


def look(X: Array, Y: Array, probe: pt.Probe = PROBE, **options: Any) -> ProbeSummary:
    summary = pt.summarise(X, Y, estimator=probe, **options)
    assert isinstance(summary, ProbeSummary)
    return summary


def layers(n: int, seed: int) -> tuple[Array, Array, Array, Codes]:
    """A source, a function of it, a function of that, and labels drawn from the last.

    The source hides what linear experts find in its function: a product of two columns.
    """
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 12))
    middle = np.column_stack([X[:, 0] * X[:, 1], X[:, 2:6]])
    logit = 3 * middle[:, :1] + 0.3 * middle[:, 1:2]
    y = (rng.random(n) < 1 / (1 + np.exp(-logit[:, 0]))).astype(np.int64)
    return X, middle, logit, y


X, MIDDLE, LOGIT, Y = layers(N, 0)
P = 1 / (1 + np.exp(-LOGIT[:, 0]))
# The labels' likelihood on these very rows.
EXACT = 1 + np.log2(np.where(Y == 1, P, 1 - P)).mean()
LAST = look(LOGIT, Y)
HEARING = look(X, Y, hears=[LAST])


def test_a_source_knows_what_its_functions_know() -> None:
    assert LAST.information == pytest.approx(EXACT, abs=0.02)
    assert look(X, Y).information < 0.1
    assert LAST.information <= HEARING.information < LAST.information + 0.01
    assert HEARING.bound > LAST.bound - 0.005
    found = pt.distillable_knowledge(HEARING, LAST, Y)
    assert found.student_only < 0.005
    assert found.distilled == pytest.approx(EXACT, abs=0.02)
    assert found.joint_information == pytest.approx(EXACT, abs=0.03)


def test_a_chain_of_layers_stays_in_order() -> None:
    middle = look(MIDDLE, Y, hears=[LAST])
    first = look(X, Y, hears=[middle])
    both = look(X, Y, hears=[middle, LAST])
    assert first.information >= middle.information >= LAST.information
    assert both.information == pytest.approx(first.information, abs=0.005)
    rng = np.random.default_rng(1)
    for _ in range(3):
        rows = rng.integers(0, N, N)
        drawn = [x.resampled(rows).information for x in (first, middle, LAST)]
        assert drawn == sorted(drawn, reverse=True)


@pytest.mark.parametrize(("n_classes", "n"), [(2, 1500), (5, 1500), (60, 2400)])
def test_what_says_nothing_changes_nothing(n_classes: int, n: int) -> None:
    rng = np.random.default_rng(n_classes)
    y = np.arange(n) % n_classes
    source = 0.5 * rng.normal(size=(n_classes, 12))[y] + rng.normal(size=(n, 12))
    noise = rng.normal(size=(n, 5))
    alone, ignorant = look(source, y, LDA), look(noise, y, LDA)
    assert ignorant.information < 0.01
    hearing = look(source, y, LDA, hears=[ignorant])
    assert hearing.information == pytest.approx(alone.information, abs=0.01)
    assert hearing.bound == pytest.approx(alone.bound, abs=0.01)
    more_noise = rng.normal(size=(n, 5))
    deaf, as_before = look(more_noise, y, LDA), look(more_noise, y, LDA, hears=[ignorant])
    assert as_before.information == pytest.approx(deaf.information, abs=0.01)


def test_many_classes_keep_the_order_too() -> None:
    rng = np.random.default_rng(0)
    y = np.arange(1100) % 55
    means = rng.normal(size=(55, 15))
    first = means[y] + rng.normal(size=(1100, 15))
    logits = first @ means.T - 0.5 * (means**2).sum(axis=1)
    s = look(logits, y, LDA)
    alone, hearing = look(first, y, LDA), look(first, y, LDA, hears=[s])
    assert hearing.information >= s.information
    assert hearing.bound > alone.bound
    found = pt.distillable_knowledge(hearing, s, y, synergy=False)
    # A sufficient statistic: neither has anything that the other has not.
    assert found.student_only < 0.01
    assert found.distillable < 0.05


def test_what_is_no_function_of_it_is_counted_in_and_said() -> None:
    """By contract, so that the one who passes it has to know."""
    noise = np.random.default_rng(5).normal(size=(N, 3))
    found = look(noise, Y, hears=[LAST])
    assert found.information == pytest.approx(LAST.information, abs=0.01)
    said = f"hears what is said of another source ({LAST.information:.3f} bits)"
    assert any(
        said in note and "is not makes the information too high" in note for note in all_said(found)
    )


def test_fits_anew_fit_anew_what_is_heard() -> None:
    rows = np.random.default_rng(0).permutation(N)[: N // 2]
    again = HEARING.refitted(rows)
    (heard,) = again.heard.values()
    assert heard.n_samples == len(rows)
    assert heard.information == LAST.refitted(rows).information
    assert again.information >= heard.information
    found = pt.distillable_knowledge(
        HEARING, LAST, Y, confidence_level=0.95, n_resamples=20, synergy=False
    )
    assert found.intervals["student_only"].low == 0
    assert found.intervals["student_only"].high < 0.05
    assert found.intervals["teacher_information"].high > EXACT


def test_it_travels() -> None:
    again = pickle.loads(pickle.dumps(HEARING))
    assert again.information == HEARING.information
    rows = np.arange(0, N, 2)
    assert again.refitted(rows).information == HEARING.refitted(rows).information
    assert HEARING.to_resample().data is None
    assert all(heard.data is None for heard in HEARING.heard.values())


def test_rows_to_learn_from_and_groups_are_those_of_what_is_heard() -> None:
    X0, _, logit0, y0 = layers(1000, 9)
    groups = np.arange(N) // 3
    s = look(LOGIT, Y, groups=groups, fit_on=(logit0, y0))
    t = look(X, Y, groups=groups, fit_on=(X0, y0), hears=[s])
    assert t.information == pytest.approx(s.information, abs=0.01)
    found = pt.compare_students(t, s, s, Y, groups=groups, confidence_level=None, synergy=False)
    assert found.a.student_only < 0.005
    with pytest.raises(
        ValueError, match="hears\\[0\\] was summarised with different folds than X; "
    ):
        look(X, Y, groups=groups, hears=[s])


@pytest.mark.parametrize(
    ("heard", "options", "named"),
    [
        (look(LOGIT, Y, random_state=1), {}, "random_state"),
        (look(LOGIT, Y, groups=np.arange(N) // 2), {}, "groups"),
        (look(LOGIT, Y, pt.Probe(experts=("lda",), n_folds=3)), {}, "n_folds"),
        (LAST, {"groups": np.arange(N) // 2, "random_state": 2}, "random_state and groups"),
    ],
)
def test_what_differs_is_named(heard: pt.Summary, options: Any, named: str) -> None:
    with pytest.raises(ValueError, match=f"than X; use the same {named} for both"):
        look(X, Y, hears=[heard], **options)


@pytest.mark.parametrize(
    ("hears", "error", "text"),
    [
        (
            LAST,
            TypeError,
            "hears must be a list of summaries; got ProbeSummary; put it into a list",
        ),
        ([LOGIT], TypeError, r"hears\[0\] must be a Summary.*got ndarray"),
        (None, TypeError, "hears must be a list of summaries; got NoneType"),
        (
            [LAST, pt.summarise(Y, Y)],
            TypeError,
            r"hears\[1\] was summarised by Symbols\(\) and has no held-out posteriors",
        ),
        ([look(LOGIT, 1 - Y)], ValueError, r"hears\[0\] was summarised with other labels than Y"),
        ([look(LOGIT[:300], Y[:300])], ValueError, r"hears\[0\] was summarised with other labels"),
    ],
)
def test_what_is_refused(hears: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        look(X, Y, hears=hears)


def test_who_fits_nothing_hears_nothing() -> None:
    with pytest.raises(TypeError, match=r"Symbols\(\) fits no models, so hears has no use"):
        pt.summarise(Y, Y, hears=[LAST])


@pytest.mark.filterwarnings("ignore::pidtools.PIDWarning")  # of few rows
def test_layers_out_of_order_are_said_with_what_to_do() -> None:
    """Curves of twelve columns need rows; what is made of them is one column."""
    rng = np.random.default_rng(0)
    wide = rng.normal(size=(800, 12))
    later = np.sin(2 * wide[:, :1]) + wide[:, 1:2] ** 2 - 1 + 0.5 * wide[:, 2:3] * wide[:, 3:4]
    y = (rng.random(800) < 1 / (1 + np.exp(-3 * later[:, 0]))).astype(int)
    curves = pt.Probe(experts=("kernel",))
    found = pt.distillable_knowledge(wide, later, y, estimator=curves, synergy=False)
    assert found.student_only > 0.02
    said = f"S seems to add {found.student_only:.2g} bits to T"
    (note,) = (note for note in all_said(found) if said in note)
    assert "pidtools.summarise(T, Y, hears=[pidtools.summarise(S, Y)])" in note
    s = look(later, y, curves)
    hearing = pt.distillable_knowledge(look(wide, y, curves, hears=[s]), s, y, synergy=False)
    assert hearing.student_only < 0.005
    assert not any("seems to add" in note for note in all_said(hearing))
    # A teacher that truly knows more is no layer out of order.
    weak = later + rng.normal(size=(800, 1))
    truly = pt.distillable_knowledge(later, weak, y, estimator=curves, synergy=False)
    assert truly.distillable > 0.1
    assert not any("seems to add" in note for note in all_said(truly))


def test_what_informations_are_stands_in_one_line() -> None:
    line = f"what classifiers can read from {N} rows"
    found = pt.distillable_knowledge(LAST, LAST, Y, synergy=False, units="nats")
    assert " ".join(found.summary().split()).count(line) == 1
    symbols = pt.distillable_knowledge(Y, Y, Y)
    assert "classifiers" not in symbols.summary()
