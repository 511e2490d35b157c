"""Primal-dual interior point for the BROJA program, one complementary pair for each (t, s) cell.

The program is min f(q) = sum q log(q / q(t, s)) over q with the pair marginals p. Its dual is
max sum p a + sum p b subject to lse_y(a(t, y) + b(s, y)) <= 0 for each cell, and at the optimum

    q(t, s, y) = s_c softmax_y(w_c),   t_c = -lse(w_c) >= 0,   s_c t_c = 0,   A q = p

with w = a + b: a cell is empty or positive on all of its support, hence one pair (s_c, t_c) a cell.

The slack t is kept independent of -lse(w) (tied to it the method needs three times the
iterations) and q is eliminated (kept, it stalls). Each iteration takes Mehrotra's predictor and
corrector and then a few nonlinear corrections with the same factorisation. What keeps it on the
path, each from a case that failed without it:

* the target of s t stays above a share of the residuals, or s / t reaches 1e17;
* steps in a and b beyond 1 count by their logarithm (see `newton`);
* a step must shrink the residuals or leave them in proportion to s t; after repeated refusals
  the next step only centres;
* no product s t is lifted more than tenfold at once;
* the iterates see marginals with a tiny floor, the certificate sees the true ones.
"""

from __future__ import annotations

import math
from typing import Any

from pidtools._broja.kernels.headers import (
    FLOOR,
    ITERATIONS,
    LOWER,
    MU_FLOOR,
    RAISE_SLACK,
    RESIDUALS,
    SUCCEEDED,
    SYSTEM_TOL,
    TOL,
    UPPER,
    Solve,
)
from pidtools._broja.kernels.hessian import pin_columns
from pidtools._compiled.pointers import assign, call_kernel, entry, fill, inner, view

solve_of = view(Solve)

_STAGNANT = 8
"""Iterations with neither a better gap nor smaller products after which it is enough."""

_WARM_SHARE = 0.3
"""Products s t of a warm start, together, as a share of the gap it starts with."""

_CUTS = 16
"""Refusals of a step after which the point stays where it is."""

_CUTS_OF_CORRECTED = 3
"""Refusals after which the step without its nonlinear corrections is tried."""


@inner
def _add_floor(p: Any, variable_class: Any, n: Any, n_classes: Any, floor: Any, count: Any,
               out: Any) -> Any:  # fmt: skip
    """Write marginals plus `floor` in each class, spread over its variables, renormalised."""
    fill(count, n_classes, 0.0)
    for i in range(n):
        count[variable_class[i]] += 1.0
    for i in range(n):
        out[i] = (p[i] + floor / count[variable_class[i]]) / (1.0 + n_classes * floor)


@inner
def _weigh(h: Any) -> Any:
    """Share of mu each product s t aims at: less than 1 where a cell cannot hold its share of mass.

    A cell holds at most sum_y min(p(t, y), p(s, y)). With equal products one whose capacity is
    1e-13 would need t = mu / 1e-13 on the way, far from where it ends.
    """
    v = solve_of(h)
    sup = v.problem.support
    total = 0.0
    for c in range(sup.n_cells):
        capacity = 0.0
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            capacity += min(v.f_row[sup.row[e]], v.f_col[sup.col[e]])
        v.weight[c] = min(1.0, sup.n_cells * capacity)
        total += v.weight[c]
    return total


@inner
def _evaluate(h: Any, raise_slack: Any) -> Any:
    """Fill in what follows from the trial point; return the size of its residuals."""
    v = solve_of(h)
    v.flags[RAISE_SLACK] = raise_slack
    call_kernel(v.evaluate, h)
    return v.numbers[RESIDUALS]


@inner
def _product_start(h: Any) -> Any:
    """Start from q0 = p(t, y) p(s, y) / p(y): feasible for both programs."""
    v = solve_of(h)
    sup, trial, mass = v.problem.support, v.trial, v.problem.room.by_class
    fill(mass, sup.n_classes, 0.0)
    for j in range(sup.n_cols):
        mass[sup.col_class[j]] += v.f_col[j]
    for i in range(sup.n_rows):
        trial.a[i] = math.log(v.f_row[i])
    for j in range(sup.n_cols):
        trial.b[j] = math.log(v.f_col[j] / mass[sup.col_class[j]])
    _evaluate(h, v.warm)
    drop = 0.0
    for c in range(sup.n_cells):
        trial.s[c] = math.exp(trial.lse[c])
        drop = max(drop, trial.lse[c] + 1e-2)
    for i in range(sup.n_rows):
        trial.a[i] -= drop
    for c in range(sup.n_cells):
        trial.t[c] = drop - trial.lse[c]


