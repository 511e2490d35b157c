"""Do the numbers decide rightly: where a student lacks knowledge, and whether a teacher can help.

    python benchmarks/decisions_digits.py --seeds 10

On scikit-learn's digits, half of the rows for training and half to measure on. "where": over the
ten classes, Spearman's correlation of Uni_T(y) with the teacher's accuracy less the student's, for
students of 2 to 8 hidden units; and of students that saw 3 % of the rows of two classes, the share
of the distillable knowledge that these two hold. "gate": `distillation_weight` without a margin for
a student of 8 units and teachers that were trained, trained for another task (how dark the
picture is), not trained at all, are a copy of the student, or are noise. Rows are kept in
``results/decisions_digits.jsonl`` and not repeated; a seed takes about half a minute.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

import pidtools as pt
from benchmarks.tools.networks import accuracy_by_class, hidden
from benchmarks.tools.options import Options
from benchmarks.tools.store import Job, Row, Store, grouped
from benchmarks.tools.written import table, write

STORE = Store("decisions_digits", "question", "case", "seed")
WIDTHS = (2, 3, 4, 6, 8)
STARVED = ((3, 8), (1, 7), (4, 9))
SEEN = 0.03
# By its labels a student lacks nearly all of what it never saw; by its hidden layer next to nothing
# is lacking unless that is narrow, as other classifiers learn the classes from it.
WIDTH_OF_STARVED = {"hidden layer": 8, "labels it says": 32}
TEACHERS = ("trained", "other task", "untrained", "the student", "noise")
Array = NDArray[Any]


def digits(seed: int) -> tuple[Array, Array, Array, Array]:
    """Pixels and digits to train on, and to measure on."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    pixels, digit = load_digits(return_X_y=True)
    a, b, y_a, y_b = train_test_split(
        pixels / 16.0, digit, test_size=0.5, random_state=seed, stratify=digit
    )
    return a, y_a, b, y_b


def trained(X: Array, y: Array, widths: tuple[int, ...], seed: int, steps: int = 300) -> Any:
    """A network; of one step, it is hardly trained at all."""
    from sklearn.neural_network import MLPClassifier

    rate = 0.01 if len(widths) == 1 else 0.001
    network = MLPClassifier(widths, learning_rate_init=rate, max_iter=steps, random_state=seed)
    return network.fit(X, y)


def where(width: int, seed: int) -> Row:
    """Knowledge that is left and accuracy that is lacking, class by class."""
    X, y, held, labels = digits(seed)
    teacher, student = trained(X, y, (128, 64), seed), trained(X, y, (width,), seed)
    result = pt.distillable_knowledge(
        hidden(teacher, held), hidden(student, held), labels, estimator="probe", synergy=False
    )
    lacking = accuracy_by_class(teacher, held, labels) - accuracy_by_class(student, held, labels)
    left = [row.distillable for row in result.by_class()]
    return {
        "left": np.round(left, 5).tolist(),
        "lacking": np.round(lacking, 5).tolist(),
        "residual": round(float(result.scores().mean() - result.distillable), 5),
    }


def starved(classes: tuple[int, ...], seen_as: str, seed: int) -> Row:
    """Share of what is left that classes hold of which the student saw next to nothing."""
    X, y, held, labels = digits(seed)
    seen = ~np.isin(y, classes) | (np.random.default_rng(seed).random(len(y)) < SEEN)
    width = WIDTH_OF_STARVED[seen_as]
    teacher, student = trained(X, y, (128, 64), seed), trained(X[seen], y[seen], (width,), seed)
    if seen_as == "labels it says":
        T, S = teacher.predict(held), student.predict(held)
    else:
        T, S = hidden(teacher, held), hidden(student, held)
    result = pt.distillable_knowledge(T, S, labels, synergy=False)
    parts = [row.share * row.distillable for row in result.by_class()]
    mine = sum(parts[k] for k in classes)
    return {"share": round(mine / sum(parts), 4), "distillable": round(result.distillable, 4)}


