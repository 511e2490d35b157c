"""The union of resampled tables to first order, from the prices of one solve.

With many classes a solve takes a minute, and a resample moves the tables little. The duals of
the optimum are the derivative of the union by the tables; what sharpening adds to a table with
its information comes by the same prices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pidtools._information import entropy, mutual_information_of_table
from pidtools._result import NATS_PER_BIT, PID
from pidtools._scores import price_of_information
from pidtools._types import Floats


@dataclass(frozen=True, eq=False)
class Linear:
    """A solved pair of tables and its derivative.

    Attributes
    ----------
    pid : PID
        Of the two tables.
    t, s : Table
    """

    pid: PID
    t: Table
    s: Table

    @classmethod
    def of(cls, pid: PID, table_t: Floats, table_s: Floats) -> Linear:
        """From a solve that kept its duals."""
        if pid.duals is None:
            raise ValueError("The solve kept no duals.")
        t, s = Table.of(table_t, pid.duals.t_y), Table.of(table_s, pid.duals.s_y)
        return cls(pid, t, s)

    def union(self, table_t: Floats, table_s: Floats, i_t: float, i_s: float) -> float:
        """The union in bits of tables moved a little and carrying those informations."""
        moved = self.t.moved(table_t, i_t) + self.s.moved(table_s, i_s)
        h_y = entropy(table_t.sum(axis=0)) - entropy(self.t.table.sum(axis=0))
        return self.pid.union_information + h_y + moved


@dataclass(frozen=True, eq=False)
class Table:
    """A table, the price of each of its entries in bits, and that of its information."""

    table: Floats
    prices: Floats
    of_information: float

    @classmethod
    def of(cls, table: Floats, duals: Floats) -> Table:
        """With the prices of the duals, in nats; entries of no mass cost nothing."""
        prices = np.nan_to_num(duals) / NATS_PER_BIT
        return cls(table, prices, price_of_information(table, prices))

    def moved(self, table: Floats, information: float) -> float:
        """What another table that carries this information adds to the union."""
        missing = information - mutual_information_of_table(table)
        return float(np.vdot(table - self.table, self.prices)) + self.of_information * missing
