"""From an address to the array it calls, and all arrays of a file by their keys."""

from __future__ import annotations

import difflib
import glob
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pidtools._types import Array
from pidtools.activations import _hdf5, _npy, _npz, _refused, _safetensors, _zarr
from pidtools.activations._address import split
from pidtools.activations._entry import Entry, UnreadableError

# Keys that an error lists before it only counts.
MOST_KEYS = 20
FORMATS = ".npy, .npz, .safetensors, HDF5 (.h5) and zarr"


@dataclass(frozen=True)
class Layer(os.PathLike[str]):
    """An array of a file that is read when it is asked for.

    It stands wherever an array or the path of one does: `read`, `numpy.asarray`, the mappings of
    `distillation_map`.

    Attributes
    ----------
    file : Path
    key : str or None
        None for the one array of its file.
    shape : tuple of int or None
        None where only reading would tell.
    dtype : str
        What it is stored as.
    then : callable or None
        What is made of the array once it is read, such as pooling.
    """

    file: Path
    key: str | None = None
    shape: tuple[int, ...] | None = field(default=None, compare=False)
    dtype: str = field(default="", compare=False)
    then: Callable[[Array], Array] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "file", Path(self.file))

    def __fspath__(self) -> str:
        return str(self.file) if self.key is None else f"{self.file}:{self.key}"

    @property
    def name(self) -> str:
        """Of the file, as of a path."""
        return self.file.name

    def __str__(self) -> str:
        return self.__fspath__()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(read(self, str(self)), dtype=dtype, copy=copy)


def read(address: str | os.PathLike[str], name: str) -> Array:
    """The array at an address.

    Parameters
    ----------
    address : str or path-like
        A file, or a file and a key: ``t.npy``, ``t.npz:layer4``, ``s.safetensors:h.2``,
        ``t.h5:encoder/layer4``, ``t.zarr:layer4``. The key may be left out where a file has one
        array. A file that is there under the whole address comes first.
    name : str
        What the array is for, with which messages begin.

    Returns
    -------
    ndarray
        A read-only `numpy.memmap` of ``.npy`` files, of what is not compressed in an ``.npz``, of
        tensors of a ``.safetensors`` and of contiguous datasets of HDF5; otherwise read, above
        64 MiB block by block into a temporary memory map that goes when the array does. bfloat16
        and float8 become float32.

    Raises
    ------
    ValueError
        If there is no such file or key, or it holds no whole array of numbers or strings; files
        that can run code (``torch.save``, pickles) are refused with the lines that convert them.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from pidtools import activations
    >>> folder = tempfile.TemporaryDirectory()
    >>> file = os.path.join(folder.name, "t.npz")
    >>> np.savez(file, conv=np.zeros((4, 2)), head=np.eye(3))
    >>> activations.read(f"{file}:head", "T").shape
    (3, 3)
    >>> list(activations.layers(file))
    ['conv', 'head']
    >>> folder.cleanup()
    """
    layer = address if isinstance(address, Layer) else None
    file, key = (layer.file, layer.key) if layer else split(_as_text(address, name))
    where = f"{name}: {Layer(file, key)}"
    try:
        array = _found(_entries(file), file, key).load()
    except _MissingError:
        raise ValueError(f"{name}: there is no file {file}.") from None
    except UnreadableError as error:
        raise ValueError(f"{where} {error}") from None
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    except OSError as error:
        raise ValueError(f"{where} can't be read ({error.strerror or error}).") from None
    except MemoryError:
        raise ValueError(f"{where} does not fit into memory; save fewer rows.") from None
    if array.size == 0:
        raise ValueError(f"{name} is empty: {Layer(file, key)} has the shape {array.shape}.")
    return array if layer is None or layer.then is None else layer.then(array)


def layers(address: str | os.PathLike[str], name: str = "layers") -> Mapping[str, Layer]:
    """All arrays of a file by their keys, each read when it is asked for.

    Parameters
    ----------
    address : str or path-like
        A file, as in `read`. With a key, that array alone, or all below a group of HDF5 or zarr.
    name : str
        What they are for, with which messages begin.

    Returns
    -------
    mapping of str to Layer
        In the order in which they were saved; those of zarr, which keeps none, by their names, in
        which numbers count as numbers. The one array of an ``.npy`` file is called as the file.
        Give it to `distillation_map` as it is. Arrays that can't be read are there all the same
        and say why when they are read.

    Raises
    ------
    ValueError
        If there is no such file or key, or the file as a whole can't be read.
    """
    if isinstance(address, Layer):
        return {address.key or address.file.stem: address}
    file, key = split(_as_text(address, name))
    try:
        found = _entries(file)
        below = f"{key}/"
        inside = {k: e for k, e in found.items() if k.startswith(below)} if key else found
        if key and not inside:
            inside = {key: _found(found, file, key)}
        if not inside:
            raise UnreadableError("holds no array.")
    except _MissingError:
        raise ValueError(f"{name}: there is no file {file}.") from None
    except UnreadableError as error:
        raise ValueError(f"{name}: {Layer(file, key)} {error}") from None
    except OSError as error:
        raise ValueError(f"{name}: {file} can't be read ({error.strerror or error}).") from None
    return {
        own or file.stem: Layer(file, own or None, entry.shape, entry.dtype)
        for own, entry in inside.items()
    }


