"""What people read of a benchmark: Markdown tables, with what was compared."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.tools.clock import spent
from benchmarks.tools.store import RESULTS, Row, keep, kept


def write(name: str, *blocks: str) -> None:
    """Write ``results/<name>.md`` and print it."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    text = "\n\n".join(blocks) + "\n"
    (RESULTS / f"{name}.md").write_text(text, encoding="utf-8")
    print(text)


def save_figure(figure: Any, name: str, data: str, *, dpi: int = 150) -> None:
    """Write ``results/<name>.png``, with what tells which ``results/<data>`` it shows."""
    figure.savefig(
        RESULTS / f"{name}.png", dpi=dpi, metadata={"Source": f"{data} {mark_of(RESULTS / data)}"}
    )


def mark_of(file: Path) -> str:
    """What differs where the text of a file does, whatever ends its lines."""
    return hashlib.sha256(file.read_text(encoding="utf-8").encode()).hexdigest()[:16]


def table(columns: Sequence[str], rows: Iterable[Iterable[Any]]) -> str:
    """A Markdown table; texts as they are."""
    lines = [columns, *(map(shown, row) for row in rows)]
    head, *body = ("| " + " | ".join(line) + " |" for line in lines)
    return "\n".join([head, "|" + "---|" * len(columns), *body])


def table_of(rows: Iterable[Row]) -> str:
    """A table with a column for each key of the rows."""
    rows = list(rows)
    columns = list(dict.fromkeys(key for row in rows for key in row))
    return table(columns, ([row.get(column) for column in columns] for row in rows))


def shown(value: Any) -> str:
    """Three digits, or nothing for a missing value."""
    if value is None:
        return ""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def heading(title: str, document: Row) -> str:
    """A title, and what the figures depend on."""
    when = {k: document[k] for k in ("date", "committed") if k in document}
    machine = "; ".join(f"{k}: {v}" for k, v in (when | document.get("machine", {})).items())
    versions = ", ".join(f"{k} {v}" for k, v in document.get("versions", {}).items())
    return f"# {title}\n\n{machine}.\nVersions: {versions or 'not noted'}."


def write_rows(name: str, title: str, rows: Sequence[Row], *, since: float = 0.0) -> None:
    """Keep rows in ``results/<name>.json`` and write their table.

    They took the CPU seconds that the process has spent since it had spent so many.
    """
    keep(name, title=title, cpu_seconds=round(spent() - since, 1), rows=list(rows))
    write_table(name)


def write_table(name: str) -> None:
    """Write the table of the rows that are kept."""
    document = kept(name)
    if document:
        write(name, heading(document["title"], document), table_of(document["rows"]))
