"""The permutation test: its level where X knows nothing, its eye for weak signals, its groups."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import numpy as np
import pytest
from helpers import Chosen, all_said
from sklearn.linear_model import LogisticRegression

import pidtools as pt
from pidtools._types import Codes, Floats
from pidtools.independence import CHEAP_EXPERTS

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 2, 200)
NOISE = RNG.normal(size=(200, 4))
FAST: dict[str, Any] = {"n_permutations": 19}


def shifted(by: float = 0.8) -> Floats:
    return NOISE + by * LABELS[:, None]


def test_knowledge_is_found_and_noise_is_not() -> None:
    found = pt.independence_test(shifted(), LABELS, **FAST)
    assert found.p_value == 1 / 20
    assert found.statistic > found.null_quantiles[0.99]
    assert found.information > 0.1
    nothing = pt.independence_test(NOISE, LABELS, n_permutations=39)
    assert nothing.p_value > 0.05
    assert abs(nothing.information) < 0.05


def test_the_information_is_that_of_the_estimator() -> None:
    probe = pt.Probe(experts=CHEAP_EXPERTS)
    found = pt.independence_test(shifted(), LABELS, **FAST)
    assert found.estimator == probe
    assert found.information == pt.mutual_information(shifted(), LABELS, estimator=probe)


def test_a_change_of_spread_is_seen() -> None:
    found = pt.independence_test(NOISE * (1 + LABELS[:, None]), LABELS, **FAST)
    assert found.p_value == 1 / 20


@pytest.mark.parametrize(
    ("estimator", "source", "expected"),
    [
        ("auto", LABELS, pt.Symbols()),
        ("kmeans", NOISE, pt.KMeansBinning()),
        ("knn", NOISE[:, :2], pt.KNN()),
        (pt.Probe(classifier=LogisticRegression()), NOISE, None),
        (pt.Probe(experts=("means",)), NOISE, None),
    ],
    ids=["symbols", "kmeans", "knn", "classifier", "means"],
)
def test_any_estimator_will_do(estimator: Chosen, source: Any, expected: Any) -> None:
    found = pt.independence_test(source, LABELS, estimator=estimator, **FAST)
    assert found.estimator == (estimator if expected is None else expected)
    assert (found.p_value == 1 / 20) == (source is LABELS)


def test_a_continuous_target() -> None:
    rng = np.random.default_rng(1)
    y = NOISE[:, :1] + rng.normal(size=(200, 1))
    found = pt.independence_test(NOISE, y, **FAST)
    assert found.estimator == pt.Gaussian()
    assert found.p_value == 1 / 20
    assert found.information == found.statistic
    assert pt.independence_test(NOISE, rng.normal(size=200), **FAST).p_value > 0.05
    assert pt.independence_test(NOISE[:, :1], y, estimator="binning", **FAST).p_value == 1 / 20


@pytest.mark.parametrize("source", [np.ones((200, 3)), np.zeros(200, dtype=int)])
def test_a_constant_knows_nothing(source: Any) -> None:
    found = pt.independence_test(source, LABELS, **FAST)
    assert found.p_value == 1.0
    assert found.information == pytest.approx(0, abs=1e-6)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pidtools.PIDWarning")
def test_p_values_are_uniform_where_nothing_is_known() -> None:
    """Few data sets and permutations here; the benchmark has many."""
    p_values = []
    probe = pt.Probe(experts=("lda",), n_folds=3)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        X, y = rng.normal(size=(60, 3)), rng.integers(0, 2, 60)
        found = pt.independence_test(X, y, estimator=probe, random_state=seed, **FAST)
        p_values.append(found.p_value)
    assert len(set(p_values)) > 7  # no mass at one point
    # Twenty uniform values: mean .5, standard error .065; three of them and half a step.
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.22)


# --- groups ---------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::pidtools.PIDWarning")
def test_groups_of_one_label_exchange_it() -> None:
    """Ten copies of a row with one label look like knowledge unless they stay together."""
    groups = np.repeat(np.arange(40), 10)
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(40, 6))[groups], rng.integers(0, 2, 40)[groups]
    X = X + 0.01 * rng.normal(size=X.shape)
    kept = pt.independence_test(X, y, groups=groups, **FAST)
    assert kept.p_value > 0.05
    assert any("40 groups, each of one label, exchanged" in note for note in all_said(kept))
    assert pt.independence_test(X, y, **FAST).p_value == 1 / 20


def test_groups_of_several_labels_exchange_their_rows() -> None:
    groups = np.repeat(np.arange(50), 4)
    found = pt.independence_test(shifted(), LABELS, groups=groups, **FAST)
    assert found.p_value == 1 / 20
    assert any("0 of 50 stayed" in note for note in all_said(found))


def test_groups_that_leave_nothing_to_exchange() -> None:
    message = r"^groups leaves fewer than 20 different orders of Y.*only groups of the same size"
    with pytest.raises(ValueError, match=message):
        pt.independence_test(NOISE, LABELS, groups=np.repeat([0, 1, 2], [50, 70, 80]))


@pytest.mark.parametrize(
    ("labels", "groups", "message"),
    [
        (np.arange(5) % 2, None, "Y has fewer than 20"),
        # Four groups of one label each, two a class; and groups that all hold the same labels.
        (np.repeat([0, 0, 1, 1], 10), np.repeat(np.arange(4), 10), "groups leaves fewer than 20"),
        (np.arange(40) % 2, np.arange(40) // 2, "groups leaves fewer than 20"),
    ],
)
def test_orders_that_can_be_told_apart_are_counted(
    labels: Codes, groups: Any, message: str
) -> None:
    X = np.random.default_rng(0).normal(size=(len(labels), 2))
    with pytest.raises(ValueError, match=message):
        pt.independence_test(X, labels, groups=groups)


# --- the call -------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_same_for_any_number_of_jobs_and_seeded() -> None:
    one = pt.independence_test(NOISE, LABELS, random_state=3, n_jobs=1, **FAST)
    assert pt.independence_test(NOISE, LABELS, random_state=3, n_jobs=2, **FAST) == one
    other = pt.independence_test(NOISE, LABELS, random_state=4, n_jobs=1, **FAST)
    assert other.null_quantiles != one.null_quantiles


def test_text_dictionary_and_units() -> None:
    bits = pt.independence_test(shifted(), LABELS, **FAST)
    nats = pt.independence_test(shifted(), LABELS, units="nats", **FAST)
    assert nats.information == pytest.approx(bits.information * np.log(2), abs=1e-12)
    assert nats.null_quantiles[0.5] == pytest.approx(bits.null_quantiles[0.5] * np.log(2))
    assert nats.p_value == bits.p_value
    text = bits.summary()
    assert text.startswith("X tells something of Y (p <= 0.05); ")
    assert "200 samples, 19 permutations, in bits" in text
    assert "p-value of independence" in text
    content = bits.to_dict()
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert content["null_0.95"] == bits.null_quantiles[0.95]


def test_warnings_point_at_the_caller() -> None:
    rows = np.repeat(np.arange(50), 4)
    X, y = RNG.normal(size=(50, 30))[rows], RNG.integers(0, 2, 50)[rows]
    probe = pt.Probe(experts=("neighbours",))
    with pytest.warns(pt.PIDWarning, match="^X: 200 rows are too few") as caught:
        pt.independence_test(X, y, estimator=probe, **FAST)
    assert [w.filename for w in caught] == [__file__]


def test_warnings_of_cells_point_at_the_caller() -> None:
    X, y = RNG.normal(size=(60, 6)), RNG.integers(0, 2, 60)
    with pytest.warns(pt.PIDWarning, match="^X: 60 of 60 samples are alone") as caught:
        pt.independence_test(X, y, estimator="binning", n_permutations=19)
    assert [w.filename for w in caught] == [__file__]


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match=r"^n_permutations must be at least 19; got 5"):
        pt.independence_test(NOISE, LABELS, n_permutations=5)
    with pytest.raises(ValueError, match=r"^X and Y must have one row a sample"):
        pt.independence_test(NOISE[:-1], LABELS)
    with pytest.raises(ValueError, match=r"^X holds 1 NaN"):
        pt.independence_test(np.where(np.arange(200)[:, None] == 7, np.nan, NOISE[:, :1]), LABELS)
    with pytest.raises(ValueError, match=r"^units must be one of"):
        pt.independence_test(NOISE, LABELS, units="bit")  # type: ignore[arg-type]


def test_an_interrupt_gets_through(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: object, labels: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr("pidtools._probe.evidence.Evidence.__call__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        pt.independence_test(NOISE, LABELS, **FAST)


def test_a_p_value_that_no_permutation_reaches_is_a_bound() -> None:
    y = np.arange(200) % 2
    found = pt.independence_test(y, y, n_permutations=19)
    assert (found.p_value, found.p_value_is_bound) == (1 / 20, True)
    assert "<= 0.05" in found.summary()
    assert found.to_dict()["p_value_is_bound"] is True
    nothing = pt.independence_test(np.arange(200) // 2 % 2, y, n_permutations=19)
    assert not nothing.p_value_is_bound
