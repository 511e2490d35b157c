r"""Red and how it moves with the student's table: the certified program's duals are its slopes.

I_union + const is a maximum of sums p(t, y) l(t, y) + p(s, y) m(s, y), so that its derivative by
p(s, y) is m(s, y), up to a constant a class. With that of I(Y; S),

    dRed / dp(s, y) = log p(y | s) - m(s, y) + a constant of the class y.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pidtools import _validate, _warnings
from pidtools._broja.decompose import broja_from_pairs
from pidtools._notebook import InALine
from pidtools._result import NATS_PER_BIT, Duals, Outcome, in_line
from pidtools._types import Array, Floats


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RedundancyGradient(InALine):
    """Red(Y : T, S) in bits, and its derivative by the student's table.

    Attributes
    ----------
    redundancy : float
        In bits.
    gradient : ndarray, shape (n_s, n_y)
        dRed / dp(s, y) in bits, for moves that keep p(y); its mean within each class is 0, and it
        is 0 where p(s, y) is 0, where the derivative is one-sided.
    gap : float
        Proved bound on the error of `redundancy`, in bits.
    outcome : Outcome
        How it was reached.
    duals : Duals or None
        To start the next one from, near this one.
    """

    redundancy: float
    gradient: Floats
    gap: float
    outcome: Outcome
    duals: Duals | None

    def _brief(self) -> str:
        shape = " x ".join(map(str, self.gradient.shape))
        return (
            f"redundancy={in_line(self.redundancy, 6)} bits, gradient {shape}, "
            f"gap={self.gap:.1e}, {self.outcome.name}"
        )


@_warnings.quiet
def redundancy_and_gradient(
    p_ty: ArrayLike, p_sy: ArrayLike, *, tol: float = 1e-9, start: Duals | None = None
) -> RedundancyGradient:
    """Redundancy of two pair tables with its gradient by the second: climb it to train a student.

    Parameters
    ----------
    p_ty, p_sy : array_like, shapes (n_t, n_y) and (n_s, n_y)
        Joint pmfs of (T, Y) and (S, Y) with the same class marginals.
    tol : float
        Largest certified gap, in bits, that passes without a warning.
    start : Duals or None
        The `duals` of a neighbouring call, which change the time alone.

    Returns
    -------
    RedundancyGradient

    Warns
    -----
    PIDWarning
        If the certified gap is above `tol`.

    Raises
    ------
    ValueError, TypeError
        If a table is not a pmf with two axes, or the class marginals differ.

    Notes
    -----
    With soft assignments a(s | x_i) of n rows, p(s, y) is their mean over rows of the class over n,
    so that the gradient by a(s | x_i) is ``gradient[s, y_i] / n``. Red has kinks, where a source is
    as good as the other in some respect for a whole range of prices; there it is one of several
    slopes. A solver's slopes are as near to the true ones as about the root of its gap.

    Examples
    --------
    >>> import pidtools as pt
    >>> t, s = [[0.5, 0.0], [0.0, 0.5]], [[0.3, 0.2], [0.2, 0.3]]
    >>> found = pt.redundancy_and_gradient(t, s)
    >>> round(found.redundancy, 6), found.gradient.round(3).tolist()
    (0.029049, [[0.234, -0.351], [-0.351, 0.234]])
    """
    t, s = _validate.check_pair_tables(p_ty, p_sy)
    pid = broja_from_pairs(t, s, tol=tol, keep_duals=True, start=start)
    assert pid.duals is not None
    # A source that knows nothing of Y: Red is 0, its least, whatever the other knows.
    flat = pid.outcome is Outcome.trivial
    gradient = np.zeros_like(s) if flat else _slopes(s, pid.duals.s_y)
    return RedundancyGradient(
        redundancy=pid.redundancy,
        gradient=gradient / NATS_PER_BIT,
        gap=pid.gap,
        outcome=pid.outcome,
        duals=pid.duals,
    )


def _slopes(s: Floats, prices: Array) -> Floats:
    """Slopes log p(y | s) - m(s, y) less its mean within each class; in nats."""
    known = s > 0
    shares = np.divide(s, s.sum(axis=1, keepdims=True), out=np.ones_like(s), where=known)
    slopes = np.where(known, np.log(shares) - np.nan_to_num(prices, nan=0.0), 0.0)
    p_y = s.sum(axis=0)
    means = np.divide((s * slopes).sum(axis=0), p_y, out=np.zeros_like(p_y), where=p_y > 0)
    centred: Floats = np.where(known, slopes - means, 0.0)
    return centred
