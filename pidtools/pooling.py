"""Tokens and feature maps to one row of units a sample, with the axis meant."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from pidtools import _validate, _warnings
from pidtools._stored import Stored
from pidtools._types import Array, Bools

How = Literal["mean", "max", "flatten", "first", "last"]
Layout = Literal["nchw", "nhwc", "ntd"]
HOWS = ("mean", "max", "flatten", "first", "last")
# Axes of samples, units and what is pooled over.
AXES = {"nchw": (4, (2, 3)), "nhwc": (4, (1, 2)), "ntd": (3, (1,))}
LAYOUTS = tuple(AXES)
MEANT = {
    "nchw": "(n, channels, height, width)",
    "nhwc": "(n, height, width, channels)",
    "ntd": "(n, tokens, units)",
}


@_warnings.quiet
def pool(
    X: ArrayLike,
    how: How = "mean",
    layout: Layout | None = None,
    mask: ArrayLike | None = None,
) -> Array:
    """Activations of many positions as one row a sample: over space or tokens, never over units.

    Parameters
    ----------
    X : array_like, shape (n, channels, height, width), (n, height, width, channels) or \
            (n, tokens, units)
        Numbers. Memory maps, datasets of HDF5 and zarr, and lazy arrays are read block by block.
    how : {"mean", "max", "flatten", "first", "last"}
        Mean or maximum over positions; all positions beside each other; the first token, or the
        last one.
    layout : {"nchw", "nhwc", "ntd"}
        What the axes are; "flatten" takes any. Shapes don't tell, so there is no default.
    mask : array_like, shape (n, tokens), or None
        1 (or True) for tokens, 0 for padding, with "ntd": padding counts in no mean and no
        maximum, "first" and "last" are the first and last token that is none.

    Returns
    -------
    ndarray, shape (n, d)
        float32; float64 of float64 and of integers of four bytes and more. Above 64 MiB a memory
        map of a temporary file. "flatten" keeps the type.

    Raises
    ------
    ValueError
        If the layout is left out, or is not that of the shape; if the mask has another shape, a
        row without a token, or other values than 0 and 1; for an unknown choice or empty input.
    TypeError
        If X holds no numbers.

    Examples
    --------
    >>> import numpy as np
    >>> import pidtools as pt
    >>> X = np.arange(12.0).reshape(2, 3, 2)
    >>> pt.pool(X, "mean", layout="ntd").tolist()
    [[2.0, 3.0], [8.0, 9.0]]
    >>> pt.pool(X, "last", layout="ntd", mask=[[1, 1, 0], [1, 1, 1]]).tolist()
    [[2.0, 3.0], [10.0, 11.0]]
    """
    _validate.check_choice(how, "how", HOWS)
    if layout is not None:
        _validate.check_choice(layout, "layout", LAYOUTS)
    given = _validate.as_stored(X, "X")
    _check(given, how, layout, "X" if isinstance(X, np.ndarray) else "numpy.asarray(X)")
    if how == "flatten":
        if mask is not None:
            raise ValueError('mask goes with a mean, a maximum or a token; how is "flatten".')
        return _by_blocks(given, math.prod(given.shape[1:]), given.dtype, _flattened)
    assert layout is not None
    kept = None if mask is None else _checked_mask(mask, given.shape, layout)
    ndim, axes = AXES[layout]
    units = given.shape[next(axis for axis in range(1, ndim) if axis not in axes)]
    dtype = np.result_type(given.dtype, np.float32)
    if how in ("first", "last"):
        return _tokens(given, kept, units, dtype, how)
    over = _mean if how == "mean" else _maximum
    return _by_blocks(given, units, dtype, lambda block, rows: over(block, axes, _of(kept, rows)))


def _check(given: Stored, how: str, layout: str | None, own: str) -> None:
    shape = given.shape
    if given.dtype.kind not in "biuf":
        raise TypeError(f"X has dtype {given.dtype}; pool takes numbers.")
    if len(shape) < 3:
        raise ValueError(
            f"X has the shape {shape}, with nothing to pool; pass (n, d) to the estimators as it "
            "is."
        )
    if 0 in shape:
        raise ValueError(f"X is empty: its shape is {shape}.")
    if how == "flatten":
        return
    if layout is None:
        raise ValueError(
            f"layout is left out, and the shape {shape} does not tell it. {_lines(shape, how, own)}"
        )
    if len(shape) != AXES[layout][0]:
        raise ValueError(
            f'layout="{layout}" means {MEANT[layout]}, and X has the shape {shape}. '
            f"{_lines(shape, how, own)}"
        )
    if how in ("first", "last") and layout != "ntd":
        raise ValueError(
            f'how="{how}" takes a token, layout="ntd"; feature maps have none: use "mean", "max" '
            'or "flatten".'
        )


def _lines(shape: tuple[int, ...], how: str, own: str) -> str:
    how = "mean" if len(shape) == 4 and how in ("first", "last") else how
    return (
        _validate.how_to_pool(shape, "X", own)
        .replace('"mean"', f'"{how}"')
        .replace("the mean over", "over")
        .replace(".mean(", ".max(" if how == "max" else ".mean(")
    )


def _checked_mask(mask: Any, shape: tuple[int, ...], layout: str) -> Bools:
    if layout != "ntd":
        raise ValueError(f'mask is of tokens, layout="ntd"; layout is "{layout}".')
    given = _validate.as_array(mask, "mask")
    if given.shape != shape[:2]:
        raise ValueError(
            f"mask has the shape {given.shape}; it must say of each token of X whether it counts, "
            f"shape {shape[:2]}."
        )
    if given.dtype.kind not in "biuf":
        raise TypeError(f"mask has dtype {given.dtype}; pass 0 and 1, or bools.")
    kept: Bools = given == 1
    other = ~(kept | (given == 0))
    if other.any():
        raise ValueError(
            f"mask holds {given[other][0]}; it must hold 0 (padding) and 1 (token) alone. Of a "
            "mask that is added to scores, pass mask == 0."
        )
    empty = np.flatnonzero(~kept.any(axis=1))
    if len(empty):
        raise ValueError(
            f"mask leaves no token in {len(empty)} rows (first at row {empty[0]}); take those rows "
            "out of T, S and Y together."
        )
    return kept


def _of(kept: Bools | None, rows: slice) -> Bools | None:
    return None if kept is None else kept[rows]


def _by_blocks(given: Stored, width: int, dtype: np.dtype[Any], change: Any) -> Array:
    def read(rows: slice) -> Array:
        made: Array = change(given.read(rows), rows)
        return made.astype(dtype, copy=False)

    shape = (given.shape[0], width)
    small = Stored(shape=shape, dtype=dtype, read=read, n_chunk=given.n_chunk)
    return small.whole_by(given.slices())


def _flattened(block: Array, rows: slice) -> Array:
    return block.reshape(len(block), -1)


def _mean(block: Array, axes: tuple[int, ...], kept: Bools | None) -> Array:
    """Summed in double precision; what is masked may be anything, NaN too."""
    if kept is None:
        return np.asarray(block.mean(axis=axes, dtype=np.float64))
    total = np.where(kept[..., None], block, 0).sum(axis=1, dtype=np.float64)
    return np.asarray(total / kept.sum(axis=1)[:, None])


def _maximum(block: Array, axes: tuple[int, ...], kept: Bools | None) -> Array:
    if kept is None:
        return np.asarray(block.max(axis=axes))
    wide = block.astype(np.result_type(block.dtype, np.float32), copy=False)
    return np.asarray(np.where(kept[..., None], wide, -np.inf).max(axis=1))


def _tokens(given: Stored, kept: Bools | None, units: int, dtype: np.dtype[Any], how: str) -> Array:
    n, n_tokens = given.shape[:2]
    if kept is None:
        which = np.full(n, 0 if how == "first" else n_tokens - 1)
    elif how == "first":
        which = kept.argmax(axis=1)
    else:
        which = n_tokens - 1 - kept[:, ::-1].argmax(axis=1)

    def taken(block: Array, rows: slice) -> Array:
        return np.asarray(block[np.arange(len(block)), which[rows]])

    return _by_blocks(given, units, dtype, taken)
