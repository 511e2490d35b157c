"""How far each estimator is from the exact atoms, on every sampled problem.

    python benchmarks/accuracy_pid.py --n 2000 8000 --seeds 3

Runs are kept in ``results/accuracy_pid.json`` and not repeated, so it can be stopped and
resumed; ``--table`` only writes ``results/accuracy_pid.md`` and ``.png`` from what is there. A
run of the probe takes some 3 s at n = 2000 and 10 s at n = 8000 on one core, all of it three
quarters of an hour; "floor" is the probe's own
pipeline fed the exact posteriors: what is left there is the sampling error.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from pidtools import Binning, KMeansBinning, Probe, problems

RESULTS = Path(__file__).parent / "results"
STORE, TABLE = RESULTS / "accuracy_pid.json", RESULTS / "accuracy_pid.md"
ATOMS = ("redundancy", "unique_t", "unique_s", "synergy")
ESTIMATORS = ("probe", "floor", "kmeans", "binning")
SHOWN = {
    "probe": ("probe", "tab:blue"),
    "floor": ("exact posteriors", "0.6"),
    "kmeans": ("the paper's clusters", "tab:red"),
    "binning": ("two bins a column", "tab:orange"),
}
Problem = problems.SampledProblem
Atoms = list[float]


def by_probe(problem: Problem, n: int, seed: int) -> Atoms:
    """The default probe."""
    T, S, Y = problem.sample(n, seed)
    probe = Probe()
    t, s = (probe.summarise(_clean(X), Y, name=name) for X, name in ((T, "T"), (S, "S")))
    return _with_joint(probe, t, s, probe.joint(t, s))


def by_floor(problem: Problem, n: int, seed: int) -> Atoms:
    """The probe's pipeline on exact posteriors."""
    T, S, Y = problem.sample(n, seed)
    probe = Probe(inputs="probabilities", experts=())
    t, s, joint = (probe.summarise(p, Y) for p in problem.posteriors(T, S))
    return _with_joint(probe, t, s, joint)


def by_kmeans(problem: Problem, n: int, seed: int) -> Atoms:
    """The pipeline of the paper with its defaults."""
    T, S, Y = problem.sample(n, seed)
    return _atoms_of(KMeansBinning(), _clean(T), _clean(S), Y)


def by_binning(problem: Problem, n: int, seed: int) -> Atoms:
    """Two quantile bins a column."""
    T, S, Y = problem.sample(n, seed)
    return _atoms_of(Binning(n_bins=2), _clean(T), _clean(S), Y)


RUNNERS: dict[str, Callable[[Problem, int, int], Atoms]] = {
    "probe": by_probe,
    "floor": by_floor,
    "kmeans": by_kmeans,
    "binning": by_binning,
}


def _with_joint(probe: Probe, t: Any, s: Any, joint: Any) -> Atoms:
    pid = probe.decompose(t, s, joint)
    synergy = joint.information - pid.union_information
    return [pid.redundancy, pid.unique_t, pid.unique_s, synergy]


def _clean(X: Any) -> Any:
    return X.astype(np.float32) if X.dtype == np.float16 else X


def _atoms_of(estimator: Any, T: Any, S: Any, Y: Any) -> Atoms:
    labels = np.unique(Y, return_inverse=True)[1]
    t, s = (estimator.summarise(X, labels, name=name) for X, name in ((T, "T"), (S, "S")))
    pid = estimator.decompose(t, s)
    synergy = estimator.joint_information(t, s) - pid.union_information
    return [pid.redundancy, pid.unique_t, pid.unique_s, synergy]


def run(problem: Problem, estimator: str, n: int, seed: int) -> dict[str, Any]:
    """One measurement: errors of the four atoms in bits, and CPU seconds."""
    exact = [getattr(problem.pid, atom) for atom in ATOMS]
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = RUNNERS[estimator](problem, n, seed)
    seconds = time.process_time() - start
    return {
        "problem": problem.name,
        "family": problem.family,
        "estimator": estimator,
        "n": n,
        "seed": seed,
        "errors": [a - b for a, b in zip(found, exact, strict=True)],
        "exact": exact,
        "cpu_seconds": seconds,
    }


def measure(names: list[str], estimators: list[str], sizes: list[int], seeds: int) -> None:
    """Run what has not been run, saving after each."""
    for n in sizes:
        for seed in range(seeds):
            for problem in problems.sampled_problems():
                if names and problem.name not in names:
                    continue
                for estimator in estimators:
                    _run_once(problem, estimator, n, seed)


def _run_once(problem: Problem, estimator: str, n: int, seed: int) -> None:
    # Read afresh: several processes may share the store.
    key = f"{problem.name} {estimator} {n} {seed}"
    if key in _load():
        return
    row = run(problem, estimator, n, seed)
    _store(key, row)
    shown = " ".join(f"{error:+.3f}" for error in row["errors"])
    print(f"{key:<46}{shown}  {row['cpu_seconds']:6.1f} s", flush=True)


