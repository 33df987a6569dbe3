"""From settings to what spending needs: its ports, its ledger, what forbids it, and the loop it runs in.

Stands apart from the run, so that a run of hits only, which buys nothing, imports nothing of it.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import partial
from signal import SIGINT
from typing import Any

from meetcli import events
from meetcli.answers.languages import can_detect, detection_trouble
from meetcli.cache.forgiving import ForgivingCache
from meetcli.cache.leases import Leases
from meetcli.config import Settings
from meetcli.delivery import Deliver
from meetcli.engines import abilities_of
from meetcli.errors import UsageError
from meetcli.money.budget import Budget
from meetcli.plain_text import count_text
from meetcli.readers import Rereader
from meetcli.spend.ledger import Ledger
from meetcli.spend.ports import SpendPorts
from meetcli.wiring.assignment import rules_of
from meetcli.wiring.money import open_settings_price, open_settings_window
from meetcli.wiring.signals import Stop
from meetcli.wiring.stores import warn_of_leases


def refuse_without_key(settings: Settings, meetings: int) -> None:
    """Raise `UsageError` where meetings need calls and there is no key to make them with."""
    if abilities_of(settings.engine).needs_key and settings.api_key is None:
        raise UsageError(
            f"{settings.key_variable} is not set and {count_text(meetings, 'meeting')} "
            f"{'needs' if meetings == 1 else 'need'} "
            "a call",
            hint=(
                "set it in the environment or in .env (any value for a server that "
                "needs none), or use --engine local or --cache-only"
            ),
        )


def warn_of_unchecked_language(settings: Settings) -> None:
    """Log that nothing can tell in which language answers are written, where it is so."""
    if not abilities_of(settings.engine).is_extractive and not can_detect():
        # A language that was asked for by its code is more than a hope; without one the line would come every night.
        level = logging.INFO if settings.language == "auto" else logging.WARNING
        events.LOGGER.log(level, "the language of answers is not checked: that needs the extra meetcli[language]")


def _prepare(settings: Settings) -> None:
    """Load what tells in which language an answer is, and say where that fails."""
    if not abilities_of(settings.engine).is_extractive and (trouble := detection_trouble()):
        events.LOGGER.warning("the language of answers is not checked in this run: %s", trouble)


def open_ports(settings: Settings, budget: Budget, *, is_stopping: Callable[[], bool], deliver: Deliver) -> SpendPorts:
    """Return what spending needs from outside."""
    return SpendPorts(
        read_again=Rereader(max_bytes=settings.max_file_bytes).meeting,
        price=open_settings_price(settings),
        now=lambda: datetime.now(UTC),
        monotonic=time.monotonic,
        is_stopping=is_stopping,
        deliver=deliver,
        prepare=partial(_prepare, settings),
        budget=budget,
        window=open_settings_window(settings),
    )


def open_ledger(settings: Settings, task: str, cache: ForgivingCache | None, leases: Leases | None) -> Ledger:
    """Return what the run holds and writes in the cache, begun now."""
    return Ledger(
        task,
        cache,
        leases,
        rules=rules_of(settings),
        started_at=datetime.now(UTC),
        warn=warn_of_leases,
    )


def run_to_its_end(spending: Coroutine[Any, Any, None], stop: Stop) -> None:
    """Run a spending through; from here on a signal ends it in order."""
    gc.enable()  # from here on objects come and go, for as long as the calls take
    with asyncio.Runner() as runner:
        # The handler of a signal may stand in the middle of anything: what it has to say is said by the loop, once it
        # is through.
        loop = runner.get_loop()
        stop.tell = lambda number: loop.call_soon_threadsafe(partial(events.stopping, is_interrupt=number == SIGINT))
        try:
            runner.run(spending)
        finally:
            stop.tell = lambda number: None
