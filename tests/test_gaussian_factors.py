"""Triangular factors: small directions that are kept, and errors of LAPACK."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import all_said, atoms
from random_gaussians import measure
from scipy.linalg import LinAlgError

import pidtools as pt
from pidtools._gaussian import factors


@pytest.mark.parametrize("which", [0, 1, 2], ids=["T", "S", "Y"])
@pytest.mark.parametrize("size", [1e3, 1e6, 1e9])
def test_a_small_direction_beside_a_large_one_is_kept(which: int, size: float) -> None:
    """A column of a large size with a small one added is an invertible map of both."""
    rng = np.random.default_rng(0)
    Y = rng.normal(size=(500, 2))
    arrays = [Y + rng.normal(size=(500, 2)), Y + 0.5 * rng.normal(size=(500, 2)), Y]
    before = atoms(measure(*arrays).pid)
    arrays[which] = arrays[which] @ [[1, size], [0, 1]]
    found = measure(*arrays)
    # The large column rounds the small one by `size` units in the last place.
    np.testing.assert_allclose(atoms(found.pid), before, atol=1e-6 if size < 1e9 else 1e-5)
    assert not any("eft out" in note for note in all_said(found))


def test_a_small_direction_that_the_other_source_holds() -> None:
    rng = np.random.default_rng(0)
    a, z = rng.normal(size=(2, 400))
    Y = np.column_stack([a, z]) + rng.normal(size=(400, 2))
    before = measure(np.column_stack([a, z]), z, Y)
    found = measure(np.column_stack([a, a + 1e-5 * z]), z, Y)
    np.testing.assert_allclose(atoms(found.pid), atoms(before.pid), atol=1e-5)


def test_no_error_of_lapack_comes_through() -> None:
    with pytest.raises(pt.PIDError, match="could not be decomposed"), factors.arithmetic():
        raise LinAlgError("SVD did not converge")
