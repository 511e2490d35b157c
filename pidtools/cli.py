"""The command line.

Exit codes: 0 an answer; 1 what is in the files, or where outputs should go, is refused; 2 the
command itself is wrong, found before anything is read; 3 a solver stopped; 130 interrupted.
"""

from __future__ import annotations

import csv
import dataclasses
import errno
import functools
import glob
import io
import json
import os
import shlex
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from typer.core import TyperGroup

import pidtools
from pidtools import _interrupts, _outputs, _progress, _validate, activations, validation
from pidtools._ignored import IgnoreLabel
from pidtools._knowledge import SHOWN, DistillableKnowledge, StudentComparison
from pidtools._layers import DistillationMap, TeacherRanking
from pidtools._measuring import Uncertainty
from pidtools._notebook import Shown, columns, wrapped
from pidtools._remarks import Remarked
from pidtools._result import PIDError, PIDWarning, Units
from pidtools._types import Array
from pidtools._validate import how_to_pool
from pidtools._where import Rows
from pidtools.activations import Layer, split
from pidtools.demo import Demonstration, run, save_array
from pidtools.demo_decisions import decide
from pidtools.estimators import BY_NAME
from pidtools.plot import save_atoms, save_comparison, save_map, save_trace, save_where
from pidtools.pooling import AXES, LAYOUTS, How, Layout
from pidtools.traces import checked_margin
from pidtools.validation import TOLERANCE

REFUSED, USAGE, STOPPED = 1, 2, 3
# Colours of what is printed, where there are colours.
STYLES = {"verdict": "bold", "warning": "yellow"}
# Columns that every table of ours fits into.
WIDTH_OF_TABLES = 80

# What pydantic, which typer checks values with, calls a mistake, and how people would.
MISTAKES = {
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "bool_parsing": "must be yes or no",
}
OWN_WORD = "Value error, "


class _UsageError(ValueError):
    """What is wrong with the command itself, whatever its files hold."""


