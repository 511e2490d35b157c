"""What a measurement will take: its steps and what they cost, relative to each other.

How many seconds that is, only the work itself tells: what is announced comes from the parts of it
that are done, see `_progress`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pidtools import _progress
from pidtools._estimator import Data, Estimator, Summary
from pidtools._looking import LOOKING
from pidtools._pairing import MEETING

# Steps of a plan, beside those of looking and of pairs.
SCORING, RESAMPLING, REFITTING = "scoring rows of pairs", "resampling", "refitting halves"
LIKENESSES = "drawing data alike"
# Fits on halves of the rows for what `resampled` summaries leave out; together they cost somewhat
# more than the estimate itself.
N_REFITS = 4
# Of a resample: what the scores of a pair cost, whose duals have to be exact.
SCORES = 4.0
# Sources up to which each is named.
FEW_SOURCES = 3


@dataclass(frozen=True, kw_only=True)
class Ahead:
    """What is asked beyond the looks.

    Attributes
    ----------
    names : sequence of (str, str)
        Teacher and student of each pair.
    n_resamples : int
        0 where there is no interval.
    is_analytic : bool
        Whether scores of rows take the place of resamples.
    synergy : bool
    """

    names: Sequence[tuple[str, str]]
    n_resamples: int
    is_analytic: bool
    synergy: bool

    def plan(
        self,
        estimator: Estimator[Any],
        waiting: Mapping[str, Data],
        summaries: Mapping[str, Summary],
        *,
        n_samples: int,
        n_classes: int,
    ) -> None:
        """Tell whoever looks at the screen."""
        if not _progress.listens():
            return
        new = {name: _width(data) for name, data in waiting.items()}
        widths = new | {name: _width(x.data) for name, x in summaries.items()}
        pairs = [widths[t] + widths[s] for t, s in self.names if t in widths and s in widths]

        def total(of: Callable[..., dict[str, float]], each: Iterable[int]) -> dict[str, float]:
            return _sum(of(n_samples, width, n_classes) for width in each)

        costs: dict[str, _progress.Cost] = {LOOKING: total(estimator.cost, new.values())}
        costs[MEETING] = total(estimator.cost_of_pair, pairs) if self.synergy else 0.0
        once = estimator.cost_of_resample(n_samples, n_classes)
        if self.n_resamples and self.is_analytic:
            costs[SCORING] = None if once is None else SCORES * once * len(pairs)
        elif self.n_resamples:
            costs[RESAMPLING] = None if once is None else once * len(pairs) * self.n_resamples
            refits = total(estimator.cost_of_refit, widths.values())
            costs[REFITTING] = {kind: N_REFITS * cost for kind, cost in refits.items()}
        _progress.plan(self._work(widths, n_samples), costs)

    def _work(self, widths: Mapping[str, int], n_samples: int) -> str:
        if len(widths) > FEW_SOURCES:
            of = f"{len(widths)} layers"
        else:
            *first, last = [f"{name} ({width})" for name, width in widths.items()] or ["no layer"]
            of = f"{', '.join(first)} and {last}" if first else last
        resamples = f", {self.n_resamples} resamples" if self.n_resamples else ""
        is_many = self.n_resamples and not self.is_analytic
        return f"{n_samples:,} rows of {of}{resamples if is_many else ''}"


def _sum(costs: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """By kinds of work."""
    found: dict[str, float] = {}
    for each in costs:
        for kind, cost in each.items():
            found[kind] = found.get(kind, 0.0) + cost
    return found


def _width(data: Data | None) -> int:
    if data is None or len(data.X.shape) == 1:
        return 1
    return int(data.X.shape[1])
