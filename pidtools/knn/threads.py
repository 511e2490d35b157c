"""Pieces of work on several threads."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pidtools import _validate

# Below this number of points a second thread costs more than it brings.
POINTS_A_THREAD = 512


def in_threads(search: Callable[[int, int], None], n: int, n_blocks: int, n_jobs: int) -> None:
    """Call `search(first, last)` over all blocks; the kernels release the interpreter."""
    if n_jobs == 1 or n < 2 * POINTS_A_THREAD:
        search(0, n_blocks)
        return
    from concurrent.futures import ThreadPoolExecutor

    # Several pieces a thread, since points in dense regions cost less than those far out.
    edges = np.linspace(0, n_blocks, min(n_blocks, 8 * n_jobs) + 1).astype(int).tolist()
    with ThreadPoolExecutor(n_jobs) as pool:
        list(pool.map(search, edges[:-1], edges[1:]))


def threads(n_jobs: int | None) -> int:
    """Number of threads that `n_jobs` means, as joblib counts."""
    from joblib import effective_n_jobs

    return int(effective_n_jobs(_validate.check_n_jobs(n_jobs)))
