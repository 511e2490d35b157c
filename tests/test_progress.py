"""How far long work is: told from inside, shown where somebody looks, and never in the answer."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from joblib import parallel_config

import pidtools as pt
from pidtools import _progress
from pidtools._progress import (
    COMPILING,
    UNCOUNTED,
    Lines,
    Notebook,
    Terminal,
    View,
    advance,
    plan,
    say,
    step,
)

RNG = np.random.default_rng(0)
Y = np.arange(240) % 3
T = np.eye(6)[Y] + RNG.normal(size=(240, 6))
S = T[:, :2] + RNG.normal(size=(240, 2))
PROBE = pt.Probe(experts=("lda",), n_cells=9)


class Time:
    """The clock of a test."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr(_progress, "time", time)
    return time


class Watched:
    """A surface that draws when it is asked to, and remembers."""

    period = 3600.0

    def __init__(self) -> None:
        self.views: list[View] = []
        self.ended: list[bool] = []

    def draw(self, view: View) -> None:
        self.views.append(view)

    def close(self, view: View, *, is_done: bool) -> None:
        self.ended.append(is_done)

    def look(self) -> View:
        clockwork = _progress._LISTENING.get()
        assert clockwork is not None
        return clockwork.view()


# --- what is told -------------------------------------------------------------------------------


def test_time_left_follows_the_parts_that_are_done(time: Time) -> None:
    watched = Watched()
    with _progress.shown(True, surface=watched):
        plan("all of it", {"a": 1.0, "b": 3.0})
        assert watched.look().left is None
        with step("a", 4) as done:
            time.now += 2
            done()
            # 2 s are a quarter of a, whose cost is a quarter of all.
            assert watched.look().left == pytest.approx(6 + 24)
            time.now += 3
            assert watched.look().left == pytest.approx(3 + 24)
            time.now += 3
            done(3)
        with step("b", 10, counted=True) as done:
            assert watched.look().left == pytest.approx(24)
            time.now += 6  # twice as fast as was thought
            done(5)
            found = watched.look()
            assert found.what == "b 6 of 10"
            assert found.left == pytest.approx(6)
    assert watched.ended == [True]


def test_long_work_is_announced_once_and_short_work_never(time: Time) -> None:
    watched = Watched()
    with _progress.shown(True, surface=watched):
        plan("20 things", {"a": None})
        with step("a", 20) as done:
            time.now += 0.2
            done()
            assert watched.look().announced == ""  # 4 s
            time.now += 1.8
            done()
            assert watched.look().announced == "about 20 seconds: 20 things"
            time.now += 100
            done()
            assert watched.look().announced == "about 20 seconds: 20 things"


def test_what_is_to_come_is_unknown_where_nothing_tells(time: Time) -> None:
    watched = Watched()
    with _progress.shown(True, surface=watched):
        plan("", {"look": 1.0, "resample": None})
        with step("look", 2) as done:
            time.now += 5
            done()
            assert watched.look().left is None
        with step("resample", 10) as done:
            time.now += 5
            done(5)
            assert watched.look().left == pytest.approx(5)


def test_steps_that_were_not_needed_cost_nothing(time: Time) -> None:
    watched = Watched()
    with _progress.shown(True, surface=watched):
        plan("", {"a": 1.0, "b": 100.0, "c": 1.0})
        with step("a"):
            time.now += 2
        with step("c"):
            assert watched.look().left == pytest.approx(2)


def test_parts_within_parts_count_for_their_share(time: Time) -> None:
    watched = Watched()
    with _progress.shown(True, surface=watched), step("layers", 10) as done:
        with step("", 4, span=6):
            time.now += 3
            advance(2, "fold 3 of 4")  # half of 6 of 10
            found = watched.look()
            assert found.what == "layers, fold 3 of 4"
            assert found.left == pytest.approx(7)
        done(6)
        assert watched.look().left == pytest.approx(3 / 0.6 - 3)


def test_compiling_is_said_and_is_no_measure_of_the_work(time: Time) -> None:
    watched = Watched()
    with _progress.shown(True, surface=watched), step("a", 2) as done:
        with _progress.uncounted(COMPILING):
            time.now += 30
            assert watched.look().what == "compiling, once on this computer"
        time.now += 2
        done()
        found = watched.look()
        assert (found.elapsed, found.what) == (32.0, "a")
        assert found.left == pytest.approx(2)
    assert UNCOUNTED.n_waiting == 0


