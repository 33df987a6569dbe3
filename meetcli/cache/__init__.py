"""Door of the cache: strings in, strings out. Knows nothing of meetings, tasks or money.

A value may have several lines; its first line is its header, which `scan` returns without reading the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol


class Cache(Protocol):
    """A store of strings. Every method raises `CacheError` when the store cannot be used, and nothing else."""

    backend: str
    """`disk`, `redis` or `redis+disk`: what is really used, for logs and reports."""

    notices: list[str]
    """What the user should be warned about once, such as a damaged file that was moved aside; grows while the cache is used."""

    def get_many(self, keys: Iterable[str]) -> dict[str, str]:
        """Return the values of the keys that are there."""
        ...

    def set(self, items: Mapping[str, str]) -> None:
        """Store all items durably in one short transaction."""
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


def open_cache(folder: Path) -> Cache:
    """Open the cache in `folder`, creating both when absent.

    Raises UsageError for a folder that belongs to somebody else or that others may write to, CacheError for one that
    cannot be used. A damaged or foreign file is neither: it is moved aside and a notice says where to.
    """
    from meetcli.cache.disk import DiskCache

    return DiskCache(folder)
