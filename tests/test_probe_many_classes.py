"""Many classes: cells, merging, learning curves and atoms, on posteriors known exactly."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import all_said
from scipy.special import log_softmax

import pidtools as pt
from benchmarks import accuracy_many_classes as benchmark
from pidtools._information import entropy, mutual_information_of_table
from pidtools._probe import estimator as probe_module
from pidtools._probe.discriminant import FEW_CLASSES
from pidtools._probe.held_out import Curve, extrapolated
from pidtools._probe.linear import Linear
from pidtools._probe.many_cells import cell_sums, many_cells
from pidtools._probe.many_logistic import logistic_from
from pidtools._probe.merging import merged_classes
from pidtools._probe.pool import Pool, weigh
from pidtools._probe.posterior_cells import cell_means, posterior_cells, sharpened_table
from pidtools._scores import refitted
from pidtools._types import Codes, Floats

Garbled = tuple[Codes, Floats, Floats]
N_CLASSES = 60
EXACT = pt.Probe(inputs="probabilities", experts=())


def places(n: int, d: int, seed: int, spread: float = 1.0) -> Floats:
    at: Floats = spread * np.random.default_rng(seed).normal(size=(n, d))
    return at


def seen(values: Codes, at: Floats, noise: float, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    rows: Floats = at[values] + noise * rng.normal(size=(len(values), at.shape[1]))
    return rows


def posteriors(X: Floats, at: Floats, noise: float) -> Floats:
    """Log posteriors of even classes."""
    log_p: Floats = log_softmax((X @ at.T - 0.5 * (at**2).sum(axis=1)) / noise**2, axis=1)
    return log_p


@pytest.fixture(scope="module")
def garbled() -> Garbled:
    """Labels, and exact posteriors of T and of S, which sees T through more noise."""
    labels = np.random.default_rng(0).permutation(np.arange(3000) % N_CLASSES)
    at = places(N_CLASSES, 12, 1)
    T = seen(labels, at, 1.0, 2)
    S = T + np.random.default_rng(3).normal(size=T.shape)
    return labels, np.exp(posteriors(T, at, 1.0)), np.exp(posteriors(S, at, np.sqrt(2)))


def atoms_of(
    T: Floats, S: Floats, labels: Codes
) -> tuple[pt.DistillableKnowledge, tuple[float, float, float]]:
    found = pt.distillable_knowledge(T, S, labels, estimator=EXACT, synergy=False)
    return found, (found.distillable, found.distilled, found.student_only)


def test_a_garbled_student_knows_nothing_alone(garbled: Garbled) -> None:
    labels, T, S = garbled
    found, (distillable, distilled, alone) = atoms_of(T, S, labels)
    i_t, i_s = (
        np.log2(N_CLASSES) + (p * np.log2(np.maximum(p, 1e-300))).sum(axis=1).mean() for p in (T, S)
    )
    # Sampling: 2 bits of spread a row, over the root of 3000 rows.
    assert distilled == pytest.approx(i_s, abs=0.1)
    assert distillable == pytest.approx(i_t - i_s, abs=0.1)
    assert 0 <= alone <= 0.02
    assert not any("sampling error" in note for note in all_said(found))


@pytest.mark.parametrize("shared", [False, True])
def test_attributes(shared: bool) -> None:
    """T sees one attribute, S another; or both see a third one as well, S through more noise.

    A pool of their posteriors counts twice what both know, and would put the union too low.
    """
    n_c, n_a, n_b = (4, 4, 4) if shared else (1, 8, 8)
    labels = np.random.default_rng(0).permutation(np.arange(4000) % (n_c * n_a * n_b))
    c, a, b = np.unravel_index(labels, (n_c, n_a, n_b))
    at = [places(n, 4, k, 1.2) for k, n in enumerate((n_c, n_a, n_b))]
    seen_c = seen(c, at[0], 1.0, 5)
    noisier_c = seen_c + np.random.default_rng(6).normal(size=seen_c.shape)
    of_c = posteriors(seen_c, at[0], 1.0), posteriors(noisier_c, at[0], np.sqrt(2))
    of_a = posteriors(seen(a, at[1], 1.0, 7), at[1], 1.0)
    of_b = posteriors(seen(b, at[2], 1.0, 8), at[2], 1.0)

    def known(log_p: Floats) -> float:
        left = -(np.exp(log_p) * log_p).sum(axis=1).mean() / np.log(2)
        return float(np.log2(log_p.shape[1]) - left)

    T = np.einsum("nc,na,b->ncab", np.exp(of_c[0]), np.exp(of_a), np.ones(n_b) / n_b)
    S = np.einsum("nc,a,nb->ncab", np.exp(of_c[1]), np.ones(n_a) / n_a, np.exp(of_b))
    T, S = (p.reshape(len(labels), -1) for p in (T, S))
    _, (distillable, distilled, alone) = atoms_of(T, S, labels)
    assert distilled == pytest.approx(known(of_c[1]), abs=0.06)
    assert distillable == pytest.approx(known(of_a) + known(of_c[0]) - known(of_c[1]), abs=0.06)
    assert alone == pytest.approx(known(of_b), abs=0.06)


@pytest.mark.slow
def test_laws_hold_in_the_numbers(garbled: Garbled) -> None:
    """Also with a synergy, and with fewer cells than classes, which is said."""
    labels, T, S = garbled
    lda = pt.Probe(experts=("lda",))
    found = pt.distillable_knowledge(T[:, :20], S[:, :20], labels, estimator=lda)
    assert_lawful(found)
    few = pt.Probe(inputs="probabilities", experts=(), n_cells=10)
    with pytest.warns(pt.PIDWarning, match="more than the 10 cells"):
        found = pt.distillable_knowledge(T, S, labels, estimator=few, synergy=False)
    assert_lawful(found)
    assert not any("sampling error" in note for note in all_said(found))


def assert_lawful(found: pt.DistillableKnowledge) -> None:
    union = found.distilled + found.distillable + found.student_only
    i_t, i_s = found.teacher_information, found.student_information
    assert max(i_t, i_s) - 1e-9 <= union <= i_t + i_s + 1e-9
    if found.joint_information is not None:
        assert union <= found.joint_information + 1e-9


@pytest.mark.slow
def test_uniques_do_not_depend_on_synergy(garbled: Garbled) -> None:
    labels, T, S = garbled
    lda = pt.Probe(experts=("lda",))
    with_it, without = (
        pt.distillable_knowledge(T[:, :30], S[:, :30], labels, estimator=lda, synergy=asked)
        for asked in (True, False)
    )
    assert with_it.distillable == without.distillable
    assert with_it.student_only == without.student_only


def test_few_cells_of_few_classes_break_no_law() -> None:
    """Three cells can't carry what ten classes hold: the union stays above each information."""
    labels = np.arange(1000) % 10
    at = places(10, 6, 0, 2.0)
    T = np.exp(posteriors(seen(labels, at, 1.0, 1), at, 1.0))
    few = pt.Probe(inputs="probabilities", experts=(), n_cells=3)
    with pytest.warns(pt.PIDWarning, match="more than the 3 cells"):
        found = pt.distillable_knowledge(T, T, labels, estimator=few, synergy=False)
    assert_lawful(found)


