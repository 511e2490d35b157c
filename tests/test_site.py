"""The documentation as a site: what is generated is current, and nothing is left out."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pidtools as pt

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("**/*.md")))
PACKAGE = ROOT / "pidtools"
sys.path.append(str(DOCS / "tools"))
said: Any = importlib.import_module("said")
tables: Any = importlib.import_module("tables")


def test_tables_are_those_of_the_results() -> None:
    """Else run `python docs/tools/tables.py`."""
    assert list(tables.behind()) == []


def test_every_table_and_figure_of_the_generator_is_on_a_page() -> None:
    """And none begins a line, which Markdown would take for a block of HTML."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    shown = set(re.findall(r"<!-- table: (\w+) -->", text)) - {"NAME"}
    assert shown == set(tables.TABLES)
    shown = set(re.findall(r"<!-- figure: (\w+) -->", text)) - {"NAME"}
    assert shown == set(tables.figures())
    assert re.findall(r"^ *<!-- figure: \w+", text, re.MULTILINE) == []


def test_a_figure_within_a_sentence_follows_its_results(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "figures", lambda: {"held": "9 of 10"})
    assert tables.written("held <!-- figure: held -->8<!-- end --> times") == (
        "held <!-- figure: held -->9 of 10<!-- end --> times"
    )


def test_a_table_follows_its_results(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        {"family": "graded", "estimator": "probe", "n": n, "errors": [0.5, -0.25]}
        for n in (500, 2000, 8000)
    ]
    everything = [
        row | {"family": f, "estimator": e}
        for row in rows
        for f in ("graded", "general", "extreme")
        for e in ("probe", "kmeans")
    ]
    monkeypatch.setattr(tables, "rows_of", lambda name: everything)
    assert ".38\N{NO-BREAK SPACE}/\N{NO-BREAK SPACE}.50" in tables.probe_by_rows()


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0123, ".012"), (0.0996, ".10"), (0.5, ".50"), (1.5, "1.50"), (12.3, "12")],
)
def test_numbers_of_tables(value: float, text: str) -> None:
    assert tables.shown(value) == text


def refused() -> Iterator[Callable[[], Any]]:
    """Calls that raise, from many rooms."""
    y = np.arange(60) % 3
    X = np.random.default_rng(0).normal(size=(60, 3))
    yield lambda: pt.distillable_knowledge(X, X[:5], y)
    yield lambda: pt.distillable_knowledge(X * np.nan, X, y)
    yield lambda: pt.distillable_knowledge(X, X, y, units="bytes")  # type: ignore[arg-type]
    yield lambda: pt.distillable_knowledge(X, X, y, estimator="best")
    yield lambda: pt.distillable_knowledge(X, X, y, confidence_level=2.0)
    yield lambda: pt.distillable_knowledge(X, X, np.zeros(60, int))
    yield lambda: pt.distillable_knowledge(X[:, None, None], X, y)
    yield lambda: pt.distillable_knowledge(X, X, y, groups=np.zeros(60), confidence_level=0.9)
    yield lambda: pt.distillable_knowledge(X, X, X[:, 0], estimator="probe")
    yield lambda: pt.distillation_map({}, {"s": X}, y)
    yield lambda: pt.broja(np.ones((2, 2, 2)))
    yield lambda: pt.broja(np.full((2, 2), 0.25))
    yield lambda: pt.broja_from_pairs([[0.5, 0.5]], [[0.2, 0.8]])
    yield lambda: pt.gaussian_pid(np.eye(3), dims=(1, 1, 2))
    yield lambda: pt.gaussian_pid(-np.eye(3), dims=(1, 1, 1))
    yield lambda: pt.pool(X[:, :, None], "mean", layout="nchw")
    yield lambda: pt.activations.read("no/such/file.npy", "T")
    yield lambda: pt.problems.get("NAND-AND")
    yield lambda: pt.mutual_information(X, y, estimator=pt.KNN(n_neighbors=100))
    yield lambda: pt.Binning(n_bins=0)
    yield lambda: pt.rid.RIDSchedule(n_w=-1)
    yield lambda: pt.report(X)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(list(refused()))))
def test_the_words_of_an_error_are_on_the_page_of_messages(number: int) -> None:
    with pytest.raises((ValueError, TypeError)) as caught:
        list(refused())[number]()
    page = said.messages_page(PACKAGE)
    # Words of what was passed in, and its numbers, are not the library's.
    words = set(re.findall(r"[a-z]{4,}", str(caught.value).lower()))
    passed = {"bytes", "best", "such", "file", "nand", "float", "ndarray", "array"}
    assert {word for word in words - passed - _listed() if word not in page.lower()} == set()


