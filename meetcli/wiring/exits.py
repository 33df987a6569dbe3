"""From exceptions to exit codes, in one place.

Never prints a transcript: a bug's traceback shows our code, not our values.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from signal import SIGINT
from typing import TextIO

from meetcli.errors import MeetcliError, RunStopped
from meetcli.plain_text import error_text

BUG = 70
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
"""What writing to a file that standard output was sent to may end with."""


@contextmanager
def exits() -> Iterator[None]:
    """Turn what a command raises into its exit code, after saying on standard error what went wrong.

    Anything unforeseen is a bug in meetcli, code 70.
    """
    _prepare_streams()
    try:
        with unwritable_output():
            yield
            sys.stdout.flush()  # at exit nobody could say any more that what was held back finds no place
    except MeetcliError as error:
        say(error)
        raise SystemExit(error.exit_code) from error
    except KeyboardInterrupt as error:  # at a question too; names its signal where a run's own handler raised it
        raise SystemExit(128 + (error.args[0] if error.args else SIGINT)) from error
    except Exception as error:
        report_bug(error)
        raise SystemExit(BUG) from error


@contextmanager
def unwritable_output() -> Iterator[None]:
    """End a command whose output finds no place. A closed pipe is no error: the reader has seen enough."""
    try:
        yield
    except BrokenPipeError as error:
        leave_standard_output()
        raise SystemExit(0) from error
    except OSError as error:
        if error.errno not in _FULL or error.filename is not None:
            raise
        leave_standard_output()
        say(RunStopped(f"cannot write to standard output: {error.strerror}", hint="make room, or send it elsewhere"))
        raise SystemExit(RunStopped.exit_code) from error


def _prepare_streams() -> None:
    """Stand something in for a standard stream that was closed before the start, and let no letter end a run."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # Opened in this order it takes the number that is free, which else the cache's file would get, and warnings
            # be written into.
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123  # for as long as the process lives
    if isinstance(sys.stdout, TextIOWrapper):
        # Names and prose hold letters that a terminal may not know: better an escape than no table.
        sys.stdout.reconfigure(errors="backslashreplace")


def say(error: MeetcliError) -> None:
    """Print an error and its hint, each on a line of its own, on standard error.

    Log it where the log is kept or read by machines.
    """
    from meetcli.wiring.logs import log_failure  # json and datetime come with it: not before --help

    if log_failure(error):
        return
    with suppress(OSError):  # nobody may be listening; the exit code still says it
        sys.stderr.write(f"{error_text(error.message, error.hint)}\n")


def leave_standard_output() -> None:
    """Send the rest of standard output nowhere: its reader has gone.

    Otherwise the interpreter would complain when it flushes at exit.
    """
    send_nowhere(sys.stdout)


def send_nowhere(stream: TextIO) -> None:
    """Let nothing that is still to come on a standard stream fail."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def report_bug(error: BaseException) -> None:
    """Print where a bug happened.

    Messages of foreign exceptions may quote a transcript or a key, so only their types are shown.
    """
    chain: list[BaseException] = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and cause not in chain:
        chain.append(cause)
    for one in reversed(chain):
        sys.stderr.write("Traceback (most recent call last):\n")
        import traceback  # only a bug pays for it

        sys.stderr.writelines(traceback.format_tb(one.__traceback__))
        about = (
            f": {one}" if isinstance(one, ImportError | AttributeError | NameError) else ""
        )  # these name our own code only
        sys.stderr.write(f"{type(one).__qualname__}{about}\n")
    sys.stderr.write("error: this is a bug in meetcli; what was bought is safe in the cache\n")
    sys.stderr.write("hint: report it with the lines above; they show no transcript and no key\n")
