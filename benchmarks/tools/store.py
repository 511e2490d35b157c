"""What was measured, kept: rows from which runs resume, and whole documents."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import platform
import subprocess
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

VARIABLE = "PIDTOOLS_RESULTS"
SET_BY_USER = VARIABLE in os.environ
RESULTS = Path(os.environ.get(VARIABLE, Path(__file__).parents[1] / "results"))
# Folders of libraries that are not on PyPI, by the variables that name them.
FOLDERS = {"gpid": "PIDTOOLS_GPID", "npeet": "PIDTOOLS_NPEET", "BROJA_2PID": "BROJA_2PID"}
# Scripts count their data sets from this seed on, some with an offset of their own.
FIRST_SEED = 0
PACKAGES = (
    *("pidtools", "numpy", "scipy", "scikit-learn", "numba", "cvxpy", "clarabel", "scs", "ecos"),
    *("dit", "ennemi", "infomeasure", "syntropyx", "npeet", "torch", "plotly"),
    *("cosmic-ray",),
)
Row = dict[str, Any]
Job = tuple[Row, Callable[[], Row]]


class Store:
    """Rows of a file, a line each, told apart by the fields of their key.

    Lines are only added, so a run can be stopped, resumed and shared by processes; a line that was
    torn when its process was killed counts as not written. The rows of a run stand below a line of
    what they depend on.
    """

    def __init__(self, file: str | Path, *key: str) -> None:
        self.file = RESULTS / f"{file}.jsonl" if isinstance(file, str) else file
        self.key = key
        self._told = False

    def rows(self) -> list[Row]:
        """All that is finished, each once: processes side by side may have run the same job."""
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        found: dict[tuple[Any, ...], Row] = {}
        for row in map(_read, lines):
            if row and "about" not in row:
                found.setdefault(self._key_of(row), row)
        return list(found.values())

    def finished(self) -> set[tuple[Any, ...]]:
        """Keys of all that is finished."""
        return {self._key_of(row) for row in self.rows()}

    def add(self, rows: Iterable[Row]) -> None:
        """Keep some more."""
        lines = [json.dumps(row) + "\n" for row in ([] if self._told else [{"about": about()}])]
        lines += [json.dumps(row) + "\n" for row in rows]
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a+b") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    lines.insert(0, "\n")
            file.write("".join(lines).encode())
        self._told = True

    def fill(self, jobs: Iterable[Job]) -> None:
        """Run the jobs, each with its key, that are not finished, and keep CPU seconds too.

        What the library warns of is no news here.
        """
        finished = self.finished()
        for key, job in jobs:
            # Other processes may have gone on meanwhile.
            if self._key_of(key) in finished or self._key_of(key) in (finished := self.finished()):
                continue
            start = time.process_time()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = job()
            spent = round(time.process_time() - start, 3)
            self.add([key | {"cpu_seconds": spent} | found])
            print(*key.values(), f"{spent:.1f} s", flush=True)

    def _key_of(self, row: Row) -> tuple[Any, ...]:
        return tuple(row[name] for name in self.key)


def _read(line: str) -> Row:
    """A row; nothing of a torn line."""
    try:
        found = json.loads(line)
    except json.JSONDecodeError:
        return {}
    return dict(found) if isinstance(found, dict) else {}


def grouped(rows: Iterable[Row], *names: str) -> dict[tuple[Any, ...], list[Row]]:
    """Rows by some of their fields."""
    groups = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in names)].append(row)
    return dict(groups)


def keep(name: str, **content: Any) -> None:
    """Write ``results/<name>.json`` with what it depends on."""
    text = json.dumps(about() | content, indent=1, ensure_ascii=False) + "\n"
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{name}.json").write_text(text, encoding="utf-8")


def kept(name: str) -> Row:
    """What ``results/<name>.json`` holds, nothing where there is none."""
    file = RESULTS / f"{name}.json"
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else {}


def about() -> Row:
    """What figures depend on; the load tells whether the machine was quiet."""
    machine = {
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
    }
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return {"date": today, "machine": machine, "seed": FIRST_SEED, "versions": versions()}


def versions() -> dict[str, str]:
    """Versions of what is installed; of a library in a folder the commit there, if it has one."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    for name, variable in FOLDERS.items():
        folder = os.environ.get(variable)
        if folder:
            command = ["git", "-C", folder, "rev-parse", "HEAD"]
            asked = subprocess.run(command, capture_output=True, text=True, check=False)
            found[name] = asked.stdout.strip() or "unknown commit"
    return found
