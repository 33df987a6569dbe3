"""Where the results of a run go: each is written, counted, logged and shown in the progress."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING

from meetcli import events
from meetcli.answers import count_unsupported
from meetcli.cache.forgiving import ForgivingCache
from meetcli.commands.notices import shows_failures
from meetcli.config import Settings
from meetcli.errors import InputError, RunStopped
from meetcli.models import Outcome, Source, Status
from meetcli.plain_text import printable
from meetcli.report import RunReport
from meetcli.wiring.exits import leave_standard_output
from meetcli.wiring.inputs import refuse_unstreamed
from meetcli.wiring.signals import Stop
from meetcli.writers import Writer, open_writer, path_held
from meetcli.writers.replace import openness

if TYPE_CHECKING:
    from meetcli.console.progress import RunProgress

log = logging.getLogger("meetcli")


class Results:
    """What becomes of the meetings of a run.

    `unwritable` is why the plan could not write what it found; `shows_failures` whether the table explains every
    failure where the log is read.
    """

    def __init__(self, report: RunReport, settings: Settings, cache: ForgivingCache | None, stop: Stop) -> None:
        self.unwritable: RunStopped | None = None
        self._report = report
        self._settings = settings
        self._cache = cache
        self._stop = stop
        self._writer = _open_writer(settings, report.task)
        self.shows_failures = shows_failures(settings)
        self._progress: RunProgress | None = None

    def deliver(self, outcome: Outcome, text: str | None) -> None:
        """Write a meeting's result, if it has one, and count the meeting."""
        if text is not None:
            outcome = outcome._replace(unsupported=count_unsupported(text))
        if text is not None and not self._settings.dry_run:
            try:
                outcome = outcome._replace(output=self._writer.write(outcome.source, text))
            except RunStopped as error:
                if outcome.status is Status.BYPASSED or self._cache is None or self._cache.errors:
                    error.hint = (
                        "the cache does not hold it either; make room or give "
                        "another folder with --output, and run again"
                    )
                unwritten = outcome._replace(
                    status=Status.FAILED, reason="not_written", error=error.message, hint=error.hint
                )
                self._count(unwritten, is_shown_later=True)  # it ends the run, which says so
                raise
            except InputError as error:
                outcome = outcome._replace(
                    status=Status.FAILED, reason="not_written", error=error.message, hint=error.hint
                )
            except (
                BrokenPipeError
            ):  # the reader of streamed results has seen enough: no error, but no reason to buy more either
                leave_standard_output()
                self._stop.is_unread = True
        self._count(outcome)

    def leave_out(self, inputs: list[Source | Outcome]) -> None:
        """Count what a plan that was interrupted had not come to."""
        reached = {outcome.source.path for outcome in self._report.outcomes}
        for item in inputs:
            source = item.source if isinstance(item, Outcome) else item
            if source.path not in reached:
                self._count(Outcome(source, Status.NOT_ATTEMPTED, "stopped"))

    def held(self, source: Source, sha256: str) -> str | None:
        """Return the path where a result of these bytes is already, None where it is not known to be."""
        return path_held(self._writer, source, sha256)

    def settle(self, outcome: Outcome, text: str | None) -> None:
        """Deliver while the plan is made.

        Where results cannot be written, the plan goes on to count what else there is.
        """
        if text is not None and self.unwritable:
            outcome, text = outcome._replace(status=Status.NOT_ATTEMPTED, reason="stopped", saved_usd=Decimal(0)), None
        try:
            self.deliver(outcome, text)
        except RunStopped as error:
            self.unwritable = error

    def close(self) -> None:
        """Finish what is written. Raises `RunStopped` where it cannot be."""
        self._writer.close()

    def tell(self, text: str) -> None:
        """Say how far something is that no meeting has ended with yet."""
        if self._progress:
            self._progress.tell(text)
        else:
            log.info(text)

    def tell_waiting(self) -> Callable[[str], None] | None:
        """Return what shows that a run waits, None where no progress is shown."""
        return self._progress.tell if self._progress else None

    @contextmanager
    def progress_shown(self, meetings: int) -> Iterator[None]:
        """Show a progress bar on a terminal that wants one."""
        if self._settings.quiet or self._settings.verbose or not sys.stderr.isatty():
            yield
            return
        from meetcli.console.progress import RunProgress

        with RunProgress(self._report.task, meetings, sys.stderr) as self._progress:
            yield
        self._progress = None

    def _count(self, outcome: Outcome, *, is_shown_later: bool = False) -> None:
        self._report.add(outcome)
        events.meeting_finished(outcome, is_shown_later=is_shown_later or self.shows_failures)
        if self._progress:
            self._progress.add(outcome)


def _open_writer(settings: Settings, task: str) -> Writer:
    refuse_unstreamed(settings)
    if settings.is_streaming:
        from meetcli.writers.json_stream import JsonStream

        return JsonStream(sys.stdout.buffer)
    if not settings.dry_run and (why := openness(settings.output)):
        log.warning("others can change the results in %s: %s", printable(str(settings.output)), why)
    return open_writer(settings.format, settings.output, task, has_csv_mark=not settings.no_csv_bom)
