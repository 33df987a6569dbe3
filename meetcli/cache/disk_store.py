"""The writing side of the disk cache, on diskcache.

Apart from the reading side because importing and opening diskcache costs as much as starting Python does, and a run of
nothing but hits never writes.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import islice
from pathlib import Path

import diskcache  # type: ignore[import-untyped]  # ships no types
from diskcache.core import MODE_RAW  # type: ignore[import-untyped]  # as above

LOCK_TIMEOUT_S = 30.0

SETTINGS: Mapping[str, str | int] = {
    "eviction_policy": "none",  # the default deletes the oldest paid results at 1 GiB without a word
    "cull_limit": 0,  # nothing expires here either: the reader's TTL decides
    "statistics": 0,  # would write on every read
    "disk_min_file_size": 2**30,  # above any entry: one store, no files beside it
    "sqlite_synchronous": 2,  # FULL: an acknowledged answer survives a power cut
    "sqlite_secure_delete": "fast",  # a customer who asked to be forgotten is not to be found in the file either
    "sqlite_cache_size": 256,  # pages of 4 kB: diskcache's 8,192 would hold 32 MB of answers that nobody reads again
    "sqlite_mmap_size": 0,  # an input error under a mapping kills the process instead of raising
}


class TextDisk(diskcache.Disk):  # type: ignore[misc]  # see the import
    """Store strings and nothing else.

    By default diskcache unpickles what it reads, which runs code that somebody planted (CVE-2025-69872).
    """

    def put(self, key: object) -> tuple[str, bool]:
        """Take a key to the database, if it is text."""
        if type(key) is not str:
            raise TypeError(f"a cache key is a string, not {type(key).__name__}")
        return key, True

    def get(self, key: object, raw: object) -> str:
        """Take a key from the database, if it is text."""
        if not raw or type(key) is not str:
            raise ValueError("a key in the cache is not text")
        return key

    def store(self, value: object, read: bool, key: object = None) -> tuple[int, int, None, str]:
        """Take a value to the database, if it is text."""
        if read or type(value) is not str:
            raise TypeError(f"a cached value is a string, not {type(value).__name__}")
        return 0, MODE_RAW, None, value

    def fetch(self, mode: int, filename: str | None, value: object, read: bool) -> str:
        """Take a value from the database, if it is text; diskcache takes OSError for an absent one."""
        if mode != MODE_RAW or type(value) is not str:
            raise OSError("a value in the cache is not text")
        return value

    def remove(self, file_path: str) -> None:
        """Remove no file: we store none, and the name in a planted row may lead out of the folder."""


class DiskStore:
    """Write to the cache's database. Raises sqlite3.Error, OSError or UnicodeError."""

    def __init__(self, folder: Path) -> None:
        with _plain_errors():
            self._cache = diskcache.Cache(_literal(folder), timeout=LOCK_TIMEOUT_S, disk=TextDisk, **SETTINGS)
        self._path = folder / "cache.db"
        self._has_removed = False

    def set(self, items: Mapping[str, str], outlived: Sequence[str] = ()) -> None:
        """Store all items and remove what they outlive, all or nothing.

        The tag repeats a value's first line, so that a scan need not read values.
        """
        with _plain_errors(), self._cache.transact():
            for key, value in items.items():
                self._cache.set(key, value, tag=value.partition("\n")[0])
            for key in outlived:
                self._cache.delete(key)

    def remove(self, keys: Iterable[str]) -> int:
        """Remove the keys; return how many were there.

        A thousand at a time, so that other processes are not kept waiting.
        """
        remaining, removed = iter(keys), 0
        self._has_removed = True
        while chunk := list(islice(remaining, 1000)):
            with _plain_errors(), self._cache.transact():
                removed += sum(self._cache.delete(key) for key in chunk)
        return removed

    @contextmanager
    def clearing(self) -> Iterator[None]:
        """Remove everything at the end of the block, with no write by others between its start and that.

        In one transaction: 0.6 s for 100,000 answers of 4 kB, where diskcache's own thousand take 5 s.
        """
        with _plain_errors(), self._cache.transact():
            yield
            self._has_removed = True
            self._cache.clear()

    def close(self) -> bool:
        """Release the database and empty its log, so that nothing removed stays readable in it.

        Return False where other readers kept the log from being emptied.
        """
        self._cache.close()
        is_busy = 0
        if self._has_removed:
            with suppress(sqlite3.Error), closing(sqlite3.connect(self._path, timeout=1.0)) as database:
                is_busy, *_ = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not is_busy


def _literal(folder: Path) -> str:
    """Return the folder as diskcache must be told it: it expands `~` and `$NAME`, which may be part of a name."""
    text = str(folder.absolute())
    if os.path.expandvars(text) != text:
        raise OSError("the name of a variable is part of its path")
    return text


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Raise what sqlite said.

    diskcache turns every failure to begin a transaction into `Timeout`, also that of a full disk, and a failing
    ROLLBACK hides the failure before it.
    """
    try:
        yield
    except (diskcache.Timeout, sqlite3.Error) as error:
        raise _first_cause(error) from None


def _first_cause(cause: BaseException) -> sqlite3.Error:
    while isinstance(cause.__context__, sqlite3.Error):
        cause = cause.__context__
    return cause if isinstance(cause, sqlite3.Error) else sqlite3.OperationalError("database is locked")
