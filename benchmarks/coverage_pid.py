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

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.tools import coverage
from benchmarks.tools.coverage import Coverage, Values
from benchmarks.tools.known import ATOMS, QUANTITIES, numbers, sampled
from benchmarks.tools.options import Options
from benchmarks.tools.store import Row, Store, grouped
from benchmarks.tools.written import table, write
from pidtools import Probe, distillable_knowledge, resampling

STORE = Store("coverage_pid", "problem", "n", "way", "seed")
Array = np.ndarray[Any, Any]
Truth = dict[str, float]
FIRST = ("shift_ordered", "degraded", "shift_scale", "loud_nuisance", "ternary_unordered")
# A truth this near to 0 counts as 0; the accuracy of the exact atoms.
ZERO, SLACK = 1e-3, 1e-4
CHEAP, N_HALVES = Probe(experts=("lda", "gaussian")), 100
Data = tuple[Array, Array, Array]


def default(data: Data, truth: Truth, seed: int) -> Values:
    """The default probe, as users call it."""
    return coverage.measure(data, truth, estimator=Probe(), random_state=seed)


def reweighed(data: Data, truth: Truth, seed: int) -> Values:
    """The same with two experts."""
    return coverage.measure(data, truth, estimator=CHEAP, random_state=seed)


def refitted(data: Data, truth: Truth, seed: int) -> Values:
    """Two experts, fitted anew on halves of the rows."""

    def estimated(rows: Array) -> Array:
        T, S, Y = (X[rows] for X in data)
        result = distillable_knowledge(T, S, Y, estimator=CHEAP, random_state=seed)
        return np.array([numbers(result.pid)[name] for name in truth])

    n = len(data[2])
    estimates = estimated(np.arange(n))
    replicates = resampling.replicate(
        estimated,
        resampling.Samples(n),
        draw=resampling.subsample,
        n_resamples=N_HALVES,
        random_state=seed,
    )
    found = {}
    for (name, value), estimate, spread in zip(truth.items(), estimates, replicates.T, strict=True):
        ends = resampling.interval(estimate, spread, coverage.LEVEL, lowest=0.0)
        found[name] = [value, float(estimate), ends.low, ends.high]
    return found


WAYS: dict[str, Callable[[Data, Truth, int], Values]] = {
    "default": default,
    "reweighed": reweighed,
    "refitted": refitted,
}


def draw(name: str, n: int, way: str, seed: int) -> Row:
    """One data set: truth, estimate and interval of each quantity."""
    problem = sampled(name)
    return {"values": WAYS[way](problem.sample(n, 10_000 + seed), numbers(problem.pid), seed)}


def write_tables(rows: list[Row]) -> None:
    """Coverage, spread and width of each quantity of each problem; atoms pooled by way."""
    groups = grouped(rows, "problem", "n", "way")
    found = {
        key: {name: coverage.coverage(name, values, SLACK) for name in QUANTITIES}
        for key, group in groups.items()
        if (values := [row["values"] for row in group])
    }
    lines = [
        [*key, len(groups[key]), name, *_cells(each)]
        for key, of_quantities in sorted(found.items())
        for name, each in of_quantities.items()
    ]
    pooled = []
    for way in dict.fromkeys(way for _, _, way in groups):
        atoms = [
            (found[key][name], len(group))
            for key, group in groups.items()
            for name in ATOMS
            if key[2] == way
        ]
        for above, of_kind in coverage.apart(atoms, ZERO).items():
            if of_kind:
                shares, sizes = np.array(of_kind).T
                pooled.append(
                    f"- {way}: atoms {'above' if above else 'at'} 0, pooled: "
                    f"{np.average(shares, weights=sizes):.3f} of {sizes.sum():.0f}"
                )
    columns = ["problem", "n", "way", "draws", "quantity"]
    write(
        "coverage_pid",
        "# Coverage of 95 % intervals",
        "`sd` is the spread of the estimates over data sets, `reach` the mean half width over "
        "1.96: they should agree.",
        table([*columns, "truth", "bias", "sd", "reach", "coverage"], lines),
        "\n".join(pooled),
    )


def _cells(found: Coverage) -> list[str]:
    numbers = f"{found.truth:.4f}", f"{found.bias:+.4f}", f"{found.spread:.4f}"
    return [*numbers, f"{found.reach:.4f}", f"{found.coverage:.3f}"]


def main() -> None:
    """Parse the command line, measure and write."""
    options = Options(__doc__)
    options.names("problems", FIRST)
    options.number("n", 2000, "rows of a data set")
    options.number("draws", 200, "data sets of a problem")
    options.names("ways", ["default"], WAYS)
    options.only_table()
    given = options.parse_args()
    if not given.table:
        cases = [
            ({"problem": name, "n": given.n, "way": way}, partial(draw, name, given.n, way))
            for name in given.problems
            for way in given.ways
        ]
        STORE.fill(coverage.in_turn(given.draws, cases))
    write_tables(STORE.rows())


if __name__ == "__main__":
    main()
