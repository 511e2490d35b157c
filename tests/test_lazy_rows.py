"""Large arrays that stay where they are, and the answers from them."""

from __future__ import annotations

import os
import pickle
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import all_said

import pidtools as pt
from pidtools import _lazy_rows, _validate, _warnings
from pidtools._file_rows import FileRows, behind
from pidtools._lazy_rows import LazyRows, blocks_of, joined, left_where_it_is, rewritten, whole
from pidtools._probe import at_large, cross_fit, experts, held_out, rows, whitening
from pidtools._probe.order import row_keys
from pidtools._probe.rare import rare_noise
from pidtools._types import Array

SHAPE = (700, 9)


@pytest.fixture
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_lazy_rows, "LARGE", 1)
    monkeypatch.setattr(_lazy_rows, "READ", 2**14)  # so that there are some blocks


def numbers(dtype: Any = np.float16, *, seed: int = 0) -> Array:
    found: Array = (20 * np.random.default_rng(seed).normal(size=SHAPE)).astype(dtype)
    return found


def in_a_file(X: Array, folder: Path, *, name: str = "X.npy", mode: Any = "r") -> Array:
    np.save(folder / name, X)
    found: Array = np.load(folder / name, mmap_mode=mode)
    return found


KINDS = ("<f2", "<f4", "<f8", ">f2", ">f4", "i1", "u2", "<i8", "?")


@pytest.mark.usefixtures("everything_is_large")
@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_a_file_are_those_of_the_array(kind: str, tmp_path: Path) -> None:
    X = numbers(kind)
    stored = left_where_it_is(in_a_file(X, tmp_path))
    assert isinstance(stored, LazyRows)
    assert isinstance(stored.parts[0], FileRows)
    assert stored.dtype == (np.float32 if X.itemsize < 4 or X.dtype == np.float32 else np.float64)
    assert stored.shape == SHAPE
    rng = np.random.default_rng(1)
    for asked in (
        slice(5, 400),
        slice(None),
        rng.permutation(700)[:300],
        np.zeros(3, int),
        slice(0),
    ):
        np.testing.assert_array_equal(stored[asked], X[asked].astype(stored.dtype))
        of_columns = stored[asked, np.array([7, 2])]
        np.testing.assert_array_equal(of_columns, X[asked][:, [7, 2]].astype(stored.dtype))
    np.testing.assert_array_equal(whole(stored), X.astype(stored.dtype))


VIEWS: dict[str, Any] = {
    "every second row": lambda X: X[::2],
    "a part of the rows": lambda X: X[100:333],
    "a part of the columns": lambda X: X[50:, 2:5],
    "turned around": lambda X: X[::-1],
    "every second column": lambda X: X[:, ::2],
    "turned by 90 degrees": lambda X: X[:9].T,
    "as an array": np.asarray,
}


@pytest.mark.usefixtures("everything_is_large")
@pytest.mark.parametrize("view", VIEWS)
def test_views_of_a_map(view: str, tmp_path: Path) -> None:
    X = numbers()
    of_map, of_array = VIEWS[view](in_a_file(X, tmp_path)), VIEWS[view](X)
    stored = left_where_it_is(of_map)
    assert isinstance(stored, LazyRows)
    np.testing.assert_array_equal(whole(stored), of_array.astype(np.float32))


@pytest.mark.usefixtures("everything_is_large")
def test_files_whose_columns_lie_together_are_written_anew(tmp_path: Path) -> None:
    X = np.asfortranarray(numbers())
    stored = left_where_it_is(in_a_file(X, tmp_path))
    assert isinstance(stored, LazyRows)
    assert isinstance(stored.parts[0], FileRows)
    assert stored.parts[0].path is None
    np.testing.assert_array_equal(stored[100:200], X[100:200].astype(np.float32))


@pytest.mark.usefixtures("everything_is_large")
def test_changes_that_are_private_to_a_map_are_seen(tmp_path: Path) -> None:
    X = in_a_file(numbers(), tmp_path, mode="c")
    X[3] = 1.0
    assert behind(X) is None
    stored = left_where_it_is(X)
    np.testing.assert_array_equal(stored[3:4], np.ones((1, 9)))


