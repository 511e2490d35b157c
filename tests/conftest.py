"""Settings that every test shares: no screen, one thread, the same examples on every run."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:  # the library is loaded once the variables below are set
    from pidtools.demo import Demonstration

# Problems that tests and benchmarks share; last, so that an installed pidtools comes first.
sys.path.append(str(Path(__file__).parents[1]))

os.environ.setdefault("MPLBACKEND", "agg")
# Matrices here are small; on a busy machine a second thread makes them many times slower.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

if os.environ.get("PIDTOOLS_PLAIN_KERNELS"):
    import plain_kernels

    plain_kernels.install()

# Derandomised, so that a red run is red again; no deadline, as timings decide no test.
settings.register_profile(
    "pidtools",
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("pidtools")


def pytest_configure() -> None:
    """Hear what users are spared: warnings of other libraries, and of rounding."""
    from pidtools import _warnings

    _warnings.UNEXPECTED_IS_HEARD = True


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> tuple[Demonstration, list[str]]:
    """The demonstration, run once, in a folder of the name that the command gives it.

    By a cheap probe and a few resamples; the command itself takes about a minute.
    """
    from pidtools import Probe
    from pidtools.demo import run

    steps: list[str] = []
    folder = tmp_path_factory.mktemp("work") / "pidtools-demo"
    found = run(folder, steps.append, estimator=Probe(experts=("lda",), n_cells=12), n_resamples=10)
    return found, steps
