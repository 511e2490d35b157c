"""Advice in messages: taken out of a real message and executed; found in the code as it stands."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pidtools as pt
from pidtools._remarks import Remark

PACKAGE = Path(pt.__file__).parent
HOLE = "\ue000"
"""Stands for what a message fills in."""
# Code that a reader would paste: a call, an index, an argument, an assignment, an option, a
# package. Not `word(s)`, nor I(Y; T).
CODE = re.compile(
    rf"[a-z_\]\){HOLE}]\((?!s\))|[\w\]\){HOLE}]\[|\b[a-z]\w+=[\w\"'({{\[.{HOLE}-]"
    rf"|(?<![-(,])\b\w+ = [a-z~{HOLE}]|(?<![\w-])--[a-z][a-z-]* (?=[\w{HOLE}])"
    rf"|\bpip install\b|{HOLE}\.T\b|\w [!=]= \S"
)
# Problems and pages hold mathematics and markup, kernels no words; the command line has help.
ELSEWHERE = {"problems", "_page", "kernels", "_compiled", "demo.py", "demo_decisions.py", "plot.py"}


# What is spoken of, and nothing to paste: mathematics, arguments as they came, names of layers.
NAMED = re.compile(
    r"^(Uni|Red|Syn|I)\(.*|min\(n_ty, n_sy\)|n_y = H|^n_neighbors=H needs|most n_neighbors=H"
    r"|n_clusters=H; pass|^\w+\[(:, )?H\](?=$| must)|^H?\(?\)? ?(\w+\(\)|H\(\)) (needs|compares)"
    r"|^uncertainty=\"analytic\" needs|estimator=\"auto\" (chose|can't)|axes, H\[.*?\];"
    r"|symmetric: .*|^layout=\"H\" means|^how=\"H\" takes|^state\[.*?\]"
    r"|^H\[\"H\"\]$|^state has sigma=\"H\"|^\nimport sys[\s\S]*|^--[\w-]+ (is (of|H)|and --\w+)"
    r"|(?<=, )--groups H;|-, H\.shape\[1\]".replace("H", HOLE)
)


@dataclass
class Advice:
    """A message, and which parts of it were executed."""

    text: str
    used: list[tuple[int, int]] = field(default_factory=list)

    @cached_property
    def lower(self) -> str:
        return self.text.lower()

    def code(self, pattern: str) -> str:
        """A part of it, which counts as executed from now on."""
        found = re.search(pattern, self.text)
        assert found, f"{pattern!r} is not in: {self.text}"
        self.used.append(found.span())
        return found[0]

    def value(self, pattern: str, **names: Any) -> Any:
        """What an expression in it gives, pasted as it stands."""
        return run(f"found = {self.code(pattern)}", **names)["found"]

    def options(self, pattern: str, **names: Any) -> dict[str, Any]:
        """Arguments in it, such as ``estimator="probe"``."""
        return dict(run(f"found = dict({self.code(pattern)})", **names)["found"])

    def lines(self, pattern: str, **names: Any) -> dict[str, Any]:
        """The names after statements in it were run."""
        return run(self.code(pattern), **names)

    def executed(self, pattern: re.Pattern[str]) -> bool:
        """Whether group 1 of the pattern stands in a part that was executed."""
        return any(
            start <= found.start(1) and found.end(1) <= stop
            for found in pattern.finditer(self.text)
            for start, stop in self.used
        )


def run(code: str, **names: Any) -> dict[str, Any]:
    """Execute what a user would paste, who has NumPy, this library and their arrays."""
    known = {"np": np, "numpy": np, "pt": pt, "pidtools": pt, **names}
    imports = {
        "torch": "import torch",
        "ml_dtypes": "import ml_dtypes",
        "sklearn": "import sklearn.preprocessing, sklearn.decomposition",
        "scipy": "import scipy.sparse",
    }
    for module, line in imports.items():
        if f"{module}." in code:
            exec(line, known)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(code, known)
    return known


ALL: list[Advice] = []


def refused(call: Callable[..., Any], *given: Any) -> Advice:
    """The message of what is refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pt.PIDWarning)
        with pytest.raises((ValueError, TypeError, MemoryError)) as caught:
            call(*given)
    ALL.append(Advice(str(caught.value)))
    return ALL[-1]


