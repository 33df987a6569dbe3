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
from signal import Signals

from meetcli import events
from meetcli.cache.forgiving import ForgivingCache
from meetcli.commands.notices import (
    show,
    warn_of_doubts,
    warn_of_fields,
    warn_of_plan,
    warn_of_unread,
    ways_to_ids,
)
from meetcli.commands.results import Results
from meetcli.config import LoadedSettings, load_process_settings
from meetcli.delivery import give_up
from meetcli.engines import abilities_of
from meetcli.errors import BudgetReached, CacheError, RunStopped, UsageError
from meetcli.models import Outcome, Source
from meetcli.plan import plan
from meetcli.plan.ports import PlanPorts
from meetcli.report import RunReport
from meetcli.wiring.assignment import assign, rules_of
from meetcli.wiring.counters import check_metrics_file, count_run
from meetcli.wiring.inputs import find_inputs, open_identity, refuse_no_paths
from meetcli.wiring.logs import set_up_logging
from meetcli.wiring.signals import Stop, watched
from meetcli.wiring.stores import opened_cache, required_loss

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
    is_stdin_read = "-" in paths or str(settings.files_from) == "-"
    with (
        _stdin_folder(is_needed=is_stdin_read) as stdin_folder,
        watched(lambda: _tidy(stdin_folder)) as stop,
        opened_cache(settings) as cache,
    ):
        run = Run(report, loaded, cache, stop)
        inputs: list[Source | Outcome] = []
        try:
            inputs = find_inputs(paths, settings, stdin_folder)
            run.work(inputs)
        except (RunStopped, BudgetReached) as error:
            report.stop(error)
        except UsageError:
            run.results.leave_out(inputs)
            raise
        except KeyboardInterrupt:
            if stop.signal_number is None:
                raise
            run.results.leave_out(inputs)
        return run.close()


@contextmanager
def _stdin_folder(*, is_needed: bool) -> Iterator[str]:
    """Make a private folder for standard input, where the run reads it; its name is empty where it does not."""
    if not is_needed:
        yield ""
        return
    import tempfile

    with tempfile.TemporaryDirectory(prefix="meetcli-") as folder:
        yield folder


def _tidy(stdin_folder: str) -> None:
    """Undo by hand what a process that leaves at once would leave behind.

    That is the copy of standard input, and a terminal without a cursor.
    """
    if stdin_folder:
        shutil.rmtree(stdin_folder, ignore_errors=True)
    if sys.stderr.isatty():
        os.write(2, b"\x1b[?25h\n")


class Run:
    """What one run holds while it lasts."""

    def __init__(self, report: RunReport, loaded: LoadedSettings, cache: ForgivingCache | None, stop: Stop) -> None:
        self.report = report
        self.settings = settings = loaded.settings
        self.cache = cache
        self.stop = stop
        self.assignment = assign(report.task, settings)
        report.task, report.model = self.assignment.task.name, self.assignment.identity.model
        report.backend = cache.backend if cache else "none"
        self.results = Results(report, settings, cache, stop)
        for warning in loaded.warnings:
            log.warning(warning)

    def work(self, inputs: list[Source | Outcome]) -> None:
        """Plan, then spend what the settings allow."""
        settings = self.settings
        identity = open_identity(inputs, settings)
        planned = plan(
            inputs,
            assignment=self.assignment,
            rules=rules_of(settings),
            cache=self.cache,
            ports=PlanPorts(
                datetime.now(UTC),
                self.results.settle,
                identity,
                self.results.held,
                self.report.content_keys,
            ),
        )
        if self.results.unwritable:
            give_up(planned.jobs, "stopped", self.results.deliver)
            raise self.results.unwritable
        warn_of_unread(self.report, planned, is_shown_later=self.results.shows_failures)
        warn_of_doubts(planned)
        warn_of_fields(identity.misspelled, planned.misspelled)
        warn_of_plan(planned, settings.ttl_s)
        self.report.ways_to_ids = ways_to_ids(planned)
        if settings.cache_only:
            give_up(planned.jobs, None if settings.dry_run else "cache_only", self.results.deliver)
        elif planned.jobs:
            from meetcli.commands.buying import buy

            buy(self, planned.jobs)
        elif self.cache and not settings.dry_run and self.cache.first("batch:", 1):
            self._collect()
        if loss := self.lost():
            raise required_loss(loss)

    def lost(self) -> CacheError | None:
        """Return what was lost of a cache that the run may not go on without."""
        return self.cache.loss if self.cache is not None and self.settings.cache_required else None

    def close(self) -> int:
        """Show what became of the run and return its exit code."""
        self.stop.finishes_first = True
        try:
            self.results.close()
        except RunStopped as error:
            self.report.stop(error)
        if self.cache:
            self.report.backend = self.cache.backend
        if self.stop.signal_number is not None:
            self.report.stop(Signals(self.stop.signal_number))
        count_run(self.report, self.settings, self.cache)
        if log.isEnabledFor(logging.INFO):
            events.run_finished(self.report.summary())
        show(self.report, self.settings)
        return self.report.exit_code

    def _collect(self) -> None:
        """Collect what waits in batches, though no meeting of this run needs a call."""
        from meetcli.wiring.lanes import collect_pending

        self.report.pending = collect_pending(self.settings, self.cache, self.assignment)
