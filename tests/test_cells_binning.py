"""From representations to codes: the paper's pipeline, bins a column, symbols."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pytest
from helpers import EXACT, SINGLE, Chosen, Dtype, all_said, atoms, cells_of, unheard

import pidtools as pt
from pidtools._types import Array, Codes, Floats

N = 600
RNG = np.random.default_rng(0)
Y = RNG.integers(0, 4, N)
CENTRES = RNG.standard_normal((4, 12))
T = CENTRES[Y] + 0.8 * RNG.standard_normal((N, 12))
S = CENTRES[Y, :7] + 1.2 * RNG.standard_normal((N, 7))
RELU = np.maximum(T - 0.5, 0.0)


def paper_codes(X: Array, n_components: int, n_clusters: int, seed: int) -> Codes:
    """The pipeline of the paper, as a plain scikit-learn script writes it."""
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import normalize

    reduced = PCA(n_components, random_state=seed).fit_transform(normalize(X))
    codes: Codes = KMeans(n_clusters, random_state=seed).fit_predict(reduced)
    return codes


def plug_in_pmf(t: Codes, s: Codes, y: Codes) -> Floats:
    """Relative frequencies of code triples, counted on a dense grid."""
    edges = [np.arange(x.max() + 2) - 0.5 for x in (t, s, y)]
    return np.histogramdd(np.stack([t, s, y], axis=1), edges)[0] / len(y)


def same_partition(a: Sequence[object] | Array, b: Sequence[object] | Array) -> bool:
    """Whether two codings put the same samples together."""
    return len(set(zip(a, b, strict=True))) == len(set(a)) == len(set(b))


# --- the paper's pipeline -------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 17])
@pytest.mark.parametrize(("n_components", "n_clusters"), [(5, 3), (4, 8)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("layer", [T, RELU], ids=["dense", "rectified"])
def test_kmeans_is_the_plain_script(
    layer: Floats, dtype: Dtype, n_components: int, n_clusters: int, seed: int
) -> None:
    """The same clusters for T and S alike, and so the same plug-in decomposition."""
    X, small = layer.astype(dtype), S.astype(dtype)
    estimator = pt.KMeansBinning(n_components, n_clusters)
    with unheard():
        result = pt.distillable_knowledge(X, small, Y, estimator=estimator, random_state=seed)
        summary = cells_of(X, Y, estimator=estimator, random_state=seed)
    t = paper_codes(X, n_components, n_clusters, seed)
    s = paper_codes(small, n_components, n_clusters, seed)
    assert summary.codes.tolist() == t.tolist()
    expected = pt.broja(plug_in_pmf(t, s, Y))
    # A table from samples is solved to 1e-6 bits; both gaps say how far.
    off = abs(atoms(result.pid) - atoms(expected)).max()
    assert off <= result.pid.gap + expected.gap + EXACT


def test_another_seed_is_another_start() -> None:
    estimator = pt.KMeansBinning(n_clusters=20)
    with unheard():
        codes = [cells_of(T, Y, estimator=estimator, random_state=k).codes for k in (0, 1)]
    assert not same_partition(*codes)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("scale", [1e-40, 1e-30, 1e-12, 1e12, 1e30])
def test_kmeans_does_not_depend_on_the_scale(dtype: Dtype, scale: float) -> None:
    """Rows are normalised; squares that leave the floats must not show. 1e-40 is subnormal."""
    expected = pt.mutual_information(T, Y, estimator="kmeans")
    with np.errstate(under="ignore"):
        scaled = (T * scale).astype(dtype)
    assert pt.mutual_information(scaled, Y, estimator="kmeans") == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e14])
def test_features_of_ordinary_size_go_through_as_they_are(dtype: Dtype, scale: float) -> None:
    """A row of zeros and one that scikit-learn takes for zeros among them."""
    X = (T * scale).astype(dtype)
    X[0], X[1] = 0.0, 1e-20
    codes = cells_of(X, Y, estimator="kmeans").codes
    assert codes.tolist() == paper_codes(X, 5, 3, 0).tolist()


def test_kmeans_notes_what_it_changed() -> None:
    notes = " ".join(all_said(cells_of(T[:, :2], Y, estimator="kmeans")))
    assert "K-means with 3 clusters on 2 components" in notes
    assert "Components (n_components) lowered from 5 to 2." in notes
    signs = cells_of(T[:, :1], Y, estimator="kmeans")
    assert "L2 normalisation leaves only the sign of a single column" in " ".join(signs.notes)
    assert "Only 2 of 3 clusters are distinct." in signs.notes
    assert same_partition(signs.codes, T[:, 0] > 0)


@pytest.mark.parametrize("value", [0.0, -3.0, 1e30])
def test_a_constant_representation_is_one_cluster(value: float) -> None:
    summary = cells_of(np.full((N, 4), value), Y, estimator="kmeans")
    assert summary.n_cells == 1
    assert summary.information == pytest.approx(0, abs=EXACT)


def test_rows_that_differ_in_length_only_are_one_cluster() -> None:
    summary = cells_of(np.outer(1.0 + np.arange(N), [1.0, 2.0]), Y, estimator="kmeans")
    assert summary.n_cells == 1


def test_fewer_samples_than_clusters_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^X has 4 samples, fewer than n_clusters=5; pass more"):
        pt.summarise(T[:4], [0, 1, 0, 1], estimator=pt.KMeansBinning(n_clusters=5))


# --- bins a column --------------------------------------------------------------------------


def slow_bins(X: Array, method: str, n_bins: int) -> list[tuple[int, ...]]:
    """Cells by the definition, one sample at a time: the number of edges at or below a value.

    Where edges leave bins without a sample, the fullest bins of several values are divided.
    """
    n = len(X)
    codes: list[list[int]] = [[] for _ in range(n)]
    for column in X.T.astype(np.float64):
        low, high = min(column), max(column)
        edges = []
        for k in range(1, n_bins):
            if method == "uniform":
                edges.append(low + (high - low) * k / n_bins)
            elif len(set(column)) <= n_bins:
                edges = sorted(set(column))[1:]
            else:
                at = (n - 1) * k / n_bins
                lower, upper = sorted(column)[int(at)], sorted(column)[min(int(at) + 1, n - 1)]
                edge = lower + (upper - lower) * (at - int(at))
                larger = [x for x in column if x > low]
                edges.append(edge if edge > low or not larger else min(larger))
        if method == "quantile":
            edges = divided(list(column), edges, min(n_bins, len(set(column))))
        for i, x in enumerate(column):
            codes[i].append(sum(edge <= x for edge in set(edges)) if high > low else 0)
    return [tuple(code) for code in codes]


def divided(column: list[float], edges: list[float], n_wanted: int) -> list[float]:
    """Edges that leave `n_wanted` bins, each with a sample."""

    def in_bins() -> list[list[float]]:
        found = [
            sorted(x for x in column if sum(e <= x for e in edges) == k)
            for k in range(len(edges) + 1)
        ]
        return [values for values in found if values]

    edges = [min(values) for values in in_bins()[1:]]
    while len(in_bins()) < n_wanted:
        fullest = max((v for v in in_bins() if len(set(v)) > 1), key=len)
        off = {x: abs(fullest.index(x) - len(fullest) / 2) for x in fullest[1:] if x > fullest[0]}
        edges = sorted([*edges, min(off, key=lambda x: (off[x], x))])
    return edges


@pytest.mark.parametrize("n_bins", [2, 3, 5, 8])
@pytest.mark.parametrize("seed", range(12))
def test_ties_leave_as_many_bins_as_asked_for_or_as_there_are_values(
    seed: int, n_bins: int
) -> None:
    rng = np.random.default_rng(seed)
    column = rng.permutation(
        np.concatenate(
            [np.full(int(rng.integers(1, 40)), v) for v in rng.normal(size=rng.integers(1, 15))]
        )
    )
    codes = pt.Binning(n_bins=n_bins).codes(column[:, None])
    assert len(set(codes.tolist())) == min(n_bins, len(set(column.tolist())))
    order = np.argsort(column)
    edges = np.flatnonzero(np.diff(codes[order]))
    # Equal values share a bin, and a bin is a run of values.
    assert len(edges) == len(set(codes.tolist())) - 1
    assert (np.diff(column[order])[edges] > 0).all()
    back = pt.Binning(n_bins=n_bins).codes(column[::-1][:, None])[::-1]
    assert back.tolist() == codes.tolist()


def test_three_bins_of_mostly_zeros_are_three() -> None:
    for column in ([0] * 8 + [1, 2], [0] * 80 + [*range(1, 21)], [*range(-20, 0)] + [0] * 80):
        codes = pt.Binning(n_bins=3).codes(np.array(column, dtype=float)[:, None])
        assert len(set(codes.tolist())) == 3
    halves = np.array([*range(-20, 0)] + [0] * 80, dtype=float)
    counts = np.bincount(pt.Binning(n_bins=3).codes(halves[:, None]))
    assert sorted(counts.tolist()) == [10, 10, 80]


@pytest.mark.parametrize("method", ["quantile", "uniform"])
@pytest.mark.parametrize("n_bins", [2, 3, 8])
@pytest.mark.parametrize(
    "X",
    [
        T[:151, :1],
        T[:200, :3],
        RELU[:200, :3],
        -RELU[:200, :3],
        np.round(T[:200, :2]),
        np.round(2 * T[:200, :2]),
        np.full((50, 2), 3.0),
    ],
    ids=["one", "three", "rectified", "rectified, below", "ties", "more ties", "constant"],
)
def test_bins_are_those_of_a_slow_twin(
    X: Array, n_bins: int, method: Literal["quantile", "uniform"]
) -> None:
    with unheard():
        summary = cells_of(X, Y[: len(X)], estimator=pt.Binning(method, n_bins=n_bins))
    assert same_partition(summary.codes.tolist(), slow_bins(X, method, n_bins))


def test_quantile_bins_hold_equally_many() -> None:
    summary = cells_of(T[:, 0], Y, estimator=pt.Binning(n_bins=8))
    assert summary.counts.sum(axis=1).tolist() == [N / 8] * 8


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.8, 0.95])
def test_zeros_of_a_rectifier_are_kept_apart(share: float, sign: int) -> None:
    """However many zeros there are, whether a unit fired is not lost."""
    rng = np.random.default_rng(1)
    fired = rng.random(4000) > share
    unit = np.where(fired, rng.random(4000) + 0.01, 0.0)
    information = pt.mutual_information(sign * unit, fired, estimator=pt.Binning(n_bins=4))
    entropy = -(fired.mean() * np.log2(fired.mean()) + (~fired).mean() * np.log2((~fired).mean()))
    # Where zeros fill less than two bins they share one with the smallest of the others.
    apart = share > 0.5 if sign == 1 else share > 0.75
    assert information > (0.99 if apart else 0.5) * entropy


def test_ties_share_a_bin() -> None:
    summary = cells_of(np.repeat([1.0, 2.0, 3.0], 200), Y, estimator=pt.Binning(n_bins=8))
    assert summary.n_cells == 3


@pytest.mark.parametrize("method", ["quantile", "uniform"])
def test_bins_of_extreme_float32(method: Literal["quantile", "uniform"]) -> None:
    """Widths beyond the largest float32 must not overflow."""
    column = np.linspace(-3.4e38, 3.4e38, N, dtype=np.float32)
    summary = cells_of(column, Y, estimator=pt.Binning(method, n_bins=4))
    assert summary.counts.sum(axis=1) == pytest.approx(np.full(4, N / 4), abs=2)


def test_many_wide_columns_do_not_overflow() -> None:
    wide = RNG.standard_normal((N, 100))
    with pytest.warns(pt.PIDWarning, match="600 of 600 samples are alone in their cell"):
        summary = cells_of(wide, Y, estimator=pt.Binning(n_bins=64))
    assert summary.n_cells == N


@pytest.mark.parametrize("method", ["quantile", "uniform"])
def test_float32_bins_agree_with_float64(method: Literal["quantile", "uniform"]) -> None:
    estimator = pt.Binning(method, n_bins=8)
    narrow = pt.mutual_information(T[:, 0].astype(np.float32), Y, estimator=estimator)
    wide = pt.mutual_information(T[:, 0], Y, estimator=estimator)
    # A value within 1e-7 of an edge may change its bin; none is here.
    assert narrow == pytest.approx(wide, abs=SINGLE)


@pytest.mark.parametrize("bins", [2, 5])
def test_bins_of_any_monotone_scale_are_the_same_quantiles(bins: int) -> None:
    """Up to interpolation between neighbours, which moves no sample here: N - 1 is odd."""
    estimator = pt.Binning(n_bins=bins)
    plain = cells_of(T[:, 0], Y, estimator=estimator).codes
    assert same_partition(plain, cells_of(3 * T[:, 0] - 1, Y, estimator=estimator).codes)


# --- symbols --------------------------------------------------------------------------------

LETTERS = np.array(["a", "b", "c", "d"])
SYMBOLS = {
    "integers": (Y - 2, Y),
    "large integers": (Y.astype(np.int64) * 2**40, Y),
    "bools": (Y > 1, (Y > 1).astype(int)),
    "strings": (LETTERS[Y], Y),
    "bytes": (LETTERS[Y].astype("S"), Y),
    "one column": (Y[:, None], Y),
    "rows": (np.stack([Y // 2, Y % 2], axis=1), Y),
    "rows of bools": (np.stack([Y > 1, Y % 2 == 1], axis=1), Y),
}


@pytest.mark.parametrize(("X", "codes"), SYMBOLS.values(), ids=SYMBOLS)
def test_symbols_are_distinct_values(X: Array, codes: Codes) -> None:
    assert same_partition(cells_of(X, Y, estimator="symbols").codes.tolist(), codes.tolist())


def test_symbols_refuse_floats_with_the_line_to_paste() -> None:
    for X in (T, Y.astype(float)):
        with pytest.raises(TypeError, match=r"^T holds floats; symbols need.*\(T\.astype\(int\)\)"):
            pt.distillable_knowledge(X, Y, Y, estimator="symbols")


@pytest.mark.parametrize("estimator", ["binning", "kmeans"])
def test_bins_refuse_strings(estimator: Chosen) -> None:
    with pytest.raises(TypeError, match=r'^X holds strings; use estimator="symbols" for it'):
        pt.mutual_information(LETTERS[Y], Y, estimator=estimator)


# --- all of them ----------------------------------------------------------------------------


ORDERED = [
    pt.Symbols(),
    pt.Binning(n_bins=3),
    pt.Binning("uniform", n_bins=3),
    pt.Binning("kmeans", n_bins=3),
    pt.Binning(n_bins=3, correction="extrapolation"),
    pt.Binning(n_bins=3, correction="shuffling"),
]


@pytest.mark.parametrize("estimator", ORDERED, ids=repr)
def test_the_order_of_rows_and_columns_does_not_matter(estimator: Chosen) -> None:
    """For the k-means of the paper it may: the start is drawn by row number."""
    X, Z = T[:, :3], S[:, :2]
    if estimator == pt.Symbols():
        X, Z = X.round().astype(int), Z.round().astype(int)
    order = np.random.default_rng(3).permutation(N)
    with unheard():
        plain = pt.distillable_knowledge(X, Z, Y, estimator=estimator)
        rows = pt.distillable_knowledge(X[order], Z[order], Y[order], estimator=estimator)
        columns = pt.distillable_knowledge(X[:, ::-1], Z[:, ::-1], Y, estimator=estimator)
    for other in (rows, columns):
        assert atoms(other.pid) == pytest.approx(atoms(plain.pid), abs=plain.pid.gap + 1e-9)


def test_estimators_are_values() -> None:
    every = [
        pt.Symbols(),
        pt.Binning(),
        pt.Binning("uniform"),
        pt.KMeansBinning(),
        pt.Binning(n_bins=4),
    ]
    assert all((a == b) == (a is b) for a, b in itertools.product(every, every))
    assert len({*every, pt.Binning("quantile", n_bins=8)}) == len(every)
    assert repr(pt.KMeansBinning()) == "KMeansBinning(n_components=5, n_clusters=3)"
