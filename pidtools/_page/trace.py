"""A student over its training: what the numbers mean, tables and figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pidtools._knowledge import ATOMS, DISTILLABLE, Quantity
from pidtools._notebook import percent
from pidtools._page import charts, pictures, text, verdicts
from pidtools._page.knowledge import MOST_OPEN, OF_INFORMATION, hover_ends, remarks, said_of_some
from pidtools._page.parts import Block, Figure, Section, Table
from pidtools._result import Interval
from pidtools._trace import DistillationTrace, TraceRow, step_text

Ends = tuple[list[float], list[float]]
DISTILLED = ATOMS[0]


def training(result: DistillationTrace, *, whole: bool) -> Section:
    """What a student has taken, step by step, and whether there is more to take."""
    blocks = [_curves(result)]
    if result.has_baseline:
        blocks.append(_beyond(result))
    of_steps = [(f"step {step_text(row.step)}", row.notes) for row in result]
    blocks += said_of_some(of_steps, result.notes, "Notes on single steps")
    return Section(
        title="Over the training",
        said=_said(result),
        blocks=tuple(blocks),
        **remarks(result),
        facts=(("Rows", str(result.n_samples)), ("Teacher", repr(result.estimator))),
    )


def _said(trace: DistillationTrace) -> tuple[str, ...]:
    first, last = trace.rows[0], trace.rows[-1]
    found = [trace.verdict]
    if trace.saturation is not None:
        found.append(
            verdicts.went(trace, f"From step {step_text(first.step)} to {step_text(last.step)}")
        )
    if last.baseline is not None:
        found.append(_said_of_baseline(last, trace.units))
    if stopped := [step_text(row.step) for row in trace if row.stopped]:
        found.append(f"The solver stopped with a gap above tol at step {text.names(stopped)}.")
    return tuple(found)


def _said_of_baseline(last: TraceRow, units: str) -> str:
    took = -last.differences["distillable"]
    band = last.difference_bands.get("distilled")
    verdict = (
        "."
        if band is None
        else "; the band stays above 0, so that distilling did something."
        if band.low > 0
        else "; the band stays below 0, so that distilling did harm."
        if band.high < 0
        else "; the band holds 0, so that distilling is not shown to have done anything."
    )
    return (
        f"At step {step_text(last.step)} the student has {text.number(took, '+.3f')} {units}"
        f"{text.within(band, '+.3f')} more of the teacher's knowledge than the one trained without "
        f"distillation{verdict}"
    )


def _curves(trace: DistillationTrace) -> Block:
    heads = ["step", "distillable", "band", "distilled", "band", "student only"]
    has_bands = any(row.bands for row in trace)
    if not has_bands:
        heads = [head for head in heads if head != "band"]
    rows = []
    for row in trace:
        cells = [step_text(row.step)]
        for quantity in (DISTILLABLE, DISTILLED):
            cells.append(text.number(row.numbers()[quantity.name]))
            if has_bands:
                cells.append(text.ends(row.bands.get(quantity.name)))
        rows.append((*cells, text.number(row.student_only)))
    caption = f"In {trace.units}"
    if trace.confidence_level is not None:
        caption += f"; bands hold all steps at once, at {percent(trace.confidence_level)}"
    return Block(
        title="Step by step",
        figure=_figure(trace),
        table=Table(
            caption=caption,
            heads=tuple(heads),
            rows=tuple(rows),
            is_folded=len(rows) > MOST_OPEN,
        ),
    )


def _figure(trace: DistillationTrace) -> Figure:
    steps = list(trace.steps)
    data: list[dict[str, Any]] = []
    highest = [trace.teacher_information]
    for quantity in (DISTILLABLE, DISTILLED):
        colour = quantity.colour or OF_INFORMATION
        ends = _ends([row.bands for row in trace], quantity.name)
        if ends is not None:
            data.append(charts.band(steps, *ends, colour))
            highest += ends[1]
        for of_baseline in (False, True) if trace.has_baseline else (False,):
            values = trace.column(quantity.name, of_baseline=of_baseline)
            title = f"{quantity.title}, without distillation" if of_baseline else quantity.title
            hover = [_hover(row, quantity, title, of_baseline, trace.units) for row in trace]
            data.append(charts.curve(steps, values, hover, title, colour, dashed=of_baseline))
    data.append(charts.level(steps, trace.teacher_information, "teacher knows"))
    found = trace.saturation
    if found is not None and found.step is not None:
        data.append(charts.upright(found.step, 0, max(highest), f"saturated: {found.reason}"))
    said = "Bands hold all steps at once." if trace.confidence_level is not None else ""
    said += " Dashed: the student trained without distillation." if trace.has_baseline else ""
    return Figure(
        alternative="What is distillable and distilled over the steps; the table has the numbers.",
        said=said.strip(),
        chart=charts.curves(data, f"information about Y ({trace.units})"),
        draw=lambda: pictures.of_trace(trace),
    )


def _hover(row: TraceRow, quantity: Quantity, title: str, of_baseline: bool, units: str) -> str:
    own = row.baseline if of_baseline else row
    if own is None:
        return ""
    band = hover_ends(own.bands.get(quantity.name))
    alone = hover_ends(own.intervals.get(quantity.name))
    return charts.lines(
        f"step {step_text(row.step)}",
        f"{title}: {text.number(own.numbers()[quantity.name])} {units}",
        f"band {band}" if band else "",
        f"this step alone {alone}" if alone else "",
    )


def _beyond(trace: DistillationTrace) -> Block:
    """What distilling took beyond the student without it."""
    rows = [row for row in trace if row.baseline is not None]
    steps, values = [row.step for row in rows], [-row.differences["distillable"] for row in rows]
    bands = [row.difference_bands.get("distilled") for row in rows]
    table = Table(
        caption=f"In {trace.units}; distillable of both, and what distilling took from it",
        heads=("step", "with", "without", "taken", "band"),
        rows=tuple(
            (
                step_text(row.step),
                text.number(row.distillable),
                text.number(None if row.baseline is None else row.baseline.distillable),
                text.number(value, "+.4f"),
                text.ends(band, "+.4f"),
            )
            for row, value, band in zip(rows, values, bands, strict=True)
        ),
        is_folded=len(rows) > MOST_OPEN,
    )
    return Block(
        title="What distilling did",
        said=("Above 0: the distilled student has taken more than the one trained without.",),
        figure=_figure_beyond(steps, values, rows, trace.units),
        table=table,
    )


def _figure_beyond(
    steps: list[float], values: list[float], rows: list[TraceRow], units: str
) -> Figure:
    colour, label = DISTILLED.colour or OF_INFORMATION, f"taken beyond the other ({units})"
    ends = _ends([row.difference_bands for row in rows], "distilled")
    hover = [
        charts.lines(
            f"step {step_text(row.step)}",
            f"taken beyond the other: {text.number(value, '+.4f')} {units}",
            hover_ends(row.difference_bands.get("distilled"), "+.4f"),
        )
        for row, value in zip(rows, values, strict=True)
    ]
    line = charts.curve(steps, values, hover, "taken by distilling", colour)
    data = [line] if ends is None else [charts.band(steps, *ends, colour), line]
    return Figure(
        alternative="What distilling took over the steps; the table has the numbers.",
        said="The band holds all steps at once." if ends is not None else "",
        chart=charts.curves(data, label),
        draw=lambda: pictures.of_difference(steps, values, ends, colour, label),
    )


def _ends(bands: list[Mapping[str, Interval]], name: str) -> Ends | None:
    """Lower and upper ends, where all steps have them."""
    if not all(name in own for own in bands):
        return None
    return [own[name].low for own in bands], [own[name].high for own in bands]
