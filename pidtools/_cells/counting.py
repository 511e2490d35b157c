"""Counting of codes: combinations of columns, histograms and tables of codes and labels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array

from pidtools._types import Array, Codes

# Rows from which loading a compiled kernel is cheaper than sorting. Up to one combination a row
# there is a counter for each, of one byte, so they take an eighth of a column at most.
KERNEL_ROWS, LARGEST_KEY = 200_000, 2**62


def combine(*columns: Codes) -> Codes:
    """Code of each row's combination of codes, 0 to n_cells - 1, in sorted order of the rows."""
    sizes = [int(column.max()) + 1 for column in columns]
    if len(columns) > 1 and math.prod(sizes) > LARGEST_KEY:
        half = len(columns) // 2
        return combine(combine(*columns[:half]), combine(*columns[half:]))
    if len(columns[0]) < KERNEL_ROWS:
        key = np.zeros(len(columns[0]), dtype=np.int64)
        for column, size in zip(columns, sizes, strict=True):
            key = key * size + column
        return np.unique(key, return_inverse=True)[1].astype(np.int64)
    from pidtools._cells.kernels import code_rows_kernel

    stacked = np.stack(columns)
    keys = _occupied(stacked, sizes)[0]
    codes: Codes = code_rows_kernel(stacked, np.array(sizes), keys)
    return codes


def histogram(columns: Codes, sizes: Sequence[int] | None = None) -> tuple[Codes, Codes]:
    """Occupied combinations of codes, sorted, shape (n_cells, n_columns), and their counts.

    `columns` has shape (n_columns, n_samples), with codes below `sizes`. The memory beside it
    grows with the occupied cells; counters for all combinations, a byte each, are used up to
    the number of rows.
    """
    sizes = [int(column.max()) + 1 for column in columns] if sizes is None else list(sizes)
    if math.prod(sizes) > LARGEST_KEY:
        codes = combine(*columns)
        first, counts = np.unique(codes, return_index=True, return_counts=True)[1:]
        return columns[:, first].T, counts
    from pidtools._cells.kernels import digits_kernel

    keys, counts = _occupied(columns, sizes)
    cells = np.empty((len(keys), len(sizes)), np.int64)
    digits_kernel(keys, np.array(sizes), cells)
    return cells, counts


def _occupied(columns: Codes, sizes: Sequence[int]) -> tuple[Codes, Codes]:
    """Sorted occupied keys, the first column the most significant digit, and their counts."""
    from pidtools._cells.kernels import (
        count_directly_kernel,
        count_hashed_kernel,
        occupied_kernel,
    )

    n_keys = math.prod(sizes)
    if n_keys <= columns.shape[1]:
        ones, rounds = np.zeros(n_keys, np.uint8), np.zeros(n_keys, np.int64)
        count_directly_kernel(columns, np.array(sizes), ones, rounds)
        found: tuple[Codes, Codes] = occupied_kernel(ones, rounds)
        return found
    keys, counts = count_hashed_kernel(columns, np.array(sizes))
    order = np.argsort(keys)
    return keys[order], counts[order]


def count(codes: Codes, labels: Codes) -> csr_array:
    """Contingency table (n_cells, n_classes), occupied entries only."""
    if len(codes) >= KERNEL_ROWS:
        cells, counts = histogram(np.stack([codes, labels]))
        table = csr_array((counts.astype(float), (cells[:, 0], cells[:, 1])))
    else:
        table = csr_array((np.ones(len(codes)), (codes, labels)))
    table.sum_duplicates()
    return table


def count_weighted(codes: Codes, labels: Codes, weights: Array) -> csr_array:
    """Contingency table in which each sample counts `weights` times; cells may fall empty."""
    shape = (int(codes.max()) + 1, int(labels.max()) + 1)
    table = csr_array((weights.astype(float), (codes, labels)), shape=shape)
    table.sum_duplicates()
    table.eliminate_zeros()
    return table
