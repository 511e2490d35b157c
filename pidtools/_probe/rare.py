"""Units that are active in a handful of rows: noise, unless their activity goes with the labels."""

from __future__ import annotations

import numpy as np

from pidtools._blocks import blocks
from pidtools._lazy_rows import Source
from pidtools._probe.whitening import drawn_rows
from pidtools._types import Array, Codes, Floats

# No fit can learn from fewer rows than two a fold; a unit with as few holds next to nothing, but
# as a direction of its own it turns all others.
FEW_ROWS = 10
# Shares above this are no longer rare, however few the rows are.
RARE_SHARE = 0.2
# Orders of the labels against which a chance agreement of unit and labels is judged, and the
# deviations beyond their mean that are no chance: labels of held-out rows may not choose units.
N_ORDERS = 50
CLEAR = 5.0


def rare_noise(X: Source, labels: Codes) -> Codes:
    """Columns of `X` that are active in a handful of rows which say nothing of the labels.

    Each unit is judged by itself, and what is left of them together: two hundred symbols, each
    in a few rows, are no noise if they go with the labels, though no single one shows it.
    """
    units, rows = _activity(X)
    columns, unit = np.unique(units, return_inverse=True)
    if not len(columns):
        return columns
    found = _agreement(unit, rows, labels)
    rng = np.random.default_rng(0)
    chance = np.array([_agreement(unit, rows, rng.permutation(labels)) for _ in range(N_ORDERS)])
    unclear = found <= _clear_of(chance.max(axis=1))
    if found[unclear].sum() > _clear_of(chance[:, unclear].sum(axis=1)):
        return columns[:0]
    noise: Codes = columns[unclear]
    return noise


def _activity(X: Source) -> tuple[Codes, Codes]:
    """Column and row of each entry of a rare column that is not the column's usual value."""
    candidates, usual = _candidates(X)
    most = min(FEW_ROWS, int(RARE_SHARE * len(X)))
    counts = np.zeros(len(candidates), dtype=np.int64)
    units, rows = [candidates[:0]], [candidates[:0]]
    for part in blocks(len(X), max(len(candidates), 1)):
        left = np.flatnonzero(counts <= most)
        if not len(left):
            break
        active = X[part, candidates[left]] != usual[left]
        counts[left] += active.sum(axis=0)
        row, unit = np.nonzero(active[:, counts[left] <= most])
        units.append(left[counts[left] <= most][unit])
        rows.append(row + part.start)
    unit, row = np.concatenate(units), np.concatenate(rows)
    rare = counts[unit] <= most
    return candidates[unit[rare]], row[rare]


def _candidates(X: Source) -> tuple[Codes, Array]:
    """Columns in which most rows have one value, and that value."""
    some = drawn_rows(X)
    usual = np.median(some, axis=0)
    candidates: Codes = np.flatnonzero((some != usual).mean(axis=0) <= RARE_SHARE)
    return candidates, usual[candidates]


def _agreement(units: Codes, rows: Codes, labels: Codes) -> Floats:
    """For each unit, the log-likelihood of the classes of its active rows above the class shares.

    Sum of k log(k / (size share)) over classes with k of its rows, in nats.
    """
    shares = np.bincount(labels) / len(labels)
    both, counts = np.unique(units * len(shares) + labels[rows], return_counts=True)
    unit, label = np.divmod(both, len(shares))
    sizes = np.bincount(units)
    terms = counts * np.log(counts / (sizes[unit] * shares[label]))
    return np.bincount(unit, weights=terms).astype(np.float64)


def _clear_of(chance: Floats) -> float:
    return float(max(np.max(chance), np.mean(chance) + CLEAR * np.std(chance)))
