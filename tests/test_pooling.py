"""Pooling over positions, never over units: against sums written out, and on made data."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pidtools as pt
from pidtools import _stored
from pidtools.pooling import AXES

RNG = np.random.default_rng(0)
TOKENS = RNG.normal(size=(40, 5, 3))
MASK = np.arange(5) < RNG.integers(1, 6, 40)[:, None]
HOWS: tuple[Any, ...] = ("mean", "max", "first", "last")
MASK[0] = [False, True, False, True, False]
MAPS = RNG.normal(size=(40, 3, 4, 6))


def slowly(X: Any, how: str, mask: Any) -> np.ndarray:
    """Tokens one by one, in words."""
    rows = []
    for tokens, kept in zip(X, mask, strict=True):
        left = [token for token, keep in zip(tokens, kept, strict=True) if keep]
        rows.append(
            {
                "mean": sum(left) / len(left),
                "max": np.max(left, axis=0),
                "first": left[0],
                "last": left[-1],
            }[how]
        )
    return np.array(rows)


@pytest.mark.parametrize("how", ["mean", "max", "first", "last"])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "i8"])
@pytest.mark.parametrize("by_blocks", [False, True])
def test_tokens(how: Any, dtype: str, by_blocks: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if by_blocks:
        monkeypatch.setattr(_stored, "LARGE", 100)
        monkeypatch.setattr(_stored, "ENTRIES", 7 * 15)
    X = (10 * TOKENS).astype(dtype)
    wide = X.astype(float)
    for mask in (MASK, MASK.astype(int), MASK.tolist(), None):
        found = pt.pool(X, how, layout="ntd", mask=mask)
        assert found.dtype == np.result_type(X.dtype, np.float32)
        assert isinstance(found, np.memmap) == by_blocks
        plain = np.ones_like(MASK) if mask is None else MASK
        np.testing.assert_allclose(found, slowly(wide, how, plain), rtol=1e-6, atol=1e-6)


def test_padding_may_hold_anything() -> None:
    X = np.where(MASK[:, :, None], TOKENS, np.nan)
    for how in HOWS:
        found = pt.pool(X, how, layout="ntd", mask=MASK)
        np.testing.assert_allclose(found, slowly(TOKENS, how, MASK))


@pytest.mark.parametrize("how", ["mean", "max"])
def test_maps_of_both_layouts_are_one(how: Any) -> None:
    wanted = getattr(MAPS.reshape(40, 3, -1), how)(axis=2)
    np.testing.assert_allclose(pt.pool(MAPS, how, layout="nchw"), wanted)
    last = np.moveaxis(MAPS, 1, -1)
    np.testing.assert_allclose(pt.pool(last, how, layout="nhwc"), wanted)


def test_means_of_many_half_floats_do_not_overflow() -> None:
    X = np.full((2, 70_000, 2), 60_000, np.float16)
    assert pt.pool(X, "mean", layout="ntd").tolist() == [[60_000.0] * 2] * 2


def test_flattening_needs_no_layout_and_keeps_the_type() -> None:
    X = MAPS.astype(np.float16)
    found = pt.pool(X, "flatten")
    assert found.dtype == np.float16
    np.testing.assert_array_equal(found, X.reshape(40, -1))


def test_memory_maps_and_datasets_are_pooled_by_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_stored, "ENTRIES", 100)
    np.save(tmp_path / "T.npy", MAPS.astype(np.float16))
    mapped = np.load(tmp_path / "T.npy", mmap_mode="r")
    wanted = MAPS.astype(np.float16).astype(float).mean(axis=(2, 3))
    np.testing.assert_allclose(pt.pool(mapped, layout="nchw"), wanted, rtol=1e-5, atol=1e-6)
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "t.h5", "w") as file:
        found = pt.pool(file.create_dataset("x", data=MAPS, chunks=True), layout="nchw")
    np.testing.assert_allclose(found, MAPS.mean(axis=(2, 3)))


# --- the bar: within .01 bit of the exact answer, by every line that a message offers ----------

PROBE = pt.Probe(experts=("lda",))
N, L, D = 1200, 16, 32
LABELS = np.arange(N) % 2


def hidden_states() -> np.ndarray:
    """Normalised over units, as LayerNorm leaves them: the mean over units is 0 everywhere."""
    T = np.random.default_rng(0).normal(size=(N, L, D))
    T[:, :, 0] += 2 * LABELS[:, None]
    T -= T.mean(-1, keepdims=True)
    return np.asarray(T / T.std(-1, keepdims=True))


def bits(X: Any) -> float:
    return pt.summarise(X, LABELS, estimator=PROBE).information


def offered(T: np.ndarray) -> list[str]:
    with pytest.raises(ValueError, match=r"pidtools\.pool") as caught:
        pt.distillable_knowledge(T, LABELS, LABELS, estimator=PROBE)
    return re.findall(r"pidtools\.pool\(T(?:\.transpose\([^)]*\))?, [^)]*\)", str(caught.value))


@pytest.mark.parametrize("layout", AXES)
def test_the_line_for_this_layout_keeps_the_bit(layout: str) -> None:
    tokens = hidden_states()
    T = {
        "ntd": tokens,
        "nhwc": tokens.reshape(N, 4, 4, D),
        "nchw": np.moveaxis(tokens.reshape(N, 4, 4, D), -1, 1),
    }[layout]
    lines = offered(T)
    assert len(lines) == 2
    (own,) = (line for line in lines if layout in line and "transpose" not in line)
    assert bits(eval(own, {"pidtools": pt, "T": T})) == pytest.approx(1.0, abs=0.01)


def test_the_line_for_signals_keeps_the_bit() -> None:
    T = hidden_states().transpose(0, 2, 1)
    (own,) = (line for line in offered(T) if "transpose" in line)
    assert bits(eval(own, {"pidtools": pt, "T": T})) == pytest.approx(1.0, abs=0.01)


def test_padded_tokens_with_a_mask_keep_the_bit() -> None:
    rng = np.random.default_rng(1)
    T, mask = hidden_states(), np.arange(L) < rng.integers(12, L + 1, N)[:, None]
    T[~mask] = 50 * rng.normal(size=(int((~mask).sum()), D))
    assert bits(pt.pool(T, "mean", layout="ntd", mask=mask)) == pytest.approx(1.0, abs=0.01)
    assert bits(pt.pool(T, "mean", layout="ntd")) < 0.9


def test_flattening_is_offered_only_into_fewer_columns_than_rows() -> None:
    for n, is_offered in ((20, True), (19, False)):
        with pytest.raises(ValueError, match="has 3 axes") as caught:
            pt.summarise(np.zeros((n, 5, 4)), np.arange(n) % 2)
        assert ("reshape" in str(caught.value)) == is_offered


@pytest.mark.parametrize(
    ("shape", "options", "error", "message"),
    [
        ((9, 5, 4), {}, ValueError, r"layout is left out, and the shape \(9, 5, 4\) does not tell"),
        ((9, 5, 4, 4), {"how": "max"}, ValueError, r'pool\(X, "max", layout="nchw"\); .*nhwc'),
        ((9, 5, 4), {"layout": "nchw"}, ValueError, r"means \(n, channels, height, width\)"),
        ((9, 5, 4, 4), {"layout": "ntd"}, ValueError, r"means \(n, tokens, units\)"),
        ((9, 5, 4, 4, 4), {"layout": "ntd"}, ValueError, r"Keep samples and units alone"),
        ((9, 5), {"layout": "ntd"}, ValueError, "nothing to pool"),
        ((0, 5, 4), {"layout": "ntd"}, ValueError, "X is empty"),
        ((9, 5, 4), {"how": "median", "layout": "ntd"}, ValueError, "how must be one of 'mean'"),
        ((9, 5, 4), {"layout": "ndt"}, ValueError, "layout must be one of 'nchw'"),
        ((9, 5, 4, 4), {"layout": "nchw", "how": "last"}, ValueError, "takes a token"),
        ((9, 5, 4, 4), {"layout": "nchw", "mask": [1]}, ValueError, "mask is of tokens"),
        ((9, 5, 4), {"how": "flatten", "mask": [1]}, ValueError, "mask goes with"),
        ((9, 5, 4), {"layout": "ntd", "mask": np.ones((9, 4))}, ValueError, r"shape \(9, 5\)"),
        ((9, 5, 4), {"layout": "ntd", "mask": np.full((9, 5), 0.5)}, ValueError, "holds .*0.5"),
        ((9, 5, 4), {"layout": "ntd", "mask": np.full((9, 5), np.nan)}, ValueError, "holds .*nan"),
        ((9, 5, 4), {"layout": "ntd", "mask": np.full((9, 5), "a")}, TypeError, "mask has dtype"),
        ((9, 5, 4), {"layout": "ntd", "mask": np.eye(9, 5)}, ValueError, "4 rows .first at row 5"),
    ],
)
def test_what_is_not_meant_is_refused(
    shape: tuple[int, ...], options: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        pt.pool(np.zeros(shape), **options)


def test_words_and_objects_are_refused() -> None:
    for X in (np.full((4, 3, 2), "a"), np.full((4, 3, 2), None)):
        with pytest.raises(TypeError, match="X has dtype"):
            pt.pool(X, layout="ntd")
