"""Corrections of the information of tables, one by one."""

from __future__ import annotations

import numpy as np
import pytest

import pidtools as pt


@pytest.mark.parametrize("correction", ["none", "miller-madow", "panzeri-treves", "jackknife"])
def test_atoms_add_up_to_the_corrected_informations(correction):
    """Also where a correction is larger than the unique of its source, as of fine noisy cells."""
    rng = np.random.default_rng(0)
    n_moved = 0
    for cells_t, cells_s in ((40, 2), (2, 40), (20, 20), (3, 3)):
        Y = rng.integers(0, 3, 300)
        S = Y % cells_s
        T = np.where(rng.random(300) < 0.2, Y, rng.integers(0, cells_t, 300)) % cells_t
        estimator = pt.Binning(correction=correction)
        t, s = (estimator.summarise(X, Y) for X in (T, S))
        pid = estimator.decompose(t, s)
        assert pid.redundancy + pid.unique_t == pytest.approx(t.information, abs=1e-6)
        assert pid.redundancy + pid.unique_s == pytest.approx(s.information, abs=1e-6)
        assert min(pid.unique_t, pid.unique_s) >= -1e-6
        n_moved += min(pid.unique_t, pid.unique_s) < 1e-6
    assert n_moved > 0
