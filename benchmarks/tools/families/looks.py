"""Problems of rows that look at pictures: codes of a known law, seen through layers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import pidtools as pt
from benchmarks.tools.families.pictures import (
    Layer,
    Pictures,
)
from benchmarks.tools.families.problem import Problem, Sample
from benchmarks.tools.families.systems import Coded
from pidtools._types import Array, Codes, Floats

Generator = np.random.Generator
Look = Callable[[Codes, Codes, Codes, Generator], tuple[Array, Array]]
"""T and S of rows that take their pictures from packs, from the codes of T and of S."""


def of_pictures(
    family: str, name: str, variant: int, about: str, pmf: Floats, look: Look
) -> Problem:
    """Rows of pictures whose codes have a law pmf[t, s, y]; groups are packs of pictures."""
    system, pictures = Coded(pmf), Pictures(variant)

    def draw(n: int, rng: Generator) -> Sample:
        t, s, y = system.codes(n, rng)
        pack = pictures.draw_packs(n, rng)
        T, S = look(pack, t, s, rng)
        return T, S, y, pack

    return Problem(
        family=family,
        name=name,
        variant=variant,
        about=about,
        draw=draw,
        exact=lambda: pt.broja(pmf),
    )


def two_pictures(variant: int, t: Layer, s: Layer) -> Look:
    """Codes are digits; T sees one picture and S another."""
    pictures = Pictures(variant)

    def look(pack: Codes, left: Codes, right: Codes, rng: Generator) -> tuple[Array, Array]:
        return t(pictures.show(pack, left, rng)), s(pictures.show(pack, right, rng))

    return look


def one_picture(variant: int, t: Layer, s: Layer) -> Look:
    """The code of T is a digit; both see the same picture of it."""
    pictures = Pictures(variant)

    def look(pack: Codes, digit: Codes, _: Codes, rng: Generator) -> tuple[Array, Array]:
        shown = pictures.show(pack, digit, rng)
        return t(shown), s(shown)

    return look


def copied(p_ty: Floats) -> Floats:
    """Law of T, its copy S, and Y."""
    pmf: Floats = np.eye(len(p_ty))[:, :, None] * p_ty[:, None, :]
    return pmf
