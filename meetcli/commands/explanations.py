"""What `cache explain` tells of one meeting, for people and as JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from meetcli.commands.cache_entries import left_text, print_json
from meetcli.models import Entry, Outcome, Source, Status
from meetcli.plain_text import age_text, decimal_text, money_text, printable


class Part(NamedTuple):
    """One named part of two fingerprints: digests, and values where they are known and no text.

    Absent ones are None.
    """

    name: str
    ours: str
    theirs: str | None
    our_value: str | None
    their_value: str | None

    @property
    def is_same(self) -> bool:
        """Whether both ask the same here."""
        return self.ours == self.theirs


class Explanation(NamedTuple):
    """What a run would do with one meeting.

    `entry` is what it decides from: the exact answer or failure, else the nearest.
    """

    source: Source
    task: str
    outcome: Outcome
    why: str
    key: str | None = None
    entry: Entry | None = None
    parts: tuple[Part, ...] = ()


def print_explanations(explained: Iterable[Explanation], now: datetime, ttl_s: float | None, *, is_json: bool) -> None:
    """Print what a run would do with each meeting, and why."""
    if is_json:
        print_json([_fields(explanation, now, ttl_s) for explanation in explained])
        return
    for number, one in enumerate(explained):
        sys.stdout.write("\n" if number else "")
        title = f"{printable(one.source.label)}, {printable(one.task)}: {_status_of(one.outcome)}"
        facts, rows = list(_facts(one, now, ttl_s)), list(_rows(one.parts))
        if sys.stdout.isatty():
            from meetcli.console.explanation import print_explanation

            print_explanation(title, facts, rows, sys.stdout)
        else:
            sys.stdout.writelines(_plain(title, facts, rows))


def _status_of(outcome: Outcome) -> str:
    """Return the status a run would give; a meeting to be called carries it as the reason why it was not."""
    if outcome.status is Status.NOT_ATTEMPTED and outcome.reason in set(Status):
        return outcome.reason or ""
    return outcome.status.value


def _facts(one: Explanation, now: datetime, ttl_s: float | None) -> Iterator[tuple[str, str]]:
    yield "why", printable(one.why)
    if one.key is not None:
        yield "key", one.key
    if one.entry is None:
        if one.key is not None:
            yield "entry", "none"
        return
    entry, age_s = one.entry, (now - one.entry.created_at).total_seconds()
    yield (
        "entry",
        f"{entry.kind} of {entry.created_at:%Y-%m-%d %H:%M:%S} UTC by "
        f"{printable(entry.model)}, {money_text(entry.cost_usd)}",
    )
    yield "age", age_text(age_s)
    yield "time left", left_text(age_s, ttl_s)


def _rows(parts: Iterable[Part]) -> Iterator[tuple[str, str, str, str]]:
    for part in parts:
        ours, theirs = _side(part.ours, part.our_value), _side(part.theirs, part.their_value)
        yield part.name, ours, theirs, "" if part.theirs is None else "same" if part.is_same else "differs"


def _side(digest: str | None, value: str | None) -> str:
    if digest is None:
        return "–"
    return f"{digest[:8]} {printable(value)}" if value else digest[:8]


def _plain(title: str, facts: Iterable[tuple[str, str]], rows: list[tuple[str, str, str, str]]) -> Iterator[str]:
    yield f"{title}\n"
    for name, value in facts:
        yield f"  {name:<12} {value}\n"
    widths = [max(map(len, column)) for column in zip(*(row[1:3] for row in rows), strict=True)]
    for name, ours, theirs, verdict in rows:
        yield f"  {name:<12} {ours:<{widths[0]}}  {theirs:<{widths[1]}}  {verdict}".rstrip() + "\n"


def _fields(one: Explanation, now: datetime, ttl_s: float | None) -> dict[str, Any]:
    entry = one.entry
    age_s = None if entry is None else (now - entry.created_at).total_seconds()
    return {
        "source": one.source.shown,
        "place": one.source.place,
        "task": one.task,
        "status": _status_of(one.outcome),
        "why": one.why,
        "idempotency_key": one.key,
        "entry": entry
        and {
            "kind": entry.kind,
            "fingerprint": entry.fingerprint.digest,
            "model": entry.model,
            "created_at": entry.created_at.isoformat(),
            "cost_usd": decimal_text(entry.cost_usd),
        },
        "age_s": age_s,
        "time_left_s": None if age_s is None or ttl_s is None else max(ttl_s - age_s, 0.0),
        "changed_parts": [part.name for part in one.parts if part.theirs is not None and not part.is_same],
        "parts": [{**part._asdict(), "is_same": part.is_same} for part in one.parts],
    }
