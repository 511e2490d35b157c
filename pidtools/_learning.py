"""Rows only to learn from: `fit_on`, checked against the rows that are measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pidtools import _validate
from pidtools._estimator import Lesson
from pidtools._lazy_rows import LazyRows, Source, blocks_of
from pidtools._remarks import Rank, Remark
from pidtools._target import Target
from pidtools._types import Bools, Codes

# Share of rows that repeat one another by nature (symbols, few values) above which equal rows in
# both parts are no sign that a row was measured that was learned from.
OFTEN_EQUAL = 0.01


def lessons(
    fit_on: Any,
    sources: Mapping[str, Source],
    Y: ArrayLike,
    target: Target,
    *,
    minus_infinity: bool = False,
) -> tuple[dict[str, Lesson], tuple[Remark, ...]]:
    """The rows to learn from of each source, with labels in the numbers of `target`, and notes.

    Rows whose label is never measured are left out; `minus_infinity` as in `check_source`.

    Raises
    ------
    ValueError, TypeError
        If `fit_on` is not one array a source and labels, if widths, dtypes or lengths differ
        from those of the measured rows, or if rows are measured that are also learned from.
    """
    names = (*sources, "Y")
    if not isinstance(fit_on, tuple) or len(fit_on) != len(names):
        got = f"{len(fit_on)} entries" if isinstance(fit_on, tuple) else type(fit_on).__name__
        raise TypeError(
            f"fit_on must be a tuple of arrays for {', '.join(names)}, rows that are only learned "
            f"from; got {got}."
        )
    if target.n_classes is None:
        raise ValueError("fit_on is for class labels; Y is an amount. Leave it out.")
    *given, labels = fit_on
    arrays = {
        name: _validate.check_source(X, f"fit_on {name}", minus_infinity=minus_infinity)
        for name, X in zip(sources, given, strict=True)
    }
    for name, X in arrays.items():
        _check_alike(name, X, sources[name])
    codes, known = _codes(labels, Y, target)
    _validate.check_same_length(
        **{f"fit_on_{name}": X for name, X in arrays.items()}, fit_on_Y=codes
    )
    _refuse_measured(arrays, sources)
    notes = []
    if not known.all():
        text = (
            f"{int((~known).sum())} of {len(known)} rows of fit_on have labels that no measured "
            "row has, and were left out."
        )
        notes.append(Remark(text, "note", Rank.changed))
    if known.sum() == 0:
        raise ValueError("fit_on has no row with a label of Y; are they of the same task?")
    text = f"{int(known.sum())} rows of fit_on were learned from and not measured."
    notes.append(Remark(text, "note", Rank.general))
    every = known.all()
    return {
        name: Lesson(X if every else X[np.flatnonzero(known)], codes[known])
        for name, X in arrays.items()
    }, tuple(notes)


def _check_alike(name: str, X: Source, measured: Source) -> None:
    if X.shape[1:] != measured.shape[1:]:
        raise ValueError(
            f"fit_on {name} has rows of shape {X.shape[1:]} and {name} of {measured.shape[1:]}; "
            "pass the same layer of the same network."
        )
    numbers = [array.dtype.kind in "biuf" for array in (X, measured)]
    if numbers[0] != numbers[1]:
        raise TypeError(
            f"fit_on {name} holds {X.dtype} and {name} {measured.dtype}; pass the same kind."
        )


def _codes(labels: ArrayLike, Y: ArrayLike, target: Target) -> tuple[Codes, Bools]:
    """Labels as numbers of the measured classes, and which rows have one."""
    _, classes = _validate.check_labels(Y)
    if len(classes) != target.n_classes:
        raise ValueError("fit_on needs labels that are plain classes: integers, bools or strings.")
    own = _validate.as_array(labels, "fit_on Y").reshape(-1)
    if (own.dtype.kind in "US") != (classes.dtype.kind in "US"):
        raise TypeError(f"The labels of fit_on hold {own.dtype}, Y {classes.dtype}.")
    place = np.minimum(np.searchsorted(classes, own), len(classes) - 1)
    return place.astype(np.int64), classes[place] == own


def _refuse_measured(arrays: Mapping[str, Source], sources: Mapping[str, Source]) -> None:
    """Refuse rows that are in both parts, in every source."""
    dtypes = {name: np.result_type(arrays[name], sources[name]) for name in sources}
    learned, measured = (
        np.stack([_keys(part[name], dtype) for name, dtype in dtypes.items()], axis=1)
        for part in (arrays, sources)
    )
    rows = np.unique(learned, axis=0)
    if len(rows) < (1 - OFTEN_EQUAL) * len(learned):
        return  # rows repeat by nature
    both = np.concatenate([rows, np.unique(measured, axis=0)])
    n_shared = len(both) - len(np.unique(both, axis=0))
    if n_shared:
        raise ValueError(
            f"{n_shared} rows of fit_on are also measured; who is judged on what was learned from "
            "knows it by heart. Take them out of fit_on, or out of T, S and Y."
        )


def _keys(X: Source, dtype: Any) -> Codes:
    """A number for each row, the same for equal rows and hardly ever for others.

    Of the bytes: sums of equal rows can differ in the last digit.
    """
    columns = X if isinstance(X, LazyRows) else X.reshape(len(X), -1)
    keys = np.empty(len(X), dtype=np.int64)
    for rows, read in blocks_of(columns):
        block = read.astype(dtype)
        if block.dtype.kind == "f":
            block = block + 0.0  # -0 is 0
        keys[rows] = [hash(row.tobytes()) for row in block]
    return keys
