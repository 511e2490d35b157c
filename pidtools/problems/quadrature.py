"""Exact atoms by quadrature, from the densities that `laws` samples.

A density on a grid, times the weights of the grid, is a table whose mutual information is the
quadrature of the integral. On an evenly spaced grid over the whole line the trapezoid rule
converges exponentially for these smooth densities.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pidtools._information import mutual_information_of_table
from pidtools._result import PID, Outcome
from pidtools.problems.laws import Channel, Coupling

Floats = NDArray[np.float64]


def line(n: int = 401, reach: float = 4.5) -> tuple[Floats, Floats]:
    """Points x = sinh(u) and weights for integrals over the real line.

    The grid is even near 0 and ends at sinh(4.5) = 45; heavy tails need a longer reach.
    """
    u = np.linspace(-reach, reach, n)
    return np.sinh(u)[:, None], np.cosh(u) * (u[1] - u[0])


def label_table(log_density: Floats, weights: Floats, prior: Floats, labels: Floats) -> Floats:
    """Joint table p(x, y) on a grid, shape (n_points, n_classes), normalised to 1."""
    p_xy: Floats = (np.exp(log_density + np.log(prior)) * weights[:, None]) @ labels
    p_xy = p_xy[p_xy.sum(axis=1) > 0]
    p_xy /= p_xy.sum()
    return p_xy


def information(
    channel: Channel, prior: Floats, labels: Floats, grid: tuple[Floats, Floats]
) -> float:
    """I(Y; X) in bits of one source."""
    points, weights = grid
    return mutual_information_of_table(
        label_table(channel.log_density(points), weights, prior, labels)
    )


def pair_information(
    coupling: Coupling, prior: Floats, labels: Floats, grid: tuple[Floats, Floats]
) -> float:
    """I(Y; T, S) in bits of two sources with one signal dimension each."""
    points, weights = grid
    n = len(points)
    a, b = np.repeat(points, n, axis=0), np.tile(points, (n, 1))
    both = np.multiply.outer(weights, weights).ravel()
    return mutual_information_of_table(label_table(coupling.log_density(a, b), both, prior, labels))


def assemble(
    information_t: float, information_s: float, union: float, joint: float, error: float
) -> PID:
    """Atoms from the four informations; `error` bounds what is wrong with them."""
    unique_t = union - information_s
    return PID(
        redundancy=information_t - unique_t,
        unique_t=unique_t,
        unique_s=union - information_t,
        synergy=joint - union,
        gap=error,
        outcome=Outcome.closed_form,
    )
