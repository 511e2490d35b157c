"""How results show themselves in notebooks."""

from __future__ import annotations


class Shown:
    """A result that notebooks show as a table with its notes."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        """The words and tables of its page; the one place that looks up, when a notebook asks."""
        from pidtools._page.fragment import of_result

        return of_result(self)
