"""Large arrays piece by piece, so that no copy is as large as they are."""

from __future__ import annotations

from collections.abc import Iterator

ENTRIES = 2**21
"""Of a block: 16 MiB in double precision, so that several fit beside each other."""


def blocks(length: int, width: int, *, entries: int = ENTRIES, least: int = 1) -> Iterator[slice]:
    """Consecutive slices of `length` rows (or columns) of `width` entries each.

    A block has about so many `entries`, and `least` rows unless it is the last.
    """
    step = max(entries // max(width, 1), least)
    for start in range(0, length, step):
        yield slice(start, min(start + step, length))
