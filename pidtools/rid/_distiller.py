"""Redundant information distillation: the two phases, around what each pair of layers does."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from pidtools import _validate, _warnings
from pidtools._types import Array, Codes
from pidtools.rid import _checks, _state
from pidtools.rid._batches import batches
from pidtools.rid._pair import Pair, Pulled
from pidtools.rid._task import TaskNetwork

SIGMAS = ("learned", "optimal")
# Channels behind the filters by default: those of the teacher, but not more than these.
MOST_CHANNELS = 64


class RedundantInformationDistillation:
    r"""Pull a student towards what a teacher's layer knows of the task, and not towards the rest.

    With filters f_t, f_s and V = f_t(T) - f_s(S), in turn [1]_

    - phase 1 moves f_t and its head by CE(Y, head(f_t(T))) + mean(V^2 / sigma),
    - phase 2 moves f_s, sigma and the student by the loss mean(sigma^2) + mean(V^2 / sigma),

    each while the other stands still. All losses are means over rows, channels and positions; CE is
    in nats. A filter is linear, batch normalisation, ReLU, linear (see `Filter`); the head ReLU,
    mean over positions, linear. In phase 1 f_t uses the statistics of the batch and f_s running
    ones, in phase 2 the other way round. A batch of one row uses running ones throughout.

    Your framework trains the student: ask `step` for the loss and its gradient by the student's
    layer, and add weight times that to what your own loss sends back.

    T and S are arrays (n, d) or (n, c, h, w), or several layers as a list of arrays or by name,
    each teacher layer beside its student layer; the loss is then the weighted sum over pairs.

    Parameters
    ----------
    n_channels : int or None
        Channels behind the filters; by default those of the teacher's layer, at most 64.
    n_hidden : int or None
        Channels inside the filters; by default `n_channels`.
    sigma : {"learned", "optimal"}
        sigma = softplus(a) + 1e-3, learned for each channel from a = 5 on; or in each batch the
        minimiser (m / 2)^(1/3), with m the mean V^2 of the channel, whose loss is the mean of
        3 (m / 2)^(2/3). Phase 1 uses the sigma of the last step, 5.0077 before the first.
    layer_weights : sequence of float or None
        Weight of each pair in the loss, at least 0; 1 each by default.
    learning_rate : float
        Of Adam, for both filters and the head.
    sigma_learning_rate : float
        Of Adam, for a. At the rate of a network sigma stays near 5 for hundreds of steps, and what
        is left is a filtered regression.
    batch_size : int
        Most rows of an update in phase 1 and warm-up.
    random_state : int, Generator or None
        Seed of first parameters and of the order of rows.

    Attributes
    ----------
    sigmas : dict of str to ndarray
        Present sigma of each pair; the key of a single pair is "".

    Raises
    ------
    ValueError, TypeError
        For options outside their range. Methods raise them for arrays that do not fit each other
        or earlier calls, labels `warm_up` did not see, what is not finite, and calls before
        `warm_up`; the batch at fault has changed nothing then.

    See Also
    --------
    pidtools.distillation_weight : Whether to distil at all: 0 means don't.

    References
    ----------
    .. [1] P. Dissanayake, F. Hamman, B. Halder, I. Sucholutsky, Q. Zhang, S. Dutta, "Quantifying
       knowledge distillation using partial information decomposition", arXiv:2411.07483v2,
       equations (10) to (12).

    Examples
    --------
    >>> import numpy as np
    >>> from pidtools import rid
    >>> rng = np.random.default_rng(0)
    >>> Y = rng.integers(0, 3, 200)
    >>> T = np.eye(3)[Y] @ rng.normal(size=(3, 8)) + 0.1 * rng.normal(size=(200, 8))
    >>> S = rng.normal(size=(200, 5))
    >>> distiller = rid.RedundantInformationDistillation(n_channels=4)
    >>> nats = distiller.warm_up(T, Y, n_epochs=30)
    >>> nats = distiller.refresh_teacher(T, S, Y)
    >>> loss, grad = distiller.step(S, T)
    >>> grad.shape
    (200, 5)
    """

    def __init__(
        self,
        *,
        n_channels: int | None = None,
        n_hidden: int | None = None,
        sigma: Literal["learned", "optimal"] = "learned",
        layer_weights: ArrayLike | None = None,
        learning_rate: float = 1e-3,
        sigma_learning_rate: float = 0.05,
        batch_size: int = 128,
        random_state: int | np.random.Generator | None = 0,
    ) -> None:
        _validate.check_choice(sigma, "sigma", SIGMAS)
        for value, name in ((n_channels, "n_channels"), (n_hidden, "n_hidden")):
            if value is not None:
                _validate.check_integer(value, name, minimum=1)
        self._n_channels, self._n_hidden, self._sigma = n_channels, n_hidden, sigma
        self._layer_weights = _checks.all_weights(layer_weights)
        self._rate = _validate.check_tolerance(learning_rate, "learning_rate")
        self._sigma_rate = _validate.check_tolerance(sigma_learning_rate, "sigma_learning_rate")
        self._batch_size = _validate.check_integer(batch_size, "batch_size", minimum=1)
        self._seed = _validate.check_seed(random_state)
        self._n_epochs = 0
        self._classes: Array = np.zeros(0)
        self._pairs: dict[str, Pair] = {}

    @property
    def sigmas(self) -> dict[str, Array]:
        """Present sigma of each pair."""
        return {key: pair.sigma.copy() for key, pair in self._pairs.items()}

    @_warnings.quiet
    def warm_up(
        self, T: Any, Y: ArrayLike, *, n_epochs: int = 1, classes: ArrayLike | None = None
    ) -> float:
        """Train the teacher's filter and its head on the labels, without the student.

        Parameters
        ----------
        T : array_like, or several by name or in a list
            The teacher's layers of n rows. The first call fixes names, channels and type.
        Y : array_like, shape (n,)
            Labels.
        n_epochs : int
            Epochs over these rows, in batches; 0 only sets up.
        classes : array_like or None
            All labels there are, at least two, where the first rows lack some; by default those of
            the first call.

        Returns
        -------
        float
            Mean loss of the last epoch, summed over layers, in nats; NaN for no epoch.
        """
        layers = _checks.layers(T, "T")
        if not self._pairs:
            known = (
                _checks.classes(Y, "Y") if classes is None else _checks.classes(classes, "classes")
            )
            n_epochs = _validate.check_integer(n_epochs, "n_epochs", minimum=0)
            codes = _checks.codes(Y, known, len(next(iter(layers.values()))))
            _checks.weights(self._layer_weights, len(layers))
            self._set_up(layers, known)
        else:
            layers, codes = self._of_teacher(layers), self._codes(Y, layers)
        return self._phase_one(layers, None, codes, n_epochs)

    @_warnings.quiet
    def refresh_teacher(self, T: Any, S: Any, Y: ArrayLike, *, n_epochs: int = 1) -> float:
        """Phase 1: the teacher's filter again, now also towards what the student has.

        Parameters
        ----------
        T, S : array_like, or several by name or in a list
            Layers of the same n rows.
        Y : array_like, shape (n,)
            Labels.
        n_epochs : int
            Epochs over these rows, in batches.

        Returns
        -------
        float
            Mean loss of the last epoch, summed over layers; NaN for no epoch.
        """
        t, s, _ = self._both(T, S)
        return self._phase_one(t, s, self._codes(Y, t), n_epochs)

    @_warnings.quiet
    def loss_and_grad(self, S: Any, T: Any, *, training: bool = True) -> tuple[float, Any]:
        """The distillation loss and its gradient by S; nothing is updated.

        Parameters
        ----------
        S, T : array_like, or several by name or in a list
            Layers of the same rows.
        training : bool
            Whether the student's filter normalises by this batch, as in `step`, or by running
            statistics, as for a loss on held-out rows.

        Returns
        -------
        loss : float
        grad : ndarray of the shape of S, or several in the form of S
        """
        t, s, kinds = self._both(T, S)
        return self._answer(S, kinds, self._pulls(s, t, training))

    @_warnings.quiet
    def step(self, S: Any, T: Any) -> tuple[float, Any]:
        """Phase 2: as `loss_and_grad`, and then the student's filter and sigma take one step.

        Parameters
        ----------
        S, T : array_like, or several by name or in a list
            Layers of the rows of one batch.

        Returns
        -------
        loss : float
            Before the step.
        grad : ndarray of the shape of S, or several in the form of S
        """
        t, s, kinds = self._both(T, S)
        pulls = self._pulls(s, t, True)
        for key, (weight, pulled) in pulls.items():
            if weight > 0:
                self._pairs[key].apply(
                    pulled,
                    best=self._sigma == "optimal",
                    rate=self._rate,
                    sigma_rate=self._sigma_rate,
                )
        return self._answer(S, kinds, pulls)

    @_warnings.quiet
    def filter_teacher(self, T: Any) -> Any:
        """f_t(T) in evaluation mode, in the form of T."""
        layers = self._of_teacher(_checks.layers(T, "T"))
        found = {k: self._pairs[k].task.filter.forward(t)[0] for k, t in layers.items()}
        return _checks.like(T, found)

    @_warnings.quiet
    def filter_student(self, S: Any) -> Any:
        """f_s(S) in evaluation mode, in the form of S."""
        layers = self._of_student(_checks.layers(S, "S"))
        found = {
            k: self._pairs[k].student_filter(s.shape[1]).forward(s)[0] for k, s in layers.items()
        }
        return _checks.like(S, found)

    def state_dict(self) -> dict[str, Array]:
        """All that a continuation needs, as arrays by name: ``numpy.savez(path, **state)``."""
        state = {
            "version": np.array(_state.VERSION),
            "sigma": np.array(self._sigma),
            "random_state": np.array(self._seed),
            "n_epochs": np.array(self._n_epochs),
            "n_layers": np.array(len(self._pairs)),
            "classes": self._classes.copy(),
        }
        for k, pair in enumerate(self._pairs.values()):
            state |= {f"{k}/{name}": value for name, value in _state.of_pair(pair).items()}
        return state

    @_warnings.quiet
    def load_state_dict(self, state: Any) -> Self:
        """Go on from what `state_dict` gave; rates, weights and batch size are those given here.

        Parameters
        ----------
        state : mapping of str to array
            Also a file of `numpy.load`.

        Returns
        -------
        RedundantInformationDistillation
            This one.
        """
        found = _state.checked(state)
        mode = str(_state.entry(found, "sigma"))
        if mode != self._sigma:
            raise ValueError(f'state has sigma="{mode}"; this was made with "{self._sigma}".')
        n_layers = _state.whole(found, "n_layers")
        pairs = [_state.pair_of(_state.within(found, str(k)), str(k)) for k in range(n_layers)]
        theirs = _state.described(pairs)
        if self._pairs and theirs != (ours := _state.described(list(self._pairs.values()))):
            raise ValueError(f"state is of other layers, {theirs}; here they are {ours}.")
        if pairs:
            _checks.weights(self._layer_weights, n_layers)
        seed, n_epochs = (_state.whole(found, key) for key in ("random_state", "n_epochs"))
        classes = _state.entry(found, "classes")
        if any(pair.task.n_classes != len(classes) for pair in pairs):
            raise ValueError(f'state["classes"] has {len(classes)} labels, its heads other numbers')
        self._seed, self._n_epochs = seed, n_epochs
        self._classes, self._pairs = classes.copy(), {pair.key: pair for pair in pairs}
        return self

    def _set_up(self, layers: _checks.Named, classes: Array) -> None:
        for k, (key, t) in enumerate(layers.items()):
            n_channels = self._n_channels or min(t.shape[1], MOST_CHANNELS)
            task = TaskNetwork(
                t.shape[1],
                n_channels,
                len(classes),
                n_hidden=self._n_hidden or n_channels,
                dtype=t.dtype,
                seed=[self._seed, k],
            )
            self._pairs[key] = Pair(key, task, [self._seed, k])
        self._classes = classes

    def _phase_one(
        self, T: _checks.Named, S: _checks.Named | None, codes: Codes, n_epochs: int
    ) -> float:
        n_epochs = _validate.check_integer(n_epochs, "n_epochs", minimum=0)
        mean = float("nan")
        for _ in range(n_epochs):
            total = 0.0
            for rows in batches(len(codes), self._batch_size, [self._seed, self._n_epochs]):
                moves = {
                    key: self._pairs[key].teacher_move(
                        t[rows], codes[rows], None if S is None else S[key][rows]
                    )
                    for key, t in T.items()
                }
                for key, move in moves.items():
                    self._pairs[key].task.apply(move, self._rate)
                    total += move.loss * len(rows)
            self._n_epochs += 1
            mean = total / len(codes)
        return mean

    def _pulls(
        self, S: _checks.Named, T: _checks.Named, training: bool
    ) -> dict[str, tuple[float, Pulled]]:
        weights = _checks.weights(self._layer_weights, len(self._pairs))
        best = self._sigma == "optimal"
        return {
            key: (weight, pair.student_move(S[key], T[key], best=best, training=training))
            for weight, (key, pair) in zip(weights, self._pairs.items(), strict=True)
        }

    def _answer(
        self, S: Any, kinds: dict[str, Any], pulls: dict[str, tuple[float, Pulled]]
    ) -> tuple[float, Any]:
        loss = sum(weight * pulled.loss for weight, pulled in pulls.values())
        grads = {
            key: (weight * pulled.by_s).astype(kinds[key], copy=False)
            for key, (weight, pulled) in pulls.items()
        }
        return float(loss), _checks.like(S, {key: grads[key] for key in kinds})

    def _both(self, T: Any, S: Any) -> tuple[_checks.Named, _checks.Named, dict[str, Any]]:
        """Layers as the filters take them, and the types of those of S as they came."""
        t = self._of_teacher(_checks.layers(T, "T"))
        s = _checks.layers(S, "S")
        _checks.pairs(t, s)
        return t, self._of_student(s), {key: each.dtype for key, each in s.items()}

    def _of_teacher(self, layers: _checks.Named) -> _checks.Named:
        """Layers of T as the filters take them."""
        self._check_names(layers, "T")
        for key, t in layers.items():
            _checks.channels(t, self._pairs[key].task.filter.n_in, _checks.label("T", key))
        return {key: t.astype(self._pairs[key].dtype, copy=False) for key, t in layers.items()}

    def _of_student(self, layers: _checks.Named) -> _checks.Named:
        """Layers of S as the filters take them."""
        self._check_names(layers, "S")
        for key, s in layers.items():
            known = self._pairs[key].student
            if known is not None:
                _checks.channels(s, known.n_in, _checks.label("S", key))
        return {key: s.astype(self._pairs[key].dtype, copy=False) for key, s in layers.items()}

    def _check_names(self, layers: _checks.Named, name: str) -> None:
        if not self._pairs:
            raise ValueError(
                "The teacher's filter knows no task yet: call warm_up(T, Y) first, with n_epochs=0 "
                "for no warm-up at all."
            )
        if layers.keys() != self._pairs.keys():
            raise ValueError(
                f"{name} must hold the layers of warm_up, {_checks.listed(self._pairs)}; got "
                f"{_checks.listed(layers)}."
            )

    def _codes(self, Y: ArrayLike, layers: _checks.Named) -> Codes:
        return _checks.codes(Y, self._classes, len(next(iter(layers.values()))))
