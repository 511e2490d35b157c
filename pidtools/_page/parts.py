"""What a page is made of: plain data, the same for a page and for a notebook."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Table:
    """Text in rows and columns.

    Attributes
    ----------
    caption : str
        What the numbers are, with their unit.
    heads : tuple of str
        A heading for each column.
    rows : tuple of tuple of str
        The first `n_names` columns are names, the others numbers.
    n_names : int
        Leading columns of text, the first of which names its row.
    is_folded : bool
        Whether a reader has to open it.
    is_printed : bool
        Whether print has it though it is folded.
    """

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    n_names: int = 1
    is_folded: bool = False
    is_printed: bool = True


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A picture that stays, and what is drawn in its place where scripts run.

    Attributes
    ----------
    alternative : str
        The figure in words, for those who don't see it.
    said : str
        How to read it.
    chart : dict
        Data and layout as plotly.js takes them.
    draw : callable
        Returns the picture as SVG.
    """

    alternative: str
    said: str
    chart: dict[str, Any]
    draw: Callable[[], bytes]


@dataclass(frozen=True, kw_only=True)
class Block:
    """A figure, a table or both under one heading."""

    title: str
    said: tuple[str, ...] = ()
    figure: Figure | None = None
    table: Table | None = None


@dataclass(frozen=True, kw_only=True)
class Section:
    """One result.

    Attributes
    ----------
    title : str
    said : tuple of str
        What the numbers mean, in sentences; the first one is the answer.
    blocks : tuple of Block
    warnings, notes : tuple of str
        Reasons to distrust the numbers, and what limits them, in full.
    details : tuple of str
        How they were computed.
    facts : tuple of (str, str)
        How it was measured.
    """

    title: str
    said: tuple[str, ...]
    blocks: tuple[Block, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
