"""The compiled kernels of the solver, and how they come to be compiled on two cores.

Numba compiles one function at a time, whatever the threads. Where kernels are missing, a second
process compiles the longest of them meanwhile and leaves them in the cache.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from pidtools import _progress
from pidtools._compiled.kernel import Kernel


def _rooms() -> Any:
    """The package of the kernels, with all that is written in it."""
    import pidtools._broja.kernels.batch
    import pidtools._broja.kernels.certificate
    import pidtools._broja.kernels.evaluate
    import pidtools._broja.kernels.hull
    import pidtools._broja.kernels.interior_point
    import pidtools._broja.kernels.low_rank
    import pidtools._broja.kernels.newton
    import pidtools._broja.kernels.schur
    import pidtools._broja.kernels.support

    return pidtools._broja.kernels


BUILD_SUPPORT = Kernel(lambda: _rooms().support.build_support)
EVALUATE = Kernel(lambda: _rooms().evaluate.evaluate)
CERTIFY = Kernel(lambda: _rooms().certificate.certify)
NEWTON = Kernel(lambda: _rooms().newton.newton_step)
INTERIOR_POINT = Kernel(lambda: _rooms().interior_point.solve)
SCHUR = (
    Kernel(lambda: _rooms().schur.factorise),
    Kernel(lambda: _rooms().schur.apply),
)
LOW_RANK = (
    Kernel(lambda: _rooms().low_rank.factorise),
    Kernel(lambda: _rooms().low_rank.apply),
)
SOLVE_ALL = Kernel(lambda: _rooms().batch.solve_all)
UPPER_HULL = Kernel(lambda: _rooms().hull.upper_hull)

# Seconds to wait for the second process when the own kernels are done: several times what it
# needs. One that hangs is given up.
PATIENCE = 60.0

# What nearly every program needs, in two halves that take about as long.
HERE, ELSEWHERE = (BUILD_SUPPORT, EVALUATE, NEWTON, *SCHUR), (CERTIFY, INTERIOR_POINT)

# What the second process runs.
PROGRAM = f"""
import sys
sys.path[:] = {{path!r}}
from {__name__} import ELSEWHERE
for kernel in ELSEWHERE:
    kernel.link()
"""


def prepare() -> None:
    """Make the kernels that nearly every program needs ready to run.

    What the second process does not leave in the cache, for whatever reason, is compiled here.
    """
    if all(kernel.linked for kernel in (*HERE, *ELSEWHERE)):
        return
    missing = [not all(kernel.available for kernel in half) for half in (HERE, ELSEWHERE)]
    with _progress.uncounted(_progress.COMPILING) if any(missing) else nullcontext():
        with _compiling() if all(missing) else nullcontext():
            for kernel in HERE:
                kernel.link()
        for kernel in ELSEWHERE:
            kernel.link()


@contextmanager
def _compiling() -> Iterator[None]:
    """Have the other half compiled by another process, which has ended when this ends."""
    process = _start()
    try:
        yield
        if process is not None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE)
    finally:
        if process is not None:
            process.kill()
            process.wait()


def _start() -> subprocess.Popen[bytes] | None:
    """Start the second process; None without a second core or an interpreter to start."""
    from joblib import cpu_count

    # Where Python is embedded this may be the host program, which would start once more.
    interpreter = Path(sys.executable or "").stem.lower()
    if cpu_count() < 2 or not interpreter.startswith(("python", "pypy")):
        return None
    command = [sys.executable, "-c", PROGRAM.format(path=sys.path)]
    nowhere = subprocess.DEVNULL
    try:
        return subprocess.Popen(command, stdin=nowhere, stdout=nowhere, stderr=nowhere)
    except OSError:
        return None
