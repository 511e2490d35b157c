"""Pictures of results: functions that take Axes and a result, and return the Axes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pidtools import _outputs, _warnings
from pidtools._knowledge import (
    ATOMS,
    COMPARED,
    DISTILLABLE,
    DISTILLED,
    QUANTITIES,
    DistillableKnowledge,
    Quantity,
    StudentComparison,
)
from pidtools._layers import DistillationMap, LayerPair
from pidtools._notebook import percent
from pidtools._trace import DistillationTrace, TraceRow
from pidtools._where import ClassTable, PairTable

# Above this luminance black has more contrast than white.
HALF_BRIGHT = 0.18
# Classes up to which each pair has its number, and names along an axis.
MOST_CLASSES_WITH_NUMBERS, MOST_LABELS = 16, 24
# Names of layers up to this length stand upright below their column.
SHORT_NAME = 6
# Of sums of atoms.
SUM_COLOUR = "0.25"

if TYPE_CHECKING:
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
def plot_students(
    results: Mapping[str, DistillableKnowledge],
    *,
    beside: Mapping[str, DistillableKnowledge] | None = None,
    ax: Axes | None = None,
) -> Axes:
    r"""Draw what each student has to the left of 0, and what it lacks to the right.

    Parameters
    ----------
    results : mapping of str to DistillableKnowledge
        A result by the name of its student, one below the other. All in the same units.
    beside : mapping of str to DistillableKnowledge, optional
        The same question put otherwise, by another estimator: a thin bar below that of the same
        name. Names without one have none.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure without it.

    Returns
    -------
    matplotlib.axes.Axes
        The axes; nothing is shown or saved.

    Raises
    ------
    ValueError
        If there is no result, the units differ, or `beside` has a name that `results` has not.

    Notes
    -----
    Left is what is distilled, Red(Y : T, S), right what is distillable, Uni(Y : T \ S): together
    they are what the teacher knows. Each number is written beside its bar, with its interval where
    it is known; the interval of what is distillable is drawn too.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("agg")
    >>> import pidtools as pt
    >>> from pidtools.plot import plot_students
    >>> y = [0, 1, 2, 3] * 100
    >>> r = pt.distillable_knowledge(y, [v // 2 for v in y], y)
    >>> [text.get_text() for text in plot_students({"student": r}).texts]
    ['1.00', '1.00']
    """
    beside = dict(beside or {})
    units = {result.units for result in (*results.values(), *beside.values())}
    if len(units) != 1:
        raise ValueError(f"results must be one or more in the same units; got {sorted(units)}.")
    strange = [name for name in beside if name not in results]
    if strange:
        raise ValueError(f"beside must have names of results only; got {strange}.")
    ax = ax if ax is not None else _new_axes()
    ax.axvline(0, color="black", lw=0.8, zorder=3)
    _make_room(ax, list(results.values()), list(beside.values()))
    for place, (name, result) in enumerate(results.items()):
        _draw_student(ax, place, result, is_first=place == 0)
        if name in beside:
            _draw_beside(ax, place, beside[name])
    ax.set_yticks(range(len(results)), list(results))
    ax.set_ylim(len(results) - 0.5 + 0.1 * bool(beside), -0.5)
    ax.xaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    words = f"has  \N{LEFTWARDS ARROW}  information about Y ({units.pop()})  "
    low, high = ax.get_xlim()
    middle = min(max(-low / (high - low), 0.3), 0.7)  # below 0, unless that is at an edge
    ax.set_xlabel(words + "\N{RIGHTWARDS ARROW}  lacks", x=middle)
    return ax


# Of a bar, in rows, and of the thin one below it; between bars and numbers, in points.
STUDENT_HEIGHT, BESIDE_HEIGHT, GAP = 0.52, 0.14, 6
# Width of a letter, in its heights, of a bold digit; and the share of the axes that a number may
# take: in narrower ones it stands out of them, as there is no room on both sides.
LETTER, WIDEST = 0.64, 0.42


def _make_room(
    ax: Axes, results: list[DistillableKnowledge], beside: list[DistillableKnowledge]
) -> None:
    """Limits that hold all bars and intervals, and the numbers to both sides of them."""
    left = max(0.0, *(result.distilled for result in [*results, *beside]))
    right = max(0.0, *map(_farthest, [*results, *beside]))
    low, high = 1.03 * left, right or (0.0 if left else 1.0)
    for _ in range(30):  # more room makes letters wider in bits, and fewer of them fit into a bar
        wide = [_width(ax, result, low + high) for result in results]
        outside = [r.distilled + w for r, w in zip(results, wide, strict=True) if r.distilled < w]
        low = max(low, *outside, 0.0)
        high = max(high, *(_farthest(r) + w for r, w in zip(results, wide, strict=True)))
    ax.set_xlim(-low, high)


def _width(ax: Axes, result: DistillableKnowledge, span: float) -> float:
    """Of the longest number with its interval, in units of axes that hold so many."""
    from matplotlib import rcParams

    texts = [_with_interval(result, quantity) for quantity in (DISTILLED, DISTILLABLE)]
    points = max(map(len, texts)) * LETTER * float(rcParams["font.size"]) + 2 * GAP
    share = points / 72 * ax.figure.dpi / float(ax.get_window_extent().width)
    return span * min(share, WIDEST)


def _farthest(result: DistillableKnowledge) -> float:
    """Where the bar of what is distillable ends, or its interval."""
    spread = result.intervals.get(DISTILLABLE.name)
    return max(result.distillable, 0.0 if spread is None else spread.high, 0.0)


def _draw_student(ax: Axes, place: int, result: DistillableKnowledge, *, is_first: bool) -> None:
    """Both bars of a student, the interval of what it lacks, and the numbers."""
    for quantity, value in ((DISTILLED, -result.distilled), (DISTILLABLE, result.distillable)):
        label = _label(quantity) if is_first else None
        ax.barh(place, value, height=STUDENT_HEIGHT, color=quantity.colour, label=label)
    spread = result.intervals.get(DISTILLABLE.name)
    if spread is not None:
        value = result.distillable
        ax.errorbar(
            value,
            place,
            # An estimate below 0 lies outside its interval, which then has one arm only.
            xerr=[[max(value - spread.low, 0.0)], [max(spread.high - value, 0.0)]],
            fmt="none",
            ecolor="black",
            elinewidth=1.4,
            capsize=4,
            label=f"{percent(spread.confidence_level)} interval" if is_first else None,
        )
    ax.annotate(
        _with_interval(result, DISTILLABLE),
        (_farthest(result), place),
        xytext=(GAP, 0),
        textcoords="offset points",
        va="center",
        weight="bold",
    )
    low, high = ax.get_xlim()
    is_inside = result.distilled >= _width(ax, result, high - low)
    ax.annotate(
        _with_interval(result, DISTILLED),
        (0 if is_inside else min(-result.distilled, 0.0), place),
        xytext=(-GAP, 0),
        textcoords="offset points",
        va="center",
        ha="right",
        color="white" if is_inside else "black",
    )


def _with_interval(result: DistillableKnowledge, quantity: Quantity) -> str:
    """A number, and between which it may lie."""
    spread = result.intervals.get(quantity.name)
    text = _two_digits(quantity.of(result) or 0.0)
    return (
        text
        if spread is None
        else f"{text} ({_two_digits(spread.low)} to {_two_digits(spread.high)})"
    )


def _two_digits(value: float) -> str:
    """Two digits behind the point, and no minus before zeros."""
    return f"{round(value, 2) + 0.0:.2f}"


def _draw_beside(ax: Axes, place: int, result: DistillableKnowledge) -> None:
    """Thin bars below those of a student, with the number of what it lacks."""
    y = place + (STUDENT_HEIGHT + BESIDE_HEIGHT) / 2 + 0.03
    for quantity, side in ((DISTILLED, -1), (DISTILLABLE, 1)):
        value = quantity.of(result) or 0.0
        ax.barh(y, side * value, height=BESIDE_HEIGHT, color=quantity.colour, alpha=0.55)
    ax.annotate(
        _two_digits(result.distillable),
        (max(result.distillable, 0.0), y),
        xytext=(GAP, 0),
        textcoords="offset points",
        va="center",
        ha="left",
        color="0.35",
        fontsize=7.5,
    )


@_warnings.quiet
def plot_differences(
    comparison: StudentComparison, *, ax: Axes | None = None, **kwargs: Any
) -> Axes:
    """Draw by how much two students differ, a - b, a line for each number.

    Parameters
    ----------
    comparison : StudentComparison
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure without it.
    **kwargs
        Passed to `matplotlib.axes.Axes.errorbar`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, the first number at the top; nothing is shown or saved.

    Notes
    -----
    Filled marks are differences whose interval leaves 0 out, hollow ones those that may be 0.
    Without intervals all are filled.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("agg")
    >>> import pidtools as pt
    >>> from pidtools.plot import plot_differences
    >>> y = [0, 1, 2, 3] * 100
    >>> c = pt.compare_students(y, [v // 2 for v in y], y, y, confidence_level=None)
    >>> [label.get_text() for label in plot_differences(c).get_yticklabels()][:2]
    ['distillable', 'distilled']
    """
    ax = ax if ax is not None else _new_axes()
    found = [quantity for quantity in COMPARED if quantity.name in comparison.differences]
    ax.axvline(0, color="0.4", lw=0.8)
    for place, quantity in enumerate(found):
        value = comparison.differences[quantity.name]
        spread = comparison.intervals.get(quantity.name)
        reach = None if spread is None else [[value - spread.low], [spread.high - value]]
        reach = reach and [[max(end[0], 0.0)] for end in reach]
        is_clear = spread is None or not spread.low <= 0 <= spread.high
        colour = quantity.colour or SUM_COLOUR
        face = colour if is_clear else "white"
        options = {"fmt": "o", "color": colour, "markerfacecolor": face, "capsize": 3}
        ax.errorbar([value], [place], xerr=reach, **{**options, **kwargs})
    ax.set_yticks(range(len(found)), [quantity.title for quantity in found])
    ax.set_ylim(len(found) - 0.5, -0.5)
    ax.set_xlabel(f"a - b ({comparison.units})")
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


@_warnings.quiet
def plot_map(
    m: DistillationMap, name: str = "distillable", *, ax: Axes | None = None, **kwargs: Any
) -> Axes:
    """Draw a number of all pairs of layers: student layers along x, teacher layers along y.

    Parameters
    ----------
    m : DistillationMap
    name : str
        The number, as in `DistillationMap.matrix`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure without it.
    **kwargs
        Passed to `matplotlib.axes.Axes.imshow`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes; nothing is shown or saved.

    Raises
    ------
    ValueError
        If there is no such number.

    Notes
    -----
    Cells are hatched where the interval covers 0, and crossed out where there is no answer.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("agg")
    >>> import pidtools as pt
    >>> from pidtools.plot import plot_map
    >>> y = [0, 1, 2, 3] * 100
    >>> m = pt.distillation_map({"conv": y}, {"h1": [v // 2 for v in y], "h2": y}, y)
    >>> [text.get_text() for text in plot_map(m).texts]
    ['1.00', '0.00']
    """
    values = m.matrix(name)
    ax = ax if ax is not None else _new_axes()
    highest = np.nanmax(values, initial=0.0)
    options = {"cmap": "cividis", "vmin": min(0.0, np.nanmin(values, initial=0.0)), **kwargs}
    options.setdefault("vmax", highest if highest > 0 else 1.0)
    image = ax.imshow(values, aspect="auto", **options)
    for k, row in enumerate(m.rows):
        y, x = divmod(k, len(m.student_layers))
        _draw_cell(ax, x, y, row, name, image.cmap(image.norm(values[y, x])))
    ax.set_xticks(range(len(m.student_layers)), m.student_layers)
    ax.set_yticks(range(len(m.teacher_layers)), m.teacher_layers)
    if max(map(len, m.student_layers)) > SHORT_NAME:
        ax.tick_params(axis="x", labelrotation=45)
        for label in ax.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")
    ax.set_xlabel("student layer")
    ax.set_ylabel("teacher layer")
    quantity = next(known for known in QUANTITIES if known.name == name)
    ax.set_title(f"{_label(quantity)}  ({m.units})")
    return ax


def _draw_cell(ax: Axes, x: int, y: int, row: LayerPair, name: str, colour: Any) -> None:
    """The value of a pair, what its interval says, or that there is none."""
    from matplotlib.patches import Rectangle

    value, corner = row.number(name), (x - 0.5, y - 0.5)
    if value is None:
        ax.add_patch(Rectangle(corner, 1, 1, facecolor="white", edgecolor="0.6", lw=0.5))
        ax.plot([x - 0.5, x + 0.5], [y - 0.5, y + 0.5], color="0.6", lw=1)
        ax.plot([x - 0.5, x + 0.5], [y + 0.5, y - 0.5], color="0.6", lw=1)
        return
    ink = _ink(colour)
    interval = row.intervals.get(name)
    if interval is not None and interval.low <= 0 <= interval.high:
        hatched: dict[str, Any] = {
            "fill": False,
            "hatch": "////",
            "edgecolor": ink,
            "alpha": 0.35,
            "lw": 0,
        }
        ax.add_patch(Rectangle(corner, 1, 1, **hatched))
    box = {"boxstyle": "round,pad=0.15", "facecolor": colour, "edgecolor": "none"}
    ax.text(x, y, f"{value:.2f}", ha="center", va="center", color=ink, fontsize=8, bbox=box)


def _ink(colour: Any) -> str:
    """What can be read on a colour."""
    return "black" if _luminance(colour) > HALF_BRIGHT else "white"


def _luminance(colour: Any) -> float:
    """How bright a colour is for the eye, between 0 and 1, by the weights of sRGB."""
    rgb = np.asarray(colour[:3])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


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


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure: a file is whole or untouched, pipes and the like are written through.

    Raises
    ------
    ValueError
        If the ending is none that matplotlib knows, or nothing can be written there.
    OSError
        If there is no space left.
    """
    path = Path(path)
    place = path if path.suffix else path.with_name(f"{path.name}.png")  # as matplotlib calls it
    _outputs.check_writable(path)
    _outputs.check_writable(place)
    ending = place.suffix.removeprefix(".").lower()
    _outputs.write(place, lambda made: figure.savefig(made, dpi=150, format=ending))


def save_atoms(result: DistillableKnowledge, path: Path) -> None:
    """Draw the atoms of one result into a file of any format that matplotlib knows."""
    figure = new_figure(7, 2.8)
    ax = figure.subplots()
    _draw_parts(ax, result)
    without_frame(ax)
    save_figure(figure, path)


def _draw_parts(ax: Axes, result: DistillableKnowledge) -> None:
    """A bar from 0 for each atom that is known, its interval, and its number beside it."""
    known = [atom for atom in ATOMS if atom.of(result) is not None]
    ends = []
    ax.axvline(0, color="black", lw=0.8)
    for place, atom in enumerate(known):
        value, spread = atom.of(result) or 0.0, result.intervals.get(atom.name)
        ax.barh(place, value, height=0.6, color=atom.colour)
        ends.append(max(value, 0.0 if spread is None else spread.high, 0.0))
        if spread is not None:
            # An estimate out of its interval has one arm only.
            reach = [[max(value - spread.low, 0.0)], [max(spread.high - value, 0.0)]]
            ax.errorbar(value, place, xerr=reach, fmt="none", ecolor="black", capsize=4)
        ax.annotate(
            _with_interval(result, atom),
            (ends[-1], place),
            xytext=(GAP, 0),
            textcoords="offset points",
            va="center",
        )
    ax.set_yticks(range(len(known)), [_label(atom) for atom in known])
    ax.set_ylim(len(known) - 0.5, -0.5)
    low, high = ax.get_xlim()
    ax.set_xlim(low, max(high, max(ends) + _width(ax, result, high - low) * 1.4))
    levels = {interval.confidence_level for interval in result.intervals.values()}
    lines = f"; lines: {percent(levels.pop())} intervals" if levels else ""
    ax.set_xlabel(f"information about Y ({result.units}){lines}")


def save_comparison(comparison: StudentComparison, path: Path) -> None:
    """Draw both students and their differences into a file that matplotlib knows."""
    figure = new_figure(9.5, 4.4)
    atoms, differences = figure.subplots(1, 2, width_ratios=(1, 1.6))
    plot_atoms({"a": comparison.a, "b": comparison.b}, ax=atoms)
    atoms.set_xlabel("student")
    plot_differences(comparison, ax=differences)
    level = next((one.confidence_level for one in comparison.intervals.values()), None)
    said = "" if level is None else f", {percent(level)} intervals"
    differences.set_title(f"Difference of the students{said}", fontsize=10)
    p = comparison.p_value
    if p is not None:
        sign = "at most" if comparison.p_value_is_bound else "="
        text = f"equally much to distil: p {sign} {p:.2g}"
        differences.text(
            0.0, -0.17, text, transform=differences.transAxes, fontsize=8, color="0.3", va="top"
        )
    without_frame(atoms, differences)
    figure.legend(
        *atoms.get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False
    )
    save_figure(figure, path)


def save_map(m: DistillationMap, path: Path, name: str = "distillable") -> None:
    """Draw the map into a file of any format that matplotlib knows."""
    width = 2.2 + 0.1 * max(map(len, m.teacher_layers)) + 0.62 * len(m.student_layers)
    height = 1.5 + 0.08 * max(map(len, m.student_layers)) + 0.42 * len(m.teacher_layers)
    figure = new_figure(max(width, 4.2), max(height, 2.4))
    ax = plot_map(m, name, ax=figure.subplots())
    figure.colorbar(ax.images[0], ax=ax, shrink=0.9)
    if any(name in row.intervals or row.error for row in m.rows):
        said = "hatched: the interval covers 0"
        said += "; crossed out: no answer" if any(row.error for row in m.rows) else ""
        figure.supxlabel(said, fontsize=8, color="0.3")
    save_figure(figure, path)


def save_trace(trace: DistillationTrace, path: Path) -> None:
    """Draw a trace into a file of any format that matplotlib knows."""
    figure = new_figure(6.5, 4.5)
    ax = plot_trace(trace, ax=figure.subplots())
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    without_frame(ax)
    save_figure(figure, path)


@_warnings.quiet
def plot_classes(table: ClassTable, *, ax: Axes | None = None, **kwargs: Any) -> Axes:
    """Draw what is distillable of each class as a bar, and beside it what is distilled.

    Parameters
    ----------
    table : ClassTable
        Of `DistillableKnowledge.by_class`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure without it.
    **kwargs
        Passed to `matplotlib.axes.Axes.barh`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, the class with most to distil at the top; nothing is shown or saved.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("agg")
    >>> import pidtools as pt
    >>> from pidtools.plot import plot_classes
    >>> y = [0, 1, 2, 3] * 100
    >>> r = pt.distillable_knowledge(y, [min(v, 2) for v in y], y)
    >>> [label.get_text() for label in plot_classes(r.by_class()).get_yticklabels()]
    ['2', '3', '0', '1']
    """
    ax = ax if ax is not None else _new_axes()
    rows = sorted(table, key=lambda row: -row.distillable)
    places = np.arange(len(rows))
    ends: dict[str, Any]
    for k, atom in enumerate((DISTILLABLE, ATOMS[0])):
        values = np.array([row.to_dict()[atom.name] for row in rows])
        options = {"height": 0.4, "color": atom.colour, "label": _label(atom), **kwargs}
        shifted = places + (k - 0.5) * options["height"]
        ax.barh(shifted, values, **options)
        known = [j for j, row in enumerate(rows) if atom.name in row.intervals]
        if known:
            found = [rows[j].intervals[atom.name] for j in known]
            down = np.maximum(values[known] - [x.low for x in found], 0)
            up = np.maximum([x.high for x in found] - values[known], 0)
            ends = {"xerr": [down, up], "fmt": "none", "ecolor": "black", "capsize": 2}
            ax.errorbar(values[known], shifted[known], elinewidth=1, **ends)
    ax.set_yticks(places, [str(row.label) for row in rows])
    ax.invert_yaxis()
    ax.axvline(0, color="black", lw=0.8)
    ax.set_xlabel(f"mean over the rows of a class ({table.units})")
    ax.set_ylabel("class")
    return ax


@_warnings.quiet
def plot_pairs(
    table: PairTable, name: str = "distillable", *, ax: Axes | None = None, **kwargs: Any
) -> Axes:
    """Draw a number of each pair of classes, as a confusion matrix is drawn.

    Parameters
    ----------
    table : PairTable
        Of `DistillableKnowledge.by_pair`.
    name : {"distillable", "distilled", "student_only"}
        Which number.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure without it.
    **kwargs
        Passed to `matplotlib.axes.Axes.imshow`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes; nothing is shown or saved.

    Raises
    ------
    ValueError
        If there is no such number.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("agg")
    >>> import pidtools as pt
    >>> from pidtools.plot import plot_pairs
    >>> y = [0, 1, 2] * 100
    >>> r = pt.distillable_knowledge(y, [min(v, 1) for v in y], y)
    >>> [text.get_text() for text in plot_pairs(r.by_pair()).texts]
    ['.00', '.00', '.00', '1.00', '.00', '1.00']
    """
    values, labels = table.matrix(name), table.labels
    ax = ax if ax is not None else _new_axes()
    shown = np.where(np.eye(len(values), dtype=bool), np.nan, values)
    highest = np.nanmax(shown, initial=0.0)
    options = {"cmap": "cividis", "vmin": 0.0, "vmax": highest if highest > 0 else 1.0, **kwargs}
    image = ax.imshow(shown, **options)
    if len(values) <= MOST_CLASSES_WITH_NUMBERS:
        for (a, b), value in np.ndenumerate(values):
            if a != b:
                ink = _ink(image.cmap(image.norm(np.asarray(value))))
                text = f"{value:.2f}".replace("0.", ".", 1)
                ax.text(b, a, text, ha="center", va="center", color=ink, fontsize=7)
    steps = np.arange(0, len(labels), -(-len(labels) // MOST_LABELS))
    names = [str(labels[k]) for k in steps]
    ax.set_xticks(steps, names, rotation=45 if max(map(len, names)) > SHORT_NAME else 0)
    ax.set_yticks(steps, names)
    ax.set_xlabel("class")
    ax.set_ylabel("class")
    return ax


def save_where(result: DistillableKnowledge, path: Path) -> None:
    """Draw classes and pairs of classes of a result into a file that matplotlib knows."""
    classes, pairs = result.by_class(), result.by_pair()
    shown = ClassTable(
        tuple(sorted(classes, key=lambda row: -row.distillable)[:MOST_LABELS]), classes.units
    )
    figure = new_figure(11, max(3.2, 0.42 * len(shown) + 1.4))
    left, right = figure.subplots(1, 2)
    plot_classes(shown, ax=left)
    title = "Which classes"
    if len(shown) < len(classes):
        title += f": the {len(shown)} of {len(classes)} with most to distil"
    left.set_title(title)
    plot_pairs(pairs, ax=right)
    right.set_title(f"Distillable knowledge of pairs of classes ({pairs.units})")
    figure.colorbar(right.images[0], ax=right, shrink=0.85)
    without_frame(left)
    handles = left.get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=2, frameon=False)
    save_figure(figure, path)
