"""Tree and masks against the matrix of all distances, to the last bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pidtools.knn import masks, search
from pidtools.knn.search import count_within, nearest

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
    shapes: dict[str, Callable[[Floats], Floats]] = {
        "normal": lambda x: x,
        "integers": np.round,
        "relu": lambda x: np.maximum(x, 0),
        "constant": lambda x: x * 0,
        "heavy": lambda x: x**9,
        "tiny": lambda x: x * 1e-9 + 1,
    }
    return [shapes[kind](group) for group in groups]


KINDS = [
    *("normal", "integers", "relu"),
    *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("constant", "heavy", "tiny")),
]
WAYS = [("tree", False), ("tree", True), ("masks", False), ("masks in blocks", False)]


def take(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Search by one way, whatever it costs."""
    monkeypatch.setattr(search, "_masks_pay", lambda *_: way != "tree")
    if way == "masks in blocks":
        monkeypatch.setattr(masks, "BLOCK", 130)
        monkeypatch.setattr(masks, "WIDE", 2)
        monkeypatch.setattr(masks, "LONG", 150)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("widths", [(1,), (3, 2), (20, 3), (5, 17, 9)])
@pytest.mark.parametrize(("way", "euclidean"), WAYS)
def test_the_nearest_are_those_of_the_matrix_of_distances(
    kind: str, widths: tuple[int, ...], way: str, euclidean: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(way, monkeypatch)
    for n in (5, 192, 193, 700):
        groups = draw(kind, n, widths)
        matrix = all_distances(groups, euclidean)
        others = matrix + np.diag(np.full(n, np.inf))
        for k in (1, 4):
            found = nearest(*groups, k=k, euclidean=euclidean)
            expected = np.sort(others, axis=1)[:, :k]
            np.testing.assert_array_equal(found.distances, expected)
            np.testing.assert_array_equal(np.take_along_axis(others, found.rows, axis=1), expected)
            np.testing.assert_array_equal(found.tied + k, (others <= expected[:, -1:]).sum(axis=1))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("widths", [(1,), (3, 2), (20, 3)])
@pytest.mark.parametrize(("way", "euclidean"), WAYS)
def test_counts_are_those_of_the_matrix_on_and_just_inside_the_radius(
    kind: str, widths: tuple[int, ...], way: str, euclidean: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(way, monkeypatch)
    groups = draw(kind, 500, widths)
    matrix = all_distances(groups, euclidean)
    radii = np.sort(matrix, axis=1)[:, 7]
    for radius in (radii, np.nextafter(radii, -1.0), np.full(500, matrix.max())):
        found = count_within(*groups, radii=radius, euclidean=euclidean)
        np.testing.assert_array_equal(found.counts, (matrix <= radius[:, None]).sum(axis=1))
        np.testing.assert_array_equal(found.on, (matrix == radius[:, None]).sum(axis=1))


@pytest.mark.parametrize(("way", "euclidean"), WAYS)
def test_threads_change_no_bit(way: str, euclidean: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    take(way, monkeypatch)
    x = draw("normal", 3000, (6,))[0]
    one, three = (nearest(x, k=3, euclidean=euclidean, n_jobs=jobs) for jobs in (1, 3))
    for a, b in zip(one, three, strict=True):
        np.testing.assert_array_equal(a, b)
    radii = one.distances[:, -1]
    counts = [count_within(x, radii=radii, euclidean=euclidean, n_jobs=jobs) for jobs in (1, 3)]
    for a, b in zip(*counts, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("order", ["C", "F"])
def test_the_data_are_left_as_they_are(order: Any) -> None:
    x = np.asarray(draw("normal", 300, (6,))[0], order=order)
    before = x.copy()
    count_within(x, radii=nearest(x, k=2).distances[:, -1])
    np.testing.assert_array_equal(x, before)
