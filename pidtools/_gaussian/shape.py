"""How far columns are from normal, in a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pidtools._gaussian import moments

Floats = NDArray[np.float64]
Array = NDArray[Any]

# Rows looked at, evenly spaced: they know a share to a percent, and wide data cost little.
ROWS = 5_000
# A column that holds one value in more rows than this is no amount that varies freely.
SHARE_OF_ONE_VALUE = 0.2
# Beyond these a covariance says little of a column: an exponential law has 2 and 6.
SKEW, EXCESS_KURTOSIS = 2.0, 6.0
# Columns named before "and so on".
NAMED = 3
# A share or moment below this many rows is chance.
MIN_ROWS = 30


@dataclass(frozen=True)
class Shape:
    """What a normal law forbids, column by column.

    Attributes
    ----------
    value, share : ndarray of float64, shape (n_columns,)
        Which of 0, the least and the largest value occurs most, and its share of the rows.
    skew, kurtosis : ndarray of float64, shape (n_columns,)
        Standardised third moment, and fourth less 3; 0 for columns that don't vary.
    """

    value: Floats
    share: Floats
    skew: Floats
    kurtosis: Floats

    @property
    def clumped(self) -> NDArray[np.intp]:
        """Columns that hold one value in many rows but not in all, the worst first."""
        which = np.flatnonzero((self.share > SHARE_OF_ONE_VALUE) & (self.share < 1.0))
        return which[np.argsort(-self.share[which], kind="stable")]

    @property
    def heavy(self) -> NDArray[np.intp]:
        """Other columns with a heavy tail, the worst first."""
        far = np.maximum(np.abs(self.skew) / SKEW, self.kurtosis / EXCESS_KURTOSIS)
        which = np.flatnonzero((far > 1.0) & (self.share <= SHARE_OF_ONE_VALUE))
        return which[np.argsort(-far[which], kind="stable")]


def shape_of(X: Array) -> Shape:
    """Shares and moments of the columns of X, shape (n, d), on some of its rows."""
    some = X[:: max(-(-len(X) // ROWS), 1)]
    parts = [_shape(some[:, columns]) for columns in moments.blocks(X.shape[1], len(some))]
    return Shape(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _shape(X: Array) -> tuple[Floats, Floats, Floats, Floats]:
    ends = np.stack([np.zeros(X.shape[1]), X.min(axis=0), X.max(axis=0)])
    shares = np.stack([(X == end).mean(axis=0) for end in ends])
    most, columns = shares.argmax(axis=0), np.arange(X.shape[1])
    found = moments.moments(X, X[:, :0])
    z = (X - found.mean) * moments.inverse_of(found.scale)
    square = z * z
    varies = found.scale > 0
    skew, kurtosis = (square * z).mean(axis=0), (square * square).mean(axis=0) - 3.0 * varies
    return ends[most, columns], shares[most, columns], skew, kurtosis


def notes(X: Array, *, of_ranks: bool) -> list[str]:
    """Sentences on columns of X that a normal law does not fit; ranks have no tails."""
    if len(X) < MIN_ROWS:
        return []
    shape, d = shape_of(X), X.shape[1]
    texts = (_of_clumps(shape, d), "" if of_ranks else _of_tails(shape, d))
    return [text for text in texts if text]


def _of_clumps(shape: Shape, d: int) -> str:
    which = shape.clumped
    if not len(which):
        return ""
    worst = (
        f"{shape.value[k]:.6g} in {_percent(shape.share[k])} of column {k}" for k in which[:NAMED]
    )
    return (
        f"{_counted(len(which), d)} one value in more than {SHARE_OF_ONE_VALUE:.0%} of the rows "
        f"({_listed(list(worst), len(which))}), as rectified units do; a Gaussian can read them "
        "several times too high or too low. Bin Y and use the probe: "
        "y = np.searchsorted(np.quantile(Y[:, 0], [0.2, 0.4, 0.6, 0.8]), Y[:, 0]), "
        'estimator="probe".'
    )


def _of_tails(shape: Shape, d: int) -> str:
    which = shape.heavy
    if not len(which):
        return ""
    worst = (
        f"skew {shape.skew[k]:.2g} and excess kurtosis {shape.kurtosis[k]:.2g} of column {k}"
        for k in which[:NAMED]
    )
    return (
        f"{_counted(len(which), d)} a heavy tail ({_listed(list(worst), len(which))}), which "
        "decides covariances by few rows; compare estimator=pt.Gaussian(copula=True), which takes "
        "ranks."
    )


def _counted(n: int, d: int) -> str:
    return f"{n} of {d} column{'s' if d > 1 else ''} hold{'s' if n == 1 else ''}"


def _listed(worst: list[str], n: int) -> str:
    return ", ".join(worst) + (", and so on" if n > len(worst) else "")


def _percent(share: float) -> str:
    """A share, never rounded to all."""
    return f"{min(100 * share, 99.9):.3g} %"
