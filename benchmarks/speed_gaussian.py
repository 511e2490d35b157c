"""Seconds and agreement of the closed form and of gpid, and what a wide teacher costs.

    PIDTOOLS_GPID=/path/to/gpid/src python benchmarks/speed_gaussian.py dims
    PIDTOOLS_GPID=/path/to/gpid/src python benchmarks/speed_gaussian.py agreement
    python benchmarks/speed_gaussian.py wide

Both are timed in one run, in CPU seconds of one BLAS thread, the best of a few. "agreement" takes
apart what the two differ by: gpid minimises I(Y; T, S) over couplings, with a regularised noise,
until twenty steps in a row changed it by less than 1e-6; its coupling is read off again without
regularisation, and its own objective is asked about our coupling. "wide" compares the whole
estimate on float32 activations with forming their covariance in float64 and nothing else.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from functools import partial
from typing import Any

import numpy as np
from scipy.linalg.blas import dsyrk
from threadpoolctl import threadpool_limits

import pidtools as pt
from benchmarks.tools.clock import best_of, forget_peak, peak_memory
from benchmarks.tools.gaussian import random_channels, random_gains
from benchmarks.tools.known import atoms
from benchmarks.tools.options import Options
from benchmarks.tools.peers import ABSENT, gpid, gpid_atoms
from benchmarks.tools.store import Row
from benchmarks.tools.written import write_rows, write_table
from pidtools._gaussian import pencil
from pidtools._result import NATS_PER_BIT

# A busy machine disturbs short runs most, so they are repeated most.
REPEATS, GPID_REPEATS = 40, 3
DIMS = (8, 16, 32, 64, 128, 256)
# Of gpid's noise; 1e-7 is its own.
REGULARISATIONS = (1e-5, 1e-6, 1e-7, 1e-8, 1e-9)


TITLES = {
    "dims": "Seconds of the Gaussian closed form beside gpid",
    "agreement": "Union informations in bits, less our proved lower bound",
    "wide": "The Gaussian estimate of wide layers",
}


def main() -> None:
    """Run one part and write it."""
    options = Options(__doc__)
    options.part(*TITLES)
    options.numbers("dims", DIMS, "units of each of T, S and Y")
    options.number("samples", 100_000, "rows (wide)")
    options.numbers("units", (4096, 1024, 128), "of T, S and Y (wide)")
    options.only_table()
    given = options.parse_args()
    name = f"speed_gaussian_{given.what}"
    if given.table:
        write_table(name)
        return
    with threadpool_limits(limits=1):
        if given.what == "wide":
            found = wide(given.units, given.samples)
        else:
            found = {"dims": by_dims, "agreement": agreement}[given.what](given.dims)
    write_rows(name, TITLES[given.what], found)


def by_dims(dims: list[int]) -> list[Row]:
    """One row a dimension: d units each of T, S and Y."""
    peer = gpid()
    rows = []
    for d in dims:
        cov = random_channels(d)
        ours, pid = best_of(partial(pt.gaussian_pid, cov, dims=(d, d, d)), REPEATS)
        row: Row = {"d": d, "ours": ours, "gap": pid.gap}
        if peer is not None:
            with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                repeats = GPID_REPEATS if d <= 128 else 1
                seconds, theirs = best_of(partial(gpid_atoms, peer, cov), repeats)
            off = max(abs(a - b) for a, b in zip(atoms(pid), theirs, strict=True))
            row |= {"gpid": seconds, "times faster": seconds / ours, "largest difference": off}
        else:
            row["gpid"] = ABSENT
        rows.append(row)
        print(row, flush=True)
    return rows


def agreement(dims: list[int]) -> list[Row]:
    """Union informations in bits, less our proved lower bound, by gpid's regularisation."""
    peer = gpid()
    if peer is None:
        return [{"d": d, "gpid's value": ABSENT} for d in dims]
    rows = []
    for d in dims:
        h_t, h_s, cov = *random_gains(d), random_channels(d)
        p, r = (np.linalg.cholesky(np.linalg.inv(np.eye(d) + h.T @ h)) for h in (h_t, h_s))
        ours = pencil.solve(p, r)
        left, sigma, _ = np.linalg.svd(np.linalg.solve(r, p))
        frame = np.linalg.solve(r.T, left) / np.minimum(sigma, 1.0)
        gains_t, gains_s, noise = pencil.optimal_channels(frame, p, r)
        # Our channels have other rotations than the gains; inside the feasible set by 1e-12.
        turn_t, turn_s = (np.linalg.solve(a.T, h.T).T for a, h in ((gains_t, h_t), (gains_s, h_s)))
        coupling = (1 - 1e-12) * turn_t @ noise @ turn_s.T
        for reg in REGULARISATIONS:
            theirs, value = peer.exact_tilde_union_info_minimizer(h_t, h_s, ret_obj=True, reg=reg)
            exact = pencil.primal_value(h_t, h_s, theirs) / NATS_PER_BIT
            rows.append(
                {
                    "d": d,
                    "gap of ours": pt.gaussian_pid(cov, dims=(d, d, d)).gap,
                    "regularisation": reg,
                    "gpid's value": float(value - ours.lower),
                    "its coupling, exactly": float(exact - ours.lower),
                    "its objective at our coupling, less at its own": float(
                        peer.objective(coupling, h_t, h_s, d, d, d, reg)
                        - peer.objective(theirs, h_t, h_s, d, d, d, reg)
                    ),
                }
            )
    return rows


def wide(units: list[int], n: int) -> list[Row]:
    """The whole estimate against the covariance alone."""
    T, S, Y = activations(units, n)
    data = sum(a.nbytes for a in (T, S, Y)) / 2**30
    forget_peak()
    whole, found = best_of(lambda: pt.distillable_knowledge(T, S, Y, estimator="gaussian"), 1)
    peak = peak_memory() / 2**30
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
            "redundancy": found.pid.redundancy,
            "unique_t": found.pid.unique_t,
            "unique_s": found.pid.unique_s,
            "synergy": found.pid.synergy,
        }
    ]


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
