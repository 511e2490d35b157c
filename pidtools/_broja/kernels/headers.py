"""What the kernels of the solver work on: named tuples that headers are made of.

Python fills them with arrays and integers; compiled code sees addresses and integers under the
same names (see `pidtools._compiled.header`), and constants name the places of single numbers.
"""

from __future__ import annotations

from typing import NamedTuple

from pidtools._compiled.header import Bytes, Floats, Header, Ints, Longs


class Support(NamedTuple):
    """The support of two tables as flat lists, seven sizes first.

    A *row variable* is a (t, y) with p(t, y) > 0, a *column variable* an (s, y) with
    p(s, y) > 0, numbered source value by source value. A *cell* is a pair (t, s) with a class
    in common and an *entry* one such class in it; entries lie cell by cell and know their two
    variables. No array is larger than the number of entries, so a table of many classes that
    each live in few cells costs what its support costs.

    Attributes
    ----------
    row_class, col_class
        Class of each row and column variable, rising within a source value.
    row_start, col_start
        Variables of t are ``row_start[t]:row_start[t + 1]``; likewise for s.
    cell_row, cell_col
        t and s of each cell.
    cell_start
        Entries of cell c are ``cell_start[c]:cell_start[c + 1]``.
    row, col
        Row and column variable of each entry.
    """

    n_classes: int
    n_row_values: int
    n_col_values: int
    n_rows: int
    n_cols: int
    n_cells: int
    n_entries: int
    row_class: Ints
    col_class: Ints
    row_start: Ints
    col_start: Ints
    cell_row: Ints
    cell_col: Ints
    cell_start: Ints
    row: Ints
    col: Ints


class Point(NamedTuple):
    """An iterate and what follows from it."""

    a: Floats
    b: Floats
    s: Floats
    t: Floats
    pi: Floats
    lse: Floats
    row_gap: Floats
    col_gap: Floats
    dual_gap: Floats


class Step(NamedTuple):
    """A direction in a, b, s and t."""

    a: Floats
    b: Floats
    s: Floats
    t: Floats


class Start(NamedTuple):
    """Duals and cell totals to start from."""

    a: Floats
    b: Floats
    s: Floats


class Room(NamedTuple):
    """Scratch space: one number a variable, a cell, a source value or a class."""

    row_rhs: Floats
    col_rhs: Floats
    row: Floats
    col: Floats
    row_along: Floats
    col_along: Floats
    row_product: Floats
    col_product: Floats
    cell: Floats
    row_value: Floats
    col_value: Floats
    by_class: Floats
    by_class_too: Floats


class Best(NamedTuple):
    """The best dual and the best primal point met so far, kept apart: any two make a gap."""

    a: Floats
    b: Floats
    q: Floats
    bounds: Floats

    @property
    def gap(self) -> float:
        """Certified gap in nats."""
        return float(self.bounds[UPPER] - self.bounds[LOWER])


LOWER, UPPER = range(2)
"""Places in `Best.bounds`."""


class Problem(NamedTuple):
    """One program and the memory to certify points of it.

    Attributes
    ----------
    p_row, p_col
        The two marginals.
    a, b, lse
        Duals and the log-sum-exp of each cell.
    q
        One number an entry, to be rounded to the marginals.
    """

    support: Support
    p_row: Floats
    p_col: Floats
    a: Floats
    b: Floats
    lse: Floats
    q: Floats
    best: Best
    room: Room


class Solve(NamedTuple):
    """A run of the interior point.

    Attributes
    ----------
    f_row, f_col
        The marginals with a floor, which the iterates see.
    pinned
        1 for each column variable that is held at 0.
    weight, total_weight
        Share of mu that each product s t aims at.
    k
        s / t - s.
    numbers
        ``TOL, MU_FLOOR, FLOOR``, set by who calls; the tolerance of the linear systems
        ``SYSTEM_TOL``; the size ``RESIDUALS`` of the residuals of `trial`.
    flags
        Whether a factorisation ``SUCCEEDED``, the number of ``ITERATIONS``, and whether
        `evaluate` is to ``RAISE_SLACK`` t to -lse.
    warm
        Whether `trial` holds a, b and s to start from.
    evaluate, certify, factorise, apply, newton
        Kernels; `factor` is the header of the first two.
    """

    problem: Problem
    f_row: Floats
    f_col: Floats
    pinned: Ints
    point: Point
    trial: Point
    step: Step
    plain: Step
    extra: Step
    weight: Floats
    k: Floats
    target: Floats
    numbers: Floats
    flags: Ints
    max_iter: int
    n_corrections: int
    max_rounds: int
    warm: int
    evaluate: int
    certify: int
    factorise: int
    apply: int
    newton: int
    factor: int | Header


TOL, MU_FLOOR, FLOOR, SYSTEM_TOL, RESIDUALS = range(5)
"""Places in `Solve.numbers`."""

SUCCEEDED, ITERATIONS, RAISE_SLACK = range(3)
"""Places in `Solve.flags`."""


class Blas(NamedTuple):
    """Addresses of the routines, and what they take by address."""

    dsyrk: int
    dtrsm: int
    dpotrf: int
    dpotrs: int
    dpotri: int
    letters: Bytes
    sizes: Ints
    factors: Floats


class Schur(NamedTuple):
    """Workspace and factors of the dense Schur complement."""

    blas: Blas
    by_hand: int
    blocks: Floats
    coupling: Floats
    complement: Floats


class LowRank(NamedTuple):
    """Workspace and factors class by class; local numbers count inside a class."""

    blas: Blas
    max_terms: int
    size: Ints
    start: Longs
    offset: Ints
    row_local: Ints
    col_local: Ints
    inverse: Floats
    active: Ints
    core: Floats
    means: Floats
    term_weight: Floats
    term: Ints
    term_row: Ints
    term_col: Ints
    run: Ints
    place: Ints
    run_place: Ints
    relevance: Floats
    packed: Floats
    result: Floats


class Curve(NamedTuple):
    """Points sorted by (x, y), and room for the vertices of their hull."""

    n: int
    x: Floats
    y: Floats
    keep: Ints
    n_kept: Ints


class Batch(NamedTuple):
    """Many pmfs of one shape, and the run of the interior point that each of them gets.

    Attributes
    ----------
    out
        ``FIELDS`` of each member.
    number
        Number of each class among those with mass.
    solve, run
        The interior point and its header, with room for any support of the shape.
    """

    n: int
    n_t: int
    n_s: int
    n_y: int
    pmfs: Floats
    out: Floats
    p_ty: Floats
    p_sy: Floats
    p_y: Floats
    number: Ints
    hull_x: Floats
    hull_y: Floats
    hull_step: Floats
    solve: int
    run: int | Header


FIELDS = ("lower", "upper", "information_t", "information_s", "joint_information", "largest_dual")
"""Columns of `Batch.out`: bounds on the union information and informations, in nats."""

INFORMATION_T, INFORMATION_S, JOINT_INFORMATION, LARGEST_DUAL = range(2, len(FIELDS))
"""Places in a row of `Batch.out`, after those of the bounds."""

N_CLASSES, N_ROW_VALUES, N_COL_VALUES, N_ROWS, N_COLS, N_CELLS, N_ENTRIES = range(7)
"""Places of the sizes in a header of a `Support`, or of what begins with one."""
