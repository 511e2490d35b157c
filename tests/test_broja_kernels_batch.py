"""Batches member by member: tables, support, closed form and what they report."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from broja_runs import IRREGULAR, tables
from helpers import information
from scipy.special import xlogy

from pidtools._broja import batch, driver, hull
from pidtools._broja.kernels.headers import FIELDS, Batch, Solve, Support
from pidtools._broja.program import program_of
from pidtools._broja.roster import SOLVE_ALL
from pidtools._broja.state import new_support
from pidtools._result import NATS_PER_BIT
from pidtools._types import Floats


def solve_all(pmfs: Floats, tol: float = 1e-9, max_iter: int = 30) -> tuple[Floats, Batch, Solve]:
    """`FIELDS` of the members, and the memory as the last one left it."""
    out = np.full((len(pmfs), len(FIELDS)), np.nan)
    header, _ = batch._slice(pmfs, out, tol, max_iter)
    fields = header.fields
    assert isinstance(fields, Batch)
    run = fields.run.fields  # type: ignore[union-attr]
    assert isinstance(run, Solve)
    hulls = fields.hull_x, fields.hull_y, fields.hull_step
    for array in (*run.problem.support[7:], *hulls, fields.number):
        array[:] = 77  # what was there before does not count
    SOLVE_ALL(header)
    return out, fields, run


def random_pmfs(n: int, shape: tuple[int, int, int], zeros: float = 0.4, seed: int = 0) -> Floats:
    rng = np.random.default_rng(seed)
    pmfs = rng.gamma(1.0, size=(n, *shape)) * (rng.random((n, *shape)) >= zeros)
    normalised: Floats = pmfs / pmfs.sum(axis=(1, 2, 3), keepdims=True)
    return normalised


def informations(pmf: Floats) -> tuple[float, ...]:
    """I(T; Y), I(S; Y) and I(T, S; Y) in nats."""
    of = pmf.sum(axis=1), pmf.sum(axis=0), pmf.reshape(-1, pmf.shape[2])
    return tuple(NATS_PER_BIT * information(table) for table in of)


# --- two classes --------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(2, 2, 2), (3, 4, 2), (4, 2, 2), (1, 3, 2), (5, 5, 2)])
@pytest.mark.parametrize("zeros", [0.0, 0.5])
def test_two_classes_have_the_closed_form(shape: tuple[int, int, int], zeros: float) -> None:
    pmfs = random_pmfs(6, shape, zeros)
    out, _, _ = solve_all(pmfs)
    for pmf, found in zip(pmfs, out, strict=True):
        lower, upper, i_t, i_s, joint, largest_dual = found
        assert (i_t, i_s, joint) == pytest.approx(informations(pmf), abs=1e-13)
        p_ty, p_sy = (x[x.sum(axis=1) > 0] for x in (pmf.sum(axis=1), pmf.sum(axis=0)))
        assert lower == upper
        if min(len(p_ty), len(p_sy)) == 1 or not (p_ty.sum(axis=0) > 0).all():
            assert (lower, largest_dual) == (max(i_t, i_s), 0.0)
            continue
        union = NATS_PER_BIT * information(hull.join(p_ty, p_sy))
        assert lower == pytest.approx(union, abs=1e-13)
        assert largest_dual == np.count_nonzero(p_ty) + np.count_nonzero(p_sy)


def curve(p_xy: Floats) -> Floats:
    order = np.argsort(-p_xy[:, 1] / p_xy.sum(axis=1))
    return np.vstack([[0.0, 0.0], np.cumsum(p_xy[order], axis=0)])


def test_the_closed_form_is_the_hull_of_both_curves() -> None:
    """By all chords: an edge of the hull is one that no vertex is above."""
    for pmf in random_pmfs(6, (3, 4, 2), seed=1, zeros=0.2):
        both = np.vstack([curve(pmf.sum(axis=1)), curve(pmf.sum(axis=0))])
        points = np.unique(both.round(14), axis=0)
        edges = []
        for one, other in itertools.permutations(points, 2):
            edge, to = other - one, points - one
            above = edge[0] * to[:, 1] - edge[1] * to[:, 0]
            if edge.min() >= 0 and above.max() <= 1e-13:
                edges.append(edge)
        value = -sum(xlogy(p, p).sum() for p in [pmf.sum(axis=(0, 1))])
        value += sum(xlogy(edge, edge / edge.sum()).sum() for edge in edges)
        assert solve_all(pmf[None])[0][0, 0] == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("order", [1, -1])
def test_vertices_that_coincide_and_edges_in_line(order: int) -> None:
    """S a copy of T, a garbling of it, and a source with values of one share."""
    p_ty = np.array([[0.1, 0.3], [0.2, 0.1], [0.15, 0.0], [0.05, 0.1]])[::order]
    copies = np.zeros((4, 4, 2))
    copies[range(4), range(4)] = p_ty
    merged = np.zeros((4, 4, 2))
    merged[range(4), [0, 0, 1, 1]] = p_ty
    split = np.einsum("ty,s->tsy", p_ty, [0.25, 0.5, 0.125, 0.125])
    out, _, _ = solve_all(np.stack([copies, merged, split]))
    i_t = NATS_PER_BIT * information(p_ty)
    np.testing.assert_allclose(out[:, 0], i_t, atol=1e-15)
    np.testing.assert_allclose(out[:, 3], [i_t, informations(merged)[1], 0.0], atol=1e-15)


PURE = np.array([[0.0, 0.3], [0.4, 0.1], [0.1, 0.1]])
FEWER = np.array([[0.0, 0.1], [0.3, 0.2], [0.2, 0.2]])
MORE = np.array([[0.0, 0.25], [0.2, 0.1], [0.1, 0.05], [0.2, 0.1]])
OF_BOTH = np.array([[0.0, 0.1], [0.3, 0.2], [0.0, 0.15], [0.15, 0.05], [0.05, 0.0]])


@pytest.mark.parametrize("one", [PURE, PURE[::-1], OF_BOTH, FEWER])
@pytest.mark.parametrize("other", [OF_BOTH, OF_BOTH[::-1], OF_BOTH[[1, 2, 0, 4, 3]], MORE])
def test_values_that_have_one_class_alone(one: Floats, other: Floats) -> None:
    """Vertices of both curves then lie above one another, and beside one another."""
    for p_ty, p_sy in ((one, other), (other, one), (one[:, ::-1], other[:, ::-1])):
        pmf = p_ty[:, None] * p_sy / 0.5
        union = NATS_PER_BIT * information(hull.join(p_ty, p_sy))
        assert solve_all(pmf[None])[0][0, 0] == pytest.approx(union, abs=1e-14)


# --- more classes -------------------------------------------------------------------------


def test_members_of_more_classes_are_those_of_the_driver() -> None:
    pmfs = random_pmfs(3, (2, 3, 3), zeros=0.3, seed=5)
    out, _, _ = solve_all(pmfs)
    for pmf, found in zip(pmfs, out, strict=True):
        assert tuple(found[2:5]) == pytest.approx(informations(pmf), abs=1e-13)
        p_ty, p_sy = (x[x.sum(axis=1) > 0] for x in (pmf.sum(axis=1), pmf.sum(axis=0)))
        p_y = p_ty.sum(axis=0)
        solution = driver.solve(program_of(p_ty, p_sy), tol=1e-9, max_iter=30)
        entropy = -xlogy(p_y, p_y).sum()
        assert found[1] - found[0] <= 1e-9
        # By the same arithmetic unless the program falls into parts.
        assert found[0] == pytest.approx(entropy + solution.lower, abs=1e-9)
        assert found[1] == pytest.approx(entropy + solution.upper, abs=1e-9)


@pytest.mark.parametrize("swapped", [False, True])
def test_what_the_last_member_leaves_is_its_program(swapped: bool) -> None:
    """Classes without mass are not numbered, values without mass not listed."""
    first = random_pmfs(1, (3, 4, 4), zeros=0.0)[0]
    pmf = np.zeros((3, 4, 4))
    rng = np.random.default_rng(0)
    pmf[np.ix_([0, 2], [0, 1, 3], [0, 1, 3])] = rng.gamma(1.0, size=(2, 3, 3))
    pmf[0, :, 1] = pmf[:, 1, 3] = pmf[:, 3, 0] = 0.0
    pmf /= pmf.sum()
    if swapped:
        first, pmf = (x.transpose(1, 0, 2) for x in (first, pmf))
    out, fields, run = solve_all(np.stack([first, pmf]), max_iter=3)
    p_ty, p_sy = pmf.sum(axis=1), pmf.sum(axis=0)
    np.testing.assert_allclose(fields.p_ty.reshape(p_ty.shape), p_ty, rtol=1e-15)
    np.testing.assert_allclose(fields.p_sy.reshape(p_sy.shape), p_sy, rtol=1e-15)
    np.testing.assert_allclose(fields.p_y, p_ty.sum(axis=0), rtol=1e-15)
    classes = [0, 1, 3]
    prog = program_of(*(table[table.sum(axis=1) > 0][:, classes] for table in (p_ty, p_sy)))
    sup, problem = prog.support, run.problem
    words = {"n_classes": 3} | {k: getattr(sup, k) for k in Support._fields[:7]}
    assert [words[k] for k in Support._fields[:7]] == list(fields.run.words[:7])  # type: ignore[union-attr]
    for name in Support._fields[7:]:
        expected = getattr(sup, name)
        assert list(getattr(problem.support, name)[: len(expected)]) == list(expected), name
    assert problem.p_row[: sup.n_rows] == pytest.approx(prog.p_row, rel=1e-15)
    assert problem.p_col[: sup.n_cols] == pytest.approx(prog.p_col, rel=1e-15)
    a, b = problem.best.a[: sup.n_rows], problem.best.b[: sup.n_cols]
    assert out[1, 5] == max(abs(a).max(), abs(b).max())
    entropy = -xlogy(fields.p_y, fields.p_y).sum()
    assert tuple(out[1, :2]) == pytest.approx(tuple(entropy + problem.best.bounds), abs=1e-15)


def test_rows_are_those_of_the_table_with_more_cells_in_use() -> None:
    """Two values of T that have all three classes, three values of S with one each."""
    p_ty = random_pmfs(1, (2, 1, 3), zeros=0.0)[0, :, 0]
    pmf = p_ty[:, None] * np.eye(3)
    for each in (pmf, pmf.transpose(1, 0, 2)):
        _, fields, _ = solve_all(np.ascontiguousarray(each)[None], max_iter=1)
        assert list(fields.run.words[:5]) == [3, 2, 3, 6, 3]  # type: ignore[union-attr]


def test_the_largest_dual_may_be_one_of_the_columns() -> None:
    seen = set()
    for pmf in random_pmfs(6, (2, 2, 3), zeros=0.0, seed=2):
        out, fields, run = solve_all(pmf[None], max_iter=2)
        n_rows, n_cols = fields.run.words[3:5]  # type: ignore[union-attr]
        sides = [abs(run.problem.best.a[:n_rows]).max(), abs(run.problem.best.b[:n_cols]).max()]
        assert out[0, 5] == max(sides)
        seen.add(int(np.argmax(sides)))
    assert seen == {0, 1}


def test_members_with_one_value_or_one_class() -> None:
    pmfs = np.zeros((4, 3, 3, 3))
    pmfs[0, 0, 0, 0] = 1.0
    pmfs[1, 0, :, 0] = 1 / 3
    pmfs[2, 1] = tables(*IRREGULAR[0])[1]  # T has one value
    pmfs[3, :, 2] = tables(*IRREGULAR[0])[0]  # S has one value
    out, _, _ = solve_all(pmfs)
    for pmf, found in zip(pmfs, out, strict=True):
        expected = informations(pmf)
        assert tuple(found[2:5]) == pytest.approx(expected, abs=1e-15)
        assert found[0] == found[1] == max(found[2:4])
        assert found[5] == 0.0


# --- the support --------------------------------------------------------------------------


@pytest.mark.parametrize("has", IRREGULAR)
def test_cells_and_entries_are_listed_in_order(has: tuple[str, str]) -> None:
    p_ty, p_sy = tables(*has)
    rows, cols = np.argwhere(p_ty > 0), np.argwhere(p_sy > 0)
    row_start, col_start = (
        np.searchsorted(x[:, 0], np.arange(len(p) + 1)).astype(np.int32)
        for x, p in ((rows, p_ty), (cols, p_sy))
    )
    sup = new_support(
        rows[:, 1].astype(np.int32), row_start, cols[:, 1].astype(np.int32), col_start,
        p_ty.shape[1],
    )  # fmt: skip
    cells, start, entries = [], [0], []
    for t, s in itertools.product(range(len(p_ty)), range(len(p_sy))):
        both = np.flatnonzero((p_ty[t] > 0) & (p_sy[s] > 0))
        for y in both:
            i = int(np.flatnonzero((rows == (t, y)).all(axis=1))[0])
            entries.append((i, int(np.flatnonzero((cols == (s, y)).all(axis=1))[0])))
        if len(both):
            cells.append((t, s))
            start.append(len(entries))
    assert list(zip(sup.cell_row, sup.cell_col, strict=True)) == cells
    assert list(sup.cell_start) == start
    assert list(zip(sup.row, sup.col, strict=True)) == entries
    assert (sup.n_cells, sup.n_entries) == (len(cells), len(entries))
