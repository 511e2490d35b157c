"""Time `broja` and other solvers of the same programs, and compare their answers.

    python benchmarks/speed_broja.py [--parts large warm ...] [--solvers ours ...]

All parts in one run of this script, or some of them anew, beside what the last run said of the
others; each measurement in a process of its own with one thread:

- peers: every solver on every case, the smallest of a few repeats after a first small solve. A
  solver gets CPU seconds of `LIMITS`; one that is not done shows as ``>limit`` and is not asked
  for larger cases; one that is not installed is left out with a line. Errors are largest
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

import argparse
import json
import os
import platform
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

RESULTS = Path(__file__).parent / "results"
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), "1"
)


# --- cases -------------------------------------------------------------------------------


def dirichlet(*shape: int) -> np.ndarray:
    """Draw a dense pmf."""
    return np.random.default_rng(0).dirichlet(np.ones(int(np.prod(shape)))).reshape(shape)


def histogram(*shape: int, n_samples: int = 10_000) -> np.ndarray:
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


CASES: dict[str, Callable[[], np.ndarray]] = {
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

LARGE: dict[str, Callable[[], np.ndarray]] = {
    "50x50x100": lambda: dirichlet(50, 50, 100),
    "200x200x10": lambda: dirichlet(200, 200, 10),
    "200x200x10 hist": lambda: histogram(200, 200, 10),
}

LIMITS = {"ours": 100.0, "BROJA_2PID": 35.0, "clarabel": 100.0}
"""CPU seconds for a solver and a case; `OTHER_LIMIT` where none is given."""
OTHER_LIMIT = 12.0
LONGER = {("BROJA_2PID", "100x100x10"): 130.0}
"""Exceptions, for what is known to get there."""


# --- solvers: each returns a function from a pmf to (red, uni_t, uni_s, syn, gap or None) ----


def ours() -> Callable[[np.ndarray], list[float | None]]:
    """`pidtools.broja`."""
    import pidtools as pt

    def solve(pmf: np.ndarray) -> list[float | None]:
        pid = pt.broja(pmf)
        return [pid.redundancy, pid.unique_t, pid.unique_s, pid.synergy, pid.gap]

    return solve


def broja_2pid() -> Callable[[np.ndarray], list[float | None]]:
    """BROJA_2PID by Makkeh, Theis and Vicente, with ECOS."""
    sys.path.insert(0, os.environ["BROJA_2PID"])
    from BROJA_2PID import pid

    def solve(pmf: np.ndarray) -> list[float | None]:
        table = {
            (int(y), int(t), int(s)): float(pmf[t, s, y])
            for t, s, y in zip(*pmf.nonzero(), strict=True)
        }
        atoms = pid(table, cone_solver="ECOS", output=0)
        return [atoms["SI"], atoms["UIY"], atoms["UIZ"], atoms["CI"], None]

    return solve


def _dit(method: str) -> Callable[[np.ndarray], list[float | None]]:
    import dit
    from dit.pid.measures.ibroja import PID_BROJA

    def solve(pmf: np.ndarray) -> list[float | None]:
        cells = list(zip(*pmf.nonzero(), strict=True))
        outcomes = [tuple(int(k) for k in cell) for cell in cells]
        joint = dit.Distribution(outcomes, [float(pmf[cell]) for cell in cells])
        atoms = PID_BROJA(joint, [[0], [1]], [2], method=method)
        return [
            atoms[((0,), (1,))], atoms[((0,),)], atoms[((1,),)], atoms[((0, 1),)], None
        ]  # fmt: skip

    return solve


def dit_auto() -> Callable[[np.ndarray], list[float | None]]:
    """Let dit choose."""
    return _dit("auto")


def dit_cone() -> Callable[[np.ndarray], list[float | None]]:
    """Dit's cone program, with ECOS."""
    return _dit("cone")


def paper_scs() -> Callable[[np.ndarray], list[float | None]]:
    """The model as the distillation paper describes it, solved by SCS.

    max H_q(Y | T, S), written with one relative entropy a class against the sum over classes.
    """
    import cvxpy as cp

    def solve(pmf: np.ndarray) -> list[float | None]:
        n_t, n_s, n_y = pmf.shape
        q = [cp.Variable((n_t, n_s), nonneg=True) for _ in range(n_y)]
        total = sum(q[1:], q[0])
        limits = [cp.sum(q[y], axis=1) == pmf[:, :, y].sum(axis=1) for y in range(n_y)]
        limits += [cp.sum(q[y], axis=0) == pmf[:, :, y].sum(axis=0) for y in range(n_y)]
        value = cp.sum([cp.sum(cp.rel_entr(q[y], total)) for y in range(n_y)])
        cp.Problem(cp.Minimize(value), limits).solve(solver=cp.SCS)
        return _atoms(pmf, float(value.value))

    return solve


