"""A preconditioner of H for many classes: one small matrix a class and one rank-one term a cell.

    H = blkdiag_y(L_y) + U K U',   L_y = [[diag r, Q_y], [Q_y', diag c]]

with Q_y = q(., ., y), its sums r and c, u_c = pi(. | c) on the row and the column of cell c and
k_c = s / t - s. L_y is inverted outright, W_y = inv(L_y). The terms with k_c > 0 that matter
(k_c u_c' W u_c above a threshold, the largest first) are added by Woodbury's formula; conjugate
gradients make up for the others. About 2 m^2 n_classes + m^3 / 3 operations for m terms.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pidtools._broja import fortran
from pidtools._broja.jit import fast_inner_kernel, fill, inner_kernel

_RELEVANT = 1e-3
"""Terms that change the matrix by less, relatively, are left to conjugate gradients."""


class LowRank(NamedTuple):
    """Workspace and, after `factorise`, factors. Local numbers count inside a class."""

    size: NDArray[np.int64]
    start: NDArray[np.int64]
    row_local: NDArray[np.int64]
    col_local: NDArray[np.int64]
    inverse: NDArray[np.float64]
    active: NDArray[np.int64]
    core: NDArray[np.float64]


def workspace(sup: Any, max_terms: Any) -> Any:
    """Allocate for one support and at most `max_terms` rank-one terms."""
    size = np.zeros(sup.n_classes, np.int64)
    row_local = np.empty(sup.row_class.size, np.int64)
    col_local = np.empty(sup.col_class.size, np.int64)
    for i in range(row_local.size):
        row_local[i] = size[sup.row_class[i]]
        size[sup.row_class[i]] += 1
    for j in range(col_local.size):
        col_local[j] = size[sup.col_class[j]]
        size[sup.col_class[j]] += 1
    start = np.zeros(sup.n_classes + 1, np.int64)
    for y in range(size.size):
        start[y + 1] = start[y] + size[y] * size[y]
    return LowRank(
        size, start, row_local, col_local, np.empty(start[-1]),
        np.empty(max_terms + 1, np.int64), np.empty(max_terms * max_terms),
    )  # fmt: skip


@inner_kernel
def _block(low: Any, y: Any) -> Any:
    return low.inverse[low.start[y] : low.start[y + 1]].reshape(low.size[y], low.size[y])


@fast_inner_kernel
def _assemble_laplacians(sup: Any, pi: Any, s: Any, low: Any) -> Any:
    fill(low.inverse, 0.0)
    for c in range(s.size):
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            y = sup.row_class[sup.row[e]]
            i, j = low.row_local[sup.row[e]], low.col_local[sup.col[e]]
            start, size = low.start[y], low.size[y]
            mass = s[c] * pi[e]
            low.inverse[start + i * size + i] += mass
            low.inverse[start + j * size + j] += mass
            low.inverse[start + j * size + i] = mass


@inner_kernel
def _invert_laplacians(lib: Any, sup: Any, low: Any, pinned: Any, relative: Any) -> Any:
    """Invert every L_y in place with its pinned column taken out; True on success."""
    pin = np.empty(sup.n_classes, np.int64)
    for j in range(pinned.size):
        if pinned[j]:
            pin[sup.col_class[j]] = low.col_local[j]
    for y in range(sup.n_classes):
        W, j = _block(low, y), pin[y]
        for i in range(low.size[y]):
            W[i, i] *= 1.0 + relative
        W[j, :j] = 0.0
        W[j + 1 :, j] = 0.0
        W[j, j] = 1.0
        if not fortran.cholesky(lib, W):
            return False
        fortran.cholesky_inverse(lib, W)
        W[j, j] = 0.0
        for i in range(low.size[y]):
            for m in range(i):
                W[m, i] = W[i, m]
    return True


@fast_inner_kernel
def _relevance(sup: Any, pi: Any, k: Any, low: Any, out: Any) -> Any:
    """Write k_c u_c' W u_c, the relative size of each rank-one term."""
    for c in range(k.size):
        total = 0.0
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            y = sup.row_class[sup.row[e]]
            i, j = low.row_local[sup.row[e]], low.col_local[sup.col[e]]
            start, size = low.start[y], low.size[y]
            W = low.inverse
            total += pi[e] * pi[e] * (
                W[start + i * size + i] + 2.0 * W[start + i * size + j] + W[start + j * size + j]
            )  # fmt: skip
        out[c] = k[c] * total


@inner_kernel
def _choose_terms(low: Any, relevance: Any) -> Any:
    """List the cells that matter, in order, behind their number."""
    limit = low.active.size - 1
    threshold = _RELEVANT
    while True:
        n_terms = 0
        for c in range(relevance.size):
            if relevance[c] > threshold:
                n_terms += 1
                if n_terms <= limit:
                    low.active[n_terms] = c
        if n_terms <= limit:
            low.active[0] = n_terms
            return
        threshold *= 1.5


