"""What holds arrays and is none: refused, with the line that makes one array of it."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, Mapping, Set, ValuesView
from typing import Any

import numpy as np

# Bytes of a dense copy above which a sparse matrix is better reduced than copied.
LARGEST_DENSE = 2**30
# What such a matrix is reduced to.
COMPONENTS = 64
# Items of a list that are no arrays, whatever else they are.
PLAIN = {bool, int, float, complex, str, bytes, list, tuple, type(None)}
# Items of a list that a message names, and those that are looked at to tell what a list holds.
MOST_SHOWN = 3


def refuse_container(X: Any, name: str) -> None:
    """Refuse what NumPy would take for one value, or could read only once.

    Raises
    ------
    TypeError
    """
    kind = type(X).__name__
    if isinstance(X, Mapping):
        raise TypeError(_of_mapping(X, name))
    if isinstance(X, (KeysView, ItemsView, ValuesView, Iterator)):
        raise TypeError(f"{name} must be an array; got {kind}: pass list({name}).")
    if isinstance(X, Set):
        raise TypeError(
            f"{name} is a {kind}, which has no order; pass an array or a list with one row a "
            "sample."
        )
    if isinstance(X, bytes):
        raise TypeError(f"{name} must be an array; got {kind}.")
    if hasattr(X, "collect") and hasattr(X, "collect_schema"):
        raise TypeError(f"{name} is a {kind}, which is not computed yet; pass {name}.collect().")


def _of_mapping(X: Mapping[Any, Any], name: str) -> str:
    kind = type(X).__name__
    first = next(iter(X), None)
    if first is None:
        return f"{name} must be an array; got {kind}, an empty one."
    pick = (
        f"{name} must be an array; got {kind}: pass one of its {len(X)}, such as {name}[{first!r}]"
    )
    every = {
        "T": 'pidtools.distillation_map(T, {"S": S}, Y), or distillation_map(T, S, Y) where S is '
        "such a mapping too",
        "S": 'pidtools.distillation_map({"T": T}, S, Y)',
    }
    return f"{pick}; all layers: {every[name]}." if name in every else f"{pick}."


def refuse_sparse(X: Any, name: str) -> None:
    """Refuse matrices of SciPy.

    Raises
    ------
    TypeError
    """
    if not (hasattr(X, "toarray") and hasattr(X, "nnz")):
        return
    size = 8 * int(np.prod([float(n) for n in X.shape]))
    if size <= LARGEST_DENSE:
        raise TypeError(f"{name} is a sparse matrix; pass {name}.toarray().")
    raise TypeError(
        f"{name} is a sparse matrix of shape {X.shape}, {size / 2**30:.0f} GiB as an array; reduce "
        f"it: sklearn.decomposition.TruncatedSVD({COMPONENTS}).fit_transform({name})."
    )


def refuse_masked(X: Any, name: str, *, rows: bool) -> None:
    """Refuse arrays with masked entries, which are missing.

    Raises
    ------
    ValueError
    """
    if not np.ma.isMaskedArray(X) or X.dtype.names is not None:
        return
    mask = np.ma.getmaskarray(X)
    if not mask.any():
        return
    if not rows:
        raise ValueError(
            f"{name} is a masked array with {int(mask.sum())} masked entries; pass "
            f"{name}.filled(0) where these are empty."
        )
    by_row = mask.any(axis=tuple(range(1, mask.ndim))).reshape(-1)
    if by_row.all():
        raise ValueError(
            f"{name} is a masked array with masked entries in all of its {len(by_row)} rows; fill "
            "them in, or leave out the columns that have them."
        )
    axes = {0: "", 1: "", 2: ".any(axis=1)"}.get(mask.ndim, f".any(axis={(*range(1, mask.ndim),)})")
    raise ValueError(
        f"{name} is a masked array with masked entries in {int(by_row.sum())} rows; leave those "
        f"rows out of T, S and Y together: keep = ~numpy.ma.getmaskarray({name}){axes}, then "
        f"{name}[keep] and so with the others."
    )


def refuse_tensor(X: Any, name: str) -> None:
    """Refuse tensors that NumPy can't read as they are.

    Raises
    ------
    TypeError
    """
    if getattr(X, "is_nested", False) is True:
        raise TypeError(
            f"{name} is a nested tensor, of rows of several lengths; pass one row of numbers a "
            f"sample, such as torch.stack([part.mean(0) for part in {name}.unbind()])."
        )
    device = getattr(getattr(X, "device", None), "type", "cpu")
    if device == "meta":
        raise TypeError(
            f"{name} is a tensor on the device meta, which holds no numbers; compute it first."
        )
    if str(getattr(X, "layout", "torch.strided")) not in ("torch.strided", "None"):
        raise TypeError(f"{name} is a sparse tensor; pass {name}.to_dense().")
    if getattr(X, "is_quantized", False) is True:
        raise TypeError(f"{name} is a quantized tensor; pass {name}.dequantize().")
    if str(getattr(X, "dtype", "")).startswith("torch.complex"):
        raise TypeError(
            f"{name} is complex; pass its parts side by side: "
            f"torch.view_as_real({name}.detach().cpu().resolve_conj().reshape(len({name}), -1))"
            ".flatten(1)."
        )
    if getattr(X, "requires_grad", False) is True or device != "cpu":
        where = f"lives on {device}" if device != "cpu" else "requires grad"
        raise TypeError(f"{name} is a tensor that {where}; pass {name}{_plain(X)}.")
    if _is_tensor(X) and X.is_neg():
        raise TypeError(f"{name} is a view of negative numbers; pass {name}.resolve_neg().")


def _is_tensor(X: Any) -> bool:
    return hasattr(X, "detach") and hasattr(X, "is_neg")


def _plain(X: Any) -> str:
    """What makes an array of NumPy of a tensor; it has no bfloat16 and no float8."""
    small = str(getattr(X, "dtype", "")).startswith(("torch.bfloat16", "torch.float8"))
    return f".detach().cpu(){'.float()' if small else ''}.numpy()"


def refuse_parts(X: Any, name: str) -> None:
    """Refuse lists of arrays that are no rows: batches, layers, rows of several lengths.

    Raises
    ------
    TypeError
    """
    if not isinstance(X, list | tuple) or set(map(type, X)) <= PLAIN:
        return
    _refuse_tensors(X, name)
    shapes = [_shape_of(part) for part in X]
    if not any(shapes):
        return
    if all(shape is not None and len(shape) == 0 for shape in shapes):
        return
    if any(shape is None or len(shape) == 0 for shape in shapes):
        raise TypeError(
            f"{name} is a {type(X).__name__} of arrays among other things (item 0 is a "
            f"{type(X[0]).__name__}); pass one array with one row a sample."
        )
    known: list[tuple[int, ...]] = [shape for shape in shapes if shape is not None]
    if len({len(shape) for shape in known}) == 1 and len(known[0]) == 1 and len(set(known)) == 1:
        return  # rows
    raise TypeError(_of_parts(type(X).__name__, known, name))


def _shape_of(part: Any) -> tuple[int, ...] | None:
    shape = getattr(part, "shape", None)
    try:
        return None if shape is None else tuple(int(n) for n in shape)
    except (TypeError, ValueError):  # axes of unknown length
        return None


def _refuse_tensors(X: Any, name: str) -> None:
    """A list of tensors, each of which would have to be taken from its device."""
    if not all(_is_tensor(part) for part in X):
        return
    plain = _plain(X[0])
    awkward = [
        part.requires_grad or part.device.type != "cpu" or ".float()" in _plain(part) for part in X
    ]
    if not any(awkward):
        return
    same = len({tuple(part.shape) for part in X}) == 1 and X[0].ndim < 2
    whole = f"torch.stack({name})" if same else f"torch.cat({name})"
    raise TypeError(
        f"{name} is a {type(X).__name__} of {len(X)} tensors that NumPy can't read as they are; "
        f"pass {whole}{plain}."
    )


def _of_parts(kind: str, shapes: list[tuple[int, ...]], name: str) -> str:
    shown = ", ".join(map(str, shapes[:MOST_SHOWN])) + (", ..." if len(shapes) > MOST_SHOWN else "")
    start = f"{name} is a {kind} of {len(shapes)} arrays of shape {shown}"
    batches = f"batches of rows: numpy.concatenate({name})"
    if len({shape[1:] for shape in shapes}) > 1:
        return f"{start}; pass one of them, such as {name}[0]{_map_of_layers(name)}."
    ways = [batches]
    if len(set(shapes)) == 1:
        if len(shapes[0]) > 1:
            ways.append(f"layers: one of them, such as {name}[0]{_map_of_layers(name)}")
        if len(shapes[0]) == 2:
            ways.append(f'samples of several tokens: pidtools.pool({name}, "mean", layout="ntd")')
    listed = "; if they are ".join(ways)
    return f"{start}; pass one array with one row a sample. If these are {listed}."


def _map_of_layers(name: str) -> str:
    layers = f"{{str(k): layer for k, layer in enumerate({name})}}"
    every = {
        "T": f'pidtools.distillation_map({layers}, {{"S": S}}, Y)',
        "S": f'pidtools.distillation_map({{"T": T}}, {layers}, Y)',
    }
    return f", or all: {every[name]}" if name in every else ""
