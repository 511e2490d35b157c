r"""Proof of an answer: a feasible q from above, a feasible dual point from below.

The program, in nats, over q with q(t, y) = p(t, y) and q(s, y) = p(s, y):

    f* = min sum_{t,s,y} q log( q(t, s, y) / q(t, s) ),       I_union = H(Y) + f*.

Its Lagrange dual is

    max  sum p(t, y) a(t, y) + sum p(s, y) b(s, y)
    s.t. log sum_{y in S_c} exp( a(t, y) + b(s, y) ) <= 0   for every cell c = (t, s),

where S_c holds the classes of the support of the cell. Any q and any (a, b) can be made
feasible cheaply, so every solver is certified by the same two functions, at the tables it was
asked about.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pidtools._broja.support import Support

Floats = NDArray[np.float64]


def lower_bound(p_ty: Floats, p_sy: Floats, a: Floats, b: Floats, support: Support) -> float:
    """Dual value in nats of the point (a, b), shifted until it is feasible.

    Shapes: tables and duals (n_t, n_y) and (n_s, n_y). Duals where the table is 0 are not
    looked at. The shift is first given to the rows of `a`, the slack that is left to those of
    `b`, then the other way round; the better bound is returned.
    """
    logsum = _logsum_of_cells(a, b, support)
    t, s = support.t[support.starts], support.s[support.starts]
    loss = min(_loss(logsum, t, s, p_ty, p_sy), _loss(logsum, s, t, p_sy, p_ty))
    value = _inner(p_ty, a) + _inner(p_sy, b)
    return float(value - loss)


def round_to_marginals(q: Floats, p_ty: Floats, p_sy: Floats, support: Support) -> Floats:
    """Nearest cheap feasible q: scale rows and columns down, fill the rest by rank one.

    `q` holds one value an entry of the support, at least 0. Classwise, rows are scaled to at
    most p(t, y), columns to at most p(s, y); what is missing is added as the product of the
    missing row and column masses, which stays inside the support.
    """
    ty, sy = _pair_keys(support, p_ty.shape[1])
    q = q * _shrink(p_ty, ty, q)[ty]
    q = q * _shrink(p_sy, sy, q)[sy]
    missing_ty = np.maximum(p_ty.ravel() - np.bincount(ty, q, p_ty.size), 0.0)
    missing_sy = np.maximum(p_sy.ravel() - np.bincount(sy, q, p_sy.size), 0.0)
    missing_y = missing_ty.reshape(p_ty.shape).sum(axis=0)
    weight = np.divide(1.0, missing_y, out=np.zeros_like(missing_y), where=missing_y > 0)
    filled: Floats = q + missing_ty[ty] * missing_sy[sy] * weight[support.y]
    return filled


def union_information(q: Floats, p_y: Floats, support: Support) -> float:
    """I_q(Y; T, S) in nats of entries q whose class marginals are p_y."""
    mass = support.total(q)[support.cell]
    positive = q > 0
    ratio = q[positive] / mass[positive] / p_y[support.y[positive]]
    return float((q[positive] * np.log(ratio)).sum())


def _inner(p: Floats, dual: Floats) -> float:
    inside = p > 0
    return float((p[inside] * dual[inside]).sum())


def _logsum_of_cells(a: Floats, b: Floats, support: Support) -> Floats:
    w = a[support.t, support.y] + b[support.s, support.y]
    top = np.maximum.reduceat(w, support.starts)
    logsum: Floats = top + np.log(support.total(np.exp(w - top[support.cell])))
    return logsum


def _loss(
    logsum: Floats, first: NDArray[np.intp], second: NDArray[np.intp], p1: Floats, p2: Floats
) -> float:
    """Dual value given up when `first` absorbs the worst violation, `second` regains slack."""
    shift1 = np.full(len(p1), -np.inf)
    np.maximum.at(shift1, first, logsum)
    shift2 = np.full(len(p2), -np.inf)
    np.maximum.at(shift2, second, logsum - shift1[first])
    return float(p1.sum(axis=1) @ shift1 + p2.sum(axis=1) @ shift2)


def _pair_keys(support: Support, n_y: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    return support.t * n_y + support.y, support.s * n_y + support.y


def _shrink(p: Floats, key: NDArray[np.intp], q: Floats) -> Floats:
    marginal = np.bincount(key, q, p.size)
    ones = np.ones_like(marginal)
    return np.minimum(1.0, np.divide(p.ravel(), marginal, out=ones, where=marginal > 0))
