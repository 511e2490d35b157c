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

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import pidtools as pt
from benchmarks.tools import coverage
from benchmarks.tools.known import sampled
from benchmarks.tools.options import Options
from benchmarks.tools.store import Row, Store
from benchmarks.tools.written import table, write

STORE = Store("tests_of_knowledge", "suite", "case", "seed")
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


def run_independence(case: Case, seed: int) -> Row:
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
        T, S, Y = sampled(name).sample(n, int(rng.integers(2**31)))
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
    return sampled(name).pid.unique_t


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


def run_distillable(case: Case, seed: int) -> Row:
    """One data set, one measurement; the uniques of two classes need no synergy."""
    T, S, Y = case.draw(np.random.default_rng([seed, 11]), case.n)
    found = pt.distillable_knowledge(
        T, S, Y, confidence_level=coverage.LEVEL, synergy=False, random_state=seed
    )
    ends = found.intervals["distillable"]
    return {
        "p": found.p_distillable,
        "distillable": found.distillable,
        "low": ends.low,
        "high": ends.high,
    }


# ------------------------------------------------------------------ keeping and telling

Runner = Callable[[Case, int], Row]
SUITES: dict[str, tuple[tuple[Case, ...], Runner]] = {
    "independence": (INDEPENDENCE, run_independence),
    "distillable": (DISTILLABLE, run_distillable),
}


def measure(suite: str, names: list[str], draws: int) -> None:
    """Draw what has not been drawn."""
    cases, runner = SUITES[suite]
    chosen = [
        ({"suite": suite, "case": case.name, "n": case.n}, partial(runner, case))
        for case in cases
        if not names or case.name in names
    ]
    STORE.fill(coverage.in_turn(draws, chosen))


def write_tables(rows: list[Row]) -> None:
    """One table a suite."""
    columns = ["case", "n", "truth, bits", "data sets", "p <= 0.05"]
    write(
        "tests_of_knowledge",
        "# Tests of knowledge",
        "`independence_test` with 49 permutations. KS: p-value of Kolmogorov and Smirnov's test "
        "that the p-values are uniform.",
        table([*columns, "KS", "CPU s"], _lines(rows, "independence", _uniform)),
        "`p_distillable` of `distillable_knowledge` with 200 resamples.",
        table([*columns, "least p", "CPU s"], _lines(rows, "distillable", _least)),
    )


def _lines(rows: list[Row], suite: str, last: Callable[[Case, Any], str]) -> Iterable[list[Any]]:
    for case in SUITES[suite][0]:
        own = [row for row in rows if (row["suite"], row["case"]) == (suite, case.name)]
        if own:
            p_values = np.array([row["p"] for row in own])
            seconds = np.mean([row["cpu_seconds"] for row in own])
            rejected = f"{(p_values <= LEVEL).mean():.3f}"
            known = [case.name, case.n, f"{case.truth:.3f}", len(own), rejected]
            yield [*known, last(case, p_values), f"{seconds:.1f}"]


def _least(case: Case, p_values: Any) -> str:
    return f"{p_values.min():.3f}"


def _uniform(case: Case, p_values: Any) -> str:
    """KS test of the p-values as they are; their grid of fiftieths makes it a little strict."""
    from scipy.stats import kstest

    return f"{kstest(p_values, 'uniform').pvalue:.3f}" if case.truth == 0 else ""


def main() -> None:
    """Parse the command line, measure and write."""
    options = Options(__doc__)
    options.part(*SUITES)
    options.names("cases", about="some of them")
    options.number("draws", 300, "data sets of a case")
    options.only_table()
    given = options.parse_args()
    if not given.table:
        measure(given.what, given.cases, given.draws)
    write_tables(STORE.rows())


if __name__ == "__main__":
    main()
