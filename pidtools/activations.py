"""Arrays as people save them."""

from __future__ import annotations

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
