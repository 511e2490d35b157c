"""Runs in several processes, a row each, from which a study goes on after any stop."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from benchmarks.distillation import prediction, study
from benchmarks.distillation.scale import Scale
from benchmarks.tools.store import Job, Row, Store


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
