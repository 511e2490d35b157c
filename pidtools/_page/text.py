"""Numbers, intervals and names as text."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

from pidtools._notebook import counted, percent
from pidtools._result import Interval, unsigned_zero

# Characters of a name that a figure has room for; tables and what a pointer shows have all of it.
SHORT = 24
# Names in a sentence before the rest is only counted.
MOST_NAMES = 6
# How characters may turn the direction of the text around them.
TURNING = {"R", "AL", "RLE", "RLO", "RLI", "LRE", "LRO", "LRI", "FSI", "PDF", "PDI"}


def number(value: float | None, digits: str = ".4f") -> str:
    """A number of a table."""
    return "not asked" if value is None else unsigned_zero(f"{value:{digits}}")


def ends(interval: Interval | None, digits: str = ".4f") -> str:
    """An interval of a table; nothing where there is none."""
    if interval is None:
        return ""
    low, high = (unsigned_zero(f"{end:{digits}}") for end in (interval.low, interval.high))
    return f"{low} to {high}"


def within(interval: Interval | None, digits: str = ".3f") -> str:
    """An interval behind its number in a sentence."""
    if interval is None:
        return ""
    return f" ({ends(interval, digits)} at {percent(interval.confidence_level)})"


def clean(text: Any) -> str:
    """Text that any browser takes: no control characters, no halves of characters."""
    whole = str(text).encode("utf-8", "replace").decode("utf-8")
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) == "Cc" and c not in "\n\t" else c
        for c in whole
    )


def name(text: Any) -> str:
    """A name inside a sentence, whose direction does not turn that of the sentence."""
    own = clean(text)
    if any(unicodedata.bidirectional(c) in TURNING for c in own):
        return f"\N{FIRST STRONG ISOLATE}{own}\N{POP DIRECTIONAL ISOLATE}"
    return own


def short(text: Any, length: int = SHORT) -> str:
    """A name where there is little room: its start and its end."""
    own = clean(text).replace("\n", " ")
    if len(own) <= length:
        return own
    start = length // 3  # names of layers differ at their ends
    return f"{own[:start]}\N{HORIZONTAL ELLIPSIS}{own[start + 1 - length :]}"


def names(found: Sequence[Any], last: str = "and") -> str:
    """Names in a sentence, the first ones where there are many."""
    shown = [name(each) for each in found[:MOST_NAMES]]
    rest = len(found) - MOST_NAMES
    if rest > 0:
        return f"{', '.join(shown)} {last} {rest} more"
    return f" {last} ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]


count = counted
