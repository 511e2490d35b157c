"""The demonstration goes on: layers, training and classes of the same networks on digits."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pidtools import _outputs, _warnings
from pidtools._estimator import Estimator
from pidtools._types import Codes, Floats
from pidtools.demo import (
    N_JOBS,
    SEED,
    STUDENT_WIDTHS,
    TEACHER_WIDTHS,
    layers_of,
    split_digits,
    train,
)
from pidtools.distillation import distillable_knowledge
from pidtools.maps import distillation_map
from pidtools.plot import save_map, save_trace, save_where
from pidtools.traces import distillation_trace

# The student whose layers, training and classes are looked at.
WIDTH = STUDENT_WIDTHS[2]
EPOCHS = (1, 2, 4, 8, 16, 32, 64, 100, 150)
# Share of the labels of the student without a teacher that are wrong, as labels of people are.
WRONG = 1 / 4
WHAT = ("map", "trace", "where")


@_warnings.quiet
def decide(
    what: str, folder: Path, report: Callable[[str], None], *, estimator: Estimator[Any] | str
) -> str:
    """Measure one of `WHAT`, write its JSON and its picture into `folder`; text for people."""
    from threadpoolctl import threadpool_limits

    folder.mkdir(parents=True, exist_ok=True)
    with threadpool_limits(1), _warnings.collecting():
        learned, held_out = split_digits()
        report(f"training the networks of the {what}")
        teacher = train(TEACHER_WIDTHS, learned)
        result, save = {"map": _map, "trace": _trace, "where": _where}[what](
            teacher, learned, held_out, report, estimator
        )
    content = json.dumps(result.to_dict(), indent=2) + "\n"
    _outputs.write(folder / f"{what}.json", lambda made: made.write_text(content, encoding="utf-8"))
    save(folder / f"{what}.png")
    text: str = result.summary()
    return text


Answer = tuple[Any, Callable[[Path], None]]
Digits = tuple[Floats, Codes]


def _map(
    teacher: Any,
    learned: Digits,
    held_out: Digits,
    report: Callable[[str], None],
    estimator: Estimator[Any] | str,
) -> Answer:
    student = train((WIDTH,), learned)
    report("measuring three layers of the teacher against two of the student")
    found = distillation_map(
        _named(teacher, held_out[0]),
        _named(student, held_out[0]),
        held_out[1],
        estimator=estimator,
        confidence_level=0.95,
        random_state=SEED,
        n_jobs=N_JOBS,
    )
    return found, lambda path: save_map(found, path)


def _trace(
    teacher: Any,
    learned: Digits,
    held_out: Digits,
    report: Callable[[str], None],
    estimator: Estimator[Any] | str,
) -> Answer:
    students, baseline = trained_by_epochs(teacher, learned, held_out[0])
    report("measuring the student epoch by epoch, with and without its teacher")
    found = distillation_trace(
        layers_of(teacher, held_out[0])[-2],
        students,
        held_out[1],
        baseline=baseline,
        estimator=estimator,
        random_state=SEED,
        n_jobs=N_JOBS,
    )
    return found, lambda path: save_trace(found, path)


def _where(
    teacher: Any,
    learned: Digits,
    held_out: Digits,
    report: Callable[[str], None],
    estimator: Estimator[Any] | str,
) -> Answer:
    student = train(STUDENT_WIDTHS[:1], learned)
    report("measuring class by class")
    found = distillable_knowledge(
        layers_of(teacher, held_out[0])[-2],
        layers_of(student, held_out[0])[-2],
        held_out[1],
        estimator=estimator,
        synergy=False,
        random_state=SEED,
        n_jobs=N_JOBS,
    )
    return found.by_class(), lambda path: save_where(found, path)


def _named(network: Any, pixels: Floats) -> Mapping[str, Floats]:
    """Layers of a network by name, the last one as what it says of the classes."""
    *inner, logits = layers_of(network, pixels)
    return {**{f"h{k + 1}": layer for k, layer in enumerate(inner)}, "logits": logits}


def trained_by_epochs(
    teacher: Any, learned: Digits, pixels: Floats
) -> tuple[dict[int, Floats], dict[int, Floats]]:
    """Hidden layers, epoch by epoch, of a student and of one that has no teacher.

    That one learns from labels of which some are wrong; the student of the teacher from what the
    teacher says of each row, drawn as a label anew every epoch.
    """
    from sklearn.neural_network import MLPClassifier

    X, y = learned
    rng = np.random.default_rng(SEED)
    wrong = rng.random(len(y)) < WRONG
    noisy = np.where(wrong, rng.integers(10, size=len(y)), y)
    likely = np.cumsum(teacher.predict_proba(X), axis=1)
    found: tuple[dict[int, Floats], dict[int, Floats]] = ({}, {})
    for has_teacher, of_epochs in zip((True, False), found, strict=True):
        student = MLPClassifier(
            (WIDTH,), learning_rate_init=0.003, random_state=SEED, batch_size=64
        )
        for epoch in range(1, max(EPOCHS) + 1):
            said = (rng.random((len(X), 1)) > likely).sum(axis=1).clip(max=9)
            student.partial_fit(X, said if has_teacher else noisy, classes=np.arange(10))
            if epoch in EPOCHS:
                of_epochs[epoch] = layers_of(student, pixels)[-2]
    return found
