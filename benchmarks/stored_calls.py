"""Two hundred calls over all estimators, their numbers kept to the last bit.

    python benchmarks/stored_calls.py before.json      # write
    python benchmarks/stored_calls.py before.json      # where the file is there: compare

For changes of the code that must change no answer: run it before and after. The file belongs to a
machine and to versions of its libraries, which it names, so none is kept here.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import pidtools as pt
from benchmarks.tools.options import Options
from benchmarks.tools.store import about

Call = Callable[[], Any]
CHEAP = pt.Probe(experts=("lda", "logistic", "trees", "gaussian"))
ESTIMATORS: dict[str, Any] = {
    "symbols": "symbols",
    "binning": pt.Binning(n_bins=4),
    "plug-in": pt.Binning(n_bins=4, correction="none"),
    "kmeans": "kmeans",
    "knn": "knn",
    "probe": CHEAP,
    "gaussian": "gaussian",
}


def numbers(result: Any) -> Any:
    """All that a result says, floats to the last bit."""
    if isinstance(result, float):
        return float.hex(result)
    if isinstance(result, np.ndarray):
        return [numbers(x) for x in result.ravel().tolist()]
    if isinstance(result, dict):
        return {str(k): numbers(v) for k, v in result.items()}
    if isinstance(result, list | tuple):
        return [numbers(v) for v in result]
    if hasattr(result, "to_dict"):
        return numbers(result.to_dict()) | {"notes": list(getattr(result, "notes", ()))}
    return result if isinstance(result, int | str | bool | None) else repr(result)


def data(seed: int) -> tuple[Any, Any, Any]:
    """A layer, a part of it with noise, labels."""
    rng = np.random.default_rng(seed)
    n_classes = (2, 3, 5)[seed % 3]
    y = rng.integers(0, n_classes, 240)
    T = rng.normal(size=(240, 6)) + np.eye(n_classes, 6)[y]
    return T, T[:, :3] + 0.5 * rng.normal(size=(240, 3)), y


def arguments(name: str, seed: int) -> tuple[Any, Any, Any]:
    """Sources and target of a kind that the estimator takes."""
    T, S, y = data(seed)
    if name == "symbols":
        return (T[:, 0] > 0) + 2 * (T[:, 1] > 0), np.round(S[:, 0]).astype(int), y
    if name == "gaussian":
        noise = np.random.default_rng(seed + 100).normal(size=(len(T), 2))
        return T, S, T[:, :2] + S[:, :2] + noise
    return T, S, y


def measurements() -> Iterator[tuple[str, Call]]:
    """Decompositions, informations and comparisons of arrays."""
    for name, estimator in ESTIMATORS.items():
        for seed in range(6):
            T, S, Y = arguments(name, seed)
            options: dict[str, Any] = {"estimator": estimator, "random_state": seed}
            resampled = options | {"confidence_level": 0.9, "n_resamples": 12}
            whole = options | {"units": ("bits", "nats")[seed % 2]}
            yield (
                f"{name} {seed} whole",
                partial(pt.distillable_knowledge, T, S, Y, **whole),
            )
            yield f"{name} {seed} information", partial(pt.mutual_information, T, Y, **options)
            if seed < 3:
                yield (
                    f"{name} {seed} interval",
                    partial(pt.distillable_knowledge, T, S, Y, synergy=seed > 0, **resampled),
                )
                yield f"{name} {seed} summary", partial(
                    lambda T, S, Y, o: pt.distillable_knowledge(pt.summarise(T, Y, **o), S, Y, **o),
                    T, S, Y, options,
                )  # fmt: skip
            if seed < 2:
                yield (
                    f"{name} {seed} students",
                    partial(pt.compare_students, T, S, S[::-1].copy(), Y, **resampled),
                )
                yield (
                    f"{name} {seed} independence",
                    partial(pt.independence_test, S, Y, n_permutations=19, **options),
                )


def exact() -> Iterator[tuple[str, Call]]:
    """Decompositions of tables and covariances, and informations of neighbours."""
    for seed in range(24):
        rng = np.random.default_rng(seed)
        shape = ((2, 3, 2), (3, 3, 3), (5, 4, 6), (12, 10, 4))[seed % 4]
        pmf = rng.dirichlet(np.full(int(np.prod(shape)), 0.5)).reshape(shape)
        yield f"broja {seed}", partial(pt.broja, pmf)
        root = rng.normal(size=(7, 9))
        cov = root @ root.T / 9
        yield f"gaussian_pid {seed}", partial(pt.gaussian_pid, cov, dims=(3, 2, 2))
    for seed in range(6):
        T, S, y = data(seed)
        yield f"ksg {seed}", partial(value, pt.knn.ksg, T[:, :2], S[:, :1])
        yield f"ross {seed}", partial(value, pt.knn.ross, T[:, :2], y)
        yield f"columns {seed}", partial(pt.mutual_information_by_column, T, y)


def value(estimate: Callable[..., pt.knn.NeighbourEstimate], *columns: Any) -> float:
    """The information alone."""
    return estimate(*columns).value


def main() -> None:
    """Write the file, or compare with it."""
    options = Options(__doc__)
    options.add_argument("file", type=Path, help="of answers")
    file = options.parse_args().file
    warnings.simplefilter("ignore")
    found = {name: numbers(call()) for name, call in (*measurements(), *exact())}
    if not file.exists():
        file.write_text(json.dumps(about() | {"calls": found}))
        print(f"wrote {len(found)} calls")
        return
    document, now = json.loads(file.read_text()), about()
    for what in ("machine", "versions"):
        for name in sorted({*document[what], *now[what]} - {"load"}):
            was, is_now = document[what].get(name), now[what].get(name)
            if was != is_now:
                print(f"{name} was {was}, is {is_now}")
    before = document["calls"]
    found = json.loads(json.dumps(found))
    for name in before:
        if found.get(name) != before[name]:
            print(name, "was", str(before[name])[:300], "is", str(found.get(name))[:300])
    same = sum(found.get(name) == before[name] for name in before)
    print(f"{same} of {len(before)} calls are the same to the last bit")


if __name__ == "__main__":
    main()
