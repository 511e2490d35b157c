"""Cells of posteriors, and tables that carry an information."""

from __future__ import annotations

import numpy as np
import pytest

from pidtools._broja.negligible import without_negligible
from pidtools._information import entropy, mutual_information_of_table
from pidtools._probe.estimator import TABLE_TOLERANCE
from pidtools._probe.posterior_cells import cell_means, posterior_cells, sharpened_table


@pytest.mark.parametrize("n_cells", [10, 40])
def test_sharpened_tables_carry_what_they_are_told(n_cells: int) -> None:
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


def test_what_no_sample_could_show_costs_the_solver_nothing() -> None:
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
    t, s, moved = without_negligible(found[0], found[1], TABLE_TOLERANCE)
    assert 0 < moved <= 0.1 * TABLE_TOLERANCE
    for sharp, table, entire in zip(found, (t, s), full, strict=True):
        assert (table > 0).mean() < 0.6 * (entire > 1e-12 * 0.02).mean()
        np.testing.assert_allclose(table.sum(axis=0), entire.sum(axis=0), atol=1e-15)
        carried = mutual_information_of_table(sharp)
        assert carried == pytest.approx(mutual_information_of_table(entire), abs=1e-6)
        assert mutual_information_of_table(table) == pytest.approx(carried, abs=moved)