def _listed() -> set[str]:
    """Names that errors fill in: problems, choices, arguments."""
    problems = (
        pt.problems.pmf_problems(),
        pt.problems.gaussian_problems(),
        pt.problems.sampled_problems(),
    )
    text = " ".join(problem.name for each in problems for problem in each)
    text += " auto symbols binning kmeans gaussian knn probe bits nats "
    return set(re.findall(r"[a-z]{4,}", (text + " ".join(said.arguments(PACKAGE))).lower()))


@pytest.mark.slow
def test_every_raised_text_of_the_source_is_on_the_page() -> None:
    """Each literal of four words within a raise, found without the reader that makes the page."""
    page = _plain(said.messages_page(PACKAGE))
    missing = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and node.exc is not None:
                missing += [
                    part.value
                    for part in ast.walk(node.exc)
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                    if len(part.value.split()) >= 4 and _plain(part.value) not in page
                ]
    assert missing == []


def _plain(text: str) -> str:
    return " ".join(text.replace("\\", "").split())


@pytest.mark.slow
def test_notes_are_listed_once() -> None:
    """Each warning and note stands in one list of the page, whether its room is named or not."""
    page = (DOCS / "when-wrong.md").read_text(encoding="utf-8")
    marks = [mark.split() for mark in re.findall(r"<!-- said: (.*?) -->", page)]
    named = {room for mark in marks for room in mark} - {"*"}
    listed = [line for mark in marks for line in said.listed(PACKAGE, mark, named).splitlines()]
    notes = {said.shown(each.text) for each in said.all_said(PACKAGE) if each.is_note}
    assert notes <= set(listed)
    assert len(notes) > 60
    rooms = {each.room for each in said.all_said(PACKAGE)}
    assert [
        name
        for name in named
        if not any(room == name or room.startswith(f"{name}.") for room in rooms)
    ] == []


def test_every_public_name_is_in_the_api() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in (DOCS / "api").glob("*.md"))
    listed = set(re.findall(r"^::: pidtools\.([\w.]+)$", text, re.MULTILINE))
    assert set(pt.__all__) <= listed
    for name in listed:
        thing: Any = pt
        for part in name.split("."):
            thing = (
                getattr(thing, part)
                if hasattr(thing, part)
                else importlib.import_module(f"pidtools.{name}")
            )
        assert inspect.getdoc(thing)


def test_every_page_is_in_the_navigation() -> None:
    listed = set(re.findall(r"([\w/-]+\.md)", (ROOT / "mkdocs.yml").read_text(encoding="utf-8")))
    made = {"index.md", "changes.md", "contributing.md", "messages.md", "api/command-line.md"}
    assert {page.relative_to(DOCS).as_posix() for page in DOCS.glob("**/*.md")} | made == listed


