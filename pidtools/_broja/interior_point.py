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
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pidtools._broja.certificate import (
    lower_bound,
    make_feasible,
    primal_value,
    round_to_marginals,
)
from pidtools._broja.hessian import pinned_columns
from pidtools._broja.jit import assign, inner_kernel, kernel
from pidtools._broja.newton import Step, System, factorise, new_room, newton_step
from pidtools._broja.support import softmax_cells, subtract_marginals

_STAGNANT = 8
"""Iterations with neither a better gap nor smaller products after which it is enough."""


_WARM_SHARE = 0.3
"""Products s t of a warm start, together, as a share of the gap it starts with."""

_CUTS = 16
"""Refusals of a step after which the point stays where it is."""

_CUTS_OF_CORRECTED = 3
"""Refusals after which the step without its nonlinear corrections is tried."""


class Point(NamedTuple):
    """An iterate and what follows from it."""

    a: NDArray[np.float64]
    b: NDArray[np.float64]
    s: NDArray[np.float64]
    t: NDArray[np.float64]
    pi: NDArray[np.float64]
    lse: NDArray[np.float64]
    row_gap: NDArray[np.float64]
    col_gap: NDArray[np.float64]
    dual_gap: NDArray[np.float64]


@inner_kernel
def new_point(sup: Any) -> Any:
    """Allocate."""
    rows, cols, cells = sup.row_class.size, sup.col_class.size, sup.cell_row.size
    return Point(
        np.empty(rows), np.empty(cols), np.empty(cells), np.empty(cells), np.empty(sup.row.size),
        np.empty(cells), np.empty(rows), np.empty(cols), np.empty(cells),
    )  # fmt: skip


@inner_kernel
def product_start(sup: Any, p_row: Any, p_col: Any, point: Any) -> Any:
    """Start from q0 = p(t, y) p(s, y) / p(y): feasible for both programs."""
    mass = np.zeros(sup.n_classes)
    for j in range(p_col.size):
        mass[sup.col_class[j]] += p_col[j]
    for i in range(p_row.size):
        point.a[i] = math.log(p_row[i])
    for j in range(p_col.size):
        point.b[j] = math.log(p_col[j] / mass[sup.col_class[j]])
    softmax_cells(sup, point.a, point.b, point.pi, point.lse)
    highest = -np.inf
    for c in range(point.s.size):
        point.s[c] = math.exp(point.lse[c])
        highest = max(highest, point.lse[c])
    drop = max(highest + 1e-2, 0.0)
    for i in range(point.a.size):
        point.a[i] -= drop
    for c in range(point.s.size):
        point.t[c] = drop - point.lse[c]


@inner_kernel
def warm_start(
    sup: Any, p_row: Any, p_col: Any, start: Any, weight: Any, best: Any, q: Any, point: Any
) -> Any:
    """Start from the duals and cell totals of a neighbouring program.

    Its bounds are certified first. Then s and t are raised to where each product is its share
    of the gap: a cell that was empty gets a little mass, one that was not a little slack.
    """
    assign(point.a, start.a)
    assign(point.b, start.b)
    assign(point.s, start.s)
    softmax_cells(sup, point.a, point.b, point.pi, point.lse)
    _certify(sup, p_row, p_col, point, best, q)
    mu = _WARM_SHARE * (best.upper[0] - best.lower[0]) / np.sum(weight)
    for c in range(weight.size):
        product = mu * weight[c] + 1e-300
        point.t[c] = max(-point.lse[c], product / max(point.s[c], math.sqrt(product)))
        point.s[c] = max(point.s[c], product / point.t[c])


@inner_kernel
def capacity_weights(sup: Any, p_row: Any, p_col: Any, weight: Any) -> Any:
    """Share of mu each product s t aims at: less than 1 where a cell cannot hold its share of mass.

    A cell holds at most sum_y min(p(t, y), p(s, y)). With equal products one whose capacity is
    1e-13 would need t = mu / 1e-13 on the way, far from where it ends.
    """
    for c in range(weight.size):
        capacity = 0.0
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            capacity += min(p_row[sup.row[e]], p_col[sup.col[e]])
        weight[c] = min(1.0, weight.size * capacity)


