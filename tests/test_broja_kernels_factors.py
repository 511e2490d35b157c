"""Both factorisations against the dense matrices that they stand for."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from broja_runs import ALGEBRAS, IRREGULAR, Run, at_a_point, low_rank, schur, schur_by_blas, tables
from numpy.typing import NDArray

from pidtools._broja.kernels.headers import SUCCEEDED, LowRank
from pidtools._broja.roster import LOW_RANK, SCHUR
from pidtools._types import Floats

BY_ELIMINATION = {"loops": schur, "BLAS": schur_by_blas}


def applied(new: Run, kernels: Any, seed: int = 3) -> tuple[Floats, Floats]:
    """A random right-hand side and what the preconditioner makes of it."""
    room, rng = new.problem.room, np.random.default_rng(seed)
    room.row_rhs[:], room.col_rhs[:] = (rng.normal(size=len(x)) for x in (room.row, room.col))
    rhs = np.concatenate([room.row_rhs, room.col_rhs])
    new.call(kernels[1])
    assert np.array_equal(rhs, np.concatenate([room.row_rhs, room.col_rhs]))
    return rhs, np.concatenate([room.row, room.col])


def solved(new: Run, H: Floats, rhs: Floats) -> Floats:
    """Solution with the pinned columns held at 0."""
    out, free = np.zeros_like(rhs), new.free()
    out[free] = np.linalg.solve(H[np.ix_(free, free)], rhs[free])
    return out


# --- the Schur complement -----------------------------------------------------------------


@pytest.mark.parametrize("has", IRREGULAR)
@pytest.mark.parametrize("way", BY_ELIMINATION)
def test_elimination_inverts_the_matrix(way: str, has: tuple[str, str]) -> None:
    for seed in range(2):
        new = at_a_point(*tables(*has), BY_ELIMINATION[way], seed)
        new.call(SCHUR[0])
        assert new.run.flags[SUCCEEDED] == 1
        rhs, x = applied(new, SCHUR)
        np.testing.assert_allclose(x, solved(new, new.hessian(), rhs), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("way", BY_ELIMINATION)
def test_factors_are_those_of_the_blocks_and_of_the_complement(way: str) -> None:
    new = at_a_point(*tables(*IRREGULAR[1]), BY_ELIMINATION[way])
    new.call(SCHUR[0])
    factor: Any = new.run.factor
    work, sup, H = factor.fields, new.sup, new.hessian()
    n, start, by_hand = sup.n_rows, 0, way == "loops"
    aa, ab = np.zeros((n, n)), H[:n, n:]
    for first, last in itertools.pairwise(sup.row_start):
        aa[first:last, first:last] = H[first:last, first:last]
        L = np.linalg.cholesky(H[first:last, first:last])
        width = last - first
        block = work.blocks[start : start + width**2].reshape(width, width)
        np.testing.assert_allclose(np.tril(block, -1), np.tril(L, -1), rtol=1e-11, atol=1e-14)
        np.testing.assert_allclose(np.diag(block), 1 / np.diag(L), rtol=1e-11)
        start += width**2
    assert not (H[:n, :n] - aa).any()
    S = H[n:, n:] - ab.T @ np.linalg.solve(aa, ab)
    pinned = new.run.pinned.astype(bool)
    S[pinned] = S[:, pinned] = 0.0
    S[pinned, pinned] = 1.0
    below = work.complement.reshape(len(S), len(S))
    L = np.linalg.cholesky(S)
    np.testing.assert_allclose(np.tril(below, -1), np.tril(L, -1), rtol=1e-9, atol=1e-12)
    diagonal = 1 / np.diag(L) if by_hand else np.diag(L)
    np.testing.assert_allclose(np.diag(below), diagonal, rtol=1e-10)


@pytest.mark.parametrize("way", BY_ELIMINATION)
@pytest.mark.parametrize("lack", [3e-12, 3e-9, 3e-7])
def test_the_diagonal_is_raised_as_far_as_it_takes(way: str, lack: float) -> None:
    """A cell whose k is a little below -s has a negative direction."""
    new = at_a_point(*tables(*IRREGULAR[3]), BY_ELIMINATION[way])
    new.run.k[:] = -new.run.point.s * (1.0 + lack)
    new.call(SCHUR[0])
    assert new.run.flags[SUCCEEDED] == 1
    H = new.hessian()
    tried = (_raised(H, 10.0**-power) for power in range(14, 4, -1))
    raised = next(matrix for matrix in tried if _positive(matrix, new))
    rhs, x = applied(new, SCHUR)
    np.testing.assert_allclose(x, solved(new, raised, rhs), rtol=1e-3)


def _raised(H: Floats, relative: float) -> Floats:
    return H + np.diag(relative * np.diag(H))


def _positive(H: Floats, new: Run) -> bool:
    free = new.free()
    return bool(np.linalg.eigvalsh(H[np.ix_(free, free)]).min() > 0)


@pytest.mark.parametrize("way", BY_ELIMINATION)
@pytest.mark.parametrize("lack", [1e-3, 0.05, 2.0])
def test_a_matrix_that_is_not_positive_is_told(way: str, lack: float) -> None:
    new = at_a_point(*tables(*IRREGULAR[3]), BY_ELIMINATION[way])
    new.run.k[:] = -(1.0 + lack) * new.run.point.s
    new.call(SCHUR[0])
    assert new.run.flags[SUCCEEDED] == 0


# --- class by class -----------------------------------------------------------------------


def laplacians(new: Run) -> Floats:
    """What each class contributes on its own: the matrix of k = 0."""
    formulas, point = new.formulas, new.run.point
    return formulas.hessian(point.s, np.zeros(new.sup.n_cells), point.pi)


def relevance(new: Run) -> Floats:
    W = np.zeros_like(laplacians(new))
    free = new.free()
    W[np.ix_(free, free)] = np.linalg.inv(laplacians(new)[np.ix_(free, free)])
    # A cell's vector, class by class: W has no element between classes.
    U = new.formulas.A @ (new.formulas.of_cell * new.run.point.pi).T
    size: Floats = new.run.k * np.einsum("ic,ij,jc->c", U, W, U)
    return size


def chosen(new: Run, max_terms: int) -> NDArray[np.intp]:
    """Cells above the least of the thresholds 1e-3 1.5^j that not too many are above."""
    size, threshold = relevance(new), 1e-3
    while np.sum(size > threshold) > max_terms:
        threshold *= 1.5
    return np.flatnonzero(size > threshold)


@pytest.mark.parametrize("has", IRREGULAR)
@pytest.mark.parametrize("max_terms", [99, 4, 2, 1])
def test_the_terms_that_matter_are_added(has: tuple[str, str], max_terms: int) -> None:
    for seed in range(2):
        new = at_a_point(*tables(*has), low_rank(max_terms), seed)
        new.run.k[::3] = 1e-6
        new.run.k[1::7] *= -0.01
        new.call(LOW_RANK[0])
        assert new.run.flags[SUCCEEDED] == 1
        active = work_of(new).active
        terms = chosen(new, max_terms)
        assert active[0] == len(terms)
        assert list(active[1 : 1 + len(terms)]) == list(terms)
        rhs, x = applied(new, LOW_RANK)
        k = np.zeros(new.sup.n_cells)
        k[terms] = new.run.k[terms]
        H = new.formulas.hessian(new.run.point.s, k, new.run.point.pi)
        np.testing.assert_allclose(x, solved(new, H, rhs), rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(work_of(new).relevance, relevance(new), rtol=1e-9, atol=1e-12)


def work_of(new: Run) -> LowRank:
    work = new.run.factor.fields  # type: ignore[union-attr]
    assert isinstance(work, LowRank)
    return work


def test_without_a_term_that_matters_there_are_the_classes_alone() -> None:
    new = at_a_point(*tables(*IRREGULAR[1]), low_rank())
    new.run.k[:] = 1e-9
    new.call(LOW_RANK[0])
    assert new.run.flags[SUCCEEDED] == 1
    assert work_of(new).active[0] == 0
    rhs, x = applied(new, LOW_RANK)
    np.testing.assert_allclose(x, solved(new, laplacians(new), rhs), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("has", IRREGULAR)
def test_terms_are_listed_class_by_class_in_runs(has: tuple[str, str]) -> None:
    new = at_a_point(*tables(*has), low_rank())
    new.call(LOW_RANK[0])
    work, sup = work_of(new), new.sup
    terms = list(work.active[1 : 1 + work.active[0]])
    listed: list[tuple[int, ...]] = []
    starts: list[int] = []
    of_class: list[int] = []
    for y in range(sup.n_classes):
        of_class.append(len(starts))
        before: tuple[int, ...] | None = None
        for a, c in enumerate(terms):
            for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
                if sup.row_class[sup.row[e]] == y:
                    row, col = work.row_local[sup.row[e]], work.col_local[sup.col[e]]
                    if before != (a - 1, row, col - 1):
                        starts.append(len(listed))
                    before = (a, row, col)
                    listed.append(before)
    n = len(listed)
    assert list(zip(work.term[:n], work.term_row[:n], work.term_col[:n], strict=True)) == listed
    assert list(work.run[: len(starts) + 1]) == [*starts, n]
    assert list(work.run_place) == [*of_class, len(starts)]


@pytest.mark.parametrize("lost", [1e-12, 1e-9])
def test_a_class_that_hardly_holds_together_is_raised(lost: float) -> None:
    """With a column next to empty, its element is all that keeps the inverse finite."""
    new = at_a_point(*tables(*IRREGULAR[0]), low_rank())
    new.run.point.s[:] = lost
    new.run.k[:] = lost
    new.call(LOW_RANK[0])
    assert new.run.flags[SUCCEEDED] == 1
    rhs, x = applied(new, LOW_RANK)
    H = new.formulas.hessian(new.run.point.s, new.run.k, new.run.point.pi)
    np.testing.assert_allclose(lost * x, lost * solved(new, H, rhs), rtol=1e-8)


@pytest.mark.parametrize("lack", [3e-11, 3e-9, 3e-7])
def test_the_diagonal_of_the_classes_is_raised_as_far_as_it_takes(lack: float) -> None:
    """Row value 0 and column value 0 hang on to the others by masses a little below 0."""
    new = at_a_point(*tables(*IRREGULAR[0]), low_rank())
    sup, point = new.sup, new.run.point
    point.s[:] = np.where((sup.cell_row == 0) ^ (sup.cell_col == 0), -lack, 1.0)
    new.run.k[:] = 0.0
    new.run.pinned[:] = np.repeat([0, 1, 0], 3)
    new.call(LOW_RANK[0])
    assert new.run.flags[SUCCEEDED] == 1
    tried = (_raised(laplacians(new), 10.0**-power) for power in range(13, 4, -1))
    raised = next(matrix for matrix in tried if _positive(matrix, new))
    rhs, x = applied(new, LOW_RANK)
    np.testing.assert_allclose(x, solved(new, raised, rhs), rtol=1e-3)


def test_masses_below_zero_are_told_and_not_inverted() -> None:
    new = at_a_point(*tables(*IRREGULAR[0]), low_rank())
    new.run.point.s[:] *= -1.0
    new.call(LOW_RANK[0])
    assert new.run.flags[SUCCEEDED] == 0


@pytest.mark.parametrize("algebra", ALGEBRAS)
def test_rows_alone_and_columns_alone(algebra: str) -> None:
    """Right-hand sides on one side only: what crosses from one to the other is all there is."""
    new = at_a_point(*tables(*IRREGULAR[3]), ALGEBRAS[algebra])
    new.call(new.kernels[0])
    room, n = new.problem.room, new.sup.n_rows
    answers = []
    for side in range(2):
        room.row_rhs[:], room.col_rhs[:] = 1.0 - side, side
        new.call(new.kernels[1])
        answers.append(np.concatenate([room.row, room.col]))
    # The inverse is symmetric: columns feel the rows as rows feel the columns.
    assert answers[0][n:].sum() == pytest.approx(answers[1][:n].sum(), rel=1e-9)
