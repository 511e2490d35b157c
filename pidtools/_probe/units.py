"""What single units say by bends and jumps: features that keep the axes of a layer.

Layers are rectified, gated and saturated: a unit is often exactly at its rest, and what it says
bends there. Whitening turns the axes of the units away, and an expert that is linear, or curved
in all directions at once, needs many rows to find them again. Here every unit has its value, its
square, its size and whether it rests, or a spline; a penalised logistic regression on these is
an additive model of the log odds.
"""

from __future__ import annotations

import numpy as np

from pidtools._probe.quantiles import quantiles, sorted_columns
from pidtools._types import Floats

# Where a unit may rest: at its least, most or median value, in more than so many rows, to so much
# of its scale (well above rounding, well below what carries information).
REST_QUANTILES = (0.02, 0.5, 0.98)
LEAST_RESTING = 0.02
AT_REST = 1e-6
# Quantiles at which a spline bends.
KNOTS = (0.1, 0.3, 0.5, 0.7, 0.9)


def bent(V: Floats, some: Floats) -> Floats:
    """Value, square, size and rest of each unit, shape (n, about 3 d).

    `V` are columns with median 0 and scale 1, `some` the rows that show their quantiles.
    """
    return np.hstack([V, V**2, np.abs(V), _at_rest(V, some)])


def splines(V: Floats, some: Floats) -> Floats:
    """Value, square and rest of each unit, and its part above each knot, shape (n, about 7 d)."""
    knots = quantiles(sorted_columns(some), KNOTS)
    return np.hstack([V, V**2, *(np.maximum(V - knot, 0) for knot in knots), _at_rest(V, some)])


def _at_rest(V: Floats, some: Floats) -> Floats:
    """An indicator for each value at which a unit often is."""
    found, values = [], quantiles(sorted_columns(some), REST_QUANTILES)
    for k, value in enumerate(values):
        share = (np.abs(some - value) < AT_REST).mean(axis=0)
        is_new = (np.abs(values[:k] - value) >= AT_REST).all(axis=0)
        rests = (share > LEAST_RESTING) & (share < 1 - LEAST_RESTING) & is_new
        found.append(np.abs(V[:, rests] - value[rests]) < AT_REST)
    return np.hstack(found).astype(np.float64)