@inner_kernel
def evaluate(system: Any, point: Any, raise_slack: Any) -> Any:
    """Fill in what follows from (a, b, s, t); return the size of the residuals."""
    sup = system.sup
    softmax_cells(sup, point.a, point.b, point.pi, point.lse)
    merit = 0.0
    for c in range(point.s.size):
        if raise_slack:
            point.t[c] = max(point.t[c], -point.lse[c])
        point.dual_gap[c] = -point.lse[c] - point.t[c]
        merit += point.s[c] * abs(point.dual_gap[c])
    assign(point.row_gap, system.p_row)
    assign(point.col_gap, system.p_col)
    subtract_marginals(sup, point.s, point.pi, point.row_gap, point.col_gap)
    for i in range(point.row_gap.size):
        merit += abs(point.row_gap[i])
    for j in range(point.col_gap.size):
        merit += abs(point.col_gap[j])
    return merit


@inner_kernel
def _longest(x: Any, dx: Any) -> Any:
    """Largest alpha <= 1 with x + alpha dx >= 0."""
    alpha = 1.0
    for c in range(x.size):
        if x[c] + alpha * dx[c] < 0.0:
            alpha = -x[c] / dx[c]
    return alpha


@inner_kernel
def _step_length(point: Any, step: Any, fraction: Any) -> Any:
    longest = min(_longest(point.s, step.s), _longest(point.t, step.t))
    return 1.0 if longest >= 1.0 else fraction * longest


@inner_kernel
def _move(point: Any, step: Any, alpha: Any, to: Any) -> Any:
    for i in range(point.a.size):
        to.a[i] = point.a[i] + alpha * step.a[i]
    for j in range(point.b.size):
        to.b[j] = point.b[j] + alpha * step.b[j]
    for c in range(point.s.size):
        to.s[c] = max(point.s[c] + alpha * step.s[c], 1e-300)
        to.t[c] = max(point.t[c] + alpha * step.t[c], 1e-300)


@inner_kernel
def _complementarity(point: Any) -> Any:
    total = 0.0
    for c in range(point.s.size):
        total += point.s[c] * point.t[c]
    return total


@inner_kernel
def _products_after(point: Any, step: Any, alpha: Any) -> Any:
    total = 0.0
    for c in range(point.s.size):
        total += (point.s[c] + alpha * step.s[c]) * (point.t[c] + alpha * step.t[c])
    return total


@inner_kernel
def _target_after(mu: Any, s: Any, t: Any, target: Any) -> Any:
    """What s t lacks: mu, but for products far too small at most a tenfold rise."""
    for c in range(s.size):
        product = s[c] * t[c]
        target[c] = min(mu, 10.0 * product) - product


@inner_kernel
def _copy(point: Any, to: Any) -> Any:
    assign(to.a, point.a)
    assign(to.b, point.b)
    assign(to.s, point.s)
    assign(to.t, point.t)


@inner_kernel
def _add(extra: Any, alpha: Any, step: Any) -> Any:
    """Extra += alpha * step."""
    for i in range(extra.a.size):
        extra.a[i] += alpha * step.a[i]
    for j in range(extra.b.size):
        extra.b[j] += alpha * step.b[j]
    for c in range(extra.s.size):
        extra.s[c] += alpha * step.s[c]
        extra.t[c] += alpha * step.t[c]


