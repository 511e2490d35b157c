"""Every example in docstrings, README and docs runs as printed."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest
from helpers import Shown

import pidtools

ROOT = Path(__file__).parent.parent
MODULES = ["pidtools", *(m.name for m in pkgutil.walk_packages(pidtools.__path__, "pidtools."))]
# Recipes need packages of their own, each its own: `test_recipes` runs them.
APART = ("recipes.md",)
GALLERY = ROOT / "docs" / "gallery"  # scripts, which `test_gallery` runs
PAGES = [
    p
    for p in (ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md")))
    if "```python" in p.read_text(encoding="utf-8") and p.name not in APART and p.parent != GALLERY
]
# Whose examples take more than two seconds.
LONG_PAGES = ("before-you-distil.md", "cluster.md", "layers.md", "report.md", "where.md")
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name: str) -> None:
    module = importlib.import_module(name)
    found = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert found.failed == 0


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=page.name, marks=[pytest.mark.slow] * (page.name in LONG_PAGES))
        for page in PAGES
    ],
)
def test_python_blocks_of_a_page_run_in_order(
    page: Path, demonstration: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder where the demonstration has run."""
    monkeypatch.chdir(demonstration[0].folder.parent)
    names: dict[str, object] = {"__name__": "__main__"}
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        if ">>>" in block:
            test = doctest.DocTestParser().get_doctest(block, names, page.name, str(page), 0)
            assert doctest.DocTestRunner(verbose=False).run(test, clear_globs=False).failed == 0
            names.update(test.globs)
        else:
            exec(compile(block, str(page), "exec"), names)
