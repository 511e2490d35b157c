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


def bends_and_splines(some: Floats) -> tuple[Units, Units]:
    """Of units whose quantiles are those of some rows: with sizes, and with knots."""
    ordered = sorted_columns(some)
    rests = _rests(some, quantiles(ordered, REST_QUANTILES))
    return Units(None, rests), Units(quantiles(ordered, KNOTS), rests)


def _rests(some: Floats, values: Floats) -> tuple[tuple[Bools, Floats], ...]:
    """Which units often are at one of the values, and at which, for each place they may rest."""
    found = []
    for k, value in enumerate(values):
        share = (np.abs(some - value) < AT_REST).mean(axis=0)
        is_new = (np.abs(values[:k] - value) >= AT_REST).all(axis=0)
        rests = (share > LEAST_RESTING) & (share < 1 - LEAST_RESTING) & is_new
        found.append((rests, value[rests]))
    return tuple(found)
