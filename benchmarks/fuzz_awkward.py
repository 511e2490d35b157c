"""Valid but awkward data through the whole call: crashes, and answers that can't be.

    python benchmarks/fuzz_awkward.py --n 5000 --jobs 2

Each data set is drawn from its number alone: units that are dead, copied, nearly copied, constant
or active in a few rows, scales from 1e-200 to 1e140, half and single precision, 2 to 50 classes,
classes of one row, groups, symbols, few rows. Each is measured by one estimator: the default, or
one of the others in turn. What is counted: exceptions, apart from the library's own refusals;
NaN; information above H(Y); changes by the order of the rows, of every tenth data set, beside the
change by another seed, which moves the folds of the probe as much. The counts are kept in
``results/fuzz_awkward.json``, each data set in the file of ``--store``, which makes it resumable.
"""

from __future__ import annotations

import traceback
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed

import pidtools as pt
from benchmarks.tools.clock import best_of
from benchmarks.tools.known import numbers
from benchmarks.tools.options import Options
from benchmarks.tools.store import Row, Store, keep, kept
from benchmarks.tools.written import table, write

ESTIMATORS = ("auto", "auto", "auto", "gaussian", "knn", "binning", "kmeans")
NAME = "fuzz_awkward"
COUNTED = ("data sets", "crash", "refused", "not finite", "above H(Y)")
EFFECTS = ("order of rows", "seed")
Array = np.ndarray[Any, Any]


def labels(rng: np.random.Generator, n: int) -> Array:
    """2 to 50 classes: even, skewed, or with classes of a single row."""
    n_classes = int(rng.choice([2, 2, 3, 5, 10, 20, 50]))
    shares = rng.dirichlet(np.full(n_classes, rng.choice([0.3, 5.0])))
    y = rng.choice(n_classes, n, p=shares)
    if rng.random() < 0.3:
        y[rng.integers(n)] = n_classes  # one row of a class of its own
    # Two rows a class on average, and two classes: others are refused.
    if len(np.unique(y)) < 2 or 2 * len(np.unique(y)) > n:
        y = np.arange(n) % 2
    return y


def features(rng: np.random.Generator, y: Array) -> Array:
    """Units that know of the labels, rectified or not."""
    width = int(rng.choice([1, 2, 3, 8, 8, 16, 64, 130]))
    means = rng.normal(size=(int(y.max()) + 1, width)) * rng.choice([0.0, 0.5, 1.0, 5.0])
    X: Array = means[y] + rng.normal(size=(len(y), width))
    return np.maximum(X, 0) if rng.random() < 0.5 else X


def dead(rng: np.random.Generator, X: Array) -> Array:
    """A few units that are 0 in all rows."""
    X[:, rng.random(X.shape[1]) < 0.4] = 0
    return X


def constant(rng: np.random.Generator, X: Array) -> Array:
    """Beside columns of one value, one of them large."""
    return np.hstack([X, np.full((len(X), 2), [0.1, 1e7])])


