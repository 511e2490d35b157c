"""Tables without the noise of sampling: cells of a few kinds, each with its shares of classes.

A mixture of multinomials: cells of one kind have one law of classes. How many kinds there are is
chosen by how well those of one half of the samples foretell the other half, so that cells which
differ by sampling alone become alike, and those which differ more stay apart. A cell gets one of
the kinds that it may be of, by their probabilities: their mean would be less far from the others
than the truth is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, vstack

from pidtools._types import Codes, Floats

# Most kinds, by how much their number grows, and after how many numbers in vain no more is tried.
MOST_KINDS, GROWTH, IN_VAIN = 64, 1.5, 2
# Nats that one more kind of a table must foretell the samples better by.
COST_OF_KIND = 1.0
# Cells that are tried for the start of a kind; the one that leaves the others nearest is taken.
N_TRIES = 8
# Samples with the shares of all that each kind holds beside its own; the best is taken.
PRIORS = (0.1, 10.0)
# Sweeps of expectation and maximisation, and the nats that are worth another.
MOST_SWEEPS, WORTH = 60, 0.1
TINY = np.finfo(float).tiny


def without_noise(tables: Sequence[csr_array]) -> list[Floats]:
    """Pmfs like tables of counts, shape (n_cells, n_classes), their cells of a few kinds.

    Tables share their kinds where that foretells samples better: what two sources tell alike
    stays alike, and one that tells nothing is not read in the terms of the other. Below the cells
    that were seen stand as many as were not, by estimate.
    """
    views = [_View.of([table]) for table in tables]
    apart = [_best(view) for view in views]
    worth, shares = sum(each for each, _ in apart), [own for _, own in apart]
    if len(tables) > 1:
        together, joined = _best(_View.together(views))
        ends = np.cumsum([table.shape[0] for table in tables])[:-1]
        shares = np.split(joined, ends) if together > worth else shares
    pmfs = (_pmf(own, table) for own, table in zip(shares, tables, strict=True))
    return [_with_unseen(pmf, table) for pmf, table in zip(pmfs, tables, strict=True)]


@dataclass(frozen=True)
class _View:
    """Counts of one or several tables below each other, and of both halves of their samples."""

    counts: csr_array
    halves: tuple[csr_array, csr_array]
    of_table: Codes

    @classmethod
    def of(cls, tables: Sequence[csr_array]) -> _View:
        """Of tables whose samples are cut in two at random, with a fixed seed."""
        counts, rng = csr_array(vstack(tables)), np.random.default_rng(0)
        first, second = counts.copy(), counts.copy()
        first.data = rng.binomial(counts.data.astype(np.int64), 0.5).astype(np.float64)
        second.data = counts.data - first.data
        of_table = np.repeat(np.arange(len(tables)), [table.shape[0] for table in tables])
        return cls(counts, (first, second), of_table)

    @classmethod
    def together(cls, views: Sequence[_View]) -> _View:
        """Of all their tables, cut as they are."""
        first, second = (csr_array(vstack([view.halves[i] for view in views])) for i in (0, 1))
        sizes = [view.counts.shape[0] for view in views]
        of_table = np.repeat(np.arange(len(views)), sizes)
        return cls(csr_array(vstack([view.counts for view in views])), (first, second), of_table)

    @property
    def n_tables(self) -> int:
        """Number of tables."""
        return int(self.of_table[-1]) + 1


def _best(view: _View) -> tuple[float, Floats]:
    """How well the best kinds foretell samples, and one of these of each cell.

    Each cell of a kind of its own is tried as well.
    """
    first, second = view.halves

    def foretold(n_kinds: int | None) -> tuple[float, float]:
        return max((_foretold(view, first, second, n_kinds, prior), prior) for prior in PRIORS)

    best, prior, chosen, in_vain = -np.inf, PRIORS[0], 1, 0
    for n_kinds in _numbers(min(view.counts.shape[0], MOST_KINDS)):
        worth, of_kind = foretold(n_kinds)
        worth -= COST_OF_KIND * view.n_tables * (n_kinds - 1)
        if worth > best:
            best, prior, chosen, in_vain = worth, of_kind, n_kinds, 0
        else:
            in_vain += 1
        if in_vain == IN_VAIN:
            break
    worth, of_cell = foretold(None)
    if worth > best:
        return worth, _each_its_own(view.counts, of_cell)
    kinds, belongs = _fitted(view, view.counts, chosen, prior)
    return best, kinds[_one_each(belongs)]


def _numbers(most: int) -> Iterator[int]:
    n = 1
    while n <= most:
        yield n
        n = max(n + 1, int(GROWTH * n))


def _foretold(
    view: _View, first: csr_array, second: csr_array, n_kinds: int | None, prior: float
) -> float:
    """Log-likelihood in nats of each half of the samples by the kinds of the other."""
    told = 0.0
    for learned, left_out in ((first, second), (second, first)):
        entries = left_out.tocoo()
        cells, classes = entries.coords
        if n_kinds is None:
            shares = _each_its_own(learned, prior)[cells, classes]
        else:
            kinds, belongs = _fitted(view, learned, n_kinds, prior)
            shares = (belongs[cells] * kinds.T[classes]).sum(axis=1)
        told += float(entries.data @ np.log(np.maximum(shares, TINY)))
    return told


def _overall(counts: csr_array) -> Floats:
    """Shares of classes of all samples; even ones of none, as half of a few may be."""
    sizes = counts.sum(axis=0).astype(np.float64)
    shares: Floats = sizes / sizes.sum() if sizes.any() else np.full(len(sizes), 1 / len(sizes))
    return shares


def _each_its_own(counts: csr_array, prior: float) -> Floats:
    """Shares of classes of each cell, each of a kind of its own."""
    overall = _overall(counts)
    mixed = counts.toarray() + prior * overall
    shares: Floats = mixed / mixed.sum(axis=1, keepdims=True)
    return shares


def _fitted(view: _View, counts: csr_array, n_kinds: int, prior: float) -> tuple[Floats, Floats]:
    """The kinds, and the probability of each cell to be of each.

    How frequent kinds are is each table's own.
    """
    overall = _overall(counts)
    kinds = _first_kinds(counts, overall, n_kinds)
    weights, before = np.full((view.n_tables, n_kinds), 1 / n_kinds), -np.inf
    for _ in range(MOST_SWEEPS):
        log_kinds = np.log(np.maximum(kinds, TINY))
        logs = counts @ log_kinds.T + np.log(weights)[view.of_table]
        highest = logs.max(axis=1, keepdims=True)
        belongs = np.exp(logs - highest)
        sums = belongs.sum(axis=1, keepdims=True)
        belongs /= sums
        likelihood = float((highest + np.log(sums)).sum() + prior * (log_kinds @ overall).sum())
        if likelihood - before < WORTH:
            break
        before = likelihood
        means = [belongs[view.of_table == i].mean(axis=0) for i in range(view.n_tables)]
        weights = np.maximum(means, TINY)
        kinds = (counts.T @ belongs).T + prior * overall
        kinds /= kinds.sum(axis=1, keepdims=True)
    return kinds, belongs


def _first_kinds(counts: csr_array, overall: Floats, n_kinds: int) -> Floats:
    """The shares of all, then cells far from the kinds before them, with a fixed seed."""
    rng, sizes = np.random.default_rng(0), counts.sum(axis=1)
    shares = _each_its_own(counts, 1.0)
    roots = np.sqrt(shares)
    kinds, far = [overall], sizes * ((roots - np.sqrt(overall)) ** 2).sum(axis=1)
    while len(kinds) < n_kinds and far.sum() > 0:
        tried = rng.choice(len(far), size=N_TRIES, p=far / far.sum())
        away = [np.minimum(far, sizes * ((roots - roots[i]) ** 2).sum(axis=1)) for i in tried]
        best = int(np.argmin([each.sum() for each in away]))
        kinds.append(shares[tried[best]])
        far = away[best]
    return np.array(kinds + [overall] * (n_kinds - len(kinds)))


def _one_each(belongs: Floats) -> Codes:
    """One of the kinds of each cell, by their probabilities and with a fixed seed."""
    luck = np.random.default_rng(0).random((len(belongs), 1))
    passed: Codes = (belongs.cumsum(axis=1) < luck).sum(axis=1)
    chosen: Codes = np.minimum(passed, belongs.shape[1] - 1)
    return chosen


def _pmf(shares: Floats, counts: csr_array) -> Floats:
    """Pmf of cells with these shares and the classes of the counts.

    Sizes are those without noise only nearly: a cell that alone knows its class is as frequent.
    """
    table = np.maximum(shares, TINY) * _sizes(counts)[:, None]
    scaled: Floats = table * (_overall(counts) / table.sum(axis=0))
    return scaled


def _sizes(counts: csr_array) -> Floats:
    """Samples of each cell, drawn together where they differ no more than Poisson numbers do."""
    sizes: Floats = counts.sum(axis=1).astype(np.float64)
    mean = sizes.mean()
    beyond = max(sizes.var() - mean, 0.0)
    drawn: Floats = mean + (sizes - mean) * beyond / (beyond + mean)
    return drawn


def n_unseen(counts: csr_array) -> int:
    """Cells that were not seen, as Chao (1984) expects from those seen once and twice.

    At most as many as there are samples: more can't be told from them.
    """
    sizes = counts.sum(axis=1)
    once, twice = (int((sizes == times).sum()) for times in (1, 2))
    return min(once * (once - 1) // (2 * (twice + 1)), int(counts.sum()))


def _with_unseen(table: Floats, counts: csr_array) -> Floats:
    """The pmf with the cells that were not seen, of the mass that Good and Turing expect."""
    unseen, n = n_unseen(counts), int(counts.sum())
    if unseen == 0:
        return table
    missing = min(int((counts.sum(axis=1) == 1).sum()), n - 1) / n
    of_classes = table.sum(axis=0)
    return np.vstack([(1 - missing) * table, np.tile(missing / unseen * of_classes, (unseen, 1))])
