"""Which rows are learned from where there are many, and rows that are made when they are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pidtools._blocks import blocks
from pidtools._lazy_rows import LazyRows
from pidtools._types import Array, Codes

# Rows beyond which most experts learn from a part of them, and sources are not held whitened.
ROWS_ENOUGH = 50_000
# Most rows that are kept as they were read last; fewer are made together of more columns.
KEPT_ROWS, MADE_WIDTH = 2**13, 64


def choose_rows(labels: Codes, n: int, random_state: int) -> Codes:
    """Places of `n` random rows, and of one of each class that would be missing, in order.

    The choice of fewer rows is a part of that of more.
    """
    order = np.random.default_rng(random_state).permutation(len(labels))
    first = np.unique(labels[order], return_index=True)[1]
    return np.union1d(order[:n], order[first])


@dataclass(frozen=True, eq=False)
class Made:
    """Features that are made from those of other rows each time they are read.

    An array of them would be as large as the source. Few rows are kept until others are read:
    several experts ask for them in turn.
    """

    sources: tuple[Rows, ...]
    step: Callable[[Array], Array]
    width: int
    precision: type[np.floating[Any]] = np.float64
    _last: list[tuple[Codes, Array]] = field(default_factory=list, repr=False)

    def __len__(self) -> int:
        return len(self.sources[0])

    def __getitem__(self, rows: Codes) -> Array:
        for last, made in tuple(self._last):
            if last is rows:
                return made
        if len(rows) > KEPT_ROWS:
            return self._by_blocks(rows)
        parts = [source[rows] for source in self.sources]
        made = self.step(parts[0] if len(parts) == 1 else np.hstack(parts))
        self._last[:] = [(rows, made)]
        return made

    def _by_blocks(self, rows: Codes) -> Array:
        """Many rows, so that what is on the way is not as large as they are."""
        many = np.empty((len(rows), self.width), dtype=self.precision)
        for block in blocks(len(rows), max(self.width, MADE_WIDTH), entries=KEPT_ROWS * MADE_WIDTH):
            many[block] = self[rows[block]]
        return many

    @property
    def shape(self) -> tuple[int, int]:
        """Of the array that is not made."""
        return len(self), self.width

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the features."""
        return np.dtype(self.precision)

    @property
    def nbytes(self) -> int:
        """What is held."""
        return 0


Rows = Array | LazyRows | Made


def as_they_are(rows: Array) -> Array:
    """The step that changes nothing."""
    return rows
