"""Tasks side by side, by any backend of joblib, each once in the answer, also if a worker dies.

Whoever wants answers that don't depend on the number of workers makes tasks that don't: here they
are handed out, and their answers and what they warned of are put back in order. In a worker there
is one thread and no further worker, so that all together take no more cores than were asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Literal

from pidtools import _threads, _warnings
from pidtools._parcels import Parcel, opened
from pidtools._remarks import Remark
from pidtools._result import Outcome, PIDError

# Times that tasks whose worker died are handed out before it is their fault.
TRIES = 3

By = Literal["processes", "threads", "memory"]


def run(
    work: Callable[[Any], Any],
    given: Sequence[Any],
    *,
    n_jobs: int | None,
    by: By = "processes",
    batch_size: int | Literal["auto"] = "auto",
    done: Callable[[int, Any, list[Remark]], Any] = lambda k, answer, texts: None,
) -> list[tuple[Any, list[Remark]]]:
    """Do some work on each thing given; the answers in their order, each with what was warned of.

    Parameters
    ----------
    work : callable
        Of one thing given; for processes both can be pickled.
    given : sequence
        One thing a task.
    n_jobs : int or None
        Workers, as in joblib.
    by : {"processes", "threads", "memory"}
        What workers are where nobody has said otherwise by `joblib.parallel_config`; "memory"
        means threads of this process whatever was said, for work that is shorter than its way.
    batch_size : int or "auto"
        As in joblib; 1 for tasks whose answers are worth keeping as soon as they are there.
    done : callable
        Told of each answer, as soon as it is there, with its place and what was warned of.

    Raises
    ------
    PIDError
        If workers died again and again.
    """
    answers: dict[int, tuple[Any, list[Remark]]] = {}
    for last in (False,) * (TRIES - 1) + (True,):
        left = [k for k in range(len(given)) if k not in answers]
        try:
            # Workers that are threads of this process obey this limit; others set their own.
            with _threads.one_blas_thread():
                for k, answer, texts in _handed_out(work, given, left, n_jobs, by, batch_size):
                    answers[k] = answer, texts
                    done(k, answer, texts)
            break
        except Exception as error:  # each backend has its own of a worker that died
            if not _is_death(error):
                raise
            if last:
                raise PIDError(
                    f"A worker died, {TRIES} times in a row, over {len(left)} tasks that were "
                    f"left ({type(error).__name__}). Often that is for want of memory: take fewer "
                    "workers (n_jobs), or look into their logs.",
                    Outcome.no_answer,
                ) from error
    return [answers[k] for k in range(len(given))]


def _handed_out(
    work: Callable[[Any], Any],
    given: Sequence[Any],
    left: Sequence[int],
    n_jobs: int | None,
    by: By,
    batch_size: int | Literal["auto"],
) -> Iterator[tuple[int, Any, list[Remark]]]:
    from joblib import Parallel, delayed

    options: dict[str, Any] = {"require": "sharedmem"} if by == "memory" else {"prefer": by}
    at_once = hands_out_parts()
    parallel = Parallel(
        n_jobs=n_jobs,
        batch_size=batch_size,
        return_as="generator_unordered" if at_once else "list",
        **options,
    )
    pack = Parcel if by != "memory" and _pickles_all() else _as_it_is
    task = delayed(partial(_one, pack(work)))
    for part in _parts(left, n_jobs, at_once or batch_size == "auto"):
        found = parallel(task(k, pack(given[k])) for k in part)
        try:
            for each in found:
                if isinstance(each, BaseException):  # as Dask says that a task was cancelled
                    raise each
                yield each
        finally:
            if hasattr(found, "close"):
                with suppress(ValueError):  # it runs on in another thread
                    found.close()


def _parts(left: Sequence[int], n_jobs: int | None, whole: bool) -> Iterator[Sequence[int]]:
    """All tasks; a few at a time where a backend hands out answers only when it is done."""
    from joblib import effective_n_jobs

    size = len(left) if whole else effective_n_jobs(n_jobs)
    for start in range(0, len(left), max(size, 1)):
        yield left[start : start + size]


@_warnings.quiet
def _one(work: Any, k: int, given: Any) -> tuple[int, Any, list[Remark]]:
    from joblib import parallel_config
    from threadpoolctl import threadpool_limits

    with (
        threadpool_limits(limits=1, user_api="openmp"),
        _threads.one_blas_thread(),
        _warnings.collecting() as heard,
        parallel_config("sequential", n_jobs=1),  # Dask would hand out what is inside of a task
    ):
        return k, opened(work)(opened(given)), heard


def _as_it_is(given: Any) -> Any:
    return given


def hands_out_parts() -> bool:
    """Whether the backend in force can hand out results while it works on the others."""
    return bool(getattr(_backend(), "supports_return_generator", False))


def _backend() -> Any:
    from joblib.parallel import get_active_backend

    return get_active_backend()[0]


def _pickles_all() -> bool:
    """Whether the backend in force sends the numbers of mapped arrays, not where they are."""
    from joblib.parallel import BACKENDS

    own = tuple(BACKENDS[name] for name in ("loky", "multiprocessing", "threading", "sequential"))
    return type(_backend()) not in own  # that of Ray is a kind of multiprocessing


def _is_death(error: BaseException) -> bool:
    """Whether a task had no answer because its worker was gone."""
    from concurrent.futures import BrokenExecutor, CancelledError

    names = {kind.__name__ for kind in type(error).__mro__}
    of_dask = {"KilledWorker", "FutureCancelledError", "CancelledError", "FuturesCancelledError"}
    of_ray = {"WorkerCrashedError", "RayActorError"}
    return isinstance(error, BrokenExecutor | CancelledError) or bool(names & (of_dask | of_ray))
