"""What held-out posteriors of one source come to: cross-fits, their pool, losses by row."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pidtools import _progress
from pidtools._probe.at_large import Learned, learn
from pidtools._probe.costs import Part, Parts, parts
from pidtools._probe.cross_fit import Judge, cross_fit
from pidtools._probe.discriminant import FEW_CLASSES
from pidtools._probe.folds import folds_in_order
from pidtools._probe.order import order_of
from pidtools._probe.pool import Pool, fit_pool, log_loss, weigh
from pidtools._probe.rows import ROWS_ENOUGH, choose_rows
from pidtools._result import NATS_PER_BIT
from pidtools._types import Array, Codes, Floats, Posteriors

# Folds of larger sources run one after the other, for their copies of the training rows.
HEAVY_BYTES = 2**28
# Share of the rows that degrees of freedom may count for.
MOST_SPENT = 0.25
# Bits between training on half of the rows and on all, from which a quarter tells whether the loss
# falls as steadily as an extrapolation assumes.
STEEP = 0.03
# Bits between training on half of the part that is learned from and on that part, from which twice
# as many rows are learned from.
WORTH_MORE = 0.005
# Rows that tell whether an opinion is flat.
ROWS_TO_COMPARE = 2000


@dataclass(frozen=True, eq=False)
class Losses:
    """Held-out losses of each row in bits, and what training on half of the rows adds to them.

    Attributes
    ----------
    whole, more : ndarray of float64, shape (n_samples,)
    """

    whole: Floats
    more: Floats


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """Labels and folds that all probes of one measurement share.

    `learned` are labels of rows that come after the measured ones and are only learned from: by
    every fit for a fold, and by one of the two for a half. Fits see their rows in an order that
    comes from `keys`, of all of them, not from where they stand. `meets` says that two sources are
    looked at together.
    """

    labels: Codes
    learned: Codes
    n_classes: int
    folds: Codes
    halves: Codes
    keys: Codes
    groups: Array | None
    names: frozenset[str]
    random_state: int
    n_jobs: int | None
    race: bool = True
    meets: bool = False

    @property
    def all_labels(self) -> Codes:
        """Labels of the measured rows, then of those that are only learned from."""
        return np.concatenate([self.labels, self.learned])

    @property
    def order(self) -> Codes:
        """Order of the measured rows."""
        return order_of(self.keys[: len(self.labels)])

    def run(
        self,
        judge: Judge,
        given: Posteriors,
        size: int,
        from_half: Posteriors,
        tempered: Mapping[str, Floats | None],
    ) -> Found:
        """Cross-fit, pool, and cross-fit again from halves what the pool uses.

        `from_half` is what is `given` by models of half of the rows, `tempered` the `tempering` of
        opinions given by other probes, where that is known.
        """
        own = self._parts(judge)
        n_folds = int(self.folds.max()) + 1
        total = own.folds.cost(n_folds) + own.halves.cost(2) + own.quarters.cost(2)
        with _progress.step("", total):
            return self._run(judge, given, size, from_half, tempered)

    def _parts(self, judge: Judge) -> Parts:
        """What is done, for the screen."""
        n, is_one = len(self.labels), not judge.is_light
        return parts(n, judge.width, self.n_classes, is_one=is_one, meets=self.meets and not is_one)

    def _is_at_large(self, judge: Judge) -> bool:
        return len(self.labels) > ROWS_ENOUGH and judge.is_light and bool(self.names)

    def _run(
        self,
        judge: Judge,
        given: Posteriors,
        size: int,
        from_half: Posteriors,
        tempered: Mapping[str, Floats | None],
    ) -> Found:
        if self._is_at_large(judge):
            return self._run_at_large(judge, given, from_half, tempered)
        fitted, failed = self._cross_fit(
            judge,
            self.folds,
            self.names,
            size,
            race=self.race,
            given=given,
            part=self._parts(judge).folds,
        )
        opinions = given | fitted
        opinions |= {} if opinions else {"prior": self._prior(self.folds)}
        pool = fit_pool(opinions, self.labels)
        used = frozenset(pool.weights) - frozenset(given)
        halves: Posteriors = {}
        if used:
            halves = self._cross_fit(
                judge, self.halves, used, size, race=False, given={}, part=self._parts(judge).halves
            )[0]
            from_half = from_half | halves
        missing = frozenset(pool.weights) - frozenset(from_half)
        from_half = from_half | {name: self._prior(self.halves) for name in missing}
        # Weights that are best for models of all rows are not for models of half of them: the
        # two losses compare only if each has its own.
        kept = {name: from_half[name] for name in pool.weights}
        log_p, weighed = pool.log_posterior(opinions), weigh(kept, self.labels)
        log_p_from_half = weighed.log_posterior(kept)
        tempering = None
        if self._tempers(given, tempered):
            plain = _untempered((pool, weighed), (opinions, kept), tempered)
            losses = losses_of(
                plain.whole.log_posterior(opinions), plain.half.log_posterior(kept), self.labels
            )
            own = losses_of(log_p, log_p_from_half, self.labels)
            tempering = plain.gains(losses.more - own.more, tempered)
        curve = self._curve(judge.width if self.n_classes > FEW_CLASSES else 0)
        if self.n_classes <= FEW_CLASSES and halves and curve.half > curve.whole:
            steadiness = self._steadiness(judge, size, _named(fitted, halves), halves, curve)
            curve = replace(curve, steadiness=steadiness)
        return Found(pool, log_p, log_p_from_half, failed, tempering, curve)

    def _steadiness(
        self, judge: Judge, size: int, whole: Posteriors, half: Posteriors, curve: Curve
    ) -> float:
        """How far training on a quarter of the rows bears out what half of them and all tell.

        However slow the power of the rows that a loss falls with, twice a quarter gains more than
        log 2 / log 1.6 times what 1.6 times a half does. Where it gains less, as of a network that
        finds its decision between half of the rows and all, nobody can say how the loss falls then.
        """
        losses = [self._loss(said) for said in (whole, half)]
        gained = losses[1] - losses[0]
        if gained < STEEP:
            return 1.0
        some = folds_in_order(self.order, self.labels, 2, self.random_state + 1, self.groups) == 0
        order, extra = self.order[some[self.order]], [x[::2] for x in self._extra(self.halves)]
        quarter = self._cross_fit(
            judge,
            self.halves,
            frozenset(half),
            size,
            race=False,
            given={},
            learned=(order, extra),
            part=self._parts(judge).quarters,
        )[0]
        if not quarter:
            return 1.0
        before = self._loss(quarter) - losses[1]
        least = np.log(2) / np.log(curve.half / curve.whole)
        return float(np.clip(before / (least * gained), 0.0, 1.0))

    def _loss(self, opinions: Posteriors) -> float:
        """Held-out loss of a pool of its own, in bits."""
        log_p = weigh(opinions, self.labels).log_posterior(opinions)
        return float(log_loss(log_p, self.labels).mean()) / NATS_PER_BIT

    def _tempers(self, given: Posteriors, tempered: Mapping[str, Floats | None]) -> bool:
        return self.n_classes > FEW_CLASSES and given.keys() == tempered.keys()

    def _run_at_large(
        self,
        judge: Judge,
        given: Posteriors,
        from_half: Posteriors,
        tempered: Mapping[str, Floats | None],
    ) -> Found:
        """The same, with weights from some of the rows."""
        order = self.order
        some = order[choose_rows(self.labels[order], ROWS_ENOUGH, self.random_state)]
        part = self._part(judge, self.names, some, given, from_half, first=True)
        while (judge_of_more := judge.of_more_rows()) and part.gain >= WORTH_MORE:
            judge = judge_of_more
            part = self._part(judge, part.used, some, given, from_half, first=False)
        pool, weighed, plain = part.pool, part.pool_of_half, None
        if self._tempers(given, tempered):
            plain = _untempered((pool, weighed), (part.opinions, part.opinions_of_half), tempered)
        log_p, losses = part.learned.asked(pool, plain.whole if plain else None, given, self.labels)
        log_p_from_half, of_half = part.half.asked(
            weighed, plain.half if plain else None, from_half, self.labels
        )
        tempering = None
        if plain:
            more = (of_half - losses) / NATS_PER_BIT
            own = losses_of(log_p, log_p_from_half, self.labels)
            tempering = plain.gains(more - own.more, tempered)
        curve = self._curve(judge.width if self.n_classes > FEW_CLASSES else 0)
        failed, n_learned = part.learned.failed, judge.growth * ROWS_ENOUGH
        return Found(pool, log_p, log_p_from_half, failed, tempering, curve, n_learned)

    def _part(
        self,
        judge: Judge,
        names: frozenset[str],
        some: Codes,
        given: Posteriors,
        from_half: Posteriors,
        *,
        first: bool,
    ) -> _Part:
        """Learn from a part of the rows and from half of it, and weigh what is said of `some`."""
        labels, heard = self.labels[some], _of_rows(given, some)
        race = heard if first and self.race else None
        learned = self._learn(judge, self.folds, names, some, race)
        opinions = heard | learned.opinions
        opinions |= {} if opinions else {"prior": self._prior(self.folds)[some]}
        pool = fit_pool(opinions, labels)
        used = frozenset(pool.weights) - frozenset(given)
        half = self._learn(judge, self.halves, used, some, None)
        said = _of_rows(from_half, some) | half.opinions
        missing = frozenset(pool.weights) - frozenset(said)
        said |= {name: self._prior(self.halves)[some] for name in missing}
        kept = {name: said[name] for name in pool.weights}
        weighed = weigh(kept, labels)
        log_p, of_half = pool.log_posterior(opinions), weighed.log_posterior(kept)
        gain = float(losses_of(log_p, of_half, labels).more.mean()) if used else 0.0
        return _Part(learned, half, pool, weighed, opinions, kept, used, gain)

    def _learn(
        self,
        judge: Judge,
        folds: Codes,
        names: frozenset[str],
        some: Codes,
        heard: Posteriors | None,
    ) -> Learned:
        extra, n_classes = self._extra(folds), self.n_classes
        own = self._parts(judge)
        part = own.halves if folds is self.halves else own.folds
        order = self.order
        return learn(judge, self.labels, folds, order, extra, n_classes, names, some, heard, part)

    def _curve(self, width: int) -> Curve:
        n_folds = int(self.folds.max()) + 1
        n, n_learned = len(self.labels), len(self.learned)
        grown = (n + n_learned) / (n * (n_folds - 1) / n_folds + n_learned)
        if not width:
            return Curve(grown, 2.0)
        share = min((width + self.n_classes) / (n + n_learned), MOST_SPENT)
        return Curve(1 / (1 / grown - share), 1 / (0.5 - share))

    def _cross_fit(
        self,
        judge: Judge,
        folds: Codes,
        names: frozenset[str],
        size: int,
        *,
        race: bool,
        given: Posteriors,
        part: Part,
        learned: tuple[Codes, Sequence[Codes]] | None = None,
    ) -> tuple[Posteriors, frozenset[str]]:
        """Of all rows that are not held out, or of those measured and not measured in `learned`."""
        order, extra = learned or (self.order, self._extra(folds))
        return cross_fit(
            judge,
            self.labels,
            folds,
            self.n_classes,
            names,
            race=race,
            heavy=size > HEAVY_BYTES,
            n_jobs=self.n_jobs,
            order=order,
            extra=tuple(extra),
            given=given,
            part=part,
        )

    def _extra(self, folds: Codes) -> tuple[Codes, ...]:
        """Rows that the fits for each fold learn from beside the measured ones."""
        rows = len(self.labels) + order_of(self.keys[len(self.labels) :])
        if folds is self.halves:
            return rows[::2], rows[1::2]
        return (rows,) * (int(folds.max()) + 1)

    def _prior(self, folds: Codes) -> Array:
        """Class shares, where no expert has anything to say."""
        counts = np.bincount(self.labels, minlength=self.n_classes)
        shares = (counts + 1e-9) / len(self.labels)
        return np.tile(np.log(shares), (len(folds), 1)).astype(np.float32)


@dataclass(frozen=True)
class _Part:
    """Models of a part of the rows and of half of it, with pools of what they say of some rows.

    Attributes
    ----------
    used : frozenset of str
        Experts that are in the pool.
    gain : float
        What training on all of the part adds to training on half of it, in bits.
    """

    learned: Learned
    half: Learned
    pool: Pool
    pool_of_half: Pool
    opinions: Posteriors
    opinions_of_half: Posteriors
    used: frozenset[str]
    gain: float


def _named(posteriors: Posteriors, like: Posteriors) -> Posteriors:
    return {name: posteriors[name] for name in like if name in posteriors}


def _of_rows(posteriors: Posteriors, rows: Codes) -> Posteriors:
    return {name: log_p[rows] for name, log_p in posteriors.items()}


@dataclass(frozen=True)
class _Untempered:
    """The pools of models of all rows and of half of them, not calibrated."""

    whole: Pool
    half: Pool
    counts: dict[str, float]

    def gains(self, own: Floats, tempered: Mapping[str, Floats | None]) -> Floats:
        """What calibration gains with half of the rows beyond what it gains with all.

        The gains of opinions that came tempered count by their shares in the pool. A pool that
        hardly heeds its opinions, for they know nothing, has no excess that calibration could
        take back.
        """
        total = sum(self.counts.values())
        for name, gained in tempered.items():
            if gained is not None:
                own = own + self.counts.get(name, 0.0) / max(total, 1e-12) * gained
        return own * min(total, 1.0)


def _untempered(
    pools: tuple[Pool, Pool], opinions: tuple[Posteriors, Posteriors], heard: Collection[str]
) -> _Untempered:
    counts, of_half = (
        _counts(pool, said, heard) for pool, said in zip(pools, opinions, strict=True)
    )
    whole = pools[0].untempered(sum(counts.values()))
    return _Untempered(whole, pools[1].untempered(sum(of_half.values())), counts)


def _counts(pool: Pool, opinions: Posteriors, heard: Collection[str]) -> dict[str, float]:
    """Weights; what is heard counts for less where it hardly tells rows apart.

    The weight of a flat opinion says nothing, as it moves no posterior.
    """
    counts = dict(pool.weights)
    own = {name: weight for name, weight in counts.items() if name not in heard}
    if len(own) == len(counts) or not sum(own.values()):
        return counts
    spreads = {name: _spread(opinions[name]) for name in counts}
    moved = {name: weight * spreads[name] for name, weight in own.items()}
    typical = sum(moved[name] * spreads[name] for name in own) / max(sum(moved.values()), 1e-12)
    for name in counts.keys() - own.keys():
        counts[name] *= min(spreads[name] / max(typical, 1e-12), 1.0)
    return counts


def _spread(log_p: Array) -> float:
    """How far rows differ in what they say of classes, of some rows."""
    some = log_p[:: max(len(log_p) // ROWS_TO_COMPARE, 1)]
    told = some - some.mean(axis=1, keepdims=True)
    return float((told - told.mean(axis=0)).std())


@dataclass(frozen=True)
class Curve:
    """Excess losses of fits to all folds but one and to a half, over that of fits to all rows.

    A discriminant of many classes spends a degree of freedom on each class and each direction:
    its excess falls with the rows beyond those.

    Attributes
    ----------
    steadiness : float
        Share of an extrapolation that fits to a quarter of the rows bear out.
    """

    whole: float
    half: float
    steadiness: float = 1.0

    def left(self, exponent: float) -> float:
        """What endless rows would add, over what all rows add to half of them.

        For excess losses that fall with this power of the rows; 0 where two folds are halves.
        """
        if self.half <= self.whole:
            return 0.0
        whole, half = float(self.whole**exponent), float(self.half**exponent)
        return whole / (half - whole)


@dataclass(frozen=True)
class Found:
    """The pool, and its held-out log posteriors from all other folds and from one half.

    Attributes
    ----------
    tempering : ndarray of float64, shape (n_samples,), or None
        What calibration gains with half of the rows for training beyond what it gains with all,
        in bits; None where that is not asked.
    curve : Curve
    n_learned : int or None
        Rows that most experts learn from, of more that there are; None for all.
    """

    pool: Pool
    log_p: Array
    log_p_from_half: Array
    failed: frozenset[str]
    tempering: Floats | None
    curve: Curve
    n_learned: int | None = None


def sums(codes: Codes, weights: Floats, n: int) -> Floats:
    """Weight of each code."""
    return np.bincount(codes, weights=weights, minlength=n).astype(np.float64)


def losses_of(log_p: Array, log_p_from_half: Array, labels: Codes) -> Losses:
    """Losses of log posteriors from all other folds and from one half."""
    whole = log_loss(log_p, labels) / NATS_PER_BIT
    return Losses(whole, log_loss(log_p_from_half, labels) / NATS_PER_BIT - whole)


def extrapolated(
    weights: Floats, more: Floats, n_folds: int, curve: Curve, tempering: Floats | None
) -> Floats:
    """What endless training rows would take from the loss of each row, in bits.

    `more` is the loss of each row with half of the training rows minus its loss with all
    folds but one. An excess loss of c / n_train makes their mean c (2 - k / (k - 1)) / n with
    k folds, of an excess c k / (k - 1) / n. Where the mean is not clear of its own noise it is
    shrunk, by the share of its square that is not noise.

    Where classes are many, fits are overconfident, and calibration takes back a part of their
    excess c / n that grows like its square: that part is extrapolated by itself.
    """
    if n_folds < 3:
        return np.zeros_like(more)
    whole, half = curve.whole, curve.half
    if tempering is not None:
        more = more + half / (half + whole) * tempering
    mean = float(weights @ more)
    noise = float(weights**2 @ (more - mean) ** 2)
    trust = mean**2 / (mean**2 + noise) if mean else 0.0
    gained: Floats = curve.steadiness * whole / (half - whole) * trust * more
    return gained
