"""The probe: what held-out label posteriors know, for wide continuous representations."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pidtools import _validate
from pidtools._information import entropy
from pidtools._probe.cross_fit import (
    Judge,
    classifier_judge,
    cross_fit,
    expert_judge,
    fold_numbers,
)
from pidtools._probe.pool import Pool, fit_pool, log_loss
from pidtools._probe.posterior_cells import cell_means, posterior_cells, sharpened_table
from pidtools._probe.whitening import Whitened, join, whiten
from pidtools._result import NATS_PER_BIT, PID, Summary
from pidtools.broja import broja_from_pairs

Array = NDArray[Any]
Codes = NDArray[np.int64]
Floats = NDArray[np.float64]
Posteriors = dict[str, NDArray[Any]]

# The tables come from samples: with 1e8 of them an information still has a standard error of
# about 1e-5 bits.
TABLE_TOLERANCE = 1e-5
# Share of the loss of the half-trained pool over the full one that is extrapolated. For a loss
# that falls as 1/n it would be 1.67 with five folds; slower learners would be overshot.
EXTRAPOLATION = 1.0


@dataclass(frozen=True, kw_only=True)
class ProbeSummary(Summary):
    """What a probe found in one source.

    Attributes
    ----------
    bound : float
        H(Y) minus the held-out log-loss, in bits: in expectation a lower bound on I(X; Y).
    bound_from_half : float
        The same with half of the rows for training; the difference shows how far from
        saturation the probe is. NaN where the posteriors were given.
    weights : dict of str to float
        Weight of each expert in the pool.
    log_posteriors : ndarray of float32, shape (n_samples, n_classes)
        Pooled, calibrated and held out.
    """

    bound: float
    bound_from_half: float
    weights: dict[str, float] = field(repr=False, compare=False)
    log_posteriors: Array = field(repr=False, compare=False)
    log_posteriors_from_half: Array | None = field(repr=False, compare=False)
    codes: Codes = field(repr=False, compare=False)
    source: Array = field(repr=False, compare=False)
    folds: Codes = field(repr=False, compare=False)
    random_state: int = field(repr=False, compare=False)


@dataclass(frozen=True)
class Probe:
    n_folds: int = 5
    inputs: Literal["features", "probabilities", "logits"] = "features"
    classifier: Any = None
    n_cells: int | None = None

    def summarise(
        self,
        X: Array,
        labels: Codes,
        *,
        random_state: int = 0,
        name: str = "X",
        groups: NDArray[Any] | None = None,
        n_jobs: int | None = None,
    ) -> ProbeSummary:
        features = X.reshape(len(X), -1)
        folds = fold_numbers(labels, self.n_folds, random_state, groups)
        halves = fold_numbers(labels, 2, random_state, groups)
        C = int(labels.max()) + 1
        judge = expert_judge(whiten(features), labels, C, random_state)
        return self._fit(features, judge, labels, folds, halves, {}, {}, random_state, n_jobs)

    def _fit(self, X, judge, labels, folds, halves, given, given_half, random_state, n_jobs):
        C = int(labels.max()) + 1
        shares = np.bincount(labels, minlength=C) / len(labels)
        opinions = cross_fit(judge, labels, folds, C, n_jobs=n_jobs) | given
        pool = fit_pool(opinions, labels)
        kept = frozenset(pool.weights) - set(given)
        half = (cross_fit(judge, labels, halves, C, names=kept, n_jobs=n_jobs) if kept else {}) | given_half
        log_p, log_half = pool.log_posterior(opinions), pool.log_posterior(half)
        H = entropy(shares)
        bound = H - log_loss(log_p, labels).mean() / NATS_PER_BIT
        bound_half = H - log_loss(log_half, labels).mean() / NATS_PER_BIT
        p = np.exp(log_p)
        n_cells = self.n_cells or (100 if C == 2 else int(np.clip(2 * C, 60, 200)))
        return ProbeSummary(
            estimator=self,
            information=float(bound + EXTRAPOLATION * (bound - bound_half)),
            labels=labels,
            notes=(),
            bound=float(bound),
            bound_from_half=float(bound_half),
            weights=pool.weights,
            log_posteriors=log_p.astype(np.float32),
            log_posteriors_from_half=log_half.astype(np.float32),
            codes=posterior_cells(p, n_cells, random_state),
            source=X,
            folds=np.stack([folds, halves]),
            random_state=random_state,
        )

    def table(self, s: ProbeSummary) -> Floats:
        C = s.log_posteriors.shape[1]
        shares = np.bincount(s.labels, minlength=C) / s.n_samples
        p = np.exp(s.log_posteriors.astype(float))
        return sharpened_table(
            cell_means(p, s.codes), np.bincount(s.codes) / s.n_samples, shares, s.information
        )

    def decompose(self, summary_t: ProbeSummary, summary_s: ProbeSummary) -> PID:
        pid = broja_from_pairs(self.table(summary_t), self.table(summary_s), tol=TABLE_TOLERANCE)
        union = pid.union_information
        i_t, i_s = summary_t.information, summary_s.information
        return dataclasses.replace(
            pid,
            redundancy=i_t + i_s - union,
            unique_t=union - i_s,
            unique_s=union - i_t,
        )

    def joint_information(self, t: ProbeSummary, s: ProbeSummary) -> float:
        return self.joint(t, s).information

    def joint(self, t: ProbeSummary, s: ProbeSummary, n_jobs=None) -> ProbeSummary:
        C = t.log_posteriors.shape[1]
        Z = join(whiten(t.source), whiten(s.source))
        judge = expert_judge(Z, t.labels, C, t.random_state)
        given = {"given:t": t.log_posteriors, "given:s": s.log_posteriors}
        half = {"given:t": t.log_posteriors_from_half, "given:s": s.log_posteriors_from_half}
        return self._fit(
            Z.Z, judge, t.labels, t.folds[0], t.folds[1], given, half, t.random_state, n_jobs
        )
