"""The main job on real data: a teacher and four students on scikit-learn's digits."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pidtools._result import DistillableKnowledge
from pidtools.distillation import distillable_knowledge
from pidtools.estimators import summarise
from pidtools.plot import plot_atoms

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]

TEACHER_WIDTHS = (128, 64)
STUDENT_WIDTHS = (2, 4, 8, 16)
SEED = 0
N_JOBS = 2
TITLE = "What students of a 64-unit teacher have and lack, on held-out digits"


@dataclass(frozen=True)
class Student:
    """One student: hidden units, held-out accuracy, and what it still lacks.

    `result` is the default estimate, `clusters` the paper's pipeline.
    """

    width: int
    accuracy: float
    result: DistillableKnowledge
    clusters: DistillableKnowledge


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
    T, Y = np.load(folder / "teacher.npy"), np.load(folder / "labels.npy")
    report("probing the teacher")
    teacher = summarise(T, Y, n_jobs=N_JOBS)
    clustered = summarise(T, Y, estimator="kmeans")
    students = []
    for width, score in accuracy.items():
        report(f"probing the student with {width} hidden units")
        S = np.load(folder / f"student-{width}.npy")
        result = distillable_knowledge(teacher, S, Y, n_jobs=N_JOBS)
        clusters = distillable_knowledge(clustered, S, Y, estimator="kmeans")
        students.append(Student(width, score, result, clusters))
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
            {
                "width": s.width,
                "accuracy": s.accuracy,
                **s.result.to_dict(),
                "clusters": s.clusters.to_dict(),
            }
            for s in demonstration.students
        ],
    }
    path = demonstration.folder / "result.json"
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _write_figure(demonstration: Demonstration) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    students = demonstration.students
    figure = Figure(figsize=(11.5, 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    atoms, clusters, scores = figure.subplots(1, 3, width_ratios=(1.5, 1.5, 1))
    plot_atoms({str(s.width): s.result for s in students}, ax=atoms)
    plot_atoms({str(s.width): s.clusters for s in students}, ax=clusters)
    clusters.sharey(atoms)
    atoms.set_title("probe (default)", fontsize="medium")
    clusters.set_title("the paper's 3 clusters", fontsize="medium")
    handles, labels = atoms.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    _draw_accuracy(demonstration, scores)
    for axes in (atoms, clusters, scores):
        axes.set_xlabel("hidden units of the student")
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(TITLE)
    figure.savefig(demonstration.folder / "result.png", dpi=150)


def _draw_accuracy(demonstration: Demonstration, axes: Axes) -> None:
    students = demonstration.students
    widths = np.arange(len(students))
    axes.plot(widths, [s.accuracy for s in students], "o-", color="black", label="student")
    axes.axhline(demonstration.teacher_accuracy, ls="--", color="0.5", label="teacher")
    axes.set_title("held-out accuracy", fontsize="medium")
    axes.set_xticks(widths, [str(s.width) for s in students])
    axes.set_xlim(-0.5, len(students) - 0.5)
    axes.legend(loc="lower right", frameon=False)
