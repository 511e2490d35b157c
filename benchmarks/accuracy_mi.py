"""Error of k-nearest-neighbour informations beside their peers where the truth is known.

Continuous pairs (normal, uniform margins, Student's t, additive uniform noise, spiral, swiss roll
in noise) with 1 to 64 columns a side, and labels of 2, 10 and 100 normal classes. Truths are
closed forms, or Monte Carlo with the exact densities. Peers get standardised columns, since
most of them do not scale. One group a range of columns; errors in nats.

    python benchmarks/accuracy_mi.py [--n 2000] [--seeds 3] [--largest 64]
"""

from __future__ import annotations

import math
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy.special import gammaln, logsumexp
from scipy.special import psi as digamma

from benchmarks.tools import peers
from benchmarks.tools.clock import spent
from benchmarks.tools.options import Options
from benchmarks.tools.written import write_rows, write_table
from pidtools import knn, mutual_information


class Task(NamedTuple):
    """Data with a known information in nats."""

    name: str
    columns: int
    x: Any
    y: Any
    truth: float


def main() -> None:
    """Print one row a task; write one a group."""
    options = Options(__doc__)
    options.number("n", 2000, "rows")
    options.number("seeds", 3, "data sets of each kind")
    options.number("largest", 64, "columns a side at most")
    options.only_table()
    given = options.parse_args()
    if given.table:
        write_table("accuracy_mi")
        write_table("accuracy_mi_warnings")
    else:
        measure(given.n, given.seeds, given.largest)


def measure(n: int, seeds: int, largest: int) -> None:
    """Estimate all tasks."""
    errors: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    judged: dict[tuple[str, str], list[Judged]] = defaultdict(list)
    for make in (continuous, labelled):
        for task in make(n, seeds, largest):
            group = group_of(task.columns)
            found = estimates(task)
            for who, value in found.items():
                errors[make.__name__, group, who].append(abs(value - task.truth))
            judged[make.__name__, group].append(judge(task))
            shown = "  ".join(f"{who} {value:+.3f}" for who, value in found.items())
            print(f"{task.name:<28} truth {task.truth:.3f}  {shown}", flush=True)
    # A peer that takes one column only saw other tasks than the others: no fair mean.
    full = {key: len(values) for key, values in errors.items() if key[2] == "pidtools"}
    rows = [
        {
            "kind": kind,
            "columns a side": group,
            "estimator": who,
            "mean absolute error, nats": float(np.mean(values)),
            "largest": float(np.max(values)),
            "tasks": len(values),
        }
        for (kind, group, who), values in sorted(errors.items())
        if len(values) == full[kind, group, "pidtools"]
    ]
    rows += [
        {"estimator": name, "mean absolute error, nats": peers.ABSENT}
        for name in ("NPEET", "infomeasure", "syntropyx", "ennemi")
        if not peers.is_here(name)
    ]
    write_rows("accuracy_mi", f"Informations from nearest neighbours, n = {n}", rows)
    warned = [
        {
            "kind": kind,
            "columns a side": group,
            "warned": f"{sum(j.warned for j in found)} of {len(found)}",
            "too low by, warned": mean_of(j.missing for j in found if j.warned),
            "expected there": mean_of(j.expected for j in found if j.warned),
            "too low by, not warned": mean_of(j.missing for j in found if not j.warned),
            "expected elsewhere": mean_of(j.expected for j in found if not j.warned),
        }
        for (kind, group), found in sorted(judged.items())
    ]
    title = f"Mean shortfall in nats and what the result says of it, n = {n}"
    write_rows("accuracy_mi_warnings", title, warned, since=spent())  # all of it counted above


class Judged(NamedTuple):
    """What an estimate misses and what it says of itself, in nats."""

    warned: bool
    missing: float
    expected: float


def mean_of(values: Iterable[float]) -> float | None:
    """Mean, or None of nothing."""
    found = list(values)
    return float(np.mean(found)) if found else None


def group_of(columns: int) -> str:
    """Range of columns a side."""
    return "1-4" if columns <= 4 else "5-10" if columns <= 10 else "above 10"


def continuous(n: int, seeds: int, largest: int) -> Iterator[Task]:
    """Pairs of continuous vectors."""
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        for d in (d for d in (1, 2, 4, 5, 10, 20, 64) if d <= largest):
            yield Task(f"normal d={d}", d, *normal(rng, n, d, 1.0))
            x, y, truth = normal(rng, n, d, 1.0)
            yield Task(f"uniform margins d={d}", d, erf_margins(x), erf_margins(y), truth)
            yield Task(f"Student t(5) d={d}", d, *student(rng, n, d, 5))
        for d in (d for d in (1, 4, 10) if d <= largest):
            x = rng.uniform(size=(n, d))
            noise = rng.uniform(-0.25, 0.25, size=(n, d))
            # One column: h(X + U) - h(U) of a trapezium is w / 2 - log w with w = 1/2.
            yield Task(f"additive uniform d={d}", d, x, x + noise, d * (0.25 + np.log(2)))
        yield from curved(rng, n)


def normal(rng: np.random.Generator, n: int, d: int, nats: float) -> tuple[Any, Any, float]:
    """Normal columns in pairs that share `nats` together."""
    r = np.sqrt(1 - np.exp(-2 * nats / d))
    x = rng.normal(size=(n, d))
    return x, r * x + np.sqrt(1 - r * r) * rng.normal(size=(n, d)), nats


def erf_margins(x: Any) -> Any:
    """Uniform margins by the normal distribution function."""
    from scipy.special import ndtr

    return ndtr(x)


