"""``python -m pidtools``: the command line."""

from pidtools.cli import main

if __name__ == "__main__":
    main()