@inner_kernel
def _find_step(
    system: Any, point: Any, options: Any, caution: Any, least: Any, fraction: Any, work: Any
) -> Any:
    """Predictor, corrector and nonlinear corrections with one factorisation.

    The direction ends up in ``work.step``; returns its length.

    The predictor aims at s t = 0 and tells how far to aim with the corrector. Each correction
    looks at the residuals where the step would end and mends them; it stays if the step does
    not get shorter.
    """
    n_cells = point.s.size
    products = _complementarity(point)
    mu = products / work.total_weight
    step, extra, trial, target = work.step, work.extra, work.trial, work.target
    aim, alpha = max(mu, least), 0.0
    centre = caution >= 1.0
    _copy(point, trial)
    assign(trial.row_gap, point.row_gap)
    assign(trial.col_gap, point.col_gap)
    assign(trial.dual_gap, point.dual_gap)
    for round_ in range(1 if centre else 0, 2 + options.n_corrections):
        if round_ > 1:
            _move(point, step, alpha, trial)
            evaluate(system, trial, False)
        for c in range(n_cells):
            product = trial.s[c] * trial.t[c]
            target[c] = min(aim * work.weight[c], 10.0 * product) - product
            if round_ == 0:
                target[c] = -product
            elif round_ == 1 and not centre:
                target[c] -= step.s[c] * step.t[c]
        newton_step(
            system, point.pi, point.s, point.t, work.k, 1e-2 * products, trial.row_gap,
            trial.col_gap, trial.dual_gap, target, extra,
        )  # fmt: skip
        if round_ > 1:
            _add(extra, alpha, step)
        longer = _step_length(point, extra, fraction)
        if round_ == 0:
            affine = _products_after(point, extra, longer) / work.total_weight
            aim = max((max(affine, 0.0) / mu) ** 3 * mu, least, caution * mu)
        elif round_ == 1:
            _copy(extra, work.plain)
        elif longer < alpha:
            break
        _copy(extra, step)
        alpha = longer
    return alpha


class Best(NamedTuple):
    """The best dual and the best primal point met so far, kept apart: any two make a gap."""

    a: NDArray[np.float64]
    b: NDArray[np.float64]
    q: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]


def new_best(sup: Any) -> Any:
    """Allocate; the bounds are -inf and inf."""
    rows, cols = sup.row_class.size, sup.col_class.size
    return Best(
        np.zeros(rows), np.zeros(cols), np.zeros(sup.row.size), -np.inf * np.ones(1),
        np.inf * np.ones(1),
    )  # fmt: skip


new_best_inner = inner_kernel(new_best)
"""`new_best` for kernels; for Python the plain function needs no compiling."""


@inner_kernel
def _certify(sup: Any, p_row: Any, p_col: Any, point: Any, best: Any, q: Any) -> Any:
    """Bound the optimum from both sides by the point; keep what is better."""
    lower = lower_bound(sup, p_row, p_col, point.a, point.b, point.lse)
    if lower > best.lower[0]:
        assign(best.a, point.a)
        assign(best.b, point.b)
        make_feasible(sup, p_row, p_col, best.a, best.b, point.lse)
        best.lower[0] = lower
    for c in range(point.s.size):
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            q[e] = point.s[c] * point.pi[e]
    round_to_marginals(sup, p_row, p_col, q)
    upper = primal_value(sup, q)
    if upper < best.upper[0]:
        assign(best.q, q)
        best.upper[0] = upper


class Options(NamedTuple):
    """What may be set; `tol` in nats."""

    tol: float
    max_iter: int
    n_corrections: int
    mu_floor: float
    floor: float


class Work(NamedTuple):
    """Room for one iteration."""

    step: Step
    plain: Step
    extra: Step
    trial: Point
    weight: NDArray[np.float64]
    total_weight: float
    k: NDArray[np.float64]
    target: NDArray[np.float64]
    q: NDArray[np.float64]


@inner_kernel
def _new_step(point: Any) -> Any:
    return Step(
        np.empty(point.a.size), np.empty(point.b.size), np.empty(point.s.size),
        np.empty(point.t.size),
    )  # fmt: skip


