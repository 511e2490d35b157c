"""All benchmarks by one command: its steps fit their scripts, resume, and list what is absent."""

from __future__ import annotations

import functools
import importlib
import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks import accuracy_gaussian, accuracy_mi, speed_broja, speed_gaussian, speed_knn
from benchmarks.tools import anew, index, peers, steps
from benchmarks.tools.options import Options
from benchmarks.tools.store import VARIABLE, Job, Store
from benchmarks.tools.written import heading, mark_of

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
RESULTS = BENCHMARKS / "results"


@functools.cache
def committed() -> list[index.Result]:
    """All that is in the folder of results."""
    return index.results(RESULTS)


class ParsedError(Exception):
    """The command line was taken."""


@pytest.mark.parametrize(
    ("size", "step"),
    [(size, step) for step in steps.STEPS for size in step.arguments],
    ids=lambda each: each if isinstance(each, str) else each.name,
)
def test_scripts_take_the_arguments_of_steps(
    size: str, step: steps.Step, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def parse(parser: Options) -> None:
        super(Options, parser).parse_args()
        raise ParsedError

    monkeypatch.setattr(Options, "parse_args", parse)
    arguments = steps.Record(tmp_path, size).arguments(step)
    monkeypatch.setattr(sys, "argv", [step.script, *arguments.split()])
    with pytest.raises(ParsedError):
        importlib.import_module(f"benchmarks.{step.script}").main()


def test_the_committed_results_are_those_of_the_full_steps() -> None:
    record = steps.Record(RESULTS, "full")
    for step in steps.chosen("full"):
        kind = "jsonl" if step.stored else "json"
        assert all((RESULTS / f"{name}.{kind}").exists() for name in step.results), step.name
        assert step.stored or record.finished(step), step.name


def test_steps_have_names_of_their_own_and_share_no_results_when_side_by_side() -> None:
    names = [step.name for step in steps.STEPS]
    assert len(set(names)) == len(names)
    assert {step.group for step in steps.STEPS} == set(steps.GROUPS)
    assert {step.group for step in steps.chosen("quick")} == set(steps.GROUPS)
    writers: dict[str, set[str]] = {}
    for step in steps.STEPS:
        for name in step.results:
            writers.setdefault(name, set()).add(step.script)
    assert all(len(scripts) == 1 for scripts in writers.values())


def test_some_of_the_steps() -> None:
    assert [step.name for step in steps.chosen("quick", ["accuracy_mi"])] == ["accuracy_mi"]
    found = {step.group for step in steps.chosen("full", ["peers", "coverage_pid"])}
    assert found == {"peers", "coverage"}


Process = Callable[..., SimpleNamespace]


def scripts_that(write: Callable[[str, Path], int]) -> tuple[list[list[str]], Process]:
    """What is called, and a stand-in for processes that writes as a script would."""
    called: list[list[str]] = []

    def run(command: list[str], env: dict[str, str], **_: Any) -> SimpleNamespace:
        called.append(command[2:])
        return SimpleNamespace(returncode=write(command[2], Path(env[VARIABLE])))

    return called, run


def documents(script: str, folder: Path) -> int:
    """Write what `steps.STEPS` say that a script writes."""
    for step in steps.STEPS:
        if f"benchmarks.{step.script}" == script:
            for name in step.results:
                (folder / f"{name}.json").write_text("{}")
    return 0


def command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int | str | None:
    """Exit code of ``python -m benchmarks``."""
    monkeypatch.setattr(sys, "argv", ["benchmarks", *arguments])
    with pytest.raises(SystemExit) as stopped:
        runpy.run_module("benchmarks.__main__", run_name="__main__")
    return stopped.value.code


def test_what_is_finished_is_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called, process = scripts_that(documents)
    monkeypatch.setattr(subprocess, "run", process)
    chosen = steps.chosen("quick", ["accuracy_mi", "accuracy_knn_pid", "speed_gaussian"])
    assert steps.run(chosen, steps.Record(tmp_path, "quick")) == []
    assert len(called) == 4
    assert {words[0].removeprefix("benchmarks.") for words in called} == {
        *("accuracy_mi", "accuracy_knn_pid", "speed_gaussian")
    }
    assert steps.run(chosen, steps.Record(tmp_path, "quick")) == []
    assert len(called) == 4
    record = steps.Record(tmp_path, "quick")
    assert all(record.finished(step) for step in chosen)
    assert steps.listed(chosen, record).count("finished") == 4
    record.made["accuracy_mi"] = "--n 17"
    steps.run(chosen, record)
    assert len(called) == 5
    steps.forget(chosen, record)
    assert not list(tmp_path.glob("*_*.json"))
    assert steps.listed(chosen, record).count("to do") == 4


def test_parts_of_one_document_are_told_apart(tmp_path: Path) -> None:
    record = steps.Record(tmp_path, "quick")
    alone, beside = steps.chosen("quick", ["speed_broja"])
    (tmp_path / "speed_broja.json").write_text('{"parts": {"special": {}}}')
    assert record.finished(alone)
    assert not record.finished(beside)


def test_a_step_that_fails_is_named_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(script: str, folder: Path) -> int:
        documents(script, folder)
        return 1

    chosen = steps.chosen("quick", ["accuracy_mi", "speed_gaussian"])
    monkeypatch.setattr(subprocess, "run", scripts_that(fail)[1])
    record = steps.Record(tmp_path, "quick")
    assert steps.run(chosen, record) == chosen
    assert [file.name for file in tmp_path.glob("*.json")] == ["steps.json"]
    assert record.log(chosen[0]).exists()


def test_one_interrupt_stops_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called, process = scripts_that(lambda script, folder: -2)
    monkeypatch.setattr(subprocess, "run", process)
    assert command(monkeypatch, "--quick", "--jobs", "1", "--into", str(tmp_path)) == 130
    assert len(called) <= 2
    with pytest.raises(ValueError, match="holds quick results"):
        steps.Record(tmp_path, "full")


def test_tables_anew_of_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called, process = scripts_that(lambda script, folder: 0)
    monkeypatch.setattr(subprocess, "run", process)
    (tmp_path / "accuracy_gaussian_bias.jsonl").write_text("")
    (tmp_path / "reliability_broja.json").write_text("{}")
    record = steps.Record(tmp_path, "quick")
    assert steps.run(steps.chosen("quick"), record, only_table=True) == []
    assert called == [
        ["benchmarks.accuracy_gaussian", "bias", "--table"],
        ["benchmarks.reliability_broja", "--table"],
    ]


def test_the_command_lists_its_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(monkeypatch, "--quick", "--list", "--into", str(tmp_path)) == 0
    said = capsys.readouterr().out
    assert len(said.splitlines()) == len(steps.chosen("quick"))
    assert "accuracy  to do     accuracy_mi --n 500" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "one of the arguments --quick --full is required"),
        (("--quick", "--full"), "not allowed with"),
        (("--quick", "--only", "accuracies"), "invalid choice: 'accuracies'"),
        (("--quick", "--jobs", "0"), "--jobs must be at least 1, got 0"),
        (("--full", "--again", "--into", str(RESULTS)), "would lose the committed results"),
        (("--full", "--into", "{folder}"), "holds quick results: give --into another folder"),
        (("--full", "--into", "{folder}/steps.json"), "must name a folder"),
        (("--full", "--into", "{folder}/torn"), "is no JSON"),
    ],
)
def test_what_the_command_refuses(
    arguments: tuple[str, ...],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "steps.json").write_text('{"size": "quick", "steps": {}}')
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "steps.json").write_text('{"size": "qu')
    given = [each.format(folder=tmp_path) for each in arguments]
    assert command(monkeypatch, *given) == 2
    assert message in capsys.readouterr().err


