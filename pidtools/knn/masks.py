"""Many columns: the same two questions as those of the tree, answered by masks of bits."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from pidtools._types import Codes, Floats
from pidtools.knn import tree
from pidtools.knn.threads import in_threads

# Masks a column; twice as many cost as much in time, and more in memory. Points a block: the
# more, the less there is to do a point, as long as the masks of a column stay in the cache.
MASKS, BLOCK = 64, 16_384
# Points a leaf, among which the search for the nearest starts.
LEAF_SIZE = 64
# In many columns the first bounds are wide; a small block comes first to make them narrow.
WIDE, LONG, FIRST_SHARE = 10, 4096, 8


def improve(found: tree.NearestPlaces, grown: tree.Tree, n_jobs: int) -> None:
    """Look for nearer ones among all points of a tree."""
    from pidtools.knn.kernels.masks import nearest_masked_kernel

    points, n_leaves, k = grown.points, len(grown.leaves), found.distances.shape[1]
    leaves = grown.starts[-n_leaves:], grown.stops[-n_leaves:]
    ranges = _blocks(len(points))
    if points.shape[1] >= WIDE and len(points) >= LONG:
        end = ranges[0][1]
        ranges[:1] = [(0, end // FIRST_SHARE), (end // FIRST_SHARE, end)]
    for begin, end in ranges:
        known = _index(points[begin:end], n_jobs)

        def search(first: int, last: int, known: Any = (*known, begin, end)) -> None:
            nearest_masked_kernel(*known, points, *leaves, k, first, last, *found)

        in_threads(search, len(points), n_leaves, n_jobs)


def count(points: Floats, radii: Floats, n_jobs: int) -> tuple[Codes, Codes]:
    """Points at distance at most radii[i] of point i, and those of them at exactly that."""
    from pidtools.knn.kernels.masks import count_masked_kernel

    n = len(points)
    counts, on = np.zeros((2, n), np.int64)
    for begin, end in _blocks(n):
        inside = points[begin:end]
        known = _index(inside, n_jobs)

        def search(first: int, last: int, known: Any = (*known, inside)) -> None:
            count_masked_kernel(*known, points, radii, first, last, counts, on)

        in_threads(search, n, n, n_jobs)
    return counts, on


def _index(inside: Floats, n_jobs: int) -> tuple[Any, ...]:
    """What the kernels want to know of a block of points, shape (n, n_columns).

    It takes about 2.5 times the memory of the block.
    """
    from pidtools.knn.kernels.masks import mask_kernel

    n, n_columns = inside.shape
    cuts = _cuts(n)
    values = np.array(inside.T, order="C")  # a copy, for it is sorted in place
    slots = np.empty((n_columns, n), np.uint16)
    masks = np.empty((n_columns, len(cuts), -(-n // 256) * 4), np.uint64)

    def sort(first: int, last: int) -> None:
        order = np.argsort(values[first:last], axis=1)
        values[first:last] = np.take_along_axis(values[first:last], order, axis=1)
        slots[first:last] = order
        mask_kernel(slots[first:last], cuts, masks[first:last])

    in_threads(sort, n, n_columns, n_jobs)
    return values, slots, cuts, np.ascontiguousarray(values[:, cuts[:-1]]), masks


def _blocks(n: int) -> list[tuple[int, int]]:
    """Ranges of about equal size that cover n points."""
    edges = np.linspace(0, n, -(-n // BLOCK) + 1).astype(int).tolist()
    return list(itertools.pairwise(edges))


def _cuts(n: int) -> Codes:
    """Numbers of points, close to each other at both ends: wide intervals end there."""
    share = (1 - np.cos(np.pi * np.arange(MASKS + 1) / MASKS)) / 2
    return np.unique(np.rint(n * share).astype(np.int64))
