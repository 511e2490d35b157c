"""A k-d tree of NumPy arrays and its two questions: the nearest others, and how many are near.

Answers are in the order of the tree, which `search` turns into that of the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pidtools._types import Codes, Floats
from pidtools.knn.threads import in_threads

# Points a leaf where all others are found by the tree. Measured at 1 to 128 columns and 10,000
# points: 64 costs a half more from 5 columns on, 256 saves at most a tenth in many columns and
# costs as much in few.
LEAF_SIZE = 192


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


class NearestPlaces(NamedTuple):
    """The k nearest others of each point, in rising order."""

    distances: Floats  # (n, k), squared if Euclidean
    places: Codes  # (n, k)
    tied: Codes  # (n,), others beyond those k that are exactly as far as the k-th


def grow(*groups: Floats, euclidean: bool, leaf_size: int = LEAF_SIZE) -> Tree:
    """Tree of points whose columns come in groups, each of shape (n, d_g)."""
    from pidtools.knn.kernels.tree import build_kernel

    points = np.ascontiguousarray(np.concatenate(groups, axis=1))
    n, n_columns = points.shape
    n_leaves = -(-n // leaf_size)
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


def nearest_at_home(tree: Tree, k: int, n_jobs: int) -> NearestPlaces:
    """K nearest among the points of the same leaf, from which the search of others starts."""
    from pidtools.knn.kernels.tree import home_kernel

    n = len(tree.order)
    found = NearestPlaces(np.empty((n, k)), np.empty((n, k), np.int64), np.empty(n, np.int64))

    def search(first: int, last: int) -> None:
        home_kernel(*_arrays(tree), k, first, last, *found)

    in_threads(search, n, len(tree.leaves), n_jobs)
    return found


def improve(found: NearestPlaces, tree: Tree, n_jobs: int) -> None:
    """Look for nearer ones in the other leaves."""
    from pidtools.knn.kernels.tree import nearest_kernel

    k = found.distances.shape[1]

    def search(first: int, last: int) -> None:
        nearest_kernel(*_arrays(tree), k, first, last, *found)

    in_threads(search, len(tree.order), len(tree.leaves), n_jobs)


def count(tree: Tree, radii: Floats, n_jobs: int) -> tuple[Codes, Codes]:
    """Points at distance at most radii[i] of point i, and those of them at exactly that."""
    from pidtools.knn.kernels.tree import count_kernel

    counts, on = np.empty((2, len(radii)), np.int64)

    def search(first: int, last: int) -> None:
        count_kernel(*_arrays(tree), radii, first, last, counts, on)

    in_threads(search, len(radii), len(tree.leaves), n_jobs)
    return counts, on


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
