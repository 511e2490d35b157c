"""Problems of many families, whose decompositions are known, for fits that leave families out."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.tools.families import (
    additive,
    chain,
    manifold,
    many_valued,
    real,
    rectified,
    rules,
    wide,
)
from benchmarks.tools.families.problem import Problem

__all__ = ["FAMILIES", "Problem", "families"]
MAKERS = {
    "rectified": rectified.MAKERS,
    "additive": additive.MAKERS,
    "manifold": manifold.MAKERS,
    "rules": rules.MAKERS,
    "many_valued": many_valued.MAKERS,
    "wide": wide.MAKERS,
    "real": real.MAKERS,
    "chain": chain.MAKERS,
}
FAMILIES = tuple(MAKERS)


def families(
    variant: int = 0, only: Iterable[str] = FAMILIES, names: Iterable[str] = ()
) -> list[Problem]:
    """Problems of some families; another variant has other parameters.

    Parameters
    ----------
    variant : int, default 0
        0 is the member that tables show.
    only : iterable of str
        Names of families.
    names : iterable of str
        Names of problems; all if empty.
    """
    makers = {maker.__name__: maker for family in only for maker in MAKERS[family]}
    chosen = set(names) or makers.keys()
    return [make(name, variant) for name, make in makers.items() if name in chosen]
