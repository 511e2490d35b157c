"""How often 95 % intervals of the probe hold the exact atoms.

    python benchmarks/coverage_pid.py --problems shift_ordered degraded --draws 200
    python benchmarks/coverage_pid.py --problems shift_scale --draws 50 --ways reweighed refitted

Every draw is a new data set of n = 2000 rows with one call of `distillable_knowledge`; it takes
some 10 s on one core. Draws are kept in ``results/coverage_pid.jsonl``, one line each, so it can
be stopped, resumed and run by several processes at once; ``--table`` only writes
``results/coverage_pid.md``. An interval counts as holding the truth if it does so to within the
accuracy of the exact atoms.

The library weighs the rows of resamples with the fits of all rows and adds what a few refits
change. The second line compares that ("reweighed") with fitting everything anew on 100 halves
of the rows ("refitted"), whose spread is that of the estimate on all of them; both with a probe
of two experts, cheap enough for that.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections import defaultdict
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from pidtools import Probe, distillable_knowledge, problems, resampling

RESULTS = Path(__file__).parent / "results"
STORE, TABLE = RESULTS / "coverage_pid.jsonl", RESULTS / "coverage_pid.md"
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
CHEAP, N_HALVES = Probe(experts=("lda", "gaussian")), 100
Data = tuple[np.ndarray, np.ndarray, np.ndarray]
# Estimate, low and high end of each quantity.
Found = dict[str, tuple[float, float, float]]


def default(data: Data, seed: int) -> Found:
    """The default probe, as users call it."""
    return by_library(data, seed, Probe())


def reweighed(data: Data, seed: int) -> Found:
    """The same with two experts."""
    return by_library(data, seed, CHEAP)


def by_library(data: Data, seed: int, probe: Probe) -> Found:
    """Estimate and interval of each quantity."""
    result = distillable_knowledge(
        *data, estimator=probe, confidence_level=LEVEL, random_state=seed
    )
    return {
        name: (getattr(result, name), result.intervals[name].low, result.intervals[name].high)
        for name in NAMES
    }


def refitted(data: Data, seed: int) -> Found:
    """Two experts, fitted anew on halves of the rows."""

    def numbers(rows: np.ndarray) -> np.ndarray:
        result = distillable_knowledge(*(X[rows] for X in data), estimator=CHEAP, random_state=seed)
        return np.array([getattr(result, name) for name in NAMES])

    n = len(data[2])
    estimates = numbers(np.arange(n))
    replicates = resampling.replicate(
        numbers,
        resampling.Samples(n),
        draw=resampling.subsample,
        n_resamples=N_HALVES,
        random_state=seed,
    )
    found = {}
    for name, estimate, spread in zip(NAMES, estimates, replicates.T, strict=True):
        ends = resampling.interval(estimate, spread, LEVEL, lowest=0.0)
        found[name] = (float(estimate), ends.low, ends.high)
    return found


WAYS: dict[str, Callable[[Data, int], Found]] = {
    "default": default,
    "reweighed": reweighed,
    "refitted": refitted,
}


def draw(problem: problems.SampledProblem, n: int, seed: int, way: str) -> dict[str, Any]:
    """One data set: truth, estimate and interval of each quantity."""
    data = problem.sample(n, 10_000 + seed)
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = WAYS[way](data, seed)
    seconds = time.process_time() - start
    values = {name: [getattr(problem.pid, atom), *found[name]] for name, atom in NAMES.items()}
    key = {"problem": problem.name, "n": n, "seed": seed, "way": way}
    return {**key, "cpu_seconds": seconds, "values": values}


def measure(names: list[str], n: int, draws: int, ways: list[str]) -> None:
    """Draw what has not been drawn."""
    RESULTS.mkdir(exist_ok=True)
    for seed in range(draws):
        for name, way in product(names, ways):
            done = {(r["problem"], r["n"], r["seed"], r["way"]) for r in load()}
            if (name, n, seed, way) in done:
                continue
            row = draw(problems.get(name), n, seed, way)
            with STORE.open("a") as store:
                store.write(json.dumps(row) + "\n")
            print(f"{name} {seed} {way}: {row['cpu_seconds']:.1f} s", flush=True)


def load() -> list[dict[str, Any]]:
    """All draws so far."""
    return [json.loads(line) for line in STORE.read_text().splitlines()] if STORE.exists() else []


def write_table() -> None:
    """Coverage, spread and width of each quantity of each problem."""
    groups = defaultdict(list)
    for row in load():
        groups[row["problem"], row["n"], row["way"]].append(row["values"])
    lines = [
        "# Coverage of 95 % intervals",
        "",
        "`sd` is the spread of the estimates over data sets, `reach` the mean half width over "
        "1.96: they should agree.",
        "",
        "| problem | n | way | draws | quantity | truth | bias | sd | reach | coverage |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for key, rows in sorted(groups.items()):
        lines += [_line(key, name, rows) for name in NAMES]
    TABLE.write_text("\n".join([*lines, "", *_pooled(groups)]) + "\n")


def _line(key: tuple[Any, ...], name: str, rows: list[dict[str, Any]]) -> str:
    values = np.array([row[name] for row in rows])
    truth, estimate, low, high = values.T
    reach = (high - low).mean() / 2 / 1.96
    return (
        f"| {' | '.join(map(str, key))} | {len(rows)} | {name} | {truth[0]:.4f} "
        f"| {(estimate - truth).mean():+.4f} | {estimate.std():.4f} | {reach:.4f} "
        f"| {_held(values).mean():.3f} |"
    )


def _held(values: Any) -> Any:
    truth, _, low, high = values.T
    slack = 1e-4  # the accuracy of the exact atoms
    return (low - slack <= truth) & (truth <= high + slack)


def _pooled(groups: Any) -> list[str]:
    atoms = ("distilled", "distillable", "student_only", "synergy")
    kinds: dict[tuple[str, bool], list[bool]] = defaultdict(list)
    for (_, _, way), rows in groups.items():
        for name in atoms:
            values = np.array([row[name] for row in rows])
            kinds[way, bool(values[0, 0] > ZERO)] += list(_held(values))
    return [
        f"- {way}: atoms {'above' if above else 'at'} 0, pooled: {np.mean(held):.3f} of {len(held)}"
        for (way, above), held in kinds.items()
    ]


def main() -> None:
    """Parse the command line, measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", nargs="*", default=list(FIRST))
    parser.add_argument("--n", type=int, default=2000)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--ways", nargs="*", choices=list(WAYS), default=["default"])
    parser.add_argument("--table", action="store_true", help="only write the table")
    options = parser.parse_args()
    if not options.table:
        measure(options.problems, options.n, options.draws, options.ways)
    write_table()


if __name__ == "__main__":
    main()
