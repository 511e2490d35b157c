"""Each format round-trips, is mapped where it can be, and says file and key where it can't."""

from __future__ import annotations

import gc
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import pidtools as pt
from pidtools import _stored, _temporary, activations

RNG = np.random.default_rng(0)
ARRAYS: dict[str, Any] = {
    "layer2": RNG.normal(size=(30, 4)).astype(np.float32),
    "layer10": RNG.normal(size=(30, 3)).astype(np.float16),
    "y": RNG.integers(0, 5, 30),
    "maps": RNG.normal(size=(30, 2, 3, 3)),
    "on": RNG.random(30) < 0.5,
}
Save = Callable[[Path, dict[str, Any]], None]


def to_npz(path: Path, arrays: dict[str, Any]) -> None:
    np.savez(path, **arrays)


def to_packed_npz(path: Path, arrays: dict[str, Any]) -> None:
    np.savez_compressed(path, **arrays)


def to_safetensors(path: Path, arrays: dict[str, Any]) -> None:
    pytest.importorskip("safetensors.numpy").save_file(arrays, path)


def to_hdf5(path: Path, arrays: dict[str, Any]) -> None:
    with pytest.importorskip("h5py").File(path, "w") as file:
        for key, array in arrays.items():
            file[key] = array


def to_chunked_hdf5(path: Path, arrays: dict[str, Any]) -> None:
    with pytest.importorskip("h5py").File(path, "w") as file:
        for key, array in arrays.items():
            file.create_dataset(key, data=array, chunks=True, compression="gzip")


def to_zarr(path: Path, arrays: dict[str, Any]) -> None:
    group = pytest.importorskip("zarr").open_group(str(path), mode="w")
    for key, array in arrays.items():
        made = group.create_array(
            key, shape=array.shape, dtype=array.dtype, chunks=(7, *array.shape[1:])
        )
        made[...] = array


FORMATS: dict[str, tuple[str, Save]] = {
    "npz": ("t.npz", to_npz),
    "packed npz": ("t.npz", to_packed_npz),
    "safetensors": ("t.safetensors", to_safetensors),
    "hdf5": ("t.h5", to_hdf5),
    "chunked hdf5": ("t.h5", to_chunked_hdf5),
    "zarr": ("t.zarr", to_zarr),
}
every_format = pytest.mark.parametrize("kind", FORMATS)


def saved(kind: str, folder: Path, arrays: dict[str, Any] = ARRAYS) -> Path:
    name, save = FORMATS[kind]
    save(folder / name, arrays)
    return folder / name


@every_format
def test_what_was_saved_comes_back(kind: str, tmp_path: Path) -> None:
    path = saved(kind, tmp_path)
    for key, array in ARRAYS.items():
        found = activations.read(f"{path}:{key}", "T")
        assert isinstance(found, np.ndarray)
        assert found.dtype == array.dtype
        np.testing.assert_array_equal(found, array)


@every_format
def test_all_layers_of_a_file_are_read_when_asked_for(kind: str, tmp_path: Path) -> None:
    path = saved(kind, tmp_path)
    found = activations.layers(path)
    assert set(found) == set(ARRAYS)
    for key, layer in found.items():
        assert layer.shape == ARRAYS[key].shape
        np.testing.assert_array_equal(np.asarray(layer), ARRAYS[key])
        np.testing.assert_array_equal(activations.read(layer, "T"), ARRAYS[key])
        assert (layer.name, str(layer)) == (path.name, f"{path}:{key}")


@pytest.mark.parametrize("kind", ["npz", "packed npz", "hdf5", "chunked hdf5"])
def test_layers_come_in_the_order_in_which_they_were_saved(kind: str, tmp_path: Path) -> None:
    names = ["stem", "layer10", "layer9", "a/head", "a/b"]
    path = saved(kind, tmp_path, {name: np.ones((3, 2)) for name in names})
    assert list(activations.layers(path)) == names


def test_tensors_come_in_the_order_of_their_bytes(tmp_path: Path) -> None:
    numpy = pytest.importorskip("safetensors.numpy")
    path = tmp_path / "t.safetensors"
    numpy.save_file({name: np.ones((3, 2), np.float32) for name in ("b", "a", "c")}, path)
    with path.open("rb") as file:
        said = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    order = sorted(said, key=lambda name: said[name]["data_offsets"][0])
    assert list(activations.layers(path)) == order


