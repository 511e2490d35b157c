"""How figures of the documentation look: colours of Okabe and Ito, few lines, one size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt

IMAGES = Path(__file__).parents[1] / "images"
BLUE, ORANGE, GREEN, GREY, BLACK = "#0072B2", "#D55E00", "#009E73", "#8A8A8A", "#222222"
plt.rcParams.update(
    {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "savefig.dpi": 150}
)


def figure(width: float = 4.2, height: float = 2.6) -> Any:
    """Axes in a figure of their own; sizes in inches."""
    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def save(axes: Any, name: str) -> None:
    """Write docs/images/NAME.png."""
    axes.figure.savefig(IMAGES / f"{name}.png")
    plt.close(axes.figure)
