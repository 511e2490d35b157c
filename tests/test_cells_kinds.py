"""Tables without the noise of sampling, against the tables that the samples came from."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import EXACT
from scipy.sparse import csr_array

from pidtools._cells.counting import count
from pidtools._cells.kinds import without_noise
from pidtools._information import mutual_information_of_table
from pidtools._types import Floats

N = 2000
FOUR = 0.55 * np.eye(4) / 4 + 0.45 / 16  # four symbols of four classes, .55 of them sure


def drawn(pmf: Floats, seed: int, n: int = N) -> csr_array:
    """Counts of n samples of a pmf of cells and classes; empty cells are left out."""
    rng = np.random.default_rng(seed)
    cells, labels = np.unravel_index(rng.choice(pmf.size, size=n, p=pmf.ravel()), pmf.shape)
    return count(np.unique(cells, return_inverse=True)[1], labels)


def split(pmf: Floats, parts: int) -> Floats:
    return np.repeat(pmf / parts, parts, axis=0)


@pytest.mark.parametrize(("n_cells", "n_classes"), [(64, 4), (256, 4), (256, 10)])
def test_cells_that_know_nothing_are_of_one_kind(n_cells: int, n_classes: int) -> None:
    """Half may seem to be of another; the plug-in information is 0.07 to 0.9 bits."""
    uniform = np.full((n_cells, n_classes), 1 / (n_cells * n_classes))
    for seed in range(3):
        counts = drawn(uniform, seed)
        (law,) = without_noise([counts])
        noise = mutual_information_of_table(counts.toarray() / N)
        assert mutual_information_of_table(law) < 0.3 * noise


@pytest.mark.parametrize("parts", [1, 4, 16, 64])
def test_cells_keep_what_they_tell(parts: int) -> None:
    """The standard error of the information of four symbols is .02 bits."""
    exact = mutual_information_of_table(FOUR)
    for seed in range(3):
        (law,) = without_noise([drawn(split(FOUR, parts), seed)])
        assert mutual_information_of_table(law) == pytest.approx(exact, abs=0.08)


def test_what_two_sources_tell_alike_stays_alike() -> None:
    """Both tell the class as well, one in 16 symbols and one in 64: of one and the same kinds."""
    rng = np.random.default_rng(0)
    y, tables = rng.integers(0, 4, N), []
    for parts in (4, 16):
        told = np.where(rng.random(N) < 0.55, y, rng.integers(0, 4, N))
        tables.append(count(told * parts + rng.integers(0, parts, N), y))
    few, many = (law / law.sum(axis=1, keepdims=True) for law in without_noise(tables))
    for kind in few:
        assert abs(many - kind).max(axis=1).min() < 0.02
    # As they are counted, cells of 30 samples differ by five times as much.
    assert np.ptp(tables[1].toarray() / tables[1].sum(axis=1)[:, None], axis=0).max() > 0.5


def test_an_ignorant_source_is_not_read_in_the_terms_of_one_that_knows() -> None:
    knows = 0.7 * np.eye(10) / 10 + 0.3 / 100
    (law, _) = without_noise([drawn(np.full((256, 10), 1 / 2560), 0), drawn(knows, 1)])
    assert mutual_information_of_table(law) < 0.03


def test_each_of_many_classes_keeps_its_cell() -> None:
    """More kinds than are tried: each cell its own, with a tenth of a sample of the others."""
    (law,) = without_noise([drawn(np.eye(100) / 100, 0)])
    assert mutual_information_of_table(law) == pytest.approx(np.log2(100), abs=0.2)


def test_laws_are_pmfs_with_the_classes_of_the_counts() -> None:
    tables = [drawn(split(FOUR, 4), 0), drawn(np.full((1000, 4), 1 / 4000), 1)]
    for law, counts in zip(without_noise(tables), tables, strict=True):
        assert law.min() >= 0
        assert law.sum(axis=0) == pytest.approx(counts.sum(axis=0) / N, abs=EXACT)


def test_cells_that_were_not_seen_are_there() -> None:
    """Of 1000 equal cells 135 are empty at two samples a cell, with an error of 10 or so."""
    counts = drawn(np.full((1000, 2), 1 / 2000), 0)
    (law,) = without_noise([counts])
    assert counts.shape[0] < 900
    assert len(law) == pytest.approx(1000, abs=50)
    # Equal cells differ by the noise of Poisson numbers alone, which is gone.
    assert law.sum(axis=1).max() < 1.5 / 1000


@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_handful_of_samples_has_a_law(n: int) -> None:
    (law,) = without_noise([csr_array(np.eye(n, max(n, 2)))])
    assert np.isfinite(law).all()
    assert law.sum() == pytest.approx(1, abs=EXACT)