def test_layers_of_zarr_count_numbers_as_numbers(tmp_path: Path) -> None:
    path = saved("zarr", tmp_path, {name: np.ones((3, 2)) for name in ("h10", "h9", "b/h1")})
    assert list(activations.layers(path)) == ["b/h1", "h9", "h10"]


@pytest.mark.parametrize("kind", ["npz", "safetensors", "hdf5"])
def test_plain_entries_are_maps_of_their_file(kind: str, tmp_path: Path) -> None:
    path = saved(kind, tmp_path)
    found = activations.read(f"{path}:layer2", "T")
    assert isinstance(found, np.memmap)
    assert Path(str(found.filename)) == path
    assert not found.flags.writeable


@every_format
def test_a_wrong_key_is_named_beside_those_there_are(kind: str, tmp_path: Path) -> None:
    path = saved(kind, tmp_path)
    with pytest.raises(ValueError, match=r"^S: .*:layer3 is not there; .*holds layer2, "):
        activations.read(f"{path}:layer3", "S")
    with pytest.raises(ValueError, match=r"^S: .* holds 5 arrays; say which after a colon, as in"):
        activations.read(path, "S")


@every_format
def test_one_array_needs_no_key(kind: str, tmp_path: Path) -> None:
    path = saved(kind, tmp_path, {"x": ARRAYS["layer2"]})
    np.testing.assert_array_equal(activations.read(str(path), "T"), ARRAYS["layer2"])


@pytest.mark.parametrize("kind", ["npz", "packed npz", "safetensors", "hdf5", "chunked hdf5"])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.98])
def test_a_file_cut_off_anywhere_is_refused_or_right(
    kind: str, share: float, tmp_path: Path
) -> None:
    path = saved(kind, tmp_path, {"x": RNG.normal(size=(400, 20)), "z": np.ones((400, 9))})
    whole = {key: np.array(layer) for key, layer in activations.layers(path).items()}
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    n_refused = 0
    for key, array in whole.items():
        try:
            found = activations.read(f"{path}:{key}", "T")
        except ValueError as error:
            assert str(error).startswith(f"T: {path}")  # noqa: PT017
            n_refused += 1
        else:
            np.testing.assert_array_equal(found, array)
    assert n_refused


def test_damaged_bytes_never_raise_anything_else(tmp_path: Path) -> None:
    """Each byte of small files in turn, three ways: an array or a ValueError."""
    for kind in ("npz", "packed npz", "safetensors"):
        path = saved(kind, tmp_path, {"x": np.arange(6.0).reshape(3, 2)})
        whole = path.read_bytes()
        for place in range(0, len(whole), 5):
            for byte in (0, whole[place] ^ 129):
                path.write_bytes(whole[:place] + bytes([byte]) + whole[place + 1 :])
                try:
                    activations.read(path, "T")
                except ValueError as error:
                    assert str(path) in str(error)  # noqa: PT017


def npy_header(shape: str, descr: str = "'<f4'", *, version: int = 1, length: int = 0) -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    n = length or len(text)
    return (
        b"\x93NUMPY" + bytes([version, 0]) + n.to_bytes(2 if version == 1 else 4, "little") + text
    )


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (npy_header("(1000000000000, 1000000000000)"), "its header says shape"),
        (npy_header("(4294967296, 4294967296)"), "its header says shape"),
        (npy_header("(-5, 3)"), "which is none"),
        (npy_header("(True, 3)"), "which is none"),
        (npy_header("(3.5,)"), "which is none"),
        (npy_header("(" * 5000), r"is not a whole \.npy file"),
        (npy_header("(3,)", version=2, length=2**32 - 1), "header of 4294967295 bytes"),
        (npy_header("(3,)", "'|O'"), "pickled objects"),
        (npy_header("(3,)", "[('a', '|O')]"), "pickled objects"),
        (npy_header("(3,)", "'|V1'"), "does not say of which kind"),
        (npy_header("(3,)", "'<f3'"), "which NumPy has not"),
        (npy_header("__import__('os').getcwd()"), r"is not a whole \.npy file"),
        (npy_header("(3,)", version=9), r"is not a whole \.npy file"),
    ],
)
def test_hostile_headers_of_npy_are_refused(raw: bytes, why: str, tmp_path: Path) -> None:
    path = tmp_path / "T.npy"
    path.write_bytes(raw + bytes(12))
    with pytest.raises(ValueError, match=rf"^T: .*T\.npy .*{why}"):
        activations.read(path, "T")
    with zipfile.ZipFile(tmp_path / "T.npz", "w") as archive:
        archive.writestr("x.npy", raw + bytes(12))
    with pytest.raises(ValueError, match=r"^T: .*T\.npz:x "):
        activations.read(f"{tmp_path / 'T.npz'}:x", "T")