def test_absent_libraries_are_listed_with_how_to_have_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "is_here", lambda name: name in ("dit", "cvxpy"))
    here, _, *absent = peers.lines()
    assert here == "Beside: dit, cvxpy"
    assert len(absent) == len(peers.PEERS) - 2
    assert "  gpid: set PIDTOOLS_GPID to the src folder of praveenv253/gpid" in absent


def test_a_library_in_a_folder_is_found_by_its_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "npeet", raising=False)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "npeet").mkdir()
    (tmp_path / "npeet" / "__init__.py").write_text("")
    monkeypatch.setenv("PIDTOOLS_NPEET", str(tmp_path))
    assert peers.is_here("NPEET")


def test_absent_libraries_stand_in_the_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row,) = speed_knn.compare("any", lambda: None, {"NPEET mi": None})
    assert (row["peer"], row["its"]) == ("NPEET mi", "absent")
    monkeypatch.setattr(speed_gaussian, "gpid", lambda: None)
    monkeypatch.setattr(speed_gaussian, "REPEATS", 1)
    assert speed_gaussian.by_dims([2])[0]["gpid"] == "absent"
    assert speed_gaussian.agreement([2]) == [{"d": 2, "gpid's value": "absent"}]
    ours = {"seconds": 1.0, "atoms": [0.0, 0.0, 0.0, 1.0, 0.0]}
    found = speed_broja.peer_table({"2x2x2": {"ours": ours, "dit auto": {"failed": peers.ABSENT}}})
    assert "| absent |" in found
    monkeypatch.setattr("benchmarks.tools.written.RESULTS", tmp_path)
    monkeypatch.setattr("benchmarks.tools.store.RESULTS", tmp_path)
    bias = {way: [0.1] * 4 for way in ("ours", "plug-in")}
    accuracy_gaussian.write_bias([{"system": "a", "d": 4, "n": 50, "bias": bias}])
    assert "| all |  |  | absent | absent |" in (tmp_path / "accuracy_gaussian_bias.md").read_text()
    monkeypatch.setattr(accuracy_mi, "continuous", lambda *_: iter(()))
    monkeypatch.setattr(accuracy_mi, "labelled", lambda *_: iter(()))
    monkeypatch.setattr(peers, "is_here", lambda name: name != "NPEET")
    accuracy_mi.measure(10, 1, 1)
    rows = json.loads((tmp_path / "accuracy_mi.json").read_text())["rows"]
    assert rows == [{"estimator": "NPEET", "mean absolute error, nats": "absent"}]


