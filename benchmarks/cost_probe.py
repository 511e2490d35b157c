"""What an estimate by the probe costs, and how that grows.

    python benchmarks/cost_probe.py

One call of `distillable_knowledge` for each size, on classes that differ in a few latent
directions, seen through a random layer with rectified units. Each size runs in a process of its
own. "CPU s" counts both cores; "peak" is the resident memory beyond the sources themselves, as a
multiple of them. Exponents are fitted to the CPU seconds along each axis. Writes
``results/cost_probe.json`` and ``.md``; about 15 minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

RESULTS = Path(__file__).parent / "results"
# n_samples, width of T, width of S, n_classes
BASE = (2000, 32, 16, 2)
AXES: dict[str, list[tuple[int, int, int, int]]] = {
    "n_samples": [(n, *BASE[1:]) for n in (1000, 2000, 4000, 8000, 16_000)],
    "width": [(2000, d, d // 2, 2) for d in (16, 32, 64, 128, 256, 512)],
    "n_classes": [(4000, 32, 16, c) for c in (2, 4, 8, 16, 32)],
    "large": [(50_000, 2048, 512, 10)],
}
N_LATENT, BLOCK = 24, 5000


def draw(n: int, d_t: int, d_s: int, n_classes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """T, S and Y: the student's layer sees half of the latent directions."""
    rng = np.random.default_rng(0)
    Y = rng.integers(0, n_classes, n)
    centres = rng.normal(size=(n_classes, N_LATENT))
    A, B = rng.normal(size=(N_LATENT, d_t)), rng.normal(size=(N_LATENT // 2, d_s))
    T, S = np.empty((n, d_t), np.float32), np.empty((n, d_s), np.float32)
    for start in range(0, n, BLOCK):
        rows = slice(start, min(start + BLOCK, n))
        latent = centres[Y[rows]] + rng.normal(size=(rows.stop - start, N_LATENT))
        noise = rng.normal(size=(rows.stop - start, d_t + d_s))
        T[rows] = np.maximum(0.3 * latent @ A + noise[:, :d_t], 0)
        S[rows] = np.maximum(0.3 * latent[:, : N_LATENT // 2] @ B + noise[:, d_t:], 0)
    return T, S, Y


class Peak:
    """Largest resident memory while the block runs, beyond what was there before."""

    def __enter__(self) -> Peak:
        self.start = self.largest = _resident()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self) -> None:
        while not self._done.wait(0.02):
            self.largest = max(self.largest, _resident())

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()


def _resident() -> int:
    return 4096 * int(Path("/proc/self/statm").read_text().split()[1])


def work(size: tuple[int, int, int, int]) -> dict[str, Any]:
    """One estimate, after a small one that loads everything."""
    from pidtools import distillable_knowledge

    warnings.simplefilter("ignore")
    T, S, Y = draw(*size)
    distillable_knowledge(*draw(400, 16, 8, 3), estimator="probe")
    with Peak() as peak:
        wall, cpu = time.perf_counter(), time.process_time()
        result = distillable_knowledge(T, S, Y, estimator="probe")
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {
        "size": size,
        "wall_seconds": wall,
        "cpu_seconds": cpu,
        "peak_beyond_sources": (peak.largest - peak.start) / (T.nbytes + S.nbytes),
        "distillable": result.distillable,
        "distilled": result.distilled,
    }


def exponent(rows: list[dict[str, Any]], axis: int) -> float:
    """Slope of log CPU seconds against log size, least squares."""
    x = np.log([row["size"][axis] for row in rows])
    y = np.log([row["cpu_seconds"] for row in rows])
    return float(np.polyfit(x, y, 1)[0])


def table(found: dict[str, list[dict[str, Any]]]) -> str:
    """All sizes, and the exponents."""
    lines = [
        "# What the probe costs",
        "",
        "| n | T | S | classes | seconds by the clock | CPU s | peak beyond the sources |",
        "|---|---|---|---|---|---|---|",
    ]
    for rows in found.values():
        lines += [
            f"| {' | '.join(map(str, row['size']))} | {row['wall_seconds']:.1f} "
            f"| {row['cpu_seconds']:.1f} | {row['peak_beyond_sources']:.2f} x |"
            for row in rows
        ]
    places = {"n_samples": 0, "width": 1, "n_classes": 3}
    lines += [""] + [
        f"- CPU seconds grow like {name}^{exponent(found[name], place):.2f}"
        for name, place in places.items()
        if len(found.get(name, [])) > 1
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Parse the command line, measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=int, nargs=4, help=argparse.SUPPRESS)
    parser.add_argument("--axes", nargs="*", choices=list(AXES), default=list(AXES))
    options = parser.parse_args()
    if options.work:
        print(json.dumps(work(tuple(options.work))))
        return
    store = RESULTS / "cost_probe.json"
    known = json.loads(store.read_text())["axes"] if store.exists() else {}
    for axis in options.axes:
        found = []
        for size in AXES[axis]:
            command = [sys.executable, __file__, "--work", *map(str, size)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found.append(json.loads(done.stdout))
            print(axis, found[-1], flush=True)
        known[axis] = found
        RESULTS.mkdir(exist_ok=True)
        content = {"machine": platform.machine(), "python": platform.python_version()}
        store.write_text(json.dumps({**content, "axes": known}, indent=1) + "\n")
        store.with_suffix(".md").write_text(table(known))
    print(table(known))


if __name__ == "__main__":
    main()