def _checked(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Find a value that the library would refuse before anything is read."""

    def checked(given: Any) -> Any:
        if given is not None:
            try:
                check(given)
            except (ValueError, TypeError) as error:
                raise typer.BadParameter(str(error)) from None
        return given

    return checked


# Arguments and options that several commands share.
Teacher = Annotated[str, typer.Argument(metavar="T", help="Teacher, one row a sample.")]
Student = Annotated[str, typer.Argument(metavar="S", help="Student, the same rows.")]
Labels = Annotated[str, typer.Argument(metavar="Y", help="Labels or floats, one a row.")]
JsonPath = Annotated[
    Path | None,
    typer.Option("--json", metavar="FILE", help="Write the result here; - is standard output."),
]
CsvPath = Annotated[
    Path | None,
    typer.Option("--csv", metavar="FILE", help="Write a line for each row here, or to -."),
]
ReportPath = Annotated[
    Path | None,
    typer.Option(
        "--report", metavar="FILE", help="Write a page to read in a browser here (.html)."
    ),
]
EstimatorName = Annotated[
    Literal[("auto", *BY_NAME)],  # type: ignore[valid-type]  # known when it runs
    typer.Option("--estimator", help="How activations are looked at."),
]
UnitsName = Annotated[Units, typer.Option("--units", help="Unit of every number.")]
_LEVEL: Any = {"metavar": "LEVEL", "callback": _checked(_validate.check_confidence_level)}
Resamples = Annotated[
    int,
    typer.Option(
        "--n-resamples",
        metavar="N",
        callback=_checked(lambda n: _validate.check_integer(n, "n_resamples", minimum=10)),
        help="Resamples behind the intervals.",
    ),
]
UncertaintyName = Annotated[
    Uncertainty,
    typer.Option("--uncertainty", help="Intervals from one solve, or from resamples."),
]
Groups = Annotated[
    str | None,
    typer.Option(
        "--groups",
        metavar="G",
        help="Group of each row; rows of one depend: they are held out, and resampled, together.",
    ),
]
PoolName = Annotated[
    How | None,
    typer.Option("--pool", help="Pool tokens or feature maps of T and S, over all but units."),
]


def _checked_layouts(given: list[str] | None) -> list[str] | None:
    for layout in given or ():
        if layout not in LAYOUTS:
            raise typer.BadParameter(f"{layout!r} is not one of {', '.join(LAYOUTS)}.")
    return given


Layouts = Annotated[
    list[str] | None,  # typer knows no lists of choices
    typer.Option(
        "--layout",
        metavar="|".join(LAYOUTS),
        callback=_checked_layouts,
        help="Axes of what is pooled: ntd is (n, tokens, units). Give one for each that there is.",
    ),
]
MaskPath = Annotated[
    str | None,
    typer.Option("--mask", metavar="M", help="Tokens that count, (n, tokens); 0 is padding."),
]
Ignored = Annotated[
    str | None,
    typer.Option("--ignore-label", metavar="LABEL", help="Leave rows of it out, such as -100."),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--n-jobs",
        metavar="N",
        callback=_checked(_validate.check_n_jobs),
        help="Workers; -1 takes all cores.",
    ),
]
CacheDir = Annotated[
    Path | None,
    typer.Option(
        "--cache-dir",
        metavar="FOLDER",
        help="Keep what is finished here; a call anew goes on from it.",
    ),
]
Synergy = Annotated[bool, typer.Option("--synergy/--no-synergy", help="Estimate the synergy too.")]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Print how the numbers were computed, too.")
]
Seed = Annotated[
    int,
    typer.Option(
        "--random-state", metavar="SEED", callback=_checked(_validate.check_seed), help="Seed."
    ),
]


class _Typed(TyperGroup):
    """Commands that know how they were called."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Keep what was typed, to show it on pages."""
        ctx.meta["pidtools.typed"] = ("pidtools", *args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Say what is wrong with a value in plain words."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = _in_plain_words(error)
            raise


def _in_plain_words(error: typer.BadParameter) -> str:
    """Without what the checker of values calls itself and its kinds of mistakes."""
    found: list[dict[str, Any]] = getattr(error.__cause__, "errors", list)()
    if len(found) == 1 and found[0].get("type") in MISTAKES:
        return f"it {MISTAKES[found[0]['type']]}; got {found[0].get('input')!r}."
    return error.message.removeprefix(OWN_WORD)


app = typer.Typer(
    cls=_Typed,
    no_args_is_help=True,
    rich_markup_mode=None,  # its tables break words where the screen is narrow
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    help=(
        "How much task knowledge a teacher network still has to give its student, in bits. Arrays "
        "are called by their file, t.npy, or by file and key, t.npz:layer4: .npy, .npz, "
        ".safetensors, HDF5 (.h5) and zarr."
    ),
)
# Paths and notes may hold what looks like the name of an emoji.
output = Console(emoji=False)
log = Console(stderr=True, emoji=False)


def command_line() -> None:
    """The `pidtools` command: an answer, or a sentence and an exit code."""
    try:
        with _printing():  # help and version, which are printed before any command
            app()
    except OSError as error:
        _complain(_of_system(error))
        sys.exit(REFUSED)


def _show_version(wanted: bool) -> None:
    if wanted:
        output.print(f"pidtools {pidtools.__version__}", highlight=False)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    pass


@app.command(
    short_help="Train a teacher and four students on digits, measure them, and write a figure."
)
def demo(
    out: Annotated[Path, typer.Option(help="Folder for activations, JSON and figure.")] = Path(
        "pidtools-demo"
    ),
    layers: Annotated[
        bool, typer.Option("--map", help="Measure layers of teacher and student instead.")
    ] = False,
    epochs: Annotated[
        bool, typer.Option("--trace", help="Follow a student over its training instead.")
    ] = False,
    classes: Annotated[
        bool, typer.Option("--where", help="Show which digits a student lacks instead.")
    ] = False,
) -> None:
    """Train a teacher and four students on digits, measure them, and write a figure."""
    chosen = {"map": layers, "trace": epochs, "where": classes}
    if any(chosen.values()):
        _decide([name for name, is_asked in chosen.items() if is_asked], out)
        return
    with _exit_codes(), _working():
        found = run(out, _say_step)
    with _exit_codes():
        _print_table(_demo_table(found))
        _print_remarks(found.students[-1].result)
        _print(f"Wrote activations, result.json and result.png to {out}/")
    if any(student.result.pid.outcome.stopped for student in found.students):
        raise typer.Exit(STOPPED)


def _decide(chosen: list[str], out: Path) -> None:
    for name in chosen:
        with _exit_codes(), _working():
            text = decide(name, out, _say_step, estimator="probe")
        with _exit_codes():
            _print(text)
            _print(f"Wrote {name}.json and {name}.png to {out}/")


@app.command(
    short_help="Measure what a teacher still has to give its student, from saved activations."
)
def measure(
    context: typer.Context,
    teacher: Teacher,
    student: Student,
    labels: Labels,
    json_path: JsonPath = None,
    report_path: ReportPath = None,
    csv_path: CsvPath = None,
    plot_path: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE", help="Draw the atoms here (.png, .pdf, .svg)."),
    ] = None,
    estimator: EstimatorName = "auto",
    units: UnitsName = "bits",
    confidence_level: Annotated[
        float | None, typer.Option(**_LEVEL, help="Confidence of intervals, such as 0.95.")
    ] = None,
    n_resamples: Resamples = 200,
    uncertainty: UncertaintyName = "bootstrap",
    groups: Groups = None,
    pool: PoolName = None,
    layout: Layouts = None,
    mask: MaskPath = None,
    ignore_label: Ignored = None,
    n_jobs: Jobs = None,
    synergy: Synergy = True,
    random_state: Seed = 0,
    verbose: Verbose = False,
) -> None:
    """Measure what a teacher still has to give its student, from saved activations.

    Measure on rows that neither network was trained on.
    """
    with _exit_codes():
        _check_outputs(
            {"--json": json_path, "--csv": csv_path, "--plot": plot_path, "--report": report_path},
            (teacher, student, labels, groups, mask),
        )
        with _working():
            _check_pooling(pool, layout, mask)
            _check_there(T=teacher, S=student, Y=labels, groups=groups, mask=mask)
            files = _Files.of(labels, groups, mask, pool, layout, ignore_label)
            result = pidtools.distillable_knowledge(
                files.source(teacher, "T"),
                files.source(student, "S"),
                files.labels,
                estimator=estimator,
                units=units,
                confidence_level=confidence_level,
                n_resamples=n_resamples,
                uncertainty=uncertainty,
                groups=files.groups,
                ignore_label=files.ignore_label,
                synergy=synergy,
                random_state=random_state,
                n_jobs=n_jobs,
                progress=True,
            )
        _deliver_one(result, json_path, csv_path, verbose)
        with _working():
            _write(plot_path, lambda path: save_atoms(result, path))
            _write_report(result, report_path, context)
        _say_of_groups(groups, confidence_level, result)
    if result.pid.outcome.stopped:
        raise typer.Exit(STOPPED)


@app.command(
    short_help="Compare two students of one teacher, with intervals of the differences a - b."
)
def compare(
    context: typer.Context,
    teacher: Teacher,
    student_a: Annotated[str, typer.Argument(metavar="A", help="One student.")],
    student_b: Annotated[str, typer.Argument(metavar="B", help="Another student.")],
    labels: Labels,
    json_path: JsonPath = None,
    report_path: ReportPath = None,
    csv_path: CsvPath = None,
    plot_path: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE", help="Draw both here (.png, .pdf, .svg)."),
    ] = None,
    estimator: EstimatorName = "auto",
    units: UnitsName = "bits",
    confidence_level: Annotated[
        float, typer.Option(**_LEVEL, help="Confidence of the intervals.")
    ] = 0.95,
    n_resamples: Resamples = 200,
    uncertainty: UncertaintyName = "bootstrap",
    groups: Groups = None,
    pool: PoolName = None,
    layout: Layouts = None,
    mask: MaskPath = None,
    ignore_label: Ignored = None,
    n_jobs: Jobs = None,
    synergy: Synergy = True,
    random_state: Seed = 0,
    verbose: Verbose = False,
) -> None:
    """Compare two students of one teacher, with intervals of the differences a - b.

    Measure on rows that none of the networks was trained on.
    """
    with _exit_codes():
        _check_outputs(
            {"--json": json_path, "--csv": csv_path, "--plot": plot_path, "--report": report_path},
            (teacher, student_a, student_b, labels, groups, mask),
        )
        with _working():
            _check_pooling(pool, layout, mask)
            _check_there(
                T=teacher, S_a=student_a, S_b=student_b, Y=labels, groups=groups, mask=mask
            )
            files = _Files.of(labels, groups, mask, pool, layout, ignore_label)
            result = pidtools.compare_students(
                files.source(teacher, "T"),
                files.source(student_a, "S_a"),
                files.source(student_b, "S_b"),
                files.labels,
                estimator=estimator,
                units=units,
                confidence_level=confidence_level,
                n_resamples=n_resamples,
                uncertainty=uncertainty,
                groups=files.groups,
                ignore_label=files.ignore_label,
                synergy=synergy,
                random_state=random_state,
                n_jobs=n_jobs,
                progress=True,
            )
        _deliver_one(result, json_path, csv_path, verbose)
        with _working():
            _write(plot_path, lambda path: save_comparison(result, path))
            _write_report(result, report_path, context)
        _say_of_groups(groups, confidence_level, result)
    if result.a.pid.outcome.stopped or result.b.pid.outcome.stopped:
        raise typer.Exit(STOPPED)


