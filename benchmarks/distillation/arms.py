"""Ways to distil, in one form: what is done before an epoch, and the pull on a batch.

All move by the student's layer alone, or by its logits (soft labels). What they learn themselves
moves by Adam at the student's first rate.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.distillation.data import Array
from pidtools import rid
from pidtools.rid._losses import slope_of_sigma
from pidtools.rid._pair import Pair, Pulled

# Epochs of warm-up and of the first stage of TED; cycles, and the share of them that is phase 1.
SCHEDULE = rid.RIDSchedule(n_w=10, q=10, r=0.2)
RATE, SIGMA_RATE = 1e-3, 0.05
FIRST_A = 5.0
N_CHANNELS = 64


@dataclass(frozen=True)
class Lesson:
    """What an arm may look at: the teacher's layer and logits on the student's rows, labels."""

    T: Array
    logits: Array
    Y: Array
    seed: int


class NoPull:
    """Ordinary training."""

    def before(self, epoch: int, student: Callable[[], Array]) -> None:
        """What is done before an epoch of the student; `student()` is its layer on all rows."""

    def pull(self, S: Array, logits: Array, rows: Array) -> tuple[Array | None, Array | None]:
        """Gradients by the student's layer and by its logits on a batch."""
        return None, None


class SoftLabels(NoPull):
    """The teacher's softened outputs."""

    def __init__(self, lesson: Lesson) -> None:
        self.lesson = lesson

    def pull(self, S: Array, logits: Array, rows: Array) -> tuple[Array | None, Array | None]:
        """By the logits only."""
        return None, rid.soft_label_loss_and_grad(logits, self.lesson.logits[rows])[1]


class FitNets(NoPull):
    """A regressor on the student's layer predicts the teacher's, as it is."""

    def __init__(self, lesson: Lesson) -> None:
        self.lesson = lesson
        self.regressor: rid.Filter | None = None
        self.a = np.full(lesson.T.shape[1], FIRST_A, np.float32)
        self.adam_a = rid.Adam(len(self.a), np.float32)

    def pull(self, S: Array, logits: Array, rows: Array) -> tuple[Array | None, Array | None]:
        """One step of the regressor too."""
        T = self.lesson.T[rows]
        if self.regressor is None:
            self.regressor = rid.Filter(
                S.shape[1], T.shape[1], dtype=np.float32, random_state=[self.lesson.seed, 11]
            )
            self.adam = rid.Adam(len(self.regressor.theta), np.float32)
        prediction, kept = self.regressor.forward(S, training=True)
        by_s, by_theta = self.regressor.backward(kept, self.by_prediction(prediction, T))
        self.adam.step(self.regressor.theta, by_theta, RATE)
        self.regressor.remember(kept)
        return by_s, None

    def by_prediction(self, prediction: Array, T: Array) -> Array:
        """Gradient of the loss by the prediction."""
        return rid.fitnets_loss_and_grad(prediction, T)[1]


class VID(FitNets):
    """The same with a width for each channel, learned."""

    def by_prediction(self, prediction: Array, T: Array) -> Array:
        """Widths take a step too."""
        _, found, by_a = rid.vid_loss_and_grad(prediction, T, self.a)
        self.adam_a.step(self.a, by_a, SIGMA_RATE)
        return found


class TED(NoPull):
    """Both layers through filters that were trained on the task before.

    The teacher's is held then; the student's moves with the student. Held as well, a filter of the
    student as it starts soon fits it no longer, and cost 34 points with the trained teacher.
    """

    def __init__(self, lesson: Lesson) -> None:
        self.lesson = lesson

    def before(self, epoch: int, student: Callable[[], Array]) -> None:
        """The first stage, on the student as it starts."""
        if epoch:
            return
        lesson = self.lesson
        of_t, of_s = (
            rid.TaskFilter(n_channels=N_CHANNELS, random_state=seed)
            for seed in (lesson.seed, lesson.seed + 1_000)
        )
        of_t.fit(lesson.T, lesson.Y, n_epochs=SCHEDULE.n_w)
        of_s.fit(student(), lesson.Y, n_epochs=SCHEDULE.n_w)
        self.target = of_t.filter.forward(lesson.T)[0]
        self.filter = of_s.filter
        self.adam = rid.Adam(len(self.filter.theta), np.float32)

    def pull(self, S: Array, logits: Array, rows: Array) -> tuple[Array | None, Array | None]:
        """Through the student's filter, which takes a step."""
        filtered, kept = self.filter.forward(S, training=True)
        _, grad = rid.ted_loss_and_grad(filtered, self.target[rows])
        by_s, by_theta = self.filter.backward(kept, grad)
        self.adam.step(self.filter.theta, by_theta, RATE)
        self.filter.remember(kept)
        return by_s, None


