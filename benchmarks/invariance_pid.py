"""What changes of the features that carry no news do to the atoms of the probe.

    python benchmarks/invariance_pid.py --n 8000

Every sampled problem is estimated as it is and after each change of both sources; the table has
the largest change of an atom. Runs are kept in ``results/invariance_pid.jsonl`` and not
repeated. Some 20 s a run on one core at n = 8000: an hour for all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from benchmarks.tools.known import atoms
from benchmarks.tools.options import Options
from benchmarks.tools.store import Job, Row, Store, grouped
from benchmarks.tools.written import table, write
from pidtools import distillable_knowledge, problems

STORE = Store("invariance_pid", "problem", "n", "change")
Array = np.ndarray[Any, Any]


def rescaled(X: Array, rng: np.random.Generator) -> Array:
    """Each column times a number between 1e-3 and 1e3, plus an offset, beside constant ones."""
    X = X.astype(np.float64) * 10.0 ** rng.uniform(-3, 3, X.shape[1])
    X += 100 * X.std(axis=0) * rng.normal(size=X.shape[1])
    return np.hstack([X, np.full((len(X), 2), [0.0, 7.0])])


def single(X: Array, rng: np.random.Generator) -> Array:
    """In single precision."""
    return X.astype(np.float32)


def permuted(X: Array, rng: np.random.Generator) -> Array:
    """Columns in another order."""
    return X[:, rng.permutation(X.shape[1])]


def rotated(X: Array, rng: np.random.Generator) -> Array:
    """Columns rotated among each other."""
    axes = np.linalg.qr(rng.normal(size=(X.shape[1], X.shape[1])))[0]
    turned: Array = X.astype(np.float64) @ axes
    return turned


def with_nuisance(X: Array, rng: np.random.Generator) -> Array:
    """Beside six independent columns, quiet to loud."""
    loudness = np.array([1e-2, 1e-1, 1.0, 1.0, 10.0, 100.0]) * X.std()
    return np.hstack([X, loudness * rng.normal(size=(len(X), 6))])


CHANGES: dict[str, tuple[Callable[[Array, np.random.Generator], Array], float]] = {
    "scale, shift, constant columns": (rescaled, 0.01),
    "single precision": (single, 0.01),
    "permuted columns": (permuted, 0.02),
    "rotated columns": (rotated, 0.02),
    "independent nuisance columns": (with_nuisance, 0.03),
}


def atoms_after(problem: problems.SampledProblem, n: int, change: str) -> Row:
    """The four atoms in bits after one change ("none": as it is)."""
    T, S, Y = problem.sample(n, 0)
    T, S = (X.astype(np.float32) if X.dtype == np.float16 else X for X in (T, S))
    if change in CHANGES:
        rng = np.random.default_rng(1)
        T, S = (CHANGES[change][0](X, rng) for X in (T, S))
    return {"atoms": atoms(distillable_knowledge(T, S, Y, estimator="probe").pid)}


def jobs(names: list[str], families: list[str], n: int, changes: list[str]) -> Iterator[Job]:
    """One a problem and change."""
    for problem in problems.sampled_problems():
        if (names and problem.name not in names) or problem.family not in families:
            continue
        for change in ("none", *changes):
            key = {"problem": problem.name, "n": n, "change": change}
            yield key, partial(atoms_after, problem, n, change)


def write_table(rows: list[Row]) -> None:
    """Largest change of an atom, by problem and change."""
    lines = []
    for key, group in grouped(rows, "problem", "n").items():
        found = {row["change"]: np.array(row["atoms"]) for row in group}
        cells = [
            f"{np.abs(found[change] - found['none']).max():.4f}" if change in found else "-"
            for change in CHANGES
        ]
        lines.append([*key, *cells])
    write(
        "invariance_pid",
        "# Invariance of the probe",
        "Largest change of an atom in bits; in brackets what is promised.",
        table(["problem", "n", *(f"{name} ({bar})" for name, (_, bar) in CHANGES.items())], lines),
    )


def main() -> None:
    """Parse the command line, measure and write."""
    options = Options(__doc__)
    options.number("n", 8000, "rows")
    options.names("problems", about="some of them")
    options.names("families", ["graded", "general", "extreme"])
    options.names("changes", CHANGES, CHANGES)
    options.only_table()
    given = options.parse_args()
    if not given.table:
        STORE.fill(jobs(given.problems, given.families, given.n, given.changes))
    write_table(STORE.rows())


if __name__ == "__main__":
    main()
