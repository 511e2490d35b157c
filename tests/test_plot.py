"""Pictures: what is drawn, read back from the axes."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

import pidtools as pt
from pidtools import plot
from pidtools._types import Floats
from pidtools.plot import (
    plot_atoms,
    plot_classes,
    plot_map,
    plot_pairs,
    plot_students,
    plot_trace,
    save_map,
    save_trace,
    save_where,
)

Y = np.arange(400) % 4
RESULT = pt.distillable_knowledge(Y, Y // 2, Y)
NAMES = ("distilled", "distillable", "student_only", "synergy")


@pytest.fixture
def ax() -> Axes:
    return Figure().subplots()


def heights(ax: Axes) -> Floats:
    """Heights of the bars, one row an atom."""
    bars = [container for container in ax.containers if isinstance(container, BarContainer)]
    return np.array([[bar.get_height() for bar in container] for container in bars])


def test_bars_are_the_atoms(ax: Axes) -> None:
    students = {"2": RESULT, "16": pt.distillable_knowledge(Y, Y, Y)}
    assert plot_atoms(students, ax=ax) is ax
    expected = [[getattr(r, name) for r in students.values()] for name in NAMES]
    assert np.array_equal(heights(ax), expected)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["2", "16"]
    assert ax.get_ylabel() == "information about Y (bits)"
    assert len(ax.get_legend_handles_labels()[1]) == 4


def test_one_result_is_one_bar(ax: Axes) -> None:
    plot_atoms(RESULT, ax=ax)
    assert heights(ax).shape == (4, 1)


def test_bars_are_stacked(ax: Axes) -> None:
    plot_atoms(RESULT, ax=ax)
    tops = [bar.get_y() + bar.get_height() for (bar,) in ax.containers]
    assert tops[-1] == pytest.approx(RESULT.joint_information, abs=1e-12)


def test_atoms_below_zero_hang_down(ax: Axes) -> None:
    pid = dataclasses.replace(RESULT.pid, synergy=-0.25)
    plot_atoms(dataclasses.replace(RESULT, pid=pid), ax=ax)
    bar = ax.containers[-1][0]
    assert (bar.get_y(), bar.get_height()) == (0.0, -0.25)


def test_unknown_synergy_has_no_height(ax: Axes) -> None:
    plot_atoms(pt.distillable_knowledge(Y, Y // 2, Y, synergy=False), ax=ax)
    assert heights(ax)[-1, 0] == 0.0


def test_options_reach_the_bars(ax: Axes) -> None:
    plot_atoms(RESULT, ax=ax, width=0.3, alpha=0.5)
    assert ax.containers[0][0].get_width() == pytest.approx(0.3)


def test_without_axes_a_figure_is_made_and_others_are_left_alone() -> None:
    before = pyplot.figure()
    ax = plot_atoms(RESULT)
    assert ax.figure is not before
    assert not before.axes
    pyplot.close("all")


def test_intervals_are_error_bars(ax: Axes) -> None:
    known = pt.distillable_knowledge(Y, Y // 2, Y, confidence_level=0.9, n_resamples=20)
    pid = dataclasses.replace(known.pid, synergy=-0.25)
    strayed = dataclasses.replace(known, pid=pid)  # an estimate below its interval
    plot_atoms({"none": RESULT, "a": known, "b": strayed}, ax=ax)
    bars = [c for c in ax.containers if isinstance(c, ErrorbarContainer)]
    assert len(bars) == 4
    places = []
    for atom, bar in zip(NAMES, bars, strict=True):
        (lines,) = bar.lines[2]
        segments = lines.get_segments()
        assert len(segments) == 2  # where there are intervals
        base = {"distilled": 0.0, "distillable": known.distilled}.get(
            atom, known.distilled + known.distillable
        )
        interval = known.intervals[atom]
        ends = [base + interval.low, base + interval.high]
        # Bars start at sums of atoms, whose uniques are 0 to 1e-9.
        assert segments[0][:, 1] == pytest.approx(ends, abs=1e-8)
        places.append(segments[0][0, 0])
    assert np.all(np.diff(places) > 0)
    assert segments[1][0, 1] == pytest.approx(-0.25)
    assert len(ax.get_legend_handles_labels()[1]) == 4


def test_different_units_are_refused(ax: Axes) -> None:
    nats = pt.distillable_knowledge(Y, Y, Y, units="nats")
    with pytest.raises(ValueError, match=r"in the same units; got \['bits', 'nats'\]"):
        plot_atoms({"a": RESULT, "b": nats}, ax=ax)
    assert not ax.containers


def test_no_results_are_refused(ax: Axes) -> None:
    with pytest.raises(ValueError, match="results must be one or more"):
        plot_atoms({}, ax=ax)


KNOWN = pt.distillable_knowledge(Y, Y // 2, Y, confidence_level=0.9, n_resamples=20)


def of_atoms(r: pt.DistillableKnowledge, distilled: float, left: float) -> pt.DistillableKnowledge:
    """The same result with other numbers."""
    interval = pt.Interval(left - 0.25, left + 0.25, 0.9)
    pid = dataclasses.replace(r.pid, redundancy=distilled, unique_t=left)
    return dataclasses.replace(r, pid=pid, intervals={"distillable": interval})


def test_students_have_to_the_left_and_lack_to_the_right(ax: Axes) -> None:
    strong = of_atoms(KNOWN, 1.5, 0.5)
    weak = of_atoms(KNOWN, 0.25, 1.75)
    assert plot_students({"a": strong, "b": weak}, ax=ax) is ax
    bars = [c for c in ax.containers if isinstance(c, BarContainer)]
    widths = [bar.get_width() for container in bars for bar in container]
    assert widths == [-1.5, 0.5, -0.25, 1.75]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    segments = [
        segment
        for c in ax.containers
        if isinstance(c, ErrorbarContainer)
        for segment in c.lines[2][0].get_segments()
    ]
    assert np.allclose([segment[:, 0] for segment in segments], [[0.25, 0.75], [1.5, 2.0]])
    texts = [text.get_text() for text in ax.texts]
    assert texts == ["0.50 (0.25 to 0.75)", "1.50", "1.75 (1.50 to 2.00)", "0.25"]
    assert len(ax.get_legend_handles_labels()[1]) == 3


@pytest.mark.parametrize(
    ("distilled", "left", "inches"),
    [(3.0, 0.3, 9.0), (1.0, 2.0, 9.0), (0.0, 3.0, 6.4), (0.2, 0.0, 6.4), (-0.1, -0.1, 6.4)],
)
def test_numbers_of_students_are_on_their_bars_or_off_them(
    distilled: float, left: float, inches: float
) -> None:
    """White ones within their bar, black ones beside it, all of them within the axes."""
    figure = Figure(figsize=(inches, 2))
    ax = figure.subplots()
    r = of_atoms(KNOWN, distilled, left)
    plot_students({"a": r, "b": of_atoms(KNOWN, 3.0, 0.2)}, beside={"a": r}, ax=ax)
    figure.draw_without_rendering()
    window = ax.get_window_extent()
    bars = ax.patches[1].get_window_extent()
    has = ax.patches[0].get_window_extent()
    lacks_text, has_text = (text.get_window_extent() for text in ax.texts[:2])
    for each in (lacks_text, has_text):
        assert window.x0 - 1 <= each.x0
        assert each.x1 <= window.x1 + 1
    assert lacks_text.x0 > max(bars.x1, ax.transData.transform((0, 0))[0])
    if ax.texts[1].get_color() == "white":
        assert has.x0 <= has_text.x0
        assert has_text.x1 <= has.x1
    else:
        assert has_text.x1 <= has.x0


def test_results_beside_students_belong_to_them(ax: Axes) -> None:
    plot_students({"a": RESULT}, beside={"a": RESULT}, ax=ax)
    bars = [c.patches[0] for c in ax.containers if isinstance(c, BarContainer)]
    assert len(bars) == 4
    assert bars[2].get_height() < bars[0].get_height() / 2
    with pytest.raises(ValueError, match=r"beside must have names of results only; got \['b'\]"):
        plot_students({"a": RESULT}, beside={"b": RESULT}, ax=ax)
    with pytest.raises(ValueError, match="results must be one or more"):
        plot_students({}, ax=ax)


def test_numbers_of_students_have_no_minus_before_zeros(ax: Axes) -> None:
    plot_students({"a": of_atoms(RESULT, -1e-9, -1e-9)}, ax=ax)
    assert [text.get_text()[:4] for text in ax.texts] == ["0.00", "0.00"]


def test_parts_have_their_numbers_beside_their_bars(ax: Axes) -> None:
    """In the figure of one measurement."""
    plot._draw_parts(ax, KNOWN)
    widths = [c.patches[0].get_width() for c in ax.containers if isinstance(c, BarContainer)]
    assert widths == [KNOWN.distilled, KNOWN.distillable, KNOWN.student_only, KNOWN.synergy]
    assert len([c for c in ax.containers if isinstance(c, ErrorbarContainer)]) == 4
    spread = KNOWN.intervals["distillable"]
    assert ax.texts[1].get_text() == f"1.00 ({spread.low:.2f} to {spread.high:.2f})"
    assert ax.get_xlabel() == "information about Y (bits); lines: 90\N{NO-BREAK SPACE}% intervals"
    without = dataclasses.replace(RESULT, pid=dataclasses.replace(RESULT.pid, synergy=None))
    plot._draw_parts(Figure().subplots(), without)


MAP = pt.distillation_map(
    {"conv": Y, "head": Y % 2, "bad": np.full(400, np.nan)},
    {"h1": Y // 2, "h2": Y % 2},
    Y,
    confidence_level=0.95,
)


def test_a_map_has_student_layers_along_x(ax: Axes) -> None:
    assert plot_map(MAP, ax=ax) is ax
    assert [label.get_text() for label in ax.get_xticklabels()] == ["h1", "h2"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["conv", "head", "bad"]
    (image,) = ax.images
    drawn: Floats = np.ma.filled(np.ma.asarray(image.get_array()), np.nan)
    assert np.array_equal(drawn, MAP.matrix(), equal_nan=True)
    values = {(t.get_position()): t.get_text() for t in ax.texts}
    assert values == {(0, 0): "1.00", (1, 0): "1.00", (0, 1): "1.00", (1, 1): "0.00"}


def test_cells_that_cover_zero_are_hatched_and_failed_ones_crossed_out(ax: Axes) -> None:
    plot_map(MAP, ax=ax)
    hatched = [patch for patch in ax.patches if patch.get_hatch()]
    assert [patch.get_xy() for patch in hatched if isinstance(patch, Rectangle)] == [(0.5, 0.5)]
    assert len(ax.lines) == 4  # two a cell


def test_text_has_contrast(ax: Axes) -> None:
    plot_map(MAP, ax=ax)
    colours = {t.get_text(): t.get_color() for t in ax.texts}
    assert colours == {"1.00": "black", "0.00": "white"}  # on yellow, on dark blue


def test_a_map_of_other_numbers(ax: Axes) -> None:
    assert "Red(Y : T, S)" in plot_map(MAP, "distilled", ax=ax).get_title()
    with pytest.raises(ValueError, match="name must be one of"):
        plot_map(MAP, "accuracy", ax=ax)


def test_a_map_without_answers_is_drawn(ax: Axes, tmp_path: Path) -> None:
    bad = pt.distillation_map({"a_long_name": np.full(400, np.nan)}, {"another_long": Y}, Y)
    assert len(plot_map(bad, ax=ax).texts) == 0
    save_map(bad, tmp_path / "map.svg")
    assert (tmp_path / "map.svg").stat().st_size > 0


STEPS = {1: Y // 3, 2: Y // 2, 4: Y, 5: Y}
PLAIN = {1: Y // 4, 2: Y // 3, 4: Y // 2, 5: Y // 2}


def curves(ax: Axes) -> dict[str, list[float]]:
    """Heights of the lines by their labels."""
    return {str(line.get_label()): np.asarray(line.get_ydata()).tolist() for line in ax.lines}


def test_a_trace_is_two_curves_and_what_the_teacher_knows(ax: Axes) -> None:
    trace = pt.distillation_trace(Y, STEPS, Y)
    assert plot_trace(trace, ax=ax) is ax
    drawn = curves(ax)
    assert drawn[r"distillable  Uni(Y : T \ S)"] == trace.column("distillable")
    assert drawn["distilled  Red(Y : T, S)"] == trace.column("distilled")
    assert drawn["teacher knows"] == pytest.approx([2, 2])
    assert np.asarray(ax.lines[0].get_xdata()).tolist() == [1, 2, 4, 5]
    assert ax.get_ylabel() == "information about Y (bits)"
    assert len(ax.collections) == 2  # the bands


def test_saturation_and_baseline_are_drawn(ax: Axes) -> None:
    trace = pt.distillation_trace(Y, STEPS, Y, baseline=PLAIN)
    plot_trace(trace, ax=ax)
    (upright,) = [line for line in ax.lines if "saturated" in str(line.get_label())]
    assert np.asarray(upright.get_xdata()).tolist() == [4, 4]
    dashed = [line for line in ax.lines if line.get_linestyle() == "--"]
    assert [np.asarray(line.get_ydata()).tolist() for line in dashed] == [
        trace.column("distillable", of_baseline=True),
        trace.column("distilled", of_baseline=True),
    ]


def test_a_trace_without_bands(ax: Axes) -> None:
    plot_trace(pt.distillation_trace(Y, STEPS, Y, confidence_level=None), ax=ax)
    assert len(ax.collections) == 0
    assert len(ax.lines) == 3


def test_a_trace_in_a_file(tmp_path: Path) -> None:
    save_trace(pt.distillation_trace(Y, STEPS, Y), tmp_path / "trace.svg")
    assert (tmp_path / "trace.svg").stat().st_size > 1000


LACKING = pt.distillable_knowledge(Y, np.minimum(Y, 2), Y)


def test_classes_are_bars_and_the_neediest_is_first(ax: Axes) -> None:
    table = LACKING.by_class()
    assert plot_classes(table, ax=ax) is ax
    assert [label.get_text() for label in ax.get_yticklabels()] == ["2", "3", "0", "1"]
    widths = [patch.get_width() for patch in ax.patches if isinstance(patch, Rectangle)]
    assert widths == pytest.approx([1, 1, 0, 0, 1, 1, 2, 2])
    assert ax.get_xlabel() == "mean over the rows of a class (bits)"


def test_classes_have_error_bars_where_they_have_intervals(ax: Axes) -> None:
    sure = pt.distillable_knowledge(
        Y, np.minimum(Y, 2), Y, confidence_level=0.9, n_resamples=20, synergy=False
    )
    plot_classes(sure.by_class(), ax=ax)
    assert len(ax.collections) == 2  # one set of bars a number


def test_pairs_look_like_a_confusion_matrix(ax: Axes) -> None:
    table = LACKING.by_pair()
    assert plot_pairs(table, ax=ax) is ax
    (image,) = ax.images
    drawn: Floats = np.ma.filled(np.ma.asarray(image.get_array()), np.nan)
    expected = np.where(np.eye(4, dtype=bool), np.nan, table.matrix())
    assert np.array_equal(drawn, expected, equal_nan=True)
    assert len(ax.texts) == 12
    with pytest.raises(ValueError, match='name must be "distillable"'):
        plot_pairs(table, "synergy", ax=ax)


def test_many_classes_are_drawn_without_their_numbers(tmp_path: Path, ax: Axes) -> None:
    many = np.arange(600) % 30
    found = pt.distillable_knowledge(many, many // 2, many)
    plot_pairs(found.by_pair(), ax=ax)
    assert len(ax.texts) == 0
    assert len(ax.get_xticks()) == 15
    save_where(found, tmp_path / "where.png")
    assert (tmp_path / "where.png").stat().st_size > 1000
