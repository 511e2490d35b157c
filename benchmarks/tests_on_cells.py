"""Whether tests and intervals on cells keep their level, and what they find.

    python benchmarks/tests_on_cells.py teacher --draws 200
    python benchmarks/tests_on_cells.py students --cases "two ignorant students"

`teacher` counts how often `p_distillable` is at most 0.05, and how often 95 % intervals hold the
exact atoms: where nothing is left to distil (T is ignorant, a garbling of S, or told as much as S
by as good a channel), and where exactly 0.1 bits are. `students` does the same for `p_value` of
`compare_students`, where two students leave equally much and where one leaves 0.1 bits more. All
is drawn from known tables, n = 2000 rows with 100 resamples, and handed over as symbols or as
features in which each symbol is a blob (k-means) or a square of a board (bins, neighbours).

A draw takes 0.3 to 4 s on one core. Draws are kept in ``results/tests_on_cells.jsonl``, a line
each, so a run can be stopped, resumed and shared by processes; ``table`` only writes
``results/tests_on_cells.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

import pidtools as pt
from benchmarks.tools import coverage
from benchmarks.tools.known import numbers
from benchmarks.tools.options import Options
from benchmarks.tools.store import Row, Store
from benchmarks.tools.written import table, write

STORE = Store("tests_on_cells", "suite", "case", "estimator", "seed")
LEVEL, N, N_RESAMPLES = 0.05, 2000, 100
Codes = NDArray[np.int64]
Floats = NDArray[np.float64]
# Flips of a fair bit that leave 0.1 bits of it, and 0.1 more than one in five does.
TENTH, TENTH_MORE = 0.316019346, 0.154883733
ZERO, SLACK = 1e-9, 1e-5


# ------------------------------------------------------------------ channels of Y


def ignorant(n_symbols: int, n_classes: int) -> Floats:
    """Symbols that know nothing, shape (n_classes, n_symbols)."""
    return np.full((n_classes, n_symbols), 1 / n_symbols)


def noisy(n_classes: int, share: float) -> Floats:
    """Y, or with that share any symbol."""
    return (1 - share) * np.eye(n_classes) + share / n_classes


def bit_of(n_classes: int, which: int, flipped: float) -> Floats:
    """One binary digit of Y, flipped with some probability."""
    bit = (np.arange(n_classes) >> which) & 1
    channel: Floats = np.where(bit[:, None] == np.arange(2), 1 - flipped, flipped)
    return channel


def split(channel: Floats, parts: int) -> Floats:
    """Each symbol as several that mean the same."""
    several: Floats = np.repeat(channel / parts, parts, axis=1)
    return several


def beside(first: Floats, second: Floats) -> Floats:
    """Both symbols as one, drawn apart given Y."""
    return (first[:, :, None] * second[:, None, :]).reshape(len(first), -1)


def garbled(channel: Floats, share: float) -> Floats:
    """The symbols, or with that share any of them."""
    mixed: Floats = (1 - share) * channel + share / channel.shape[1]
    return mixed


# ------------------------------------------------------------------ cases


@dataclass(frozen=True, eq=False)
class Case:
    """Channels from Y, of even classes, to the teacher and to one or two students.

    `t_from_s` draws T from S as `garbled` does, with that share; otherwise sources are drawn
    apart given Y.
    """

    name: str
    t: Floats
    students: tuple[Floats, ...]
    t_from_s: float | None = None
    estimators: tuple[str, ...] = ("symbols",)

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.t)

    def draw(self, rng: np.random.Generator, n: int) -> tuple[Codes, ...]:
        """T, the students and Y as symbols."""
        y = rng.integers(0, self.n_classes, n)
        students = [_drawn(rng, channel, y) for channel in self.students]
        if self.t_from_s is None:
            return _drawn(rng, self.t, y), *students, y
        other = rng.integers(0, self.t.shape[1], n)
        return np.where(rng.random(n) < self.t_from_s, other, students[0]), *students, y

    def pmf(self, student: int) -> Floats:
        """Joint pmf of T, one student and Y."""
        s = self.students[student].T / self.n_classes
        if self.t_from_s is None:
            joint: Floats = np.einsum("yt,sy->tsy", self.t, s)
            return joint
        through: Floats = np.einsum("st,sy->tsy", garbled(np.eye(len(s)), self.t_from_s), s)
        return through


def _drawn(rng: np.random.Generator, channel: Floats, y: Codes) -> Codes:
    """A symbol of each row."""
    edges = channel.cumsum(axis=1)[y]
    passed = (rng.random(len(y))[:, None] > edges).sum(axis=1)
    symbols: Codes = np.minimum(passed, channel.shape[1] - 1)
    return symbols


def _of_teacher(n_symbols: int, *estimators: str, n_classes: int) -> Iterable[Case]:
    """Nulls, and two ways to hold 0.1 bits, of a teacher with so many symbols."""
    case = partial(Case, estimators=estimators)
    told, t_told = noisy(n_classes, 0.5), split(noisy(n_classes, 0.5), n_symbols // n_classes)
    yield case(f"T ignorant, {n_symbols}", ignorant(n_symbols, n_classes), (told,))
    nothing = ignorant(n_symbols, n_classes), (ignorant(8, n_classes),)
    yield case(f"both ignorant, {n_symbols}", *nothing)
    if n_symbols <= 64:
        yield case(f"T a garbling of S, {n_symbols}", garbled(t_told, 0.4), (t_told,), 0.4)
        yield case(f"equal channels, {n_symbols}", t_told, (split(told, 4),))
    tenth, fifth = split(bit_of(n_classes, 0, TENTH), n_symbols // 2), bit_of(n_classes, 0, 0.2)
    if n_classes == 2:
        yield case(f"0.1 bits alone, {n_symbols}", tenth, (ignorant(8, 2),))
        more = split(bit_of(2, 0, TENTH_MORE), n_symbols // 2)
        yield case(f"0.1 bits beside others, {n_symbols}", more, (fifth,))
        return
    other = bit_of(n_classes, 1, 0.2)
    yield case(f"0.1 bits alone, {n_symbols}", tenth, (other,))
    both = split(beside(bit_of(n_classes, 0, TENTH), other), n_symbols // 4)
    yield case(f"0.1 bits beside others, {n_symbols}", both, (other,))


TEACHER = (
    *_of_teacher(64, "symbols", n_classes=4),
    *_of_teacher(256, "symbols", n_classes=4),
    Case("T ignorant of 10 classes, 256", ignorant(256, 10), (noisy(10, 0.6),)),
    *_of_teacher(20, "kmeans", n_classes=2),
    *_of_teacher(64, "binning", "knn", n_classes=2),
)


def _of_students(n_symbols: int, *estimators: str, n_classes: int) -> Iterable[Case]:
    """A student of few symbols against one of so many; T knows all that they do."""
    case = partial(Case, estimators=estimators)
    told, parts = noisy(n_classes, 0.5), n_symbols // n_classes
    t = noisy(n_classes, 0.2)
    few, many = ignorant(8, n_classes), ignorant(n_symbols, n_classes)
    yield case(f"two ignorant students, 8 and {n_symbols}", t, (few, many))
    yield case(f"one channel, whole and in {n_symbols}", t, (told, split(told, parts)))
    fifth = bit_of(n_classes, 0, 0.2)
    if n_classes == 2:
        more = split(bit_of(2, 0, TENTH_MORE), n_symbols // 2)
        yield case(f"0.1 bits more, {n_symbols}", t, (fifth, more))
        return
    t = beside(bit_of(4, 0, 0.1), bit_of(4, 1, 0.1))
    other = split(bit_of(4, 1, 0.2), n_symbols // 2)
    yield case(f"each lacks another bit, {n_symbols}", t, (fifth, other))
    more = split(beside(fifth, bit_of(4, 1, TENTH)), n_symbols // 4)
    yield case(f"0.1 bits more, {n_symbols}", t, (fifth, more))


STUDENTS = (
    *_of_students(64, "symbols", n_classes=4),
    *_of_students(256, "symbols", n_classes=4),
    *_of_students(20, "kmeans", n_classes=2),
    *_of_students(64, "binning", "knn", n_classes=2),
)


@cache
def truth(case: Case, student: int) -> dict[str, float]:
    """Exact atoms and informations, rounding left out."""
    exact = numbers(pt.broja(case.pmf(student), tol=1e-6))
    return {name: round(value, 5) + 0.0 for name, value in exact.items()}


# ------------------------------------------------------------------ features of symbols


def dressed(rng: np.random.Generator, symbols: Codes, n_symbols: int, estimator: str) -> Any:
    """Symbols as they are, as blobs in 20 directions, or as squares of a board."""
    if estimator == "symbols":
        return symbols
    if estimator == "kmeans":
        directions = np.random.default_rng(0).normal(size=(n_symbols, 5))
        return directions[symbols] + 0.03 * rng.normal(size=(len(symbols), 5))
    height = min(n_symbols, 8)
    place = np.column_stack([symbols % height, symbols // height])
    return place + rng.random((len(symbols), 2))


ESTIMATORS: dict[str, Any] = {
    "symbols": pt.Symbols(),
    "kmeans": pt.KMeansBinning(n_clusters=20),
    "binning": pt.Binning(),
    "knn": pt.KNN(),
}


def _data(case: Case, estimator: str, seed: int, salt: int) -> list[Any]:
    rng = np.random.default_rng([seed, salt])
    *sources, y = case.draw(rng, N)
    sizes = [channel.shape[1] for channel in (case.t, *case.students)]
    dress = [dressed(rng, x, size, estimator) for x, size in zip(sources, sizes, strict=True)]
    return [*dress, y]


# ------------------------------------------------------------------ measuring


def run_teacher(case: Case, estimator: str, seed: int) -> Row:
    """One data set, one measurement."""
    found = pt.distillable_knowledge(
        *_data(case, estimator, seed, 13),
        estimator=ESTIMATORS[estimator],
        confidence_level=coverage.LEVEL,
        n_resamples=N_RESAMPLES,
        synergy=estimator == "symbols",
        random_state=seed,
    )
    exact = {name: value for name, value in truth(case, 0).items() if name in found.intervals}
    return {"p": found.p_distillable, "values": coverage.values_of(found, exact)}


def run_students(case: Case, estimator: str, seed: int) -> Row:
    """One data set, one comparison."""
    found = pt.compare_students(
        *_data(case, estimator, seed, 17),
        estimator=ESTIMATORS[estimator],
        n_resamples=N_RESAMPLES,
        synergy=False,
        random_state=seed,
    )
    values = {}
    for name, ends in found.intervals.items():
        exact = truth(case, 0)[name] - truth(case, 1)[name]
        values[name] = [exact, found.differences[name], ends.low, ends.high]
    return {"p": found.p_value, "values": values}


Runner = Callable[[Case, str, int], Row]
SUITES: dict[str, tuple[tuple[Case, ...], Runner]] = {
    "teacher": (TEACHER, run_teacher),
    "students": (STUDENTS, run_students),
}


def measure(suite: str, names: list[str], estimators: list[str], draws: int) -> None:
    """Draw what has not been drawn."""
    cases, runner = SUITES[suite]
    chosen = [
        ({"suite": suite, "case": case.name, "estimator": name}, partial(runner, case, name))
        for case in cases
        for name in case.estimators
        if name in estimators and (not names or any(case.name.startswith(each) for each in names))
    ]
    STORE.fill(coverage.in_turn(draws, chosen))


def write_tables(rows: list[Row]) -> None:
    """One table a suite."""
    columns = ["case and cells", "estimator", "truth, bits", "mean estimate", "data sets"]
    columns += ["p <= 0.05", "holds distillable", "holds zeros", "holds others", "CPU s"]
    about = f"n = {N}, {N_RESAMPLES} resamples. Intervals of 95 %: the share that holds "
    write(
        "tests_on_cells",
        "# Tests and intervals on cells",
        "`p_distillable` of `distillable_knowledge`, " + about + "Uni(Y : T \\ S), the other "
        "atoms and informations that are 0, and those that are not.",
        table(columns, _lines(rows, "teacher")),
        "`p_value` of `compare_students`, " + about + "the difference in Uni(Y : T \\ S), other "
        "differences that are 0, and those that are not.",
        table(columns, _lines(rows, "students")),
    )


def _lines(rows: list[Row], suite: str) -> Iterable[list[Any]]:
    for case in SUITES[suite][0]:
        for estimator in case.estimators:
            key = (suite, case.name, estimator)
            own = [row for row in rows if (row["suite"], row["case"], row["estimator"]) == key]
            if own:
                yield _line(case, estimator, own)


def _line(case: Case, estimator: str, own: list[Row]) -> list[Any]:
    values = [row["values"] for row in own]
    found = {name: coverage.coverage(name, values, SLACK) for name in values[0]}
    first = found.pop("distillable")
    apart = coverage.apart([(each, len(own)) for each in found.values()], ZERO)
    rejected = np.mean([row["p"] <= LEVEL for row in own])
    shares = [_least(apart[kind]) for kind in (False, True)]
    seconds = np.mean([row["cpu_seconds"] for row in own])
    known = [case.name, estimator, f"{first.truth + 0.0:.3f}", f"{first.truth + first.bias:.3f}"]
    return [*known, len(own), f"{rejected:.3f}", f"{first.coverage:.3f}", *shares, f"{seconds:.1f}"]


def _least(shares: list[tuple[float, int]]) -> str:
    """Of several quantities, the mean and the least share."""
    if not shares:
        return ""
    held = [share for share, _ in shares]
    return f"{np.mean(held):.3f} (least {min(held):.3f})"


def main() -> None:
    """Parse the command line, measure and write."""
    options = Options(__doc__)
    options.part(*SUITES)
    options.names("cases", about="those whose names begin so")
    options.names("estimators", ESTIMATORS, ESTIMATORS, about="some of them")
    options.number("draws", 200, "data sets of a case")
    options.only_table()
    given = options.parse_args()
    if not given.table:
        measure(given.what, given.cases, given.estimators, given.draws)
    write_tables(STORE.rows())


if __name__ == "__main__":
    main()
