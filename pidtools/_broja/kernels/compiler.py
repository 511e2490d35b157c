"""How kernels are written and compiled: headers, addresses, object code.

Kernels use no arrays: a pointer is one word where numba's array is seven, needs no counting of
references and no check for negative indices, which makes for less code and quicker compilation.
"""

from __future__ import annotations

import typing
from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
import numba
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from pidtools._broja.native import LIBRARY, SYMBOL, Bytes, Floats, Header, Ints, Longs
from pidtools._compiled.jit import compiler_on

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


def object_code(function: Callable[..., Any], machine: Any) -> bytes:
    """Compile a kernel, a Python function of one header, to an object file."""
    with compiler_on():
        compiled = numba.cfunc(types.void(_HEADER), **_OPTIONS)(function)
    module = llvm.parse_assembly(compiled.inspect_llvm())
    # Kernels call one another by numba's convention; its wrapper for C is dropped.
    own = compiled.native_name.removeprefix("cfunc.")
    for each in module.functions:
        if not each.is_declaration and each.name != own:
            each.linkage = "internal"
    module.get_function(own).name = SYMBOL
    passes = llvm.create_new_module_pass_manager()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options()))
    unknown = {
        each.name
        for each in module.functions
        if each.is_declaration and not each.name.startswith("llvm.")
    } - set(LIBRARY)
    if unknown:
        # No stub: object code that calls what the linker does not know would crash the process.
        raise NotImplementedError(
            f"{function.__qualname__} calls {', '.join(sorted(unknown))}, which a cached kernel "
            "can't find. Switch Intel's SVML off (NUMBA_DISABLE_INTEL_SVML=1)."
        )
    code: bytes = machine.emit_object(module)
    return code


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
                offset = ir.Constant(ir.IntType(64), next(place))
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


@intrinsic
def call_kernel(typing_context: Any, address: Any, header: Any) -> Any:
    """Call another kernel."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        anything = ir.PointerType(ir.IntType(8))
        kind = ir.FunctionType(ir.IntType(32), [anything, anything, args[1].type])
        function = builder.inttoptr(args[0], ir.PointerType(kind))
        nothing = builder.bitcast(builder.alloca(ir.IntType(64)), anything)
        builder.call(function, [nothing, nothing, args[1]])
        return context.get_dummy_value()

    return types.void(address, header), generate


@intrinsic
def call_fortran(typing_context: Any, address: Any, arguments: Any) -> Any:
    """Call a routine that takes a tuple of pointers."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointers = [builder.extract_value(args[1], k) for k in range(len(arguments.types))]
        kind = ir.FunctionType(ir.VoidType(), [pointer.type for pointer in pointers])
        builder.call(builder.inttoptr(args[0], ir.PointerType(kind)), pointers)
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
