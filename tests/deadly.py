"""A probe that counts what it looks at, and can end its own process; for tests of workers."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import pidtools as pt


@dataclass(frozen=True, kw_only=True)
class CountingProbe(pt.Probe):
    """Writes the name of each source to a log when it is done with it.

    Attributes
    ----------
    log : str
        A file.
    dies_at, times : str, int
        Source that ends the process that looks at it, and how often.
    seconds : float
        To wait before each source.
    """

    log: str = ""
    dies_at: str = ""
    times: int = 1
    seconds: float = 0.0

    def summarise(self, X: Any, Y: Any, /, **options: Any) -> Any:  # type: ignore[override]
        time.sleep(self.seconds)
        if options["name"] == self.dies_at and self._died() < self.times:
            self._write(f"died {os.getpid()}")
            os.kill(os.getpid(), signal.SIGKILL)
        found = super().summarise(X, Y, **options)
        self._write(f"{options['name']} {is_mapped(X)}")
        return found

    def _died(self) -> int:
        return sum(line.startswith("died") for line in self.lines())

    def _write(self, text: str) -> None:
        with open(self.log, "a") as file:
            file.write(f"{text}\n")

    def lines(self) -> list[str]:
        """What the log says so far."""
        path = Path(self.log)
        return path.read_text().splitlines() if path.exists() else []


def is_mapped(X: Any) -> bool:
    """Whether an array is a view of a file mapped for reading."""
    while isinstance(X, np.ndarray):
        if isinstance(X, np.memmap):
            return True
        X = X.base
    return False


def layers(n: int = 240, n_layers: int = 3) -> tuple[dict[str, Any], dict[str, Any], Any]:
    """Layers of a teacher and of a student, with labels."""
    rng = np.random.default_rng(0)
    y = np.arange(n) % 3
    teacher = {f"t{k}": (rng.normal(size=(n, 5)) + (k + 1) * np.eye(5)[y]) for k in range(n_layers)}
    student = {name.replace("t", "s"): X[:, :2] for name, X in teacher.items()}
    as_float32 = [{k: X.astype(np.float32) for k, X in part.items()} for part in (teacher, student)]
    return as_float32[0], as_float32[1], y
