"""Files that can run code when they are read: refused, with the line that converts them."""

from __future__ import annotations

import zipfile
from pathlib import Path

from pidtools.activations._entry import UnreadableError

TORCH = (".pt", ".pth", ".ckpt")
PICKLES = (".pkl", ".pickle", ".joblib")
PICKLE_STARTS = tuple(bytes([0x80, version]) for version in range(2, 6))


def refuse(path: Path, start: bytes) -> None:
    """Refuse what is a pickle by its name or by its first bytes.

    Raises
    ------
    UnreadableError
        With lines to paste.
    """
    suffix = path.suffix.lower()
    if suffix in TORCH or (start.startswith(b"PK\x03\x04") and _is_of_torch(path)):
        raise UnreadableError(_of_torch(path))
    if suffix in PICKLES or (suffix != ".npy" and start.startswith(PICKLE_STARTS)):
        raise UnreadableError(_of_pickle(path, suffix))


def _is_of_torch(path: Path) -> bool:
    """Whether a zip holds the pickle of a `torch.save`, whatever its name."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.rsplit("/", 1)[-1] == "data.pkl" for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        # No whole zip, or of a kind that zipfile does not know: who reads it will say so.
        return False


def _of_torch(path: Path) -> str:
    own, new = path.as_posix(), path.with_suffix(".safetensors").as_posix()
    npz = path.with_suffix(".npz").as_posix()
    return (
        "is a file of torch.save, which is not read because it can run code. Convert a tensor, "
        "batches of one, or a dictionary of tensors once:\n"
        f"    import numpy, torch\n"
        f"    X = torch.load({own!r}, map_location='cpu', weights_only=True)\n"
        f"    X = torch.cat(X) if isinstance(X, (list, tuple)) else X\n"
        f"    X = X if isinstance(X, dict) else {{'X': X}}\n"
        f"    plain = lambda v: (v.float() if v.is_floating_point() else v).detach().numpy()\n"
        f"    numpy.savez({npz!r}, **{{k: plain(v) for k, v in X.items()}})\n"
        "or, keeping bfloat16, with safetensors.torch:\n"
        f"    safetensors.torch.save_file({{k: v.contiguous() for k, v in X.items()}}, {new!r})"
    )


def _of_pickle(path: Path, suffix: str) -> str:
    own, new = path.as_posix(), path.with_suffix(".npz").as_posix()
    is_joblib = suffix == ".joblib"
    load = f"joblib.load({own!r})" if is_joblib else f"numpy.load({own!r}, allow_pickle=True)"
    return (
        "is a pickle, which is not read because it can run code. If you trust who made it, convert "
        "a dictionary of arrays once:\n"
        f"    import numpy{', joblib' if is_joblib else ''}\n"
        f"    numpy.savez({new!r}, **{load})\n"
        f"or one array: numpy.save({path.with_suffix('.npy').as_posix()!r}, {load})"
    )
