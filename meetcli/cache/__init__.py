"""Door of the cache: strings in, strings out. Knows nothing of meetings, tasks or money.

A value may have several lines; its first line is its header, which `scan` returns without reading the rest.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from meetcli.errors import CacheError


class Cache(Protocol):
    """A store of strings. Every method raises `CacheError` when the store cannot be used, and nothing else."""

    notices: list[str]
    """What the user should be warned about once, such as a damaged file that was moved aside; grows while the cache is
    used.
    """

    @property
    def backend(self) -> str:
        """Return `disk`, `redis` or `redis+disk`: what is really used just now, for logs and reports."""
        ...

    @property
    def is_whole(self) -> bool:
        """Say whether `scan` yields all that there is: a shared cache may be lost, or not list what it has."""
        ...

    def get_many(self, keys: Iterable[str]) -> dict[str, str]:
        """Return the values of the keys that are there."""
        ...

    def set(self, items: Mapping[str, str], *, outlived: Sequence[str] = ()) -> None:
        """Store all items durably in one short transaction, and remove the keys of what they outlive: on disk in the
        same one.
        """
        ...

    def remove(self, keys: Iterable[str]) -> int:
        """Remove the keys that are there; return how many were."""
        ...

    def scan(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Yield (key, first line of the value) for every key that starts with `prefix`, in key order."""
        ...

    def size(self) -> int | None:
        """Return the number of keys that start with `answer:`, or None where it is not cheaply known."""
        ...

    def clear(self) -> int:
        """Remove everything; return how many keys that start with `answer:` there were."""
        ...

    def close(self) -> None:
        """Release files and connections."""
        ...


class SharedCache(Cache, Protocol):
    """A cache on another machine, which may be out of reach."""

    def ping(self) -> None:
        """Raise CacheError when it is."""
        ...


class ExaminedCache(SharedCache, Protocol):
    """A shared cache that tells what it is."""

    def kind(self) -> str:
        """Return what the server is. Raises CacheError where it does not answer."""
        ...

    def examine(self) -> list[str]:
        """Try all that a run does; return what is refused. Raises CacheError where nothing can be read."""
        ...


def open_cache(
    folder: Path,
    *,
    url: str | None = None,
    is_required: bool = False,
    patience_s: float = 600.0,
    clock: Callable[[], float] = time.monotonic,
) -> Cache:
    """Open the cache in `folder`, creating both when absent; with `url`, behind the shared cache that is there.

    Raises UsageError for a folder that belongs to somebody else or that others may write to and for a URL that cannot
    be read, CacheError when no cache can be used. Where one of two is out of reach the other is used and a notice says
    so, unless `is_required`, which makes that a CacheError too. A damaged or foreign file is moved aside and a notice
    says where to. The shared cache is waited for `patience_s` seconds at most, a few for each answer. `clock` counts
    seconds until a lost one is tried again.
    """
    from meetcli.cache.disk import DiskCache

    if url is None:
        return DiskCache(folder)
    shared = open_shared(url, patience_s=patience_s)
    try:
        disk = DiskCache(folder)
    except CacheError as error:
        if is_required:
            raise
        shared.ping()
        shared.notices.append(f"{error.message}; going on with the shared cache alone")
        return shared
    from meetcli.cache.layered import LayeredCache

    try:
        return LayeredCache(shared, disk, clock=clock, is_required=is_required)
    except CacheError:
        disk.close()
        raise


def open_shared(url: str, *, patience_s: float = 600.0) -> ExaminedCache:
    """Open the shared cache alone, as for clearing it; connects when it is first used.

    Raises UsageError for a bad URL.
    """
    from meetcli.cache.redis import RedisCache

    return RedisCache(url, patience_s=patience_s)
