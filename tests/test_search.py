"""A search of the site for any word of a message finds the page that explains it."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "docs" / "tools"))
search: Any = importlib.import_module("search")


def test_words_are_those_of_messages_with_and_without_punctuation(tmp_path: Path) -> None:
    """Of errors on their page, of notes on the page where the number is wrong."""
    (tmp_path / "room.py").write_text(
        "def f(n):\n"
        "    if n: raise ValueError(f'n_samples={n} is wrong: pass X.T, not X[0].')\n"
        "    return 'the number was taken as it is.'\n"
    )
    words = search.words_of_messages(tmp_path)
    assert {"n_samples=", "n_samples", "wrong:", "wrong", "X.T,", "X.T", "X[0].", "X", "0"} <= set(
        words
    )
    assert words["wrong"] == {"messages.html"}
    assert words["taken"] == {"when-wrong.html"}
    assert words["is"] == {"messages.html", "when-wrong.html"}
    assert not any(search.HOLE in word for word in words)


def test_the_first_page_that_explains_counts() -> None:
    found = search.Search(word="a", pages=frozenset({"b.html"}), found=("a.html", "b.html"))
    assert found.rank == 2
    assert search.Search(word="a", pages=frozenset({"b.html"}), found=()).rank is None


@pytest.mark.slow
def test_every_word_of_a_message_is_found(tmp_path: Path) -> None:
    """Asked of the search of the built site, in a browser."""
    if search.CHROMIUM is None:
        pytest.skip("no chromium is installed")
    for package in ("playwright", "mkdocs", "material", "mkdocstrings", "latex2mathml"):
        pytest.importorskip(package)
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True)
    searches = search.searched(tmp_path, search.words_of_messages(ROOT / "pidtools"))
    assert [each.word for each in searches if each.rank is None] == []
