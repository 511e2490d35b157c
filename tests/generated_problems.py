"""Ten thousand small problems of many kinds, for the reliability tests and benchmarks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Pmf = NDArray[np.float64]
Shape = tuple[int, int, int]

N_PROBLEMS = 10_000


def _dirichlet(shape: Shape, rng: np.random.Generator) -> Pmf:
    concentration = 10.0 ** rng.uniform(-2.0, 1.0)
    return rng.dirichlet(np.full(int(np.prod(shape)), concentration)).reshape(shape)


def _histogram(shape: Shape, rng: np.random.Generator) -> Pmf:
    """Quantile-binned correlated Gaussians."""
    n_samples = int(10.0 ** rng.uniform(np.log10(5.0), np.log10(5000.0)))
    latent = rng.normal(size=(3, n_samples)) + rng.uniform(0.0, 2.0) * rng.normal(size=n_samples)
    ranks = latent.argsort(axis=1).argsort(axis=1)
    codes = [row * n // n_samples for row, n in zip(ranks, shape, strict=True)]
    counts = np.zeros(shape)
    np.add.at(counts, tuple(codes), 1.0)
    return counts / n_samples


def _multinomial(shape: Shape, rng: np.random.Generator) -> Pmf:
    n_samples = int(10.0 ** rng.uniform(np.log10(5.0), np.log10(5000.0)))
    return rng.multinomial(n_samples, _dirichlet(shape, rng).ravel()).reshape(shape) / n_samples


def _deterministic(shape: Shape, rng: np.random.Generator) -> Pmf:
    """Y a function of (T, S)."""
    p_ts = _dirichlet((shape[0], shape[1], 1), rng)[:, :, 0]
    labels = rng.integers(shape[2], size=p_ts.shape)
    pmf: Pmf = p_ts[:, :, None] * (labels[:, :, None] == np.arange(shape[2]))
    return pmf


def _copied(shape: Shape, rng: np.random.Generator) -> Pmf:
    """S = T."""
    p_ty = _dirichlet((shape[0], 1, shape[2]), rng)[:, 0]
    return np.eye(shape[0])[:, :, None] * p_ty[:, None, :]


def _block(shape: Shape, rng: np.random.Generator) -> Pmf:
    """Two groups of values of T, S and Y that never meet."""
    p = _dirichlet(shape, rng)
    sides = [np.arange(n) < n // 2 for n in shape]
    meet = np.logical_and.reduce(np.meshgrid(*sides, indexing="ij"))
    p *= meet | np.logical_and.reduce(np.meshgrid(*[~side for side in sides], indexing="ij"))
    return p / p.sum() if p.sum() > 0 else np.full(shape, 1.0 / np.prod(shape))


def _duplicated(shape: Shape, rng: np.random.Generator) -> Pmf:
    """Some values of T and S are proportional to others."""
    p = _dirichlet(shape, rng)
    p = p[rng.integers(shape[0], size=shape[0])] * rng.uniform(0.1, 1.0, (shape[0], 1, 1))
    p = p[:, rng.integers(shape[1], size=shape[1])] * rng.uniform(0.1, 1.0, (shape[1], 1))
    pmf: Pmf = p / p.sum()
    return pmf


def _blackwell(shape: Shape, rng: np.random.Generator) -> Pmf:
    """S is a garbling of T."""
    p_ty = _dirichlet((shape[0], 1, shape[2]), rng)[:, 0]
    channel = rng.dirichlet(np.full(shape[1], 10.0 ** rng.uniform(-1.0, 1.0)), size=shape[0])
    return channel[:, :, None] * p_ty[:, None, :]


def _modular(shape: Shape, rng: np.random.Generator) -> Pmf:
    """Y = T + S modulo the number of classes, T and S independent and uniform."""
    t, s = np.ogrid[: shape[0], : shape[1]]
    pmf: Pmf = np.eye(shape[2])[(t + s) % shape[2]] / (shape[0] * shape[1])
    return pmf


KINDS: tuple[Callable[[Shape, np.random.Generator], Pmf], ...] = (
    _dirichlet, _histogram, _multinomial, _deterministic, _copied, _block, _duplicated, _blackwell,
    _modular,
)  # fmt: skip


def generated_problems(n_problems: int, *, start: int = 0) -> Iterator[tuple[str, Pmf]]:
    """Problems ``start, start + 1, ...``: (kind, pmf); each has its own seed."""
    for seed in range(start, start + n_problems):
        rng = np.random.default_rng(seed)
        shape = (int(rng.integers(2, 13)), int(rng.integers(2, 13)), int(rng.integers(2, 9)))
        kind = KINDS[seed % len(KINDS)]
        yield kind.__name__.strip("_"), kind(shape, rng)
