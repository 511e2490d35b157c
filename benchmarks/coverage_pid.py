"""How often 95 % intervals of the probe hold the exact atoms.

    python benchmarks/coverage_pid.py --problems shift_ordered degraded --draws 200

Every draw is a new data set of n = 2000 rows with one call of `distillable_knowledge`; it takes
some 20 s on one core. Draws are kept in ``results/coverage.jsonl``, one line each, so it can be
stopped, resumed and run by several processes at once; ``--table`` only writes
``results/coverage.md``. An interval counts as holding the truth if it does so to within the
accuracy of the exact atoms.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from pidtools import distillable_knowledge, problems

RESULTS = Path(__file__).parent / "results"
STORE, TABLE = RESULTS / "coverage.jsonl", RESULTS / "coverage.md"
NAMES = {
    "distilled": "redundancy",
    "distillable": "unique_t",
    "student_only": "unique_s",
    "synergy": "synergy",
    "teacher_information": "information_t",
    "student_information": "information_s",
    "joint_information": "joint_information",
}
FIRST = ("shift_ordered", "degraded", "shift_scale", "loud_nuisance", "ternary_unordered")
LEVEL = 0.95
# A truth this near to 0 counts as 0.
ZERO = 1e-3


def draw(problem: problems.SampledProblem, n: int, seed: int) -> dict[str, Any]:
    """One data set: estimate and interval of each quantity, beside the truth."""
    T, S, Y = problem.sample(n, 10_000 + seed)
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = distillable_knowledge(
            T, S, Y, estimator="probe", confidence_level=LEVEL, random_state=seed
        )
    seconds = time.perf_counter() - start
    values = {
        name: [
            getattr(problem.pid, atom),
            getattr(result, name),
            result.intervals[name].low,
            result.intervals[name].high,
        ]
        for name, atom in NAMES.items()
    }
    return {"problem": problem.name, "n": n, "seed": seed, "seconds": seconds, "values": values}


def measure(names: list[str], n: int, draws: int) -> None:
    """Draw what has not been drawn."""
    RESULTS.mkdir(exist_ok=True)
    for seed in range(draws):
        for name in names:
            if (name, n, seed) in {(r["problem"], r["n"], r["seed"]) for r in load()}:
                continue
            row = draw(problems.get(name), n, seed)
            with STORE.open("a") as store:
                store.write(json.dumps(row) + "\n")
            print(f"{name} {seed}: {row['seconds']:.1f} s", flush=True)


def load() -> list[dict[str, Any]]:
    """All draws so far."""
    return [json.loads(line) for line in STORE.read_text().splitlines()] if STORE.exists() else []


def write_table() -> None:
    """Coverage, spread and width of each quantity of each problem."""
    groups = defaultdict(list)
    for row in load():
        groups[row["problem"], row["n"]].append(row["values"])
    lines = [
        "# Coverage of 95 % intervals",
        "",
        "`sd` is the spread of the estimates over data sets, `reach` the mean half width over "
        "1.96: they should agree.",
        "",
        "| problem | n | draws | quantity | truth | bias | sd | reach | coverage |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for (problem, n), rows in sorted(groups.items()):
        lines += [_line(problem, n, name, rows) for name in NAMES]
    TABLE.write_text("\n".join([*lines, "", *_pooled(groups)]) + "\n")


def _line(problem: str, n: int, name: str, rows: list[dict[str, Any]]) -> str:
    values = np.array([row[name] for row in rows])
    truth, estimate, low, high = values.T
    reach = (high - low).mean() / 2 / 1.96
    return (
        f"| {problem} | {n} | {len(rows)} | {name} | {truth[0]:.4f} "
        f"| {(estimate - truth).mean():+.4f} | {estimate.std():.4f} | {reach:.4f} "
        f"| {_held(values).mean():.3f} |"
    )


def _held(values: Any) -> Any:
    truth, _, low, high = values.T
    slack = 1e-4  # the accuracy of the exact atoms
    return (low - slack <= truth) & (truth <= high + slack)


def _pooled(groups: Any) -> list[str]:
    atoms = ("distilled", "distillable", "student_only", "synergy")
    kinds: dict[bool, list[bool]] = {True: [], False: []}
    for rows in groups.values():
        for name in atoms:
            values = np.array([row[name] for row in rows])
            kinds[bool(values[0, 0] > ZERO)] += list(_held(values))
    return [
        f"- atoms {'above' if above else 'at'} 0, pooled: {np.mean(held):.3f} of {len(held)}"
        for above, held in kinds.items()
        if held
    ]


def main() -> None:
    """Parse the command line, measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", nargs="*", default=list(FIRST))
    parser.add_argument("--n", type=int, default=2000)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--table", action="store_true", help="only write the table")
    options = parser.parse_args()
    if not options.table:
        measure(options.problems, options.n, options.draws)
    write_table()


if __name__ == "__main__":
    main()
