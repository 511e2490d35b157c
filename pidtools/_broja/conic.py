"""The program as one exponential-cone model for cvxpy and Clarabel: the reference solver."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from pidtools import _warnings
from pidtools._broja.certificate import certify
from pidtools._broja.program import Program, Solution
from pidtools._result import Outcome, PIDError

# Clarabel is asked for more than it can reach and keeps its best point; the certificate
# says how good that is.
CLARABEL_TOLERANCE = 1e-13


def solve(program: Program, *, max_iter: int) -> Solution:
    """Solve, round and certify.

    min sum r  s.t.  q log(q / s) <= r entry by entry, with one variable s for each cell that
    all its classes share, s = sum_y q, and the two families of pair marginals.

    Raises
    ------
    PIDError
        If Clarabel hands back no point at all.
    ImportError
        If cvxpy is not installed.
    """
    cp = _cvxpy()
    sup = program.support
    n_entries, n_cells = len(sup.row), len(sup.cell_row)
    q, s, r = cp.Variable(n_entries), cp.Variable(n_cells), cp.Variable(n_entries)
    # To find shapes some versions of cvxpy add up memory that nobody wrote to.
    with np.errstate(all="ignore"):
        rows = _sums(sup.row) @ q == program.p_row
        cols = _sums(sup.col) @ q == program.p_col
        cells = _sums(np.repeat(np.arange(n_cells), np.diff(sup.cell_start)))
        model = cp.Problem(
            cp.Minimize(cp.sum(r)),
            [cp.constraints.ExpCone(-r, q, cells.T @ s), cells @ q == s, rows, cols],
        )
    _run(model, max_iter)
    if q.value is None or rows.dual_value is None or not np.isfinite(q.value).all():
        raise PIDError(f"Clarabel stopped: {Outcome.no_answer.value}", Outcome.no_answer)
    a, b, near_q = -rows.dual_value, -cols.dual_value, np.maximum(q.value, 0.0)
    lower, upper = certify(sup, program.p_row, program.p_col, a, b, near_q)
    return Solution(a, b, near_q, lower, upper, int(model.solver_stats.num_iters))


def _sums(group: NDArray[np.integer[Any]]) -> csr_array:
    """Matrix that sums entries by group."""
    return csr_array((np.ones(len(group)), (group.astype(np.intp), np.arange(len(group)))))


def _cvxpy() -> Any:
    """The package, which nothing else in the library needs."""
    try:
        import cvxpy
    except ImportError as error:
        raise ImportError(
            'solver="cvxpy" needs cvxpy, which could not be imported: pip install cvxpy, or leave '
            "solver out."
        ) from error
    return cvxpy


def _run(model: object, max_iter: int) -> None:
    cp = _cvxpy()
    # cvxpy warns of inaccuracy by Clarabel's own test; ours is the certified gap.
    with _warnings.ignoring(UserWarning):
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
