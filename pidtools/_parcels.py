"""What travels between processes and to disk: objects without the arrays that the other side has.

An array that is mapped from a file travels as the file's name and where it lies in there; an array
that the receiver holds already travels by its name. Everything else is pickled.
"""

from __future__ import annotations

import hashlib
import io
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pidtools._file_rows import backing_map, place_in_file
from pidtools._types import Array

# Bytes at either end of a mapped array that tell whether the file is still the same one.
ENDS = 4096


@dataclass(frozen=True)
class Mapped:
    """Where an array lies in a file.

    Attributes
    ----------
    ends : bytes
        A digest of both ends of it.
    """

    path: Path
    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    order: str
    ends: bytes

    @classmethod
    def of(cls, array: Array) -> Mapped | None:
        """Of an array that is a contiguous part of a file mapped for reading; None of others."""
        root = _root(array)
        if root is None or not array.size or array.dtype.hasobject:
            return None
        order = "C" if array.flags.c_contiguous else "F" if array.flags.f_contiguous else None
        if order is None:
            return None
        return cls(
            Path(str(root.filename)),
            place_in_file(array, root),
            array.shape,
            array.dtype,
            order,
            _ends(array),
        )

    def open(self) -> Array:
        """The array.

        Raises
        ------
        ValueError
            If this machine has no such file, or holds something else in its place.
        """
        try:
            found = np.memmap(
                self.path,
                mode="r",
                offset=self.offset,
                shape=self.shape,
                dtype=self.dtype,
                order="F" if self.order == "F" else "C",
            )
        except (OSError, ValueError) as error:
            raise ValueError(
                f"A worker can't map {self.path} ({error}). Workers open files by the same path "
                "as the caller: keep activations on a disk that all of them see, or pass arrays."
            ) from None
        if _ends(found) != self.ends:
            raise ValueError(
                f"{self.path} holds other numbers for this worker than for the caller; don't "
                "write to files of activations while they are measured."
            )
        return found


def _root(array: Array) -> np.memmap[Any, Any] | None:
    """The mapped file that an array is a view of, if it is one that nobody writes to by it."""
    found = backing_map(array)
    return found if found is not None and found.mode == "r" and found.filename else None


def _ends(array: Array) -> bytes:
    flat = array.reshape(-1, order="A")
    n = max(ENDS // max(array.dtype.itemsize, 1), 1)
    return hashlib.blake2b(flat[:n].tobytes() + flat[-n:].tobytes(), digest_size=16).digest()


def packed(given: Any, known: Mapping[str, Any]) -> bytes:
    """Pickled, with names for the objects that the receiver knows and for what is mapped.

    Of an array that is `known`, whole views and copies of the same numbers are known as well.
    """
    names = {id(own): name for name, own in known.items() if own is not None}
    arrays = {name: own for name, own in known.items() if isinstance(own, np.ndarray)}

    class Packer(_pickler()):  # type: ignore[misc]  # found when it runs
        def persistent_id(self, own: Any) -> Any:
            if id(own) in names:
                return names[id(own)], None
            if not isinstance(own, np.ndarray) or own.dtype.hasobject:
                return None
            for name, array in arrays.items():
                if _is_copy(own, array):
                    return name, (None if own.dtype == array.dtype else own.dtype)
            mapped = Mapped.of(own)
            return None if mapped is None else ("", mapped)

    buffer = io.BytesIO()
    Packer(buffer, protocol=pickle.HIGHEST_PROTOCOL).dump(given)
    return buffer.getvalue()


def _pickler() -> Any:
    """The pickler that joblib's own workers get classes of a program by."""
    try:
        from cloudpickle import CloudPickler
    except ImportError:  # it came inside of joblib until 1.5
        from joblib.externals.cloudpickle import CloudPickler
    return CloudPickler


def unpacked(payload: bytes, known: Mapping[str, Any]) -> Any:
    """What was packed by one who knew the same."""

    class Opener(pickle.Unpickler):
        def persistent_load(self, pid: Any) -> Any:
            name, detail = pid
            if not name:
                return detail.open()
            own = known[name]
            return own if detail is None else own.astype(detail)

    return Opener(io.BytesIO(payload)).load()


def _is_copy(own: Array, array: Array) -> bool:
    """Whether an array holds the numbers of another one, maybe as floats; cheap where not."""
    if own.shape != array.shape or own.dtype.kind not in "biufUS":
        return False
    if own.dtype != array.dtype and (own.dtype != np.float64 or array.dtype.kind not in "biu"):
        return False
    if not own.size or own.strides != array.strides:
        return False
    return bool(
        own.__array_interface__["data"] == array.__array_interface__["data"]
        or (own.flat[0] == array.flat[0] and np.array_equal(own, array))
    )


@dataclass(frozen=True)
class Parcel:
    """An object on its way to a worker that pickles: mapped arrays go by the names of files.

    The processes that joblib itself starts are sent mapped arrays like that anyway.
    """

    content: Any

    def __reduce__(self) -> tuple[Any, ...]:
        if isinstance(self.content, _Late):  # it is sent on as it came
            return _opened, (self.content.payload,)
        return _opened, (packed(self.content, {}),)


def _opened(payload: bytes) -> Parcel:
    return Parcel(_Late(payload))


@dataclass(frozen=True)
class _Late:
    """Opened by the task, not on arrival, so that an error is the task's own."""

    payload: bytes


def opened(given: Any) -> Any:
    """The content of a parcel; anything else as it is."""
    if not isinstance(given, Parcel):
        return given
    content = given.content
    return unpacked(content.payload, {}) if isinstance(content, _Late) else content
