"""Summaries as files: an archive of plain arrays and a header, without pickles and without layers.

What a summary holds of the layer itself is left out, so a file is about as large as the posteriors
or codes in it. All that a file says is checked before it is believed: its digest, and whether its
numbers can be those of a summary.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from pidtools import _outputs, _remarks, _validate, _warnings
from pidtools._cells.binning import Binning, KMeansBinning, Symbols
from pidtools._cells.summary import CellSummary
from pidtools._estimator import Data, Estimator, Summary
from pidtools._lazy_rows import Source, blocks_of
from pidtools._probe.estimator import Probe, ProbeSummary
from pidtools._probe.held_out import Curve
from pidtools._types import Array
from pidtools.activations import _npz
from pidtools.activations._entry import UnreadableError
from pidtools.knn.estimator import KNN, NeighbourSummary, PosteriorSummary

MAGIC = "pidtools summary"
# Raised where a file of before would be misread.
VERSION = 1
HEADER, GROUPS = "summary", "made_from/groups"
# Times the entropy of as many classes as rows, and what no estimate of so many rows is beyond.
MOST_INFORMATION = 8
# Of a header as text, and of summaries that are heard inside of others.
MOST_HEADER, MOST_HEARD = 2**24, 4
SUM_TOLERANCE = 1e-6
# Of posteriors, whose logarithms are kept in single precision: |log p| 2^-24, for p of 1e-300 even.
POSTERIOR_TOLERANCE = 1e-4
NOT_WHOLE = "is not a whole file of a summary; write one by summary.save(path)."
# What a header raises that is not what it should be.
UNUSABLE = (KeyError, TypeError, ValueError, OverflowError, AttributeError, IndexError)
ESTIMATORS: dict[str, type[Estimator[Any]]] = {
    kind.__name__: kind for kind in (Binning, KMeansBinning, KNN, Probe, Symbols)
}
Arrays = dict[str, Array]
Header = dict[str, Any]


@dataclass(frozen=True)
class Form:
    """How a kind of summary is kept.

    Attributes
    ----------
    kind : type
    arrays : mapping of str to (str, str)
        Kind of numbers (i, f or n for either) and shape in letters, by field: n samples, k
        classes, c cells, anything else is of any length; "?" lets it be missing.
    numbers : tuple of str
        Fields that stand in the header as they are.
    layer : str or None
        Field that holds the layer, and is left out.
    """

    kind: type[Summary]
    arrays: Mapping[str, tuple[str, str]]
    numbers: tuple[str, ...] = ()
    layer: str | None = None


CELLS = {"labels": ("i", "n"), "codes": ("i", "n")}
FORMS = {
    "probe": Form(
        ProbeSummary,
        {
            "labels": ("i", "n"),
            "log_posteriors": ("f", "nk"),
            "log_posteriors_from_half": ("f", "nk"),
            "codes": ("i", "n"),
            "table": ("f", "ck"),
            "folds": ("i", "n"),
            "halves": ("i", "n"),
            "keys": ("i", "m"),
            "groups": ("i", "n?"),
            "learned": ("i", "l"),
            "left_out": ("i", "o"),
            "tempering": ("f", "n?"),
        },
        ("bound", "bound_from_half", "random_state"),
        layer="source",
    ),
    "cells": Form(CellSummary, CELLS, ("correction", "seed")),
    "neighbours of labels": Form(PosteriorSummary, CELLS, ("correction", "seed"), layer="features"),
    "neighbours": Form(
        NeighbourSummary, {"labels": ("f", "ny"), "terms": ("f", "n")}, layer="features"
    ),
}


def save(summary: Summary, path: str | PathLike[str]) -> None:
    """Write a summary without its layer; see `Summary.save`."""
    file = _as_path(path)
    header, arrays = _packed(summary, "")
    if summary.data is not None:
        header["made_from"] = _described(summary.data)
        if summary.data.groups is not None:
            arrays[GROUPS] = summary.data.groups
    content = {
        "format": MAGIC,
        "version": VERSION,
        "written_by": _version(),
        "digest": _digest(header, arrays),
        "summary": header,
    }
    text = np.frombuffer(json.dumps(content, allow_nan=False).encode(), dtype=np.uint8)

    def write(target: Path) -> None:
        with target.open("wb") as file:
            np.savez_compressed(file, **{HEADER: text}, **arrays)  # type: ignore[arg-type]

    _outputs.write(file, write)


def _as_path(path: Any) -> Path:
    if not isinstance(path, str | PathLike):
        raise TypeError(f"path must be a string or a path; got {type(path).__name__}.")
    return Path(path)


@_warnings.quiet
def load_summary(path: str | PathLike[str], X: ArrayLike | None = None) -> Summary:
    """Load a summary that was written by `Summary.save`.

    It gives the same numbers to the bit as the one that was saved, with any student. What has to
    look at the layer itself needs `X` again, and says so: the synergy, resamples that fit models or
    bin rows anew, and with a probe all of more than 50 classes.

    Parameters
    ----------
    path : str or path-like
    X : array_like or None
        The layer that the summary was made from, if it is at hand.

    Returns
    -------
    Summary

    Raises
    ------
    ValueError
        If the file is torn, changed, none of a summary, or of a version that is not known here; if
        `X` is another layer, or the summary was made with ``fit_on`` or ``hears`` and cannot take
        one. The message names the file.
    OSError
        If it can't be read.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> import pidtools as pt
    >>> folder = tempfile.TemporaryDirectory()
    >>> file = os.path.join(folder.name, "teacher.npz")
    >>> y = np.arange(4000) % 4
    >>> pt.summarise(y, y).save(file)
    >>> pt.distillable_knowledge(pt.load_summary(file), y // 2, y).distillable
    1.0
    >>> folder.cleanup()
    """
    file = _as_path(path)
    if not file.exists():
        raise ValueError(f"there is no file {file}.")
    if file.is_dir():
        raise ValueError(f"{file} is a folder; give the file that summary.save(path) wrote.")
    try:
        summary, made_from, groups = _read(file)
    except UnreadableError as error:
        raise ValueError(f"{file} {error}") from None
    if X is None:
        return summary
    return _with_layer(summary, _validate.check_source(X, "X"), made_from, groups, file)


def _read(file: Path) -> tuple[Summary, Header, Array | None]:
    """A summary, what is known of its layer, and its groups."""
    with _in_own_words():
        entries = _npz.entries(file)
    text = entries.pop(HEADER, None)
    # Few packed bytes may stand for gigabytes: a header that is too large to be one is not read.
    if text is not None and text.shape is not None and math.prod(text.shape) > MOST_HEADER:
        text = None
    with _in_own_words():
        read = None if text is None else np.asarray(text.load())
    content = _content(read)
    with _in_own_words():
        arrays = {name: np.array(entry.load()) for name, entry in entries.items()}
    header = content.get("summary")
    if not isinstance(header, dict) or content.get("digest") != _digest(header, arrays):
        raise UnreadableError("is damaged: its digest is another one; write it again.")
    try:
        summary = _unpacked(header, arrays, "", MOST_HEARD)
        groups = _taken(arrays, "", GROUPS, "i", "n?", sizes={"n": summary.n_samples})
        made_from = header.get("made_from", {})
        if arrays or not isinstance(made_from, dict):
            raise ValueError("it holds what is no part of a summary")
    except UNUSABLE as error:
        raise UnreadableError(
            f"holds no summary that could be used ({error}); write it again."
        ) from None
    return summary, made_from, groups


@contextmanager
def _in_own_words() -> Iterator[None]:
    """What is unreadable is so as a summary; the advice on arrays does not help there."""
    try:
        yield
    except UnreadableError:
        raise UnreadableError(NOT_WHOLE) from None


def _with_layer(
    summary: Summary, X: Source, made_from: Header, groups: Array | None, file: Path
) -> Summary:
    known = made_from.get("layer")
    if known is None or (isinstance(summary, ProbeSummary) and summary.heard):
        raise ValueError(
            f"{file} holds a summary that was made with fit_on or hears, or that had lost its "
            "layer already, so X can't be put back; summarise X again."
        )
    if known != _digest_of_layer(X):
        raise ValueError(
            f"X is not the layer that the summary in {file} was made from; pass that one, or leave "
            "X out."
        )
    seed = _validate.check_seed(made_from.get("random_state"))
    return summary.with_layer(Data(X, str(made_from.get("name")), groups, seed))


def _content(text: Array | None) -> Header:
    if text is None:
        raise UnreadableError("is no file of a summary; write one by summary.save(path).")
    try:
        if text.dtype != np.uint8 or text.ndim != 1 or len(text) > MOST_HEADER:
            raise ValueError
        content = json.loads(text.tobytes())
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or content.get("format") != MAGIC:
        raise UnreadableError("is no file of a summary; write one by summary.save(path).")
    if content.get("version") != VERSION:
        raise UnreadableError(
            f"is of version {content.get('version')!r}, written by pidtools "
            f"{content.get('written_by')}; this is pidtools {_version()}, which reads version "
            f"{VERSION}. Make the summary again from its layer."
        )
    return content


def _packed(summary: Summary, prefix: str) -> tuple[Header, Arrays]:
    """Header and arrays of a summary, whose names begin with `prefix`."""
    name, form = _form(summary)
    arrays = {f: getattr(summary, f) for f in form.arrays}
    header: Header = {
        "kind": name,
        "estimator": _options(summary.estimator),
        "information": float(summary.information),
        "remarks": _remarks.packed(summary.remarks),
        "numbers": {f: getattr(summary, f) for f in form.numbers},
    }
    if form.layer is not None:
        layer = getattr(summary, form.layer)
        header["layer"] = [layer.dtype.str, *layer.shape[1:]]
    if isinstance(summary, CellSummary):
        counts = summary.counts
        header["n_classes"] = int(counts.shape[1])
        arrays |= {f"counts/{part}": getattr(counts, part) for part in COUNTS}
    packed = {f"{prefix}{key}": array for key, array in arrays.items() if array is not None}
    if isinstance(summary, ProbeSummary):
        header["weights"] = {key: float(w) for key, w in summary.weights.items()}
        header["curve"] = dataclasses.asdict(summary.curve)
        header["heard"] = {}
        for k, (key, heard) in enumerate(summary.heard.items()):
            header["heard"][key], further = _packed(heard, f"{prefix}heard/{k}/")
            packed |= further
    return header, packed


COUNTS = ("data", "indices", "indptr")


def _form(summary: Summary) -> tuple[str, Form]:
    for name, form in FORMS.items():
        if type(summary) is form.kind:
            return name, form
    raise TypeError(
        f"A summary by {summary.estimator!r} is made of the layer itself and can't be saved "
        "without it; save the layer, and summarise it again."
    )


def _options(estimator: Estimator[Any]) -> Header:
    kind = type(estimator)
    if ESTIMATORS.get(kind.__name__) is not kind:
        raise TypeError(
            f"{kind.__name__} is not one of the library's own estimators, and what it holds can't "
            "be written without pickle; save the layer, and summarise it again."
        )
    options = {f.name: getattr(estimator, f.name) for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    if options.get("classifier") is not None:
        raise TypeError(
            "A probe with a classifier of your own can't be written without pickle; save the "
            "layer, and summarise it again."
        )
    return {"kind": kind.__name__, "options": options}


def _described(data: Data) -> Header:
    """What tells whether a layer is the one that a summary was made from."""
    return {
        "name": data.name,
        "random_state": data.random_state,
        "layer": None if data.lesson is not None else _digest_of_layer(data.X),
    }


def _unpacked(header: Header, arrays: Arrays, prefix: str, depth: int) -> Summary:
    """The summary of a header; takes its arrays out of all that there are."""
    form = FORMS[header["kind"]]
    sizes: dict[str, int] = {}
    fields: dict[str, Any] = {
        name: _taken(arrays, prefix, name, *form.arrays[name], sizes=sizes) for name in form.arrays
    }
    fields |= {name: header["numbers"][name] for name in form.numbers}
    estimator = _estimator_of(header["estimator"])
    fields |= {
        "estimator": estimator,
        "information": _information(header["information"], fields),
        "remarks": _remarks.unpacked(header["remarks"]),
    }
    if form.layer is not None:
        dtype, *width = header["layer"]
        fields[form.layer] = np.zeros((0, *map(int, width)), dtype=_plain(dtype))
    if issubclass(form.kind, CellSummary):
        fields["counts"] = _counts(header, arrays, prefix, sizes["n"], fields["codes"])
        _check_codes(fields["labels"], "labels", fields["counts"].shape[1])
        _check_seed(fields["seed"])
    if form.kind is ProbeSummary:
        fields |= _of_probe(header, fields)
        heard = header["heard"]
        if heard and depth == 0:
            raise ValueError("summaries are heard inside of too many others")
        fields["heard"] = {
            key: _unpacked(inner, arrays, f"{prefix}heard/{k}/", depth - 1)
            for k, (key, inner) in enumerate(heard.items())
        }
        if not all(isinstance(x, ProbeSummary) for x in fields["heard"].values()):
            raise ValueError("what it hears is no probe")
    return form.kind(**fields)


def _taken(
    arrays: Arrays, prefix: str, name: str, kind: str, shape: str, *, sizes: dict[str, int]
) -> Array | None:
    """An array of the kind and shape that its field has, taken out of all."""
    letters = shape.rstrip("?")
    if f"{prefix}{name}" not in arrays and shape.endswith("?"):
        return None
    array = arrays.pop(f"{prefix}{name}")
    if array.dtype.kind != kind or array.ndim != len(letters):
        raise ValueError(f"{name} has dtype {array.dtype} and shape {array.shape}")
    for letter, size in zip(letters, array.shape, strict=True):
        if sizes.setdefault(letter, size) != size:
            raise ValueError(f"{name} has shape {array.shape} and does not fit the others")
    if kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinite numbers")
    return array


def _counts(header: Header, arrays: Arrays, prefix: str, n: int, codes: Array) -> csr_array:
    n_classes = _whole(header["n_classes"], "n_classes")
    parts = [arrays.pop(f"{prefix}counts/{part}") for part in COUNTS]
    n_cells = len(parts[2]) - 1
    _check_codes(codes, "codes", n_cells)
    counts = csr_array(tuple(parts), shape=(n_cells, n_classes))
    counts.check_format(full_check=True)
    if counts.data.dtype.kind not in "if" or not (counts.data > 0).all():
        raise ValueError("counts are no numbers of samples")
    if abs(counts.sum() - n) > SUM_TOLERANCE * n:
        raise ValueError(f"counts are of {counts.sum():g} samples, and there are {n}")
    return counts


def _of_probe(header: Header, fields: Header) -> Header:
    """What a probe has beside arrays and numbers; refuses what its arrays can't hold."""
    table, n_classes = fields["table"], fields["log_posteriors"].shape[1]
    n, n_learned = len(fields["labels"]), len(fields["learned"])
    for name, most in (("labels", n_classes), ("learned", n_classes), ("codes", len(table)),
                       ("folds", n), ("halves", n), ("left_out", 2**62)):  # fmt: skip
        _check_codes(fields[name], name, most)
    if len(fields["keys"]) != n + n_learned:
        raise ValueError(f"keys are of {len(fields['keys'])} rows, and there are {n + n_learned}")
    if (table < 0).any() or abs(table.sum() - 1) > SUM_TOLERANCE:
        raise ValueError(f"table is no pmf: it sums to {table.sum():.6g}")
    for name in POSTERIORS:
        with np.errstate(over="ignore"):
            sums = np.exp(fields[name], dtype=np.float64).sum(axis=1)
        off = np.abs(sums - 1).max(initial=0)
        if off > POSTERIOR_TOLERANCE:
            raise ValueError(f"{name} of a row sum to 1 but for {off:.2g}")
    for name in ("bound", "bound_from_half"):
        _finite(fields[name], name)
    _check_seed(fields["random_state"])
    curve = {key: _finite(value, key) for key, value in header["curve"].items()}
    weights = {str(key): _finite(w, "weights") for key, w in header["weights"].items()}
    return {"curve": Curve(**curve), "weights": weights}


POSTERIORS = ("log_posteriors", "log_posteriors_from_half")


def _estimator_of(header: Header) -> Estimator[Any]:
    options = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in header["options"].items()
    }
    return ESTIMATORS[header["kind"]](**options)


