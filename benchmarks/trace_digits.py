"""A trace on digits: a student distilled by soft labels, one that is not, and one teacher.

    python benchmarks/trace_digits.py

The teacher is a network of 64 units, the students have 16, all on two fifths of the digits of
scikit-learn; the student learns from what the teacher says, drawn as labels anew every epoch, the
baseline from labels of which a third is wrong. Both are measured on the others, which no
network saw, by the last hidden layer and a linear readout: the default probe of a thousand rows
scatters by more than counts as nothing here, and finds no saturation. The trace is kept in
``results/trace_digits.json``; the table shows it with what a trace must show, the figure draws it.
"""

from __future__ import annotations

import os
import warnings

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import pidtools as pt
from benchmarks.tools.clock import spent
from benchmarks.tools.options import Options
from benchmarks.tools.store import keep, kept
from benchmarks.tools.written import save_figure, write
from pidtools._types import Codes, Floats
from pidtools.plot import plot_trace

EPOCHS = (1, 2, 4, 8, 16, 32, 64, 100, 150, 200, 250)
NAME = "trace_digits"
OF_TEACHER, OF_STUDENT, WRONG = 64, 16, 1 / 3


def hidden(network: MLPClassifier, X: Floats) -> Floats:
    """Activations of the hidden layer."""
    rectified: Floats = np.maximum(X @ network.coefs_[0] + network.intercepts_[0], 0.0)
    return rectified


def networks() -> tuple[Floats, dict[int, Floats], dict[int, Floats], Codes]:
    """Held-out activations of the teacher, of student and baseline by epoch, and labels."""
    X, y = load_digits(return_X_y=True)
    X = X / 16
    learned, held_out, y_learned, y = train_test_split(
        X, y, test_size=0.6, random_state=0, stratify=y
    )
    teacher = MLPClassifier((OF_TEACHER,), max_iter=300, random_state=0).fit(learned, y_learned)
    rng = np.random.default_rng(0)
    wrong = rng.random(len(y_learned)) < WRONG
    noisy = np.where(wrong, rng.integers(10, size=len(y_learned)), y_learned)
    likely = np.cumsum(teacher.predict_proba(learned), axis=1)
    found: tuple[dict[int, Floats], dict[int, Floats]] = ({}, {})
    for kind, of_epochs in enumerate(found):
        student = MLPClassifier(
            (OF_STUDENT,), learning_rate_init=0.003, random_state=1, batch_size=64
        )
        for epoch in range(1, max(EPOCHS) + 1):
            soft = (rng.random((len(learned), 1)) > likely).sum(axis=1).clip(max=9)
            student.partial_fit(learned, noisy if kind else soft, classes=np.arange(10))
            if epoch in EPOCHS:
                of_epochs[epoch] = hidden(student, held_out)
    return hidden(teacher, held_out), *found, y


def main() -> None:
    """Parse the command line, measure, write and draw."""
    options = Options(__doc__)
    options.only_table()
    given = options.parse_args()
    if not given.table:
        measure()
    trace = pt.DistillationTrace.from_dict(kept(NAME)["trace"])
    write_checked(trace)
    draw(trace)


def measure() -> None:
    """Train, trace, keep."""
    warnings.simplefilter("ignore")
    T, students, baseline, y = networks()
    trace = pt.distillation_trace(
        T, students, y, baseline=baseline, estimator=pt.Probe(experts=("lda",))
    )
    keep(NAME, cpu_seconds=round(spent(), 1), trace=trace.to_dict())


def write_checked(trace: pt.DistillationTrace) -> None:
    """The trace, and whether it shows what it must."""
    os.environ["COLUMNS"] = "80"  # a table that differs by no terminal
    found, last = trace.saturation, trace[-1]
    assert found is not None
    checks = {
        "distillable falls": trace[0].bands["distillable"].low > last.bands["distillable"].high,
        "saturation found": found.step is not None,
        "less is left than of the baseline": last.difference_bands["distillable"].high < 0,
        "one number of the teacher": len({row.teacher_information for row in trace}) == 1,
    }
    write(
        NAME,
        "# A trace on digits",
        "What it is: `benchmarks/trace_digits.py`.",
        f"```\n{trace.summary()}\n```",
        "\n".join(f"- {what}: {'yes' if so else 'NO'}" for what, so in checks.items()),
    )


def draw(trace: pt.DistillationTrace) -> None:
    """Its curves with their bands."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.5, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = plot_trace(trace, ax=figure.subplots())
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    save_figure(figure, NAME, f"{NAME}.json")


if __name__ == "__main__":
    main()
