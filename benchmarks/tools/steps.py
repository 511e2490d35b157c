"""The steps of ``python -m benchmarks``: which script, with which arguments at which size."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.tools.process import ENDS_WITH, ONE_THREAD
from benchmarks.tools.store import VARIABLE

ROOT = Path(__file__).parents[2]
GROUPS = ("accuracy", "coverage", "speed", "peers")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One run of a script."""

    group: str
    script: str
    results: tuple[str, ...]
    """Stems of the files that it writes."""
    arguments: dict[str, str]
    """By size; a size that is not there leaves the step out."""
    stored: bool = False
    """Whether the script itself knows what is finished, row by row."""
    field: str = ""
    """Of its document, where other steps write the rest; the option of what it writes itself."""
    timed: bool = False
    """Whether it times work, and so must run alone."""
    part: str = ""
    """What tells it from other steps of its script."""

    @property
    def name(self) -> str:
        """The script and its part."""
        return f"{self.script} {self.part}".strip()

    def typed(self, size: str) -> str:
        """What the script is called with."""
        word = self.part if self.script in WORDED else ""
        return f"{word} {self.arguments[size]}".strip()


def _stored(group: str, script: str, part: str = "", **arguments: str) -> Step:
    result = f"{script}_{part}" if script == "accuracy_gaussian" else script
    return Step(
        group=group, script=script, part=part, results=(result,), arguments=arguments, stored=True
    )


FEW = "degraded loud_nuisance shift_ordered shift_scale ternary_unordered"
MORE = "heavy_tails independent_student relu_zeros rotated_copy same ten_classes two_attributes"
STEPS = (
    _stored(
        "accuracy", "accuracy_pid",
        quick="--n 2000 --seeds 1 --estimators probe kmeans binning", full="",
    ),
    _stored("accuracy", "accuracy_families", quick="--n 2000 --families manifold", full=""),
    Step(
        group="accuracy", script="accuracy_mi", results=("accuracy_mi", "accuracy_mi_warnings"),
        arguments={"quick": "--n 500 --seeds 1 --largest 10", "full": ""},
    ),
    Step(
        group="accuracy", script="accuracy_knn_pid", results=("accuracy_knn_pid",),
        arguments={"quick": "--n 1000 --draws 2", "full": "--draws 4"},
    ),
    Step(
        group="accuracy", script="accuracy_corrections", results=("accuracy_corrections",),
        arguments={"quick": "--draws 1", "full": ""},
    ),
    _stored("accuracy", "accuracy_gaussian", "bias", quick="--draws 3", full=""),
    _stored("accuracy", "accuracy_many_classes", full="--classes 100 300 1000 --by probe"),
    _stored("accuracy", "accuracy_many_classes", "floor 100",
            full="--classes 100 --by floor --rows 50"),
    _stored("accuracy", "accuracy_many_classes", "floor 300", full="--classes 300 --by floor"),
    _stored("accuracy", "accuracy_many_classes", "intervals",
            full="--classes 1000 --kinds garbled --by probe --intervals"),
    _stored("coverage", "coverage_pid", quick="--problems shift_ordered --draws 2",
            full=f"--problems {FEW} --draws 200"),
    _stored("coverage", "coverage_pid", "further", full=f"--problems {MORE} xor_signs --draws 50"),
    _stored("coverage", "coverage_pid", "ways",
            full="--problems shift_scale --ways reweighed refitted --draws 50"),
    _stored("coverage", "coverage_families",
            full="--families rectified additive manifold rules many_valued wide --draws 6"),
    _stored("coverage", "coverage_families", "real", full="--families real chain --draws 2"),
    _stored("coverage", "coverage_families", "known", full="--families known --draws 5"),
    _stored("coverage", "coverage_analytic", quick="--n 2000 --draws 10",
            full="--draws 280"),
    _stored("coverage", "coverage_analytic", "probe", full="--suites probe --n 2000 --draws 100"),
    _stored("coverage", "coverage_traces", quick="--n 1000 --draws 4",
            full="--n 1000 2000 --draws 200"),
    _stored("coverage", "accuracy_gaussian", "coverage", quick="--draws 5 --resamples 100",
            full=""),
    Step(
        group="speed", script="reliability_broja", results=("reliability_broja",),
        arguments={"quick": "--n-problems 1000", "full": ""}, timed=True,
    ),
    Step(
        group="speed", script="speed_broja", results=("speed_broja",), timed=True,
        arguments={"quick": "--parts special", "full": "--parts start special warm large growth"},
        field="parts",
    ),
    Step(
        group="speed", script="cost_probe", results=("cost_probe",), timed=True,
        arguments={
            "quick": "--axes n_samples --first 3", "full": "--axes n_samples width n_classes large"
        },
        field="axes",
    ),
    Step(
        group="speed", script="speed_knn", part="tables", timed=True,
        results=("speed_knn_large", "speed_knn_histogram", "speed_knn_memory"),
        arguments={
            "quick": "--quick --only large histogram memory",
            "full": "--only large histogram memory",
        },
    ),
    Step(
        group="speed", script="speed_gaussian", part="wide", results=("speed_gaussian_wide",),
        arguments={"quick": "--samples 5000 --units 512 128 16", "full": ""}, timed=True,
    ),
    Step(
        group="peers", script="speed_broja", part="peers", results=("speed_broja",), timed=True,
        arguments={"quick": "--parts peers --cases 2x2x2 10x10x10", "full": "--parts peers"},
        field="parts",
    ),
    Step(
        group="peers", script="speed_gaussian", part="dims", results=("speed_gaussian_dims",),
        arguments={"quick": "--dims 8 32", "full": ""}, timed=True,
    ),
    Step(
        group="peers", script="speed_gaussian", part="agreement",
        results=("speed_gaussian_agreement",), arguments={"full": ""}, timed=True,
    ),
    Step(
        group="peers", script="speed_knn", part="peers", timed=True,
        results=("speed_knn_ross", "speed_knn_ksg"),
        arguments={"quick": "--quick --only ross ksg", "full": "--only ross ksg"},
    ),
)  # fmt: skip
# Scripts whose first word says what is measured.
WORDED = ("accuracy_gaussian", "speed_gaussian")


