"""Work in a process of its own: a script asks itself, and answers in JSON."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), "1"
)
WORK = "--work"
# The process with which a script ends, by its number, for scripts that are started by others.
ENDS_WITH = "PIDTOOLS_ENDS_WITH"


class OutOfTimeError(Exception):
    """The work took more CPU seconds than it was given."""


def ask(
    script: str, *task: str, cpu_seconds: float | None = None, one_thread: bool = False
) -> dict[str, Any]:
    """Have the work done by a new process, with the same packages, and return its answer."""

    def limit() -> None:
        if cpu_seconds is not None:
            import resource  # not on Windows

            resource.setrlimit(resource.RLIMIT_CPU, (int(cpu_seconds), int(cpu_seconds) + 5))

    path = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, script, WORK, *task],
        capture_output=True,
        text=True,
        env={**os.environ, **path, **(ONE_THREAD if one_thread else {})},
        preexec_fn=limit,
    )
    if done.returncode == -signal.SIGXCPU:
        raise OutOfTimeError
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no message"])[-1][:200])
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def end_with_parent() -> None:
    """Have this process end where the one that started it has been killed, if it asked for that.

    Else it went on, beside one that a resumed run starts. On Windows nothing tells.
    """
    asked_by = os.environ.pop(ENDS_WITH, None)  # not a matter of what this process starts itself
    if asked_by is None or sys.platform == "win32":
        return
    parent = int(asked_by)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def answered(work: Callable[..., dict[str, Any]]) -> bool:
    """Whether this process was asked to do some work; then it has been done and answered."""
    if sys.argv[1:2] != [WORK]:
        return False
    print(json.dumps(work(*sys.argv[2:])))
    return True