def cvxpy_clarabel() -> Callable[[np.ndarray], list[float | None]]:
    """The reference backend of pidtools: cvxpy and Clarabel."""
    import pidtools as pt

    def solve(pmf: np.ndarray) -> list[float | None]:
        pid = pt.broja(pmf, solver="cvxpy", tol=1.0)
        return [pid.redundancy, pid.unique_t, pid.unique_s, pid.synergy, pid.gap]

    return solve


def clarabel() -> Callable[[np.ndarray], list[float | None]]:
    """The cone program handed to Clarabel itself, one shared variable for each cell (t, s)."""
    import clarabel as solver
    from scipy.sparse import block_array, coo_array, csc_array, eye_array

    def sums(group: np.ndarray) -> Any:
        return coo_array((np.ones(len(group)), (group, np.arange(len(group)))))

    def solve(pmf: np.ndarray) -> list[float | None]:
        p_ty, p_sy = pmf.sum(axis=1), pmf.sum(axis=0)
        t, s, y = np.nonzero((p_ty[:, None] > 0) & (p_sy[None] > 0))
        n = len(t)
        cells, cell = np.unique(t * pmf.shape[1] + s, return_inverse=True)
        n_cells = len(cells)
        ty, sy = t * pmf.shape[2] + y, s * pmf.shape[2] + y
        keep_t, row = np.unique(ty, return_inverse=True)
        keep_s, col = np.unique(sy, return_inverse=True)
        # variables q, s, r; rows: marginals, cell totals, then (-r, q, s) in the cone
        equal = block_array(
            [[sums(row), None, None], [sums(col), None, None],
             [sums(cell), -eye_array(n_cells), None]]
        )  # fmt: skip
        pick = coo_array((np.ones(n), (np.arange(n), cell)), shape=(n, n_cells))
        zero = coo_array((n, n))
        equal = block_array(
            [[equal, coo_array((equal.shape[0], 2 * n + n_cells - equal.shape[1]))]]
        )
        cone = block_array(
            [[zero, coo_array((n, n_cells)), eye_array(n)], [-eye_array(n), None, None],
             [None, -pick, None]]
        ).tocsr()  # fmt: skip
        order = np.arange(3 * n).reshape(3, n).T.ravel()
        A = csc_array(block_array([[equal], [cone[order]]]))
        b = np.concatenate([p_ty.ravel()[keep_t], p_sy.ravel()[keep_s], np.zeros(n_cells + 3 * n)])
        cost = np.concatenate([np.zeros(n + n_cells), np.ones(n)])
        settings = solver.DefaultSettings()
        settings.verbose = False
        settings.max_threads = 1
        settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-10
        kinds = [solver.ZeroConeT(equal.shape[0])] + [solver.ExponentialConeT()] * n
        size = len(cost)
        found = solver.DefaultSolver(csc_array((size, size)), cost, A, b, kinds, settings).solve()
        return _atoms(pmf, found.obj_val)

    return solve


SOLVERS: dict[str, Callable[[], Callable[[np.ndarray], list[float | None]]]] = {
    "ours": ours,
    "clarabel": clarabel,
    "BROJA_2PID": broja_2pid,
    "cvxpy": cvxpy_clarabel,
    "dit cone": dit_cone,
    "dit auto": dit_auto,
    "paper SCS": paper_scs,
}


def _information(table: np.ndarray) -> float:
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True)
    inside = table > 0
    return float((table[inside] * np.log2(table[inside] / expected[inside])).sum())


def _atoms(pmf: np.ndarray, value: float) -> list[float | None]:
    """Atoms of min sum q log(q / q(t, s)) = value in nats."""
    p_y = pmf.sum(axis=(0, 1))
    p_y = p_y[p_y > 0]
    union = value / np.log(2) - float((p_y * np.log2(p_y)).sum())
    i_t, i_s = _information(pmf.sum(axis=1)), _information(pmf.sum(axis=0))
    joint = _information(pmf.reshape(-1, pmf.shape[2]))
    return [i_t + i_s - union, union - i_s, union - i_t, joint - union, None]


# --- measurements, each in a process of its own ----------------------------------------------


def work_peer(solver: str, case: str) -> dict[str, Any]:
    """Time and atoms of one solver on one case."""
    solve = SOLVERS[solver]()
    solve(dirichlet(3, 3, 3))
    pmf = CASES[case]()
    seconds, atoms = smallest(lambda: solve(pmf), 3)
    return {"seconds": seconds, "atoms": [a if a is None else float(a) for a in atoms]}


