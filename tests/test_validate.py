"""What may come in and what is refused, through the public functions, message by message."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers import (
    EXACT,
    SINGLE,
    Chosen,
    Dtype,
    atoms,
    random_pmf,
    teacher_and_noise,
    unheard,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.sparse import csr_array

import pidtools as pt
from pidtools import _stored, _validate
from pidtools._lazy_rows import whole
from pidtools._types import Array

N = 120
RNG = np.random.default_rng(0)
Y = np.arange(N) % 3
FEATURES = RNG.standard_normal((N, 4)) + Y[:, None]
SYMBOLS = Y // 2


def measure(
    T: Any = SYMBOLS, S: Any = SYMBOLS, Y: Any = Y, **options: Any
) -> pt.DistillableKnowledge:
    return pt.distillable_knowledge(T, S, Y, **options)


def with_values(*values: Any, dtype: Dtype = np.float64) -> Array:
    """Features with bad values in rows 41, 42, ..."""
    bad = FEATURES.astype(dtype)
    for k, value in enumerate(values):
        bad[41 + k, 1] = value
    return bad


class Device:
    def __init__(self, kind: str) -> None:
        self.type = kind


class Tensor:
    """Looks like a torch tensor where the door looks."""

    def __init__(self, values: Any, *, device: str = "cpu", requires_grad: bool = False) -> None:
        self.values, self.device, self.requires_grad = values, Device(device), requires_grad

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if self.requires_grad or self.device.type != "cpu":
            raise RuntimeError("Can't call numpy() on this tensor.")
        return np.asarray(self.values, dtype=dtype)


# --- sources ----------------------------------------------------------------------------------

BAD_SOURCES = {
    "NaN": (
        with_values(np.nan, np.nan),
        ValueError,
        r"holds 2 NaN in 2 rows \(first at row 41\); drop those rows from T, S and Y together",
    ),
    "infinite": (
        with_values(np.inf),
        ValueError,
        r"holds 1 NaN or infinite values in 1 row \(first at row 41\)",
    ),
    "NaN in float32": (
        with_values(np.nan, dtype=np.float32),
        ValueError,
        r"holds 1 NaN in 1 row \(first at row 41\)",
    ),
    "a row of NaN": (
        np.where(np.arange(N)[:, None] == 41, np.nan, FEATURES),
        ValueError,
        r"holds 4 NaN in 1 row \(first at row 41\); drop",
    ),
    "NaN in one axis": (FEATURES[:, 0] * np.nan, ValueError, r"holds 120 NaN in 120 rows"),
    "too large": (FEATURES * 1e200, ValueError, r"holds values beyond 1e\+150; rescale it"),
    "one row less": (
        FEATURES[1:],
        ValueError,
        r"T, S and Y must have one row a sample: .*\b[TS] has 119 rows.*Y has 120 rows",
    ),
    "empty": (np.zeros((0, 3)), ValueError, r"is empty: its shape is \(0, 3\)"),
    "no columns": (np.zeros((N, 0)), ValueError, r"is empty: its shape is \(120, 0\)"),
    "empty list": ([], ValueError, r"is empty: its shape is \(0,\)"),
    "0-d": (1.5, ValueError, r"is a single value; pass one row a sample, shape \(n, d\)"),
    "3-d": (
        np.zeros((N, 4, 5)),
        ValueError,
        r"has 3 axes, shape \(120, 4, 5\).*pidtools\.pool\({name}, .mean., layout=.ntd.\) is the "
        r"mean over tokens.*to flatten: {name}\.reshape\(len\({name}\), -1\)\.",
    ),
    "4-d": (
        np.zeros((N, 4, 5, 5)),
        ValueError,
        r"has 4 axes.*pidtools\.pool\({name}, .mean., layout=.nchw.\).* layout=.nhwc.\)",
    ),
    "objects": (
        np.array([(1,), {}] * 60, dtype=object),
        TypeError,
        r"has dtype object \(holding dict, tuple\); pass numbers, or one column of integers",
    ),
    "objects, some missing": (
        np.array([1.0, None] * 60, dtype=object),
        ValueError,
        r"holds 60 missing values in 60 rows \(first at row 1\); drop those rows from T, S and Y",
    ),
    "strings beside numbers": (
        pd.DataFrame({"a": FEATURES[:, 0], "b": "x"}),
        TypeError,
        r"mixes types \(float, str\): column 1 str among numbers.*numpy\.delete",
    ),
    "whole numbers beyond any type": ([2**70, 3] * 60, TypeError, r"holds whole numbers beyond 64"),
    "times": (
        np.arange(N).astype("m8[s]"),
        TypeError,
        r"has dtype timedelta64\[s\]; .* As an amount: numpy\.asarray\({name}\)",
    ),
    "fields": (np.zeros(N, "f4,f4"), TypeError, r"has fields \(f0, f1\); pass them as columns"),
    "batches": (
        [FEATURES[:50], FEATURES[50:]],
        TypeError,
        r"is a list of 2 arrays.* numpy\.concatenate\({name}\)",
    ),
    "layers": ((FEATURES, FEATURES[:, :1]), TypeError, r"is a tuple of 2 arrays.*distillation_map"),
    "a generator": (
        (row for row in FEATURES),
        TypeError,
        r"must be an array; got generator: pass list\({name}\)",
    ),
    "one column a sample": (
        FEATURES.T,
        ValueError,
        r"T, S and Y must have one row a sample: .*{name} has one column a sample: pass {name}\.T",
    ),
    "mixed list": (
        [1, "a"] * 60,
        TypeError,
        r"mixes types \(int, str\); make them one, for example with "
        r"numpy\.asarray\({name}, dtype=str\)",
    ),
    "strings in columns": (
        np.array([["a", "b"]] * N),
        TypeError,
        r"holds strings in 2 columns; pass one column of symbols",
    ),
    "complex": (FEATURES + 1j, TypeError, r"is complex; pass real numbers, such as its parts.*"),
    "dates": (
        np.full(N, "2024-01-01", dtype="datetime64[D]"),
        TypeError,
        r"has dtype datetime64\[D\]; pass numbers, or one column of integers, bools or strings",
    ),
    "on a device": (
        Tensor(FEATURES, device="cuda"),
        TypeError,
        r"is a tensor that lives on cuda; pass {name}\.detach\(\)\.cpu\(\)\.numpy\(\)",
    ),
    "with grad": (
        Tensor(FEATURES, requires_grad=True),
        TypeError,
        r"is a tensor that requires grad; pass {name}\.detach\(\)\.cpu\(\)\.numpy\(\)",
    ),
    "masked": (
        np.ma.masked_greater(FEATURES, 1.0),
        ValueError,
        r"is a masked array with masked entries in 104 rows; leave those rows out of T, S and Y",
    ),
    "sparse": (csr_array(FEATURES), TypeError, r"is a sparse matrix; pass {name}\.toarray\(\)"),
    "None": (None, TypeError, r"must be an array; got NoneType"),
    "dictionary": ({"layer": FEATURES}, TypeError, r"must be an array; got dict"),
    "ragged": ([[1.0], [1.0, 2.0]], TypeError, r"can't be read as an array \(list: "),
}


@pytest.mark.parametrize("name", ["T", "S"])
@pytest.mark.parametrize(("bad", "error", "message"), BAD_SOURCES.values(), ids=BAD_SOURCES)
def test_bad_source(name: str, bad: Any, error: type[Exception], message: str) -> None:
    start = "" if message.startswith("T, S and Y") else f"^{name} "
    with pytest.raises(error, match=start + message.replace("{name}", name)):
        measure(**{name: bad})


@pytest.mark.parametrize("function", [pt.summarise, pt.mutual_information])
def test_functions_of_one_source_call_it_x(function: Callable[..., object]) -> None:
    with pytest.raises(ValueError, match=r"^X holds 1 NaN in 1 row \(first at row 41\)"):
        function(with_values(np.nan), Y)
    with pytest.raises(ValueError, match="X and Y must have one row a sample: X has 119 rows"):
        function(FEATURES[1:], Y)


# --- labels -----------------------------------------------------------------------------------

BAD_LABELS = {
    "one class": (
        np.ones(N, dtype=int),
        ValueError,
        r"^Y holds one class \(1\) in 120 samples; .* labels of at least two classes",
    ),
    "continuous": (
        FEATURES[:, 0],
        ValueError,
        r"^Y holds 120 distinct values in 120 samples, not all whole numbers, and looks "
        r"continuous; bin it first, or .* np\.unique\(Y, return_inverse=True\)\[1\]",
    ),
    "continuous, few": (
        np.repeat([0.0, 0.5], N // 2),
        ValueError,
        r"^Y holds 2 distinct values in 120 samples, not all whole numbers",
    ),
    "an index": (
        np.arange(N),
        ValueError,
        r"^Y holds 120 distinct values in 120 samples and looks continuous or like an index",
    ),
    "whole floats, too many": (
        np.arange(N, dtype=float),
        ValueError,
        r"^Y holds 120 distinct values in 120 samples and looks continuous",
    ),
    "NaN": (
        np.where(Y == 0, np.nan, Y),
        ValueError,
        r"^Y holds 40 NaN in 40 rows \(first at row 0\); drop those rows from T, S and Y together",
    ),
    "missing": (
        np.array(["a", None, "b"] * 40, dtype=object),
        ValueError,
        r"^Y holds 40 missing labels \(first at row 1\); drop those rows",
    ),
    "NaN among strings": (
        ["a", float("nan"), "b"] * 40,
        ValueError,
        r"^Y holds 40 missing labels \(first at row 1\); drop those rows",
    ),
    "missing in pandas": (
        pd.Series([1, pd.NA, 2] * 40, dtype="Int64"),
        ValueError,
        r"^Y holds 40 (NaN in 40 rows|missing labels) \(first at row 1\)",  # by version of pandas
    ),
    "missing category": (
        pd.Categorical(["a", None, "b"] * 40),
        ValueError,
        r"^Y holds 40 missing labels \(first at row 1\)",
    ),
    "mixed": (
        np.array([1, "1"] * 60, dtype=object),
        TypeError,
        r"^Y mixes types \(int, str\); make them one, .* numpy\.asarray\(Y, dtype=str\)",
    ),
    "mixed list": (["1", 1] * 60, TypeError, r"^Y mixes types \(int, str\)"),
    "objects": (
        np.array([(1,), (2,)] * 60 + [None], dtype=object)[:-1],
        TypeError,
        r"^Y has dtype object holding tuple; use \[str\(label\) for label in Y\]",
    ),
    "one-hot": (
        np.eye(3, dtype=int)[Y],
        ValueError,
        r"^Y must hold one label a sample, shape \(n,\); got \(120, 3\)\. "
        r"If it is one-hot or holds scores: Y\.argmax\(axis=1\)",
    ),
    "scores": (FEATURES[:, :3], ValueError, r"^Y must hold one label .* Y\.argmax\(axis=1\)"),
    "3-d": (np.zeros((N, 1, 1)), ValueError, r"^Y must hold one label a sample.*\(120, 1, 1\)"),
    "0-d": (1, ValueError, r"^Y must hold one label a sample, shape \(n,\); got \(\)"),
    "empty": ([], ValueError, r"^Y is empty: its shape is \(0,\)"),
    "complex": (Y * 1j, TypeError, r"^Y is complex"),
    "on a device": (Tensor(Y, device="mps"), TypeError, r"^Y is a tensor that lives on mps"),
    "dates": (
        np.full(N, "2024-01-01", dtype="datetime64[D]"),
        TypeError,
        r"^Y has dtype datetime64\[D\]; pass one label a sample: integers, bools or strings",
    ),
    "too short": (Y[:-1], ValueError, r"T has 120 rows, S has 120 rows, Y has 119 rows"),
}


@pytest.mark.parametrize(("bad", "error", "message"), BAD_LABELS.values(), ids=BAD_LABELS)
def test_bad_labels(bad: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        measure(Y=bad, estimator="symbols")


NAMES = np.array(["ant", "bee", "cat"])[Y]
GOOD_LABELS = {
    "uint8": Y.astype(np.uint8),
    "bigger integers": Y.astype(np.int64) * 10**12 - 7,
    "bools": None,
    "strings": NAMES,
    "bytes": NAMES.astype("S"),
    "list of strings": NAMES.tolist(),
    "objects that are strings": NAMES.astype(object),
    "column": Y[:, None],
    "column of strings": NAMES[:, None].astype(object),
    "whole floats": Y.astype(np.float64),
    "whole float16": Y.astype(np.float16),
    "Series": pd.Series(Y),
    "Series of strings": pd.Series(NAMES),
    "Series of string dtype": pd.Series(NAMES, dtype="string"),
    "Series with another index": pd.Series(Y, index=np.arange(N)[::-1]),
    "Series of nullable integers": pd.Series(Y, dtype="Int64"),
    "Categorical": pd.Categorical(NAMES),
    "Series of categories": pd.Series(pd.Categorical(NAMES)),
    "tensor on the CPU": Tensor(Y),
    "masked without a mask": np.ma.array(Y),
    "read-only": np.broadcast_to(Y, (2, N))[1],
}
GOOD_LABELS["bools"] = Y == 0


@pytest.mark.parametrize("labels", GOOD_LABELS.values(), ids=GOOD_LABELS)
def test_good_labels_of_any_kind_say_the_same(labels: Any) -> None:
    expected = measure(Y=np.where(Y == 0, 1, 0) if labels is GOOD_LABELS["bools"] else Y)
    found = measure(Y=labels)
    assert atoms(found.pid) == pytest.approx(atoms(expected.pid), abs=EXACT)
    assert found.n_classes == expected.n_classes


GOOD_SYMBOLS = {
    "int8": SYMBOLS.astype(np.int8),
    "bools": SYMBOLS == 1,
    "strings": np.array(["no", "yes"])[SYMBOLS],
    "bytes": np.array([b"no", b"yes"])[SYMBOLS],
    "list": SYMBOLS.tolist(),
    "column": SYMBOLS[:, None],
    "column of strings": np.array(["no", "yes"])[SYMBOLS][:, None],
    "Series": pd.Series(SYMBOLS),
    "Series of string dtype": pd.Series(np.array(["no", "yes"])[SYMBOLS], dtype="string"),
    "Categorical": pd.Categorical(np.array(["no", "yes"])[SYMBOLS]),
    "objects that are strings": np.array(["no", "yes"], dtype=object)[SYMBOLS],
    "objects that are numbers": SYMBOLS.astype(object),
    "DataFrame of one column": pd.DataFrame({"a": SYMBOLS}),
    "masked without a mask": np.ma.array(SYMBOLS),
}


@pytest.mark.parametrize("source", GOOD_SYMBOLS.values(), ids=GOOD_SYMBOLS)
def test_good_symbols_of_any_kind_say_the_same(source: Any) -> None:
    assert atoms(measure(T=source).pid) == pytest.approx(atoms(measure().pid), abs=EXACT)


GOOD_FEATURES = {
    "list": FEATURES.tolist(),
    "Fortran order": np.asfortranarray(FEATURES),
    "a view": np.repeat(FEATURES, 2, axis=0)[::2],
    "read-only": np.broadcast_to(FEATURES, (2, *FEATURES.shape))[0],
    "DataFrame": pd.DataFrame(FEATURES),
    "tensor on the CPU": Tensor(FEATURES),
    "objects": FEATURES.astype(object),
    "fractions": np.vectorize(Fraction)(FEATURES),
    "big-endian": FEATURES.astype(">f8"),
    "long double": FEATURES.astype(np.longdouble),
}


@pytest.mark.parametrize("source", GOOD_FEATURES.values(), ids=GOOD_FEATURES)
@pytest.mark.parametrize("estimator", ["kmeans", pt.Binning(n_bins=2)], ids=repr)
def test_good_features_of_any_kind_say_the_same(source: Any, estimator: Chosen) -> None:
    with unheard():  # few samples, on purpose
        expected, found = (
            measure(T=X, estimator=estimator, S=FEATURES) for X in (FEATURES, source)
        )
    assert atoms(found.pid) == pytest.approx(atoms(expected.pid), abs=EXACT)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int16, np.uint64])
def test_narrow_numbers_agree_with_float64(dtype: Dtype) -> None:
    """Whole numbers below 2048 are exact in each of these, so the cells are the same."""
    whole = np.round(np.abs(FEATURES) * 100)
    for estimator in ("kmeans", pt.Binning("uniform", n_bins=2)):
        with unheard():
            wide = pt.mutual_information(whole, Y, estimator=estimator)
            narrow = pt.mutual_information(whole.astype(dtype), Y, estimator=estimator)
        assert narrow == pytest.approx(wide, abs=SINGLE)


def test_input_is_not_changed() -> None:
    T, labels = FEATURES.copy(), Y.copy()
    measure(T=T, S=T, Y=labels)
    assert np.array_equal(T, FEATURES)
    assert np.array_equal(labels, Y)


# --- pmfs -------------------------------------------------------------------------------------

PMF = random_pmf("dense", (3, 2, 2), 0)
BAD_PMFS = {
    "negative": (
        np.where(np.isclose(PMF, PMF[1, 0, 1]), -0.25, PMF),
        ValueError,
        r"^pmf holds 1 negative cells \(first -0\.25 at \[1, 0, 1\]\); .* at least 0",
    ),
    "sum": (PMF * 0.9, ValueError, r"^pmf sums to 0\.9, not 1; divide by pmf\.sum\(\)"),
    "counts": (
        np.arange(12).reshape(3, 2, 2),
        ValueError,
        r"^pmf sums to 66 and looks like counts, not 1; divide by pmf\.sum\(\)",
    ),
    "no mass": (np.zeros((2, 2, 2)), ValueError, r"^pmf sums to 0, not 1; it holds no mass"),
    "two axes": (
        PMF[0],
        ValueError,
        r"^pmf must have 3 axes, pmf\[t, s, y\]; got shape \(2, 2\)",
    ),
    "four axes": (PMF[None], ValueError, r"^pmf must have 3 axes.*got shape \(1, 3, 2, 2\)"),
    "empty": (np.zeros((0, 2, 2)), ValueError, r"^pmf is empty: its shape is \(0, 2, 2\)"),
    "NaN": (
        np.where(np.isclose(PMF, PMF[1, 0, 1]), np.nan, PMF),
        ValueError,
        r"^pmf holds 1 NaN in 1 row \(first at row 1\); every cell must be a probability",
    ),
    "infinite": (np.full((2, 2, 2), np.inf), ValueError, r"infinite"),
    "huge": (np.full((2, 2, 2), 1e300), ValueError, r"^pmf holds values beyond 1e\+150"),
    "complex": (PMF * 1j, TypeError, r"^pmf is complex; pass real numbers"),
    "objects": (
        [[[0.5, None], [0.5, 0.0]]],
        TypeError,
        r"^pmf has dtype object \(NoneType, float\); pass probabilities as floats",
    ),
    "hardly negative in single precision": (
        np.array([[[0.5, -1e-3], [0.501, 0.0]]], dtype=np.float32),
        ValueError,
        r"^pmf holds 1 negative cells",
    ),
    "strings": (PMF.astype(str), TypeError, r"^pmf has dtype <U\d+; pass probabilities"),
    "ragged": ([[[1.0]], [1.0]], TypeError, r"^pmf can't be read as an array"),
    "with grad": (Tensor(PMF, requires_grad=True), TypeError, r"^pmf is a tensor that requires"),
    "masked": (np.ma.masked_less(PMF, 0.1), ValueError, r"^pmf is a masked array"),
}


@pytest.mark.parametrize(("bad", "error", "message"), BAD_PMFS.values(), ids=BAD_PMFS)
def test_bad_pmf(bad: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        pt.broja(bad)


P_TY, P_SY = PMF.sum(axis=1), PMF.sum(axis=0)
BAD_PAIRS = {
    "axes": ((PMF, P_SY), r"^p_ty must have 2 axes, p_ty\[t, y\]; got shape \(3, 2, 2\)"),
    "second": ((P_TY, P_SY * 2), r"^p_sy sums to 2, not 1; divide by p_sy\.sum\(\)"),
    "classes": (
        (P_TY, np.pad(P_SY, ((0, 0), (0, 1)))),
        r"^p_ty and p_sy must have the same classes on axis 1: p_ty has 2, p_sy has 3",
    ),
    "marginals": (
        (P_TY, P_SY[:, ::-1]),
        r"^p_ty and p_sy must have the same class marginals: for class \d p_ty sums to "
        r"0\.\d+, p_sy to 0\.\d+; build both from the same samples",
    ),
}


@pytest.mark.parametrize(("tables", "message"), BAD_PAIRS.values(), ids=BAD_PAIRS)
def test_bad_pairs(tables: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pt.broja_from_pairs(*tables)


def test_a_float32_pmf_may_miss_one_by_its_own_rounding() -> None:
    narrow = PMF.astype(np.float32)
    assert atoms(pt.broja(narrow)) == pytest.approx(atoms(pt.broja(PMF)), abs=SINGLE)
    off = PMF * (1 + 1e-6)
    with pytest.raises(ValueError, match=r"^pmf sums to 1\.000001, not 1"):
        pt.broja(off)


def test_a_pmf_of_integers_or_bools_is_fine() -> None:
    sure = np.zeros((2, 2, 2), dtype=int)
    sure[1, 0, 1] = 1
    assert atoms(pt.broja(sure)) == pytest.approx(np.zeros(4), abs=EXACT)
    assert atoms(pt.broja(sure.astype(bool))) == pytest.approx(np.zeros(4), abs=EXACT)


def test_a_class_that_rounding_left_in_one_table_only_is_dropped() -> None:
    p_ty, p_sy = np.pad(P_TY, ((0, 0), (0, 1))), np.pad(P_SY, ((0, 0), (0, 1)))
    p_ty[0, 2] = 1e-12
    found, expected = pt.broja_from_pairs(p_ty / p_ty.sum(), p_sy), pt.broja_from_pairs(P_TY, P_SY)
    assert atoms(found) == pytest.approx(atoms(expected), abs=1e-10)


# --- options ----------------------------------------------------------------------------------


def test_unknown_units_list_the_choices() -> None:
    for call in (measure, lambda units: pt.mutual_information(SYMBOLS, Y, units=units)):
        with pytest.raises(ValueError, match=r"^units must be one of 'bits', 'nats'; got 'bit'"):
            call(units="bit")
    units: Any = "bit"
    by_tables: tuple[Callable[[], pt.PID], ...] = (
        lambda: pt.broja(PMF, units=units),
        lambda: pt.broja_from_pairs(P_TY, P_SY, units=units),
    )
    for by_table in by_tables:
        with pytest.raises(ValueError, match=r"^units must be one of 'bits', 'nats'; got 'bit'"):
            by_table()


def test_unknown_estimator_lists_the_choices() -> None:
    message = r"^estimator must be one of 'auto', 'symbols', 'binning', 'kmeans'.*; got 'knm'"
    for call in (measure, lambda estimator: pt.summarise(SYMBOLS, Y, estimator=estimator)):
        with pytest.raises(ValueError, match=message):
            call(estimator="knm")


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (pt.Binning, r"or an estimator object; got Binning; did you mean Binning\(\)\?"),
        (3, r"^estimator must be one of 'auto'.* or an estimator object; got int\."),
        (None, r"or an estimator object; got NoneType\."),
        (["kmeans"], r"or an estimator object; got list\."),
    ],
    ids=["class", "number", "None", "list"],
)
def test_what_is_no_estimator(estimator: Chosen, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        measure(estimator=estimator)


def test_unknown_solver_lists_the_choices() -> None:
    with pytest.raises(ValueError, match=r"^solver must be one of 'auto', .*'cvxpy'.*got 'ecos'"):
        pt.broja(PMF, solver="ecos")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"tol": 0.0}, ValueError, r"^tol must be positive and finite; got 0\.0"),
        ({"tol": float("nan")}, ValueError, r"^tol must be positive and finite; got nan"),
        ({"tol": "small"}, TypeError, r"^tol must be a number; got str"),
        ({"max_iter": 0}, ValueError, r"^max_iter must be at least 1; got 0"),
        ({"max_iter": 2.5}, TypeError, r"^max_iter must be an integer; got float"),
        ({"max_iter": True}, TypeError, r"^max_iter must be an integer; got the bool True"),
    ],
    ids=str,
)
def test_bad_solver_options(options: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        pt.broja(PMF, **options)
    with pytest.raises(error, match=message):
        pt.broja_from_pairs(P_TY, P_SY, **options)


@pytest.mark.parametrize(
    ("kind", "options", "error", "message"),
    [
        (pt.Binning, {"method": "equal"}, ValueError, r"^method must be one of 'quantile', 'unif"),
        (pt.Binning, {"n_bins": 1}, ValueError, r"^n_bins must be at least 2; got 1"),
        (pt.Binning, {"n_bins": 2.0}, TypeError, r"^n_bins must be an integer; got float"),
        (pt.KMeansBinning, {"n_components": 0}, ValueError, r"^n_components must be at least 1; g"),
        (pt.KMeansBinning, {"n_clusters": 1}, ValueError, r"^n_clusters must be at least 2; got 1"),
        (pt.KMeansBinning, {"n_clusters": "3"}, TypeError, r"^n_clusters must be an integer; got "),
    ],
)
def test_bad_estimator_options(
    kind: Callable[..., object], options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        kind(**options)


@pytest.mark.parametrize(
    ("seed", "error", "message"),
    [
        (-1, ValueError, r"^random_state must be at least 0; got -1"),
        (2**32, ValueError, r"^random_state must be below 2\*\*32; got 4294967296"),
        (1.0, TypeError, r"^random_state must be an int, a numpy\.random\.Generator or None"),
        ("0", TypeError, r"got str"),
        (np.random.RandomState(0), TypeError, r"got RandomState"),
        (True, TypeError, r"got bool"),
    ],
    ids=["negative", "large", "float", "str", "RandomState", "bool"],
)
def test_bad_random_state(seed: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        measure(random_state=seed)


def test_good_random_states() -> None:
    def clusters(seed: Any) -> pt.DistillableKnowledge:
        return measure(T=FEATURES, estimator="kmeans", S=FEATURES, random_state=seed)

    assert clusters(np.random.default_rng(7)) == clusters(np.random.default_rng(7))
    assert clusters(0) == clusters(np.uint32(0))
    assert clusters(None).teacher_information > 0


# --- anything at all ----------------------------------------------------------------------------

DTYPES = st.one_of(
    hnp.floating_dtypes(sizes=(16, 32, 64)),
    hnp.integer_dtypes(),
    hnp.boolean_dtypes(),
    hnp.unicode_string_dtypes(max_len=2),
    hnp.byte_string_dtypes(max_len=2),
    hnp.complex_number_dtypes(),
    hnp.datetime64_dtypes(),
)


def arrays(n: int) -> st.SearchStrategy[Any]:
    """Arrays of n rows, mostly, of any kind the dtypes above allow."""
    shapes = st.one_of(
        st.just((n,)),
        st.tuples(st.just(n), st.integers(1, 3)),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    )
    few = st.sampled_from([0.0, -0.0, 1.0, -2.5, 1e-320, 1e38, 1e149, 1e308, np.nan, np.inf])
    return st.one_of(
        hnp.arrays(DTYPES, shapes),
        hnp.arrays(np.float64, shapes, elements=few),
        hnp.arrays(np.int64, shapes, elements=st.integers(0, 2)),
        hnp.arrays(object, (n,), elements=st.sampled_from([None, 1, "a", 2.5, ()])),
    )


@st.composite
def inputs(draw: Any) -> tuple[Array, Array, Array]:
    n = draw(st.integers(1, 12))
    labels = hnp.arrays(np.int64, (n,), elements=st.integers(0, 2))
    return draw(arrays(n)), draw(arrays(n)), draw(st.one_of(labels, labels, arrays(n)))


def attempt(function: Callable[..., Any], *arrays: Any, **options: Any) -> tuple[Any, str]:
    """The result, or the message of the refusal; anything else passes through."""
    with unheard():
        try:
            return function(*arrays, **options), ""
        except (ValueError, TypeError) as error:
            return None, str(error)


def is_answer(numbers: Iterable[object]) -> bool:
    return all(isinstance(x, float) and np.isfinite(x) for x in numbers)


@settings(max_examples=300)
@given(inputs(), st.sampled_from(["auto", "symbols", "binning", pt.Binning("uniform"), "kmeans"]))
def test_any_arrays_give_an_answer_or_a_clear_error(arrays: Any, estimator: Chosen) -> None:
    """Never another exception, a warning that is not ours, or a NaN."""
    result, refusal = attempt(pt.distillable_knowledge, *arrays, estimator=estimator)
    if result is None:
        assert re.match(r"[TSY] |T, S and Y must", refusal)
    else:
        assert is_answer([*atoms(result.pid), result.teacher_information, result.pid.gap])


@settings(max_examples=150)
@given(
    st.one_of(
        hnp.arrays(DTYPES, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)),
        hnp.arrays(
            np.float64,
            hnp.array_shapes(min_dims=3, max_dims=3, max_side=3),
            elements=st.sampled_from([0.0, 0.0, 1.0, 3.0, 1e-12, 1e-100, 1e-310]),
        ).map(lambda w: w / w.sum() if w.sum() > 0 else w),
    )
)
def test_any_table_gives_an_answer_or_a_clear_error(table: Any) -> None:
    pid, refusal = attempt(pt.broja, table, keep_q=True)
    if pid is None:
        assert refusal.startswith("pmf ")
    else:
        assert is_answer([*atoms(pid), pid.gap])
        assert np.isfinite(pid.q.data).all()
        assert atoms(pid).min() >= 0


# --- indexes of pandas ------------------------------------------------------------------------

KEYS = np.array([f"row {k}" for k in range(N)])
ORDER = np.random.default_rng(5).permutation(N)


@pytest.mark.parametrize("index", [KEYS, np.arange(N)], ids=["names", "numbers"])
def test_the_same_rows_in_another_order_are_refused(index: Any) -> None:
    T, S = (pd.DataFrame(FEATURES, index=index) for _ in range(2))
    labels = pd.Series(Y, index=index)
    for name, sources in {
        "S": (T, S.iloc[ORDER], labels),
        "Y": (T, S, labels.iloc[ORDER]),
    }.items():
        with pytest.raises(ValueError, match=rf"^T and {name} hold the same rows in another order"):
            pt.distillable_knowledge(*sources, estimator="kmeans")
    line = r"Pass Y = Y\.loc\[X\.index\]; or, .* Y = Y\.to_numpy\(\)"
    for function in (pt.mutual_information, pt.summarise, pt.independence_test):
        with pytest.raises(ValueError, match=line):
            function(T, labels.iloc[ORDER])
    with pytest.raises(ValueError, match=r"^X and Y hold the same rows in another order"):
        pt.mutual_information_by_column(T, labels.iloc[ORDER])
    with pytest.raises(ValueError, match=r"^T and groups hold the same rows in another order"):
        measure(T=T, groups=labels.iloc[ORDER])
    aligned = measure(T=T, S=S, Y=labels.iloc[ORDER].loc[T.index], estimator="kmeans")
    assert aligned.pid == measure(T=FEATURES, S=FEATURES, estimator="kmeans").pid


def test_rows_of_which_some_are_others_are_refused_unless_an_index_only_counts() -> None:
    T = pd.DataFrame(FEATURES[:100], index=KEYS[:100])
    labels = pd.Series(Y[20:], index=KEYS[20:])
    with pytest.raises(ValueError, match=r"^X and Y share 80 of 100 rows.*T?\.index\.intersection"):
        pt.mutual_information(T, labels, estimator="kmeans")
    kept = pd.DataFrame(FEATURES, index=np.arange(N) + 5)
    for other in (pd.Series(Y), pd.Series(Y, index=KEYS), Y):
        assert np.isfinite(pt.mutual_information(kept, other, estimator="kmeans"))


@pytest.mark.parametrize(
    "index",
    [
        pd.Index(np.tile(np.arange(N // 2), 2)),  # as pd.concat leaves it, or one name a subject
        pd.MultiIndex.from_arrays([np.arange(N), np.arange(N) % 3]),
        pd.Index(np.arange(N), dtype="Int64"),
        pd.Index(np.arange(N).astype(float)),
    ],
    ids=["repeated", "levels", "nullable", "floats"],
)
def test_indexes_that_say_nothing_of_the_order_are_let_through(index: Any) -> None:
    T, labels = pd.DataFrame(FEATURES, index=index), pd.Series(Y, index=np.arange(N))
    for one, other in ((T, labels), (T.set_index(np.arange(N)), labels.set_axis(index))):
        assert pt.mutual_information(one, other, estimator="kmeans") == pt.mutual_information(
            FEATURES, Y, estimator="kmeans"
        )


# --- types that NumPy knows in part -----------------------------------------------------------

MIXED_TABLES = {
    "Float64": pd.DataFrame(FEATURES).astype("Float64"),
    "Float32 and bool": pd.DataFrame({"a": pd.array(FEATURES[:, 0], dtype="Float32"), "b": Y == 1}),
    "float and Int64": pd.DataFrame({"a": FEATURES[:, 0], "b": pd.array(Y, dtype="Int64")}),
}


@pytest.mark.parametrize("table", MIXED_TABLES.values(), ids=MIXED_TABLES)
def test_tables_of_numbers_of_any_kind_are_features(table: Any) -> None:
    plain = np.column_stack([np.asarray(table[name], dtype=float) for name in table])
    found = pt.mutual_information(table, Y, estimator="kmeans")
    assert found == pt.mutual_information(plain, Y, estimator="kmeans")
    table = table.astype("Float64")
    table.iloc[3, 0] = pd.NA
    with pytest.raises(ValueError, match=r"^X holds 1 NaN in 1 row \(first at row 3\)"):
        pt.mutual_information(table, Y, estimator="kmeans")


def test_bfloat16_in_any_dress_is_taken_as_float32() -> None:
    stored = (FEATURES.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16).view("V2")
    wanted = (stored.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    assert np.array_equal(whole(_validate.check_source(stored, "T")), wanted)
    ml_dtypes = pytest.importorskip("ml_dtypes")
    named = wanted.astype(ml_dtypes.bfloat16)
    found = whole(_validate.check_source(named, "T"))
    assert found.dtype == np.float32
    assert np.array_equal(found, wanted)
    assert np.array_equal(whole(_validate.check_source(list(named), "T")), wanted)
    for kind in ("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e3m4", "int4"):
        small = FEATURES.astype(getattr(ml_dtypes, kind))
        assert np.array_equal(whole(_validate.check_source(small, "T")), small.astype(np.float32))
    with pytest.raises(TypeError, match=r"T has dtype \|V1, as float8 comes back"):
        _validate.check_source(FEATURES.astype(np.int8).view("V1"), "T")


def test_tensors_of_bfloat16_and_float8_are_taken_as_float32() -> None:
    torch = pytest.importorskip("torch")
    for kind in (torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2):
        tensor = torch.tensor(FEATURES).to(kind)
        assert np.array_equal(whole(_validate.check_source(tensor, "T")), tensor.float().numpy())


class Counting:
    """A lazy array that remembers which rows were asked for."""

    def __init__(self, array: Any) -> None:
        self.array, self.shape, self.dtype = array, array.shape, array.dtype
        self.chunks = (7, *array.shape[1:])
        self.asked: list[slice] = []

    def __getitem__(self, rows: slice) -> Any:
        self.asked.append(rows)
        return self.array[rows]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise AssertionError("read as a whole")


def test_lazy_arrays_are_copied_by_whole_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    small = Counting(FEATURES.astype(np.float32))
    assert np.array_equal(whole(_validate.check_source(small, "T")), small.array)
    assert small.asked == [slice(None)]
    monkeypatch.setattr(_stored, "LARGE", 100)
    monkeypatch.setattr(_stored, "ENTRIES", 9 * FEATURES.shape[1])
    large = Counting(FEATURES.astype(np.float16))
    found = _validate.as_array(large, "T")
    assert isinstance(found, np.memmap)
    assert found.dtype == np.float16
    assert np.array_equal(found, large.array)
    assert {rows.start % 7 for rows in large.asked} == {0}
    assert max(rows.stop - rows.start for rows in large.asked) == 14
    monkeypatch.setattr(_stored, "MOST", 5 * FEATURES.shape[1])
    tall = Counting(large.array)
    assert np.array_equal(_validate.as_array(tall, "T"), large.array)
    assert max(rows.stop - rows.start for rows in tall.asked) == 5


def test_lazy_arrays_of_others_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    h5py, zarr = pytest.importorskip("h5py"), pytest.importorskip("zarr")
    dask, xarray = pytest.importorskip("dask.array"), pytest.importorskip("xarray")
    stored = zarr.create_array(
        str(tmp_path / "t.zarr"), shape=FEATURES.shape, dtype="f8", chunks=(50, 4)
    )
    stored[...] = FEATURES
    with h5py.File(tmp_path / "t.h5", "w") as file:
        dataset = file.create_dataset("x", data=FEATURES, chunks=(50, 2))
        lazy = [
            dataset,
            stored,
            dask.from_array(FEATURES, chunks=(31, 2)),
            xarray.DataArray(FEATURES),
        ]
        for large in (2**26, 100):
            monkeypatch.setattr(_stored, "LARGE", large)
            for X in lazy:
                assert np.array_equal(whole(_validate.check_source(X, "T")), FEATURES)
        labels = dask.from_array(Y, chunks=40)
        assert np.array_equal(_validate.check_labels(labels)[0], _validate.check_labels(Y)[0])
    with pytest.raises(ValueError, match=r"^T can't be read from where it is stored"):
        _validate.check_source(dataset, "T")  # its file is closed


def test_strings_of_any_length_are_labels_and_symbols() -> None:
    names = np.array(["cat", "a much longer name"], dtype=np.dtypes.StringDType())[Y // 2]
    assert pt.mutual_information(Y // 2, names) == pt.mutual_information(Y // 2, Y // 2)
    assert pt.mutual_information(names, Y // 2) == pt.mutual_information(Y // 2, Y // 2)


@pytest.mark.parametrize(
    ("groups", "error", "message"),
    [
        ([None, "a"] * 100, ValueError, "groups holds 100 missing values .first at row 0."),
        ([1, "1"] * 100, TypeError, "groups mixes types .int, str."),
        (
            np.array(["2020-01-01", "NaT"] * 100, "M8[D]"),
            ValueError,
            "groups holds 100 missing values .first at row 1.",
        ),
    ],
    ids=["None", "types", "NaT"],
)
def test_groups_that_are_none(groups: Any, error: type[Exception], message: str) -> None:
    T, S, Y = teacher_and_noise()
    with pytest.raises(error, match=message):
        pt.distillable_knowledge(T, S, Y, estimator="binning", groups=groups)


@pytest.mark.parametrize(
    ("n_jobs", "error"), [(0, ValueError), (1.5, TypeError), ("all", TypeError), (True, TypeError)]
)
def test_n_jobs_is_a_whole_number_everywhere(n_jobs: Any, error: type[Exception]) -> None:
    T, S, Y = np.random.default_rng(0).integers(0, 3, (3, 60))
    calls = (
        lambda: pt.distillable_knowledge(T, S, Y, n_jobs=n_jobs),
        lambda: pt.compare_students(T, S, S, Y, n_jobs=n_jobs),
        lambda: pt.summarise(T, Y, n_jobs=n_jobs),
        lambda: pt.mutual_information(T, Y, n_jobs=n_jobs),
        lambda: pt.mutual_information_by_column(np.eye(3)[T], Y, n_jobs=n_jobs),
        lambda: pt.independence_test(T, Y, n_jobs=n_jobs),
        lambda: pt.broja_batch([np.full((2, 2, 2), 1 / 8)], n_jobs=n_jobs),
        lambda: pt.knn.ksg(np.arange(60.0), Y.astype(float), n_jobs=n_jobs),
    )
    for call in calls:
        with pytest.raises(error, match="n_jobs must be"):
            call()


@pytest.mark.parametrize(
    ("dtype", "below"), [(np.float64, 1e-18), (np.float64, 1e-13), (np.float32, 1e-8)]
)
def test_a_cell_below_zero_by_rounding_is_empty(dtype: Dtype, below: float) -> None:
    table = np.zeros((2, 2, 2), dtype=dtype)
    table[0, 0, 0] = table[1, 1, 1] = 0.5
    awkward = table.copy()
    awkward[0, 1, 0] = -below
    pid, expected = pt.broja(awkward), pt.broja(table)
    assert atoms(pid) == pytest.approx(atoms(expected), abs=EXACT)
    batch = pt.broja_batch(np.stack([table, awkward]))
    assert batch.redundancy == pytest.approx(np.ones(2), abs=EXACT)
    awkward[0, 1, 0] = -1e-3
    awkward[0, 0, 0] += 1e-3
    for call in (lambda: pt.broja(awkward), lambda: pt.broja_batch([table, awkward])):
        with pytest.raises(ValueError, match=r"holds 1 negative cells \(first -0.001 at"):
            call()


def test_groups_in_a_column_are_groups() -> None:
    T, S, Y = teacher_and_noise()
    groups = np.arange(len(Y)) // 4
    options: dict[str, Any] = {"estimator": "binning", "confidence_level": 0.9, "n_resamples": 20}
    with unheard():
        flat = pt.distillable_knowledge(T, S, Y, groups=groups, **options)
        assert pt.distillable_knowledge(T, S, Y, groups=groups[:, None], **options) == flat


def test_logits_may_be_minus_infinity() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(N, 3)) + 2 * np.eye(3)[Y]
    logits[np.arange(N), (Y + 1) % 3] = -np.inf
    p = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
    as_p, as_logits = (pt.Probe(inputs=kind, experts=()) for kind in ("probabilities", "logits"))
    with unheard():
        wanted = pt.summarise(p, Y, estimator=as_p).information
        found = pt.summarise(logits, Y, estimator=as_logits).information
        assert found == pytest.approx(wanted, abs=1e-6)
        assert pt.mutual_information(logits, Y, estimator=as_logits) == pytest.approx(wanted)
        r = pt.distillable_knowledge(logits, logits, Y, estimator=as_logits, synergy=False)
    assert r.teacher_information == pytest.approx(wanted, abs=1e-6)
    with pytest.raises(ValueError, match=r'X holds 120 .*Probe\(inputs="logits"\) takes them'):
        pt.mutual_information(logits, Y)
    for bad in (np.nan, np.inf):
        awkward = logits.copy()
        awkward[7, 0] = bad
        with pytest.raises(ValueError, match=r"X holds 1 N.* in 1 row \(first at row 7\); drop"):
            pt.summarise(awkward, Y, estimator=as_logits)
    logits[3] = -np.inf
    with pytest.raises(ValueError, match=r"-inf alone in 1 rows \(first at row 3\), in which no"):
        pt.summarise(logits, Y, estimator=as_logits)


def test_columns_that_are_never_finite_are_named_as_such() -> None:
    awkward = FEATURES.copy()
    awkward[:, 1] = np.nan
    line = (
        r"leave out the 1 of 4 columns that have them: T\[:, numpy\.isfinite\(T\)\.all\(axis=0\)\]"
    )
    with pytest.raises(ValueError, match=line):
        measure(T=awkward)
    with pytest.raises(ValueError, match=r"compute it anew"):
        measure(T=FEATURES * np.nan)


def test_rows_to_learn_from_have_labels_of_any_kind() -> None:
    names = np.array(["a", "b", "c"])[Y]
    probe = pt.Probe(experts=("lda",))
    more = FEATURES + 1e-3
    with unheard():
        wanted = pt.summarise(FEATURES, names, estimator=probe, fit_on=(more, names))
        for labels in (names.astype(np.dtypes.StringDType()), names.astype(object)):
            found = pt.summarise(FEATURES, names, estimator=probe, fit_on=(more, labels))
            assert found.information == wanted.information


def test_amounts_that_lie_on_their_side_are_told() -> None:
    amounts = np.random.default_rng(0).normal(size=(2, N))
    with pytest.raises(ValueError, match=r"Y has 2 rows.* Y has one column a sample: pass Y\.T "):
        measure(FEATURES, FEATURES[:, :1], amounts, estimator="gaussian")


@pytest.mark.parametrize("name", ["confidence_level", "tol"])
def test_strings_are_no_numbers(name: str) -> None:
    text: Any = "0.5"
    y = np.arange(40) % 2
    ask: Any = pt.broja if name == "tol" else pt.distillable_knowledge
    given = (np.full((2, 2, 2), 0.125),) if name == "tol" else (y, y, y)
    with pytest.raises(TypeError, match=f"{name} must be a number; got str"):
        ask(*given, **{name: text})
