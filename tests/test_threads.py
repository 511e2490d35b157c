"""The number of BLAS threads, which belongs to the whole process: as it was in the end."""

from __future__ import annotations

import json
import os

import pytest
from helpers import printed

# The second thread starts while BLAS is limited and ends when it is no more; then a measurement
# whose workers are threads.
THREADS = """
import json, threading
import numpy as np
from joblib import parallel_config
from threadpoolctl import threadpool_info
import pidtools as pt
from pidtools._threads import one_blas_thread, one_thread

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


@pytest.mark.slow
def test_overlapping_threads_leave_the_number_of_blas_threads() -> None:
    env = {**os.environ, "OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"}
    before, inside, after, after_measuring = json.loads(printed(THREADS, "-W", "ignore", env=env))
    assert set(inside) <= {1}
    assert after == before
    assert after_measuring == before
