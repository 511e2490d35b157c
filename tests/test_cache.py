"""What is finished is not done again, is the same to the last bit, and damage costs time alone."""

from __future__ import annotations

import dataclasses
import errno
import io
import json
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from deadly import CountingProbe, layers
from typer.testing import CliRunner

import pidtools as pt
from pidtools import _cache, _progress
from pidtools._cache import Cache, key_of
from pidtools._probe.estimator import Probe
from pidtools.cli import app

TEACHER, STUDENT, Y = layers(150, 2)


def probe(tmp_path: Path, **options: Any) -> CountingProbe:
    return CountingProbe(experts=("lda",), log=str(tmp_path / "log"), **options)


def said(result: Any) -> str:
    return json.dumps(result.to_dict())


def mapped(own: CountingProbe, **options: Any) -> pt.DistillationMap:
    given: dict[str, Any] = {"teacher_layers": TEACHER, "student_layers": STUDENT, "Y": Y}
    return pt.distillation_map(**{**given, **options}, estimator=own)


@pytest.mark.slow
def test_a_second_map_looks_at_nothing_and_is_the_same(tmp_path: Path) -> None:
    own, folder = probe(tmp_path), tmp_path / "cache"
    options: dict[str, Any] = {"confidence_level": 0.9, "n_resamples": 20}
    plain = mapped(own, **options)
    assert len(own.lines()) == 4
    first = mapped(own, cache_dir=folder, **options)
    assert len(own.lines()) == 8
    again = mapped(own, cache_dir=str(folder), **options)
    assert len(own.lines()) == 8
    assert said(plain) == said(first) == said(again)
    assert len(list(folder.iterdir())) == 4


