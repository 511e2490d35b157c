"""Inputs of any kind at the door: an answer, or an error that names the argument.

    python benchmarks/fuzz_doors.py --n 100000 --jobs 2
    python benchmarks/fuzz_doors.py --only 4711

Each input is drawn from its number alone: a kind of values (numbers of all types, labels, words,
times, objects, fields), a shape, what is wrong with it, and the container it comes in (NumPy,
pandas, polars, xarray, torch, ml_dtypes, dask, SciPy, masked, in a file, nested lists, mappings,
iterators). It goes to one of the checks of the door, or to a public function with a cheap
estimator. What is counted: other exceptions than the library's own ValueError, TypeError, PIDError
and MemoryError; texts that do not name the argument; warnings of rounding; NaN, infinite or
impossible answers. The counts are kept in ``results/fuzz_doors.json``.
"""

from __future__ import annotations

import array
import datetime
import importlib.util
import re
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed

import pidtools as pt
from benchmarks.tools.clock import best_of
from benchmarks.tools.options import Options
from benchmarks.tools.store import Row, keep, kept
from benchmarks.tools.written import table_of, write
from pidtools import _target, _validate, _warnings
from pidtools._lazy_rows import whole

NAME = "fuzz_doors"
ENDS = ("answer", "refused", "fault")
Array = np.ndarray[Any, Any]
Rng = np.random.Generator
PRESENT = {
    name: importlib.util.find_spec(name) is not None
    for name in ("pandas", "polars", "xarray", "torch", "ml_dtypes", "dask")
}
# Rounding of sums of a few hundred terms, in bits.
ROUNDING = 1e-9
SIZES = (1, 3, 12, 12, 40, 120)
DOORS = (
    "check_source", "check_labels", "check_continuous", "decided", "check_groups", "check_pmf",
    "mutual_information of X", "mutual_information of Y", "distillable_knowledge", "gaussian",
    "broja",
)  # fmt: skip


# --- values -----------------------------------------------------------------------------------


def shape(rng: Rng, n: int) -> tuple[int, ...]:
    """Mostly one row a sample; sometimes a shape that can't be right."""
    d = int(rng.choice([1, 2, 3, 5, 17]))
    shapes = [(n,), (n, 1), (n, d), (n, d), (n, d), (d, n), (1, n), (n, 3, d), (n, 2, 2, 2)]
    shapes += [(), (0,), (0, d), (n, 0), (n + 1, d), (max(n - 1, 0),), (n, 1, 1), (n, 1, 2, 1, 2)]
    return shapes[int(rng.choice(len(shapes), p=weights(len(shapes))))]


def weights(n: int) -> Array:
    """The first six together as often as all others."""
    found: Array = np.where(np.arange(n) < 6, 1.0 / 6, 1.0 / (n - 6)) / 2
    return found


def floats(rng: Rng, given: tuple[int, ...]) -> Array:
    """Numbers of all sizes and types."""
    X = rng.normal(size=given) * 10.0 ** rng.choice([-200, -30, 0, 0, 0, 0, 3, 30, 140, 160, 300])
    kinds = ["f8", "f8", "f4", "f2", "g", ">f8", ">f4"]
    with np.errstate(over="ignore"):
        return np.asarray(X).astype(np.dtype(kinds[rng.integers(len(kinds))]))


def few_floats(rng: Rng, given: tuple[int, ...]) -> Array:
    """Smoothed or scaled classes, ratings, signs of zero."""
    few = np.array([[0.0, 1.0, -0.0], [0.05, 0.95, 0.5], [1, 2, 3], [-1, 0, 1]])
    return rng.choice(few[rng.integers(len(few))], given)


def integers(rng: Rng, given: tuple[int, ...]) -> Array:
    """Of all types, few values or as many as there are."""
    kinds = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", ">i4"]
    kind = np.dtype(kinds[rng.integers(len(kinds))])
    if rng.random() < 0.7:
        return rng.integers(0, rng.choice([2, 3, 10]), given).astype(kind)
    info = np.iinfo(kind)
    return rng.integers(info.min, info.max, given, dtype=kind.newbyteorder("=")).astype(kind)


def bools(rng: Rng, given: tuple[int, ...]) -> Array:
    """True and false."""
    return np.asarray(rng.random(given) < 0.5)


