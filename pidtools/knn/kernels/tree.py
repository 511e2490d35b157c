"""Neighbour search over a k-d tree with wide leaves.

A leaf holds up to 192 points, one row a coordinate, so that a scan of it is vector code. In few
dimensions the boxes of the tree spare most scans; in many they spare none and what is left is
a blocked brute force whose rows leave early. All points of a leaf are searched together, which
keeps the leaf they are compared with in cache and shares the walk through the tree.

Leaves are scanned in single precision, relative to the centre of their box; whatever comes
within rounding of a bound is measured again in double precision, so that every answer is that
of double precision.

Distances are Chebyshev, or Euclidean within groups of columns with the largest group counting
(the distance of Kraskov et al. on the product of spaces); Euclidean ones stay squared. Every
distance is computed by the same additions in the same order wherever it is needed, so that
radii found in one space and counts in another compare exactly.

Nothing here checks its arguments, and no kernel keeps state: results of a point depend on the
tree alone, whatever the number of threads.
"""

from __future__ import annotations

import numpy as np

from pidtools._compiled.jit import inner_kernel, kernel

# Columns between two looks at whether any point of the leaf is still near enough.
STRIDE = 16
# Relative error of single precision with room for two roundings, and what may underflow.
SLACK, TINY = 2.0**-22, 1e-36


@kernel
def build_kernel(points, order, starts, stops, lows, highs):
    """Order points by repeated splits; fill ranges and boxes of the nodes of a heap.

    Each split shares the points out by the number of leaves on either side, so that leaves are
    as full as they can be, whatever the number of points.
    """
    n, n_dims = points.shape
    n_nodes = len(starts)
    first_leaf = n_nodes // 2
    keys = np.empty(n)
    n_leaves = np.ones(n_nodes, np.int64)
    for node in range(first_leaf - 1, -1, -1):
        n_leaves[node] = n_leaves[2 * node + 1] + n_leaves[2 * node + 2]
    starts[0], stops[0] = 0, n
    for node in range(n_nodes):
        start, stop = starts[node], stops[node]
        for c in range(n_dims):
            lows[node, c], highs[node, c] = np.inf, -np.inf
        for k in range(start, stop):
            row = points[order[k]]
            for c in range(n_dims):
                lows[node, c] = min(lows[node, c], row[c])
                highs[node, c] = max(highs[node, c], row[c])
        if node < first_leaf:
            widest = np.argmax(highs[node] - lows[node])
            for k in range(start, stop):
                keys[k] = points[order[k], widest]
            share = (stop - start) * n_leaves[2 * node + 1]
            middle = start + (share + n_leaves[node] - 1) // n_leaves[node]
            _select(keys, order, start, stop - 1, middle)
            starts[2 * node + 1], stops[2 * node + 1] = start, middle
            starts[2 * node + 2], stops[2 * node + 2] = middle, stop