def write_safetensors(path: Path, said: object, n_bytes: int = 24, length: int = 0) -> None:
    text = said if isinstance(said, bytes) else json.dumps(said).encode()
    path.write_bytes((length or len(text)).to_bytes(8, "little") + text + bytes(n_bytes))


def tensor(*offsets: Any, shape: Any = (3,), dtype: Any = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"x": tensor(0, 12), "z": tensor(8, 20)}, "'x' and 'z' overlap"),
        ({"x": tensor(0, 12), "z": tensor(12, 36, shape=[6])}, "of which 24 are there"),
        ({"x": tensor(12, 0)}, "ends before it begins"),
        ({"x": tensor(0, 12, shape=[2**40, 2**40])}, "12 bytes in its header"),
        ({"x": tensor(0, 12, shape=[-1])}, "is not a whole"),
        ({"x": tensor(0, 12, shape="ab")}, "is not a whole"),
        ({"x": tensor(0, 12, dtype=["F32"])}, "is not a whole"),
        ({"x": tensor(0)}, "is not a whole"),
        ({"x": tensor(0, 12, dtype="F4")}, "is not read here"),
        ({"x": 3}, "is not a whole"),
        ([1, 2], "is not a whole"),
        (b'{"x": {}, "x": {}}', "is not a whole"),
        (b"[" * 100_000, "is not a whole"),
        (b"\xff\xfe{", "is not a whole"),
    ],
)
def test_hostile_headers_of_safetensors_are_refused(said: object, why: str, tmp_path: Path) -> None:
    path = tmp_path / "s.safetensors"
    write_safetensors(path, said)
    with pytest.raises(ValueError, match=rf"^S: .*s\.safetensors:x .*{why}"):
        activations.read(f"{path}:x", "S")


def test_headers_of_gigabytes_are_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "s.safetensors"
    for length, why in ((2**40, "more than the format allows"), (90_000_000, "is not a whole")):
        write_safetensors(path, {}, length=length)
        with pytest.raises(ValueError, match=why):
            activations.read(path, "S")


def test_a_member_that_says_it_unpacks_to_terabytes_is_refused(tmp_path: Path) -> None:
    path = saved("packed npz", tmp_path, {"x": np.zeros((300, 300))})
    raw = bytearray(path.read_bytes())
    central = raw.rindex(b"PK\x01\x02")
    raw[central + 24 : central + 28] = (2**32 - 2).to_bytes(4, "little")
    path.write_bytes(bytes(raw))
    with pytest.raises(ValueError, match=r"^T: .*t\.npz:x is not a whole \.npz"):
        activations.read(f"{path}:x", "T")


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".bin"])
def test_what_can_run_code_is_refused_with_the_lines_that_convert(
    suffix: str, tmp_path: Path
) -> None:
    path = tmp_path / f"model{suffix}"
    path.write_bytes(pickle.dumps({"h": np.ones((4, 2))}))
    with pytest.raises(ValueError, match=r"^T: .*model.* can run code") as caught:
        activations.read(path, "T")
    lines = [line.strip() for line in str(caught.value).splitlines() if line.startswith("    ")]
    assert lines
    if suffix in (".pkl", ".pickle", ".bin"):
        names: dict[str, Any] = {}
        for line in lines:
            exec(line, names)
        np.testing.assert_array_equal(
            activations.read(path.with_suffix(".npz"), "T"), np.ones((4, 2))
        )


