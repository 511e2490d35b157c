"""Cells of similar posteriors, and tables that carry a stated information.

A table of *mean posteriors* over cells has no plug-in bias, unlike one of label counts. What
the cells lose, and what calibration noise takes from the posteriors, is given back by
sharpening: every row is raised to one power, class shares kept, until the table carries the
information that the held-out loss says. All tables that meet in one decomposition are then on
one footing. Ten classes, exact posteriors: 40 cells lose .23 of 2.30 bits and put the
redundancy .15 bits too low; sharpened, .005.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pidtools._blocks import blocks
from pidtools._information import mutual_information_of_table
from pidtools._probe.discriminant import FEW_CLASSES
from pidtools._probe.many_cells import cell_sums, many_cells
from pidtools._probe.rows import ROWS_ENOUGH
from pidtools._types import Array, Codes, Floats

TINY = 1e-12
# Entries of rows by cells that are compared together.
NEAREST_ENTRIES = 2**21
LLOYD_STEPS = 20
POWERS = (0.02, 8.0)
# Of the power: far below a millionth of a bit in the information.
POWER_TOLERANCE = 1e-8
# With more classes: a millionth of a bit or so, and the first step from 1 towards the power.
POWER_TOLERANCE_MANY, FIRST_STEP = 1e-6, 1.1
# Sums of a hundred terms are good to 1e-14; the shares are matched well above that.
SHARE_TOLERANCE = 1e-12
# With many classes steps are dear, and the rest is scaled away.
SHARE_TOLERANCE_MANY = 1e-8
# Offsets of nearly certain rows reach hundreds at large powers, by steps of at most two.
MAX_SHARE_STEPS = 500
MAX_STEP = 2.0


def posterior_cells(posteriors: Array, n_cells: int, random_state: int) -> Codes:
    """Cluster rows of `posteriors`, shape (n, n_classes), losing little information.

    From k-means on square roots (Hellinger distance), for two classes from cells along the
    line, Lloyd steps in Kullback-Leibler divergence, whose mean in cells is the information lost.
    """
    if posteriors.shape[1] > FEW_CLASSES and len(posteriors) > n_cells:
        return many_cells(posteriors, n_cells, random_state)
    if len(posteriors) > ROWS_ENOUGH:
        return _cells_of_some(posteriors, n_cells, random_state)
    roots = np.sqrt(posteriors)
    distinct, same = np.unique(np.round(roots, 9), axis=0, return_inverse=True)
    if len(distinct) <= n_cells:
        return same.ravel()
    if posteriors.shape[1] == 2:
        codes = _along_the_line(posteriors[:, 1], n_cells)
    else:
        codes = _kmeans(roots, n_cells, random_state)
    for _ in range(LLOYD_STEPS):
        centres = cell_means(posteriors, codes, np.ones(len(codes)))
        moved = _nearest(posteriors, centres)
        if np.array_equal(moved, codes):
            break
        codes = np.unique(moved, return_inverse=True)[1]
    return codes


def _cells_of_some(posteriors: Array, n_cells: int, random_state: int) -> Codes:
    """Cells of some rows, and every row in the nearest of them."""
    order = np.random.default_rng(random_state).permutation(len(posteriors))
    some = posteriors[np.sort(order[:ROWS_ENOUGH])]
    codes = posterior_cells(some, n_cells, random_state)
    found = _nearest(posteriors, cell_means(some, codes, np.ones(len(codes))))
    return np.unique(found, return_inverse=True)[1]


def _nearest(posteriors: Array, centres: Floats) -> Codes:
    """Centre of the least Kullback-Leibler divergence from each row."""
    logs = np.log(np.maximum(centres, TINY)).T
    codes = np.empty(len(posteriors), dtype=np.int64)
    for rows in blocks(len(posteriors), len(centres), entries=NEAREST_ENTRIES):
        codes[rows] = (posteriors[rows] @ logs).argmax(axis=1)
    return codes


def cell_means(posteriors: Array, codes: Codes, weights: Floats) -> Floats:
    """Mean posterior of each cell, shape (n_cells, n_classes); uniform where no weight is."""
    return _shares(cell_sums(posteriors, codes, weights, int(codes.max()) + 1))


def cell_means_of_logs(log_posteriors: Array, codes: Codes, weights: Floats) -> Floats:
    """The same of log posteriors, in double precision where classes are few."""
    dtype = np.float64 if log_posteriors.shape[1] <= FEW_CLASSES else np.float32
    n_cells = int(codes.max()) + 1
    sums = np.zeros((n_cells, log_posteriors.shape[1]))
    for rows in blocks(*log_posteriors.shape):
        p = np.exp(log_posteriors[rows].astype(dtype))
        sums += cell_sums(p, codes[rows], weights[rows], n_cells)
    return _shares(sums)


def _shares(sums: Floats) -> Floats:
    sums = sums + 1e-300
    shares: Floats = sums / sums.sum(axis=1, keepdims=True)
    return shares


def sharpened_table(rows: Floats, masses: Floats, shares: Floats, information: float) -> Floats:
    """Joint table (n_cells, n_classes) with given masses, class shares and information.

    Parameters
    ----------
    rows : ndarray, shape (n_cells, n_classes)
        Mean posteriors.
    masses, shares : ndarray, shapes (n_cells,) and (n_classes,)
        Marginals of the table.
    information : float
        Bits the table shall carry; the nearest possible value if none of the powers does.

    Returns
    -------
    ndarray
        Sums over rows are `shares` exactly, to rounding.
    """
    from scipy.optimize import brentq

    if information <= 0 or len(rows) == 1:
        return np.outer(masses, shares)
    log_rows = np.log(np.maximum(rows, TINY))
    offset = np.zeros(len(shares))

    def table(power: float) -> Floats:
        # The offsets of one power are a good start for the next.
        return _with_shares(power * log_rows, masses, shares, offset)

    def excess(power: float) -> float:
        return mutual_information_of_table(table(power)) - information

    def power_between(low: float, high: float, tolerance: float) -> float:
        if excess(low) >= 0:
            return low
        if excess(high) <= 0:
            return high
        return float(brentq(excess, low, high, xtol=tolerance))

    if len(shares) <= FEW_CLASSES:
        return table(power_between(*POWERS, POWER_TOLERANCE))
    return table(power_between(*_bracket(excess), POWER_TOLERANCE_MANY))


def _bracket(excess: Callable[[float], float]) -> tuple[float, float]:
    """Two powers about a root of a rising function, by growing steps from 1."""
    step = FIRST_STEP if excess(1.0) < 0 else 1 / FIRST_STEP
    last, now = 1.0, step
    while POWERS[0] < now < POWERS[1] and (excess(now) < 0) == (step > 1):
        step **= 2
        last, now = now, now * step
    now = float(np.clip(now, *POWERS))
    return min(last, now), max(last, now)


def _with_shares(log_rows: Floats, masses: Floats, shares: Floats, offset: Floats) -> Floats:
    """Rows tilted by one offset a class, found in place, until the class shares are met.

    The offsets minimise the convex function sum_k m_k log sum_y exp(l_ky + o_y) - shares . o;
    Newton steps, each entry cut at MAX_STEP.
    """
    # The constant offset changes nothing; this makes the curvature regular.
    constant = 1.0 / len(shares) ** 2
    enough = SHARE_TOLERANCE if len(shares) <= FEW_CLASSES else SHARE_TOLERANCE_MANY
    for _ in range(MAX_SHARE_STEPS):
        rows = log_rows + offset
        rows -= rows.max(axis=1, keepdims=True)
        np.exp(rows, out=rows)
        rows /= rows.sum(axis=1, keepdims=True)
        joint = rows * masses[:, None]
        found = joint.sum(axis=0)
        missing = shares - found
        if np.abs(missing).max() < enough:
            break
        curvature = constant - joint.T @ rows
        curvature.flat[:: len(shares) + 1] += found + TINY
        offset += np.clip(np.linalg.solve(curvature, missing), -MAX_STEP, MAX_STEP)
    matched: Floats = joint * (shares / np.maximum(found, 1e-300))
    return matched


def _along_the_line(p: Floats, n_cells: int) -> Codes:
    """Cells of one probability: half of the edges between equal masses, half evenly apart.

    Evenly in Hellinger distance, which puts them where the rare class lives. Equal values share
    a cell.
    """
    angle = np.arcsin(np.sqrt(p))
    n_even = n_cells // 2
    even = np.linspace(angle.min(), angle.max(), n_even + 2)[1:-1]
    equal = np.quantile(angle, np.linspace(0, 1, n_cells - n_even + 1)[1:-1])
    cell = np.searchsorted(np.sort(np.concatenate([even, equal])), angle, side="right")
    codes: Codes = np.unique(cell, return_inverse=True)[1]
    return codes


def _kmeans(points: Floats, n_cells: int, random_state: int) -> Codes:
    from sklearn.cluster import KMeans

    model = KMeans(n_cells, n_init=1, max_iter=30, random_state=random_state)
    codes = model.fit_predict(points)
    return np.unique(codes, return_inverse=True)[1]
