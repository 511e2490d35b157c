"""Bias of Gaussian atoms from small samples, and how often their intervals hold the truth.

    python benchmarks/accuracy_gaussian.py bias --draws 200
    python benchmarks/accuracy_gaussian.py coverage --draws 200

Every finished system is kept in ``results/accuracy_gaussian_*.json`` and not run again, so a run
can be stopped and resumed; the tables are written from what is there. With PIDTOOLS_GPID set to
the ``src`` folder of praveenv253/gpid, gpid is run beside us on the same covariances, with and
without its own correction.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from gaussian_systems import (
    ATOMS,
    Floats,
    gpid_atoms,
    gpid_or_none,
    hard_systems,
    sampled_systems,
    versions,
)

import pidtools as pt

RESULTS = Path(__file__).parent / "results"
SIZES = (50, 100, 200, 500, 1000)
PEER_SIZE = 100
# Problems of the library in the table of bias: units of T, S and Y are as many.
SMALL = ("gaussian_rotated_30", "gaussian_doubled")
# Problems for the coverage, and the sizes of their samples.
COVERED = (
    "gaussian_scalar",
    "gaussian_unordered",
    "gaussian_shared_noise",
    "gaussian_separate",
    "gaussian_unequal",
    "gaussian_rotated_30",
    "gaussian_doubled",
    "gaussian_ordered",
    "gaussian_equal",
    "gaussian_nothing",
)
NAMES = {
    "distilled": "redundancy",
    "distillable": "unique_t",
    "student_only": "unique_s",
    "synergy": "synergy",
    "teacher_information": "information_t",
    "student_information": "information_s",
    "joint_information": "joint_information",
}


def main() -> None:
    """Run what was asked for and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("bias", "coverage"))
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--samples", type=int, default=500, help="rows a data set (coverage)")
    parser.add_argument("--resamples", type=int, default=200, help="for intervals (coverage)")
    parser.add_argument("--only", nargs="*", help="systems, by name")
    given = parser.parse_args()
    warnings.simplefilter("ignore", pt.PIDWarning)
    RESULTS.mkdir(exist_ok=True)
    jobs = {"bias": bias_jobs, "coverage": coverage_jobs}[given.what](given)
    store = RESULTS / f"accuracy_gaussian_{given.what}.json"
    for key, job in jobs:
        if key not in read(store) and (not given.only or any(name in key for name in given.only)):
            row = job()
            # Another run may have written meanwhile.
            rows = {**read(store), key: row}
            store.write_text(json.dumps({"versions": versions(), "rows": rows}, indent=1) + "\n")
            print(key, flush=True)
    table = {"bias": bias_table, "coverage": coverage_table}[given.what]
    if store.exists():
        text = table(read(store))
        store.with_suffix(".md").write_text(text)
        print(text)


def read(store: Path) -> dict[str, Any]:
    """What is finished."""
    found: dict[str, Any] = json.loads(store.read_text())["rows"] if store.exists() else {}
    return found


Jobs = Iterator[tuple[str, Callable[[], dict[str, Any]]]]


def bias_jobs(given: argparse.Namespace) -> Jobs:
    """One job a system, dimension and sample size; all at the size of the peer first."""
    gpid = gpid_or_none()
    for n in (PEER_SIZE, *(n for n in SIZES if n != PEER_SIZE)):
        peer = gpid if n == PEER_SIZE else None
        for d in (4, 10):
            for name, cov in (sampled_systems(d) | hard_systems(d)).items():
                key = f"{name}, d={d}, n={n}"
                yield key, lambda c=cov, m=n, p=peer: bias_of(c, m, given.draws, p)
        for name in SMALL:
            cov = pt.problems.get(name).cov
            key = f"{name}, d={len(cov) // 3}, n={n}"
            yield key, lambda c=cov, m=n, p=peer: bias_of(c, m, given.draws, p)


def bias_of(cov: Floats, n: int, draws: int, gpid: Any) -> dict[str, Any]:
    """Mean error and spread of each atom, in bits, by each way of estimating."""
    d = len(cov) // 3
    root = np.linalg.cholesky(cov)
    exact = pt.gaussian_pid(cov, dims=(d, d, d))
    truth = np.array([getattr(exact, atom) for atom in ATOMS])
    found: dict[str, list[list[float]]] = {}
    for seed in range(draws):
        rows = np.random.default_rng([seed, d, n]).standard_normal((n, 3 * d)) @ root.T
        for name, atoms in estimates(rows, d, gpid).items():
            found.setdefault(name, []).append(atoms)
    return {
        "truth": truth.tolist(),
        "draws": draws,
        "bias": {k: (np.mean(v, axis=0) - truth).tolist() for k, v in found.items()},
        "spread": {k: np.std(v, axis=0).tolist() for k, v in found.items()},
    }


