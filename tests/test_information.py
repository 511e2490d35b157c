"""Entropies and informations of probability tables."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import pytest
from helpers import EXACT, information

from pidtools import problems
from pidtools._information import entropy, mutual_information_of_table
from pidtools.problems.pmf import PmfProblem


@pytest.mark.parametrize("problem", problems.pmf_problems(), ids=lambda p: p.name)
def test_information_of_tables_is_the_definition(problem: PmfProblem) -> None:
    for p_xy in (problem.pmf.sum(axis=0), problem.pmf.reshape(-1, problem.pmf.shape[2])):
        assert mutual_information_of_table(p_xy) == pytest.approx(information(p_xy), abs=EXACT)


@pytest.mark.parametrize("order", ["C", "F"])
def test_information_of_long_tables_keeps_its_digits(order: Literal["C", "F"]) -> None:
    """Against exactly rounded sums, to what `PID.gap` allows for rounding."""
    p_xy = np.asarray(problems.dirichlet((120_000, 1, 2), concentration=0.02)[:, 0], order=order)
    p_y = [math.fsum(column) for column in p_xy.T]
    x, y = np.nonzero(p_xy > 1e-300)
    p = p_xy[x, y]
    expected = math.fsum(p * np.log2(p / p_xy.sum(axis=1)[x] / np.array(p_y)[y]))
    assert mutual_information_of_table(p_xy) == pytest.approx(expected, abs=5e-15)


def test_entropy() -> None:
    assert entropy(np.array([0.5, 0.25, 0.25, 0.0])) == 1.5
    assert entropy(np.array([1.0])) == 0.0
    assert not np.signbit(entropy(np.array([1.0])))
