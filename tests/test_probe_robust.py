"""What must not matter to a probe: rounding, units, rare activity, order, experts that fail."""

from __future__ import annotations

import numpy as np
import pytest

import pidtools as pt
from pidtools import Probe, distillable_knowledge, problems
from pidtools._probe import experts
from pidtools._probe.axes import lower_factor, principal_axes
from pidtools._probe.rare import rare_noise
from pidtools._probe.whitening import whiten

CHEAP = Probe(experts=("lda", "logistic"))
INFORMATIONS = ("teacher_information", "student_information", "joint_information")
ATOMS = ("distilled", "distillable", "student_only", "synergy")


def shifted(n=600, width=8, n_classes=2, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, n_classes, n)
    return rng.normal(size=(n, width)) + 1.5 * np.eye(n_classes, width)[y], y


def information(X, y, probe=CHEAP, **options):
    return probe.summarise(X, y, **options).information


# ---------------------------------------------------------------- rounding


@pytest.mark.parametrize("name", ["shared_and_parity", "swiss_roll"])
def test_noise_in_the_last_digits_moves_nothing(name):
    """The law: noise of 1e-12 moves nothing by more than .0005 bits."""
    T, S, Y = problems.get(name).sample(500, 0)
    rng = np.random.default_rng(1)
    noisy = [X * (1 + 1e-12 * rng.normal(size=X.shape)) for X in (T, S)]
    before = distillable_knowledge(T, S, Y, estimator="probe")
    after = distillable_knowledge(*noisy, Y, estimator="probe")
    for value in (*ATOMS, *INFORMATIONS):
        assert abs(getattr(after, value) - getattr(before, value)) < 5e-4


def test_axes_of_equal_eigenvalues_do_not_turn():
    """Three equal variances in random axes: LAPACK may return any basis, we return one."""
    rng = np.random.default_rng(0)
    Q = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    symmetric = Q @ np.diag([4.0, 2, 2, 2, 1, 0]) @ Q.T
    values, axes = principal_axes((symmetric + symmetric.T) / 2)
    noise = 1e-13 * rng.normal(size=(6, 6))
    _, again = principal_axes((symmetric + symmetric.T) / 2 + noise + noise.T)
    np.testing.assert_allclose(values, [4, 2, 2, 2, 1, 0], atol=1e-12)
    np.testing.assert_allclose(axes @ np.diag(values) @ axes.T, symmetric, atol=1e-12)
    np.testing.assert_allclose(axes.T @ axes, np.eye(6), atol=1e-12)
    np.testing.assert_allclose(again, axes, atol=1e-10)


def test_two_standardised_columns_have_axes_with_signs():
    """(1, 1) and (1, -1): both entries of an axis are of one size, so neither can rule."""
    for correlation in (0.5, -0.5):
        axes = principal_axes(np.array([[1, correlation], [correlation, 1]]))[1]
        for noise in (1e-15, -1e-15):
            moved = principal_axes(np.array([[1 + noise, correlation], [correlation, 1]]))[1]
            np.testing.assert_allclose(moved, axes, atol=1e-12)


@pytest.mark.parametrize("rank", [3, 8])
def test_a_covariance_that_rounding_left_indefinite_has_a_factor(rank):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(50, rank)).astype(np.float32) @ rng.normal(size=(rank, 8))
    rows = rows.astype(np.float32)
    covariance = (rows.T @ rows / 50).astype(np.float64)
    factor = lower_factor(covariance)
    # At most 1e-5 of the mean variance was added, for products in single precision.
    level = np.trace(covariance) / 8
    np.testing.assert_allclose(factor @ factor.T, covariance, atol=2e-5 * level)
    assert (factor.diagonal() > 0).all()
    with pytest.raises(ValueError, match="entries are not finite"):
        lower_factor(np.full((2, 2), np.nan))


# ---------------------------------------------------------------- units and columns


@pytest.mark.parametrize("factor", [2.0**-1000, 2.0**-600, 2.0**400])
def test_units_of_measurement_do_not_matter(factor):
    X, y = shifted()
    assert information(X * factor, y) == pytest.approx(information(X, y), abs=1e-9)
    one = np.where(np.arange(8) == 0, factor, 1.0)
    assert information(X * one, y) == pytest.approx(information(X, y), abs=1e-9)


def test_a_column_of_many_decades_keeps_its_small_classes():
    """Three classes at 1e-6, 1e-3 and 1, ten per cent apart; the largest values are near 1e4."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 1200)
    long = 10.0 ** (np.array([-6.0, -3, 0, 4])[y] + 0.3 * rng.normal(size=1200))
    X = np.column_stack([long, rng.normal(size=(1200, 3))])
    # Ten standard deviations apart: the entropy, but for what calibration costs.
    assert information(X, y) > 1.9
    # The same column with the same information, as the logarithm that it is.
    assert information(np.column_stack([np.log(long), X[:, 1:]]), y) > 1.9


def test_wide_sources_are_whitened_by_rows():
    """More columns than rows: as by columns, up to the signs of the axes, in little memory."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 60)) @ np.diag(np.linspace(1, 3, 60))
    wide = whiten(X)
    assert wide.rank == 39
    np.testing.assert_allclose(wide.Z.T @ wide.Z / 40, np.eye(39), atol=1e-10)
    # Each column again, so that there are still the same products of rows, twice.
    twice = whiten(np.hstack([X, X]))
    np.testing.assert_allclose(np.abs(twice.Z), np.abs(wide.Z), atol=1e-8)
    huge = rng.normal(size=(60, 60_000)).astype(np.float32)  # a covariance would take 29 GB
    assert whiten(huge).rank == 59


