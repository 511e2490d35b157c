"""The gallery: pages are those of their scripts, and hold what the scripts print."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[1] / "docs"
sys.path.append(str(DOCS / "tools"))
gallery: Any = importlib.import_module("gallery")

NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")
# Bits, accuracies and ends of intervals by which two computers may differ, whose processors round
# otherwise in the training of a network; and shares in percent and counts.
SLACK, RELATIVE = 0.05, 0.05

SCRIPT = """# %% [markdown]
# # A title
#
# Prose of `code`.

# %%
import matplotlib.pyplot as plt

print("one")
plt.figure()
plt.show()

# %%
print(1 + 1)
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "small.py"
    path.write_text(SCRIPT, encoding="utf-8")
    return path


def test_pages_are_made_from_their_scripts() -> None:
    """Else run `python docs/tools/gallery.py`."""
    assert gallery.behind() == []
    assert len(gallery.scripts()) == 7


def test_pages_show_all_of_their_script() -> None:
    for path in gallery.scripts():
        page = path.with_suffix(".md").read_text(encoding="utf-8")
        for cell in gallery.cells(path.read_text(encoding="utf-8")):
            assert cell.text in page


def test_the_gallery_lists_every_page() -> None:
    text = (DOCS / "gallery" / "index.md").read_text(encoding="utf-8")
    listed = re.findall(r"\]\((\w+)\.md\)", text)
    assert sorted(listed) == [path.stem for path in gallery.scripts()]


def test_a_script_becomes_a_page(script: Path) -> None:
    shown = gallery.executed(script, script.parent)
    page = gallery.page(script, shown)
    assert "\n\n# A title\n\nProse of `code`.\n\n```python\nimport matplotlib" in page
    assert "```text\none\n```\n\n![A title: what this draws](../images/gallery_small_1.png)" in page
    assert "```text\n2\n```" in page
    assert (script.parent / "gallery_small_1.png").read_bytes().startswith(b"\x89PNG")


def test_an_edited_script_is_behind(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery, "GALLERY", script.parent)
    assert gallery.behind() == ["small"]
    made = script.with_suffix(".md")
    made.write_text(gallery.page(script, gallery.executed(script, script.parent)), encoding="utf-8")
    assert gallery.behind() == []
    script.write_text(SCRIPT.replace("1 + 1", "1 + 2"), encoding="utf-8")
    assert gallery.behind() == ["small"]


def test_an_error_names_the_line_of_the_script(script: Path) -> None:
    script.write_text(SCRIPT + "1 / 0\n", encoding="utf-8")
    with pytest.raises(ZeroDivisionError) as caught:
        gallery.executed(script, script.parent)
    assert caught.traceback[-1].lineno == SCRIPT.count("\n")  # counted from 0


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", gallery.scripts(), ids=lambda path: path.stem)
def test_a_script_prints_what_its_page_says(path: Path, tmp_path: Path) -> None:
    """Figures and text as committed; numbers to what processors may differ by."""
    shown = gallery.executed(path, tmp_path)
    page = path.with_suffix(".md").read_text(encoding="utf-8")
    expected = re.findall(r"^```text\n(.*?)\n```$", page, re.DOTALL | re.MULTILINE)
    printed = [each.printed for each in shown if each.printed]
    assert len(printed) == len(expected)
    for text, committed in zip(printed, expected, strict=True):
        # The first lines: what notes say may turn on a row or two.
        for line, other in zip(text.splitlines()[:4], committed.splitlines()[:4], strict=True):
            found, wanted = NUMBER.findall(line), NUMBER.findall(other)
            if NUMBER.sub("", line) == NUMBER.sub("", other):
                slack = pytest.approx([float(w) for w in wanted], abs=SLACK, rel=RELATIVE)
                assert [float(f) for f in found] == slack
    drawn = re.findall(r"images/([\w.]+)", page)
    assert drawn == [name for each in shown for name in each.figures]
    assert all((DOCS / "images" / name).exists() for name in drawn)
