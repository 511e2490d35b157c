"""A small battery of public calls, as a script: prints every number of the answers, exactly.

Words on the command line say what the script does to itself first: `raise` makes floating-point
errors raise, `errors` turns warnings into errors, `thread` and `spawn` run the battery there,
`one-core` keeps to one core, `short` leaves out what takes seconds.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any


def numbers(short: bool = False) -> dict[str, list[str]]:
    """Answers by the name of the call, each number in hexadecimal digits."""
    import numpy as np

    import pidtools as pt

    rng = np.random.default_rng(0)
    n = 160
    Y = np.arange(n) % 3
    T = rng.normal(size=(n, 4)) + 2 * np.eye(4)[Y]
    S = T[:, :2] + rng.normal(size=(n, 2))
    # Far classes, whose densities underflow, and a class of three rows.
    far, rare = T + 50 * np.eye(4)[Y], np.where(np.arange(n) < 3, 3, Y)
    codes = 2 * Y + rng.integers(0, 2, n), rng.integers(0, 3, n) * Y
    pmf = rng.dirichlet(np.ones(27)).reshape(3, 3, 3)
    tails: Any = pt.problems.get("gaussian_heavy_tails")
    gate: Any = pt.problems.get("AND")
    wide = rng.dirichlet(np.full(1000, 0.1)).reshape(10, 10, 10)
    measured: dict[str, Any] = {"synergy": False, "confidence_level": 0.9, "n_resamples": 10}
    lda = pt.Probe(experts=("lda",))

    def knowledge(*sources: Any, **options: Any) -> dict[str, Any]:
        return pt.distillable_knowledge(*sources, **options).to_dict()

    calls: dict[str, Callable[[], object]] = {
        "broja, 2 classes": lambda: vars(pt.broja(pmf[:, :, :2] / pmf[:, :, :2].sum())),
        "broja, 3 classes": lambda: vars(pt.broja(pmf)),
        "batch": lambda: vars(pt.broja_batch(rng.dirichlet(np.ones(27), 3).reshape(3, 3, 3, 3))),
        "symbols": lambda: knowledge(*codes, Y, **measured),
        "binning": lambda: knowledge(T, S, Y, estimator="binning"),
        "neighbours": lambda: knowledge(T, S, Y, estimator="knn"),
        "probe, far classes": lambda: knowledge(far, S, Y, estimator=lda, synergy=False),
        "probe, rare class": lambda: knowledge(T, S, rare, estimator=lda, synergy=False),
    }
    if not short:
        many = Y[:, None] == np.arange(3), np.arange(n) % 40
        calls |= {
            "broja, 10 classes": lambda: vars(pt.broja(wide)),
            "broja, scaling": lambda: vars(pt.broja(wide, solver="scaling", tol=1e-4)),
            "broja, cvxpy": lambda: vars(pt.broja(pmf, solver="cvxpy", tol=1e-4)),
            "k-means": lambda: knowledge(T, S, Y, estimator="kmeans", **measured),
            "k-means, two points": lambda: knowledge(
                np.eye(4)[Y % 2], np.eye(4)[Y % 2], Y, estimator="kmeans", synergy=False
            ),
            "gaussian": lambda: knowledge(T, S, T[:, 2:] + S, **measured),
            "trees": lambda: knowledge(
                T, S, Y, estimator=pt.Probe(experts=("lda", "trees")), synergy=False
            ),
            "all experts": lambda: knowledge(T, S, Y, synergy=False),
            "many classes": lambda: knowledge(
                many[0] + T[:, :3], S, many[1], estimator=pt.Probe(experts=("logistic", "lda"))
            ),
            "intervals": lambda: knowledge(T, S, Y, estimator=lda, **measured),
            "students": lambda: pt.compare_students(
                T, S, S[:, :1], Y, estimator=lda, **measured
            ).to_dict(),
            "independence": lambda: pt.independence_test(S, Y, n_permutations=19).to_dict(),
            "columns": lambda: pt.mutual_information_by_column(T, Y),
            "problems": lambda: [
                *tails.sample(20)[0],
                *gate.pmf,
            ],
        }
    return {name: _digits(call()) for name, call in calls.items()}


def _digits(found: object) -> list[str]:
    """Numbers and notes one after the other."""
    import numpy as np

    if isinstance(found, (dict, list, tuple, np.ndarray)):
        parts = found.values() if isinstance(found, dict) else found
        return [digit for part in parts for digit in _digits(part)]
    if isinstance(found, (float, int, np.number)):
        return [float(found).hex()]
    return [found] if isinstance(found, str) else []


def _put_numbers(queue: Any, *arguments: bool) -> None:
    queue.put(numbers(*arguments))


def main(words: list[str]) -> None:
    """Do what the words say, and print."""
    import numpy as np

    import pidtools as pt

    if "one-core" in words:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    if "raise" in words:
        np.seterr(all="raise")
    if "errors" in words:
        warnings.simplefilter("error")
    warnings.simplefilter("ignore", pt.PIDWarning)
    short, answers = "short" in words, {}
    if "thread" in words:
        threading.excepthook = lambda failed: sys.__excepthook__(
            failed.exc_type, failed.exc_value or failed.exc_type(), failed.exc_traceback
        )
        thread = threading.Thread(target=lambda: answers.update(numbers(short)))
        thread.start()
        thread.join()
    elif "spawn" in words:
        context = multiprocessing.get_context("spawn")
        queue = context.Queue()
        process = context.Process(target=_put_numbers, args=(queue, short))
        process.start()
        answers = queue.get(timeout=300)
        process.join()
    else:
        answers = numbers(short)
    print(json.dumps({"file": pt.__file__, "answers": answers}))


if __name__ == "__main__":
    main(sys.argv[1:])
