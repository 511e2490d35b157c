"""Arrays as people save them: read in place, or refused with a message that names them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pidtools as pt
from pidtools import activations


@pytest.mark.parametrize(
    "saved",
    [np.eye(3, dtype=np.float16), np.array(["cat", "dog"]), np.arange(4) > 1],
    ids=["numbers", "strings", "bools"],
)
def test_an_array_is_a_map_of_its_file(tmp_path: Path, saved: np.ndarray) -> None:
    np.save(tmp_path / "T.npy", saved)
    found = activations.read(tmp_path / "T.npy", "T")
    assert isinstance(found, np.memmap)
    assert found.dtype == saved.dtype
    np.testing.assert_array_equal(found, saved)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^S: there is no file .*none\.npy\.$"):
        activations.read(tmp_path / "none.npy", "S")
    with pytest.raises(ValueError, match=rf"^S: {tmp_path} is a folder and no zarr store"):
        activations.read(tmp_path, "S")


@pytest.mark.parametrize("address", [5, None, b"t.npy", np.zeros(3)], ids=repr)
def test_what_is_no_address_is_refused_by_name(address: Any) -> None:
    for read in (activations.read, activations.layers):
        with pytest.raises(TypeError, match=r"^S: an address is a str or a path"):
            read(address, "S")


def test_a_path_in_place_of_an_array_gets_the_line_that_reads_it(tmp_path: Path) -> None:
    X, Y = np.arange(40) % 4, np.arange(40) % 2
    np.save(tmp_path / "T.npy", X)
    for path in (tmp_path / "T.npy", str(tmp_path / "T.npy")):
        with pytest.raises(
            TypeError, match=r"^T is a path; .*pidtools\.activations\.read\("
        ) as told:
            pt.distillable_knowledge(path, X, Y)  # type: ignore[arg-type]
        line = str(told.value).split("file, ")[1].removesuffix(".")
        assert (eval(line, {"pidtools": pt}) == X).all()
    layer = activations.Layer(str(tmp_path / "T.npy"))  # type: ignore[arg-type]
    assert (np.asarray(layer) == X).all()


@pytest.mark.parametrize("content", [b"", b"1,2\n3,4\n", b"\x93NUMPY", b"\x80\x04 object"])
def test_what_is_no_npy_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "T.npy"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"^T: .*T\.npy is not a whole \.npy file; save it with"):
        activations.read(path, "T")


def test_half_a_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "T.npy"
    np.save(path, np.ones((50, 3)))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="is not a whole"):
        activations.read(path, "T")


def test_pickled_objects_are_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "Y.npy"
    np.save(path, np.array([{"a": 1}, None], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"^Y: .* holds pickled objects, which .* can run code"):
        activations.read(path, "Y")


def test_several_arrays_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "T.npz"
    np.savez(path, a=np.ones(2), b=np.ones(3))
    with pytest.raises(ValueError, match=r"^T: .* holds 2 arrays; say which after a colon"):
        activations.read(path, "T")
    path.unlink()  # the file was closed


def test_files_of_a_pattern_come_by_the_last_number_in_their_names(tmp_path: Path) -> None:
    for step in (10, 2, 1):
        np.save(tmp_path / f"run-3-epoch-{step:02d}.npy", np.arange(3))
    found = activations.by_number(tmp_path / "*.npy", "students")
    assert [(step, path.name) for step, path in found.items()] == [
        (step, f"run-3-epoch-{step:02d}.npy") for step in (1, 2, 10)
    ]


def test_the_name_of_a_file_is_no_pattern(tmp_path: Path) -> None:
    (tmp_path / "run[1]").mkdir()
    for step in (3, 1):
        np.savez(tmp_path / "run[1]" / f"e-{step}.npz", h1=np.arange(3))
    file = tmp_path / "run[1]" / "e-3.npz"
    assert activations.by_number(file, "students") == {3: file}
    both = [str(file), str(tmp_path / "run?1?" / "e-1.npz:h1")]
    found = activations.by_number(both, "students")
    assert list(found) == [1, 3]
    assert str(found[1]) == f"{tmp_path / 'run[1]' / 'e-1.npz'}:h1"


def test_files_without_a_number_or_with_one_twice_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^students: there is no file .*\*\.npy\.$"):
        activations.by_number(tmp_path / "*.npy", "students")
    for name in ("a-1.npy", "b-01.npy"):
        np.save(tmp_path / name, np.arange(3))
    with pytest.raises(ValueError, match=r"a-1\.npy and .*b-01\.npy are both step 1"):
        activations.by_number(tmp_path / "*.npy", "students")
    np.save(tmp_path / "last.npy", np.arange(3))
    with pytest.raises(ValueError, match=r"last\.npy has no number in its name"):
        activations.by_number(tmp_path / "[l]*.npy", "students")
