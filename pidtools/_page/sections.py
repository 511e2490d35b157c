"""Which room says which kind of result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pidtools._knowledge import DistillableKnowledge, IndependenceTest, StudentComparison
from pidtools._layers import Best, DistillationMap, TeacherRanking
from pidtools._page import knowledge, layers, trace
from pidtools._page.parts import Section
from pidtools._result import PID, PIDBatch
from pidtools._trace import DistillationTrace
from pidtools._where import ClassTable, PairTable

ROOMS: dict[type, Callable[..., Section]] = {
    DistillableKnowledge: knowledge.knowledge,
    StudentComparison: knowledge.comparison,
    IndependenceTest: knowledge.independence,
    ClassTable: knowledge.classes,
    PairTable: knowledge.pairs,
    PID: knowledge.decomposition,
    PIDBatch: knowledge.decompositions,
    DistillationMap: layers.layers,
    TeacherRanking: layers.ranking,
    Best: layers.standings,
    DistillationTrace: trace.training,
}


def is_known(result: Any) -> bool:
    """Whether it is a result of the library."""
    return type(result) in ROOMS


def section(result: Any, *, whole: bool) -> Section:
    """A result in words, tables and figures; without `whole` only what costs next to nothing."""
    return ROOMS[type(result)](result, whole=whole)
