"""Many programs of one shape: tables, support and solve of each in compiled code."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pidtools._broja import interior_point, schur
from pidtools._broja.driver import ATTEMPTS, MAX_ROUNDS_SCHUR, one_blas_thread
from pidtools._broja.fortran import routines
from pidtools._broja.interior_point import Options
from pidtools._broja.jit import inner_kernel, kernel
from pidtools._broja.support import Start, build_support

Floats = NDArray[np.float64]

FIELDS = ("lower", "upper", "information_t", "information_s", "joint_information", "largest_dual")
"""Columns of the result: bounds on the union information and informations, in nats."""


def solve_many(pmfs: Floats, *, tol: float, max_iter: int, n_jobs: int | None) -> Floats:
    """Solve each pmf, shape (n, n_t, n_s, n_y), with the first attempt of the driver.

    Returns
    -------
    array, shape (n, len(FIELDS)); the members are solved one by one, so that it does not
    depend on `n_jobs`.
    """
    import joblib

    n_jobs = min(joblib.effective_n_jobs(n_jobs), len(pmfs))
    floor, n_corrections, mu_floor = ATTEMPTS[0]
    options = Options(tol, max_iter, n_corrections, mu_floor, floor)
    out = np.empty((len(pmfs), len(FIELDS)))
    edges = np.linspace(0, len(pmfs), n_jobs + 1).astype(int)
    with one_blas_thread():
        joblib.Parallel(n_jobs=n_jobs, require="sharedmem")(
            joblib.delayed(_solve_slice)(pmfs[i:j], options, out[i:j]) for i, j in pairwise(edges)
        )
    return out


def _solve_slice(pmfs: Floats, options: Options, out: Floats) -> None:
    _solve_all(routines(), pmfs, options, MAX_ROUNDS_SCHUR, out)


@kernel
def _solve_all(lib: Any, pmfs: Any, options: Any, max_rounds: Any, out: Any) -> Any:
    n_t, n_s, n_y = pmfs.shape[1:]
    p_ty, p_sy, p_y = np.empty((n_t, n_y)), np.empty((n_s, n_y)), np.empty(n_y)
    for member in range(pmfs.shape[0]):
        out[member, 4] = _tables(pmfs[member], p_ty, p_sy, p_y)
        out[member, 2] = _information(p_ty, p_y)
        out[member, 3] = _information(p_sy, p_y)
        _solve_one(lib, p_ty, p_sy, p_y, options, max_rounds, out[member])


@inner_kernel
def _tables(pmf: Any, p_ty: Any, p_sy: Any, p_y: Any) -> Any:
    """Write the marginals of one pmf; return its joint information in nats."""
    p_ty[:], p_sy[:], p_y[:] = 0.0, 0.0, 0.0
    for t in range(p_ty.shape[0]):
        for s in range(p_sy.shape[0]):
            for y in range(p_y.size):
                p_ty[t, y] += pmf[t, s, y]
                p_sy[s, y] += pmf[t, s, y]
                p_y[y] += pmf[t, s, y]
    information = 0.0
    for t in range(p_ty.shape[0]):
        for s in range(p_sy.shape[0]):
            mass = 0.0
            for y in range(p_y.size):
                mass += pmf[t, s, y]
            for y in range(p_y.size):
                if pmf[t, s, y] > 0.0:
                    information += pmf[t, s, y] * math.log(pmf[t, s, y] / mass / p_y[y])
    return information


@inner_kernel
def _information(table: Any, p_y: Any) -> Any:
    """Mutual information of a table over (x, y), in nats."""
    information = 0.0
    for x in range(table.shape[0]):
        mass = 0.0
        for y in range(p_y.size):
            mass += table[x, y]
        for y in range(p_y.size):
            if table[x, y] > 0.0:
                information += table[x, y] * math.log(table[x, y] / mass / p_y[y])
    return information


@inner_kernel
def _variables(table: Any, class_number: Any) -> Any:
    """Class, start and mass of the variables of a table, rows without mass left out."""
    classes = np.empty(table.size, np.uint32)
    mass = np.empty(table.size)
    start = np.zeros(table.shape[0] + 1, np.int64)
    n_rows, n_variables = 0, 0
    for x in range(table.shape[0]):
        for y in range(table.shape[1]):
            if table[x, y] > 0.0:
                classes[n_variables], mass[n_variables] = class_number[y], table[x, y]
                n_variables += 1
        if n_variables > start[n_rows]:
            n_rows += 1
            start[n_rows] = n_variables
    return classes[:n_variables].copy(), start[: n_rows + 1].copy(), mass[:n_variables].copy()


@inner_kernel
def _curve(classes: Any, start: Any, mass: Any, zeros: Any, ones: Any, first: Any) -> Any:
    """Append the vertices of one ROC curve after the origin, most class 1 first."""
    n_rows = start.size - 1
    step = np.zeros((n_rows + 1, 2))
    for x in range(n_rows):
        zero, one = 0.0, 0.0
        for i in range(start[x], start[x + 1]):
            if classes[i] == 0:
                zero = mass[i]
            else:
                one = mass[i]
        k = x
        while k > 0 and one * step[k - 1, 0] > step[k - 1, 1] * zero:
            step[k, 0], step[k, 1] = step[k - 1, 0], step[k - 1, 1]
            k -= 1
        step[k, 0], step[k, 1] = zero, one
    zero, one = 0.0, 0.0
    for x in range(n_rows):
        zero += step[x, 0]
        one += step[x, 1]
        zeros[first + x], ones[first + x] = zero, one
    return first + n_rows


@inner_kernel
def _two_classes(t_class: Any, t_start: Any, p_t: Any, s_class: Any, s_start: Any, p_s: Any) -> Any:
    """The closed form of `hull`: sum j log(j / j(k)) over the edges of the joint hull, in nats."""
    n_points = t_start.size + s_start.size - 1
    x, y = np.zeros(n_points), np.zeros(n_points)
    end = _curve(t_class, t_start, p_t, x, y, 1)
    n_points = _curve(s_class, s_start, p_s, x, y, end)
    # Both curves end at the class marginals; rounding must not part them.
    for i in range(1, n_points):
        x[i], y[i] = min(x[i], x[end - 1]), min(y[i], y[end - 1])
    x[n_points - 1], y[n_points - 1] = x[end - 1], y[end - 1]
    for i in range(1, n_points):
        a, b, k = x[i], y[i], i
        while k > 0 and (x[k - 1] > a or (x[k - 1] == a and y[k - 1] > b)):
            x[k], y[k] = x[k - 1], y[k - 1]
            k -= 1
        x[k], y[k] = a, b
    n_hull = 1
    for i in range(1, n_points):
        while n_hull > 1:
            dx, dy = x[n_hull - 1] - x[n_hull - 2], y[n_hull - 1] - y[n_hull - 2]
            if dx * (y[i] - y[n_hull - 2]) - dy * (x[i] - x[n_hull - 2]) < 0.0:
                break
            n_hull -= 1
        x[n_hull], y[n_hull] = x[i], y[i]
        n_hull += 1
    value = 0.0
    for i in range(1, n_hull):
        zero, one = max(x[i] - x[i - 1], 0.0), max(y[i] - y[i - 1], 0.0)
        if zero > 0.0:
            value += zero * math.log(zero / (zero + one))
        if one > 0.0:
            value += one * math.log(one / (zero + one))
    return value


@inner_kernel
def _solve_one(
    lib: Any, p_ty: Any, p_sy: Any, p_y: Any, options: Any, max_rounds: Any, out: Any
) -> Any:
    class_number = np.zeros(p_y.size, np.uint32)
    n_classes = 0
    entropy = 0.0
    for y in range(p_y.size):
        if p_y[y] > 0.0:
            class_number[y] = n_classes
            n_classes += 1
            entropy -= p_y[y] * math.log(p_y[y])
    t_class, t_start, p_t = _variables(p_ty, class_number)
    s_class, s_start, p_s = _variables(p_sy, class_number)
    if n_classes == 1 or t_start.size == 2 or s_start.size == 2:
        out[0] = out[1] = max(out[2], out[3])
        out[5] = 0.0
        return
    if n_classes == 2:
        value = _two_classes(t_class, t_start, p_t, s_class, s_start, p_s)
        out[0] = out[1] = entropy + value
        out[5] = t_class.size + s_class.size
        return
    if t_class.size < s_class.size:
        t_class, t_start, p_t, s_class, s_start, p_s = s_class, s_start, p_s, t_class, t_start, p_t
    sup = build_support(t_class, t_start, s_class, s_start, n_classes)
    best = interior_point.new_best_inner(sup)
    none = np.empty(0)
    start = Start(none, none, none)
    factor = schur.workspace_inner(sup)
    interior_point.solve(lib, sup, p_t, p_s, factor, max_rounds, options, start, best)
    out[0], out[1] = entropy + best.lower[0], entropy + best.upper[0]
    out[5] = 0.0
    for i in range(best.a.size):
        out[5] = max(out[5], abs(best.a[i]))
    for j in range(best.b.size):
        out[5] = max(out[5], abs(best.b[j]))
