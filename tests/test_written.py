"""Dictionaries of results, read key by key: what is of another kind is refused by its key."""

from __future__ import annotations

from typing import Any

import pytest

from pidtools._written import Written


@pytest.mark.parametrize(
    ("method", "value", "message"),
    [
        ("integer", True, "a whole number"),
        ("integer", 1.5, "a whole number"),
        ("integer", -1, "at least 0"),
        ("flag", 1, "true or false"),
        ("text", 1, "a string"),
        ("texts", ["a", 1], "a list of strings"),
        ("texts", "a", "a list of strings"),
        ("named_texts", {"a": 1}, "strings by name"),
        ("named_texts", ["a"], "strings by name"),
        ("rows", [1], "a list of dictionaries"),
        ("rows", {}, "a list of dictionaries"),
        ("part", [], "a dictionary"),
        ("number", "1", "a number"),
    ],
)
def test_another_kind_is_refused_by_its_key(method: str, value: Any, message: str) -> None:
    written = Written("PID", {"key": value}, "rows[3].")
    with pytest.raises((TypeError, ValueError), match=message) as refused:
        getattr(written, method)("key")
    assert "rows[3].key" in str(refused.value).replace("'", "").replace('"', "")


@pytest.mark.parametrize(
    ("method", "value"),
    [
        ("integer", 3), ("integer_or_none", None), ("flag", False), ("text", "a"),
        ("text_or_none", None), ("label", (1, "x")),
    ],
)  # fmt: skip
def test_what_is_of_its_kind_comes_back(method: str, value: Any) -> None:
    assert getattr(Written("PID", {"key": value}), method)("key") == value
