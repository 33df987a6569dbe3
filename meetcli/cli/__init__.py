"""The command line: options to settings, settings to rooms, an exit code out. The only room that knows every other."""


def main() -> None:
    """Run the command of this process and exit with its code."""
    from meetcli.cli.app import app

    app()
