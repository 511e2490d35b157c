"""What a student has of its teacher, in bits: by the probe, and by the paper's clusters."""

from __future__ import annotations

from typing import Any

import pidtools as pt
from benchmarks.distillation.data import Array
from benchmarks.tools.store import Row

# Components and clusters of the paper's pipeline: as many as classes, and its own.
CLUSTERS: dict[str, Any] = {"kmeans_10": pt.KMeansBinning(n_components=10, n_clusters=10),
            "kmeans_3": pt.KMeansBinning(n_components=5, n_clusters=3)}  # fmt: skip
PROBE = "probe"


def sources(X: Array, Y: Array) -> dict[str, Any]:
    """Summaries of one layer, one for each way to look at it."""
    return {
        name: pt.summarise(X, Y, estimator=estimator)
        for name, estimator in {PROBE: PROBE, **CLUSTERS}.items()
    }


def atoms(teacher: dict[str, Any], student: dict[str, Any], Y: Array) -> Row:
    """Atoms and informations of a pair of summaries; those of the probe without a prefix."""
    row: Row = {}
    for name in teacher:
        found = pt.distillable_knowledge(teacher[name], student[name], Y, synergy=False)
        prefix = "" if name == PROBE else f"{name}_"
        for what in (
            "distilled",
            "distillable",
            "student_only",
            "teacher_information",
            "student_information",
        ):
            row[prefix + what] = round(float(getattr(found, what)), 5)
    return row
