"""Pages of the gallery, from the scripts that they show.

    python docs/tools/gallery.py                runs the scripts whose page is behind
    python docs/tools/gallery.py digits where   runs these
    python docs/tools/gallery.py --check        says which pages are behind, and fails; runs nothing

A script in docs/gallery is cut by lines that start with ``# %%``; what follows ``# %% [markdown]``
is prose. Its page, committed beside it, shows prose, code, and what the code printed and drew. The
page holds a digest of its script, so that an edited script is noticed without running it.
"""

from __future__ import annotations

import hashlib
import io
import re
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1]
GALLERY, IMAGES = DOCS / "gallery", DOCS / "images"
CELL = re.compile(r"^# %%(.*)\n", re.MULTILINE)
MADE = re.compile(r"<!-- made from .* sha256 (\w+) -->")
DPI = 110


@dataclass(frozen=True)
class Cell:
    """A piece of a script: prose in Markdown, or code."""

    text: str
    is_prose: bool
    line: int = 0  # before its first one


@dataclass(frozen=True)
class Shown:
    """A piece with what its code printed, and the files of the figures that it drew."""

    cell: Cell
    printed: str = ""
    figures: tuple[str, ...] = ()


def scripts() -> list[Path]:
    """Of the whole gallery."""
    return sorted(GALLERY.glob("*.py"))


def cells(script: str) -> list[Cell]:
    """The pieces of a script, in order."""
    found = []
    marks = list(CELL.finditer(script))
    ends = [*(mark.start() for mark in marks[1:]), len(script)]
    for mark, end in zip(marks, ends, strict=True):
        text, line = script[mark.end() : end], script.count("\n", 0, mark.end())
        is_prose = mark[1].strip() == "[markdown]"
        if is_prose:
            text = re.sub(r"^# ?", "", text, flags=re.MULTILINE)
        found.append(Cell(text.strip("\n"), is_prose, line))
    return found


def executed(path: Path, images: Path = IMAGES) -> list[Shown]:
    """Run a script as a program; what `plt.show()` would show is saved into `images`."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    drawn: list[str] = []

    def save(*_: Any, **__: Any) -> None:
        for number in plt.get_fignums():
            name = f"gallery_{path.stem}_{len(drawn) + 1}.png"
            plt.figure(number).savefig(images / name, dpi=DPI)
            drawn.append(name)
        plt.close("all")

    names: dict[str, Any] = {"__name__": "__main__", "__file__": str(path)}
    found, show = [], plt.show
    plt.show = save
    try:
        for cell in cells(path.read_text(encoding="utf-8")):
            n_drawn, printed = len(drawn), io.StringIO()
            if not cell.is_prose:
                code = "\n" * cell.line + cell.text  # so that errors name lines of the script
                with redirect_stdout(printed):
                    exec(compile(code, str(path), "exec"), names)
            found.append(Shown(cell, printed.getvalue().rstrip(), tuple(drawn[n_drawn:])))
    finally:
        plt.show = show
    return found


def page(path: Path, shown: list[Shown]) -> str:
    """The page of a script that has run, and was left as it is meanwhile."""
    if [each.cell for each in shown] != cells(path.read_text(encoding="utf-8")):
        raise RuntimeError(f"{path.name} was edited while it ran; run it again")
    title = shown[0].cell.text.splitlines()[0].removeprefix("# ")
    parts = [f"<!-- made from {path.name} by docs/tools/gallery.py, sha256 {digest(path)} -->"]
    for each in shown:
        text = each.cell.text
        parts.append(text if each.cell.is_prose else f"```python\n{text}\n```")
        if each.printed:
            parts.append(f"```text\n{each.printed}\n```")
        parts += [f"![{title}: what this draws](../images/{name})" for name in each.figures]
    parts.append(f"The whole script: [{path.name}]({path.name}).")
    return "\n\n".join(parts) + "\n"


def digest(path: Path) -> str:
    """Of a script, however its lines end."""
    return hashlib.sha256(path.read_text(encoding="utf-8").encode()).hexdigest()[:16]


def behind() -> list[str]:
    """Names of scripts whose page is not made from what they say now."""
    return [path.stem for path in scripts() if _made_from(path) != digest(path)]


def _made_from(path: Path) -> str | None:
    made = path.with_suffix(".md")
    found = MADE.search(made.read_text(encoding="utf-8")) if made.exists() else None
    return found and found[1]


def main(arguments: list[str]) -> int:
    """Write pages, or say which are behind."""
    if arguments == ["--check"]:
        found = behind()
        for name in found:
            print(f"behind: {name}")
        return int(bool(found))
    for name in arguments or behind():
        path = GALLERY / f"{name}.py"
        path.with_suffix(".md").write_text(page(path, executed(path)), encoding="utf-8")
        print(f"wrote {name}.md")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
