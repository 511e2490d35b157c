"""Pictures of results: functions that take Axes and a result, and return the Axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pidtools import _warnings
from pidtools._result import DistillableKnowledge

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, which colour-blind readers can tell apart.
ATOMS = {
    "distilled": "#0072B2",
    "distillable": "#E69F00",
    "student_only": "#009E73",
    "synergy": "#999999",
}
LABELS = {
    "distilled": "distilled  Red(Y : T, S)",
    "distillable": r"distillable  Uni(Y : T \ S)",
    "student_only": r"student only  Uni(Y : S \ T)",
    "synergy": "synergy",
}


@_warnings.quiet
def plot_atoms(
    results: DistillableKnowledge | Mapping[str, DistillableKnowledge],
    *,
    ax: Axes | None = None,
    **kwargs: Any,
) -> Axes:
    """Stack the atoms of one or several results, a bar for each, with intervals where known.

    Parameters
    ----------
    results : DistillableKnowledge or mapping of str to DistillableKnowledge
        One result, or several by the name under their bar. All in the same units.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure without it.
    **kwargs
        Passed to `matplotlib.axes.Axes.bar`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes; nothing is shown or saved.

    Raises
    ------
    ValueError
        If there is no result or the units differ.

    Notes
    -----
    Atoms below 0 (sampling error) are stacked downwards from 0. An error bar stands on the piece
    of its atom, beside those of the others, and reaches from what the top of the piece would be
    at the low end of the atom's interval to what it would be at the high end.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("agg")
    >>> import pidtools as pt
    >>> from pidtools.plot import plot_atoms
    >>> y = [0, 1, 2, 3] * 100
    >>> r = pt.distillable_knowledge(y, [v // 2 for v in y], y)
    >>> plot_atoms({"student": r}).get_ylabel()
    'information about Y (bits)'
    """
    named = {"": results} if isinstance(results, DistillableKnowledge) else dict(results)
    units = {result.units for result in named.values()}
    if len(units) != 1:
        raise ValueError(f"results must be one or more in the same units; got {sorted(units)}.")
    ax = ax if ax is not None else _new_axes()
    above, below = np.zeros(len(named)), np.zeros(len(named))
    for k, (atom, colour) in enumerate(ATOMS.items()):
        heights = np.array([getattr(result, atom) or 0.0 for result in named.values()])
        base = np.where(heights >= 0, above, below)
        options = {"color": colour, "label": LABELS[atom], "width": 0.7, **kwargs}
        ax.bar(np.arange(len(named)), heights, bottom=base, **options)
        shift = (k + 0.5) / len(ATOMS) - 0.5
        _draw_intervals(ax, list(named.values()), atom, base, shift * options["width"])
        above += np.maximum(heights, 0)
        below += np.minimum(heights, 0)
    ax.set_xticks(np.arange(len(named)), list(named))
    ax.set_ylabel(f"information about Y ({units.pop()})")
    return ax


def _draw_intervals(
    ax: Axes, results: list[DistillableKnowledge], atom: str, base: Any, shift: float
) -> None:
    """Error bars of one atom, where its results have an interval."""
    known = [k for k, result in enumerate(results) if atom in result.intervals]
    if not known:
        return
    found = [results[k].intervals[atom] for k in known]
    values = np.array([getattr(results[k], atom) for k in known])
    # An estimate below 0 lies outside its interval, which then has one arm only.
    down = np.maximum(values - [interval.low for interval in found], 0)
    up = np.maximum([interval.high for interval in found] - values, 0)
    ax.errorbar(
        np.array(known) + shift,
        base[known] + values,
        yerr=[down, up],
        fmt="none",
        ecolor="black",
        elinewidth=1,
        capsize=2.5,
    )


def _new_axes() -> Axes:
    from matplotlib import pyplot

    return pyplot.subplots()[1]
