"""Layer pairs as flat dictionaries of arrays, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from pidtools import _validate
from pidtools._types import Array
from pidtools.rid._adam import Adam
from pidtools.rid._filter import Filter
from pidtools.rid._pair import Pair
from pidtools.rid._task import TaskNetwork

VERSION = 1
State = dict[str, Array]


def of_pair(pair: Pair) -> State:
    """All of a pair that a continuation needs, copied."""
    state = {"key": np.array(pair.key), "seed": np.array(pair.seed)}
    state |= {name: array.copy() for name, array in _arrays(pair).items()}
    for name, part in _parts(pair).items():
        state |= {f"{name}/{key}": value for key, value in part.state().items()}
    return state


def pair_of(state: State, name: str) -> Pair:
    """The pair that `state` was taken of."""
    n_in, n_hidden, n_out = _sizes(state, "filter/sizes", name)
    seed = [int(each) for each in np.atleast_1d(_get(state, "seed", name))]
    dtype = _get(state, "a", name).dtype
    if dtype not in (np.float32, np.float64):
        raise ValueError(f'state["{name}/a"] has dtype {dtype}; expected float32 or float64.')
    head = _get(state, "head", name)
    n_classes, rest = divmod(head.size, n_out + 1)
    if rest or n_classes < 2:
        raise ValueError(
            f'state["{name}/head"] has {head.size} numbers, which do not fit {n_out} channels.'
        )
    task = TaskNetwork(n_in, n_out, n_classes, n_hidden=n_hidden, dtype=dtype, seed=seed)
    pair = Pair(str(_get(state, "key", name)), task, seed)
    if "student/sizes" in state:
        pair.student_filter(_sizes(state, "student/sizes", name)[0])
    _check(state, of_pair(pair), name)
    for key, array in _arrays(pair).items():
        array[:] = state[key]
    for prefix, part in _parts(pair).items():
        part.load({k.removeprefix(f"{prefix}/"): state[k] for k in state if _under(k, prefix)})
    return pair


def described(pairs: list[Pair]) -> str:
    """Layers and their sizes, to compare and to show."""
    each = []
    for pair in pairs:
        n_in, n_out = pair.task.filter.n_in, pair.task.filter.n_out
        n_hidden = len(pair.task.filter.mean)
        named = f"{pair.key!r}: " if pair.key else ""
        each.append(
            f"{named}{n_in} channels, {n_hidden} hidden, {n_out} filtered, {pair.task.n_classes} "
            f"classes, {pair.dtype}"
        )
    return "; ".join(each)


def within(state: State, prefix: str) -> State:
    """What lies under a prefix, without it."""
    return {k.removeprefix(f"{prefix}/"): v for k, v in state.items() if _under(k, prefix)}


def checked(state: Any) -> State:
    """Arrays by name of this version."""
    if not hasattr(state, "keys"):
        raise TypeError(
            f"state must be what state_dict() gave, or numpy.load of it; got {type(state).__name__}"
        )
    found = {str(key): np.asarray(state[key]) for key in state}
    version = found.get("version")
    if version is None or version.size != 1 or version.item() != VERSION:
        said = "has no version" if version is None else f"has the version {version}"
        raise ValueError(
            f"state {said}, this pidtools reads version {VERSION}; load it with the pidtools that "
            "wrote it, or train anew."
        )
    return found


def entry(state: State, key: str) -> Array:
    """One array of a state as a whole."""
    if key not in state:
        raise ValueError(f'state lacks "{key}"; pass the whole of what state_dict() gave.')
    return state[key]


def whole(state: State, key: str) -> int:
    """One whole number of a state, at least 0."""
    found = entry(state, key)
    if found.size != 1 or found.dtype.kind not in "iu" or found.item() < 0:
        raise ValueError(f'state["{key}"] must be a whole number from 0 on; got {found}.')
    return int(found.item())


def _get(state: State, key: str, name: str) -> Array:
    if key not in state:
        raise ValueError(f'state lacks "{name}/{key}"; pass the whole of what state_dict() gave.')
    return state[key]


def _sizes(state: State, key: str, name: str) -> tuple[int, int, int]:
    sizes = _get(state, key, name)
    if sizes.shape != (3,) or sizes.dtype.kind not in "iu" or sizes.min() < 1:
        raise ValueError(f'state["{name}/{key}"] must be three whole numbers; got {sizes}.')
    a, b, c = sizes.tolist()
    return a, b, c


def _check(state: State, template: State, name: str) -> None:
    for key, expected in template.items():
        found = _get(state, key, name)
        if found.shape != expected.shape:
            raise ValueError(
                f'state["{name}/{key}"] has the shape {found.shape}; expected {expected.shape}.'
            )
        if expected.dtype.kind == "f" and (
            found.dtype != expected.dtype or not np.isfinite(found).all()
        ):
            raise ValueError(
                f'state["{name}/{key}"] must be finite and {expected.dtype}; it has dtype '
                f"{found.dtype}."
            )
        if key.endswith(("n_steps", "n_batches")):
            _validate.check_integer(found.item(), f'state["{name}/{key}"]', minimum=0)
    unknown = sorted(set(state) - set(template))
    if unknown:
        raise ValueError(f'state has "{name}/{unknown[0]}", which nothing here takes.')


def _arrays(pair: Pair) -> State:
    return {"a": pair.a, "sigma": pair.sigma, "head": pair.task.head}


def _parts(pair: Pair) -> dict[str, Filter | Adam]:
    parts: dict[str, Filter | Adam] = dict(pair.task.parts())
    parts["moments_of_a"] = pair.moments[1]
    if pair.student is not None:
        parts |= {"student": pair.student, "moments_of_student": pair.moments[0]}
    return parts


def _under(key: str, prefix: str) -> bool:
    return key.startswith(f"{prefix}/")
