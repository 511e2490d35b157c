"""How results show themselves: in a line, on a terminal, in a notebook."""

from __future__ import annotations

import shutil
import textwrap
from typing import Any, Literal

Role = Literal["verdict", "warning", "table", "note"]
# Columns of text that is easy to read, and of a terminal that is not known.
WIDEST, USUAL = 100, 80
# Characters of a result in one line.
LONGEST = 200


class InALine:
    """Whatever shows itself in one line."""

    __slots__ = ()

    def _brief(self) -> str:
        """The numbers that matter."""
        raise NotImplementedError  # each kind of result gives its own

    def __repr__(self) -> str:
        text = f"{type(self).__name__}({self._brief()})".replace("\n", " ")
        return text if len(text) <= LONGEST else f"{text[: LONGEST - 4]}...)"


class Shown(InALine):
    """A result that says itself: first the verdict, then warnings, numbers and notes."""

    __slots__ = ()

    @property
    def verdict(self) -> str:
        """The answer in one sentence; it says so where a warning speaks against it."""
        from pidtools._page.verdicts import verdict_of

        return verdict_of(self)

    def summary(self) -> str:
        """Verdict, warnings, numbers and notes as text for people, as wide as the terminal."""
        return "\n".join(text for _, text in self._screen())

    def _screen(self, width: int | None = None) -> list[tuple[Role, str]]:
        """What `summary` says, part by part, with what each part is."""
        room = columns() if width is None else width
        parts: list[tuple[Role, str]] = [("verdict", wrapped(self.verdict, room))]
        said: Any = self
        for text in getattr(said, "warnings", ()):
            parts.append(("warning", wrapped(text, room, first="Warning: ", rest="  ")))
        parts.append(("table", "\n".join(self._table(room))))
        for text in getattr(said, "notes", ()):
            parts.append(("note", wrapped(text, room, first="- ", rest="  ")))
        return parts

    def _table(self, width: int) -> list[str]:
        """The numbers, line by line."""
        raise NotImplementedError  # each kind of result gives its own

    def _repr_html_(self) -> str:
        """The words and tables of its page; the one place that looks up, when a notebook asks."""
        from pidtools._page.fragment import of_result

        return of_result(self)


def columns() -> int:
    """Columns of the terminal, as many as are easy to read."""
    return min(shutil.get_terminal_size((USUAL, 24)).columns or USUAL, WIDEST)


def wrapped(text: str, width: int, *, first: str = "", rest: str = "") -> str:
    """Text in lines of so many columns; no word is cut, nor a path or a number broken."""
    return textwrap.fill(
        text,
        max(width, 20),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def counted(n: int, noun: str) -> str:
    """How many of something."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def percent(share: float) -> str:
    """A confidence or a share; the space in it breaks no line."""
    return f"{100 * share:g}\N{NO-BREAK SPACE}%"


def short_list(found: list[str], more: str = "") -> str:
    """Parts of a line, without the empty ones."""
    return ", ".join(part for part in (*found, more) if part)
