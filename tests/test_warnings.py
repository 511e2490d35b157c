"""State of the process: what threads change together is as it was in the end."""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from helpers import Chosen
from joblib import parallel_config

import pidtools as pt
from pidtools import _warnings


def test_threads_leave_the_filters_of_warnings() -> None:
    before = list(warnings.filters)
    start = threading.Barrier(4)

    def work() -> None:
        start.wait(10)
        with _warnings.ignoring(pt.PIDWarning):
            start.wait(10)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(warnings.filters) == before
    with _warnings.ignoring(pt.PIDWarning):
        warnings.warn("not heard", pt.PIDWarning, stacklevel=1)
    assert list(warnings.filters) == before


@pytest.mark.parametrize("estimator", ["symbols", pt.Probe(experts=("lda", "logistic"))])
def test_a_measurement_by_threads_leaves_the_filters_of_warnings(
    estimator: Chosen,
) -> None:
    rng = np.random.default_rng(0)
    T, S, Y = rng.integers(0, 3, (3, 150))
    if estimator != "symbols":
        T, S = (X[:, None] + rng.normal(size=(150, 2)) for X in (T, S))
    with warnings.catch_warnings(record=True), parallel_config("threading"):
        warnings.simplefilter("always")
        before = list(warnings.filters)
        pt.distillable_knowledge(
            T, S, Y, estimator=estimator, confidence_level=0.9, n_resamples=20, n_jobs=2
        )
        assert list(warnings.filters) == before


@pytest.mark.parametrize(
    "call",
    [
        lambda: pt.mutual_information(np.arange(200) % 50, np.arange(200) % 2),
        lambda: pt.distillable_knowledge(*(np.arange(200) % k for k in (50, 40, 2)), synergy=False),
        lambda: pt.broja_batch(np.full((3, 2, 2, 3), 1 / 12), tol=1e-18),
    ],
)
def test_calls_by_threads_leave_warnings_as_they_were(call: Callable[[], object]) -> None:
    """Warnings are the whole process's: overlapping threads must not touch what shows them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        call()
        before = list(warnings.filters), warnings.showwarning
        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(call) for _ in range(24)]:
                done.result()
        assert (list(warnings.filters), warnings.showwarning) == before


@pytest.fixture
def as_users(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the caller what the tests otherwise hear."""
    monkeypatch.setattr(_warnings, "UNEXPECTED_IS_HEARD", False)


@_warnings.quiet
def noisy() -> float:
    warnings.warn("of a library", FutureWarning, stacklevel=1)
    return float(np.exp(-800.0) + 1 / np.float64(1e300) / 1e300 + np.log(np.float64(0.0)))


@pytest.mark.usefixtures("as_users")
def test_what_the_user_set_for_warnings_and_rounding_stays_outside() -> None:
    before = np.geterr()
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        filters = list(warnings.filters)
        with ThreadPoolExecutor(4) as pool:
            found = [noisy(), *pool.map(lambda _: noisy(), range(16))]
        assert found == [-np.inf] * 17
        assert list(warnings.filters) == filters
        with pytest.raises(FutureWarning):
            warnings.warn("the user's own", FutureWarning, stacklevel=1)
        with pytest.raises(FloatingPointError):
            np.exp(-800.0)
    assert np.geterr() == before


@pytest.mark.usefixtures("as_users")
def test_one_thread_ignores_and_another_hears() -> None:
    inside, heard = threading.Event(), threading.Event()

    def ignore() -> None:
        with _warnings.ignoring(FutureWarning):
            inside.set()
            heard.wait(10)
            noisy()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        thread = threading.Thread(target=ignore)
        thread.start()
        inside.wait(10)
        with pytest.raises(FutureWarning):
            warnings.warn("here", FutureWarning, stacklevel=1)
        heard.set()
        thread.join()


def test_a_filter_left_behind_ignores_nothing() -> None:
    """Where another thread restores the filters that it found while one of ours was in force."""
    with warnings.catch_warnings():
        with _warnings.ignoring(FutureWarning):
            found = list(warnings.filters)
        warnings.filters[:] = found  # type: ignore[index]
        warnings.simplefilter("error", append=True)
        with pytest.raises(FutureWarning):
            warnings.warn("heard", FutureWarning, stacklevel=1)
        with _warnings.ignoring(FutureWarning):
            warnings.warn("not heard", FutureWarning, stacklevel=1)


@pytest.mark.usefixtures("as_users")
def test_own_warnings_come_out_at_the_line_of_the_caller() -> None:
    @_warnings.quiet
    def inner() -> None:
        _warnings.warn("one")

    @_warnings.quiet
    def outer() -> None:
        inner()
        _warnings.warn("two")
        inner()

    with pytest.warns(pt.PIDWarning) as caught:
        outer()
    assert [str(w.message) for w in caught] == ["One", "Two"]  # each once
    line = sys._getframe().f_lineno - 2
    assert [(w.filename, w.lineno) for w in caught] == [(__file__, line)] * 2


def test_what_is_collected_is_warned_of_where_nobody_collects() -> None:
    with _warnings.collecting() as outer:
        _warnings.warn("one")
        with _warnings.collecting() as inner:
            _warnings.warn("two")
        _warnings.warn("three")
    assert [remark.text for remark in outer] == ["one", "three"]
    assert [remark.text for remark in inner] == ["two"]
    with pytest.warns(pt.PIDWarning, match="Four") as caught:
        _warnings.warn("four")
    assert caught[0].filename == __file__
