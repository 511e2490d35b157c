"""The program of two pair tables: its entries, and the parts that never meet."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import pair_tables, random_pmf, random_pmfs

import pidtools as pt
from benchmarks.tools.generated import generated_problems
from pidtools._broja import program


def test_the_support_is_every_cell_that_can_have_mass_and_no_other() -> None:
    drawn = [random_pmf(*each) for each in random_pmfs(60, (2, 7), (2, 5), seed=4)]
    for pmf in (*drawn, *(pmf for _, pmf in generated_problems(60))):
        p_ty, p_sy = pair_tables(pmf)
        prog = program.program_of(p_ty, p_sy)
        listed = prog.coupling(np.ones(len(prog.support.row))).toarray()
        expected = (p_ty > 0)[:, None, :] & (p_sy > 0)[None, :, :]
        assert np.array_equal(listed, expected.astype(float))


def test_classes_that_never_meet_are_solved_apart() -> None:
    one, two = random_pmf("dense", (3, 4, 3), 0), random_pmf("dense", (4, 3, 3), 1)
    pmf = np.zeros((7, 7, 6))
    pmf[:3, :4, :3], pmf[3:, 4:, 3:] = one / 2, two / 2
    assert len(list(program.parts(program.program_of(*pair_tables(pmf))))) == 2
    both, parts = pt.broja(pmf), [pt.broja(one), pt.broja(two)]
    expected = 1 + sum(part.redundancy for part in parts) / 2
    assert both.redundancy == pytest.approx(expected, abs=3e-9)
