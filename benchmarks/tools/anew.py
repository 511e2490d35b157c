"""All tables and figures of a folder anew, from the data that lie there.

    python -m benchmarks.tools.anew
    PIDTOOLS_RESULTS=~/figures python -m benchmarks.tools.anew

Runs every script of `benchmarks/` that has data in `benchmarks/results`, or in the folder that
PIDTOOLS_RESULTS names, with ``--table``, and writes the page that lists all of them.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import sys
from pathlib import Path

from benchmarks.tools import index
from benchmarks.tools.options import Options
from benchmarks.tools.store import RESULTS

# What a script is called with to tell of a result, where that is more than ``--table``.
WORDS = {
    **{f"accuracy_gaussian_{word}": word for word in ("bias", "coverage")},
    **{f"speed_gaussian_{word}": word for word in ("dims", "agreement", "wide")},
    "digits_pid": "noise",
    "tests_of_knowledge": "independence",
    "tests_on_cells": "teacher",
    "distillation_digits_runs": "--data digits",
    "distillation_quick_runs": "--quick",
    "distillation_digits_quick_runs": "--data digits --quick",
}


def calls(folder: Path) -> list[tuple[str, str]]:
    """Scripts that have data in a folder, and what they are called with, each once."""
    found = {
        (each.script, WORDS.get(each.name, ""))
        for each in index.results(folder)
        if has_data(each) and not each.name.endswith("_prediction")  # told with the runs
    }
    return sorted(found)


def has_data(result: index.Result) -> bool:
    """Whether a result is more than a table or a figure."""
    return any(file.suffix in (".json", ".jsonl") for file in result.files)


def main() -> None:
    """Parse the command line, and write."""
    Options(__doc__).parse_args()
    for script, arguments in calls(RESULTS):
        package = Path(__file__).parents[1] / script
        module = f"benchmarks.{script}" + (".__main__" if package.is_dir() else "")
        sys.argv = [script, *arguments.split(), "--table"]
        with contextlib.redirect_stdout(io.StringIO()):
            importlib.import_module(module).main()
        print(script, arguments, flush=True)
    index.write(RESULTS)


if __name__ == "__main__":
    main()
