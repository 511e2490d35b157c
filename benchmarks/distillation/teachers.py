"""Teachers of known use: of the task, of more than it, of another, of none, of a part of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from benchmarks.distillation.data import Array, pairs
from benchmarks.distillation.network import Network, clipped, cross_entropy, half_cosine
from benchmarks.distillation.scale import Scale
from benchmarks.tools.mnist import Pairs
from pidtools import rid

FOUR = ("trained", "nuisance", "wrong task", "untrained")
# Digits that specialists tell apart, and all others as one.
SPECIALISTS = {"specialist of 3, 5, 8": (3, 5, 8), "specialist of 4, 7, 9": (4, 7, 9)}
# Rows that teachers of five qualities learn from, as a share of all.
QUALITIES = {
    "untrained": 0.0,
    "trained on 1 in 40": 0.025,
    "trained on 1 in 8": 0.125,
    "nuisance": 1.0,
    "trained": 1.0,
}


@dataclass(frozen=True)
class Teacher:
    """A network that is only looked at; `logits` of the task's ten classes are its first ten."""

    network: Network

    def layers(self, X: Array) -> list[Array]:
        """Hidden layers in order, then what it says, in blocks so that memory stays small."""
        blocks = [self.network.forward(x).values[1:] for x in np.array_split(X, -(-len(X) // 5000))]
        return [np.concatenate(each) for each in zip(*blocks, strict=True)]

    def last_hidden(self, X: Array) -> Array:
        """The layer that is distilled."""
        return self.layers(X)[-2]

    def logits(self, X: Array) -> Array:
        """Ten scores; those of the left digit where it has both."""
        return self.layers(X)[-1][:, :10]


@lru_cache(maxsize=8)
def teacher(kind: str, seed: int, scale: Scale) -> Teacher:
    """Trained anew wherever it is asked for: the same to the last bit."""
    own = pairs(scale.data, "teacher", scale.n_teacher, seed)
    targets = _targets(kind, own)
    n = round(QUALITIES.get(kind, 1.0) * scale.n_teacher)
    units = scale.specialist_units if kind in SPECIALISTS else scale.teacher_units
    sizes = (own.X.shape[1], *units, max(10, 10 * len(targets)))
    network = Network(sizes, slope=0.0, seed=[seed, 7])
    if n:
        _train(network, own.X[:n], [y[:n] for y in targets], seed, scale)
    network.theta.flags.writeable = False
    return Teacher(network)


def _targets(kind: str, own: Pairs) -> list[Array]:
    if kind == "nuisance":
        return [own.left, own.right]
    if kind == "wrong task":
        return [own.right]
    if kind in SPECIALISTS:
        others = np.where(np.isin(own.left, SPECIALISTS[kind]), own.left, 0)
        return [others]
    return [own.left]


def _train(network: Network, X: Array, targets: list[Array], seed: int, scale: Scale) -> None:
    """As many updates for few rows as for all."""
    adam = rid.Adam(len(network.theta), network.theta.dtype)
    n_steps = scale.teacher_epochs * scale.n_teacher // scale.batch
    rng = np.random.default_rng([seed, 8])
    for step in range(n_steps):
        rows = rng.integers(0, len(X), scale.batch)
        passed = network.forward(X[rows])
        grads = [
            cross_entropy(passed.logits[:, 10 * k : 10 * k + 10], y[rows])[1]
            for k, y in enumerate(targets)
        ]
        gradient = network.backward(passed, np.concatenate(grads, axis=1))
        rate = half_cosine(1e-3, step, n_steps)
        adam.step(network.theta, clipped(gradient, scale.largest_gradient), rate)
