"""The command line as people use it: help, mistakes, names of any kind, narrow screens."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import pidtools as pt
from pidtools import cli, validation

ANSWER, REFUSED, USAGE, STOPPED = 0, 1, 2, 3
COMMANDS = ("demo", "measure", "compare", "where", "map", "rank", "trace", "validate")
Y = np.arange(120) % 4
FAST = ("--estimator", "kmeans")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in (("COLUMNS", "80"), ("NO_COLOR", "1"), ("TERM", "dumb")):
        monkeypatch.setenv(name, value)
    for name, array in (("T", Y), ("S", Y // 2), ("Y", Y), ("S-1", Y // 2)):
        np.save(f"{name}.npy", array)


def run(*arguments: object, **options: Any) -> Result:
    return CliRunner().invoke(cli.app, [str(a) for a in arguments], **options)


# --- mistakes -----------------------------------------------------------------------------------

MEASURE = ("measure", "T.npy", "S.npy", "Y.npy")
COMPARE = ("compare", "T.npy", "S.npy", "T.npy", "Y.npy")
WHERE = ("where", "T.npy", "S.npy", "Y.npy")
MAP = ("map", "Y.npy", "--teacher", "T.npy", "--student", "S.npy")
RANK = ("rank", "S.npy", "Y.npy", "--teacher", "T.npy")
TRACE = ("trace", "T.npy", "Y.npy", "S-*.npy")
EVERY = (MEASURE, COMPARE, WHERE, MAP, RANK, TRACE)

OF_EVERY: list[tuple[tuple[str, ...], int, str]] = [
    (("--units", "bit"), USAGE, "'bit' is not one of 'bits', 'nats'"),
    (("--estimator", "knm"), USAGE, "'knm' is not one of 'auto', 'symbols'"),
    (("--colour",), USAGE, "No such option: --colour"),
    (("--confidence-level", "2"), USAGE, "must lie between 0 and 1, such as 0.95; got 2"),
    (("--confidence-level", "0"), USAGE, "confidence_level must"),
    (("--confidence-level", "nan"), USAGE, "confidence_level must"),
    (("--confidence-level", "x"), USAGE, "it must be a number; got 'x'"),
    (("--n-resamples", "1"), USAGE, "n_resamples must be at least 10; got 1"),
    (("--n-resamples", "1.5"), USAGE, "it must be a whole number; got '1.5'"),
    (("--n-jobs", "0"), USAGE, "n_jobs must be a positive number"),
    (("--random-state", "-1"), USAGE, "random_state must be at least 0; got -1"),
    (("--layout", "abc"), USAGE, "'abc' is not one of nchw, nhwc, ntd"),
    (("--layout", "ntd"), USAGE, "--layout and --mask go with --pool"),
    (("--pool", "mean", "--mask", "Y.npy"), USAGE, "--mask is of tokens"),
    (("--json", "-", "--csv", "-"), USAGE, "can't both be standard output"),
    (("--json", "Y.npy"), USAGE, "which is read"),
    (("--json", "x", "--csv", "x"), USAGE, "--csv would write over what --json writes"),
    (("--report", "-"), USAGE, "--report needs a file"),
    (("--groups", "none.npy"), REFUSED, "groups: there is no file none.npy"),
    (("--groups", "."), REFUSED, "groups: . is a folder"),
    (("--json", "."), REFUSED, ". is a folder"),
    (("--json", "no/such/x.json"), REFUSED, "no/such/x.json can't be written"),
    (("--json", "T.npy/x.json"), REFUSED, "T.npy/x.json can't be written"),
]


@pytest.mark.parametrize("call", EVERY, ids=lambda call: call[0])
def test_a_mistake_has_its_code_in_every_command(call: tuple[str, ...]) -> None:
    before = sorted(Path().iterdir())
    for options, code, words in OF_EVERY:
        result = run(*call, *options)
        shown = " ".join(result.stderr.split())
        assert (result.exit_code, words in shown) == (code, True), (options, result.output)
        assert result.stdout == ""
        for internal in (
            "Value error",
            "Input should",
            "pydantic",
            "Traceback",
            "validation error",
        ):
            assert internal not in shown
    assert sorted(Path().iterdir()) == before


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        (("mesure",), USAGE, "No such command 'mesure'"),
        (("measure", "T.npy", "S.npy"), USAGE, "Missing argument 'Y'"),
        ((*MEASURE, "more"), USAGE, "unexpected extra argument"),
        ((*MEASURE, "--plot", "x.docx"), USAGE, "x.docx has no ending of a picture"),
        ((*COMPARE, "--plot", "x"), USAGE, "x has no ending of a picture"),
        ((*WHERE, "--scores", "-"), USAGE, "--scores needs a file"),
        ((*TRACE, "--margin", "-1"), USAGE, "margin must be a number above 0"),
        ((*MAP, "--teacher", "=S.npy"), USAGE, "has no name before the ="),
        (("measure", "a:b:/T", "no.npy", "no.npy"), REFUSED, "T: there is no file a:b:/T"),
        (("validate", "--json", "no/x.json"), REFUSED, "no/x.json can't be written"),
        (("demo", "--out", "T.npy"), REFUSED, "T.npy"),
    ],
)
def test_mistakes_of_one_command(call: tuple[str, ...], code: int, words: str) -> None:
    result = run(*call)
    assert (result.exit_code, words in " ".join(result.stderr.split())) == (code, True), (
        result.output
    )


# --- names --------------------------------------------------------------------------------------


def test_names_are_shown_as_they_are() -> None:
    """What looks like the name of an emoji, or like markup, is neither."""
    folder = Path("run:fire:[red]x[b]")
    folder.mkdir()
    np.save(folder / "T.npy", Y)
    gone = f"{folder}/none:smile:.npy"
    assert gone in run("measure", gone, "S.npy", "Y.npy").stderr
    assert f"{folder} is a folder" in run(*MEASURE, "--json", folder).stderr
    assert f"{folder}/x.docx" in run(*MEASURE, "--plot", f"{folder}/x.docx").stderr
    assert "':fire:[red]'" in run(*MEASURE, "--units", ":fire:[red]").stderr
    name = "a:fire:[b]"
    mapped = run("map", "Y.npy", "--teacher", f"{name}={folder}/T.npy", "--student", "S.npy", *FAST)
    assert name in mapped.stdout
    ranked = run("rank", "S.npy", "Y.npy", "--teacher", f"{name}={folder}/T.npy", *FAST)
    assert name in ranked.stdout


# --- help and width -----------------------------------------------------------------------------


SHARED = {"--json", "--csv", "--report", "--estimator", "--confidence-level", "--n-resamples"}
SHARED |= {"--ignore-label", "--n-jobs", "--random-state", "--units", "--groups", "--pool"}
WANTED = dict.fromkeys(COMMANDS, SHARED) | {"demo": {"--out"}, "validate": {"--json", "--csv"}}


@pytest.mark.parametrize("width", ["60", "80"])
@pytest.mark.parametrize("command", COMMANDS)
def test_help_breaks_no_words(command: str, width: str) -> None:
    found = {flag: run(command, flag, terminal_width=int(width)) for flag in ("-h", "--help")}
    assert found["-h"].stdout == found["--help"].stdout
    text = found["-h"].stdout
    assert "…" not in text
    assert "..." not in re.sub(r"\]\.\.\.|\}\.\.\.", "", text)
    options = set(re.findall(r"(?<![\w-])--[a-z-]+", text))
    assert WANTED[command] | {"--help"} <= options
    choices = re.findall(r"<auto\|symbols\|binning\|kmeans\|gaussian\|knn\|probe>", text)
    assert len(choices) == (command not in ("demo", "validate"))


@pytest.mark.parametrize("width", ["60", "80"])
def test_tables_are_whole_on_narrow_screens(width: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", width)
    top = run("-h", terminal_width=int(width)).stdout
    assert "…" not in top
    assert "..." not in top.replace("[ARGS]...", "")
    assert [line for line in top.splitlines() if len(line) > int(width)] == []
    shown = run("validate").stdout
    for problem in pt.problems.pmf_problems():
        assert f"{problem.name} " in shown
    assert "…" not in shown
    assert [line for line in shown.splitlines() if len(line) > 80] == []


# --- what else is asked -------------------------------------------------------------------------


def test_validate_writes_json_and_lines() -> None:
    answers = [row.to_dict() for row in validation.validate()]
    assert json.loads(run("validate", "--json", "-").stdout)["rows"] == answers
    result = run("validate", "--json", "v.json", "--csv", "v.csv")
    assert f"All {len(answers)} agree" in result.stdout
    assert json.loads(Path("v.json").read_text())["rows"] == answers
    with Path("v.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["problem"] for row in rows] == [row["problem"] for row in answers]
    assert float(rows[0]["computed_synergy"]) == answers[0]["computed_synergy"]
    lines = run("validate", "--csv", "-").stdout
    assert lines == Path("v.csv").read_text()


@pytest.mark.slow
def test_compare_draws() -> None:
    assert run(*COMPARE, "--n-resamples", 10, "--plot", "c.svg").exit_code == ANSWER
    text = Path("c.svg").read_text()
    assert text.startswith("<?xml")


@pytest.mark.parametrize("call", [MEASURE, WHERE, MAP], ids=lambda call: call[0])
def test_groups_without_intervals_are_spoken_of(call: tuple[str, ...]) -> None:
    np.save("G.npy", np.arange(120) // 4)
    said = run(*call, "--groups", "G.npy")
    assert said.exit_code == ANSWER
    assert "without --confidence-level, --groups changed nothing" in said.stderr
    plain = run(*call)
    assert (plain.stdout, plain.stderr) == (said.stdout, "")
    with_level = run(*call, "--groups", "G.npy", "--confidence-level", 0.9, "--n-resamples", 10)
    assert "--groups" not in with_level.stderr


@pytest.mark.slow
def test_groups_of_the_probe_hold_rows_out_together() -> None:
    rng = np.random.default_rng(0)
    np.save("X.npy", np.eye(4)[Y] + rng.normal(size=(120, 4)))
    np.save("G.npy", np.arange(120) // 4)
    said = run("measure", "X.npy", "X.npy", "Y.npy", "--groups", "G.npy", "--no-synergy")
    assert "--groups kept rows of one group in one fold" in said.stderr


@pytest.mark.slow
def test_both_modules_are_the_command() -> None:
    here = {**os.environ, "PYTHONPATH": str(Path(pt.__file__).parents[1])}
    for module in ("pidtools", "pidtools.cli"):
        command = [sys.executable, "-m", module, "--version"]
        answer = subprocess.run(command, capture_output=True, text=True, env=here, check=True)
        assert answer.stdout == f"pidtools {pt.__version__}\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "at", "wanted"),
    [
        ("pidtools mea", 1, "measure"),
        ("pidtools measure --est", 2, "--estimator"),
        ("pidtools measure --estimator kn", 3, "knn"),
    ],
)
def test_bash_is_answered(words: str, at: int, wanted: str) -> None:
    """As the lines of --show-completion ask."""
    here = {**os.environ, "PYTHONPATH": str(Path(pt.__file__).parents[1])}
    asked = {"_PIDTOOLS_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(at)}
    code = "import sys; sys.argv = ['pidtools']; from pidtools.__main__ import main; main()"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=here | asked, check=False
    )
    assert answer.stdout.split() == [wanted]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device")
@pytest.mark.parametrize("command", [MEASURE, ("validate",), ("--version",), ("measure", "-h")])
def test_what_can_t_be_printed_is_refused_in_a_sentence(command: tuple[str, ...]) -> None:
    root = Path(pt.__file__).parents[1]
    with Path("/dev/full").open("w") as full:
        found = subprocess.run(
            [sys.executable, "-m", "pidtools", *command],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(root)},
        )
    assert found.returncode == REFUSED
    assert found.stderr == (
        "pidtools: standard output could not be written (No space left on device)\n"
    )
