"""All benchmarks that compare figures, one after another, at a chosen size.

    python -m benchmarks --quick                      under five minutes on two idle cores
    python -m benchmarks --full --into ~/figures      what is committed: a day of CPU time
    python -m benchmarks --quick --only accuracy peers
    python -m benchmarks --quick --list               what it would run, and what there is

Each step is one of the scripts of this folder with arguments; it writes its figures as JSON, with
versions, machine, first seed and date, and a table. `README.md` beside them lists all of them, and
the other libraries, with those that are absent here. What is finished is not run again, so a run
can be stopped and resumed by the same command; `--again` measures anew. Quick figures lie in
`benchmarks/quick`, which is not committed, full ones in `benchmarks/results`, or where `--into` or
PIDTOOLS_RESULTS say. Steps that time nothing run side by side, the others alone.
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.tools import index, peers, steps
from benchmarks.tools.options import Options
from benchmarks.tools.store import RESULTS, SET_BY_USER

QUICK = Path(__file__).parent / "quick"
COMMITTED = Path(__file__).parent / "results"


def main() -> int:
    """Read the command line, run, list."""
    options = Options(__doc__)
    sizes = options.add_mutually_exclusive_group(required=True)
    sizes.add_argument("--quick", action="store_true", help="small data sets, few draws")
    sizes.add_argument("--full", action="store_true", help="as the committed results were made")
    scripts = dict.fromkeys(step.script for step in steps.STEPS)
    options.names("only", known=[*steps.GROUPS, *scripts], about="groups or scripts")
    options.add_argument("--into", type=Path, help="folder of the figures")
    options.number("jobs", 2, "steps that time nothing, side by side")
    options.add_argument("--again", action="store_true", help="measure anew what is finished")
    options.add_argument("--list", action="store_true", help="run nothing")
    options.only_table()
    given = options.parse_args()
    size = "quick" if given.quick else "full"
    default = RESULTS if given.full or SET_BY_USER else QUICK
    folder = (given.into or default).expanduser().resolve()
    if given.again and folder == COMMITTED:
        options.error("--again would lose the committed results: give --into another folder")
    if given.jobs < 1:
        options.error(f"--jobs must be at least 1, got {given.jobs}")
    try:
        record = steps.Record(folder, size)
    except ValueError as error:
        options.error(str(error))
    chosen = steps.chosen(size, given.only)
    if given.list:
        known = cpu_seconds() if given.full else None
        if known:
            print("Third column: CPU seconds of the committed results, of all steps of a file.")
        print(steps.listed(chosen, record, known))
        return 0
    print(f"{len(chosen)} steps, into {folder}", *peers.lines(), sep="\n", flush=True)
    if given.again:
        steps.forget(chosen, record)
    try:
        failed = steps.run(chosen, record, jobs=given.jobs, only_table=given.table)
    except KeyboardInterrupt:
        print("Stopped; the same command goes on from here, without --again.")
        return 130
    index.write(folder)
    print(f"{folder / 'README.md'} lists the results.")
    for step in failed:
        print(f"{step.name} failed: {record.log(step)} says how.")
    return bool(failed)


def cpu_seconds() -> dict[str, float | None]:
    """What the committed results took, by their names."""
    return {each.name: each.cpu_seconds for each in index.results(COMMITTED)}


if __name__ == "__main__":
    sys.exit(main())
