"""How far columns are from normal, in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pidtools._gaussian import moments
from pidtools._gaussian.factors import inverse_of
from pidtools._remarks import Rank, Remark
from pidtools._types import Array, Floats

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
    shares = np.stack([(end == X).mean(axis=0) for end in ends])
    most, columns = shares.argmax(axis=0), np.arange(X.shape[1])
    z = (X - X.mean(axis=0, dtype=np.float64)) * inverse_of(moments.units(X))
    deviation = np.sqrt((z * z).mean(axis=0))
    z *= inverse_of(deviation)
    square, varies = z * z, deviation > 0
    skew, kurtosis = (square * z).mean(axis=0), (square * square).mean(axis=0) - 3.0 * varies
    return ends[most, columns], shares[most, columns], skew, kurtosis


def notes(X: Array, Y: Array, *, of_ranks: bool) -> list[Remark]:
    """Sentences on columns of X and Y that a normal law does not fit; ranks have no tails."""
    if len(X) < MIN_ROWS:
        return []
    shapes = {"columns": shape_of(X), "columns of Y": shape_of(Y)}
    clumps = [_part(shape, shape.clumped, name, _clump) for name, shape in shapes.items()]
    tails = [_part(shape, shape.heavy, name, _tail) for name, shape in shapes.items()]
    found = {CLUMPS: clumps, TAILS: [] if of_ranks else tails}
    listed = {text: " and ".join(part for part in parts if part) for text, parts in found.items()}
    said = [text.format(parts) for text, parts in listed.items() if parts]
    return [Remark(text, "note", Rank.size) for text in said]


CLUMPS = (
    f"one value in more than {SHARE_OF_ONE_VALUE:.0%} of the rows: {{}}. A Gaussian can read such "
    "columns, as of rectified units, several times too high or too low. To check, bin a column of "
    "Y, y = pidtools.Binning(n_bins=5).codes(numpy.reshape(Y, (len(Y), -1))[:, :1]), and pass y "
    'with estimator="probe".'
)
TAILS = (
    "heavy tails: {}. Few rows decide such covariances; compare copula=True of pidtools.Gaussian, "
    "which takes ranks."
)


def _part(
    shape: Shape, which: NDArray[np.intp], name: str, said: Callable[[Shape, int], str]
) -> str:
    """How many columns, and the worst of them; empty for none."""
    if not len(which):
        return ""
    worst = ", ".join(said(shape, int(k)) for k in which[:NAMED])
    more = ", and so on" if len(which) > NAMED else ""
    return f"{len(which)} of {len(shape.share)} {name} ({worst}{more})"


def _clump(shape: Shape, k: int) -> str:
    # Never rounded to all.
    percent = min(100 * shape.share[k], 99.9)
    return f"{shape.value[k]:.6g} in {percent:.3g}% of column {k}"


def _tail(shape: Shape, k: int) -> str:
    return f"skew {shape.skew[k]:.2g}, excess kurtosis {shape.kurtosis[k]:.2g} of column {k}"
