"""Where compiled code is kept, and the digest that tells one version of it from another.

Folders, the preferred one first: NUMBA_CACHE_DIR, `__pycache__` beside the package, the user's
cache folder, and a folder of the user's own among the temporary files, for machines where the
package is read-only and there is no home. Code that is found is run, so the last two count only
where they belong to the user, and the last one only where nobody else can look into it.
"""

from __future__ import annotations

import contextlib
import hashlib
import marshal
import os
import pkgutil
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path

PACKAGE = __name__.partition(".")[0]

ROOMS = ("_compiled", "_types", "kernels")
"""Modules and packages that decide on machine code: kernels import no others of ours."""

SWITCHES = ("OPT", "BOUNDSCHECK", "DEBUGINFO", "LOOP_VECTORIZE", "SLP_VECTORIZE", "ENABLE_AVX")
"""Settings of numba that decide on machine code: what a debugger asked for is not for all."""


def digest(*more: str) -> str:
    """Digest of the code of all kernels, in folders, archives or as bytecode, and of texts.

    What numba was told of how to compile counts as well.
    """
    found = hashlib.sha256()
    for content in _contents(sys.modules[PACKAGE].__path__, PACKAGE):
        found.update(content)
    switches = (f"{name}={os.environ.get(f'NUMBA_{name}', '')}" for name in SWITCHES)
    found.update(" ".join((*more, *switches)).encode())
    return found.hexdigest()[:16]


def _contents(path: Iterable[str], package: str, chosen: bool = False) -> Iterator[bytes]:
    """What the modules below a package were made from, as far as they are in `ROOMS`.

    No package is imported for it: that would bring along what its kernels don't need.
    """
    for finder, name, _ in sorted(pkgutil.iter_modules(path), key=lambda module: module.name):
        spec = finder.find_spec(f"{package}.{name}", None)
        if spec is None:
            continue
        inside = chosen or name in ROOMS
        if inside:
            yield _content(spec)
        yield from _contents(spec.submodule_search_locations or (), spec.name, inside)


def _content(spec: ModuleSpec) -> bytes:
    """What a module is imported from: its source, its file of bytecode or its code."""
    # Archives have no files, programs frozen into one file have neither files nor data.
    with contextlib.suppress(AttributeError, OSError):
        content: bytes = spec.loader.get_data(spec.origin)  # type: ignore[union-attr]
        return content
    return marshal.dumps(spec.loader.get_code(spec.name))  # type: ignore[union-attr]


def folders(*, create: bool = False) -> Iterator[Path]:
    """Folders that may hold compiled code; with `create`, such as could be made."""
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        yield from _usable(Path(chosen) / PACKAGE, create, foreign=True)
    yield from _usable(Path(__file__).parents[1] / "__pycache__", create, foreign=True)
    with contextlib.suppress(RuntimeError):  # no home
        yield from _usable(_cache_of_user() / PACKAGE, create)
    if hasattr(os, "geteuid"):  # elsewhere temporary files are the user's own, and so is the above
        with contextlib.suppress(OSError):  # no place for temporary files
            place = Path(tempfile.gettempdir())
            if _keeps_owners(place):
                name = f"{PACKAGE}-{os.geteuid()}"
                yield from _usable(place / name, create, hidden=True)


def _cache_of_user() -> Path:
    chosen = os.environ.get("LOCALAPPDATA") or os.environ.get("XDG_CACHE_HOME")
    return Path(chosen) if chosen and Path(chosen).is_absolute() else Path.home() / ".cache"


def _usable(
    folder: Path, create: bool, *, foreign: bool = False, hidden: bool = False
) -> Iterator[Path]:
    """The folder, if its code may be run: it is the user's, or may be `foreign`."""
    with contextlib.suppress(OSError):
        if create:
            folder.mkdir(mode=0o777 if foreign else 0o700, parents=True, exist_ok=True)
        if foreign or _is_own(folder, hidden):
            yield folder


def _is_own(folder: Path, hidden: bool) -> bool:
    """Whether a folder is the user's and others can't write to it; if `hidden`, nor enter it.

    A hidden one may not be a link to another.
    """
    if not hasattr(os, "geteuid"):
        return True
    found = os.lstat(folder) if hidden else os.stat(folder)
    others = stat.S_IRWXG | stat.S_IRWXO if hidden else stat.S_IWGRP | stat.S_IWOTH
    closed = not found.st_mode & others
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and closed


def _keeps_owners(place: Path) -> bool:
    """Whether nobody can put a folder of theirs in the place of another's."""
    mode = place.stat().st_mode
    return bool(mode & stat.S_ISVTX) or not mode & (stat.S_IWGRP | stat.S_IWOTH)
