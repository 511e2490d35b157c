"""Support of the couplings q[t, s, y] that keep both pair marginals, as a list of entries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True)
class Support:
    """Entries (t, s, y) with p(t, y) > 0 and p(s, y) > 0, sorted by cell (t, s), then y.

    Outside these entries every admissible q is zero; the cube itself is never formed.
    `cell[e]` numbers the cell of entry e, `starts[c]` is the first entry of cell c.
    """

    t: Ints
    s: Ints
    y: Ints
    cell: Ints
    starts: Ints

    def total(self, values: Floats) -> Floats:
        """Sum of entry values over y, one number a cell."""
        return np.add.reduceat(values, self.starts)


def support_of(p_ty: Floats, p_sy: Floats) -> Support:
    """Entries of the support, for tables in which every class has mass."""
    blocks = [_block(p_ty[:, y], p_sy[:, y], y) for y in range(p_ty.shape[1])]
    t, s, y = (np.concatenate(columns) for columns in zip(*blocks, strict=True))
    order = np.lexsort((y, s, t))
    t, s, y = t[order], s[order], y[order]
    new_cell = np.ones(len(t), dtype=bool)
    new_cell[1:] = (t[1:] != t[:-1]) | (s[1:] != s[:-1])
    return Support(t, s, y, np.cumsum(new_cell) - 1, np.nonzero(new_cell)[0])


def _block(p_t: Floats, p_s: Floats, y: int) -> tuple[Ints, Ints, Ints]:
    t, s = np.nonzero(p_t)[0], np.nonzero(p_s)[0]
    return (
        np.repeat(t, len(s)),
        np.tile(s, len(t)),
        np.full(len(t) * len(s), y, dtype=np.intp),
    )
