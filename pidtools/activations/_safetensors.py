"""Files of safetensors: a header in JSON, then the bytes of all tensors, mapped where they lie."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from pidtools.activations._entry import Entry, UnreadableError, mapped_at, unreadable
from pidtools.activations._npy import float8

BROKEN = "is not a whole .safetensors file; save it with safetensors.numpy.save_file."
# The format's own limit.
LONGEST_HEADER = 100_000_000
MOST_AXES = 64
PLAIN = {
    "BOOL": "?",
    "U8": "u1",
    "I8": "i1",
    "U16": "<u2",
    "I16": "<i2",
    "U32": "<u4",
    "I32": "<i4",
    "U64": "<u8",
    "I64": "<i8",
    "F16": "<f2",
    "F32": "<f4",
    "F64": "<f8",
    "BF16": "V2",
}
FLOAT8 = {"F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "F8_E8M0": "float8_e8m0fnu"}


def looks_like(start: bytes) -> bool:
    """Whether the first bytes are those of such a file."""
    return len(start) >= 9 and start[8:9] == b"{" and int.from_bytes(start[:8], "little") < 2**40


def entries(path: Path) -> dict[str, Entry]:
    """Tensors by their names, in the order in which their bytes lie in the file."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        n = int.from_bytes(start, "little")
        if len(start) < 8 or n < 2:
            raise UnreadableError(BROKEN)
        if n > LONGEST_HEADER:
            raise UnreadableError(
                f"has a header of {n} bytes, more than the format allows; {BROKEN[3:]}"
            )
        if 8 + n > size:
            raise UnreadableError(BROKEN)
        text = file.read(n)
    said = _parsed(text)
    said.pop("__metadata__", None)
    found = {key: _Tensor(path, 8 + n, value) for key, value in said.items()}
    spans = sorted(found.items(), key=lambda item: (item[1].begin, item[1].end))
    _check_spans(spans, size - 8 - n)
    return {key: tensor.entry() for key, tensor in spans}


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        said = json.loads(text, object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError):
        raise UnreadableError(BROKEN) from None
    if not isinstance(said, dict):
        raise UnreadableError(BROKEN)
    return said


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


class _Tensor:
    """What the header says of one tensor."""

    def __init__(self, path: Path, start: int, said: Any) -> None:
        try:
            self.kind, shape, (begin, end) = said["dtype"], said["shape"], said["data_offsets"]
        except (TypeError, KeyError, ValueError):
            raise UnreadableError(BROKEN) from None
        is_plain = isinstance(shape, list) and isinstance(self.kind, str)
        numbers = [*shape, begin, end] if is_plain else [None]
        if not all(type(n) is int and n >= 0 for n in numbers) or len(shape) > MOST_AXES:
            raise UnreadableError(BROKEN)
        self.path, self.start = path, start
        self.shape, self.begin, self.end = tuple(shape), begin, end

    def entry(self) -> Entry:
        if self.kind not in PLAIN and self.kind not in FLOAT8:
            return unreadable(f"holds {self.kind!r}, which is not read here; save it as float32.")
        n = math.prod(self.shape) * np.dtype(PLAIN.get(self.kind, "u1")).itemsize
        if n != self.end - self.begin:
            return unreadable(
                f"has the shape {self.shape} of {self.kind}, {n} bytes, and offsets of "
                f"{self.end - self.begin} bytes in its header; {BROKEN[3:]}"
            )
        return Entry(shape=self.shape, dtype=self.kind, load=self._load)

    def _load(self) -> Any:
        plain = PLAIN.get(self.kind)
        dtype = np.dtype(plain) if plain else float8(FLOAT8[self.kind])
        return mapped_at(self.path, self.start + self.begin, self.shape, dtype)


def _check_spans(spans: list[tuple[str, _Tensor]], n_bytes: int) -> None:
    """Refuse tensors that overlap or end behind the file."""
    last, before = 0, ""
    for key, tensor in spans:
        if tensor.end < tensor.begin:
            raise UnreadableError(f"says that {key!r} ends before it begins; {BROKEN[3:]}")
        if tensor.begin < last:
            raise UnreadableError(f"says that {before!r} and {key!r} overlap; {BROKEN[3:]}")
        if tensor.end > n_bytes:
            raise UnreadableError(
                f"says that {key!r} ends at byte {tensor.end} of its data, of which {n_bytes} are "
                "there: it is cut off; save it again, or copy the whole file."
            )
        last, before = tensor.end, key
