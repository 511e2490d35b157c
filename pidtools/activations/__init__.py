"""Arrays as people save them: ``.npy``, ``.npz``, ``.safetensors``, HDF5 and zarr.

An array is called by the address of its file, ``t.npy``, or by file and key, ``t.npz:layer4``.
Whatever the format, what comes back is a plain array, mapped from the file wherever that can be.
"""

from __future__ import annotations

from pidtools.activations._address import split
from pidtools.activations._layers import Layer, by_number, layers, read

__all__ = ["Layer", "by_number", "layers", "read", "split"]
