"""Atoms of `KNN` on sampled problems with labels: errors, and how often 95 % intervals hold them.

    python benchmarks/accuracy_knn_pid.py [--draws 10] [--n 2000]

Each draw is a new data set of the problem. `warned` counts the draws with a warning of too many
effective dimensions.
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
from written import shown, write

import pidtools as pt
from pidtools import problems

NAMES = ("shift_ordered", "degraded", "shift_scale", "ternary_unordered", "circle", "same")
ATOMS = {
    "distilled": "redundancy",
    "distillable": "unique_t",
    "student_only": "unique_s",
    "synergy": "synergy",
}


def main() -> None:
    """Write one row a problem and atom."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--n", type=int, default=2000)
    parser.add_argument("--names", nargs="+", default=NAMES)
    options = parser.parse_args()
    rows = []
    for name in options.names:
        problem = problems.get(name)
        assert isinstance(problem, problems.SampledProblem)
        found = []
        warned = 0
        for draw in range(options.draws):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                found.append(
                    pt.distillable_knowledge(
                        *problem.sample(options.n, draw),
                        estimator="knn",
                        confidence_level=0.95,
                        n_resamples=50,
                    )
                )
            warned += any("effective dimensions" in str(w.message) for w in caught)
        for atom, exact in ATOMS.items():
            truth = float(getattr(problem.pid, exact))
            off = np.array([getattr(result, atom) - truth for result in found])
            held = [
                result.intervals[atom].low - 1e-6 <= truth <= result.intervals[atom].high + 1e-6
                for result in found
            ]
            row = {
                "problem": name,
                "atom": atom,
                "truth": truth,
                "mean error, bits": float(off.mean()),
                "mean absolute": float(np.abs(off).mean()),
                "largest": float(np.abs(off).max()),
                "intervals that hold it": f"{sum(held)} of {len(held)}",
                "warned": f"{warned} of {len(held)}",
            }
            rows.append(row)
            print(*map(shown, row.values()), sep="  ", flush=True)
    write("accuracy_knn_pid", f"Atoms from nearest neighbours, n = {options.n}", rows)


if __name__ == "__main__":
    main()
