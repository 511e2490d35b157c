"""From representations to codes: symbols, bins a column, and the paper's k-means pipeline."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pidtools import _validate, cells
from pidtools._result import PID
from pidtools.cells import CellSummary

Array = NDArray[Any]
Codes = NDArray[np.int64]

# Unit vectors this close, in eps, differ by the rounding of their normalisation at most.
ONE_DIRECTION = 4
# Where the plain pipeline is safe: squares fit into float32, and not every row is so small
# (10 eps) that scikit-learn takes it for zero.
ORDINARY = (1e-4, 1e15)


class _Cells:
    """The two steps that all estimators with cells share."""

    def decompose(self, summary_t: CellSummary, summary_s: CellSummary) -> PID:
        """Redundancy and uniques in bits, from the two pair tables."""
        return cells.decompose(summary_t, summary_s)

    def joint_information(self, summary_t: CellSummary, summary_s: CellSummary) -> float:
        """I(Y; T, S) in bits, from the triple of codes."""
        return cells.joint_information(summary_t, summary_s)


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
    method : {"quantile", "uniform"}
        Equal numbers of samples, or equal widths between the smallest and largest value.
    n_bins : int
        Bins a column. Ties can leave fewer: equal values share a bin. A smallest value that
        fills whole bins, such as the zeros of a rectifier, gets one of its own.

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

    method: Literal["quantile", "uniform"] = "quantile"
    n_bins: int = 8

    def __post_init__(self) -> None:
        _validate.check_choice(self.method, "method", ("quantile", "uniform"))
        _validate.check_integer(self.n_bins, "n_bins", minimum=2)

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
        codes = np.zeros(len(X), dtype=np.int64)
        for column in _features(X, name).T:
            column = column.astype(np.float64)  # widths and quantiles can overflow float32
            codes = codes * self.n_bins + np.searchsorted(self._edges(column), column, "right")
            # Renumbered a column, the codes stay below n_samples and can't overflow.
            codes = np.unique(codes, return_inverse=True)[1]
        return cells.summarise_codes(codes, labels, estimator=self, name=name)

    def _edges(self, column: Array) -> Array:
        low, high = float(column.min()), float(column.max())
        if self.method == "uniform":
            return np.linspace(low, high, self.n_bins + 1)[1:-1]
        edges = np.quantile(column, np.linspace(0, 1, self.n_bins + 1)[1:-1])
        # A bin begins at its edge, so an edge at the smallest value would separate nothing.
        above = column.min(initial=np.inf, where=column > low)
        return np.unique(np.where(edges > low, edges, above))


@dataclass(frozen=True)
class KMeansBinning(_Cells):
    """The pipeline of the paper: L2-normalise rows, PCA, k-means; the cluster is the code.

    Kept to reproduce published figures. It answers a coarser question than it is asked: the
    information that `n_clusters` clusters hold, whatever the number of samples.

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
        features = _features(X, name)
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
            notes=self._notes(features.shape[1], n_components, len(np.unique(codes))),
        )

    def _cluster(self, features: Array, n_components: int, random_state: int) -> Codes:
        from sklearn.cluster import KMeans
        from sklearn.decomposition import PCA
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.preprocessing import normalize

        directions = normalize(_to_ordinary_size(features))
        if np.ptp(directions, axis=0).max() <= ONE_DIRECTION * np.finfo(directions.dtype).eps:
            return np.zeros(len(features), dtype=np.int64)
        with warnings.catch_warnings():
            # Fewer distinct points than clusters: said in the notes.
            warnings.simplefilter("ignore", ConvergenceWarning)
            reduced = PCA(n_components, random_state=random_state).fit_transform(directions)
            codes: Codes = KMeans(self.n_clusters, random_state=random_state).fit_predict(reduced)
        return codes

    def _notes(self, width: int, n_components: int, n_found: int) -> tuple[str, ...]:
        notes = [
            f"k-means with {self.n_clusters} clusters on {n_components} components, as in the "
            "paper: a discretisation, whose error does not shrink with more samples."
        ]
        if width == 1:
            notes.append("L2 normalisation leaves only the sign of a single column; use Binning.")
        elif n_components < self.n_components:
            notes.append(f"n_components lowered from {self.n_components} to {n_components}.")
        if n_found < self.n_clusters:
            notes.append(f"Only {n_found} of {self.n_clusters} clusters are distinct.")
        return tuple(notes)


def _to_ordinary_size(features: Array) -> Array:
    """The features, times a power of two where their squares would overflow or vanish."""
    largest = np.abs(features).max()
    if ORDINARY[0] <= largest <= ORDINARY[1]:
        return features  # the plain pipeline, bit for bit
    scaled: Array = np.ldexp(features, -np.frexp(largest)[1])
    return scaled


def _features(X: Array, name: str) -> Array:
    if X.dtype.kind in "US":
        raise TypeError(f'{name} holds strings; use estimator="symbols" for it.')
    features = X.reshape(len(X), -1)
    return features if features.dtype.kind == "f" else features.astype(np.float64)
