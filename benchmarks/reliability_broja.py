"""Count how many of ten thousand generated problems `broja` solves to a proved 1e-9 bits.

    python benchmarks/reliability_broja.py [--n-problems 10000]

The problems are those of the tests (`benchmarks/tools/generated.py`): 2 to 12 symbols a side, 2 to
8 classes; Dirichlet .01 to 10, histograms of 5 to 5000 samples, deterministic, copied,
block-shaped, duplicated rows, Blackwell-ordered, modular sums. Each is solved through the public
door and once more by the interior point alone, without the closed form and the merging of rows.
Takes a minute.
"""

from __future__ import annotations

import time
import warnings
from collections import Counter

import numpy as np

import pidtools as pt
from benchmarks.tools.generated import N_PROBLEMS, generated_problems
from benchmarks.tools.options import Options
from benchmarks.tools.store import Row, keep, kept
from benchmarks.tools.written import heading, table, write
from pidtools._broja import driver, program

NAME = "reliability_broja"
TOL = 1e-9


def gap_of_interior_point(pmf: np.ndarray) -> tuple[float, int]:
    """Certified gap in bits and iterations on the unmerged tables."""
    p_ty, p_sy = pmf.sum(axis=1), pmf.sum(axis=0)
    kept = p_ty.sum(axis=0) > 0
    p_ty, p_sy = p_ty[p_ty.sum(axis=1) > 0][:, kept], p_sy[p_sy.sum(axis=1) > 0][:, kept]
    nats = float(np.log(2.0))
    solution = driver.solve(program.program_of(p_ty, p_sy), tol=0.5 * TOL * nats, max_iter=100)
    return (solution.upper - solution.lower) / nats, solution.iterations


def main() -> None:
    """Parse the command line, measure and write."""
    options = Options(__doc__)
    options.number("n-problems", N_PROBLEMS, "problems")
    options.only_table()
    given = options.parse_args()
    if not given.table:
        measure(given.n_problems)
    write(NAME, *told(kept(NAME)))


def measure(n_problems: int) -> None:
    """Solve, count and keep."""
    warnings.simplefilter("ignore", pt.PIDWarning)
    public, alone, iterations = [], [], []
    kinds: Counter[str] = Counter()
    start = time.process_time()
    for kind, pmf in generated_problems(n_problems):
        public.append(pt.broja(pmf, tol=TOL).gap)
        gap, used = gap_of_interior_point(pmf)
        alone.append(gap)
        iterations.append(used)
        if public[-1] > TOL or gap > TOL:
            kinds[kind] += 1
            print(f"problem {len(public) - 1} ({kind}, {pmf.shape}): {public[-1]:.1e}, {gap:.1e}")
    found = {
        "n_problems": n_problems,
        "wide_public": int(np.sum(np.array(public) > TOL)),
        "wide_interior_point": int(np.sum(np.array(alone) > TOL)),
        "widest_public": max(public),
        "widest_interior_point": max(alone),
        "iterations_50_95_99_100": np.percentile(iterations, [50, 95, 99, 100]).tolist(),
        "kinds": dict(kinds),
        "cpu_seconds": time.process_time() - start,
    }
    keep(NAME, **found)


def told(found: Row) -> list[str]:
    """The same in words and a table."""
    half, most, nearly_all, largest = found["iterations_50_95_99_100"]
    kinds = ", ".join(f"{kind}: {n}" for kind, n in found["kinds"].items()) or "none"
    return [
        heading("How often `broja` proves its answer", found),
        f"{found['n_problems']} generated problems, each solved through the public door, and by "
        f"the interior point alone, without the closed form and the merging of rows, which took "
        f"{half:.0f} iterations in the middle, {most:.0f} in 95 %, {nearly_all:.0f} in 99 % and "
        f"{largest:.0f} at most; {found['cpu_seconds']:.0f} CPU seconds for all.",
        table(
            ["solved by", f"gaps above {TOL:g} bits", "largest gap, bits"],
            [
                ["`pt.broja`", found["wide_public"], found["widest_public"]],
                ["interior alone", found["wide_interior_point"], found["widest_interior_point"]],
            ],
        ),
        f"By kind of problem, of gaps above {TOL:g}: {kinds}.",
    ]


if __name__ == "__main__":
    main()
