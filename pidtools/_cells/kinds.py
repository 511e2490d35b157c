"""Tables without the noise of sampling: cells of a few kinds, each with its shares of classes.

A mixture of multinomials: cells of one kind have one law of classes. How many kinds there are is
chosen by the Bayesian information criterion, so that cells which differ by sampling alone become
alike, and those which differ more stay apart. A cell gets one of the kinds that it may be of, by
their probabilities: their mean would be less far from the others than the truth is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.sparse import csr_array, vstack

from pidtools._types import Codes, Floats

# Most kinds, by how much their number grows, and after how many numbers in vain no more is tried.
MOST_KINDS, GROWTH, IN_VAIN = 64, 1.4, 3
# Sweeps of expectation and maximisation, and the nats of likelihood that are worth another.
MOST_SWEEPS, WORTH = 60, 1e-3
# Samples of the shares of all that each kind holds beside its own, so that no share is 0.
PRIOR_SAMPLES = 0.01
# Sweeps of scaling to the sums of rows and columns.
SCALINGS = 20


def without_noise(tables: Sequence[csr_array]) -> list[Floats]:
    """Pmfs like tables of counts, shape (n_cells, n_classes), their cells of a few kinds.

    Tables share their kinds where the criterion prefers that: what two sources tell alike stays
    alike, and one that tells nothing is not read in the terms of the other. Below the cells that
    were seen stand as many as were not, by estimate.
    """
    cost = np.log(sum(table.shape[0] for table in tables)) / 2
    apart = [_best([table], cost) for table in tables]
    worth, shares = sum(each for each, _ in apart), [own for _, (own,) in apart]
    if len(tables) > 1:
        together, shared = _best(tables, cost)
        shares = shared if together > worth else shares
    pmfs = (_pmf(own, table) for own, table in zip(shares, tables, strict=True))
    return [_with_unseen(pmf, table) for pmf, table in zip(pmfs, tables, strict=True)]


def _best(tables: Sequence[csr_array], cost: float) -> tuple[float, list[Floats]]:
    """Worth of the best number of kinds, each free number at its cost, and shares of classes.

    Shares of each cell, table by table.
    """
    counts = csr_array(vstack(tables))
    of_table = np.repeat(np.arange(len(tables)), [table.shape[0] for table in tables])
    n_cells, n_classes = counts.shape
    best, found, in_vain = -np.inf, np.empty(0), 0
    for n_kinds in _numbers(min(n_cells, MOST_KINDS)):
        likelihood, kinds, belongs = _fitted(counts, of_table, n_kinds)
        n_free = n_kinds * (n_classes - 1) + len(tables) * (n_kinds - 1)
        worth = likelihood - n_free * cost
        if worth > best:
            best, found, in_vain = worth, kinds[_one_each(belongs)], 0
        else:
            in_vain += 1
        if in_vain == IN_VAIN:
            break
    return best, [found[of_table == i] for i in range(len(tables))]


def _one_each(belongs: Floats) -> Codes:
    """One of the kinds of each cell, by their probabilities and with a fixed seed."""
    luck = np.random.default_rng(0).random((len(belongs), 1))
    passed: Codes = (belongs.cumsum(axis=1) < luck).sum(axis=1)
    chosen: Codes = np.minimum(passed, belongs.shape[1] - 1)
    return chosen


def _numbers(most: int) -> Iterator[int]:
    n = 1
    while n <= most:
        yield n
        n = max(n + 1, int(GROWTH * n))


def _fitted(counts: csr_array, of_table: Codes, n_kinds: int) -> tuple[float, Floats, Floats]:
    """Log-likelihood in nats, the kinds, and the probability of each cell to be of each.

    How frequent kinds are is each table's own.
    """
    overall = counts.sum(axis=0) / counts.sum()
    kinds = _first_kinds(counts, overall, n_kinds)
    n_tables, before = int(of_table.max()) + 1, -np.inf
    weights = np.full((n_tables, n_kinds), 1 / n_kinds)
    for _ in range(MOST_SWEEPS):
        logs = counts @ np.log(kinds).T + np.log(weights)[of_table]
        highest = logs.max(axis=1, keepdims=True)
        belongs = np.exp(logs - highest)
        sums = belongs.sum(axis=1, keepdims=True)
        likelihood = float((highest + np.log(sums)).sum())
        belongs /= sums
        if likelihood - before < WORTH:
            break
        before = likelihood
        means = [belongs[of_table == i].mean(axis=0) for i in range(n_tables)]
        weights = np.maximum(means, np.finfo(float).tiny)
        kinds = (counts.T @ belongs).T + PRIOR_SAMPLES * overall
        kinds /= kinds.sum(axis=1, keepdims=True)
    return likelihood, kinds, belongs


def _first_kinds(counts: csr_array, overall: Floats, n_kinds: int) -> Floats:
    """The shares of all, then cells far from the kinds before them, drawn with a fixed seed."""
    rng, sizes = np.random.default_rng(0), counts.sum(axis=1)
    shares = (counts.toarray() + overall) / (sizes + 1)[:, None]
    roots = np.sqrt(shares)
    kinds, far = [overall], sizes * ((roots - np.sqrt(overall)) ** 2).sum(axis=1)
    while len(kinds) < n_kinds and far.sum() > 0:
        chosen = rng.choice(len(far), p=far / far.sum())
        kinds.append(shares[chosen])
        far = np.minimum(far, sizes * ((roots - roots[chosen]) ** 2).sum(axis=1))
    return np.array(kinds + [overall] * (n_kinds - len(kinds)))


def _pmf(shares: Floats, counts: csr_array) -> Floats:
    """Pmf of cells with these shares, their sizes without noise, and the classes of the counts."""
    of_cells = _sizes(counts)[:, None] / counts.sum()
    of_classes = counts.sum(axis=0) / counts.sum()
    table = shares * of_cells
    for _ in range(SCALINGS):
        table = table * (of_cells / table.sum(axis=1, keepdims=True))
        table = table * (of_classes / table.sum(axis=0))
    return table


def _sizes(counts: csr_array) -> Floats:
    """Samples of each cell, drawn together where they differ no more than Poisson numbers do."""
    sizes: Floats = counts.sum(axis=1).astype(np.float64)
    mean = sizes.mean()
    beyond = max(sizes.var() - mean, 0.0)
    drawn: Floats = mean + (sizes - mean) * beyond / (beyond + mean)
    return drawn


def _with_unseen(table: Floats, counts: csr_array) -> Floats:
    """The pmf with as many more cells as Chao (1984) expects, of the mass Good and Turing do.

    At most as many as there are samples: more can't be told from them.
    """
    sizes, n = counts.sum(axis=1), int(counts.sum())
    once, twice = (int((sizes == times).sum()) for times in (1, 2))
    unseen = min(once * (once - 1) // (2 * (twice + 1)), n)
    if unseen == 0:
        return table
    missing = min(once, n - 1) / n
    of_classes = table.sum(axis=0)
    return np.vstack([(1 - missing) * table, np.tile(missing / unseen * of_classes, (unseen, 1))])
