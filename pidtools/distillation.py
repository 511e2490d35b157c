"""The main question: what the teacher still has to give."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pidtools import _warnings
from pidtools._estimator import Estimator, Summary
from pidtools._ignored import IgnoreLabel
from pidtools._knowledge import DistillableKnowledge
from pidtools._measuring import Options, Uncertainty, measure
from pidtools._result import Units


@_warnings.quiet
def distillable_knowledge(
    T: ArrayLike | Summary,
    S: ArrayLike | Summary,
    Y: ArrayLike,
    *,
    estimator: Estimator[Any] | str = "auto",
    units: Units = "bits",
    confidence_level: float | None = None,
    n_resamples: int = 200,
    uncertainty: Uncertainty = "bootstrap",
    groups: ArrayLike | None = None,
    ignore_label: IgnoreLabel = None,
    fit_on: tuple[ArrayLike, ArrayLike, ArrayLike] | None = None,
    synergy: bool = True,
    random_state: int | np.random.Generator | None = 0,
    n_jobs: int | None = None,
    progress: bool | None = None,
) -> DistillableKnowledge:
    r"""Measure what a teacher still has to give its student about the task.

    The BROJA decomposition [1]_ of I(Y; T, S): distillable knowledge is the unique
    information Uni(Y : T \\ S), distilled knowledge the redundancy Red(Y : T, S) [2]_.
    Of activations, information is what classifiers can decode from so many rows [3]_.

    Measure on rows that neither network was trained on.

    Parameters
    ----------
    T, S : array_like, shape (n_samples,) or (n_samples, n_features), or Summary
        Representations of teacher and student, row by row of the same samples. One column of
        integers, bools or strings is taken as symbols, anything else as features. A
        `Summary` from `summarise` saves looking at the same source again.
    Y : array_like, shape (n_samples,) or (n_samples, n_targets)
        Class labels (integers, bools or strings, one a sample), or floats for a continuous
        target. Whole floats of few values are labels; other floats of few values (smoothed or
        scaled classes, ratings) may be either, and "auto" refuses them. What Y was taken for
        stands in the notes where it is not plain. Tables of pandas whose indexes hold the
        same rows in another order are refused.
    estimator : {"auto", "symbols", "binning", "kmeans", "gaussian", "probe", "knn"} or estimator
        How representations are looked at. "auto" follows a `Summary`; else it takes `Gaussian()`
        for a continuous Y, and for labels `Symbols()` where T and S are both symbols, otherwise
        `Probe()` for both. "kmeans" is the pipeline of [2]_, which reads the information of a
        few clusters only. ``details()`` says what was chosen.
    units : {"bits", "nats"}
        Unit of every number in the result.
    confidence_level : float or None
        Confidence of the intervals, such as 0.95; None computes none. With intervals comes
        `p_distillable`, a one-sided test of whether anything is left to distil.
    n_resamples : int
        Bootstrap resamples for the intervals: of rows, or of whole groups.
    uncertainty : {"bootstrap", "analytic"}
        "bootstrap" looks at resampled rows anew. "analytic" takes each atom for the mean of its
        `scores`, whose standard error is sd / sqrt(n) (of sums of groups), with cells as they are:
        no further solves and fits. For estimators that end in two tables. Where `distillable` is
        within three standard errors of 0, where duals are not unique, the bootstrap takes its
        place, which ``details()`` says.
    groups : array_like, shape (n_samples,), or None
        Group of each sample; samples of one group (patches or augmentations of one image,
        tokens of one text) are not independent and are resampled, and held out, together.
        Intervals from fewer than a hundred groups are too narrow; a note says so.
    ignore_label : int, float, str or None
        Label of rows that don't count, such as -100 for padding: they are left out of every array
        and of `groups`. A `Summary` must have been made with the same.
    fit_on : tuple of array_like or None
        Rows only to learn from, ``(T, S, Y)``: the experts of a `Probe` are fitted to them as well,
        and none of them is measured. They may be rows that the networks were trained on. Labels
        that no measured row has are left out; rows that are also measured are refused.
    synergy : bool
        Whether to estimate the synergy too; it needs the triple, whose sampling error is
        larger. The other atoms come from the two pairs.
    random_state : int, numpy.random.Generator or None
        Seed; the same seed gives the same number.
    n_jobs : int or None
        Workers, as in joblib; the answer does not depend on it.
    progress : bool or None
        Whether to say on standard error beforehand what long work will take, and to show how far
        it is. None does where that is a terminal or a notebook, True everywhere.

    Returns
    -------
    DistillableKnowledge
        Atoms, informations and their intervals; `verdict`, `warnings`, `notes`, ``details()``,
        ``summary()``, ``metrics()``, ``to_dict()`` and ``from_dict``.

    Warns
    -----
    PIDWarning
        If the samples are too few for the cells, a solver stopped above its tolerance, a label
        looks like a marker of rows to ignore (-100), or an information came out above what a Y of
        few values holds, or an atom came out below 0 by more than chance. The text stands among
        the `warnings` of the result as well.

    Raises
    ------
    ValueError
        For NaN, infinite or empty input, different lengths, indexes in another order, more than
        two axes, one class, labels for an estimator of continuous targets and the reverse, floats
        of few values with "auto", one-hot labels, too few samples, a continuous Y that T or S
        fixes exactly, or an unknown choice.
    TypeError
        For complex or string features, objects that are no numbers, lists of batches, mappings,
        tensors on a device, or mixed labels.
    PIDError
        If no resample has an answer, as of a handful of rows, or a solver had none.

    References
    ----------
    .. [1] N. Bertschinger et al., "Quantifying unique information", Entropy 16 (2014).
    .. [2] P. Dissanayake et al., "Quantifying Knowledge Distillation Using Partial
       Information Decomposition", AISTATS 2025, arXiv 2411.07483, definitions 3.1 and 3.2.
    .. [3] Y. Xu et al., "A Theory of Usable Information Under Computational Constraints", ICLR
       2020, arXiv 2002.10689.

    Examples
    --------
    The teacher knows two bits of the label, the student one of them:

    >>> import numpy as np
    >>> import pidtools as pt
    >>> y = np.arange(4000) % 4
    >>> r = pt.distillable_knowledge(y, y // 2, y)
    >>> round(r.distilled, 6), round(r.distillable, 6), r.fraction_distilled
    (1.0, 1.0, 0.5)
    """
    options = Options.checked(units, confidence_level, n_resamples, progress, uncertainty)
    measured = measure(
        T,
        {"S": S},
        Y,
        estimator=estimator,
        options=options,
        fit_on=fit_on,
        synergy=synergy,
        groups=groups,
        ignore_label=ignore_label,
        random_state=random_state,
        n_jobs=n_jobs,
    )
    (result,) = measured.results
    return result
