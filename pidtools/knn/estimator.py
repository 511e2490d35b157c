"""The estimator of the library that asks nearest neighbours."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from pidtools import _validate, _warnings
from pidtools._cells import counting
from pidtools._cells import summary as cells
from pidtools._cells.corrections import first_order_bias
from pidtools._cells.likeness import CellLikeness
from pidtools._cells.summary import CellSummary
from pidtools._estimator import Data, Estimator, JoinedPair, Likeness, Summary, lacks_layer
from pidtools._information import entropy_of_labels
from pidtools._lazy_rows import whole
from pidtools._remarks import Rank, Remark
from pidtools._result import NATS_PER_BIT, PID, Outcome
from pidtools._types import Array, Codes, Floats
from pidtools.knn import search
from pidtools.knn.formulas import (
    Raw,
    check_neighbours,
    judge,
    ksg_of_arrays,
    ross_of_arrays,
    share_kept,
)
from pidtools.knn.informations import Metric, Scale, check_options
from pidtools.knn.scaling import as_numbers, rescale
from pidtools.knn.threads import threads

# Share of the information that neighbours are expected to keep, below which there is a warning.
TRUSTED_SHARE = 0.9
# Samples a cell of posteriors, and the most cells: more bring bias, fewer lose information.
SAMPLES_A_CELL, MOST_CELLS = 40, 200


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NeighbourSummary(Summary):
    """A source and a continuous target, for informations from neighbours.

    Attributes
    ----------
    features : ndarray, shape (n_samples, n_columns)
        The source.
    terms : ndarray, shape (n_samples,)
        What each sample adds to the information beside a constant, in nats.
    """

    resamples = "weights"

    features: Floats = field(repr=False)
    terms: Floats = field(repr=False)

    def with_layer(self, data: Data) -> NeighbourSummary:
        """The summary with the layer it was made from, which it had lost."""
        return replace(self, data=data, features=as_numbers(whole(data.X), data.name))

    def resampled(self, rows: Codes) -> NeighbourSummary:
        """The summary of drawn rows, whose neighbours stay those of the whole sample.

        So a row drawn twice is not its own neighbour.
        """
        weights = np.bincount(rows, minlength=self.n_samples)
        change = weights @ self.terms / weights.sum() - self.terms.mean()
        return replace(self, information=self.information + change / NATS_PER_BIT)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PosteriorSummary(CellSummary):
    """A source as cells of its nearest-neighbour label posterior.

    `information` is the estimate of Ross; `codes` and `counts` are those of the cells.

    Attributes
    ----------
    features : ndarray, shape (n_samples, n_columns)
        The source.
    """

    resamples = "weights"

    features: Floats = field(repr=False)

    def with_layer(self, data: Data) -> PosteriorSummary:
        """The summary with the layer it was made from, which it had lost."""
        return replace(self, data=data, features=as_numbers(whole(data.X), data.name))

    def resampled(self, rows: Codes) -> PosteriorSummary:
        """The summary of drawn rows, whose neighbours stay those of the whole sample."""
        weights = np.bincount(rows, minlength=self.n_samples)
        counts = counting.count_weighted(self.codes, self.labels, weights)
        return replace(self, counts=counts, information=cells.corrected(counts, "miller-madow"))


AnySummary = PosteriorSummary | NeighbourSummary


@dataclass(frozen=True, kw_only=True, eq=False)
class NeighbourPair(JoinedPair[AnySummary]):
    """Two sources, and their joined columns, looked at in the same way."""

    def atoms(self) -> PID:
        """Redundancy and uniques in bits; BROJA of the cells, or MMI for a continuous target.

        Uniques are those of the cells; the redundancy is lowered by the mean of the two
        plug-in biases.
        """
        if not (isinstance(self.t, PosteriorSummary) and isinstance(self.s, PosteriorSummary)):
            return _least_information(self.t.information, self.s.information)
        pid = cells.decompose(self.t, self.s)
        excess = (first_order_bias(self.t.counts) + first_order_bias(self.s.counts)) / 2
        room = cells.label_entropy(self.t.counts) - max(pid.information_t, pid.information_s)
        return replace(pid, redundancy=pid.redundancy + min(-excess, max(room, 0.0)))

    def likeness(self) -> Likeness | None:
        """Rows of the same cells, drawn from tables without noise; None for a continuous target."""
        if not isinstance(self.t, PosteriorSummary):
            return None
        both = self.both if isinstance(self.both, PosteriorSummary) else None
        return CellLikeness.of(self, both and replace(both, correction="miller-madow"))

    def resampled(self, t: AnySummary, s: AnySummary, rows: Codes) -> NeighbourPair:
        """The pair of resampled summaries, and both together resampled."""
        both = None if self.both is None else self.both.resampled(rows)
        return replace(self, t=t, s=s, both=both)


@dataclass(frozen=True)
class KNN(Estimator[AnySummary]):
    """Nearest neighbours, for few dimensions and any shape of dependence.

    Class labels: each sample gets the label posterior of its nearest others, samples with
    similar posteriors share a cell, and the two pair tables are decomposed by BROJA. The
    information of a source, beside them, is that of Ross (2014). Continuous Y: informations of
    Kraskov et al. (2004), and the smaller of the two is the redundancy (Barrett 2015, the MMI
    decomposition, which is not BROJA).

    Neighbours see ever less in more than about five dimensions; there is a warning where they
    do.

    Parameters
    ----------
    n_neighbors : int
        Neighbours of the informations.
    n_voters : int or None
        Neighbours of the label posteriors; None takes ``round(n_samples ** 0.4)``, at least 10.
    metric : {"chebyshev", "euclidean"}
        Distance.
    scale : {"standardise", "whiten", "none"}
        What is done to the columns first, as in `knn.ksg`.

    Examples
    --------
    >>> import numpy as np
    >>> import pidtools as pt
    >>> rng = np.random.default_rng(0)
    >>> y = rng.integers(0, 2, 1000)
    >>> t = rng.normal(size=1000) + 8 * y
    >>> s = rng.normal(size=1000)
    >>> r = pt.distillable_knowledge(t, s, y, estimator="knn", synergy=False)
    >>> round(r.distillable, 1)
    1.0
    """

    target = "either"

    n_neighbors: int = 3
    n_voters: int | None = None
    metric: Metric = "chebyshev"
    scale: Scale = "standardise"

    def __post_init__(self) -> None:
        _validate.check_integer(self.n_neighbors, "n_neighbors", minimum=1)
        if self.n_voters is not None:
            _validate.check_integer(self.n_voters, "n_voters", minimum=1)
        check_options(self.metric, self.scale, "bits")

    @_warnings.quiet
    def summarise(
        self,
        X: Array,
        Y: Array,
        /,
        *,
        random_state: int = 0,
        name: str = "X",
        groups: Array | None = None,
        n_jobs: int | None = None,
    ) -> AnySummary:
        """Look at `X`, shape (n, d) or (n,), with labels (n,) or a continuous `Y` (n, k).

        `groups` do not matter: a neighbour is a neighbour.
        """
        features = as_numbers(X, name)
        raw, remarks = self._raw(features, Y, name, n_jobs)
        if Y.dtype.kind == "f":
            return self._of_amount(features, Y, raw, remarks)
        summary = self._of_labels(features, Y, random_state, remarks, n_jobs)
        information = _bits_of_labels(raw, Y)
        how = (
            f"{summary.n_cells} cells of nearest-neighbour posteriors hold "
            f"{summary.information:.3f} bits, neighbours (Ross) read {information:.3f} bits; atoms "
            "are those of the cells."
        )
        detail = Remark(how, "detail", Rank.general)
        return replace(summary, information=information, remarks=(*remarks, detail))

    @_warnings.quiet
    def information(
        self,
        X: Array,
        Y: Array,
        /,
        *,
        random_state: int = 0,
        name: str = "X",
        groups: Array | None = None,
        n_jobs: int | None = None,
    ) -> float:
        """I(X; Y) in bits alone, without the cells; `groups` do not matter."""
        raw, _ = self._raw(as_numbers(X, name), Y, name, n_jobs)
        return raw.nats / NATS_PER_BIT if Y.dtype.kind == "f" else _bits_of_labels(raw, Y)

    @_warnings.quiet
    def pair(
        self, t: AnySummary, s: AnySummary, *, synergy: bool = True, n_jobs: int | None = None
    ) -> NeighbourPair:
        """What decomposes two summaries: BROJA of the cells, or MMI for a continuous target."""
        both = self._both(t, s, n_jobs) if synergy else None
        return NeighbourPair(t=t, s=s, synergy=synergy, both=both)

    def _both(self, t: AnySummary, s: AnySummary, n_jobs: int | None) -> AnySummary:
        """Look at the joined columns; with labels, `information` is that of the cells."""
        for name, x in (("T", t), ("S", s)):
            if len(x.features) < x.n_samples:
                asked = "neighbours in both sources, for the synergy,"
                raise ValueError(lacks_layer(name, asked, "synergy=False"))
        features, Y = np.hstack([t.features, s.features]), t.labels
        if isinstance(t, PosteriorSummary):
            both: AnySummary = self._of_labels(features, Y, t.seed, (), n_jobs)
        else:
            both = self._of_amount(features, Y, *self._raw(features, Y, "synergy", n_jobs))
        return replace(both, features=features[:, :0])  # nothing will join it

    def _of_amount(
        self, features: Floats, Y: Floats, raw: Raw, remarks: tuple[Remark, ...]
    ) -> NeighbourSummary:
        return NeighbourSummary(
            estimator=self,
            information=raw.nats / NATS_PER_BIT,
            labels=Y,
            remarks=remarks,
            features=features,
            terms=np.zeros(len(Y)) if raw.terms is None else raw.terms,
        )

    def _of_labels(
        self,
        features: Floats,
        labels: Codes,
        seed: int,
        remarks: tuple[Remark, ...],
        n_jobs: int | None,
    ) -> PosteriorSummary:
        counts, codes = self._cells(features, labels, seed, n_jobs)
        return PosteriorSummary(
            estimator=self,
            information=cells.corrected(counts, "miller-madow"),
            labels=labels,
            remarks=remarks,
            codes=codes,
            counts=counts,
            features=features,
            seed=seed,
        )

    def _raw(
        self, features: Floats, Y: Array, name: str, n_jobs: int | None
    ) -> tuple[Raw, tuple[Remark, ...]]:
        k = check_neighbours(self.n_neighbors, len(features))
        options = (self.metric, self.scale, threads(n_jobs))
        if Y.dtype.kind == "f":
            raw = ksg_of_arrays(features, Y.astype(np.float64), k, 1, *options)
        else:
            raw = ross_of_arrays(features, Y, k, *options)
        missing, remarks = judge(raw)
        warning = _shortfall(raw, missing, "gaussian" if Y.dtype.kind == "f" else "probe")
        if not warning:
            return raw, remarks
        remark = Remark(warning, "warning", Rank.starved)
        _warnings.warn(remark.about(name))
        return raw, (*remarks, remark)

    def _cells(
        self, features: Floats, labels: Codes, seed: int, n_jobs: int | None
    ) -> tuple[Any, Codes]:
        """Table of cells by class, and the cell of each sample."""
        n = len(features)
        k = min(self.n_voters or max(10, round(n**0.4)), n - 1)
        # Of neighbours that are equally far the search returns any, by the order of the rows.
        features = features[:, _columns_of_their_own(features, labels)]
        same = _equal_rows(features)
        order = _order_of_their_own(same, labels)
        (scaled,), _ = rescale(self.scale, X=features[order])
        codes = np.zeros(n, dtype=np.int64)
        if scaled.size:
            euclidean = self.metric == "euclidean"
            rows = search.nearest(scaled, k=k, euclidean=euclidean, n_jobs=threads(n_jobs)).rows
            y = labels[order]
            votes = _votes(y[rows], int(labels.max()) + 1)
            codes[order] = _group(_with_votes_of_copies(votes, k, same[order], y), seed)
        return counting.count(codes, labels), codes


def _columns_of_their_own(features: Floats, labels: Codes) -> Codes:
    """An order of the columns, the same in whatever order they and the rows come.

    By the values of each in each class; columns equal in that stay as they come.
    """
    by_class = np.split(np.argsort(labels, kind="stable"), np.bincount(labels).cumsum()[:-1])
    values = np.concatenate([np.sort(features[rows], axis=0) for rows in by_class])
    order: Codes = np.argsort(_equal_rows(values.T), kind="stable")
    return order


def _order_of_their_own(same: Codes, labels: Codes) -> Codes:
    """An order of the rows without pattern, the same in whatever order they come.

    By content, then shuffled: rows equal in both differ in nothing.
    """
    by_content = np.lexsort((labels, same))
    order: Codes = by_content[np.random.default_rng(0).permutation(len(labels))]
    return order


def _bits_of_labels(raw: Raw, labels: Codes) -> float:
    """The information in bits, at most the entropy of the labels."""
    return min(raw.nats / NATS_PER_BIT, entropy_of_labels(labels))


def _votes(labels_of_neighbours: Codes, n_classes: int) -> Floats:
    """Share of the neighbours in each class, shape (n, n_classes)."""
    n, k = labels_of_neighbours.shape
    flat = labels_of_neighbours + n_classes * np.arange(n)[:, None]
    shares: Floats = np.bincount(flat.ravel(), minlength=n * n_classes).reshape(n, n_classes) / k
    return shares


def _with_votes_of_copies(votes: Floats, k: int, same: Codes, labels: Codes) -> Floats:
    """The votes, but those of all copies where a row has more copies than its `k` neighbours."""
    sizes = np.bincount(same)
    if sizes.max() <= k + 1:
        return votes
    n_classes = votes.shape[1]
    counts = np.bincount(same * n_classes + labels, minlength=len(sizes) * n_classes)
    of_copies = counts.reshape(-1, n_classes)[same] / sizes[same, None]
    return np.where(sizes[same, None] > k + 1, of_copies, votes)


def _equal_rows(points: Floats) -> Codes:
    """A code for each row, the same for equal ones, in the order of their values.

    Of values, not of bytes: so units of measurement do not matter.
    """
    bits = (np.ascontiguousarray(points) + 0.0).view(np.int64)  # -0 is 0
    # Negative floats fall as their bits rise; bytes compare from the first on.
    rising = np.where(bits < 0, ~bits, bits ^ np.int64(-(2**63))).astype(">i8")
    rows = rising.view(np.dtype((np.void, rising.strides[0]))).ravel()
    return np.unique(rows, return_inverse=True)[1].ravel()


def _group(votes: Floats, seed: int) -> Codes:
    """Cells of similar posteriors: equal votes, or clusters in Hellinger distance."""
    distinct, codes = np.unique(votes, axis=0, return_inverse=True)
    n_cells = min(MOST_CELLS, max(2 * votes.shape[1], len(votes) // SAMPLES_A_CELL))
    if len(distinct) <= n_cells:
        return codes.ravel().astype(np.int64)
    from sklearn.cluster import KMeans

    sizes = np.bincount(codes.ravel())
    means = KMeans(n_cells, n_init=1, random_state=seed)
    clusters = means.fit_predict(np.sqrt(distinct), sample_weight=sizes)
    grouped = np.unique(clusters[codes.ravel()], return_inverse=True)[1]
    return grouped.astype(np.int64)


def _least_information(information_t: float, information_s: float) -> PID:
    """Decompose by the minimum of the two informations (Barrett 2015)."""
    return PID.of_union(
        max(information_t, information_s),
        information_t,
        information_s,
        gap=4 * np.finfo(float).eps * max(abs(information_t), abs(information_s), 1.0),
        outcome=Outcome.closed_form,
        measure="mmi",
    )


def _shortfall(raw: Raw, missing: float, better: str) -> str:
    """What to say where dimensions are too many for the samples; empty where they are not."""
    if share_kept(raw) >= TRUSTED_SHARE:
        return ""
    return (
        f"{raw.dimension:.0f} effective dimensions are many for {raw.n_samples} samples; nearest "
        f"neighbours read about {missing:.2g} bits too little there. "
        f'estimator="{better}" does not suffer from it.'
    )
