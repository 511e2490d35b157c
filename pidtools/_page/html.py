"""Parts written down as HTML; whatever comes from a user goes through `escape`."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterable, Sequence
from typing import Any

from pidtools._page import text
from pidtools._page.parts import Block, Figure, Section, Table

# Rows of a table that print keeps on one sheet.
MOST_TOGETHER = 16


def escape(shown: Any) -> str:
    """Text as it stands, in an element or an attribute."""
    return html.escape(text.clean(shown))


def as_json(content: Any) -> str:
    """JSON that no browser takes for the end of its script."""
    return json.dumps(content, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def paragraphs(said: Iterable[str]) -> str:
    """Sentences, each a paragraph."""
    return "".join(f"<p>{escape(sentence)}</p>" for sentence in said)


def table(own: Table) -> str:
    """A table in a box of its own, in which it scrolls where it is wider than the page."""
    heads = "".join(
        f'<th scope="col"{_side(k, own)}>{escape(head)}</th>' if head else "<td></td>"
        for k, head in enumerate(own.heads)
    )
    body = "".join(f"<tr>{_cells(row, own)}</tr>" for row in own.rows)
    caption = escape(own.caption)
    short = " short" if len(own.rows) <= MOST_TOGETHER else ""
    written = (
        f'<div class="box{short}" role="region" tabindex="0" aria-label="{caption}"><table>'
        f"<caption>{caption}</caption><thead><tr>{heads}</tr></thead><tbody>{body}</tbody>"
        "</table></div>"
    )
    if not own.is_folded:
        return written
    n = text.count(len(own.rows), "row")
    kind = "" if own.is_printed else ' class="folded"'
    return f"<details{kind}><summary>{caption} ({n})</summary>{written}</details>"


def _cells(row: Sequence[str], own: Table) -> str:
    head, *rest = row
    cells = "".join(
        f"<td{_side(k, own)}>{_shown(cell, k < own.n_names)}</td>" for k, cell in enumerate(rest, 1)
    )
    return f'<th scope="row">{_shown(head, True)}</th>{cells}'


def _shown(cell: str, is_name: bool) -> str:
    """A cell; a name keeps its direction to itself."""
    if is_name:
        return f"<bdi>{escape(cell)}</bdi>"
    first, _, rest = cell.partition("\n")
    return f"{escape(first)}<br><small>{escape(rest)}</small>" if rest else escape(first)


def _side(column: int, own: Table) -> str:
    return "" if column < own.n_names else ' class="n"'


def warnings(own: Section) -> str:
    """The warnings in a box that nobody overlooks."""
    if not own.warnings:
        return ""
    items = "".join(f"<p><strong>Warning:</strong> {escape(said)}</p>" for said in own.warnings)
    return f'<div class="warnings" role="note">{items}</div>'


def notes(own: Section) -> str:
    """The notes in full, as they limit what was said above them."""
    if not own.notes:
        return ""
    return (
        f'<div class="notes"><p class="head">What limits these numbers</p>{_list(own.notes)}</div>'
    )


def details(own: Section) -> str:
    """How the numbers were measured and computed, folded."""
    shown = facts(own.facts) + (_list(own.details) if own.details else "")
    if not shown:
        return ""
    return f'<details class="how"><summary>How it was measured</summary>{shown}</details>'


def _list(said: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(each)}</li>" for each in said)
    return f"<ul>{items}</ul>"


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and what they are."""
    items = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in pairs
    )
    return f"<dl>{items}</dl>" if items else ""


def figure(own: Figure, number: int) -> str:
    """The picture that stays, room for what is drawn in its place, and what is drawn."""
    picture = base64.b64encode(own.draw()).decode("ascii")
    alternative = escape(own.alternative)
    said = f"<figcaption>{escape(own.said)}</figcaption>" if own.said else ""
    return (
        f'<figure id="figure-{number}">'
        f'<img class="still" alt="{alternative}" src="data:image/svg+xml;base64,{picture}">'
        f'<div class="live" role="application" tabindex="0" hidden aria-label="{alternative} '
        'Arrow keys move from point to point."></div>'
        f'<p class="point" aria-live="polite"></p>{said}'
        f'<script type="application/json">{as_json(own.chart)}</script></figure>'
    )


def block(own: Block, number: int) -> str:
    """A heading and what belongs below it."""
    parts = [f"<h3>{escape(own.title)}</h3>", paragraphs(own.said)]
    if own.figure is not None:
        parts.append(figure(own.figure, number))
    if own.table is not None:
        parts.append(table(own.table))
    return f'<section class="block">{"".join(parts)}</section>'