@pytest.mark.usefixtures("everything_is_large")
def test_a_file_that_was_replaced_is_not_read_instead(tmp_path: Path) -> None:
    X = in_a_file(numbers(), tmp_path)
    np.save(tmp_path / "new.npy", numbers(seed=1))
    (tmp_path / "new.npy").replace(tmp_path / "X.npy")
    np.testing.assert_array_equal(whole(left_where_it_is(X)), numbers().astype(np.float32))


def test_a_file_that_became_shorter(tmp_path: Path) -> None:
    found = behind(in_a_file(numbers(), tmp_path))
    assert found is not None
    with open(tmp_path / "X.npy", "r+b") as file:
        file.truncate(4000)
    with pytest.raises(OSError, match=r"X\.npy ended while it was read"):
        found.read(np.array([699]))


@pytest.mark.usefixtures("everything_is_large")
def test_travels_by_its_path(tmp_path: Path) -> None:
    X = numbers()
    stored = left_where_it_is(in_a_file(X, tmp_path))
    sent = pickle.dumps(stored)
    assert len(sent) < 1000
    np.testing.assert_array_equal(pickle.loads(sent)[10:20], X[10:20].astype(np.float32))
    anonymous = rewritten(lambda rows: X[rows], X.shape, X.dtype, entries=100)
    np.testing.assert_array_equal(whole(pickle.loads(pickle.dumps(anonymous))), whole(anonymous))


@pytest.mark.usefixtures("everything_is_large")
def test_a_kept_summary_says_when_its_file_is_gone_or_another(tmp_path: Path) -> None:
    Y = np.arange(SHAPE[0]) % 2
    kept = pickle.dumps(pt.summarise(in_a_file(numbers(), tmp_path), Y))
    assert pickle.loads(kept).n_samples == len(Y)
    np.save(tmp_path / "X.npy", numbers(seed=1))
    with pytest.raises(ValueError, match=r"X\.npy holds other numbers than it did"):
        pickle.loads(kept)
    os.unlink(tmp_path / "X.npy")
    with pytest.raises(ValueError, match=r"X\.npy can't be read any more \(No such file"):
        pickle.loads(kept)


def test_without_reads_at_a_position(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delattr(os, "preadv", raising=False)
    X = numbers()
    found = behind(in_a_file(X, tmp_path))
    assert found is not None
    asked = np.array([5, 3, 600, 601, 602])
    np.testing.assert_array_equal(found.read(asked), X[asked])


def test_rows_of_two_arrays(tmp_path: Path) -> None:
    X, more = numbers(), numbers(np.float32, seed=1)
    kept = LazyRows((X,), np.dtype(np.float32))
    both = joined(kept, more)
    assert isinstance(both, LazyRows)
    expected = np.concatenate([X.astype(np.float32), more])
    asked = np.random.default_rng(0).permutation(1400)[:500]
    np.testing.assert_array_equal(both[asked], expected[asked])
    np.testing.assert_array_equal(both[600:800], expected[600:800])
    np.testing.assert_array_equal(np.concatenate([x for _, x in blocks_of(both)]), expected)


def test_no_room_for_temporary_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def write(self, data: Any) -> None:
            raise OSError(28, "No space left on device")

        def close(self) -> None: ...

    def make() -> None:
        rewritten(lambda rows: np.zeros((rows.stop - rows.start, 9)), SHAPE, float, entries=100)

    with monkeypatch.context() as patched:
        patched.setattr(tempfile, "TemporaryFile", lambda **_: Full())
        with pytest.raises(ValueError, match=r"No space left on device.*set TMPDIR"):
            make()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 9, 9))
    with pytest.raises(ValueError, match=r"0\.0 GiB are free.*set TMPDIR"):
        make()


@pytest.mark.usefixtures("everything_is_large")
def test_missing_values_are_found_and_named(tmp_path: Path) -> None:
    X = numbers()
    X[[12, 400], 3] = np.nan
    X[500, 1] = np.inf
    with pytest.raises(ValueError, match=r"T holds 3 NaN or infinite values in 3 rows .*row 12"):
        _validate.check_source(in_a_file(X, tmp_path), "T")


