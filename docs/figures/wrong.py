"""Draw the pictures of docs/when-wrong.md: each kind of trouble, made to happen.

python docs/figures/wrong.py [NAME ...]
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

import numpy as np
from drawing import BLACK, BLUE, ORANGE, figure, save
from scipy.integrate import quad
from scipy.stats import norm

import pidtools as pt

LINEAR = pt.Probe(experts=("lda",))  # right for normal classes, and fast


def rows() -> Any:
    """Estimates from more and more rows."""
    problem = pt.problems.get("ten_classes")
    sizes, found = [200, 400, 800, 1600, 3200], []
    for n in sizes:
        found.append(
            pt.distillable_knowledge(
                *problem.sample(n), synergy=False, confidence_level=0.95, n_resamples=60
            )
        )
    axes = figure()
    for shift, atom, exact, colour in (
        (0.97, "distilled", problem.pid.redundancy, BLUE),
        (1.03, "distillable", problem.pid.unique_t, ORANGE),
    ):
        values = np.array([getattr(r, atom) for r in found])
        ends = np.array([(r.intervals[atom].low, r.intervals[atom].high) for r in found]).T
        spread = np.abs(ends - values)
        axes.errorbar(
            np.array(sizes) * shift, values, spread, fmt="o", ms=4, color=colour, label=atom
        )
        axes.axhline(exact, color=colour, ls="--", lw=1)
    axes.set(
        xscale="log", xlabel="rows", ylabel="bits", xticks=sizes, xticklabels=sizes, ylim=(0, None)
    )
    axes.minorticks_off()
    axes.legend(frameon=False, loc="lower right")
    return axes


def cells() -> Any:
    """What sampling adds to the information of noise."""
    sizes, rng = [60, 120, 250, 500, 1000, 2000, 4000], np.random.default_rng(0)
    axes = figure()
    for correction, title, colour in (("none", "plain", ORANGE), ("jackknife", "corrected", BLUE)):
        means = []
        for n in sizes:
            draws = [
                pt.mutual_information(
                    rng.random((n, 1)),
                    rng.integers(0, 2, n),
                    estimator=pt.Binning(n_bins=60, correction=correction),
                )
                for _ in range(8)
            ]
            means.append(np.mean(draws))
        axes.plot(sizes, means, "o-", ms=4, color=colour, label=title)
    axes.axhline(0, color=BLACK, ls="--", lw=1, label="exact")
    axes.set(xscale="log", xlabel="rows, of 60 bins", ylabel="bits", xticks=[60, 250, 1000, 4000])
    axes.set_xticklabels([60, 250, 1000, 4000])
    axes.minorticks_off()
    axes.legend(frameon=False)
    return axes


def neighbours() -> Any:
    """Two classes, apart by the same distance in more and more columns."""
    rng, columns, n = np.random.default_rng(0), [1, 2, 4, 8, 16, 32, 64], 1000
    y = np.arange(n) % 2
    found: dict[str, list[float]] = {"knn": [], "probe": []}
    for d in columns:
        X = rng.normal(size=(n, d)) + np.outer(y, np.full(d, 3 / d**0.5))
        found["knn"].append(pt.mutual_information(X, y, estimator="knn"))
        found["probe"].append(pt.mutual_information(X, y, estimator=LINEAR))
    axes = figure()
    axes.axhline(_two_normals(3.0), color=BLACK, ls="--", lw=1, label="exact")
    for (name, bits), colour in zip(found.items(), (ORANGE, BLUE), strict=True):
        axes.plot(columns, bits, "o-", ms=4, color=colour, label=name)
    axes.set(
        xscale="log",
        xlabel="columns",
        ylabel="bits",
        ylim=(0, 0.9),
        xticks=columns,
        xticklabels=columns,
    )
    axes.minorticks_off()
    axes.legend(frameon=False, loc="lower left")
    return axes


def _two_normals(distance: float) -> float:
    """I(X; Y) in bits of two classes of unit variance."""

    def inner(x: float) -> float:
        p = norm.pdf(x) / (norm.pdf(x) + norm.pdf(x - distance))
        return float(norm.pdf(x) * np.log2(1 / p)) if p > 0 else 0.0

    return 1 - quad(inner, -12, 12)[0]


def target() -> Any:
    """Five grades as classes and as an amount, with more and more precise sources."""
    rng, n = np.random.default_rng(0), 1500
    grades = rng.integers(0, 5, n)
    noises = [2.0, 1.0, 0.5, 0.25, 0.1, 0.05]
    found: dict[str, list[float]] = {"as classes": [], "as an amount": []}
    for noise in noises:
        T = grades[:, None] + noise * rng.normal(size=(n, 1))
        found["as classes"].append(pt.mutual_information(T, grades, estimator="knn"))
        found["as an amount"].append(
            pt.mutual_information(T, grades.astype(float), estimator="gaussian")
        )
    axes = figure()
    for (name, bits), colour in zip(found.items(), (BLUE, ORANGE), strict=True):
        axes.plot(noises, bits, "o-", ms=4, color=colour, label=name)
    axes.axhline(np.log2(5), color=BLACK, ls="--", lw=1, label="all that five grades hold")
    axes.set(
        xscale="log",
        xlabel="noise of T, in grades",
        ylabel="bits",
        xticks=noises,
        xticklabels=noises,
    )
    axes.minorticks_off()
    axes.legend(frameon=False)
    return axes


def padding() -> Any:
    """Rows of padding, left in and left out."""
    rng, n = np.random.default_rng(0), 1500
    y = rng.integers(0, 2, n)
    T, S = (rng.normal(size=(n, 3)) + c * np.outer(y, [1, 0, 0]) for c in (3.0, 1.5))
    is_padding = rng.random(n) < 0.4
    T[is_padding, 2] += 12
    S[is_padding, 2] += 3
    y[is_padding] = -100
    ways = (("left in", None), ("ignore_label=-100", -100))
    axes = figure(4.2, 2.4)
    for place, (_, ignored) in enumerate(ways):
        r = pt.distillable_knowledge(T, S, y, estimator=LINEAR, synergy=False, ignore_label=ignored)
        axes.bar(place, r.distilled, 0.55, color=BLUE, label=None if place else "distilled")
        axes.bar(
            place,
            r.distillable,
            0.55,
            r.distilled,
            color=ORANGE,
            label=None if place else "distillable",
        )
    axes.set(
        ylabel="bits", xticks=range(2), xticklabels=[title for title, _ in ways], xlim=(-0.6, 2.6)
    )
    axes.legend(frameon=False, loc="center right", reverse=True)
    return axes


def order() -> Any:
    """More and more rows of the student out of place."""
    rng, n = np.random.default_rng(0), 2000
    y = np.arange(n) % 4
    T, S = (rng.normal(size=(n, 4)) + c * np.eye(4)[y] for c in (5.0, 4.0))
    shares, found = np.linspace(0, 1, 6), []
    for share in shares:
        moved = np.arange(n)
        chosen = rng.permutation(n)[: int(share * n)]
        moved[chosen] = rng.permutation(chosen)
        found.append(pt.distillable_knowledge(T, S[moved], y, estimator=LINEAR, synergy=False))
    axes = figure()
    axes.plot(
        100 * shares,
        [r.student_information for r in found],
        "o-",
        ms=4,
        color=BLUE,
        label="I(Y; S)",
    )
    axes.plot(
        100 * shares, [r.distillable for r in found], "o-", ms=4, color=ORANGE, label="distillable"
    )
    axes.set(xlabel="% of the student's rows out of place", ylabel="bits")
    axes.legend(frameon=False)
    return axes


def groups() -> Any:
    """Intervals of data sets of 40 groups, which share their noise, with groups and without."""
    n_groups, size, n_sets = 40, 25, 12
    group = np.repeat(np.arange(n_groups), size)
    axes = figure(4.6, 2.8)
    for shift, given, title, colour in (
        (-0.15, None, "rows taken for independent", ORANGE),
        (0.15, group, "with groups", BLUE),
    ):
        for seed in range(n_sets):
            rng = np.random.default_rng(seed)
            y = rng.integers(0, 2, n_groups)[group]
            T = _in_groups(rng, y, group, 1.6)
            S = _in_groups(rng, y, group, 0.8)
            r = pt.distillable_knowledge(
                T, S, y, estimator=LINEAR, synergy=False, confidence_level=0.95,
                uncertainty="analytic", groups=given,
            )  # fmt: skip
            interval = r.intervals["teacher_information"]
            axes.plot(
                [seed + shift] * 2,
                [interval.low, interval.high],
                color=colour,
                lw=2,
                label=None if seed else title,
            )
    axes.axhline(_two_normals(1.6), color=BLACK, ls="--", lw=1, label="exact")
    axes.set(xlabel="data set", ylabel="I(Y; T), bits", xticks=[], ylim=(0, None))
    axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, 1.25), ncols=3, fontsize=8)
    return axes


def _in_groups(rng: Any, y: Any, group: Any, distance: float) -> Any:
    shared = rng.normal(size=group.max() + 1)[group]
    own = rng.normal(size=len(group))
    return (distance * y + 0.9**0.5 * shared + 0.1**0.5 * own)[:, None]


def zero() -> Any:
    """Estimates of a unique information that is 0."""
    problem, found = pt.problems.get("gaussian_equal"), []
    for seed in range(200):
        found.append(pt.distillable_knowledge(*problem.sample(300, random_state=seed)).distillable)
    axes = figure()
    axes.hist(found, 25, color=BLUE)
    axes.axvline(0, color=BLACK, ls="--", lw=1)
    axes.set(xlabel="distillable, bits (exact: 0)", ylabel="of 200 data sets")
    return axes


def gap() -> Any:
    """Proved bounds by iterations."""
    pmf = np.random.default_rng(0).dirichlet(np.full(6 * 6 * 4, 0.3)).reshape(6, 6, 4)
    steps, upper, gaps = list(range(1, 9)), [], []
    for k in steps:
        pid = pt.broja(pmf, max_iter=k)
        upper.append(pid.union_information)
        gaps.append(pid.gap)
    axes = figure()
    upper_, lower = np.array(upper), np.array(upper) - np.array(gaps)
    axes.fill_between(steps, lower, upper_, color=BLUE, alpha=0.25, label="proved to lie here")
    axes.plot(steps, upper_, "o-", ms=4, color=BLUE, label="reported")
    axes.set(xlabel="max_iter", ylabel="union information, bits")
    axes.legend(frameon=False)
    return axes


ALL = (rows, cells, neighbours, target, padding, order, groups, zero, gap)


def main() -> None:
    """Draw those that are named, or all."""
    warnings.simplefilter("ignore", pt.PIDWarning)
    for draw in ALL:
        if not sys.argv[1:] or draw.__name__ in sys.argv[1:]:
            save(draw(), f"wrong_{draw.__name__}")


if __name__ == "__main__":
    main()
