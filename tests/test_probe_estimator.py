"""The probe: atoms of sampled problems, invariances, awkward data, and intervals."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pytest
from helpers import (
    LDA,
    atoms,
    classes_with_posterior,
    entropy_of,
    noted,
    sampled_problem,
    shifted_classes,
    teacher_and_student,
)
from joblib import parallel_config
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

import pidtools as pt
from pidtools import Probe, _validate, distillable_knowledge, mutual_information
from pidtools._broja.decompose import broja_from_pairs
from pidtools._types import Array, Codes, Floats

CHEAP = Probe(experts=("lda", "logistic"))
OF_THE_TASK = ("distilled", "distillable", "student_only", "synergy")
INFORMATIONS = ("teacher_information", "student_information", "joint_information")


def information(X: Array, y: Codes, probe: Probe = CHEAP) -> float:
    return probe.summarise(X, y).information


def informations(probe: Probe, X: Array, y: Codes, **options: Any) -> tuple[float, float, float]:
    summary = probe.summarise(X, y, **options)
    return summary.information, summary.bound, summary.bound_from_half


# --- the numbers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "degraded",
        pytest.param("shift_ordered", marks=pytest.mark.slow),
        pytest.param("xor_signs", marks=pytest.mark.slow),
        pytest.param("two_attributes", marks=pytest.mark.slow),
    ],
)
def test_atoms_of_sampled_problems(name: str) -> None:
    problem = sampled_problem(name)
    T, S, Y = problem.sample(2000, 1)
    probe = Probe()
    t, s = probe.summarise(T, Y), probe.summarise(S, Y)
    found = np.array(probe.pair(t, s).pid().atoms)
    atoms = np.array(problem.pid.atoms)
    # The sampling error of an information of half a bit is .02 bits at n = 2000; the joint of
    # xor_signs in 28 dimensions starves by .06 more.
    assert np.abs(found - atoms).max() < 0.1
    assert np.abs(found - atoms).mean() < 0.035


def test_information_of_a_shift() -> None:
    X, y, p = classes_with_posterior(4000)
    exact = 1 - np.mean(-np.log2(np.where(y == 1, p, 1 - p)))
    information, bound, from_half = informations(CHEAP, X, y)
    # The same rows under the exact posterior: what is left is the probe's own error, whose
    # order is width / n in nats.
    assert information == pytest.approx(exact, abs=0.01)
    assert bound == pytest.approx(exact, abs=0.01)
    assert from_half < bound + 0.002


def test_independent_labels_carry_nothing() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(1000, 5)), rng.integers(0, 3, 1000)
    information, bound, _ = informations(CHEAP, X, y)
    # Pool weights and offsets fitted on 1000 rows: some 5 / 2000 nats of optimism.
    assert abs(bound) < 0.01
    assert abs(information) < 0.02


def test_the_same_source_has_nothing_unique() -> None:
    X, y, _ = classes_with_posterior()
    t = CHEAP.summarise(X, y)
    pid = CHEAP.pair(t, t).pid()
    # The power that sharpens is found to 1e-9.
    assert pid.unique_t == pytest.approx(0, abs=1e-7)
    assert pid.unique_s == pytest.approx(0, abs=1e-7)
    assert pid.redundancy == pytest.approx(t.information, abs=1e-7)
    # The joint pool hears T and S: it can lose little and invent nothing.
    assert pid.joint_information == pytest.approx(t.information, abs=0.02)


def test_identities_hold_on_estimates() -> None:
    X, y, _ = classes_with_posterior()
    noisy = X + np.random.default_rng(5).normal(size=X.shape)
    t, s = CHEAP.summarise(X, y), CHEAP.summarise(noisy, y)
    pid = CHEAP.pair(t, s, synergy=False).pid()
    assert pid.information_t == pytest.approx(t.information, abs=1e-12)
    assert pid.information_s == pytest.approx(s.information, abs=1e-12)


def test_the_joint_probe_sees_an_exclusive_or() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 2000, 1))
    y = (a * b > 0).astype(int).ravel()
    probe = Probe(experts=("lda", "kernel", "gaussian"))
    t, s = probe.summarise(a, y), probe.summarise(b, y)
    assert abs(t.information) < 0.02
    assert probe.pair(t, s).joint_information() > 0.7


# --- invariance -------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        lambda X: X * 1e6,
        lambda X: X * np.geomspace(1e-3, 1e3, X.shape[1]),
        lambda X: X + 1e3,
        lambda X: X.astype(np.float32),
        lambda X: np.hstack([X, np.full((len(X), 2), 7.0)]),
        lambda X: X[:, ::-1],
        lambda X: np.hstack([X, X[:, :2]]),
    ],
)
def test_representations_that_say_the_same(change: Callable[[Floats], Floats]) -> None:
    X, y, _ = classes_with_posterior()
    # Folds come from what rows hold: columns that come twice are other rows, and other folds.
    before, after = (
        np.mean([informations(CHEAP, X, y, random_state=seed)[0] for seed in range(4)])
        for X in (X, change(X))
    )
    # Columns that come twice or louder move the natural coordinates in which noise is shrunk.
    assert after == pytest.approx(before, abs=0.01)


def test_loud_nuisance_does_not_matter() -> None:
    X, y, _ = classes_with_posterior()
    rng = np.random.default_rng(1)
    nuisance = 100 * rng.normal(size=(len(X), 6))
    rotation = np.linalg.qr(rng.normal(size=(12, 12)))[0]
    loud = np.hstack([X, nuisance]) @ rotation
    assert informations(CHEAP, loud, y)[0] == pytest.approx(informations(CHEAP, X, y)[0], abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["shared_and_parity", "swiss_roll", "circle", "relu_zeros", "hundred_classes"]
)
def test_noise_in_the_last_digits_moves_nothing(name: str) -> None:
    """The law: noise of 1e-12 moves nothing by more than .0005 bits."""
    T, S, Y = sampled_problem(name).sample(500, 0)
    before = distillable_knowledge(T, S, Y, estimator="probe")
    for seed in range(3):
        rng = np.random.default_rng(seed)
        T_, S_ = (X * (1 + 1e-12 * rng.normal(size=X.shape)) for X in (T, S))
        after = distillable_knowledge(T_, S_, Y, estimator="probe")
        for value in (*OF_THE_TASK, *INFORMATIONS):
            assert abs(getattr(after, value) - getattr(before, value)) < 5e-4


@pytest.mark.parametrize("factor", [2.0**-1000, 2.0**-600, 2.0**400])
def test_units_of_measurement_do_not_matter(factor: float) -> None:
    X, y = shifted_classes()
    assert information(X * factor, y) == pytest.approx(information(X, y), abs=1e-9)
    one = np.where(np.arange(8) == 0, factor, 1.0)
    assert information(X * one, y) == pytest.approx(information(X, y), abs=1e-9)


def test_a_column_of_many_decades_keeps_its_small_classes() -> None:
    """Three classes at 1e-6, 1e-3 and 1, ten per cent apart; the largest values are near 1e4."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 1200)
    long = 10.0 ** (np.array([-6.0, -3, 0, 4])[y] + 0.3 * rng.normal(size=1200))
    X = np.column_stack([long, rng.normal(size=(1200, 3))])
    # Ten standard deviations apart: the entropy, but for what calibration costs.
    assert information(X, y) > 1.9
    # The same column with the same information, as the logarithm that it is.
    assert information(np.column_stack([np.log(long), X[:, 1:]]), y) > 1.9


