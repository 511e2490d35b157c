"""What several test files use: the tolerances, random tables, and a slow twin of the solver."""

from __future__ import annotations

import itertools
import warnings

import clarabel
import numpy as np
from scipy.sparse import csc_array

import pidtools as pt
from pidtools import problems

# The tolerances of the suite, in bits where they bound informations.
#
# EXACT: identities of algebra. The tables here have at most some thousand cells, and sums of
# as many products of numbers below 10 round by less than 1e-13.
EXACT = 1e-12
# CERTIFIED: largest certified gap of an answer that reached its optimum; the library's tol is
# 1e-9, the bar for any random table 1e-6.
CERTIFIED = 1e-6
# REFERENCE: closed form against the conic solver of the library. Its certified gap says how
# far off that solver is; this is the promise on top.
REFERENCE = 1e-7
# INDEPENDENT: against conic programs written apart from the library, which carry no
# certificate; their own stopping tolerances leave errors of some 1e-8.
INDEPENDENT = 1e-6
# SINGLE: float32 input against the same numbers in float64; eps is 1.2e-7 and a table adds
# up tens of cells.
SINGLE = 1e-5

ATOMS = ("redundancy", "unique_t", "unique_s", "synergy")
DRAWS = {
    "dense": problems.dirichlet,
    "sparse": problems.sparse_dirichlet,
    "histogram": lambda shape, random_state: problems.histogram(
        shape, 3 * int(np.prod(shape)) // 2 + 4, random_state=random_state
    ),
}


def random_pmf(kind, shape, seed):
    """Table of one of the random families of the library."""
    return DRAWS[kind](shape, random_state=seed)


def random_pmfs(n, sides, classes, *, seed=0):
    """`n` (kind, shape, seed), the families in turn, sizes drawn from the two ranges."""
    rng = np.random.default_rng(seed)
    kinds = itertools.cycle(DRAWS)
    for k in range(n):
        n_t, n_s = (int(x) for x in rng.integers(sides[0], sides[1] + 1, size=2))
        yield next(kinds), (n_t, n_s, int(rng.integers(classes[0], classes[1] + 1))), k


def atoms(pid):
    """The four atoms as an array; the synergy only where it is known."""
    values = [getattr(pid, name) for name in ATOMS]
    return np.array([value for value in values if value is not None])


def slack(*pids):
    """What two answers may differ by: their proved gaps, and the rounding of the sums."""
    return sum(pid.gap for pid in pids) + EXACT


def broja_quietly(pmf, **options):
    """`broja` for callers that look at the gap themselves."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pt.PIDWarning)
        return pt.broja(pmf, **options)


def information(p_xy):
    """I(X; Y) in bits by the definition: the sum of p log p / (p p)."""
    p_x, p_y = p_xy.sum(axis=1), p_xy.sum(axis=0)
    return sum(
        float(p_xy[x, y] * np.log2(p_xy[x, y] / (p_x[x] * p_y[y])))
        for x, y in zip(*np.nonzero(p_xy), strict=True)
    )


def atoms_from_union(pmf, union):
    """The four atoms in bits, given the union information."""
    i_t, i_s = information(pmf.sum(axis=1)), information(pmf.sum(axis=0))
    joint = information(pmf.reshape(-1, pmf.shape[2]))
    return np.array([i_t + i_s - union, union - i_s, union - i_t, joint - union])


def union_information_twin(pmf):
    """Least I_q(Y; T, S) in bits: the exponential-cone program, handed to Clarabel directly.

    Written entry by entry for small tables. Variables are q and u of each allowed entry;
    minimise sum u where (-u, q, sum of q over the classes of the cell) lies in the cone
    y exp(x / y) <= z, which says q log(q / q(t, s)) <= u.
    """
    p_ty, p_sy = pmf.sum(axis=1), pmf.sum(axis=0)
    entries = [e for e in np.ndindex(*pmf.shape) if p_ty[e[0], e[2]] > 0 and p_sy[e[1], e[2]] > 0]
    n = len(entries)
    marginals = [("t", t, y) for t, y in zip(*np.nonzero(p_ty), strict=True)]
    marginals += [("s", s, y) for s, y in zip(*np.nonzero(p_sy), strict=True)]
    A, b = np.zeros((len(marginals) + 3 * n, 2 * n)), np.zeros(len(marginals) + 3 * n)
    for row, (axis, x, y) in enumerate(marginals):
        A[row, :n] = [e[2] == y and e["ts".index(axis)] == x for e in entries]
        b[row] = (p_ty if axis == "t" else p_sy)[x, y]
    for k, e in enumerate(entries):
        row = len(marginals) + 3 * k
        A[row, n + k] = 1.0
        A[row + 1, k] = -1.0
        A[row + 2, :n] = [-1.0 if f[:2] == e[:2] else 0.0 for f in entries]
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-10
    cones = [clarabel.ZeroConeT(len(marginals))] + [clarabel.ExponentialConeT()] * n
    cost = np.repeat([0.0, 1.0], n)
    P, A = csc_array((2 * n, 2 * n)), csc_array(A)
    solution = clarabel.DefaultSolver(P, cost, A, b, cones, settings).solve()
    p_y = pmf.sum(axis=(0, 1))
    p_y = p_y[p_y > 0]
    return (solution.obj_val - p_y @ np.log(p_y)) / np.log(2)
