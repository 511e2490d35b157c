"""Adam (Kingma and Ba 2015), on one vector of parameters."""

from __future__ import annotations

import numpy as np

from pidtools._types import Array

FIRST, SECOND, EPSILON = 0.9, 0.999, 1e-8


class Adam:
    """Running moments of the gradient of one vector.

    Parameters
    ----------
    n_parameters : int
    dtype : dtype
        float32 or float64.

    Examples
    --------
    >>> import numpy as np
    >>> from pidtools import rid
    >>> theta = np.array([1.0, -1.0])
    >>> rid.Adam(2).step(theta, np.array([3.0, -0.2]), 0.1)
    >>> theta.round(6)
    array([ 0.9, -0.9])
    """

    def __init__(self, n_parameters: int, dtype: object = np.float64) -> None:
        self.mean: Array = np.zeros(n_parameters, dtype)  # type: ignore[call-overload]
        self.square = self.mean.copy()
        self.n_steps = 0

    def step(self, theta: Array, gradient: Array, rate: float) -> None:
        """Move `theta` against `gradient`, in place."""
        self.n_steps += 1
        self.mean *= FIRST
        self.mean += (1 - FIRST) * gradient
        self.square *= SECOND
        self.square += (1 - SECOND) * gradient * gradient
        # Both moments start at 0 and are too small by known shares.
        root = np.sqrt(self.square / (1 - SECOND**self.n_steps))
        root += EPSILON
        theta -= (rate / (1 - FIRST**self.n_steps)) * self.mean / root

    def state(self) -> dict[str, Array]:
        """What a continuation needs, copied."""
        return {
            "mean": self.mean.copy(),
            "square": self.square.copy(),
            "n_steps": np.array(self.n_steps),
        }

    def load(self, state: dict[str, Array]) -> None:
        """Continue from `state`, of the same shapes."""
        self.mean[:], self.square[:] = state["mean"], state["square"]
        self.n_steps = int(state["n_steps"])
