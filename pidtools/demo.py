"""The main job on real data: a teacher and four students on scikit-learn's digits."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pidtools import _outputs, _warnings
from pidtools._estimator import Estimator
from pidtools._knowledge import DistillableKnowledge
from pidtools._measuring import Options, measure
from pidtools._types import Array, Codes, Floats
from pidtools.plot import new_figure, plot_students, save_figure, without_frame

TEACHER_WIDTHS = (128, 64)
STUDENT_WIDTHS = (2, 4, 8, 16)
SEED = 0
LEVEL = 0.95
# Fewer than the 200 of `distillable_knowledge`, for time; both cores share them.
N_RESAMPLES, N_JOBS = 60, 2
TITLE = "What students of a 64-unit teacher have and lack, on held-out digits"


@dataclass(frozen=True)
class Student:
    """One student: hidden units, held-out accuracy, and what it still lacks.

    `clusters` is the same question put to the paper's pipeline.
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


@_warnings.quiet
def run(
    folder: Path,
    report: Callable[[str], None],
    *,
    estimator: Estimator[Any] | str = "probe",
    n_resamples: int = N_RESAMPLES,
) -> Demonstration:
    """Train, save activations, measure, and write JSON and figure into `folder`.

    `report` is told each step before it starts. Half of the 1,797 digits train the networks;
    the other half, which neither has seen, is what the activations and numbers come from.
    """
    from threadpoolctl import threadpool_limits

    folder.mkdir(parents=True, exist_ok=True)
    with threadpool_limits(1):  # matrices this small only lose time to more threads
        learned, held_out = split_digits()
        report(f"training the teacher ({' and '.join(map(str, TEACHER_WIDTHS))} hidden units)")
        teacher = train(TEACHER_WIDTHS, learned)
        save_array(folder / "teacher.npy", _hidden(teacher, held_out[0]))
        save_array(folder / "labels.npy", held_out[1])
        accuracy = {}
        for width in STUDENT_WIDTHS:
            report(f"training the student with {width} hidden units")
            student = train((width,), learned)
            save_array(folder / f"student-{width}.npy", _hidden(student, held_out[0]))
            accuracy[width] = float(student.score(*held_out))
        report("measuring the students as the paper does")
        clusters = _measure(folder, "kmeans", None, n_resamples)
        report(f"measuring the students, with intervals from {n_resamples} resamples")
        results = _measure(folder, estimator, LEVEL, n_resamples)
    students = tuple(map(Student, STUDENT_WIDTHS, accuracy.values(), results, clusters))
    demonstration = Demonstration(float(teacher.score(*held_out)), students, folder)
    report("writing result.json and result.png")
    _write_json(demonstration)
    _write_figure(demonstration)
    return demonstration


def _measure(
    folder: Path, estimator: Estimator[Any] | str, level: float | None, n_resamples: int
) -> tuple[DistillableKnowledge, ...]:
    """What `distillable_knowledge` says of the saved activations.

    The teacher is looked at once, also in each resample; one call a student would do that again.
    """
    options = Options.checked("bits", level, n_resamples, progress=None)
    students = {f"S{width}": np.load(folder / f"student-{width}.npy") for width in STUDENT_WIDTHS}
    with _warnings.collecting():  # results keep what they say
        measured = measure(
            np.load(folder / "teacher.npy"),
            students,
            np.load(folder / "labels.npy"),
            estimator=estimator,
            options=options,
            synergy=True,
            groups=None,
            random_state=SEED,
            n_jobs=N_JOBS,
        )
        return measured.results


def split_digits() -> tuple[tuple[Floats, Codes], tuple[Floats, Codes]]:
    """Pixels and digits to train on, and as many to measure on."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    pixels, digit = load_digits(return_X_y=True)
    a, b, y_a, y_b = train_test_split(
        pixels / 16.0, digit, test_size=0.5, random_state=SEED, stratify=digit
    )
    return (a, y_a), (b, y_b)


def train(widths: tuple[int, ...], learned: tuple[Floats, Codes]) -> Any:
    """A network of hidden layers of these widths."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    network = MLPClassifier(
        hidden_layer_sizes=widths,
        learning_rate_init=0.01 if len(widths) == 1 else 0.001,
        max_iter=600,
        random_state=SEED,
    )
    with _warnings.ignoring(ConvergenceWarning):  # the accuracy is in the table
        return network.fit(*learned)


def layers_of(network: Any, pixels: Floats) -> list[Floats]:
    """Activations of each hidden layer, and the logits, by replaying the weights."""
    layers, last = [pixels], len(network.coefs_) - 1
    for k, (weights, bias) in enumerate(zip(network.coefs_, network.intercepts_, strict=True)):
        sums = layers[-1] @ weights + bias
        layers.append(sums if k == last else np.maximum(sums, 0.0))
    return layers[1:]


def _hidden(network: Any, pixels: Floats) -> Floats:
    """Activations of the last hidden layer."""
    return layers_of(network, pixels)[-2]


def save_array(path: Path, array: Array) -> None:
    """As `numpy.save`, which adds an ending to names that have none, in the way of all outputs."""

    def save(made: Path) -> None:
        with made.open("wb") as file:
            np.save(file, array)

    _outputs.write(path, save)


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
    text = json.dumps(content, indent=2) + "\n"
    _outputs.write(path, lambda made: made.write_text(text, encoding="utf-8"))


def _write_figure(demonstration: Demonstration) -> None:
    from matplotlib.patches import Rectangle

    figure = new_figure(9, 4.2)
    ax = figure.subplots()
    named = {_title(student): student for student in demonstration.students}
    plot_students(
        {name: student.result for name, student in named.items()},
        beside={name: student.clusters for name, student in named.items()},
        ax=ax,
    )
    handles, labels = ax.get_legend_handles_labels()
    n_clusters = demonstration.students[0].clusters.estimator_s.n_clusters
    handles.append(Rectangle((0, 0), 1, 0.3, color="0.6"))
    figure.legend(
        handles,
        [*labels, f"thin bars: the paper's {n_clusters} clusters"],
        loc="outside lower center",
        ncols=4,
        frameon=False,
        handlelength=1.4,
        columnspacing=1.4,
    )
    known = demonstration.students[0].result.teacher_information
    right = f"{demonstration.teacher_accuracy:.0%} right"
    ax.set_title(f"{TITLE}\nThe teacher, {right}, knows {known:.2f} bits.")
    without_frame(ax)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    save_figure(figure, demonstration.folder / "result.png")


def _title(student: Student) -> str:
    return f"{student.width} units,\n{student.accuracy:.0%} right"
