"""One run of one task: settings to rooms, the plan, the spending, the report. The composition root."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from signal import Signals
from typing import TYPE_CHECKING

from meetcli import events
from meetcli.answers import count_unsupported
from meetcli.cache.forgiving import ForgivingCache
from meetcli.commands.notices import (
    show,
    shows_failures,
    warn_of_doubts,
    warn_of_fields,
    warn_of_plan,
    warn_of_unread,
    ways_to_ids,
)
from meetcli.config import LoadedSettings, Settings, load_process_settings
from meetcli.delivery import give_up
from meetcli.engines import abilities_of
from meetcli.errors import BudgetReached, CacheError, InputError, RunStopped, UsageError
from meetcli.models import Job, Outcome, Source, Status
from meetcli.plain_text import printable
from meetcli.plan import PlanPorts, plan
from meetcli.report import RunReport
from meetcli.wiring.assignment import assign, rules_of
from meetcli.wiring.counters import check_metrics_file, count_run
from meetcli.wiring.exits import leave_standard_output
from meetcli.wiring.inputs import find_inputs, open_identity, refuse_no_paths, refuse_unstreamed
from meetcli.wiring.logs import set_up_logging
from meetcli.wiring.signals import Stop, watched
from meetcli.wiring.stores import opened_cache, opened_leases, required_loss
from meetcli.writers import Writer, open_writer, path_held
from meetcli.writers.replace import is_writable, nearest_place, openness

if TYPE_CHECKING:
    from meetcli.console.progress import RunProgress

log = logging.getLogger("meetcli")


def run_task(task_name: str, paths: list[str], flags: Mapping[str, object]) -> int:
    """Run a task over paths and return the exit code. Raises `UsageError` before anything is called."""
    loaded = load_process_settings(flags)
    settings = loaded.settings
    set_up_logging(loaded)
    report = RunReport(
        task=task_name,
        engine=settings.engine,
        model=settings.model,
        endpoint=settings.endpoint,
        clock=time.monotonic,
        cache_only=settings.cache_only,
        is_free=abilities_of(settings.engine).is_free,
    )
    try:
        return _run(report, paths, loaded)
    except (UsageError, RunStopped) as error:
        if settings.summary != "json":
            raise
        report.stop(error)  # whoever reads summaries reads of this one too
        show(report, settings)
        return report.exit_code


def _run(report: RunReport, paths: list[str], loaded: LoadedSettings) -> int:
    settings = loaded.settings
    refuse_no_paths(paths, settings)
    check_metrics_file(settings)
    is_spooled = "-" in paths or str(settings.files_from) == "-"
    with _spool(is_needed=is_spooled) as spool, watched(lambda: _tidy(spool)) as stop, opened_cache(settings) as cache:
        run = _Run(report, loaded, cache, stop)
        inputs: list[Source | Outcome] = []
        try:
            inputs = find_inputs(paths, settings, spool)
            run.work(inputs)
        except (RunStopped, BudgetReached) as error:
            report.stop(error)
        except UsageError:
            run.leave_out(inputs)
            raise
        except KeyboardInterrupt:
            if stop.signal_number is None:
                raise
            run.leave_out(inputs)
        return run.close()


@contextmanager
def _spool(*, is_needed: bool) -> Iterator[str]:
    """Make a private folder for standard input, where the run reads it; its name is empty where it does not."""
    if not is_needed:
        yield ""
        return
    import tempfile

    with tempfile.TemporaryDirectory(prefix="meetcli-") as folder:
        yield folder


def _tidy(spool: str) -> None:
    """Undo by hand what a process that leaves at once would leave behind: the copy of standard input, a terminal
    without a cursor.
    """
    if spool:
        shutil.rmtree(spool, ignore_errors=True)
    if sys.stderr.isatty():
        os.write(2, b"\x1b[?25h\n")


class _Run:
    """What one run holds while it lasts."""

    def __init__(self, report: RunReport, loaded: LoadedSettings, cache: ForgivingCache | None, stop: Stop) -> None:
        self.report = report
        self._settings = settings = loaded.settings
        self._cache = cache
        self._stop = stop
        self._assignment = assign(report.task, settings)
        report.task, report.model = self._assignment.task.name, self._assignment.identity.model
        report.backend = cache.backend if cache else "none"
        self._writer = _open_writer(settings, report.task)
        self._shows_failures = shows_failures(settings)
        self._unwritable: RunStopped | None = None
        self._progress: RunProgress | None = None
        for warning in loaded.warnings:
            log.warning(warning)

    def work(self, inputs: list[Source | Outcome]) -> None:
        """Plan, then spend what the settings allow."""
        settings = self._settings
        identity = open_identity(inputs, settings)
        planned = plan(
            inputs,
            assignment=self._assignment,
            rules=rules_of(settings),
            cache=self._cache,
            ports=PlanPorts(
                datetime.now(UTC),
                self._settle,
                identity,
                self._held,
                self.report.content_keys,
            ),
        )
        if self._unwritable:
            give_up(planned.jobs, "stopped", self.deliver)
            raise self._unwritable
        warn_of_unread(self.report, planned, is_shown_later=self._shows_failures)
        warn_of_doubts(planned)
        warn_of_fields(identity.misspelled, planned.misspelled)
        warn_of_plan(planned, settings.ttl_s)
        self.report.ways_to_ids = ways_to_ids(planned)
        if settings.cache_only:
            give_up(planned.jobs, None if settings.dry_run else "cache_only", self.deliver)
        elif planned.jobs:
            try:
                _refuse_unwritable(settings)
                self._buy(planned.jobs)
            except (UsageError, _Unwritable):  # before the first call
                give_up(planned.jobs, "stopped", self.deliver)
                raise
        elif self._cache and not settings.dry_run and self._cache.first("batch:", 1):
            self._collect()
        if loss := self._required_loss():
            raise required_loss(loss)

    def _required_loss(self) -> CacheError | None:
        return self._cache.loss if self._cache is not None and self._settings.cache_required else None

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
        reached = {outcome.source.path for outcome in self.report.outcomes}
        for item in inputs:
            source = item.source if isinstance(item, Outcome) else item
            if source.path not in reached:
                self._count(Outcome(source, Status.NOT_ATTEMPTED, "stopped"))

    def close(self) -> int:
        """Show what became of the run and return its exit code."""
        self._stop.finishes_first = True
        try:
            self._writer.close()
        except RunStopped as error:
            self.report.stop(error)
        if self._cache:
            self.report.backend = self._cache.backend
        if self._stop.signal_number is not None:
            self.report.stop(Signals(self._stop.signal_number))
        count_run(self.report, self._settings, self._cache)
        if log.isEnabledFor(logging.INFO):
            events.run_finished(self.report.summary())
        show(self.report, self._settings)
        return self.report.exit_code

    def _held(self, source: Source, sha256: str) -> str | None:
        return path_held(self._writer, source, sha256)

    def _settle(self, outcome: Outcome, text: str | None) -> None:
        """Deliver while the plan is made. Where results cannot be written, the plan goes on to count what else there
        is.
        """
        if text is not None and self._unwritable:
            outcome, text = outcome._replace(status=Status.NOT_ATTEMPTED, reason="stopped", saved_usd=Decimal(0)), None
        try:
            self.deliver(outcome, text)
        except RunStopped as error:
            self._unwritable = error

    def _count(self, outcome: Outcome, *, is_shown_later: bool = False) -> None:
        self.report.add(outcome)
        events.meeting_finished(outcome, is_shown_later=is_shown_later or self._shows_failures)
        if self._progress:
            self._progress.add(outcome)

    def _buy(self, jobs: list[Job]) -> None:
        """Price the plan and stop, or spend; on a terminal, ask before an expensive plan."""
        # Here and below, imported where it is needed: a run of hits only pays for none of it.
        from meetcli.wiring.lanes import pending_batches
        from meetcli.wiring.money import forecast_plan, refuse_unserved

        refuse_unserved(self._settings)
        if self._settings.dry_run:
            self.report.forecast = forecast_plan(jobs, self._assignment, self._settings, self._cache, self.deliver)
            self.report.pending = pending_batches(self._settings, self._cache, self._assignment)
        elif self._is_agreed(jobs):
            self._spend(jobs)
        else:
            give_up(jobs, "declined", self.deliver)

    def _is_agreed(self, jobs: list[Job]) -> bool:
        """Ask before an expensive plan. No answer is a no; a signal instead of one ends the run as anywhere else."""
        from meetcli.wiring.money import is_agreed

        agreed = is_agreed(jobs, self._assignment, self._settings, self._cache)
        if agreed is None:
            sys.stderr.write("\n")  # the cursor stands behind the question
            if self._stop.signal_number is not None:
                give_up(jobs, "stopped", self.deliver)
                raise KeyboardInterrupt(self._stop.signal_number)
        return bool(agreed)

    def _spend(self, jobs: list[Job]) -> None:
        from meetcli.spend import spend
        from meetcli.wiring.lanes import open_lane_engine, options_of, pending_batches
        from meetcli.wiring.money import open_budget
        from meetcli.wiring.spending import (
            open_ledger,
            open_ports,
            refuse_without_key,
            run_to_its_end,
            warn_of_unchecked_language,
        )
        from meetcli.wiring.waiting import WaitNotice

        settings, assignment = self._settings, self._assignment
        refuse_without_key(settings, len(jobs))
        warn_of_unchecked_language(settings)

        def is_stopping() -> bool:
            return self._stop.is_asked() or self._required_loss() is not None

        budget = open_budget(settings)
        ports = open_ports(settings, budget, is_stopping=is_stopping, deliver=self.deliver)
        waiting = WaitNotice(lambda: self._progress.tell if self._progress else None)
        options = options_of(settings)._replace(
            budget=budget, is_stopping=is_stopping, tell_wait=waiting.tell, hits=self._hits()
        )
        engine = open_lane_engine(settings, options, cache=self._cache, assignment=assignment, tell=self._tell)
        self._stop.finishes_first = True
        with (
            self._progress_shown(sum(len(job.sources) for job in jobs)),
            opened_leases(settings, self._cache) as leases,
        ):
            ledger = open_ledger(settings, assignment.task.name, self._cache, leases)
            try:
                run_to_its_end(
                    spend(jobs, assignment=assignment, engine=engine, ledger=ledger, ports=ports), self._stop
                )
            finally:
                self.report.pending = pending_batches(settings, self._cache, assignment)

    def _hits(self) -> int:
        """Return how many answers of the same engine and model the cache had; those kept by `keep` may be others'."""
        return sum(one.status is Status.HIT and one.reason != "kept" for one in self.report.outcomes)

    def _tell(self, text: str) -> None:
        """Say how far something is that no meeting has ended with yet."""
        if self._progress:
            self._progress.tell(text)
        else:
            log.info(text)

    def _collect(self) -> None:
        """Collect what waits in batches, though no meeting of this run needs a call."""
        from meetcli.wiring.lanes import collect_pending

        self.report.pending = collect_pending(self._settings, self._cache, self._assignment)

    @contextmanager
    def _progress_shown(self, meetings: int) -> Iterator[None]:
        """Show a progress bar on a terminal that wants one."""
        if self._settings.quiet or self._settings.verbose or not sys.stderr.isatty():
            yield
            return
        from meetcli.console.progress import RunProgress

        with RunProgress(self._assignment.task.name, meetings, sys.stderr) as self._progress:
            yield
        self._progress = None


class _Unwritable(RunStopped):
    """Stop a run before its first call."""


def _refuse_unwritable(settings: Settings) -> None:
    """Raise where results cannot be written: what is bought could be kept, but without a cache it would be lost."""
    if settings.is_streaming or settings.dry_run:
        return
    place = nearest_place(settings.output)
    if not is_writable(place):
        raise _Unwritable(
            f"cannot write results to {settings.output}: {place} is not a folder that you can write to",
            hint="give another folder with --output",
        )


def _open_writer(settings: Settings, task: str) -> Writer:
    refuse_unstreamed(settings)
    if settings.is_streaming:
        from meetcli.writers.json_stream import JsonStream

        return JsonStream(sys.stdout.buffer)
    if not settings.dry_run and (why := openness(settings.output)):
        log.warning("others can change the results in %s: %s", printable(str(settings.output)), why)
    return open_writer(settings.format, settings.output, task, has_csv_mark=not settings.no_csv_bom)
