"""Atoms of `KNN` on sampled problems with labels: errors, and how often 95 % intervals hold them.

    python benchmarks/accuracy_knn_pid.py [--draws 10] [--n 2000]

Each draw is a new data set of the problem. `warned` counts the draws with a warning of too many
effective dimensions.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np

from benchmarks.tools import coverage
from benchmarks.tools.known import ATOMS, numbers, sampled
from benchmarks.tools.options import Options
from benchmarks.tools.store import Row
from benchmarks.tools.written import shown, write_rows, write_table

NAMES = ("shift_ordered", "degraded", "shift_scale", "ternary_unordered", "circle", "same")
SLACK = 1e-6


def rows_of(name: str, n: int, draws: int) -> Iterator[Row]:
    """One row an atom of a problem."""
    problem = sampled(name)
    truth = {atom: numbers(problem.pid)[atom] for atom in ATOMS}
    found, warned = [], 0
    for draw in range(draws):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            data = problem.sample(n, draw)
            found.append(coverage.measure(data, truth, estimator="knn", n_resamples=50))
        warned += any("effective dimensions" in str(w.message) for w in caught)
    for atom in ATOMS:
        values = np.array([each[atom] for each in found])
        off = values[:, 1] - truth[atom]
        yield {
            "problem": name,
            "atom": atom,
            "truth": truth[atom],
            "mean error, bits": float(off.mean()),
            "mean absolute": float(np.abs(off).mean()),
            "largest": float(np.abs(off).max()),
            "intervals that hold it": f"{coverage.held(values, SLACK).sum()} of {draws}",
            "warned": f"{warned} of {draws}",
        }


def main() -> None:
    """Write one row a problem and atom."""
    options = Options(__doc__)
    options.number("draws", 10, "data sets of a problem")
    options.number("n", 2000, "rows of a data set")
    options.names("names", NAMES, about="problems")
    options.only_table()
    given = options.parse_args()
    if given.table:
        write_table("accuracy_knn_pid")
        return
    rows = []
    for name in given.names:
        for row in rows_of(name, given.n, given.draws):
            print(*map(shown, row.values()), sep="  ", flush=True)
            rows.append(row)
    write_rows("accuracy_knn_pid", f"Atoms from nearest neighbours, n = {given.n}", rows)


if __name__ == "__main__":
    main()
