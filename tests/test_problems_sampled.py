"""Sampled problems: exact atoms against high precision and against their own samples."""

from __future__ import annotations

import numpy as np
import pytest
from mpmath import mp, mpf

from pidtools import problems

SAMPLED = problems.sampled_problems()
by_name = pytest.mark.parametrize("problem", SAMPLED, ids=lambda p: p.name)


def pointwise_information(posterior, y, p_y):
    """log2 p(y|x) / p(y) at every sample; its mean estimates I(X; Y) without bias."""
    return np.log2(posterior[np.arange(len(y)), y] / p_y[y])


def shift_information(mean):
    """I(Y; X) in bits for X = +-mean + N(0, 1), by 30-digit integration."""
    with mp.workdps(30):
        m = mpf(mean)
        density = lambda x: mp.exp(-((x - m) ** 2) / 2) / mp.sqrt(2 * mp.pi)  # noqa: E731
        loss = lambda x: density(x) * mp.log(1 + mp.exp(-2 * m * x), 2)  # noqa: E731
        return float(1 - mp.quad(loss, [-20, -10, -5, 0, m, 5, 10, 25]))


def test_quadrature_agrees_with_high_precision():
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


@by_name
def test_atoms_agree_with_exact_posteriors_of_a_large_sample(problem):
    """The three informations by Monte Carlo, within 4 standard errors."""
    T, S, Y = problem.sample(100_000, random_state=1)
    pid = problem.pid
    exact = (pid.information_t, pid.information_s, pid.joint_information)
    for posterior, expected in zip(problem.posteriors(T, S), exact, strict=True):
        draws = pointwise_information(posterior, Y, problem.class_probabilities)
        error = draws.std() / np.sqrt(len(draws))
        assert abs(draws.mean() - expected) <= 4 * error + pid.gap + 1e-12


@by_name
def test_atoms_obey_the_laws(problem):
    pid = problem.pid
    assert min(pid.redundancy, pid.unique_t, pid.unique_s, pid.synergy) >= -pid.gap


@by_name
def test_posteriors_are_calibrated(problem):
    """Posterior minus one-hot label has mean 0 given the posterior: also in weighted form."""
    T, S, Y = problem.sample(20_000, random_state=2)
    for posterior in problem.posteriors(T, S):
        assert posterior.shape == (20_000, problem.n_classes)
        assert posterior.sum(axis=1) == pytest.approx(np.ones(20_000), abs=1e-12)
        residual = posterior * (np.eye(problem.n_classes)[Y] - posterior)
        error = residual.std(axis=0) / np.sqrt(20_000)
        assert (np.abs(residual.mean(axis=0)) <= 4.5 * error + 1e-12).all()


@by_name
def test_samples_have_shape_frequencies_and_a_seed(problem):
    T, S, Y = problem.sample(5_000, random_state=3)
    assert (T.shape[1], S.shape[1]) == problem.dims
    assert Y.dtype == np.int64
    p_y = problem.class_probabilities
    frequency = np.bincount(Y, minlength=problem.n_classes) / 5_000
    assert (np.abs(frequency - p_y) <= 4.5 * np.sqrt(p_y * (1 - p_y) / 5_000)).all()
    again = problem.sample(5_000, random_state=3)
    assert all(np.array_equal(x, y) for x, y in zip((T, S, Y), again, strict=True))
    assert not np.array_equal(T, problem.sample(5_000, random_state=4)[0])


def test_dimensions_of_the_graded_set():
    assert problems.get("shift_ordered").dims == (16, 12)
    assert problems.get("loud_nuisance").dims == (32, 16)


def test_loud_nuisance_is_loud_in_every_column():
    T, S, _ = problems.get("loud_nuisance").sample(2_000)
    assert T.std(axis=0).min() > 50
    assert S.std(axis=0).min() > 50
