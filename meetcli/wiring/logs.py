"""Sets up the log lines: level, text or JSON, standard error or a file. Writes nothing itself."""

from __future__ import annotations

import errno
import json
import logging
import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, TextIO

from meetcli.config import LoadedSettings
from meetcli.errors import MeetcliError, UsageError
from meetcli.events import LOGGER, announced, failed
from meetcli.plain_text import printable

_NOT_WELL = {"cache_error", "stopping"}
"""Warnings that `--quiet` lets through: without them, a run that buys every answer again each night would never be
noticed.
"""


def configure_logging(
    *,
    quiet: bool = False,
    verbose: int = 0,
    log_format: str = "text",
    log_file: Path | None = None,
    run_id: str,
    announcements: Iterable[str] = (),
) -> None:
    """Send meetcli's log lines where the settings say, replacing an earlier set-up.

    `quiet` is about standard error alone: a log file has every line that `verbose` asks for, and what must not be
    missed is said in both. `announcements` go to standard error before the log file is opened, and into the log.
    Raises `UsageError` when the log file cannot be opened.
    """
    close_logging()
    screen = _StderrHandler()
    screen.setFormatter(_PlainFormatter())
    if log_file is not None and not quiet:
        for announcement in announcements:
            screen.handle(
                logging.makeLogRecord({"levelno": logging.WARNING, "levelname": "WARNING", "msg": announcement})
            )
    handler: logging.Handler = screen if log_file is None else _open_log_file(log_file)
    if log_format == "json":
        handler.setFormatter(_JsonFormatter(run_id))
    elif verbose or log_file is not None:
        handler.setFormatter(_TextFormatter())
    if not _takes_json(screen):
        screen.addFilter(lambda record: _event_of(record) != "failed")  # whoever reports it prints it with its hint
    if quiet:
        screen.addFilter(_is_heard_under_quiet)
    for used in {handler, screen} if quiet else {handler}:
        LOGGER.addHandler(used)
    LOGGER.propagate = False
    LOGGER.setLevel((logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)])
    for announcement in announcements:
        announced(announcement)


def close_logging() -> None:
    """Close what `configure_logging` opened."""
    for handler in tuple(LOGGER.handlers):
        LOGGER.removeHandler(handler)
        handler.close()


def log_failure(error: MeetcliError) -> bool:
    """Log what ended the command.

    Return whether that has told standard error, which takes nothing but objects from a JSON log.
    """
    if LOGGER.handlers:
        failed(error)
    return any(isinstance(handler, _StderrHandler) and _takes_json(handler) for handler in LOGGER.handlers)


def _takes_json(handler: logging.Handler) -> bool:
    return isinstance(handler.formatter, _JsonFormatter)


def _is_heard_under_quiet(record: logging.LogRecord) -> bool:
    is_kept: bool = getattr(record, "is_kept", False)
    return is_kept or record.levelno >= logging.ERROR or _event_of(record) in _NOT_WELL


def _event_of(record: logging.LogRecord) -> str:
    event: str = getattr(record, "event", "message")
    return event


class _StderrHandler(logging.StreamHandler[TextIO]):
    """Write to what standard error is at that moment: a progress bar replaces it so that lines go above the bar."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]  # the base class keeps a variable here
        return sys.stderr

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name
        """Drop the line: there is no place left to say that standard error is gone."""


class _PlainFormatter(logging.Formatter):
    """`warning: message`, for people who did not ask for a log."""

    def format(self, record: logging.LogRecord) -> str:
        return f"{record.levelname.lower()}: {printable(getattr(record, 'plain', record.getMessage()))}"


class _TextFormatter(logging.Formatter):
    """Time, level and message on one line; a traceback keeps its own lines."""

    def format(self, record: logging.LogRecord) -> str:
        line = f"{_time_of(record)} {record.levelname:<7} {printable(record.getMessage())}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class _JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, event, run_id, message, then the event's own fields."""

    def __init__(self, run_id: str) -> None:
        super().__init__()
        self._run_id = run_id

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _time_of(record),
            "level": record.levelname,
            "event": _event_of(record),
            "run_id": self._run_id,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def _time_of(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _open_private(name: str, flags: int) -> int:
    """Open a file that its owner alone may read.

    Raises OSError for a link of somebody else, who would choose what our lines are added to, and for a pipe that nobody
    reads: it would be waited for without end.
    """
    if os.path.islink(name) and os.lstat(name).st_uid not in (os.geteuid(), 0):  # noqa: PTH114  # text, as given
        raise OSError(errno.ELOOP, "it is a link of another user", name)
    handle = os.open(name, flags | os.O_NONBLOCK, 0o600)
    os.set_blocking(handle, True)
    return handle


def _open_log_file(path: Path) -> logging.Handler:
    # Sockets, queues and pickle come with this module: imported only by runs that write a file.
    from logging.handlers import WatchedFileHandler

    class PrivateFileHandler(WatchedFileHandler):
        """A file for its owner only, opened anew when a rotation moved it away."""

        has_complained = False

        def _open(self) -> IO[Any]:  # type: ignore[override]  # the base class promises its own wrapper type
            # Created with this mode, never changed to it later: in between, others could open it.
            return open(self.baseFilename, "a", encoding="utf-8", opener=_open_private)

        def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name
            if not self.has_complained:
                self.has_complained = True
                print(f"warning: cannot write the log {printable(str(path))}", file=sys.stderr)  # noqa: T201  # the log itself is gone

    try:
        return PrivateFileHandler(path, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"cannot write the log {str(path)!r} (--log-file): {error.strerror}",
            hint="name a file in a folder you can write to",
        ) from error


def set_up_logging(loaded: LoadedSettings) -> None:
    """Start the log as the settings say, each run with an id of its own, and announce what they decide."""
    settings = loaded.settings
    configure_logging(
        quiet=settings.quiet,
        verbose=settings.verbose,
        log_format=settings.log_format,
        log_file=settings.log_file,
        run_id=os.urandom(4).hex(),
        announcements=loaded.announcements,
    )
