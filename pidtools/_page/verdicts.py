"""The answer of each kind of result in one sentence: for pages, notebooks and terminals alike."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pidtools._knowledge import (
    DistillableKnowledge,
    IndependenceTest,
    StudentComparison,
    p_value_text,
)
from pidtools._layers import Addition, Best, DistillationMap, LayerPair, TeacherRanking
from pidtools._notebook import percent
from pidtools._page import text
from pidtools._remarks import headline
from pidtools._result import NATS_PER_BIT, PID, Interval, PIDBatch
from pidtools._trace import DistillationTrace, Saturation, step_text
from pidtools._where import ClassTable, PairTable

# Less than this share of what the teacher knows is hardly anything.
HARDLY = 0.01
# What a number has to be beyond 0 to be seen there.
SEEN = 5e-4
# Numbers from which on two digits are enough for a sentence.
ORDINARY = 0.1


def verdict_of(result: Any) -> str:
    """The answer; where a warning speaks against it, that first."""
    return doubted(VERDICTS[type(result)](result), getattr(result, "warnings", ()))


def doubted(said: str, warnings: Sequence[str]) -> str:
    """A verdict, after what speaks against it; it does not rest on the synergy."""
    warnings = [own for own in warnings if not own.startswith(("synergy: ", "synergy of "))]
    if not warnings:
        return said[:1].upper() + said[1:]
    more = f", and {len(warnings) - 1} more" if len(warnings) > 1 else ""
    start = said if said[:2] in ("T ", "S ", "X ", "Y ") else said[:1].lower() + said[1:]
    return f"Not to be trusted yet ({headline(warnings[0])}{more}): {start}"


def knowledge(r: DistillableKnowledge) -> str:
    """What is left to distil."""
    known, own = r.teacher_information, r.intervals.get("distillable")
    of_teacher = r.intervals.get("teacher_information")
    if r.fraction_distilled is None or (of_teacher is not None and of_teacher.low <= 0):
        at_most = "" if of_teacher is None else f" ({_within(of_teacher)})"
        return (
            f"The teacher is not shown to know anything of Y{at_most}, so nothing is shown to be "
            "left to distil."
        )
    unit = NATS_PER_BIT if r.units == "nats" else 1.0
    if known <= HARDLY * math.log2(r.n_classes or 2) * unit:
        return (
            f"The teacher knows hardly anything of Y, {bits(known)} {r.units}, so hardly anything "
            "can be left to distil."
        )
    rest = bits(min(max(r.distillable, 0.0), known))
    holds = f"the student holds {_held(r)} of the {bits(known)} {r.units} that the teacher"
    if own is not None and own.low <= 0:
        return (
            f"Nothing measurable is left to distil: {rest} {r.units} "
            f"({_within(own)}) can't be told from 0; {holds} knows of Y."
        )
    if own is None and r.distillable <= HARDLY * known:
        return f"Hardly anything is left to distil, {rest} {r.units}; {holds} knows of Y."
    sure = "no interval was asked for" if own is None else _within(own)
    return f"T{holds[1:]} knows of Y; {rest} {r.units} are left to distil ({sure})."


def _held(r: DistillableKnowledge) -> str:
    """What the student has of the teacher's: nobody knows less than nothing, or more than all."""
    if r.distilled < -SEEN:
        return "none"
    return "all" if r.distillable < -SEEN else bits(r.distilled)


def comparison(r: StudentComparison) -> str:
    """Which of two students has more left to learn."""
    difference, own = r.differences["distillable"], r.intervals.get("distillable")
    more, less = ("a", "b") if difference >= 0 else ("b", "a")
    size = f"{bits(abs(difference))} {r.units}"
    if own is None:
        return (
            f"Student {more} has more left to distil than {less}, by {size}; without a "
            "confidence_level there is no telling whether that is chance."
        )
    if own.low > 0 or own.high < 0:
        shown = own if difference >= 0 else Interval(-own.high, -own.low, own.confidence_level)
        return f"Student {more} has more left to distil than {less}, by {size} ({_within(shown)})."
    return (
        f"These rows do not tell the two students apart: a less b is "
        f"{bits(difference, '+')} {r.units} ({_within(own, '+')}), and the interval holds 0."
    )


