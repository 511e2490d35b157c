"""Thousands of cells by thousands of classes: scaling and its certificate, matrices alone.

The (t, s, y) that two tables without zeros allow are billions. What is needed of them are sums,
and every sum of q = s_c A(t, y) B(s, y) is a product of matrices. The certificate is that of the
interior point (`kernels.certificate` says how), with the value f(q) by

    sum q log(q / q(t, s)) = sum q(t, y) log A + sum q(s, y) log B - sum q(t, s) log sum_y A B.

The mass that is filled in, a product within each class, is valued by itself, for f is convex and
of degree 1: f(q + q') <= f(q) + f(q'). Memory is that of the tables and of some twenty matrices
over (t, s).

Feasible duals ask for sum_y A B <= 1 in every cell, and one that fades too far takes hundreds of
sweeps to come back when its sum is above 1. So no cell total falls below a small multiple of
p(t) p(s), which is lowered with the gap: at 300 classes and 900 cells this brought the gap after
400 sweeps from .04 to .0016 bits.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np

from pidtools._broja.scaling import Point, sweep_until
from pidtools._threads import one_blas_thread
from pidtools._types import Floats

# Single precision is twice as fast and good to about so many nats.
SINGLE_REACHES = 1e-5
SWEEPS_PER_ITERATION = 20
# Least cell total over p(t) p(s): at the start, and over the gap later.
FIRST_FLOOR, FLOOR_SHARE = 0.1, 0.3
# Products of more multiplications than this use all threads.
LARGE = 2**26
TINY = 1e-300


class _Floored(Point):
    """A point whose cell totals stay above a multiple of the product of the marginals."""

    def __init__(self, p_row: Floats, p_col: Floats) -> None:
        super().__init__(p_row, p_col)
        self._product = np.outer(p_row.sum(axis=1), p_col.sum(axis=1))
        self._floor = FIRST_FLOOR * self._product

    def lower_floor(self, share: float) -> None:
        """Let cell totals fall further, if that share is less than before."""
        np.minimum(self._floor, share * self._product, out=self._floor)

    def sweep(self, *, double: bool) -> Floats:
        before = super().sweep(double=double)
        np.maximum(self.s, self._floor, out=self.s)
        return before

    def set_logarithms(self, x: Floats) -> None:
        super().set_logarithms(x)
        np.maximum(self.s, self._floor, out=self.s)


@dataclass
class Bounds:
    """The best bounds in nats on the program so far.

    Attributes
    ----------
    p_row, p_col
        The marginals in double precision.
    """

    p_row: Floats
    p_col: Floats
    lower: float = -np.inf
    upper: float = np.inf
    largest_dual: float = 0.0
    _point: tuple[Floats, Floats, Floats] | None = None

    @property
    def gap(self) -> float:
        """Certified gap in nats."""
        return self.upper - self.lower

    def improve(self, point: _Floored, s: Floats) -> float:
        """Bound the optimum from both sides by q = s A B of a point; returns the gap."""
        A = np.where(self.p_row > 0, np.maximum(point.A, TINY, dtype=np.float64), 0.0)
        B = np.where(self.p_col > 0, np.maximum(point.B, TINY, dtype=np.float64), 0.0)
        self._improve_dual(A, B, s)
        self.upper = min(self.upper, self._value_of_rounded(s.astype(np.float64), A, B))
        point.lower_floor(FLOOR_SHARE * self.gap)
        return self.gap

    def duals(self) -> tuple[Floats, Floats, Floats]:
        """Feasible duals of value `lower`, and the cell totals they were met with."""
        if self._point is None:
            raise ValueError("There are no duals before a point was bounded.")
        return self._point

    def _improve_dual(self, A: Floats, B: Floats, s: Floats) -> None:
        log_A, log_B = _log(A), _log(B)
        lse = A @ B.T
        np.log(lse, out=lse)  # -inf where a cell has no class
        value = float(np.vdot(self.p_row, log_A) + np.vdot(self.p_col, log_B))
        p_row, p_col = self.p_row.sum(axis=1), self.p_col.sum(axis=1)
        by_row, by_col = _shifts(lse), _shifts(lse.T)[::-1]
        row, col = min(by_row, by_col, key=lambda shift: p_row @ shift[0] + p_col @ shift[1])
        value -= float(p_row @ row + p_col @ col)
        if value > self.lower:
            self.lower = value
            self._point = log_A - row[:, None], log_B - col[:, None], s
            self.largest_dual = float(np.abs(log_A).max() + np.abs(log_B).max())

    def _value_of_rounded(self, s: Floats, A: Floats, B: Floats) -> float:
        """A bound on f of the feasible point that s A B becomes."""
        A = A * _shrinkage(A * (s @ B), self.p_row)
        B = B * _shrinkage(B * (s.T @ A), self.p_col)
        q_row, q_col = A * (s @ B), B * (s.T @ A)
        value = float(np.vdot(q_row, _log(A)) + np.vdot(q_col, _log(B)))
        value -= _sum_of_logarithms(A, B, s)
        missing_row = np.maximum(self.p_row - q_row, 0.0)
        missing_col = np.maximum(self.p_col - q_col, 0.0)
        missing = missing_row.sum(axis=0)
        share = missing_col / np.maximum(missing, TINY)
        value += float(np.vdot(missing_row, _log(missing_row)))
        value += float(np.vdot(missing_col, _log(share)))
        return value - _sum_of_logarithms(missing_row, share)


def solve(p_row: Floats, p_col: Floats, *, tol: float, max_iter: int) -> tuple[Bounds, int]:
    """Bounds of the program to a gap of `tol` nats, or as far as it goes, and the iterations.

    No row of the tables may be empty.
    """
    bounds = Bounds(p_row, p_col)
    precision, dust = (np.float32, 1e-8) if tol >= SINGLE_REACHES else (np.float64, 1e-14)
    large = len(p_row) * len(p_col) * p_row.shape[1] > LARGE
    with nullcontext() if large else one_blas_thread():
        point = _Floored(
            _without_dust(p_row, dust).astype(precision),
            _without_dust(p_col, dust).astype(precision),
        )
        used = sweep_until(point, bounds.improve, tol, SWEEPS_PER_ITERATION * max_iter)
    return bounds, -(-used // SWEEPS_PER_ITERATION)


def _without_dust(p: Floats, share: float) -> Floats:
    """Entries raised to a share of the product of the marginals: the sweeps divide by them."""
    least = share * np.outer(p.sum(axis=1), p.sum(axis=0))
    return np.where(p > 0, np.maximum(p, least), 0.0)


def _log(x: Floats) -> Floats:
    """Logarithms, 0 where x is 0."""
    logs: Floats = np.log(np.where(x > 0, x, 1.0))
    return logs


def _shifts(lse: Floats) -> tuple[Floats, Floats]:
    """What lowers rows by their worst violation, and columns by what slack is then left."""
    first = lse.max(axis=1)
    return first, (lse - first[:, None]).max(axis=0)


def _shrinkage(found: Floats, p: Floats) -> Floats:
    """What scales down the sums that exceed their marginals."""
    return np.where(found > p, p / np.maximum(found, TINY), 1.0)


def _sum_of_logarithms(A: Floats, B: Floats, s: Floats | None = None) -> float:
    """Sum over cells of q log(q / s), q = s (A B'); all s are 1 where None."""
    total = A @ B.T
    logs = _log(total)
    logs *= total
    return float(logs.sum() if s is None else np.vdot(s, logs))