@app.command(short_help="Show which classes, pairs of classes and rows a student still lacks.")
def where(
    context: typer.Context,
    teacher: Teacher,
    student: Student,
    labels: Labels,
    json_path: JsonPath = None,
    report_path: ReportPath = None,
    csv_path: CsvPath = None,
    scores_path: Annotated[
        Path | None,
        typer.Option("--scores", metavar="FILE", help="Save the score of each row here (.npy)."),
    ] = None,
    plot_path: Annotated[
        Path | None,
        typer.Option(
            "--plot", metavar="FILE", help="Draw classes and pairs here (.png, .pdf, .svg)."
        ),
    ] = None,
    estimator: EstimatorName = "auto",
    units: UnitsName = "bits",
    confidence_level: Annotated[
        float | None,
        typer.Option(**_LEVEL, help="Confidence of intervals of classes, such as 0.95."),
    ] = None,
    n_resamples: Resamples = 200,
    groups: Groups = None,
    pool: PoolName = None,
    layout: Layouts = None,
    mask: MaskPath = None,
    ignore_label: Ignored = None,
    n_jobs: Jobs = None,
    random_state: Seed = 0,
    verbose: Verbose = False,
) -> None:
    """Show which classes, pairs of classes and rows a student still lacks.

    Measure on rows that neither network was trained on.
    """
    with _exit_codes():
        _check_outputs(
            {
                "--json": json_path,
                "--csv": csv_path,
                "--scores": scores_path,
                "--plot": plot_path,
                "--report": report_path,
            },
            (teacher, student, labels, groups, mask),
        )
        with _working():
            _check_pooling(pool, layout, mask)
            _check_there(T=teacher, S=student, Y=labels, groups=groups, mask=mask)
            files = _Files.of(labels, groups, mask, pool, layout, ignore_label)
            result = pidtools.distillable_knowledge(
                files.source(teacher, "T"),
                files.source(student, "S"),
                files.labels,
                estimator=estimator,
                units=units,
                confidence_level=confidence_level,
                n_resamples=n_resamples,
                groups=files.groups,
                ignore_label=files.ignore_label,
                synergy=False,
                random_state=random_state,
                n_jobs=n_jobs,
                progress=True,
            )
            classes, pairs = result.by_class(), result.by_pair()
        _deliver_table(classes, json_path, csv_path, verbose)
        if Path("-") not in (json_path, csv_path):
            _print(f"\n{pairs.summary()}")
            _print_remarks(result, verbose)
        if scores_path is not None:
            save_array(scores_path, result.scores())
        with _working():
            _write(plot_path, lambda path: save_where(result, path))
            _write_report(result, report_path, context)
        _say_of_groups(groups, confidence_level, result)
    if result.pid.outcome.stopped:
        raise typer.Exit(STOPPED)


