"""A filter that learns what an array tells of Y: filter, head, and how both are trained."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from pidtools._types import Array, Codes
from pidtools.rid._adam import Adam
from pidtools.rid._filter import Filter, Kept
from pidtools.rid._losses import cross_entropy, pull
from pidtools.rid._maps import as_maps, as_rows


@dataclass(frozen=True)
class Move:
    """Loss of a batch and where it pushes."""

    loss: float
    by_filter: Array
    by_head: Array
    kept: Kept


class TaskNetwork:
    """A filter with a head on top, ReLU and linear; on feature maps their mean over positions.

    The head takes max(f, 0), averages it over positions where there are several, and gives logits.
    """

    def __init__(
        self, n_in: int, n_out: int, n_classes: int, *, n_hidden: int, dtype: Any, seed: list[int]
    ) -> None:
        self.filter = Filter(n_in, n_out, n_hidden=n_hidden, dtype=dtype, random_state=[*seed, 0])
        self.head: Array = np.zeros((n_out + 1) * n_classes, dtype)
        self.n_classes = n_classes
        weights, _ = self._split(self.head)
        drawn = np.random.default_rng([*seed, 1]).normal(size=weights.shape)
        weights[:] = drawn / np.sqrt(n_out)
        self.moments = Adam(len(self.filter.theta), dtype), Adam(len(self.head), dtype)

    def move(self, X: Array, codes: Codes, towards: tuple[Array, Array] | None = None) -> Move:
        """CE(Y, head(f(X))), with mean((f(X) - F)^2 / sigma) for `towards` = (F, sigma).

        Changes nothing.
        """
        f, kept = self.filter.forward(X, training=True)
        loss, by_f, by_head = self._task(f, codes)
        if towards is not None:
            more, by_V = pull(f - towards[0], towards[1])
            loss, by_f = loss + more, by_f + by_V
        _, by_filter = self.filter.backward(kept, by_f, to_input=False)
        return Move(loss, by_filter, by_head, kept)

    def apply(self, move: Move, rate: float) -> None:
        """Take one step of Adam, and the statistics of the batch."""
        self.moments[0].step(self.filter.theta, move.by_filter, rate)
        self.moments[1].step(self.head, move.by_head, rate)
        self.filter.remember(move.kept)

    def logits(self, f: Array) -> Array:
        """Of filtered rows."""
        weights, b = self._split(self.head)
        pooled = _over_positions(np.maximum(f, 0))
        return pooled @ weights + b

    def _task(self, f: Array, codes: Codes) -> tuple[float, Array, Array]:
        """Cross-entropy and its gradients by f and by the head."""
        weights, b = self._split(self.head)
        active = np.maximum(f, 0)
        pooled = _over_positions(active)
        loss, g = cross_entropy(pooled @ weights + b, codes)
        found = np.empty_like(self.head)
        by_weights, by_b = self._split(found)
        np.matmul(pooled.T, g, out=by_weights)
        by_b[:] = g.sum(axis=0)
        back = g @ weights.T
        n_positions = prod(f.shape[2:])
        if n_positions > 1:
            back = np.repeat(back / back.dtype.type(n_positions), n_positions, axis=0)
        return loss, as_maps(back, f.shape) * (active > 0), found

    def _split(self, vector: Array) -> tuple[Array, Array]:
        k = self.n_classes
        return vector[:-k].reshape(-1, k), vector[-k:]

    def parts(self) -> dict[str, Filter | Adam]:
        """What else than the head has a state."""
        of_filter, of_head = self.moments
        return {"filter": self.filter, "moments": of_filter, "moments_of_head": of_head}


def _over_positions(X: Array) -> Array:
    """Mean over positions; rows as they are."""
    if X.ndim == 2:
        return X
    rows = as_rows(X)
    found: Array = rows.reshape(len(X), -1, rows.shape[1]).mean(axis=1)
    return found
