"""Names of the kinds of arrays, one for each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
"""Numbers or strings of any type."""
Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
"""Indices from 0: of classes, cells, rows, columns."""
Bools = NDArray[np.bool_]
Posteriors = dict[str, NDArray[Any]]
"""Log posteriors by the names of those who say them, shape (n_samples, n_classes)."""
