"""Draw the pictures of docs/gaussian.md into docs/images.

python docs/figures/gaussian.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("Agg")

import matplotlib.pyplot as plt

import pidtools as pt

IMAGES = Path(__file__).parents[1] / "images"
EXACT, GAUSSIAN, COPULA = "#222222", "#c4572e", "#2f6f9f"
# Standard deviation of the noise about the curve.
NOISE = 0.4
ATOMS = ("redundancy", "unique_t", "unique_s", "synergy")
ATOM_LABELS = ("distilled", "distillable", "student only", "synergy")


def main() -> None:
    """Draw all of them."""
    plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    for name, draw in (
        ("ellipses", ellipses),
        ("labels", labels),
        ("heavy_tails", heavy_tails),
        ("curved", curved),
    ):
        figure = draw()
        figure.savefig(IMAGES / f"gaussian_{name}.png", dpi=150)
        plt.close(figure)


def ellipses() -> Any:
    """P, R and the largest covariance below both that shares their axes."""
    p = np.array([[1.0, 0.25], [0.25, 0.3]])
    r = np.array([[0.45, -0.1], [-0.1, 0.9]])
    root = np.linalg.cholesky(r)
    half = np.linalg.solve(root, np.linalg.solve(root, p).T)
    g, u = np.linalg.eigh((half + half.T) / 2)
    frame = root @ u
    best = frame @ np.diag(np.minimum(g, 1)) @ frame.T
    figure, axes = plt.subplots(figsize=(4.2, 3.4), layout="constrained")
    angle = np.linspace(0, 2 * np.pi, 400)
    circle = np.array([np.cos(angle), np.sin(angle)])
    for matrix, colour, text in (
        (p, GAUSSIAN, "P: what T leaves of Y"),
        (r, COPULA, "R: what S leaves of Y"),
        (best, EXACT, "E*: what both leave at best"),
    ):
        x, y = np.linalg.cholesky(matrix) @ circle
        axes.plot(x, y, color=colour, label=text, lw=2.2 if matrix is best else 1.4)
    axes.fill(x, y, color=EXACT, alpha=0.08)
    for column in frame.T:
        axes.plot(*np.outer(column, [-1.1, 1.1]), color="0.6", lw=0.8, ls=":", zorder=0)
    axes.set(aspect="equal", xlabel="first target", ylabel="second target", ylim=(-1.05, 1.75))
    axes.legend(loc="upper center", frameon=False)
    return figure


def labels() -> Any:
    """Two classes a distance apart: one bit at most, and what covariances make of it."""
    distance = np.linspace(0, 8, 161)
    x = np.linspace(-14, 14, 20_001)
    exact = [_two_class_information(d, x) for d in distance]
    gaussian = np.log2(1 + (distance / 2) ** 2) / 2
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 2.9), layout="constrained")
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 300) * 2.0 - 1.0
    left.scatter(3 * y + rng.normal(size=300), y + 0.04 * rng.normal(size=300), s=5, color=EXACT)
    left.set(xlabel="unit of T", ylabel="label, as a number", yticks=(-1, 1))
    right.axhline(1, color="0.7", lw=0.8, ls=":")
    right.plot(distance, exact, color=EXACT, label="exact")
    right.plot(distance, gaussian, color=GAUSSIAN, label="Gaussian formula")
    right.set(xlabel="distance of the two classes", ylabel="I(Y; T), bits")
    right.text(0.1, 1.03, "the label has 1 bit", color="0.4", fontsize=8)
    right.legend(frameon=False, loc="lower right")
    return figure


def _two_class_information(distance: float, x: np.ndarray[Any, Any]) -> float:
    density = [np.exp(-((x - c) ** 2) / 2) / np.sqrt(2 * np.pi) for c in (0, distance)]
    mixture = (density[0] + density[1]) / 2
    entropy = -np.sum(np.where(mixture > 0, mixture * np.log2(mixture + 1e-300), 0)) * (x[1] - x[0])
    return float(entropy - np.log2(2 * np.pi * np.e) / 2)


def heavy_tails() -> Any:
    """Units cubed: plain covariances against ranks, over samples of 2000."""
    problem = pt.problems.get("gaussian_cubed")
    T, _, Y = problem.sample(2000, random_state=3)
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(7.2, 2.9), layout="constrained", width_ratios=(1, 1.5)
    )
    left.scatter(T[:, 0], Y[:, 0], s=4, color=EXACT, alpha=0.5, lw=0)
    left.set(xlabel="a unit of T", ylabel="a column of Y")
    place = np.arange(4)
    right.bar(
        place - 0.27, [getattr(problem.pid, a) for a in ATOMS], 0.25, color=EXACT, label="exact"
    )
    ways = (("Gaussian()", False, GAUSSIAN), ("Gaussian(copula=True)", True, COPULA))
    for k, (text, copula, colour) in enumerate(ways):
        found = np.array([_atoms(problem, seed, copula) for seed in range(20)])
        right.bar(
            place + 0.27 * k,
            found.mean(axis=0),
            0.25,
            yerr=found.std(axis=0),
            color=colour,
            label=text,
            error_kw={"lw": 1},
        )
    right.set(xticks=place, xticklabels=ATOM_LABELS, ylabel="bits")
    right.set_ylim(0, 1.45)
    right.legend(frameon=False, loc="upper right", fontsize=8)
    return figure


def _atoms(problem: Any, seed: int, copula: bool) -> list[float]:
    T, S, Y = problem.sample(2000, random_state=seed)
    pid = pt.distillable_knowledge(T, S, Y, estimator=pt.Gaussian(copula=copula)).pid
    return [getattr(pid, atom) for atom in ATOMS]


def curved() -> Any:
    """Y turns from a linear to a quadratic function of T, with the same noise."""
    turns = np.linspace(0, 90, 19)
    rows = [_curved_information(np.deg2rad(turn)) for turn in turns]
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 2.9), layout="constrained")
    t, y = _curve(np.deg2rad(90.0), 1500, 0)
    left.scatter(t, y, s=4, color=EXACT, alpha=0.6, lw=0)
    left.set(xlabel="T", ylabel="Y, at 90 degrees")
    for k, (text, colour) in enumerate(
        (("exact", EXACT), ("Gaussian()", GAUSSIAN), ("Gaussian(copula=True)", COPULA))
    ):
        right.plot(turns, [row[k] for row in rows], color=colour, label=text)
    right.set(xlabel="turn from linear to curved, degrees", ylabel="I(Y; T), bits", ylim=(0, 1.9))
    right.legend(frameon=False, loc="upper right")
    return figure


def _curve(turn: float, n: int, seed: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    t = rng.normal(size=n)
    mean = np.cos(turn) * t + np.sin(turn) * (t**2 - 1) / np.sqrt(2)
    return t, mean + NOISE * rng.normal(size=n)


def _curved_information(turn: float) -> tuple[float, float, float]:
    t = np.linspace(-6, 6, 3001)
    weight = np.exp(-(t**2) / 2)
    mean = np.cos(turn) * t + np.sin(turn) * (t**2 - 1) / np.sqrt(2)
    y = np.linspace(mean.min() - 2, mean.max() + 2, 1500)
    density = np.exp(-((y[:, None] - mean) ** 2) / (2 * NOISE**2)) @ (weight / weight.sum())
    density /= np.sqrt(2 * np.pi) * NOISE
    entropy = -np.sum(density * np.log2(density + 1e-300)) * (y[1] - y[0])
    exact = entropy - np.log2(2 * np.pi * np.e * NOISE**2) / 2
    draws, column = _curve(turn, 20_000, 1)
    found = (
        pt.mutual_information(draws[:, None], column, estimator=pt.Gaussian(copula=c))
        for c in (False, True)
    )
    return (float(exact), *found)


if __name__ == "__main__":
    main()
