"""From a program to a certified solution: which linear algebra, how often, in how much memory."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np

from pidtools._broja.kernels.headers import (
    FLOOR,
    ITERATIONS,
    LOWER,
    MU_FLOOR,
    RAISE_SLACK,
    RESIDUALS,
    TOL,
    UPPER,
    Best,
    Problem,
    Solve,
    Start,
    Support,
)
from pidtools._broja.linear_algebra import Algebra, choose, seconds_per_iteration
from pidtools._broja.program import Program, Solution, parts
from pidtools._broja.roster import CERTIFY, EVALUATE, INTERIOR_POINT, NEWTON
from pidtools._broja.scaling import scaling_seconds, solve_by_scaling
from pidtools._broja.state import new_point, new_problem, new_step
from pidtools._compiled.header import Header
from pidtools._threads import one_blas_thread
from pidtools._types import Floats

# Floors under the marginals, corrections a factorisation and floors under mu, in the order
# tried. All but the first are for programs with masses near 1e-14 that the first leaves.
ATTEMPTS = ((1e-14, 2, 0.05), (1e-11, 4, 0.05), (1e-16, 8, 0.05), (1e-12, 4, 0.3))

# An attempt that works takes 8 to 40 iterations.
ATTEMPT_ITERATIONS = 40

# Sweeps of the scaling that stand for one iteration.
SWEEPS_PER_ITERATION = 100

# From this tolerance in nats up scaling is tried first where it should take less time than the
# interior point, which takes about so many iterations then; it stops after so many of its own.
LOOSE, LOOSE_ITERATIONS, LOOSE_ROUNDS = 1e-6, 14, 20


def solve(
    program: Program,
    *,
    tol: float,
    max_iter: int,
    start: Start | None = None,
    scaling: bool = False,
) -> Solution:
    """Solve to a gap of `tol` nats, or as far as it goes.

    `start` holds the duals and cell totals of a neighbouring program, in this one's variables;
    with `scaling` the interior point and its memory are left out.

    Raises
    ------
    MemoryError
        If the matrices would not fit; the message says how large they are.
    """
    sup = program.support
    a, b, q = np.zeros(len(program.p_row)), np.zeros(len(program.p_col)), np.empty(len(sup.row))
    lower, upper, iterations = 0.0, 0.0, 0
    pieces = list(parts(program))
    for part, own_row, own_col in pieces:
        p_row, p_col = program.p_row[own_row], program.p_col[own_col]
        own_cell = own_row[sup.row[sup.cell_start[:-1]]]
        own_start = start and Start(start.a[own_row], start.b[own_col], start.s[own_cell])
        best, used = _solve_part(
            part, p_row, p_col, tol / len(pieces), max_iter, own_start, scaling
        )
        a[own_row], b[own_col], q[own_row[sup.row]] = best.a, best.b, best.q
        lower, upper = lower + best.bounds[LOWER], upper + best.bounds[UPPER]
        iterations = max(iterations, used)
    return Solution(a, b, q, float(lower), float(upper), iterations)


def _solve_part(
    sup: Support,
    p_row: Floats,
    p_col: Floats,
    tol: float,
    max_iter: int,
    start: Start | None,
    scaling: bool,
) -> tuple[Best, int]:
    problem = new_problem(sup, p_row, p_col)
    best = problem.best
    if sup.n_classes == 1:
        best.q[:] = p_row[sup.row] * (p_col / p_col.sum())[sup.col]
        best.bounds[:] = 0.0
        return best, 0
    if scaling:
        return best, _scale(problem, tol, max_iter, start)
    if tol >= LOOSE and scaling_seconds(sup) < LOOSE_ITERATIONS * seconds_per_iteration(sup):
        used = _scale(problem, tol, min(max_iter, LOOSE_ROUNDS), start)
        if best.gap <= tol:
            return best, used
        start = None
    algebra = choose(sup)
    run = new_run(problem, algebra)
    used = 0
    with one_blas_thread() if algebra.uses_blas else nullcontext():
        for floor, n_corrections, mu_floor in ATTEMPTS:
            limit = min(max_iter - used, max(ATTEMPT_ITERATIONS, max_iter // 2))
            run.numbers[[TOL, MU_FLOOR, FLOOR]] = tol, mu_floor, floor
            used += run_once(run, limit, n_corrections, start)
            start = None
            if best.gap <= tol or used >= max_iter:
                break
    return best, used


def _scale(problem: Problem, tol: float, max_iter: int, start: Start | None) -> int:
    with one_blas_thread():
        sweeps = solve_by_scaling(problem, tol, SWEEPS_PER_ITERATION * max_iter, start)
    return -(-sweeps // SWEEPS_PER_ITERATION)


def new_run(problem: Problem, algebra: Algebra) -> Solve:
    """Allocate a run of the interior point."""
    sup = problem.support
    weight, k, target = (np.empty(sup.n_cells) for _ in range(3))
    factorise, apply = algebra.kernels
    trial = problem._replace(
        a=np.empty(sup.n_rows), b=np.empty(sup.n_cols), lse=np.empty(sup.n_cells)
    )
    return Solve(
        problem=problem,
        f_row=np.empty(sup.n_rows),
        f_col=np.empty(sup.n_cols),
        pinned=np.empty(sup.n_cols, np.int32),
        point=new_point(problem),
        trial=new_point(trial),
        step=new_step(sup),
        plain=new_step(sup),
        extra=new_step(sup),
        weight=weight,
        k=k,
        target=target,
        numbers=np.empty(RESIDUALS + 1),
        flags=np.zeros(RAISE_SLACK + 1, np.int32),
        max_iter=0,
        n_corrections=0,
        max_rounds=algebra.max_rounds,
        warm=0,
        evaluate=EVALUATE.address,
        certify=CERTIFY.address,
        factorise=factorise.address,
        apply=apply.address,
        newton=NEWTON.address,
        factor=algebra.factor,
    )


def run_once(run: Solve, max_iter: int, n_corrections: int, start: Start | None) -> int:
    """Run the interior point with the numbers set; returns iterations."""
    if start is not None:
        run.trial.a[:], run.trial.b[:], run.trial.s[:] = start.a, start.b, start.s
    warm = int(start is not None)
    INTERIOR_POINT(Header(run._replace(max_iter=max_iter, n_corrections=n_corrections, warm=warm)))
    return int(run.flags[ITERATIONS])
