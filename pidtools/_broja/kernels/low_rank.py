"""A preconditioner of H for many classes: one small matrix a class and one rank-one term a cell.

    H = blkdiag_y(L_y) + U K U',   L_y = [[diag r, Q_y], [Q_y', diag c]]

with Q_y = q(., ., y), its sums r and c, u_c = pi(. | c) on the row and the column of cell c and
k_c = s / t - s. L_y is inverted outright, W_y = inv(L_y). The terms with k_c > 0 that matter
(k_c u_c' W u_c above a threshold, the largest first) are added by Woodbury's formula; conjugate
gradients make up for the others. About 2 m^2 n_classes + m^3 / 3 operations for m terms.
"""

from __future__ import annotations

from typing import Any

from pidtools._broja.kernels import blas
from pidtools._broja.kernels.headers import SUCCEEDED, LowRank, Solve
from pidtools._compiled.pointers import assign, at, entry, fill, header_at, inner, view

solve_of = view(Solve)
low_rank_of = view(LowRank)

_RELEVANT = 1e-3
"""Terms that change the matrix by less, relatively, are left to conjugate gradients."""


@inner
def _assemble_laplacians(h: Any) -> Any:
    v = solve_of(h)
    w = low_rank_of(header_at(v.factor))
    sup = v.problem.support
    fill(w.inverse, w.start[sup.n_classes], 0.0)
    for c in range(sup.n_cells):
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            y = sup.row_class[sup.row[e]]
            i, j = w.row_local[sup.row[e]], w.col_local[sup.col[e]]
            L, size, mass = at(w.inverse, w.start[y]), w.size[y], v.point.s[c] * v.point.pi[e]
            L[i * size + i] += mass
            L[j * size + j] += mass
            L[j * size + i] = mass


@inner
def _invert_laplacians(h: Any, relative: Any) -> Any:
    """Invert every L_y in place with its pinned column taken out; True on success."""
    v = solve_of(h)
    w = low_rank_of(header_at(v.factor))
    sup = v.problem.support
    for p in range(sup.n_cols):
        if not v.pinned[p]:
            continue
        y, j = sup.col_class[p], w.col_local[p]
        W, size = at(w.inverse, w.start[y]), w.size[y]
        for i in range(size):
            W[i * size + i] *= 1.0 + relative
        for i in range(size):
            W[j * size + i] = 0.0
            W[i * size + j] = 0.0
        W[j * size + j] = 1.0
        if not blas.cholesky(w.blas, W, size):
            return False
        blas.cholesky_inverse(w.blas, W, size)
        W[j * size + j] = 0.0
        for i in range(size):
            for m in range(i):
                W[m * size + i] = W[i * size + m]
    return True


@inner
def _weigh_terms(h: Any) -> Any:
    """Write k_c u_c' W u_c, the relative size of each rank-one term."""
    v = solve_of(h)
    w = low_rank_of(header_at(v.factor))
    sup, pi = v.problem.support, v.point.pi
    for c in range(sup.n_cells):
        total = 0.0
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            y = sup.row_class[sup.row[e]]
            i, j = w.row_local[sup.row[e]], w.col_local[sup.col[e]]
            W, n = at(w.inverse, w.start[y]), w.size[y]
            total += pi[e] * pi[e] * (W[i * n + i] + 2.0 * W[i * n + j] + W[j * n + j])
        w.relevance[c] = v.k[c] * total


@inner
def _choose_terms(h: Any) -> Any:
    """List the cells that matter, in order, behind their number."""
    v = solve_of(h)
    w = low_rank_of(header_at(v.factor))
    threshold = _RELEVANT
    while True:
        n_terms = 0
        for c in range(v.problem.support.n_cells):
            if w.relevance[c] > threshold:
                n_terms += 1
                if n_terms <= w.max_terms:
                    w.active[n_terms] = c
        if n_terms <= w.max_terms:
            w.active[0] = n_terms
            return n_terms
        threshold *= 1.5


@inner
def _list_runs(h: Any) -> Any:
    """List the chosen terms class by class, and where runs start that a loop can go through.

    In a run one term follows the other, its row the same and its column the next.
    """
    v = solve_of(h)
    w = low_rank_of(header_at(v.factor))
    sup, m = v.problem.support, w.active[0]
    for y in range(sup.n_classes + 1):
        w.place[y] = 0
    for a in range(m):
        c = w.active[a + 1]
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            w.place[sup.row_class[sup.row[e]] + 1] += 1
    for y in range(sup.n_classes):
        w.place[y + 1] += w.place[y]
    for a in range(m):
        c = w.active[a + 1]
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            y = sup.row_class[sup.row[e]]
            n = w.place[y]
            w.place[y] = n + 1
            w.term[n], w.term_weight[n] = a, v.point.pi[e]
            w.term_row[n], w.term_col[n] = w.row_local[sup.row[e]], w.col_local[sup.col[e]]
    n, n_runs = 0, 0
    for y in range(sup.n_classes):
        # Filling the list has moved each place to the end of its class.
        end = w.place[y]
        w.run_place[y] = n_runs
        first = n
        while n < end:
            joined = n > first and w.term[n] == w.term[n - 1] + 1
            joined = joined and w.term_row[n] == w.term_row[n - 1]
            if not (joined and w.term_col[n] == w.term_col[n - 1] + 1):
                w.run[n_runs] = n
                n_runs += 1
            n += 1
    w.run_place[sup.n_classes] = n_runs
    w.run[n_runs] = n


