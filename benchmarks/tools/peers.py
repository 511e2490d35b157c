"""Other libraries that benchmarks compare with, each found where it is installed or left out."""

from __future__ import annotations

import importlib
import importlib.util
import math
import os
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import pidtools as pt
from benchmarks.tools.store import FOLDERS

Array = np.ndarray[Any, Any]
Atoms = list[float | None]
"""Red, Uni T, Uni S, Syn in bits, and a proved gap where there is one."""
Solver = Callable[[Array], Atoms]
Estimate = Callable[[], float]
ABSENT = "absent"
"""What stands in a table in place of a figure of a library that is not there."""


class Peer(NamedTuple):
    """Another library, its module and how to have it."""

    name: str
    module: str
    how: str


BENCH = "pip install '.[bench]'"
PEERS = (
    Peer("dit", "dit", BENCH),
    Peer("ecos", "ecos", f"{BENCH}, on Python up to 3.12"),
    Peer("ennemi", "ennemi", BENCH),
    Peer("infomeasure", "infomeasure", BENCH),
    Peer("syntropyx", "syntropy", BENCH),
    Peer("clarabel", "clarabel", "comes with cvxpy"),
    Peer("scs", "scs", "comes with cvxpy"),
    Peer("cvxpy", "cvxpy", "comes with pidtools"),
    Peer("BROJA_2PID", "BROJA_2PID", "set BROJA_2PID to a folder that holds BROJA_2PID.py"),
    Peer("gpid", "gpid", "set PIDTOOLS_GPID to the src folder of praveenv253/gpid"),
    Peer("NPEET", "npeet", "set PIDTOOLS_NPEET to a clone of gregversteeg/NPEET"),
)


def is_here(name: str) -> bool:
    """Whether a library of `PEERS` can be had; it is not loaded."""
    module = next(peer.module for peer in PEERS if peer.name == name)
    _look_in(FOLDERS.get(module, ""))
    return importlib.util.find_spec(module) is not None


def lines() -> list[str]:
    """A line each: the other libraries that are here, and those that are not."""
    here = [peer.name for peer in PEERS if is_here(peer.name)]
    missing = [f"  {peer.name}: {peer.how}" for peer in PEERS if peer.name not in here]
    return [f"Beside: {', '.join(here) or 'nobody'}", *(["Absent:", *missing] if missing else [])]


def optional(name: str, folder: str | None = None) -> Any:
    """Return a module, or None; the folder is a variable of the environment that says where."""
    if folder:
        _look_in(folder)
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _look_in(variable: str) -> None:
    """Search the folder that a variable of the environment names, if it names one."""
    folder = os.environ.get(variable)
    if folder and folder not in sys.path:
        sys.path.insert(0, folder)


def found(solver: str) -> bool:
    """Whether a solver of `SOLVERS` can be had here."""
    try:
        SOLVERS[solver]()
    except ImportError:
        return False
    return True


# --- decompositions of tables: each loads what it needs and returns a function of pmf[t, s, y] ----


def ours() -> Solver:
    """`pidtools.broja`."""
    return lambda pmf: _with_gap(pt.broja(pmf))


def cvxpy_clarabel() -> Solver:
    """The reference backend of pidtools: cvxpy and Clarabel."""
    return lambda pmf: _with_gap(pt.broja(pmf, solver="cvxpy", tol=1.0))


def _with_gap(pid: pt.PID) -> Atoms:
    return [pid.redundancy, pid.unique_t, pid.unique_s, pid.synergy, pid.gap]


def broja_2pid() -> Solver:
    """BROJA_2PID by Makkeh, Theis and Vicente, with ECOS."""
    module = optional("BROJA_2PID", folder="BROJA_2PID")
    if module is None:
        raise ImportError("BROJA_2PID")

    def solve(pmf: Array) -> Atoms:
        table = {
            (int(y), int(t), int(s)): float(pmf[t, s, y])
            for t, s, y in zip(*pmf.nonzero(), strict=True)
        }
        atoms = module.pid(table, cone_solver="ECOS", output=0)
        return [atoms["SI"], atoms["UIY"], atoms["UIZ"], atoms["CI"], None]

    return solve


def dit_auto() -> Solver:
    """Let dit choose."""
    return _dit("auto")


def dit_cone() -> Solver:
    """Dit's cone program, with ECOS."""
    return _dit("cone")


def _dit(method: str) -> Solver:
    import dit
    from dit.pid.measures.ibroja import PID_BROJA

    def solve(pmf: Array) -> Atoms:
        cells = list(zip(*pmf.nonzero(), strict=True))
        outcomes = [tuple(int(k) for k in cell) for cell in cells]
        joint = dit.Distribution(outcomes, [float(pmf[cell]) for cell in cells])
        atoms = PID_BROJA(joint, [[0], [1]], [2], method=method)
        return [
            atoms[((0,), (1,))], atoms[((0,),)], atoms[((1,),)], atoms[((0, 1),)], None
        ]  # fmt: skip

    return solve


def paper_scs() -> Solver:
    """The model as the distillation paper describes it, solved by SCS.

    max H_q(Y | T, S), written with one relative entropy a class against the sum over classes.
    """
    import cvxpy as cp

    def solve(pmf: Array) -> Atoms:
        n_t, n_s, n_y = pmf.shape
        q = [cp.Variable((n_t, n_s), nonneg=True) for _ in range(n_y)]
        total = sum(q[1:], q[0])
        limits = [cp.sum(q[y], axis=1) == pmf[:, :, y].sum(axis=1) for y in range(n_y)]
        limits += [cp.sum(q[y], axis=0) == pmf[:, :, y].sum(axis=0) for y in range(n_y)]
        value = cp.sum([cp.sum(cp.rel_entr(q[y], total)) for y in range(n_y)])
        cp.Problem(cp.Minimize(value), limits).solve(solver=cp.SCS)
        return _atoms(pmf, float(value.value))

    return solve


