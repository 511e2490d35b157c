"""The cells and entries of a pair of tables."""

from __future__ import annotations

from typing import Any

from pidtools._broja.kernels.headers import N_CELLS, N_ENTRIES, Support
from pidtools._compiled.pointers import entry, inner, view

support_of = view(Support)


@inner
def list_entries(h: Any) -> Any:
    """List the cells and entries of the variables, and write how many there are."""
    sup = support_of(h)
    c, e = 0, 0
    sup.cell_start[0] = 0
    for t in range(sup.n_row_values):
        for s in range(sup.n_col_values):
            i, j = sup.row_start[t], sup.col_start[s]
            while i < sup.row_start[t + 1] and j < sup.col_start[s + 1]:
                if sup.row_class[i] < sup.col_class[j]:
                    i += 1
                elif sup.row_class[i] > sup.col_class[j]:
                    j += 1
                else:
                    sup.row[e], sup.col[e] = i, j
                    i, j, e = i + 1, j + 1, e + 1
            if e > sup.cell_start[c]:
                sup.cell_row[c], sup.cell_col[c] = t, s
                c += 1
                sup.cell_start[c] = e
    h[N_CELLS], h[N_ENTRIES] = c, e


@entry
def build_support(h: Any) -> None:
    """`list_entries` for Python."""
    list_entries(h)
