"""Problems that are sampled: wide continuous activations with labels and exact atoms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from scipy.special import softmax

from pidtools import _warnings
from pidtools._result import PID
from pidtools._types import Array, Codes, Floats
from pidtools.problems.embedding import Embedding
from pidtools.problems.laws import Coupling

Atoms = Callable[[Coupling, Floats, Floats], PID]
Family = Literal["graded", "extreme", "general"]
RandomState = int | np.random.Generator | None


@dataclass(frozen=True, kw_only=True)
class SampledProblem:
    """Activations of a teacher and a student, with labels, whose exact PID is known.

    A hidden state decides the label and a signal of few dimensions for each source; an
    embedding adds nuisance and rotates.

    Attributes
    ----------
    name : str
        Name for `get`; unique without regard to case.
    description : str
        What it is, in one sentence.
    source : str
        How the atoms were obtained.
    family : {"graded", "extreme", "general"}
        The fixed set for comparisons, cases with a bar of their own, and further kinds.
    atoms : callable
        Makes the atoms from (coupling, prior, labels), on the first look at `pid`.
    prior : ndarray of float64, shape (n_states,)
        Probabilities of the hidden states.
    labels : ndarray of float64, shape (n_states, n_classes)
        p(y | state).
    coupling : Coupling
        Law of both signals given the state.
    t, s : Embedding
        From signals to activations.

    Examples
    --------
    >>> from pidtools import problems
    >>> shift = problems.get("shift_ordered")
    >>> T, S, Y = shift.sample(1000)
    >>> T.shape, S.shape, Y.shape
    ((1000, 16), (1000, 12), (1000,))
    >>> p_t, p_s, p_ts = shift.posteriors(T, S)
    >>> p_ts.shape
    (1000, 2)
    """

    name: str
    description: str
    source: str
    family: Family
    atoms: Atoms = field(compare=False, repr=False)
    prior: Floats = field(compare=False, repr=False)
    labels: Floats = field(compare=False, repr=False)
    coupling: Coupling = field(compare=False, repr=False)
    t: Embedding = field(compare=False, repr=False)
    s: Embedding = field(compare=False, repr=False)

    @cached_property
    def pid(self) -> PID:
        """Atoms of the continuous problem in bits; `gap` bounds how far they may be off."""
        return self.atoms(self.coupling, self.prior, self.labels)

    @property
    def n_classes(self) -> int:
        """Number of labels."""
        return int(self.labels.shape[1])

    @property
    def dims(self) -> tuple[int, int]:
        """Numbers of columns of T and S."""
        return self.t.dim, self.s.dim

    @property
    def class_probabilities(self) -> Floats:
        """p(y), shape (n_classes,)."""
        probabilities: Floats = self.prior @ self.labels
        return probabilities

    @_warnings.quiet
    def sample(self, n_samples: int, random_state: RandomState = 0) -> tuple[Array, Array, Codes]:
        """Draw independent rows.

        Parameters
        ----------
        n_samples : int
            Number of rows.
        random_state : int, Generator or None, default 0
            Seed of the rows; the rotations belong to the problem and stay.

        Returns
        -------
        T, S : ndarray of float64, shapes (n_samples, d_t), (n_samples, d_s)
            Activations (float16 where the problem is about that).
        Y : ndarray of int64, shape (n_samples,)
            Labels from 0.
        """
        rng = np.random.default_rng(random_state)
        z = rng.choice(len(self.prior), size=n_samples, p=self.prior)
        below = np.cumsum(self.labels, axis=1)[z, :-1] <= rng.random((n_samples, 1))
        a, b = self.coupling.draw(z, rng)
        return self.t.embed(a, rng), self.s.embed(b, rng), below.sum(axis=1)

    @_warnings.quiet
    def posteriors(self, T: Array, S: Array) -> tuple[Floats, Floats, Floats]:
        """Exact label posteriors of a sample: what a perfect probe would say.

        Parameters
        ----------
        T, S : ndarray, shapes (n_samples, d_t), (n_samples, d_s)
            Activations from `sample`.

        Returns
        -------
        p_t, p_s, p_ts : ndarray of float64, shape (n_samples, n_classes)
            p(y | T), p(y | S) and p(y | T, S); rows sum to 1.
        """
        a = self.t.signal(T, self.coupling.t.width)
        b = self.s.signal(S, self.coupling.s.width)
        densities = (
            self.coupling.t.log_density(a),
            self.coupling.s.log_density(b),
            self.coupling.log_density(a, b),
        )
        p_t, p_s, p_ts = (self.label_posterior(density) for density in densities)
        return p_t, p_s, p_ts

    def label_posterior(self, log_density: Floats) -> Floats:
        """p(y | signal), shape (n, n_classes), from log densities of shape (n, n_states)."""
        posterior: Floats = softmax(log_density + np.log(self.prior), axis=1) @ self.labels
        return posterior
