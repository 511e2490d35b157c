"""Kernels as machine code: found in a cache, compiled where there is none."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pidtools._broja import compiled, native
from pidtools._broja.kernels.headers import Support

SOLVE = """
import sys
import numpy as np
import pidtools as pt
pt.broja(np.random.default_rng(0).dirichlet(np.ones(27)).reshape(3, 3, 3))
print([name for name in ("numba", "scipy", "joblib") if name in sys.modules])
"""


def listed_entries(kernel: native.Kernel) -> tuple[int, int]:
    """Numbers of cells and entries of two values a side and two classes, by `build_support`."""
    classes, start = np.array([0, 1, 1], np.int32), np.array([0, 2, 3], np.int32)
    room = (np.empty(n, np.int32) for n in (4, 4, 5, 5, 5))
    header = native.Header(
        Support(2, 2, 2, 3, 3, 4, 5, classes, classes, start, start.copy(), *room)
    )
    kernel(header)
    return int(header.words[5]), int(header.words[6])


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
    monkeypatch.setattr(native, "folders", lambda create=False: existing(places, create))
    return places


def new_kernel() -> native.Kernel:
    return native.Kernel("support", "build_support")


def test_object_files_go_to_the_first_folder_that_takes_them(folders: tuple[Path, Path]) -> None:
    assert listed_entries(new_kernel()) == (4, 5)
    (file,) = folders[1].iterdir()
    assert file.name.startswith("support.build_support-")
    assert file.stat().st_mode & 0o444 == 0o444
    before = file.stat().st_mtime_ns
    assert listed_entries(new_kernel()) == (4, 5)
    assert file.stat().st_mtime_ns == before


def test_damaged_object_files_are_replaced(folders: tuple[Path, Path]) -> None:
    assert listed_entries(new_kernel()) == (4, 5)
    (file,) = folders[1].iterdir()
    whole = file.read_bytes()
    for damaged in (b"not machine code", whole[:-1], b""):
        file.write_bytes(damaged)
        assert listed_entries(new_kernel()) == (4, 5)
        assert file.read_bytes()[:32] == hashlib.sha256(file.read_bytes()[32:]).digest()


def test_without_any_folder_kernels_are_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "folders", lambda create=False: iter(()))
    assert listed_entries(new_kernel()) == (4, 5)


def test_a_later_process_needs_neither_numba_nor_scipy() -> None:
    command = [sys.executable, "-c", SOLVE]
    for _ in range(2):  # The first may have to compile.
        answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_what_a_kernel_calls_is_known_or_refused() -> None:
    from pidtools._broja.kernels import compiler

    def tangent(h: Any) -> None:
        h[0] = int(np.tan(float(h[0])))

    # A refusal, no stub: to run code whose calls can't be found would crash the process.
    with pytest.raises(NotImplementedError, match=r"calls tan, which a cached kernel can't find"):
        compiler.object_code(tangent, native.target_machine())


BY_TWO = """
import sys
import joblib
from pidtools._broja import compiled
from pidtools._broja.native import Kernel
joblib.cpu_count = lambda: 2
compile_here, done_here = Kernel._compiled, []
Kernel._compiled = lambda kernel: done_here.append(kernel.name) or compile_here(kernel)
here, elsewhere = Kernel("support", "build_support"), Kernel("hull", "upper_hull")
interpreter = sys.executable
for sys.executable in sys.argv[1:] or [interpreter]:
    compiled.prepare([here], [elsewhere])
print(done_here, here.linked, elsewhere.linked)
"""


@pytest.fixture
def without_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package that has never run."""
    source = Path(native.__file__).parents[1]
    shutil.copytree(source, tmp_path / "pidtools", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.mark.parametrize(
    ("interpreters", "compiled_here"),
    [
        ([], ["build_support"]),
        ([""], ["build_support", "upper_hull"]),
        (["no-such-interpreter"], ["build_support", "upper_hull"]),
    ],
)
def test_kernels_are_compiled_by_two_processes_or_by_one(
    without_cache: Path, interpreters: list[str], compiled_here: list[str]
) -> None:
    command = [sys.executable, "-c", BY_TWO, *interpreters]
    answer = subprocess.run(command, cwd=without_cache, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == f"{compiled_here} True True"


def test_threads_link_a_kernel_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine owns the code; `cached_property` has no lock from Python 3.12 on."""
    kernel, linked, start = new_kernel(), list[bytes](), threading.Barrier(8)
    link = native._linked

    def counted(code: bytes) -> Any:
        linked.append(code)
        return link(code)

    monkeypatch.setattr(native, "_linked", counted)
    without_lock = vars(native.Kernel)["address"].func
    found = []

    def work() -> None:
        start.wait(10)
        found.append(without_lock(kernel))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(linked) == 1
    assert len(set(found)) == 1
    assert listed_entries(kernel) == (4, 5)


def test_a_second_process_that_hangs_is_given_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sleeper = tmp_path / "python-that-sleeps"
    sleeper.write_text("#!/bin/sh\nexec sleep 60\n")
    sleeper.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(sleeper))
    monkeypatch.setattr("joblib.cpu_count", lambda: 2)
    monkeypatch.setattr(compiled, "PATIENCE", 0.1)
    monkeypatch.setattr(native.Kernel, "available", False)
    here, elsewhere = new_kernel(), new_kernel()
    compiled.prepare([here], [elsewhere])
    assert here.linked
    assert elsewhere.linked


def test_no_file_is_left_where_it_cannot_be_put(
    monkeypatch: pytest.MonkeyPatch, folders: tuple[Path, Path]
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("another process has the file open")

    monkeypatch.setattr(Path, "replace", refuse)
    assert listed_entries(new_kernel()) == (4, 5)
    assert list(folders[1].iterdir()) == []