@app.command(name="map", short_help="Measure every teacher layer against every student layer.")
def map_layers(
    context: typer.Context,
    labels: Labels,
    teacher: Annotated[
        list[str],
        typer.Option(
            "--teacher",
            metavar="[NAME=]T",
            help="A teacher layer, or a file of several; once for each.",
        ),
    ],
    student: Annotated[
        list[str],
        typer.Option(
            "--student",
            metavar="[NAME=]S",
            help="A student layer, or a file of several; once for each.",
        ),
    ],
    json_path: JsonPath = None,
    report_path: ReportPath = None,
    csv_path: CsvPath = None,
    plot_path: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE", help="Draw the map here (.png, .pdf, .svg)."),
    ] = None,
    ordered: Annotated[
        bool,
        typer.Option("--ordered", help="Layers are given first to last and hear the later ones."),
    ] = False,
    estimator: EstimatorName = "auto",
    units: UnitsName = "bits",
    confidence_level: Annotated[
        float | None, typer.Option(**_LEVEL, help="Confidence of intervals, such as 0.95.")
    ] = None,
    n_resamples: Resamples = 200,
    uncertainty: UncertaintyName = "analytic",
    groups: Groups = None,
    pool: PoolName = None,
    layout: Layouts = None,
    mask: MaskPath = None,
    ignore_label: Ignored = None,
    n_jobs: Jobs = None,
    cache_dir: CacheDir = None,
    synergy: Synergy = False,
    random_state: Seed = 0,
    verbose: Verbose = False,
) -> None:
    """Measure every teacher layer against every student layer.

    Measure on rows that neither network was trained on. Without NAME= a layer is called as its
    file. The last student layer given is what the teacher's layers are ranked against.
    """
    with _exit_codes():
        _check_outputs(
            {"--json": json_path, "--csv": csv_path, "--plot": plot_path, "--report": report_path},
            (*teacher, *student, labels, groups, mask),
        )
        with _working():
            _check_pooling(pool, layout, mask)
            files = _Files.of(labels, groups, mask, pool, layout, ignore_label)
            result = pidtools.distillation_map(
                files.named(teacher, "--teacher"),
                files.named(student, "--student"),
                files.labels,
                estimator=estimator,
                units=units,
                confidence_level=confidence_level,
                n_resamples=n_resamples,
                uncertainty=uncertainty,
                groups=files.groups,
                ignore_label=files.ignore_label,
                synergy=synergy,
                ordered=ordered,
                random_state=random_state,
                n_jobs=n_jobs,
                cache_dir=cache_dir,
                progress=True,
            )
        _deliver_table(result, json_path, csv_path, verbose)
        with _working():
            _write(plot_path, lambda path: save_map(result, path))
            _write_report(result, report_path, context)
        _say_of_groups(groups, confidence_level, result)
    _stop_where_unsolved(result)


@app.command(
    short_help="Rank teachers by what they have for a student, alone and one after the other."
)
def rank(
    context: typer.Context,
    student: Student,
    labels: Labels,
    teacher: Annotated[
        list[str],
        typer.Option(
            "--teacher", metavar="[NAME=]T", help="A teacher, or a file of several; once for each."
        ),
    ],
    json_path: JsonPath = None,
    report_path: ReportPath = None,
    csv_path: CsvPath = None,
    estimator: EstimatorName = "auto",
    units: UnitsName = "bits",
    confidence_level: Annotated[
        float, typer.Option(**_LEVEL, help="Confidence of the intervals.")
    ] = 0.95,
    n_resamples: Resamples = 200,
    uncertainty: UncertaintyName = "analytic",
    groups: Groups = None,
    pool: PoolName = None,
    layout: Layouts = None,
    mask: MaskPath = None,
    ignore_label: Ignored = None,
    n_jobs: Jobs = None,
    cache_dir: CacheDir = None,
    random_state: Seed = 0,
    verbose: Verbose = False,
) -> None:
    """Rank teachers by what they have for a student, alone and one after the other.

    Measure on rows that none of the networks was trained on. Without NAME= a teacher is called as
    its file.
    """
    with _exit_codes():
        _check_outputs(
            {"--json": json_path, "--csv": csv_path, "--report": report_path},
            (*teacher, student, labels, groups, mask),
        )
        with _working():
            _check_pooling(pool, layout, mask)
            _check_there(S=student, Y=labels, groups=groups, mask=mask)
            files = _Files.of(labels, groups, mask, pool, layout, ignore_label)
            result = pidtools.rank_teachers(
                files.named(teacher, "--teacher"),
                files.source(student, "S"),
                files.labels,
                estimator=estimator,
                units=units,
                confidence_level=confidence_level,
                n_resamples=n_resamples,
                uncertainty=uncertainty,
                groups=files.groups,
                ignore_label=files.ignore_label,
                random_state=random_state,
                n_jobs=n_jobs,
                cache_dir=cache_dir,
                progress=True,
            )
        _deliver_table(result, json_path, csv_path, verbose)
        with _working():
            _write_report(result, report_path, context)
        _say_of_groups(groups, confidence_level, result)
    _stop_where_unsolved(result)