def test_rows_that_repeat_with_a_period_are_seen_like_others() -> None:
    """Every second row is the same token, so evenly spaced rows would show nothing else."""
    rng = np.random.default_rng(0)
    X, y = shifted_classes(20_000, 4)
    # Far off in a column that knows nothing: what the others know stays linear.
    X[::2] = np.array([0.0, 0, 300, 0]) + 1e-5 * rng.normal(size=(10_000, 4))
    order = rng.permutation(len(y))
    mixed = information(X[order], y[order])
    # The folds are others: some thousandths of a bit.
    assert information(X, y) == pytest.approx(mixed, abs=0.005)
    assert mixed > 0.15


def test_the_same_seed_gives_the_same_bits_whatever_n_jobs() -> None:
    X, y, _ = classes_with_posterior(600)
    probe = Probe(experts=("lda", "network", "trees"))
    one = probe.summarise(X, y, random_state=3, n_jobs=1)
    two = probe.summarise(X, y, random_state=3, n_jobs=2)
    with parallel_config(backend="threading"):
        threads = probe.summarise(X, y, random_state=3, n_jobs=2)
    for other in (two, threads):
        np.testing.assert_array_equal(one.log_posteriors, other.log_posteriors)
        assert one.information == other.information
        assert one.weights == other.weights