@inner
def _add_run(target: Any, factor: Any, weight: Any, base: Any, column: Any, n: Any) -> Any:
    for l in range(n):  # noqa: E741
        target[l] += factor * weight[l] * (base + column[l])


@inner
def _assemble_core(h: Any) -> Any:
    """Core = inv(K) + U' W U over the chosen terms, lower triangle, row by row.

    A row stays in the nearest cache while all classes add to it.
    """
    v = solve_of(h)
    w = low_rank_of(header_at(v.factor))
    sup, m, vector = v.problem.support, w.active[0], w.packed
    for a in range(m):
        c, row = w.active[a + 1], at(w.core, a * m)
        fill(row, m, 0.0)
        row[a] = 1.0 / v.k[c]
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            y = sup.row_class[sup.row[e]]
            size = w.size[y]
            up = at(w.inverse, w.start[y] + w.row_local[sup.row[e]] * size)
            down = at(w.inverse, w.start[y] + w.col_local[sup.col[e]] * size)
            for i in range(size):
                vector[i] = up[i] + down[i]
            for r in range(w.run_place[y], w.run_place[y + 1]):
                n = w.run[r]
                if w.term[n] > a:
                    break
                length = min(w.run[r + 1] - n, a + 1 - w.term[n])
                _add_run(
                    at(row, w.term[n]), v.point.pi[e], at(w.term_weight, n),
                    vector[w.term_row[n]], at(vector, w.term_col[n]), length,
                )  # fmt: skip


@entry
def factorise(h: Any) -> None:
    """Assemble and factorise; the diagonal is raised as far as that needs."""
    v = solve_of(h)
    w = low_rank_of(header_at(v.factor))
    relative, done = 1e-13, False
    while not done and relative < 1e-4:
        _assemble_laplacians(h)
        if _invert_laplacians(h, relative):
            _weigh_terms(h)
            if _choose_terms(h) == 0:
                done = True
            else:
                _list_runs(h)
                _assemble_core(h)
                done = blas.cholesky(w.blas, w.core, w.active[0])
        relative *= 10.0
    v.flags[SUCCEEDED] = done


@inner
def _apply_inverse(h: Any, row_rhs: Any, col_rhs: Any, x: Any, z: Any) -> Any:
    """(x, z) = W (row_rhs, col_rhs)."""
    v = solve_of(h)
    w = low_rank_of(header_at(v.factor))
    sup = v.problem.support
    for i in range(sup.n_rows):
        w.packed[w.offset[sup.row_class[i]] + w.row_local[i]] = row_rhs[i]
    for j in range(sup.n_cols):
        w.packed[w.offset[sup.col_class[j]] + w.col_local[j]] = col_rhs[j]
    for y in range(sup.n_classes):
        size, rhs = w.size[y], at(w.packed, w.offset[y])
        for i in range(size):
            W, total = at(w.inverse, w.start[y] + i * size), 0.0
            for m in range(size):
                total += W[m] * rhs[m]
            w.result[w.offset[y] + i] = total
    for i in range(sup.n_rows):
        x[i] = w.result[w.offset[sup.row_class[i]] + w.row_local[i]]
    for j in range(sup.n_cols):
        z[j] = w.result[w.offset[sup.col_class[j]] + w.col_local[j]]


@entry
def apply(h: Any) -> None:
    """(row, col) = inv(blkdiag(L) + U K U') (row_rhs, col_rhs), pinned columns at 0."""
    v = solve_of(h)
    w = low_rank_of(header_at(v.factor))
    sup, room, pi, m = v.problem.support, v.problem.room, v.point.pi, w.active[0]
    x, z = room.row, room.col
    _apply_inverse(h, room.row_rhs, room.col_rhs, x, z)
    if m == 0:
        return
    for a in range(m):
        c, total = w.active[a + 1], 0.0
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            total += pi[e] * (x[sup.row[e]] + z[sup.col[e]])
        w.means[a] = total
    blas.cholesky_solve(w.blas, w.core, m, w.means)
    assign(room.row_product, room.row_rhs, sup.n_rows)
    assign(room.col_product, room.col_rhs, sup.n_cols)
    for a in range(m):
        c = w.active[a + 1]
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            room.row_product[sup.row[e]] -= w.means[a] * pi[e]
            room.col_product[sup.col[e]] -= w.means[a] * pi[e]
    _apply_inverse(h, room.row_product, room.col_product, x, z)
