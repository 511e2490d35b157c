r"""Two classes: the union information in closed form.

For two classes the experiments form a lattice: the least informative experiment J that is at
least as informative as T and S is the one whose ROC curve is the concave hull of theirs
(zonogons and their convex hull, Bertschinger and Rauh 2014; Blackwell 1953). T and S are
garblings of J; drawn independently given J they form an admissible q that is a garbling of J,
so I_union = I(J; Y). Cost O(n log n), no optimisation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pidtools._broja.kernels.vertices import upper_hull
from pidtools._types import Floats

if TYPE_CHECKING:
    from scipy.sparse import coo_array, csr_array


# Interpreted, the hull loop takes about a microsecond a vertex: compiling pays above this.
COMPILE_ABOVE = 20_000


def join(p_ty: Floats, p_sy: Floats) -> Floats:
    """Joint table (n_k, 2) of J and Y, sorted by rising share of class 1."""
    ends = p_ty.sum(axis=0)
    t, s = _roc(p_ty, ends), _roc(p_sy, ends)
    points = np.vstack([np.zeros((1, 2)), t, s])
    # Rising in both: where several vertices share an x, the highest must come last.
    points = points[np.lexsort((points[:, 1], points[:, 0]))]
    edges = np.diff(points[_hull(points[:, 0], points[:, 1])], axis=0)
    return np.maximum(edges[::-1], 0.0)


def optimal_q(p_ty: Floats, p_sy: Floats, joined: Floats) -> coo_array:
    """Sparse q[t, s, y] that attains the union information: T and S independent given J.

    Costs O(n_k) for each symbol of T and S and stores a few entries for each edge of J.
    """
    from scipy.sparse import coo_array, diags_array

    mass = joined.sum(axis=1)
    channel_t, channel_s = _garbling(joined, p_ty), _garbling(joined, p_sy)
    layers = []
    for y in (0, 1):
        weight = np.divide(joined[:, y], mass**2, out=np.zeros_like(mass), where=mass > 0)
        layers.append((channel_t.T @ diags_array(weight) @ channel_s).tocoo())
    t, s = (np.concatenate([layer.coords[k] for layer in layers]) for k in (0, 1))
    classes = np.repeat([0, 1], [layer.nnz for layer in layers])
    data = np.concatenate([layer.data for layer in layers])
    return coo_array((data, (t, s, classes)), shape=(len(p_ty), len(p_sy), 2))


def duals(p_ty: Floats, p_sy: Floats) -> tuple[Floats, Floats]:
    r"""Optimal multipliers in nats of both tables; those of entries of no mass mean nothing.

    With u the share of class 1 of a symbol and c that of all, -H(Y | X) is an integral over
    thresholds tau of what X gains by betting on class 1 where u is above tau. At each threshold
    the joined experiment gains what the better of T and S gains, and the value of a symbol is what
    it gains at the thresholds where its source is the better one:

    .. math:: l(t, 1) = \log c + \int_c^{u_t} [\text{T is better}] d\tau / \tau, \qquad
              l(t, 0) = \log (1 - c) - \int_c^{u_t} [\text{T is better}] d\tau / (1 - \tau)

    likewise m for S without the first terms. exp(l + m) sums to at most 1 over both classes: from
    c on it follows the two logarithms of one share, and a step over thresholds where the other
    source is better only loses.
    """
    c = p_ty.sum(axis=0) / p_ty.sum()
    # Thresholds as shares of both classes: of one near 1 the other has its own digits.
    shares = np.vstack([[1.0, 0.0], [0.0, 1.0], c, _conditional(p_ty), _conditional(p_sy)])
    ordered, place = np.unique(shares * [-1.0, 1.0], axis=0, return_inverse=True)
    grid, place = ordered * [-1.0, 1.0] + 0.0, place.reshape(-1)
    at_c, at_t, at_s = place[2], place[3 : 3 + len(p_ty)], place[3 + len(p_ty) :]
    ahead = _gains(p_ty, at_t, grid) - _gains(p_sy, at_s, grid)
    k = np.nonzero(ahead[1:] * ahead[:-1] < 0)[0]  # between these there is a crossing
    part = (ahead[k] / (ahead[k] - ahead[k + 1]))[:, None]
    crossings = grid[k] + (grid[k + 1] - grid[k]) * part
    grid, ahead = np.insert(grid, k + 1, crossings, axis=0), np.insert(ahead, k + 1, 0.0)
    at_c, at_t, at_s = (at + np.searchsorted(k, at) for at in (at_c, at_t, at_s))
    t_is_better = ahead[1:] + ahead[:-1] >= 0
    won_t, won_s = _won(grid, t_is_better), _won(grid, ~t_is_better)
    return np.log(c) + won_t[at_t] - won_t[at_c], won_s[at_s] - won_s[at_c]


def _conditional(p_xy: Floats) -> Floats:
    shares: Floats = p_xy / p_xy.sum(axis=1, keepdims=True)
    return shares


def _gains(p_xy: Floats, place: NDArray[np.intp], grid: Floats) -> Floats:
    """Sum of p(x, 1) (1 - threshold) - p(x, 0) threshold over symbols above each threshold."""
    order = np.argsort(-place, kind="stable")
    n_above = np.searchsorted(-place[order], -np.arange(len(grid)), side="left")
    totals = np.vstack([np.zeros((1, 2)), np.cumsum(p_xy[order], axis=0)])[n_above]
    gains: Floats = grid[:, 0] * totals[:, 1] - grid[:, 1] * totals[:, 0]
    return gains


def _won(grid: Floats, better: NDArray[np.bool_]) -> Floats:
    """Both integrals from the first threshold on, over those at which a source is better."""
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.diff(np.log(grid), axis=0)
    # Only a symbol that lacks a class altogether has the infinite ones.
    steps = np.where(better[:, None] & np.isfinite(steps), steps, 0.0)
    return np.vstack([np.zeros((1, 2)), np.cumsum(steps, axis=0)])


def _roc(p_xy: Floats, ends: Floats) -> Floats:
    """Vertices of the ROC curve after the origin, most class 1 first."""
    share = p_xy[:, 1] / p_xy.sum(axis=1)
    curve = np.cumsum(p_xy[np.argsort(-share, kind="stable")], axis=0)
    curve = np.minimum(curve, ends)
    curve[-1] = ends
    return curve


def _hull(x: Floats, y: Floats) -> NDArray[np.int32]:
    if len(x) <= COMPILE_ABOVE:
        keep = [0] * len(x)
        return np.array(keep[: upper_hull(x.tolist(), y.tolist(), len(x), keep)], np.int32)
    # Compiled code is loaded by those who need it.
    from pidtools._broja.kernels.headers import Curve
    from pidtools._broja.roster import UPPER_HULL
    from pidtools._compiled.header import Header

    x, y = np.ascontiguousarray(x), np.ascontiguousarray(y)
    curve = Curve(len(x), x, y, np.empty(len(x), np.int32), np.empty(1, np.int32))
    UPPER_HULL(Header(curve))
    return curve.keep[: curve.n_kept[0]]


def _garbling(joined: Floats, p_xy: Floats) -> csr_array:
    """Masses w[k, x] with row sums j(k), column sums p(x), and class 1 kept in each column.

    Left-curtain coupling: each x, by rising share of class 1, takes from what is left of J the
    one window of neighbouring edges that holds exactly its mass and its class 1 mass.
    """
    from scipy.sparse import csr_array

    left = joined.sum(axis=1)
    share = np.divide(joined[:, 1], left, out=np.zeros_like(left), where=left > 0)
    mass = p_xy.sum(axis=1)
    columns = np.argsort(p_xy[:, 1] / mass, kind="stable")
    rows, cols, data = [], [], []
    for x in columns:
        taken = _window(left, share, mass[x], p_xy[x, 1])
        left = np.maximum(left - taken, 0.0)
        k = np.nonzero(taken)[0]
        rows.append(k)
        cols.append(np.full(len(k), x))
        data.append(taken[k])
    indices = (np.concatenate(rows), np.concatenate(cols))
    return csr_array((np.concatenate(data), indices), shape=(len(joined), len(p_xy)))


def _window(left: Floats, share: Floats, mass: float, ones: float) -> Floats:
    """Part of each edge inside the window of that mass whose class 1 mass is `ones`."""
    end = np.concatenate([[0.0], np.cumsum(left)])
    mass = min(mass, end[-1])
    ones_before = np.concatenate([[0.0], np.cumsum(left * share)])
    starts = np.unique(np.clip(np.concatenate([end, end - mass]), 0.0, end[-1] - mass))
    held = np.interp(starts + mass, end, ones_before) - np.interp(starts, end, ones_before)
    start = np.interp(ones, np.maximum.accumulate(held), starts)
    inside = np.minimum(end[1:], start + mass) - np.maximum(end[:-1], start)
    taken: Floats = np.maximum(inside, 0.0)
    return taken
