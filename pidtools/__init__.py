"""How much task knowledge a teacher network still has to give its student, in bits."""

from pidtools import problems
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
from pidtools.distillation import distillable_knowledge
from pidtools.estimators import mutual_information, summarise
from pidtools.gaussian import Gaussian, gaussian_pid
from pidtools.probe import Probe

__version__ = "0.1.0.dev0"

__all__ = [
    "PID",
    "Binning",
    "DistillableKnowledge",
    "Duals",
    "Gaussian",
    "Interval",
    "KMeansBinning",
    "Outcome",
    "PIDBatch",
    "PIDError",
    "PIDWarning",
    "Probe",
    "Summary",
    "Symbols",
    "broja",
    "broja_batch",
    "broja_from_pairs",
    "distillable_knowledge",
    "gaussian_pid",
    "mutual_information",
    "problems",
    "summarise",
]
