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
