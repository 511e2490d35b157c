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
