"""Whether the two tests keep their level, and what they find.

    python benchmarks/tests_of_knowledge.py independence
    python benchmarks/tests_of_knowledge.py distillable --draws 200

`independence` draws data sets and runs `independence_test` on each: under independence its
p-values must be uniform (Kolmogorov and Smirnov's test over all data sets), and beside that
stand the rejections of weak dependence. `distillable` counts how often `p_distillable` is at
most 0.05 where nothing is left to distil and where there is. A draw of the probe takes some 8 s
on one core, of the others less than one. Draws are kept in ``results/tests_of_knowledge.jsonl``,
a line each, so a run can be stopped, resumed and shared by processes; ``table`` only writes
``results/tests_of_knowledge.md``.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import pidtools as pt

RESULTS = Path(__file__).parent / "results"
STORE, TABLE = RESULTS / "tests_of_knowledge.jsonl", RESULTS / "tests_of_knowledge.md"
LEVEL = 0.05
Data = tuple[Any, ...]


@dataclass(frozen=True)
class Case:
    """Data sets of one kind: what is drawn, what is true of it, and how it is looked at."""

    name: str
    truth: float
    draw: Callable[[np.random.Generator, int], Data]
    n: int
    estimator: Any = "auto"
    what: str = ""


# ------------------------------------------------------------------ independence


def plain(rng: np.random.Generator, n: int) -> Data:
    """Ten normal columns, two classes."""
    return rng.normal(size=(n, 10)), rng.integers(0, 2, n)


def rectified(rng: np.random.Generator, n: int) -> Data:
    """Forty rectified columns of heavy tails, five classes of unequal size."""
    X = np.maximum(rng.standard_t(3, size=(n, 40)), 0)
    return X, rng.choice(5, size=n, p=[0.4, 0.3, 0.15, 0.1, 0.05])


def grouped(rng: np.random.Generator, n: int) -> Data:
    """Groups of five rows that share most of their features and their label."""
    groups = np.repeat(np.arange(n // 5), 5)
    X = rng.normal(size=(n // 5, 8))[groups] + 0.3 * rng.normal(size=(n, 8))
    return X, rng.integers(0, 2, n // 5)[groups], groups


def symbols(rng: np.random.Generator, n: int) -> Data:
    """Six symbols, three classes, by the table."""
    return rng.integers(0, 6, n), rng.integers(0, 3, n)


def continuous(rng: np.random.Generator, n: int) -> Data:
    """Five columns, two continuous targets, by the Gaussian."""
    return rng.normal(size=(n, 5)), rng.normal(size=(n, 2))


def weak_shift(rng: np.random.Generator, n: int) -> Data:
    """One of ten columns shifted by 0.35 standard deviations: 0.022 bits."""
    X, y = plain(rng, n)
    X[:, 0] += 0.35 * y
    return X, y


def weak_scale(rng: np.random.Generator, n: int) -> Data:
    """One of ten columns 1.35 times as wide in one class: 0.031 bits."""
    X, y = plain(rng, n)
    X[:, 0] *= 1 + 0.35 * y
    return X, y


INDEPENDENCE = (
    Case("plain", 0.0, plain, 300),
    Case("rectified", 0.0, rectified, 300),
    Case("grouped", 0.0, grouped, 400),
    Case("symbols", 0.0, symbols, 300),
    Case("continuous", 0.0, continuous, 200),
    Case("weak shift", 0.022, weak_shift, 500),
    Case("weak scale", 0.031, weak_scale, 500),
)


def run_independence(case: Case, seed: int) -> dict[str, Any]:
    """One data set, one test."""
    X, Y, *groups = case.draw(np.random.default_rng([seed, 7]), case.n)
    found = pt.independence_test(
        X,
        Y,
        estimator=case.estimator,
        groups=groups[0] if groups else None,
        n_permutations=49,
        random_state=seed,
    )
    return {"p": found.p_value, "information": found.information}


# ------------------------------------------------------------------ distillable knowledge


def of_problem(name: str, *, swap: bool = False) -> Callable[[np.random.Generator, int], Data]:
    """A sampled problem of the library, teacher and student exchanged if asked."""

    def draw(rng: np.random.Generator, n: int) -> Data:
        T, S, Y = pt.problems.get(name).sample(n, int(rng.integers(2**31)))
        return (S, T, Y) if swap else (T, S, Y)

    return draw


def symbols_garbled(rng: np.random.Generator, n: int) -> Data:
    """S tells six symbols of three classes; T is S through a noisy channel."""
    y = rng.integers(0, 3, n)
    s = np.where(rng.random(n) < 0.5, 2 * y + rng.integers(0, 2, n), rng.integers(0, 6, n))
    t = np.where(rng.random(n) < 0.8, s, rng.integers(0, 6, n))
    return t, s, y


def gaussian_garbled(rng: np.random.Generator, n: int) -> Data:
    """Continuous Y; S is Y with noise, T is S with more."""
    y = rng.normal(size=(n, 3))
    s = y + rng.normal(size=(n, 3))
    return s + 0.5 * rng.normal(size=(n, 3)), s, y


def uni_t(name: str) -> float:
    """What is left to distil in a problem of the library."""
    return pt.problems.get(name).pid.unique_t


DISTILLABLE = (
    Case("T a garbling of S", 0.0, of_problem("degraded", swap=True), 2000),
    Case("T = S", 0.0, of_problem("same"), 2000),
    Case("T independent of Y", 0.0, of_problem("independent_student", swap=True), 2000),
    Case("T a rotation of S", 0.0, of_problem("rotated_copy"), 2000),
    Case("shift against scale", uni_t("shift_scale"), of_problem("shift_scale"), 2000),
    Case("S a garbling of T", uni_t("degraded"), of_problem("degraded"), 2000),
    Case("symbols, T a garbling of S", 0.0, symbols_garbled, 2000),
    Case("Gaussian, T a garbling of S", 0.0, gaussian_garbled, 2000),
)


def run_distillable(case: Case, seed: int) -> dict[str, Any]:
    """One data set, one measurement; the uniques of two classes need no synergy."""
    T, S, Y = case.draw(np.random.default_rng([seed, 11]), case.n)
    found = pt.distillable_knowledge(
        T, S, Y, confidence_level=0.95, synergy=False, random_state=seed
    )
    low, high = found.intervals["distillable"].low, found.intervals["distillable"].high
    return {"p": found.p_distillable, "distillable": found.distillable, "low": low, "high": high}


# ------------------------------------------------------------------ keeping and telling

Runner = Callable[[Case, int], dict[str, Any]]
SUITES: dict[str, tuple[tuple[Case, ...], Runner]] = {
    "independence": (INDEPENDENCE, run_independence),
    "distillable": (DISTILLABLE, run_distillable),
}


def measure(suite: str, names: list[str], draws: int) -> None:
    """Draw what has not been drawn, all cases in turn, so that all grow alike."""
    RESULTS.mkdir(exist_ok=True)
    cases, runner = SUITES[suite]
    for seed in range(draws):
        done = {(row["case"], row["seed"]) for row in load() if row["suite"] == suite}
        for case in cases:
            if (case.name, seed) in done or (names and case.name not in names):
                continue
            start = time.process_time()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", pt.PIDWarning)
                found = runner(case, seed)
            row = {"suite": suite, "case": case.name, "n": case.n, "seed": seed, **found}
            row["cpu_seconds"] = round(time.process_time() - start, 2)
            with STORE.open("a") as store:
                store.write(json.dumps(row) + "\n")


def load() -> list[dict[str, Any]]:
    """All draws so far."""
    return [json.loads(line) for line in STORE.read_text().splitlines()] if STORE.exists() else []


def write_table() -> None:
    """One table a suite."""
    p_values: dict[tuple[str, str], list[float]] = defaultdict(list)
    seconds: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in load():
        p_values[row["suite"], row["case"]].append(row["p"])
        seconds[row["suite"], row["case"]].append(row["cpu_seconds"])
    lines = ["# Tests of knowledge", "", f"pidtools {pt.__version__}, numpy {np.__version__}.", ""]
    lines += [
        "`independence_test` with 49 permutations. KS: p-value of Kolmogorov and Smirnov's test "
        "that the p-values are uniform.",
        "",
        "| case | n | truth, bits | data sets | p <= 0.05 | KS | CPU s |",
        "|---|---|---|---|---|---|---|",
    ]
    for case in INDEPENDENCE:
        found = p_values["independence", case.name]
        if found:
            uniform = f"{_uniform(np.array(found)):.3f}" if case.truth == 0 else ""
            lines.append(_line(case, found, seconds["independence", case.name], uniform))
    lines += [
        "",
        "`p_distillable` of `distillable_knowledge` with 200 resamples.",
        "",
        "| case | n | truth, bits | data sets | p <= 0.05 | least p | CPU s |",
        "|---|---|---|---|---|---|---|",
    ]
    for case in DISTILLABLE:
        found = p_values["distillable", case.name]
        if found:
            lines.append(_line(case, found, seconds["distillable", case.name], f"{min(found):.3f}"))
    TABLE.write_text("\n".join(lines) + "\n")


def _line(case: Case, p_values: list[float], seconds: list[float], last: str) -> str:
    rejected = float((np.array(p_values) <= LEVEL).mean())
    return (
        f"| {case.name} | {case.n} | {case.truth:.3f} | {len(p_values)} | {rejected:.3f} "
        f"| {last} | {np.mean(seconds):.1f} |"
    )


def _uniform(p_values: np.ndarray[Any, Any]) -> float:
    """KS test of the p-values as they are; their grid of fiftieths makes it a little strict."""
    from scipy.stats import kstest

    return float(kstest(p_values, "uniform").pvalue)


def main() -> None:
    """Parse the command line, measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suite", choices=(*SUITES, "table"))
    parser.add_argument("--cases", nargs="*", default=[])
    parser.add_argument("--draws", type=int, default=300)
    options = parser.parse_args()
    if options.suite != "table":
        measure(options.suite, options.cases, options.draws)
    write_table()


if __name__ == "__main__":
    main()
