"""The BROJA partial information decomposition of pmfs: public doors to the solvers."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from pidtools import _validate, _warnings
from pidtools._broja.union import ROUNDING, Options, Union, union_of
from pidtools._information import mutual_information_of_cells, mutual_information_of_table
from pidtools._result import (
    NATS_PER_BIT,
    PID,
    UNITS,
    Duals,
    Outcome,
    PIDBatch,
    Units,
)
from pidtools._types import Floats

if TYPE_CHECKING:
    from scipy.sparse import coo_array


@_warnings.quiet
def broja(
    pmf: ArrayLike | coo_array,
    *,
    solver: str = "auto",
    tol: float = 1e-9,
    max_iter: int = 100,
    units: Units = "bits",
    keep_q: bool = False,
    keep_duals: bool = False,
    start: Duals | None = None,
) -> PID:
    r"""BROJA partial information decomposition of a joint pmf, with a certificate.

    Among all q with the pair marginals q(t, y) = p(t, y) and q(s, y) = p(s, y), the least
    I_q(Y; T, S) is the union information, from which the atoms follow [1]_.

    Parameters
    ----------
    pmf : array_like or scipy.sparse.coo_array, shape (n_t, n_s, n_y)
        Joint probabilities ``pmf[t, s, y]``: at least 0, summing to 1; a cell that rounding left
        below 0, by 1e-12 at most (1e-6 in single precision), is empty. As a sparse array of
        three axes, for many classes of which each has few cells; codes with counts are
        ``coo_array((counts / counts.sum(), (t, s, y)), shape=(n_t, n_s, n_y))``.
    solver : {"auto", "scaling", "cvxpy"}
        "auto" takes the closed form where there is one (two classes, or a source that knows
        nothing of the target), otherwise an interior point on the dual, or scaling where `tol` is
        loose and that is quicker. "scaling" is slower for many digits, but needs only about
        20 numbers for each pair (t, s) and 5 for each (t, s, y) in the support. "cvxpy" is
        the independent reference: an exponential-cone program solved by Clarabel.
    tol : float
        Largest certified gap, in bits, that passes without a warning.
    max_iter : int
        Limit on the solver's iterations.
    units : {"bits", "nats"}
        Unit of the result.
    keep_q : bool
        Whether to return an optimal q as well.
    keep_duals : bool
        Whether to return the duals of the optimum as well.
    start : Duals or None
        Duals of a neighbouring problem of the same shape (a resample, the next epoch) to
        start from, the `duals` of its `PID`. They change the time, never the certificate.

    Returns
    -------
    PID
        All four atoms, `gap` (a proved bound on their error) and `outcome`.

    Warns
    -----
    PIDWarning
        If the certified gap is above `tol`; the result carries the gap and the outcome.

    Raises
    ------
    ValueError, TypeError
        If `pmf` is not a pmf with three axes, or an option is not one of its choices.
    PIDError
        If the solver returned no point at all.
    MemoryError
        If the interior point would not fit in the memory that is free.
    ImportError
        If ``solver="cvxpy"`` and cvxpy is not installed; nothing else needs it.

    Notes
    -----
    Where a tenth or more of the entries of the pair tables are negligible, whose mass together is
    below a thousandth of `tol`, they are left out and the gap holds what that can change, unless
    a solver is named or its coupling or duals are asked for.

    With n_ty and n_sy positive cells in the pair tables, the interior point holds
    ``8 (n_ty n_sy + min(n_ty, n_sy)**2)`` bytes and ``40 n_tsy + 180 n_ts`` for the triples
    (t, s, y) and pairs (t, s) of the support; where classes are many it takes a way that holds
    ``8 sum_y (n_ty + n_sy)**2`` of the cells of each class instead, the square of the number of
    pairs (t, s) in use, and ``64 n_tsy + 180 n_ts``.

    Where the support has more than 2**26 triples, or more than 2**20 and `tol` is 1e-5 or more,
    it is not listed: scaling and its certificate are then products of matrices in about
    ``100 n_ts + 150 (n_t + n_s) n_y`` bytes, an iteration is twenty sweeps, and the gap falls
    about like one over their number (to 1e-3 bits in several hundred). 900 by 900 cells of 300
    classes take ten seconds. Not where a solver is named, its coupling is asked for or
    duals are given.

    The first solve on a machine compiles (ten seconds or so); what it compiled is kept beside
    the package or, where that is read-only, in the user's cache folder or, where there is none
    either, in a folder of the user's own among the temporary files.

    See Also
    --------
    broja_from_pairs : The same from the two pair tables, without synergy.

    References
    ----------
    .. [1] N. Bertschinger, J. Rauh, E. Olbrich, J. Jost, N. Ay, "Quantifying unique
       information", Entropy 16 (2014) 2161-2183, equations (5) to (9).

    Examples
    --------
    Two independent bits and their AND:

    >>> import numpy as np
    >>> import pidtools as pt
    >>> pmf = np.zeros((2, 2, 2))
    >>> for t in (0, 1):
    ...     for s in (0, 1):
    ...         pmf[t, s, t & s] = 1 / 4
    >>> pid = pt.broja(pmf)
    >>> round(pid.redundancy, 6), round(pid.unique_t, 6), round(pid.synergy, 6)
    (0.311278, 0.0, 0.5)
    """
    options = Options(solver, tol, max_iter, keep_q, keep_duals, start).checked()
    _validate.check_choice(units, "units", UNITS)
    p = _checked(pmf)
    p_ty, p_sy = _validate.match_class_marginals(*_tables(p))
    return _decompose(p_ty, p_sy, p, options, units)


@_warnings.quiet
def broja_from_pairs(
    p_ty: ArrayLike,
    p_sy: ArrayLike,
    *,
    solver: str = "auto",
    tol: float = 1e-9,
    max_iter: int = 100,
    units: Units = "bits",
    keep_q: bool = False,
    keep_duals: bool = False,
    start: Duals | None = None,
) -> PID:
    """BROJA redundancy and unique informations from the two pair tables alone.

    The union information depends on the pairs (T, Y) and (S, Y) only; the synergy, which
    needs the triple, is None. Pair tables are far better estimated than triples.

    Parameters
    ----------
    p_ty, p_sy : array_like, shapes (n_t, n_y) and (n_s, n_y)
        Joint pmfs of (T, Y) and (S, Y) with the same class marginals.
    solver, tol, max_iter, units, keep_q, keep_duals, start
        As in `broja`.

    Returns
    -------
    PID
        With ``synergy=None``.

    Warns
    -----
    PIDWarning
        If the certified gap is above `tol`.

    Raises
    ------
    ValueError, TypeError
        If a table is not a pmf with two axes, or the class marginals differ.
    PIDError
        If the solver returned no point at all.

    Examples
    --------
    The teacher knows the label, the student a noisy copy:

    >>> import pidtools as pt
    >>> pid = pt.broja_from_pairs([[0.5, 0.0], [0.0, 0.5]], [[0.45, 0.05], [0.05, 0.45]])
    >>> round(pid.unique_t, 6), round(pid.redundancy, 6), round(pid.unique_s, 6)
    (0.468996, 0.531004, 0.0)
    """
    options = Options(solver, tol, max_iter, keep_q, keep_duals, start).checked()
    _validate.check_choice(units, "units", UNITS)
    pair_t, pair_s = _validate.check_pair_tables(p_ty, p_sy)
    return _decompose(pair_t, pair_s, None, options, units)


@_warnings.quiet
def broja_batch(
    pmfs: ArrayLike,
    *,
    tol: float = 1e-9,
    max_iter: int = 100,
    units: Units = "bits",
    n_jobs: int | None = None,
) -> PIDBatch:
    """BROJA decompositions of many pmfs of one shape, each with its certificate.

    For small alphabets this is hundreds of times faster than a loop over `broja`: the whole
    of each solve is compiled code.

    Parameters
    ----------
    pmfs : array_like, shape (n, n_t, n_s, n_y)
        Joint probabilities ``pmfs[k, t, s, y]``; every member sums to 1.
    tol, max_iter, units
        As in `broja`.
    n_jobs : int or None
        Threads, as in joblib. The result does not depend on it.

    Returns
    -------
    PIDBatch
        Arrays of length n.

    Warns
    -----
    PIDWarning
        If the certified gap of some member is above `tol`.

    Raises
    ------
    ValueError, TypeError
        If `pmfs` is not a stack of pmfs, or an option is not one of its choices.

    Examples
    --------
    >>> import numpy as np
    >>> import pidtools as pt
    >>> xor = np.zeros((2, 2, 2))
    >>> for t in (0, 1):
    ...     for s in (0, 1):
    ...         xor[t, s, t ^ s] = 1 / 4
    >>> pt.broja_batch([xor, np.full((2, 2, 2), 1 / 8)]).synergy.round(6)
    array([1., 0.])
    """
    from pidtools._broja import batch

    p = _validate.check_pmfs(pmfs)
    _validate.check_choice(units, "units", UNITS)
    tol = _validate.check_tolerance(tol, "tol")
    max_iter = _validate.check_integer(max_iter, "max_iter", minimum=1)
    _validate.check_n_jobs(n_jobs)
    fields = batch.solve_many(p, tol=0.5 * tol * NATS_PER_BIT, max_iter=max_iter, n_jobs=n_jobs)
    result = _batch_atoms(p, fields, tol, max_iter)
    n_wide = int((result.gap > tol).sum())
    if n_wide:
        _warnings.warn(
            f"{n_wide} of {len(p)} members have a certified gap above tol, the widest "
            f"{result.gap.max():.2g} bits; tol is {tol:.2g} bits."
        )
    return result.in_units(units)


def _checked(pmf: Any) -> Floats | coo_array:
    # Who hands in a sparse array has loaded the module.
    sparse = sys.modules.get("scipy.sparse")
    if sparse is not None and sparse.issparse(pmf):
        return _validate.check_sparse_pmf(pmf)
    return _validate.check_pmf(pmf, axes=("t", "s", "y"))


def _tables(p: Floats | coo_array) -> tuple[Floats, Floats]:
    """Pair tables of a pmf; of a sparse one the cube is never formed."""
    if isinstance(p, np.ndarray):
        return p.sum(axis=1), p.sum(axis=0)
    (t, s, y), (n_t, n_s, n_y) = p.coords, p.shape
    p_ty, p_sy = np.zeros((n_t, n_y)), np.zeros((n_s, n_y))
    np.add.at(p_ty, (t, y), p.data)
    np.add.at(p_sy, (s, y), p.data)
    return p_ty, p_sy


def _joint_information(p: Floats | coo_array) -> float:
    """I(Y; T, S) in bits."""
    if isinstance(p, np.ndarray):
        return mutual_information_of_table(p.reshape(-1, p.shape[2]))
    (t, s, y), (_, n_s, n_y) = p.coords, p.shape
    cell = np.unique(t * n_s + s, return_inverse=True)[1]
    mass, p_y = np.bincount(cell, p.data)[cell], np.bincount(y, p.data, n_y)[y]
    return mutual_information_of_cells(p.data, mass, p_y)


def _decompose(
    p_ty: Floats,
    p_sy: Floats,
    pmf: Floats | coo_array | None,
    options: Options,
    units: Units,
) -> PID:
    union = union_of(p_ty, p_sy, options)
    i_t, i_s = mutual_information_of_table(p_ty), mutual_information_of_table(p_sy)
    joint_information = None if pmf is None else _joint_information(pmf)
    pid = _atoms(union, i_t, i_s, joint_information, options.tol)
    if pid.gap > options.tol:
        _warnings.warn(
            f"{pid.outcome.value} The atoms are within {pid.gap:.2g} bits of the optimum; tol is "
            f"{options.tol:.2g} bits."
        )
    return pid.in_units(units)


def _atoms(
    union: Union, i_t: float, i_s: float, joint_information: float | None, tol: float
) -> PID:
    """Atoms from the feasible value of the union."""
    joint = np.inf if joint_information is None else joint_information
    upper, gap = map(float, _tightened(union.lower, union.upper, i_t, i_s, joint))
    gap += union.rounding
    outcome = union.outcome
    if outcome in (Outcome.inaccurate, Outcome.iteration_limit) and gap <= tol:
        outcome = Outcome.optimal
    pid = PID.of_union(
        upper,
        i_t,
        i_s,
        synergy=None if joint_information is None else max(joint_information - upper, 0.0),
        gap=gap,
        outcome=outcome,
        q=union.q,
        duals=union.duals,
    )
    return pid if pid.redundancy >= 0 else dataclasses.replace(pid, redundancy=0.0)


def _tightened(lower: Any, upper: Any, i_t: Any, i_s: Any, joint: Any) -> tuple[Any, Any]:
    """Upper end and width of bounds on the union, within what holds for every pmf."""
    least = np.maximum(i_t, i_s)
    upper = np.maximum(np.minimum(np.minimum(upper, i_t + i_s), joint), least)
    return upper, np.maximum(upper - np.maximum(lower, least), 0.0)


def _batch_atoms(p: Floats, fields: Floats, tol: float, max_iter: int) -> PIDBatch:
    """Atoms of all members as in `_atoms`; members not solved in one go are solved alone."""
    lower, upper, i_t, i_s, joint, largest_dual = fields.T / NATS_PER_BIT
    upper, gap = _tightened(lower, upper, i_t, i_s, joint)
    gap += ROUNDING * (1.0 + NATS_PER_BIT * largest_dual)
    atoms = np.stack(
        [np.maximum(i_t + i_s - upper, 0.0), upper - i_s, upper - i_t,
         np.maximum(joint - upper, 0.0), gap]
    )  # fmt: skip
    outcomes = np.full(len(p), Outcome.optimal, dtype=object)
    for k in np.nonzero(~(gap <= tol))[0]:
        pid = _quietly(p[k], tol, max_iter)
        atoms[:, k] = pid.redundancy, pid.unique_t, pid.unique_s, pid.synergy, pid.gap
        outcomes[k] = pid.outcome
    return PIDBatch(
        redundancy=atoms[0], unique_t=atoms[1], unique_s=atoms[2], synergy=atoms[3],
        gap=atoms[4], outcomes=outcomes,
    )  # fmt: skip


def _quietly(pmf: Floats, tol: float, max_iter: int) -> PID:
    with _warnings.collecting():
        return broja(pmf, tol=tol, max_iter=max_iter)
