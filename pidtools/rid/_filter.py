r"""A filter: linear, normalisation, ReLU, linear, with its gradient by hand.

    z = x W,  u = gamma (z - mean) / sqrt(variance + 1e-5) + beta,  f(x) = max(u, 0) A + b

On feature maps the same at every position (1x1 convolutions). The first linear map has no constant,
as the normalisation would take it out again.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from pidtools import _validate
from pidtools._types import Array
from pidtools.rid._maps import as_maps, as_rows

# Added to variances; torch's, so that filters can be carried over.
EPSILON = 1e-5
# Share of a new batch in running statistics, once as many batches have been seen.
MOMENTUM = 0.1


@dataclass(frozen=True)
class Kept:
    """What a pass leaves behind for its gradient, and the statistics that it used."""

    shape: tuple[int, ...]
    rows: Array
    normalised: Array
    active: Array
    mean: Array
    variance: Array
    of_batch: bool
    """Whether the statistics are those of the batch, through which the gradient then flows."""


class Filter:
    """Linear, batch normalisation, ReLU, linear: (n, n_in) to (n, n_out), or the same 1x1 on maps.

    The normalisation uses the mean and (biased) variance of the batch in training, and running ones
    otherwise: of the first ten batches the plain mean, from then on with a share of 0.1 for the
    newest. A batch of one row of one position has no variance, so it uses the running ones in
    training as well and leaves them. Before any batch was seen, evaluation uses the batch's own.

    Parameters
    ----------
    n_in, n_out : int
        Channels.
    n_hidden : int or None
        Channels between both linear maps; as many as `n_out` by default.
    dtype : dtype
        float32 or float64, of parameters and of all arithmetic.
    random_state : int or sequence of int
        Seed of the first parameters: normal, with variance 1 / n_in and 1 / n_hidden.

    Attributes
    ----------
    theta : ndarray, shape (n_parameters,)
        All parameters: W (n_in, n_hidden), gamma, beta, A (n_hidden, n_out), b.
    mean, variance : ndarray, shape (n_hidden,)
        Running statistics.
    n_batches : int
        Batches in them.

    Examples
    --------
    >>> import numpy as np
    >>> from pidtools import rid
    >>> f = rid.Filter(3, 2, random_state=0)
    >>> X = np.random.default_rng(0).normal(size=(5, 3))
    >>> out, kept = f.forward(X, training=True)
    >>> grad_X, grad_theta = f.backward(kept, np.ones_like(out))
    >>> out.shape, grad_X.shape, grad_theta.shape == f.theta.shape
    ((5, 2), (5, 3), True)
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        *,
        n_hidden: int | None = None,
        dtype: Any = np.float64,
        random_state: Any = 0,
    ) -> None:
        n_in = _validate.check_integer(n_in, "n_in", minimum=1)
        n_out = _validate.check_integer(n_out, "n_out", minimum=1)
        hidden = n_out if n_hidden is None else n_hidden
        h = _validate.check_integer(hidden, "n_hidden", minimum=1)
        if dtype not in (np.float32, np.float64):
            raise ValueError(f"dtype must be float32 or float64; got {dtype!r}.")
        self.shapes = (n_in, h), (h,), (h,), (h, n_out), (n_out,)
        self.theta: Array = np.zeros(sum(map(prod, self.shapes)), dtype)
        self.mean, self.variance = np.zeros(h, dtype), np.ones(h, dtype)
        self.n_batches = 0
        rng = np.random.default_rng(random_state)
        W, gamma, _, A, _ = self._parameters = self._split(self.theta)
        W[:] = rng.normal(size=W.shape) / np.sqrt(n_in)
        A[:] = rng.normal(size=A.shape) / np.sqrt(h)
        gamma[:] = 1

    @property
    def n_in(self) -> int:
        """Channels that come in."""
        return self.shapes[0][0]

    @property
    def n_out(self) -> int:
        """Channels that go out."""
        return self.shapes[-1][0]

    def forward(self, X: Array, *, training: bool = False) -> tuple[Array, Kept]:
        """Filtered `X`, and what `backward` needs; changes nothing.

        Parameters
        ----------
        X : ndarray, shape (n, n_in) or (n, n_in, h, w)
        training : bool
            Whether the normalisation uses the statistics of the batch.

        Returns
        -------
        out : ndarray, shape (n, n_out) or (n, n_out, h, w)
        kept : Kept

        Raises
        ------
        ValueError
            If `X` has another number of axes or channels.
        """
        X = np.asarray(X, dtype=self.theta.dtype)
        if X.ndim not in (2, 4) or 0 in X.shape:
            raise ValueError(f"X has the shape {X.shape}; pass (n, d) or maps (n, c, h, w).")
        if X.shape[1] != self.n_in:
            raise ValueError(f"X has {X.shape[1]} channels; this filter takes {self.n_in}.")
        W, gamma, beta, A, b = self._parameters
        rows = as_rows(X)
        z = rows @ W
        of_batch = len(z) > 1 and (training or self.n_batches == 0)
        mean, variance = self.mean, self.variance
        if of_batch:
            mean = z.mean(axis=0)
            z -= mean
            variance = np.einsum("ij,ij->j", z, z) / z.dtype.type(len(z))
        else:
            z -= mean
        z /= np.sqrt(variance + EPSILON)
        active = z * gamma
        active += beta
        np.maximum(active, 0, out=active)
        out = active @ A
        out += b
        return as_maps(out, X.shape), Kept(X.shape, rows, z, active, mean, variance, of_batch)

    def backward(
        self, kept: Kept, grad: Array, *, to_input: bool = True
    ) -> tuple[Array | None, Array]:
        """Gradients by `X` (None if not `to_input`) and by `theta`, from that by the output."""
        W, gamma, _, A, _ = self._parameters
        found = np.empty_like(self.theta)
        by_W, by_gamma, by_beta, by_A, by_b = self._split(found)
        g = as_rows(grad)
        by_b[:] = g.sum(axis=0)
        np.matmul(kept.active.T, g, out=by_A)
        g = g @ A.T
        g *= kept.active > 0
        by_beta[:] = g.sum(axis=0)
        by_gamma[:] = np.einsum("ij,ij->j", g, kept.normalised)
        if kept.of_batch:  # mean and variance move with the rows
            n = g.dtype.type(len(g))
            g -= by_beta / n
            g -= kept.normalised * (by_gamma / n)
        g *= gamma / np.sqrt(kept.variance + EPSILON)
        np.matmul(kept.rows.T, g, out=by_W)
        return as_maps(g @ W.T, kept.shape) if to_input else None, found

    def remember(self, kept: Kept) -> None:
        """Take the statistics of a training batch into the running ones."""
        if not kept.of_batch:
            return
        self.n_batches += 1
        share = max(MOMENTUM, 1 / self.n_batches)
        self.mean += share * (kept.mean - self.mean)
        self.variance += share * (kept.variance - self.variance)

    def state(self) -> dict[str, Array]:
        """Parameters and running statistics, copied."""
        return {
            "theta": self.theta.copy(),
            "mean": self.mean.copy(),
            "variance": self.variance.copy(),
            "n_batches": np.array(self.n_batches),
            "sizes": np.array([self.n_in, len(self.mean), self.n_out]),
        }

    def load(self, state: dict[str, Array]) -> None:
        """Continue from `state`, of the same sizes."""
        self.theta[:], self.mean[:] = state["theta"], state["mean"]
        self.variance[:], self.n_batches = state["variance"], int(state["n_batches"])

    def _split(self, vector: Array) -> list[Array]:
        """Views of the parts of a vector of parameters."""
        cuts = np.cumsum([prod(shape) for shape in self.shapes])[:-1]
        parts = zip(np.split(vector, cuts), self.shapes, strict=True)
        return [part.reshape(shape) for part, shape in parts]
