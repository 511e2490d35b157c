"""The proof that comes with every answer: feasible points from above and from below."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from helpers import EXACT, Shape, information, pair_tables, random_pmf, random_pmfs
from scipy.special import logsumexp

from benchmarks.tools.generated import generated_problems
from pidtools._broja import driver, program
from pidtools._broja.certificate import certify
from pidtools._broja.program import program_of
from pidtools._information import entropy
from pidtools._result import NATS_PER_BIT
from pidtools._types import Floats

TABLES = list(random_pmfs(60, (2, 7), (2, 5), seed=4))
SCALES = (0.0, 0.1, 1.0, 30.0)


def tables(kind: str, shape: Shape, seed: int) -> tuple[Floats, Floats, Entries]:
    """Pair tables without empty symbols, as the reductions leave them, and their support."""
    p_ty, p_sy = pair_tables(random_pmf(kind, shape, seed))
    return p_ty, p_sy, Entries(p_ty, p_sy)


class Entries:
    """The entries of a program, and its certificate on tables."""

    def __init__(self, p_ty: Floats, p_sy: Floats) -> None:
        self.program = program_of(p_ty, p_sy)
        n_entries = len(self.program.support.row)
        self.t, self.s, self.y = self.program.coupling(np.ones(n_entries)).coords

    def certify(self, a: Floats, b: Floats, q: Floats) -> tuple[float, float]:
        program = self.program
        row, col = program.variables(a, b)
        return certify(program.support, program.p_row, program.p_col, row, col, q)


def lower_bound(p_ty: Floats, p_sy: Floats, a: Floats, b: Floats, support: Entries) -> float:
    return support.certify(a, b, np.zeros(len(support.t)))[0]


def round_to_marginals(q: Floats, p_ty: Floats, p_sy: Floats, support: Entries) -> Floats:
    rounded = q.copy()
    support.certify(np.zeros_like(p_ty), np.zeros_like(p_sy), rounded)
    return rounded


def union_information(q: Floats, p_ty: Floats, p_sy: Floats, support: Entries) -> float:
    """Of a feasible q, which rounding leaves alone, in nats."""
    value = support.certify(np.zeros_like(p_ty), np.zeros_like(p_sy), q.copy())[1]
    return value + entropy(p_ty.sum(axis=0)) * NATS_PER_BIT


def random_entries(support: Entries, rng: np.random.Generator) -> Floats:
    """Values that are far from any marginal; a third of them zero."""
    values = rng.gamma(0.3, size=len(support.t)) * 10.0 ** rng.uniform(-6, 1)
    return np.where(rng.random(len(values)) < 1 / 3, 0.0, values)


def dense(q: Floats, support: Entries, shape: tuple[int, ...]) -> Floats:
    cube = np.zeros(shape)
    cube[support.t, support.s, support.y] = q
    return cube


@pytest.mark.parametrize("scale", SCALES)
def test_no_dual_exceeds_a_primal(scale: float) -> None:
    """Weak duality, for points that know nothing of each other and are not feasible at first."""
    rng = np.random.default_rng(5)
    for kind, shape, seed in TABLES:
        p_ty, p_sy, support = tables(kind, shape, seed)
        a, b = (scale * rng.standard_normal(p.shape) for p in (p_ty, p_sy))
        p_y = p_ty.sum(axis=0)
        lower = lower_bound(p_ty, p_sy, a, b, support) + entropy(p_y) * NATS_PER_BIT
        q = round_to_marginals(random_entries(support, rng), p_ty, p_sy, support)
        upper = union_information(q, p_ty, p_sy, support)
        assert lower <= upper + EXACT, (kind, shape, seed)


def test_any_point_is_rounded_to_the_exact_marginals() -> None:
    rng = np.random.default_rng(6)
    for kind, shape, seed in TABLES:
        p_ty, p_sy, support = tables(kind, shape, seed)
        q = round_to_marginals(random_entries(support, rng), p_ty, p_sy, support)
        cube = dense(q, support, (*p_ty.shape[:1], *p_sy.shape))
        assert q.min() >= 0
        assert abs(cube.sum(axis=1) - p_ty).max() <= EXACT
        assert abs(cube.sum(axis=0) - p_sy).max() <= EXACT


def test_a_feasible_point_is_left_alone() -> None:
    p_ty, p_sy, support = tables("dense", (4, 5, 3), 0)
    p_y = p_ty.sum(axis=0)
    q = p_ty[support.t, support.y] * p_sy[support.s, support.y] / p_y[support.y]
    assert round_to_marginals(q, p_ty, p_sy, support) == pytest.approx(q, abs=EXACT)


def test_information_of_entries_is_that_of_the_cube() -> None:
    rng = np.random.default_rng(7)
    for kind, shape, seed in TABLES[:20]:
        p_ty, p_sy, support = tables(kind, shape, seed)
        q = round_to_marginals(random_entries(support, rng), p_ty, p_sy, support)
        cube = dense(q, support, (*p_ty.shape[:1], *p_sy.shape))
        found = union_information(q, p_ty, p_sy, support) / NATS_PER_BIT
        assert found == pytest.approx(information(cube.reshape(-1, cube.shape[2])), abs=EXACT)


def test_the_bound_is_the_dual_value_of_a_feasible_point() -> None:
    """Feasible with equality everywhere, a = log p(y|t) and b = 0 say I >= I(Y; T), exactly."""
    p_ty, p_sy, support = tables("dense", (4, 3, 3), 1)
    a = np.log(p_ty / p_ty.sum(axis=1, keepdims=True))
    lower = lower_bound(p_ty, p_sy, a, np.zeros_like(p_sy), support)
    h_y = entropy(p_ty.sum(axis=0))
    assert lower / NATS_PER_BIT + h_y == pytest.approx(information(p_ty), abs=EXACT)


def test_a_shift_along_the_null_space_changes_nothing() -> None:
    rng = np.random.default_rng(8)
    p_ty, p_sy, support = tables("sparse", (5, 4, 3), 2)
    a, b = rng.standard_normal(p_ty.shape), rng.standard_normal(p_sy.shape)
    shift = rng.standard_normal(p_ty.shape[1])
    before = lower_bound(p_ty, p_sy, a, b, support)
    after = lower_bound(p_ty, p_sy, a + shift, b - shift, support)
    assert after == pytest.approx(before, abs=EXACT)


def test_duals_of_empty_cells_are_not_looked_at() -> None:
    rng = np.random.default_rng(9)
    p_ty, p_sy, support = tables("sparse", (5, 4, 3), 2)
    a, b = rng.standard_normal(p_ty.shape), rng.standard_normal(p_sy.shape)
    before = lower_bound(p_ty, p_sy, a, b, support)
    a, b = np.where(p_ty > 0, a, 1e6), np.where(p_sy > 0, b, -1e6)
    assert lower_bound(p_ty, p_sy, a, b, support) == before


def test_swapping_the_sources_does_not_move_the_bound() -> None:
    """Which side absorbs a violation matters, so both are tried."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        pmf = random_pmf("dense", (5, 3, 3), int(rng.integers(1000)))
        p_ty, p_sy = pmf.sum(axis=1), pmf.sum(axis=0)
        a, b = rng.standard_normal(p_ty.shape), rng.standard_normal(p_sy.shape)
        one = lower_bound(p_ty, p_sy, a, b, Entries(p_ty, p_sy))
        other = lower_bound(p_sy, p_ty, b, a, Entries(p_sy, p_ty))
        assert one == pytest.approx(other, abs=EXACT)


