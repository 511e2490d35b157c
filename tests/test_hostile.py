"""Answers where the surroundings are hostile: those of a plain process, to the last digit."""

from __future__ import annotations

import compileall
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers import Answers, printed

import pidtools
import pidtools._compiled.jit
from pidtools._compiled import folders

BATTERY = Path(__file__).parent / "battery.py"
PACKAGE = Path(pidtools.__file__).parent


def answers(
    *words: str, path: Path = PACKAGE.parent, options: tuple[str, ...] = (), **env: str
) -> Answers:
    """What the battery prints in a process of its own, with the package from a path."""
    program = shutil.copy(BATTERY, env.pop("folder")) if "folder" in env else BATTERY
    done = subprocess.run(
        [sys.executable, *options, str(program), *words],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(path), **env},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert found["file"].startswith(str(path))
    numbers: Answers = found["answers"]
    return numbers


@pytest.fixture(scope="module")
def plain() -> Answers:
    return answers("short")


@pytest.fixture(scope="module")
def plain_and_long() -> Answers:
    return answers()


@pytest.fixture
def warm(tmp_path: Path) -> str:
    """A NUMBA_CACHE_DIR that holds what the package has compiled so far."""
    place = next(folders.folders(create=True))
    shutil.copytree(place, tmp_path / "warm" / "pidtools")
    return str(tmp_path / "warm")


def sources(folder: Path) -> Path:
    """A copy of the package that has never run."""
    shutil.copytree(PACKAGE, folder / "pidtools", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def archive(folder: Path) -> Path:
    return Path(shutil.make_archive(str(folder / "library"), "zip", sources(folder / "sources")))


def bytecode(folder: Path) -> Path:
    """A copy of the package without its sources."""
    place = sources(folder / "bytecode")
    assert compileall.compile_dir(place, quiet=1, legacy=True)
    for source in place.rglob("*.py"):
        source.unlink()
    return place


# --- a short battery, on every run ----------------------------------------------------------


@pytest.mark.slow
def test_warnings_and_rounding_that_raise_change_nothing_in_a_thread(plain: Answers) -> None:
    assert answers("short", "raise", "errors", "thread", options=("-W", "error")) == plain


@pytest.mark.slow
def test_an_archive_answers_and_finds_what_was_compiled(
    plain: Answers, tmp_path: Path, warm: str
) -> None:
    before = set(Path(warm, "pidtools").iterdir())
    assert answers("short", path=archive(tmp_path), NUMBA_CACHE_DIR=warm) == plain
    assert set(Path(warm, "pidtools").iterdir()) == before


# --- the whole battery ----------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "options"),
    [
        ((), ("-W", "error")),
        ((), ("-OO",)),
        ((), ("-X", "dev")),
        (("raise",), ()),
        (("errors", "raise", "thread"), ("-W", "error")),
        (("spawn",), ()),
        (("one-core",), ()),
    ],
    ids=lambda words: " ".join(words) or "plain",
)
def test_settings_change_nothing(
    plain_and_long: Answers, words: tuple[str, ...], options: tuple[str, ...]
) -> None:
    if "one-core" in words and not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system can't keep a process to one core")
    assert answers(*words, options=options) == plain_and_long


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_order_of_sets_changes_nothing(plain_and_long: Answers, seed: str) -> None:
    assert answers(PYTHONHASHSEED=seed) == plain_and_long


@pytest.mark.slow
@pytest.mark.parametrize("form", [archive, bytecode])
@pytest.mark.parametrize("words", [(), ("spawn",)])
def test_archives_and_bytecode_answer(
    plain_and_long: Answers, tmp_path: Path, form: Callable[[Path], Path], words: tuple[str, ...]
) -> None:
    tmp_path.joinpath("program").mkdir()
    found = answers(
        *words,
        path=form(tmp_path),
        folder=str(tmp_path / "program"),
        XDG_CACHE_HOME=str(tmp_path / "cache"),
    )
    assert found == plain_and_long


@pytest.mark.slow
def test_a_spawned_worker_of_a_program_without_a_file_answers() -> None:
    program = (
        "import multiprocessing as m, pidtools as pt\n"
        "with m.get_context('spawn').Pool(1) as pool:\n"
        "    print(pool.apply(pt.broja, ([[[.5, 0], [0, 0]], [[0, 0], [0, .5]]],)).redundancy)"
    )
    assert printed(program) == "1.0"


@pytest.mark.slow
def test_numba_switched_off_and_nothing_compiled_yet(
    plain_and_long: Answers, tmp_path: Path
) -> None:
    assert answers(NUMBA_DISABLE_JIT="1", NUMBA_CACHE_DIR=str(tmp_path)) == plain_and_long


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="folders have no owners here")
def test_without_a_home_and_beside_a_closed_package_the_second_process_compiles_nothing(
    plain_and_long: Answers, tmp_path: Path
) -> None:
    """Temporary files are the last place where compiled code can be kept."""
    package = sources(tmp_path / "closed")
    (package / "pidtools" / "__pycache__").touch()  # closed also to root
    closed: dict[str, Any] = {
        "HOME": os.devnull,
        "TMPDIR": str(tmp_path),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    open_before = {name: os.environ.pop(name, "") for name in ("XDG_CACHE_HOME", "NUMBA_CACHE_DIR")}
    try:
        written = []
        for _ in range(2):
            assert answers(path=package, **closed) == plain_and_long
            files = (file for file in tmp_path.glob("pidtools-*/**/*") if file.is_file())
            written.append({file: file.stat().st_mtime_ns for file in files})
    finally:
        os.environ.update({name: value for name, value in open_before.items() if value})
    (place,) = tmp_path.glob("pidtools-*")
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert any(file.suffix == ".nbc" for file in written[0])
    assert written[1] == written[0]
