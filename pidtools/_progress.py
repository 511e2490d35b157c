"""How far long work is: said from inside of it, shown where somebody looks.

Work opens a `step` and tells it what is done; neither knows whether anybody listens. Who asks a
question opens `shown`, which finds out where standard error goes: a bar on a terminal, a line that
changes in a notebook, a line every ten seconds elsewhere. The one line is drawn by a thread of its
own, so that it moves while the work does not say anything, and nothing of it touches the answer.

What the work will take is told from the parts of it that are done: see `_Clockwork.left`.
"""

from __future__ import annotations

import contextvars
import copy
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol

Cost = float | Mapping[str, float] | None

# Seconds of work that are announced, those after which it may be, and those left from which it is.
WORTH_ANNOUNCING, SOONEST, AHEAD = 5.0, 2.0, 2.0
# Seconds before anything is drawn, as most calls are over by then.
PATIENCE = 1.0
# Seconds between lines where nothing can be drawn over.
BETWEEN_LINES = 10.0
# Of a step that tells no more than that it goes on.
ALMOST = 0.99
# Columns that a name may take; more of one is cut in the middle.
LONGEST_NAME = 34


@dataclass(frozen=True, kw_only=True)
class View:
    """What is to be shown now.

    Attributes
    ----------
    what : str
        The step, and the part of it that is worked on.
    share : float or None
        Of all the work that is done, from 0 to 1; None where nobody knows.
    elapsed, left : float or None
        Seconds.
    announced : str
        What was said beforehand; empty if nothing was.
    """

    what: str
    share: float | None
    elapsed: float
    left: float | None
    announced: str = ""

    @property
    def timing(self) -> str:
        """How long it took so far, and what is left."""
        if self.left is None or self.left < 1:  # what takes longer than it seemed
            return clock(self.elapsed)
        return f"{clock(self.elapsed)}, {clock(self.left)} left"


class Surface(Protocol):
    """Where progress is shown."""

    period: float

    def draw(self, view: View) -> None:
        """Show it, if it is time."""

    def close(self, view: View, *, is_done: bool) -> None:
        """Leave the place as it has to stay."""


# --- what the work says -------------------------------------------------------------------------


_LISTENING: ContextVar[_Clockwork | None] = ContextVar("listening", default=None)


def checked(progress: Any) -> bool | None:
    """The argument `progress` of a public function.

    Raises
    ------
    TypeError
        If it is anything but True, False or None.
    """
    if progress is None or isinstance(progress, bool):
        return progress
    if type(progress).__name__ in ("bool_", "bool"):  # of NumPy
        return bool(progress)
    raise TypeError(
        f"progress must be True, False or None (where standard error is a terminal or a notebook); "
        f"got {progress!r}."
    )


@contextmanager
def shown(wanted: bool | None, *, surface: Surface | None = None) -> Iterator[None]:
    """Show how far the work inside is; inside of another one that one goes on.

    Parameters
    ----------
    wanted : bool or None
        None shows it where standard error is a terminal or a notebook, True elsewhere as well.
    surface : Surface or None
        Where; None finds out.
    """
    listening = _LISTENING.get()
    if listening is not None and wanted is not False:
        yield
        return
    place = None if wanted is False else surface or _place(wanted)
    if place is None:
        with muted():
            yield
        return
    own = _Clockwork(place)
    token = _LISTENING.set(own)
    try:
        with own.running():
            yield
    finally:
        _LISTENING.reset(token)


@contextmanager
def muted() -> Iterator[None]:
    """Nobody hears what the work inside says."""
    token = _LISTENING.set(None)
    try:
        yield
    finally:
        _LISTENING.reset(token)


def listens() -> bool:
    """Whether what this thread says is heard."""
    return _heard() is not None


def say(what: str) -> None:
    """Say what is done between steps, and around them."""
    if (heard := _heard()) is not None:
        heard.around = what


def plan(work: str, costs: Mapping[str, Cost]) -> None:
    """Say what steps there will be; within a step it counts for nothing.

    Parameters
    ----------
    work : str
        All of it in a few words, such as "200 resamples of 5,000 rows".
    costs : mapping of str to float, to mapping of str to float, or to None
        Of steps by their keys, relative to each other; several kinds of work by their names; None
        where only the step itself will tell.
    """
    if (heard := _heard()) is not None:
        heard.plan(work, costs)


