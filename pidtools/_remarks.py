"""What is said of an answer beside its numbers: warnings, notes and details.

A `Remark` is told apart where it arises and carries that to where it is shown: a string with a
mark would lose it with the first f-string, and three tuples of strings would have to be handed
through every step of the stairs. It also knows of which sources it is said, so that what is said
of several is shown once.
"""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

Kind = Literal["warning", "note", "detail"]
KINDS: tuple[Kind, ...] = ("warning", "note", "detail")
# Names before a remark, of which the rest is only counted.
MOST_NAMES = 4
FIGURES = re.compile(r"[+-]?\d[\d.]*(e[+-]?\d+)?")
# Characters of a warning that a verdict has room for.
SHORT = 90


class Rank(enum.IntEnum):
    """What is at stake, from what may turn a decision around to what is good to know."""

    void = 0
    """The number may mean nothing at all."""
    question = 1
    """Rows, labels or layers may not be those that were meant."""
    starved = 2
    """Too few rows: the number is off by more than its interval tells."""
    size = 3
    """By how much the number may be too high or too low."""
    interval = 4
    """What intervals and p-values rest on."""
    changed = 5
    """What was left out or taken otherwise than it was given."""
    general = 6
    """What the number is, of whatever data."""


@dataclass(frozen=True)
class Remark:
    """A sentence or two about an answer.

    Attributes
    ----------
    text : str
        Written so that it can follow the names of its sources and a colon. A warning says first,
        up to a full stop or semicolon, what is wrong.
    kind : {"warning", "note", "detail"}
        A reason to distrust the number; what limits it and what to do; how it was computed.
    rank : Rank
        What is at stake: the order among those of a kind.
    of : tuple of str
        Sources that it is said of; empty where it is said of the answer, or in a summary of its
        one source.
    is_whole : bool
        Whether the text stands as it is, names included, as where it was read from a file.
    """

    text: str
    kind: Kind = "note"
    rank: Rank = Rank.size
    of: tuple[str, ...] = ()
    is_whole: bool = False

    def __str__(self) -> str:
        if self.is_whole:
            return self.text
        if self.of:
            return f"{_listed(self.of)}: {self.text}"
        return self.text[:1].upper() + self.text[1:]

    def about(self, *names: str) -> Remark:
        """The same of these sources."""
        return dataclasses.replace(self, of=names)


