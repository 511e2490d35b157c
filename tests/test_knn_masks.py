"""Masks of bits and their kernels, part by part, on few points in small blocks."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from plain_kernels import interpret

from pidtools._types import Array, Floats
from pidtools.knn import masks, tree
from pidtools.knn.kernels import masks as kernels

# Products of 64 bits wrap around, of which NumPy warns where kernels are interpreted.
pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered in scalar:RuntimeWarning")

DRAWS: dict[str, Callable[[Floats], Floats]] = {
    "normal": lambda x: x,
    "integers": np.round,
    "copies": lambda x: x[np.arange(len(x)) // 5],
    "constant": lambda x: 0 * x + 3,
    "zeros": lambda x: np.maximum(x, 0),
}


def draw(kind: str, n: int, n_columns: int) -> Floats:
    return np.ascontiguousarray(DRAWS[kind](np.random.default_rng(n).normal(size=(n, n_columns))))


def all_distances(x: Floats) -> Floats:
    distances: Floats = np.abs(x[:, None, :] - x[None, :, :]).max(axis=2)
    return distances


def of_bits(words: Array, n: int) -> Array:
    """Bits of words, the lowest first: the places of points in their block."""
    return np.unpackbits(np.ascontiguousarray(words).view(np.uint8), bitorder="little")[:n]


# --- the index --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", DRAWS)
@pytest.mark.parametrize("n", [1, 5, 64, 70, 130])
def test_masks_hold_the_first_points_of_sorted_columns(kind: str, n: int) -> None:
    x = draw(kind, n, 2)
    values, slots, cuts, edges, words = masks._index(x, 1)
    np.testing.assert_array_equal(values, np.sort(x.T, axis=1))
    np.testing.assert_array_equal(np.take_along_axis(x.T, slots.astype(int), axis=1), values)
    np.testing.assert_array_equal(edges, values[:, cuts[:-1]])
    assert (cuts[0], cuts[-1]) == (0, n)
    assert np.all(np.diff(cuts) > 0)
    assert words.shape[2] % 4 == 0
    for c in range(2):
        assert sorted(slots[c]) == list(range(n))
        for b, cut in enumerate(cuts):
            expected = np.isin(np.arange(64 * words.shape[2]), slots[c, :cut])
            np.testing.assert_array_equal(of_bits(words[c, b], expected.size), expected)


@pytest.mark.parametrize("n", [1, 2, 63, 64, 1000])
def test_cuts_are_those_of_a_cosine(n: int) -> None:
    expected = {round(n * np.sin(np.pi * b / 128) ** 2) for b in range(65)}
    assert masks._cuts(n).tolist() == sorted(expected)


def test_blocks_cover_all_points_in_about_equal_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masks, "BLOCK", 10)
    for n, n_blocks in ((1, 1), (10, 1), (11, 2), (25, 3)):
        blocks = masks._blocks(n)
        assert len(blocks) == n_blocks
        assert [i for begin, end in blocks for i in range(begin, end)] == list(range(n))
        assert max(end - begin for begin, end in blocks) <= 10


# --- how many are near ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", DRAWS)
@pytest.mark.parametrize("n_columns", [1, 2, 5, 11])
@pytest.mark.parametrize("block", [1000, 30])
def test_counts_are_those_of_the_matrix(
    kind: str, n_columns: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(masks, "BLOCK", block)
    n = 75
    x = draw(kind, n, n_columns)
    matrix = all_distances(x)
    nearest, middle, most = np.sort(matrix, axis=1)[:, [2, n // 2, n - 5]].T
    mixed = np.choose(np.arange(n) % 4, [np.full(n, -1.0), middle, np.zeros(n), np.full(n, np.inf)])
    for radii in (nearest, np.nextafter(middle, -1), most, mixed):
        counts, on = masks.count(x, radii, 1)
        np.testing.assert_array_equal(counts, (matrix <= radii[:, None]).sum(axis=1))
        np.testing.assert_array_equal(on, (matrix == radii[:, None]).sum(axis=1))


def test_counts_are_added_to_what_other_blocks_have_for_the_points_asked_for() -> None:
    x = draw("integers", 75, 3)
    matrix = all_distances(x)
    radii = np.full(75, 1.0)
    counts, on = np.full((2, 75), 5)
    kernels.count_masked_kernel(*masks._index(x[20:60], 1), x[20:60], x, radii, 10, 50, counts, on)
    mine = (np.arange(75) >= 10) & (np.arange(75) < 50)
    np.testing.assert_array_equal(counts, 5 + np.where(mine, (matrix <= 1)[:, 20:60].sum(1), 0))
    np.testing.assert_array_equal(on, 5 + np.where(mine, (matrix == 1)[:, 20:60].sum(1), 0))


def test_few_points_are_measured_and_many_are_trimmed() -> None:
    """Up to eight a column are measured: these are seen where the block says that they are."""
    x = np.arange(40.0)[:, None]
    known = masks._index(x, 1)
    elsewhere = np.full((40, 1), 500.0)
    for radius, expected in ((3.5, 0), (4.0, 9), (4.5, 9), (5.0, 11)):
        counts, on = np.zeros((2, 40), np.int64)
        radii = np.full(40, radius)
        kernels.count_masked_kernel(*known, elsewhere, x, radii, 20, 21, counts, on)
        assert counts[20] == expected
        assert on[20] == (2 if radius in (4, 5) else 0)
    for n_left, seen in ((8, False), (9, True), (16, True), (17, True)):
        counts, on = np.zeros((2, 40), np.int64)
        radii = np.full(40, n_left - 0.5)  # from the first point on
        kernels.count_masked_kernel(*known, elsewhere, x, radii, 0, 1, counts, on)
        assert counts[0] == (n_left if seen else 0)


def test_a_whole_block_may_be_on_the_rim() -> None:
    block = np.zeros((40, 1))
    x = np.array([[1.0], [-1.0], [0.0], [1.5], [-0.5]])
    counts, on = np.zeros((2, 5), np.int64)
    kernels.count_masked_kernel(*masks._index(block, 1), block, x, np.ones(5), 0, 5, counts, on)
    assert counts.tolist() == [40, 40, 40, 0, 40]
    assert on.tolist() == [40, 40, 0, 0, 0]


# --- the nearest ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", DRAWS)
@pytest.mark.parametrize("n_columns", [1, 2, 5, 11])
@pytest.mark.parametrize("block", [1000, 30])
def test_the_nearest_are_those_of_the_matrix(
    kind: str, n_columns: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the leaf of each point on, which may hold fewer than k others."""
    monkeypatch.setattr(masks, "BLOCK", block)
    monkeypatch.setattr(masks, "WIDE", 5)
    monkeypatch.setattr(masks, "LONG", 75)
    n = 75
    grown = tree.grow(draw(kind, n, n_columns), euclidean=False, leaf_size=8)
    others = all_distances(grown.points) + np.diag(np.full(n, np.inf))
    for k in (1, 4, 9):
        found = tree.nearest_at_home(grown, k, 1)
        masks.improve(found, grown, 1)
        expected = np.sort(others, axis=1)[:, :k]
        np.testing.assert_array_equal(found.distances, expected)
        at = np.take_along_axis(others, found.places, axis=1)
        np.testing.assert_array_equal(at, expected)
        assert all(len(set(row)) == k for row in found.places.tolist())
        tied = (others <= expected[:, -1:]).sum(axis=1) - k
        np.testing.assert_array_equal(found.tied, tied)