def test_number_of_cells() -> None:
    default = probe_module._default_cells
    assert [default(k, 10**6, 1.0) for k in (2, 3, 30, 40, 50)] == [100, 60, 60, 80, 100]
    assert default(100, 10**5, 1.0) == 400
    assert default(100, 10**5, 0.0) == 100
    assert default(1000, 50_000, 1.0) == 2000
    assert default(5000, 50_000, 1.0) == 5000
    assert default(300, 1500, 0.9) == 375


def test_cells_keep_most_of_what_posteriors_know(garbled: Garbled) -> None:
    _, T, _ = garbled
    codes = many_cells(T, 240, 0)
    assert codes.max() < 240
    assert np.array_equal(np.unique(codes), np.arange(codes.max() + 1))
    table = cell_means(T, codes, np.ones(len(T))) * np.bincount(codes)[:, None] / len(T)
    known = entropy(T.mean(axis=0)) - entropy(T) / len(T)
    assert mutual_information_of_table(table) > 0.9 * known
    assert np.array_equal(codes, posterior_cells(T, 240, 0))
    by_hand = np.stack([T[codes == k].sum(axis=0) for k in range(codes.max() + 1)])
    np.testing.assert_allclose(
        cell_sums(T, codes, np.ones(len(T)), int(codes.max()) + 1), by_hand, rtol=1e-12
    )


