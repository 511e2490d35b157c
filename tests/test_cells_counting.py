"""Counting of codes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pidtools._cells import counting
from pidtools._cells.corrections import plug_in
from pidtools._information import plug_in_bias
from pidtools._types import Codes


def test_tables_stay_sparse() -> None:
    """A million possible entries, at most one stored for each sample."""
    codes = np.random.default_rng(1).permutation(1000).repeat(3)
    assert counting.count(codes, np.random.default_rng(0).permutation(1000).repeat(3)).nnz <= 3000


def test_bias_is_what_independent_samples_show() -> None:
    """Mean plug-in information of independent codes: within 4 standard errors of the formula."""
    rng = np.random.default_rng(4)
    n, draws = 500, []
    for _ in range(400):
        counts = counting.count(rng.integers(0, 6, n), rng.integers(0, 4, n))
        draws.append(plug_in(counts))
    error = np.std(draws) / np.sqrt(len(draws))
    # Second order, O(1/n^2), is below a hundredth of the standard error at this n.
    assert abs(np.mean(draws) - plug_in_bias(24, 6, 4, n)) <= 4 * error


def codes(sizes: tuple[int, ...], n: int) -> Codes:
    """Columns of codes, each of which has its largest one."""
    rng = np.random.default_rng(n)
    columns = np.stack([rng.integers(0, size, n) for size in sizes])
    columns[:, 3] = np.array(sizes) - 1
    return columns


@pytest.mark.parametrize("sizes", [(3,), (4, 2), (2, 5), (3, 4, 2), (60, 70, 80), (9,) * 5])
@pytest.mark.parametrize("largest", [2**62, 41**2])
@pytest.mark.parametrize("kernel_rows", [1000, 1])
def test_combinations_are_those_of_unique_columns(
    sizes: tuple[int, ...], largest: int, kernel_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By keys or in halves, by sorting or counting, in few combinations or many."""
    monkeypatch.setattr(counting, "LARGEST_KEY", largest)
    monkeypatch.setattr(counting, "KERNEL_ROWS", kernel_rows)
    columns = codes(sizes, 41)
    cells, back, counts = np.unique(columns, axis=1, return_inverse=True, return_counts=True)
    np.testing.assert_array_equal(counting.combine(*columns), back.ravel())
    for given in (None, sizes, [size + 1 for size in sizes]):
        found_cells, found_counts = counting.histogram(columns, given)
        np.testing.assert_array_equal(found_cells, cells.T)
        np.testing.assert_array_equal(found_counts, counts)


def test_rows_are_counted_from_a_number_of_them_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Below it they are sorted; above a largest key they are combined in halves."""
    ways: list[str] = []

    def followed(name: str) -> Any:
        inside = getattr(counting, name)

        def call(*given: Any) -> Any:
            ways.append(name)
            return inside(*given)

        return call

    for name in ("_occupied", "combine", "histogram"):
        monkeypatch.setattr(counting, name, followed(name))
    columns = codes((60, 70), 41)
    for rows, largest, combined, counted in (
        (41, 4200, ["combine", "_occupied"], ["histogram", "_occupied"]),
        (42, 4200, ["combine"], []),
        (42, 4199, ["combine"] * 4, []),
        (41, 4199, ["combine", *["combine", "_occupied"] * 3], None),
    ):
        monkeypatch.setattr(counting, "KERNEL_ROWS", rows)
        monkeypatch.setattr(counting, "LARGEST_KEY", largest)
        ways.clear()
        counting.combine(*columns)
        assert ways == combined
        ways.clear()
        counting.count(*columns)
        assert counted is None or ways == counted
    for largest, expected in ((4200, ["_occupied"]), (4199, ["combine"])):
        monkeypatch.setattr(counting, "LARGEST_KEY", largest)
        ways.clear()
        counting.histogram(columns)
        assert ways[1] == expected[0]


@pytest.mark.parametrize("kernel_rows", [1000, 1])
def test_tables_count_pairs(kernel_rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "KERNEL_ROWS", kernel_rows)
    cells, labels = codes((4, 3), 41)
    expected = np.zeros((4, 3))
    np.add.at(expected, (cells, labels), 1.0)
    table = counting.count(cells, labels)
    assert table.nnz == (expected > 0).sum()
    np.testing.assert_array_equal(table.toarray(), expected)
    weights = np.random.default_rng(0).integers(0, 3, 41) * (cells != 1)
    expected[:] = 0
    np.add.at(expected, (cells, labels), weights)
    table = counting.count_weighted(cells, labels, weights)
    assert table.nnz == (expected > 0).sum()
    assert table.dtype == float
    np.testing.assert_array_equal(table.toarray(), expected)


def test_a_code_that_weighs_nothing_keeps_its_place() -> None:
    table = counting.count_weighted(np.array([0, 2]), np.array([0, 3]), np.array([1, 0]))
    assert table.shape == (3, 4)
    assert table.nnz == 1


@pytest.mark.parametrize("n_keys", [1, 7, 90])
def test_tables_that_grow_again_and_again(n_keys: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interpreted, from room for four in blocks of eight: places collide, counts pass 255."""
    from plain_kernels import interpret

    from pidtools._cells import kernels

    interpret(kernels, monkeypatch)
    monkeypatch.setattr(kernels, "SMALLEST", 4)
    monkeypatch.setattr(kernels, "BLOCK", 8)
    rng = np.random.default_rng(n_keys)
    columns = np.stack([rng.integers(0, n_keys, 600), rng.integers(0, 2, 600)]).astype(np.int64)
    sizes = np.array([n_keys, 2])
    keys = columns[0] * 2 + columns[1]
    expected, codes, counts = np.unique(keys, return_inverse=True, return_counts=True)
    with np.errstate(over="ignore"):  # products of keys wrap around
        found, found_counts = kernels.count_hashed_kernel(columns, sizes)
        order = np.argsort(found)
        np.testing.assert_array_equal(found[order], expected)
        np.testing.assert_array_equal(found_counts[order], counts)
        coded = kernels.code_rows_kernel(columns, sizes, expected)
    np.testing.assert_array_equal(coded, codes)