def test_between_steps_there_is_what_was_said(time: Time) -> None:
    watched = Watched()
    with _progress.shown(True, surface=watched):
        assert watched.look().what == "working"
        say("training")
        assert watched.look().what == "training"


def test_others_threads_and_muted_work_are_not_heard(time: Time) -> None:
    watched = Watched()

    def elsewhere() -> None:
        with step("elsewhere", 2) as done:
            done()

    with _progress.shown(True, surface=watched), step("here", 2) as done:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        with _progress.muted(), step("quiet") as unheard:
            unheard()
        with _progress.shown(False), step("off") as unheard:
            unheard()
        with _progress.shown(None), step("inner"):
            assert watched.look().what == "here, inner"
        time.now += 1
        done()
        assert watched.look().left == pytest.approx(1)


def test_kinds_of_work_take_what_the_first_of_them_took(time: Time) -> None:
    watched = Watched()
    with _progress.shown(True, surface=watched):
        plan("it", {"look": {"first": 2.0, "other": 4.0}, "again": {"other": 10.0}, "third": 6.0})
        with step("look", 6, pays=True):
            time.now += 8
            advance(2, paid=("first", 2.0))
            # 4 s a unit, as nothing else is known.
            assert watched.look().left == pytest.approx(4 * (4 + 10 + 6))
            assert watched.look().announced == ""  # one look tells too little
            time.now += 1
            advance(1, paid=("other", 1.0))
            # Others took 1 s a unit, once; a kind that was not seen goes by the mean of 4 and 1.
            once = (1 * 2) ** 0.5
            assert watched.look().left == pytest.approx((3 + 10) * once + 6 * 2)
            assert watched.look().announced == "about 40 seconds: it"
            time.now += 2
            assert watched.look().left == pytest.approx((3 + 10) * once + 6 * 2 - 2)
        with step("again", 4, counted=True) as done:
            time.now += 5
            done(2)
            assert watched.look().left == pytest.approx(5 + 6 * 2)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1, "1 second"),
        (7.4, "7 seconds"),
        (13, "15 seconds"),
        (57, "55 seconds"),
        (58, "1 minute"),
        (100, "1.5 minutes"),
        (400, "7 minutes"),
        (3500, "1 hour"),
        (9000, "2.5 hours"),
        (40000, "11 hours"),
    ],
)
def test_durations_in_round_numbers(seconds: float, text: str) -> None:
    assert _progress.duration(seconds) == text
    unit = {"s": 1, "m": 60, "h": 3600}[text.split()[1][0]]
    assert 1 / 1.25 < float(text.split()[0]) * unit / seconds < 1.25


def test_clock() -> None:
    assert [_progress.clock(s) for s in (0.4, 61, 3661)] == ["0:00", "1:01", "1:01:01"]