def words(rng: Rng, given: tuple[int, ...]) -> Array:
    """Strings of several types; some are numbers, some are empty."""
    lists = (["a", "b", "c"], ["1", "2.5"], ["", "nan", "x"], ["\u00e9", "\U0001f600", "a\x00b"])
    found = rng.choice(np.array(lists[rng.integers(len(lists))]), given)
    kind = rng.integers(4)
    if kind == 0:
        return found.astype(np.dtypes.StringDType())
    if kind == 1:
        return np.char.encode(found, "utf-8") if found.size else found.astype("S1")
    return found.astype(object) if kind == 2 else found


def times(rng: Rng, given: tuple[int, ...]) -> Array:
    """Dates and durations."""
    kind = rng.choice(["M8[D]", "M8[ns]", "m8[s]", "m8[Y]"])
    return rng.integers(0, 1000, given).astype("i8").astype(kind)


def complexes(rng: Rng, given: tuple[int, ...]) -> Array:
    """With a part that is not real."""
    return rng.normal(size=given) + 1j * rng.normal(size=given)


def fields(rng: Rng, given: tuple[int, ...]) -> Array:
    """Structured, and bytes of no type."""
    if rng.random() < 0.5:
        return np.zeros(given, dtype=[("a", "f4"), ("b", "i4")])
    return np.zeros(given, dtype=f"V{rng.choice([1, 2, 3, 8])}")


def objects(rng: Rng, given: tuple[int, ...]) -> Array:
    """Python's own: numbers of all kinds, and things that are none."""
    pools: list[list[Any]] = [
        [1, 2, 3], [1.5, 2, True], [Decimal("1.5"), Decimal(2)], [Fraction(1, 3), 2],
        [2**70, 2**71], [10**400, 1], [True, False], ["a", "b"], [b"a", b"b"], ["a", 1],
        [None, 1.0], [None, "a"], [np.float32(1), np.int8(2)], [(1, 2), (3,)], [[], [1]],
        [{}, {"a": 1}], [object, int], [datetime.datetime(2020, 1, 1), datetime.date(2020, 1, 2)],
        [datetime.timedelta(1), datetime.timedelta(2)], [np.zeros(2), np.zeros(3)], [1j, 2],
        [float("nan"), 1], [float("inf"), 1], [np.datetime64("2020-01-01"), np.datetime64("NaT")],
        [np.str_("a"), "b"], [Ellipsis, None], [2**63, -1], [2**64 - 1, 0], [frozenset(), 1],
    ]  # fmt: skip
    if PRESENT["pandas"]:
        import pandas as pd

        pools += [[pd.NA, 1], [pd.NaT, "a"], [pd.Timestamp("2020-01-01"), pd.Timestamp("2021")]]
    pool = pools[rng.integers(len(pools))]
    found = np.empty(given, dtype=object)
    for place in np.ndindex(*given):
        found[place] = pool[rng.integers(len(pool))]
    return found


KINDS = (
    floats, floats, floats, few_floats, integers, integers, bools, words, times, complexes, fields,
    objects, objects,
)  # fmt: skip


# --- what is wrong ----------------------------------------------------------------------------


def sprinkled(rng: Rng, X: Array) -> Array:
    """NaN, infinities, huge and missing values here and there, in a column, or everywhere."""
    if X.dtype.kind not in "fO" or not X.size or not X.ndim:
        return X
    choices: list[Any] = [np.nan, np.inf, -np.inf, 1e200, -1e-300]
    if X.dtype.kind == "O":
        choices += [None, "a word", 10**30, 2.5]
    value, X = choices[rng.integers(len(choices))], X.copy()
    where = rng.integers(4)
    with np.errstate(over="ignore"):
        if where == 0:
            X.reshape(-1)[rng.integers(X.size)] = value
        elif where == 1:
            X[..., rng.integers(X.shape[-1])] = value
        elif where == 2:
            X[rng.random(X.shape) < 0.3] = value
        else:
            X[...] = value
    return X


def constant(rng: Rng, X: Array) -> Array:
    """One value everywhere."""
    X = np.array(X, order="C")
    if X.size:
        X.reshape(-1)[:] = X.reshape(-1)[:1]
    return X