def test_links_lead_to_files_that_are_there() -> None:
    broken = []
    for page in PAGES:
        text = re.sub(r"```.*?```|`[^`\n]+`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for link in re.findall(r"\]\(([^)\s#]+)(?:#[\w-]+)?\)", text):
            made = page.parent == DOCS / "api" or page.parent == DOCS
            generated = made and Path(link).name in ("messages.md", "command-line.md")
            if "://" not in link and not generated and not (page.parent / link).exists():
                broken.append(f"{page.name}: {link}")
    assert broken == []


def indented(page: Path) -> list[str]:
    """Blocks of code by four spaces."""
    text = re.sub(
        r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
    )
    blocks = re.findall(r"\n\n((?:    .*\n(?:\n(?=    ))?)+)", text + "\n")
    return [re.sub("^    ", "", block, flags=re.MULTILINE) for block in blocks]


def test_commands_on_pages_have_the_options_that_are_there() -> None:
    import typer

    from pidtools.cli import app

    group: Any = typer.main.get_command(app)
    options = {
        name: {opt for param in command.params for opt in (*param.opts, *param.secondary_opts)}
        for name, command in group.commands.items()
    }
    n_commands = 0
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        lines = [line for block in indented(page) for line in block.splitlines()]
        lines += re.findall(r"`(pidtools [^`\n]+)`", text)
        for line in lines:
            if not line.startswith("pidtools ") or "COMMAND" in line or "..." in line:
                continue
            _, command, *rest = shlex.split(line)
            if command.startswith("-"):
                assert command in ("-h", "--help", "--install-completion", "--show-completion")
                continue
            n_commands += 1
            assert command in options, f"{page.name}: {line}"
            given = {word.split("=")[0] for word in rest if word.startswith("--")}
            assert given - options[command] - {"--help", "-h"} == set(), f"{page.name}: {line}"
    assert n_commands > 10


def small() -> dict[str, Any]:
    """Arrays by the names that sketches use."""
    y = np.arange(400) % 4
    return {"pt": pt, "np": np, "Y": y, "T_held_out": y, "S_held_out": y // 2, "Y_held_out": y}


def sketches() -> Iterator[tuple[str, str]]:
    """Indented Python, which needs something that a page does not define."""
    for page in PAGES:
        for block in indented(page):
            try:
                nodes = list(ast.walk(ast.parse(block)))
            except SyntaxError:
                continue
            if any(isinstance(node, ast.Call | ast.Import | ast.ImportFrom) for node in nodes):
                yield page.name, block


# How a sketch is run here; those of recipes are in `test_recipes`, with their frameworks.
RUN = {"rid.md": "plain", "cluster.md": "cluster", "recipes.md": "elsewhere"}


def test_every_sketch_is_run() -> None:
    assert {page for page, _ in sketches()} == set(RUN)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pidtools.PIDWarning")
@pytest.mark.parametrize("block", [b for page, b in sketches() if RUN.get(page) == "plain"])
def test_sketches(block: str) -> None:
    names = small()
    exec(compile(block, "sketch", "exec"), names)
    assert 0 < names["gate"] <= 1


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("block", [b for page, b in sketches() if RUN.get(page) == "cluster"])
def test_sketches_of_clusters(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = small()
    y = names["Y"]
    np.save("t.npy", y)
    names |= {"teacher_paths": {"t": tmp_path / "t.npy"}, "student_paths": {"s": y // 2}}
    if "ray" in block:
        pytest.importorskip("ray")
        names["parallel_config"] = importlib.import_module("joblib").parallel_config
        exec(compile(block, "sketch", "exec"), names)
    else:
        distributed = pytest.importorskip("distributed")
        with distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, dashboard_address=None
        ) as cluster:
            address = cluster.scheduler_address
            exec(compile(block.replace("tcp://scheduler:8786", address), "sketch", "exec"), names)
            names["client"].close()
    assert names["m"]["t", "s"].distillable == pytest.approx(1.0, abs=1e-6)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pidtools.PIDWarning")
@pytest.mark.parametrize("name", ["cells", "gap", "neighbours", "order", "padding", "target"])
def test_pictures_of_trouble_show_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each draws points, and the exact value where there is one."""
    monkeypatch.syspath_prepend(str(DOCS / "figures"))
    wrong: Any = importlib.import_module("wrong")
    axes = getattr(wrong, name)()
    assert axes.lines or axes.patches
    assert axes.get_legend() is not None
    importlib.import_module("matplotlib.pyplot").close(axes.figure)


def test_every_picture_is_there_and_shown() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    drawn = {path.name for path in (DOCS / "images").iterdir()}
    assert drawn == set(re.findall(r"images/([\w.]+)", text))


def test_formulas_become_mathml() -> None:
    pytest.importorskip("latex2mathml")
    mathematics: Any = importlib.import_module("mathematics")
    inline = mathematics.with_mathml('<p><span class="arithmatex">\\(a &lt; b\\)</span></p>')
    assert inline.startswith(
        '<p><math xmlns="http://www.w3.org/1998/Math/MathML" display="inline">'
    )
    assert "arithmatex" not in inline
    apart = mathematics.with_mathml('<div class="arithmatex">\\[\\sum_y q\\]</div>')
    assert 'display="block"' in apart


@pytest.mark.slow
def test_the_site_builds_strictly_and_loads_nothing(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs")
    pytest.importorskip("mkdocstrings")
    pytest.importorskip("latex2mathml")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "WARNING" not in done.stderr
    for page in tmp_path.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(
            r'<(?:script|img|iframe|link rel="stylesheet")[^>]+(?:src|href)="([^"]+)"', text
        )
        assert [each for each in loaded if "//" in each and not each.startswith("data:")] == []
        assert "arithmatex" not in text
    index = json.loads((tmp_path / "search" / "search_index.json").read_text(encoding="utf-8"))
    found = " ".join(
        part["text"] for part in index["docs"] if part["location"].startswith("messages")
    )
    for words in ("probabilities are at least 0", "divide by", "rows are paired by position"):
        assert words in found
