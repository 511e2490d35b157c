"""Interrupts of a command: one way out, wherever they come."""

from __future__ import annotations

import importlib
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pidtools import _interrupts

LATER = 0.02

# What libraries do with each other: any error means that the other is not there.
TRIES_ANOTHER = """
import time

try:
    {pressed}
    time.sleep({seconds})
    is_there = True
except:  # bare, as where libraries lose an interrupt: what is tested
    is_there = False
"""


@pytest.fixture(autouse=True)
def _default_handler() -> Iterator[None]:
    """Of SIGINT, also where tests run in the background of a shell, which has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def _press(_: object = None) -> None:
    signal.raise_signal(signal.SIGINT)


def _module(folder: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, presses: int = 1) -> str:
    """A module that is interrupted while it loads, by its name."""
    pressed = "; ".join(["import signal"] + presses * ["signal.raise_signal(signal.SIGINT)"])
    (folder / "tries_another.py").write_text(TRIES_ANOTHER.format(pressed=pressed, seconds=seconds))
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "tries_another", raising=False)
    return "tries_another"


def test_who_interrupts_ends_with_one_code() -> None:
    with pytest.raises(SystemExit) as ended:
        _interrupts.run(_press)
    assert ended.value.code == _interrupts.INTERRUPTED
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_an_interrupt_was_turned_into_is_not_shown() -> None:
    def turned() -> None:
        try:
            _press()
        except KeyboardInterrupt:
            raise ImportError("initialization failed") from None

    with pytest.raises(SystemExit) as ended:
        _interrupts.run(turned)
    assert ended.value.code == _interrupts.INTERRUPTED


def test_an_interrupt_waits_until_a_module_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = _module(tmp_path, monkeypatch, 3 * _interrupts.AGAIN)

    def loads() -> None:
        importlib.import_module(name)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            time.sleep(LATER)
        raise AssertionError("the interrupt was lost")

    with pytest.raises(SystemExit) as ended:
        _interrupts.run(loads)
    assert ended.value.code == _interrupts.INTERRUPTED
    assert sys.modules[name].is_there


def test_a_second_interrupt_does_not_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = _module(tmp_path, monkeypatch, 0, presses=2)

    def loads() -> None:
        importlib.import_module(name)
        assert not sys.modules[name].is_there
        time.sleep(2 * _interrupts.AGAIN)  # no third one comes

    _interrupts.run(loads)


def test_modules_that_load_around_the_command_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "runs_it.py").write_text(
        "import signal\n"
        "from pidtools import _interrupts\n"
        "_interrupts.run(lambda: signal.raise_signal(signal.SIGINT))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SystemExit) as ended:
        importlib.import_module("runs_it")
    assert ended.value.code == _interrupts.INTERRUPTED


def test_an_interrupt_that_waits_ends_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = _module(tmp_path, monkeypatch, 0)
    _interrupts.run(lambda: importlib.import_module(name))
    time.sleep(2 * _interrupts.AGAIN)
    assert sys.modules[name].is_there


@pytest.mark.parametrize("ending", [SystemExit(3), ValueError("refused")])
def test_other_endings_get_through(ending: BaseException) -> None:
    def ends() -> None:
        raise ending

    with pytest.raises(type(ending)) as raised:
        _interrupts.run(ends)
    assert raised.value is ending
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("handler", [signal.SIG_IGN, print])
def test_other_handlers_are_left_alone(handler: object) -> None:
    signal.signal(signal.SIGINT, handler)  # type: ignore[arg-type]
    _interrupts.run(_press)
    assert signal.getsignal(signal.SIGINT) is handler


def test_in_another_thread_nothing_is_changed() -> None:
    seen: list[object] = []
    thread = threading.Thread(
        target=_interrupts.run, args=(lambda: seen.append(signal.getsignal(signal.SIGINT)),)
    )
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]