@pytest.mark.parametrize("wanted", [0.5, 3.0, 5.0])
def test_sharpened_tables_of_many_classes(garbled: Garbled, wanted: float) -> None:
    labels, T, _ = garbled
    codes = many_cells(T, 200, 0)
    masses = np.bincount(codes) / len(codes)
    shares = np.bincount(labels) / len(labels)
    table = sharpened_table(cell_means(T, codes, np.ones(len(T))), masses, shares, wanted)
    assert mutual_information_of_table(table) == pytest.approx(wanted, abs=1e-5)
    np.testing.assert_allclose(table.sum(axis=0), shares, rtol=1e-12)


def test_classes_of_equal_means_are_merged() -> None:
    rng = np.random.default_rng(0)
    truth = np.arange(120) % 12
    counts = np.full(120, 20.0)
    means = places(12, 6, 1, 2.0)[truth] + rng.normal(size=(120, 6)) / np.sqrt(20)
    groups = merged_classes(means, counts)
    assert len(set(zip(groups.tolist(), truth.tolist(), strict=True))) == 12
    assert groups.max() == 11
    apart = merged_classes(places(120, 20, 2), counts)
    assert apart.max() == 119


def test_steps_of_the_logistic_regression_lower_the_loss() -> None:
    """From a start that knows nothing, on classes that a Gaussian does not describe."""
    rng = np.random.default_rng(0)
    labels = np.arange(3000) % 110
    rows = np.exp(0.7 * seen(labels, places(110, 8, 1), 0.5, 2))
    rows = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    train, new = rng.permutation(3000)[:2400], rng.permutation(3000)[2400:]
    start = np.zeros((8, 110)), np.zeros(110)
    fits = logistic_from(rows[train], labels[train], *start, (1, 5, 40))
    found = {step: said(rows[new]) for step, said in fits.items()}
    losses = [-found[step][np.arange(len(new)), labels[new]].mean() for step in (1, 5, 40)]
    assert losses[0] > losses[1] > losses[2]
    for log_p in found.values():
        np.testing.assert_allclose(np.exp(log_p).sum(axis=1), 1, atol=1e-6)


def test_a_curve_of_degrees_of_freedom() -> None:
    """Excess a / (n - p) at four fifths and at a half goes to 0."""
    n, p, a = 1000, 150, 40.0
    whole, half = a / (0.8 * n - p), a / (0.5 * n - p)
    curve = Curve(1 / (0.8 - p / n), 1 / (0.5 - p / n))
    even = np.full(n, 1 / n)
    found = float(even @ extrapolated(even, np.full(n, half - whole), 5, curve, None))
    assert found == pytest.approx(whole, rel=1e-9)


def test_what_calibration_takes_back_is_extrapolated_by_its_square() -> None:
    """Excess x - c x^2 with x = a / n: the part c x^2 is known from what calibration gains."""
    n, a, c = 1000, 300.0, 0.1
    x = {share: a / (share * n) for share in (0.8, 0.5)}
    gain = {share: c * x[share] ** 2 for share in x}
    more = x[0.5] - gain[0.5] - (x[0.8] - gain[0.8])
    even = np.full(n, 1 / n)
    tempering = np.full(n, gain[0.5] - gain[0.8])
    found = float(even @ extrapolated(even, np.full(n, more), 5, Curve(1.25, 2.0), tempering))
    assert found == pytest.approx(x[0.8] - gain[0.8], rel=1e-9)


def test_the_pool_in_blocks_is_the_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    opinions = {
        name: log_softmax(rng.normal(size=(500, 20)), axis=1).astype(np.float32) for name in "ab"
    }
    labels = rng.integers(0, 20, 500)
    pool = weigh(opinions, labels)
    whole = pool.log_posterior(opinions)
    monkeypatch.setattr("pidtools._probe.pool.DOUBLE_ENTRIES", 100)
    blocks = pool.log_posterior(opinions)
    assert blocks.dtype == np.float32
    np.testing.assert_allclose(blocks, whole, atol=1e-5)
    plain = Pool({"a": 3.0, "b": 1.0}, np.ones(20)).untempered(4.0)
    assert plain.weights == {"a": 0.75, "b": 0.25}
    assert not plain.offset.any()


