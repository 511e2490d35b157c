"""How much task knowledge a teacher network still has to give its student, in bits."""

import typing as _typing

from pidtools._broja.decompose import broja, broja_batch, broja_from_pairs
from pidtools._estimator import Summary
from pidtools._knowledge import DistillableKnowledge, IndependenceTest, StudentComparison
from pidtools._layers import DistillationMap, TeacherRanking
from pidtools._result import (
    PID,
    Duals,
    Interval,
    Outcome,
    PIDBatch,
    PIDError,
    PIDWarning,
)
from pidtools._trace import DistillationTrace, Saturation

if _typing.TYPE_CHECKING:
    from pidtools import activations, knn, plot, problems, rid
    from pidtools._cells.binning import Binning, KMeansBinning, Symbols
    from pidtools._gaussian.estimator import Gaussian
    from pidtools._gaussian.exact import gaussian_pid
    from pidtools._probe.estimator import Probe
    from pidtools._red_gradient import RedundancyGradient, redundancy_and_gradient
    from pidtools._report import report
    from pidtools._saved import load_summary
    from pidtools.comparison import compare_students
    from pidtools.distillation import distillable_knowledge
    from pidtools.estimators import (
        mutual_information,
        mutual_information_by_column,
        summarise,
    )
    from pidtools.gate import distillation_weight
    from pidtools.independence import independence_test
    from pidtools.knn import KNN
    from pidtools.maps import distillation_map
    from pidtools.pooling import pool
    from pidtools.ranking import rank_teachers
    from pidtools.traces import TraceLog, distillation_trace
    from pidtools.validation import validate

# Where the names live that are loaded when first asked for.
_HOMES = {
    "_gaussian.estimator": ("Gaussian",),
    "_gaussian.exact": ("gaussian_pid",),
    "_cells.binning": ("Binning", "KMeansBinning", "Symbols"),
    "activations": (),
    "comparison": ("compare_students",),
    "distillation": ("distillable_knowledge",),
    "estimators": ("mutual_information", "mutual_information_by_column", "summarise"),
    "gate": ("distillation_weight",),
    "independence": ("independence_test",),
    "_probe.estimator": ("Probe",),
    "_red_gradient": ("RedundancyGradient", "redundancy_and_gradient"),
    "_report": ("report",),
    "_saved": ("load_summary",),
    "knn": ("KNN",),
    "maps": ("distillation_map",),
    "ranking": ("rank_teachers",),
    "plot": (),
    "pooling": ("pool",),
    "problems": (),
    "rid": (),
    "traces": ("TraceLog", "distillation_trace"),
    "validation": ("validate",),
}

__version__ = "0.1.0"

__all__ = [
    "KNN",
    "PID",
    "Binning",
    "DistillableKnowledge",
    "DistillationMap",
    "DistillationTrace",
    "Duals",
    "Gaussian",
    "IndependenceTest",
    "Interval",
    "KMeansBinning",
    "Outcome",
    "PIDBatch",
    "PIDError",
    "PIDWarning",
    "Probe",
    "RedundancyGradient",
    "Saturation",
    "StudentComparison",
    "Summary",
    "Symbols",
    "TeacherRanking",
    "TraceLog",
    "activations",
    "broja",
    "broja_batch",
    "broja_from_pairs",
    "compare_students",
    "distillable_knowledge",
    "distillation_map",
    "distillation_trace",
    "distillation_weight",
    "gaussian_pid",
    "independence_test",
    "knn",
    "load_summary",
    "mutual_information",
    "mutual_information_by_column",
    "plot",
    "pool",
    "problems",
    "rank_teachers",
    "redundancy_and_gradient",
    "report",
    "rid",
    "summarise",
    "validate",
]


def __getattr__(name: str) -> _typing.Any:
    import importlib

    for home, names in _HOMES.items():
        if name == home or name in names:
            module = importlib.import_module(f"pidtools.{home}")
            return module if name == home else getattr(module, name)
    raise AttributeError(f"module 'pidtools' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
