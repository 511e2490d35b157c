"""Counting of codes."""

from __future__ import annotations

import numpy as np

from pidtools._cells import counting
from pidtools._cells.corrections import plug_in
from pidtools._information import plug_in_bias


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
