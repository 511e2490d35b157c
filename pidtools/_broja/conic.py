"""The program as one exponential-cone model for cvxpy and Clarabel: the reference solver."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from pidtools._broja.support import Support
from pidtools._result import Outcome, PIDError

Floats = NDArray[np.float64]

# Clarabel is asked for more than it can reach and keeps its best point; the certificate
# says how good that is.
CLARABEL_TOLERANCE = 1e-13


def solve_conic(
    p_ty: Floats, p_sy: Floats, support: Support, max_iter: int
) -> tuple[Floats, Floats, Floats]:
    """Entries q of the support and duals a (n_t, n_y), b (n_s, n_y), none exactly feasible.

    min sum r  s.t.  q log(q / s) <= r entry by entry, with one variable s for each cell that
    all its classes share, s = sum_y q, and the two families of pair marginals.

    Raises
    ------
    PIDError
        If Clarabel hands back no point at all.
    """
    import cvxpy as cp

    n_entries, n_cells = len(support.t), len(support.starts)
    q, s, r = cp.Variable(n_entries), cp.Variable(n_cells), cp.Variable(n_entries)
    ty, keep_t = _marginal(support.t * p_ty.shape[1] + support.y, p_ty)
    sy, keep_s = _marginal(support.s * p_sy.shape[1] + support.y, p_sy)
    rows_t = ty @ q == p_ty.ravel()[keep_t]
    rows_s = sy @ q == p_sy.ravel()[keep_s]
    cells = csr_array((np.ones(n_entries), (support.cell, np.arange(n_entries))))
    model = cp.Problem(
        cp.Minimize(cp.sum(r)),
        [cp.constraints.ExpCone(-r, q, cells.T @ s), cells @ q == s, rows_t, rows_s],
    )
    _run(model, max_iter)
    if q.value is None or rows_t.dual_value is None or not np.isfinite(q.value).all():
        raise PIDError(f"Clarabel stopped: {Outcome.no_answer.value}", Outcome.no_answer)
    return (
        np.maximum(q.value, 0.0),
        _dual(rows_t.dual_value, keep_t, p_ty.shape),
        _dual(rows_s.dual_value, keep_s, p_sy.shape),
    )


def _marginal(key: NDArray[np.intp], p: Floats) -> tuple[csr_array, NDArray[np.intp]]:
    """Matrix that sums entries to the positive cells of a pair table, and those cells."""
    keep = np.nonzero(p.ravel())[0]
    row = np.searchsorted(keep, key)
    ones = np.ones(len(key))
    return csr_array((ones, (row, np.arange(len(key)))), shape=(len(keep), len(key))), keep


def _run(model: object, max_iter: int) -> None:
    import cvxpy as cp

    with warnings.catch_warnings():
        # cvxpy warns of inaccuracy by Clarabel's own test; ours is the certified gap.
        warnings.simplefilter("ignore", UserWarning)
        try:
            model.solve(  # type: ignore[attr-defined]  # cvxpy has no types
                solver=cp.CLARABEL,
                accept_unknown=True,
                max_iter=max_iter,
                tol_gap_abs=CLARABEL_TOLERANCE,
                tol_gap_rel=CLARABEL_TOLERANCE,
                tol_feas=CLARABEL_TOLERANCE,
            )
        except cp.error.SolverError as error:
            raise PIDError(f"Clarabel failed: {error}", Outcome.no_answer) from None


def _dual(value: Floats, keep: NDArray[np.intp], shape: tuple[int, ...]) -> Floats:
    """Multipliers in the sign of the dual program; zero where the table is zero."""
    dual = np.zeros(shape)
    dual.ravel()[keep] = -value
    return dual
