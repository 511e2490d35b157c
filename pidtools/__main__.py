"""``pidtools`` and ``python -m pidtools``: the command line."""

from pidtools import _interrupts


def main() -> None:
    """Entry point of the `pidtools` command."""
    _interrupts.run(_command_line)


def _command_line() -> None:
    # Takes most of a second, in which people see what they mistyped.
    from pidtools.cli import app

    app()


if __name__ == "__main__":
    main()