def gate(kind: str, seed: int) -> Row:
    """The weight of a teacher, before a margin is taken off."""
    X, y, held, labels = digits(seed)
    student = trained(X, y, (8,), seed)
    S = hidden(student, held)
    if kind == "trained":
        T = hidden(trained(X, y, (128, 64), seed), held)
    elif kind == "other task":
        dark = X.mean(axis=1)
        T = hidden(
            trained(X, np.digitize(dark, np.quantile(dark, (0.33, 0.67))), (32,), seed), held
        )
    elif kind == "untrained":
        T = np.maximum(held @ np.random.default_rng(seed).normal(size=(64, 32)), 0)
    elif kind == "the student":
        T = S + 0.0
    else:
        T = np.random.default_rng(seed).normal(size=(len(held), 32))
    weight = pt.distillation_weight(T, S, labels, margin=0.0, estimator="probe")
    return {"weight": round(float(weight), 5), "distillable": round(weight.result.distillable, 5)}


def jobs(seeds: Iterable[int]) -> Iterator[Job]:
    """All questions of a seed, seed by seed."""
    for seed in seeds:
        for width in WIDTHS:
            yield _key("where", width, seed), partial(where, width, seed)
        for classes in STARVED:
            for seen_as in WIDTH_OF_STARVED:
                name = f"{classes[0]} and {classes[1]}, by {seen_as}"
                yield _key("starved", name, seed), partial(starved, classes, seen_as, seed)
        for kind in TEACHERS:
            yield _key("gate", kind, seed), partial(gate, kind, seed)


def _key(question: str, case: Any, seed: int) -> Row:
    return {"question": question, "case": str(case), "seed": seed}


def write_tables(rows: list[Row]) -> None:
    """One table a question."""
    groups = grouped(rows, "question", "case")
    write(
        STORE.file.stem,
        "# Decisions on digits",
        "Uni_T(y) against the teacher's accuracy less the student's: Spearman's correlation over "
        "the ten classes, of means over seeds and on average over seeds; the residual of `scores`.",
        table(["hidden units", "seeds", "of means", "each", "residual"], _where_lines(groups)),
        f"Students that saw {SEEN:.0%} of the rows of two classes: the share of the distillable "
        "knowledge that these hold.",
        table(["classes", "seeds", "share", "least", "bits"], _starved_lines(groups)),
        "`distillation_weight` without a margin.",
        table(["teacher", "seeds", "mean", "largest", "above 0", "above .01"], _gate_lines(groups)),
    )


def _where_lines(groups: Any) -> Iterable[list[Any]]:
    for (question, case), group in groups.items():
        if question == "where":
            left, lacking = (np.array([row[name] for row in group]) for name in ("left", "lacking"))
            each = [spearmanr(*both).statistic for both in zip(left, lacking, strict=True)]
            whole = spearmanr(left.mean(axis=0), lacking.mean(axis=0)).statistic
            residual = np.abs([row["residual"] for row in group]).max()
            yield [case, len(group), f"{whole:.2f}", f"{np.nanmean(each):.2f}", f"{residual:.3f}"]


def _starved_lines(groups: Any) -> Iterable[list[Any]]:
    for (question, case), group in groups.items():
        if question == "starved":
            shares = [row["share"] for row in group]
            bits = np.mean([row["distillable"] for row in group])
            yield [case, len(group), f"{np.mean(shares):.2f}", f"{min(shares):.2f}", f"{bits:.3f}"]


def _gate_lines(groups: Any) -> Iterable[list[Any]]:
    for (question, case), group in groups.items():
        if question == "gate":
            weights = np.array([row["weight"] for row in group])
            above = [f"{(weights > margin).mean():.2f}" for margin in (0.0, 0.01)]
            yield [case, len(group), f"{weights.mean():.4f}", f"{weights.max():.4f}", *above]


def main() -> None:
    """Parse the command line, measure and write."""
    options = Options(__doc__)
    options.number("seeds", 10, "splits of the digits")
    options.only_table()
    given = options.parse_args()
    if not given.table:
        STORE.fill(jobs(range(given.seeds)))
    write_tables(STORE.rows())


if __name__ == "__main__":
    main()
