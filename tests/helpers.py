"""What several test files use: the tolerances, random tables and rows, and plain definitions."""

from __future__ import annotations

import itertools
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
from union_by_cone import union_information

import pidtools as pt
from pidtools import problems
from pidtools._cells.summary import CellSummary
from pidtools._information import entropy
from pidtools._probe.rows import Rows
from pidtools._types import Array, Codes, Floats
from pidtools.demo import Demonstration
from pidtools.estimators import Estimator
from pidtools.problems.gaussian import GaussianProblem
from pidtools.problems.pmf import PmfProblem
from pidtools.problems.sampled import SampledProblem

# The tolerances of the suite, in bits where they bound informations.
#
# EXACT: identities of algebra. The tables here have at most some thousand cells, and sums of
# as many products of numbers below 10 round by less than 1e-13.
EXACT = 1e-12
# CERTIFIED: largest certified gap of an answer that reached its optimum; the library's tol is
# 1e-9, the bar for any random table 1e-6.
CERTIFIED = 1e-6
# REFERENCE: closed form against the conic solver of the library. Its certified gap says how
# far off that solver is; this is the promise on top.
REFERENCE = 1e-7
# INDEPENDENT: against conic programs written apart from the library, which carry no
# certificate; their own stopping tolerances leave errors of some 1e-8.
INDEPENDENT = 1e-6
# SINGLE: float32 input against the same numbers in float64; eps is 1.2e-7 and a table adds
# up tens of cells.
SINGLE = 1e-5

Shape = tuple[int, int, int]
Dtype = type[np.generic]
Chosen = Estimator[Any] | str
Shown = tuple[Demonstration, list[str]]
"""The demonstration, and the steps it told of."""
Answers = dict[str, list[str]]
"""Of the battery, number by number, by the name of the call."""

LDA = pt.Probe(experts=("lda",))
DRAWS: dict[str, Callable[..., Floats]] = {
    "dense": problems.dirichlet,
    "sparse": problems.sparse_dirichlet,
    "histogram": lambda shape, random_state: problems.histogram(
        shape, 3 * int(np.prod(shape)) // 2 + 4, random_state=random_state
    ),
}


# --- tables -----------------------------------------------------------------------------------


def random_pmf(kind: str, shape: Shape, seed: int) -> Floats:
    """Table of one of the random families of the library."""
    return DRAWS[kind](shape, random_state=seed)


def random_pmfs(
    n: int, sides: tuple[int, int], classes: tuple[int, int], *, seed: int = 0
) -> Iterator[tuple[str, Shape, int]]:
    """`n` (kind, shape, seed), the families in turn, sizes drawn from the two ranges."""
    rng = np.random.default_rng(seed)
    kinds = itertools.cycle(DRAWS)
    for k in range(n):
        n_t, n_s = (int(x) for x in rng.integers(sides[0], sides[1] + 1, size=2))
        yield next(kinds), (n_t, n_s, int(rng.integers(classes[0], classes[1] + 1))), k


def pmf_problem(name: str) -> PmfProblem:
    """A named problem that is a table."""
    problem = problems.get(name)
    assert isinstance(problem, PmfProblem)
    return problem


def sampled_problem(name: str) -> SampledProblem:
    """A named problem with classes, from which samples are drawn."""
    problem = problems.get(name)
    assert isinstance(problem, SampledProblem)
    return problem


def gaussian_problem(name: str) -> GaussianProblem:
    """A named problem with a continuous target."""
    problem = problems.get(name)
    assert isinstance(problem, GaussianProblem)
    return problem


def known(value: float | None) -> float:
    """A number that may be missing from a result, and is there."""
    assert value is not None
    return value


def pair_tables(pmf: Floats) -> tuple[Floats, Floats]:
    """Both pair tables without empty symbols and classes, as the reductions leave them."""
    p_ty, p_sy = pmf.sum(axis=1), pmf.sum(axis=0)
    kept = p_ty.sum(axis=0) > 0
    return p_ty[p_ty.sum(axis=1) > 0][:, kept], p_sy[p_sy.sum(axis=1) > 0][:, kept]


def atoms(pid: pt.PID) -> Floats:
    """The four atoms as an array; the synergy only where it is known."""
    return np.array([value for value in pid.atoms if value is not None])


def slack(*pids: pt.PID) -> float:
    """What two answers may differ by: their proved gaps, and the rounding of the sums."""
    return sum(pid.gap for pid in pids) + EXACT


def broja_quietly(pmf: Floats, **options: Any) -> pt.PID:
    """`broja` for callers that look at the gap themselves."""
    with unheard():
        return pt.broja(pmf, **options)


