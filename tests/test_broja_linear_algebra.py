"""Two factorisations, loops and BLAS: the same optimum."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from helpers import EXACT, pair_tables, random_pmf

import pidtools as pt
from pidtools import problems
from pidtools._broja import driver, linear_algebra, program
from pidtools._broja.kernels.headers import FLOOR, MU_FLOOR, TOL, Support
from pidtools._broja.roster import LOW_RANK, SCHUR
from pidtools._broja.state import new_problem
from pidtools._types import Bools


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(6, 5, 4), (5, 6, 12), (12, 9, 3)])
def test_both_factorisations_reach_the_same_optimum(shape: tuple[int, int, int]) -> None:
    for seed, concentration in ((0, 1.0), (1, 0.1)):
        prog = program.program_of(
            *pair_tables(problems.dirichlet(shape, concentration=concentration, random_state=seed))
        )
        sup = prog.support
        bounds = []
        for algebra in (linear_algebra.schur(sup), linear_algebra.low_rank(sup, sup.n_cells)):
            problem = new_problem(sup, prog.p_row, prog.p_col)
            run = driver.new_run(problem, algebra)
            run.numbers[[TOL, MU_FLOOR, FLOOR]] = 1e-10, 0.05, 1e-14
            driver.run_once(run, max_iter=100, n_corrections=4, start=None)
            bounds.append(problem.best.bounds)
            assert problem.best.gap <= 1e-10
        assert max(b[0] for b in bounds) <= min(b[1] for b in bounds) + EXACT


def test_the_loops_for_small_matrices_match_blas(monkeypatch: pytest.MonkeyPatch) -> None:
    """A 2 x 5 x 3 program is done by loops, eight unlinked copies of it by BLAS."""
    pmf = random_pmf("dense", (2, 5, 3), 7)
    alone = pt.broja(pmf)
    copies = np.zeros((16, 40, 24))
    for k in range(8):
        copies[2 * k : 2 * k + 2, 5 * k : 5 * k + 5, 3 * k : 3 * k + 3] = pmf / 8
    monkeypatch.setattr(driver, "parts", _one_part)
    together = pt.broja(copies)
    # Which of eight copies it is adds log2(8) bits that both sources know.
    assert together.redundancy - 3 == pytest.approx(alone.redundancy, abs=alone.gap + together.gap)


def _one_part(prog: program.Program) -> Iterator[tuple[Support, Bools, Bools]]:
    rows, cols = np.ones(len(prog.p_row), dtype=bool), np.ones(len(prog.p_col), dtype=bool)
    yield prog.support, rows, cols


def test_a_program_that_does_not_fit_is_refused_with_its_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(linear_algebra, "available_memory", lambda: 1e4)
    with pytest.raises(MemoryError, match=r"need .* GB, 8 \(n_ty n_sy .*solver='scaling'"):
        pt.broja(random_pmf("dense", (6, 6, 6), 0))
    assert pt.broja(random_pmf("dense", (6, 6, 6), 0), solver="scaling", tol=1e-4).gap <= 1e-4


# --- costs and the choice -----------------------------------------------------------------


def full_support(*shape: int) -> Support:
    return program.program_of(*pair_tables(np.full(shape, 1 / np.prod(shape)))).support


def test_costs_of_a_support_that_can_be_counted_by_hand() -> None:
    """2 x 3 x 3: nine row and six column variables, six cells, eighteen entries."""
    sup = full_support(2, 3, 3)
    assert (sup.n_rows, sup.n_cols, sup.n_cells, sup.n_entries) == (9, 6, 6, 18)
    size, seconds = linear_algebra.schur_cost(sup)
    work = linear_algebra.schur(sup).factor.fields
    assert size == 8 * (5 * 18 + 22 * 6) + work[3].nbytes + work[4].nbytes
    assert seconds == pytest.approx(2.5e-11 * (9 * 6**2 + 6**3 / 3))
    assert linear_algebra.seconds_per_iteration(sup) == pytest.approx(seconds)
    size, seconds, n_terms = linear_algebra.low_rank_cost(sup)
    assert n_terms == 6  # all cells
    loops = 2 * 6**2 * 3 + 60 * (4 * 3 * 5**2 + 20 * 18)
    assert size == 8 * (6**2 + 3 * 5**2 + 8 * 18 + 22 * 6)
    assert seconds == pytest.approx(1.2e-10 * loops + 2.5e-11 * (6**3 / 3 + 3 * 5**3))


def test_costs_of_terms_left_out() -> None:
    """5 x 6 x 2 has 30 cells, and three quarters of 22 variables are 16 terms."""
    size, seconds, n_terms = linear_algebra.low_rank_cost(full_support(5, 6, 2))
    assert n_terms == 16
    loops = 2 * 16**2 * 2 + 60 * (4 * 2 * 11**2 + 20 * 60)
    assert size == 8 * (16**2 + 2 * 11**2 + 8 * 60 + 22 * 30)
    assert seconds == pytest.approx(7e-10 * loops + 2.5e-11 * (16**3 / 3 + 2 * 11**3))


@pytest.mark.parametrize(
    ("dense", "sparse", "room", "chosen"),
    [
        ((10.0, 1.0), (20.0, 2.0), 100.0, SCHUR),
        ((10.0, 2.0), (20.0, 1.0), 100.0, LOW_RANK),
        ((10.0, 1.0), (20.0, 1.0), 100.0, SCHUR),
        ((200.0, 1.0), (20.0, 2.0), 100.0, LOW_RANK),
        ((10.0, 2.0), (200.0, 1.0), 100.0, SCHUR),
        ((100.0, 1.0), (20.0, 2.0), 100.0, SCHUR),
        ((200.0, 2.0), (100.0, 1.0), 100.0, LOW_RANK),
        ((100.0, 2.0), (200.0, 1.0), 100.0, SCHUR),
        ((3e9, 1.0), (2e9, 2.0), 1e9, None),
    ],
)
def test_the_quicker_factorisation_that_fits(
    dense: tuple[float, float],
    sparse: tuple[float, float],
    room: float,
    chosen: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sup = full_support(2, 3, 3)
    monkeypatch.setattr(linear_algebra, "schur_cost", lambda _: dense)
    monkeypatch.setattr(linear_algebra, "low_rank_cost", lambda _: (*sparse, 6))
    monkeypatch.setattr(linear_algebra, "available_memory", lambda: room)
    if chosen is None:
        with pytest.raises(
            MemoryError, match=r"9 cells \(t, y\) and 6 .* need 2 GB.*1 GB are free"
        ):
            linear_algebra.choose(sup)
    else:
        assert linear_algebra.choose(sup).kernels is chosen


def test_blas_is_for_many_column_variables() -> None:
    few, many = (
        linear_algebra.schur(full_support(8, 8, 3)),
        linear_algebra.schur(full_support(5, 9, 5)),
    )
    assert (few.uses_blas, few.factor.fields[1], few.max_rounds) == (False, 1, 40)
    assert (many.uses_blas, many.factor.fields[1], many.max_rounds) == (True, 0, 40)
    assert all(address == 0 for address in few.factor.fields[0][:5])
    assert all(address > 0 for address in many.factor.fields[0][:5])
    low_rank = linear_algebra.low_rank(full_support(2, 3, 3), 6)
    assert (low_rank.uses_blas, low_rank.max_rounds) == (True, 200)