def strided(rng: Rng, X: Array) -> Array:
    """Another order in memory."""
    if X.ndim == 0 or not X.size:
        return X
    ways = [
        X[::-1],
        np.repeat(X, 2, axis=0)[::2],
        np.asfortranarray(X),
        np.broadcast_to(X, X.shape),
    ]
    return ways[rng.integers(len(ways))]


# --- containers -------------------------------------------------------------------------------


class ArrayLike:
    """Like arrays of other libraries: it knows how to become one of NumPy."""

    def __init__(self, X: Array) -> None:
        self.X, self.shape, self.dtype = X, X.shape, X.dtype

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return self.X if dtype is None else self.X.astype(dtype)


def in_file(rng: Rng, X: Array) -> Any:
    """A memory map."""
    if not X.size or not X.ndim or X.dtype.hasobject or X.dtype.kind == "T":
        return X
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.npy"
        np.save(path, X)
        return np.load(path, mmap_mode="r")  # it stays mapped, on systems that delete so


def nested(rng: Rng, X: Array) -> Any:
    """Lists and tuples, some rows of another length."""
    found = X.tolist()
    if X.ndim == 2 and len(X) > 1 and rng.random() < 0.3:
        found[int(rng.integers(len(found)))] = found[0][:-1]
    if rng.random() < 0.3 and X.ndim == 1:
        return tuple(found)
    return [tuple(row) for row in found] if X.ndim == 2 and rng.random() < 0.3 else found


def parts(rng: Rng, X: Array) -> Any:
    """Batches of rows, equal copies as layers, or one array a row."""
    if not X.ndim or not X.size:
        return [X]
    kind = rng.integers(5)
    if kind == 0:
        return list(np.array_split(X, min(len(X), int(rng.integers(1, 4)))))
    if kind == 1:
        return (X, X)
    if kind == 2:
        return (X, X[:, :1]) if X.ndim > 1 else [X, None]
    return list(X) if kind == 3 else [X]


def named(rng: Rng, X: Array) -> Any:
    """Mappings, sets and what can be read once."""
    values = X.tolist()
    kinds: list[Any] = [
        {"a": X}, {}, {0: X, 1: X}, iter([X]), (row for row in [X]), dict.fromkeys("abc").keys(),
        {"a": X}.values(), map(float, range(3)), zip(range(3), range(3), strict=True), {1, 2},
        frozenset(), range(len(X) if X.ndim else 3), memoryview(b"abc"), bytearray(b"abc"), b"abc",
        "T.npy", "", Path("T.npy"), None, Ellipsis, 3, 2.5, True, 1j, object(), len, int, np.nan,
        np.random.default_rng(0), np.dtype("f4"), datetime.date(2020, 1, 1), slice(3), [], (), [[]],
        [None], [[None]], [{}], array.array("d", [1.0, 2.0]), type, values, NotImplemented,
        Exception("x"), np, [X, "a"], [range(3), range(3)], [[1, 2], 3],
    ]  # fmt: skip
    return kinds[rng.integers(len(kinds))]


def masked(rng: Rng, X: Array) -> Any:
    """With masked entries, or none."""
    if X.dtype.kind == "T":
        return X
    found = np.ma.array(X)
    if X.ndim and X.size and rng.random() < 0.6:
        found = np.ma.array(X, mask=rng.random(X.shape) < rng.choice([0.05, 0.5, 1.0]))
    return found