def information(p_xy: Floats) -> float:
    """I(X; Y) in bits by the definition: the sum of p log p / (p p)."""
    p_x, p_y = p_xy.sum(axis=1), p_xy.sum(axis=0)
    return sum(
        float(p_xy[x, y] * np.log2(p_xy[x, y] / (p_x[x] * p_y[y])))
        for x, y in zip(*np.nonzero(p_xy), strict=True)
    )


def atoms_from_union(pmf: Floats, union: float) -> Floats:
    """The four atoms in bits, given the union information."""
    i_t, i_s = information(pmf.sum(axis=1)), information(pmf.sum(axis=0))
    joint = information(pmf.reshape(-1, pmf.shape[2]))
    return np.array([i_t + i_s - union, union - i_s, union - i_t, joint - union])


def union_by_clarabel(pmf: Floats) -> float:
    """The union information in bits by the conic program written apart from the library."""
    return union_information(pmf.sum(axis=1), pmf.sum(axis=0))[0]


# --- rows -------------------------------------------------------------------------------------


def shifted_classes(
    n: int = 600, width: int = 8, n_classes: int = 2, seed: int = 0
) -> tuple[Floats, Codes]:
    """Normal rows, each class shifted along a column of its own; and their labels."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, n_classes, n)
    return rng.normal(size=(n, width)) + 1.5 * np.eye(n_classes, width)[y], y


def classes_with_posterior(
    n: int = 1500, seed: int = 0, gap: float = 1.2, width: int = 6
) -> tuple[Floats, Codes, Floats]:
    """Two classes, shifted along the diagonal; returns features, labels, posteriors."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    direction = np.ones(width) / np.sqrt(width)
    X = rng.normal(size=(n, width)) + np.outer((2 * y - 1) * gap, direction)
    logit = 2 * gap * (X @ direction)
    return X, y, 1 / (1 + np.exp(-logit))


def teacher_and_student(n: int = 300) -> tuple[Floats, Floats, Codes]:
    """Three even classes; the student sees two columns of its teacher, through noise."""
    rng, Y = np.random.default_rng(0), np.arange(n) % 3
    T = rng.normal(size=(n, 4)) + 1.5 * np.eye(4)[Y]
    return T, T[:, :2] + rng.normal(size=(n, 2)), Y


def measured(
    T: Any = None, S: Any = None, Y: Any = None, estimator: Chosen = LDA, **options: Any
) -> pt.DistillableKnowledge:
    """The main question by a cheap probe, on `teacher_and_student` but for what is given."""
    given = (T, S, Y)
    T, S, Y = (x if x is not None else y for x, y in zip(given, teacher_and_student(), strict=True))
    return pt.distillable_knowledge(T, S, Y, estimator=estimator, **options)


def every_row(found: Rows) -> Array:
    """All rows, held or made."""
    return found[np.arange(len(found))]


def teacher_and_noise(n: int = 200) -> tuple[Floats, Floats, Codes]:
    """Two classes that the teacher sees and the student does not."""
    rng = np.random.default_rng(0)
    Y = rng.integers(0, 2, n)
    T, S = rng.normal(size=(2, n, 3))
    return T + Y[:, None], S, Y


def correlated(n: int, d: int, seed: int = 0) -> tuple[Floats, Floats]:
    """Two sources of normal columns with a correlation of 0.8, column by column."""
    x, noise = np.random.default_rng(seed).normal(size=(2, n, d))
    return x, 0.8 * x + 0.6 * noise


def cells_of(X: Any, Y: Any, **options: Any) -> CellSummary:
    """A summary of cells, by whichever estimator makes them."""
    summary = pt.summarise(X, Y, **options)
    assert isinstance(summary, CellSummary)
    return summary


def entropy_of(labels: Codes) -> float:
    """H(Y) in bits as the labels show it."""
    return entropy(np.bincount(labels) / len(labels))


# --- what is said, and other processes --------------------------------------------------------


@contextmanager
def unheard() -> Iterator[None]:
    """Without the library's own warnings, where they are not the point."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pt.PIDWarning)
        yield


class Saying(Protocol):
    """Whoever has warnings, notes and details."""

    @property
    def warnings(self) -> tuple[str, ...]: ...
    @property
    def notes(self) -> tuple[str, ...]: ...
    def details(self) -> str: ...


def all_said(result: Saying) -> list[str]:
    """Warnings, notes and details, each a string."""
    return [*result.warnings, *result.notes, *result.details().splitlines()]


def noted(result: Saying, text: str) -> bool:
    """Whether anything that is said holds the text."""
    return any(text in each for each in all_said(result))


def printed(code: str, *options: str, env: Mapping[str, str] | None = None) -> str:
    """What Python code prints in an interpreter of its own."""
    command = [sys.executable, *options, "-c", code]
    answer = subprocess.run(command, capture_output=True, text=True, env=env)
    assert answer.returncode == 0, answer.stderr[-2000:]
    return answer.stdout.strip()
