"""The runs: weights on seeds of their own, then every arm with every teacher, then traces.

A job trains what it needs anew, from its key alone, and writes one row a run; teachers and
students that several rows of a job share are kept in memory. So a run can be stopped at any time.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np

import pidtools as pt
from benchmarks.distillation.arms import ARMS, TUNED, WEIGHTS, Arm, Lesson
from benchmarks.distillation.atoms import PROBE, atoms, sources
from benchmarks.distillation.data import pairs
from benchmarks.distillation.scale import Scale
from benchmarks.distillation.teachers import FOUR, teacher
from benchmarks.distillation.training import Trained, train, untrained
from benchmarks.tools.mnist import Pairs
from benchmarks.tools.store import Job, Row, Store, grouped

KEY = ("part", "teacher", "arm", "weight", "seed")
# Seeds of the weights are none of those of the study.
FIRST_TUNING_SEED = 100
TRACED = ("RID", "VID", "TED")
Weights = dict[str, float]


def store(name: str) -> Store:
    """Rows of all runs of one study."""
    return Store(f"{name}_runs", *KEY)


def key_of(part: str, kind: str, arm: str, weight: float | None, seed: int) -> Row:
    """What tells a run apart; `weight` is None where it is the one that was chosen."""
    return dict(zip(KEY, (part, kind, arm, weight, seed), strict=True))


def tuning_groups(scale: Scale) -> list[list[Job]]:
    """Each method at each weight with the trained teacher, seed by seed."""
    return [
        [
            (key_of("tuning", "trained", name, w, seed), partial(tuned, name, w, seed, scale))
            for name in TUNED
            for w in WEIGHTS
        ]
        for seed in range(FIRST_TUNING_SEED, FIRST_TUNING_SEED + scale.n_tuning)
    ]


def chosen(rows: Sequence[Row]) -> Weights:
    """The weight of best mean validation accuracy; of equal ones the smallest."""
    tuning = [row for row in rows if row["part"] == "tuning"]
    means = {
        key: float(np.mean([row["validation"] for row in group]))
        for key, group in grouped(tuning, "arm", "weight").items()
    }
    return {name: max(WEIGHTS, key=lambda w: (means[name, w], -w)) for name in TUNED}


def main_groups(scale: Scale, weights: Weights) -> list[list[Job]]:
    """Every arm with one teacher of one seed in a group."""
    groups = []
    for seed in range(max(scale.n_seeds, scale.n_seeds_untrained)):
        for kind in FOUR:
            if seed < (scale.n_seeds_untrained if kind == "untrained" else scale.n_seeds):
                groups.append(_of_teacher(kind, seed, scale, weights))
    return groups


def _of_teacher(kind: str, seed: int, scale: Scale, weights: Weights) -> list[Job]:
    jobs: list[Job] = [
        (
            key_of("study", kind, name, None, seed),
            partial(studied, kind, name, seed, scale, weights),
        )
        for name in ARMS
    ]
    if seed < scale.n_traces:
        jobs += [
            (
                key_of("trace", kind, name, None, seed),
                partial(traced, kind, name, seed, scale, weights),
            )
            for name in TRACED
        ]
    return jobs


def tuned(name: str, weight: float, seed: int, scale: Scale) -> Row:
    """Validation accuracy of one weight."""
    student = _student("trained", ARMS[name], weight, seed, scale)
    held = _validation(seed, scale)
    return {"validation": round(student.accuracy(held.X, held.left), 5)}


def studied(kind: str, name: str, seed: int, scale: Scale, weights: Weights) -> Row:
    """Test accuracy and atoms of one run, and what it cost."""
    arm = ARMS[name]
    weight, gate = _weight(kind, arm, seed, scale, weights)
    student = _student(kind, arm, weight, seed, scale)
    test = _test(seed, scale)
    accuracy = student.accuracy(test.X, test.left)
    row: Row = {
        "used_weight": weight,
        "accuracy": round(accuracy, 5),
        "collapsed": accuracy < 1 / scale.n_classes + 0.1,
        "training_seconds": round(student.seconds, 3),
        "parameters": zlib.crc32(student.network.theta.tobytes()),
    }
    theta = student.network.theta.tobytes()
    of_student = _student_sources(theta, seed, scale)
    row |= atoms(_teacher_sources(kind, seed, scale), of_student, test.left[: scale.n_measured])
    return row | gate


def traced(kind: str, name: str, seed: int, scale: Scale, weights: Weights) -> Row:
    """Atoms after some epochs, beside those of the student trained alone."""
    test = _test(seed, scale)
    X, Y = (each[: scale.n_measured] for each in (test.X, test.left))
    weight, _ = _weight(kind, ARMS[name], seed, scale, weights)
    look = {"looks_at": X, "look_after": scale.trace_epochs}
    student = _student(kind, ARMS[name], weight, seed, scale, **look)
    trace = pt.distillation_trace(
        _teacher_sources(kind, seed, scale)[PROBE],
        student.looks,
        Y,
        baseline=_looks_of_none(seed, scale),
        confidence_level=None,
    )
    rows = [row.to_dict() for row in trace.rows]
    wanted = ("step", "distilled", "distillable", "baseline_distilled", "baseline_distillable")
    return {"trace": [{k: round(float(row[k]), 5) for k in wanted} for row in rows]}


@lru_cache(maxsize=2)
def _looks_of_none(seed: int, scale: Scale) -> dict[int, Any]:
    """The student trained alone, looked at once for all traces of a seed."""
    test = _test(seed, scale)
    X, Y = (each[: scale.n_measured] for each in (test.X, test.left))
    alone = _student("trained", ARMS["none"], 0.0, seed, scale, looks_at=X,
                     look_after=scale.trace_epochs)  # fmt: skip
    return {epoch: pt.summarise(S, Y, estimator=PROBE) for epoch, S in alone.looks.items()}


def _weight(
    kind: str, arm: Arm, seed: int, scale: Scale, weights: Weights
) -> tuple[float, Row]:  # fmt: skip
    weight = weights[arm.tuned_as] if arm.weight is None else arm.weight
    if not arm.gate:
        return weight, {}
    gate, seconds = gate_of(kind, seed, scale)
    used = weight * gate if arm.gate == "scale" else weight * (gate > 0)
    return used, {"gate": round(gate, 5), "gate_seconds": round(seconds, 3)}


@lru_cache(maxsize=8)
def gate_of(kind: str, seed: int, scale: Scale) -> tuple[float, float]:
    """The gate on validation rows, of the student trained alone; and the CPU seconds it took."""
    held = _validation(seed, scale)
    X, Y = (each[: scale.n_measured] for each in (held.X, held.left))
    T = teacher(kind, seed, scale).last_hidden(X)
    S = _student(kind, ARMS["none"], 0.0, seed, scale).layer(X)
    start = time.process_time()
    gate = pt.distillation_weight(
        T, S, Y, estimator=PROBE, uncertainty="analytic", n_resamples=scale.resamples
    )
    return float(gate), time.process_time() - start


def _student(
    kind: str, arm: Arm, weight: float, seed: int, scale: Scale, **look: Any
) -> Trained:  # fmt: skip
    own = _rows_of_student(seed, scale)
    return train(own.X, own.left, arm.pull(_lesson(kind, seed, scale)), weight, scale, seed=seed,
                 **look)  # fmt: skip


@lru_cache(maxsize=2)
def _lesson(kind: str, seed: int, scale: Scale) -> Lesson:
    """The teacher is asked once: it is in evaluation mode, and its parameters are read-only."""
    own, known = _rows_of_student(seed, scale), teacher(kind, seed, scale)
    return Lesson(known.last_hidden(own.X), known.logits(own.X), own.left, seed)


@lru_cache(maxsize=2)
def _teacher_sources(kind: str, seed: int, scale: Scale) -> dict[str, Any]:
    test = _test(seed, scale)
    X, Y = (each[: scale.n_measured] for each in (test.X, test.left))
    return sources(teacher(kind, seed, scale).last_hidden(X), Y)


@lru_cache(maxsize=16)
def _student_sources(theta: bytes, seed: int, scale: Scale) -> dict[str, Any]:
    """Of the student with these parameters: arms that end in the same one are looked at once."""
    test = _test(seed, scale)
    X, Y = (each[: scale.n_measured] for each in (test.X, test.left))
    network = untrained(X.shape[1], scale.student_units, scale, seed)
    network.theta[:] = np.frombuffer(theta, network.theta.dtype)
    return sources(Trained(network, 0.0).layer(X), Y)


@lru_cache(maxsize=2)
def _rows_of_student(seed: int, scale: Scale) -> Pairs:
    return pairs(scale.data, "student", scale.n_student, seed)


@lru_cache(maxsize=2)
def _validation(seed: int, scale: Scale) -> Pairs:
    return pairs(scale.data, "validation", scale.n_validation, seed)


@lru_cache(maxsize=2)
def _test(seed: int, scale: Scale) -> Pairs:
    return pairs(scale.data, "test", scale.n_test, seed)