def primal_value_slowly(q: Floats) -> float:
    mass = q.sum(axis=2, keepdims=True)
    ratio = np.divide(q, mass, out=np.ones_like(q), where=q > 0)
    return float((q * np.log(ratio)).sum())


def dual_value_slowly(p_ty: Floats, p_sy: Floats, a: Floats, b: Floats) -> float:
    """The lower bound by loops over the dense cube."""
    n_t, n_s = len(p_ty), len(p_sy)
    lse = np.full((n_t, n_s), -np.inf)
    for t, s in itertools.product(range(n_t), range(n_s)):
        both = (p_ty[t] > 0) & (p_sy[s] > 0)
        if both.any():
            lse[t, s] = logsumexp(a[t, both] + b[s, both])
    values = []
    for first in (0, 1):
        shift = lse.max(axis=1 - first, keepdims=True)
        rest = (lse - shift).max(axis=first, keepdims=True)
        by_t, by_s = (shift, rest) if first == 0 else (rest, shift)
        loss = p_ty.sum(axis=1) @ by_t.ravel() + p_sy.sum(axis=1) @ by_s.ravel()
        values.append((p_ty * a).sum() + (p_sy * b).sum() - loss)
    return float(max(values))


@pytest.mark.slow
def test_random_duals_never_exceed_random_couplings() -> None:
    n_programs, n_pairs, worst = 200, 50, np.inf
    for seed, (_, pmf) in enumerate(generated_problems(n_programs)):
        prog = program.program_of(*pair_tables(pmf))
        rng = np.random.default_rng(seed)
        scale = 10.0 ** rng.uniform(-2, 1)
        lower, upper = -np.inf, np.inf
        for _ in range(n_pairs):
            a = np.log(prog.p_row) + scale * rng.normal(size=len(prog.p_row))
            b = scale * rng.normal(size=len(prog.p_col))
            q = rng.exponential(size=len(prog.support.row)) ** 3
            bounds = certify(prog.support, prog.p_row, prog.p_col, a, b, q)
            lower, upper = max(lower, bounds[0]), min(upper, bounds[1])
        worst = min(worst, upper - lower)
    assert worst >= -EXACT


def test_bounds_are_those_of_the_dense_formulas() -> None:
    for seed, (_, pmf) in enumerate(generated_problems(60)):
        p_ty, p_sy = pair_tables(pmf)
        prog = program.program_of(p_ty, p_sy)
        rng = np.random.default_rng(seed)
        a, b = rng.normal(size=p_ty.shape), rng.normal(size=p_sy.shape)
        q = rng.exponential(size=len(prog.support.row))
        lower, upper = certify(prog.support, prog.p_row, prog.p_col, *prog.variables(a, b), q)
        dense = prog.coupling(q).toarray()
        assert np.allclose(dense.sum(axis=1), p_ty, rtol=0, atol=1e-14)
        assert np.allclose(dense.sum(axis=0), p_sy, rtol=0, atol=1e-14)
        assert upper == pytest.approx(primal_value_slowly(dense), abs=1e-13)
        assert lower == pytest.approx(dual_value_slowly(p_ty, p_sy, a, b), abs=1e-12)


def test_one_violated_cell_lowers_the_bound() -> None:
    p_ty, p_sy = pair_tables(random_pmf("dense", (4, 5, 3), 0))
    prog = program.program_of(p_ty, p_sy)
    solution = driver.solve(prog, tol=1e-10, max_iter=100)
    a, b = prog.tables(solution.a, solution.b)
    for t in range(4):
        worse = a.copy()
        worse[t] += 0.1
        row, col = prog.variables(worse, b)
        lower = certify(prog.support, prog.p_row, prog.p_col, row, col, solution.q.copy())[0]
        assert lower <= solution.upper + EXACT
