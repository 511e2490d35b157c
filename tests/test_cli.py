"""The command line: what it prints and writes, and every exit code."""

from __future__ import annotations

import csv
import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from helpers import Shown, known
from typer.testing import CliRunner, Result

import pidtools as pt
from pidtools import _progress, cli, validation
from pidtools._cells import summary as cells

Y = np.arange(600) % 3
RNG = np.random.default_rng(0)
T = np.eye(5)[Y] + 0.2 * RNG.standard_normal((600, 5))
S = np.eye(4)[Y] + 0.8 * RNG.standard_normal((600, 4))
ANSWER, REFUSED, USAGE, STOPPED = 0, 1, 2, 3
COMMANDS = ("demo", "measure", "compare", "where", "map", "rank", "trace", "validate")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, array in (("T", T), ("S", S), ("Y", Y)):
        np.save(f"{name}.npy", array)
    return tmp_path


@pytest.fixture(autouse=True)
def _wide_plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")


@pytest.fixture(autouse=True)
def _patient_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine, or kernels that are compiled first, would have it say what takes so long."""
    monkeypatch.setattr(_progress, "WORTH_ANNOUNCING", math.inf)
    monkeypatch.setattr(_progress, "BETWEEN_LINES", math.inf)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, [str(a) for a in arguments])


def measure(*options: object, T: str = "T.npy", S: str = "S.npy", Y: str = "Y.npy") -> Result:
    """The command; by the fastest estimator, as the commands are tested here."""
    chosen = () if "--estimator" in options else ("--estimator", "kmeans")
    return run("measure", T, S, Y, *chosen, *options)


def expected(**options: Any) -> pt.DistillableKnowledge:
    """What the library finds."""
    return pt.distillable_knowledge(T, S, Y, estimator="kmeans", **options)


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"T.npy", "S.npy", "Y.npy"}


# --- answers --------------------------------------------------------------------------------


def test_version() -> None:
    result = run("--version")
    assert (result.exit_code, result.stdout) == (ANSWER, f"pidtools {pt.__version__}\n")


def test_no_command_shows_the_help() -> None:
    result = run()
    assert result.exit_code == USAGE
    for command in COMMANDS:
        assert command in result.output


@pytest.mark.parametrize("command", COMMANDS)
def test_help(command: str) -> None:
    assert run(command, "--help").exit_code == ANSWER


def test_measure_prints_the_summary(folder: Path) -> None:
    result = measure()
    assert result.exit_code == ANSWER, result.output
    assert result.stdout == expected().summary() + "\n"
    assert result.stderr == ""
    assert files(folder) == set()


def test_measure_passes_its_options_on(folder: Path) -> None:
    options = ("--estimator", "binning", "--units", "nats", "--no-synergy", "--random-state", 3)
    result = measure(*options, "--json", "-", T="Y.npy")
    found = json.loads(result.stdout)
    assert found["units"] == "nats"
    assert found["synergy"] is None
    assert found["estimator_t"] == "Binning(method='quantile', n_bins=8, correction='jackknife')"


@pytest.mark.slow
def test_measure_takes_intervals_groups_and_workers(folder: Path) -> None:
    groups = np.repeat(np.arange(200), 3)
    np.save("G.npy", groups)
    np.save("half.npy", Y // 2)
    options = ("--confidence-level", 0.9, "--n-resamples", 20, "--groups", "G.npy", "--n-jobs", 2)
    result = measure("--estimator", "auto", *options, "--json", "-", T="Y.npy", S="half.npy")
    assert result.exit_code == ANSWER, result.output
    found = pt.distillable_knowledge(
        Y, Y // 2, Y, confidence_level=0.9, n_resamples=20, groups=groups
    )
    assert json.loads(result.stdout) == found.to_dict()
    assert "p_distillable" in found.to_dict()


@pytest.mark.slow
def test_compare(folder: Path) -> None:
    np.save("half.npy", Y // 2)
    call = ("compare", "Y.npy", "half.npy", "Y.npy", "Y.npy", "--n-resamples", 20)
    expected = pt.compare_students(Y, Y // 2, Y, Y, n_resamples=20)
    result = run(*call)
    assert result.exit_code == ANSWER, result.output
    assert result.stdout == expected.summary() + "\n"
    assert json.loads(run(*call, "--json", "-").stdout) == expected.to_dict()
    assert run(*call, "--json", "out.json").exit_code == ANSWER
    assert json.loads((folder / "out.json").read_text()) == expected.to_dict()
    assert refused(run("compare", "Y.npy", "half.npy", "none.npy", "Y.npy"), "S_b: there is no")


def test_json_to_a_file(folder: Path) -> None:
    result = measure("--json", "out.json")
    assert result.exit_code == ANSWER
    written = json.loads((folder / "out.json").read_text(encoding="utf-8"))
    assert written == expected().to_dict()
    assert "distilled" in result.stdout
    assert files(folder) == {"out.json"}


def test_json_to_standard_output_is_nothing_but_json(folder: Path) -> None:
    result = measure("--json", "-")
    assert json.loads(result.stdout) == expected().to_dict()
    assert files(folder) == set()


@pytest.mark.parametrize(("name", "start"), [("out.png", b"\x89PNG"), ("out.PDF", b"%PDF")])
def test_plot_to_a_file(folder: Path, name: str, start: bytes) -> None:
    assert measure("--plot", name).exit_code == ANSWER
    assert (folder / name).read_bytes().startswith(start)
    assert files(folder) == {name}


def test_files_that_exist_are_replaced_whole(folder: Path) -> None:
    (folder / "out.json").write_text("old" * 10_000)
    assert measure("--json", "out.json").exit_code == ANSWER
    assert json.loads((folder / "out.json").read_text())["schema_version"] == 2


def test_warnings_are_in_the_notes_not_on_the_screen(folder: Path) -> None:
    np.save("few.npy", np.arange(600) // 2)
    result = measure("--estimator", "auto", S="few.npy", T="Y.npy")
    assert result.exit_code == ANSWER
    assert "are too few" in result.stdout
    assert result.stderr == ""


def test_strings_and_bools_are_read(folder: Path) -> None:
    np.save("Y.npy", np.array(["a", "b", "c"])[Y])
    np.save("T.npy", Y == 0)
    result = measure("--estimator", "auto", S="Y.npy")
    assert result.exit_code == ANSWER, result.output


def test_validate_prints_every_problem() -> None:
    result = run("validate")
    assert result.exit_code == ANSWER, result.output
    for problem in pt.problems.pmf_problems():
        assert problem.name in result.stdout
    assert f"All {len(pt.problems.pmf_problems())} agree" in result.stdout


def test_validate_exits_1_if_one_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses

    wrong = list(pt.problems.pmf_problems())
    pid = dataclasses.replace(wrong[2].pid, synergy=known(wrong[2].pid.synergy) + 1e-6)
    wrong[2] = dataclasses.replace(wrong[2], pid=pid)
    monkeypatch.setattr(pt.problems, "pmf_problems", lambda: tuple(wrong))
    result = run("validate")
    assert result.exit_code == 1
    assert f"1 of {len(wrong)} are off: {wrong[2].name}." in result.stdout
    assert "OFF" in result.stdout


@pytest.mark.slow
def test_demo_prints_its_table(monkeypatch: pytest.MonkeyPatch, demonstration: Shown) -> None:
    monkeypatch.setattr(cli, "run", lambda folder, report: demonstration[0])
    result = run("demo", "--out", "elsewhere")
    assert result.exit_code == ANSWER, result.output
    for column in ("accu-", "I(Y;T)", "distil-", "synergy", "clusters"):
        assert column in result.stdout
    interval = demonstration[0].students[0].result.intervals["distillable"]
    assert f"{interval.low:.2f}-{interval.high:.2f}" in result.stdout
    assert f"{demonstration[0].students[0].accuracy:.3f}" in result.stdout
    assert "Wrote activations, result.json and result.png to elsewhere/" in result.stdout


# --- data refused: 1 ------------------------------------------------------------------------


def refused(result: Any, *words: str, code: int = REFUSED) -> bool:
    assert result.exit_code == code, result.output
    assert result.stderr.startswith("pidtools: ")
    assert result.stderr.count("\n") == 1  # a line to paste is not broken
    for word in words:
        assert word in result.stderr
    assert result.stdout == ""
    return True


def test_missing_file(folder: Path) -> None:
    assert refused(measure(S="none.npy", T="T.npy"), "S: there is no file none.npy")
    assert refused(measure(S="."), "S: . is a folder")


def test_pickled_objects_are_not_read(folder: Path) -> None:
    np.save("T.npy", np.array([{"a": 1}] * 600, dtype=object), allow_pickle=True)
    assert refused(measure(), "T: T.npy holds pickled objects", "can run code")


def test_several_arrays(folder: Path) -> None:
    np.savez("T.npz", a=T, b=S)
    assert refused(
        measure(T="T.npz"), "T: T.npz holds 2 arrays; say which after a colon, as in T.npz:a"
    )


@pytest.mark.parametrize("content", [b"", b"1,2\n3,4\n", b"\x93NUMPY", b"\x80\x04garbage"])
def test_what_is_no_npy_file(folder: Path, content: bytes) -> None:
    (folder / "T.npy").write_bytes(content)
    assert refused(measure(), "T: T.npy is not a whole .npy file; save it with numpy.save")


def test_half_a_npy_file(folder: Path) -> None:
    whole = (folder / "T.npy").read_bytes()
    (folder / "T.npy").write_bytes(whole[: len(whole) // 2])
    assert refused(measure(), "T: T.npy")


def test_bad_data_leaves_nothing_behind(folder: Path) -> None:
    np.save("T.npy", np.full((600, 3), np.nan))
    result = measure("--json", "out.json", "--plot", "out.png")
    assert refused(result, "T holds 1800 NaN in 600 rows (first at row 0)")
    assert files(folder) == set()


def test_a_line_to_paste_stays_whole(folder: Path) -> None:
    np.save("T.npy", np.zeros((600, 3, 4, 4)))
    lines = ('pidtools.pool(T, "mean", layout="nchw");', 'pidtools.pool(T, "mean", layout="nhwc")')
    asked = "On the command line: --pool mean --layout nchw or --pool mean --layout nhwc."
    assert refused(measure(), *lines, "to flatten: T.reshape(len(T), -1)", asked)


def test_an_empty_array(folder: Path) -> None:
    np.save("T.npy", np.zeros((0, 3)))
    assert refused(measure(), "T is empty")


@pytest.mark.parametrize("option", ["--json", "--plot"])
@pytest.mark.parametrize("place", ["no/such/folder/out.png", ".", "T.npy/out.png"])
def test_unwritable_output_is_found_before_the_work(
    folder: Path, option: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pt, "distillable_knowledge", None)  # not reached
    before = files(folder)
    assert refused(measure(option, place), place)
    assert files(folder) == before


def test_an_unknown_picture_is_found_before_the_work(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pt, "distillable_knowledge", None)  # not reached
    assert refused(
        measure("--json", "out.json", "--plot", "out.docx"), "png", "out.docx", code=USAGE
    )
    assert refused(measure("--plot", "out"), "png", code=USAGE)
    assert files(folder) == set()


def test_a_failing_write_leaves_the_old_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(result: Any, path: Path) -> NoReturn:
        path.write_bytes(b"half")
        raise OSError("disk full")

    (folder / "out.png").write_bytes(b"old")
    monkeypatch.setattr(cli, "save_atoms", fail)
    result = measure("--plot", "out.png")
    assert result.exit_code == REFUSED
    assert "disk full" in result.stderr
    assert (folder / "out.png").read_bytes() == b"old"
    assert files(folder) == {"out.png"}


@pytest.mark.parametrize("text", ["", "Unable to allocate 7.45 GiB"])
def test_data_that_do_not_fit_into_memory(
    folder: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    def fail(*args: object, **options: Any) -> NoReturn:
        raise MemoryError(text)

    monkeypatch.setattr(pt, "distillable_knowledge", fail)
    assert refused(measure("--json", "out.json"), "not enough memory", text, "float32")
    assert files(folder) == set()


def test_a_negative_seed(folder: Path) -> None:
    assert measure("--random-state", -1).exit_code == USAGE


def where(*options: object) -> Result:
    return run("where", "T.npy", "S.npy", "Y.npy", "--estimator", "kmeans", *options)


def test_where_shows_classes_and_pairs(folder: Path) -> None:
    result = where("--json", "where.json", "--csv", "where.csv", "--scores", "rows.npy")
    assert result.exit_code == ANSWER
    answer = expected(synergy=False)
    assert answer.by_class().summary() in result.stdout
    assert answer.by_pair().summary() in result.stdout
    shown = " ".join(result.stdout.split())
    assert all(f"- {note}" in shown for note in answer.notes)
    content = json.loads((folder / "where.json").read_text())
    assert content == answer.by_class().to_dict()
    with (folder / "where.csv").open(encoding="utf-8") as file:
        assert [row["label"] for row in csv.DictReader(file)] == ["0", "1", "2"]
    assert np.array_equal(np.load(folder / "rows.npy"), answer.scores())


@pytest.mark.slow
def test_where_prints_json_alone_and_draws(folder: Path) -> None:
    result = where("--json", "-", "--confidence-level", 0.9, "--n-resamples", 20)
    assert "distillable_low" in json.loads(result.stdout)["rows"][0]
    assert where("--plot", "where.png").exit_code == ANSWER
    assert (folder / "where.png").read_bytes().startswith(b"\x89PNG")
    assert refused(where("--plot", "where.txt"), "has no ending of a picture", code=USAGE)


def test_where_needs_tables(folder: Path) -> None:
    result = run("where", "T.npy", "S.npy", "Y.npy", "--estimator", "knn")
    assert refused(result, "by_class() needs class labels and atoms that come from two tables")


def test_parts_of_the_demo_are_asked_for_by_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def decide(name: str, out: Path, report: Callable[[str], None], *, estimator: str) -> str:
        report(f"doing {name}")
        asked.append((name, out, estimator))
        return f"found {name}"

    monkeypatch.setattr(cli, "decide", decide)
    result = run("demo", "--map", "--where", "--out", "elsewhere")
    assert result.exit_code == ANSWER
    assert asked == [("map", Path("elsewhere"), "probe"), ("where", Path("elsewhere"), "probe")]
    assert "found map" in result.stdout
    assert "Wrote where.json and where.png to elsewhere/" in result.stdout


def test_demo_in_a_place_that_is_a_file(folder: Path) -> None:
    result = run("demo", "--out", "T.npy")
    assert result.exit_code == REFUSED
    assert np.array_equal(np.load("T.npy"), T)


# --- usage: 2 -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ("measure", "T.npy", "S.npy"),
        ("measure", "T.npy", "S.npy", "Y.npy", "--units", "bit"),
        ("measure", "T.npy", "S.npy", "Y.npy", "--estimator", "knm"),
        ("measure", "T.npy", "S.npy", "Y.npy", "--random-state", "a"),
        ("measure", "T.npy", "S.npy", "Y.npy", "--colour", "red"),
        ("mesure",),
    ],
    ids=" ".join,
)
def test_usage(folder: Path, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == USAGE
    assert files(folder) == set()


# --- tables of layers and teachers ------------------------------------------------------------


@pytest.fixture
def layers(folder: Path) -> Path:
    for name, array in (("conv", Y), ("head", Y % 2), ("h1", Y // 2), ("h2", Y % 2)):
        np.save(f"{name}.npy", array)
    return folder


SIDES = ("--teacher", "conv.npy", "--teacher", "last=head.npy", "--student", "h1.npy")
MAP = ("map", "Y.npy", *SIDES, "--student", "h2.npy")
TEACHERS = {"conv": Y, "last": Y % 2}


def test_map(layers: Path) -> None:
    options: dict[str, Any] = {"confidence_level": 0.9}
    expected = pt.distillation_map(TEACHERS, {"h1": Y // 2, "h2": Y % 2}, Y, **options)
    result = run(*MAP, "--confidence-level", 0.9, "--json", "m.json", "--csv", "m.csv")
    assert result.exit_code == ANSWER
    assert result.stdout == expected.summary() + "\n"
    assert json.loads((layers / "m.json").read_text()) == expected.to_dict()
    with (layers / "m.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["teacher_layer"], row["student_layer"]) for row in rows] == [
        (row.teacher_layer, row.student_layer) for row in expected
    ]
    assert float(rows[0]["distillable_low"]) == expected[0].intervals["distillable"].low
    printed = run(*MAP, "--confidence-level", 0.9, "--csv", "-").stdout
    assert printed == (layers / "m.csv").read_text()


def test_map_draws(layers: Path) -> None:
    assert run(*MAP, "--plot", "m.png").exit_code == ANSWER
    assert (layers / "m.png").read_bytes()[:4] == b"\x89PNG"


def test_map_goes_on_without_a_layer_that_fails(layers: Path) -> None:
    np.save("bad.npy", np.full(600, np.nan))
    result = run(*MAP, "--teacher", "bad.npy")
    assert result.exit_code == ANSWER
    assert "teacher bad holds 600 NaN" in result.stdout
    alone = run("map", "Y.npy", "--teacher", "bad.npy", "--student", "h1.npy")
    assert alone.exit_code == REFUSED


@pytest.mark.parametrize(
    ("arguments", "text", "code"),
    [
        (("--teacher", "conv=h1.npy"), "--teacher has the name 'conv' twice", USAGE),
        (("--teacher", "=h1.npy"), "has no name before the =", USAGE),
        (("--teacher", "x=none.npy"), "x: there is no file none.npy", REFUSED),
        (("--ordered",), "leave ordered out", REFUSED),
        (("--csv", "none/m.csv"), "can't be written", REFUSED),
    ],
)
def test_map_refuses(layers: Path, arguments: tuple[str, ...], text: str, code: int) -> None:
    assert refused(run(*MAP, *arguments), text, code=code)


def test_map_needs_both_sides(layers: Path) -> None:
    assert run("map", "Y.npy", "--teacher", "conv.npy").exit_code == USAGE


def test_rank(layers: Path) -> None:
    expected = pt.rank_teachers(TEACHERS, Y // 2, Y)
    call = ("rank", "h1.npy", "Y.npy", "--teacher", "conv.npy", "--teacher", "last=head.npy")
    result = run(*call, "--json", "r.json", "--csv", "r.csv")
    assert result.exit_code == ANSWER
    assert result.stdout == expected.summary() + "\n"
    assert json.loads((layers / "r.json").read_text()) == expected.to_dict()
    assert (layers / "r.csv").read_text().startswith("teacher,distillable,")
    assert refused(run(*call, "--teacher", "me=h1.npy"), "teachers holds the student: 'me' is S")


# --- solver stopped: 3 ----------------------------------------------------------------------


def test_no_answer_of_the_solver(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **options: Any) -> NoReturn:
        raise pt.PIDError("it broke", pt.Outcome.no_answer)

    monkeypatch.setattr(cells, "broja_from_pairs", fail)
    result = measure("--json", "out.json")
    assert result.exit_code == STOPPED
    assert result.stderr == "pidtools: it broke\n"
    assert files(folder) == set()


def test_no_answer_in_validate_and_demo(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **options: Any) -> NoReturn:
        raise pt.PIDError("it broke", pt.Outcome.no_answer)

    monkeypatch.setattr(validation, "broja", fail)
    monkeypatch.setattr(cli, "run", fail)
    assert run("validate").exit_code == STOPPED
    assert run("demo").exit_code == STOPPED


@pytest.mark.parametrize("outcome", [pt.Outcome.inaccurate, pt.Outcome.iteration_limit])
def test_a_gap_above_tol_is_written_and_exits_3(
    folder: Path, monkeypatch: pytest.MonkeyPatch, outcome: pt.Outcome
) -> None:
    import dataclasses

    whole = pt.broja_from_pairs
    stopped = lambda *a, **o: dataclasses.replace(whole(*a, **o), outcome=outcome)  # noqa: E731
    monkeypatch.setattr(cells, "broja_from_pairs", stopped)
    result = measure("--json", "out.json")
    assert result.exit_code == STOPPED
    assert json.loads((folder / "out.json").read_text())["outcome"] == outcome.name


@pytest.mark.slow
def test_the_module_runs_as_the_command_does(folder: Path) -> None:
    """In a process of its own, where the streams and the exit code are real."""
    command = [sys.executable, "-m", "pidtools.cli", "measure", "T.npy", "S.npy", "Y.npy"]
    command += ["--estimator", "kmeans"]
    here = {**os.environ, "PYTHONPATH": str(Path(pt.__file__).parents[1])}
    answer = subprocess.run([*command, "--json", "-"], capture_output=True, text=True, env=here)
    assert answer.returncode == ANSWER, answer.stderr
    assert json.loads(answer.stdout)["n_samples"] == 600


@pytest.fixture
def steps(folder: Path) -> Path:
    """A student at steps 2 and 10, and one that was not distilled."""
    for step, noise in ((2, 0.8), (10, 0.3)):
        student = np.eye(4)[Y] + noise * RNG.standard_normal((600, 4))
        np.save(f"epoch-{step}.npy", student)
        np.save(f"plain-{step}.npy", student + RNG.standard_normal((600, 4)))
    return folder


def traced(*options: object, students: str = "epoch-*.npy") -> Result:
    return run("trace", "T.npy", "Y.npy", students, "--estimator", "kmeans", *options)


def of_library(folder: Path) -> pt.DistillationTrace:
    students, baseline = str(folder / "epoch-*.npy"), str(folder / "plain-*.npy")
    return pt.distillation_trace(T, students, Y, baseline=baseline, estimator="kmeans")


def test_trace_prints_what_the_library_finds(steps: Path) -> None:
    shown = traced("--baseline", "plain-*.npy")
    assert shown.exit_code == ANSWER
    assert shown.stdout.strip() == of_library(steps).summary()


def test_trace_writes_json_csv_and_picture(steps: Path) -> None:
    written = ("--json", "r.json", "--csv", "r.csv", "--plot", "r.png")
    assert traced("--baseline", "plain-*.npy", *written).exit_code == ANSWER
    expected = of_library(steps).to_dict()
    assert json.loads((steps / "r.json").read_text()) == expected
    head, *lines = (steps / "r.csv").read_text().splitlines()
    assert head.split(",") == list(expected["rows"][0])
    assert [line.split(",")[0] for line in lines] == ["2", "10"]
    assert (steps / "r.png").read_bytes()[:4] == b"\x89PNG"


def test_trace_takes_files_where_a_shell_has_put_them_for_their_pattern(steps: Path) -> None:
    options = ("--baseline", "plain-*.npy", "--estimator", "kmeans")
    shown = run("trace", "T.npy", "Y.npy", "epoch-10.npy", "epoch-2.npy", *options)
    assert shown.stdout.strip() == of_library(steps).summary()
    # As a shell has it of a pattern of a baseline without quotes.
    files = ("epoch-2.npy", "epoch-10.npy", "--baseline", "plain-2.npy", "plain-10.npy")
    shown = run("trace", "T.npy", "Y.npy", *files)
    assert shown.exit_code == REFUSED
    assert "epoch-10.npy and plain-10.npy are both step 10" in shown.stderr
    shown = run("trace", "T.npy", "Y.npy", "epoch-2.npy", "missing-3.npy")
    assert shown.exit_code == REFUSED
    assert "students: there is no file missing-3.npy" in shown.stderr


def test_trace_refuses_other_steps_and_names_them(steps: Path) -> None:
    np.save("plain-11.npy", S)
    shown = traced("--baseline", "plain-*.npy")
    assert shown.exit_code == REFUSED
    assert "has 11 beyond those of students" in shown.stderr
    shown = traced(students="nothing-*.npy")
    assert shown.exit_code == REFUSED
    assert "students: there is no file nothing-*.npy" in shown.stderr


def test_verbose_says_how_it_was_computed(folder: Path) -> None:
    plain, verbose = measure(), measure("--verbose")
    assert "How it was computed:" not in plain.stdout
    assert verbose.stdout.startswith(plain.stdout)
    shown = " ".join(verbose.stdout.split())
    for line in expected().details().splitlines():
        assert line in shown


def test_warnings_are_coloured_where_there_are_colours(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rich.console import Console

    np.save("few.npy", np.arange(600) // 2)
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setattr(cli, "output", Console(force_terminal=True, color_system="standard"))
    text = measure("--estimator", "auto", S="few.npy", T="Y.npy").stdout
    assert re.match(r"\x1b\[1mNot to be trusted yet \(", text)
    assert "\x1b[33mWarning: " in text
    assert "\n600 samples" in re.sub(r"\x1b\[\d*m", "", text)


def test_lines_of_tables_hold_what_is_said_in_cells_of_text(folder: Path) -> None:
    assert measure("--csv", "out.csv").exit_code == ANSWER
    with (folder / "out.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    answer = expected()
    assert row["details"] == " ".join(answer.details().splitlines())
    assert row["notes"] == " ".join(answer.notes)
    assert row["verdict"] == answer.verdict
