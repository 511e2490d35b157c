"""What the library warns of, and what it keeps from the user's own settings.

Filters of warnings are the process's own: two threads that each save, change and restore them can
restore what the other had changed. So here they are changed for one thread alone.

What the user has set for their own code, warnings that are errors or floating-point errors that
raise, must not stop ours: `quiet` marks the functions that users and workers call.
"""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np

from pidtools._information import said_in
from pidtools._result import PIDWarning, Units

_COLLECTED: ContextVar[list[PIDWarning] | None] = ContextVar("collected", default=None)
_IGNORED: ContextVar[tuple[Callable[[type], bool], ...]] = ContextVar("ignored", default=())

UNEXPECTED_IS_HEARD = False
"""Whether `quiet` lets warnings of other libraries out; the tests want to hear of each."""

P = ParamSpec("P")
R = TypeVar("R")


def warn(text: str, *, stacklevel: int = 1) -> None:
    """Warn the user, or who collects in this thread; `stacklevel` as in `warnings.warn`."""
    collected = _COLLECTED.get()
    if collected is None:
        warnings.warn(text, PIDWarning, stacklevel=1 + _level_of_caller(stacklevel))
    else:
        collected.append(PIDWarning(text))


def _level_of_caller(stacklevel: int) -> int:
    """The level seen from `warn`, where frames that `quiet` adds count as well."""
    frame, level = sys._getframe(2), 1
    while frame.f_back is not None:
        stacklevel -= not _is_of_quiet(frame)
        if stacklevel == 0:
            break
        frame, level = frame.f_back, level + 1
    return level


def _is_of_quiet(frame: Any) -> bool:
    return frame.f_globals is globals() and frame.f_code.co_name == "quietly"


@contextmanager
def collecting() -> Iterator[list[PIDWarning]]:
    """Collect what this thread warns of by `warn`; `warnings.catch_warnings` is all threads'."""
    collected: list[PIDWarning] = []
    token = _COLLECTED.set(collected)
    try:
        yield collected
    finally:
        _COLLECTED.reset(token)


def pass_on(caught: Iterable[PIDWarning], *, units: Units = "bits", stacklevel: int = 3) -> None:
    """Repeat what was warned of, at the line that called the caller of this function."""
    for warning in caught:
        warn(said_in(units, str(warning)), stacklevel=stacklevel)


class _AsksTheThread(type):
    """Kind of a category that warnings belong to while their thread ignores them."""

    def __subclasscheck__(cls, category: type) -> bool:
        return any(ignored(category) for ignored in _IGNORED.get())


class _Ignored(Warning, metaclass=_AsksTheThread):
    """What the thread that warns ignores: a filter for all threads that acts for one."""


class _Filter:
    """The filter of `_Ignored`, before all others as long as some thread ignores something.

    One that is left behind, as another thread has restored older filters, ignores nothing.
    """

    item = ("ignore", None, _Ignored, None, 0)

    def __init__(self) -> None:
        self.lock, self.n_holders = threading.RLock(), 0

    @contextmanager
    def held(self) -> Iterator[None]:
        with self.lock:
            self.n_holders += 1
            if warnings.filters[:1] != [self.item]:
                warnings.simplefilter("ignore", _Ignored)
        try:
            yield
        finally:
            with self.lock:
                self.n_holders -= 1
                if self.n_holders == 0:
                    with suppress(ValueError):
                        warnings.filters.remove(self.item)  # type: ignore[attr-defined]


_FILTER = _Filter()


@contextmanager
def _ignoring_if(ignored: Callable[[type], bool]) -> Iterator[None]:
    token = _IGNORED.set((*_IGNORED.get(), ignored))
    try:
        with _FILTER.held():
            yield
    finally:
        _IGNORED.reset(token)


@contextmanager
def ignoring(category: type[Warning]) -> Iterator[None]:
    """Ignore warnings of a kind in this thread; `warnings.catch_warnings` is all threads'."""
    with _ignoring_if(lambda given: issubclass(given, category)):
        yield


def _is_foreign(category: type) -> bool:
    return not issubclass(category, PIDWarning)


def quiet(function: Callable[P, R]) -> Callable[P, R]:
    """Run a function undisturbed by what the user has set for warnings and rounding.

    NumPy's settings for floating-point errors and the filters of warnings are for the user's own
    code: what comes out of ours is its result and every `PIDWarning`.
    """

    @wraps(function)
    def quietly(*args: P.args, **kwargs: P.kwargs) -> R:
        heard = UNEXPECTED_IS_HEARD
        others = nullcontext() if heard else _ignoring_if(_is_foreign)
        action: Any = "warn" if heard else "ignore"
        with np.errstate(divide=action, over=action, invalid=action, under="ignore"), others:
            return function(*args, **kwargs)

    return quietly
