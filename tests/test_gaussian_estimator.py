"""The Gaussian estimator on samples: oracles, invariances, corrections, messages."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import random_gaussians
from helpers import Chosen, all_said, atoms, gaussian_problem, known

import pidtools as pt
from pidtools._gaussian import moments
from pidtools._gaussian.estimator import GaussianSummary
from pidtools._types import Floats
from pidtools.problems.gaussian import GaussianProblem, gaussian_problems

T, S, Y = gaussian_problem("gaussian_unordered").sample(600, random_state=5)


def measure(T: Any = T, S: Any = S, Y: Any = Y, **options: Any) -> pt.DistillableKnowledge:
    return random_gaussians.measure(T, S, Y, **options)


def atoms_of(*sources: Any, **options: Any) -> Floats:
    return atoms(measure(*sources, **options).pid)


# --- which estimator, and what is refused -----------------------------------------------------


def test_auto_chooses_it_for_a_continuous_target_and_says_so() -> None:
    found = pt.distillable_knowledge(T, S, Y)
    assert found.estimator_t == pt.Gaussian()
    assert "looked at by Gaussian(" in found.details()
    assert found.n_classes is None
    assert "continuous Y" in found.summary()
    assert atoms(found.pid).tolist() == atoms_of().tolist()
    labels = (Y[:, 0] > 0).astype(int)
    assert pt.distillable_knowledge(labels, labels, labels).estimator_t == pt.Symbols()


LABELS = np.arange(600) % 3
REFUSED = {
    "integers": (LABELS, TypeError, 'Y holds int64 and looks like labels.*estimator="probe"'),
    "strings": (LABELS.astype(str), TypeError, "Y holds strings, which are no amounts"),
    "bools": (LABELS > 0, TypeError, "Y holds bool and looks like labels"),
    "one-hot": (np.eye(3)[LABELS], ValueError, r"Y holds one-hot labels.*argmax\(axis=1\)"),
    "two values": ((LABELS > 0) * 0.5, ValueError, "Y holds 2 distinct values and looks like"),
    "constant": (np.ones((600, 2)), ValueError, "Y is constant"),
    "NaN": (np.where(LABELS[:, None] == 1, np.nan, Y), ValueError, "Y holds 800 NaN in 200 rows"),
    "three axes": (Y[:, :, None], ValueError, "Y has 3 axes"),
    "short": (Y[:-1], ValueError, "T has 600 rows, S has 600 rows, Y has 599 rows"),
    "function of T": (T @ np.ones((4, 2)) + [0, 1], ValueError, "a linear function of T, so the"),
    "function of S": (
        S[:, :1] * 2,
        ValueError,
        "a linear function of S, so the information is inf",
    ),
    "function of both": (T[:, :1] + S[:, :1], ValueError, "linear function of T and S together"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_targets_that_are_refused(kind: str) -> None:
    bad, error, message = REFUSED[kind]
    with pytest.raises(error, match=message):
        measure(Y=bad)


@pytest.mark.slow
def test_whole_floats_are_taken_with_a_note() -> None:
    codes = LABELS.astype(float)
    found = measure(Y=codes)
    assert sum("Y takes few values" in note for note in all_said(found)) == 1
    assert not any("Y takes few values" in note for note in all_said(measure()))
    # Without being told, whole floats are labels.
    assert pt.distillable_knowledge(T, S, codes).n_classes == 3


def test_labels_estimators_refuse_amounts() -> None:
    with pytest.raises(ValueError, match=r'Y holds 600 distinct .*estimator="gaussian"'):
        measure(Y=Y[:, 0], estimator="binning")
    with pytest.raises(ValueError, match=r'astype\(float\) with estimator="gaussian"'):
        pt.distillable_knowledge(T, S, np.arange(600))


def test_strings_are_no_units() -> None:
    with pytest.raises(TypeError, match="T holds strings; the Gaussian estimator needs numbers"):
        measure(LABELS.astype(str))


def test_too_few_samples_are_refused_and_shrinkage_helps() -> None:
    rows = slice(0, 9)
    with pytest.raises(ValueError, match=r"T has 4 units and Y 4 for 9 samples.*at least 10"):
        measure(T[rows], S[rows], Y[rows])
    with pytest.raises(ValueError, match="Y holds 1 sample; a covariance needs more"):
        measure(T[:1], S[:1], Y[:1])
    rows = slice(0, 12)
    with pytest.raises(ValueError, match=r"T and S together have 8 units.*pass synergy=False"):
        measure(T[rows], S[rows], Y[rows])
    with pytest.warns(pt.PIDWarning, match="[TS]: 12 samples for 4 units and 4 of Y are few"):
        found = measure(T[rows], S[rows], Y[rows], synergy=False)
    assert any("are few; the atoms move" in note for note in all_said(found))
    shrunk = measure(T[rows], S[rows], Y[rows], estimator=pt.Gaussian(shrinkage="oas"))
    assert (atoms(shrunk.pid) >= -1e-12).all()
    assert any("correlations were shrunk by" in note for note in all_said(shrunk))


def test_shrinkage_takes_more_units_than_samples() -> None:
    rng = np.random.default_rng(0)
    wide = [rng.normal(size=(20, 24)) for _ in range(3)]
    found = measure(*wide, estimator=pt.Gaussian(shrinkage="oas"))
    # Independent units: nothing is known, and the plug-in of gpid's kind reads 71 bits.
    assert known(found.joint_information) < 15
    with pytest.raises(ValueError, match=r"shrinkage must be one of 'oas'; got 'lw'"):
        pt.Gaussian(shrinkage="lw")  # type: ignore[arg-type]


def test_summaries_of_another_kind_do_not_mix() -> None:
    t = pt.summarise(T, Y, estimator=pt.Gaussian())
    with pytest.raises(ValueError, match="T was summarised with other labels than Y"):
        measure(t, S, Y + 1)


# --- moments ----------------------------------------------------------------------------------


def test_a_large_offset_costs_no_digits() -> None:
    rng = np.random.default_rng(0)
    X, Z = rng.normal(size=(5000, 3)), rng.normal(size=(5000, 2))
    plain, offset = moments.moments(X, Z), moments.moments(X + 1e8, Z - 1e8)
    # The sum of a number near 1 and 1e8 rounds at 1.5e-8.
    np.testing.assert_allclose(offset.cov, plain.cov, atol=1e-7)
    np.testing.assert_allclose(atoms_of(T + 2**20), atoms_of(), atol=1e-9)


def test_memory_maps_are_read_in_place(tmp_path: Path) -> None:
    np.save(tmp_path / "T.npy", T)
    mapped = np.load(tmp_path / "T.npy", mmap_mode="r")
    assert atoms_of(mapped).tolist() == atoms_of().tolist()
    summary = pt.summarise(mapped, Y, estimator="gaussian")
    assert isinstance(summary, GaussianSummary)
    assert np.shares_memory(summary.source.x.values, mapped)


# --- what the numbers are ---------------------------------------------------------------------


def test_without_correction_it_is_the_decomposition_of_the_sample_covariance() -> None:
    pid = pt.gaussian_pid(np.cov(np.hstack([T, S, Y]), rowvar=False), dims=(4, 4, 4))
    found = measure(estimator=pt.Gaussian(correction=False)).pid
    for name in ("redundancy", "unique_t", "unique_s", "synergy"):
        assert getattr(found, name) == pytest.approx(getattr(pid, name), abs=1e-12)
    assert found.gap > 0
    assert pt.mutual_information(T, Y, estimator=pt.Gaussian(correction=False)) == pytest.approx(
        pid.information_t, abs=1e-12
    )


@pytest.mark.slow
@pytest.mark.parametrize("problem", gaussian_problems(), ids=lambda problem: problem.name)
def test_large_samples_find_the_exact_atoms(problem: GaussianProblem) -> None:
    T, S, Y = problem.sample(100_000, random_state=1)
    found = measure(T, S, Y, estimator=pt.Gaussian(copula=problem.warp is not None))
    exact = [getattr(problem.pid, name) for name in ("redundancy", "unique_t", "unique_s")]
    # The information of k directions has a standard error of at most sqrt(k / n) / ln 2 bits;
    # four of them. Eigenvalues of equal channels add their spread, sqrt(k / n) each.
    k = problem.dims[2]
    allowed = (
        4 * (np.sqrt(k) + k * (problem.name == "gaussian_equal")) / np.sqrt(100_000) / np.log(2)
    )
    np.testing.assert_allclose(atoms(found.pid)[:3], exact, atol=allowed)
    assert found.synergy == pytest.approx(problem.pid.synergy, abs=allowed)


@pytest.mark.parametrize("correct", [True, False])
def test_invertible_maps_change_nothing(correct: bool) -> None:
    rng = np.random.default_rng(0)
    maps = [rng.normal(size=(4, 4)) for _ in range(3)]
    mapped = [X @ m + rng.normal(size=4) * 10 for X, m in zip((T, S, Y), maps, strict=True)]
    estimator = pt.Gaussian(correction=correct)
    # 1e-9 is the promise; the sample covariance of 600 rows keeps 1e-13.
    np.testing.assert_allclose(
        atoms_of(*mapped, estimator=estimator), atoms_of(estimator=estimator), atol=1e-9
    )


def test_monotone_maps_change_nothing_of_the_copula() -> None:
    copula = pt.Gaussian(copula=True)
    warped = measure(T**3, np.exp(S), np.arctan(Y), estimator=copula)
    np.testing.assert_allclose(atoms(warped.pid), atoms_of(estimator=copula), atol=1e-12)
    assert abs(measure(T**3, np.exp(S), Y).distillable - warped.distillable) > 0.05


def test_swapping_the_sources_swaps_the_uniques() -> None:
    a, b = atoms_of(), atoms_of(S, T)
    # The correction draws anew for the other order: its own noise, a tenth of the sampling error.
    np.testing.assert_allclose(b, a[[0, 2, 1, 3]], atol=0.02)


def test_units_that_add_nothing_change_nothing() -> None:
    wide = np.hstack([T, T[:, :1], np.ones((600, 1)), T @ np.ones((4, 2))])
    found = measure(wide)
    np.testing.assert_allclose(atoms(found.pid), atoms_of(), atol=1e-9)
    assert any("left out unit 5 (constant) and units" in note for note in all_said(found))


def test_a_student_that_is_its_teacher() -> None:
    found = measure(T, T @ np.random.default_rng(0).normal(size=(4, 4)))
    np.testing.assert_allclose(atoms(found.pid)[1:], 0.0, atol=1e-9)


def test_constant_sources_know_nothing() -> None:
    found = measure(np.zeros((600, 2)), S)
    assert found.teacher_information == 0.0
    assert found.fraction_distilled is None
    assert found.student_only == pytest.approx(found.student_information, abs=0.02)


def test_integers_and_columns_are_numbers() -> None:
    counts = np.round(T[:, 0] * 10).astype(int)
    by_column = measure(counts, S[:, 0], Y[:, 0])
    assert (
        atoms(by_column.pid).tolist() == atoms_of(counts.astype(float), S[:, :1], Y[:, :1]).tolist()
    )


def test_float32_is_close_to_float64() -> None:
    single = measure(*(X.astype(np.float32) for X in (T, S, Y)))
    np.testing.assert_allclose(atoms(single.pid), atoms_of(), atol=1e-5)


@pytest.mark.parametrize(
    "estimator",
    [pt.Gaussian(), pt.Gaussian(copula=True), pt.Gaussian(shrinkage="oas")],
    ids=["plain", "copula", "oas"],
)
def test_powers_of_two_change_no_bit(estimator: Chosen) -> None:
    """Columns from 1e-240 to 1e140, one of Y repeated, with errors of arithmetic raised."""
    rng = np.random.default_rng(0)
    T, S, Y = gaussian_problem("gaussian_unordered").sample(150, random_state=3)
    Y = np.column_stack([Y, Y[:, 0]])
    scaled = [X * 2.0 ** rng.integers(-800, 450, size=X.shape[1]) for X in (T, S, Y)]
    options: dict[str, Any] = {"estimator": estimator, "confidence_level": 0.9, "n_resamples": 10}
    before = measure(T, S, Y, **options)
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        after = measure(*scaled, **options)
    assert atoms(after.pid).tolist() == atoms(before.pid).tolist()
    assert after.intervals == before.intervals


# --- corrections ------------------------------------------------------------------------------


def test_corrected_informations_are_unbiased() -> None:
    """z-score over repeated seeds, a system of ten units each and 60 samples."""
    problem = gaussian_problem("gaussian_scalar")
    found, plug_in = [], []
    for seed in range(300):
        T, _, Y = problem.sample(30, random_state=seed)
        found.append(pt.mutual_information(T, Y, estimator="gaussian"))
        plug_in.append(pt.mutual_information(T, Y, estimator=pt.Gaussian(correction=False)))
    error = np.std(found) / np.sqrt(300)
    assert abs(np.mean(found) - problem.pid.information_t) < 4 * error
    assert np.mean(plug_in) - problem.pid.information_t > 4 * error


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gaussian_unordered", "gaussian_ordered", "gaussian_rotated_30"])
def test_corrected_uniques_have_less_bias(name: str) -> None:
    problem = gaussian_problem(name)
    exact = np.array([problem.pid.unique_t, problem.pid.unique_s])
    found: dict[bool, list[list[float]]] = {True: [], False: []}
    for seed in range(200):
        T, S, Y = problem.sample(100, random_state=seed)
        for correct, rows in found.items():
            r = measure(T, S, Y, estimator=pt.Gaussian(correction=correct), synergy=False)
            rows.append([r.distillable, r.student_only])
    bias = {k: np.abs(np.mean(v, axis=0) - exact).mean() for k, v in found.items()}
    assert bias[True] < 0.05
    if name != "gaussian_rotated_30":  # there the plug-in has next to none
        assert bias[True] < bias[False]


# --- intervals --------------------------------------------------------------------------------


def test_intervals_of_everything_and_the_same_for_any_n_jobs() -> None:
    alone, two = (measure(confidence_level=0.9, n_resamples=30, n_jobs=k) for k in (1, 2))
    assert list(alone.intervals) == [
        "distillable",
        "distilled",
        "student_only",
        "synergy",
        "teacher_information",
        "student_information",
        "joint_information",
    ]
    for name, interval in alone.intervals.items():
        assert interval == two.intervals[name]
        assert interval.low < getattr(alone, name) < interval.high
        assert interval.confidence_level == 0.9
    keys = alone.to_dict()
    assert keys["distillable_low"] == alone.intervals["distillable"].low
    assert "90\N{NO-BREAK SPACE}%: " in alone.summary()
    assert atoms(alone.pid).tolist() == atoms_of().tolist()


def test_intervals_from_summaries_and_in_nats() -> None:
    t, s = (pt.summarise(X, Y, estimator="gaussian") for X in (T, S))
    options: dict[str, Any] = {"confidence_level": 0.9, "n_resamples": 20}
    bits, nats = measure(t, s, **options), measure(**options, units="nats")
    assert nats.intervals["distilled"].low == pytest.approx(
        bits.intervals["distilled"].low * np.log(2), abs=1e-12
    )
    without = measure(t, s, synergy=False, **options)
    assert "synergy" not in without.intervals
    assert "joint_information" not in without.intervals
    assert without.intervals["distilled"] == bits.intervals["distilled"]


@pytest.mark.parametrize("name", ["gaussian_unordered", "gaussian_equal"])
def test_invertible_maps_change_no_interval(name: str) -> None:
    """Resamples are held in the sample's own eigenvectors, whatever the units of Y."""
    rng = np.random.default_rng(0)
    drawn = gaussian_problem(name).sample(300, random_state=2)
    mapped = [X @ rng.normal(size=(X.shape[1],) * 2) * 10.0 ** rng.integers(-2, 3) for X in drawn]
    options: dict[str, Any] = {"confidence_level": 0.9, "n_resamples": 15}
    before, after = measure(*drawn, **options), measure(*mapped, **options)
    for key, interval in before.intervals.items():
        assert after.intervals[key].low == pytest.approx(interval.low, abs=1e-8)
        assert after.intervals[key].high == pytest.approx(interval.high, abs=1e-8)


