"""The door of this wing: layers and labels as users have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pidtools import _validate
from pidtools._types import Array, Codes

Named = dict[str, Array]


def layers(X: Any, name: str) -> Named:
    """Layers by name: those of a mapping, of a list or tuple of arrays, or the one array, "".

    Each comes as float32 or float64, shape (n, d) or (n, c, h, w), finite.
    """
    if isinstance(X, Mapping):
        found = {str(key): X[key] for key in X}
    elif _is_several(X):
        found = {str(k): each for k, each in enumerate(X)}
    else:
        found = {"": X}
    if not found:
        raise ValueError(f"{name} holds no layers; pass one array, or several with names.")
    clean = {key: _layer(each, label(name, key)) for key, each in found.items()}
    rows = {label(name, key): len(each) for key, each in clean.items()}
    if len(set(rows.values())) > 1:
        listed = ", ".join(f"{which} has {n} rows" for which, n in rows.items())
        raise ValueError(f"The layers of {name} must have one row a sample: {listed}.")
    return clean


def like(X: Any, values: Named) -> Any:
    """`values` in the form of `X`: one array, a list, or a mapping with its own keys."""
    if isinstance(X, Mapping):
        return {key: values[str(key)] for key in X}
    return list(values.values()) if _is_several(X) else values[""]


def label(name: str, key: str) -> str:
    """What to call a layer in a message."""
    if not key:
        return name
    return f"{name}[{key}]" if key.isdigit() else f'{name}["{key}"]'


def _is_several(X: Any) -> bool:
    return isinstance(X, (list, tuple)) and any(getattr(each, "ndim", 0) >= 2 for each in X)


def _layer(X: Any, name: str) -> Array:
    array = _validate.as_array(X, name)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} has dtype {array.dtype}; pass numbers.")
    if array.ndim == 3:
        raise ValueError(
            f"{name} has the shape {array.shape}; pass (n, d) or feature maps (n, c, h, w). Tokens "
            f'become one row a sample with pidtools.pool({name}, "mean", layout="ntd"), and stay '
            f"apart as {name}.transpose(0, 2, 1)[..., None]."
        )
    if array.ndim not in (2, 4):
        raise ValueError(
            f"{name} has the shape {array.shape}; pass (n, d) or feature maps (n, c, h, w)."
        )
    if 0 in array.shape:
        raise ValueError(f"{name} is empty: its shape is {array.shape}.")
    array = array.astype(working_type(array), copy=False)
    if not np.isfinite(array).all():
        where = np.argwhere(~np.isfinite(array))[0]
        raise ValueError(
            f"{name} has {array[tuple(where)]} at {where.tolist()}; the network has diverged or "
            "the rows are broken: drop them from all arrays together, or lower the learning rate."
        )
    return array


def working_type(array: Array) -> Any:
    """float32 of what fits into it, float64 otherwise."""
    narrow = array.dtype.kind == "f" and array.dtype.itemsize <= 4
    return np.float32 if narrow else np.float64


def pairs(T: Named, S: Named) -> None:
    """Refuse layers of T and S that do not go with each other."""
    if T.keys() != S.keys():
        raise ValueError(
            "T and S must hold the same layers, each teacher layer beside its student layer: T has "
            f"{listed(T)}, S has {listed(S)}."
        )
    for key, t in T.items():
        s, of_t, of_s = S[key], label("T", key), label("S", key)
        if len(t) != len(s):
            raise ValueError(
                f"T and S must have one row a sample: {of_t} has {len(t)}, {of_s} {len(s)}."
            )
        if t.shape[2:] != s.shape[2:]:
            raise ValueError(
                f"{of_t} and {of_s} must have the same places: the shapes are {t.shape} and "
                f"{s.shape}. {_how_to_match(t, s, of_t, of_s)}"
            )


def listed(layers: Mapping[str, Any]) -> str:
    """Names of layers for a message."""
    return "one array without a name" if "" in layers else ", ".join(map(repr, layers))


def _how_to_match(t: Array, s: Array, of_t: str, of_s: str) -> str:
    if t.ndim != s.ndim:
        maps = of_t if t.ndim > s.ndim else of_s
        return f'Pool {maps}: pidtools.pool({maps}, "mean", layout="nchw").'
    larger, (h, w), small = (
        (of_t, t.shape[2:], s.shape[2:])
        if t.shape[2:] > s.shape[2:]
        else (of_s, s.shape[2:], t.shape[2:])
    )
    if h % small[0] or w % small[1]:
        return f"Pool {larger} to {small}, or take layers of the same size."
    shape = f"-1, {larger}.shape[1], {small[0]}, {h // small[0]}, {small[1]}, {w // small[1]}"
    return f"Pool the larger one: {larger}.reshape({shape}).mean((3, 5))."


def channels(array: Array, expected: int, name: str) -> None:
    """Refuse another number of channels than in earlier calls."""
    if array.shape[1] != expected:
        raise ValueError(
            f"{name} has {array.shape[1]} channels, in earlier calls it had {expected}; pass the "
            "same layer, or start anew for another one."
        )


def same_shape(**arrays: Any) -> list[Array]:
    """Arrays of one shape and one type, or an error that tells the shapes."""
    clean = [_layer(each, name) for name, each in arrays.items()]
    if len({each.shape for each in clean}) > 1:
        listed = ", ".join(f"{n} {c.shape}" for n, c in zip(arrays, clean, strict=True))
        raise ValueError(f"{' and '.join(arrays)} must have the same shape; got {listed}.")
    dtype = np.result_type(*clean)
    return [each.astype(dtype, copy=False) for each in clean]


def overflowing() -> np.errstate:
    """Where numbers may leave the floats, before `finite` finds that they did."""
    return np.errstate(over="ignore", invalid="ignore")


def finite(values: Array, name: str) -> None:
    """Refuse gradients whose squares are not finite, before anything was changed by them."""
    with np.errstate(over="ignore", invalid="ignore"):
        fine = np.isfinite(np.vdot(values, values)) or np.isfinite(values * values).all()
    if not fine:
        raise ValueError(
            f"The gradient of {name} is not finite, or its square is not, and this batch changed "
            f"nothing; the activations are too large for {values.dtype}: standardise them, lower "
            "the learning rate, or pass float64."
        )


def classes(Y: Any, name: str) -> Array:
    """The distinct labels of `classes=` or of the first Y, at least two, in order."""
    return _validate.check_labels(Y, name)[1]


def codes(Y: Any, known: Array, n_rows: int) -> Codes:
    """Place of each label among the classes of `warm_up`."""
    array = _validate.as_array(Y, "Y")
    if array.dtype == object:
        array = np.array([str(each) if isinstance(each, str) else each for each in array])
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or len(array) != n_rows:
        raise ValueError(
            f"Y must have one label a row: its shape is {array.shape}, T has {n_rows} rows."
        )
    if array.dtype.kind not in "biufUS":
        raise TypeError(f"Y has dtype {array.dtype}; pass integers, bools or strings.")
    if (array.dtype.kind in "US") == (known.dtype.kind in "US"):
        place = np.minimum(np.searchsorted(known, array), len(known) - 1)
        strange = array[known[place] != array]
    else:
        place, strange = np.zeros(0, dtype=np.int64), array
    if len(strange):
        shown = ", ".join(repr(each) for each in np.unique(strange)[:5].tolist())
        raise ValueError(
            f"Y has labels that warm_up did not see: {shown}. Its classes were "
            f"{', '.join(repr(each) for each in known[:10].tolist())}; where first batches lack "
            "some, name all of them in warm_up(..., classes=...)."
        )
    found: Codes = place.astype(np.int64)
    return found


def weights(values: Any, n_layers: int) -> list[float]:
    """One weight a layer pair, at least 0 and finite; 1 each if None."""
    if values is None:
        return [1.0] * n_layers
    array = np.asarray(values, dtype=np.float64).reshape(-1)
    if len(array) != n_layers:
        raise ValueError(
            f"layer_weights has {len(array)} numbers for {n_layers} layer pairs; pass one for each."
        )
    return [float(each) for each in array]


def all_weights(values: Any) -> Any:
    """`layer_weights`, before it is known how many layers there are."""
    if values is None:
        return None
    if isinstance(values, Mapping):
        raise TypeError("layer_weights must be a sequence of numbers, in the order of the layers.")
    try:
        array = np.asarray(values, dtype=np.float64).reshape(-1)
    except (TypeError, ValueError):
        raise TypeError(f"layer_weights must be numbers; got {values!r}.") from None
    if not (np.isfinite(array).all() and (array >= 0).all() and array.sum() > 0):
        raise ValueError(
            "layer_weights must be finite, at least 0 and not all 0; got "
            f"{array.tolist()}. To train without distillation leave the loss out."
        )
    return array
