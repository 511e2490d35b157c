"""The first stage of TED: a filter trained to tell Y from one layer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pidtools import _validate, _warnings
from pidtools._types import Array
from pidtools.rid import _checks
from pidtools.rid._batches import batches
from pidtools.rid._filter import Filter
from pidtools.rid._task import TaskNetwork


class TaskFilter:
    """A `Filter` trained with a head on labels, as TED does for teacher and student alike.

    Parameters
    ----------
    n_channels : int
        Channels behind the filter; the same for teacher and student.
    n_hidden : int or None
        Channels inside; by default `n_channels`.
    learning_rate : float
        Of Adam.
    batch_size : int
        Most rows of an update.
    random_state : int, Generator or None
        Seed of first parameters and of the order of rows.

    Attributes
    ----------
    filter : Filter
        Once `fit` was called; ``filter.forward`` and ``filter.backward`` pull a student through it.

    Examples
    --------
    >>> import numpy as np
    >>> from pidtools import rid
    >>> rng = np.random.default_rng(0)
    >>> Y = rng.integers(0, 2, 100)
    >>> T, S = Y[:, None] + rng.normal(size=(100, 4)), rng.normal(size=(100, 3))
    >>> of_t, of_s = rid.TaskFilter(n_channels=2), rid.TaskFilter(n_channels=2)
    >>> nats = of_t.fit(T, Y), of_s.fit(S, Y)
    >>> filtered, kept = of_s.filter.forward(S)
    >>> loss, grad = rid.ted_loss_and_grad(filtered, of_t.filter.forward(T)[0])
    >>> of_s.filter.backward(kept, grad)[0].shape
    (100, 3)
    """

    filter: Filter

    def __init__(
        self,
        *,
        n_channels: int,
        n_hidden: int | None = None,
        learning_rate: float = 1e-3,
        batch_size: int = 128,
        random_state: int | np.random.Generator | None = 0,
    ) -> None:
        self._n_channels = _validate.check_integer(n_channels, "n_channels", minimum=1)
        hidden = self._n_channels if n_hidden is None else n_hidden
        self._n_hidden = _validate.check_integer(hidden, "n_hidden", minimum=1)
        self._rate = _validate.check_tolerance(learning_rate, "learning_rate")
        self._batch_size = _validate.check_integer(batch_size, "batch_size", minimum=1)
        self._seed = _validate.check_seed(random_state)
        self._n_epochs = 0
        self._classes: Array = np.zeros(0)
        self._task: TaskNetwork | None = None

    @_warnings.quiet
    def fit(self, X: Any, Y: ArrayLike, *, n_epochs: int = 1) -> float:
        """Train on these rows; further calls go on.

        Parameters
        ----------
        X : array_like, shape (n, d) or (n, c, h, w)
        Y : array_like, shape (n,)
            Labels; those of the first call are all there are.
        n_epochs : int

        Returns
        -------
        float
            Mean cross-entropy of the last epoch in nats; NaN for no epoch.

        Raises
        ------
        ValueError, TypeError
            For arrays that do not fit each other or earlier calls.
        """
        n_epochs = _validate.check_integer(n_epochs, "n_epochs", minimum=0)
        layers = _checks.layers(X, "X")
        if layers.keys() != {""}:
            raise TypeError("X must be one array; make a TaskFilter for each layer.")
        x = layers[""]
        if self._task is None:
            self._classes = _checks.classes(Y, "Y")
            self._task = TaskNetwork(
                x.shape[1],
                self._n_channels,
                len(self._classes),
                n_hidden=self._n_hidden,
                dtype=x.dtype,
                seed=[self._seed],
            )
            self.filter = self._task.filter
        _checks.channels(x, self.filter.n_in, "X")
        x = x.astype(self.filter.theta.dtype, copy=False)
        codes = _checks.codes(Y, self._classes, len(x))
        mean = float("nan")
        for _ in range(n_epochs):
            total = 0.0
            for rows in batches(len(x), self._batch_size, [self._seed, self._n_epochs]):
                with _checks.overflowing():
                    move = self._task.move(x[rows], codes[rows])
                for found in (move.by_filter, move.by_head, move.kept.variance):
                    _checks.finite(found, "X")
                self._task.apply(move, self._rate)
                total += move.loss * len(rows)
            self._n_epochs += 1
            mean = total / len(x)
        return mean
