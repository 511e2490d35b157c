"""Kernels of one header, as Python calls them: found or compiled when they are first needed.

Nothing here imports numba; a kernel brings it along.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from functools import cached_property
from typing import Any, Protocol

from pidtools._compiled.header import Header

_ONE_AT_A_TIME = threading.RLock()


class Entry(Protocol):
    """What `pidtools._compiled.pointers.entry` makes of a function."""

    def link(self) -> int:
        """Find or compile the machine code; returns its address."""

    def kept(self) -> bool:
        """Whether there is a file of the machine code; it may be damaged."""


class Kernel:
    """A compiled function of one header; `entry` imports the module that it is written in."""

    def __init__(self, entry: Callable[[], Entry]) -> None:
        self._entry = entry

    def __call__(self, header: Header) -> None:
        """Run; the GIL is released."""
        self._function(header.address)

    @cached_property
    def address(self) -> int:
        """Address of the machine code, for kernels that call this one."""
        with _ONE_AT_A_TIME:
            # Another thread may have been first.
            if not self.linked:
                self.__dict__["address"] = self._entry().link()
            return int(self.__dict__["address"])

    @cached_property
    def _function(self) -> Any:
        return ctypes.CFUNCTYPE(None, ctypes.c_size_t)(self.address)

    def link(self) -> None:
        """Make the kernel ready to run."""
        _ = self.address

    @property
    def linked(self) -> bool:
        """Whether the kernel is ready to run."""
        return "address" in self.__dict__

    @property
    def available(self) -> bool:
        """Whether the kernel need not be compiled: it is linked, or kept in some folder."""
        return self.linked or self._entry().kept()
