"""Everything that writes a file: through links and pipes, whole or not at all, by its name."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import pidtools as pt
from pidtools import _outputs, cli, plot
from pidtools.demo import save_array

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")

Y = np.arange(60) % 3
RESULT = pt.distillable_knowledge(Y, Y // 2, Y)
COMPARED = pt.compare_students(Y, Y // 2, Y, Y, confidence_level=None)
MAP = pt.distillation_map({"a": Y}, {"b": Y // 2}, Y)
TRACE = pt.distillation_trace(Y, [Y // 2, Y], Y)
OLD = b"what was there before"

Writer = Callable[[Path], Any]


def command(*options: str) -> Writer:
    """A command that writes its output to a path after these options."""

    def write(path: Path) -> None:
        names = [str(INPUTS[0] / f"{name}.npy") for name in "TSY"]
        found = CliRunner().invoke(cli.app, ["measure", *names, *options, str(path)])
        if found.exit_code:
            raise OSError(found.stderr)

    return write


INPUTS: list[Path] = []


@pytest.fixture(autouse=True, scope="module")
def _inputs(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("inputs")
    for name, array in (("T", Y), ("S", Y // 2), ("Y", Y)):
        np.save(folder / f"{name}.npy", array)
    INPUTS[:] = [folder]


def page(path: Path) -> None:
    pytest.importorskip("plotly")
    pt.report(RESULT, path=path)


WRITERS: dict[str, tuple[str, Writer]] = {
    "save_atoms": ("a.png", lambda path: plot.save_atoms(RESULT, path)),
    "save_comparison": ("a.svg", lambda path: plot.save_comparison(COMPARED, path)),
    "save_map": ("a.png", lambda path: plot.save_map(MAP, path)),
    "save_trace": ("a.png", lambda path: plot.save_trace(TRACE, path)),
    "save_where": ("a.png", lambda path: plot.save_where(RESULT, path)),
    "save_array": ("a.npy", lambda path: save_array(path, np.arange(5000))),
    "report": ("a.html", page),
    "--json": ("a.json", command("--json")),
    "--csv": ("a.csv", command("--csv")),
}


@contextmanager
def no_file_over(size: int) -> Iterator[None]:
    """As on a disk that is full: no file grows beyond so many bytes."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("writer", WRITERS)
def test_each_writes_through_links_and_leaves_what_it_can_t_replace(
    tmp_path: Path, writer: str
) -> None:
    """A link to a file of mode 600 that has two names; then with no room."""
    name, write = WRITERS[writer]
    path, held, other = tmp_path / name, tmp_path / "held", tmp_path / "other"
    held.write_bytes(OLD)
    held.chmod(0o600)
    os.link(held, other)
    path.symlink_to("held")
    with no_file_over(len(OLD) + 10), pytest.raises(OSError, match=name):
        write(path)
    assert other.read_bytes() == OLD
    write(path)
    assert path.is_symlink()
    assert other.read_bytes() == held.read_bytes() != OLD
    assert stat.S_IMODE(held.stat().st_mode) == 0o600
    assert {p.name for p in tmp_path.iterdir()} == {name, "held", "other"}


CHEAP = [name for name in WRITERS if name in ("save_array", "--json")]


@pytest.mark.parametrize("writer", CHEAP)
def test_no_room_leaves_a_plain_file_and_no_other(tmp_path: Path, writer: str) -> None:
    name, write = WRITERS[writer]
    path = tmp_path / name
    for old in (OLD, None):
        path.unlink(missing_ok=True)
        if old is not None:
            path.write_bytes(old)
        with no_file_over(100), pytest.raises(OSError, match=name):
            write(path)
        assert (path.read_bytes() if path.exists() else None) == old
        assert {p.name for p in tmp_path.iterdir()} <= {name}


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_a_plain_file_is_replaced_by_its_like(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(OLD)
    path.chmod(mode)
    before = path.stat()
    save_array(path, Y)
    after = path.stat()
    assert np.array_equal(np.load(path), Y)
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode,
        before.st_uid,
        before.st_gid,
    )


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives away")
def test_a_file_of_somebody_else_stays_theirs(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(OLD)
    os.chown(path, 12345, 23456)
    path.chmod(0o2640)
    save_array(path, Y)
    found = path.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (12345, 23456, 0o2640)


def test_what_can_t_be_made_alike_is_written_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for a group's file whose owner is somebody else."""
    path = tmp_path / "a.npy"
    path.write_bytes(OLD)
    before = path.stat().st_ino
    monkeypatch.setattr(_outputs, "_made_like", lambda partial, old: False)
    save_array(path, Y)
    assert path.stat().st_ino == before
    assert np.array_equal(np.load(path), Y)
    assert [p.name for p in tmp_path.iterdir()] == ["a.npy"]


@pytest.mark.parametrize("writer", CHEAP)
def test_a_pipe_gets_it_and_stays(tmp_path: Path, writer: str) -> None:
    name, write = WRITERS[writer]
    pipe, got = tmp_path / name, []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write(pipe)
    reader.join(10)
    assert pipe.is_fifo()
    assert len(got[0]) > 100


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device")
@pytest.mark.parametrize("writer", CHEAP)
def test_devices_stay_devices(tmp_path: Path, writer: str) -> None:
    write, link = WRITERS[writer][1], tmp_path / "null"
    link.symlink_to("/dev/null")
    write(link)
    assert Path("/dev/null").is_char_device()
    link.unlink()
    link.symlink_to("/dev/full")
    with pytest.raises(OSError, match="null could not be written"):
        write(link)
    assert Path("/dev/full").is_char_device()


@pytest.mark.parametrize("place", [".", "none/a.png"])
def test_figures_are_refused_before_they_are_drawn(tmp_path: Path, place: str) -> None:
    with pytest.raises(ValueError, match=r"give a file name|can't be written"):
        plot.save_atoms(RESULT, tmp_path / place)
    with pytest.raises(ValueError, match="not supported"):
        plot.save_atoms(RESULT, tmp_path / "a.docx")
    assert list(tmp_path.iterdir()) == []


def test_a_figure_without_an_ending_is_a_png(tmp_path: Path) -> None:
    plot.save_atoms(RESULT, tmp_path / "a")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_a_partial_file_is_nobody_else_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link that stands where the new file is made is not followed."""
    monkeypatch.setattr("secrets.token_hex", lambda n: "0")
    (tmp_path / "victim").write_bytes(OLD)
    (tmp_path / ".a.0.npy").symlink_to("victim")
    with pytest.raises(OSError, match=r"a\.npy could not be written"):
        save_array(tmp_path / "a.npy", Y)
    assert (tmp_path / "victim").read_bytes() == OLD


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="mounts a disk")
def test_a_disk_that_is_full(tmp_path: Path) -> None:
    """On a disk of its own, where root may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("may not mount")
    try:
        path = disk / "a.npy"
        save_array(path, Y)
        with pytest.raises(OSError, match=r"a\.npy could not be written \("):
            save_array(path, np.arange(100_000))
        assert np.array_equal(np.load(path), Y)
        os.link(path, disk / "b.npy")
        with pytest.raises(OSError, match=r"a\.npy could not be written \("):
            save_array(path, np.arange(100_000))
        assert np.array_equal(np.load(disk / "b.npy"), Y)
        assert {p.name for p in disk.iterdir()} == {"a.npy", "b.npy"}
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(ValueError, match=r"a\.npy can't be written"):
            _outputs.check_writable(path)
    finally:
        subprocess.run(["umount", str(disk)], check=False)
