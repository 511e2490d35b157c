"""The union information as a conic program: slow, obvious, and apart from the library."""

from __future__ import annotations

import clarabel
import numpy as np
from scipy.sparse import coo_array, csc_array, vstack

from pidtools._types import Floats


def union_information(p_ty: Floats, p_sy: Floats) -> tuple[float, float]:
    """Least I(Y; T, S) over all q with the given pair tables, in bits, by Clarabel.

    Minimise sum tau with tau >= q log(q / s), one exponential cone (-tau, q, s) a cell, over
    the cells that both tables allow; s is the sum of q over y. Returns the optimum of the
    primal and of the dual, which agree to the tolerance of the solver.
    """
    n_s, n_y = p_sy.shape
    t, s, y = np.nonzero((p_ty[:, None, :] > 0) & (p_sy[None, :, :] > 0))
    n, cells = len(t), np.arange(len(t))
    margins = np.concatenate([t * n_y + y, p_ty.size + s * n_y + y])
    used, row = np.unique(margins, return_inverse=True)
    target = np.concatenate([p_ty.ravel(), p_sy.ravel()])[used]
    equal = coo_array((np.ones(2 * n), (row, n + np.tile(cells, 2))), (len(used), 2 * n))
    pairs, of = np.unique(t * n_s + s, return_inverse=True)
    member = coo_array((np.ones(n), (of, cells)), (len(pairs), n))
    i, j = (member.T @ member).nonzero()
    rows = np.concatenate([3 * cells, 3 * cells + 1, 3 * i + 2])
    columns = np.concatenate([cells, n + cells, n + j])
    values = np.concatenate([np.ones(n), -np.ones(n), -np.ones(len(i))])
    cones = coo_array((values, (rows, columns)), (3 * n, 2 * n))
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-10
    solution = clarabel.DefaultSolver(
        csc_array((2 * n, 2 * n)),
        np.repeat([1.0, 0.0], n),
        csc_array(vstack([equal, cones])),
        np.concatenate([target, np.zeros(3 * n)]),
        [clarabel.ZeroConeT(len(used))] + [clarabel.ExponentialConeT()] * n,
        settings,
    ).solve()
    if "Solved" not in str(solution.status):
        raise RuntimeError(f"Clarabel stopped with {solution.status}.")
    p_y = p_ty.sum(axis=0)
    h_y = -(p_y[p_y > 0] * np.log(p_y[p_y > 0])).sum()
    return tuple((h_y + x) / np.log(2) for x in (solution.obj_val, solution.obj_val_dual))