@contextmanager
def step(
    name: str,
    total: float = 1.0,
    *,
    key: str | None = None,
    counted: bool = False,
    span: float = 1.0,
    pays: bool = False,
) -> Iterator[Callable[..., None]]:
    """A step of the work, or within a step a part of what is done next.

    Yields what is called with each part done: ``advance(parts, name)``.

    Parameters
    ----------
    name : str
        As it is shown.
    total : float
        Of all parts.
    key : str or None
        Its name in the plan; None takes `name`.
    counted : bool
        Whether the number of parts says something.
    span : float
        Parts of the step around it that this one stands for.
    pays : bool
        Whether what is done inside says what it was to cost; else its parts take alike.
    """
    heard = _heard()
    if heard is None:
        yield _nothing
        return
    own = _Frame(name, max(total, 1e-9), key or name, counted, span, pays)
    with heard.opened(own):
        yield lambda done=1.0, name=None: heard.advance(own, done, name)


def advance(
    done: float = 1.0, name: str | None = None, *, paid: tuple[str, float] | None = None
) -> None:
    """Tell the innermost step that so much of it is done, and what it is called now.

    `paid` is a kind of work and what it was to cost, as in the plan: what it took since the step
    began, or since the last that was paid, tells how long the rest of its kind will take.
    """
    if (heard := _heard()) is not None:
        heard.advance(None, done, name)
        if paid is not None:
            heard.pay(*paid)


def _nothing(done: float = 1.0, name: str | None = None) -> None:
    """Nobody listens."""


def _heard() -> _Clockwork | None:
    """Who listens to this thread: others of the same work would mix up its steps."""
    heard = _LISTENING.get()
    return heard if heard is not None and heard.owner == threading.get_ident() else None


# --- what is done once --------------------------------------------------------------------------


class _Uncounted:
    """Whether something is done that is done once, in any thread, and for how long it was."""

    def __init__(self) -> None:
        self.lock, self.n_waiting, self.since, self.spent = threading.Lock(), 0, 0.0, 0.0
        self.what = ""

    def begin(self, what: str) -> None:
        with self.lock:
            self.what = what
            if self.n_waiting == 0:
                self.since = time.monotonic()
            self.n_waiting += 1

    def end(self) -> None:
        with self.lock:
            if self.n_waiting == 1:
                self.spent += time.monotonic() - self.since
            self.n_waiting = max(self.n_waiting - 1, 0)

    @property
    def seconds(self) -> float:
        """All that was spent on it, now as well."""
        with self.lock:
            now = time.monotonic() - self.since if self.n_waiting else 0.0
            return self.spent + now


COMPILING, LOADING = "compiling, once on this computer", "loading libraries"
UNCOUNTED = _Uncounted()


@contextmanager
def uncounted(what: str) -> Iterator[None]:
    """What is done inside is done once, on a computer or in a process, and measures nothing."""
    UNCOUNTED.begin(what)
    try:
        yield
    finally:
        UNCOUNTED.end()


# --- how far it is ------------------------------------------------------------------------------


@dataclass
class _Frame:
    """A step that is open: parts done of all, and when the last of them was."""

    name: str
    total: float
    key: str
    counted: bool
    span: float = 1.0
    pays: bool = False
    done: float = 0.0
    begun: float = 0.0
    share: float = 0.0
    shared_at: float = 0.0
    paid: dict[str, float] = field(default_factory=dict)

    @property
    def label(self) -> str:
        name = _cut(self.name)
        if self.counted and self.total > 1:
            done = int(max(self.done, self.share * self.total) + 1e-6)
            name += f" {min(done + 1, int(self.total))} of {int(self.total)}"
        return name


@dataclass
class _Planned:
    """Steps to come with their costs by kind of work, and what such work took.

    Attributes
    ----------
    costs, spent : dict of str to float
        What was to be paid for work of each kind that is done, and the seconds that it took.
    times : dict of str to int
        How often.
    """

    work: str = ""
    ahead: dict[str, dict[str, float] | None] = field(default_factory=dict)
    begun: float = field(default_factory=lambda: time.monotonic())
    costs: dict[str, float] = field(default_factory=dict)
    spent: dict[str, float] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)
    n_paid: int = 0

    def pay(self, kind: str, cost: float, seconds: float) -> None:
        self.costs[kind] = self.costs.get(kind, 0.0) + cost
        self.spent[kind] = self.spent.get(kind, 0.0) + seconds
        self.times[kind] = self.times.get(kind, 0) + 1

    def pay_all(self, costs: Mapping[str, float], share: float, seconds: float) -> None:
        """A share of several kinds, the seconds as they cost."""
        total = sum(costs.values())
        for kind, cost in costs.items() if total > 0 else ():
            self.pay(kind, cost * share, seconds * cost / total)

    def seconds(self, costs: Mapping[str, float]) -> float | None:
        """What costs will take: as those of their kind did, or as other kinds in the mean."""
        rates = {
            kind: max(self.spent[kind], 1e-9) / cost
            for kind, cost in self.costs.items()
            if cost > 0
        }
        unpaid = {kind: cost for kind, cost in costs.items() if cost > 0}
        if unpaid and not rates:
            return None
        # The kinds differ by factors, either way: those of the first one warm up, others are over
        # sooner than they might be.
        typical = math.exp(math.fsum(map(math.log, rates.values())) / max(len(rates), 1))
        found = 0.0
        for kind, cost in unpaid.items():
            n = self.times.get(kind, 0)  # one fold of one source tells little of other sources
            found += cost * (rates.get(kind, typical) ** n * typical) ** (1 / (n + 1))
        return found


