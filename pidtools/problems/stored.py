"""Informations that take longer to compute than a user should wait.

Written by ``python tests/problem_values.py``, which says how (November 2026, numpy 2.4.6,
scipy 1.17.1, clarabel 0.11.1); run it again to check or to extend them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from pidtools._result import PID, Outcome
from pidtools.problems.quadrature import assemble


class Stored(NamedTuple):
    """Informations in bits; `error` bounds each atom: a certificate, or 4 standard errors."""

    teacher: float
    student: float
    union: float
    joint: float
    error: float
    outcome: Outcome = Outcome.quadrature


VALUES = {
    "ternary_unordered": Stored(
        0.694508022, 0.554652172, 1.104091679, 1.135290941, 3.5e-05, Outcome.optimal
    ),
    "ten_classes": Stored(2.192262366, 1.430745420, 2.192262366, 2.192262366, 3.0e-05),
    "label_noise": Stored(1.512269374, 1.299214179, 1.512269374, 1.512269374, 1.6e-05),
    "long_tail": Stored(1.850668394, 0.979023116, 1.850668394, 1.850668394, 3.6e-05),
    "wide_flat": Stored(3.447381229, 1.914629231, 3.447381229, 3.447381229, 5.1e-05),
    "hundred_classes": Stored(3.929337502, 2.655645908, 3.929337502, 3.929337502, 1.6e-04),
    "wide_hierarchy": Stored(3.717377396, 2.100338308, 3.717377396, 3.717377396, 4.5e-05),
}


def stored(name: str) -> Callable[[Any, Any, Any], PID]:
    """Atoms of a problem whose informations are kept in `VALUES`."""
    return lambda *_: assemble(*VALUES[name])
