"""The scripts of `benchmarks/` start, know nothing of each other, and go on where they stopped."""

from __future__ import annotations

import ast
import json
import os
import runpy
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from benchmarks.tools.store import Row, Store
from benchmarks.tools.written import table, table_of

FOLDER = Path(__file__).parents[1] / "benchmarks"
SCRIPTS = sorted(
    file
    for file in FOLDER.glob("*.py")
    if file.name != "__main__.py" and "__main__" in file.read_text()
)


def run(*arguments: str, cwd: Path, results: Path) -> str:
    """What a new process prints; it finds the library where this one does."""
    path = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path, "PIDTOOLS_RESULTS": str(results)},
    )
    return done.stdout


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_every_script_says_what_it_does(
    script: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [script.name, "--help"])
    with pytest.raises(SystemExit) as stopped:
        runpy.run_path(str(script), run_name="__main__")
    assert stopped.value.code == 0
    assert script.name in capsys.readouterr().out
    assert f"`{script.stem}.py" in (FOLDER / "README.md").read_text()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_imports_tools_and_no_other_script(script: Path) -> None:
    found = [node for node in ast.walk(ast.parse(script.read_text())) if "names" in node._fields]
    modules = [node.module or "" for node in found if isinstance(node, ast.ImportFrom)]
    modules += [name.name for node in found if isinstance(node, ast.Import) for name in node.names]
    own = {file.stem for file in FOLDER.glob("*.py")} | {"tests"}
    for module in modules:
        first, *rest = module.split(".")
        assert first not in own - {"benchmarks"}
        assert first != "benchmarks" or rest[:1] == ["tools"]


@pytest.mark.parametrize("by", ["path", "name"])
def test_scripts_run_by_path_anywhere_and_by_name_at_the_top(by: str, tmp_path: Path) -> None:
    if by == "path":
        said = run(str(FOLDER / "stored_calls.py"), "--help", cwd=tmp_path, results=tmp_path)
    else:
        said = run("-m", "benchmarks.stored_calls", "-h", cwd=FOLDER.parent, results=tmp_path)
    assert "to the last bit" in said


@pytest.mark.slow
def test_a_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    script = str(FOLDER / "tests_of_knowledge.py")
    case = ("independence", "--cases", "symbols", "--draws")
    lines = []
    for draws in ("1", "2"):
        run(script, *case, draws, cwd=tmp_path, results=tmp_path)
        lines.append((tmp_path / "tests_of_knowledge.jsonl").read_text().splitlines())
    first, second = lines
    assert second[:2] == first
    assert [json.loads(line).get("seed", "about") for line in second] == ["about", 0, "about", 1]
    assert {"date", "machine", "seed", "versions"} == set(json.loads(first[0])["about"])
    assert "| symbols | 300 | 0.000 | 2 |" in (tmp_path / "tests_of_knowledge.md").read_text()


def test_a_store_runs_no_job_twice_whoever_ran_it(tmp_path: Path) -> None:
    ran: list[int] = []

    def job(number: int) -> Row:
        ran.append(number)
        return {"square": number**2}

    stores = [Store(tmp_path / "squares.jsonl", "number") for _ in range(2)]
    for store, upto in zip([*stores, stores[0]], (3, 5, 5), strict=True):
        store.fill(({"number": k}, partial(job, k)) for k in range(upto))
    assert ran == [0, 1, 2, 3, 4]
    assert [row["square"] for row in stores[0].rows()] == [0, 1, 4, 9, 16]


def test_a_job_that_two_processes_ran_counts_once(tmp_path: Path) -> None:
    file = tmp_path / "squares.jsonl"
    Store(file, "number").add([{"number": 1, "square": 1}, {"number": 2, "square": 4}])
    Store(file, "number").add([{"number": 2, "square": 4}, {"number": 3, "square": 9}])
    assert [row["number"] for row in Store(file, "number").rows()] == [1, 2, 3]


@pytest.mark.skipif(sys.platform == "win32", reason="nothing tells that a parent was killed")
def test_a_script_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    waits = (
        "from benchmarks.tools.options import Options; Options(None); import time; time.sleep(60)"
    )
    starts = (
        "import os, subprocess, sys; "
        f"child = subprocess.Popen([sys.executable, '-c', {waits!r}], "
        "env={**os.environ, 'PIDTOOLS_ENDS_WITH': str(os.getpid())}); "
        "print(child.pid, flush=True); child.wait()"
    )
    path = os.pathsep.join([str(FOLDER.parent), *filter(None, sys.path)])
    parent = subprocess.Popen(
        [sys.executable, "-c", starts], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert parent.stdout is not None
    parent.stdout.readline()
    parent.kill()
    parent.communicate(timeout=30)  # the child has this output too, until it ends


def test_tables() -> None:
    assert table(["a", "b"], [[1, 0.12345], ["x", None]]) == (
        "| a | b |\n|---|---|\n| 1 | 0.123 |\n| x |  |"
    )
    assert table_of([{"a": 1}, {"b": 2.0}]) == "| a | b |\n|---|---|\n| 1 |  |\n|  | 2 |"


def test_a_torn_line_counts_as_not_written(tmp_path: Path) -> None:
    def square(number: int) -> Row:
        return {"square": number * number}

    file = tmp_path / "squares.jsonl"
    jobs = [({"number": k}, partial(square, k)) for k in range(4)]
    Store(file, "number").fill(jobs)
    whole = file.read_bytes()
    file.write_bytes(whole[:-9])
    assert [row["number"] for row in Store(file, "number").rows()] == [0, 1, 2]
    Store(file, "number").fill(jobs)
    found = Store(file, "number").rows()
    assert [(row["number"], row["square"]) for row in found] == [(k, k * k) for k in range(4)]
