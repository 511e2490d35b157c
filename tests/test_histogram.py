"""Sparse histograms against sorting; corrections of informations for few samples."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest
from scipy.sparse import csr_array

import pidtools as pt
from pidtools._cells import corrections, counting, summary


@pytest.mark.slow
@pytest.mark.parametrize("size", [5, 70, 3000])
@pytest.mark.parametrize("n", [1000, 250_000])
def test_histogram_is_that_of_sorted_rows(size: int, n: int) -> None:
    columns = np.random.default_rng(size).integers(0, size, (3, n))
    found, counts = counting.histogram(columns)
    expected, times = np.unique(columns.T, axis=0, return_counts=True)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(counts, times)


@pytest.mark.parametrize("size", [5, 3000, 2**40])
@pytest.mark.parametrize("n", [1000, 250_000])
def test_codes_number_the_sorted_rows(size: int, n: int) -> None:
    columns = np.random.default_rng(1).integers(0, size, (2, n))
    expected = np.unique(columns.T, axis=0, return_inverse=True)[1].ravel()
    np.testing.assert_array_equal(counting.combine(*columns), expected)


def test_a_long_table_is_counted_like_a_short_one() -> None:
    rng = np.random.default_rng(0)
    codes, labels = rng.integers(0, 9, 250_000), rng.integers(0, 3, 250_000)
    dense = np.zeros((9, 3))
    np.add.at(dense, (codes, labels), 1)
    np.testing.assert_array_equal(counting.count(codes, labels).toarray(), dense)


@pytest.mark.parametrize(
    "name", ["jackknife", "miller-madow", "panzeri-treves", "extrapolation", "chao-shen"]
)
def test_a_correction_takes_most_of_the_bias_away(name: str) -> None:
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(60)).reshape(12, 5)
    truth = sum(
        v * np.log2(v / a / b)
        for row, a in zip(p, p.sum(axis=1), strict=True)
        for v, b in zip(row, p.sum(axis=0), strict=True)
    )
    found: dict[str, list[float]] = {"none": [], name: []}
    for _ in range(40):
        draw = rng.choice(60, 300, p=p.ravel())  # five samples a cell
        counts = counting.count(draw // 5, draw % 5)
        for which, values in found.items():
            values.append(corrections.corrected_information(counts, which, 0))
    plain, corrected = (abs(np.mean(values) - truth) for values in found.values())
    assert corrected < 0.5 * plain


def test_shuffling_takes_chance_away() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(400, 2)), rng.integers(0, 2, 400)
    corrected = pt.Binning(n_bins=4, correction="shuffling")
    assert pt.mutual_information(x, y, estimator=corrected) == pytest.approx(0, abs=0.02)


def test_corrections_bring_the_atoms_nearer_to_the_truth() -> None:
    """Twenty cells against four of a garbling, fifteen samples a cell of the larger."""
    rng = np.random.default_rng(20)
    p_ty = rng.dirichlet(np.full(60, 0.5)).reshape(20, 3)
    pmf = np.einsum("ty,ts->tsy", p_ty, np.eye(4)[rng.integers(0, 4, 20)])
    exact = pt.broja(pmf)
    truth = [exact.redundancy, exact.unique_t, exact.unique_s]
    found: dict[str, list[list[float]]] = {"none": [], "jackknife": []}
    for _ in range(20):
        t, s, y = np.unravel_index(rng.choice(pmf.size, 300, p=pmf.ravel()), pmf.shape)
        for correction, atoms in found.items():
            pair = [
                summary.summarise_codes(
                    x, y, estimator=pt.Symbols(), name="X", correction=correction
                )
                for x in (t, s)
            ]
            pid = summary.decompose(*pair)
            atoms.append([pid.redundancy, pid.unique_t, pid.unique_s])
            assert min(pid.unique_t, pid.unique_s) > -1e-9  # rounding of a unique of 0
    plain, corrected = (np.abs(np.mean(atoms, axis=0) - truth) for atoms in found.values())
    # Twenty draws leave a standard error of about 0.01 bits in each mean.
    assert corrected.sum() < 0.5 * plain.sum()


def test_the_jackknife_leaves_each_sample_out() -> None:
    rng = np.random.default_rng(0)
    counts = rng.multinomial(30, rng.dirichlet(np.ones(12))).reshape(4, 3).astype(float)
    without = []
    for i, j in np.ndindex(4, 3):
        fewer = counts.copy()
        fewer[i, j] -= 1
        if counts[i, j]:
            fewer = fewer[fewer.sum(axis=1) > 0]
            without += int(counts[i, j]) * [corrections.plug_in(csr_array(fewer))]
    table = csr_array(counts)
    expected = 30 * corrections.plug_in(table) - 29 * np.mean(without)
    found = corrections.corrected_information(table, "jackknife", 0)
    assert found == pytest.approx(expected, abs=1e-12)  # rounding of sums of a few logarithms


@pytest.mark.parametrize(("rule", "n_bins"), [("sturges", 11), ("rice", 20), ("sparse", 14)])
def test_rules_set_the_number_of_bins(
    rule: Literal["sturges", "rice", "sparse"], n_bins: int
) -> None:
    x = np.random.default_rng(0).normal(size=(1000, 2))
    binning = pt.Binning(n_bins=rule)
    # One column has 1000 / 5 bins by the rule for sparse tables.
    assert binning.codes(x[:, :1]).max() + 1 == (200 if rule == "sparse" else n_bins)
    assert n_bins < binning.codes(x).max() < n_bins**2


def test_bins_by_k_means_lie_around_the_lumps() -> None:
    x = np.repeat([0.0, 10.0, 11.0, 30.0], 25) + np.tile(np.linspace(0, 0.1, 25), 4)
    codes = pt.Binning(method="kmeans", n_bins=3).codes(x[:, None])
    assert [len(set(codes[k * 25 : (k + 1) * 25])) for k in range(4)] == [1, 1, 1, 1]
    assert codes[25] == codes[50]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"correction": "bootstrap"}, "correction must be one of"),
        ({"n_bins": "scott"}, "n_bins must be one of"),
        ({"method": "median"}, "method must be one of"),
    ],
)
def test_unknown_options_are_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        pt.Binning(**options)
