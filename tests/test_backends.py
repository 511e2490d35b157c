"""Every backend of joblib gives the same digits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import Chosen
from joblib import parallel_config

import pidtools as pt

# Runs the calls by one worker and by two of the backend named, for processes that can be sent it.
PROGRAM = """
import json, sys
import numpy as np
from joblib import parallel_config
from sklearn.linear_model import LogisticRegression
import pidtools as pt

def answers(n_jobs=None):
    rng = np.random.default_rng(0)
    n = 160
    Y, groups = np.arange(n) % 3, np.arange(n) // 8
    T = rng.normal(size=(n, 6)) + 1.5 * np.eye(6)[Y]
    S, other = T[:, :3] + rng.normal(size=(n, 3)), rng.normal(size=(n, 3)) + np.eye(3)[Y]
    lda, own = pt.Probe(experts=("lda", "logistic")), pt.Probe(classifier=LogisticRegression())
    again = dict(confidence_level=0.9, n_resamples=10, n_jobs=n_jobs)
    wide = rng.normal(size=(n, 40)) + Y[:, None]
    found = [
        pt.distillable_knowledge(T, S, Y, estimator=lda, **again),
        pt.distillable_knowledge(T, S, Y, estimator=own, groups=groups, synergy=False, **again),
        pt.distillable_knowledge(wide, S, Y, estimator=lda, n_jobs=n_jobs),
        pt.distillable_knowledge(T, S, Y, estimator="binning", **again),
        pt.distillable_knowledge(T, S, T[:, :2] + other[:, :2], **again),
        pt.distillable_knowledge(T, S, Y, estimator="knn", n_jobs=n_jobs),
        pt.compare_students(T, S, other, Y, estimator=lda, **again),
        pt.independence_test(T, Y, n_permutations=19, n_jobs=n_jobs),
        pt.independence_test(T[:, :2], Y, estimator="knn", n_permutations=19, n_jobs=n_jobs),
    ]
    columns = pt.mutual_information_by_column(T, Y, n_jobs=n_jobs).tolist()
    pmfs = rng.dirichlet(np.ones(27), 6).reshape(6, 3, 3, 3)
    batch = pt.broja_batch(pmfs, n_jobs=n_jobs).redundancy.tolist()
    summary = pt.summarise(T, Y, estimator=lda, n_jobs=n_jobs)
    return [*[each.to_dict() for each in found], columns, batch, summary.table.tolist()]

if __name__ == "__main__":
    name = sys.argv[1]
    if name == "dask":
        from dask.distributed import Client
        client = Client(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with parallel_config(name, n_jobs=2):
        there = answers(2), answers()
    print(json.dumps([each == answers(1) for each in there]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing", "dask"])
def test_backends_agree(backend: str, tmp_path: Path) -> None:
    if backend == "dask":
        pytest.importorskip("distributed")
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(program), backend],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == [True, True]


@pytest.mark.skipif(sys.platform == "win32", reason="processes start anew, from a program's file")
@pytest.mark.parametrize("estimator", [pt.Probe(experts=("lda",)), pt.Binning(n_bins=3)])
def test_processes_of_multiprocessing_can_be_sent_the_work(
    estimator: Chosen,
) -> None:
    """It neither pickles functions inside of functions nor hands out results one by one."""
    rng = np.random.default_rng(0)
    Y = np.arange(90) % 2
    T, S = rng.normal(size=(2, 90, 2)) + Y[:, None]
    options: dict[str, Any] = {
        "estimator": estimator,
        "synergy": False,
        "confidence_level": 0.9,
        "n_resamples": 10,
    }
    here = pt.distillable_knowledge(T, S, Y, **options)
    with parallel_config("multiprocessing", n_jobs=2):
        there = pt.distillable_knowledge(T, S, Y, progress=True, **options)
    assert there.to_dict() == here.to_dict()
