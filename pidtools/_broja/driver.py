"""From a program to a certified solution: which linear algebra, how often, in how much memory."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from pidtools._broja import interior_point, low_rank, schur
from pidtools._broja.fortran import routines
from pidtools._broja.interior_point import Best, Options
from pidtools._broja.program import Program, Solution, parts
from pidtools._broja.support import Start, Support

Floats = NDArray[np.float64]

# Floors under the marginals, corrections a factorisation and floors under mu, in the order
# tried. All but the first are for programs with masses near 1e-14 that the first leaves.
ATTEMPTS = ((1e-14, 2, 0.05), (1e-11, 4, 0.05), (1e-16, 8, 0.05), (1e-12, 4, 0.3))

# An attempt that works takes 8 to 40 iterations.
ATTEMPT_ITERATIONS = 40

# Seconds a floating point operation, roughly: BLAS, and the loops of the kernels.
BLAS_SECONDS, LOOP_SECONDS = 2.5e-11, 7e-10
# Rounds of conjugate gradients an iteration, roughly, and their limits.
ROUNDS_PER_ITERATION = 60
MAX_ROUNDS_SCHUR, MAX_ROUNDS_LOW_RANK = 40, 200
NO_START = Start(np.empty(0), np.empty(0), np.empty(0))
SWEEPS_PER_ITERATION = 100
# Doubles the iterates hold for each entry of the support.
DOUBLES_PER_ENTRY = 6


def solve(program: Program, *, tol: float, max_iter: int, start: Start | None = None) -> Solution:
    """Solve to a gap of `tol` nats, or as far as it goes.

    `start` holds the duals and cell totals of a neighbouring program, in this one's variables.

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
            part, p_row, p_col, tol / len(pieces), max_iter, own_start or NO_START
        )
        a[own_row], b[own_col], q[own_row[sup.row]] = best.a, best.b, best.q
        lower, upper = lower + best.lower[0], upper + best.upper[0]
        iterations = max(iterations, used)
    return Solution(a, b, q, float(lower), float(upper), iterations)


def _solve_part(
    sup: Support, p_row: Floats, p_col: Floats, tol: float, max_iter: int, start: Start
) -> tuple[Best, int]:
    best = interior_point.new_best(sup)
    if sup.n_classes == 1:
        best.q[:] = p_row[sup.row] * (p_col / p_col.sum())[sup.col]
        best.lower[0] = best.upper[0] = 0.0
        return best, 0
    factor, max_rounds = _linear_algebra(sup)
    used = 0
    with one_blas_thread():
        for floor, n_corrections, mu_floor in ATTEMPTS:
            limit = min(max_iter - used, max(ATTEMPT_ITERATIONS, max_iter // 2))
            options = Options(tol, limit, n_corrections, mu_floor, floor)
            used += interior_point.solve(
                routines(), sup, p_row, p_col, factor, max_rounds, options, start, best
            )
            start = NO_START
            if best.upper[0] - best.lower[0] <= tol or used >= max_iter:
                break
    return best, used


def solve_scaling(program: Program, *, tol: float, max_iter: int) -> Solution:
    """Solve by accelerated scaling: `SWEEPS_PER_ITERATION` sweeps stand for one iteration."""
    # Compiled when it is asked for.
    from pidtools._broja.scaling import solve_by_scaling

    sup, p_row, p_col = program.support, program.p_row, program.p_col
    share = p_col / np.bincount(sup.col_class, p_col)[sup.col_class]
    totals = np.add.reduceat(p_row[sup.row] * share[sup.col], sup.cell_start[:-1])
    best = interior_point.new_best(sup)
    sweeps = solve_by_scaling(
        sup, p_row, p_col, np.log(np.maximum(totals, 1e-130)), np.log(np.maximum(share, 1e-300)),
        tol, SWEEPS_PER_ITERATION * max_iter, best,
    )  # fmt: skip
    iterations = -(-sweeps // SWEEPS_PER_ITERATION)
    return Solution(best.a, best.b, best.q, float(best.lower[0]), float(best.upper[0]), iterations)


def _linear_algebra(sup: Support) -> tuple[Any, int]:
    """Workspace of the factorisation that should take less time, and its limit of rounds."""
    dense_bytes, dense_seconds = schur_cost(sup)
    sparse_bytes, sparse_seconds, max_terms = low_rank_cost(sup)
    room = available_memory()
    if dense_seconds <= sparse_seconds and dense_bytes <= room:
        return schur.workspace(sup), MAX_ROUNDS_SCHUR
    if sparse_bytes <= room:
        return low_rank.workspace(sup, max_terms), MAX_ROUNDS_LOW_RANK
    if dense_bytes <= room:
        return schur.workspace(sup), MAX_ROUNDS_SCHUR
    raise MemoryError(_too_large(sup, min(dense_bytes, sparse_bytes), room))


def schur_cost(sup: Support) -> tuple[float, float]:
    """Bytes, and seconds an iteration, of the dense Schur complement."""
    n_rows, n_cols = len(sup.row_class), len(sup.col_class)
    size = 8.0 * (n_rows * n_cols + n_cols**2 + DOUBLES_PER_ENTRY * len(sup.row))
    return size, BLAS_SECONDS * (n_rows * n_cols**2 + n_cols**3 / 3.0)


def low_rank_cost(sup: Support) -> tuple[float, float, int]:
    """Bytes, seconds an iteration and number of terms of the matrices class by class."""
    size = np.bincount(sup.row_class, minlength=sup.n_classes)
    size = size + np.bincount(sup.col_class, minlength=sup.n_classes)
    n_terms = min(len(sup.cell_row), int(0.75 * (len(sup.row_class) + len(sup.col_class))))
    blocks = float(np.sum(size.astype(float) ** 2))
    classes_per_cell = len(sup.row) / len(sup.cell_row)
    loops = 2.0 * n_terms**2 * classes_per_cell
    loops += ROUNDS_PER_ITERATION * (4.0 * blocks + 20.0 * len(sup.row))
    blas = n_terms**3 / 3.0 + float(np.sum(size.astype(float) ** 3))
    memory = 8.0 * (n_terms**2 + blocks + DOUBLES_PER_ENTRY * len(sup.row))
    return memory, LOOP_SECONDS * loops + BLAS_SECONDS * blas, n_terms


def available_memory() -> float:
    """Bytes of memory not in use, as far as the system tells; else infinity."""
    try:
        pages = os.sysconf("SC_AVPHYS_PAGES")
        return float(pages) * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return math.inf


def _too_large(sup: Support, needed: float, room: float) -> str:
    n_rows, n_cols = len(sup.row_class), len(sup.col_class)
    return (
        f"pmf is too large for the interior point: {n_rows} cells (t, y) and {n_cols} cells "
        f"(s, y) need {needed / 1e9:.3g} GB, 8 (n_ty n_sy + min(n_ty, n_sy)^2) bytes and more; "
        f"{room / 1e9:.3g} GB are free. Use solver='scaling', which needs about 8 numbers for "
        "each (t, s, y) in the support, or merge cells."
    )


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS to one thread: more made a Cholesky up to 100 times slower on a busy machine."""
    with _controller().limit(limits=1, user_api="blas"):
        yield


@functools.cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
