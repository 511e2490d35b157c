"""One student, trained: the same updates, order of rows, clipping and rates for every arm."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from benchmarks.distillation.arms import NoPull
from benchmarks.distillation.data import Array
from benchmarks.distillation.network import Network, clipped, cross_entropy, half_cosine
from benchmarks.distillation.scale import Scale
from pidtools import rid

SLOPE = 0.1
# Which hidden layer of the student is pulled and measured: the last, which is all its outputs see.
LAYER = -1


@dataclass(frozen=True)
class Trained:
    """A student, its layer on given rows after some epochs, and CPU seconds of its training."""

    network: Network
    seconds: float
    looks: dict[int, Array] = field(default_factory=dict)

    def layer(self, X: Array) -> Array:
        """The layer that is distilled and measured."""
        return self.network.forward(X).hidden[LAYER]

    def accuracy(self, X: Array, Y: Array) -> float:
        """Share of rows that it gets right."""
        return float((self.network.forward(X).logits.argmax(axis=1) == Y).mean())


def train(
    X: Array,
    Y: Array,
    pull: NoPull,
    weight: float,
    scale: Scale,
    *,
    seed: int,
    units: tuple[int, ...] | None = None,
    looks_at: Array | None = None,
    look_after: Iterable[int] = (),
) -> Trained:
    """A student of CE + weight times what `pull` asks for; of weight 0 the arm is never asked."""
    start = time.process_time()
    units = units or scale.student_units
    network = untrained(X.shape[1], units, scale, seed)
    adam = rid.Adam(len(network.theta), np.float32)
    layer = LAYER % len(units)
    n_steps = scale.student_epochs * scale.n_student // scale.batch
    n_epoch = n_steps // scale.student_epochs
    order = _Order(len(X), scale.batch, seed)
    looks = {}
    for epoch in range(scale.student_epochs):
        if weight > 0:
            pull.before(epoch, lambda: network.forward(X).hidden[layer])
        for step in range(epoch * n_epoch, (epoch + 1) * n_epoch):
            rows = order.next()
            passed = network.forward(X[rows])
            _, by_logits = cross_entropy(passed.logits, Y[rows])
            pulls = {}
            if weight > 0:
                by_layer, more = pull.pull(passed.hidden[layer], passed.logits, rows)
                if by_layer is not None:
                    pulls[layer] = np.float32(weight) * by_layer
                if more is not None:
                    by_logits += np.float32(weight) * more
            gradient = clipped(network.backward(passed, by_logits, pulls), scale.largest_gradient)
            adam.step(network.theta, gradient, half_cosine(scale.rate, step, n_steps))
        if epoch + 1 in look_after and looks_at is not None:
            looks[epoch + 1] = network.forward(looks_at).hidden[layer]
    return Trained(network, time.process_time() - start, looks)


def untrained(n_inputs: int, units: tuple[int, ...], scale: Scale, seed: int) -> Network:
    """A student as it starts."""
    return Network((n_inputs, *units, scale.n_classes), slope=SLOPE, seed=[seed, 1])


class _Order:
    """Batches of one size without end; every row once before any comes again."""

    def __init__(self, n: int, batch: int, seed: int) -> None:
        self.n, self.batch = n, min(n, batch)
        self.rng = np.random.default_rng([seed, 2])
        self.left: Array = np.zeros(0, np.int64)

    def next(self) -> Array:
        if len(self.left) < self.batch:
            self.left = self.rng.permutation(self.n)
        rows, self.left = self.left[: self.batch], self.left[self.batch :]
        return rows