@pytest.mark.slow
def test_resamples_of_equal_channels_spread_as_samples_do() -> None:
    problem = gaussian_problem("gaussian_equal")
    widths, estimates = [], []
    for seed in range(40):
        data = problem.sample(300, random_state=seed)
        options: dict[str, Any] = {"confidence_level": 0.9, "n_resamples": 20, "synergy": False}
        found = measure(*data, **(options if seed < 8 else {"synergy": False}))
        estimates.append(found.distilled)
        if seed < 8:
            widths.append(found.intervals["distilled"].high - found.intervals["distilled"].low)
    # 20 resamples and 40 samples know a spread to 6 and 11 %; three errors, and the shape.
    assert np.mean(widths) / 3.29 / np.std(estimates) == pytest.approx(1.0, abs=0.4)


@pytest.mark.parametrize("shrinkage", [None, "oas"])
def test_resamples_of_a_constant_source(shrinkage: Literal["oas"] | None) -> None:
    rng = np.random.default_rng(0)
    Y = rng.normal(size=(60, 2))
    options: dict[str, Any] = {"confidence_level": 0.9, "n_resamples": 10}
    found = measure(
        np.ones((60, 2)),
        Y + 1,
        Y + rng.normal(size=(60, 2)),
        **options,
        estimator=pt.Gaussian(shrinkage=shrinkage),
    )
    assert found.teacher_information == 0
    assert found.intervals["teacher_information"].high == pytest.approx(0, abs=1e-12)


