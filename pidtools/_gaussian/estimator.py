"""Gaussian information and its decomposition in closed form."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from pidtools import _validate, _warnings
from pidtools._estimator import Estimator, Pair, Summary
from pidtools._gaussian import correction, factors, moments, pencil, shape, target, wide
from pidtools._gaussian.exact import left_out
from pidtools._gaussian.factors import Posterior
from pidtools._gaussian.source import (
    Anchor,
    Columns,
    Joined,
    Residuals,
    Source,
    Together,
    columns_of_y,
    source_of,
    together,
)
from pidtools._gaussian.target import Reduced
from pidtools._magnitudes import as_columns
from pidtools._remarks import Rank, Remark
from pidtools._result import NATS_PER_BIT, PID, Outcome
from pidtools._types import Array, Codes

# Below this many samples a unit, sampling moves the atoms by tenths of a bit, corrected or not.
FEW_SAMPLES = 3
# Share of the draws for the correction of resampled rows.
RESAMPLED_EFFORT = 1 / 16
# Units, more than there are samples, of which a covariance is formed: 8 GiB.
MOST_UNITS = 2**15
# Whole numbers with this many values or fewer are often codes of classes.
FEW_VALUES = 20

LINEAR = (
    "only linear relations between a layer and Y are seen; what a layer tells of Y in another way "
    "is missed, so the numbers may read low. To check, cut Y into a few classes and take "
    'estimator="probe".'
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class GaussianSummary(Summary):
    """A source as what it leaves of Y.

    Attributes
    ----------
    source : Source
        The source beside Y, with what is needed to meet a partner.
    posterior : Posterior
        What the source leaves of Y.
    residuals : Residuals or None
        The same for each sample, where it is needed for the correction.
    """

    resamples = "weights"

    estimator: Gaussian
    source: Source = field(repr=False)
    posterior: Posterior = field(repr=False)
    residuals: Residuals | None = field(repr=False)

    @_warnings.quiet
    def resampled(self, rows: Codes) -> GaussianSummary:
        """The summary of drawn rows.

        Units that were left out stay left out: the question is the same.
        """
        X, Y = self.source.x.used(rows), self.source.y.given[rows]
        with factors.arithmetic():
            source = self.estimator._source(X, Y, "X", drawn=rows)
            if len(source.y.kept) < len(self.source.y.kept):
                raise ValueError("A resample lost a direction of Y.")
            return self.estimator._summary(source, Y, "X")


@dataclass(frozen=True, kw_only=True, eq=False)
class GaussianPair(Pair[GaussianSummary]):
    """Two sources in one frame of Y.

    Attributes
    ----------
    corrected : tuple of float or None
        Both unique informations in bits, corrected for the size of the sample.
    anchor : Anchor or None
        What resamples are held to; the uniques of these are known up to a constant.
    """

    corrected: tuple[float, float] | None
    anchor: Anchor | None

    def atoms(self) -> PID:
        """Redundancy and uniques in bits from the eigenvalues of what both leave of Y."""
        t, s = self.t, self.s
        with factors.arithmetic():
            solved = pencil.solve(t.posterior.lower, s.posterior.lower)
            gap = abs(solved.upper - solved.lower) + _rounding(t) + _rounding(s)
        return _decomposed(t, self.corrected or solved.uniques, gap)

    def joint_information(self) -> float:
        """I(Y; T, S) in bits from the covariance of all."""
        with factors.arithmetic():
            return self.t.estimator._joint(Joined(self.t.source, self.s.source), self.t.posterior)

    def resampled(
        self, t: GaussianSummary, s: GaussianSummary, rows: Codes
    ) -> Pair[GaussianSummary]:
        """The pair of resampled summaries, held to the anchor where it is corrected."""
        with factors.arithmetic():
            s = _beside(t.source.y, s)
        if self.anchor is None:
            return dataclasses.replace(self, t=t, s=s)
        return ResampledPair(t=t, s=s, synergy=self.synergy, corrected=None, anchor=self.anchor)


@dataclass(frozen=True, kw_only=True, eq=False)
class ResampledPair(GaussianPair):
    """Two sources on drawn rows, seen along the eigenvectors of the whole sample."""

    anchor: Anchor

    def atoms(self) -> PID:
        """Redundancy and uniques in bits, the uniques up to a constant."""
        with factors.arithmetic():
            uniques = _anchored_uniques(self.t, self.s, self.anchor)
        return _decomposed(self.t, uniques, np.inf)


@dataclass(frozen=True)
class Gaussian(Estimator[GaussianSummary]):
    """For a continuous Y: the Gaussian decomposition of the sample covariance.

    Sees linear relations only. Exact in the limit for normal variables, and with ``copula=True``
    for variables that are normal after a monotone map of each unit. For class labels it is the
    wrong question.

    Parameters
    ----------
    correction : bool
        Whether to correct for the size of the sample: informations by the exact mean of
        Wishart log determinants, uniques by the spread of the eigenvalues of samples drawn from
        the fitted law. Invertible linear maps of T, S or Y still change nothing.
    shrinkage : {None, "oas"}
        "oas" draws correlations towards 0 [1]_, which allows more units than samples. The
        answer then depends on the directions of the units, is biased towards no information,
        and `correction` does not apply.
    copula : bool
        Whether to replace every column, of Y too, by the normal scores of its ranks, so that
        monotone maps and outliers do not matter. Takes memory for a float64 copy.

    References
    ----------
    .. [1] Y. Chen, A. Wiesel, Y. C. Eldar, A. O. Hero, "Shrinkage algorithms for MMSE covariance
       estimation", IEEE Transactions on Signal Processing 58 (2010).

    Examples
    --------
    >>> import pidtools as pt
    >>> problem = pt.problems.get("gaussian_scalar")
    >>> T, S, Y = problem.sample(20_000)
    >>> r = pt.distillable_knowledge(T, S, Y, estimator=pt.Gaussian())
    >>> bool(abs(r.distillable - problem.pid.unique_t) < 0.02)
    True
    """

    target = "continuous"

    correction: bool = True
    shrinkage: Literal["oas"] | None = None
    copula: bool = False

    def __post_init__(self) -> None:
        if self.shrinkage is not None:
            _validate.check_choice(self.shrinkage, "shrinkage", ("oas",))

    @property
    def _corrects(self) -> bool:
        return self.correction and self.shrinkage is None

    @_warnings.quiet
    def summarise(
        self,
        X: Array,
        Y: Array,
        *,
        random_state: int = 0,
        name: str = "X",
        groups: Array | None = None,
        n_jobs: int | None = None,
    ) -> GaussianSummary:
        """Condition `Y`, shape (n, k), on `X`, shape (n, d) or (n,), and keep what is left.

        Nothing is random, `groups` do not matter to an estimate, and BLAS has its own threads.

        Warns
        -----
        PIDWarning
            If the samples are few for the units.
        """
        with factors.arithmetic():
            columns = as_columns(X, name, otherwise="the Gaussian estimator needs numbers")
            reduced = self._reduced(Y)
            source = self._source(columns, reduced.values, name, reduced.rounding)
            source, of_x = _resolved(source, shrink=self.shrinkage is not None)
            summary = self._summary(source, Y, name)
            remarks = (
                *summary.remarks,
                *self._remarks(source, of_x, reduced),
                *shape.notes(columns, Y, of_ranks=self.copula),
            )
            return dataclasses.replace(summary, remarks=remarks)

    def _reduced(self, Y: Array) -> Reduced:
        """Columns of Y of which each tells something new, decided without a look at a source."""
        if len(Y) < 2:
            raise ValueError(f"Y holds {len(Y)} sample; a covariance needs more.")
        numbers = moments.normal_scores(Y) if self.copula else Y
        shrinks = self.shrinkage is not None
        if not shrinks:
            _check_width(Y, "Y")
        # Shrunk correlations have full rank, whatever the columns are.
        reduced = target.without_constants(numbers) if shrinks else target.reduce(numbers)
        if reduced.values.shape[1] == 0:
            raise ValueError(
                "Y is constant, or varies in the last place of its numbers only; there is nothing "
                "to know about it."
            )
        return reduced

    def _summary(self, source: Source, Y: Array, name: str) -> GaussianSummary:
        try:
            posterior = source.posterior(name)
        except (factors.DeterministicError, factors.IndefiniteError):
            raise ValueError(_fixed(name)) from None
        bias = source.bias() if self._corrects else 0.0
        return GaussianSummary(
            estimator=self,
            information=(-factors.log_det(posterior.lower) - bias) / NATS_PER_BIT,
            labels=Y,
            source=source,
            posterior=posterior,
            residuals=source.residuals(posterior) if self._corrects else None,
        )

    def _source(
        self,
        X: Array,
        Y: Array,
        name: str,
        rounding: float = 0.0,
        drawn: Codes | None = None,
    ) -> Source:
        """X beside columns of Y that were reduced, and what that took for rounding.

        Rows of one code in `drawn` are copies of each other.
        """
        columns = moments.normal_scores(X) if self.copula else X
        shrinks = self.shrinkage is not None
        y = columns_of_y(Y, shrink=shrinks, rounding=rounding, drawn=drawn)
        if not shrinks and wide.is_wide(columns):
            _check_wide(columns, y.rank, name)
        source = source_of(columns, y, shrink=shrinks, drawn=drawn)
        if not shrinks:
            _check_size(source, name)
        return source

    def _remarks(self, source: Source, of_x: Reduced, of_y: Reduced) -> tuple[Remark, ...]:
        how = (
            f"Gaussian: {source.n_samples} samples, {len(source.x.kept)} units and "
            f"{len(source.y.kept)} of Y that are not functions of others."
        )
        remarks = [
            Remark(how, "detail", Rank.general),
            Remark(LINEAR, "note", Rank.size),
        ]
        if self._corrects:
            bits = source.bias() / NATS_PER_BIT
            text = f"{bits:.2g} bits taken off for the size of the sample."
            remarks.append(Remark(text, "detail", Rank.size))
        if self.shrinkage is not None:
            share = 1.0 - source.x.weight**2
            text = (
                f"correlations were shrunk by {share:.2g} (oas), as the rows are few for so many "
                "columns; that makes the numbers read low. More rows need less of it."
            )
            remarks.append(Remark(text, "note", Rank.size))
        if _looks_like_labels(source.y.given):
            text = (
                "Y takes few values, all whole, and was taken as an amount: for class labels "
                'take estimator="probe".'
            )
            remarks.append(Remark(text, "note", Rank.question))
        for name, of_part in (("", of_x), ("Y", of_y)):
            remarks += left_out(name, of_part.constant, of_part.linear)
        return tuple(remarks)

    @_warnings.quiet
    def pair(
        self,
        t: GaussianSummary,
        s: GaussianSummary,
        *,
        synergy: bool = True,
        n_jobs: int | None = None,
    ) -> GaussianPair:
        """What decomposes two summaries by the eigenvalues of what both leave of Y."""
        with factors.arithmetic():
            s = _beside(t.source.y, s)
            corrected = anchor = None
            if t.residuals is not None and s.residuals is not None:
                both = _together(t, s, t.residuals, s.residuals)
                fitted = correction.fit(both.log_g, both.scatter)
                corrected = _uniques(both, fitted.excess)
                stretch = np.exp((fitted.log_g - both.log_g) / 2)
                anchor = Anchor(t.source.y.whitened(both.frame), stretch)
            return GaussianPair(t=t, s=s, synergy=synergy, corrected=corrected, anchor=anchor)

    def _joint(self, both: Joined, of_t: Posterior) -> float:
        """I(Y; T, S) in bits."""
        rank = both.t.x.rank + both.s.x.rank
        if self.shrinkage is None and both.t.n_samples - 1 <= rank + both.t.y.rank:
            raise ValueError(
                f"T and S together have {rank} units and Y {both.t.y.rank} for "
                f"{both.t.n_samples} samples, too few for the synergy; pass synergy=False, more "
                'samples, fewer units, or estimator=pt.Gaussian(shrinkage="oas").'
            )
        try:
            posterior = both.posterior(of_t)
        except (factors.DeterministicError, factors.IndefiniteError):
            raise ValueError(_fixed("T and S together")) from None
        bias = 0.0
        if self._corrects:
            n, n_y = both.t.n_samples, both.t.y.rank
            bias = correction.information_bias(n_y, n - 1, len(posterior.whitened))
        return (-factors.log_det(posterior.lower) - bias) / NATS_PER_BIT


def _resolved(source: Source, *, shrink: bool) -> tuple[Source, Reduced]:
    """The source without units that are rounding of others, and small directions made units."""
    x = source.x
    if x.origin is not None:
        constant, none = np.flatnonzero(~x.origin.varies), np.zeros(0, np.int64)
        return source, Reduced(x.given, constant, none, 0.0)
    clear = x.factor if shrink else factors.clear_part(x.factor)
    found = target.resolved(x.values, x.mean, x.scale, clear)
    if found.values is not x.values:
        source = source_of(found.values, source.y, shrink=False)
    elif clear is not x.factor:
        source = source.keeping(clear)
    rounded = dataclasses.replace(source.x, rounding=found.rounding)
    return dataclasses.replace(source, x=rounded), found


def _beside(y: Columns, summary: GaussianSummary) -> GaussianSummary:
    """The summary with Y in this frame.

    Summaries of one Y have one frame, except where they come from machines or processes that
    round in different ways. Two frames decompose nothing, and no later check would see it: each
    posterior alone has the right information.
    """
    if y.is_frame_of(summary.source.y):
        return summary
    anew = summary.estimator._summary(summary.source.beside(y), summary.labels, "S")
    return dataclasses.replace(anew, remarks=summary.remarks, data=summary.data)


def _looks_like_labels(Y: Array) -> bool:
    whole = Y.shape[1] == 1 and bool((np.floor(Y) == Y).all())
    return whole and len(np.unique(Y)) <= FEW_VALUES


def _together(
    t: GaussianSummary, s: GaussianSummary, left_by_t: Residuals, left_by_s: Residuals
) -> Together:
    both = together(left_by_t, left_by_s)
    # The eigenvalues come from covariances with one divisor; their sum gets its own bias back.
    shift = 2 * (t.source.bias() - s.source.bias()) / len(both.log_g)
    return dataclasses.replace(both, log_g=both.log_g + shift)


def _uniques(both: Together, excess: float) -> tuple[float, float]:
    """Both unique informations in bits, less what their spread has from sampling."""
    unique_t, unique_s = pencil.uniques(both.log_g)
    return (unique_t - excess) / NATS_PER_BIT, (unique_s - excess) / NATS_PER_BIT


def _decomposed(t: GaussianSummary, uniques: tuple[float, float], gap: float) -> PID:
    unique_t, unique_s = uniques
    return PID(
        redundancy=t.information - unique_t,
        unique_t=unique_t,
        unique_s=unique_s,
        synergy=None,
        gap=gap,
        outcome=Outcome.closed_form,
    )


def _anchored_uniques(
    t: GaussianSummary, s: GaussianSummary, anchor: Anchor
) -> tuple[float, float]:
    """Both unique informations of a resample in bits, up to a constant."""
    if t.residuals is None or s.residuals is None or t.source.y.rank != len(anchor.stretch):
        raise ValueError("A resample lost a direction of Y.")
    frame = t.source.y.unwhitened(anchor.frame).T
    both = _together(
        t, s, t.residuals.mapped(anchor.stretch[:, None] * frame), s.residuals.mapped(frame)
    )
    excess = correction.fit(both.log_g, both.scatter, effort=RESAMPLED_EFFORT).excess
    return _uniques(both, excess)


def _rounding(summary: GaussianSummary) -> float:
    source, posterior = summary.source, summary.posterior
    n_units = source.x.given.shape[1] + source.y.given.shape[1]
    of_sums = factors.rounding(n_units, factors.RANK_TOLERANCE, posterior)
    of_rows = float(np.hypot(source.x.rounding, source.y.rounding))
    return of_sums + factors.rounding_of_rows(of_rows, posterior)


def _fixed(name: str) -> str:
    return (
        f"Y has a direction that is a linear function of {name}, so the information is infinite; "
        "drop that part of Y, or use more samples if there are few."
    )


def _check_size(source: Source, name: str) -> None:
    """Refuse what has no answer, warn of what has a poor one."""
    n, units, targets = source.n_samples, source.x.rank, source.y.rank
    _check_degrees(source.x.values, units, targets, name)
    if n < FEW_SAMPLES * (units + targets):
        text = (
            f"{n} samples for {units} units and {targets} of Y are few; the atoms move by "
            "tenths of a bit from sample to sample. Use fewer units or more samples."
        )
        _warnings.warn(Remark(text, "warning", Rank.starved, (name,)))


def _check_degrees(X: Array, rank: int, targets: int, name: str) -> None:
    """Refuse columns that leave no sample to tell how well they fit."""
    n, needed = len(X), rank + targets
    if n - 1 <= needed:
        raise ValueError(
            f"{name} has {X.shape[1]} units and Y {targets} for {n} samples, which any Y "
            f"would fit; pass at least {needed + 2} samples, fewer units of {name} (such "
            'as principal components), or estimator=pt.Gaussian(shrinkage="oas").'
        )


def _check_wide(X: Array, targets: int, name: str) -> None:
    """Refuse columns that outnumber rows before a covariance of theirs is formed in vain."""
    _check_degrees(X, wide.principal(X).rank(), targets, name)
    _check_width(X, name)


def _check_width(X: Array, name: str) -> None:
    """Refuse a covariance of enormous size where few of its entries can be known."""
    n, units = X.shape
    if wide.is_wide(X) and units > MOST_UNITS:
        raise ValueError(
            f"{name} has {units} units for {n} samples, and a covariance of them all takes "
            f"{8 * units**2 / 2**30:.0f} GiB; pass fewer units (such as principal components), or "
            'estimator=pt.Gaussian(shrinkage="oas"), which needs none.'
        )
