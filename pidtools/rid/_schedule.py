"""Which epoch is whose: warm-up, then cycles that begin with the teacher's filter."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pidtools import _validate

Phase = Literal["warm_up", "teacher", "student"]


@dataclass(frozen=True, kw_only=True)
class RIDSchedule:
    """Epochs of RID: `n_w` of warm-up, then cycles of `q`, the first `r q` of each for phase 1.

    With i counted from 0 after the warm-up, an epoch is the teacher's while i mod q < r q. In
    those the student stands still, so that `phases` counts the student's epochs alone.

    Parameters
    ----------
    n_w : int
        Epochs of warm-up, at least 0.
    q : int
        Epochs of a cycle, at least 1.
    r : float
        Share of a cycle that is the teacher's, from 0 on, below 1; not a whole number of epochs is
        rounded up, and must leave one for the student.

    Raises
    ------
    ValueError, TypeError
        If a number is outside its range.

    Examples
    --------
    >>> from pidtools import rid
    >>> schedule = rid.RIDSchedule(n_w=1, q=4, r=0.25)
    >>> list(schedule.phases(4))
    ['warm_up', 'teacher', 'student', 'student', 'student', 'teacher', 'student']
    """

    n_w: int = 10
    q: int = 10
    r: float = 0.2

    def __post_init__(self) -> None:
        _validate.check_integer(self.n_w, "n_w", minimum=0)
        _validate.check_integer(self.q, "q", minimum=1)
        _validate.check_share(self.r, "r")
        if self.n_teacher >= self.q:
            raise ValueError(
                f"r={self.r} of q={self.q} epochs, rounded up, leaves none of a cycle to the "
                "student; take a smaller r or a larger q."
            )

    @property
    def n_teacher(self) -> int:
        """Epochs of phase 1 at the start of each cycle."""
        return math.ceil(self.r * self.q - 1e-9)  # 0.1 * 30 is above 3 by a rounding

    def phase(self, epoch: int) -> Phase:
        """Whose turn epoch number `epoch` is, counted from 0, the warm-up included."""
        epoch = _validate.check_integer(epoch, "epoch", minimum=0)
        if epoch < self.n_w:
            return "warm_up"
        return "teacher" if (epoch - self.n_w) % self.q < self.n_teacher else "student"

    def phases(self, n_student_epochs: int) -> Iterator[Phase]:
        """Phases in turn, until the student has had as many epochs."""
        left = _validate.check_integer(n_student_epochs, "n_student_epochs", minimum=0)
        epoch = 0
        while left:
            phase = self.phase(epoch)
            yield phase
            left -= phase == "student"
            epoch += 1
