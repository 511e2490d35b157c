"""Addresses: a file, or a file and the key of an array in it, as ``file:key``."""

from __future__ import annotations

import re
from pathlib import Path

# What may stand before the first colon of a key where no such file is there.
FILE = re.compile(r"(.+?\.(?:npy|npz|safetensors|h5|hdf5|hdf|zarr|pt|pth|ckpt)):(.*)", re.I | re.S)


def split(address: str) -> tuple[Path, str | None]:
    r"""The file, and the key if there is one.

    What exists as it stands is a file, colons and all; else the shortest part before a colon that
    is one. The colon of a drive (``C:\``) splits nothing.
    """
    if _exists(address):
        return Path(address), None
    for place, letter in enumerate(address):
        if letter != ":" or not place or _is_drive(address, place):
            continue
        if _exists(address[:place]):
            return Path(address[:place]), address[place + 1 :]
    meant = FILE.fullmatch(address)
    return (Path(meant[1]), meant[2]) if meant else (Path(address), None)


def _is_drive(address: str, place: int) -> bool:
    return place == 1 and address[0].isalpha() and address[2:3] in ("\\", "/")


def _exists(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):  # names that no file can have
        return False
