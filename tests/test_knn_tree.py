"""The tree and its kernels, part by part, on few points in small leaves."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from plain_kernels import interpret

from pidtools._types import Codes, Floats
from pidtools.knn import tree
from pidtools.knn.kernels import tree as kernels

DRAWS: dict[str, Callable[[Floats], Floats]] = {
    "normal": lambda x: x,
    "integers": lambda x: np.round(2 * x),
    "copies": lambda x: x[np.arange(len(x)) // 5],
    "constant": lambda x: 0 * x + 3,
    # Closer than single precision tells apart.
    "near ties": lambda x: np.sign(x) + 1e-11 * np.round(9 * x),
    "skewed": lambda x: np.exp(4 * x) + 1000,
}


def draw(kind: str, n: int, widths: tuple[int, ...], seed: int = 0) -> list[Floats]:
    rng = np.random.default_rng(seed)
    return [DRAWS[kind](rng.normal(size=(n, width))) for width in widths]


def all_distances(groups: list[Floats], euclidean: bool) -> Floats:
    """Every distance by definition, squared if Euclidean; sums run column by column."""
    worst = np.zeros((len(groups[0]), len(groups[0])))
    for group in groups:
        distance = np.zeros_like(worst)
        for column in group.T:
            gap = np.abs(column[:, None] - column[None, :])
            distance = distance + gap * gap if euclidean else np.maximum(distance, gap)
        worst = np.maximum(worst, distance)
    return worst


def in_tree(grown: tree.Tree) -> list[Floats]:
    """Groups of columns in the order of the tree."""
    return np.split(grown.points, grown.ends[:-1], axis=1)


def leaf_of(grown: tree.Tree) -> Codes:
    """Leaf of each point, in the order of the tree."""
    first = len(grown.starts) // 2
    sizes = grown.stops[first:] - grown.starts[first:]
    # Leaves of a heap need not lie in the order of their numbers.
    result = np.empty(len(grown.order), np.int64)
    for leaf, (start, size) in enumerate(zip(grown.starts[first:], sizes, strict=True)):
        result[start : start + size] = leaf
    return result


def copied(found: tree.NearestPlaces) -> tree.NearestPlaces:
    return tree.NearestPlaces(found.distances.copy(), found.places.copy(), found.tied.copy())


# --- the tree itself --------------------------------------------------------------------------


def ranges_by_definition(n: int, n_leaves: int) -> list[tuple[int, int]]:
    """Places of each node: a node's points are shared out by its leaves, the left rounded up."""
    n_nodes = 2 * n_leaves - 1

    def leaves_below(node: int) -> int:
        if node >= n_leaves - 1:
            return 1
        return leaves_below(2 * node + 1) + leaves_below(2 * node + 2)

    found = {0: (0, n)}
    for node in range(n_leaves - 1):
        start, stop = found[node]
        share = math.ceil((stop - start) * leaves_below(2 * node + 1) / leaves_below(node))
        found[2 * node + 1], found[2 * node + 2] = (start, start + share), (start + share, stop)
    return [found[node] for node in range(n_nodes)]


@pytest.mark.parametrize("kind", DRAWS)
@pytest.mark.parametrize(("n", "leaf_size"), [(1, 4), (4, 4), (5, 4), (23, 4), (47, 5), (70, 3)])
def test_nodes_hold_their_share_in_boxes_that_just_fit(kind: str, n: int, leaf_size: int) -> None:
    groups = draw(kind, n, (2, 1))
    x = np.hstack(groups)
    grown = tree.grow(*groups, euclidean=False, leaf_size=leaf_size)
    assert sorted(grown.order) == list(range(n))
    np.testing.assert_array_equal(grown.points, x[grown.order])
    np.testing.assert_array_equal(grown.ends, [2, 3])
    n_leaves = math.ceil(n / leaf_size)
    ranges = list(zip(grown.starts.tolist(), grown.stops.tolist(), strict=True))
    assert ranges == ranges_by_definition(n, n_leaves)
    for node, (start, stop) in enumerate(ranges):
        inside = grown.points[start:stop]
        np.testing.assert_array_equal(grown.lows[node], inside.min(axis=0))
        np.testing.assert_array_equal(grown.highs[node], inside.max(axis=0))
        assert node < n_leaves - 1 or 0 < stop - start <= leaf_size


