"""Whether the last digits decide: noise of 1e-12, and versions of NumPy, SciPy and scikit-learn.

    python benchmarks/digits_pid.py noise --n 500 2000
    python benchmarks/digits_pid.py answers here.json --n 500       # in each environment
    python benchmarks/digits_pid.py compare here.json there.json

Atoms and informations of all sampled problems by the default estimator. The law: such noise moves
nothing by more than .0005 bits, and versions nothing by more than .002. Two minutes for n = 500,
five for n = 2000, resumable. Files of answers say with which versions they were made.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.tools.known import numbers
from benchmarks.tools.options import Options
from benchmarks.tools.store import Job, Row, Store, about, grouped
from benchmarks.tools.written import table, write
from pidtools import distillable_knowledge, problems

NOISE = 1e-12
STORE = Store("digits_pid", "problem", "n")
Array = np.ndarray[Any, Any]


def answer(T: Array, S: Array, Y: Array) -> list[float]:
    """All numbers of the answer, in bits."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = distillable_knowledge(T, S, Y, estimator="probe")
    return list(numbers(result.pid).values())


def moved(problem: Any, n: int) -> Row:
    """Largest change by two draws of the noise."""
    T, S, Y = problem.sample(n, 0)
    T, S = T.astype(np.float64), S.astype(np.float64)
    rng = np.random.default_rng(1)
    before = np.array(answer(T, S, Y))
    changes = []
    for _ in range(2):
        t, s = (X * (1 + NOISE * rng.normal(size=X.shape)) for X in (T, S))
        changes.append(np.abs(np.array(answer(t, s, Y)) - before).max())
    return {"change": float(max(changes))}


def jobs(sizes: list[int]) -> Iterator[Job]:
    """One a problem and number of rows."""
    for n in sizes:
        for problem in problems.sampled_problems():
            yield {"problem": problem.name, "n": n}, partial(moved, problem, n)


def write_table(rows: list[Row]) -> None:
    """Changes by noise: one row a problem, then the largest."""
    sizes = sorted({row["n"] for row in rows})
    lines = {
        name: {row["n"]: row["change"] for row in own}
        for (name,), own in grouped(rows, "problem").items()
    }
    lines["largest"] = {n: max(row["change"] for row in rows if row["n"] == n) for n in sizes}
    write(
        "digits_pid",
        f"# Noise of {NOISE:g} in the default estimator",
        "Largest change of an atom or information, in bits.",
        table(
            ["problem", *(f"n = {n}" for n in sizes)],
            (
                [name, *(f"{of[n]:.1e}" if n in of else "-" for n in sizes)]
                for name, of in lines.items()
            ),
        ),
    )


def main() -> None:
    """Parse the command line and do what it says."""
    options = Options(__doc__)
    options.part("noise", "answers", "compare")
    options.add_argument("files", nargs="*", type=Path, help="of answers")
    options.numbers("n", (500,), "rows")
    options.only_table()
    given = options.parse_args()
    wanted = {"noise": 0, "answers": 1, "compare": 2}[given.what]
    if len(given.files) != wanted:
        options.error(f"{given.what} takes {wanted} files, got {len(given.files)}")
    if given.what == "noise":
        if not given.table:
            STORE.fill(jobs(given.n))
        write_table(STORE.rows())
    elif given.what == "answers":
        all_problems = problems.sampled_problems()
        answers = {p.name: answer(*p.sample(given.n[0], 0)) for p in all_problems}
        given.files[0].write_text(json.dumps(about() | {"answers": answers}, indent=1))
    else:
        one, other = (json.loads(file.read_text())["answers"] for file in given.files)
        largest = max(np.abs(np.subtract(one[name], other[name])).max() for name in one)
        print(f"{len(one)} problems, largest difference {largest:.2g} bits")


if __name__ == "__main__":
    main()