class _Clockwork:
    """Keeps the steps and the time, and draws both from a thread of its own."""

    def __init__(self, surface: Surface) -> None:
        self.surface, self.owner = surface, threading.get_ident()
        self.lock, self.ended = threading.RLock(), threading.Event()
        self.frames: list[_Frame] = []
        self.planned, self.around = _Planned(), ""
        self.begun, self.announced, self.begun_anew = time.monotonic(), "", True
        self.marked = 0.0
        self.uncounted_before = UNCOUNTED.seconds

    @contextmanager
    def running(self) -> Iterator[None]:
        """Draw as long as the work goes on."""
        # In notebooks what is shown belongs to the cell whose context this is.
        context = contextvars.copy_context()
        thread = threading.Thread(target=context.run, args=(self._draw,), daemon=True)
        thread.start()
        is_done = False
        try:
            yield
            is_done = True
        finally:
            self.ended.set()
            thread.join(2.0)
            # The work is done, or has failed with what matters more: no screen takes that away.
            with suppress(Exception):
                self.surface.close(self.view(), is_done=is_done)

    def _draw(self) -> None:
        while not self.ended.wait(self.surface.period):
            # Whatever a screen fails with, the work goes on without it.
            try:
                self.surface.draw(self.view())
            except Exception:
                return

    def plan(self, work: str, costs: Mapping[str, Cost]) -> None:
        with self.lock:
            if not self.frames:
                begun = self.planned.begun if self.begun_anew else time.monotonic()
                ahead = {key: _by_kind(key, cost) for key, cost in costs.items()}
                self.planned, self.announced = _Planned(work, ahead, begun=begun), ""
                self.begun_anew = False

    @contextmanager
    def opened(self, frame: _Frame) -> Iterator[None]:
        with self.lock:
            frame.begun = frame.shared_at = self._worked()
            if not self.frames:
                self.marked = frame.begun
                if frame.key in self.planned.ahead:
                    self._skip_to(frame.key)
            self.frames.append(frame)
        try:
            yield
        finally:
            with self.lock:
                self._close(frame)

    def _skip_to(self, key: str) -> None:
        """Steps come in the order of the plan: those before this one were not needed."""
        steps = list(self.planned.ahead)
        for earlier in steps[: steps.index(key)]:
            del self.planned.ahead[earlier]

    def _close(self, frame: _Frame) -> None:
        while self.frames and self.frames.pop() is not frame:
            pass
        if self.frames:
            return
        costs = self.planned.ahead.pop(frame.key, None)
        if costs and not frame.pays:
            self.planned.pay_all(costs, 1.0, self._worked() - frame.begun)

    def advance(self, frame: _Frame | None, done: float, name: str | None) -> None:
        with self.lock:
            own = frame or (self.frames[-1] if self.frames else None)
            if own is None:
                return
            own.done += done
            if name is not None:
                own.name = name
            outer = self.frames[0]
            outer.share = max(outer.share, self._share())
            outer.shared_at = self._worked()

    def pay(self, kind: str, cost: float) -> None:
        """Work of a kind is done."""
        with self.lock:
            now = self._worked()
            if self.frames:
                paid = self.frames[0].paid
                paid[kind] = paid.get(kind, 0.0) + cost
                self.planned.pay(kind, cost, now - self.marked)
                self.planned.n_paid += 1
            self.marked = now

    def _share(self) -> float:
        """Of the outermost step: what is done of a part counts for as much of the whole."""
        inside = 0.0
        for frame in reversed(self.frames):
            share = min((frame.done + inside) / frame.total, 1.0)
            inside = share * frame.span
        return share if self.frames else 0.0

    def _worked(self) -> float:
        """Seconds since the beginning without those of what is done once."""
        return time.monotonic() - self.begun - (UNCOUNTED.seconds - self.uncounted_before)

    def left(self) -> float | None:
        """Seconds of work that are left; None where nothing tells.

        Work to come takes what work of its kind took, for what it costs. A step that says nothing
        of costs goes on as fast as its parts that are done.
        """
        frame = self.frames[0] if self.frames else None
        planned = self._as_of_now(frame)
        here = self._left_of(frame) if frame else 0.0
        ahead = [c for key, c in planned.ahead.items() if frame is None or key != frame.key]
        later = [None if costs is None else planned.seconds(costs) for costs in ahead]
        if here is None or None in later:
            return None
        return here + sum(seconds or 0.0 for seconds in later)

    def _as_of_now(self, frame: _Frame | None) -> _Planned:
        """What is known of costs, with that of a step that is open and says shares alone."""
        costs = self.planned.ahead.get(frame.key) if frame else None
        if frame is None or not costs or not frame.share or frame.pays:
            return self.planned
        known = copy.deepcopy(self.planned)
        known.pay_all(costs, frame.share, frame.shared_at - frame.begun)
        return known

    def _left_of(self, frame: _Frame) -> float | None:
        """Of the step that is open."""
        now, costs = self._worked(), self.planned.ahead.get(frame.key)
        if costs and (frame.pays or not frame.share):
            unpaid = {kind: max(c - frame.paid.get(kind, 0.0), 0.0) for kind, c in costs.items()}
            known = self.planned.seconds(unpaid)
            since = now - (self.marked if frame.paid else frame.begun)
            return None if known is None else max(known - since, 0.0)
        if frame.share > 0:
            whole = (frame.shared_at - frame.begun) / frame.share
            return max(whole - (now - frame.begun), 0.0)
        return 0.0 if costs is not None and not costs else None

    def view(self) -> View:
        """What is to be shown now; work that will take long is announced once."""
        with self.lock:
            elapsed, left = time.monotonic() - self.begun, self.left()
            what = UNCOUNTED.what if UNCOUNTED.n_waiting else self._what()
            total = time.monotonic() - self.planned.begun + (left or 0.0)
            # The first part of a look warms up, and says nothing of the others.
            is_known = left is not None and elapsed >= SOONEST and self.planned.n_paid != 1
            is_known = is_known and not self.announced
            if is_known and total > WORTH_ANNOUNCING and (left or 0.0) > AHEAD:
                work = self.planned.work or (self.frames[0].name if self.frames else "")
                said = f"about {duration(total)}"
                self.announced = f"{said}: {work}" if work else said
            share = None if left is None else min(elapsed / max(elapsed + left, 1e-9), ALMOST)
            return View(
                what=what, share=share, elapsed=elapsed, left=left, announced=self.announced
            )

    def _what(self) -> str:
        """The outermost step, and of what is inside the part that moves."""
        labels = [frame.label for frame in self.frames if frame.label]
        inner = [] if len(labels) < 2 else labels[-1:]
        return ", ".join([*labels[:1], *inner]) or self.around or "working"


