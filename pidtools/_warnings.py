"""What the library warns of, and what it keeps from the user's own settings.

Filters of warnings are the process's own: two threads that each save, change and restore them can
restore what the other had changed. So here they are changed for one thread alone.

What the user has set for their own code, warnings that are errors or floating-point errors that
raise, must not stop ours: `quiet` marks the functions that users and workers call.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np

from pidtools._information import remarks_in
from pidtools._remarks import Rank, Remark
from pidtools._result import PIDWarning

_HEARD: ContextVar[list[Remark] | None] = ContextVar("heard", default=None)
_IGNORED: ContextVar[tuple[Callable[[type], bool], ...]] = ContextVar("ignored", default=())

UNEXPECTED_IS_HEARD = False
"""Whether `quiet` lets warnings of other libraries out; the tests want to hear of each."""

P = ParamSpec("P")
R = TypeVar("R")


def warn(said: Remark | str) -> None:
    """Warn of a number that is given all the same; the user hears of it where `quiet` ends."""
    heard = _HEARD.get()
    remark = Remark(said, "warning", Rank.void) if isinstance(said, str) else said
    if heard is None:
        warnings.warn(str(remark), PIDWarning, stacklevel=2)
    else:
        heard.append(remark)


@contextmanager
def collecting() -> Iterator[list[Remark]]:
    """Collect what this thread warns of by `warn`, which nobody else hears then."""
    heard: list[Remark] = []
    token = _HEARD.set(heard)
    try:
        yield heard
    finally:
        _HEARD.reset(token)


@contextmanager
def noting() -> Iterator[list[Remark]]:
    """Collect what this thread warns of by `warn`, for results, and pass it on."""
    with collecting() as heard:
        yield heard
    for remark in heard:
        warn(remark)


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
    code: what comes out of ours is its result and every `PIDWarning`, each text once, at the
    line of the outermost call and in its `units`.
    """

    @wraps(function)
    def quietly(*args: P.args, **kwargs: P.kwargs) -> R:
        strangers = UNEXPECTED_IS_HEARD
        others = nullcontext() if strangers else _ignoring_if(_is_foreign)
        action: Any = "warn" if strangers else "ignore"
        settings = np.errstate(divide=action, over=action, invalid=action, under="ignore")
        if _HEARD.get() is not None:
            with settings, others:
                return function(*args, **kwargs)
        heard: list[Remark] = []
        try:
            with collecting() as heard, settings, others:
                result = function(*args, **kwargs)
        except BaseException:
            with suppress(PIDWarning):  # the error matters more
                _say(heard, kwargs.get("units"))
            raise
        _say(heard, kwargs.get("units"))
        return result

    return quietly


def _say(heard: list[Remark], units: Any) -> None:
    """Warn at the line that called the caller of this function."""
    for remark in remarks_in(units or "bits", dict.fromkeys(heard)):
        warnings.warn(str(remark), PIDWarning, stacklevel=3)