def independence(r: IndependenceTest) -> str:
    """Whether a source tells anything of the target."""
    p = p_value_text(r.p_value, r.p_value_is_bound)
    shown = p if p.startswith("<") else f"= {p}"
    if r.p_value <= 0.05:
        return f"X tells something of Y (p {shown}); {bits(r.information)} {r.units} were read."
    return f"X is not shown to tell anything of Y (p {shown})."


def decomposition(r: PID) -> str:
    """The atoms of a table or a covariance."""
    together = (
        "what only both together tell is not known"
        if r.synergy is None
        else f"{bits(r.synergy)} only from both together"
    )
    return (
        f"Of Y, {bits(r.redundancy)} {r.units} are known to both T and S, {bits(r.unique_t)} to T "
        f"alone, {bits(r.unique_s)} to S alone; {together}."
    )


def decompositions(r: PIDBatch) -> str:
    """How many decompositions, and whether all are done."""
    stopped = sum(outcome.stopped for outcome in r.outcomes)
    done = "all within tol" if not stopped else f"of which {stopped} have a gap above tol"
    return f"{text.count(len(r), 'decomposition')}, {done}."


def classes(r: ClassTable) -> str:
    """The class that most is left of."""
    if not len(r):
        return "There are no classes."
    top = max(r, key=lambda row: row.share * row.distillable)
    total = sum(row.share * row.distillable for row in r)
    if total <= 0 or top.distillable <= 0:
        return "Nothing is left to distil in any class."
    share = percent(round(top.share * top.distillable / total, 2))
    return (
        f"Class {text.name(top.label)} has most left to distil, {share} of all: "
        f"{bits(top.distillable)} {r.units} a row{_of(top.intervals)}."
    )


def pairs(r: PairTable) -> str:
    """The classes that the student tells apart least."""
    if not len(r):
        return "There are no two classes."
    top = max(r, key=lambda row: row.distillable)
    if top.distillable <= 0:
        return "The student tells all classes apart that the teacher does."
    return (
        f"Classes {text.name(top.label_a)} and {text.name(top.label_b)} have most left to distil: "
        f"{bits(top.distillable)} {r.units} of telling them apart."
    )


def layers(m: DistillationMap) -> str:
    """Which pair of layers has most left."""
    answers = [row for row in m if row.distillable is not None]
    if not answers:
        return "No pair of layers has an answer."
    best = best_of(m.best)
    return highest(m, answers) if best is None else standings(best)


def best_of(asked: Callable[[], Best]) -> Best | None:
    """None without intervals, or where there is nothing to choose between."""
    try:
        best = asked()
    except ValueError:
        return None
    return best if len(best) > 1 else None


def highest(m: DistillationMap, answers: Sequence[LayerPair]) -> str:
    """Where nothing is known of chance, or of the student's last layer."""
    last = [row for row in answers if row.student_layer == m.student_layers[-1]]
    top = max(last or answers, key=lambda row: row.distillable or 0.0)
    pair = f"from {text.name(top.teacher_layer)} into {text.name(top.student_layer)}"
    beginning = f"Most is left to distil {pair}"
    if not last:
        beginning = (
            f"The student's last layer, {text.name(m.student_layers[-1])}, has no answer; of the "
            f"others most is left {pair}"
        )
    return left(beginning, top.distillable or 0.0, top.intervals.get("distillable"), m.units)


def standings(best: Best) -> str:
    """Which may be the one with most to distil."""
    at, top = percent(best.confidence_level), best.rows[0]
    into = f"into {text.name(best.student)}"
    if len(best.layers) == 1:
        return (
            f"Most is left to distil {into} from {text.name(best.best)}, {bits(top.distillable)} "
            f"{best.units}: at {at} no other has more."
        )
    if len(best.layers) == len(best):
        return f"From which most is left to distil {into} can't be told: at {at} none is ruled out."
    which = text.names(best.layers, "or")
    return f"Most is left to distil {into} from {which}: at {at} these rows tell no more."


