"""What single units say by bends and jumps: features that keep the axes of a layer.

Layers are rectified, gated and saturated: a unit is often exactly at its rest, and what it says
bends there. Whitening turns the axes of the units away, and an expert that is linear, or curved
in all directions at once, needs many rows to find them again. Here every unit has its value, its
square, its size and whether it rests, or a spline; a penalised logistic regression on these is
an additive model of the log odds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pidtools._probe.quantiles import quantiles, sorted_columns
from pidtools._types import Bools, Floats

# Where a unit may rest: at its least, most or median value, in more than so many rows, to so much
# of its scale (well above rounding, well below what carries information).
REST_QUANTILES = (0.02, 0.5, 0.98)
LEAST_RESTING = 0.02
AT_REST = 1e-6
# Quantiles at which a spline bends.
KNOTS = (0.1, 0.3, 0.5, 0.7, 0.9)


@dataclass(frozen=True)
class Units:
    """From units of median 0 and scale 1, shape (n, d), to features of each of them.

    Value, square and whether it rests; its size, or its part above each of the knots.

    Attributes
    ----------
    knots : ndarray, shape (n_knots, d), or None
        None for the size.
    rests : tuple of (columns, values)
        At which values units often are.
    """

    knots: Floats | None
    rests: tuple[tuple[Bools, Floats], ...]

    def __call__(self, V: Floats) -> Floats:
        """Shape (n, about 3 d), with knots about 7 d."""
        sizes = [np.abs(V)] if self.knots is None else [np.maximum(V - k, 0) for k in self.knots]
        at_rest = [np.abs(V[:, which] - values) < AT_REST for which, values in self.rests]
        return np.hstack([V, V**2, *sizes, *at_rest])


def bends(some: Floats) -> Units:
    """Of units whose quantiles are those of some rows."""
    return Units(None, _rests(some))


def splines(some: Floats) -> Units:
    """The same, with knots in the place of sizes."""
    return Units(quantiles(sorted_columns(some), KNOTS), _rests(some))


def _rests(some: Floats) -> tuple[tuple[Bools, Floats], ...]:
    """Which units often are at a value, and at which, for each of the places they may rest."""
    found, values = [], quantiles(sorted_columns(some), REST_QUANTILES)
    for k, value in enumerate(values):
        share = (np.abs(some - value) < AT_REST).mean(axis=0)
        is_new = (np.abs(values[:k] - value) >= AT_REST).all(axis=0)
        rests = (share > LEAST_RESTING) & (share < 1 - LEAST_RESTING) & is_new
        found.append((rests, value[rests]))
    return tuple(found)
