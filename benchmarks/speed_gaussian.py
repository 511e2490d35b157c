"""Seconds and agreement of the closed form and of gpid, and what a wide teacher costs.

    PIDTOOLS_GPID=/path/to/gpid/src python benchmarks/speed_gaussian.py dims
    python benchmarks/speed_gaussian.py wide

Both are timed in one run, one BLAS thread, the best of a few. "wide" compares the whole estimate
on float32 activations with forming their covariance in float64 and nothing else.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import resource
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from gaussian_systems import ATOMS, gpid_atoms, gpid_or_none, random_channels, versions
from scipy.linalg.blas import dsyrk
from threadpoolctl import threadpool_limits

import pidtools as pt

RESULTS = Path(__file__).parent / "results"
DIMS = (8, 16, 32, 64, 128, 256)


def main() -> None:
    """Run one part and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("dims", "wide"))
    parser.add_argument("--dims", type=int, nargs="*", default=DIMS)
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--units", type=int, nargs=3, default=(4096, 1024, 128))
    given = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    with threadpool_limits(limits=1):
        found = by_dims(given.dims) if given.what == "dims" else wide(given.units, given.samples)
    store = RESULTS / f"speed_gaussian_{given.what}.json"
    store.write_text(json.dumps({"versions": versions(), "rows": found}, indent=1) + "\n")
    for row in found:
        print(
            " ".join(f"{k}={v:.3g}" if isinstance(v, float) else f"{k}={v}" for k, v in row.items())
        )


def best_of(run: Callable[[], Any], times: int) -> tuple[float, Any]:
    """Shortest time in seconds and the last answer."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        answer = run()
        seconds.append(time.perf_counter() - start)
    return min(seconds), answer


def by_dims(dims: list[int]) -> list[dict[str, Any]]:
    """One row a dimension: d units each of T, S and Y."""
    gpid = gpid_or_none()
    rows = []
    for d in dims:
        cov = random_channels(d)
        ours, pid = best_of(lambda c=cov, k=d: pt.gaussian_pid(c, dims=(k, k, k)), 5)
        row: dict[str, Any] = {"d": d, "ours": ours, "gap": pid.gap}
        if gpid is not None:
            with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                seconds, theirs = best_of(lambda c=cov: gpid_atoms(gpid, c), 3 if d <= 32 else 1)
            off = max(abs(getattr(pid, a) - b) for a, b in zip(ATOMS, theirs, strict=True))
            row |= {"gpid": seconds, "times faster": seconds / ours, "largest difference": off}
        rows.append(row)
        print(row, flush=True)
    return rows


def wide(units: list[int], n: int) -> list[dict[str, Any]]:
    """The whole estimate against the covariance alone."""
    T, S, Y = activations(units, n)
    data = sum(a.nbytes for a in (T, S, Y)) / 2**30
    forget_peak()
    whole, found = best_of(lambda: pt.distillable_knowledge(T, S, Y, estimator="gaussian"), 1)
    peak = peak_memory()
    alone, _ = best_of(lambda: covariance(T, S, Y), 1)
    return [
        {
            "units": list(units),
            "samples": n,
            "estimate": whole,
            "covariance alone": alone,
            "ratio": whole / alone,
            "data GiB": data,
            "peak GiB": peak,
            **{name: getattr(found.pid, name) for name in ATOMS},
        }
    ]


def forget_peak() -> None:
    """Start to measure the peak of memory anew, where the system allows it (Linux)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory() -> float:
    """Largest resident memory in GiB, the data included."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 2**20


def activations(units: list[int], n: int) -> list[Any]:
    """float32 rows in which both sources see Y through noise."""
    rng = np.random.default_rng(0)
    y = rng.standard_normal((n, units[2]), dtype=np.float32)
    sources = []
    for width, gain in zip(units[:2], (0.05, 0.08), strict=True):
        mix = (gain * rng.standard_normal((units[2], width))).astype(np.float32)
        noise = rng.standard_normal((n, width), dtype=np.float32)
        noise += y @ mix
        sources.append(noise)
    return [*sources, y]


def covariance(*arrays: Any) -> Any:
    """Covariance of all columns in float64, by blocks of rows, each added in place."""
    width, n = sum(a.shape[1] for a in arrays), len(arrays[0])
    scatter, total = np.zeros((width, width), order="F"), np.zeros(width)
    for start in range(0, n, 2048):
        block = np.hstack([a[start : start + 2048].astype(np.float64) for a in arrays])
        total += block.sum(axis=0)
        scatter = dsyrk(1.0, block.T, beta=1.0, c=scatter, overwrite_c=1, lower=1)
    return (scatter - np.outer(total, total) / n) / (n - 1)


if __name__ == "__main__":
    main()
