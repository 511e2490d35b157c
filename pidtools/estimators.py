"""Where a name or the data picks an estimator; the information of one source."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pidtools import _validate
from pidtools._information import from_bits
from pidtools._result import PID, UNITS, Summary, Units
from pidtools.binning import Binning, KMeansBinning, Symbols


class Estimator(Protocol):
    """What an estimator does. It sees one source at a time; arrays are clean already."""

    def summarise(
        self,
        X: NDArray[Any],
        labels: NDArray[np.int64],
        *,
        random_state: int = 0,
        name: str = "X",
    ) -> Summary:
        """All that `X` has to say about the labels."""
        ...

    def decompose(self, summary_t: Any, summary_s: Any) -> PID:
        """Redundancy and uniques in bits from two summaries; synergy is None."""
        ...

    def joint_information(self, summary_t: Any, summary_s: Any) -> float:
        """I(Y; T, S) in bits, for the synergy."""
        ...


BY_NAME: dict[str, Callable[[], Estimator]] = {
    "symbols": Symbols,
    "binning": Binning,
    "kmeans": KMeansBinning,
}


def choose(estimator: Estimator | str, X: NDArray[Any]) -> Estimator:
    """The estimator for a clean source: the one given, the one named, or by its kind."""
    if not isinstance(estimator, str):
        return _check_estimator(estimator)
    _validate.check_choice(estimator, "estimator", ("auto", *BY_NAME))
    if estimator == "auto":
        return Symbols() if X.ndim == 1 else KMeansBinning()
    return BY_NAME[estimator]()


def summarise(
    X: ArrayLike,
    Y: ArrayLike,
    *,
    estimator: Estimator | str = "auto",
    random_state: int | np.random.Generator | None = 0,
) -> Summary:
    """All that one representation has to say about Y, for use with many partners.

    Parameters
    ----------
    X : array_like, shape (n_samples,) or (n_samples, n_features)
        Representation.
    Y : array_like, shape (n_samples,)
        Class labels: integers, bools or strings.
    estimator : {"auto", "symbols", "binning", "kmeans"} or an estimator
        As in `distillable_knowledge`.
    random_state : int, numpy.random.Generator or None
        Seed.

    Returns
    -------
    Summary
        Give it to `distillable_knowledge` in place of T or S.

    Raises
    ------
    ValueError, TypeError
        As `distillable_knowledge`.

    Examples
    --------
    >>> import pidtools as pt
    >>> teacher = pt.summarise([0, 0, 1, 1] * 50, [0, 1, 1, 1] * 50)
    >>> round(teacher.information, 6)
    0.311278
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        summary = _summarise(X, Y, estimator, random_state)
    pass_on(caught)
    return summary


def mutual_information(
    X: ArrayLike,
    Y: ArrayLike,
    *,
    estimator: Estimator | str = "auto",
    units: Units = "bits",
    random_state: int | np.random.Generator | None = 0,
) -> float:
    """I(X; Y) between a representation and class labels.

    Parameters
    ----------
    X, Y, estimator, random_state
        As in `summarise`.
    units : {"bits", "nats"}
        Unit of the result.

    Returns
    -------
    float
        The estimate.

    Raises
    ------
    ValueError, TypeError
        As `distillable_knowledge`.

    Examples
    --------
    >>> import pidtools as pt
    >>> round(pt.mutual_information(["a", "b"] * 100, [0, 1] * 100), 9)
    1.0
    """
    _validate.check_choice(units, "units", UNITS)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        summary = _summarise(X, Y, estimator, random_state)
    pass_on(caught)
    return from_bits(summary.information, units)


def pass_on(caught: list[warnings.WarningMessage]) -> None:
    """Repeat what was warned of, at the line that called the caller of this function."""
    for warning in caught:
        warnings.warn(warning.message, stacklevel=3)


def _summarise(
    X: ArrayLike,
    Y: ArrayLike,
    estimator: Estimator | str,
    random_state: int | np.random.Generator | None,
) -> Summary:
    source = _validate.check_source(X, "X")
    labels, _ = _validate.check_labels(Y)
    _validate.check_same_length(X=source, Y=labels)
    seed = _validate.check_seed(random_state)
    return choose(estimator, source).summarise(source, labels, random_state=seed, name="X")


def _check_estimator(estimator: Any) -> Estimator:
    steps = ("summarise", "decompose", "joint_information")
    if isinstance(estimator, type) or not all(hasattr(estimator, step) for step in steps):
        shown = estimator.__name__ if isinstance(estimator, type) else type(estimator).__name__
        hint = f"; did you mean {shown}()?" if isinstance(estimator, type) else "."
        names = ", ".join(repr(name) for name in ("auto", *BY_NAME))
        raise TypeError(
            f"estimator must be one of {names} or an estimator object; got {shown}{hint}"
        )
    checked: Estimator = estimator
    return checked
