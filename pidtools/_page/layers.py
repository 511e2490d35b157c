"""Layers against layers and teachers against teachers: what the numbers mean, tables, figures."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from pidtools._knowledge import DISTILLABLE, DistillableKnowledge
from pidtools._layers import (
    Best,
    DistillationMap,
    LayerPair,
    RankedTeacher,
    TeacherRanking,
)
from pidtools._notebook import percent
from pidtools._page import charts, pictures, text, verdicts
from pidtools._page.charts import Series
from pidtools._page.knowledge import (
    OF_INFORMATION,
    bars,
    facts,
    hover_ends,
    plain,
    remarks,
    said_of_some,
)
from pidtools._page.parts import Block, Figure, Section, Table
from pidtools._result import Interval

# Layers of a student up to which a table has a column for each.
MOST_COLUMNS = 24


def layers(result: DistillationMap, *, whole: bool) -> Section:
    """What each layer of a teacher has for each layer of its student."""
    best = verdicts.best_of(result.best)
    blocks = [_matrix(result)]
    if best is not None:
        blocks.append(_standings(best, "Which teacher layer"))
    if (failures := _failures(result)) is not None:
        blocks.append(failures)
    of_pairs = [(f"{row.teacher_layer} to {row.student_layer}", row.notes) for row in result]
    blocks += said_of_some(of_pairs, result.notes, "Notes on single pairs")
    return Section(
        title="Layer by layer",
        said=_said_of_map(result, best),
        blocks=tuple(blocks),
        **remarks(result),
        facts=_facts(result.rows, result.n_samples),
    )


def ranking(result: TeacherRanking, *, whole: bool) -> Section:
    """Which teachers have something for a student, and which together."""
    best = verdicts.best_of(result.best)
    blocks = [_teachers(result), _order(result)]
    if best is not None:
        blocks.append(_standings(best, "Which may be the best"))
    of_teachers = [(row.teacher, row.notes) for row in result]
    blocks += said_of_some(of_teachers, result.notes, "Notes on single teachers")
    return Section(
        title="Which teachers",
        said=_said_of_ranking(result, best),
        blocks=tuple(blocks),
        **remarks(result),
        facts=_facts(result.rows, result.n_samples),
    )


def standings(result: Best, *, whole: bool) -> Section:
    """Which may be the one with most to distil."""
    return Section(
        title="Which may be the best",
        said=(result.verdict,),
        blocks=(_standings(result, "Standings"),),
    )


def _said_of_map(m: DistillationMap, best: Best | None) -> tuple[str, ...]:
    found = [m.verdict]
    answers = [row for row in m if row.distillable is not None]
    if best is not None:
        row = m.at(best.best, best.student)
        beginning = f"From {text.name(best.best)}, which reads highest"
        own = row.intervals.get("distillable")
        found.append(verdicts.left(beginning, row.distillable or 0.0, own, m.units))
    covered = sum(_covers_0(row) for row in answers)
    known = sum("distillable" in row.intervals for row in answers)
    if known:
        found.append(
            f"In {covered} of {text.count(known, 'pair')} the interval reaches down to 0: nothing "
            "is shown to be left there."
        )
    if len(answers) < len(m):
        n = len(m) - len(answers)
        found.append(
            f"{text.count(n, 'pair')} of {len(m)} {'has' if n == 1 else 'have'} no answer."
        )
    return (*found, *_said_of_stopped([row.result for row in answers]))


def _said_of_stopped(results: Sequence[DistillableKnowledge | None]) -> tuple[str, ...]:
    """Solvers that gave up."""
    n = sum(result is not None and result.pid.outcome.stopped for result in results)
    return (f"In {n} of {len(results)} the solver stopped with a gap above tol.",) if n else ()


def _covers_0(row: LayerPair) -> bool:
    interval = row.intervals.get("distillable")
    return interval is not None and interval.low <= 0 <= interval.high


def _matrix(m: DistillationMap) -> Block:
    n = len(m.student_layers)
    intervals = {str(k): x for k, row in enumerate(m) for x in row.intervals.values()}
    lines = [m.rows[k : k + n] for k in range(0, len(m), n)]
    if n <= MOST_COLUMNS:
        heads = ("teacher layer", *m.student_layers)
        rows = tuple(
            (name, *map(_cell, line)) for name, line in zip(m.teacher_layers, lines, strict=True)
        )
        n_names = 1
    else:
        heads, n_names = ("teacher layer", "student layer", "distillable"), 2
        rows = tuple((row.teacher_layer, row.student_layer, _cell(row)) for row in m)
    caption = f"Distillable knowledge, a column for each student layer. {plain(m.units, intervals)}"
    return Block(
        title="Distillable knowledge",
        figure=_heat_map(m, lines),
        table=Table(
            caption=caption, heads=heads, rows=rows, n_names=n_names, is_folded=n_names > 1
        ),
    )


def _cell(row: LayerPair) -> str:
    if row.distillable is None:
        return "no answer"
    ends = text.ends(row.intervals.get("distillable"), ".3f")
    return f"{text.number(row.distillable)}\n{ends}" if ends else text.number(row.distillable)


def _heat_map(m: DistillationMap, lines: Sequence[Sequence[LayerPair]]) -> Figure:
    places = list(itertools.product(range(len(m.teacher_layers)), range(len(m.student_layers))))
    at = list(zip(places, m.rows, strict=True))
    hatched = [place for place, row in at if _covers_0(row)]
    crossed = [place for place, row in at if row.distillable is None]
    said = "The brighter, the more is left to distil."
    said += " Hatched: the interval reaches down to 0." if hatched else ""
    said += " Crossed out: no answer." if crossed else ""
    return Figure(
        alternative=(
            f"Distillable knowledge of {len(m.teacher_layers)} teacher layers and "
            f"{len(m.student_layers)} student layers, as a matrix of colours; the table has the "
            "numbers."
        ),
        said=said,
        chart=charts.heat_map(
            m.matrix(),
            m.teacher_layers,
            m.student_layers,
            [[_hover(row, m.units) for row in line] for line in lines],
            labels=("student layer", "teacher layer"),
            unit=m.units,
            hatched=hatched,
            crossed=crossed,
        ),
        draw=lambda: pictures.of_map(m),
    )


def _hover(row: LayerPair, units: str) -> str:
    pair = f"{row.teacher_layer} to {row.student_layer}"
    if row.distillable is None:
        return charts.lines(pair, "no answer")
    interval = row.intervals.get("distillable")
    return charts.lines(
        pair,
        f"distillable {text.number(row.distillable)} {units}",
        hover_ends(interval),
        f"distilled {text.number(row.distilled)}",
        f"student only {text.number(row.student_only)}",
    )


def _failures(m: DistillationMap) -> Block | None:
    """Layers and pairs without an answer, and why."""
    rows = [(name, why) for name, why in m.failed.items()]
    for row in m:
        own = f"teacher {row.teacher_layer}", f"student {row.student_layer}"
        if row.error is not None and not any(name in m.failed for name in own):
            rows.append((f"{row.teacher_layer} to {row.student_layer}", row.error))
    if not rows:
        return None
    table = Table(caption="Layers and pairs", heads=("layer", "why"), rows=tuple(rows), n_names=2)
    return Block(title="Without an answer", table=table)


def _standings(best: Best, title: str) -> Block:
    rows = tuple(
        (
            row.name,
            text.number(row.distillable),
            text.number(row.difference, "+.4f"),
            text.ends(row.interval, "+.4f"),
            "no" if row.ruled_out else "yes",
        )
        for row in best
    )
    at = percent(best.confidence_level)
    return Block(
        title=title,
        said=("Each against the best of the others; the intervals hold all at once.",),
        table=Table(
            caption=f"Distillable into {text.name(best.student)}, in {best.units}, at {at}",
            heads=("", "distillable", "less the best other", "interval of that", "may be best"),
            rows=rows,
        ),
    )


def _said_of_ranking(result: TeacherRanking, best: Best | None) -> tuple[str, ...]:
    found = [result.verdict]
    stop = [step for step in result.additions if not step.taken]
    if stop and result.chosen:
        found.append(
            f"Next would be {text.name(stop[0].teacher)}, but what it adds, "
            f"{text.number(stop[0].added, '.3f')}{text.within(stop[0].interval)}, is not shown to "
            "be more than nothing, so the order stops there."
        )
    if best is not None:
        found.append(verdicts.standings(best))
    failed = sum(row.error is not None for row in result)
    if failed:
        found.append(f"{text.count(failed, 'teacher')} of {len(result)} without an answer.")
    return (*found, *_said_of_stopped([row.result for row in result]))


def _teachers(result: TeacherRanking) -> Block:
    intervals = {str(k): x for k, row in enumerate(result) for x in row.intervals.values()}
    rows = tuple(
        (
            row.teacher,
            *(
                ("-", "no answer", row.error)
                if row.error is not None
                else (
                    text.number(row.teacher_information),
                    text.number(row.distillable),
                    text.ends(row.intervals.get("distillable")),
                )
            ),
        )
        for row in result
    )
    return Block(
        title="Each by itself",
        figure=_figure_of_teachers(result),
        table=Table(
            caption=plain(result.units, intervals),
            heads=("teacher", "knows", "distillable", "interval"),
            rows=rows,
        ),
    )


def _figure_of_teachers(result: TeacherRanking) -> Figure | None:
    answers = [row for row in result if row.distillable is not None]
    if not answers:
        return None
    intervals: list[Interval | None] = [row.intervals.get("distillable") for row in answers]
    series = Series(
        title=DISTILLABLE.title,
        values=[row.distillable or 0.0 for row in answers],
        intervals=intervals,
        colours=[DISTILLABLE.colour or OF_INFORMATION] * len(answers),
        hover=[
            charts.lines(
                row.teacher,
                f"distillable {text.number(row.distillable)} {result.units}",
                hover_ends(row.intervals.get("distillable")),
                f"knows {text.number(row.teacher_information)}",
            )
            for row in answers
        ],
    )
    names = [row.teacher for row in answers]
    label = f"distillable ({result.units})"
    return bars(names, [series], label, "What each teacher has for the student")


def _order(result: TeacherRanking) -> Block:
    rows = tuple(
        (
            str(k + 1),
            step.teacher,
            text.number(step.added),
            text.ends(step.interval),
            "yes" if step.taken else "no",
        )
        for k, step in enumerate(result.additions)
    )
    return Block(
        title="In order",
        said=("What each adds beyond the student and all before it.",),
        table=Table(
            caption=f"In {result.units}",
            heads=("", "teacher", "adds", "interval", "taken"),
            rows=rows,
            n_names=2,
        ),
    )


def _facts(
    rows: Sequence[LayerPair] | Sequence[RankedTeacher], n_samples: int
) -> tuple[tuple[str, str], ...]:
    results = [row.result for row in rows if row.result is not None]
    if not results:
        return (("Rows", str(n_samples)),)
    worst = max(results, key=lambda result: result.pid.gap)
    return facts(worst)
