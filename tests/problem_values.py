"""Compute the values in pidtools/problems/stored.py: python tests/problem_values.py [name ...].

* Students that see a subspace (Y - T - S): the union and the joint are what T knows, and both
  informations are means of log2 p(y|x) / p(y) with exact densities, over 2^16 scrambled Sobol
  points a state (2^14 for a hundred states). The error is four standard errors over 16
  scramblings, for the worst of I(Y; T), I(Y; S) and their difference.
* Unordered sources with three classes: each source's posterior moves on a line segment, so a
  cell of posteriors can be merged into its mean (a garbling) or split onto its two ends (of
  which it is a garbling). The union informations of the two finite pairs bracket the truth;
  the value is the middle of the bracket, the error half its width.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from helpers import sampled_problem
from scipy.special import ndtri
from scipy.stats import qmc
from union_by_cone import union_information

from pidtools._types import Floats
from pidtools.problems import quadrature
from pidtools.problems.sampled import SampledProblem
from pidtools.problems.stored import VALUES

REPLICATES = 16


def subspace_values(name: str) -> tuple[float, ...]:
    """Informations of a Gaussian teacher and a student that sees its first dimensions."""
    problem = sampled_problem(name)
    channels = problem.coupling.t, problem.coupling.s
    log_points = 16 if problem.n_classes < 50 else 14
    replicates = []
    for seed in range(REPLICATES):
        sobol = qmc.Sobol(channels[0].width, rng=np.random.default_rng(seed))
        noise = ndtri(sobol.random_base2(log_points))
        per_state = [
            information_of_state(problem, channels, noise, z) for z in range(len(problem.prior))
        ]
        teacher, student = problem.prior @ np.array(per_state)
        replicates.append((teacher, student, teacher - student))
    teacher, student, _ = np.mean(replicates, axis=0)
    error = 4 * np.std(replicates, axis=0, ddof=1).max() / np.sqrt(REPLICATES)
    return teacher, student, teacher, teacher, error


def information_of_state(
    problem: SampledProblem, channels: Any, noise: Floats, z: int
) -> list[float]:
    """Mean over the signals of state z, and over p(y | z), of log2 p(y|x) / p(y)."""
    a = channels[0].means[z] + channels[0].scales[z] * noise
    gains = [
        np.log2(
            problem.label_posterior(c.log_density(a[:, : c.width])) / problem.class_probabilities
        )
        for c in channels
    ]
    seen = problem.labels[z] > 0  # 0 log 0 = 0
    return [gain[:, seen].mean(axis=0) @ problem.labels[z, seen] for gain in gains]


def loss_balanced_edges(u: Floats, mass: Floats, n_cells: int) -> Floats:
    """Edges where cells of posteriors lose about the same: density (p(u) / u(1-u))^(1/3)."""
    grid = np.sin(np.linspace(0, np.pi / 2, 4001)) ** 2
    width = np.diff(grid)
    centre = (grid[1:] + grid[:-1]) / 2
    density = np.histogram(u, grid, weights=mass)[0] / width
    share = np.append(0.0, np.cumsum(np.cbrt(density / (centre * (1 - centre)) + 1e-9) * width))
    edges = np.interp(np.linspace(0, share[-1], n_cells + 1), share, grid)
    edges[[0, -1]] = 0.0, 1.0
    found: Floats = edges
    return found


def segment_tables(
    channel: Any, prior: Floats, labels: Floats, special: int, n_cells: int
) -> list[Floats]:
    """Finite channels below and above one whose posterior is fixed by p(special | x)."""
    table = quadrature.source_table(channel, prior, labels, refine=256)
    mass = table.sum(axis=1)
    u = table[:, special] / mass
    edges = loss_balanced_edges(u, mass, n_cells)
    cell = np.clip(np.searchsorted(edges, u, side="right") - 1, 0, n_cells - 1)
    weight = np.bincount(cell, mass, n_cells)
    mean = np.divide(
        np.bincount(cell, mass * u, n_cells), weight, out=edges[:-1].copy(), where=weight > 0
    )
    right = weight * (mean - edges[:-1]) / np.diff(edges)
    ends = np.append(weight - right, 0.0) + np.append(0.0, right)
    rest = np.delete(prior @ labels, special)
    return [
        np.insert(np.outer(w * (1 - v), rest / rest.sum()), special, w * v, axis=1)[w > 0]
        for w, v in ((weight, mean), (ends, edges))
    ]


def union_bracket(problem: SampledProblem, n_cells: int) -> tuple[float, float]:
    """Lower and upper bound of the union information where T tells class 0 and S class 2."""
    prior_and_labels = problem.prior, problem.labels
    t = segment_tables(problem.coupling.t, *prior_and_labels, 0, n_cells)
    s = segment_tables(problem.coupling.s, *prior_and_labels, 2, n_cells)
    return min(union_information(t[0], s[0])), max(union_information(t[1], s[1]))


def bracket_values(name: str, n_cells: int = 192) -> tuple[float, ...]:
    """Middle and half width of the bracket, beside the informations by quadrature."""
    problem = sampled_problem(name)
    law = problem.coupling, problem.prior, problem.labels
    teacher, student, joint = quadrature.informations(*law)
    low, high = union_bracket(problem, n_cells)
    return teacher, student, (low + high) / 2, joint, (high - low) / 2 + 1e-8


def main(names: list[str]) -> None:
    for name in names or VALUES:
        certified = name == "ternary_unordered"
        values = bracket_values(name) if certified else subspace_values(name)
        outcome = ", Outcome.optimal" if certified else ""
        numbers = ", ".join(f"{x:.9f}" for x in values[:-1])
        print(f'    "{name}": Stored({numbers}, {values[-1]:.1e}{outcome}),', flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
