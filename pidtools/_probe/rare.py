"""Units that are active in a handful of rows: noise, unless their activity goes with the labels."""

from __future__ import annotations

import numpy as np

from pidtools._types import Array, Codes

# No fit can learn from fewer rows than two a fold; a unit with as few holds next to nothing, but
# as a direction of its own it turns all others.
FEW_ROWS = 10
# Shares above this are no longer rare, however few the rows are.
RARE_SHARE = 0.2
BLOCK_ENTRIES = 2**21
# Orders of the labels against which a chance agreement of unit and labels is judged, and the
# deviations beyond their mean that are no chance: labels of held-out rows may not choose units.
N_ORDERS = 50
CLEAR = 5.0


def rare_noise(X: Array, labels: Codes, candidates: Codes) -> Codes:
    """Those of the `candidates`, columns of `X`, that are rarely active and say nothing of Y.

    All rare units are judged together: a hundred symbols, each in a few rows, are no noise if
    they go with the labels, though no single one shows it.
    """
    units, rows = _activity(X, candidates)
    if not len(rows):
        return candidates[:0]
    goes_with_labels = _concentration(units, rows, labels)
    rng = np.random.default_rng(0)
    chance = [_concentration(units, rows, rng.permutation(labels)) for _ in range(N_ORDERS)]
    clear = max(np.max(chance), np.mean(chance) + CLEAR * np.std(chance))
    return np.unique(units)[:0] if goes_with_labels > clear else np.unique(units)


def _activity(X: Array, candidates: Codes) -> tuple[Codes, Codes]:
    """Column and row of each entry of a rare column that is not the column's usual value."""
    units, rows = [candidates[:0]], [candidates[:0]]
    most = min(FEW_ROWS, int(RARE_SHARE * len(X)))
    step = max(BLOCK_ENTRIES // len(X), 1)
    for start in range(0, len(candidates), step):
        block = candidates[start : start + step]
        values = X[:, block]
        active = values != np.median(values, axis=0)
        active[:, active.sum(axis=0) > most] = False
        row, unit = np.nonzero(active)
        units.append(block[unit])
        rows.append(row)
    return np.concatenate(units), np.concatenate(rows)


def _concentration(units: Codes, rows: Codes, labels: Codes) -> float:
    """Sum of k log k over the numbers k of active rows by unit and class."""
    both = units * (int(labels.max()) + 1) + labels[rows]
    counts = np.unique(both, return_counts=True)[1]
    return float(counts @ np.log(counts))