def _load() -> dict[str, Any]:
    return json.loads(STORE.read_text()) if STORE.exists() else {}


def _store(key: str, row: dict[str, Any]) -> None:
    STORE.parent.mkdir(exist_ok=True)
    rows = _load() | {key: row}
    part = STORE.with_suffix(".part")
    part.write_text(json.dumps(rows, indent=0))
    part.replace(STORE)


def write_table() -> None:
    """Means over families, then one row a problem."""
    rows = list(_load().values())
    lines = ["# Accuracy of the atoms", "", *_summary(rows), "", *_details(rows)]
    TABLE.write_text("\n".join(lines) + "\n")


def _summary(rows: list[dict[str, Any]]) -> list[str]:
    lines = [
        "Mean and largest absolute error of the atoms, in bits; mean CPU seconds.",
        "",
        "| family | n | estimator | problems | runs | mean | largest | s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (family, n, estimator), group in sorted(_grouped(rows, "family", "n", "estimator")):
        errors = np.abs([row["errors"] for row in group])
        n_problems = len({row["problem"] for row in group})
        timed = [row["cpu_seconds"] for row in group if "cpu_seconds" in row]
        seconds = f"{np.mean(timed):.1f}" if timed else ""
        lines.append(
            f"| {family} | {n} | {estimator} | {n_problems} | {len(group)} "
            f"| {errors.mean():.4f} | {errors.max():.3f} | {seconds} |"
        )
    return lines


def _details(rows: list[dict[str, Any]]) -> list[str]:
    lines = [
        "Bias and spread (standard deviation over seeds) of Red / Uni_T / Uni_S / Syn in bits, "
        "mean and largest absolute error.",
        "",
        "| problem | n | estimator | bias | spread | mean | largest |",
        "|---|---|---|---|---|---|---|",
    ]
    for (problem, n, estimator), group in sorted(_grouped(rows, "problem", "n", "estimator")):
        errors = np.array([row["errors"] for row in group])
        bias = " / ".join(f"{x:+.3f}" for x in errors.mean(axis=0))
        spread = " / ".join(f"{x:.3f}" for x in errors.std(axis=0))
        size = np.abs(errors)
        lines.append(
            f"| {problem} | {n} | {estimator} | {bias} | {spread} "
            f"| {size.mean():.4f} | {size.max():.3f} |"
        )
    return lines


def write_figure() -> None:
    """Mean and largest absolute error of an atom against n, one panel a family."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    families = {"graded": "ordinary", "general": "further", "extreme": "extreme"}
    figure = Figure(figsize=(10.5, 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(families), sharey=True)
    groups = dict(_grouped(list(_load().values()), "family", "n", "estimator"))
    for axes, (family, title) in zip(panels, families.items(), strict=True):
        for name, (label, colour) in SHOWN.items():
            sizes = sorted(n for f, n, e in groups if (f, e) == (family, name))
            errors = [np.abs([r["errors"] for r in groups[family, n, name]]) for n in sizes]
            mean, largest = [e.mean() for e in errors], [e.max() for e in errors]
            axes.plot(sizes, mean, "o-", color=colour, label=label)
            axes.plot(sizes, largest, ":", color=colour, lw=1.2)
        n_problems = len(
            {r["problem"] for (f, _, _), g in groups.items() if f == family for r in g}
        )
        axes.set(title=f"{title}: {n_problems} problems", xlabel="samples", xscale="log")
        axes.set(yscale="log")
        axes.set_xticks(sizes, [str(n) for n in sizes])
        axes.minorticks_off()
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", lw=0.4)
    panels[0].set_ylabel("absolute error of an atom, bits")
    figure.legend(
        *panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False
    )
    figure.suptitle("Mean (solid) and largest (dotted) error of the four atoms")
    figure.savefig(STORE.with_suffix(".png"), dpi=150)


def _grouped(rows: list[dict[str, Any]], *keys: str) -> Any:
    groups = defaultdict(list)
    for row in rows:
        groups[tuple(row[key] for key in keys)].append(row)
    return groups.items()


def main() -> None:
    """Parse the command line, measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, nargs="*", default=[500, 2000, 8000])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--problems", nargs="*", default=[])
    parser.add_argument("--estimators", nargs="*", choices=ESTIMATORS, default=list(ESTIMATORS))
    parser.add_argument("--table", action="store_true", help="only write the table")
    options = parser.parse_args()
    if not options.table:
        measure(options.problems, options.estimators, options.n, options.seeds)
    write_table()
    write_figure()


if __name__ == "__main__":
    main()
