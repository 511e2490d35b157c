"""Where a name or the data picks an estimator; the information of one source."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pidtools import _progress, _target, _validate, _warnings
from pidtools._cells.binning import Binning, KMeansBinning, Symbols
from pidtools._cells.summary import CellSummary
from pidtools._estimator import (
    Data,
    InformationOf,
    Summary,
    as_read,
    reads_minus_infinity,
    summarised,
)
from pidtools._estimator import Estimator as Estimator
from pidtools._estimator import Pair as Pair
from pidtools._gaussian.estimator import Gaussian
from pidtools._ignored import Counted, IgnoreLabel
from pidtools._information import from_bits
from pidtools._lazy_rows import Source, whole
from pidtools._learning import lessons
from pidtools._probe.estimator import Probe
from pidtools._remarks import Remark, arranged
from pidtools._result import UNITS, Units
from pidtools._target import Target
from pidtools._types import Array, Floats
from pidtools.knn import KNN

BY_NAME: dict[str, Callable[[], Estimator[Any]]] = {
    "symbols": Symbols,
    "binning": Binning,
    "kmeans": KMeansBinning,
    "gaussian": Gaussian,
    "knn": KNN,
    "probe": Probe,
}


def read_target(Y: ArrayLike, estimator: Estimator[Any] | str) -> Target:
    """Clean Y as the kind that the estimator takes; "auto" goes by what Y looks like."""
    kind = _target_of(estimator)
    if kind == "either":
        return _target.decided(Y, by_auto=isinstance(estimator, str) and estimator == "auto")
    return _target.amounts(Y) if kind == "continuous" else _target.labels(Y)


def _target_of(estimator: Estimator[Any] | str) -> str:
    if isinstance(estimator, str):
        _validate.check_choice(estimator, "estimator", ("auto", *BY_NAME))
        return "either" if estimator == "auto" else _target_of(BY_NAME[estimator]())
    return _check_estimator(estimator).target


def choose(
    estimator: Estimator[Any] | str, sources: Mapping[str, Source | Summary], target: Target
) -> Estimator[Any]:
    """The one estimator for clean sources that meet: the one given, or named, or by their kind.

    "auto" follows a summary among them, for only what was summarised in the same way compares.
    """
    if not isinstance(estimator, str):
        return estimator
    if estimator != "auto":
        return BY_NAME[estimator]()
    arrays = {name: X for name, X in sources.items() if not isinstance(X, Summary)}
    summaries = {name: X for name, X in sources.items() if isinstance(X, Summary)}
    only_symbols = all(X.ndim == 1 for X in arrays.values())
    if summaries:
        return _follow(summaries, arrays, only_symbols)
    if target.n_classes is None:
        _refuse_labels_beside_a_layer(arrays, target)
        return Gaussian()
    return Symbols() if only_symbols else Probe()


def _refuse_labels_beside_a_layer(arrays: dict[str, Source], target: Target) -> None:
    """One column of symbols in the place of a layer, and a layer in that of Y: another order."""
    width = target.values[:1].size
    found = next((name for name, X in arrays.items() if X.ndim == 1), None)
    if found is None or width == 1 or "X" in arrays:  # of one source the order does not matter
        return
    raise ValueError(
        f"{found} holds one column that is no float, as labels are, and Y {width} columns of "
        "floats, as a layer is; layers come first and labels last: T, S, Y. If Y is an amount and "
        f'{found} one column of numbers: estimator="gaussian".'
    )


def _follow(
    summaries: dict[str, Summary], arrays: dict[str, Source], only_symbols: bool
) -> Estimator[Any]:
    """What the first summary was made by; plain cells meet symbols as they are."""
    name, first = next(iter(summaries.items()))
    if type(first) is CellSummary and only_symbols:
        return Symbols()
    followed = first.estimator
    if isinstance(followed, Symbols):
        floats = next(other for other, X in arrays.items() if X.ndim > 1)
        raise TypeError(
            f"{floats} holds features and {name} was summarised by {followed!r}, which takes "
            f'symbols only; summarise {name} with estimator="probe", which takes both.'
        )
    return followed


@_warnings.quiet
def summarise(
    X: ArrayLike,
    Y: ArrayLike,
    *,
    estimator: Estimator[Any] | str = "auto",
    groups: ArrayLike | None = None,
    ignore_label: IgnoreLabel = None,
    fit_on: tuple[ArrayLike, ArrayLike] | None = None,
    hears: Sequence[Summary] = (),
    random_state: int | np.random.Generator | None = 0,
    n_jobs: int | None = None,
    progress: bool | None = None,
) -> Summary:
    """All that one representation has to say about Y, for use with many partners.

    Of features with labels: what classifiers can decode from so many rows (usable information).

    Parameters
    ----------
    X : array_like, shape (n_samples,) or (n_samples, n_features)
        Representation.
    Y : array_like, shape (n_samples,) or (n_samples, n_targets)
        Class labels (integers, bools or strings), or floats for a continuous target.
    estimator : str or an estimator
        As in `distillable_knowledge`.
    groups : array_like, shape (n_samples,), or None
        Group of each sample; samples of one group are held out together.
    ignore_label : int, float, str or None
        Label of rows that don't count, as in `distillable_knowledge`.
    fit_on : tuple of array_like or None
        Rows only to learn from, ``(X, Y)``, as in `distillable_knowledge`.
    hears : sequence of Summary
        Summaries of functions of X, such as later layers of the same network or its logits, by
        the probe with the same Y, groups, fit_on, random_state and n_folds. What they say of each
        row joins what classifiers say of X, whose information is then at least theirs, so that
        layers keep their order. A later layer that hears the one after it is enough for X to
        hear. A source that is *not* a function of X adds what X does not hold: the number is then
        of both together.
    random_state : int, numpy.random.Generator or None
        Seed; summaries that meet must have the same.
    n_jobs : int or None
        Workers, as in joblib; the answer does not depend on it.
    progress : bool or None
        Whether to show on standard error how far it is, as in `distillable_knowledge`.

    Returns
    -------
    Summary
        Give it to `distillable_knowledge` in place of T or S.

    Warns
    -----
    PIDWarning
        As `distillable_knowledge`.

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
    counted = Counted.of_labels(ignore_label, Y)
    _validate.check_same_order(X=X, Y=Y, groups=groups)
    X, Y, groups = counted.rows(X, "X"), counted.rows(Y, "Y"), counted.rows(groups, "groups")
    with _progress.shown(_progress.checked(progress)), _progress.step("looking at X"):
        summary = _summarise(X, Y, estimator, random_state, groups, fit_on, hears, n_jobs)
    return dataclasses.replace(
        summary, remarks=arranged((*counted.note(ignore_label), *summary.remarks))
    )


