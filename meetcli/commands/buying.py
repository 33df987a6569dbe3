"""Buys what a plan has to buy, or says what it would cost. A run of hits only imports nothing of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from meetcli.config import Settings
from meetcli.delivery import give_up
from meetcli.errors import RunStopped, UsageError
from meetcli.models import Job, Status
from meetcli.spend import spend
from meetcli.wiring.lanes import open_lane_engine, options_of, pending_batches
from meetcli.wiring.money import forecast_plan, is_agreed, open_budget, refuse_unserved
from meetcli.wiring.spending import (
    open_ledger,
    open_ports,
    refuse_without_key,
    run_to_its_end,
    warn_of_unchecked_language,
)
from meetcli.wiring.stores import opened_leases
from meetcli.wiring.waiting import WaitNotice
from meetcli.writers.replace import is_writable, nearest_place

if TYPE_CHECKING:
    from meetcli.commands.run import Run


def buy(run: Run, jobs: list[Job]) -> None:
    """Price the plan and stop, or spend; on a terminal, ask before an expensive plan."""
    settings = run.settings
    try:
        _refuse_unwritable(settings)
        refuse_unserved(settings)
        if settings.dry_run:
            run.report.forecast = forecast_plan(jobs, run.assignment, settings, run.cache, run.results.deliver)
            run.report.pending = pending_batches(settings, run.cache, run.assignment)
        elif _is_agreed(run, jobs):
            _spend(run, jobs)
        else:
            give_up(jobs, "declined", run.results.deliver)
    except (UsageError, _Unwritable):  # before the first call
        give_up(jobs, "stopped", run.results.deliver)
        raise


def _is_agreed(run: Run, jobs: list[Job]) -> bool:
    """Ask before an expensive plan. No answer is a no; a signal instead of one ends the run as anywhere else."""
    agreed = is_agreed(jobs, run.assignment, run.settings, run.cache)
    if agreed is None:
        sys.stderr.write("\n")  # the cursor stands behind the question
        if run.stop.signal_number is not None:
            give_up(jobs, "stopped", run.results.deliver)
            raise KeyboardInterrupt(run.stop.signal_number)
    return bool(agreed)


def _spend(run: Run, jobs: list[Job]) -> None:
    settings, assignment = run.settings, run.assignment
    refuse_without_key(settings, len(jobs))
    warn_of_unchecked_language(settings)

    def is_stopping() -> bool:
        return run.stop.is_asked() or run.lost() is not None

    budget = open_budget(settings)
    ports = open_ports(settings, budget, is_stopping=is_stopping, deliver=run.results.deliver)
    waiting = WaitNotice(run.results.tell_waiting)
    options = options_of(settings)._replace(
        budget=budget, is_stopping=is_stopping, tell_wait=waiting.tell, hits=_hits(run)
    )
    engine = open_lane_engine(settings, options, cache=run.cache, assignment=assignment, tell=run.results.tell)
    run.stop.finishes_first = True
    with (
        run.results.progress_shown(sum(len(job.sources) for job in jobs)),
        opened_leases(settings, run.cache) as leases,
    ):
        ledger = open_ledger(settings, assignment.task.name, run.cache, leases)
        try:
            run_to_its_end(spend(jobs, assignment=assignment, engine=engine, ledger=ledger, ports=ports), run.stop)
        finally:
            run.report.pending = pending_batches(settings, run.cache, assignment)


def _hits(run: Run) -> int:
    """Return how many answers of the same engine and model the cache had; those kept by `keep` may be others'."""
    return sum(one.status is Status.HIT and one.reason != "kept" for one in run.report.outcomes)


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
