"""How kernels of one header are written: pointers, headers within headers, calls by address.

They use no arrays: a pointer is one word where numba's array is seven, needs no counting of
references and no check for negative indices, which makes for less code and quicker compilation.
"""

from __future__ import annotations

import typing
from collections.abc import Callable
from typing import Any

import numba
from numba import types
from numba.core.ccallback import CFunc
from numba.core.funcdesc import ExternalFunctionDescriptor
from numba.extending import intrinsic

from pidtools._compiled.header import Bytes, Floats, Header, Ints, Longs
from pidtools._compiled.jit import compiler_on, keep
from pidtools._compiled.kernel import Entry

_OPTIONS = {"error_model": "numpy", "fastmath": {"reassoc", "contract", "nsz"}}
_HEADER = types.CPointer(types.int64)
_TYPES = {
    int: types.int64,
    int | Header: types.int64,
    Floats: types.CPointer(types.float64),
    Ints: types.CPointer(types.int32),
    Longs: _HEADER,
    Bytes: types.CPointer(types.uint8),
}


def inner(function: Callable[..., Any]) -> Any:
    """Compile a function that kernels call. Sums may be reordered, so that they vectorise."""
    with compiler_on():
        return numba.njit(**_OPTIONS, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)


class _Entry:
    """A function of one header with an address, for Python and for other kernels."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._compiled: Any = CFunc(function, ((_HEADER,), types.void), {}, dict(_OPTIONS))
        keep(self._compiled, function)

    def link(self) -> int:
        """Find or compile the machine code; returns its address."""
        with compiler_on():
            self._compiled.compile()
        return int(self._compiled.address)

    def kept(self) -> bool:
        """Whether there is a file of the machine code; it may be damaged."""
        return bool(self._compiled._cache.holds(self._compiled._sig))


def entry(function: Callable[..., Any]) -> Entry:
    """Make a function of one header one that `Kernel` calls; it is compiled when first used."""
    return _Entry(function)


def _type_of(kind: Any) -> Any:
    if kind in _TYPES:
        return _TYPES[kind]
    fields = typing.get_type_hints(kind).values()
    return types.NamedTuple([_type_of(field) for field in fields], kind)


def view(kind: type) -> Any:
    """Make the function that reads a header of that kind: its fields as numbers and pointers."""
    record = _type_of(kind)

    def read(typing_context: Any, header: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            place = iter(range(1_000_000))

            def value(field: Any) -> Any:
                if isinstance(field, types.NamedTuple):
                    inside = [value(each) for each in field.types]
                    return context.make_tuple(builder, field, inside)
                offset = context.get_constant(types.int64, next(place))
                word = builder.load(builder.gep(args[0], [offset]))
                if not isinstance(field, types.CPointer):
                    return word
                return builder.inttoptr(word, context.get_value_type(field))

            return value(record)

        return record(header), generate

    return intrinsic(read)


@intrinsic
def header_at(typing_context: Any, address: Any) -> Any:
    """Turn an address into a header."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], context.get_value_type(_HEADER))

    return _HEADER(address), generate


@intrinsic
def at(typing_context: Any, pointer: Any, index: Any) -> Any:
    """Return the pointer moved on by `index` elements."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.gep(args[0], [args[1]])

    return pointer(pointer, types.int64), generate


def _call(context: Any, builder: Any, address: Any, kinds: Any, values: Any) -> None:
    kind = context.get_external_function_type(ExternalFunctionDescriptor("", types.void, kinds))
    builder.call(builder.inttoptr(address, kind.as_pointer()), values)


@intrinsic
def call_kernel(typing_context: Any, address: Any, header: Any) -> Any:
    """Call another kernel."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _call(context, builder, args[0], (header,), [args[1]])
        return context.get_dummy_value()

    return types.void(address, header), generate


@intrinsic
def call_fortran(typing_context: Any, address: Any, arguments: Any) -> Any:
    """Call a routine that takes a tuple of pointers."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointers = [builder.extract_value(args[1], k) for k in range(len(arguments.types))]
        _call(context, builder, args[0], arguments.types, pointers)
        return context.get_dummy_value()

    return types.void(address, arguments), generate


@inner
def fill(x: Any, n: Any, value: Any) -> Any:
    """Set n elements."""
    for i in range(n):
        x[i] = value


@inner
def assign(x: Any, y: Any, n: Any) -> Any:
    """Copy n elements of y to x."""
    for i in range(n):
        x[i] = y[i]