def said(call: Callable[[], Any], beginning: str) -> Advice:
    """The note or warning of a result that holds some words."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = call()
    texts = [str(w.message) for w in caught] + list(getattr(result, "notes", ()))
    return heard(texts, beginning)


def heard(texts: Iterable[str | Remark], words: str) -> Advice:
    """The text that holds some words."""
    known = list(map(str, texts))
    (text, *_) = [text for text in known if words in text] or [""]
    assert text, f"nothing holds {words!r}: {known}"
    ALL.append(Advice(text))
    return ALL[-1]


# --- the texts in the code --------------------------------------------------------------------


@dataclass(frozen=True)
class Fragment:
    """A text in the code, with holes for what is filled in."""

    where: str
    text: str

    def pieces(self) -> Iterator[tuple[str, re.Pattern[str]]]:
        """Each piece of code in it, and the pattern of messages in which group 1 is that piece."""
        named = [found.span() for found in NAMED.finditer(self.text)]
        for found in CODE.finditer(self.text):
            a, b = found.span()
            if any(a < stop and start < b for start, stop in named):
                continue
            a += len(found[0]) - len(found[0].lstrip(HOLE))
            parts = (self.text[:a], self.text[a:b], self.text[b:])
            before, piece, after = (_pattern(part) for part in parts)
            yield found[0], re.compile(f"{before}({piece}){after}", re.S | re.I)

    def standing_in(self, advices: Iterable[Advice]) -> list[Advice]:
        """Those in which all of its fixed parts are; the rest of the patterns is slow."""
        parts = self.text.lower().replace("{}", HOLE).split(HOLE)
        return [advice for advice in advices if all(part in advice.lower for part in parts)]

    def is_left(self, advices: Iterable[Advice]) -> list[str]:
        """Pieces of code in it that no message shows executed."""
        own = self.standing_in(advices)
        return [
            f"{self.where}: {piece!r} in {self.text!r}"
            for piece, pattern in self.pieces()
            if not any(advice.executed(pattern) for advice in own)
        ]


def _pattern(text: str) -> str:
    return re.escape(text.replace("{}", HOLE)).replace(HOLE, ".*?")


def fragments() -> list[Fragment]:
    """Texts of the library that hold code, apart from docstrings and help."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        own = path.relative_to(PACKAGE)
        if ELSEWHERE.isdisjoint(own.parts):
            found += [Fragment(own.as_posix(), text) for text in _texts(path)]
    return [fragment for fragment in found if CODE.search(fragment.text)]


def _texts(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    passed: set[int] = set()
    for node in ast.walk(tree):
        if _is_no_message(node):
            passed.update(map(id, ast.walk(node)))
        text = None if id(node) in passed else _text(node)
        if text is not None:
            passed.update(map(id, ast.walk(node)))
            # What is filled in may hold texts of its own.
            for part in ast.walk(node):
                if isinstance(part, ast.FormattedValue):
                    passed.difference_update(map(id, ast.walk(part.value)))
            yield text


def _is_no_message(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr):  # docstrings
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.FunctionDef):  # how a result shows itself in one line
        return node.name == "__repr__" or node.name.startswith("_brief")
    if isinstance(node, ast.Call):
        called = getattr(node.func, "attr", getattr(node.func, "id", ""))
        return called in ("Option", "Argument", "compile", "TextColumn")
    return isinstance(node, ast.Subscript | ast.Compare)


def _text(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value if len(node.value) > 7 else None
    if isinstance(node, ast.JoinedStr):
        return "".join(str(v.value) if isinstance(v, ast.Constant) else HOLE for v in node.values)
    return None
