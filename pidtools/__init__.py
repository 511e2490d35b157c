"""How much task knowledge a teacher network still has to give its student, in bits."""

from pidtools._result import PID, Outcome, PIDError, PIDWarning
from pidtools.broja import broja, broja_from_pairs

__version__ = "0.1.0.dev0"

__all__ = ["PID", "Outcome", "PIDError", "PIDWarning", "broja", "broja_from_pairs"]
