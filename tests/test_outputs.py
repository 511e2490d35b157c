"""Where outputs go: files are replaced whole, everything else is written through."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import NoReturn

import pytest

from pidtools import _outputs

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")


def put(path: Path, content: bytes = b"new") -> None:
    _outputs.check_writable(path)
    _outputs.write(path, lambda made: made.write_bytes(content))


def test_a_new_file_and_nothing_else(tmp_path: Path) -> None:
    put(tmp_path / "out.json")
    assert [p.name for p in tmp_path.iterdir()] == ["out.json"]
    assert (tmp_path / "out.json").read_bytes() == b"new"


def test_what_makes_the_file_sees_its_ending(tmp_path: Path) -> None:
    _outputs.write(tmp_path / "a.svg", lambda made: made.write_text(made.suffix))
    assert (tmp_path / "a.svg").read_text() == ".svg"


@posix
@pytest.mark.parametrize("mode", [0o600, 0o664])
def test_a_file_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    path.chmod(mode)
    put(path)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", mode)


@posix
def test_links_are_followed_and_stay(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / "old.json").write_bytes(b"old")
    for name, target in (("one", "shared/old.json"), ("two", "one"), ("new", "shared/new.json")):
        (tmp_path / name).symlink_to(target)
    put(tmp_path / "two", b"second")
    put(tmp_path / "new", b"first")
    assert all((tmp_path / name).is_symlink() for name in ("one", "two", "new"))
    assert (folder / "old.json").read_bytes() == b"second"
    assert (folder / "new.json").read_bytes() == b"first"


@posix
def test_a_file_of_two_names_stays_one(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"older")
    os.link(tmp_path / "a", tmp_path / "b")
    put(tmp_path / "a")
    assert (tmp_path / "b").read_bytes() == b"new"


@posix
def test_a_pipe_is_written_through(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
    reader.start()
    put(pipe, b"x" * 200_000)
    reader.join(10)
    assert got == [b"x" * 200_000]
    assert pipe.is_fifo()


@posix
def test_standard_output_by_its_name(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from pidtools import _outputs; "
        "print('one', flush=True); "
        "_outputs.write(Path('/dev/stdout'), lambda made: made.write_text('two\\n')); "
        "print('three')"
    )
    with (tmp_path / "all").open("wb") as file:
        subprocess.run([sys.executable, "-c", code], stdout=file, check=True)
    assert (tmp_path / "all").read_text() == "one\ntwo\nthree\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is full")
def test_no_space_left_on_a_device() -> None:
    with pytest.raises(OSError, match=r"/dev/full could not be written \(No space left"):
        put(Path("/dev/full"))
    assert Path("/dev/full").is_char_device()


def test_no_space_left_leaves_the_old_file(tmp_path: Path) -> None:
    def fill(made: Path) -> NoReturn:
        made.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "out"
    path.write_bytes(b"old")
    with pytest.raises(OSError, match="out could not be written") as error:
        _outputs.write(path, fill)
    assert error.value.errno == errno.ENOSPC
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("place", [".", "no/such/folder/out"])
def test_folders_and_what_has_none_are_refused(tmp_path: Path, place: str) -> None:
    with pytest.raises(ValueError, match=r"choose another place|give a file name"):
        _outputs.check_writable(tmp_path / place)


@posix
def test_a_circle_of_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(ValueError, match="circle"):
        _outputs.check_writable(tmp_path / "a")


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_file_that_may_not_be_written_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.touch(0o400)
    with pytest.raises(ValueError, match="Permission denied"):
        _outputs.check_writable(path)
