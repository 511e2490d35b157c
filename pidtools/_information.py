"""Entropies and informations of probability tables, in bits; unit conversion."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable

import numpy as np

from pidtools._remarks import Remark
from pidtools._result import NATS_PER_BIT, Units, factor
from pidtools._types import Array, Codes, Floats

BITS_IN_TEXT = re.compile(r"([+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?) bits\b")


def from_bits(value: float, units: Units) -> float:
    """Convert a number of bits to `units`."""
    return value * factor("bits", units)


def said_in(units: Units, text: str) -> str:
    """A note in `units`: notes write every information as a number followed by "bits".

    As many digits stay as there were, at least two.
    """
    return text if units == "bits" else BITS_IN_TEXT.sub(_in_nats, text)


def remarks_in(units: Units, remarks: Iterable[Remark]) -> list[Remark]:
    """Remarks in `units`."""
    return [dataclasses.replace(each, text=said_in(units, each.text)) for each in remarks]


def _in_nats(found: re.Match[str]) -> str:
    number, sign = found[1], "+" if found[1].startswith("+") else ""
    digits = number.lower().split("e")[0].replace(".", "").lstrip("+-0")
    shown = f"{from_bits(float(number), 'nats'):{sign}#.{max(len(digits), 2)}g}"
    return f"{shown.rstrip('.')} nats"


def entropy(p: Floats) -> float:
    """Entropy in bits of a pmf of any shape; zeros count as zero."""
    terms = p * np.log(np.where(p > 0, p, 1.0))
    return float(-terms.sum() / NATS_PER_BIT) + 0.0


def entropy_of_labels(labels: Codes) -> float:
    """Plug-in entropy in bits of labels, shape (n_samples,)."""
    return entropy(np.bincount(labels) / len(labels))


def mutual_information_of_table(p_xy: Floats, p_y: Floats | None = None) -> float:
    """I(X; Y) in bits of a joint pmf of shape (n_x, n_y); `p_y` where the sums are known better."""
    if p_y is None:
        # NumPy adds pairwise along contiguous axes only; one by one, a long column loses digits.
        p_y = np.ascontiguousarray(p_xy.T).sum(axis=1)
    x, y = np.nonzero(p_xy)
    return mutual_information_of_cells(p_xy[x, y], p_xy.sum(axis=1)[x], p_y[y])


def mutual_information_of_cells(p: Array, p_x: Array, p_y: Array, total: float = 1.0) -> float:
    """I(X; Y) in bits of occupied cells, each with its two marginals; all sum to `total`.

    Each cell enters as p log(p / (p_x p_y)), so that independent tables read 0 to rounding
    of the ratio instead of the rounding of three entropies.
    """
    return float((p * np.log(p * total / p_x / p_y)).sum() / total / NATS_PER_BIT)


def plug_in_bias(n_occupied: int, n_rows: int, n_columns: int, n_samples: int) -> float:
    """Expected excess in bits of the plug-in mutual information of a contingency table.

    First order of Miller (1955) and Madow for the three entropies, with the occupied cells
    standing for the cells of the support.
    """
    return (n_occupied - n_rows - n_columns + 1) / (2 * n_samples * NATS_PER_BIT)
