"""What is there to win by training on redundancy itself, rather than on the labels.

    python benchmarks/redundancy_climb.py --seeds 5

On scikit-learn's digits, half of the rows for training and half to measure on. A student is a
softmax of linear scores with ten states, trained by L-BFGS from the same start to climb Red(Y : T,
S) of its soft states, by `redundancy_and_gradient`; or by cross-entropy, with a state for each
class; or by cross-entropy and then Red. The teacher tells all ten digits, or only pairs of them (0
and 1, 2 and 3, ...). The student sees all 64 pixels or 3 principal components. Red is in bits, of
the soft states, of which those of 1 % of the rows are in use; accuracy is that of the most likely
class of the most likely state. Rows are kept in ``results/redundancy_climb.jsonl``; three seconds a
seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

import pidtools as pt
from benchmarks.tools.options import Options
from benchmarks.tools.store import Job, Row, Store, grouped
from benchmarks.tools.written import table, write

STORE = Store("redundancy_climb", "teacher", "inputs", "trained_by", "seed")
TEACHERS = {"all digits": np.arange(10), "pairs": np.arange(10) // 2}
INPUTS = ("64 pixels", "3 components")
TRAINED_BY = ("cross-entropy", "Red", "cross-entropy, then Red")
STEPS = 200
# Share of the rows from which on a state counts as in use.
IN_USE = 0.01
Array = NDArray[Any]
Loss = Callable[[Array], tuple[float, Array]]


def digits(inputs: str, seed: int) -> tuple[Array, Array, Array, Array]:
    """Standardised inputs with a constant, and digits, to train on and to measure on."""
    from sklearn.datasets import load_digits
    from sklearn.decomposition import PCA
    from sklearn.model_selection import train_test_split

    pixels, digit = load_digits(return_X_y=True)
    a, b, y_a, y_b = train_test_split(
        pixels / 16.0, digit, test_size=0.5, random_state=seed, stratify=digit
    )
    if inputs != "64 pixels":
        fitted = PCA(3, random_state=0).fit(a)
        a, b = fitted.transform(a), fitted.transform(b)
    a, b = (np.hstack([each, np.ones((len(each), 1))]) for each in (a, b))
    return a, y_a, b, y_b


def tables(X: Array, Y: Array, theta: Array, cells: Array) -> tuple[Array, Array]:
    """Of the teacher and of the student's soft states."""
    one_hot = np.eye(10)[Y] / len(Y)
    p_ty = np.eye(cells.max() + 1)[cells[Y]].T @ one_hot
    return p_ty, softmax(X @ theta.reshape(X.shape[1], 10), axis=1).T @ one_hot


def by_red(X: Array, Y: Array, cells: Array) -> Loss:
    """Less redundancy, and its slopes."""

    def loss(theta: Array) -> tuple[float, Array]:
        p_ty, p_sy = tables(X, Y, theta, cells)
        found = pt.redundancy_and_gradient(p_ty, p_sy, tol=1e-6)
        states = softmax(X @ theta.reshape(X.shape[1], 10), axis=1)
        g = found.gradient[:, Y].T / len(Y)
        by_scores = states * (g - (states * g).sum(axis=1, keepdims=True))
        return -found.redundancy, -(X.T @ by_scores).ravel()

    return loss


def by_labels(X: Array, Y: Array) -> Loss:
    """Cross-entropy of the states, a state for each class."""

    def loss(theta: Array) -> tuple[float, Array]:
        log_p = log_softmax(X @ theta.reshape(X.shape[1], 10), axis=1)
        error = (np.exp(log_p) - np.eye(10)[Y]) / len(Y)
        return -float(log_p[np.arange(len(Y)), Y].mean()), (X.T @ error).ravel()

    return loss


def climb(teacher: str, inputs: str, trained_by: str, seed: int) -> Row:
    """Red and accuracy after training, on rows to train and to measure on."""
    X, Y, X_new, Y_new = digits(inputs, seed)
    cells = TEACHERS[teacher]
    theta = 0.1 * np.random.default_rng(seed).normal(size=X.shape[1] * 10)
    losses = {"cross-entropy": by_labels(X, Y), "Red": by_red(X, Y, cells)}
    for stage in trained_by.split(", then "):
        done = minimize(
            losses[stage], theta, jac=True, method="L-BFGS-B", options={"maxiter": STEPS}
        )
        theta = done.x
    scores = theta.reshape(X.shape[1], 10)
    class_of = tables(X, Y, theta, cells)[1].argmax(axis=1)
    masses = tables(X, Y, theta, cells)[1].sum(axis=1)
    row: Row = {"states_in_use": int((masses > IN_USE).sum())}
    for which, x, y in (("train", X, Y), ("new", X_new, Y_new)):
        said = class_of[(x @ scores).argmax(axis=1)]
        row[f"red_{which}"] = pt.broja_from_pairs(*tables(x, y, theta, cells), tol=1e-6).redundancy
        row[f"accuracy_{which}"] = float((said == y).mean())
        row[f"accuracy_of_pairs_{which}"] = float((said // 2 == y // 2).mean())
    return row


def jobs(seeds: Iterable[int]) -> Iterator[Job]:
    """One for each way to train and seed."""
    for seed in seeds:
        for teacher in TEACHERS:
            for inputs in INPUTS:
                for how in TRAINED_BY:
                    key = {"teacher": teacher, "inputs": inputs, "trained_by": how, "seed": seed}
                    yield key, partial(climb, teacher, inputs, how, seed)


def write_table(rows: Iterable[Row]) -> None:
    """Means over seeds."""
    measures = ["states_in_use"] + [
        f"{what}_{which}"
        for which in ("train", "new")
        for what in ("red", "accuracy", "accuracy_of_pairs")
    ]
    lines = [
        [*key, len(group), *(f"{np.mean([row[name] for row in group]):.4g}" for name in measures)]
        for key, group in grouped(rows, "teacher", "inputs", "trained_by").items()
    ]
    columns = [
        "teacher tells",
        "inputs",
        "trained by",
        "seeds",
        *(m.replace("_", " ") for m in measures),
    ]
    write(
        "redundancy_climb",
        "# Climbing redundancy",
        "Means over seeds, on the rows of training and on new ones; Red in bits. All digits are "
        "3.322 bits, pairs 2.322.",
        table(columns, lines),
    )


def main() -> None:
    """Parse the command line, measure and write."""
    options = Options(__doc__)
    options.number("seeds", 5, "splits of the digits")
    options.only_table()
    given = options.parse_args()
    if not given.table:
        STORE.fill(jobs(range(given.seeds)))
    write_table(STORE.rows())


if __name__ == "__main__":
    main()
