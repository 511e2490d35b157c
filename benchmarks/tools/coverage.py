"""One loop over data sets for all estimators, and how often intervals held the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np

import pidtools as pt
from benchmarks.tools.known import numbers
from benchmarks.tools.store import Job, Row

LEVEL = 0.95
Data = tuple[Any, ...]
Values = dict[str, list[float]]
"""Truth, estimate, low and high end of each quantity of one data set."""


class Coverage(NamedTuple):
    """What intervals of one quantity made of many data sets."""

    truth: float
    coverage: float
    width: float
    spread: float
    bias: float

    @property
    def reach(self) -> float:
        """Half the mean width in units of the spread that it claims: both should agree."""
        return self.width / 2 / 1.96


def in_turn(draws: int, cases: Iterable[tuple[Row, Callable[[int], Row]]]) -> Iterator[Job]:
    """A job for each case and data set, by its seed; cases in turn, so that all grow alike."""
    cases = list(cases)
    for seed in range(draws):
        for key, measure in cases:
            yield key | {"seed": seed}, partial(measure, seed)


def measure(data: Data, truth: Mapping[str, float], **options: Any) -> Values:
    """One call of the library: the quantities whose truth is given."""
    return values_of(pt.distillable_knowledge(*data, confidence_level=LEVEL, **options), truth)


def values_of(result: pt.DistillableKnowledge, truth: Mapping[str, float]) -> Values:
    """Truth, estimate and interval of each quantity whose truth is given."""
    found = numbers(result.pid)
    return {
        name: [
            exact,
            found[name],
            result.intervals[name].low,
            result.intervals[name].high,
        ]
        for name, exact in truth.items()
    }


def coverage(name: str, found: Iterable[Values], slack: float = 0.0) -> Coverage:
    """Of one quantity; ends may miss the truth by the slack, the accuracy of the truth."""
    values = np.array([each[name] for each in found])
    truth, estimate, low, high = values.T
    return Coverage(
        truth=float(truth[0]),
        coverage=float(held(values, slack).mean()),
        width=float((high - low).mean()),
        spread=float(estimate.std()),
        bias=float((estimate - truth).mean()),
    )


def held(values: Any, slack: float = 0.0) -> Any:
    """Of rows of truth, estimate, low and high end: whether the interval holds the truth."""
    truth, _, low, high = np.asarray(values).T
    return (low - slack <= truth) & (truth <= high + slack)


def apart(
    found: Iterable[tuple[Coverage, int]], zero: float
) -> dict[bool, list[tuple[float, int]]]:
    """Shares of data sets, and their numbers, apart for truths above zero and at it."""
    kinds: dict[bool, list[tuple[float, int]]] = {True: [], False: []}
    for each, n_sets in found:
        kinds[abs(each.truth) > zero].append((each.coverage, n_sets))
    return kinds
