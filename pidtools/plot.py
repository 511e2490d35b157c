"""Pictures of results: functions that take Axes and a result, and return the Axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pidtools import _warnings
from pidtools._knowledge import ATOMS, DistillableKnowledge, Quantity

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


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
    for k, atom in enumerate(ATOMS):
        heights = np.array([atom.of(result) or 0.0 for result in named.values()])
        base = np.where(heights >= 0, above, below)
        options = {"color": atom.colour, "label": _label(atom), "width": 0.7, **kwargs}
        ax.bar(np.arange(len(named)), heights, bottom=base, **options)
        shift = (k + 0.5) / len(ATOMS) - 0.5
        _draw_intervals(ax, list(named.values()), atom, base, shift * options["width"])
        above += np.maximum(heights, 0)
        below += np.minimum(heights, 0)
    ax.set_xticks(np.arange(len(named)), list(named))
    ax.set_ylabel(f"information about Y ({units.pop()})")
    return ax


def _draw_intervals(
    ax: Axes, results: list[DistillableKnowledge], atom: Quantity, base: Any, shift: float
) -> None:
    """Error bars of one atom, where its results have an interval."""
    known = [k for k, result in enumerate(results) if atom.name in result.intervals]
    if not known:
        return
    found = [results[k].intervals[atom.name] for k in known]
    values = np.array([atom.of(results[k]) for k in known])
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


def _label(atom: Quantity) -> str:
    return f"{atom.title}  {atom.symbol}"


def _new_axes() -> Axes:
    from matplotlib import pyplot

    return pyplot.subplots()[1]


def new_figure(width: float, height: float) -> Figure:
    """A figure of its own, in inches, that needs no screen and no backend of the user's."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def without_frame(*axes: Axes) -> None:
    """Take away the lines above and to the right, which measure nothing."""
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)


def save_atoms(result: DistillableKnowledge, path: Path) -> None:
    """Draw the atoms of one result into a file of any format that matplotlib knows."""
    figure = new_figure(4.5, 4.5)
    ax = plot_atoms(result, ax=figure.subplots())
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.04), frameon=False)
    without_frame(ax)
    figure.savefig(path, dpi=150)
