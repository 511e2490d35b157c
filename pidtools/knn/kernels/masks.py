"""Points inside boxes, 64 at a time: one bit a point.

A block of points keeps, for each column, masks of the points that come first when the column is
sorted, for a series of numbers of points, `cuts`. The difference of two masks is an interval of
the column to within a cut at either end, and the intersection over all columns, four words an
instruction, a box. Columns are taken from the narrowest interval on, and once few points are
left they are measured one by one, so that a point costs a few bits in the first columns instead
of a number in each. This is what makes many columns cheap; in few a tree sees less of the points.

Distances are Chebyshev and every answer is that of double precision: what the masks leave open
is decided by the same subtractions and comparisons as everywhere.

Nothing here checks its arguments, and no kernel keeps state.
"""

from __future__ import annotations

import numpy as np

from pidtools._compiled.jit import inner_kernel, kernel
from pidtools.knn.kernels.tree import insert

# Words of masks that are intersected in the time it takes to measure a point, and points left
# for each column, up to which measuring is cheaper than trimming the ends.
MEASURE, FEW = 40, 8

ONE, SIX, LAST_SIX = np.uint64(1), np.uint64(6), np.uint64(63)
PAIRS, FOURS = np.uint64(0x5555555555555555), np.uint64(0x3333333333333333)
BYTES, SUM = np.uint64(0x0F0F0F0F0F0F0F0F), np.uint64(0x0101010101010101)


@kernel
def mask_kernel(slots, cuts, masks):
    """Fill masks[c, b] with the points at the first cuts[b] places of column c."""
    n_words = masks.shape[2]
    for c in range(len(slots)):
        masks[c, 0, :] = 0
        for b in range(1, masks.shape[1]):
            for w in range(n_words):
                masks[c, b, w] = masks[c, b - 1, w]
            for place in range(cuts[b - 1], cuts[b]):
                slot = np.uint64(slots[c, place])
                masks[c, b, slot >> SIX] |= ONE << (slot & LAST_SIX)


@kernel
def count_masked_kernel(
    values, slots, cuts, edges, masks, inside, points, radii, first, last, counts, on
):
    """Add the points of a block at distance at most radii[i] of points[i], and at exactly that.

    `inside` are the points of the block.
    """
    n_columns, n_words = len(values), masks.shape[2]
    left, rim = np.empty(n_words, np.uint64), np.zeros(n_words, np.uint64)
    lows, highs, order = np.empty((3, n_columns), np.int64)
    places = np.empty(masks.shape[1] + 1, np.int64)
    for i in range(first, last):
        radius = radii[i]
        if radius < 0:
            continue
        _locate(edges, points, i, radius, lows, highs)
        _sort_columns(lows, highs, places, order)
        n_left, n_done = _intersect(masks, lows, highs, order, left)
        if n_left == 0:
            continue
        if n_done == n_columns and n_left > FEW * n_columns:
            on_rim = _trim(values, slots, cuts, lows, highs, points, i, radius, left, rim)
            for w in range(n_words):
                counts[i] += _ones(left[w])
            if on_rim:
                for w in range(n_words):
                    on[i] += _ones(left[w] & rim[w])
                rim[:] = 0
            continue
        for w in range(n_words):
            word = left[w]
            while word:
                slot = (w << 6) + _lowest(word)
                word &= word - ONE
                distance = _distance_within(points, i, inside, slot, radius)
                counts[i] += distance <= radius
                on[i] += distance == radius


@kernel
def nearest_masked_kernel(
    values, slots, cuts, edges, masks, begin, end, points, starts, stops,
    k, first, last, distances, found, tied,
):  # fmt: skip
    """Improve the k nearest of the points of leaves first..last-1 by those of a block.

    The block are the points begin..end-1. `distances`, `found` and `tied` hold what the leaf
    itself has to offer, which gives the first bounds, and what other blocks had.
    """
    n_columns, n_words = len(values), masks.shape[2]
    left, rim = np.empty(n_words, np.uint64), np.zeros(n_words, np.uint64)
    lows, highs, order = np.empty((3, n_columns), np.int64)
    places = np.empty(masks.shape[1] + 1, np.int64)
    inside = points[begin:end]
    for home in range(first, last):
        for row in range(starts[home], stops[home]):
            bound = distances[row, k - 1]
            _locate(edges, points, row, bound, lows, highs)
            _sort_columns(lows, highs, places, order)
            n_left, n_done = _intersect(masks, lows, highs, order, left)
            if n_left == 0:
                continue
            _clear(left, max(starts[home] - begin, 0), min(stops[home], end) - begin)
            if bound == 0 and n_done == n_columns:  # copies need not be looked at one by one
                _trim(values, slots, cuts, lows, highs, points, row, bound, left, rim)
                for w in range(n_words):
                    tied[row] += _ones(left[w])
                continue
            for w in range(n_words):
                word = left[w]
                while word:
                    slot = (w << 6) + _lowest(word)
                    word &= word - ONE
                    distance = _distance_within(points, row, inside, slot, bound)
                    if distance < bound:
                        insert(distances, found, tied, row, k, distance, begin + slot)
                        bound = distances[row, k - 1]
                    elif distance == bound:
                        tied[row] += 1


