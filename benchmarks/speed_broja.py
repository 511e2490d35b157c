"""Time `broja` and other solvers of the same program, and compare their answers.

    python benchmarks/speed_broja.py [--cases 10x10x10 ...] [--solvers ours ...] [--limit 120]

Every solver runs every case in a process of its own, one thread, all in one run of this script;
a solver that is not done within the limit shows as ``>limit``, one that is not installed is left
out with a line. Times are CPU seconds of one solve after a first small one (so that imports
and compilation are done), the smallest of a few repeats. Errors are largest differences of an
atom, in bits, from our own answer, whose certified gap is in the table.

BROJA_2PID is not on PyPI in a form that installs everywhere: point the environment variable
BROJA_2PID at a directory that holds BROJA_2PID.py, and install ecos.

Takes about 25 minutes with all peers and the default limit, two without them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
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
    "5x5x5": lambda: dirichlet(5, 5, 5),
    "10x10x10": lambda: dirichlet(10, 10, 10),
    "10x10x10 hist": lambda: histogram(10, 10, 10),
    "20x20x10": lambda: dirichlet(20, 20, 10),
    "20x20x10 hist": lambda: histogram(20, 20, 10),
    "50x50x10": lambda: dirichlet(50, 50, 10),
    "50x50x10 hist": lambda: histogram(50, 50, 10),
    "10x10x100": lambda: dirichlet(10, 10, 100),
    "10x10x100 hist": lambda: histogram(10, 10, 100),
    "100x100x10": lambda: dirichlet(100, 100, 10),
    "100x100x10 hist": lambda: histogram(100, 100, 10),
    "50x50x100": lambda: dirichlet(50, 50, 100),
    "200x200x10": lambda: dirichlet(200, 200, 10),
}


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
    "BROJA_2PID": broja_2pid,
    "dit auto": dit_auto,
    "dit cone": dit_cone,
    "paper SCS": paper_scs,
    "cvxpy": cvxpy_clarabel,
    "clarabel": clarabel,
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


# --- one measurement, in a process of its own ------------------------------------------------


def work(solver: str, case: str) -> None:
    """Print the time and the atoms of one solver on one case."""
    solve = SOLVERS[solver]()
    solve(dirichlet(3, 3, 3))
    pmf = CASES[case]()
    times: list[float] = []
    while len(times) < 3 or (sum(times) < 0.5 and len(times) < 200):
        start = time.process_time()
        atoms = solve(pmf)
        times.append(time.process_time() - start)
        if times[0] > 5.0:
            break
    print(
        json.dumps({"seconds": min(times), "atoms": [a if a is None else float(a) for a in atoms]})
    )


def measure(solver: str, case: str, limit: float) -> dict[str, Any]:
    """Run `work` in a process of its own, for at most `limit` seconds."""
    command = [sys.executable, __file__, "--work", solver, case]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=limit, env={**os.environ, **ONE_THREAD}
        )
    except subprocess.TimeoutExpired:
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
        return f">{row['limit']:g}"
    if "failed" in row:
        return "failed"
    ratio = row["seconds"] / truth["seconds"] if "seconds" in truth else float("nan")
    return f"{row['seconds']:.3g} ({ratio:.3g}x, {error_of(row, truth):.0e})"


def table(results: dict[str, dict[str, dict[str, Any]]], solvers: list[str]) -> str:
    """All results as a Markdown table."""
    peers = [name for name in solvers if name != "ours"]
    lines = ["| t x s x y | ours: CPU s | gap | " + " | ".join(peers) + " |"]
    lines.append("|---" * (3 + len(peers)) + "|")
    for case, row in results.items():
        us = row.get("ours", {})
        own = [f"{us['seconds']:.3g}", f"{us['atoms'][4]:.0e}"] if "seconds" in us else ["-", "-"]
        lines.append(" | ".join([f"| {case}", *own, *(cell(row[p], us) for p in peers)]) + " |")
    return "\n".join(lines) + "\n"


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
    parser.add_argument("--work", nargs=2, metavar=("SOLVER", "CASE"), help=argparse.SUPPRESS)
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=list(CASES))
    parser.add_argument("--solvers", nargs="+", default=list(SOLVERS), choices=list(SOLVERS))
    parser.add_argument("--limit", type=float, default=120.0, help="seconds a solver and case")
    parser.add_argument("--name", default="speed_broja", help="stem of the files written")
    args = parser.parse_args()
    if args.work:
        work(*args.work)
        return
    solvers = []
    for name in args.solvers:
        if installed(name):
            solvers.append(name)
        else:
            print(f"{name} is not installed: skipped.")
    results: dict[str, dict[str, dict[str, Any]]] = {}
    RESULTS.mkdir(exist_ok=True)
    for case in args.cases:
        results[case] = {}
        for name in solvers:
            results[case][name] = measure(name, case, args.limit)
            print(case, name, results[case][name], flush=True)
        document = {"versions": versions(), "cases": results}
        (RESULTS / f"{args.name}.json").write_text(json.dumps(document, indent=1) + "\n")
        (RESULTS / f"{args.name}.md").write_text(table(results, solvers))
    print(table(results, solvers))


if __name__ == "__main__":
    main()
