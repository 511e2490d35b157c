"""Which factorisation a program gets, and the memory it works in."""

from __future__ import annotations

import ctypes
import functools
import importlib
import math
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pidtools._broja.kernels.headers import Blas, LowRank, Schur, Support
from pidtools._broja.roster import LOW_RANK, SCHUR
from pidtools._compiled.header import Header
from pidtools._compiled.kernel import Kernel

BY_HAND = 24
"""Up to this many column variables the Schur complement is factorised without BLAS."""

# Seconds a floating point operation, roughly: BLAS, and the loops of the kernels.
BLAS_SECONDS, LOOP_SECONDS = 2.5e-11, 1.2e-10
# The same for a low rank that leaves terms out: conjugate gradients then take far more rounds.
LOOP_SECONDS_TRUNCATED = 7e-10
# Rounds of conjugate gradients an iteration, roughly, and their limits.
ROUNDS_PER_ITERATION = 60
MAX_ROUNDS_SCHUR, MAX_ROUNDS_LOW_RANK = 40, 200
# Doubles the iterates hold for each entry of the support and for each cell; the lists of the
# low-rank way hold more for each entry.
PER_ENTRY, PER_ENTRY_LOW_RANK, PER_CELL = 5, 8, 22


@dataclass(frozen=True)
class Algebra:
    """A way to factorise and its memory: kernels `factorise` and `apply`, and their header."""

    kernels: tuple[Kernel, Kernel]
    factor: Header
    max_rounds: int
    uses_blas: bool


def choose(sup: Support) -> Algebra:
    """Take the factorisation that should take less time and fits.

    Raises
    ------
    MemoryError
        If neither fits; the message says how large they are.
    """
    dense_bytes, dense_seconds = schur_cost(sup)
    sparse_bytes, sparse_seconds, max_terms = low_rank_cost(sup)
    room = available_memory()
    if dense_seconds <= sparse_seconds and dense_bytes <= room:
        return schur(sup)
    if sparse_bytes <= room:
        return low_rank(sup, max_terms)
    if dense_bytes <= room:
        return schur(sup)
    raise MemoryError(_too_large(sup, min(dense_bytes, sparse_bytes), room))


def seconds_per_iteration(sup: Support) -> float:
    """Time an iteration of the interior point should take, roughly."""
    return min(schur_cost(sup)[1], low_rank_cost(sup)[1])


def schur(sup: Support) -> Algebra:
    """Allocate for the dense Schur complement."""
    rows, cols = sup.n_rows, sup.n_cols
    widths = np.diff(sup.row_start[: sup.n_row_values + 1]).astype(np.int64)
    blocks, coupling = np.empty(int((widths**2).sum())), np.empty(rows * cols)
    uses_blas = cols > BY_HAND
    work = Schur(_blas(uses_blas), int(not uses_blas), blocks, coupling, np.empty(cols * cols))
    return Algebra(SCHUR, Header(work), MAX_ROUNDS_SCHUR, uses_blas)


def low_rank(sup: Support, max_terms: int) -> Algebra:
    """Allocate for matrices class by class and at most `max_terms` rank-one terms."""
    row_local, n_rows = _numbers_within(sup.row_class, sup.n_classes)
    col_local, n_cols = _numbers_within(sup.col_class, sup.n_classes)
    size = n_rows + n_cols
    col_local += n_rows[sup.col_class].astype(np.int32)
    start = np.concatenate([[0], np.cumsum(size.astype(np.int64) ** 2)])
    offset = np.concatenate([[0], np.cumsum(size)])
    n_variables, n_entries, n_classes = sup.n_rows + sup.n_cols, sup.n_entries, sup.n_classes
    work = LowRank(
        blas=_blas(True),
        max_terms=max_terms,
        size=size.astype(np.int32),
        start=start,
        offset=offset.astype(np.int32),
        row_local=row_local,
        col_local=col_local,
        inverse=np.empty(int(start[-1])),
        active=np.empty(max_terms + 1, np.int32),
        core=np.empty(max_terms * max_terms),
        means=np.empty(max_terms),
        term_weight=np.empty(n_entries),
        term=np.empty(n_entries, np.int32),
        term_row=np.empty(n_entries, np.int32),
        term_col=np.empty(n_entries, np.int32),
        run=np.empty(n_entries + 1, np.int32),
        place=np.empty(n_classes + 1, np.int32),
        run_place=np.empty(n_classes + 1, np.int32),
        relevance=np.empty(sup.n_cells),
        packed=np.empty(n_variables),
        result=np.empty(n_variables),
    )
    return Algebra(LOW_RANK, Header(work), MAX_ROUNDS_LOW_RANK, True)


