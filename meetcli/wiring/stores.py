"""Opens what a run keeps its answers in, and says what it means when that cannot be had."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from meetcli import events
from meetcli.cache import open_cache
from meetcli.cache.forgiving import ForgivingCache
from meetcli.config import Settings
from meetcli.errors import CacheError, RunStopped

if TYPE_CHECKING:
    from meetcli.cache.leases import Leases

log = logging.getLogger("meetcli")


@contextmanager
def opened_cache(settings: Settings) -> Iterator[ForgivingCache | None]:
    """Open the cache for a run; None where none is wanted or it cannot be opened, which is a loud warning.

    Raises RunStopped where the settings require it and any part of it cannot be opened.
    """
    if settings.no_cache or settings.cache_dir is None:
        yield None
        return
    try:
        cache = open_cache(
            settings.cache_dir,
            url=settings.cache_url,
            is_required=settings.cache_required,
            patience_s=settings.max_wait_s,
        )
    except CacheError as error:
        if settings.cache_required:
            raise required_loss(error) from error
        events.cache_error(error, backend="none")
        yield None
        return
    try:
        yield ForgivingCache(cache, lambda error: events.cache_error(error, backend=cache.backend), notify=log.warning)
    finally:
        cache.close()


def required_loss(error: CacheError) -> RunStopped:
    """Return how a run ends that may not go on without its cache."""
    return RunStopped(
        error.message,
        hint="the cache is required (--cache-required): bring it back and run again; what was bought is kept",
    )


@contextmanager
def opened_leases(settings: Settings, cache: ForgivingCache | None) -> Iterator[Leases | None]:
    """Open the leases beside the cache; a run without a cache has none, one that cannot have them goes on without."""
    if cache is None or settings.cache_dir is None:
        yield None
        return
    from meetcli.cache.leases import open_leases

    try:
        leases = open_leases(
            settings.cache_dir, url=settings.cache_url, patience_s=settings.max_wait_s, warn=warn_of_leases
        )
    except CacheError as error:
        warn_of_leases(error)
        yield None
        return
    try:
        yield leases
    finally:
        with suppress(CacheError):  # on a full disk; what is not given back is free as soon as this process is gone
            leases.close()


def warn_of_leases(error: CacheError) -> None:
    """Say that nothing keeps two runs from buying the same."""
    log.warning("two runs at once may pay twice: %s", error.message)