@pytest.mark.parametrize("given", ["yes", 1, 0, "none"])
def test_progress_is_true_false_or_none(given: Any) -> None:
    calls: list[Any] = [
        lambda: pt.distillable_knowledge(Y, Y, Y, progress=given),
        lambda: pt.compare_students(Y, Y, Y, Y, progress=given),
        lambda: pt.distillation_map({"a": Y}, {"b": Y}, Y, progress=given),
        lambda: pt.rank_teachers({"a": Y}, Y // 2, Y, progress=given),
        lambda: pt.distillation_trace(Y, [Y], Y, progress=given),
        lambda: pt.independence_test(Y, Y, progress=given),
        lambda: pt.distillation_weight(Y, Y, Y, progress=given),
        lambda: pt.summarise(Y, Y, progress=given),
    ]
    for call in calls:
        with pytest.raises(TypeError, match="progress must be True, False or None"):
            call()


# --- where it is shown --------------------------------------------------------------------------


def view(**changes: Any) -> View:
    """Some way into some work."""
    known: dict[str, Any] = {"what": "fold 2 of 5", "share": 0.25, "elapsed": 20.0, "left": 61.0}
    return View(**{**known, **changes})


class Screen(io.StringIO):
    """A terminal that keeps what is written."""

    def isatty(self) -> bool:
        return True


def test_lines_come_every_ten_seconds() -> None:
    stream = io.StringIO()
    lines = Lines(stream)
    for tenth in range(0, 350, 5):
        said = "about 30 seconds: it" if tenth >= 30 else ""
        lines.draw(view(elapsed=tenth / 10, announced=said))
    assert stream.getvalue().splitlines() == [
        "pidtools: about 30 seconds: it",
        "pidtools: fold 2 of 5 (0:10, 1:01 left)",
        "pidtools: fold 2 of 5 (0:19, 1:01 left)",
        "pidtools: fold 2 of 5 (0:28, 1:01 left)",
    ]


@pytest.mark.parametrize("width", ["40", "60", "80"])
def test_a_bar_leaves_the_terminal_as_it_was(monkeypatch: pytest.MonkeyPatch, width: str) -> None:
    monkeypatch.setenv("COLUMNS", width)
    monkeypatch.setenv("TERM", "xterm")
    stream = Screen()
    terminal = Terminal(stream)
    terminal.draw(view(elapsed=0.5))
    assert stream.getvalue() == ""  # most calls are over by then
    terminal.draw(view(announced="about 1 minute: run:fire: [red]", what="looking at [b]:fire:"))
    terminal.draw(view(share=None, left=None, what="compiling"))
    terminal.close(view(), is_done=True)
    text = stream.getvalue()
    assert "about 1 minute: run:fire: [red]\n" in text
    if width != "40":
        assert "looking at [b]:fire:" in text
        assert "0:20, 1:01 left" in text
        assert "…" not in text
    hidden, shown = "\x1b[?25l", "\x1b[?25h"
    assert text.rindex(shown) > text.rindex(hidden)
    assert text.endswith("\x1b[2K")  # the line is empty


def test_a_screen_that_fails_does_not_stop_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Watched):
        period = 0.01

        def draw(self, view: View) -> None:
            raise BrokenPipeError

        def close(self, view: View, *, is_done: bool) -> None:
            raise BrokenPipeError

    broken = Broken()
    with _progress.shown(True, surface=broken):
        threading.Event().wait(0.05)


def test_an_error_closes_the_surface() -> None:
    watched = Watched()
    with pytest.raises(KeyboardInterrupt), _progress.shown(True, surface=watched), step("a"):
        raise KeyboardInterrupt
    assert watched.ended == [False]
    assert not _progress.listens()


def test_where_it_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for stream, of_none, of_true in (
        (io.StringIO(), type(None), Lines),
        (Screen(), Terminal, Terminal),
    ):
        monkeypatch.setattr("sys.stderr", stream)
        assert isinstance(_progress._place(None), of_none)
        assert isinstance(_progress._place(True), of_true)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(_progress._place(None), Lines)
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(_progress._place(None)))
    thread.start()
    thread.join()
    assert found == [None]  # bars of somebody's own threads would mix
    monkeypatch.setattr("sys.stderr", None)
    assert _progress._place(True) is None
    monkeypatch.setattr(_progress, "_in_notebook", lambda: True)
    assert isinstance(_progress._place(None), Notebook)


def test_long_names_leave_room() -> None:
    assert _progress._cut("a\nb") == "a b"
    assert _progress._cut("x" * 60) == "x" * 15 + "..." + "x" * 15


# --- the library --------------------------------------------------------------------------------


def asked(estimator: Any = PROBE, **options: Any) -> str:
    """An answer with all its digits."""
    found = pt.distillable_knowledge(
        T, S, Y, estimator=estimator, confidence_level=0.9, n_resamples=10, **options
    )
    return json.dumps(found.to_dict())


def test_the_answer_does_not_depend_on_who_looks() -> None:
    plain = asked("kmeans", progress=False)
    watched = Watched()
    watched.period = 0.001
    with _progress.shown(True, surface=watched):
        assert asked("kmeans") == plain
        with parallel_config("threading", n_jobs=2):
            assert asked("kmeans", n_jobs=2) == plain
    seen = {re.sub(r"\d+", "#", view.what) for view in watched.views}
    assert "resampling # of #" in seen