class RID(NoPull):
    """Redundant information distillation, and what it is without one of its parts."""

    def __init__(
        self, lesson: Lesson, *, log_sigma: bool = False, second_term: bool = True,
        shuffled: bool = False,
    ) -> None:  # fmt: skip
        self.T, self.Y, self.second_term = lesson.T, lesson.Y, second_term
        if shuffled:
            self.Y = np.random.default_rng([lesson.seed, 12]).permutation(self.Y)
        self.distiller = rid.RedundantInformationDistillation(
            n_channels=N_CHANNELS, learning_rate=RATE, sigma_learning_rate=SIGMA_RATE,
            random_state=lesson.seed,
        )  # fmt: skip
        self.distiller.warm_up(self.T, self.Y, n_epochs=0, classes=np.arange(10))
        if log_sigma:
            made = self.distiller._pairs[""]
            self.distiller._pairs[""] = LogSigmaPair("", made.task, made.seed)

    def before(self, epoch: int, student: Callable[[], Array]) -> None:
        """Warm-up before the first epoch, phase 1 at the start of each cycle, by the schedule."""
        if epoch == 0:
            self.distiller.warm_up(self.T, self.Y, n_epochs=SCHEDULE.n_w)
        if epoch % (SCHEDULE.q - SCHEDULE.n_teacher) == 0:
            if self.second_term:
                self.distiller.refresh_teacher(
                    self.T, student(), self.Y, n_epochs=SCHEDULE.n_teacher
                )
            else:
                self.distiller.warm_up(self.T, self.Y, n_epochs=SCHEDULE.n_teacher)

    def pull(self, S: Array, logits: Array, rows: Array) -> tuple[Array | None, Array | None]:
        """Phase 2."""
        return self.distiller.step(S, self.T[rows])[1], None


class LogSigmaPair(Pair):
    """The loss mean(log sigma) + mean(V^2 / sigma), which has no lower bound."""

    def student_move(self, S: Array, T: Array, *, best: bool, training: bool) -> Pulled:
        """sigma^2 out, log sigma in; by V nothing changes."""
        pulled = super().student_move(S, T, best=best, training=training)
        sigma = pulled.sigma
        swapped = (1 / sigma - 2 * sigma) * slope_of_sigma(self.a) / len(sigma)
        return dataclasses.replace(
            pulled,
            loss=pulled.loss + float(np.mean(np.log(sigma) - sigma * sigma)),
            by_a=pulled.by_a + swapped.astype(self.a.dtype),
        )


@dataclass(frozen=True)
class Arm:
    """A method, the name under which its weight is chosen, and how the gate bears on it.

    `weight` is fixed where it is given; `gate` is "" (none), "switch" (the weight where the gate
    is above 0, no distillation where it is 0) or "scale" (the weight times the gate).
    """

    make: Callable[..., Any]
    tuned_as: str
    weight: float | None = None
    gate: str = ""
    options: tuple[tuple[str, Any], ...] = ()

    def pull(self, lesson: Lesson) -> Any:
        """Ready for a student."""
        return self.make(lesson, **dict(self.options))


# Added when the others had been seen, to tell the method from the weight that was chosen for it.
AFTERWARDS = ("RID at 1",)
WEIGHTS = (0.1, 1.0, 10.0, 100.0)
TUNED = {"soft labels": SoftLabels, "FitNets": FitNets, "VID": VID, "RID": RID, "TED": TED}
ARMS = {
    "none": Arm(SoftLabels, "", weight=0.0),
    **{name: Arm(make, name) for name, make in TUNED.items()},
    "VID at 100": Arm(VID, "VID", weight=100.0),
    "RID at 10": Arm(RID, "RID", weight=10.0),
    "RID at 1": Arm(RID, "RID", weight=1.0),
    "gated RID": Arm(RID, "RID", gate="switch"),
    "gated VID": Arm(VID, "VID", gate="switch"),
    "RID times gate": Arm(RID, "RID", gate="scale"),
    "VID times gate": Arm(VID, "VID", gate="scale"),
    "RID with log sigma": Arm(RID, "RID", options=(("log_sigma", True),)),
    "RID without the second term": Arm(RID, "RID", options=(("second_term", False),)),
    "RID of shuffled labels": Arm(RID, "RID", options=(("shuffled", True),)),
}