@fast_inner_kernel
def _add_class_to_core(
    W: Any, terms: Any, weight: Any, local_row: Any, local_col: Any, core: Any
) -> Any:
    """Add pi_c pi_c' u_c' W u_c' of one class for all pairs of its terms (lower triangle)."""
    v = np.empty(W.shape[0])
    dense = terms.size == core.shape[0]
    for m in range(terms.size):
        for n in range(v.size):
            v[n] = weight[m] * (W[local_row[m], n] + W[local_col[m], n])
        target = core[terms[m]]
        if dense:
            for n in range(m + 1):
                target[n] += weight[n] * (v[local_row[n]] + v[local_col[n]])
        else:
            for n in range(m + 1):
                target[terms[n]] += weight[n] * (v[local_row[n]] + v[local_col[n]])


@inner_kernel
def _core(low: Any) -> Any:
    m = low.active[0]
    return low.core[: m * m].reshape(m, m)


@inner_kernel
def _assemble_core(sup: Any, pi: Any, k: Any, low: Any) -> Any:
    """Core = inv(K) + U' W U over the chosen terms, class by class."""
    m = low.active[0]
    core = _core(low)
    fill(low.core[: m * m], 0.0)
    count = np.zeros(sup.n_classes + 1, np.int64)
    for a in range(m):
        c = low.active[a + 1]
        core[a, a] = 1.0 / k[c]
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            count[sup.row_class[sup.row[e]] + 1] += 1
    for y in range(sup.n_classes):
        count[y + 1] += count[y]
    start = count
    place = start.copy()
    terms, weight = np.empty(start[-1], np.int64), np.empty(start[-1])
    local_row, local_col = np.empty(start[-1], np.int64), np.empty(start[-1], np.int64)
    for a in range(m):
        c = low.active[a + 1]
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            y = sup.row_class[sup.row[e]]
            terms[place[y]], weight[place[y]] = a, pi[e]
            local_row[place[y]] = low.row_local[sup.row[e]]
            local_col[place[y]] = low.col_local[sup.col[e]]
            place[y] += 1
    for y in range(sup.n_classes):
        own = slice(start[y], start[y + 1])
        _add_class_to_core(
            _block(low, y), terms[own], weight[own], local_row[own], local_col[own], core
        )


@inner_kernel
def factorise(lib: Any, sup: Any, pi: Any, s: Any, k: Any, pinned: Any, low: Any) -> Any:
    """Assemble and factorise; the diagonal is raised as far as that needs. True on success."""
    relevance = np.empty(s.size)
    relative = 1e-13
    while relative < 1e-4:
        _assemble_laplacians(sup, pi, s, low)
        if _invert_laplacians(lib, sup, low, pinned, relative):
            _relevance(sup, pi, k, low, relevance)
            _choose_terms(low, relevance)
            if low.active[0] == 0:
                return True
            _assemble_core(sup, pi, k, low)
            if fortran.cholesky(lib, _core(low)):
                return True
        relative *= 10.0
    return False


@fast_inner_kernel
def _apply_inverse(sup: Any, low: Any, row_rhs: Any, col_rhs: Any, x: Any, z: Any) -> Any:
    """(x, z) = W (row_rhs, col_rhs)."""
    packed = np.empty(row_rhs.size + col_rhs.size)
    result = np.empty(packed.size)
    offset = np.zeros(sup.n_classes + 1, np.int64)
    for y in range(sup.n_classes):
        offset[y + 1] = offset[y] + low.size[y]
    for i in range(row_rhs.size):
        packed[offset[sup.row_class[i]] + low.row_local[i]] = row_rhs[i]
    for j in range(col_rhs.size):
        packed[offset[sup.col_class[j]] + low.col_local[j]] = col_rhs[j]
    for y in range(sup.n_classes):
        W, first = _block(low, y), offset[y]
        for i in range(low.size[y]):
            total = 0.0
            for m in range(low.size[y]):
                total += W[i, m] * packed[first + m]
            result[first + i] = total
    for i in range(x.size):
        x[i] = result[offset[sup.row_class[i]] + low.row_local[i]]
    for j in range(z.size):
        z[j] = result[offset[sup.col_class[j]] + low.col_local[j]]


@inner_kernel
def solve(
    lib: Any,
    sup: Any,
    pi: Any,
    s: Any,
    k: Any,
    pinned: Any,
    low: Any,
    row_rhs: Any,
    col_rhs: Any,
    x: Any,
    z: Any,
) -> Any:
    """(x, z) = inv(blkdiag(L) + U K U') (row_rhs, col_rhs), pinned columns at 0."""
    _apply_inverse(sup, low, row_rhs, col_rhs, x, z)
    m = low.active[0]
    if m == 0:
        return
    means = np.empty(m)
    for a in range(m):
        c = low.active[a + 1]
        total = 0.0
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            total += pi[e] * (x[sup.row[e]] + z[sup.col[e]])
        means[a] = total
    fortran.cholesky_solve(lib, _core(low), means)
    row_rest, col_rest = row_rhs.copy(), col_rhs.copy()
    for a in range(m):
        c = low.active[a + 1]
        for e in range(sup.cell_start[c], sup.cell_start[c + 1]):
            row_rest[sup.row[e]] -= means[a] * pi[e]
            col_rest[sup.col[e]] -= means[a] * pi[e]
    _apply_inverse(sup, low, row_rest, col_rest, x, z)
