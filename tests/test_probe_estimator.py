"""The probe: atoms of sampled problems, invariances, and what it says about awkward data."""

import dataclasses
import warnings

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

import pidtools as pt
from pidtools import Probe, _validate, distillable_knowledge, mutual_information, problems
from pidtools._broja.decompose import broja_from_pairs
from pidtools._broja.negligible import without_negligible
from pidtools._information import entropy, mutual_information_of_table
from pidtools._probe.discriminant import discriminant, shrink_singular_values
from pidtools._probe.estimator import TABLE_TOLERANCE
from pidtools._probe.folds import fold_numbers
from pidtools._probe.network import _convex_fit, _Layout, _Loss, _start
from pidtools._probe.pool import fit_pool, log_loss
from pidtools._probe.posterior_cells import cell_means, posterior_cells, sharpened_table
from pidtools._probe.whitening import join, whiten
from pidtools._result import PIDWarning

CHEAP = Probe(experts=("lda", "logistic"))


def shift(n=1500, seed=0, gap=1.2, width=6):
    """Two classes, shifted along the diagonal; returns features, labels, posteriors."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    direction = np.ones(width) / np.sqrt(width)
    X = rng.normal(size=(n, width)) + np.outer((2 * y - 1) * gap, direction)
    logit = 2 * gap * (X @ direction)
    return X, y, 1 / (1 + np.exp(-logit))


def informations(probe, X, y, **options):
    summary = probe.summarise(X, y, **options)
    return summary.information, summary.bound, summary.bound_from_half


# ---------------------------------------------------------------- the numbers


@pytest.mark.parametrize(
    "name",
    [
        "degraded",
        pytest.param("shift_ordered", marks=pytest.mark.slow),
        pytest.param("xor_signs", marks=pytest.mark.slow),
        pytest.param("two_attributes", marks=pytest.mark.slow),
    ],
)
def test_atoms_of_sampled_problems(name):
    problem = problems.get(name)
    T, S, Y = problem.sample(2000, 1)
    probe = Probe()
    t, s = probe.summarise(T, Y), probe.summarise(S, Y)
    pid = probe.decompose(t, s)
    synergy = probe.joint_information(t, s) - pid.union_information
    found = np.array([pid.redundancy, pid.unique_t, pid.unique_s, synergy])
    exact = problem.pid
    atoms = np.array([exact.redundancy, exact.unique_t, exact.unique_s, exact.synergy])
    # The sampling error of an information of half a bit is .02 bits at n = 2000; the joint of
    # xor_signs in 28 dimensions starves by .06 more.
    assert np.abs(found - atoms).max() < 0.1
    assert np.abs(found - atoms).mean() < 0.035


def test_information_of_a_shift():
    X, y, p = shift(4000)
    exact = 1 - np.mean(-np.log2(np.where(y == 1, p, 1 - p)))
    information, bound, from_half = informations(CHEAP, X, y)
    # The same rows under the exact posterior: what is left is the probe's own error, whose
    # order is width / n in nats.
    assert information == pytest.approx(exact, abs=0.01)
    assert bound == pytest.approx(exact, abs=0.01)
    assert from_half < bound + 0.002


def test_independent_labels_carry_nothing():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(1000, 5)), rng.integers(0, 3, 1000)
    information, bound, _ = informations(CHEAP, X, y)
    # Pool weights and offsets fitted on 1000 rows: some 5 / 2000 nats of optimism.
    assert abs(bound) < 0.01
    assert abs(information) < 0.02


def test_the_same_source_has_nothing_unique():
    X, y, _ = shift()
    t = CHEAP.summarise(X, y)
    pid = CHEAP.decompose(t, t)
    # The power that sharpens is found to 1e-9.
    assert pid.unique_t == pytest.approx(0, abs=1e-7)
    assert pid.unique_s == pytest.approx(0, abs=1e-7)
    assert pid.redundancy == pytest.approx(t.information, abs=1e-7)
    # The joint pool hears T and S: it can lose little and invent nothing.
    assert CHEAP.joint_information(t, t) == pytest.approx(t.information, abs=0.02)


def test_identities_hold_on_estimates():
    X, y, _ = shift()
    noisy = X + np.random.default_rng(5).normal(size=X.shape)
    t, s = CHEAP.summarise(X, y), CHEAP.summarise(noisy, y)
    pid = CHEAP.decompose(t, s)
    assert pid.information_t == pytest.approx(t.information, abs=1e-12)
    assert pid.information_s == pytest.approx(s.information, abs=1e-12)


def test_the_joint_probe_sees_an_exclusive_or():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 2000, 1))
    y = (a * b > 0).astype(int).ravel()
    probe = Probe(experts=("lda", "kernel", "gaussian"))
    t, s = probe.summarise(a, y), probe.summarise(b, y)
    assert abs(t.information) < 0.02
    assert probe.joint_information(t, s) > 0.7


# ---------------------------------------------------------------- invariance


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
def test_representations_that_say_the_same(change):
    X, y, _ = shift()
    before, after = informations(CHEAP, X, y)[0], informations(CHEAP, change(X), y)[0]
    # Columns that come twice or louder move the natural coordinates in which noise is shrunk.
    assert after == pytest.approx(before, abs=0.01)


def test_loud_nuisance_does_not_matter():
    X, y, _ = shift()
    rng = np.random.default_rng(1)
    nuisance = 100 * rng.normal(size=(len(X), 6))
    rotation = np.linalg.qr(rng.normal(size=(12, 12)))[0]
    loud = np.hstack([X, nuisance]) @ rotation
    assert informations(CHEAP, loud, y)[0] == pytest.approx(informations(CHEAP, X, y)[0], abs=0.02)


def test_the_same_seed_gives_the_same_bits_whatever_n_jobs():
    X, y, _ = shift(600)
    probe = Probe(experts=("lda", "network", "trees"))
    one = probe.summarise(X, y, random_state=3, n_jobs=1)
    two = probe.summarise(X, y, random_state=3, n_jobs=2)
    with parallel_config(backend="threading"):
        threads = probe.summarise(X, y, random_state=3, n_jobs=2)
    for other in (two, threads):
        np.testing.assert_array_equal(one.log_posteriors, other.log_posteriors)
        assert one.information == other.information
        assert one.weights == other.weights


def test_a_classifier_of_the_users_own_goes_to_workers():
    X, y, _ = shift(300)
    probe = Probe(classifier=LogisticRegression())
    one, two = (probe.summarise(X, y, n_jobs=jobs) for jobs in (1, 2))
    np.testing.assert_array_equal(one.log_posteriors, two.log_posteriors)
    assert set(two.weights) == {"classifier"}


def test_a_classifier_is_seeded_where_its_user_left_that_open():
    X, y, _ = shift(200)
    forest = RandomForestClassifier(5)
    probe = Probe(classifier=make_pipeline(StandardScaler(), forest))
    one, again = (probe.summarise(X, y, random_state=4).information for _ in range(2))
    assert one == again
    assert one != probe.summarise(X, y, random_state=5).information
    assert forest.random_state is None


class Returning(LogisticRegression):
    """A classifier whose probabilities are replaced by what `change` makes of them."""

    def __init__(self, change=None):
        super().__init__()
        self.change = change

    def predict_proba(self, X):
        return self.change(super().predict_proba(X))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: np.where(np.arange(len(p))[:, None] == 0, np.nan, p), "are no probabilities"),
        (lambda p: 2 * p - 0.5, "are no probabilities: entries from -0"),
        (lambda p: 0.9 * p, "a sum of 0.9"),
        (lambda p: p[:, 1], r"shape \(60,\) in place of \(60, 2\)"),
    ],
)
def test_a_classifier_that_returns_no_probabilities_is_refused(change, message):
    X, y, _ = shift(300)
    with pytest.raises(ValueError, match=f"^predict_proba of classifier returned.*{message}"):
        Probe(classifier=Returning(change)).summarise(X, y)


# ---------------------------------------------------------------- inputs and classifiers


def test_outputs_of_a_head_are_a_probe_too():
    _, y, p = shift(3000)
    head = np.stack([1 - p, p], axis=1)
    exact = 1 - np.mean(-np.log2(head[np.arange(len(y)), y]))
    logits = np.stack([np.zeros_like(p), 3 * np.log(p / (1 - p))], axis=1)
    for inputs, outputs in (("probabilities", head), ("logits", logits)):
        probe = Probe(inputs=inputs, experts=("lda",))
        # The second head is three times too sure of itself; calibration undoes that.
        assert probe.summarise(outputs, y).information == pytest.approx(exact, abs=0.01)
    assert probe.joint_information(*[probe.summarise(logits, y)] * 2) > 0


def test_a_classifier_of_ones_own():
    X, y, p = shift(1500)
    probe = Probe(classifier=LogisticRegression())
    exact = 1 - np.mean(-np.log2(np.where(y == 1, p, 1 - p)))
    t, s = probe.summarise(X, y), probe.summarise(X[:, :3], y)
    assert t.information == pytest.approx(exact, abs=0.02)
    assert set(t.weights) == {"classifier"}
    assert probe.joint_information(t, s) == pytest.approx(t.information, abs=0.02)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"n_folds": 2}, ValueError, "n_folds"),
        ({"inputs": "scores"}, ValueError, "inputs"),
        ({"experts": ("lda", "oracle")}, ValueError, "experts"),
        ({"n_cells": 1}, ValueError, "n_cells"),
        ({"classifier": LinearSVC()}, TypeError, "classifier must have predict_proba; LinearSVC"),
    ],
)
def test_options_are_checked(options, error, text):
    with pytest.raises(error, match=text):
        Probe(**options)


def test_probabilities_must_sum_to_one():
    X, y, p = shift(200)
    probe = Probe(inputs="probabilities")
    with pytest.raises(ValueError, match="T must hold probabilities that sum to 1"):
        probe.summarise(np.stack([p, p], axis=1) + 0.3, y, name="T")
    with pytest.raises(ValueError, match="S has 6 columns for 2 classes"):
        probe.summarise(X, y, name="S")


def test_symbols_become_a_column_each():
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


def test_too_many_strings_are_refused():
    names = np.arange(300).astype(str)
    with pytest.raises(
        ValueError, match=r'^X holds 300 different strings.*use estimator="symbols"'
    ):
        pt.mutual_information(np.tile(names, 2), np.arange(600) % 2, estimator="probe")


def test_summaries_of_other_folds_do_not_join():
    X, y, _ = shift(300)
    t, s = CHEAP.summarise(X, y, random_state=0), CHEAP.summarise(X, y, random_state=1)
    with pytest.raises(ValueError, match="T and S were summarised with different folds"):
        CHEAP.joint_information(t, s)


# ---------------------------------------------------------------- awkward data


def test_a_constant_source_knows_nothing():
    X, y, _ = shift(400)
    t, s = CHEAP.summarise(X, y), CHEAP.summarise(np.ones((400, 3)), y)
    assert s.information == pytest.approx(0, abs=1e-6)
    pid = CHEAP.decompose(t, s)
    assert pid.unique_t == pytest.approx(t.information, abs=1e-6)
    assert pid.redundancy == pytest.approx(0, abs=1e-6)
    assert CHEAP.joint_information(t, s) == pytest.approx(t.information, abs=0.02)


def test_separable_classes_stop_at_the_entropy():
    y = np.arange(600) % 3
    X = np.eye(3)[y] * 50 + np.random.default_rng(0).normal(size=(600, 3))
    information, bound, _ = informations(CHEAP, X, y)
    for bits in (information, bound):
        assert np.log2(3) - 0.02 < bits <= np.log2(3) + 1e-12


def test_rare_classes_are_said():
    X, y, _ = shift(500)
    y = y.copy()
    y[:2] = 2
    summary = CHEAP.summarise(X, y)
    assert any("1 of 3 classes have fewer rows than the 5 folds" in n for n in summary.notes)
    assert summary.bound > 0.3


def test_classes_of_two_rows_leave_two_folds():
    X = np.random.default_rng(0).normal(size=(40, 3))
    y = np.repeat(np.arange(20), 2)
    summary = CHEAP.summarise(X, y)
    assert set(summary.folds) == {0, 1}
    assert summary.information == pytest.approx(summary.bound, abs=1e-12)
    with pytest.raises(ValueError, match="Y has no class with two rows"):
        CHEAP.summarise(X, np.arange(40))


def test_a_class_may_be_missing_from_a_resample():
    X, y, _ = shift(300)
    y = y + (np.arange(300) % 50 == 0) * (2 - y)
    t = CHEAP.summarise(X, y)
    without = CHEAP.resampled(t, (y != 2).astype(float))
    assert without.table[:, 2].max() == 0
    assert without.table.sum() == pytest.approx(1, abs=1e-9)
    assert CHEAP.decompose(without, without).unique_t == pytest.approx(0, abs=1e-5)


def test_repeated_rows_are_said():
    X, y, _ = shift(300)
    summary = CHEAP.summarise(np.vstack([X, X]), np.tile(y, 2))
    assert any("50% of the rows repeat another row" in n for n in summary.notes)


@pytest.mark.filterwarnings("ignore::pidtools.PIDWarning")
def test_groups_are_held_out_together():
    labels, groups = np.arange(400) % 2, np.repeat(np.arange(100), 4)
    folds = fold_numbers(labels, 5, 0, groups)
    assert all(len(set(folds[groups == g])) == 1 for g in range(100))
    assert set(folds) == set(range(5))
    X = np.random.default_rng(0).normal(size=(100, 40))[groups] + 0.01 * labels[:, None]
    noise = np.random.default_rng(1).integers(0, 2, 100)[groups]
    nearest = Probe(experts=("neighbours",))
    leaky = nearest.summarise(X, noise).bound
    clean = nearest.summarise(X, noise, groups=groups).bound
    assert clean < 0.05 < leaky


def test_starved_probes_warn():
    groups = np.repeat(np.arange(100), 4)
    X = np.random.default_rng(0).normal(size=(100, 40))[groups]
    labels = np.random.default_rng(1).integers(0, 2, 100)[groups]
    with pytest.warns(PIDWarning, match="T: 400 rows are too few to learn all it knows"):
        Probe(experts=("neighbours",)).summarise(X, labels, name="T")


@pytest.mark.parametrize("value", [1e30, 1e6])
def test_one_outlier_does_not_decide(value):
    X, y, _ = shift()
    spoiled = X.copy()
    spoiled[7, 2] = value
    assert informations(CHEAP, spoiled, y)[0] == pytest.approx(
        informations(CHEAP, X, y)[0], abs=0.02
    )


# ---------------------------------------------------------------- the parts


def test_whitened_features_have_unit_covariance():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 4)) @ rng.normal(size=(4, 7)) + 10
    white = whiten(X)
    assert white.rank == 4
    # Z is in single precision, whose rounding is 6e-8.
    np.testing.assert_allclose(white.Z.T @ white.Z / 500, np.eye(4), atol=1e-6)
    assert (np.diff(white.spectrum) <= 0).all()
    assert join(white, white).rank == 4


def test_singular_values_below_the_noise_become_zero():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(20, 100))
    signal = np.outer(rng.normal(size=20), rng.normal(size=100))
    U, s, Vt = np.linalg.svd(signal + noise, full_matrices=False)
    kept = shrink_singular_values(s, 20, 100)
    assert (kept > 0).sum() == 1
    assert np.linalg.norm((U * kept) @ Vt - signal) < np.linalg.norm(noise) / 2


def test_discriminant_finds_means_and_spreads():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 4000)
    Z = rng.normal(size=(4000, 5))
    Z[:, 0] += y
    Z[:, 1] *= 1 + y
    white = whiten(Z)
    found = discriminant(white.Z, np.arange(4000), y, 2, white.loudness)
    rows = white.Z @ found.directions
    assert abs(np.corrcoef(rows[:, 0], Z[:, 0])[0, 1]) > 0.98
    assert abs(np.corrcoef(rows[:, 1], Z[:, 1])[0, 1]) > 0.98


def test_discriminant_of_some_rows_is_that_of_their_copy():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 900)
    white = whiten(rng.normal(size=(900, 6)) * (1 + y[:, None]) + np.eye(6)[y])
    rows = np.flatnonzero(rng.random(900) < 0.7)
    found = discriminant(white.Z, rows, y[rows], 3, white.loudness)
    everything = np.arange(len(rows))
    copied = discriminant(white.Z[rows], everything, y[rows], 3, white.loudness)
    for name in ("log_prior", "centre", "whitener", "means", "directions"):
        np.testing.assert_array_equal(getattr(found, name), getattr(copied, name))


def test_gradient_of_the_network():
    rng = np.random.default_rng(0)
    Z, y = rng.normal(size=(50, 4)).astype(np.float32), rng.integers(0, 3, 50)
    layout = _Layout(4, 2, 5, 3)
    start = _start(layout, Z, y, np.eye(4)[:, :2], 0)
    indicators = np.eye(3, dtype=np.float32)[:, y]
    loss = _Loss(layout, Z.T, indicators, layout.per_parameter((0.1, 0, 0.2, 0.2, 0, 0.3)), start)
    free, convex = loss.of_convex_part(start)
    for objective, theta in ((loss, start), (convex, start[free])):
        theta = theta + 0.1 * rng.normal(size=theta.shape)
        along = rng.normal(size=theta.shape)
        # Central differences: the loss is computed to 1e-7, the error of the step is 1e-4.
        change = (objective(theta + 1e-2 * along)[0] - objective(theta - 1e-2 * along)[0]) / 2e-2
        assert objective(theta)[1] @ along == pytest.approx(change, rel=1e-3)
    # With the hidden units at their start, the two are one function.
    assert convex(start[free])[0] == pytest.approx(loss(start)[0], rel=1e-6)
    assert loss(_convex_fit(loss, start))[0] < loss(start)[0]


def test_pool_prefers_who_knows_and_calibrates():
    rng = np.random.default_rng(0)
    logit = 2 * rng.normal(size=4000)
    y = (rng.random(4000) < 1 / (1 + np.exp(-logit))).astype(int)
    knows = np.stack([-np.logaddexp(0, 2 * logit), -np.logaddexp(0, -2 * logit)], axis=1)
    guesses = np.log(rng.dirichlet([1, 1], 4000))
    pool = fit_pool({"knows": knows, "guesses": guesses}, y)
    # Twice too sure: the weight must be a half, within its standard error of .02.
    assert pool.weights["knows"] == pytest.approx(0.5, abs=0.06)
    assert pool.weights.get("guesses", 0) < 0.05
    assert log_loss(pool.log_posterior({"knows": knows, "guesses": guesses}), y).mean() < 0.6


@pytest.mark.parametrize("n_cells", [10, 40])
def test_sharpened_tables_carry_what_they_are_told(n_cells):
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.full(4, 0.4), 2000)
    codes = posterior_cells(p, n_cells, 0)
    masses = np.bincount(codes) / 2000
    rows = cell_means(p, codes, np.ones(2000))
    shares = masses @ rows
    whole = entropy(shares) + float((p * np.log2(p + 1e-300)).sum(axis=1).mean())
    plain = mutual_information_of_table(rows * masses[:, None])
    assert plain < whole
    table = sharpened_table(rows, masses, shares, whole)
    # The power is found to 1e-9.
    assert mutual_information_of_table(table) == pytest.approx(whole, abs=1e-7)
    np.testing.assert_allclose(table.sum(axis=0), shares, atol=1e-12)
    np.testing.assert_allclose(table.sum(axis=1), masses, atol=1e-6)
    assert mutual_information_of_table(sharpened_table(rows, masses, shares, -0.1)) < 1e-12


def test_what_no_sample_could_show_costs_the_solver_nothing():
    """Nearly certain posteriors of 50 classes: few entries stay, the atoms those of all entries."""
    rng = np.random.default_rng(0)
    found, full = [], []
    for loudness in (40.0, 30.0):
        logits = loudness * (np.eye(50) + 0.3 * rng.normal(size=(50, 50)))
        rows = np.exp(logits - logits.max(axis=1, keepdims=True))
        rows /= rows.sum(axis=1, keepdims=True)
        masses, shares = np.full(50, 0.02), rows.mean(axis=0)
        whole = mutual_information_of_table(rows * masses[:, None])
        found.append(sharpened_table(rows, masses, shares, whole))
        full.append(rows * masses[:, None])
    *kept, moved = without_negligible(*found, TABLE_TOLERANCE)
    assert 0 < moved <= 0.1 * TABLE_TOLERANCE
    for sharp, table, entire in zip(found, kept, full, strict=True):
        assert (table > 0).mean() < 0.6 * (entire > 1e-12 * 0.02).mean()
        np.testing.assert_allclose(table.sum(axis=0), entire.sum(axis=0), atol=1e-15)
        carried = mutual_information_of_table(sharp)
        assert carried == pytest.approx(mutual_information_of_table(entire), abs=1e-6)
        assert mutual_information_of_table(table) == pytest.approx(carried, abs=moved)


def test_equal_weights_change_nothing():
    X, y, _ = shift(800)
    t = CHEAP.summarise(X, y)
    again = CHEAP.resampled(t, np.full(800, 3))
    assert again.information == pytest.approx(t.information, abs=1e-12)
    np.testing.assert_allclose(again.table, t.table, atol=1e-12)


def test_resampled_rows_move_the_information():
    X, y, _ = shift(800)
    t = CHEAP.summarise(X, y)
    rng = np.random.default_rng(0)
    draws = [
        CHEAP.resampled(t, rng.multinomial(800, np.full(800, 1 / 800))).information
        for _ in range(60)
    ]
    # The loss of a row has a standard deviation of about .8 bits: .03 at n = 800.
    assert 0.015 < np.std(draws) < 0.045
    assert abs(np.mean(draws) - t.information) < 0.02


def test_a_probe_is_a_value():
    assert Probe() == Probe()
    assert dataclasses.replace(Probe(), n_folds=4).n_folds == 4
    labels = _validate.check_labels(np.array(["cat", "dog"] * 50))[0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        X = np.random.default_rng(0).normal(size=(100, 3))
        assert CHEAP.summarise(X, labels).n_classes == 2


# ---------------------------------------------------------------- behind the main question


def test_the_probe_has_a_name_and_intervals():
    X, y, _ = shift(500)
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


def test_summaries_can_be_reused_with_intervals():
    X, y, _ = shift(400)
    t = CHEAP.summarise(X, y)
    result = distillable_knowledge(
        t, X[:, :3], y, estimator=CHEAP, confidence_level=0.9, n_resamples=10
    )
    again = distillable_knowledge(
        X, X[:, :3], y, estimator=CHEAP, confidence_level=0.9, n_resamples=10, n_jobs=2
    )
    assert result.intervals["distillable"] == again.intervals["distillable"]


def test_a_pool_bounds_the_union_of_many_classes():
    """The student is a garbling of the teacher, which 20 cells of ten classes can't follow."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 10, 1000)
    X = 0.8 * rng.normal(size=(10, 12))[y] + rng.normal(size=(1000, 12))
    worse = X[:, :8] + 0.3 * rng.normal(size=(1000, 8))
    probe = Probe(experts=("lda",), n_cells=20)
    t, s = probe.summarise(X, y), probe.summarise(worse, y)
    pid = probe.decompose(t, s)
    assert broja_from_pairs(t.table, s.table, tol=1e-4).unique_s > 0.02
    assert 0 <= pid.unique_s < 0.005
    prepared = probe.prepared(t, s)
    assert probe.decompose(t, prepared) == pid
    # Rows counted once each are the sample itself.
    again = [probe.resampled(x, np.ones(1000)) for x in (t, prepared)]
    assert probe.decompose(*again).unique_s == pytest.approx(pid.unique_s, abs=1e-9)


def test_synergy_changes_no_other_atom():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 5, 600)
    X = 1.5 * rng.normal(size=(5, 6))[y] + rng.normal(size=(600, 6))
    worse = X[:, :4] + rng.normal(size=(600, 4))
    options = {"estimator": Probe(experts=("lda",)), "confidence_level": 0.9, "n_resamples": 10}
    without = distillable_knowledge(X, worse, y, synergy=False, **options)
    whole = distillable_knowledge(X, worse, y, **options)
    for atom in ("distilled", "distillable", "student_only"):
        assert getattr(without, atom) == getattr(whole, atom)
        assert without.intervals[atom] == whole.intervals[atom]


def test_refitted_rows_may_lack_a_class():
    rng = np.random.default_rng(0)
    y = np.r_[rng.integers(0, 3, 300), np.full(2, 3)]
    X = rng.normal(size=(302, 3)) + y[:, None]
    summary = CHEAP.summarise(X, y)
    again = CHEAP.refitted(summary, np.arange(0, 300, 2))
    assert again.n_classes == 4
    assert again.table.shape[1] == 4
    assert again.table[:, 3].sum() == pytest.approx(0, abs=1e-9)
    assert again.information == pytest.approx(summary.information, abs=0.3)
