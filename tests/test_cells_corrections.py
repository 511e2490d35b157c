"""Corrections of the information of tables, each against its definition, and laws of all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers import EXACT, information
from scipy.sparse import csr_array

import pidtools as pt
from pidtools._cells.corrections import CORRECTIONS, corrected_information
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


def test_chao_and_shen_weigh_each_symbol_by_its_chance_of_being_seen() -> None:
    expected = (
        chao_shen_entropy(COUNTS.sum(axis=1))
        + chao_shen_entropy(COUNTS.sum(axis=0))
        - chao_shen_entropy(COUNTS)
    )
    assert corrected(COUNTS, "chao-shen") == pytest.approx(expected, abs=EXACT)


def test_singletons_alone_leave_chao_and_shen_a_number() -> None:
    assert np.isfinite(corrected(np.eye(6), "chao-shen"))


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
