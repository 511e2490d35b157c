"""Seconds and memory."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Answer = TypeVar("Answer")
Clock = Callable[[], float]


def best_of(
    run: Callable[[], Answer], times: int, clock: Clock = time.process_time
) -> tuple[float, Answer]:
    """Shortest of a few runs, in CPU seconds if no other clock is given, and the last answer."""
    found = []
    for _ in range(times):
        start = clock()
        answer = run()
        found.append(clock() - start)
    return min(found), answer


def seconds(run: Callable[[], object], times: int) -> float:
    """CPU seconds of the best of a few runs, if more than one after a first that warms up."""
    if times > 1:
        run()
    return best_of(run, times)[0]


def smallest(run: Callable[[], Answer], times: int) -> tuple[float, Answer]:
    """Smallest CPU time of a call, and what the last returned.

    Quick calls are timed many at a time, because clocks of CPU time can be coarse; one of more
    than five seconds is not repeated.
    """
    found: list[float] = []
    while len(found) < times and not (found and found[0] > 5.0):
        calls, start, spent = 0, time.process_time(), 0.0
        while calls == 0 or spent < 0.05:
            answer = run()
            calls += 1
            spent = time.process_time() - start
        found.append(spent / calls)
    return min(found), answer


def spent() -> float:
    """CPU seconds of this process and of those that it has waited for."""
    return sum(os.times()[:4])


def peak_memory() -> int:
    """Largest resident memory in bytes since the process started or `forget_peak`."""
    status = Path("/proc/self/status")
    if not status.exists():
        import resource  # not on Windows

        return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return 1024 * int(line.split()[1])


def forget_peak() -> int:
    """Start to measure the peak anew, where the system can (Linux); bytes in use now."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return peak_memory()
