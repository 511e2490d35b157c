"""Bias of Gaussian atoms from small samples, and how often their intervals hold the truth.

    python benchmarks/accuracy_gaussian.py bias --draws 200
    python benchmarks/accuracy_gaussian.py coverage --draws 200

Every finished system is kept in ``results/accuracy_gaussian_*.jsonl`` and not run again, so a run
can be stopped and resumed; the tables are written from what is there. With PIDTOOLS_GPID set to
the ``src`` folder of praveenv253/gpid, gpid is run beside us on the same covariances, with and
without its own correction.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

import pidtools as pt
from benchmarks.tools import coverage
from benchmarks.tools.coverage import Coverage
from benchmarks.tools.gaussian import Floats, hard_systems, sampled_systems
from benchmarks.tools.known import ATOMS, QUANTITIES, atoms, numbers
from benchmarks.tools.options import Options
from benchmarks.tools.peers import ABSENT, gpid, gpid_atoms
from benchmarks.tools.store import Job, Row, Store
from benchmarks.tools.written import table, write
from pidtools.problems import GaussianProblem

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
# Exact zeros carry rounding of either sign.
SLACK, ZERO = 1e-12, 1e-9


def main() -> None:
    """Run what was asked for and write the tables."""
    options = Options(__doc__)
    options.part("bias", "coverage")
    options.number("draws", 200, "data sets of a system")
    options.number("samples", 500, "rows of a data set (coverage)")
    options.number("resamples", 200, "for intervals (coverage)")
    options.names("only", about="systems, by parts of their names")
    options.only_table()
    given = options.parse_args()
    if given.what == "bias":
        store = Store("accuracy_gaussian_bias", "system", "d", "n")
        jobs, write_tables = bias_jobs(given.draws), write_bias
    else:
        store = Store("accuracy_gaussian_coverage", "system", "n")
        jobs = coverage_jobs(given.samples, given.draws, given.resamples)
        write_tables = write_coverage
    if not given.table:
        names = given.only
        store.fill(
            (key, job)
            for key, job in jobs
            if not names or any(name in named(key) for name in names)
        )
    write_tables(store.rows())


def problem_of(name: str) -> GaussianProblem:
    """A problem of the library."""
    problem = pt.problems.get(name)
    assert isinstance(problem, GaussianProblem)
    return problem


def named(row: Row) -> str:
    """A system with its sizes."""
    return ", ".join([row["system"], *(f"{k}={row[k]}" for k in ("d", "n") if k in row)])


def bias_jobs(draws: int) -> Iterator[Job]:
    """One job a system, dimension and sample size; all at the size of the peer first."""
    module = gpid()
    for n in (PEER_SIZE, *(n for n in SIZES if n != PEER_SIZE)):
        systems = [
            (name, d, cov)
            for d in (4, 10)
            for name, cov in (sampled_systems(d) | hard_systems(d)).items()
        ]
        small = [(name, problem_of(name).cov) for name in SMALL]
        systems += [(name, len(cov) // 3, cov) for name, cov in small]
        peer = module if n == PEER_SIZE else None
        for name, d, cov in systems:
            yield {"system": name, "d": d, "n": n}, partial(bias_of, cov, n, draws, peer)


def bias_of(cov: Floats, n: int, draws: int, peer: Any) -> Row:
    """Mean error and spread of each atom, in bits, by each way of estimating."""
    d = len(cov) // 3
    root = np.linalg.cholesky(cov)
    truth = np.array(atoms(pt.gaussian_pid(cov, dims=(d, d, d))))
    found: dict[str, list[list[float]]] = {}
    for seed in range(draws):
        rows = np.random.default_rng([seed, d, n]).standard_normal((n, 3 * d)) @ root.T
        for name, values in estimates(rows, d, peer).items():
            found.setdefault(name, []).append(values)
    return {
        "truth": truth.tolist(),
        "draws": draws,
        "bias": {k: (np.mean(v, axis=0) - truth).tolist() for k, v in found.items()},
        "spread": {k: np.std(v, axis=0).tolist() for k, v in found.items()},
    }


def estimates(rows: Floats, d: int, peer: Any) -> dict[str, list[float]]:
    """Atoms of one sample, corrected and not, and by gpid."""
    T, S, Y = rows[:, :d], rows[:, d : 2 * d], rows[:, 2 * d :]
    ways = {"ours": pt.Gaussian(), "plug-in": pt.Gaussian(correction=False)}
    found = {}
    for name, estimator in ways.items():
        found[name] = atoms(pt.distillable_knowledge(T, S, Y, estimator=estimator).pid)
    if peer is not None:
        cov = np.cov(rows, rowvar=False)
        found["gpid"] = gpid_atoms(peer, cov)
        found["gpid corrected"] = gpid_atoms(peer, cov, unbiased=True, sample_size=len(rows))
    return found


def write_bias(found: list[Row]) -> None:
    """Mean over atoms of |bias| by system; mean and largest over systems."""
    ways = ("ours", "plug-in", "gpid", "gpid corrected")
    lines = []
    sizes: dict[str, dict[str, list[float]]] = {}
    for row in sorted(found, key=lambda row: (row["d"], row["n"])):
        size = {way: float(np.abs(b).mean()) for way, b in row["bias"].items()}
        of_size = sizes.setdefault(f"d={row['d']}, n={row['n']}", {way: [] for way in ways})
        for way, value in size.items():
            of_size[way].append(value)
        shown = [f"{size[way]:.3f}" if way in size else "" for way in ways]
        lines.append([named(row), *shown, " ".join(f"{b:+.3f}" for b in row["bias"]["ours"])])
    for name, over in (("mean", np.mean), ("largest", np.max)):
        for k, by_way in sizes.items():
            shown = [f"{over(by_way[way]):.3f}" if by_way[way] else "" for way in ways]
            lines.append([f"{name} of {len(by_way['ours'])} systems, {k}", *shown, ""])
    if not any("gpid" in row["bias"] for row in found):
        lines.append(["all", "", "", ABSENT, ABSENT, ""])
    write(
        "accuracy_gaussian_bias",
        "Mean over the four atoms of |bias| in bits, and bias of Red, Uni T, Uni S, Syn of ours.\n"
        "Of gpid, mean and largest are over the systems it was run on.",
        table(["system", *ways, "ours, by atom"], lines),
    )


def coverage_jobs(n: int, draws: int, n_resamples: int) -> Iterator[Job]:
    """One job a problem."""
    for name in COVERED:
        yield (
            {"system": name, "n": n},
            partial(coverage_of, problem_of(name), n, draws, n_resamples),
        )


def coverage_of(problem: GaussianProblem, n: int, draws: int, n_resamples: int) -> Row:
    """Share of data sets whose 95 % interval holds the truth; widths beside the spread."""
    found = [
        coverage.measure(
            problem.sample(n, random_state=1000 + seed),
            numbers(problem.pid),
            estimator="gaussian",
            n_resamples=n_resamples,
            random_state=seed,
        )
        for seed in range(draws)
    ]
    of_quantities = {name: coverage.coverage(name, found, SLACK)._asdict() for name in QUANTITIES}
    return {"draws": draws, "resamples": n_resamples, "quantities": of_quantities}


def write_coverage(found: list[Row]) -> None:
    """Coverage by problem and quantity; zeros apart."""
    lines, atoms_found = [], []
    for row in found:
        of_quantities = {name: Coverage(**row["quantities"][name]) for name in QUANTITIES}
        shown = {name: f"{each.coverage:.3f}" for name, each in of_quantities.items()}
        cells = [
            f"({share})" if abs(of_quantities[name].truth) < ZERO else share
            for name, share in shown.items()
        ]
        lines.append([named(row), f"{row['draws']}, {row['resamples']}", *cells])
        atoms_found += [(of_quantities[name], row["draws"]) for name in ATOMS]
    kinds = coverage.apart(atoms_found, ZERO)
    pooled = [
        f"{len(of_kind)} atoms {kind}: pooled {np.mean(shares):.4f}, "
        f"{min(shares):.3f} to {max(shares):.3f}."
        for of_kind, kind in (
            (kinds[True], "that are not 0"),
            (kinds[False], "that are exactly 0"),
        )
        if (shares := [share for share, _ in of_kind])
    ]
    write(
        "accuracy_gaussian_coverage",
        "Share of data sets whose 95 % interval holds the truth; in brackets for true zeros.",
        table(["problem", "data sets, resamples", *QUANTITIES], lines),
        *pooled,
    )


if __name__ == "__main__":
    main()
