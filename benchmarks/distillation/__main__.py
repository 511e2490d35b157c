"""Whether distilling helps, by which method, with which teacher, and whether Uni_T knows before.

    python -m benchmarks.distillation

Pairs of digits side by side: the left one is the task. Four teachers (trained on the task, on both
digits, on the other digit, not at all), students with less data, and every way to distil that
``pidtools.rid`` has, with and without the gate; then whether what is measured before foretells the
gain. Rows are kept in ``results/distillation_runs.jsonl`` and ``_prediction.jsonl``, a line a run:
stop it whenever you like and start it again. ``--quick`` is the same in small, in files of its own.
"""

from __future__ import annotations

import dataclasses

from benchmarks.distillation import prediction, study
from benchmarks.distillation.data import pairs
from benchmarks.distillation.figures import write_figures
from benchmarks.distillation.running import name_of, once, run
from benchmarks.distillation.scale import FULL, QUICK
from benchmarks.distillation.tables import write_tables
from benchmarks.tools.options import Options


def main() -> None:
    """Parse the command line, run what is not finished, and write."""
    options = Options(__doc__)
    options.prog = "python -m benchmarks.distillation"
    options.add_argument("--quick", action="store_true", help="a small one, about two minutes")
    options.add_argument("--data", choices=("mnist", "digits"), default="mnist")
    options.number("workers", 2, "processes")
    options.only_table()
    given = options.parse_args()
    scale = dataclasses.replace(QUICK if given.quick else FULL, data=given.data)
    if given.workers < 1:
        options.error(f"--workers must be at least 1; got {given.workers}.")
    name = name_of(scale, quick=given.quick)
    if not given.table:
        try:
            pairs(scale.data, "test", 1, 0)
        except FileNotFoundError as error:
            options.error(f"{error} Without a network, use --data digits.")
        run(name, scale, given.workers)
    rows, predicted = once(study.store(name)), once(prediction.store(name))
    write_tables(name, rows, predicted)
    write_figures(name, rows, predicted)


if __name__ == "__main__":
    main()
