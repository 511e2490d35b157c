"""Information from nearest neighbours: Kraskov, Ross, Gao, Frenzel-Pompe, Kozachenko-Leonenko.

The tie rule adds no noise. A point whose k-th neighbour stands alone at its distance is treated
as in the papers. A point with k exact copies is an atom: its neighbourhood are the equal rows,
itself included, and the formula is that of counting (Grassberger 1988). Where several points
share the distance of the k-th neighbour (integers, rounded values), they fill a shell between
the next smaller distance and the next larger one, and the k-th of them lies at the depth where
it would be expected among points spread evenly over the shell; the other counts are taken at
that depth. It is what rounding noise would give on average.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import digamma, gammaln

from pidtools import _neighbours, _validate
from pidtools._result import NATS_PER_BIT, Units

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Metric = Literal["chebyshev", "euclidean"]
Scale = Literal["standardise", "whiten", "none"]

METRICS, SCALES = ("chebyshev", "euclidean"), ("standardise", "whiten", "none")
UNITS = ("bits", "nats")
# A column whose deviation is below this share of its values holds rounding, not information.
CONSTANT_SHARE = 1e-12
# Directions of less variance than this share of the largest are dropped by whitening.
RANK_TOLERANCE = 1e-10
# 1 - (canonical correlation)^2 below which X and Y share a component exactly.
COPY_TOLERANCE = 1e-12
# Share of the information that neighbours are expected to keep, below which there is a warning.
TRUSTED_SHARE = 0.9


@dataclass(frozen=True, kw_only=True)
class NeighbourEstimate:
    """An information or entropy from nearest neighbours.

    Attributes
    ----------
    value : float
        The estimate, in `units`; it can be negative where the truth is near 0.
    units : {"bits", "nats"}
        Unit of `value` and `expected_error`.
    n_samples : int
        Points that entered.
    n_tied : int
        Points for which the tie rule applied.
    effective_dimension : float
        Dimension in which the distances of neighbours grow, over all columns together.
    expected_error : float
        Rough size, at least 0, of the amount by which `value` is expected to be too low.
    notes : tuple of str
        Scaling, ties, dimension: what to know before trusting the value.
    """

    value: float
    units: Units
    n_samples: int
    n_tied: int
    effective_dimension: float
    expected_error: float
    notes: tuple[str, ...]


class _Raw(NamedTuple):
    """An estimate in nats and what is needed to judge it."""

    nats: float
    n_samples: int
    n_tied: int
    dimension: float
    notes: tuple[str, ...]


def ksg(
    X: ArrayLike,
    Y: ArrayLike,
    *,
    n_neighbors: int = 3,
    variant: Literal[1, 2] = 1,
    metric: Metric = "chebyshev",
    scale: Scale = "standardise",
    units: Units = "bits",
    n_jobs: int | None = None,
) -> NeighbourEstimate:
    """I(X; Y) of continuous X and Y [1]_.

    Parameters
    ----------
    X, Y : array_like, shape (n_samples,) or (n_samples, n_columns)
        Numbers.
    n_neighbors : int
        Neighbours k, below the number of samples.
    variant : {1, 2}
        First or second estimator of [1]_, equations 8 and 9.
    metric : {"chebyshev", "euclidean"}
        Distance within X and within Y; the larger of the two is the joint distance.
    scale : {"standardise", "whiten", "none"}
        Columns of X and of Y are divided by their standard deviation; or turned and scaled to
        unit covariance; or taken as they are. Information does not depend on it, estimates do.
    units : {"bits", "nats"}
        Unit of the result.
    n_jobs : int or None
        Threads, as in joblib. The result does not depend on it.

    Returns
    -------
    NeighbourEstimate

    Raises
    ------
    ValueError
        For NaN, different lengths, too few samples, or where X fixes a component of Y
        linearly, which makes the information infinite.
    TypeError
        For anything but numbers.

    References
    ----------
    .. [1] A. Kraskov, H. Stögbauer, P. Grassberger, "Estimating mutual information",
       Phys. Rev. E 69, 066138 (2004).

    Examples
    --------
    >>> import numpy as np
    >>> from pidtools import knn
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 2000))
    >>> round(knn.ksg(x, 0.8 * x + 0.6 * noise, units="nats").value, 1)  # truth: 0.511
    0.5
    """
    _check_options(metric, scale, units)
    if variant not in (1, 2):
        raise ValueError(f"variant must be 1 or 2; got {variant!r}.")
    x, y = _clean(X=X, Y=Y)
    k = check_neighbours(n_neighbors, len(x))
    raw = ksg_of_arrays(x, y, k, variant, metric, scale, threads(n_jobs))
    return _estimate(raw, units)


def ross(
    X: ArrayLike,
    Y: ArrayLike,
    *,
    n_neighbors: int = 3,
    metric: Metric = "chebyshev",
    scale: Scale = "standardise",
    units: Units = "bits",
    n_jobs: int | None = None,
) -> NeighbourEstimate:
    """I(X; Y) of continuous X and class labels Y [1]_.

    A class of at most k members is searched with one neighbour fewer than it has members; a
    class of one member is left out. Both are said in the notes.

    Parameters
    ----------
    X : array_like, shape (n_samples,) or (n_samples, n_columns)
        Numbers.
    Y : array_like, shape (n_samples,)
        Class labels: integers, bools or strings.
    n_neighbors, metric, scale, units, n_jobs
        As in `ksg`.

    Returns
    -------
    NeighbourEstimate

    Raises
    ------
    ValueError, TypeError
        As `ksg`, and for labels that look continuous or a single class.

    References
    ----------
    .. [1] B. C. Ross, "Mutual information between discrete and continuous data sets",
       PLoS ONE 9(2), e87357 (2014).

    Examples
    --------
    >>> import numpy as np
    >>> from pidtools import knn
    >>> rng = np.random.default_rng(0)
    >>> y = rng.integers(0, 2, 2000)
    >>> round(knn.ross(rng.normal(size=2000) + 10 * y, y).value, 2)
    1.0
    """
    _check_options(metric, scale, units)
    (x,) = _clean(X=X)
    labels, _ = _validate.check_labels(Y)
    _validate.check_same_length(X=x, Y=labels)
    k = check_neighbours(n_neighbors, len(x))
    raw = ross_of_arrays(x, labels, k, metric, scale, threads(n_jobs))
    return _estimate(raw, units)


def mixture(
    X: ArrayLike,
    Y: ArrayLike,
    *,
    n_neighbors: int = 3,
    metric: Metric = "chebyshev",
    scale: Scale = "standardise",
    units: Units = "bits",
    n_jobs: int | None = None,
) -> NeighbourEstimate:
    """I(X; Y) where either may mix a discrete and a continuous part [1]_, algorithm 1.

    Parameters
    ----------
    X, Y, n_neighbors, metric, scale, units, n_jobs
        As in `ksg`. Labels must be coded as numbers, one column a class if they have no order.

    Returns
    -------
    NeighbourEstimate

    Raises
    ------
    ValueError, TypeError
        As `ksg`.

    References
    ----------
    .. [1] W. Gao, S. Kannan, S. Oh, P. Viswanath, "Estimating mutual information for
       discrete-continuous mixtures", NeurIPS 2017, arXiv 1709.06212.

    Examples
    --------
    Half of the time Y repeats a fair coin X, else both are 0:

    >>> import numpy as np
    >>> from pidtools import knn
    >>> rng = np.random.default_rng(0)
    >>> x = rng.integers(0, 2, 4000) * rng.integers(0, 2, 4000)
    >>> round(knn.mixture(x, x).value, 2)  # H(1/4) = 0.811
    0.81
    """
    _check_options(metric, scale, units)
    x, y = _clean(X=X, Y=Y)
    k = check_neighbours(n_neighbors, len(x))
    raw = _mixture_of_arrays(x, y, k, metric, scale, threads(n_jobs))
    return _estimate(raw, units)


def conditional(
    X: ArrayLike,
    Y: ArrayLike,
    Z: ArrayLike,
    *,
    n_neighbors: int = 3,
    metric: Metric = "chebyshev",
    scale: Scale = "standardise",
    units: Units = "bits",
    n_jobs: int | None = None,
) -> NeighbourEstimate:
    """I(X; Y | Z) of continuous variables [1]_.

    Parameters
    ----------
    X, Y, Z : array_like, shape (n_samples,) or (n_samples, n_columns)
        Numbers.
    n_neighbors, metric, scale, units, n_jobs
        As in `ksg`.

    Returns
    -------
    NeighbourEstimate

    Raises
    ------
    ValueError, TypeError
        As `ksg`.

    References
    ----------
    .. [1] S. Frenzel, B. Pompe, "Partial mutual information for coupling analysis of
       multivariate time series", Phys. Rev. Lett. 99, 204101 (2007).

    Examples
    --------
    >>> import numpy as np
    >>> from pidtools import knn
    >>> x, z, noise = np.random.default_rng(0).normal(size=(3, 2000))
    >>> abs(knn.conditional(x + z, z + noise, z).value) < 0.1
    True
    """
    _check_options(metric, scale, units)
    x, y, z = _clean(X=X, Y=Y, Z=Z)
    k = check_neighbours(n_neighbors, len(x))
    raw = _conditional_of_arrays(x, y, z, k, metric, scale, threads(n_jobs))
    return _estimate(raw, units)


def entropy(
    X: ArrayLike,
    *,
    n_neighbors: int = 3,
    metric: Metric = "chebyshev",
    scale: Scale = "standardise",
    units: Units = "bits",
    n_jobs: int | None = None,
) -> NeighbourEstimate:
    """Differential entropy h(X) [1]_, in the form of Kraskov et al. (2004), equation 20.

    Parameters
    ----------
    X : array_like, shape (n_samples,) or (n_samples, n_columns)
        Numbers without ties.
    n_neighbors, metric, scale, units, n_jobs
        As in `ksg`; the entropy is that of `X` itself, whatever the scale.

    Returns
    -------
    NeighbourEstimate

    Raises
    ------
    ValueError
        As `ksg`, and where a point has `n_neighbors` exact copies or a column is constant,
        which makes the entropy minus infinity.
    TypeError
        As `ksg`.

    References
    ----------
    .. [1] L. F. Kozachenko, N. N. Leonenko, "Sample estimate of the entropy of a random
       vector", Probl. Inf. Transm. 23, 9 (1987).

    Examples
    --------
    >>> import numpy as np
    >>> from pidtools import knn
    >>> x = np.random.default_rng(0).uniform(0, 4, size=4000)
    >>> round(knn.entropy(x).value, 1)
    2.0
    """
    _check_options(metric, scale, units)
    (x,) = _clean(X=X)
    k = check_neighbours(n_neighbors, len(x))
    return _estimate(_entropy_of_array(x, k, metric, scale, threads(n_jobs)), units)


def ksg_of_arrays(
    x: Floats, y: Floats, k: int, variant: int, metric: str, scale: str, n_jobs: int
) -> _Raw:
    """`ksg` behind the door, in nats."""
    (x, y), notes = rescale(scale, X=x, Y=y)
    if not (x.size and y.size):
        return _Raw(0.0, len(x), 0, 0.0, notes)
    refuse_copies(x, y)
    euclidean, n = metric == "euclidean", len(x)
    found = _neighbours.nearest(_neighbours.grow(x, y, euclidean=euclidean), k, n_jobs=n_jobs)
    ball = _Ball.of(found)
    in_x = ball.count(x, euclidean=euclidean, n_jobs=n_jobs)
    in_y = ball.count(y, euclidean=euclidean, n_jobs=n_jobs)
    n_x, n_y = _share_shells(ball.reached, in_x, in_y)
    terms = digamma(ball.joint) - digamma(n_x) - digamma(n_y)
    if variant == 2:
        clear = ~ball.tied & (in_x[1] + in_y[1] == 0)
        terms[clear] = _second_terms(x, y, found, k, euclidean, n_jobs)[clear]
    nats = digamma(n) + terms.mean()
    return _Raw(
        float(nats), n, int(ball.tied.sum()), dimension_of(found.distances, euclidean), notes
    )


def _second_terms(
    x: Floats, y: Floats, found: _neighbours.Nearest, k: int, euclidean: bool, n_jobs: int
) -> Floats:
    """Equation 9: closed intervals that just hold the neighbours in x and in y alone."""
    counts = [
        _neighbours.count_within(
            part, radii=_reach(part, found.rows, euclidean), euclidean=euclidean, n_jobs=n_jobs
        ).counts
        for part in (x, y)
    ]
    terms: Floats = digamma(k) - 1 / k - digamma(counts[0] - 1) - digamma(counts[1] - 1)
    return terms


def ross_of_arrays(x: Floats, labels: Codes, k: int, metric: str, scale: str, n_jobs: int) -> _Raw:
    """`ross` behind the door, in nats."""
    keep, small = _members(labels, k)
    x, labels = x[keep], np.unique(labels[keep], return_inverse=True)[1]
    (x,), notes = rescale(scale, X=x)
    n, euclidean = len(x), metric == "euclidean"
    if not x.size:
        return _Raw(0.0, n, 0, 0.0, (*notes, *small))
    sizes = np.bincount(labels)
    balls, dimension = _balls_within_classes(x, labels, sizes, k, euclidean, n_jobs)
    inside, shell = balls.count(x, euclidean=euclidean, n_jobs=n_jobs)
    near = inside + balls.reached * shell
    nats = digamma(n) + np.mean(digamma(balls.joint) - digamma(near)) - digamma(sizes) @ sizes / n
    return _Raw(float(nats), n, int(balls.tied.sum()), dimension, (*notes, *small))


def _balls_within_classes(
    x: Floats, labels: Codes, sizes: Codes, k: int, euclidean: bool, n_jobs: int
) -> tuple[_Ball, float]:
    """Neighbourhoods among the points of the same class, and the effective dimension."""
    order, parts, growth = np.argsort(labels, kind="stable"), [], _Growth()
    for rows in np.split(order, np.cumsum(sizes)[:-1]):
        tree = _neighbours.grow(x[rows], euclidean=euclidean)
        found = _neighbours.nearest(tree, min(k, len(rows) - 1), n_jobs=n_jobs)
        growth.add(found.distances)
        parts.append(_Ball.of(found))
    back = np.argsort(order, kind="stable")
    joined = (np.concatenate(field)[back] for field in zip(*parts, strict=True))
    return _Ball(*joined), growth.dimension(euclidean)


def _mixture_of_arrays(x: Floats, y: Floats, k: int, metric: str, scale: str, n_jobs: int) -> _Raw:
    (x, y), notes = rescale(scale, X=x, Y=y)
    if not (x.size and y.size):
        return _Raw(0.0, len(x), 0, 0.0, notes)
    refuse_copies(x, y)
    n, euclidean = len(x), metric == "euclidean"
    found = _neighbours.nearest(_neighbours.grow(x, y, euclidean=euclidean), k, n_jobs=n_jobs)
    radii = found.distances[:, -1]
    atoms = radii == 0
    joint = np.where(atoms, k + found.tied, k)
    n_x = _neighbours.count_within(x, radii=radii, euclidean=euclidean, n_jobs=n_jobs).counts
    n_y = _neighbours.count_within(y, radii=radii, euclidean=euclidean, n_jobs=n_jobs).counts
    nats = np.log(n) + np.mean(digamma(joint) - np.log(n_x) - np.log(n_y))
    return _Raw(float(nats), n, int(atoms.sum()), dimension_of(found.distances, euclidean), notes)


def _conditional_of_arrays(
    x: Floats, y: Floats, z: Floats, k: int, metric: str, scale: str, n_jobs: int
) -> _Raw:
    (x, y, z), notes = rescale(scale, X=x, Y=y, Z=z)
    if not z.size:
        raw = ksg_of_arrays(x, y, k, 1, metric, "none", n_jobs)
        return raw._replace(notes=notes)
    if not (x.size and y.size):
        return _Raw(0.0, len(x), 0, 0.0, notes)
    refuse_copies(x, y)
    euclidean, n = metric == "euclidean", len(x)
    tree = _neighbours.grow(x, y, z, euclidean=euclidean)
    found = _neighbours.nearest(tree, k, n_jobs=n_jobs)
    ball = _Ball.of(found)
    n_xz, n_yz, n_z = (
        inside + ball.reached * shell
        for inside, shell in (
            ball.count(*part, euclidean=euclidean, n_jobs=n_jobs) for part in ((x, z), (y, z), (z,))
        )
    )
    nats = np.mean(digamma(ball.joint) - digamma(n_xz) - digamma(n_yz) + digamma(n_z))
    return _Raw(
        float(nats), n, int(ball.tied.sum()), dimension_of(found.distances, euclidean), notes
    )


def _entropy_of_array(x: Floats, k: int, metric: str, scale: str, n_jobs: int) -> _Raw:
    (scaled,), notes = rescale("standardise" if scale == "whiten" else scale, X=x)
    n, d = x.shape
    if scaled.shape[1] < d:
        raise ValueError("X has a constant column, so its entropy is minus infinity; drop it.")
    euclidean = metric == "euclidean"
    found = _neighbours.nearest(_neighbours.grow(scaled, euclidean=euclidean), k, n_jobs=n_jobs)
    radii = found.distances[:, -1]
    if (radii == 0).any():
        raise ValueError(
            f"X holds {int((radii == 0).sum())} rows with at least {k} exact copies, so its "
            "entropy is minus infinity; take it as symbols, or raise n_neighbors."
        )
    logs = np.log(radii) / 2 if euclidean else np.log(radii)
    ball = d / 2 * np.log(np.pi) - gammaln(d / 2 + 1) if euclidean else d * np.log(2)
    spread = np.log(_deviations(x) / _deviations(scaled)).sum()
    nats = digamma(n) - digamma(k) + ball + d * logs.mean() + spread
    n_tied = int((found.tied > 0).sum())
    return _Raw(float(nats), n, n_tied, dimension_of(found.distances, euclidean), notes)


class _Ball(NamedTuple):
    """The neighbourhood of each point, by the tie rule."""

    radii: Floats  # distance of the k-th neighbour
    joint: Codes  # points of the neighbourhood, as digamma wants them
    atoms: NDArray[np.bool_]
    tied: NDArray[np.bool_]  # whether others are exactly as far as the k-th neighbour
    reached: Floats  # share of the points at that distance up to the k-th neighbour

    @classmethod
    def of(cls, found: _neighbours.Nearest) -> _Ball:
        radii, k = found.distances[:, -1], found.distances.shape[1]
        atoms = radii == 0
        n_inside = (found.distances < radii[:, None]).sum(axis=1)
        in_shell = k - n_inside + found.tied
        return cls(
            radii=radii,
            joint=np.where(atoms, k + found.tied + 1, k),
            atoms=atoms,
            tied=atoms | (found.tied > 0),
            reached=(k - n_inside) / (in_shell + 1),
        )

    def count(self, *groups: Floats, euclidean: bool, n_jobs: int) -> tuple[Floats, Floats]:
        """Points strictly nearer than the k-th neighbour, itself included, and in its shell.

        The shell leaves out the k-th neighbour, so it is empty without ties. An atom counts
        whole.
        """
        found = _neighbours.count_within(
            *groups, radii=self.radii, euclidean=euclidean, n_jobs=n_jobs
        )
        inside = np.where(self.atoms, found.counts, found.counts - found.on)
        shell = np.where(self.atoms, 0, np.maximum(found.on - 1, 0))
        return inside.astype(np.float64), shell.astype(np.float64)


def _share_shells(
    reached: Floats, x: tuple[Floats, Floats], y: tuple[Floats, Floats]
) -> tuple[Floats, Floats]:
    """Marginal counts at the depth of the shell where the k-th neighbour is expected.

    It is the depth at which the product of both counts, which is how the joint count grows
    where the density is flat, has grown by the share `reached`.
    """
    a, b = x[1] * y[1], x[1] * y[0] + y[1] * x[0]
    c = reached * (a + b)
    root = b + np.sqrt(b * b + 4 * a * c)
    depth = 2 * c / np.where(root > 0, root, 1.0)
    return x[0] + depth * x[1], y[0] + depth * y[1]


def _reach(x: Floats, rows: Codes, euclidean: bool) -> Floats:
    """Largest distance in x alone among the joint neighbours."""
    reach = np.zeros(len(x))
    for neighbour in rows.T:
        distance = np.zeros(len(x))
        for column in x.T:  # the additions of the kernel, in its order
            gap = np.abs(column - column[neighbour])
            distance = distance + gap * gap if euclidean else np.maximum(distance, gap)
        reach = np.maximum(reach, distance)
    return reach


class _Growth:
    """Sums from which the dimension follows (Levina and Bickel 2004; MacKay and Ghahramani)."""

    def __init__(self) -> None:
        self.logs, self.n = 0.0, 0

    def add(self, distances: Floats) -> None:
        """Take in the distances to the nearest others, (n, k) in rising order."""
        apart = distances[distances[:, 0] > 0]
        self.logs += float(np.log(apart[:, -1:] / apart[:, :-1]).sum())
        self.n += apart[:, :-1].size

    def dimension(self, euclidean: bool) -> float:
        """Dimension in which the number of neighbours grows; 0 if nothing shows it."""
        if self.logs == 0:
            return 0.0
        return self.n / self.logs * (2 if euclidean else 1)


def dimension_of(distances: Floats, euclidean: bool) -> float:
    """Effective dimension seen by the nearest others; 0 with fewer than two of them."""
    growth = _Growth()
    growth.add(distances)
    return growth.dimension(euclidean)


def rescale(scale: str, **sources: Floats) -> tuple[list[Floats], tuple[str, ...]]:
    """Sources in the scale asked for, without their constant columns, and what was done."""
    notes, scaled = [], []
    for name, source in sources.items():
        # Shifted first, so that a large offset does not hide the deviation.
        centred = source - source.mean(axis=0)
        deviations = _deviations(centred)
        varies = deviations > CONSTANT_SHARE * np.abs(source).max(axis=0)
        if not varies.all():
            notes.append(f"{name}: {int((~varies).sum())} constant columns left out.")
        centred, deviations = centred[:, varies], deviations[varies]
        if scale == "standardise":
            centred = centred / deviations
        elif scale == "whiten" and centred.size:
            centred = _whiten(centred / deviations)
        scaled.append(centred)
    if scale == "none":
        scaled = _bring_into_range(scaled)
    notes.append(_SCALE_NOTES[scale])
    return scaled, tuple(notes)


_SCALE_NOTES = {
    "standardise": "Columns were divided by their standard deviations.",
    "whiten": "Columns of each source were turned and scaled to unit covariance.",
    "none": "Columns were taken in the units they came in; neighbours depend on those.",
}


def _deviations(x: Floats) -> Floats:
    deviations: Floats = x.std(axis=0)
    return deviations


def _whiten(x: Floats) -> Floats:
    """Unit covariance; equal rows stay equal to the bit, which products need not grant."""
    rows, back = np.unique(x, axis=0, return_inverse=True)
    variances, axes = np.linalg.eigh(x.T @ x / len(x))
    kept = variances > RANK_TOLERANCE * variances[-1]
    whitened: Floats = (rows @ (axes[:, kept] / np.sqrt(variances[kept])))[back.ravel()]
    return whitened


def _bring_into_range(sources: list[Floats]) -> list[Floats]:
    """Divide all by one power of two, which changes no digit."""
    largest = max((float(np.abs(x).max()) for x in sources if x.size), default=0.0)
    return [np.ldexp(x, -int(np.frexp(largest)[1])) for x in sources] if largest else sources


def refuse_copies(x: Floats, y: Floats) -> None:
    """Refuse sources that share a linear component exactly, unless it is discrete."""
    if len(x) <= x.shape[1] + y.shape[1] + 1 or not (_is_spread(x) and _is_spread(y)):
        return
    u, v = _whiten_quickly(x), _whiten_quickly(y)
    correlation = np.linalg.norm(u.T @ v / len(x), 2)
    if 1 - correlation**2 < COPY_TOLERANCE:
        raise ValueError(
            "X and Y share a component exactly (a column, or a linear combination of columns, "
            "of one is one of the other), so their information is infinite; drop that component "
            "from one of them or add the noise that the question is about."
        )


def _is_spread(x: Floats) -> bool:
    """Whether some column looks continuous: most of its values are distinct."""
    return any(len(np.unique(column)) > len(x) / 2 for column in x.T)


def _whiten_quickly(x: Floats) -> Floats:
    centred = x - x.mean(axis=0)
    variances, axes = np.linalg.eigh(centred.T @ centred / len(x))
    kept = variances > 1e-6 * variances[-1]
    whitened: Floats = centred @ (axes[:, kept] / np.sqrt(variances[kept]))
    return whitened


def _members(labels: Codes, k: int) -> tuple[NDArray[np.bool_], tuple[str, ...]]:
    """Rows of classes with at least two members, and a note on the small ones."""
    sizes = np.bincount(labels)
    n_alone, n_small = int((sizes == 1).sum()), int(((sizes > 1) & (sizes <= k)).sum())
    if (sizes <= 1).all():
        raise ValueError(
            "Y has one sample in every class; nearest neighbours need at least two in some."
        )
    notes = []
    if n_small:
        notes.append(
            f"{n_small} classes have at most n_neighbors={k} samples and were searched with "
            "fewer neighbours."
        )
    if n_alone:
        notes.append(f"{n_alone} classes with a single sample were left out.")
    keep: NDArray[np.bool_] = (sizes > 1)[labels]
    return keep, tuple(notes)


def check_neighbours(n_neighbors: object, n_samples: int) -> int:
    """Return k, at least 1 and below the number of samples."""
    k = _validate.check_integer(n_neighbors, "n_neighbors", minimum=1)
    if k >= n_samples:
        raise ValueError(
            f"n_neighbors={k} needs at least {k + 1} samples; got {n_samples}. Pass more samples "
            "or choose fewer neighbours."
        )
    return k


def threads(n_jobs: int | None) -> int:
    """Number of threads that `n_jobs` means, as joblib counts."""
    from joblib import effective_n_jobs

    if n_jobs == 0:
        raise ValueError("n_jobs must be a positive number, -1 for all cores, or None; got 0.")
    return int(effective_n_jobs(n_jobs))


def share_kept(dimension: float, n_samples: int) -> float:
    """Share of the information that neighbours see, from simulations.

    Pairs of normal vectors with 0.5 to 2 nats over 1 to 64 columns, and two to a hundred
    normal classes, at 500 to 20,000 samples; the formula is off by up to 0.15.
    """
    return 1 / (1 + (dimension / (2.5 * np.log(n_samples))) ** 1.5)


def judge(raw: _Raw) -> tuple[float, tuple[str, ...]]:
    """Expected shortfall in bits, and all there is to say about an estimate."""
    share = share_kept(raw.dimension, raw.n_samples)
    bits = raw.nats / NATS_PER_BIT
    missing = float(max(bits, 0.0) * (1 / share - 1))
    notes = list(raw.notes)
    if raw.n_tied:
        notes.append(
            f"{raw.n_tied} of {raw.n_samples} samples are tied with others at the distance of "
            "their last neighbour; the tie rule applied there."
        )
    if bits < 0:
        notes.append("The estimate is negative, which no information is: sampling error about 0.")
    return missing, tuple(notes)


def _estimate(raw: _Raw, units: Units) -> NeighbourEstimate:
    missing, notes = judge(raw)
    factor = NATS_PER_BIT if units == "nats" else 1.0
    return NeighbourEstimate(
        value=raw.nats if units == "nats" else raw.nats / NATS_PER_BIT,
        units=units,
        n_samples=raw.n_samples,
        n_tied=raw.n_tied,
        effective_dimension=raw.dimension,
        expected_error=missing * factor,
        notes=notes,
    )


def _check_options(metric: str, scale: str, units: str) -> None:
    _validate.check_choice(metric, "metric", METRICS)
    _validate.check_choice(scale, "scale", SCALES)
    _validate.check_choice(units, "units", UNITS)


def _clean(**sources: ArrayLike) -> list[Floats]:
    """Numbers of shape (n, d) in double precision, one row a sample in all of them."""
    clean = {name: as_numbers(_validate.check_source(X, name), name) for name, X in sources.items()}
    if len(clean) > 1:
        _validate.check_same_length(**clean)
    return list(clean.values())


def as_numbers(source: NDArray[Any], name: str) -> Floats:
    """Features (n, d) in double precision of a clean source."""
    if source.dtype.kind in "US":
        raise TypeError(f'{name} holds strings; use estimator="symbols" for it.')
    return source.reshape(len(source), -1).astype(np.float64)
