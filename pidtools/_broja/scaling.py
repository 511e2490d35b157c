"""Accelerated scaling: few digits quickly, more of them slowly, in little memory.

With the cell totals s held, min sum q log(q / s) is a matrix scaling problem whose solution has
q = s_c A(t, y) B(s, y). One sweep of scaling followed by s <- sum_y q,

    A(t, y) = p(t, y) / sum_s s_c B(s, y),
    B(s, y) = p(s, y) / sum_t s_c A(t, y),      s_c <- s_c sum_y A(t, y) B(s, y),

is three products of small matrices and has the optimum as its fixed point, but gets there like
1 / k, because cells that end up empty fade slowly. Two remedies: most updates of s go twice as
far, and after every few sweeps Anderson's extrapolation of (log s, log B) looks back on what the
last rounds did, by least squares weighted with the masses. Hundreds of sweeps then do for 1e-4
bits and a thousand or two for 1e-9. Now and then the point is certified by the same bounds as
the interior point.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from pidtools._broja.kernels.headers import Problem, Start, Support
from pidtools._broja.program import owners
from pidtools._broja.roster import CERTIFY
from pidtools._compiled.header import Header
from pidtools._types import Floats

ROUND = 5
"""Sweeps between two extrapolations."""
DOUBLED = 3
"""How many of them take the double step; a plain one must come last."""
MEMORY = 6
"""Rounds that the extrapolation looks back on; more did not help."""
FIRST_CHECK = 20
"""Sweeps before the first certificate, which costs as much as ten."""
WORSE = 4.0
"""A residual this many times the smallest since the last restart throws the history away."""
FAR = 30.0
"""A start whose first gap is this many times the tolerance is no neighbour: start anew."""
LOWEST = -300.0
"""log s of a cell that is as good as empty."""
TINY = 1e-300
LOWEST_SINGLE, TINY_SINGLE = -60.0, 1e-30
"""The same in single precision, whose products must not leave its normal numbers."""


PointT = TypeVar("PointT", bound="Point")


class Point:
    """The marginals as matrices, and the point as three more, all of one precision."""

    def __init__(self, p_row: Floats, p_col: Floats) -> None:
        self.p_row, self.p_col = p_row, p_col
        self._tiny = TINY if p_row.dtype == np.float64 else TINY_SINGLE
        self._lowest = LOWEST if p_row.dtype == np.float64 else LOWEST_SINGLE
        self.B = p_col / p_col.sum(axis=0)
        self.s = p_row @ self.B.T
        self.A = np.ones_like(p_row)

    def sweep(self, *, double: bool) -> Floats:
        """One sweep; returns the cell totals that q has before their update."""
        s: Floats = self.s
        self.A = self.p_row / np.maximum(s @ self.B, self._tiny)
        self.B = self.p_col / np.maximum(s.T @ self.A, self._tiny)
        growth = self.A @ self.B.T
        self.s = s * (growth * growth if double else growth)
        return s

    def finite(self) -> bool:
        """Whether the last sweep ended somewhere."""
        return bool(np.isfinite(self.s).all() and np.isfinite(self.B).all())

    def logarithms(self) -> Floats:
        """Log s and log B as one vector."""
        x = np.concatenate([self.s.ravel(), self.B.ravel()])
        np.log(np.maximum(x, self._tiny, out=x), out=x)
        return x

    def set_logarithms(self, x: Floats) -> None:
        """Inverse of `logarithms`."""
        n_cells, lowest = self.s.size, self._lowest
        np.clip(x[:n_cells], lowest, 0.0, out=x[:n_cells])
        np.clip(x[n_cells:], lowest, -lowest, out=x[n_cells:])
        self.s = np.exp(x[:n_cells]).reshape(self.s.shape)
        B = np.exp(x[n_cells:]).reshape(self.B.shape)
        self.B = np.where(self.p_col > 0, B, np.zeros((), B.dtype))

    def weights(self) -> Floats:
        """Masses behind the elements of `logarithms`."""
        return np.concatenate([self.s.ravel(), self.p_col.ravel()])


class _Extrapolation:
    """Anderson's extrapolation of a fixed-point map x -> x + f."""

    def __init__(self, size: int, dtype: np.dtype[np.float64]) -> None:
        self._dx, self._df = (np.empty((MEMORY, size), dtype) for _ in range(2))
        self._last: tuple[Floats, Floats] | None = None
        self._held, self._slot, self._smallest = 0, 0, np.inf

    def next(self, x: Floats, f: Floats, weight: Floats) -> Floats:
        """Where to go on from x: x + f less what the last rounds tell of it."""
        residual = float((weight * f) @ f)
        if self._last is not None:
            np.subtract(x, self._last[0], out=self._dx[self._slot])
            np.subtract(f, self._last[1], out=self._df[self._slot])
            self._slot = (self._slot + 1) % MEMORY
            self._held = min(self._held + 1, MEMORY)
        if not residual <= WORSE * self._smallest:
            self._held, self._slot, self._smallest = 0, 0, residual
        self._smallest = min(self._smallest, residual)
        self._last = x, f
        if self._held == 0:
            return x + f
        dx, df = self._dx[: self._held], self._df[: self._held]
        weighted = df * weight
        gram = (weighted @ df.T).astype(np.float64)
        ridge = 1e-10 if f.dtype == np.float64 else 1e-6
        gram[np.diag_indices(self._held)] += ridge * np.trace(gram) + TINY
        gamma = np.linalg.solve(gram, weighted @ f).astype(f.dtype)
        moved: Floats = x + f - gamma @ dx - gamma @ df
        return moved


