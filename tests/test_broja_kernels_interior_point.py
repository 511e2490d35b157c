"""The interior point, step by step: what it hands to the other kernels and what it makes of it.

Kernels are watched, and a twin in NumPy goes through the list of calls: it says which comes next
and with what, takes the answer and goes on. So a step is compared from where the kernel stood.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from broja_runs import (
    IRREGULAR,
    Call,
    Run,
    low_rank,
    new_run,
    schur,
    tables,
    watch,
)

from pidtools._broja import driver
from pidtools._broja.kernels.headers import FLOOR, ITERATIONS, MU_FLOOR, SUCCEEDED, TOL, Start, Step
from pidtools._types import Floats

STAGNANT, CUTS, CUTS_OF_CORRECTED = 8, 16, 3


@dataclass
class Place:
    """Duals and pairs, and what follows from them."""

    a: Floats
    b: Floats
    s: Floats
    t: Floats
    pi: Floats
    lse: Floats
    gap: Floats
    dual_gap: Floats
    residuals: float


class Twin:
    """The method as its docstrings tell it, each call of a kernel taken from the list."""

    def __init__(self, new: Run, calls: list[Call], start: Start | None) -> None:
        self.formulas, self.sup = new.formulas, new.sup
        self.calls = iter(calls)
        self.tol, self.mu_floor, self.floor = new.run.numbers[[TOL, MU_FLOOR, FLOOR]]
        self.max_iter, self.n_corrections = new.run.max_iter, new.run.n_corrections
        self.p = np.concatenate([new.problem.p_row, new.problem.p_col])
        self.start = start
        self.bounds = np.array([-np.inf, np.inf])
        self.cuts: list[int] = []
        self.cautions: list[float] = []
        self.by_residuals = 0

    # --- the calls

    def next(self, kernel: str) -> Call:
        call = next(self.calls)
        assert call.kernel == kernel
        return call

    def evaluate(self, a: Floats, b: Floats, s: Floats, t: Floats | None, raised: bool) -> Place:
        call = self.next("evaluate")
        given = call.given
        assert t is None or min(given["s"].min(), given["t"].min()) > 0
        same(given["a"], a)
        same(given["b"], b)
        assert given["raise_slack"] == raised
        if t is not None:
            same(given["s"], s)
            same(given["t"], t)
        found = call.answer["trial"]
        left = np.concatenate([found.row_gap, found.col_gap])
        return Place(
            given["a"], given["b"], given["s"], found.t, found.pi, found.lse, left,
            found.dual_gap, call.answer["residuals"],
        )  # fmt: skip

    def certify(self, at: Place) -> None:
        call = self.next("certify")
        same(call.given["a"], at.a)
        same(call.given["b"], at.b)
        same(call.given["lse"], at.lse, 1e-12)
        same(call.given["q"], at.s[self.formulas.cell] * at.pi)
        self.bounds = call.answer["bounds"]

    def newton(self, target: Floats, trial: Place) -> Step:
        call = self.next("newton")
        same(call.given["target"], target, 1e-9 * float((trial.s * trial.t).max()))
        same(call.given["trial"].dual_gap, trial.dual_gap)
        same(call.given["trial"].row_gap, trial.gap[: self.sup.n_rows])
        same(call.given["trial"].col_gap, trial.gap[self.sup.n_rows :])
        step = call.answer["extra"]
        assert isinstance(step, Step)
        return step

    # --- the method

    def floored(self) -> Floats:
        sup, floor = self.sup, self.floor
        n_y = sup.n_classes
        count = np.concatenate(
            [np.bincount(c, minlength=n_y)[c] for c in (sup.row_class, sup.col_class)]
        )
        floored: Floats = (self.p + floor / count) / (1 + n_y * floor)
        return floored

    def pinned(self, f: Floats) -> Floats:
        col, out = f[self.sup.n_rows :], np.zeros(self.sup.n_cols)
        for y in range(self.sup.n_classes):
            own = np.flatnonzero(self.sup.col_class == y)
            out[own[np.argmax(col[own])]] = 1
        return out

    def weights(self, f: Floats) -> Floats:
        least = np.minimum(f[self.sup.row], f[self.sup.n_rows + self.sup.col])
        return np.minimum(self.sup.n_cells * (self.formulas.of_cell @ least), 1.0)

    def product_start(self, f: Floats) -> Place:
        sup = self.sup
        row, col = f[: sup.n_rows], f[sup.n_rows :]
        p_y = np.bincount(sup.col_class, col)
        a, b = np.log(row), np.log(col / p_y[sup.col_class])
        at = self.evaluate(a, b, at_nothing(sup.n_cells), None, False)
        drop = max(0.0, float(at.lse.max()) + 1e-2)
        return self.evaluate(a - drop, b, np.exp(at.lse), drop - at.lse, True)

    def warm_start(self, total: float, weight: Floats) -> Place:
        assert self.start is not None
        at = self.evaluate(self.start.a, self.start.b, self.start.s, None, True)
        same(at.s, self.start.s)
        self.certify(at)
        product = 0.3 * (self.bounds[1] - self.bounds[0]) / total * weight + 1e-300
        t = np.maximum(-at.lse, product / np.maximum(at.s, np.sqrt(product)))
        return self.evaluate(at.a, at.b, np.maximum(at.s, product / t), t, True)

    def run(self, run: Run) -> Place:
        f = self.floored()
        same(run.f, f)
        assert np.array_equal(run.run.pinned, self.pinned(f))
        weight = self.weights(f)
        total = float(weight.sum())
        at = self.product_start(f) if self.start is None else self.warm_start(total, weight)
        merit, idle, caution, least_products = at.residuals, 0, 0.0, np.inf
        for iteration in range(self.max_iter + 1):
            gap, products = self.bounds[1] - self.bounds[0], float(at.s @ at.t)
            close, last = products < 100 * self.tol, iteration == self.max_iter
            if close or last or iteration == 0:
                self.certify(at)
            new_gap = self.bounds[1] - self.bounds[0]
            better = new_gap < 0.9 * gap or products < 0.8 * least_products
            least_products = min(least_products, products)
            idle = idle + 1 if close and not better else 0
            self.iterations = iteration
            if new_gap <= self.tol or idle > STAGNANT or last:
                break
            call = self.next("factorise")
            same(call.given["k"], at.s / at.t - at.s)
            same(call.given["weight"], weight)
            assert call.given["system_tol"] == pytest.approx(products / 100, rel=1e-12)
            for name in ("a", "b", "s", "t", "pi", "lse", "dual_gap"):
                same(getattr(call.given["point"], name), getattr(at, name), 1e-13)
            if not call.answer["succeeded"]:
                self.certify(at)
                break
            least = max(self.mu_floor * merit, 1e-3 * self.tol) / total
            self.fraction, self.caution = max(0.95, 1 - products), caution
            self.cautions.append(caution)
            alpha, step, plain = self.find_step(at, products / total, total, weight, least)
            at, cuts = self.advance(at, step, plain, alpha, merit)
            merit = at.residuals
            self.cuts.append(cuts)
            caution = min(1.0, 2 * max(caution, 0.2)) if cuts >= 3 else 0.3 * caution
        assert next(self.calls, None) is None
        return at

    def longest(self, at: Place, step: Step) -> float:
        least = min(float((step.s / at.s).min()), float((step.t / at.t).min()))
        return 1.0 if least >= -1 else -self.fraction / least

    def moved(self, at: Place, step: Step, alpha: float) -> tuple[Floats, Floats, Floats, Floats]:
        s, t = at.s + alpha * step.s, at.t + alpha * step.t
        return (
            at.a + alpha * step.a, at.b + alpha * step.b,
            np.maximum(s, 1e-300), np.maximum(t, 1e-300),
        )  # fmt: skip

    def find_step(
        self, at: Place, mu: float, total: float, weight: Floats, least: float
    ) -> tuple[float, Step, Step]:
        s, t = at.s, at.t
        aim, trial = max(mu, least), at
        second_order = np.zeros_like(s)
        if self.caution < 1:
            affine = self.newton(-s * t, at)
            alpha = self.longest(at, affine)
            left = float((s + alpha * affine.s) @ (t + alpha * affine.t))
            share = max(left / total, 0.0) / mu
            aim = max(share**3 * mu, least, self.caution * mu)
            second_order = affine.s * affine.t
        step = plain = self.newton(np.minimum(aim * weight, 10 * s * t) - s * t - second_order, at)
        alpha = self.longest(at, step)
        for _ in range(self.n_corrections):
            trial = self.evaluate(*self.moved(at, step, alpha), False)
            product = trial.s * trial.t
            extra = self.newton(np.minimum(aim * weight, 10 * product) - product, trial)
            longer = Step(*(x + alpha * y for x, y in zip(extra, step, strict=True)))
            if self.longest(at, longer) < alpha:
                break
            step, alpha = longer, self.longest(at, longer)
        return alpha, step, plain

    def advance(
        self, at: Place, step: Step, plain: Step, alpha: float, merit: float
    ) -> tuple[Place, int]:
        for cuts in range(CUTS):
            trial = self.evaluate(*self.moved(at, step, alpha), True)
            products = float(trial.s @ trial.t)
            if trial.residuals <= max((1 - 0.1 * alpha) * merit, 5 * products):
                self.by_residuals += trial.residuals > 5 * products
                return trial, cuts
            if cuts == CUTS_OF_CORRECTED and self.n_corrections:
                step, alpha = plain, self.longest(at, plain)
            else:
                alpha *= 0.6
        return self.evaluate(at.a, at.b, at.s, at.t, False), CUTS


def at_nothing(n: int) -> Floats:
    return np.full(n, np.nan)


def same(found: Floats, expected: Floats, atol: float = 1e-14) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=atol)


def follow(
    p_ty: Floats,
    p_sy: Floats,
    *,
    tol: float = 1e-9,
    mu_floor: float = 0.05,
    floor: float = 1e-14,
    max_iter: int = 40,
    n_corrections: int = 2,
    algebra: Any = schur,
    start: Start | None = None,
    scripts: dict[str, Any] | None = None,
) -> tuple[Twin, Run]:
    """Run with kernels watched, and go through the calls."""
    warm = int(start is not None)
    new = new_run(p_ty, p_sy, algebra, max_iter=max_iter, n_corrections=n_corrections, warm=warm)
    new.run.numbers[[TOL, MU_FLOOR, FLOOR]] = tol, mu_floor, floor
    watched, calls = watch(new, scripts and {k: f(new) for k, f in scripts.items()})
    driver.run_once(watched.run, max_iter, n_corrections, start)
    twin = Twin(watched, calls, start)
    at = twin.run(watched)
    assert watched.run.flags[ITERATIONS] == twin.iterations
    point = watched.run.point
    for name in ("a", "b", "s", "t", "pi", "lse", "dual_gap"):
        same(getattr(point, name), getattr(at, name), 1e-13)
    return twin, watched


@pytest.mark.parametrize("has", IRREGULAR)
def test_every_step_is_that_of_the_twin(has: tuple[str, str]) -> None:
    twin, _ = follow(*tables(*has))
    assert twin.bounds[1] - twin.bounds[0] <= 1e-9


@pytest.mark.parametrize("n_corrections", [0, 1, 5])
@pytest.mark.parametrize("seed", range(2))
def test_with_more_corrections_and_fewer(n_corrections: int, seed: int) -> None:
    follow(*tables(*IRREGULAR[seed], seed=seed), n_corrections=n_corrections, max_iter=5)


@pytest.mark.parametrize("concentration", [0.1, 0.02])
def test_masses_of_many_orders_of_magnitude(concentration: float) -> None:
    for seed in range(3):
        follow(*tables(*IRREGULAR[2], seed=seed, concentration=concentration), max_iter=6)


@pytest.mark.parametrize("max_iter", [0, 1, 3])
def test_the_limit_on_iterations_ends_with_a_certificate(max_iter: int) -> None:
    twin, _ = follow(*tables(*IRREGULAR[1]), max_iter=max_iter)
    assert twin.iterations == max_iter


def test_a_large_floor_and_a_large_floor_under_mu() -> None:
    twin, _ = follow(*tables(*IRREGULAR[1]), floor=0.01, mu_floor=3.0, max_iter=6, tol=1e-4)
    assert twin.iterations > 2


def test_matrices_class_by_class() -> None:
    follow(*tables(*IRREGULAR[3]), algebra=low_rank(), max_iter=4)


def test_a_warm_start() -> None:
    p_ty, p_sy = tables(*IRREGULAR[1])
    _, solved = follow(p_ty, p_sy, tol=1e-6)
    point = solved.run.point
    start = Start(point.a.copy(), point.b.copy(), point.s.copy())
    start.s[0] = 0.0
    start.a[2] += 0.3
    near_ty, near_sy = tables(*IRREGULAR[1], seed=1)
    follow(0.9 * p_ty + 0.1 * near_ty, 0.9 * p_sy + 0.1 * near_sy, start=start)


def test_residuals_that_shrink_are_enough() -> None:
    """From cell totals far from the marginals, a small gap and so small products, by half steps."""
    p_ty, p_sy = tables(*IRREGULAR[1])
    _, solved = follow(p_ty, p_sy, tol=1e-6)
    point = solved.run.point

    def narrow(new: Run) -> Any:
        return lambda call: new.problem.best.bounds.__setitem__(slice(None), (-0.5, -0.5 + 1e-4))

    def halve(new: Run) -> Any:
        def work(call: int) -> None:
            for array in new.run.extra:
                array[:] *= 0.5

        return work

    start = Start(point.a.copy(), point.b.copy(), 3.0 * point.s)
    twin, _ = follow(
        p_ty, p_sy, start=start, max_iter=5, n_corrections=0,
        scripts={"certify": narrow, "newton": halve},
    )  # fmt: skip
    assert twin.by_residuals > 1


def test_a_cell_with_nearly_all_mass_starts_with_some_slack() -> None:
    p_ty, p_sy = tables(*IRREGULAR[0])
    p_y = p_ty.sum(axis=0)
    p_ty, p_sy = 0.002 * p_ty, 0.002 * p_sy
    p_ty[0] += 0.998 * p_y
    p_sy[0] += 0.998 * p_y
    _, run = follow(p_ty, p_sy, max_iter=0)
    assert run.run.point.t.min() == pytest.approx(1e-2, rel=1e-9)


def overshooting(first: int, last: int, factor: float, lift: float = 0.0) -> Any:
    """Have the Newton steps of some calls go too far in the duals."""

    def script(new: Run) -> Any:
        def work(call: int) -> None:
            if first <= call < last:
                new.run.extra.a[:] = factor * new.run.extra.a + lift

        return work

    return script


@pytest.mark.parametrize("n_corrections", [0, 2])
@pytest.mark.parametrize(
    ("last", "factor", "lift"),
    [(8, 8.0, 0.0), (12, 20.0, 0.0), (12, 1.0, 3.0), (8, 1.0, 20.0), (8, 1.0, 200.0)],
)
def test_steps_that_are_refused(last: int, factor: float, lift: float, n_corrections: int) -> None:
    twin, _ = follow(
        *tables(*IRREGULAR[1]), n_corrections=n_corrections, max_iter=7,
        scripts={"newton": overshooting(4, last, factor, lift)},
    )  # fmt: skip
    assert max(twin.cuts) >= 2


def test_after_many_refusals_the_point_stays_and_steps_only_centre() -> None:
    twin, _ = follow(
        *tables(*IRREGULAR[2]), n_corrections=0, max_iter=6,
        scripts={"newton": overshooting(2, 99, 1.0, 1200.0)},
    )  # fmt: skip
    assert twin.cuts[-3:] == 3 * [CUTS]


def test_after_some_refusals_steps_centre_and_then_take_courage() -> None:
    twin, _ = follow(
        *tables(*IRREGULAR[2]), n_corrections=0, max_iter=9,
        scripts={"newton": overshooting(2, 8, 1.0, 1200.0)},
    )  # fmt: skip
    assert twin.cautions[:6] == pytest.approx([0.0, 0.0, 0.4, 0.8, 1.0, 0.3])


def test_a_step_that_empties_a_pair_leaves_a_trace_of_it() -> None:
    """One that is just long enough is taken whole."""

    def script(new: Run) -> Any:
        def work(call: int) -> None:
            if call == 1:
                for array in new.run.extra:
                    array[:] *= 0.1
                new.run.extra.s[0], new.run.extra.t[1] = -new.run.point.s[0], -new.run.point.t[1]

        return work

    follow(*tables(*IRREGULAR[2]), n_corrections=0, max_iter=1, scripts={"newton": script})


def test_without_progress_it_ends() -> None:
    """Bounds that nothing improves, and products that are as small as they may become."""

    def script(new: Run) -> Any:
        return lambda call: new.problem.best.bounds.__setitem__(slice(None), (-1.0, 1.0))

    twin, _ = follow(*tables(*IRREGULAR[2]), tol=0.1, scripts={"certify": script})
    assert twin.iterations > STAGNANT + 1


def test_a_failed_factorisation_ends_it_with_a_certificate() -> None:
    def script(new: Run) -> Any:
        return lambda call: new.run.flags.__setitem__(SUCCEEDED, int(call < 2))

    twin, _ = follow(*tables(*IRREGULAR[1]), scripts={"factorise": script})
    assert twin.iterations == 2