@inner
def _warm_start(h: Any, total_weight: Any) -> Any:
    """Start from the duals and cell totals of a neighbouring program, in `trial`.

    Its bounds are certified first. Then s and t are raised to where each product is its share
    of the gap: a cell that was empty gets a little mass, one that was not a little slack.
    """
    v = solve_of(h)
    trial, bounds = v.trial, v.problem.best.bounds
    _evaluate(h, v.warm)
    _accept(h)
    _certify(h)
    mu = _WARM_SHARE * (bounds[UPPER] - bounds[LOWER]) / total_weight
    for c in range(v.problem.support.n_cells):
        product = mu * v.weight[c] + 1e-300
        trial.t[c] = max(-trial.lse[c], product / max(trial.s[c], math.sqrt(product)))
        trial.s[c] = max(trial.s[c], product / trial.t[c])


@inner
def _certify(h: Any) -> Any:
    """Bound the optimum from both sides by the point; keep what is better."""
    v = solve_of(h)
    sup, point, q = v.problem.support, v.point, v.problem.q
    for c in range(sup.n_cells):
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            q[e] = point.s[c] * point.pi[e]
    call_kernel(v.certify, h)


@inner
def _accept(h: Any) -> Any:
    """Make the trial point the point."""
    v = solve_of(h)
    sup, point, trial = v.problem.support, v.point, v.trial
    assign(point.a, trial.a, sup.n_rows)
    assign(point.b, trial.b, sup.n_cols)
    assign(point.row_gap, trial.row_gap, sup.n_rows)
    assign(point.col_gap, trial.col_gap, sup.n_cols)
    for c in range(sup.n_cells):
        point.s[c] = trial.s[c]
        point.t[c] = trial.t[c]
        point.lse[c] = trial.lse[c]
        point.dual_gap[c] = trial.dual_gap[c]
    assign(point.pi, trial.pi, sup.n_entries)


@inner
def _longest(h: Any, step: Any, fraction: Any) -> Any:
    """Step length, at most 1, that keeps a fraction of the way to the nearest boundary."""
    v = solve_of(h)
    s, t, least = v.point.s, v.point.t, -1.0
    for c in range(v.problem.support.n_cells):
        least = min(least, step.s[c] / s[c], step.t[c] / t[c])
    return 1.0 if least >= -1.0 else -fraction / least


@inner
def _move(h: Any, step: Any, alpha: Any) -> Any:
    """Write a, b, s and t of the trial point."""
    v = solve_of(h)
    sup, point, to = v.problem.support, v.point, v.trial
    for i in range(sup.n_rows):
        to.a[i] = point.a[i] + alpha * step.a[i]
    for j in range(sup.n_cols):
        to.b[j] = point.b[j] + alpha * step.b[j]
    for c in range(sup.n_cells):
        to.s[c] = max(point.s[c] + alpha * step.s[c], 1e-300)
        to.t[c] = max(point.t[c] + alpha * step.t[c], 1e-300)


@inner
def _add(h: Any, alpha: Any) -> Any:
    """Extra += alpha * step."""
    v = solve_of(h)
    sup, extra, step = v.problem.support, v.extra, v.step
    for i in range(sup.n_rows):
        extra.a[i] += alpha * step.a[i]
    for j in range(sup.n_cols):
        extra.b[j] += alpha * step.b[j]
    for c in range(sup.n_cells):
        extra.s[c] += alpha * step.s[c]
        extra.t[c] += alpha * step.t[c]


@inner
def _complementarity(point: Any, n_cells: Any) -> Any:
    total = 0.0
    for c in range(n_cells):
        total += point.s[c] * point.t[c]
    return total


@inner
def _keep(h: Any, step: Any, to: Any) -> Any:
    sup = solve_of(h).problem.support
    assign(to.a, step.a, sup.n_rows)
    assign(to.b, step.b, sup.n_cols)
    assign(to.s, step.s, sup.n_cells)
    assign(to.t, step.t, sup.n_cells)


