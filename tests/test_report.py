"""Pages and what notebooks show: numbers, words, structure, and what a browser makes of them."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
import shutil
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import pidtools as pt
from pidtools import cli
from pidtools._page import charts, html, sections, text

# Few rows and resamples make for warnings that other tests are about.
pytestmark = pytest.mark.filterwarnings("ignore::pidtools.PIDWarning")

Y = np.arange(600) % 4
RNG = np.random.default_rng(0)
HOSTILE = "<script>alert('x')</script> \"&amp; $x$ שכבה \u202e \x1b[0m \udcff"
EMPTY = {"meta", "link", "img", "br"}
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def mixed(share: float) -> Any:
    """Y, but for rows that are drawn anew."""
    return np.where(RNG.random(len(Y)) < share, Y, RNG.integers(0, 4, len(Y)))


@pytest.fixture(scope="session")  # in any order of tests they are made once
def found() -> dict[str, Any]:
    """A result of each kind."""
    left = {"first": mixed(0.5), HOSTILE: mixed(0.9), "broken": np.full((600, 2), np.nan)}
    right = {"h1": mixed(0.2), "h2": mixed(0.6)}
    steps = [mixed(0.2 * k) for k in range(5)]
    few: dict[str, Any] = {"confidence_level": 0.95, "n_resamples": 20}
    knowledge = pt.distillable_knowledge(Y, np.minimum(Y, 2), Y, synergy=False, **few)
    return {
        "knowledge": knowledge,
        "without intervals": pt.distillable_knowledge(Y, Y // 2, Y),
        "continuous": pt.distillable_knowledge(
            RNG.standard_normal(300), RNG.standard_normal(300), RNG.standard_normal(300)
        ),
        "comparison": pt.compare_students(Y, np.minimum(Y, 2), Y // 2, Y, **few),
        "map": pt.distillation_map(left, right, Y, **few),
        "plain map": pt.distillation_map({"a": Y}, {"b": Y // 2}, Y),
        "ranking": pt.rank_teachers(
            {"a": Y, HOSTILE: Y % 2, "b": mixed(0.0)}, Y // 2, Y, n_resamples=20
        ),
        "trace": pt.distillation_trace(
            Y, steps, Y, baseline=steps[::-1], confidence_level=0.95, n_resamples=50
        ),
        "one step": pt.distillation_trace(Y, [Y // 2], Y),
        "test": pt.independence_test(Y, Y // 2, n_permutations=20),
        "classes": knowledge.by_class(),
        "pairs": knowledge.by_pair(),
        "decomposition": knowledge.pid,
        "batch": pt.broja_batch(np.full((30, 2, 2, 2), 1 / 8)),
    }


class Parsed(HTMLParser):
    """Elements that are closed as they were opened, and what is to be known of them."""

    def __init__(self, written: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.tables: list[list[list[str]]] = []
        self.scripts: list[str] = []
        self.shown: list[str] = []
        self.feed(written)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        elif tag == "script":
            self.scripts.append("")
        elif tag == "br" and self.open[-1] in ("td", "th"):
            self.tables[-1][-1][-1] += "\n"

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self.open):
            self.tables[-1][-1][-1] += data
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data
        elif "style" not in self.open:
            self.shown.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]

    @property
    def charts(self) -> list[Any]:
        kinds = [own.get("type") for own in self.of("script")]
        both = zip(kinds, self.scripts, strict=True)
        return [json.loads(content) for kind, content in both if kind == "application/json"]


@pytest.fixture(scope="session")
def pages(found: dict[str, Any]) -> dict[str, str]:
    """A page of each kind, as a stand-in has it for the plotting library."""
    pytest.importorskip("plotly")
    return {name: pt.report(result, call=f"{HOSTILE}()") for name, result in found.items()}


def without_library(page: str) -> Parsed:
    """The page but for the code of the plotting library, which is long."""
    return Parsed(re.sub(r"<script>/\*\*.*?</script>", "<script></script>", page, flags=re.DOTALL))


KINDS = (
    "knowledge",
    "without intervals",
    "continuous",
    "comparison",
    "map",
    "plain map",
    "ranking",
    "trace",
    "one step",
    "test",
    "classes",
    "pairs",
    "decomposition",
    "batch",
)


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_needs_nothing_beside_itself(pages: dict[str, str], kind: str) -> None:
    page = without_library(pages[kind])
    addresses = [
        value or ""
        for _, attributes in page.found
        for name, value in attributes.items()
        if name in ("src", "href", "srcset", "action", "data", "poster")
    ]
    assert all(address.startswith(("data:", "#")) for address in addresses)
    assert "url(" not in pages[kind].split("</style>")[0]
    policy = next(own["content"] for own in page.of("meta") if own.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_can_be_read_by_all(pages: dict[str, str], kind: str) -> None:
    page = without_library(pages[kind])
    assert page.of("html")[0]["lang"] == "en"
    levels = [int(tag[1]) for tag, _ in page.found if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    assert all(own.get("alt") for own in page.of("img"))
    assert all(own.get("scope") for own in page.of("th"))
    assert len(page.of("caption")) == len(page.of("table"))
    ids = [own["id"] for _, own in page.found if "id" in own]
    assert len(ids) == len(set(ids))
    assert len(page.of("img")) == len(page.charts) == len(page.of("figure"))


@pytest.mark.parametrize("kind", KINDS)
def test_names_and_calls_stay_text(pages: dict[str, str], found: dict[str, Any], kind: str) -> None:
    fragment = found[kind]._repr_html_()
    for written in (pages[kind], fragment):
        assert "<script>alert" not in written
        written.encode("utf-8")
        assert "\x1b" not in written
    assert "alert('x')" in "".join(without_library(pages[kind]).shown)  # as part of the call


@pytest.mark.parametrize("kind", KINDS)
def test_notebooks_show_the_same_words_without_scripts(found: dict[str, Any], kind: str) -> None:
    fragment = Parsed(found[kind]._repr_html_())
    assert fragment.scripts == []
    assert not fragment.of("img")
    own = sections.section(found[kind], whole=False)
    shown = "".join(fragment.shown)
    for sentence in (*own.said, *own.warnings, *own.notes, *own.details):
        assert text.clean(sentence) in shown


@pytest.mark.parametrize("kind", KINDS)
def test_charts_are_what_plotly_takes(pages: dict[str, str], kind: str) -> None:
    graphs = pytest.importorskip("plotly.graph_objects")
    for chart in without_library(pages[kind]).charts:
        graphs.Figure(data=chart["data"], layout=chart["layout"])  # refuses what it does not know


def test_the_numbers_are_those_of_the_result(pages: dict[str, str], found: dict[str, Any]) -> None:
    r = found["knowledge"]
    page = without_library(pages["knowledge"])
    numbers = {row[0].split(",")[0]: row[1:] for row in page.tables[0][1:]}
    for name, title in (("distillable", "distillable"), ("teacher_information", "teacher knows")):
        interval = r.intervals[name]
        ends = f"{interval.low:.4f} to {interval.high:.4f}"
        assert numbers[title] == [text.number(getattr(r, name)), ends]
    bars = page.charts[0]["data"][0]
    k = next(k for k, said in enumerate(bars["hovertext"]) if said.startswith("distillable"))
    assert bars["x"][k] == r.distillable
    low = max(r.distillable - r.intervals["distillable"].low, 0.0)
    assert bars["error_x"]["arrayminus"][k] == low
    assert text.ends(r.intervals["distillable"]) in bars["hovertext"][k]
    rows = {row[0]: row for row in page.tables[1][1:]}
    for own in r.by_class():
        assert rows[str(own.label)][2] == f"{own.distillable:.4f}"
    top = page.tables[-1][1:]
    scores = r.scores()
    assert [row[0] for row in top[:2]] == ["2", "3"]
    assert all(row[1] == str(Y[int(row[0])]) for row in top)
    assert all(row[2] == f"{scores[int(row[0])]:.4f}" for row in top)


def test_the_map_has_every_pair(pages: dict[str, str], found: dict[str, Any]) -> None:
    m, page = found["map"], without_library(pages["map"])
    cells = [row[1:] for row in page.tables[0][1:]]
    for k, row in enumerate(m):
        cell = cells[k // 2][k % 2]
        if row.distillable is None:
            assert cell == "no answer"
            continue
        interval = row.intervals["distillable"]
        assert cell.split("\n") == [f"{row.distillable:.4f}", text.ends(interval, ".3f")]
    heat = page.charts[0]["data"][0]
    values = np.array([[np.nan if z is None else z for z in line] for line in heat["z"]])
    np.testing.assert_array_equal(values, m.matrix())
    assert "broken" in "".join(page.shown)
    assert "&lt;script&gt;" in heat["hovertext"][1][0]


def test_the_trace_has_every_step(pages: dict[str, str], found: dict[str, Any]) -> None:
    trace, page = found["trace"], without_library(pages["trace"])
    rows = page.tables[0][1:]
    assert [row[1] for row in rows] == [text.number(row.distillable) for row in trace]
    assert [row[2] for row in rows] == [text.ends(row.bands["distillable"]) for row in trace]
    beyond = page.tables[1][1:]
    taken = [text.number(row.differences["distilled"], "+.4f") for row in trace]
    assert [row[3] for row in beyond] == taken


def test_words_follow_the_interval(found: dict[str, Any]) -> None:
    r = found["knowledge"]
    pid = dataclasses.replace(r.pid, unique_t=0.0, redundancy=1.0)
    nothing = {"distillable": pt.Interval(0.0, 0.2, 0.95)}
    assert (
        "can't be told from 0"
        in sections.section(dataclasses.replace(r, pid=pid, intervals=nothing), whole=False).said[0]
    )
    assert "0.50 bits are left to distil (" in sections.section(r, whole=False).said[0]
    plain = sections.section(found["without intervals"], whole=False)
    assert "no interval was asked for" in plain.said[0]
    c = found["comparison"]
    assert "Student b has more left" in sections.section(c, whole=False).said[0]
    alike = dataclasses.replace(c, intervals={"distillable": pt.Interval(-1.0, 0.2, 0.95)})
    assert "do not tell the two students apart" in sections.section(alike, whole=False).said[0]


@pytest.mark.slow
def test_several_results_under_their_names(found: dict[str, Any]) -> None:
    pytest.importorskip("plotly")
    page = without_library(pt.report({HOSTILE: found["knowledge"]}, found["trace"], title="<T>"))
    shown = "".join(page.shown)
    assert "<T>" in shown
    assert "Over the training" in shown
    assert [own["href"] for own in page.of("a")] == ["#part-0", "#part-1"]


def test_what_is_no_result_is_refused(found: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="needs a result"):
        pt.report()
    with pytest.raises(TypeError, match="got dict"):
        pt.report({"a": {}})
    with pytest.raises(TypeError, match="got list"):
        pt.report([found["knowledge"]])
    with pytest.raises(TypeError, match="title must be a str; got int"):
        pt.report(found["knowledge"], title=3)  # type: ignore[call-overload]


def test_a_page_to_a_file(found: dict[str, Any], tmp_path: Path) -> None:
    pytest.importorskip("plotly")
    path = pt.report(found["decomposition"], path=tmp_path / "page.html")
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    with pytest.raises(ValueError, match="is a folder"):
        pt.report(found["decomposition"], path=tmp_path)
    for name in ("-", ""):
        with pytest.raises(ValueError, match=rf"path is '{name}'; give the name of a file"):
            pt.report(found["decomposition"], path=name)
    for no_path in (5, b"page.html"):
        with pytest.raises(TypeError, match="path must be a str or a path"):
            pt.report(found["decomposition"], path=no_path)  # type: ignore[call-overload]


def test_without_plotly_the_extra_is_named(
    found: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from pidtools._page import page

    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    page.scripts.cache_clear()
    with pytest.raises(ImportError, match=r"pip install 'pidtools\[report\]'"):
        pt.report(found["decomposition"])


def test_the_weight_shows_itself() -> None:
    shown = Parsed(pt.distillation_weight(Y, Y // 2, Y, n_resamples=20)._repr_html_())
    assert "(weight 0.4" in "".join(shown.shown)


@pytest.mark.slow
def test_the_weight_is_a_section_of_a_page() -> None:
    weight = pt.distillation_weight(Y, Y // 2, Y, n_resamples=20)
    shown = "".join(without_library(pt.report(weight, {"gate": weight})).shown)
    assert "Weight of distillation" in shown
    assert "gate" in shown
    assert shown.count("(weight 0.4") == 2


def test_numbers_and_names_as_text() -> None:
    assert text.number(-0.00001) == "0.0000"
    assert text.number(-0.01, "+.3f") == "-0.010"
    assert text.number(None) == "not asked"
    assert text.names("abc") == "a, b and c"
    assert text.names("a") == "a"
    assert text.names("abcdefgh").endswith("f and 2 more")
    assert len(text.short("x" * 500)) == text.SHORT
    assert text.name("שכבה")[0] == "\N{FIRST STRONG ISOLATE}"
    assert charts.escaped("<b>$x$") == "&lt;b&gt;&#36;x&#36;"
    assert html.as_json("</script>") == '"\\u003c/script>"'


def test_hatching_stays_in_its_cell() -> None:
    values = np.array([[0.0, 2.0], [np.nan, 1.0]])
    chart = charts.heat_map(
        values, "ab", "cd", [["", ""], ["", ""]], labels=("", ""), unit="", hatched=[(0, 1)],
        crossed=[(1, 0)],
    )  # fmt: skip
    _, hatch, cross = chart["data"]
    for strokes, (y, x) in ((hatch, (0, 1)), (cross, (1, 0))):
        assert all(abs(own - x) <= 0.5 for own in strokes["x"] if own is not None)
        assert all(abs(own - y) <= 0.5 for own in strokes["y"] if own is not None)


# --- the command line -----------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, own in (("T", Y), ("S", Y // 2), ("Y", Y), ("S-1", Y * 0), ("S-2", Y // 2)):
        np.save(f"{name}.npy", own)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ("measure", "T.npy", "S.npy", "Y.npy"),
        ("compare", "T.npy", "S.npy", "T.npy", "Y.npy", "--n-resamples", "20"),
        ("where", "T.npy", "S.npy", "Y.npy"),
        ("map", "Y.npy", "--teacher", "T.npy", "--student", "S.npy"),
        ("rank", "S.npy", "Y.npy", "--teacher", "T.npy"),
        ("trace", "T.npy", "Y.npy", "S-*.npy"),
    ],
)
def test_commands_write_pages(folder: Path, command: tuple[str, ...]) -> None:
    pytest.importorskip("plotly")
    done = CliRunner().invoke(cli.app, [*command, "--report", "my page.html"])
    assert done.exit_code == 0, done.output
    shown = "".join(without_library(Path("my page.html").read_text(encoding="utf-8")).shown)
    typed = " ".join(f"'{part}'" if "*" in part else part for part in command)
    assert f"pidtools {typed} --report 'my page.html'" in shown


@pytest.mark.parametrize(("place", "code"), [(".", 1), ("no/page.html", 1), ("-", 2)])
def test_a_bad_place_is_found_before_the_work(
    folder: Path, place: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pt, "distillable_knowledge", None)  # not reached
    done = CliRunner().invoke(
        cli.app, ["measure", "T.npy", "S.npy", "Y.npy", "--report", place], env={"COLUMNS": "200"}
    )
    assert (done.exit_code, place in done.stderr) == (code, True)


# --- in a browser ---------------------------------------------------------------------------

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no chromium is installed")
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


def opened(browser: Any, page: str, folder: Path, width: int = 1000, **options: Any) -> Any:
    """The page in a window of its own, and what it complained of or asked for."""
    path = folder / "page.html"
    path.write_text(page, encoding="utf-8")
    window = browser.new_context(viewport={"width": width, "height": 800}, **options).new_page()
    window.complaints = []
    window.on("console", lambda said: window.complaints.append(said.text))
    window.on("pageerror", lambda error: window.complaints.append(str(error)))
    window.on(
        "request",
        lambda asked: (
            None
            if asked.url.startswith(("file:", "data:"))
            else window.complaints.append(asked.url)
        ),
    )
    window.goto(path.as_uri())
    return window


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [1000, 360])
def test_figures_are_drawn_and_nothing_complains(
    browser: Any, pages: dict[str, str], tmp_path: Path, kind: str, width: int
) -> None:
    window = opened(browser, pages[kind], tmp_path, width)
    n = window.locator("figure").count()
    if n:
        window.wait_for_selector(".live .main-svg")
    assert window.locator("figure.drawn").count() == n
    assert window.locator("img.still:visible").count() == 0
    assert window.evaluate("document.documentElement.scrollWidth") <= width
    assert window.complaints == []


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "shown"), [("map", ".heatmaplayer"), ("knowledge", ".points")])
def test_a_pointer_and_the_keys_show_intervals(
    browser: Any,
    pages: dict[str, str],
    found: dict[str, Any],
    tmp_path: Path,
    kind: str,
    shown: str,
) -> None:
    window = opened(browser, pages[kind], tmp_path)
    window.wait_for_selector(f".live {shown}")
    chart = without_library(pages[kind]).charts[0]["data"][0]
    first = chart["hovertext"][0][0] if kind == "map" else chart["hovertext"][0]
    interval = re.search(r"95.%: [\d.]+ to [\d.]+", first)
    assert interval
    box = window.locator(f"figure .live {shown}").first.bounding_box()
    window.mouse.move(box["x"] + 12, box["y"] + 8)
    window.wait_for_selector(".hoverlayer .hovertext")
    assert interval[0] in window.locator(".hoverlayer").first.text_content()
    window.mouse.move(0, 0)
    window.locator("figure .live").first.focus()
    window.keyboard.press("ArrowRight")
    assert interval[0] in window.locator(".point").first.text_content()


@pytest.mark.slow
def test_without_scripts_pictures_and_tables_remain(
    browser: Any, pages: dict[str, str], tmp_path: Path
) -> None:
    window = opened(browser, pages["map"], tmp_path, 360, java_script_enabled=False)
    picture = window.locator("img.still").first
    assert picture.is_visible()
    assert picture.bounding_box()["width"] <= 360
    assert window.locator("table").first.is_visible()
    assert window.locator(".live:visible").count() == 0


@pytest.mark.slow
def test_print_has_pictures_and_what_is_folded(
    browser: Any, pages: dict[str, str], tmp_path: Path
) -> None:
    window = opened(browser, pages["knowledge"], tmp_path)
    window.wait_for_selector(".live .main-svg")
    window.emulate_media(media="print")
    n = window.locator("figure").count()
    assert window.locator("img.still:visible").count() == n
    assert window.locator(".live:visible").count() == 0
    assert window.pdf().startswith(b"%PDF")


@pytest.mark.slow
def test_no_other_script_runs(browser: Any, pages: dict[str, str], tmp_path: Path) -> None:
    """What would find its way into the page is stopped by its policy."""
    added = pages["map"].replace("</main>", "<script>document.title='run'</script></main>")
    window = opened(browser, added, tmp_path)
    assert window.title() != "run"