# --- words --------------------------------------------------------------------------------------


def clock(seconds: float) -> str:
    """Minutes and seconds, or hours too."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def duration(seconds: float) -> str:
    """A round number of seconds, minutes or hours, for people who decide whether to wait."""
    if seconds < 10:
        return f"{max(round(seconds), 1)} second{'' if round(seconds) <= 1 else 's'}"
    if seconds < 57.5:
        return f"{5 * round(seconds / 5)} seconds"
    if seconds < 57.5 * 60:
        return _counted(seconds / 60, "minute")
    return _counted(seconds / 3600, "hour")


def _counted(number: float, unit: str) -> str:
    """Halves up to five, whole ones beyond."""
    found = round(2 * number) / 2 if number < 5 else float(round(number))
    return f"{found:g} {unit}{'' if found == 1 else 's'}"


def _by_kind(key: str, cost: Cost) -> dict[str, float] | None:
    if cost is None:
        return None
    return {key: cost} if isinstance(cost, int | float) else dict(cost)


def _cut(name: str) -> str:
    """On one line, and not too long for a narrow screen."""
    clean = "".join(letter if letter.isprintable() else " " for letter in name)
    if len(clean) <= LONGEST_NAME:
        return clean
    half = (LONGEST_NAME - 3) // 2
    return f"{clean[:half]}...{clean[-half:]}"


# --- where it is shown --------------------------------------------------------------------------


def _place(wanted: bool | None) -> Surface | None:
    """Where standard error goes, if somebody is there to look."""
    if wanted is None and not _is_asked_for_itself():
        return None
    if _in_notebook():
        return Notebook()
    stream = sys.stderr
    if stream is None or getattr(stream, "closed", False):
        return None
    is_terminal = _is_terminal(stream)
    if is_terminal and os.environ.get("TERM") != "dumb":
        return Terminal(stream)
    return Lines(stream) if wanted or is_terminal else None


def _is_terminal(stream: Any) -> bool:
    """What loggers put in place of standard error may have nothing but `write`."""
    try:
        return bool(stream.isatty())
    except (AttributeError, OSError, ValueError):
        return False


def _is_asked_for_itself() -> bool:
    """Whether the call is no part of somebody's own parallel work, whose bars would mix."""
    import multiprocessing

    is_main = threading.current_thread() is threading.main_thread()
    return is_main and multiprocessing.current_process().name == "MainProcess"


