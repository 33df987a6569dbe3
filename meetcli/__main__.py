"""Lets `python -m meetcli` run the command."""

from meetcli.cli import main

if __name__ == "__main__":
    main()
