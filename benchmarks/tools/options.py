"""The command line of a benchmark."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence

from benchmarks.tools.process import end_with_parent


class Options(argparse.ArgumentParser):
    """The docstring of a script as its help, and the few kinds of options that scripts have."""

    def __init__(self, doc: str | None) -> None:
        super().__init__(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
        end_with_parent()

    def part(self, *names: str) -> None:
        """Which part of the script is run, as its first word."""
        self.add_argument("what", choices=names)

    def number(self, name: str, default: int, about: str = "") -> None:
        """``--name 200``."""
        self.add_argument(f"--{name}", type=int, default=default, help=f"{about} ({default})")

    def numbers(self, name: str, default: Sequence[int], about: str = "") -> None:
        """``--name 500 2000``."""
        shown = " ".join(map(str, default))
        self.add_argument(
            f"--{name}", type=int, nargs="*", default=list(default), help=f"{about} ({shown})"
        )

    def names(
        self,
        name: str,
        default: Iterable[str] = (),
        known: Iterable[str] | None = None,
        about: str = "",
    ) -> None:
        """``--name one another``, of those that are known if they are listed."""
        choices = None if known is None else list(known)
        self.add_argument(
            f"--{name}", nargs="*", default=list(default), choices=choices, help=about
        )

    def only_table(self) -> None:
        """``--table``: no measurement, the tables of what there is."""
        self.add_argument("--table", action="store_true", help="only write what is known anew")
