"""The page that lists the results of a folder: script, date, versions, other libraries."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.tools.peers import ABSENT, PEERS
from benchmarks.tools.steps import STEPS
from benchmarks.tools.written import table

BENCHMARKS = Path(__file__).parents[1]
UNKNOWN = "not noted"
NAME = "README.md"


class Result(NamedTuple):
    """What one script wrote under one name."""

    name: str
    files: list[Path]
    script: str
    dates: list[str]
    versions: dict[str, list[str]]
    words: set[str]
    cpu_seconds: float | None
    """Of all that was measured, where it was noted."""
    made_from: tuple[str, ...] = ()
    """Results whose data it shows, where it has none of its own."""


def write(folder: Path) -> None:
    """Write the page of a folder."""
    (folder / NAME).write_text(page(folder), encoding="utf-8")


def page(folder: Path) -> str:
    """The page as it has to be."""
    found, size = results(folder), size_of(folder)
    return "\n\n".join(
        [
            "# Results",
            "The data, and the tables and figures that are made from them; what measures them, "
            "after `python -m benchmarks.`; when they were measured, in how many CPU seconds where "
            "that is known, and with what. Data say on which machine too, and from which seed on. "
            '"committed" is the day on which data were kept that are older than these notes. '
            "Generated from the data.",
            table(
                ["result", "measured by", "measured", "CPU s", "versions"],
                (_line(each, size) for each in found),
            ),
            "## Other libraries",
            "The results that show each beside pidtools; absent where there are none.",
            table(["library", "results", "how to have it"], _peers(found)),
            "",
        ]
    )


def size_of(folder: Path) -> str:
    """Which of the sizes of `steps.STEPS` the results of a folder have."""
    file = folder / "steps.json"
    if not file.exists():
        return "full"
    return str(json.loads(file.read_text(encoding="utf-8"))["size"])


def results(folder: Path) -> list[Result]:
    """All results of a folder, by name."""
    files: dict[str, list[Path]] = {}
    for kind in ("json", "jsonl", "md", "png"):
        for file in folder.glob(f"*.{kind}"):
            if file.name not in (NAME, "steps.json"):
                files.setdefault(file.stem, []).append(file)
    own = {name: _result(name, files[name]) for name in files}
    return [_with_sources(own[name], own) for name in sorted(own)]


def _result(name: str, files: list[Path]) -> Result:
    dates, words = set(), set()
    versions: dict[str, list[str]] = {}
    seconds: list[float] = []
    for document in (each for file in files for each in _documents(file)):
        about = document.get("about", document)
        if {"versions", "committed"} & set(about):
            dates.add(_day(about))
            python = {"python": about["machine"]["python"]} if "machine" in about else {}
            _add(versions, (python | about.get("versions", {})).items())
        if "about" not in document:
            figures = {key: value for key, value in document.items() if key != "versions"}
            words |= set(_words(figures))
            seconds += _seconds(document)
    spent = sum(seconds) if seconds else None
    return Result(name, files, script_of(name), sorted(dates), versions, words, spent)


def _day(about: dict[str, Any]) -> str:
    if "date" in about:
        return str(about["date"])
    return f"committed {about['committed']}" if "committed" in about else UNKNOWN


def _add(versions: dict[str, list[str]], found: Iterable[tuple[str, str]]) -> None:
    """Put versions beside others of the same packages."""
    for package, version in found:
        seen = versions.setdefault(package, [])
        seen.extend([version] if version not in seen else [])


def _seconds(value: Any) -> list[float]:
    """CPU seconds that are noted in a document, of the whole or of its rows."""
    if isinstance(value, dict):
        noted = value.get("cpu_seconds")
        if isinstance(noted, int | float):
            return [float(noted)]
        return [x for each in value.values() for x in _seconds(each)]
    return [x for each in value for x in _seconds(each)] if isinstance(value, list) else []


# What is made from data of other names: the beginning of all of them, and their ends.
SOURCES = {
    r"(distillation(?:_digits)?(?:_quick)?)": ("_runs", "_prediction"),
    r"(distillation(?:_digits)?(?:_quick)?)_(?:gains|traces)": ("_runs",),
}


def sources_of(name: str) -> tuple[str, ...]:
    """Results whose data a table or figure shows that has another name than they have."""
    for pattern, ends in SOURCES.items():
        if found := re.fullmatch(pattern, name):
            return tuple(found[1] + end for end in ends)
    return ()


def _with_sources(result: Result, others: dict[str, Result]) -> Result:
    """With dates and versions of the data that it is made from, where it has none."""
    made_from = tuple(name for name in sources_of(result.name) if name in others)
    dates = {date for name in made_from for date in others[name].dates}
    versions: dict[str, list[str]] = {}
    for name in made_from:
        _add(versions, ((k, v) for k, found in others[name].versions.items() for v in found))
    if not made_from:
        return result
    return result._replace(dates=sorted(dates), versions=versions, made_from=made_from)


def _documents(file: Path) -> Iterator[dict[str, Any]]:
    """The document of a file, or its lines."""
    if file.suffix == ".json":
        yield json.loads(file.read_text(encoding="utf-8"))
    elif file.suffix == ".jsonl":
        lines = file.read_text(encoding="utf-8").splitlines()
        unmarked = not lines or '"about"' not in lines[0]
        if unmarked:
            yield {"about": {"date": UNKNOWN, "versions": {}}}
        yield from map(json.loads, filter(None, lines))


def _words(value: Any) -> Iterator[str]:
    """Names in a document, but for those that stand there as absent."""
    if isinstance(value, dict):
        if ABSENT in value.values() and "gpid" not in value:
            return
        for key, each in value.items():
            if each == ABSENT or (isinstance(each, dict) and each.get("failed") == ABSENT):
                continue
            yield key
            yield from _words(each)
    elif isinstance(value, list):
        for each in value:
            yield from _words(each)
    elif isinstance(value, str):
        yield value


def script_of(name: str) -> str:
    """The script whose name a result begins with, the longest if several do."""
    scripts = [file.stem for file in BENCHMARKS.glob("*.py")]
    scripts += [file.parent.name for file in BENCHMARKS.glob("*/__main__.py")]
    fitting = [each for each in scripts if name == each or name.startswith(f"{each}_")]
    return max(fitting, key=len, default="")


# What measures the results that are no steps of `python -m benchmarks`, after their script, where
# that is not its name alone.
ARGUMENTS = {
    "best_layers": ("--cases classes clear close", "--cases border --draws 60"),
    "decisions_digits": ("--seeds 5",),
    "digits_pid": ("noise --n 500 2000",),
    "mutation": (
        '--most 70 --seed 2 --parts solver certificate hull gaussian "solver\'s kernels"',
        "--most 70 --seed 3 --parts gaussian",
        '--most 40 --seed 2 --parts corrections "knn formulas" "knn kernels"',
    ),
    "redundancy_climb": ("--seeds 10",),
    "tests_of_knowledge": (
        "independence --cases plain",
        "independence --cases symbols continuous --draws 150",
        "independence --cases grouped rectified --draws 4",
        'distillable --cases "T a garbling of S" "T = S" "T independent of Y" --draws 67',
        'distillable --cases "T a rotation of S" "symbols, T a garbling of S" '
        '"Gaussian, T a garbling of S" --draws 3',
    ),
    "tests_on_cells": ("teacher", "students"),
}
# Results whose measurement was stopped before its end: the commands go on with it.
STOPPED = ("accuracy_gaussian_coverage", "coverage_pid", "tests_on_cells")


def commands(result: Result, size: str) -> list[str]:
    """What measures a result: scripts with their arguments."""
    if result.made_from:
        return [f"{result.script} --table"]
    found = [
        f"{step.script} {step.typed(size)}".strip()
        for step in STEPS
        if result.name in step.results and size in step.arguments
    ]
    others = ARGUMENTS.get(result.name, ("",))
    return found or [f"{result.script} {arguments}".strip() for arguments in others]


def _line(result: Result, size: str) -> list[str]:
    files = ", ".join(f"[{file.suffix[1:]}]({file.name})" for file in result.files)
    dates = ", ".join(result.dates) or UNKNOWN
    versions = ", ".join(
        f"{name} {' / '.join(map(_short, found))}" for name, found in result.versions.items()
    )
    of = f", from {' and '.join(result.made_from)}" if result.made_from else ""
    by = ", ".join(f"`{command}`" for command in commands(result, size))
    by += ", stopped before its end" * (result.name in STOPPED and size == "full")
    spent = "" if result.cpu_seconds is None else f"{result.cpu_seconds:,.0f}"
    return [f"{result.name} ({files}){of}", by, dates, spent, versions or UNKNOWN]


def _short(version: str) -> str:
    """A version, or the first digits of a commit."""
    return version[:10] if re.fullmatch("[0-9a-f]{40}", version) else version


# How a library is called in figures, where it is not by its name.
CALLED = {
    "dit": ("dit auto", "dit cone"),
    "ecos": ("dit cone", "BROJA_2PID"),
    "scs": ("paper SCS",),
}


def _peers(found: Iterable[Result]) -> Iterator[list[str]]:
    found = list(found)
    for peer in PEERS:
        names = CALLED.get(peer.name, (peer.name,))
        beside = [
            result.name
            for result in found
            if any(word.startswith(name) for word in result.words for name in names)
        ]
        yield [peer.name, ", ".join(beside) or ABSENT, peer.how]