@inner_kernel
def _advance(
    system: Any, point: Any, options: Any, alpha: Any, fraction: Any, merit: Any, work: Any
) -> Any:
    """Walk along the step, shortened until the residuals allow it; returns (merit, cuts)."""
    trial = work.trial
    for cuts in range(_CUTS):
        _move(point, work.step, alpha, trial)
        new_merit = evaluate(system, trial, True)
        if new_merit <= max((1.0 - 0.1 * alpha) * merit, 5.0 * _complementarity(trial)):
            _copy(trial, point)
            assign(point.pi, trial.pi)
            assign(point.lse, trial.lse)
            assign(point.dual_gap, trial.dual_gap)
            assign(point.row_gap, trial.row_gap)
            assign(point.col_gap, trial.col_gap)
            return new_merit, cuts
        if cuts == _CUTS_OF_CORRECTED and options.n_corrections > 0:
            _copy(work.plain, work.step)
            alpha = _step_length(point, work.plain, fraction)
        else:
            alpha *= 0.6
    return merit, _CUTS


@inner_kernel
def with_floor(variable_class: Any, n_classes: Any, p: Any, floor: Any) -> Any:
    """Marginals plus `floor` in each class, spread over its variables, renormalised."""
    count = np.zeros(n_classes)
    for y in variable_class:
        count[y] += 1.0
    out = np.empty(p.size)
    for i in range(p.size):
        out[i] = (p[i] + floor / count[variable_class[i]]) / (1.0 + n_classes * floor)
    return out


@kernel
def solve(
    lib: Any,
    sup: Any,
    p_row: Any,
    p_col: Any,
    factor: Any,
    max_rounds: Any,
    options: Any,
    start: Any,
    best: Any,
) -> Any:
    """Run the method until `best` is good enough; returns iterations."""
    f_row = with_floor(sup.row_class, sup.n_classes, p_row, options.floor)
    f_col = with_floor(sup.col_class, sup.n_classes, p_col, options.floor)
    system = System(
        lib, sup, f_row, f_col, pinned_columns(sup, f_col), factor, max_rounds, new_room(sup)
    )
    point = new_point(sup)
    n_cells = point.s.size
    weight = np.empty(n_cells)
    capacity_weights(sup, f_row, f_col, weight)
    work = Work(
        _new_step(point), _new_step(point), _new_step(point), new_point(sup), weight,
        np.sum(weight), np.empty(n_cells), np.empty(n_cells), np.empty(sup.row.size),
    )  # fmt: skip
    if start.s.size == n_cells:
        warm_start(sup, p_row, p_col, start, weight, best, work.q, point)
    else:
        product_start(sup, f_row, f_col, point)
    idle, caution, least_products = 0, 0.0, np.inf
    merit = evaluate(system, point, True)
    for iteration in range(options.max_iter + 1):
        gap = best.upper[0] - best.lower[0]
        products = _complementarity(point)
        close = products < 100.0 * options.tol
        last = iteration == options.max_iter
        if close or last or iteration == 0:
            _certify(sup, p_row, p_col, point, best, work.q)
        new_gap = best.upper[0] - best.lower[0]
        better = new_gap < 0.9 * gap or products < 0.8 * least_products
        least_products = min(least_products, products)
        idle = idle + 1 if close and not better else 0
        if new_gap <= options.tol or idle > _STAGNANT or last:
            break
        for c in range(n_cells):
            work.k[c] = point.s[c] / point.t[c] - point.s[c]
        if not factorise(system, system.factor, point.pi, point.s, work.k):
            _certify(sup, p_row, p_col, point, best, work.q)
            break
        least = max(options.mu_floor * merit, 1e-3 * options.tol) / work.total_weight
        fraction = max(0.95, 1.0 - products)
        alpha = _find_step(system, point, options, caution, least, fraction, work)
        merit, cuts = _advance(system, point, options, alpha, fraction, merit, work)
        caution = min(1.0, 2.0 * max(caution, 0.2)) if cuts >= 3 else 0.3 * caution
    return iteration
