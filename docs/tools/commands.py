"""The page of the command line, from the commands themselves."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from enum import Enum
from typing import Any, Literal, get_args, get_origin


def commands_page() -> str:
    """Every command with its arguments and options."""
    import typer

    from pidtools.cli import app

    group: Any = typer.main.get_command(app)
    parts = ["# Commands and options", _text(group.help)]
    parts.append(
        "`pidtools COMMAND --help` says the same in a terminal; exit codes and the rest are on "
        "[the command line](../command-line.md)."
    )
    for name, command in group.commands.items():
        parts += [f"## pidtools {name}", _text(command.help), _table(command.params)]
    return "\n\n".join(filter(None, parts)) + "\n"


def _text(help_text: str | None) -> str:
    return inspect.cleandoc(help_text or "").replace("\f", "")


def _table(params: list[Any]) -> str:
    rows = list(_rows(params))
    return (
        "\n".join(["| argument or option | what it is | default |", "|---|---|---|", *rows])
        if rows
        else ""
    )


def _rows(params: list[Any]) -> Iterator[str]:
    for param in params:
        if getattr(param, "hidden", False):
            continue
        is_option = param.opts[0].startswith("-")
        names = [*param.opts, *param.secondary_opts] if is_option else [param.metavar or param.name]
        text = " ".join((getattr(param, "help", None) or "").split())
        if choices := _choices(param):
            text += f" One of {', '.join(f'`{each}`' for each in choices)}."
        has_default = param.default not in (None, False, (), []) and not callable(param.default)
        default = f"`{getattr(param.default, 'value', param.default)}`" if has_default else ""
        needed = "required" if param.required else default
        cells = (" ".join(f"`{name}`" for name in names), text.replace("|", "\\|"), needed)
        yield "| " + " | ".join(cells) + " |"


def _choices(param: Any) -> list[str]:
    """What an option is one of, where it is one of a few."""
    kind = getattr(getattr(param, "type_descriptor", None), "annotation", None)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [str(each.value) for each in kind]
    return [str(each) for each in get_args(kind)] if get_origin(kind) is Literal else []
