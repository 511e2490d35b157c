"""Corrections of the plug-in information of contingency tables for finite samples, in bits.

They correct the information, never the table. A table is a sparse array of counts, shape
(n_cells, n_classes).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_array
from scipy.special import xlogy

from pidtools._information import mutual_information_of_cells, plug_in_bias
from pidtools._result import NATS_PER_BIT
from pidtools._types import Array, Codes, Floats

# Random halvings and permutations that are averaged over.
N_PARTITIONS, N_SHUFFLES = 20, 20


def corrected_information(counts: csr_array, correction: str, seed: int) -> float:
    """Mutual information in bits by the named correction."""
    return CORRECTIONS[correction](counts, seed)


def plug_in(counts: csr_array) -> float:
    """Mutual information in bits of the table as it stands."""
    entries = counts.tocoo()
    n = entries.data.sum()
    rows, columns = counts.sum(axis=1), counts.sum(axis=0)
    of_row, of_column = rows[entries.coords[0]], columns[entries.coords[1]]
    return mutual_information_of_cells(entries.data, of_row, of_column, n)


def first_order_bias(counts: csr_array) -> float:
    """Excess in bits of the plug-in information, occupied cells taken for all there are."""
    n_cells, n_classes = (int((counts.sum(axis=axis) > 0).sum()) for axis in (1, 0))
    return plug_in_bias(counts.nnz, n_cells, n_classes, int(counts.sum()))


def _miller_madow(counts: csr_array, seed: int) -> float:
    return plug_in(counts) - first_order_bias(counts)


def _panzeri_treves(counts: csr_array, seed: int) -> float:
    """As Miller and Madow, with the cells of each class counted as Panzeri and Treves (1996) do."""
    n, columns = int(counts.sum()), counts.tocsc()
    n_cells, sizes = counts.shape[0], np.diff(columns.indptr)
    support = [
        _cells_of_support(columns.data[columns.indptr[y] : columns.indptr[y + 1]], n_cells)
        for y in np.nonzero(sizes)[0]
    ]
    return plug_in(counts) - plug_in_bias(sum(support), n_cells, len(support), n)


def _cells_of_support(occupied: Floats, n_cells: int) -> int:
    """Number of cells that would leave as many of them occupied as were seen, by expectation."""
    n, seen = occupied.sum(), len(occupied)
    best, least = seen, abs(seen - (1 - (1 - occupied / n) ** n).sum())
    for unseen in range(1, n_cells - seen + 1):
        share = unseen * (1 - (n / (n + seen)) ** (1 / n))
        p = (1 - share) * (occupied + 1) / (n + seen)
        expected = (1 - (1 - p) ** n).sum() + unseen * (1 - (1 - share / unseen) ** n)
        if abs(seen - expected) >= least:
            break
        best, least = seen + unseen, abs(seen - expected)
    return best


def _jackknife(counts: csr_array, seed: int) -> float:
    """Leave each sample out once; those of one cell are alike, so each cell is one case."""
    entries = counts.tocoo()
    n, cells = entries.data.sum(), entries.data
    if n < 2:
        return plug_in(counts)
    of_rows, of_columns = counts.sum(axis=1), counts.sum(axis=0)
    # n I = sum of c log c over cells, less those over rows and columns, plus n log n.
    whole = _times_log(cells).sum() - _times_log(of_rows).sum() - _times_log(of_columns).sum()
    rows, columns = of_rows[entries.coords[0]], of_columns[entries.coords[1]]
    without = whole - _last(cells) + _last(rows) + _last(columns)
    nats_without = cells @ (without / (n - 1) + np.log(n - 1)) / n
    return float((n * (whole / n + np.log(n)) - (n - 1) * nats_without) / NATS_PER_BIT)


def _last(counts: Array) -> Floats:
    """What the last sample of each adds to c log c."""
    return _times_log(counts) - _times_log(counts - 1)


def _times_log(counts: Array) -> Floats:
    return np.asarray(xlogy(counts, counts), dtype=np.float64)


def _extrapolate(counts: csr_array, seed: int) -> float:
    """Fit I + a/n + b/n^2 to all samples, halves and quarters (Strong et al. 1998)."""
    rows, columns = _samples(counts)
    n, rng = len(rows), np.random.default_rng(seed)
    if n < 4:
        return plug_in(counts)
    halves: list[float] = []
    quarters: list[float] = []
    for _ in range(N_PARTITIONS):
        order = rng.permutation(n)
        for n_parts, found in ((2, halves), (4, quarters)):
            size = n // n_parts
            for k in range(n_parts):
                part = order[k * size : (k + 1) * size]
                found.append(_plug_in_of_samples(rows[part], columns[part], counts.shape))
    return float((8 * plug_in(counts) - 6 * np.mean(halves) + np.mean(quarters)) / 3)


def _shuffle(counts: csr_array, seed: int) -> float:
    """Take away what shuffled labels still seem to tell; too much where labels are known well.

    Not the shuffling of Panzeri et al. (2007), which permutes columns of one response against
    each other within a class to find the bias of their dependence.
    """
    rows, columns = _samples(counts)
    rng = np.random.default_rng(seed)
    chance = [
        _plug_in_of_samples(rows, rng.permutation(columns), counts.shape) for _ in range(N_SHUFFLES)
    ]
    return float(plug_in(counts) - np.mean(chance))


def _chao_shen(counts: csr_array, seed: int) -> float:
    """H(X) + H(Y) - H(X, Y), each by Chao and Shen (2003)."""
    parts = (counts.sum(axis=1), counts.sum(axis=0), counts.data)
    h_x, h_y, h_xy = (_chao_shen_entropy(np.asarray(part)) for part in parts)
    return h_x + h_y - h_xy


def _chao_shen_entropy(counts: Floats) -> float:
    counts = counts[counts > 0]
    n = counts.sum()
    # With nothing but singletons the estimated coverage would be 0; one is taken off.
    coverage = 1 - min(int((counts == 1).sum()), n - 1) / n
    p = coverage * counts / n
    seen = 1 - (1 - p) ** n
    return float(-(p * np.log(p) / seen).sum() / NATS_PER_BIT)


def _samples(counts: csr_array) -> tuple[Codes, Codes]:
    """Cell and class of each sample behind a table.

    In an order of cells that goes by their counts, not by what they are called: what is drawn
    from them must not depend on the order of columns.
    """
    weights = np.random.default_rng(0).random(counts.shape[1])
    entries = counts[np.argsort(counts @ weights, kind="stable")].tocoo()
    times = entries.data.astype(np.int64)
    return np.repeat(entries.coords[0], times), np.repeat(entries.coords[1], times)


def _plug_in_of_samples(rows: Codes, columns: Codes, shape: tuple[int, ...]) -> float:
    n = len(rows)
    joint = np.unique(rows.astype(np.int64) * shape[1] + columns, return_counts=True)[1]
    logs = [
        (c * np.log(c)).sum() / n
        for c in (joint, *(b[b > 0] for b in (np.bincount(rows), np.bincount(columns))))
    ]
    return float((logs[0] - logs[1] - logs[2] + np.log(n)) / NATS_PER_BIT)


CORRECTIONS: dict[str, Callable[[csr_array, int], float]] = {
    "none": lambda counts, seed: plug_in(counts),
    "jackknife": _jackknife,
    "miller-madow": _miller_madow,
    "panzeri-treves": _panzeri_treves,
    "extrapolation": _extrapolate,
    "shuffling": _shuffle,
    "chao-shen": _chao_shen,
}
