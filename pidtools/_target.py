"""What Y is: labels or amounts, how that was decided, and which labels may mean "leave out"."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pidtools import _validate
from pidtools._information import entropy
from pidtools._remarks import Kind, Rank, Remark
from pidtools._result import NATS_PER_BIT
from pidtools._types import Array, Codes, Floats

# Whole floats of so few values are classes, and floats of so few that come again are in doubt.
FEW_KINDS = 20
# Rows a value from which more values are in doubt too, and in one column no more than these:
# amounts in half precision repeat as well.
ROWS_A_KIND, MOST_KINDS = 5, 100
# Values that are alone may make up this share of the kinds of a Y of few kinds.
ALONE_SHARE = 1 / 3
# Rows among which kinds are counted.
COUNTED_ROWS = 20_000
# Values that differ by less than this share of the spread, as rounding makes them, are one.
SAME_SHARE = 2.0**-18
# How far rows of probabilities may be from a sum of 1: numbers to three digits.
SUMS_TO_ONE = 1e-2
# Of the range, what the middle half of the rows must span to tell the spread.
LEAST_MIDDLE = 1e-6
TINY = 1e-300

# What marks rows to be left out: in PyTorch and its kin, in maps of segments, in tables.
IGNORED_NUMBERS = (-100, -1, 255, -999, -9999, 999, 9999, 32767, -32768, 65535)
IGNORED_LARGE = (-(2**31), 2**31 - 1, -(2**63))
IGNORED_STRINGS = ("", "nan", "NaN", "NaT", "<NA>", "None", "<pad>", "[PAD]", "-100")
# So far beyond the other classes a marker stands.
MARKER_DISTANCE = 10


@dataclass(frozen=True)
class Target:
    """Y behind the door: class indices (n,), or floats (n, k) with n_classes None.

    Attributes
    ----------
    values : ndarray
        Class indices or amounts.
    n_classes : int or None
        Number of classes.
    decision : str
        What Y was taken for, where it could be another thing; empty where it is plain.
    doubtful : bool
        Whether that decision changes the answer.
    warnings : tuple of str
        What in Y is a reason for distrust.
    entropy : float
        What Y holds in bits, where few amounts bound it.
    classes : ndarray, shape (n_classes,), or None
        The label of each class index, in rising order; None where it is no single value.
    """

    values: Array
    n_classes: int | None
    decision: str = ""
    doubtful: bool = False
    warnings: tuple[str, ...] = ()
    entropy: float = np.inf
    classes: Array | None = None

    @property
    def labels(self) -> list[Any]:
        """Labels of the classes as plain values, in rising order."""
        if self.classes is None:
            return list(range(self.n_classes or 0))
        found: list[Any] = self.classes.tolist()
        return [x.decode("utf-8", "replace") if isinstance(x, bytes) else x for x in found]

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What is to be said of Y: what it was taken for, and what is a reason for distrust."""
        doubts = tuple(Remark(text, "warning", Rank.question) for text in self.warnings)
        if not self.decision:
            return doubts
        kind: Kind = "warning" if self.doubtful else "note"
        plain = self.n_classes is None and np.isinf(self.entropy)
        rank = Rank.general if plain else Rank.question
        return (*doubts, Remark(self.decision, kind, rank))

    def excess(self, bits: float, name: str) -> tuple[Remark, ...]:
        """What to say of an information beyond the entropy of Y; nothing if it is not."""
        if bits <= self.entropy + 1e-9:
            return ()
        text = (
            f"{bits:.3g} bits were read of a Y whose few values hold "
            f"{self.entropy:.3g} bits, and no information is larger; a linear relation takes them "
            f"for amounts of any precision. {AS_LABELS}"
        )
        return (Remark(text, "warning", Rank.void, (name,)),)


AS_LABELS = (
    'As class labels: np.unique(Y, axis=0, return_inverse=True)[1] with estimator="probe" or '
    '"auto".'
)


