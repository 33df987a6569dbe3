"""The cache commands about single entries: list, show, remove."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from meetcli import events
from meetcli.cache import Cache
from meetcli.cache.batches import forget_members
from meetcli.cache.entry import Header, load
from meetcli.cache.upkeep import Kept, kept_entries, remove_entries, unusable_rows
from meetcli.commands.cache import Flags, confirm, folder_of, opened
from meetcli.config.values import parse_duration
from meetcli.errors import CacheError, MeetcliError, UsageError
from meetcli.models import Entry, Member
from meetcli.plain_text import age_text, bytes_text, count_text, decimal_text, money_text, printable
from meetcli.writers.removal import Removal, find_doomed, names_of

_KEY = re.compile(r"[0-9a-f]{4,64}")
_HEADINGS = ("kind", "task", "meeting", "customer", "age", "left", "cost", "size", "model", "key")
_RIGHT = {"age", "left", "cost", "size"}
_DISPENSABLE = ("size", "model", "kind")
"""The columns that a narrow terminal is spared, the first one first; `--json` and a pipe have all."""


class Filters(NamedTuple):
    """Which entries a list is about; None wants all. Ages in seconds."""

    task: str | None = None
    model: str | None = None
    customer: str | None = None
    older_than_s: float | None = None
    newer_than_s: float | None = None

    @classmethod
    def of(
        cls,
        *,
        task: str | None = None,
        model: str | None = None,
        customer: str | None = None,
        older_than: str | None = None,
        newer_than: str | None = None,
    ) -> Filters:
        """Read the filters as typed. Raises UsageError for an age that is none."""
        return cls(task, model, customer, _age_of("older-than", older_than), _age_of("newer-than", newer_than))

    def take(self, header: Header, age_s: float) -> bool:
        """Say whether an entry is wanted."""
        return (
            (self.task is None or header.task == self.task)
            and (self.model is None or header.model == self.model)
            and (self.customer is None or header.customer_id == self.customer)
            and (self.older_than_s is None or age_s > self.older_than_s)
            and (self.newer_than_s is None or age_s < self.newer_than_s)
        )


def list_entries(filters: Filters, flags: Flags, *, is_json: bool) -> None:
    """Print every entry that the filters take, the oldest first."""
    now = datetime.now(UTC)
    takes_all = filters == Filters()
    # One entry a line: laid out over many, as print_json does, a hundred thousand of them take three times as long.
    shown: Callable[[Kept, datetime, float | None], Any] = _json_line if is_json else _cells
    found: list[
        tuple[datetime, Any]
    ] = []  # what is printed is made at once: records of all entries would take longer to hold than to read
    with opened(flags, is_shared_used=True) as (settings, cache):
        for kept in kept_entries(cache):
            created_at = kept.header.created_at
            if takes_all or filters.take(kept.header, (now - created_at).total_seconds()):
                found.append((created_at, shown(kept, now, settings.ttl_s)))
    found.sort(key=itemgetter(0))
    rows = [row for _, row in found]
    if is_json:
        sys.stdout.write("[" + ",\n ".join(rows) + "]\n")
    elif rows:
        sys.stdout.write("".join(_aligned(rows, shutil.get_terminal_size().columns if sys.stdout.isatty() else None)))
    else:
        sys.stderr.write("no entries\n")


def show_entries(key: str, flags: Flags, *, task: str | None, model: str | None, is_json: bool) -> None:
    """Print the answers and remembered failures of one meeting with what they say. Raises UsageError where there is
    none.
    """
    filters = Filters(task, model)
    with opened(flags, is_shared_used=True) as (settings, cache):
        found = [kept for kept in _about(cache, key) if kept.header.kind != "reply" and filters.take(kept.header, 0)]
        texts = cache.get_many(kept.name for kept in found)
    entries = [(kept, entry) for kept in found if (entry := load(texts.get(kept.name, "")))]
    if not entries:
        raise UsageError(f"the cache has nothing under the key {key}", hint="meetcli cache list shows the keys it has")
    entries.sort(key=lambda pair: pair[1].created_at, reverse=True)
    now = datetime.now(UTC)
    if is_json:
        print_json([{**_facts(kept, now, settings.ttl_s), **_more_facts(entry)} for kept, entry in entries])
        return
    for number, (kept, entry) in enumerate(entries):
        sys.stdout.write("\n" if number else "")
        facts = {**_facts(kept, now, settings.ttl_s), **_more_facts(entry)}
        facts.pop("result")
        sys.stdout.writelines(
            f"{name:<16} {_shown(name, value)}\n" for name, value in facts.items() if value is not None
        )
        if entry.rendered:
            sys.stdout.write(f"\n{entry.rendered.rstrip()}\n")


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
        found = _about(cache, self.key)
        people = _people(found)
        # What a batch brought has no key, only the ids of the meeting.
        return found + [kept for kept in kept_entries(cache) if not kept.idempotency_key and _people([kept]) & people]

    def takes_result(self, result: Mapping[str, Any]) -> bool:
        """Say whether a result is about it."""
        if self.key is not None:
            return str(result.get("idempotency_key")).startswith(_digits(self.key))
        return self._is_of(result.get("meeting_id"), result.get("customer_id"))

    def takes_member(self, member: Member) -> bool:
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
    """Remove what is kept about a meeting or a customer, and with `results` the result files, after asking on a
    terminal.
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
            _refuse_several(doomed.key, keys.union(kept.idempotency_key for kept in entries if kept.idempotency_key))
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
        is_all_reached = settings.cache_url is None or "redis" in cache.backend
    if removal.opaque:
        events.LOGGER.warning(
            "%s: not said whom it is about; look into it or make it anew", ", ".join(names_of(removal.opaque))
        )
    sys.stdout.write(f"removed {text}\n")
    if not is_all_reached:
        raise CacheError("the shared cache was not reached and may hold more", hint="run this again when it is back")
    if not (entries or removal.results or removal.opaque or forgotten):
        raise MeetcliError(f"nothing is kept of {doomed.shown}", hint=doomed.hint(known))


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


