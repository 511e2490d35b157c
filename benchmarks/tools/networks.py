"""Small networks of scikit-learn, and what they make of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def hidden(network: Any, X: Array) -> Array:
    """Activations of the last hidden layer."""
    for weights, bias in zip(network.coefs_[:-1], network.intercepts_[:-1], strict=True):
        X = np.maximum(X @ weights + bias, 0.0)
    return X


def accuracy_by_class(network: Any, X: Array, y: Array) -> Array:
    """Of ten classes."""
    right = network.predict(X) == y
    return np.array([right[y == k].mean() for k in range(10)])
