"""Real pictures of digits, and layers of networks that look at them.

Only the clearest pictures are taken, and they come in packs, one picture of each digit; a row takes
all its pictures from one pack. What a layer makes of a picture determines its digit, so the digits
are codes whose law is known.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

from pidtools._types import Array, Codes

Generator = np.random.Generator
Pixels = NDArray[np.float32]
Layer = Callable[[Pixels], Array]
"""From pictures, shape (n, height, width), to activations, a row a picture."""

SIDE = 10
TRAINING_ROWS = 15_000
EACH = 90
"""Pictures of a digit; the rest are less clear."""
MOVES = ((0, 0), (0, 0), (0, 1), (0, -1), (1, 0), (-1, 0))


@cache
def clear_digits() -> Pixels:
    """The clearest pictures of each digit, shape (10, EACH, height, width).

    Clear is what a network on random features, which has not seen the picture, finds so however
    the picture is changed.
    """
    X, digit = load_digits(return_X_y=True)
    framed = np.pad(X.reshape(-1, 8, 8) / 16, ((0, 0), (1, 1), (1, 1))).astype(np.float32)
    rng = np.random.default_rng(0)
    picture = np.repeat(np.arange(len(X)), 10)
    seen = convolution(48, 0)(changed(framed[picture], rng))
    seen = (seen - seen.mean(axis=0)) / (seen.std(axis=0) + 1e-6)
    fold = rng.integers(5, size=len(X))[picture]
    unsure = np.empty(len(seen))
    for k in range(5):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # twelve epochs do not converge
            judge: Any = MLPClassifier((128,), alpha=0.1, max_iter=12, random_state=0)
            judge.fit(seen[fold != k], digit[picture][fold != k])
        said = judge.predict_log_proba(seen[fold == k])
        unsure[fold == k] = -said[np.arange(len(said)), digit[picture][fold == k]]
    worst = np.where(
        np.arange(10) == digit[:, None], unsure.reshape(-1, 10).max(axis=1)[:, None], np.inf
    )
    return framed[np.argsort(worst, axis=0)[:EACH].T]


def changed(pictures: Pixels, rng: Generator) -> Pixels:
    """Pictures moved by a pixel or not, brighter or darker, with noise."""
    moved = np.empty_like(pictures)
    move = rng.integers(len(MOVES), size=len(pictures))
    for k, step in enumerate(MOVES):
        moved[move == k] = np.roll(pictures[move == k], step, axis=(1, 2))
    light = rng.uniform(0.85, 1.15, (len(pictures), 1, 1))
    noise = rng.normal(0, 0.05, pictures.shape)
    return (light * moved + noise).astype(np.float32)


@dataclass(frozen=True)
class Pictures:
    """Packs of pictures, one of each digit, in an order of their own for each variant."""

    variant: int

    @cached_property
    def packs(self) -> Pixels:
        """Shape (n_packs, 10, height, width)."""
        rng = np.random.default_rng(self.variant)
        packs: Pixels = np.stack([rng.permutation(each) for each in clear_digits()], axis=1)
        return packs

    def draw_packs(self, n: int, rng: Generator) -> Codes:
        """A pack for each row."""
        return rng.integers(len(self.packs), size=n)

    def show(self, pack: Codes, digit: Codes, rng: Generator) -> Pixels:
        """Pictures of digits, each changed in its own way."""
        return changed(self.packs[pack, digit], rng)


@dataclass(frozen=True)
class Network:
    """A perceptron that was trained on pictures.

    Attributes
    ----------
    weights, biases : sequence of ndarray of float32
    activation : {"relu", "tanh"}
    """

    weights: Sequence[Pixels]
    biases: Sequence[Pixels]
    activation: Literal["relu", "tanh"]

    def layer(self, depth: int) -> Layer:
        """Hidden layers from 1; the last are the logits."""
        return lambda pictures: self.onward(pictures.reshape(len(pictures), -1), 0, depth)

    def onward(self, x: Array, done: int, depth: int) -> Array:
        """What a layer makes of the activations of an earlier one."""
        for k in range(done, depth):
            x = x @ self.weights[k] + self.biases[k]
            if k + 1 < len(self.weights):
                x = np.maximum(x, 0) if self.activation == "relu" else np.tanh(x)
        return x

    @property
    def logits(self) -> Layer:
        """The output before the softmax."""
        return self.layer(len(self.weights))

    @property
    def probabilities(self) -> Layer:
        """The softmax of the logits."""

        def see(pictures: Pixels) -> Array:
            x = self.logits(pictures)
            probabilities: Array = softmax(x, axis=1)
            return probabilities

        return see


def trained(
    X: Array,
    y: Array,
    hidden: tuple[int, ...],
    activation: Literal["relu", "tanh"],
    seed: int,
    epochs: int,
) -> Network:
    """A perceptron after some epochs."""
    fit: Any = MLPClassifier(
        hidden,
        activation=activation,
        max_iter=epochs,
        random_state=seed,
        alpha=1e-3,
        learning_rate_init=2e-3,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # so few epochs do not converge
        fit.fit(X.reshape(len(X), -1), y)
    weights, biases = ([x.astype(np.float32) for x in xs] for xs in (fit.coefs_, fit.intercepts_))
    return Network(weights, biases, activation)


@cache
def of_digits(
    variant: int, hidden: tuple[int, ...], activation: Literal["relu", "tanh"]
) -> Network:
    """A perceptron that tells digits."""
    pictures = Pictures(variant)
    rng = np.random.default_rng([variant, 1])
    digit = rng.integers(10, size=TRAINING_ROWS)
    shown = pictures.show(pictures.draw_packs(TRAINING_ROWS, rng), digit, rng)
    return trained(shown, digit, hidden, activation, variant, 40)


def convolution(n_filters: int, seed: int, pooling: Literal["max", "mean"] = "max") -> Layer:
    """Random filters of 3 by 3 pixels, rectified, pooled 2 by 2: 16 columns a filter and digit."""
    rng = np.random.default_rng([seed, 2])
    filters = rng.standard_normal((9, n_filters)).astype(np.float32)
    filters -= filters.mean(axis=0)
    biases = rng.normal(-0.2, 0.4, n_filters).astype(np.float32)

    def see(pictures: Pixels) -> Array:
        parts = np.array_split(pictures, max(1, len(pictures) // 1000))
        return np.concatenate([_convolved(part, filters, biases, pooling) for part in parts])

    return see


def _convolved(pictures: Pixels, filters: Pixels, biases: Pixels, pooling: str) -> Array:
    patches = sliding_window_view(pictures, (3, 3), axis=(1, 2))
    n, height, width = patches.shape[:3]
    maps = np.maximum(patches.reshape(n, height, width, 9) @ filters + biases, 0)
    blocks = maps.reshape(n, height // 2, 2, width // 2, 2, -1)
    pooled: Array = blocks.max(axis=(2, 4)) if pooling == "max" else blocks.mean(axis=(2, 4))
    return pooled.reshape(n, -1)


def as_int8(layer: Layer, largest: float) -> Layer:
    """Activations from 0 to `largest` in 127 steps."""

    def see(pictures: Pixels) -> Array:
        return np.clip(np.round(layer(pictures) * (127 / largest)), -127, 127).astype(np.int8)

    return see


def as_float16(layer: Layer) -> Layer:
    """Activations in half precision."""
    return lambda pictures: layer(pictures).astype(np.float16)
