"""A k-d tree of NumPy arrays and its two questions: the nearest others, and how many are near."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

# Points a leaf. Measured at 1 to 128 columns and 10,000 points: 64 costs a half more from 5
# columns on, 256 saves at most a tenth in many columns and costs as much in few.
LEAF_SIZE = 192
# Below this number of points a second thread costs more than it brings.
POINTS_A_THREAD = 512


@dataclass(frozen=True, kw_only=True)
class Tree:
    """Points in the order of a k-d tree.

    Attributes
    ----------
    order : ndarray of int64, shape (n,)
        Row of the data that stands at each place of the tree.
    leaves : ndarray of float32, shape (n_leaves, n_columns, width)
        Coordinates relative to the centre of the leaf's box, filled up with inf.
    points : ndarray, shape (n, n_columns)
        Coordinates in the order of the tree.
    starts, stops : ndarray of int64, shape (n_nodes,)
        Places of each node of the heap.
    lows, highs : ndarray, shape (n_nodes, n_columns)
        Their boxes.
    ends : ndarray of int64, shape (n_groups,)
        Where each group of columns ends.
    euclidean : bool
        Euclidean within groups (squared), else Chebyshev; the largest group counts.
    """

    order: Codes
    leaves: NDArray[np.float32]
    points: Floats
    starts: Codes
    stops: Codes
    lows: Floats
    highs: Floats
    ends: Codes
    euclidean: bool


class Nearest(NamedTuple):
    """The k nearest others, row by row of the data, in rising order."""

    distances: Floats  # (n, k), squared if Euclidean
    rows: Codes  # (n, k)
    tied: Codes  # (n,), others beyond those k that are exactly as far as the k-th


def grow(*groups: Floats, euclidean: bool) -> Tree:
    """Tree of points whose columns come in groups, each of shape (n, d_g)."""
    from pidtools._kernels.neighbours import build_kernel

    points = np.ascontiguousarray(np.concatenate(groups, axis=1))
    n, n_columns = points.shape
    n_leaves = -(-n // LEAF_SIZE)
    order = np.arange(n)
    starts, stops = np.zeros((2, 2 * n_leaves - 1), dtype=np.int64)
    lows, highs = np.zeros((2, 2 * n_leaves - 1, n_columns))
    build_kernel(points, order, starts, stops, lows, highs)
    points = points[order]
    centres = 0.5 * (lows[n_leaves - 1 :] + highs[n_leaves - 1 :])
    return Tree(
        order=order,
        leaves=_pack(points, centres, starts[n_leaves - 1 :], stops[n_leaves - 1 :]),
        points=points,
        starts=starts,
        stops=stops,
        lows=lows,
        highs=highs,
        ends=np.cumsum([group.shape[1] for group in groups]),
        euclidean=euclidean,
    )


def nearest(tree: Tree, k: int, *, n_jobs: int = 1) -> Nearest:
    """K nearest others of every point; k is below the number of points."""
    from pidtools._kernels.neighbours import nearest_kernel

    n = len(tree.order)
    distances, slots, tied = np.empty((n, k)), np.empty((n, k), np.int64), np.empty(n, np.int64)

    def search(first: int, last: int) -> None:
        nearest_kernel(*_arrays(tree), k, first, last, distances, slots, tied)

    _in_threads(search, n, len(tree.leaves), n_jobs)
    return Nearest(
        _scatter(distances, tree.order),
        _scatter(tree.order[slots], tree.order),
        _scatter(tied, tree.order),
    )


class Within(NamedTuple):
    """Points near each point, row by row of the data."""

    counts: Codes  # (n,), at most the radius away, the point itself included
    on: Codes  # (n,), those of them at exactly the radius


def count_within(
    *groups: Floats, radii: Floats, euclidean: bool = False, n_jobs: int = 1
) -> Within:
    """Count the points at distance at most radii[i] of point i (none if radii[i] < 0)."""
    if len(groups) == 1 and groups[0].shape[1] == 1 and not euclidean:
        return _count_sorted(groups[0][:, 0], radii, n_jobs)
    from pidtools._kernels.neighbours import count_kernel

    tree = grow(*groups, euclidean=euclidean)
    counts, on = np.empty((2, len(radii)), np.int64)
    in_order = radii[tree.order]

    def search(first: int, last: int) -> None:
        count_kernel(*_arrays(tree), in_order, first, last, counts, on)

    _in_threads(search, len(radii), len(tree.leaves), n_jobs)
    return Within(_scatter(counts, tree.order), _scatter(on, tree.order))


def _count_sorted(values: Floats, radii: Floats, n_jobs: int) -> Within:
    from pidtools._kernels.neighbours import count_sorted_kernel

    order = np.argsort(values, kind="stable")
    counts, on = np.empty((2, len(values)), np.int64)
    in_order, near = values[order], radii[order]

    def search(first: int, last: int) -> None:
        count_sorted_kernel(in_order, near, first, last, counts, on)

    _in_threads(search, len(values), len(values), n_jobs)
    return Within(_scatter(counts, order), _scatter(on, order))


def _scatter(values: NDArray[Any], order: Codes) -> NDArray[Any]:
    result = np.empty_like(values)
    result[order] = values
    return result


def _pack(points: Floats, centres: Floats, starts: Codes, stops: Codes) -> NDArray[np.float32]:
    """Coordinates leaf by leaf, (n_leaves, n_columns, width), filled up with inf."""
    width = -(-int((stops - starts).max()) // 32) * 32  # whole unrolled vectors
    leaves = np.full((len(starts), points.shape[1], width), np.inf, dtype=np.float32)
    for leaf, (centre, start, stop) in enumerate(zip(centres, starts, stops, strict=True)):
        leaves[leaf, :, : stop - start] = (points[start:stop] - centre).T
    return leaves


def _arrays(tree: Tree) -> tuple[Any, ...]:
    return (
        tree.leaves, tree.points, tree.starts, tree.stops, tree.lows, tree.highs, tree.ends,
        tree.euclidean,
    )  # fmt: skip


def _in_threads(search: Callable[[int, int], None], n: int, n_blocks: int, n_jobs: int) -> None:
    """Call `search(first, last)` over all blocks; the kernels release the interpreter."""
    if n_jobs == 1 or n < 2 * POINTS_A_THREAD:
        search(0, n_blocks)
        return
    from concurrent.futures import ThreadPoolExecutor

    # Several pieces a thread, since points in dense regions cost less than those far out.
    edges = np.linspace(0, n_blocks, min(n_blocks, 8 * n_jobs) + 1).astype(int).tolist()
    with ThreadPoolExecutor(n_jobs) as pool:
        list(pool.map(search, edges[:-1], edges[1:]))