def copied(rng: np.random.Generator, X: Array) -> Array:
    """Units twice."""
    return np.hstack([X, X[:, : max(X.shape[1] // 2, 1)]])


def nearly_copied(rng: np.random.Generator, X: Array) -> Array:
    """Units twice, up to a small noise."""
    noise = 10.0 ** rng.uniform(-14, -3)
    return np.hstack([X, X * (1 + noise * rng.normal(size=X.shape))])


def rarely_active(rng: np.random.Generator, X: Array) -> Array:
    """Units active in one to ten rows."""
    units = np.zeros((len(X), int(rng.integers(1, 6))))
    for unit in units.T:
        unit[rng.integers(0, len(X), rng.integers(1, 11))] = 3 * rng.random()
    return np.hstack([X, units])


def active_in_one_class(rng: np.random.Generator, X: Array) -> Array:
    """A unit of a block of rows only."""
    unit = np.zeros((len(X), 1))
    unit[: int(rng.integers(1, len(X)))] = rng.random()
    return np.hstack([X, unit])


def scaled(rng: np.random.Generator, X: Array) -> Array:
    """All units, or each by itself, in other units of measurement."""
    powers = rng.choice(
        [-200, -160, -30, -8, 0, 8, 30, 140], X.shape[1] if rng.random() < 0.5 else 1
    )
    return np.clip(X, -1e8, 1e8) * 10.0 ** powers.astype(float)


def shifted(rng: np.random.Generator, X: Array) -> Array:
    """Far from 0."""
    return X + 10.0 ** rng.integers(1, 9)


def outlier(rng: np.random.Generator, X: Array) -> Array:
    """One value far away."""
    X[rng.integers(len(X)), rng.integers(X.shape[1])] = 10.0 ** rng.integers(3, 30)
    return X


def decades(rng: np.random.Generator, X: Array) -> Array:
    """A unit over twenty decades."""
    X[:, 0] = 10.0 ** np.clip(5 * X[:, 0], -100, 100)
    return X


def repeated_rows(rng: np.random.Generator, X: Array) -> Array:
    """Every second row is the same."""
    X[::2] = X[0]
    return X


def half(rng: np.random.Generator, X: Array) -> Array:
    """In half precision, what it can't hold cut off."""
    return np.clip(X, -6e4, 6e4).astype(np.float16)


def single(rng: np.random.Generator, X: Array) -> Array:
    """In single precision, what it can't hold cut off."""
    return np.clip(X, -1e38, 1e38).astype(np.float32)


def as_it_is(rng: np.random.Generator, X: Array) -> Array:
    """In double precision."""
    return X


CHANGES = (
    dead, constant, copied, nearly_copied, rarely_active, active_in_one_class, scaled, shifted,
    outlier, decades, repeated_rows,
)  # fmt: skip


def changed(rng: np.random.Generator, X: Array) -> Array:
    """Up to three of the changes, then perhaps a shorter type."""
    for change in rng.choice(np.array(CHANGES, dtype=object), int(rng.integers(1, 4))):
        X = change(rng, X.copy())
    return (single, half, as_it_is, as_it_is)[rng.integers(4)](rng, X)


def student(rng: np.random.Generator, T: Array, y: Array) -> Array:
    """Part of the teacher, the teacher itself, a source of its own, nothing, or symbols."""
    kind = rng.integers(6)
    if kind == 0:
        return T
    if kind == 1:
        return T[:, : max(T.shape[1] // 2, 1)]
    if kind == 2:
        return np.full((len(y), 2), 1.5)
    if kind == 3:
        return (y * 7 + rng.integers(0, 2, len(y))) % 5
    return changed(rng, features(rng, y))


def data_set(number: int) -> dict[str, Any]:
    """Estimator, sources, target and groups of one number."""
    rng = np.random.default_rng(number)
    estimator = ESTIMATORS[number % len(ESTIMATORS)]
    # Covariances need more rows than units.
    n = int(rng.choice([900] if estimator == "gaussian" else [12, 25, 60, 120, 250, 400]))
    y = labels(rng, n)
    T = changed(rng, features(rng, y))
    S = student(rng, T, y)
    Y: Array = y
    if estimator == "gaussian":
        S = S if S.ndim == 2 else S[:, None].astype(float)
        Y = y[:, None] + rng.normal(size=(n, int(rng.integers(1, 5))))
    groups = rng.integers(0, max(n // 4, 8), n) if rng.random() < 0.2 else None
    return {"T": T, "S": S, "Y": Y, "estimator": estimator, "groups": groups}


def measure(data: dict[str, Any], seed: int = 0) -> pt.DistillableKnowledge:
    """The whole call; what it warns of is no fault."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=pt.PIDWarning)
        return pt.distillable_knowledge(
            data["T"], data["S"], data["Y"],
            estimator=data["estimator"], groups=data["groups"], random_state=seed, n_jobs=1,
        )  # fmt: skip


def entropy(y: Array) -> float:
    """H(Y) of labels in bits; infinite for measured targets."""
    if y.dtype.kind == "f":
        return np.inf
    p = np.unique(y, return_counts=True)[1] / len(y)
    return float(-(p * np.log2(p)).sum())


def is_refusal(error: Exception) -> bool:
    """Whether the library itself said no, in words, and not a library below it."""
    raised_in = traceback.extract_tb(error.__traceback__)[-1].filename
    own = Path(pt.__file__).parent
    return isinstance(error, (ValueError, TypeError, pt.PIDError)) and Path(
        raised_in
    ).is_relative_to(own)


def faults(number: int) -> Row:
    """What is wrong with the answer, and its changes by order of rows and by seed."""
    with np.errstate(all="ignore"):  # the data are awkward, the question is what is made of them
        data = data_set(number)
    wrong, effects = [], None
    try:
        result = measure(data)
        values = list(numbers(result.pid).values())
        if not np.isfinite(values).all():
            wrong.append(f"not finite: {values}")
        h_y = entropy(data["Y"])
        wrong += [f"{v:.6g} of {h_y:.6g} bits" for v in values[4:6] if v > h_y + 1e-9]
        effects = moved(data, values) if number % 10 == 0 else None
    except Exception as error:  # what is sought
        last = traceback.extract_tb(error.__traceback__)[-1]
        kind = "refused" if is_refusal(error) else f"crash: {last.filename}:{last.lineno}"
        wrong.append(f"{kind}: {type(error).__name__}: {error}")
    return {"number": number, "estimator": data["estimator"], "wrong": wrong, "effects": effects}


def moved(data: dict[str, Any], values: list[float]) -> list[float]:
    """Largest change of an information by another order of rows, and by another seed."""
    order = np.random.default_rng(1).permutation(len(data["Y"]))
    mixed = {k: v[order] if isinstance(v, np.ndarray) else v for k, v in data.items()}
    return [
        float(np.abs(np.subtract(list(numbers(result.pid).values())[4:6], values[4:6])).max())
        for result in (measure(mixed), measure(data, seed=1))
    ]


def hostile_settings(names: list[str]) -> None:
    """Settings of an application that finds its own faults with them."""
    if "warnings" in names:
        warnings.simplefilter("error")
    if "rounding" in names:
        np.seterr(all="raise")


def in_thread(number: int) -> Row:
    """The same in a thread, which the settings of the main one do not reach."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(faults, number).result()


def run(numbers: list[int], hostile: list[str]) -> list[Row]:
    """Measure some data sets, in this process."""
    hostile_settings(hostile)
    return [(in_thread if "thread" in hostile else faults)(k) for k in numbers]


def main() -> None:
    """Parse the command line, measure and write."""
    options = Options(__doc__)
    options.number("n", 5000, "data sets")
    options.number("start", 0, "number of the first")
    options.number("jobs", 2, "processes")
    options.add_argument("--store", type=Path, help="a file of results to go on with")
    options.names("hostile", known=("warnings", "rounding", "thread"))
    options.only_table()
    given = options.parse_args()
    if given.table:
        write(NAME, *told(kept(NAME)["rows"]))
        return
    store = Store(given.store, "number") if given.store else None
    found = {row["number"]: row for row in (store.rows() if store else [])}
    numbers = [k for k in range(given.start, given.start + given.n) if k not in found]
    blocks = [numbers[i : i + 20] for i in range(0, len(numbers), 20)]
    work = (delayed(best_of)(partial(run, block, given.hostile), 1) for block in blocks)
    for seconds, block in Parallel(n_jobs=given.jobs, return_as="generator")(work):
        for row in block:
            row["cpu_seconds"] = round(seconds / len(block), 3)
            found[row["number"]] = row
            for text in row["wrong"]:
                print(row["number"], row["estimator"], text, flush=True)
        if store:
            store.add(block)
    rows = counted(list(found.values()))
    if given.hostile:
        print(*told(rows), sep="\n\n")
        return
    spent = [row["cpu_seconds"] for row in found.values() if "cpu_seconds" in row]
    whole = {"cpu_seconds": round(sum(spent), 1)} if len(spent) == len(found) else {}
    keep(NAME, **whole, rows=rows)
    write(NAME, *told(rows))


def counted(found: list[Row]) -> list[Row]:
    """Numbers of data sets by estimator and fault; changes of every tenth, median and largest."""
    rows = []
    for estimator in sorted(set(ESTIMATORS)):
        own = [row for row in found if row["estimator"] == estimator]
        counts = Counter(dict.fromkeys(COUNTED, 0) | {"data sets": len(own)})
        for row in own:
            counts.update({t.split(":")[0] if ":" in t else "above H(Y)" for t in row["wrong"]})
        effects = np.array([row["effects"] for row in own if row["effects"]] or [(0, 0)])
        sizes = ([float(np.median(e)), float(e.max())] for e in effects.T)
        rows.append({"estimator": estimator} | counts | dict(zip(EFFECTS, sizes, strict=True)))
    return rows


def told(rows: list[Row]) -> tuple[str, str, str]:
    """The same in words and a table."""
    lines = [
        [
            row["estimator"],
            *(row[name] for name in COUNTED),
            *(" / ".join(f"{size:.2g}" for size in row[name]) for name in EFFECTS),
        ]
        for row in rows
    ]
    return (
        "# Awkward data through the whole call",
        "Numbers of data sets. Refusals are the library's own errors. The last two columns: the "
        "largest change of I(Y;T) or I(Y;S), in bits, by the order of the rows and by the seed, "
        "median and largest of every tenth data set.",
        table(["estimator", *COUNTED, *EFFECTS], lines),
    )


if __name__ == "__main__":
    main()
