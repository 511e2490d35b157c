"""Standard errors without resampling: against the spread of draws, and how often they hold.

    python benchmarks/coverage_analytic.py --suites tables --draws 500
    python benchmarks/coverage_analytic.py --suites probe --draws 100 --n 2000

`tables` draws symbols from known channels of which each leaves more than .05 bits to distil;
`probe` draws the sampled problems of the library that do. Every draw is a data set with one call of
`distillable_knowledge` with ``uncertainty="analytic"``. "SE / spread" is the mean of its standard
errors over the standard deviation of the estimates; "held" the share of 95 % intervals that hold
the exact value. Every 20th draw of tables also asks for the bootstrap, on the same rows, for the
ratio of CPU seconds, the estimate itself not counted. Draws are kept in
``results/coverage_analytic.jsonl``, a line each, so a run can be stopped, resumed and shared by
processes (``--part K N`` takes every N-th draw from the K-th on).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

import pidtools as pt
from benchmarks.tools.options import Options
from benchmarks.tools.store import Job, Row, Store, grouped
from benchmarks.tools.written import table, write

STORE = Store("coverage_analytic", "suite", "problem", "n", "seed")
SUITES = ("tables", "probe")
LEVEL = 0.95
# Classes, symbols of T and of S, and how far both channels are from noise.
CHANNELS = {
    "two": (2, 4, 3, 2.0),
    "two_wide": (2, 12, 8, 1.5),
    "three": (3, 4, 4, 2.0),
    "three_weak": (3, 5, 4, 1.0),
    "four": (4, 6, 4, 2.0),
    "five": (5, 5, 5, 3.0),
    "six": (6, 8, 4, 2.0),
    "ten": (10, 10, 6, 3.0),
}
PROBLEMS = (
    *("degraded", "ternary_unordered", "ten_classes", "shared_and_parity"),
    *("two_attributes", "shift_ordered", "imbalance", "saturated"),
)
LEAST = 0.05
# Digits that are kept.
ROUNDED = 1e-5
Floats = NDArray[np.float64]


def channels(name: str) -> tuple[Floats, Floats, pt.PID]:
    """p(t | y) and p(s | y) of even classes, and what they leave to distil."""
    n_y, n_t, n_s, sharpness = CHANNELS[name]
    seed = 0
    while True:
        rng = np.random.default_rng(seed)
        t, s = (rng.normal(size=(n_y, size)) * sharpness for size in (n_t, n_s))
        p_t, p_s = (np.exp(x) / np.exp(x).sum(axis=1, keepdims=True) for x in (t, s))
        pid = pt.broja_from_pairs(p_t.T / n_y, p_s.T / n_y)
        if pid.unique_t > LEAST:
            return p_t, p_s, pid
        seed += 1


def symbols(p: Floats, Y: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """A symbol for each row by its class."""
    ends = np.cumsum(p, axis=1)[Y]
    found: NDArray[np.int64] = (rng.random((len(Y), 1)) > ends[:, :-1]).sum(axis=1)
    return found


def draw_tables(name: str, n: int, seed: int) -> Row:
    """One data set of symbols."""
    p_t, p_s, pid = channels(name)
    rng = np.random.default_rng([seed, n])
    Y = rng.integers(0, len(p_t), n)
    data = symbols(p_t, Y, rng), symbols(p_s, Y, rng), Y
    row = _measured(data, pid, {"estimator": "symbols", "synergy": False})
    if seed % 20 == 0:
        options: dict[str, Any] = {"estimator": "symbols", "synergy": False}
        spent = [
            _seconds(data, options | {"confidence_level": level, "uncertainty": how})
            for level, how in ((None, "analytic"), (LEVEL, "analytic"), (LEVEL, "bootstrap"))
        ]
        row["times"] = round((spent[2] - spent[0]) / max(spent[1] - spent[0], 1e-6), 2)
    return row


def draw_probe(name: str, n: int, seed: int) -> Row:
    """One data set of a sampled problem."""
    (problem,) = (known for known in pt.problems.sampled_problems() if known.name == name)
    return _measured(problem.sample(n, 40_000 + seed), problem.pid, {"synergy": False})


def _measured(data: tuple[Any, ...], pid: pt.PID, options: dict[str, Any]) -> Row:
    found = pt.distillable_knowledge(
        *data, confidence_level=LEVEL, uncertainty="analytic", **options
    )
    truth = {
        "distillable": pid.unique_t,
        "distilled": pid.redundancy,
        "student_only": pid.unique_s,
    }
    row: Row = {"analytic": "come from resamples" not in found.details()}
    for quantity, exact in truth.items():
        interval = found.intervals.get(quantity)
        spread = found.scores(quantity).std(ddof=1) / np.sqrt(len(data[2]))
        value = found.to_dict()[quantity]
        ends = None if interval is None else [interval.low, interval.high]
        numbers = [round(float(number), 5) for number in (exact, value, spread)]
        row[quantity] = [*numbers, ends and [round(end, 5) for end in ends]]
    return row


def _seconds(data: tuple[Any, ...], options: dict[str, Any]) -> float:
    start = time.process_time()
    pt.distillable_knowledge(*data, **options)
    return time.process_time() - start


def jobs(suites: list[str], sizes: list[int], seeds: Iterable[int]) -> Iterator[Job]:
    """One a data set; problems in turn."""
    for seed in seeds:
        for suite in suites:
            for problem in CHANNELS if suite == "tables" else PROBLEMS:
                for n in sizes:
                    draw = draw_tables if suite == "tables" else draw_probe
                    key = {"suite": suite, "problem": problem, "n": n, "seed": seed}
                    yield key, partial(draw, problem, n, seed)


def write_tables(rows: list[Row]) -> None:
    """One row a problem and size, and all of a suite."""
    titles = ["suite", "problem", "n", "draws", "exact", "error", "SE / spread", "held"]
    write(
        STORE.file.stem,
        "# Standard errors without resampling",
        "Of `distillable` (exact value, mean error and held shares in bits), and the share of held "
        "intervals of `distilled` and, where it has one, `student_only`; the last column is the "
        "CPU seconds of 200 resamples over those of the standard errors.",
        table([*titles, "held Red", "held Uni S", "times"], _details(rows)),
    )


def _details(rows: list[Row]) -> Iterable[list[Any]]:
    groups = grouped(rows, "suite", "problem", "n")
    for suite, n in sorted({(row["suite"], row["n"]) for row in rows}):
        groups[suite, "all", n] = [r for r in rows if (r["suite"], r["n"]) == (suite, n)]
    for (suite, problem, n), group in groups.items():
        exact, value, spread = (
            np.array([row["distillable"][k] for row in group], dtype=float) for k in range(3)
        )
        ratio = "-" if problem == "all" else f"{spread.mean() / value.std(ddof=1):.3f}"
        times = [row["times"] for row in group if "times" in row]
        yield [
            *(suite, problem, n, len(group), f"{exact.mean():.3f}"),
            f"{(value - exact).mean():+.4f}",
            ratio,
            *(_held(group, name) for name in ("distillable", "distilled", "student_only")),
            f"{np.median(times):.0f}" if times else "-",
        ]


def _held(group: list[Row], name: str) -> str:
    known = [row[name] for row in group if row[name][3] is not None]
    if not known:
        return "-"
    held = [ends[0] - ROUNDED <= exact <= ends[1] + ROUNDED for exact, _, _, ends in known]
    return f"{np.mean(held):.3f} of {len(held)}"


def main() -> None:
    """Parse the command line, measure and write."""
    options = Options(__doc__)
    options.names("suites", ("tables",), SUITES, "which")
    options.numbers("n", (2000, 8000), "rows of a data set")
    options.number("draws", 500, "data sets of a problem")
    options.numbers("part", (0, 1), "which draws, and of how many parts")
    options.only_table()
    given = options.parse_args()
    if not given.table:
        part, n_parts = given.part
        STORE.fill(jobs(given.suites, given.n, range(part, given.draws, n_parts)))
    write_tables(STORE.rows())


if __name__ == "__main__":
    main()