@app.command(short_help="Follow what a student takes from its teacher over its training.")
def trace(
    context: typer.Context,
    teacher: Teacher,
    labels: Labels,
    students: Annotated[
        list[str],
        typer.Argument(
            metavar="'S-*.npy'",
            help="Pattern of the student's files, or the files; a number in each name.",
        ),
    ],
    baseline: Annotated[
        str | None,
        typer.Option(metavar="'B-*.npy'", help="The same steps of a student not distilled."),
    ] = None,
    json_path: JsonPath = None,
    report_path: ReportPath = None,
    csv_path: CsvPath = None,
    plot_path: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE", help="Draw the trace here (.png, .pdf, .svg)."),
    ] = None,
    estimator: EstimatorName = "auto",
    units: UnitsName = "bits",
    confidence_level: Annotated[
        float, typer.Option(**_LEVEL, help="Confidence of intervals and of bands for all steps.")
    ] = 0.95,
    n_resamples: Resamples = 1000,
    margin: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            callback=_checked(checked_margin),
            help="What counts as nothing left and as no fall.",
        ),
    ] = None,
    groups: Groups = None,
    pool: PoolName = None,
    layout: Layouts = None,
    mask: MaskPath = None,
    ignore_label: Ignored = None,
    n_jobs: Jobs = None,
    cache_dir: CacheDir = None,
    random_state: Seed = 0,
    verbose: Verbose = False,
) -> None:
    """Follow what a student takes from its teacher over its training, from saved activations.

    Steps are the numbers in the names of the student's files. Put patterns into quotes, above all
    that of --baseline and those with a key, 'S-*.npz:h4'. Measure on rows that none of the networks
    was trained on.
    """
    with _exit_codes():
        _check_outputs(
            {"--json": json_path, "--csv": csv_path, "--plot": plot_path, "--report": report_path},
            (teacher, *students, baseline, labels, groups, mask),
        )
        with _working():
            _check_pooling(pool, layout, mask)
            _check_there(T=teacher, Y=labels, groups=groups, mask=mask)
            files = _Files.of(labels, groups, mask, pool, layout, ignore_label)
            result = pidtools.distillation_trace(
                files.source(teacher, "T"),
                files.steps(students, "students"),
                files.labels,
                baseline=None if baseline is None else files.steps(baseline, "baseline"),
                estimator=estimator,
                units=units,
                confidence_level=confidence_level,
                n_resamples=n_resamples,
                margin=margin,
                groups=files.groups,
                ignore_label=files.ignore_label,
                random_state=random_state,
                n_jobs=n_jobs,
                cache_dir=cache_dir,
                progress=True,
            )
        _deliver_table(result, json_path, csv_path, verbose)
        with _working():
            _write(plot_path, lambda path: save_trace(result, path))
            _write_report(result, report_path, context)
        _say_of_groups(groups, confidence_level, result)
    if any(row.stopped for row in result):
        raise typer.Exit(STOPPED)


@app.command(short_help="Decompose every named problem and compare with its exact answer.")
def validate(json_path: JsonPath = None, csv_path: CsvPath = None) -> None:
    """Decompose every named problem and compare with its exact answer."""
    with _exit_codes():
        _check_outputs({"--json": json_path, "--csv": csv_path}, ())
        with _working():
            rows = validation.validate()
        found = [row.to_dict() for row in rows]
        if json_path == Path("-"):
            _print(_as_json({"tolerance": TOLERANCE, "units": "bits", "rows": found}), end="")
        elif json_path is not None:
            text = _as_json({"tolerance": TOLERANCE, "units": "bits", "rows": found})
            _write(json_path, lambda path: path.write_text(text, encoding="utf-8"))
        _write_csv(found, csv_path)
    stopped = [row.name for row in rows if row.computed.gap > TOLERANCE]
    off = [row.name for row in rows if not row.agrees]
    if stopped:
        verdict, code = f"The solver stopped early on {', '.join(stopped)}.", STOPPED
    elif off:
        verdict, code = f"{len(off)} of {len(rows)} are off: {', '.join(off)}.", REFUSED
    else:
        verdict = f"All {len(rows)} agree within {TOLERANCE:g} bits and within their gap."
        code = 0
    if Path("-") not in (json_path, csv_path):
        with _exit_codes():
            _print_table(_validation_table(rows))
            _print(verdict)
    if code:
        raise typer.Exit(code)


