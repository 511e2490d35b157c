"""How long a screen is silent during long work, and how good the cost is that was announced.

    python -m benchmarks.silence                       # all three screens, 5,000 x 512
    python -m benchmarks.silence --rows 2000 --width 64 --screens pipe
    python -m benchmarks.silence --option=--n-jobs=2 --option=--estimator=kmeans

Runs `pidtools measure` with intervals on a terminal (a pty) and with a pipe for standard error,
and `distillable_knowledge` in a notebook's kernel, and takes the time of everything that arrives
on standard error, or of the messages that a notebook would show. The terminal needs a POSIX
system, the notebook `pip install ipykernel`. What a run measured is kept in
``results/silence.json``, in place of what was there.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.tools.options import Options
from benchmarks.tools.written import shown, write_rows, write_table

NAME = "silence"
ALLOWED = {"terminal": 5.0, "pipe": 15.0, "notebook": 5.0}
SECONDS = {"second": 1.0, "minute": 60.0, "hour": 3600.0}
ANNOUNCED = re.compile(r"about ([\d.]+) (second|minute|hour)")


@dataclass(frozen=True)
class Heard:
    """When something arrived, in seconds from the start, and what."""

    at: list[float]
    text: str
    seconds: float

    @property
    def silence(self) -> float:
        """The longest time without a sign of life."""
        return float(np.diff([0.0, *self.at, self.seconds]).max())

    @property
    def announced(self) -> float | None:
        """Seconds that were announced, if they were."""
        found = ANNOUNCED.search(self.text)
        return None if found is None else float(found[1]) * SECONDS[found[2]]


def data(folder: Path, n: int, width: int, n_classes: int) -> None:
    """A teacher of that width and a student of an eighth of it."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, n_classes, n)
    told = rng.normal(size=(n_classes, 24)) * 0.6
    hidden = told[y] + rng.normal(size=(n, 24))
    teacher = np.tanh(hidden @ rng.normal(size=(24, width)) / 4) + 0.2 * rng.normal(size=(n, width))
    student = teacher[:, : width // 8] + 0.5 * rng.normal(size=(n, width // 8))
    for name, array in (("T", teacher), ("S", student)):
        np.save(folder / f"{name}.npy", array.astype(np.float32))
    np.save(folder / "Y.npy", y)


def timed(parts: Iterator[bytes], start: float) -> Heard:
    """Everything that arrives, with its time."""
    at, said = [], b""
    for part in parts:
        at.append(time.monotonic() - start)
        said += part
    return Heard(at, said.decode(errors="replace"), time.monotonic() - start)


def on_terminal(command: list[str], folder: Path) -> Heard:
    """Standard error on a terminal of 80 columns."""
    import pty

    start = time.monotonic()
    child, master = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.environ |= {"TERM": "xterm", "COLUMNS": "80"}
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.execv(command[0], command)

    def parts() -> Iterator[bytes]:
        while True:
            try:
                found = os.read(master, 65536)
            except OSError:  # how Linux says that the other end was closed
                return
            if not found:
                return
            yield found

    heard = timed(parts(), start)
    _, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status):
        raise RuntimeError(heard.text)
    return heard


def through_pipe(command: list[str], folder: Path) -> Heard:
    """Standard error through a pipe."""
    start = time.monotonic()
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        descriptor = process.stderr.fileno()
        heard = timed(iter(lambda: os.read(descriptor, 65536), b""), start)
    if process.returncode:
        raise RuntimeError(heard.text)
    return heard


def in_notebook(call: str, folder: Path) -> Heard:
    """Messages that a notebook shows, of a kernel's own."""
    from jupyter_client.manager import KernelManager

    manager = KernelManager()
    manager.start_kernel(cwd=str(folder))
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    start = time.monotonic()
    asked = client.execute(call)

    def parts() -> Iterator[bytes]:
        while True:
            message = client.get_iopub_msg(timeout=600)
            if message["parent_header"].get("msg_id") != asked:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "idle":
                return
            if kind == "error":
                raise RuntimeError("\n".join(content["traceback"]))
            if kind in ("stream", "display_data", "update_display_data"):
                yield json.dumps(content.get("data", content.get("text"))).encode()

    try:
        return timed(parts(), start)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def main() -> None:
    """A row for each screen, with what is allowed."""
    options = Options(__doc__)
    options.number("rows", 5000)
    options.number("width", 512, "units of the teacher")
    options.number("classes", 10)
    options.names("screens", ALLOWED, ALLOWED)
    options.add_argument("--option", action="append", default=[], help="of pidtools measure")
    options.add_argument("--text", action="store_true", help="print what arrived")
    options.only_table()
    given = options.parse_args()
    if given.table:
        write_table(NAME)
        return
    command = [sys.executable, "-m", "pidtools", "measure", "T.npy", "S.npy", "Y.npy"]
    command += ["--confidence-level", "0.95", *given.option]
    call = (
        "import numpy as np, pidtools as pt\n"
        "r = pt.distillable_knowledge(np.load('T.npy'), np.load('S.npy'), np.load('Y.npy'), "
        "confidence_level=0.95)"
    )
    ways: dict[str, Callable[[Path], Heard]] = {
        "terminal": lambda folder: on_terminal(command, folder),
        "pipe": lambda folder: through_pipe(command, folder),
        "notebook": lambda folder: in_notebook(call, folder),
    }
    with tempfile.TemporaryDirectory() as name:
        data(Path(name), given.rows, given.width, given.classes)
        rows = []
        for screen in given.screens:
            heard = ways[screen](Path(name))
            said = heard.announced
            rows.append(
                {
                    "screen": screen,
                    "seconds": heard.seconds,
                    "longest silence": heard.silence,
                    "allowed": ALLOWED[screen],
                    "announced seconds": said,
                    "announced / seconds": None if said is None else said / heard.seconds,
                }
            )
            print(*map(shown, rows[-1].values()), sep="  ", flush=True)
            if given.text:
                print(heard.text)
    size = f"{given.rows} rows, {given.width} units, {given.classes} classes"
    write_rows(NAME, f"Silence of screens: {', '.join([size, *given.option])}", rows)


if __name__ == "__main__":
    main()
