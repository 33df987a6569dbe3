"""The shared cache in front of the disk cache.

Losing the shared one costs a notice, never an answer: what was written meanwhile is remembered on disk and brought to
it when it is back.
"""

from __future__ import annotations

import heapq
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import groupby
from operator import itemgetter
from typing import TypeVar

from meetcli.cache import Cache, SharedCache
from meetcli.cache.entry import bought_at, load_header
from meetcli.errors import CacheError, CacheRefused, ListingRefused

T = TypeVar("T")

PENDING = "pending:"
_RETRY_AFTER_S = 30.0  # an unreachable server may take a second to say so, and the whole run waits for it
_BULK = 100  # answers brought back at once


class LayeredCache:
    """`shared` in front of `disk`. `is_required` makes every trouble with `shared` a CacheError.

    A row `pending:<token>:<key>` on disk says that the shared cache may be behind for this key: bringing it up means to
    store there what the disk has, or to remove it where the disk has nothing. The token is new with every start, so
    that of two processes on one disk neither takes away the other's row before its answer was brought.

    A shared cache that takes nothing, being full or a copy, counts as lost and is read all the same: what others bought
    is not to be bought again. Of the keys that it is behind for, the disk alone is asked meanwhile.
    """

    def __init__(
        self, shared: SharedCache, disk: Cache, *, clock: Callable[[], float], is_required: bool = False
    ) -> None:
        self._shared = shared
        self._disk = disk
        self._clock = clock
        self._is_required = is_required
        self._debt_prefix = f"{PENDING}{os.urandom(6).hex()}:"
        self._lost_until: float | None = None
        self._is_readable = True
        self._behind: set[str] = set()
        self._has_said_loss = False
        self._has_said_disk = False
        self._has_said_listing = False
        self.notices = disk.notices  # one list: whoever reads it in the middle sees what is new at its end
        self._attempt(self._reach)

    @property
    def backend(self) -> str:
        """Return what is really used just now."""
        return "redis+disk" if self._lost_until is None or self._is_readable else "disk"

    def get_many(self, keys: Iterable[str]) -> dict[str, str]:
        """Return the values of the keys that are in either cache.

        The better value counts, and the shared one's where neither is known to be better. The disk may have a newer
        value, bought by a run without the shared cache, or a good one where the shared one is damaged.
        """
        wanted = list(keys)
        found = self._read(lambda: self._shared.get_many(key for key in wanted if key not in self._behind))
        if found is None:
            return self._disk.get_many(wanted)
        try:
            for key, ours in self._disk.get_many(wanted).items():
                theirs = found.setdefault(key, ours)
                if theirs != ours and _is_better(key, ours, theirs):
                    found[key] = ours
        except CacheError as error:  # what the shared cache gave is not to be bought again
            if self._is_required:
                raise
            if not self._has_said_disk:
                self._has_said_disk = True
                self.notices.append(f"{error.message}; going on with the shared cache")
        return found

    def set(self, items: Mapping[str, str], *, outlived: Sequence[str] = ()) -> None:
        """Store all items in both caches, on disk in any case, then remove what they outlive."""
        self._change(lambda: self._shared.set(items), items, items)
        if outlived:
            self.remove(outlived)

    def remove(self, keys: Iterable[str]) -> int:
        """Remove the keys from both caches; return how many were there, in the one that had more of them."""
        doomed = list(keys)
        here = self._disk.remove(doomed)
        there = self._change(lambda: self._shared.remove(doomed), doomed, {})
        return max(here, there or 0)

    def scan(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Yield (key, first line of the value) for every key in either cache that starts with `prefix`.

        Keys come in their order.
        """
        there = self._read(lambda: self._list(prefix)) or []
        for key, rows in groupby(heapq.merge(there, self._disk.scan(prefix), key=itemgetter(0)), key=itemgetter(0)):
            if not key.startswith(PENDING):
                (_, first_line), *others = rows
                if others and others[0][1] != first_line and _is_later(others[0][1], first_line):
                    first_line = others[0][1]
                yield key, first_line

    @property
    def is_whole(self) -> bool:
        """Say whether `scan` yields what the shared cache has, too."""
        return self._lost_until is None and self._shared.is_whole

    def size(self) -> int | None:
        """Return the number of answers on this disk; nobody knows that of the shared cache."""
        return self._disk.size()

    def clear(self) -> int:
        """Remove everything on this disk; return how many answers there were.

        The shared cache belongs to others too.
        """
        return self._disk.clear()

    def close(self) -> None:
        """Release both caches.

        Before that, try a last time to bring to the shared cache what was bought without it: others may ask for it
        before this machine runs again.
        """
        if self._behind and self._lost_until is not None:
            self._lost_until = self._clock()
            with suppress(CacheError):
                self._attempt(lambda: None)
        self._shared.close()
        self._disk.close()

    def _change(self, work: Callable[[], T], keys: Iterable[str], items: Mapping[str, str]) -> T | None:
        """Change the shared cache and store the items on disk.

        Where the shared one was not reached, the disk gets a debt for each key. The shared one comes first, so that
        either way the disk needs one transaction.
        """
        try:
            done = self._attempt(work)
        except CacheError:
            self._disk.set({**items, **self._debts(keys)})
            raise
        if done is None and self._lost_until is not None:
            self._disk.set({**items, **self._debts(keys)})
        elif items:
            self._disk.set(items)
        return done

    def _list(self, prefix: str) -> list[tuple[str, str]]:
        try:
            return [row for row in self._shared.scan(prefix) if row[0] not in self._behind]
        except ListingRefused as error:  # all else it may do as it is told
            if self._is_required:
                raise
            if not self._has_said_listing:
                self._has_said_listing = True
                self.notices.append(f"{error.message}; only what this disk has is listed")
            return []

    def _debts(self, keys: Iterable[str]) -> dict[str, str]:
        self._behind.update(keys)
        return dict.fromkeys((self._debt_prefix + key for key in keys), "")

    def _read(self, work: Callable[[], T]) -> T | None:
        """Do as `_attempt`, and read what a shared cache still gives that takes nothing."""
        done = self._attempt(work, is_read=True)
        if done is None and self._is_readable:
            try:
                return work()
            except CacheError:
                self._is_readable = False
        return done

    def _attempt(self, work: Callable[[], T], *, is_read: bool = False) -> T | None:
        """Do the work on the shared cache; None while it is lost. Tries it again after a while, and says so once."""
        if self._lost_until is not None and self._clock() < self._lost_until:
            return None
        is_reached = self._lost_until is None
        try:
            if not is_reached:
                self._reach()
                is_reached = True
            done = work()
        except CacheError as error:
            self._lost_until = self._clock() + _RETRY_AFTER_S
            is_read_refused = is_read and is_reached
            is_refused = isinstance(error, CacheRefused) and not self._is_required and not is_read_refused
            self._is_readable = is_refused and self._still_gives()
            if self._is_required:
                raise
            if not self._has_said_loss:
                self._has_said_loss = True
                left = (
                    "it is read all the same, what is bought is kept on disk"
                    if self._is_readable
                    else "going on with the disk cache alone"
                )
                self.notices.append(f"{error.message}; {left}")
            return None
        if self._lost_until is not None:
            self._lost_until = None
            self.notices.append("the shared cache is back, and has what was bought meanwhile")
        return done

    def _still_gives(self) -> bool:
        try:
            self._shared.get_many([self._debt_prefix])
        except CacheError:
            return False
        return True

    def _reach(self) -> None:
        """Bring to the shared cache what it missed, after making sure that it is there."""
        self._shared.ping()
        debts = {row: row.split(":", 2)[2] for row, _ in self._disk.scan(PENDING)}
        self._behind.update(debts.values())
        rows = list(debts)
        for start in range(0, len(rows), _BULK):
            chunk = rows[start : start + _BULK]
            keys = {debts[row] for row in chunk}
            items = self._disk.get_many(keys)
            self._shared.remove(keys - items.keys())  # first: a server that is full does this much
            if items:
                self._shared.set(items)
            self._disk.remove(chunk)
        self._behind.clear()


def _is_better(key: str, ours: str, theirs: str) -> bool:
    """Say whether ours can be used and theirs cannot, or is older."""
    our_time, their_time = bought_at(key, ours), bought_at(key, theirs)
    return our_time is not None and (their_time is None or our_time > their_time)


def _is_later(ours: str, theirs: str) -> bool:
    """Say the same of two first lines, as far as they tell."""
    our_header, their_header = load_header(ours), load_header(theirs)
    return our_header is not None and (their_header is None or our_header.created_at > their_header.created_at)
