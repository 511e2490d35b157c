"""Layers larger than memory: what the probe takes of memory, and whether the answer is the same.

    python benchmarks/out_of_core.py --folder /var/tmp/layers

Layers of float16 in memory maps, rectified, of ten classes that differ in some latent directions;
the student sees half of these. Each line is a process of its own: all rows from the files, and some
of the first rows both from files and as float32 arrays in memory, whose atoms should agree. "peak"
is the largest resident memory of the whole process, libraries included. The files (1.8 GB) and
temporary ones (3.7 GB, where ``TMPDIR`` says) need room on disk; about a quarter of an hour on two
cores. Lines are kept in ``results/out_of_core.jsonl`` and not repeated.
"""

from __future__ import annotations

import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.tools.clock import peak_memory
from benchmarks.tools.options import Options
from benchmarks.tools.process import answered, ask
from benchmarks.tools.store import Row, Store
from benchmarks.tools.written import table_of, write
from pidtools import distillable_knowledge

Array = np.ndarray[Any, Any]
STORE = Store("out_of_core", "rows", "of", "T", "S", "held")
N_CLASSES, N_LATENT, BLOCK = 10, 24, 5000
HELD = ("files", "memory")


def make(folder: Path, n: int, d_t: int, d_s: int) -> None:
    """Files of T, S and Y, unless they are there already."""
    shapes = {"T": (n, d_t), "S": (n, d_s)}
    if all((folder / f"{name}.npy").is_file() for name in "TSY"):
        found = {name: np.load(folder / f"{name}.npy", mmap_mode="r").shape for name in shapes}
        if found == shapes:
            return
    rng = np.random.default_rng(0)
    Y = rng.integers(0, N_CLASSES, n)
    centres = rng.normal(size=(N_CLASSES, N_LATENT))
    A, B = rng.normal(size=(N_LATENT, d_t)), rng.normal(size=(N_LATENT // 2, d_s))
    T, S = (
        np.lib.format.open_memmap(folder / f"{name}.npy", "w+", np.float16, shape)
        for name, shape in shapes.items()
    )
    for start in range(0, n, BLOCK):
        rows = slice(start, min(start + BLOCK, n))
        latent = centres[Y[rows]] + rng.normal(size=(rows.stop - start, N_LATENT))
        noise = rng.standard_normal((rows.stop - start, d_t + d_s), dtype=np.float32)
        T[rows] = np.maximum(0.3 * latent @ A + noise[:, :d_t], 0)
        S[rows] = np.maximum(0.3 * latent[:, : N_LATENT // 2] @ B + noise[:, d_t:], 0)
    np.save(folder / "Y.npy", Y)


def work(folder: str, rows: str, held: str) -> Row:
    """One estimate of some of the first rows."""
    warnings.simplefilter("ignore")
    n, place = int(rows), Path(folder)
    T, S = (np.load(place / f"{name}.npy", mmap_mode="r")[:n] for name in "TS")
    Y = np.load(place / "Y.npy")[:n]
    if held == "memory":
        T, S = T.astype(np.float32), S.astype(np.float32)
    start, cpu = time.perf_counter(), time.process_time()
    found = distillable_knowledge(T, S, Y, estimator="probe")
    return {
        "atoms": [round(float(atom or 0.0), 5) for atom in found.pid.atoms],
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - cpu,
        "peak": peak_memory() / 2**20,
        "notes": list(found.notes),
    }


def write_tables() -> None:
    """Atoms, and what they cost."""
    lines = []
    for row in STORE.rows():
        line = {name: row[name] for name in ("rows", "T", "S", "held")}
        names = ("distilled", "distillable", "student_only", "synergy")
        line |= {n: f"{atom:.4f}" for n, atom in zip(names, row["atoms"], strict=True)}
        line |= {"seconds": f"{row['seconds']:.0f}", "CPU s": f"{row['cpu']:.0f}"}
        lines.append(line | {"peak MiB": f"{row['peak']:.0f}"})
    write("out_of_core", "# Layers larger than memory: atoms in bits, and cost", table_of(lines))


def main() -> None:
    """Parse the command line, measure and write."""
    if answered(work):
        return
    options = Options(__doc__)
    options.numbers("sizes", [400_000, 2048, 256], "rows, columns of T, columns of S")
    options.number("rows", 40_000, "rows that are also taken in memory")
    options.add_argument("--folder", default=str(Path(tempfile.gettempdir()) / "pidtools-layers"))
    options.only_table()
    given = options.parse_args()
    if not given.table:
        n, d_t, d_s = given.sizes
        folder = Path(given.folder)
        folder.mkdir(parents=True, exist_ok=True)
        make(folder, n, d_t, d_s)
        for rows, held in ((given.rows, "memory"), (given.rows, "files"), (n, "files")):
            key = {"rows": rows, "of": n, "T": d_t, "S": d_s, "held": held}
            if tuple(key.values()) in STORE.finished():
                continue
            row = key | ask(__file__, str(folder), str(rows), held)
            STORE.add([row])
            print(*key.values(), row["atoms"], f"{row['peak']:.0f} MiB", flush=True)
    write_tables()


if __name__ == "__main__":
    main()