# ---------------------------------------------------------------- rarely active units


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize(("n_rows", "n_units"), [(1, 1), (3, 1), (8, 4), (10, 20)])
def test_units_that_are_active_in_a_few_rows_change_nothing(n_rows, n_units, dtype):
    X, y = shifted(500, n_classes=3)
    X = np.maximum(X, 0)
    rng = np.random.default_rng(n_rows)
    units = np.zeros((500, n_units))
    for unit in units.T:
        unit[rng.choice(500, n_rows, replace=False)] = 3
    probe = Probe(experts=("lda", "gaussian"))
    with_units = probe.summarise(np.hstack([X, units]).astype(dtype), y)
    assert with_units.information == pytest.approx(
        information(X.astype(dtype), y, probe), abs=1e-12
    )
    assert any(f"left out: {n_units} of the columns" in n for n in with_units.notes)


def test_many_rare_units_that_go_with_the_labels_are_kept():
    """Two hundred symbols, five rows each, that decide the label: none shows it alone."""
    rng = np.random.default_rng(0)
    symbols = np.arange(1000) % 200
    X = np.eye(200)[symbols]
    assert len(rare_noise(X, symbols % 2)) == 0
    assert len(rare_noise(X, rng.integers(0, 2, 1000))) == 200
    assert information(X, symbols % 2, Probe(experts=("logistic",))) > 0.7


def test_a_unit_of_one_row_of_the_rare_class():
    """The call that met `LinAlgError`: 'Matrix is not positive definite'."""
    rng = np.random.default_rng(1)
    y = (rng.random(2000) < 0.1).astype(int)
    X = np.maximum(rng.normal(size=(2000, 8)) + y[:, None] * np.linspace(0, 2, 8), 0)
    X[:, 0] = 0
    X[np.flatnonzero(y)[0], 0] = 3
    with_unit = pt.summarise(X, y).information
    assert with_unit == pytest.approx(pt.summarise(X[:, 1:], y).information, abs=1e-9)


@pytest.mark.parametrize("n_rows", [10, 50])
def test_a_rare_class_that_rare_units_know_is_known(n_rows):
    """Units of ten rows each that together mark a class: without them nothing would."""
    rng = np.random.default_rng(0)
    y = (np.arange(500) < n_rows).astype(int)
    units = np.zeros((500, n_rows // 10))
    units[np.arange(n_rows), np.arange(n_rows) // 10] = 1.5
    X = np.hstack([units, rng.normal(size=(500, 3))])
    share = n_rows / 500
    whole = -share * np.log2(share) - (1 - share) * np.log2(1 - share)
    # One of ten rows of the class that is missed costs some .02 bits.
    assert information(X, y) > 0.6 * whole
    assert len(rare_noise(X, y)) == 0


def test_few_units_that_know_are_kept_among_many_that_do_not():
    """20 classes of 20 rows; two units each on ten rows of one class, beside 100 rare ones."""
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(20), 20)
    X = np.zeros((400, 140))
    for unit in range(40):
        X[20 * (unit // 2) + 10 * (unit % 2) + np.arange(10), unit] = 1
    for unit in range(40, 140):
        X[rng.choice(400, 10, replace=False), unit] = 1
    left_out = rare_noise(X, y)
    assert left_out.min() >= 40
    assert len(left_out) >= 95


# ---------------------------------------------------------------- order of the rows


def test_rows_that_repeat_with_a_period_are_seen_like_others():
    """Every second row is the same token, so evenly spaced rows would show nothing else."""
    rng = np.random.default_rng(0)
    X, y = shifted(20_000, 4)
    # Far off in a column that knows nothing: what the others know stays linear.
    X[::2] = np.array([0.0, 0, 300, 0]) + 1e-5 * rng.normal(size=(10_000, 4))
    order = rng.permutation(len(y))
    mixed = information(X[order], y[order])
    # The folds are others: some thousandths of a bit.
    assert information(X, y) == pytest.approx(mixed, abs=0.005)
    assert mixed > 0.15


# ---------------------------------------------------------------- experts that fail


def failing(view, wanted):
    raise np.linalg.LinAlgError("Matrix is not positive definite")


def silent(view, wanted):
    return {"gaussian:all": np.full((len(view.new), view.n_classes), np.nan)}


@pytest.mark.parametrize("broken", [failing, silent])
def test_an_expert_that_fails_is_left_out_with_a_note(monkeypatch, broken):
    X, y = shifted(300)
    alone = Probe(experts=("lda",)).summarise(X, y)
    monkeypatch.setitem(experts.EXPERTS, "gaussian", broken)
    summary = Probe(experts=("lda", "gaussian")).summarise(X, y)
    assert summary.information == alone.information
    assert any("could not be fitted to every fold: gaussian" in note for note in summary.notes)
    nobody = Probe(experts=("gaussian",)).summarise(X, y)
    assert nobody.information == pytest.approx(0, abs=1e-6)
    assert nobody.weights.keys() == {"prior"}


def test_a_classifier_that_fails_is_named():
    from sklearn.naive_bayes import MultinomialNB

    X, y = shifted(100)
    probe = Probe(classifier=MultinomialNB())
    with pytest.raises(
        ValueError, match=r"^classifier could not be fitted to 80 rows of 8 features"
    ):
        probe.summarise(X - 10, y)


# ---------------------------------------------------------------- more classes than cells


def test_more_classes_than_cells_are_warned_of():
    rng = np.random.default_rng(0)
    y = np.arange(720) % 120
    X = 4 * rng.normal(size=(120, 8))[y] + 0.3 * rng.normal(size=(720, 8))
    with pytest.warns(pt.PIDWarning, match="^X: 120 classes are more than the 100 cells"):
        Probe(experts=("lda",)).summarise(X, y)