def solve_by_scaling(problem: Problem, tol: float, max_sweeps: int, start: Start | None) -> int:
    """Sweep until the gap of `best` is within `tol` nats; returns how often."""
    sup = problem.support
    row, col = (owners(sup.row_start), sup.row_class), (owners(sup.col_start), sup.col_class)

    def point_from(start: Start | None) -> Point:
        p_row = np.zeros((sup.n_row_values, sup.n_classes))
        p_col = np.zeros((sup.n_col_values, sup.n_classes))
        p_row[row], p_col[col] = problem.p_row, problem.p_col
        point = Point(p_row, p_col)
        if start is not None:
            point.s[sup.cell_row, sup.cell_col] = start.s
            point.B[col] = np.exp(start.b - start.b.max())
        return point

    def certify(point: Point, s: Floats) -> float:
        A, B = point.A[row], point.B[col]
        q = A[sup.row] * B[sup.col]
        problem.lse[:] = np.log(np.add.reduceat(q, sup.cell_start[:-1]))
        q *= np.repeat(s[sup.cell_row, sup.cell_col], np.diff(sup.cell_start))
        problem.q[:], problem.a[:], problem.b[:] = q, np.log(A), np.log(B)
        CERTIFY(Header(problem))
        return problem.best.gap

    if start is None:
        return sweep_until(point_from(None), certify, tol, max_sweeps)
    used = sweep_until(point_from(start), certify, tol, max_sweeps, near=True)
    if problem.best.gap > FAR * tol and used < max_sweeps:
        used += sweep_until(point_from(None), certify, tol, max_sweeps)
    return used


def sweep_until(
    point: PointT,
    certify: Callable[[PointT, Floats], float],
    tol: float,
    max_sweeps: int,
    *,
    near: bool = False,
) -> int:
    """Sweep until the gap is within `tol` nats; returns how often.

    `certify` takes the point and the cell totals s of its q = s A B, and returns the gap. With
    `near`, a first gap that is many times `tol` ends it: the start was none. Overflow is looked
    for, so it needs no warning.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return _sweep_until(point, certify, tol, max_sweeps, near)


def _sweep_until(
    point: PointT,
    certify: Callable[[PointT, Floats], float],
    tol: float,
    max_sweeps: int,
    near: bool,
) -> int:
    extrapolation = _Extrapolation(point.s.size + point.B.size, point.s.dtype)
    sweeps, due = 0, ROUND if near else FIRST_CHECK
    plain = point.logarithms()
    while True:
        x, weight = point.logarithms(), point.weights()
        for k in range(ROUND):
            s = point.sweep(double=k < DOUBLED)
        sweeps += ROUND
        if not point.finite():
            # The extrapolation went too far: back to where the last sweeps ended, without it.
            if sweeps >= max_sweeps:
                return sweeps
            point.set_logarithms(plain)
            extrapolation = _Extrapolation(len(plain), plain.dtype)
            continue
        plain = point.logarithms()
        if sweeps >= min(due, max_sweeps):
            gap = certify(point, s)
            if gap <= tol or sweeps >= max_sweeps or (near and gap > FAR * tol):
                return sweeps
            near = False
            # The gap falls about like sweeps^-2.5.
            due = int(sweeps * min(max((gap / tol) ** 0.4, 1.1), 2.0))
        point.set_logarithms(extrapolation.next(x, plain - x, weight))


def scaling_seconds(sup: Support) -> float:
    """Roughly the time for a loose tolerance: some four hundred sweeps."""
    return 6e-6 * sup.n_row_values * sup.n_col_values * (1.0 + 0.02 * sup.n_classes)
