"""Interactive figures: data and layout as plotly.js takes them, plain dictionaries.

Places along an axis are numbers with names beside them: names may be alike, look like numbers or
dates, and hold what plotly would take for markup.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pidtools._page import text
from pidtools._result import Interval, unsigned_zero
from pidtools._types import Floats

INK, FAINT, GRID = "#222222", "#6b6b6b", "#e4e4e4"
# Height in pixels of a bar, of a row of a heat map, and of what stands around them.
BAR, CELL, AROUND = 25, 34, 80
# Cells along a side up to which each has its number, and names along an axis.
MOST_WITH_NUMBERS, MOST_LABELS = 16, 24
# Characters of a name that a narrow screen has room for.
VERY_SHORT = 14
# Characters below a heat map from which on names don't stand level.
MOST_LEVEL = 90
# Strokes a hatched cell has.
STROKES = 3


@dataclass(frozen=True, kw_only=True)
class Series:
    """Bars of one colour: a value, perhaps an interval, and what a pointer shows, for each name."""

    title: str
    values: Sequence[float]
    intervals: Sequence[Interval | None]
    colours: Sequence[str]
    hover: Sequence[str]


def escaped(shown: Any) -> str:
    """Text that plotly takes as it stands, neither for markup nor for mathematics."""
    own = text.clean(shown).replace("&", "&amp;")
    return own.replace("<", "&lt;").replace(">", "&gt;").replace("$", "&#36;")


def lines(*shown: str) -> str:
    """What a pointer shows, line by line."""
    return "<br>".join(escaped(line) for line in shown if line)


def bars(names: Sequence[str], series: Sequence[Series], label: str) -> dict[str, Any]:
    """Horizontal bars, the first name at the top, with intervals as lines."""
    places = list(range(len(names)))
    data = []
    for own in series:
        known = [interval is not None for interval in own.intervals]
        trace: dict[str, Any] = {
            "type": "bar",
            "orientation": "h",
            "name": own.title,
            "y": places,
            "x": _finite(own.values),
            "marker": {"color": list(own.colours)},
            "hovertext": list(own.hover),
            "hoverinfo": "text",
        }
        if any(known):
            trace["error_x"] = _arms(own.values, own.intervals)
        data.append(trace)
    layout = _layout(AROUND + BAR * max(1, len(series) * 0.8) * len(names))
    layout |= {
        "barmode": "group",
        "bargap": 0.35,
        "showlegend": len(series) > 1,
        "xaxis": _axis(label) | {"zeroline": True, "zerolinecolor": INK},
        "yaxis": _axis("", names) | {"autorange": "reversed", "showgrid": False},
    }
    return {"data": data, "layout": layout, "narrow": {"yaxis": _narrow(names)}}


def heat_map(
    values: Floats,
    rows: Sequence[str],
    columns: Sequence[str],
    hover: Sequence[Sequence[str]],
    *,
    labels: tuple[str, str],
    unit: str,
    hatched: Sequence[tuple[int, int]] = (),
    crossed: Sequence[tuple[int, int]] = (),
) -> dict[str, Any]:
    """A cell for each pair, the first row at the top; some hatched, some crossed out.

    Parameters
    ----------
    values : ndarray of float64, shape (n_rows, n_columns)
        NaN where there is no number.
    rows, columns : sequence of str
    hover : sequence of sequence of str
        What a pointer shows at each cell.
    labels : tuple of str
        Titles of the columns and of the rows.
    unit : str
        Beside the colours.
    hatched, crossed : sequence of (row, column)
    """
    found = [value for value in values.ravel() if math.isfinite(value)]
    low, high = min([0.0, *found]), max([0.0, *found])
    high = high if high > low else low + 1.0
    trace: dict[str, Any] = {
        "type": "heatmap",
        "z": [_finite(line) for line in values],
        "zmin": low,
        "zmax": high,
        "colorscale": "Cividis",
        "hovertext": [list(line) for line in hover],
        "hoverinfo": "text",
        "hoverongaps": True,
        "colorbar": {
            "title": {"text": unit, "side": "top"},
            "orientation": "h",
            "thickness": 10,
            "ypad": 4,
            "len": 0.6,
            "y": 1.0,
            "yanchor": "bottom",
            "outlinewidth": 0,
            "nticks": 4,
            "tickangle": 0,
        },
    }
    if max(values.shape) <= MOST_WITH_NUMBERS:
        trace |= {
            "xgap": 1,
            "ygap": 1,
            "text": [[_short_number(value) for value in line] for line in values],
            "texttemplate": "%{text}",
            "textfont": {"size": 11},
        }
    middle = (low + high) / 2
    dark = [(y, x) for y, x in hatched if values[y, x] < middle]
    bright = [(y, x) for y, x in hatched if values[y, x] >= middle]
    strokes = (
        (_hatching(dark), "rgba(255,255,255,.55)"),
        (_hatching(bright), "rgba(0,0,0,.55)"),
        (_crosses(crossed), FAINT),
    )
    over = [_strokes(*own, colour) for own, colour in strokes if own[0]]
    longest = max(len(text.short(name)) for name in columns)
    slanted = 6 * longest if longest * len(columns) > MOST_LEVEL else 0
    layout = _layout(AROUND + 45 + slanted + CELL * min(len(rows), MOST_LABELS))
    layout |= {
        "showlegend": False,
        "xaxis": _axis(labels[0], columns) | {"range": [-0.5, len(columns) - 0.5]},
        "yaxis": _axis(labels[1], rows) | {"range": [len(rows) - 0.5, -0.5]},
    }
    layout["yaxis"]["title"] |= {"standoff": 10}
    for axis in ("xaxis", "yaxis"):
        layout[axis] |= {"showgrid": False}
    narrow = {"xaxis": _narrow(columns), "yaxis": _narrow(rows)}
    return {"data": [trace, *over], "layout": layout, "narrow": narrow}


def curve(
    steps: Sequence[float],
    values: Sequence[float],
    hover: Sequence[str],
    title: str,
    colour: str,
    *,
    dashed: bool = False,
) -> dict[str, Any]:
    """A line with a mark at each step."""
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": title,
        "x": list(steps),
        "y": _finite(values),
        "line": {"color": colour, "dash": "dash" if dashed else "solid", "width": 2},
        "marker": {"size": 6, "symbol": "circle-open" if dashed else "circle"},
        "hovertext": list(hover),
        "hoverinfo": "text",
    }


def band(
    steps: Sequence[float], low: Sequence[float], high: Sequence[float], colour: str
) -> dict[str, Any]:
    """The room between two lines."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [*steps, *reversed(steps)],
        "y": [*_finite(high), *reversed(_finite(low))],
        "fill": "toself",
        "fillcolor": _faint(colour),
        "line": {"width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def level(steps: Sequence[float], value: float, title: str) -> dict[str, Any]:
    """A dotted line across."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": title,
        "x": [min(steps), max(steps)],
        "y": [value, value],
        "line": {"color": INK, "dash": "dot", "width": 1},
        "hoverinfo": "skip",
    }


def upright(at: float, low: float, high: float, title: str) -> dict[str, Any]:
    """A line from bottom to top."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": title,
        "x": [at, at],
        "y": [low, high],
        "line": {"color": FAINT, "width": 1},
        "hoverinfo": "skip",
    }


