"""What mkdocs needs that Markdown on a forge does without.

Pages of other folders join the site, links to files that are no pages lead to the repository, lists
of what the library can say are made from its source, and mathematics becomes MathML, which browsers
draw without a script.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from commands import commands_page
from mathematics import with_mathml
from mkdocs.structure.files import File, Files
from said import listed, messages_page

ROOT = Path(__file__).parents[2]
REPOSITORY = "https://github.com/pidtools/pidtools/blob/main/"
# Files outside of docs/ that are pages, and where.
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changes.md",
    "CONTRIBUTING.md": "contributing.md",
}
RESULTS = "benchmarks/results/"
LINK = re.compile(r"(\]\()([^)\s]+)(\))")
CODE = re.compile(r"^( {0,3})(```|~~~).*?^\1\2|`[^`\n]+`", re.MULTILINE | re.DOTALL)
# What a search puts first, where pages have a word as often: what is said, and tables last.
BOOSTS = {"messages.md": 2, "when-wrong.md": 2}
BOOST_OF_RESULTS = 0.5
SAID = re.compile(r"^<!-- said: (.*?) -->$", re.MULTILINE)


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that lie or are made elsewhere."""
    for source, page in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=moved(text, source, page)))
    for source in sorted((ROOT / RESULTS).iterdir()):
        name = f"results/{source.name}"
        if source.suffix == ".md":
            text = moved(source.read_text(encoding="utf-8"), RESULTS + source.name, name)
            files.append(File.generated(config, name, content=titled(text, source.stem)))
        elif source.suffix == ".png":
            files.append(File.generated(config, name, abs_src_path=str(source)))
    made = {"messages.md": messages_page(ROOT / "pidtools"), "api/command-line.md": commands_page()}
    for page, text in made.items():
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Lead links out of docs/ to where their target is on the site, and list what can be said."""
    source = page.file.src_uri
    boost = BOOST_OF_RESULTS if source.startswith("results/") else BOOSTS.get(source)
    if boost:
        page.meta["search"] = {"boost": boost}
    if not page.file.generated_by:
        markdown = moved(markdown, f"docs/{source}", source)
    named = {name for found in SAID.findall(markdown) for name in found.split()} - {"*"}
    return SAID.sub(lambda m: listed(ROOT / "pidtools", m[1].split(), named), markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Turn formulas into MathML."""
    return with_mathml(html)


def titled(text: str, name: str) -> str:
    """A page with a heading."""
    return text if text.startswith("# ") else f"# {name}\n\n{text}"


def moved(text: str, source: str, page: str) -> str:
    """Text of a file of the repository, with links that hold on a page of the site."""
    parts, end = [], 0
    for code in CODE.finditer(text):
        parts += [_relinked(text[end : code.start()], source, page), code[0]]
        end = code.end()
    return "".join([*parts, _relinked(text[end:], source, page)])


def _relinked(text: str, source: str, page: str) -> str:
    return LINK.sub(lambda m: m[1] + _target(m[2], source, page) + m[3], text)


def _target(link: str, source: str, page: str) -> str:
    """Where a link of a file leads from a page of the site."""
    path, _, anchor = link.partition("#")
    if not path or ":" in path.split("/")[0]:
        return link
    target = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    if target.startswith("docs/") and not target.endswith(".py"):
        place = target.removeprefix("docs/")
    elif target in PAGES:
        place = PAGES[target]
    elif target.startswith(RESULTS) and target.endswith((".md", ".png")):
        place = f"results/{posixpath.basename(target)}"
    else:
        return f"{REPOSITORY}{target}" + (f"#{anchor}" if anchor else "")
    there = posixpath.relpath(place, posixpath.dirname(page) or ".")
    return f"{there}#{anchor}" if anchor else there
