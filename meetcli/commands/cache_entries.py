"""The cache commands about single entries: list and show."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from meetcli.cache import Cache
from meetcli.cache.entry import Header, load
from meetcli.cache.upkeep import Kept, kept_entries
from meetcli.commands.cache import Flags, opened
from meetcli.config.values import parse_duration
from meetcli.errors import UsageError
from meetcli.models import Entry
from meetcli.plain_text import age_text, bytes_text, decimal_text, money_text, printable

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
    """Print the answers and remembered failures of one meeting with what they say.

    Raises UsageError where there is none.
    """
    filters = Filters(task, model)
    with opened(flags, is_shared_used=True) as (settings, cache):
        found = [
            kept for kept in entries_about(cache, key) if kept.header.kind != "reply" and filters.take(kept.header, 0)
        ]
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


def entries_about(cache: Cache, key: str) -> list[Kept]:
    """Return all entries of the one meeting whose key begins with these digits."""
    digits = digits_of(key)
    found = [kept for kept in kept_entries(cache) if kept.idempotency_key.startswith(digits)]
    refuse_several(key, {kept.idempotency_key for kept in found})
    return found


def refuse_several(key: str, meetings: Collection[str]) -> None:
    """Raise UsageError where the start of a key fits the keys of several meetings."""
    if len(meetings) > 1:
        raise UsageError(
            f"the keys of {len(meetings)} meetings begin with {digits_of(key)}", hint="give more digits of the key"
        )


def digits_of(key: str) -> str:
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
    """Yield the lines of a table without borders, of at most `room` characters where few columns are enough.

    Numbers stand on the right.
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