def ranking(r: TeacherRanking) -> str:
    """Which teachers to take."""
    if r.chosen:
        return f"Take {_in_turn(r.additions, r.units)}."
    if r.additions:
        return "No teacher is shown to have anything for this student."
    return "No teacher has an answer."


def training(trace: DistillationTrace) -> str:
    """Whether there is more to take."""
    first, last = trace.rows[0], trace.rows[-1]
    if trace.saturation is not None:
        return saturation(trace.saturation, trace.units)
    if len(trace.rows) == 1:
        return (
            f"At step {step_text(last.step)}, {bits(last.distillable)} of the "
            f"{bits(trace.teacher_information)} {trace.units} that the teacher knows are left to "
            f"distil{_of(last.bands)}."
        )
    return went(trace, f"From step {step_text(first.step)} to {step_text(last.step)}")


def went(trace: DistillationTrace, beginning: str) -> str:
    """From where to where it went."""
    first, last = trace.rows[0], trace.rows[-1]
    return (
        f"{beginning}, what is left to distil went from {bits(first.distillable)} to "
        f"{bits(last.distillable)}{_of(last.bands)} of the {bits(trace.teacher_information)} "
        f"{trace.units} that the teacher knows."
    )


def saturation(found: Saturation, units: str) -> str:
    """When to stop."""
    margin = f"{found.margin:.2g} {units}"
    if found.step is None:
        return (
            "Go on: not saturated, still falling, or more rows are needed to tell less than "
            f"{margin}."
        )
    why = "nothing left" if found.reason == "nothing left" else "no longer falling"
    how = "less than" if found.reason == "nothing left" else "by less than"
    return f"Stop at step {step_text(found.step)}: saturated, {why}, {how} {margin} from there on."


def left(beginning: str, value: float, interval: Interval | None, units: str) -> str:
    """Whether anything is left, as a sentence with this beginning."""
    shown = f"{bits(value)} {units}"
    if interval is None:
        return f"{beginning}: {shown} (no interval was asked for)."
    if interval.low > 0:
        return f"{beginning}: {shown} ({_within(interval)})."
    return f"{beginning}: {shown}, which can't be told from 0 ({_within(interval)})."


def bits(value: float, sign: str = "") -> str:
    """A number in a sentence."""
    return text.number(value, f"{sign}.{2 if abs(value) >= ORDINARY else 3}f")


def level(intervals: Mapping[str, Interval]) -> str:
    """Confidence of intervals."""
    return percent(next(iter(intervals.values())).confidence_level)


def _within(own: Interval, sign: str = "") -> str:
    ends = f"{bits(own.low, sign)} to {bits(own.high, sign)}"
    return f"{percent(own.confidence_level)}: {ends}"


def _of(intervals: Mapping[str, Interval]) -> str:
    own = intervals.get("distillable")
    return "" if own is None else f" ({_within(own)})"


def _in_turn(additions: Sequence[Addition], units: str) -> str:
    taken = [step for step in additions if step.taken]
    shown = [
        f"{text.name(step.teacher)} ({bits(step.added)} {units})"
        for step in taken[: text.MOST_NAMES]
    ]
    first = f"{shown[0]} first" if len(shown) > 1 else f"{shown[0]}"
    rest = [f"then {each}" for each in shown[1:]]
    more = len(taken) - len(shown)
    return ", ".join([first, *rest, *([f"then {more} more"] if more else [])])


VERDICTS: dict[type, Callable[[Any], str]] = {
    DistillableKnowledge: knowledge,
    StudentComparison: comparison,
    IndependenceTest: independence,
    PID: decomposition,
    PIDBatch: decompositions,
    ClassTable: classes,
    PairTable: pairs,
    DistillationMap: layers,
    Best: standings,
    TeacherRanking: ranking,
    DistillationTrace: training,
}
