"""How large a study is; everything that a run depends on beside its key."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Sizes of a study.

    Attributes
    ----------
    data : str
        "mnist" or "digits".
    teacher_units, student_units : tuple of int
        Hidden layers.
    n_teacher, n_student, n_validation, n_test : int
        Pairs; atoms are measured on the first `n_measured` of the test pairs, the gate on the
        first `n_measured` validation pairs.
    teacher_epochs, student_epochs, batch : int
        The teacher's, the student's, rows of an update for both.
    rate : float
        Of Adam at first; it falls to 0 along a half cosine.
    largest_gradient : float
        Euclidean norm to which a student's gradient is clipped.
    n_seeds, n_seeds_untrained, n_tuning, n_traces, n_prediction : int
        Seeds of the main runs, of those with the untrained teacher, and so on.
    trace_epochs : tuple of int
        Epochs after which a trace looks.
    resamples : int
        Of the gate, where duals are not unique and standard errors come from resampling.
    """

    data: str = "mnist"
    teacher_units: tuple[int, ...] = (256, 128)
    student_units: tuple[int, ...] = (64, 8)
    n_teacher: int = 20_000
    n_student: int = 2_000
    n_validation: int = 5_000
    n_test: int = 10_000
    n_measured: int = 2_500
    teacher_epochs: int = 12
    student_epochs: int = 40
    batch: int = 100
    rate: float = 2e-3
    largest_gradient: float = 5.0
    n_seeds: int = 10
    n_seeds_untrained: int = 20
    n_tuning: int = 3
    n_traces: int = 3
    n_prediction: int = 3
    trace_epochs: tuple[int, ...] = (*range(1, 11), *range(12, 41, 2))
    resamples: int = 50
    specialist_units: tuple[int, ...] = (16, 16)
    student_rows: tuple[int, ...] = (500, 4_000)
    student_widths: tuple[int, ...] = (4, 16)

    @property
    def n_classes(self) -> int:
        """Digits."""
        return 10


FULL = Scale()
QUICK = Scale(
    teacher_units=(64, 32),
    student_units=(32, 8),
    n_teacher=4_000,
    n_student=500,
    n_validation=1_000,
    n_test=2_000,
    n_measured=600,
    teacher_epochs=6,
    student_epochs=60,
    batch=50,
    n_seeds=2,
    n_seeds_untrained=2,
    n_tuning=1,
    n_traces=1,
    n_prediction=1,
    trace_epochs=(4, 60),
    resamples=20,
    student_rows=(300, 1_000),
)