@contextmanager
def _exit_codes() -> Iterator[None]:
    """Turn what the library raises into messages and exit codes; results show their warnings."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PIDWarning)
            yield
    except PIDError as error:
        _complain(error)
        raise typer.Exit(STOPPED) from None
    except MemoryError as error:
        found = f" ({error})" if str(error) else ""
        _complain(f"not enough memory{found}; pass fewer rows or columns, or float32.")
        raise typer.Exit(REFUSED) from None
    except _UsageError as error:
        _complain(error)
        raise typer.Exit(USAGE) from None
    except OSError as error:
        _complain(_of_system(error))
        raise typer.Exit(REFUSED) from None
    except (ValueError, TypeError, ImportError) as error:
        _complain(error)
        raise typer.Exit(REFUSED) from None


def _of_system(error: OSError) -> str:
    """What the system refused, without its number."""
    if error.strerror is None:
        return str(error)
    return error.strerror if error.filename is None else f"{error.filename}: {error.strerror}."


@contextmanager
def _printing() -> Iterator[None]:
    """Say where to what the system could not write: it knows no name for standard output."""
    try:
        yield
    except OSError as error:
        said = f"standard output could not be written ({error.strerror or error})"
        raise OSError(error.errno or errno.EIO, said) from error


@contextmanager
def _working() -> Iterator[None]:
    """Show on standard error how far long work is: a bar on a terminal, lines elsewhere."""
    with _progress.shown(True):
        yield


def _say_step(step: str) -> None:
    """Show what a demonstration does next."""
    _progress.say(step)
    if not log.is_terminal:
        log.print(step, highlight=False, markup=False, soft_wrap=True)


def _print(text: str, end: str = "\n", style: str | None = None) -> None:
    """Text as it is: no markup, lines not broken."""
    with _printing():
        output.print(text, end=end, style=style, highlight=False, markup=False, soft_wrap=True)


def _print_table(table: Table) -> None:
    """Whole, whatever the width: a narrow screen breaks its lines itself."""
    with _printing():
        Console(emoji=False, width=max(output.width, WIDTH_OF_TABLES)).print(table)


def _say_of_groups(groups: str | None, level: float | None, result: Any) -> None:
    """Say what --groups does where there are no intervals."""
    if groups is None or level is not None:
        return
    own = result if isinstance(result, DistillableKnowledge) else None
    rows = [] if own else [row.result for row in result if row.result is not None]
    decodes = any(r.estimator_t.decodes for r in ([own] if own else rows))
    done = (
        "kept rows of one group in one fold"
        if decodes
        else "changed nothing, as nothing was held out and nothing resampled"
    )
    log.print(
        f"pidtools: without --confidence-level, --groups {done}; add --confidence-level 0.95 for "
        "intervals that resample whole groups.",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


@dataclass(frozen=True)
class _Files:
    """What a command reads, and how.

    Attributes
    ----------
    labels, groups : ndarray
    known : tuple of Layer
        What is read for something else, and is no layer of its file.
    pooled : _Pooled
    ignore_label : int, float, str or None
        As its kind stands in Y.
    """

    labels: Array
    groups: Array | None
    known: tuple[Layer, ...]
    pooled: _Pooled
    ignore_label: IgnoreLabel

    @classmethod
    def of(
        cls,
        labels: str,
        groups: str | None,
        mask: str | None,
        how: How | None,
        layouts: list[str] | None,
        ignore_label: str | None,
    ) -> _Files:
        """Read labels, groups and mask; activations are read when they are asked for."""
        y = activations.read(labels, "Y")
        return cls(
            labels=y,
            groups=None if groups is None else activations.read(groups, "groups"),
            known=tuple(_layer(text) for text in (labels, groups, mask) if text is not None),
            pooled=_Pooled(
                how,
                tuple(cast(list[Layout], layouts or [])),
                None if mask is None else activations.read(mask, "mask"),
            ),
            ignore_label=None if ignore_label is None else _as_in(y, ignore_label),
        )

    def source(self, address: str, name: str) -> Array:
        """A representation, pooled where that was asked for."""
        array = activations.read(address, name)
        if array.ndim and self.labels.ndim and len(array) != len(self.labels):
            raise ValueError(
                f"{name} and Y must have one row a sample: {name} has {len(array)} rows "
                f"({address}), Y has {len(self.labels)} rows ({self.known[0]})."
            )
        return self.pooled(array, name)

    def named(self, given: list[str], option: str) -> dict[str, Layer]:
        """Layers by the names that stand before their addresses, or by their keys or files."""
        found: dict[str, Layer] = {}
        for text in given:
            name, address = _name_and_address(text, option)
            for own, layer in self._layers(name, address, option).items():
                if own in found:
                    raise _UsageError(f"{option} has the name {own!r} twice; write NAME=FILE.npy.")
                found[own] = dataclasses.replace(
                    layer, then=functools.partial(self.pooled, name=str(layer))
                )
        return found

    def _layers(self, name: str, address: str, option: str) -> dict[str, Layer]:
        """All of a file; a file that is there and can't be read fails as a layer of its own."""
        layer = _layer(address)
        if not layer.file.exists():
            raise ValueError(f"{name or option}: there is no file {layer.file}.")
        try:
            inside = dict(activations.layers(address, name or option))
        except ValueError:
            if layer.key is not None:
                raise
            return {name or layer.file.stem: layer}
        if layer.key is None:
            others = [own for own, one in inside.items() if not self._is_known(one)]
            inside = {own: inside[own] for own in others or inside}
        if len(inside) == 1:
            own, one = next(iter(inside.items()))
            unnamed = layer.key is None and own.startswith("arr_")  # as numpy.savez calls it
            return {name or (layer.file.stem if unnamed else own): one}
        return {f"{name}/{own}" if name else own: one for own, one in inside.items()}

    def _is_known(self, layer: Layer) -> bool:
        return any(
            layer.key == other.key and layer.file.resolve() == other.file.resolve()
            for other in self.known
        )

    def steps(self, pattern: str | list[str], name: str) -> dict[int, Layer]:
        """Files of a pattern, or of several, by the last number in their names."""
        return {
            step: dataclasses.replace(
                found if isinstance(found, Layer) else Layer(found),
                then=functools.partial(self.pooled, name=f"{name}: {found}"),
            )
            for step, found in activations.by_number(pattern, name).items()
        }


