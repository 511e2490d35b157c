"""References of docstrings, ``[1]_`` and ``.. [1] text``, as Markdown has them."""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension, Object

CITED = re.compile(r"\[(\d+)\]_(?=\W|$)")
LISTED = re.compile(r"^(\s*)\.\. \[(\d+)\] +", re.MULTILINE)


class References(Extension):
    """Rewrites the docstrings of all that is loaded."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Numbers in brackets where docstrings cite, and a list where they say whom."""
        if obj.docstring:
            text = LISTED.sub(r"\1\2. ", obj.docstring.value)
            obj.docstring.value = CITED.sub(r"[\1]", text)