def test_without_correction_resamples_are_held_to_nothing() -> None:
    plain = pt.Gaussian(correction=False)
    t, s = (pt.summarise(X, Y, estimator=plain) for X in (T, S))
    assert isinstance(t, GaussianSummary)
    assert isinstance(s, GaussianSummary)
    pair, rows = plain.pair(t, s), np.arange(len(Y))
    assert pair.anchor is None
    again = pair.resampled(t.resampled(rows), s.resampled(rows), rows)
    # The sample itself, whose sums are added in another order.
    np.testing.assert_allclose(atoms(again.pid()), atoms(pair.pid()), atol=1e-9)


def test_groups_widen_the_intervals() -> None:
    rows = np.repeat(np.arange(60), 10)
    few = [X[rows] + 1e-3 * np.random.default_rng(0).normal(size=X[rows].shape) for X in (T, S, Y)]
    options: dict[str, Any] = {"confidence_level": 0.95, "n_resamples": 60, "synergy": False}
    alone = measure(*few, **options).intervals["teacher_information"]
    grouped = measure(*few, groups=rows, **options).intervals["teacher_information"]
    assert grouped.high - grouped.low > 2 * (alone.high - alone.low)


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("confidence_level", 95, "confidence_level must lie between 0 and 1, such as 0.95"),
        ("confidence_level", 0.0, "confidence_level must be positive"),
        ("n_resamples", 3, "n_resamples must be at least 10"),
        ("groups", np.zeros(600), "groups holds one group"),
        ("groups", np.zeros(5), r"groups must hold one label a sample, shape \(600,\)"),
    ],
)
def test_bad_options_for_intervals(option: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        measure(**{"confidence_level": 0.9, option: value})
