"""Rows in drawn order, in batches of nearly one size."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pidtools._types import Codes


def batches(n_rows: int, size: int, seed: list[int]) -> Iterator[Codes]:
    """Rows of each batch of an epoch: none above `size`, no two that differ by more than a row.

    So no batch of a single row is left over, which has no statistics of its own.
    """
    if n_rows <= size:
        yield np.arange(n_rows)
        return
    order = np.random.default_rng(seed).permutation(n_rows)
    yield from np.array_split(order, -(-n_rows // size))
