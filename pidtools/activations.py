"""Arrays as people save them."""

from __future__ import annotations

import glob
import re
from pathlib import Path

import numpy as np

from pidtools._types import Array


def read(path: Path, name: str) -> Array:
    """A memory map of a ``.npy`` file; pickled objects are refused.

    Raises
    ------
    ValueError
        If there is no such file or it is no whole ``.npy`` file of one array; the message begins
        with `name`.
    """
    if not path.is_file():
        raise ValueError(f"{name}: there is no file {path}.")
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        if "object" in str(error).lower() and path.read_bytes()[:6] == b"\x93NUMPY":
            raise ValueError(
                f"{name}: {path} holds pickled objects, which are not read because they can "
                "run code; save an array of numbers or strings (dtype not object)."
            ) from None
        raise ValueError(
            f"{name}: {path} is not a whole .npy file; save it with numpy.save."
        ) from None
    if not isinstance(array, np.ndarray):
        array.close()
        raise ValueError(
            f"{name}: {path} holds several arrays; save the one to measure with numpy.save."
        )
    return array


def by_number(pattern: str | Path, name: str) -> dict[int, Path]:
    """Files that a pattern finds, by the last number in their names, in rising order.

    Raises
    ------
    ValueError
        If there is no such file, one has no number, or two have the same; the message begins
        with `name`.
    """
    found: dict[int, Path] = {}
    for path in sorted(map(Path, glob.glob(str(pattern), recursive=True))):
        numbers = re.findall(r"\d+", path.stem)
        if not numbers:
            raise ValueError(
                f"{name}: {path} has no number in its name, which tells its step; name files like "
                "epoch-3.npy."
            )
        step = int(numbers[-1])
        if step in found:
            raise ValueError(
                f"{name}: {found[step]} and {path} are both step {step}; give each step one file."
            )
        found[step] = path
    if not found:
        raise ValueError(f"{name}: there is no file {pattern}.")
    return dict(sorted(found.items()))
