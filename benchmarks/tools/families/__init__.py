"""Problems of many families, whose decompositions are known, for fits that leave families out."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from benchmarks.tools.families.made import made
from benchmarks.tools.families.problem import Problem

__all__ = ["FAMILIES", "Problem", "families", "makers"]
FAMILIES = ("rectified", "additive", "manifold", "rules", "many_valued", "wide", "real", "chain")


def families(variant: int = 0, only: Iterable[str] = FAMILIES) -> list[Problem]:
    """All problems of some families; another variant has other parameters.

    Parameters
    ----------
    variant : int, default 0
        0 is the member that tables show.
    only : iterable of str
        Names of families.
    """
    chosen = set(only)
    return [problem for make in makers(variant) if (problem := make()).family in chosen]


def makers(variant: int) -> list[Callable[[], Problem]]:
    """What makes each of the problems."""
    return [*made(variant)]
