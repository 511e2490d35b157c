"""Formulas of a page as MathML."""

from __future__ import annotations

import html
import re

from latex2mathml.converter import convert

FORMULA = re.compile(
    r'<(?P<tag>span|div) class="arithmatex">\\(?P<open>[(\[])(?P<tex>.*?)\\[)\]]</(?P=tag)>',
    re.DOTALL,
)


def with_mathml(page: str) -> str:
    r"""Replace what `pymdownx.arithmatex` marked, ``\(x\)`` within a line and ``\[x\]`` apart."""
    return FORMULA.sub(_as_mathml, page)


def _as_mathml(found: re.Match[str]) -> str:
    tex = html.unescape(found["tex"]).strip()
    apart = found["open"] == "["
    formula = convert(tex, display="block" if apart else "inline")
    return f'<div class="formula">{formula}</div>' if apart else formula
