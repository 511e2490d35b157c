"""Dictionaries that results were written to, read key by key."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, TypeVar

from pidtools._remarks import Remark, from_lists

# Version of the keys of every `to_dict`; a key that changes meaning raises it.
SCHEMA_VERSION = 2

C = TypeVar("C", bound=str)


class AsWritten(str):
    """An estimator as it was written down, shown as it was: what it could do stays behind."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Written:
    """What a `to_dict` gave, here or in another process.

    Attributes
    ----------
    kind : str
        Name of the result.
    content : mapping
    place : str
        Where in the whole this is, for messages.
    """

    kind: str
    content: Mapping[str, Any]
    place: str = ""

    @classmethod
    def checked(cls, content: Any, kind: type) -> Written:
        """The dictionary, if it is one of this version.

        Raises
        ------
        TypeError
            If it is no mapping.
        ValueError
            If it has no schema version or another one.
        """
        name = kind.__name__
        if not isinstance(content, Mapping):
            raise TypeError(
                f"{name}.from_dict takes the dictionary that to_dict() gave; got "
                f"{type(content).__name__}."
            )
        written = cls(name, content)
        version = written.integer("schema_version")
        if version != SCHEMA_VERSION:
            age = "an older" if version < SCHEMA_VERSION else "a newer"
            raise ValueError(
                f"{name}.from_dict reads schema_version {SCHEMA_VERSION}; this one is {version}, "
                f"of {age} pidtools. Measure again, or read it with that version."
            )
        return written

    def has(self, key: str) -> bool:
        """Whether there is such a key, and something in it."""
        return self.content.get(key) is not None

    def number(self, key: str) -> float:
        """A finite number."""
        value = self._get(key)
        if isinstance(value, bool) or not isinstance(value, Real):
            raise TypeError(self._wrong(key, "a number", value))
        try:
            number = float(value)
        except OverflowError:  # a whole number beyond any float
            number = math.inf
        if not math.isfinite(number):
            raise ValueError(self._wrong(key, "a finite number", value))
        return number

    def number_or_none(self, key: str) -> float | None:
        """A finite number, or None."""
        return None if self._get(key) is None else self.number(key)

    def step(self, key: str) -> float:
        """A finite number that stays an integer where it is one."""
        value = self.number(key)
        given = self._get(key)
        return given if isinstance(given, int) else value

    def integer(self, key: str) -> int:
        """A whole number that counts something."""
        value = self._get(key)
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(self._wrong(key, "a whole number", value))
        if value < 0:
            raise ValueError(self._wrong(key, "a whole number of at least 0", value))
        return value

    def integer_or_none(self, key: str) -> int | None:
        """A whole number, or None."""
        return None if self._get(key) is None else self.integer(key)

    def flag(self, key: str) -> bool:
        """True or False."""
        value = self._get(key)
        if not isinstance(value, bool):
            raise TypeError(self._wrong(key, "true or false", value))
        return value

    def text(self, key: str) -> str:
        """A string."""
        value = self._get(key)
        if not isinstance(value, str):
            raise TypeError(self._wrong(key, "a string", value))
        return value

    def text_or_none(self, key: str) -> str | None:
        """A string, or None."""
        return None if self._get(key) is None else self.text(key)

    def choice(self, key: str, known: Sequence[C]) -> C:
        """One of some strings."""
        value = self.text(key)
        for each in known:
            if each == value:
                return each
        raise ValueError(self._wrong(key, f"one of {', '.join(known)}", value))

    def label(self, key: str) -> Any:
        """A label of a class, of whatever kind."""
        value = self._get(key)
        if not isinstance(value, Hashable):
            raise TypeError(self._wrong(key, "a label", value))
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings."""
        value = self._get(key)
        if not isinstance(value, list | tuple) or not all(isinstance(x, str) for x in value):
            raise TypeError(self._wrong(key, "a list of strings", value))
        return tuple(value)

    def named_texts(self, key: str) -> dict[str, str]:
        """Strings by name."""
        value = self._get(key)
        if not isinstance(value, Mapping) or not all(
            isinstance(x, str) for pair in value.items() for x in pair
        ):
            raise TypeError(self._wrong(key, "strings by name", value))
        return dict(value)

    def rows(self, key: str = "rows", *, least: int = 1) -> list[Written]:
        """A list of dictionaries, of so many at least."""
        value = self._get(key)
        if not isinstance(value, list | tuple) or not all(isinstance(x, Mapping) for x in value):
            raise TypeError(self._wrong(key, "a list of dictionaries", value))
        if len(value) < least:
            raise ValueError(self._wrong(key, "a list that is not empty", value))
        return [Written(self.kind, x, f"{self.place}{key}[{k}].") for k, x in enumerate(value)]

    def part(self, key: str) -> Written:
        """A dictionary inside."""
        value = self._get(key)
        if not isinstance(value, Mapping):
            raise TypeError(self._wrong(key, "a dictionary", value))
        return Written(self.kind, value, f"{self.place}{key}.")

    def below(self, prefix: str) -> Written:
        """Keys with this beginning, without it; messages name the whole key."""
        own = {
            key.removeprefix(prefix): x for key, x in self.content.items() if key.startswith(prefix)
        }
        return Written(self.kind, own, f"{self.place}{prefix}")

    def remarks(self) -> tuple[Remark, ...]:
        """Warnings, notes and details; parts of a whole may leave the details to it."""
        is_part = bool(self.place) and "details" not in self.content
        details = () if is_part else self.texts("details")
        return from_lists(
            warnings=self.texts("warnings"), notes=self.texts("notes"), details=details
        )

    def at(self, key: str) -> str:
        """Where in the whole a key is, as refusals begin."""
        return f"{self.kind}.from_dict: {self.place}{key}"

    def _get(self, key: str) -> Any:
        if key not in self.content:
            raise ValueError(f"{self.at(key)} is missing; pass all that to_dict() gave.")
        return self.content[key]

    def _wrong(self, key: str, wanted: str, found: Any) -> str:
        shown = repr(found)
        shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
        return f"{self.at(key)} must be {wanted}; got {shown}."
