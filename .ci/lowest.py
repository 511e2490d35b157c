"""Print the lowest versions that pyproject.toml allows of what the tests need, for pip."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

FORM = re.compile(r"([\w-]+(?:\[\w+\])?)>=([\d.]+)")


def lowest() -> list[str]:
    """One line a package."""
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    wanted = (*project["dependencies"], *project["optional-dependencies"]["test"])
    found = [FORM.fullmatch(each) for each in wanted]
    if None in found:
        raise ValueError(f"a dependency has no lower bound, name>=version: {wanted}")
    return [f"{each[1]}=={each[2]}" for each in found if each]


if __name__ == "__main__":
    print("\n".join(lowest()))