def test_a_pool_of_drawn_rows_is_near(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 8, 4000)
    opinions = {
        name: log_softmax(noise * np.eye(8)[labels] + rng.normal(size=(4000, 8)), axis=1)
        for name, noise in (("a", 2.0), ("b", 1.0))
    }
    whole = weigh(opinions, labels)
    monkeypatch.setattr("pidtools._probe.pool.FIT_ENTRIES", 8 * 1500)
    part = weigh(opinions, labels)
    for name in "ab":
        assert part.weights[name] == pytest.approx(whole.weights[name], abs=0.15)


@pytest.mark.parametrize("which", ["T", "S"])
def test_resampled_unions_are_near_solved_ones(garbled: Garbled, which: str) -> None:
    """First order against a solve of the resampled tables."""
    labels, T, S = garbled
    t, s = (EXACT.summarise(X, labels) for X in (T, S))
    pair = EXACT.pair(t, s, synergy=False)
    assert pair.linear is not None
    differences = []
    for seed in range(3):
        rows = np.random.default_rng(seed).integers(0, len(labels), len(labels))
        again = {"T": t.resampled(rows), "S": s.resampled(rows)}
        moved = pair.resampled(again["T"], again["S"], rows).pid()
        shares = np.bincount(rows, minlength=len(labels)) / len(labels)
        anew = probe_module._pair_of(
            EXACT._weighed(t, shares), EXACT._weighed(s, shares), None, synergy=False
        )
        differences.append(moved.union_information - anew.pid().union_information)
        own = again[which]
        np.testing.assert_allclose(own.table.sum(), 1, rtol=1e-9)
    # Resamples scatter by .04 bits here.
    assert np.abs(differences).max() < 0.025


def test_the_union_of_the_same_tables_is_that_of_the_solve(garbled: Garbled) -> None:
    labels, T, S = garbled
    t, s = (EXACT.summarise(X, labels) for X in (T, S))
    pid = pt.broja_from_pairs(t.table, s.table, tol=5e-3, keep_duals=True)
    linear = Linear.of(pid, t.table, s.table)
    same = linear.union(
        t.table,
        s.table,
        mutual_information_of_table(t.table),
        mutual_information_of_table(s.table),
    )
    assert same == pytest.approx(pid.union_information, abs=1e-9)
    np.testing.assert_allclose(
        refitted(t.table, t.table.sum(axis=1), t.table.sum(axis=0)), t.table, rtol=1e-9
    )


@pytest.mark.slow
def test_intervals_of_many_classes(garbled: Garbled) -> None:
    labels, T, S = garbled
    found = pt.distillable_knowledge(
        T, S, labels, estimator=EXACT, synergy=False, confidence_level=0.9, n_resamples=20
    )
    for name in ("distillable", "distilled"):
        interval = found.intervals[name]
        assert 0.01 < interval.high - interval.low < 0.3


@pytest.mark.slow
def test_features_of_more_than_a_hundred_classes() -> None:
    """The experts of many classes on their own: a student that sees a part of the teacher."""
    assert FEW_CLASSES < 110
    labels = np.random.default_rng(0).permutation(np.arange(2200) % 110)
    T = seen(labels, places(110, 10, 1), 0.6, 2)
    found = pt.distillable_knowledge(T, T[:, :5], labels, synergy=False)
    assert_lawful(found)
    assert found.student_only < 0.1
    assert any("lda" in note for note in all_said(found))


def test_the_benchmark_draws_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "N_EXACT", 10_000)
    for kind, none in (("garbled", "student_only"), ("apart", "distilled")):
        made = benchmark.construction(kind, 30)
        exact = made.exact(np.random.default_rng(0))
        assert exact[none] == pytest.approx(0, abs=1e-9)
        assert exact["synergy"] == pytest.approx(0, abs=1e-9)
        labels, t, s = made.draw(600, np.random.default_rng(1))
        for p in benchmark.posteriors_of_classes(made, t, s):
            np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-4)
        assert np.bincount(labels).tolist() == [20] * 30


def test_classes_that_no_memory_holds_are_refused_before_the_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(probe_module, "available_memory", lambda: 1e9)
    labels = np.arange(4000) % 2000
    with pytest.raises(MemoryError, match=r"2000 classes take 2000 cells or more.*GiB to solve"):
        pt.Probe().summarise(np.zeros((4000, 2)), labels, name="T")
