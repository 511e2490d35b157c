"""State of the process: what threads change together is as it was in the end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from joblib import parallel_config

import pidtools as pt
from pidtools import _process

# The second thread starts while BLAS is limited and ends when it is no more; then a measurement
# whose workers are threads.
THREADS = """
import json, threading
import numpy as np
from joblib import parallel_config
from threadpoolctl import threadpool_info
import pidtools as pt
from pidtools._process import one_blas_thread, one_thread

def numbers():
    return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]

def first():
    with one_blas_thread():
        said.append(numbers())
        inside.wait(10)
    ended.set()

def second():
    with one_blas_thread():
        inside.set()
        ended.wait(10)

with one_thread():
    pass  # loads the libraries
said, inside, ended = [numbers()], threading.Event(), threading.Event()
threads = [threading.Thread(target=each) for each in (first, second)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
said.append(numbers())
rng = np.random.default_rng(0)
T, S = rng.normal(size=(2, 90, 2))
probe = pt.Probe(experts=("lda", "logistic"))
with parallel_config("threading"):
    for seed in range(3):
        pt.distillable_knowledge(
            T, S, rng.integers(0, 2, 90), estimator=probe, confidence_level=0.9, n_resamples=20,
            random_state=seed, n_jobs=2,
        )
said.append(numbers())
print(json.dumps(said))
"""


def test_overlapping_threads_leave_the_number_of_blas_threads() -> None:
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", THREADS],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"},
    )
    before, inside, after, after_measuring = json.loads(answer.stdout)
    assert set(inside) <= {1}
    assert after == before
    assert after_measuring == before


def test_threads_leave_the_filters_of_warnings() -> None:
    before = list(warnings.filters)
    start = threading.Barrier(4)

    def work() -> None:
        start.wait(10)
        with _process.ignoring(pt.PIDWarning):
            start.wait(10)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(warnings.filters) == before
    with _process.ignoring(pt.PIDWarning):
        warnings.warn("not heard", pt.PIDWarning, stacklevel=1)
    assert list(warnings.filters) == before


@pytest.mark.parametrize("estimator", ["symbols", pt.Probe(experts=("lda", "logistic"))])
def test_a_measurement_by_threads_leaves_the_filters_of_warnings(estimator: object) -> None:
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
def test_calls_by_threads_leave_warnings_as_they_were(call) -> None:
    """Warnings are the whole process's: overlapping threads must not touch what shows them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        call()
        before = list(warnings.filters), warnings.showwarning
        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(call) for _ in range(24)]:
                done.result()
        assert (list(warnings.filters), warnings.showwarning) == before


def test_what_is_collected_is_warned_of_where_nobody_collects() -> None:
    with _process.collecting() as outer:
        _process.warn("one")
        with _process.collecting() as inner:
            _process.warn("two")
        _process.warn("three")
    assert [str(w) for w in outer] == ["one", "three"]
    assert [str(w) for w in inner] == ["two"]
    with pytest.warns(pt.PIDWarning, match="four") as caught:
        _process.warn("four")
    assert caught[0].filename == __file__
