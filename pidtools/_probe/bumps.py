"""Gaussian bumps on drawn rows: features in which a curved decision is a straight one.

The Nystroem features of a Gaussian kernel (Williams and Seeger 2000), without the directions that
hardly vary: a penalised fit makes nothing of them, and single precision could not hold them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pidtools._blocks import blocks
from pidtools._probe.axes import steady
from pidtools._probe.softmax import Singles
from pidtools._types import Array, Floats

# Of the largest eigenvalue of the kernel among the drawn rows.
LEAST_EIGENVALUE = 1e-5


def bumps(rows: Array, n_bumps: int, gamma: float, random_state: int) -> Callable[[Array], Singles]:
    """Features of any rows by bumps ``exp(-gamma |x - x_k|^2)`` on drawn `rows`."""
    drawn = np.random.RandomState(random_state).permutation(len(rows))[:n_bumps]
    centres = steady(rows[drawn])
    eigenvalues, vectors = np.linalg.eigh(_kernel(centres, centres, gamma))
    kept = eigenvalues > LEAST_EIGENVALUE * eigenvalues[-1]
    back = (vectors[:, kept] / np.sqrt(eigenvalues[kept])).astype(np.float32)

    def features(some: Array) -> Singles:
        found = np.empty((len(some), back.shape[1]), dtype=np.float32)
        for block in blocks(len(some), len(centres)):
            kernel = _kernel(some[block].astype(np.float64), centres, gamma)
            found[block] = kernel.astype(np.float32) @ back
        return found

    return features


def _kernel(some: Floats, centres: Floats, gamma: float) -> Floats:
    exponents = some @ centres.T
    exponents *= 2
    exponents -= (some**2).sum(axis=1)[:, None]
    exponents -= (centres**2).sum(axis=1)
    # Rounding may put a row at less than no distance from itself.
    np.minimum(exponents, 0, out=exponents)
    exponents *= gamma
    return np.exp(exponents, out=exponents)
