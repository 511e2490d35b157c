"""Whether the last digits decide: noise of 1e-12, and versions of NumPy, SciPy and scikit-learn.

    python benchmarks/digits_pid.py noise --n 500 2000
    python benchmarks/digits_pid.py answers here.json --n 500       # in each environment
    python benchmarks/digits_pid.py compare here.json there.json

Atoms and informations of all sampled problems by the default estimator. The law: such noise moves
nothing by more than .0005 bits, and versions nothing by more than .002. Two minutes for n = 500,
five for n = 2000.
"""

from __future__ import annotations

import argparse
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from pidtools import distillable_knowledge, problems

NUMBERS = (
    "distilled", "distillable", "student_only", "synergy",
    "teacher_information", "student_information", "joint_information",
)  # fmt: skip
NOISE = 1e-12
TABLE = Path(__file__).parent / "results" / "digits_pid.md"
Array = np.ndarray


def numbers(T: Array, S: Array, Y: Array) -> list[float]:
    """All numbers of the answer, in bits."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = distillable_knowledge(T, S, Y, estimator="probe")
    return [getattr(result, name) for name in NUMBERS]


def moved(problem: Any, n: int) -> float:
    """Largest change by two draws of the noise."""
    T, S, Y = problem.sample(n, 0)
    T, S = T.astype(np.float64), S.astype(np.float64)
    rng = np.random.default_rng(1)
    before = np.array(numbers(T, S, Y))
    changes = []
    for _ in range(2):
        noisy = [X * (1 + NOISE * rng.normal(size=X.shape)) for X in (T, S)]
        changes.append(np.abs(np.array(numbers(*noisy, Y)) - before).max())
    return float(max(changes))


def noise(sizes: list[int]) -> None:
    """Write the table of changes by noise."""
    lines = [
        f"# Noise of {NOISE:g} in the default estimator", "",
        "Largest change of an atom or information, in bits.", "",
        "| problem | " + " | ".join(f"n = {n}" for n in sizes) + " |",
        "|---" * (len(sizes) + 1) + "|",
    ]  # fmt: skip
    found = {p.name: [moved(p, n) for n in sizes] for p in problems.sampled_problems()}
    found["largest"] = np.max(list(found.values()), axis=0).tolist()
    for name, changes in found.items():
        lines.append(f"| {name} | " + " | ".join(f"{c:.1e}" for c in changes) + " |")
    TABLE.write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


def main() -> None:
    """Parse the command line and do what it says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["noise", "answers", "compare"])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--n", nargs="*", type=int, default=[500])
    options = parser.parse_args()
    if options.what == "noise":
        noise(options.n)
    elif options.what == "answers":
        all_problems = problems.sampled_problems()
        answers = {p.name: numbers(*p.sample(options.n[0], 0)) for p in all_problems}
        options.files[0].write_text(json.dumps(answers))
    else:
        one, other = (json.loads(file.read_text()) for file in options.files)
        largest = max(np.abs(np.subtract(one[name], other[name])).max() for name in one)
        print(f"{len(one)} problems, largest difference {largest:.2g} bits")


if __name__ == "__main__":
    main()