@dataclass(frozen=True)
class _Pooled:
    """Pools what has more axes than samples and units."""

    how: How | None
    layouts: tuple[Layout, ...]
    mask: Array | None

    def __call__(self, array: Array, name: str) -> Array:
        if array.ndim <= 2:
            return array
        layout = next((one for one in self.layouts if AXES[one][0] == array.ndim), None)
        if self.how is None or (layout is None and self.how != "flatten"):
            raise ValueError(self._question(array, name))
        mask = self.mask if layout == "ntd" else None
        try:
            return pidtools.pool(array, self.how, layout=layout, mask=mask)
        except (ValueError, TypeError) as error:
            raise type(error)(f"{name}: {error}") from None

    def _question(self, array: Array, name: str) -> str:
        how = self.how or "mean"
        ways = [one for one, (ndim, _) in AXES.items() if ndim == array.ndim]
        lines = " or ".join(f"--pool {how} --layout {one}" for one in ways)
        asked = f" On the command line: {lines}." if lines else ""
        return (
            f"{name} has {array.ndim} axes, shape {array.shape}; pass shape (n, d). "
            f"{how_to_pool(array.shape, name)}{asked}"
        )


def _layer(address: str) -> Layer:
    return Layer(*split(address))


def _name_and_address(text: str, option: str) -> tuple[str, str]:
    name, is_named, address = text.partition("=")
    if not is_named or _layer(text).file.exists():
        return "", text
    if not name:
        raise _UsageError(f"{option} {text!r} has no name before the =; write NAME=FILE.npy.")
    return name, address


def _as_in(y: Array, label: str) -> IgnoreLabel:
    """What was typed, as a number where Y holds numbers."""
    if y.dtype.kind in "US":
        return label
    for kind in (int, float):
        try:
            return kind(label)
        except ValueError:
            continue
    raise ValueError(f"--ignore-label is {label!r} and Y holds {y.dtype}; give a number.")


def _deliver_table(
    table: Rows[Any], json_path: Path | None, csv_path: Path | None, verbose: bool
) -> None:
    """Print the text, or the JSON or the lines where those were asked for, and write the files."""
    if csv_path != Path("-"):
        _deliver(table, json_path, verbose)
    _write_csv([row.to_dict() for row in table], csv_path)


def _deliver_one(
    result: DistillableKnowledge | StudentComparison,
    json_path: Path | None,
    csv_path: Path | None,
    verbose: bool,
) -> None:
    """As a table of one row."""
    if csv_path != Path("-"):
        _deliver(result, json_path, verbose)
    _write_csv([result.to_dict()], csv_path)


def _write_csv(rows: list[dict[str, Any]], path: Path | None) -> None:
    """A line for each row, under the names of all columns that some row has."""
    if path is None:
        return
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        said = {name: " ".join(x) for name, x in row.items() if isinstance(x, list)}
        writer.writerow(row | said)
    if path == Path("-"):
        _print(text.getvalue(), end="")
        return
    _write(path, lambda where: where.write_text(text.getvalue(), encoding="utf-8"))


def _stop_where_unsolved(table: DistillationMap | TeacherRanking) -> None:
    """End with the code of solvers that stopped; with that of refused data without any answer."""
    results = [row.result for row in table if row.result is not None]
    if any(result.pid.outcome.stopped for result in results):
        raise typer.Exit(STOPPED)
    if not results:
        raise typer.Exit(REFUSED)


def _deliver(
    result: DistillableKnowledge | StudentComparison | Rows[Any],
    json_path: Path | None,
    verbose: bool,
) -> None:
    """Print the text, or the JSON where it was asked for, and write the JSON to its file."""
    text = _as_json(result.to_dict())
    if json_path == Path("-"):
        _print(text, end="")
        return
    _show(result, verbose)
    _write(json_path, lambda path: path.write_text(text, encoding="utf-8"))


def _as_json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2) + "\n"


def _show(result: Shown, verbose: bool) -> None:
    """Verdict, warnings in colour where there is one, numbers and notes; details if asked for."""
    for role, text in result._screen():
        _print(text, style=STYLES.get(role))
    if verbose and isinstance(result, Remarked):
        _print_details(result)


def _print_remarks(result: DistillableKnowledge, verbose: bool = False) -> None:
    """Warnings and notes below a table that is not the result's own."""
    for role, text in result._screen():
        if role in ("warning", "note"):
            _print(text, style=STYLES.get(role))
    if verbose:
        _print_details(result)


def _print_details(result: Remarked) -> None:
    _print("How it was computed:")
    for line in result.details().splitlines():
        _print(wrapped(line, columns(), first="  ", rest="    "))


def _complain(error: Exception | str) -> None:
    """Print a message whose lines, which may hold code to paste, are not broken."""
    log.print(f"pidtools: {error}", style="red", highlight=False, markup=False, soft_wrap=True)


