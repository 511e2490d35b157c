"""Pictures of results: functions that take Axes and a result, and return the Axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pidtools import _warnings
from pidtools._knowledge import ATOMS, DISTILLABLE, DistillableKnowledge, Quantity
from pidtools._trace import DistillationTrace, TraceRow

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


# Steps up to which each has a mark of its own.
FEW_STEPS = 40


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


@_warnings.quiet
def plot_trace(trace: DistillationTrace, *, ax: Axes | None = None) -> Axes:
    """Draw what is distillable and what is distilled over the steps, with bands for all steps.

    Parameters
    ----------
    trace : DistillationTrace
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure without it.

    Returns
    -------
    matplotlib.axes.Axes
        The axes; nothing is shown or saved.

    Notes
    -----
    The baseline's curves are dashed, its bands left out. A dotted line is what the teacher knows,
    an upright one where saturation was found.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("agg")
    >>> import pidtools as pt
    >>> from pidtools.plot import plot_trace
    >>> y = [0, 1, 2, 3] * 100
    >>> trace = pt.distillation_trace(y, [[v // 2 for v in y], y], y)
    >>> plot_trace(trace).get_ylabel()
    'information about Y (bits)'
    """
    ax = ax if ax is not None else _new_axes()
    for quantity in (DISTILLABLE, ATOMS[0]):
        _draw_curve(ax, trace, quantity)
    ax.axhline(
        trace.teacher_information, color="black", linestyle=":", linewidth=1, label="teacher knows"
    )
    found = trace.saturation
    if found is not None and found.step is not None:
        ax.axvline(found.step, color="0.4", linewidth=1, label=f"saturated: {found.reason}")
    ax.set_ylim(bottom=min(0.0, ax.get_ylim()[0]))
    ax.set_xlabel("step")
    ax.set_ylabel(f"information about Y ({trace.units})")
    if all(float(step).is_integer() for step in trace.steps):
        ax.locator_params(axis="x", integer=True)
    return ax


def _draw_curve(ax: Axes, trace: DistillationTrace, quantity: Quantity) -> None:
    """One number over the steps, its band, and the baseline's beside it."""
    name, colour, steps = quantity.name, quantity.colour, list(trace.steps)
    rows: list[TraceRow] = list(trace.rows)
    marker = "o" if len(rows) < FEW_STEPS else None
    line: dict[str, Any] = {"color": colour, "marker": marker, "markersize": 3}
    ax.plot(steps, trace.column(name), label=_label(quantity), **line)
    if all(name in row.bands for row in rows):
        low = [row.bands[name].low for row in rows]
        high = [row.bands[name].high for row in rows]
        ax.fill_between(steps, low, high, color=colour, alpha=0.2, linewidth=0)
    if trace.has_baseline:
        theirs = trace.column(name, of_baseline=True)
        label = f"{quantity.title}, without distillation"
        ax.plot(steps, theirs, linestyle="--", label=label, **line)


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


def save_trace(trace: DistillationTrace, path: Path) -> None:
    """Draw a trace into a file of any format that matplotlib knows."""
    figure = new_figure(6.5, 4.5)
    ax = plot_trace(trace, ax=figure.subplots())
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    without_frame(ax)
    figure.savefig(path, dpi=150)
