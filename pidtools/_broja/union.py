"""The union information of two pair tables: reduced, then by whichever solver suits them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pidtools import _validate
from pidtools._broja import hull
from pidtools._broja.negligible import without_negligible
from pidtools._broja.reduction import Reduction, lift, lift_duals, reduce_tables, reduced_start
from pidtools._information import entropy, mutual_information_of_table
from pidtools._result import (
    NATS_PER_BIT,
    Duals,
    Outcome,
)
from pidtools._types import Floats

if TYPE_CHECKING:
    from scipy.sparse import coo_array

    from pidtools._broja.program import Program, Solution


SOLVERS = ("auto", "scaling", "cvxpy")

# Sums here have fewer than 2**50 terms and are summed pairwise; 32 eps per bit of information
# covers them, the rounding of the input cells included.
ROUNDING = 32 * float(np.finfo(np.float64).eps)

# Entries of the support from which on they are no longer listed: where the tolerance is as loose
# as that, in bits, products of matrices are quicker; where it is tight, 40 bytes an entry are dear.
LOOSE, DENSE_LOOSE, DENSE = 1e-5, 2**20, 2**26


@dataclass(frozen=True)
class Union:
    """Bounds on the union information, in bits, and how they were reached."""

    lower: float
    upper: float
    rounding: float
    outcome: Outcome
    q: coo_array | None = None
    duals: Duals | None = None


@dataclass(frozen=True)
class Options:
    """What the solvers are asked for; `tol` in bits."""

    solver: str
    tol: float
    max_iter: int
    keep_q: bool
    keep_duals: bool
    start: Duals | None

    @property
    def only_the_value(self) -> bool:
        """Whether nothing is asked of the coupling or the duals, nor of a solver by name."""
        return self.solver == "auto" and not (self.keep_q or self.keep_duals or self.start)

    def checked(self) -> Options:
        """Refuse what is not an option."""
        _validate.check_choice(self.solver, "solver", SOLVERS)
        if self.start is not None and not isinstance(self.start, Duals):
            raise TypeError(
                f"start must be the duals of a PID; got {type(self.start).__name__}. Solve the "
                "neighbouring problem with keep_duals=True and pass its pid.duals."
            )
        return dataclasses.replace(
            self,
            tol=_validate.check_tolerance(self.tol, "tol"),
            max_iter=_validate.check_integer(self.max_iter, "max_iter", minimum=1),
        )


def union_of(p_ty: Floats, p_sy: Floats, options: Options) -> Union:
    """The least I(Y; T, S) that the two tables allow, in bits."""
    if options.start is not None:
        _check_start(options.start, p_ty.shape, p_sy.shape)
    if p_ty.shape[1] > 2 and options.only_the_value:
        pair_t, pair_s, moved = without_negligible(p_ty, p_sy, options.tol)
        if moved:
            rest = dataclasses.replace(options, tol=options.tol - 2 * moved)
            union = _union_of_tables(pair_t, pair_s, rest)
            return dataclasses.replace(union, lower=union.lower - moved, upper=union.upper + moved)
    return _union_of_tables(p_ty, p_sy, options)


def _check_start(start: Duals, *shapes: tuple[int, ...]) -> None:
    found = start.t_y.shape, start.s_y.shape
    if found != shapes:
        raise ValueError(
            f"start must have the shapes of the tables, {shapes[0]} and {shapes[1]}; got "
            f"{found[0]} and {found[1]}."
        )


def _union_of_tables(p_ty: Floats, p_sy: Floats, options: Options) -> Union:
    reduced = reduce_tables(p_ty, p_sy)
    n_t, n_s, n_y = len(reduced.p_ty), len(reduced.p_sy), reduced.p_ty.shape[1]
    if min(n_t, n_s) == 1:
        union = _one_source(reduced, p_ty, p_sy, options)
    elif n_y == 2 and options.solver == "auto":
        union = _two_classes(reduced, p_ty, p_sy, options)
    elif options.solver == "auto" and _is_dense(reduced, options):
        union = _many_cells(reduced, p_ty, p_sy, options)
    else:
        union = _many_classes(reduced, p_ty, p_sy, options)
    if union.q is None:
        return union
    return dataclasses.replace(union, q=lift(union.q, reduced, p_ty, p_sy))


def _one_source(reduced: Reduction, p_ty: Floats, p_sy: Floats, options: Options) -> Union:
    """One source knows nothing of the target, so the union is what the other knows."""
    from scipy.sparse import coo_array

    i_t = mutual_information_of_table(reduced.p_ty)
    i_s = mutual_information_of_table(reduced.p_sy)
    value, q, duals = max(i_t, i_s), None, None
    if options.keep_q:
        q = coo_array(reduced.p_ty[:, None, :] * (reduced.p_sy / reduced.p_sy.sum(axis=0)))
    if options.keep_duals:
        masses = [table.sum(axis=1) for table in (reduced.p_ty, reduced.p_sy)]
        with np.errstate(divide="ignore"):
            a = np.log(reduced.p_ty / masses[0][:, None])
            b = np.log(reduced.p_sy / masses[1][:, None])
        known = (a, np.zeros_like(b)) if len(reduced.p_sy) == 1 else (np.zeros_like(a), b)
        cells = coo_array(np.outer(*masses) / masses[0].sum())
        duals = lift_duals(*known, cells, reduced, p_ty, p_sy)
    return Union(value, value, _rounding(value), Outcome.trivial, q, duals)


def _two_classes(reduced: Reduction, p_ty: Floats, p_sy: Floats, options: Options) -> Union:
    joined = hull.join(reduced.p_ty, reduced.p_sy)
    value = mutual_information_of_table(joined, reduced.p_ty.sum(axis=0))
    q, duals = None, None
    if options.keep_q or options.keep_duals:
        found = hull.optimal_q(reduced.p_ty, reduced.p_sy, joined)
        q = found if options.keep_q else None
        if options.keep_duals:
            a, b = hull.duals(reduced.p_ty, reduced.p_sy)
            duals = lift_duals(a, b, _cells_of(found), reduced, p_ty, p_sy)
    # The running sums of the ROC curves add one rounding a vertex.
    vertices = len(reduced.p_ty) + len(reduced.p_sy)
    rounding = _rounding(value, vertices)
    return Union(value, value, rounding, Outcome.closed_form, q, duals)


def _cells_of(q: coo_array) -> coo_array:
    """Mass of each cell (t, s) of a coupling."""
    from scipy.sparse import coo_array

    t, s, _ = q.coords
    cells = coo_array((q.data, (t, s)), shape=q.shape[:2])
    cells.sum_duplicates()
    return cells


def _is_dense(reduced: Reduction, options: Options) -> bool:
    """Whether the support has more entries than should be listed one by one."""
    if options.keep_q or options.start:
        return False
    n_entries = int(np.count_nonzero(reduced.p_ty, axis=0) @ np.count_nonzero(reduced.p_sy, axis=0))
    return n_entries > (DENSE_LOOSE if options.tol >= LOOSE else DENSE)


def _many_cells(reduced: Reduction, p_ty: Floats, p_sy: Floats, options: Options) -> Union:
    from scipy.sparse import coo_array

    from pidtools._broja import dense

    tol = options.tol * NATS_PER_BIT
    bounds, used = dense.solve(reduced.p_ty, reduced.p_sy, tol=tol, max_iter=options.max_iter)
    h_y = entropy(reduced.p_ty.sum(axis=0))
    lower, upper = h_y + bounds.lower / NATS_PER_BIT, h_y + bounds.upper / NATS_PER_BIT
    # Products of matrices add up along classes one by one.
    rounding = _rounding(bounds.largest_dual, reduced.p_ty.shape[1])
    limited = used >= options.max_iter
    outcome = Outcome.iteration_limit if limited else Outcome.inaccurate
    duals = None
    if options.keep_duals:
        a, b, cells = bounds.duals()
        duals = lift_duals(a, b, coo_array(cells), reduced, p_ty, p_sy)
    return Union(lower, upper, rounding, outcome, duals=duals)


def _many_classes(reduced: Reduction, p_ty: Floats, p_sy: Floats, options: Options) -> Union:
    # Compiled code is loaded by those who need it.
    from pidtools._broja.program import program_of

    program = program_of(reduced.p_ty, reduced.p_sy)
    solution = _solve(program, reduced, p_ty, options)
    h_y = entropy(reduced.p_ty.sum(axis=0))
    lower, upper = h_y + solution.lower / NATS_PER_BIT, h_y + solution.upper / NATS_PER_BIT
    limited = solution.iterations >= options.max_iter
    largest_dual = float(np.abs(solution.a).max() + np.abs(solution.b).max())
    return Union(
        lower,
        upper,
        _rounding(largest_dual),
        Outcome.iteration_limit if limited else Outcome.inaccurate,
        program.coupling(solution.q) if options.keep_q else None,
        _duals(program, solution, reduced, p_ty, p_sy) if options.keep_duals else None,
    )


def _duals(
    program: Program, solution: Solution, reduced: Reduction, p_ty: Floats, p_sy: Floats
) -> Duals:
    a, b = program.tables(solution.a, solution.b)
    return lift_duals(a, b, program.cell_totals(solution.q), reduced, p_ty, p_sy)


def _solve(program: Program, reduced: Reduction, p_ty: Floats, options: Options) -> Solution:
    # Half of a tight tolerance is left for rounding, which is nothing beside a loose one.
    tol = (options.tol - min(0.5 * options.tol, 1e-7)) * NATS_PER_BIT
    if options.solver == "cvxpy":
        from pidtools._broja import conic

        return conic.solve(program, max_iter=options.max_iter)
    from pidtools._broja import driver

    start = None
    if options.start is not None:
        start = reduced_start(program, options.start, reduced, p_ty)
    scaling = options.solver == "scaling"
    return driver.solve(program, tol=tol, max_iter=options.max_iter, start=start, scaling=scaling)


def _rounding(scale: float, n_steps: int = 0) -> float:
    """Bound in bits on the rounding of sums whose terms are of that size together."""
    return ROUNDING * (1.0 + abs(scale)) + n_steps * float(np.finfo(np.float64).eps)
