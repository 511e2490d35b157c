"""Random tables: seeded, and with the density asked for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from pidtools import problems
from pidtools._types import Floats


@pytest.mark.parametrize(
    "draw",
    [
        problems.dirichlet,
        problems.sparse_dirichlet,
        lambda shape, **options: problems.histogram(shape, 100, **options),
    ],
    ids=["dirichlet", "sparse_dirichlet", "histogram"],
)
def test_random_families_are_seeded_distributions(draw: Callable[..., Floats]) -> None:
    pmf = draw((6, 5, 3), random_state=7)
    assert pmf.shape == (6, 5, 3)
    assert pmf.min() >= 0
    assert pmf.sum() == pytest.approx(1.0, abs=1e-14)
    assert np.array_equal(pmf, draw((6, 5, 3), random_state=7))
    assert not np.array_equal(pmf, draw((6, 5, 3), random_state=8))


def test_sparse_dirichlet_keeps_its_density_and_every_class() -> None:
    pmf = problems.sparse_dirichlet((20, 20, 10), density=0.2)
    assert (pmf > 0).mean() == pytest.approx(0.2, abs=4 * np.sqrt(0.16 / 4000) + 10 / 4000)
    assert problems.sparse_dirichlet((3, 3, 8), density=0.0).sum(axis=(0, 1)).min() > 0


def test_histogram_counts_samples() -> None:
    counts = problems.histogram((8, 8, 4), 250) * 250
    assert counts == pytest.approx(np.round(counts), abs=1e-10)
    assert counts.sum() == pytest.approx(250)
    assert (counts == 0).any()
