"""The compiled kernels of the solver, and how they come to be compiled on two cores.

Numba compiles one function at a time, whatever the threads. Where kernels are missing, a second
process compiles the longest of them meanwhile and leaves them in the cache.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from pidtools._broja.native import Kernel

BUILD_SUPPORT = Kernel("support", "build_support")
EVALUATE = Kernel("evaluate", "evaluate")
CERTIFY = Kernel("certificate", "certify")
NEWTON = Kernel("newton", "newton_step")
INTERIOR_POINT = Kernel("interior_point", "solve")
SCHUR = Kernel("schur", "factorise"), Kernel("schur", "apply")
LOW_RANK = Kernel("low_rank", "factorise"), Kernel("low_rank", "apply")
SOLVE_ALL = Kernel("batch", "solve_all")

# Seconds to wait for the second process when the own kernels are done: several times what it
# needs. One that hangs is given up.
PATIENCE = 60.0

# What nearly every program needs, in two halves that take about as long; the second process
# has more to import.
HERE, ELSEWHERE = (BUILD_SUPPORT, EVALUATE, NEWTON, *SCHUR), (CERTIFY, INTERIOR_POINT)


def prepare(here: Sequence[Kernel] = HERE, elsewhere: Sequence[Kernel] = ELSEWHERE) -> None:
    """Make kernels ready to run.

    What the second process does not leave in the cache, for whatever reason, is compiled here.
    """
    if all(kernel.linked for kernel in (*here, *elsewhere)):
        return
    missing = [[each for each in half if not each.available] for half in (here, elsewhere)]
    with _compiling(missing[1] if all(missing) else []):
        for kernel in here:
            kernel.link()
    for kernel in elsewhere:
        kernel.link()


@contextmanager
def _compiling(kernels: Sequence[Kernel]) -> Iterator[None]:
    """Have kernels compiled by another process, which has ended when this ends."""
    process = _start(kernels) if kernels else None
    try:
        yield
        if process is not None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE)
    finally:
        if process is not None:
            process.kill()
            process.wait()


def _start(kernels: Sequence[Kernel]) -> subprocess.Popen[bytes] | None:
    """Start the second process; None without a second core or an interpreter to start."""
    from joblib import cpu_count

    # Where Python is embedded this may be the host program, which would start once more.
    interpreter = Path(sys.executable or "").stem.lower()
    if cpu_count() < 2 or not interpreter.startswith(("python", "pypy")):
        return None
    names = [(kernel.module, kernel.name) for kernel in kernels]
    program = (
        f"import sys; sys.path[:] = {sys.path!r}\n"
        f"from {Kernel.__module__} import Kernel\n"
        f"for module, name in {names!r}: Kernel(module, name).link()"
    )
    nowhere = subprocess.DEVNULL
    try:
        return subprocess.Popen(
            [sys.executable, "-c", program], stdin=nowhere, stdout=nowhere, stderr=nowhere
        )
    except OSError:
        return None
