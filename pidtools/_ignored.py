"""Rows whose label says that they don't count: left out of every array together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from pidtools import _validate
from pidtools._estimator import Summary
from pidtools._remarks import Rank, Remark
from pidtools._stored import Stored
from pidtools._types import Array, Bools

IgnoreLabel = int | float | str | None
"""Of rows to leave out, as it stands in Y."""


@dataclass(frozen=True)
class Counted:
    """The rows that count, of all arrays alike.

    Attributes
    ----------
    keep : ndarray of bool, shape (n_samples,), or None
        None where all count: then what comes in comes back as it is.
    """

    keep: Bools | None = None

    @classmethod
    def of_labels(cls, ignore_label: Any, Y: Any) -> Counted:
        """All rows but those of a label.

        Raises
        ------
        ValueError, TypeError
            If the label is of another kind than Y, all rows have it, or Y holds several a row.
        """
        if ignore_label is None:
            return cls()
        keep = _kept(_validate.as_array(Y, "Y"), ignore_label)
        if not keep.any():
            raise ValueError(
                f"All {len(keep)} rows of Y have the label {ignore_label!r} that ignore_label "
                "leaves out; pass rows with other labels."
            )
        return cls(None if keep.all() else keep)

    def rows(self, X: Any, name: str) -> Any:
        """Those of an array that count; a `Summary` is of them already.

        Tables of pandas stay such; what is left of large arrays is a temporary map.
        """
        if self.keep is None or X is None or isinstance(X, Summary):
            return X
        if hasattr(X, "iloc"):
            self._check_length(len(X), name)
            return X.iloc[np.flatnonzero(self.keep)]
        keep, given = self.keep, _validate.as_stored(X, name)
        if 0 in given.shape or not given.shape:
            return X  # refused where it is checked
        self._check_length(given.shape[0], name)
        left = Stored(
            shape=(int(keep.sum()), *given.shape[1:]),
            dtype=given.dtype,
            read=lambda rows: given.read(rows)[keep[rows]],
        )
        return left.whole_by(given.slices())

    def note(self, ignore_label: Any) -> tuple[Remark, ...]:
        """What is to be said of the rows left out."""
        if self.keep is None:
            return ()
        label = ignore_label.item() if isinstance(ignore_label, np.generic) else ignore_label
        text = (
            f"{int((~self.keep).sum())} of {len(self.keep)} rows have the label {label!r} "
            "(ignore_label) and were left out."
        )
        return (Remark(text, "note", Rank.changed),)

    def _check_length(self, n: int, name: str) -> None:
        if self.keep is not None and n != len(self.keep):
            raise ValueError(
                f"{name} and Y must have one row a sample: {name} has {n} rows, Y has "
                f"{len(self.keep)} rows."
            )


def _kept(labels: Array, ignore_label: Any) -> Bools:
    if labels.ndim == 0 or labels.size != len(labels):
        raise ValueError(
            f"ignore_label needs one label a sample, shape (n,); Y has the shape {labels.shape}."
        )
    is_text = isinstance(ignore_label, str)
    is_number = isinstance(ignore_label, int | float | np.number)
    if not (is_text or is_number) or isinstance(ignore_label, bool):
        raise TypeError(
            "ignore_label must be a label as it stands in Y, a number or a string, or None; got "
            f"{ignore_label!r}."
        )
    column = labels.reshape(-1)
    if column.dtype.kind in ("biuf" if is_text else "US"):
        raise TypeError(
            f"ignore_label is {ignore_label!r} and Y holds {column.dtype}; give a label as it "
            "stands in Y."
        )
    if is_number and math.isnan(ignore_label):
        return np.asarray(column == column)
    wanted = ignore_label.encode() if column.dtype.kind == "S" else ignore_label
    return np.asarray(column != wanted, dtype=bool)
