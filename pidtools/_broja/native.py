"""Compiled code without the compiler: kernels as machine code in a cache of their own.

Numba compiles the kernels, once. Its own cache would then still need numba to load them: half a
second of imports in each process. A kernel here is a function of one address, the *header*, and
needs nothing of numba when it runs: no arrays, no allocation, no errors. Its machine code is kept
as an object file, which llvmlite links in a few milliseconds.

A header is a row of 64-bit words, one for each field of a named tuple (and of those inside it):
an integer as it is, an array as the address of its first element. `Header` writes one;
`pidtools._broja.kernels.compiler.view` reads it in compiled code.

Object files lie where `pidtools._compiled.cache` says; where there is no place at all, each
process compiles anew. Their names carry a digest of the sources, of the processor and of
llvmlite's version, so that a new version of anything never runs the code of an old one.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import importlib
import sys
import threading
from collections.abc import Iterator
from functools import cache, cached_property
from typing import Any

import llvmlite
import llvmlite.binding as llvm
import numpy as np
from numpy.typing import NDArray

from pidtools._compiled.cache import digest, folders, written

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]

SYMBOL = "kernel"
"""Name of the function in each object file."""

LIBRARY = ("exp", "log", "log1p", "memcpy", "memmove", "memset", "sqrt")
"""What kernels may call: functions of the C library."""

_ROOMS = __name__.rpartition(".")[0]

_SUM = 32
"""Bytes of the checksum that comes before the code: linking half a file would crash."""

_ONE_AT_A_TIME = threading.RLock()


class Header:
    """The fields of a named tuple as words; keeps the arrays they point to alive."""

    def __init__(self, fields: tuple[Any, ...]) -> None:
        self.fields = fields
        self.words = np.array(list(_words(fields)), np.int64)
        self.address = _address(self.words)


def _words(fields: tuple[Any, ...]) -> Iterator[int]:
    for value in fields:
        if isinstance(value, np.ndarray):
            yield _address(value)
        elif isinstance(value, tuple):
            yield from _words(value)
        else:
            yield value.address if isinstance(value, (Header, Kernel)) else value


def _address(array: NDArray[Any]) -> int:
    return int(array.__array_interface__["data"][0])


class Kernel:
    """A compiled function of one header, found in the cache or compiled when first used."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    def __call__(self, header: Header) -> None:
        """Run; the GIL is released."""
        self._function(_NOTHING, _NOTHING, header.address)

    @cached_property
    def address(self) -> int:
        """Address of the machine code, for kernels that call this one."""
        with _ONE_AT_A_TIME:
            # Another thread may have been first. The engine owns the code: it never changes.
            if not self.linked:
                self._engine = _linked(self._cached() or self._compiled())
                self.__dict__["address"] = int(self._engine.get_function_address(SYMBOL))
            return int(self.__dict__["address"])

    @cached_property
    def _function(self) -> Any:
        # Numba's convention: where a result would go, where an error would go, the arguments.
        kind = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
        return kind(self.address)

    def link(self) -> None:
        """Make the kernel ready to run."""
        _ = self.address

    @property
    def linked(self) -> bool:
        """Whether the kernel is ready to run."""
        return "address" in self.__dict__

    @property
    def available(self) -> bool:
        """Whether the kernel can be linked without compiling it."""
        return self.linked or self._cached() is not None

    @property
    def _file_name(self) -> str:
        return f"{self.module}.{self.name}-{_digest()}.o"

    def _cached(self) -> bytes | None:
        """Read the kernel's object file; None where there is none, or only a damaged one."""
        for folder in folders():
            with contextlib.suppress(OSError):
                file = (folder / self._file_name).read_bytes()
                if file[:_SUM] == hashlib.sha256(file[_SUM:]).digest():
                    return file[_SUM:]
        return None

    def _compiled(self) -> bytes:
        """Compile, and put the object file where there is a place for it."""
        compiler = importlib.import_module(f"{_ROOMS}.kernels.compiler")
        module = importlib.import_module(f"{_ROOMS}.kernels.{self.module}")
        function = getattr(module, self.name)
        code: bytes = compiler.object_code(function, target_machine())
        for folder in folders(create=True):
            if written(folder / self._file_name, hashlib.sha256(code).digest() + code):
                break
        return code


_NOTHING = ctypes.create_string_buffer(8)
"""Where results and errors would go; kernels have neither."""


def target_machine() -> Any:
    """Describe the processor we run on to LLVM."""
    _prepare_llvm()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=_features(),
        opt=3,
        reloc="static" if "86" in _processor() else "default",
        codemodel="jitdefault",
    )


@cache
def _prepare_llvm() -> None:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    library = ctypes.cdll.msvcrt if sys.platform == "win32" else ctypes.CDLL(None)
    for name in LIBRARY:
        llvm.add_symbol(name, ctypes.cast(getattr(library, name), ctypes.c_void_p).value)


def _linked(code: bytes) -> Any:
    """Link an object file into this process; the engine owns the machine code."""
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target_machine())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine


def _features() -> str:
    return str(llvm.get_host_cpu_features().flatten())


def _processor() -> str:
    return str(llvm.get_process_triple()).partition("-")[0]


@cache
def _digest() -> str:
    """Digest of all that decides on the machine code."""
    machine = (llvmlite.__version__, llvm.get_process_triple(), llvm.get_host_cpu_name())
    return digest(*machine, _features())
