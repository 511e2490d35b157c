"""Where compiled code is kept, whose it may be, and how versions of it are told apart."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

import pidtools
from pidtools._compiled import folders

owners = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="folders have no owners here")


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No folder but one among the temporary files."""
    (tmp_path / "file").touch()
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setattr(folders, "__file__", str(tmp_path / "file" / "kernels" / "folders.py"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path / f"pidtools-{os.geteuid()}"


def places(**options: Any) -> list[Path]:
    return list(folders.folders(**options))


@owners
def test_the_last_place_is_a_closed_folder_among_temporary_files(nowhere: Path) -> None:
    beside = nowhere.parent / "file" / "__pycache__"
    assert places() == [beside]
    assert places(create=True) == [nowhere]
    assert stat.S_IMODE(nowhere.stat().st_mode) == 0o700
    assert places() == [beside, nowhere]


@owners
@pytest.mark.parametrize("mode", [0o755, 0o710, 0o701, 0o777])
def test_a_folder_that_others_see_into_is_left_alone(nowhere: Path, mode: int) -> None:
    nowhere.mkdir()
    nowhere.chmod(mode)
    assert nowhere not in places()
    assert places(create=True) == []


@owners
def test_a_link_to_an_own_folder_is_left_alone(nowhere: Path) -> None:
    aside = nowhere.parent / "aside"
    aside.mkdir(mode=0o700)
    nowhere.symlink_to(aside)
    assert nowhere not in places()
    assert places(create=True) == []


@owners
def test_a_folder_of_another_user_is_left_alone(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    other = nowhere.parent / f"pidtools-{me + 1}"
    other.mkdir(mode=0o700)
    assert other not in places()
    assert places(create=True) == []


@owners
@pytest.mark.parametrize(("mode", "safe"), [(0o777, False), (0o1777, True), (0o755, True)])
def test_folders_that_others_could_put_in_its_place_are_left_alone(
    nowhere: Path, mode: int, safe: bool
) -> None:
    nowhere.parent.chmod(mode)
    assert (nowhere in places(create=True)) is safe
    nowhere.parent.chmod(0o755)


@owners
def test_the_home_of_another_user_holds_no_code_to_run(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As under sudo, which may keep the HOME of who called it."""
    home = nowhere.parent / "home"
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    assert home / "pidtools" in places(create=True)
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    assert home / "pidtools" not in places(create=True)


def test_a_chosen_folder_comes_first(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "chosen"))
    assert places(create=True)[0] == tmp_path / "chosen" / "pidtools"


DIGEST = """
from pidtools._compiled.folders import digest
print(digest("text"))
"""


def digest_of(path: Path, *options: str, **env: str) -> str:
    done = subprocess.run(
        [sys.executable, *options, "-c", DIGEST],
        capture_output=True,
        text=True,
        check=True,
        cwd=path.parent,
        env={**os.environ, "PYTHONPATH": str(path), **env},
    )
    return done.stdout


@pytest.mark.slow
def test_the_digest_is_that_of_the_code_wherever_it_lies(tmp_path: Path) -> None:
    package = Path(pidtools.__file__).parent
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(package, tmp_path / "copy" / "pidtools", ignore=ignored)
    archive = Path(shutil.make_archive(str(tmp_path / "library"), "zip", tmp_path / "copy"))
    here = digest_of(package.parent)
    assert digest_of(package.parent, NUMBA_OPT="0") != here
    assert digest_of(archive) == here
    assert digest_of(tmp_path / "copy", "-OO") == here
    with (tmp_path / "copy/pidtools/_broja/kernels/schur.py").open("a") as source:
        source.write("# another version\n")
    assert digest_of(tmp_path / "copy") != here


def test_kernels_use_no_code_of_ours_that_the_digest_leaves_out() -> None:
    package = Path(pidtools.__file__).parent
    rooms = [*package.rglob("kernels/*.py"), *package.rglob("kernels.py")]
    rooms += package.glob("_compiled/*.py")
    imported = {
        (room.name, name)
        for room in rooms
        for name in re.findall(r"^ *from pidtools\.([\w.]+)", room.read_text(), re.M)
    }
    assert imported
    assert [each for each in imported if not {*folders.ROOMS} & {*each[1].split(".")}] == []


def test_the_digest_knows_versions_and_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert folders.digest("0.62.0") != folders.digest("0.62.1")
    before = folders.digest("0.62.0")
    monkeypatch.setenv("NUMBA_OPT", "1")
    assert folders.digest("0.62.0") != before
