"""Results as one page to show to a colleague."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, overload

import pidtools
from pidtools import _outputs, _warnings
from pidtools._page import page, sections
from pidtools._page.parts import Section
from pidtools.gate import DistillationWeight

TITLE = "What a teacher still has to give its student"


@overload
def report(
    *results: Any, path: None = None, title: str | None = None, call: str | None = None
) -> str: ...
@overload
def report(
    *results: Any,
    path: str | os.PathLike[str],
    title: str | None = None,
    call: str | None = None,
) -> Path: ...
@_warnings.quiet
def report(
    *results: Any,
    path: str | os.PathLike[str] | None = None,
    title: str | None = None,
    call: str | None = None,
) -> str | Path:
    """Write results as one HTML page that needs nothing beside itself, no network either.

    Each result in sentences, figures that show values and intervals under the pointer or by arrow
    keys, tables with the same numbers, its notes, and what it takes to reproduce it. Without
    scripts and in print pictures stand in the place of the figures. Needs the extra ``report``.

    Parameters
    ----------
    *results : DistillableKnowledge, StudentComparison, DistillationMap, TeacherRanking, \
DistillationTrace or mapping of str to these
        A section each, in this order; those of a mapping are headed by their names. Other results
        of the library are taken too.
    path : str or path-like, optional
        The file, which is whole or untouched; links, pipes and devices are written through.
        Without it the page is returned.
    title : str, optional
        Title of the page.
    call : str, optional
        The call to reproduce the results, as the reader is shown it. What it was is known to the
        command line alone.

    Returns
    -------
    str or Path
        The page as text, or the path that it was written to.

    Raises
    ------
    ValueError
        If there is no result, or `path` is a folder or in a place that can't be written.
    TypeError
        If something else than a result is given.
    ImportError
        If plotly is not installed.
    OSError
        If there is no space left.

    Notes
    -----
    Every page holds the plotting library, 4.8 MB. The classes, pairs and rows of a
    `DistillableKnowledge` come from `by_class`, `by_pair` and `scores`; with intervals by
    resampling the rows are resampled again for it.

    Examples
    --------
    >>> import numpy as np
    >>> import pidtools as pt
    >>> y = np.arange(2000) % 4
    >>> r = pt.distillable_knowledge(y, y // 2, y)
    >>> page = pt.report({"head": r}, title="Head of the student")  # doctest: +SKIP
    >>> path = pt.report(r, path="page.html")  # doctest: +SKIP
    """
    for name, given in (("title", title), ("call", call)):
        if given is not None and not isinstance(given, str):
            raise TypeError(f"{name} must be a str; got {type(given).__name__}.")
    where = _checked_path(path)
    named = [each for result in results for each in _by_title(result)]
    if not named:
        raise ValueError("report() needs a result; give what distillable_knowledge(...) returned.")
    page.scripts()
    found = [_section(own, heading) for heading, own in named]
    heading = TITLE if title is None else title
    text = page.write(found, title=heading, call=call, version=pidtools.__version__)
    if where is None:
        return text
    _outputs.write(where, lambda partial: partial.write_bytes(text.encode("utf-8")))
    return where


def _checked_path(path: Any) -> Path | None:
    """Found out before the work, which may be to resample; - is no name here."""
    if path is None:
        return None
    if not isinstance(path, str | os.PathLike) or isinstance(os.fspath(path), bytes):
        raise TypeError(f"path must be a str or a path, or None; got {type(path).__name__}.")
    if os.fspath(path) in ("", "-"):
        raise ValueError(
            f"path is {os.fspath(path)!r}; give the name of a file, or None to have the page as "
            "text."
        )
    where = Path(path)
    _outputs.check_writable(where)
    return where


def _by_title(result: Any) -> list[tuple[str | None, Any]]:
    """Results with the titles that a mapping gives them."""
    is_named = isinstance(result, Mapping)
    given = dict(result) if is_named else {None: result}
    for name, own in given.items():
        if not isinstance(own, DistillationWeight) and not sections.is_known(own):
            raise TypeError(
                f"{f'results[{name!r}]' if is_named else 'results'} must hold results of pidtools, "
                f"such as what distillable_knowledge(...) returned; got {type(own).__name__}."
            )
    return [(str(name) if is_named else None, own) for name, own in given.items()]


def _section(result: Any, title: str | None) -> Section:
    if isinstance(result, DistillationWeight):
        own = result._section(whole=True)
    else:
        own = sections.section(result, whole=True)
    return own if title is None else dataclasses.replace(own, title=title)