def _plain(dtype: Any) -> np.dtype[Any]:
    found = np.dtype(str(dtype))
    if found.kind not in "biuf":
        raise ValueError(f"a layer has dtype {found}")
    return found


def _finite(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise ValueError(f"{name} is {value!r}")
    return float(value)


def _information(value: Any, fields: Header) -> float:
    """Of a layer about Y; no correction takes it beyond some times the entropy of as many rows."""
    found, n = _finite(value, "information"), len(fields["labels"])
    if abs(found) > MOST_INFORMATION * np.log2(n + 2):
        raise ValueError(f"information is {found:.3g} bits, more than {n} rows can tell")
    return found


def _whole(value: Any, name: str) -> int:
    return _validate.check_integer(value, name, minimum=0)


def _check_seed(value: Any) -> None:
    _whole(value, "a seed")


def _check_codes(codes: Array, name: str, most: int) -> None:
    if len(codes) and not 0 <= codes.min() <= codes.max() < most:
        raise ValueError(f"{name} lie outside of 0 to {most - 1}")


def _digest(header: Header, arrays: Arrays) -> str:
    state = hashlib.blake2b(json.dumps(header, sort_keys=True).encode(), digest_size=20)
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        state.update(f"{name} {array.dtype.str} {array.shape}".encode())
        state.update(array.tobytes())
    return state.hexdigest()


def _digest_of_layer(X: Source) -> str:
    """Of the numbers or words of a layer, wherever and in whatever precision they lie."""
    state = hashlib.blake2b(f"{X.shape}".encode(), digest_size=20)
    rows = X.reshape(-1, 1) if isinstance(X, np.ndarray) and X.ndim == 1 else X
    for _, block in blocks_of(rows):
        state.update(_in_one_precision(block).tobytes())
    return state.hexdigest()


def _in_one_precision(block: Array) -> Array:
    kind = block.dtype.kind
    if kind in "bi" or (kind == "u" and block.dtype.itemsize < 8):
        return np.ascontiguousarray(block, dtype=np.int64)
    if kind == "f":
        return np.ascontiguousarray(block, dtype=np.float64)
    return np.array(block.tolist()) if kind in "US" else np.ascontiguousarray(block)


def _version() -> str:
    try:
        return version("pidtools")
    except PackageNotFoundError:  # run from its folder, without an installation
        return "of an unknown version"
