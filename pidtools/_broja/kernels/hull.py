"""The upper concave hull of long curves: the loop of `vertices`, compiled."""

from __future__ import annotations

from typing import Any

from pidtools._broja.kernels import vertices
from pidtools._broja.kernels.headers import Curve
from pidtools._compiled.pointers import entry, inner, view

curve_of = view(Curve)
_upper_hull = inner(vertices.upper_hull)


@entry
def upper_hull(h: Any) -> None:
    """List the vertices of the upper concave hull of points sorted by (x, y)."""
    v = curve_of(h)
    v.n_kept[0] = _upper_hull(v.x, v.y, v.n, v.keep)
