"""Settings that every test shares: no screen, and the same examples on every run."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("MPLBACKEND", "agg")

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


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory):
    """The demonstration, run once, in a folder of the name that the command gives it."""
    from pidtools.demo import run

    steps: list[str] = []
    found = run(tmp_path_factory.mktemp("work") / "pidtools-demo", steps.append)
    return found, steps