@pytest.mark.usefixtures("everything_is_large")
def test_keys_and_rare_units_are_those_of_the_array(tmp_path: Path) -> None:
    X = numbers(np.float32)
    X[:, 4] = 0
    X[[5, 60, 300], 4] = 1.0
    y = np.random.default_rng(0).integers(0, 3, 700)
    stored = left_where_it_is(in_a_file(X, tmp_path))
    none = np.zeros(0, dtype=np.int64)
    np.testing.assert_array_equal(row_keys(stored, none), row_keys(X, none))
    np.testing.assert_array_equal(rare_noise(stored, y), rare_noise(X, y))
    assert rare_noise(X, y).tolist() == [4]


def many_classes_of(n: int) -> tuple[Array, Array, Array]:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, n)
    T = rng.normal(size=(n, 40)) + 1.5 * np.eye(4, 40)[y]
    S = T[:, :8] + rng.normal(size=(n, 8))
    return T.astype(np.float16), S.astype(np.float16), y


def learn_from_few(monkeypatch: pytest.MonkeyPatch, n: int) -> None:
    for module in (rows, experts, held_out, cross_fit, whitening):
        monkeypatch.setattr(module, "ROWS_ENOUGH", n)
    monkeypatch.setattr(at_large, "POOLED_ENTRIES", 2**10)


QUICK = pt.Probe(experts=("lda", "logistic", "ridge"))


@pytest.mark.slow
@pytest.mark.usefixtures("everything_is_large")
def test_an_answer_from_files_is_that_from_arrays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With features in files, whitened ones in temporary files, and a part to learn from."""
    T, S, y = many_classes_of(3000)
    learn_from_few(monkeypatch, 1000)
    monkeypatch.setattr(whitening, "MADE_WIDTH", 4)

    def measured(t: Array, s: Array) -> Array:
        pid = pt.distillable_knowledge(t, s, y, estimator=QUICK).pid
        return np.array(pid.atoms)

    monkeypatch.setattr(whitening, "HELD_BYTES", 1)
    from_files = measured(
        in_a_file(T, tmp_path, name="T.npy"), in_a_file(S, tmp_path, name="S.npy")
    )
    monkeypatch.setattr(_lazy_rows, "LARGE", 2**40)
    monkeypatch.setattr(whitening, "HELD_BYTES", 2**40)
    # Products in single precision in place of double.
    np.testing.assert_allclose(from_files, measured(T, S), atol=1e-3)


@pytest.mark.usefixtures("everything_is_large")
@pytest.mark.parametrize("estimator", ["kmeans", "binning", "knn", "gaussian"])
def test_other_estimators_take_the_whole(estimator: str, tmp_path: Path) -> None:
    T, S, y = (X[:300] for X in many_classes_of(300))
    target = T[:, 0].astype(float) if estimator == "gaussian" else y
    t, s = (in_a_file(X[:, 1:4], tmp_path, name=name) for X, name in ((T, "T.npy"), (S, "S.npy")))
    with _warnings.collecting():  # of few rows for so many bins
        found = pt.distillable_knowledge(t, s, target, estimator=estimator)
        expected = pt.distillable_knowledge(T[:, 1:4], S[:, 1:4], target, estimator=estimator)
    np.testing.assert_array_equal(np.array(found.pid.atoms), np.array(expected.pid.atoms))


@pytest.mark.usefixtures("everything_is_large")
@pytest.mark.slow
def test_other_questions_take_files_too(tmp_path: Path) -> None:
    T, S, y = many_classes_of(1200)
    files = [in_a_file(X, tmp_path, name=name) for X, name in ((T, "T.npy"), (S, "S.npy"))]
    one = pt.mutual_information(files[0], y, estimator=QUICK)
    assert one == pytest.approx(pt.mutual_information(T, y, estimator=QUICK), abs=1e-3)
    taught = pt.summarise(
        files[0][:800], y[:800], estimator=QUICK, fit_on=(files[0][800:], y[800:])
    )
    assert any("400 rows of fit_on" in note for note in all_said(taught))
    test = pt.independence_test(files[1], y, estimator=QUICK, n_permutations=19)
    assert test.p_value == pytest.approx(0.05)
    found = pt.distillation_map({"t": files[0]}, {"s": files[1]}, y, estimator=QUICK, n_jobs=2)
    assert found["t", "s"].error is None