def by_number(pattern: str | Path | Sequence[str], name: str) -> dict[int, Path | Layer]:
    """Files that a pattern, or each of several, finds, by the last number in their names.

    In rising order. A key after a colon is looked for in each: ``run-*.npz:layer4``. The name of a
    file that is there is no pattern.

    Raises
    ------
    ValueError
        If there is no such file, one has no number, or two have the same; the message begins
        with `name`.
    """
    found: dict[int, Path | Layer] = {}
    for one in [pattern] if isinstance(pattern, str | Path) else pattern:
        paths, key = _globbed(str(one))
        if not paths:
            raise ValueError(f"{name}: there is no file {one}.")
        for path in paths:
            numbers = re.findall(r"\d+", path.stem)
            if not numbers:
                raise ValueError(
                    f"{name}: {path} has no number in its name, which tells its step; name files "
                    "like epoch-3.npy."
                )
            step = int(numbers[-1])
            if step in found:
                raise ValueError(
                    f"{name}: {found[step]} and {path} are both step {step}; give each step one "
                    "file."
                )
            found[step] = path if key is None else Layer(path, key)
    return dict(sorted(found.items()))


def _as_text(address: object, name: str) -> str:
    if isinstance(address, str | os.PathLike) and isinstance(text := os.fspath(address), str):
        return text
    raise TypeError(
        f"{name}: an address is a str or a path, such as 't.npz:layer4'; got "
        f"{type(address).__name__}."
    )


def _globbed(pattern: str) -> tuple[list[Path], str | None]:
    """Files of a pattern, colons and all, or of the shortest part before a colon with any."""
    if os.path.exists(pattern):
        return [Path(pattern)], None
    found = glob.glob(pattern, recursive=True)
    place = pattern.find(":", 2)
    while not found and place > 0:
        found = glob.glob(pattern[:place], recursive=True)
        if found:
            return sorted(map(Path, found)), pattern[place + 1 :]
        place = pattern.find(":", place + 1)
    return sorted(map(Path, found)), None


def _entries(file: Path) -> dict[str, Entry]:
    """What a file holds, whatever its format, which its first bytes tell."""
    if file.is_dir():
        return _of_folder(file)
    if not file.is_file():
        if file.exists():
            raise UnreadableError("is no plain file; save the array to one.")
        raise _MissingError
    with file.open("rb") as opened:
        start = opened.read(16)
    _refused.refuse(file, start)
    suffix = file.suffix.lower()
    if _zarr.looks_like(file):
        return _zarr.entries(file)
    if start.startswith((_npz.MAGIC, _npz.EMPTY_MAGIC)) or suffix == ".npz":
        return _npz.entries(file)
    if start.startswith(_hdf5.MAGIC) or suffix in (".h5", ".hdf5", ".hdf"):
        return _hdf5.entries(file)
    if start.startswith(_npy.MAGIC) or suffix == ".npy":
        return _npy.entries(file)
    if suffix == ".safetensors" or _safetensors.looks_like(start):
        return _safetensors.entries(file)
    raise UnreadableError(
        f"is of no format that is read here ({FORMATS}); save it with numpy.save."
    )


def _of_folder(file: Path) -> dict[str, Entry]:
    if _zarr.looks_like(file):
        return _zarr.entries(file)
    if file.suffix.lower() == ".zarr":
        raise UnreadableError(_zarr.BROKEN)
    raise UnreadableError("is a folder and no zarr store; give a file.")


class _MissingError(UnreadableError):
    """There is no such file."""


def _found(entries: Mapping[str, Entry], file: Path, key: str | None) -> Entry:
    """The entry of a key, or the only one."""
    if key is None:
        if len(entries) == 1:
            return next(iter(entries.values()))
        if not entries:
            raise UnreadableError("holds no array.")
        first = next(iter(entries))
        raise UnreadableError(
            f"holds {len(entries)} arrays; say which after a colon, as in {file}:{first}. There "
            f"are {_listed(list(entries))}."
        )
    wanted = key.strip("/") if "/" in key and key not in entries else key
    if wanted in entries:
        return entries[wanted]
    inside = [own for own in entries if own.startswith(f"{wanted}/")]
    if inside and wanted:
        raise UnreadableError(f"is a group and no array; it holds {_listed(inside)}.")
    if list(entries) == [""]:
        raise UnreadableError(f"has no key: {file} holds one array, so leave :{key} out.")
    near = difflib.get_close_matches(wanted, list(entries), n=5, cutoff=0.4)
    others = [own for own in entries if own not in near]
    raise UnreadableError(f"is not there; {file} holds {_listed([*near, *others]) or 'no array'}.")


def _listed(keys: list[str]) -> str:
    shown = ", ".join(keys[:MOST_KEYS])
    more = len(keys) - MOST_KEYS
    return f"{shown} and {more} more" if more > 0 else shown