def test_a_classifier_of_the_users_own_goes_to_workers() -> None:
    X, y, _ = classes_with_posterior(300)
    probe = Probe(classifier=LogisticRegression())
    one, two = (probe.summarise(X, y, n_jobs=jobs) for jobs in (1, 2))
    np.testing.assert_array_equal(one.log_posteriors, two.log_posteriors)
    assert set(two.weights) == {"classifier"}


def test_a_classifier_is_seeded_where_its_user_left_that_open() -> None:
    X, y, _ = classes_with_posterior(300)
    forest = RandomForestClassifier(5)
    probe = Probe(classifier=make_pipeline(StandardScaler(), forest))
    one, again = (probe.summarise(X, y, random_state=4).information for _ in range(2))
    assert one == again
    assert one != probe.summarise(X, y, random_state=5).information
    assert forest.random_state is None


# --- inputs and classifiers -------------------------------------------------------------------


def test_outputs_of_a_head_are_a_probe_too() -> None:
    _, y, p = classes_with_posterior(3000)
    head = np.stack([1 - p, p], axis=1)
    exact = 1 - np.mean(-np.log2(head[np.arange(len(y)), y]))
    logits = np.stack([np.zeros_like(p), 3 * np.log(p / (1 - p))], axis=1)
    inputs: Literal["probabilities", "logits"]
    for inputs, outputs in (("probabilities", head), ("logits", logits)):
        probe = Probe(inputs=inputs, experts=("lda",))
        # The second head is three times too sure of itself; calibration undoes that.
        assert probe.summarise(outputs, y).information == pytest.approx(exact, abs=0.01)
    assert probe.pair(*[probe.summarise(logits, y)] * 2).joint_information() > 0


