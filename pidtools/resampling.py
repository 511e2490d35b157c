"""Uncertainty by computing again: bootstrap, subsampling, permutation.

Nothing here knows an estimator. A *statistic* is handed in: a function of row indices that
returns numbers. `replicate` runs it on resampled rows, in parallel and in an order that does
not change the answer; `interval` turns the replicates into an `Interval`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from pidtools import _progress, _tasks, _warnings
from pidtools._result import Interval, Outcome, PIDError
from pidtools._types import Codes, Floats

Statistic = Callable[[Codes], Floats]

# Tasks a run is cut into; a few for each worker, so that all finish together.
N_TASKS = 40
# The border of a quantity is left out of an interval at this fraction of its error.
BORDER_SHARE = 5
# Variance of what fitting on half of the rows changes, over that of fits of all rows.
EFFECT_OF_HALF = 3


@dataclass(frozen=True)
class Samples:
    """What is resampled: rows, or whole groups of rows.

    Attributes
    ----------
    n_samples : int
        Number of rows.
    groups : ndarray of int64, shape (n_samples,), or None
        Group of each row from 0; rows of one group are not independent and stay together.
    """

    n_samples: int
    groups: Codes | None = None

    @property
    def n_units(self) -> int:
        """Number of things that are drawn: rows or groups."""
        return self.n_samples if self.groups is None else int(self.groups.max()) + 1

    def rows_of(self, units: Codes) -> Codes:
        """Codes of the units drawn, each as often as its unit."""
        if self.groups is None:
            return units
        members = _members(self.groups)
        return np.concatenate([members[unit] for unit in units])


def _members(groups: Codes) -> list[Codes]:
    """Rows of each group, in rising order."""
    order, ends = np.argsort(groups, kind="stable"), np.cumsum(np.bincount(groups))
    return [order[start:end] for start, end in pairwise((0, *ends.tolist()))]


def bootstrap(samples: Samples, rng: np.random.Generator) -> Codes:
    """Codes of as many units as there are, drawn with replacement, in rising order."""
    return samples.rows_of(np.sort(rng.integers(samples.n_units, size=samples.n_units)))


def with_luck(samples: Samples, rng: np.random.Generator) -> Codes:
    """Rows as of `bootstrap`, and below them luck: 63 random bits of each unit drawn.

    A unit that is drawn twice has its luck twice; rows of one group share theirs.
    """
    units = np.sort(rng.integers(samples.n_units, size=samples.n_units))
    luck = rng.integers(2**63 - 1, size=len(units), endpoint=True)
    if samples.groups is not None:
        luck = np.repeat(luck, np.bincount(samples.groups)[units])
    return np.stack([samples.rows_of(units), luck])


def subsample(samples: Samples, rng: np.random.Generator, share: float = 0.5) -> Codes:
    """Codes of a share of the units, drawn without replacement, in rising order."""
    size = max(round(share * samples.n_units), 2)
    return samples.rows_of(np.sort(rng.choice(samples.n_units, size=size, replace=False)))


def permutation(samples: Samples, rng: np.random.Generator) -> Codes:
    """All rows in another order; with groups, groups of one size change places."""
    if samples.groups is None:
        return rng.permutation(samples.n_samples)
    members, sizes = _members(samples.groups), np.bincount(samples.groups)
    rows = np.empty(samples.n_samples, dtype=np.int64)
    for size in np.unique(sizes):
        alike = np.flatnonzero(sizes == size)
        for target, source in zip(alike, rng.permutation(alike), strict=True):
            rows[members[target]] = members[source]
    return rows


def exchange(samples: Samples, rng: np.random.Generator) -> Codes:
    """For each row, the first row of the group that its own group changes places with."""
    if samples.groups is None:
        return permutation(samples, rng)
    first: Codes = np.unique(samples.groups, return_index=True)[1]
    return first[rng.permutation(samples.n_units)][samples.groups]


@_warnings.quiet
def replicate(
    statistic: Statistic,
    samples: Samples,
    *,
    draw: Callable[[Samples, np.random.Generator], Codes] = bootstrap,
    n_resamples: int,
    random_state: int,
    n_jobs: int | None = None,
    progress: bool | None = None,
    what: str = "resampling",
) -> Floats:
    """Compute a statistic on resampled rows.

    Every resample has its own seed, spawned from `random_state`, and runs with one BLAS
    thread, so the result is the same for any `n_jobs` and any joblib backend.

    Parameters
    ----------
    statistic : callable
        From row indices to an array of numbers; it must be picklable for several processes.
    samples : Samples
        What is drawn.
    draw : callable
        `bootstrap`, `subsample`, `permutation` or another function of samples and generator.
    n_resamples : int
        Number of resamples.
    random_state : int
        Seed.
    n_jobs : int or None
        Workers, as in joblib; None is 1 unless `joblib.parallel_config` says otherwise.
    progress : bool or None
        Whether to show on standard error how far it is; None does where that is a terminal or a
        notebook.
    what : str
        What it is called there.

    Returns
    -------
    ndarray of float64, shape (n_resamples, n_numbers)
        A row of NaN where the statistic had no answer (it raised ValueError or PIDError).

    Raises
    ------
    PIDError
        If no resample had an answer.
    """
    seeds = np.random.SeedSequence(random_state).spawn(n_resamples)
    parts = np.array_split(np.array(seeds, dtype=object), min(N_TASKS, n_resamples))
    work = partial(_run, statistic, samples, draw)
    with (
        _progress.shown(progress),
        _progress.step(what, n_resamples, counted=True) as advance,
    ):
        done = _tasks.run(
            work,
            [list(part) for part in parts],
            n_jobs=n_jobs,
            done=lambda k, answers, texts: advance(len(answers)),
        )
    found: list[Floats | None] = [row for part, _ in done for row in part]
    return _stack(found)


def of_means(
    scores: Floats, samples: Samples, n_resamples: int, rng: np.random.Generator
) -> Floats:
    """Draws of how far means of columns are from what they estimate: normal, of their covariance.

    Rows of one group count as one sum.

    Parameters
    ----------
    scores : ndarray of float64, shape (n_samples, n_numbers)
        Of mean 0.

    Returns
    -------
    ndarray of float64, shape (n_resamples, n_numbers)
    """
    sums = scores
    if samples.groups is not None:
        sums = np.zeros((samples.n_units, scores.shape[1]))
        np.add.at(sums, samples.groups, scores)
    covariance = sums.T @ sums / len(scores) ** 2
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    drawn: Floats = rng.normal(size=(n_resamples, len(values))) @ root.T
    return drawn


def add_refits(replicates: Floats, effects: Floats, *, random_state: int) -> Floats:
    """Give replicates that kept the fits of all rows the spread that fitting afresh adds.

    Parameters
    ----------
    replicates : ndarray of float64, shape (n_resamples, n_numbers)
        From rows drawn again, weighed with the fits of all rows.
    effects : ndarray of float64, shape (n_refits, n_numbers)
        What fitting afresh on a half of the rows changed.
    random_state : int
        Seed.

    Returns
    -------
    ndarray of float64, shape (n_resamples, n_numbers)
        Each replicate with one of the effects, of either sign, over the square root of three.

    Notes
    -----
    A loss near its minimum is quadratic in the error of the fit. With e the error of a fit to
    all rows and e + d that of a fit to half of them, d independent of e and as large, the effect
    is (e + d)^2 - e^2 = 2 e d + d^2, of three times the variance of e^2 in every direction. The
    mean of the effects, the bias that more rows would take away, is left in.
    """
    rng = np.random.default_rng(random_state)
    usable = effects[~np.isnan(effects).all(axis=1)]
    drawn = usable[rng.integers(len(usable), size=len(replicates))]
    signs = rng.choice([-1.0, 1.0], size=(len(replicates), 1))
    spread: Floats = replicates + signs * drawn / np.sqrt(EFFECT_OF_HALF)
    return spread


@_warnings.quiet
def _run(
    statistic: Statistic,
    samples: Samples,
    draw: Callable[[Samples, np.random.Generator], Codes],
    seeds: Sequence[np.random.SeedSequence],
) -> list[Floats | None]:
    # What limits the trust is said once, of the data themselves.
    found = []
    n = len(seeds)
    with _warnings.collecting(), _progress.step("", n, span=n) as advance:
        for seed in seeds:
            with _progress.muted():
                found.append(_answer(statistic, draw(samples, np.random.default_rng(seed))))
            advance()
    return found


def _answer(statistic: Statistic, rows: Codes) -> Floats | None:
    try:
        return statistic(rows)
    except (ValueError, PIDError):
        return None


def _stack(found: list[Floats | None]) -> Floats:
    answers = [row for row in found if row is not None]
    if not answers:
        message = "No resample of the rows had an answer; there are too few different rows."
        raise PIDError(message, Outcome.no_answer)
    missing = np.full_like(answers[0], np.nan)
    return np.array([missing if row is None else row for row in found])


@dataclass(frozen=True)
class Scatter:
    """How a number scatters from data set to data set, and what sampling may add to it.

    Attributes
    ----------
    replicates : ndarray of float64, shape (n_resamples,)
        The number from resamples; NaN where there was none.
    excess : tuple of float
        What the number may be too high by, too low if negative, from each view.
    """

    replicates: Floats
    excess: tuple[float, ...] = ()

    @classmethod
    def of(
        cls, estimate: float, replicates: Floats, errors: Floats | None, *, is_plug_in: bool
    ) -> Scatter:
        """From resamples of the data, and errors in fresh data like them where those are known.

        Resamples of sparse cells meet the same accidents again and scatter too little, so they
        are stretched about their mean where fresh data scatter more.
        """
        views = [excess(estimate, replicates)] if is_plug_in else []
        if errors is None or np.isnan(errors).all():
            return cls(replicates, tuple(views))
        spread, mean = np.nanstd(replicates), np.nanmean(replicates)
        stretch = max(1.0, float(np.nanstd(errors) / spread)) if spread > 0 else 1.0
        views.append(float(np.nanmean(errors)))
        return cls(mean + stretch * (replicates - mean), tuple(views))


def interval(
    estimate: float,
    replicates: Floats,
    confidence_level: float,
    *,
    lowest: float = -np.inf,
    highest: float = np.inf,
    tolerance: float = 0.0,
    excess: Sequence[float] = (),
) -> Interval:
    """Percentile interval of replicates, moved so that their mean falls on the estimate.

    Resampling repeats rows, which biases most estimators of information once more; the move takes
    that out and keeps the shape.

    Parameters
    ----------
    estimate : float
        From the data themselves.
    replicates : ndarray of float64, shape (n_resamples,)
        The same number from resamples; NaN where there was none.
    confidence_level : float
        Between 0 and 1.
    lowest : float
        What the quantity can't be below; the ends are raised to it. Estimates of a quantity at its
        border stray to one side only, farther than resamples of such data do, so the border is
        left out only where an interval with a fifth of the error leaves it out too.
    highest : float
        What the quantity can't be above; the ends are lowered to it.
    tolerance : float
        Numerical error of the quantity: an end so near to `lowest` does not leave it out.
    excess : sequence of float
        What the estimate may be too high by, too low if negative: the interval reaches to where
        it would lie without the largest either way.

    Returns
    -------
    Interval
    """
    valid = replicates[np.isfinite(replicates)]
    tail = (1.0 - confidence_level) / 2
    # Of n draws the k-th smallest has k / (n + 1) of their law below it in the mean; the default
    # of NumPy takes (k - 1) / (n - 1), which costs a percent of coverage at n = 200.
    tails = [tail / BORDER_SHARE, tail, 1.0 - tail]
    quantiles = np.quantile(valid, tails, method="weibull")
    far, low, high = quantiles - valid.mean() + estimate
    down, up = _reach(excess)
    far, low, high = far - down, low - down, high + up
    if far <= lowest + tolerance:
        low = lowest
    low, high = np.clip([low, high], lowest, highest)
    return Interval(float(low), float(high), confidence_level)


def _reach(excess: Sequence[float]) -> tuple[float, float]:
    """How far down and up the estimate may have to go."""
    return max((0.0, *excess)), -min((0.0, *excess))


@dataclass(frozen=True)
class AgainstBest:
    """How several numbers stand against the largest of the others.

    Attributes
    ----------
    ruled_out : ndarray of bool, shape (n,)
        Which of them can't be the largest.
    low, high : ndarray of float64, shape (n,)
        Of the difference of each from the largest of the others, all at the same time.
    """

    ruled_out: Codes
    low: Floats
    high: Floats


def against_best(
    leads: Floats,
    deviations: Floats,
    confidence_level: float,
    *,
    slack: Floats,
) -> AgainstBest:
    """Multiple comparisons with the best, after Hsu, for numbers that scatter together.

    Each number is tried as the largest: it is ruled out if another one leads by more than the
    largest of the studentised deviations of all leads over *it* exceeds in one of 20 data sets
    (of a level of 95 %). Only what is the largest in truth has to survive its own trial, so no
    more is to be paid for the number of trials.

    Parameters
    ----------
    leads : ndarray of float64, shape (n, n)
        ``leads[j, i]`` is number j less number i.
    deviations : ndarray of float64, shape (n_resamples, n, n)
        Of the leads from their means, in data sets like these.
    confidence_level : float
        Between 0 and 1.
    slack : ndarray of float64, shape (n, n)
        What a lead may be too high by, whatever the scatter.

    Returns
    -------
    AgainstBest

    References
    ----------
    .. [1] J. Hsu, "Constrained simultaneous confidence intervals for multiple comparisons with
       the best", Ann. Stat. 12 (1984).
    """
    n = len(leads)
    if n == 1:
        return AgainstBest(np.zeros(1, dtype=bool), np.zeros(1), np.full(1, np.inf))
    spread = deviations.std(axis=0)
    scaled = np.divide(deviations, spread, out=np.zeros_like(deviations), where=spread > 0)
    scaled[:, np.arange(n), np.arange(n)] = -np.inf
    worst = np.quantile(scaled.max(axis=1), confidence_level, axis=0, method="weibull")
    others = ~np.eye(n, dtype=bool)
    least = np.where(others, leads - worst * spread - slack, -np.inf).max(axis=0)
    high = np.maximum(-least, 0.0)
    kept = least <= 0
    low = np.zeros(n)
    for i in range(n):
        rivals = kept & others[i]
        if rivals.any():
            low[i] = min(float((leads[i] - (worst * spread + slack)[i])[rivals].min()), 0.0)
    return AgainstBest(~kept, low, high)


def excess(estimate: float, replicates: Floats) -> float:
    """What resampling adds to an estimate, which is about what sampling added before.

    It holds where bias falls as one over the number of rows, as of plug-in informations of cells
    that each have several rows; where most have one, it is too small.
    """
    return float(replicates[np.isfinite(replicates)].mean() - estimate)


def p_value(observed: float, replicates: Floats) -> float:
    """Share of replicates under a null that reach what was observed, the data counted as one."""
    valid = replicates[np.isfinite(replicates)]
    # Orders of Y that mean the same table add it up in another order.
    rounding = 1e-12 * max(1.0, abs(observed))
    return float((1 + (valid >= observed - rounding).sum()) / (1 + len(valid)))


def p_above_border(
    estimate: float, replicates: Floats, *, tolerance: float = 0.0, excess: Sequence[float] = ()
) -> float:
    """One-sided p-value of the null that a quantity is at its border 0, not above.

    The dual of `interval` with ``lowest=0``: replicates are moved so that their mean falls on the
    estimate, and the share of them that reaches 0 counts `BORDER_SHARE` times, because estimates
    of a quantity at its border stray farther than resamples show. Replicates within `tolerance`
    of 0 reach it.
    """
    moved = _moved(estimate - _reach(excess)[0], replicates)
    return float(min(1.0, BORDER_SHARE * (1 + (moved <= tolerance).sum()) / (1 + len(moved))))


def p_difference(
    estimate: float, replicates: Floats, *, tolerance: float = 0.0, excess: Sequence[float] = ()
) -> float:
    """Two-sided p-value of the null that a difference is 0: the dual of its `interval`."""
    down, up = _reach(excess)
    moved = _moved(estimate - down, replicates), -_moved(estimate + up, replicates)
    shares = [(1 + (side <= tolerance).sum()) / (1 + len(side)) for side in moved]
    return float(min(1.0, 2 * min(shares)))


def is_least(p: float, replicates: Floats, sides: int) -> bool:
    """Whether so many replicates allow no smaller p-value; `sides` is what one of them counts."""
    return p <= sides / (1 + int(np.isfinite(replicates).sum()))


def _moved(estimate: float, replicates: Floats) -> Floats:
    valid = replicates[np.isfinite(replicates)]
    moved: Floats = valid + (estimate - valid.mean())
    return moved