@dataclass(frozen=True)
class _Kinds:
    """How often the values, or rows of values, of Y come again."""

    n_rows: int
    n_kinds: int
    few: bool
    entropy: float

    @classmethod
    def of(cls, Y: Array) -> _Kinds:
        """Count on evenly spaced rows where there are very many."""
        step = -(-len(Y) // COUNTED_ROWS)
        rows = _without_rounding(Y[::step].reshape(-1, Y[:1].size))
        counts = np.array(list(Counter(row.tobytes() for row in rows).values()))
        n, k, alone = len(rows), len(counts), int((counts == 1).sum())
        often = k <= FEW_KINDS and n >= 2 * k
        many = n >= ROWS_A_KIND * k and (rows.shape[1] > 1 or k <= MOST_KINDS)
        few = (often or many) and alone <= ALONE_SHARE * k
        # With the first order of its bias (Miller and Madow).
        held = entropy(counts / n) + (k - 1) / (2 * n * NATS_PER_BIT)
        return cls(len(Y), k, few, held)


def _without_rounding(Y: Array) -> Floats:
    """Each column in whole steps of `SAME_SHARE` of its spread, from its median.

    Of the spread, not of the value: years and temperatures lie far from 0.
    """
    values = Y.astype(np.float64)
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75], axis=0)
    # The range where most rows have one value but for rounding.
    whole = np.ptp(values, axis=0)
    spread = np.where(high - low > LEAST_MIDDLE * whole, high - low, whole)
    steps = (values - middle) / np.where(spread > 0, np.maximum(SAME_SHARE * spread, TINY), 1.0)
    rounded: Floats = np.round(steps) + 0.0  # zero has one sign
    return rounded


def labels(Y: ArrayLike) -> Target:
    """Y for an estimator of labels."""
    codes, classes = _validate.check_labels(Y)
    return Target(codes, len(classes), warnings=_marked_rows(codes, classes), classes=classes)


def amounts(Y: ArrayLike) -> Target:
    """Y for an estimator of amounts."""
    values = _validate.check_continuous(Y)
    kinds = _Kinds.of(values)
    if not kinds.few:
        return Target(values, None)
    decision = (
        f"Y holds {kinds.n_kinds} distinct values in {kinds.n_rows} samples, {kinds.entropy:.3g} "
        f"bits, and was taken as an amount. {AS_LABELS}"
    )
    return Target(values, None, decision, entropy=kinds.entropy)


def decided(Y: ArrayLike, *, by_auto: bool) -> Target:
    """Y for who takes both: labels or amounts, by what it looks like.

    Where the two can't be told apart, "auto" refuses. Others read the same information from few
    values, whatever these mean, and take them as labels.
    """
    array = _validate.as_array(Y, "Y")
    plain = array.dtype.kind != "f" or array.ndim not in (1, 2) or array.size == 0
    if plain or not np.isfinite(array).all():
        return amounts(Y) if _validate.is_continuous(Y) else _plain_labels(Y)
    kinds, whole = _Kinds.of(array), not _validate.is_continuous(Y)
    if whole and array[:1].size > 1:
        return labels(Y)
    found = f"Y holds {kinds.n_kinds} distinct {'whole numbers in floats' if whole else 'values'}"
    again = kinds.n_rows >= 2 * kinds.n_kinds and not by_auto
    if whole and (kinds.few or kinds.n_kinds <= FEW_KINDS or again):
        doubtful = kinds.n_kinds > FEW_KINDS and (by_auto or not kinds.few)
        return _whole_as_labels(Y, found, doubtful=doubtful)
    # One value, or two in one column, are refused below, with the reason.
    few = kinds.few and kinds.n_kinds > (2 if array[:1].size == 1 else 1)
    if by_auto and (whole or few):
        raise ValueError(
            f"{found} in {kinds.n_rows} samples, which may be class labels (smoothed, scaled, "
            'rated) or an amount; estimator="auto" can\'t tell. As labels pass '
            "np.unique(Y, axis=0, return_inverse=True)[1]; as an amount pass "
            'estimator="gaussian".'
        )
    if by_auto and _are_probabilities(array):
        raise ValueError(
            f"Y holds {array.shape[1]} numbers a sample that sum to 1, which may be class "
            'probabilities (soft labels) or shares that are measured; estimator="auto" can\'t '
            f"tell. As labels pass {_validate.array_of(Y, 'Y')}.argmax(axis=1); as amounts pass "
            'estimator="gaussian".'
        )
    if few:
        return _kinds_as_labels(array, found)
    values = _validate.check_continuous(Y)
    return Target(values, None, f"{found} in {kinds.n_rows} samples and was taken as an amount.")


