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
@pytest.mark.parametrize(
    "estimator",
    [pytest.param(pt.Probe(experts=("lda",)), marks=pytest.mark.slow), pt.Binning(n_bins=3)],
)
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


# A map of layers in files whose workers die; says what came out and what was looked at.
KILLED = """
import json, sys
from pathlib import Path
import numpy as np
from contextlib import nullcontext
from joblib import parallel_config
import pidtools as pt
from deadly import CountingProbe, layers

def paths(part):
    for name, X in part.items():
        np.save(f"{name}.npy", X)
    return {name: Path(f"{name}.npy") for name in part}

if __name__ == "__main__":
    name, times = sys.argv[1], int(sys.argv[2])
    teacher, student, y = layers()
    probe = CountingProbe(
        experts=("lda",), log=str(Path("log").resolve()), dies_at="teacher t1", times=times
    )
    cluster = nullcontext()
    if name == "dask":
        from dask.distributed import Client, LocalCluster
        cluster = LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        )
        Client(cluster)
    with cluster, parallel_config(name, n_jobs=2):
        try:
            found = pt.distillation_map(
                paths(teacher), paths(student), y, estimator=probe, confidence_level=0.9,
                n_resamples=20, cache_dir="cache",
            )
        except pt.PIDError as error:
            print(json.dumps(str(error)))
            sys.exit()
    plain = pt.distillation_map(
        teacher, student, y, estimator=pt.Probe(experts=("lda",)), confidence_level=0.9,
        n_resamples=20,
    )
    answers = [
        [(row.result.pid.atoms, row.result.intervals["distillable"].low) for row in m]
        for m in (found, plain)
    ]
    print(json.dumps([repr(answers[0]) == repr(answers[1]), len(found.failed), probe.lines()]))
"""


def killed(backend: str, times: int, folder: Path) -> Any:
    if backend == "dask":
        pytest.importorskip("distributed")
    program = folder / "program.py"
    program.write_text(KILLED)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(program), backend, str(times)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(Path(__file__).parent)])},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize("backend", ["loky", "dask"])
def test_a_worker_that_is_killed_costs_time_alone(backend: str, tmp_path: Path) -> None:
    is_equal, n_failed, lines = killed(backend, 1, tmp_path)
    assert is_equal
    assert n_failed == 0
    assert sum(line.startswith("died") for line in lines) == 1
    looks = [line for line in lines if not line.startswith("died")]
    names = {f"teacher t{k}" for k in range(3)} | {f"student s{k}" for k in range(3)}
    # Layers in files come to a worker as files; one that was lost on the way is looked at again.
    assert {line.rsplit(" ", 1)[0] for line in looks} == names
    assert all(line.endswith(" True") for line in looks)
    assert len(list((tmp_path / "cache").glob("*.task"))) == len(names)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_task_that_always_kills_its_worker_is_said(tmp_path: Path) -> None:
    assert "take fewer workers (n_jobs)" in killed("loky", 99, tmp_path)
