"""Whether a search of the built site for a word of a message finds the page that explains it.

`python docs/tools/search.py build/site` asks the theme's own search, in Chromium, for every word of
every message of the library, as it stands there and without its punctuation, and prints how many
are found and which are not. Needs `pip install playwright` and a chromium of the system.
"""

from __future__ import annotations

import functools
import http.server
import re
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from said import HOLE, all_said

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# What the browser does: the theme's worker gets the index, and then each word as if it were typed.
ASK = """
async ([worker, words]) => {
  const made = new Worker(worker);
  const ask = (message) => new Promise((done) => {
    made.onmessage = (event) => done(event.data);
    made.postMessage(message);
  });
  const index = await (await fetch("/search/search_index.json")).json();
  index.options = { suggest: true };
  await ask({ type: 0, data: index });
  const found = [];
  for (const word of words) {
    const { data } = await ask({ type: 2, data: word });
    found.push(data.items.map((page) => page.map((part) => part.location)));
  }
  return found;
}
"""


@dataclass(frozen=True, kw_only=True)
class Search:
    """A word, where it should lead, and where it does.

    Attributes
    ----------
    word : str
        What is typed.
    pages : frozenset of str
        Pages that list messages with it.
    found : tuple of str
        Pages that the search shows, in its order.
    """

    word: str
    pages: frozenset[str]
    found: tuple[str, ...]

    @property
    def rank(self) -> int | None:
        """Place of the first page that explains it, from 1; None where there is none."""
        places = [k for k, page in enumerate(self.found, start=1) if page in self.pages]
        return min(places, default=None)


def words_of_messages(package: Path) -> dict[str, set[str]]:
    """Words, as they stand and bare, and the pages that list messages with them."""
    found: dict[str, set[str]] = {}
    for said in all_said(package):
        if said.raised or said.is_note or said.is_part:
            page = "when-wrong.html" if said.is_note else "messages.html"
            for piece in re.split(rf"\s+|[{HOLE}]|\(\||\|\)", said.text):
                for word in (piece, *re.findall(r"\w+(?:['.]\w+)*", piece)):
                    if re.search(r"\w", word):
                        found.setdefault(word, set()).add(page)
    return found


def searched(site: Path, words: dict[str, set[str]]) -> list[Search]:
    """Ask the search of a built site, in Chromium."""
    from playwright.sync_api import sync_playwright

    (worker,) = (site / "assets/javascripts/workers").glob("search*.js")
    with served(site) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        window = browser.new_page()
        window.goto(f"{address}/404.html")
        answers = window.evaluate(ASK, [f"/{worker.relative_to(site).as_posix()}", list(words)])
        browser.close()
    return [
        Search(
            word=word,
            pages=frozenset(words[word]),
            found=tuple(parts[0].partition("#")[0] for parts in pages),
        )
        for word, pages in zip(words, answers, strict=True)
    ]


@contextmanager
def served(site: Path) -> Iterator[str]:
    """The site at an address of this machine, as workers don't run from files."""
    handler = functools.partial(_Silent, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of each file."""


def main(site: Path) -> int:
    """Print what is found; returns how many words are not."""
    all_searches = searched(site, words_of_messages(ROOT / "pidtools"))
    missed = [each for each in all_searches if each.rank is None]
    first = sum(each.rank is not None and each.rank <= 10 for each in all_searches)
    print(f"{len(all_searches) - len(missed)} of {len(all_searches)} words find a page that")
    print(f"explains them, {first} among the first ten")
    for each in missed:
        print(f"not found: {each.word}  ({', '.join(sorted(each.pages))})")
    return len(missed)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])) > 0)
