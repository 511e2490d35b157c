"""The command line on files of many layers: addresses, pooling, rows to leave out, tables out."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import pidtools as pt
from pidtools import cli

N = 600
Y = np.arange(N) % 3
RNG = np.random.default_rng(0)
HEAD = np.eye(3)[Y] + 0.2 * RNG.standard_normal((N, 3))
MAPS = (np.eye(3)[Y][:, :, None, None] + 0.5 * RNG.standard_normal((N, 3, 4, 4))).astype(np.float16)
TOKENS = np.eye(3)[Y][:, None, :] + 0.5 * RNG.standard_normal((N, 5, 3))
MASK = np.arange(5) < RNG.integers(1, 6, N)[:, None]
STUDENT = (np.eye(3)[Y] + RNG.standard_normal((N, 3))).astype(np.float32)
ANSWER, REFUSED, USAGE = 0, 1, 2
TEACHER: dict[str, Any] = {"conv": MAPS, "tokens": TOKENS, "head": HEAD, "y": Y}
FAST: dict[str, Any] = {"estimator": "kmeans"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in (("COLUMNS", "200"), ("NO_COLOR", "1"), ("TERM", "dumb")):
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    np.savez("t.npz", **TEACHER)
    np.savez("s.npz", h1=STUDENT[:, :2], h2=STUDENT)
    np.save("Y.npy", Y)
    np.save("M.npy", MASK)
    return tmp_path


def run(command: str, *arguments: object) -> Result:
    return CliRunner().invoke(cli.app, [command, *map(str, arguments), "--estimator", "kmeans"])


def answer(command: str, *arguments: object) -> str:
    result = run(command, *arguments)
    assert result.exit_code == ANSWER, result.output
    assert not result.stderr
    return result.stdout


def refused(command: str, *arguments: object, code: int = REFUSED) -> str:
    result = run(command, *arguments)
    assert result.exit_code == code, result.output
    return result.stderr


def misused(command: str, *arguments: object) -> str:
    return refused(command, *arguments, code=USAGE)


LAYERS = {"h1": STUDENT[:, :2], "h2": STUDENT}
FILES = ("--teacher", "t.npz", "--student", "s.npz")


def test_a_map_of_two_files_takes_all_their_layers_but_the_labels() -> None:
    options = ("--pool", "mean", "--layout", "nchw", "--layout", "ntd", "--mask", "M.npy")
    teacher = {
        "conv": MAPS.astype(float).mean(axis=(2, 3)).astype(np.float32),
        "tokens": pt.pool(TOKENS, "mean", layout="ntd", mask=MASK),
        "head": HEAD,
    }
    wanted = pt.distillation_map(teacher, LAYERS, Y, **FAST)
    assert answer("map", "t.npz:y", *FILES, *options) == wanted.summary() + "\n"
    assert "y  " in answer("map", "Y.npy", *FILES, *options)  # elsewhere it is a layer


def test_layers_that_need_pooling_or_are_broken_leave_the_others(folder: Path) -> None:
    (folder / "broken.npz").write_bytes((folder / "t.npz").read_bytes()[:-300])
    objects = np.array([{}, None], dtype=object)
    np.savez("o.npz", bad=objects)
    broken = ("--teacher", "broken.npz", "--teacher", "o.npz:bad")
    shown = " ".join(answer("map", "t.npz:y", *FILES, *broken).split())
    assert "teacher conv: t.npz:conv has 4 axes" in shown
    assert "--pool mean --layout nchw or --pool mean --layout nhwc" in shown
    assert "broken.npz is not a whole .npz file" in shown
    assert "o.npz:bad holds pickled objects" in shown
    assert "head " in shown


def test_names_pick_and_rename() -> None:
    wanted = pt.distillation_map(
        {"last": HEAD, "head": HEAD}, {"s/h1": LAYERS["h1"], "s/h2": STUDENT}, Y, **FAST
    )
    call = ("--teacher", "last=t.npz:head", "--teacher", "t.npz:head", "--student", "s=s.npz")
    assert answer("map", "Y.npy", *call) == wanted.summary() + "\n"
    clash = misused("map", "Y.npy", *FILES, "--student", "s.npz")
    assert "--student has the name 'h1' twice" in clash
    assert "there is no file none.npz" in refused("map", "Y.npy", *FILES, "--teacher", "none.npz")
    wrong = refused("map", "Y.npy", *FILES, "--teacher", "t.npz:hed")
    assert "t.npz:hed is not there; t.npz holds head, " in wrong


def test_one_measurement_by_addresses() -> None:
    wanted = pt.distillable_knowledge(HEAD, STUDENT, Y, **FAST)
    assert answer("measure", "t.npz:head", "s.npz:h2", "t.npz:y") == wanted.summary() + "\n"
    groups = np.arange(N) // 3
    np.savez("g.npz", g=groups)
    found = run("where", "t.npz:head", "s.npz:h2", "t.npz:y", "--groups", "g.npz:g")
    assert wanted.by_class().summary() in found.stdout
    assert "--groups changed nothing" in found.stderr
    assert "T: t.npz:h3 is not there" in refused("measure", "t.npz:h3", "s.npz:h2", "Y.npy")
    assert "S: s.npz holds 2 arrays; say which" in refused(
        "measure", "t.npz:head", "s.npz", "Y.npy"
    )
    np.save("short.npy", HEAD[1:])
    other = refused("measure", "short.npy", "s.npz:h2", "t.npz:y")
    assert "T has 599 rows (short.npy), Y has 600 rows (t.npz:y)" in other
    np.savez("empty.npz", x=np.zeros((0, 3)))
    assert "T is empty: empty.npz:x has" in refused("measure", "empty.npz:x", "s.npz:h2", "Y.npy")
    short = refused("measure", "t.npz:head", "s.npz:h2", "s.npz:h1")
    assert "Y must hold one label a sample" in short


def test_pooling_is_for_teacher_and_student_alike() -> None:
    np.save("S.npy", TOKENS[:, :2])
    found = answer("measure", "t.npz:tokens", "S.npy", "Y.npy", "--pool", "max", "--layout", "ntd")
    T, S = (pt.pool(X, "max", layout="ntd") for X in (TOKENS, TOKENS[:, :2]))
    assert found == pt.distillable_knowledge(T, S, Y, **FAST).summary() + "\n"
    pooled_late = answer(
        "measure",
        "t.npz:tokens",
        "s.npz:h2",
        "Y.npy",
        "--pool",
        "last",
        "--layout",
        "ntd",
        "--mask",
        "M.npy",
    )
    last = pt.pool(TOKENS, "last", layout="ntd", mask=MASK)
    assert pooled_late == pt.distillable_knowledge(last, STUDENT, Y, **FAST).summary() + "\n"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ((), "--pool mean --layout ntd"),
        (("--pool", "max"), "On the command line: --pool max --layout ntd"),
        (("--pool", "max", "--layout", "nchw"), "On the command line: --pool max --layout ntd"),
        (("--layout", "ntd"), "--layout and --mask go with --pool"),
        (("--pool", "mean", "--layout", "ntd", "--mask", "Y.npy"), "T: mask has the shape (600,)"),
        (
            ("--pool", "mean", "--layout", "ntd", "--mask", "no.npy"),
            "mask: there is no file no.npy",
        ),
    ],
)
def test_what_pooling_lacks_is_asked_for(options: tuple[str, ...], text: str) -> None:
    code = USAGE if text.startswith("--layout") else REFUSED
    call = ("t.npz:tokens", "s.npz:h2", "Y.npy", *options)
    assert text in refused("measure", *call, code=code)


def test_unknown_choices_are_usage() -> None:
    call = ("measure", "t.npz:tokens", "s.npz:h2", "Y.npy", "--pool")
    assert run(*call, "sum").exit_code == USAGE
    assert run(*call, "mean", "--layout", "ndt").exit_code == USAGE


def test_rows_of_a_label_are_left_out() -> None:
    np.save("P.npy", np.where(Y == 2, -100, Y))
    keep = Y != 2
    wanted = pt.distillable_knowledge(HEAD[keep], STUDENT[keep], Y[keep], **FAST)
    found = answer("measure", "t.npz:head", "s.npz:h2", "P.npy", "--ignore-label", -100)
    assert f"{wanted.distillable:.4f}" in found
    assert "200 of 600 rows have the label -100" in found
    np.save("W.npy", np.array(["a", "b", "-100"])[Y])
    call = ("measure", "t.npz:head", "s.npz:h2")
    assert "200 of 600 rows" in answer(*call, "W.npy", "--ignore-label", "-100")
    assert "--ignore-label is 'pad'" in refused(*call, "P.npy", "--ignore-label", "pad")


@pytest.mark.slow
def test_tables_of_one_row() -> None:
    call = ("t.npz:head", "s.npz:h2", "Y.npy")
    wanted = pt.distillable_knowledge(HEAD, STUDENT, Y, **FAST)
    (row,) = csv.DictReader(io.StringIO(answer("measure", *call, "--csv", "-")))
    frame = wanted.to_pandas()
    assert list(frame.columns) == list(row) == list(wanted.to_dict())
    assert float(row["distillable"]) == wanted.distillable == frame["distillable"][0]
    answer(
        "compare",
        "t.npz:head",
        "s.npz:h1",
        "s.npz:h2",
        "Y.npy",
        "--csv",
        "c.csv",
        "--n-resamples",
        10,
    )
    (row,) = csv.DictReader(io.StringIO(Path("c.csv").read_text(encoding="utf-8")))
    compared = pt.compare_students(HEAD, LAYERS["h1"], STUDENT, Y, n_resamples=10, **FAST)
    assert float(row["difference_distillable"]) == compared.differences["distillable"]
    assert list(compared.to_pandas().columns) == list(row)
    assert "can't both be standard output" in misused("measure", *call, "--csv", "-", "--json", "-")


@pytest.mark.slow
def test_rank_and_trace_take_files_of_layers() -> None:
    found = answer(
        "rank", "s.npz:h1", "t.npz:y", "--teacher", "t.npz:head", "--teacher", "s.npz:h2"
    )
    teachers: dict[str, Any] = {"head": HEAD, "h2": STUDENT}
    assert found == pt.rank_teachers(teachers, LAYERS["h1"], Y, **FAST).summary() + "\n"
    for step in (1, 2):
        np.savez(f"e-{step}.npz", h=STUDENT * step, maps=MAPS)
    wanted = pt.distillation_trace(HEAD, {1: STUDENT, 2: 2 * STUDENT}, Y, **FAST)
    assert answer("trace", "t.npz:head", "Y.npy", "e-*.npz:h").strip() == wanted.summary()
    pooled = answer(
        "trace", "t.npz:head", "Y.npy", "e-*.npz:maps", "--pool", "mean", "--layout", "nchw"
    )
    assert "distillable" in pooled
    asked = refused("trace", "t.npz:head", "Y.npy", "e-*.npz:maps")
    assert "students: e-1.npz:maps has 4 axes" in asked
    assert "e-1.npz:k is not there" in refused("trace", "t.npz:head", "Y.npy", "e-*.npz:k")


def test_files_of_other_formats_are_layers_too(folder: Path) -> None:
    safetensors, h5py = pytest.importorskip("safetensors.numpy"), pytest.importorskip("h5py")
    safetensors.save_file(LAYERS | {"h1": LAYERS["h1"].copy()}, "s.safetensors")
    with h5py.File("t.h5", "w") as file:
        file["net/head"], file["y"] = HEAD, Y
    wanted = pt.distillation_map({"net/head": HEAD}, LAYERS, Y, **FAST)
    found = answer("map", "t.h5:y", "--teacher", "t.h5", "--student", "s.safetensors")
    assert found == wanted.summary() + "\n"


def test_pickles_are_refused_with_the_lines_that_convert(folder: Path) -> None:
    (folder / "t.pt").write_bytes(b"PK\x03\x04")
    text = refused("measure", "t.pt", "s.npz:h2", "Y.npy")
    assert "torch.load('t.pt', map_location='cpu', weights_only=True)" in text


def test_outputs_that_would_be_lost_are_refused_before_the_work(folder: Path) -> None:
    """What is read is not written over, nor one output by another."""
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    np.save("t0.npy", np.arange(9) % 4)
    np.save("y0.npy", np.arange(9) % 2)
    same = ("t0.npy", "t0.npy", "y0.npy")
    text = misused("measure", *same, "--json", folder / "t0.npy")
    assert "--json would write over " in text
    assert "t0.npy, which is read; choose another file." in text
    assert "--csv would write over what --json writes" in misused(
        "measure", *same, "--json", "out", "--csv", "out"
    )
    pattern = ("trace", "t0.npy", "y0.npy", "t*.npy")
    assert "which is read" in misused(*pattern, "--csv", "t0.npy")
    named = ("map", "y0.npy", "--teacher", "a=t0.npy", "--student", "t0.npy")
    assert "which is read" in misused(*named, "--plot", "t0.npy")
    assert "--scores needs a file" in misused("where", *same, "--scores", "-")
    assert not Path("-").exists()
    assert all((folder / name).read_bytes() == held for name, held in before.items())


@pytest.mark.parametrize("command", ["measure", "compare"])
def test_intervals_from_one_solve(command: str) -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 300)
    np.save("y0.npy", y)
    for name, flip in (("t0", 0.1), ("s0", 0.3), ("s1", 0.5)):
        np.save(f"{name}.npy", np.where(rng.random(300) < flip, rng.integers(0, 3, 300), y))
    sources = ["t0.npy", "s0.npy", *(["s1.npy"] if command == "compare" else []), "y0.npy"]
    options = ("--estimator", "symbols", "--confidence-level", "0.9", "--uncertainty", "analytic")
    found = CliRunner().invoke(cli.app, [command, *sources, *options])
    assert found.exit_code == 0, found.output
    assert "90\N{NO-BREAK SPACE}%: " in found.output


def test_a_mask_that_nothing_takes_is_refused() -> None:
    np.save("mask.npy", np.ones((4, 4), dtype=int))
    for options in (("--pool", "flatten"), ("--pool", "mean", "--layout", "nchw")):
        text = misused("measure", "t.npy", "t.npy", "y.npy", *options, "--mask", "mask.npy")
        assert "--mask is of tokens" in text