@inner
def _find_step(h: Any, mu: Any, total_weight: Any, caution: Any, least: Any, fraction: Any) -> Any:
    """Predictor, corrector and nonlinear corrections with one factorisation.

    The direction ends up in `step`; returns its length.

    The predictor aims at s t = 0 and tells how far to aim with the corrector. Each correction
    looks at the residuals where the step would end and mends them; it stays if the step does
    not get shorter.
    """
    v = solve_of(h)
    n_cells, point, step, extra, trial = (
        v.problem.support.n_cells, v.point, v.step, v.extra, v.trial
    )  # fmt: skip
    aim, alpha = max(mu, least), 0.0
    centre = caution >= 1.0
    for round_ in range(1 if centre else 0, 2 + v.n_corrections):
        if round_ > 1:
            _move(h, step, alpha)
            _evaluate(h, 0)
        for c in range(n_cells):
            product = trial.s[c] * trial.t[c]
            v.target[c] = min(aim * v.weight[c], 10.0 * product) - product
            if round_ == 0:
                v.target[c] = -product
            elif round_ == 1 and not centre:
                v.target[c] -= step.s[c] * step.t[c]
        call_kernel(v.newton, h)
        if round_ > 1:
            _add(h, alpha)
        longer = _longest(h, extra, fraction)
        if round_ == 0:
            affine = 0.0
            for c in range(n_cells):
                affine += (point.s[c] + longer * extra.s[c]) * (point.t[c] + longer * extra.t[c])
            aim = max((max(affine / total_weight, 0.0) / mu) ** 3 * mu, least, caution * mu)
        elif round_ == 1:
            _keep(h, extra, v.plain)
        elif longer < alpha:
            break
        _keep(h, extra, step)
        alpha = longer
    return alpha


@inner
def _advance(h: Any, alpha: Any, fraction: Any, merit: Any) -> Any:
    """Walk along the step, shortened until the residuals allow it; returns (merit, cuts)."""
    v = solve_of(h)
    for cuts in range(_CUTS):
        _move(h, v.step, alpha)
        new_merit = _evaluate(h, 1)
        products = _complementarity(v.trial, v.problem.support.n_cells)
        if new_merit <= max((1.0 - 0.1 * alpha) * merit, 5.0 * products):
            _accept(h)
            return new_merit, cuts
        if cuts == _CUTS_OF_CORRECTED and v.n_corrections > 0:
            _keep(h, v.plain, v.step)
            alpha = _longest(h, v.plain, fraction)
        else:
            alpha *= 0.6
    sup, point, trial = v.problem.support, v.point, v.trial
    assign(trial.a, point.a, sup.n_rows)
    assign(trial.b, point.b, sup.n_cols)
    assign(trial.s, point.s, sup.n_cells)
    assign(trial.t, point.t, sup.n_cells)
    return _evaluate(h, 0), _CUTS


@entry
def solve(h: Any) -> None:
    """Run the method until `best` is good enough."""
    v = solve_of(h)
    sup, point, best, room = v.problem.support, v.point, v.problem.best, v.problem.room
    n_cells, tol = sup.n_cells, v.numbers[TOL]
    mu_floor, floor = v.numbers[MU_FLOOR], v.numbers[FLOOR]
    _add_floor(
        v.problem.p_row, sup.row_class, sup.n_rows, sup.n_classes, floor, room.by_class, v.f_row
    )
    _add_floor(
        v.problem.p_col, sup.col_class, sup.n_cols, sup.n_classes, floor, room.by_class, v.f_col
    )
    pin_columns(h)
    total_weight = _weigh(h)
    if v.warm:
        _warm_start(h, total_weight)
    else:
        _product_start(h)
    idle, caution, least_products = 0, 0.0, math.inf
    merit = _evaluate(h, 1)
    _accept(h)
    for iteration in range(v.max_iter + 1):
        gap = best.bounds[UPPER] - best.bounds[LOWER]
        products = _complementarity(point, n_cells)
        close = products < 100.0 * tol
        last = iteration == v.max_iter
        if close or last or iteration == 0:
            _certify(h)
        new_gap = best.bounds[UPPER] - best.bounds[LOWER]
        better = new_gap < 0.9 * gap or products < 0.8 * least_products
        least_products = min(least_products, products)
        idle = idle + 1 if close and not better else 0
        v.flags[ITERATIONS] = iteration
        if new_gap <= tol or idle > _STAGNANT or last:
            break
        for c in range(n_cells):
            v.k[c] = point.s[c] / point.t[c] - point.s[c]
        v.numbers[SYSTEM_TOL] = 1e-2 * products
        call_kernel(v.factorise, h)
        if not v.flags[SUCCEEDED]:
            _certify(h)
            break
        least = max(mu_floor * merit, 1e-3 * tol) / total_weight
        fraction = max(0.95, 1.0 - products)
        mu = products / total_weight
        alpha = _find_step(h, mu, total_weight, caution, least, fraction)
        merit, cuts = _advance(h, alpha, fraction, merit)
        caution = min(1.0, 2.0 * max(caution, 0.2)) if cuts >= 3 else 0.3 * caution