def of_pandas(rng: Rng, X: Array) -> Any:
    """Tables and series of plain, nullable and other types."""
    import pandas as pd

    if X.ndim not in (1, 2) or X.dtype.names or X.dtype.kind == "V":
        return X
    if X.dtype.byteorder == ">":
        X = X.astype(X.dtype.newbyteorder("="))
    if X.dtype.kind == "T":
        X = X.astype(object)
    if X.dtype in (np.float16, np.longdouble, np.dtype("M8[D]"), np.dtype("m8[Y]")):
        X = X.astype(np.float64 if X.dtype.kind == "f" else np.int64)
    found: Any = pd.Series(X) if X.ndim == 1 else pd.DataFrame(X)
    kind = rng.integers(9)
    if kind == 0:
        found = found.convert_dtypes()
    elif kind == 1:
        found = found.astype(object)
    elif kind == 2 and X.dtype.kind not in "O":
        found = found.astype("category")
    elif kind == 3 and X.ndim == 2 and X.shape[1] > 0:
        extra = [bools, words, integers, times][rng.integers(4)](rng, (len(X),))
        found["another"] = extra.astype(object) if extra.dtype.kind == "T" else extra
    elif kind == 4 and len(X):
        found.index = [0] * len(X)
    elif kind == 5 and len(X):
        found.index = pd.MultiIndex.from_arrays([[0] * len(X), range(len(X))])
    elif kind == 6 and len(X) and X.ndim == 1:
        found = pd.Series(pd.Categorical(X.astype(str), categories=[*set(X.astype(str)), "unused"]))
    elif kind == 7 and X.dtype.kind == "f":
        found = found.astype("Float64").mask(rng.random(X.shape) < 0.1)
    elif kind == 8 and X.dtype.kind == "i" and X.ndim == 1:
        found = found.astype("Int64").mask(rng.random(X.shape) < 0.1)
    return found