def chosen(size: str, only: Iterable[str] = ()) -> list[Step]:
    """Steps of a size, of some groups or scripts if any are named."""
    names = set(only)
    return [
        step
        for step in STEPS
        if size in step.arguments and (not names or names & {step.group, step.script})
    ]


class Record:
    """A folder of results, of one size, and with which arguments its documents were made."""

    def __init__(self, folder: Path, size: str) -> None:
        if folder.exists() and not folder.is_dir():
            raise ValueError(f"--into must name a folder, and {folder} is a file")
        self.folder = folder
        self.size = size
        self.file = folder / "steps.json"
        found: dict[str, Any] = {"size": size, "steps": {}}
        if self.file.exists():
            try:
                found = json.loads(self.file.read_text(encoding="utf-8"))
            except json.JSONDecodeError as error:
                raise ValueError(f"{self.file} is no JSON ({error}): remove it") from None
        if found["size"] != size:
            raise ValueError(f"{folder} holds {found['size']} results: give --into another folder")
        self.made: dict[str, str] = dict(found["steps"])
        self._lock = threading.Lock()

    def arguments(self, step: Step) -> str:
        """What the script is called with."""
        return step.typed(self.size)

    def finished(self, step: Step) -> bool:
        """Whether a document is there, and not made with other arguments."""
        files = [self.folder / f"{name}.json" for name in step.results]
        arguments = self.arguments(step)
        if step.stored or self.made.get(step.name, arguments) != arguments:
            return False
        if not all(file.exists() for file in files):
            return False
        if not step.field:
            return True
        held = json.loads(files[0].read_text(encoding="utf-8")).get(step.field, {})
        return following(arguments, f"--{step.field}") <= set(held)

    def add(self, step: Step) -> None:
        """Keep that a step is done."""
        with self._lock:
            self.made[step.name] = self.arguments(step)
            self.write()

    def drop(self, step: Step) -> None:
        """Forget it, with its files."""
        self.made.pop(step.name, None)
        for name in step.results:
            for kind in ("json", "jsonl", "md", "png"):
                (self.folder / f"{name}.{kind}").unlink(missing_ok=True)
        self.write()

    def log(self, step: Step) -> Path:
        """Where it is kept what the script printed."""
        return self.folder / "logs" / f"{step.name.replace(' ', '-')}.log"

    def write(self) -> None:
        """Keep it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        content = {"size": self.size, "steps": dict(sorted(self.made.items()))}
        self.file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def following(arguments: str, option: str) -> set[str]:
    """The words of an option."""
    return set(arguments.partition(option)[2].partition("--")[0].split())


def listed(
    steps: Iterable[Step], record: Record, known: Mapping[str, float | None] | None = None
) -> str:
    """A line a step: what would be run, whether there are results, what those that are known took.

    Seconds of a file that several steps write stand with the first of them.
    """
    lines = []
    told: set[str] = set()
    for step in steps:
        there = any(
            (record.folder / f"{name}.{kind}").exists()
            for name in step.results
            for kind in ("json", "jsonl")
        )
        state = (
            ("resumes" if there else "to do")
            if step.stored
            else ("finished" if record.finished(step) else "to do")
        )
        took = ""
        if known is not None:
            seconds = [x for name in step.results if (x := known.get(name)) is not None]
            spent = f"{sum(seconds):,.0f}" if seconds else "?"
            took = f"{'above' if told & set(step.results) else spent:>7} "
        told |= set(step.results)
        lines.append(
            f"{step.group:<9} {state:<9} {took}{step.script} {record.arguments(step)}".rstrip()
        )
    return "\n".join(lines)


def forget(steps: Iterable[Step], record: Record) -> None:
    """Let all of them start anew."""
    for step in steps:
        record.drop(step)


def run(
    steps: Iterable[Step], record: Record, *, jobs: int = 2, only_table: bool = False
) -> list[Step]:
    """Run what is not finished, and return what failed."""
    todo = []
    for step in steps:
        if only_table or not record.finished(step):
            todo.append(step)
        else:
            print(f"{step.name}: finished", flush=True)
    if not only_table:
        record.write()  # a run of another size is refused from now on
    alone = [step for step in todo if step.timed]
    # Steps of one script share a file: they follow each other.
    lines: dict[str, list[Step]] = {}
    for step in todo:
        if not step.timed:
            lines.setdefault(step.script, []).append(step)

    stopped = threading.Event()

    def in_turn(line: list[Step]) -> list[Step]:
        failed = []
        for step in line:
            if not stopped.is_set() and not _done(step, record, only_table, ONE_THREAD):
                failed.append(step)
        return failed

    pool = ThreadPoolExecutor(jobs)
    try:
        failed = [step for found in pool.map(in_turn, lines.values()) for step in found]
    except BaseException:  # an interrupt too: what has not begun must not
        stopped.set()
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()
    return failed + [step for step in alone if not _done(step, record, only_table, {})]


def _done(step: Step, record: Record, only_table: bool, threads: dict[str, str]) -> bool:
    """Run a step to its end, and say whether it got there."""
    arguments = record.arguments(step).split()
    if only_table:
        if not _has_tables(step, record):
            return True
        arguments = [*arguments[: step.script in WORDED], "--table"]
    # A document is put in place when it is whole: a run that was stopped counts as not begun.
    folder = record.folder if step.stored else record.folder / "unfinished" / step.script
    folder.mkdir(parents=True, exist_ok=True)
    if not step.stored:
        _move(step, record.folder, folder, shutil.copy2)
    log = record.log(step)
    log.parent.mkdir(exist_ok=True)
    print(f"{step.name}: {' '.join(arguments) or 'as it is'} ...", flush=True)
    start = time.perf_counter()
    path = os.pathsep.join([str(ROOT), *filter(None, sys.path)])
    with log.open("w", encoding="utf-8") as output:
        code = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{step.script}", *arguments],
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env={
                **os.environ,
                **threads,
                "PYTHONPATH": path,
                VARIABLE: str(folder),
                ENDS_WITH: str(os.getpid()),
            },
            check=False,
        ).returncode
    if code == -signal.SIGINT:
        raise KeyboardInterrupt
    spent = time.perf_counter() - start
    print(f"{step.name}: {'done' if code == 0 else 'FAILED'}, {spent:.0f} s", flush=True)
    if code == 0 and not step.stored:
        _move(step, folder, record.folder, os.replace)
        shutil.rmtree(folder)
    if code == 0 and not only_table:
        record.add(step)
    return code == 0


def _has_tables(step: Step, record: Record) -> bool:
    """Whether there is something to write tables of."""
    kind = "jsonl" if step.stored else "json"
    return all((record.folder / f"{name}.{kind}").exists() for name in step.results)


def _move(step: Step, source: Path, target: Path, how: object) -> None:
    """Bring the files of a step from a folder to another, where they are there."""
    assert callable(how)
    for name in step.results:
        for kind in ("json", "md"):
            if (source / f"{name}.{kind}").exists():
                how(source / f"{name}.{kind}", target / f"{name}.{kind}")
