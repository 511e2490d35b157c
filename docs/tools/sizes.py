"""What each dependency takes on disk, with what it alone brings: for docs/installs.md.

Run it in a fresh environment that holds pidtools alone: `python docs/tools/sizes.py`.
"""

from __future__ import annotations

import re
from importlib.metadata import Distribution, distribution, requires

# In this order each takes what those before have not.
ORDER = (
    *("numpy", "scipy", "scikit-learn", "numba", "joblib", "threadpoolctl"),
    *("matplotlib", "rich", "typer", "cvxpy"),
)
MEGABYTE = 1e6


def needed(name: str, seen: set[str]) -> list[Distribution]:
    """A distribution with what it needs, without those that were seen."""
    key = name.lower().replace("_", "-")
    if key in seen:
        return []
    try:
        found = distribution(key)
    except ModuleNotFoundError:  # of another system
        return []
    seen.add(key)
    own = [each for each in requires(key) or () if "extra ==" not in each]
    names = [match[0] for each in own if (match := re.match(r"[\w.-]+", each))]
    return [found, *(each for name in names for each in needed(name, seen))]


def size(found: Distribution) -> float:
    """Megabytes of its files."""
    paths = [found.locate_file(file) for file in found.files or ()]
    return sum(path.stat().st_size for path in paths if path.is_file()) / MEGABYTE  # type: ignore[attr-defined]


def main() -> None:
    """Print a row for each dependency."""
    seen, total = {"pidtools"}, 0.0
    for name in ORDER:
        parts = needed(name, seen)
        sizes = {each.metadata["Name"]: size(each) for each in parts}
        total += sum(sizes.values())
        others = ", ".join(
            f"{key} {mb:.0f}" for key, mb in sizes.items() if key != name and mb >= 1
        )
        print(f"| {name} | {sum(sizes.values()):.0f} | {others} |")
    print(f"| all | {total:.0f} | |")


if __name__ == "__main__":
    main()
