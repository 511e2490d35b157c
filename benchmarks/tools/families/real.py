"""Families of real layers: what they determine of a picture is a code of a known law."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import product

import numpy as np

import pidtools as pt
from benchmarks.tools.families.layers import random_relu
from benchmarks.tools.families.made import clusters, flipped
from benchmarks.tools.families.pictures import (
    Layer,
    Network,
    Pictures,
    as_float16,
    as_int8,
    convolution,
    of_digits,
    trained,
)
from benchmarks.tools.families.problem import Maker, Problem, Sample, parameters
from benchmarks.tools.families.systems import DRAWS, ERROR, Coded, Hidden, entropies, law_of_codes
from benchmarks.tools.families.units import shifted
from pidtools._types import Array, Codes, Floats
from pidtools.problems.quadrature import assemble

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


def apart(variant: int, t: Layer, s: Layer) -> Look:
    """Codes are digits; T sees one picture and S another."""
    pictures = Pictures(variant)

    def look(pack: Codes, left: Codes, right: Codes, rng: Generator) -> tuple[Array, Array]:
        return t(pictures.show(pack, left, rng)), s(pictures.show(pack, right, rng))

    return look


def together(variant: int, t: Layer, s: Layer) -> Look:
    """The code of T is a digit; both see the same picture of it."""
    pictures = Pictures(variant)

    def look(pack: Codes, digit: Codes, _: Codes, rng: Generator) -> tuple[Array, Array]:
        shown = pictures.show(pack, digit, rng)
        return t(shown), s(shown)

    return look


def _diagonal(p_ty: Floats) -> Floats:
    """Law of T, its copy S, and Y."""
    pmf: Floats = np.eye(len(p_ty))[:, :, None] * p_ty[:, None, :]
    return pmf


def same_picture(name: str, variant: int) -> Problem:
    """A wide map in int8 and the logits of a perceptron in half precision."""
    wrong = parameters(name, variant).uniform(0.05, 0.3)
    pmf = _diagonal(flipped(np.eye(10), wrong) / 10)
    s = as_float16(of_digits(variant, (96,), "tanh").logits)
    look = together(variant, as_int8(convolution(64, variant), 6.0), s)
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
    look = apart(variant, t_layer, convolution(80, variant))
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
    look = apart(variant, network.layer(1), network.probabilities)
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
    look = apart(variant, network.layer(1), as_float16(network.layer(2)))
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
    return of_pictures("real", name, variant, about, pmf, together(variant, t, said))


# ---------------------------------------------------------------------------------------- chain


def digits_first_last(name: str, variant: int) -> Problem:
    """The first layer against the logits."""
    network = of_digits(variant, (256, 64, 32), "relu")
    wrong = parameters(name, variant).uniform(0.02, 0.2)
    pmf = _diagonal(flipped(np.eye(10), wrong) / 10)
    about = "ten digits; the first layer of a network against its logits: all is redundant"
    look = together(variant, network.layer(1), network.logits)
    return of_pictures("chain", name, variant, about, pmf, look)


def digits_second_third(name: str, variant: int) -> Problem:
    """A hidden layer against the next; labels are drawn from the digit."""
    rng = parameters(name, variant)
    network = of_digits(variant, (128, 128, 16), "tanh")
    pmf = _diagonal(rng.dirichlet(np.full(4, 0.3), 10) / 10)
    about = "four classes drawn from the digit; the second layer of a network against its third"
    look = together(variant, network.layer(2), network.layer(3))
    return of_pictures("chain", name, variant, about, pmf, look)


@cache
def of_sums(variant: int) -> Network:
    """A perceptron that adds two digits from 0 to 4, modulo 5."""
    pictures, n = Pictures(variant), 60_000
    rng = np.random.default_rng([variant, 3])
    pack, pair = pictures.draw_packs(n, rng), rng.integers(5, size=(2, n))
    shown = np.concatenate([pictures.show(pack, digit, rng) for digit in pair], axis=2)
    return trained(shown, pair.sum(axis=0) % 5, (192, 96, 48), "relu", variant, 12)


def sums(name: str, variant: int) -> Problem:
    """Sums of two digits: plain in the logits, hard to decode from the first layer."""
    network, pictures = of_sums(variant), Pictures(variant)
    given = flipped(np.eye(5), parameters(name, variant).uniform(0.02, 0.15))
    pmf = np.zeros((25, 5, 5))
    for left, right in product(range(5), range(5)):
        total = (left + right) % 5
        pmf[5 * left + right, total] = given[total] / 25

    def look(pack: Codes, pair: Codes, _: Codes, rng: Generator) -> tuple[Array, Array]:
        halves = [pictures.show(pack, digit, rng) for digit in (pair // 5, pair % 5)]
        shown = np.concatenate(halves, axis=2)
        return network.layer(1)(shown), network.logits(shown)

    about = "two digits added modulo 5; the first layer of a network against its logits"
    return of_pictures("chain", name, variant, about, pmf, look)


def mixture_logit(name: str, variant: int) -> Problem:
    """A first layer that determines a signal of known law, and the logit, whose law is counted."""
    rng = parameters(name, variant)
    centres, labels = clusters(rng, 2, 4, 6)
    law = shifted(centres, 0.8)
    system = Hidden(t=law, s=law, labels=labels, union="ordered", garble=lambda a, rng: a)
    x, _, y = system.draw(20_000, rng)
    network = trained(x, y, (128, 32), "relu", variant, 20)
    first, logit = random_relu([6, 160], rng), network.logits

    def draw(n: int, draws: Generator) -> Sample:
        a, _, y = system.draw(n, draws)
        hidden = np.hstack([network.layer(1)(a.astype(np.float32)), first(a, draws)])
        return hidden, logit(a.astype(np.float32)), y, None

    def exact() -> pt.PID:
        a, _, _ = system.draw(DRAWS, np.random.default_rng(0))
        p = np.concatenate([system.posteriors(part, part)[0] for part in np.array_split(a, 50)])
        order = np.argsort(logit(a.astype(np.float32))[:, 0])
        cells = p[order].reshape(1000, -1, 2).mean(axis=1)
        teacher, student = (1.0 - float(entropies(q).mean()) for q in (p, cells))
        return assemble(teacher, student, teacher, teacher, ERROR)

    return Problem(
        family="chain",
        name=name,
        variant=variant,
        about="two classes of four clusters each; units of a first layer against the logit",
        draw=draw,
        exact=exact,
    )


MAKERS: dict[str, tuple[Maker, ...]] = {
    "real": (same_picture, grouped_digits, fifty_classes, crop, any_law, symbols_of_layer),
    "chain": (digits_first_last, digits_second_third, sums, mixture_logit),
}
