"""Time `broja` and other solvers of the same programs, and compare their answers.

    python benchmarks/speed_broja.py [--parts large warm ...] [--solvers ours ...]

All parts in one run of this script, or some of them anew, beside what the last run said of the
others; each measurement in a process of its own with one thread:

- peers: every solver on every case, the smallest of a few repeats after a first small solve. A
  solver gets CPU seconds of `LIMITS`; one that is not done shows as ``>limit`` and is not asked
  for larger cases; one that is not installed stands as absent. Errors are largest
  differences of an atom, in bits, from our own answer, whose certified gap is in the table.
- large: programs of up to 4 million cells, with peak memory beside the documented formula, and
  operations a second beside the rate of the same machine's syrk and potrf.
- special: sparse supports, two classes, batches.
- warm: 200 bootstrap resamples of one histogram at a loose tolerance, each from the duals of the
  first, beside cold solves of every twentieth to the default tolerance.
- growth: time against the number of cells, with exponents fitted.
- start: first solve of a fresh install, solves in later processes, and both in a read-only one.

Times are CPU seconds, those of `start` seconds by the clock. BROJA_2PID is not on PyPI in a form
that installs everywhere: point the environment variable BROJA_2PID at a directory that holds
BROJA_2PID.py, and install ecos.

Takes about 12 minutes of CPU time with all peers, 3 without them (``--solvers ours``).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

import pidtools as pt
from benchmarks.tools.clock import forget_peak, peak_memory, smallest
from benchmarks.tools.options import Options
from benchmarks.tools.peers import ABSENT, SOLVERS, found
from benchmarks.tools.process import ONE_THREAD, OutOfTimeError, answered, ask
from benchmarks.tools.store import Row, keep, kept
from benchmarks.tools.written import heading, table, table_of, write

Array = np.ndarray[Any, Any]

# --- cases -------------------------------------------------------------------------------


def dirichlet(*shape: int) -> Array:
    """Draw a dense pmf."""
    return np.random.default_rng(0).dirichlet(np.ones(int(np.prod(shape)))).reshape(shape)


def histogram(*shape: int, n_samples: int = 10_000) -> Array:
    """Quantile-binned Gaussians: T and S noisy versions of Y."""
    rng = np.random.default_rng(0)
    y = rng.normal(size=n_samples)
    latent = (
        0.8 * y + 0.6 * rng.normal(size=n_samples),
        0.6 * y + 0.8 * rng.normal(size=n_samples),
        y,
    )
    codes = [np.argsort(np.argsort(x)) * n // n_samples for x, n in zip(latent, shape, strict=True)]
    counts = np.zeros(shape)
    np.add.at(counts, tuple(codes), 1.0)
    return counts / n_samples


CASES: dict[str, Callable[[], Array]] = {
    "2x2x2": lambda: dirichlet(2, 2, 2),
    "10x10x10": lambda: dirichlet(10, 10, 10),
    "10x10x10 hist": lambda: histogram(10, 10, 10),
    "20x20x10": lambda: dirichlet(20, 20, 10),
    "50x50x10": lambda: dirichlet(50, 50, 10),
    "50x50x10 hist": lambda: histogram(50, 50, 10),
    "10x10x100": lambda: dirichlet(10, 10, 100),
    "10x10x100 hist": lambda: histogram(10, 10, 100),
    "100x100x10": lambda: dirichlet(100, 100, 10),
    "100x100x10 hist": lambda: histogram(100, 100, 10),
}

LARGE: dict[str, Callable[[], Array]] = {
    "50x50x100": lambda: dirichlet(50, 50, 100),
    "200x200x10": lambda: dirichlet(200, 200, 10),
    "200x200x10 hist": lambda: histogram(200, 200, 10),
}

LIMITS = {"ours": 100.0, "BROJA_2PID": 35.0, "clarabel": 100.0}
"""CPU seconds for a solver and a case; `OTHER_LIMIT` where none is given."""
OTHER_LIMIT = 12.0
LONGER = {("BROJA_2PID", "100x100x10"): 130.0}
"""Exceptions, for what is known to get there."""


# --- measurements, each in a process of its own ----------------------------------------------


def work_peer(solver: str, case: str) -> dict[str, Any]:
    """Time and atoms of one solver on one case."""
    solve = SOLVERS[solver]()
    solve(dirichlet(3, 3, 3))
    pmf = CASES[case]()
    seconds, atoms = smallest(lambda: solve(pmf), 3)
    return {"seconds": seconds, "atoms": [a if a is None else float(a) for a in atoms]}


def work_large(case: str) -> dict[str, Any]:
    """Time, gap, memory and operations a second of a large program."""
    from scipy.linalg.blas import dsyrk
    from scipy.linalg.lapack import dpotrf

    from pidtools._broja import driver, linear_algebra, program, roster

    small = program.program_of(np.full((30, 3), 1 / 90), np.full((30, 3), 1 / 90))
    driver.solve(small, tol=1e-9, max_iter=100)
    for kernel in roster.LOW_RANK:
        assert kernel.address
    pmf = LARGE[case]()
    prog = program.program_of(pmf.sum(axis=1), pmf.sum(axis=0))
    sup = prog.support
    dense, sparse = linear_algebra.schur_cost(sup), linear_algebra.low_rank_cost(sup)
    way = "schur" if dense[1] <= sparse[1] else "low rank"
    taken: list[linear_algebra.Algebra] = []

    def choose(*arguments: Any) -> linear_algebra.Algebra:
        taken.append(linear_algebra.choose(*arguments))
        return taken[-1]

    before = forget_peak()
    nats = float(np.log(2.0))
    with mock.patch.object(driver, "choose", choose):
        seconds, found = smallest(lambda: driver.solve(prog, tol=0.5e-9 * nats, max_iter=100), 1)
    peak = peak_memory()
    out = {
        "seconds": seconds,
        "gap": (found.upper - found.lower) / nats,
        "iterations": found.iterations,
        "way": way,
        "peak_mb": 1e-6 * (peak - before),
        "formula_mb": 1e-6 * (dense[0] if way == "schur" else sparse[0]),
    }
    if way == "schur":
        n, m = sup.n_rows, sup.n_cols
        operations = n * float(m) ** 2 + float(m) ** 3 / 3.0
    else:
        # Those of the last factorisation; the conjugate gradients come on top.
        work: Any = taken[-1].factor.fields
        m = int(work.active[0])
        n = round(2 * sup.n_entries / sup.n_cells)
        operations = n * float(m) ** 2 + float(m) ** 3 / 3.0 + float((work.size**3.0).sum())
    a = np.random.default_rng(0).normal(size=(m, n))
    syrk, gram = smallest(lambda: dsyrk(1.0, a), 2)
    gram += n * np.eye(m)
    potrf, _ = smallest(lambda: dpotrf(gram), 2)
    out["gflops"] = 1e-9 * operations * found.iterations / seconds
    out["gflops_blas"] = 1e-9 * (n * float(m) ** 2 + float(m) ** 3 / 3.0) / (syrk + potrf)
    return out


def posterior_cells() -> Any:
    """200 x 200 cells of which each of 100 classes has about ten a side; 10,000 samples."""
    from scipy.sparse import coo_array

    rng = np.random.default_rng(0)
    y = rng.integers(100, size=10_000)
    homes = [rng.integers(200, size=(100, 10)) for _ in range(2)]
    t, s = (home[y, rng.integers(10, size=len(y))] for home in homes)
    return coo_array((np.full(len(y), 1 / len(y)), (t, s, y)), shape=(200, 200, 100))


def work_special(case: str) -> dict[str, Any]:
    """Rows that the peers have no part in."""
    rng = np.random.default_rng(0)
    if case == "200x200x100 sparse":
        pmf = posterior_cells()
        pt.broja(dirichlet(3, 3, 3))
        before = forget_peak()
        seconds, pid = smallest(lambda: pt.broja(pmf), 2)
        peak = peak_memory()
        return {"seconds": seconds, "gap": pid.gap, "peak_mb": 1e-6 * (peak - before)}
    if case.startswith("pairs"):
        n = int(case.split()[1])
        p_ty, p_sy = (rng.dirichlet(np.ones(2 * n)).reshape(n, 2) for _ in range(2))
        p_sy *= p_ty.sum(axis=0) / p_sy.sum(axis=0)
        pt.broja_from_pairs(p_ty, p_sy)
        seconds, pid = smallest(lambda: pt.broja_from_pairs(p_ty, p_sy), 5)
        return {"seconds": seconds, "gap": pid.gap}
    k = int(case.split()[1])
    pmfs = rng.dirichlet(np.ones(k**3), size=10_000).reshape(-1, k, k, k)
    pt.broja_batch(pmfs[:2])
    seconds, found = smallest(lambda: pt.broja_batch(pmfs), 3)
    return {"seconds": seconds / len(pmfs), "gap": float(found.gap.max())}


SPECIAL = ("200x200x100 sparse", "pairs 1000", "pairs 100000", "batch 2", "batch 3")


def work_warm(_: str) -> dict[str, Any]:
    """Resamples of a 120x120x10 histogram of 10,000 samples."""
    pmf, n_samples = histogram(120, 120, 10), 10_000
    first = pt.broja(pmf, keep_duals=True)
    warm, cold, loose, gaps = [], [], [], []
    for k in range(200):
        counts = np.random.default_rng(k).multinomial(n_samples, pmf.ravel())
        near = counts.reshape(pmf.shape) / n_samples
        seconds, pid = smallest(lambda: pt.broja(near, tol=1e-4, start=first.duals), 1)  # noqa: B023
        warm.append(seconds)
        gaps.append(pid.gap)
        if k % 20 == 0:
            cold.append(smallest(lambda: pt.broja(near), 1)[0])  # noqa: B023
            loose.append(smallest(lambda: pt.broja(near, tol=1e-4), 1)[0])  # noqa: B023
    return {
        "warm_seconds": float(np.mean(warm)),
        "cold_seconds": float(np.mean(cold)),
        "cold_loose_seconds": float(np.mean(loose)),
        "widest_gap": max(gaps),
    }


def work_growth(_: str) -> dict[str, Any]:
    """Time of dense programs n x n x 10 and 10 x 10 x n."""
    pt.broja(dirichlet(20, 20, 10))
    found: dict[str, Any] = {}
    for name, shapes in {
        "n x n x 10": [(n, n, 10) for n in (4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)],
        "10 x 10 x n": [(10, 10, n) for n in (4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)],
    }.items():
        rows = []
        for shape in shapes:
            pmf = dirichlet(*shape)
            rows.append((int(np.prod(shape)), smallest(lambda: pt.broja(pmf), 3)[0]))  # noqa: B023
        sizes, times = np.log(np.array(rows)).T
        found[name] = {
            "rows": rows,
            "exponent": float(np.polyfit(sizes, times, 1)[0]),
            "exponent_of_largest_five": float(np.polyfit(sizes[-5:], times[-5:], 1)[0]),
        }
    return found


FIRST_SOLVE = """
import time
start = time.perf_counter()
import pidtools as pt
import numpy as np
pid = pt.broja(np.random.default_rng(0).dirichlet(np.ones(27)).reshape(3, 3, 3))
assert pid.gap <= 1e-9
print(time.perf_counter() - start)
"""


def work_start(_: str) -> dict[str, Any]:
    """First and later processes, by the clock: two of them compile where there are two cores.

    Of a package that never ran, and of one beside which nothing can be written.
    """
    source, found = Path(pt.__file__).parent, Row()
    for kind in ("", "read_only_"):
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "pidtools"
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
            if kind:
                for package in (copy / "_broja", copy / "_broja" / "kernels"):
                    (package / "__pycache__").touch()
            seconds = [solve_in_new_process(folder) for _ in range(6)]
        found |= {f"{kind}first_seconds": seconds[0], f"{kind}later_seconds": min(seconds[1:])}
    return found


def solve_in_new_process(folder: str) -> float:
    """Seconds from the import of the package in the folder to the end of one solve."""
    own = {"PYTHONPATH": folder, "XDG_CACHE_HOME": str(Path(folder) / "home")}
    answer = subprocess.run(
        [sys.executable, "-c", FIRST_SOLVE],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env={**os.environ, **ONE_THREAD, **own},
    )
    return float(answer.stdout)


PARTS: dict[str, tuple[Callable[[str], dict[str, Any]], tuple[str, ...]]] = {
    "start": (work_start, ("3x3x3",)),
    "special": (work_special, SPECIAL),
    "warm": (work_warm, ("120x120x10",)),
    "large": (work_large, tuple(LARGE)),
    "growth": (work_growth, ("dense",)),
}


def work(part: str, row: str, solver: str) -> Row:
    """One piece of work."""
    return work_peer(solver, row) if part == "peers" else PARTS[part][0](row)


def measure(limit: float, *task: str) -> Row:
    """Have it done in a process of its own, for at most `limit` CPU seconds."""
    try:
        return ask(__file__, *task, cpu_seconds=limit, one_thread=True)
    except OutOfTimeError:
        return {"limit": limit}
    except RuntimeError as error:
        return {"failed": str(error)}


# --- tables ------------------------------------------------------------------------------


def error_of(row: Row, truth: Row) -> float | None:
    """Largest difference of an atom from ours."""
    if "atoms" not in row or "atoms" not in truth:
        return None
    return float(np.abs(np.subtract(row["atoms"][:4], truth["atoms"][:4])).max())


def cell(row: Row, truth: Row) -> str:
    """One cell of the table."""
    if "limit" in row:
        return f">{row['limit']:g} (>{row['limit'] / truth['seconds']:.3g}x)"
    if "seconds" not in row:
        return str(row.get("failed", "not run"))
    ratio = row["seconds"] / truth["seconds"]
    return f"{row['seconds']:.3g} ({ratio:.3g}x, {error_of(row, truth):.0e})"


def peer_table(results: dict[str, dict[str, Row]]) -> str:
    """Cases by solvers."""
    peers = [
        name for name in SOLVERS if name != "ours" and any(name in r for r in results.values())
    ]
    rows = []
    for case, row in results.items():
        us = row["ours"]
        own = [f"{us['seconds']:.3g}", f"{us['atoms'][4]:.0e}"]
        rows.append([case, *own, *(cell(row.get(peer, {}), us) for peer in peers)])
    return table(["t x s x y", "ours: CPU s", "gap", *peers], rows)


def growth_rows(found: dict[str, Row]) -> dict[str, Row]:
    """Seconds by size, then the exponents."""
    flat = {
        f"{name}: {cells} cells": {"seconds": seconds}
        for name, group in found.items()
        for cells, seconds in group["rows"]
    }
    for name, group in found.items():
        flat[f"{name}: exponent"] = {"seconds": group["exponent"]}
        flat[f"{name}: exponent of the largest five"] = {
            "seconds": group["exponent_of_largest_five"]
        }
    return flat


def write_tables(name: str) -> None:
    """Write what there is so far."""
    document = kept(name)
    blocks = []
    for part, rows in document["parts"].items():
        if part == "peers":
            blocks.append(peer_table(rows))
            continue
        named = growth_rows(rows["dense"]) if part == "growth" else rows
        blocks.append(table_of({part: case} | row for case, row in named.items()))
    write(name, heading("Speed of `broja`", document), *blocks)


def main() -> None:
    """Read the command line, measure, write."""
    if answered(work):
        return
    options = Options(__doc__)
    options.names("parts", [*PARTS, "peers"], [*PARTS, "peers"])
    options.names("cases", CASES, CASES)
    options.names("solvers", SOLVERS, SOLVERS)
    options.add_argument("--name", default="speed_broja", help="stem of the files written")
    options.only_table()
    given = options.parse_args()
    if given.table:
        write_tables(given.name)
        return
    whole = set(given.parts) == {*PARTS, "peers"}
    parts: dict[str, Any] = {} if whole else kept(given.name).get("parts", {})
    solvers = [name for name in given.solvers if found(name)]
    absent = sorted(set(given.solvers) - set(solvers))
    for part in given.parts:
        rows: dict[str, Any] = {}
        parts[part] = rows
        for _ in compare(rows, given.cases, solvers) if part == "peers" else alone(rows, part):
            keep(given.name, parts=parts)
        if part == "peers":
            for row in rows.values():
                row |= {name: {"failed": ABSENT} for name in absent}
            keep(given.name, parts=parts)
    write_tables(given.name)


def alone(rows: dict[str, Row], part: str) -> Iterator[None]:
    """Row by row of a part without peers."""
    for row in PARTS[part][1]:
        rows[row] = measure(600.0, part, row, "ours")
        print(part, row, rows[row], flush=True)
        yield


def compare(rows: dict[str, Any], cases: list[str], solvers: list[str]) -> Iterator[None]:
    """Solver by solver, so that the strongest come first; each stops where it gets too slow."""
    for name in solvers:
        for case in cases:
            limit = LONGER.get((name, case), LIMITS.get(name, OTHER_LIMIT))
            row = measure(limit, "peers", case, name)
            rows.setdefault(case, {})[name] = row
            print(case, name, row, flush=True)
            yield
            if "seconds" not in row and LONGER.get((name, case)) is None:
                ahead = cases[cases.index(case) + 1 :]
                if not any((name, later) in LONGER for later in ahead):
                    break


if __name__ == "__main__":
    main()