def test_what_a_full_run_takes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(monkeypatch, "--full", "--only", "coverage_pid", "--list") == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert "CPU seconds of the committed results" in first
    assert len(lines) == 3
    assert re.match(r"coverage  resumes +\d+,?\d{3} coverage_pid --problems", lines[0])
    assert all("  above coverage_pid" in line for line in lines[1:])


def test_a_result_that_shows_the_data_of_others(tmp_path: Path) -> None:
    for name, day in (("runs", "2026-02-01"), ("prediction", "2026-02-02")):
        lines = [{"about": {"date": day, "versions": {"numpy": "2.1"}}}, {"cpu_seconds": 1.5}]
        text = "\n".join(map(json.dumps, [*lines, {"cpu_seconds": 2}]))
        (tmp_path / f"distillation_digits_quick_{name}.jsonl").write_text(text)
    (tmp_path / "distillation_digits_quick.md").write_text("")
    (tmp_path / "distillation_digits_quick_gains.png").write_text("")
    both, gains, _, runs = index.results(tmp_path)
    assert (both.dates, both.versions) == (["2026-02-01", "2026-02-02"], {"numpy": ["2.1"]})
    assert (gains.dates, gains.made_from) == (["2026-02-01"], (runs.name,))
    assert (runs.cpu_seconds, gains.cpu_seconds) == (3.5, None)
    assert f", from {runs.name} | `distillation --table` | 2026-02-01 |" in index.page(tmp_path)


def test_results_that_are_older_than_notes_of_dates(tmp_path: Path) -> None:
    document = {"committed": "2026-02-03", "rows": [{"cpu_seconds": 1.0}, {"cpu_seconds": 2.5}]}
    (tmp_path / "cost_probe.json").write_text(json.dumps(document))
    (tmp_path / "coverage_pid.jsonl").write_text('{"about": {"committed": "2026-02-04"}}\n{}\n')
    cost, rows = index.results(tmp_path)
    assert (cost.dates, cost.cpu_seconds) == (["committed 2026-02-03"], 3.5)
    assert (rows.dates, rows.cpu_seconds) == (["committed 2026-02-04"], None)
    assert "| committed 2026-02-04 |  | not noted |" in index.page(tmp_path)
    assert heading("Cost", document) == "# Cost\n\ncommitted: 2026-02-03.\nVersions: not noted."


def test_the_page_of_a_folder(tmp_path: Path) -> None:
    about = {"date": "2026-01-02", "machine": {"python": "3.12.1"}, "versions": {"numpy": "2.1"}}
    rows = [{"what": "x", "peer": "NPEET mi", "its": "absent"}, {"peer": "ennemi", "its": 1.0}]
    (tmp_path / "speed_knn_ksg.json").write_text(json.dumps(about | {"rows": rows}))
    (tmp_path / "speed_knn_ksg.md").write_text("")
    lines = [{"system": "old"}, {"about": about}, {"bias": {"gpid": [0.1]}}]
    text = "\n".join(map(json.dumps, lines))
    (tmp_path / "accuracy_gaussian_bias.jsonl").write_text(text)
    found = index.page(tmp_path)
    assert (
        "| speed_knn_ksg ([json](speed_knn_ksg.json), [md](speed_knn_ksg.md)) "
        "| `speed_knn --only ross ksg` | 2026-01-02 |  | python 3.12.1, numpy 2.1 |"
    ) in found
    assert "| `accuracy_gaussian bias` | 2026-01-02, not noted |  | python 3.12.1" in found
    assert "| NPEET | absent | set PIDTOOLS_NPEET" in found
    assert "| ennemi | speed_knn_ksg |" in found
    assert "| gpid | accuracy_gaussian_bias |" in found
    (tmp_path / "steps.json").write_text('{"size": "quick", "steps": {}}')
    assert "| `speed_knn --quick --only ross ksg` | 2026-01-02 |" in index.page(tmp_path)


