"""Layer by layer: what each layer of a teacher still has to give each layer of its student."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pidtools import _progress, _warnings
from pidtools._cache import Cache
from pidtools._estimator import Estimator, Summary
from pidtools._ignored import IgnoreLabel
from pidtools._layers import DistillationMap, LayerPair
from pidtools._measuring import (
    N_AT_BORDER,
    TESTED,
    Options,
    Uncertainty,
    best_of,
    decompose,
    look,
)
from pidtools._remarks import Remark, of_table, without
from pidtools._result import Units
from pidtools._validate import check_named

TEACHER, STUDENT = "teacher", "student"


@_warnings.quiet
def distillation_map(
    teacher_layers: Mapping[str, ArrayLike | Summary | Path],
    student_layers: Mapping[str, ArrayLike | Summary | Path],
    Y: ArrayLike,
    *,
    estimator: Estimator[Any] | str = "auto",
    units: Units = "bits",
    confidence_level: float | None = None,
    n_resamples: int = 200,
    uncertainty: Uncertainty = "analytic",
    groups: ArrayLike | None = None,
    ignore_label: IgnoreLabel = None,
    synergy: bool = False,
    ordered: bool = False,
    random_state: int | np.random.Generator | None = 0,
    n_jobs: int | None = None,
    cache_dir: str | PathLike[str] | None = None,
    progress: bool | None = None,
) -> DistillationMap:
    r"""Measure what each layer of a teacher still has to give each layer of its student.

    Each layer is looked at once; a pair costs no more than the solve of two small tables, so that
    the cost grows with the number of layers, not with that of pairs.

    Parameters
    ----------
    teacher_layers, student_layers : mapping of str to array_like or Summary
        Layers by name, for the same rows: arrays of shape (n_samples,) or
        (n_samples, n_features), memory maps among them, addresses of files
        (``"t.npz:layer4"``), what `activations.layers` finds in one, or what `summarise` made of
        them. A teacher layer and a student layer may have the same name. The last student layer
        given is what `best` ranks against.
    Y : array_like, shape (n_samples,) or (n_samples, n_targets)
        Class labels, or a continuous target.
    estimator, units, n_resamples, groups, ignore_label, random_state
        As in `distillable_knowledge`.
    confidence_level : float or None
        Confidence of the intervals, such as 0.95; None gives none, and no `best`.
    uncertainty : {"analytic", "bootstrap"}
        As in `distillable_knowledge`, but that the pairs at a border share 25 resamples without
        fits anew. Estimators whose atoms don't come from tables need "bootstrap".
    synergy : bool
        Whether to estimate the synergy of every pair, which with a `Probe` takes a fit to both
        layers a pair.
    ordered : bool
        Whether the layers of each network are given first to last, each a function of the one
        before. Each layer then hears the later ones of its own network, so that information falls
        from layer to layer; see `hears` of `summarise`. With a `Probe` only.
    n_jobs : int or None
        Workers, as in joblib: for layers, or within them where they hear each other. The answer
        does not depend on it.
    cache_dir : str, path-like or None
        Folder where finished layers, and pairs with their synergy, are kept, so that a call that
        was interrupted goes on where it stopped; made where there is none. Trust it as you trust
        code: entries are pickles.
    progress : bool or None
        Whether to show on standard error how far it is, as in `distillable_knowledge`.

    Returns
    -------
    DistillationMap
        A row a pair: an answer with its interval and notes, or an error. A layer that fails
        leaves the others.

    Warns
    -----
    PIDWarning
        As `distillable_knowledge`.

    Raises
    ------
    ValueError, TypeError, PIDError
        As `distillable_knowledge`, but for what is wrong with a layer alone, such as another number
        of rows than Y; also if a mapping is empty or is none, or if no layer has the rows of Y.

    Examples
    --------
    The teacher's first layer knows both bits of the label, its last one the second:

    >>> import numpy as np
    >>> import pidtools as pt
    >>> y = np.arange(2000) % 4
    >>> m = pt.distillation_map(
    ...     {"conv": y, "head": y % 2}, {"h1": y // 2, "h2": y % 2}, y, confidence_level=0.95
    ... )
    >>> m.matrix("distillable").round(6) + 0.0
    array([[1., 1.],
           [1., 0.]])
    >>> m["head", "h2"].distillable < 1e-6, m.best().layers
    (True, ('conv',))
    """
    options = Options.checked(units, confidence_level, n_resamples, progress, uncertainty)
    cache = Cache.of(cache_dir)
    teachers = check_named(teacher_layers, "teacher_layers", "layer")
    students = check_named(student_layers, "student_layers", "layer")
    named_t = {f"{TEACHER} {name}": X for name, X in teachers.items()}
    named_s = {f"{STUDENT} {name}": X for name, X in students.items()}
    titles = {own: own.split(" ", 1)[1] for own in (*named_t, *named_s)}
    sources = {**named_t, **named_s}
    pairs = [(t, s) for t in named_t for s in named_s]
    if ordered:  # a layer comes after those it hears
        sources = dict(reversed(sources.items()))
    with _progress.shown(options.progress):
        seen = look(
            sources,
            Y,
            estimator=estimator,
            groups=groups,
            ignore_label=ignore_label,
            random_state=random_state,
            n_jobs=n_jobs,
            hears={**_later(list(named_t)), **_later(list(named_s))} if ordered else None,
            tolerant=True,
            cache=cache,
            ahead=options.ahead(pairs, synergy=synergy),
        )
        measured = decompose(
            seen,
            pairs,
            options=dataclasses.replace(options, n_at_border=N_AT_BORDER),
            synergy=synergy,
            n_jobs=n_jobs,
            tolerant=True,
        )
    results = dict(zip(measured.names, measured.results, strict=True))
    rows = [
        LayerPair(
            teacher_layer=titles[t],
            student_layer=titles[s],
            result=results.get((t, s)),
            error=measured.failed.get((t, s)),
        )
        for t, s in pairs
    ]
    return DistillationMap(
        tuple(rows),
        options.units,
        teacher_layers=tuple(teachers),
        student_layers=tuple(students),
        n_samples=measured.n_samples,
        failed=seen.failed,
        remarks=_remarks(rows),
        _best=best_of(measured, list(named_s)[-1], titles=titles),
    )


def _remarks(rows: list[LayerPair]) -> tuple[Remark, ...]:
    """What is said of the pairs, each once."""
    answers = [row for row in rows if row.result is not None]
    if not answers:
        return ()

    def example(k: int) -> str:
        return f"m[{answers[k].teacher_layer!r}, {answers[k].student_layer!r}].notes"

    names = [f"{row.teacher_layer}, {row.student_layer}" for row in answers]
    return of_table([without(row.remarks, TESTED) for row in answers], "pairs", example, names)


def _later(names: list[str]) -> dict[str, tuple[str, ...]]:
    """The layers after each."""
    return {name: tuple(names[k + 1 :]) for k, name in enumerate(names)}
