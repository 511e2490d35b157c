"""What a benchmark leaves behind: rows as JSON, and a table for people, with what was compared."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PEERS = ("numpy", "scipy", "scikit-learn", "numba", "ennemi", "infomeasure", "syntropyx", "npeet")


def write(name: str, title: str, rows: Sequence[dict[str, Any]]) -> None:
    """Write ``results/<name>.json`` and ``.md``; rows have the same keys."""
    RESULTS.mkdir(exist_ok=True)
    about = {"machine": machine(), "versions": versions()}
    text = json.dumps({**about, "rows": list(rows)}, indent=1)
    (RESULTS / f"{name}.json").write_text(text + "\n")
    columns = list(rows[0])
    lines = [
        f"# {title}",
        "",
        "; ".join(f"{key}: {value}" for key, value in about["machine"].items()) + ".",
        "Versions: " + ", ".join(f"{k} {v}" for k, v in about["versions"].items()) + ".",
        "",
        "| " + " | ".join(columns) + " |",
        "|" + "---|" * len(columns),
        *("| " + " | ".join(shown(row[column]) for column in columns) + " |" for row in rows),
    ]
    (RESULTS / f"{name}.md").write_text("\n".join(lines) + "\n")


def shown(value: Any) -> str:
    """Three digits, or nothing for a missing value."""
    if value is None:
        return ""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def machine() -> dict[str, Any]:
    """What the figures depend on beside the versions; the load tells whether it was quiet."""
    return {
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
    }


def versions() -> dict[str, str]:
    """Versions of what is installed; NPEET is used from its folder and has none."""
    found = {}
    for name in ("pidtools", *PEERS):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
