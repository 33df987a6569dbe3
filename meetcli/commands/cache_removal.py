"""`meetcli cache remove`: forgets a meeting or a customer, in the cache and in results."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from meetcli import events
from meetcli.cache import Cache
from meetcli.cache.batches import forget_members
from meetcli.cache.upkeep import Kept, kept_entries, remove_entries, unusable_rows
from meetcli.commands.cache import Flags, confirm, opened
from meetcli.commands.cache_entries import digits_of, entries_about, refuse_several
from meetcli.commands.cache_folder import folder_of
from meetcli.errors import CacheError, MeetcliError, UsageError
from meetcli.models import BatchLine
from meetcli.plain_text import count_text
from meetcli.writers.removal import Removal, find_doomed, names_of


class Doomed(NamedTuple):
    """What is to be forgotten: exactly one of a key or its start, a meeting, a customer."""

    key: str | None = None
    meeting: str | None = None
    customer: str | None = None

    @classmethod
    def of(cls, *, key: str | None, meeting: str | None, customer: str | None) -> Doomed:
        """Raise UsageError unless exactly one is given: two could mean both or either, and what is removed is gone."""
        if sum(given is not None for given in (key, meeting, customer)) != 1:
            raise UsageError("name what to remove: a KEY, or --meeting ID, or --customer ID, and no two of them")
        return cls(key, meeting, customer)

    def entries(self, cache: Cache) -> list[Kept]:
        """Return what is kept about it. Raises UsageError where the start of a key fits several meetings."""
        if self.key is None:
            return [
                kept for kept in kept_entries(cache) if self._is_of(kept.header.meeting_id, kept.header.customer_id)
            ]
        found = entries_about(cache, self.key)
        people = _people(found)
        # What a batch brought has no key, only the ids of the meeting.
        return found + [kept for kept in kept_entries(cache) if not kept.idempotency_key and _people([kept]) & people]

    def takes_result(self, result: Mapping[str, Any]) -> bool:
        """Say whether a result is about it."""
        if self.key is not None:
            return str(result.get("idempotency_key")).startswith(digits_of(self.key))
        return self._is_of(result.get("meeting_id"), result.get("customer_id"))

    def takes_member(self, member: BatchLine) -> bool:
        """Say whether a request of a batch is about it; under a key alone that cannot be told."""
        return self.key is None and self._is_of(member.meeting_id, member.customer_id)

    @property
    def shown(self) -> str:
        """Name it as an error does."""
        if self.key is not None:
            return f"the key {self.key}"
        return f"meeting {self.meeting!r}" if self.meeting is not None else f"customer {self.customer!r}"

    def hint(self, known: Mapping[str, Collection[str]]) -> str:
        """Say which known ids are near the one that nothing was found of."""
        from difflib import get_close_matches

        kind, given = ("meeting", self.meeting) if self.meeting is not None else ("customer", self.customer)
        if self.key is not None or given is None:
            return "meetcli cache list shows what is kept"
        longer = [name for name in known[kind] if name.lower().startswith(given.lower())]
        near = list(dict.fromkeys([*get_close_matches(given, sorted(known[kind])), *sorted(longer)]))[:3]
        return f"did you mean {' or '.join(near)}?" if near else "meetcli cache list shows what is kept"

    def _is_of(self, meeting_id: object, customer_id: object) -> bool:
        return meeting_id == self.meeting if self.meeting is not None else customer_id == self.customer


def remove_doomed(doomed: Doomed, flags: Flags, *, results: str | None, is_confirmed: bool) -> None:
    """Remove what is kept about a meeting or a customer, after asking on a terminal.

    With `results` the result files are removed too.
    """
    keys: set[str] = set()

    def takes(result: Mapping[str, Any]) -> bool:
        is_taken = doomed.takes_result(result)
        if is_taken:
            keys.add(str(result.get("idempotency_key")))
        return is_taken

    removal = Removal([], [], []) if results is None else find_doomed(Path(results), takes)
    with opened(flags, is_shared_used=True) as (settings, cache):
        entries = doomed.entries(cache)
        if doomed.key is not None:  # results may be of meetings that the cache has forgotten
            refuse_several(doomed.key, keys.union(kept.idempotency_key for kept in entries if kept.idempotency_key))
        text = ", ".join(_counted(entries, removal))
        if entries or removal.results:
            confirm(f"Remove {text}?", is_confirmed=is_confirmed)
        removal.carry_out()
        people = _people(entries)
        known = {} if entries else _known_ids(cache)
        forgotten = forget_members(
            cache, lambda member: (member.meeting_id, member.customer_id) in people or doomed.takes_member(member)
        )
        remove_entries(cache, entries)
        _warn_of_remains(cache, folder_of(settings))
        remains = _remains_elsewhere(settings.cache_url, cache)
    if removal.opaque:
        events.LOGGER.warning(
            "%s: not said whom it is about; look into it or make it anew", ", ".join(names_of(removal.opaque))
        )
    sys.stdout.write(f"removed {text}\n")
    if remains is not None:
        raise remains
    if not (entries or removal.results or removal.opaque or forgotten):
        raise MeetcliError(f"nothing is kept of {doomed.shown}", hint=doomed.hint(known))


def _remains_elsewhere(url: str | None, cache: Cache) -> CacheError | None:
    if url is None or cache.is_whole:
        return None
    if "redis" in cache.backend:
        hint = "use an account that may list the keys (SCAN), remove keys and is not that of a copy"
        return CacheError("the shared cache may hold more: it did not do all that was asked", hint=hint)
    return CacheError("the shared cache was not reached and may hold more", hint="run this again when it is back")


def _known_ids(cache: Cache) -> dict[str, set[str]]:
    """Return the ids that the cache knows, by the option that names one."""
    headers = [kept.header for kept in kept_entries(cache)]
    return {
        "meeting": {header.meeting_id for header in headers if header.meeting_id},
        "customer": {header.customer_id for header in headers if header.customer_id},
    }


def _people(entries: Iterable[Kept]) -> set[tuple[str | None, str | None]]:
    """Return (meeting id, customer id) of entries that have both."""
    people = {(kept.header.meeting_id, kept.header.customer_id) for kept in entries}
    return {ids for ids in people if None not in ids}


def _warn_of_remains(cache: Cache, folder: Path) -> None:
    """Name what nobody can look into and which may hold the removed all the same."""
    if unreadable := len(unusable_rows(cache)):
        events.LOGGER.warning(
            "%s cannot be read and may be about anybody; meetcli cache clear removes them with all others",
            count_text(unreadable, "entry of the cache", "entries of the cache"),
        )
    for aside in sorted(folder.glob("cache.damaged-*.db")):
        events.LOGGER.warning(
            "%s was moved aside as damaged and may hold anything; delete it when it is not needed", aside
        )


def _counted(entries: list[Kept], removal: Removal) -> Iterator[str]:
    kinds = [kept.header.kind for kept in entries]
    yield count_text(kinds.count("answer"), "answer")
    for kind, noun in (("failure", "remembered failure"), ("reply", "kept reply")):
        if kinds.count(kind):
            yield count_text(kinds.count(kind), noun, noun.replace("reply", "replies") if kind == "reply" else None)
    if removal.results:
        yield count_text(removal.results, "result")
