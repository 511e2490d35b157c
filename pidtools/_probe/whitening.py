"""Features to whitened features, so that scale, shift and rotation do not matter."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pidtools._blocks import blocks
from pidtools._lazy_rows import LazyRows, Source, blocks_of, rewritten, whole
from pidtools._magnitudes import exponents_of
from pidtools._probe.axes import principal_axes
from pidtools._probe.quantiles import quantiles, sorted_columns
from pidtools._probe.rows import ROWS_ENOUGH, Made, Rows, as_they_are
from pidtools._probe.units import Units, bends_and_splines
from pidtools._types import Array, Codes, Floats

# Winsorised standard deviations beyond which a value is cut: Gaussian features never get
# there, and a single outlier no longer decides the scale of its column.
REACH = 8.0
# Share of the largest variance below which a direction is rounding noise. float64 sums of
# 1e6 rows are good to 1e-13; nuisance a thousand times louder than the signal leaves 1e-6.
RANK_TOLERANCE = 1e-10
# Units whose bends experts look at one by one, three or seven features each.
MAX_WIDTH_OF_BENDS, MAX_WIDTH_OF_SPLINES = 160, 64
# Entries of a source beyond which those features would be most of the memory.
MAX_ENTRIES_OF_UNITS = 2**22
# Quantiles are those of all rows up to so many entries, else of some drawn rows.
QUANTILE_ENTRIES = 2**22
QUANTILE_ROWS = 4096
# Of rows that are made, those that show how to whiten them.
SHOWN_ENTRIES = 2**22
# Columns up to which rows of large sources are whitened each time they are read.
MADE_WIDTH = 128
# Of double precision up to here. Fits that stop early, as the network's do, turn the rounding of
# single precision into .01 bits; in larger sources that is averaged, and memory is dear.
DOUBLE_ENTRIES = 2**24
# Bytes of whitened features beyond which they are kept in a temporary file, and the entries that
# are made together for it.
HELD_BYTES, MADE_ENTRIES = 2**27, 2**22
# Rows for each column from which more don't show better how to whiten: any map of full rank does.
ROWS_A_COLUMN = 8
# Of a column's centre: a scale up to this is rounding.
CONSTANT = 1e-12
# Squares of numbers outside these powers of two leave the floats.
LARGEST_EXPONENT = 300
# A column whose sizes span more than this, from the tenth percentile to the 99th, says in
# which decade a value lies; Gaussian columns span 20, Cauchy ones 400.
DECADES = 1e4
# Share of a column's largest values up to which a size is a rounded zero.
ROUNDED_ZERO = 1e-11


@dataclass(frozen=True)
class Whitened:
    """Features with unit covariance, ordered by the variance they had.

    Attributes
    ----------
    Z : ndarray of float64, or float32 where it is large, shape (n_samples, rank), LazyRows or Made
    spectrum : ndarray of float64, shape (rank,)
        Variances of the standardised features along the directions of Z, falling.
    bent, splines : ndarray, shape (n_samples, n_features), or Made, or None
        Bends and jumps of the single units, whitened; None where the units are too many.
    """

    Z: Rows
    spectrum: Floats
    bent: Rows | None = None
    splines: Rows | None = None

    @property
    def rank(self) -> int:
        """Number of columns."""
        return int(self.Z.shape[1])

    def leading(self, n: int) -> Callable[[Codes], Array]:
        """From rows to their leading columns; of an array without a copy of the others."""
        Z = self.Z
        if isinstance(Z, Made):
            return lambda rows: Z[rows][:, :n]
        if isinstance(Z, LazyRows):
            return lambda rows: Z[rows, slice(0, n)]
        return Z[:, :n].__getitem__

    @property
    def loudness(self) -> Floats:
        """Scale of each column before whitening, 1 on average."""
        scale: Floats = np.sqrt(self.spectrum / self.spectrum.mean())
        return scale


@dataclass(frozen=True)
class _Columns:
    """How columns are put on one scale: ``clip((x / unit - centre) / scale)``, x on its own scale.

    Attributes
    ----------
    exponent : ndarray of int, shape (d,)
        Powers of two taken out of columns so small or large that squares leave the floats.
    knee : ndarray, shape (d,)
        Where a column of many decades turns from linear to logarithmic; 0 for other columns.
    centre, scale : ndarray, shape (d,)
        Median and winsorised standard deviation after that; 0 scale for what does not vary.
    """

    exponent: Codes
    knee: Floats
    centre: Floats
    scale: Floats

    def standardised(self, X: Array, columns: Any) -> Floats:
        """Some columns of the rows `X`, centred, scaled and cut."""
        block = _on_scale(X[:, columns], self.exponent[columns], self.knee[columns])
        block -= self.centre[columns]
        block /= self.scale[columns]
        return np.clip(block, -REACH, REACH, out=block)


@dataclass(frozen=True)
class _Step:
    """From rows of a source to whitened ones."""

    columns: _Columns
    kept: NDArray[np.intp]
    mean: Floats
    projection: Floats
    precision: type[np.floating[Any]] = np.float64

    def __call__(self, X: Array) -> Array:
        block = self.columns.standardised(X, self.kept)
        block -= self.mean
        whitened: Array = block.astype(self.precision, copy=False) @ self.projection
        return whitened

    def in_single_precision(self) -> _Step:
        """The same, but for the product."""
        single: Any = self.projection.astype(np.float32)
        return dataclasses.replace(self, projection=single, precision=np.float32)


@dataclass(frozen=True)
class _OfUnits:
    """From rows of a source to what its single units say."""

    columns: _Columns
    kept: NDArray[np.intp]
    units: Units

    def __call__(self, X: Array) -> Floats:
        return self.units(self.columns.standardised(X, self.kept))


def whiten_with_units(X: Source, left_out: Codes | None = None) -> Whitened:
    """As `whiten`, with what single units say."""
    columns, kept = _columns_that_vary(X, left_out)
    found = _whitened(X, columns, kept)
    few = len(X) * len(kept) <= MAX_ENTRIES_OF_UNITS or isinstance(found.Z, Made)
    if not few or not 0 < len(kept) <= MAX_WIDTH_OF_BENDS:
        return found
    with_splines = len(kept) <= MAX_WIDTH_OF_SPLINES
    if isinstance(found.Z, Made):
        some = columns.standardised(drawn_rows(X), kept)
        of_bends, of_splines = (
            _made(X, _OfUnits(columns, kept, units)) for units in bends_and_splines(some)
        )
        return _with_units(found, of_bends, of_splines if with_splines else None)
    V = columns.standardised(whole(X), kept)
    bends, splines = bends_and_splines(drawn_rows(V))
    return _with_units(found, bends(V), splines(V) if with_splines else None)


def _made(source: Rows, step: Callable[[Array], Array]) -> Made:
    return Made((source,), step, step(source[np.arange(1)]).shape[1])


def whiten(X: Rows, left_out: Codes | None = None, *, made_width: float = MADE_WIDTH) -> Whitened:
    """Whiten `X`, shape (n, d): cut outliers, standardise, rotate to principal axes, scale.

    Columns `left_out`, constant ones and directions without variance are dropped; if nothing
    varies the rank is 0. Works in blocks: beyond the result, memory is O(min(n, d)^2). Rows that
    are made are whitened by what some of them show, and made again up to so many columns.
    """
    if not isinstance(X, Made):
        return _whitened(X, *_columns_that_vary(X, left_out))
    some = X[_drawn(len(X), SHOWN_ENTRIES // X.width)]
    columns, kept = _columns_that_vary(some, left_out)
    if not len(kept):
        return _nothing(len(X))
    step, spectrum = _step(some, columns, kept)
    return Whitened(_all_rows(X, step, made_width), spectrum)


def _columns_that_vary(X: Source, left_out: Codes | None) -> tuple[_Columns, NDArray[np.intp]]:
    columns = _read_columns(X)
    if left_out is not None:
        columns.scale[left_out] = 0.0
    return columns, np.flatnonzero(columns.scale > 0)


def _whitened(X: Source, columns: _Columns, kept: NDArray[np.intp]) -> Whitened:
    if not len(kept):
        return _nothing(len(X))
    if len(X) < len(kept):
        return _by_rows(whole(X), columns, kept)
    return _by_columns(X, columns, kept)


def _nothing(n: int) -> Whitened:
    return Whitened(np.zeros((n, 0)), np.zeros(0))


def _with_units(found: Whitened, of_bends: Rows, of_splines: Rows | None) -> Whitened:
    return dataclasses.replace(
        found,
        bent=whiten(of_bends, made_width=np.inf).Z,
        splines=None if of_splines is None else whiten(of_splines, made_width=np.inf).Z,
    )


def _by_columns(X: Source, columns: _Columns, kept: NDArray[np.intp]) -> Whitened:
    """From the covariance of the columns; of many as some of many rows show it."""
    n_rows = max(ROWS_ENOUGH, ROWS_A_COLUMN * len(kept))
    some = len(kept) > MADE_WIDTH and len(X) > n_rows
    step, spectrum = _step(X, columns, kept, _drawn(len(X), n_rows) if some else None)
    return Whitened(_all_rows(X, step, MADE_WIDTH), spectrum)


def _step(
    X: Source, columns: _Columns, kept: NDArray[np.intp], some: Codes | None = None
) -> tuple[_Step, Floats]:
    """What whitens the columns of all rows, or of some, and the variances along the axes."""
    mean, covariance = _moments(X, columns, kept, some)
    variances, axes = principal_axes(covariance)
    n_kept = _rank(variances)
    spectrum, projection = variances[:n_kept], axes[:, :n_kept]
    projection /= np.sqrt(spectrum)
    return _Step(columns, kept, mean, projection), spectrum


def _all_rows(X: Rows, step: _Step, made_width: float) -> Rows:
    """Every row whitened, or to be when it is read: where rows are many and that is cheap."""
    n, width = len(X), step.projection.shape[1]
    if n > ROWS_ENOUGH and width <= MADE_WIDTH:
        return Made((X,), step, width)
    if n > ROWS_ENOUGH and width <= made_width:
        return Made((X,), step.in_single_precision(), width, np.float32)
    precision = _precision(n * width)
    if n * width * np.dtype(precision).itemsize > HELD_BYTES:
        single = step.in_single_precision()
        return rewritten(
            lambda rows: single(_read(X, rows)), (n, width), np.float32, entries=MADE_ENTRIES
        )
    Z = np.empty((n, width), dtype=precision)
    for rows in blocks(*X.shape):
        Z[rows] = step(_read(X, rows))
    return Z


def _read(X: Rows, rows: slice) -> Array:
    return X[np.arange(len(X))[rows]] if isinstance(X, Made) else X[rows]


def _by_rows(X: Array, columns: _Columns, kept: NDArray[np.intp]) -> Whitened:
    """From the products of the rows, where these are fewer: the same up to the signs of axes."""
    n = len(X)
    products = np.zeros((n, n))
    for some in blocks(len(kept), n):
        block = columns.standardised(X, kept[some])
        block -= block.mean(axis=0)
        products += block @ block.T
    variances, axes = principal_axes(products / n)
    n_kept = min(_rank(variances), n - 1)  # centred rows lie in n - 1 dimensions
    Z = np.sqrt(n) * axes[:, :n_kept]
    return Whitened(Z.astype(_precision(Z.size), copy=False), variances[:n_kept])


def _rank(variances: Floats) -> int:
    return int((variances > RANK_TOLERANCE * max(variances[0], 1e-300)).sum())


def _precision(n_entries: int) -> type[np.floating[Any]]:
    return np.float64 if n_entries <= DOUBLE_ENTRIES else np.float32


def join(left: Whitened, right: Whitened) -> Whitened:
    """Whiten two whitened sources together, neither louder than the other."""
    found = whiten(_beside(left.Z, right.Z))
    if left.bent is None or right.bent is None:
        return found
    of_splines = None
    if left.splines is not None and right.splines is not None:
        of_splines = _beside(left.splines, right.splines)
    return _with_units(found, _beside(left.bent, right.bent), of_splines)


def _beside(left: Rows, right: Rows) -> Rows:
    if isinstance(left, Made | LazyRows) or isinstance(right, Made | LazyRows):
        return Made((left, right), as_they_are, left.shape[1] + right.shape[1])
    return np.hstack([left, right])


def drawn_rows(X: Source) -> Array:
    """All rows of `X`, or of a large one some that are drawn, always the same.

    Drawn, not evenly spaced: rows of sequences repeat with a period.
    """
    if X.size <= QUANTILE_ENTRIES or len(X) <= QUANTILE_ROWS:
        return whole(X)
    return X[_drawn(len(X), QUANTILE_ROWS)]


def _drawn(n: int, n_rows: int) -> Codes:
    return np.sort(np.random.default_rng(0).permutation(n)[:n_rows])


def _read_columns(X: Source) -> _Columns:
    """Scales of all columns."""
    d = X.shape[1]
    some = drawn_rows(X)
    exponents = _exponents(_largest(X))
    found = _Columns(
        exponent=exponents,
        knee=np.zeros(d),
        centre=np.zeros(d),
        scale=np.zeros(d),
    )
    for block in blocks(d, len(some)):
        _read_block(some[:, block], found, block)
    # A unit that is off for 99 % of the rows has no winsorised scale.
    rare = np.flatnonzero(found.scale <= CONSTANT * np.abs(found.centre))
    if len(rare):
        found.scale[rare] = _deviations(X, found, rare)
    found.scale[found.scale <= CONSTANT * np.abs(found.centre)] = 0.0
    return found


def _read_block(some: Array, found: _Columns, block: slice) -> None:
    """Fill in the scales of a block of columns, of which `some` rows are shown."""
    exponent = found.exponent[block]
    knee = found.knee[block] = _knees(_on_scale(some, exponent, np.zeros(len(exponent))))
    values = _on_scale(some, exponent, knee)
    low, centre, high = quantiles(sorted_columns(values), (0.01, 0.5, 0.99))
    found.centre[block], found.scale[block] = centre, np.clip(values, low, high).std(axis=0)


def _largest(X: Source) -> Array:
    """Largest size in each column, shape (1, d)."""
    largest = np.zeros((1, X.shape[1]), dtype=X.dtype)
    for _, block in blocks_of(X):
        np.maximum(largest, np.abs(block).max(axis=0), out=largest)
    return largest


def _deviations(X: Source, columns: _Columns, which: Codes) -> Floats:
    """Standard deviations of some columns over all rows, on the scales of their own."""
    scales = columns.exponent[which], columns.knee[which]
    mean, squares = np.zeros(len(which)), np.zeros(len(which))
    for rows in blocks(*X.shape):
        mean += _on_scale(X[rows, which], *scales).sum(axis=0) / len(X)
    for rows in blocks(*X.shape):
        squares += ((_on_scale(X[rows, which], *scales) - mean) ** 2).sum(axis=0)
    return np.sqrt(squares / len(X))


def _on_scale(X: Array, exponent: Codes, knee: Floats) -> Floats:
    """Columns in double precision, without their powers of two, long ones by logarithms."""
    values = X.astype(np.float64)
    if exponent.any():
        values = np.ldexp(values, -exponent)
    long = np.flatnonzero(knee)
    values[:, long] = np.arcsinh(values[:, long] / knee[long])
    return values


def _exponents(X: Array) -> Codes:
    exponent = exponents_of(X).astype(np.int64)
    return np.where(np.abs(exponent) > LARGEST_EXPONENT, exponent, 0)


def _knees(values: Floats) -> Floats:
    """The tenth percentile of the sizes above 0, of columns that span many decades."""
    sizes = np.abs(values)
    most, high = quantiles(sorted_columns(sizes), (0.2, 0.99))
    knees = np.zeros(len(high))
    long = most < high / DECADES  # or with many zeros, to be seen
    for j in np.flatnonzero(long & (high > 0)):
        # What rounding makes of zeros is no decade.
        low = float(np.quantile(sizes[sizes[:, j] > ROUNDED_ZERO * high[j], j], 0.1))
        knees[j] = low if low < high[j] / DECADES else 0.0
    return knees


def _moments(
    X: Source, columns: _Columns, kept: NDArray[np.intp], some: Codes | None
) -> tuple[Floats, Floats]:
    total, gram = np.zeros(len(kept)), np.zeros((len(kept), len(kept)))
    n = len(X) if some is None else len(some)
    for rows in blocks(n, X.shape[1]):
        block = columns.standardised(X[rows if some is None else some[rows]], kept)
        total += block.sum(axis=0)
        gram += block.T @ block
    mean = total / n
    return mean, gram / n - np.outer(mean, mean)
