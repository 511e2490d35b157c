"""What an estimate by the probe costs, and how that grows.

    python benchmarks/cost_probe.py

One call of `distillable_knowledge` for each size, on classes that differ in a few latent
directions, seen through a random layer with rectified units. Each size runs in a process of its
own. "CPU s" counts both cores; "peak" is the resident memory beyond the sources themselves, as a
multiple of them. Exponents are fitted to the CPU seconds along each axis. Writes
``results/cost_probe.json`` and ``.md``; about 15 minutes on two cores.
"""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np

from benchmarks.tools.clock import forget_peak, peak_memory
from benchmarks.tools.options import Options
from benchmarks.tools.process import answered, ask
from benchmarks.tools.store import Row, keep, kept
from benchmarks.tools.written import table, write
from pidtools import distillable_knowledge

Array = np.ndarray[Any, Any]
# n_samples, width of T, width of S, n_classes
BASE = (2000, 32, 16, 2)
AXES: dict[str, list[tuple[int, int, int, int]]] = {
    "n_samples": [(n, *BASE[1:]) for n in (1000, 2000, 4000, 8000, 16_000)],
    "width": [(2000, d, d // 2, 2) for d in (16, 32, 64, 128, 256, 512)],
    "n_classes": [(4000, 32, 16, c) for c in (2, 4, 8, 16, 32)],
    "large": [(50_000, 2048, 512, 10)],
}
N_LATENT, BLOCK = 24, 5000


def draw(n: int, d_t: int, d_s: int, n_classes: int) -> tuple[Array, Array, Array]:
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


def work(*numbers: str) -> Row:
    """One estimate, after a small one that loads everything."""
    n, d_t, d_s, n_classes = size = tuple(map(int, numbers))
    warnings.simplefilter("ignore")
    T, S, Y = draw(n, d_t, d_s, n_classes)
    distillable_knowledge(*draw(400, 16, 8, 3), estimator="probe")
    before = forget_peak()
    wall, cpu = time.perf_counter(), time.process_time()
    result = distillable_knowledge(T, S, Y, estimator="probe")
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {
        "size": size,
        "wall_seconds": wall,
        "cpu_seconds": cpu,
        "peak_beyond_sources": (peak_memory() - before) / (T.nbytes + S.nbytes),
        "distillable": result.distillable,
        "distilled": result.distilled,
    }


def exponent(rows: list[Row], axis: int) -> float:
    """Slope of log CPU seconds against log size, least squares."""
    x = np.log([row["size"][axis] for row in rows])
    y = np.log([row["cpu_seconds"] for row in rows])
    return float(np.polyfit(x, y, 1)[0])


def write_tables() -> None:
    """All sizes, and the exponents."""
    found = kept("cost_probe")["axes"]
    sizes = [
        [
            *row["size"],
            f"{row['wall_seconds']:.1f}",
            f"{row['cpu_seconds']:.1f}",
            f"{row['peak_beyond_sources']:.2f} x",
        ]
        for rows in found.values()
        for row in rows
    ]
    places = {"n_samples": 0, "width": 1, "n_classes": 3}
    growth = [
        f"- CPU seconds grow like {name}^{exponent(found[name], place):.2f}"
        for name, place in places.items()
        if len(found.get(name, [])) > 1
    ]
    columns = ["n", "T", "S", "classes", "seconds by the clock", "CPU s"]
    blocks = [table([*columns, "peak beyond the sources"], sizes), "\n".join(growth)]
    write("cost_probe", "# What the probe costs", *filter(None, blocks))


def main() -> None:
    """Parse the command line, measure and write."""
    if answered(work):
        return
    options = Options(__doc__)
    options.names("axes", AXES, AXES)
    options.number("first", 0, "of the sizes of an axis, 0 for all")
    options.only_table()
    given = options.parse_args()
    axes = kept("cost_probe").get("axes", {})
    for axis in [] if given.table else given.axes:
        found = []
        for size in AXES[axis][: given.first or None]:
            found.append(ask(__file__, *map(str, size)))
            print(axis, found[-1], flush=True)
        axes[axis] = found
        keep("cost_probe", axes=axes)
    write_tables()


if __name__ == "__main__":
    main()