def _about(cache: Cache, key: str) -> list[Kept]:
    """Return all entries of the one meeting whose key begins with these digits."""
    digits = _digits(key)
    found = [kept for kept in kept_entries(cache) if kept.idempotency_key.startswith(digits)]
    _refuse_several(key, {kept.idempotency_key for kept in found})
    return found


def _refuse_several(key: str, meetings: Collection[str]) -> None:
    """Raise UsageError where the start of a key fits the keys of several meetings."""
    if len(meetings) > 1:
        raise UsageError(
            f"the keys of {len(meetings)} meetings begin with {_digits(key)}", hint="give more digits of the key"
        )


def _digits(key: str) -> str:
    """Return a key as typed or copied from a log line, which ends in dots."""
    digits = key.strip().rstrip(".…").lower()
    if not _KEY.fullmatch(digits):
        raise UsageError(f"{key!r} is not a key", hint="a key is 64 hexadecimal digits; its first 4 or more will do")
    return digits


def _age_of(option: str, text: str | None) -> float | None:
    try:
        return None if text is None else parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--{option} {text!r} {error}") from error


# What is printed


def print_json(value: object) -> None:
    """Print a value as JSON, in lines that a person can read too."""
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


def _aligned(rows: list[tuple[str, ...]], room: int | None = None) -> Iterator[str]:
    """Yield the lines of a table without borders, of at most `room` characters where few columns are enough; numbers
    stand on the right.
    """
    columns = dict(zip(_HEADINGS, zip(*rows, strict=True), strict=True))
    widths = {name: max(len(name), *map(len, column)) for name, column in columns.items()}
    for name in _DISPENSABLE:
        if room is not None and sum(widths.values()) + 2 * (len(widths) - 1) > room:
            del columns[name], widths[name]
    widths["key"] = 0  # nothing stands after it
    layout = "  ".join(f"%{'' if name in _RIGHT else '-'}{width}s" for name, width in widths.items()) + "\n"
    yield layout % tuple(columns)
    for row in rows if len(columns) == len(_HEADINGS) else zip(*columns.values(), strict=True):
        yield layout % row


def _cells(kept: Kept, now: datetime, ttl_s: float | None) -> tuple[str, ...]:
    kind, task, _, model, meeting_id, customer_id, created_at, cost_usd, size = kept.header
    age_s = (now - created_at).total_seconds()
    return (
        kind,
        _often(printable, task),
        printable(meeting_id or "–"),
        printable(customer_id or "–"),
        age_text(age_s),
        left_text(age_s, ttl_s),
        _often(money_text, cost_usd),
        _often(bytes_text, size),
        _often(printable, model),
        kept.idempotency_key[:16] or "–",
    )


@lru_cache(maxsize=1000)
def _often(shown: Callable[[Any], str], value: object) -> str:
    """Return how a value is shown that many of a hundred thousand entries share."""
    return shown(value)


def _json_line(kept: Kept, now: datetime, ttl_s: float | None) -> str:
    return json.dumps(_facts(kept, now, ttl_s), ensure_ascii=False)


def left_text(age_s: float, ttl_s: float | None) -> str:
    """Return how long an answer of that age stays valid."""
    if ttl_s is None:
        return "–"
    return age_text(ttl_s - age_s) if age_s < ttl_s else "expired"


def _facts(kept: Kept, now: datetime, ttl_s: float | None) -> dict[str, Any]:
    header = kept.header
    age_s = (now - header.created_at).total_seconds()
    return {
        "kind": header.kind,
        "task": header.task,
        "engine": header.engine,
        "model": header.model,
        "meeting_id": header.meeting_id,
        "customer_id": header.customer_id,
        "idempotency_key": kept.idempotency_key,
        "created_at": header.created_at.isoformat(),
        "age_s": round(age_s, 3),
        "time_left_s": None if ttl_s is None else round(max(ttl_s - age_s, 0), 3),
        "cost_usd": decimal_text(header.cost_usd),
        "size": header.size,
        "asked": kept.asked,
    }


def _more_facts(entry: Entry) -> dict[str, Any]:
    return {
        "task_version": entry.task_version,
        "endpoint": entry.endpoint,
        "meetcli_version": entry.meetcli_version,
        "usage": entry.usage._asdict(),
        "fingerprint": dict(entry.fingerprint.parts),
        "reason": entry.reason,
        "message": entry.message,
        "result": json.loads(entry.rendered) if entry.rendered else None,
    }


def _shown(name: str, value: Any) -> str:  # noqa: ANN401  # whatever a fact is
    if isinstance(value, dict):
        return ", ".join(f"{part} {_shown(part, inner)}" for part, inner in value.items())
    if name.endswith("_s"):
        return age_text(float(value))
    return printable(str(value)[:12] if re.fullmatch(r"[0-9a-f]{32}", str(value)) else str(value))
