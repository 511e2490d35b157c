"""How much task knowledge a teacher network still has to give its student, in bits."""

from pidtools import problems
from pidtools._result import (
    PID,
    DistillableKnowledge,
    Duals,
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

__version__ = "0.1.0.dev0"

__all__ = [
    "PID",
    "Binning",
    "DistillableKnowledge",
    "Duals",
    "KMeansBinning",
    "Outcome",
    "PIDBatch",
    "PIDError",
    "PIDWarning",
    "Summary",
    "Symbols",
    "broja",
    "broja_batch",
    "broja_from_pairs",
    "distillable_knowledge",
    "mutual_information",
    "problems",
    "summarise",
]