@pytest.mark.slow
def test_entries_of_two_workers_serve_one_and_hold_no_features(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    wide = {f"t{k}": rng.normal(size=(150, 3000)).astype(np.float32) for k in range(2)}
    symbols = {"s0": Y + 3 * rng.integers(2, size=150), "s1": rng.integers(9, size=(150, 2000))}
    own, folder = probe(tmp_path), tmp_path / "cache"
    given = {"teacher_layers": wide, "student_layers": symbols}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pt.PIDWarning)
        plain = mapped(own, **given)
        first = mapped(own, n_jobs=2, cache_dir=folder, **given)
        n = len(own.lines())
        again = mapped(own, cache_dir=folder, **given)
    assert len(own.lines()) == n
    assert said(plain) == said(first) == said(again)
    assert all(path.stat().st_size < 60_000 for path in folder.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "n_looks"),
    [
        ({"random_state": 1}, 4),
        ({"Y": (Y + (np.arange(150) == 7)) % 3}, 4),
        ({"groups": np.arange(150) // 5}, 4),
        ({"teacher_layers": {**TEACHER, "t1": TEACHER["t1"] + np.float32(1e-3)}}, 1),
        ({"teacher_layers": {**TEACHER, "t1": TEACHER["t1"].astype(float)}}, 1),
        ({"teacher_layers": {"t0": TEACHER["t0"], "new": TEACHER["t1"]}}, 1),
        ({"teacher_layers": {"t0": TEACHER["t0"]}}, 0),
        ({"confidence_level": 0.9, "n_resamples": 10}, 0),
        ({"units": "nats"}, 0),
    ],
)
def test_what_determines_a_layer_is_in_its_name(
    change: dict[str, Any], n_looks: int, tmp_path: Path
) -> None:
    own, folder = probe(tmp_path), tmp_path / "cache"
    mapped(own, cache_dir=folder)
    found = mapped(own, cache_dir=folder, **change)
    assert len(own.lines()) == 4 + n_looks
    assert said(found) == said(mapped(own, **change))


def test_options_of_the_estimator_are_in_the_name(tmp_path: Path) -> None:
    own, folder = probe(tmp_path), tmp_path / "cache"
    mapped(own, cache_dir=folder)
    mapped(dataclasses.replace(own, n_folds=4), cache_dir=folder)
    assert len(own.lines()) == 8


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def flip(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    whole[-50] ^= 1
    path.write_bytes(whole)


def swap(path: Path) -> None:
    """As of another task."""
    path.write_bytes(next(other for other in path.parent.iterdir() if other != path).read_bytes())


def empty(path: Path) -> None:
    path.write_bytes(b"")


def foreign(path: Path) -> None:
    path.write_bytes(pickle.dumps("something else"))


def no_pickle(path: Path) -> None:
    """Whole, but nothing that can be read."""
    Cache(path.parent).put(path.stem, b"no pickle")


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.slow
@pytest.mark.parametrize("damage", [truncate, flip, swap, empty, foreign, no_pickle, a_folder])
def test_damaged_entries_are_done_again(damage: Callable[[Path], None], tmp_path: Path) -> None:
    own, folder = probe(tmp_path), tmp_path / "cache"
    first = mapped(own, cache_dir=folder)
    damage(sorted(folder.iterdir())[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pt.PIDWarning)  # nothing can be put in place of a folder
        assert said(mapped(own, cache_dir=folder)) == said(first)
    assert len(own.lines()) == 5
    if damage is not a_folder:
        assert said(mapped(own, cache_dir=folder)) == said(first)
        assert len(own.lines()) == 5


def test_entries_of_other_versions_are_not_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, folder = probe(tmp_path), tmp_path / "cache"
    first = mapped(own, cache_dir=folder)
    monkeypatch.setattr(_cache, "_versions", lambda: ("numpy 1.0",))
    assert said(mapped(own, cache_dir=folder)) == said(first)
    assert len(own.lines()) == 8
    assert len(list(folder.iterdir())) == 8  # they don't disturb each other


def test_versions_are_those_of_code_and_libraries() -> None:
    found = _cache._versions()
    assert f"numpy {np.__version__}" in found
    assert any(text.startswith("numba ") for text in found)
    assert len(_cache._code()) == 40


@pytest.mark.parametrize("fails", ["mkstemp", "replace"])
def test_a_full_disk_is_warned_of_once(
    fails: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any, **options: Any) -> Any:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    own, folder = probe(tmp_path), tmp_path / "cache"
    plain = mapped(own)
    monkeypatch.setattr(os if fails == "replace" else tempfile, fails, full)
    with pytest.warns(pt.PIDWarning, match=r"No space left.*not kept") as heard:
        found = mapped(own, cache_dir=folder)
    assert len(heard) == 1
    assert said(found) == said(plain)
    assert list(folder.iterdir()) == []  # half of an entry neither


def test_where_nothing_can_be_written_no_work_begins(tmp_path: Path) -> None:
    own, file = probe(tmp_path), tmp_path / "file"
    file.write_text("")
    for folder in (file, file / "below"):
        with pytest.raises(ValueError, match=r"cache_dir .*can't be written to"):
            mapped(own, cache_dir=folder)
    with pytest.raises(ValueError, match="cache_dir is empty"):
        mapped(own, cache_dir="")
    for wrong in (3, b"bytes", ["a"]):
        with pytest.raises(TypeError, match="cache_dir must be the path of a folder"):
            mapped(own, cache_dir=wrong)
    assert own.lines() == []


def test_a_folder_that_goes_away_costs_no_answer(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    cache.folder.rmdir()
    cache.put("a", b"1")
    with pytest.warns(pt.PIDWarning, match="not kept"):
        cache.warn_of_trouble()
    cache.put("b", b"2")
    assert cache.get("a") is None


def test_what_was_left_half_written_is_cleared_up(tmp_path: Path) -> None:
    old, young = (tmp_path / f"{_cache.WRITING}{name}" for name in ("old", "young"))
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    Cache(tmp_path)
    assert not old.exists()
    assert young.exists()


def test_names_of_tasks() -> None:
    a = np.arange(6.0)
    assert key_of(a) == key_of(a.copy()) == key_of(a[::-1][::-1])
    different: list[Any] = [
        a,
        a.reshape(2, 3),
        a.reshape(3, 2),
        a.astype(np.float32),
        a[::-1],
        -a,
        None,
        "a",
    ]
    different += [("a", "b"), ("ab",), (("a",), "b"), 1, 1.0, True, "1"]
    assert len({key_of(own) for own in different}) == len(different)
    big = np.arange(3_000_000).reshape(-1, 2)
    assert key_of(big) == key_of(np.asfortranarray(big))
    other = big.copy()
    other[-1, -1] = 0
    assert key_of(big) != key_of(other)


def test_layers_that_hear_others_and_their_synergy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, folder = probe(tmp_path), tmp_path / "cache"
    plain = mapped(own, ordered=True, synergy=True)
    first = mapped(own, ordered=True, synergy=True, cache_dir=folder)
    monkeypatch.setattr(Probe, "_joint", None)  # which a pair with synergy would call
    monkeypatch.setattr(Probe, "taught", None)
    again = mapped(own, ordered=True, synergy=True, cache_dir=folder)
    assert said(plain) == said(first) == said(again)


@pytest.mark.slow
def test_rankings_and_traces_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, folder = probe(tmp_path), tmp_path / "cache"
    steps = [STUDENT["s0"], STUDENT["s1"], STUDENT["s1"] + np.float32(0.1)]
    ranked = [
        pt.rank_teachers(TEACHER, STUDENT["s0"], Y, estimator=own, cache_dir=at)
        for at in (None, folder)
    ]
    traced = [
        pt.distillation_trace(TEACHER["t1"], steps, Y, estimator=own, cache_dir=at)
        for at in (None, folder)
    ]
    monkeypatch.setattr(Probe, "taught", None)
    ranked.append(pt.rank_teachers(TEACHER, STUDENT["s0"], Y, estimator=own, cache_dir=folder))
    traced.append(pt.distillation_trace(TEACHER["t1"], steps, Y, estimator=own, cache_dir=folder))
    assert len({said(each) for each in ranked}) == 1
    assert len({said(each) for each in traced}) == 1


@pytest.mark.parametrize("estimator", ["kmeans", "knn", "gaussian", "binning"])
def test_every_estimator_can_be_kept(estimator: str, tmp_path: Path) -> None:
    y = TEACHER["t1"][:, 2].astype(float) if estimator == "gaussian" else Y
    width = 1 if estimator == "binning" else 2  # more would leave rows alone in their cells
    one, other = ({k: X[:, :width] for k, X in part.items()} for part in (TEACHER, STUDENT))
    found = [
        pt.distillation_map(one, other, y, estimator=estimator, synergy=True, cache_dir=at)
        for at in (None, tmp_path, tmp_path)
    ]
    assert len({said(each) for each in found}) == 1
    assert len(list(tmp_path.iterdir())) >= 4


def test_what_went_wrong_is_tried_again(tmp_path: Path) -> None:
    own = probe(tmp_path)
    np.save(tmp_path / "late.npy", TEACHER["t1"])
    path = tmp_path / "t1.npy"
    given = {"teacher_layers": {"t0": TEACHER["t0"], "t1": path}}
    assert mapped(own, cache_dir=tmp_path / "cache", **given).failed
    (tmp_path / "late.npy").rename(path)
    assert not mapped(own, cache_dir=tmp_path / "cache", **given).failed


def test_what_is_warned_of_is_said_again(tmp_path: Path) -> None:
    heard = []
    for _ in range(2):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            pt.distillation_map(TEACHER, STUDENT, Y, estimator="binning", cache_dir=tmp_path)
        heard.append([str(each.message) for each in caught])
    assert heard[0] == heard[1] != []


def test_a_bar_says_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    own = probe(tmp_path)
    mapped(own, cache_dir=tmp_path / "cache", teacher_layers={"t0": TEACHER["t0"]})

    class Heard(_progress._Frame):
        def __setattr__(self, name: str, value: Any) -> None:
            if name == "name":
                told.append(value)
            super().__setattr__(name, value)

    monkeypatch.setattr(_progress, "_Frame", Heard)
    monkeypatch.setattr("sys.stderr", io.StringIO())
    mapped(own, cache_dir=tmp_path / "cache", progress=True)
    assert "looking at layer 4 of 4 (3 of 4 from the cache)" in told


def test_the_command_line_keeps_too(tmp_path: Path) -> None:
    np.save(tmp_path / "t.npy", TEACHER["t0"])
    np.save(tmp_path / "s.npy", STUDENT["s0"])
    np.save(tmp_path / "y.npy", Y)
    t, s, y = (str(tmp_path / f"{name}.npy") for name in "tsy")
    calls = [
        ["map", y, "--teacher", f"a={t}", "--student", f"b={s}"],
        ["rank", s, y, "--teacher", f"a={t}"],
        ["trace", t, y, s.replace("s.npy", "s-0.npy")],
    ]
    np.save(tmp_path / "s-0.npy", STUDENT["s0"])
    for call in calls:
        at = tmp_path / f"cache-{call[0]}"
        arguments = [*call, "--estimator", "kmeans", "--cache-dir", str(at)]
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
        assert len(list(at.glob("*.task"))) == 2, call
    refused = CliRunner().invoke(app, [*calls[0], "--cache-dir", t])
    assert refused.exit_code == 1
    assert "cache_dir" in refused.output


# A map of slow layers, to be interrupted.
SLOW = """
import signal
import sys
from pathlib import Path
import pidtools as pt
from deadly import CountingProbe, layers
if __name__ == "__main__":
    # What runs in the background of a shell is started with interrupts ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    teacher, student, y = layers()
    own = CountingProbe(experts=("lda",), log="log", seconds=float(sys.argv[1]))
    print(pt.distillation_map(
        teacher, student, y, estimator=own, n_jobs=int(sys.argv[2]), cache_dir="cache"
    ).to_dict())
"""


def started(folder: Path, n_jobs: int, out: str) -> subprocess.Popen[bytes]:
    """In a session of its own; workers that it leaves would hold a pipe open."""
    (folder / "program.py").write_text(SLOW)
    path = os.pathsep.join([*sys.path, str(Path(__file__).parent)])
    with open(folder / out, "wb") as file:
        return subprocess.Popen(
            [sys.executable, "-W", "ignore", "program.py", "0.6", str(n_jobs)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path},
            stdout=file,
            stderr=file,
            start_new_session=True,
        )


def members(group: int) -> list[int]:
    """Processes of a group that are alive."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, own = path.read_text().rsplit(")", 1)[1].split()[:3]
        except OSError:
            continue
        if int(own) == group and state != "Z":
            found.append(int(path.parent.name))
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")
@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("name", ["SIGINT", "SIGKILL"])
def test_an_interrupted_map_goes_on(name: str, n_jobs: int, tmp_path: Path) -> None:
    process = started(tmp_path, n_jobs, "first")
    cache = tmp_path / "cache"
    ends = time.monotonic() + 120
    while len(list(cache.glob("*.task"))) < 2 and time.monotonic() < ends:
        time.sleep(0.02)
        assert process.poll() is None, (tmp_path / "first").read_text()
    process.send_signal(getattr(signal, name))  # to that process alone
    assert process.wait(60) != 0
    if name == "SIGINT":
        assert "KeyboardInterrupt" in (tmp_path / "first").read_text()
        ends = time.monotonic() + 20
        while members(process.pid) and time.monotonic() < ends:
            time.sleep(0.1)
        assert members(process.pid) == []
    else:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    kept = {path.name: path.stat().st_mtime_ns for path in cache.glob("*.task")}
    assert 2 <= len(kept) < 6
    (tmp_path / "log").unlink()
    again = started(tmp_path, n_jobs, "second")
    assert again.wait(120) == 0, (tmp_path / "second").read_text()
    assert "distillable" in (tmp_path / "second").read_text()
    assert len((tmp_path / "log").read_text().splitlines()) == 6 - len(kept)
    after = {path.name: path.stat().st_mtime_ns for path in cache.glob("*.task")}
    assert len(after) == 6
    assert kept.items() <= after.items()


def test_an_estimator_of_the_program_itself_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CountingProbe, "__module__", "__main__")
    with pytest.warns(pt.PIDWarning, match=r"nothing is kept in cache_dir. Define it in a module"):
        mapped(probe(tmp_path), cache_dir=tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []
