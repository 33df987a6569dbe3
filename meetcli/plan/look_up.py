"""The look-up room: what the cache knows of many inputs and many meetings at once. Decides nothing, changes nothing.

Whatever is broken or foreign is as good as absent, and the cache is told of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from meetcli.cache.entry import (
    Indexed,
    Pointer,
    answer_key,
    failure_key,
    index_key,
    latest_key,
    load_at,
    load_index,
    load_pointer,
)
from meetcli.cache.forgiving import ForgivingCache
from meetcli.models import Entry, Rules


class Known(NamedTuple):
    """What the cache knows of one question about one meeting.

    `answer` and `failure` may be of any age; `asked` is what was asked about the meeting last.
    """

    answer: Entry | None = None
    failure: Entry | None = None
    asked: Pointer | None = None


class LookUp:
    """Reads the cache for one task and engine; `rules` and `now`, aware UTC, say what is fresh."""

    def __init__(self, cache: ForgivingCache, task: str, engine: str, *, rules: Rules, now: datetime) -> None:
        self._cache = cache
        self._task = task
        self._engine = engine
        self._rules = rules
        self._now = now

    def indexed(self, names: Iterable[str]) -> dict[str, Indexed]:
        """Return, by index name, where the inputs lead that have a fresh answer."""
        rows = {index_key(name): name for name in names}
        return {
            rows[row]: found
            for row, text in self._cache.get_many(rows).items()
            if (found := load_index(row, text)) and self.is_fresh(found.created_at)
        }

    def rendered(self, indexed: Mapping[str, Indexed]) -> dict[str, Entry]:
        """Return, by index name, the answers whose rendered result is that of the very input."""
        stored = self._cache.get_many(place.name for place in indexed.values())
        found: dict[str, Entry] = {}
        for name, place in indexed.items():
            entry = self._entry(stored, place.name)
            if entry is not None and entry.render_id == place.render_id and self.is_fresh(entry.created_at):
                found[name] = entry
        return found

    def known(self, questions: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Known]:
        """Return what is known of questions, each an idempotency key and the digest of a fingerprint."""
        names = {
            (key, digest): (
                answer_key(self._task, key, digest),
                failure_key(self._task, key, digest),
                self._latest_key(key),
            )
            for key, digest in questions
        }
        rows = self._cache.get_many({row for question in names.values() for row in question})
        found: dict[tuple[str, str], Known] = {}
        for question, (answer, failure, latest) in names.items():
            found[question] = Known(
                self._entry(rows, answer), self._entry(rows, failure), load_pointer(rows.get(latest, ""))
            )
        return found

    def answer(self, key: str, digest: str) -> Entry | None:
        """Return the fresh answer to one question, None where there is none."""
        name = answer_key(self._task, key, digest)
        entry = self._entry(self._cache.get_many([name]), name)
        return entry if entry is not None and self.is_fresh(entry.created_at) else None

    def age_s(self, created_at: datetime) -> float:
        """Return how old an answer is, in seconds."""
        return (self._now - created_at).total_seconds()

    def is_fresh(self, created_at: datetime) -> bool:
        """Say whether an answer is still one."""
        return self._rules.is_fresh(created_at, self._now)

    def _entry(self, rows: Mapping[str, str], name: str) -> Entry | None:
        entry = load_at(rows, name)
        if entry is None and name in rows:
            self._cache.note_unusable(name)
        return entry

    def _latest_key(self, key: str) -> str:
        return latest_key(self._task, self._engine, key)
