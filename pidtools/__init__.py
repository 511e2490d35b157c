"""How much task knowledge a teacher network still has to give its student, in bits."""

from pidtools import knn, problems
from pidtools._result import (
    PID,
    DistillableKnowledge,
    Duals,
    Interval,
    Outcome,
    PIDBatch,
    PIDError,
    PIDWarning,
    Summary,
)
from pidtools.binning import Binning, KMeansBinning, Symbols
from pidtools.broja import broja, broja_batch, broja_from_pairs
from pidtools.comparison import StudentComparison, compare_students
from pidtools.distillation import distillable_knowledge
from pidtools.estimators import (
    mutual_information,
    mutual_information_by_column,
    summarise,
)
from pidtools.gaussian import Gaussian, gaussian_pid
from pidtools.independence import IndependenceTest, independence_test
from pidtools.knn import KNN
from pidtools.probe import Probe

__version__ = "0.1.0.dev0"

__all__ = [
    "KNN",
    "PID",
    "Binning",
    "DistillableKnowledge",
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
    "StudentComparison",
    "Summary",
    "Symbols",
    "broja",
    "broja_batch",
    "broja_from_pairs",
    "compare_students",
    "distillable_knowledge",
    "gaussian_pid",
    "independence_test",
    "knn",
    "mutual_information",
    "mutual_information_by_column",
    "problems",
    "summarise",
]
