"""From settings to the engine of a run: live alone, or with batches beside it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from meetcli.cache.forgiving import ForgivingCache
from meetcli.config import Settings
from meetcli.engines import Engine, EngineOptions, open_batches, open_engine
from meetcli.errors import RunStopped, UsageError
from meetcli.models import Assignment, EngineIdentity, Submission

if TYPE_CHECKING:
    from meetcli.engines.openai_batch import BatchEngine

log = logging.getLogger("meetcli")


def options_of(settings: Settings) -> EngineOptions:
    """Return what the settings tell an engine."""
    return EngineOptions(
        model=settings.model,
        api_key=settings.api_key,
        base_url=settings.base_url,
        organization=settings.organization,
        project=settings.project,
        ca_file=settings.ca_file,
        concurrency=settings.concurrency,
        requests_a_minute=settings.rpm,
        tokens_a_minute=settings.tpm,
        lane="flex" if settings.lane == "flex" else "standard",
        is_flex_fallback=settings.flex_fallback,
        timeout_s=settings.timeout_s,
        retries=settings.retries,
        max_wait_s=settings.max_wait_s,
    )


def open_lane_engine(
    settings: Settings,
    options: EngineOptions,
    *,
    cache: ForgivingCache | None,
    assignment: Assignment,
    tell: Callable[[str], None],
) -> Engine:
    """Return the engine of the run.

    An ordinary run looks after batches too, those that the cache knows of or comes to know of, and those in the list of
    OpenAI's server: what waits in a batch must not be bought again. Raises `UsageError` for the batch lane without a
    cache.
    """
    if settings.lane == "batch" and cache is None:
        raise UsageError(
            "--lane batch needs the cache: it is what knows which answers are on their way",
            hint="leave --no-cache out, or no_cache where it is set",
        )
    if "batch" not in assignment.identity.abilities.lanes or cache is None:
        return open_engine(settings.engine, options)
    return open_batch_engine(settings, options, cache=cache, identity=assignment.identity, tell=tell)


def open_batch_engine(
    settings: Settings,
    options: EngineOptions,
    *,
    cache: ForgivingCache,
    identity: EngineIdentity,
    tell: Callable[[str], None] = log.info,
) -> BatchEngine:
    """Return the engine that knows batches."""
    from meetcli.cache.batches import CachedBatches
    from meetcli.engines.openai_batch import BatchPolicy

    is_batch = settings.lane == "batch"
    wishes = BatchPolicy(
        submits=is_batch,
        waits=is_batch and settings.wait,
        repairs_live=settings.repair == "live",
        asks_list=is_batch or identity.is_openai,
        forgives=settings.retry_failed,
    )
    return open_batches(options, CachedBatches(cache, identity.engine), identity=identity, wishes=wishes, tell=tell)


def collect_pending(settings: Settings, cache: ForgivingCache | None, assignment: Assignment) -> list[Submission]:
    """Keep what waits in batches and is ready; return what is not. Trouble is a warning: nothing in this run depends on
    it.
    """
    if cache is None or settings.api_key is None or not pending_batches(settings, cache, assignment):
        return []
    engine = open_batch_engine(settings, options_of(settings), cache=cache, identity=assignment.identity)

    async def collect() -> None:
        try:
            await engine.collect()
        finally:
            await engine.close()

    try:
        asyncio.run(collect())
    except RunStopped as error:
        log.warning("batches were not collected: %s", error.message)
    return pending_batches(settings, cache, assignment)


def waiting_requests(settings: Settings, cache: ForgivingCache | None, assignment: Assignment) -> set[str]:
    """Return the digests of the requests that wait in batches of this endpoint."""
    pending = pending_batches(settings, cache, assignment)
    if cache is None or not pending:
        return set()
    from meetcli.cache.batches import CachedBatches

    book = CachedBatches(cache, assignment.identity.engine)
    members = (member for submission in pending for member in book.members(submission))
    return {member.digest for member in members if not member.refusal}


def pending_batches(settings: Settings, cache: ForgivingCache | None, assignment: Assignment) -> list[Submission]:
    """Return the batches of this endpoint that wait to be collected."""
    if "batch" not in assignment.identity.abilities.lanes or cache is None or not cache.first("batch:", 1):
        return []
    from meetcli.cache.batches import CachedBatches

    submissions = CachedBatches(cache, assignment.identity.engine).submissions()
    return [one for one in submissions if one.is_pending and one.endpoint == assignment.identity.endpoint]
