"""Kernels of one header: found where compiled code is kept, compiled where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

import pidtools
from pidtools._broja import roster
from pidtools._broja.kernels import headers
from pidtools._compiled import jit, pointers
from pidtools._compiled.header import Header
from pidtools._compiled.kernel import Kernel

SOLVE = """
import sys
import numpy as np
import pidtools as pt
pt.broja(np.random.default_rng(0).dirichlet(np.ones(27)).reshape(3, 3, 3))
print([name for name in ("sklearn", "scipy.linalg", "cffi", "joblib") if name in sys.modules])
"""


def existing(places: Sequence[Path], create: bool) -> Iterator[Path]:
    for place in places:
        with suppress(OSError):
            if create:
                place.mkdir(exist_ok=True)
            yield place


@pytest.fixture
def folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[Path, Path]:
    """A place where nothing can be written, and one where it can."""
    (tmp_path / "file").touch()
    places = tmp_path / "file" / "inside", tmp_path / "cache"
    monkeypatch.setattr(jit, "folders", lambda create=False: existing(places, create))
    return places


def compile_sum(h):  # type: ignore[no-untyped-def]
    h[2] = h[0] + h[1]


def new_kernel() -> Kernel:
    """A kernel that no process has met before."""
    new = pointers.entry(compile_sum)
    return Kernel(lambda: new)


def total(kernel: Kernel) -> int:
    header = Header((2, 3, 0))
    kernel(header)
    return int(header.words[2])


def test_machine_code_goes_to_the_first_folder_that_takes_it(folders: tuple[Path, Path]) -> None:
    first, second = new_kernel(), new_kernel()
    assert not first.available
    assert total(first) == 5
    files = sorted(folders[1].iterdir())
    assert [file.suffix for file in files] == [".nbc", ".nbi"]
    assert all(f"{__name__}.compile_sum-" in file.name for file in files)
    before = [file.stat().st_mtime_ns for file in files]
    assert second.available
    assert not second.linked
    assert total(second) == 5
    assert [file.stat().st_mtime_ns for file in files] == before


def test_damaged_machine_code_is_replaced(folders: tuple[Path, Path]) -> None:
    assert total(new_kernel()) == 5
    for file in folders[1].iterdir():
        whole = file.read_bytes()
        for damaged in (b"not machine code", whole[: len(whole) // 2], b""):
            file.write_bytes(damaged)
            assert total(new_kernel()) == 5
            before = file.stat().st_mtime_ns
            assert total(new_kernel()) == 5
            assert file.stat().st_mtime_ns == before
            assert file.stat().st_size > len(whole) // 2


def test_without_any_folder_kernels_are_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "folders", lambda create=False: iter(()))
    assert total(new_kernel()) == 5


@pytest.mark.slow
def test_a_later_process_loads_little() -> None:
    """Numba itself, yet none of what it imports to compile."""
    command = [sys.executable, "-c", SOLVE]
    for _ in range(2):  # The first may have to compile.
        answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


BY_TWO = """
import sys
import joblib
from pidtools._broja import roster
from pidtools._broja.kernels import headers
from pidtools._broja.roster import BUILD_SUPPORT, UPPER_HULL
joblib.cpu_count = lambda: 2
roster.HERE, roster.ELSEWHERE = [BUILD_SUPPORT], [UPPER_HULL]
roster.PROGRAM = "import sys; sys.path[:] = {path!r}\\n" + (
    "from pidtools._broja.roster import UPPER_HULL; UPPER_HULL.link()"
)
interpreter = sys.executable
for sys.executable in sys.argv[1:] or [interpreter]:
    roster.prepare()
hits = [each._entry()._compiled.cache_hits for each in (BUILD_SUPPORT, UPPER_HULL)]
print(hits, BUILD_SUPPORT.linked, UPPER_HULL.linked)
"""


@pytest.fixture
def without_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package that has never run."""
    source = Path(pidtools.__file__).parent
    shutil.copytree(source, tmp_path / "pidtools", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.mark.parametrize(
    ("interpreters", "found"),
    [([], [0, 1]), ([""], [0, 0]), (["no-such-interpreter"], [0, 0])],
)
@pytest.mark.slow
def test_kernels_are_compiled_by_two_processes_or_by_one(
    without_cache: Path, interpreters: list[str], found: list[int]
) -> None:
    command = [sys.executable, "-c", BY_TWO, *interpreters]
    answer = subprocess.run(command, cwd=without_cache, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == f"{found} True True"


def test_threads_link_a_kernel_once() -> None:
    """`cached_property` has no lock from Python 3.12 on."""
    linked: list[int] = []

    class Slow:
        def link(self) -> int:
            linked.append(len(linked))
            time.sleep(0.05)
            return len(linked)

        def kept(self) -> bool:
            return False

    kernel, start, found = Kernel(Slow), threading.Barrier(8), []
    without_lock = vars(Kernel)["address"].func

    def work() -> None:
        start.wait(10)
        found.append(without_lock(kernel))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert linked == [0]
    assert found == [1] * 8


def test_a_second_process_that_hangs_is_given_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sleeper = tmp_path / "python-that-sleeps"
    sleeper.write_text("#!/bin/sh\nexec sleep 60\n")
    sleeper.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(sleeper))
    monkeypatch.setattr("joblib.cpu_count", lambda: 2)
    monkeypatch.setattr(jit, "folders", lambda create=False: iter(()))
    here, elsewhere = new_kernel(), new_kernel()
    for name, new in (("PATIENCE", 0.1), ("HERE", [here]), ("ELSEWHERE", [elsewhere])):
        monkeypatch.setattr(roster, name, new)
    roster.prepare()
    assert here.linked
    assert elsewhere.linked


def test_no_file_is_left_where_it_cannot_be_put(
    monkeypatch: pytest.MonkeyPatch, folders: tuple[Path, Path]
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("another process has the file open")

    monkeypatch.setattr(os, "replace", refuse)
    assert total(new_kernel()) == 5
    assert list(folders[1].iterdir()) == []


def test_sizes_stand_where_the_kernels_write_them() -> None:
    sizes = headers.Support._fields[: headers.N_ENTRIES + 1]
    assert [vars(headers)[name.upper()] for name in sizes] == list(range(len(sizes)))
    # `run` of a batch is written to as well.
    assert (headers.Solve._fields[0], headers.Problem._fields[0]) == ("problem", "support")
