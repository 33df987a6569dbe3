"""What a cache holds, listed and removed: every entry with its header, and whatever leads to it.

Never reads a payload to list.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from meetcli.cache import Cache
from meetcli.cache.entry import Header, answer_key, latest_key, load_header, load_index, load_pointer, place_of

_KINDS = ("answer:", "failure:", "reply:")
_COLONS = 3  # in the name of a row of ours: its kind, task, key, digest


class Kept(NamedTuple):
    """One answer, remembered failure or paid reply, and the name of its row."""

    name: str
    header: Header

    @property
    def idempotency_key(self) -> str:
        """Which meeting it is about."""
        return place_of(self.name)[0]

    @property
    def asked(self) -> str:
        """The digest of what was asked: an answer's or failure's fingerprint, a reply's request."""
        return place_of(self.name)[1]


def all_rows(cache: Cache) -> Iterator[tuple[str, Header | None]]:
    """Yield the name and header of everything that was bought.

    First the answers, then the failures, then the replies, each kind in the order of its names. The header is None
    where nobody can read it: damaged, foreign, or of a newer format.
    """
    for kind in _KINDS:
        for name, first_line in cache.scan(kind):
            yield name, load_header(first_line) if name.count(":") >= _COLONS else None


def kept_entries(cache: Cache) -> Iterator[Kept]:
    """Yield what was bought and can be read."""
    return (Kept(name, header) for name, header in all_rows(cache) if header)


def unusable_rows(cache: Cache) -> list[str]:
    """Return the names of what nobody can read."""
    return [name for name, header in all_rows(cache) if header is None]


def remove_entries(cache: Cache, doomed: Collection[Kept]) -> None:
    """Remove entries with what leads to them: rows of the index, and pointers that would point to nothing."""
    names = {kept.name for kept in doomed}
    index = {row for row, line in cache.scan("index:") if (place := load_index(row, line)) and place.name in names}
    # Entries last: a removal that was killed is finished by the next one only while they are there to be found.
    cache.remove(index)
    cache.remove(_orphans(cache, doomed, names))
    cache.remove(names)


def _orphans(cache: Cache, doomed: Collection[Kept], names: Collection[str]) -> set[str]:
    """Return the pointers of the doomed entries' meetings that lead to one of them, or to nothing already."""
    owners = {latest_key(kept.header.task, kept.header.engine, kept.idempotency_key): kept for kept in doomed}
    targets = {
        row: answer_key(owners[row].header.task, owners[row].idempotency_key, pointer.fingerprint.digest)
        for row, text in cache.get_many(owners).items()
        if (pointer := load_pointer(text))
    }
    there = cache.get_many(set(targets.values()) - set(names))
    return {row for row, target in targets.items() if target not in there}
