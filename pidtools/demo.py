"""The main job on real data: a teacher and four students on scikit-learn's digits."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pidtools._result import DistillableKnowledge
from pidtools.distillation import distillable_knowledge
from pidtools.estimators import summarise
from pidtools.plot import plot_atoms

Floats = NDArray[np.float64]

TEACHER_WIDTHS = (128, 64)
STUDENT_WIDTHS = (2, 4, 8, 16)
SEED = 0
TITLE = "What students of a 64-unit teacher have and lack, on held-out digits"


@dataclass(frozen=True)
class Student:
    """One student: hidden units, held-out accuracy, and what it still lacks."""

    width: int
    accuracy: float
    result: DistillableKnowledge


@dataclass(frozen=True)
class Demonstration:
    """All that the demonstration found, and the folder that holds its files."""

    teacher_accuracy: float
    students: tuple[Student, ...]
    folder: Path


def run(folder: Path, report: Callable[[str], None]) -> Demonstration:
    """Train, save activations, measure, and write JSON and figure into `folder`.

    `report` is told each step before it starts. Half of the 1,797 digits train the networks;
    the other half, which neither has seen, is what the activations and numbers come from.
    """
    from threadpoolctl import threadpool_limits

    folder.mkdir(parents=True, exist_ok=True)
    with threadpool_limits(1):  # matrices this small only lose time to more threads
        train, held_out = _split_digits()
        report(f"training the teacher ({' and '.join(map(str, TEACHER_WIDTHS))} hidden units)")
        teacher = _train(TEACHER_WIDTHS, train)
        np.save(folder / "teacher.npy", _hidden(teacher, held_out[0]))
        np.save(folder / "labels.npy", held_out[1])
        accuracy = {}
        for width in STUDENT_WIDTHS:
            report(f"training the student with {width} hidden units")
            student = _train((width,), train)
            np.save(folder / f"student-{width}.npy", _hidden(student, held_out[0]))
            accuracy[width] = float(student.score(*held_out))
        students = _measure(folder, accuracy, report)
    demonstration = Demonstration(float(teacher.score(*held_out)), students, folder)
    report("writing result.json and result.png")
    _write_json(demonstration)
    _write_figure(demonstration)
    return demonstration


def _measure(
    folder: Path, accuracy: dict[int, float], report: Callable[[str], None]
) -> tuple[Student, ...]:
    """Measure saved activations as any user would; the teacher is looked at once."""
    Y = np.load(folder / "labels.npy")
    report("summarising the teacher")
    teacher = summarise(np.load(folder / "teacher.npy"), Y)
    students = []
    for width, score in accuracy.items():
        report(f"measuring the student with {width} hidden units")
        S = np.load(folder / f"student-{width}.npy")
        students.append(Student(width, score, distillable_knowledge(teacher, S, Y)))
    return tuple(students)


def _split_digits() -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    pixels, digit = load_digits(return_X_y=True)
    a, b, y_a, y_b = train_test_split(
        pixels / 16.0, digit, test_size=0.5, random_state=SEED, stratify=digit
    )
    return (a, y_a), (b, y_b)


def _train(widths: tuple[int, ...], train: tuple[Floats, Floats]) -> Any:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    network = MLPClassifier(
        hidden_layer_sizes=widths,
        learning_rate_init=0.01 if len(widths) == 1 else 0.001,
        max_iter=600,
        random_state=SEED,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the accuracy is in the table
        return network.fit(*train)


def _hidden(network: Any, pixels: Floats) -> Floats:
    """Activations of the last hidden layer, by replaying the weights."""
    hidden = pixels
    for weights, bias in zip(network.coefs_[:-1], network.intercepts_[:-1], strict=True):
        hidden = np.maximum(hidden @ weights + bias, 0.0)
    return hidden


def _write_json(demonstration: Demonstration) -> None:
    content = {
        "teacher_accuracy": demonstration.teacher_accuracy,
        "students": [
            {"width": s.width, "accuracy": s.accuracy, **s.result.to_dict()}
            for s in demonstration.students
        ],
    }
    path = demonstration.folder / "result.json"
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _write_figure(demonstration: Demonstration) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    students = demonstration.students
    figure = Figure(figsize=(9.5, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    atoms, scores = figure.subplots(1, 2, width_ratios=(1.7, 1))
    plot_atoms({str(s.width): s.result for s in students}, ax=atoms)
    atoms.set_title(repr(students[0].result.estimator_s), fontsize="medium")
    atoms.set_xlabel("hidden units of the student")
    atoms.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, frameon=False)
    widths = np.arange(len(students))
    scores.plot(widths, [s.accuracy for s in students], "o-", color="black", label="student")
    scores.axhline(demonstration.teacher_accuracy, ls="--", color="0.5", label="teacher")
    scores.set_xticks(widths, [str(s.width) for s in students])
    scores.set_xlabel("hidden units of the student")
    scores.set_ylabel("accuracy")
    scores.set_xlim(-0.5, len(students) - 0.5)
    scores.legend(loc="lower right", frameon=False)
    for axes in (atoms, scores):
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(TITLE)
    figure.savefig(demonstration.folder / "result.png", dpi=150)
