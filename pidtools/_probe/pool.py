"""Many opinions into one: the log-linear pool, fitted on held-out posteriors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax

from pidtools._types import Array, Codes, Floats, Posteriors

# A ridge on weights and offsets: a tenth of a nat for a weight far off, nothing near 1.
RIDGE = 3e-3
# Opinions with less weight than this are dropped and the others weighed again.
LEAST_WEIGHT = 0.02
MAX_STEPS = 150


@dataclass(frozen=True)
class Pool:
    """``p(y) ~ exp(offset_y) prod_k p_k(y)^weight_k``: calibrated, weights at least 0."""

    weights: dict[str, float]
    offset: Floats

    def log_posterior(self, opinions: Posteriors) -> Floats:
        """Pooled log posteriors, shape (n, n_classes)."""
        total = np.zeros((1, len(self.offset))) + self.offset
        for name, weight in self.weights.items():
            total = total + weight * opinions[name]
        pooled: Floats = log_softmax(total, axis=1)
        return pooled


def fit_pool(opinions: Posteriors, labels: Codes) -> Pool:
    """Weights of least loss on held-out log posteriors; those hardly used are dropped."""
    first = weigh(opinions, labels)
    kept = {k: v for k, v in opinions.items() if first.weights[k] > LEAST_WEIGHT}
    return weigh(kept, labels) if 0 < len(kept) < len(opinions) else first


def weigh(opinions: Posteriors, labels: Codes) -> Pool:
    """Weights and offsets of least penalised loss, none dropped."""
    from scipy.optimize import minimize

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
    result = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": MAX_STEPS}
    )
    weights = dict(zip(opinions, result.x[:n_experts].tolist(), strict=True))
    return Pool(weights, result.x[n_experts:])


def log_loss(log_p: Array, labels: Codes) -> Floats:
    """-log p(label) of each row, in nats."""
    losses: Floats = -np.asarray(log_p, dtype=np.float64)[np.arange(len(labels)), labels]
    return losses
