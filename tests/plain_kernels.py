"""The kernels as plain Python: the same sources, interpreted.

Compiled, a kernel can be neither followed by coverage nor stopped in a debugger, and a change to it
costs seconds of compilation. `install` puts twins of `pidtools._compiled.jit` and
`pidtools._compiled.pointers` in the places of these modules, before any kernel is imported. Their
decorators change nothing but warnings; pointers are those of ctypes, addresses of kernels are
looked up in a table, BLAS is called as compiled code calls it.

    PIDTOOLS_PLAIN_KERNELS=1 pytest tests/test_broja_kernels_newton.py

A hundred to a thousand times slower; what is computed is the same, but for the order of sums that
the compiler may change.
"""

from __future__ import annotations

import ctypes
import functools
import sys
import types
import typing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from pidtools._compiled import kernel as kernels
from pidtools._compiled.header import Bytes, Floats, Header, Ints, Longs

_KINDS: dict[Any, Any] = {
    Floats: ctypes.POINTER(ctypes.c_double),
    Ints: ctypes.POINTER(ctypes.c_int32),
    Longs: ctypes.POINTER(ctypes.c_int64),
    Bytes: ctypes.POINTER(ctypes.c_uint8),
}
_WORDS = _KINDS[Longs]
# What `call_kernel` is given for an address, and the function that it stands for.
_FUNCTIONS: list[Callable[[Any], None]] = []


def unchanged(function: Any) -> Any:
    """Decorate with nothing."""
    return function


def called(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a kernel that Python calls with arrays: what is compiled warns of nothing."""

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(*arguments)

    return call


@contextmanager
def compiler_on() -> Iterator[None]:
    """Nothing is compiled."""
    yield


class PlainEntry:
    """A function of one header, with a number for its address."""

    def __init__(self, function: Callable[[Any], None]) -> None:
        self._address = len(_FUNCTIONS)
        _FUNCTIONS.append(function)

    def link(self) -> int:
        """Its number."""
        return self._address

    def kept(self) -> bool:
        """Nothing is to be compiled."""
        return True


def header_at(address: int) -> Any:
    """A header's words."""
    return ctypes.cast(address, _WORDS)


def call_kernel(address: int, header: Any) -> None:
    """Call a function by its number."""
    _FUNCTIONS[address](header)


def at(pointer: Any, index: int) -> Any:
    """A pointer moved on."""
    return ctypes.cast(
        ctypes.byref(pointer.contents, index * ctypes.sizeof(pointer._type_)), type(pointer)
    )


def call_fortran(address: int, arguments: tuple[Any, ...]) -> None:
    """Call a routine of BLAS or LAPACK."""
    _routine(len(arguments))(address)(*(ctypes.cast(each, ctypes.c_void_p) for each in arguments))


@functools.cache
def _routine(n_arguments: int) -> Any:
    return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * n_arguments)


def view(kind: Any) -> Any:
    """Make the function that reads a header of a kind."""
    fields = [_type_of(each) for each in typing.get_type_hints(kind).values()]

    def read(words: Any, place: Iterator[int]) -> Any:
        return kind(*(each(words, place) for each in fields))

    def read_header(words: Any) -> Any:
        return read(words, iter(range(1_000_000)))

    read_header.inside = read  # type: ignore[attr-defined]
    return read_header


def _type_of(hint: Any) -> Callable[[Any, Iterator[int]], Any]:
    if hint in (int, int | Header):
        return lambda words, place: words[next(place)]
    if hint in _KINDS:
        pointer = _KINDS[hint]
        return lambda words, place: ctypes.cast(words[next(place)], pointer)
    inside = view(hint).inside
    return typing.cast(Callable[[Any, Iterator[int]], Any], inside)


def fill(x: Any, n: int, value: float) -> None:
    """Set n elements."""
    for i in range(n):
        x[i] = value


def assign(x: Any, y: Any, n: int) -> None:
    """Copy n elements of y to x."""
    for i in range(n):
        x[i] = y[i]


def run(kernel: kernels.Kernel) -> Callable[[int], None]:
    """What a `Kernel` calls with the address of a header."""
    return lambda address: _FUNCTIONS[kernel.address](header_at(address))


def interpret(module: types.ModuleType, patch: pytest.MonkeyPatch) -> None:
    """Have the kernels of one module interpreted for one test, also where they are compiled."""
    for name, function in list(vars(module).items()):
        source = getattr(function, "py_func", getattr(function, "__wrapped__", None))
        if source is not None:
            patch.setattr(module, name, source)


def install() -> None:
    """Have all kernels that are imported from now on interpreted."""
    names = "pidtools._compiled.jit", "pidtools._compiled.pointers"
    if any(name in sys.modules for name in names):
        raise RuntimeError("kernels were imported already")
    jit, pointers = map(types.ModuleType, names)
    vars(jit).update(kernel=called, inner_kernel=unchanged, compiler_on=compiler_on)
    vars(pointers).update(
        inner=unchanged, entry=PlainEntry, view=view, header_at=header_at, at=at,
        call_kernel=call_kernel, call_fortran=call_fortran, fill=fill, assign=assign,
    )  # fmt: skip
    for module in (jit, pointers):
        sys.modules[module.__name__] = module
    kernels.Kernel._function = property(run)  # type: ignore[assignment]
