"""The code of `docs/recipes.md`, which tests run and the real run takes its hooks from."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "recipes.md"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def recipes() -> dict[str, list[str]]:
    """Blocks of Python by the title of their section."""
    _, *sections = PAGE.read_text(encoding="utf-8").split("\n## ")
    return {section.split("\n", 1)[0]: BLOCK.findall(section) for section in sections}


def imported(code: str) -> list[str]:
    """Packages that code imports."""
    found = re.findall(r"^(?:import|from) (\w+)", code, re.MULTILINE)
    return list(dict.fromkeys(found))


def definitions(title: str) -> dict[str, Any]:
    """What a section imports and defines, without what it does with it."""
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
    tree = ast.parse("\n".join(recipes()[title]))
    tree.body = [node for node in tree.body if isinstance(node, kinds)]
    names: dict[str, Any] = {"__name__": "recipes"}
    exec(compile(tree, str(PAGE), "exec"), names)
    return names