@_warnings.quiet
def mutual_information(
    X: ArrayLike,
    Y: ArrayLike,
    *,
    estimator: Estimator[Any] | str = "auto",
    units: Units = "bits",
    ignore_label: IgnoreLabel = None,
    random_state: int | np.random.Generator | None = 0,
    n_jobs: int | None = None,
) -> float:
    """I(X; Y) between a representation and class labels or a continuous target.

    Parameters
    ----------
    X, Y, estimator, random_state
        As in `summarise`; "auto" takes symbols as they are, and for features the probe (labels) or
        the Gaussian (continuous Y). With "binning" a continuous Y is put into bins like X.
    units : {"bits", "nats"}
        Unit of the result.
    ignore_label : int, float, str or None
        Label of rows that don't count, as in `distillable_knowledge`.
    n_jobs : int or None
        Workers, as in joblib, where the estimator uses them. The result does not depend on it.

    Returns
    -------
    float
        The estimate. It can be negative where the truth is near 0.

    Warns
    -----
    PIDWarning
        As `distillable_knowledge`.

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
    seed = _validate.check_seed(random_state)
    _validate.check_n_jobs(n_jobs)
    _validate.check_same_order(X=X, Y=Y)
    counted = Counted.of_labels(ignore_label, Y)
    X, Y = counted.rows(X, "X"), counted.rows(Y, "Y")
    target = target_of_information(Y, estimator, seed)
    source = _validate.check_source(X, "X", minus_infinity=reads_minus_infinity(estimator))
    _validate.check_same_length(X=source, Y=target.values)
    warn_of_target(target)
    chosen = choose(estimator, {"X": source}, target)
    bits = chosen.information(
        as_read(chosen, source), target.values, random_state=seed, n_jobs=n_jobs
    )
    warn_of_excess(target, X=bits)
    return from_bits(bits, units)


@_warnings.quiet
def mutual_information_by_column(
    X: ArrayLike,
    Y: ArrayLike,
    *,
    estimator: Estimator[Any] | str = "knn",
    units: Units = "bits",
    ignore_label: IgnoreLabel = None,
    random_state: int | np.random.Generator | None = 0,
    n_jobs: int | None = None,
) -> Floats:
    """I(X_j; Y) of each column by itself, as for the choice of features.

    Parameters
    ----------
    X : array_like, shape (n_samples, n_features)
        Features.
    Y, estimator, units, ignore_label, random_state
        As in `mutual_information`, but nearest neighbours unless another estimator is named:
        fast and right in one dimension, and what `mutual_info_classif` does.
    n_jobs : int or None
        Threads over columns, as in joblib. The result does not depend on it.

    Returns
    -------
    ndarray of float64, shape (n_features,)
        The estimates. They can be negative where the truth is near 0.

    Raises
    ------
    ValueError, TypeError
        As `mutual_information`; the message names the column.

    Examples
    --------
    >>> import numpy as np
    >>> import pidtools as pt
    >>> rng = np.random.default_rng(0)
    >>> y = rng.integers(0, 2, 1000)
    >>> X = rng.normal(size=(1000, 2)) + np.outer(y, [9, 0])
    >>> pt.mutual_information_by_column(X, y).round(1).tolist()
    [1.0, -0.0]
    """
    from joblib import Parallel, delayed
    from sklearn.exceptions import ConvergenceWarning

    _validate.check_choice(units, "units", UNITS)
    seed = _validate.check_seed(random_state)
    _validate.check_n_jobs(n_jobs)
    _validate.check_same_order(X=X, Y=Y)
    counted = Counted.of_labels(ignore_label, Y)
    X, Y = counted.rows(X, "X"), counted.rows(Y, "Y")
    target = target_of_information(Y, estimator, seed)
    source = whole(_validate.check_source(X, "X"))
    _validate.check_same_length(X=source, Y=target.values)
    columns = source.reshape(len(source), -1)
    one_column = delayed(_information_of_column)
    # Threads obey the filters of warnings of the main one.
    with _warnings.ignoring(ConvergenceWarning):
        found = Parallel(n_jobs=n_jobs, prefer="threads")(
            one_column(columns, j, target, estimator, seed) for j in range(columns.shape[1])
        )
    warn_of_target(target)
    for _, heard in found:
        for text in heard:
            _warnings.warn(text)
    return np.array([from_bits(bits, units) for bits, _ in found])


@_warnings.quiet
def _information_of_column(
    columns: Array, j: int, target: Target, estimator: Estimator[Any] | str, seed: int
) -> tuple[float, list[Remark]]:
    name, column = f"X[:, {j}]", columns[:, [j]] if columns.dtype.kind == "f" else columns[:, j]
    try:
        with _warnings.collecting() as heard:
            chosen = choose(estimator, {name: column}, target)
            bits = InformationOf(chosen, Data(column, name, None, seed))(target.values)
            warn_of_excess(target, **{name: bits})
    except ValueError as error:
        text = str(error)
        raise ValueError(text if text.startswith(name) else f"{name}: {text}") from error
    return bits, heard


def target_of_information(Y: ArrayLike, estimator: Estimator[Any] | str, seed: int) -> Target:
    """Clean Y; in bins if it is an amount and the estimator is `Binning`."""
    binning = BY_NAME["binning"]() if estimator == "binning" else estimator
    if not isinstance(binning, Binning):
        return read_target(Y, estimator)
    target = _target.decided(Y, by_auto=False)
    if target.n_classes is not None:
        return target
    codes = binning.codes(target.values, random_state=seed)
    return dataclasses.replace(target, values=codes, n_classes=int(codes.max()) + 1)


def warn_of_target(target: Target) -> None:
    """Warn of what in Y is a reason for distrust, a doubtful decision among it."""
    for remark in target.remarks:
        if remark.kind == "warning":
            _warnings.warn(remark)


def warn_of_excess(target: Target, **bits: float) -> None:
    """Warn where an information, by name, is larger than what Y holds."""
    for name, value in bits.items():
        for remark in target.excess(value, name):
            _warnings.warn(remark)


def _summarise(
    X: ArrayLike,
    Y: ArrayLike,
    estimator: Estimator[Any] | str,
    random_state: int | np.random.Generator | None,
    groups: ArrayLike | None,
    fit_on: tuple[ArrayLike, ArrayLike] | None,
    hears: Sequence[Summary],
    n_jobs: int | None,
) -> Summary:
    heard = _checked_heard(hears)
    target = read_target(Y, estimator)
    source = _validate.check_source(X, "X", minus_infinity=reads_minus_infinity(estimator))
    _validate.check_same_length(X=source, Y=target.values)
    warn_of_target(target)
    chosen, seed = choose(estimator, {"X": source}, target), _validate.check_seed(random_state)
    codes = None if groups is None else _validate.check_groups(groups, len(source))
    taught, of_lesson = (
        ({}, ())
        if fit_on is None
        else lessons(fit_on, {"X": source}, Y, target, minus_infinity=chosen.reads_minus_infinity)
    )
    data = Data(source, "X", codes, seed, taught.get("X"))
    n_jobs = _validate.check_n_jobs(n_jobs)
    summary: Summary = summarised(chosen, data, target.values, hears=heard, n_jobs=n_jobs)
    warn_of_excess(target, X=summary.information)
    excess = target.excess(summary.information, "X")
    said = (*target.remarks, *of_lesson, *summary.remarks, *excess)
    return dataclasses.replace(summary, remarks=arranged(said))


def _checked_heard(hears: Any) -> tuple[Summary, ...]:
    if not isinstance(hears, list | tuple):
        hint = "; put it into a list." if isinstance(hears, Summary) else "."
        raise TypeError(f"hears must be a list of summaries; got {type(hears).__name__}{hint}")
    for k, summary in enumerate(hears):
        if not isinstance(summary, Summary):
            raise TypeError(
                f"hears[{k}] must be a Summary, made by pidtools.summarise with this Y; got "
                f"{type(summary).__name__}."
            )
    return tuple(hears)


def _check_estimator(estimator: Any) -> Estimator[Any]:
    if isinstance(estimator, Estimator):
        return estimator
    shown = estimator.__name__ if isinstance(estimator, type) else type(estimator).__name__
    hint = f"; did you mean {shown}()?" if isinstance(estimator, type) else "."
    names = ", ".join(repr(name) for name in ("auto", *BY_NAME))
    raise TypeError(f"estimator must be one of {names} or an estimator object; got {shown}{hint}")
