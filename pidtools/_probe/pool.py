"""Many opinions into one: the log-linear pool, fitted on held-out posteriors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import log_softmax

from pidtools._blocks import blocks
from pidtools._probe.rows import ROWS_ENOUGH
from pidtools._types import Array, Codes, Floats, Posteriors

# A ridge on weights and offsets: a tenth of a nat for a weight far off, nothing near 1.
RIDGE = 3e-3
# Opinions with less weight than this are dropped and the others weighed again.
LEAST_WEIGHT = 0.02
MAX_STEPS = 150
# Entries of an opinion beyond which the pool answers in single precision, block by block; it is
# fitted to so many of them.
DOUBLE_ENTRIES, FIT_ENTRIES = 2**22, 2**23


@dataclass(frozen=True)
class Pool:
    """``p(y) ~ exp(offset_y) prod_k p_k(y)^weight_k``: calibrated, weights at least 0."""

    weights: dict[str, float]
    offset: Floats

    def log_posterior(self, opinions: Posteriors) -> Array:
        """Pooled log posteriors, shape (n, n_classes); float32 where these are many."""
        first = next(iter(opinions.values()))
        if first.size <= DOUBLE_ENTRIES:
            return self._of_rows(opinions, slice(None))
        pooled = np.empty(first.shape, dtype=np.float32)
        for rows in blocks(*first.shape):
            pooled[rows] = self._of_rows(opinions, rows)
        return pooled

    def untempered(self, total: float) -> Pool:
        """The same opinions, not calibrated; weights are shares of `total`."""
        weights = {name: weight / max(total, 1e-12) for name, weight in self.weights.items()}
        return Pool(weights, np.zeros_like(self.offset))

    def _of_rows(self, opinions: Posteriors, rows: slice) -> Floats:
        total = np.zeros((1, len(self.offset))) + self.offset
        for name, weight in self.weights.items():
            total = total + weight * opinions[name][rows]
        pooled: Floats = log_softmax(total, axis=1)
        return pooled


def fit_pool(opinions: Posteriors, labels: Codes) -> Pool:
    """Weights of least loss on held-out log posteriors; those hardly used are dropped."""
    first = weigh(opinions, labels)
    kept = {k: v for k, v in opinions.items() if first.weights[k] > LEAST_WEIGHT}
    return weigh(kept, labels) if 0 < len(kept) < len(opinions) else first


def weigh(opinions: Posteriors, labels: Codes) -> Pool:
    """Weights and offsets of least penalised loss, none dropped.

    Of many rows some are drawn, always the same; of many classes some thousands.
    """
    from scipy.optimize import minimize

    n_classes = next(iter(opinions.values())).shape[1]
    n_rows = max(min(FIT_ENTRIES // n_classes, 2 * ROWS_ENOUGH), 1)
    if n_rows < len(labels):
        some = np.sort(np.random.default_rng(0).permutation(len(labels))[:n_rows])
        opinions, labels = {name: said[some] for name, said in opinions.items()}, labels[some]
    stacked = np.stack([np.asarray(v, dtype=np.float64) for v in opinions.values()])
    n_experts, n, n_classes = stacked.shape
    flat, rows = stacked.reshape(n_experts, -1), np.arange(n)
    said = stacked[:, rows, labels].mean(axis=1)
    shares = np.bincount(labels, minlength=n_classes) / n

    def loss(theta: Floats) -> tuple[float, Floats]:
        weights, offset = theta[:n_experts], theta[n_experts:]
        log_p = log_softmax((weights @ flat).reshape(n, n_classes) + offset, axis=1)
        p = np.exp(log_p) / n
        value = -log_p[rows, labels].mean() + 0.5 * RIDGE * (theta @ theta)
        gradient = np.concatenate([flat @ p.ravel() - said, p.sum(axis=0) - shares])
        return float(value), gradient + RIDGE * theta

    start = np.concatenate([np.full(n_experts, 1 / n_experts), np.zeros(n_classes)])
    bounds = [(0.0, None)] * n_experts + [(None, None)] * n_classes
    # Only a flat loss ends the search: a step that a bound at 0 cuts short gains next to nothing.
    options: Any = {"maxiter": MAX_STEPS, "ftol": 0.0}
    result = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    weights = dict(zip(opinions, result.x[:n_experts].tolist(), strict=True))
    return Pool(weights, result.x[n_experts:])


def log_loss(log_p: Array, labels: Codes) -> Floats:
    """-log p(label) of each row, in nats."""
    said = np.asarray(log_p)[np.arange(len(labels)), labels]
    losses: Floats = -said.astype(np.float64)
    return losses
