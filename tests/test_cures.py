"""What messages advise is executed as it stands, and is right."""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from cures import ALL, Advice, fragments, heard, refused, run, said
from helpers import unheard
from scipy.sparse import coo_array, csr_array

import pidtools as pt
from pidtools import _measuring, _target, _validate, _warnings, activations, rid
from pidtools._lazy_rows import whole
from pidtools._types import Array

N = 120
RNG = np.random.default_rng(0)
Y = np.arange(N) % 3
T = RNG.standard_normal((N, 4)) + 2.0 * np.eye(4)[Y]
S = T[:, :2] + RNG.standard_normal((N, 2))
AMOUNT = T[:, 0] + RNG.standard_normal(N)
Case = Callable[..., None]
CASES: dict[str, Case] = {}


def case(function: Case) -> Case:
    CASES[function.__name__] = function
    return function


def source(X: Any) -> Array:
    return whole(_validate.check_source(X, "T"))


def codes(Y: Any) -> Array:
    return _validate.check_labels(Y)[0]


def same(found: Any, wanted: Any = T) -> None:
    """Both are the same representation."""
    np.testing.assert_array_equal(source(found), source(wanted))


def measure(T: Any = T, S: Any = S, Y: Any = Y, **options: Any) -> pt.DistillableKnowledge:
    with unheard():
        chosen: dict[str, Any] = {"estimator": "kmeans", "synergy": False} | options
        return pt.distillable_knowledge(T, S, Y, **chosen)


def cheap(options: dict[str, Any]) -> dict[str, Any]:
    """Advised options, with one kind of expert where they would ask all."""
    estimator = options["estimator"]
    if estimator == "probe":
        estimator = pt.Probe()
    return {"estimator": dataclasses.replace(estimator, experts=("lda",))}


def knows(value: float, least: float = 0.2) -> None:
    """An information that is about as large as it must be."""
    assert np.isfinite(value)
    assert value > least


# --- containers -------------------------------------------------------------------------------


@case
def mapping(tmp_path: Path) -> None:
    layers: Any = {"a": T, "b": T[:, :1]}
    advice = refused(lambda: source(layers))
    same(advice.value(r"T\['a'\]", T=layers))
    for pattern, student in (
        (r"pidtools\.distill\S+ \{\"S\": S\}, Y\)", S),
        (r" dist\S+ S, Y\)", {"S": S}),
    ):
        line = advice.code(pattern).strip().removeprefix("pidtools.")
        found = run(
            f"found = pidtools.{line.replace('Y)', 'Y, estimator=pidtools.Binning(n_bins=2))')}",
            T=layers, S=student, Y=Y,
        )["found"]  # fmt: skip
        assert [row.teacher_layer for row in found.rows] == ["a", "b"]
    advice = refused(lambda: _validate.check_source(layers, "S"))
    line = advice.code(r"pidtools\.distillation_map\(.*Y\)").replace(
        "Y)", "Y, estimator=pidtools.Binning(n_bins=2))"
    )
    assert len(run(f"found = {line}", T=T, S=layers, Y=Y)["found"].rows) == 2
    same(refused(lambda: source(iter(T))).value(r"list\(T\)", T=iter(T)))


@case
def parts(tmp_path: Path) -> None:
    batches = [T[:50], T[50:]]
    same(refused(lambda: source(batches)).value(r"numpy\.concatenate\(T\)", T=batches))
    halves = [T[:60], T[60:]]
    advice = refused(lambda: source(halves))
    same(advice.value(r"numpy\.concatenate\(T\)", T=halves))
    same(advice.value(r"T\[0\]", T=[T, T]))
    rows = [np.stack([row, row]) for row in T]
    same(advice.value(r"pidtools\.pool\(.*?layout=\"ntd\"\)", T=rows), T.astype(np.float64))
    layers = (T, T[:, :2])
    for given, name in ((layers, "T"), (layers, "S")):
        advice = refused(lambda given=given, name=name: _validate.check_source(given, name))
        same(advice.value(rf"{name}\[0\]", **{name: layers}))
        line = advice.code(r"pidtools\.distillation_map\(.*Y\)").replace(
            "Y)", "Y, estimator=pidtools.Binning(n_bins=2))"
        )
        found = run(f"found = {line}", **{"T": T, "S": S, "Y": Y} | {name: layers})["found"]
        assert len(found.rows) == 2
    labels = [Y[:50], Y[50:]]
    found = refused(lambda: codes(labels)).value(r"numpy\.concatenate\(Y\)", Y=labels)
    np.testing.assert_array_equal(codes(found), Y)
    groups = [Y[:60], Y[60:]]
    advice = refused(lambda: _validate.check_groups(groups, N))
    assert len(_validate.check_groups(np.concatenate(groups), N)) == N


@case
def lists_of_layers(tmp_path: Path) -> None:
    options: dict[str, Any] = {"estimator": pt.Binning(n_bins=2)}
    layers: Any = [T, T[:, :1]]
    advice = refused(lambda: pt.distillation_map(layers, {"s": S}, Y, **options))
    named = advice.value(r"\{str\(k\).*\}", teacher_layers=layers)
    assert len(pt.distillation_map(named, {"s": S}, Y, **options).rows) == 2


@case
def sparse(tmp_path: Path) -> None:
    same(refused(lambda: source(csr_array(T))).value(r"T\.toarray\(\)", T=csr_array(T)))
    wide = coo_array(
        (T.ravel(), (np.repeat(np.arange(N), 4), np.tile(np.arange(4), N))), (N, 10**7)
    )
    advice = refused(lambda: source(wide))
    line = r"sklearn\.decomposition\.TruncatedSVD\(64\)\.fit_transform\(T\)"
    small = wide.tocsr()[:, :80]
    found = advice.value(line, T=small)
    assert source(found).shape == (N, 64)
    knows(pt.mutual_information(found[:, :4], Y, estimator="kmeans"))


@case
def masked(tmp_path: Path) -> None:
    given = np.ma.masked_greater(T, 3.0)
    advice = refused(lambda: source(given))
    names = advice.lines(r"keep = .*?(?=, then)", T=given)
    kept = advice.value(r"T\[keep\]", T=given, keep=names["keep"])
    same(kept, T[(T <= 3).all(axis=1)])
    flat = np.ma.masked_greater(T[:, 0], 3.0)
    keep = refused(lambda: source(flat)).lines(r"keep = .*?(?=, then)", T=flat)["keep"]
    same(flat[keep], T[T[:, 0] <= 3, :1])
    deep = np.ma.masked_greater(T.reshape(N, 2, 2), 3.0)
    keep = refused(lambda: source(deep)).lines(r"keep = .*?(?=, then)", T=deep)["keep"]
    assert keep.tolist() == (T <= 3).all(axis=1).tolist()
    pmf = np.ma.masked_less(np.array([[[0.5, -1.0], [0.0, 0.5]]]), 0)
    found = refused(lambda: pt.broja(pmf)).value(r"pmf\.filled\(0\)", pmf=pmf)
    assert pt.broja(found).redundancy == pytest.approx(0, abs=1e-6)