def smallest(function: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """Smallest CPU time of a call, and what the last returned.

    Quick calls are timed many at a time, because clocks of CPU time can be coarse; one of more
    than five seconds is not repeated.
    """
    times: list[float] = []
    while len(times) < repeats and not (times and times[0] > 5.0):
        calls, start, seconds = 0, time.process_time(), 0.0
        while calls == 0 or seconds < 0.05:
            answer = function()
            calls += 1
            seconds = time.process_time() - start
        times.append(seconds / calls)
    return min(times), answer


def peak_memory() -> float:
    """Largest resident memory in MB since the process started or `memory_from_now`."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return 1.024e-3 * float(line.split()[1])
    return float("nan")


def memory_from_now() -> float:
    """Forget the peak so far; returns the memory now in use, in MB."""
    Path("/proc/self/clear_refs").write_text("5")
    return peak_memory()


def work_large(case: str) -> dict[str, Any]:
    """Time, gap, memory and operations a second of a large program."""
    from scipy.linalg.blas import dsyrk
    from scipy.linalg.lapack import dpotrf

    from pidtools._broja import driver, linear_algebra, program

    small = program.program_of(np.full((30, 3), 1 / 90), np.full((30, 3), 1 / 90))
    driver.solve(small, tol=1e-9, max_iter=100)
    for kernel in linear_algebra.LOW_RANK:
        assert kernel.address
    pmf = LARGE[case]()
    prog = program.program_of(pmf.sum(axis=1), pmf.sum(axis=0))
    sup = prog.support
    dense, sparse = linear_algebra.schur_cost(sup), linear_algebra.low_rank_cost(sup)
    way = "schur" if dense[1] <= sparse[1] else "low rank"
    taken: list[linear_algebra.Algebra] = []
    choose = driver.choose
    driver.choose = lambda *arguments: taken.append(choose(*arguments)) or taken[-1]
    before = memory_from_now()
    nats = float(np.log(2.0))
    seconds, found = smallest(lambda: driver.solve(prog, tol=0.5e-9 * nats, max_iter=100), 1)
    peak = peak_memory()
    out = {
        "seconds": seconds,
        "gap": (found.upper - found.lower) / nats,
        "iterations": found.iterations,
        "way": way,
        "peak_mb": peak - before,
        "formula_mb": 1e-6 * (dense[0] if way == "schur" else sparse[0]),
    }
    if way == "schur":
        n, m = sup.n_rows, sup.n_cols
        operations = n * float(m) ** 2 + float(m) ** 3 / 3.0
    else:
        # Those of the last factorisation; the conjugate gradients come on top.
        work = taken[-1].factor.fields
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
    import pidtools as pt

    rng = np.random.default_rng(0)
    if case == "200x200x100 sparse":
        pmf = posterior_cells()
        pt.broja(dirichlet(3, 3, 3))
        before = memory_from_now()
        seconds, pid = smallest(lambda: pt.broja(pmf), 2)
        peak = peak_memory()
        return {"seconds": seconds, "gap": pid.gap, "peak_mb": peak - before}
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
    import pidtools as pt

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
    import pidtools as pt

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
    import shutil

    import pidtools

    source, found = Path(pidtools.__file__).parent, {}
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


def measure(limit: float, *work: str) -> dict[str, Any]:
    """Run one piece of work in a process of its own, for at most `limit` CPU seconds."""
    done = subprocess.run(
        [sys.executable, __file__, "--work", *work],
        capture_output=True,
        text=True,
        env={**os.environ, **ONE_THREAD},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (int(limit), int(limit) + 5)),
    )
    if done.returncode == -signal.SIGXCPU:
        return {"limit": limit}
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or ["no message"])[-1][:200]}
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def installed(solver: str) -> bool:
    """Whether a solver can be had here."""
    if solver == "BROJA_2PID" and "BROJA_2PID" not in os.environ:
        return False
    try:
        SOLVERS[solver]()
    except ImportError:
        return False
    return True


# --- tables ------------------------------------------------------------------------------


def error_of(row: dict[str, Any], truth: dict[str, Any]) -> float | None:
    """Largest difference of an atom from ours."""
    if "atoms" not in row or "atoms" not in truth:
        return None
    return max(abs(a - b) for a, b in zip(row["atoms"][:4], truth["atoms"][:4], strict=True))


def cell(row: dict[str, Any], truth: dict[str, Any]) -> str:
    """One cell of the table."""
    if "limit" in row:
        return f">{row['limit']:g} (>{row['limit'] / truth['seconds']:.3g}x)"
    if "seconds" not in row:
        return str(row.get("failed", "not run"))
    ratio = row["seconds"] / truth["seconds"]
    return f"{row['seconds']:.3g} ({ratio:.3g}x, {error_of(row, truth):.0e})"


def peer_table(results: dict[str, dict[str, dict[str, Any]]], solvers: list[str]) -> list[str]:
    """Cases by solvers."""
    peers = [name for name in solvers if name != "ours"]
    lines = ["| t x s x y | ours: CPU s | gap | " + " | ".join(peers) + " |"]
    lines.append("|---" * (3 + len(peers)) + "|")
    for case, row in results.items():
        us = row["ours"]
        own = [f"{us['seconds']:.3g}", f"{us['atoms'][4]:.0e}"]
        others = (cell(row.get(p, {}), us) for p in peers)
        lines.append(" | ".join([f"| {case}", *own, *others]) + " |")
    return [*lines, ""]


def plain_table(part: str, rows: dict[str, dict[str, Any]]) -> list[str]:
    """Numbers of a part by row."""
    if part == "growth":
        flat = {f"{n}: {c} cells": {"seconds": t} for n, g in rows["dense"].items()
                for c, t in g["rows"]}  # fmt: skip
        for name, found in rows["dense"].items():
            flat[f"{name}: exponent"] = {"seconds": found["exponent"]}
            flat[f"{name}: exponent of the largest five"] = {
                "seconds": found["exponent_of_largest_five"]
            }
        rows = flat
    columns = list(dict.fromkeys(key for row in rows.values() for key in row))
    lines = [f"| {part} | " + " | ".join(columns) + " |", "|---" * (1 + len(columns)) + "|"]
    for name, row in rows.items():
        values = (row.get(key, "") for key in columns)
        shown = (f"{v:.3g}" if isinstance(v, float) else str(v) for v in values)
        lines.append(f"| {name} | " + " | ".join(shown) + " |")
    return [*lines, ""]


def write(document: dict[str, Any], name: str, solvers: list[str]) -> None:
    """Write what there is so far."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n")
    lines = [", ".join(f"{key} {value}" for key, value in document["versions"].items()), ""]
    for part, rows in document["parts"].items():
        lines += peer_table(rows, solvers) if part == "peers" else plain_table(part, rows)
    (RESULTS / f"{name}.md").write_text("\n".join(lines))


