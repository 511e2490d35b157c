"""What is handed back: sums, units, dictionaries, values that do not change."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from helpers import (
    EXACT,
    atoms,
    known,
    pmf_problem,
    random_pmf,
)

import pidtools as pt
from pidtools._result import Interval


def test_the_constrained_version_obeys() -> None:
    result = broken(unique_t=-0.02, synergy=-0.1)
    obeys = result.constrained()
    assert (obeys.distillable, obeys.synergy) == (0.0, 0.0)
    assert obeys.distilled == result.distilled
    assert obeys.pid == result.pid.constrained()
    assert known(obeys.joint_information) >= max(
        obeys.teacher_information, obeys.student_information
    )
    assert result.distillable == -0.02
    assert obeys.notes == result.notes
    assert broken(synergy=None).constrained().synergy is None


@pytest.mark.parametrize("name", ["AND", "COPY6"])
def test_units(name: str) -> None:
    pmf = pmf_problem(name).pmf
    bits, nats = pt.broja(pmf), pt.broja(pmf, units="nats")
    assert (bits.units, nats.units) == ("bits", "nats")
    assert atoms(nats) == pytest.approx(atoms(bits) * np.log(2), abs=EXACT)
    assert nats.gap == pytest.approx(bits.gap * np.log(2), rel=1e-12, abs=0)
    assert atoms(nats.in_units("bits")) == pytest.approx(atoms(bits), abs=EXACT)
    assert bits.in_units("bits") is bits


def test_sums_are_properties_of_the_atoms() -> None:
    pid = pt.broja(random_pmf("dense", (3, 3, 2), 0))
    assert pid.information_t == pid.redundancy + pid.unique_t
    assert pid.information_s == pid.redundancy + pid.unique_s
    assert pid.joint_information == pytest.approx(atoms(pid).sum(), abs=EXACT)
    assert pid.co_information == pytest.approx(pid.redundancy - known(pid.synergy), abs=EXACT)


def test_every_outcome_is_a_sentence() -> None:
    assert all(outcome.value.endswith(".") for outcome in pt.Outcome)


def test_constrained_lifts_negative_atoms_to_zero() -> None:
    pid = pt.PID(
        redundancy=-0.1,
        unique_t=0.5,
        unique_s=-0.2,
        synergy=None,
        gap=1e-9,
        outcome=pt.Outcome.optimal,
    )
    assert atoms(pid.constrained()).tolist() == [0.0, 0.5, 0.0]
    assert pid.constrained().synergy is None
    exact = pt.broja(pmf_problem("AND").pmf)
    assert exact.constrained() == exact


def test_results_cannot_be_changed_and_compare_by_value() -> None:
    first, second = (pt.broja(pmf_problem("AND").pmf) for _ in range(2))
    assert first == second
    with pytest.raises(AttributeError, match="cannot assign to field 'redundancy'"):
        first.redundancy = 1.0  # type: ignore[misc]


def test_to_dict_holds_plain_numbers() -> None:
    import json

    pid = pt.broja(pmf_problem("AND").pmf, keep_q=True)
    found = json.loads(json.dumps(pid.to_dict()))
    assert found["synergy"] == pid.synergy
    assert found["information_t"] == pid.information_t
    assert found["outcome"] == "closed_form"
    assert "q" not in found


def test_units_that_there_are_not_are_refused() -> None:
    pid = pt.broja(np.full((2, 2, 2), 1 / 8))
    batch = pt.broja_batch(np.full((1, 2, 2, 2), 1 / 8))
    for result in (pid, batch):
        with pytest.raises(ValueError, match="units must be one of 'bits', 'nats'; got 'nat'"):
            result.in_units("nat")  # type: ignore[arg-type]
    assert pid.in_units("nats").in_units("bits").gap == pytest.approx(pid.gap)


def test_a_slice_of_a_batch_is_a_batch() -> None:
    pmfs = np.random.default_rng(0).dirichlet(np.ones(8), size=5).reshape(5, 2, 2, 2)
    batch = pt.broja_batch(pmfs)
    for which in (slice(1, 3), [4, 0], np.arange(5) > 2):
        part = batch[which]
        assert len(part) == 2
        assert part.unique_t.tolist() == batch.unique_t[which].tolist()
        assert part[0] == pt.broja_batch(pmfs[which])[0]
    assert batch[-1] == batch[4]


def broken(**atoms: Any) -> pt.DistillableKnowledge:
    """A result whose atoms are these."""
    Y = np.arange(300) % 3
    whole = pt.distillable_knowledge(Y, Y // 2, Y)
    return dataclasses.replace(whole, pid=dataclasses.replace(whole.pid, **atoms))


def test_ends_of_a_widened_interval_are_plain_floats() -> None:
    """Also where what bounds them is a number of NumPy."""
    wide = Interval(0.1, 0.9, 0.95).widened(0.2, 0.2, np.float64(0.0), np.float64(1.0))
    assert (wide.low, wide.high) == (0.0, 1.0)
    assert type(wide.low) is type(wide.high) is float