def _in_notebook() -> bool:
    """Whether IPython runs as a kernel; one that is not loaded does not."""
    loaded = sys.modules.get("IPython")
    shell = loaded.get_ipython() if loaded is not None and hasattr(loaded, "get_ipython") else None
    return getattr(shell, "kernel", None) is not None


class Lines:
    """A line now and then, where nothing can be drawn over."""

    period = 0.5

    def __init__(self, stream: Any) -> None:
        self.stream, self.last, self.announced = stream, 0.0, ""

    def draw(self, view: View) -> None:
        """The announcement at once; how far it is every ten seconds."""
        if view.announced != self.announced:
            self.announced = view.announced
            self._say(view.announced)
        if view.elapsed - self.last >= BETWEEN_LINES - self.period:
            self.last = view.elapsed
            self._say(f"{view.what} ({view.timing})")

    def close(self, view: View, *, is_done: bool) -> None:
        """Leave what stands there."""

    def _say(self, text: str) -> None:
        self.stream.write(f"pidtools: {text}\n")
        if hasattr(self.stream, "flush"):
            self.stream.flush()


class Terminal:
    """A bar, which goes when the work is done; the announcement stays."""

    period = 0.2

    def __init__(self, stream: Any) -> None:
        self.stream, self.announced = stream, ""
        self.bar: Any = None
        self.task: Any = None

    def draw(self, view: View) -> None:
        """Move the bar."""
        if view.elapsed < PATIENCE:
            return
        if self.bar is None:
            self._start()
        if view.announced != self.announced:
            self.announced = view.announced
            self.bar.console.print(f"pidtools: {view.announced}", soft_wrap=True)
        self.bar.update(
            self.task,
            description=view.what,
            total=None if view.share is None else 1.0,
            completed=view.share or 0.0,
            timing=view.timing,
        )
        self.bar.refresh()

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        console = Console(file=self.stream, emoji=False, markup=False, highlight=False)
        # Streams stay who they are: another thread than the one that works changes nothing there.
        self.bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=12 if console.width < 80 else 20),
            TextColumn("{task.fields[timing]}", markup=False),
            console=console,
            transient=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self.task = self.bar.add_task("", total=None, timing="")
        self.bar.start()

    def close(self, view: View, *, is_done: bool) -> None:
        """Take the bar away."""
        if self.bar is not None:
            self.bar.stop()


class Notebook:
    """A line of text that changes, without widgets; one stays and says what it took."""

    period = 1.0

    def __init__(self) -> None:
        self.handle: Any = None

    def draw(self, view: View) -> None:
        """Change the line."""
        if view.elapsed < PATIENCE:
            return
        bar = "" if view.share is None else f"{_blocks(view.share)} "
        self._show([view.announced, f"{bar}{view.what} ({view.timing})"])

    def close(self, view: View, *, is_done: bool) -> None:
        """Say what it took, if anything was said."""
        if self.handle is not None:
            word = "took" if is_done else "stopped after"
            self._show([view.announced, f"{word} {clock(view.elapsed)}"])

    def _show(self, lines: list[str]) -> None:
        from IPython.display import display

        content = {"text/plain": "\n".join(f"pidtools: {line}" for line in lines if line)}
        if self.handle is None:
            show: Any = display
            self.handle = show(content, raw=True, display_id=True)
        else:
            self.handle.update(content, raw=True)


def _blocks(share: float, width: int = 20) -> str:
    full = math.floor(share * width)
    return "\u2588" * full + "\u2591" * (width - full)
