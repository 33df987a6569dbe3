"""Leases: who is buying which answer right now, so that two runs at once pay once. Knows names only, never answers.

A lease lasts 60 s unless renewed. It fences the save of a process that was suspended past its end, not the call that it
already made.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from meetcli.errors import CacheError


class Leases(Protocol):
    """What one run holds. Every method raises `CacheError` when leases cannot be kept, and nothing else."""

    def acquire(self, names: Iterable[str]) -> frozenset[str]:
        """Take the leases that nobody living holds; return those of `names` that are ours now, new or already.

        After taking one, look into the cache once more: its last holder may have saved the answer meanwhile. Before
        saving, asking again for a lease that was ours tells whether it still is.
        """
        ...

    def renew(self) -> frozenset[str]:
        """Make all of ours last from now; return those that were lost to somebody else since."""
        ...

    def release(self, names: Iterable[str]) -> None:
        """Give back those of `names` that are ours."""
        ...

    def close(self) -> None:
        """Give back everything."""
        ...


def open_leases(
    folder: Path,
    *,
    url: str | None = None,
    is_required: bool = False,
    patience_s: float = 600.0,
    warn: Callable[[CacheError], None] = lambda error: None,
    clock: Callable[[], float] = time.monotonic,
) -> Leases:
    """Open the leases of a cache folder; with `url`, those of the shared cache too.

    Losing the shared cache later leaves the leases of this machine, without a word since the cache itself says it,
    unless `is_required` makes that a CacheError. A shared cache that is there and refuses leases is given to `warn`,
    once: it may take all else. It is waited for `patience_s` seconds at most, a few for each answer. `clock` counts
    seconds, the same for all processes of a machine. Raises UsageError for an unsafe folder or a URL that cannot be
    read, CacheError when the folder cannot be used.
    """
    from meetcli.cache.disk_leases import DiskLeases

    here = DiskLeases(folder, clock=clock)
    if url is None:
        return here
    try:
        from meetcli.cache.redis_leases import RedisLeases, SharedLeases

        there = RedisLeases(url, here.token, patience_s=patience_s)
        return SharedLeases(there, here, clock=clock, is_required=is_required, warn=warn)
    except BaseException:
        here.close()
        raise
