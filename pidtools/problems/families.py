"""Random probability tables, for tests and benchmarks: dense, sparse and counted."""

from __future__ import annotations

import numpy as np

from pidtools import _warnings
from pidtools._types import Floats

Shape = tuple[int, int, int]
RandomState = int | np.random.Generator | None


@_warnings.quiet
def dirichlet(shape: Shape, *, concentration: float = 1.0, random_state: RandomState = 0) -> Floats:
    """Draw a pmf from a symmetric Dirichlet distribution over all cells.

    Parameters
    ----------
    shape : tuple of three int
        Numbers of symbols (n_t, n_s, n_y).
    concentration : float, default 1.0
        Dirichlet parameter of every cell: 1 is uniform over the simplex, small values give
        a few heavy cells among tiny ones.
    random_state : int, Generator or None, default 0
        Seed.

    Returns
    -------
    ndarray of float64, shape (n_t, n_s, n_y)
        ``pmf[t, s, y]``; its decomposition has no closed form.

    Examples
    --------
    >>> from pidtools import problems
    >>> pmf = problems.dirichlet((4, 3, 2), random_state=1)
    >>> pmf.shape, bool(pmf.min() > 0), round(float(pmf.sum()), 12)
    ((4, 3, 2), True, 1.0)
    """
    weights = np.random.default_rng(random_state).gamma(concentration, size=shape)
    pmf: Floats = weights / weights.sum()
    return pmf


@_warnings.quiet
def sparse_dirichlet(
    shape: Shape,
    *,
    density: float = 0.3,
    concentration: float = 1.0,
    random_state: RandomState = 0,
) -> Floats:
    """Draw a pmf with exact zeros: a Dirichlet over a random part of the cells.

    Every class keeps at least one cell. Symbols of T or S may lose all of theirs.

    Parameters
    ----------
    shape : tuple of three int
        Numbers of symbols (n_t, n_s, n_y).
    density : float, default 0.3
        Probability that a cell is kept.
    concentration : float, default 1.0
        Dirichlet parameter of the cells that are kept.
    random_state : int, Generator or None, default 0
        Seed.

    Returns
    -------
    ndarray of float64, shape (n_t, n_s, n_y)

    Examples
    --------
    >>> from pidtools import problems
    >>> pmf = problems.sparse_dirichlet((5, 5, 3), density=0.2)
    >>> bool((pmf == 0).mean() > 0.5), bool(pmf.sum(axis=(0, 1)).min() > 0)
    (True, True)
    """
    rng = np.random.default_rng(random_state)
    kept = rng.random(shape) < density
    classes = np.arange(shape[2])
    kept[rng.integers(shape[0], size=shape[2]), rng.integers(shape[1], size=shape[2]), classes] = 1
    weights = np.where(kept, rng.gamma(concentration, size=shape), 0.0)
    pmf: Floats = weights / weights.sum()
    return pmf


@_warnings.quiet
def histogram(
    shape: Shape,
    n_samples: int,
    *,
    concentration: float = 1.0,
    random_state: RandomState = 0,
) -> Floats:
    """Count samples of a random pmf: relative frequencies with sampling zeros.

    Parameters
    ----------
    shape : tuple of three int
        Numbers of symbols (n_t, n_s, n_y).
    n_samples : int
        Number of samples counted; few samples leave many cells empty.
    concentration : float, default 1.0
        Dirichlet parameter of the pmf that is sampled.
    random_state : int, Generator or None, default 0
        Seed.

    Returns
    -------
    ndarray of float64, shape (n_t, n_s, n_y)
        Multiples of ``1 / n_samples``.

    Examples
    --------
    >>> from pidtools import problems
    >>> pmf = problems.histogram((10, 10, 2), 50)
    >>> int(round(float(pmf.sum() * 50))), bool((pmf == 0).any())
    (50, True)
    """
    rng = np.random.default_rng(random_state)
    pmf = dirichlet(shape, concentration=concentration, random_state=rng)
    return rng.multinomial(n_samples, pmf.ravel()).reshape(shape) / n_samples
