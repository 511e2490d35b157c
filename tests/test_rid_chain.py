"""The inequality behind the loss of RID: Red(Y : T, S) >= I(Y; Q) - I(Y; Q | S) for Q = f(T)."""

import numpy as np
import pytest

import pidtools as pt
from benchmarks.redundancy_chain import bound, joint, quantised


def problem(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A joint pmf, a third of them with empty cells, and a function of T."""
    rng = np.random.default_rng(seed)
    shape = rng.integers(2, 6, 3)
    pmf = rng.dirichlet(np.full(shape.prod(), [1.0, 0.3, 0.05][seed % 3])).reshape(shape)
    return pmf, rng.integers(0, 1 + rng.integers(1, shape[0]), shape[0])


@pytest.mark.parametrize("first", range(0, 300, 100))
def test_red_is_never_below_the_bound_of_a_function_of_the_teacher(first: int) -> None:
    for seed in range(first, first + 100):
        pmf, f = problem(seed)
        of_q = np.zeros((f.max() + 1, *pmf.shape[1:]))
        np.add.at(of_q, f, pmf)
        both, coarse = pt.broja(pmf), pt.broja(of_q)
        # I(Y; Q) - I(Y; Q | S) is the co-information, which is known without a solver.
        rounding = 1e-12
        assert coarse.co_information is not None
        assert coarse.co_information <= coarse.redundancy + coarse.gap + rounding
        assert coarse.redundancy <= both.redundancy + both.gap + rounding


def test_the_bound_of_rows_is_the_co_information() -> None:
    rng = np.random.default_rng(0)
    q, s, y = (rng.integers(0, k, 500) for k in (3, 4, 2))
    y = np.where(rng.random(500) < 0.6, q % 2, y)
    pid = pt.broja(joint(q, s, y))
    assert bound(q, s, y) == pytest.approx(pid.co_information, abs=1e-9)
    assert bound(q, s, y) <= pid.redundancy + pid.gap


def test_values_are_quantised_by_what_belongs_together() -> None:
    t = np.array([0, 1, 2, 3, 0, 2])
    values = np.array([[0.0], [5.0], [0.1], [5.1]])[t]
    assert len(np.unique(quantised(values, t, 2))) == 2
    assert (quantised(values, t, 2)[[0, 2]] == quantised(values, t, 2)[[2, 0]]).all()
    assert quantised(values, t, 4) is t
