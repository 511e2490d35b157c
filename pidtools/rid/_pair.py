"""One teacher layer beside one student layer: both filters, sigma, and how they move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pidtools._types import Array, Codes
from pidtools.rid import _checks
from pidtools.rid._adam import Adam
from pidtools.rid._filter import Filter, Kept
from pidtools.rid._losses import FIRST_A, best_sigma, distillation, sigma_of, slope_of_sigma
from pidtools.rid._task import Move, TaskNetwork


@dataclass(frozen=True)
class Pulled:
    """Loss of phase 2 on a batch and where it pushes."""

    loss: float
    by_s: Array
    by_filter: Array
    by_a: Array
    sigma: Array
    kept: Kept


class Pair:
    """Filters of a teacher layer and of a student layer, and the widths sigma between them.

    The student's filter is made once the number of its channels is known.
    """

    def __init__(self, key: str, task: TaskNetwork, seed: list[int]) -> None:
        self.key, self.task, self.seed = key, task, seed
        n_channels, dtype = task.filter.n_out, task.filter.theta.dtype
        self.student: Filter | None = None
        self.a: Array = np.full(n_channels, FIRST_A, dtype)
        self.sigma = sigma_of(self.a)
        self.moments = Adam(0, dtype), Adam(n_channels, dtype)

    @property
    def dtype(self) -> Any:
        """Of the parameters and all arithmetic."""
        return self.a.dtype

    def student_filter(self, n_in: int) -> Filter:
        """The student's filter; the first call says how many channels its layer has."""
        if self.student is None:
            of_teacher = self.task.filter
            self.student = Filter(
                n_in,
                of_teacher.n_out,
                n_hidden=len(of_teacher.mean),
                dtype=self.dtype,
                random_state=[*self.seed, 2],
            )
            self.moments = Adam(len(self.student.theta), self.dtype), self.moments[1]
        return self.student

    def teacher_move(self, T: Array, codes: Codes, S: Array | None) -> Move:
        """Phase 1 on a batch, without the pull towards the student if S is None."""
        towards = None
        with _checks.overflowing():
            if S is not None:
                towards = self.student_filter(S.shape[1]).forward(S)[0], self.sigma
            move = self.task.move(T, codes, towards)
        for found in (move.by_filter, move.by_head, move.kept.variance):
            _checks.finite(found, _checks.label("T", self.key))
        return move

    def student_move(self, S: Array, T: Array, *, best: bool, training: bool) -> Pulled:
        """Phase 2 on a batch; the teacher's filter is in evaluation mode."""
        student = self.student_filter(S.shape[1])
        with _checks.overflowing():
            f_s, kept = student.forward(S, training=training)
            V = f_s - self.task.filter.forward(T)[0]
            sigma = best_sigma(V) if best else sigma_of(self.a)
            loss, by_V, by_sigma = distillation(V, sigma)
            by_s, by_filter = student.backward(kept, by_V)
            by_a = by_sigma * slope_of_sigma(self.a)
        assert by_s is not None
        for found in (by_s, by_filter, by_a, kept.variance):
            _checks.finite(found, _checks.label("S", self.key))
        return Pulled(loss, by_s, by_filter, by_a, sigma, kept)

    def apply(self, pulled: Pulled, *, best: bool, rate: float, sigma_rate: float) -> None:
        """Move the student's filter and sigma."""
        assert self.student is not None
        self.moments[0].step(self.student.theta, pulled.by_filter, rate)
        self.student.remember(pulled.kept)
        if best:
            self.sigma = pulled.sigma
        else:
            self.moments[1].step(self.a, pulled.by_a, sigma_rate)
            self.sigma = sigma_of(self.a)
