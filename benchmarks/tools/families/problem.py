"""A problem of a family: what draws its data, and its exact decomposition."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from benchmarks.tools.families.systems import System, Triple
from pidtools import PID
from pidtools._types import Array, Codes, Floats

Generator = np.random.Generator
Sample = tuple[Array, Array, Codes, Codes | None]
Embed = Callable[[Floats, Generator], Array]
"""From signals, a row a sample, to activations."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Activations of a teacher and a student with labels, whose decomposition is known.

    Attributes
    ----------
    family, name : str
        Problems of one family are alike; whatever is tuned should leave whole families out.
    variant : int
        Member of its kind: other parameters, rotations and networks.
    about : str
        What it is, in one sentence.
    draw : callable
        T, S, Y and groups (None: rows are independent) from a number of rows and a generator.
    exact : callable
        The decomposition; its `gap` says how far it may be off.
    posteriors : callable or None
        p(y | T), p(y | S), p(y | T, S) of fresh rows, and their labels.
    """

    family: str
    name: str
    variant: int
    about: str
    draw: Callable[[int, Generator], Sample] = field(repr=False)
    exact: Callable[[], PID] = field(repr=False)
    posteriors: Callable[[int, Generator], tuple[Triple, Codes]] | None = field(
        default=None, repr=False
    )

    @cached_property
    def pid(self) -> PID:
        """Exact atoms in bits."""
        return self.exact()

    def sample(self, n: int, seed: int) -> Sample:
        """Fresh rows; parameters of the problem do not depend on the seed."""
        return self.draw(n, np.random.default_rng([zlib.crc32(b"rows"), seed]))


Maker = Callable[[str, int], Problem]
"""From the name of a problem and its variant."""


def parameters(name: str, variant: int) -> Generator:
    """What the parameters of a problem are drawn from."""
    return np.random.default_rng([zlib.crc32(name.encode()), variant])


def of_system(
    family: str, name: str, variant: int, about: str, system: System, t: Embed, s: Embed
) -> Problem:
    """A problem of independent rows: signals of a system, embedded."""

    def draw(n: int, rng: Generator) -> Sample:
        a, b, y = system.draw(n, rng)
        return t(a, rng), s(b, rng), y, None

    def posteriors(n: int, rng: Generator) -> tuple[Triple, Codes]:
        a, b, y = system.draw(n, rng)
        return system.posteriors(a, b), y

    return Problem(
        family=family,
        name=name,
        variant=variant,
        about=about,
        draw=draw,
        exact=system.pid,
        posteriors=posteriors,
    )
