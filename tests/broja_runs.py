"""The solver's kernels called one by one on small supports, beside their formulas with matrices.

What follows from an iterate is written here once more with an incidence matrix, A, of variables
(rows, then columns) and entries. Kernels can be watched: called through Python, which notes what
they are given and what they answer, or does their work itself.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from pidtools._broja import driver, linear_algebra, roster
from pidtools._broja.kernels.headers import (
    RAISE_SLACK,
    RESIDUALS,
    SUCCEEDED,
    SYSTEM_TOL,
    Problem,
    Solve,
    Support,
)
from pidtools._broja.linear_algebra import Algebra
from pidtools._broja.program import program_of
from pidtools._broja.state import new_problem
from pidtools._compiled.header import Header
from pidtools._compiled.kernel import Kernel
from pidtools._types import Floats

Pair = tuple[Floats, Floats]

# Which classes each value of T, and each of S, can have.
IRREGULAR = (
    ("111 111 111", "111 111 111"),
    ("111 100 011 101", "111 010 101"),
    ("110 011", "111 101 110 001"),
    ("1101 0111 1111", "1110 1011"),
)


def tables(of_t: str, of_s: str, seed: int = 0, concentration: float = 1.0) -> Pair:
    """Pair tables of a random pmf in which T and S have the classes marked by 1."""
    has_t, has_s = (np.array([[c == "1" for c in row] for row in x.split()]) for x in (of_t, of_s))
    rng = np.random.default_rng(seed)
    drawn = rng.gamma(concentration, size=(len(has_t), len(has_s), has_t.shape[1]))
    pmf = np.where(has_t[:, None] & has_s, drawn, 0.0)
    pmf /= pmf.sum()
    return pmf.sum(axis=1), pmf.sum(axis=0)


# --- formulas -----------------------------------------------------------------------------


class Formulas:
    """What follows from an iterate, by matrices."""

    def __init__(self, sup: Support) -> None:
        self.sup = sup
        entries = np.arange(sup.n_entries)
        self.cell = np.repeat(np.arange(sup.n_cells), np.diff(sup.cell_start))
        self.A = np.zeros((sup.n_rows + sup.n_cols, sup.n_entries))
        self.A[sup.row, entries] = self.A[sup.n_rows + sup.col, entries] = 1.0
        self.of_cell = np.zeros((sup.n_cells, sup.n_entries))
        self.of_cell[self.cell, entries] = 1.0
        self.classes = np.concatenate([sup.row_class, sup.col_class])

    def conditionals(self, a: Floats, b: Floats) -> tuple[Floats, Floats]:
        """Softmax of the duals in each cell, and the log-sum-exp."""
        w = self.A.T @ np.concatenate([a, b])
        lse = np.array([logsumexp(w[self.cell == c]) for c in range(self.sup.n_cells)])
        return np.exp(w - lse[self.cell]), lse

    def left(self, f: Floats, s: Floats, pi: Floats) -> Floats:
        """Marginals less those of q = s pi, of all variables."""
        difference: Floats = f - self.A @ (s[self.cell] * pi)
        return difference

    def hessian(self, s: Floats, k: Floats, pi: Floats) -> Floats:
        """A blkdiag(diag(q) + k pi pi') A'."""
        U = self.A @ (self.of_cell * pi).T
        H: Floats = (self.A * (s[self.cell] * pi)) @ self.A.T + (U * k) @ U.T
        return H

    def certificate(
        self, p_row: Floats, p_col: Floats, a: Floats, b: Floats, lse: Floats, q: Floats
    ) -> tuple[float, Floats, Floats, float, Floats]:
        """Lower bound and duals, upper bound and rounded q."""
        lower, duals_a, duals_b = self._shifted(p_row, p_col, a, b, lse)
        rounded = self._rounded(p_row, p_col, q)
        total = (self.of_cell @ rounded)[self.cell]
        some = rounded > 0
        upper = float(np.sum(rounded[some] * np.log(rounded[some] / total[some])))
        return lower, duals_a, duals_b, upper, rounded

    def _shifted(
        self, p_row: Floats, p_col: Floats, a: Floats, b: Floats, lse: Floats
    ) -> tuple[float, Floats, Floats]:
        sup, found = self.sup, []
        table = np.full((sup.n_row_values, sup.n_col_values), -np.inf)
        table[sup.cell_row, sup.cell_col] = lse
        t = np.repeat(np.arange(sup.n_row_values), np.diff(sup.row_start))
        s = np.repeat(np.arange(sup.n_col_values), np.diff(sup.col_start))
        for rows_first in (True, False):
            if rows_first:
                by_t = table.max(axis=1)
                by_s = (table - by_t[:, None]).max(axis=0)
            else:
                by_s = table.max(axis=0)
                by_t = (table - by_s).max(axis=1)
            new_a, new_b = a - by_t[t], b - by_s[s]
            found.append((float(p_row @ new_a + p_col @ new_b), new_a, new_b))
        return max(found, key=lambda each: each[0])

    def _rounded(self, p_row: Floats, p_col: Floats, q: Floats) -> Floats:
        sup, q = self.sup, q.copy()
        for variable, p in ((sup.row, p_row), (sup.col, p_col)):
            have = np.bincount(variable, q, len(p))
            q *= np.minimum(np.divide(p, have, out=np.ones(len(p)), where=have > 0), 1.0)[variable]
        row = np.maximum(p_row - np.bincount(sup.row, q, sup.n_rows), 0.0)
        col = np.maximum(p_col - np.bincount(sup.col, q, sup.n_cols), 0.0)
        total = np.bincount(sup.row_class, row, sup.n_classes)[sup.row_class]
        share = np.divide(row, total, out=np.zeros_like(row), where=row > 0)
        rounded: Floats = q + share[sup.row] * col[sup.col]
        return rounded


# --- runs ---------------------------------------------------------------------------------


def schur(sup: Support) -> Algebra:
    """The Schur complement by loops."""
    return linear_algebra.schur(sup)


def schur_by_blas(sup: Support) -> Algebra:
    """The Schur complement by BLAS, however small it is."""
    before = linear_algebra.BY_HAND
    linear_algebra.BY_HAND = 0
    try:
        return linear_algebra.schur(sup)
    finally:
        linear_algebra.BY_HAND = before


def low_rank(n_terms: int | None = None) -> Callable[[Support], Algebra]:
    """Matrices class by class, with at most so many terms; all of them by default."""
    return lambda sup: linear_algebra.low_rank(sup, sup.n_cells if n_terms is None else n_terms)


ALGEBRAS: dict[str, Callable[[Support], Algebra]] = {
    "loops": schur,
    "BLAS": schur_by_blas,
    "low rank": low_rank(),
    "low rank, 2 terms": low_rank(2),
}


@dataclass
class Run:
    """A program, memory for a run of the interior point, and the formulas of its support."""

    run: Solve
    formulas: Formulas

    @property
    def problem(self) -> Problem:
        return self.run.problem

    @property
    def sup(self) -> Support:
        return self.run.problem.support

    @property
    def f(self) -> Floats:
        return np.concatenate([self.run.f_row, self.run.f_col])

    @property
    def kernels(self) -> tuple[Kernel, Kernel]:
        """`factorise` and `apply`."""
        both = roster.SCHUR, roster.LOW_RANK
        return next(pair for pair in both if pair[0].address == self.run.factorise)

    def call(self, kernel: Kernel) -> None:
        kernel(Header(self.run))

    def hessian(self) -> Floats:
        return self.formulas.hessian(self.run.point.s, self.run.k, self.run.point.pi)

    def free(self) -> NDArray[np.bool_]:
        """Variables that are not pinned."""
        return np.concatenate([np.ones(self.sup.n_rows, bool), self.run.pinned == 0])


def new_run(
    p_ty: Floats, p_sy: Floats, algebra: Callable[[Support], Algebra] = schur, **changes: Any
) -> Run:
    """Memory, with nothing in it but the program."""
    prog = program_of(p_ty, p_sy)
    problem = new_problem(prog.support, prog.p_row, prog.p_col)
    run = driver.new_run(problem, algebra(prog.support))._replace(**changes)
    return Run(run, Formulas(prog.support))


def at_a_point(
    p_ty: Floats,
    p_sy: Floats,
    algebra: Callable[[Support], Algebra] = schur,
    seed: int = 0,
    **changes: Any,
) -> Run:
    """Return a run at a random point, its conditionals and k filled in, a column a class pinned."""
    rng = np.random.default_rng(seed)
    new = new_run(p_ty, p_sy, algebra, **changes)
    run, sup = new.run, new.sup
    run.f_row[:], run.f_col[:] = new.problem.p_row, new.problem.p_col
    run.pinned[:] = 0
    for y in range(sup.n_classes):
        run.pinned[rng.choice(np.flatnonzero(sup.col_class == y))] = 1
    factor: Any = run.factor
    factor.fields.blas.factors[:] = np.nan  # what was there before does not count
    point = run.point
    point.a[:], point.b[:] = rng.normal(size=sup.n_rows), rng.normal(size=sup.n_cols)
    point.s[:], point.t[:] = (rng.gamma(2.0, 0.2, size=sup.n_cells) for _ in range(2))
    point.pi[:], point.lse[:] = new.formulas.conditionals(point.a, point.b)
    run.k[:] = point.s / point.t - point.s
    return new


# --- kernels that are watched -----------------------------------------------------------------

_KEPT: list[Any] = []


def called_back(function: Callable[[], None]) -> int:
    """Address of a Python function for kernels to call."""
    from pidtools._compiled import pointers

    def call(header: object) -> None:
        function()

    if isinstance(pointers.entry, type):  # kernels are interpreted
        return int(pointers.entry(call).link())
    address = ctypes.CFUNCTYPE(None, ctypes.c_size_t)(call)
    _KEPT.append(address)
    return int(ctypes.cast(address, ctypes.c_void_p).value or 0)


def copied(record: Iterable[Floats]) -> Any:
    """Copy a named tuple of arrays."""
    return type(record)(*(each.copy() for each in record))


@dataclass
class Call:
    """What a kernel was given and what it answered."""

    kernel: str
    given: dict[str, Any]
    answer: dict[str, Any] = field(default_factory=dict)


Scripts = dict[str, Callable[[int], None]]
"""What is done after a kernel of that name, given the number of its call."""


def watch(new: Run, scripts: Scripts | None = None) -> tuple[Run, list[Call]]:
    """Have the kernels of a run called through Python and their calls listed.

    A script comes after its kernel and may change the answer.
    """
    calls: list[Call] = []
    run, scripts = new.run, scripts or {}
    header = Header(run)  # of the true kernels
    point, trial, best = run.point, run.trial, run.problem.best

    def watched(
        name: str,
        kernel: Kernel,
        given: Callable[[], dict[str, Any]],
        answer: Callable[[], dict[str, Any]],
    ) -> int:
        def work() -> None:
            call = Call(name, given())
            calls.append(call)
            kernel(header)
            if name in scripts:
                scripts[name](sum(each.kernel == name for each in calls) - 1)
            call.answer = answer()

        return called_back(work)

    changed = run._replace(
        evaluate=watched(
            "evaluate", roster.EVALUATE,
            lambda: {
                "a": trial.a.copy(), "b": trial.b.copy(), "s": trial.s.copy(),
                "t": trial.t.copy(), "raise_slack": int(run.flags[RAISE_SLACK]),
            },
            lambda: {"trial": copied(trial), "residuals": float(run.numbers[RESIDUALS])},
        ),
        certify=watched(
            "certify", roster.CERTIFY,
            lambda: {
                "a": run.problem.a.copy(), "b": run.problem.b.copy(),
                "lse": run.problem.lse.copy(), "q": run.problem.q.copy(),
            },
            lambda: {"bounds": best.bounds.copy()},
        ),
        factorise=watched(
            "factorise", new.kernels[0],
            lambda: {
                "point": copied(point), "k": run.k.copy(), "weight": run.weight.copy(),
                "system_tol": float(run.numbers[SYSTEM_TOL]),
            },
            lambda: {"succeeded": int(run.flags[SUCCEEDED])},
        ),
        newton=watched(
            "newton", roster.NEWTON,
            lambda: {"target": run.target.copy(), "trial": copied(trial)},
            lambda: {"extra": copied(run.extra)},
        ),
    )  # fmt: skip
    return Run(changed, new.formulas), calls
