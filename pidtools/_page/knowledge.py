"""One teacher and one student, or two: what the numbers mean, tables and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pidtools._knowledge import (
    ATOMS,
    COMPARED,
    DISTILLABLE,
    SHOWN,
    DistillableKnowledge,
    IndependenceTest,
    Quantity,
    StudentComparison,
    p_value_text,
)
from pidtools._notebook import percent
from pidtools._page import charts, pictures, text
from pidtools._page.charts import Series
from pidtools._page.parts import Block, Figure, Section, Table
from pidtools._remarks import Remarked
from pidtools._result import PID, Interval, PIDBatch
from pidtools._where import ClassKnowledge, ClassTable, PairTable

# Classes up to which pairs of them are shown, and classes that a figure has bars for.
MOST_CLASSES_OF_PAIRS, MOST_BARS = 200, 24
# Rows of a table up to which it stands open; pairs and rows that are listed.
MOST_OPEN, MOST_LISTED = 24, 20
# Less than this share of a whole is not worth a sentence.
WORTH_A_WORD = 0.005
# Of informations, which have no colour of their own.
OF_INFORMATION = "#56606b"


def knowledge(result: DistillableKnowledge, *, whole: bool) -> Section:
    """What is left to distil; as a `whole` with its classes, pairs and rows."""
    blocks = [_numbers(result)]
    said = _said(result)
    if whole and (classes := _classes_of(result)) is not None:
        said = (*said, *_said_of_classes(result, classes))
        blocks += [_of_classes(classes), *_of_pairs(result, classes), _of_rows(result, classes)]
    return Section(
        title="What is left to distil",
        said=said,
        blocks=tuple(blocks),
        **remarks(result),
        facts=facts(result),
    )


def comparison(result: StudentComparison, *, whole: bool) -> Section:
    """Which of two students has more left to learn."""
    return Section(
        title="Two students of one teacher",
        said=_said_of_two(result),
        blocks=(_differences(result),),
        **remarks(result),
        facts=(
            *facts(result.a)[:-2],
            ("Student a", f"{result.a.estimator_s!r}"),
            ("Student b", f"{result.b.estimator_s!r}"),
            ("Solver", _evidence([result.a, result.b])),
        ),
    )


def independence(result: IndependenceTest, *, whole: bool) -> Section:
    """Whether a source tells anything of the target."""
    p = p_value_text(result.p_value, result.p_value_is_bound)
    null = tuple(
        (f"{percent(q)} quantile if independent", text.number(value))
        for q, value in result.null_quantiles.items()
    )
    rows = (
        ("information I(X; Y)", text.number(result.information)),
        ("statistic", text.number(result.statistic)),
        *null,
        ("p-value of independence", p),
    )
    table = Table(
        caption=f"In {result.units}, {result.n_permutations} permutations",
        heads=("", "value"),
        rows=rows,
    )
    return Section(
        title="Test of independence",
        said=(result.verdict,),
        blocks=(Block(title="Numbers", table=table),),
        **remarks(result),
        facts=(("Rows", str(result.n_samples)), ("Estimator", repr(result.estimator))),
    )


def decomposition(result: PID, *, whole: bool) -> Section:
    """The atoms of a table or a covariance."""
    names = ("redundancy", "unique of T", "unique of S", "synergy")
    known = zip(names, result.atoms, strict=True)
    sums = (
        ("I(Y; T)", result.information_t),
        ("I(Y; S)", result.information_s),
        ("I(Y; T, S)", result.joint_information),
    )
    rows = tuple((name, _known(value)) for name, value in (*known, *sums))
    said = f"{result.outcome.value} Gap {result.gap:.1e} {result.units}."
    return Section(
        title="Partial information decomposition",
        said=(result.verdict, said),
        blocks=(Block(title="Numbers", table=_plain(result.units, rows)),),
        **remarks(result),
        facts=(("Measure", result.measure),),
    )


def decompositions(result: PIDBatch, *, whole: bool) -> Section:
    """The first of many decompositions."""
    n = min(len(result), MOST_LISTED)
    columns = (result.redundancy, result.unique_t, result.unique_s, result.synergy)
    rows = tuple((str(k), *(text.number(float(c[k])) for c in columns)) for k in range(n))
    heads = ("", "redundancy", "unique of T", "unique of S", "synergy")
    table = Table(caption=f"In {result.units}", heads=heads, rows=rows)
    more = (f"And {len(result) - n} more.",) if len(result) > n else ()
    return Section(
        title="Partial information decompositions",
        said=(result.verdict,),
        blocks=(Block(title="Numbers", table=table, said=more),),
    )


def classes(result: ClassTable, *, whole: bool) -> Section:
    """What is left to distil in each class."""
    return Section(title="Which classes", said=(result.verdict,), blocks=(_of_classes(result),))


def pairs(result: PairTable, *, whole: bool) -> Section:
    """Which classes the teacher tells apart and the student does not."""
    return Section(title="Which pairs of classes", said=(result.verdict,), blocks=(_pairs(result),))


def remarks(result: Remarked) -> dict[str, tuple[str, ...]]:
    """Warnings, notes and details of a section."""
    return {
        "warnings": result.warnings,
        "notes": result.notes,
        "details": tuple(result.details().splitlines()),
    }


def said_of_some(
    of_each: Sequence[tuple[str, Sequence[str]]], of_all: Sequence[str], title: str
) -> tuple[Block, ...]:
    """Notes that are not said of all, each once, with what it is said of."""
    who: dict[str, list[str]] = {}
    for own, notes in of_each:
        for note in notes:
            if note not in of_all:
                who.setdefault(note, []).append(own)
    if not who:
        return ()
    rows = tuple((_few(own), note) for note, own in who.items())
    table = Table(
        caption=title, heads=("of", "note"), rows=rows, n_names=2, is_folded=True, is_printed=False
    )
    return (Block(title=title, table=table),)


def facts(result: DistillableKnowledge) -> tuple[tuple[str, str], ...]:
    """How it was measured."""
    kind = "continuous" if result.n_classes is None else text.count(result.n_classes, "class")
    return (
        ("Rows", str(result.n_samples)),
        ("Target", kind.replace("classs", "classes")),
        ("Teacher", repr(result.estimator_t)),
        ("Student", repr(result.estimator_s)),
        ("Solver", _evidence([result])),
    )


def plain(units: str, intervals: Mapping[str, Interval]) -> str:
    """Caption of a table with intervals."""
    levels = {interval.confidence_level for interval in intervals.values()}
    if not levels:
        return f"In {units}"
    return f"In {units}, intervals at {' and '.join(percent(x) for x in sorted(levels))}"


def _said(result: DistillableKnowledge) -> tuple[str, ...]:
    found = [result.verdict]
    if result.fraction_distilled is not None:
        found.append(
            f"The student has taken over {percent(round(result.fraction_distilled, 2))} of "
            f"what the teacher knows{text.within(result.intervals.get('distilled'))}, and knows "
            f"{result.student_information:.3f} {result.units} in all."
        )
    if result.student_only > WORTH_A_WORD * max(result.student_information, 0.0):
        found.append(
            f"The student also knows {result.student_only:.3f}"
            f"{text.within(result.intervals.get('student_only'))} that this teacher does not, "
            "which distilling may cost it."
        )
    if result.pid.outcome.stopped:
        found.append(f"{result.pid.outcome.value} The gap is {result.pid.gap:.1e}.")
    return tuple(found)


def _numbers(result: DistillableKnowledge) -> Block:
    rows = [
        (
            f"{quantity.title}, {quantity.symbol}",
            text.number(quantity.of(result)),
            text.ends(result.intervals.get(quantity.name)),
        )
        for quantity in SHOWN
    ]
    if result.fraction_distilled is not None:
        rows.append(("fraction distilled", percent(round(result.fraction_distilled, 3)), ""))
    if result.p_distillable is not None:
        shown = p_value_text(result.p_distillable, result.p_distillable_is_bound)
        rows.append(("p-value of nothing to distil", shown, ""))
    table = Table(
        caption=plain(result.units, result.intervals),
        heads=("", "value", "interval"),
        rows=tuple(rows),
    )
    return Block(title="Numbers", figure=_atoms(result), table=table)


def _atoms(result: DistillableKnowledge) -> Figure:
    asked = [quantity for quantity in SHOWN if quantity.of(result) is not None]
    values = [quantity.of(result) or 0.0 for quantity in asked]
    intervals = [result.intervals.get(quantity.name) for quantity in asked]
    series = Series(
        title="",
        values=values,
        intervals=intervals,
        colours=[quantity.colour or OF_INFORMATION for quantity in asked],
        hover=[
            _hover(f"{q.title}  {q.symbol}", value, interval, result.units)
            for q, value, interval in zip(asked, values, intervals, strict=True)
        ],
    )
    return bars(
        [quantity.title for quantity in asked],
        [series],
        f"information ({result.units})",
        "What teacher and student know and share",
    )


def bars(names: Sequence[str], series: Sequence[Series], label: str, alternative: str) -> Figure:
    """A figure of bars with intervals where there are any."""
    known = any(interval is not None for own in series for interval in own.intervals)
    return Figure(
        alternative=f"{alternative}, as bars; the table below has the numbers.",
        said="Lines are intervals." if known else "",
        chart=charts.bars(names, series, label),
        draw=lambda: pictures.of_bars(names, series, label),
    )


def _hover(title: str, value: float, interval: Interval | None, units: str) -> str:
    return charts.lines(title, f"{text.number(value)} {units}", hover_ends(interval))


def hover_ends(interval: Interval | None, digits: str = ".4f") -> str:
    """An interval as a line of what a pointer shows."""
    if interval is None:
        return ""
    return f"{percent(interval.confidence_level)}: {text.ends(interval, digits)}"


def _said_of_two(result: StudentComparison) -> tuple[str, ...]:
    second = (
        f"The teacher knows {result.a.teacher_information:.3f} {result.units}; a has "
        f"{result.a.distillable:.3f} of it left to distil, b {result.b.distillable:.3f}."
    )
    return result.verdict, second


def _differences(result: StudentComparison) -> Block:
    asked = [quantity for quantity in COMPARED if quantity.name in result.differences]
    rows = [
        (
            quantity.title,
            text.number(quantity.of(result.a)),
            text.number(quantity.of(result.b)),
            text.number(result.differences[quantity.name], "+.4f"),
            text.ends(result.intervals.get(quantity.name), "+.4f"),
        )
        for quantity in asked
    ]
    if result.p_value is not None:
        shown = p_value_text(result.p_value, result.p_value_is_bound)
        rows.append(("p-value of equally much to distil", "", "", shown, ""))
    return Block(
        title="Differences",
        said=("Above 0: a has more of it than b.",),
        figure=_figure_of_differences(result, asked),
        table=Table(
            caption=plain(result.units, result.intervals),
            heads=("", "a", "b", "a - b", "interval of a - b"),
            rows=tuple(rows),
        ),
    )


def _figure_of_differences(result: StudentComparison, asked: Sequence[Quantity]) -> Figure:
    values = [result.differences[quantity.name] for quantity in asked]
    intervals = [result.intervals.get(quantity.name) for quantity in asked]
    series = Series(
        title="a - b",
        values=values,
        intervals=intervals,
        colours=[quantity.colour or OF_INFORMATION for quantity in asked],
        hover=[
            charts.lines(
                f"{quantity.title}  {quantity.symbol}",
                f"a - b: {text.number(value, '+.4f')} {result.units}",
                hover_ends(interval, "+.4f"),
            )
            for quantity, value, interval in zip(asked, values, intervals, strict=True)
        ],
    )
    names = [quantity.title for quantity in asked]
    return bars(names, [series], f"a - b ({result.units})", "Differences of the two students")


def _classes_of(result: DistillableKnowledge) -> ClassTable | None:
    """Where the result knows them."""
    try:
        return result.by_class()
    except ValueError:
        return None


def _said_of_classes(result: DistillableKnowledge, table: ClassTable) -> tuple[str, ...]:
    """The classes that most of it is of; nothing where there is hardly anything."""
    interval = result.intervals.get("distillable")
    is_shown = interval is None or interval.low > 0
    if result.distillable <= WORTH_A_WORD * result.teacher_information or not is_shown:
        return ()
    rows = sorted(table, key=lambda row: -row.share * row.distillable)
    parts = np.cumsum([row.share * row.distillable for row in rows]) / result.distillable
    n = min(int(np.searchsorted(parts, 0.5)) + 1, len(rows))
    if n > text.MOST_NAMES:
        return (f"It is spread over the classes: half of it is of {n} of {len(rows)} classes.",)
    which = text.names([row.label for row in rows[:n]])
    share = percent(round(float(parts[n - 1]), 2))
    return (f"{share} of it lies in {'class' if n == 1 else 'classes'} {which}.",)


def _of_classes(table: ClassTable) -> Block:
    order = sorted(table, key=lambda row: -row.share * row.distillable)
    intervals = {
        str(k): row.intervals["distillable"] for k, row in enumerate(order) if row.intervals
    }
    head, rows = ["class", "rows", "distillable", "distilled", "student only"], []
    if intervals:
        head.insert(3, "interval of distillable")
    for row in order:
        cells = [str(row.label), str(row.n_samples)]
        cells += [text.number(x) for x in (row.distillable, row.distilled, row.student_only)]
        if intervals:
            cells.insert(3, text.ends(row.intervals.get("distillable")))
        rows.append(tuple(cells))
    caption = f"{plain(table.units, intervals)}, means over the rows of a class"
    return Block(
        title="Which classes",
        said=("The class with most to distil, its rows counted, comes first.",),
        figure=_figure_of_classes(table),
        table=Table(
            caption=caption,
            heads=tuple(head),
            rows=tuple(rows),
            is_folded=len(rows) > MOST_OPEN,
        ),
    )


def _figure_of_classes(table: ClassTable) -> Figure:
    rows = tuple(sorted(table, key=lambda row: -row.distillable)[:MOST_BARS])
    series = [_bars_of_classes(rows, quantity, table.units) for quantity in (DISTILLABLE, ATOMS[0])]
    label = f"mean of a class ({table.units})"
    said = "By what is distillable of a row."
    if len(rows) < len(table):
        said += f" The {len(rows)} of {len(table)} classes with most; the table has all."
    if any(row.intervals for row in rows):
        said += " Lines are intervals."
    return Figure(
        alternative="What is distillable and distilled in each class; the table has the numbers.",
        said=said,
        chart=charts.bars([str(row.label) for row in rows], series, label),
        draw=lambda: pictures.of_classes(ClassTable(rows, table.units)),
    )


def _bars_of_classes(rows: Sequence[ClassKnowledge], quantity: Quantity, units: str) -> Series:
    values = [float(row.to_dict()[quantity.name]) for row in rows]
    intervals = [row.intervals.get(quantity.name) for row in rows]
    return Series(
        title=f"{quantity.title}  {quantity.symbol}",
        values=values,
        intervals=intervals,
        colours=[quantity.colour or OF_INFORMATION] * len(rows),
        hover=[
            charts.lines(
                f"class {row.label}, {row.n_samples} rows",
                f"{quantity.title}: {text.number(value)} {units}",
                hover_ends(interval),
            )
            for row, value, interval in zip(rows, values, intervals, strict=True)
        ],
    )


def _of_pairs(result: DistillableKnowledge, table: ClassTable) -> tuple[Block, ...]:
    if len(table) > MOST_CLASSES_OF_PAIRS:
        said = (
            f"Pairs of more than {MOST_CLASSES_OF_PAIRS} classes are not shown: by_pair() has them."
        )
        return (Block(title="Which pairs of classes", said=(said,)),)
    return (_pairs(result.by_pair()),) if len(table) > 2 else ()


def _pairs(table: PairTable) -> Block:
    order = sorted(table, key=lambda row: -row.distillable)[:MOST_LISTED]
    rows = tuple(
        (
            str(row.label_a),
            str(row.label_b),
            str(row.n_samples),
            text.number(row.distillable),
            text.number(row.distilled),
            text.number(row.student_only),
        )
        for row in order
    )
    said = ["What the teacher tells apart and the student does not, of the rows of two classes."]
    if len(table) > len(rows):
        said.append(f"The {len(rows)} of {len(table)} pairs with most are listed.")
    return Block(
        title="Which pairs of classes",
        said=tuple(said),
        figure=_figure_of_pairs(table),
        table=Table(
            caption=f"In {table.units}",
            heads=("class", "and", "rows", "distillable", "distilled", "student only"),
            rows=rows,
            n_names=2,
            is_folded=True,
        ),
    )


def _figure_of_pairs(table: PairTable) -> Figure:
    labels = [str(label) for label in table.labels]
    values = table.matrix() + np.diag(np.full(len(labels), np.nan))
    hover = [
        [
            ""
            if a == b
            else charts.lines(f"{own} and {other}", f"{values[a, b]:.4f} {table.units}")
            for b, other in enumerate(labels)
        ]
        for a, own in enumerate(labels)
    ]
    return Figure(
        alternative="What is distillable of each pair of classes, as a matrix of colours.",
        said="The brighter, the more is left to distil.",
        chart=charts.heat_map(
            values, labels, labels, hover, labels=("class", "class"), unit=table.units
        ),
        draw=lambda: pictures.of_pairs(table),
    )


def _of_rows(result: DistillableKnowledge, table: ClassTable) -> Block:
    """Rows that carry most of what is distillable."""
    scores = result.scores()
    highest = np.argsort(-scores, kind="stable")[:MOST_LISTED]
    labels = [str(label) for label in result.labels_of(highest)]
    rows = tuple(
        (str(k), label, text.number(float(scores[k])))
        for k, label in zip(highest, labels, strict=True)
    )
    series = Series(
        title="score",
        values=[float(scores[k]) for k in highest],
        intervals=[None] * len(rows),
        colours=[DISTILLABLE.colour or OF_INFORMATION] * len(rows),
        hover=[
            charts.lines(f"row {row}, class {label}", f"{score} {result.units}")
            for row, label, score in rows
        ],
    )
    return Block(
        title="Which rows",
        said=(
            "The rows with the highest scores: where the teacher's information adds most. Rows are "
            "counted from 0. A score ranks rows; it does not say what training on them will give.",
        ),
        figure=bars(
            [row for row, _, _ in rows],
            [series],
            f"score ({result.units})",
            "Scores of the highest rows",
        ),
        table=Table(
            caption=f"Scores in {result.units}",
            heads=("row", "class", "score"),
            rows=rows,
            n_names=2,
            is_folded=True,
        ),
    )


def _evidence(results: Sequence[DistillableKnowledge]) -> str:
    worst = max(results, key=lambda result: result.pid.gap).pid
    return f"{worst.outcome.value} Gap {worst.gap:.1e} {worst.units}."


def _few(names: Sequence[str]) -> str:
    """One name, or the first and how many more."""
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _known(value: float | None) -> str:
    return "not known" if value is None else text.number(value)


def _plain(units: str, rows: tuple[tuple[str, str], ...]) -> Table:
    return Table(caption=f"In {units}", heads=("", "value"), rows=rows)
