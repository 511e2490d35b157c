"""The vertices of a hull: a loop that runs compiled as well as interpreted."""

from __future__ import annotations

from typing import Any


def upper_hull(x: Any, y: Any, n: int, keep: Any) -> int:
    """List the vertices of the upper concave hull of n points sorted by (x, y).

    Plain loops over plain numbers: the same source is compiled for long curves.
    """
    last = 0
    keep[0] = 0
    for k in range(1, n):
        while last > 0:
            i, j = keep[last - 1], keep[last]
            turn = (x[j] - x[i]) * (y[k] - y[i]) - (y[j] - y[i]) * (x[k] - x[i])
            if turn < 0.0:
                break
            last -= 1
        if x[k] > x[keep[last]] or y[k] > y[keep[last]]:
            last += 1
            keep[last] = k
    return last + 1
