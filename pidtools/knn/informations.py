"""Informations and entropies of arrays from nearest neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from numpy.typing import ArrayLike

from pidtools import _validate, _warnings
from pidtools._information import from_bits
from pidtools._lazy_rows import whole
from pidtools._notebook import InALine
from pidtools._remarks import Remark, Remarked, arranged
from pidtools._result import NATS_PER_BIT, UNITS, Units, in_line
from pidtools._types import Floats
from pidtools.knn.formulas import (
    Raw,
    check_neighbours,
    conditional_of_arrays,
    entropy_of_array,
    judge,
    ksg_of_arrays,
    mixture_of_arrays,
    ross_of_arrays,
)
from pidtools.knn.scaling import as_numbers
from pidtools.knn.threads import threads

Metric = Literal["chebyshev", "euclidean"]
Scale = Literal["standardise", "whiten", "none"]

METRICS, SCALES = ("chebyshev", "euclidean"), ("standardise", "whiten", "none")


@dataclass(frozen=True, kw_only=True, repr=False)
class NeighbourEstimate(Remarked, InALine):
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
    remarks : tuple of Remark
        Shown as `notes`, what limits the value, and ``details()``, how scales and ties were taken.
    """

    value: float
    units: Units
    n_samples: int
    n_tied: int
    effective_dimension: float
    expected_error: float
    remarks: tuple[Remark, ...]

    def _brief(self) -> str:
        return (
            f"value={in_line(self.value)} {self.units}, n_samples={self.n_samples}, "
            f"effective_dimension={self.effective_dimension:.3g}, "
            f"expected_error={in_line(self.expected_error)}"
        )


@_warnings.quiet
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
    check_options(metric, scale, units)
    if variant not in (1, 2):
        raise ValueError(f"variant must be 1 or 2; got {variant!r}.")
    x, y = _clean(X=X, Y=Y)
    k = check_neighbours(n_neighbors, len(x))
    raw = ksg_of_arrays(x, y, k, variant, metric, scale, threads(n_jobs))
    return _estimate(raw, units)


@_warnings.quiet
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
    check_options(metric, scale, units)
    (x,) = _clean(X=X)
    labels, _ = _validate.check_labels(Y)
    _validate.check_same_length(X=x, Y=labels)
    k = check_neighbours(n_neighbors, len(x))
    raw = ross_of_arrays(x, labels, k, metric, scale, threads(n_jobs))
    return _estimate(raw, units)


@_warnings.quiet
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
    >>> round(knn.mixture(x, x).value, 1)  # H(1/4) = 0.811
    0.8
    """
    check_options(metric, scale, units)
    x, y = _clean(X=X, Y=Y)
    k = check_neighbours(n_neighbors, len(x))
    raw = mixture_of_arrays(x, y, k, metric, scale, threads(n_jobs))
    return _estimate(raw, units)


@_warnings.quiet
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
    check_options(metric, scale, units)
    x, y, z = _clean(X=X, Y=Y, Z=Z)
    k = check_neighbours(n_neighbors, len(x))
    raw = conditional_of_arrays(x, y, z, k, metric, scale, threads(n_jobs))
    return _estimate(raw, units)


@_warnings.quiet
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
    check_options(metric, scale, units)
    (x,) = _clean(X=X)
    k = check_neighbours(n_neighbors, len(x))
    return _estimate(entropy_of_array(x, k, metric, scale, threads(n_jobs)), units)


def _estimate(raw: Raw, units: Units) -> NeighbourEstimate:
    missing, remarks = judge(raw)
    return NeighbourEstimate(
        value=raw.nats if units == "nats" else raw.nats / NATS_PER_BIT,
        units=units,
        n_samples=raw.n_samples,
        n_tied=raw.n_tied,
        effective_dimension=raw.dimension,
        expected_error=from_bits(missing, units),
        remarks=arranged(remarks),
    )


def check_options(metric: str, scale: str, units: str) -> None:
    """Refuse what is no metric, scale or unit."""
    _validate.check_choice(metric, "metric", METRICS)
    _validate.check_choice(scale, "scale", SCALES)
    _validate.check_choice(units, "units", UNITS)


def _clean(**sources: ArrayLike) -> list[Floats]:
    """Numbers of shape (n, d) in double precision, one row a sample in all of them."""
    clean = {
        name: as_numbers(whole(_validate.check_source(X, name)), name)
        for name, X in sources.items()
    }
    if len(clean) > 1:
        _validate.check_same_length(**clean)
    return list(clean.values())
