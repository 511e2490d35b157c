"""Experts and classifiers that fail, or return what are no probabilities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
import pytest
from helpers import LDA, all_said, classes_with_posterior, shifted_classes, teacher_and_noise
from sklearn.linear_model import LogisticRegression

import pidtools as pt
from pidtools import Probe
from pidtools._probe import experts
from pidtools._probe.experts import Models
from pidtools._types import Floats


def failing(view: Any, wanted: Any) -> NoReturn:
    raise np.linalg.LinAlgError("Matrix is not positive definite")


def silent(view: Any, wanted: Any) -> Models:
    return {"gaussian:all": lambda rows: np.full((len(rows), view.n_classes), np.nan)}


def failing_later(view: Any, wanted: Any) -> Models:
    return {"gaussian:all": lambda rows: failing(view, wanted)}


@pytest.mark.parametrize("broken", [failing, silent, failing_later])
def test_an_expert_that_fails_is_left_out_with_a_note(
    monkeypatch: pytest.MonkeyPatch, broken: Callable[[Any, Any], Models]
) -> None:
    X, y = shifted_classes(300)
    alone = LDA.summarise(X, y)
    monkeypatch.setitem(experts.EXPERTS, "gaussian", broken)
    summary = Probe(experts=("lda", "gaussian")).summarise(X, y)
    assert summary.information == alone.information
    assert any("could not be fitted to every fold: gaussian" in note for note in all_said(summary))
    nobody = Probe(experts=("gaussian",)).summarise(X, y)
    assert nobody.information == pytest.approx(0, abs=1e-6)
    assert nobody.weights.keys() == {"prior"}


def test_a_classifier_that_fails_is_named() -> None:
    from sklearn.naive_bayes import MultinomialNB

    X, y = shifted_classes(100)
    probe = Probe(classifier=MultinomialNB())
    with pytest.raises(
        ValueError, match=r"^classifier could not be fitted to 80 rows of 8 features"
    ):
        probe.summarise(X - 10, y)


class Returning(LogisticRegression):  # type: ignore[misc]
    """A classifier whose probabilities are replaced by what `change` makes of them."""

    def __init__(self, change: Callable[[Floats], Floats] | None = None) -> None:
        super().__init__()
        self.change = change

    def predict_proba(self, X: Floats) -> Floats:
        found: Floats = super().predict_proba(X)
        return found if self.change is None else self.change(found)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: np.where(np.arange(len(p))[:, None] == 0, np.nan, p), "are no probabilities"),
        (lambda p: 2 * p - 0.5, "are no probabilities: entries from -0"),
        (lambda p: 0.9 * p, "a sum of 0.9"),
        (lambda p: p[:, 1], r"shape \(60,\) in place of \(60, 2\)"),
    ],
)
def test_a_classifier_that_returns_no_probabilities_is_refused(
    change: Callable[[Floats], Floats], message: str
) -> None:
    X, y, _ = classes_with_posterior(300)
    with pytest.raises(ValueError, match=f"^predict_proba of classifier returned.*{message}"):
        Probe(classifier=Returning(change)).summarise(X, y)


def test_a_classifier_is_not_asked_to_learn_one_class() -> None:
    T, S, _ = teacher_and_noise(60)
    Y = np.zeros(60, int)
    Y[0] = 1
    probe = pt.Probe(classifier=LogisticRegression())
    found = pt.distillable_knowledge(T, S, Y, estimator=probe, synergy=False)
    assert abs(found.distillable) < 0.1


def test_a_network_of_more_classes_than_directions_it_sees() -> None:
    """Classes twenty widths apart: all of log2 40 = 5.32 bits is there."""
    rng = np.random.default_rng(0)
    y = np.arange(800) % 40
    X = 2 * rng.normal(size=(40, 70))[y] + rng.normal(size=(800, 70))
    assert Probe(experts=("network",), n_folds=3).summarise(X, y).information > 5


@pytest.mark.slow
def test_perceptrons_read_loud_components() -> None:
    rng = np.random.default_rng(0)
    n = 1500
    loud = rng.normal(size=(n, 2))
    y = (loud.prod(axis=1) > 0).astype(np.int64)  # neither says anything alone
    X = loud @ rng.normal(size=(2, 40)) + rng.normal(size=(n, 40))
    bits = Probe(experts=("perceptrons",)).summarise(X, y).bound
    assert bits > 0.5
    assert Probe(experts=("logistic",)).summarise(X, y).bound < 0.02


def test_perceptrons_need_width_and_loudness() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 300)
    for mixed in (np.eye(40), np.ones((4, 4)) + np.eye(4)):  # even, and narrow
        X = (rng.normal(size=(300, len(mixed))) + 0.2 * y[:, None]) @ mixed
        summary = Probe(experts=("lda", "perceptrons")).summarise(X, y)
        assert set(summary.weights) <= {"lda:plain", "lda:shrunk"}