def test_leaves_that_are_not_asked_for_keep_what_they_have() -> None:
    grown = tree.grow(draw("normal", 60, 3), euclidean=False, leaf_size=8)
    at_home = tree.nearest_at_home(grown, 2, 1)
    whole, part = (
        tree.NearestPlaces(at_home.distances.copy(), at_home.places.copy(), at_home.tied.copy())
        for _ in range(2)
    )
    masks.improve(whole, grown, 1)
    n_leaves = len(grown.leaves)
    starts, stops = grown.starts[-n_leaves:], grown.stops[-n_leaves:]
    known = (*masks._index(grown.points, 1), 0, 60)
    kernels.nearest_masked_kernel(*known, grown.points, starts, stops, 2, 2, 5, *part)
    mine = np.zeros(60, bool)
    for leaf in (2, 3, 4):
        mine[starts[leaf] : stops[leaf]] = True
    for ours, theirs, before in zip(part, whole, at_home, strict=True):
        np.testing.assert_array_equal(ours[mine], theirs[mine])
        np.testing.assert_array_equal(ours[~mine], before[~mine])


def test_copies_are_counted_unseen() -> None:
    """Where the k-th neighbour is a copy all that masks leave are, wherever they may be now."""
    grown = tree.grow(np.zeros((70, 5)), euclidean=False, leaf_size=8)
    known = masks._index(grown.points, 1)
    n_leaves = len(grown.leaves)
    starts, stops = grown.starts[-n_leaves:], grown.stops[-n_leaves:]
    found = tree.nearest_at_home(grown, 2, 1)
    points = np.full((70, 5), 9.0)
    points[starts[3] : stops[3]] = 0
    kernels.nearest_masked_kernel(*known, 0, 70, points, starts, stops, 2, 3, 4, *found)
    assert found.tied[starts[3] : stops[3]].tolist() == [67] * int(stops[3] - starts[3])


# --- what the kernels stand on ----------------------------------------------------------------


def test_bits_are_counted_found_and_cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    interpret(kernels, monkeypatch)
    rng = np.random.default_rng(0)
    drawn = rng.integers(1, 2**63, 30, dtype=np.uint64) & rng.integers(1, 2**63, 30, np.uint64)
    for word in (*drawn, *(np.uint64(1) << np.arange(64, dtype=np.uint64)), np.uint64(2**64 - 1)):
        places = np.nonzero(of_bits(np.array([word]), 64))[0]
        assert kernels._ones(word) == len(places)
        if word:
            assert kernels._lowest(word) == places[0]
    for begin, end in ((0, 0), (3, 9), (60, 70), (64, 128), (9, 3)):
        left = np.full(2, 2**64 - 1, np.uint64)
        kernels._clear(left, begin, end)
        slots = np.arange(128)
        np.testing.assert_array_equal(of_bits(left, 128), (slots < begin) | (slots >= end))