def clarabel() -> Solver:
    """The cone program handed to Clarabel itself, one shared variable for each cell (t, s)."""
    import clarabel as solver
    from scipy.sparse import block_array, coo_array, csc_array, eye_array

    def sums(group: Array) -> Any:
        return coo_array((np.ones(len(group)), (group, np.arange(len(group)))))

    def solve(pmf: Array) -> Atoms:
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
        cones: Any = (
            [[zero, coo_array((n, n_cells)), eye_array(n)], [-eye_array(n), None, None],
             [None, -pick, None]]
        )  # fmt: skip
        cone = block_array(cones).tocsr()
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


SOLVERS: dict[str, Callable[[], Solver]] = {
    "ours": ours,
    "clarabel": clarabel,
    "BROJA_2PID": broja_2pid,
    "cvxpy": cvxpy_clarabel,
    "dit cone": dit_cone,
    "dit auto": dit_auto,
    "paper SCS": paper_scs,
}


def _atoms(pmf: Array, value: float) -> Atoms:
    """Atoms of min sum q log(q / q(t, s)) = value in nats."""
    p_y = pmf.sum(axis=(0, 1))
    p_y = p_y[p_y > 0]
    union = value / np.log(2) - float((p_y * np.log2(p_y)).sum())
    i_t, i_s = _information(pmf.sum(axis=1)), _information(pmf.sum(axis=0))
    joint = _information(pmf.reshape(-1, pmf.shape[2]))
    return [i_t + i_s - union, union - i_s, union - i_t, joint - union, None]


def _information(table: Array) -> float:
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True)
    inside = table > 0
    return float((table[inside] * np.log2(table[inside] / expected[inside])).sum())


# --- decompositions of covariances ------------------------------------------------------------


def gpid() -> Any:
    """The module of gpid from the folder in PIDTOOLS_GPID (its ``src``), or a line why not."""
    module = optional("gpid.tilde_pid", folder="PIDTOOLS_GPID")
    if module is None:
        print("gpid is skipped: set PIDTOOLS_GPID to the src folder of praveenv253/gpid.")
    return module


def gpid_atoms(module: Any, cov: Array, **options: Any) -> list[float]:
    """Atoms in bits by gpid, for d units each of T, S, Y; it wants Y first."""
    d = len(cov) // 3
    order = np.r_[2 * d : 3 * d, 0 : 2 * d]
    found = module.exact_gauss_tilde_pid(cov[np.ix_(order, order)], d, d, d, **options)
    unique_t, unique_s, redundancy, synergy = (float(x) for x in found[-4:])
    return [redundancy, unique_t, unique_s, synergy]


# --- informations in nats by three neighbours, of columns or of columns and labels ---------------


def npeet(x: Array, y: Array) -> Estimate | None:
    """NPEET's ksg, or its difference of two entropies for labels."""
    module = optional("npeet.entropy_estimators", folder="PIDTOOLS_NPEET")
    if module is None:
        return None
    if y.ndim == 1:
        return lambda: float(module.micd(x, y[:, None], base=math.e))
    return lambda: float(module.mi(x, y, base=math.e))


def infomeasure(x: Array, y: Array) -> Estimate | None:
    """Infomeasure's ksg, which takes labels for numbers."""
    module = optional("infomeasure")
    options = {"approach": "ksg", "k": 3, "base": "e"}
    return module and (lambda: float(module.mutual_information(x, y, **options)))


def syntropy(x: Array, y: Array) -> Estimate | None:
    """Mutual information of syntropyx."""
    module = optional("syntropy.knn")
    d, both = x.shape[1], np.hstack([x, y]).T
    parts = tuple(range(d)), tuple(range(d, len(both)))
    return module and (lambda: float(module.mutual_information(*parts, 3, both)[1]))


def ennemi(x: Array, y: Array) -> Estimate | None:
    """Mutual information of ennemi, of one column each."""
    module = optional("ennemi")
    return module and (lambda: float(module.estimate_mi(y[:, 0], x[:, 0]).item()))


def scikit_learn(x: Array, y: Array) -> Estimate:
    """Mutual information of scikit-learn, of one column each."""
    from sklearn.feature_selection import mutual_info_regression

    return lambda: float(mutual_info_regression(x, y[:, 0], random_state=0)[0])


def ross_with_trees(x: Array, y: Array, k: int = 3) -> float:
    """Ross (2014) in the obvious way with the trees of scikit-learn."""
    from scipy.special import digamma
    from sklearn.neighbors import KDTree, NearestNeighbors

    radius, sizes = np.empty(len(x)), np.bincount(y)
    for c in range(len(sizes)):
        near = NearestNeighbors(metric="chebyshev", n_neighbors=k).fit(x[y == c])
        radius[y == c] = np.nextafter(near.kneighbors()[0][:, -1], 0)
    tree = KDTree(x, metric="chebyshev")
    inside = tree.query_radius(x, radius, count_only=True)
    terms = digamma(len(x)) + digamma(k) - digamma(sizes[y]) - digamma(inside)
    return float(terms.mean())
