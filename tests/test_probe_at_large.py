"""Sources of many rows: a part is learned from, all are judged, nothing is held that large."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import (
    all_said,
    atoms,
    classes_with_posterior,
    every_row,
    sampled_problem,
    shifted_classes,
)

import pidtools as pt
from pidtools._probe import cross_fit, experts, held_out, pool, posterior_cells, whitening
from pidtools._probe.posterior_cells import cell_means, cell_means_of_logs
from pidtools._probe.rows import Made, choose_rows
from pidtools._probe.whitening import join, whiten, whiten_with_units
from pidtools._types import Array, Floats

ROOMS = (cross_fit, experts, held_out, pool, posterior_cells, whitening)
QUICK = pt.Probe(experts=("lda", "logistic", "kernel", "gaussian", "units"))


def learn_from_few(monkeypatch: pytest.MonkeyPatch) -> int:
    """As if a thousand rows were many."""
    for room in ROOMS:
        monkeypatch.setattr(room, "ROWS_ENOUGH", 1000)
    monkeypatch.setattr(experts, "ROWS_OF_NEIGHBOURS", 500)
    return 1000


@pytest.fixture
def few_are_enough(monkeypatch: pytest.MonkeyPatch) -> int:
    """So many rows."""
    return learn_from_few(monkeypatch)


def exact_bits(p: Floats) -> float:
    """Information of even labels whose posterior is p or 1 - p."""
    q = np.stack([p, 1 - p])
    return float(1 + (q * np.log2(np.maximum(q, 1e-300))).sum(axis=0).mean())


def test_chosen_rows() -> None:
    labels = np.array([0] * 500 + [1] * 499 + [2])
    some = choose_rows(labels, 100, 0)
    assert 100 <= len(some) <= 101
    assert (np.diff(some) > 0).all()
    assert 2 in labels[some]
    assert set(choose_rows(labels[:999], 50, 0)) <= set(choose_rows(labels[:999], 100, 0))
    assert not np.array_equal(choose_rows(labels, 100, 1), some)


def test_parts_keep_the_proportion_of_most_rows_and_half(few_are_enough: int) -> None:
    X, y = shifted_classes(5000)
    view = experts.View(whiten(X), np.arange(4000), y[:4000], 2, 0)
    half = experts.View(whiten(X), np.arange(2500), y[:2500], 2, 0)
    assert view.n_rows(few_are_enough) == 800
    assert half.n_rows(few_are_enough) == 500
    assert view.part(view.n_rows(few_are_enough)).train.shape == (800,)
    assert view.part(view.n_rows(10**6)) is view


def test_the_information_of_many_rows(few_are_enough: int) -> None:
    """All rows are judged: the error is that of the part's fits, the noise that of all rows."""
    X, y, p = classes_with_posterior(12_000)
    found = QUICK.summarise(X, y)
    assert found.log_posteriors.shape == (12_000, 2)
    np.testing.assert_allclose(np.exp(found.log_posteriors).sum(axis=1), 1, atol=1e-5)
    # A linear problem of 7 parameters: 7 / (2 * 800) nats before they are extrapolated, and
    # noise of 12,000 losses against their own mean, which exact posteriors of these rows share.
    exact = exact_bits(p)
    assert found.bound == pytest.approx(exact, abs=0.02)
    assert found.information == pytest.approx(exact, abs=0.01)
    assert found.bound_from_half < found.bound
    assert any("learn from 1000 of 12000 rows" in note for note in all_said(found))


@pytest.mark.slow
def test_atoms_of_a_part_are_those_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    T, S, Y = sampled_problem("shift_ordered").sample(6000)

    def found() -> Floats:
        return atoms(pt.distillable_knowledge(T, S, Y, estimator=QUICK).pid)

    of_all = found()
    learn_from_few(monkeypatch)
    # What fits to 800 rows miss of those to 4800, extrapolated: some .01 bits.
    np.testing.assert_allclose(found(), of_all, atol=0.02)