def _are_probabilities(Y: Array) -> bool:
    """Whether each row sums to 1 and has no negative entry, as rounded as half precision is."""
    if Y.ndim != 2 or Y.shape[1] < 2 or Y.min() < 0:
        return False
    return bool(np.abs(Y.sum(axis=1, dtype=np.float64) - 1).max() <= SUMS_TO_ONE)


def _plain_labels(Y: ArrayLike) -> Target:
    """Integers that look like amounts are labels all the same, but it is said."""
    codes, classes = _validate.check_labels(Y)
    marked = _marked_rows(codes, classes)
    if classes.dtype.kind not in "iu" or len(classes) <= FEW_KINDS or _is_count(classes):
        return Target(codes, len(classes), warnings=marked, classes=classes)
    decision = (
        f"Y holds {len(classes)} distinct integers and was taken as class labels; for an amount "
        'pass Y.astype(float) with estimator="gaussian".'
    )
    return Target(codes, len(classes), decision, warnings=marked, classes=classes)


def _is_count(classes: Array) -> bool:
    """Whether classes are numbered from 0 or 1 without a gap."""
    first, last = int(classes[0]), int(classes[-1])
    return first in (0, 1) and last - first + 1 == len(classes)


def _whole_as_labels(Y: ArrayLike, found: str, *, doubtful: bool) -> Target:
    codes, classes = _validate.check_labels(Y)
    decision = (
        f"{found} and was taken as class labels; for an amount pass "
        'estimator="gaussian", and Y.astype(int) to say that they are labels.'
    )
    marked = _marked_rows(codes, classes)
    return Target(codes, len(classes), decision, doubtful, marked, classes=classes)


def _kinds_as_labels(array: Array, found: str) -> Target:
    rows = _without_rounding(array.reshape(len(array), -1))
    codes = np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)
    decision = (
        f"{found} in {len(rows)} samples, which were taken as class labels: what is known of them "
        "does not depend on their size. For linear relations to an amount pass "
        'estimator="gaussian".'
    )
    return Target(codes, int(codes.max()) + 1, decision)


def _marked_rows(codes: Codes, classes: Array) -> tuple[str, ...]:
    """A warning of a class that looks like a marker of rows to leave out."""
    marker = _marker(classes)
    if marker is None:
        return ()
    n, n_rows = int((codes == marker).sum()), len(codes)
    value = classes.tolist()[marker]
    value = value.decode("latin-1") if isinstance(value, bytes) else value
    shown = repr(value) if isinstance(value, str) else f"{value:.0f}"
    return (
        f"Y holds the label {shown} in {n} of {n_rows} samples ({n / n_rows:.0%}); such a label "
        "often marks padding or rows to ignore. Here it counts as a class, and to know padding is "
        f"no knowledge of the task. If it marks such rows, pass ignore_label={shown}, which leaves "
        "them out of every array. If it is a class, pass np.unique(Y, return_inverse=True)[1].",
    )


def _marker(classes: Array) -> int | None:
    """Index of the class that looks like a marker, or None."""
    if classes.dtype.kind in "US":
        values = classes.tolist()
        texts = [v.decode("latin-1") if isinstance(v, bytes) else v for v in values]
        return next((texts.index(text) for text in IGNORED_STRINGS if text in texts), None)
    if classes.dtype.kind not in "iuf" or len(classes) < 2:
        return None
    numbers = classes.astype(np.float64)
    for value in (*IGNORED_NUMBERS, *IGNORED_LARGE):
        (where,) = np.nonzero(numbers == value)
        if len(where) and _stands_apart(value, np.delete(numbers, where)):
            return int(where[0])
    return None


def _stands_apart(value: int, others: Floats) -> bool:
    """Whether the others are numbered classes, to which the value does not belong."""
    if others.min() < 0:
        return False
    if value == -100:
        return True
    # Opposites (-1 and 1), signs (-1, 0, 1), and black and white (0 and 255) are classes.
    numbered = len(others) >= (others.max() + 1) / 2
    if value == -1:
        return numbered and len(others) > 2
    return numbered and len(others) > 1 and bool(np.abs(others - value).min() >= MARKER_DISTANCE)
