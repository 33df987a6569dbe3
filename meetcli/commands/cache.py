"""The cache commands that look after the whole of it: clear and prune; and how the others open it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from meetcli import events
from meetcli.cache import Cache, open_cache, open_shared
from meetcli.cache.upkeep import Kept, kept_entries, remove_entries
from meetcli.commands.cache_folder import folder_of
from meetcli.config import Settings, load_process_settings
from meetcli.config.values import parse_size
from meetcli.errors import UsageError
from meetcli.plain_text import bytes_text, count_text, sum_text
from meetcli.wiring.logs import set_up_logging
from meetcli.wiring.questions import ask

Flags = Mapping[str, object]


@contextmanager
def opened(flags: Flags, *, is_shared_used: bool) -> Iterator[tuple[Settings, Cache]]:
    """Open the cache that the settings name, with the shared one in front where that is wanted and configured."""
    loaded = load_process_settings(flags)
    settings = loaded.settings
    set_up_logging(loaded)
    url = settings.cache_url if is_shared_used else None
    cache = open_cache(
        folder_of(settings), url=url, is_required=settings.cache_required, patience_s=settings.max_wait_s
    )
    told = _tell(cache, 0)
    try:
        yield settings, cache
    finally:
        cache.close()
        _tell(cache, told)


def confirm(question: str, *, is_confirmed: bool) -> None:
    """Ask on a terminal, unless confirmed already; a script has said what it wants by calling.

    A no ends the command.
    """
    if is_confirmed or not sys.stdin.isatty():
        return
    answer = ask(question)
    if answer is None:
        raise KeyboardInterrupt
    if not answer:
        raise SystemExit(1)


def clear(flags: Flags, *, is_confirmed: bool) -> None:
    """Remove everything on this disk, after asking on a terminal; say how many answers that were."""
    with opened(flags, is_shared_used=False) as (settings, cache):
        confirm(
            f"Remove {count_text(cache.size() or 0, 'paid answer')} from {settings.cache_dir}?",
            is_confirmed=is_confirmed,
        )
        removed = cache.clear()
        events.cache_cleared(removed, backend=cache.backend)
    sys.stdout.write(f"removed {count_text(removed, 'answer')}\n")


def clear_shared(flags: Flags, *, is_confirmed: bool) -> None:
    """Remove everything of ours from the shared cache, for everybody who uses it, after asking on a terminal."""
    loaded = load_process_settings(flags)
    settings = loaded.settings
    set_up_logging(loaded)
    if settings.cache_url is None:
        raise UsageError("no shared cache is configured", hint="name it with --cache-url or REDIS_URL")
    cache = open_shared(settings.cache_url, patience_s=settings.max_wait_s)
    try:
        confirm("Remove every paid answer from the shared cache, for everybody who uses it?", is_confirmed=is_confirmed)
        removed = cache.clear()
        events.cache_cleared(removed, backend=cache.backend)
    finally:
        cache.close()
    sys.stdout.write(f"removed {count_text(removed, 'answer')}\n")


def prune(flags: Flags, *, max_size: str | None, is_confirmed: bool) -> None:
    """Remove what is older than the TTL.

    With a size, then the oldest of what is left until no more than that is left.
    """
    most = None if max_size is None else _size_of(max_size)
    with opened(flags, is_shared_used=False) as (settings, cache):
        doomed = list(_prunable(kept_entries(cache), settings.ttl_s, most, datetime.now(UTC)))
        if doomed:
            worth = sum_text(kept.header.cost_usd for kept in doomed)
            confirm(f"Remove {_sized(doomed)} that cost {worth} from {settings.cache_dir}?", is_confirmed=is_confirmed)
            there = set(
                kept_entries(cache)
            )  # what a run has bought again while the question stood is not what was asked about
            doomed = [kept for kept in doomed if kept in there]
            remove_entries(cache, doomed)
    sys.stdout.write(f"removed {_sized(doomed)}\n")


def _sized(entries: list[Kept]) -> str:
    return f"{count_text(len(entries), 'entry', 'entries')} ({bytes_text(sum(kept.header.size for kept in entries))})"


def _prunable(entries: Iterable[Kept], ttl_s: float | None, most: int | None, now: datetime) -> Iterator[Kept]:
    """Yield what has expired, then, the oldest first, what is too much."""
    left: list[Kept] = []
    for kept in entries:
        # A reply that has settled nothing yet was paid for, whatever its age; one that has costs no meeting anything.
        may_expire = kept.header.kind != "reply" or kept.header.cost_usd == 0
        if may_expire and ttl_s is not None and (now - kept.header.created_at).total_seconds() >= ttl_s:
            yield kept
        else:
            left.append(kept)
    if most is None:
        return
    size = sum(kept.header.size for kept in left)
    for kept in sorted(left, key=lambda kept: kept.header.created_at):
        if size <= most:
            return
        size -= kept.header.size
        yield kept


def _size_of(text: str) -> int:
    if text.strip() == "0":
        return 0
    try:
        return parse_size(text)
    except ValueError as error:
        raise UsageError(f"max_size = {text!r} (from flag --max-size) {error}") from error


def _tell(cache: Cache, told: int) -> int:
    """Pass on what the cache has to say since the last time; return how much that was in all."""
    for notice in cache.notices[told:]:
        events.LOGGER.warning("%s", notice)
    return len(cache.notices)