@pytest.mark.slow
def test_the_lines_that_convert_tensors_run(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    path = tmp_path / "model.pt"
    torch.save({"h": torch.ones(4, 2, dtype=torch.bfloat16)}, path)
    with pytest.raises(ValueError, match="weights_only=True") as caught:
        activations.layers(path)
    names: dict[str, Any] = {}
    for line in str(caught.value).splitlines():
        if line.startswith("    ") and "safetensors" not in line:
            exec(line.strip(), names)
    np.testing.assert_array_equal(activations.read(path.with_suffix(".npz"), "T"), np.ones((4, 2)))
    path.rename(tmp_path / "renamed.npz")
    with pytest.raises(ValueError, match=r"can run code[\s\S]*torch\.load"):
        activations.read(tmp_path / "renamed.npz:h", "T")


def test_objects_in_files_are_never_loaded(tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", good=np.ones(3), bad=np.array([{}, None], dtype=object))
    with pytest.raises(ValueError, match=r"^T: .*t\.npz:bad holds pickled objects"):
        activations.read(f"{tmp_path / 't.npz'}:bad", "T")
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file.create_dataset("bad", (2,), dtype=h5py.vlen_dtype(np.int32))
        file["group/x"], file["empty"] = np.ones(3), h5py.Empty("f4")
    for key, why in {
        "bad": r"rows of several lengths, and no array",
        "group": r"is a group and no array; it holds group/x\.",
        "empty": "is empty",
        "group/y": "is not there; .* holds group/x, ",
    }.items():
        with pytest.raises(ValueError, match=rf"^T: .*t\.h5:{key} .*{why}"):
            activations.read(f"{tmp_path / 't.h5'}:{key}", "T")
    assert activations.read(f"{tmp_path / 't.h5'}:/group/x", "T").shape == (3,)
    assert list(activations.layers(f"{tmp_path / 't.h5'}:group")) == ["group/x"]


@pytest.mark.filterwarnings("ignore:The data type")  # of zarr, of strings
def test_strings_of_hdf5_and_zarr_are_labels(tmp_path: Path) -> None:
    words = np.array(["cat", "dog", "é"])
    h5py, zarr = pytest.importorskip("h5py"), pytest.importorskip("zarr")
    with h5py.File(tmp_path / "y.h5", "w") as file:
        file["y"] = words.astype(object)
    zarr.save_array(str(tmp_path / "y.zarr"), words)
    for name in ("y.h5", "y.zarr"):
        assert activations.read(tmp_path / name, "Y").tolist() == words.tolist()


@pytest.mark.parametrize("kind", ["bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e8m0fnu"])
def test_floats_of_few_bits_become_float32(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    numpy = pytest.importorskip("safetensors.numpy")
    names = {"bfloat16": "BF16", "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2"}
    array = np.exp(RNG.normal(size=(50, 6))).astype(getattr(ml_dtypes, kind))
    wanted = array.astype(np.float32)
    path = tmp_path / "s.safetensors"
    numpy.save_file({"x": array.view(f"u{array.itemsize}")}, path)
    raw, as_stored = path.read_bytes(), {1: b'"U8"', 2: b'"U16"'}[array.itemsize]
    new = raw[8:].replace(as_stored, f'"{names.get(kind, "F8_E8M0")}"'.encode(), 1)
    n = int.from_bytes(raw[:8], "little") + len(new) - len(raw) + 8
    path.write_bytes(n.to_bytes(8, "little") + new)
    for large in (2**26, 100):  # then by blocks
        monkeypatch.setattr(_stored, "LARGE", large)
        monkeypatch.setattr(_stored, "ENTRIES", 60)
        found = activations.read(path, "S")
        assert found.dtype == np.float32
        assert isinstance(found, np.memmap) == (large == 100)
        np.testing.assert_array_equal(found, wanted)
    if kind in ("bfloat16", "float8_e5m2"):  # a .npy of others does not say what it holds
        np.save(tmp_path / "T.npy", array)
        np.testing.assert_array_equal(activations.read(tmp_path / "T.npy", "T"), wanted)
        np.savez_compressed(tmp_path / "T.npz", x=array)
        np.testing.assert_array_equal(activations.read(tmp_path / "T.npz", "T"), wanted)


@pytest.mark.parametrize("kind", ["packed npz", "chunked hdf5", "zarr"])
def test_large_stores_go_block_by_block_into_a_map_that_leaves_no_file(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pidtools.activations import _npz

    monkeypatch.setattr(_stored, "LARGE", 1000)
    monkeypatch.setattr(_npz, "LARGE", 1000)
    monkeypatch.setattr(_npz, "BLOCK", 512)
    monkeypatch.setattr(_stored, "ENTRIES", 200)
    X = np.asfortranarray(RNG.normal(size=(333, 10)).astype(np.float16))
    path = saved(kind, tmp_path, {"x": X})
    found = activations.read(path, "T")
    assert found.dtype == np.float16
    np.testing.assert_array_equal(found, X)
    base: Any = found
    while not isinstance(base, np.memmap):
        base = base.base
    place = Path(str(base.filename))
    assert place.is_file()
    del found, base
    gc.collect()
    assert not place.exists()


def test_a_disk_without_space_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=10))
    with pytest.raises(ValueError, match=r"can't be written to .* set TMPDIR"):
        _temporary.mapped([np.ones(9)], (9,), np.dtype(float))


def test_a_write_that_fails_leaves_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def parts() -> Any:
        yield np.ones(4)
        raise OSError(28, "No space left on device")

    before = set(_temporary._folder().iterdir())
    with pytest.raises(ValueError, match="No space left on device"):
        _temporary.mapped(parts(), (9,), np.dtype(float))
    assert set(_temporary._folder().iterdir()) == before


def test_a_file_named_like_an_address_comes_first(tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", x=np.zeros(3))
    try:
        with (tmp_path / "t.npz:x").open("wb") as file:
            np.save(file, np.ones(4))
    except OSError:
        pytest.skip("no file can have this name here")
    assert activations.read(f"{tmp_path / 't.npz'}:x", "T").shape == (4,)


def test_colons_of_drives_and_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from pidtools.activations._address import split

    assert split("C:\\runs\\t.npz:layer4") == (Path("C:\\runs\\t.npz"), "layer4")
    assert split("none.safetensors:h.2:q") == (Path("none.safetensors"), "h.2:q")
    to_npz(tmp_path / "t.npz", {"a:b": np.zeros(3)})
    assert activations.read(f"{tmp_path / 't.npz'}:a:b", "T").shape == (3,)
    for address in ("no\0file.npy", "x" * 5000):
        with pytest.raises(ValueError, match=r"^T: "):
            activations.read(address, "T")


def test_files_of_no_known_format_are_named(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("1,2\n3,4\n")
    with pytest.raises(ValueError, match=r"t\.csv is of no format that is read here \(\.npy, "):
        activations.read(path, "T")
    np.savez(tmp_path / "t.npz")
    with pytest.raises(ValueError, match=r"t\.npz holds no array"):
        activations.layers(tmp_path / "t.npz")
    (tmp_path / "t.zarr").mkdir()
    with pytest.raises(ValueError, match="is not a whole zarr store"):
        activations.read(tmp_path / "t.zarr", "T")
    np.save(tmp_path / "t.npy", np.ones(3))
    with pytest.raises(ValueError, match=r"has no key: .* leave :x out"):
        activations.read(f"{tmp_path / 't.npy'}:x", "T")


def test_a_map_takes_all_layers_of_files_and_says_why_one_is_missing(tmp_path: Path) -> None:
    y = np.arange(400) % 4
    np.savez(tmp_path / "t.npz", conv=y, bad=np.array([{}], dtype=object), head=y % 2)
    np.savez(tmp_path / "s.npz", h=y // 2)
    found = pt.distillation_map(
        activations.layers(tmp_path / "t.npz"), activations.layers(tmp_path / "s.npz"), y
    )
    assert found.teacher_layers == ("conv", "bad", "head")
    assert "t.npz:bad holds pickled objects" in str(found["bad", "h"].error)
    assert found["conv", "h"].distillable == pytest.approx(1.0, abs=1e-6)
