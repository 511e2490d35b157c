"""Where outputs go: a file is whole or untouched, what is no plain file is written through."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

# Links in a row before it is a circle; what systems call the open files of a process.
MOST_LINKS = 40
OPEN_FILE = re.compile(rf"/(?:dev|proc/(?:self|{os.getpid()}))/fd/(\d+)")
STANDARD = {"/dev/stdout": 1, "/dev/stderr": 2}


def check_writable(path: Path | None) -> None:
    """Find out before the work whether its result can be written; - is standard output.

    Raises
    ------
    ValueError
        That names the path and says why not.
    """
    if path is None or path == Path("-") or _descriptor(path) is not None:
        return
    if path.is_dir():
        raise ValueError(f"{path} is a folder; give a file name for the output.")
    target = Path(os.path.realpath(path))
    if target.is_symlink():
        raise _cant(path, "a circle of links")
    if target.exists() and not os.access(target, os.W_OK):
        raise _cant(path, "Permission denied")
    if _is_in_place(target):
        return
    try:
        tempfile.TemporaryFile(dir=target.parent).close()
    except OSError as error:
        if not target.exists():
            raise _cant(path, str(error.strerror)) from None


def is_open(path: Path) -> bool:
    """Whether a path leads to an open file of this process, such as /dev/stdout."""
    return _descriptor(path) is not None


def write(path: Path, write: Callable[[Path], Any]) -> None:
    """Let `write` make a file, and bring what it holds to `path`.

    A plain file is replaced at once and keeps its mode, owner and group; links lead to what is
    replaced. What can't be replaced, such as pipes, devices and files that have several names, is
    written into; a file gets back what it held if that fails.

    Parameters
    ----------
    path : Path
    write : callable
        Takes a path with the ending of `path` and makes a file there.

    Raises
    ------
    OSError
        If there is no space left or the place is gone; the message names `path`.
    """
    try:
        _write(path, write)
    except BrokenPipeError:
        raise OSError(
            errno.EPIPE, f"{path} was closed by its reader before all was written"
        ) from None
    except OSError as error:
        # Not all say why by a number: NumPy counts the bytes that were written.
        said = f"{path} could not be written ({error.strerror or error}); choose another place"
        raise (OSError(said) if error.errno is None else OSError(error.errno, said)) from error


def _write(path: Path, write: Callable[[Path], Any]) -> None:
    own = _descriptor(path)
    target = Path(os.path.realpath(path))
    can_replace = own is None and not _is_in_place(target) and os.access(target.parent, os.W_OK)
    if can_replace and _replace(target, write):
        return
    with tempfile.TemporaryDirectory(prefix="pidtools-") as folder:
        made = Path(folder) / f"output{path.suffix}"
        write(made)
        if own is None and target.is_file():
            _write_over(target, made, Path(folder) / "before")
            return
        if stream := {1: sys.stdout, 2: sys.stderr}.get(-1 if own is None else own):
            stream.flush()  # what was printed before comes before
        opened = os.fdopen(os.dup(own), "wb") if own is not None else target.open("wb")
        with made.open("rb") as content, opened as sink:
            shutil.copyfileobj(content, sink)


def _write_over(target: Path, made: Path, before: Path) -> None:
    """Write into a file that stays the same file; what it held comes back if that fails."""
    shutil.copyfile(target, before)
    with target.open("r+b") as sink:
        try:
            _fill(sink, made)
        except BaseException:  # an interrupt too: what was there comes back
            _fill(sink, before)
            raise


def _fill(sink: BinaryIO, source: Path) -> None:
    sink.seek(0)
    with source.open("rb") as content:
        shutil.copyfileobj(content, sink)
    sink.truncate()
    sink.flush()


def _replace(target: Path, write: Callable[[Path], Any]) -> bool:
    """Write beside the target, then move; False where the new file could not be its like."""
    partial = target.with_name(f".{target.stem[:100]}.{secrets.token_hex(4)}{target.suffix}")
    old = target.stat() if target.exists() else None
    # Made first and by nobody else: what is there already, a link even, is not written through.
    handle = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666 if old is None else 0o600)
    os.close(handle)
    try:
        if old is not None and not _made_like(partial, old):
            return False
        write(partial)
        if old is not None:
            os.chmod(partial, stat.S_IMODE(old.st_mode))
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return True


def _made_like(partial: Path, old: os.stat_result) -> bool:
    """Give a new file the owner and the group of an old one; whether it has them."""
    found = partial.stat()
    if (found.st_uid, found.st_gid) == (old.st_uid, old.st_gid):
        return True
    try:
        os.chown(partial, old.st_uid, old.st_gid)
    except OSError:
        return False
    return True


def _is_in_place(target: Path) -> bool:
    """Whether what is there has to stay: pipes, devices, files with further names."""
    try:
        found = target.stat()
    except OSError:
        return False
    return not stat.S_ISREG(found.st_mode) or found.st_nlink > 1


def _descriptor(path: Path) -> int | None:
    """The number of an open file of this process that a path leads to, as /dev/stdout does."""
    at = os.path.abspath(path)
    for _ in range(MOST_LINKS):
        if at in STANDARD:
            return STANDARD[at]
        if found := OPEN_FILE.fullmatch(at):
            return int(found[1])
        if not os.path.islink(at):
            return None
        at = os.path.normpath(os.path.join(os.path.dirname(at), os.readlink(at)))
    return None


def _cant(path: Path, why: str) -> ValueError:
    return ValueError(f"{path} can't be written ({why}); choose another place for the output.")
