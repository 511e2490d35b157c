"""The conic program by an outside solver, where that has no answer."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
import pytest
from helpers import (
    random_pmf,
)

import pidtools as pt
from pidtools._broja import conic


def test_no_answer_is_an_error_that_carries_its_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conic, "_run", lambda model, max_iter: None)
    with pytest.raises(pt.PIDError, match="no point from which a feasible answer") as caught:
        pt.broja(random_pmf("dense", (3, 3, 3), 0), solver="cvxpy")
    assert caught.value.outcome is pt.Outcome.no_answer


def test_a_failing_solver_is_an_error_that_carries_its_outcome(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import cvxpy

    def fail(self: object, **options: Any) -> NoReturn:
        raise cvxpy.error.SolverError("it broke")

    monkeypatch.setattr(cvxpy.Problem, "solve", fail)
    with pytest.raises(pt.PIDError, match="Clarabel failed: it broke") as caught:
        pt.broja(random_pmf("dense", (3, 3, 3), 0), solver="cvxpy")
    assert caught.value.outcome is pt.Outcome.no_answer


def test_what_cvxpy_adds_up_for_shapes_is_not_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some versions sum memory that nobody wrote to, which overflows now and then."""
    import cvxpy

    plain = cvxpy.sum

    def garbage(*arguments: Any, **options: Any) -> Any:
        np.add.reduce(np.full(2, 1e308))
        return plain(*arguments, **options)

    monkeypatch.setattr(cvxpy, "sum", garbage)
    pmf = random_pmf("dense", (3, 3, 2), 0)
    assert pt.broja(pmf, solver="cvxpy", tol=1e-6).gap <= 1e-6
