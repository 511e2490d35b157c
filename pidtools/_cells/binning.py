"""From representations to codes: symbols, bins a column, and the paper's k-means pipeline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pidtools import _validate, _warnings
from pidtools._cells import summary as cells
from pidtools._cells.corrections import CORRECTIONS
from pidtools._cells.counting import combine
from pidtools._cells.summary import CellPair, CellSummary
from pidtools._estimator import Data, Estimator, summarised
from pidtools._magnitudes import as_columns, exponents_of, note_on_decades
from pidtools._remarks import Rank, Remark
from pidtools._types import Array, Codes

# Unit vectors this close, in eps, differ by the rounding of their normalisation at most.
ONE_DIRECTION = 4
# Where the plain pipeline is safe: squares fit into float32, and not every row is so small
# (10 eps) that scikit-learn takes it for zero.
ORDINARY = (1e-4, 1e15)


class _Cells(Estimator[CellSummary]):
    """The step that all estimators with cells share."""

    def pair(
        self, t: CellSummary, s: CellSummary, *, synergy: bool = True, n_jobs: int | None = None
    ) -> CellPair:
        """What decomposes the two pair tables."""
        return CellPair(t=t, s=s, synergy=synergy)

    def stacked(
        self,
        parts: Sequence[CellSummary],
        labels: Codes,
        /,
        *,
        name: str,
        n_jobs: int | None = None,
    ) -> CellSummary:
        """Combinations of the cells of several sources."""
        estimator = CombinedCells(parts[0].correction)
        codes = combine(*(x.codes for x in parts))
        own = parts[0].data
        data = Data(codes, name, own.groups if own else None, parts[0].seed)
        return summarised(estimator, data, labels, n_jobs=n_jobs)


@dataclass(frozen=True)
class CombinedCells(_Cells):
    """Codes as they are, of cells that were found before.

    Attributes
    ----------
    correction : str
        As of `Binning`.
    """

    correction: str = "none"

    def summarise(
        self,
        X: Array,
        labels: Codes,
        *,
        random_state: int = 0,
        name: str = "X",
        groups: Array | None = None,
        n_jobs: int | None = None,
    ) -> CellSummary:
        """Count codes, shape (n,), with the labels, shape (n,)."""
        return cells.summarise_codes(
            X, labels, estimator=self, name=name, correction=self.correction, seed=random_state
        )


@dataclass(frozen=True)
class Symbols(_Cells):
    """Each distinct value (of a column) or distinct row (of several) is a symbol.

    Exact for data that are discrete already; floats are refused.

    Examples
    --------
    >>> import numpy as np
    >>> import pidtools as pt
    >>> t, s = np.repeat([0, 1], 500), np.tile([0, 1], 500)
    >>> round(pt.distillable_knowledge(t, s, t ^ s, estimator="symbols").synergy, 9)
    1.0
    """

    @_warnings.quiet
    def summarise(
        self,
        X: Array,
        labels: Codes,
        *,
        random_state: int = 0,
        name: str = "X",
        groups: Array | None = None,
        n_jobs: int | None = None,
    ) -> CellSummary:
        """Count the symbols of `X`, shape (n,) or (n, d), with the labels, shape (n,)."""
        if X.dtype.kind == "f":
            raise TypeError(
                f"{name} holds floats; symbols need integers, bools or strings. Cast it if the "
                f"values are codes ({name}.astype(int)), or choose another estimator."
            )
        codes = X if X.ndim == 1 else np.unique(X, axis=0, return_inverse=True)[1].ravel()
        return cells.summarise_codes(codes, labels, estimator=self, name=name)


@dataclass(frozen=True)
class Binning(_Cells):
    """Bins each column on its own; a cell is one combination of bins.

    Parameters
    ----------
    method : {"quantile", "uniform", "kmeans"}
        Equal numbers of samples; equal widths between the smallest and largest value; or
        k-means within the column, with the edges half way between centres.
    n_bins : int or {"sturges", "rice", "sparse"}
        Bins a column, or a rule for n samples and d columns: ``ceil(1 + log2 n)``;
        ``ceil(2 n^(1/3))``; the most that leave five samples a cell if all cells were used,
        ``floor((n / 5)^(1/d))``, at least 2. Equal values share a
        bin; where they fill several, such as the zeros of a rectifier, the fullest of the other
        bins are divided, so that there are as many bins as asked for, or as values.
    correction : {"none", "jackknife", "miller-madow", "panzeri-treves", "extrapolation", \
"shuffling", "chao-shen"}
        What is done to the informations of the pairs and of the triple, never to the tables
        [1]_: nothing; each sample is left out once [6]_; the first order of the bias with
        occupied cells [2]_, or with the cells of each class estimated [3]_; a parabola in 1/n
        through all samples, halves and quarters [4]_; what shuffled labels still tell is taken
        off; entropies with estimated coverage [5]_.

        Share of the plug-in bias of pairs / of triples that each removed at two to five samples
        a cell, over random tables and noisy channels (``benchmarks/accuracy_corrections.py``):
        jackknife 85-89 / 82-84 %, Panzeri and Treves 72-82 / 70-78 %, extrapolation 69-71 /
        67-76 %, Chao and Shen 50-62 / 66-72 %, Miller and Madow 50-77 / 45-62 %. Shuffling
        removed 54-68 % in pairs and made triples worse: it takes off what chance would tell of
        labels that the source does not know, and is for sources that know little. In tables of
        a few cells the jackknife removes 62-82 %, the others 62 % at most.

    References
    ----------
    .. [1] S. Panzeri et al., "Correcting for the sampling bias problem in spike train
       information measures", J. Neurophysiol. 98 (2007), compares most of them.
    .. [2] G. Miller, "Note on the bias of information estimates" (1955).
    .. [3] S. Panzeri, A. Treves, "Analytical estimates of limited sampling biases in
       different information measures", Network 7 (1996).
    .. [4] S. Strong et al., "Entropy and information in neural spike trains", Phys. Rev.
       Lett. 80 (1998).
    .. [5] A. Chao, T.-J. Shen, "Nonparametric estimation of Shannon's index of diversity
       when there are unseen species in sample", Environ. Ecol. Stat. 10 (2003).
    .. [6] B. Efron, C. Stein, "The jackknife estimate of variance", Ann. Stat. 9 (1981).

    Examples
    --------
    >>> import numpy as np
    >>> import pidtools as pt
    >>> x = np.random.default_rng(0).normal(size=2000)
    >>> y = x > np.median(x)
    >>> r = pt.distillable_knowledge(x, x > 1, y, estimator=pt.Binning(n_bins=4))
    >>> round(r.teacher_information, 3)
    1.0
    """

    method: Literal["quantile", "uniform", "kmeans"] = "quantile"
    n_bins: int | Literal["sturges", "rice", "sparse"] = 8
    correction: Literal[
        "none",
        "jackknife",
        "miller-madow",
        "panzeri-treves",
        "extrapolation",
        "shuffling",
        "chao-shen",
    ] = "jackknife"

    def __post_init__(self) -> None:
        _validate.check_choice(self.method, "method", ("quantile", "uniform", "kmeans"))
        _validate.check_choice(self.correction, "correction", tuple(CORRECTIONS))
        if isinstance(self.n_bins, str):
            _validate.check_choice(self.n_bins, "n_bins", ("sturges", "rice", "sparse"))
        else:
            _validate.check_integer(self.n_bins, "n_bins", minimum=2)

    @_warnings.quiet
    def summarise(
        self,
        X: Array,
        labels: Codes,
        *,
        random_state: int = 0,
        name: str = "X",
        groups: Array | None = None,
        n_jobs: int | None = None,
    ) -> CellSummary:
        """Bin `X`, shape (n, d), and count the cells with the labels, shape (n,)."""
        features = as_columns(X, name)
        n_bins = self._bins_for(*features.shape)
        return cells.summarise_codes(
            self.codes(features, random_state=random_state),
            labels,
            estimator=self,
            name=name,
            remarks=self._remarks(features, n_bins),
            loses=not self._keeps_all(features, n_bins),
            correction=self.correction,
            seed=random_state,
        )

    def _keeps_all(self, features: Array, n_bins: int) -> bool:
        """Whether each value has a bin of its own, so that more bins show no more."""
        few = (_few_values(column, n_bins) is not None for column in features.T)
        return self.method != "uniform" and all(few)

    def _remarks(self, features: Array, n_bins: int) -> tuple[Remark, ...]:
        notes = []
        if n_bins != self.n_bins:
            text = f"{n_bins} bins a column ({self.n_bins})."
            notes.append(Remark(text, "detail", Rank.changed))
        if self.method == "quantile":
            return tuple(notes)
        in_range = np.ldexp(features.astype(np.float64), -exponents_of(features))
        return (*notes, *note_on_decades(in_range))

    @_warnings.quiet
    def codes(self, features: Array, *, random_state: int = 0) -> Codes:
        """Cell of each row of numbers, shape (n, d)."""
        n_bins = self._bins_for(*features.shape)
        binned = []
        for column in features.T:
            column = column.astype(np.float64)  # widths and quantiles can overflow float32
            edges = self._edges(column, n_bins, random_state)
            binned.append(np.searchsorted(edges, column, "right"))
        return combine(*binned)

    def _bins_for(self, n_samples: int, n_columns: int) -> int:
        if not isinstance(self.n_bins, str):
            return self.n_bins
        rules = {
            "sturges": math.ceil(1 + math.log2(n_samples)),
            "rice": math.ceil(2 * n_samples ** (1 / 3)),
            "sparse": math.floor((n_samples / 5) ** (1 / n_columns)),
        }
        return int(max(2, rules[self.n_bins]))

    def _edges(self, column: Array, n_bins: int, random_state: int) -> Array:
        low, high = float(column.min()), float(column.max())
        if self.method == "uniform":
            return np.linspace(low, high, n_bins + 1)[1:-1]
        if self.method == "kmeans":
            return _edges_between_means(column, n_bins, random_state)
        values = _few_values(column, n_bins)
        if values is not None:
            return values[1:]
        edges = np.quantile(column, np.linspace(0, 1, n_bins + 1)[1:-1])
        return _told_apart(column, edges)


def _few_values(column: Array, n_bins: int) -> Array | None:
    """The distinct values, in order, where each can have a bin of its own."""
    # Most columns show more in their first rows, which costs no sorting of them all.
    if len(np.unique(column[: 4 * n_bins])) > n_bins:
        return None
    values = np.unique(column)
    return values if len(values) <= n_bins else None


def _told_apart(column: Array, edges: Array) -> Array:
    """The edges, or where ties leave fewer bins than there are values for, as many as there were.

    Equal values share a bin. Edges that separate nothing go; in their place the fullest bins are
    divided, each at the value nearest to its middle row, the lower one of two.
    """
    bins = np.searchsorted(edges, column, "right")
    if np.bincount(bins, minlength=len(edges) + 1).all():
        return edges
    values, times = np.unique(column, return_counts=True)
    before = np.concatenate([[0], np.cumsum(times)])
    # A bin begins at a value: the first one that is no less than the edge.
    starts = set(np.searchsorted(values, edges, "left").tolist())
    if 0 in starts:  # the smallest value fills a bin, as the zeros of a rectifier do
        starts |= {1}
    starts -= {0, len(values)}
    while len(starts) < len(edges):
        divided = _divided(before, sorted({0, *starts}))
        if divided is None:
            break
        starts.add(divided)
    return values[sorted(starts)]


def _divided(before: Codes, starts: list[int]) -> int | None:
    """Where the fullest bin of several values is divided; `before` counts rows below a value."""
    ends = [*starts[1:], len(before) - 1]
    several = [(a, b) for a, b in zip(starts, ends, strict=True) if b - a > 1]
    if not several:
        return None
    first, end = max(several, key=lambda bin: (before[bin[1]] - before[bin[0]], -bin[0]))
    inside = before[first + 1 : end]
    middle = (before[first] + before[end]) / 2
    return first + 1 + int(np.argmin(np.abs(inside - middle)))


def _edges_between_means(column: Array, n_bins: int, random_state: int) -> Array:
    """Half way between the centres of k-means in one column."""
    values, times = np.unique(column, return_counts=True)
    if len(values) <= n_bins:
        between: Array = (values[1:] + values[:-1]) / 2
        return between
    from sklearn.cluster import KMeans

    # In units of the spread, so that squares neither overflow nor vanish.
    scale = max(float(np.abs(values - values[0]).max()), np.finfo(float).tiny)
    points = ((values - values[0]) / scale)[:, None]
    means = KMeans(n_bins, n_init=1, random_state=random_state).fit(points, sample_weight=times)
    centres = np.sort(means.cluster_centers_[:, 0]) * scale + values[0]
    edges: Array = (centres[1:] + centres[:-1]) / 2
    return edges


@dataclass(frozen=True)
class KMeansBinning(_Cells):
    """The pipeline of the paper: L2-normalise rows, PCA, k-means; the cluster is the code.

    Kept to reproduce published figures. It answers a coarser question than it is asked: the
    information that `n_clusters` clusters hold, whatever the number of samples. As in the script of
    the paper, the first centres of k-means are drawn by the number of the row: the same rows in
    another order, or columns whose rounding falls another way, can end in other clusters, as
    with another `random_state`.

    Parameters
    ----------
    n_components : int
        Principal components kept (at most the columns and samples there are).
    n_clusters : int
        Clusters of k-means. Published figures use 3 to 20.

    References
    ----------
    .. [1] P. Dissanayake et al., "Quantifying Knowledge Distillation Using Partial
       Information Decomposition", AISTATS 2025, arXiv 2411.07483, section 5 and appendix.

    Examples
    --------
    >>> import numpy as np
    >>> import pidtools as pt
    >>> rng = np.random.default_rng(0)
    >>> y = rng.integers(0, 3, 600)
    >>> T = np.eye(3)[y] * 4 + rng.normal(size=(600, 3))
    >>> r = pt.distillable_knowledge(T, T[:, :2], y, estimator=pt.KMeansBinning(n_components=2))
    >>> r.teacher_information > 1
    True
    """

    n_components: int = 5
    n_clusters: int = 3

    def __post_init__(self) -> None:
        _validate.check_integer(self.n_components, "n_components", minimum=1)
        _validate.check_integer(self.n_clusters, "n_clusters", minimum=2)

    @_warnings.quiet
    def summarise(
        self,
        X: Array,
        labels: Codes,
        *,
        random_state: int = 0,
        name: str = "X",
        groups: Array | None = None,
        n_jobs: int | None = None,
    ) -> CellSummary:
        """Cluster `X`, shape (n, d), and count the clusters with the labels, shape (n,)."""
        features = as_columns(X, name)
        if len(features) < self.n_clusters:
            raise ValueError(
                f"{name} has {len(features)} samples, fewer than n_clusters={self.n_clusters}; "
                "pass more samples or choose fewer clusters."
            )
        n_components = min(self.n_components, *features.shape)
        codes = self._cluster(features, n_components, random_state)
        return cells.summarise_codes(
            codes,
            labels,
            estimator=self,
            name=name,
            remarks=self._remarks(features.shape[1], n_components, len(np.unique(codes))),
        )

    def _cluster(self, features: Array, n_components: int, random_state: int) -> Codes:
        from sklearn.cluster import KMeans
        from sklearn.decomposition import PCA
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.preprocessing import normalize

        directions = normalize(_to_ordinary_size(features))
        if np.ptp(directions, axis=0).max() <= ONE_DIRECTION * np.finfo(directions.dtype).eps:
            return np.zeros(len(features), dtype=np.int64)
        # Fewer distinct points than clusters: a note says so.
        with _warnings.ignoring(ConvergenceWarning):
            reduced = PCA(n_components, random_state=random_state).fit_transform(directions)
            codes: Codes = KMeans(self.n_clusters, random_state=random_state).fit_predict(reduced)
        return codes

    def _remarks(self, width: int, n_components: int, n_found: int) -> tuple[Remark, ...]:
        text = (
            f"all that is seen of a row is in which of {self.n_clusters} clusters it lies, as in "
            "the paper. What that loses does not come back with more rows; "
            'estimator="probe" sees more.'
        )
        how = f"k-means with {self.n_clusters} clusters on {n_components} components."
        remarks = [Remark(text, "note", Rank.size), Remark(how, "detail", Rank.general)]
        if width == 1:
            text = (
                "L2 normalisation leaves only the sign of a single column; "
                'estimator="probe" sees its values.'
            )
            remarks.append(Remark(text, "note", Rank.question))
        elif n_components < self.n_components:
            text = f"components (n_components) lowered from {self.n_components} to {n_components}."
            remarks.append(Remark(text, "detail", Rank.changed))
        if n_found < self.n_clusters:
            text = f"only {n_found} of {self.n_clusters} clusters are distinct."
            remarks.append(Remark(text, "note", Rank.changed))
        return tuple(remarks)


def _to_ordinary_size(features: Array) -> Array:
    """The features, times a power of two where their squares would overflow or vanish."""
    largest = np.abs(features).max()
    if ORDINARY[0] <= largest <= ORDINARY[1]:
        return features  # the plain pipeline, bit for bit
    scaled: Array = np.ldexp(features, -np.frexp(largest)[1])
    return scaled