def versions() -> dict[str, str]:
    """Versions of all that was timed."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in ("numpy", "scipy", "numba", "cvxpy", "clarabel", "scs", "ecos", "dit"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


def main() -> None:
    """Read the command line, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--parts", nargs="+", default=[*PARTS, "peers"])
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=list(CASES))
    parser.add_argument("--solvers", nargs="+", default=list(SOLVERS), choices=list(SOLVERS))
    parser.add_argument("--name", default="speed_broja", help="stem of the files written")
    args = parser.parse_args()
    if args.work:
        part, row, solver = args.work
        found = work_peer(solver, row) if part == "peers" else PARTS[part][0](row)
        print(json.dumps(found))
        return
    document: dict[str, Any] = {"versions": versions(), "parts": {}}
    earlier = RESULTS / f"{args.name}.json"
    if earlier.exists() and set(args.parts) != {*PARTS, "peers"}:
        document["parts"] = json.loads(earlier.read_text()).get("parts", {})
    solvers = [name for name in args.solvers if installed(name)]
    for name in sorted(set(args.solvers) - set(solvers)):
        print(f"{name} is not installed: skipped.")
    for part in args.parts:
        rows: dict[str, Any] = {}
        document["parts"][part] = rows
        if part == "peers":
            compare(rows, args.cases, solvers, lambda: write(document, args.name, solvers))
            continue
        for row in PARTS[part][1]:
            rows[row] = measure(600.0, part, row, "ours")
            print(part, row, rows[row], flush=True)
            write(document, args.name, solvers)


def compare(
    rows: dict[str, Any], cases: list[str], solvers: list[str], save: Callable[[], None]
) -> None:
    """Solver by solver, so that the strongest come first; each stops where it gets too slow."""
    for name in solvers:
        for case in cases:
            limit = LONGER.get((name, case), LIMITS.get(name, OTHER_LIMIT))
            found = measure(limit, "peers", case, name)
            rows.setdefault(case, {})[name] = found
            print(case, name, found, flush=True)
            save()
            if "seconds" not in found and LONGER.get((name, case)) is None:
                ahead = cases[cases.index(case) + 1 :]
                if not any((name, later) in LONGER for later in ahead):
                    break


if __name__ == "__main__":
    main()
