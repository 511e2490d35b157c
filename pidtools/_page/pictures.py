"""Figures that need no scripts: SVG drawn by matplotlib, with the settings of matplotlib alone."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from pidtools import plot
from pidtools._layers import DistillationMap
from pidtools._page import text
from pidtools._page.charts import Series
from pidtools._trace import DistillationTrace
from pidtools._where import ClassTable, PairTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 7.2


def of_bars(names: Sequence[str], series: Sequence[Series], label: str) -> bytes:
    """Horizontal bars with intervals, the first name at the top."""
    with _settings():
        figure = plot.new_figure(WIDTH, 0.9 + 0.32 * len(names) * max(1.0, 0.8 * len(series)))
        ax = figure.subplots()
        height = 0.65 / len(series)
        for k, own in enumerate(series):
            places = np.arange(len(names)) + (k - (len(series) - 1) / 2) * height
            ax.barh(places, own.values, height=height, color=list(own.colours), label=own.title)
            _draw_intervals(ax, places, own)
        ax.set_yticks(range(len(names)), [text.short(name) for name in names])
        ax.invert_yaxis()
        ax.axvline(0, color="black", lw=0.8)
        ax.set_xlabel(label)
        plot.without_frame(ax)
        return _svg(figure)


def of_map(m: DistillationMap) -> bytes:
    """The map, with what hatching and crosses mean."""
    shown = dataclasses.replace(
        m,
        teacher_layers=tuple(map(text.short, m.teacher_layers)),
        student_layers=tuple(map(text.short, m.student_layers)),
    )
    with _settings():
        longest = max(map(len, shown.student_layers))
        height = 1.4 + 0.08 * longest + 0.42 * len(shown.teacher_layers)
        width = 2.2 + 0.09 * max(map(len, shown.teacher_layers)) + 0.62 * len(shown.student_layers)
        figure = plot.new_figure(max(width, 4.2), max(height, 2.4))
        ax = plot.plot_map(shown, ax=figure.subplots())
        ax.set_title("")
        figure.colorbar(ax.images[0], ax=ax, shrink=0.9, label=m.units)
        return _svg(figure)


def of_trace(trace: DistillationTrace) -> bytes:
    """Curves over the steps with their bands."""
    with _settings():
        figure = plot.new_figure(WIDTH, 4.4)
        ax = plot.plot_trace(trace, ax=figure.subplots())
        figure.legend(loc="outside upper center", ncols=2, frameon=False)
        plot.without_frame(ax)
        return _svg(figure)


def of_difference(
    steps: Sequence[float],
    values: Sequence[float],
    ends: tuple[Sequence[float], Sequence[float]] | None,
    colour: str,
    label: str,
) -> bytes:
    """One curve around 0 with its band."""
    with _settings():
        figure = plot.new_figure(WIDTH, 3.4)
        ax = figure.subplots()
        ax.plot(steps, values, color=colour, marker="o", markersize=3)
        if ends is not None:
            ax.fill_between(steps, *ends, color=colour, alpha=0.2, linewidth=0)
        ax.axhline(0, color="black", lw=0.8)
        ax.set_xlabel("step")
        ax.set_ylabel(label)
        plot.without_frame(ax)
        return _svg(figure)


def of_classes(table: ClassTable) -> bytes:
    """Classes, the one with most to distil at the top."""
    with _settings():
        shown = [dataclasses.replace(row, label=text.short(row.label)) for row in table]
        figure = plot.new_figure(WIDTH, max(2.4, 0.42 * len(shown) + 1.2))
        ax = plot.plot_classes(ClassTable(tuple(shown), table.units), ax=figure.subplots())
        figure.legend(loc="outside upper center", ncols=2, frameon=False)
        plot.without_frame(ax)
        return _svg(figure)


def of_pairs(table: PairTable) -> bytes:
    """Pairs of classes as a matrix."""
    with _settings():
        figure = plot.new_figure(WIDTH, WIDTH * 0.86)
        ax = plot.plot_pairs(table, ax=figure.subplots())
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_ticklabels([text.short(tick.get_text()) for tick in axis.get_ticklabels()])
        figure.colorbar(ax.images[0], ax=ax, shrink=0.85, label=table.units)
        return _svg(figure)


def _draw_intervals(ax: Axes, places: Any, own: Series) -> None:
    known = [k for k, interval in enumerate(own.intervals) if interval is not None]
    if not known:
        return
    found = [interval for interval in own.intervals if interval is not None]
    values = np.array([own.values[k] for k in known])
    down = np.maximum(values - [interval.low for interval in found], 0)
    up = np.maximum([interval.high for interval in found] - values, 0)
    style: dict[str, Any] = {"fmt": "none", "ecolor": "black", "elinewidth": 1, "capsize": 2.5}
    ax.errorbar(values, places[known], xerr=np.stack([down, up]), **style)


@contextmanager
def _settings() -> Iterator[None]:
    """Neither the user's style nor mathematics in names: a $ is a $."""
    import matplotlib
    import matplotlib.style

    with (
        matplotlib.style.context("default"),
        matplotlib.rc_context({"text.parse_math": False, "svg.hashsalt": "pidtools"}),
    ):
        yield


def _svg(figure: Figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()
