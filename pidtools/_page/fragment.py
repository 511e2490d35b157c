"""A result in a notebook: the words and tables of its page, without scripts and pictures."""

from __future__ import annotations

from typing import Any

from pidtools._page import html
from pidtools._page.parts import Section
from pidtools._page.sections import section

# Colours and sizes are the notebook's.
STYLE = (
    ".pidtools{max-width:56rem;line-height:1.5}"
    ".pidtools p{margin:.2rem 0 .4rem}"
    ".pidtools .title{font-weight:600;font-size:1.1em}"
    ".pidtools .box{overflow-x:auto;max-width:100%}"
    ".pidtools table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:.3rem 0}"
    ".pidtools caption{text-align:left;opacity:.75;caption-side:top}"
    ".pidtools th,.pidtools td{padding:.15rem .8rem .15rem 0;text-align:left;font-weight:400;"
    "background:none}"
    ".pidtools thead th{font-weight:600}"
    ".pidtools .box table th[scope=row]{text-align:left}"
    ".pidtools .n{text-align:right;white-space:nowrap}"
    ".pidtools summary{cursor:pointer}"
    ".pidtools .title+p{font-size:1.05em}"
    ".pidtools .warnings{border:1px solid #c77700;border-left-width:6px;border-radius:4px;"
    "background:rgba(255,170,0,.14);padding:.2rem .7rem;margin:.4rem 0}"
    ".pidtools .notes .head{font-weight:600;margin:.5rem 0 0}"
    ".pidtools ul{margin:.1rem 0 .4rem;padding-left:1.2rem}"
    ".pidtools dl{margin:.3rem 0}.pidtools dt{font-weight:600}.pidtools dd{margin:0 0 .2rem}"
)


def of_result(result: Any) -> str:
    """A result as a fragment of HTML."""
    return of_section(section(result, whole=False))


def of_section(own: Section) -> str:
    """A section as a fragment of HTML."""
    tables = "".join(html.table(block.table) for block in own.blocks if block.table is not None)
    return (
        f'<div class="pidtools"><style>{STYLE}</style>'
        f'<p class="title">{html.escape(own.title)}</p>'
        f"{html.paragraphs(own.said[:1])}{html.warnings(own)}{html.paragraphs(own.said[1:])}"
        f"{tables}{html.notes(own)}{html.details(own)}</div>"
    )
