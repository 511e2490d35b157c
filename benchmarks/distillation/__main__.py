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
import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from benchmarks.distillation import prediction, study
from benchmarks.distillation.figures import write_figures
from benchmarks.distillation.scale import FULL, QUICK, Scale
from benchmarks.distillation.tables import write_tables
from benchmarks.tools.options import Options
from benchmarks.tools.store import Job, Row, Store


def main() -> None:
    """Parse the command line, run what is not finished, and write."""
    options = Options(__doc__)
    options.prog = "distillation"
    options.add_argument("--quick", action="store_true", help="a small one, about a minute")
    options.add_argument("--data", choices=("mnist", "digits"), default="mnist")
    options.number("workers", 2, "processes")
    options.only_table()
    given = options.parse_args()
    scale = dataclasses.replace(QUICK if given.quick else FULL, data=given.data)
    name = name_of(scale, quick=given.quick)
    if not given.table:
        run(name, scale, given.workers)
    rows, predicted = once(study.store(name)), once(prediction.store(name))
    write_tables(name, rows, predicted)
    write_figures(name, rows, predicted)


def once(store: Store) -> list[Row]:
    """Rows in the order of their keys, so that tables don't tell which process was faster.

    A run that was under way when its parent was killed may have been finished twice, alike.
    """
    found = {tuple(row[name] for name in store.key): row for row in store.rows()}
    return [found[key] for key in sorted(found, key=str)]


def name_of(scale: Scale, *, quick: bool) -> str:
    """Beginning of the names of all files of a study."""
    return "distillation" + ("_digits" if scale.data == "digits" else "") + "_quick" * quick


def run(name: str, scale: Scale, n_workers: int) -> None:
    """All runs: the weights first, as all others depend on them."""
    fill(partial(study.store, name), study.tuning_groups(scale), n_workers)
    weights = study.chosen(once(study.store(name)))
    fill(partial(study.store, name), study.main_groups(scale, weights), n_workers)
    fill(partial(prediction.store, name), prediction.groups(scale, weights), n_workers)


def fill(make: Callable[[], Store], groups: Iterable[list[Job]], n_workers: int) -> None:
    """Groups of jobs in several processes; jobs of a group share what they are made of."""
    from joblib import Parallel, delayed

    finished, key = make().finished(), make().key
    left = [
        [job for job in group if tuple(job[0][name] for name in key) not in finished]
        for group in groups
    ]
    Parallel(n_jobs=n_workers)(delayed(_fill)(make, group) for group in left if group)


def _fill(make: Callable[[], Store], jobs: list[Job]) -> None:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        make().fill(while_parent_lives(jobs))


def while_parent_lives(jobs: Iterable[Job]) -> Iterator[Job]:
    """The jobs; none more once the process that asked for them was killed."""
    parent = os.getppid()
    for job in jobs:
        if os.getppid() != parent:
            return
        yield job


if __name__ == "__main__":
    main()
