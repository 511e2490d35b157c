"""Many tables at once: each as it is alone."""

from __future__ import annotations

import numpy as np
import pytest

import pidtools as pt
from pidtools._types import Floats


def test_a_batch_equals_its_members_whatever_n_jobs() -> None:
    pmfs = np.random.default_rng(0).dirichlet(np.full(27, 0.3), size=40).reshape(-1, 3, 3, 3)
    batch, parallel = pt.broja_batch(pmfs), pt.broja_batch(pmfs, n_jobs=2)
    for field in ("redundancy", "unique_t", "unique_s", "synergy", "gap"):
        assert np.array_equal(getattr(batch, field), getattr(parallel, field))
    for pmf, member in zip(pmfs, [batch[k] for k in range(40)], strict=True):
        alone = pt.broja(pmf)
        assert abs(alone.redundancy - member.redundancy) <= alone.gap + member.gap
        assert member.gap <= 1e-9
        assert member.joint_information == pytest.approx(alone.joint_information, abs=1e-12)


def test_degenerate_members_of_a_batch() -> None:
    pmfs = np.zeros((5, 3, 3, 3))
    pmfs[0, 0, 0, 0] = 1.0
    pmfs[1, 0, :, 0] = 1 / 3
    pmfs[2] = 1 / 27
    for k in range(3):
        pmfs[3, k, k, k] = 1 / 3
        for s in range(3):
            pmfs[4, k, s, (k + s) % 3] = 1 / 9
    batch = pt.broja_batch(pmfs, units="nats")
    log3 = np.log(3.0)
    assert np.allclose(batch.redundancy, [0, 0, 0, log3, 0], rtol=0, atol=1e-9)
    assert np.allclose(batch.synergy, [0, 0, 0, 0, log3], rtol=0, atol=1e-9)
    assert (batch.gap <= 1e-9).all()
    assert batch.units == "nats"


@pytest.mark.parametrize(
    ("pmfs", "message"),
    [
        (np.full((2, 2, 2), 1 / 8), r"pmfs must have 4 axes"),
        (np.full((0, 2, 2, 2), 1 / 8), r"pmfs is empty"),
        (np.stack([np.full((2, 2, 2), 1 / 8), np.ones((2, 2, 2))]), r"pmfs\[1\] sums to 8"),
    ],
)
def test_bad_batches_are_refused(pmfs: Floats, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pt.broja_batch(pmfs)


@pytest.mark.filterwarnings("ignore::pidtools.PIDWarning")
@pytest.mark.parametrize("max_iter", [1, 3])
def test_members_that_one_attempt_leaves_are_solved_alone(max_iter: int) -> None:
    pmfs = np.random.default_rng(0).dirichlet(np.full(36, 0.3), size=12).reshape(-1, 4, 3, 3)
    pmfs[4:] = pmfs[4:].sum(axis=3, keepdims=True) / 3  # these are trivial
    batch = pt.broja_batch(pmfs, max_iter=max_iter)
    for k, pmf in enumerate(pmfs):
        alone, member = pt.broja(pmf, max_iter=max_iter), batch[k]
        assert member.gap == pytest.approx(alone.gap, abs=1e-12)
        assert member.redundancy == pytest.approx(alone.redundancy, abs=1e-12)
        assert member.unique_t == pytest.approx(alone.unique_t, abs=1e-12)
        if k < 4:
            assert member.outcome is alone.outcome is pt.Outcome.iteration_limit
        else:
            assert member.outcome is pt.Outcome.optimal