@pytest.mark.parametrize("kind", DRAWS)
def test_intervals_lie_just_within_their_masks(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Points below the lower mask are too low, those beyond the upper one too high; no more."""
    interpret(kernels, monkeypatch)
    x = draw(kind, 90, 2)
    values, _, cuts, edges, _ = masks._index(x, 1)
    lows, highs = np.empty((2, 2), np.int64)
    for i, radius in ((0, 0.5), (1, 0.0), (2, 1.0), (3, 9.0), (4, 1e-9)):
        kernels._locate(edges, x, i, radius, lows, highs)
        for c in range(2):
            inside = np.nonzero(np.abs(values[c] - x[i, c]) <= radius)[0]
            assert cuts[lows[c]] <= inside[0]
            assert cuts[lows[c] + 1] >= inside[0]
            assert cuts[highs[c]] > inside[-1]
            assert cuts[highs[c] - 1] <= inside[-1]


def test_columns_are_sorted_by_width(monkeypatch: pytest.MonkeyPatch) -> None:
    interpret(kernels, monkeypatch)
    rng = np.random.default_rng(0)
    for _ in range(10):
        lows, widths = rng.integers(0, 4, 7), rng.integers(-1, 6, 7)
        places, order = np.full(12, 9), np.full(7, -1)
        kernels._sort_columns(lows, lows + widths, places, order)
        np.testing.assert_array_equal(order, np.argsort(np.maximum(widths, 0), kind="stable"))


def test_boxes_are_intersections_of_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until points are few, and four columns more would cost more than measuring them."""
    interpret(kernels, monkeypatch)
    rng = np.random.default_rng(0)
    words = masks._index(rng.normal(size=(4096, 9)), 1)[-1]
    n_cuts, n_done = words.shape[1], set()
    left = np.empty(64, np.uint64)
    for n_columns, width in itertools.product((1, 2, 3, 4, 5, 8, 9), (2, 5, 9, 14, 28, 63, 64)):
        order = rng.permutation(n_columns)
        widths = rng.integers(width - 1, width + 3, n_columns).clip(1, n_cuts - 1)
        lows = rng.integers(0, n_cuts - widths)
        highs = lows + widths
        n_left, done = kernels._intersect(words[:n_columns], lows, highs, order, left)
        box, before = np.ones(4096, bool), 4096
        for place, c in enumerate(order):
            box &= of_bits(words[c, highs[c]] & ~words[c, lows[c]], 4096) > 0
            if (place + 1) % 4 == 0 and place + 1 < n_columns:
                n_box = int(box.sum())
                spared, before = n_box * (before - n_box) / before, n_box
                if n_box <= 8 * n_columns and 40 * spared < 64:
                    break
        assert (n_left, done) == (box.sum(), place + 1)
        np.testing.assert_array_equal(of_bits(left, 4096), box)
        n_done.add((n_columns, done))
    assert {(5, 4), (9, 4), (9, 8), (9, 9)} <= n_done
    # A column whose interval is empty leaves nothing.
    lows, highs = np.array([0, 4]), np.array([9, 4])
    assert kernels._intersect(words[:2], lows, highs, np.array([1, 0]), left) == (0, 2)


def test_ends_are_trimmed_and_the_rim_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    interpret(kernels, monkeypatch)
    x = draw("integers", 130, 2)
    values, slots, cuts, edges, words = masks._index(x, 1)
    lows, highs = np.empty((2, 2), np.int64)
    for i, radius in ((0, 1.0), (1, 0.0), (2, 0.5), (3, 3.0), (4, 50.0)):
        kernels._locate(edges, x, i, radius, lows, highs)
        left, rim = np.empty(words.shape[2], np.uint64), np.zeros(words.shape[2], np.uint64)
        kernels._intersect(words, lows, highs, np.arange(2), left)
        found = kernels._trim(values, slots, cuts, lows, highs, x, i, radius, left, rim)
        distances = np.abs(x - x[i]).max(axis=1)
        np.testing.assert_array_equal(of_bits(left, 130), distances <= radius)
        np.testing.assert_array_equal(of_bits(left & rim, 130), distances == radius)
        on_rim = np.abs(x - x[i]) == radius
        assert found == on_rim.any()
        np.testing.assert_array_equal(of_bits(rim, 130), on_rim.any(axis=1))


def test_a_distance_beyond_the_radius_is_infinite(monkeypatch: pytest.MonkeyPatch) -> None:
    interpret(kernels, monkeypatch)
    points, inside = np.array([[0.0, 0.0], [1.0, 5.0]]), np.array([[9.0, 9.0], [3.0, 4.0]])
    for radius, expected in ((2.0, 2.0), (1.9, np.inf), (3.0, 2.0), (0.5, np.inf)):
        assert kernels._distance_within(points, 1, inside, 1, radius) == expected
