"""Counting of combined codes: directly where there are few combinations, else by hashing.

Rows are taken in blocks: their keys are made a column at a time, then counted.
"""

from __future__ import annotations

import numpy as np

from pidtools._compiled.jit import inner_kernel, kernel

BLOCK = 2048
# Multiplicative hashing (Fibonacci): 2^64 over the golden ratio.
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
SMALLEST = 4096


@inner_kernel
def _fill_keys(columns, sizes, first, last, keys):
    """Keys of rows first..last-1: codes as digits, the first column the most significant."""
    for j in range(last - first):
        keys[j] = 0
    for c in range(len(columns)):
        size = sizes[c]
        for j in range(last - first):
            keys[j] = keys[j] * size + columns[c, first + j]


@kernel
def count_directly_kernel(columns, sizes, ones, rounds):
    """Count each row at its key; both counters have a place for every combination.

    `ones`, of one byte, fits into the cache eight times longer than a whole counter would;
    `rounds` gets one for each 256 of it and is seldom touched.
    """
    n = columns.shape[1]
    if len(columns) == 3:  # codes of two sources and a label, read side by side
        second, third = sizes[1], sizes[2]
        for j in range(n):
            first_two = columns[0, j] * second + columns[1, j]
            _count_one(np.uint64(first_two * third + columns[2, j]), ones, rounds)
        return
    keys = np.empty(BLOCK, np.int64)
    for first in range(0, n, BLOCK):
        last = min(first + BLOCK, n)
        _fill_keys(columns, sizes, first, last, keys)
        for j in range(last - first):
            _count_one(np.uint64(keys[j]), ones, rounds)


@inner_kernel
def _count_one(key, ones, rounds):
    one = np.uint8(ones[key] + np.uint8(1))
    ones[key] = one
    if one == 0:
        rounds[key] += 1


@kernel
def occupied_kernel(ones, rounds):
    """Keys that `count_directly_kernel` has met, in rising order, and how often."""
    n_cells = np.int64(0)
    for key in range(len(ones)):
        n_cells += np.int64(ones[key] > 0 or rounds[key] > 0)
    keys, counts = np.empty((2, n_cells), np.int64)
    i = 0
    for key in range(len(ones)):
        if ones[key] > 0 or rounds[key] > 0:
            keys[i], counts[i] = key, 256 * rounds[key] + ones[key]
            i += 1
    return keys, counts


@kernel
def digits_kernel(keys, sizes, cells):
    """Codes of keys in rising order, one row a key; from key to key most digits stay."""
    last = len(sizes) - 1
    digits, before = np.zeros(last + 1, np.int64), np.int64(0)
    for i in range(len(keys)):
        digits[last] += keys[i] - before
        before = keys[i]
        c = last
        while c > 0 and digits[c] >= sizes[c]:
            carried = digits[c] // sizes[c]
            digits[c] -= carried * sizes[c]
            c -= 1
            digits[c] += carried
        cells[i] = digits


@kernel
def count_hashed_kernel(columns, sizes):
    """Occupied keys and their counts, in no order, with space for twice as many at most."""
    n = columns.shape[1]
    keys = np.empty(BLOCK, np.int64)
    table, n_cells = np.full((SMALLEST, 2), -1, np.int64), 0
    for first in range(0, n, BLOCK):
        last = min(first + BLOCK, n)
        while 2 * (n_cells + last - first) > len(table):
            table = _grown(table)
        _fill_keys(columns, sizes, first, last, keys)
        n_cells += _count_block(table, keys[: last - first])
    occupied = np.empty((n_cells, 2), np.int64)
    i = 0
    for place in range(len(table)):
        if table[place, 1] > 0:
            occupied[i] = table[place]
            i += 1
    return occupied[:, 0], occupied[:, 1]


@kernel
def code_rows_kernel(columns, sizes, sorted_keys):
    """Place of each row's key among the sorted occupied keys."""
    n = columns.shape[1]
    capacity = SMALLEST
    while capacity < 2 * len(sorted_keys):
        capacity *= 2
    table, shift = np.full((capacity, 2), -1, np.int64), _shift_of(capacity)
    for cell in range(len(sorted_keys)):
        place = _place(table, sorted_keys[cell], shift)
        table[place, 0], table[place, 1] = sorted_keys[cell], cell
    codes, keys = np.empty(n, np.int64), np.empty(BLOCK, np.int64)
    for first in range(0, n, BLOCK):
        last = min(first + BLOCK, n)
        _fill_keys(columns, sizes, first, last, keys)
        for j in range(last - first):
            codes[first + j] = table[_place(table, keys[j], shift), 1]
    return codes


@inner_kernel
def _count_block(table, keys):
    """Count keys into a table of (key, count); returns the number of new ones."""
    shift, n_new = _shift_of(len(table)), 0
    for j in range(len(keys)):
        place = _place(table, keys[j], shift)
        if table[place, 1] < 0:
            table[place, 0], table[place, 1] = keys[j], 0
            n_new += 1
        table[place, 1] += 1
    return n_new


@inner_kernel
def _shift_of(capacity):
    bits = 0
    while (1 << bits) < capacity:
        bits += 1
    return np.uint64(64 - bits)


@inner_kernel
def _place(table, key, shift):
    """Where the key stands in the table, or the free place where it belongs."""
    last = np.uint64(len(table) - 1)
    place = (np.uint64(key) * MULTIPLIER) >> shift
    while table[place, 1] >= 0 and table[place, 0] != key:
        place = (place + np.uint64(1)) & last
    return place


@inner_kernel
def _grown(table):
    """Table of four times the size with the same cells."""
    more = np.full((4 * len(table), 2), -1, np.int64)
    shift = _shift_of(len(more))
    for old in range(len(table)):
        if table[old, 1] >= 0:
            place = _place(more, table[old, 0], shift)
            more[place, 0], more[place, 1] = table[old, 0], table[old, 1]
    return more
