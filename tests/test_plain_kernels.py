"""Kernels as plain Python: what is compiled is what is written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

import pidtools as pt
from pidtools import problems
from pidtools.knn.search import count_within, nearest

PROGRAM = """
import sys
sys.path[:] = {path!r}
import plain_kernels
plain_kernels.install()
from test_plain_kernels import answers
print(*map(repr, answers()), sep="\\n")
"""


def answers() -> list[float]:
    """Of every wing that has kernels, as plain numbers."""
    found: list[float] = []
    for shape, seed in (((2, 3, 3), 0), ((3, 3, 2), 1), ((3, 3, 4), 2)):
        pid = pt.broja(problems.sparse_dirichlet(shape, random_state=seed))
        found += [pid.redundancy, pid.unique_t, pid.unique_s, pid.information_t, pid.gap]
    pmfs = np.stack([problems.dirichlet((2, 2, 3), random_state=seed) for seed in range(2)])
    batch = pt.broja_batch(pmfs)
    found += [*batch.redundancy, *batch.synergy, *batch.gap]
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 3)), rng.normal(size=(60, 1))
    for euclidean in (False, True):  # by masks, by the tree
        with np.errstate(over="ignore"):  # words that wrap around, as they do where compiled
            near = nearest(x, y, k=3, euclidean=euclidean)
            radii = near.distances[:, 2]
            found += [*radii, *count_within(x, radii=radii, euclidean=euclidean).counts]
    return [float(each) for each in found]


def test_a_process_with_plain_kernels_has_the_same_answers() -> None:
    here = str(Path(__file__).parent)
    environment = {name: value for name, value in os.environ.items() if name[:9] != "PIDTOOLS_"}
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(path=[here, *sys.path])],
        capture_output=True, text=True, check=True, env=environment,
    ).stdout  # fmt: skip
    np.testing.assert_allclose([float(x) for x in found.split()], answers(), rtol=0, atol=1e-9)