def curves(data: Sequence[dict[str, Any]], label: str) -> dict[str, Any]:
    """Lines over the steps in one frame."""
    layout = _layout(380)
    layout |= {
        "showlegend": True,
        "xaxis": _axis("step") | {"showgrid": False},
        "yaxis": _axis(label) | {"rangemode": "tozero", "zeroline": True, "zerolinecolor": INK},
    }
    return {"data": list(data), "layout": layout}


def _layout(height: float) -> dict[str, Any]:
    return {
        "height": round(height),
        "margin": {"l": 10, "r": 10, "t": 10, "b": 10},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "font": {"family": "system-ui, sans-serif", "size": 13, "color": INK},
        "dragmode": False,  # a finger that moves over it moves the page
        "hovermode": "closest",
        "hoverlabel": {"bgcolor": "white", "bordercolor": FAINT, "align": "left"},
        "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
    }


def _axis(title: str, names: Sequence[str] | None = None) -> dict[str, Any]:
    axis: dict[str, Any] = {
        "title": {"text": escaped(title)},
        "automargin": True,
        "gridcolor": GRID,
        "zeroline": False,
        "fixedrange": True,
    }
    if names is None:
        return axis
    steps = range(0, len(names), -(-len(names) // MOST_LABELS))
    shown = [escaped(text.short(names[k])) for k in steps]
    apart = {"ticks": "outside", "ticklen": 5, "tickcolor": "rgba(0,0,0,0)"}
    return axis | apart | {"tickmode": "array", "tickvals": list(steps), "ticktext": shown}


def _narrow(names: Sequence[str]) -> list[str]:
    """Names along an axis on a narrow screen."""
    steps = range(0, len(names), -(-len(names) // MOST_LABELS))
    return [escaped(text.short(names[k], VERY_SHORT)) for k in steps]


def _arms(values: Sequence[float], intervals: Sequence[Interval | None]) -> dict[str, Any]:
    """Arms of intervals; an estimate outside of its interval has one arm."""
    up = [
        0.0 if own is None else max(own.high - value, 0.0)
        for value, own in zip(values, intervals, strict=True)
    ]
    down = [
        0.0 if own is None else max(value - own.low, 0.0)
        for value, own in zip(values, intervals, strict=True)
    ]
    style = {"color": INK, "thickness": 1, "width": 3}
    return {"type": "data", "symmetric": False, "array": up, "arrayminus": down, **style}


def _finite(values: Any) -> list[float | None]:
    """JSON has no NaN."""
    return [float(value) if math.isfinite(value) else None for value in values]


def _short_number(value: float) -> str:
    return unsigned_zero(f"{value:.2f}") if math.isfinite(value) else ""


Strokes = tuple[list[float | None], list[float | None]]


def _hatching(cells: Sequence[tuple[int, int]]) -> Strokes:
    """Slanted strokes through cells."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    for y, x in cells:
        for k in range(STROKES):
            shift = (k + 1) / (STROKES + 1) * 2 - 1  # from one corner to the other
            left, right = max(-0.5, shift - 0.5), min(0.5, shift + 0.5)
            xs += [x + left, x + right, None]
            ys += [y + shift - left, y + shift - right, None]
    return xs, ys


def _crosses(cells: Sequence[tuple[int, int]]) -> Strokes:
    """Both diagonals of cells."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    for y, x in cells:
        xs += [x - 0.5, x + 0.5, None, x - 0.5, x + 0.5, None]
        ys += [y - 0.5, y + 0.5, None, y + 0.5, y - 0.5, None]
    return xs, ys


def _strokes(xs: list[float | None], ys: list[float | None], colour: str) -> dict[str, Any]:
    line = {"color": colour, "width": 1}
    shape = {"type": "scatter", "mode": "lines", "hoverinfo": "skip"}
    return {**shape, "x": xs, "y": ys, "line": line}


def _faint(colour: str) -> str:
    """A colour of six digits, let through."""
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return f"rgba({red},{green},{blue},.2)"