def estimates(rows: Floats, d: int, gpid: Any) -> dict[str, list[float]]:
    """Atoms of one sample, corrected and not, and by gpid."""
    T, S, Y = rows[:, :d], rows[:, d : 2 * d], rows[:, 2 * d :]
    ways = {"ours": pt.Gaussian(), "plug-in": pt.Gaussian(correction=False)}
    found = {}
    for name, estimator in ways.items():
        pid = pt.distillable_knowledge(T, S, Y, estimator=estimator).pid
        found[name] = [getattr(pid, atom) for atom in ATOMS]
    if gpid is not None:
        cov = np.cov(rows, rowvar=False)
        found["gpid"] = gpid_atoms(gpid, cov)
        found["gpid corrected"] = gpid_atoms(gpid, cov, unbiased=True, sample_size=len(rows))
    return found


def bias_table(found: dict[str, Any]) -> str:
    """Mean over atoms of |bias| by system; mean and largest over systems."""
    ways = ("ours", "plug-in", "gpid", "gpid corrected")
    lines = [
        "Mean over the four atoms of |bias| in bits, and bias of Red, Uni T, Uni S, Syn of ours.",
        "Of gpid, mean and largest are over the systems it was run on.",
        "",
        f"| system | {' | '.join(ways)} | ours, by atom |",
        "|---|" + "---|" * (len(ways) + 1),
    ]
    sizes: dict[str, dict[str, list[float]]] = {}
    for key, row in sorted(found.items(), key=_by_size):
        size = {way: float(np.abs(b).mean()) for way, b in row["bias"].items()}
        kept = sizes.setdefault(", ".join(key.rsplit(", ", 2)[1:]), {way: [] for way in ways})
        for way, value in size.items():
            kept[way].append(value)
        shown = " | ".join(f"{size[way]:.3f}" if way in size else "" for way in ways)
        atoms = " ".join(f"{b:+.3f}" for b in row["bias"]["ours"])
        lines.append(f"| {key} | {shown} | {atoms} |")
    for name, over in (("mean", np.mean), ("largest", np.max)):
        for k, by_way in sizes.items():
            shown = " | ".join(f"{over(by_way[w]):.3f}" if by_way[w] else "" for w in ways)
            lines.append(f"| {name} of {len(by_way['ours'])} systems, {k} | {shown} | |")
    return "\n".join(lines) + "\n"


def _by_size(item: tuple[str, Any]) -> tuple[int, int]:
    _, d, n = item[0].rsplit(", ", 2)
    return int(d[2:]), int(n[2:])


def coverage_jobs(given: argparse.Namespace) -> Jobs:
    """One job a problem."""
    for name in COVERED:
        problem = pt.problems.get(name)
        key = f"{name}, n={given.samples}"
        options = (given.samples, given.draws, given.resamples)
        yield key, lambda p=problem, o=options: coverage_of(p, *o)


def coverage_of(problem: Any, n: int, draws: int, n_resamples: int = 200) -> dict[str, Any]:
    """Share of data sets whose 95 % interval holds the truth; widths beside the spread."""
    truth = {name: float(getattr(problem.pid, field)) for name, field in NAMES.items()}
    held = dict.fromkeys(NAMES, 0)
    widths: dict[str, list[float]] = {name: [] for name in NAMES}
    estimates: dict[str, list[float]] = {name: [] for name in NAMES}
    for seed in range(draws):
        T, S, Y = problem.sample(n, random_state=1000 + seed)
        r = pt.distillable_knowledge(
            *(T, S, Y),
            estimator="gaussian",
            confidence_level=0.95,
            n_resamples=n_resamples,
            random_state=seed,
        )
        for name, interval in r.intervals.items():
            # Exact zeros carry rounding of either sign.
            held[name] += (
                max(truth[name], 0.0) + 1e-12 >= interval.low and truth[name] <= interval.high
            )
            widths[name].append(interval.high - interval.low)
            estimates[name].append(getattr(r, name))
    return {
        name: {
            "truth": truth[name],
            "coverage": held[name] / draws,
            "width": float(np.mean(widths[name])),
            "spread": float(np.std(estimates[name])),
            "bias": float(np.mean(estimates[name])) - truth[name],
        }
        for name in NAMES
    } | {"draws": draws, "resamples": n_resamples}


def coverage_table(found: dict[str, Any]) -> str:
    """Coverage by problem and quantity; zeros apart."""
    lines = [
        "Share of data sets whose 95 % interval holds the truth; in brackets for true zeros.",
        "",
        f"| problem | data sets, resamples | {' | '.join(NAMES)} |",
        "|---|---|" + "---|" * len(NAMES),
    ]
    pooled: list[float] = []
    zeros: list[float] = []
    atoms = list(NAMES)[:4]
    for key, row in found.items():
        cells = []
        for name in NAMES:
            zero = abs(row[name]["truth"]) < 1e-9
            share = f"{row[name]['coverage']:.3f}"
            cells.append(f"({share})" if zero else share)
            if name in atoms:
                (zeros if zero else pooled).append(row[name]["coverage"])
        size = f"{row['draws']}, {row['resamples']}"
        lines.append(f"| {key} | {size} | {' | '.join(cells)} |")
    lines += [""] + [
        f"{len(shares)} atoms {kind}: pooled {np.mean(shares):.4f}, "
        f"{min(shares):.3f} to {max(shares):.3f}.\n"
        for kind, shares in (("that are not 0", pooled), ("that are exactly 0", zeros))
        if shares
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
