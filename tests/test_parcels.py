"""What travels: names instead of what the receiver has, files instead of what lies in them."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from joblib import parallel_config

from pidtools import _tasks
from pidtools._parcels import Mapped, Parcel, opened, packed, unpacked
from pidtools._result import PIDError


def saved(folder: Path, X: Any, **options: Any) -> Any:
    np.save(folder / "x.npy", X)
    return np.load(folder / "x.npy", mmap_mode="r")


ROWS = np.random.default_rng(0).normal(size=(500, 40))


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_mapped_array_travels_as_its_place(order: Any, tmp_path: Path) -> None:
    X = saved(tmp_path, np.asarray(ROWS, order=order))
    parts = [X, np.asarray(X), X.reshape(-1) if order == "C" else X[:, 3:9]]
    parts += [X[100:200]] if order == "C" else [X[:, 5]]
    for part in parts:
        sent = pickle.dumps(Parcel({"a": part}))
        assert len(sent) < 1500
        there = opened(pickle.loads(sent))["a"]
        np.testing.assert_array_equal(there, part)
        assert there.dtype == part.dtype
        assert not there.flags.writeable
    # A parcel that is sent on before it was opened is the same one.
    twice = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(Parcel(X)))))
    np.testing.assert_array_equal(opened(twice), X)


def test_what_is_no_part_of_a_file_travels_as_it_is(tmp_path: Path) -> None:
    X = saved(tmp_path, ROWS)
    own = np.load(tmp_path / "x.npy", mmap_mode="r+")  # who writes may have changed it
    for part in (ROWS, X[::2], X[:, :5], X[:0], own, np.load(tmp_path / "x.npy", mmap_mode="c")):
        assert Mapped.of(part) is None
        np.testing.assert_array_equal(opened(pickle.loads(pickle.dumps(Parcel(part)))), part)


def test_files_that_are_gone_or_others_are_refused(tmp_path: Path) -> None:
    X = saved(tmp_path, ROWS)
    place = Mapped.of(X)
    assert place is not None
    np.save(tmp_path / "other.npy", ROWS + 1)
    (tmp_path / "other.npy").replace(tmp_path / "x.npy")
    with pytest.raises(ValueError, match=r"x\.npy holds other numbers"):
        place.open()
    np.save(tmp_path / "short.npy", ROWS[:3])
    (tmp_path / "short.npy").replace(tmp_path / "x.npy")
    with pytest.raises(ValueError, match=r"can't map .*x\.npy"):
        place.open()
    (tmp_path / "x.npy").unlink()
    with pytest.raises(ValueError, match=r"can't map .*x\.npy.*same path"):
        place.open()


def test_what_both_sides_know_goes_by_its_name() -> None:
    codes = np.arange(3000).reshape(1000, 3)
    known = {"X": ROWS, "codes": codes, "none": None, "object": {"a": 1}}
    given: list[Any] = [
        ROWS,
        ROWS.copy(),
        codes.astype(float),
        known["object"],
        None,
        ROWS.astype(np.float32),
    ]
    payload = packed(given[:5], known)
    assert len(payload) < 500
    for own, other in zip(given[:3], unpacked(payload, known)[:3], strict=True):
        np.testing.assert_array_equal(own, other)
        assert own.dtype == other.dtype
    assert unpacked(payload, known)[3] is known["object"]
    assert len(packed(given[5], known)) > 500 * 40 * 4
    np.testing.assert_array_equal(unpacked(packed(given[5], known), known), given[5])


def half(number: int) -> float:
    if number == 13:
        raise ValueError("13")
    return number / 2


@pytest.mark.parametrize("backend", ["sequential", "threading"])
def test_answers_come_in_order(backend: str) -> None:
    told: list[int] = []
    with parallel_config(backend, n_jobs=2):
        found = _tasks.run(half, range(9), n_jobs=None, done=lambda k, *_: told.append(k))
    assert [answer for answer, _ in found] == [k / 2 for k in range(9)]
    assert sorted(told) == list(range(9))
    with pytest.raises(ValueError, match="13"):
        _tasks.run(half, range(20), n_jobs=1)
    assert _tasks.run(half, [], n_jobs=1) == []


def test_what_was_done_before_a_worker_died_is_not_done_again() -> None:
    from concurrent.futures.process import BrokenProcessPool

    tried: list[int] = []

    def dies_once(k: int) -> int:
        tried.append(k)
        if k == 2 and tried.count(2) == 1:
            raise BrokenProcessPool("a worker was killed")
        return k

    found = _tasks.run(dies_once, range(4), n_jobs=1)
    assert [answer for answer, _ in found] == [0, 1, 2, 3]
    assert tried == [0, 1, 2, 2, 3]

    def always_dies(k: int) -> int:
        raise BrokenProcessPool("a worker was killed")

    with pytest.raises(PIDError, match=r"3 times in a row.*n_jobs"):
        _tasks.run(always_dies, range(2), n_jobs=1)