class Remarked:
    """An answer with its warnings, notes and details; whoever is one has `remarks`."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def remarks(self) -> tuple[Remark, ...]:
            """In the order in which they are shown."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """Reasons to distrust the numbers, the gravest first; each was raised as well."""
        return texts(self.remarks, "warning")

    @property
    def notes(self) -> tuple[str, ...]:
        """What limits these numbers and what to do, most important first."""
        return texts(self.remarks, "note")

    def details(self) -> str:
        """How the numbers were computed, a line each."""
        return "\n".join(texts(self.remarks, "detail"))


def texts(remarks: Iterable[Remark], kind: Kind) -> tuple[str, ...]:
    """Remarks of one kind for people."""
    return tuple(str(remark) for remark in remarks if remark.kind == kind)


def as_lists(remarks: Sequence[Remark]) -> dict[str, list[str]]:
    """Warnings, notes and details as `to_dict` has them."""
    return {f"{kind}s": list(texts(remarks, kind)) for kind in KINDS}


def from_lists(**lists: Sequence[str]) -> tuple[Remark, ...]:
    """Remarks of what `to_dict` has written, in its order."""
    return tuple(
        Remark(text, kind, Rank.void, is_whole=True)
        for kind in KINDS
        for text in lists.get(f"{kind}s", ())
    )


def packed(remarks: Sequence[Remark]) -> list[list[Any]]:
    """Remarks with all that is known of them, as JSON takes them."""
    return [[own.text, own.kind, int(own.rank), list(own.of), own.is_whole] for own in remarks]


def unpacked(content: Any) -> tuple[Remark, ...]:
    """Remarks of what `packed` gave.

    Raises
    ------
    ValueError
        If it is something else.
    """
    try:
        return tuple(_unpacked(*own) for own in content)
    except (TypeError, ValueError) as error:
        raise ValueError("its remarks are no remarks") from error


def _unpacked(text: Any, kind: Any, rank: Any, of: Any, is_whole: Any) -> Remark:
    texts_alone = all(isinstance(own, str) for own in (text, *of)) and isinstance(of, list)
    if not texts_alone or kind not in KINDS or not isinstance(is_whole, bool):
        raise ValueError("no remark")
    return Remark(text, kind, Rank(rank), tuple(of), is_whole)


def arranged(remarks: Iterable[Remark]) -> tuple[Remark, ...]:
    """Each once, with all that it is said of; by kind and by what is at stake."""
    of: dict[tuple[Kind, Rank, str], dict[str, None]] = {}
    for remark in remarks:
        names = of.setdefault((remark.kind, remark.rank, remark.text), {})
        names.update(dict.fromkeys(remark.of))
    order = sorted(of, key=lambda own: (KINDS.index(own[0]), own[1]))
    return tuple(
        Remark(text, kind, rank, tuple(of[kind, rank, text])) for kind, rank, text in order
    )


def without(remarks: Iterable[Remark], name: str) -> list[Remark]:
    """Remarks that are not of this source or number: what is not shown is not spoken of."""
    return [remark for remark in remarks if name not in remark.of]


def of_table(
    rows: Sequence[Sequence[Remark]],
    what: str,
    example: Callable[[int], str],
    names: Sequence[str] = (),
) -> tuple[Remark, ...]:
    """Remarks of a table: all warnings and details, and the notes that are made on every row.

    Notes that differ in their figures alone are one; those on some rows are counted, as each row
    has its own.

    Parameters
    ----------
    rows : sequence of sequences of Remark
        Of each row with an answer.
    what : str
        What rows are, in the plural.
    example : callable
        Gives the expression that has the notes of a row, by its number.
    names : sequence of str
        What warnings are of that only some rows have, and that name no source.
    """
    if names:
        common = set.intersection(*map(set, rows)) if rows else set()
        rows = [
            [own.about(name) if _is_of_row(own, common) else own for own in row]
            for name, row in zip(names, rows, strict=True)
        ]
    every = [remark for row in rows for remark in row]
    kept = [remark for remark in every if remark.kind == "warning"]
    notes: dict[str, list[Remark]] = {}
    n_rows: dict[str, int] = {}
    for row in rows:
        own = {FIGURES.sub("0", remark.text) for remark in row if remark.kind == "note"}
        for like in own:
            n_rows[like] = n_rows.get(like, 0) + 1
        for remark in row:
            if remark.kind == "note":
                notes.setdefault(FIGURES.sub("0", remark.text), []).append(remark)
    single: list[str] = []
    for like, found in notes.items():
        if n_rows[like] < len(rows):
            single.append(like)
        elif len({remark.text for remark in found}) == 1:
            kept += found
        else:
            first = found[0]
            text = f"{first.text} (Other {what} have such a note with other figures.)"
            kept.append(dataclasses.replace(first, text=text))
    if single:
        these = "1 note is" if len(single) == 1 else f"{len(single)} notes are"
        with_one = next(
            k
            for k, row in enumerate(rows)
            if any(FIGURES.sub("0", remark.text) == single[0] for remark in row)
        )
        text = (
            f"{these} about some of the {what} alone, such as {example(with_one)} (at the command "
            "line: in the rows of --json)."
        )
        kept.append(Remark(text, "note", Rank.general))
    kept += [remark for remark in every if remark.kind == "detail"]
    return arranged(kept)


def _is_of_row(own: Remark, common: set[Remark]) -> bool:
    return own.kind == "warning" and not own.of and own not in common


def headline(warning: str) -> str:
    """What is wrong in a few words: how a warning begins."""
    first = re.split(r"[;.](?:\s|$)", warning, maxsplit=1)[0]
    return first if len(first) <= SHORT else f"{first[: SHORT - 1].rsplit(' ', 1)[0]} ..."


def _listed(names: Sequence[str]) -> str:
    shown, rest = list(names[:MOST_NAMES]), len(names) - MOST_NAMES
    if rest > 0:
        return f"{', '.join(shown)} and {rest} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]
