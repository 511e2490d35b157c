"""An earlier layer of a network against a later one, which is a function of it."""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np

import pidtools as pt
from benchmarks.tools.families.layers import random_relu
from benchmarks.tools.families.looks import copied, of_pictures, one_picture
from benchmarks.tools.families.pictures import (
    Network,
    Pictures,
    of_digits,
    trained,
)
from benchmarks.tools.families.problem import Maker, Problem, Sample, parameters
from benchmarks.tools.families.systems import DRAWS, ERROR, Hidden, entropies
from benchmarks.tools.families.units import clusters, shifted
from pidtools._types import Array, Codes
from pidtools.problems.catalogue import flipped
from pidtools.problems.quadrature import assemble

Generator = np.random.Generator


def digits_first_last(name: str, variant: int) -> Problem:
    """The first layer against the logits."""
    network = of_digits(variant, (256, 64, 32), "relu")
    wrong = parameters(name, variant).uniform(0.02, 0.2)
    pmf = copied(flipped(np.eye(10), wrong) / 10)
    about = "ten digits; the first layer of a network against its logits: all is redundant"
    look = one_picture(variant, network.layer(1), network.logits)
    return of_pictures("chain", name, variant, about, pmf, look)


def digits_second_third(name: str, variant: int) -> Problem:
    """A hidden layer against the next; labels are drawn from the digit."""
    rng = parameters(name, variant)
    network = of_digits(variant, (128, 128, 16), "tanh")
    pmf = copied(rng.dirichlet(np.full(4, 0.3), 10) / 10)
    about = "four classes drawn from the digit; the second layer of a network against its third"
    look = one_picture(variant, network.layer(2), network.layer(3))
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


MAKERS: tuple[Maker, ...] = (digits_first_last, digits_second_third, sums, mixture_logit)
