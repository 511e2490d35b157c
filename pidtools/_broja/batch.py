"""Many programs of one shape, each solved in compiled code."""

from __future__ import annotations

from contextlib import nullcontext
from itertools import pairwise

import numpy as np

from pidtools._broja.driver import ATTEMPTS, new_run
from pidtools._broja.kernels.headers import FIELDS, FLOOR, MU_FLOOR, TOL, Batch, Support
from pidtools._broja.linear_algebra import schur
from pidtools._broja.roster import INTERIOR_POINT, SOLVE_ALL
from pidtools._broja.state import new_problem
from pidtools._compiled.header import Floats, Header
from pidtools._threads import one_blas_thread


def solve_many(pmfs: Floats, *, tol: float, max_iter: int, n_jobs: int | None) -> Floats:
    """Solve each pmf, shape (n, n_t, n_s, n_y), with the first attempt of the driver.

    Returns
    -------
    array, shape (n, len(FIELDS)); the members are solved one by one, so that it does not
    depend on `n_jobs`.
    """
    import joblib

    n_jobs = min(joblib.effective_n_jobs(n_jobs), len(pmfs))
    out = np.empty((len(pmfs), len(FIELDS)))
    edges = np.linspace(0, len(pmfs), n_jobs + 1).astype(int)
    slices = [_slice(pmfs[i:j], out[i:j], tol, max_iter) for i, j in pairwise(edges)]
    with one_blas_thread() if slices[0][1] else nullcontext():
        joblib.Parallel(n_jobs=n_jobs, require="sharedmem")(
            joblib.delayed(SOLVE_ALL)(header) for header, _ in slices
        )
    return out


def _slice(pmfs: Floats, out: Floats, tol: float, max_iter: int) -> tuple[Header, bool]:
    """Allocate once for all members of a slice; and say whether they need BLAS."""
    n, n_t, n_s, n_y = pmfs.shape
    sup = _largest_support(n_t, n_s, n_y)
    problem = new_problem(sup, np.empty(sup.n_rows), np.empty(sup.n_cols))
    algebra = schur(sup)
    floor, n_corrections, mu_floor = ATTEMPTS[0]
    run = new_run(problem, algebra)
    run.numbers[[TOL, MU_FLOOR, FLOOR]] = tol, mu_floor, floor
    run = run._replace(max_iter=max_iter, n_corrections=n_corrections)
    p_ty, p_sy, p_y = (np.empty(size) for size in (n_t * n_y, n_s * n_y, n_y))
    hull_x, hull_y = np.empty(n_t + n_s + 1), np.empty(n_t + n_s + 1)
    batch = Batch(
        n, n_t, n_s, n_y, np.ascontiguousarray(pmfs), out, p_ty, p_sy, p_y,
        np.empty(n_y, np.int32), hull_x, hull_y, np.empty(2 * max(n_t, n_s)),
        INTERIOR_POINT.address, Header(run),
    )  # fmt: skip
    return Header(batch), algebra.uses_blas


def _largest_support(n_t: int, n_s: int, n_y: int) -> Support:
    """Memory for any support of that shape: every cell in use, the larger table in the rows."""
    values, rows, cols = max(n_t, n_s), max(n_t, n_s) * n_y, min(n_t, n_s) * n_y
    cells, entries = n_t * n_s, n_t * n_s * n_y
    start = n_y * np.arange(values + 1, dtype=np.int32)
    sizes = (cells, cells, cells + 1, entries, entries)
    return Support(
        n_y, values, values, rows, cols, cells, entries, np.empty(rows, np.int32),
        np.empty(cols, np.int32), start, start.copy(), *(np.empty(n, np.int32) for n in sizes),
    )  # fmt: skip