def student(rng: np.random.Generator, n: int, d: int, nu: int) -> tuple[Any, Any, float]:
    """Normal pairs divided by one common chi: the closed form of the multivariate t."""
    x, y, nats = normal(rng, n, d, 1.0)
    scale = np.sqrt(rng.chisquare(nu, size=(n, 1)) / nu)

    def f(dims: int) -> float:
        half = (nu + dims) / 2
        return float(-gammaln(half) + gammaln(nu / 2) + half * (digamma(half) - digamma(nu / 2)))

    # Entropies of a t in a, b and a + b columns; scatter terms are those of the normal.
    return x / scale, y / scale, nats + 2 * f(d) - f(2 * d)


def curved(rng: np.random.Generator, n: int) -> Iterator[Task]:
    """A parameter and its noisy image on a spiral or a swiss roll, by Monte Carlo."""
    for name, roll in (("spiral", False), ("swiss roll", True)):
        t, height = rng.uniform(size=(2, n))
        points = roll_out(t, height, roll) + 0.3 * rng.normal(size=(n, 2 + roll))
        x = np.stack([t, height], axis=1) if roll else t[:, None]
        yield Task(name, x.shape[1], x, points, curve_truth(roll))


def roll_out(t: Any, height: Any, roll: bool) -> Any:
    """Point of the curve or the surface."""
    angle = 1.5 * np.pi * (1 + 2 * t)
    flat = [angle * np.cos(angle) / 3, angle * np.sin(angle) / 3]
    return np.stack([*flat, 5 * height] if roll else flat, axis=1)


def curve_truth(roll: bool, m: int = 1500, grid: int = 3000, sigma: float = 0.3) -> float:
    """E log p(y | t) - log p(y), the mixture over t on a fine grid; heights are independent."""
    from scipy.special import ndtr

    rng = np.random.default_rng(99)
    t, ts = rng.uniform(size=m), (np.arange(grid) + 0.5) / grid
    noise = sigma * rng.normal(size=(m, 2))
    centres, found = roll_out(ts, ts, False), roll_out(t, t, False) + noise
    squares = ((found[:, None, :] - centres[None]) ** 2).sum(axis=2)
    mixture = logsumexp(-squares / (2 * sigma**2), axis=1) - np.log(grid)
    nats = float(np.mean(-(noise**2).sum(axis=1) / (2 * sigma**2) - mixture))
    if not roll:
        return nats
    z = np.linspace(-10 * sigma, 5 + 10 * sigma, 20001)
    p = (ndtr(z / sigma) - ndtr((z - 5) / sigma)) / 5
    h = -np.sum(np.where(p > 0, p * np.log(np.where(p > 0, p, 1)), 0)) * (z[1] - z[0])
    return nats + float(h) - 0.5 * float(np.log(2 * np.pi * math.e * sigma**2))


def labelled(n: int, seeds: int, largest: int) -> Iterator[Task]:
    """Normal classes of unit covariance with random centres; truth by Monte Carlo."""
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        for n_classes in (2, 10, 100):
            for d in (d for d in (1, 2, 4, 5, 10, 20, 64) if d <= largest):
                centres = rng.normal(size=(n_classes, d)) * 2 / np.sqrt(d)
                y = rng.integers(0, n_classes, n)
                x = centres[y] + rng.normal(size=(n, d))
                name = f"{n_classes} classes d={d}"
                yield Task(name, d, x, y, class_truth(rng, centres))


def class_truth(rng: np.random.Generator, centres: Any, m: int = 20_000) -> float:
    """Log C plus the mean log posterior of the class."""
    y = rng.integers(0, len(centres), m)
    x = centres[y] + rng.normal(size=(m, centres.shape[1]))
    logits = x @ centres.T - (centres**2).sum(axis=1) / 2
    own = logits[np.arange(m), y] - logsumexp(logits, axis=1)
    return float(np.log(len(centres)) + own.mean())


def estimates(task: Task) -> dict[str, float]:
    """Ours and those of the peers that are there."""
    if task.y.ndim == 1:
        return of_labels(task)
    x, y = standardised(task.x), standardised(task.y)
    found: dict[str, peers.Estimate | None] = {
        "pidtools": lambda: knn.ksg(task.x, task.y, units="nats").value,
        "NPEET": peers.npeet(x, y),
        "infomeasure": peers.infomeasure(x, y),
        "syntropyx": peers.syntropy(x, y),
        "ennemi": peers.ennemi(x, y) if x.shape[1] == y.shape[1] == 1 else None,
    }
    return {who: estimate() for who, estimate in found.items() if estimate}


def of_labels(task: Task) -> dict[str, float]:
    """The same for class labels."""
    x = standardised(task.x)
    found = {"pidtools": knn.ross(task.x, task.y, units="nats").value}
    if np.bincount(task.y).min() > 3:  # it can't search smaller classes
        found["Ross by trees"] = peers.ross_with_trees(x, task.y)
    npeet = peers.npeet(x, task.y)
    if npeet:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found["NPEET micd"] = npeet()
    return found


def standardised(x: Any) -> Any:
    """Columns of mean 0 and deviation 1."""
    return (x - x.mean(axis=0)) / x.std(axis=0)


def judge(task: Task) -> Judged:
    """What the result says of itself, and whether the call of users warns."""
    measure = knn.ross if task.y.ndim == 1 else knn.ksg
    found = measure(task.x, task.y, units="nats")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        mutual_information(task.x, task.y, estimator="knn")
    warned = any("effective dimensions" in str(w.message) for w in caught)
    return Judged(warned, task.truth - found.value, found.expected_error)


if __name__ == "__main__":
    main()