def _numbers_within(classes: NDArray[np.int32], n_classes: int) -> tuple[Any, NDArray[np.intp]]:
    """Number each variable among those of its class; and count them."""
    count = np.bincount(classes, minlength=n_classes)
    order = np.argsort(classes, kind="stable")
    local = np.empty(len(classes), np.int32)
    local[order] = np.arange(len(classes)) - np.repeat(np.cumsum(count) - count, count)
    return local, count


def schur_cost(sup: Support) -> tuple[float, float]:
    """Bytes, and seconds an iteration, of the dense Schur complement."""
    iterates = PER_ENTRY * sup.n_entries + PER_CELL * sup.n_cells
    size = 8.0 * (sup.n_rows * sup.n_cols + sup.n_cols**2 + iterates)
    return size, BLAS_SECONDS * (sup.n_rows * sup.n_cols**2 + sup.n_cols**3 / 3.0)


def low_rank_cost(sup: Support) -> tuple[float, float, int]:
    """Bytes, seconds an iteration and number of terms of the matrices class by class."""
    size = np.bincount(sup.row_class, minlength=sup.n_classes)
    size = size + np.bincount(sup.col_class, minlength=sup.n_classes)
    n_terms = min(sup.n_cells, int(0.75 * (sup.n_rows + sup.n_cols)))
    blocks = float(np.sum(size.astype(float) ** 2))
    classes_per_cell = sup.n_entries / sup.n_cells
    loops = 2.0 * n_terms**2 * classes_per_cell
    loops += ROUNDS_PER_ITERATION * (4.0 * blocks + 20.0 * sup.n_entries)
    blas = n_terms**3 / 3.0 + float(np.sum(size.astype(float) ** 3))
    iterates = PER_ENTRY_LOW_RANK * sup.n_entries + PER_CELL * sup.n_cells
    memory = 8.0 * (n_terms**2 + blocks + iterates)
    loop_seconds = LOOP_SECONDS if n_terms == sup.n_cells else LOOP_SECONDS_TRUNCATED
    return memory, loop_seconds * loops + BLAS_SECONDS * blas, n_terms


def available_memory() -> float:
    """Bytes of memory not in use, as far as the system tells; else infinity."""
    try:
        pages = os.sysconf("SC_AVPHYS_PAGES")
        return float(pages) * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return math.inf


def _too_large(sup: Support, needed: float, room: float) -> str:
    return (
        f"pmf is too large for the interior point: {sup.n_rows} cells (t, y) and {sup.n_cols} "
        f"cells (s, y) need {needed / 1e9:.3g} GB, 8 (n_ty n_sy + min(n_ty, n_sy)^2) bytes and "
        f"more; {room / 1e9:.3g} GB are free. Use solver='scaling', which needs about 20 numbers "
        "for each pair (t, s) and 5 for each (t, s, y) in the support, or merge cells."
    )


def _blas(needed: bool) -> Blas:
    letters = np.frombuffer(b"UNTR", dtype=np.uint8)
    addresses = _addresses() if needed else (0, 0, 0, 0, 0)
    return Blas(*addresses, letters, np.zeros(3, np.int32), np.ones(2))


@functools.cache
def _addresses() -> tuple[int, int, int, int, int]:
    """Look up SciPy's own BLAS and LAPACK, once a process."""
    names = {"blas": ("dsyrk", "dtrsm"), "lapack": ("dpotrf", "dpotrs", "dpotri")}
    dsyrk, dtrsm, dpotrf, dpotrs, dpotri = (
        _c_function(f"scipy.linalg.cython_{library}", name)
        for library, routines in names.items()
        for name in routines
    )
    return dsyrk, dtrsm, dpotrf, dpotrs, dpotri


def _c_function(module: str, name: str) -> int:
    """Address of a C function that a Cython module exports."""
    capsule = importlib.import_module(module).__pyx_capi__[name]
    python = ctypes.pythonapi
    name_of = ctypes.PYFUNCTYPE(ctypes.c_char_p, ctypes.py_object)(("PyCapsule_GetName", python))
    pointer_of = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
        ("PyCapsule_GetPointer", python)
    )
    return int(pointer_of(capsule, name_of(capsule)))