@pytest.mark.parametrize("kind", DRAWS)
def test_nodes_are_split_where_they_are_widest(kind: str) -> None:
    grown = tree.grow(*draw(kind, 60, (3,), seed=1), euclidean=False, leaf_size=4)
    for node in range(len(grown.starts) // 2):
        widest = int(np.argmax(grown.highs[node] - grown.lows[node]))
        assert grown.highs[2 * node + 1, widest] <= grown.lows[2 * node + 2, widest]


@pytest.mark.parametrize(("n", "width"), [(3, 32), (32, 32), (33, 64), (64, 64), (65, 96)])
def test_leaves_are_relative_to_their_centres_and_filled_up(n: int, width: int) -> None:
    (x,) = draw("skewed", 2 * n, (2,))
    grown = tree.grow(x, euclidean=False, leaf_size=n)
    assert grown.leaves.shape == (2, 2, width)
    for leaf in (0, 1):
        start, stop = grown.starts[1 + leaf], grown.stops[1 + leaf]
        inside = grown.points[start:stop]
        centre = (inside.min(axis=0) + inside.max(axis=0)) / 2
        expected = (inside - centre).T.astype(np.float32)
        np.testing.assert_array_equal(grown.leaves[leaf, :, : stop - start], expected)
        assert np.all(np.isposinf(grown.leaves[leaf, :, stop - start :]))


def test_selection_puts_every_key_on_its_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """All orders of five keys with ties, and every place to split at."""
    interpret(kernels, monkeypatch)
    for given in set(itertools.permutations([0.0, 1.0, 1.0, 2.0, 3.0])):
        for middle in range(5):
            keys, order = np.array([9.0, *given, -9.0]), np.arange(7)
            kernels._select(keys, order, 1, 5, middle + 1)
            np.testing.assert_array_equal(np.array([9.0, *given, -9.0])[order], keys)
            assert (order[0], order[6]) == (0, 6)
            assert max(keys[1 : middle + 1], default=-1) <= keys[middle + 1]
            assert min(keys[middle + 1 : 6]) == keys[middle + 1]


# --- the nearest ------------------------------------------------------------------------------

SPACES = [
    *itertools.product(DRAWS, [(1,), (2, 1)], [False]),
    *itertools.product(DRAWS, [(2, 1)], [True]),
    *itertools.product(["normal", "near ties"], [(18, 6)], [False, True]),
]


@pytest.mark.parametrize(("kind", "widths", "euclidean"), SPACES)
@pytest.mark.parametrize(("n", "leaf_size", "k"), [(30, 7, 2), (41, 3, 1), (26, 4, 5), (22, 11, 9)])
def test_the_nearest_are_those_of_the_matrix(
    kind: str, widths: tuple[int, ...], euclidean: bool, n: int, leaf_size: int, k: int
) -> None:
    grown = tree.grow(*draw(kind, n, widths), euclidean=euclidean, leaf_size=leaf_size)
    others = all_distances(in_tree(grown), euclidean) + np.diag(np.full(n, np.inf))
    found = tree.nearest_at_home(grown, k, 1)
    leaf = leaf_of(grown)
    at_home = np.where(leaf[:, None] == leaf[None, :], others, np.inf)
    check_nearest(found, at_home, k)
    tree.improve(found, grown, 1)
    check_nearest(found, others, k)


def check_nearest(found: tree.NearestPlaces, others: Floats, k: int) -> None:
    """The k smallest of each row, and how many more equal the last; -1 for infinite ones."""
    expected = np.sort(others, axis=1)[:, :k]
    np.testing.assert_array_equal(found.distances, expected)
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(found.places >= 0, finite)
    at = np.take_along_axis(others, np.maximum(found.places, 0), axis=1)
    np.testing.assert_array_equal(at[finite], expected[finite])
    for row, is_there in zip(found.places, finite, strict=True):
        assert len(set(row[is_there])) == is_there.sum()
    last = expected[:, -1]
    tied = np.where(np.isfinite(last), (others <= last[:, None]).sum(axis=1) - k, 0)
    np.testing.assert_array_equal(found.tied, tied)


@pytest.mark.parametrize("euclidean", [False, True])
def test_a_search_fills_the_leaves_that_it_is_given(euclidean: bool) -> None:
    """So that threads share them out."""
    grown = tree.grow(*draw("normal", 40, (2,)), euclidean=euclidean, leaf_size=8)
    whole = tree.nearest_at_home(grown, 3, 1)
    tree.improve(whole, grown, 1)
    radii = whole.distances[:, -1]
    counted = tree.count(grown, radii, 1)
    arrays, leaf = tree._arrays(grown), leaf_of(grown)
    mine = (leaf >= 1) & (leaf < 3)
    part = tree.NearestPlaces(np.full((40, 3), -7.0), np.full((40, 3), -7), np.full(40, -7))
    counts, on = np.full((2, 40), -7)
    kernels.home_kernel(*arrays, 3, 1, 3, *part)
    kernels.nearest_kernel(*arrays, 3, 1, 3, *part)
    kernels.count_kernel(*arrays, radii, 1, 3, counts, on)
    for ours, theirs in zip((*part, counts, on), (*whole, *counted), strict=True):
        np.testing.assert_array_equal(ours[mine], theirs[mine])
        assert np.all(ours[~mine] == -7)


def with_points(grown: tree.Tree, change: NDArray[np.bool_], to: Floats) -> tuple[Any, ...]:
    """Arrays of a tree some of whose points have been moved behind its back.

    Whoever looks at them finds them there; whoever goes by the boxes does not.
    """
    leaf, first = leaf_of(grown), len(grown.starts) // 2
    points, leaves = grown.points.copy(), grown.leaves.copy()
    points[change] = to
    for place in np.nonzero(change)[0]:
        node = first + leaf[place]
        centre = 0.5 * (grown.lows[node] + grown.highs[node])
        leaves[leaf[place], :, place - grown.starts[node]] = points[place] - centre
    fields = list(tree._arrays(grown))
    fields[:2] = leaves, points
    return tuple(fields)


@pytest.mark.parametrize("euclidean", [False, True])
@pytest.mark.parametrize("k", [3, 7])
def test_leaves_out_of_reach_are_not_looked_at(euclidean: bool, k: int) -> None:
    """Eight far clusters, a leaf each, in which a point has five others.

    Three neighbours are found at home; for seven the cluster beside it is wanted too, and is the
    first to be looked at. All others could be anywhere.
    """
    rng = np.random.default_rng(0)
    x = np.repeat(10.0 * np.arange(8) ** 2, 6)[:, None] + rng.random((48, 1))
    grown = tree.grow(x, euclidean=euclidean, leaf_size=6)
    at_home = tree.nearest_at_home(grown, k, 1)
    expected = copied(at_home)
    tree.improve(expected, grown, 1)
    leaf = leaf_of(grown)
    for home in range(8):
        rows = leaf == home
        if k == 7 and grown.points[rows].min() // 10 not in (0, 1, 9, 25, 49):
            continue  # what is nearest hangs on another branch, and comes second
        spared = ~np.isin(leaf, [home, *leaf[expected.places[rows].ravel()]])
        assert spared.any()
        arrays = with_points(grown, spared, grown.points[rows][0] + 0.01)
        found = copied(at_home)
        kernels.nearest_kernel(*arrays, k, home, home + 1, *found)
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_array_equal(ours[rows], theirs[rows])


@pytest.mark.parametrize("euclidean", [False, True])
def test_nodes_all_at_the_bound_are_counted_unseen(euclidean: bool) -> None:
    """Two values, many copies: a subtree of one distance needs no look at its points."""
    x = np.repeat([0.0, 2.0, 9.0], [4, 28, 32])[:, None]
    grown = tree.grow(x, euclidean=euclidean, leaf_size=4)
    leaf, first = leaf_of(grown), len(grown.starts) // 2
    at_home = tree.nearest_at_home(grown, 5, 1)
    (home,) = set(leaf[grown.points[:, 0] == 0].tolist())
    rows = leaf == home
    found = copied(at_home)
    kernels.nearest_kernel(*tree._arrays(grown), 5, home, home + 1, *found)
    # Three at home and two of the others; 26 more are as far as these.
    assert found.tied[rows].tolist() == [26] * 4
    # The leaf beside it is scanned first. Of the rest no point is looked at: whole subtrees are
    # of one distance; one that was looked at would be no longer.
    sibling = home - 1 if (first + home) % 2 == 0 else home + 1
    unseen = (grown.points[:, 0] == 2) & (leaf != sibling)
    assert unseen.sum() == 24
    found = copied(at_home)
    arrays = with_points(grown, unseen, np.array([0.5]))
    kernels.nearest_kernel(*arrays, 5, home, home + 1, *found)
    assert found.tied[rows].tolist() == [26] * 4


@pytest.mark.parametrize("euclidean", [False, True])
def test_a_node_is_tied_where_all_of_it_is_at_every_bound(
    euclidean: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seven nodes of one value each; the k-th distance of one leaf to all of another."""
    interpret(kernels, monkeypatch)
    boxes = np.array([0.0, 1, 2, 3, 4, 5, 7])[:, None]
    ends, k = np.array([1]), 2

    def tied(home: int, node: int, kth: list[float], others: float = 0.0) -> bool:
        distances = np.full((5, 3), others)
        distances[1 : 1 + len(kth), k - 1] = kth
        given = ends, euclidean, home, node, distances, 1, 1 + len(kth), k
        return bool(kernels._all_tied(boxes, boxes, *given))

    four = 16.0 if euclidean else 4.0
    assert tied(5, 1, [four, four])
    assert tied(5, 1, [four])
    assert not tied(5, 1, [four, 3.0])
    assert not tied(5, 1, [3.0, four])
    assert not tied(5, 1, [3.0, 3.0], four)
    assert tied(3, 4, [1.0])
    # Nodes that hold the leaf itself.
    assert not tied(5, 2, [9.0 if euclidean else 3.0])
    assert not tied(5, 0, [25.0 if euclidean else 5.0])
    assert not tied(5, 5, [0.0])
    assert not tied(3, 1, [four / 4 if euclidean else 2.0])
    assert not tied(4, 1, [9.0 if euclidean else 3.0])


def test_a_distance_goes_to_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranks kept by insertion, against sorting, with ties counted."""
    interpret(kernels, monkeypatch)
    rng = np.random.default_rng(0)
    for k in (1, 2, 4):
        for _ in range(20):
            given = rng.integers(0, 5, 8).astype(float)
            distances, slots, tied = np.full((2, k), np.inf), np.full((2, k), -1), np.zeros(2, int)
            for slot, distance in enumerate(given):
                if distance < distances[1, -1]:
                    kernels.insert(distances, slots, tied, 1, k, distance, slot)
                elif distance == distances[1, -1]:
                    tied[1] += 1
            np.testing.assert_array_equal(distances[1], np.sort(given)[:k])
            np.testing.assert_array_equal(slots[1], np.argsort(given, kind="stable")[:k])
            assert tied[1] == (given <= distances[1, -1]).sum() - k
            assert np.all(np.isinf(distances[0]))
            assert (slots[0].max(), tied[0]) == (-1, 0)


# --- how many are near ------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "widths", "euclidean"), SPACES)
@pytest.mark.parametrize(("n", "leaf_size"), [(30, 7), (41, 3)])
def test_counts_are_those_of_the_matrix(
    kind: str, widths: tuple[int, ...], euclidean: bool, n: int, leaf_size: int
) -> None:
    grown = tree.grow(*draw(kind, n, widths), euclidean=euclidean, leaf_size=leaf_size)
    matrix = all_distances(in_tree(grown), euclidean)
    nearest, middle, far = np.sort(matrix, axis=1)[:, [1, n // 2, -1]].T
    mixed = np.choose(np.arange(n) % 3, [np.full(n, -1.0), middle, 3 * far])
    for radii in (nearest, np.nextafter(middle, -1), np.full(n, far.max()), mixed):
        counts, on = tree.count(grown, radii, 1)
        np.testing.assert_array_equal(counts, (matrix <= radii[:, None]).sum(axis=1))
        within = (matrix == radii[:, None]).sum(axis=1)
        np.testing.assert_array_equal(on, within)


@pytest.mark.parametrize("end", [6, 7, 20])
def test_what_is_surely_within_is_counted_once(end: int) -> None:
    """A radius beyond a distance by all that single precision may lose, and by a bit less."""
    x = np.array([0.0, 1, 2, 3, end])[:, None]
    grown = tree.grow(x, euclidean=False, leaf_size=8)
    matrix = all_distances([grown.points], euclidean=False)
    for distance in (1, 2, 3):
        margin = 2.0**-22 * (end / 2 + distance)
        for share in (0, 0.5, 0.9, 1, 1.1):
            radii = np.full(5, distance + share * margin)
            counts, on = tree.count(grown, radii, 1)
            np.testing.assert_array_equal(counts, (matrix <= radii[:, None]).sum(axis=1))
            np.testing.assert_array_equal(on, (matrix == radii[:, None]).sum(axis=1))


@pytest.mark.parametrize("euclidean", [False, True])
def test_boxes_within_reach_or_out_of_it_are_not_looked_at(euclidean: bool) -> None:
    """Nodes that are all inside or all outside could hold their points anywhere."""
    x = np.arange(48.0)[:, None]
    grown = tree.grow(x, euclidean=euclidean, leaf_size=6)
    leaf, first = leaf_of(grown), len(grown.starts) // 2
    home = int(leaf[grown.points[:, 0] == 20][0])
    rows = leaf == home
    low, high = grown.points[rows].min(), grown.points[rows].max()
    counts, on = np.zeros((2, 48), int)
    for radius in (8.0, 14.5):
        radii = np.full(48, radius**2 if euclidean else radius)
        expected = tree.count(grown, radii, 1)
        reach = np.array([max(high - a, b - low) for a, b in zip(
            grown.lows[first:, 0], grown.highs[first:, 0], strict=True)])  # fmt: skip
        gap = np.array([max(low - b, a - high) for a, b in zip(
            grown.lows[first:, 0], grown.highs[first:, 0], strict=True)])  # fmt: skip
        assert (reach < radius).any()
        assert (gap > radius).any()
        inside, outside = (reach < radius)[leaf], (gap > radius)[leaf]
        for change, to in ((inside, 500.0), (outside, 20.0)):
            arrays = with_points(grown, change & ~rows, np.array([to]))
            kernels.count_kernel(*arrays, radii, home, home + 1, counts, on)
            np.testing.assert_array_equal(counts[rows], expected[0][rows])
            np.testing.assert_array_equal(on[rows], expected[1][rows])


@pytest.mark.parametrize("kind", DRAWS)
def test_a_sorted_column_is_counted_by_halves(kind: str) -> None:
    values = np.sort(draw(kind, 31, (1,))[0][:, 0])
    matrix = np.abs(values[:, None] - values[None, :])
    at_random = matrix[np.arange(31), np.random.default_rng(0).integers(0, 31, 31)]
    ends = np.where(np.arange(31) % 2, -0.5, np.inf)
    for radii in (at_random, np.nextafter(at_random, 9), np.zeros(31), ends, np.full(31, -1e-300)):
        counts, on = np.full((2, 31), -7)
        kernels.count_sorted_kernel(values, radii, 4, 31, counts, on)
        kernels.count_sorted_kernel(values, radii, 0, 4, counts, on)
        np.testing.assert_array_equal(counts, (matrix <= radii[:, None]).sum(axis=1))
        expected = (matrix == radii[:, None]).sum(axis=1)
        np.testing.assert_array_equal(on, expected)
    counts, on = np.full((2, 31), -7)
    kernels.count_sorted_kernel(values, at_random, 4, 9, counts, on)
    assert np.all(np.delete(counts, np.s_[4:9]) == -7)


# --- what the scans stand on ------------------------------------------------------------------


@pytest.mark.parametrize("euclidean", [False, True])
def test_boxes_have_a_least_and_a_largest_distance(
    euclidean: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against corners of boxes and their nearest points, group by group."""
    interpret(kernels, monkeypatch)
    rng = np.random.default_rng(0)
    for unit in np.repeat([1, 1 / 64], 15):
        corners = np.sort(unit * np.round(rng.normal(size=(2, 2, 3)) * 3), axis=0)
        lows, highs, ends = corners[0], corners[1], np.array([2, 3])
        corner = list(itertools.product(*np.stack([lows[0], highs[0]], axis=1)))
        other = list(itertools.product(*np.stack([lows[1], highs[1]], axis=1)))
        pairs = [np.array([a, b]) for a, b in itertools.product(corner, other)]
        largest = max(pair_distance(pair, euclidean) for pair in pairs)
        assert kernels._box_reach(lows, highs, ends, euclidean, 0, 1) == largest
        # The nearest point of one box to another, coordinate by coordinate.
        a = np.clip(lows[1], lows[0], highs[0])
        least = pair_distance(np.array([a, np.clip(a, lows[1], highs[1])]), euclidean)
        assert kernels._box_gap(lows, highs, ends, euclidean, 0, 1) == least
        assert kernels._box_gap(lows, highs, ends, euclidean, 1, 0) == least
        x, query = unit * np.round(rng.normal(size=(2, 3)) * 4), np.empty(3, np.float32)
        nearest = np.array([x[1], np.clip(x[1], lows[1], highs[1])])
        gap, half = kernels._shift(x, 1, lows, highs, 1, ends, euclidean, query)
        assert gap == pair_distance(nearest, euclidean)
        assert half == (highs[1] - lows[1]).max() / 2
        np.testing.assert_array_equal(query, x[1] - (lows[1] + highs[1]) / 2)
        pair = np.array([x[0], x[1]])
        assert kernels._distance(x, 0, 1, ends, euclidean) == pair_distance(pair, euclidean)


def pair_distance(pair: Floats, euclidean: bool) -> float:
    """Of two points whose first two columns are one group and the third another."""
    gaps = np.abs(pair[0] - pair[1])
    if euclidean:
        return float(max(gaps[0] ** 2 + gaps[1] ** 2, gaps[2] ** 2))
    return float(gaps.max())


def test_margins_are_twice_what_single_precision_loses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of two coordinates is off by 2^-24 (h + D), and the sums of squares with them."""
    interpret(kernels, monkeypatch)
    for half, distance, n_dims in ((1.0, 0.5, 1), (0.25, 3.0, 7), (8.0, 0.0, 20)):
        error = 2 * (2 * 2.0**-24) * (half + distance)
        assert kernels._margin(distance, half, n_dims, False) == pytest.approx(error, rel=1e-12)
        # (g + e)^2 over all columns, and 2^-24 of rounding for each product and addition.
        square = distance**2
        squares = 2 * error * np.sqrt(n_dims) * distance + n_dims * error**2
        rounding = n_dims * 2.0**-22 * square
        found = kernels._margin(square, half, n_dims, True)
        assert found == pytest.approx(squares + rounding, rel=1e-12)
    for euclidean in (False, True):
        # Products of tiny numbers underflow; and none is needed where all is within reach.
        assert kernels._margin(0.0, 0.0, 3, euclidean) == 1e-36
        assert kernels._margin(np.inf, 1.0, 3, euclidean) == 0
        # A radius below 0 is that of no point.
        assert kernels._margin(-1.0, 0.0, 3, euclidean) > -1


@pytest.mark.parametrize("euclidean", [False, True])
@pytest.mark.parametrize("n_dims", [1, 4, 5, 6, 17, 18, 21, 34, 40])
def test_scans_measure_what_is_near_and_leave_what_is_not(
    euclidean: bool, n_dims: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small whole numbers, of which single precision loses nothing."""
    interpret(kernels, monkeypatch)
    rng = np.random.default_rng(n_dims)
    leaves = rng.integers(-9, 9, (2, n_dims, 8)).astype(np.float32)
    query = rng.integers(-9, 9, n_dims).astype(np.float32)
    ends = np.unique([(n_dims + 1) // 2, n_dims])
    out, sums = np.empty((2, 8), np.float32)
    gaps = np.abs(leaves[1] - query[:, None])
    if euclidean:
        within = [(part**2).sum(axis=0) for part in np.split(gaps, ends[:-1])]
        expected = np.max(within, axis=0)
    else:
        expected = gaps.max(axis=0)
    limit = np.float32(expected.min())
    assert kernels._measure(leaves, 1, ends, euclidean, limit, out, sums, query)
    np.testing.assert_array_equal(out, expected)
    if n_dims > 17:  # long before the last column all exceed half of the least
        out[:] = -1
        assert not kernels._measure(leaves, 1, ends, euclidean, limit / 8, out, sums, query)


def test_the_kth_of_the_distinct(monkeypatch: pytest.MonkeyPatch) -> None:
    interpret(kernels, monkeypatch)
    rng = np.random.default_rng(0)
    for n_values in (2, 5, 30):
        distances = rng.integers(0, n_values, 24).astype(np.float32)
        distances[:3] = np.inf
        distinct = np.unique(distances)
        for k in range(1, 9):
            expected = distinct[k - 1] if k <= len(distinct) else np.inf
            assert kernels._kth_distinct(distances, k) == expected
        assert kernels._kth_distinct(distances, 9) == np.inf
    assert kernels._any_within(np.array([3.0, 2.0, 5.0]), 2.0)
    assert not kernels._any_within(np.array([3.0, 2.0, 5.0]), 1.9)
    worst = np.array([[0.0, 9.0], [1.0, 2.0], [0.5, 3.0], [0.0, 8.0]])
    assert kernels._worst(worst, 1, 3, 2) == 3
    assert kernels._worst(worst, 1, 3, 1) == 1
