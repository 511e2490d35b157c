"""The certificate for points from elsewhere; the kernel of that name says how."""

from __future__ import annotations

import numpy as np

from pidtools._broja.kernels.headers import Support
from pidtools._broja.roster import CERTIFY
from pidtools._broja.state import new_problem
from pidtools._compiled.header import Floats, Header


def certify(
    sup: Support, p_row: Floats, p_col: Floats, a: Floats, b: Floats, q: Floats
) -> tuple[float, float]:
    """Round q in place; return (lower bound, upper bound) of the program in nats."""
    w, starts = a[sup.row] + b[sup.col], sup.cell_start[:-1]
    top = np.maximum.reduceat(w, starts)
    total = np.add.reduceat(np.exp(w - np.repeat(top, np.diff(sup.cell_start))), starts)
    problem = new_problem(sup, p_row, p_col)._replace(a=a, b=b, lse=top + np.log(total), q=q)
    CERTIFY(Header(problem))
    lower, upper = problem.best.bounds
    return float(lower), float(upper)
