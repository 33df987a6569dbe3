"""The command line: options to settings, settings to rooms, an exit code out. The only room that knows every other."""

import gc
import sys
from contextlib import suppress


def main() -> None:
    """Run the command of this process and exit with its code."""
    # Start-up and exit make nothing but long-lived objects: looking for garbage among them takes a sixth of a run that
    # only hits.
    gc.disable()
    try:
        from meetcli.cli.app import build

        build()()
    except KeyboardInterrupt:  # before any command has begun: there is nothing to finish, and nothing to say
        sys.exit(130)
    finally:
        gc.freeze()
        _empty_streams()


def _empty_streams() -> None:
    """Send nowhere what the standard streams hold back and nobody reads.

    Otherwise the interpreter would complain, and exit with a code of its own.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):  # closed, before or since
            try:
                stream.flush()
            except OSError:
                from meetcli.wiring.exits import send_nowhere

                send_nowhere(stream)
