"""Real layers that look at pictures of digits."""

from __future__ import annotations

from itertools import product

import numpy as np

from benchmarks.tools.families.looks import copied, of_pictures, one_picture, two_pictures
from benchmarks.tools.families.pictures import (
    Pictures,
    as_float16,
    as_int8,
    convolution,
    of_digits,
)
from benchmarks.tools.families.problem import Maker, Problem, parameters
from benchmarks.tools.families.systems import law_of_codes
from pidtools._types import Array, Codes
from pidtools.problems.catalogue import flipped

Generator = np.random.Generator


def same_picture(name: str, variant: int) -> Problem:
    """A wide map in int8 and the logits of a perceptron in half precision."""
    wrong = parameters(name, variant).uniform(0.05, 0.3)
    pmf = copied(flipped(np.eye(10), wrong) / 10)
    s = as_float16(of_digits(variant, (96,), "tanh").logits)
    look = one_picture(variant, as_int8(convolution(64, variant), 6.0), s)
    about = "ten digits, some labels wrong; T 1024 random features in int8, S logits"
    return of_pictures("real", name, variant, about, pmf, look)


def grouped_digits(name: str, variant: int) -> Problem:
    """S sees another digit of the same group."""
    rng = parameters(name, variant)
    group = rng.permutation(np.array([0, 0, 1, 1, 1, 2, 2, 3, 3, 3]))
    pmf = np.zeros((10, 10, 10))
    label = flipped(np.eye(10), rng.uniform(0.02, 0.15))
    for t, s in product(range(10), range(10)):
        if group[t] == group[s]:
            pmf[t, s] = label[t] / (group == group[t]).sum() / 10
    t_layer = of_digits(variant, (96, 64), "relu").layer(2)
    about = "ten digits, which S knows up to four groups; T a relu layer, S 1280 random features"
    look = two_pictures(variant, t_layer, convolution(80, variant))
    return of_pictures("real", name, variant, about, pmf, look)


def fifty_classes(name: str, variant: int) -> Problem:
    """A product: labels are pairs of what T sees and what S sees."""
    rng = parameters(name, variant)
    five = rng.permutation(np.arange(10) % 5)
    pmf = np.zeros((10, 10, 50))
    label = flipped(np.eye(50), rng.uniform(0.02, 0.15))
    for t, s in product(range(10), range(10)):
        pmf[t, s] = label[5 * t + five[s]] / 100
    network = of_digits(variant, (128, 32), "relu")
    look = two_pictures(variant, network.layer(1), network.probabilities)
    about = "fifty classes: the digit that T sees (relu layer), one of five groups S sees (softmax)"
    return of_pictures("real", name, variant, about, pmf, look)


def crop(name: str, variant: int) -> Problem:
    """T sees two digits, S the right half of the picture."""
    rng = parameters(name, variant)
    digits = rng.permutation(10)[:5]
    given = 0.8 * rng.dirichlet(np.full(6, 0.25), (5, 5)) + 0.2 / 6
    pmf = np.zeros((25, 5, 6))
    for left, right in product(range(5), range(5)):
        pmf[5 * left + right, right] = given[left, right] / 25
    pictures, t, s = (
        Pictures(variant),
        convolution(32, variant),
        convolution(48, variant + 1, "mean"),
    )

    def look(pack: Codes, pair: Codes, right: Codes, rng: Generator) -> tuple[Array, Array]:
        halves = [pictures.show(pack, digits[code], rng) for code in (pair // 5, right)]
        return t(np.concatenate(halves, axis=2)), s(halves[1])

    about = "six classes of two digits of five; random features of both in T, of a crop in S"
    return of_pictures("real", name, variant, about, pmf, look)


def any_law(name: str, variant: int) -> Problem:
    """Any law of two digits and a label."""
    rng = parameters(name, variant)
    pmf = law_of_codes(rng, 10, 10, 5, 0.3)
    network = of_digits(variant, (96, 32), "tanh")
    about = "five classes of the digits that T and S see, any law; an early tanh layer, a late one"
    look = two_pictures(variant, network.layer(1), as_float16(network.layer(2)))
    return of_pictures("real", name, variant, about, pmf, look)


def symbols_of_layer(name: str, variant: int) -> Problem:
    """S is a column of symbols: what a network says, merged."""
    rng = parameters(name, variant)
    merged = rng.permutation(np.arange(10) % 6)
    p_ty = flipped(np.eye(10), rng.uniform(0.02, 0.2)) / 10
    pmf = np.eye(6)[merged][:, :, None] * p_ty[:, None, :]
    logits = of_digits(variant, (96, 64), "relu").logits

    def said(pictures: Array) -> Array:
        symbol: Array = merged[logits(pictures).argmax(axis=1)]
        return symbol

    t = as_float16(convolution(64, variant + 2, "mean"))
    about = "ten digits; T 1024 random features, S a column of six symbols"
    return of_pictures("real", name, variant, about, pmf, one_picture(variant, t, said))


MAKERS: tuple[Maker, ...] = (
    same_picture,
    grouped_digits,
    fifty_classes,
    crop,
    any_law,
    symbols_of_layer,
)
