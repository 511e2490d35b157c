"""How often the set of layers that can't be ruled out holds the best, and how large it is.

    python benchmarks/best_layers.py
    python benchmarks/best_layers.py --draws 50 --part 0 2

Twelve teacher layers and the last student layer are noisy copies of a label of four classes, so
that the truth is the solve of exact tables. `best` looks at the last student layer alone, so the
other seven of a map of 12 x 8 would change nothing and are left out. Cases: several layers that
are equal or nearly so at the top; one that is clearly best; a student that knows about as much as
the best, so that most differences are at a border; layers that each know other classes. Draws are
kept in ``results/best_layers.jsonl``, so it can be stopped, resumed and run by several processes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np

import pidtools as pt
from benchmarks.tools.options import Options
from benchmarks.tools.store import Job, Row, Store, grouped
from benchmarks.tools.written import table, write
from pidtools._types import Codes, Floats

STORE = Store("best_layers", "case", "n", "seed")
LEVEL, N_CLASSES = 0.95, 4
# Distances from the most that count as none: the certified gap of the exact solves.
TIE = 1e-6
# Share of rows whose label is drawn anew: the student, then the teacher's layers.
NOISES = {
    "close": (0.6, [0.2, 0.2, 0.2, 0.21, 0.22, 0.24, 0.27, 0.3, 0.4, 0.5, 0.6, 0.8]),
    "clear": (0.6, [0.05, 0.3, 0.3, 0.35, 0.35, 0.4, 0.4, 0.45, 0.5, 0.5, 0.6, 0.8]),
    "border": (0.3, [0.27, 0.28, 0.29, 0.3, 0.3, 0.31, 0.35, 0.4, 0.4, 0.5, 0.6, 0.8]),
}
CLASSES = "classes"
CASES = (*NOISES, CLASSES)


def channels(case: str) -> list[Floats]:
    """Laws of a symbol given the class, shape (n_classes, n_symbols), the student's first."""
    if case != CLASSES:
        student, teachers = NOISES[case]
        even = np.full((N_CLASSES, N_CLASSES), 1 / N_CLASSES)
        return [(1 - p) * np.eye(N_CLASSES) + p * even for p in (student, *teachers)]
    found = [np.eye(N_CLASSES)[[0, 0, 1, 1]] * 0.8 + 0.2 / N_CLASSES]
    for k in range(12):  # each sees one class well, and some see it a little better
        seen = 0.05 + 0.65 * np.eye(N_CLASSES)[k % N_CLASSES] + 0.02 * (k // N_CLASSES == 0)
        found.append(np.column_stack([seen, 1 - seen]))
    return found


def truth(case: str) -> Floats:
    """Distillable knowledge of each teacher layer, in bits."""
    student, *teachers = (law / N_CLASSES for law in channels(case))
    return np.array([pt.broja_from_pairs(law.T, student.T).unique_t for law in teachers])


def draw(case: str, n: int, seed: int) -> Row:
    """One data set: whether the set holds one of the best, and how many layers are in it."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, N_CLASSES, n)
    student, *teachers = (sampled(law, y, rng) for law in channels(case))
    layers = {f"t{k}": codes for k, codes in enumerate(teachers)}
    found = pt.distillation_map(
        layers, {"last": student}, y, confidence_level=LEVEL, random_state=seed
    ).best()
    exact = truth(case)
    best = {f"t{k}" for k in np.flatnonzero(exact >= exact.max() - TIE)}
    behind = {f"t{k}": value - np.delete(exact, k).max() for k, value in enumerate(exact.tolist())}
    covered = all(
        row.interval.low - TIE <= behind[row.name] <= row.interval.high + TIE for row in found
    )
    return {
        "holds": bool(best & set(found.layers)),
        "holds_first": f"t{int(exact.argmax())}" in found.layers,
        "covered": covered,
        "size": len(found.layers),
        "highest_is_best": found.best in best,
    }


def sampled(law: Floats, y: Codes, rng: np.random.Generator) -> Codes:
    """A symbol of each row."""
    codes: Codes = (rng.random(len(y))[:, None] > np.cumsum(law, axis=1)[y, :-1]).sum(axis=1)
    return codes


def jobs(cases: list[str], n: int, draws: int, part: tuple[int, int]) -> Iterator[Job]:
    """One a data set; cases in turn."""
    for seed in range(draws)[part[0] :: part[1]]:
        for case in cases:
            yield {"case": case, "n": n, "seed": seed}, partial(draw, case, n, seed)


def write_tables(rows: list[Row]) -> None:
    """Shares by case."""
    columns = ["case", "n", "data sets", "holds a best", "holds the first best", "all intervals"]
    write(
        STORE.file.stem,
        f"# Sets of best layers of twelve, at {LEVEL:.0%}",
        "Share of the data sets whose set holds a layer that is best in truth (the first of them), "
        "and whose intervals of the differences all hold the truth; layers in the set; share whose "
        "highest layer is best in truth.",
        table([*columns, "layers", "highest is best"], _summary(rows)),
    )


def _summary(rows: list[Row]) -> Iterable[list[Any]]:
    for (case, n), group in grouped(rows, "case", "n").items():
        names = ("holds", "holds_first", "covered", "size", "highest_is_best")
        means = [float(np.mean([row[name] for row in group])) for name in names]
        yield [case, n, len(group), *means]


def main() -> None:
    """Parse the command line, measure and write."""
    options = Options(__doc__)
    options.names("cases", CASES, CASES, "some of them")
    options.number("n", 2000, "rows of a data set")
    options.number("draws", 200, "data sets of a case")
    options.numbers("part", (0, 1), "which data sets, and of how many parts")
    options.only_table()
    given = options.parse_args()
    if not given.table:
        STORE.fill(jobs(list(given.cases), given.n, given.draws, tuple(given.part)))
    write_tables(STORE.rows())


if __name__ == "__main__":
    main()
