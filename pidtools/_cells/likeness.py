"""What sampling alone adds to atoms of cells: measured where the atoms are known.

Resampling rows shows what sampling adds to the empirical table, in which cells have already
drifted apart by chance; with few samples a cell that is too little, and at the border of a unique
information, which grows like the first order of the noise, it is too little as well. Here rows
are drawn from tables like those of the data but without that noise.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from pidtools._broja.decompose import broja_from_pairs
from pidtools._cells.counting import count_weighted
from pidtools._cells.kinds import n_unseen, without_noise
from pidtools._estimator import Likeness, Pair
from pidtools._information import mutual_information_of_table
from pidtools._result import PID
from pidtools._types import Codes, Floats

if TYPE_CHECKING:
    from pidtools._cells.summary import CellSummary

# Bits; what sampling adds matters from a thousandth on.
TOLERANCE = 1e-4
# Tables of so many entries are filled: 128 MiB each, of which a few are in use at once.
MOST_ENTRIES = 2**24
# Bits of a row's luck that each source uses.
BITS_OF_LUCK = 21


@dataclass(frozen=True, eq=False)
class _Source:
    """Codes of cells that are drawn again so that they have another law.

    Attributes
    ----------
    codes, labels : ndarray of int64, shape (n_samples,)
    law : ndarray, shape (n_cells, n_classes)
        Joint pmf of cells and classes that is drawn from.
    stays : ndarray, shape (n_cells, n_classes)
        Probability that a row stays in its cell.
    goes : ndarray, shape (n_classes * n_cells,)
        Where it goes otherwise: cumulated over the cells of class 0, then on over those of 1...
    """

    codes: Codes
    labels: Codes
    law: Floats
    stays: Floats
    goes: Floats

    @classmethod
    def of(cls, codes: Codes, labels: Codes, counts: csr_array, law: Floats) -> _Source:
        """Change as few cells as possible: the greatest coupling of both laws."""
        seen = np.zeros_like(law)
        seen[: counts.shape[0]] = counts.toarray() / counts.sum()
        stays = np.divide(np.minimum(law, seen), seen, out=np.ones_like(seen), where=seen > 0)
        more = np.maximum(law - seen, 0.0).T
        added = more.sum(axis=1, keepdims=True)
        goes = np.cumsum(np.divide(more, added, out=np.zeros_like(more), where=added > 0), axis=1)
        places = np.minimum(goes, 1.0) + np.arange(len(more))[:, None]
        return cls(codes, labels, law, stays, places.ravel())

    def drawn(self, rows: Codes, luck: Floats) -> csr_array:
        """Counts of rows that were drawn, each with luck between 0 and 1."""
        codes, labels, n_cells = self.codes[rows], self.labels[rows], len(self.law)
        stays = self.stays[codes, labels]
        goes = luck >= stays
        where = labels[goes] + (luck[goes] - stays[goes]) / (1 - stays[goes])
        places = np.searchsorted(self.goes, where, side="right")
        first = labels[goes] * n_cells
        codes[goes] = np.clip(places, first, first + n_cells - 1) - first
        return count_weighted(codes, labels, np.ones(len(rows)))


@dataclass(frozen=True, kw_only=True, eq=False)
class CellLikeness(Likeness):
    """Rows of two sources with codes of cells, drawn from known tables.

    Attributes
    ----------
    pair : Pair
        Of summaries with cells; gives the atoms for any counts.
    t, s : _Source
    both : tuple of CellSummary and _Source, or None
        Both together as one; None without synergy.
    """

    pair: Pair[Any]
    t: _Source
    s: _Source
    both: tuple[CellSummary, _Source] | None

    @classmethod
    def of(cls, pair: Pair[Any], both: CellSummary | None) -> CellLikeness | None:
        """Of a pair as an estimator made it; None where its tables are too large to fill."""
        if max(_size(pair.t), _size(pair.s)) > MOST_ENTRIES:
            return None
        t, s = (dataclasses.replace(x, data=None) for x in (pair.t, pair.s))
        of_t, of_s = _sources(t, s)
        known = broja_from_pairs(of_t.law, of_s.law, tol=TOLERANCE)
        light = dataclasses.replace(pair, t=t, s=s)
        if both is None or _size(both) > MOST_ENTRIES:
            return cls(atoms=_atoms(known, None), pair=light, t=of_t, s=of_s, both=None)
        (of_both,) = _sources(both)
        joint = mutual_information_of_table(of_both.law)
        return cls(atoms=_atoms(known, joint), pair=light, t=of_t, s=of_s, both=(both, of_both))

    def __call__(self, drawn: Codes) -> Floats:
        """Atoms of rows that were drawn, each with its luck."""
        rows, luck = drawn
        t = self.pair.t.with_counts(self.t.drawn(rows, _share(luck, 0)))
        s = self.pair.s.with_counts(self.s.drawn(rows, _share(luck, 1)))
        pid = dataclasses.replace(self.pair, t=t, s=s).atoms()
        if self.both is None:
            return _atoms(pid, None)
        both, source = self.both
        return _atoms(pid, both.with_counts(source.drawn(rows, _share(luck, 2))).information)


def _size(x: CellSummary) -> int:
    """Entries of the full table, with the cells that were not seen."""
    return (x.n_cells + n_unseen(x.counts)) * int(x.counts.shape[1])


def _sources(*summaries: CellSummary) -> list[_Source]:
    laws = without_noise([x.counts for x in summaries])
    return [
        _Source.of(x.codes, x.labels, x.counts, law) for x, law in zip(summaries, laws, strict=True)
    ]


def _share(luck: Codes, which: int) -> Floats:
    """Luck between 0 and 1 of one of three sources, from bits of its own."""
    n = 2**BITS_OF_LUCK
    share: Floats = (luck >> BITS_OF_LUCK * which) % n / n
    return share


def _atoms(pid: PID, joint: float | None) -> Floats:
    synergy = np.nan if joint is None else joint - pid.union_information
    return np.array([*pid.atoms[:3], synergy])
