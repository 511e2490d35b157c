"""Kernels of arrays: compiled once, kept, found again, whatever numba was told."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

from pidtools._compiled import jit
from pidtools._types import Floats


def _double(x: int) -> int:
    return 2 * x


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder for kernels, the only one; and how often one was compiled."""
    monkeypatch.setattr(jit, "folders", lambda create=False: iter([tmp_path]))
    return tmp_path


def hits_of(kernel: Any) -> int:
    """How often the kernel was found and not compiled."""
    return sum(kernel.__closure__[0].cell_contents._cache_hits.values())


def test_a_kernel_is_compiled_once_and_found_again(kept: Path) -> None:
    first, second = jit.kernel(_double), jit.kernel(_double)
    assert (first(3), second(4)) == (6, 8)
    assert (hits_of(first), hits_of(second)) == (0, 1)


def test_processes_that_write_two_signatures_at_once_share_no_file(kept: Path) -> None:
    kernel = jit.kernel(_double)
    assert (kernel(3), kernel(0.5)) == (6, 1.0)
    names = {file.name.rpartition("py3")[2] for file in kept.iterdir()}
    assert len(names) == 4


def test_damaged_files_of_a_kernel_are_replaced(kept: Path) -> None:
    jit.kernel(_double)(3)
    for file in list(kept.iterdir()):
        whole = file.read_bytes()
        for damaged in (b"", b"nonsense", whole[: len(whole) // 2]):
            file.write_bytes(damaged)
            again = jit.kernel(_double)
            assert again(3) == 6
            assert hits_of(again) == 0
            after = jit.kernel(_double)
            assert after(3) == 6
            assert hits_of(after) == 1


def test_a_kernel_runs_where_there_is_no_place_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "folders", lambda create=False: iter([Path(os.devnull, "inside")]))
    assert jit.kernel(_double)(3) == 6


def test_a_kernel_is_compiled_where_numba_is_switched_off(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    kernel = jit.kernel(np_argmax)
    assert kernel(np.array([1.0, 5.0, 2.0])) == 1
    assert numba.config.DISABLE_JIT == 1
    assert numba.njit(_double) is _double  # the user's own functions stay as they are


def np_argmax(x: Floats) -> np.intp:
    return np.argmax(x)


def test_a_kernel_is_kept_where_numba_was_told_of_places_that_there_are_not(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numba.config, "CACHE_LOCATOR_CLASSES", "Nowhere", raising=False)
    assert jit.kernel(_double)(3) == 6
    assert len(list(kept.iterdir())) == 2


def test_threads_leave_the_switch_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    inside, ended = threading.Barrier(2), threading.Event()

    def first() -> None:
        with jit.compiler_on():
            inside.wait(10)
        ended.set()

    def second() -> None:
        with jit.compiler_on():
            inside.wait(10)
            ended.wait(10)
            seen.append(numba.config.DISABLE_JIT)

    seen: list[int] = []
    threads = [threading.Thread(target=each) for each in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [0]
    assert numba.config.DISABLE_JIT == 1
