"""The interrupt key while a command runs: one way out, from wherever it is.

An interrupt that comes while a module loads can get lost there, as libraries try others with a bare
``except``, or turn into another error in a C extension. It waits until no module loads, and what it
ends with is one exit code, whatever the code in between made of it.
"""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

INTERRUPTED = 130
"""Exit code, as shells have it: 128 and the number of the signal."""

AGAIN = 0.05
"""Seconds after which an interrupt that had to wait is tried again."""

_IMPORT_SYSTEM = "<frozen importlib"


def run(command: Callable[[], object]) -> None:
    """Run a command in the main thread; who interrupts it ends the process with `INTERRUPTED`.

    A second interrupt does not wait. Where interrupts are ignored, or somebody else handles them,
    nothing is changed.

    Raises
    ------
    SystemExit
        With `INTERRUPTED`, if it was interrupted, else whatever the command raises.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        command()
        return
    key = _Key(sys._getframe())
    signal.signal(signal.SIGINT, key)
    try:
        command()
    except BaseException:
        if key.is_pressed:
            sys.exit(INTERRUPTED)
        raise
    finally:
        key.release()


class _Key:
    """A handler of SIGINT.

    Attributes
    ----------
    is_pressed : bool
        Whether it ever was.
    """

    def __init__(self, outermost: FrameType) -> None:
        self.is_pressed = False
        self._outermost = outermost
        self._waits = False
        self._clock: threading.Timer | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        is_second = self.is_pressed and not self._waits
        self.is_pressed, self._waits = True, False
        if is_second or not self._loads(frame):
            self._stop_clock()
            raise KeyboardInterrupt
        self._clock = threading.Timer(AGAIN, self._try_again)
        self._clock.daemon = True
        self._clock.start()

    def release(self) -> None:
        """Nothing comes after this."""
        self._stop_clock()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()

    def _try_again(self) -> None:
        self._waits = True
        _thread.interrupt_main()

    def _loads(self, frame: FrameType | None) -> bool:
        """Whether a module loads, from the command on."""
        while frame is not None and frame is not self._outermost:
            if frame.f_code.co_filename.startswith(_IMPORT_SYSTEM):
                return True
            frame = frame.f_back
        return False
