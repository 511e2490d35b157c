"""How often bands of traces hold the whole curve, and when saturation is called.

    python benchmarks/coverage_traces.py --draws 300
    python benchmarks/coverage_traces.py --families copy --n 2000 --draws 50 --part 0 2

A trace has 20 steps of a student of a four-class label and one teacher that knows 1.15 of its 2
bits, all as symbols, so that the truth is exact. Rows keep their luck from step to step (a noise
of correlation .9). Families by what the student sees, with less and less noise:

- copy: what the teacher says, without noise from step 10 on, where exactly nothing is left;
- better: the label, more clearly than the teacher does from step 10 on: exactly nothing is left;
- twin: the label, from step 10 on as clearly as the teacher: nothing is left, but noise alone makes
  one of two equals lack something, in other rows at every step;
- smooth: what the teacher says, with a noise that falls on and on, never to 0;
- passing: the label, with a noise that passes that of the teacher;
- plateau: what the teacher says, with a noise that rests at a tenth from step 10 on.

Of the first three, saturation before step 10 is an error; of smooth and passing, one at a step from
which the truth still falls by more than the margin, and of plateau, one before step 10 or "nothing
left". A baseline stands beside each student, its noise half again as large, for the band of the
differences. Draws are kept in ``results/coverage_traces.jsonl``, a line each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache, partial
from typing import Any

import numpy as np
from scipy.special import ndtr

import pidtools as pt
from benchmarks.tools.options import Options
from benchmarks.tools.store import Job, Row, Store, grouped
from benchmarks.tools.written import table, write
from pidtools._types import Codes, Floats

STORE = Store("coverage_traces", "family", "n", "seed")
N_CLASSES, N_STEPS, REST, OF_TEACHER, KEPT, LEVEL = 4, 20, 10, 0.2, 0.9, 0.95
FAMILIES = ("copy", "better", "twin", "smooth", "passing", "plateau")
# Those whose student sees what the teacher says, not the label.
OF_TEACHERS_WORDS = ("copy", "smooth", "plateau")
SLACK = 1e-6
NAMES = ("distillable", "distilled")


def noises(family: str) -> Floats:
    """Share of rows whose symbol is drawn anew, by step."""
    step = np.arange(N_STEPS)
    falling = 1 - step / REST
    if family == "smooth":
        return 0.6 * np.exp(-step / 5)
    if family == "passing":
        return 0.7 * np.exp(-step / 8) + 0.05
    first, slope, last = {
        "copy": (0.12, 0.5, 0.0),
        "better": (0.32, 0.45, 0.1),
        "twin": (0.32, 0.45, 0.2),
        "plateau": (0.16, 0.4, 0.1),
    }[family]
    return np.where(step < REST, first + slope * falling, last)


def channel(noise: float) -> Floats:
    """Law of a symbol given what was there before."""
    found: Floats = (1 - noise) * np.eye(N_CLASSES) + noise / N_CLASSES
    return found


@cache
def truth(family: str, scale: float = 1.0) -> dict[str, Floats]:
    """Exact atoms by step, in bits."""
    teacher, atoms = channel(OF_TEACHER) / N_CLASSES, []
    for noise in np.minimum(scale * noises(family), 1.0):
        seen = channel(noise)
        student = seen.T @ teacher if family in OF_TEACHERS_WORDS else seen / N_CLASSES
        pid = pt.broja_from_pairs(teacher, student)
        atoms.append((pid.unique_t, pid.redundancy))
    return dict(zip(NAMES, np.array(atoms).T, strict=True))


def sample(family: str, n: int, seed: int) -> tuple[Codes, list[Codes], list[Codes], Codes]:
    """Teacher, student and baseline by step, labels."""
    rng = np.random.default_rng([seed, n, FAMILIES.index(family)])
    y = rng.integers(N_CLASSES, size=n)
    teacher = np.where(rng.random(n) < OF_TEACHER, rng.integers(N_CLASSES, size=n), y)
    sees = teacher if family in OF_TEACHERS_WORDS else y
    students = [_over_steps(sees, scale * noises(family), rng) for scale in (1.0, 1.5)]
    return teacher, students[0], students[1], y


def _over_steps(sees: Codes, of_steps: Floats, rng: np.random.Generator) -> list[Codes]:
    luck, other = rng.normal(size=len(sees)), rng.integers(N_CLASSES, size=len(sees))
    found = []
    for noise in of_steps:
        luck = KEPT * luck + np.sqrt(1 - KEPT**2) * rng.normal(size=len(sees))
        anew = rng.random(len(sees)) < 1 - KEPT
        other = np.where(anew, rng.integers(N_CLASSES, size=len(sees)), other)
        found.append(np.where(ndtr(luck) < noise, other, sees))
    return found


def draw(family: str, n: int, seed: int) -> Row:
    """One trace: which bands hold the whole curve, and the saturation found."""
    teacher, students, baseline, y = sample(family, n, seed)
    trace = pt.distillation_trace(
        teacher, students, y, baseline=baseline, confidence_level=LEVEL, random_state=seed
    )
    exact, theirs = truth(family), truth(family, 1.5)
    held: dict[str, list[int]] = {}
    for name in NAMES:
        ends = [(row.bands[name].low, row.bands[name].high) for row in trace]
        held[name] = _missed(ends, exact[name])
    apart = [row.difference_bands["distillable"] for row in trace]
    differences = exact["distillable"] - theirs["distillable"]
    held["difference"] = _missed([(each.low, each.high) for each in apart], differences)
    assert trace.saturation is not None
    last = trace[-1].bands["distillable"]
    return {
        "missed": held,
        "step": trace.saturation.step,
        "reason": trace.saturation.reason,
        "too_early": _is_too_early(family, trace.saturation),
        "margin": trace.saturation.margin,
        "last_width": last.high - last.low,
    }


def _missed(ends: list[tuple[float, float]], exact: Floats) -> list[int]:
    """Steps whose truth is below the band, as a negative number, or above it; counted from 1."""
    low, high = np.array(ends).T
    below, above = exact < low - SLACK, exact > high + SLACK
    return [*(-1 - np.flatnonzero(below)).tolist(), *(1 + np.flatnonzero(above)).tolist()]


def _is_too_early(family: str, found: pt.Saturation) -> bool:
    if found.step is None:
        return False
    step, exact = int(found.step), truth(family)["distillable"]
    if family in ("copy", "better", "twin", "plateau"):
        return step < REST or (family == "plateau" and found.reason == "nothing left")
    least = exact[step:].min() if found.reason == "no longer falling" else 0.0
    return bool(exact[step] - least > found.margin)


def jobs(families: list[str], sizes: list[int], draws: range) -> Iterator[Job]:
    """One a trace; families in turn."""
    for seed in draws:
        for family in families:
            for n in sizes:
                yield {"family": family, "n": n, "seed": seed}, partial(draw, family, n, seed)


def write_tables(rows: list[Row]) -> None:
    """Shares by family and number of rows."""
    write(
        STORE.file.stem,
        f"# Bands of traces of {N_STEPS} steps, for all steps at once at {LEVEL:.0%}",
        "Share of traces whose whole curve is in the band, and of how many traces it lies below or "
        "above somewhere; what saturation was found, the median of its steps, and the share of "
        "traces in which it was called too early. What the families are stands in "
        "`benchmarks/coverage_traces.py`.",
        table(
            [
                *("family", "n", "traces", "distillable", "below", "above", "distilled"),
                *("difference", "nothing left", "no longer falling", "median step", "too early"),
            ],
            _summary(rows),
        ),
    )


def _summary(rows: list[Row]) -> Iterable[list[Any]]:
    found = grouped(rows, "family", "n")
    for (family, n), group in sorted(
        found.items(), key=lambda item: (FAMILIES.index(item[0][0]), item[0][1])
    ):
        missed = [row["missed"]["distillable"] for row in group]
        steps = [row["step"] for row in group if row["step"] is not None]
        yield [
            *(family, n, len(group), _share(not steps for steps in missed)),
            _share(any(step < 0 for step in steps) for steps in missed),
            _share(any(step > 0 for step in steps) for steps in missed),
            *(_share(not row["missed"][name] for row in group) for name in NAMES[1:]),
            _share(not row["missed"]["difference"] for row in group),
            *(
                _share(row["reason"] == reason for row in group)
                for reason in ("nothing left", "no longer falling")
            ),
            f"{np.median(steps):g}" if steps else "",
            _share(row["too_early"] for row in group),
        ]


def _share(each: Iterable[bool]) -> str:
    return f"{np.mean(list(each)):.3f}"


def main() -> None:
    """Parse the command line, measure and write."""
    options = Options(__doc__)
    options.names("families", FAMILIES, FAMILIES, "some of them")
    options.numbers("n", (1000, 2000, 4000), "rows of a trace")
    options.number("draws", 300, "traces of a family")
    options.numbers("part", (0, 1), "which draws, and of how many parts")
    options.only_table()
    given = options.parse_args()
    if not given.table:
        part, n_parts = given.part
        STORE.fill(jobs(given.families, given.n, range(given.draws)[part::n_parts]))
    write_tables(STORE.rows())


if __name__ == "__main__":
    main()
