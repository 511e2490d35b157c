"""Units that are active in a handful of rows: noise, unless their activity goes with the labels."""

from __future__ import annotations

import numpy as np

from pidtools._blocks import blocks
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


def rare_noise(X: Array, labels: Codes) -> Codes:
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


def _activity(X: Array) -> tuple[Codes, Codes]:
    """Column and row of each entry of a rare column that is not the column's usual value."""
    candidates = _candidates(X)
    units, rows = [candidates[:0]], [candidates[:0]]
    most = min(FEW_ROWS, int(RARE_SHARE * len(X)))
    for columns in blocks(len(candidates), len(X)):
        block = candidates[columns]
        values = X[:, block]
        active = values != np.median(values, axis=0)
        active[:, active.sum(axis=0) > most] = False
        row, unit = np.nonzero(active)
        units.append(block[unit])
        rows.append(row)
    return np.concatenate(units), np.concatenate(rows)


def _candidates(X: Array) -> Codes:
    """Columns in which most rows have one value."""
    some = drawn_rows(X)
    other = some != np.median(some, axis=0)
    candidates: Codes = np.flatnonzero(other.mean(axis=0) <= RARE_SHARE)
    return candidates


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