def test_a_classifier_of_ones_own() -> None:
    X, y, p = classes_with_posterior(1500)
    probe = Probe(classifier=LogisticRegression())
    exact = 1 - np.mean(-np.log2(np.where(y == 1, p, 1 - p)))
    t, s = probe.summarise(X, y), probe.summarise(X[:, :3], y)
    assert t.information == pytest.approx(exact, abs=0.02)
    assert set(t.weights) == {"classifier"}
    assert probe.pair(t, s).joint_information() == pytest.approx(t.information, abs=0.02)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"n_folds": 2}, ValueError, "n_folds"),
        ({"inputs": "scores"}, ValueError, "inputs"),
        ({"experts": ("lda", "oracle")}, ValueError, "experts"),
        ({"n_cells": 1}, ValueError, "n_cells"),
        ({"experts": ["lda"]}, TypeError, "experts must be a tuple of names"),
        ({"experts": "lda"}, TypeError, "experts must be a tuple of names"),
        ({"experts": 5}, TypeError, "experts must be a tuple of names"),
        ({"experts": ()}, ValueError, "experts is empty"),
        ({"classifier": LogisticRegression}, TypeError, "classifier is the class Logistic"),
        (
            {"classifier": LogisticRegression(), "experts": ("lda",)},
            ValueError,
            "exclude each other",
        ),
        (
            {"classifier": LinearSVC()},
            TypeError,
            "^classifier must have predict_proba; LinearSVC has not",
        ),
    ],
)
def test_options_are_checked(options: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        Probe(**options)


def test_probabilities_must_sum_to_one() -> None:
    X, y, p = classes_with_posterior(200)
    probe = Probe(inputs="probabilities")
    with pytest.raises(ValueError, match="T must hold probabilities that sum to 1"):
        probe.summarise(np.stack([p, p], axis=1) + 0.3, y, name="T")
    with pytest.raises(ValueError, match="S has 6 columns for 2 classes"):
        probe.summarise(X, y, name="S")


def test_posteriors_that_do_not_sum_to_one() -> None:
    head, labels = np.full((300, 3), 0.3), np.arange(300) % 3
    with pytest.raises(
        ValueError, match=r"^T must hold probabilities that sum to 1 in every row; .* sums to 0\.9"
    ):
        distillable_knowledge(
            head, head, labels, estimator=Probe(inputs="probabilities", experts=())
        )


def test_symbols_become_a_column_each() -> None:
    """Order and size of the symbols say nothing; only which one it is."""
    rng = np.random.default_rng(0)
    symbol = rng.integers(0, 6, 1200)
    y = (symbol % 2) ^ (rng.random(1200) < 0.1)
    probe = pt.Probe(experts=("logistic",))
    numbers = pt.mutual_information(symbol, y, estimator=probe)
    strings = pt.mutual_information(np.array(list("zaqmbx"))[symbol], y, estimator=probe)
    assert strings == pytest.approx(numbers, abs=1e-3)  # columns in another order
    # The plug-in value of twelve cells is biased up by 5 / (2 n ln 2) = 0.003 bits, and one
    # standard error of either estimate is about 0.02.
    exact = pt.mutual_information(symbol, y, estimator="symbols")
    assert numbers == pytest.approx(exact, abs=0.06)


def test_too_many_strings_are_refused() -> None:
    names = np.arange(300).astype(str)
    with pytest.raises(
        ValueError, match=r'^X holds 300 different strings.*use estimator="symbols"'
    ):
        pt.mutual_information(np.tile(names, 2), np.arange(600) % 2, estimator="probe")


def test_integers_that_hardly_repeat_are_numbers() -> None:
    ranks = np.random.default_rng(0).permutation(300)
    labels = ranks // 150
    few = pt.mutual_information(ranks // 60, labels, estimator=LDA)
    assert few > 0.5
    assert pt.mutual_information(ranks, labels, estimator=LDA) > 0.8


def test_summaries_of_other_folds_do_not_join() -> None:
    X, y, _ = classes_with_posterior(300)
    t, s = CHEAP.summarise(X, y, random_state=0), CHEAP.summarise(X, y, random_state=1)
    with pytest.raises(ValueError, match="T and S were summarised with different folds"):
        CHEAP.pair(t, s)


def test_summaries_of_other_folds_do_not_meet() -> None:
    T, S, Y = teacher_and_student()
    t = pt.summarise(T, Y, estimator=LDA, random_state=1)
    with pytest.raises(ValueError, match="summarised with different folds"):
        distillable_knowledge(t, S, Y, estimator=LDA, random_state=2, synergy=False)


def test_a_probe_is_a_value() -> None:
    assert Probe() == Probe()
    assert dataclasses.replace(Probe(), n_folds=4).n_folds == 4
    labels = _validate.check_labels(np.array(["cat", "dog"] * 50))[0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        X = np.random.default_rng(0).normal(size=(100, 3))
        assert CHEAP.summarise(X, labels).n_classes == 2


# --- awkward data -----------------------------------------------------------------------------


def test_a_constant_source_knows_nothing() -> None:
    X, y, _ = classes_with_posterior(400)
    t, s = CHEAP.summarise(X, y), CHEAP.summarise(np.ones((400, 3)), y)
    assert s.information == pytest.approx(0, abs=1e-6)
    pid = CHEAP.pair(t, s).pid()
    assert pid.unique_t == pytest.approx(t.information, abs=1e-6)
    assert pid.redundancy == pytest.approx(0, abs=1e-6)
    assert pid.joint_information == pytest.approx(t.information, abs=0.02)


@pytest.mark.parametrize("constant", ["T", "S", "T and S"])
def test_constant_sources_know_nothing(constant: str) -> None:
    """To the rounding of float32 posteriors, and of the power that sharpens their cells."""
    T, S, Y = teacher_and_student()
    nothing = np.full((len(Y), 3), 2.5)
    T, S = (nothing if name in constant else X for name, X in (("T", T), ("S", S)))
    result = distillable_knowledge(T, S, Y, estimator=LDA, confidence_level=0.9, n_resamples=10)
    assert result.distilled == pytest.approx(0, abs=1e-5)
    if "T" in constant:
        assert result.teacher_information == pytest.approx(0, abs=1e-5)
        assert result.distillable == pytest.approx(0, abs=1e-5)
        assert result.p_distillable == 1.0
    if "S" in constant:
        assert result.student_information == pytest.approx(0, abs=1e-5)
        assert result.student_only == pytest.approx(0, abs=1e-5)


def test_separable_classes_stop_at_the_entropy() -> None:
    y = np.arange(600) % 3
    X = np.eye(3)[y] * 50 + np.random.default_rng(0).normal(size=(600, 3))
    information, bound, _ = informations(CHEAP, X, y)
    for bits in (information, bound):
        assert np.log2(3) - 0.02 < bits <= np.log2(3) + 1e-12


def test_sources_that_separate_the_classes_have_finite_atoms() -> None:
    Y = np.arange(300) % 3
    far = 100 * np.eye(4)[Y] + np.random.default_rng(0).normal(size=(300, 4))
    result = distillable_knowledge(far, far[:, :2], Y, estimator=LDA)
    for information in (result.teacher_information, result.student_information):
        assert entropy_of(Y) - 0.05 < information <= entropy_of(Y) + 1e-9
    assert np.isfinite(atoms(result.pid)).all()


@pytest.mark.parametrize("seed", range(4))
def test_nothing_known_is_nothing_to_distil(seed: int) -> None:
    """A rare class and noise: information below 0 on one side is no unique of the other."""
    rng = np.random.default_rng(seed)
    labels = np.arange(150) < 3
    T, S = rng.normal(size=(2, 150, 3))
    result = pt.distillable_knowledge(T, S, labels, estimator=LDA, synergy=False)
    summaries = [LDA.summarise(X, labels.astype(int)).information for X in (T, S)]
    assert min(summaries) < 0
    assert result.teacher_information == pytest.approx(max(summaries[0], 0), abs=1e-9)
    assert 0 <= result.distillable <= result.teacher_information + 1e-9
    assert noted(result, "counts as 0 where it comes out below")


def test_a_class_may_be_missing_from_a_resample() -> None:
    X, y, _ = classes_with_posterior(300)
    y = y + (np.arange(300) % 50 == 0) * (2 - y)
    t = CHEAP.summarise(X, y)
    without = t.resampled(np.flatnonzero(y != 2))
    assert without.table[:, 2].max() == 0
    assert without.table.sum() == pytest.approx(1, abs=1e-9)
    assert CHEAP.pair(without, without).pid().unique_t == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("value", [1e30, 1e6])
def test_one_outlier_does_not_decide(value: float) -> None:
    X, y, _ = classes_with_posterior()
    spoiled = X.copy()
    spoiled[7, 2] = value
    assert informations(CHEAP, spoiled, y)[0] == pytest.approx(
        informations(CHEAP, X, y)[0], abs=0.02
    )


# --- resampled rows, and behind the main question ---------------------------------------------


def test_equal_weights_change_nothing() -> None:
    X, y, _ = classes_with_posterior(800)
    t = CHEAP.summarise(X, y)
    again = t.resampled(np.tile(np.arange(800), 3))
    assert again.information == pytest.approx(t.information, abs=1e-12)
    np.testing.assert_allclose(again.table, t.table, atol=1e-12)


def test_resampled_rows_move_the_information() -> None:
    X, y, _ = classes_with_posterior(800)
    t = CHEAP.summarise(X, y)
    rng = np.random.default_rng(0)
    draws = [t.resampled(rng.integers(800, size=800)).information for _ in range(60)]
    # The loss of a row has a standard deviation of about .8 bits: .03 at n = 800.
    assert 0.015 < np.std(draws) < 0.045
    assert abs(np.mean(draws) - t.information) < 0.02


def test_the_probe_has_a_name_and_intervals() -> None:
    X, y, _ = classes_with_posterior(500)
    noisy = X + np.random.default_rng(5).normal(size=X.shape)
    result = distillable_knowledge(
        X, noisy, y, estimator=CHEAP, confidence_level=0.9, n_resamples=30
    )
    assert set(result.intervals) >= {"distillable", "distilled", "student_only", "synergy"}
    distillable = result.intervals["distillable"]
    assert distillable.low <= result.distillable <= distillable.high
    # An information of half a bit at n = 500 has a standard error of .04 bits.
    teacher = result.intervals["teacher_information"]
    assert 0.05 < teacher.high - teacher.low < 0.3
    assert mutual_information(X, y, estimator="probe") == pytest.approx(
        result.teacher_information, abs=0.05
    )


@pytest.mark.slow
def test_summaries_can_be_reused_with_intervals() -> None:
    X, y, _ = classes_with_posterior(400)
    t = CHEAP.summarise(X, y)
    result = distillable_knowledge(
        t, X[:, :3], y, estimator=CHEAP, confidence_level=0.9, n_resamples=10
    )
    again = distillable_knowledge(
        X, X[:, :3], y, estimator=CHEAP, confidence_level=0.9, n_resamples=10, n_jobs=2
    )
    assert result.intervals["distillable"] == again.intervals["distillable"]


def test_a_pool_bounds_the_union_of_many_classes() -> None:
    """The student is a garbling of the teacher, which 20 cells of ten classes can't follow."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 10, 1000)
    X = 0.8 * rng.normal(size=(10, 12))[y] + rng.normal(size=(1000, 12))
    worse = X[:, :8] + 0.3 * rng.normal(size=(1000, 8))
    probe = Probe(experts=("lda",), n_cells=20)
    t, s = probe.summarise(X, y), probe.summarise(worse, y)
    pair = probe.pair(t, s, synergy=False)
    pid = pair.pid()
    assert broja_from_pairs(t.table, s.table, tol=1e-4).unique_s > 0.02
    assert 0 <= pid.unique_s < 0.005
    # Rows drawn once each are the sample itself.
    rows = np.arange(1000)
    again = pair.resampled(t.resampled(rows), s.resampled(rows), rows).pid()
    assert again.unique_s == pytest.approx(pid.unique_s, abs=1e-9)


@pytest.mark.slow
def test_synergy_changes_no_other_atom() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 5, 600)
    X = 1.5 * rng.normal(size=(5, 6))[y] + rng.normal(size=(600, 6))
    worse = X[:, :4] + rng.normal(size=(600, 4))
    options: dict[str, Any] = {
        "estimator": Probe(experts=("lda",)),
        "confidence_level": 0.9,
        "n_resamples": 10,
    }
    without = distillable_knowledge(X, worse, y, synergy=False, **options)
    whole = distillable_knowledge(X, worse, y, **options)
    for atom in ("distilled", "distillable", "student_only"):
        assert getattr(without, atom) == getattr(whole, atom)
        assert without.intervals[atom] == whole.intervals[atom]


def test_refitted_rows_may_lack_a_class() -> None:
    rng = np.random.default_rng(0)
    y = np.r_[rng.integers(0, 3, 300), np.full(2, 3)]
    X = rng.normal(size=(302, 3)) + y[:, None]
    summary = CHEAP.summarise(X, y)
    again = summary.refitted(np.arange(0, 300, 2))
    assert again.n_classes == 4
    assert again.table.shape[1] == 4
    assert again.table[:, 3].sum() == pytest.approx(0, abs=1e-9)
    assert again.information == pytest.approx(summary.information, abs=0.3)
