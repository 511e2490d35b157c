"""A page that needs nothing beside itself."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import platform
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files

from pidtools._page import html
from pidtools._page.parts import Block, Section

# What the numbers may depend on.
PACKAGES = ("numpy", "scipy", "scikit-learn", "cvxpy", "numba")


@cache
def scripts() -> tuple[str, str]:
    """The plotting library and what calls it.

    Raises
    ------
    ImportError
        If plotly is not installed.
    """
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise ImportError(
            "A page needs plotly for its figures, which is not installed: "
            "pip install 'pidtools[report]'."
        ) from error
    return _as_script(get_plotlyjs()), _part("page.js")


def write(sections: Sequence[Section], *, title: str, call: str | None, version: str) -> str:
    """The page as text."""
    own = scripts()
    now = datetime.now().astimezone().replace(microsecond=0)
    # Only these two scripts run, whatever else would find its way into the page.
    allowed = " ".join(f"'sha256-{_hash(script)}'" for script in own)
    policy = (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    contents = "".join(_section(section, k) for k, section in enumerate(sections))
    return "".join(
        [
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            f'<meta name="generator" content="pidtools {html.escape(version)}">',
            f'<link rel="icon" href="data:,"><title>{html.escape(title)}</title>',
            f"<style>{_part('page.css')}</style></head><body>",
            f'<header><h1><bdi>{html.escape(title)}</bdi></h1><p class="about">pidtools '
            f'{html.escape(version)}, <time datetime="{now.isoformat()}">'
            f"{now:%Y-%m-%d %H:%M %z}</time></p>{_contents(sections)}</header>",
            f"<main>{contents}{_reproduce(call, version)}</main>",
            *(f"<script>{script}</script>" for script in own),
            "</body></html>\n",
        ]
    )


def _section(section: Section, k: int) -> str:
    blocks: list[str] = []
    for number, block in enumerate(section.blocks):
        blocks.append(_block(block, 1000 * k + number))
    return (
        f'<section id="part-{k}"><h2><bdi>{html.escape(section.title)}</bdi></h2>'
        f'<div class="answer">{html.paragraphs(section.said)}</div>{html.warnings(section)}'
        f"{''.join(blocks)}{html.notes(section)}{html.details(section)}</section>"
    )


def _block(block: Block, number: int) -> str:
    return html.block(block, number)


def _contents(sections: Sequence[Section]) -> str:
    """Where to find what, where there is more than one."""
    if len(sections) < 2:
        return ""
    items = "".join(
        f'<li><a href="#part-{k}"><bdi>{html.escape(section.title)}</bdi></a></li>'
        for k, section in enumerate(sections)
    )
    return f'<nav aria-label="On this page"><ul>{items}</ul></nav>'


def _reproduce(call: str | None, version: str) -> str:
    """The call, and the versions of what it ran with."""
    shown = (
        f"<pre><code>{html.escape(call)}</code></pre>"
        if call
        else "<p>The call was not told to this page; the settings are with each result.</p>"
    )
    versions = [("pidtools", version), ("Python", platform.python_version())]
    versions += [(name, _version(name)) for name in PACKAGES]
    versions += [("system", f"{platform.system()} {platform.machine()}")]
    return f"<section><h2>To reproduce this</h2>{shown}{html.facts(versions)}</section>"


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not known"


def _part(name: str) -> str:
    return files("pidtools._page").joinpath(name).read_text(encoding="utf-8")


def _as_script(code: str) -> str:
    """Code that can stand in a page: nothing in it ends the script."""
    return code.replace("</script", "<\\/script").replace("\r\n", "\n")


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
