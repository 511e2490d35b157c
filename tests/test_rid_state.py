"""A continuation from a saved state is the same to the last bit; other states are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rid_helpers import rows

from pidtools import rid
from pidtools._types import Array

T, S, Y = rows()


def started(dtype: Any = np.float64, **options: Any) -> rid.RedundantInformationDistillation:
    options = {"n_channels": 3, "batch_size": 16} | options
    distiller = rid.RedundantInformationDistillation(**options)
    t, s = {"a": T.astype(dtype), "b": T[:, :5].astype(dtype)}, {"a": S, "b": S}
    distiller.warm_up(t, Y.astype(str), n_epochs=2)
    distiller.step(s, t)
    return distiller


def continued(distiller: rid.RedundantInformationDistillation) -> dict[str, Array]:
    t, s = {"a": T, "b": T[:, :5]}, {"a": S, "b": S}
    distiller.refresh_teacher(t, s, Y.astype(str), n_epochs=2)
    for _ in range(3):
        distiller.step(s, t)
    return distiller.state_dict()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sigma", ["learned", "optimal"])
def test_a_continuation_is_the_same_to_the_last_bit(tmp_path: Path, sigma: str, dtype: Any) -> None:
    first = started(dtype, sigma=sigma, random_state=3)
    np.savez(tmp_path / "state.npz", **first.state_dict())  # type: ignore[arg-type]
    second = rid.RedundantInformationDistillation(n_channels=3, batch_size=16, sigma=sigma)  # type: ignore[arg-type]
    with np.load(tmp_path / "state.npz") as saved:
        assert second.load_state_dict(saved) is second
    one, other = continued(first), continued(second)
    assert one.keys() == other.keys()
    for name, array in one.items():
        assert array.dtype == other[name].dtype, name
        assert array.tobytes() == other[name].tobytes(), name


def test_a_state_is_a_copy() -> None:
    distiller = started()
    state = distiller.state_dict()
    kept = {name: array.copy() for name, array in state.items()}
    continued(distiller)
    for name, array in state.items():
        np.testing.assert_array_equal(array, kept[name])


def test_a_state_before_the_first_step_and_before_warm_up() -> None:
    fresh = rid.RedundantInformationDistillation()
    rid.RedundantInformationDistillation().load_state_dict(fresh.state_dict())
    fresh.warm_up(T, Y)
    again = rid.RedundantInformationDistillation().load_state_dict(fresh.state_dict())
    assert again.step(S, T)[0] == fresh.step(S, T)[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": np.array(9)}, "state has the version 9, this pidtools reads version 1"),
        ({"version": None}, "state has no version"),
        ({"classes": None}, 'state lacks "classes"'),
        ({"0/a": None}, 'state lacks "0/a"'),
        ({"1/student/theta": None}, 'state lacks "1/student/theta"'),
        ({"0/a": np.zeros(2)}, r'state\["0/a"\] has the shape \(2,\); expected \(3,\)'),
        ({"0/a": np.zeros(3, int)}, r'state\["0/a"\] has dtype int64'),
        ({"0/sigma": np.full(3, np.nan)}, r'state\["0/sigma"\] must be finite'),
        ({"0/head": np.zeros(5)}, r'state\["0/head"\] has 5 numbers'),
        ({"0/filter/sizes": np.zeros(2, int)}, "must be three whole numbers"),
        ({"0/filter/n_batches": np.array(-1)}, "must be at least 0"),
        ({"n_layers": np.array([1, 2])}, 'state\\["n_layers"\\] must be a whole number'),
        ({"n_epochs": np.array(-1)}, "must be a whole number from 0 on; got -1"),
        ({"0/more": np.zeros(2)}, 'state has "0/more"'),
        ({"classes": np.array(["0", "1"])}, "has 2 labels"),
        ({"sigma": np.array("optimal")}, 'state has sigma="optimal"; this was made with "learned"'),
    ],
)
def test_other_states_are_refused(change: dict[str, Array | None], message: str) -> None:
    state: dict[str, Any] = started().state_dict() | change
    state = {name: array for name, array in state.items() if array is not None}
    distiller = started()
    before = distiller.state_dict()
    with pytest.raises(ValueError, match=message):
        distiller.load_state_dict(state)
    for name, array in distiller.state_dict().items():
        assert array.tobytes() == before[name].tobytes()


def test_a_state_of_other_layers() -> None:
    other = rid.RedundantInformationDistillation(n_channels=3)
    other.warm_up(T, Y.astype(str))
    with pytest.raises(
        ValueError, match=r"state is of other layers, 6 channels.*here they are 'a'"
    ):
        started().load_state_dict(other.state_dict())
    with pytest.raises(TypeError, match="state must be what state_dict"):
        other.load_state_dict([1])
