r"""Where the knowledge is: the parts of the atoms that each class and each row carries.

The union of two tables is a maximum over prices, one for each entry (t, y) and (s, y): the duals
l and m of the program, with sum_y exp(l + m) <= 1 in every cell. At the optimum l + m is
log q*(y | t, s), so that every atom is a mean over rows of

- log p(y | t) / p(y) and log p(y | s) / p(y) for the informations,
- l(t, y) + m(s, y) - log p(y) for the union.

Its mean within a class does not depend on which optimum was found: the unique information of T in
class y is KL(q*(t, s | y) || q*(t, s)) - KL(p(s | y) || p(s)), at least 0 by data processing. By
Danskin's theorem the same numbers are the derivative of the atoms by the law of the data: of rows
drawn anew, each atom moves by the mean of its own numbers, to first order.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pidtools import _warnings
from pidtools._broja.decompose import broja_from_pairs
from pidtools._broja.hull import join
from pidtools._estimator import Tables
from pidtools._information import mutual_information_of_table
from pidtools._result import NATS_PER_BIT, PID, Duals
from pidtools._types import Codes, Floats

# Bits of a unique information below which its own shares tell nothing.
NOTHING = 1e-9
# Rows of a table are raised to this power to see what a bit of information is worth.
NUDGE = 1.02
# Share of the whole tables in those of a half of the rows, so that no entry is new to its prices.
OF_THE_WHOLE = 0.1
# Rounds of fitting rows and columns of a table in turn to its marginals.
ROUNDS = 5


@dataclass(frozen=True, eq=False)
class Scores:
    """Parts of the atoms of a pair, in bits.

    Attributes
    ----------
    tables : Tables
    pid : PID
        The atoms of the pair as they are reported; those of the tables may differ by what is known
        of both sources together, and by corrections.
    """

    tables: Tables
    pid: PID

    @cached_property
    def shares(self) -> Floats:
        """Share of each class."""
        shares: Floats = self.tables.t.sum(axis=0)
        return shares

    def by_class(self) -> Floats:
        """Means within classes of redundancy, both uniques: shape (n_classes, 3)."""
        return self._of_tables + self._moved

    def by_row(self) -> Floats:
        """Redundancy, both uniques and synergy of each row, shape (n_samples, 4).

        A synergy that was not asked for is NaN.
        """
        x = self.tables
        union = -np.log2(self.shares[x.labels])
        informations = []
        sides = ((x.t, x.codes_t, x.rows_t), (x.s, x.codes_s, x.rows_s))
        for k, (table, codes, own) in enumerate(sides):
            at = codes, x.labels
            of_cell = _informations(table, self.shares)[at]
            union += self._prices[k][at]
            if own is not None:  # it may know more than its cell
                union += (own - of_cell) * self._prices_of_information[k]
            informations.append(of_cell if own is None else own)
        i_t, i_s = informations
        both = np.full(len(union), np.nan) if x.rows_both is None else x.rows_both
        rows = np.stack([i_t + i_s - union, union - i_s, union - i_t, both - union], axis=1)
        rows[:, :3] += self._moved[x.labels]
        rows[:, 3] -= self._moved[x.labels].sum(axis=1)
        return rows

    def of_fits(self) -> tuple[Floats, Floats]:
        """What a standard error of the fits to T, and to S, adds to the four atoms."""
        c_t, c_s = self._prices_of_information
        of_t = np.array([1 - c_t, c_t, c_t - 1, -c_t]) * self.tables.fit_t
        of_s = np.array([1 - c_s, c_s - 1, c_s, -c_s]) * self.tables.fit_s
        return of_t, of_s

    @cached_property
    def _prices_of_information(self) -> tuple[float, float]:
        t, s = self._prices
        return price_of_information(self.tables.t, t), price_of_information(self.tables.s, s)

    def excess_of_prices(self, halves: Codes) -> float:
        """Bits of the union that prices owe to the very rows they are judged on.

        The union is a maximum over prices, so that the prices of other rows fall short of it: by
        next to nothing where there is one best choice, and by the whole estimate where a unique
        information is 0 and noise alone picks among many.

        Parameters
        ----------
        halves : ndarray of bool, shape (n_samples,)
            Which half each row is in; dependent rows are in one.
        """
        x, lost = self.tables, np.zeros(len(halves))
        places = (x.codes_t, x.labels), (x.codes_s, x.labels)
        for judged in (halves, ~halves):
            if judged.all() or not judged.any():
                return 0.0
            learned = [
                _of_rows(table, codes, x.labels, ~judged)
                for table, codes in ((x.t, x.codes_t), (x.s, x.codes_s))
            ]
            with _warnings.collecting():
                pid = broja_from_pairs(*learned, tol=x.tolerance, keep_duals=True)
            if pid.duals is None:
                return 0.0
            theirs = _in_bits(pid.duals)
            for own, other, at in zip(self._prices, theirs, places, strict=True):
                lost[judged] += (own - other)[at][judged]
        return max(float(lost.mean()), 0.0)

    def by_pair(self) -> Floats:
        """Redundancy and both uniques of the rows of two classes, shape (n_pairs, 3).

        In the order of `numpy.triu_indices`; the closed form for each.
        """
        t, s = self.tables.t, self.tables.s
        pairs = np.stack(np.triu_indices(t.shape[1], 1), axis=1)
        return np.array([_of_two(t[:, two], s[:, two]) for two in pairs]).reshape(-1, 3)

    @cached_property
    def _prices(self) -> tuple[Floats, Floats]:
        """Of the entries of both tables in bits; solved for where they are not known."""
        x = self.tables
        if x.duals is not None:
            return _in_bits(x.duals)
        with _warnings.collecting():
            pid = broja_from_pairs(x.t, x.s, tol=x.tolerance, keep_duals=True)
        if pid.duals is None:
            raise ValueError("The solve kept no duals.")
        return _in_bits(pid.duals)

    @cached_property
    def _of_tables(self) -> Floats:
        """Means within classes that the tables have."""
        x, occupied = self.tables, np.maximum(self.shares, np.finfo(float).tiny)
        union = -np.log2(occupied)
        informations = []
        for prices, table in zip(self._prices, (x.t, x.s), strict=True):
            union += (table * prices).sum(axis=0) / occupied
            informations.append((table * _informations(table, self.shares)).sum(axis=0) / occupied)
        i_t, i_s = informations
        found: Floats = np.stack([i_t + i_s - union, union - i_s, union - i_t], axis=1)
        return np.where(self.shares[:, None] > 0, found, 0.0)

    @cached_property
    def _moved(self) -> Floats:
        """What is added to each class so that all together are the atoms that are reported.

        A union that is lower than that of the tables takes as much from both uniques of a class:
        from each class in proportion to the smaller one, which may fall to 0. What is added, and
        corrections of the informations, are the same for all classes.
        """
        total = self.shares @ self._of_tables
        i_t = self.pid.information_t - (total[0] + total[1])
        i_s = self.pid.information_s - (total[0] + total[2])
        lifted = self.pid.union_information - total.sum()
        weights = np.ones(len(self.shares))
        smaller = np.maximum(self._of_tables[:, 1 + int(total[2] < total[1])], 0.0)
        if lifted < 0 and self.shares @ smaller > NOTHING:
            weights = smaller / (self.shares @ smaller)
        union = lifted * weights
        return np.stack([i_t + i_s - union, union - i_s, union - i_t], axis=1)


def _in_bits(duals: Duals) -> tuple[Floats, Floats]:
    """Prices in bits; entries of no mass cost nothing."""
    t, s = (np.nan_to_num(each, nan=0.0) / NATS_PER_BIT for each in (duals.t_y, duals.s_y))
    return t, s


def _of_rows(table: Floats, codes: Codes, labels: Codes, rows: Codes) -> Floats:
    """The table as some rows alone show it, with a little of the whole; classes keep shares."""
    some, seen = np.zeros_like(table), np.zeros_like(table)
    np.add.at(seen, (codes, labels), 1 / len(labels))
    np.add.at(some, (codes[rows], labels[rows]), 1 / max(int(rows.sum()), 1))
    ratio = np.divide(some, seen, out=np.ones_like(table), where=seen > 0)
    mixed = table * ((1 - OF_THE_WHOLE) * ratio + OF_THE_WHOLE)
    shares, own = table.sum(axis=0), mixed.sum(axis=0)
    found: Floats = mixed * np.divide(shares, own, out=np.zeros_like(own), where=own > 0)
    return found


def price_of_information(table: Floats, prices: Floats) -> float:
    """What a bit more of information of a table adds to the union, at the prices of its entries."""
    nudged = refitted(table**NUDGE, table.sum(axis=1), table.sum(axis=0))
    gained = mutual_information_of_table(nudged) - mutual_information_of_table(table)
    worth = float(np.vdot(nudged - table, prices))
    return worth / gained if abs(gained) > NOTHING else 1.0


def refitted(table: Floats, masses: Floats, shares: Floats) -> Floats:
    """The table with these marginals, those of its columns to rounding."""
    for _ in range(ROUNDS):
        rows = table.sum(axis=1)
        table = table * np.divide(masses, rows, out=np.zeros_like(rows), where=rows > 0)[:, None]
        columns = table.sum(axis=0)
        table *= np.divide(shares, columns, out=np.zeros_like(columns), where=columns > 0)
    return table


def _informations(table: Floats, shares: Floats) -> Floats:
    """Information of each entry in bits, log p(y | x) / p(y); 0 where it has no mass."""
    expected = table.sum(axis=1, keepdims=True) * shares
    ratio = np.divide(table, expected, out=np.ones_like(table), where=table > 0)
    found: Floats = np.log2(ratio)
    return found


def _of_two(t: Floats, s: Floats) -> tuple[float, float, float]:
    """Redundancy and uniques of two classes alone."""
    total = t.sum()
    if min(t.sum(axis=0)) <= 0:
        return 0.0, 0.0, 0.0
    t, s = (table[table.sum(axis=1) > 0] / total for table in (t, s))
    i_t, i_s = mutual_information_of_table(t), mutual_information_of_table(s)
    union = mutual_information_of_table(join(t, s))
    union = min(max(union, i_t, i_s), i_t + i_s)
    return i_t + i_s - union, union - i_s, union - i_t
