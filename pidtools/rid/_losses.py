"""The losses of RID and their gradients; all are means, in nats where they are informations."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, log_softmax

from pidtools._types import Array, Codes
from pidtools.rid._maps import along_channels, mean_squares

SMALLEST_SIGMA = 1e-3
FIRST_A = 5.0


def sigma_of(a: Array) -> Array:
    """softplus(a) + 1e-3."""
    sigma: Array = np.logaddexp(0, a) + a.dtype.type(SMALLEST_SIGMA)
    return sigma


def slope_of_sigma(a: Array) -> Array:
    """Derivative of `sigma_of`."""
    slope: Array = expit(a)
    return slope


def best_sigma(V: Array) -> Array:
    """The minimiser (m / 2)^(1/3) of sigma^2 + m / sigma, with m the mean V^2 of each channel."""
    sigma: Array = np.cbrt(mean_squares(V) / 2)
    return sigma


def pull(V: Array, sigma: Array) -> tuple[float, Array]:
    """mean(V^2 / sigma), and its gradient by V; a channel of sigma 0 has no V and no pull."""
    return float(np.mean(_ratio(mean_squares(V), sigma))), _slope(V, sigma)


def distillation(V: Array, sigma: Array) -> tuple[float, Array, Array]:
    """mean(sigma^2) + mean(V^2 / sigma), and its gradients by V and by sigma."""
    m, n_channels = mean_squares(V), sigma.dtype.type(len(sigma))
    loss = float(np.mean(sigma * sigma + _ratio(m, sigma)))
    by_sigma: Array = (2 * sigma - _ratio(m, sigma * sigma)) / n_channels
    return loss, _slope(V, sigma), by_sigma


def _slope(V: Array, sigma: Array) -> Array:
    weights = _ratio(np.full_like(sigma, 2 / V.size), sigma)
    slope: Array = V * along_channels(weights, V.ndim)
    return slope


def _ratio(a: Array, sigma: Array) -> Array:
    """A ratio that is 0 where sigma is."""
    ratio: Array = np.divide(a, sigma, out=np.zeros_like(sigma), where=sigma > 0)
    return ratio


def cross_entropy(logits: Array, codes: Codes) -> tuple[float, Array]:
    """Mean of -log softmax(logits)[label] in nats, and its gradient."""
    log_p = log_softmax(logits, axis=1)
    rows = np.arange(len(codes))
    loss = -float(log_p[rows, codes].mean())
    grad: Array = np.exp(log_p)
    grad[rows, codes] -= 1
    grad /= len(codes)
    return loss, grad
