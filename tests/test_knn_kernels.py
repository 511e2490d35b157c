"""The k-d tree against the matrix of all distances, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pidtools._neighbours.tree import count_within, grow, nearest

Floats = NDArray[np.float64]


def all_distances(groups: list[Floats], euclidean: bool) -> Floats:
    """Every distance by definition; sums run column by column, as sums of the kernel do."""
    worst = np.zeros((len(groups[0]), len(groups[0])))
    for group in groups:
        gaps = np.abs(group[:, None, :] - group[None, :, :])
        if euclidean:
            distance = np.zeros_like(worst)
            for c in range(group.shape[1]):
                distance = distance + gaps[:, :, c] * gaps[:, :, c]
        else:
            distance = gaps.max(axis=2)
        worst = np.maximum(worst, distance)
    return worst


def draw(kind: str, n: int, widths: tuple[int, ...]) -> list[Floats]:
    rng = np.random.default_rng(n + len(widths))
    groups = [rng.normal(size=(n, width)) for width in widths]
    shapes = {
        "normal": lambda x: x,
        "integers": np.round,
        "relu": lambda x: np.maximum(x, 0),
        "constant": lambda x: x * 0,
        "heavy": lambda x: x**9,
        "tiny": lambda x: x * 1e-9 + 1,
    }
    return [shapes[kind](group) for group in groups]


@pytest.mark.parametrize("kind", ["normal", "integers", "relu", "constant", "heavy", "tiny"])
@pytest.mark.parametrize("widths", [(1,), (3, 2), (20, 3), (5, 17, 9)])
@pytest.mark.parametrize("euclidean", [False, True])
def test_the_tree_finds_what_the_matrix_of_distances_shows(
    kind: str, widths: tuple[int, ...], euclidean: bool
) -> None:
    for n in (5, 192, 193, 700):
        groups = draw(kind, n, widths)
        matrix = all_distances(groups, euclidean)
        others = matrix + np.diag(np.full(n, np.inf))
        for k in (1, 4):
            found = nearest(grow(*groups, euclidean=euclidean), k)
            expected = np.sort(others, axis=1)[:, :k]
            np.testing.assert_array_equal(found.distances, expected)
            np.testing.assert_array_equal(np.take_along_axis(others, found.rows, axis=1), expected)
            np.testing.assert_array_equal(found.tied + k, (others <= expected[:, -1:]).sum(axis=1))


@pytest.mark.parametrize("kind", ["normal", "integers", "relu", "constant", "heavy", "tiny"])
@pytest.mark.parametrize("widths", [(1,), (3, 2), (20, 3)])
@pytest.mark.parametrize("euclidean", [False, True])
def test_counts_are_those_of_the_matrix_on_and_just_inside_the_radius(
    kind: str, widths: tuple[int, ...], euclidean: bool
) -> None:
    groups = draw(kind, 500, widths)
    matrix = all_distances(groups, euclidean)
    radii = np.sort(matrix, axis=1)[:, 7]
    for radius in (radii, np.nextafter(radii, -1.0), np.full(500, matrix.max())):
        found = count_within(*groups, radii=radius, euclidean=euclidean)
        np.testing.assert_array_equal(found.counts, (matrix <= radius[:, None]).sum(axis=1))
        np.testing.assert_array_equal(found.on, (matrix == radius[:, None]).sum(axis=1))


def test_threads_change_no_bit() -> None:
    x = draw("normal", 3000, (6,))[0]
    tree = grow(x, euclidean=True)
    one, three = (nearest(tree, 3, n_jobs=jobs) for jobs in (1, 3))
    for a, b in zip(one, three, strict=True):
        np.testing.assert_array_equal(a, b)
    radii = one.distances[:, -1]
    one, three = (count_within(x, radii=radii, euclidean=True, n_jobs=jobs) for jobs in (1, 3))
    for a, b in zip(one, three, strict=True):
        np.testing.assert_array_equal(a, b)
