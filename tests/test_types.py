"""Names of the kinds of arrays: what they stand for, and that each is given once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from numpy.typing import NDArray

import pidtools
from pidtools import _types

KINDS = {
    "Array": NDArray[Any],
    "Floats": NDArray[np.float64],
    "Codes": NDArray[np.int64],
    "Bools": NDArray[np.bool_],
}


@pytest.mark.parametrize("name", KINDS)
def test_a_name_stands_for_its_kind(name: str) -> None:
    assert getattr(_types, name) == KINDS[name]


def test_posteriors_go_by_name() -> None:
    assert get_args(_types.Posteriors) == (str, _types.Array)


def kinds_named(file: Path) -> Iterator[str]:
    """Names that a file gives to kinds of arrays at its top level."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and "NDArray" in ast.unparse(node.value):
            yield from (t.id for t in node.targets if isinstance(t, ast.Name))


def test_no_other_room_gives_these_names() -> None:
    package = Path(pidtools.__file__).parent
    names = {*KINDS, "Posteriors"}
    given = {
        file.relative_to(package).as_posix()
        for file in package.rglob("*.py")
        if names & set(kinds_named(file))
    }
    assert given == {"_types.py"}
