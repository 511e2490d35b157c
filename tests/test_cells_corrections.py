"""Corrections of the information of tables, each against its definition, and laws of all."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from helpers import EXACT, information
from scipy.sparse import csr_array

import pidtools as pt
from pidtools._cells.corrections import (
    CORRECTIONS,
    N_PARTITIONS,
    N_SHUFFLES,
    _cells_of_support,
    _samples,
    corrected_information,
    first_order_bias,
)
from pidtools._types import Floats

DRAWN = np.random.default_rng(0).multinomial(60, np.random.default_rng(1).dirichlet(np.ones(20)))
# Five cells and four classes, a third of the entries empty.
COUNTS = DRAWN.reshape(5, 4).astype(float)
# Those that draw no partitions or orders.
CERTAIN = ("none", "jackknife", "miller-madow", "panzeri-treves", "chao-shen")


def corrected(counts: Floats, correction: str, seed: int = 0) -> float:
    return corrected_information(csr_array(counts), correction, seed)


def test_without_a_correction_it_is_the_plug_in_information() -> None:
    assert corrected(COUNTS, "none") == pytest.approx(information(COUNTS / 60), abs=EXACT)


def test_miller_and_madow_count_the_cells_that_are_occupied() -> None:
    degrees = np.count_nonzero(COUNTS) - 5 - 4 + 1
    expected = information(COUNTS / 60) - degrees / (2 * 60 * np.log(2))
    assert corrected(COUNTS, "miller-madow") == pytest.approx(expected, abs=EXACT)


def test_panzeri_and_treves_count_no_cell_twice_where_all_were_seen() -> None:
    """A hundred samples a cell leave none unseen; few samples leave some, and take more away."""
    many = 100 + COUNTS
    assert corrected(many, "panzeri-treves") == corrected(many, "miller-madow")
    sparse = np.zeros((40, 2))
    sparse[:12, 0] = sparse[8:20, 1] = 1
    sparse[20:] = 5
    assert corrected(sparse, "panzeri-treves") < corrected(sparse, "miller-madow") - 0.01


def chao_shen_entropy(counts: Floats) -> float:
    """Equation 8 of Chao and Shen (2003), symbol by symbol, in bits."""
    seen = [c for c in counts.ravel() if c > 0]
    n, ones = sum(seen), sum(c == 1 for c in seen)
    coverage = 1 - ones / n
    shares = [coverage * c / n for c in seen]
    return float(-sum(p * np.log2(p) / (1 - (1 - p) ** n) for p in shares))


def test_singletons_alone_leave_chao_and_shen_a_coverage() -> None:
    """All six seen once: a coverage of one in six, as if one of them had been seen twice."""
    p = 1 / 36
    entropy = -6 * p * np.log2(p) / (1 - (1 - p) ** 6)
    assert corrected(np.eye(6), "chao-shen") == pytest.approx(entropy, abs=EXACT)


# Tables wider than high, higher than wide, and with a class and a cell that are empty.
TABLES = [COUNTS, COUNTS.T, np.array([[3, 1, 0, 2, 1, 5], [0, 2, 2, 1, 0, 1]], float)]
TABLES += [np.array([[0, 2, 1], [0, 0, 0], [0, 1, 3], [0, 4, 0]], float)]


@pytest.mark.parametrize("counts", TABLES)
def test_chao_and_shen_weigh_each_symbol_by_its_chance_of_being_seen(counts: Floats) -> None:
    parts = counts.sum(axis=1), counts.sum(axis=0), counts
    x, y, both = map(chao_shen_entropy, parts)
    assert corrected(counts, "chao-shen") == pytest.approx(x + y - both, abs=EXACT)


def drawn(counts: Floats) -> tuple[list[int], list[int]]:
    """Cell and class of each sample, cells in the order of their counts weighed at random."""
    weights = np.random.default_rng(0).random(counts.shape[1])
    rows = sorted(range(len(counts)), key=lambda row: float(counts[row] @ weights))
    x = [k for k, row in enumerate(rows) for c in counts[row] for _ in range(int(c))]
    y = [j for row in rows for j, c in enumerate(counts[row]) for _ in range(int(c))]
    return x, y


def of_samples(x: Any, y: Any) -> float:
    table = np.zeros((max(x) + 1, max(y) + 1))
    for a, b in zip(x, y, strict=True):
        table[a, b] += 1
    return information(table / len(x))


@pytest.mark.parametrize("counts", TABLES)
def test_samples_are_those_behind_the_table(counts: Floats) -> None:
    found = _samples(csr_array(counts))
    assert [f.tolist() for f in found] == list(map(list, drawn(counts)))


@pytest.mark.parametrize("counts", TABLES)
def test_the_bias_of_first_order_counts_what_is_occupied(counts: Floats) -> None:
    n = (counts > 0).sum(), (counts.sum(axis=1) > 0).sum(), (counts.sum(axis=0) > 0).sum()
    expected = (n[0] - n[1] - n[2] + 1) / (2 * counts.sum() * np.log(2))
    assert first_order_bias(csr_array(counts)) == pytest.approx(expected, abs=EXACT)
    found = corrected(counts, "none") - corrected(counts, "miller-madow")
    assert found == pytest.approx(expected, abs=EXACT)


@pytest.mark.parametrize("counts", [*TABLES, np.eye(2), np.array([[1.0, 1.0]])])
def test_the_jackknife_leaves_each_sample_out_once(counts: Floats) -> None:
    n, without = counts.sum(), []
    for i, j in zip(*np.nonzero(counts), strict=True):
        fewer = counts.copy()
        fewer[i, j] -= 1
        without += [information(fewer / (n - 1))] * int(counts[i, j])
    expected = n * information(counts / n) - (n - 1) * np.mean(without)
    assert corrected(counts, "jackknife") == pytest.approx(expected, abs=EXACT)


def cells_of_support(occupied: list[int], n_cells: int) -> int:
    """As many unseen cells as bring the expected number of occupied ones nearest to that seen.

    Seen ones have the shares of Bayes with one sample more each, unseen ones divide the rest.
    """
    n, seen = sum(occupied), len(occupied)
    distance = {0: abs(sum((1 - c / n) ** n for c in occupied))}
    for unseen in range(1, n_cells - seen + 1):
        share = unseen * (1 - (n / (n + seen)) ** (1 / n))
        shares = [(1 - share) * (c + 1) / (n + seen) for c in occupied] + [share / unseen] * unseen
        distance[unseen] = abs(seen - sum(1 - (1 - p) ** n for p in shares))
    best = 0
    while best + 1 in distance and distance[best + 1] < distance[best]:
        best += 1
    return seen + best


def test_panzeri_and_treves_expect_as_many_cells_as_were_seen() -> None:
    rng = np.random.default_rng(0)
    n_unseen = set()
    for n_cells, n in itertools.product((2, 5, 9, 40), (1, 2, 4, 9, 30, 100)):
        for flat in (0.3, 1.0, 3.0, 9.0):
            drawn = rng.multinomial(n, rng.dirichlet(np.full(n_cells, flat)))
            occupied = drawn[drawn > 0]
            expected = cells_of_support(occupied.tolist(), n_cells)
            assert _cells_of_support(occupied.astype(float), n_cells) == expected
            n_unseen.add(expected - len(occupied))
    assert len(n_unseen) > 4
    # As many as there are room for: with single samples alone there seem to be many more.
    for n_cells in (6, 7, 8, 11):
        assert _cells_of_support(np.ones(6), n_cells) == n_cells


@pytest.mark.parametrize("counts", TABLES)
def test_panzeri_and_treves_add_up_the_cells_of_classes(counts: Floats) -> None:
    n, classes = counts.sum(), [column[column > 0].tolist() for column in counts.T if column.any()]
    cells = sum(cells_of_support(each, len(counts)) for each in classes)
    bias = (cells - len(counts) - len(classes) + 1) / (2 * n * np.log(2))
    expected = information(counts / n) - bias
    assert corrected(counts, "panzeri-treves") == pytest.approx(expected, abs=EXACT)


@pytest.mark.parametrize(
    "counts", [*TABLES, *(np.diag(c) for c in ([2.0, 1], [3.0, 1], [3.0, 2], [4.0, 3]))]
)
def test_extrapolation_takes_halves_and_quarters(counts: Floats) -> None:
    """The parabola in 1/n through all samples, halves and quarters, at 0."""
    x, y = map(np.array, drawn(counts))
    n, rng = len(x), np.random.default_rng(7)
    means: list[float] = []
    orders = [rng.permutation(n) for _ in range(N_PARTITIONS)]
    for n_parts in (1, 2, 4):
        size = n // n_parts
        parts = [o[k * size : (k + 1) * size] for o in orders for k in range(n_parts)]
        means.append(float(np.mean([of_samples(x[p], y[p]) for p in parts])) if size else 0.0)
    at_zero = float(np.polynomial.Polynomial.fit([1, 2, 4], means, 2)(0))
    expected = at_zero if n >= 4 else means[0]
    assert corrected(counts, "extrapolation", 7) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("counts", TABLES)
def test_shuffling_takes_away_what_shuffled_labels_tell(counts: Floats) -> None:
    x, y = drawn(counts)
    rng = np.random.default_rng(7)
    chance = np.mean([of_samples(x, rng.permutation(y)) for _ in range(N_SHUFFLES)])
    expected = of_samples(x, y) - chance
    assert corrected(counts, "shuffling", 7) == pytest.approx(expected, abs=EXACT)


def test_extrapolation_takes_a_bias_of_first_and_second_order_away() -> None:
    """Labels that the cells decide: the plug-in is H(Y), whose bias has both orders."""
    rng = np.random.default_rng(0)
    p = np.array([0.4, 0.3, 0.2, 0.1])
    truth = -p @ np.log2(p)
    errors = []
    for seed in range(60):
        counts = np.diag(rng.multinomial(24, p)).astype(float)
        errors.append([corrected(counts, name, seed) - truth for name in ("none", "extrapolation")])
    plain, extrapolated = np.abs(np.mean(errors, axis=0))
    # First order of the bias: 3 / (2 n) nats, .09 bits; the error of 60 means is .03.
    assert plain > 0.05
    assert extrapolated < 0.5 * plain


@pytest.mark.parametrize("correction", ["extrapolation", "shuffling"])
def test_what_is_drawn_comes_from_the_seed(correction: str) -> None:
    assert corrected(COUNTS, correction, 3) == corrected(COUNTS, correction, 3)
    assert corrected(COUNTS, correction, 3) != corrected(COUNTS, correction, 4)


@pytest.mark.parametrize("correction", CERTAIN)
def test_the_order_of_cells_and_classes_does_not_matter(correction: str) -> None:
    rng = np.random.default_rng(0)
    moved = COUNTS[rng.permutation(5)][:, rng.permutation(4)]
    expected = corrected(COUNTS, correction)
    assert corrected(moved, correction) == pytest.approx(expected, abs=EXACT)


@pytest.mark.parametrize("correction", [c for c in CERTAIN if c != "panzeri-treves"])
def test_cells_know_of_classes_what_classes_know_of_cells(correction: str) -> None:
    """Panzeri and Treves look for unseen cells class by class, and not the other way round."""
    expected = corrected(COUNTS, correction)
    assert corrected(COUNTS.T, correction) == pytest.approx(expected, abs=EXACT)


@pytest.mark.parametrize("correction", CORRECTIONS)
@pytest.mark.parametrize("counts", [[[1]], [[2]], [[1, 0], [0, 1]], [[2, 0], [0, 1]]], ids=str)
def test_a_few_samples_have_a_number(correction: str, counts: list[list[int]]) -> None:
    assert np.isfinite(corrected(np.array(counts, dtype=float), correction))


@pytest.mark.parametrize("correction", ["none", "miller-madow", "panzeri-treves", "jackknife"])
def test_atoms_add_up_to_the_corrected_informations(correction: Any) -> None:
    """Also where a correction is larger than the unique of its source, as of fine noisy cells."""
    rng = np.random.default_rng(0)
    n_moved = 0
    for cells_t, cells_s in ((40, 2), (2, 40), (20, 20), (3, 3)):
        Y = rng.integers(0, 3, 300)
        S = Y % cells_s
        T = np.where(rng.random(300) < 0.2, Y, rng.integers(0, cells_t, 300)) % cells_t
        estimator = pt.Binning(correction=correction)
        t, s = (estimator.summarise(X, Y) for X in (T, S))
        pid = estimator.pair(t, s, synergy=False).pid()
        assert pid.redundancy + pid.unique_t == pytest.approx(t.information, abs=1e-6)
        assert pid.redundancy + pid.unique_s == pytest.approx(s.information, abs=1e-6)
        assert min(pid.unique_t, pid.unique_s) >= -1e-6
        n_moved += min(pid.unique_t, pid.unique_s) < 1e-6
    assert n_moved > 0