@inner_kernel
def _clear(left, begin, end):
    """Take out the points begin..end-1."""
    for slot in range(begin, end):
        left[slot >> 6] &= ~(ONE << (np.uint64(slot) & LAST_SIX))


@inner_kernel
def _locate(edges, points, i, radius, lows, highs):
    """Places of the masks around each interval, outwards.

    All edges are compared: a search by halves costs more, for it can't be foreseen.
    """
    n_columns, n_edges = edges.shape
    for c in range(n_columns):
        x, below, reached = points[i, c], np.int64(0), np.int64(0)
        for b in range(n_edges):
            below += np.int64(x - edges[c, b] > radius)
            reached += np.int64(edges[c, b] - x <= radius)
        lows[c], highs[c] = max(below - 1, 0), reached


@inner_kernel
def _sort_columns(lows, highs, places, order):
    """Columns by the width of their interval, the narrowest first."""
    places[:] = 0
    for c in range(len(order)):
        places[max(highs[c] - lows[c], 0) + 1] += 1
    for b in range(1, len(places)):
        places[b] += places[b - 1]
    for c in range(len(order)):
        width = max(highs[c] - lows[c], 0)
        order[places[width]] = c
        places[width] += 1


@inner_kernel
def _intersect(masks, lows, highs, order, left):
    """Intersect the intervals until few points are left; their number, and columns done."""
    n_columns, n_words, widest = len(order), len(left), masks.shape[1] - 1
    n_left, done = 64 * n_words, 0
    while done < n_columns:
        a = order[done]
        if highs[a] <= lows[a]:
            return 0, n_columns
        # Two columns at once, the last by itself twice.
        b = order[min(done + 1, n_columns - 1)]
        low_a, high_a, low_b, high_b = lows[a], highs[a], lows[b], highs[b]
        if done == 0:
            for w in range(n_words):
                both = masks[a, high_a, w] & ~masks[a, low_a, w]
                left[w] = both & masks[b, high_b, w] & ~masks[b, low_b, w]
        elif high_b - low_b < widest or high_a - low_a < widest:
            for w in range(n_words):
                both = masks[a, high_a, w] & ~masks[a, low_a, w]
                left[w] &= both & masks[b, high_b, w] & ~masks[b, low_b, w]
        done = min(done + 2, n_columns)
        if done % 4 == 0 or done == n_columns:
            before, n_left = n_left, 0
            for w in range(n_words):
                n_left += _ones(left[w])
            # Four more columns are likely to take the same share of the points as these four.
            spared = n_left * (before - n_left) / before
            if n_left <= FEW * n_columns and MEASURE * spared < n_words:
                break
    return n_left, done


@inner_kernel
def _trim(values, slots, cuts, lows, highs, points, i, radius, left, rim):
    """Take out what the masks hold beyond the intervals; mark the points on the rim.

    Returns whether there are any on the rim.
    """
    n_columns, n = values.shape
    on_rim = False
    for c in range(n_columns):
        x, place = points[i, c], cuts[lows[c]]
        while place < n and x - values[c, place] > radius:
            slot = np.uint64(slots[c, place])
            left[slot >> SIX] &= ~(ONE << (slot & LAST_SIX))
            place += 1
        while place < n and x - values[c, place] == radius:
            slot = np.uint64(slots[c, place])
            rim[slot >> SIX] |= ONE << (slot & LAST_SIX)
            on_rim = True
            place += 1
        place = cuts[highs[c]] - 1
        while place >= 0 and values[c, place] - x > radius:
            slot = np.uint64(slots[c, place])
            left[slot >> SIX] &= ~(ONE << (slot & LAST_SIX))
            place -= 1
        while place >= 0 and values[c, place] - x == radius:
            slot = np.uint64(slots[c, place])
            rim[slot >> SIX] |= ONE << (slot & LAST_SIX)
            on_rim = True
            place -= 1
    return on_rim


@inner_kernel
def _distance_within(points, i, inside, slot, radius):
    """Distance, or infinity if it exceeds the radius."""
    result = 0.0
    for c in range(points.shape[1]):
        gap = abs(points[i, c] - inside[slot, c])
        if gap > radius:
            return np.inf
        result = max(result, gap)
    return result


@inner_kernel
def _lowest(word):
    """Place of the lowest bit that is set."""
    return _ones((word & (~word + ONE)) - ONE)


@inner_kernel
def _ones(word):
    """Number of bits that are set; compilers know this form as one instruction."""
    word = word - ((word >> np.uint64(1)) & PAIRS)
    word = (word & FOURS) + ((word >> np.uint64(2)) & FOURS)
    return np.int64((((word + (word >> np.uint64(4))) & BYTES) * SUM) >> np.uint64(56))