@case
def tensors(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    tensor = torch.tensor(T.astype(np.float32))
    plain = T.astype(np.float32)
    for given, wanted in (
        (tensor.clone().requires_grad_(), plain),
        (tensor.bfloat16().requires_grad_(), tensor.bfloat16().float().numpy()),
    ):
        found = refused(source, given).value(r"T\.detach\(\).*numpy\(\)", T=given)
        same(found, wanted)
    given = tensor.to_sparse()
    same(refused(lambda: source(given)).value(r"T\.to_dense\(\)", T=given), plain)
    neg = torch._neg_view(tensor)
    same(refused(lambda: source(neg)).value(r"T\.resolve_neg\(\)", T=neg), -plain)
    z = torch.complex(tensor, 2 * tensor)
    for own in (z, z.conj(), z[:, 0]):
        found = refused(source, own).value(r"torch\.view.*flatten\(1\)", T=own)
        assert source(found).shape == (N, 2 * (own.shape[1] if own.ndim > 1 else 1))
        np.testing.assert_array_equal(np.asarray(found)[:, 0], plain[:, 0])
    for rows, name in (
        ([row.bfloat16() for row in tensor], "stack"),
        ([tensor[:50].clone().requires_grad_(), tensor[50:].clone().requires_grad_()], "cat"),
    ):
        advice = refused(source, rows)
        found = advice.value(rf"torch\.{name}\(T\).*numpy\(\)", T=rows)
        np.testing.assert_allclose(source(found), plain, rtol=1e-2)


@case
def awkward_tensors(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")

    class Quantized:
        """As torch has them, which warns of each that is made."""

        is_quantized, layout, dtype = True, "torch.strided", "torch.qint8"

        def dequantize(self) -> Any:
            return torch.tensor(T)

    same(refused(lambda: source(Quantized())).value(r"T\.dequantize\(\)", T=Quantized()))

    class Nested:
        is_nested = True

        def unbind(self) -> Any:
            return [torch.tensor(np.stack([row] * (1 + k % 2))) for k, row in enumerate(T)]

    same(refused(lambda: source(Nested())).value(r"torch\.stack\(.*\)\]\)", T=Nested()))


@case
def not_computed(tmp_path: Path) -> None:
    class Frame:
        """As polars has them."""

        def collect(self) -> Array:
            return T

        collect_schema = collect

    same(refused(lambda: source(Frame())).value(r"T\.collect\(\)", T=Frame()))


@case
def one_column_a_sample(tmp_path: Path) -> None:
    for given in (T.T, pd.DataFrame(T.T)):
        same(refused(lambda given=given: measure(T=given)).value(r"T\.T\b", T=given))
    listed = T.T.tolist()
    same(refused(lambda: measure(T=listed)).value(r"numpy\.transpose\(T\)", T=listed))


# --- values -----------------------------------------------------------------------------------


@case
def paths(tmp_path: Path) -> None:
    np.save(tmp_path / "t.npy", T)
    path = str(tmp_path / "t.npy")
    same(refused(lambda: source(path)).value(r"pidtools\.activations\.read\(.*\)(?=\.$)"))


@case
def not_finite(tmp_path: Path) -> None:
    bad = T.copy()
    bad[:, 1] = np.nan
    wanted = T[:, [0, 2, 3]]
    frame = pd.DataFrame(bad)
    frame.iloc[0, 1] = np.inf
    for given in (bad, bad.tolist()):
        advice = refused(source, given)
        same(advice.value(r"\S*T\S*\[:, numpy\.isfinite\(T\)\.all\(axis=0\)\]", T=given), wanted)
    same(refused(lambda: source(frame)).value(r"T\.replace\(.*axis=1\)", T=frame), wanted)
    logits = T[:, :3].copy()
    logits[np.arange(N), (Y + 1) % 3] = -np.inf
    options = refused(lambda: source(logits)).options(
        r"estimator=pidtools\.Probe\(inputs=\"logits\"\)"
    )
    with unheard():
        knows(pt.summarise(logits, Y, **cheap(options)).information)
        logits[5] = -np.inf
        advice = refused(
            lambda: pt.summarise(logits, Y, estimator=pt.Probe(inputs="logits", experts=()))
        )
    keep = advice.lines(r"keep = .*?(?=, then)", X=logits)["keep"]
    assert keep.tolist() == (np.arange(N) != 5).tolist()
    assert len(advice.value(r"X\[keep\]", X=logits, keep=keep)) == N - 1


@case
def objects(tmp_path: Path) -> None:
    table = pd.DataFrame(T).assign(name="a", day=pd.Timestamp("2020-01-01"))
    same(refused(lambda: source(table)).value(r"numpy\.delete\(.*?axis=1\)", T=table))
    huge = [2**70 + int(k) for k in Y]
    same(refused(lambda: source(huge)).value(r"np\.unique\(T.*\)\[1\]", T=huge), Y)
    found = refused(lambda: codes(huge)).value(r"np\.unique\(Y.*\)\[1\]", Y=huge)
    np.testing.assert_array_equal(codes(found), Y)
    mixed = [1, "a", 2.5] * (N // 3)
    advice = refused(lambda: source(mixed))
    names = np.unique(source(advice.value(r"numpy\.asarray\(T, dtype=str\)", T=mixed)))
    assert names.tolist() == ["1", "2.5", "a"]
    found = refused(lambda: codes(mixed)).value(r"numpy\.asarray\(Y, dtype=str\)", Y=mixed)
    assert codes(found).tolist() == [0, 2, 1] * (N // 3)
    tuples = np.empty(N, dtype=object)
    tuples[:] = [(int(k),) for k in Y]
    found = refused(lambda: codes(tuples)).value(r"\[str.*\]", Y=tuples)
    np.testing.assert_array_equal(codes(found), Y)
    tuples[0] = "a"
    found = refused(lambda: codes(tuples)).value(r"\[str.*\]", Y=tuples)
    assert len(set(codes(found).tolist())) == 4


@case
def strings(tmp_path: Path) -> None:
    words = np.array([["a", "b"], ["a", "c"], ["d", "b"]])[Y]
    advice = refused(lambda: source(words))
    found = source(advice.value(r"np\.unique\(T.*?\)\[1\]", T=words))
    assert (found == Y).all()
    hot = advice.value(r"sklearn\.preproc.*\(T\)", T=words)
    assert source(hot).shape == (N, 4)
    numbers = T.astype(str)
    np.testing.assert_allclose(
        source(
            refused(lambda: source(numbers)).value(r"numpy\.asarray\(T, dtype=float\)", T=numbers)
        ),
        T,
    )
    labels = refused(lambda: codes(words))
    assert (
        labels.value(r"numpy\.asarray\(Y\)\[:, 0\]|Y\[:, 0\]", Y=words).tolist()
        == words[:, 0].tolist()
    )
    assert np.ravel(labels.value(r"np\.unique\(Y.*\)\[1\]", Y=words)).tolist() == Y.tolist()


@case
def kinds(tmp_path: Path) -> None:
    z = T[:, 0] + 1j * T[:, 1]
    same(refused(lambda: source(z)).value(r"numpy\.column_stack\(.*\]\)", T=z), T[:, :2])
    found = refused(lambda: codes(Y * 1j)).value(r"np\.unique\(.*\)\[1\]", Y=Y * 1j)
    assert found.tolist() == Y.tolist()
    pmf = np.full((2, 2, 2), 1 / 8) + 0j
    assert pt.broja(refused(lambda: pt.broja(pmf)).value(r"numpy\.real\(pmf\)", pmf=pmf)).gap < 1e-6
    ml_dtypes = pytest.importorskip("ml_dtypes")
    small = T.astype(ml_dtypes.float8_e4m3fn)
    bare = small.view("V1")
    same(refused(lambda: source(bare)).value(r"T\.view\(\S*\)", T=bare), small)
    table = np.zeros(N, dtype=[("a", "f8"), ("b", "f8")])
    table["a"], table["b"] = T[:, 0], T[:, 1]
    same(refused(lambda: source(table)).value(r"numpy\.column_stack\(.*\]\)", T=table), T[:, :2])
    names = np.zeros(N, dtype=[("a", "i8"), ("b", "f8")])
    names["a"] = Y
    assert refused(codes, names).value(r"Y\['a'\]", Y=names).tolist() == Y.tolist()
    mixed = pd.DataFrame({"a": Y, "b": "x"})
    found = refused(codes, mixed).value(r"numpy\.asarray\(Y\)\[:, 0\]", Y=mixed)
    np.testing.assert_array_equal(codes(found), Y)
    days = np.array(["2020-01-01", "2020-01-03", "2021-01-01"], dtype="M8[D]")[Y]
    for given in (days, days - days.min(), pd.Series(days)):
        advice = refused(source, given)
        amount = source(advice.value(r"numpy\.asarray\(T\)\.\S*\(float\)", T=given))[:, 0]
        assert np.ptp(amount) > 0
        assert np.corrcoef(amount, (days - days.min()).astype(int))[0, 1] == pytest.approx(1)
        same(advice.value(r"np\.unique\(T.*?\)\[1\]", T=given), Y)
    advice = refused(lambda: codes(days))
    assert advice.value(r"np\.unique\(Y.*?\)\[1\]", Y=days).tolist() == Y.tolist()
    amount = advice.value(r"numpy\.asarray\(Y\)\.\S*\(float\)", Y=days)
    knows(pt.mutual_information(T, amount, **advice.options(r"estimator=\"gaussian\"")), 0.1)


@case
def axes(tmp_path: Path) -> None:
    tokens = np.stack([T, T], axis=1)  # (n, tokens, units)
    for given in (tokens, tokens.tolist()):
        advice = refused(source, given)
        same(advice.value(r"pidtools\.pool\(T, \"mean\", layout=\"ntd\"\)", T=given))
        signals = np.swapaxes(tokens, 1, 2)
        own = signals if isinstance(given, np.ndarray) else signals.tolist()
        same(advice.value(r"pidtools\.pool\([^;]*transpose[^;]*layout=\"ntd\"\)", T=own))
        same(advice.value(r"[^ ]*T[^ ]*\.reshape\(len\(T\), -1\)", T=given), tokens.reshape(N, -1))
    maps = np.stack([np.stack([T, T], axis=2)] * 3, axis=3)  # (n, channels, height, width)
    advice = refused(lambda: source(maps))
    same(
        advice.value(r"pidtools\.pool\(T, \"mean\", layout=\"nchw\"\)", T=maps).round(12),
        T.round(12),
    )
    last = np.moveaxis(maps, 1, 3)
    same(
        advice.value(r"pidtools\.pool\(T, \"mean\", layout=\"nhwc\"\)", T=last).round(12),
        T.round(12),
    )
    deep = np.stack([maps, maps], axis=4)
    for given in (deep, deep.tolist()):
        advice = refused(source, given)
        same(
            advice.value(r"\S*T\S*\.reshape\(120, 4, -1\)\.mean\(axis=2\)", T=given).round(12),
            T.round(12),
        )
    deep = np.moveaxis(deep, 1, 4)
    advice = refused(lambda: source(deep))
    same(advice.value(r"T\.reshape\(120, -1, 4\)\.mean\(axis=1\)", T=deep).round(12), T.round(12))


# --- labels and amounts -----------------------------------------------------------------------


@case
def labels(tmp_path: Path) -> None:
    one = Y[None, :]
    assert refused(lambda: codes(one)).value(r"Y\.ravel\(\)", Y=one).tolist() == Y.tolist()
    hot = np.eye(3)[Y]
    for given in (hot, pd.DataFrame(hot), hot.tolist()):
        advice = refused(codes, given)
        assert advice.value(r"\S*Y\S*\.argmax\(axis=1\)", Y=given).tolist() == Y.tolist()
    several = T.astype(int)
    advice = refused(lambda: measure(Y=several, estimator="probe"))
    amounts = advice.value(r"Y\.astype\(float\)", Y=several)
    knows(pt.mutual_information(T, amounts, **advice.options(r"estimator=\"gaussian\"")), 1)
    halves = Y / 2
    advice = refused(lambda: codes(halves))
    assert (
        advice.value(r"np\.unique\(Y, return_inverse=True\)\[1\]", Y=halves).tolist() == Y.tolist()
    )
    knows(
        pt.mutual_information(
            T, AMOUNT, **refused(lambda: codes(AMOUNT)).options(r"estimator=\"gau\w*\"")
        )
    )
    index = np.arange(N)
    for given in (index, index.tolist()):
        advice = refused(codes, given)
        amount = advice.value(r"\S*Y\S*\.astype\(float\)", Y=given)
        options = advice.options(r"estimator=\"gaussian\"")
        knows(pt.mutual_information(index[:, None] + T, amount, **options), 2)


@case
def amounts(tmp_path: Path) -> None:
    def gaussian(Y: Any) -> float:
        return pt.mutual_information(T, Y, estimator="gaussian")

    names = np.array(["a", "b", "c"])[Y]
    with unheard():
        for given in (names,):
            options = refused(gaussian, given).options(r"estimator=\"probe\"")
            knows(pt.mutual_information(T, names, **cheap(options)), 0.8)
    advice = refused(lambda: gaussian(Y))
    knows(gaussian(advice.value(r"Y\.astype\(float\)", Y=Y)))
    with unheard():
        knows(pt.mutual_information(T, Y, **cheap(advice.options(r"estimator=\"probe\""))), 0.8)
    hot = np.eye(3)[Y]
    advice = refused(lambda: gaussian(hot))
    found = advice.value(r"Y\.argmax\(axis=1\)", Y=hot)
    with unheard():
        knows(pt.mutual_information(T, found, **cheap(advice.options(r"estimator=\"probe\""))), 0.8)
    two = np.where(Y == 0, 0.5, 1.5)
    advice = refused(lambda: gaussian(two))
    found = advice.value(r"np\.unique\(Y.*\)\[1\]", Y=two)
    with unheard():
        knows(pt.mutual_information(T, found, **cheap(advice.options(r"estimator=\"probe\""))), 0.4)


@case
def doubtful(tmp_path: Path) -> None:
    rated = np.array([0.1, 0.5, 0.9])[Y]
    advice = refused(lambda: pt.mutual_information(T, rated))
    found = advice.value(r"np\.unique\(Y, axis=0, return_inverse=True\)\[1\]", Y=rated)
    assert np.ravel(found).tolist() == Y.tolist()
    knows(pt.mutual_information(T, rated, **advice.options(r"estimator=\"gaussian\"")))
    soft = np.exp(T[:, :3]) / np.exp(T[:, :3]).sum(axis=1, keepdims=True)
    for given in (soft, soft.tolist()):
        advice = refused(pt.mutual_information, T, given)
        found = advice.value(r"\S*Y\S*\.argmax\(axis=1\)", Y=given)
        assert found.tolist() == soft.argmax(axis=1).tolist()
        knows(pt.mutual_information(T, given, **advice.options(r"estimator=\"gaussian\"")), 1)
    labels = np.arange(N) % 40 * 3
    advice = said(lambda: measure(T, S, labels, estimator="knn"), "distinct integers")
    amount = advice.value(r"Y\.astype\(float\)", Y=labels)
    assert np.isfinite(
        pt.mutual_information(T, amount, **advice.options(r"estimator=\"gaussian\""))
    )
    floats = Y.astype(float)
    advice = said(lambda: measure(T, S, floats, estimator="knn"), "whole numbers in floats")
    assert advice.value(r"Y\.astype\(int\)", Y=floats).tolist() == Y.tolist()
    knows(pt.mutual_information(T, floats, **advice.options(r"estimator=\"gaussian\"")))
    many = np.repeat(AMOUNT[:6], 20)
    features = many[:, None] + 0.1 * T
    advice = said(lambda: measure(features, S, many, estimator="gaussian"), "taken as an amount")
    found = advice.value(r"np\.unique\(Y, axis=0.*?\)\[1\]", Y=many)
    with unheard():
        knows(
            pt.mutual_information(features, found, **cheap(advice.options(r"estimator=\"probe\""))),
            1,
        )


@case
def padding(tmp_path: Path) -> None:
    padded = np.where(np.arange(N) % 4 == 0, -100, Y)
    counted = padded != -100
    wanted = measure(T[counted], S[counted], Y[counted])
    names = np.where(counted, np.array(["a", "b", "c"])[Y], "<pad>")
    for marked in (padded, padded.tolist(), padded[:, None], names, names.astype("S")):
        with _warnings.noting() as texts:
            measure(Y=marked)
        advice = heard(texts, "often marks padding")
        found = measure(Y=marked, **advice.options(r"ignore_label=.*?(?=, which)"))
        assert found.pid == wanted.pid
        assert len(set(np.ravel(advice.value(r"np\.unique\(Y.*\)\[1\]", Y=marked)))) == 4
    t, s = np.where(counted[:, None], T, 0), np.where(counted[:, None], S, 0)
    for teacher, student, y in ((t, s, Y), (pd.DataFrame(t), s.tolist(), Y.tolist())):
        advice = heard(measure(teacher, student, y).notes, "all zeros in the same")
        arrays = {"T": teacher, "S": student, "Y": y}
        keep = advice.lines(r"keep = .*?(?=, then)", **arrays)["keep"]
        kept = advice.value(r"(?<=then ).*\[keep\](?=\.)", keep=keep, **arrays)
        assert measure(*kept).pid == wanted.pid
    pair = pt.distillation_map({"t 1": t}, {"s": s}, Y, estimator="kmeans")[0]
    advice = heard(pair.notes, "all zeros in the same")
    assert "every array (teacher t 1 as T, student s as S): keep" in advice.text
    keep = advice.lines(r"keep = .*?(?=, then)", T=t, S=s)["keep"]
    assert keep.tolist() == counted.tolist()


@case
def order(tmp_path: Path) -> None:
    mixed = np.random.default_rng(5).permutation(N)
    names = [f"row {k}" for k in range(N)]
    t, s = pd.DataFrame(T, index=names), pd.DataFrame(S, index=names).iloc[mixed]
    advice = refused(lambda: measure(t, s, Y))
    same(advice.lines(r"S = S\.loc\[T\.index\]", S=s, T=t)["S"], S)
    same(advice.lines(r"S = S\.to_numpy\(\)", S=s)["S"], S[mixed])
    y = pd.Series(Y[20:], index=names[20:])
    t = t.iloc[:100]
    advice = refused(lambda: pt.mutual_information(t, y))
    found = advice.lines(r"rows = X\.index\.intersection\(Y\.index\)", X=t, Y=y)
    found = advice.value(r"X\.loc\[rows\], Y\.loc\[rows\]", X=t, Y=y, rows=found["rows"])
    same(found[0], T[20:100])
    assert found[1].tolist() == Y[20:100].tolist()
    assert advice.lines(r"Y = Y\.to_numpy\(\)", Y=y)["Y"].tolist() == Y[20:].tolist()


@case
def tables(tmp_path: Path) -> None:
    counts = np.arange(8).reshape(2, 2, 2)
    for given in (counts, counts.tolist()):
        advice = refused(pt.broja, given)
        total = advice.value(r"\S*pmf\S*\.sum\(\)", pmf=given)
        assert pt.broja(np.asarray(given) / total).gap < 1e-6
    p, t, s, y = np.full(4, 0.25), [0, 0, 1, 1], [0, 1, 0, 1], [0, 1, 1, 0]
    flat = coo_array((p, (t, s)), shape=(2, 2))
    names = {"p": p, "t": t, "s": s, "y": y, "n_t": 2, "n_s": 2, "n_y": 2}
    found = refused(lambda: pt.broja(flat)).value(r"scipy\.sparse\.coo_array\(.*\)\)", **names)
    assert pt.broja(found).synergy == pytest.approx(1)
    pid: Any = pt.broja(np.full((2, 2, 2), 1 / 8))
    advice = refused(lambda: pt.broja(np.full((2, 2, 2), 1 / 8), start=pid))
    pid = pt.broja(np.full((2, 2, 2), 1 / 8), **advice.options(r"keep_duals=True"))
    assert (
        pt.broja(np.full((2, 2, 2), 1 / 8), start=advice.value(r"pid\.duals", pid=pid)).gap < 1e-6
    )


# --- estimators and questions -----------------------------------------------------------------


@case
def gaussians(tmp_path: Path) -> None:
    wide, amount = RNG.standard_normal((20, 30)), RNG.standard_normal(20)
    advice = refused(lambda: pt.mutual_information(wide, amount, estimator="gaussian"))
    oas = r"estimator=pt\.Gaussian\(shrinkage=\"oas\"\)"
    assert np.isfinite(pt.mutual_information(wide, amount, **advice.options(oas)))
    t, s = RNG.standard_normal((2, 30, 16))
    y = t[:, 0] + RNG.standard_normal(30)
    with unheard():
        advice = refused(lambda: pt.distillable_knowledge(t, s, y, estimator="gaussian"))
        r = pt.distillable_knowledge(
            t, s, y, estimator="gaussian", **advice.options("synergy=False")
        )
        assert np.isfinite(r.distillable)
        assert pt.distillable_knowledge(t, s, y, **advice.options(oas)).synergy is not None
    from pidtools._gaussian import estimator as gaussian

    advice = refused(lambda: gaussian._check_width(np.zeros((3, gaussian.MOST_UNITS + 1)), "X"))
    advice.options(oas)


@case
def shapes(tmp_path: Path) -> None:
    n = 2000
    rng = np.random.default_rng(3)
    x = rng.standard_normal((n, 2))
    clumped = np.maximum(x[:, :1] + 0.3 * rng.standard_normal((n, 1)), 0)
    advice = said(lambda: measure(x, x[:, :1], clumped, estimator="gaussian"), "one value in more")
    recipe = r"y = pidtools.*?(?=, and pass y)"
    for given in (clumped, clumped[:, 0], clumped.tolist(), -clumped.clip(max=0.1)):
        y = advice.lines(recipe, Y=given)["y"]
        assert len(set(y.tolist())) > 2
    y = advice.lines(recipe, Y=clumped)["y"]
    with unheard():
        options = advice.options(r"estimator=\"probe\"")
        assert options == {"estimator": "probe"}
        knows(pt.mutual_information(x, y, estimator=pt.Probe(experts=("lda",))), 0.5)
    heavy = np.exp(2 * x)
    advice = said(
        lambda: measure(heavy, heavy[:, :1], x[:, 0] + x[:, 1], estimator="gaussian"), "tails"
    )
    kinds: tuple[dict[str, Any], ...] = ({}, {"shrinkage": "oas"})
    for kind in kinds:
        ranks = pt.Gaussian(**kind, **advice.options("copula=True"))
        near = x[:, 0] + 0.1 * rng.standard_normal(n)
        knows(pt.mutual_information(heavy, near, estimator=ranks), 2)


@case
def two_tables(tmp_path: Path) -> None:
    r = measure(S=T[:, :1], Y=AMOUNT, estimator="gaussian")
    advice = refused(r.by_class)
    assert measure(
        **cheap(advice.options(r"estimator=\"probe\"")) | {"estimator": "kmeans"}
    ).by_class()
    for name in re.findall(r'"([a-z]+)"', advice.code(r"estimator=\"probe\", .*(?=\.)")):
        estimator = pt.Probe(experts=("lda",)) if name == "probe" else name
        sources = {"T": Y, "S": Y // 2} if name == "symbols" else {}
        assert len(measure(**sources, estimator=estimator).by_class().rows) == 3
    advice = refused(lambda: r.scores("synergy"))
    options = advice.options(r"synergy=True")
    assert len(measure(Y // 2, Y % 2, Y, estimator="symbols", **options).scores("synergy")) == N
    options = {"confidence_level": 0.9, "n_resamples": 10}
    gaussian = {"S": T[:, :1], "Y": AMOUNT, "estimator": "gaussian"}
    advice = refused(lambda: measure(**gaussian, uncertainty="analytic", **options))
    found = measure(**gaussian, **options, **advice.options(r"uncertainty=\"bootstrap\""))
    assert found.intervals
    pair = pt.Gaussian()
    summaries: list[Any] = [pt.summarise(X, AMOUNT, estimator=pair) for X in (T, T[:, :1])]
    advice = refused(pair.pair(*summaries).tables)
    assert advice.code(r"estimator=\"probe\", \"symbols\", \"binning\" or \"kmeans\"")


@case
def intervals(tmp_path: Path) -> None:
    groups = np.arange(N) % 3
    options: dict[str, Any] = {"confidence_level": 0.9, "n_resamples": 10}
    advice = refused(lambda: measure(groups=groups, **options))
    assert np.isfinite(measure(groups=groups, **advice.options(r"confidence_level=None")).distilled)
    with unheard():
        ranking = pt.rank_teachers(
            {"a": T, "b": T[:, 1:]}, S, Y, estimator="kmeans", confidence_level=None
        )
    advice = refused(ranking.best)
    level = advice.options(r"confidence_level=0\.95")
    with unheard():
        ranking = pt.rank_teachers(
            {"a": T, "b": T[:, 1:]}, S, Y, estimator="kmeans", n_resamples=10, **level
        )
    assert ranking.best()


@case
def bands(tmp_path: Path) -> None:
    def trace(**options: Any) -> pt.DistillationTrace:
        with unheard():
            return pt.distillation_trace(
                T, {1: S, 2: T[:, :2]}, Y, **{"estimator": "kmeans"} | options
            )

    advice = refused(lambda: trace(groups=np.arange(N) % 3, confidence_level=0.9))
    assert len(trace(groups=np.arange(N) % 3, **advice.options("confidence_level=None")).rows) == 2

    def of_amount(**options: Any) -> pt.DistillationTrace:
        with unheard():
            return pt.distillation_trace(
                T, {1: T[:, :1], 2: T[:, :2]}, AMOUNT, **{"estimator": "gaussian"} | options
            )

    advice = refused(lambda: of_amount(confidence_level=0.9))
    assert len(of_amount(**advice.options("confidence_level=None")).rows) == 2
    for name in re.findall(r'"([a-z]+)"', advice.code(r"estimator=\"probe\", .*(?=\.)"))[2:]:
        assert len(trace(estimator=name, confidence_level=0.9).rows) == 2


@case
def partners(tmp_path: Path) -> None:
    summary = pt.summarise(Y // 2, Y, estimator="symbols")
    advice = refused(lambda: pt.distillable_knowledge(summary, T, Y))
    probe = pt.Probe(experts=("lda",))
    assert advice.options(r"estimator=\"probe\"") == {"estimator": "probe"}
    with unheard():
        summary = pt.summarise(Y // 2, Y, estimator=probe)
        assert np.isfinite(pt.distillable_knowledge(summary, T, Y, synergy=False).distilled)
        heard = pt.summarise(T, Y, estimator=probe)
        for hears in ([T], heard):
            advice = refused(lambda hears=hears: pt.summarise(T, Y, estimator=probe, hears=hears))
        assert pt.summarise(T, Y, estimator=probe, hears=[heard]).information > 0.8
        cells = pt.summarise(T, Y, estimator="kmeans")
        advice = refused(lambda: pt.summarise(T, Y, estimator=probe, hears=[cells]))
        assert advice.options(r"estimator=\"probe\"")
        for call in (
            lambda: pt.summarise(T, Y, estimator="kmeans", hears=[heard]),
            lambda: pt.distillation_map({"a": T}, {"b": S}, Y, ordered=True, estimator="kmeans"),
        ):
            assert refused(call).options(r"estimator=\"probe\"")
    kinds = refused(lambda: pt.summarise(T, Y, estimator=pt.Binning))  # type: ignore[arg-type]
    assert isinstance(kinds.value(r"Binning\(\)", Binning=pt.Binning), pt.Binning)
    from sklearn.naive_bayes import GaussianNB

    advice = refused(lambda: pt.Probe(classifier=GaussianNB))
    probe = pt.Probe(classifier=advice.value(r"GaussianNB\(\)", GaussianNB=GaussianNB))
    with unheard():
        knows(pt.summarise(T, Y, estimator=probe).information, 0.8)


@case
def heads(tmp_path: Path) -> None:
    with unheard():
        advice = refused(lambda: pt.summarise(T, Y, estimator=pt.Probe(inputs="logits")))
        probe = pt.Probe(experts=("lda",), **advice.options(r"inputs=\"features\""))
        knows(pt.summarise(T, Y, estimator=probe).information, 0.8)
        advice = refused(
            lambda: pt.summarise(T[:, :3], Y, estimator=pt.Probe(inputs="probabilities"))
        )
        probe = pt.Probe(experts=(), **advice.options(r"inputs=\"logits\""))
        knows(pt.summarise(T[:, :3], Y, estimator=probe).information, 0.5)
        words = np.array([f"word {k}" for k in range(1200)])
        advice = refused(lambda: pt.summarise(words, np.arange(1200) % 3, estimator="probe"))
        knows(
            pt.mutual_information(
                words, np.arange(1200) % 3, **advice.options(r"estimator=\"sym\w*\"")
            ),
            -1,
        )
        advice = refused(lambda: pt.mutual_information(words[:N], Y, estimator="binning"))
        knows(pt.mutual_information(words[:N], Y, **advice.options(r"estimator=\"symbols\"")), 0)
    floats = (Y // 2).astype(float)
    advice = refused(lambda: pt.mutual_information(floats, Y, estimator="symbols"))
    found = advice.value(r"X\.astype\(int\)", X=floats)
    assert pt.mutual_information(found, Y, estimator="symbols") > 0.8


@case
def too_many_classes(tmp_path: Path) -> None:
    from pidtools._probe import estimator as probe

    advice = refused(lambda: probe._check_room(10**6, 2 * 10**6, 10**7, "X"))
    advice.code(r"n_cells=")
    assert pt.Probe(n_cells=50).n_cells == 50


def _too_large_for_the_interior_point() -> None:
    from pidtools._broja import linear_algebra

    class Support:
        n_rows = n_cols = 10**6

    text = linear_algebra._too_large(Support(), 1e13, 1e9)  # type: ignore[arg-type]
    raise MemoryError(text)


@case
def large_tables(tmp_path: Path) -> None:
    advice = refused(_too_large_for_the_interior_point)
    pmf = np.random.default_rng(0).dirichlet(np.ones(12)).reshape(3, 2, 2)
    found = pt.broja(pmf, **advice.options(r"solver='scaling'"))
    assert found.redundancy == pytest.approx(pt.broja(pmf).redundancy, abs=1e-6)


def pid_of(red: float, unique_t: float, unique_s: float, synergy: float | None) -> pt.PID:
    return pt.PID(
        redundancy=red, unique_t=unique_t, unique_s=unique_s, synergy=synergy, gap=0.0,
        outcome=pt.Outcome.optimal,
    )  # fmt: skip


@case
def laws(tmp_path: Path) -> None:
    r = measure(RNG.standard_normal((N, 1)), estimator=pt.Binning(n_bins=3))
    off = dataclasses.replace(r, pid=pid_of(0.5, -0.01, 0.1, -0.02))
    measured = _measuring.Measurement(
        options=_measuring.Options.checked("bits", None, 10, False),
        target=_target.labels(Y),
        groups=None,
        names=(("T", "S"),),
        pairs=(),
        pids=(off.pid,),
        chosen_by_auto=False,
        heard=(),
    )
    advice = heard(measured._below_0(0, "note"), "no exact number")
    assert min(run(f"x = r.{advice.code('constrained..')}", r=off)["x"].pid.atoms) >= 0


@case
def pages(tmp_path: Path) -> None:
    pytest.importorskip("plotly")
    for call in (lambda: pt.report({}), lambda: pt.report(3), lambda: pt.report({"a": 3})):
        advice = refused(call)
        code = advice.code(r"distillable_knowledge\(\.\.\.\)").replace(
            "...", "T, S, Y, estimator='kmeans'"
        )
        with unheard():
            r = run(f"r = pt.{code}", T=T, S=S, Y=Y)["r"]
    assert "<html" in pt.report(r)


@case
def later_layers(tmp_path: Path) -> None:
    class Half:
        unread = 0.2

    class Pair:
        t = s = Half()

    class Probing:
        """The library, with a probe that takes no time."""

        @staticmethod
        def summarise(X: Any, Y: Any, **options: Any) -> pt.Summary:
            return pt.summarise(X, Y, estimator=pt.Probe(experts=("lda",)), **options)

    pid, pair = pid_of(0.5, 0.0, 0.1, None), cast(Any, Pair())
    for names in (("T", "S"), ("teacher 1", "student 1")):
        advice = heard(_measuring._on_order(pair, pid, *names), "later layer")
        code = r"pidtools\.summarise\(T, Y, hears=\[pidtools\.summarise\(S, Y\)\]\)"
        with unheard():
            found = advice.value(code, pidtools=Probing, T=T, S=S, Y=Y)
            assert found.information >= Probing.summarise(S, Y).information
            assert np.isfinite(pt.distillable_knowledge(found, S, Y, synergy=False).distilled)


# --- files, pooling, training ------------------------------------------------------------------


@case
def files(tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", a=T, b=S)
    torch = pytest.importorskip("torch")
    for k, held in enumerate(
        ({"h": torch.tensor(T)}, torch.tensor(T), [torch.tensor(T[:50]), torch.tensor(T[50:])])
    ):
        path = tmp_path / f"model{k}.pt"
        torch.save(held, path)
        advice = refused(lambda path=path: activations.read(path, "T"))
        block = advice.code(r"(?<=once:\n)[\s\S]*(?=\nor, keeping)")
        run("\n".join(line.strip() for line in block.splitlines()))
        np.testing.assert_allclose(activations.read(path.with_suffix(".npz"), "T"), T)
    torch.save(torch.tensor(Y), tmp_path / "y.pt")
    advice = refused(lambda: activations.read(tmp_path / "y.pt", "Y"))
    block = advice.code(r"(?<=once:\n)[\s\S]*(?=\nor, keeping)")
    run("\n".join(line.strip() for line in block.splitlines()))
    assert activations.read(tmp_path / "y.npz", "Y").tolist() == Y.tolist()
    assert activations.read(tmp_path / "y.npz", "Y").dtype == Y.dtype
    save = pytest.importorskip("safetensors.torch")
    line = refused(lambda: activations.read(tmp_path / "model0.pt", "T")).code(
        r"safetensors\.torch\.save.*$"
    )
    import safetensors

    assert save
    run(line, X={"h": torch.tensor(T)}, safetensors=safetensors)
    np.testing.assert_allclose(activations.read(tmp_path / "model0.safetensors", "T"), T)


@case
def pickles(tmp_path: Path) -> None:
    import pickle

    import joblib

    for suffix in (".pkl", ".joblib"):
        for held in ({"h": T}, T):
            path = tmp_path / f"t{suffix}"
            if suffix == ".pkl":
                path.write_bytes(pickle.dumps(held))
            else:
                joblib.dump(held, path)
            advice = refused(lambda path=path: activations.read(path, "T"))
            if isinstance(held, dict):
                block = advice.code(r"(?<=once:\n)[\s\S]*(?=\nor one array)")
                run("\n".join(line.strip() for line in block.splitlines()), joblib=joblib)
                found = activations.read(path.with_suffix(".npz"), "T")
            else:
                run(advice.code(r"numpy\.save\(.*$"), joblib=joblib)
                found = activations.read(path.with_suffix(".npy"), "T")
            np.testing.assert_array_equal(found, T)
    ml_dtypes = pytest.importorskip("ml_dtypes")
    np.save(tmp_path / "f.npy", T.astype(ml_dtypes.float8_e4m3fn))
    advice = refused(lambda: activations.read(tmp_path / "f.npy", "T"))
    X = T.astype(ml_dtypes.float8_e4m3fn)
    np.save(tmp_path / "f.npy", advice.value(r"X\.astype\(numpy\.float32\)", X=X))
    same(activations.read(tmp_path / "f.npy", "T"), X)


@case
def extras(tmp_path: Path) -> None:
    """What is asked for is in an extra of that name."""
    missing = {"h5py": "t.h5", "zarr": "t.zarr", "ml_dtypes": "t.npy"}
    (tmp_path / "t.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    (tmp_path / "t.zarr").mkdir()
    (tmp_path / "t.zarr" / "zarr.json").write_text("{}")
    ml_dtypes = pytest.importorskip("ml_dtypes")
    np.save(tmp_path / "t.npy", T.astype(ml_dtypes.float8_e5m2))
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        for module, file in missing.items():
            patch.setitem(sys.modules, module, None)
            advice = refused(lambda file=file: activations.read(tmp_path / file, "T"))
            name = re.fullmatch(
                r"pip install 'pidtools\[(\w+)\]'", advice.code(r"pip install '.*?'")
            )
            assert name
            extra = re.search(rf"^{name[1]} = \[(.*)\]$", text, re.M)
            assert extra
            assert f'"{module}>=' in extra[1]
        r = measure()
        patch.setitem(sys.modules, "pandas", None)
        with pytest.raises(ImportError) as caught:
            r.to_pandas()
        ALL.append(Advice(str(caught.value)))
        assert ALL[-1].code("pip install pandas")
        assert isinstance(run(f"d = r.{ALL[-1].code('to_dict..')}", r=r)["d"], dict)
        patch.setitem(sys.modules, "cvxpy", None)
        pmf = np.random.default_rng(0).dirichlet(np.ones(27)).reshape(3, 3, 3)
        with pytest.raises(ImportError) as caught:
            pt.broja(pmf, solver="cvxpy")
        ALL.append(Advice(str(caught.value)))
        assert ALL[-1].code("pip install cvxpy")
        assert ALL[-1].code('solver="cvxpy"')
        assert pt.broja(pmf).gap < 1e-9


@case
def pooling(tmp_path: Path) -> None:
    tokens = np.stack([T, T], axis=1)
    maps = np.stack([tokens, tokens], axis=1)
    signals = np.swapaxes(tokens, 1, 2)
    for given in (tokens, tokens.tolist()):
        own = signals if isinstance(given, np.ndarray) else signals.tolist()
        lines = refused(pt.pool, given)
        same(lines.value(r"pidtools\.pool\([^;]*transpose[^;]*layout=\"ntd\"\)", X=own))
        for call in (
            lambda given=given: pt.pool(given),
            lambda given=given: pt.pool(given, "max", layout="nchw"),
        ):
            advice = refused(call)
            same(advice.value(r"pidtools\.pool\(X, \"\w+\", layout=\"ntd\"\)", X=given))
    advice = refused(lambda: pt.pool(maps, "max", layout="ntd"))
    assert advice.value(r"pidtools\.pool\(X, \"max\", layout=\"nchw\"\)", X=maps).shape == (N, 2)
    assert advice.value(r"pidtools\.pool\(X, \"max\", layout=\"nhwc\"\)", X=maps).shape == (N, 4)
    advice = refused(lambda: pt.pool(maps, "first", layout="nchw"))
    assert pt.pool(tokens, "first", **advice.options(r"layout=\"ntd\"")).shape == (N, 4)
    mask = np.ones((N, 2))
    advice = refused(lambda: pt.pool(maps, "mean", layout="nchw", mask=mask))
    assert pt.pool(tokens, "mean", mask=mask, **advice.options(r"layout=\"ntd\"")).shape == (N, 4)
    added = np.where(np.arange(N)[:, None] % 2, [[0.0, -1e4]], 0.0)
    advice = refused(lambda: pt.pool(tokens, "mean", layout="ntd", mask=added))
    found = advice.value("mask == 0", mask=added)
    same(pt.pool(tokens, "mean", layout="ntd", mask=found))


@case
def training(tmp_path: Path) -> None:
    def trained(t: Any, s: Any) -> rid.RedundantInformationDistillation:
        made = rid.RedundantInformationDistillation(random_state=0)
        with unheard():
            made.warm_up(t, Y, n_epochs=0)
            made.step(s, t)
        return made

    tokens = np.stack([T, T, T], axis=1)
    advice = refused(lambda: trained(tokens, S))
    pooled = advice.value(r"pidtools\.pool\(.*?layout=\"ntd\"\)", T=tokens)
    assert trained(pooled, S)
    apart = advice.value(r"T\.transpose\(0, 2, 1\)\[\.\.\., None\]", T=tokens)
    assert trained(apart, np.stack([S, S, S], axis=2)[..., None])
    maps = np.stack([np.stack([T] * 4, axis=2)] * 2, axis=3)
    advice = refused(lambda: trained(maps, S))
    assert trained(advice.value(r"pidtools\.pool\(T, \"mean\", layout=\"nchw\"\)", T=maps), S)
    small = maps[:, :, :2, :1]
    found = refused(lambda: trained(maps, small)).value(r"T\.reshape\(.*\(3, 5\)\)", T=maps)
    assert trained(found, small)
    made = rid.RedundantInformationDistillation(random_state=0)
    advice = refused(lambda: made.step(S, T))
    line = advice.code(r"warm_up\(T, Y\)")
    options = advice.options("n_epochs=0")
    with unheard():
        run(f"made.{line}", made=made, T=T, Y=Y)
        made.warm_up(T, Y, **options)
        assert np.isfinite(made.step(S, T)[0])
    advice = refused(lambda: made.warm_up(T, Y + 7))
    line = advice.code(r"warm_up\(\.\.\., classes=\.\.\.\)")
    line = line.replace("...", "T, Y", 1).replace("...", "range(10), n_epochs=0")
    made = rid.RedundantInformationDistillation(random_state=0)
    with unheard():
        run(f"made.{line}", made=made, T=T, Y=Y)
        assert made.warm_up(T, Y + 7) >= 0
    state = made.state_dict()
    for bad in (3, {k: v for k, v in state.items() if k != "sigma"}, None):
        if bad is None:
            key = next(k for k in state if "/" in k)
            bad = {k: v for k, v in state.items() if k != key}
        advice = refused(made.load_state_dict, bad)
        made.load_state_dict(advice.value(r"state_dict\(\)", state_dict=made.state_dict))


@case
def few_cells(tmp_path: Path) -> None:
    """What cells and lines can't see, and who sees more."""
    many = np.arange(400) % 12
    x = (
        np.random.default_rng(0).standard_normal((400, 4))
        + 6.0 * RNG.standard_normal((12, 4))[many]
    )
    for estimator, words in (
        ("kmeans", "in which of 3 clusters"),
        (pt.Binning(n_bins=2), "bins can tell"),
    ):
        source = x if estimator == "kmeans" else x[:, :2]
        with unheard():
            summary = pt.summarise(source, many, estimator=estimator)
            advice = heard(summary.notes, words)
            options = cheap(advice.options(r"estimator=\"probe\""))
            knows(pt.mutual_information(source, many, **options), summary.information + 0.3)
            if words == "bins can tell":
                finer = pt.Binning(n_bins=4)
                knows(pt.mutual_information(source, many, estimator=finer), summary.information)
            # Nothing is lost of few values, and more bins would show no more.
            assert not any(
                "bins can tell" in t for t in pt.summarise(Y // 2, Y, estimator="binning").notes
            )
    single = np.abs(x[:, :1]) + many[:, None]
    with unheard():
        summary = pt.summarise(single, many, estimator="kmeans")
        advice = heard(summary.notes, "only the sign")
        knows(
            pt.mutual_information(single, many, **cheap(advice.options(r"estimator=\"probe\""))), 1
        )
    bent = x[:, 0] ** 2
    advice = said(lambda: measure(x, x[:, :1], bent, estimator="gaussian"), "only linear relations")
    options = cheap(advice.options(r"estimator=\"probe\"")) | {
        "estimator": pt.Probe(experts=("neighbours",))
    }
    cut = pt.Binning(n_bins=4).codes(bent[:, None])
    with unheard():
        linear = pt.mutual_information(x, bent, estimator="gaussian")
        knows(pt.mutual_information(x[:, :1], cut, **options), max(linear, 0.5))
    whole_amounts = Y.astype(float)
    advice = heard(measure(Y=whole_amounts, estimator="gaussian").notes, "all whole")
    with unheard():
        options = cheap(advice.options(r"estimator=\"probe\""))
        knows(pt.mutual_information(T, whole_amounts, **options), 0.8)
    swapped = (T, Y, S), (Y, T, S)  # labels where a layer should be
    for given in swapped:
        advice = refused(partial(pt.distillable_knowledge, *given, synergy=False))
        with unheard():
            options = advice.options(r"estimator=\"gaussian\"")
            assert np.isfinite(pt.distillable_knowledge(*given, **options).distillable)
    rated = np.array([0.1, 0.5, 0.9])[Y]
    advice = said(lambda: measure(T, S, rated, estimator="knn"), "were taken as class labels")
    knows(pt.mutual_information(T, rated, **advice.options(r"estimator=\"gaussian\"")))


@case
def saved(tmp_path: Path) -> None:
    """What a summary does without its layer, and how it gets it again."""
    file = tmp_path / "t.npz"
    names = {"path": file, "T": T, "X": T}
    np.savez(file, a=T)
    advice = refused(lambda: pt.load_summary(file))
    with unheard():
        own = pt.summarise(T, Y, estimator=pt.Probe(experts=("lda",)))
        torn, folder = tmp_path / "torn.npz", tmp_path / "folder"
        torn.write_bytes(b"PK")
        folder.mkdir()
        for other in (advice, *(refused(pt.load_summary, path) for path in (torn, folder))):
            run(other.code(r"summary\.save\(path\)"), summary=own, path=file)
        loaded = pt.load_summary(file)
        assert loaded.information == own.information
        asked: dict[str, Any] = {"confidence_level": 0.9, "n_resamples": 10}
        given = r"pidtools\.load_summary\(path, X=T\)"

        def measured(summary: Any, **options: Any) -> pt.DistillableKnowledge:
            return pt.distillable_knowledge(summary, S, Y, **options)

        advice = refused(lambda: measured(loaded))
        assert measured(advice.value(given, **names)).synergy is not None
        assert np.isfinite(measured(loaded, **advice.options("synergy=False")).distillable)
        advice = refused(lambda: measured(loaded, synergy=False, **asked))
        assert advice.value(given, **names).information == own.information
        for pattern in ("confidence_level=None", r"uncertainty=\"analytic\""):
            options = {"synergy": False} | asked | advice.options(pattern)
            assert np.isfinite(measured(loaded, **options).distillable)
        for estimator, options in (("knn", {}), (pt.Binning(n_bins=2), asked)):
            pt.summarise(T, Y, estimator=estimator).save(file)
            coarse = pt.load_summary(file)
            advice = refused(lambda s=coarse, o=options: measured(s, **o))
            assert measured(advice.value(given, **names), **options).n_samples == N
            less = "synergy=False" if not options else "confidence_level=None"
            assert measured(coarse, **options | advice.options(less)).n_samples == N
    name = refused(loaded.check_resamples, "teacher 1")
    assert name.value(r"pidtools\.load_summary\(path, X=X\)", **names).n_samples == N


@case
def written(tmp_path: Path) -> None:
    r = measure()
    for bad in (3, {"schema_version": 2}):
        advice = refused(pt.DistillableKnowledge.from_dict, bad)
        call = advice.code(r"DistillableKnowledge\.from_dict")
        content = run(f"d = r.{advice.code('to_dict..')}", r=r)["d"]
        assert run(f"found = pt.{call}(d)", d=content)["found"].to_dict() == content


@case
def rows_of_tables(tmp_path: Path) -> None:
    """Where a note is about some rows alone, what is named has it."""
    options: dict[str, Any] = {"estimator": "kmeans", "confidence_level": None}
    flat = np.where(T[:, :1] > 0, 1.0, 2.0)
    about = "notes? (is|are) about some of the"
    with unheard():
        m = pt.distillation_map({"a": T, "b 1": flat}, {"s": S}, Y, **options)
        ranking = pt.rank_teachers({"a": T, "b": flat, "c": T[:5]}, S, Y, **options)
        trace = pt.distillation_trace(T, {1: S, 2: flat}, Y, **options)
    for name, table in {"m": m, "ranking": ranking, "trace": trace}.items():
        (text,) = [text for text in table.notes if re.search(about, text)]
        advice = heard([text], text)
        notes = advice.value(rf"{name}\[.*\]\.notes", **{name: table})
        assert any("only the sign" in note for note in notes)


@case
def neighbours(tmp_path: Path) -> None:
    wide = np.random.default_rng(0).standard_normal((200, 40))
    for labels, name in ((np.arange(200) % 2, "probe"), (wide[:, 0] * 2, "gaussian")):
        X = wide + (0 if name == "probe" else wide[:, ::-1])
        advice = said(
            partial(pt.summarise, X, labels, estimator="knn"),
            "effective dimensions",
        )
        assert advice.options(rf"estimator=\"{name}\"") == {"estimator": name}


@case
def borders(tmp_path: Path) -> None:
    advice = heard([_measuring.ON_STUDENT], "analytic interval")
    options = advice.options(r"uncertainty=\"bootstrap\"")
    r = measure(confidence_level=0.9, n_resamples=10, **options)
    assert "student_only" in r.intervals


@case
def command_line(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from pidtools import cli

    np.save(tmp_path / "t.npy", np.stack([T, T], axis=1))
    np.save(tmp_path / "s.npy", S)
    np.save(tmp_path / "y.npy", Y)
    np.save(tmp_path / "mask.npy", np.ones((N, 2)))
    files = [str(tmp_path / f"{name}.npy") for name in "tsy"]

    def measured(*options: str) -> tuple[bool, str]:
        found = CliRunner().invoke(cli.app, ["measure", *files, "--estimator", "kmeans", *options])
        return found.exit_code == 0, " ".join(found.output.split())

    def advice_of(*options: str) -> Advice:
        fine, text = measured(*options)
        assert not fine
        ALL.append(Advice(text))
        return ALL[-1]

    np.save(tmp_path / "flat.npy", T)
    np.save(tmp_path / "g.npy", np.arange(N) // 2)
    flat = [str(tmp_path / "flat.npy"), *files[1:], "--groups", str(tmp_path / "g.npy")]
    flat += ["--estimator", "kmeans"]
    found = CliRunner().invoke(cli.app, ["measure", *flat])
    advice = heard([" ".join(found.output.split())], "without --confidence-level")
    level = [*advice.code("--confidence-level 0.95").split(), "--n-resamples", "10"]
    found = CliRunner().invoke(cli.app, ["measure", *flat, *level])
    assert found.exit_code == 0
    assert "95\N{NO-BREAK SPACE}%" in found.output
    advice = advice_of()
    assert measured(*advice.code("--pool mean --layout ntd").split())[0]
    advice = advice_of("--layout", "ntd")
    assert measured("--layout", "ntd", *advice.code(r"--pool mean(?=\.)").split())[0]
    advice.used.append((0, len(advice.text)))
    mask = ["--mask", str(tmp_path / "mask.npy")]
    advice = advice_of(*mask, "--pool", "mean", "--layout", "nchw")
    layout = advice.code("--layout ntd").split()
    for how in ("mean", "max", "first", "last"):
        assert how in advice.code("--pool of mean, max, first or last")
        assert measured(*mask, *layout, "--pool", how)[0]


# --- all of them ------------------------------------------------------------------------------

DONE: dict[str, str] = {}


def done(name: str, folder: Path) -> str:
    """Run a case once; why it was skipped, if it was."""
    if name not in DONE:
        DONE[name] = ""
        try:
            with unheard():
                CASES[name](folder)
        except pytest.skip.Exception as skipped:
            DONE[name] = str(skipped)
    return DONE[name]


@pytest.mark.parametrize("name", CASES)
def test_what_is_advised_is_right(name: str, tmp_path: Path) -> None:
    why = done(name, tmp_path)
    if why:
        pytest.skip(why)


def test_every_advice_in_the_library_was_executed(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    if any(done(name, tmp_path_factory.mktemp("cures")) for name in CASES):
        pytest.skip("packages are missing")
    left = [text for fragment in fragments() for text in fragment.is_left(ALL)]
    assert not left, "\n".join(["no entry here executes:", *left])