def of_polars(rng: Rng, X: Array) -> Any:
    """Tables and series, some with nulls, some not computed yet."""
    import polars as pl

    if X.ndim not in (1, 2) or X.dtype.kind in "VcT" or X.dtype.byteorder == ">" or not X.size:
        return X
    if X.dtype in (np.float16, np.longdouble):
        X = X.astype(np.float64)
    if X.dtype.kind == "O":
        found: Any = pl.Series(X.ravel().tolist(), strict=False)
    else:
        found = pl.Series(X) if X.ndim == 1 else pl.DataFrame(X)
    kind = rng.integers(5)
    if kind == 0 and isinstance(found, pl.DataFrame):
        return found.lazy()
    if kind == 1 and isinstance(found, pl.Series) and X.dtype.kind in "iuf":
        return pl.select(pl.when(pl.Series(bools(rng, (len(found),)))).then(found)).to_series()
    if kind == 2 and isinstance(found, pl.DataFrame):
        return found.with_columns(
            pl.Series("word", ["a", "b"][: len(X)] * (len(X) // 2 + 1)).head(len(X))
        )
    return found


def of_xarray(rng: Rng, X: Array) -> Any:
    """Labelled arrays and sets of them."""
    import xarray as xr

    if X.dtype.kind in "TV":
        return X
    found = xr.DataArray(X)
    return xr.Dataset({"x": found}) if rng.random() < 0.2 else found


def of_torch(rng: Rng, X: Array) -> Any:
    """Tensors of all types, on their way or not."""
    import torch

    if X.dtype.kind not in "biufc" or X.dtype == np.longdouble:
        return X
    native = np.ascontiguousarray(X.astype(X.dtype.newbyteorder("="))).reshape(X.shape)
    found = torch.from_numpy(native.copy())
    kind = rng.integers(10)
    if kind < 3 and X.dtype.kind == "f":
        return found.to((torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2)[kind])
    if kind == 3 and X.dtype.kind == "f":
        found = found.to(torch.bfloat16) if rng.random() < 0.5 else found
        return found.requires_grad_()
    if kind == 4 and X.ndim == 2:
        return found.to_sparse()
    if kind == 5:
        return torch.empty(X.shape, device="meta")
    if kind == 6 and X.ndim == 2:
        return list(found)
    if kind == 7 and X.ndim == 2 and X.dtype.kind == "f":
        return [row.bfloat16().requires_grad_() for row in found]
    if kind == 8 and X.dtype.kind == "c":
        return found.conj()
    return found


def of_ml_dtypes(rng: Rng, X: Array) -> Any:
    """Floats and integers of few bits, also as they come back from a file."""
    import ml_dtypes

    if X.dtype.kind not in "fiu":
        return X
    names = ["bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e8m0fnu", "int4", "uint4"]
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = X.astype(np.float64).astype(getattr(ml_dtypes, names[rng.integers(len(names))]))
    return found.view(f"V{found.dtype.itemsize}") if rng.random() < 0.3 else found


def of_dask(rng: Rng, X: Array) -> Any:
    """Arrays that are not computed yet, in blocks."""
    import dask.array as da

    if not X.ndim or X.dtype.kind in "TVO" or not X.size:
        return X
    return da.from_array(  # type: ignore[no-untyped-call]
        X, chunks=max(len(X) // 2, 1)
    )


def of_scipy(rng: Rng, X: Array) -> Any:
    """Sparse matrices."""
    import scipy.sparse as sp

    if X.ndim != 2 or X.dtype.kind not in "biufc" or X.dtype.byteorder == ">" or X.dtype == "f2":
        return X
    X = X.astype(np.float64) if X.dtype == np.longdouble else X
    return (sp.csr_array, sp.csr_matrix, sp.coo_array)[rng.integers(3)](X)


def as_it_is(rng: Rng, X: Array) -> Any:
    """Of NumPy."""
    return X


def of_class(rng: Rng, X: Array) -> Any:
    """A subclass of arrays, or something like one."""
    if X.ndim == 2 and rng.random() < 0.5 and X.dtype.kind in "biuf":
        return np.asmatrix(X)
    return ArrayLike(X)


CONTAINERS: dict[str, Callable[[Rng, Array], Any]] = {
    "numpy": as_it_is, "numpy ": as_it_is, "nested": nested, "parts": parts, "named": named,
    "masked": masked, "in a file": in_file, "array-like": of_class, "scipy": of_scipy,
    **{name: found for name, found in (
        ("pandas", of_pandas), ("polars", of_polars), ("xarray", of_xarray), ("torch", of_torch),
        ("ml_dtypes", of_ml_dtypes), ("dask", of_dask),
    ) if PRESENT[name]},
}  # fmt: skip


def likely(rng: Rng, n: int, door: str) -> tuple[str, Array]:
    """What a user means by an argument, before anything happens to it."""
    if "pmf" in door or "broja" in door:
        n_axes = 2 if "pmf" in door else int(rng.integers(2, 5))
        table = rng.random((2,) * n_axes) * (rng.random((2,) * n_axes) < 0.8)
        return "table", table / (
            table.sum(axis=tuple(range(max(n_axes - 3, 0), n_axes)), keepdims=True) + 1e-300
        )
    if door in ("check_source", "mutual_information of X", "gaussian"):
        X = rng.normal(size=(n, int(rng.integers(1, 4))))
        return "features", X if door == "gaussian" or rng.random() < 0.7 else (X > 0)[:, 0]
    if door == "check_continuous":
        return "amounts", rng.normal(size=(n,))
    codes = np.arange(n) % 2 if rng.random() < 0.5 else rng.integers(0, 3, n)
    return "codes", codes if rng.random() < 0.5 else np.array(["a", "b", "c"])[codes]


def anything(rng: Rng, n: int, door: str) -> tuple[Any, str]:
    """One input, and what it is."""
    if rng.random() < 0.4:
        name, X = likely(rng, n, door)
    else:
        kind = KINDS[rng.integers(len(KINDS))]
        name, X = kind.__name__, np.asarray(kind(rng, shape(rng, n)))
    what = [name]
    for change, share in ((sprinkled, 0.25), (constant, 0.05), (strided, 0.15)):
        if rng.random() < share:
            X = change(rng, X)
            what.append(change.__name__)
    container = list(CONTAINERS)[rng.integers(len(CONTAINERS))]
    try:
        found = CONTAINERS[container](rng, X)
    except Exception:  # what a container can't hold comes as it is
        found = X
    return found, f"{' '.join(what)} {X.dtype}{X.shape} in {container.strip()}"


# --- doors ------------------------------------------------------------------------------------


def answer_of_source(X: Any, n: int) -> list[str]:
    """What is wrong with what `check_source` lets in."""
    found = whole(_warnings.quiet(_validate.check_source)(X, "T"))
    wrong = [] if found.dtype.kind in "biufUS" else [f"dtype {found.dtype}"]
    wrong += [] if found.ndim in (1, 2) and found.size else [f"shape {found.shape}"]
    if found.dtype.kind == "f" and not np.isfinite(found).all():
        wrong.append("not finite")
    return wrong


def answer_of_labels(Y: Any, n: int) -> list[str]:
    """What is wrong with what `check_labels` lets in."""
    codes, classes = _warnings.quiet(_validate.check_labels)(Y)
    fine = codes.ndim == 1 and codes.min() == 0 and codes.max() == len(classes) - 1 > 0
    return [] if fine and codes.dtype == np.int64 else [f"{len(classes)} classes"]


def answer_of_amounts(Y: Any, n: int) -> list[str]:
    """What is wrong with what `check_continuous` lets in."""
    found = _warnings.quiet(_validate.check_continuous)(Y)
    return [] if found.ndim == 2 and np.isfinite(found).all() else [f"shape {found.shape}"]


def answer_of_target(Y: Any, n: int) -> list[str]:
    """What is wrong with what `decided` makes of Y."""
    found = _warnings.quiet(_target.decided)(Y, by_auto=bool(n % 2))
    return [] if np.isfinite(found.values).all() else ["not finite"]


def answer_of_groups(groups: Any, n: int) -> list[str]:
    """What is wrong with what `check_groups` lets in."""
    found = _warnings.quiet(_validate.check_groups)(groups, n)
    fine = found.shape == (n,) and found.dtype == np.int64 and found.max() > 0 == found.min()
    return [] if fine else [f"shape {found.shape}"]


def answer_of_pmf(pmf: Any, n: int) -> list[str]:
    """What is wrong with what `check_pmf` lets in."""
    found = _warnings.quiet(_validate.check_pmf)(pmf, axes=("t", "y"))
    return [] if found.min() >= 0 and abs(found.sum() - 1) < ROUNDING else ["no pmf"]


def wrong_with(*bits: float, low: float = -ROUNDING, high: float = np.inf) -> list[str]:
    """Numbers that no information can be."""
    return [f"{b} bits" for b in bits if not (np.isfinite(b) and low <= b <= high)]


def plain(rng: Rng) -> Any:
    """Estimators whose information is one of a table, never negative."""
    bins = pt.Binning(("quantile", "uniform")[rng.integers(2)], n_bins=3, correction="none")
    return (bins, bins, "kmeans")[rng.integers(3)]


def call(number: int) -> tuple[str, str, Callable[[], list[str]], tuple[str, ...]]:
    """Name of the function, what it is given, the call, and the arguments an error may name."""
    rng = np.random.default_rng(number)
    n = int(rng.choice(SIZES))
    door = DOORS[rng.integers(len(DOORS))]
    given, what = anything(rng, n, door)
    y = np.arange(n) % 2
    doors: dict[str, tuple[Callable[[], list[str]], tuple[str, ...]]] = {
        "check_source": (lambda: answer_of_source(given, n), ("T",)),
        "check_labels": (lambda: answer_of_labels(given, n), ("Y",)),
        "check_continuous": (lambda: answer_of_amounts(given, n), ("Y",)),
        "decided": (lambda: answer_of_target(given, n), ("Y",)),
        "check_groups": (lambda: answer_of_groups(given, n), ("groups",)),
        "check_pmf": (lambda: answer_of_pmf(given, n), ("pmf",)),
        "mutual_information of X": (
            lambda: wrong_with(pt.mutual_information(given, y, estimator=plain(rng)), high=1.001),
            ("X", "Y"),
        ),
        "mutual_information of Y": (
            lambda: wrong_with(
                pt.mutual_information(rng.normal(size=(n, 2)), given, estimator=plain(rng))
            ),
            ("X", "Y"),
        ),
        "distillable_knowledge": (
            lambda: _atoms(given, y, rng, n),
            ("T", "S", "Y", "groups"),
        ),
        "gaussian": (
            lambda: wrong_with(
                pt.mutual_information(given, rng.normal(size=(n, 1)), estimator="gaussian"),
                low=-np.inf,
            ),
            ("X", "Y"),
        ),
        "broja": (lambda: _of_table(given, rng), ("pmf", "pmfs", "p_ty", "p_sy")),
    }
    return door, what, *doors[door]


def _atoms(given: Any, y: Array, rng: Rng, n: int) -> list[str]:
    """Of T, S, Y or groups, with the others as they should be."""
    arguments: dict[str, Any] = {"T": y, "S": y[::-1], "Y": y}
    groups = None
    place = ("T", "S", "Y", "groups")[rng.integers(4)]
    if place == "groups":
        groups = given
    else:
        arguments[place] = given
    r = pt.distillable_knowledge(**arguments, groups=groups, estimator=plain(rng), synergy=False)
    low = -(r.pid.gap + 1e-6)
    return wrong_with(r.distillable, r.distilled, r.student_only, low=low)


def _of_table(given: Any, rng: Rng) -> list[str]:
    kind = rng.integers(3)
    if kind == 0:
        pid = pt.broja(given)
    elif kind == 1:
        pid = pt.broja_from_pairs(given, np.full((2, 2), 0.25))
    else:
        batch = pt.broja_batch(given)
        return wrong_with(*batch.redundancy, *batch.unique_t, low=-1e-6)
    return wrong_with(*(a for a in pid.atoms if a is not None), low=-1e-6)


def is_named(text: str, names: tuple[str, ...]) -> bool:
    """Whether an error says of which argument it speaks."""
    return any(re.search(rf"\b{name}\b", text) for name in names)


def verdict(number: int) -> Row:
    """What became of an input: an answer, a refusal, or a fault."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of those that make the input
        with np.errstate(all="ignore"):
            name, what, function, names = call(number)
    row: Row = {"number": number, "door": name, "what": what, "fault": ""}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", RuntimeWarning)
        warnings.simplefilter("ignore", pt.PIDWarning)
        try:
            wrong = function()
            return row | {"end": "answer", "fault": "; ".join(wrong)}
        except (ValueError, TypeError, MemoryError, pt.PIDError) as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            own = Path(where.filename).is_relative_to(Path(pt.__file__).parent)
            text = str(error)
            if own and is_named(text, names):
                return row | {"end": "refused"}
            why = "names no argument" if own else f"raised in {where.filename}:{where.lineno}"
            return row | {"end": "fault", "fault": f"{why}: {type(error).__name__}: {text}"}
        except Exception as error:  # what is sought
            where = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{where.filename}:{where.lineno}"
            return row | {"end": "fault", "fault": f"{place}: {type(error).__name__}: {error}"}


def run(numbers: list[int]) -> list[Row]:
    """Some of them, in this process; what the library would keep from the user is heard."""
    _warnings.UNEXPECTED_IS_HEARD = True
    try:
        return [verdict(number) for number in numbers]
    finally:
        _warnings.UNEXPECTED_IS_HEARD = False


def faults(rows: list[Row]) -> Iterator[Row]:
    """Those with something wrong."""
    return (row for row in rows if row["fault"])


def main() -> None:
    """Parse the command line, try and write."""
    options = Options(__doc__)
    options.number("n", 100_000, "inputs")
    options.number("start", 0, "number of the first")
    options.number("jobs", 2, "processes")
    options.numbers("only", (), "numbers of inputs, each shown")
    options.only_table()
    given = options.parse_args()
    if given.table:
        write(NAME, *told(kept(NAME)["rows"]))
        return
    if given.only:
        for row in run(given.only):
            print(row)
        return
    numbers = range(given.start, given.start + given.n)
    blocks = [list(numbers[i : i + 200]) for i in range(0, given.n, 200)]
    found: list[Row] = []
    spent = 0.0
    work = (delayed(best_of)(partial(run, block), 1) for block in blocks)
    for seconds, rows in Parallel(n_jobs=given.jobs, return_as="generator")(work):
        found += rows
        spent += seconds
        for row in faults(rows):
            print(row["number"], row["door"], "|", row["what"], "|", row["fault"], flush=True)
    counts = counted(found)
    keep(NAME, first=given.start, cpu_seconds=round(spent, 1), rows=counts)
    write(NAME, *told(counts))


def counted(found: list[Row]) -> list[Row]:
    """Numbers of inputs by door and end."""
    rows = []
    for door in sorted({row["door"] for row in found}):
        own = [row for row in found if row["door"] == door]
        counts = Counter("fault" if row["fault"] else row["end"] for row in own)
        rows.append({"door": door, "inputs": len(own)} | {end: counts[end] for end in ENDS})
    return rows


def told(rows: list[Row]) -> tuple[str, str, str]:
    """The same in words and a table."""
    return (
        "# Inputs of any kind at the door",
        "Numbers of inputs: answers, refusals that name the argument, and anything else.",
        table_of(rows),
    )


if __name__ == "__main__":
    main()
