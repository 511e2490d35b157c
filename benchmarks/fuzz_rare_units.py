"""Units that are active in one to ten rows, beside a layer: exceptions, and what they change.

    python benchmarks/fuzz_rare_units.py --n 2000 --jobs 2

Each data set is drawn from its number: a rectified layer of 8 to 512 units, 2 to 20 classes,
three types of floats; beside it one to twenty units that are active in one to ten rows, any rows
or rows of one group. The default estimator reads the layer with and without them. What came of it
is kept in ``results/fuzz_rare_units.json``.
"""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any

import numpy as np
from joblib import Parallel, delayed

import pidtools as pt
from benchmarks.tools.clock import best_of
from benchmarks.tools.options import Options
from benchmarks.tools.store import Row, keep, kept
from benchmarks.tools.written import write

NAME = "fuzz_rare_units"
Array = np.ndarray[Any, Any]


def layer(rng: np.random.Generator) -> tuple[Array, Array]:
    """A rectified layer that knows of its labels."""
    n = int(rng.choice([200, 300, 500, 800]))
    n_classes = int(rng.choice([2, 3, 5, 10, 20]))
    width = int(rng.choice([8, 16, 32, 64, 128, 512], p=[0.25, 0.25, 0.2, 0.15, 0.1, 0.05]))
    y = rng.integers(0, n_classes, n)
    means = rng.normal(size=(n_classes, width)) * rng.choice([0.2, 0.5, 1.0])
    return np.maximum(means[y] + rng.normal(size=(n, width)), 0), y


def rare(rng: np.random.Generator, n: int) -> Array:
    """Units active in one to ten rows each, of all rows or of one block of them."""
    units = np.zeros((n, int(rng.choice([1, 1, 3, 20]))))
    block = n if rng.random() < 0.7 else 20
    for unit in units.T:
        unit[rng.choice(block, int(rng.integers(1, 11)), replace=False)] = 3 * rng.random() + 0.1
    return units


def change(number: int) -> tuple[float, str]:
    """Change of the information in bits, or the exception."""
    rng = np.random.default_rng(number)
    X, y = layer(rng)
    dtype = rng.choice(np.array(["float16", "float32", "float64"]))
    both = np.hstack([X, rare(rng, len(y))])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pt.PIDWarning)
            found = [pt.summarise(Z.astype(dtype), y, n_jobs=1).information for Z in (X, both)]
    except Exception as error:  # what is sought
        return np.nan, f"{type(error).__name__}: {error}"
    return abs(found[1] - found[0]), ""


def main() -> None:
    """Parse the command line, measure and write."""
    options = Options(__doc__)
    options.number("n", 2000, "data sets")
    options.number("jobs", 2, "processes")
    options.only_table()
    given = options.parse_args()
    if not given.table:
        measure(given.n, given.jobs)
    write(NAME, *told(kept(NAME)))


def measure(n: int, jobs: int) -> None:
    """Read all layers, and keep what came of it."""
    timed = Parallel(n_jobs=jobs)(delayed(best_of)(partial(change, k), 1) for k in range(n))
    found = [answer for _, answer in timed]
    changes = np.array([c for c, error in found if not error])
    errors = [f"{k}: {error}" for k, (_, error) in enumerate(found) if error]
    print("\n".join(errors))
    keep(
        NAME,
        cpu_seconds=round(sum(seconds for seconds, _ in timed), 1),
        data_sets=n,
        exceptions=errors,
        largest_change=float(changes.max(initial=0.0)),
        changed_by_more_than_a_hundredth=int((changes > 0.01).sum()),
    )


def told(found: Row) -> tuple[str, str]:
    """The same in words."""
    return (
        "# Units active in one to ten rows, beside a layer",
        f"{found['data_sets']} data sets: {len(found['exceptions'])} exceptions; the information "
        f"changed by at most {found['largest_change']:.2g} bits, by more than .01 bits in "
        f"{found['changed_by_more_than_a_hundredth']}.",
    )


if __name__ == "__main__":
    main()