@pytest.mark.slow
def test_more_rows_are_learned_from_where_they_tell_more(few_are_enough: int) -> None:
    """Two waves beside each other: trees see a part of them in 800 rows."""
    rng = np.random.default_rng(0)
    angle, y = rng.uniform(0, 2 * np.pi, 8000), rng.integers(0, 2, 8000)
    X = np.stack([angle, np.sin(9 * angle) + (2 * y - 1) * 0.4], axis=1)
    X[:, 1] += 0.2 * rng.normal(size=8000)
    found = pt.Probe(experts=("lda", "trees")).summarise(X, y)
    with pytest.warns(pt.PIDWarning, match="too few"):
        once = pt.Probe(experts=("lda", "trees")).summarise(X[:1000], y[:1000])
    assert not any(f"learn from {few_are_enough} of" in note for note in all_said(found))
    assert found.bound > once.bound + 0.05


def test_a_class_of_few_rows_among_many(few_are_enough: int) -> None:
    X, y = shifted_classes(4000)
    y = y.copy()
    y[:3] = 2
    found = QUICK.summarise(X, y)
    assert found.n_classes == 3
    assert np.isfinite(found.information)


def test_rows_that_are_made_are_those_of_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    X = np.maximum(rng.normal(size=(3000, 7)) @ rng.normal(size=(7, 9)), 0)
    one, other = whiten_with_units(X), whiten_with_units(X[:, :4])
    monkeypatch.setattr(whitening, "ROWS_ENOUGH", 1000)
    made, other_made = whiten_with_units(X), whiten_with_units(X[:, :4])
    assert isinstance(made.Z, Made)
    everything = np.arange(3000)
    np.testing.assert_allclose(every_row(made.Z), every_row(one.Z), atol=1e-10)
    np.testing.assert_allclose(made.leading(3)(everything), one.leading(3)(everything), atol=1e-10)
    for name in ("bent", "splines"):
        np.testing.assert_allclose(np.abs(read(made, name)), np.abs(read(one, name)), atol=1e-6)
    joined, joined_made = join(one, other), join(made, other_made)
    assert joined_made.rank == joined.rank
    np.testing.assert_allclose(
        np.abs(every_row(joined_made.Z)), np.abs(every_row(joined.Z)), atol=1e-6
    )


def read(whitened: whitening.Whitened, name: str) -> Array:
    """All rows of one kind of features."""
    found = {"bent": whitened.bent, "splines": whitened.splines}[name]
    assert found is not None
    return every_row(found)


def test_few_rows_are_kept_until_others_are_read() -> None:
    calls = []

    def step(some: Array) -> Array:
        calls.append(len(some))
        return 2 * some

    made = Made((np.arange(20.0).reshape(10, 2),), step, 2)
    some, others = np.array([1, 3]), np.array([1, 3])
    first = made[some]
    assert made[some] is first
    assert calls == [2]
    np.testing.assert_array_equal(made[others], first)
    assert calls == [2, 2]
    assert made.shape == (10, 2)


def test_cells_of_many_rows_keep_what_cells_of_all_do(monkeypatch: pytest.MonkeyPatch) -> None:
    p = np.random.default_rng(0).dirichlet(np.full(4, 0.5), 6000)
    even = np.ones(len(p))

    def kept() -> float:
        means = cell_means(p, codes := posterior_cells.posterior_cells(p, 60, 0), even)
        return float((p * np.log2(np.maximum(means, 1e-300))[codes]).sum(axis=1).mean())

    of_all = kept()
    monkeypatch.setattr(posterior_cells, "ROWS_ENOUGH", 1000)
    assert kept() == pytest.approx(of_all, abs=0.01)


def test_means_of_logs_are_those_of_posteriors() -> None:
    rng = np.random.default_rng(0)
    p, weights, codes = rng.dirichlet(np.ones(3), 900), rng.random(900), np.arange(900) % 7
    np.testing.assert_allclose(
        cell_means_of_logs(np.log(p), codes, weights), cell_means(p, codes, weights), rtol=1e-12
    )