@inner_kernel
def _select(keys, order, low, high, middle):
    """Reorder so that keys before `middle` are at most, those from it on at least, keys[middle]."""
    while low < high:
        pivot = keys[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while keys[i] < pivot:
                i += 1
            while keys[j] > pivot:
                j -= 1
            if i <= j:
                keys[i], keys[j] = keys[j], keys[i]
                order[i], order[j] = order[j], order[i]
                i += 1
                j -= 1
        if middle <= j:
            high = j
        elif middle >= i:
            low = i
        else:
            return


@kernel
def home_kernel(
    leaves, points, starts, stops, lows, highs, ends, euclidean,
    k, first, last, distances, slots, tied,
):  # fmt: skip
    """K nearest others of every point within its own leaf, leaves first..last-1, in tree order.

    Fills `distances` and `slots`, rows of k in rising order, and `tied`, the number of points
    beyond those k that lie exactly at the k-th distance.
    """
    first_leaf = len(starts) // 2
    out, sums, query = _room(leaves)
    for home in range(first_leaf + first, first_leaf + last):
        for row in range(starts[home], stops[home]):
            distances[row, :] = np.inf
            slots[row, :] = -1
            tied[row] = 0
        _scan_nearest(
            leaves, points, starts, stops, lows, highs, ends, euclidean,
            k, home, home, distances, slots, tied, out, sums, query,
        )  # fmt: skip


@kernel
def nearest_kernel(
    leaves, points, starts, stops, lows, highs, ends, euclidean,
    k, first, last, distances, slots, tied,
):  # fmt: skip
    """Improve the k nearest of the points of leaves first..last-1 by those of other leaves.

    `distances`, `slots` and `tied` hold what `home_kernel` has put there.
    """
    first_leaf = len(starts) // 2
    out, sums, query = _room(leaves)
    stack, near = np.empty(64, np.int64), np.empty(64)
    for home in range(first_leaf + first, first_leaf + last):
        start, stop = starts[home], stops[home]
        bound = _worst(distances, start, stop, k)
        stack[0], near[0], depth = 0, 0.0, 1
        while depth > 0:
            depth -= 1
            node = stack[depth]
            if near[depth] > bound or node == home:
                continue
            if node >= first_leaf:
                _scan_nearest(
                    leaves, points, starts, stops, lows, highs, ends, euclidean,
                    k, home, node, distances, slots, tied, out, sums, query,
                )  # fmt: skip
                bound = _worst(distances, start, stop, k)
            elif near[depth] == bound and _all_tied(
                lows, highs, ends, euclidean, home, node, distances, start, stop, k
            ):
                for row in range(start, stop):
                    tied[row] += stops[node] - starts[node]
            else:
                far, close = 2 * node + 1, 2 * node + 2
                to_far = _box_gap(lows, highs, ends, euclidean, home, far)
                to_close = _box_gap(lows, highs, ends, euclidean, home, close)
                if to_far < to_close:
                    far, close, to_far, to_close = close, far, to_close, to_far
                stack[depth], near[depth] = far, to_far
                stack[depth + 1], near[depth + 1] = close, to_close
                depth += 2


@inner_kernel
def _scan_nearest(
    leaves, points, starts, stops, lows, highs, ends, euclidean,
    k, home, node, distances, slots, tied, out, sums, query,
):  # fmt: skip
    """Compare all points of a leaf with all points of another."""
    leaf, n_dims = node - len(starts) // 2, points.shape[1]
    start, size = starts[node], stops[node] - starts[node]
    for row in range(starts[home], stops[home]):
        bound = distances[row, k - 1]
        gap, half = _shift(points, row, lows, highs, node, ends, euclidean, query)
        if gap > bound:
            continue
        limit = np.float32(bound + _margin(bound, half, n_dims, euclidean))
        if not _measure(leaves, leaf, ends, euclidean, limit, out, sums, query):
            continue
        if bound == np.inf:
            if home == node:
                out[row - start] = np.inf
            first = _kth_distinct(out, k)
            limit = np.float32(first + 2 * _margin(first, half, n_dims, euclidean))
        elif not _any_within(out, limit):
            continue
        for j in range(size):
            if out[j] > limit or start + j == row:
                continue
            distance = _distance(points, row, start + j, ends, euclidean)
            if distance < bound:
                insert(distances, slots, tied, row, k, distance, start + j)
                bound = distances[row, k - 1]
                limit = np.float32(bound + _margin(bound, half, n_dims, euclidean))
            elif distance == bound:
                tied[row] += 1


@inner_kernel
def insert(distances, slots, tied, row, k, distance, slot):
    """Put a distance into its place; the evicted one counts as tied if it equals the new k-th."""
    evicted = distances[row, k - 1]
    i = k - 1
    while i > 0 and distances[row, i - 1] > distance:
        distances[row, i] = distances[row, i - 1]
        slots[row, i] = slots[row, i - 1]
        i -= 1
    distances[row, i] = distance
    slots[row, i] = slot
    if distances[row, k - 1] < evicted:
        tied[row] = 0
    elif evicted < np.inf:
        tied[row] += 1


@kernel
def count_kernel(
    leaves, points, starts, stops, lows, highs, ends, euclidean, radii, first, last, counts, on
):
    """Points at distance at most radii[i] of point i, itself included, in tree order.

    `on` gets the number of those at exactly that distance. Radii are finite: leaves are filled
    up with points at infinity.
    """
    first_leaf = len(starts) // 2
    out, sums, query = _room(leaves)
    stack = np.empty(64, np.int64)
    for home in range(first_leaf + first, first_leaf + last):
        start, stop = starts[home], stops[home]
        counts[start:stop] = 0
        on[start:stop] = 0
        largest, smallest = radii[start:stop].max(), radii[start:stop].min()
        stack[0], depth = 0, 1
        while depth > 0:
            depth -= 1
            node = stack[depth]
            if _box_gap(lows, highs, ends, euclidean, home, node) > largest:
                continue
            if _box_reach(lows, highs, ends, euclidean, home, node) < smallest:
                counts[start:stop] += stops[node] - starts[node]
            elif node < first_leaf:
                stack[depth], stack[depth + 1] = 2 * node + 1, 2 * node + 2
                depth += 2
            else:
                _scan_count(
                    leaves, points, starts, stops, lows, highs, ends, euclidean,
                    home, node, radii, counts, on, out, sums, query,
                )  # fmt: skip


@inner_kernel
def _scan_count(
    leaves, points, starts, stops, lows, highs, ends, euclidean,
    home, node, radii, counts, on, out, sums, query,
):  # fmt: skip
    """Count the points of a leaf that are within the radii of the points of another."""
    leaf, n_dims, width = node - len(starts) // 2, points.shape[1], leaves.shape[2]
    for row in range(starts[home], stops[home]):
        radius = radii[row]
        gap, half = _shift(points, row, lows, highs, node, ends, euclidean, query)
        if gap > radius:
            continue
        margin = _margin(radius, half, n_dims, euclidean)
        sure, possible = np.float32(radius - margin), np.float32(radius + margin)
        if not _measure(leaves, leaf, ends, euclidean, possible, out, sums, query):
            continue
        inside, maybe = np.int32(0), np.int32(0)
        for j in range(width):
            inside += np.int32(out[j] <= sure)
            maybe += np.int32(out[j] <= possible)
        counts[row] += inside
        if inside < maybe:
            for j in range(width):
                if sure < out[j] <= possible:
                    distance = _distance(points, row, starts[node] + j, ends, euclidean)
                    counts[row] += distance <= radius
                    on[row] += distance == radius


@kernel
def count_sorted_kernel(values, radii, first, last, counts, on):
    """The counts of `count_kernel` for one column whose values are sorted, by binary search."""
    for i in range(first, last):
        below, above = np.nextafter(radii[i], -np.inf), radii[i]
        counts[i] = _count_up(values, i, above) + _count_down(values, i, above) - (above >= 0)
        inside = _count_up(values, i, below) + _count_down(values, i, below) - (below >= 0)
        on[i] = counts[i] - inside


@inner_kernel
def _count_up(values, i, radius):
    """Places from i on whose values are at most `radius` above that of i."""
    low, high = i, len(values)
    while low < high:
        middle = (low + high) // 2
        if values[middle] - values[i] <= radius:
            low = middle + 1
        else:
            high = middle
    return low - i


@inner_kernel
def _count_down(values, i, radius):
    """Places up to i whose values are at most `radius` below that of i."""
    low, high = 0, i + 1
    while low < high:
        middle = (low + high) // 2
        if values[i] - values[middle] <= radius:
            high = middle
        else:
            low = middle + 1
    return i + 1 - low


@inner_kernel
def _room(leaves):
    """Space for the distances to a leaf, for those within a group, and for a shifted query."""
    width, n_dims = leaves.shape[2], leaves.shape[1]
    return (
        np.empty(width, np.float32),
        np.empty(width, np.float32),
        np.empty(n_dims, np.float32),
    )


@inner_kernel
def _shift(points, row, lows, highs, node, ends, euclidean, query):
    """Write a point relative to the centre of a box; return its distance and the half width."""
    result, half, c = 0.0, 0.0, 0
    for end in ends:
        group = 0.0
        while c < end:
            low, high, x = lows[node, c], highs[node, c], points[row, c]
            query[c] = np.float32(x - 0.5 * (low + high))
            gap = max(low - x, x - high, 0.0)
            group = group + gap * gap if euclidean else max(group, gap)
            half = max(half, 0.5 * (high - low))
            c += 1
        result = max(result, group)
    return result, half


@inner_kernel
def _margin(bound, half, n_dims, euclidean):
    """How far a distance near `bound` may be off in single precision, doubled.

    A coordinate relative to a box of half width h rounds by at most 2^-24 of itself, and for a
    point of the box at distance D both are at most h + D.
    """
    if bound == np.inf:
        return 0.0
    if not euclidean:
        return SLACK * (half + bound) + TINY
    error = SLACK * (half + np.sqrt(max(bound, 0.0)))
    cross = 2 * error * np.sqrt(n_dims * max(bound, 0.0))
    return cross + n_dims * error * error + n_dims * SLACK * abs(bound) + TINY


@inner_kernel
def _distance(points, a, b, ends, euclidean):
    """Distance in double precision, by the same additions in every space."""
    result, c = 0.0, 0
    for end in ends:
        group = 0.0
        while c < end:
            gap = abs(points[a, c] - points[b, c])
            group = group + gap * gap if euclidean else max(group, gap)
            c += 1
        result = max(result, group)
    return result


@inner_kernel
def _measure(leaves, leaf, ends, euclidean, limit, out, sums, query):
    """Distances in single precision to all points of a leaf.

    False if they were left unfinished because all exceed `limit`.
    """
    if euclidean:
        return _measure_euclidean(leaves, leaf, ends, limit, out, sums, query)
    n_dims, width = leaves.shape[1:]
    q0 = query[0]
    for j in range(width):
        out[j] = abs(leaves[leaf, 0, j] - q0)
    c = 1
    while c < n_dims:
        stop = min(c + STRIDE, n_dims)
        while c + 4 <= stop:
            q0, q1, q2, q3 = query[c], query[c + 1], query[c + 2], query[c + 3]
            for j in range(width):
                a = max(abs(leaves[leaf, c, j] - q0), abs(leaves[leaf, c + 1, j] - q1))
                b = max(abs(leaves[leaf, c + 2, j] - q2), abs(leaves[leaf, c + 3, j] - q3))
                out[j] = max(out[j], max(a, b))
            c += 4
        while c < stop:
            q0 = query[c]
            for j in range(width):
                out[j] = max(out[j], abs(leaves[leaf, c, j] - q0))
            c += 1
        if c < n_dims and not _any_within(out, limit):
            return False
    return True


@inner_kernel
def _measure_euclidean(leaves, leaf, ends, limit, out, sums, query):
    width = leaves.shape[2]
    out[:] = 0
    c = 0
    for end in ends:
        sums[:] = 0
        while c < end:
            stop = min(c + STRIDE, end)
            while c < stop:
                q = query[c]
                for j in range(width):
                    gap = leaves[leaf, c, j] - q
                    sums[j] += gap * gap
                c += 1
            if not _any_within(sums, limit):
                return False
        for j in range(width):
            out[j] = max(out[j], sums[j])
    return True


@inner_kernel
def _any_within(values, limit):
    within = np.int32(0)
    for j in range(len(values)):
        within += np.int32(values[j] <= limit)
    return within > 0


@inner_kernel
def _kth_distinct(distances, k):
    """At least the k-th smallest: the k-th of the distinct ones, or infinity for many.

    Bits of numbers that are not negative are in their order, and a minimum of integers is
    vector code.
    """
    if k > 8:
        return np.inf
    bits, least = distances.view(np.int32), np.int32(-1)
    for _ in range(k):
        above = np.int32(0x7F800000)  # infinity
        for j in range(len(bits)):
            above = min(above, bits[j] if bits[j] > least else np.int32(0x7F800000))
        least = above
    for j in range(len(bits)):
        if bits[j] == least:
            return np.float64(distances[j])
    return np.inf


@inner_kernel
def _worst(distances, start, stop, k):
    worst = 0.0
    for row in range(start, stop):
        worst = max(worst, distances[row, k - 1])
    return worst


@inner_kernel
def _all_tied(lows, highs, ends, euclidean, home, node, distances, start, stop, k):
    """Whether all points of a node are at the k-th distance of all points of the leaf."""
    ancestor = home
    while ancestor > node:
        ancestor = (ancestor - 1) // 2
    if ancestor == node:
        return False  # it holds the leaf itself, which has been counted
    reach = _box_reach(lows, highs, ends, euclidean, home, node)
    n_apart = 0
    for row in range(start, stop):
        n_apart += distances[row, k - 1] != reach
    return n_apart == 0


@inner_kernel
def _box_gap(lows, highs, ends, euclidean, a, b):
    """Least distance of points in two boxes."""
    result, c = 0.0, 0
    for end in ends:
        group = 0.0
        while c < end:
            gap = max(lows[a, c] - highs[b, c], lows[b, c] - highs[a, c], 0.0)
            if euclidean:
                group += gap * gap
            else:
                group = max(group, gap)
            c += 1
        result = max(result, group)
    return result


@inner_kernel
def _box_reach(lows, highs, ends, euclidean, a, b):
    """Largest distance of points in two boxes."""
    result, c = 0.0, 0
    for end in ends:
        group = 0.0
        while c < end:
            reach = max(highs[a, c] - lows[b, c], highs[b, c] - lows[a, c])
            if euclidean:
                group += reach * reach
            else:
                group = max(group, reach)
            c += 1
        result = max(result, group)
    return result
