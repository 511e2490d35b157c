"""Whether a representation knows anything about Y at all: a permutation test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from pidtools import _progress, _validate, _warnings, resampling
from pidtools._estimator import (
    Data,
    Estimator,
    InformationOf,
    reads_minus_infinity,
    summarised,
)
from pidtools._ignored import Counted, IgnoreLabel
from pidtools._information import from_bits, remarks_in
from pidtools._knowledge import IndependenceTest
from pidtools._lazy_rows import Source
from pidtools._probe.estimator import Probe
from pidtools._remarks import Rank, Remark, arranged
from pidtools._result import UNITS, Units
from pidtools._target import Target
from pidtools._types import Array, Codes, Floats
from pidtools.estimators import choose, target_of_information, warn_of_target

# Cheap enough for hundreds of fits; one sees shifts of class means, the other spreads as well.
CHEAP_EXPERTS = ("lda", "gaussian")
NULL_LEVELS = (0.5, 0.9, 0.95, 0.99)
# Steps of it, as they are planned.
LOOKING, PERMUTING = "looking", "permuting"
# Fewer orders of Y than this allow no p-value of 5 %.
FEWEST_ORDERS = 20


@_warnings.quiet
def independence_test(
    X: ArrayLike,
    Y: ArrayLike,
    *,
    estimator: Estimator[Any] | str = "auto",
    units: Units = "bits",
    n_permutations: int = 199,
    groups: ArrayLike | None = None,
    ignore_label: IgnoreLabel = None,
    random_state: int | np.random.Generator | None = 0,
    n_jobs: int | None = None,
    progress: bool | None = None,
) -> IndependenceTest:
    """Test whether a representation knows anything about Y, by permuting Y.

    The null: X and Y are independent, and rows (or groups of rows) are exchangeable. The whole
    estimate, folds and fits included, is computed again on each permuted Y, so the p-value is
    right for any estimator; a better one only finds weaker dependence.

    Parameters
    ----------
    X : array_like, shape (n_samples,) or (n_samples, n_features)
        Representation.
    Y : array_like, shape (n_samples,) or (n_samples, n_targets)
        Class labels, or a continuous target.
    estimator : str or an estimator
        As in `distillable_knowledge`, but "auto" takes a cheap fixed probe for features and
        labels, ``Probe(experts=("lda", "gaussian"))``, which sees class means and spreads.
    units : {"bits", "nats"}
        Unit of every number in the result.
    n_permutations : int
        Permutations, at least 19. The least p-value is ``1 / (1 + n_permutations)``.
    groups : array_like, shape (n_samples,), or None
        Group of each sample. Where Y is constant within groups, groups exchange their labels;
        else groups of one size exchange their rows of Y. Groups are also held out together.
    ignore_label : int, float, str or None
        Label of rows that don't count, as in `distillable_knowledge`.
    random_state : int, numpy.random.Generator or None
        Seed; the same seed gives the same number.
    n_jobs : int or None
        Workers, as in joblib; the answer does not depend on it.
    progress : bool or None
        Whether to show on standard error how far it is, as in `distillable_knowledge`.

    Returns
    -------
    IndependenceTest
        Information, p-value, and quantiles of the statistic under the null.

    Warns
    -----
    PIDWarning
        As `distillable_knowledge`.

    Raises
    ------
    ValueError, TypeError
        As `distillable_knowledge`; and if `groups` leave nothing to permute.

    Examples
    --------
    >>> import numpy as np
    >>> import pidtools as pt
    >>> rng = np.random.default_rng(0)
    >>> y = rng.integers(0, 2, 300)
    >>> X = rng.normal(size=(300, 5)) + 0.5 * y[:, None]
    >>> pt.independence_test(X, y, n_permutations=99).p_value
    0.01
    """
    _validate.check_choice(units, "units", UNITS)
    n_permutations = _validate.check_integer(n_permutations, "n_permutations", minimum=19)
    seed, progress = _validate.check_seed(random_state), _progress.checked(progress)
    _validate.check_n_jobs(n_jobs)
    _validate.check_same_order(X=X, Y=Y, groups=groups)
    counted = Counted.of_labels(ignore_label, Y)
    X, Y, groups = counted.rows(X, "X"), counted.rows(Y, "Y"), counted.rows(groups, "groups")
    target = target_of_information(Y, estimator, seed)
    source = _validate.check_source(X, "X", minus_infinity=reads_minus_infinity(estimator))
    _validate.check_same_length(X=source, Y=target.values)
    codes = None if groups is None else _validate.check_groups(groups, len(source))
    draw, of_exchange = _exchange(target.values, codes)
    chosen = _choose_cheap(estimator, source, target)
    warn_of_target(target)
    data = Data(source, "X", codes, seed)
    work = f"{n_permutations} permutations of {len(source):,} rows"
    with _progress.shown(progress):
        _progress.plan(work, {LOOKING: 0.0, PERMUTING: None})
        with _progress.step("looking at X", 2, key=LOOKING), _warnings.noting() as heard:
            statistic = chosen.statistic(data, target.values)
            remarks: tuple[Remark, ...] = ()
            observed = statistic(target.values)
            bits = observed
            if not isinstance(statistic, InformationOf):
                summary = summarised(chosen, data, target.values, n_jobs=n_jobs)
                bits = summary.information
                remarks = tuple(own.about("X") for own in summary.remarks)
        excess = target.excess(bits, "X")
        for doubt in excess:
            _warnings.warn(doubt)
        null = resampling.replicate(
            _Permuted(statistic, target.values),
            resampling.Samples(len(source), codes),
            draw=draw,
            n_resamples=n_permutations,
            random_state=seed,
            n_jobs=n_jobs,
            progress=progress,
            what=PERMUTING,
        )[:, 0]
    valid = null[np.isfinite(null)]
    p_value, least = resampling.p_value(observed, null), 1 / (1 + len(valid))
    how = Remark(f"looked at by {chosen!r}.", "detail", Rank.void, ("X",))
    left_out = counted.note(ignore_label)
    said = (*left_out, *target.remarks, *remarks, *heard, *of_exchange, *excess, how)
    return IndependenceTest(
        information=from_bits(bits, units),
        statistic=from_bits(observed, units),
        p_value=p_value,
        p_value_is_bound=bool(p_value <= least),
        null_quantiles={q: from_bits(float(np.quantile(valid, q)), units) for q in NULL_LEVELS},
        n_permutations=len(valid),
        n_samples=len(source),
        estimator=chosen,
        units=units,
        remarks=arranged(remarks_in(units, said)),
    )


def _choose_cheap(
    estimator: Estimator[Any] | str, source: Source, target: Target
) -> Estimator[Any]:
    chosen = choose(estimator, {"X": source}, target)
    if estimator == "auto" and isinstance(chosen, Probe):
        return Probe(experts=CHEAP_EXPERTS)
    return chosen


@dataclass(frozen=True)
class _Permuted:
    """The statistic with rows of Y in another order."""

    statistic: Callable[[Array], float]
    Y: Array

    def __call__(self, rows: Codes) -> Floats:
        return np.array([self.statistic(self.Y[rows])])


def _exchange(
    y: Array, groups: Codes | None
) -> tuple[Callable[[resampling.Samples, np.random.Generator], Codes], tuple[Remark, ...]]:
    """How rows of Y change places under the null, and what is to be said of it."""
    if groups is None:
        draw, patterns, notes = resampling.permutation, [y], []
    elif (y[_first_rows(groups)][groups] == y).all():
        draw, patterns = resampling.exchange, [y[_first_rows(groups)]]
        notes = [f"{len(patterns[0])} groups, each of one label, exchanged their labels."]
    else:
        draw, patterns = resampling.permutation, _rows_by_size(y, groups)
        fixed, n_groups = sum(len(rows) == 1 for rows in patterns), sum(map(len, patterns))
        notes = [f"Groups of one size exchanged their rows of Y; {fixed} of {n_groups} stayed."]
    if sum(map(_log_orders, patterns)) < np.log(FEWEST_ORDERS):
        few = f"fewer than {FEWEST_ORDERS} different orders of Y, too few for a p-value of 5 %"
        if groups is None:
            raise ValueError(f"Y has {few}; pass more rows.")
        raise ValueError(
            f"groups leaves {few}: only groups of the same size can change places, and those with "
            "the same labels change nothing; make them equal in size, or pass more."
        )
    return draw, tuple(Remark(text, "detail", Rank.changed) for text in notes)


def _first_rows(groups: Codes) -> Codes:
    first: Codes = np.unique(groups, return_index=True)[1]
    return first


def _rows_by_size(y: Array, groups: Codes) -> list[Array]:
    """For each size of groups, the rows of Y of each such group, shape (n_groups, size, ...)."""
    order, sizes = np.argsort(groups, kind="stable"), np.bincount(groups)
    starts = np.cumsum(sizes) - sizes
    return [y[order[starts[sizes == size][:, None] + np.arange(size)]] for size in np.unique(sizes)]


def _log_orders(things: Array) -> float:
    """Logarithm of the number of orders of things that can be told apart."""
    alike = np.unique(things.reshape(len(things), -1), axis=0, return_counts=True)[1]
    return float(gammaln(len(things) + 1.0) - gammaln(alike + 1.0).sum())
