"""What changes of the features that carry no news do to the atoms of the probe.

    python benchmarks/invariance_pid.py --n 8000

Every sampled problem is estimated as it is and after each change of both sources; the table has
the largest change of an atom. Runs are kept in ``results/invariance_pid.json`` and not
repeated. Some 20 s a run on one core at n = 8000: an hour for all of it.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from pidtools import distillable_knowledge, problems

RESULTS = Path(__file__).parent / "results"
STORE, TABLE = RESULTS / "invariance_pid.json", RESULTS / "invariance_pid.md"
ATOMS = ("distilled", "distillable", "student_only", "synergy")
Array = np.ndarray


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
    return X.astype(np.float64) @ axes


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


def atoms(T: Array, S: Array, Y: Array) -> list[float]:
    """The four atoms in bits."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = distillable_knowledge(T, S, Y, estimator="probe")
    return [getattr(result, name) for name in ATOMS]


def run(problem: problems.SampledProblem, n: int, change: str) -> list[float]:
    """Atoms after one change ("none": as it is)."""
    T, S, Y = problem.sample(n, 0)
    T, S = (X.astype(np.float32) if X.dtype == np.float16 else X for X in (T, S))
    if change in CHANGES:
        rng = np.random.default_rng(1)
        T, S = (CHANGES[change][0](X, rng) for X in (T, S))
    return atoms(T, S, Y)


def load() -> dict[str, list[float]]:
    """All runs so far."""
    return dict(json.loads(STORE.read_text())) if STORE.exists() else {}


def measure(names: list[str], families: list[str], n: int, changes: list[str]) -> None:
    """Run what has not been run."""
    RESULTS.mkdir(exist_ok=True)
    for problem in problems.sampled_problems():
        if (names and problem.name not in names) or problem.family not in families:
            continue
        for change in ("none", *changes):
            key = f"{problem.name}|{n}|{change}"
            if key in load():
                continue
            found = run(problem, n, change)
            part = STORE.with_suffix(".part")  # an interruption leaves the store whole
            part.write_text(json.dumps(load() | {key: found}, indent=0))
            part.replace(STORE)
            print(key, " ".join(f"{x:.4f}" for x in found), flush=True)


def write_table() -> None:
    """Largest change of an atom, by problem and change."""
    runs: dict[tuple[str, str], dict[str, Any]] = defaultdict(dict)
    for key, found in load().items():
        problem, n, change = key.split("|")
        runs[problem, n][change] = np.array(found)
    lines = [
        "# Invariance of the probe",
        "",
        "Largest change of an atom in bits; in brackets what is promised.",
        "",
        "| problem | n | "
        + " | ".join(f"{name} ({bar})" for name, (_, bar) in CHANGES.items())
        + " |",
        "|---" * (2 + len(CHANGES)) + "|",
    ]
    for (problem, n), found in runs.items():
        cells = [
            f"{np.abs(found[change] - found['none']).max():.4f}" if change in found else "-"
            for change in CHANGES
        ]
        lines.append(f"| {problem} | {n} | " + " | ".join(cells) + " |")
    TABLE.write_text("\n".join(lines) + "\n")


def main() -> None:
    """Parse the command line, measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=8000)
    parser.add_argument("--problems", nargs="*", default=[])
    parser.add_argument("--families", nargs="*", default=["graded", "general", "extreme"])
    parser.add_argument("--changes", nargs="*", choices=list(CHANGES), default=list(CHANGES))
    parser.add_argument("--table", action="store_true", help="only write the table")
    options = parser.parse_args()
    if not options.table:
        measure(options.problems, options.families, options.n, options.changes)
    write_table()


if __name__ == "__main__":
    main()
