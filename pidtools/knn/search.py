"""The nearest others, and how many are near: by sorting, a tree or masks, whichever costs least."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pidtools._types import Array, Codes, Floats
from pidtools.knn import masks, tree
from pidtools.knn.threads import in_threads


class Nearest(NamedTuple):
    """The k nearest others, row by row of the data, in rising order."""

    distances: Floats  # (n, k), squared if Euclidean
    rows: Codes  # (n, k)
    tied: Codes  # (n,), others beyond those k that are exactly as far as the k-th


class Within(NamedTuple):
    """Points near each point, row by row of the data."""

    counts: Codes  # (n,), at most the radius away, the point itself included
    on: Codes  # (n,), those of them at exactly the radius


def nearest(*groups: Floats, k: int, euclidean: bool = False, n_jobs: int = 1) -> Nearest:
    """K nearest others of every point; k is below the number of points.

    Columns come in groups, each of shape (n, d_g): the distance is the largest of those within
    the groups.
    """
    n, n_columns = len(groups[0]), sum(group.shape[1] for group in groups)
    if _masks_pay(n, n_columns, euclidean):
        grown = tree.grow(*groups, euclidean=euclidean, leaf_size=masks.LEAF_SIZE)
        found = tree.nearest_at_home(grown, k, n_jobs)
        masks.improve(found, grown, n_jobs)
    else:
        grown = tree.grow(*groups, euclidean=euclidean)
        found = tree.nearest_at_home(grown, k, n_jobs)
        tree.improve(found, grown, n_jobs)
    order = grown.order
    return Nearest(
        _scatter(found.distances, order),
        _scatter(order[found.places], order),
        _scatter(found.tied, order),
    )


def count_within(
    *groups: Floats, radii: Floats, euclidean: bool = False, n_jobs: int = 1
) -> Within:
    """Count the points at distance at most radii[i] of point i (none if radii[i] < 0)."""
    n, n_columns = len(radii), sum(group.shape[1] for group in groups)
    if n_columns == 1 and not euclidean:
        return _count_sorted(groups[0][:, 0], radii, n_jobs)
    if _masks_pay(n, n_columns, euclidean):
        points = np.ascontiguousarray(np.concatenate(groups, axis=1))
        return Within(*masks.count(points, radii, n_jobs))
    grown = tree.grow(*groups, euclidean=euclidean)
    counts, on = tree.count(grown, radii[grown.order], n_jobs)
    return Within(_scatter(counts, grown.order), _scatter(on, grown.order))


def _masks_pay(n: int, n_columns: int, euclidean: bool) -> bool:
    """Whether masks, which look at all points, cost less than the tree, which skips some.

    The two cost the same at about 20,000 normal points in 3 columns and 60,000 in 4.
    """
    return not euclidean and n <= 60_000 * 3.0 ** (min(n_columns, 20) - 4)


def _count_sorted(values: Floats, radii: Floats, n_jobs: int) -> Within:
    from pidtools.knn.kernels.tree import count_sorted_kernel

    order = np.argsort(values, kind="stable")
    counts, on = np.empty((2, len(values)), np.int64)
    in_order, near = values[order], radii[order]

    def search(first: int, last: int) -> None:
        count_sorted_kernel(in_order, near, first, last, counts, on)

    in_threads(search, len(values), len(values), n_jobs)
    return Within(_scatter(counts, order), _scatter(on, order))


def _scatter(values: Array, order: Codes) -> Array:
    result = np.empty_like(values)
    result[order] = values
    return result
