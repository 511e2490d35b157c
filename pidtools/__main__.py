"""``pidtools`` and ``python -m pidtools``: the command line."""

from pidtools import _interrupts


def main() -> None:
    """Entry point of the `pidtools` command."""
    _interrupts.run(_load_and_run)


def _load_and_run() -> None:
    # To load it takes most of a second, in which people see what they mistyped.
    from pidtools import cli

    cli.command_line()


if __name__ == "__main__":
    main()
