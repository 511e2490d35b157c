"""What follows from an iterate, and the Newton step from there, against formulas with matrices."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from broja_runs import ALGEBRAS, IRREGULAR, Run, at_a_point, called_back, new_run, tables

from pidtools._broja.kernels.headers import RAISE_SLACK, RESIDUALS, SYSTEM_TOL
from pidtools._broja.roster import EVALUATE, NEWTON
from pidtools._types import Floats

# --- evaluate -----------------------------------------------------------------------------


def trial_at_random(has: tuple[str, str], scale: float = 1.0, shift: float = 0.0) -> Run:
    new, rng = new_run(*tables(*has)), np.random.default_rng(1)
    trial, sup = new.run.trial, new.sup
    new.run.f_row[:], new.run.f_col[:] = (rng.gamma(1.0, size=n) for n in (sup.n_rows, sup.n_cols))
    trial.a[:], trial.b[:] = (scale * rng.normal(size=n) for n in (sup.n_rows, sup.n_cols))
    trial.a[:] += shift * sup.row_class
    trial.s[:], trial.t[:] = (rng.gamma(1.0, size=sup.n_cells) for _ in range(2))
    return new


@pytest.mark.parametrize("raised", [0, 1])
@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (1.0, 400.0), (300.0, 0.0), (0.0, 0.0)])
@pytest.mark.parametrize("has", IRREGULAR)
def test_what_follows_from_an_iterate(
    has: tuple[str, str], scale: float, shift: float, raised: int
) -> None:
    new = trial_at_random(has, scale, shift)
    trial, formulas = new.run.trial, new.formulas
    new.run.flags[RAISE_SLACK] = raised
    t = trial.t.copy()
    new.call(EVALUATE)
    pi, lse = formulas.conditionals(trial.a, trial.b)
    t = np.maximum(t, -lse) if raised else t
    left = formulas.left(new.f, trial.s, pi)
    np.testing.assert_allclose(trial.pi, pi, rtol=1e-11, atol=1e-300)
    np.testing.assert_allclose(trial.lse, lse, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(trial.t, t, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(trial.dual_gap, -lse - t, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(np.concatenate([trial.row_gap, trial.col_gap]), left, atol=1e-13)
    size = abs(left).sum() + trial.s @ abs(lse + t)
    assert new.run.numbers[RESIDUALS] == pytest.approx(size, rel=1e-12)


@pytest.mark.parametrize("apart", [0.0, 500.0, -1200.0])
def test_exponentials_of_both_sides_are_equally_large(apart: float) -> None:
    """So that neither leaves the range of doubles where their products do not."""
    new = trial_at_random(IRREGULAR[1])
    trial, sup, room = new.run.trial, new.sup, new.problem.room
    trial.a[:] += apart
    trial.b[:] -= apart
    new.call(EVALUATE)
    for y in range(sup.n_classes):
        row, col = room.row[sup.row_class == y], room.col[sup.col_class == y]
        assert row.max() == pytest.approx(col.max(), rel=1e-12)
    np.testing.assert_allclose(
        room.row[sup.row] * room.col[sup.col], np.exp(trial.a[sup.row] + trial.b[sup.col]),
        rtol=1e-12,
    )  # fmt: skip


# --- Newton's step ------------------------------------------------------------------------


def aim(new: Run, scale: float, seed: int = 0) -> tuple[Floats, Floats, Floats]:
    """Draw a step and write residuals and targets that it closes; returns its dz, ds and dt."""
    rng, sup, run, formulas = np.random.default_rng(seed), new.sup, new.run, new.formulas
    point, trial, cell = run.point, run.trial, formulas.cell
    dz = scale * rng.uniform(-1, 1, size=sup.n_rows + sup.n_cols)
    dz[~new.free()] = 0.0
    ds, dt = (rng.normal(size=sup.n_cells) for _ in range(2))
    dw = formulas.A.T @ dz
    mean = formulas.of_cell @ (point.pi * dw)
    # q = s pi changes by pi ds + s pi (dw - mean), the slack by dt + mean, s t by s dt + t ds.
    dq = point.pi * (ds + point.s * -mean)[cell] + (point.s[cell] * point.pi) * dw
    gap = formulas.A @ dq
    trial.row_gap[:], trial.col_gap[:] = gap[: sup.n_rows], gap[sup.n_rows :]
    trial.dual_gap[:] = dt + mean
    run.target[:] = point.s * dt + point.t * ds
    return dz, ds, dt


def found(new: Run) -> tuple[Floats, Floats, Floats]:
    extra = new.run.extra
    return np.concatenate([extra.a, extra.b]), extra.s, extra.t


@pytest.mark.parametrize("has", IRREGULAR)
@pytest.mark.parametrize("algebra", ALGEBRAS)
def test_the_step_closes_the_residuals(algebra: str, has: tuple[str, str]) -> None:
    new = at_a_point(*tables(*has), ALGEBRAS[algebra])
    new.run.numbers[SYSTEM_TOL] = 1e-13
    expected = aim(new, 0.45)
    new.call(new.kernels[0])
    new.call(NEWTON)
    for one, other in zip(found(new), expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-10)


def damped(x: Floats) -> Floats:
    return np.sign(x) * np.log1p(abs(x))


@pytest.mark.parametrize("has", IRREGULAR)
def test_a_long_step_in_the_duals_counts_by_its_logarithm(has: tuple[str, str]) -> None:
    """The duals nearest to the damped change of w, in the metric of the cells; ds, dt as before."""
    new = at_a_point(*tables(*has))
    new.run.numbers[SYSTEM_TOL] = 1e-13
    dz, ds, dt = aim(new, 6.0)
    new.call(new.kernels[0])
    new.call(NEWTON)
    formulas, point = new.formulas, new.run.point
    v = damped(formulas.A.T @ dz)
    mean = (new.run.k * (formulas.of_cell @ (point.pi * v)))[formulas.cell]
    rhs = formulas.A @ (point.pi * (point.s[formulas.cell] * v + mean))
    free, H = new.free(), new.hessian()
    expected = np.zeros_like(dz)
    expected[free] = np.linalg.solve(H[np.ix_(free, free)], rhs[free])
    assert abs(expected).max() < abs(dz).max() - 1
    for one, other in zip(found(new), (expected, ds, dt), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-9)


@pytest.mark.parametrize(("largest", "is_damped"), [(0.999, False), (1.001, True)])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_steps_up_to_one_are_not_damped(largest: float, is_damped: bool, sign: float) -> None:
    new = at_a_point(*tables(*IRREGULAR[1]))
    new.run.numbers[SYSTEM_TOL] = 1e-13
    dz, _, _ = aim(new, 0.1)
    change = new.formulas.A.T @ dz
    top = float(abs(change).max())
    at = int(np.argmax(abs(change)))
    dz = dz * largest / top * sign * np.sign(change[at])
    _aim_at(new, dz)
    new.call(new.kernels[0])
    new.call(NEWTON)
    assert (abs(found(new)[0] - dz).max() > 1e-3) == is_damped


def _aim_at(new: Run, dz: Floats) -> None:
    """Residuals that this step in the duals closes, with ds = dt = 0."""
    point, sup, formulas = new.run.point, new.sup, new.formulas
    dw = formulas.A.T @ dz
    mean = formulas.of_cell @ (point.pi * dw)
    dq = point.pi * point.s[formulas.cell] * (dw - mean[formulas.cell])
    gap = formulas.A @ dq
    new.run.trial.row_gap[:], new.run.trial.col_gap[:] = gap[: sup.n_rows], gap[sup.n_rows :]
    new.run.trial.dual_gap[:] = mean
    new.run.target[:] = 0.0


# --- conjugate gradients ------------------------------------------------------------------


def conjugate_gradients(new: Run, H: Floats, rhs: Floats, precondition: Any) -> tuple[Floats, int]:
    """Textbook rounds until what is left is small; returns the solution and the rounds."""
    f, free = new.f, new.free()

    def size(left: Floats) -> float:
        return float(np.sum((left**2 / f)[free]))

    target = min(1e-12 * size(rhs), new.run.numbers[SYSTEM_TOL] ** 2)
    x, left, along, rho_old = np.zeros_like(rhs), rhs.copy(), np.zeros_like(rhs), 1.0
    for n_rounds in range(new.run.max_rounds):
        z = precondition(left)
        rho = left @ z
        along = z + (rho / rho_old if n_rounds else 0.0) * along
        product = H @ along
        length = rho / (along @ product)
        x, left, rho_old = x + length * along, left - length * product, rho
        if size(left) <= target:
            return x, n_rounds + 1
    return x, new.run.max_rounds


def with_preconditioner(new: Run, precondition: Any) -> tuple[Run, list[int]]:
    """Have the free variables preconditioned in Python; also counts the rounds."""
    room, sup, rounds = new.problem.room, new.sup, [0]

    def apply() -> None:
        z = precondition(np.concatenate([room.row_rhs, room.col_rhs]))
        room.row[:], room.col[:] = z[: sup.n_rows], z[sup.n_rows :]
        rounds[0] += 1

    return replace(new, run=new.run._replace(apply=called_back(apply))), rounds


@pytest.mark.parametrize("max_rounds", [1, 2, 3, 5, 60])
@pytest.mark.parametrize("system_tol", [1.0, 1e-8, 1e-10])
@pytest.mark.parametrize("rare", ["rows", "columns"])
def test_rounds_of_conjugate_gradients(max_rounds: int, system_tol: float, rare: str) -> None:
    new = at_a_point(*tables(*IRREGULAR[1]), max_rounds=max_rounds)
    new.run.numbers[SYSTEM_TOL] = system_tol
    new.run.f_row[:] *= 1e-6 if rare == "rows" else 0.3
    new.run.f_col[:] *= np.linspace(0.1, 2.0, new.sup.n_cols) * (1e-6 if rare == "columns" else 1)
    aim(new, 0.05)
    free, H, formulas = new.free(), new.hessian(), new.formulas
    scale = np.where(free, 1.0 / np.diag(H), 0.0)
    new, rounds = with_preconditioner(new, lambda left: left * scale)
    point, trial = new.run.point, new.run.trial
    cell = (new.run.target - point.s * trial.dual_gap) / point.t
    rhs = np.concatenate([trial.row_gap, trial.col_gap])
    rhs = rhs - formulas.A @ (point.pi * cell[formulas.cell])
    expected, expected_rounds = conjugate_gradients(new, H, rhs, lambda left: left * scale)
    new.call(NEWTON)
    np.testing.assert_allclose(found(new)[0], expected, rtol=1e-7, atol=1e-9)
    assert rounds == [expected_rounds]


@pytest.mark.parametrize("touched", ["rows", "columns"])
def test_what_is_left_on_either_side_counts(touched: str) -> None:
    """A preconditioner that leaves one side alone can close the other; rounds then go on."""
    new = at_a_point(*tables(*IRREGULAR[1]), max_rounds=20)
    new.run.numbers[SYSTEM_TOL] = 1.0
    aim(new, 0.3)
    side = np.arange(len(new.f)) < new.sup.n_rows
    scale = new.free() * (side if touched == "rows" else ~side)
    new, rounds = with_preconditioner(new, lambda left: left * scale)
    new.call(NEWTON)
    assert rounds == [20]


@pytest.mark.parametrize("factor", [-1.0, 0.0, math.nan])
def test_a_preconditioner_that_points_nowhere_ends_the_rounds(factor: float) -> None:
    new = at_a_point(*tables(*IRREGULAR[1]))
    new.run.numbers[SYSTEM_TOL] = 1e-13
    aim(new, 0.3)
    new, rounds = with_preconditioner(new, lambda left: factor * left)
    new.call(NEWTON)
    assert rounds == [1]
    assert not found(new)[0].any()


def test_nothing_is_walked_along_a_direction_without_curvature() -> None:
    new = at_a_point(*tables(*IRREGULAR[0]))
    new.run.numbers[SYSTEM_TOL] = 1e-13
    aim(new, 0.3)
    new.run.point.s[:] *= -1.0
    new.run.k[:] *= -1.0
    new, rounds = with_preconditioner(new, lambda left: left)
    new.call(NEWTON)
    assert rounds == [1]
    assert not found(new)[0].any()