def _check_outputs(outputs: dict[str, Path | None], inputs: Sequence[str | None]) -> None:
    """Find out before the work whether all can be written, each to a file of its own."""
    if outputs["--json"] == outputs["--csv"] == Path("-"):
        raise _UsageError(
            "--json and --csv can't both be standard output; give one of them a file."
        )
    taken = {path: f"{path}, which is read" for path in _files_read(inputs)}
    for option, path in outputs.items():
        _outputs.check_writable(path)
        if path is None:
            continue
        if path == Path("-") and option not in ("--json", "--csv"):
            raise _UsageError(f"{option} needs a file; /dev/stdout is standard output.")
        if path == Path("-") or _outputs.is_open(path) or (path.exists() and not path.is_file()):
            continue  # pipes and the like take several
        own = Path(os.path.realpath(path))
        if own in taken:
            raise _UsageError(f"{option} would write over {taken[own]}; choose another file.")
        taken[own] = f"what {option} writes"
    _check_report(outputs.get("--report"))
    _check_picture(outputs.get("--plot"))


def _check_pooling(how: How | None, layouts: list[str] | None, mask: str | None) -> None:
    """Find out before anything is read whether what is said of pooling goes together."""
    if how is None and (layouts or mask):
        raise _UsageError("--layout and --mask go with --pool; add --pool mean.")
    if mask and (how == "flatten" or "ntd" not in (layouts or ())):
        raise _UsageError(
            "--mask is of tokens; it goes with --layout ntd, and with a --pool of mean, max, "
            "first or last."
        )


def _check_there(**addresses: str | None) -> None:
    """Find the first file that is missing, in the order in which they were given."""
    for name, address in addresses.items():
        if address is not None and not (file := _layer(address).file).exists():
            raise ValueError(f"{name}: there is no file {file}.")


def _files_read(inputs: Sequence[str | None]) -> Iterator[Path]:
    """Files that addresses, names with addresses and patterns lead to."""
    for text in inputs:
        for address in () if text is None else (text, text.partition("=")[2]):
            file = str(_layer(address).file)
            yield from (Path(os.path.realpath(own)) for own in (file, *glob.glob(file)))


def _check_picture(path: Path | None) -> None:
    """Find out before the work whether matplotlib knows the format."""
    if path is None:
        return
    from matplotlib.backend_bases import FigureCanvasBase

    known = FigureCanvasBase.get_supported_filetypes()
    if path.suffix.lower().removeprefix(".") not in known:
        raise _UsageError(
            f"{path} has no ending of a picture; choose one of {', '.join(sorted(known))}."
        )


def _write(path: Path | None, write: Callable[[Path], Any]) -> None:
    if path is not None:
        _outputs.write(path, write)


def _check_report(path: Path | None) -> None:
    """Find out before the work whether the page can be made."""
    if path is not None:
        from pidtools._page import page

        page.scripts()


def _write_report(result: Any, path: Path | None, context: typer.Context) -> None:
    """The page, with the command as it was typed."""
    if path is not None:
        pidtools.report(result, path=path, call=shlex.join(context.meta["pidtools.typed"]))


def _demo_table(found: Demonstration) -> Table:
    """Each student, its intervals below its numbers, and what the paper's clusters show."""
    title = f"Digits, in bits (accuracy of the teacher: {found.teacher_accuracy:.3f})"
    table = Table(
        # Narrow enough for 80 columns.
        title=title,
        box=SIMPLE_HEAD,
        padding=0,
        pad_edge=False,
    )
    headers = ("hidden\nunits", "accu-\nracy", "I(Y;T)", "I(Y;S)", "distilled", "distil-\nlable")
    for header in (*headers, "student\nonly", "synergy"):
        table.add_column(header, justify="right", vertical="bottom")
    for student in found.students:
        table.add_row(str(student.width), f"{student.accuracy:.3f}", *_numbers(student.result))
        table.add_row("", "", *_ends(student.result))
    table.add_section()
    for student in found.students:
        table.add_row(str(student.width), "clusters", *_numbers(student.clusters))
    return table


def _numbers(r: DistillableKnowledge) -> list[str]:
    return [f"{quantity.of(r):.3f}" for quantity in SHOWN]


def _ends(r: DistillableKnowledge) -> list[str]:
    found = [r.intervals[quantity.name] for quantity in SHOWN]
    return [f"{interval.low:.2f}-{interval.high:.2f}" for interval in found]


def _validation_table(rows: tuple[validation.Validation, ...]) -> Table:
    table = Table(
        title="Exact answers against computed ones, in bits",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    table.add_column("problem")
    table.add_column("")
    for column in ("Red", "Uni T", "Uni S", "Syn", "error", "gap", ""):
        table.add_column(column, justify="right")
    for row in rows:
        both = zip(row.expected.atoms, row.computed.atoms, strict=True)
        pairs = (f"{exact:.4f}\n{computed:.4f}" for exact, computed in both)
        verdict = "ok" if row.agrees else "OFF"
        evidence = (f"{row.error:.0e}", f"{row.computed.gap:.0e}", verdict)
        table.add_row(row.name, "exact\ncomputed", *pairs, *evidence)
    return table


if __name__ == "__main__":
    _interrupts.run(command_line)
