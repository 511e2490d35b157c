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


class _Tables:
    """The marginals as matrices, and the point as three more."""

    def __init__(self, problem: Problem) -> None:
        sup = problem.support
        self._problem = problem
        self._row = owners(sup.row_start), sup.row_class
        self._col = owners(sup.col_start), sup.col_class
        self.p_row = np.zeros((sup.n_row_values, sup.n_classes))
        self.p_col = np.zeros((sup.n_col_values, sup.n_classes))
        self.p_row[self._row], self.p_col[self._col] = problem.p_row, problem.p_col
        self.B = self.p_col / self.p_col.sum(axis=0)
        self.s = self.p_row @ self.B.T
        self.A = np.ones_like(self.p_row)

    def start_from(self, start: Start) -> None:
        """Take the cell totals and the column duals of a neighbouring program."""
        sup = self._problem.support
        self.s[sup.cell_row, sup.cell_col] = start.s
        self.B[self._col] = np.exp(start.b - start.b.max())

    def sweep(self, *, double: bool) -> Floats:
        """One sweep; returns the cell totals that q has before their update."""
        s: Floats = self.s
        self.A = self.p_row / np.maximum(s @ self.B, TINY)
        self.B = self.p_col / np.maximum(s.T @ self.A, TINY)
        growth = self.A @ self.B.T
        self.s = s * (growth * growth if double else growth)
        return s

    def finite(self) -> bool:
        """Whether the last sweep ended somewhere."""
        return bool(np.isfinite(self.s).all() and np.isfinite(self.B).all())

    def logarithms(self) -> Floats:
        """Log s and log B as one vector."""
        x = np.concatenate([self.s.ravel(), self.B.ravel()])
        np.log(np.maximum(x, TINY, out=x), out=x)
        return x

    def set_logarithms(self, x: Floats) -> None:
        """Inverse of `logarithms`."""
        n_cells = self.s.size
        np.clip(x[:n_cells], LOWEST, 0.0, out=x[:n_cells])
        np.clip(x[n_cells:], LOWEST, -LOWEST, out=x[n_cells:])
        self.s = np.exp(x[:n_cells]).reshape(self.s.shape)
        self.B = np.where(self.p_col > 0, np.exp(x[n_cells:]).reshape(self.B.shape), 0.0)

    def weights(self) -> Floats:
        """Masses behind the elements of `logarithms`."""
        return np.concatenate([self.s.ravel(), self.p_col.ravel()])

    def certify(self, s: Floats) -> float:
        """Update the best pair by q = s A B; returns the gap in nats."""
        problem, sup = self._problem, self._problem.support
        A, B = self.A[self._row], self.B[self._col]
        q = A[sup.row] * B[sup.col]
        problem.lse[:] = np.log(np.add.reduceat(q, sup.cell_start[:-1]))
        q *= np.repeat(s[sup.cell_row, sup.cell_col], np.diff(sup.cell_start))
        problem.q[:], problem.a[:], problem.b[:] = q, np.log(A), np.log(B)
        CERTIFY(Header(problem))
        return problem.best.gap


class _Extrapolation:
    """Anderson's extrapolation of a fixed-point map x -> x + f."""

    def __init__(self, size: int) -> None:
        self._dx, self._df = np.empty((MEMORY, size)), np.empty((MEMORY, size))
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
        gram = weighted @ df.T
        gram[np.diag_indices(self._held)] += 1e-10 * np.trace(gram) + TINY
        gamma = np.linalg.solve(gram, weighted @ f)
        moved: Floats = x + f - gamma @ dx - gamma @ df
        return moved


def solve_by_scaling(problem: Problem, tol: float, max_sweeps: int, start: Start | None) -> int:
    """Sweep until the gap of `best` is within `tol` nats; returns how often.

    Overflow is looked for, so it needs no warning.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return _sweep_until(problem, tol, max_sweeps, start)


def _sweep_until(problem: Problem, tol: float, max_sweeps: int, start: Start | None) -> int:
    tables = _Tables(problem)
    if start is not None:
        tables.start_from(start)
    extrapolation = _Extrapolation(tables.s.size + tables.B.size)
    sweeps, due = 0, FIRST_CHECK if start is None else ROUND
    plain = tables.logarithms()
    while True:
        x, weight = tables.logarithms(), tables.weights()
        for k in range(ROUND):
            s = tables.sweep(double=k < DOUBLED)
        sweeps += ROUND
        if not tables.finite():
            # The extrapolation went too far: back to where the last sweeps ended, without it.
            if sweeps >= max_sweeps:
                return sweeps
            tables.set_logarithms(plain)
            extrapolation = _Extrapolation(len(plain))
            continue
        plain = tables.logarithms()
        if sweeps >= min(due, max_sweeps):
            gap = tables.certify(s)
            if gap <= tol or sweeps >= max_sweeps:
                return sweeps
            if start is not None and gap > FAR * tol:
                return sweeps + _sweep_until(problem, tol, max_sweeps, None)
            start = None
            # The gap falls about like sweeps^-2.5.
            due = int(sweeps * min(max((gap / tol) ** 0.4, 1.1), 2.0))
        tables.set_logarithms(extrapolation.next(x, plain - x, weight))


def scaling_seconds(sup: Support) -> float:
    """Roughly the time for a loose tolerance: some four hundred sweeps."""
    return 6e-6 * sup.n_row_values * sup.n_col_values * (1.0 + 0.02 * sup.n_classes)
