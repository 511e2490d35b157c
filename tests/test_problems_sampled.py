"""Sampled problems: exact atoms against high precision and against their own samples."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from helpers import known, sampled_problem
from mpmath import mp, mpf
from problem_values import union_bracket
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import expit, ndtr
from union_by_cone import union_information

from pidtools import problems
from pidtools._information import mutual_information_of_table
from pidtools._types import Codes, Floats
from pidtools.problems import quadrature
from pidtools.problems.laws import Channel
from pidtools.problems.sampled import SampledProblem

SAMPLED = problems.sampled_problems()
by_name = pytest.mark.parametrize("problem", SAMPLED, ids=lambda p: p.name)


def pointwise_information(posterior: Floats, y: Codes, p_y: Floats) -> Floats:
    """log2 p(y|x) / p(y) at every sample; its mean estimates I(X; Y) without bias."""
    return np.log2(posterior[np.arange(len(y)), y] / p_y[y])


def shift_information(mean: Any) -> float:
    """I(Y; X) in bits for X = +-mean + N(0, 1), by 30-digit integration."""
    with mp.workdps(30):
        m = mpf(mean)

        def loss(x: Any) -> Any:
            density = mp.exp(-((x - m) ** 2) / 2) / mp.sqrt(2 * mp.pi)
            return density * mp.log(1 + mp.exp(-2 * m * x), 2)

        return float(1 - mp.quad(loss, [-20, -10, -5, 0, m, 5, 10, 25]))


def test_quadrature_agrees_with_high_precision() -> None:
    shift = problems.get("shift_ordered").pid
    teacher, student = shift_information("1"), shift_information("0.6")
    assert shift.redundancy == pytest.approx(student, abs=shift.gap)
    assert shift.unique_t == pytest.approx(teacher - student, abs=shift.gap)
    # Both signals together see one shift of the size sqrt(1 + 0.36).
    both = shift_information(mp.sqrt(mpf("1.36")))
    assert shift.synergy == pytest.approx(both - teacher, abs=shift.gap)
    degraded = problems.get("degraded").pid
    assert degraded.redundancy == pytest.approx(shift_information(1 / mp.sqrt(2)), abs=shift.gap)
    attributes = problems.get("two_attributes").pid
    assert attributes.unique_t == pytest.approx(shift_information("1.2"), abs=shift.gap)


@pytest.mark.slow
@by_name
def test_atoms_agree_with_exact_posteriors_of_a_large_sample(problem: SampledProblem) -> None:
    """The three informations by Monte Carlo, within 4 standard errors."""
    T, S, Y = problem.sample(40_000, random_state=1)
    pid = problem.pid
    exact = (pid.information_t, pid.information_s, pid.joint_information)
    for posterior, expected in zip(problem.posteriors(T, S), exact, strict=True):
        draws = pointwise_information(posterior, Y, problem.class_probabilities)
        error = draws.std() / np.sqrt(len(draws))
        assert abs(draws.mean() - expected) <= 4 * error + pid.gap + 1e-12


@by_name
def test_atoms_obey_the_laws(problem: SampledProblem) -> None:
    pid = problem.pid
    assert min(pid.redundancy, pid.unique_t, pid.unique_s, known(pid.synergy)) >= 0


@pytest.mark.slow
@by_name
def test_posteriors_are_calibrated(problem: SampledProblem) -> None:
    """Posterior minus one-hot label has mean 0 given the posterior: also in weighted form."""
    T, S, Y = problem.sample(20_000, random_state=2)
    for posterior in problem.posteriors(T, S):
        assert posterior.shape == (20_000, problem.n_classes)
        assert posterior.sum(axis=1) == pytest.approx(np.ones(20_000), abs=1e-12)
        residual = posterior * (np.eye(problem.n_classes)[Y] - posterior)
        error = residual.std(axis=0) / np.sqrt(20_000)
        assert (np.abs(residual.mean(axis=0)) <= 4.5 * error + 1e-12).all()


@by_name
def test_samples_have_shape_frequencies_and_a_seed(problem: SampledProblem) -> None:
    T, S, Y = problem.sample(5_000, random_state=3)
    assert (T.shape[1], S.shape[1]) == problem.dims
    assert Y.dtype == np.int64
    p_y = problem.class_probabilities
    frequency = np.bincount(Y, minlength=problem.n_classes) / 5_000
    assert (np.abs(frequency - p_y) <= 4.5 * np.sqrt(p_y * (1 - p_y) / 5_000)).all()
    again = problem.sample(5_000, random_state=3)
    assert all(np.array_equal(x, y) for x, y in zip((T, S, Y), again, strict=True))
    assert not np.array_equal(T, problem.sample(5_000, random_state=4)[0])


NARROW = {
    f"{problem.name}-{name}": (problem, channel)
    for problem in SAMPLED
    for name, channel in (("T", problem.coupling.t), ("S", problem.coupling.s))
    if channel.width == 1
}


@pytest.mark.parametrize(("problem", "channel"), NARROW.values(), ids=NARROW)
def test_nodes_integrate_every_density_to_one(problem: SampledProblem, channel: Channel) -> None:
    """The quadrature covers the whole law; width 1 stands for all, which are products."""
    points, weights = channel.nodes()
    mass = weights @ np.exp(channel.log_density(points))
    assert mass == pytest.approx(np.ones(len(problem.prior)), abs=1e-11)


def test_thresholds_agree_with_adaptive_quadrature() -> None:
    """Both uniques of shift_scale from normal distribution functions, in closed form."""

    def shift(x: float) -> float:  # T: N(-0.8, 1) or N(0.8, 1); 1.6 t is the log-likelihood ratio
        return float(expit(-x) * ndtr(x / 1.6 - 0.8) + expit(x) * ndtr(-x / 1.6 - 0.8))

    def scale(
        x: float,
    ) -> float:  # S: N(0, 1) or N(0, 9); the log-likelihood ratio is 4 s^2 / 9 - log 3
        s = np.sqrt(max(x + np.log(3), 0.0) * 9 / 4)
        return float(expit(-x) * (1 - 2 * ndtr(-s / 3)) + expit(x) * 2 * ndtr(-s))

    grid = np.linspace(-30, 30, 6001)
    sign = np.sign([scale(x) - shift(x) for x in grid])
    crossings = [
        brentq(lambda x: scale(x) - shift(x), a, b)
        for a, b in zip(grid[:-1][np.diff(sign) != 0], grid[1:][np.diff(sign) != 0], strict=True)
        if abs(scale(a) - shift(a)) > 1e-9
    ]
    breaks = sorted({-30.0, -np.log(3), *crossings, 30.0})
    pieces = [
        quad(lambda x: (scale(x) - shift(x)) / 2 / np.log(2), a, b, epsabs=1e-11, limit=200)[0]
        for a, b in pairwise(breaks)
    ]
    pid = problems.get("shift_scale").pid
    assert pid.unique_t == pytest.approx(sum(p for p in pieces if p > 0), abs=pid.gap)
    assert pid.unique_s == pytest.approx(-sum(p for p in pieces if p < 0), abs=pid.gap)


def test_heavy_tailed_teacher_decides_better_at_every_threshold() -> None:
    """For two classes that makes the student a garbling of the teacher (Blackwell 1953)."""
    problem = sampled_problem("heavy_tails")
    log_odds = np.linspace(-20, 20, 4001)
    teacher, student = (
        quadrature.risk(quadrature.source_table(c, problem.prior, np.eye(2), 32), log_odds)
        for c in (problem.coupling.t, problem.coupling.s)
    )
    assert (teacher <= student + 1e-14).all()


def merged(channel: Any, problem: SampledProblem, n_cells: int) -> Floats:
    """The table of one source with neighbouring nodes merged, as if classes were even."""
    table = quadrature.source_table(channel, problem.prior, problem.labels)
    even = (table / table.sum(axis=0)).mean(axis=1)
    cell = (np.cumsum(even) * n_cells * (1 - 1e-9)).astype(int)
    return np.array([table[cell == c].sum(axis=0) for c in np.unique(cell)])


@pytest.mark.parametrize(
    "problem",
    [p for p in SAMPLED if p.coupling.t.width == p.coupling.s.width == 1],
    ids=lambda p: p.name,
)
def test_union_information_lies_in_the_bracket_of_its_cells(problem: SampledProblem) -> None:
    """Merging cells loses union information, but no more than both sources lose.

    Given the coupling of the cells, draw t from its cell and y alone: what t then adds to the
    pair is at most I(Y; T | cell).
    """
    t, s = (merged(c, problem, 20) for c in (problem.coupling.t, problem.coupling.s))
    pid = problem.pid
    lost_t = pid.information_t - mutual_information_of_table(t)
    lost_s = pid.information_s - mutual_information_of_table(s)
    low, _ = union_information(t, s)
    assert -1e-7 <= pid.union_information - low <= lost_t + lost_s + 1e-7
    assert lost_t + lost_s < 0.03


def test_ternary_union_lies_in_a_certified_bracket() -> None:
    problem = sampled_problem("ternary_unordered")
    low, high = union_bracket(problem, n_cells=24)
    union, gap = problem.pid.union_information, problem.pid.gap
    assert low - gap <= union <= high + gap
    assert high - low < 0.005


def test_graded_set_has_the_agreed_dimensions_and_informations() -> None:
    graded = [p for p in SAMPLED if p.family == "graded"]
    assert len(graded) == 13
    other = {"loud_nuisance": (32, 16), "same": (16, 16), "rotated_copy": (16, 16)}
    assert all(p.dims == other.get(p.name, (16, 12)) for p in graded)
    for problem in graded:
        low, high = {"ten_classes": (2, 3), "xor_signs": (0, 1e-9)}.get(problem.name, (0.3, 1))
        assert low - 1e-9 <= problem.pid.information_t <= high


def test_every_problem_is_exact_to_a_thousandth_of_a_bit() -> None:
    assert max(problem.pid.gap for problem in SAMPLED) < 1e-3


def test_loud_nuisance_is_loud_in_every_column() -> None:
    T, S, _ = sampled_problem("loud_nuisance").sample(2_000)
    assert T.std(axis=0).min() > 50
    assert S.std(axis=0).min() > 50


def test_activations_are_what_the_names_say() -> None:
    T, S, _ = sampled_problem("relu_zeros").sample(2_000)
    assert (T == 0).mean() == pytest.approx(0.5)
    assert (S == 0).mean() == pytest.approx(0.5)
    T, S, _ = sampled_problem("same").sample(100)
    assert np.array_equal(T, S)
    T, S, _ = sampled_problem("rotated_copy").sample(100)
    assert pytest.approx(np.linalg.svd(S, compute_uv=False)) == np.linalg.svd(T, compute_uv=False)
    assert not np.allclose(T, S)
    T, S, _ = sampled_problem("float16").sample(100)
    assert T.dtype == S.dtype == np.float16
    T, S, _ = sampled_problem("quantised").sample(100)
    assert np.array_equal(T * 2, np.round(T * 2))
    assert np.array_equal(S / 1.5, np.round(S / 1.5))
    T, S, _ = sampled_problem("heavy_tails").sample(2_000)
    assert np.abs(T).max() > 10 * T.std() / 2


def test_half_precision_changes_nothing_that_matters() -> None:
    half, full = sampled_problem("float16"), sampled_problem("degraded")
    T, S, Y = full.sample(20_000)
    T16, S16, Y16 = half.sample(20_000)
    assert np.array_equal(Y, Y16)
    for exact, rounded in zip(full.posteriors(T, S), half.posteriors(T16, S16), strict=True):
        assert np.abs(exact - rounded).max() < 0.005
        before, after = (
            pointwise_information(p, Y, full.class_probabilities).mean() for p in (exact, rounded)
        )
        assert abs(before - after) < 1e-4
