"""How far each estimator is from the exact atoms, on every sampled problem.

    python benchmarks/accuracy_pid.py --n 2000 8000 --seeds 3

Runs are kept in ``results/accuracy_pid.jsonl`` and not repeated, so it can be stopped and
resumed; ``--table`` only writes ``results/accuracy_pid.md`` and ``.png`` from what is there. A
run of the probe takes some 3 s at n = 2000 and 5 s at n = 8000 on one core, all of it a quarter of
an hour; "floor" is the probe's own pipeline fed the exact posteriors and without its classifiers:
what is left there is the sampling error, and, with a hundred classes, that of cells which
classifiers would have sharpened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np

from benchmarks.tools.known import atoms
from benchmarks.tools.options import Options
from benchmarks.tools.store import Job, Row, Store, grouped
from benchmarks.tools.written import save_figure, table, write
from pidtools import Binning, KMeansBinning, Probe, distillable_knowledge, problems

STORE = Store("accuracy_pid", "problem", "estimator", "n", "seed")
ESTIMATORS = ("probe", "floor", "kmeans", "binning")
SHOWN = {
    "probe": ("probe", "tab:blue"),
    "floor": ("exact posteriors", "0.6"),
    "kmeans": ("the paper's clusters", "tab:red"),
    "binning": ("two bins a column", "tab:orange"),
}
Problem = problems.SampledProblem


def by_probe(problem: Problem, n: int, seed: int) -> list[float]:
    """The default probe."""
    return by(Probe(), problem, n, seed)


def by_floor(problem: Problem, n: int, seed: int) -> list[float]:
    """The probe's pipeline on exact posteriors."""
    T, S, Y = problem.sample(n, seed)
    probe = Probe(inputs="probabilities", experts=())
    t, s, joint = (probe.summarise(p, Y) for p in problem.posteriors(T, S))
    pid = probe.pair(t, s, synergy=False).atoms()
    return [*pid.atoms[:3], joint.information - pid.union_information]


def by_kmeans(problem: Problem, n: int, seed: int) -> list[float]:
    """The pipeline of the paper with its defaults."""
    return by(KMeansBinning(), problem, n, seed)


def by_binning(problem: Problem, n: int, seed: int) -> list[float]:
    """Two quantile bins a column."""
    return by(Binning(n_bins=2), problem, n, seed)


def by(estimator: Any, problem: Problem, n: int, seed: int) -> list[float]:
    """The atoms as users ask for them."""
    T, S, Y = problem.sample(n, seed)
    return atoms(distillable_knowledge(T, S, Y, estimator=estimator).pid)


RUNNERS: dict[str, Callable[[Problem, int, int], list[float]]] = {
    "probe": by_probe,
    "floor": by_floor,
    "kmeans": by_kmeans,
    "binning": by_binning,
}


def errors(problem: Problem, estimator: str, n: int, seed: int) -> Row:
    """One measurement: errors of the four atoms in bits."""
    exact = atoms(problem.pid)
    found = RUNNERS[estimator](problem, n, seed)
    off = [a - b for a, b in zip(found, exact, strict=True)]
    return {"family": problem.family, "errors": off, "exact": exact}


def jobs(names: list[str], estimators: list[str], sizes: list[int], seeds: int) -> Iterator[Job]:
    """One a data set and estimator."""
    for n in sizes:
        for seed in range(seeds):
            for problem in problems.sampled_problems():
                if names and problem.name not in names:
                    continue
                for estimator in estimators:
                    key = {"problem": problem.name, "estimator": estimator, "n": n, "seed": seed}
                    yield key, partial(errors, problem, estimator, n, seed)


def write_tables(rows: list[Row]) -> None:
    """Means over families, then one row a problem."""
    summary = (
        "Mean and largest absolute error of the atoms, in bits; mean CPU seconds.",
        table(
            ["family", "n", "estimator", "problems", "runs", "mean", "largest", "s"],
            _summary(rows),
        ),
    )
    details = (
        "Bias and spread (standard deviation over seeds) of Red / Uni_T / Uni_S / Syn in bits, "
        "mean and largest absolute error.",
        table(["problem", "n", "estimator", "bias", "spread", "mean", "largest"], _details(rows)),
    )
    write("accuracy_pid", "# Accuracy of the atoms", *summary, *details)


def _summary(rows: list[Row]) -> Iterable[list[Any]]:
    for key, group in sorted(grouped(rows, "family", "n", "estimator").items()):
        size = np.abs([row["errors"] for row in group])
        n_problems = len({row["problem"] for row in group})
        timed = [row["cpu_seconds"] for row in group if "cpu_seconds" in row]
        seconds = f"{np.mean(timed):.1f}" if timed else ""
        yield [*key, n_problems, len(group), f"{size.mean():.4f}", f"{size.max():.3f}", seconds]


def _details(rows: list[Row]) -> Iterable[list[Any]]:
    for key, group in sorted(grouped(rows, "problem", "n", "estimator").items()):
        off = np.array([row["errors"] for row in group])
        bias = " / ".join(f"{x:+.3f}" for x in off.mean(axis=0))
        spread = " / ".join(f"{x:.3f}" for x in off.std(axis=0))
        size = np.abs(off)
        yield [*key, bias, spread, f"{size.mean():.4f}", f"{size.max():.3f}"]


def write_figure(rows: list[Row]) -> None:
    """Mean and largest absolute error of an atom against n, one panel a family."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    families = {"graded": "ordinary", "general": "further", "extreme": "extreme"}
    figure = Figure(figsize=(10.5, 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(families), sharey=True)
    groups = grouped(rows, "family", "n", "estimator")
    for axes, (family, title) in zip(panels, families.items(), strict=True):
        for name, (label, colour) in SHOWN.items():
            sizes = sorted(n for f, n, e in groups if (f, e) == (family, name))
            sets = [np.abs([r["errors"] for r in groups[family, n, name]]) for n in sizes]
            mean, largest = [e.mean() for e in sets], [e.max() for e in sets]
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
    save_figure(figure, "accuracy_pid", "accuracy_pid.jsonl")


def main() -> None:
    """Parse the command line, measure and write."""
    options = Options(__doc__)
    options.numbers("n", (500, 2000, 8000), "rows of a data set")
    options.number("seeds", 3, "data sets of a problem and size")
    options.names("problems", about="some of them")
    options.names("estimators", ESTIMATORS, ESTIMATORS)
    options.only_table()
    given = options.parse_args()
    if not given.table:
        STORE.fill(jobs(given.problems, given.estimators, given.n, given.seeds))
    write_tables(STORE.rows())
    write_figure(STORE.rows())


if __name__ == "__main__":
    main()