def test_every_committed_result_has_a_script() -> None:
    assert [each.name for each in committed() if not each.script] == []
    assert index.script_of("speed_knn_ross") == "speed_knn"
    assert index.script_of("distillation_runs") == "distillation"


def test_every_committed_result_has_data_and_a_day() -> None:
    found = {each.name: each for each in committed()}
    for name, each in found.items():
        sources = [each.name] if anew.has_data(each) else each.made_from
        assert sources, name
        assert all(anew.has_data(found[source]) for source in sources), name
        assert each.dates, name
        assert index.UNKNOWN not in each.dates, name


def test_every_script_writes_its_tables_anew() -> None:
    """But the one whose file belongs to a machine."""
    scripts = [file for file in BENCHMARKS.glob("*.py") if "__main__" in file.read_text()]
    without = [file.stem for file in scripts if "options.only_table()" not in file.read_text()]
    assert without == ["stored_calls"]


@pytest.mark.slow
def test_tables_are_those_of_the_results(tmp_path: Path) -> None:
    """Else run ``python -m benchmarks.tools.anew``."""
    for file in [*RESULTS.glob("*.json*"), *RESULTS.glob("*.png")]:
        shutil.copy(file, tmp_path)
    subprocess.run(
        [sys.executable, "-m", "benchmarks.tools.anew"],
        check=True,
        capture_output=True,
        cwd=BENCHMARKS.parent,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), VARIABLE: str(tmp_path)},
    )
    pages = sorted(file.name for file in RESULTS.glob("*.md"))
    assert sorted(file.name for file in tmp_path.glob("*.md")) == pages
    behind = [
        name for name in pages if (tmp_path / name).read_text() != (RESULTS / name).read_text()
    ]
    assert behind == []


@pytest.mark.slow
def test_what_stands_beside_a_result_measures_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scripts that resume find nothing to do."""

    def fill(store: Store, jobs: Iterable[Job]) -> None:
        finished = store.finished()
        left = [key for key, _ in jobs if tuple(key[name] for name in store.key) not in finished]
        assert left == []
        raise ParsedError

    monkeypatch.setattr(Store, "fill", fill)
    # Mutants are of the code as it is now, which goes on.
    other = ("accuracy_many_classes", "distillation", "mutation", "out_of_core")
    for each in committed():
        if each.name in index.STOPPED or each.script in other:
            continue
        if any(file.suffix == ".jsonl" for file in each.files):
            for typed in index.commands(each, "full"):
                monkeypatch.setattr(sys, "argv", shlex.split(typed))
                with pytest.raises(ParsedError):
                    importlib.import_module(f"benchmarks.{each.script}").main()


@pytest.mark.parametrize("name", sorted(file.stem for file in RESULTS.glob("*.png")))
def test_figures_are_those_of_the_results(name: str) -> None:
    """Else run the script that bears the name with ``--table``."""
    image = importlib.import_module("PIL.Image")
    with image.open(RESULTS / f"{name}.png") as picture:
        data, mark = picture.info["Source"].split()
        assert np.asarray(picture).std() > 0
    assert mark == mark_of(RESULTS / data)


@pytest.mark.slow
def test_a_small_run_from_the_command_to_the_page(tmp_path: Path) -> None:
    arguments = ["--quick", "--only", "reliability_broja", "coverage_traces"]

    def run() -> str:
        return subprocess.run(
            [sys.executable, "-m", "benchmarks", *arguments, "--into", str(tmp_path / "new")],
            capture_output=True,
            text=True,
            check=True,
            cwd=BENCHMARKS.parent,
        ).stdout

    said = run()
    assert "coverage_traces: done" in said
    page = (tmp_path / "new" / "README.md").read_text()
    assert all(f"| {name} (" in page for name in ("coverage_traces", "reliability_broja"))
    document = json.loads((tmp_path / "new" / "reliability_broja.json").read_text())
    assert {"date", "machine", "seed", "versions", "wide_public"} <= set(document)
    assert document["n_problems"] == 1000
    rows = (tmp_path / "new" / "coverage_traces.jsonl").read_text()
    assert "reliability_broja: finished" in run()
    assert (tmp_path / "new" / "coverage_traces.jsonl").read_text() == rows
