"""From signals to activations: nuisance, rotations, curves and random layers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import inf

import numpy as np

from benchmarks.tools.families.problem import Embed
from pidtools._types import Array, Floats
from pidtools.problems.embedding import IDENTITY, Embedding, Step

Generator = np.random.Generator
RELU = Step(lambda x: np.maximum(x, 0.0), lambda x: x)
LEAKY = Step(lambda x: np.where(x > 0, x, 0.1 * x), lambda x: np.where(x > 0, x, 10 * x))


def rotated(
    width: int,
    rng: Generator,
    nuisance: float | Floats = 1.0,
    *,
    df: float = inf,
    last: Step = IDENTITY,
) -> Embed:
    """Signals among nuisance, rotated together, behind an activation function."""
    seed = int(rng.integers(2**31))
    return Embedding(width, seed, nuisance=nuisance, df=df, last=last).embed


def beside(
    width: int, rng: Generator, nuisance: float | Floats = 1.0, *, last: Step = IDENTITY
) -> Embed:
    """Units as they are among units that know nothing, in random order."""
    seed = int(rng.integers(2**31))
    return Embedding(width, seed, nuisance=nuisance, last=last, rotate=False).embed


def after(bend: Callable[[Floats, Generator], Floats], embed: Embed) -> Embed:
    """Signals bent before they are embedded."""
    return lambda signal, rng: embed(bend(signal, rng), rng)


def permuted(embed: Embed, width: int, rng: Generator) -> Embed:
    """Columns in another order."""
    order = rng.permutation(width)
    return lambda signal, draws: embed(signal, draws)[:, order]


def as_they_are(signal: Floats, _: Generator) -> Array:
    """Signals as activations."""
    return signal


def random_relu(widths: list[int], rng: Generator) -> Embed:
    """Random rectified layers, the first of them of normal weights and biases.

    Where more units are awake than the signal has dimensions, the layer determines the signal.
    """
    weights = [
        rng.standard_normal((before, after)) / np.sqrt(before) for before, after in pairwise(widths)
    ]
    biases = [0.5 * rng.standard_normal(width) for width in widths[1:]]

    def forward(signal: Floats, _: Generator) -> Array:
        for w, b in zip(weights, biases, strict=True):
            signal = np.maximum(signal @ w + b, 0.0)
        return signal.astype(np.float32)

    return forward


def spread(parts: Array, sizes: tuple[int, ...]) -> Array:
    """Codes as columns of digits to the bases `sizes`."""
    return np.stack(np.unravel_index(parts, sizes), axis=1)


def one_hot(codes: Array, size: int) -> Array:
    """A column for each symbol."""
    return np.eye(size, dtype=np.float32)[codes]
