"""Memory that was freed, given back to the system.

The allocator of Linux keeps blocks of up to 32 MiB that were freed for the next that ask for some.
Between fits of large sources those are a quarter of what the process takes.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any


def give_back() -> None:
    """Give back what is free; where the allocator is another one, nothing."""
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Any:
    try:
        return ctypes.CDLL("libc.so.6").malloc_trim
    except (OSError, AttributeError):
        return None