@pytest.mark.slow
@pytest.mark.parametrize(("backend", "n_jobs"), [("loky", 1), ("loky", 2), ("threading", 2)])
def test_nor_does_that_of_the_probe(backend: str, n_jobs: int) -> None:
    plain = asked(progress=False)
    watched = Watched()
    watched.period = 0.001
    with _progress.shown(True, surface=watched), parallel_config(backend, n_jobs=n_jobs):
        assert asked(n_jobs=n_jobs) == plain
    seen = {re.sub(r"\d+", "#", view.what) for view in watched.views}
    assert {"looking at T, fold # of #", "resampling # of #", "refitting halves # of #"} <= seen


def test_every_question_says_how_far_it_is() -> None:
    calls: dict[str, Any] = {
        "pairs": lambda: pt.distillation_map({"a": T, "b": S}, {"c": S}, Y, estimator=PROBE),
        "looking at layer": lambda: pt.distillation_map({"a": T}, {"c": S}, Y, estimator=PROBE),
        "step 1 (2 of 2)": lambda: pt.distillation_trace(T, [S, T], Y, estimator="kmeans"),
        "permuting": lambda: pt.independence_test(Y, Y // 2, n_permutations=200),
        "looking at X": lambda: pt.summarise(T, Y, estimator=PROBE),
        "looking at S_b": lambda: pt.compare_students(
            T, S, S[:, :1], Y, estimator=PROBE, confidence_level=None, synergy=False
        ),
    }
    for words, call in calls.items():
        said: list[str] = []

        class Heard(_progress._Frame):
            def __setattr__(self, name: str, value: Any, said: list[str] = said) -> None:
                if name == "name":
                    said.append(value)
                super().__setattr__(name, value)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_progress, "_Frame", Heard)
            with _progress.shown(True, surface=Watched()):
                call()
        assert any(words in text for text in said), (words, said)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs a terminal of POSIX")
def test_an_interrupt_leaves_the_terminal_clean(tmp_path: Path) -> None:
    """The command on a terminal, interrupted by its key once the bar is there."""
    import pty

    rng = np.random.default_rng(0)
    y = rng.integers(0, 8, 2000)
    for name, array in (("T", np.eye(8)[y] + rng.normal(size=(2000, 8))), ("Y", y)):
        np.save(tmp_path / f"{name}.npy", array)
    child, master = pty.fork()
    if child == 0:
        os.chdir(tmp_path)
        os.environ |= {"TERM": "xterm", "PYTHONPATH": str(Path(pt.__file__).parents[1])}
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a background shell has it ignored
        command = ["-m", "pidtools", "measure", "T.npy", "T.npy", "Y.npy"]
        os.execv(sys.executable, [sys.executable, *command, "--confidence-level", "0.9"])
    seen, is_told = "", False
    while True:
        try:
            seen += os.read(master, 4096).decode(errors="replace")
        except OSError:
            break
        if not is_told and "looking at T" in seen:
            os.write(master, b"\x03")
            is_told = True
    # Python ends by the signal itself where code that was a text had been interrupted; shells show
    # both alike.
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) in (130, -signal.SIGINT), seen[-2000:]
    assert is_told
    assert "Traceback" not in seen
    assert seen.rindex("\x1b[?25h") > seen.rindex("\x1b[?25l")  # the cursor is back
    assert seen.replace("^C", "").rstrip("\r\n").endswith("\x1b[2K")


class Bare:
    """What loggers put in place of standard error."""

    def __init__(self) -> None:
        self.said = ""

    def write(self, text: str) -> None:
        self.said += text


@pytest.mark.parametrize("progress", [None, True])
def test_standard_error_may_have_nothing_but_write(
    monkeypatch: pytest.MonkeyPatch, progress: bool | None
) -> None:
    bare = Bare()
    monkeypatch.setattr(sys, "stderr", bare)
    assert pt.distillable_knowledge(Y, Y // 2, Y, progress=progress).distillable > 0
    Lines(bare)._say("a line")
    assert bare.said == "pidtools: a line\n"


def test_a_screen_that_fails_at_the_end_takes_no_answer_and_hides_no_error() -> None:
    class Broken(Watched):
        def close(self, view: View, *, is_done: bool) -> None:
            raise KeyError("no screen")

    with _progress.shown(True, surface=Broken()):
        answer = 1
    assert answer == 1
    with pytest.raises(ZeroDivisionError), _progress.shown(True, surface=Broken()):
        raise ZeroDivisionError
